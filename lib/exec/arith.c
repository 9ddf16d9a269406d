/* SPDX-License-Identifier: Apache-2.0 */
/* Operators off the fast path: floats here, other numbers in data/number.h, the rest by the BIFs of the same names. */
#include "exec/exec_impl.h"

#include "data/number.h"

#include <math.h>

const struct export *operator_exports[OPERATORS];

static const number_binary_fn binary_fns[OPERATORS] = {
	[OPERATOR_ADD] = number_add,
	[OPERATOR_SUB] = number_subtract,
	[OPERATOR_MUL] = number_multiply,
	[OPERATOR_INT_DIV] = number_div,
	[OPERATOR_INT_REM] = number_rem,
	[OPERATOR_BAND] = number_band,
	[OPERATOR_BOR] = number_bor,
	[OPERATOR_BXOR] = number_bxor,
	[OPERATOR_BSL] = number_bsl,
	[OPERATOR_BSR] = number_bsr,
};

static const number_unary_fn unary_fns[OPERATORS] = {
	[OPERATOR_BNOT] = number_bnot,
	[OPERATOR_NEG] = number_negate,
};

void arith_init(void)
{
	static const struct {
		term function;
		uint32_t arity;
	} names[OPERATORS] = {
		[OPERATOR_ADD] = { A(plus), 2 },
		[OPERATOR_SUB] = { A(minus), 2 },
		[OPERATOR_MUL] = { A(times), 2 },
		[OPERATOR_INT_DIV] = { A(div), 2 },
		[OPERATOR_INT_REM] = { A(rem), 2 },
		[OPERATOR_BAND] = { A(band), 2 },
		[OPERATOR_BOR] = { A(bor), 2 },
		[OPERATOR_BXOR] = { A(bxor), 2 },
		[OPERATOR_BSL] = { A(bsl), 2 },
		[OPERATOR_BSR] = { A(bsr), 2 },
		[OPERATOR_BNOT] = { A(bnot), 1 },
		[OPERATOR_NEG] = { A(minus), 1 },
		[OPERATOR_HD] = { A(hd), 1 },
		[OPERATOR_TL] = { A(tl), 1 },
		[OPERATOR_TUPLE_SIZE] = { A(tuple_size), 1 },
		[OPERATOR_BYTE_SIZE] = { A(byte_size), 1 },
		[OPERATOR_LENGTH] = { A(length), 1 },
		[OPERATOR_ELEMENT] = { A(element), 2 },
		[OPERATOR_MAP_GET] = { A(map_get), 2 },
		[OPERATOR_SEND] = { A(send), 2 },
	};

	for (unsigned i = 0; i < OPERATORS; i++)
		operator_exports[i] = export_get(A(erlang), names[i].function, names[i].arity);
}

static bool get_double(term t, double *ret)
{
	if (term_is_small(t)) {
		*ret = (double)small_value(t);
		return true;
	}
	if (term_is_float(t)) {
		*ret = float_value(t);
		return true;
	}
	return false;
}

/* A float operation; TERM_NONE when the operands are none of its, or the result is not finite. */
static term float_operator(struct proc *p, enum operation op, term a, term b)
{
	double da, db, result;
	if (op > OPERATOR_MUL || (!term_is_float(a) && !term_is_float(b)))
		return TERM_NONE;
	if (!get_double(a, &da) || !get_double(b, &db))
		return TERM_NONE;
	if (op == OPERATOR_ADD)
		result = da + db;
	else if (op == OPERATOR_SUB)
		result = da - db;
	else
		result = da * db;
	if (!isfinite(result))
		return TERM_NONE;
	return float_put(heap_alloc(proc_heap(p), FLOAT_WORDS), result);
}

term operator_value(struct proc *p, enum operation op, const term *args)
{
	term value = float_operator(p, op, args[0], args[1]);
	if (value != TERM_NONE)
		return value;
	if (binary_fns[op] != NULL)
		value = binary_fns[op](proc_heap(p), args[0], args[1]);
	else if (unary_fns[op] != NULL)
		value = unary_fns[op](proc_heap(p), args[0]);
	else if (operator_exports[op]->bif != NULL)
		return operator_exports[op]->bif->direct(p, args);
	if (value == TERM_NONE)
		raise_error(p, unary_fns[op] != NULL ? number_fault(args[0], args[0])
						     : number_fault(args[0], args[1]));
	return value;
}
