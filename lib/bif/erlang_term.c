/* SPDX-License-Identifier: Apache-2.0 */
/* Module erlang: tuples, what operators and guards do with lists, hashes.
 * Source: module erlang of OTP 27. */
#include "base/alloc.h"
#include "base/unwanted.h"
#include "bif/bif.h"
#include "term/bits.h"
#include "term/compare.h"

#include <stdlib.h>
#include <string.h>

#define TUPLE_ARITY_MAX ((1U << 24) - 1)

/* Cells of a list that a reduction pays for. */
#define CELLS_PER_REDUCTION 16

/* Tuples. */

/* Room for a tuple: its header is written, its elements are the caller's to fill. */
#define LONG_ARITY (64 << 10) /* of tuples that a helper thread fills */

static term *tuple_begin(struct proc *p, size_t arity)
{
	term *t = heap_alloc(bif_heap(p), 1 + arity);
	t[0] = HEADER(BOXED_TUPLE, arity);
	bif_charge(p, arity / CELLS_PER_REDUCTION);
	return t;
}

/* A position of 1..limit, as an index from 0. */
static bool get_index(term t, size_t limit, size_t *ret_index)
{
	size_t n;
	if (!bif_get_size(t, &n) || n == 0 || n > limit)
		return false;
	*ret_index = n - 1;
	return true;
}

term bif_erlang_element_2(struct proc *p, const term *args)
{
	size_t i;
	if (!term_is_tuple(args[1]) || !get_index(args[0], tuple_arity(args[1]), &i))
		return bif_badarg(p);
	return tuple_elements(args[1])[i];
}

term bif_erlang_setelement_3(struct proc *p, const term *args)
{
	size_t i;
	if (!term_is_tuple(args[1]) || !get_index(args[0], tuple_arity(args[1]), &i))
		return bif_badarg(p);
	size_t arity = tuple_arity(args[1]);
	term *t = tuple_begin(p, arity);
	memcpy(t + 1, tuple_elements(args[1]), arity * sizeof(term));
	t[1 + i] = args[2];
	return term_of_boxed(t);
}

term bif_erlang_append_element_2(struct proc *p, const term *args)
{
	if (!term_is_tuple(args[0]) || tuple_arity(args[0]) == TUPLE_ARITY_MAX)
		return bif_badarg(p);
	size_t arity = tuple_arity(args[0]);
	term *t = tuple_begin(p, arity + 1);
	memcpy(t + 1, tuple_elements(args[0]), arity * sizeof(term));
	t[1 + arity] = args[1];
	return term_of_boxed(t);
}

term bif_erlang_insert_element_3(struct proc *p, const term *args)
{
	size_t i;
	if (!term_is_tuple(args[1]) || tuple_arity(args[1]) == TUPLE_ARITY_MAX ||
		!get_index(args[0], tuple_arity(args[1]) + 1, &i))
		return bif_badarg(p);
	size_t arity = tuple_arity(args[1]);
	term *t = tuple_begin(p, arity + 1);
	memcpy(t + 1, tuple_elements(args[1]), i * sizeof(term));
	t[1 + i] = args[2];
	memcpy(t + 2 + i, tuple_elements(args[1]) + i, (arity - i) * sizeof(term));
	return term_of_boxed(t);
}

term bif_erlang_delete_element_2(struct proc *p, const term *args)
{
	size_t i;
	if (!term_is_tuple(args[1]) || !get_index(args[0], tuple_arity(args[1]), &i))
		return bif_badarg(p);
	size_t arity = tuple_arity(args[1]);
	term *t = tuple_begin(p, arity - 1);
	memcpy(t + 1, tuple_elements(args[1]), i * sizeof(term));
	memcpy(t + 1 + i, tuple_elements(args[1]) + i + 1, (arity - i - 1) * sizeof(term));
	return term_of_boxed(t);
}

static bool get_arity(term t, size_t *ret)
{
	return bif_get_size(t, ret) && *ret <= TUPLE_ARITY_MAX;
}

term bif_erlang_make_tuple_2(struct proc *p, const term *args)
{
	size_t arity;
	if (!get_arity(args[0], &arity))
		return bif_badarg(p);
	if (unlikely(arity > LONG_ARITY && (p->flags & PROC_AWAY) == 0))
		return bif_away(p);
	term *t = tuple_begin(p, arity);
	for (size_t i = 1; i <= arity; i++)
		t[i] = args[1];
	return term_of_boxed(t);
}

