/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as sentences: the one line of an entry, frames, names of Gleam modules as Gleam writes them. */
#pragma once
#include "report/report.h"

#define WORDING_LINE_MAX 256

/* One line under WORDING_LINE_MAX bytes, cut on a character. Returns its length. */
size_t wording_message(const struct beamr_report *report, char out[WORDING_LINE_MAX]);
/* "shop/checkout.charge" for Gleam files, "module:function/arity" for others. */
void wording_function(const struct beamr_report *report, const struct beamr_report_frame *frame,
	char *out, size_t bytes);
/* What a supervisor's report says for the entry of the crash that caused it: how it goes on, and who the supervisor is. Allocated; NULL when
 * there is no memory. */
void wording_restart(const struct beamr_report *report, char **ret_restart, char **ret_supervisor);
/* A text on one line: an end of a line, with a comma before it and blanks after it, becomes ", ", as logger_formatter's single_line has it.
 * Returns its length, less than bytes. */
size_t wording_single_line(const char *text, char *out, size_t bytes);
/* The whole stack, one frame a line, at most `bytes` with the NUL; "-" when there is none. */
void wording_stack(const struct beamr_report *report, char *out, size_t bytes);
/* What a report with that kind is to subscribers: a CONTROL_event_kind_..., or -1 when they do not hear of it. */
int wording_event_kind(enum beamr_report_kind kind);
