/* SPDX-License-Identifier: Apache-2.0 */
/* The control room: framing, decoding, encoding, base64, interface text, and the domain of every row of control.def. */
#include "control/base64.h"
#include "control/codec.h"
#include "control/describe.h"
#include "control/frame.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static int feed(struct frame_reader *reader, const char *bytes, size_t size)
{
	size_t room;
	char *to = frame_room(reader, &room);
	ck_assert_ptr_nonnull(to);
	ck_assert_uint_ge(room, size);
	memcpy(to, bytes, size);
	frame_added(reader, size);
	return 0;
}

START_TEST(a_message_cut_anywhere_comes_out_whole)
{
	const char stream[] = "{\"a\":1}\0{}\0";
	for (size_t cut = 0; cut < sizeof(stream) - 1; cut++) {
		struct frame_reader reader;
		char *message;
		size_t size;
		frame_init(&reader, 100);
		feed(&reader, stream, cut);
		int seen = 0;
		while (frame_next(&reader, &message, &size) == FRAME_MESSAGE)
			ck_assert_str_eq(message, seen++ == 0 ? "{\"a\":1}" : "{}");
		feed(&reader, stream + cut, sizeof(stream) - 1 - cut);
		while (frame_next(&reader, &message, &size) == FRAME_MESSAGE)
			ck_assert_str_eq(message, seen++ == 0 ? "{\"a\":1}" : "{}");
		ck_assert_int_eq(seen, 2);
		frame_trim(&reader);
		ck_assert_ptr_null(reader.bytes);
		frame_done(&reader);
	}
}

END_TEST

START_TEST(a_message_over_the_bound_is_refused_before_it_ends)
{
	struct frame_reader reader;
	char *message;
	size_t size;
	frame_init(&reader, 5);
	feed(&reader, "12345", 5);
	ck_assert_int_eq(frame_next(&reader, &message, &size), FRAME_MORE);
	feed(&reader, "\0", 1);
	ck_assert_int_eq(frame_next(&reader, &message, &size), FRAME_MESSAGE);
	feed(&reader, "123456", 6);
	ck_assert_int_eq(frame_next(&reader, &message, &size), FRAME_TOO_LONG);
	frame_done(&reader);
}

END_TEST

static int try_list(const char *text, char path[CONTROL_PATH_MAX])
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	ck_assert_ptr_nonnull(json);
	struct control_in_process_list in = { 0 };
	struct control_arena arena = { 0 };
	const struct control_method *method = &control_methods[CONTROL_METHOD_process_list];
	int r = control_decode(method->in, method->in_count, json, &in, &arena, path);
	if (r == 0)
		ck_assert_int_eq(control_validate(method->in, method->in_count, json, path), 0);
	control_arena_done(&arena);
	json_decref(json);
	return r;
}

START_TEST(a_bad_parameter_is_named)
{
	static const struct {
		const char *text;
		const char *path; /* NULL: it is fine */
	} cases[] = {
		{ "{}", NULL },
		{ "null", NULL },
		{ "{\"service\":null}", NULL },
		{ "{\"service\":\"a\",\"limit\":3,\"fields\":[\"x\"]}", NULL },
		{ "{\"match\":{\"mailboxMin\":3}}", NULL },
		{ "{\"limit\":\"3\"}", "limit" },
		{ "{\"limit\":3.0}", "limit" },
		{ "{\"service\":1}", "service" },
		{ "{\"fields\":\"x\"}", "fields" },
		{ "{\"fields\":[1]}", "fields" },
		{ "{\"nope\":1}", "nope" },
		{ "{\"match\":{\"mailboxMin\":\"3\"}}", "match.mailboxMin" },
		{ "{\"match\":{\"nope\":3}}", "match.nope" },
		{ "{\"match\":[]}", "match" },
		{ "[]", "parameters" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[CONTROL_PATH_MAX] = "";
		int r = try_list(cases[i].text, path);
		ck_assert_int_eq(r, cases[i].path != NULL ? CONTROL_E_FIELD : 0);
		ck_assert_str_eq(path, cases[i].path != NULL ? cases[i].path : "");
	}
}

END_TEST

START_TEST(a_missing_parameter_is_named)
{
	char path[CONTROL_PATH_MAX] = "";
	struct control_in_process_exit in = { 0 };
	struct control_arena arena = { 0 };
	const struct control_method *method = &control_methods[CONTROL_METHOD_process_exit];
	json_t *json = json_pack("{s:s}", "process", "0.1.0");
	ck_assert_int_eq(control_decode(method->in, method->in_count, json, &in, &arena, path),
		CONTROL_E_FIELD);
	ck_assert_str_eq(path, "kind");
	json_object_set_new(json, "kind", json_string("shutdown"));
	ck_assert_int_eq(control_decode(method->in, method->in_count, json, &in, &arena, path), 0);
	ck_assert_int_eq(in.kind, CONTROL_exit_kind_shutdown);
	ck_assert_str_eq(in.process, "0.1.0");
	ck_assert(!in.serial.set);
	control_arena_done(&arena);
	json_decref(json);
}

END_TEST

START_TEST(a_reply_goes_out_and_comes_back)
{
	struct control_frame frames[2] = {
		{ .module = "m", .function = "f", .arity = 2 },
		{ .module = "n",
			.function = "\xFFx",
			.arity = 0,
			.file = "n.erl",
			.line = { true, 7 } },
	};
	const char *links[] = { "<0.1.0>" };
	struct control_pair pairs[] = { { "k", "v" } };
	struct control_out_process_describe out = { .process = {
							    .process = "<0.2.0>",
							    .serial = 9,
							    .service = "s",
							    .state = CONTROL_process_state_waiting,
							    .stack = { frames, 2, true },
							    .links = { links, 1, true },
							    .dictionary = { pairs, 1, true },
							    .trap_exit = { true, 1 },
							    .current = &frames[0],
						    } };
	const struct control_method *method = &control_methods[CONTROL_METHOD_process_describe];
	json_t *json = control_encode(method->out, method->out_count, &out);
	char path[CONTROL_PATH_MAX] = "";
	ck_assert_int_eq(control_validate(method->out, method->out_count, json, path), 0);
	struct control_out_process_describe back = { 0 };
	struct control_arena arena = { 0 };
	ck_assert_int_eq(
		control_decode(method->out, method->out_count, json, &back, &arena, path), 0);
	ck_assert_int_eq((int)back.process.stack.count, 2);
	ck_assert_str_eq(back.process.stack.items[1].function, "\xEF\xBF\xBDx");
	ck_assert_int_eq((int)back.process.stack.items[1].line.value, 7);
	ck_assert_str_eq(back.process.links.items[0], "<0.1.0>");
	ck_assert_str_eq(back.process.dictionary.items[0].value, "v");
	ck_assert_str_eq(back.process.current->module, "m");
	ck_assert(!back.process.monitors.set);
	ck_assert_int_eq((int)back.process.state, CONTROL_process_state_waiting);
	control_arena_done(&arena);
	json_decref(json);
}

END_TEST

START_TEST(base64_goes_both_ways_and_refuses_the_rest)
{
	for (size_t n = 0; n < 40; n++) {
		uint8_t bytes[40];
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(i * 37 + n);
		char *text = base64_encode(bytes, n);
		size_t size;
		uint8_t *back = base64_decode(text, &size);
		ck_assert_uint_eq(size, n);
		ck_assert_mem_eq(back, bytes, n);
		free(back);
		free(text);
	}
	static const char *const bad[] = { "a", "ab=", "a===", "====", "ab c", "ab==abcd",
		"\xFF\xFF\xFF\xFF" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		size_t size;
		ck_assert_ptr_null(base64_decode(bad[i], &size));
	}
}

END_TEST

static void check_fields(const struct control_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ck_assert(fields[i].wire[0] >= 'a' && fields[i].wire[0] <= 'z');
		ck_assert_ptr_null(strchr(fields[i].wire, '_'));
		ck_assert_int_eq(fields[i].doc[strlen(fields[i].doc) - 1], '.');
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(fields[i].wire, fields[k].wire);
	}
}

