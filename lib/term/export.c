/* SPDX-License-Identifier: Apache-2.0 */
/* The export table: rows in one reserved array by number, and an open-addressed hash from M:F/A to number.
 *
 * Invariant: a row is complete before its number is stored (release) in a slot; slots go from 0 to a number, and from that to GONE. A
 * full table is replaced by another; the old one goes when every thread has moved on. A row's holders come to 0 under the lock, under which
 * its slot becomes GONE; its number is given again when every thread has moved on. Threads that are not inside of an epoch look
 * under the lock. */
#include "term/export.h"

#include "base/account.h"
#include "base/alloc.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "base/numberset.h"
#include "base/vec.h"
#include "term/atom.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

struct table {
	struct epoch_item retired; /* first */
	size_t capacity;           /* slots, a power of two */
	_Atomic uint32_t slots[];  /* number + 1; 0: free */
};

#define GONE UINT32_MAX /* in a slot: pass by */

/* Numbers on their way to be given again. */
struct burial {
	struct epoch_item retired; /* first */
	VEC(uint32_t) numbers;
};

static struct {
	struct mutex lock;
	struct export *rows;           /* EXPORTS_MAX of them, touched as used */
	_Atomic uint32_t count;        /* numbers below have been given */
	uint32_t stubs;                /* fixed after start */
	uint32_t used;                 /* slots of the table that are not free; guarded by lock, as the next one */
	uint32_t living;
	_Atomic(struct table *) table;
} exports;

/* Of its own, since numbers come back with any lock held. */
static struct mutex free_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_ATOM_SET };
static VEC(uint32_t) free_numbers; /* guarded by free_lock */

static size_t table_bytes(size_t capacity)
{
	return sizeof(struct table) + capacity * sizeof(_Atomic uint32_t);
}

