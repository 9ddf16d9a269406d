/* SPDX-License-Identifier: Apache-2.0 */
/* Module persistent_term. Each namespace has a hash table that readers search without a lock; a value is a literal, so
 * reading it copies nothing.
 *
 * Invariant: an entry never changes once it is in the table; writers (under the space's lock) replace whole entries, and
 * tables when they grow. What readers may still look at is freed through an epoch. The value of a replaced or erased entry
 * may live on in processes: purge_literals() has every process copy it out before the area goes. */
#include "bif/persistent_term.h"

#include "base/account.h"
#include "base/epoch.h"
#include "bif/bif.h"
#include "bif/integer.h"
#include "proc/purge.h"
#include "heap/literal.h"
#include "heap/names_walk.h"
#include "term/compare.h"

#include <string.h>

struct entry {
	struct epoch_item retired;
	uint64_t hash;
	term key;
	term value;
	term *area; /* key and value */
	size_t words;
	struct offheap offheap;
};

#define TOMBSTONE ((struct entry *)(uintptr_t)8)
#define TABLE_MIN 16

struct table {
	struct epoch_item retired;
	size_t mask;
	size_t used; /* entries and tombstones; guarded by the lock */
	_Atomic(struct entry *) slots[];
};

struct persistent_space {
	struct mutex lock;
	struct account *account;
	_Atomic(struct table *) table;
	_Atomic uint64_t count;
	_Atomic uint64_t words;
};

static struct table *table_new(size_t capacity)
{
	struct table *t = mem_zalloc(MEM_PERSISTENT, sizeof(*t) + capacity * sizeof(t->slots[0]));
	t->mask = capacity - 1;
	return t;
}

static void table_free(struct epoch_item *item)
{
	struct table *t = (struct table *)item; /* first member */
	mem_free(MEM_PERSISTENT, t, sizeof(*t) + (t->mask + 1) * sizeof(t->slots[0]));
}

static struct persistent_space *space_of(struct ns *ns)
{
	struct persistent_space *space = atomic_load_acquire(&ns->persistent);
	if (space != NULL)
		return space;
	struct persistent_space *made = mem_zalloc(MEM_PERSISTENT, sizeof(*made));
	mutex_init(&made->lock, LOCK_PERSISTENT);
	made->account = ns->account;
	atomic_store_relaxed(&made->table, table_new(TABLE_MIN));
	/* Two first users may race; the loser's goes. */
	if (atomic_cas_acq_rel(&ns->persistent, &space, made))
		return made;
	persistent_space_free(made);
	return space;
}

static void entry_free(struct entry *e)
{
	offheap_release(&e->offheap);
	literal_free(e->area, e->words);
	mem_free(MEM_PERSISTENT, e, sizeof(*e));
}

static void entry_retired(struct epoch_item *item);

struct persistent_space *persistent_space_free(struct persistent_space *space)
{
	if (space == NULL)
		return NULL;
	struct table *t = atomic_load_acquire(&space->table);
	account_charge(space->account, ACCOUNT_OTHER,
		-(int64_t)(atomic_load_relaxed(&space->words) * sizeof(term) +
			   atomic_load_relaxed(&space->count) * sizeof(struct entry)));
	for (size_t i = 0; i <= t->mask; i++) {
		struct entry *e = atomic_load_relaxed(&t->slots[i]);
		if (e != NULL && e != TOMBSTONE)
			entry_retired(&e->retired); /* processes of other namespaces may have been sent its value */
	}
	table_free(&t->retired);
	mutex_done(&space->lock);
	mem_free(MEM_PERSISTENT, space, sizeof(*space));
	return NULL;
}

void persistent_names_walk(struct ns *ns, struct names_walk *walk)
{
	struct persistent_space *space = atomic_load_acquire(&ns->persistent);
	if (space == NULL)
		return;
	mutex_lock(&space->lock);
	struct table *t = atomic_load_relaxed(&space->table);
	for (size_t i = 0; i <= t->mask; i++) {
		const struct entry *e = atomic_load_relaxed(&t->slots[i]);
		if (e == NULL || e == TOMBSTONE)
			continue;
		names_walk_term(walk, e->key);
		names_walk_term(walk, e->value);
	}
	mutex_unlock(&space->lock);
}

