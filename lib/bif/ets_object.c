/* SPDX-License-Identifier: Apache-2.0 */
/* Chapter ets: putting objects in, looking them up, changing and removing them. */
#include "bif/ets_impl.h"

#include "base/vec.h"
#include "data/number.h"

/* A tuple with room for the key. */
static inline bool is_object(const struct table *t, term object)
{
	return term_is_tuple(object) && tuple_arity(object) >= t->keypos;
}

/* The number of objects in a list of them; -1 when it is none. */
static int64_t object_list_length(const struct table *t, term list)
{
	int64_t n = 0;
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (!is_object(t, cons_head(list)))
			return -1;
		n++;
	}
	return list == TERM_NIL ? n : -1;
}

/* False: it is too large, or the namespace has no room for it. */
static bool insert_copy(struct table *t, term tuple)
{
	struct object *o = object_new(tuple);
	if (unlikely(o == NULL || !ets_has_room(t, object_bytes(o)))) {
		object_free(o);
		return false;
	}
	ets_insert(t, o);
	return true;
}

term bif_ets_insert_2(struct proc *p, const term *args)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_WRITE, &t);
	if (unlikely(r != 0))
		return ets_raise(p, args[0], r);
	term what = args[1];
	if (likely(is_object(t, what))) {
		bool done = insert_copy(t, what);
		ets_unlock(t);
		bif_charge(p, 1);
		return likely(done) ? A(true) : bif_system_limit(p);
	}
	int64_t n = object_list_length(t, what);
	bool fits = true;
	for (; fits && n > 0 && term_is_cons(what); what = cons_tail(what))
		fits = insert_copy(t, cons_head(what));
	ets_unlock(t);
	if (n < 0)
		return bif_badarg(p);
	ets_charge(p, (size_t)n);
	return fits ? A(true) : bif_system_limit(p);
}

term bif_ets_insert_new_2(struct proc *p, const term *args)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_WRITE, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	term list = args[1];
	bool single = is_object(t, list);
	int64_t n = single ? 1 : object_list_length(t, list);
	if (n < 0) {
		ets_unlock(t);
		return bif_badarg(p);
	}
	bool all_new = true, fits = true;
	if (single) {
		all_new = ets_find(t, tuple_element(list, t->keypos - 1)) == NULL;
		if (all_new)
			fits = insert_copy(t, list);
	} else {
		for (term rest = list; all_new && term_is_cons(rest); rest = cons_tail(rest))
			all_new = ets_find(t, tuple_element(cons_head(rest), t->keypos - 1)) == NULL;
		for (term rest = list; all_new && fits && term_is_cons(rest); rest = cons_tail(rest))
			fits = insert_copy(t, cons_head(rest));
	}
	ets_unlock(t);
	ets_charge(p, (size_t)n);
	return fits ? term_of_bool(all_new) : bif_system_limit(p);
}

#define LONG_WORDS (64 << 10)

/* Whether to copy them is for a helper thread. */
static bool copies_long(const struct proc *p, const struct object *chain)
{
	size_t words = 0;
	for (; chain != NULL && words <= LONG_WORDS; chain = chain->next)
		words += chain->words;
	return words > LONG_WORDS && (p->flags & PROC_AWAY) == 0;
}

term bif_ets_lookup_2(struct proc *p, const term *args)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_READ, &t);
	if (unlikely(r != 0))
		return ets_raise(p, args[0], r);
	struct object *chain = ets_find(t, args[1]);
	if (unlikely(copies_long(p, chain))) {
		ets_unlock(t);
		return bif_away(p);
	}
	term list = ets_chain_list(bif_heap(p), chain, TERM_NIL);
	ets_unlock(t);
	bif_charge(p, 1);
	return list;
}

term bif_ets_member_2(struct proc *p, const term *args)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_READ, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	bool found = ets_find(t, args[1]) != NULL;
	ets_unlock(t);
	bif_charge(p, 1);
	return term_of_bool(found);
}

/* The elements of a chain at a position, oldest first; TERM_NONE when some object has none there. */
static term chain_elements(struct proc *p, const struct object *chain, size_t position)
{
	term list = TERM_NIL;
	for (; chain != NULL; chain = chain->next) {
		if (position > object_arity(chain))
			return TERM_NONE;
		list = heap_cons(bif_heap(p), heap_copy(bif_heap(p), chain->data[position]), list);
	}
	return list;
}

