/* SPDX-License-Identifier: Apache-2.0 */
/* Collections of a running process, and the sizes of its blocks.
 *
 * small   young values move to another nursery block; the packed ones stay. Too many alive: the process becomes large,
 *         its packed block being its old generation.
 * minor   mature values move to the old block, new ones to the next young block, where they are mature.
 * major   everything moves to a new old block; the young one is empty then. Both sizes are chosen from what is alive.
 *
 * Invariant: a destination always has room for all that might be alive, so no collection fails half way; mapped pages
 * that are not touched cost nothing. */
#include "heap/gen.h"

#include "heap/block.h"
#include "heap/collect_impl.h"
#include "heap/offheap.h"

#include <string.h>

#define POISON_BYTE 0x07 /* makes words that are never values */

static void poison(term *start, size_t words)
{
	if (HEAP_COLLECT_ALWAYS && start != NULL)
		memset(start, POISON_BYTE, words * sizeof(term));
}

void poison_fragment(struct fragment *f)
{
	poison(f->data, f->size_words);
}

static void fragments_drop(struct heap *heap)
{
	if (HEAP_COLLECT_ALWAYS) {
		for (struct fragment *f = heap->fragments; f != NULL; f = f->next)
			poison_fragment(f);
	}
	if (heap->fragments != NULL)
		fragment_free(heap->fragments);
	heap->fragments = NULL;
	heap->fragment_words = 0;
}

term *evacuate_offheap_part(term *list, size_t most, ptrdiff_t shift, ptrdiff_t final, uintptr_t old_base, uintptr_t old_bytes,
	struct offheap *young, struct offheap *old)
{
	for (; list != NULL && most > 0; most--) {
		term *next = (term *)(uintptr_t)list[1];
		if (evacuated(list[0])) {
			uintptr_t told = (uintptr_t)forward_target(list[0]);
			term *now = (term *)(told - (uintptr_t)shift);
			struct offheap *to = told - old_base < old_bytes ? old : young;
			now[1] = (term)(uintptr_t)to->first;
			to->first = (term *)(told + (uintptr_t)final);
			to->bytes += offheap_bytes(now);
		} else {
			counted_unref(offheap_counted(list));
		}
		list = next;
	}
	return list;
}

void evacuate_offheap(term *list, ptrdiff_t shift, ptrdiff_t final, uintptr_t old_base, uintptr_t old_bytes,
	struct offheap *young, struct offheap *old)
{
	(void)evacuate_offheap_part(list, SIZE_MAX, shift, final, old_base, old_bytes, young, old); /* NULL: all of it */
}

static struct evacuation evacuation_into(term *to, size_t words)
{
	return (struct evacuation){
		.top = to,
		.to_base = (uintptr_t)to,
		.to_bytes = words * sizeof(term),
		.literal_base = literal_region.start,
		.literal_bytes = literal_region.bytes,
	};
}

static void evacuation_keep_old(struct evacuation *e, const struct gen_heap *g)
{
	e->keep_base = (uintptr_t)g->old_start;
	e->keep_bytes = (uintptr_t)g->old_end - (uintptr_t)g->old_start;
}

/* Moves all that the stack and the roots reach, into one destination. */
static void evacuate_all(struct evacuation *ret, const struct gen_heap *g, const struct roots *roots)
{
	struct evacuation e = *ret;
	term *scan = e.top;
	evacuate_words(&e, g->heap.limit, (size_t)(g->end - g->heap.limit), false, true);
	evacuate_roots(&e, roots, false, true);
	while (scan < e.top)
		scan = evacuate_step(&e, scan, false, true, SPINES_WHOLE);
	*ret = e;
}

static void evacuate_aged(struct evacuation *ret, const struct gen_heap *g, const struct roots *roots)
{
	struct evacuation e = *ret;
	term *scan = e.top;
	term *scan_old = e.old_top;
	evacuate_words(&e, g->heap.limit, (size_t)(g->end - g->heap.limit), true, true);
	evacuate_roots(&e, roots, true, true);
	do {
		while (scan < e.top)
			scan = evacuate_step(&e, scan, true, true, SPINES_WHOLE);
		/* Old values refer only to older ones, so nothing young is found here. */
		while (scan_old < e.old_top)
			scan_old = evacuate_step(&e, scan_old, true, true, SPINES_WHOLE);
	} while (scan < e.top);
	*ret = e;
}

static size_t stack_words(const struct gen_heap *g)
{
	return (size_t)(g->end - g->heap.limit);
}

