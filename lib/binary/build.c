/* SPDX-License-Identifier: Apache-2.0 */
/* Construction of bitstrings.
 *
 * Appending in place. A large result of an append is a SUB_BITS over a REF_BITS, both BITS_WRITABLE, over a growable buffer
 * with room to spare. Appending to such a value writes behind its end in the same buffer and makes a new SUB_BITS when
 *   - its end is the end of what the REF_BITS covers (so nobody else has appended there),
 *   - the buffer is counted once: no other heap, message or table has it, nor can get it meanwhile, since only its
 *     owner could give it away.
 * What is still short grows inline: a private append (the compiler knows that nothing else refers to the value) writes into a
 * HEAP_BITS that has the most words there can be, whatever its size, unless that is a literal.
 * Older values over the buffer stay as they are: their bits do not change, and they find the data, which growing may move,
 * through the buffer. Invariant: copies of a REF_BITS (heap_copy) are not BITS_WRITABLE, so that a literal, which is
 * shared without being counted, is never appended to. */
#include "binary/build.h"

#include "base/utf8.h"
#include "term/atom.h"

#include <math.h>

#define WRITABLE_BYTES_MIN 256

/* ------------------------------------------------------------------------------------------------ numbers */

static void store_bits(uint8_t *data, size_t position, unsigned bits, uint64_t v)
{
	if (bits == 0)
		return;
	uint64_t high_first = __builtin_bswap64(v << (64 - bits));
	uint8_t bytes[9];
	memcpy(bytes, &high_first, 8);
	bytes[8] = 0; /* bits_copy may look at, but takes nothing from it */
	bits_copy(data, position, bytes, 0, bits);
}

static void store_little(uint8_t *data, size_t position, unsigned bits, uint64_t v)
{
	for (; bits >= 8; bits -= 8, position += 8, v >>= 8)
		store_bits(data, position, 8, v & 0xFF);
	store_bits(data, position, bits, v);
}

static inline void store_field(uint8_t *data, size_t position, unsigned bits, uint64_t v, unsigned flags)
{
	if (field_is_little(flags))
		store_little(data, position, bits, v);
	else
		store_bits(data, position, bits, v);
}

/* Limbs of an integer's two's complement, one after the other, without end. */
struct limbs {
	const uint64_t *digits;
	size_t count;
	uint64_t rest;  /* what follows the digits: 0 or all ones */
	uint64_t carry; /* of the negation of a negative big */
};

static uint64_t limbs_next(struct limbs *l)
{
	if (l->count == 0)
		return l->rest;
	uint64_t v = *l->digits++;
	l->count--;
	if (l->rest == 0)
		return v;
	v = ~v + l->carry;
	l->carry = l->carry != 0 && v == 0;
	return v;
}

void build_integer(uint8_t *data, size_t offset, size_t bits, term value, unsigned flags)
{
	const bool little = field_is_little(flags);
	if (likely(term_is_small(value))) {
		uint64_t v = (uint64_t)small_value(value);
		if (likely(offset % 8 == 0)) {
			uint8_t *p = data + offset / 8;
			switch (bits) {
			case 8:
				*p = (uint8_t)v;
				return;
			case 16: {
				uint16_t v16 = little ? (uint16_t)v : __builtin_bswap16((uint16_t)v);
				memcpy(p, &v16, 2);
				return;
			}
			case 32: {
				uint32_t v32 = little ? (uint32_t)v : __builtin_bswap32((uint32_t)v);
				memcpy(p, &v32, 4);
				return;
			}
			case 64: {
				uint64_t v64 = little ? v : __builtin_bswap64(v);
				memcpy(p, &v64, 8);
				return;
			}
			default:
				break;
			}
		}
		if (bits <= 64) {
			store_field(data, offset, (unsigned)bits, v, flags);
			return;
		}
	}
	uint64_t small;
	struct limbs limbs;
	if (term_is_small(value)) {
		small = (uint64_t)small_value(value);
		limbs = (struct limbs){ .digits = &small, .count = 1, .rest = 0 };
		if ((int64_t)small < 0) {
			small = -small; /* as a magnitude, like a big's digits */
			limbs.rest = ~(uint64_t)0;
			limbs.carry = 1;
		}
	} else {
		limbs = (struct limbs){ .digits = big_digits(value), .count = big_limbs(value) };
		if (big_is_negative(value)) {
			limbs.rest = ~(uint64_t)0;
			limbs.carry = 1;
		}
	}
	for (size_t low = 0; low < bits; low += 64) {
		unsigned width = bits - low < 64 ? (unsigned)(bits - low) : 64;
		uint64_t v = limbs_next(&limbs);
		if (little)
			store_little(data, offset + low, width, v);
		else
			store_bits(data, offset + bits - low - width, width, v);
	}
}

