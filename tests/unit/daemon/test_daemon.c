/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the daemon that stand alone: configuration, floods, journal fields, sentences, near names. */
#include "base/check.h"
#include "config.h"
#include "flood.h"
#include "journal.h"
#include "near.h"
#include "rate.h"
#include "wording.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- configuration ---- */

static char dir[] = "/tmp/beamr-config-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[200];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void with_dir(void)
{
	char path[200];
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/beamrd.conf.d", dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void without_dir(void)
{
	char command[200];
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(a_later_file_replaces_what_an_earlier_one_set)
{
	struct config config;
	struct config_error error;
	write_file("beamrd.conf",
		"# text\n[daemon]\nflood-burst = 7\nstop-timeout=500ms\n\n[service "
		"shop]\ncode-path = /a b\n"
		"code-path=/c\nstart = shop:main([1, {a, \"x,y\"}])\npreload=yes\n");
	write_file("beamrd.conf.d/10.conf", "[daemon]\nflood-burst = 8\nlog-level = debug\n");
	ck_assert_int_eq(config_load(dir, &config, &error), 0);
	ck_assert_int_eq((int)config.flood_burst, 8);
	ck_assert_int_eq((int)config.stop_timeout, 500000);
	ck_assert_int_eq((int)config.log_level, 7);
	ck_assert_str_eq(config.otp_root, "/usr/lib/erlang");
	ck_assert_uint_eq(config.service_count, 1);
	ck_assert_str_eq(config.services[0].name, "shop");
	ck_assert_uint_eq(config.services[0].code_path_count, 2);
	ck_assert_str_eq(config.services[0].code_paths[0], "/a b");
	ck_assert_str_eq(config.services[0].start_module, "shop");
	ck_assert_str_eq(config.services[0].start_function, "main");
	ck_assert_str_eq(config.services[0].start_arguments, "[1, {a, \"x,y\"}]");
	ck_assert(config.services[0].preload);
	config_done(&config);
}

END_TEST

START_TEST(a_mistake_is_told_with_its_place)
{
	static const struct {
		const char *text;
		int line, column;
	} cases[] = {
		{ "flood-burst = 1\n", 1, 1 },
		{ "[daemon]\n  nonsense = 1\n", 2, 3 },
		{ "[daemon]\nflood-burst = x\n", 2, 15 },
		{ "[daemon]\nflood-burst = 0\n", 2, 15 },
		{ "[daemon]\nflood-burst = 99999999999999999999\n", 2, 15 },
		{ "[daemon]\nstop-timeout = 5 parsecs\n", 2, 16 },
		{ "[daemon]\nlog-level = loud\n", 2, 13 },
		{ "[nonsense]\n", 1, 1 },
		{ "[service a]\nnonsense = 1\n", 2, 12 },
		{ "[service a]\nstart = x\n", 2, 9 },
		{ "[service a]\npreload = maybe\n", 2, 11 },
		{ "[daemon]\nflood-burst\n", 2, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config config;
		struct config_error error;
		write_file("beamrd.conf", cases[i].text);
		ck_assert_int_eq(config_load(dir, &config, &error), CONFIG_E_INVALID);
		ck_assert_msg(error.line == cases[i].line && error.column == cases[i].column,
			"%s: %d:%d %s", cases[i].text, error.line, error.column, error.message);
		ck_assert_uint_gt(strlen(error.message), 5);
	}
}

END_TEST

START_TEST(without_files_everything_is_at_its_default)
{
	struct config config, other;
	struct config_error error;
	ck_assert_int_eq(config_load("/nonexistent", &config, &error), 0);
	ck_assert_int_eq(config_load("/nonexistent", &other, &error), 0);
	for (int i = 0; i < CONFIG_KEYS; i++) {
		ck_assert(config_equal(&config, &other, (enum config_key)i));
		if (i > 0)
			ck_assert_int_lt(
				strcmp(config_settings[i - 1].key, config_settings[i].key), 0);
	}
	config_done(&config);
	config_done(&other);
}

END_TEST

/* ---- reports ---- */

static struct beamr_report report;

static void make_crash(const char *fault, const char *reason)
{
	report_begin(&report, BEAMR_REPORT_CRASH);
	report.namespace_name = report_putf(&report, "shop");
	report.process = report_putf(&report, "<0.81.0>");
	report.serial = 81;
	report.name = report_putf(&report, "till");
	report.class = report_putf(&report, "error");
	report.fault = report_putf(&report, "%s", fault);
	report.reason = report_putf(&report, "%s", reason);
	report.links = report_putf(&report, "<0.1.0>\n<0.2.0>");
	report.links_total = 17;
	report.crash_id = crash_id_new();
	(void)report_frame(&report, "shop@cart", "charge", 1, "src/shop/cart.gleam", 88);
	(void)report_frame(&report, "gen_server", "loop", 7, "gen_server.erl", 100);
	report_fingerprint(&report);
}

static const char *field_of(const struct journal_fields *fields, const char *name)
{
	size_t length = strlen(name);
	for (size_t at = 0; at < fields->used; at += strlen(fields->bytes + at) + 1) {
		if (strncmp(fields->bytes + at, name, length) == 0 &&
			fields->bytes[at + length] == '=')
			return fields->bytes + at + length + 1;
	}
	return NULL;
}

START_TEST(a_crash_becomes_the_fields_of_its_entry)
{
	struct journal_fields fields = { 0 };
	make_crash("badmatch", "{badmatch,17}");
	journal_report(&fields, &report, 3, "1.4.2", "9f2c", NULL, NULL);
	ck_assert_str_eq(field_of(&fields, "MESSAGE"),
		"shop: till <0.81.0> crashed: badmatch: {badmatch,17}");
	ck_assert_str_eq(field_of(&fields, "MESSAGE_ID"), "d944f506f44e438eaf03b4a29f8a446a");
	ck_assert_str_eq(field_of(&fields, "BEAMR_RELEASE"), "1.4.2");
	ck_assert_str_eq(field_of(&fields, "BEAMR_DIGEST"), "9f2c");
	ck_assert_str_eq(field_of(&fields, "SYSLOG_IDENTIFIER"), "shop");
	ck_assert_str_eq(field_of(&fields, "PRIORITY"), "3");
	ck_assert_str_eq(field_of(&fields, "CODE_FILE"), "src/shop/cart.gleam");
	ck_assert_str_eq(field_of(&fields, "CODE_LINE"), "88");
	ck_assert_str_eq(field_of(&fields, "CODE_FUNC"), "shop/cart.charge");
	ck_assert_str_eq(field_of(&fields, "BEAMR_STACK"),
		"shop/cart.charge src/shop/cart.gleam:88\ngen_server:loop/7 gen_server.erl:100");
	ck_assert_str_eq(field_of(&fields, "BEAMR_LINKS"), "<0.1.0>");
	ck_assert_str_eq(field_of(&fields, "BEAMR_LINKS_TOTAL"), "17");
	ck_assert_str_eq(field_of(&fields, "BEAMR_REPEATS"), "3");
	ck_assert_str_eq(field_of(&fields, "BEAMR_RESTART"), "-");
	ck_assert_ptr_null(field_of(&fields, "BEAMR_CAUSE"));
	ck_assert_ptr_null(field_of(&fields, "BEAMR_STATE"));
	journal_fields_done(&fields);
}

END_TEST

START_TEST(texts_are_cut_on_a_character)
{
	char reason[9000], line[WORDING_LINE_MAX];
	struct journal_fields fields = { 0 };
	for (size_t i = 0; i + 2 < sizeof(reason); i += 2)
		memcpy(reason + i, "\xC3\xA4", 2);
	for (size_t shift = 0; shift < 3; shift++) {
		reason[sizeof(reason) - 2] = '\0';
		memset(reason, 'x', shift);
		report_begin(&report, BEAMR_REPORT_CRASH);
		report.process = report_putf(&report, "<0.1.0>");
		report.reason = report_put(&report, reason, strlen(reason), REPORT_REASON_MAX);
		ck_assert(report.cut);
		size_t length = wording_message(&report, line);
		ck_assert_uint_lt(length, WORDING_LINE_MAX);
		ck_assert_uint_eq(length, strlen(line));
		ck_assert((unsigned char)line[length - 1] == 0xA4 || line[length - 1] == 'x');
		journal_report(&fields, &report, 1, "-", "-", NULL, NULL);
		const char *value = field_of(&fields, "BEAMR_REASON");
		ck_assert_uint_le(strlen(value), REPORT_REASON_MAX);
		ck_assert_uint_eq((unsigned char)value[strlen(value) - 1], 0xA4);
		journal_fields_done(&fields);
	}
}

END_TEST

START_TEST(a_full_record_stays_whole)
{
	report_begin(&report, BEAMR_REPORT_CRASH);
	for (int i = 0; i < 200; i++)
		(void)report_putf(&report, "%0400d", i);
	ck_assert(report.cut || report.text_used < REPORT_ARENA_BYTES);
	ck_assert_uint_le(report.text_used, REPORT_ARENA_BYTES);
	ck_assert_uint_le(report_bytes(&report), sizeof(report));
	for (int i = 0; i < 100; i++)
		(void)report_frame(&report, "m", "f", 0, "f.erl", 1);
	ck_assert_uint_le(report.frame_count, REPORT_FRAMES_MAX);
	struct beamr_crash_id id = crash_id_new(), back;
	char text[BEAMR_CRASH_ID_TEXT];
	crash_id_text(id, text);
	ck_assert(crash_id_parse(text, &back));
	ck_assert(back.high == id.high && back.low == id.low);
	ck_assert(!crash_id_parse("01JDB8Q4T6", &back));
}

END_TEST

/* ---- floods ---- */

START_TEST(what_is_held_back_is_counted_exactly)
{
	struct flood *flood = flood_new();
	uint64_t written = 0;
	int64_t now = 0, due;
	flood_set(flood, &(struct flood_limits){ 5, 50, 60000000, 10000000 });
	for (int i = 0; i < 100000; i++) {
		char fault[32];
		(void)snprintf(fault, sizeof(fault), "fault_%d", i % 7);
		make_crash(fault, "r");
		now = i * 1000;
		report.monotonic_usec = now;
		enum flood_answer answer = flood_ask(flood, &report, now);
		written += answer == FLOOD_ADMIT;
		if (answer == FLOOD_HELD_FIRST) {
			struct record *record = record_new(&report);
			flood_keep(flood, record);
			(void)record_unref(record);
		}
		struct flood_summary summary;
		while (flood_next(flood, now, &summary, &due)) {
			ck_assert_ptr_nonnull(summary.record);
			written += summary.repeats;
			(void)record_unref(summary.record);
		}
	}
	struct flood_summary summary;
	while (flood_next(flood, INT64_MAX, &summary, &due)) {
		written += summary.repeats;
		(void)record_unref(summary.record);
	}
	ck_assert_uint_eq(written, 100000);
	ck_assert(due == INT64_MAX);
	(void)flood_free(flood);
}

END_TEST

START_TEST(crashes_of_ever_new_kinds_are_bounded_for_each_service)
{
	struct flood *flood = flood_new();
	uint64_t loud = 0, told = 0, quiet = 0;
	struct flood_summary summary;
	int64_t due;
	flood_set(flood, &(struct flood_limits){ 5, 20, 60000000, 10000000 });
	for (int i = 0; i < 100000; i++) {
		char fault[32];
		const int64_t now = i * 1000;
		(void)snprintf(fault, sizeof(fault), "fault_%d", i);
		make_crash(fault, "r");
		report.namespace_name = report_putf(&report, "loud");
		report_fingerprint(&report);
		report.monotonic_usec = now;
		enum flood_answer answer = flood_ask(flood, &report, now);
		loud += answer == FLOOD_ADMIT;
		if (answer == FLOOD_HELD_FIRST) {
			struct record *record = record_new(&report);
			flood_keep(flood, record);
			(void)record_unref(record);
		}
		if (i % 10000 == 0) {
			make_crash(fault, "of another");
			report.namespace_name = report_putf(&report, "quiet");
			report_fingerprint(&report);
			quiet += flood_ask(flood, &report, now) == FLOOD_ADMIT;
		}
		while (flood_next(flood, now, &summary, &due)) {
			ck_assert(summary.of_kinds);
			ck_assert_str_eq(summary.service, "loud");
			ck_assert_ptr_nonnull(summary.record);
			told += summary.repeats;
			(void)record_unref(summary.record);
		}
	}
	while (flood_next(flood, INT64_MAX, &summary, &due)) {
		told += summary.repeats;
		(void)record_unref(summary.record);
	}
	ck_assert_uint_eq(loud, 40); /* in two intervals */
	ck_assert_uint_eq(loud + told, 100000);
	ck_assert_uint_eq(quiet, 10);
	(void)flood_free(flood);
}

END_TEST

START_TEST(a_supervisor_that_gives_up_is_never_held_back)
{
	struct flood *flood = flood_new();
	for (int i = 0; i < 100; i++) {
		report_begin(&report, BEAMR_REPORT_GIVEUP);
		ck_assert_int_eq(flood_ask(flood, &report, 1), FLOOD_ADMIT);
	}
	(void)flood_free(flood);
}

END_TEST

START_TEST(a_service_that_never_stops_talking_silences_itself_only)
{
	struct rate *rate = rate_new();
	uint64_t admitted = 0, told = 0, quiet = 0;
	int64_t due;
	struct rate_summary summary;
	rate_set(rate, 100, 10000000);
	for (int64_t now = 0; now < 95000000; now += 1000) {
		enum rate_answer answer = rate_ask(rate, "loud", now);
		admitted += answer == RATE_ADMIT;
		if (now % 1000000 == 0)
			quiet += rate_ask(rate, "quiet", now) == RATE_ADMIT;
		while (rate_next(rate, now, &summary, &due)) {
			ck_assert_str_eq(summary.service, "loud");
			told += summary.held;
		}
	}
	ck_assert(rate_next(rate, INT64_MAX, &summary, &due));
	told += summary.held;
	ck_assert(!rate_next(rate, INT64_MAX, &summary, &due));
	ck_assert(due == INT64_MAX);
	ck_assert_uint_eq(admitted, 1000);
	ck_assert_uint_eq(admitted + told, 95000);
	ck_assert_uint_eq(quiet, 95);
	rate_set(rate, 0, 10000000);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(rate_ask(rate, "loud", 95000000), RATE_ADMIT);
	(void)rate_free(rate);
}

END_TEST

START_TEST(near_names_are_offered_nearest_first)
{
	struct near near = { .wanted = "tody/0" };
	near_offer(&near, "yesterday/0");
	near_offer(&near, "today_by/1");
	near_offer(&near, "today/0");
	near_offer(&near, "tody/1");
	ck_assert_uint_eq(near.count, 2);
	ck_assert_str_eq(near.best[0].name, "today/0");
	ck_assert_str_eq(near.best[1].name, "tody/1");
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon");
	TCase *files = tcase_create("files");
	tcase_add_checked_fixture(files, with_dir, without_dir);
	tcase_add_test(files, a_later_file_replaces_what_an_earlier_one_set);
	tcase_add_test(files, a_mistake_is_told_with_its_place);
	tcase_add_test(files, without_files_everything_is_at_its_default);
	suite_add_tcase(suite, files);
	TCase *reports = tcase_create("reports");
	tcase_set_timeout(reports, 60);
	tcase_add_test(reports, a_crash_becomes_the_fields_of_its_entry);
	tcase_add_test(reports, texts_are_cut_on_a_character);
	tcase_add_test(reports, a_full_record_stays_whole);
	tcase_add_test(reports, what_is_held_back_is_counted_exactly);
	tcase_add_test(reports, crashes_of_ever_new_kinds_are_bounded_for_each_service);
	tcase_add_test(reports, a_supervisor_that_gives_up_is_never_held_back);
	tcase_add_test(reports, a_service_that_never_stops_talking_silences_itself_only);
	tcase_add_test(reports, near_names_are_offered_nearest_first);
	suite_add_tcase(suite, reports);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
