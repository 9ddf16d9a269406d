/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on numbers of all kinds, as erlang's operators do it.
 *
 * Every operation takes terms of any kind and returns the result, or TERM_NONE; number_fault() then tells which exception
 * that is. None collects. The engine handles two smalls itself and comes here for everything else.
 * Source: OTP 27; the conversion of integers to floats rounds to nearest, as in OTP 29. */
#pragma once
#include "heap/heap.h"

typedef term (*number_unary_fn)(struct heap *heap, term a);
typedef term (*number_binary_fn)(struct heap *heap, term a, term b);

term number_add(struct heap *heap, term a, term b);
term number_subtract(struct heap *heap, term a, term b);
term number_multiply(struct heap *heap, term a, term b);
term number_divide(struct heap *heap, term a, term b); /* the operator / */
term number_div(struct heap *heap, term a, term b);
term number_rem(struct heap *heap, term a, term b);
term number_band(struct heap *heap, term a, term b);
term number_bor(struct heap *heap, term a, term b);
term number_bxor(struct heap *heap, term a, term b);
term number_bsl(struct heap *heap, term a, term b);
term number_bsr(struct heap *heap, term a, term b);

term number_plus(struct heap *heap, term a);
term number_negate(struct heap *heap, term a);
term number_bnot(struct heap *heap, term a);
/* These raise badarg, not badarith, when a is no number. */
term number_abs(struct heap *heap, term a);
term number_float(struct heap *heap, term a);
term number_trunc(struct heap *heap, term a);
term number_round(struct heap *heap, term a);
term number_ceil(struct heap *heap, term a);
term number_floor(struct heap *heap, term a);

/* Why an operator returned TERM_NONE for these operands (b: a's own value for unary ones): the atom system_limit or badarith. */
term number_fault(term a, term b);

/* The double nearest to a number; false for other terms and for integers beyond all floats. */
bool number_to_double(term t, double *ret);
