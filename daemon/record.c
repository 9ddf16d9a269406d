/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of reports. */
#include "record.h"

#include "base/atomic.h"

#include <stdlib.h>
#include <string.h>

struct record *record_new(const struct beamr_report *report)
{
	size_t bytes = report_bytes(report);
	struct record *record = malloc(sizeof(*record) + bytes);
	if (record == NULL)
		return NULL;
	atomic_init(&record->refs, 1);
	record->seq = 0;
	record->bytes = bytes;
	memcpy(record->copy, report, bytes);
	return record;
}

struct record *record_ref(struct record *record)
{
	(void)atomic_add_relaxed(&record->refs, 1); /* whoever has one keeps it alive */
	return record;
}

struct record *record_unref(struct record *record)
{
	/* Pairs with itself: the last one sees what the others wrote. */
	if (record != NULL && atomic_sub_acq_rel(&record->refs, 1) == 1)
		free(record);
	return NULL;
}