void export_init(void)
{
	if (exports.rows != NULL)
		return;
	void *rows = mmap(NULL, EXPORTS_MAX * sizeof(struct export), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (rows == MAP_FAILED) {
		perror("beamr: no address space for exports");
		abort();
	}
	mutex_init(&exports.lock, LOCK_EXPORT);
	exports.rows = rows;
	atomic_store_relaxed(&exports.count, 0);
	exports.used = exports.living = 0;
	struct table *table = mem_zalloc(MEM_CODE, table_bytes(4096));
	table->capacity = 4096;
	atomic_store_release(&exports.table, table); /* Pairs with find(). */
}

void export_done(void)
{
	if (exports.rows == NULL)
		return;
	epoch_drain();
	struct table *table = atomic_load_relaxed(&exports.table);
	mem_free(MEM_CODE, table, table_bytes(table->capacity));
	vec_done(&free_numbers);
	atomic_store_relaxed(&exports.table, NULL);
	(void)munmap(exports.rows, EXPORTS_MAX * sizeof(struct export)); /* our own mapping */
	exports.rows = NULL;
	mutex_done(&exports.lock);
}

static size_t hash_mfa(term module, term function, uint32_t arity)
{
	uint64_t h = (module >> 6) * 0x9E3779B97F4A7C15U;
	h = (h ^ (h >> 29) ^ (function >> 6)) * 0xBF58476D1CE4E5B9U;
	h = (h ^ (h >> 32) ^ arity) * 0x94D049BB133111EBU;
	return (size_t)(h ^ (h >> 31));
}

/* The row, or NULL with *ret_slot the free slot where its search ended. */
static struct export *find(struct table *table, term module, term function, uint32_t arity, size_t *ret_slot)
{
	size_t mask = table->capacity - 1;
	for (size_t slot = hash_mfa(module, function, arity) & mask;; slot = (slot + 1) & mask) {
		uint32_t number = atomic_load_acquire(&table->slots[slot]); /* Pairs with insert(). */
		if (number == 0) {
			*ret_slot = slot;
			return NULL;
		}
		if (unlikely(number == GONE))
			continue;
		struct export *e = &exports.rows[number - 1];
		if (e->function == function && e->module == module && e->arity == arity)
			return e;
	}
}

struct export *export_find(term module, term function, uint32_t arity)
{
	size_t slot;
	const bool locks = !epoch_is_inside();
	if (locks)
		mutex_lock(&exports.lock);
	/* Pairs with grow(). */
	struct export *e = find(atomic_load_acquire(&exports.table), module, function, arity, &slot);
	if (locks)
		mutex_unlock(&exports.lock);
	return e;
}

static void table_retired(struct epoch_item *item)
{
	struct table *table = (struct table *)(void *)item; /* first member */
	mem_free(MEM_CODE, table, table_bytes(table->capacity));
}

/* Into a larger table, or one of the same size when the old one is full of what is gone. */
static struct table *grow(struct table *table, struct table **ret_old) REQUIRES(exports.lock)
{
	size_t capacity = exports.living * 4UL > table->capacity ? table->capacity * 2 : table->capacity;
	struct table *larger = mem_zalloc(MEM_CODE, table_bytes(capacity));
	larger->capacity = capacity;
	for (size_t i = 0; i < table->capacity; i++) {
		uint32_t number = atomic_load_relaxed(&table->slots[i]); /* under the lock */
		if (number == 0 || number == GONE)
			continue;
		const struct export *e = &exports.rows[number - 1];
		size_t slot;
		(void)find(larger, e->module, e->function, e->arity, &slot); /* it is not there yet */
		atomic_store_relaxed(&larger->slots[slot], number); /* published with the table */
	}
	exports.used = exports.living;
	atomic_store_release(&exports.table, larger); /* Pairs with export_find(). */
	*ret_old = table;
	return larger;
}

/* ------------------------------------------------------------------------------------------------ holders */

static struct numberset *set_of(struct account *a)
{
	struct numberset *set = atomic_load_acquire(&a->exports); /* Pairs with the exchange below. */
	if (likely(set != NULL))
		return set;
	struct numberset *fresh = numberset_new(MEM_CODE, EXPORTS_MAX);
	if (atomic_cas_acq_rel(&a->exports, &set, fresh))
		return fresh;
	(void)numberset_free(fresh); /* always NULL; somebody was faster */
	return set;
}

enum hold { HELD, OVER, FULL };

static enum hold hold(struct export *e, struct names_holder holder, bool limited)
{
	if ((atomic_load_acquire(&e->holders) & HOLDERS_PINNED) != 0)
		return HELD;
	if (holder.account == NULL && holder.names == NULL)
		return holders_pin(&e->holders) ? HELD : OVER;
	if (holder.account == NULL) {
		if (!holders_take(&e->holders))
			return OVER;
		vec_push(&holder.names->exports, e->number);
		return HELD;
	}
	struct numberset *set = set_of(holder.account);
	if (likely(numberset_has(set, e->number)))
		return HELD;
	/* While a collection looks for what the account refers to, what it held before goes over, as atoms do. */
	struct numberset *before = atomic_load_acquire(&holder.account->exports_before); /* Pairs with exports_collect(). */
	if (before == NULL || !numberset_has(before, e->number) || !numberset_remove(before, e->number)) {
		if (!account_take(holder.account, COUNT_EXPORTS, limited ? EXPORTS_ACCOUNT_MAX : 0))
			return FULL;
		if (!holders_take(&e->holders)) {
			account_give(holder.account, COUNT_EXPORTS, 1);
			return OVER;
		}
	}
	if (!numberset_add(set, e->number)) {
		/* Another thread of the account was faster: it is not the last one that is given back. */
		account_give(holder.account, COUNT_EXPORTS, 1);
		bool others = holders_drop(&e->holders);
		assert(others);
		return HELD;
	}
	/* What it names can be asked of it. */
	atom_hold(holder, e->module);
	atom_hold(holder, e->function);
	return HELD;
}

/* A row of its own; NULL when there is no room. Its atoms are the row's. */
static struct export *add(struct table *table, term module, term function, uint32_t arity, struct table **ret_old)
	REQUIRES(exports.lock)
{
	uint32_t count = atomic_load_relaxed(&exports.count), number = count;
	size_t slot;
	mutex_lock(&free_lock);
	if (free_numbers.count > 0)
		number = vec_pop(&free_numbers);
	mutex_unlock(&free_lock);
	if (number == EXPORTS_MAX)
		return NULL;
	if ((exports.used + 1) * 2UL > table->capacity)
		table = grow(table, ret_old);
	(void)find(table, module, function, arity, &slot); /* only for the slot */
	struct export *e = &exports.rows[number];
	struct names names = { 0 };
	atom_hold((struct names_holder){ .names = &names }, module);
	atom_hold((struct names_holder){ .names = &names }, function);
	vec_done(&names.atoms); /* end() gives them up */
	e->module = module;
	e->function = function;
	e->arity = arity;
	e->number = number;
	/* Held by whoever asks, who takes over from here. */
	atomic_store_relaxed(&e->holders, 1);
	exports.used++;
	exports.living++;
	if (number == count)
		atomic_store_release(&exports.count, count + 1); /* Pairs with export_count(). */
	atomic_store_release(&table->slots[slot], number + 1); /* Pairs with find(). */
	return e;
}

static void burial_end(struct epoch_item *item)
{
	struct burial *b = (struct burial *)(void *)item; /* first member */
	if (!mem_verifies) {
		mutex_lock(&free_lock);
		vec_foreach (number, &b->numbers)
			vec_push(&free_numbers, *number);
		mutex_unlock(&free_lock);
	}
	vec_done(&b->numbers);
	mem_free(MEM_CODE, b, sizeof(*b));
}

/* Gives up one holder of each. */
void exports_drop(const uint32_t *numbers, size_t count)
{
	struct burial *burial = NULL;
	for (size_t i = 0; i < count; i++) {
		struct export *e = &exports.rows[numbers[i]];
		if (holders_drop(&e->holders))
			continue;
		mutex_lock(&exports.lock);
		bool over = holders_end(&e->holders);
		if (over) {
			struct table *table = atomic_load_relaxed(&exports.table); /* the lock is held */
			size_t mask = table->capacity - 1, slot = hash_mfa(e->module, e->function, e->arity) & mask;
			while (atomic_load_relaxed(&table->slots[slot]) != e->number + 1)
				slot = (slot + 1) & mask;
			atomic_store_release(&table->slots[slot], GONE);
			exports.living--;
		}
		mutex_unlock(&exports.lock);
		if (!over)
			continue;
		const uint32_t atoms[] = { atom_index(e->module), atom_index(e->function) };
		atoms_drop(atoms, 2);
		if (burial == NULL)
			burial = mem_zalloc(MEM_CODE, sizeof(*burial));
		vec_push(&burial->numbers, e->number);
	}
	if (burial != NULL)
		epoch_retire(&burial->retired, burial_end);
}

void exports_hold(struct account *account, const uint32_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum hold got = hold(&exports.rows[numbers[i]], (struct names_holder){ .account = account }, false);
		assert(got == HELD); /* who asks holds it */
	}
}

