/* SPDX-License-Identifier: Apache-2.0 */
/* How a small process's memory comes to a worker and leaves it: packed into one block of its own, and large ones.
 *
 * A pack moves values to scratch memory, told that they live where they will probably be put: in the block they came
 * from, whose old contents are no longer needed then. When their number says otherwise, a block of the right size is
 * made and the words are told again while nobody looks (retell).
 *
 * full pack   all values; what is garbage goes
 * at rest     a large process, once for a long sleep (heap_rest); its next slice makes it large again
 * part pack   new values join the packed ones, which stay; while these are more than a few and not half garbage
 *
 * Invariant: parked, values are [old_start, old_top) and the stack is the last packed_stack_words before old_end. */
#include "heap/gen.h"

#include "heap/block.h"
#include "heap/evacuate.h"
#include "heap/offheap.h"

#include <string.h>

#define PART_PACK_MIN_WORDS 64 /* below, all is moved each time */
#define HEAP_REST_GARBAGE 16   /* times more than may be packed is collected first */
#define SLACK_AFTER_PACKS 4    /* a process that comes and goes gets room to grow into; one that sleeps does not */

static size_t old_words(const struct gen_heap *g)
{
	return (size_t)(g->old_top - g->old_start);
}

void gen_init(struct gen_heap *g)
{
	*g = (struct gen_heap){
		.min_words = HEAP_MIN_WORDS,
		.min_bin_bytes_kib = HEAP_MIN_BIN_KIB,
		.fullsweep_after = HEAP_FULLSWEEP_AFTER,
	};
}

void gen_done(struct gen_heap *g)
{
	offheap_release(&g->heap.offheap);
	offheap_release(&g->old_offheap);
	fragment_free(g->heap.fragments);
	if (g->start != NULL && !g->borrowed)
		block_free(g->nursery, g->start, young_words_of(g));
	block_free(g->nursery, g->old_start, (size_t)(g->old_end - g->old_start));
	*g = (struct gen_heap){ 0 };
}

size_t gen_used_words(const struct gen_heap *g)
{
	size_t words = old_words(g) + g->heap.fragment_words;
	if (g->start != NULL)
		words += (size_t)(g->heap.top - g->start) + (size_t)(g->end - g->heap.limit);
	else
		words += g->packed_stack_words;
	return words;
}

size_t gen_total_words(const struct gen_heap *g)
{
	return (size_t)(g->old_end - g->old_start) + (size_t)(g->end - g->start) + g->heap.fragment_words;
}

void heap_enter(struct gen_heap *g, struct nursery *nursery)
{
	g->nursery = nursery;
	if (g->start != NULL)
		return;
	size_t words = NURSERY_WORDS;
	g->borrowed = g->min_words <= NURSERY_WORDS;
	if (g->borrowed) {
		g->start = nursery->start;
		g->end = nursery->end;
	} else {
		size_t capacity = block_capacity((size_t)g->min_words * 2);
		g->young_blocks = (uint32_t)(capacity / BLOCK_MIN_WORDS);
		words = capacity / 2;
		g->start = block_alloc(nursery, capacity);
		g->end = g->start + words;
	}
	size_t stack = g->packed_stack_words;
	g->mature = g->start;
	g->heap.top = g->start;
	g->heap.limit = g->end - stack;
	if (stack > 0)
		memcpy(g->heap.limit, g->old_end - stack, stack * sizeof(term));
	g->packed_stack_words = 0;
}

/* Words that were told to live in [base, base + bytes) live `by` bytes further. */
static inline void retell_word(term *p, uintptr_t base, uintptr_t bytes, ptrdiff_t by)
{
	unsigned tag = *p & TAG_MASK;
	if ((tag == TAG_CONS || tag == TAG_BOXED) && (uintptr_t)*p - base < bytes)
		*p += (term)by;
}

static void retell_values(term *p, const term *end, uintptr_t base, uintptr_t bytes, ptrdiff_t by)
{
	while (p < end) {
		if (header_is(*p) && (*p & HEADER_RAW) != 0) {
			p += header_size(*p) + 1;
			continue;
		}
		retell_word(p++, base, bytes, by);
	}
}

static void retell_roots(const struct gen_heap *g, const struct roots *roots, uintptr_t base, uintptr_t bytes,
	ptrdiff_t by)
{
	for (term *p = g->heap.limit; p < g->end; p++)
		retell_word(p, base, bytes, by);
	for (unsigned i = 0; i < roots->count; i++) {
		for (size_t j = 0; j < roots->ranges[i].count; j++)
			retell_word(&roots->ranges[i].first[j], base, bytes, by);
	}
	for (size_t i = 0; i < roots->cell_count; i++)
		retell_word(roots->cells[i], base, bytes, by);
}

