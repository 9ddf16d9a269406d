/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic by identities that hold for all integers, with random ones of all sizes; bounds and known results. */
#include "data/big.h"
#include "data/float.h"
#include "data/integer_text.h"
#include "data/number.h"
#include "term/atom.h"
#include "term/compare.h"
#include "tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct heap heap;
static uint64_t random_state;

static void setup(void)
{
	atom_init(10000);
	heap_init_builder(&heap);
	random_state = 88172645463325252U;
}

static void teardown(void)
{
	heap_done(&heap);
	atom_done();
}

static uint64_t random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Of 0 to 20 limbs, often with long runs of equal bits, where carries go far. */
static term random_integer(void)
{
	size_t limbs = random_word() % 4 == 0 ? random_word() % 21 : random_word() % 3;
	bool runs = random_word() % 2 == 0;
	term *p = big_begin(&heap, limbs + 1);
	for (size_t i = 1; i <= limbs; i++)
		p[i] = runs ? (random_word() % 2 == 0 ? 0 : UINT64_MAX) : random_word();
	p[limbs + 1] = limbs > 0 ? random_word() >> random_word() % 64 : random_word() >> (4 + random_word() % 60);
	return big_end(&heap, p, limbs + 1, random_word() % 2 == 0);
}

static term small(int64_t v)
{
	return integer_of_i64(&heap, v);
}

static void check_form(term t)
{
	ck_assert(term_is_integer(t));
	if (term_is_big(t)) {
		ck_assert(big_digits(t)[big_limbs(t) - 1] != 0);
		ck_assert(big_limbs(t) > 1 || big_digits(t)[0] > (uint64_t)SMALL_MAX + big_is_negative(t));
	}
}

static void check_same(term a, term b)
{
	check_form(a);
	check_form(b);
	ck_assert(term_equal(a, b));
}

#define ROUNDS 20000

START_TEST(sums_and_products)
{
	for (int i = 0; i < ROUNDS; i++) {
		term a = random_integer();
		term b = random_integer();
		term c = random_integer();
		check_same(number_subtract(&heap, number_add(&heap, a, b), b), a);
		check_same(number_add(&heap, a, b), number_add(&heap, b, a));
		check_same(number_subtract(&heap, a, b), number_negate(&heap, number_subtract(&heap, b, a)));
		check_same(number_multiply(&heap, a, number_add(&heap, b, c)),
			number_add(&heap, number_multiply(&heap, a, b), number_multiply(&heap, a, c)));
		check_same(number_multiply(&heap, number_add(&heap, a, b), number_subtract(&heap, a, b)),
			number_subtract(&heap, number_multiply(&heap, a, a), number_multiply(&heap, b, b)));
		heap_done(&heap);
		heap_init_builder(&heap);
	}
}
END_TEST

START_TEST(quotients)
{
	for (int i = 0; i < ROUNDS; i++) {
		term a = random_integer();
		term b = random_integer();
		if (b == TERM_ZERO)
			continue;
		term q = number_div(&heap, a, b);
		term r = number_rem(&heap, a, b);
		check_same(number_add(&heap, number_multiply(&heap, q, b), r), a);
		ck_assert_int_lt(number_compare(number_abs(&heap, r), number_abs(&heap, b)), 0);
		ck_assert(r == TERM_ZERO || (number_compare(r, TERM_ZERO) < 0) == (number_compare(a, TERM_ZERO) < 0));
		check_same(number_div(&heap, number_multiply(&heap, a, b), b), a);
		heap_done(&heap);
		heap_init_builder(&heap);
	}
	check_same(number_div(&heap, small(SMALL_MIN), small(-1)), number_negate(&heap, small(SMALL_MIN)));
	ck_assert(number_div(&heap, small(1), TERM_ZERO) == TERM_NONE);
	ck_assert(number_fault(small(1), TERM_ZERO) == A(badarith));
}
END_TEST