void export_hold(struct names_holder holder, const struct export *export)
{
	enum hold got = hold(&exports.rows[export->number], holder, false);
	assert(got == HELD); /* what is there holds it */
}

struct release {
	struct numberset *set;
	VEC(uint32_t) numbers;
};

static void release_one(uint32_t number, void *arg)
{
	struct release *r = arg;
	if (numberset_remove(r->set, number))
		vec_push(&r->numbers, number);
}

static void release(struct account *account, struct numberset *set)
{
	struct release r = { .set = set };
	numberset_each(set, release_one, &r);
	exports_drop(r.numbers.items, r.numbers.count);
	account_give(account, COUNT_EXPORTS, (int64_t)r.numbers.count);
	vec_done(&r.numbers);
}

void exports_collect(struct account *account)
{
	struct numberset *set = set_of(account);
	assert(atomic_load_relaxed(&account->exports_before) == NULL);
	/* In this order: who does not find one in the first finds it in the second. */
	atomic_store_release(&account->exports_before, set);
	atomic_store_release(&account->exports, numberset_new(MEM_CODE, EXPORTS_MAX));
}

void exports_collected(struct account *account)
{
	struct numberset *before = atomic_load_acquire(&account->exports_before);
	if (before == NULL)
		return;
	release(account, before);
	atomic_store_release(&account->exports_before, NULL);
	numberset_retire(before);
}

void exports_release(struct account *account)
{
	struct numberset *set = atomic_load_acquire(&account->exports); /* Pairs with set_of(). */
	exports_collected(account);
	if (set == NULL)
		return;
	release(account, set);
	atomic_store_relaxed(&account->exports, NULL); /* nobody makes any more */
	(void)numberset_free(set);                     /* always NULL */
}

struct export *export_get(term module, term function, uint32_t arity)
{
	const struct names_holder holder = names_holder();
	struct export *e = epoch_is_inside() ? export_find(module, function, arity) : NULL;
	if (e != NULL && hold(e, holder, true) == HELD)
		return e;
	struct table *old = NULL;
	bool made = false;
	size_t slot;
	mutex_lock(&exports.lock);
	struct table *table = atomic_load_relaxed(&exports.table);
	e = find(table, module, function, arity, &slot);
	if (e == NULL) {
		e = add(table, module, function, arity, &old);
		made = e != NULL;
	}
	enum hold got = e != NULL ? hold(e, holder, true) : FULL;
	uint32_t number = e != NULL ? e->number : 0;
	mutex_unlock(&exports.lock);
	if (made)
		exports_drop(&number, 1); /* the first holder was this call */
	if (old != NULL)
		epoch_retire(&old->retired, table_retired);
	return got == HELD ? e : NULL;
}

struct export *export_of(uint32_t number)
{
	debug_assert(number < export_count());
	return &exports.rows[number];
}

uint32_t export_count(void)
{
	return atomic_load_acquire(&exports.count); /* Pairs with export_get(). */
}

void export_stubs_made(void)
{
	exports.stubs = export_count();
}

uint32_t export_stub_count(void)
{
	return exports.stubs;
}

void export_register_bif(struct bif *bif)
{
	struct export *e = export_get(atom_of_string(bif->module), atom_of_string(bif->function), bif->arity);
	assert(e != NULL && (e->bif == NULL || e->bif == bif));
	(void)holders_pin(&e->holders); /* it lives */
	e->bif = bif;
	bif->export = e;
}