static void evacuate_packing(struct evacuation *ret, const struct gen_heap *g, const struct roots *roots)
{
	struct evacuation e = *ret;
	term *scan = e.top;
	evacuate_words(&e, g->heap.limit, (size_t)(g->end - g->heap.limit), false, false);
	evacuate_roots(&e, roots, false, false);
	while (scan < e.top)
		scan = evacuate_step(&e, scan, false, false, SPINES_WHOLE);
	*ret = e;
}

static void drop_fragments(struct gen_heap *g)
{
	if (g->heap.fragments != NULL)
		fragment_free(g->heap.fragments);
	g->heap.fragments = NULL;
	g->heap.fragment_words = 0;
}

/* The stack is put behind the values; the young block is the worker's again. */
static void park(struct gen_heap *g)
{
	size_t stack = (size_t)(g->end - g->heap.limit);
	debug_assert((size_t)(g->old_end - g->old_top) >= stack);
	memcpy(g->old_end - stack, g->heap.limit, stack * sizeof(term));
	g->packed_stack_words = (uint16_t)stack;
	if (!g->borrowed)
		block_free(g->nursery, g->start, young_words_of(g));
	g->start = g->end = g->mature = g->heap.top = g->heap.limit = NULL;
	g->young_blocks = 0;
	g->young_class = 0;
	g->borrowed = false;
	if (g->packs < UINT8_MAX)
		g->packs++;
}

static size_t slack(const struct gen_heap *g, size_t words)
{
	return words < PART_PACK_MIN_WORDS || g->packs < SLACK_AFTER_PACKS || g->rests ? 0 : words / 2;
}

/* The scratch block with all values becomes the young block of a large process. */
static void unpackable(struct gen_heap *g, term *scratch, size_t capacity, size_t words)
{
	size_t stack = (size_t)(g->end - g->heap.limit);
	size_t usable = (words + stack) * 2;
	if (usable < NURSERY_WORDS)
		usable = NURSERY_WORDS;
	if (usable > capacity)
		usable = capacity;
	term *end = scratch + usable;
	memcpy(end - stack, g->heap.limit, stack * sizeof(term));
	if (!g->borrowed)
		block_free(g->nursery, g->start, young_words_of(g));
	g->borrowed = false;
	g->start = scratch;
	g->young_blocks = (uint32_t)(capacity / BLOCK_MIN_WORDS);
	g->heap.top = g->mature = scratch + words;
	g->end = end;
	g->heap.limit = end - stack;
	g->old_start = g->old_top = g->old_end = NULL;
}

static void pack_full(struct gen_heap *g, const struct roots *roots)
{
	size_t stack = (size_t)(g->end - g->heap.limit);
	size_t worst = old_words(g) + (size_t)(g->heap.top - g->start) + g->heap.fragment_words + stack;
	size_t scratch_words = block_capacity(worst > BLOCK_MIN_WORDS ? worst : BLOCK_MIN_WORDS);
	term *scratch = block_alloc(g->nursery, scratch_words);
	term *told = g->old_start != NULL ? g->old_start : scratch;
	struct evacuation e = {
		.top = scratch,
		.shift = (ptrdiff_t)((uintptr_t)told - (uintptr_t)scratch),
		.literal_base = literal_region.start,
		.literal_bytes = literal_region.bytes,
	};
	evacuate_packing(&e, g, roots);

	size_t words = (size_t)(e.top - scratch);
	size_t old_capacity = (size_t)(g->old_end - g->old_start);
	size_t wanted = words + stack + slack(g, words);
	bool large = words + stack > (g->rests ? HEAP_REST_MAX_WORDS : SMALL_MAX_WORDS);
	term *final = g->old_start;
	size_t capacity = old_capacity;
	if (large) {
		final = scratch;
	} else if (final == NULL || capacity < words + stack || capacity > wanted + wanted / 4 + 8) {
		capacity = block_capacity(wanted);
		/* Of a spare block each page would have been touched. */
		final = block_alloc(g->rests ? NULL : g->nursery, capacity);
	}
	ptrdiff_t by = (ptrdiff_t)((uintptr_t)final - (uintptr_t)told);

	struct offheap all = { 0 };
	term *young_list = g->heap.offheap.first;
	term *old_list = g->old_offheap.first;
	if (young_list != NULL || old_list != NULL) {
		g->heap.offheap = (struct offheap){ 0 };
		g->old_offheap = (struct offheap){ 0 };
		evacuate_offheap(young_list, e.shift, by, 0, UINTPTR_MAX, NULL, &all);
		evacuate_offheap(old_list, e.shift, by, 0, UINTPTR_MAX, NULL, &all);
	}
	if (by != 0) {
		retell_values(scratch, e.top, (uintptr_t)told, words * sizeof(term), by);
		retell_roots(g, roots, (uintptr_t)told, words * sizeof(term), by);
	}
	drop_fragments(g);
	if (final != g->old_start)
		block_free(g->nursery, g->old_start, old_capacity);
	g->major_count++;
	g->minor_since_full = 0;
	g->live_bin_kib = (uint32_t)(all.bytes / 1024);
	g->young_bin_kib = 0;
	if (large) {
		g->heap.offheap = all;
		g->young_bin_kib = (uint32_t)(all.bytes / 1024);
		unpackable(g, scratch, scratch_words, words);
		return;
	}
	memcpy(final, scratch, words * sizeof(term));
	g->old_start = final;
	g->old_top = final + words;
	g->old_end = final + capacity;
	g->old_offheap = all;
	g->packed_words = (uint16_t)words; /* that of one that rests is not asked for */
	block_free(g->nursery, scratch, scratch_words);
	park(g);
}

