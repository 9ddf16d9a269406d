/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a process: random graphs live through collections and packs unchanged, and what they hold off heap is
 * counted exactly. */
#include "base/vec.h"
#include "heap/gen.h"
#include "heap/gradual.h"
#include "heap/offheap.h"
#include "term/fun.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ROOTS 24

static uint64_t seed = 88172645463325252ULL;
static int64_t resources_alive;

static uint64_t random_next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static size_t random_below(size_t n)
{
	return (size_t)(random_next() % n);
}

static void binary_destroy(struct counted *counted)
{
	struct binary *b = (struct binary *)(void *)counted;
	mem_free(MEM_BINARY, b, sizeof(*b) + b->capacity);
	resources_alive--;
}

static term put_binary(struct heap *heap, size_t bytes)
{
	struct binary *b = mem_alloc(MEM_BINARY, sizeof(*b) + bytes);
	*b = (struct binary){
		.counted = { .refs = 1, .destroy = binary_destroy },
		.size = bytes,
		.capacity = bytes,
		.data = (uint8_t *)(b + 1),
	};
	for (size_t i = 0; i < bytes; i++)
		b->data[i] = (uint8_t)(i * 7 + bytes);
	resources_alive++;
	term *p = heap_alloc(heap, REF_BITS_WORDS);
	p[0] = HEADER(BOXED_REF_BITS, REF_BITS_WORDS - 1);
	p[2] = (term)(uintptr_t)b;
	p[3] = (term)bytes * 8 << 3;
	p[4] = 0;
	offheap_add(&heap->offheap, p, bytes);
	return term_of_boxed(p);
}

static term put_sub(struct heap *heap, term whole, size_t offset, size_t size)
{
	term *p = heap_alloc(heap, SUB_BITS_WORDS);
	p[0] = HEADER(BOXED_SUB_BITS, SUB_BITS_WORDS - 1);
	p[1] = whole;
	p[2] = (term)offset << 3;
	p[3] = (term)size << 3;
	p[4] = 0;
	return term_of_boxed(p);
}

static term put_heap_bits(struct heap *heap, size_t bytes)
{
	size_t words = HEAP_BITS_WORDS(bytes);
	term *p = heap_alloc(heap, words);
	memset(p, 0, words * sizeof(term));
	p[0] = HEADER(BOXED_HEAP_BITS, words - 1);
	p[1] = (term)bytes * 8 << 3;
	memset(p + 2, (int)bytes + 1, bytes);
	return term_of_boxed(p);
}

/* One random value that refers to some of the roots. */
static term put_random(struct heap *heap, const term *roots)
{
	term elements[40];
	size_t n;
	switch (random_below(12)) {
	case 0:
		return heap_float(heap, (double)random_below(1000) / 8);
	case 1:
		return put_heap_bits(heap, random_below(HEAP_BITS_MAX_BYTES + 1));
	case 2: {
		term whole = put_binary(heap, 65 + random_below(300));
		return random_below(2) ? whole : put_sub(heap, whole, random_below(20), 200 + random_below(300));
	}
	case 3: {
		term *p = heap_alloc(heap, REF_WORDS);
		return ref_put(p, (struct ref_id){ random_next(), random_next() });
	}
	case 4: {
		n = 1 + random_below(5);
		term *p = heap_alloc(heap, n + 1);
		p[0] = HEADER(BOXED_BIG_POS, n);
		for (size_t i = 1; i <= n; i++)
			p[i] = random_next() | 1;
		return term_of_boxed(p);
	}
	case 5: {
		n = random_below(4);
		term *p = heap_alloc(heap, FUN_WORDS(n));
		p[0] = HEADER(BOXED_FUN, 2 + n);
		p[1] = (term)(uintptr_t)&resources_alive & ~(term)7;
		p[2] = TERM_NIL;
		for (size_t i = 0; i < n; i++)
			p[3 + i] = roots[random_below(ROOTS)];
		return term_of_boxed(p);
	}
	case 6:
	case 7: {
		term list = random_below(3) ? TERM_NIL : roots[random_below(ROOTS)];
		for (n = random_below(30); n > 0; n--)
			list = heap_cons(heap, random_below(4) ? term_of_small((int64_t)n) : roots[random_below(ROOTS)], list);
		return list;
	}
	default:
		n = random_below(40);
		for (size_t i = 0; i < n; i++)
			elements[i] = random_below(8) ? term_of_small((int64_t)random_below(1000)) : roots[random_below(ROOTS)];
		return heap_tuple(heap, n, elements);
	}
}

