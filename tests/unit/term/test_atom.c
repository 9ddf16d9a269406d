/* SPDX-License-Identifier: Apache-2.0 */
/* The atom table, alone and with several threads. */
#include "term/atom.h"
#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void setup(void)
{
	atom_init(100000);
}

static void teardown(void)
{
	atom_done();
}

START_TEST(constants_have_their_texts)
{
	struct atom_text text = atom_text(A(undefined));
	ck_assert_uint_eq(text.size, 9);
	ck_assert_mem_eq(text.bytes, "undefined", 9);
	ck_assert_uint_eq(atom_text(A(empty)).size, 0);
	ck_assert(atom_lookup((const uint8_t *)"ok", 2) == A(ok));
}
END_TEST

START_TEST(a_text_has_one_atom)
{
	uint32_t before = atom_count();
	ck_assert(atom_lookup((const uint8_t *)"never seen", 10) == TERM_NONE);
	term t = atom_of_string("never seen");
	ck_assert(t == atom_of_string("never seen"));
	ck_assert(t == atom_lookup((const uint8_t *)"never seen", 10));
	ck_assert_uint_eq(atom_count(), before + 1);
}
END_TEST

START_TEST(bad_texts_are_refused)
{
	char text[4 * 256];
	bool full = true;
	memset(text, 'a', sizeof(text));
	ck_assert(atom_intern((uint8_t *)text, 256, &full) == TERM_NONE);
	ck_assert(!full);
	ck_assert(atom_intern((uint8_t *)text, 255, &full) != TERM_NONE);
	for (int i = 0; i < 256; i++)
		memcpy(text + 2 * i, "\xC3\xA5", 2);
	ck_assert_uint_eq(atom_text(atom_intern((uint8_t *)text, 510, NULL)).chars, 255);
	ck_assert(atom_intern((uint8_t *)text, 512, NULL) == TERM_NONE);
	ck_assert(atom_intern((const uint8_t *)"\xFF", 1, NULL) == TERM_NONE);
	ck_assert(atom_intern((const uint8_t *)"\xED\xA0\x80", 3, NULL) == TERM_NONE);
}
END_TEST

START_TEST(order_is_that_of_code_points)
{
	static const char *const texts[] = { "", "A", "Z", "a", "aa", "aaaaaaaa", "aaaaaaaab", "aaaaaaab", "b", "\xC3\xA5",
		"\xD0\xB6" };
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
			int order = atom_compare(atom_of_string(texts[i]), atom_of_string(texts[j]));
			ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
		}
}
END_TEST

START_TEST(a_full_table_says_so)
{
	char text[16];
	bool full = false;
	for (int i = 0; !full; i++) {
		(void)snprintf(text, sizeof(text), "fill%d", i);
		(void)atom_intern((uint8_t *)text, strlen(text), &full);
	}
	ck_assert_uint_eq(atom_count(), atom_limit());
	ck_assert(atom_of_string("ok") == A(ok));
}
END_TEST

#define THREAD_ATOMS 20000

static void *intern_many(void *arg)
{
	term *found = arg;
	char text[16];
	for (int i = 0; i < THREAD_ATOMS; i++) {
		(void)snprintf(text, sizeof(text), "shared%d", i);
		found[i] = atom_of_string(text);
	}
	return NULL;
}

START_TEST(threads_agree)
{
	static term found[4][THREAD_ATOMS];
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, intern_many, found[i]), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < THREAD_ATOMS; i++) {
		char text[16];
		(void)snprintf(text, sizeof(text), "shared%d", i);
		struct atom_text t = atom_text(found[0][i]);
		ck_assert(t.size == strlen(text) && memcmp(t.bytes, text, t.size) == 0);
		for (int j = 1; j < 4; j++)
			ck_assert(found[j][i] == found[0][i]);
	}
	ck_assert_uint_eq(atom_count(), ATOM_CONSTANTS + THREAD_ATOMS);
}
END_TEST

void add_atom_tests(Suite *suite)
{
	TCase *tcase = tcase_create("atom");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, constants_have_their_texts);
	tcase_add_test(tcase, a_text_has_one_atom);
	tcase_add_test(tcase, bad_texts_are_refused);
	tcase_add_test(tcase, order_is_that_of_code_points);
	tcase_add_test(tcase, a_full_table_says_so);
	tcase_add_test(tcase, threads_agree);
	suite_add_tcase(suite, tcase);
}