term bif_erlang_make_tuple_3(struct proc *p, const term *args)
{
	size_t arity, at;
	if (!get_arity(args[0], &arity))
		return bif_badarg(p);
	if (unlikely(arity > LONG_ARITY && (p->flags & PROC_AWAY) == 0))
		return bif_away(p);
	term *t = tuple_begin(p, arity);
	for (size_t i = 1; i <= arity; i++)
		t[i] = args[1];
	term list = args[2];
	for (; term_is_cons(list); list = cons_tail(list)) {
		term entry = cons_head(list);
		if (!term_is_tuple_of(entry, 2) || !get_index(tuple_element(entry, 0), arity, &at))
			return bif_badarg(p);
		t[1 + at] = tuple_element(entry, 1);
	}
	return list == TERM_NIL ? term_of_boxed(t) : bif_badarg(p);
}

term bif_erlang_tuple_size_1(struct proc *p, const term *args)
{
	return term_is_tuple(args[0]) ? term_of_small((int64_t)tuple_arity(args[0])) : bif_badarg(p);
}

term bif_erlang_size_1(struct proc *p, const term *args)
{
	if (term_is_tuple(args[0]))
		return term_of_small((int64_t)tuple_arity(args[0]));
	return term_is_bitstring(args[0]) ? term_of_small((int64_t)(bits_size(args[0]) / 8)) : bif_badarg(p);
}

term bif_erlang_tuple_to_list_1(struct proc *p, const term *args)
{
	if (!term_is_tuple(args[0]))
		return bif_badarg(p);
	size_t arity = tuple_arity(args[0]);
	term list = TERM_NIL;
	term *cells = heap_alloc(bif_heap(p), 2 * arity);
	bif_charge(p, arity / CELLS_PER_REDUCTION);
	for (size_t i = arity; i-- > 0;) {
		cells[2 * i] = tuple_elements(args[0])[i];
		cells[2 * i + 1] = list;
		list = term_of_cons(cells + 2 * i);
	}
	return list;
}

term bif_erlang_list_to_tuple_1(struct proc *p, const term *args)
{
	int64_t length = list_length(args[0]);
	if (length < 0 || length > TUPLE_ARITY_MAX)
		return bif_badarg(p);
	term *t = tuple_begin(p, (size_t)length);
	term list = args[0];
	for (int64_t i = 1; i <= length; i++) {
		t[i] = cons_head(list);
		list = cons_tail(list);
	}
	return term_of_boxed(t);
}

/* Lists. */

term bif_erlang_hd_1(struct proc *p, const term *args)
{
	return term_is_cons(args[0]) ? cons_head(args[0]) : bif_badarg(p);
}

term bif_erlang_tl_1(struct proc *p, const term *args)
{
	return term_is_cons(args[0]) ? cons_tail(args[0]) : bif_badarg(p);
}

term bif_erlang_length_1(struct proc *p, const term *args)
{
	int64_t length = list_length(args[0]);
	if (length < 0)
		return bif_badarg(p);
	bif_charge(p, (size_t)length / CELLS_PER_REDUCTION);
	return term_of_small(length);
}

term bif_erlang_append_2(struct proc *p, const term *args)
{
	if (args[0] == TERM_NIL)
		return args[1];
	if (unlikely(bif_is_wide(p, args, 1)))
		return bif_away(p);
	int64_t length = list_length(args[0]);
	if (length < 0)
		return bif_badarg(p);
	if (args[1] == TERM_NIL)
		return args[0];
	bif_charge(p, (size_t)length / CELLS_PER_REDUCTION);
	term *cells = heap_alloc(bif_heap(p), 2 * (size_t)length);
	term *cell = cells;
	for (term list = args[0]; term_is_cons(list); list = cons_tail(list), cell += 2) {
		cell[0] = cons_head(list);
		cell[1] = term_of_cons(cell + 2);
	}
	cell[-1] = args[1];
	return term_of_cons(cells);
}

/* What -- takes away: the different elements of its right side, sorted, each with how often it is still to be taken. */
struct taken {
	term value;
	size_t count;
};

