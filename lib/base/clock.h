/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks, in nanoseconds and microseconds. */
#pragma once
#include <stdint.h>
#include <time.h>

static inline int64_t clock_monotonic_nsec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with a valid clock and pointer */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Not before now and at most some milliseconds after it, for a few instructions: for deadlines that are far away. */
static inline int64_t clock_monotonic_late_nsec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t); /* as above; a tick is 10 ms at most */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec + 10000000;
}

/* Of this process's processor time. */
static inline int64_t clock_cpu_nsec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* as above */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Of the calling thread's. A system call, unlike the others. */
static inline int64_t clock_thread_nsec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* as above */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t clock_realtime_nsec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t); /* as above */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t clock_realtime_usec(void)
{
	return clock_realtime_nsec() / 1000;
}
