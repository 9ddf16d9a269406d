/* SPDX-License-Identifier: Apache-2.0 */
/* The standard order of terms.
 *
 * What is still to be compared waits on a stack of tasks. A task is a pair of element arrays, a pair of terms, or the
 * search for the first difference of two hash maps (struct map_search), which asks for comparisons of keys itself:
 * a decision made above such a task is an answer to its question and not yet the result. */
#include "term/compare.h"
#include "term/fun.h"

#include "base/vec.h"
#include "term/atom.h"
#include "term/bits.h"
#include "term/export.h"
#include "term/ident.h"
#include "term/kinds.h"
#include "term/map.h"
#include "term/record.h"
#include "term/tasks.h"

#include <math.h>
#include <string.h>

enum order { ORDER_VALUE = TASK_VALUE, ORDER_EXACT = TASK_EXACT };

/* The result is that of the smallest key that only one map has, or else of the values of the smallest key whose values
 * differ. Finding the smallest is one pass over the candidates. */
struct map_key {
	term key;
	term value_a; /* TERM_NONE: only b has the key */
	term value_b; /* TERM_NONE: only a has it */
};

struct map_search {
	VEC(struct map_key) keys;
	size_t smallest;
	size_t next;
	enum order order; /* of the values */
};

static int int64_order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int uint64_order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Numbers. */

static int float_order(double a, double b)
{
	return (a > b) - (a < b);
}

static int small_float_order(int64_t a, double b)
{
	/* Beyond 2^60 no small integer reaches; below, the whole part fits an int64_t exactly. */
	if (b >= 0x1p60)
		return -1;
	if (b < -0x1p60)
		return 1;
	int64_t whole = (int64_t)b;
	if (a != whole)
		return a < whole ? -1 : 1;
	return float_order((double)whole, b);
}

