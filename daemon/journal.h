/* SPDX-License-Identifier: Apache-2.0 */
/* A report as the fields of a journal entry, exactly those of the operations design. */
#pragma once
#include "report/report.h"

/* Growing list of "NAME=value" texts, each NUL-ended, one after the other; owned by one thread. */
struct journal_fields {
	char *bytes;
	size_t used;
	size_t capacity;
	size_t count;
	bool failed; /* the host had no memory; what is there is whole fields */
};

void journal_fields_done(struct journal_fields *fields);
/* value is cut on a character at 4000 bytes. */
void journal_put(struct journal_fields *fields, const char *name, const char *value);
void journal_putf(struct journal_fields *fields, const char *name, const char *format, ...)
	_printf_(3, 4);
/* All fields of a report. repeats: how many it stands for; 1 usually. version, digest: of the release that runs there; "-" for none.
 * restart, supervisor: what the supervisor of a crashed process did, and which it is; NULL when it has not told. */
void journal_report(struct journal_fields *fields, const struct beamr_report *report,
	uint64_t repeats, const char *version, const char *digest, const char *restart,
	const char *supervisor);
/* All fields of a log event of a program: the message on one line, what it is made of, where it was said, and what it carries. */
void journal_event(struct journal_fields *fields, const struct beamr_report *report,
	const char *version, const char *digest);
