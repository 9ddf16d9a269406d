/* SPDX-License-Identifier: Apache-2.0 */
/* Collections in parts. See heap/gradual.h.
 *
 * Invariant: between parts every value stands either where it was, its first word a forwarding one if it was moved, or in the
 * destination, behind `scan` with words that are final, before it with words that are still to be told. */
#include "heap/gradual.h"

#include "base/clock.h"
#include "heap/block.h"
#include "heap/collect_impl.h"
#include "heap/offheap.h"

#ifdef BEAMR_COLLECT_ALWAYS
#define LONG_WORDS (4 * (size_t)HEAP_COLLECT_ALWAYS_MAX_WORDS)
#define PART_WORDS 128
#else
#define LONG_WORDS ((size_t)1 << 16) /* some tenths of a millisecond when all of it is alive */
#define PART_WORDS 4096              /* between two looks at the clock: some microseconds */
#endif
#define PART_OBJECTS 256                   /* the same */
#define PART_FREED_WORDS ((size_t)1 << 17) /* the same */

enum phase {
	PHASE_STACK,
	PHASE_ROOTS,
	PHASE_SCAN,
	PHASE_OFFHEAP,
	PHASE_FRAGMENTS,
	PHASE_END,
	PHASE_DONE
};

struct heap_collection {
	struct destination d;
	struct roots roots;
	enum phase phase;
	bool major;
	unsigned range; /* of the roots */
	size_t at;      /* words seen of the stack, or of that range */
	term *scan;
	term *scan_old;
	term *lists[2]; /* off-heap objects not seen to, of the young and of the old ones */
};

bool heap_collection_is_long(const struct gen_heap *g, bool major)
{
	size_t words = (size_t)(g->heap.top - g->start) + g->heap.fragment_words +
		       (size_t)(g->end - g->heap.limit);
	if (major || collects_major(g))
		words += (size_t)(g->old_top - g->old_start);
	return unlikely(words > LONG_WORDS);
}

struct heap_collection *heap_collection_begin(
	struct gen_heap *g, size_t need, bool major, const struct roots *roots)
{
	assert(g->start != NULL);
	struct heap_collection *c = mem_zalloc(MEM_HEAP, sizeof(*c));
	if (g->borrowed)
		young_adopt(g);
	c->major = major || collects_major(g) || !minor_begin(g, need, &c->d);
	if (c->major)
		major_begin(g, need, 0, &c->d);
	c->roots = *roots;
	c->scan = c->d.e.top;
	c->scan_old = c->d.e.old_top;
	return c;
}

/* Where a part began to move to; there may be no old generation. */
struct bound {
	uintptr_t top, old_top;
};

static inline bool is_part(const term *p, uintptr_t since)
{
	return (uintptr_t)p - since >= PART_WORDS * sizeof(term);
}

static inline struct bound bound_of(const struct evacuation *e)
{
	return (struct bound){ (uintptr_t)e->top, (uintptr_t)e->old_top };
}

/* Whether it has moved as much as a part may. */
static inline bool bound_met(const struct bound *b, const struct evacuation *e)
{
	return is_part(e->top, b->top) || is_part(e->old_top, b->old_top);
}

/* Words of [first, first + count) from c->at on. True: all of them were seen. */
EVACUATE_INLINE bool words_part(struct heap_collection *c, term *first, size_t count, bool aged)
{
	struct evacuation e = c->d.e;
	const struct bound bound = bound_of(&e);
	const size_t end = count - c->at < PART_WORDS ? count : c->at + PART_WORDS;
	size_t at = c->at;
	while (at < end && !bound_met(&bound, &e))
		evacuate_word(&e, first + at++, aged, true, SPINES_BOUNDED);
	c->d.e = e;
	c->at = at;
	return at == count;
}

EVACUATE_INLINE bool roots_part(struct heap_collection *c, bool aged)
{
	if (c->range < c->roots.count) {
		if (words_part(c, c->roots.ranges[c->range].first, c->roots.ranges[c->range].count,
			    aged)) {
			c->range++;
			c->at = 0;
		}
		return false;
	}
	for (size_t i = 0; i < c->roots.cell_count; i++)
		evacuate_words(&c->d.e, c->roots.cells[i], 1, aged, true);
	return true;
}

