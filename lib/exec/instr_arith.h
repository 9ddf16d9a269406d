/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic and guard BIFs. Included by loop.c inside its function.
 *
 * A small integer is its value times 8, so that sums need no unpacking and the overflow flag tells when one is left. */

/* What is no small, or overflows, is out of line: the operands and the rest of the instruction are told to it as registers
 * (an immediate goes into a scratch register). */
#define ROW(name, op, left, right, destination, a16, b16, d16, live_, fail_, immediate, ok)        \
	ROW_THEN(name, op, left, right, destination, a16, b16, d16, live_, fail_, immediate, ok, NEXT(name))
#define ROW_THEN(name, op, left, right, destination, a16, b16, d16, live_, fail_, immediate, ok, then) \
	L_##name:                                                                                  \
	{                                                                                          \
		term a = (left), b = (right);                                                      \
		int64_t r;                                                                         \
		if (likely(IS_SMALL2(a, b) && (ok))) {                                             \
			destination = (term)r;                                                     \
			then;                                                                      \
		}                                                                                  \
		x[INSTR_X_LIMIT + 6] = (immediate);                                                \
		operator_a = (a16);                                                                \
		operator_b = (b16);                                                                \
		operator_destination = (d16);                                                      \
		operator_live = (live_);                                                           \
		operator_fail = (fail_);                                                           \
		operator_words = INSTR_WORDS_##name;                                               \
		operation = OPERATOR_##op;                                                           \
		goto operator2;                                                                    \
	}
#define IMMEDIATE_REG instr_reg_x(INSTR_X_LIMIT + 6)
#define IMMEDIATE ((term)(int64_t)F32(1, 0))
#define REG_x(i) instr_reg_x(W8(i))
#define REG_y(i) instr_reg_y(W8(i) - 1U)

#define ROW_RR(name, op, ok)                                                                       \
	ROW(name, op, REG(W16(0)), REG(W16(1)), REG(F16(1, 0)), W16(0), W16(1), F16(1, 0), F16(1, 1), F32(1, 1), 0, ok)
#define ROW_RI(name, op, ok)                                                                       \
	ROW(name, op, REG(W16(0)), IMMEDIATE, REG(W16(1)), W16(0), IMMEDIATE_REG, W16(1), F16(1, 2), F32(2, 0), IMMEDIATE, ok)
#define ROW_IR(name, op, ok)                                                                       \
	ROW(name, op, IMMEDIATE, REG(W16(0)), REG(W16(1)), IMMEDIATE_REG, W16(0), W16(1), F16(1, 2), F32(2, 0), IMMEDIATE, ok)