/* The nearest double, infinite when there is none. */
static double big_to_double(term big)
{
	const uint64_t *digits = big_digits(big);
	size_t count = big_limbs(big);
	uint64_t high = digits[count - 1];
	unsigned shift = (unsigned)__builtin_clzll(high);
	bool sticky = false;
	if (shift != 0)
		high <<= shift;
	if (count > 1) {
		if (shift != 0)
			high |= digits[count - 2] >> (64 - shift);
		sticky = shift == 0 ? digits[count - 2] != 0 : digits[count - 2] << shift != 0;
		for (size_t i = 0; i + 2 < count && !sticky; i++)
			sticky = digits[i] != 0;
	}
	/* 64 significant bits with "there is more" in the lowest: one rounding, to nearest even. */
	double d = (double)(high | sticky);
	if (count > 32)
		return INFINITY;
	d = ldexp(d, (int)(count - 1) * 64 - (int)shift);
	return big_is_negative(big) ? -d : d;
}

/* To nearest even; too large becomes infinite, as in OTP. */
static uint16_t double_to_half(double d)
{
	uint64_t v;
	memcpy(&v, &d, 8);
	uint16_t sign = (uint16_t)(v >> 48 & 0x8000);
	d = fabs(d);
	if (d >= 65520.0)
		return sign | 0x7C00;
	if (d < 0x1p-14) /* subnormal: a whole number of 2^-24; rounding may reach the least normal one */
		return sign | (uint16_t)nearbyint(d * 0x1p24);
	int exponent;
	double fraction = frexp(d, &exponent); /* 0.5 <= fraction < 1 */
	uint16_t digits = (uint16_t)nearbyint(fraction * 2048.0); /* 1024 to 2048; 2048 carries into the exponent */
	return (uint16_t)(sign | (((unsigned)(exponent + 14 - 1) << 10) + digits));
}

static bool number_to_double(term value, double *ret)
{
	if (term_is_small(value))
		*ret = (double)small_value(value);
	else if (term_is_float(value))
		*ret = float_value(value);
	else if (term_is_big(value))
		*ret = big_to_double(value);
	else
		return false;
	return isfinite(*ret);
}

bool build_float(uint8_t *data, size_t offset, size_t bits, term value, unsigned flags)
{
	double d;
	if (!number_to_double(value, &d))
		return false;
	uint64_t v = 0;
	if (bits == 64) {
		memcpy(&v, &d, 8);
	} else if (bits == 32) {
		float f = (float)d;
		uint32_t v32;
		memcpy(&v32, &f, 4);
		v = v32;
	} else {
		v = double_to_half(d);
	}
	store_field(data, offset, (unsigned)bits, v, flags);
	return true;
}

/* ------------------------------------------------------------------------------------------------ sizes */

static term segment_type_atom(const struct segment *s)
{
	switch ((enum segment_type)s->type) {
	case SEGMENT_APPEND:
	case SEGMENT_PRIVATE_APPEND:
	case SEGMENT_BINARY:
		return A(binary);
	case SEGMENT_FLOAT:
		return A(float);
	case SEGMENT_INTEGER:
		return A(integer);
	case SEGMENT_STRING:
		return A(string);
	case SEGMENT_UTF8:
		return A(utf8);
	case SEGMENT_UTF16:
		return A(utf16);
	case SEGMENT_UTF32:
		return A(utf32);
	}
	return A(badarg);
}

