/* SPDX-License-Identifier: Apache-2.0 */
/* External terms: there and back, identifiers, depth, damage. OTP's own bytes are in tests/unit/bif/data.cases. */
#include "base/unwanted.h"
#include "binary/binary.h"
#include "data/etf.h"
#include "data/map.h"
#include "term/atom.h"
#include "term/compare.h"
#include "term/export.h"
#include "term/ident.h"
#include "term/record.h"
#include "tests.h"

#include <limits.h>
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

static term back(const struct etf_context *context, const struct etf_out *out)
{
	struct etf_error error = { 0 };
	size_t used = 0;
	term t = etf_decode(context, &heap, out->data, out->size, 0, &used, &error);
	ck_assert_msg(t != TERM_NONE, "%s at %zu", error.reason, error.offset);
	ck_assert_uint_eq(used, out->size);
	return t;
}

static void assert_survives(term t, int compress)
{
	struct etf_out out = { 0 };
	ck_assert_int_eq(etf_encode(NULL, &out, t, 0, compress), 0);
	ck_assert(term_equal(back(NULL, &out), t));
	etf_out_done(&out);
}

static term some_integer(void)
{
	switch (random() % 4) {
	case 0:
		return term_of_small(random() % 600 - 300);
	case 1:
		return term_of_small(random() - (1L << 30));
	case 2:
		return term_of_small((int64_t)((uint64_t)random() << 29) - SMALL_MAX / 2);
	default: {
		size_t limbs = 1 + (size_t)random() % 40;
		term *p = heap_alloc(&heap, 1 + limbs);
		p[0] = HEADER(random() % 2 ? BOXED_BIG_POS : BOXED_BIG_NEG, limbs);
		for (size_t i = 1; i <= limbs; i++)
			p[i] = (uint64_t)random() << 33 | 1;
		p[limbs] |= (uint64_t)1 << 62;
		return term_of_boxed(p);
	}
	}
}

static term some_bits(void)
{
	uint8_t bytes[200];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)random();
	term t = bits_of_bytes(&heap, bytes, sizeof(bytes));
	return bits_part(&heap, t, (size_t)random() % 20, (size_t)random() % (random() % 2 ? 1500 : 100));
}

static term some_term(unsigned depth)
{
	static const char *const atoms[] = { "", "ok", "a b", "\xC3\xA5", "\xE6\x97\xA5\xE6\x9C\xAC", "true" };
	switch (random() % (depth == 0 ? 7 : 12)) {
	case 0:
		return some_integer();
	case 1:
		return heap_float(&heap, (double)random() / 7);
	case 2:
		return atom_of_string(atoms[(size_t)random() % ARRAY_SIZE(atoms)]);
	case 3:
		return some_bits();
	case 4:
		return term_of_pid((uint32_t)random() & PID_SLOT_MAX, (uint32_t)random() & PID_SERIAL_MAX);
	case 5: {
		struct ref_id id = { (uint64_t)random(), (uint64_t)random() << 32 | (uint64_t)random() };
		return random() % 2 ? ref_put(heap_alloc(&heap, REF_WORDS), id)
				    : alias_ref_put(heap_alloc(&heap, ALIAS_REF_WORDS), id, term_of_pid(7, 9));
	}
	case 6:
		return TERM_NIL;
	case 7: {
		size_t n = (size_t)random() % (random() % 20 == 0 ? 300 : 5);
		term elements[300];
		for (size_t i = 0; i < n; i++)
			elements[i] = some_term(depth - 1);
		return heap_tuple(&heap, n, elements);
	}
	case 8: {
		term list = TERM_NIL;
		for (long n = random() % 100; n > 0; n--)
			list = heap_cons(&heap, term_of_small(random() % 256), list);
		return list;
	}
	case 9: {
		term map = map_empty();
		for (long n = random() % (random() % 10 == 0 ? 80 : 6); n > 0; n--)
			map = map_put(&heap, map, some_term(depth / 2), some_term(depth / 2));
		return map;
	}
	default: {
		term list = random() % 3 == 0 ? some_term(0) : TERM_NIL;
		for (long n = random() % 6; n > 0; n--)
			list = heap_cons(&heap, some_term(depth - 1), list);
		return list;
	}
	}
}

START_TEST(random_terms_survive)
{
	for (int i = 0; i < 1500; i++)
		assert_survives(some_term(4), i % 10);
}
END_TEST

/* Deep in every direction; neither way may use the C stack. */
START_TEST(depth_costs_no_stack)
{
	term list = TERM_NIL;
	term tuple = A(ok);
	term map = A(ok);
	for (int i = 0; i < 300000; i++) {
		list = heap_cons(&heap, list, A(ok));
		tuple = heap_tuple_of(&heap, A(ok), tuple);
		map = map_put(&heap, map_empty(), A(ok), map);
	}
	assert_survives(list, 0);
	assert_survives(tuple, 0);
	assert_survives(map, 0);
}
END_TEST

