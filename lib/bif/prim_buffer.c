/* SPDX-License-Identifier: Apache-2.0 */
/* The natives of prim_buffer: a queue of bytes that a program fills at one end and empties at the other (files that are read by line, or
 * ahead of time). Small writes are gathered in pieces of GATHER_BYTES, as in OTP, whose pieces peek_head/1 shows.
 *
 * A buffer is a magic reference. Programs take turns by try_lock/1 and unlock/1; the mutex here only keeps its parts in order when they
 * do not. What it holds is charged to the namespace that made it.
 * Source: prim_buffer.erl and its natives in OTP 27. */
#include "base/account.h"
#include "base/lock.h"
#include "bif/bif.h"
#include "binary/binary.h"
#include "data/big.h"
#include "ns/ns.h"
#include "term/ident.h"

#include <string.h>

#define GATHER_BYTES 2048
#define BUFFER_BYTES 512 /* what one counts for in the collector's pace */

struct piece {
	struct piece *next;
	struct binary *binary; /* counted */
	size_t start, end;     /* of its bytes */
};

struct buffer {
	struct counted counted; /* first */
	struct account *account;
	struct mutex mutex;
	_Atomic bool locked; /* by a program */
	/* guarded by mutex */
	struct piece *first, *last;
	struct binary *
		gathered; /* size: bytes so far, of GATHER_BYTES; NULL: nothing is being gathered */
	size_t size;      /* of the pieces, without what is gathered */
};

/* ------------------------------------------------------------------------------------------------ pieces */

static void piece_free(struct buffer *b, struct piece *piece)
{
	account_charge(b->account, ACCOUNT_OTHER, -(int64_t)sizeof(*piece));
	(void)binary_unref(piece->binary); /* always NULL */
	mem_free(MEM_MISC, piece, sizeof(*piece));
}

/* Takes the count of binary. */
static void append(struct buffer *b, struct binary *binary, size_t start, size_t end)
{
	struct piece *piece = mem_alloc(MEM_MISC, sizeof(*piece));
	*piece = (struct piece){ NULL, binary, start, end };
	account_charge(b->account, ACCOUNT_OTHER, (int64_t)sizeof(*piece));
	if (b->first == NULL)
		b->first = piece;
	else
		b->last->next = piece;
	b->last = piece;
	b->size += end - start;
}

static void end_gathering(struct buffer *b)
{
	if (b->gathered == NULL)
		return;
	append(b, b->gathered, 0, b->gathered->size);
	b->gathered = NULL;
}

static void skip(struct buffer *b, size_t size)
{
	b->size -= size;
	while (size > 0) {
		struct piece *piece = b->first;
		size_t part = piece->end - piece->start;
		if (size < part) {
			piece->start += size;
			return;
		}
		size -= part;
		b->first = piece->next;
		piece_free(b, piece);
	}
}

static void buffer_destroy(struct counted *counted)
{
	struct buffer *b = (struct buffer *)counted; /* first member */
	for (struct piece *piece; (piece = b->first) != NULL;) {
		b->first = piece->next;
		piece_free(b, piece);
	}
	(void)binary_unref(b->gathered); /* always NULL */
	mutex_done(&b->mutex);
	account_charge(b->account, ACCOUNT_OTHER, -(int64_t)sizeof(*b));
	(void)account_unref(b->account); /* always NULL */
	mem_free(MEM_MISC, b, sizeof(*b));
}

static struct buffer *buffer_of(term t)
{
	if (!term_is_kind(t, BOXED_MAGIC_REF))
		return NULL;
	struct counted *counted = (struct counted *)(uintptr_t)boxed_ptr(t)[2];
	return counted->destroy == buffer_destroy ? (struct buffer *)counted
						  : NULL; /* first member */
}

/* ------------------------------------------------------------------------------------------------ rows */