struct pair {
	term a, b;
};

/* Same shape and content; identity does not matter. */
static bool same(term a, term b)
{
	VEC(struct pair) todo = { 0 };
	struct pair pair = { a, b };
	vec_push(&todo, pair);
	bool equal = true;
	while (equal && todo.count > 0) {
		struct pair at = vec_pop(&todo);
		if (at.a == at.b)
			continue;
		if (((at.a ^ at.b) & TAG_MASK) != 0 || term_is_immediate(at.a)) {
			equal = false;
		} else if (term_is_cons(at.a)) {
			vec_push(&todo, ((struct pair){ cons_tail(at.a), cons_tail(at.b) }));
			vec_push(&todo, ((struct pair){ cons_head(at.a), cons_head(at.b) }));
		} else if (term_is_bitstring(at.a)) {
			if (!term_is_bitstring(at.b) || bits_size(at.a) != bits_size(at.b)) {
				equal = false;
				continue;
			}
			struct bits x = bits_of(at.a), y = bits_of(at.b);
			for (size_t i = 0; i < x.size && equal; i++) {
				size_t m = x.offset + i, n = y.offset + i;
				equal = (x.data[m / 8] >> (7 - m % 8) & 1) == (y.data[n / 8] >> (7 - n % 8) & 1);
			}
		} else {
			const term *p = boxed_ptr(at.a), *q = boxed_ptr(at.b);
			equal = p[0] == q[0];
			for (size_t i = 1; equal && i <= header_size(p[0]); i++) {
				if ((p[0] & HEADER_RAW) != 0)
					equal = p[i] == q[i];
				else
					vec_push(&todo, ((struct pair){ p[i], q[i] }));
			}
		}
	}
	vec_done(&todo);
	return equal;
}

struct fixture {
	struct nursery nursery;
	struct gen_heap g;
	term roots[ROOTS];
	struct owned_term *shadows[ROOTS];
};

static void fixture_init(struct fixture *f)
{
	resources_alive = 0;
	nursery_init(&f->nursery);
	gen_init(&f->g);
	for (size_t i = 0; i < ROOTS; i++) {
		f->roots[i] = TERM_NIL;
		f->shadows[i] = NULL;
	}
	heap_enter(&f->g, &f->nursery);
}

static struct roots fixture_roots(struct fixture *f)
{
	struct roots roots = { 0 };
	roots_add(&roots, f->roots, ROOTS);
	return roots;
}

static void fixture_shadow(struct fixture *f)
{
	for (size_t i = 0; i < ROOTS; i++) {
		owned_term_free(f->shadows[i]);
		f->shadows[i] = owned_term_new_deep(MEM_MISC, f->roots[i]);
	}
}

static void fixture_check(struct fixture *f)
{
	struct roots roots = fixture_roots(f);
	heap_verify(&f->g, &roots);
	for (size_t i = 0; i < ROOTS; i++)
		ck_assert(f->shadows[i] == NULL || same(f->roots[i], f->shadows[i]->value));
}

static void fixture_done(struct fixture *f)
{
	for (size_t i = 0; i < ROOTS; i++)
		f->shadows[i] = owned_term_free(f->shadows[i]);
	gen_done(&f->g);
	nursery_done(&f->nursery);
	ck_assert_int_eq(resources_alive, 0);
}

