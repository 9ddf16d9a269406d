/* SPDX-License-Identifier: Apache-2.0 */
/* Deep copies: a size pass with a stack of its own, then a copy whose destination is the queue of what is still to be
 * copied (each word is visited once, in the order it was written), so that depth costs no C stack.
 * What is small and not deep, as most messages are, is counted and copied by short recursions, which cost a third of that.
 * Invariant: a pointer in the destination that lies in the destination is final; any other is still the source's. */
#include "heap/heap.h"
#include "base/account.h"
#include "base/atomic.h"
#include "heap/literal.h"
#include "heap/offheap.h"
#include "term/atom.h"
#include "term/fun.h"

#include <string.h>

enum copy_mode {
	COPY_SHARE_LITERALS, /* what a process or message keeps */
	COPY_LITERALS,       /* everything */
};

/* Terms still to be counted. */
struct todo {
	term *items;
	size_t count;
	size_t capacity;
	term inline_items[64];
};

static _noinline_ void todo_grow(struct todo *t, size_t more)
{
	size_t capacity = t->capacity * 2;
	while (capacity < t->count + more)
		capacity *= 2;
	term *items = mem_alloc(MEM_TEMP, capacity * sizeof(term));
	memcpy(items, t->items, t->count * sizeof(term));
	if (t->items != t->inline_items)
		mem_free(MEM_TEMP, t->items, t->capacity * sizeof(term));
	t->items = items;
	t->capacity = capacity;
}

static inline void todo_room(struct todo *t, size_t more)
{
	if (unlikely(t->capacity - t->count < more))
		todo_grow(t, more);
}

/* Literals that are about to go: see heap_set_purge(). The thread's own view changes between slices only, so that what is
 * counted and what is copied agree. */
static struct {
	_Atomic uintptr_t start;
	_Atomic size_t bytes;
} purged;

static _Thread_local struct literal_region purged_here;

void heap_set_purge(const term *start, size_t words)
{
	/* A mixture of old and new would do no harm: other literals are copied, too. Pairs with heap_adopt_purge(). */
	atomic_store_release(&purged.bytes, 0);
	atomic_store_release(&purged.start, (uintptr_t)start);
	atomic_store_release(&purged.bytes, words * sizeof(term));
}

void heap_adopt_purge(void)
{
	purged_here.bytes = atomic_load_acquire(&purged.bytes); /* Pairs with heap_set_purge(). */
	purged_here.start = atomic_load_acquire(&purged.start); /* as above */
}

/* A literal that copies may refer to. */
static inline bool is_shared(term t)
{
	return term_is_literal(t) && likely((uintptr_t)t - purged_here.start >= purged_here.bytes);
}

static inline bool must_copy(term t, enum copy_mode mode)
{
	unsigned tag = t & TAG_MASK;
	if (tag != TAG_CONS && tag != TAG_BOXED)
		return false;
	return !is_shared(t) || (mode == COPY_LITERALS && !literal_is_lasting(t));
}

/* A short part of a longer bitstring is copied as bytes of its own, so that it does not keep the whole alive. */
static inline bool sub_bits_inline(const term *sub)
{
	return (sub[3] >> 3) <= HEAP_BITS_MAX_BYTES * 8 ||
	       header_kind(boxed_header(sub[1])) == BOXED_HEAP_BITS;
}

static inline size_t sub_bits_words(const term *sub, enum copy_mode mode)
{
	if (sub_bits_inline(sub))
		return HEAP_BITS_WORDS(((sub[3] >> 3) + 7) / 8);
	return SUB_BITS_WORDS + (must_copy(sub[1], mode) ? REF_BITS_WORDS : 0);
}