term bif_prim_buffer_new_0(struct proc *p, const term *args)
{
	(void)args; /* there are none */
	struct buffer *b = mem_zalloc(MEM_MISC, sizeof(*b));
	b->counted.refs = 1;
	b->counted.destroy = buffer_destroy;
	b->account = account_ref(p->ns->account);
	account_charge(b->account, ACCOUNT_OTHER, (int64_t)sizeof(*b));
	mutex_init(&b->mutex, LOCK_LEAF);
	struct ref_id id = ref_new_id();
	term *m = heap_alloc(bif_heap(p), MAGIC_REF_WORDS);
	m[0] = HEADER(BOXED_MAGIC_REF, MAGIC_REF_WORDS - 1);
	m[2] = (term)(uintptr_t)b;
	m[3] = id.high;
	m[4] = id.low;
	offheap_add(&bif_heap(p)->offheap, m, BUFFER_BYTES);
	return term_of_boxed(m);
}

term bif_prim_buffer_size_1(struct proc *p, const term *args)
{
	struct buffer *b = buffer_of(args[0]);
	if (b == NULL)
		return bif_badarg(p);
	mutex_lock(&b->mutex);
	size_t size = b->size + (b->gathered != NULL ? b->gathered->size : 0);
	mutex_unlock(&b->mutex);
	return integer_of_u64(bif_heap(p), size);
}

/* Bytes of a list of binaries; false when it is something else. */
static bool binaries_size(struct proc *p, term list, size_t *ret)
{
	size_t size = 0, count = 0;
	for (; term_is_cons(list); list = cons_tail(list), count++) {
		if (!term_is_binary(cons_head(list)))
			return false;
		size += bits_size(cons_head(list)) / 8;
	}
	bif_charge(p, count / 8);
	*ret = size;
	return list == TERM_NIL;
}

/* Puts all of the list behind what is gathered, for which there is room. */
static void gather(struct buffer *b, term list)
{
	if (b->gathered == NULL) {
		b->gathered = binary_new(GATHER_BYTES);
		b->gathered->size = 0;
	}
	for (; term_is_cons(list); list = cons_tail(list)) {
		struct bits bits = bits_of(cons_head(list));
		bits_copy_out(
			b->gathered->data + b->gathered->size, bits.data, bits.offset, bits.size);
		b->gathered->size += bits.size / 8;
	}
	if (b->gathered->size == 0)
		b->gathered = binary_unref(b->gathered);
}

/* Shares the buffer of a large binary, copies a small one. */
static void append_term(struct buffer *b, term t)
{
	struct bits bits = bits_of(t);
	size_t size = bits.size / 8;
	term whole = term_is_kind(t, BOXED_SUB_BITS) ? boxed_ptr(t)[1] : t;
	if (size == 0)
		return;
	if (bits.offset == 0 && term_is_kind(whole, BOXED_REF_BITS) &&
		!binary_is_growable(ref_bits_binary(whole))) {
		struct binary *binary = binary_ref(ref_bits_binary(whole));
		size_t start = (size_t)(bits.data - binary->data);
		append(b, binary, start, start + size);
		return;
	}
	struct binary *copy = binary_new(size);
	bits_copy_out(copy->data, bits.data, bits.offset, bits.size);
	append(b, copy, 0, size);
}

term bif_prim_buffer_write_2(struct proc *p, const term *args)
{
	struct buffer *b = buffer_of(args[0]);
	size_t size;
	if (b == NULL || !binaries_size(p, args[1], &size))
		return bif_badarg(p);
	mutex_lock(&b->mutex);
	size_t gathered = b->gathered != NULL ? b->gathered->size : 0;
	if (gathered + size < GATHER_BYTES) {
		gather(b, args[1]);
	} else {
		end_gathering(b);
		if (size < GATHER_BYTES / 2)
			gather(b, args[1]);
		else
			for (term list = args[1]; term_is_cons(list); list = cons_tail(list))
				append_term(b, cons_head(list));
	}
	mutex_unlock(&b->mutex);
	return A(ok);
}

