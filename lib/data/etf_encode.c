/* SPDX-License-Identifier: Apache-2.0 */
/* External terms, encoded: one pass into a growing buffer, with a stack of our own.
 *
 * Local identifiers.  Pids: slot and serial are id and serial of the format.  References: low (two words), high; a fourth word
 * when high has more than 32 bits; an alias has five: low, low, high, and its pid's number in two. etf_decode.c reads
 * them back. */
#include "data/etf.h"

#include "base/unwanted.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "binary/binary.h"
#include "data/etf_tags.h"
#include "term/atom.h"
#include "term/compare.h"
#include "term/export.h"
#include "term/fun.h"
#include "term/ident.h"
#include "term/map.h"
#include "term/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

/* What is still to be written. */
struct pending {
	const term *at; /* values, one after the other */
	const term *
		values; /* of a flat map: at holds the keys, values the values, taken in turn; else NULL */
	size_t left;

	enum {
		PENDING_ARRAY,
		PENDING_FLATMAP_KEY,
		PENDING_FLATMAP_VALUE,
		PENDING_LIST,     /* at: the cell to go on with; left: cells, then the tail */
		PENDING_NODE,     /* at: children of a map's node */
		PENDING_OWNED,    /* an array that is freed at its end; values: its start */
		PENDING_FUN_SIZE, /* left: offset where a fun's size is to be written */
	} kind;

	size_t bytes; /* PENDING_OWNED: of the allocation */
};

struct encoder {
	const struct etf_context *context;
	struct etf_out *out;
	unsigned flags;
	bool too_large;
	size_t payload; /* bytes of bitstrings among those written */
	VEC(struct pending) stack;
};

/* ------------------------------------------------------------------------------------------------ bytes */

void etf_out_done(struct etf_out *out)
{
	mem_free(MEM_TEMP, out->data, out->capacity);
	*out = (struct etf_out){ 0 };
}

static _noinline_ void out_grow(struct etf_out *out, size_t more)
{
	size_t capacity = out->capacity < 64 ? 128 : out->capacity * 2;
	if (capacity < out->size + more)
		capacity = out->size + more;
	out->data = mem_realloc(MEM_TEMP, out->data, out->capacity, capacity);
	out->capacity = capacity;
}

static inline uint8_t *out_room(struct etf_out *out, size_t bytes)
{
	if (unlikely(out->capacity - out->size < bytes))
		out_grow(out, bytes);
	uint8_t *p = out->data + out->size;
	out->size += bytes;
	return p;
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, 4);
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, 8);
}

static inline void put_u8(struct etf_out *out, uint8_t v)
{
	*out_room(out, 1) = v;
}

static inline void put_u32(struct etf_out *out, uint32_t v)
{
	put_be32(out_room(out, 4), v);
}

static inline void put_tag_u32(struct etf_out *out, uint8_t tag, uint32_t v)
{
	uint8_t *p = out_room(out, 5);
	p[0] = tag;
	put_be32(p + 1, v);
}

/* ------------------------------------------------------------------------------------------------ leaves */

static bool put_latin1_atom(struct etf_out *out, struct atom_text text)
{
	uint8_t latin1[ATOM_CHARS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < text.size;) {
		uint32_t c;
		int length = utf8_decode(text.bytes + i, text.size - i, &c);
		if (length <= 0 || c > 255)
			return false;
		latin1[n++] = (uint8_t)c;
		i += (size_t)length;
	}
	uint8_t *p = out_room(out, 3 + n);
	p[0] = ETF_ATOM;
	p[1] = (uint8_t)(n >> 8);
	p[2] = (uint8_t)n;
	memcpy(p + 3, latin1, n);
	return true;
}

static void put_atom(struct encoder *e, term atom)
{
	struct atom_text text = atom_text(atom);
	if ((e->flags & ETF_LATIN1_ATOMS) != 0 && put_latin1_atom(e->out, text))
		return;
	if (text.size <= 255) {
		uint8_t *p = out_room(e->out, 2 + text.size);
		p[0] = ETF_SMALL_ATOM_UTF8;
		p[1] = (uint8_t)text.size;
		memcpy(p + 2, text.bytes, text.size);
		return;
	}
	uint8_t *p = out_room(e->out, 3 + text.size);
	p[0] = ETF_ATOM_UTF8;
	p[1] = (uint8_t)(text.size >> 8);
	p[2] = (uint8_t)text.size;
	memcpy(p + 3, text.bytes, text.size);
}

