/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of words for generations: exact and from the allocator when small, powers of two and mapped when middling,
 * page-rounded when huge. A worker keeps one spare of each middling size, and huge ones that it has not yet given back. */
#pragma once
#include "heap/gen.h"

#define BLOCK_MIN_WORDS ((size_t)16384)            /* 128 KiB: class 0 */
#define BLOCK_EXACT_MAX_WORDS (BLOCK_MIN_WORDS / 4) /* below: from the allocator, to the word */
#define NURSERY_WORDS (BLOCK_MIN_WORDS / 2)        /* used of a nursery's block: what stays in the nearest cache */
#define SMALL_MAX_WORDS ((size_t)2048)             /* values and stack of a process that is packed */

/* What a block for that many words will hold. */
size_t block_capacity(size_t words);
/* words must be a capacity. nursery may be NULL. */
term *block_alloc(struct nursery *nursery, size_t words);
void block_free(struct nursery *nursery, term *block, size_t words);
/* Shrinks in place; both are capacities, and the new one is no exact one. */
void block_trim(term *block, size_t words, size_t new_words);

static inline size_t block_class_words(unsigned class)
{
	return BLOCK_MIN_WORDS << class;
}

/* A young block's words; all such blocks are multiples of the smallest. */
static inline size_t young_words_of(const struct gen_heap *g)
{
	return g->young_blocks * BLOCK_MIN_WORDS;
}

_Static_assert(SMALL_MAX_WORDS <= UINT16_MAX && HEAP_REST_MAX_WORDS <= UINT16_MAX, "what is packed is counted in 16 bits");

/* The smallest class that holds words; BLOCK_CLASSES when none does. */
unsigned block_class(size_t words);
