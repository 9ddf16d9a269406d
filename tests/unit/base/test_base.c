/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of words and the timer wheel against simple models, epochs under threads. */
#include "base/epoch.h"
#include "base/wheel.h"
#include "base/wordmap.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 88172645463325252ULL;

static uint64_t random_next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* ---- wordmap */

#define KEYS 700

START_TEST(a_wordmap_is_what_an_array_says)
{
	struct wordmap map = { 0 };
	uint64_t values[KEYS] = { 0 };
	uint32_t count = 0;
	for (int i = 0; i < 400000; i++) {
		uint64_t k = random_next() % KEYS, key = k << 34 | k;
		/* Times of growth and times of decay. */
		bool put = random_next() % 100 < (i / 40000 % 2 == 0 ? 70U : 30U);
		if (put) {
			bool added;
			struct wordmap_entry *e = wordmap_put(&map, MEM_TEMP, key, &added);
			ck_assert(added == (values[k] == 0));
			ck_assert(e->value == values[k]);
			count += added;
			e->value = values[k] = random_next() | 1;
		} else {
			bool there = wordmap_remove(&map, MEM_TEMP, key);
			ck_assert(there == (values[k] != 0));
			count -= there;
			values[k] = 0;
		}
		ck_assert_uint_eq(map.count, count);
		struct wordmap_entry *found = wordmap_find(&map, key);
		ck_assert((found != NULL) == (values[k] != 0));
		if (found != NULL)
			ck_assert(found->value == values[k]);
	}
	uint32_t walked = 0;
	wordmap_foreach(e, &map)
		walked++;
	ck_assert_uint_eq(walked, count);
	wordmap_done(&map, MEM_TEMP);
	ck_assert_int_eq(mem_used(MEM_TEMP), 0);
}

END_TEST

/* ---- wheel */

#define TIMERS 500

START_TEST(a_wheel_fires_each_timer_once_and_never_early)
{
	static const int64_t spans[] = { 1000, 1000000, 50000000, 5000000000, 900000000000,
		INT64_C(400000000000000) };
	struct wheel wheel;
	struct wheel_timer timers[TIMERS];
	int64_t now = 123456789;
	size_t fired = 0, set = 0, stopped = 0;
	memset(timers, 0, sizeof(timers));
	wheel_init(&wheel, now);
	for (int round = 0; round < 60000; round++) {
		struct wheel_timer *t = &timers[random_next() % TIMERS];
		if (t->set && random_next() % 2 == 0) {
			wheel_stop(&wheel, t);
			stopped++;
		} else if (!t->set) {
			wheel_set(&wheel, t,
				now +
					(int64_t)(random_next() %
						  (uint64_t)spans[random_next() % 6]) -
					500);
			set++;
		}
		int64_t next = wheel_next(&wheel), earliest = WHEEL_NEVER;
		if (round % 64 == 0) {
			for (int i = 0; i < TIMERS; i++)
				if (timers[i].set && timers[i].at_nsec < earliest)
					earliest = timers[i].at_nsec;
			if (earliest == WHEEL_NEVER)
				ck_assert(next == WHEEL_NEVER);
			else
				ck_assert(next <= earliest + (1 << WHEEL_TICK_SHIFT));
		}
		if (random_next() % 3 == 0)
			now += (int64_t)(random_next() % 3000000);
		else if (random_next() % 50 == 0 && next != WHEEL_NEVER && next > now)
			now = next;
		wheel_advance(&wheel, now);
		for (struct wheel_timer *w; (w = wheel_take(&wheel)) != NULL; fired++) {
			ck_assert_msg(w->at_nsec <= now, "early by %ld", (long)(w->at_nsec - now));
			ck_assert(!w->set);
		}
		if (round % 64 == 0)
			for (int i = 0; i < TIMERS; i++)
				if (timers[i].set)
					ck_assert_msg(
						timers[i].at_nsec > now - (2 << WHEEL_TICK_SHIFT),
						"late");
	}
	ck_assert_uint_eq(set, fired + stopped + wheel.count);
	/* Following wheel_next alone leads to every timer in few steps. */
	unsigned steps = 0;
	for (int64_t next; (next = wheel_next(&wheel)) != WHEEL_NEVER; steps++) {
		ck_assert(next > now || next == 0);
		now = next > now ? next : now;
		wheel_advance(&wheel, now);
		while (wheel_take(&wheel) != NULL) {
		}
	}
	ck_assert_uint_eq(wheel.count, 0);
	ck_assert_uint_le(steps, TIMERS * WHEEL_LEVELS);
}

END_TEST

/* ---- epochs */

struct thing {
	struct epoch_item item;
	uint64_t alive;
};

#define ALIVE 0x600DF00D600DF00DULL
#define PLACES 16
#define ROUNDS 30000

static _Atomic(struct thing *) places[PLACES];
static _Atomic long freed;

static void thing_free(struct epoch_item *item)
{
	struct thing *t = (struct thing *)(void *)item;
	t->alive = 0;
	free(t);
	atomic_fetch_add(&freed, 1);
}

static void *exchange_and_read(void *arg)
{
	uint64_t x = (uint64_t)(uintptr_t)arg * 0x9E3779B97F4A7C15ULL + 1;
	for (int i = 0; i < ROUNDS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		epoch_enter();
		struct thing *seen = atomic_load(&places[x % PLACES]);
		struct thing *new = malloc(sizeof(*new));
		new->alive = ALIVE;
		struct thing *old = atomic_exchange(&places[(x >> 8) % PLACES], new);
		if (old != NULL)
			epoch_retire(&old->item, thing_free);
		ck_assert(seen == NULL || seen->alive == ALIVE);
		if (i % 7 == 0)
			epoch_quiescent();
		epoch_leave();
	}
	epoch_thread_done();
	return NULL;
}

START_TEST(what_is_retired_lives_while_somebody_reads_it)
{
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, exchange_and_read,
					 (void *)(uintptr_t)(i + 1)),
			0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	long left = 0;
	for (int i = 0; i < PLACES; i++) {
		struct thing *t = atomic_load(&places[i]);
		left += t != NULL;
		free(t);
	}
	epoch_drain();
	ck_assert_uint_eq(epoch_pending(), 0);
	ck_assert_int_eq(atomic_load(&freed) + left, 4L * ROUNDS);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *c = tcase_create("base");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_wordmap_is_what_an_array_says);
	tcase_add_test(c, a_wheel_fires_each_timer_once_and_never_early);
	tcase_add_test(c, what_is_retired_lives_while_somebody_reads_it);
	suite_add_tcase(suite, c);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