static size_t young_words(const struct gen_heap *g)
{
	return (size_t)(g->heap.top - g->start);
}

/* The young block is [start, start + words) now, its values end at top; the stack moves to the end. */
static void young_is(struct gen_heap *g, term *start, term *top, size_t words)
{
	size_t stack = stack_words(g);
	term *end = start + words;
	memmove(end - stack, g->heap.limit, stack * sizeof(term));
	g->start = start;
	g->heap.top = top;
	g->end = end;
	g->heap.limit = end - stack;
	assert(g->heap.top <= g->heap.limit);
}

static size_t min_bin_bytes(const struct gen_heap *g)
{
	return (size_t)g->min_bin_bytes_kib * 1024;
}

/* A collection is due when twice as much is held as the last one left alive. */
static size_t bin_limit(const struct gen_heap *g, uint32_t survived_kib)
{
	size_t twice = (size_t)survived_kib * 2048;
	return twice > min_bin_bytes(g) ? twice : min_bin_bytes(g);
}

static uint32_t kib(size_t bytes)
{
	return bytes / 1024 < UINT32_MAX ? (uint32_t)(bytes / 1024) : UINT32_MAX;
}

bool heap_wants_collect(const struct gen_heap *g)
{
	return g->heap.fragment_words > (size_t)(g->end - g->start) / 2 ||
	       g->heap.offheap.bytes > bin_limit(g, g->young_bin_kib);
}

bool collects_major(const struct gen_heap *g)
{
	return g->minor_since_full >= g->fullsweep_after ||
	       g->old_offheap.bytes > bin_limit(g, g->live_bin_kib);
}

/* After a collection: the class of the next young block, so that about half of what is used of it is free for new values.
 * A large old generation makes collections of the young one dear (their roots), so it gets a larger one. */
static void choose_young_class(struct gen_heap *g, size_t in_use)
{
	unsigned class = block_class(in_use * 4);
	unsigned by_old = block_class((size_t)(g->old_top - g->old_start) / 8);
	if (by_old > 4)
		by_old = 4;
	if (class < by_old)
		class = by_old;
	if (class + 1 < g->young_class)
		class = g->young_class - 1U; /* shrinks slowly */
	g->young_class = (uint8_t)class;
}

/* What to ask for, so that the chosen class is met and `worst` words fit in any case. */
static size_t young_capacity(const struct gen_heap *g, size_t worst)
{
	if (worst < g->min_words)
		worst = g->min_words;
	unsigned needed = block_class(worst);
	if (needed >= BLOCK_CLASSES)
		return block_capacity(worst * 2);
	if (g->young_class >= BLOCK_CLASSES)
		return block_class_words(BLOCK_CLASSES - 1);
	return block_class_words(needed > g->young_class ? needed : g->young_class);
}

/* How much of the block is used until the next collection: half of what the class says, so that the worst case of the
 * next collection fits the same class; more when it is needed. */
static size_t young_usable(const struct gen_heap *g, size_t capacity, size_t in_use)
{
	size_t usable = g->young_class < BLOCK_CLASSES ? block_class_words(g->young_class) / 2 : in_use * 2;
	if (usable < in_use + in_use / 4)
		usable = in_use + in_use / 4;
	if (usable < g->min_words)
		usable = g->min_words;
	return usable < capacity ? usable : capacity;
}

/* The values moved to `to`, or there are none: the block they were in is given back. The nursery of a small process
 * stays the worker's. */
static void young_replace(struct gen_heap *g, term *to, term *top, size_t capacity, size_t in_use)
{
	term *from = g->start;
	size_t from_words = g->borrowed ? BLOCK_MIN_WORDS : young_words_of(g);
	choose_young_class(g, in_use);
	young_is(g, to, top, young_usable(g, capacity, in_use));
	poison(from, from_words);
	if (!g->borrowed)
		block_free(g->nursery, from, from_words);
	g->borrowed = false;
	g->young_blocks = (uint32_t)(capacity / BLOCK_MIN_WORDS);
}

/* Young values have been moved: sweeps what they held off heap, and drops the fragments. */
static void young_collected(struct gen_heap *g, uintptr_t old_base, uintptr_t old_bytes)
{
	term *list = g->heap.offheap.first;
	g->heap.offheap = (struct offheap){ 0 };
	evacuate_offheap(list, 0, 0, old_base, old_bytes, &g->heap.offheap, &g->old_offheap);
	g->young_bin_kib = kib(g->heap.offheap.bytes);
	fragments_drop(&g->heap);
}

