/* SPDX-License-Identifier: Apache-2.0 */
/* The export table: rows in one reserved array by number, and an open-addressed hash from M:F/A to number.
 *
 * Invariant: a row is complete before its number is stored (release) in a slot; slots only go from 0 to a number. A
 * full table is replaced by a larger copy; the old one stays readable until export_done(), for readers that hold it. */
#include "term/export.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "term/atom.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

struct table {
	struct table *replaced; /* the smaller one before it */
	size_t capacity;        /* slots, a power of two */
	_Atomic uint32_t slots[]; /* number + 1; 0: free */
};

static struct {
	struct mutex lock;
	struct export *rows;           /* EXPORTS_MAX of them, touched as used */
	_Atomic uint32_t count;
	uint32_t stubs; /* fixed after start */
	_Atomic(struct table *) table;
} exports;

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
	struct table *table = mem_zalloc(MEM_CODE, table_bytes(4096));
	table->capacity = 4096;
	atomic_store_release(&exports.table, table); /* Pairs with find(). */
}

void export_done(void)
{
	if (exports.rows == NULL)
		return;
	for (struct table *t = atomic_load_relaxed(&exports.table), *next; t != NULL; t = next) {
		next = t->replaced;
		mem_free(MEM_CODE, t, table_bytes(t->capacity));
	}
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
		struct export *e = &exports.rows[number - 1];
		if (e->function == function && e->module == module && e->arity == arity)
			return e;
	}
}

struct export *export_find(term module, term function, uint32_t arity)
{
	size_t slot;
	return find(atomic_load_acquire(&exports.table), module, function, arity, &slot); /* Pairs with grow(). */
}

static struct table *grow(struct table *table) REQUIRES(exports.lock)
{
	struct table *larger = mem_zalloc(MEM_CODE, table_bytes(table->capacity * 2));
	larger->capacity = table->capacity * 2;
	larger->replaced = table;
	for (uint32_t n = 0; n < atomic_load_relaxed(&exports.count); n++) {
		const struct export *e = &exports.rows[n];
		size_t slot;
		(void)find(larger, e->module, e->function, e->arity, &slot); /* it is not there yet */
		atomic_store_relaxed(&larger->slots[slot], n + 1); /* published with the table */
	}
	atomic_store_release(&exports.table, larger); /* Pairs with export_find(). */
	return larger;
}

struct export *export_get(term module, term function, uint32_t arity)
{
	struct export *e = export_find(module, function, arity);
	if (e != NULL)
		return e;
	mutex_lock(&exports.lock);
	struct table *table = atomic_load_relaxed(&exports.table);
	size_t slot;
	e = find(table, module, function, arity, &slot);
	uint32_t count = atomic_load_relaxed(&exports.count);
	if (e == NULL && count < EXPORTS_MAX) {
		if ((count + 1) * 2UL > table->capacity) {
			table = grow(table);
			(void)find(table, module, function, arity, &slot); /* only for the slot */
		}
		atom_share(module); /* it stays */
		atom_share(function);
		e = &exports.rows[count];
		*e = (struct export){ .module = module, .function = function, .arity = arity, .number = count };
		atomic_store_release(&exports.count, count + 1); /* Pairs with export_count(). */
		atomic_store_release(&table->slots[slot], count + 1); /* Pairs with find(). */
	}
	mutex_unlock(&exports.lock);
	return e;
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
	e->bif = bif;
	bif->export = e;
}
