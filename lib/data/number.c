/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic: smalls and floats here, limbs by GMP's mpn functions.
 * Invariant: a result's room is taken before anything is computed, at the largest size it can have. */
#include "data/number.h"

#include "data/big.h"
#include "term/atom.h"

#include <gmp.h>
#include <math.h>
#include <string.h>

term number_fault(term a, term b)
{
	/* Two integers fail only by the size of the result, or by division by 0. */
	return term_is_integer(a) && term_is_integer(b) && b != TERM_ZERO ? A(system_limit) : A(badarith);
}

bool number_to_double(term t, double *ret)
{
	if (term_is_float(t)) {
		*ret = float_value(t);
		return true;
	}
	return term_is_integer(t) && integer_to_double(t, ret);
}

static term float_result(struct heap *heap, double d)
{
	return likely(isfinite(d)) ? heap_float(heap, d) : TERM_NONE;
}

/* Both as doubles. False when one is no number or too large. */
static bool both_to_double(term a, term b, double *ret_a, double *ret_b)
{
	return number_to_double(a, ret_a) && number_to_double(b, ret_b);
}

static inline bool both_integers(term a, term b)
{
	return term_is_integer(a) && term_is_integer(b);
}

/* Sums. */

static term add_magnitudes(struct heap *heap, const struct integer *a, const struct integer *b, bool negative)
{
	if (a->limbs < b->limbs) {
		const struct integer *t = a;
		a = b;
		b = t;
	}
	term *p = big_begin(heap, a->limbs + 1);
	if (b->limbs == 0) {
		memcpy(p + 1, a->digits, a->limbs * sizeof(term));
		p[1 + a->limbs] = 0;
	} else {
		p[1 + a->limbs] = mpn_add(p + 1, a->digits, (mp_size_t)a->limbs, b->digits, (mp_size_t)b->limbs);
	}
	return big_end(heap, p, a->limbs + 1, negative);
}

/* |a| - |b|; negative: the sign if |a| is the larger one. */
static term subtract_magnitudes(struct heap *heap, const struct integer *a, const struct integer *b, bool negative)
{
	int order = a->limbs != b->limbs ? (a->limbs < b->limbs ? -1 : 1)
		: a->limbs == 0		 ? 0
					 : mpn_cmp(a->digits, b->digits, (mp_size_t)a->limbs);
	if (order == 0)
		return TERM_ZERO;
	if (order < 0) {
		const struct integer *t = a;
		a = b;
		b = t;
		negative = !negative;
	}
	term *p = big_begin(heap, a->limbs);
	if (b->limbs == 0)
		memcpy(p + 1, a->digits, a->limbs * sizeof(term));
	else
		(void)mpn_sub(p + 1, a->digits, (mp_size_t)a->limbs, b->digits, (mp_size_t)b->limbs); /* no borrow: |a| > |b| */
	return big_end(heap, p, a->limbs, negative);
}

static term add_integers(struct heap *heap, term a, term b, bool negate_b)
{
	struct integer x, y;
	integer_read(&x, a);
	integer_read(&y, b);
	bool y_negative = y.negative != negate_b;
	if (x.negative == y_negative)
		return add_magnitudes(heap, &x, &y, x.negative);
	return subtract_magnitudes(heap, &x, &y, x.negative);
}

term number_add(struct heap *heap, term a, term b)
{
	double x, y;
	if (term_is_small(a) && term_is_small(b))
		return integer_of_i64(heap, small_value(a) + small_value(b));
	if (term_is_float(a) && term_is_float(b))
		return float_result(heap, float_value(a) + float_value(b));
	if (both_integers(a, b))
		return add_integers(heap, a, b, false);
	return both_to_double(a, b, &x, &y) ? float_result(heap, x + y) : TERM_NONE;
}

term number_subtract(struct heap *heap, term a, term b)
{
	double x, y;
	if (term_is_small(a) && term_is_small(b))
		return integer_of_i64(heap, small_value(a) - small_value(b));
	if (term_is_float(a) && term_is_float(b))
		return float_result(heap, float_value(a) - float_value(b));
	if (both_integers(a, b))
		return add_integers(heap, a, b, true);
	return both_to_double(a, b, &x, &y) ? float_result(heap, x - y) : TERM_NONE;
}

