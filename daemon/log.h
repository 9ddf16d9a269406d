/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon writes: one thread alone talks to the journal, which may block it for minutes; everyone else puts
 * entries into a bounded ring and goes on. What did not fit is counted exactly and told of in one entry later.
 * Threads: any. */
#pragma once
#include "record.h"

struct log;

enum log_target {
	LOG_TO_JOURNAL,
	LOG_TO_STDERR,
};

/* Starts the thread. identifier: SYSLOG_IDENTIFIER of what is about no service. Returns 0 or negative errno. */
int log_new(enum log_target target, const char *identifier, struct log **ret_log);
/* Writes what is left, for at most a few seconds. Takes NULL. */
struct log *log_free(struct log *log);
struct flood_limits;
/* level: what is less urgent is not written. flood: of crashes and what belongs to them. */
void log_set(struct log *log, int64_t level, const struct flood_limits *flood);
void log_set_level(struct log *log, int64_t level);
/* Another level for what is of one service, instead of that of all; more: beside it. level -1: that of all. */
void log_set_service_level(struct log *log, const char *service, int64_t level, bool more);
/* What each service may say by output lines and log events (rate.h). */
void log_set_rate(struct log *log, int64_t burst, int64_t interval_usec);

/* A report for the journal; keeps a reference when it is queued. A crash whose supervisor may tell how it goes on waits for that a moment. */
void log_report(struct log *log, const struct beamr_report *report, struct record *record);
/* Whether that report would be written at all now, or only counted: asked first, so that a flood copies nothing. True: make a
 * copy and call log_report(). */
bool log_wants(struct log *log, const struct beamr_report *report);

/* An entry of the daemon's own: begin, fields, send. Text is cut at 4000 bytes a field. */
struct log_entry;
struct log_entry *log_begin(
	struct log *log, int priority, const char *event, const char *format, ...) _printf_(4, 5);
void log_field(struct log_entry *entry, const char *name, const char *format, ...) _printf_(3, 4);
void log_send(struct log_entry *entry);
/* Just a sentence. */
void log_say(struct log *log, int priority, const char *format, ...) _printf_(3, 4);
/* A line that a program printed (output.h), under its service's name. stream: "stdout" or "stderr". cut: why it is not a whole line, as
 * journald's own _LINE_BREAK tells it; NULL when it is. */
void log_output(struct log *log, const char *service, int priority, const char *stream,
	const char *process, const char *line, const char *cut);
/* What a program logged, under its service's name. What it says of its own end waits for that. */
void log_event(struct log *log, const struct beamr_report *report);
/* A process has ended with a report: what it said of that before is superfluous. */
void log_ended(struct log *log, const struct beamr_report *report);
/* What a supervisor said: BEAMR_REPORT_RESTART, _GIVEUP, _CHILD. Completes the entry of the crash that is its cause, when that waits. */
void log_supervised(struct log *log, const struct beamr_report *report);
/* Which release runs under a service's name, for its entries; NULL or "": none. */
void log_set_release(struct log *log, const char *service, const char *version, const char *digest);
/* Entries dropped so far, since the start. */
uint64_t log_dropped(struct log *log);
/* Of those, what no entry has told of yet: more than none means that the journal does not take them as they come. */
uint64_t log_dropped_now(struct log *log);