/* Roots that grow without bound are cut, so that copies without sharing stay small. */
static void fixture_trim(struct fixture *f, size_t words)
{
	for (size_t i = 0; i < ROOTS; i++) {
		if (heap_flat_words(f->roots[i]) > words)
			f->roots[i] = term_of_small((int64_t)i);
	}
}

static void fixture_churn(struct fixture *f, size_t values)
{
	while (values-- > 0) {
		size_t at = random_below(ROOTS);
		term t = put_random(&f->g.heap, f->roots);
		f->roots[at] = t;
		if (heap_flat_words(t) > 2000)
			f->roots[at] = TERM_NIL;
	}
}

/* As a scheduler does: it leaves the process after each part, and goes on on another worker. */
static void fixture_collect_in_parts(struct fixture *f, size_t need)
{
	struct roots roots = fixture_roots(f);
	struct heap_collection *c = heap_collection_begin(&f->g, need, random_below(3) == 0, &roots);
	while (!heap_collection_step(c, &f->g, 0)) {
		f->g.nursery = NULL;
		heap_enter(&f->g, &f->nursery);
	}
}

START_TEST(random_graphs_survive_every_kind_of_collection)
{
	struct fixture f;
	seed += (uint64_t)_i;
	fixture_init(&f);
	for (int round = 0; round < 150; round++) {
		fixture_churn(&f, random_below(2000));
		fixture_trim(&f, 4000);
		fixture_shadow(&f);
		fixture_check(&f);
		struct roots roots = fixture_roots(&f);
		size_t need = random_below(10) == 0 ? random_below(40000) : random_below(50);
		if (random_below(3) == 0)
			fixture_collect_in_parts(&f, need);
		else if (random_below(8) == 0)
			heap_collect_major(&f.g, need, &roots);
		else
			heap_collect(&f.g, need, &roots);
		ck_assert_uint_ge((size_t)(f.g.heap.limit - f.g.heap.top), need);
		ck_assert_ptr_null(f.g.heap.fragments);
		fixture_check(&f);
		if (random_below(3) == 0) {
			f.g.rested = 0;
			if (random_below(2) == 0)
				heap_rest(&f.g);
			heap_leave(&f.g, &f.nursery, &roots);
			fixture_check(&f);
			heap_enter(&f.g, &f.nursery);
			fixture_check(&f);
		}
	}
	fixture_done(&f);
}
END_TEST

START_TEST(small_processes_are_packed_and_found_again)
{
	struct fixture f;
	seed += (uint64_t)_i * 77;
	fixture_init(&f);
	for (int round = 0; round < 3000; round++) {
		fixture_churn(&f, random_below(6));
		if (random_below(4) == 0)
			fixture_trim(&f, 20 + random_below(300));
		else
			fixture_trim(&f, 300);
		/* A stack of values. */
		size_t stack = random_below(12);
		f.g.heap.limit = f.g.end;
		while (stack-- > 0)
			*--f.g.heap.limit = f.roots[random_below(ROOTS)];
		fixture_shadow(&f);
		struct owned_term *top = f.g.heap.limit < f.g.end ? owned_term_new(MEM_MISC, *f.g.heap.limit) : NULL;
		struct roots roots = fixture_roots(&f);
		heap_leave(&f.g, &f.nursery, &roots);
		fixture_check(&f);
		heap_enter(&f.g, &f.nursery);
		fixture_check(&f);
		if (top != NULL)
			ck_assert(same(top->value, *f.g.heap.limit));
		owned_term_free(top);
	}
	fixture_done(&f);
}
END_TEST

