/* SPDX-License-Identifier: Apache-2.0 */
/* Tests and choices. Included by loop.c inside its function. */

/* A test of one register: goes on when it holds. */
#define TEST(name, condition)                                                                      \
	L_##name:                                                                                  \
	{                                                                                          \
		term t = REG(W16(0));                                                              \
		if (condition)                                                                     \
			NEXT(name);                                                                \
		JUMP(F32(1, 0));                                                                   \
	}

/* The same with short forms. */
#define TEST8(name, condition)                                                                     \
	TEST(name, condition)                                                                      \
	L_##name##_x:                                                                              \
	{                                                                                          \
		term t = x8(0);                                                                    \
		if (condition)                                                                     \
			NEXT(name##_x);                                                            \
		JUMP(W24);                                                                         \
	}                                                                                          \
	L_##name##_y:                                                                              \
	{                                                                                          \
		term t = y8(0);                                                                    \
		if (condition)                                                                     \
			NEXT(name##_y);                                                            \
		JUMP(W24);                                                                         \
	}

TEST8(is_atom, term_is_atom(t))
TEST8(is_binary, term_is_binary(t))
TEST(is_bitstr, term_is_bitstring(t))
TEST(is_boolean, t == A(true) || t == A(false))
TEST8(is_float, term_is_float(t))
TEST(is_function, term_is_fun(t))
TEST8(is_integer, term_is_integer(t))
TEST8(is_list, term_is_list(t))
TEST8(is_map, term_is_map(t))
TEST8(is_nil, term_is_nil(t))
TEST8(is_nonempty_list, term_is_cons(t))
TEST(is_number, term_is_number(t))
TEST(is_pid, term_is_pid(t))
TEST(is_port, term_is_port(t))
TEST(is_reference, term_is_ref(t))
TEST8(is_tuple, term_is_tuple(t))
TEST(is_any_native_record, term_is_kind(t, BOXED_RECORD))
#undef TEST8
#undef TEST

L_is_tuple_of_x: {
	term t = x8(0);
	if (term_is_boxed(t) && boxed_header(t) == pc[1])
		NEXT(is_tuple_of_x);
	JUMP(W24);
}

L_is_nonempty_get_list: {
	term t = x8(0);
	if (term_is_cons(t)) {
		const term *cell = cons_ptr(t);
		term head = cell[0], tail = cell[1];
		x[F8(1, 0)] = head;
		x[F8(1, 1)] = tail;
		NEXT(is_nonempty_get_list);
	}
	JUMP(W24);
}

L_is_nonempty_get_hd: {
	term t = x8(0);
	if (term_is_cons(t)) {
		x[F8(1, 0)] = cons_head(t);
		NEXT(is_nonempty_get_hd);
	}
	JUMP(W24);
}

L_is_nonempty_get_tl: {
	term t = x8(0);
	if (term_is_cons(t)) {
		x[F8(1, 0)] = cons_tail(t);
		NEXT(is_nonempty_get_tl);
	}
	JUMP(W24);
}

L_is_nonempty_allocate:
	if (term_is_cons(x8(0))) {
		unsigned words = F8(1, 0);
		NEED(words, F8(1, 1));
		E -= words;
		E[0] = 0;
		NEXT(is_nonempty_allocate);
	}
	JUMP(W24);

L_is_nonempty_allocate_move:
	if (term_is_cons(x8(0))) {
		unsigned words = F8(1, 0);
		NEED(words, F8(1, 1));
		E -= words;
		E[0] = 0;
		E[F8(1, 3)] = x[F8(1, 2)];
		NEXT(is_nonempty_allocate_move);
	}
	JUMP(W24);

#define IS_NONEMPTY_ALLOCATE(h, t, head, tail)                                                     \
	L_is_nonempty_allocate_##h##t : if (likely(term_is_cons(x8(0))))                           \
	{                                                                                          \
		unsigned words = F8(1, 0);                                                   \
		NEED(words, F8(1, 1));                                                \
		const term *cell = cons_ptr(x8(0));                                                \
		E -= words;                                                                        \
		E[0] = 0;                                                                          \
		term first = cell[0], rest = cell[1];                                              \
		head[F8(1, 2)] = first;                                              \
		tail[F8(1, 3)] = rest;                                               \
		NEXT(is_nonempty_allocate_##h##t);                                                 \
	}                                                                                          \
	JUMP(W24);

IS_NONEMPTY_ALLOCATE(x, x, x, x)
IS_NONEMPTY_ALLOCATE(x, y, x, E)
IS_NONEMPTY_ALLOCATE(y, x, E, x)
#undef IS_NONEMPTY_ALLOCATE

L_is_tagged_tuple_x: {
	term t = x8(0);
	if (term_is_boxed(t)) {
		const term *b = boxed_ptr(t);
		if (b[0] == HEADER(BOXED_TUPLE, F16(1, 0)) && b[1] == (term)(int64_t)F32(1, 1))
			NEXT(is_tagged_tuple_x);
	}
	JUMP(W24);
}

L_is_tagged_tuple_get: {
	term t = x8(0);
	if (term_is_boxed(t)) {
		const term *b = boxed_ptr(t);
		if (b[0] == HEADER(BOXED_TUPLE, F16(1, 0)) && b[1] == (term)(int64_t)F32(1, 1)) {
			x[F8(1, 2)] = b[F8(1, 3)];
			NEXT(is_tagged_tuple_get);
		}
	}
	JUMP(W24);
}

L_is_eq_exact_xi:
	if (x8(0) == (term)(int64_t)F32(1, 0))
		NEXT(is_eq_exact_xi);
	JUMP(W24);

L_is_ne_exact_xi:
	if (x8(0) != (term)(int64_t)F32(1, 0))
		NEXT(is_ne_exact_xi);
	JUMP(W24);

#define COMPARE(name, left, right, operation, place)                                               \
	L_##name:                                                                                  \
	{                                                                                          \
		term a = (left), b = (right);                                                      \
		if (likely(IS_SMALL2(a, b)) ? (int64_t)a operation (int64_t)b :                    \
					      compare_values(a, b) operation 0)                    \
			NEXT(name);                                                                \
		JUMP(place);                                                                       \
	}

COMPARE(is_lt_xi, x8(0), (term)(int64_t)F32(1, 0), <, W24)
COMPARE(is_lt_ix, (term)(int64_t)F32(1, 0), x8(0), <, W24)
COMPARE(is_ge_xi, x8(0), (term)(int64_t)F32(1, 0), >=, W24)
COMPARE(is_ge_ix, (term)(int64_t)F32(1, 0), x8(0), >=, W24)
COMPARE(is_lt_xx, x8(0), x8(1), <, F32(1, 0))
COMPARE(is_ge_xx, x8(0), x8(1), >=, F32(1, 0))
#undef COMPARE

L_is_in_range: {
	term t = x8(0), low = (term)(int64_t)F32(1, 0), high = (term)(int64_t)F32(1, 1);
	if (likely(term_is_small(t))) {
		if ((int64_t)t < (int64_t)low)
			JUMP(W24);
		if ((int64_t)t <= (int64_t)high)
			NEXT(is_in_range);
		JUMP(F32(2, 0));
	}
	if (compare_values(t, low) < 0)
		JUMP(W24);
	if (compare_values(high, t) >= 0)
		NEXT(is_in_range);
	JUMP(F32(2, 0));
}

L_is_eq_exact_xx:
	if (term_equal(x8(0), x8(1)))
		NEXT(is_eq_exact_xx);
	JUMP(F32(1, 0));

L_is_ne_exact_xx:
	if (!term_equal(x8(0), x8(1)))
		NEXT(is_ne_exact_xx);
	JUMP(F32(1, 0));

L_test_arity:
	if (boxed_header(REG(W16(0))) == HEADER(BOXED_TUPLE, W16(1)))
		NEXT(test_arity);
	JUMP(F32(1, 0));

L_is_tagged_tuple: {
	term t = REG(W16(0));
	if (term_is_boxed(t)) {
		const term *b = boxed_ptr(t);
		if (b[0] == HEADER(BOXED_TUPLE, W16(1)) && b[1] == (term)(int64_t)F32(1, 1))
			NEXT(is_tagged_tuple);
	}
	JUMP(F32(1, 0));
}

L_is_function2: {
	term fun = REG(W16(0)), arity = REG(W16(1));
	if (term_is_small(arity) && (int64_t)arity >= 0) {
		if (term_is_kind(fun, BOXED_FUN) && fun_entry(fun)->arity == (uint64_t)small_value(arity))
			NEXT(is_function2);
		if (term_is_kind(fun, BOXED_EXPORT_FUN) &&
			export_fun(fun)->arity == (uint64_t)small_value(arity))
			NEXT(is_function2);
	} else if (F32(1, 0) == 0) {
		goto raise_badarg;
	}
	JUMP(F32(1, 0));
}

L_is_eq_exact:
	if (term_equal(REG(W16(0)), REG(W16(1))))
		NEXT(is_eq_exact);
	JUMP(F32(1, 0));

L_is_ne_exact:
	if (!term_equal(REG(W16(0)), REG(W16(1))))
		NEXT(is_ne_exact);
	JUMP(F32(1, 0));

L_is_eq_exact_ri:
	if (REG(W16(0)) == (term)(int64_t)F32(1, 1))
		NEXT(is_eq_exact_ri);
	JUMP(F32(1, 0));

L_is_ne_exact_ri:
	if (REG(W16(0)) != (term)(int64_t)F32(1, 1))
		NEXT(is_ne_exact_ri);
	JUMP(F32(1, 0));

L_is_eq: {
	term a = REG(W16(0)), b = REG(W16(1));
	if (a == b || (!IS_SMALL2(a, b) && term_equal_value(a, b)))
		NEXT(is_eq);
	JUMP(F32(1, 0));
}

L_is_ne: {
	term a = REG(W16(0)), b = REG(W16(1));
	if (a != b && (IS_SMALL2(a, b) || !term_equal_value(a, b)))
		NEXT(is_ne);
	JUMP(F32(1, 0));
}

L_is_lt: {
	term a = REG(W16(0)), b = REG(W16(1));
	if (likely(IS_SMALL2(a, b)) ? (int64_t)a < (int64_t)b : compare_values(a, b) < 0)
		NEXT(is_lt);
	JUMP(F32(1, 0));
}

L_is_ge: {
	term a = REG(W16(0)), b = REG(W16(1));
	if (likely(IS_SMALL2(a, b)) ? (int64_t)a >= (int64_t)b : compare_values(a, b) >= 0)
		NEXT(is_ge);
	JUMP(F32(1, 0));
}

L_is_lt_ri: {
	term a = REG(W16(0)), b = (term)(int64_t)F32(1, 1);
	if (likely(term_is_small(a)) ? (int64_t)a < (int64_t)b : compare_values(a, b) < 0)
		NEXT(is_lt_ri);
	JUMP(F32(1, 0));
}

L_is_lt_ir: {
	term a = (term)(int64_t)F32(1, 1), b = REG(W16(0));
	if (likely(term_is_small(b)) ? (int64_t)a < (int64_t)b : compare_values(a, b) < 0)
		NEXT(is_lt_ir);
	JUMP(F32(1, 0));
}

L_is_ge_ri: {
	term a = REG(W16(0)), b = (term)(int64_t)F32(1, 1);
	if (likely(term_is_small(a)) ? (int64_t)a >= (int64_t)b : compare_values(a, b) >= 0)
		NEXT(is_ge_ri);
	JUMP(F32(1, 0));
}

L_is_ge_ir: {
	term a = (term)(int64_t)F32(1, 1), b = REG(W16(0));
	if (likely(term_is_small(b)) ? (int64_t)a >= (int64_t)b : compare_values(a, b) >= 0)
		NEXT(is_ge_ir);
	JUMP(F32(1, 0));
}

/* Comparisons as values. */
#define VALUE(name, condition)                                                                     \
	L_value_##name:                                                                            \
	{                                                                                          \
		term a = REG(W16(0)), b = REG(W16(1));                                             \
		REG(F16(1, 0)) = (condition) ? A(true) : A(false);                                 \
		NEXT(value_##name);                                                                \
	}

VALUE(eq, a == b || (!IS_SMALL2(a, b) && term_equal_value(a, b)))
VALUE(ne, a != b && (IS_SMALL2(a, b) || !term_equal_value(a, b)))
VALUE(eq_exact, term_equal(a, b))
VALUE(ne_exact, !term_equal(a, b))
VALUE(lt, IS_SMALL2(a, b) ? (int64_t)a < (int64_t)b : compare_values(a, b) < 0)
VALUE(ge, IS_SMALL2(a, b) ? (int64_t)a >= (int64_t)b : compare_values(a, b) >= 0)
#undef VALUE

/* Tables: `count` values from word 2, then as many places, two a word. */
#define PLACE(table, i) ((int32_t)((table)[(i) / 2] >> ((i) % 2 * 32)))

#define SELECT(name, key)                                                                          \
	L_##name:                                                                                  \
	{                                                                                          \
		term t = (key);                                                                    \
		size_t count = W16(1), low = 0, high = count;                                      \
		const uint64_t *values = pc + INSTR_WORDS_##name;                                  \
		while (low < high) {                                                               \
			size_t middle = (low + high) / 2;                                          \
			if (values[middle] < t)                                                    \
				low = middle + 1;                                                  \
			else                                                                       \
				high = middle;                                                     \
		}                                                                                  \
		if (low < count && values[low] == t)                                               \
			JUMP(PLACE(values + count, low));                                          \
		JUMP(F32(1, 0));                                                                   \
	}

SELECT(select_arity, boxed_header(REG(W16(0))))
SELECT(select_val, REG(W16(0)))
#undef SELECT

L_select_arity_linear: {
	term t = boxed_header(REG(W16(0)));
	size_t count = W16(1);
	const uint64_t *values = pc + INSTR_WORDS_select_arity_linear;
	for (size_t i = 0; i < count; i++)
		if (values[i] == t)
			JUMP(PLACE(values + count, i));
	JUMP(F32(1, 0));
}

L_select_val_linear: {
	term t = REG(W16(0));
	size_t count = W16(1);
	const uint64_t *values = pc + INSTR_WORDS_select_val_linear;
	for (size_t i = 0; i < count; i++)
		if (values[i] == t)
			JUMP(PLACE(values + count, i));
	JUMP(F32(1, 0));
}

L_select_val_dense: {
	term t = REG(W16(0));
	uint64_t index = (uint64_t)((int64_t)t >> 3) - (uint64_t)(int64_t)F32(1, 1);
	if (term_is_small(t) && index < pc[2])
		JUMP(PLACE(pc + INSTR_WORDS_select_val_dense + 1, index));
	JUMP(F32(1, 0));
}
#undef PLACE
