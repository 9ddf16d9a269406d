/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes: OTP's against what OTP answered, our own against equality. */
#include "binary/binary.h"
#include "term/atom.h"
#include "term/compare.h"
#include "tests.h"
#include "values.h"

START_TEST(phash2_is_that_of_otp)
{
	for (size_t i = 0; i < otp_value_count; i++)
		ck_assert_msg(term_phash2(value_term(&otp_values[i])) == otp_values[i].phash2, "%zu: %s", i, otp_values[i].text);
}
END_TEST

START_TEST(phash_is_that_of_otp)
{
	for (size_t i = 0; i < otp_value_count; i++)
		ck_assert_msg(term_phash(value_term(&otp_values[i])) == otp_values[i].phash, "%zu: %s", i, otp_values[i].text);
}
END_TEST

START_TEST(equal_terms_hash_alike)
{
	for (size_t i = 0; i < otp_value_count; i++) {
		term a = value_term(&otp_values[i]);
		term b = value_term(&otp_values[i]);
		ck_assert(term_hash(a, 0) == term_hash(b, 0));
		ck_assert(term_hash(a, 1) == term_hash(b, 1));
	}
}
END_TEST

/* The same bits, from every offset and in every kind of bitstring. */
START_TEST(bits_hash_by_value)
{
	static const uint8_t bytes[100] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 250, 251, 252, 253, 254, 255 };
	for (size_t size = 0; size <= 790; size += 7) {
		term a = bits_of_bits(&test_heap, bytes, 0, size);
		uint64_t hash = term_hash(a, 0);
		uint32_t portable = term_phash2(a);
		uint32_t old = term_phash(a);
		for (size_t offset = 1; offset < 10; offset++) {
			uint8_t *data;
			term b = bits_new(&test_heap, 810, &data);
			memset(data, 0xFF, 102);
			data[101] = 0xC0;
			bits_copy(data, offset, bytes, 0, size);
			b = bits_part(&test_heap, b, offset, size);
			ck_assert(term_equal(a, b));
			ck_assert(term_hash(b, 0) == hash);
			ck_assert(term_phash2(b) == portable);
			ck_assert(term_phash(b) == old);
		}
	}
}
END_TEST

static term record(const char *module, const char *name, term exported, size_t count, const char *const *fields, const term *values)
{
	term *definition = heap_alloc(&test_heap, 4 + count);
	definition[0] = HEADER(BOXED_TUPLE, 3 + count);
	definition[1] = atom_of_string(module);
	definition[2] = atom_of_string(name);
	definition[3] = exported;
	term *p = heap_alloc(&test_heap, 2 + count);
	p[0] = HEADER(BOXED_RECORD, 1 + count);
	p[1] = term_of_boxed(definition);
	for (size_t i = 0; i < count; i++) {
		definition[4 + i] = atom_of_string(fields[i]);
		p[2 + i] = values[i];
	}
	return term_of_boxed(p);
}

/* Source: OTP 29.1.2, modules nr2 and nr3. */
START_TEST(phash2_of_native_records)
{
	static const char *const fields[] = { "a", "b" };
	static const char *const fruit[] = { "apple1", "mango1", "zebra1" };
	term numbers[] = { term_of_small(1), term_of_small(2), term_of_small(3) };
	term zeros[] = { TERM_ZERO, TERM_ZERO };
	term nils[] = { TERM_NIL, TERM_NIL };
	ck_assert_uint_eq(term_phash2(record("nr2", "em", A(false), 0, fields, NULL)), 1459517480);
	ck_assert_uint_eq(term_phash2(record("nr3", "r2", A(false), 3, fruit, numbers)), 2711975386);
	ck_assert_uint_eq(term_phash2(record("nr2", "pair", A(true), 2, fields, zeros)), 3278112921);
	ck_assert_uint_eq(term_phash2(record("nr2", "pair", A(true), 2, fields, nils)), 88607667);
}
END_TEST

START_TEST(small_integers_spread_over_branches)
{
	unsigned counts[16] = { 0 };
	for (int i = 0; i < 16000; i++)
		counts[term_hash(term_of_small(i), 0) & 15]++;
	for (int i = 0; i < 16; i++)
		ck_assert(counts[i] > 800 && counts[i] < 1200);
}
END_TEST

void add_hash_tests(Suite *suite)
{
	TCase *tcase = tcase_create("hash");
	tcase_add_checked_fixture(tcase, values_setup, values_teardown);
	tcase_add_test(tcase, phash2_is_that_of_otp);
	tcase_add_test(tcase, phash_is_that_of_otp);
	tcase_add_test(tcase, equal_terms_hash_alike);
	tcase_add_test(tcase, bits_hash_by_value);
	tcase_add_test(tcase, phash2_of_native_records);
	tcase_add_test(tcase, small_integers_spread_over_branches);
	suite_add_tcase(suite, tcase);
}
