/* SPDX-License-Identifier: Apache-2.0 */
/* Moves, lists, tuples, funs. Included by loop.c inside its function. */

L_move:
	REG(W16(1)) = REG(W16(0));
	NEXT(move);

L_move_c:
	REG(W16(0)) = pc[1];
	NEXT(move_c);

L_move_c_x:
	x8(0) = pc[1];
	NEXT(move_c_x);

#define MOVE(s, d)                                                                                 \
	L_move_##s##d:                                                                             \
	d##8(1) = s##8(0);                                                                         \
	NEXT(move_##s##d);

MOVE(x, x)
MOVE(x, y)
MOVE(y, x)
#undef MOVE

L_move_yy:
	y8(1) = y8(0);
	NEXT(move_yy);

L_move_yy_trim:
	y8(1) = y8(0);
	E += W16(1);
	NEXT(move_yy_trim);

L_move_xx_c_x:
	x8(1) = x8(0);
	x8(2) = pc[1];
	NEXT(move_xx_c_x);

#define MOVE2(s, d, s2, d2)                                                                        \
	L_move2_##s##d##_##s2##d2:                                                                 \
	d##8(1) = s##8(0);                                                                         \
	d2##8(3) = s2##8(2);                                                                       \
	NEXT(move2_##s##d##_##s2##d2);

MOVE2(x, x, x, x)
MOVE2(x, x, x, y)
MOVE2(x, x, y, x)
MOVE2(x, y, x, x)
MOVE2(x, y, x, y)
MOVE2(x, y, y, x)
MOVE2(y, x, x, x)
MOVE2(y, x, x, y)
MOVE2(y, x, y, x)
#undef MOVE2

L_swap: {
	term a = REG(W16(0));
	REG(W16(0)) = REG(W16(1));
	REG(W16(1)) = a;
	NEXT(swap);
}

L_check_cons:
	if (likely(term_is_cons(REG(W16(0)))))
		NEXT(check_cons);
	goto raise_badarg;

L_check_tuple: {
	term t = REG(W16(0));
	if (likely(term_is_tuple(t) && tuple_arity(t) >= W16(1)))
		NEXT(check_tuple);
}
raise_badarg:
	SWAP_OUT();
	raise_error(p, A(badarg));
	goto raise_here;

L_get_list: {
	const term *cell = cons_ptr(REG(W16(0)));
	term head = cell[0], tail = cell[1];
	REG(W16(1)) = head;
	REG(F16(1, 0)) = tail;
	NEXT(get_list);
}

#define GET_LIST(h, t)                                                                             \
	L_get_list_x##h##t:                                                                        \
	{                                                                                          \
		const term *cell = cons_ptr(x8(0));                                                \
		term head = cell[0], tail = cell[1];                                               \
		h##8(1) = head;                                                                    \
		t##8(2) = tail;                                                                    \
		NEXT(get_list_x##h##t);                                                            \
	}

GET_LIST(x, x)
GET_LIST(x, y)
GET_LIST(y, x)
#undef GET_LIST

L_get_hd:
	REG(W16(1)) = cons_head(REG(W16(0)));
	NEXT(get_hd);

L_get_tl:
	REG(W16(1)) = cons_tail(REG(W16(0)));
	NEXT(get_tl);

L_get_tuple_element:
	REG(W16(1)) = boxed_ptr(REG(W16(0)))[F16(1, 0)];
	NEXT(get_tuple_element);

L_get_tuple_element_xx:
	x8(1) = boxed_ptr(x8(0))[W16(1)];
	NEXT(get_tuple_element_xx);

L_get_tuple_element_xy:
	y8(1) = boxed_ptr(x8(0))[W16(1)];
	NEXT(get_tuple_element_xy);

L_get_tuple_element_yx:
	x8(1) = boxed_ptr(y8(0))[W16(1)];
	NEXT(get_tuple_element_yx);

L_get_tuple_element_checked: {
	term t = x8(0);
	if (unlikely(!term_is_tuple(t) || tuple_arity(t) < W16(1)))
		goto raise_badarg;
	x8(1) = boxed_ptr(t)[W16(1)];
	NEXT(get_tuple_element_checked);
}

L_get_tuple_element2_x: {
	const term *element = boxed_ptr(x8(0)) + W8(3);
	term first = element[0], second = element[1];
	x8(1) = first;
	x8(2) = second;
	NEXT(get_tuple_element2_x);
}

L_put_list_xxx:
	H[0] = x8(0);
	H[1] = x8(1);
	x8(2) = term_of_cons(H);
	H += 2;
	NEXT(put_list_xxx);

L_put_list_yxx:
	H[0] = y8(0);
	H[1] = x8(1);
	x8(2) = term_of_cons(H);
	H += 2;
	NEXT(put_list_yxx);

L_test_heap_put_list_xxx:
	NEED((uint32_t)F32(1, 0), W8(3));
	H[0] = x8(0);
	H[1] = x8(1);
	x8(2) = term_of_cons(H);
	H += 2;
	NEXT(test_heap_put_list_xxx);

L_test_heap_put_list_yxx:
	NEED((uint32_t)F32(1, 0), W8(3));
	H[0] = y8(0);
	H[1] = x8(1);
	x8(2) = term_of_cons(H);
	H += 2;
	NEXT(test_heap_put_list_yxx);

L_test_heap_put_list_xc:
	NEED(W8(3), W8(2));
	H[0] = x8(0);
	H[1] = pc[1];
	x8(1) = term_of_cons(H);
	H += 2;
	NEXT(test_heap_put_list_xc);

L_test_heap_put_list_return:
	NEED((uint32_t)F32(1, 0), W8(3));
	H[0] = y8(0);
	H[1] = x8(1);
	x8(2) = term_of_cons(H);
	H += 2;
	E += F16(1, 2);
	pc = (const uint64_t *)(uintptr_t)E[0];
	DISPATCH();

L_put_list:
	H[0] = REG(W16(0));
	H[1] = REG(W16(1));
	REG(F16(1, 0)) = term_of_cons(H);
	H += 2;
	NEXT(put_list);

L_put_list_rc:
	H[0] = REG(W16(0));
	H[1] = pc[1];
	REG(W16(1)) = term_of_cons(H);
	H += 2;
	NEXT(put_list_rc);

L_put_list_cr:
	H[0] = pc[1];
	H[1] = REG(W16(0));
	REG(W16(1)) = term_of_cons(H);
	H += 2;
	NEXT(put_list_cr);

L_put_tuple: {
	unsigned arity = W16(1);
	const uint16_t *source = (const uint16_t *)(pc + INSTR_WORDS_put_tuple);
	if (unlikely(arity == 0)) {
		/* The empty tuple takes a word that nobody reserved. */
		SWAP_OUT();
		REG(W16(0)) = heap_tuple(proc_heap(p), 0, NULL);
		H = p->mem.heap.top;
		JUMP((uint32_t)F32(1, 0));
	}
	H[0] = HEADER(BOXED_TUPLE, arity);
	for (unsigned i = 0; i < arity; i++)
		H[1 + i] = SOURCE(source[i]);
	REG(W16(0)) = term_of_boxed(H);
	H += 1 + arity;
	JUMP((uint32_t)F32(1, 0));
}

L_put_tuple_wide: {
	const uint64_t *source = pc + INSTR_WORDS_put_tuple_wide;
	size_t arity = (uint32_t)F32(1, 0);
	H[0] = HEADER(BOXED_TUPLE, arity);
	for (size_t i = 0; i < arity; i++)
		H[1 + i] = source_value(source[i], x, E);
	REG(W16(0)) = term_of_boxed(H);
	H += 1 + arity;
	pc = source + arity;
	DISPATCH();
}

L_put_tuple_2: {
	if (W16(1) != 0)
		NEED(W16(1), F8(1, 7));
	H[0] = HEADER(BOXED_TUPLE, 2);
	H[1] = SOURCE(F16(1, 0));
	H[2] = SOURCE(F16(1, 1));
	REG(W16(0)) = term_of_boxed(H);
	H += 3;
	JUMP(F8(1, 6));
}

L_put_tuple_2_return: {
	if (W16(1) != 0)
		NEED(W16(1), F8(1, 7));
	H[0] = HEADER(BOXED_TUPLE, 2);
	H[1] = SOURCE(F16(1, 0));
	H[2] = SOURCE(F16(1, 1));
	REG(W16(0)) = term_of_boxed(H);
	H += 3;
	E += F16(1, 2);
	pc = (const uint64_t *)(uintptr_t)E[0];
	DISPATCH();
}

L_put_tuple_3: {
	if (W16(1) != 0)
		NEED(W16(1), F8(1, 7));
	H[0] = HEADER(BOXED_TUPLE, 3);
	H[1] = SOURCE(F16(1, 0));
	H[2] = SOURCE(F16(1, 1));
	H[3] = SOURCE(F16(1, 2));
	REG(W16(0)) = term_of_boxed(H);
	H += 4;
	JUMP(F8(1, 6));
}

L_set_tuple_element: {
	/* Compilers do this to a tuple that setelement/3 has just made; an older one must not come to refer to younger values. */
	term *tuple = boxed_ptr(REG(W16(1)));
	SWAP_OUT();
	if (unlikely(!is_fresh(p, tuple)))
		goto raise_badarg;
	tuple[F16(1, 0)] = REG(W16(0));
	NEXT(set_tuple_element);
}

L_update_record: {
	term t = REG(W16(0));
	size_t size = F16(1, 0), count = pc[INSTR_WORDS_update_record];
	const uint64_t *pair = pc + INSTR_WORDS_update_record + 1;
	if (unlikely(!term_is_tuple_of(t, size)))
		goto raise_badarg;
	/* Compilers reserve the words before; without them the tuple becomes a fragment. */
	SWAP_OUT();
	term *copy = heap_alloc(proc_heap(p), 1 + size);
	H = p->mem.heap.top;
	memcpy(copy, boxed_ptr(t), (1 + size) * sizeof(term));
	for (size_t i = 0; i < count; i++) {
		if (pair[2 * i] >= 1 && pair[2 * i] <= size)
			copy[pair[2 * i]] = source_value(pair[2 * i + 1], x, E);
	}
	REG(W16(1)) = term_of_boxed(copy);
	pc = pair + 2 * count;
	DISPATCH();
}

L_make_fun: {
	unsigned count = W16(1);
	const uint64_t *source = pc + INSTR_WORDS_make_fun;
	H[0] = HEADER(BOXED_FUN, FUN_WORDS(count) - 1);
	H[1] = pc[1];
	H[2] = p->pid;
	for (unsigned i = 0; i < count; i++)
		H[3 + i] = source_value(source[i], x, E);
	REG(W16(0)) = term_of_boxed(H);
	H += FUN_WORDS(count);
	pc = source + count;
	DISPATCH();
}

L_landing:
	NEXT(landing);
