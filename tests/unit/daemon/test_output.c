/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of what services print, what waits for its other half, and log events as fields. */
#include "base/check.h"
#include "fold.h"
#include "journal.h"
#include "output.h"
#include "wording.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the place of log.c: what would have become entries. */
static struct {
	char text[64][OUTPUT_LINE_MAX + 1];
	char about[64][128]; /* "service stream priority process cut" */
	size_t count;
} lines;

void log_output(struct log *log, const char *service, int priority, const char *stream,
	const char *process, const char *line, const char *cut)
{
	ck_assert_uint_lt(lines.count, 64);
	(void)snprintf(lines.text[lines.count], sizeof(lines.text[0]), "%s", line);
	(void)snprintf(lines.about[lines.count], sizeof(lines.about[0]), "%s %s %d %s %s", service,
		stream, priority, process[0] != '\0' ? process : "-", cut != NULL ? cut : "-");
	lines.count++;
}

static struct output *output;

static void setup(void)
{
	lines.count = 0;
	output = output_new(NULL);
	ck_assert_ptr_nonnull(output);
}

static void teardown(void)
{
	output = output_free(output);
}

static void print(const char *service, int stream, const char *text)
{
	output_bytes(output, service, stream, "", text, strlen(text));
}

START_TEST(a_line_is_an_entry_however_it_comes)
{
	print("shop", 1, "one\ntwo\nthr");
	ck_assert_uint_eq(lines.count, 2);
	print("shop", 1, "ee\n\nfour");
	ck_assert_uint_eq(lines.count, 3); /* an empty line is none */
	ck_assert_str_eq(lines.text[2], "three");
	ck_assert_str_eq(lines.about[2], "shop stdout 6 - -");
	output_end(output, "shop");
	ck_assert_uint_eq(lines.count, 4);
	ck_assert_str_eq(lines.text[3], "four");
	ck_assert_str_eq(lines.about[3], "shop stdout 6 - eof");
	output_end(output, "shop");
	ck_assert_uint_eq(lines.count, 4);
}

END_TEST

START_TEST(streams_and_services_do_not_mix)
{
	print("shop", 1, "out ");
	print("shop", 2, "err ");
	print("mail", 1, "mail ");
	print("shop", 2, "two\n");
	print("shop", 1, "one\n");
	ck_assert_uint_eq(lines.count, 2);
	ck_assert_str_eq(lines.text[0], "err two");
	ck_assert_str_eq(lines.about[0], "shop stderr 4 - -");
	ck_assert_str_eq(lines.text[1], "out one");
	output_end(output, "mail");
	ck_assert_str_eq(lines.about[2], "mail stdout 6 - eof");
}

END_TEST

START_TEST(a_process_is_told_when_it_is_known)
{
	output_bytes(output, "shop", 1, "<0.5.0>", "a", 1);
	output_bytes(output, "shop", 1, "<0.6.0>", "b\nc\n", 4);
	ck_assert_str_eq(lines.about[0], "shop stdout 6 <0.5.0> -");
	ck_assert_str_eq(lines.about[1], "shop stdout 6 <0.6.0> -");
}

END_TEST

/* All bytes are told, each once, in pieces that an entry takes. */
START_TEST(a_long_line_comes_in_pieces)
{
	size_t size = 10000, told = 0;
	char *text = malloc(size);
	for (size_t i = 0; i < size; i += 2)
		memcpy(text + i, "\303\244", 2); /* no piece may cut one */
	for (size_t at = 0; at < size; at += 777)
		output_bytes(output, "shop", 1, "", text + at, at + 777 < size ? 777 : size - at);
	print("shop", 1, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		size_t length = strlen(lines.text[i]);
		ck_assert_uint_le(length, OUTPUT_LINE_MAX);
		ck_assert_mem_eq(lines.text[i], text + told, length);
		told += length;
		ck_assert_str_eq(lines.about[i],
			i + 1 < lines.count ? "shop stdout 6 - line-max" : "shop stdout 6 - -");
	}
	ck_assert_uint_eq(told, size);
	ck_assert_uint_gt(lines.count, 2);
	free(text);
}

END_TEST

START_TEST(a_prefix_says_how_urgent_a_line_is)
{
	print("shop", 1, "<2>bad\n<9>none\n<3\n a <1>no\n");
	ck_assert_str_eq(lines.text[0], "bad");
	ck_assert_str_eq(lines.about[0], "shop stdout 2 - -");
	ck_assert_str_eq(lines.text[1], "<9>none");
	ck_assert_str_eq(lines.text[2], "<3");
	ck_assert_str_eq(lines.about[3], "shop stdout 6 - -");
}

