/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over all that an account refers to, so that it holds the names of it (term/names.h): each value is looked at once, however often it
 * is referred to, and its sharing is no burden. It reads only: whoever walks sees to it that nobody writes what is walked.
 *
 * Values on heaps, in fragments and literals are looked into as they are come upon; there is nothing that a holder of terms has to say but
 * where its terms are. Funs are held when the walk ends, since that takes a lock.
 * Threads: any, inside of an epoch. */
#pragma once
#include "base/vec.h"
#include "heap/gen.h"
#include "term/names.h"

struct names_page;
struct fun_entry;
struct module_code;

struct names_walk {
	struct names_holder holder;
	/* What was looked at: a bit for each word, in pages of the address space. */
	struct names_page *pages;
	size_t page_count, page_capacity; /* the latter a power of two, or 0 */
	struct names_page *last;
	VEC(term) todo;
	VEC(const struct fun_entry *) funs;
	VEC(struct module_code *) modules; /* whose names are to be held as well; whoever adds them sees to it */
	size_t words; /* looked at */
};

void names_walk_init(struct names_walk *walk, struct account *account);
void names_walk_done(struct names_walk *walk);

/* Whether that address is come upon for the first time. */
bool names_walk_first(struct names_walk *walk, const void *address);
/* Looks at a value and all that it refers to. TERM_NONE and 0 are none. */
void names_walk_term(struct names_walk *walk, term t);
void names_walk_terms(struct names_walk *walk, const term *terms, size_t count);
/* What a process that does not run has on its stack, and its roots. */
void names_walk_heap(struct names_walk *walk, const struct gen_heap *g, const struct roots *roots);
/* What C keeps for the account outside of heaps: all of its owned terms. */
void names_walk_owned(struct names_walk *walk, struct account *account);
