/* SPDX-License-Identifier: Apache-2.0 */
/* Chapter ets: making tables, what they tell of themselves, their owners and ends. */
#include "bif/ets_impl.h"
#include "ns/quota.h"

#include "heap/offheap.h"
#include "ns/export.h"
#include "sched/sched.h"

#define EMPTY_SLICE_OBJECTS 10000

/* {concurrency, Value} */
static bool option_pair(struct table_options *o, term key, term value)
{
	size_t n;
	if (key == A(keypos)) {
		if (!bif_get_size(value, &n) || n == 0)
			return false;
		o->keypos = n;
	} else if (key == A(heir) && value == A(none)) {
		o->heir = o->heir_data = TERM_NONE;
	} else if (key == A(heir)) {
		if (!term_is_local_pid(value))
			return false;
		o->heir = value;
		o->heir_data = TERM_NONE;
	} else if (key == A(read_concurrency) && (value == A(true) || value == A(false))) {
		o->read_concurrency = value == A(true);
	} else if (key == A(write_concurrency) && value == A(auto)) {
		o->write_concurrency = 2;
	} else if (key == A(write_concurrency) && (value == A(true) || value == A(false))) {
		o->write_concurrency = value == A(true);
	} else if (key == A(decentralized_counters) && (value == A(true) || value == A(false))) {
		o->decentralized_counters = value == A(true);
	} else {
		return false;
	}
	return true;
}

static bool option(struct table_options *o, term t, bool *counters_told)
{
	if (term_is_tuple_of(t, 2)) {
		*counters_told = *counters_told || tuple_element(t, 0) == A(decentralized_counters);
		return option_pair(o, tuple_element(t, 0), tuple_element(t, 1));
	}
	if (term_is_tuple_of(t, 3) && tuple_element(t, 0) == A(heir)) {
		if (!term_is_local_pid(tuple_element(t, 1)))
			return false;
		o->heir = tuple_element(t, 1);
		o->heir_data = tuple_element(t, 2);
		return true;
	}
	if (t == A(set))
		o->type = TABLE_SET;
	else if (t == A(ordered_set))
		o->type = TABLE_ORDERED_SET;
	else if (t == A(bag))
		o->type = TABLE_BAG;
	else if (t == A(duplicate_bag))
		o->type = TABLE_DUPLICATE_BAG;
	else if (t == A(public))
		o->access = TABLE_PUBLIC;
	else if (t == A(protected))
		o->access = TABLE_PROTECTED;
	else if (t == A(private))
		o->access = TABLE_PRIVATE;
	else if (t == A(named_table))
		o->named = true;
	else if (t == A(compressed))
		o->compressed = true;
	else
		return false;
	return true;
}

term bif_ets_new_2(struct proc *p, const term *args)
{
	struct table_options o = {
		.name = args[0],
		.type = TABLE_SET,
		.access = TABLE_PROTECTED,
		.keypos = 1,
		.heir = TERM_NONE,
		.heir_data = TERM_NONE,
	};
	bool counters_told = false;
	if (!term_is_atom(args[0]))
		return bif_badarg(p);
	term list = args[1];
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (!option(&o, cons_head(list), &counters_told))
			return bif_badarg(p);
	}
	if (list != TERM_NIL)
		return bif_badarg(p);
	/* As OTP does: counters are decentralised by default where writers are expected to meet. */
	if (o.write_concurrency == 0)
		o.decentralized_counters = false;
	else if (!counters_told)
		o.decentralized_counters = o.type == TABLE_ORDERED_SET || o.write_concurrency == 2;
	term identifier;
	if (!ns_take(p->ns, COUNT_TABLES))
		return bif_system_limit(p);
	if (ets_new(p, &o, &identifier) == NULL) {
		ns_give(p->ns, COUNT_TABLES);
		return bif_badarg_cause(p, A(already_exists));
	}
	bif_charge(p, 10);
	return identifier;
}

term bif_ets_whereis_1(struct proc *p, const term *args)
{
	struct table *t;
	if (!term_is_atom(args[0]))
		return bif_badarg(p);
	if (ets_lock(p, args[0], NEED_INFO, &t) != 0)
		return A(undefined);
	term ref = ets_reference(bif_heap(p), t);
	ets_unlock(t);
	return ref;
}

static term type_atom(const struct table *t)
{
	switch (t->type) {
	case TABLE_SET:
		return A(set);
	case TABLE_ORDERED_SET:
		return A(ordered_set);
	case TABLE_BAG:
		return A(bag);
	case TABLE_DUPLICATE_BAG:
		return A(duplicate_bag);
	}
	return TERM_NONE;
}

