/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants of a process's memory, checked word by word: for tests and debug builds. */
#include "heap/gen.h"

#include "base/vec.h"
#include "heap/offheap.h"
#include "term/atom.h"

#include <stdlib.h>

struct range {
	const term *start;
	const term *end;
};

struct ranges {
	VEC(struct range) all; /* ascending */
	size_t offheap_seen;
};

static int range_order(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

static void ranges_add(struct ranges *r, const term *start, const term *end)
{
	struct range range = { start, end };
	if (start < end)
		vec_push(&r->all, range);
}

static const struct range *range_of(const struct ranges *r, const term *p)
{
	size_t low = 0, high = r->all.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (r->all.items[middle].start <= p)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || p >= r->all.items[low - 1].end)
		return NULL;
	return &r->all.items[low - 1];
}

static void verify_word(const struct ranges *r, term w)
{
	unsigned tag = w & TAG_MASK;
	assert(tag == TAG_SMALL || tag == TAG_CONS || tag == TAG_BOXED || tag == TAG_IMM);
	assert(!term_is_atom(w) || atom_is_held(w));
	if ((tag != TAG_CONS && tag != TAG_BOXED) || term_is_literal(w))
		return;
	const term *p = tag == TAG_CONS ? cons_ptr(w) : boxed_ptr(w);
	const struct range *range = range_of(r, p);
	assert(range != NULL && "a pointer into memory that is not the process's");
	if (tag == TAG_CONS) {
		assert(p + 2 <= range->end);
		assert(!header_is(p[0]) && !header_is(p[1]));
	} else {
		assert(header_is(p[0]));
		assert(header_size(p[0]) < (size_t)(range->end - p));
	}
}

static void verify_values(struct ranges *r, const term *p, const term *end)
{
	while (p < end) {
		term w = *p++;
		if (!header_is(w)) {
			verify_word(r, w);
			continue;
		}
		assert(header_kind(w) < BOXED_KINDS);
		assert(header_size(w) <= (size_t)(end - p));
		if ((w & HEADER_RAW) != 0) {
			r->offheap_seen += offheap_is(w);
			p += header_size(w);
		}
	}
}

static size_t verify_offheap(const struct ranges *r, const struct offheap *list)
{
	size_t count = 0;
	for (const term *p = list->first; p != NULL; p = (const term *)(uintptr_t)p[1]) {
		assert(range_of(r, p) != NULL && "an off-heap value outside the process");
		assert(offheap_is(p[0]));
		assert(atomic_load_relaxed(&offheap_counted(p)->refs) > 0);
		count++;
	}
	return count;
}

void heap_verify(const struct gen_heap *g, const struct roots *roots)
{
	struct ranges r = { 0 };
	assert(g->old_start <= g->old_top && g->old_top <= g->old_end);
	ranges_add(&r, g->old_start, g->old_top);
	if (g->start != NULL) {
		assert(g->start <= g->mature && g->mature <= g->heap.top);
		assert(g->heap.top <= g->heap.limit && g->heap.limit <= g->end);
		ranges_add(&r, g->start, g->heap.top);
	}
	size_t fragment_words = 0;
	for (const struct fragment *f = g->heap.fragments; f != NULL; f = f->next) {
		assert(f->used_words <= f->size_words);
		fragment_words += f->used_words;
		ranges_add(&r, f->data, f->data + f->used_words);
	}
	assert(fragment_words == g->heap.fragment_words);
	if (r.all.count > 1)
		qsort(r.all.items, r.all.count, sizeof(r.all.items[0]), range_order);

	for (size_t i = 0; i < r.all.count; i++)
		verify_values(&r, r.all.items[i].start, r.all.items[i].end);
	if (g->start != NULL) {
		for (const term *p = g->heap.limit; p < g->end; p++)
			verify_word(&r, *p);
	} else {
		for (const term *p = g->old_end - g->packed_stack_words; p < g->old_end; p++)
			verify_word(&r, *p);
	}
	for (unsigned i = 0; i < roots->count; i++) {
		for (size_t j = 0; j < roots->ranges[i].count; j++)
			verify_word(&r, roots->ranges[i].first[j]);
	}
	for (size_t i = 0; i < roots->cell_count; i++)
		verify_word(&r, *roots->cells[i]);
	assert(verify_offheap(&r, &g->heap.offheap) + verify_offheap(&r, &g->old_offheap) == r.offheap_seen);
	vec_done(&r.all);
}

static bool word_in(term w, uintptr_t start, size_t bytes)
{
	unsigned tag = w & TAG_MASK;
	return (tag == TAG_CONS || tag == TAG_BOXED) && (uintptr_t)w - start < bytes;
}

static bool words_in(const term *p, const term *end, uintptr_t start, size_t bytes)
{
	while (p < end) {
		if (header_is(*p) && (*p & HEADER_RAW) != 0)
			p += header_size(*p) + 1;
		else if (word_in(*p++, start, bytes))
			return true;
	}
	return false;
}

bool heap_refers_to(const struct gen_heap *g, const term *start, size_t words, const struct roots *roots)
{
	uintptr_t base = (uintptr_t)start;
	size_t bytes = words * sizeof(term);
	if (words_in(g->old_start, g->old_top, base, bytes))
		return true;
	if (g->start != NULL && (words_in(g->start, g->heap.top, base, bytes) ||
					words_in(g->heap.limit, g->end, base, bytes)))
		return true;
	if (g->start == NULL && g->packed_stack_words > 0 &&
		words_in(g->old_end - g->packed_stack_words, g->old_end, base, bytes))
		return true;
	for (const struct fragment *f = g->heap.fragments; f != NULL; f = f->next) {
		if (words_in(f->data, f->data + f->used_words, base, bytes))
			return true;
	}
	for (unsigned i = 0; i < roots->count; i++) {
		if (words_in(roots->ranges[i].first, roots->ranges[i].first + roots->ranges[i].count, base, bytes))
			return true;
	}
	for (size_t i = 0; i < roots->cell_count; i++) {
		if (word_in(*roots->cells[i], base, bytes))
			return true;
	}
	return false;
}
