/* SPDX-License-Identifier: Apache-2.0 */
/* Who keeps names alive: atoms (term/atom.h) and exports (term/export.h).
 *
 * A name is there as long as somebody holds it, and each holder holds it once:
 *   an account   what any term of its namespace may be: whatever its programs make, come upon, load or are sent. Until the namespace ends, or a
 *                collection of atoms finds that nothing in it refers to the name (proc/names.h)
 *   struct names what a module or a term in the host's hands refers to, until it is freed
 *   C            what C code names, for ever (pinned)
 * So no name has to be looked for when something is freed, and whatever goes from one holder's memory to another's goes through
 * heap_hold_names(), or atom_hold() and export_hold(). */
#pragma once
#include "base/atomic.h"
#include "base/vec.h"

#include <stdint.h>

struct account;
struct fun_entry;
struct fun_family; /* code/cache.c: funs of one file, and all that their code names */

struct names {
	VEC(uint32_t) atoms;
	VEC(uint32_t) exports;
	VEC(struct fun_family *) families;
	uint32_t fresh; /* atoms that had not been there */
};

/* For whom a thread makes names; both NULL: they are C's own. */
struct names_holder {
	struct account *account;
	struct names *names;
};

/* Holds no more. */
void names_done(struct names *names);
/* Each name once, in order; gives back surplus memory. */
void names_settle(struct names *names);
/* The account holds them all as well. */
void names_hold(const struct names *names, struct account *account);
/* How many of the atoms the account would come to hold. */
size_t names_atoms_missing(const struct names *names, struct account *account);
/* The same of a list in which atoms may stand more than once, which is sorted by it. */
size_t names_missing_once(struct names *names, struct account *account);
/* The end of a namespace, which nobody finds any more: once every thread has moved on, nothing of it is left but what others hold. Gives up
 * the caller's hold of the account. */
void names_retire(struct account *account);

/* A collection of names, of one account at a time (proc/names.h knows how to find everything):
 *   1 names_collect(): the account holds nothing more, what it held is set aside, still held
 *   2 whatever it is found to refer to, or comes upon meanwhile, is held again (atom_hold() and the like): it goes over from there
 *   3 names_collected(): what was not found is given up. Returns how many atoms.
 * Invariant: what is to be found in 2 was put where it is found, by whoever held it before 1, in the same epoch; so threads make names for
 * accounts inside of an epoch only, and one epoch passes between 1 and 2. */
void names_collect(struct account *account);
size_t names_collected(struct account *account);

/* What is called, perhaps often, when an account should have its atoms collected: it has made many, or as many as it may have. Set once
 * at start. */
void names_on_want(void (*fn)(struct account *account));
void names_want_collection(struct account *account);

/* A fun that is there: what it may show, and its entry, are held by that one, too. */
void fun_hold(struct names_holder holder, const struct fun_entry *entry);

/* What the room `code` does for funs; set once at start. */
struct names_of_funs {
	void (*hold)(struct names_holder holder, const struct fun_entry *entry);
	void (*drop)(struct fun_family *const *families, size_t count);
	void (*release)(struct account *account);
	void (*collect)(struct account *account);
	void (*collected)(struct account *account);
};

void names_set_funs(const struct names_of_funs *funs);

/* For whom the calling thread makes names: usually the account that it works for. */
struct names_holder names_holder(void);
/* Another until it is set back; both NULL: that account again. Returns what was set. */
struct names_holder names_set_holder(struct names_holder holder);

/* How many hold one thing; with HOLDERS_PINNED, it does not matter. 0 is the end: nobody gets hold of it any more. */
#define HOLDERS_PINNED ((uint32_t)1 << 31)

/* False: it is over. */
static inline bool holders_take(_Atomic uint32_t *holders)
{
	uint32_t n = atomic_load_acquire(holders);
	do {
		if (n == 0 || (n & HOLDERS_PINNED) != 0)
			return n != 0;
	} while (!atomic_cas_acq_rel(holders, &n, n + 1));
	return true;
}

/* False: the caller is the last one, and has to see to the end, under the lock of the table that finds the thing. */
static inline bool holders_drop(_Atomic uint32_t *holders)
{
	uint32_t n = atomic_load_acquire(holders);
	do {
		if ((n & HOLDERS_PINNED) != 0)
			return true;
		if (n == 1)
			return false;
	} while (!atomic_cas_acq_rel(holders, &n, n - 1));
	return true;
}

/* Under that lock, after holders_drop() said false. True: it is over. */
static inline bool holders_end(_Atomic uint32_t *holders)
{
	uint32_t n = atomic_load_acquire(holders);
	do {
		if ((n & HOLDERS_PINNED) != 0)
			return false;
	} while (!atomic_cas_acq_rel(holders, &n, n - 1));
	return n == 1;
}

/* False: it is over. */
static inline bool holders_pin(_Atomic uint32_t *holders)
{
	uint32_t n = atomic_load_acquire(holders);
	do {
		if (n == 0 || (n & HOLDERS_PINNED) != 0)
			return n != 0;
	} while (!atomic_cas_acq_rel(holders, &n, n | HOLDERS_PINNED));
	return true;
}
