/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs on helper threads. */
#include "base/alloc.h"
#include "base/atomic.h"
#include "base/pool.h"
#include <check.h>
#include <unistd.h>

#define JOBS 2000

struct job {
	struct pool_job job;
	_Atomic unsigned *done;
};

static void count(struct pool_job *job)
{
	struct job *j = (struct job *)job; /* first member */
	atomic_add_relaxed(j->done, 1);
	mem_free(MEM_MISC, j, sizeof(*j));
}

static void hand_over(_Atomic unsigned *done, void (*fn)(struct pool_job *))
{
	struct job *j = mem_alloc(MEM_MISC, sizeof(*j));
	j->done = done;
	ck_assert_int_eq(pool_run(&j->job, fn), 0);
}

START_TEST(every_job_runs_once)
{
	static _Atomic unsigned done;
	for (int i = 0; i < JOBS; i++)
		hand_over(&done, count);
	pool_stop();
	ck_assert_uint_eq(atomic_load_relaxed(&done), JOBS);
	ck_assert_uint_eq(pool_threads(), 0);
	ck_assert_uint_eq(pool_waiting(), 0);
	/* It begins anew. */
	hand_over(&done, count);
	pool_stop();
	ck_assert_uint_eq(atomic_load_relaxed(&done), JOBS + 1);
}

END_TEST

/* Jobs that wait for each other run side by side. */
static void meet(struct pool_job *job)
{
	struct job *j = (struct job *)job; /* first member */
	atomic_add_acq_rel(j->done, 1);
	while (atomic_load_acquire(j->done) < POOL_SHARE_MAX)
		(void)usleep(100); /* the test's time limit bounds it */
	mem_free(MEM_MISC, j, sizeof(*j));
}

START_TEST(blocked_jobs_do_not_hold_up_others)
{
	static _Atomic unsigned met;
	for (int i = 0; i < POOL_SHARE_MAX; i++)
		hand_over(&met, meet);
	pool_stop();
	ck_assert_uint_eq(atomic_load_relaxed(&met), POOL_SHARE_MAX);
}

END_TEST

static _Atomic unsigned at_once, at_once_most;

static void be_counted(struct pool_job *job)
{
	unsigned now = atomic_add_acq_rel(&at_once, 1) + 1, most = atomic_load_relaxed(&at_once_most);
	while (now > most && !atomic_cas_acq_rel(&at_once_most, &most, now))
		;
	(void)usleep(500);
	atomic_sub_acq_rel(&at_once, 1);
	count(job);
}

START_TEST(a_share_with_a_limit_stays_below_it)
{
	static _Atomic unsigned done;
	struct pool_share *share = pool_share_new();
	pool_share_limit(share, 3);
	for (int i = 0; i < 100; i++) {
		struct job *j = mem_alloc(MEM_MISC, sizeof(*j));
		j->done = &done;
		ck_assert_int_eq(pool_run_of(share, &j->job, be_counted), 0);
	}
	(void)pool_share_unref(share);
	pool_stop();
	ck_assert_uint_eq(atomic_load_relaxed(&done), 100);
	ck_assert_uint_le(atomic_load_relaxed(&at_once_most), 3);
}

END_TEST

/* Jobs that sit in a system call until they are interrupted. */
static _Atomic unsigned stuck, stuck_most;
static int nothing[2]; /* a pipe that nobody writes to */

static void get_stuck(struct pool_job *job)
{
	struct job *j = (struct job *)job; /* first member */
	char byte;
	unsigned now = atomic_add_acq_rel(&stuck, 1) + 1;
	unsigned most = atomic_load_relaxed(&stuck_most);
	while (most < now && !atomic_cas_acq_rel(&stuck_most, &most, now))
		;
	while (read(nothing[0], &byte, 1) < 0 && !pool_interrupted())
		;
	(void)atomic_sub_acq_rel(&stuck, 1);
	atomic_add_acq_rel(j->done, 1);
	mem_free(MEM_MISC, j, sizeof(*j));
}

static void hand_over_of(
	struct pool_share *share, _Atomic unsigned *done, void (*fn)(struct pool_job *))
{
	struct job *j = mem_alloc(MEM_MISC, sizeof(*j));
	j->done = done;
	ck_assert_int_eq(pool_run_of(share, &j->job, fn), 0);
}

static void wait_for(_Atomic unsigned *counter, unsigned n)
{
	while (atomic_load_acquire(counter) < n)
		(void)usleep(100); /* the test's time limit bounds it */
}

START_TEST(a_share_that_blocks_for_ever_holds_up_itself_only)
{
	enum { SHARES = POOL_THREADS_MAX / POOL_SHARE_MAX + 3 };

	static _Atomic unsigned ended, done;
	struct pool_share *bad[SHARES], *good = pool_share_new();
	ck_assert_int_eq(pipe(nothing), 0);
	for (int i = 0; i < SHARES; i++) {
		bad[i] = pool_share_new();
		for (int k = 0; k < POOL_SHARE_MAX + 5; k++)
			hand_over_of(bad[i], &ended, get_stuck);
	}
	wait_for(&stuck, POOL_THREADS_MAX);
	for (unsigned i = 1; i <= 100; i++) {
		hand_over_of(good, &done, count);
		wait_for(&done, i);
	}
	hand_over(&done, count);
	wait_for(&done, 101);
	ck_assert_uint_le(atomic_load_relaxed(&stuck_most), POOL_THREADS_MAX + SHARES);
	/* One of them is told to give up: its jobs end, those that waited, too; the others stay. */
	pool_share_interrupt(bad[0]);
	wait_for(&ended, POOL_SHARE_MAX + 5);
	for (int i = 1; i < SHARES; i++)
		pool_share_interrupt(bad[i]);
	wait_for(&ended, SHARES * (POOL_SHARE_MAX + 5));
	for (int i = 0; i < SHARES; i++)
		(void)pool_share_unref(bad[i]);
	(void)pool_share_unref(good);
	pool_stop();
	ck_assert_uint_eq(pool_threads(), 0);
}

END_TEST

START_TEST(stopping_interrupts_what_would_never_end)
{
	static _Atomic unsigned ended;
	ck_assert_int_eq(pipe(nothing), 0);
	hand_over(&ended, get_stuck);
	pool_stop();
	ck_assert_uint_eq(atomic_load_relaxed(&ended), 1);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tcase = tcase_create("pool");
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, every_job_runs_once);
	tcase_add_test(tcase, blocked_jobs_do_not_hold_up_others);
	tcase_add_test(tcase, a_share_with_a_limit_stays_below_it);
	tcase_add_test(tcase, a_share_that_blocks_for_ever_holds_up_itself_only);
	tcase_add_test(tcase, stopping_interrupts_what_would_never_end);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