/* Products. */

static term multiply_integers(struct heap *heap, term a, term b)
{
	struct integer x, y;
	integer_read(&x, a);
	integer_read(&y, b);
	if (x.limbs == 0 || y.limbs == 0)
		return TERM_ZERO;
	/* Too large for certain: not even computed. */
	if (integer_bits(&x) + integer_bits(&y) > BIG_BITS_MAX + 1)
		return TERM_NONE;
	const struct integer *large = x.limbs >= y.limbs ? &x : &y;
	const struct integer *little = x.limbs >= y.limbs ? &y : &x;
	size_t limbs = x.limbs + y.limbs;
	term *p = big_begin(heap, limbs);
	if (little->limbs == 1)
		p[limbs] = mpn_mul_1(p + 1, large->digits, (mp_size_t)large->limbs, little->digits[0]);
	else if (x.digits == y.digits && x.limbs == y.limbs)
		mpn_sqr(p + 1, x.digits, (mp_size_t)x.limbs);
	else
		(void)mpn_mul(p + 1, large->digits, (mp_size_t)large->limbs, little->digits,
			(mp_size_t)little->limbs); /* returns what it has also stored */
	return big_end(heap, p, limbs, x.negative != y.negative);
}

term number_multiply(struct heap *heap, term a, term b)
{
	double x, y;
	if (term_is_small(a) && term_is_small(b)) {
		__int128 product = (__int128)small_value(a) * small_value(b);
		bool negative = product < 0;
		return integer_of_u128(heap, negative ? -(unsigned __int128)product : (unsigned __int128)product, negative);
	}
	if (term_is_float(a) && term_is_float(b))
		return float_result(heap, float_value(a) * float_value(b));
	if (both_integers(a, b))
		return multiply_integers(heap, a, b);
	return both_to_double(a, b, &x, &y) ? float_result(heap, x * y) : TERM_NONE;
}

/* Quotients. */

term number_divide(struct heap *heap, term a, term b)
{
	double x, y;
	if (!both_to_double(a, b, &x, &y) || y == 0)
		return TERM_NONE;
	return float_result(heap, x / y);
}

enum division { QUOTIENT, REMAINDER };

static term divide_by_limb(struct heap *heap, const struct integer *x, const struct integer *y, enum division which)
{
	if (which == REMAINDER)
		return integer_of_u128(heap, mpn_mod_1(x->digits, (mp_size_t)x->limbs, y->digits[0]), x->negative);
	term *p = big_begin(heap, x->limbs);
	(void)mpn_divrem_1(p + 1, 0, x->digits, (mp_size_t)x->limbs, y->digits[0]); /* the remainder is not asked for */
	return big_end(heap, p, x->limbs, x->negative != y->negative);
}

static term divide_integers(struct heap *heap, term a, term b, enum division which)
{
	struct integer x, y;
	integer_read(&x, a);
	integer_read(&y, b);
	if (x.limbs < y.limbs)
		return which == QUOTIENT ? TERM_ZERO : a;
	if (y.limbs == 1)
		return divide_by_limb(heap, &x, &y, which);
	/* mpn computes both; the one not wanted goes to memory of its own. */
	size_t quotient_limbs = x.limbs - y.limbs + 1;
	size_t limbs = which == QUOTIENT ? quotient_limbs : y.limbs;
	size_t other_bytes = (which == QUOTIENT ? y.limbs : quotient_limbs) * sizeof(mp_limb_t);
	mp_limb_t *other = mem_alloc(MEM_TEMP, other_bytes);
	term *p = big_begin(heap, limbs);
	mpn_tdiv_qr(which == QUOTIENT ? p + 1 : other, which == QUOTIENT ? other : p + 1, 0, x.digits, (mp_size_t)x.limbs,
		y.digits, (mp_size_t)y.limbs);
	mem_free(MEM_TEMP, other, other_bytes);
	return big_end(heap, p, limbs, which == QUOTIENT ? x.negative != y.negative : x.negative);
}