/* Any total order in which only equal (=:=) terms are equal will do: immediates by their words, which is fast, before the rest. */
static int taken_order(const void *a, const void *b)
{
	term x = ((const struct taken *)a)->value;
	term y = ((const struct taken *)b)->value;
	bool x_immediate = term_is_immediate(x);
	bool y_immediate = term_is_immediate(y);
	if (x_immediate && y_immediate)
		return (x > y) - (x < y);
	if (x_immediate != y_immediate)
		return x_immediate ? -1 : 1;
	return term_compare_exact(x, y);
}

/* Sorts and joins equal ones; returns how many remain. */
static size_t taken_sort(struct taken *taken, size_t count)
{
	qsort(taken, count, sizeof(*taken), taken_order);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && taken_order(&taken[kept - 1], &taken[i]) == 0)
			taken[kept - 1].count++;
		else
			taken[kept++] = taken[i];
	}
	return kept;
}

static struct taken *taken_find(struct taken *taken, size_t count, term value)
{
	struct taken key = { .value = value };
	/* Few are looked through: no order is needed for them. */
	if (count <= 4) {
		for (size_t i = 0; i < count; i++)
			if (term_equal(taken[i].value, value))
				return &taken[i];
		return NULL;
	}
	return bsearch(&key, taken, count, sizeof(*taken), taken_order);
}

#define SUBTRACT_STEPS 16 /* of a search among many */

static term subtract(struct proc *p, term left, size_t left_count, struct taken *taken, size_t kinds, size_t total)
{
	/* At most all of the left side is copied; from where nothing is left to take, it is shared. */
	term *cells = heap_alloc(bif_heap(p), 2 * left_count);
	term *cell = cells;
	size_t steps = 0;
	for (; total > 0 && term_is_cons(left); left = cons_tail(left)) {
		if (unwanted_after(&steps, kinds > 4 ? SUBTRACT_STEPS : 1))
			break;
		struct taken *found = taken_find(taken, kinds, cons_head(left));
		if (found != NULL && found->count > 0) {
			found->count--;
			total--;
			continue;
		}
		cell[0] = cons_head(left);
		cell[1] = term_of_cons(cell + 2);
		cell += 2;
	}
	heap_shrink(bif_heap(p), cells, 2 * left_count, (size_t)(cell - cells));
	if (cell == cells)
		return left;
	cell[-1] = left;
	return term_of_cons(cells);
}

term bif_erlang_subtract_list_2(struct proc *p, const term *args)
{
	int64_t left_count = list_length(args[0]);
	int64_t right_count = list_length(args[1]);
	if (left_count < 0 || right_count < 0)
		return bif_badarg(p);
	if (left_count == 0 || right_count == 0)
		return args[0];
	size_t count = (size_t)right_count;
	size_t bytes = count * sizeof(struct taken);
	struct taken *taken = mem_alloc(MEM_TEMP, bytes);
	size_t i = 0;
	for (term list = args[1]; term_is_cons(list); list = cons_tail(list))
		taken[i++] = (struct taken){ cons_head(list), 1 };
	size_t kinds = taken_sort(taken, count);
	bif_charge(p, ((size_t)left_count + count) / 4);
	term t = subtract(p, args[0], (size_t)left_count, taken, kinds, count);
	mem_free(MEM_TEMP, taken, bytes);
	return t;
}

/* Hashes. */

#define HASH_RANGE_MAX (UINT64_C(1) << 32)

static bool get_range(term t, uint64_t *ret)
{
	size_t n;
	if (!bif_get_size(t, &n) || n == 0 || n > HASH_RANGE_MAX)
		return false;
	*ret = n;
	return true;
}

term bif_erlang_phash_2(struct proc *p, const term *args)
{
	uint64_t range;
	if (!get_range(args[1], &range))
		return bif_badarg(p);
	return term_of_small((int64_t)(1 + term_phash(args[0]) % range));
}

term bif_erlang_phash2_1(struct proc *p, const term *args)
{
	return term_of_small((int64_t)(term_phash2(args[0]) & ((1U << 27) - 1)));
}

term bif_erlang_phash2_2(struct proc *p, const term *args)
{
	uint64_t range;
	if (!get_range(args[1], &range))
		return bif_badarg(p);
	return term_of_small((int64_t)(term_phash2(args[0]) % range));
}