static _noinline_ bool fail(const struct segment *s, term reason, term error, term value, struct build_error *ret)
{
	*ret = (struct build_error){
		.reason = reason,
		.segment = s->number,
		.type = segment_type_atom(s),
		.error = error,
		.value = value,
	};
	return false;
}

static bool is_scalar(term t)
{
	return term_is_small(t) && small_value(t) >= 0 && small_value(t) <= 0x10FFFF &&
		(small_value(t) < 0xD800 || small_value(t) > 0xDFFF);
}

static inline bool is_all(const struct segment *s)
{
	return (s->type == SEGMENT_BINARY || s->type <= SEGMENT_PRIVATE_APPEND) && s->size == A(all);
}

static bool utf_bits(struct segment *s, struct build_error *ret)
{
	if (!is_scalar(s->value))
		return fail(s, A(badarg), A(type), s->value, ret);
	int64_t c = small_value(s->value);
	if (s->type == SEGMENT_UTF8)
		s->bits = c < 0x80 ? 8 : c < 0x800 ? 16 : c < 0x10000 ? 24 : 32;
	else
		s->bits = s->type == SEGMENT_UTF16 && c < 0x10000 ? 16 : 32;
	return true;
}

static _noinline_ bool fail_size(const struct segment *s, struct build_error *ret)
{
	if (term_is_integer(s->size) && !(term_is_small(s->size) ? (int64_t)s->size < 0 : big_is_negative(s->size)))
		return fail(s, A(system_limit), A(size), s->size, ret);
	return fail(s, A(badarg), A(size), s->size, ret);
}

/* Notes the bits that a segment takes. Types of values are looked at only as far as the size depends on them, as in OTP. */
static inline bool segment_bits(struct segment *s, struct build_error *ret)
{
	if (s->type >= SEGMENT_UTF8)
		return utf_bits(s, ret);
	if (is_all(s)) {
		if (!term_is_bitstring(s->value))
			return fail(s, A(badarg), A(type), s->value, ret);
		s->bits = bits_size(s->value);
		if (s->unit > 1 && s->bits % s->unit != 0)
			return fail(s, A(badarg), A(unit), s->value, ret);
		return true;
	}
	return likely(match_field_bits(s->size, s->unit, &s->bits)) || fail_size(s, ret);
}

/* ------------------------------------------------------------------------------------------------ filling */

static void fill_utf(uint8_t *data, size_t offset, const struct segment *s)
{
	uint64_t c = (uint64_t)small_value(s->value);
	if (s->type == SEGMENT_UTF8) {
		uint8_t bytes[4];
		(void)utf8_encode((uint32_t)c, bytes); /* its size is known */
		bits_copy(data, offset, bytes, 0, s->bits);
	} else if (s->type == SEGMENT_UTF32 || s->bits == 16) {
		store_field(data, offset, (unsigned)s->bits, c, s->flags);
	} else {
		c -= 0x10000;
		store_field(data, offset, 16, 0xD800 | c >> 10, s->flags);
		store_field(data, offset + 16, 16, 0xDC00 | (c & 0x3FF), s->flags);
	}
}

static inline void copy_whole_bytes(uint8_t *to, const uint8_t *from, size_t bytes)
{
	if (bytes != 0)
		memcpy(to, from, bytes);
}

