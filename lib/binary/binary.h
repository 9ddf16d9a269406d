/* SPDX-License-Identifier: Apache-2.0 */
/* Making bitstrings: counted buffers, inline or counted, parts of others; copying and comparing bits at any offset.
 *
 * A new bitstring of up to HEAP_BITS_MAX_BYTES bytes is HEAP_BITS, a larger one REF_BITS over a new buffer; a part of up to
 * that many bytes is copied, a larger one becomes SUB_BITS. Nothing here collects (law 3).
 * Bound: no bitstring has more than BITS_MAX bits; who takes a size from a program asks bits_size_ok() first. */
#pragma once
#include "heap/heap.h"
#include "term/bits.h"

#include <string.h>

/* 4 GiB. So a size in bits stays a small integer, with room for sums of a few of them. */
#define BITS_MAX ((size_t)1 << 35)

static inline bool bits_size_ok(size_t bits)
{
	return bits <= BITS_MAX;
}

static inline size_t bits_to_bytes(size_t bits)
{
	return bits / 8 + (bits % 8 != 0);
}

/* A buffer of `bytes` bytes, not initialised, counted once. Threads: any. */
struct binary *binary_new(size_t bytes);
/* One whose data lies apart and may grow: capacity allocated, size 0. */
struct binary *binary_new_growable(size_t capacity);
/* One whose bytes are another's, who keeps them as they are; takes that one's count, and charges for them as if they were its own. size: of
 * `capacity` bytes, those that are in use. */
struct binary *binary_new_shared(struct counted *owner, uint8_t *data, size_t size, size_t capacity);
/* Grows the data of a growable one; whoever holds a pointer into it must fetch it anew. */
void binary_grow(struct binary *binary, size_t capacity);
/* Whether its data may grow. */
bool binary_is_growable(const struct binary *binary);

static inline struct binary *binary_ref(struct binary *binary)
{
	/* Relaxed: who gives a count away holds one, so it cannot fall to 0 meanwhile. */
	atomic_add_relaxed(&binary->counted.refs, 1);
	return binary;
}

static inline struct binary *binary_unref(struct binary *binary)
{
	/* Pairs with itself in other threads: the last one sees all they did. */
	if (binary != NULL && atomic_sub_acq_rel(&binary->counted.refs, 1) == 1)
		binary->counted.destroy(&binary->counted);
	return NULL;
}

/* A new bitstring whose bytes the caller writes through ret_data, all of them, and leaves the unused low bits of the last
 * one zero. (What pads the last word of a HEAP_BITS is zero already.) */
term bits_new(struct heap *heap, size_t bits, uint8_t **ret_data);
/* A binary with a copy of those bytes. */
term bits_of_bytes(struct heap *heap, const void *bytes, size_t size);
/* A bitstring with a copy of `size` bits from bit `offset` of data. */
term bits_of_bits(struct heap *heap, const uint8_t *data, size_t offset, size_t size);
/* The whole of a counted buffer as a value; takes over the caller's count. bits: at most 8 * binary->size. */
term bits_take_binary(struct heap *heap, struct binary *binary, size_t bits);
/* Part of a bitstring; offset + size lie within it. */
term bits_part(struct heap *heap, term bitstring, size_t offset, size_t size);
/* The same of a HEAP_BITS or REF_BITS (or of what a match context stands on), counted from its first bit. */
term bits_part_of_whole(struct heap *heap, term whole, size_t offset, size_t size);

/* Copies `size` bits; offsets in bits, any size. The bits of dst around them stay as they are. No overlap. */
void bits_copy(uint8_t *dst, size_t dst_offset, const uint8_t *src, size_t src_offset, size_t size);
/* Copies to whole bytes and clears the unused low bits of the last one. */
void bits_copy_out(uint8_t *dst, const uint8_t *src, size_t src_offset, size_t size);
/* As Erlang orders bitstrings: bit by bit, the shorter first. <0, 0, >0. */
int bits_compare(struct bits a, struct bits b);
bool bits_equal(const uint8_t *a, size_t a_offset, const uint8_t *b, size_t b_offset, size_t size);

/* The bytes of a bitstring as a flat array, without its last, incomplete byte: borrowed when it begins on a byte, else a
 * copy of class TEMP that flat_bits_done() frees. Valid until the next collection. */
struct flat_bits {
	const uint8_t *data;
	size_t size; /* bytes */
	uint8_t *copy;
};

void flat_bits_init(struct flat_bits *flat, term bitstring);
void flat_bits_done(struct flat_bits *flat);

/* `bits` (0 to 64) bits from bit `position` of data, as an unsigned number, the first bit being the highest.
 * Reads only the bytes that hold them. */
static inline uint64_t bits_load(const uint8_t *data, size_t position, unsigned bits)
{
	const uint8_t *p = data + position / 8;
	unsigned offset = (unsigned)(position % 8);
	if (likely(offset == 0)) {
		uint16_t v16;
		uint32_t v32;
		uint64_t v64;
		switch (bits) {
		case 8:
			return p[0];
		case 16:
			memcpy(&v16, p, 2);
			return __builtin_bswap16(v16);
		case 32:
			memcpy(&v32, p, 4);
			return __builtin_bswap32(v32);
		case 64:
			memcpy(&v64, p, 8);
			return __builtin_bswap64(v64);
		default:
			break;
		}
	}
	if (bits == 0)
		return 0;
	unsigned end = offset + bits; /* 1 to 71 */
	unsigned bytes = (end + 7) / 8;
	uint64_t v = p[0] & (0xFFU >> offset);
	for (unsigned i = 1; i < bytes && i < 8; i++)
		v = v << 8 | p[i];
	if (bytes == 9)
		return v << (end - 64) | p[8] >> (72 - end);
	return v >> (bytes * 8 - end);
}