static void put_magnitude(struct encoder *e, const uint64_t *digits, size_t limbs, bool negative)
{
	size_t bytes = limbs * 8 - (size_t)__builtin_clzll(digits[limbs - 1]) / 8;
	if (bytes > UINT32_MAX) {
		e->too_large = true;
		return;
	}
	if (bytes <= 255) {
		uint8_t *p = out_room(e->out, 2);
		p[0] = ETF_SMALL_BIG;
		p[1] = (uint8_t)bytes;
	} else {
		put_tag_u32(e->out, ETF_LARGE_BIG, (uint32_t)bytes);
	}
	put_u8(e->out, negative);
	memcpy(out_room(e->out, bytes), digits, bytes);
}

static void put_small(struct encoder *e, int64_t v)
{
	if (v >= 0 && v <= 255) {
		uint8_t *p = out_room(e->out, 2);
		p[0] = ETF_SMALL_INTEGER;
		p[1] = (uint8_t)v;
	} else if (v >= INT32_MIN && v <= INT32_MAX) {
		put_tag_u32(e->out, ETF_INTEGER, (uint32_t)v);
	} else {
		uint64_t magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;
		put_magnitude(e, &magnitude, 1, v < 0);
	}
}

static void put_float(struct encoder *e, double d)
{
	if ((e->flags & ETF_TEXT_FLOATS) != 0) {
		char text[64];
		int n = snprintf(text, sizeof(text), "%.20e", d);
		uint8_t *p = out_room(e->out, 32);
		memset(p, 0, 32);
		p[0] = ETF_FLOAT;
		memcpy(p + 1, text, n < 31 ? (size_t)n : 31);
		return;
	}
	uint64_t v;
	memcpy(&v, &d, 8);
	uint8_t *p = out_room(e->out, 9);
	p[0] = ETF_NEW_FLOAT;
	put_be64(p + 1, v);
}

static void put_bits(struct encoder *e, term t)
{
	struct bits bits = bits_of(t);
	size_t bytes = bits_to_bytes(bits.size);
	if (bytes > UINT32_MAX || e->payload + bytes > BITS_MAX / 8) {
		e->too_large = true;
		return;
	}
	e->payload += bytes;
	if (bits.size % 8 == 0) {
		put_tag_u32(e->out, ETF_BINARY, (uint32_t)bytes);
	} else {
		put_tag_u32(e->out, ETF_BIT_BINARY, (uint32_t)bytes);
		put_u8(e->out, (uint8_t)(bits.size % 8));
	}
	bits_copy_out(out_room(e->out, bytes), bits.data, bits.offset, bits.size);
}

static term own_node(const struct encoder *e)
{
	return e->context != NULL && e->context->node != 0 ? e->context->node : A(nonode_nohost);
}

static uint32_t own_creation(const struct encoder *e)
{
	return e->context != NULL && e->context->node != 0 ? e->context->creation : 0;
}

static void put_pid(struct encoder *e, term pid)
{
	const bool local = term_is_local_pid(pid);
	put_u8(e->out, ETF_NEW_PID);
	put_atom(e, local ? own_node(e) : boxed_ptr(pid)[1]);
	uint8_t *p = out_room(e->out, 12);
	put_be32(p, local ? pid_slot(pid) : (uint32_t)boxed_ptr(pid)[2]);
	put_be32(p + 4, local ? pid_serial(pid) : (uint32_t)boxed_ptr(pid)[3]);
	put_be32(p + 8, local ? own_creation(e) : (uint32_t)(boxed_ptr(pid)[2] >> 32));
}

static void put_port(struct encoder *e, term port)
{
	const bool local = term_is_local_port(port);
	uint64_t id = local ? port >> 6 : boxed_ptr(port)[3];
	uint32_t creation = local ? own_creation(e) : (uint32_t)boxed_ptr(port)[2];
	put_u8(e->out, ETF_V4_PORT);
	put_atom(e, local ? own_node(e) : boxed_ptr(port)[1]);
	put_be64(out_room(e->out, 8), id);
	put_u32(e->out, creation);
}

static void put_reference_words(
	struct encoder *e, term node, uint32_t creation, const uint32_t *words, unsigned count)
{
	uint8_t *p = out_room(e->out, 3);
	p[0] = ETF_NEWER_REFERENCE;
	p[1] = 0;
	p[2] = (uint8_t)count;
	put_atom(e, node);
	put_u32(e->out, creation);
	for (unsigned i = 0; i < count; i++)
		put_u32(e->out, words[i]);
}

