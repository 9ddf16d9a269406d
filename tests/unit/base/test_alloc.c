/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of all sizes, changed in size, and handed from thread to thread: none is given out twice, all are accounted. */
#include "base/alloc.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 2000
#define THREADS 4
#define ROUNDS 200

struct held {
	uint8_t *block;
	size_t bytes;
	uint8_t mark;
};

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

static size_t random_size(uint32_t *seed)
{
	switch (next(seed) % 8) {
	case 0:
		return next(seed) % 40000;
	case 1:
		return next(seed) % 3000;
	default:
		return next(seed) % 300;
	}
}

static void held_fill(struct held *h, uint8_t mark)
{
	h->mark = mark;
	memset(h->block, mark, h->bytes);
}

static bool all_are(const uint8_t *p, size_t bytes, uint8_t mark)
{
	for (size_t i = 0; i < bytes; i++)
		if (p[i] != mark)
			return false;
	return true;
}

static bool held_is_whole(const struct held *h)
{
	return all_are(h->block, h->bytes, h->mark);
}

START_TEST(blocks_do_not_overlap_and_keep_what_is_in_them)
{
	static struct held held[BLOCKS];
	uint32_t seed = 42;
	int64_t before = mem_used(MEM_MISC);
	int64_t bytes = 0;
	memset(held, 0, sizeof(held));
	for (int i = 0; i < 100000; i++) {
		struct held *h = &held[next(&seed) % BLOCKS];
		size_t size = random_size(&seed);
		bool good = held_is_whole(h);
		bytes -= (int64_t)h->bytes;
		if (h->block == NULL) {
			h->block = mem_alloc(MEM_MISC, size);
		} else if (next(&seed) % 2 == 0) {
			size_t kept = h->bytes < size ? h->bytes : size;
			h->block = mem_realloc(MEM_MISC, h->block, h->bytes, size);
			good = good && all_are(h->block, kept, h->mark);
		} else {
			mem_free(MEM_MISC, h->block, h->bytes);
			h->block = mem_zalloc(MEM_MISC, size);
			good = good && all_are(h->block, size, 0);
		}
		good = good && (uintptr_t)h->block % (size < 16 ? 8 : 16) == 0;
		if (!good)
			ck_abort_msg("block %d of %zu bytes", i, size);
		h->bytes = size;
		bytes += (int64_t)size;
		held_fill(h, (uint8_t)i);
	}
	ck_assert_int_eq(mem_used(MEM_MISC) - before, bytes);
	for (size_t i = 0; i < BLOCKS; i++)
		mem_free(MEM_MISC, held[i].block, held[i].bytes);
	ck_assert_int_eq(mem_used(MEM_MISC), before);
}
END_TEST

/* Threads in a ring: each fills what it allocates, and checks and frees what the one before it made. */
static struct held passed[THREADS][BLOCKS];
static pthread_barrier_t barrier;
static int broken[THREADS];

static void *passes(void *arg)
{
	size_t me = (size_t)(uintptr_t)arg;
	uint32_t seed = (uint32_t)me + 7;
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < BLOCKS; i++) {
			struct held *h = &passed[me][i];
			h->bytes = random_size(&seed) % 2000;
			h->block = mem_alloc(MEM_MISC, h->bytes);
			held_fill(h, (uint8_t)(me * 50 + i));
		}
		pthread_barrier_wait(&barrier);
		for (size_t i = 0; i < BLOCKS; i++) {
			struct held *h = &passed[(me + 1) % THREADS][i];
			broken[me] += !held_is_whole(h);
			mem_free(MEM_MISC, h->block, h->bytes);
		}
		pthread_barrier_wait(&barrier);
	}
	mem_thread_done();
	return NULL;
}

START_TEST(blocks_may_be_freed_by_other_threads)
{
	pthread_t threads[THREADS];
	int64_t before = mem_used(MEM_MISC);
	ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, passes, (void *)(uintptr_t)i), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(broken[i], 0);
	ck_assert_int_eq(mem_used(MEM_MISC), before);
	pthread_barrier_destroy(&barrier);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alloc");
	TCase *tc = tcase_create("alloc");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, blocks_do_not_overlap_and_keep_what_is_in_them);
	tcase_add_test(tc, blocks_may_be_freed_by_other_threads);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
