/* SPDX-License-Identifier: Apache-2.0 */
/* Files as compilers made them load; files that were damaged are refused by name, and nothing is left of them. */
#include "base/alloc.h"
#include "base/epoch.h"
#include "code/region.h"
#include "heap/literal.h"
#include "tests.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_BYTES 4096

struct tally {
	size_t files, bad;
};

static void nothing(void *user, term module, term function, uint32_t arity)
{
	(void)user, (void)module, (void)function, (void)arity;
}

static int load_bytes(const uint8_t *data, size_t size, struct load_error *error)
{
	term module;
	struct names names = { 0 };
	int r = load_check(data, size, nothing, nothing, NULL, &names, &module, error);
	names_done(&names);
	epoch_drain();
	return r;
}

static void load_file(const char *path, struct tally *tally)
{
	size_t size;
	uint8_t *data = file_read(path, &size);
	struct load_error error = { 0 };
	ck_assert_ptr_nonnull(data);
	int r = load_bytes(data, size, &error);
	if (r != 0)
		printf("%s: %s+%zu: %s\n", path, error.chunk, error.offset, error.reason);
	tally->files++;
	tally->bad += r != 0;
	free(data);
}

static void load_dir(const char *dir, struct tally *tally)
{
	DIR *d = opendir(dir);
	if (d == NULL)
		return;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		char path[8704];
		size_t length = strlen(e->d_name);
		if (length < 5 || strcmp(e->d_name + length - 5, ".beam") != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		load_file(path, tally);
	}
	closedir(d);
}

/* ROOTS: folders like /usr/lib/erlang, between colons; BEAMR_TEST_OTP_ROOTS in the environment. */
START_TEST(every_module_of_every_release_at_hand_loads)
{
	const char *roots = getenv("BEAMR_TEST_OTP_ROOTS");
	char *copy = strdup(roots != NULL ? roots : "/usr/lib/erlang");
	machine_parts_init();
	for (char *save = NULL, *root = strtok_r(copy, ":", &save); root != NULL; root = strtok_r(NULL, ":", &save)) {
		char lib[4096];
		struct tally tally = { 0 };
		(void)snprintf(lib, sizeof(lib), "%s/lib", root);
		DIR *d = opendir(lib);
		if (d == NULL)
			continue;
		for (struct dirent *e; (e = readdir(d)) != NULL;) {
			char ebin[8192];
			(void)snprintf(ebin, sizeof(ebin), "%s/%s/ebin", lib, e->d_name);
			if (e->d_name[0] != '.')
				load_dir(ebin, &tally);
		}
		closedir(d);
		printf("%s: %zu modules, %zu refused\n", root, tally.files, tally.bad);
		ck_assert_uint_eq(tally.bad, 0);
	}
	free(copy);
}
END_TEST

static const char *const samples[] = { "small_25", "small_27", "small_29", "small_gz", "tiny_29" };

static uint8_t *sample_read(int i, size_t *ret_size)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/%s", CODE_CORPUS, samples[i]);
	uint8_t *data = file_read(path, ret_size);
	ck_assert_ptr_nonnull(data);
	return data;
}

/* A damaged file: some answer, and if it is no, with a place and a reason. */
static void try_damaged(const uint8_t *data, size_t size)
{
	struct load_error error = { 0 };
	int r = load_bytes(data, size, &error);
	ck_assert(r == 0 || r == LOAD_E_FORMAT || r == LOAD_E_LIMIT);
	if (r != 0) {
		ck_assert_uint_ge(strlen(error.chunk), 4);
		ck_assert_uint_ge(strlen(error.reason), 5);
	}
}

