/* SPDX-License-Identifier: Apache-2.0 */
/* The process dictionary: pairs in one row that the collector walks, and above FEW of them a hash of their places.
 * Invariant: pairs[0 .. 2 * count) are values; index, when there, holds the number of every pair. */
#include "proc/dict.h"

#include "term/atom.h"
#include "term/compare.h"

#define FEW 8U

#define NOT_THERE UINT32_MAX

static inline uint32_t hash_of(term key)
{
	return (uint32_t)term_hash(key, 0);
}

/* The place in the index that names pair i, whose key is there. */
static uint32_t place_of(const struct dict *d, uint32_t i)
{
	uint32_t mask = d->index_capacity - 1, at = hash_of(d->pairs[2 * (size_t)i]) & mask;
	while (d->index[at] != i + 1)
		at = (at + 1) & mask;
	return at;
}

static uint32_t find(const struct dict *d, term key)
{
	if (d->index == NULL) {
		for (uint32_t i = 0; i < d->count; i++)
			if (term_equal(d->pairs[2 * (size_t)i], key))
				return i;
		return NOT_THERE;
	}
	uint32_t mask = d->index_capacity - 1;
	for (uint32_t at = hash_of(key) & mask; d->index[at] != 0; at = (at + 1) & mask)
		if (term_equal(d->pairs[2 * (size_t)(d->index[at] - 1)], key))
			return d->index[at] - 1;
	return NOT_THERE;
}

static void index_add(struct dict *d, uint32_t i)
{
	uint32_t mask = d->index_capacity - 1, at = hash_of(d->pairs[2 * (size_t)i]) & mask;
	while (d->index[at] != 0)
		at = (at + 1) & mask;
	d->index[at] = i + 1;
}

static void index_free(struct dict *d)
{
	mem_free(MEM_PROC, d->index, d->index_capacity * sizeof(uint32_t));
	d->index = NULL;
	d->index_capacity = 0;
}

static void index_make(struct dict *d)
{
	index_free(d);
	d->index_capacity = d->capacity * 2;
	d->index = mem_zalloc(MEM_PROC, d->index_capacity * sizeof(uint32_t));
	for (uint32_t i = 0; i < d->count; i++)
		index_add(d, i);
}

static void index_remove(struct dict *d, uint32_t at)
{
	uint32_t mask = d->index_capacity - 1, hole = at;
	for (uint32_t i = (hole + 1) & mask; d->index[i] != 0; i = (i + 1) & mask) {
		uint32_t home = hash_of(d->pairs[2 * (size_t)(d->index[i] - 1)]) & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			d->index[hole] = d->index[i];
			hole = i;
		}
	}
	d->index[hole] = 0;
}

term dict_get(const struct proc *p, term key)
{
	const struct dict *d = p->dict;
	if (d == NULL)
		return TERM_NONE;
	uint32_t i = find(d, key);
	return i == NOT_THERE ? TERM_NONE : d->pairs[2 * (size_t)i + 1];
}

#define SAID_ATOM_BITS 28 /* of a module and of a function; the arity has the rest */

/* '$initial_call' is what proc_lib really started, where the process only knows proc_lib's own function: it is told to whoever lists
 * processes, who cannot look into dictionaries. Anything but {Module, Function, Arity} says nothing. */
static void say_call(struct proc *p, term mfa)
{
	uint64_t said = 0;
	if (mfa != TERM_NONE && term_is_tuple_of(mfa, 3) && term_is_atom(tuple_element(mfa, 0)) &&
		term_is_atom(tuple_element(mfa, 1)) && term_is_small(tuple_element(mfa, 2))) {
		uint64_t module = atom_index(tuple_element(mfa, 0)), function = atom_index(tuple_element(mfa, 1));
		int64_t arity = small_value(tuple_element(mfa, 2));
		if ((module | function) >> SAID_ATOM_BITS == 0 && arity >= 0 && arity <= 255)
			said = (uint64_t)arity << 2 * SAID_ATOM_BITS | function << SAID_ATOM_BITS | module;
	}
	atomic_store_relaxed(&p->said_call, said);
}

bool dict_said_call(uint64_t said, term *ret_module, term *ret_function, unsigned *ret_arity)
{
	uint32_t mask = (1U << SAID_ATOM_BITS) - 1;
	*ret_module = said != 0 ? term_of_atom_index((uint32_t)said & mask) : TERM_NONE;
	*ret_function = said != 0 ? term_of_atom_index((uint32_t)(said >> SAID_ATOM_BITS) & mask) : TERM_NONE;
	*ret_arity = (unsigned)(said >> 2 * SAID_ATOM_BITS);
	return said != 0;
}

term dict_put(struct proc *p, term key, term value)
{
	if (unlikely(key == A(initial_call_key)))
		say_call(p, value);
	struct dict *d = p->dict;
	if (d == NULL)
		d = p->dict = mem_zalloc(MEM_PROC, sizeof(*d));
	uint32_t i = find(d, key);
	if (i != NOT_THERE) {
		term old = d->pairs[2 * (size_t)i + 1];
		d->pairs[2 * (size_t)i + 1] = value;
		return old;
	}
	if (d->count == d->capacity) {
		uint32_t capacity = d->capacity == 0 ? 4 : d->capacity * 2;
		assert(capacity > d->capacity);
		d->pairs = mem_realloc(MEM_PROC, d->pairs, d->capacity * 2 * sizeof(term), (size_t)capacity * 2 * sizeof(term));
		d->capacity = capacity;
		proc_memory_changed(p);
		if (capacity > FEW)
			index_make(d);
	}
	d->pairs[2 * (size_t)d->count] = key;
	d->pairs[2 * (size_t)d->count + 1] = value;
	if (d->index != NULL)
		index_add(d, d->count);
	d->count++;
	return TERM_NONE;
}

term dict_erase(struct proc *p, term key)
{
	if (unlikely(key == A(initial_call_key)))
		say_call(p, TERM_NONE);
	struct dict *d = p->dict;
	uint32_t i = d != NULL ? find(d, key) : NOT_THERE;
	if (i == NOT_THERE)
		return TERM_NONE;
	term old = d->pairs[2 * (size_t)i + 1];
	uint32_t last = d->count - 1;
	if (d->index != NULL) {
		uint32_t last_at = last != i ? place_of(d, last) : 0;
		if (last != i) {
			/* The last pair takes its place: exchange their numbers, then the last number goes. */
			uint32_t at = place_of(d, i);
			d->index[at] = last + 1;
			d->index[last_at] = i + 1;
			term key_i = d->pairs[2 * (size_t)i];
			d->pairs[2 * (size_t)i] = d->pairs[2 * (size_t)last];
			d->pairs[2 * (size_t)i + 1] = d->pairs[2 * (size_t)last + 1];
			d->pairs[2 * (size_t)last] = key_i;
			index_remove(d, at);
		} else {
			index_remove(d, place_of(d, i));
		}
	} else if (last != i) {
		d->pairs[2 * (size_t)i] = d->pairs[2 * (size_t)last];
		d->pairs[2 * (size_t)i + 1] = d->pairs[2 * (size_t)last + 1];
	}
	if (--d->count == 0)
		dict_erase_all(p);
	return old;
}

void dict_erase_all(struct proc *p)
{
	struct dict *d = p->dict;
	say_call(p, TERM_NONE);
	if (d == NULL)
		return;
	index_free(d);
	mem_free(MEM_PROC, d->pairs, d->capacity * 2 * sizeof(term));
	mem_free(MEM_PROC, d, sizeof(*d));
	p->dict = NULL;
	proc_memory_changed(p);
}
