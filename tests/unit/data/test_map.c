/* SPDX-License-Identifier: Apache-2.0 */
/* Maps against a plain array of pairs, across the border between flat and tree. */
#include "data/map.h"
#include "term/atom.h"
#include "term/compare.h"
#include "tests.h"

#include <check.h>
#include <stdlib.h>

static struct heap heap;

static void setup(void)
{
	atom_init(10000);
	map_init();
	heap_init_builder(&heap);
}

static void teardown(void)
{
	heap_done(&heap);
	map_exit();
	atom_done();
}

#define MODEL_MAX 4096

struct model {
	term keys[MODEL_MAX];
	term values[MODEL_MAX];
	size_t count;
};

static size_t model_find(const struct model *m, term key)
{
	size_t i = 0;
	while (i < m->count && !term_equal(m->keys[i], key))
		i++;
	return i;
}

static void model_put(struct model *m, term key, term value)
{
	size_t i = model_find(m, key);
	m->keys[i] = key;
	m->values[i] = value;
	m->count += i == m->count;
}

static void model_remove(struct model *m, term key)
{
	size_t i = model_find(m, key);
	if (i == m->count)
		return;
	m->count--;
	m->keys[i] = m->keys[m->count];
	m->values[i] = m->values[m->count];
}

static void assert_same(const struct model *m, term map)
{
	map_verify(map);
	ck_assert_uint_eq(map_size(map), m->count);
	for (size_t i = 0; i < m->count; i++)
		ck_assert_uint_eq(map_get(map, m->keys[i]), m->values[i]);
	struct map_iter iter;
	term key;
	term value;
	size_t n = 0;
	map_iter_init(&iter, map);
	while (map_iter_next(&iter, &key, &value)) {
		size_t i = model_find(m, key);
		ck_assert_uint_lt(i, m->count);
		ck_assert_uint_eq(m->values[i], value);
		n++;
	}
	ck_assert_uint_eq(n, m->count);
}

/* Keys of several kinds; equal numbers give equal keys at different addresses. */
static term key_of(long i)
{
	switch (i % 5) {
	case 0:
		return term_of_small(i);
	case 1:
		return heap_float(&heap, (double)(i - 1));
	case 2:
		return heap_cons(&heap, term_of_small(i), TERM_NIL);
	case 3:
		return heap_tuple_of(&heap, A(ok), term_of_small(i));
	default:
		return term_of_atom_index((uint32_t)i % 600);
	}
}

START_TEST(random_edits_agree_with_a_plain_array)
{
	static const long ranges[] = { 20, 45, 80, 400, 3000 };
	static struct model m;
	for (size_t r = 0; r < ARRAY_SIZE(ranges); r++) {
		m.count = 0;
		term map = map_empty();
		for (int step = 0; step < 3000; step++) {
			term key = key_of(random() % ranges[r]);
			term value = term_of_small(random() % 8);
			bool there = model_find(&m, key) < m.count;
			long what = random() % 10;
			if (what < 5) {
				map = map_put(&heap, map, key, value);
				model_put(&m, key, value);
			} else if (what < 7) {
				term t = map_update(&heap, map, key, value);
				ck_assert_int_eq(t != TERM_NONE, there);
				if (there) {
					map = t;
					model_put(&m, key, value);
				}
			} else {
				term removed;
				term t = map_remove(&heap, map, key, &removed);
				ck_assert_int_eq(removed != TERM_NONE, there);
				ck_assert_int_eq(t != map, there);
				map = t;
				model_remove(&m, key);
			}
			if (step % 50 == 0)
				assert_same(&m, map);
		}
		assert_same(&m, map);
		while (m.count > 0) {
			map = map_remove(&heap, map, m.keys[0], NULL);
			model_remove(&m, m.keys[0]);
			if (m.count % 16 == 0)
				assert_same(&m, map);
		}
		ck_assert_uint_eq(map, map_empty());
	}
}
END_TEST

