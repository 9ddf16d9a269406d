/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of files by identity, and notes of them in binaries. */
#include "binary/binary.h"
#include "code/digests.h"
#include "tests.h"

#include <string.h>
#include <time.h>

static const uint8_t some[DIGEST_BYTES] = { 1, 2, 3 };

START_TEST(a_file_is_known_by_all_of_its_identity)
{
	struct stat st = {
		.st_dev = 1, .st_ino = 2, .st_size = 3, .st_mtim = { 4, 5 }, .st_ctim = { 6, 7 }
	};
	uint8_t found[DIGEST_BYTES];
	ck_assert(!digests_find(&st, found));
	digests_enter(&st, some);
	ck_assert(digests_find(&st, found));
	ck_assert_mem_eq(found, some, sizeof(some));
	struct stat other = st;
	other.st_ctim.tv_nsec++;
	ck_assert(!digests_find(&other, found) && !digests_same(&st, &other));
	other = st;
	other.st_ino++;
	ck_assert(!digests_find(&other, found));
	other = st;
	other.st_size++;
	ck_assert(!digests_find(&other, found));
	digests_done();
	ck_assert(!digests_find(&st, found));
}

END_TEST

START_TEST(a_file_that_changed_just_now_is_not_believed)
{
	struct stat st = { .st_dev = 1, .st_ino = 2 };
	uint8_t found[DIGEST_BYTES];
	(void)clock_gettime(CLOCK_REALTIME, &st.st_ctim);
	digests_enter(&st, some);
	ck_assert(!digests_find(&st, found));
}

END_TEST

START_TEST(a_table_that_is_full_begins_anew)
{
	struct stat st = { .st_dev = 1 };
	uint8_t found[DIGEST_BYTES];
	for (st.st_ino = 0; st.st_ino <= DIGESTS_MAX; st.st_ino++)
		digests_enter(&st, some);
	st.st_ino = DIGESTS_MAX;
	ck_assert(digests_find(&st, found));
	st.st_ino = 0;
	ck_assert(!digests_find(&st, found));
	digests_done();
}

END_TEST

START_TEST(a_note_is_found_where_it_was_put_and_nowhere_else)
{
	uint8_t found[DIGEST_BYTES];
	struct binary *b = binary_new(100 + DIGEST_NOTE_BYTES);
	memset(b->data, 0, 100 + DIGEST_NOTE_BYTES);
	b->size = 100;
	ck_assert(!digest_noted(b, found));
	digest_note(b, some);
	ck_assert(digest_noted(b, found));
	ck_assert_mem_eq(found, some, sizeof(some));
	b->size = 99;
	ck_assert(!digest_noted(b, found));
	(void)binary_unref(b); /* always NULL */
	b = binary_new(DIGEST_NOTE_BYTES);
	ck_assert(!digest_noted(b, found)); /* no room for one */
	(void)binary_unref(b);              /* always NULL */
}

END_TEST

TCase *digests_case(void)
{
	TCase *c = tcase_create("digests");
	tcase_add_test(c, a_file_is_known_by_all_of_its_identity);
	tcase_add_test(c, a_file_that_changed_just_now_is_not_believed);
	tcase_add_test(c, a_table_that_is_full_begins_anew);
	tcase_add_test(c, a_note_is_found_where_it_was_put_and_nowhere_else);
	return c;
}