START_TEST(a_large_process_at_rest_keeps_little_room)
{
	struct fixture f;
	fixture_init(&f);
	struct roots roots = fixture_roots(&f);
	/* Too much to be packed, and as much garbage again. */
	for (int i = 0; i < 6000; i++) {
		f.roots[0] = heap_cons(&f.g.heap, term_of_small(i), i == 0 ? TERM_NIL : f.roots[0]);
		(void)heap_tuple_of(&f.g.heap, term_of_small(3), term_of_small(4));
		if (i % 100 == 0)
			heap_collect(&f.g, 0, &roots);
	}
	*--f.g.heap.limit = f.roots[0];
	heap_leave(&f.g, &f.nursery, &roots);
	ck_assert_ptr_nonnull(f.g.start);
	size_t before = gen_total_words(&f.g);
	for (unsigned i = 0; i < HEAP_REST_TIMES; i++) {
		heap_enter(&f.g, &f.nursery);
		ck_assert(heap_may_rest(&f.g));
		heap_rest(&f.g);
		heap_leave(&f.g, &f.nursery, &roots);
		ck_assert_ptr_null(f.g.start);
		ck_assert_uint_lt(gen_total_words(&f.g), before);
		ck_assert_uint_eq(gen_used_words(&f.g), 12001);
		heap_enter(&f.g, &f.nursery);
		ck_assert_uint_eq(*f.g.heap.limit, f.roots[0]);
		heap_leave(&f.g, &f.nursery, &roots); /* large again */
		ck_assert_ptr_nonnull(f.g.start);
	}
	ck_assert(!heap_may_rest(&f.g));
	heap_enter(&f.g, &f.nursery);
	int left = 6000;
	for (term t = f.roots[0]; t != TERM_NIL; t = cons_tail(t))
		ck_assert_uint_eq(cons_head(t), term_of_small(--left));
	ck_assert_int_eq(left, 0);
	fixture_done(&f);
}
END_TEST

START_TEST(an_idle_process_takes_exactly_what_lives)
{
	struct fixture f;
	fixture_init(&f);
	f.roots[0] = heap_tuple_of(&f.g.heap, term_of_small(1), term_of_small(2));
	(void)heap_tuple_of(&f.g.heap, term_of_small(3), term_of_small(4));
	*--f.g.heap.limit = f.roots[0];
	struct roots roots = fixture_roots(&f);
	heap_leave(&f.g, &f.nursery, &roots);
	ck_assert_uint_eq(gen_total_words(&f.g), 4);
	ck_assert_uint_eq(gen_used_words(&f.g), 4);
	heap_enter(&f.g, &f.nursery);
	ck_assert_uint_eq(*f.g.heap.limit, f.roots[0]);
	fixture_done(&f);
}
END_TEST

START_TEST(what_nobody_refers_to_is_released)
{
	struct fixture f;
	fixture_init(&f);
	struct roots roots = fixture_roots(&f);
	for (size_t i = 0; i < ROOTS; i++)
		f.roots[i] = put_binary(&f.g.heap, 1000);
	for (int i = 0; i < 100; i++)
		(void)put_binary(&f.g.heap, 100);
	heap_collect(&f.g, 0, &roots);
	ck_assert_int_eq(resources_alive, ROOTS);
	ck_assert_uint_eq(f.g.heap.offheap.bytes, ROOTS * 1000);
	f.roots[3] = TERM_NIL;
	heap_leave(&f.g, &f.nursery, &roots);
	ck_assert_int_eq(resources_alive, ROOTS - 1);
	heap_enter(&f.g, &f.nursery);
	f.roots[4] = TERM_NIL;
	heap_collect_major(&f.g, 0, &roots);
	ck_assert_int_eq(resources_alive, ROOTS - 2);
	fixture_done(&f);
}
END_TEST

START_TEST(fragments_are_taken_when_the_block_is_full_and_emptied_by_a_collection)
{
	struct fixture f;
	fixture_init(&f);
	struct roots roots = fixture_roots(&f);
	for (int64_t i = 0; i < 20000; i++)
		f.roots[0] = heap_cons(&f.g.heap, term_of_small(i), f.roots[0]);
	ck_assert_uint_gt(f.g.heap.fragment_words, 20000);
	ck_assert(heap_wants_collect(&f.g));
	heap_verify(&f.g, &roots);
	heap_collect(&f.g, 100, &roots);
	ck_assert_ptr_null(f.g.heap.fragments);
	heap_verify(&f.g, &roots);
	int64_t i = 20000;
	for (term t = f.roots[0]; term_is_cons(t); t = cons_tail(t))
		ck_assert_int_eq(small_value(cons_head(t)), --i);
	ck_assert_int_eq(i, 0);
	fixture_done(&f);
}
END_TEST

