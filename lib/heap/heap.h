/* SPDX-License-Identifier: Apache-2.0 */
/* Where values live: taking words, and the memory of one process.
 *
 * A process has one block in which its heap grows upwards from `start` and its stack downwards from `end`; between them
 * `top` (H) and `limit` (E, the stack pointer). Values that C code builds go there when there is room and into heap
 * fragments otherwise, so taking words never moves a value (law 3). Fragments are emptied by the next collection.
 *
 * Two lives of a process's memory:
 *   small  While it runs, its young block is the nursery of the worker that runs it. Before it leaves the worker its
 *          live values and its stack are packed into one block of exactly their size, where they stay, readable,
 *          until the next pack. (heap_enter, heap_leave.)
 *   large  What does not fit HEAP_PACK_MAX_WORDS lives in a block of its own with an old generation beside it:
 *          a value that survives two minor collections moves to the old heap, which a major collection copies.
 *
 * A struct heap alone, without a process, is a builder: it starts empty and grows by fragments; messages, ETS objects and
 * parsed terms are built with it.
 *
 * Invariant: top <= limit; words in [top, limit) belong to nobody. */
#pragma once
#include "base/alloc.h"
#include "base/list.h"
#include "term/names.h"
#include "term/term.h"

/* Values made away from the block. Lives until the values in it were copied elsewhere. */
struct fragment {
	struct fragment *next;
	uint32_t size_words; /* of data */
	uint32_t used_words;
	uint32_t prefix_bytes; /* the allocation begins that far before this struct (a message header stands there) */
	uint32_t class;        /* enum mem_class of the allocation */
	term data[];
};

/* Boxed values that hold something counted: REF_BITS and MAGIC_REF, chained through their first word after the header. */
struct offheap {
	term *first;
	size_t bytes; /* of the buffers they hold, for the collector's pace */
};

struct heap {
	term *top;
	term *limit;
	struct fragment *fragments;
	struct offheap offheap;
	size_t fragment_words; /* used words of all fragments */
};

_noinline_ term *heap_alloc_fragment(struct heap *heap, size_t words);

/* words of room for values, uninitialised; the caller fills all of them before anything else looks at the heap.
 * Never fails and never moves anything. */
static inline term *heap_alloc(struct heap *heap, size_t words)
{
	if (likely((size_t)(heap->limit - heap->top) >= words)) {
		term *p = heap->top;
		heap->top += words;
		return p;
	}
	return heap_alloc_fragment(heap, words);
}

/* Gives back the unused end of what heap_alloc(heap, taken) just returned as p: used <= taken. */
void heap_shrink(struct heap *heap, term *p, size_t taken, size_t used);

static inline term heap_cons(struct heap *heap, term head, term tail)
{
	term *p = heap_alloc(heap, 2);
	p[0] = head;
	p[1] = tail;
	return term_of_cons(p);
}

term heap_tuple(struct heap *heap, size_t arity, const term *elements);
term heap_float(struct heap *heap, double d);
/* For up to six elements, as in heap_tuple_of(h, A(ok), value). */
#define heap_tuple_of(heap, ...)                                                                   \
	heap_tuple((heap), sizeof((term[]){ __VA_ARGS__ }) / sizeof(term), (term[]){ __VA_ARGS__ })

/* Strings a boxed off-heap value (its words filled, its count already taken) onto the heap's list. */
static inline void offheap_add(struct offheap *list, term *object, size_t bytes)
{
	object[1] = (term)(uintptr_t)list->first;
	list->first = object;
	list->bytes += bytes;
}

/* Builders. heap_done frees the fragments and drops what off-heap values hold. */
void heap_init_builder(struct heap *heap);
void heap_done(struct heap *heap);
void fragment_free(struct fragment *fragment);
/* Drops one count of everything on the list, and empties it. */
void offheap_release(struct offheap *list);
/* Moves everything on `from` to the front of `to`. */
void offheap_splice(struct offheap *to, struct offheap *from);

/* Makes a fragment, and what its values hold off heap, part of the heap (a message that was received). */
static inline void heap_attach(struct heap *heap, struct fragment *fragment, struct offheap *offheap)
{
	fragment->next = heap->fragments;
	heap->fragments = fragment;
	heap->fragment_words += fragment->used_words;
	if (offheap->first != NULL)
		offheap_splice(&heap->offheap, offheap);
}

/* Deep copies. Literals (areas that heap/literal.h knows) are shared, not copied. Sharing inside the term is not kept,
 * as in OTP. heap_copy_words is exactly what heap_copy will take. No recursion. */
size_t heap_copy_words(term t);
/* A term whose parts are shared without end (L = [L | L], a hundred times) has more words than any machine. So whoever copies what a
 * program hands it counts no further than heap_copy_bound(): what the account that the thread works for has left, or part of the machine's
 * memory. The same as heap_copy_words and heap_flat_words, but SIZE_MAX when there are more than the bound. */
size_t heap_copy_words_bounded(term t);
size_t heap_flat_words_bounded(term t);
size_t heap_copy_bound(void);
/* For messages: heap_copy_words() of a value that is small, not deep and without off-heap parts, which heap_copy_small_into() then
 * copies; more than HEAP_SMALL_WORDS for any other. Recursion is bounded. */
#define HEAP_SMALL_WORDS 64U
size_t heap_copy_words_small(term t);
term heap_copy_small_into(term t, term **hp);
/* into: at least heap_copy_words(t) words at *hp, which is moved past what was used; off-heap values go on list. */
term heap_copy_into(term t, term **hp, struct offheap *list);
term heap_copy(struct heap *heap, term t);
/* The same with heap_flat_words(t) words, literals copied as well (but lasting ones: #{}): for what must not depend on any
 * module. */
term heap_copy_deep_into(term t, term **hp, struct offheap *list);
/* Whatever a term names is held by that one as well, in literals, too: it comes into its hands. */
void heap_hold_names(term t, struct names_holder holder);
/* erts_debug:flat_size; the same, literals counted as well. */
size_t heap_flat_words(term t);

/* Literals in [start, start + words) are about to go: copies made by heap_copy and the like own theirs. Takes effect on a thread with
 * its next heap_adopt_purge(), which each scheduler calls before a slice. words 0: none any more. (proc/purge.h) */
void heap_set_purge(const term *start, size_t words);
void heap_adopt_purge(void);

/* A term with its own memory: what everything that outlives a heap keeps (law 4). One allocation. */
struct owned_term {
	term value;
	struct offheap offheap;
	size_t bytes;  /* of the allocation */
	struct account *account; /* who is charged for it: whom the thread worked for that made it; NULL: nobody */
	struct list link;        /* in its account's */
	uint32_t class;
	term data[];
};

struct owned_term *owned_term_new(enum mem_class class, term t);
/* NULL when it is larger than heap_copy_bound(). */
struct owned_term *owned_term_new_bounded(enum mem_class class, term t);
/* Copies even literals: for what must not depend on any module (ETS, persistent terms). */
struct owned_term *owned_term_new_deep(enum mem_class class, term t);
struct owned_term *owned_term_free(struct owned_term *t);
