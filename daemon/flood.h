/* SPDX-License-Identifier: Apache-2.0 */
/* Holding back entries: the first few of a fingerprint in an interval go out in full, the rest is counted, and told
 * of in one entry now and then. So many fingerprints of a service go out in an interval; what it comes up with beyond is counted together.
 * Exact: what is admitted plus what summaries stand for is what came in.
 * Threads: any; one mutex, held for a look into a hash table. */
#pragma once
#include "record.h"

struct flood;

struct flood *flood_new(void);
struct flood *flood_free(struct flood *flood);
struct flood_limits {
	int64_t burst; /* equal ones in an interval */
	int64_t kinds; /* different ones of a service in an interval */
	int64_t interval_usec, summary_usec;
};

void flood_set(struct flood *flood, const struct flood_limits *limits);

enum flood_answer {
	FLOOD_ADMIT, /* write it */
	FLOOD_HELD,  /* counted; a summary will tell of it */
	FLOOD_HELD_FIRST, /* the same, and it is the first since the last summary: hand its copy to flood_keep() */
};
enum flood_answer flood_ask(
	struct flood *flood, const struct beamr_report *report, int64_t now_usec);
/* Keeps the copy that stands for the ones held back; takes a reference of its own. */
void flood_keep(struct flood *flood, struct record *record);

struct flood_summary {
	struct record *record; /* the caller's to release; NULL when none was kept */
	uint64_t repeats;      /* how many it stands for */
	bool of_kinds;         /* they are unlike each other: all that `service` had beyond its kinds */
	char service[64];
};

/* The next summary that is due; false when there is none, *ret_due_usec then says when one will be (INT64_MAX: never).
 * INT64_MAX for now_usec makes all of them due. */
bool flood_next(struct flood *flood, int64_t now_usec, struct flood_summary *ret_summary,
	int64_t *ret_due_usec);
