/* SPDX-License-Identifier: Apache-2.0 */
/* Term text: values, errors with their places, damage. */
#include "data/map.h"
#include "data/text.h"
#include "term/atom.h"
#include "term/compare.h"
#include "term/export.h"
#include "term/print.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

static struct heap heap;

static void setup(void)
{
	atom_init(100000);
	export_init();
	map_init();
	heap_init_builder(&heap);
}

static void teardown(void)
{
	heap_done(&heap);
	map_exit();
	atom_done();
}

/* Text and what ~tw prints of it; NULL: the same. */
static const struct {
	const char *text;
	const char *printed;
} cases[] = {
	{ "a", NULL },
	{ "'hello world'", NULL },
	{ "''", NULL },
	{ "'it\\'s'", NULL },
	{ "a@b_C9", NULL },
	{ "-12", NULL },
	{ "- - 12", "12" },
	{ "+7", "7" },
	{ "1_000_000", "1000000" },
	{ "16#fF", "255" },
	{ "2#1010", "10" },
	{ "-36#Zz", "-1295" },
	{ "123456789012345678901234567890", NULL },
	{ "1.5", NULL },
	{ "-1.5e3", "-1.5e3" },
	{ "1.0E-10", "1.0e-10" },
	{ "$a", "97" },
	{ "$\\n", "10" },
	{ "$\\x{1F600}", "128512" },
	{ "$ ", "32" },
	{ "\"abc\"", "[97,98,99]" },
	{ "\"a\" \"b\"", "[97,98]" },
	{ "\"\\x41\\102\\^a\\s\\\\\"", "[65,66,1,32,92]" },
	{ "\"\"", "[]" },
	{ "[]", NULL },
	{ "[ a , b|c ]", "[a,b|c]" },
	{ "[a|[b|[]]]", "[a,b]" },
	{ "{}", NULL },
	{ "{a,{b,[c]},\"\"}", "{a,{b,[c]},[]}" },
	{ "#{}", NULL },
	{ "#{a => 1,b => #{}}", NULL },
	{ "#{ a => 1, a => 2 }", "#{a => 2}" },
	{ "<<>>", NULL },
	{ "<<1,2,255>>", NULL },
	{ "<<\"ab\",1:4>>", "<<97,98,1:4>>" },
	{ "<<\"\xC3\xA5\"/utf8>>", "<<195,165>>" },
	{ "<<\"\xC3\xA5\">>", "<<229>>" },
	{ "<<16#1234:16/little>>", "<<52,18>>" },
	{ "<<-1:16/signed-big-integer, 1.5:32/float>>", "<<255,255,63,192,0,0>>" },
	{ "<<1:2/unit:8>>", "<<0,1>>" },
	{ "<0.12.3>", NULL },
	{ "#Ref<0.1.2.3>", NULL },
	{ "#Port<0.6>", NULL },
	{ "fun lists:map/2", NULL },
	{ "fun 'a b':'c d'/0", NULL },
	{ "fun_a", NULL },
	{ "% remark\n {a, % another\n b}. % end", "{a,b}" },
	{ "a.", "a" },
	{ "{1}. ", "{1}" },
};

START_TEST(text_means_what_it_says)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text_error error;
		term t = text_parse(&heap, cases[i].text, strlen(cases[i].text), 0, NULL, &error);
		ck_assert_msg(t != TERM_NONE, "%s: %s", cases[i].text, error.reason);
		struct print_out out;
		print_init_growing(&out, SIZE_MAX);
		print_term(&out, t, PRINT_UNICODE, 0);
		print_bytes(&out, "", 1);
		ck_assert_str_eq(out.data, cases[i].printed != NULL ? cases[i].printed : cases[i].text);
		/* And what is printed reads back. */
		term again = text_parse(&heap, out.data, strlen(out.data), 0, NULL, &error);
		ck_assert(again != TERM_NONE && term_equal(again, t));
		print_free(&out);
	}
}
END_TEST

