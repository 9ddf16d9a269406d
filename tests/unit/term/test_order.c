/* SPDX-License-Identifier: Apache-2.0 */
/* Order and equality against OTP's order of the same terms, and properties that any order has. */
#include "data/big.h"
#include "data/map.h"
#include "term/atom.h"
#include "term/compare.h"
#include "term/record.h"
#include "tests.h"
#include "values.h"

#include <math.h>

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

START_TEST(order_is_that_of_otp)
{
	for (size_t i = 0; i < otp_value_count; i++) {
		term a = value_term(&otp_values[i]);
		for (size_t j = 0; j < otp_value_count; j++) {
			term b = value_term(&otp_values[j]);
			int expected = sign((int)i - (int)j);
			ck_assert_msg(sign(term_compare(a, b)) == expected, "%zu %zu", i, j);
			ck_assert(sign(term_compare_exact(a, b)) == -sign(term_compare_exact(b, a)));
			ck_assert(term_equal(a, b) == (i == j));
			ck_assert(term_equal_value(a, b) == (i == j));
		}
	}
}
END_TEST

static term small(int64_t v)
{
	return integer_of_i64(&test_heap, v);
}

static term real(double d)
{
	return heap_float(&test_heap, d);
}

START_TEST(integers_and_floats_compare_exactly)
{
	ck_assert_int_eq(number_compare(small(1), real(1.0)), 0);
	ck_assert_int_lt(number_compare(small(9007199254740992), real(9007199254740994.0)), 0);
	ck_assert_int_gt(number_compare(small(9007199254740993), real(9007199254740992.0)), 0);
	ck_assert_int_eq(number_compare(small(INT64_MIN), real(-0x1p63)), 0);
	ck_assert_int_lt(number_compare(small(INT64_MAX), real(0x1p63)), 0);
	ck_assert_int_gt(number_compare(small(INT64_MAX), real(9223372036854774784.0)), 0);
	ck_assert_int_lt(number_compare(small(INT64_MAX), real(1e300)), 0);
	ck_assert_int_gt(number_compare(small(INT64_MIN), real(-1e300)), 0);
	ck_assert_int_gt(number_compare(small(2), real(1.5)), 0);
	ck_assert_int_lt(number_compare(small(-2), real(-1.5)), 0);
	ck_assert(term_equal_value(small(2), real(2.0)));
	ck_assert(!term_equal(small(2), real(2.0)));
}
END_TEST

START_TEST(keys_order_integers_before_floats)
{
	ck_assert_int_lt(term_compare_exact(small(1000), real(1.0)), 0);
	ck_assert_int_gt(term_compare_exact(real(1.0), small(INT64_MAX)), 0);
	ck_assert_int_lt(term_compare_exact(real(-0.0), real(0.0)), 0);
	ck_assert_int_eq(term_compare(real(-0.0), real(0.0)), 0);
	ck_assert(!term_equal(real(-0.0), real(0.0)));
	ck_assert(term_equal_value(real(-0.0), real(0.0)));
}
END_TEST

#define DEEP 1000000

static term deep_list(term bottom)
{
	for (int i = 0; i < DEEP; i++)
		bottom = heap_cons(&test_heap, bottom, TERM_NIL);
	return bottom;
}

START_TEST(depth_is_no_limit)
{
	term a = deep_list(small(1));
	term b = deep_list(small(1));
	term c = deep_list(real(1.0));
	ck_assert(term_equal(a, b));
	ck_assert_int_eq(term_compare(a, b), 0);
	ck_assert(!term_equal(a, c));
	ck_assert(term_equal_value(a, c));
	ck_assert_int_lt(term_compare_exact(a, c), 0);
	ck_assert(term_hash(a, 0) == term_hash(b, 0));
	ck_assert(term_phash2(a) == term_phash2(b));
	ck_assert(term_phash(a) == term_phash(b));
}
END_TEST

/* A map with the keys 0..count-1; of one of them the value is different. */
static term squares(int count, int other, term value)
{
	term map = map_empty();
	for (int i = 0; i < count; i++)
		map = map_put(&test_heap, map, small(i), i == other ? value : small(i * i));
	return map;
}

START_TEST(tree_maps_order_by_the_smallest_difference)
{
	ck_assert_int_lt(term_compare(squares(100, -1, 0), squares(101, -1, 0)), 0);
	ck_assert_int_eq(term_compare(squares(100, -1, 0), squares(100, -1, 0)), 0);
	ck_assert_int_gt(term_compare(squares(100, 40, small(-1)), squares(100, 7, small(-1))), 0);
	ck_assert_int_eq(term_compare(squares(100, 4, real(16.0)), squares(100, -1, 0)), 0);
	ck_assert(term_equal_value(squares(100, 4, real(16.0)), squares(100, -1, 0)));
	ck_assert(!term_equal(squares(100, 4, real(16.0)), squares(100, -1, 0)));
	/* The key 100 in place of 3: 3 is the smallest key that only one has. */
	term a = squares(100, -1, 0);
	term b = map_put(&test_heap, map_remove(&test_heap, a, small(3), NULL), small(100), small(0));
	ck_assert_int_lt(term_compare(a, b), 0);
	ck_assert_int_gt(term_compare(b, a), 0);
}
END_TEST

/* #nr:Name{x = value}, as data of one word each. */
static term record(const char *name, term value)
{
	term *p = heap_alloc(&test_heap, 3);
	p[0] = HEADER(BOXED_RECORD, 2);
	p[1] = heap_tuple_of(&test_heap, atom_of_string("nr"), atom_of_string(name), A(false), atom_of_string("x"));
	p[2] = value;
	return term_of_boxed(p);
}

START_TEST(records_stand_between_tuples_and_maps)
{
	term a = record("a", small(2));
	ck_assert(term_equal(a, record("a", small(2))));
	ck_assert_int_lt(term_compare(record("a", small(1)), a), 0);
	ck_assert_int_lt(term_compare(a, record("b", small(1))), 0);
	ck_assert_int_gt(term_compare(a, heap_tuple_of(&test_heap, a, a, a)), 0);
	ck_assert_int_lt(term_compare(a, map_empty()), 0);
}
END_TEST

void add_order_tests(Suite *suite)
{
	TCase *tcase = tcase_create("order");
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, values_setup, values_teardown);
	tcase_add_test(tcase, order_is_that_of_otp);
	tcase_add_test(tcase, integers_and_floats_compare_exactly);
	tcase_add_test(tcase, keys_order_integers_before_floats);
	tcase_add_test(tcase, depth_is_no_limit);
	tcase_add_test(tcase, tree_maps_order_by_the_smallest_difference);
	tcase_add_test(tcase, records_stand_between_tuples_and_maps);
	suite_add_tcase(suite, tcase);
}
