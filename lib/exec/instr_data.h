/* SPDX-License-Identifier: Apache-2.0 */
/* Moves, lists, tuples, funs. Included by loop.c inside its function. */

L_move:
	REG(W16(1)) = REG(W16(0));
	NEXT(move);

L_move_c:
	REG(W16(0)) = pc[1];
	NEXT(move_c);

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

L_get_hd:
	REG(W16(1)) = cons_head(REG(W16(0)));
	NEXT(get_hd);

L_get_tl:
	REG(W16(1)) = cons_tail(REG(W16(0)));
	NEXT(get_tl);

L_get_tuple_element:
	REG(W16(1)) = boxed_ptr(REG(W16(0)))[F16(1, 0)];
	NEXT(get_tuple_element);

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
	uint32_t arity = (uint32_t)pc[1];
	const uint64_t *source = pc + INSTR_WORDS_put_tuple;
	if (unlikely(arity == 0)) {
		/* The empty tuple takes a word that nobody reserved. */
		SWAP_OUT();
		REG(W16(0)) = heap_tuple(proc_heap(p), 0, NULL);
		H = p->mem.heap.top;
		NEXT(put_tuple);
	}
	H[0] = HEADER(BOXED_TUPLE, arity);
	for (uint32_t i = 0; i < arity; i++)
		H[1 + i] = source_value(source[i], x, E);
	REG(W16(0)) = term_of_boxed(H);
	H += 1 + arity;
	pc = source + arity;
	DISPATCH();
}

L_set_tuple_element:
	boxed_ptr(REG(W16(1)))[F16(1, 0)] = REG(W16(0));
	NEXT(set_tuple_element);

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