static void put_reference(struct encoder *e, term ref)
{
	uint32_t words[ETF_REFERENCE_WORDS_MAX];
	const term *p = boxed_ptr(ref);
	if (header_kind(p[0]) == BOXED_EXT_REF) {
		unsigned count = (unsigned)header_size(p[0]) - 2;
		for (unsigned i = 0; i < count; i++)
			words[i] = (uint32_t)p[3 + i];
		put_reference_words(e, p[1], (uint32_t)(p[2] >> 32), words, count);
		return;
	}
	struct ref_id id = ref_id_of(ref);
	unsigned count = 3;
	words[0] = (uint32_t)id.low;
	words[1] = (uint32_t)(id.low >> 32);
	words[2] = (uint32_t)id.high;
	if (p[0] == HEADER(BOXED_REF, 3)) {
		uint64_t number = p[3] >> 6;
		words[3] = (uint32_t)number;
		words[4] = (uint32_t)(number >> 32);
		count = 5;
	} else if (id.high >> 32 != 0) {
		words[3] = (uint32_t)(id.high >> 32);
		count = 4;
	}
	put_reference_words(e, own_node(e), own_creation(e), words, count);
}

static void put_export(struct encoder *e, term fun)
{
	const struct export *export = export_fun(fun);
	put_u8(e->out, ETF_EXPORT);
	put_atom(e, export->module);
	put_atom(e, export->function);
	put_small(e, export->arity);
}

/* ------------------------------------------------------------------------------------------------ containers */

static inline void push_array(struct encoder *e, const term *at, size_t count)
{
	if (count > 0)
		vec_push(&e->stack,
			((struct pending){ .at = at, .left = count, .kind = PENDING_ARRAY }));
}

static void put_fun(struct encoder *e, term fun)
{
	const struct fun_entry *entry = fun_entry(fun);
	put_u8(e->out, ETF_NEW_FUN);
	size_t size_at = e->out->size;
	put_u32(e->out, 0);
	put_u8(e->out, (uint8_t)entry->arity);
	memcpy(out_room(e->out, 16), entry->uniq, 16);
	put_u32(e->out, entry->index);
	put_u32(e->out, entry->free_count);
	put_atom(e, entry->module_name);
	put_small(e, entry->index);
	put_small(e, entry->old_uniq);
	put_pid(e, fun_creator(fun));
	vec_push(&e->stack, ((struct pending){ .left = size_at, .kind = PENDING_FUN_SIZE }));
	push_array(e, fun_free(fun), entry->free_count);
}

static void put_list(struct encoder *e, term list)
{
	size_t count = 0;
	bool bytes = true;
	term t = list;
	for (; term_is_cons(t); t = cons_tail(t), count++)
		bytes = bytes && cons_head(t) <= term_of_small(255) && term_is_small(cons_head(t));
	if (bytes && t == TERM_NIL && count <= UINT16_MAX) {
		uint8_t *p = out_room(e->out, 3 + count);
		p[0] = ETF_STRING;
		p[1] = (uint8_t)(count >> 8);
		p[2] = (uint8_t)count;
		p += 3;
		for (t = list; term_is_cons(t); t = cons_tail(t))
			*p++ = (uint8_t)small_value(cons_head(t));
		return;
	}
	if (count > UINT32_MAX) {
		e->too_large = true;
		return;
	}
	put_tag_u32(e->out, ETF_LIST, (uint32_t)count);
	vec_push(&e->stack,
		((struct pending){ .at = cons_ptr(list), .left = count, .kind = PENDING_LIST }));
}

static int compare_keys(const void *a, const void *b)
{
	return term_compare_exact(*(const term *)a, *(const term *)b);
}

static void put_hashmap_sorted(struct encoder *e, term map)
{
	size_t count = map_size(map);
	size_t bytes = count * 2 * sizeof(term);
	term *pairs = mem_alloc(MEM_TEMP, bytes);
	struct map_iter iter;
	size_t n = 0;
	map_iter_init(&iter, map);
	for (; n < count && map_iter_next(&iter, &pairs[2 * n], &pairs[2 * n + 1]); n++)
		;
	qsort(pairs, n, 2 * sizeof(term), compare_keys);
	vec_push(&e->stack, ((struct pending){ .at = pairs,
				    .values = pairs,
				    .left = 2 * n,
				    .kind = PENDING_OWNED,
				    .bytes = bytes }));
}