static term access_atom(const struct table *t)
{
	switch (t->access) {
	case TABLE_PUBLIC:
		return A(public);
	case TABLE_PROTECTED:
		return A(protected);
	case TABLE_PRIVATE:
		return A(private);
	}
	return TERM_NONE;
}

/* In the order of ets:info/1. */
static const term info_items[] = { A(id), A(decentralized_counters), A(read_concurrency), A(write_concurrency),
	A(compressed), A(memory), A(owner), A(heir), A(name), A(size), A(node), A(named_table), A(type), A(keypos),
	A(protection) };

/* One item; TERM_NONE for what is none. The table is locked. */
static term info_item(struct proc *p, struct table *t, term item)
{
	if (item == A(id))
		return ets_reference(bif_heap(p), t);
	if (item == A(decentralized_counters))
		return term_of_bool(t->decentralized_counters);
	if (item == A(read_concurrency))
		return term_of_bool(t->read_concurrency);
	if (item == A(write_concurrency))
		return t->write_concurrency == 2 ? A(auto) : term_of_bool(t->write_concurrency == 1);
	if (item == A(compressed))
		return term_of_bool(t->compressed);
	if (item == A(memory))
		return term_of_small((int64_t)((sizeof(*t) + t->bytes) / sizeof(term)));
	if (item == A(owner))
		return t->owner;
	if (item == A(heir))
		return t->heir != TERM_NONE ? t->heir : A(none);
	if (item == A(name))
		return t->name;
	if (item == A(size))
		return term_of_small((int64_t)t->count);
	if (item == A(node))
		return A(nonode_nohost);
	if (item == A(named_table))
		return term_of_bool(t->is_named);
	if (item == A(type))
		return type_atom(t);
	if (item == A(keypos))
		return term_of_small((int64_t)t->keypos);
	if (item == A(protection))
		return access_atom(t);
	if (item == A(fixed))
		return term_of_bool(atomic_load_relaxed(&t->fixed));
	return TERM_NONE;
}

static term info_missing(struct proc *p, term identifier)
{
	/* A deleted table is none, but anything else is no identifier. */
	return ets_is_identifier(identifier) ? A(undefined) : bif_badarg_cause(p, A(type));
}

term bif_ets_info_1(struct proc *p, const term *args)
{
	struct table *t;
	if (ets_lock(p, args[0], NEED_INFO, &t) != 0)
		return info_missing(p, args[0]);
	term list = TERM_NIL;
	for (size_t i = ARRAY_SIZE(info_items); i > 0; i--) {
		term value = info_item(p, t, info_items[i - 1]);
		list = heap_cons(bif_heap(p), heap_tuple_of(bif_heap(p), info_items[i - 1], value), list);
	}
	ets_unlock(t);
	bif_charge(p, 5);
	return list;
}

term bif_ets_info_2(struct proc *p, const term *args)
{
	struct table *t;
	if (!term_is_atom(args[1]))
		return bif_badarg(p);
	if (args[1] == A(safe_fixed) || args[1] == A(safe_fixed_monotonic_time)) {
		t = ets_get(p, args[0]);
		if (t == NULL || !atomic_load_acquire(&t->alive)) {
			if (t != NULL)
				ets_put(t);
			return info_missing(p, args[0]);
		}
		term fixes = ets_fixes(p, t, args[1] == A(safe_fixed_monotonic_time));
		ets_put(t);
		return fixes;
	}
	if (ets_lock(p, args[0], NEED_INFO, &t) != 0)
		return info_missing(p, args[0]);
	term value = info_item(p, t, args[1]);
	ets_unlock(t);
	if (value == TERM_NONE)
		return bif_badarg(p);
	return value;
}

static term empty(struct proc *p, struct table *husk, term reference, term value)
{
	bool done = ets_empty_some(husk, EMPTY_SLICE_OBJECTS);
	bif_charge(p, done ? 20 : 4000);
	if (done)
		return value;
	if (reference == TERM_NONE)
		reference = ets_reference(bif_heap(p), husk);
	const struct export *go_on = export_get(A(erts_internal), A(ets_empty), 2);
	term args[] = { reference, value };
	return bif_trap(p, go_on, 2, args);
}

term ets_free_contents(struct proc *p, struct table *husk, term value)
{
	value = empty(p, husk, TERM_NONE, value);
	ets_put(husk);
	return value;
}

term bif_ets_empty_2(struct proc *p, const term *args)
{
	struct table *husk = ets_get(p, args[0]);
	if (husk == NULL)
		return bif_badarg(p);
	/* Only what was detached is emptied; a program that calls this with a table of its own is refused. */
	term value = husk->space != NULL ? bif_badarg(p) : empty(p, husk, args[0], args[1]);
	ets_put(husk);
	return value;
}

term bif_ets_delete_1(struct proc *p, const term *args)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_WRITE, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	return ets_free_contents(p, ets_delete(t), A(true));
}

