/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of chapter ets share. */
#pragma once
#include "bif/bif.h"
#include "ets/table.h"

/* badarg for what ets_lock and its like returned for a table. */
static inline term ets_raise(struct proc *p, term table, int r)
{
	switch (r) {
	case TABLE_E_ID:
		return bif_badarg_cause(p, term_is_atom(table) || ets_is_reference(table) ? A(id) : A(type));
	case TABLE_E_ACCESS:
		return bif_badarg_cause(p, A(access));
	default:
		return bif_badarg(p);
	}
}

/* badarg for another argument, unless the table is to blame first. */
static inline term ets_badarg(struct proc *p, term table, enum table_need need)
{
	struct table *t;
	int r = ets_lock(p, table, need, &t);
	if (r != 0)
		return ets_raise(p, table, r);
	ets_unlock(t);
	return bif_badarg(p);
}

/* Reductions for `count` objects that were looked at. */
static inline void ets_charge(struct proc *p, size_t count)
{
	bif_charge(p, 1 + count / 4);
}

/* The objects of a chain as tuples, oldest first, before tail. */
static inline term ets_chain_list(struct heap *heap, const struct object *chain, term tail)
{
	for (; chain != NULL; chain = chain->next)
		tail = object_copy_cons(heap, chain, tail);
	return tail;
}

/* Frees detached contents, over several slices when they are many, then returns value. */
term ets_free_contents(struct proc *p, struct table *husk, term value);
