/* SPDX-License-Identifier: Apache-2.0 */
/* Report record to journal fields. Invariant: every field is text, under 4096 bytes, and named A-Z 0-9 _. */
#include "journal.h"

#include "wording.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_MESSAGE_MAX 900 /* what does not fit is in a second field */

void journal_fields_done(struct journal_fields *fields)
{
	free(fields->bytes);
	*fields = (struct journal_fields){ 0 };
}

static size_t cut_on_character(const char *text, size_t max)
{
	size_t length = strnlen(text, max + 1);
	if (length <= max)
		return length;
	length = max;
	while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--;
	return length;
}

static void put(
	struct journal_fields *fields, const char *name, size_t name_length, const char *value)
{
	size_t length = cut_on_character(value, REPORT_FIELD_MAX);
	size_t need = fields->used + name_length + length + 2;
	if (need > fields->capacity) {
		size_t capacity = need * 2;
		char *bytes = realloc(fields->bytes, capacity);
		if (bytes == NULL) {
			fields->failed = true;
			return;
		}
		fields->bytes = bytes;
		fields->capacity = capacity;
	}
	char *at = fields->bytes + fields->used;
	memcpy(at, name, name_length);
	at[name_length] = '=';
	memcpy(at + name_length + 1, value, length);
	at[name_length + 1 + length] = '\0';
	fields->used = need;
	fields->count++;
}

void journal_put(struct journal_fields *fields, const char *name, const char *value)
{
	put(fields, name, strlen(name), value);
}

