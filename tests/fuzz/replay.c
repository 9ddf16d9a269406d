/* SPDX-License-Identifier: Apache-2.0 */
/* Gives files to a fuzz target, as they are and broken in ways that are the same each time; says which input ended it.
 *
 *   TARGET-replay [-e] [-m COUNT] [-l MIB] FILE-OR-FOLDER...
 *     -e: each file also cut before each byte, and with each byte flipped (all its bits, then the lowest, then the highest)
 *     -m: each file also COUNT times with a few random bytes changed, moved, left out or repeated
 *     -l: the whole may not have taken more than so much memory at its peak
 *
 * The inputs of a file are tried in a child process; a crash costs that child, is reported with the input that caused it,
 * and the next child goes on behind it. Last line: `N passed, N failed`: files that came through, inputs that did not. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 20   /* of one input */
#define CRASHES_MAX 20   /* of one file, then it is given up */
#define FLIPS 3

struct progress {
	size_t next; /* the input that is being tried */
};

struct options {
	bool every_byte;
	size_t mutations;
	long limit_mib;
};

static struct progress *progress; /* shared with the child */
static size_t passed, failed, tried;
static long peak_kib;

static uint8_t *read_file(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return NULL;
	uint8_t *bytes = NULL;
	size_t size = 0, capacity = 0;
	for (;;) {
		if (size == capacity) {
			capacity = capacity == 0 ? 65536 : capacity * 2;
			uint8_t *grown = realloc(bytes, capacity);
			if (grown == NULL)
				abort();
			bytes = grown;
		}
		const size_t n = fread(bytes + size, 1, capacity - size, f);
		if (n == 0)
			break;
		size += n;
	}
	(void)fclose(f);
	*ret_size = size;
	return bytes;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Changes bytes in place; the size may shrink or grow up to capacity. */
static size_t mutate(uint8_t *bytes, size_t size, size_t capacity, uint64_t seed)
{
	uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
	for (uint64_t n = next_random(&state) % 4 + 1; n != 0; n--) {
		const size_t at = size == 0 ? 0 : next_random(&state) % size;
		const size_t length = next_random(&state) % 16 + 1;
		switch (next_random(&state) % 6) {
		case 0: /* any byte */
			if (size != 0)
				bytes[at] = (uint8_t)next_random(&state);
			break;
		case 1: /* one bit */
			if (size != 0)
				bytes[at] ^= (uint8_t)(1u << next_random(&state) % 8);
			break;
		case 2: /* leave some out */
			if (at + length <= size) {
				memmove(bytes + at, bytes + at + length, size - at - length);
				size -= length;
			}
			break;
		case 3: /* repeat some */
			if (at + length <= size && size + length <= capacity) {
				memmove(bytes + at + length, bytes + at, size - at);
				size += length;
			}
			break;
		case 4: /* a telling value */
			for (size_t i = at; i < size && i < at + 4; i++)
				bytes[i] = next_random(&state) % 2 != 0 ? 0xFF : 0x00;
			break;
		case 5: /* end early */
			size = at;
			break;
		}
	}
	return size;
}

/* What the input number i of a file is; counts when bytes is NULL. */
static size_t input_count(size_t size, const struct options *options)
{
	return 1 + (options->every_byte ? size * (1 + FLIPS) : 0) + options->mutations;
}

static const char *make_input(const uint8_t *file, size_t size, size_t i, const struct options *options, uint8_t *to,
	size_t capacity, size_t *ret_size, size_t *ret_where)
{
	static const uint8_t masks[FLIPS] = { 0xFF, 0x01, 0x80 };
	memcpy(to, file, size);
	*ret_size = size;
	*ret_where = 0;
	if (i-- == 0)
		return "as it is";
	if (options->every_byte) {
		if (i < size) {
			*ret_where = *ret_size = i;
			return "cut before byte";
		}
		i -= size;
		if (i < size * FLIPS) {
			*ret_where = i / FLIPS;
			to[i / FLIPS] ^= masks[i % FLIPS];
			return "flipped byte";
		}
		i -= size * FLIPS;
	}
	*ret_where = i;
	*ret_size = mutate(to, size, capacity, i + 1);
	return "mutation";
}

/* Tries the inputs from progress->next on. A block of exactly the input's size, so that a sanitizer sees each byte too far. */
static void child(const uint8_t *file, size_t size, const struct options *options)
{
	const size_t capacity = size + 256;
	uint8_t *scratch = malloc(capacity);
	if (scratch == NULL)
		_exit(3);
	for (const size_t count = input_count(size, options); progress->next < count; progress->next++) {
		size_t bytes, where;
		(void)make_input(file, size, progress->next, options, scratch, capacity, &bytes, &where);
		uint8_t *exact = malloc(bytes == 0 ? 1 : bytes);
		if (exact == NULL)
			_exit(3);
		memcpy(exact, scratch, bytes);
		alarm(SECONDS_MAX);
		(void)LLVMFuzzerTestOneInput(exact, bytes);
		free(exact);
	}
	alarm(0);
	free(scratch);
	exit(0); /* Not _exit: leaks are looked for. */
}

static void replay_file(const char *path, const struct options *options)
{
	size_t size = 0;
	uint8_t *file = read_file(path, &size);
	if (file == NULL) {
		printf("FAIL '%s': %s\n", path, strerror(errno));
		failed++;
		return;
	}
	const size_t count = input_count(size, options);
	uint8_t *scratch = malloc(size + 256);
	if (scratch == NULL)
		abort();
	progress->next = 0;
	const size_t failed_before = failed;
	size_t crashes = 0;
	while (progress->next < count && crashes < CRASHES_MAX) {
		(void)fflush(NULL);
		const pid_t pid = fork();
		if (pid < 0)
			abort();
		if (pid == 0)
			child(file, size, options);
		int status;
		struct rusage usage;
		if (wait4(pid, &status, 0, &usage) < 0)
			abort();
		if (usage.ru_maxrss > peak_kib)
			peak_kib = usage.ru_maxrss;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			break;
		size_t bytes, where;
		if (progress->next == count) {
			printf("FAIL '%s': at exit, status 0x%x\n", path, (unsigned)status);
			failed++;
			break;
		}
		const char *what = make_input(file, size, progress->next, options, scratch, size + 256, &bytes, &where);
		char kept[256];
		(void)snprintf(kept, sizeof(kept), "crash-%d-%zu", (int)getpid(), failed);
		const char *folder = getenv("BEAMR_CRASHES");
		if (folder != NULL) {
			char to[4096];
			(void)snprintf(to, sizeof(to), "%s/%s", folder, kept);
			FILE *f = fopen(to, "we");
			if (f != NULL) {
				(void)fwrite(scratch, 1, bytes, f);
				(void)fclose(f);
			}
		}
		printf("FAIL '%s' %s %zu (input %zu): %s %d\n", path, what, where, progress->next,
			WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		failed++;
		crashes++;
		progress->next++;
	}
	tried += progress->next;
	if (failed == failed_before)
		passed++;
	free(scratch);
	free(file);
}

static void replay(const char *path, const struct options *options)
{
	DIR *folder = opendir(path);
	if (folder == NULL) {
		replay_file(path, options);
		return;
	}
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		char inner[4096];
		struct stat st;
		if (entry->d_name[0] == '.' ||
			(size_t)snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name) >= sizeof(inner))
			continue;
		if (stat(inner, &st) == 0 && S_ISREG(st.st_mode))
			replay_file(inner, options);
	}
	(void)closedir(folder);
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int option;
	while ((option = getopt(argc, argv, "em:l:")) != -1) {
		switch (option) {
		case 'e':
			options.every_byte = true;
			break;
		case 'm':
			options.mutations = strtoul(optarg, NULL, 10);
			break;
		case 'l':
			options.limit_mib = strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		return 2;
	for (int i = optind; i < argc; i++)
		replay(argv[i], &options);
	if (options.limit_mib != 0) {
		const bool over = peak_kib / 1024 >= options.limit_mib;
		printf("%s peak memory %ld MiB, limit %ld MiB\n", over ? "FAIL" : "ok  ", peak_kib / 1024, options.limit_mib);
		if (over)
			failed++;
		else
			passed++;
	}
	if (passed == 0 && failed == 0) { /* A test that tried nothing has not passed. */
		printf("FAIL no input\n");
		failed++;
	}
	printf("ok   %zu inputs were tried\n", tried);
	printf("%zu passed, %zu failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}
