/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of numbers. See base/numberset.h. */
#include "base/numberset.h"

#include "base/check.h"

static size_t set_bytes(uint32_t pages)
{
	return sizeof(struct numberset) + pages * sizeof(_Atomic(struct numberset_page *));
}

struct numberset *numberset_new(enum mem_class class, uint32_t limit)
{
	uint32_t pages = (limit + NUMBERSET_PAGE_BITS - 1) / NUMBERSET_PAGE_BITS;
	struct numberset *set = mem_zalloc(class, set_bytes(pages));
	set->class = class;
	set->page_count = pages;
	return set;
}

struct numberset *numberset_free(struct numberset *set)
{
	if (set == NULL)
		return NULL;
	for (uint32_t i = 0; i < set->page_count; i++)
		mem_free(set->class, atomic_load_relaxed(&set->pages[i]), sizeof(struct numberset_page));
	mem_free(set->class, set, set_bytes(set->page_count));
	return NULL;
}

static void retired(struct epoch_item *item)
{
	(void)numberset_free((struct numberset *)(void *)item); /* first member; always NULL */
}

void numberset_retire(struct numberset *set)
{
	epoch_retire(&set->retired, retired);
}

static struct numberset_page *page_of(struct numberset *set, uint32_t number)
{
	assert(number / NUMBERSET_PAGE_BITS < set->page_count);
	_Atomic(struct numberset_page *) *slot = &set->pages[number / NUMBERSET_PAGE_BITS];
	struct numberset_page *page = atomic_load_acquire(slot); /* Pairs with the exchange below. */
	if (page != NULL)
		return page;
	/* Whoever comes first installs it; the others throw theirs away. */
	struct numberset_page *fresh = mem_zalloc(set->class, sizeof(*fresh));
	if (atomic_cas_acq_rel(slot, &page, fresh))
		return fresh;
	mem_free(set->class, fresh, sizeof(*fresh));
	return page;
}

bool numberset_add(struct numberset *set, uint32_t number)
{
	uint32_t bit = number % NUMBERSET_PAGE_BITS;
	uint64_t mask = (uint64_t)1 << (bit % 64);
	/* Pairs with numberset_has(): what came before the number was added is seen by who finds it. */
	return (atomic_or_acq_rel(&page_of(set, number)->words[bit / 64], mask) & mask) == 0;
}

bool numberset_remove(struct numberset *set, uint32_t number)
{
	uint32_t bit = number % NUMBERSET_PAGE_BITS;
	uint64_t mask = (uint64_t)1 << (bit % 64);
	return (atomic_and_acq_rel(&page_of(set, number)->words[bit / 64], ~mask) & mask) != 0;
}

void numberset_each(struct numberset *set, void (*fn)(uint32_t number, void *arg), void *arg)
{
	for (uint32_t i = 0; i < set->page_count; i++) {
		const struct numberset_page *page = atomic_load_acquire(&set->pages[i]);
		for (uint32_t k = 0; page != NULL && k < NUMBERSET_PAGE_WORDS; k++) {
			uint64_t word = atomic_load_acquire(&page->words[k]);
			for (; word != 0; word &= word - 1)
				fn(i * NUMBERSET_PAGE_BITS + k * 64 + (uint32_t)__builtin_ctzll(word), arg);
		}
	}
}