START_TEST(a_file_that_is_cut_anywhere_is_refused_and_leaves_nothing)
{
	size_t size;
	machine_parts_init();
	uint8_t *data = sample_read(_i, &size);
	struct load_error error;
	ck_assert_int_eq(load_bytes(data, size, &error), 0);
	int64_t temp = mem_used(MEM_TEMP);
	size_t code = code_region_used_bytes(), literals = literal_used_words();
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *copy = malloc(cut + 1); /* exactly, so that a read past the end is seen */
		memcpy(copy, data, cut);
		try_damaged(copy, cut);
		free(copy);
	}
	/* Numbers of atoms and exports wait to be given again: as many as one file has. */
	ck_assert_int_lt(mem_used(MEM_TEMP) - temp, NUMBERS_BYTES);
	ck_assert_uint_eq(code_region_used_bytes(), code);
	ck_assert_uint_eq(literal_used_words(), literals);
	free(data);
}
END_TEST

START_TEST(a_file_with_any_byte_changed_is_refused_or_loads_and_leaves_nothing)
{
	static const uint8_t changes[] = { 0x01, 0x10, 0x80, 0xFF, 0x08 };
	size_t size;
	machine_parts_init();
	uint8_t *data = sample_read(_i, &size);
	int64_t temp = mem_used(MEM_TEMP);
	size_t code = code_region_used_bytes(), literals = literal_used_words();
	for (size_t at = 0; at < size; at++) {
		for (size_t c = 0; c < sizeof(changes); c++) {
			data[at] ^= changes[c];
			try_damaged(data, size);
			data[at] ^= changes[c];
		}
	}
	/* Numbers of atoms and exports wait to be given again: as many as one file has. */
	ck_assert_int_lt(mem_used(MEM_TEMP) - temp, NUMBERS_BYTES);
	ck_assert_uint_eq(code_region_used_bytes(), code);
	ck_assert_uint_eq(literal_used_words(), literals);
	free(data);
}
END_TEST

START_TEST(equal_files_share_one_code_until_the_last_reference_goes)
{
	size_t size;
	machine_parts_init();
	uint8_t *data = sample_read(0, &size);
	struct load_error error;
	struct module_code *a, *b, *c;
	size_t before = code_region_used_bytes();
	ck_assert_int_eq(load_code(data, size, TERM_NONE, &a, &error), 0);
	ck_assert_int_eq(load_code(data, size, TERM_NONE, &b, &error), 0);
	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_eq(module_code_at(a->code), a);
	ck_assert_ptr_eq(module_code_at(a->code + a->code_words - 1), a);
	ck_assert_int_eq(load_code_again(data, size, TERM_NONE, &c, &error), 0);
	ck_assert_ptr_ne(a, c);
	(void)module_code_unref(c);
	(void)module_code_unref(b);
	ck_assert_ptr_eq(module_code_at(a->code), a);
	const uint64_t *code = a->code;
	(void)module_code_unref(a);
	ck_assert_ptr_null(module_code_at(code));
	ck_assert_uint_eq(code_region_used_bytes(), before);
	free(data);
}
END_TEST

START_TEST(a_module_by_another_name_than_expected_is_refused)
{
	size_t size;
	machine_parts_init();
	uint8_t *data = sample_read(0, &size);
	struct load_error error = { 0 };
	struct module_code *code;
	ck_assert_int_eq(load_code(data, size, term_of_atom_index(0), &code, &error), LOAD_E_FORMAT);
	ck_assert_str_eq(error.chunk, "AtU8");
	free(data);
}
END_TEST

TCase *load_case(void)
{
	TCase *tc = tcase_create("load");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, every_module_of_every_release_at_hand_loads);
	tcase_add_loop_test(tc, a_file_that_is_cut_anywhere_is_refused_and_leaves_nothing, 0, 5);
	tcase_add_loop_test(tc, a_file_with_any_byte_changed_is_refused_or_loads_and_leaves_nothing, 0, 5);
	tcase_add_test(tc, equal_files_share_one_code_until_the_last_reference_goes);
	tcase_add_test(tc, a_module_by_another_name_than_expected_is_refused);
	return tc;
}
