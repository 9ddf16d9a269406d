/* SPDX-License-Identifier: Apache-2.0 */
/* Bitstrings: forms, copying at any bit, matching, construction, appending in place. */
#include "binary/build.h"
#include "binary/iolist.h"
#include "binary/match.h"
#include "binary/search.h"
#include "term/atom.h"

#include <check.h>
#include <stdlib.h>

static struct heap heap;

static void setup(void)
{
	atom_init(10000);
	heap_init_builder(&heap);
}

static void teardown(void)
{
	heap_done(&heap);
	atom_done();
}

/* The slow truth that fast paths are compared with. */
static unsigned bit_of(const uint8_t *data, size_t i)
{
	return data[i / 8] >> (7 - i % 8) & 1;
}

static void fill_random(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(random() >> 7);
}

START_TEST(copying_bits_changes_those_bits_only)
{
	uint8_t src[40];
	uint8_t dst[40];
	uint8_t was[40];
	for (int round = 0; round < 20000; round++) {
		size_t from = (size_t)random() % 20;
		size_t to = (size_t)random() % 20;
		size_t size = (size_t)random() % 280;
		fill_random(src, sizeof(src));
		fill_random(dst, sizeof(dst));
		memcpy(was, dst, sizeof(dst));
		bits_copy(dst, to, src, from, size);
		size_t wrong = 0; /* an assertion for each bit would be dear */
		for (size_t i = 0; i < sizeof(dst) * 8; i++) {
			bool in = i >= to && i < to + size;
			wrong += bit_of(dst, i) != (in ? bit_of(src, from + i - to) : bit_of(was, i));
		}
		ck_assert_uint_eq(wrong, 0);
		ck_assert(bits_equal(dst, to, src, from, size));
		if (size > 0) {
			size_t flip = to + (size_t)random() % size;
			dst[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
			ck_assert(!bits_equal(dst, to, src, from, size));
		}
		memset(dst, 0xAA, sizeof(dst));
		bits_copy_out(dst, src, from, size);
		for (size_t i = 0; i < bits_to_bytes(size) * 8; i++)
			wrong += bit_of(dst, i) != (i < size ? bit_of(src, from + i) : 0);
		ck_assert_uint_eq(wrong, 0);
	}
}
END_TEST

START_TEST(bitstrings_order_bit_by_bit_and_shorter_first)
{
	uint8_t a[8] = { 0x12, 0x34, 0x56 };
	uint8_t b[8] = { 0x02, 0x46, 0x8A, 0xC0 }; /* the same, five bits later */
	ck_assert_int_eq(bits_compare((struct bits){ a, 0, 24 }, (struct bits){ b, 3, 24 }), 0);
	ck_assert_int_lt(bits_compare((struct bits){ a, 0, 23 }, (struct bits){ b, 3, 24 }), 0);
	ck_assert_int_gt(bits_compare((struct bits){ a, 1, 7 }, (struct bits){ a, 0, 24 }), 0);
}
END_TEST

START_TEST(small_bitstrings_lie_inline_and_large_ones_in_buffers)
{
	uint8_t bytes[100] = { 1, 2, 3 };
	ck_assert(term_is_kind(bits_of_bytes(&heap, bytes, 64), BOXED_HEAP_BITS));
	term large = bits_of_bytes(&heap, bytes, 100);
	ck_assert(term_is_kind(large, BOXED_REF_BITS));
	ck_assert(term_is_kind(bits_part(&heap, large, 8, 64 * 8), BOXED_HEAP_BITS));
	term part = bits_part(&heap, large, 3, 65 * 8);
	ck_assert(term_is_kind(part, BOXED_SUB_BITS));
	ck_assert_uint_eq(bits_size(part), 65 * 8);
	term again = bits_part(&heap, part, 5, 64 * 8 + 1);
	ck_assert_uint_eq(boxed_ptr(again)[1], large);
	ck_assert_uint_eq(boxed_ptr(again)[2], 8 << 3);
	ck_assert_uint_eq(bits_part(&heap, large, 0, 800), large);
}
END_TEST

static term match_of(term bits)
{
	return match_put(heap_alloc(&heap, MATCH_WORDS), bits);
}

START_TEST(integers_of_every_size_come_back_as_they_were_built)
{
	for (int round = 0; round < 4000; round++) {
		uint8_t data[64] = { 0 };
		size_t at = (size_t)random() % 17;
		size_t bits = (size_t)random() % 200;
		unsigned flags = (random() & 1 ? FIELD_LITTLE : 0) | (random() & 1 ? FIELD_SIGNED : 0);
		uint8_t bytes[26];
		fill_random(bytes, sizeof(bytes));
		if (random() % 4 == 0)
			memset(bytes, random() & 1 ? 0xFF : 0, sizeof(bytes));
		term whole = bits_of_bits(&heap, bytes, 0, bits);
		term value = match_integer(&heap, match_of(whole), bits, flags);
		ck_assert(term_is_integer(value));
		if (term_is_small(value) && (flags & FIELD_SIGNED) == 0)
			ck_assert_int_ge(small_value(value), 0);
		build_integer(data, at, bits, value, flags);
		ck_assert(bits_equal(data, at, bytes, 0, bits));
		size_t wrong = 0;
		for (size_t i = 0; i < sizeof(data) * 8; i++)
			wrong += (i < at || i >= at + bits) && bit_of(data, i) != 0;
		ck_assert_uint_eq(wrong, 0);
	}
}
END_TEST

/* Values that OTP 27 gave for the same fields. */
START_TEST(integer_fields_read_as_in_otp)
{
	static const uint8_t bytes[] = { 0xFB, 0xFF, 0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0 };
	static const struct {
		size_t bits;
		unsigned flags;
		int64_t value;
	} cases[] = {
		{ 12, FIELD_LITTLE, 0xFFB },
		{ 13, FIELD_LITTLE | FIELD_SIGNED, -5 },
		{ 13, 0, 0xFBFF >> 3 },
		{ 16, FIELD_SIGNED, -1025 },
		{ 16, FIELD_NATIVE, 0xFFFB },
		{ 3, FIELD_SIGNED, -1 },
		{ 0, FIELD_SIGNED, 0 },
		{ 24, FIELD_LITTLE, 0x12FFFB },
	};
	term whole = bits_of_bytes(&heap, bytes, sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		term t = match_integer(&heap, match_of(whole), cases[i].bits, cases[i].flags);
		ck_assert_int_eq(small_value(t), cases[i].value);
	}
	term big = match_integer(&heap, match_of(whole), 64, 0);
	ck_assert(term_is_big(big));
	ck_assert_uint_eq(big_digits(big)[0], 0xFBFF123456789ABC);
	ck_assert_uint_eq(match_integer(&heap, match_of(whole), 81, 0), TERM_NONE);
}
END_TEST

START_TEST(small_limits_of_integer_fields_are_smalls)
{
	uint8_t bytes[8];
	uint64_t v = __builtin_bswap64((uint64_t)SMALL_MIN);
	memcpy(bytes, &v, 8);
	term t = match_integer(&heap, match_of(bits_of_bytes(&heap, bytes, 8)), 64, FIELD_SIGNED);
	ck_assert(term_is_small(t));
	ck_assert_int_eq(small_value(t), SMALL_MIN);
	v = __builtin_bswap64((uint64_t)SMALL_MAX + 1);
	memcpy(bytes, &v, 8);
	ck_assert(term_is_big(match_integer(&heap, match_of(bits_of_bytes(&heap, bytes, 8)), 64, FIELD_SIGNED)));
}
END_TEST

static term built(struct segment *segments, size_t count)
{
	struct build_error error = { 0 };
	term t = build_bits(&heap, segments, count, &error);
	ck_assert_msg(t != TERM_NONE, "segment %u", error.segment);
	return t;
}

static void assert_bytes(term t, const void *bytes, size_t size)
{
	struct bits bits = bits_of(t);
	ck_assert_uint_eq(bits.size, size * 8);
	ck_assert(bits_equal(bits.data, bits.offset, bytes, 0, size * 8));
}

static struct segment number_of(enum segment_type type, term value, int64_t size, unsigned flags)
{
	return (struct segment){ .type = (uint8_t)type,
		.flags = (uint8_t)flags,
		.unit = 1,
		.number = 1,
		.size = term_of_small(size),
		.value = value };
}

START_TEST(floats_round_as_in_otp)
{
	static const struct {
		double value;
		int size;
		uint8_t bytes[8];
	} cases[] = {
		{ 65519.0, 16, { 123, 255 } }, { 65520.0, 16, { 124, 0 } }, { 1.0e-8, 16, { 0, 0 } },
		{ 2051, 16, { 104, 2 } }, { 2049, 16, { 104, 0 } }, { 0.1, 16, { 46, 102 } },
		{ 6.0e-8, 16, { 0, 1 } }, { 1.0e300, 32, { 127, 128, 0, 0 } }, { -1.5, 16, { 0xBE, 0 } },
		{ 1.5, 64, { 0x3F, 0xF8 } }, { 6.1035e-5, 16, { 4, 0 } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct segment s = number_of(SEGMENT_FLOAT, heap_float(&heap, cases[i].value), cases[i].size, 0);
		term t = built(&s, 1);
		assert_bytes(t, cases[i].bytes, (size_t)cases[i].size / 8);
	}
	uint8_t half[2] = { 0x3C, 0x01 };
	term t = match_float(&heap, match_of(bits_of_bytes(&heap, half, 2)), 16, 0);
	ck_assert_double_eq(float_value(t), 1.0009765625);
	half[0] = 0x7C;
	ck_assert_uint_eq(match_float(&heap, match_of(bits_of_bytes(&heap, half, 2)), 16, 0), TERM_NONE);
}
END_TEST

START_TEST(every_half_float_survives)
{
	for (unsigned i = 0; i < 0x10000; i++) {
		if ((i >> 10 & 31) == 31)
			continue;
		uint8_t bytes[2] = { (uint8_t)(i >> 8), (uint8_t)i };
		term value = match_float(&heap, match_of(bits_of_bytes(&heap, bytes, 2)), 16, 0);
		uint8_t data[2];
		ck_assert(build_float(data, 0, 16, value, 0));
		ck_assert(memcmp(data, bytes, 2) == 0);
	}
}
END_TEST

START_TEST(utf_fields_refuse_what_is_no_character)
{
	static const uint8_t bad[][4] = { { 0xC0, 0x80 }, { 0xED, 0xA0, 0x80 }, { 0xF4, 0x90, 0x80, 0x80 }, { 0xE2, 0x82 } };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_uint_eq(match_utf8(match_of(bits_of_bytes(&heap, bad[i], 4))), TERM_NONE);
	static const uint8_t euro[] = { 0xE2, 0x82, 0xAC };
	ck_assert_int_eq(small_value(match_utf8(match_of(bits_of_bytes(&heap, euro, 3)))), 0x20AC);
	static const uint8_t pair[] = { 0x3D, 0xD8, 0x00, 0xDE };
	ck_assert_int_eq(small_value(match_utf16(match_of(bits_of_bytes(&heap, pair, 4)), FIELD_LITTLE)), 0x1F600);
	ck_assert_uint_eq(match_utf16(match_of(bits_of_bytes(&heap, pair, 3)), FIELD_LITTLE), TERM_NONE);
	struct segment s[] = {
		{ .type = SEGMENT_UTF8, .number = 1, .value = term_of_small(0x20AC) },
		{ .type = SEGMENT_UTF16, .number = 2, .flags = FIELD_LITTLE, .value = term_of_small(0x1F600) },
		{ .type = SEGMENT_UTF32, .number = 3, .value = term_of_small(0x41) },
	};
	static const uint8_t all[] = { 0xE2, 0x82, 0xAC, 0x3D, 0xD8, 0x00, 0xDE, 0, 0, 0, 0x41 };
	assert_bytes(built(s, 3), all, sizeof(all));
}
END_TEST

static void assert_fails(struct segment *s, size_t count, unsigned segment, term type, term error, term value)
{
	struct build_error e = { 0 };
	ck_assert_uint_eq(build_bits(&heap, s, count, &e), TERM_NONE);
	ck_assert_uint_eq(e.segment, segment);
	ck_assert_uint_eq(e.type, type);
	ck_assert_uint_eq(e.error, error);
	ck_assert_uint_eq(e.value, value);
}

START_TEST(failures_name_segment_and_cause_as_in_otp)
{
	term abc = bits_of_bytes(&heap, "abc", 3);
	term three = bits_part(&heap, abc, 0, 3);
	struct segment one = number_of(SEGMENT_INTEGER, term_of_small(1), 8, 0);
	struct segment s[2] = { one, one };
	s[1].number = 2;
	s[1].value = A(ok);
	assert_fails(s, 2, 2, A(integer), A(type), A(ok));
	s[1].size = A(ok);
	assert_fails(s, 2, 2, A(integer), A(size), A(ok));
	s[1].size = term_of_small(-1);
	assert_fails(s, 2, 2, A(integer), A(size), term_of_small(-1));
	s[1].type = SEGMENT_BINARY;
	s[1].unit = 8;
	s[1].size = term_of_small(4);
	s[1].value = abc;
	assert_fails(s, 2, 2, A(binary), A(short), abc);
	s[1].size = A(all);
	s[1].value = three;
	assert_fails(s, 2, 2, A(binary), A(unit), three);
	s[1].type = SEGMENT_FLOAT;
	s[1].unit = 1;
	s[1].size = term_of_small(24);
	assert_fails(s, 2, 2, A(float), A(invalid), term_of_small(24));
	s[1].size = term_of_small((int64_t)1 << 40);
	struct build_error e;
	ck_assert_uint_eq(build_bits(&heap, s, 2, &e), TERM_NONE);
	ck_assert_uint_eq(e.reason, A(system_limit));
}
END_TEST

START_TEST(appending_grows_in_place_and_leaves_old_values_alone)
{
	term t = bits_of_bytes(&heap, NULL, 0);
	term old = TERM_NONE;
	for (int i = 0; i < 3000; i++) {
		struct segment s[2] = {
			{ .type = SEGMENT_APPEND, .unit = 8, .number = 1, .size = A(all), .value = t },
			number_of(SEGMENT_INTEGER, term_of_small(i), 8, 0),
		};
		t = built(s, 2);
		if (i == 999)
			old = t;
	}
	struct bits bits = bits_of(t);
	ck_assert_uint_eq(bits.size, 3000 * 8);
	for (int i = 0; i < 3000; i++)
		ck_assert_uint_eq(bits.data[i], i & 0xFF);
	ck_assert_uint_eq(bits_size(old), 1000 * 8);
	ck_assert_uint_eq(boxed_ptr(old)[1], boxed_ptr(t)[1]); /* one buffer */

	/* A second append to the old value must not overwrite what followed it. */
	struct segment s[2] = {
		{ .type = SEGMENT_APPEND, .unit = 8, .number = 1, .size = A(all), .value = old },
		number_of(SEGMENT_INTEGER, term_of_small(0x77), 8, 0),
	};
	term other = built(s, 2);
	ck_assert_uint_eq(bits_of(other).data[1000], 0x77);
	ck_assert_uint_eq(bits_of(t).data[1000], 1000 & 0xFF);

	/* Somebody else has the buffer now. */
	struct heap far;
	heap_init_builder(&far);
	term copy = heap_copy(&far, t);
	s[0].value = t;
	term grown = built(s, 2);
	ck_assert_uint_ne(boxed_ptr(grown)[1], boxed_ptr(t)[1]);
	ck_assert_uint_eq(bits_size(copy), 3000 * 8);
	heap_done(&far);
}
END_TEST

START_TEST(appending_bits_keeps_odd_ends)
{
	term t = build_writable(&heap, TERM_ZERO);
	for (int i = 0; i < 1000; i++) {
		struct segment s[2] = {
			{ .type = i % 2 ? SEGMENT_APPEND : SEGMENT_PRIVATE_APPEND, .unit = 1, .number = 1, .size = A(all), .value = t },
			number_of(SEGMENT_INTEGER, term_of_small(i), 3, 0),
		};
		t = built(s, 2);
	}
	term ctx = match_of(t);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(small_value(match_integer(&heap, ctx, 3, 0)), i & 7);
	ck_assert_uint_eq(match_left(ctx), 0);
}
END_TEST

/* The earliest match, and of those the longest, by trying all. */
static bool find_slowly(const struct pattern *patterns, size_t count, const uint8_t *data, size_t size, size_t from,
	struct match *ret)
{
	for (size_t at = from; at < size; at++) {
		*ret = (struct match){ at, 0 };
		for (size_t i = 0; i < count; i++)
			if (patterns[i].size <= size - at && patterns[i].size > ret->size &&
				memcmp(patterns[i].bytes, data + at, patterns[i].size) == 0)
				ret->size = patterns[i].size;
		if (ret->size != 0)
			return true;
	}
	return false;
}

START_TEST(searching_finds_the_earliest_and_longest)
{
	for (int round = 0; round < 20000; round++) {
		uint8_t text[12][8];
		struct pattern patterns[12];
		uint8_t data[60];
		unsigned letters = 1 + (unsigned)random() % 4;
		size_t count = 1 + (size_t)random() % ARRAY_SIZE(patterns);
		size_t size = (size_t)random() % sizeof(data);
		for (size_t i = 0; i < count; i++) {
			patterns[i] = (struct pattern){ text[i], 1 + (size_t)random() % 8 };
			for (size_t k = 0; k < 8; k++)
				text[i][k] = (uint8_t)('a' + (unsigned)random() % letters);
		}
		for (size_t k = 0; k < size; k++)
			data[k] = (uint8_t)('a' + (unsigned)random() % (letters + 1));
		struct search *search = search_new(patterns, count);
		for (size_t from = 0; from <= size;) {
			struct match found = { 0 };
			struct match truth = { 0 };
			bool is = search_find(search, data, size, from, &found);
			ck_assert_int_eq(is, find_slowly(patterns, count, data, size, from, &truth));
			if (!is)
				break;
			ck_assert_uint_eq(found.offset, truth.offset);
			ck_assert_uint_eq(found.size, truth.size);
			from = found.offset + found.size;
		}
		ck_assert_ptr_null(search_unref(search));
	}
}
END_TEST

static term byte_list(const uint8_t *bytes, size_t size, term tail)
{
	while (size-- > 0)
		tail = heap_cons(&heap, term_of_small(bytes[size]), tail);
	return tail;
}

START_TEST(io_lists_flatten_whatever_their_shape)
{
	for (int round = 0; round < 3000; round++) {
		uint8_t bytes[300];
		size_t size = (size_t)random() % sizeof(bytes);
		fill_random(bytes, size);
		term t = random() % 2 ? TERM_NIL : bits_of_bytes(&heap, NULL, 0);
		for (size_t end = size; end > 0;) { /* parts from the end on, each in front of what is there */
			size_t n = 1 + (size_t)random() % 20;
			n = n < end ? n : end;
			end -= n;
			switch (random() % 4) {
			case 0:
				t = byte_list(bytes + end, n, t);
				break;
			case 1:
				t = heap_cons(&heap, bits_of_bytes(&heap, bytes + end, n), t);
				break;
			case 2:
				t = heap_cons(&heap, byte_list(bytes + end, n, TERM_NIL), t);
				break;
			default:
				t = heap_cons(&heap, heap_cons(&heap, TERM_NIL, bits_of_bytes(&heap, bytes + end, n)),
					heap_cons(&heap, t, TERM_NIL));
				break;
			}
		}
		enum iolist_outcome outcome;
		term flat = iolist_flatten(&heap, t, IOLIST_BYTES, &outcome);
		ck_assert_int_eq(outcome, IOLIST_OK);
		assert_bytes(flat, bytes, size);
	}
	enum iolist_outcome outcome;
	static const int64_t bad[] = { -1, 256 };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		term t = heap_cons(&heap, term_of_small(bad[i]), TERM_NIL);
		ck_assert_uint_eq(iolist_flatten(&heap, t, IOLIST_BYTES, &outcome), TERM_NONE);
		ck_assert_int_eq(outcome, IOLIST_E_BAD);
	}
}
END_TEST

/* A list of 2^80 bytes in 120 cells, and one of 2^60 empty lists. */
START_TEST(io_lists_that_share_without_end_meet_the_bound)
{
	struct binary *large = binary_new((size_t)1 << 20);
	term t = bits_take_binary(&heap, large, (size_t)8 << 20);
	for (int i = 0; i < 60; i++)
		t = heap_cons(&heap, t, heap_cons(&heap, t, TERM_NIL));
	enum iolist_outcome outcome;
	ck_assert_uint_eq(iolist_flatten(&heap, t, IOLIST_BYTES, &outcome), TERM_NONE);
	ck_assert_int_eq(outcome, IOLIST_E_SIZE);
	t = TERM_NIL;
	for (int i = 0; i < 60; i++)
		t = heap_cons(&heap, t, heap_cons(&heap, t, TERM_NIL));
	ck_assert_uint_eq(iolist_flatten(&heap, t, IOLIST_BYTES, &outcome), TERM_NONE);
	ck_assert_int_eq(outcome, IOLIST_E_SIZE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("binary");
	TCase *c = tcase_create("bitstrings");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 300);
	tcase_add_test(c, copying_bits_changes_those_bits_only);
	tcase_add_test(c, bitstrings_order_bit_by_bit_and_shorter_first);
	tcase_add_test(c, small_bitstrings_lie_inline_and_large_ones_in_buffers);
	tcase_add_test(c, integers_of_every_size_come_back_as_they_were_built);
	tcase_add_test(c, integer_fields_read_as_in_otp);
	tcase_add_test(c, small_limits_of_integer_fields_are_smalls);
	tcase_add_test(c, floats_round_as_in_otp);
	tcase_add_test(c, every_half_float_survives);
	tcase_add_test(c, utf_fields_refuse_what_is_no_character);
	tcase_add_test(c, failures_name_segment_and_cause_as_in_otp);
	tcase_add_test(c, appending_grows_in_place_and_leaves_old_values_alone);
	tcase_add_test(c, appending_bits_keeps_odd_ends);
	tcase_add_test(c, searching_finds_the_earliest_and_longest);
	tcase_add_test(c, io_lists_flatten_whatever_their_shape);
	tcase_add_test(c, io_lists_that_share_without_end_meet_the_bound);
	suite_add_tcase(suite, c);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
