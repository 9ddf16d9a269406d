/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of one process: two generations, packed when idle. See heap/heap.h for the picture.
 *
 *   young block  [start, mature) survived a collection, [mature, top) is new, [limit, end) is the stack
 *   old block    [old_start, old_top) values, then free words up to old_end; while a small process is parked the last
 *                packed_stack_words of it hold the stack
 *
 * A small process has values in its old block (the "packed" ones) and borrows a worker's nursery as its young block
 * while it runs; parked, start is NULL. A large one owns both blocks all the time. */
#pragma once
#include "heap/heap.h"
#include "heap/literal.h"

/* What lives besides the stack: arrays of terms, and single cells, updated in place. */
#define ROOT_RANGES 8

struct roots {
	struct {
		term *first;
		size_t count;
	} ranges[ROOT_RANGES];
	unsigned count;
	term **cells; /* cell_count pointers to terms, for roots that stand in no array; NULL: none */
	size_t cell_count;
};

/* The same as all zero, without touching the ranges. */
static inline void roots_init(struct roots *roots)
{
	roots->count = 0;
	roots->cells = NULL;
	roots->cell_count = 0;
}

static inline void roots_add(struct roots *roots, term *first, size_t count)
{
	debug_assert(roots->count < ROOT_RANGES);
	roots->ranges[roots->count].first = first;
	roots->ranges[roots->count++].count = count;
}

/* Spare blocks of 2^n times the smallest block: two of each of the lesser sizes, one of the others. */
#define BLOCK_CLASSES 7
#define BLOCK_PAIRS 4

/* A worker's block, lent to one small process at a time, and the blocks it keeps for collections.
 * A zeroed struct is a valid nursery. Owned by its thread. */
struct nursery {
	term *start;
	term *end;
	term *spare[BLOCK_CLASSES + BLOCK_PAIRS]; /* the second ones last */
	struct leftover *leftover; /* large blocks on their way back to the system */
};

void nursery_init(struct nursery *nursery);
void nursery_done(struct nursery *nursery);
/* Gives the spare blocks back to the system; before a long sleep. */
void nursery_trim(struct nursery *nursery);
bool nursery_has_spares(const struct nursery *nursery);
/* Large blocks go back to the system bit by bit: to unmap one of 64 MB takes 7 ms. Now and then, and before it sleeps, the worker gives a
 * part of them back. Returns whether there is more. */
bool nursery_give_back(struct nursery *nursery);

struct gen_heap {
	struct heap heap; /* first: BIFs see only this */
	term *start;      /* young block; NULL when packed and not running */
	term *end;        /* bottom of the stack lies here */
	term *mature;
	term *old_start;
	term *old_top;
	term *old_end;
	struct offheap old_offheap;  /* of the values in the old block; heap.offheap is of the others */
	struct nursery *nursery;     /* of the worker that runs it now; NULL when none does */
	uint32_t young_blocks;       /* size of the young block in smallest blocks; end may stand before its last word. 0: borrowed */
	uint32_t live_bin_kib;       /* off-heap KiB that survived the last major collection */
	uint32_t young_bin_kib;      /* the same of young values, after the last collection */
	uint32_t min_words;          /* min_heap_size */
	uint32_t min_bin_bytes_kib;  /* min_bin_vheap_size, in units of 1024 bytes */
	uint32_t minor_count;
	uint32_t major_count;
	uint16_t packed_stack_words;
	uint16_t packed_words;       /* values that the last full pack found alive */
	uint16_t fullsweep_after;
	uint16_t minor_since_full;
	bool borrowed;               /* the young block is a nursery */
	uint8_t young_class;         /* the next young block: 2^young_class times the smallest block, half of it in use */
	uint8_t packs;               /* times it was packed, saturating */
	uint8_t rested;              /* times it was packed though it is large */
	bool rests;                  /* it is to be, when it leaves the worker */
	bool tired;                  /* it stands on a worker's list of those */
};