START_TEST(bits)
{
	for (int i = 0; i < ROUNDS; i++) {
		term a = random_integer();
		term b = random_integer();
		term n = small((int64_t)(random_word() % 300));
		check_same(number_bxor(&heap, number_bxor(&heap, a, b), b), a);
		check_same(number_add(&heap, number_band(&heap, a, b), number_bor(&heap, a, b)), number_add(&heap, a, b));
		check_same(number_bnot(&heap, number_band(&heap, a, b)),
			number_bor(&heap, number_bnot(&heap, a), number_bnot(&heap, b)));
		check_same(number_bnot(&heap, number_bnot(&heap, a)), a);
		check_same(number_bsr(&heap, number_bsl(&heap, a, n), n), a);
		check_same(number_bsl(&heap, a, n), number_multiply(&heap, a, number_bsl(&heap, small(1), n)));
		/* Shifting right rounds down. */
		term down = number_bsl(&heap, number_bsr(&heap, a, n), n);
		ck_assert_int_le(number_compare(down, a), 0);
		ck_assert_int_gt(number_compare(number_add(&heap, down, number_bsl(&heap, small(1), n)), a), 0);
		heap_done(&heap);
		heap_init_builder(&heap);
	}
}
END_TEST

START_TEST(text_there_and_back)
{
	for (int i = 0; i < 4000; i++) {
		term a = random_integer();
		unsigned base = 2 + (unsigned)(random_word() % 35);
		size_t max = integer_text_max(a, base);
		char *text = malloc(max);
		size_t used, size = integer_text(a, base, text);
		term b;
		ck_assert_uint_le(size, max);
		ck_assert_int_eq(integer_parse(&heap, (uint8_t *)text, size, base, &b, &used), INTEGER_PARSED);
		ck_assert_uint_eq(used, size);
		check_same(a, b);
		free(text);
		heap_done(&heap);
		heap_init_builder(&heap);
	}
}
END_TEST

static enum integer_parse_result parse(const char *text, unsigned base, term *ret, size_t *ret_used)
{
	return integer_parse(&heap, (const uint8_t *)text, strlen(text), base, ret, ret_used);
}