term number_div(struct heap *heap, term a, term b)
{
	if (!both_integers(a, b) || b == TERM_ZERO)
		return TERM_NONE;
	if (term_is_small(a) && term_is_small(b))
		return integer_of_i64(heap, small_value(a) / small_value(b));
	return divide_integers(heap, a, b, QUOTIENT);
}

term number_rem(struct heap *heap, term a, term b)
{
	if (!both_integers(a, b) || b == TERM_ZERO)
		return TERM_NONE;
	if (term_is_small(a) && term_is_small(b))
		return term_of_small(small_value(a) % small_value(b));
	return divide_integers(heap, a, b, REMAINDER);
}

/* Bits: negative numbers stand as their two's complement with endless ones above. */

enum bit_operation { BIT_AND, BIT_OR, BIT_XOR };

static inline uint64_t bit_apply(enum bit_operation operation, uint64_t x, uint64_t y)
{
	switch (operation) {
	case BIT_AND:
		return x & y;
	case BIT_OR:
		return x | y;
	case BIT_XOR:
		return x ^ y;
	}
	return 0;
}

/* Limb i of the two's complement; carry is 1 at the start for negative numbers and goes from limb to limb. */
static inline uint64_t complement_limb(const struct integer *x, size_t i, uint64_t *carry)
{
	uint64_t digit = i < x->limbs ? x->digits[i] : 0;
	if (!x->negative)
		return digit;
	uint64_t limb = ~digit + *carry;
	*carry = *carry != 0 && limb == 0;
	return limb;
}

static term bit_integers(struct heap *heap, term a, term b, enum bit_operation operation)
{
	struct integer x, y;
	integer_read(&x, a);
	integer_read(&y, b);
	size_t limbs = (x.limbs > y.limbs ? x.limbs : y.limbs) + 1; /* the highest holds only the sign */
	uint64_t x_carry = 1;
	uint64_t y_carry = 1;
	bool negative = bit_apply(operation, x.negative, y.negative) != 0;
	uint64_t carry = 1;
	term *p = big_begin(heap, limbs);
	for (size_t i = 0; i < limbs; i++) {
		uint64_t limb = bit_apply(operation, complement_limb(&x, i, &x_carry), complement_limb(&y, i, &y_carry));
		if (negative) {
			limb = ~limb + carry;
			carry = carry != 0 && limb == 0;
		}
		p[1 + i] = limb;
	}
	return big_end(heap, p, limbs, negative);
}

term number_band(struct heap *heap, term a, term b)
{
	if (term_is_small(a) && term_is_small(b))
		return a & b;
	return both_integers(a, b) ? bit_integers(heap, a, b, BIT_AND) : TERM_NONE;
}

term number_bor(struct heap *heap, term a, term b)
{
	if (term_is_small(a) && term_is_small(b))
		return a | b;
	return both_integers(a, b) ? bit_integers(heap, a, b, BIT_OR) : TERM_NONE;
}

term number_bxor(struct heap *heap, term a, term b)
{
	if (term_is_small(a) && term_is_small(b))
		return a ^ b;
	return both_integers(a, b) ? bit_integers(heap, a, b, BIT_XOR) : TERM_NONE;
}

term number_bnot(struct heap *heap, term a)
{
	if (term_is_small(a))
		return term_of_small(~small_value(a));
	if (!term_is_integer(a))
		return TERM_NONE;
	/* -a - 1 */
	return add_integers(heap, term_of_small(-1), a, true);
}

/* Shifts. */

static term shift_left(struct heap *heap, term a, uint64_t count)
{
	struct integer x;
	integer_read(&x, a);
	if (x.limbs == 0)
		return TERM_ZERO;
	if (count > BIG_BITS_MAX || integer_bits(&x) + count > BIG_BITS_MAX)
		return TERM_NONE;
	size_t whole = count / 64;
	unsigned bits = count % 64;
	size_t limbs = x.limbs + whole + 1;
	term *p = big_begin(heap, limbs);
	memset(p + 1, 0, whole * sizeof(term));
	if (bits == 0) {
		memcpy(p + 1 + whole, x.digits, x.limbs * sizeof(term));
		p[limbs] = 0;
	} else {
		p[limbs] = mpn_lshift(p + 1 + whole, x.digits, (mp_size_t)x.limbs, bits);
	}
	return big_end(heap, p, limbs, x.negative);
}

