/* SPDX-License-Identifier: Apache-2.0 */
/* For LD_PRELOAD: ends the process, as kill -9 does, right before the call number KILL_AT of those that change a folder or make
 * something durable. KILL_COUNT names a file that gets the number of such calls so far, after each. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;

static void count(void)
{
	const char *at = getenv("KILL_AT"), *file = getenv("KILL_COUNT");
	long n = atomic_fetch_add(&calls, 1) + 1;
	if (at != NULL && n == atol(at))
		kill(getpid(), SIGKILL);
	if (file != NULL) {
		FILE *out = fopen(file, "w");
		if (out != NULL) {
			fprintf(out, "%ld\n", n);
			fclose(out);
		}
	}
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

int renameat(int a, const char *b, int c, const char *d)
{
	count();
	return NEXT(int (*)(int, const char *, int, const char *), "renameat")(a, b, c, d);
}

int linkat(int a, const char *b, int c, const char *d, int e)
{
	count();
	return NEXT(int (*)(int, const char *, int, const char *, int), "linkat")(a, b, c, d, e);
}

int mkdirat(int a, const char *b, mode_t c)
{
	count();
	return NEXT(int (*)(int, const char *, mode_t), "mkdirat")(a, b, c);
}

int unlinkat(int a, const char *b, int c)
{
	count();
	return NEXT(int (*)(int, const char *, int), "unlinkat")(a, b, c);
}

int fsync(int a)
{
	count();
	return NEXT(int (*)(int), "fsync")(a);
}

int syncfs(int a)
{
	count();
	return NEXT(int (*)(int), "syncfs")(a);
}