static inline bool fill_segment(uint8_t *data, size_t offset, const struct segment *s, struct build_error *ret)
{
	size_t bits = s->bits;
	switch ((enum segment_type)s->type) {
	case SEGMENT_INTEGER:
		if (unlikely(!term_is_integer(s->value)))
			return fail(s, A(badarg), A(type), s->value, ret);
		if (bits == 8 && offset % 8 == 0 && term_is_small(s->value))
			data[offset / 8] = (uint8_t)small_value(s->value);
		else
			build_integer(data, offset, bits, s->value, s->flags);
		return true;
	case SEGMENT_STRING:
		if (likely((offset | bits) % 8 == 0))
			copy_whole_bytes(data + offset / 8, s->string, bits / 8);
		else
			bits_copy(data, offset, s->string, 0, bits);
		return true;
	case SEGMENT_FLOAT:
		if (bits != 16 && bits != 32 && bits != 64)
			return fail(s, A(badarg), A(invalid), s->size, ret);
		if (build_float(data, offset, bits, s->value, s->flags))
			return true;
		return fail(s, A(badarg), term_is_big(s->value) ? A(no_float) : A(type), s->value, ret);
	case SEGMENT_APPEND:
	case SEGMENT_PRIVATE_APPEND:
	case SEGMENT_BINARY: {
		if (!term_is_bitstring(s->value))
			return fail(s, A(badarg), A(type), s->value, ret);
		struct bits from = bits_of(s->value);
		if (from.size < bits)
			return fail(s, A(badarg), A(short), s->value, ret);
		if (likely((offset | bits | from.offset) % 8 == 0))
			copy_whole_bytes(data + offset / 8, from.data, bits / 8);
		else
			bits_copy(data, offset, from.data, from.offset, bits);
		return true;
	}
	case SEGMENT_UTF8:
	case SEGMENT_UTF16:
	case SEGMENT_UTF32:
		fill_utf(data, offset, s);
		return true;
	}
	return true;
}

static inline bool fill_all(
	uint8_t *data, size_t offset, const struct segment *s, size_t count, struct build_error *ret)
{
	for (; count > 0; s++, count--) {
		if (unlikely(!fill_segment(data, offset, s, ret)))
			return false;
		offset += s->bits;
	}
	return true;
}

/* ------------------------------------------------------------------------------------------------ appending */

static term sub_put(term *p, term whole, size_t offset, size_t bits, unsigned flags)
{
	p[0] = HEADER(BOXED_SUB_BITS, SUB_BITS_WORDS - 1);
	p[1] = whole;
	p[2] = (term)offset << 3;
	p[3] = (term)bits << 3;
	p[4] = (term)flags << 3;
	return term_of_boxed(p);
}

/* A REF_BITS and a SUB_BITS over a new growable buffer; the bits are to be filled by the caller. */
static term writable_new(struct heap *heap, size_t capacity, size_t bits, struct binary **ret_binary)
{
	struct binary *binary = binary_new_growable(capacity);
	binary->size = bits_to_bytes(bits);
	term whole = bits_take_binary(heap, binary, bits);
	boxed_ptr(whole)[4] = BITS_WRITABLE << 3;
	*ret_binary = binary;
	return sub_put(heap_alloc(heap, SUB_BITS_WORDS), whole, 0, bits, BITS_WRITABLE);
}

/* An empty HEAP_BITS with room for all that may be inline, zeros. */
static term roomy_new(struct heap *heap)
{
	term *p = heap_alloc(heap, BUILD_ROOMY_WORDS);
	p[0] = HEADER(BOXED_HEAP_BITS, BUILD_ROOMY_WORDS - 1);
	for (size_t i = 1; i < BUILD_ROOMY_WORDS; i++)
		p[i] = 0;
	return term_of_boxed(p);
}

/* The bytes behind a HEAP_BITS's end are zeros again when filling them has failed. */
static void clear_behind(term value, size_t bits)
{
	uint8_t *data = (uint8_t *)(boxed_ptr(value) + 2);
	size_t bytes = bits_to_bytes(bits);
	if (bits % 8 != 0)
		data[bytes - 1] &= (uint8_t)(0xFF00U >> bits % 8);
	memset(data + bytes, 0, HEAP_BITS_MAX_BYTES - bytes);
}

/* A private append whose result is inline. */
static term append_inline(struct heap *heap, const struct segment *first, size_t total_bits, size_t count,
	struct build_error *ret)
{
	term value = first->value;
	if (!build_is_roomy(value)) {
		struct bits from = bits_of(first->value);
		value = roomy_new(heap);
		bits_copy(whole_bits_data(value), 0, from.data, from.offset, first->bits);
	}
	if (!fill_all(whole_bits_data(value), first->bits, first + 1, count - 1, ret)) {
		clear_behind(value, first->bits);
		return TERM_NONE;
	}
	boxed_ptr(value)[1] = (term)total_bits << 3;
	return value;
}