/* The packed values move to a larger block with the new ones in scratch behind them. */
static void pack_grow(struct gen_heap *g, const struct roots *roots, term *scratch, size_t words, size_t stack,
	ptrdiff_t by, term *block, size_t capacity)
{
	uintptr_t base = (uintptr_t)g->old_start;
	size_t old = old_words(g);
	uintptr_t bytes = (old + words) * sizeof(term);
	for (term *object = g->old_offheap.first; object != NULL;) {
		term *next = (term *)(uintptr_t)object[1];
		if (next != NULL)
			object[1] += (term)by;
		object = next;
	}
	if (g->old_offheap.first != NULL)
		g->old_offheap.first = (term *)((uintptr_t)g->old_offheap.first + (uintptr_t)by);
	retell_values(g->old_start, g->old_top, base, bytes, by);
	retell_values(scratch, scratch + words, base, bytes, by);
	retell_roots(g, roots, base, bytes, by);
	memcpy(block, g->old_start, old * sizeof(term));
	memcpy(block + old, scratch, words * sizeof(term));
	block_free(g->nursery, g->old_start, (size_t)(g->old_end - g->old_start));
	g->old_start = block;
	g->old_top = block + old + words;
	g->old_end = block + capacity;
}

static void pack_part(struct gen_heap *g, const struct roots *roots)
{
	size_t stack = (size_t)(g->end - g->heap.limit);
	size_t worst = (size_t)(g->heap.top - g->start) + g->heap.fragment_words;
	size_t room = (size_t)(g->old_end - g->old_top);
	bool direct = worst + stack <= room;
	size_t scratch_words = block_capacity(worst > BLOCK_MIN_WORDS ? worst : BLOCK_MIN_WORDS);
	term *scratch = direct ? g->old_top : block_alloc(g->nursery, scratch_words);
	struct evacuation e = {
		.top = scratch,
		.shift = (ptrdiff_t)((uintptr_t)g->old_top - (uintptr_t)scratch),
		.keep_base = (uintptr_t)g->old_start,
		.keep_bytes = old_words(g) * sizeof(term),
		.literal_base = literal_region.start,
		.literal_bytes = literal_region.bytes,
	};
	evacuate_packing(&e, g, roots);

	size_t words = (size_t)(e.top - scratch);
	ptrdiff_t by = 0;
	term *block = NULL;
	size_t capacity = 0;
	if (words + stack > room) {
		capacity = old_words(g) + words;
		capacity += stack + slack(g, capacity);
		block = block_alloc(g->nursery, block_capacity(capacity));
		capacity = block_capacity(capacity);
		by = (ptrdiff_t)((uintptr_t)block - (uintptr_t)g->old_start);
	}
	term *list = g->heap.offheap.first;
	struct offheap new = { 0 };
	g->heap.offheap = (struct offheap){ 0 };
	evacuate_offheap(list, e.shift, by, 0, UINTPTR_MAX, NULL, &new);
	drop_fragments(g);
	if (block != NULL) {
		pack_grow(g, roots, scratch, words, stack, by, block, capacity);
	} else {
		if (!direct)
			memcpy(g->old_top, scratch, words * sizeof(term));
		g->old_top += words;
	}
	if (!direct)
		block_free(g->nursery, scratch, scratch_words);
	offheap_splice(&g->old_offheap, &new);
	g->minor_count++;
	park(g);
}

static bool part_pack_pays(const struct gen_heap *g)
{
	size_t old = old_words(g);
	size_t bin_limit = (size_t)g->min_bin_bytes_kib * 1024;
	if (bin_limit < (size_t)g->live_bin_kib * 2048)
		bin_limit = (size_t)g->live_bin_kib * 2048;
	/* After a major collection the block is far too large: a full pack makes one of the right size. */
	return (size_t)(g->old_end - g->old_start) <= SMALL_MAX_WORDS * 2 && old >= PART_PACK_MIN_WORDS && old <= (size_t)g->packed_words * 2 && old <= SMALL_MAX_WORDS &&
	       g->old_offheap.bytes + g->heap.offheap.bytes <= bin_limit;
}