static void collect_small(struct gen_heap *g, size_t need, const struct roots *roots)
{
	size_t worst = young_words(g) + g->heap.fragment_words + stack_words(g) + need;
	size_t capacity = young_capacity(g, worst);
	term *to = block_alloc(g->nursery, capacity);
	struct evacuation e = evacuation_into(to, capacity);
	evacuation_keep_old(&e, g);
	evacuate_all(&e, g, roots);
	young_collected(g, 0, 0);
	size_t in_use = (size_t)(e.top - to) + stack_words(g) + need;
	g->minor_count++;
	g->minor_since_full++;
	if (capacity > BLOCK_MIN_WORDS || in_use > SMALL_MAX_WORDS) {
		young_replace(g, to, e.top, capacity, in_use);
		g->mature = e.top;
		return;
	}
	term *from = g->start;
	young_is(g, to, e.top, NURSERY_WORDS);
	g->mature = to;
	g->nursery->start = to;
	g->nursery->end = g->end;
	poison(from, BLOCK_MIN_WORDS);
	block_free(g->nursery, from, BLOCK_MIN_WORDS);
}

void young_adopt(struct gen_heap *g)
{
	assert(g->borrowed && g->start == g->nursery->start);
	g->nursery->start = block_alloc(g->nursery, BLOCK_MIN_WORDS);
	g->nursery->end = g->nursery->start + NURSERY_WORDS;
	g->young_blocks = 1;
	g->young_class = 0;
	g->borrowed = false;
}

bool minor_begin(struct gen_heap *g, size_t need, struct destination *ret)
{
	size_t mature_words = (size_t)(g->mature - g->start);
	if (g->old_start == NULL && mature_words > 0) {
		size_t capacity = block_capacity(mature_words * 4 > BLOCK_MIN_WORDS ? mature_words * 4 : BLOCK_MIN_WORDS);
		g->old_start = g->old_top = block_alloc(g->nursery, capacity);
		g->old_end = g->old_start + capacity;
	}
	if ((size_t)(g->old_end - g->old_top) < mature_words)
		return false;
	size_t worst = young_words(g) - mature_words + g->heap.fragment_words + stack_words(g) + need;
	size_t capacity = young_capacity(g, worst);
	term *to = block_alloc(g->nursery, capacity);
	*ret = (struct destination){ evacuation_into(to, capacity), to, capacity, need };
	evacuation_keep_old(&ret->e, g);
	ret->e.mature_base = (uintptr_t)g->start;
	ret->e.mature_bytes = mature_words * sizeof(term);
	ret->e.old_top = g->old_top;
	return true;
}

void minor_end(struct gen_heap *g, struct destination *d)
{
	g->old_top = d->e.old_top;
	g->young_bin_kib = kib(g->heap.offheap.bytes);
	young_replace(g, d->to, d->e.top, d->capacity, (size_t)(d->e.top - d->to) + stack_words(g) + d->need);
	g->mature = d->e.top;
	g->minor_count++;
	g->minor_since_full++;
}

static void collect_major(struct gen_heap *g, size_t need, const struct roots *roots, const term *dying,
	size_t dying_words);

static void collect_minor(struct gen_heap *g, size_t need, const struct roots *roots)
{
	struct destination d;
	if (!minor_begin(g, need, &d)) {
		collect_major(g, need, roots, NULL, 0);
		return;
	}
	evacuate_aged(&d.e, g, roots);
	young_collected(g, d.e.keep_base, d.e.keep_bytes);
	minor_end(g, &d);
}

static void twin_counts(struct gen_heap *g, const term *dying, const term *twin, size_t words);

void major_begin(struct gen_heap *g, size_t need, size_t dying_words, struct destination *ret)
{
	size_t worst = young_words(g) + (size_t)(g->old_top - g->old_start) + g->heap.fragment_words + dying_words;
	/* Twice, so that there is room for mature values even if all is alive. */
	size_t capacity = block_capacity(worst * 2 > BLOCK_MIN_WORDS ? worst * 2 : BLOCK_MIN_WORDS);
	term *to = block_alloc(g->nursery, capacity);
	*ret = (struct destination){ evacuation_into(to, capacity), to, capacity, need };
}