START_TEST(identifiers_of_other_nodes_survive)
{
	struct etf_context here = { .node = atom_of_string("here@host"), .creation = 7 };
	struct etf_context there = { .node = atom_of_string("there@host"), .creation = 7 };
	struct etf_context later = { .node = here.node, .creation = 8 };
	term local[] = {
		term_of_pid(5, 6),
		(term)12 << 6 | IMM_PORT,
		(term)1 << 50 | IMM_PORT,
		ref_put(heap_alloc(&heap, REF_WORDS), (struct ref_id){ 3, 4 }),
		ref_put(heap_alloc(&heap, REF_WORDS), (struct ref_id){ (uint64_t)3 << 32, 4 }),
	};
	for (size_t i = 0; i < ARRAY_SIZE(local); i++) {
		struct etf_out out = { 0 };
		struct etf_out again = { 0 };
		ck_assert_int_eq(etf_encode(&here, &out, local[i], 0, 0), 0);
		ck_assert(term_equal(back(&here, &out), local[i]));
		term foreign = back(&there, &out);
		ck_assert(!term_equal(foreign, local[i]));
		ck_assert(!term_equal(back(&later, &out), local[i]));
		ck_assert_int_eq(etf_encode(&there, &again, foreign, 0, 0), 0);
		ck_assert_uint_eq(out.size, again.size);
		ck_assert(memcmp(out.data, again.data, out.size) == 0);
		etf_out_done(&out);
		etf_out_done(&again);
	}
}
END_TEST

/* What OTP 29 wrote for #foo:bar{x = 1, y = []}. */
START_TEST(native_records_are_written_as_otp_29_does)
{
	static const uint8_t bytes[] = { 131, 67, 0, 0, 0, 2, 1, 119, 3, 102, 111, 111, 119, 3, 98, 97, 114, 119, 1, 120, 119,
		1, 121, 97, 1, 106 };
	struct etf_error error;
	term t = etf_decode(NULL, &heap, bytes, sizeof(bytes), 0, NULL, &error);
	ck_assert(t != TERM_NONE && term_is_record(t));
	ck_assert_uint_eq(record_name(record_definition(t)), atom_of_string("bar"));
	ck_assert_uint_eq(record_values(t)[0], term_of_small(1));
	struct etf_out out = { 0 };
	ck_assert_int_eq(etf_encode(NULL, &out, t, 0, 0), 0);
	ck_assert_uint_eq(out.size, sizeof(bytes));
	ck_assert(memcmp(out.data, bytes, sizeof(bytes)) == 0);
	etf_out_done(&out);
}
END_TEST

START_TEST(errors_name_the_place)
{
	static const uint8_t bytes[] = { 131, 104, 2, 97, 1, 200 };
	struct etf_error error = { 0 };
	ck_assert_uint_eq(etf_decode(NULL, &heap, bytes, 6, 0, NULL, &error), TERM_NONE);
	ck_assert_uint_eq(error.offset, 6);
	ck_assert_str_eq(error.reason, "an unknown tag");
	ck_assert_uint_eq(etf_decode(NULL, &heap, bytes, 5, 0, NULL, &error), TERM_NONE);
	ck_assert_str_eq(error.reason, "the data ends within a term");
}
END_TEST

START_TEST(safe_decoding_makes_no_atoms)
{
	static const uint8_t bytes[] = "\x83w\x0cnever_met_it";
	struct etf_error error = { 0 };
	uint32_t before = atom_count();
	ck_assert_uint_eq(etf_decode(NULL, &heap, bytes, 15, ETF_SAFE, NULL, &error), TERM_NONE);
	ck_assert_uint_eq(atom_count(), before);
	ck_assert(etf_decode(NULL, &heap, bytes, 15, 0, NULL, &error) != TERM_NONE);
	ck_assert_uint_eq(atom_count(), before + 1);
}
END_TEST

/* Nested counts that each claim all of the rest would be quadratic in memory. */
START_TEST(claims_of_counts_take_no_more_memory_than_their_bytes_can_fill)
{
	size_t size = 1 << 20;
	uint8_t *bytes = calloc(1, size);
	bytes[0] = 131;
	for (size_t at = 1; at + 5 < size; at += 5) {
		uint32_t claim = __builtin_bswap32((uint32_t)((size - at - 5) / 2));
		bytes[at] = at % 2 ? 108 : 105;
		memcpy(bytes + at + 1, &claim, 4);
	}
	struct etf_error error;
	int64_t before = mem_used_total();
	ck_assert_uint_eq(etf_decode(NULL, &heap, bytes, size, 0, NULL, &error), TERM_NONE);
	ck_assert_int_lt(mem_used_total() - before, 64 << 20);
	free(bytes);
}
END_TEST