term bif_prim_buffer_peek_head_1(struct proc *p, const term *args)
{
	struct buffer *b = buffer_of(args[0]);
	if (b == NULL)
		return bif_badarg(p);
	struct heap *heap = bif_heap(p);
	term head = TERM_NONE;
	mutex_lock(&b->mutex);
	end_gathering(b);
	struct piece *piece = b->first;
	if (piece != NULL) {
		size_t size = piece->end - piece->start;
		if (size <= HEAP_BITS_MAX_BYTES) {
			head = bits_of_bytes(heap, piece->binary->data + piece->start, size);
		} else {
			term whole = bits_take_binary(
				heap, binary_ref(piece->binary), piece->binary->size * 8);
			head = bits_part(heap, whole, piece->start * 8, size * 8);
		}
	}
	mutex_unlock(&b->mutex);
	return head != TERM_NONE ? head : bif_badarg(p);
}

/* The arguments of what takes `size` bytes; NULL: they are none. */
static struct buffer *buffer_and_size(const term *args, uint64_t *ret_size)
{
	struct buffer *b = buffer_of(args[0]);
	return b != NULL && integer_to_u64(args[1], ret_size) ? b : NULL;
}

/* Whether it has that many bytes, with all of them in pieces. */
static bool has(struct buffer *b, uint64_t size) REQUIRES(b->mutex)
{
	end_gathering(b);
	return b->size >= size;
}

term bif_prim_buffer_skip_2(struct proc *p, const term *args)
{
	uint64_t size;
	struct buffer *b = buffer_and_size(args, &size);
	if (b == NULL)
		return bif_badarg(p);
	mutex_lock(&b->mutex);
	bool there = has(b, size);
	if (there)
		skip(b, size);
	mutex_unlock(&b->mutex);
	return there ? A(ok) : bif_badarg(p);
}

term bif_prim_buffer_copying_read_2(struct proc *p, const term *args)
{
	uint64_t size;
	struct buffer *b = buffer_and_size(args, &size);
	if (b == NULL)
		return bif_badarg(p);
	mutex_lock(&b->mutex);
	if (!has(b, size) || size > BITS_MAX / 8) {
		bool there = b->size >= size;
		mutex_unlock(&b->mutex);
		return there ? bif_system_limit(p) : bif_badarg(p);
	}
	uint8_t *data;
	term bytes = bits_new(bif_heap(p), size * 8, &data);
	for (size_t left = size; left > 0;) {
		struct piece *piece = b->first;
		size_t part = piece->end - piece->start;
		part = part < left ? part : left;
		memcpy(data, piece->binary->data + piece->start, part);
		data += part;
		left -= part;
		skip(b, part);
	}
	mutex_unlock(&b->mutex);
	bif_charge(p, size / 1024);
	return bytes;
}

term bif_prim_buffer_find_byte_index_2(struct proc *p, const term *args)
{
	struct buffer *b = buffer_of(args[0]);
	if (b == NULL || !term_is_small(args[1]) || small_value(args[1]) < 0 ||
		small_value(args[1]) > 255)
		return bif_badarg(p);
	size_t before = 0;
	bool found = false;
	mutex_lock(&b->mutex);
	end_gathering(b);
	for (const struct piece *piece = b->first; piece != NULL && !found; piece = piece->next) {
		const uint8_t *start = piece->binary->data + piece->start;
		const uint8_t *at =
			memchr(start, (int)small_value(args[1]), piece->end - piece->start);
		found = at != NULL;
		before += found ? (size_t)(at - start) : piece->end - piece->start;
	}
	mutex_unlock(&b->mutex);
	bif_charge(p, before / 4096);
	return found ? heap_tuple_of(bif_heap(p), A(ok), integer_of_u64(bif_heap(p), before))
		     : A(not_found);
}

term bif_prim_buffer_try_lock_1(struct proc *p, const term *args)
{
	struct buffer *b = buffer_of(args[0]);
	if (b == NULL)
		return bif_badarg(p);
	bool free = false;
	return atomic_cas_acq_rel(&b->locked, &free, true) ? A(acquired)
							   : A(busy); /* Pairs with unlock. */
}

term bif_prim_buffer_unlock_1(struct proc *p, const term *args)
{
	struct buffer *b = buffer_of(args[0]);
	if (b == NULL)
		return bif_badarg(p);
	bool taken = true;
	if (!atomic_cas_acq_rel(&b->locked, &taken, false)) /* Pairs with try_lock. */
		return bif_error(p, A(lock_order_violation));
	return A(ok);
}
