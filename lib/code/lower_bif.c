/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering of arithmetic, guard BIFs and floats. */
#include "code/lower_impl.h"

/* Operators that are instructions of their own. Constants that fit stand in the instruction: ri after, ir before. */
static const struct {
	term function;
	uint16_t rr, ri, ir;
} operators[] = {
	{ A(plus), INSTR_add, INSTR_add_ri, 0 },
	{ A(minus), INSTR_sub, INSTR_sub_ri, INSTR_sub_ir },
	{ A(times), INSTR_mul, 0, 0 },
	{ A(div), INSTR_int_div, INSTR_int_div_ri, 0 },
	{ A(rem), INSTR_int_rem, INSTR_int_rem_ri, 0 },
	{ A(band), INSTR_band, INSTR_band_ri, 0 },
	{ A(bor), INSTR_bor, 0, 0 },
	{ A(bxor), INSTR_bxor, 0, 0 },
	{ A(bsl), INSTR_bsl, INSTR_bsl_ri, 0 },
	{ A(bsr), INSTR_bsr, INSTR_bsr_ri, 0 },
};

static bool constant_fits(unsigned instr, const struct operand *o)
{
	if (instr == 0 || !operand_is_small_32(o))
		return false;
	int64_t v = small_value(o->term);
	if (instr == INSTR_int_div_ri || instr == INSTR_int_rem_ri)
		return v != 0 && v != -1;
	if (instr == INSTR_bsl_ri || instr == INSTR_bsr_ri)
		return v >= 0 && v <= 60;
	return true;
}

static bool lower_operator2(struct lowering *l, const struct export *e, const struct operand *label,
	uint64_t live, const struct operand *a, const struct operand *b,
	const struct operand *destination)
{
	if (lower_arith_special(l, e, label, live, a, b, destination))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		if (operators[i].function != e->function)
			continue;
		if (operand_is_reg(a) && constant_fits(operators[i].ri, b)) {
			const struct arg args[] = { arg_reg(a), arg_reg(destination),
				arg_number(b->term), arg_number(live), arg_label(label) };
			emit_args(l, (enum instr)operators[i].ri, args, 5);
			return true;
		}
		if (operand_is_reg(b) && constant_fits(operators[i].ir, a)) {
			const struct arg args[] = { arg_reg(b), arg_reg(destination),
				arg_number(a->term), arg_number(live), arg_label(label) };
			emit_args(l, (enum instr)operators[i].ir, args, 5);
			return true;
		}
		struct arg ra = lower_reg(l, a, 0), rb = lower_reg(l, b, 1);
		const struct arg args[] = { ra, rb, arg_reg(destination), arg_number(live),
			arg_label(label) };
		emit_args(l, (enum instr)operators[i].rr, args, 5);
		return true;
	}
	return false;
}

/* A guard BIF that the machine, or the release of OTP, does not have raises undef when it is reached. */
static bool check_bif(struct lowering *l, const struct export *e)
{
	if (e->bif == NULL)
		EMIT(l, undefined_bif, arg_pointer(e));
	else if (bif_is_of_some_releases(e->bif))
		EMIT(l, bif_of_release, arg_pointer(e));
	return e->bif != NULL;
}

static void lower_bif1(struct lowering *l, const struct export *e, const struct operand *label,
	uint64_t live, const struct operand *a, const struct operand *destination)
{
	static const struct {
		term function;
		uint16_t instr;
	} special[] = {
		{ A(minus), INSTR_neg },
		{ A(bnot), INSTR_bnot },
		{ A(hd), INSTR_bif_hd },
		{ A(tl), INSTR_bif_tl },
		{ A(tuple_size), INSTR_bif_tuple_size },
		{ A(byte_size), INSTR_bif_byte_size },
		{ A(length), INSTR_bif_length },
	};
	struct arg ra = lower_reg(l, a, 0);
	if (e->module == A(erlang)) {
		for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
			if (special[i].function != e->function)
				continue;
			const struct arg args[] = { ra, arg_reg(destination), arg_number(live),
				arg_label(label) };
			emit_args(l, (enum instr)special[i].instr, args, 4);
			return;
		}
	}
	if (check_bif(l, e))
		EMIT(l, bif1, ra, arg_reg(destination), arg_number(live), arg_label(label),
			arg_pointer(e));
}

/* Comparisons whose value is wanted; they never fail. */
static bool lower_compare_value(struct lowering *l, const struct export *e, struct arg a,
	struct arg b, const struct operand *destination)
{
	static const struct {
		term function;
		uint16_t instr;
		bool swapped;
	} rows[] = {
		{ A(eqeq), INSTR_value_eq_exact, false },
		{ A(neqeq), INSTR_value_ne_exact, false },
		{ A(eq), INSTR_value_eq, false },
		{ A(neq), INSTR_value_ne, false },
		{ A(lt), INSTR_value_lt, false },
		{ A(gt), INSTR_value_lt, true },
		{ A(ge), INSTR_value_ge, false },
		{ A(le), INSTR_value_ge, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].function != e->function)
			continue;
		const struct arg args[] = { rows[i].swapped ? b : a, rows[i].swapped ? a : b,
			arg_reg(destination) };
		emit_args(l, (enum instr)rows[i].instr, args, 3);
		return true;
	}
	return false;
}