static void put_map(struct encoder *e, term map)
{
	size_t count = map_size(map);
	if (count > UINT32_MAX) {
		e->too_large = true;
		return;
	}
	put_tag_u32(e->out, ETF_MAP, (uint32_t)count);
	if (map_is_flat(map)) {
		if (count > 0)
			vec_push(&e->stack, ((struct pending){ .at = flatmap_keys(map),
						    .values = flatmap_values(map),
						    .left = count,
						    .kind = PENDING_FLATMAP_KEY }));
		return;
	}
	if ((e->flags & ETF_DETERMINISTIC) != 0) {
		put_hashmap_sorted(e, map);
		return;
	}
	const term *root = boxed_ptr(boxed_ptr(map)[2]);
	vec_push(&e->stack,
		((struct pending){
			.at = root + 2, .left = header_size(root[0]) - 1, .kind = PENDING_NODE }));
}

static void put_record(struct encoder *e, term record)
{
	term definition = record_definition(record);
	size_t count = record_size(record);
	put_tag_u32(e->out, ETF_RECORD, (uint32_t)count);
	put_u8(e->out, record_exported(definition) == A(true));
	put_atom(e, record_module(definition));
	put_atom(e, record_name(definition));
	for (size_t i = 0; i < count; i++)
		put_atom(e, record_fields(definition)[i]);
	push_array(e, record_values(record), count);
}

static void put_tuple(struct encoder *e, term t)
{
	size_t arity = tuple_arity(t);
	if (arity <= 255) {
		uint8_t *p = out_room(e->out, 2);
		p[0] = ETF_SMALL_TUPLE;
		p[1] = (uint8_t)arity;
	} else if (arity <= UINT32_MAX) {
		put_tag_u32(e->out, ETF_LARGE_TUPLE, (uint32_t)arity);
	} else {
		e->too_large = true;
		return;
	}
	push_array(e, tuple_elements(t), arity);
}

static void put_boxed(struct encoder *e, term t)
{
	const term header = boxed_header(t);
	switch (header_kind(header)) {
	case BOXED_TUPLE:
		put_tuple(e, t);
		return;
	case BOXED_FUN:
		put_fun(e, t);
		return;
	case BOXED_FLATMAP:
	case BOXED_HASHMAP:
		put_map(e, t);
		return;
	case BOXED_RECORD:
		put_record(e, t);
		return;
	case BOXED_SUB_BITS:
	case BOXED_HEAP_BITS:
	case BOXED_REF_BITS:
		put_bits(e, t);
		return;
	case BOXED_BIG_POS:
	case BOXED_BIG_NEG:
		put_magnitude(e, big_digits(t), big_limbs(t), big_is_negative(t));
		return;
	case BOXED_FLOAT:
		put_float(e, float_value(t));
		return;
	case BOXED_EXPORT_FUN:
		put_export(e, t);
		return;
	case BOXED_REF:
	case BOXED_MAGIC_REF:
	case BOXED_EXT_REF:
		put_reference(e, t);
		return;
	case BOXED_EXT_PID:
		put_pid(e, t);
		return;
	case BOXED_EXT_PORT:
		put_port(e, t);
		return;
	case BOXED_MAPNODE:
	case BOXED_MATCH:
	case BOXED_TRACE:
	case BOXED_KINDS:
		break;
	}
	assert(false); /* never a value of a program */
}

static void put_value(struct encoder *e, term t)
{
	if (term_is_small(t)) {
		put_small(e, small_value(t));
	} else if (term_is_atom(t)) {
		put_atom(e, t);
	} else if (term_is_cons(t)) {
		put_list(e, t);
	} else if (term_is_boxed(t)) {
		put_boxed(e, t);
	} else if (t == TERM_NIL) {
		put_u8(e->out, ETF_NIL);
	} else if (term_is_local_pid(t)) {
		put_pid(e, t);
	} else {
		assert(term_is_local_port(t));
		put_port(e, t);
	}
}

