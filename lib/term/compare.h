/* SPDX-License-Identifier: Apache-2.0 */
/* The total order of terms, equality, and the two hashes. All of them use explicit stacks, so depth is no limit.
 * They read only; nothing may collect meanwhile. */
#pragma once
#include "term/term.h"

/* a =:= b. */
bool term_equal_slow(term a, term b);

static inline bool term_equal(term a, term b)
{
	if (a == b)
		return true;
	/* Two immediates, or values with different tags, are never equal when the words differ. */
	if (((a ^ b) & TAG_MASK) != 0 || (term_is_immediate(a)))
		return false;
	return term_equal_slow(a, b);
}

/* a == b: integers and floats by value. */
bool term_equal_value(term a, term b);
/* Standard order: <0, 0, >0. 1 and 1.0 are equal. */
int term_compare(term a, term b);
/* The order of map keys and =:=: as term_compare, but an integer comes before the float equal to it. */
int term_compare_exact(term a, term b);
/* Exact comparison of a number with a number, big integers against floats without rounding. */
int number_compare(term a, term b);

/* erlang:phash2/1 before the range is applied: equal to OTP's, bit for bit, for values OTP can have. */
uint32_t term_phash2(term t);
/* erlang:phash/2's hash. */
uint32_t term_phash(term t);
/* A fast hash for maps, ETS and registries of this machine; not stable between builds. Equal (=:=) terms
 * hash equal. salt: 0, or a collision round of a tree map. */
uint64_t term_hash(term t, uint64_t salt);
