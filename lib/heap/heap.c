/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments, builders and small constructors.
 * Invariant: heap->fragment_words is the sum of used_words over heap->fragments. */
#include "heap/heap.h"

#include "heap/offheap.h"

#include <string.h>

#define FRAGMENT_MIN_WORDS 24
#define FRAGMENT_GROW_MAX_WORDS 8192

static struct fragment *fragment_new(size_t words)
{
	struct fragment *f = mem_alloc(MEM_HEAP, sizeof(*f) + words * sizeof(term));
	assert(words <= UINT32_MAX);
	*f = (struct fragment){ .size_words = (uint32_t)words, .class = MEM_HEAP };
	return f;
}

void fragment_free(struct fragment *fragment)
{
	while (fragment != NULL) {
		struct fragment *next = fragment->next;
		mem_free(fragment->class, (char *)fragment - fragment->prefix_bytes,
			fragment->prefix_bytes + sizeof(*fragment) + fragment->size_words * sizeof(term));
		fragment = next;
	}
}

term *heap_alloc_fragment(struct heap *heap, size_t words)
{
	struct fragment *f = heap->fragments;
	if (f == NULL || f->size_words - f->used_words < words) {
		/* Each is as large as all before it, so that building is linear. */
		size_t size = heap->fragment_words;
		if (size > FRAGMENT_GROW_MAX_WORDS)
			size = FRAGMENT_GROW_MAX_WORDS;
		if (size < FRAGMENT_MIN_WORDS)
			size = FRAGMENT_MIN_WORDS;
		if (size < words)
			size = words;
		f = fragment_new(size);
		f->next = heap->fragments;
		heap->fragments = f;
	}
	term *p = f->data + f->used_words;
	f->used_words += (uint32_t)words;
	heap->fragment_words += words;
	return p;
}

void heap_shrink(struct heap *heap, term *p, size_t taken, size_t used)
{
	debug_assert(used <= taken);
	struct fragment *f = heap->fragments;
	if (p + taken == heap->top) {
		heap->top = p + used;
	} else if (f != NULL && p + taken == f->data + f->used_words) {
		f->used_words -= (uint32_t)(taken - used);
		heap->fragment_words -= taken - used;
	} else if (used < taken) {
		/* Not the last words any more: a raw value that nobody refers to fills the gap. */
		p[used] = HEADER(BOXED_HEAP_BITS, taken - used - 1);
	}
}

term heap_tuple(struct heap *heap, size_t arity, const term *elements)
{
	term *p = heap_alloc(heap, arity + 1);
	p[0] = HEADER(BOXED_TUPLE, arity);
	for (size_t i = 0; i < arity; i++)
		p[1 + i] = elements[i];
	return term_of_boxed(p);
}

term heap_float(struct heap *heap, double d)
{
	return float_put(heap_alloc(heap, FLOAT_WORDS), d);
}

void heap_init_builder(struct heap *heap)
{
	*heap = (struct heap){ 0 };
}

void heap_done(struct heap *heap)
{
	offheap_release(&heap->offheap);
	fragment_free(heap->fragments);
	*heap = (struct heap){ 0 };
}

void offheap_release(struct offheap *list)
{
	term *object = list->first;
	*list = (struct offheap){ 0 };
	while (object != NULL) {
		term *next = (term *)(uintptr_t)object[1];
		counted_unref(offheap_counted(object));
		object = next;
	}
}

void offheap_splice(struct offheap *to, struct offheap *from)
{
	if (from->first == NULL)
		return;
	term *last = from->first;
	while (last[1] != 0)
		last = (term *)(uintptr_t)last[1];
	last[1] = (term)(uintptr_t)to->first;
	to->first = from->first;
	to->bytes += from->bytes;
	*from = (struct offheap){ 0 };
}
