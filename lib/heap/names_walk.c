/* SPDX-License-Identifier: Apache-2.0 */
/* Walking over what an account refers to. See names_walk.h. */
#include "heap/names_walk.h"

#include "base/account.h"
#include "term/atom.h"
#include "term/fun.h"
#include "term/ident.h"

#define PAGE_WORDS 512
#define PAGE_SHIFT 12
#define PAGES_MIN 64

struct names_page {
	uintptr_t number; /* of the page, plus 1; 0: free */
	uint64_t seen[PAGE_WORDS / 64];
};

void names_walk_init(struct names_walk *walk, struct account *account)
{
	*walk = (struct names_walk){ .holder.account = account };
}

static void pages_grow(struct names_walk *walk)
{
	size_t before = walk->page_capacity;
	struct names_page *old = walk->pages;
	walk->page_capacity = before == 0 ? PAGES_MIN : before * 2;
	walk->pages = mem_zalloc(MEM_TEMP, walk->page_capacity * sizeof(*walk->pages));
	for (size_t i = 0; i < before; i++) {
		if (old[i].number == 0)
			continue;
		size_t k = (old[i].number * 0x9E3779B97F4A7C15U >> 20) & (walk->page_capacity - 1);
		while (walk->pages[k].number != 0)
			k = (k + 1) & (walk->page_capacity - 1);
		walk->pages[k] = old[i];
	}
	mem_free(MEM_TEMP, old, before * sizeof(*old));
}

static struct names_page *page_of(struct names_walk *walk, uintptr_t number)
{
	if (walk->page_count * 2 >= walk->page_capacity)
		pages_grow(walk);
	size_t k = (number * 0x9E3779B97F4A7C15U >> 20) & (walk->page_capacity - 1);
	while (walk->pages[k].number != 0 && walk->pages[k].number != number)
		k = (k + 1) & (walk->page_capacity - 1);
	if (walk->pages[k].number == 0) {
		walk->pages[k].number = number;
		walk->page_count++;
	}
	return &walk->pages[k];
}

bool names_walk_first(struct names_walk *walk, const void *address)
{
	uintptr_t number = ((uintptr_t)address >> PAGE_SHIFT) + 1;
	if (walk->last == NULL || walk->last->number != number)
		walk->last = page_of(walk, number);
	size_t word = ((uintptr_t)address & ((1U << PAGE_SHIFT) - 1)) / sizeof(term);
	uint64_t bit = (uint64_t)1 << (word % 64);
	bool first = (walk->last->seen[word / 64] & bit) == 0;
	walk->last->seen[word / 64] |= bit;
	return first;
}

static inline void look(struct names_walk *walk, term t)
{
	if (term_is_atom(t))
		atom_hold(walk->holder, t);
	else if (term_is_cons(t) || term_is_boxed(t))
		vec_push(&walk->todo, t);
}

static void look_into_box(struct names_walk *walk, term t)
{
	const term *p = boxed_ptr(t);
	enum boxed_kind kind = header_kind(p[0]);
	walk->words++;
	if (kind == BOXED_EXT_PID || kind == BOXED_EXT_PORT || kind == BOXED_EXT_REF) {
		atom_hold(walk->holder, p[1]); /* the node */
	} else if (kind == BOXED_EXPORT_FUN) {
		export_hold(walk->holder, export_fun(t));
	} else if (kind == BOXED_FUN) {
		const struct fun_entry *entry = fun_entry(t);
		if (names_walk_first(walk, entry))
			vec_push(&walk->funs, entry);
	}
	if ((p[0] & HEADER_RAW) != 0)
		return;
	size_t size = header_size(p[0]);
	walk->words += size;
	for (size_t i = 1; i <= size; i++)
		look(walk, p[i]);
}

static void walk_all(struct names_walk *walk)
{
	while (walk->todo.count > 0) {
		term t = vec_pop(&walk->todo);
		if (term_is_boxed(t)) {
			if (names_walk_first(walk, boxed_ptr(t)))
				look_into_box(walk, t);
			continue;
		}
		/* A list is gone along, not piled up. */
		while (term_is_cons(t) && names_walk_first(walk, cons_ptr(t))) {
			walk->words += 2;
			look(walk, cons_ptr(t)[0]);
			t = cons_ptr(t)[1];
		}
		if (!term_is_cons(t))
			look(walk, t);
	}
}

void names_walk_term(struct names_walk *walk, term t)
{
	look(walk, t);
	walk_all(walk);
}

void names_walk_terms(struct names_walk *walk, const term *terms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		look(walk, terms[i]);
	walk_all(walk);
}

void names_walk_heap(struct names_walk *walk, const struct gen_heap *g, const struct roots *roots)
{
	/* Continuations and catches on stacks are no values that anything is looked for in. */
	if (g->start != NULL)
		names_walk_terms(walk, g->heap.limit, (size_t)(g->end - g->heap.limit));
	else
		names_walk_terms(walk, g->old_end - g->packed_stack_words, g->packed_stack_words);
	for (unsigned i = 0; i < roots->count; i++)
		names_walk_terms(walk, roots->ranges[i].first, roots->ranges[i].count);
	for (size_t i = 0; i < roots->cell_count; i++)
		names_walk_term(walk, *roots->cells[i]);
}

void names_walk_owned(struct names_walk *walk, struct account *account)
{
	mutex_lock(&account->owned_lock);
	list_foreach(n, &account->owned)
		names_walk_term(walk, list_entry(n, struct owned_term, link)->value);
	mutex_unlock(&account->owned_lock);
}

void names_walk_done(struct names_walk *walk)
{
	vec_foreach (entry, &walk->funs)
		fun_hold(walk->holder, *entry);
	vec_done(&walk->funs);
	vec_done(&walk->modules);
	vec_done(&walk->todo);
	mem_free(MEM_TEMP, walk->pages, walk->page_capacity * sizeof(*walk->pages));
}