/* fallback: TERM_NONE without one. */
static term lookup_element(struct proc *p, const term *args, term fallback)
{
	struct table *t;
	size_t position;
	int r = ets_lock(p, args[0], NEED_READ, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	if (!bif_get_size(args[2], &position) || position == 0) {
		ets_unlock(t);
		return bif_badarg(p);
	}
	const struct object *o = ets_find(t, args[1]);
	term value = TERM_NONE;
	bool found = o != NULL;
	if (found && ets_is_bag(t))
		value = chain_elements(p, o, position);
	else if (found && position <= object_arity(o))
		value = term_is_immediate(o->data[position]) ? o->data[position]
							     : heap_copy(bif_heap(p), o->data[position]);
	ets_unlock(t);
	bif_charge(p, 1);
	if (found)
		return value != TERM_NONE ? value : bif_badarg(p);
	return fallback != TERM_NONE ? fallback : bif_badarg_cause(p, A(badkey));
}

term bif_ets_lookup_element_3(struct proc *p, const term *args)
{
	return lookup_element(p, args, TERM_NONE);
}

term bif_ets_lookup_element_4(struct proc *p, const term *args)
{
	return lookup_element(p, args, args[3]);
}

term bif_ets_delete_2(struct proc *p, const term *args)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_WRITE, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	struct object *chain = ets_take(t, args[1]);
	ets_unlock(t);
	objects_free(chain);
	bif_charge(p, 1);
	return A(true);
}

term bif_ets_take_2(struct proc *p, const term *args)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_WRITE, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	struct object *chain = ets_take(t, args[1]);
	ets_unlock(t);
	term list = ets_chain_list(bif_heap(p), chain, TERM_NIL);
	objects_free(chain);
	bif_charge(p, 1);
	return list;
}

term bif_ets_delete_object_2(struct proc *p, const term *args)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_WRITE, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	if (!is_object(t, args[1])) {
		ets_unlock(t);
		return bif_badarg(p);
	}
	size_t seen = 0;
	for (struct object *o = ets_find(t, tuple_element(args[1], t->keypos - 1)); o != NULL; seen++) {
		struct object *next = o->next; /* gone with the last object of a key */
		if (object_equals(o, args[1]))
			ets_remove(t, o);
		o = next;
	}
	ets_unlock(t);
	ets_charge(p, seen);
	return A(true);
}

/* ------------------------------------------------------------------------------------------------ walking */

enum walk_flags {
	WALK_BACK = 1,
	WALK_LOOKUP = 2, /* with the objects */
};

/* From the key, or from the end when it is TERM_NONE. */
static term walk(struct proc *p, term table, term key, enum walk_flags flags)
{
	struct table *t;
	int r = ets_lock(p, table, NEED_READ, &t);
	if (r != 0)
		return ets_raise(p, table, r);
	bool found;
	const struct object *o = flags & WALK_BACK ? ets_prev(t, key, &found) : ets_next(t, key, &found);
	/* A fixed table may be walked from keys that were removed meanwhile. */
	if (!found && !atomic_load_relaxed(&t->fixed)) {
		ets_unlock(t);
		return bif_badarg(p);
	}
	term result = A(end_of_table);
	if (o != NULL) {
		result = heap_copy(bif_heap(p), object_key(o, t->keypos));
		if (flags & WALK_LOOKUP)
			result = heap_tuple_of(bif_heap(p), result, ets_chain_list(bif_heap(p), o, TERM_NIL));
	}
	ets_unlock(t);
	bif_charge(p, 1);
	return result;
}

term bif_ets_first_1(struct proc *p, const term *args)
{
	return walk(p, args[0], TERM_NONE, 0);
}

term bif_ets_first_lookup_1(struct proc *p, const term *args)
{
	return walk(p, args[0], TERM_NONE, WALK_LOOKUP);
}

term bif_ets_last_1(struct proc *p, const term *args)
{
	return walk(p, args[0], TERM_NONE, WALK_BACK);
}

term bif_ets_last_lookup_1(struct proc *p, const term *args)
{
	return walk(p, args[0], TERM_NONE, WALK_BACK | WALK_LOOKUP);
}

term bif_ets_next_2(struct proc *p, const term *args)
{
	return walk(p, args[0], args[1], 0);
}

term bif_ets_next_lookup_2(struct proc *p, const term *args)
{
	return walk(p, args[0], args[1], WALK_LOOKUP);
}

term bif_ets_prev_2(struct proc *p, const term *args)
{
	return walk(p, args[0], args[1], WALK_BACK);
}

term bif_ets_prev_lookup_2(struct proc *p, const term *args)
{
	return walk(p, args[0], args[1], WALK_BACK | WALK_LOOKUP);
}

