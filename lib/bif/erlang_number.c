/* SPDX-License-Identifier: Apache-2.0 */
/* Module erlang: arithmetic, numbers and their text, comparison.
 * Source: module erlang of OTP 27. */
#include "base/alloc.h"
#include "bif/bif.h"
#include "binary/binary.h"
#include "data/big.h"
#include "data/float.h"
#include "data/integer_text.h"
#include "data/number.h"
#include "term/bits.h"
#include "term/compare.h"

#include <string.h>

/* Operators. */

static term binary_operator(struct proc *p, const term *args, number_binary_fn fn)
{
	term t = fn(bif_heap(p), args[0], args[1]);
	return likely(t != TERM_NONE) ? t : bif_error(p, number_fault(args[0], args[1]));
}

static term unary_operator(struct proc *p, const term *args, number_unary_fn fn)
{
	term t = fn(bif_heap(p), args[0]);
	return likely(t != TERM_NONE) ? t : bif_error(p, number_fault(args[0], args[0]));
}

/* Those that are functions by name raise badarg. */
static term unary_function(struct proc *p, const term *args, number_unary_fn fn)
{
	term t = fn(bif_heap(p), args[0]);
	return likely(t != TERM_NONE) ? t : bif_badarg(p);
}

term bif_erlang_multiply_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_multiply);
}

term bif_erlang_plus_1(struct proc *p, const term *args)
{
	return unary_operator(p, args, number_plus);
}

term bif_erlang_add_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_add);
}

term bif_erlang_negate_1(struct proc *p, const term *args)
{
	return unary_operator(p, args, number_negate);
}

term bif_erlang_subtract_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_subtract);
}

term bif_erlang_divide_2(struct proc *p, const term *args)
{
	term t = number_divide(bif_heap(p), args[0], args[1]);
	return t != TERM_NONE ? t : bif_badarith(p);
}

term bif_erlang_band_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_band);
}

term bif_erlang_bnot_1(struct proc *p, const term *args)
{
	return unary_operator(p, args, number_bnot);
}

term bif_erlang_bor_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_bor);
}

term bif_erlang_bsl_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_bsl);
}

term bif_erlang_bsr_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_bsr);
}

term bif_erlang_bxor_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_bxor);
}

term bif_erlang_div_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_div);
}

term bif_erlang_rem_2(struct proc *p, const term *args)
{
	return binary_operator(p, args, number_rem);
}

term bif_erlang_abs_1(struct proc *p, const term *args)
{
	return unary_function(p, args, number_abs);
}

term bif_erlang_ceil_1(struct proc *p, const term *args)
{
	return unary_function(p, args, number_ceil);
}

term bif_erlang_float_1(struct proc *p, const term *args)
{
	return unary_function(p, args, number_float);
}

term bif_erlang_floor_1(struct proc *p, const term *args)
{
	return unary_function(p, args, number_floor);
}

term bif_erlang_round_1(struct proc *p, const term *args)
{
	return unary_function(p, args, number_round);
}

term bif_erlang_trunc_1(struct proc *p, const term *args)
{
	return unary_function(p, args, number_trunc);
}

/* Comparison. */

term bif_erlang_not_equal_2(struct proc *p, const term *args)
{
	return term_of_bool(!term_equal_value(args[0], args[1]));
}

term bif_erlang_less_2(struct proc *p, const term *args)
{
	return term_of_bool(term_compare(args[0], args[1]) < 0);
}

term bif_erlang_not_exactly_equal_2(struct proc *p, const term *args)
{
	return term_of_bool(!term_equal(args[0], args[1]));
}

term bif_erlang_exactly_equal_2(struct proc *p, const term *args)
{
	return term_of_bool(term_equal(args[0], args[1]));
}

term bif_erlang_less_or_equal_2(struct proc *p, const term *args)
{
	return term_of_bool(term_compare(args[0], args[1]) <= 0);
}

