/* SPDX-License-Identifier: Apache-2.0 */
/* How much each service may say of its own accord, by output lines and log events: so many entries in an interval, the others are
 * counted, and told of in one entry when the interval has ended. Journals limit units, not services: without this one that never
 * stops talking has the journal drop what all the others say.
 * Threads: any; one mutex, held for a look into a hash table. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct rate;

struct rate *rate_new(void);
struct rate *rate_free(struct rate *rate);
/* burst 0: no limit. */
void rate_set(struct rate *rate, int64_t burst, int64_t interval_usec);

enum rate_answer {
	RATE_ADMIT,
	RATE_HELD,       /* counted */
	RATE_HELD_FIRST, /* the same, and the first of its interval: rate_next() has something due */
};
enum rate_answer rate_ask(struct rate *rate, const char *service, int64_t now_usec);

struct rate_summary {
	char service[64];
	uint64_t held;
};

/* As flood_next(). */
bool rate_next(struct rate *rate, int64_t now_usec, struct rate_summary *ret_summary,
	int64_t *ret_due_usec);
