/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's inner loop: moves what is alive out of its old place and leaves forwarding words there.
 *
 * Every pointer is one of: a literal (stays), into kept memory (stays), into the destination (final; only when `linked`),
 * or to be moved. The destination is written at `top`, but words may be told to live `shift` bytes further, where they
 * are moved once their number is known.
 *
 * The functions are inlined with constant flags:
 *   aged    values in the mature part go to the old generation instead
 *   linked  lists are moved spine by spine; needs shift 0
 *   bounded no more than EVACUATE_SPINE cells of a spine at once: the scan finds the rest */
#pragma once
#include "heap/gen.h"

struct evacuation {
	term *top;
	ptrdiff_t shift;
	uintptr_t to_base, to_bytes;         /* the destination, when linked */
	uintptr_t keep_base, keep_bytes;     /* the old block, when it stays */
	uintptr_t mature_base, mature_bytes; /* when aged */
	term *old_top;                       /* where mature values go */
	uintptr_t literal_base, literal_bytes;
	uintptr_t dying_base, dying_bytes;   /* literals that are to be copied out */
	ptrdiff_t dying_twin;                /* from such a literal to its image that may be marked */
};

#define EVACUATE_INLINE static inline __attribute__((always_inline))
#define EVACUATE_SPINE 512

enum evacuate_spines { SPINES_WHOLE, SPINES_BOUNDED };

EVACUATE_INLINE bool evacuate_in(const term *p, uintptr_t base, uintptr_t bytes)
{
	return (uintptr_t)p - base < bytes;
}

EVACUATE_INLINE bool evacuated(term first_word)
{
	return (first_word & TAG_MASK) == TAG_FORWARD;
}

EVACUATE_INLINE term forward_to(const term *d, ptrdiff_t shift)
{
	return (term)(uintptr_t)d + (term)shift + TAG_FORWARD;
}

EVACUATE_INLINE term *forward_target(term word)
{
	return (term *)(uintptr_t)(word - TAG_FORWARD);
}

/* Whether p is to be moved; a literal on its way out is replaced by its image. */
EVACUATE_INLINE bool evacuate_leaves(const struct evacuation *e, term **p, bool linked)
{
	if (evacuate_in(*p, e->literal_base, e->literal_bytes)) {
		if (likely(!evacuate_in(*p, e->dying_base, e->dying_bytes)))
			return false;
		*p = (term *)(uintptr_t)((uintptr_t)*p + (uintptr_t)e->dying_twin);
		return true;
	}
	if (evacuate_in(*p, e->keep_base, e->keep_bytes))
		return false;
	return !linked || !evacuate_in(*p, e->to_base, e->to_bytes);
}

EVACUATE_INLINE term evacuate_cons(struct evacuation *e, term w, bool aged, bool linked, enum evacuate_spines spines)
{
	term *p = cons_ptr(w);
	if (!evacuate_leaves(e, &p, linked))
		return w;
	if (evacuated(p[0]))
		return term_of_cons(forward_target(p[0]));
	bool mature = aged && evacuate_in(p, e->mature_base, e->mature_bytes);
	term *d = mature ? e->old_top : e->top;
	ptrdiff_t shift = linked ? 0 : e->shift;
	term result = term_of_cons(d) + (term)shift;
	const term *stop = spines == SPINES_BOUNDED ? d + 2 * EVACUATE_SPINE : NULL;
	for (;;) {
		term tail = p[1];
		d[0] = p[0];
		p[0] = forward_to(d, shift);
		d[1] = tail;
		d += 2;
		if (!linked || !term_is_cons(tail) || (spines == SPINES_BOUNDED && d >= stop))
			break;
		p = cons_ptr(tail);
		if (!evacuate_leaves(e, &p, false) || evacuated(p[0]) ||
			(aged && evacuate_in(p, e->mature_base, e->mature_bytes) != mature))
			break;
		d[-1] = term_of_cons(d);
	}
	if (mature)
		e->old_top = d;
	else
		e->top = d;
	return result;
}

EVACUATE_INLINE term evacuate_boxed(struct evacuation *e, term w, bool aged, bool linked)
{
	term *p = boxed_ptr(w);
	if (!evacuate_leaves(e, &p, linked))
		return w;
	term header = p[0];
	if (evacuated(header))
		return term_of_boxed(forward_target(header));
	debug_assert(header_is(header));
	size_t size = header_size(header);
	bool mature = aged && evacuate_in(p, e->mature_base, e->mature_bytes);
	term *d = mature ? e->old_top : e->top;
	ptrdiff_t shift = linked ? 0 : e->shift;
	d[0] = header;
	if (unlikely(size > 32)) {
		__builtin_memcpy(d + 1, p + 1, size * sizeof(term));
	} else {
		for (size_t i = 1; i <= size; i++) {
			d[i] = p[i];
			__asm__("" : "+r"(i)); /* keeps this from becoming a call of memcpy */
		}
	}
	p[0] = forward_to(d, shift);
	if (mature)
		e->old_top = d + size + 1;
	else
		e->top = d + size + 1;
	return term_of_boxed(d) + (term)shift;
}

EVACUATE_INLINE void evacuate_word(struct evacuation *e, term *p, bool aged, bool linked, enum evacuate_spines spines)
{
	unsigned tag = *p & TAG_MASK;
	if (tag == TAG_CONS)
		*p = evacuate_cons(e, *p, aged, linked, spines);
	else if (tag == TAG_BOXED)
		*p = evacuate_boxed(e, *p, aged, linked);
}

EVACUATE_INLINE void evacuate_words(struct evacuation *e, term *p, size_t count, bool aged, bool linked)
{
	for (term *end = p + count; p < end; p++)
		evacuate_word(e, p, aged, linked, SPINES_WHOLE);
}

EVACUATE_INLINE void evacuate_roots(struct evacuation *e, const struct roots *roots, bool aged, bool linked)
{
	for (unsigned i = 0; i < roots->count; i++)
		evacuate_words(e, roots->ranges[i].first, roots->ranges[i].count, aged, linked);
	for (size_t i = 0; i < roots->cell_count; i++)
		evacuate_words(e, roots->cells[i], 1, aged, linked);
}

/* One step of a scan of moved values: p's word, and whatever it refers to. Returns the next word. */
EVACUATE_INLINE term *evacuate_step(struct evacuation *e, term *p, bool aged, bool linked, enum evacuate_spines spines)
{
	term w = *p;
	unsigned tag = w & TAG_MASK;
	if (tag == TAG_CONS)
		*p = evacuate_cons(e, w, aged, linked, spines);
	else if (tag == TAG_BOXED)
		*p = evacuate_boxed(e, w, aged, linked);
	else if (tag == TAG_HEADER && (w & HEADER_RAW) != 0)
		return p + header_size(w) + 1;
	return p + 1;
}

/* Values were moved away: what became of the off-heap ones on `list`. Those in [old_base, +old_bytes) go to old, the
 * others to young; the dead lose their count. shift as above; final: from told addresses to where they will be. */
void evacuate_offheap(term *list, ptrdiff_t shift, ptrdiff_t final, uintptr_t old_base, uintptr_t old_bytes,
	struct offheap *young, struct offheap *old);
/* The same of the first `most`; returns where to go on, NULL at the end. */
term *evacuate_offheap_part(term *list, size_t most, ptrdiff_t shift, ptrdiff_t final, uintptr_t old_base, uintptr_t old_bytes,
	struct offheap *young, struct offheap *old);