#define HEAP_MIN_WORDS 233
#define HEAP_MIN_BIN_KIB 363
#define HEAP_FULLSWEEP_AFTER 65535

/* Nothing allocated yet: no block, no stack. Limits have OTP's defaults. */
void gen_init(struct gen_heap *g);
void gen_done(struct gen_heap *g);

/* Before a slice: gives the process a young block (the nursery when it is small) and its stack. */
void heap_enter(struct gen_heap *g, struct nursery *nursery);
/* After a slice: packs a small process. The roots are everything that lives besides the stack. */
void heap_leave(struct gen_heap *g, struct nursery *nursery, struct roots *roots);

/* A large process that nobody wants anything of is packed too, so that one which has done its work keeps no room to do it in. The next
 * slice undoes that, for the price of two copies; so only up to so many words, and only so many times in its life. */
#define HEAP_REST_MAX_WORDS ((size_t)1 << 15)
#define HEAP_REST_TIMES 8

static inline bool heap_may_rest(const struct gen_heap *g)
{
	return g->start != NULL && !g->borrowed && g->rested < HEAP_REST_TIMES;
}

/* Between heap_enter and heap_leave: the latter packs it if that may be. */
void heap_rest(struct gen_heap *g);

/* Builds where every request for words collects, so that a value held across one is found out; but not with a deep stack
 * or much memory, where that would take for ever. */
#ifdef BEAMR_COLLECT_ALWAYS
#define HEAP_COLLECT_ALWAYS true
#else
#define HEAP_COLLECT_ALWAYS false
#endif
#define HEAP_COLLECT_ALWAYS_MAX_WORDS 4096

/* Whether such a build collects at a request for words now, the stack pointer being limit. */
static inline bool heap_collects_always(const struct gen_heap *g, const term *limit)
{
	return HEAP_COLLECT_ALWAYS && (size_t)(g->end - limit) < HEAP_COLLECT_ALWAYS_MAX_WORDS &&
	       (size_t)(g->old_top - g->old_start) < HEAP_COLLECT_ALWAYS_MAX_WORDS;
}

/* Whether `need` words are there; when not, heap_collect. What the engine's test_heap and allocate ask. */
static inline bool heap_has_room(const struct gen_heap *g, size_t need)
{
	return !heap_collects_always(g, g->heap.limit) && (size_t)(g->heap.limit - g->heap.top) >= need;
}

/* Makes room for `need` more words between top and limit, and empties the fragments. Minor or major as the state asks.
 * Only the engine and code between slices may call this: it moves values. Between heap_enter and heap_leave. */
void heap_collect(struct gen_heap *g, size_t need, struct roots *roots);
/* The same, always of all generations (garbage_collect/0, hibernate). */
void heap_collect_major(struct gen_heap *g, size_t need, struct roots *roots);
/* Whether fragments or off-heap bytes have grown enough that a collection is due at the next chance. */
bool heap_wants_collect(const struct gen_heap *g);

/* Whether a value in the young block is new enough to be changed in place to refer to any other value. */
static inline bool heap_may_mutate(const struct gen_heap *g, const term *p)
{
	return p >= g->mature && p < g->heap.top;
}

/* Words in use and allocated, for process_info and limits. */
size_t gen_used_words(const struct gen_heap *g);
size_t gen_total_words(const struct gen_heap *g);
/* Bytes off heap that its values hold. */
static inline size_t gen_bin_bytes(const struct gen_heap *g)
{
	return g->heap.offheap.bytes + g->old_offheap.bytes;
}

/* Before a module's literals go: copies those in [start, start + words) that this process refers to into its own memory.
 * Between heap_enter and heap_leave. */
void heap_copy_out_literals(struct gen_heap *g, const term *start, size_t words, struct roots *roots);
/* Whether this process refers to something in [start, start + words). Also when it is parked. */
bool heap_refers_to(const struct gen_heap *g, const term *start, size_t words, const struct roots *roots);

/* Walks the whole memory and aborts on the first broken invariant (tests, debug builds). */
void heap_verify(const struct gen_heap *g, const struct roots *roots);
