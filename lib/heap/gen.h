/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of one process: two generations, packed when idle. See heap/heap.h for the picture. */
#pragma once
#include "heap/heap.h"

/* What the owner holds besides its stack: up to ROOT_RANGES arrays of terms, updated in place. */
#define ROOT_RANGES 8

struct roots {
	struct {
		term *first;
		size_t count;
	} ranges[ROOT_RANGES];
	unsigned count;
};

static inline void roots_add(struct roots *roots, term *first, size_t count)
{
	debug_assert(roots->count < ROOT_RANGES);
	roots->ranges[roots->count].first = first;
	roots->ranges[roots->count++].count = count;
}

/* A worker's block, lent to one small process at a time. */
struct nursery {
	term *start;
	term *end;
};

struct gen_heap {
	struct heap heap; /* first: BIFs see only this */
	term *start;      /* young block; NULL when packed and not running */
	term *end;        /* bottom of the stack lies here */
	term *mature;     /* [start, mature) survived one collection (large) */
	term *old_start;
	term *old_top;
	term *old_end;
	term *packed;     /* small: the block of exactly packed_words; its stack part is copied out by heap_enter */
	uint32_t packed_words;
	uint32_t packed_stack_words; /* the last words of it */
	uint32_t min_words;          /* min_heap_size */
	uint32_t min_bin_bytes_kib;  /* min_bin_vheap_size, in units of 1024 bytes */
	uint16_t fullsweep_after;
	uint16_t minor_since_full;
	uint32_t minor_count;
	uint32_t major_count;
	bool borrowed;               /* the young block is a nursery */
	size_t live_bin_bytes;       /* off-heap bytes that survived the last major collection */
};

/* Nothing allocated yet: no block, no stack. */
void gen_init(struct gen_heap *g);
void gen_done(struct gen_heap *g);

/* Before a slice: gives the process a young block (the nursery when it is small) and its stack. */
void heap_enter(struct gen_heap *g, struct nursery *nursery);
/* After a slice: packs, or gives the nursery's block away and puts a fresh one into *nursery. The roots are
 * everything that lives besides the stack. */
void heap_leave(struct gen_heap *g, struct nursery *nursery, struct roots *roots);

/* Makes room for `need` more words between top and limit, and empties the fragments. Minor or major as the state asks.
 * Only the engine and code between slices may call this: it moves values. */
void heap_collect(struct gen_heap *g, size_t need, struct roots *roots);
/* The same, always of all generations (garbage_collect/0, hibernate). */
void heap_collect_major(struct gen_heap *g, size_t need, struct roots *roots);
/* Whether fragments or off-heap bytes have grown enough that a collection is due at the next chance. */
bool heap_wants_collect(const struct gen_heap *g);

/* Words in use and allocated, for process_info and limits. */
size_t gen_used_words(const struct gen_heap *g);
size_t gen_total_words(const struct gen_heap *g);

/* Literal areas: values that modules and others own for long; the collector and copies pass over them.
 * A literal area is registered while it lives. Reading is lock-free. */
void literal_area_add(const term *start, size_t words);
void literal_area_remove(const term *start);
bool term_is_literal(term t);
/* Before a module's literals go: copies those in [start, start + words) that this process refers to into its own memory. */
void heap_copy_out_literals(struct gen_heap *g, const term *start, size_t words, struct roots *roots);

/* Walks the whole memory and aborts on the first broken invariant (tests, debug builds). */
void heap_verify(const struct gen_heap *g, const struct roots *roots);
