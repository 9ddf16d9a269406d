/* SPDX-License-Identifier: Apache-2.0 */
/* Matching of bitstrings: what the instructions of the engine call. A match context (term/bits.h, MATCH) holds position and
 * end in bits, counted from the first bit of the HEAP_BITS or REF_BITS that it stands on.
 *
 * Every function here checks that enough bits are left unless its name says `unchecked`; on failure it returns TERM_NONE
 * or false, and the position stays. Nothing collects; values that need words take them with heap_alloc(). A pointer into
 * the bytes (match_data) must be fetched anew after any instruction that builds bitstrings, since appending can move a
 * buffer. */
#pragma once
#include "binary/binary.h"

/* Flags of a field, as bytecode has them. */
enum field_flags {
	FIELD_LITTLE = 2,
	FIELD_SIGNED = 4,
	FIELD_NATIVE = 16, /* little on the hosts we know; see field_is_little() */
};

static inline bool field_is_little(unsigned flags)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (flags & (FIELD_LITTLE | FIELD_NATIVE)) != 0;
#else
	return (flags & FIELD_LITTLE) != 0;
#endif
}

/* Whether t is a match context (bs_start_match takes either that or a bitstring). */
static inline bool term_is_match(term t)
{
	return term_is_kind(t, BOXED_MATCH);
}

/* Fills p, MATCH_WORDS words, with a context at the beginning of a bitstring. */
static inline term match_put(term *p, term bitstring)
{
	const term *b = boxed_ptr(bitstring);
	debug_assert(term_is_bitstring(bitstring));
	p[0] = HEADER(BOXED_MATCH, MATCH_WORDS - 1);
	if (header_kind(b[0]) == BOXED_SUB_BITS) {
		p[1] = b[1];
		p[2] = b[2];
		p[3] = b[2] + b[3]; /* both shifted by 3 */
		p[4] = b[2];
	} else {
		p[1] = bitstring;
		p[2] = 0;
		p[3] = header_kind(b[0]) == BOXED_HEAP_BITS ? b[1] : b[3];
		p[4] = 0;
	}
	return term_of_boxed(p);
}

static inline size_t match_position(term ctx)
{
	return (size_t)(boxed_ptr(ctx)[2] >> 3);
}

static inline size_t match_end(term ctx)
{
	return (size_t)(boxed_ptr(ctx)[3] >> 3);
}

/* Bits that are left. */
static inline size_t match_left(term ctx)
{
	const term *p = boxed_ptr(ctx);
	return (size_t)((p[3] - p[2]) >> 3);
}

static inline const uint8_t *match_data(term ctx)
{
	return whole_bits_data(boxed_ptr(ctx)[1]);
}

static inline void match_advance_unchecked(term ctx, size_t bits)
{
	boxed_ptr(ctx)[2] += (term)bits << 3;
}

/* bs_get_position, bs_set_position: the position is a small integer for the program. */
static inline term match_get_position(term ctx)
{
	return boxed_ptr(ctx)[2];
}

static inline void match_set_position(term ctx, term position)
{
	boxed_ptr(ctx)[2] = position;
}

/* size * unit as bits. False when size is no non-negative integer or the product is too large for any bitstring. */
static inline bool match_field_bits(term size, size_t unit, size_t *ret_bits)
{
	if (!term_is_small(size) || (int64_t)size < 0)
		return false;
	size_t bits;
	if (__builtin_mul_overflow((size_t)small_value(size), unit, &bits) || !bits_size_ok(bits))
		return false;
	*ret_bits = bits;
	return true;
}

static inline bool match_skip(term ctx, size_t bits)
{
	if (match_left(ctx) < bits)
		return false;
	match_advance_unchecked(ctx, bits);
	return true;
}

/* bs_test_unit, bs_test_tail2, and ensure_at_least of bs_match. */
static inline bool match_test_unit(term ctx, size_t unit)
{
	return match_left(ctx) % unit == 0;
}

static inline bool match_test_tail(term ctx, size_t bits)
{
	return match_left(ctx) == bits;
}

static inline bool match_test_at_least(term ctx, size_t bits, size_t unit)
{
	size_t left = match_left(ctx);
	return left >= bits && (left - bits) % unit == 0;
}

/* The same for units that are powers of two. mask: unit - 1. */
static inline bool match_test_at_least_masked(term ctx, size_t bits, size_t mask)
{
	size_t left = match_left(ctx);
	return left >= bits && ((left - bits) & mask) == 0;
}

/* The next `bits` bits as an integer; flags: enum field_flags. Fails as well when the value is larger than any integer
 * may be (data/big.h). */
term match_integer_slow(struct heap *heap, term ctx, size_t bits, unsigned flags);

/* The same where the caller knows that so many bits are left and 0 <= bits <= 60, big-endian and unsigned: bs_match's commonest
 * case. */
static inline term match_small_unchecked(term ctx, unsigned bits)
{
	uint64_t v = bits_load(match_data(ctx), match_position(ctx), bits);
	match_advance_unchecked(ctx, bits);
	return term_of_small((int64_t)v);
}

static inline term match_integer(struct heap *heap, term ctx, size_t bits, unsigned flags)
{
	if (likely(bits <= 60 && (flags & (FIELD_LITTLE | FIELD_SIGNED | FIELD_NATIVE)) == 0)) {
		if (match_left(ctx) < bits)
			return TERM_NONE;
		return match_small_unchecked(ctx, (unsigned)bits);
	}
	return match_integer_slow(heap, ctx, bits, flags);
}

/* A float of 16, 32 or 64 bits; other sizes, infinities and NaNs fail. */
term match_float(struct heap *heap, term ctx, size_t bits, unsigned flags);
/* The next `bits` bits as a bitstring. */
term match_bits(struct heap *heap, term ctx, size_t bits);
/* All that is left as a bitstring, when it is a multiple of unit; the position moves to the end. */
term match_rest(struct heap *heap, term ctx, size_t unit);
/* bs_get_tail: all that is left as a bitstring; the position stays. */
term match_tail(struct heap *heap, term ctx);
/* bs_match_string: the next `bits` bits are those of `string`, from its first bit. */
bool match_string(term ctx, const uint8_t *string, size_t bits);
/* The =:= command of bs_match: the next `bits` (up to 64) bits, which the caller knows are there, are `value`. */
static inline bool match_equal_unchecked(term ctx, unsigned bits, uint64_t value)
{
	if (bits_load(match_data(ctx), match_position(ctx), bits) != value)
		return false;
	match_advance_unchecked(ctx, bits);
	return true;
}

/* One code point, a small integer; fails at what is no valid encoding of a scalar value. For skipping, ignore the value. */
term match_utf8_slow(term ctx);
term match_utf16(term ctx, unsigned flags);
term match_utf32(term ctx, unsigned flags);

static inline term match_utf8(term ctx)
{
	if (likely(match_left(ctx) >= 8)) {
		uint64_t byte = bits_load(match_data(ctx), match_position(ctx), 8);
		if (byte < 0x80) {
			match_advance_unchecked(ctx, 8);
			return term_of_small((int64_t)byte);
		}
	}
	return match_utf8_slow(ctx);
}
