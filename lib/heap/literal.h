/* SPDX-License-Identifier: Apache-2.0 */
/* Literals: values that modules and others own for long; the collector and copies pass over them.
 *
 * All of them lie in one region of reserved address space, so that the test is one comparison. Threads: any. */
#pragma once
#include "term/term.h"

struct literal_region {
	uintptr_t start;
	size_t bytes; /* 0 until the first literal_alloc: then nothing is a literal */
	size_t lasting_bytes; /* from start: never freed */
};

/* Fixed by the first literal_alloc. */
extern struct literal_region literal_region;

/* words of memory for literal values, uninitialised, 8-aligned; NULL when the region is full. Visible to other threads
 * once whatever refers to it is published. What off-heap values in it hold is released by its owner (offheap_release). */
term *literal_alloc(size_t words);
/* area may be NULL; words as allocated. Nobody may refer to it any more (heap_copy_out_literals). */
void literal_free(term *area, size_t words);
/* Words handed out now. */
size_t literal_used_words(void);

/* What was allocated so far lives as long as the machine; at start, for values known by identity (#{}). */
void literal_keep_all(void);

static inline bool literal_is_lasting(term t)
{
	return (uintptr_t)t - literal_region.start < literal_region.lasting_bytes;
}

static inline bool pointer_is_literal(const term *p)
{
	return (uintptr_t)p - literal_region.start < literal_region.bytes;
}

/* For cons and boxed values; an immediate's answer means nothing. */
static inline bool term_is_literal(term t)
{
	return (uintptr_t)t - literal_region.start < literal_region.bytes;
}