START_TEST(building_at_once_gives_the_same_map_as_one_by_one)
{
	static struct model m;
	static term pairs[2 * MODEL_MAX];
	for (int round = 0; round < 200; round++) {
		size_t count = (size_t)random() % (round % 4 == 0 ? 2000 : 60);
		long range = 1 + random() % 1500;
		term map = map_empty();
		m.count = 0;
		for (size_t i = 0; i < count; i++) {
			pairs[2 * i] = key_of(random() % range);
			pairs[2 * i + 1] = term_of_small((int64_t)i);
			model_put(&m, pairs[2 * i], pairs[2 * i + 1]);
			map = map_put(&heap, map, pairs[2 * i], pairs[2 * i + 1]);
		}
		term many = map_put_many(&heap, map_empty(), pairs, count);
		assert_same(&m, many);
		ck_assert(term_equal(many, map));
		bool unique = m.count == count;
		term at_once = map_of_pairs(&heap, pairs, count, MAP_OF_LAST_WINS);
		assert_same(&m, at_once);
		ck_assert(term_equal(at_once, map));
		ck_assert_int_eq(map_of_pairs(&heap, pairs, count, MAP_OF_UNIQUE) != TERM_NONE, unique);
	}
}
END_TEST

START_TEST(merging_agrees_with_putting_one_by_one)
{
	static struct model m;
	for (int round = 0; round < 300; round++) {
		term maps[2] = { map_empty(), map_empty() };
		m.count = 0;
		for (int side = 0; side < 2; side++) {
			size_t count = (size_t)random() % (random() % 3 == 0 ? 300 : 40);
			for (size_t i = 0; i < count; i++) {
				term key = key_of(random() % 500);
				term value = term_of_small(random() % 1000);
				maps[side] = map_put(&heap, maps[side], key, value);
				model_put(&m, key, value);
			}
		}
		assert_same(&m, map_merge(&heap, maps[0], maps[1]));
		ck_assert_uint_eq(map_merge(&heap, maps[1], maps[1]), maps[1]);
		ck_assert(term_equal(map_merge(&heap, maps[0], map_empty()), maps[0]));
		/* A part of the other changes nothing. */
		term all = map_merge(&heap, maps[0], maps[1]);
		ck_assert(term_equal(map_merge(&heap, maps[0], all), all));
	}
}
END_TEST

START_TEST(several_updates_name_the_missing_key)
{
	term map = map_empty();
	for (int64_t i = 0; i < 50; i++) {
		term pairs[4] = { term_of_small(i / 2), A(ok), term_of_small(1000), A(ok) };
		term missing = TERM_NONE;
		map = map_put(&heap, map, term_of_small(i), TERM_NIL);
		ck_assert_uint_eq(map_update_many(&heap, map, pairs, 2, &missing), TERM_NONE);
		ck_assert_uint_eq(missing, term_of_small(1000));
		term t = map_update_many(&heap, map, pairs, 1, &missing);
		ck_assert_uint_eq(map_get(t, pairs[0]), A(ok));
		ck_assert_uint_eq(map_size(t), map_size(map));
	}
}
END_TEST

START_TEST(versions_of_a_flat_map_share_their_keys)
{
	term map = map_put(&heap, map_put(&heap, map_empty(), A(ok), TERM_NIL), A(error), TERM_NIL);
	term other = map_put(&heap, map, A(ok), A(error));
	ck_assert_uint_eq(boxed_ptr(map)[1], boxed_ptr(other)[1]);
	ck_assert_uint_eq(map_put(&heap, other, A(ok), A(error)), other);
	ck_assert_uint_eq(map_remove(&heap, map, A(true), NULL), map);
}
END_TEST

void add_map_tests(Suite *suite)
{
	TCase *c = tcase_create("map");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 300);
	tcase_add_test(c, random_edits_agree_with_a_plain_array);
	tcase_add_test(c, building_at_once_gives_the_same_map_as_one_by_one);
	tcase_add_test(c, merging_agrees_with_putting_one_by_one);
	tcase_add_test(c, several_updates_name_the_missing_key);
	tcase_add_test(c, versions_of_a_flat_map_share_their_keys);
	suite_add_tcase(suite, c);
}
