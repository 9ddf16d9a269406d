/* SPDX-License-Identifier: Apache-2.0 */
/* Printed forms against those of OTP, and what happens at bounds. */
#include "binary/binary.h"
#include "data/map.h"
#include "term/atom.h"
#include "term/ident.h"
#include "term/print.h"
#include "tests.h"
#include "values.h"

#include <stdarg.h>
#include <string.h>

static const char *text_of(term t, enum print_flags flags, unsigned depth)
{
	static char text[4096];
	struct print_out out;
	print_init_fixed(&out, text, sizeof(text));
	print_term(&out, t, flags, depth);
	return text;
}

static term string(const char *text)
{
	size_t size = strlen(text);
	term list = TERM_NIL;
	for (size_t i = size; i-- > 0;)
		list = heap_cons(&test_heap, term_of_small((uint8_t)text[i]), list);
	return list;
}

static term bytes(const char *text)
{
	return bits_of_bytes(&test_heap, text, strlen(text));
}

static term numbers(int count)
{
	term list = TERM_NIL;
	for (int i = count; i > 0; i--)
		list = heap_cons(&test_heap, term_of_small(i), list);
	return list;
}

START_TEST(plain_form_is_that_of_otp)
{
	for (size_t i = 0; i < otp_value_count; i++)
		if (otp_values[i].text[0] != '\0')
			ck_assert_str_eq(text_of(value_term(&otp_values[i]), PRINT_PLAIN, 0), otp_values[i].text);
}
END_TEST

START_TEST(strings_show_as_text)
{
	ck_assert_str_eq(text_of(string("a\n\"b\"\\\x1B"), PRINT_STRINGS, 0), "\"a\\n\\\"b\\\"\\\\\\e\"");
	ck_assert_str_eq(text_of(string("a\x01"), PRINT_STRINGS, 0), "[97,1]");
	ck_assert_str_eq(text_of(string("ab"), PRINT_PLAIN, 0), "[97,98]");
	ck_assert_str_eq(text_of(TERM_NIL, PRINT_STRINGS, 0), "[]");
	ck_assert_str_eq(text_of(bytes("ab\""), PRINT_STRINGS, 0), "<<\"ab\\\"\">>");
	ck_assert_str_eq(text_of(bytes("\xC3\xA5"), PRINT_STRINGS | PRINT_UNICODE, 0), "<<\"\xC3\xA5\"/utf8>>");
	ck_assert_str_eq(text_of(bytes("\xE5"), PRINT_STRINGS | PRINT_UNICODE, 0), "<<\"\xC3\xA5\">>");
	ck_assert_str_eq(text_of(bytes("\xD0\xB6"), PRINT_STRINGS, 0), "<<\"\xC3\x90\xC2\xB6\">>");
}
END_TEST

START_TEST(atoms_show_unicode_when_asked)
{
	ck_assert_str_eq(text_of(atom_of_string("\xD0\xB6"), PRINT_PLAIN, 0), "'\\x{436}'");
	ck_assert_str_eq(text_of(atom_of_string("\xD0\xB6"), PRINT_UNICODE, 0), "'\xD0\xB6'");
	ck_assert_str_eq(text_of(atom_of_string("maybe"), PRINT_PLAIN, 0), "'maybe'");
	ck_assert_str_eq(text_of(atom_of_string("a'b"), PRINT_PLAIN, 0), "'a\\'b'");
}
END_TEST

/* Source: io:format("~W", [Term, Depth]), OTP 27. */
START_TEST(depth_ends_with_dots)
{
	term inner = heap_tuple_of(&test_heap, atom_of_string("a"), atom_of_string("b"));
	ck_assert_str_eq(text_of(numbers(20), PRINT_PLAIN, 5), "[1,2,3,4|...]");
	ck_assert_str_eq(text_of(heap_tuple_of(&test_heap, term_of_small(1), term_of_small(2), inner, atom_of_string("a")), PRINT_PLAIN, 4),
		"{1,2,{...},...}");
	ck_assert_str_eq(text_of(bits_of_bytes(&test_heap, "\1\2\3\4\5\6", 6), PRINT_PLAIN, 4), "<<1,2,3,...>>");
	term map = map_put(&test_heap, map_empty(), atom_of_string("a"), numbers(3));
	ck_assert_str_eq(text_of(map, PRINT_PLAIN, 3), "#{a => [1|...]}");
	map = map_put(&test_heap, map, atom_of_string("b"), TERM_NIL);
	map = map_put(&test_heap, map, A(ok), TERM_NIL);
	ck_assert_str_eq(text_of(map, PRINT_PLAIN, 3), "#{a => [1|...],b => [],...}");
}
END_TEST