static int digits_order(const uint64_t *a, size_t a_limbs, const uint64_t *b, size_t b_limbs)
{
	if (a_limbs != b_limbs)
		return a_limbs < b_limbs ? -1 : 1;
	for (size_t i = a_limbs; i-- > 0;)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static int big_order(term a, term b)
{
	bool negative = big_is_negative(a);
	if (negative != big_is_negative(b))
		return negative ? -1 : 1;
	int order = digits_order(big_digits(a), big_limbs(a), big_digits(b), big_limbs(b));
	return negative ? -order : order;
}

/* |a| against b >= 0, exactly: b's 53 bits are laid out as the limbs of an integer. */
static int big_magnitude_float_order(term a, double b)
{
	size_t limbs = big_limbs(a);
	const uint64_t *digits = big_digits(a);
	int exponent; /* b < 2^exponent */
	double fraction = frexp(b, &exponent);
	int64_t bits = (int64_t)limbs * 64 - __builtin_clzll(digits[limbs - 1]);
	if (bits != exponent)
		return bits < exponent ? -1 : 1;
	/* A big has over 60 bits, so b has no fraction here. */
	uint64_t mantissa = (uint64_t)ldexp(fraction, 53);
	unsigned shift = (unsigned)(exponent - 53);
	for (size_t i = limbs; i-- > 0;) {
		uint64_t digit = 0;
		if (i == shift / 64)
			digit = mantissa << shift % 64;
		else if (i == shift / 64 + 1 && shift % 64 != 0)
			digit = mantissa >> (64 - shift % 64);
		if (digits[i] != digit)
			return digits[i] < digit ? -1 : 1;
	}
	return 0;
}

static int big_float_order(term a, double b)
{
	bool negative = big_is_negative(a);
	if (negative != (b < 0))
		return negative ? -1 : 1;
	return negative ? -big_magnitude_float_order(a, -b) : big_magnitude_float_order(a, b);
}

int number_compare(term a, term b)
{
	if (term_is_small(a)) {
		if (term_is_small(b))
			return int64_order((int64_t)a, (int64_t)b);
		if (term_is_float(b))
			return small_float_order(small_value(a), float_value(b));
		return big_is_negative(b) ? 1 : -1;
	}
	if (term_is_float(a)) {
		if (term_is_float(b))
			return float_order(float_value(a), float_value(b));
		return -number_compare(b, a);
	}
	if (term_is_small(b))
		return big_is_negative(a) ? -1 : 1;
	if (term_is_float(b))
		return big_float_order(a, float_value(b));
	return big_order(a, b);
}

/* Among keys every integer comes before every float, and -0.0 before 0.0. */
static int number_order_exact(term a, term b)
{
	bool a_float = term_is_float(a);
	bool b_float = term_is_float(b);
	if (a_float != b_float)
		return a_float ? 1 : -1;
	int order = number_compare(a, b);
	if (order == 0 && a_float)
		return (signbit(float_value(b)) != 0) - (signbit(float_value(a)) != 0);
	return order;
}

/* Identifiers. */

static int node_order(struct node_name a, struct node_name b)
{
	int order = atom_compare(a.name, b.name);
	return order != 0 ? order : uint64_order(a.creation, b.creation);
}

static int pid_order(term a, term b)
{
	uint64_t a_data = pid_data(a);
	uint64_t b_data = pid_data(b);
	return a_data != b_data ? uint64_order(a_data, b_data) : node_order(node_of(a), node_of(b));
}

static int port_order(term a, term b)
{
	uint64_t a_data = port_data(a);
	uint64_t b_data = port_data(b);
	return a_data != b_data ? uint64_order(a_data, b_data) : node_order(node_of(a), node_of(b));
}

static int ref_order(term a, term b)
{
	if (term_is_local_ref(a) && term_is_local_ref(b)) {
		struct ref_id x = ref_id_of(a);
		struct ref_id y = ref_id_of(b);
		return x.high != y.high ? uint64_order(x.high, y.high) : uint64_order(x.low, y.low);
	}
	int order = node_order(node_of(a), node_of(b));
	for (unsigned i = REF_PARTS_MAX; order == 0 && i-- > 0;)
		order = uint64_order(ref_part(a, i), ref_part(b, i));
	return order;
}

/* Funs. Where only captured values can differ they are pushed. */

static int local_fun_order(struct tasks *tasks, term a, term b, enum order mode)
{
	const struct fun_entry *x = fun_entry(a);
	const struct fun_entry *y = fun_entry(b);
	if (x != y) {
		int order = atom_compare(x->module_name, y->module_name);
		if (order == 0)
			order = uint64_order(x->index, y->index);
		if (order == 0)
			order = uint64_order(x->old_uniq, y->old_uniq);
		if (order == 0)
			order = memcmp(x->uniq, y->uniq, sizeof(x->uniq));
		if (order == 0)
			order = uint64_order(x->free_count, y->free_count);
		if (order != 0)
			return order;
	}
	tasks_push_arrays(tasks, fun_free(a), fun_free(b), x->free_count, (enum task_mode)mode);
	return 0;
}

static int export_fun_order(term a, term b)
{
	const struct export *x = export_fun(a);
	const struct export *y = export_fun(b);
	if (x == y)
		return 0;
	int order = atom_compare(x->module, y->module);
	if (order == 0)
		order = atom_compare(x->function, y->function);
	return order != 0 ? order : uint64_order(x->arity, y->arity);
}

static int fun_order(struct tasks *tasks, term a, term b, enum order mode)
{
	bool a_export = term_is_kind(a, BOXED_EXPORT_FUN);
	bool b_export = term_is_kind(b, BOXED_EXPORT_FUN);
	if (a_export != b_export)
		return a_export ? 1 : -1;
	return a_export ? export_fun_order(a, b) : local_fun_order(tasks, a, b, mode);
}

/* Records: by the names of module and record, then as their definitions, then by their values.
 * Source: the order of lists:sort/1, OTP 29. */
static int record_order(struct tasks *tasks, term a, term b, enum order mode)
{
	term x = record_definition(a);
	term y = record_definition(b);
	if (x != y) {
		int order = atom_compare(record_module(x), record_module(y));
		if (order == 0)
			order = atom_compare(record_name(x), record_name(y));
		if (order == 0)
			order = uint64_order(tuple_arity(x), tuple_arity(y));
		if (order != 0)
			return order;
	}
	tasks_push_arrays(tasks, record_values(a), record_values(b), record_size(a), (enum task_mode)mode);
	if (x != y)
		tasks_push_arrays(tasks, tuple_elements(x) + 2, tuple_elements(y) + 2, tuple_arity(x) - 2, TASK_EXACT);
	return 0;
}

/* Maps. */

static void map_search_add(struct map_search *search, term key, term value_a, term value_b)
{
	vec_push(&search->keys, ((struct map_key){ key, value_a, value_b }));
}

static void map_search_free(struct map_search *search)
{
	vec_done(&search->keys);
	mem_free(MEM_TEMP, search, sizeof(*search));
}

static void collect_keys_of_one(struct map_search *search, term map, term other, bool of_a)
{
	struct map_iter iter;
	term key, value;
	map_iter_init(&iter, map);
	while (map_iter_next(&iter, &key, &value))
		if (map_get(other, key) == TERM_NONE)
			map_search_add(
				search, key, of_a ? value : TERM_NONE, of_a ? TERM_NONE : value);
}

static void collect_keys_of_different_values(struct map_search *search, term a, term b)
{
	struct map_iter iter;
	term key, value;
	map_iter_init(&iter, a);
	while (map_iter_next(&iter, &key, &value)) {
		term other = map_get(b, key);
		bool same = search->order == ORDER_EXACT ? term_equal(value, other)
							 : term_equal_value(value, other);
		if (!same)
			map_search_add(search, key, value, other);
	}
}

/* Maps of one size. The search, if there is anything to find, becomes a task; its first step is taken when it comes up. */
static void push_hashmaps(struct tasks *tasks, term a, term b, enum order order)
{
	struct map_search *search = mem_zalloc(MEM_TEMP, sizeof(*search));
	search->order = order;
	collect_keys_of_one(search, a, b, true);
	if (search->keys.count > 0)
		collect_keys_of_one(search, b, a, false);
	else
		collect_keys_of_different_values(search, a, b);
	if (search->keys.count == 0) {
		map_search_free(search);
		return;
	}
	tasks_push_search(tasks, search);
}

static int map_order(struct tasks *tasks, term a, term b, enum order order)
{
	size_t size = map_size(a);
	if (size != map_size(b))
		return size < map_size(b) ? -1 : 1;
	if (!map_is_flat(a)) {
		push_hashmaps(tasks, a, b, order);
		return 0;
	}
	tasks_push_arrays(tasks, flatmap_values(a), flatmap_values(b), size, (enum task_mode)order);
	if (boxed_ptr(a)[1] != boxed_ptr(b)[1])
		tasks_push_arrays(tasks, flatmap_keys(a), flatmap_keys(b), size, TASK_EXACT);
	return 0;
}

/* One step of the search on top of the stack: order answers its last question (0 when it has asked none). Returns the
 * decision, or 0 with the next pair to compare in ret_…; the task is gone when it needs no more answers. */
static int map_search_step(struct tasks *tasks, int order, struct task *ret_next)
{
	struct task *task = &tasks->items[tasks->count - 1];
	struct map_search *search = task->search;
	if (order < 0)
		search->smallest = search->next;
	search->next++;
	if (search->next < search->keys.count) {
		*ret_next = (struct task){ .term_a = search->keys.items[search->next].key,
			.term_b = search->keys.items[search->smallest].key,
			.count = TASK_TERMS,
			.mode = TASK_EXACT };
		return 0;
	}
	struct map_key found = search->keys.items[search->smallest];
	*ret_next = (struct task){ .term_a = found.value_a,
		.term_b = found.value_b,
		.count = TASK_TERMS,
		.mode = (enum task_mode)search->order };
	tasks->count--;
	map_search_free(search);
	return found.value_b == TERM_NONE ? -1 : found.value_a == TERM_NONE ? 1 : 0;
}

/* Terms. */

static int same_rank_order(
	struct tasks *tasks, term a, term b, enum term_rank rank, enum order order)
{
	switch (rank) {
	case RANK_NUMBER:
		return order == ORDER_EXACT ? number_order_exact(a, b) : number_compare(a, b);
	case RANK_ATOM:
		return atom_compare(a, b);
	case RANK_REF:
		return ref_order(a, b);
	case RANK_FUN:
		return fun_order(tasks, a, b, order);
	case RANK_PORT:
		return port_order(a, b);
	case RANK_PID:
		return pid_order(a, b);
	case RANK_TUPLE: {
		size_t size = header_size(boxed_header(a));
		if (size != header_size(boxed_header(b)))
			return size < header_size(boxed_header(b)) ? -1 : 1;
		tasks_push_arrays(tasks, boxed_ptr(a) + 1, boxed_ptr(b) + 1, size, (enum task_mode)order);
		return 0;
	}
	case RANK_RECORD:
		return record_order(tasks, a, b, order);
	case RANK_MAP:
		return map_order(tasks, a, b, order);
	case RANK_NIL:
		return 0;
	case RANK_LIST:
		tasks_push_terms(tasks, cons_tail(a), cons_tail(b), (enum task_mode)order);
		tasks_push_terms(tasks, cons_head(a), cons_head(b), (enum task_mode)order);
		return 0;
	case RANK_BITS:
		return bits_order(bits_of(a), bits_of(b));
	case RANK_OTHER:
		return uint64_order(a, b);
	}
	return 0;
}

/* Decides (non-zero), or says that the two are alike but for what it pushed. */
static int shallow_order(struct tasks *tasks, term a, term b, enum order order)
{
	for (;;) {
		if (a == b)
			return 0;
		if (term_is_small(a) && term_is_small(b))
			return (int64_t)a < (int64_t)b ? -1 : 1;
		if (term_is_cons(a) && term_is_cons(b)) {
			/* Lists whose elements are immediates need no stack. */
			term x = cons_head(a);
			term y = cons_head(b);
			if (x != y) {
				if (!term_is_immediate(x) || !term_is_immediate(y))
					return same_rank_order(tasks, a, b, RANK_LIST, order);
				int r = shallow_order(
					tasks, x, y, order); /* of immediates: goes no deeper */
				if (r != 0)
					return r;
			}
			a = cons_tail(a);
			b = cons_tail(b);
			continue;
		}
		enum term_rank x = term_rank(a);
		enum term_rank y = term_rank(b);
		return x != y ? (x < y ? -1 : 1) : same_rank_order(tasks, a, b, x, order);
	}
}

/* Drops tasks until the innermost search, whose question `order` answers; false when there is none. */
static bool unwind_to_search(struct tasks *tasks)
{
	while (tasks->count > 0 && tasks->items[tasks->count - 1].count != TASK_SEARCH)
		tasks->count--;
	return tasks->count > 0;
}

static int compare_deep(struct tasks *tasks, term a, term b, enum order order)
{
	struct task next = {
		.term_a = a, .term_b = b, .count = TASK_TERMS, .mode = (enum task_mode)order
	};
	for (;;) {
		int result = shallow_order(tasks, next.term_a, next.term_b, (enum order)next.mode);
		bool asked = false;
		while (!asked) {
			if (result != 0 && !unwind_to_search(tasks))
				return result;
			if (tasks->count == 0)
				return 0;
			if (tasks->items[tasks->count - 1].count == TASK_SEARCH) {
				result = map_search_step(tasks, result, &next);
				asked = result == 0;
			} else {
				asked = tasks_next(tasks, &next);
			}
		}
	}
}

static int compare(term a, term b, enum order order)
{
	struct tasks tasks;
	tasks_init(&tasks);
	int result = compare_deep(&tasks, a, b, order);
	tasks_done(&tasks);
	return result;
}

int term_compare(term a, term b)
{
	if (a == b)
		return 0;
	if (term_is_small(a) && term_is_small(b))
		return (int64_t)a < (int64_t)b ? -1 : 1;
	if (term_is_atom(a) && term_is_atom(b))
		return atom_compare(a, b);
	return compare(a, b, ORDER_VALUE);
}

int term_compare_exact(term a, term b)
{
	if (a == b)
		return 0;
	if (term_is_small(a) && term_is_small(b))
		return (int64_t)a < (int64_t)b ? -1 : 1;
	if (term_is_atom(a) && term_is_atom(b))
		return atom_compare(a, b);
	return compare(a, b, ORDER_EXACT);
}
