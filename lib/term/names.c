/* SPDX-License-Identifier: Apache-2.0 */
/* Holders of atoms and exports. See term/names.h. */
#include "term/names.h"

#include "base/account.h"
#include "term/atom.h"
#include "term/export.h"

#include <stdlib.h>

static _Thread_local struct names_holder set_holder;

struct names_holder names_holder(void)
{
	if (likely(set_holder.account == NULL && set_holder.names == NULL))
		return (struct names_holder){ .account = account_current() };
	return set_holder;
}

struct names_holder names_set_holder(struct names_holder holder)
{
	struct names_holder before = set_holder;
	set_holder = holder;
	return before;
}

static const struct names_of_funs *funs; /* fixed after start */

void names_set_funs(const struct names_of_funs *functions)
{
	funs = functions;
}

void fun_hold(struct names_holder holder, const struct fun_entry *entry)
{
	if (funs != NULL)
		funs->hold(holder, entry);
}

void names_done(struct names *names)
{
	if (names->families.count > 0)
		funs->drop(names->families.items, names->families.count);
	vec_done(&names->families);
	exports_drop(names->exports.items, names->exports.count);
	atoms_drop(names->atoms.items, names->atoms.count);
	vec_done(&names->exports);
	vec_done(&names->atoms);
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* Sorts; what stands there more than once comes to lie at the end. Returns how many are left. */
static size_t unique(uint32_t *numbers, size_t count, uint32_t *surplus, size_t *ret_surplus)
{
	size_t kept = 0, more = 0;
	if (count > 1)
		qsort(numbers, count, sizeof(*numbers), compare_numbers);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && numbers[i] == numbers[kept - 1])
			surplus[more++] = numbers[i];
		else
			numbers[kept++] = numbers[i];
	}
	*ret_surplus = more;
	return kept;
}

void names_settle(struct names *names)
{
	size_t most = names->atoms.count > names->exports.count ? names->atoms.count : names->exports.count;
	size_t more;
	uint32_t *surplus = mem_alloc(MEM_TEMP, most * sizeof(*surplus));
	names->atoms.count = unique(names->atoms.items, names->atoms.count, surplus, &more);
	atoms_drop(surplus, more);
	names->exports.count = unique(names->exports.items, names->exports.count, surplus, &more);
	exports_drop(surplus, more);
	mem_free(MEM_TEMP, surplus, most * sizeof(*surplus));
}

void names_hold(const struct names *names, struct account *account)
{
	atoms_hold(account, names->atoms.items, names->atoms.count);
	exports_hold(account, names->exports.items, names->exports.count);
}

size_t names_atoms_missing(const struct names *names, struct account *account)
{
	return atoms_missing(account, names->atoms.items, names->atoms.count);
}

size_t names_missing_once(struct names *names, struct account *account)
{
	size_t kept = 0;
	if (names->atoms.count > 1)
		qsort(names->atoms.items, names->atoms.count, sizeof(uint32_t), compare_numbers);
	for (size_t i = 0; i < names->atoms.count; i++)
		if (kept == 0 || names->atoms.items[i] != names->atoms.items[kept - 1])
			names->atoms.items[kept++] = names->atoms.items[i];
	names->atoms.count = kept;
	return names_atoms_missing(names, account);
}

void names_collect(struct account *account)
{
	/* In this order: who comes to hold an export holds its atoms as well, and who comes to hold funs both; so what is held anew stands for
	 * what it needs. */
	atoms_collect(account);
	exports_collect(account);
	if (funs != NULL)
		funs->collect(account);
}

size_t names_collected(struct account *account)
{
	if (funs != NULL)
		funs->collected(account);
	exports_collected(account);
	size_t count = atoms_collected(account);
	atomic_store_relaxed(&account->atoms_freed, count);
	atomic_add_acq_rel(&account->names_rounds, 1); /* pairs with names_wait_for_room() */
	return count;
}

static void (*on_want)(struct account *account); /* fixed after start */

void names_on_want(void (*fn)(struct account *account))
{
	on_want = fn;
}

void names_want_collection(struct account *account)
{
	if (on_want != NULL)
		on_want(account);
}

static void retired(struct epoch_item *item)
{
	struct account *account = (struct account *)(void *)((char *)item - offsetof(struct account, retired));
	if (funs != NULL)
		funs->release(account);
	exports_release(account);
	atoms_release(account);
	(void)account_unref(account); /* always NULL */
}

void names_retire(struct account *account)
{
	epoch_retire(&account->retired, retired);
}