START_TEST(identifiers_have_their_numbers)
{
	term ref = ref_put(heap_alloc(&test_heap, REF_WORDS), (struct ref_id){ 7, UINT64_C(3) << 32 | 9 });
	ck_assert_str_eq(text_of(ref, PRINT_PLAIN, 0), "#Ref<0.7.3.9>");
	ck_assert_str_eq(text_of(term_of_pid(12, 3), PRINT_PLAIN, 0), "<0.12.3>");
	ck_assert_str_eq(text_of((term)5 << 6 | IMM_PORT, PRINT_PLAIN, 0), "#Port<0.5>");
}
END_TEST

START_TEST(display_has_its_own_form)
{
	char text[200];
	struct print_out out;
	term map = map_put(&test_heap, map_empty(), atom_of_string("a"), heap_float(&test_heap, 1.5));
	print_init_fixed(&out, text, sizeof(text));
	print_display(&out, heap_tuple_of(&test_heap, map, string("a\nb"), bytes("a\n"), bytes("ok")));
	ck_assert_str_eq(text, "{#{a=>1.500000e+00},\"a\\nb\",<<97,10>>,<<\"ok\">>}");
}
END_TEST

START_TEST(a_limit_cuts_between_characters)
{
	char text[12];
	struct print_out out;
	print_init_fixed(&out, text, sizeof(text));
	print_term(&out, numbers(1000), PRINT_PLAIN, 0);
	ck_assert_str_eq(text, "[1,2,3,4...");
	ck_assert(out.truncated);
	print_init_growing(&out, 10);
	print_string(&out, "\xC3\xA5\xC3\xA5\xC3\xA5\xC3\xA5\xC3\xA5");
	ck_assert(!out.truncated);
	print_string(&out, "x");
	ck_assert_str_eq(out.data, "\xC3\xA5\xC3\xA5\xC3\xA5...");
	print_free(&out);
	for (size_t limit = 0; limit < 40; limit++) {
		print_init_growing(&out, limit);
		print_format(&out, "%s%d", "\xD0\xB6\xD0\xB6", 12345678);
		print_term(&out, numbers(30), PRINT_STRINGS, 0);
		ck_assert_uint_le(out.size, limit);
		ck_assert(out.truncated);
		print_free(&out);
	}
}
END_TEST

START_TEST(depth_costs_no_stack)
{
	term t = TERM_NIL;
	struct print_out out;
	for (int i = 0; i < 1000000; i++)
		t = heap_cons(&test_heap, t, TERM_NIL);
	print_init_growing(&out, SIZE_MAX);
	print_term(&out, t, PRINT_STRINGS, 0);
	ck_assert_uint_eq(out.size, 2000002);
	print_free(&out);
}
END_TEST

void add_print_tests(Suite *suite)
{
	TCase *tcase = tcase_create("print");
	tcase_add_checked_fixture(tcase, values_setup, values_teardown);
	tcase_add_test(tcase, plain_form_is_that_of_otp);
	tcase_add_test(tcase, strings_show_as_text);
	tcase_add_test(tcase, atoms_show_unicode_when_asked);
	tcase_add_test(tcase, depth_ends_with_dots);
	tcase_add_test(tcase, identifiers_have_their_numbers);
	tcase_add_test(tcase, display_has_its_own_form);
	tcase_add_test(tcase, a_limit_cuts_between_characters);
	tcase_add_test(tcase, depth_costs_no_stack);
	suite_add_tcase(suite, tcase);
}