term bif_erlang_equal_2(struct proc *p, const term *args)
{
	return term_of_bool(term_equal_value(args[0], args[1]));
}

term bif_erlang_greater_2(struct proc *p, const term *args)
{
	return term_of_bool(term_compare(args[0], args[1]) > 0);
}

term bif_erlang_greater_or_equal_2(struct proc *p, const term *args)
{
	return term_of_bool(term_compare(args[0], args[1]) >= 0);
}

term bif_erlang_max_2(struct proc *p, const term *args)
{
	return term_compare(args[0], args[1]) >= 0 ? args[0] : args[1];
}

term bif_erlang_min_2(struct proc *p, const term *args)
{
	return term_compare(args[0], args[1]) <= 0 ? args[0] : args[1];
}

term bif_internal_cmp_term_2(struct proc *p, const term *args)
{
	int order = term_compare_exact(args[0], args[1]);
	return term_of_small((order > 0) - (order < 0));
}

/* Text. */

static term list_of_chars(struct heap *heap, const char *text, size_t size)
{
	if (size == 0)
		return TERM_NIL;
	term *p = heap_alloc(heap, 2 * size);
	for (size_t i = 0; i < size; i++) {
		p[2 * i] = term_of_small((uint8_t)text[i]);
		p[2 * i + 1] = i + 1 < size ? term_of_cons(p + 2 * i + 2) : TERM_NIL;
	}
	return term_of_cons(p);
}

enum text_result { AS_LIST, AS_BINARY };

static term text_as(struct heap *heap, const char *text, size_t size, enum text_result as)
{
	return as == AS_LIST ? list_of_chars(heap, text, size) : bits_of_bytes(heap, text, size);
}

static bool get_base(term t, unsigned *ret)
{
	if (!term_is_small(t) || small_value(t) < 2 || small_value(t) > 36)
		return false;
	*ret = (unsigned)small_value(t);
	return true;
}

static term integer_as(struct proc *p, term t, unsigned base, enum text_result as)
{
	char inline_text[128];
	if (!term_is_integer(t))
		return bif_badarg(p);
	size_t max = integer_text_max(t, base);
	char *text = max <= sizeof(inline_text) ? inline_text : mem_alloc(MEM_TEMP, max);
	term result = text_as(bif_heap(p), text, integer_text(t, base, text), as);
	if (text != inline_text) {
		mem_free(MEM_TEMP, text, max);
		bif_charge(p, max / 10);
	}
	return result;
}

static term integer_in_base_as(struct proc *p, const term *args, enum text_result as)
{
	unsigned base;
	return get_base(args[1], &base) ? integer_as(p, args[0], base, as) : bif_badarg(p);
}

term bif_erlang_integer_to_binary_1(struct proc *p, const term *args)
{
	return integer_as(p, args[0], 10, AS_BINARY);
}

term bif_erlang_integer_to_binary_2(struct proc *p, const term *args)
{
	return integer_in_base_as(p, args, AS_BINARY);
}

term bif_erlang_integer_to_list_1(struct proc *p, const term *args)
{
	return integer_as(p, args[0], 10, AS_LIST);
}

term bif_erlang_integer_to_list_2(struct proc *p, const term *args)
{
	return integer_in_base_as(p, args, AS_LIST);
}

/* How a float shall look: the last option that names a form wins, compact matters only with decimals. */
static bool get_float_options(term list, enum float_form *ret_form, unsigned *ret_decimals)
{
	bool compact = false;
	for (; term_is_cons(list); list = cons_tail(list)) {
		term option = cons_head(list);
		size_t n;
		if (option == A(compact)) {
			compact = true;
		} else if (option == A(short)) {
			*ret_form = FLOAT_SHORT;
		} else if (term_is_tuple_of(option, 2) && bif_get_size(tuple_element(option, 1), &n) &&
			((tuple_element(option, 0) == A(decimals) && n <= FLOAT_DECIMALS_MAX) ||
				(tuple_element(option, 0) == A(scientific) && n <= FLOAT_SCIENTIFIC_MAX))) {
			*ret_form = tuple_element(option, 0) == A(decimals) ? FLOAT_DECIMALS : FLOAT_SCIENTIFIC;
			*ret_decimals = (unsigned)n;
		} else {
			return false;
		}
	}
	if (compact && *ret_form == FLOAT_DECIMALS)
		*ret_form = FLOAT_COMPACT;
	return list == TERM_NIL;
}

