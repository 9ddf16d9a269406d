/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of any size: between limbs, C's numbers and terms.
 * Invariant: a value that fits a small is a small; a big's highest limb is not 0. */
#include "data/big.h"

#include <gmp.h>
#include <math.h>

_Static_assert(sizeof(mp_limb_t) == sizeof(term) && GMP_NUMB_BITS == 64, "limbs are words");

void integer_read(struct integer *ret, term t)
{
	if (term_is_small(t)) {
		int64_t v = small_value(t);
		ret->negative = v < 0;
		ret->digit = v < 0 ? -(uint64_t)v : (uint64_t)v;
		ret->digits = &ret->digit;
		ret->limbs = v != 0;
		return;
	}
	ret->negative = big_is_negative(t);
	ret->digits = big_digits(t);
	ret->limbs = big_limbs(t);
}

size_t integer_bits(const struct integer *i)
{
	return i->limbs == 0 ? 0 : i->limbs * 64 - (size_t)__builtin_clzll(i->digits[i->limbs - 1]);
}

term big_end(struct heap *heap, term *p, size_t limbs, bool negative)
{
	size_t used = limbs;
	while (used > 0 && p[used] == 0)
		used--;
	if (used == 0) {
		heap_shrink(heap, p, 1 + limbs, 0);
		return TERM_ZERO;
	}
	if (used == 1 && p[1] <= (uint64_t)SMALL_MAX + negative) {
		term t = term_of_small(negative ? (int64_t)-p[1] : (int64_t)p[1]);
		heap_shrink(heap, p, 1 + limbs, 0);
		return t;
	}
	if (used > BIG_LIMBS_MAX) {
		heap_shrink(heap, p, 1 + limbs, 0);
		return TERM_NONE;
	}
	heap_shrink(heap, p, 1 + limbs, 1 + used);
	p[0] = HEADER(negative ? BOXED_BIG_NEG : BOXED_BIG_POS, used);
	return term_of_boxed(p);
}

term integer_max(struct heap *heap)
{
	term *p = heap_alloc(heap, 1 + BIG_LIMBS_MAX);
	p[0] = HEADER(BOXED_BIG_POS, BIG_LIMBS_MAX);
	for (size_t i = 1; i <= BIG_LIMBS_MAX; i++)
		p[i] = UINT64_MAX;
	return term_of_boxed(p);
}

term integer_of_u128(struct heap *heap, unsigned __int128 magnitude, bool negative)
{
	uint64_t low = (uint64_t)magnitude;
	uint64_t high = (uint64_t)(magnitude >> 64);
	if (high == 0 && low <= (uint64_t)SMALL_MAX + negative)
		return term_of_small(negative ? (int64_t)-low : (int64_t)low);
	size_t limbs = high != 0 ? 2 : 1;
	term *p = big_begin(heap, limbs);
	p[0] = HEADER(negative ? BOXED_BIG_NEG : BOXED_BIG_POS, limbs);
	p[1] = low;
	if (high != 0)
		p[2] = high;
	return term_of_boxed(p);
}

term integer_of_u64(struct heap *heap, uint64_t v)
{
	return integer_of_u128(heap, v, false);
}

term integer_of_i64(struct heap *heap, int64_t v)
{
	return integer_of_u128(heap, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0);
}

term integer_of_double(struct heap *heap, double d)
{
	if (d < 0x1p60 && d >= -0x1p60)
		return term_of_small((int64_t)d);
	int exponent;
	uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(d), &exponent), 53);
	/* |d| = mantissa * 2^(exponent - 53), and exponent is over 60 here. */
	unsigned shift = (unsigned)exponent - 53;
	size_t limbs = shift / 64 + 2;
	term *p = big_begin(heap, limbs);
	for (size_t i = 1; i <= limbs; i++)
		p[i] = 0;
	p[1 + shift / 64] = mantissa << shift % 64;
	if (shift % 64 != 0)
		p[2 + shift / 64] = mantissa >> (64 - shift % 64);
	return big_end(heap, p, limbs, d < 0);
}

bool integer_to_i64(term t, int64_t *ret)
{
	if (term_is_small(t)) {
		*ret = small_value(t);
		return true;
	}
	if (!term_is_big(t) || big_limbs(t) != 1)
		return false;
	uint64_t v = big_digits(t)[0];
	bool negative = big_is_negative(t);
	if (v > (uint64_t)INT64_MAX + negative)
		return false;
	*ret = (int64_t)(negative ? -v : v);
	return true;
}

bool integer_to_u64(term t, uint64_t *ret)
{
	if (term_is_small(t)) {
		if (small_value(t) < 0)
			return false;
		*ret = (uint64_t)small_value(t);
		return true;
	}
	if (!term_is_big(t) || big_limbs(t) != 1 || big_is_negative(t))
		return false;
	*ret = big_digits(t)[0];
	return true;
}

bool integer_to_double(term t, double *ret)
{
	if (term_is_small(t)) {
		*ret = (double)small_value(t);
		return true;
	}
	size_t limbs = big_limbs(t);
	const uint64_t *digits = big_digits(t);
	unsigned gap = (unsigned)__builtin_clzll(digits[limbs - 1]);
	if (limbs > 16) /* at least 2^1024 */
		return false;
	/* The 64 highest bits, the lowest of them set also when anything below is: then one rounding is the right one. */
	uint64_t top = digits[limbs - 1] << gap;
	if (limbs > 1 && gap > 0)
		top |= digits[limbs - 2] >> (64 - gap);
	bool below = limbs > 1 && digits[limbs - 2] << gap != 0;
	for (size_t i = 0; !below && i + 2 < limbs; i++)
		below = digits[i] != 0;
	double d = ldexp((double)(top | below), (int)(limbs - 1) * 64 - (int)gap);
	if (!isfinite(d))
		return false;
	*ret = big_is_negative(t) ? -d : d;
	return true;
}