/* SIZE_MAX: over the bound. */
static inline __attribute__((always_inline)) size_t count_words(term root, enum copy_mode mode, size_t bound)
{
	size_t words = 0;
	if (!must_copy(root, mode))
		return 0;
	struct todo todo;
	todo.items = todo.inline_items;
	todo.count = 0;
	todo.capacity = ARRAY_SIZE(todo.inline_items);
	term t = root;
	for (;;) {
		if (unlikely(words > bound)) {
			words = SIZE_MAX;
			break;
		}
		if (term_is_cons(t)) {
			const term *p = cons_ptr(t);
			words += 2;
			bool tail = must_copy(p[1], mode);
			if (must_copy(p[0], mode)) {
				todo_room(&todo, 1);
				if (tail)
					todo.items[todo.count++] = p[1];
				t = p[0];
				continue;
			}
			if (tail) {
				t = p[1];
				continue;
			}
		} else {
			const term *p = boxed_ptr(t);
			size_t size = header_size(p[0]);
			if (header_kind(p[0]) == BOXED_SUB_BITS) {
				words += sub_bits_words(p, mode);
			} else {
				words += size + 1;
				if ((p[0] & HEADER_RAW) == 0) {
					todo_room(&todo, size);
					for (size_t i = size; i > 0; i--) {
						if (must_copy(p[i], mode))
							todo.items[todo.count++] = p[i];
					}
				}
			}
		}
		if (todo.count == 0)
			break;
		t = todo.items[--todo.count];
	}
	if (unlikely(todo.items != todo.inline_items))
		mem_free(MEM_TEMP, todo.items, todo.capacity * sizeof(term));
	return words;
}

void heap_hold_names(term root, struct names_holder holder)
{
	struct todo todo;
	todo.items = todo.inline_items;
	todo.count = 0;
	todo.capacity = ARRAY_SIZE(todo.inline_items);
	term t = root;
	for (;;) {
		if (term_is_atom(t)) {
			atom_hold(holder, t);
		} else if (term_is_cons(t)) {
			todo_room(&todo, 1);
			todo.items[todo.count++] = cons_ptr(t)[1];
			t = cons_ptr(t)[0];
			continue;
		} else if (!term_is_immediate(t)) {
			const term *p = boxed_ptr(t);
			size_t size = (p[0] & HEADER_RAW) == 0 ? header_size(p[0]) : 0;
			enum boxed_kind kind = header_kind(p[0]);
			if (kind == BOXED_EXT_PID || kind == BOXED_EXT_PORT || kind == BOXED_EXT_REF)
				atom_hold(holder, p[1]); /* the node */
			else if (kind == BOXED_EXPORT_FUN)
				export_hold(holder, export_fun(t));
			else if (kind == BOXED_FUN)
				fun_hold(holder, fun_entry(t));
			todo_room(&todo, size);
			for (size_t i = size; i > 0; i--)
				todo.items[todo.count++] = p[i];
		}
		if (todo.count == 0)
			break;
		t = todo.items[--todo.count];
	}
	if (todo.items != todo.inline_items)
		mem_free(MEM_TEMP, todo.items, todo.capacity * sizeof(term));
}

/* bits of [data, offset..) to out, from its first bit; the unused bits of the last byte become zero. */
static void copy_bits(uint8_t *out, const uint8_t *data, unsigned offset, size_t bits)
{
	size_t bytes = (bits + 7) / 8;
	if (offset == 0) {
		memcpy(out, data, bytes);
	} else {
		size_t source_bytes = (offset + bits + 7) / 8;
		for (size_t i = 0; i < bytes; i++) {
			unsigned v = (unsigned)data[i] << 8;
			if (i + 1 < source_bytes)
				v |= data[i + 1];
			out[i] = (uint8_t)(v >> (8 - offset));
		}
	}
	if (bits % 8 != 0)
		out[bytes - 1] &= (uint8_t)(0xFF00U >> (bits % 8));
}

static term *put_heap_bits(term *top, const term *sub)
{
	size_t size = (size_t)(sub[3] >> 3);
	size_t offset = (size_t)(sub[2] >> 3);
	size_t words = HEAP_BITS_WORDS((size + 7) / 8);
	top[0] = HEADER(BOXED_HEAP_BITS, words - 1);
	top[1] = (term)size << 3;
	if (words > 2) {
		top[words - 1] = 0;
		copy_bits((uint8_t *)(top + 2), whole_bits_data(sub[1]) + offset / 8, offset % 8, size);
	}
	return top + words;
}

/* The words of an off-heap value were copied to `to`: one more count, on the list. The source may no longer grow in
 * place, since its buffer has another reader from now on. */
static void share_offheap(term *to, term *from, struct offheap *list)
{
	if (header_kind(to[0]) == BOXED_REF_BITS && to[4] != 0) {
		to[4] = 0;
		from[4] &= ~((term)BITS_WRITABLE << 3);
	}
	counted_ref(offheap_counted(to));
	offheap_add(list, to, offheap_bytes(to));
}

