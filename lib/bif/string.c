/* SPDX-License-Identifier: Apache-2.0 */
/* string:list_to_float/1: the float that a list begins with, and the rest of the list. */
#include "base/vec.h"
#include "bif/bif.h"
#include "data/float.h"

/* Where in [+-]DIGITS.DIGITS[e[+-]DIGITS] the reader is. */
enum state { SIGN, WHOLE_FIRST, WHOLE, FRACTION_FIRST, FRACTION, EXPONENT_SIGN, EXPONENT_FIRST, EXPONENT };

static bool is_digit(int64_t c)
{
	return c >= '0' && c <= '9';
}

/* The state after c, or -1 when c is no part of the number. */
static int next_state(enum state state, int64_t c)
{
	switch (state) {
	case SIGN:
		return c == '+' || c == '-' ? WHOLE_FIRST : is_digit(c) ? WHOLE : -1;
	case WHOLE_FIRST:
		return is_digit(c) ? WHOLE : -1;
	case WHOLE:
		return is_digit(c) ? WHOLE : c == '.' || c == ',' ? FRACTION_FIRST : -1;
	case FRACTION_FIRST:
		return is_digit(c) ? FRACTION : -1;
	case FRACTION:
		return is_digit(c) ? FRACTION : c == 'e' || c == 'E' ? EXPONENT_SIGN : -1;
	case EXPONENT_SIGN:
		return c == '+' || c == '-' ? EXPONENT_FIRST : is_digit(c) ? EXPONENT : -1;
	case EXPONENT_FIRST:
	case EXPONENT:
		return is_digit(c) ? EXPONENT : -1;
	}
	return -1;
}

term bif_string_list_to_float_1(struct proc *p, const term *args)
{
	struct heap *heap = bif_heap(p);
	if (!term_is_list(args[0]))
		return heap_tuple_of(heap, A(error), A(not_a_list));
	VEC(uint8_t) text = { 0 };
	size_t complete = 0; /* characters of the longest float so far */
	term rest = args[0];
	enum state state = SIGN;
	for (term l = args[0]; term_is_cons(l); l = cons_tail(l)) {
		term c = cons_head(l);
		int next = term_is_small(c) ? next_state(state, small_value(c)) : -1;
		if (next < 0)
			break;
		state = (enum state)next;
		vec_push(&text, small_value(c) == ',' ? '.' : (uint8_t)small_value(c));
		if (state == FRACTION || state == EXPONENT) {
			complete = text.count;
			rest = cons_tail(l);
		}
	}
	double d;
	bool ok = complete > 0 && float_parse(text.items, complete, &d);
	bif_charge(p, text.count / 16);
	vec_done(&text);
	if (!ok)
		return heap_tuple_of(heap, A(error), A(no_float));
	return heap_tuple_of(heap, heap_float(heap, d), rest);
}
