/* SPDX-License-Identifier: Apache-2.0 */
/* Helper threads for jobs that may block or take long, which no scheduler may do (law 10).
 *
 * A share is one party's part of them (a namespace's). At most POOL_SHARE_MAX of its jobs run at a time, the others wait in
 * the order they came, so that jobs that block for ever hold up their own party only. There are up to POOL_THREADS_MAX threads,
 * and beyond that one for each share of which nothing runs: whoever has no job under way gets a thread for its next one,
 * whatever the others do.
 * Threads are started as jobs find none free; those that have been idle for a while end, but for POOL_THREADS_KEEP.
 *
 * Each has a batch of base/account.h; a job that works for an account says so by account_switch(), and says NULL at its end.
 * A job that sits in a system call is brought out of it (EINTR) by pool_share_interrupt() and pool_stop(); it then asks
 * pool_interrupted() whether to give up. For this SIGURG is caught, which otherwise does nothing. Threads: any. */
#pragma once
#include "base/check.h"

#define POOL_THREADS_MAX 64
#define POOL_THREADS_KEEP 2
#define POOL_SHARE_MAX 16

struct pool_share;

/* A job, part of what the caller allocated; fn owns it from then on and frees it. */
struct pool_job {
	struct pool_job *next;
	void (*fn)(struct pool_job *job);
};

/* Hands a job of the machine's own over. Negative errno when there is no thread and none can be had: then nothing was taken. */
_must_check_ int pool_run(struct pool_job *job, void (*fn)(struct pool_job *job));
/* The same for a share, which stays until its last job has ended. */
_must_check_ int pool_run_of(
	struct pool_share *share, struct pool_job *job, void (*fn)(struct pool_job *job));

struct pool_share *pool_share_new(void);
/* At most so many of its jobs run at a time, and never more than POOL_SHARE_MAX. For jobs that use the processor: more of them than
 * there are schedulers would only take the cores from those. */
void pool_share_limit(struct pool_share *share, unsigned most);
struct pool_share *pool_share_ref(struct pool_share *share);
struct pool_share *pool_share_unref(struct pool_share *share);
/* Those of its jobs that run, now or later, are to give up: pool_interrupted() says so from here on. */
void pool_share_interrupt(struct pool_share *share);
/* Whether the caller's job is to give up what it waits for. On a helper thread. */
bool pool_interrupted(void);

/* Waits for every job and ends the threads; when nobody hands jobs over any more. Jobs that are still in a system call after
 * a second are interrupted. */
void pool_stop(void);
/* Threads there are, and jobs waiting for one. */
unsigned pool_threads(void);
uint64_t pool_waiting(void);
