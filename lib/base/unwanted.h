/* SPDX-License-Identifier: Apache-2.0 */
/* Work that turns out to be for nothing: what a thread computes for somebody who ends meanwhile.
 *
 * Who has something computed that may take long says how to find out (unwanted_begin()); loops over what may be large ask now and then
 * (unwanted()), and when the answer is yes they stop where they are and return anything that can be freed: unwanted_end() tells the first
 * one to throw it away. So it is for work that has no effect but its result. Once yes, it stays that until the end.
 * A thread that has said nothing is never asked anything. Threads: each for itself. */
#pragma once
#include "base/check.h"

struct unwanted {
	bool (*ask)(struct unwanted *u); /* a few loads in most cases: it is called every few microseconds */
	bool is; /* what it said */
};

#define UNWANTED_EVERY 4096 /* small steps of a loop between two questions: some 10 microseconds */
#define UNWANTED_BYTES ((size_t)64 << 10) /* the same for what goes through bytes fast */

extern _Thread_local struct unwanted *unwanted_here;

static inline void unwanted_begin(struct unwanted *u)
{
	u->is = false;
	unwanted_here = u;
}

/* Whether anybody was told so. */
static inline bool unwanted_end(void)
{
	const bool is = unwanted_here->is;
	unwanted_here = NULL;
	return is;
}

static inline bool unwanted(void)
{
	struct unwanted *u = unwanted_here;
	return unlikely(u != NULL) && (u->is || (u->is = u->ask(u)));
}

/* For a loop that has gone so many small steps on; count, which starts at 0, is of those since it was last asked. */
static inline bool unwanted_after(size_t *count, size_t steps)
{
	*count += steps;
	if (likely(*count < UNWANTED_EVERY))
		return false;
	*count = 0;
	return unwanted();
}

/* The same for each step. */
static inline bool unwanted_now(size_t *count)
{
	return unwanted_after(count, 1);
}