START_TEST(errors_name_line_column_and_reason)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *reason;
	} bad[] = {
		{ "", 1, 1, "the text ends within a term" },
		{ "{a,\n  Var}", 2, 3, "a variable has no value here" },
		{ "[1,2", 1, 5, "the text ends within a term" },
		{ "[1 2]", 1, 4, "\",\", \"|\" or \"]\" must follow here" },
		{ "{1|2}", 1, 3, "\",\" or \"}\" must follow here" },
		{ "#{a,b}", 1, 4, "\"=>\" must follow here" },
		{ "a b", 1, 3, "something follows the term" },
		{ "'\xC3\xA5\xC3\xA4\xC3\xB6", 1, 1, "a quote that is not closed" },
		{ "[\xC3\xA5, )]", 1, 5, "no term begins like that" },
		{ "<<256, a>>", 1, 8, "something else where a number must be" },
		{ "<<1:100000000000>>", 1, 1, "a segment whose value and type or size do not fit" },
		{ "<0.1>", 1, 1, "no pid of this machine looks like that" },
		{ "<9.1.2>", 1, 1, "no pid of this machine looks like that" },
		{ "37#1", 1, 1, "a base that is not 2 to 36" },
		{ "2#2", 1, 3, "a digit that its base has not" },
		{ "\"\\xZ\"", 1, 4, "a broken \\x escape" },
		{ "fun a:b", 1, 8, "the text ends within a term" },
		{ "[]]", 1, 3, "something follows the term" },
		{ "<<\"\xE6\x97\xA5\">>", 1, 3, "a character over 255 in a binary without /utf8" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct text_error error = { 0 };
		ck_assert_uint_eq(text_parse(&heap, bad[i].text, strlen(bad[i].text), 0, NULL, &error), TERM_NONE);
		ck_assert_str_eq(error.reason, bad[i].reason);
		ck_assert_uint_eq(error.line, bad[i].line);
		ck_assert_uint_eq(error.column, bad[i].column);
	}
}
END_TEST

START_TEST(known_atoms_only_makes_none)
{
	struct text_error error;
	uint32_t before = atom_count();
	ck_assert_uint_eq(text_parse(&heap, "{ok, never_met}", 15, TEXT_KNOWN_ATOMS, NULL, &error), TERM_NONE);
	ck_assert_str_eq(error.reason, "an atom that does not exist");
	ck_assert_uint_eq(error.column, 6);
	ck_assert_uint_eq(atom_count(), before);
	ck_assert(text_parse(&heap, "{ok, error}", 11, TEXT_KNOWN_ATOMS, NULL, &error) != TERM_NONE);
}
END_TEST

START_TEST(what_follows_may_be_left)
{
	struct text_error error;
	size_t used = 0;
	ck_assert_uint_eq(text_parse(&heap, "ok . rest", 9, TEXT_MAY_REST, &used, &error), A(ok));
	ck_assert_uint_eq(used, 4);
}
END_TEST

START_TEST(depth_costs_no_stack_in_text)
{
	size_t n = 400000;
	char *text = malloc(2 * n);
	struct text_error error;
	memset(text, '[', n);
	memset(text + n, ']', n);
	ck_assert(text_parse(&heap, text, 2 * n, 0, NULL, &error) != TERM_NONE);
	ck_assert_uint_eq(text_parse(&heap, text, n, 0, NULL, &error), TERM_NONE);
	free(text);
}
END_TEST

START_TEST(damaged_text_is_refused_or_parsed)
{
	static const char alphabet[] = "[]{}<>#|,.=\"'\\$%-+01aAeEx:/ \n_\xC3\xA5";
	for (int round = 0; round < 60000; round++) {
		const char *source = cases[(size_t)random() % ARRAY_SIZE(cases)].text;
		size_t size = strlen(source);
		char *text = malloc(size + 1);
		memcpy(text, source, size);
		for (long n = random() % 4; n > 0 && size > 0; n--)
			text[(size_t)random() % size] = alphabet[(size_t)random() % (sizeof(alphabet) - 1)];
		struct text_error error;
		struct heap own;
		heap_init_builder(&own);
		char *exact = malloc(size); /* so that a sanitizer sees any step over the end */
		memcpy(exact, text, size);
		term t = text_parse(&own, exact, size, TEXT_KNOWN_ATOMS, NULL, &error);
		if (t != TERM_NONE)
			(void)term_hash(t, 0);
		else
			ck_assert_uint_le(error.offset, size);
		heap_done(&own);
		free(exact);
		free(text);
	}
}
END_TEST

void add_text_tests(Suite *suite)
{
	TCase *c = tcase_create("text");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 300);
	tcase_add_test(c, text_means_what_it_says);
	tcase_add_test(c, errors_name_line_column_and_reason);
	tcase_add_test(c, known_atoms_only_makes_none);
	tcase_add_test(c, what_follows_may_be_left);
	tcase_add_test(c, depth_costs_no_stack_in_text);
	tcase_add_test(c, damaged_text_is_refused_or_parsed);
	suite_add_tcase(suite, c);
}
