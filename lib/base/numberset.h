/* SPDX-License-Identifier: Apache-2.0 */
/* A set of small numbers as bits, in pages that are made when a number of theirs first comes. Reading takes no lock; numbers come and
 * go from any thread; pages stay until numberset_free(). */
#pragma once
#include "base/alloc.h"
#include "base/atomic.h"
#include "base/epoch.h"

#include <stdint.h>

#define NUMBERSET_PAGE_WORDS 128U
#define NUMBERSET_PAGE_BITS (NUMBERSET_PAGE_WORDS * 64U)

struct numberset_page {
	_Atomic uint64_t words[NUMBERSET_PAGE_WORDS];
};

struct numberset {
	struct epoch_item retired; /* first */
	enum mem_class class;
	uint32_t page_count;
	_Atomic(struct numberset_page *) pages[];
};

/* For numbers below limit. */
struct numberset *numberset_new(enum mem_class class, uint32_t limit);
/* Returns NULL. */
struct numberset *numberset_free(struct numberset *set);
/* The same once every thread has moved on that may have found it. */
void numberset_retire(struct numberset *set);
/* False: it was there. */
bool numberset_add(struct numberset *set, uint32_t number);
/* False: it was not there. */
bool numberset_remove(struct numberset *set, uint32_t number);
/* Those that are there all along the walk, ascending; fn may remove the one it is given. */
void numberset_each(struct numberset *set, void (*fn)(uint32_t number, void *arg), void *arg);

static inline bool numberset_has(const struct numberset *set, uint32_t number)
{
	/* Pairs with numberset_add(). */
	const struct numberset_page *page = atomic_load_acquire(&set->pages[number / NUMBERSET_PAGE_BITS]);
	uint32_t bit = number % NUMBERSET_PAGE_BITS;
	return page != NULL && (atomic_load_acquire(&page->words[bit / 64]) >> (bit % 64) & 1) != 0;
}
