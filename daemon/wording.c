/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences for people. */
#include "wording.h"

#include "control/control.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends, and cuts on a character when it does not fit. */
_printf_(4, 5) static size_t append(char *out, size_t used, size_t bytes, const char *format, ...)
{
	va_list arguments;
	if (used + 1 >= bytes)
		return used;
	va_start(arguments, format);
	int n = vsnprintf(out + used, bytes - used, format, arguments);
	va_end(arguments);
	if (n < 0)
		return used;
	if (used + (size_t)n < bytes)
		return used + (size_t)n;
	size_t at = bytes - 1;
	while (at > used && ((unsigned char)out[at] & 0xC0) == 0x80)
		at--;
	/* The byte at the end was overwritten by NUL, so the last character may be cut: go back to where it began. */
	size_t begin = at;
	while (begin > used && ((unsigned char)out[begin - 1] & 0xC0) == 0x80)
		begin--;
	if (begin > used && (unsigned char)out[begin - 1] >= 0xC0)
		at = begin - 1;
	out[at] = '\0';
	return at;
}

static bool is_gleam(const char *file)
{
	size_t length = strlen(file);
	return length > 6 && strcmp(file + length - 6, ".gleam") == 0;
}

void wording_function(const struct beamr_report *report, const struct beamr_report_frame *frame,
	char *out, size_t bytes)
{
	const char *module = report_text(report, frame->module);
	const char *function = report_text(report, frame->function);
	if (!is_gleam(report_text(report, frame->file))) {
		(void)append(out, 0, bytes, "%s:%s/%u", module, function, frame->arity);
		return;
	}
	size_t used = append(out, 0, bytes, "%s.%s", module, function);
	for (size_t i = 0; i < used && i < strlen(module); i++) {
		if (out[i] == '@')
			out[i] = '/';
	}
}

void wording_stack(const struct beamr_report *report, char *out, size_t bytes)
{
	size_t used = 0;
	if (report->frame_count == 0)
		(void)append(out, 0, bytes, "-");
	for (uint32_t i = 0; i < report->frame_count; i++) {
		const struct beamr_report_frame *frame = &report->frames[i];
		char function[600];
		wording_function(report, frame, function, sizeof(function));
		size_t before = used;
		used = append(out, used, bytes, "%s%s", i > 0 ? "\n" : "", function);
		if (frame->file != 0)
			used = append(out, used, bytes, " %s:%u", report_text(report, frame->file),
				frame->line);
		if (used + 1 >= bytes) { /* no half frames */
			out[before] = '\0';
			break;
		}
	}
}

static size_t who(const struct beamr_report *report, char *out)
{
	size_t used = 0, max = WORDING_LINE_MAX;
	if (report->namespace_name != 0)
		used = append(out, used, max, "%s: ", report_text(report, report->namespace_name));
	if (report->name != 0)
		used = append(out, used, max, "%s ", report_text(report, report->name));
	else if (report->label != 0)
		used = append(out, used, max, "%.60s ", report_text(report, report->label));
	return append(out, used, max, "%s", report_text(report, report->process));
}

static size_t crash(const struct beamr_report *report, char *out)
{
	size_t max = WORDING_LINE_MAX, used = who(report, out);
	char fault[64];
	(void)snprintf(fault, sizeof(fault), "%s",
		report_text(report, report->fault)); /* few short values */
	if (strcmp(fault, "let_assert") == 0)
		(void)snprintf(fault, sizeof(fault), "let assert");
	used = append(out, used, max, " crashed: %s",
		fault[0] != '\0' ? fault : report_text(report, report->class));
	if (report->file != 0)
		used = append(out, used, max, " at %s:%u", report_text(report, report->file),
			report->line);
	const char *detail =
		report_text(report, report->detail != 0 ? report->detail : report->reason);
	used = append(out, used, max, ": %s", detail);
	for (size_t i = 0; i < used; i++) {
		if (out[i] == '\n' || out[i] == '\t')
			out[i] = ' ';
	}
	return used;
}

void wording_restart(const struct beamr_report *report, char **ret_restart, char **ret_supervisor)
{
	const char *child = report_text(report, report->restart);
	const char *often = report_text(report, report->often);
	int n = -1;
	if (report->kind == BEAMR_REPORT_RESTART)
		n = asprintf(ret_restart, "%s, restarted as %s%s%s", child,
			report_text(report, report->other), often[0] != '\0' ? ", " : "", often);
	else if (report->kind == BEAMR_REPORT_GIVEUP)
		n = asprintf(ret_restart, "%s, given up: %s", child,
			report_text(report, report->detail));
	else
		n = asprintf(ret_restart, "%s, %s", child, often);
	if (n < 0)
		*ret_restart = NULL;
	if (asprintf(ret_supervisor, "%s%s%s", report_text(report, report->name),
		    report->name != 0 ? " " : "", report_text(report, report->process)) < 0)
		*ret_supervisor = NULL;
}

size_t wording_single_line(const char *text, char *out, size_t bytes)
{
	size_t used = 0;
	while (*text != '\0' && used + 2 < bytes) {
		const char *end = text + (*text == ',');
		end += *end == '\r';
		if (*end == '\n') {
			end += strspn(end, " \t\r\n");
			if (*end != '\0')
				used = append(out, used, bytes, ", ");
			text = end;
			continue;
		}
		out[used++] = *text++;
	}
	/* No half characters. */
	while (*text != '\0' && used > 0 && ((unsigned char)*text & 0xC0) == 0x80)
		text--, used--;
	out[used] = '\0';
	return used;
}