term bif_ets_internal_delete_all_2(struct proc *p, const term *args)
{
	struct table *t;
	int r = ets_lock(p, args[0], NEED_WRITE, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	term count = term_of_small((int64_t)t->count);
	struct table *husk = ets_detach(t);
	ets_unlock(t);
	return ets_free_contents(p, husk, count);
}

term bif_ets_rename_2(struct proc *p, const term *args)
{
	if (!term_is_atom(args[1]))
		return ets_badarg(p, args[0], NEED_WRITE);
	int r = ets_rename(p, args[0], args[1]);
	if (r == TABLE_E_NAME)
		return bif_badarg_cause(p, A(already_exists));
	if (r != 0)
		return ets_raise(p, args[0], r);
	return term_is_atom(args[0]) ? args[1] : args[0];
}

term bif_ets_give_away_3(struct proc *p, const term *args)
{
	if (!term_is_local_pid(args[1]))
		return ets_badarg(p, args[0], NEED_OWNER);
	int r = ets_give(p, args[0], args[1], args[2]);
	return r != 0 ? ets_raise(p, args[0], r) : A(true);
}

static int set_option(struct proc *p, term table, term option)
{
	if (term_is_tuple_of(option, 2) && tuple_element(option, 0) == A(protection)) {
		struct table *t;
		term access = tuple_element(option, 1);
		int r = ets_lock(p, table, NEED_OWNER, &t);
		if (r != 0)
			return r;
		t->access = access == A(public) ? TABLE_PUBLIC : access == A(private) ? TABLE_PRIVATE : TABLE_PROTECTED;
		ets_unlock(t);
		return 0;
	}
	term heir = tuple_element(option, 1);
	if (heir == A(none))
		return ets_set_heir(p, table, TERM_NONE, TERM_NONE);
	return ets_set_heir(p, table, heir, term_is_tuple_of(option, 3) ? tuple_element(option, 2) : TERM_NONE);
}

static bool option_is_settable(term t)
{
	if (term_is_tuple_of(t, 2) && tuple_element(t, 0) == A(protection)) {
		term access = tuple_element(t, 1);
		return access == A(public) || access == A(protected) || access == A(private);
	}
	if (!term_is_tuple_of(t, 2) && !term_is_tuple_of(t, 3))
		return false;
	term heir = tuple_element(t, 1);
	return tuple_element(t, 0) == A(heir) &&
	       (term_is_local_pid(heir) || (heir == A(none) && tuple_arity(t) == 2));
}

term bif_ets_setopts_2(struct proc *p, const term *args)
{
	term one = args[1];
	term list = args[1];
	if (!term_is_list(list))
		list = heap_cons(bif_heap(p), one, TERM_NIL);
	bool protection = false, heir = false;
	term rest = list;
	for (; term_is_cons(rest); rest = cons_tail(rest)) {
		if (!option_is_settable(cons_head(rest)))
			return ets_badarg(p, args[0], NEED_OWNER);
		bool *told = tuple_element(cons_head(rest), 0) == A(protection) ? &protection : &heir;
		if (*told)
			return ets_badarg(p, args[0], NEED_OWNER);
		*told = true;
	}
	if (rest != TERM_NIL)
		return ets_badarg(p, args[0], NEED_OWNER);
	struct table *t;
	int r = ets_lock(p, args[0], NEED_OWNER, &t);
	if (r != 0)
		return ets_raise(p, args[0], r);
	ets_unlock(t);
	for (rest = list; term_is_cons(rest) && r == 0; rest = cons_tail(rest))
		r = set_option(p, args[0], cons_head(rest));
	return r != 0 ? ets_raise(p, args[0], r) : A(true);
}

term bif_ets_safe_fixtable_2(struct proc *p, const term *args)
{
	if (args[1] != A(true) && args[1] != A(false))
		return ets_badarg(p, args[0], NEED_READ);
	int r = ets_fix(p, args[0], args[1] == A(true));
	return r != 0 ? ets_raise(p, args[0], r) : A(true);
}

/* One message {Ref, Tables} for each scheduler, as the library's receive_all expects; the first has all tables. */
term bif_ets_internal_request_all_0(struct proc *p, const term *args)
{
	(void)args;
	struct heap *heap = bif_heap(p);
	term ref = ref_put(heap_alloc(heap, REF_WORDS), ref_new_id());
	term tables = ets_all(p);
	for (unsigned i = sched_count(); i > 0; i--) {
		term message = heap_tuple_of(heap, ref, tables);
		if (!proc_send(p, p->pid, message))
			return TERM_NONE;
		tables = TERM_NIL;
	}
	bif_charge(p, 100);
	return ref;
}