/* The slot that holds key, or NULL. Readers and writers. */
static _Atomic(struct entry *) *find(struct table *t, term key, uint64_t hash)
{
	for (size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
		struct entry *e = atomic_load_acquire(&t->slots[i]);
		if (e == NULL)
			return NULL;
		if (e != TOMBSTONE && e->hash == hash && term_equal(e->key, key))
			return &t->slots[i];
	}
}

static struct entry *lookup(struct ns *ns, term key)
{
	struct persistent_space *space = atomic_load_acquire(&ns->persistent);
	if (space == NULL)
		return NULL;
	_Atomic(struct entry *) *slot =
		find(atomic_load_acquire(&space->table), key, term_hash(key, 0));
	/* The slot may have been emptied since it was found. */
	struct entry *e = slot != NULL ? atomic_load_acquire(slot) : NULL;
	return e == TOMBSTONE || (e != NULL && !term_equal(e->key, key)) ? NULL : e;
}

/* Under the lock. Puts e where no equal key is. */
static void insert(struct persistent_space *space, struct entry *e)
{
	struct table *t = atomic_load_relaxed(&space->table);
	if ((t->used + 1) * 4 > (t->mask + 1) * 3) {
		uint64_t live = atomic_load_relaxed(&space->count);
		size_t capacity = TABLE_MIN;
		while (capacity < (live + 1) * 2)
			capacity *= 2;
		struct table *bigger = table_new(capacity);
		for (size_t i = 0; i <= t->mask; i++) {
			struct entry *old = atomic_load_relaxed(&t->slots[i]);
			if (old == NULL || old == TOMBSTONE)
				continue;
			size_t k = old->hash & bigger->mask;
			while (atomic_load_relaxed(&bigger->slots[k]) != NULL)
				k = (k + 1) & bigger->mask;
			atomic_store_relaxed(&bigger->slots[k], old);
			bigger->used++;
		}
		/* Pairs with the acquire loads of readers. */
		atomic_store_release(&space->table, bigger);
		epoch_retire(&t->retired, table_free);
		t = bigger;
	}
	size_t i = e->hash & t->mask;
	while (atomic_load_relaxed(&t->slots[i]) != NULL)
		i = (i + 1) & t->mask;
	t->used++;
	atomic_store_release(&t->slots[i], e);
}

/* Nobody finds e any more; its values may still be in processes. */
static void entry_retired(struct epoch_item *item)
{
	struct entry *e = (struct entry *)item; /* first member */
	if (e->words > 0)
		purge_literals(e->area, e->words, &e->offheap);
	mem_free(MEM_PERSISTENT, e, sizeof(*e));
}

static struct entry *entry_new(term key, term value, uint64_t hash)
{
	size_t key_words = heap_flat_words_bounded(key), value_words = heap_flat_words_bounded(value);
	if (key_words == SIZE_MAX || value_words == SIZE_MAX)
		return NULL;
	struct entry *e = mem_zalloc(MEM_PERSISTENT, sizeof(*e));
	e->hash = hash;
	e->words = key_words + value_words;
	if (e->words > 0) {
		e->area = literal_alloc(e->words);
		if (e->area == NULL) {
			mem_free(MEM_PERSISTENT, e, sizeof(*e));
			return NULL;
		}
	}
	term *p = e->area;
	e->key = heap_copy_deep_into(key, &p, &e->offheap);
	e->value = heap_copy_deep_into(value, &p, &e->offheap);
	return e;
}

static void account(struct persistent_space *space, const struct entry *e, int sign)
{
	atomic_add_relaxed(&space->count, (uint64_t)(int64_t)sign);
	atomic_add_relaxed(&space->words, (uint64_t)((int64_t)e->words * sign));
	account_charge(space->account, ACCOUNT_OTHER, (int64_t)(e->words * sizeof(term) + sizeof(*e)) * sign);
}