static term append(struct heap *heap, const struct segment *first, size_t total_bits, size_t count,
	struct build_error *ret)
{
	term value = first->value;
	size_t old_bits = first->bits;
	size_t bytes = bits_to_bytes(total_bits);
	if (build_is_appendable(value)) {
		term *sub = boxed_ptr(value);
		term *ref = boxed_ptr(sub[1]);
		struct binary *binary = (struct binary *)(uintptr_t)ref[2];
		size_t start = (size_t)(sub[2] >> 3);
		size_t needed = bits_to_bytes(start + total_bits);
		if (needed > binary->capacity) {
			size_t capacity = needed * 2;
			heap->offheap.bytes += capacity - binary->capacity;
			binary_grow(binary, capacity);
		}
		if (!fill_all(binary->data, start + old_bits, first + 1, count - 1, ret))
			return TERM_NONE;
		ref[3] = (term)(start + total_bits) << 3;
		binary->size = needed;
		if (first->type == SEGMENT_PRIVATE_APPEND) {
			sub[3] = (term)total_bits << 3;
			return value;
		}
		return sub_put(heap_alloc(heap, SUB_BITS_WORDS), sub[1], start, total_bits, BITS_WRITABLE);
	}
	if (bytes <= HEAP_BITS_MAX_BYTES && first->type == SEGMENT_PRIVATE_APPEND)
		return append_inline(heap, first, total_bits, count, ret);
	uint8_t *data;
	term t;
	if (bytes <= HEAP_BITS_MAX_BYTES) {
		t = bits_new(heap, total_bits, &data);
	} else {
		struct binary *binary;
		size_t capacity = bytes * 2 < WRITABLE_BYTES_MIN ? WRITABLE_BYTES_MIN : bytes * 2;
		t = writable_new(heap, capacity, total_bits, &binary);
		data = binary->data;
	}
	struct bits from = bits_of(value);
	bits_copy(data, 0, from.data, from.offset, old_bits);
	return fill_all(data, old_bits, first + 1, count - 1, ret) ? t : TERM_NONE;
}

term build_bits(struct heap *heap, struct segment *segments, size_t count, struct build_error *ret_error)
{
	const bool appends = count > 0 && segments[0].type <= SEGMENT_PRIVATE_APPEND;
	size_t total = 0;
	for (size_t i = appends; i < count; i++) {
		if (!segment_bits(&segments[i], ret_error))
			return TERM_NONE;
		total += segments[i].bits; /* no overflow: both are at most BITS_MAX */
		if (!bits_size_ok(total)) {
			(void)fail(&segments[i], A(system_limit), A(size), segments[i].size, ret_error);
			return TERM_NONE;
		}
	}
	if (appends) {
		if (!segment_bits(&segments[0], ret_error))
			return TERM_NONE;
		if (!term_is_bitstring(segments[0].value)) {
			(void)fail(&segments[0], A(badarg), A(type), segments[0].value, ret_error);
			return TERM_NONE;
		}
		if (is_all(&segments[0])) {
			total += segments[0].bits;
			if (bits_size_ok(total))
				return append(heap, segments, total, count, ret_error);
		}
		(void)fail(&segments[0], is_all(&segments[0]) ? A(system_limit) : A(badarg), A(size),
			segments[0].size, ret_error);
		return TERM_NONE;
	}
	uint8_t *data;
	term t = bits_new(heap, total, &data);
	return fill_all(data, 0, segments, count, ret_error) ? t : TERM_NONE;
}

term build_writable(struct heap *heap, term size)
{
	size_t capacity = term_is_small(size) && small_value(size) > 0 ? (size_t)small_value(size) : 0;
	if (capacity <= WRITABLE_BYTES_MIN) /* what compilers say when they know nothing: most stay short */
		return roomy_new(heap);
	/* Only a hint: the program says how much it may write, and growth is checked when it does. */
	if (capacity > 1 << 20)
		capacity = 1 << 20;
	struct binary *binary;
	return writable_new(heap, capacity, 0, &binary);
}