#define FLOAT_DEFAULT_DECIMALS 20
#define FLOAT_OUTPUT_MAX 255 /* Source: OTP raises badarg for what is longer */

static term float_as(struct proc *p, term t, term options, enum text_result as)
{
	char text[FLOAT_FORM_MAX];
	enum float_form form = FLOAT_SCIENTIFIC;
	unsigned decimals = FLOAT_DEFAULT_DECIMALS;
	if (!term_is_float(t) || !get_float_options(options, &form, &decimals))
		return bif_badarg(p);
	size_t size = float_text(float_value(t), form, decimals, text);
	return size <= FLOAT_OUTPUT_MAX ? text_as(bif_heap(p), text, size, as) : bif_badarg(p);
}

term bif_erlang_float_to_binary_1(struct proc *p, const term *args)
{
	return float_as(p, args[0], TERM_NIL, AS_BINARY);
}

term bif_erlang_float_to_binary_2(struct proc *p, const term *args)
{
	return float_as(p, args[0], args[1], AS_BINARY);
}

term bif_erlang_float_to_list_1(struct proc *p, const term *args)
{
	return float_as(p, args[0], TERM_NIL, AS_LIST);
}

term bif_erlang_float_to_list_2(struct proc *p, const term *args)
{
	return float_as(p, args[0], args[1], AS_LIST);
}

/* The bytes at the front of a list, up to its first element that is none. */
struct list_bytes {
	uint8_t *data;
	size_t size;
	size_t capacity;
	term rest; /* from the first element that is no byte on */
	uint8_t inline_data[128];
};

static void list_bytes_init(struct list_bytes *b, term list)
{
	b->data = b->inline_data;
	b->capacity = sizeof(b->inline_data);
	b->size = 0;
	for (; term_is_cons(list); list = cons_tail(list)) {
		term c = cons_head(list);
		if (!term_is_small(c) || c > term_of_small(255))
			break;
		if (b->size == b->capacity) {
			size_t capacity = b->capacity * 2;
			if (b->data == b->inline_data) {
				b->data = mem_alloc(MEM_TEMP, capacity);
				memcpy(b->data, b->inline_data, b->size);
			} else {
				b->data = mem_realloc(MEM_TEMP, b->data, b->capacity, capacity);
			}
			b->capacity = capacity;
		}
		b->data[b->size++] = (uint8_t)small_value(c);
	}
	b->rest = list;
}

static void list_bytes_done(struct list_bytes *b)
{
	if (b->data != b->inline_data)
		mem_free(MEM_TEMP, b->data, b->capacity);
}

/* Text ends where a zero byte is, as in OTP: floats of the old external format are filled up with them. */
static bool parse_float(const uint8_t *data, size_t size, double *ret)
{
	const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
	return float_parse(data, end != NULL ? (size_t)(end - data) : size, ret);
}

term bif_erlang_list_to_float_1(struct proc *p, const term *args)
{
	struct list_bytes bytes;
	double d;
	list_bytes_init(&bytes, args[0]);
	bool ok = bytes.rest == TERM_NIL && parse_float(bytes.data, bytes.size, &d);
	list_bytes_done(&bytes);
	return ok ? heap_float(bif_heap(p), d) : bif_badarg(p);
}

