/* SPDX-License-Identifier: Apache-2.0 */
/* Equality, exact (=:=) and by value (==).
 *
 * Invariant: equal hash maps have the same nodes, since an entry's place follows from its key; only in collision nodes
 * may the order differ. */
#include "term/compare.h"
#include "term/fun.h"

#include "term/bits.h"
#include "term/ident.h"
#include "term/kinds.h"
#include "term/map.h"
#include "term/tasks.h"

#include <string.h>

static bool raw_equal(term a, term b)
{
	const term *p = boxed_ptr(a);
	const term *q = boxed_ptr(b);
	return p[0] == q[0] && memcmp(p + 1, q + 1, header_size(p[0]) * sizeof(term)) == 0;
}

static bool fun_equal(struct tasks *tasks, term a, term b, enum task_mode mode)
{
	const struct fun_entry *x = fun_entry(a);
	const struct fun_entry *y = fun_entry(b);
	if (x != y && (x->index != y->index || x->old_uniq != y->old_uniq ||
			      x->free_count != y->free_count || x->module_name != y->module_name ||
			      memcmp(x->uniq, y->uniq, sizeof(x->uniq)) != 0))
		return false;
	tasks_push_arrays(tasks, fun_free(a), fun_free(b), x->free_count, mode);
	return true;
}

static bool flatmap_equal(struct tasks *tasks, term a, term b, enum task_mode mode)
{
	if (boxed_header(a) != boxed_header(b))
		return false;
	size_t size = map_size(a);
	tasks_push_arrays(tasks, flatmap_values(a), flatmap_values(b), size, mode);
	if (boxed_ptr(a)[1] != boxed_ptr(b)[1])
		tasks_push_arrays(tasks, flatmap_keys(a), flatmap_keys(b), size, TASK_EXACT);
	return true;
}

/* The entry with that key in a collision node, or TERM_NONE. Keys here share 64 bits of hash, so depth is no matter. */
static term collision_find(const term *node, term key)
{
	for (size_t i = 0; i < header_size(node[0]) - 1; i++)
		if (term_equal(cons_head(node[2 + i]), key))
			return node[2 + i];
	return TERM_NONE;
}

static bool collision_equal(struct tasks *tasks, const term *a, const term *b, enum task_mode mode)
{
	for (size_t i = 0; i < header_size(a[0]) - 1; i++) {
		term entry = collision_find(b, cons_head(a[2 + i]));
		if (entry == TERM_NONE)
			return false;
		tasks_push_terms(tasks, cons_tail(a[2 + i]), cons_tail(entry), mode);
	}
	return true;
}

static bool mapnode_equal(struct tasks *tasks, term a, term b, enum task_mode mode)
{
	const term *p = boxed_ptr(a);
	const term *q = boxed_ptr(b);
	if (p[0] != q[0] || p[1] != q[1])
		return false;
	if (p[1] == 0)
		return collision_equal(tasks, p, q, mode);
	for (size_t i = header_size(p[0]); i-- > 1;) {
		term x = p[1 + i];
		term y = q[1 + i];
		if (x == y)
			continue;
		if (term_is_cons(x) != term_is_cons(y))
			return false;
		if (term_is_cons(x)) {
			tasks_push_terms(tasks, cons_tail(x), cons_tail(y), mode);
			tasks_push_terms(tasks, cons_head(x), cons_head(y), TASK_EXACT);
		} else {
			tasks_push_terms(tasks, x, y, mode);
		}
	}
	return true;
}

/* Two boxed values. True: they are equal if what was pushed is. */
static bool boxed_equal(struct tasks *tasks, term a, term b, enum task_mode mode)
{
	term h = boxed_header(a);
	enum boxed_kind other = header_kind(boxed_header(b));
	switch (header_kind(h)) {
	case BOXED_TUPLE:
	case BOXED_RECORD:
		if (h != boxed_header(b))
			return false;
		tasks_push_arrays(tasks, boxed_ptr(a) + 1, boxed_ptr(b) + 1, header_size(h), mode);
		return true;
	case BOXED_FUN:
		return other == BOXED_FUN && fun_equal(tasks, a, b, mode);
	case BOXED_FLATMAP:
		return flatmap_equal(tasks, a, b, mode);
	case BOXED_HASHMAP:
		if (h != boxed_header(b) || boxed_ptr(a)[1] != boxed_ptr(b)[1])
			return false;
		tasks_push_terms(tasks, boxed_ptr(a)[2], boxed_ptr(b)[2], mode);
		return true;
	case BOXED_MAPNODE:
		return mapnode_equal(tasks, a, b, mode);
	case BOXED_HEAP_BITS:
	case BOXED_REF_BITS:
	case BOXED_SUB_BITS:
		return term_is_bitstring(b) && bits_same(bits_of(a), bits_of(b));
	case BOXED_REF:
	case BOXED_MAGIC_REF:
		return term_is_local_ref(b) && ref_id_equal(ref_id_of(a), ref_id_of(b));
	case BOXED_FLOAT:
		return mode == TASK_VALUE ? term_is_number(b) && number_compare(a, b) == 0
					  : raw_equal(a, b);
	case BOXED_BIG_POS:
	case BOXED_BIG_NEG:
		return mode == TASK_VALUE && other == BOXED_FLOAT ? number_compare(a, b) == 0
								  : raw_equal(a, b);
	case BOXED_EXPORT_FUN:
	case BOXED_EXT_PID:
	case BOXED_EXT_PORT:
	case BOXED_EXT_REF:
		return raw_equal(a, b);
	case BOXED_MATCH:
	case BOXED_TRACE:
	case BOXED_KINDS:
		break;
	}
	return false;
}

static bool shallow_equal(struct tasks *tasks, term a, term b, enum task_mode mode)
{
	while (a != b) {
		if (term_is_cons(a) && term_is_cons(b)) {
			term x = cons_head(a);
			term y = cons_head(b);
			if (x != y) {
				if (mode == TASK_EXACT &&
					(term_is_immediate(x) || term_is_immediate(y)))
					return false;
				tasks_push_terms(tasks, cons_tail(a), cons_tail(b), mode);
				a = x;
				b = y;
				continue;
			}
			a = cons_tail(a);
			b = cons_tail(b);
			continue;
		}
		if (term_is_boxed(a) && term_is_boxed(b))
			return boxed_equal(tasks, a, b, mode);
		/* Immediates that differ, or different tags: at most an integer and a float. */
		return mode == TASK_VALUE && term_is_number(a) && term_is_number(b) &&
		       number_compare(a, b) == 0;
	}
	return true;
}

static bool equal(term a, term b, enum task_mode mode)
{
	struct tasks tasks;
	struct task next = { .term_a = a, .term_b = b, .count = TASK_TERMS, .mode = mode };
	tasks_init(&tasks);
	bool same = true;
	for (;;) {
		same = shallow_equal(&tasks, next.term_a, next.term_b, next.mode);
		bool found = false;
		while (same && !found && tasks.count > 0)
			found = tasks_next(&tasks, &next);
		if (!found)
			break;
	}
	tasks_done(&tasks);
	return same;
}

bool term_equal_slow(term a, term b)
{
	return equal(a, b, TASK_EXACT);
}

bool term_equal_value(term a, term b)
{
	if (a == b)
		return true;
	if (term_is_small(a) && term_is_small(b))
		return false;
	return equal(a, b, TASK_VALUE);
}