static bool any_bit_below(const struct integer *x, uint64_t count)
{
	for (size_t i = 0; i < count / 64; i++)
		if (x->digits[i] != 0)
			return true;
	return count % 64 != 0 && x->digits[count / 64] << (64 - count % 64) != 0;
}

/* Rounds down: a negative number that loses bits moves away from 0 by one. */
static term shift_right(struct heap *heap, term a, uint64_t count)
{
	struct integer x;
	integer_read(&x, a);
	if (count >= integer_bits(&x))
		return x.negative ? term_of_small(-1) : TERM_ZERO;
	size_t whole = count / 64;
	unsigned bits = count % 64;
	size_t limbs = x.limbs - whole;
	term *p = big_begin(heap, limbs + 1);
	if (bits == 0)
		memcpy(p + 1, x.digits + whole, limbs * sizeof(term));
	else
		(void)mpn_rshift(p + 1, x.digits + whole, (mp_size_t)limbs, bits); /* what falls off is looked at below */
	p[1 + limbs] = 0;
	if (x.negative && any_bit_below(&x, count))
		p[1 + limbs] = mpn_add_1(p + 1, p + 1, (mp_size_t)limbs, 1);
	return big_end(heap, p, limbs + 1, x.negative);
}

/* How far, and in which direction; a count beyond 64 bits is as good as the largest. */
static bool shift_count(term b, uint64_t *ret_count, bool *ret_negative)
{
	struct integer y;
	if (!term_is_integer(b))
		return false;
	integer_read(&y, b);
	*ret_count = y.limbs == 0 ? 0 : y.limbs == 1 ? y.digits[0] : UINT64_MAX;
	*ret_negative = y.negative;
	return true;
}

term number_bsl(struct heap *heap, term a, term b)
{
	uint64_t count;
	bool negative;
	if (!term_is_integer(a) || !shift_count(b, &count, &negative))
		return TERM_NONE;
	return negative ? shift_right(heap, a, count) : shift_left(heap, a, count);
}

term number_bsr(struct heap *heap, term a, term b)
{
	uint64_t count;
	bool negative;
	if (!term_is_integer(a) || !shift_count(b, &count, &negative))
		return TERM_NONE;
	if (!negative && term_is_small(a))
		return term_of_small(small_value(a) >> (count < 63 ? count : 63));
	return negative ? shift_left(heap, a, count) : shift_right(heap, a, count);
}

/* One operand. */

term number_plus(struct heap *heap, term a)
{
	return term_is_number(a) ? a : TERM_NONE;
}

term number_negate(struct heap *heap, term a)
{
	if (term_is_small(a))
		return integer_of_i64(heap, -small_value(a));
	if (term_is_float(a))
		return heap_float(heap, -float_value(a));
	return term_is_integer(a) ? add_integers(heap, TERM_ZERO, a, true) : TERM_NONE;
}

term number_abs(struct heap *heap, term a)
{
	if (term_is_small(a))
		return small_value(a) < 0 ? number_negate(heap, a) : a;
	if (term_is_float(a))
		return signbit(float_value(a)) ? heap_float(heap, -float_value(a)) : a;
	if (!term_is_big(a))
		return TERM_NONE;
	return big_is_negative(a) ? number_negate(heap, a) : a;
}

term number_float(struct heap *heap, term a)
{
	double d;
	if (term_is_float(a))
		return a;
	return number_to_double(a, &d) ? heap_float(heap, d) : TERM_NONE;
}

static term whole(struct heap *heap, term a, double (*fn)(double))
{
	if (term_is_integer(a))
		return a;
	return term_is_float(a) ? integer_of_double(heap, fn(float_value(a))) : TERM_NONE;
}

term number_trunc(struct heap *heap, term a)
{
	return whole(heap, a, trunc);
}

term number_round(struct heap *heap, term a)
{
	return whole(heap, a, round);
}

term number_ceil(struct heap *heap, term a)
{
	return whole(heap, a, ceil);
}

term number_floor(struct heap *heap, term a)
{
	return whole(heap, a, floor);
}