term bif_erlang_binary_to_float_1(struct proc *p, const term *args)
{
	struct flat_bits flat;
	double d;
	if (!term_is_binary(args[0]))
		return bif_badarg(p);
	flat_bits_init(&flat, args[0]);
	bool ok = parse_float(flat.data, flat.size, &d);
	flat_bits_done(&flat);
	return ok ? heap_float(bif_heap(p), d) : bif_badarg(p);
}

/* All of the text has to be the number. */
static term whole_integer(struct proc *p, const uint8_t *text, size_t size, unsigned base)
{
	term t;
	size_t used;
	bif_charge(p, size / 32);
	switch (integer_parse(bif_heap(p), text, size, base, &t, &used)) {
	case INTEGER_PARSED:
		return used == size ? t : bif_badarg(p);
	case INTEGER_NONE:
		return bif_badarg(p);
	case INTEGER_TOO_LARGE:
		return used == size ? bif_system_limit(p) : bif_badarg(p);
	}
	return bif_badarg(p);
}

static term list_as_integer(struct proc *p, term list, unsigned base)
{
	struct list_bytes bytes;
	list_bytes_init(&bytes, list);
	term t = bytes.rest == TERM_NIL ? whole_integer(p, bytes.data, bytes.size, base) : bif_badarg(p);
	list_bytes_done(&bytes);
	return t;
}

static term binary_as_integer(struct proc *p, term binary, unsigned base)
{
	struct flat_bits flat;
	if (!term_is_binary(binary))
		return bif_badarg(p);
	flat_bits_init(&flat, binary);
	term t = whole_integer(p, flat.data, flat.size, base);
	flat_bits_done(&flat);
	return t;
}

term bif_erlang_list_to_integer_1(struct proc *p, const term *args)
{
	return list_as_integer(p, args[0], 10);
}

term bif_erlang_list_to_integer_2(struct proc *p, const term *args)
{
	unsigned base;
	return get_base(args[1], &base) ? list_as_integer(p, args[0], base) : bif_badarg(p);
}

term bif_erlang_binary_to_integer_1(struct proc *p, const term *args)
{
	return binary_as_integer(p, args[0], 10);
}

term bif_erlang_binary_to_integer_2(struct proc *p, const term *args)
{
	unsigned base;
	return get_base(args[1], &base) ? binary_as_integer(p, args[0], base) : bif_badarg(p);
}

/* For module erlang and string: what is wrong is an answer. `big` lets their Erlang code go on, which then finds the limit. */
term bif_internal_list_to_integer_2(struct proc *p, const term *args)
{
	unsigned base;
	term t;
	size_t used;
	if (!get_base(args[1], &base))
		return A(badarg);
	if (!term_is_list(args[0]))
		return A(not_a_list);
	struct list_bytes bytes;
	list_bytes_init(&bytes, args[0]);
	enum integer_parse_result result = integer_parse(bif_heap(p), bytes.data, bytes.size, base, &t, &used);
	list_bytes_done(&bytes);
	bif_charge(p, bytes.size / 32);
	if (result != INTEGER_PARSED)
		return result == INTEGER_NONE ? A(no_integer) : A(big);
	term rest = args[0];
	for (; used > 0; used--)
		rest = cons_tail(rest);
	return heap_tuple_of(bif_heap(p), t, rest);
}

term bif_internal_binary_to_integer_2(struct proc *p, const term *args)
{
	unsigned base;
	term t;
	size_t used;
	if (!get_base(args[1], &base) || !term_is_binary(args[0]))
		return A(badarg);
	struct flat_bits flat;
	flat_bits_init(&flat, args[0]);
	size_t size = flat.size;
	enum integer_parse_result result = integer_parse(bif_heap(p), flat.data, size, base, &t, &used);
	flat_bits_done(&flat);
	bif_charge(p, size / 32);
	if (result == INTEGER_NONE || used != size)
		return A(badarg);
	return result == INTEGER_PARSED ? t : A(big);
}