START_TEST(text_that_is_no_number)
{
	term t;
	size_t used;
	static const char *const bad[] = { "", "+", "-", "x", "--1", "+-1", " 1" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(parse(bad[i], 10, &t, &used), INTEGER_NONE);
	ck_assert_int_eq(parse("2", 2, &t, &used), INTEGER_NONE);
	ck_assert_int_eq(parse("-12x", 10, &t, &used), INTEGER_PARSED);
	ck_assert_uint_eq(used, 3);
	ck_assert(t == small(-12));
	ck_assert_int_eq(parse("000000000000000000000000000000000000000000000000012", 10, &t, &used), INTEGER_PARSED);
	ck_assert(t == small(12));
}
END_TEST

/* Source: OTP 27 gives these at the same sizes. */
START_TEST(bounds)
{
	term one = small(1);
	term largest_power = number_bsl(&heap, one, small(4194239));
	ck_assert(largest_power != TERM_NONE);
	ck_assert(number_bsl(&heap, one, small(4194240)) == TERM_NONE);
	ck_assert(number_fault(one, small(4194240)) == A(system_limit));
	ck_assert(number_bsl(&heap, one, number_bsl(&heap, one, small(70))) == TERM_NONE);
	ck_assert(number_bsr(&heap, one, small(-4194240)) == TERM_NONE);
	ck_assert(number_bsl(&heap, TERM_ZERO, number_bsl(&heap, one, small(70))) == TERM_ZERO);
	ck_assert(number_bsr(&heap, small(-1), number_bsl(&heap, one, small(70))) == small(-1));
	ck_assert(number_bsr(&heap, largest_power, small(4194239)) == one);
	term half = number_bsl(&heap, one, small(2097152));
	ck_assert(number_multiply(&heap, half, half) == TERM_NONE);
	check_same(number_multiply(&heap, half, number_bsr(&heap, half, small(65))), largest_power);
	term largest = number_subtract(&heap, number_bsl(&heap, number_subtract(&heap, largest_power, one), one), small(-1));
	check_form(largest);
	ck_assert_uint_eq(big_limbs(largest), BIG_LIMBS_MAX);
	term ones = number_bor(&heap, number_bsl(&heap, largest_power, TERM_ZERO), number_subtract(&heap, largest_power, one));
	ck_assert(number_add(&heap, ones, one) == TERM_NONE);
	ck_assert(number_fault(ones, one) == A(system_limit));
	ck_assert(number_bnot(&heap, ones) == TERM_NONE);
	char *text = malloc(1300000);
	memset(text, '9', 1300000);
	term t;
	size_t used;
	ck_assert_int_eq(integer_parse(&heap, (uint8_t *)text, 1262612, 10, &t, &used), INTEGER_TOO_LARGE);
	ck_assert_int_eq(integer_parse(&heap, (uint8_t *)text, 1262590, 10, &t, &used), INTEGER_PARSED);
	ck_assert_int_eq(integer_parse(&heap, (uint8_t *)text, 1300000, 10, &t, &used), INTEGER_TOO_LARGE);
	free(text);
}
END_TEST

START_TEST(floats_and_integers)
{
	double d;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t word = random_word();
		memcpy(&d, &word, sizeof(d));
		if (!isfinite(d) || fabs(d) > 1e300)
			continue;
		term t = number_trunc(&heap, heap_float(&heap, d));
		double back;
		check_form(t);
		ck_assert(number_to_double(t, &back));
		ck_assert(back == trunc(d));
	}
	ck_assert(number_round(&heap, heap_float(&heap, 2.5)) == small(3));
	ck_assert(number_round(&heap, heap_float(&heap, -2.5)) == small(-3));
	ck_assert(number_round(&heap, heap_float(&heap, 0.49999999999999994)) == TERM_ZERO);
	ck_assert(number_floor(&heap, heap_float(&heap, -0.5)) == small(-1));
	ck_assert(number_ceil(&heap, heap_float(&heap, -0.5)) == TERM_ZERO);
	check_same(number_trunc(&heap, heap_float(&heap, -0x1p60)), small(SMALL_MIN));
	check_same(number_trunc(&heap, heap_float(&heap, 0x1p60)), small(SMALL_MAX + 1));
	ck_assert(integer_to_double(number_bsl(&heap, small(1), small(1023)), &d) && d == 0x1p1023);
	ck_assert(!integer_to_double(number_bsl(&heap, small(1), small(1024)), &d));
	/* Ties go to even, and one bit far below decides: 2^127 + 2^74 + 1. */
	term tie = number_add(&heap, number_bsl(&heap, small(1), small(127)), number_bsl(&heap, small(1), small(74)));
	ck_assert(integer_to_double(tie, &d) && d == 0x1p127);
	ck_assert(integer_to_double(number_add(&heap, tie, small(1)), &d) && d == 0x1p127 + 0x1p75);
}
END_TEST

START_TEST(wrong_terms_have_no_arithmetic)
{
	static const number_binary_fn fns[] = { number_add, number_subtract, number_multiply, number_divide, number_div, number_rem,
		number_band, number_bor, number_bxor, number_bsl, number_bsr };
	term real = heap_float(&heap, 1.5);
	for (size_t i = 0; i < ARRAY_SIZE(fns); i++) {
		ck_assert(fns[i](&heap, A(ok), small(1)) == TERM_NONE);
		ck_assert(fns[i](&heap, small(1), TERM_NIL) == TERM_NONE);
		if (i >= 4)
			ck_assert(fns[i](&heap, real, small(1)) == TERM_NONE && fns[i](&heap, small(1), real) == TERM_NONE);
	}
	ck_assert(number_add(&heap, heap_float(&heap, 1e308), heap_float(&heap, 1e308)) == TERM_NONE);
	ck_assert(number_fault(real, real) == A(badarith));
	ck_assert(number_divide(&heap, small(1), heap_float(&heap, -0.0)) == TERM_NONE);
}
END_TEST

static const char *float_as(double d, enum float_form form, unsigned decimals)
{
	static char text[FLOAT_FORM_MAX + 1];
	text[float_text(d, form, decimals, text)] = '\0';
	return text;
}

