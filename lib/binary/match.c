/* SPDX-License-Identifier: Apache-2.0 */
/* Matching of bitstrings: what is too long for the header. */
#include "binary/match.h"

#include "base/utf8.h"

#include <math.h>

/* As data/big.h has it: no integer is larger. */
#define INTEGER_LIMBS_MAX 65535

/* An integer from limbs (least significant first, scratch) of two's complement or magnitude. */
static term integer_of_limbs(struct heap *heap, uint64_t *limbs, size_t count, bool negative)
{
	if (negative) { /* magnitude of what is two's complement now */
		unsigned char carry = 1;
		for (size_t i = 0; i < count; i++) {
			limbs[i] = ~limbs[i];
			if (carry != 0)
				carry = ++limbs[i] == 0;
		}
	}
	while (count > 0 && limbs[count - 1] == 0)
		count--;
	if (count == 0)
		return TERM_ZERO;
	if (count == 1) {
		if (!negative && limbs[0] <= (uint64_t)SMALL_MAX)
			return term_of_small((int64_t)limbs[0]);
		if (negative && limbs[0] <= (uint64_t)SMALL_MAX + 1)
			return term_of_small(-(int64_t)limbs[0]);
	}
	if (count > INTEGER_LIMBS_MAX)
		return TERM_NONE;
	term *p = heap_alloc(heap, 1 + count);
	p[0] = HEADER(negative ? BOXED_BIG_NEG : BOXED_BIG_POS, count);
	memcpy(p + 1, limbs, count * sizeof(*limbs));
	return term_of_boxed(p);
}

static term integer_of_u64(struct heap *heap, uint64_t v, unsigned bits, unsigned flags)
{
	if ((flags & FIELD_SIGNED) != 0 && bits < 64 && (v >> (bits - 1) & 1) != 0)
		v |= ~(uint64_t)0 << bits;
	if ((flags & FIELD_SIGNED) != 0) {
		if (small_fits((int64_t)v))
			return term_of_small((int64_t)v);
		return integer_of_limbs(heap, &v, 1, (int64_t)v < 0);
	}
	if (v <= (uint64_t)SMALL_MAX)
		return term_of_small((int64_t)v);
	return integer_of_limbs(heap, &v, 1, false);
}

/* A little-endian field: whole bytes, least significant first; when bits is no multiple of 8 the last, incomplete byte
 * holds the most significant bits. */
static uint64_t load_little(const uint8_t *data, size_t position, unsigned bits)
{
	uint64_t v = 0;
	unsigned shift = 0;
	for (; bits - shift >= 8; shift += 8)
		v |= bits_load(data, position + shift, 8) << shift;
	if (bits != shift)
		v |= bits_load(data, position + shift, bits - shift) << shift;
	return v;
}

#define LIMBS_INLINE 32

term match_integer_slow(struct heap *heap, term ctx, size_t bits, unsigned flags)
{
	if (match_left(ctx) < bits)
		return TERM_NONE;
	const uint8_t *data = match_data(ctx);
	size_t position = match_position(ctx);
	if (bits == 0)
		return TERM_ZERO;
	const bool little = field_is_little(flags);
	if (bits <= 64) {
		uint64_t v = little ? load_little(data, position, (unsigned)bits)
				    : bits_load(data, position, (unsigned)bits);
		match_advance_unchecked(ctx, bits);
		return integer_of_u64(heap, v, (unsigned)bits, flags);
	}
	/* The result is no larger than the input it is read from, so memory follows what is there. */
	size_t count = bits / 64 + (bits % 64 != 0);
	uint64_t room[LIMBS_INLINE];
	uint64_t *limbs = count <= LIMBS_INLINE ? room : mem_alloc(MEM_TEMP, count * sizeof(*limbs));
	for (size_t i = 0; i < count; i++) {
		size_t low = i * 64; /* weight of the limb's lowest bit */
		unsigned width = bits - low < 64 ? (unsigned)(bits - low) : 64;
		limbs[i] = little ? load_little(data, position + low, width)
				  : bits_load(data, position + bits - low - width, width);
	}
	unsigned top = bits % 64 == 0 ? 64 : (unsigned)(bits % 64);
	bool negative = (flags & FIELD_SIGNED) != 0 && (limbs[count - 1] >> (top - 1) & 1) != 0;
	if (negative && top < 64)
		limbs[count - 1] |= ~(uint64_t)0 << top;
	term t = integer_of_limbs(heap, limbs, count, negative);
	if (limbs != room)
		mem_free(MEM_TEMP, limbs, count * sizeof(*limbs));
	if (t != TERM_NONE)
		match_advance_unchecked(ctx, bits);
	return t;
}