term bif_ets_slot_2(struct proc *p, const term *args)
{
	struct table *t;
	size_t position, keys;
	int r = ets_lock(p, args[0], NEED_READ, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	term result = TERM_NONE;
	if (bif_get_size(args[1], &position)) {
		const struct object *o = ets_slot(t, position, &keys);
		if (o != NULL)
			result = ets_chain_list(bif_heap(p), o, TERM_NIL);
		else if (position == keys)
			result = A(end_of_table);
	}
	ets_unlock(t);
	bif_charge(p, 10);
	return result != TERM_NONE ? result : bif_badarg(p);
}

/* ------------------------------------------------------------------------------------------------ updating */

/* What update_counter and update_element work on: the words of the tuple as they will be. */
struct update {
	struct table *t;
	struct object *o;
	term *words; /* [1 .. arity]; class TEMP */
	size_t arity;
	bool is_default; /* o is the default object, not in the table yet */
};

static void update_begin(struct update *u, struct table *t, struct object *o, bool is_default)
{
	u->t = t;
	u->o = o;
	u->arity = object_arity(o);
	u->is_default = is_default;
	u->words = mem_alloc(MEM_TEMP, (u->arity + 1) * sizeof(term));
	for (size_t i = 0; i <= u->arity; i++)
		u->words[i] = o->data[i];
}

/* Puts the words into the object where immediates replace immediates, else puts a new object into the table. False: there is no
 * room for that. */
static bool update_commit(struct update *u)
{
	bool in_place = true;
	for (size_t i = 1; i <= u->arity; i++) {
		if (u->words[i] != u->o->data[i] &&
			(!term_is_immediate(u->words[i]) || !term_is_immediate(u->o->data[i])))
			in_place = false;
	}
	if (in_place) {
		for (size_t i = 1; i <= u->arity; i++)
			u->o->data[i] = u->words[i];
		if (u->is_default)
			ets_insert(u->t, u->o);
	} else {
		u->words[0] = u->o->data[0];
		struct object *new = object_new(term_of_boxed(u->words));
		if (u->is_default)
			object_free(u->o);
		if (new == NULL || !ets_has_room(u->t, object_bytes(new))) {
			object_free(new);
			return false;
		}
		ets_insert(u->t, new);
	}
	return true;
}

static void update_done(struct update *u)
{
	mem_free(MEM_TEMP, u->words, (u->arity + 1) * sizeof(term));
}

/* One {Position, Increment}, {Position, Increment, Threshold, SetValue} or Increment. Returns the new value or TERM_NONE. */
static term count_one(struct proc *p, struct update *u, term op)
{
	size_t position = u->t->keypos + 1;
	term increment = op;
	bool has_threshold = term_is_tuple_of(op, 4);
	if (term_is_tuple_of(op, 2) || has_threshold) {
		if (!bif_get_size(tuple_element(op, 0), &position))
			return bif_badarg(p);
		increment = tuple_element(op, 1);
	}
	if (!term_is_integer(increment) ||
		(has_threshold && (!term_is_integer(tuple_element(op, 2)) || !term_is_integer(tuple_element(op, 3)))))
		return bif_badarg(p);
	if (position == u->t->keypos)
		return bif_badarg_cause(p, A(keypos));
	if (position < 1 || position > u->arity)
		return bif_badarg_cause(p, A(position));
	term old = u->words[position];
	if (!term_is_integer(old))
		return bif_badarg_cause(p, A(counter));
	term value;
	int64_t sum;
	if (term_is_small(old) && term_is_small(increment) &&
		!__builtin_add_overflow((int64_t)old, (int64_t)increment, &sum))
		value = (term)sum;
	else
		value = number_add(bif_heap(p), old, increment);
	if (value == TERM_NONE)
		return bif_system_limit(p);
	if (has_threshold) {
		term threshold = tuple_element(op, 2);
		bool falling = number_compare(increment, TERM_ZERO) < 0;
		int order = number_compare(value, threshold);
		if (falling ? order < 0 : order > 0)
			value = tuple_element(op, 3);
	}
	u->words[position] = value;
	return value;
}

/* The whole update. Values that are big lie on the process's heap already, or in the object. */
static term count_all(struct proc *p, struct update *u, term ops)
{
	struct heap *heap = bif_heap(p);
	if (!term_is_list(ops)) {
		term value = count_one(p, u, ops);
		return value != TERM_NONE ? heap_copy(heap, value) : TERM_NONE;
	}
	VEC(term) values = { 0 };
	term rest = ops;
	term result = TERM_NIL;
	for (; term_is_cons(rest); rest = cons_tail(rest)) {
		term value = term_is_tuple(cons_head(rest)) ? count_one(p, u, cons_head(rest)) : bif_badarg(p);
		if (value == TERM_NONE) {
			result = TERM_NONE;
			break;
		}
		vec_push(&values, value);
	}
	if (result != TERM_NONE && rest != TERM_NIL)
		result = bif_badarg(p);
	while (result != TERM_NONE && values.count > 0)
		result = heap_cons(heap, heap_copy(heap, vec_pop(&values)), result);
	vec_done(&values);
	return result;
}

/* A default object with the key in its place; NULL when it is none. */
static struct object *default_object(const struct table *t, term key, term tuple)
{
	if (!is_object(t, tuple))
		return NULL;
	struct object *plain = object_new(tuple);
	if (plain == NULL)
		return NULL;
	struct object *o = object_new_with(plain, 1, &t->keypos, &key);
	object_free(plain);
	return o;
}

static term update_counter(struct proc *p, const term *args, term fallback)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_WRITE, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	if (ets_is_bag(t)) {
		ets_unlock(t);
		return bif_badarg_cause(p, A(table_type));
	}
	if (fallback != TERM_NONE && !term_is_tuple(fallback)) {
		ets_unlock(t);
		return bif_badarg(p);
	}
	struct object *o = ets_find(t, args[1]);
	bool is_default = o == NULL;
	if (is_default && fallback != TERM_NONE)
		o = default_object(t, args[1], fallback);
	term value;
	if (o == NULL) {
		value = fallback == TERM_NONE ? bif_badarg_cause(p, A(badkey)) : bif_badarg(p);
	} else {
		struct update u;
		update_begin(&u, t, o, is_default);
		value = count_all(p, &u, args[2]);
		if (value == TERM_NONE) {
			if (is_default)
				object_free(o);
		} else if (!update_commit(&u)) {
			value = bif_system_limit(p);
		}
		update_done(&u);
	}
	ets_unlock(t);
	bif_charge(p, 1);
	return value;
}

