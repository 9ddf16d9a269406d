/* SPDX-License-Identifier: Apache-2.0 */
/* What files held, while nodes boot. */
#include "base/account.h"
#include "binary/binary.h"
#include "code/contents.h"
#include "tests.h"

#include <string.h>
#include <time.h>

static const struct stat old = {
	.st_dev = 1, .st_ino = 2, .st_size = 100, .st_mtim = { 4, 5 }, .st_ctim = { 6, 7 }
};

/* A machine of which two nodes have booted. */
static void wake(void)
{
	contents_start();
	ck_assert(!contents_boot());
	ck_assert(contents_boot());
}

static void enter(const struct stat *st, int byte)
{
	struct content *content = content_new((size_t)st->st_size, 10);
	ck_assert_ptr_nonnull(content);
	memset(content->data, byte, content->capacity);
	content_enter(content, st);
	(void)content_unref(content); /* always NULL */
}

START_TEST(nothing_is_kept_of_what_an_only_node_reads)
{
	ck_assert_ptr_null(content_new(100, 0));
	contents_start();
	ck_assert_ptr_null(content_new(100, 0));
	ck_assert(!contents_boot());
	ck_assert_ptr_null(content_new(100, 0));
	contents_stop();
}

END_TEST

START_TEST(a_file_that_has_changed_is_another_one)
{
	wake();
	enter(&old, 'a');
	struct content *content = content_find(&old);
	ck_assert_ptr_nonnull(content);
	ck_assert_uint_eq(content->size, 100);
	ck_assert_int_eq(content->data[99], 'a');
	(void)content_unref(content); /* always NULL */
	struct stat other = old;
	other.st_mtim.tv_nsec++;
	ck_assert_ptr_null(content_find(&other));
	other = old;
	other.st_ctim.tv_sec++;
	ck_assert_ptr_null(content_find(&other));
	other = old;
	other.st_ino++;
	ck_assert_ptr_null(content_find(&other));
	other = old;
	other.st_dev++;
	ck_assert_ptr_null(content_find(&other));
	other = old;
	other.st_size++;
	ck_assert_ptr_null(content_find(&other));
	contents_stop();
}

END_TEST

START_TEST(a_file_that_changed_just_now_is_not_kept)
{
	struct stat st = old;
	wake();
	(void)clock_gettime(CLOCK_REALTIME, &st.st_ctim);
	enter(&st, 'a');
	ck_assert_ptr_null(content_find(&st));
	ck_assert_uint_eq(contents_bytes(), 0);
	contents_stop();
}

END_TEST

START_TEST(it_is_empty_when_no_node_has_booted_for_a_while)
{
	wake();
	enter(&old, 'a');
	ck_assert_uint_gt(contents_bytes(), 100);
	ck_assert(!contents_boot()); /* somebody is to look already */
	ck_assert(contents_look());
	ck_assert_uint_gt(contents_bytes(), 100);
	ck_assert(!contents_look());
	ck_assert_uint_eq(contents_bytes(), 0);
	ck_assert_ptr_null(content_find(&old));
	ck_assert_ptr_null(content_new(100, 0));
	/* And it begins anew. */
	ck_assert(contents_boot());
	enter(&old, 'b');
	struct content *content = content_find(&old);
	ck_assert_ptr_nonnull(content);
	contents_stop();
	ck_assert_uint_eq(contents_bytes(), 0);
	ck_assert_int_eq(content->data[0], 'b'); /* whoever has it still does */
	(void)content_unref(content);            /* always NULL */
	ck_assert(!contents_look());
}

END_TEST

START_TEST(there_is_a_bound)
{
	struct stat st = old;
	wake();
	st.st_size = CONTENTS_MAX_BYTES / 4;
	for (int i = 0; i < 3; i++) {
		st.st_ino++;
		enter(&st, i);
	}
	ck_assert_ptr_null(content_new(CONTENTS_MAX_BYTES / 4, 0));
	ck_assert_ptr_null(content_new(SIZE_MAX, 10));
	ck_assert_uint_le(contents_bytes(), CONTENTS_MAX_BYTES);
	st.st_ino++;
	st.st_size = 1000;
	enter(&st, 3);
	contents_stop();
}

END_TEST

START_TEST(each_who_has_a_binary_of_it_is_charged_in_full)
{
	struct account *one = account_new(), *two = account_new();
	struct account_batch batch;
	account_thread_init(&batch);
	wake();
	enter(&old, 'a');
	account_switch(one);
	struct binary *a = content_binary(content_find(&old));
	account_switch(two);
	struct binary *b = content_binary(content_find(&old));
	account_switch(NULL);
	ck_assert_ptr_eq(a->data, b->data);
	ck_assert_uint_eq(a->size, 100);
	ck_assert(!binary_is_growable(a));
	ck_assert_int_eq(account_used(one, ACCOUNT_BINARIES), (int64_t)(sizeof(*a) + 110));
	ck_assert_int_eq(account_used(two, ACCOUNT_BINARIES), (int64_t)(sizeof(*a) + 110));
	contents_stop();
	(void)binary_unref(a); /* always NULL */
	ck_assert_int_eq(account_used(one, ACCOUNT_BINARIES), 0);
	ck_assert_int_eq(b->data[99], 'a');
	(void)binary_unref(b); /* always NULL */
	ck_assert_int_eq(account_used(two, ACCOUNT_BINARIES), 0);
	account_thread_done();
	account_unref(one);
	account_unref(two);
}

END_TEST

TCase *contents_case(void)
{
	TCase *c = tcase_create("contents");
	tcase_add_test(c, nothing_is_kept_of_what_an_only_node_reads);
	tcase_add_test(c, a_file_that_has_changed_is_another_one);
	tcase_add_test(c, a_file_that_changed_just_now_is_not_kept);
	tcase_add_test(c, it_is_empty_when_no_node_has_booted_for_a_while);
	tcase_add_test(c, there_is_a_bound);
	tcase_add_test(c, each_who_has_a_binary_of_it_is_charged_in_full);
	return c;
}