END_TEST

START_TEST(what_is_no_text_becomes_text)
{
	char out[OUTPUT_LINE_MAX + 1];
	int priority = 6;
	size_t n = output_line("a\0b\377\tc\r", 7, &priority, out);
	ck_assert_str_eq(out, "a b\357\277\275\tc");
	ck_assert_uint_eq(n, strlen(out));
	(void)output_line("\033[1;31mred\033[0m\033[", 17, &priority, out);
	ck_assert_str_eq(out, "red");
	char garbage[OUTPUT_LINE_MAX];
	memset(garbage, 0xFF, sizeof(garbage));
	n = output_line(garbage, sizeof(garbage), &priority, out);
	ck_assert_uint_le(n, OUTPUT_LINE_MAX);
	ck_assert_uint_eq(n % 3, 0);
	ck_assert_uint_eq(output_line("", 0, &priority, out), 0);
	ck_assert_int_eq(priority, 6);
}

END_TEST

/* ---- what waits ---- */

START_TEST(what_waits_is_taken_by_key_or_when_it_is_due)
{
	struct fold fold;
	struct fold_item items[4] = { 0 };
	int64_t due;
	fold_init(&fold);
	ck_assert_ptr_null(fold_due(&fold, 100, &due));
	ck_assert_int_eq(due, INT64_MAX);
	for (int i = 0; i < 4; i++) /* two with the same key */
		ck_assert(fold_hold(&fold, &items[i], i < 2 ? 7 : 7 + (uint64_t)i * 1000, 10 + i));
	ck_assert_ptr_null(fold_take(&fold, 8));
	ck_assert_ptr_null(fold_due(&fold, 9, &due));
	ck_assert_int_eq(due, 10);
	ck_assert_ptr_eq(fold_due(&fold, 10, &due), &items[0]);
	ck_assert_ptr_eq(fold_take(&fold, 7), &items[1]);
	ck_assert_ptr_null(fold_take(&fold, 7));
	ck_assert_ptr_eq(fold_due(&fold, INT64_MAX, &due), &items[2]);
	ck_assert_ptr_eq(fold_due(&fold, INT64_MAX, &due), &items[3]);
	ck_assert_uint_eq(fold.count, 0);
}

END_TEST

START_TEST(no_more_wait_than_may)
{
	struct fold fold;
	struct fold_item *items = calloc(FOLD_MAX + 1, sizeof(*items));
	fold_init(&fold);
	for (size_t i = 0; i < FOLD_MAX; i++)
		ck_assert(fold_hold(&fold, &items[i], i, 1));
	ck_assert(!fold_hold(&fold, &items[FOLD_MAX], FOLD_MAX, 1));
	for (size_t i = 0; i < FOLD_MAX; i++)
		ck_assert_ptr_eq(fold_take(&fold, i), &items[i]);
	free(items);
}

END_TEST

/* ---- log events ---- */

static const char *field(const struct journal_fields *fields, const char *name)
{
	size_t length = strlen(name);
	for (size_t at = 0; at < fields->used; at += strlen(fields->bytes + at) + 1) {
		if (strncmp(fields->bytes + at, name, length) == 0 &&
			fields->bytes[at + length] == '=')
			return fields->bytes + at + length + 1;
	}
	return NULL;
}

static uint16_t text(struct beamr_report *report, const char *text)
{
	return report_put(report, text, strlen(text), REPORT_FIELD_MAX);
}

START_TEST(a_log_event_has_what_it_carries_as_fields)
{
	static struct beamr_report report;
	struct journal_fields fields = { 0 };
	report_begin(&report, BEAMR_REPORT_LOG);
	report.priority = 3;
	report.namespace_name = text(&report, "shop");
	report.process = text(&report, "<0.9.0>");
	report.detail = text(&report, "first,\n  second");
	report.module = text(&report, "cart");
	report.function = text(&report, "add");
	report.arity = 2;
	report.file = text(&report, "cart.erl");
	report.line = 17;
	report_field(&report, "BEAMR_META_REQUEST", "r7", 2);
	report_field(&report, "BEAMR_REPORT_A", "x\ny", 3);
	report_field(&report, "bad name", "no", 2);
	report_field(&report, "_SYSTEMD_UNIT", "no", 2);
	journal_event(&fields, &report, "1.0", "9f2c");
	ck_assert_str_eq(field(&fields, "MESSAGE"), "first, second");
	ck_assert_str_eq(field(&fields, "BEAMR_TEXT"), "first,\n  second");
	ck_assert_str_eq(field(&fields, "PRIORITY"), "3");
	ck_assert_str_eq(field(&fields, "SYSLOG_IDENTIFIER"), "shop");
	ck_assert_str_eq(field(&fields, "BEAMR_EVENT"), "log");
	ck_assert_str_eq(field(&fields, "BEAMR_RELEASE"), "1.0");
	ck_assert_str_eq(field(&fields, "CODE_FILE"), "cart.erl");
	ck_assert_str_eq(field(&fields, "CODE_LINE"), "17");
	ck_assert_str_eq(field(&fields, "CODE_FUNC"), "cart:add/2");
	ck_assert_str_eq(field(&fields, "BEAMR_META_REQUEST"), "r7");
	ck_assert_str_eq(field(&fields, "BEAMR_REPORT_A"), "x\ny");
	ck_assert_ptr_null(field(&fields, "bad name"));
	ck_assert_ptr_null(field(&fields, "_SYSTEMD_UNIT"));
	ck_assert_ptr_null(field(&fields, "BEAMR_CUT"));
	journal_fields_done(&fields);
}