static inline void copy_words(term *to, const term *from, size_t words)
{
	if (unlikely(words > 32)) {
		memcpy(to, from, words * sizeof(term));
		return;
	}
	for (size_t i = 0; i < words; i++) {
		to[i] = from[i];
		__asm__("" : "+r"(i)); /* keeps the loop from becoming a call of memcpy, which is dear for a few words */
	}
}

static term *copy_boxed(term *top, term *p, struct offheap *list)
{
	term header = p[0];
	if (header_kind(header) == BOXED_SUB_BITS) {
		if (sub_bits_inline(p))
			return put_heap_bits(top, p);
		copy_words(top, p, SUB_BITS_WORDS);
		top[4] = 0;
		return top + SUB_BITS_WORDS; /* `whole` follows when the queue comes to it */
	}
	size_t words = header_size(header) + 1;
	copy_words(top, p, words);
	if (unlikely(offheap_is(header)))
		share_offheap(top, p, list);
	return top + words;
}

static inline __attribute__((always_inline)) term copy_one(term t, term **top_io, struct offheap *list,
	enum copy_mode mode)
{
	term *top = *top_io;
	if (term_is_cons(t)) {
		/* The whole spine at once: lists lie in one run. */
		const term *p = cons_ptr(t);
		term result = term_of_cons(top);
		for (;;) {
			top[0] = p[0];
			term tail = p[1];
			if (!term_is_cons(tail) || (mode == COPY_SHARE_LITERALS && is_shared(tail))) {
				top[1] = tail;
				break;
			}
			top[1] = term_of_cons(top + 2);
			p = cons_ptr(tail);
			top += 2;
		}
		*top_io = top + 2;
		return result;
	}
	term result = term_of_boxed(top);
	*top_io = copy_boxed(top, boxed_ptr(t), list);
	return result;
}

static inline __attribute__((always_inline)) term copy_into(term t, term **hp, struct offheap *list,
	enum copy_mode mode)
{
	if (!must_copy(t, mode))
		return t;
	term *start = *hp;
	term *top = start;
	term *scan = start;
	term result = copy_one(t, &top, list, mode);
	while (scan < top) {
		term w = *scan;
		unsigned tag = w & TAG_MASK;
		if (tag == TAG_HEADER) {
			scan += (w & HEADER_RAW) ? header_size(w) + 1 : 1;
			continue;
		}
		if ((uintptr_t)w - (uintptr_t)start >= (uintptr_t)top - (uintptr_t)start && must_copy(w, mode))
			*scan = copy_one(w, &top, list, mode);
		scan++;
	}
	*hp = top;
	return result;
}

#define SMALL_DEPTH 6U /* Bound: of the recursions below; what comes last in a value goes no deeper */

/* Words of a small value without off-heap parts; more than HEAP_SMALL_WORDS for any other. t is to be copied. */
static size_t small_words(term t, unsigned depth)
{
	size_t words = 0;
	for (;;) {
		term last = TERM_NIL;
		const term *p;
		size_t size;
		if (term_is_cons(t)) {
			p = cons_ptr(t);
			size = 2;
			words += 2;
		} else {
			const term header = *boxed_ptr(t);
			p = boxed_ptr(t) + 1;
			size = header_size(header);
			words += size + 1;
			if (offheap_is(header) || header_kind(header) == BOXED_SUB_BITS)
				return HEAP_SMALL_WORDS + 1;
			if ((header & HEADER_RAW) != 0)
				return words;
		}
		if (words > HEAP_SMALL_WORDS)
			return words;
		for (size_t i = 0; i < size; i++) {
			if (!must_copy(p[i], COPY_SHARE_LITERALS))
				continue;
			if (last != TERM_NIL) {
				words += depth == 0 ? HEAP_SMALL_WORDS + 1 : small_words(last, depth - 1);
				if (words > HEAP_SMALL_WORDS)
					return words;
			}
			last = p[i];
		}
		if (last == TERM_NIL)
			return words;
		t = last;
	}
}

