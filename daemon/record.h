/* SPDX-License-Identifier: Apache-2.0 */
/* A counted copy of a report, shared by the log thread and the ring of events. Fixed once made, but for `seq`. */
#pragma once
#include "report/report.h"

#include <stdatomic.h>

struct record {
	_Atomic unsigned refs;
	uint64_t seq; /* set by events_push() before others see it */
	size_t bytes; /* of the copy */
	_Alignas(16) unsigned char copy[];
};

/* NULL when the host has no memory. Threads: any. */
struct record *record_new(const struct beamr_report *report);
struct record *record_ref(struct record *record);
struct record *record_unref(struct record *record);

static inline const struct beamr_report *record_report(const struct record *record)
{
	return (const struct beamr_report *)(const void *)record->copy;
}
