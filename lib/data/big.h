/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of any size as limbs: reading smalls and bigs alike, and making the result a small or a big again.
 *
 * Bound: no integer has more than BIG_LIMBS_MAX limbs (as OTP 27: 4194240 bits). An operation may compute with twice that
 * and then finds that its result is too large: it returns TERM_NONE, and number_fault() says system_limit. */
#pragma once
#include "heap/heap.h"

#define BIG_LIMBS_MAX 65535
#define BIG_BITS_MAX ((size_t)BIG_LIMBS_MAX * 64)

/* An integer as it stands: magnitude and sign. digits may point into the struct itself, so it is not to be copied. */
struct integer {
	const uint64_t *digits;
	size_t limbs; /* without leading zeros; 0 has none */
	bool negative;
	uint64_t digit; /* of a small */
};

/* t: a small or a big. Borrowed: valid until the next collection. */
void integer_read(struct integer *ret, term t);

/* Room for a result of at most `limbs` limbs: the words [1 .. limbs] of what is returned are its digits. */
static inline term *big_begin(struct heap *heap, size_t limbs)
{
	return heap_alloc(heap, 1 + limbs);
}

/* Ends what big_begin(heap, limbs) began: a small, a big without leading zeros, or TERM_NONE above the bound. */
term big_end(struct heap *heap, term *p, size_t limbs, bool negative);

/* The largest there is. */
term integer_max(struct heap *heap);
term integer_of_u64(struct heap *heap, uint64_t v);
term integer_of_i64(struct heap *heap, int64_t v);
term integer_of_u128(struct heap *heap, unsigned __int128 magnitude, bool negative);
/* The whole part of a finite d. */
term integer_of_double(struct heap *heap, double d);

/* False when t is no integer or does not fit. */
bool integer_to_i64(term t, int64_t *ret);
bool integer_to_u64(term t, uint64_t *ret);
/* The nearest double, ties to even; false when it would be infinite. */
bool integer_to_double(term t, double *ret);
/* Bits of the magnitude; 0 for 0. */
size_t integer_bits(const struct integer *i);
