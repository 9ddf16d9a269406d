/* SPDX-License-Identifier: Apache-2.0 */
/* What all types of tables have in common: putting objects in, finding them and taking them out, with the accounts of it.
 * Objects of a bag with one key are a chain, newest first, that hangs where a set has one object. */
#include "ets/table.h"

#include "heap/names_walk.h"

void objects_free(struct object *chain)
{
	while (chain != NULL) {
		struct object *next = chain->next;
		object_free(chain);
		chain = next;
	}
}

static void account_in(struct table *t, const struct object *o)
{
	t->count++;
	ets_charge_bytes(t, (int64_t)object_bytes(o));
}

static void account_out(struct table *t, const struct object *chain)
{
	for (; chain != NULL; chain = chain->next) {
		t->count--;
		ets_charge_bytes(t, -(int64_t)object_bytes(chain));
	}
}

struct object *ets_find(const struct table *t, term key)
{
	if (ets_is_tree(t))
		return tree_find(t, key);
	struct object **at = hash_find(t, ets_hash(key), key);
	return at != NULL ? *at : NULL;
}

bool ets_has_room(const struct table *t, size_t bytes)
{
	struct account *a = t->account;
	const int64_t max = atomic_load_relaxed(&a->ets_max);
	if (unlikely((int64_t)bytes > account_room(a))) {
		account_refused(a, ACCOUNT_MET_MEMORY);
		return false;
	}
	if (likely(max == INT64_MAX))
		return true;
	int64_t now = atomic_load_relaxed(&a->used[ACCOUNT_ETS]);
	if (account_batch != NULL && account_current() == a)
		now += atomic_load_relaxed(&account_batch->others[ACCOUNT_ETS]);
	if (likely(now + (int64_t)bytes <= max))
		return true;
	account_refused(a, ACCOUNT_MET_ETS);
	return false;
}

static void bag_insert(struct table *t, struct object **at, struct object *o)
{
	if (t->type == TABLE_BAG) {
		for (struct object *have = *at; have != NULL; have = have->next) {
			if (object_equals(have, object_tuple(o))) {
				object_free(o);
				return;
			}
		}
	}
	o->next = *at;
	*at = o;
	account_in(t, o);
}

void ets_insert(struct table *t, struct object *o)
{
	if (ets_is_tree(t)) {
		struct object *old = tree_insert(t, o);
		account_in(t, o);
		if (old != NULL) {
			account_out(t, old);
			object_free(old);
		}
		return;
	}
	term key = object_key(o, t->keypos);
	uint64_t hash = ets_hash(key);
	struct object **at = hash_find(t, hash, key);
	if (at == NULL) {
		hash_insert(t, hash, o);
		account_in(t, o);
	} else if (ets_is_bag(t)) {
		bag_insert(t, at, o);
	} else {
		struct object *old = *at;
		account_out(t, old);
		account_in(t, o);
		*at = o;
		object_free(old);
	}
}

struct object *ets_take(struct table *t, term key)
{
	struct object *chain = ets_is_tree(t) ? tree_take(t, key) : hash_take(t, ets_hash(key), key);
	account_out(t, chain);
	return chain;
}

void ets_remove(struct table *t, struct object *o)
{
	term key = object_key(o, t->keypos);
	if (!ets_is_bag(t)) {
		objects_free(ets_take(t, key));
		return;
	}
	uint64_t hash = ets_hash(key);
	struct object **at = hash_find(t, hash, key);
	debug_assert(at != NULL);
	if ((*at)->next == NULL) {
		objects_free(ets_take(t, key));
		return;
	}
	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	o->next = NULL;
	account_out(t, o);
	object_free(o);
}

void ets_replace(struct table *t, struct object *old, struct object *o)
{
	if (t->type != TABLE_DUPLICATE_BAG) {
		ets_insert(t, o);
		return;
	}
	term key = object_key(old, t->keypos);
	struct object **at = hash_find(t, ets_hash(key), key);
	while (*at != old)
		at = &(*at)->next;
	o->next = old->next;
	*at = o;
	old->next = NULL;
	account_out(t, old);
	account_in(t, o);
	object_free(old);
}

struct object *ets_next(const struct table *t, term key, bool *ret_found)
{
	if (ets_is_tree(t)) {
		struct tree_place place;
		*ret_found = true;
		return tree_after(t, key, false, &place);
	}
	struct hash_place place;
	if (key == TERM_NONE) {
		*ret_found = true;
		return hash_seek(t, 0, &place);
	}
	uint64_t hash = ets_hash(key);
	*ret_found = hash_place_of(t, hash, key, &place);
	/* A key that is gone had its place where its hash is. */
	return *ret_found ? hash_step(t, &place) : hash_seek(t, hash + 1, &place);
}

struct object *ets_prev(const struct table *t, term key, bool *ret_found)
{
	if (!ets_is_tree(t))
		return ets_next(t, key, ret_found);
	struct tree_place place;
	*ret_found = true;
	return tree_before(t, key, false, &place);
}

struct object *ets_slot(const struct table *t, size_t position, size_t *ret_keys)
{
	if (!ets_is_tree(t))
		return hash_slot(t, position, ret_keys);
	*ret_keys = t->count;
	if (position >= t->count)
		return NULL;
	struct tree_place place;
	struct object *o = tree_after(t, TERM_NONE, true, &place);
	while (position-- > 0)
		o = tree_step(&place);
	return o;
}

static void walk_chain(const struct object *chain, struct names_walk *walk)
{
	for (const struct object *o = chain; o != NULL; o = o->next)
		names_walk_term(walk, object_tuple(o));
}

void ets_names_walk(struct table *t, struct names_walk *walk)
{
	mutex_lock(&t->mutex);
	names_walk_term(walk, t->name);
	names_walk_term(walk, t->heir);
	if (atomic_load_relaxed(&t->alive) && ets_is_tree(t)) {
		struct tree_place place;
		for (struct object *o = tree_after(t, TERM_NONE, true, &place); o != NULL; o = tree_step(&place))
			walk_chain(o, walk);
	} else if (atomic_load_relaxed(&t->alive)) {
		struct hash_place place;
		for (struct object *o = hash_seek(t, 0, &place); o != NULL; o = hash_step(t, &place))
			walk_chain(o, walk);
	}
	mutex_unlock(&t->mutex);
}