START_TEST(lists_and_terms_of_a_million_levels_are_copied_and_collected)
{
	struct fixture f;
	fixture_init(&f);
	struct roots roots = fixture_roots(&f);
	for (int64_t i = 0; i < 1000000; i++) {
		if (!heap_has_room(&f.g, 20))
			heap_collect(&f.g, 20, &roots);
		f.roots[0] = heap_cons(&f.g.heap, term_of_small(i), f.roots[0]);
		f.roots[1] = heap_cons(&f.g.heap, f.roots[1], TERM_NIL);
		f.roots[2] = heap_tuple_of(&f.g.heap, f.roots[2], term_of_small(i));
	}
	heap_verify(&f.g, &roots);
	ck_assert_uint_eq(heap_copy_words(f.roots[0]), 2000000);
	ck_assert_uint_eq(heap_copy_words(f.roots[1]), 2000000);
	ck_assert_uint_eq(heap_copy_words(f.roots[2]), 3000000);
	fixture_shadow(&f);
	heap_collect_major(&f.g, 0, &roots);
	fixture_check(&f);
	heap_collect(&f.g, 0, &roots);
	heap_collect(&f.g, 0, &roots);
	fixture_check(&f);
	fixture_done(&f);
}
END_TEST

START_TEST(a_heap_that_was_huge_becomes_small_again)
{
	struct fixture f;
	fixture_init(&f);
	struct roots roots = fixture_roots(&f);
	/* A deep stack makes the young block huge. */
	for (int64_t i = 0; i < 3000000; i++) {
		if (!heap_has_room(&f.g, 1))
			heap_collect(&f.g, 1, &roots);
		*--f.g.heap.limit = term_of_small(i);
	}
	f.g.heap.limit = f.g.end;
	for (int i = 0; i < 20; i++) {
		heap_collect_major(&f.g, 10, &roots);
		heap_verify(&f.g, &roots);
	}
	heap_leave(&f.g, &f.nursery, &roots);
	ck_assert_uint_eq(gen_total_words(&f.g), 0);
	heap_enter(&f.g, &f.nursery);
	fixture_done(&f);
}
END_TEST

START_TEST(literals_are_shared_until_they_are_copied_out)
{
	struct fixture f;
	fixture_init(&f);
	struct roots roots = fixture_roots(&f);
	struct heap builder;
	heap_init_builder(&builder);
	term original = heap_tuple_of(&builder, put_binary(&builder, 500), heap_cons(&builder, term_of_small(7), TERM_NIL));
	size_t words = heap_copy_words(original);
	term *area = literal_alloc(words);
	term *p = area;
	struct offheap held = { 0 };
	term literal = heap_copy_into(original, &p, &held);
	ck_assert(term_is_literal(literal) && !term_is_literal(original));
	f.roots[0] = literal;
	f.roots[1] = heap_tuple_of(&f.g.heap, literal, cons_tail(tuple_element(literal, 1)), tuple_element(literal, 0));
	fixture_shadow(&f);
	ck_assert_uint_eq(heap_copy_words(f.roots[1]), 4);
	ck_assert_uint_eq(heap_copy_words(literal), 0);
	heap_collect(&f.g, 0, &roots);
	ck_assert_uint_eq(f.roots[0], literal);
	ck_assert(heap_refers_to(&f.g, area, words, &roots));
	heap_copy_out_literals(&f.g, area, words, &roots);
	ck_assert(!heap_refers_to(&f.g, area, words, &roots));
	fixture_check(&f);
	offheap_release(&held);
	literal_free(area, words);
	heap_done(&builder);
	ck_assert_int_eq(resources_alive, 1);
	fixture_check(&f);
	fixture_done(&f);
}
END_TEST