static void lower_bif2(struct lowering *l, const struct export *e, const struct operand *label,
	uint64_t live, const struct operand *a, const struct operand *b,
	const struct operand *destination)
{
	bool erlang = e->module == A(erlang);
	if (erlang && live != INSTR_NO_LIVE &&
		lower_operator2(l, e, label, live, a, b, destination))
		return;
	struct arg ra = lower_reg(l, a, 0), rb = lower_reg(l, b, 1);
	if (erlang && lower_compare_value(l, e, ra, rb, destination))
		return;
	if (erlang && (e->function == A(element) || e->function == A(map_get))) {
		enum instr i = e->function == A(element) ? INSTR_bif_element : INSTR_bif_map_get;
		const struct arg args[] = { ra, rb, arg_reg(destination), arg_number(live),
			arg_label(label) };
		emit_args(l, i, args, 5);
		return;
	}
	if (check_bif(l, e))
		EMIT(l, bif2, ra, rb, arg_reg(destination), arg_number(live), arg_label(label),
			arg_pointer(e));
}

static void lower_bif3(struct lowering *l, const struct export *e, const struct operand *label,
	uint64_t live, const struct operand *a, const struct operand *destination)
{
	struct arg ra = lower_reg(l, &a[0], 0), rb = lower_reg(l, &a[1], 1),
		   rc = lower_reg(l, &a[2], 2);
	if (check_bif(l, e))
		EMIT(l, bif3, ra, rb, rc, arg_reg(destination), arg_number(live), arg_label(label),
			arg_pointer(e));
}

static const struct export *guard_bif(
	struct lowering *l, const struct operand *import, unsigned arity)
{
	const struct export *e = lower_import(l, import);
	if (e->arity == arity)
		return e;
	lower_fail(l, "a guard BIF of %u arguments called with %u", e->arity, arity);
	return NULL;
}

static void lower_float2(
	struct lowering *l, enum instr any, enum instr bytes, const struct operand *o)
{
	bool fits = o[1].value <= 255 && o[2].value <= 255 && o[3].value <= 255;
	const struct arg args[] = { arg_number(o[1].value), arg_number(o[2].value),
		arg_number(o[3].value) };
	emit_args(l, fits ? bytes : any, args, 3);
}

static bool lower_float(struct lowering *l, enum op op, const struct operand *o)
{
	struct arg source;
	switch ((unsigned)op) {
	case OP_fmove:
		if (o[1].kind == OPERAND_FR) {
			if (o[0].kind == OPERAND_FR)
				return false;
			source = lower_reg(l, &o[0], 0);
			if (lower_source_fits(l) && operand_is_x8(&o[0]) && o[1].value <= 255)
				EMIT(l, fmove_in_x, arg_reg8(&o[0]), arg_number(o[1].value));
			else if (lower_source_fits(l))
				EMIT(l, fmove_in, source, arg_number(o[1].value));
			else
				EMIT(l, fconv, source, arg_number(o[1].value));
		} else {
			if (operand_is_x8(&o[1]) && o[0].value <= 255)
				EMIT(l, fmove_out_x, arg_number(o[0].value), arg_reg8(&o[1]));
			else
				EMIT(l, fmove_out, arg_number(o[0].value), arg_reg(&o[1]));
		}
		return true;
	case OP_fconv:
		source = lower_reg(l, &o[0], 0);
		EMIT(l, fconv, source, arg_number(o[1].value));
		return true;
	case OP_fadd:
		lower_float2(l, INSTR_fadd, INSTR_fadd_b, o);
		return true;
	case OP_fsub:
		lower_float2(l, INSTR_fsub, INSTR_fsub_b, o);
		return true;
	case OP_fmul:
		lower_float2(l, INSTR_fmul, INSTR_fmul_b, o);
		return true;
	case OP_fdiv:
		lower_float2(l, INSTR_fdiv, INSTR_fdiv_b, o);
		return true;
	case OP_fnegate:
		EMIT(l, fnegate, arg_number(o[1].value), arg_number(o[2].value));
		return true;
	default:
		return false;
	}
}

bool lower_bif(struct lowering *l, enum op op, const struct operand *o)
{
	const struct export *e;
	switch ((unsigned)op) {
	case OP_bif0:
		e = guard_bif(l, &o[0], 0);
		if (e != NULL && e->module == A(erlang) && e->function == A(self))
			EMIT(l, bif_self, arg_reg(&o[1]));
		else if (e != NULL && check_bif(l, e))
			EMIT(l, bif0, arg_reg(&o[1]), arg_pointer(e));
		return true;
	case OP_bif1:
		e = guard_bif(l, &o[1], 1);
		if (e != NULL)
			lower_bif1(l, e, &o[0], INSTR_NO_LIVE, &o[2], &o[3]);
		return true;
	case OP_bif2:
		e = guard_bif(l, &o[1], 2);
		if (e != NULL)
			lower_bif2(l, e, &o[0], INSTR_NO_LIVE, &o[2], &o[3], &o[4]);
		return true;
	case OP_bif3:
		e = guard_bif(l, &o[1], 3);
		if (e != NULL)
			lower_bif3(l, e, &o[0], INSTR_NO_LIVE, &o[2], &o[5]);
		return true;
	case OP_gc_bif1:
		e = guard_bif(l, &o[2], 1);
		if (e != NULL)
			lower_bif1(l, e, &o[0], o[1].value, &o[3], &o[4]);
		return true;
	case OP_gc_bif2:
		e = guard_bif(l, &o[2], 2);
		if (e != NULL)
			lower_bif2(l, e, &o[0], o[1].value, &o[3], &o[4], &o[5]);
		return true;
	case OP_gc_bif3:
		e = guard_bif(l, &o[2], 3);
		if (e != NULL)
			lower_bif3(l, e, &o[0], o[1].value, &o[3], &o[6]);
		return true;
	default:
		return lower_float(l, op, o);
	}
}