/* Puts; with only_new an existing, different value is an error. */
static term put(struct proc *p, term key, term value, bool only_new)
{
	struct persistent_space *space = space_of(p->ns);
	uint64_t hash = term_hash(key, 0);
	struct entry *e = entry_new(key, value, hash);
	if (e == NULL)
		return bif_system_limit(p);
	struct entry *unused = e;
	bool refused = false;
	mutex_lock(&space->lock);
	_Atomic(struct entry *) *slot = find(atomic_load_relaxed(&space->table), key, hash);
	struct entry *old = slot != NULL ? atomic_load_relaxed(slot) : NULL;
	if (old == NULL) {
		insert(space, e);
		account(space, e, 1);
		unused = NULL;
	} else if (!term_equal(old->value, value)) {
		refused = only_new;
		if (!only_new) {
			atomic_store_release(slot, e);
			account(space, e, 1);
			account(space, old, -1);
			unused = NULL;
		}
	} else {
		old = NULL; /* the same value again changes nothing */
	}
	mutex_unlock(&space->lock);
	bif_charge(p, e->words / 8);
	if (unused != NULL)
		entry_free(unused);
	else if (old != NULL)
		epoch_retire(&old->retired, entry_retired);
	return refused ? bif_badarg(p) : A(ok);
}

term bif_persistent_term_put_2(struct proc *p, const term *args)
{
	return put(p, args[0], args[1], false);
}

term bif_persistent_term_put_new_2(struct proc *p, const term *args)
{
	return put(p, args[0], args[1], true);
}

term bif_persistent_term_get_1(struct proc *p, const term *args)
{
	const struct entry *e = lookup(p->ns, args[0]);
	return e != NULL ? e->value : bif_badarg(p);
}

term bif_persistent_term_get_2(struct proc *p, const term *args)
{
	const struct entry *e = lookup(p->ns, args[0]);
	return e != NULL ? e->value : args[1];
}

term bif_persistent_term_get_0(struct proc *p, const term *args)
{
	struct persistent_space *space = space_of(p->ns);
	struct table *t = atomic_load_acquire(&space->table);
	term list = TERM_NIL;
	for (size_t i = 0; i <= t->mask; i++) {
		const struct entry *e = atomic_load_acquire(&t->slots[i]);
		if (e != NULL && e != TOMBSTONE)
			list = heap_cons(
				bif_heap(p), heap_tuple_of(bif_heap(p), e->key, e->value), list);
	}
	bif_charge(p, t->mask / 8);
	return list;
}

static bool erase(struct persistent_space *space, term key)
{
	mutex_lock(&space->lock);
	_Atomic(struct entry *) *slot =
		find(atomic_load_relaxed(&space->table), key, term_hash(key, 0));
	struct entry *old = NULL;
	if (slot != NULL) {
		old = atomic_load_relaxed(slot);
		atomic_store_release(slot, TOMBSTONE);
		account(space, old, -1);
	}
	mutex_unlock(&space->lock);
	if (old != NULL)
		epoch_retire(&old->retired, entry_retired);
	return old != NULL;
}

term bif_persistent_term_erase_1(struct proc *p, const term *args)
{
	return term_of_bool(erase(space_of(p->ns), args[0]));
}

term bif_persistent_term_erase_all_0(struct proc *p, const term *args)
{
	struct persistent_space *space = space_of(p->ns);
	struct table *t = atomic_load_acquire(&space->table);
	for (size_t i = 0; i <= t->mask; i++) {
		const struct entry *e = atomic_load_acquire(&t->slots[i]);
		if (e != NULL && e != TOMBSTONE)
			(void)erase(space, e->key); /* somebody else may have been faster */
	}
	return A(ok);
}

term bif_persistent_term_info_0(struct proc *p, const term *args)
{
	struct persistent_space *space = space_of(p->ns);
	struct heap *heap = bif_heap(p);
	term count = integer_of_u64(heap, atomic_load_relaxed(&space->count));
	term memory = integer_of_u64(
		heap, sizeof(*space) + atomic_load_relaxed(&space->words) * sizeof(term));
	term *keys = heap_alloc(heap, 3 + 4);
	term *map = keys + 3;
	keys[0] = HEADER(BOXED_TUPLE, 2);
	keys[1] = A(count);
	keys[2] = A(memory);
	map[0] = HEADER(BOXED_FLATMAP, 3);
	map[1] = term_of_boxed(keys);
	map[2] = count;
	map[3] = memory;
	return term_of_boxed(map);
}