EVACUATE_INLINE bool scan_part(struct heap_collection *c, bool aged)
{
	struct evacuation e = c->d.e;
	const struct bound bound = bound_of(&e);
	term *scan = c->scan, *scan_old = c->scan_old;
	const uintptr_t began = (uintptr_t)scan, began_old = (uintptr_t)scan_old;
	while (scan < e.top && !is_part(scan, began) && !bound_met(&bound, &e))
		scan = evacuate_step(&e, scan, aged, true, SPINES_BOUNDED);
	if (aged)
		while (scan_old < e.old_top && !is_part(scan_old, began_old) && !bound_met(&bound, &e))
			scan_old = evacuate_step(&e, scan_old, aged, true, SPINES_BOUNDED);
	c->d.e = e;
	c->scan = scan;
	c->scan_old = scan_old;
	return scan == e.top && (!aged || scan_old == e.old_top);
}

static bool move_part(struct heap_collection *c, struct gen_heap *g)
{
	term *stack = g->heap.limit;
	const size_t stack_words = (size_t)(g->end - stack);
	switch (c->phase) {
	case PHASE_STACK:
		if (c->major ? words_part(c, stack, stack_words, false)
			     : words_part(c, stack, stack_words, true)) {
			c->at = 0;
			c->phase = PHASE_ROOTS;
		}
		return false;
	case PHASE_ROOTS:
		if (c->major ? roots_part(c, false) : roots_part(c, true))
			c->phase = PHASE_SCAN;
		return false;
	case PHASE_SCAN:
		return c->major ? scan_part(c, false) : scan_part(c, true);
	case PHASE_OFFHEAP:
	case PHASE_FRAGMENTS:
	case PHASE_END:
	case PHASE_DONE:
		break;
	}
	assert(false);
	return false;
}

/* Values have been moved: what their list holds is looked through next. */
static void offheap_begin(struct heap_collection *c, struct gen_heap *g)
{
	c->lists[0] = g->heap.offheap.first;
	g->heap.offheap = (struct offheap){ 0 };
	if (c->major) {
		c->lists[1] = g->old_offheap.first;
		g->old_offheap = (struct offheap){ 0 };
	}
	c->phase = PHASE_OFFHEAP;
}

static void offheap_part(struct heap_collection *c, struct gen_heap *g)
{
	const unsigned i = c->lists[0] != NULL ? 0 : 1;
	if (c->lists[i] == NULL)
		c->phase = PHASE_FRAGMENTS;
	else if (c->major)
		c->lists[i] = evacuate_offheap_part(
			c->lists[i], PART_OBJECTS, 0, 0, 0, UINTPTR_MAX, NULL, &g->old_offheap);
	else
		c->lists[i] = evacuate_offheap_part(c->lists[i], PART_OBJECTS, 0, 0,
			c->d.e.keep_base, c->d.e.keep_bytes, &g->heap.offheap, &g->old_offheap);
}

static void fragments_part(struct heap_collection *c, struct gen_heap *g)
{
	size_t words = 0;
	for (unsigned i = 0;
		i < PART_OBJECTS && words < PART_FREED_WORDS && g->heap.fragments != NULL; i++) {
		struct fragment *f = g->heap.fragments;
		words += f->size_words;
		g->heap.fragments = f->next;
		f->next = NULL;
		poison_fragment(f);
		fragment_free(f);
	}
	if (g->heap.fragments != NULL)
		return;
	g->heap.fragment_words = 0;
	c->phase = PHASE_END;
}

bool heap_collection_step(struct heap_collection *c, struct gen_heap *g, int64_t until)
{
	while (c->phase != PHASE_DONE) {
		switch (c->phase) {
		case PHASE_STACK:
		case PHASE_ROOTS:
		case PHASE_SCAN:
			if (move_part(c, g))
				offheap_begin(c, g);
			break;
		case PHASE_OFFHEAP:
			offheap_part(c, g);
			break;
		case PHASE_FRAGMENTS:
			fragments_part(c, g);
			break;
		case PHASE_END:
			if (c->major)
				major_end(g, &c->d);
			else
				minor_end(g, &c->d);
			c->phase = PHASE_DONE;
			break;
		case PHASE_DONE:
			break;
		}
		if (c->phase != PHASE_DONE && until != INT64_MAX && clock_monotonic_nsec() >= until)
			return false;
	}
	mem_free(MEM_HEAP, c, sizeof(*c));
	return true;
}
