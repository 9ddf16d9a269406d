/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as they are seen from outside of their namespace: no process asks, and everything may be read. */
#include "ets/space.h"
#include "heap/offheap.h"
#include "term/atom.h"

#include <stdlib.h>
#include <string.h>

struct held_table {
	struct table *table; /* a reference */
	struct ets_row row;
};

void ets_each(struct ns *ns, void (*fn)(void *user, const struct ets_row *row), void *user)
{
	struct ets_space *space = ns->ets;
	VEC(struct held_table) tables = { 0 };
	mutex_lock(&space->mutex);
	vec_foreach (t, &space->all) {
		struct atom_text name = atom_text((*t)->name);
		struct held_table held = { *t, { .owner = (*t)->owner, .heir = (*t)->heir, .id = (*t)->id } };
		held.row.name = strndup((const char *)name.bytes, name.size);
		if (held.row.name == NULL)
			abort(); /* as mem_alloc does */
		counted_ref(&(*t)->counted);
		vec_push(&tables, held);
	}
	mutex_unlock(&space->mutex);
	vec_foreach (held, &tables) {
		struct table *t = held->table;
		struct ets_row *row = &held->row;
		row->is_named = t->is_named;
		row->compressed = t->compressed;
		row->type = t->type;
		row->keypos = t->keypos;
		mutex_lock(&t->mutex);
		row->objects = t->count;
		row->bytes = t->bytes;
		row->access = t->access;
		mutex_unlock(&t->mutex);
		fn(user, row);
		free(row->name);
		counted_unref(&t->counted);
	}
	vec_done(&tables);
}

struct table *ets_lock_from_outside(struct ns *ns, term identifier)
{
	struct table *t = ets_get_of(ns, identifier);
	if (t == NULL)
		return NULL;
	mutex_lock(&t->mutex);
	if (atomic_load_relaxed(&t->alive) && (!term_is_atom(identifier) || t->name == identifier))
		return t;
	mutex_unlock(&t->mutex);
	ets_put(t);
	return NULL;
}