/* The next value to write, or TERM_NONE when a step wrote none (a fun's size, the end of something). */
static term next_value(struct encoder *e)
{
	struct pending *p = &e->stack.items[e->stack.count - 1];
	switch (p->kind) {
	case PENDING_ARRAY: {
		term t = *p->at++;
		if (--p->left == 0)
			e->stack.count--;
		return t;
	}
	case PENDING_FLATMAP_KEY:
		p->kind = PENDING_FLATMAP_VALUE;
		return *p->at++;
	case PENDING_FLATMAP_VALUE: {
		term t = *p->values++;
		p->kind = PENDING_FLATMAP_KEY;
		if (--p->left == 0)
			e->stack.count--;
		return t;
	}
	case PENDING_LIST: {
		if (p->left == 0) { /* at: where the tail stands */
			term tail = *p->at;
			e->stack.count--;
			return tail;
		}
		term t = p->at[0];
		if (--p->left == 0)
			p->at++;
		else
			p->at = cons_ptr(p->at[1]);
		return t;
	}
	case PENDING_NODE: {
		term child = *p->at++;
		if (--p->left == 0)
			e->stack.count--;
		if (term_is_cons(child)) { /* key and value stand side by side */
			push_array(e, cons_ptr(child), 2);
		} else {
			const term *node = boxed_ptr(child);
			vec_push(&e->stack, ((struct pending){ .at = node + 2,
						    .left = header_size(node[0]) - 1,
						    .kind = PENDING_NODE }));
		}
		return TERM_NONE;
	}
	case PENDING_OWNED:
		if (p->left == 0) {
			mem_free(MEM_TEMP, (void *)(uintptr_t)p->values, p->bytes);
			e->stack.count--;
			return TERM_NONE;
		}
		p->left--;
		return *p->at++;
	case PENDING_FUN_SIZE:
		put_be32(e->out->data + p->left, (uint32_t)(e->out->size - p->left));
		e->stack.count--;
		return TERM_NONE;
	}
	return TERM_NONE;
}

/* ------------------------------------------------------------------------------------------------ whole terms */

/* As compress2(), which can be given up. Returns how many bytes of `to` are used, 0: it is unwanted, or zlib will not. */
static size_t deflate_bytes(uint8_t *to, uLong room, const uint8_t *from, size_t size, int level)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)from, .next_out = to }; /* zlib does not write there */
	if (deflateInit(&z, level) != Z_OK)
		return 0;
	size_t left = size, room_left = room;
	int r = Z_OK;
	while (r == Z_OK) {
		size_t in = left < UNWANTED_BYTES ? left : UNWANTED_BYTES;
		z.avail_in = (uInt)in;
		z.avail_out = room_left > UINT32_MAX ? UINT32_MAX : (uInt)room_left; /* zlib counts in 32 bits */
		const uInt before = z.avail_out;
		r = deflate(&z, in == left ? Z_FINISH : Z_NO_FLUSH);
		left -= in - z.avail_in;
		room_left -= before - z.avail_out;
		if (unwanted())
			break;
	}
	(void)deflateEnd(&z); /* what it says of a stream that was given up does not matter */
	return r == Z_STREAM_END ? room - room_left : 0;
}

/* Replaces what stands from `start` on by its compressed form, when that is smaller. */
static void compress_from(struct etf_out *out, size_t start, int level)
{
	size_t size = out->size - start;
	if (size > UINT32_MAX || size < 16)
		return;
	uLong bound = compressBound(size);
	uint8_t *packed = mem_alloc(MEM_TEMP, bound);
	size_t packed_size = deflate_bytes(packed, bound, out->data + start, size, level);
	if (packed_size != 0 && packed_size + 5 <= size) {
		out->size = start;
		put_tag_u32(out, ETF_COMPRESSED, (uint32_t)size);
		memcpy(out_room(out, packed_size), packed, packed_size);
	}
	mem_free(MEM_TEMP, packed, bound);
}

int etf_encode(const struct etf_context *context, struct etf_out *out, term t, unsigned flags,
	int compress)
{
	struct encoder e = { .context = context, .out = out, .flags = flags };
	if ((flags & ETF_BARE) == 0)
		put_u8(out, ETF_VERSION);
	size_t start = out->size;
	put_value(&e, t);
	size_t steps = 0;
	while (e.stack.count > 0 && !e.too_large && !unwanted_now(&steps)) {
		t = next_value(&e);
		if (t != TERM_NONE)
			put_value(&e, t);
		if (unlikely(out->size - e.payload > ETF_BYTES_MAX))
			e.too_large = true;
	}
	vec_foreach (p, &e.stack)
		if (p->kind == PENDING_OWNED)
			mem_free(MEM_TEMP, (void *)(uintptr_t)p->values, p->bytes);
	vec_done(&e.stack);
	if (e.too_large)
		return ETF_E_SIZE;
	if (compress != 0)
		compress_from(out, start, compress);
	return 0;
}