size_t wording_message(const struct beamr_report *report, char out[WORDING_LINE_MAX])
{
	size_t max = WORDING_LINE_MAX, used;
	char cause[BEAMR_CRASH_ID_TEXT];
	out[0] = '\0';
	switch (report->kind) {
	case BEAMR_REPORT_CRASH:
		return crash(report, out);
	case BEAMR_REPORT_EXIT_SIGNAL:
		used = who(report, out);
		used = append(out, used, max, " was ended by a signal");
		if (report->other != 0)
			used = append(out, used, max, " of %s", report_text(report, report->other));
		if (!crash_id_is_none(report->cause)) {
			crash_id_text(report->cause, cause);
			used = append(out, used, max, " (cause %s)", cause);
		}
		used = append(out, used, max, ": %s", report_text(report, report->reason));
		break;
	case BEAMR_REPORT_RESTART:
		used = who(report, out);
		used = append(
			out, used, max, " started %s again", report_text(report, report->other));
		if (report->restart != 0)
			used = append(out, used, max, " (%s%s%s)",
				report_text(report, report->restart),
				report->often != 0 ? ", " : "", report_text(report, report->often));
		break;
	case BEAMR_REPORT_TRACE:
		used = who(report, out);
		used = append(out, used, max, " %s", report_text(report, report->detail));
		break;
	case BEAMR_REPORT_GIVEUP:
		used = who(report, out);
		used = append(out, used, max, " gave up restarting %s: %s",
			report_text(report, report->other), report_text(report, report->detail));
		break;
	default:
		used = who(report, out);
		if (used > 0 && out[used - 1] == ' ')
			out[--used] = '\0'; /* about no process */
		used = append(out, used, max, "%s%s", used > 0 ? " " : "",
			report_types[report->kind].name);
		if (report->other != 0)
			used = append(out, used, max, " %s", report_text(report, report->other));
		if (report->module != 0)
			used = append(out, used, max, " %s", report_text(report, report->module));
		if (report->detail != 0)
			used = append(out, used, max, ": %s", report_text(report, report->detail));
		else if (report->reason != 0)
			used = append(out, used, max, ": %s", report_text(report, report->reason));
		break;
	}
	for (size_t i = 0; i < used; i++) {
		if (out[i] == '\n' || out[i] == '\t')
			out[i] = ' ';
	}
	return used;
}

int wording_event_kind(enum beamr_report_kind kind)
{
	switch (kind) {
	case BEAMR_REPORT_CRASH:
		return CONTROL_event_kind_crash;
	case BEAMR_REPORT_EXIT_SIGNAL:
	case BEAMR_REPORT_EXIT:
		return CONTROL_event_kind_exit;
	case BEAMR_REPORT_RESTART:
		return CONTROL_event_kind_restart;
	case BEAMR_REPORT_GIVEUP:
		return CONTROL_event_kind_giveup;
	case BEAMR_REPORT_QUOTA:
		return CONTROL_event_kind_quota;
	case BEAMR_REPORT_START:
		return CONTROL_event_kind_start;
	case BEAMR_REPORT_STOP:
		return CONTROL_event_kind_stop;
	case BEAMR_REPORT_DEPLOY:
		return CONTROL_event_kind_deploy;
	case BEAMR_REPORT_ACTIVATE:
		return CONTROL_event_kind_activate;
	case BEAMR_REPORT_ROLLBACK:
		return CONTROL_event_kind_rollback;
	case BEAMR_REPORT_KILL:
		return CONTROL_event_kind_kill;
	case BEAMR_REPORT_LOAD:
		return CONTROL_event_kind_load;
	case BEAMR_REPORT_PURGE:
		return CONTROL_event_kind_purge;
	case BEAMR_REPORT_SPAWN:
		return CONTROL_event_kind_spawn;
	case BEAMR_REPORT_BUSYPORT:
		return CONTROL_event_kind_busyport;
	case BEAMR_REPORT_DEMONITOR:
		return CONTROL_event_kind_demonitor;
	case BEAMR_REPORT_DOWN:
		return CONTROL_event_kind_down;
	case BEAMR_REPORT_LARGEHEAP:
		return CONTROL_event_kind_largeheap;
	case BEAMR_REPORT_LINK:
		return CONTROL_event_kind_link;
	case BEAMR_REPORT_LONGGC:
		return CONTROL_event_kind_longgc;
	case BEAMR_REPORT_LONGSCHEDULE:
		return CONTROL_event_kind_longschedule;
	case BEAMR_REPORT_MONITOR:
		return CONTROL_event_kind_monitor;
	case BEAMR_REPORT_REGISTER:
		return CONTROL_event_kind_register;
	case BEAMR_REPORT_TRACE:
		return CONTROL_event_kind_trace;
	case BEAMR_REPORT_UNLINK:
		return CONTROL_event_kind_unlink;
	case BEAMR_REPORT_UNREGISTER:
		return CONTROL_event_kind_unregister;
	/* Nobody builds these yet; whoever asks for them is told so. */
	case BEAMR_REPORT_STUCK:
	case BEAMR_REPORT_DRAIN:
	case BEAMR_REPORT_PRESSURE:
	/* Journal entries, no events. */
	case BEAMR_REPORT_SUPPRESSED:
	case BEAMR_REPORT_LOG:
	/* Part of the entry of a crash. */
	case BEAMR_REPORT_CHILD:
	case BEAMR_REPORT_KINDS:
		break;
	}
	return -1;
}
