/* SPDX-License-Identifier: Apache-2.0 */
/* Helper threads for jobs that may block or take long, which no scheduler may do (law 10).
 *
 * Threads are started as jobs find none free, up to POOL_THREADS_MAX; they then stay, asleep without work. Jobs are
 * begun in the order they came. Threads: any. */
#pragma once
#include "base/check.h"

#define POOL_THREADS_MAX 8

/* A job, part of what the caller allocated; fn owns it from then on and frees it. */
struct pool_job {
	struct pool_job *next;
	void (*fn)(struct pool_job *job);
};

/* Hands a job over. Negative errno when there is no thread and none can be had: then nothing was taken. */
_must_check_ int pool_run(struct pool_job *job, void (*fn)(struct pool_job *job));
/* Waits for every job and ends the threads; when nobody hands jobs over any more. */
void pool_stop(void);
/* Threads there are, and jobs waiting for one. */
unsigned pool_threads(void);
uint64_t pool_waiting(void);