/* What the stack and the roots of a process that is about to be parked refer to. */
enum holds { HOLDS_NOTHING, HOLDS_PACKED, HOLDS_NEW };

static inline enum holds word_holds(term w, uintptr_t base, uintptr_t bytes)
{
	unsigned tag = w & TAG_MASK;
	if ((tag != TAG_CONS && tag != TAG_BOXED) || (uintptr_t)w - literal_region.start < literal_region.bytes)
		return HOLDS_NOTHING;
	return (uintptr_t)w - base < bytes ? HOLDS_PACKED : HOLDS_NEW;
}

static enum holds roots_hold(const struct gen_heap *g, const struct roots *roots)
{
	uintptr_t base = (uintptr_t)g->old_start, bytes = (uintptr_t)g->old_top - base;
	enum holds all = HOLDS_NOTHING;
	for (const term *p = g->heap.limit; p < g->end && all < HOLDS_NEW; p++)
		all |= word_holds(*p, base, bytes);
	for (unsigned i = 0; i < roots->count; i++)
		for (size_t j = 0; j < roots->ranges[i].count && all < HOLDS_NEW; j++)
			all |= word_holds(roots->ranges[i].first[j], base, bytes);
	for (size_t i = 0; i < roots->cell_count && all < HOLDS_NEW; i++)
		all |= word_holds(*roots->cells[i], base, bytes);
	return all;
}

#define KEEPS_OLD_TIMES 32 /* so often packed garbage may stay before a full pack looks at it */

/* The usual case of a process that serves: what it made during the slice it keeps nothing of. False: it does, or its block is
 * of the wrong size. */
static bool park_without_new(struct gen_heap *g, const struct roots *roots, size_t stack)
{
	if (g->heap.offheap.first != NULL)
		return false;
	enum holds holds = roots_hold(g, roots);
	if (holds >= HOLDS_NEW)
		return false;
	size_t capacity = (size_t)(g->old_end - g->old_start);
	if (holds == HOLDS_NOTHING) {
		if (g->old_offheap.first != NULL)
			offheap_release(&g->old_offheap);
		g->old_top = g->old_start;
		g->live_bin_kib = g->young_bin_kib = 0;
		if (capacity < stack || capacity > stack + stack / 4 + 16) {
			block_free(g->nursery, g->old_start, capacity);
			capacity = block_capacity(stack);
			g->old_start = g->old_top = block_alloc(g->nursery, capacity);
			g->old_end = g->old_start + capacity;
		}
	} else if ((size_t)(g->old_end - g->old_top) < stack || capacity > SMALL_MAX_WORDS * 2 ||
		   ++g->minor_since_full > KEEPS_OLD_TIMES) {
		return false;
	}
	drop_fragments(g);
	g->minor_count++;
	park(g);
	return true;
}

void heap_rest(struct gen_heap *g)
{
	if (!heap_may_rest(g))
		return;
	g->rests = true;
	g->rested++;
}

void heap_leave(struct gen_heap *g, struct nursery *nursery, struct roots *roots)
{
	size_t stack = (size_t)(g->end - g->heap.limit);
	if (!g->borrowed) {
		if (heap_wants_collect(g))
			heap_collect(g, 0, roots);
		size_t max = g->rests ? HEAP_REST_MAX_WORDS : SMALL_MAX_WORDS;
		if (g->rests && gen_used_words(g) > max &&
			gen_used_words(g) <= HEAP_REST_MAX_WORDS * HEAP_REST_GARBAGE)
			heap_collect_major(g, 0, roots); /* most of it may be garbage */
		if (gen_used_words(g) <= max && g->min_words <= NURSERY_WORDS)
			pack_full(g, roots);
		g->rests = false;
	} else if (g->heap.top == g->start && g->heap.fragments == NULL && g->old_start != NULL &&
		   (size_t)(g->old_end - g->old_top) >= stack &&
		   (size_t)(g->old_end - g->old_start) <= SMALL_MAX_WORDS * 2) {
		park(g); /* nothing new */
	} else if (park_without_new(g, roots, stack)) {
		/* parked */
	} else if (part_pack_pays(g)) {
		pack_part(g, roots);
	} else {
		pack_full(g, roots);
	}
	/* Builds that look for errors look at everything here; as long as that is not much. */
	if (HEAP_COLLECT_ALWAYS && gen_used_words(g) < HEAP_COLLECT_ALWAYS_MAX_WORDS)
		heap_verify(g, roots);
	g->nursery = NULL;
}
