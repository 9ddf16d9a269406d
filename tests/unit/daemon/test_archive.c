/* SPDX-License-Identifier: Apache-2.0 */
/* Tars, well formed and not. */
#include "../../../daemon/archive.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK 512

struct seen {
	size_t files, links, programs;
	size_t bytes;
	char last[ARCHIVE_PATH_MAX];
};

static int begin(void *user, enum archive_kind kind, const char *path, const char *target,
	struct archive_error *error)
{
	struct seen *seen = user;
	ck_assert_ptr_null(archive_path_check(path));
	seen->files += kind != ARCHIVE_LINK;
	seen->programs += kind == ARCHIVE_PROGRAM;
	seen->links += kind == ARCHIVE_LINK;
	ck_assert_int_eq(target != NULL, kind == ARCHIVE_LINK);
	(void)snprintf(seen->last, sizeof(seen->last), "%s", path); /* same size */
	return 0;
}

static int data(void *user, const void *bytes, size_t size)
{
	struct seen *seen = user;
	seen->bytes += size;
	return 0;
}

static int end(void *user)
{
	return 0;
}

static int read_bytes(
	const char *bytes, size_t size, struct seen *seen, struct archive_error *error)
{
	*seen = (struct seen){ 0 };
	const struct archive_sink sink = { .begin = begin, .data = data, .end = end, .user = seen };
	int fd = memfd_create("tar", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	int r = archive_read_tar(fd, 1u << 20, &sink, error);
	(void)close(fd); /* it is ours */
	return r;
}

static void sum(char *block)
{
	unsigned total = 0;
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		total += (unsigned char)block[i];
	(void)snprintf(block + 148, 8, "%06o", total); /* fits */
}

static size_t put_header(
	char *at, const char *name, char type, unsigned mode, unsigned size, const char *target)
{
	memset(at, 0, BLOCK);
	memcpy(at, name, strnlen(name, 100));
	(void)snprintf(at + 100, 8, "%07o", mode); /* these fit */
	(void)snprintf(at + 124, 12, "%011o", size);
	at[156] = type;
	memcpy(at + 157, target, strnlen(target, 100));
	memcpy(at + 257,
		"ustar\0"
		"00",
		8);
	sum(at);
	return BLOCK;
}

/* Two files, a link, and one with a name by an extended header. */
static size_t make_tar(char *out)
{
	static const char extended[] = "30 path=a/long/name/of/it.txt\n";
	size_t at = put_header(out, "./one/", '5', 0755, 0, "");
	at += put_header(out + at, "one/two.beam", '0', 0644, 600, "");
	memset(out + at, 'x', 2 * (size_t)BLOCK);
	at += 2 * (size_t)BLOCK;
	at += put_header(out + at, "one/run", '0', 0755, 0, "");
	at += put_header(out + at, "one/link", '2', 0777, 0, "two.beam");
	at += put_header(out + at, "x", 'x', 0644, sizeof(extended) - 1, "");
	memset(out + at, 0, BLOCK);
	memcpy(out + at, extended, sizeof(extended) - 1);
	at += BLOCK;
	at += put_header(out + at, "short", '0', 0644, 3, "");
	memset(out + at, 0, 3 * (size_t)BLOCK);
	memcpy(out + at, "abc", 3);
	return at + 3 * (size_t)BLOCK;
}

static char tar[32 * BLOCK];

START_TEST(a_tar_is_read_entry_by_entry)
{
	struct seen seen;
	struct archive_error error;
	size_t size = make_tar(tar);
	ck_assert_int_eq(read_bytes(tar, size, &seen, &error), 0);
	ck_assert_uint_eq(seen.files, 3);
	ck_assert_uint_eq(seen.programs, 1);
	ck_assert_uint_eq(seen.links, 1);
	ck_assert_uint_eq(seen.bytes, 603);
	ck_assert_str_eq(seen.last, "a/long/name/of/it.txt");
}

END_TEST

START_TEST(a_tar_that_is_cut_short_is_refused_with_its_place)
{
	struct seen seen;
	struct archive_error error;
	size_t size = make_tar(tar) - 2 * (size_t)BLOCK;
	for (size_t n = 0; n < size; n += 37) {
		ck_assert_int_eq(read_bytes(tar, n, &seen, &error), ARCHIVE_E_BAD);
		ck_assert(error.has_offset);
		ck_assert_uint_le(error.offset, n);
		ck_assert_str_ne(error.reason, "");
	}
}

END_TEST

START_TEST(names_that_lead_out_are_refused)
{
	static const char *const names[] = { "/etc/passwd", "../x", "a/../../x", "a//b", "a/./b",
		"a/..", "\xff\xfe", "a\nb" };
	struct seen seen;
	struct archive_error error;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t size = put_header(tar, names[i], '0', 0644, 0, "");
		memset(tar + size, 0, 2 * (size_t)BLOCK);
		ck_assert_msg(
			read_bytes(tar, size + 2 * (size_t)BLOCK, &seen, &error) == ARCHIVE_E_BAD,
			"%s", names[i]);
		ck_assert_uint_eq(seen.files, 0);
	}
}