END_TEST

START_TEST(fields_of_a_log_event_are_bounded)
{
	static struct beamr_report report;
	struct journal_fields fields = { 0 };
	static char large[20000];
	memset(large, 'x', sizeof(large));
	report_begin(&report, BEAMR_REPORT_LOG);
	report.detail = report_put(&report, large, sizeof(large), REPORT_REASON_MAX);
	for (int i = 0; i < 100; i++)
		report_field(&report, "BEAMR_META_X", large, sizeof(large));
	ck_assert_uint_le(report.field_count, REPORT_FIELDS_MAX);
	journal_event(&fields, &report, "-", "-");
	for (size_t at = 0; at < fields.used; at += strlen(fields.bytes + at) + 1)
		ck_assert_uint_le(strlen(fields.bytes + at), 4096);
	ck_assert_uint_le(strlen(field(&fields, "MESSAGE")), 900);
	ck_assert_uint_eq(strlen(field(&fields, "BEAMR_TEXT")), REPORT_REASON_MAX);
	ck_assert_str_eq(field(&fields, "BEAMR_CUT"), "yes");
	journal_fields_done(&fields);
}

END_TEST

START_TEST(what_a_supervisor_did_is_said_in_the_entry_of_the_crash)
{
	static struct beamr_report report;
	char *restart, *supervisor;
	report_begin(&report, BEAMR_REPORT_RESTART);
	report.process = text(&report, "<0.1.0>");
	report.name = text(&report, "sup");
	report.other = text(&report, "<0.7.0>");
	report.restart = text(&report, "permanent worker");
	report.often = text(&report, "2/3 in 5s");
	wording_restart(&report, &restart, &supervisor);
	ck_assert_str_eq(restart, "permanent worker, restarted as <0.7.0>, 2/3 in 5s");
	ck_assert_str_eq(supervisor, "sup <0.1.0>");
	free(restart);
	free(supervisor);
	report_begin(&report, BEAMR_REPORT_CHILD);
	report.process = text(&report, "<0.1.0>");
	report.restart = text(&report, "temporary worker");
	report.often = text(&report, "not restarted");
	wording_restart(&report, &restart, &supervisor);
	ck_assert_str_eq(restart, "temporary worker, not restarted");
	ck_assert_str_eq(supervisor, "<0.1.0>");
	free(restart);
	free(supervisor);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("output");
	TCase *print_case = tcase_create("output");
	tcase_add_checked_fixture(print_case, setup, teardown);
	tcase_add_test(print_case, a_line_is_an_entry_however_it_comes);
	tcase_add_test(print_case, streams_and_services_do_not_mix);
	tcase_add_test(print_case, a_process_is_told_when_it_is_known);
	tcase_add_test(print_case, a_long_line_comes_in_pieces);
	tcase_add_test(print_case, a_prefix_says_how_urgent_a_line_is);
	tcase_add_test(print_case, what_is_no_text_becomes_text);
	suite_add_tcase(suite, print_case);
	TCase *waits = tcase_create("waits");
	tcase_add_test(waits, what_waits_is_taken_by_key_or_when_it_is_due);
	tcase_add_test(waits, no_more_wait_than_may);
	suite_add_tcase(suite, waits);
	TCase *events = tcase_create("events");
	tcase_add_test(events, a_log_event_has_what_it_carries_as_fields);
	tcase_add_test(events, fields_of_a_log_event_are_bounded);
	tcase_add_test(events, what_a_supervisor_did_is_said_in_the_entry_of_the_crash);
	suite_add_tcase(suite, events);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