/* Short forms. k, k2: x or y. */
#define ROW_8(name, op, k, k2, ok)                                                                 \
	ROW(name##_##k##k2, op, k##8(0), k2##8(1), x8(2), REG_##k(0), REG_##k2(1), REG_x(2), W8(3), F32(1, 0), 0, ok)
/* Pairs: the next instruction is known. */
#define ROW_8_THEN(name, op, k, k2, ok, next)                                                      \
	ROW_THEN(name##_##k##k2##_##next, op, k##8(0), k2##8(1), x8(2), REG_##k(0), REG_##k2(1), REG_x(2), W8(3), \
		F32(1, 0), 0, ok, PAIRED(name##_##k##k2, next))
#define ROW_8I_THEN(name, op, k, ok, next)                                                         \
	ROW_THEN(name##_##k##i_##next, op, k##8(0), IMMEDIATE, x8(1), W8(3) != 0 ? IMMEDIATE_REG : REG_##k(0),  \
		W8(3) != 0 ? REG_##k(0) : IMMEDIATE_REG, REG_x(1), W8(2), F32(1, 1), IMMEDIATE, ok, PAIRED(name##_##k##i, next))
#define ROW_8I(name, op, k, ok)                                                                    \
	ROW(name##_##k##i, op, k##8(0), IMMEDIATE, x8(1), W8(3) != 0 ? IMMEDIATE_REG : REG_##k(0),  \
		W8(3) != 0 ? REG_##k(0) : IMMEDIATE_REG, REG_x(1), W8(2), F32(1, 1), IMMEDIATE, ok)

/* The value goes to x0, and what is out of line comes back to the plain instruction's end: `leave`. */
#define ADD_RETURN(name, k, drop)                                                                  \
	L_##name:                                                                                  \
	{                                                                                          \
		term a = k##8(0), b = x8(1);                                                       \
		int64_t r;                                                                         \
		if (likely(IS_SMALL2(a, b) && !__builtin_add_overflow((int64_t)a, (int64_t)b, &r))) { \
			x[0] = (term)r;                                                            \
			E += (drop);                                                               \
			pc = (const uint64_t *)(uintptr_t)E[0];                                    \
			DISPATCH();                                                                \
		}                                                                                  \
		operator_a = REG_##k(0);                                                           \
		operator_b = REG_x(1);                                                             \
		operator_destination = instr_reg_x(0);                                             \
		operator_live = W8(3);                                                             \
		operator_fail = 0;                                                                 \
		operator_words = 0;                                                                \
		operator_drop = (drop);                                                            \
		operation = OPERATOR_ADD;                                                            \
		goto operator2;                                                                    \
	}

ADD_RETURN(add_return_xx, x, 0U)
ADD_RETURN(add_return_yx, y, F16(1, 2))
#undef ADD_RETURN

#define ADD_OK (!__builtin_add_overflow((int64_t)a, (int64_t)b, &r))
#define SUB_OK (!__builtin_sub_overflow((int64_t)a, (int64_t)b, &r))
#define MUL_OK (!__builtin_mul_overflow((int64_t)a, (int64_t)b >> 3, &r))
#define BAND_OK (r = (int64_t)(a & b), true)
ROW_8(add, ADD, x, x, ADD_OK)
ROW_8(add, ADD, x, y, ADD_OK)
ROW_8(add, ADD, y, x, ADD_OK)
ROW_8(sub, SUB, x, x, SUB_OK)
ROW_8(sub, SUB, x, y, SUB_OK)
ROW_8(sub, SUB, y, x, SUB_OK)
ROW_8(mul, MUL, x, x, MUL_OK)
ROW_8I(add, ADD, x, ADD_OK)
ROW_8I(add, ADD, y, ADD_OK)
ROW_8I(sub, SUB, x, SUB_OK)
ROW_8I(sub, SUB, y, SUB_OK)
ROW_8I(band, BAND, x, BAND_OK)
ROW_8I(mul, MUL, x, MUL_OK)
ROW_8_THEN(add, ADD, x, x, ADD_OK, call_only)
ROW_8_THEN(add, ADD, x, x, ADD_OK, sub_xi)
ROW_8I_THEN(add, ADD, x, ADD_OK, call_only)
ROW_8I_THEN(sub, SUB, x, SUB_OK, call_only)
ROW_8I_THEN(mul, MUL, x, MUL_OK, add_xx)

ROW_RR(add, ADD, !__builtin_add_overflow((int64_t)a, (int64_t)b, &r))
ROW_RI(add_ri, ADD, !__builtin_add_overflow((int64_t)a, (int64_t)b, &r))
ROW_RR(sub, SUB, !__builtin_sub_overflow((int64_t)a, (int64_t)b, &r))
ROW_RI(sub_ri, SUB, !__builtin_sub_overflow((int64_t)a, (int64_t)b, &r))
ROW_RR(mul, MUL, !__builtin_mul_overflow((int64_t)a, (int64_t)b >> 3, &r))
ROW_RR(band, BAND, (r = (int64_t)(a & b), true))
ROW_RI(band_ri, BAND, (r = (int64_t)(a & b), true))
ROW_RR(bor, BOR, (r = (int64_t)(a | b), true))
ROW_RR(bxor, BXOR, (r = (int64_t)(a ^ b), true))
/* SMALL_MIN div -1 is no small: left to the BIF with division by zero. */
ROW_RR(int_div, INT_DIV,
	b != 0 && b != term_of_small(-1) && (r = (int64_t)((uint64_t)((int64_t)a / (int64_t)b) << 3), true))
ROW_RI(int_div_ri, INT_DIV, (r = (int64_t)((uint64_t)((int64_t)a / (int64_t)b) << 3), true))
ROW_RR(int_rem, INT_REM, b != 0 && b != term_of_small(-1) && (r = (int64_t)a % (int64_t)b, true))
ROW_RI(int_rem_ri, INT_REM, (r = (int64_t)a % (int64_t)b, true))
#define SHIFT_LEFT(n)                                                                              \
	(r = (int64_t)(a << (unsigned)(n)), (r >> (unsigned)(n)) == (int64_t)a)
#define SHIFT_RIGHT(n) (r = (int64_t)((uint64_t)((int64_t)a >> (unsigned)(n)) & ~(uint64_t)TAG_MASK), true)
ROW_RR(bsl, BSL, (int64_t)b >= 0 && b <= term_of_small(60) && SHIFT_LEFT(b >> 3))
ROW_RI(bsl_ri, BSL, SHIFT_LEFT(b >> 3))
ROW_RR(bsr, BSR, (int64_t)b >= 0 && b <= term_of_small(60) && SHIFT_RIGHT(b >> 3))
ROW_RI(bsr_ri, BSR, SHIFT_RIGHT(b >> 3))
#undef SHIFT_LEFT
#undef SHIFT_RIGHT
ROW_IR(sub_ir, SUB, SUB_OK)
#undef ROW_RR
#undef ROW_RI
#undef ROW_IR
#undef ROW_8
#undef ROW_8I
#undef ROW_8_THEN
#undef ROW_8I_THEN

/* Scratch x[4], x[5] hold the operands of what is out of line. */
operator2: {
	term a = REG(operator_a), b = REG(operator_b);
	if (term_is_float(a) && term_is_float(b) && operation <= OPERATOR_MUL && ROOM_FOR(FLOAT_WORDS)) {
		double da = float_value(a), db = float_value(b);
		double d = operation == OPERATOR_ADD ? da + db : operation == OPERATOR_SUB ? da - db : da * db;
		if (likely(isfinite(d))) {
			REG(operator_destination) = float_put(H, d);
			H += FLOAT_WORDS;
			goto operator2_done;
		}
	}
	NEED_VALUE_ROOM(operator_live);
	SWAP_OUT();
	x[INSTR_X_LIMIT + 4] = REG(operator_a);
	x[INSTR_X_LIMIT + 5] = REG(operator_b);
	operator_args = x + INSTR_X_LIMIT + 4;
	operator_arity = 2;
	term value = operator_value(p, operation, operator_args);
	H = p->mem.heap.top;
	if (likely(value != TERM_NONE)) {
		REG(operator_destination) = value;
operator2_done:
		if (operator_words != 0)
			JUMP(operator_words);
		E += operator_drop;
		pc = (const uint64_t *)(uintptr_t)E[0];
		DISPATCH();
	}
	if (operator_fail != 0) {
		p->outcome = OUTCOME_NONE;
		JUMP(operator_fail);
	}
	goto operator_failed;
}

operator_r: {
	unsigned live = F16(1, 0);
	NEED_VALUE_ROOM(live);
	SWAP_OUT();
	operator_args = x + INSTR_X_LIMIT + 4;
	operator_arity = 1;
	x[INSTR_X_LIMIT + 4] = REG(W16(0));
	x[INSTR_X_LIMIT + 5] = TERM_ZERO;
	term value = operator_value(p, operation, operator_args);
	H = p->mem.heap.top;
	if (likely(value != TERM_NONE)) {
		REG(W16(1)) = value;
		pc += INSTR_WORDS_neg;
		DISPATCH();
	}
	if (F32(1, 1) != 0) {
		p->outcome = OUTCOME_NONE;
		JUMP(F32(1, 1));
	}
}
operator_failed:
	place = (struct raise_place){
		.pc = pc, .export = operator_exports[operation], .args = operator_args, .arity = operator_arity
	};
	goto raise_at_place;

L_neg: {
	term a = REG(W16(0));
	int64_t r;
	if (likely(term_is_small(a) && !__builtin_sub_overflow((int64_t)0, (int64_t)a, &r))) {
		REG(W16(1)) = (term)r;
		NEXT(neg);
	}
	operation = OPERATOR_NEG;
	goto operator_r;
}

L_bnot: {
	term a = REG(W16(0));
	if (likely(term_is_small(a))) {
		REG(W16(1)) = ~a & ~(term)TAG_MASK;
		NEXT(bnot);
	}
	operation = OPERATOR_BNOT;
	goto operator_r;
}

L_bif_hd: {
	term a = REG(W16(0));
	if (likely(term_is_cons(a))) {
		REG(W16(1)) = cons_head(a);
		NEXT(bif_hd);
	}
	operation = OPERATOR_HD;
	goto operator_r;
}

L_bif_tl: {
	term a = REG(W16(0));
	if (likely(term_is_cons(a))) {
		REG(W16(1)) = cons_tail(a);
		NEXT(bif_tl);
	}
	operation = OPERATOR_TL;
	goto operator_r;
}

L_bif_tuple_size: {
	term a = REG(W16(0));
	if (likely(term_is_tuple(a))) {
		REG(W16(1)) = term_of_small((int64_t)tuple_arity(a));
		NEXT(bif_tuple_size);
	}
	operation = OPERATOR_TUPLE_SIZE;
	goto operator_r;
}

/* The long form's operands. */
operator_rr:
	operator_a = W16(0);
	operator_b = W16(1);
	operator_destination = F16(1, 0);
	operator_live = F16(1, 1);
	operator_fail = F32(1, 1);
	operator_words = INSTR_WORDS_bif_element;
	goto operator2;

L_bif_element: {
	term index = REG(W16(0)), t = REG(W16(1));
	if (likely(term_is_small(index) && term_is_tuple(t))) {
		uint64_t i = (uint64_t)small_value(index) - 1;
		if (likely(i < tuple_arity(t))) {
			REG(F16(1, 0)) = tuple_element(t, i);
			NEXT(bif_element);
		}
	}
	operation = OPERATOR_ELEMENT;
	goto operator_rr;
}

L_bif_map_get: {
	term key = REG(W16(0)), map = REG(W16(1));
	if (likely(term_is_map(map))) {
		term value = map_get(map, key);
		if (likely(value != TERM_NONE)) {
			REG(F16(1, 0)) = value;
			NEXT(bif_map_get);
		}
	}
	operation = OPERATOR_MAP_GET;
	goto operator_rr;
}

L_bif_byte_size: {
	term a = REG(W16(0));
	if (likely(term_is_bitstring(a))) {
		REG(W16(1)) = term_of_small((int64_t)((bits_size(a) + 7) / 8));
		NEXT(bif_byte_size);
	}
	operation = OPERATOR_BYTE_SIZE;
	goto operator_r;
}

L_bif_length: {
	term list = REG(W16(0));
	const unsigned live = F16(1, 0);
	int64_t n = 0;
	if (unlikely(p->flags & PROC_COUNTING)) {
		/* A slice has ended in the midst of it. The source need not have been live. */
		p->flags &= ~(uint32_t)PROC_COUNTING;
		list = p->extra->answer;
		p->extra->answer = TERM_NONE;
		n = small_value(p->extra->trap.args[0]);
		REG(W16(0)) = x[live];
	}
	const int64_t before = n,
		      limit = live >= UINT8_MAX ? INT64_MAX : n + (reductions > 16 ? reductions : 16) * CELLS_PER_REDUCTION;
	for (; term_is_cons(list) && likely(n < limit); list = cons_tail(list))
		n++;
	if (unlikely(term_is_cons(list))) {
		struct proc_extra *extra = proc_extra(p);
		extra->answer = list;
		extra->trap.count = 0;
		extra->trap.args[0] = term_of_small(n);
		p->flags |= PROC_COUNTING;
		x[live] = REG(W16(0));
		reductions = 0;
		SWAP_OUT();
		save_x(p, x, live + 1);
		atomic_store_relaxed(&p->pc, pc);
		return SLICE_YIELD;
	}
	if (likely(list == TERM_NIL)) {
		/* Charged by its work, so that it cannot starve others. */
		reductions = n - before > INT32_MAX ? 0 : reductions - (int32_t)((n - before) / CELLS_PER_REDUCTION);
		REG(W16(1)) = term_of_small(n);
		NEXT(bif_length);
	}
	operation = OPERATOR_LENGTH;
	goto operator_r;
}

L_bif_self:
	REG(W16(0)) = p->pid;
	NEXT(bif_self);

L_bif0: {
	callee = (const struct export *)(uintptr_t)pc[1];
	SWAP_OUT();
	term value = callee->bif->direct(p, x);
	SWAP_IN();
	if (unlikely(value == TERM_NONE)) {
		operator_args = x;
		operator_arity = 0;
		goto bif_failed;
	}
	REG(W16(0)) = value;
	NEXT(bif0);
}

L_bif1: {
	callee = (const struct export *)(uintptr_t)pc[2];
	NEED_VALUE_ROOM(F16(1, 0));
	SWAP_OUT();
	operator_args = x + INSTR_X_LIMIT + 4;
	operator_arity = 1;
	x[INSTR_X_LIMIT + 4] = REG(W16(0));
	term value = callee->bif->direct(p, operator_args);
	H = p->mem.heap.top;
	reductions = p->reductions;
	if (unlikely(value == TERM_NONE)) {
		if (F32(1, 1) == 0)
			goto bif_failed;
		p->outcome = OUTCOME_NONE;
		JUMP(F32(1, 1));
	}
	REG(W16(1)) = value;
	NEXT(bif1);
}

L_bif2: {
	callee = (const struct export *)(uintptr_t)pc[2];
	NEED_VALUE_ROOM(F16(1, 1));
	SWAP_OUT();
	operator_args = x + INSTR_X_LIMIT + 4;
	operator_arity = 2;
	x[INSTR_X_LIMIT + 4] = REG(W16(0));
	x[INSTR_X_LIMIT + 5] = REG(W16(1));
	term value = callee->bif->direct(p, operator_args);
	H = p->mem.heap.top;
	reductions = p->reductions;
	if (unlikely(value == TERM_NONE)) {
		if (F32(1, 1) == 0)
			goto bif_failed;
		p->outcome = OUTCOME_NONE;
		JUMP(F32(1, 1));
	}
	REG(F16(1, 0)) = value;
	NEXT(bif2);
}

L_bif3: {
	callee = (const struct export *)(uintptr_t)pc[3];
	NEED_VALUE_ROOM(F16(1, 2));
	SWAP_OUT();
	operator_args = x + INSTR_X_LIMIT + 4;
	operator_arity = 3;
	x[INSTR_X_LIMIT + 4] = REG(W16(0));
	x[INSTR_X_LIMIT + 5] = REG(W16(1));
	x[INSTR_X_LIMIT + 6] = REG(F16(1, 0));
	term value = callee->bif->direct(p, operator_args);
	H = p->mem.heap.top;
	reductions = p->reductions;
	if (unlikely(value == TERM_NONE)) {
		if (F32(2, 0) == 0)
			goto bif_failed;
		p->outcome = OUTCOME_NONE;
		JUMP(F32(2, 0));
	}
	REG(F16(1, 1)) = value;
	NEXT(bif3);
}

L_bif_of_release:
	callee = (const struct export *)(uintptr_t)pc[1];
	if (ns_bif(p->ns, callee) != NULL)
		NEXT(bif_of_release);
	goto undefined_bif;

L_undefined_bif:
	callee = (const struct export *)(uintptr_t)pc[1];
undefined_bif:
	SWAP_OUT();
	raise_error(p, A(undef));
	operator_args = x;
	operator_arity = 0;

bif_failed:
	if (unlikely(p->outcome != OUTCOME_RAISE)) {
		/* A guard BIF has no other outcome. */
		raise_error(p, A(badarg));
	}
	place = (struct raise_place){ .pc = pc, .export = callee, .args = operator_args, .arity = operator_arity };
	goto raise_at_place;