START_TEST(every_row_is_in_its_domain)
{
	for (int i = 0; i < CONTROL_METHODS; i++) {
		const struct control_method *method = &control_methods[i];
		char name[128];
		check_fields(method->in, method->in_count);
		check_fields(method->out, method->out_count);
		ck_assert_int_eq(method->doc[strlen(method->doc) - 1], '.');
		snprintf(name, sizeof(name), "%s.%s", control_interfaces[method->interface].wire,
			method->wire);
		ck_assert_int_eq(control_method_find(name), i);
	}
	for (int i = 0; i < CONTROL_STRUCTS; i++)
		check_fields(control_structs[i].fields, control_structs[i].count);
	for (int i = 0; i < CONTROL_ERRORS; i++) {
		char name[128];
		check_fields(control_errors[i].fields, control_errors[i].count);
		snprintf(name, sizeof(name), "%s.%s",
			control_interfaces[control_errors[i].interface].wire,
			control_errors[i].wire);
		ck_assert_int_eq(control_error_find(name), i);
		ck_assert_int_ne(control_errors[i].exit_status, 0);
	}
	for (int i = 0; i < CONTROL_VERBS; i++) {
		ck_assert_int_eq(control_verb_find(control_verbs[i].word), i);
		if (i > 0)
			ck_assert_int_lt(
				strcmp(control_verbs[i - 1].word, control_verbs[i].word), 0);
		ck_assert_uint_lt(strlen(control_verbs[i].doc), 80);
	}
	ck_assert_int_eq(control_method_find("io.beamr.Process"), CONTROL_METHOD_none);
	ck_assert_int_eq(control_method_find(""), CONTROL_METHOD_none);
}

END_TEST

START_TEST(an_interface_describes_all_its_methods)
{
	for (int i = 0; i < CONTROL_INTERFACES; i++) {
		char *text = describe_interface((enum control_interface_id)i);
		ck_assert_ptr_nonnull(strstr(text, control_interfaces[i].wire));
		for (int k = 0; k < CONTROL_METHODS; k++) {
			char line[80];
			snprintf(line, sizeof(line), "\nmethod %s(", control_methods[k].wire);
			if (control_methods[k].interface == (enum control_interface_id)i)
				ck_assert_ptr_nonnull(strstr(text, line));
		}
		free(text);
	}
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("control");
	TCase *cases = tcase_create("control");
	tcase_add_test(cases, a_message_cut_anywhere_comes_out_whole);
	tcase_add_test(cases, a_message_over_the_bound_is_refused_before_it_ends);
	tcase_add_test(cases, a_bad_parameter_is_named);
	tcase_add_test(cases, a_missing_parameter_is_named);
	tcase_add_test(cases, a_reply_goes_out_and_comes_back);
	tcase_add_test(cases, base64_goes_both_ways_and_refuses_the_rest);
	tcase_add_test(cases, every_row_is_in_its_domain);
	tcase_add_test(cases, an_interface_describes_all_its_methods);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