static double half_to_double(uint16_t half)
{
	unsigned exponent = half >> 10 & 0x1F;
	unsigned fraction = half & 0x3FF;
	double v;
	if (exponent == 0)
		v = ldexp((double)fraction, -24);
	else if (exponent == 31)
		v = INFINITY; /* or NaN: both are refused */
	else
		v = ldexp((double)(fraction | 0x400), (int)exponent - 25);
	return (half & 0x8000) != 0 ? -v : v;
}

term match_float(struct heap *heap, term ctx, size_t bits, unsigned flags)
{
	if (match_left(ctx) < bits)
		return TERM_NONE;
	if (bits == 0) /* a field of size 0 is 0.0, as in OTP */
		return float_put(heap_alloc(heap, FLOAT_WORDS), 0.0);
	if (bits != 16 && bits != 32 && bits != 64)
		return TERM_NONE;
	const uint8_t *data = match_data(ctx);
	size_t position = match_position(ctx);
	uint64_t v = field_is_little(flags) ? load_little(data, position, (unsigned)bits)
					    : bits_load(data, position, (unsigned)bits);
	double d;
	if (bits == 64) {
		memcpy(&d, &v, 8);
	} else if (bits == 32) {
		float f;
		uint32_t v32 = (uint32_t)v;
		memcpy(&f, &v32, 4);
		d = f;
	} else {
		d = half_to_double((uint16_t)v);
	}
	if (!isfinite(d))
		return TERM_NONE;
	match_advance_unchecked(ctx, bits);
	return float_put(heap_alloc(heap, FLOAT_WORDS), d);
}

term match_bits(struct heap *heap, term ctx, size_t bits)
{
	if (match_left(ctx) < bits)
		return TERM_NONE;
	term t = bits_part_of_whole(heap, boxed_ptr(ctx)[1], match_position(ctx), bits);
	match_advance_unchecked(ctx, bits);
	return t;
}

term match_rest(struct heap *heap, term ctx, size_t unit)
{
	size_t left = match_left(ctx);
	if (left % unit != 0)
		return TERM_NONE;
	return match_bits(heap, ctx, left);
}

term match_tail(struct heap *heap, term ctx)
{
	return bits_part_of_whole(heap, boxed_ptr(ctx)[1], match_position(ctx), match_left(ctx));
}

bool match_string(term ctx, const uint8_t *string, size_t bits)
{
	if (match_left(ctx) < bits)
		return false;
	if (!bits_equal(match_data(ctx), match_position(ctx), string, 0, bits))
		return false;
	match_advance_unchecked(ctx, bits);
	return true;
}

term match_utf8_slow(term ctx)
{
	size_t left = match_left(ctx) / 8;
	size_t position = match_position(ctx);
	uint32_t c;
	int n;
	if (likely(position % 8 == 0)) {
		n = utf8_decode(match_data(ctx) + position / 8, left, &c);
	} else {
		uint8_t bytes[4];
		size_t size = left < 4 ? left : 4;
		bits_copy_out(bytes, match_data(ctx), position, size * 8);
		n = utf8_decode(bytes, size, &c);
	}
	if (n <= 0)
		return TERM_NONE;
	match_advance_unchecked(ctx, (size_t)n * 8);
	return term_of_small(c);
}

static inline uint32_t load16(const uint8_t *data, size_t position, bool little)
{
	return (uint32_t)(little ? load_little(data, position, 16) : bits_load(data, position, 16));
}

term match_utf16(term ctx, unsigned flags)
{
	const bool little = field_is_little(flags);
	size_t left = match_left(ctx);
	if (left < 16)
		return TERM_NONE;
	const uint8_t *data = match_data(ctx);
	size_t position = match_position(ctx);
	uint32_t c = load16(data, position, little);
	if (c < 0xD800 || c > 0xDFFF) {
		match_advance_unchecked(ctx, 16);
		return term_of_small(c);
	}
	if (c > 0xDBFF || left < 32)
		return TERM_NONE;
	uint32_t low = load16(data, position + 16, little);
	if (low < 0xDC00 || low > 0xDFFF)
		return TERM_NONE;
	match_advance_unchecked(ctx, 32);
	return term_of_small(0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF)));
}

term match_utf32(term ctx, unsigned flags)
{
	if (match_left(ctx) < 32)
		return TERM_NONE;
	const uint8_t *data = match_data(ctx);
	size_t position = match_position(ctx);
	uint64_t c = field_is_little(flags) ? load_little(data, position, 32) : bits_load(data, position, 32);
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return TERM_NONE;
	match_advance_unchecked(ctx, 32);
	return term_of_small((int64_t)c);
}
