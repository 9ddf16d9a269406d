/* SPDX-License-Identifier: Apache-2.0 */
/* Objects.
 * Invariant: every pointer in an object's data is into that data, or to a literal that lives for ever (#{}, {}). So an
 * object is copied by moving its words and telling the pointers where. */
#include "ets/object.h"

#include "base/atomic.h"
#include "heap/offheap.h"

#include <string.h>

static struct object *object_alloc(size_t words)
{
	struct object *o = mem_alloc(MEM_ETS, sizeof(*o) + words * sizeof(term));
	assert(words <= UINT32_MAX);
	o->next = NULL;
	o->offheap = NULL;
	o->words = (uint32_t)words;
	o->unused = 0;
	return o;
}

static bool all_immediate(const term *p, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!term_is_immediate(p[i]))
			return false;
	}
	return true;
}

struct object *object_new(term tuple)
{
	const term *p = boxed_ptr(tuple);
	size_t arity = header_size(p[0]);
	if (all_immediate(p + 1, arity)) {
		struct object *o = object_alloc(arity + 1);
		for (size_t i = 0; i <= arity; i++)
			o->data[i] = p[i];
		return o;
	}
	size_t words = heap_flat_words_bounded(tuple);
	if (unlikely(words == SIZE_MAX))
		return NULL;
	struct object *o = object_alloc(words);
	struct offheap held = { 0 };
	term *hp = o->data;
	(void)heap_copy_deep_into(tuple, &hp, &held); /* the tuple lies at the start */
	debug_assert(hp == o->data + o->words);
	o->offheap = held.first;
	return o;
}

struct object *object_new_with(const struct object *old, size_t count, const size_t *positions, const term *values)
{
	/* All but the changed elements is copied from a tuple with the new words in place. */
	size_t arity = object_arity(old);
	term *tuple = mem_alloc(MEM_TEMP, (arity + 1) * sizeof(term));
	memcpy(tuple, old->data, (arity + 1) * sizeof(term));
	for (size_t i = 0; i < count; i++)
		tuple[positions[i]] = values[i];
	struct object *o = object_new(term_of_boxed(tuple));
	mem_free(MEM_TEMP, tuple, (arity + 1) * sizeof(term));
	return o;
}

struct object *object_free(struct object *o)
{
	if (o != NULL) {
		if (o->offheap != NULL) {
			struct offheap held = { .first = o->offheap };
			offheap_release(&held);
		}
		mem_free(MEM_ETS, o, object_bytes(o));
	}
	return NULL;
}

static void copy_to(term *to, const struct object *o, struct offheap *list)
{
	const term *from = o->data;
	size_t words = o->words;
	ptrdiff_t by = (ptrdiff_t)((uintptr_t)to - (uintptr_t)from);
	uintptr_t base = (uintptr_t)from;
	uintptr_t bytes = words * sizeof(term);
	for (size_t i = 0; i < words;) {
		term w = from[i];
		unsigned tag = w & TAG_MASK;
		if (tag == TAG_CONS || tag == TAG_BOXED) {
			if (w - base < bytes)
				w += (term)by;
		} else if (tag == TAG_HEADER && (w & HEADER_RAW) != 0) {
			size_t n = header_size(w) + 1;
			memcpy(to + i, from + i, n * sizeof(term));
			i += n;
			continue;
		}
		to[i++] = w;
	}
	for (const term *object = o->offheap; object != NULL; object = (const term *)(uintptr_t)object[1]) {
		term *copy = (term *)((uintptr_t)object + (uintptr_t)by);
		counted_ref(offheap_counted(copy));
		offheap_add(list, copy, offheap_bytes(copy));
	}
}

term object_copy(struct heap *heap, const struct object *o)
{
	term *p = heap_alloc(heap, o->words);
	copy_to(p, o, &heap->offheap);
	return term_of_boxed(p);
}

term object_copy_cons(struct heap *heap, const struct object *o, term tail)
{
	term *p = heap_alloc(heap, o->words + 2U);
	copy_to(p + 2, o, &heap->offheap);
	p[0] = term_of_boxed(p + 2);
	p[1] = tail;
	return term_of_cons(p);
}

bool object_equals(const struct object *a, term tuple)
{
	return term_equal(object_tuple(a), tuple);
}