void major_end(struct gen_heap *g, struct destination *d)
{
	g->live_bin_kib = kib(g->old_offheap.bytes);
	g->young_bin_kib = 0;
	size_t old_words = (size_t)(g->old_end - g->old_start);
	poison(g->old_start, old_words);
	block_free(g->nursery, g->old_start, old_words);
	size_t live = (size_t)(d->e.top - d->to), capacity = d->capacity;
	size_t in_use = stack_words(g) + d->need;
	g->old_start = d->to;
	g->old_top = d->e.top;
	size_t young = young_capacity(g, in_use);
	size_t room = live / 2 > young ? live / 2 : young;
	/* Never so little that it would be taken for a block of the allocator's. */
	size_t keep = block_capacity(live + room > BLOCK_MIN_WORDS ? live + room : BLOCK_MIN_WORDS);
	/* What fits a spare is kept whole, so that blocks go round instead of being mapped and unmapped. */
	if (keep < capacity && (block_class(capacity) >= BLOCK_CLASSES || keep <= capacity / 8)) {
		block_trim(d->to, capacity, keep);
		capacity = keep;
	}
	g->old_end = d->to + capacity;

	/* An empty block of the wanted size is used again where it is. */
	if (g->borrowed ? in_use <= NURSERY_WORDS / 2 && g->min_words <= NURSERY_WORDS : young == young_words_of(g)) {
		poison(g->start, (size_t)(g->heap.limit - g->start));
		g->heap.top = g->start;
		if (!g->borrowed) {
			choose_young_class(g, in_use);
			young_is(g, g->start, g->start, young_usable(g, young, in_use));
		}
	} else {
		term *block = block_alloc(g->nursery, young);
		young_replace(g, block, block, young, in_use);
	}
	g->mature = g->start;
	g->major_count++;
	g->minor_since_full = 0;
}

static void collect_major(struct gen_heap *g, size_t need, const struct roots *roots, const term *dying,
	size_t dying_words)
{
	struct destination d;
	major_begin(g, need, dying_words, &d);
	term *twin = NULL;
	if (dying_words > 0) {
		twin = mem_alloc(MEM_TEMP, dying_words * sizeof(term));
		memcpy(twin, dying, dying_words * sizeof(term));
		d.e.dying_base = (uintptr_t)dying;
		d.e.dying_bytes = dying_words * sizeof(term);
		d.e.dying_twin = (ptrdiff_t)((uintptr_t)twin - (uintptr_t)dying);
	}
	evacuate_all(&d.e, g, roots);

	term *young_list = g->heap.offheap.first;
	term *old_list = g->old_offheap.first;
	g->heap.offheap = (struct offheap){ 0 };
	g->old_offheap = (struct offheap){ 0 };
	evacuate_offheap(young_list, 0, 0, 0, UINTPTR_MAX, NULL, &g->old_offheap);
	evacuate_offheap(old_list, 0, 0, 0, UINTPTR_MAX, NULL, &g->old_offheap);
	if (twin != NULL) {
		twin_counts(g, dying, twin, dying_words);
		mem_free(MEM_TEMP, twin, dying_words * sizeof(term));
	}
	fragments_drop(&g->heap);
	major_end(g, &d);
}

/* Literals that were copied out of a dying area hold counts of their own from now on. */
static void twin_counts(struct gen_heap *g, const term *dying, const term *twin, size_t words)
{
	for (size_t i = 0; i < words;) {
		term w = dying[i];
		if (header_is(w) && offheap_is(w) && evacuated(twin[i])) {
			term *object = forward_target(twin[i]);
			counted_ref(offheap_counted(object));
			offheap_add(&g->old_offheap, object, offheap_bytes(object));
		}
		i += header_is(w) && (w & HEADER_RAW) != 0 ? header_size(w) + 1 : 1;
	}
}

void heap_collect(struct gen_heap *g, size_t need, struct roots *roots)
{
	assert(g->start != NULL);
	if (collects_major(g))
		collect_major(g, need, roots, NULL, 0);
	else if (g->borrowed)
		collect_small(g, need, roots);
	else
		collect_minor(g, need, roots);
	debug_assert((size_t)(g->heap.limit - g->heap.top) >= need);
	if (HEAP_COLLECT_ALWAYS && gen_used_words(g) < HEAP_COLLECT_ALWAYS_MAX_WORDS)
		heap_verify(g, roots);
}

void heap_collect_major(struct gen_heap *g, size_t need, struct roots *roots)
{
	assert(g->start != NULL);
	collect_major(g, need, roots, NULL, 0);
}

void heap_copy_out_literals(struct gen_heap *g, const term *start, size_t words, struct roots *roots)
{
	assert(g->start != NULL);
	collect_major(g, 0, roots, start, words);
}
