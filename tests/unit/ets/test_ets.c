/* SPDX-License-Identifier: Apache-2.0 */
/* Where tables keep their objects: hashes and trees under many insertions and removals, and keys made to collide. */
#include "ets/table.h"

#include <check.h>
#include <stdlib.h>

static struct table *table_make(enum table_type type)
{
	struct table *t = calloc(1, sizeof(*t));
	t->type = type;
	t->keypos = 1;
	if (ets_is_tree(t))
		tree_init(t);
	else
		hash_init(t);
	return t;
}

static void table_drop(struct table *t)
{
	while (!(ets_is_tree(t) ? tree_empty_some(t, 100) : hash_empty_some(t, 100)))
		;
	free(t);
}

static struct object *object_make(int64_t key, int64_t value)
{
	term tuple[] = { HEADER(BOXED_TUPLE, 2), term_of_small(key), term_of_small(value) };
	return object_new(term_of_boxed(tuple));
}

static int64_t object_value(const struct object *o)
{
	return small_value(o->data[2]);
}

static uint64_t seed = 4711;

static uint64_t random_below(uint64_t n)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (seed >> 33) % n;
}

/* All types that hold one object a key: what a plain array says, the table says. */
static void churn(enum table_type type, size_t keys, size_t rounds)
{
	struct table *t = table_make(type);
	int64_t *model = calloc(keys, sizeof(*model));
	size_t count = 0;
	for (size_t i = 1; i <= rounds; i++) {
		size_t key = (size_t)random_below(keys);
		/* Mostly insertions at first, mostly removals in the end. */
		if (random_below(rounds) >= i) {
			ets_insert(t, object_make((int64_t)key, (int64_t)i));
			count += model[key] == 0;
			model[key] = (int64_t)i;
		} else {
			struct object *o = ets_take(t, term_of_small((int64_t)key));
			ck_assert_int_eq(o != NULL ? object_value(o) : 0, model[key]);
			objects_free(o);
			count -= model[key] != 0;
			model[key] = 0;
		}
		ck_assert_uint_eq(t->count, count);
		if (i % (rounds / 8) != 0)
			continue;
		size_t seen = 0;
		bool found;
		term last = TERM_NONE;
		for (struct object *o = ets_next(t, TERM_NONE, &found); o != NULL; o = ets_next(t, last, &found)) {
			term next = object_key(o, 1);
			ck_assert(type != TABLE_ORDERED_SET || last == TERM_NONE || key_compare(last, next) < 0);
			ck_assert_int_eq(object_value(o), model[small_value(next)]);
			last = next;
			seen++;
		}
		ck_assert_uint_eq(seen, count);
		for (size_t k = 0; k < keys; k++) {
			struct object *o = ets_find(t, term_of_small((int64_t)k));
			ck_assert_int_eq(o != NULL ? object_value(o) : 0, model[k]);
		}
	}
	free(model);
	table_drop(t);
}

START_TEST(tables_say_what_a_plain_array_says)
{
	static const enum table_type types[] = { TABLE_SET, TABLE_ORDERED_SET };
	static const size_t keys[] = { 3, 100, 5000, 60000 };
	churn(types[_i % 2], keys[_i / 2], 100000);
}
END_TEST

START_TEST(an_ordered_table_filled_in_order_is_dense)
{
	struct table *t = table_make(TABLE_ORDERED_SET);
	for (int64_t i = 0; i < 100000; i++)
		ets_insert(t, object_make(i, i));
	size_t objects = 100000 * object_bytes(ets_find(t, TERM_ZERO));
	ck_assert_uint_lt(t->bytes - objects, 100000 * 20);
	table_drop(t);
}
END_TEST

START_TEST(keys_with_one_hash_cost_time_but_not_memory)
{
	struct table *t = table_make(TABLE_SET);
	size_t count = 30000;
	/* Straight into the hash, since nobody can make so many keys collide here. */
	for (size_t i = 0; i < count; i++) {
		hash_insert(t, 12345, object_make((int64_t)i, 1));
		t->count++;
	}
	ck_assert_ptr_nonnull(hash_find(t, 12345, term_of_small(7)));
	ck_assert_ptr_null(hash_find(t, 12345, term_of_small((int64_t)count)));
	ck_assert_uint_lt(t->bytes, count * 200);
	for (size_t i = 0; i < count; i += 100)
		objects_free(hash_take(t, 12345, term_of_small((int64_t)i)));
	ck_assert_ptr_null(hash_find(t, 12345, term_of_small(100)));
	ck_assert_ptr_nonnull(hash_find(t, 12345, term_of_small(101)));
	table_drop(t);
}
END_TEST

START_TEST(a_walk_from_any_hash_goes_on_after_any_change)
{
	struct table *t = table_make(TABLE_SET);
	struct hash_place place;
	for (int64_t i = 0; i < 1000; i++)
		ets_insert(t, object_make(i, 0));
	/* New keys are put in while it walks; those that were there are met once each. */
	uint64_t from = 0;
	size_t met = 0;
	for (int64_t fresh = 1000;; fresh += 50) {
		struct object *o = hash_seek(t, from, &place);
		if (o == NULL)
			break;
		met += object_value(o) == 0;
		from = hash_place_hash(&place) + 1;
		for (int64_t i = 0; i < 50; i++)
			ets_insert(t, object_make(fresh + i, 1));
		if (fresh > 100000)
			fresh -= 50; /* no more growth */
	}
	ck_assert_uint_eq(met, 1000);
	table_drop(t);
}
END_TEST

START_TEST(a_bag_keeps_its_objects_apart)
{
	struct table *t = table_make(TABLE_BAG);
	for (int round = 0; round < 2; round++) {
		for (int64_t i = 0; i < 100; i++)
			ets_insert(t, object_make(i % 10, i));
	}
	ck_assert_uint_eq(t->count, 100);
	struct object *o = ets_find(t, term_of_small(3));
	ck_assert_int_eq(object_value(o), 93);
	ets_remove(t, o->next);
	ck_assert_uint_eq(t->count, 99);
	ck_assert_int_eq(object_value(ets_find(t, term_of_small(3))->next), 73);
	objects_free(ets_take(t, term_of_small(3)));
	ck_assert_uint_eq(t->count, 90);
	table_drop(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ets");
	TCase *tc = tcase_create("tables");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, tables_say_what_a_plain_array_says, 0, 8);
	tcase_add_test(tc, an_ordered_table_filled_in_order_is_dense);
	tcase_add_test(tc, keys_with_one_hash_cost_time_but_not_memory);
	tcase_add_test(tc, a_walk_from_any_hash_goes_on_after_any_change);
	tcase_add_test(tc, a_bag_keeps_its_objects_apart);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