/* Source: float_to_list/2, OTP 27. */
START_TEST(float_forms_are_those_of_otp)
{
	ck_assert_str_eq(float_as(1.0, FLOAT_SCIENTIFIC, 20), "1.00000000000000000000e+00");
	ck_assert_str_eq(float_as(1.5e100, FLOAT_SCIENTIFIC, 20), "1.49999999999999992672e+100");
	ck_assert_str_eq(float_as(-100.0, FLOAT_SCIENTIFIC, 0), "-1e+02");
	ck_assert_str_eq(float_as(0.5, FLOAT_DECIMALS, 0), "1");
	ck_assert_str_eq(float_as(2.5, FLOAT_DECIMALS, 0), "3");
	ck_assert_str_eq(float_as(-0.04, FLOAT_DECIMALS, 0), "-0");
	ck_assert_str_eq(float_as(0.05, FLOAT_DECIMALS, 1), "0.1");
	ck_assert_str_eq(float_as(1.005, FLOAT_DECIMALS, 2), "1.00");
	ck_assert_str_eq(float_as(1.005, FLOAT_DECIMALS, 17), "1.00499999999999989");
	ck_assert_str_eq(float_as(1.005, FLOAT_DECIMALS, 18), "1.004999999999999893");
	ck_assert_str_eq(float_as(1.005, FLOAT_DECIMALS, 19), "1.0049999999999998934");
	ck_assert_str_eq(float_as(123456.789, FLOAT_DECIMALS, 17), "123456.78900000000430736");
	ck_assert_str_eq(float_as(1.0e22, FLOAT_DECIMALS, 1), "10000000000000000000000.0");
	ck_assert_str_eq(float_as(100.0, FLOAT_COMPACT, 5), "100.0");
	ck_assert_str_eq(float_as(100.0, FLOAT_COMPACT, 0), "100");
	ck_assert_str_eq(float_as(1.5, FLOAT_COMPACT, 20), "1.5");
	ck_assert_str_eq(float_as(0.1, FLOAT_SHORT, 0), "0.1");
	ck_assert_str_eq(float_as(1.0e10, FLOAT_SHORT, 0), "1.0e10");
	ck_assert_str_eq(float_as(1.0e22, FLOAT_SHORT, 0), "1.0e22");
	ck_assert_str_eq(float_as(1.0e-5, FLOAT_SHORT, 0), "1.0e-5");
	ck_assert_str_eq(float_as(-0.0, FLOAT_SHORT, 0), "-0.0");
	ck_assert_str_eq(float_as(5e-324, FLOAT_SHORT, 0), "5.0e-324");
	ck_assert_str_eq(float_as(0x1p-44, FLOAT_SHORT, 0), "5.684341886080802e-14");
	ck_assert_str_eq(float_as(9007199254740991.0, FLOAT_SHORT, 0), "9007199254740991.0");
	ck_assert_str_eq(float_as(9007199254740992.0, FLOAT_SHORT, 0), "9.007199254740992e15");
}
END_TEST

START_TEST(floats_read_back)
{
	char text[FLOAT_FORM_MAX];
	double d, back;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t word = random_word();
		memcpy(&d, &word, sizeof(d));
		if (!isfinite(d))
			continue;
		size_t size = float_text(d, FLOAT_SHORT, 0, text);
		ck_assert(float_parse((uint8_t *)text, size, &back));
		ck_assert(memcmp(&d, &back, sizeof(d)) == 0);
	}
	static const char *const bad[] = { "", "1", "1.", ".5", "1.e5", "1.0e", "1.0e+-5", "1.0 ", " 1.0", "inf", "nan", "0x1.0", "1.0e400",
		"1_0.0", "1,0" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(!float_parse((const uint8_t *)bad[i], strlen(bad[i]), &d), "%s", bad[i]);
	ck_assert(float_parse((const uint8_t *)"+1.5E+1", 7, &d) && d == 15.0);
	ck_assert(float_parse((const uint8_t *)"1.0e-400", 8, &d) && d == 0.0);
}
END_TEST

void add_number_tests(Suite *suite)
{
	TCase *tcase = tcase_create("number");
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, sums_and_products);
	tcase_add_test(tcase, quotients);
	tcase_add_test(tcase, bits);
	tcase_add_test(tcase, text_there_and_back);
	tcase_add_test(tcase, text_that_is_no_number);
	tcase_add_test(tcase, bounds);
	tcase_add_test(tcase, floats_and_integers);
	tcase_add_test(tcase, wrong_terms_have_no_arithmetic);
	tcase_add_test(tcase, float_forms_are_those_of_otp);
	tcase_add_test(tcase, floats_read_back);
	suite_add_tcase(suite, tcase);
}