END_TEST

START_TEST(links_that_lead_out_are_refused)
{
	static const struct {
		const char *name, *target;
		bool right;
	} links[] = { { "a/b", "c", true }, { "a/b", "../c", true }, { "a/b", "../../c", false },
		{ "b", "../c", false }, { "b", "/c", false }, { "b", "", false },
		{ "a/b", "c/../../../d", false } };

	struct seen seen;
	struct archive_error error;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		size_t size = put_header(tar, links[i].name, '2', 0777, 0, links[i].target);
		memset(tar + size, 0, 2 * (size_t)BLOCK);
		int r = read_bytes(tar, size + 2 * (size_t)BLOCK, &seen, &error);
		ck_assert_msg(r == (links[i].right ? 0 : ARCHIVE_E_BAD), "%s -> %s", links[i].name,
			links[i].target);
	}
}

END_TEST

START_TEST(what_is_larger_than_it_may_be_is_refused)
{
	struct seen seen;
	struct archive_error error;
	size_t size = put_header(tar, "large", '0', 0644, 2u << 20, "");
	ck_assert_int_eq(read_bytes(tar, size, &seen, &error), ARCHIVE_E_BAD);
	ck_assert_ptr_nonnull(strstr(error.reason, "larger"));
}

END_TEST

/* Bound: the work is the archive's size; what is asserted is that each is read or refused. */
START_TEST(no_byte_of_a_tar_can_do_harm)
{
	struct seen seen;
	struct archive_error error;
	size_t size = make_tar(tar);
	srand(7);
	for (int i = 0; i < 20000; i++) {
		char kept[4];
		size_t at[4];
		for (size_t k = 0; k < 4; k++) {
			at[k] = (size_t)rand() % size;
			kept[k] = tar[at[k]];
			tar[at[k]] = (char)rand();
		}
		/* Half of them with sums that are right, or nothing behind them is looked at. */
		char block[BLOCK];
		size_t header = at[0] / BLOCK * BLOCK;
		memcpy(block, tar + header, BLOCK);
		if (i % 2 == 0 && memcmp(tar + header + 257, "ustar", 5) == 0)
			sum(tar + header);
		int r = read_bytes(tar, size, &seen, &error);
		ck_assert_msg(r == 0 || r == ARCHIVE_E_BAD, "%d", r);
		memcpy(tar + header, block, BLOCK);
		for (size_t k = 4; k-- > 0;)
			tar[at[k]] = kept[k];
	}
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("archive");
	TCase *tests = tcase_create("tar");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_tar_is_read_entry_by_entry);
	tcase_add_test(tests, a_tar_that_is_cut_short_is_refused_with_its_place);
	tcase_add_test(tests, names_that_lead_out_are_refused);
	tcase_add_test(tests, links_that_lead_out_are_refused);
	tcase_add_test(tests, what_is_larger_than_it_may_be_is_refused);
	tcase_add_test(tests, no_byte_of_a_tar_can_do_harm);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