/* Whatever the bytes are, decoding ends, and what it gives can be used. */
START_TEST(damaged_bytes_are_refused_or_decoded)
{
	for (int round = 0; round < 400; round++) {
		struct heap own;
		struct etf_out out = { 0 };
		ck_assert_int_eq(etf_encode(NULL, &out, some_term(3), 0, round % 4 == 0 ? 6 : 0), 0);
		for (int change = 0; change < 60; change++) {
			uint8_t *copy = malloc(out.size);
			size_t size = random() % 3 == 0 ? (size_t)random() % (out.size + 1) : out.size;
			memcpy(copy, out.data, size);
			for (int n = 0; n < 1 + change % 4 && size > 1; n++)
				copy[1 + (size_t)random() % (size - 1)] = (uint8_t)random();
			struct etf_error error;
			heap_init_builder(&own);
			term t = etf_decode(NULL, &own, copy, size, ETF_SAFE | ETF_MAY_REST, NULL, &error);
			if (t != TERM_NONE) {
				(void)term_hash(t, 0);
				struct etf_out again = { 0 };
				ck_assert_int_eq(etf_encode(NULL, &again, t, 0, 0), 0);
				etf_out_done(&again);
			}
			heap_done(&own);
			free(copy);
		}
		etf_out_done(&out);
	}
}
END_TEST

static int asked, asked_at_most;

static bool ask(struct unwanted *u)
{
	(void)u;
	return ++asked > asked_at_most;
}

START_TEST(what_nobody_wants_is_given_up)
{
	const size_t count = 1000000;
	term list = TERM_NIL;
	for (size_t i = 0; i < count; i++)
		list = heap_cons(&heap, term_of_small((int64_t)(i * 7919 % 100003)), list);
	struct etf_out out = { 0 }, packed = { 0 };
	ck_assert_int_eq(etf_encode(NULL, &out, list, 0, 0), 0);
	ck_assert_int_eq(etf_encode(NULL, &packed, list, 0, 6), 0);
	struct unwanted u = { .ask = ask };
	for (asked_at_most = 0; asked_at_most < 4; asked_at_most++) {
		struct etf_out part = { 0 };
		struct etf_error error;
		asked = 0;
		unwanted_begin(&u);
		const int r = etf_encode(NULL, &part, list, 0, asked_at_most % 2 * 6);
		ck_assert(unwanted_end());
		ck_assert_int_eq(r, 0); /* it says nothing of that */
		ck_assert_uint_lt(part.size, out.size / 2);
		etf_out_done(&part);
		asked = 0;
		unwanted_begin(&u);
		const struct etf_out *from = asked_at_most % 2 != 0 ? &packed : &out;
		ck_assert_uint_eq(etf_decode(NULL, &heap, from->data, from->size, 0, NULL, &error), TERM_NONE);
		ck_assert(unwanted_end());
		ck_assert_int_eq(asked, asked_at_most + 1); /* a yes is not asked for again */
	}
	/* Nobody says that it is unwanted: all of it comes, whatever was asked. */
	asked_at_most = INT_MAX;
	struct etf_out all = { 0 };
	unwanted_begin(&u);
	ck_assert_int_eq(etf_encode(NULL, &all, list, 0, 6), 0);
	ck_assert(!unwanted_end());
	ck_assert_uint_eq(all.size, packed.size);
	ck_assert(memcmp(all.data, packed.data, all.size) == 0);
	ck_assert(term_equal(back(NULL, &all), list));
	etf_out_done(&all);
	etf_out_done(&packed);
	etf_out_done(&out);
}
END_TEST

void add_etf_tests(Suite *suite)
{
	TCase *c = tcase_create("etf");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 300);
	tcase_add_test(c, random_terms_survive);
	tcase_add_test(c, depth_costs_no_stack);
	tcase_add_test(c, identifiers_of_other_nodes_survive);
	tcase_add_test(c, native_records_are_written_as_otp_29_does);
	tcase_add_test(c, errors_name_the_place);
	tcase_add_test(c, safe_decoding_makes_no_atoms);
	tcase_add_test(c, claims_of_counts_take_no_more_memory_than_their_bytes_can_fill);
	tcase_add_test(c, damaged_bytes_are_refused_or_decoded);
	tcase_add_test(c, what_nobody_wants_is_given_up);
	suite_add_tcase(suite, c);
}