START_TEST(a_part_of_a_buffer_is_copied_as_bytes_when_it_is_short)
{
	struct heap a, b;
	resources_alive = 0;
	heap_init_builder(&a);
	heap_init_builder(&b);
	term whole = put_binary(&a, 1000);
	term shrt = put_sub(&a, whole, 13, 301);
	term lng = put_sub(&a, whole, 13, 3001);
	for (int i = 0; i < 2; i++) {
		term from = i ? lng : shrt;
		term to = heap_copy(&b, from);
		ck_assert(same(from, to));
		ck_assert_int_eq(header_kind(boxed_header(to)), i ? BOXED_SUB_BITS : BOXED_HEAP_BITS);
	}
	heap_done(&a);
	ck_assert_int_eq(resources_alive, 1);
	heap_done(&b);
	ck_assert_int_eq(resources_alive, 0);
}
END_TEST

START_TEST(small_values_are_counted_and_copied_as_any)
{
	struct fixture f;
	fixture_init(&f);
	struct roots roots = fixture_roots(&f);
	unsigned small = 0;
	for (int round = 0; round < 20000; round++) {
		if (!heap_has_room(&f.g, 100))
			heap_collect(&f.g, 100, &roots);
		unsigned at = (unsigned)random_below(ROOTS);
		f.roots[at] = random_below(20) ? put_random(&f.g.heap, f.roots) : TERM_NIL;
		size_t words = heap_copy_words_small(f.roots[at]);
		if (words > HEAP_SMALL_WORDS)
			continue;
		small++;
		ck_assert_uint_eq(words, heap_copy_words(f.roots[at]));
		term block[HEAP_SMALL_WORDS + 1], *top = block;
		term copy = heap_copy_small_into(f.roots[at], &top);
		ck_assert_ptr_eq(top, block + words);
		ck_assert(same(f.roots[at], copy));
	}
	ck_assert_uint_gt(small, 1000);
	fixture_done(&f);
}
END_TEST

START_TEST(what_was_taken_too_much_is_given_back)
{
	struct fixture f;
	fixture_init(&f);
	term *p = heap_alloc(&f.g.heap, 100);
	heap_shrink(&f.g.heap, p, 100, 10);
	ck_assert_ptr_eq(f.g.heap.top, p + 10);
	for (int i = 0; i < 10; i++)
		p[i] = TERM_NIL;
	f.g.heap.limit = f.g.heap.top;
	p = heap_alloc(&f.g.heap, 100);
	heap_shrink(&f.g.heap, p, 100, 1);
	p[0] = TERM_NIL;
	ck_assert_uint_eq(f.g.heap.fragment_words, 1);
	f.g.heap.limit = f.g.end;
	struct roots roots = fixture_roots(&f);
	heap_verify(&f.g, &roots);
	fixture_done(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heap");
	TCase *tc = tcase_create("heap");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, random_graphs_survive_every_kind_of_collection, 0, 10);
	tcase_add_loop_test(tc, small_processes_are_packed_and_found_again, 0, 5);
	tcase_add_test(tc, an_idle_process_takes_exactly_what_lives);
	tcase_add_test(tc, a_large_process_at_rest_keeps_little_room);
	tcase_add_test(tc, what_nobody_refers_to_is_released);
	tcase_add_test(tc, fragments_are_taken_when_the_block_is_full_and_emptied_by_a_collection);
	tcase_add_test(tc, lists_and_terms_of_a_million_levels_are_copied_and_collected);
	tcase_add_test(tc, a_heap_that_was_huge_becomes_small_again);
	tcase_add_test(tc, literals_are_shared_until_they_are_copied_out);
	tcase_add_test(tc, a_part_of_a_buffer_is_copied_as_bytes_when_it_is_short);
	tcase_add_test(tc, small_values_are_counted_and_copied_as_any);
	tcase_add_test(tc, what_was_taken_too_much_is_given_back);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