/* Copies what small_words() has found small. */
static term small_copy(term t, term **top)
{
	term *to = *top, result, *link = &result;
	for (;;) {
		const term *p;
		size_t size;
		term *last = NULL;
		if (term_is_cons(t)) {
			*link = term_of_cons(to);
			p = cons_ptr(t);
			size = 2;
		} else {
			*link = term_of_boxed(to);
			p = boxed_ptr(t);
			size = header_size(p[0]);
			*to++ = *p++;
			if ((p[-1] & HEADER_RAW) != 0) {
				copy_words(to, p, size);
				*top = to + size;
				return result;
			}
		}
		*top = to + size;
		for (size_t i = 0; i < size; i++) {
			to[i] = p[i];
			if (!must_copy(p[i], COPY_SHARE_LITERALS))
				continue;
			if (last != NULL)
				*last = small_copy(*last, top);
			last = &to[i];
		}
		if (last == NULL)
			return result;
		t = *last;
		link = last;
		to = *top;
	}
}

size_t heap_copy_words_small(term t)
{
	return must_copy(t, COPY_SHARE_LITERALS) ? small_words(t, SMALL_DEPTH) : 0;
}

term heap_copy_small_into(term t, term **hp)
{
	return must_copy(t, COPY_SHARE_LITERALS) ? small_copy(t, hp) : t;
}

size_t heap_copy_words(term t)
{
	return count_words(t, COPY_SHARE_LITERALS, SIZE_MAX);
}

size_t heap_flat_words(term t)
{
	return count_words(t, COPY_LITERALS, SIZE_MAX);
}

size_t heap_copy_bound(void)
{
	size_t words = account_room_bytes() / sizeof(term);
	if (words < ACCOUNT_BATCH_BYTES / sizeof(term))
		return ACCOUNT_BATCH_BYTES / sizeof(term); /* small ones get through, so that who has no room left can still say so */
	return words < UINT32_MAX / 2 ? words : UINT32_MAX / 2; /* what a fragment can hold, with room to spare */
}

size_t heap_copy_words_bounded(term t)
{
	return count_words(t, COPY_SHARE_LITERALS, heap_copy_bound());
}

size_t heap_flat_words_bounded(term t)
{
	return count_words(t, COPY_LITERALS, heap_copy_bound());
}

term heap_copy_into(term t, term **hp, struct offheap *list)
{
	return copy_into(t, hp, list, COPY_SHARE_LITERALS);
}

term heap_copy_deep_into(term t, term **hp, struct offheap *list)
{
	return copy_into(t, hp, list, COPY_LITERALS);
}

term heap_copy(struct heap *heap, term t)
{
	if (!must_copy(t, COPY_SHARE_LITERALS))
		return t;
	term *p = heap_alloc(heap, heap_copy_words(t));
	return heap_copy_into(t, &p, &heap->offheap);
}

static inline __attribute__((always_inline)) struct owned_term *owned_new(enum mem_class class, term t,
	enum copy_mode mode, size_t bound)
{
	size_t words = count_words(t, mode, bound);
	if (unlikely(words == SIZE_MAX))
		return NULL;
	size_t bytes = sizeof(struct owned_term) + words * sizeof(term);
	struct owned_term *o = mem_alloc(class, bytes);
	*o = (struct owned_term){ .bytes = bytes, .class = class, .account = account_current() };
	account_charge(o->account, ACCOUNT_OTHER, (int64_t)bytes);
	term *p = o->data;
	o->value = copy_into(t, &p, &o->offheap, mode);
	debug_assert(p == o->data + words);
	if (o->account != NULL) {
		mutex_lock(&o->account->owned_lock);
		list_append(&o->account->owned, &o->link);
		mutex_unlock(&o->account->owned_lock);
	}
	return o;
}

struct owned_term *owned_term_new(enum mem_class class, term t)
{
	return owned_new(class, t, COPY_LITERALS, SIZE_MAX);
}

struct owned_term *owned_term_new_bounded(enum mem_class class, term t)
{
	return owned_new(class, t, COPY_LITERALS, heap_copy_bound());
}

struct owned_term *owned_term_new_deep(enum mem_class class, term t)
{
	return owned_new(class, t, COPY_LITERALS, SIZE_MAX);
}

struct owned_term *owned_term_free(struct owned_term *t)
{
	if (t != NULL) {
		if (t->account != NULL) {
			mutex_lock(&t->account->owned_lock);
			list_remove(&t->link);
			mutex_unlock(&t->account->owned_lock);
		}
		offheap_release(&t->offheap);
		account_charge(t->account, ACCOUNT_OTHER, -(int64_t)t->bytes);
		mem_free(t->class, t, t->bytes);
	}
	return NULL;
}