term bif_ets_update_counter_3(struct proc *p, const term *args)
{
	return update_counter(p, args, TERM_NONE);
}

term bif_ets_update_counter_4(struct proc *p, const term *args)
{
	return update_counter(p, args, args[3]);
}

static bool set_one(struct proc *p, struct update *u, term op)
{
	size_t position;
	if (!term_is_tuple_of(op, 2) || !bif_get_size(tuple_element(op, 0), &position)) {
		(void)bif_badarg(p); /* always TERM_NONE */
		return false;
	}
	if (position == u->t->keypos) {
		(void)bif_badarg_cause(p, A(keypos));
		return false;
	}
	if (position < 1 || position > u->arity) {
		(void)bif_badarg_cause(p, A(position));
		return false;
	}
	u->words[position] = tuple_element(op, 1);
	return true;
}

static bool set_all(struct proc *p, struct update *u, term ops)
{
	if (!term_is_list(ops))
		return set_one(p, u, ops);
	for (; term_is_cons(ops); ops = cons_tail(ops)) {
		if (!set_one(p, u, cons_head(ops)))
			return false;
	}
	if (ops != TERM_NIL)
		(void)bif_badarg(p);
	return ops == TERM_NIL;
}

/* {Position, Value} or a proper list of such. */
static bool is_element_update(term ops)
{
	size_t position;
	if (!term_is_list(ops))
		return term_is_tuple_of(ops, 2) && bif_get_size(tuple_element(ops, 0), &position) && position > 0;
	for (; term_is_cons(ops); ops = cons_tail(ops)) {
		term op = cons_head(ops);
		if (!term_is_tuple_of(op, 2) || !bif_get_size(tuple_element(op, 0), &position) || position == 0)
			return false;
	}
	return ops == TERM_NIL;
}

static term update_element(struct proc *p, const term *args, term fallback)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_WRITE, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	struct object *o = ets_is_bag(t) ? NULL : ets_find(t, args[1]);
	bool is_default = o == NULL;
	if (ets_is_bag(t) || (fallback != TERM_NONE && !term_is_tuple(fallback)) || ((!is_default || fallback != TERM_NONE) && !is_element_update(args[2]))) {
		ets_unlock(t);
		return bif_badarg(p);
	}
	if (is_default && fallback != TERM_NONE)
		o = default_object(t, args[1], fallback);
	term result;
	if (o == NULL) {
		result = fallback == TERM_NONE ? A(false) : bif_badarg(p);
	} else {
		struct update u;
		update_begin(&u, t, o, is_default);
		result = set_all(p, &u, args[2]) ? A(true) : TERM_NONE;
		if (result == TERM_NONE) {
			if (is_default)
				object_free(o);
		} else if (!update_commit(&u)) {
			result = bif_system_limit(p);
		}
		update_done(&u);
	}
	ets_unlock(t);
	bif_charge(p, 1);
	return result;
}

term bif_ets_update_element_3(struct proc *p, const term *args)
{
	return update_element(p, args, TERM_NONE);
}

term bif_ets_update_element_4(struct proc *p, const term *args)
{
	return update_element(p, args, args[3]);
}
