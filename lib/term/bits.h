/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of bitstrings, and how to read them.
 *
 *   HEAP_BITS  header, size in bits << 3, bytes (padded with zeros to a word)         up to HEAP_BITS_MAX_BYTES
 *   REF_BITS   header, next (off-heap list), struct binary *, size in bits << 3, flags << 3
 *                                                    the whole of a counted buffer from its first bit
 *   SUB_BITS   header, whole (HEAP_BITS or REF_BITS), offset in bits << 3, size in bits << 3, flags << 3
 *   MATCH      header, whole (HEAP_BITS or REF_BITS), position in bits << 3, end in bits << 3, start in bits << 3
 *
 * Positions of SUB_BITS and MATCH count from the first bit of `whole`. Bits are numbered from the most significant of
 * the first byte. In a last byte that is not full, the unused low bits of HEAP_BITS are zero; in a buffer that others
 * share they may be anything.
 *
 * Appending in place: a SUB_BITS with BITS_WRITABLE in its flags, over a REF_BITS with BITS_WRITABLE, is the one value
 * that may grow its buffer; the rules are in binary/build.c. Nobody else may rely on bytes past a value's end. */
#pragma once
#include "base/atomic.h"
#include "term/term.h"

struct account;

#define HEAP_BITS_MAX_BYTES 64
#define HEAP_BITS_WORDS(bytes) (2 + ((bytes) + 7) / 8)
#define REF_BITS_WORDS 5
#define SUB_BITS_WORDS 5
#define MATCH_WORDS 5
#define BITS_WRITABLE 1U

/* What off-heap words count: a buffer or another resource. Freed when refs falls to 0. */
struct counted {
	_Atomic uint64_t refs;
	void (*destroy)(struct counted *); /* frees the object itself; runs on any scheduler */
};

struct binary {
	struct counted counted;
	size_t size;     /* bytes in use; a writable binary's grows */
	size_t capacity; /* bytes allocated in data */
	uint8_t *data;   /* for an ordinary binary it follows the struct; 8-aligned */
	struct account *account; /* base/account.h: charged for it; NULL: nobody */
};

/* A bitstring's bits, wherever they lie. data is borrowed: valid until the next collection. */
struct bits {
	const uint8_t *data; /* first byte that holds a bit of it */
	unsigned offset;     /* 0-7: bits of data[0] before it begins */
	size_t size;         /* bits */
};

static inline struct binary *ref_bits_binary(term t)
{
	return (struct binary *)(uintptr_t)boxed_ptr(t)[2];
}

/* First byte of a HEAP_BITS or REF_BITS. */
static inline uint8_t *whole_bits_data(term whole)
{
	term *p = boxed_ptr(whole);
	return header_kind(p[0]) == BOXED_HEAP_BITS ? (uint8_t *)(p + 2) : ((struct binary *)(uintptr_t)p[2])->data;
}

static inline size_t bits_size(term t)
{
	term *p = boxed_ptr(t);
	debug_assert(term_is_bitstring(t));
	switch (header_kind(p[0])) {
	case BOXED_HEAP_BITS:
		return (size_t)(p[1] >> 3);
	default:
		return (size_t)(p[3] >> 3); /* REF_BITS and SUB_BITS */
	}
}

static inline struct bits bits_of(term t)
{
	term *p = boxed_ptr(t);
	debug_assert(term_is_bitstring(t));
	switch (header_kind(p[0])) {
	case BOXED_HEAP_BITS:
		return (struct bits){ (uint8_t *)(p + 2), 0, (size_t)(p[1] >> 3) };
	case BOXED_REF_BITS:
		return (struct bits){ ((struct binary *)(uintptr_t)p[2])->data, 0, (size_t)(p[3] >> 3) };
	default: {
		size_t offset = (size_t)(p[2] >> 3);
		return (struct bits){ whole_bits_data(p[1]) + offset / 8, offset % 8, (size_t)(p[3] >> 3) };
	}
	}
}

/* Byte number i of a bitstring that has at least i + 1 whole bytes. */
static inline uint8_t bits_byte(struct bits bits, size_t i)
{
	const uint8_t *p = bits.data + i;
	return bits.offset == 0 ? p[0] : (uint8_t)(p[0] << bits.offset | p[1] >> (8 - bits.offset));
}

/* The count (1-7) bits that follow whole byte i - 1, as a number; the bitstring has them. */
static inline unsigned bits_tail(struct bits bits, size_t i, unsigned count)
{
	const uint8_t *p = bits.data + i;
	unsigned two = (unsigned)p[0] << 8 | (bits.offset + count > 8 ? p[1] : 0);
	return two << bits.offset >> (16 - count) & ((1U << count) - 1);
}

/* Order and equality of bitstrings: by their bits, then the shorter first. */
int bits_order(struct bits a, struct bits b);
bool bits_same(struct bits a, struct bits b);

static inline bool term_is_binary(term t)
{
	return term_is_bitstring(t) && bits_size(t) % 8 == 0;
}