/* "NAME=value" of a program: as it is, when the journal takes that name. */
static void journal_field(struct journal_fields *fields, const char *field)
{
	size_t length = strcspn(field, "=");
	if (length > 0 && length <= 64 && field[length] == '=' && field[0] >= 'A' &&
		field[0] <= 'Z' && strspn(field, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == length)
		put(fields, field, length, field + length + 1);
}

void journal_putf(struct journal_fields *fields, const char *name, const char *format, ...)
{
	char value[REPORT_FIELD_MAX + 1];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(value, sizeof(value), format, arguments); /* cut at the bound of a field */
	va_end(arguments);
	journal_put(fields, name, value);
}

/* A text of the report; "-" when it has none, so that a catalog text shows no hole. */
static void put_always(struct journal_fields *fields, const char *name,
	const struct beamr_report *report, uint16_t at)
{
	journal_put(fields, name, at != 0 ? report_text(report, at) : "-");
}

static void put_if(struct journal_fields *fields, const char *name,
	const struct beamr_report *report, uint16_t at)
{
	if (at != 0)
		journal_put(fields, name, report_text(report, at));
}

/* A field for each line of a text. */
static void put_lines(struct journal_fields *fields, const char *name, const char *total_name,
	const struct beamr_report *report, uint16_t at, uint32_t total)
{
	const char *line = report_text(report, at);
	uint32_t n = 0;
	while (*line != '\0') {
		size_t length = strcspn(line, "\n");
		journal_putf(fields, name, "%.*s", (int)length, line);
		n++;
		line += length;
		if (*line == '\n')
			line++;
	}
	if (total > n)
		journal_putf(fields, total_name, "%" PRIu32, total);
}

/* Where the fault is: what the report says, else the first frame that has a file. */
static void put_code(struct journal_fields *fields, const struct beamr_report *report)
{
	char function[600];
	const struct beamr_report_frame *frame = NULL;
	for (uint32_t i = 0; i < report->frame_count && frame == NULL; i++) {
		if (report->frames[i].file != 0)
			frame = &report->frames[i];
	}
	if (report->file != 0) {
		struct beamr_report_frame exact = { .module = report->module,
			.function = report->function,
			.file = report->file,
			.arity = (uint16_t)report->arity };
		put_if(fields, "CODE_FILE", report, report->file);
		journal_putf(fields, "CODE_LINE", "%" PRIu32, report->line);
		if (report->module != 0 && report->function != 0) {
			wording_function(report, &exact, function, sizeof(function));
			journal_put(fields, "CODE_FUNC", function);
		}
	} else if (frame != NULL) {
		put_if(fields, "CODE_FILE", report, frame->file);
		journal_putf(fields, "CODE_LINE", "%" PRIu32, frame->line);
		wording_function(report, frame, function, sizeof(function));
		journal_put(fields, "CODE_FUNC", function);
	} else if (report->frame_count > 0) {
		wording_function(report, &report->frames[0], function, sizeof(function));
		journal_put(fields, "CODE_FUNC", function);
	}
}

static void put_death(struct journal_fields *fields, const struct beamr_report *report,
	const char *restart, const char *supervisor)
{
	char text[REPORT_FIELD_MAX + 1];
	crash_id_text(report->crash_id, text);
	journal_put(fields, "BEAMR_CRASH_ID", text);
	if (!crash_id_is_none(report->cause)) {
		crash_id_text(report->cause, text);
		journal_put(fields, "BEAMR_CAUSE", text);
	}
	put_always(fields, "BEAMR_CLASS", report, report->class);
	put_always(fields, "BEAMR_KIND", report, report->fault);
	put_always(fields, "BEAMR_REASON", report, report->reason);
	wording_stack(report, text, sizeof(text));
	journal_put(fields, "BEAMR_STACK", text);
	put_always(fields, "BEAMR_INITIAL_CALL", report, report->initial_call);
	put_always(fields, "BEAMR_PARENT", report, report->parent);
	put_always(fields, "BEAMR_ANCESTORS", report, report->ancestors);
	put_lines(fields, "BEAMR_LINKS", "BEAMR_LINKS_TOTAL", report, report->links,
		report->links_total);
	put_lines(fields, "BEAMR_MONITORED_BY", "BEAMR_MONITORED_BY_TOTAL", report,
		report->monitored_by, report->monitored_by_total);
	journal_putf(fields, "BEAMR_MAILBOX", "%" PRIu64, report->mailbox);
	journal_putf(fields, "BEAMR_MEMORY", "%" PRIu64, report->memory_bytes);
	journal_putf(fields, "BEAMR_REDUCTIONS", "%" PRIu64, report->reductions);
	journal_putf(fields, "BEAMR_AGE_USEC", "%" PRIu64, report->age_usec);
	put_if(fields, "BEAMR_LAST_MESSAGE", report, report->last_message);
	put_if(fields, "BEAMR_STATE", report, report->state);
	journal_putf(fields, "BEAMR_FINGERPRINT", "%016" PRIx64, report->fingerprint);
	put_if(fields, "BEAMR_CLIENT", report, report->client);
	put_if(fields, "BEAMR_SERVER", report, report->server);
	journal_put(fields, "BEAMR_RESTART", restart != NULL ? restart : "-");
	if (supervisor != NULL)
		journal_put(fields, "BEAMR_SUPERVISOR", supervisor);
	put_code(fields, report);
}

void journal_report(struct journal_fields *fields, const struct beamr_report *report,
	uint64_t repeats, const char *version, const char *digest, const char *restart,
	const char *supervisor)
{
	const struct report_type *type = &report_types[report->kind];
	char message[WORDING_LINE_MAX];
	(void)wording_message(report, message);
	journal_put(fields, "MESSAGE", message);
	if (type->message_id[0] != '\0')
		journal_put(fields, "MESSAGE_ID", type->message_id);
	journal_putf(fields, "PRIORITY", "%d", report->priority);
	journal_put(fields, "SYSLOG_IDENTIFIER",
		report->namespace_name != 0 ? report_text(report, report->namespace_name)
					    : "beamrd");
	journal_put(fields, "BEAMR_EVENT", type->name);
	put_always(fields, "BEAMR_SERVICE", report, report->namespace_name);
	journal_put(fields, "BEAMR_RELEASE", version);
	journal_put(fields, "BEAMR_DIGEST", digest);
	if (report->process != 0) {
		put_always(fields, "BEAMR_PROCESS", report, report->process);
		journal_putf(fields, "BEAMR_SERIAL", "%" PRIu64, report->serial);
		put_always(fields, "BEAMR_NAME", report, report->name);
		put_if(fields, "BEAMR_LABEL", report, report->label);
	}
	if (report->kind == BEAMR_REPORT_CRASH || report->kind == BEAMR_REPORT_EXIT_SIGNAL) {
		put_death(fields, report, restart, supervisor);
		if (report->kind == BEAMR_REPORT_EXIT_SIGNAL)
			put_always(fields, "BEAMR_OTHER", report, report->other);
	} else {
		char id[BEAMR_CRASH_ID_TEXT];
		put_if(fields, "BEAMR_REASON", report, report->reason);
		put_always(fields, "BEAMR_OTHER", report, report->other);
		put_if(fields, "BEAMR_MODULE", report, report->module);
		if (report->often != 0)
			journal_putf(fields, "BEAMR_RESTART", "%s, %s",
				report_text(report, report->restart),
				report_text(report, report->often));
		else
			put_always(fields, "BEAMR_RESTART", report, report->restart);
		if (!crash_id_is_none(report->cause)) {
			crash_id_text(report->cause, id);
			journal_put(fields, "BEAMR_CAUSE", id);
		}
	}
	if (repeats > 1)
		journal_putf(fields, "BEAMR_REPEATS", "%" PRIu64, repeats);
}

void journal_event(struct journal_fields *fields, const struct beamr_report *report,
	const char *version, const char *digest)
{
	char message[EVENT_MESSAGE_MAX + 1];
	const char *text = report_text(report, report->detail);
	const char *service = report_text(report, report->namespace_name);
	(void)wording_single_line(text, message, sizeof(message)); /* its length does not matter */
	journal_put(fields, "MESSAGE", message);
	journal_putf(fields, "PRIORITY", "%d", report->priority);
	journal_put(fields, "SYSLOG_IDENTIFIER", service[0] != '\0' ? service : "beamrd");
	journal_put(fields, "BEAMR_EVENT", report_types[report->kind].name);
	put_always(fields, "BEAMR_SERVICE", report, report->namespace_name);
	journal_put(fields, "BEAMR_RELEASE", version);
	journal_put(fields, "BEAMR_DIGEST", digest);
	put_if(fields, "BEAMR_PROCESS", report, report->process);
	put_if(fields, "BEAMR_NAME", report, report->name);
	put_if(fields, "BEAMR_LABEL", report, report->label);
	put_if(fields, "BEAMR_REASON", report, report->reason);
	/* As it was written, when that is more than the message shows. */
	if (strcmp(text, message) != 0)
		journal_put(fields, "BEAMR_TEXT", text);
	put_code(fields, report);
	const char *field = report_text(report, report->fields);
	for (unsigned i = 0; i < report->field_count; i++) {
		journal_field(fields, field);
		field += strlen(field) + 1;
	}
	if (report->cut)
		journal_put(fields, "BEAMR_CUT", "yes");
}
