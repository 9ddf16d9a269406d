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
	while (atomic_load_acquire(j->done) < POOL_THREADS_MAX)
		(void)usleep(100); /* the test's time limit bounds it */
	mem_free(MEM_MISC, j, sizeof(*j));
}

START_TEST(blocked_jobs_do_not_hold_up_others)
{
	static _Atomic unsigned met;
	for (int i = 0; i < POOL_THREADS_MAX; i++)
		hand_over(&met, meet);
	pool_stop();
	ck_assert_uint_eq(atomic_load_relaxed(&met), POOL_THREADS_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tcase = tcase_create("pool");
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, every_job_runs_once);
	tcase_add_test(tcase, blocked_jobs_do_not_hold_up_others);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
