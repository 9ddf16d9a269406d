/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one command, perhaps in another root, and writes what it used: user seconds, system seconds, wall seconds,
 * peak resident kB, exit status. A program of its own, so that the peak is not that of the caller's larger image. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const char *root = NULL, *folder = NULL, *out = NULL;
	unsigned limit = 0;
	int option;
	while ((option = getopt(argc, argv, "+r:d:o:t:")) != -1) {
		switch (option) {
		case 'r':
			root = optarg;
			break;
		case 'd':
			folder = optarg;
			break;
		case 'o':
			out = optarg;
			break;
		case 't':
			limit = (unsigned)atoi(optarg);
			break;
		default:
			return 2;
		}
	}
	if (out == NULL || optind == argc) {
		fprintf(stderr, "measure [-r ROOT] [-d FOLDER] [-t SECONDS] -o FILE COMMAND...\n");
		return 2;
	}
	const double start = now();
	const pid_t pid = fork();
	if (pid < 0)
		return 2;
	if (pid == 0) {
		if (root != NULL && chroot(root) < 0) {
			fprintf(stderr, "measure: '%s': %s\n", root, strerror(errno));
			_exit(127);
		}
		if ((folder != NULL || root != NULL) && chdir(folder != NULL ? folder : "/") < 0) {
			fprintf(stderr, "measure: '%s': %s\n", folder, strerror(errno));
			_exit(127);
		}
		if (limit != 0)
			alarm(limit); /* Survives exec; its signal ends the command. */
		execvp(argv[optind], argv + optind);
		fprintf(stderr, "measure: '%s': %s\n", argv[optind], strerror(errno));
		_exit(127);
	}
	int status;
	struct rusage usage;
	if (wait4(pid, &status, 0, &usage) < 0)
		return 2;
	FILE *f = fopen(out, "we");
	if (f == NULL)
		return 2;
	fprintf(f, "%.4f %.4f %.4f %ld %d\n", seconds(usage.ru_utime), seconds(usage.ru_stime), now() - start, usage.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return fclose(f) == 0 ? 0 : 2;
}
