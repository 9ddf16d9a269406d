/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and native records. Included by loop.c inside its function. */

L_get_map_elements: {
	term map = REG(W16(0));
	size_t count = W16(1);
	const uint64_t *pair = pc + INSTR_WORDS_get_map_elements;
	if (unlikely(!term_is_map(map)))
		JUMP(F32(1, 0));
	bool flat = map_is_flat(map);
	for (size_t i = 0; i < count; i++, pair += 2) {
		term key = source_value(pair[0], x, E), value;
		if (likely(flat && term_is_immediate(key))) {
			const term *place_of_value = flat_find(map, key);
			value = place_of_value == NULL ? TERM_NONE : *place_of_value;
		} else {
			value = map_get(map, key);
		}
		if (value == TERM_NONE)
			JUMP(F32(1, 0));
		if ((pair[1] & 1) != 0)
			E[pair[1] >> 3] = value;
		else
			x[pair[1] >> 3] = value;
	}
	pc = pair;
	DISPATCH();
}

L_has_map_fields: {
	term map = REG(W16(0));
	size_t count = W16(1);
	const uint64_t *key = pc + INSTR_WORDS_has_map_fields;
	if (unlikely(!term_is_map(map)))
		JUMP(F32(1, 0));
	for (size_t i = 0; i < count; i++)
		if (map_get(map, source_value(key[i], x, E)) == TERM_NONE)
			JUMP(F32(1, 0));
	pc = key + count;
	DISPATCH();
}

L_put_map_assoc:
	exact = false;
	goto put_map;

L_put_map_exact:
	exact = true;
put_map: {
	size_t count = F16(1, 1);
	/* Room for a small map; what needs more goes to a fragment. */
	size_t need = 2 * VALUE_ROOM_WORDS + 3 * count;
	if (!ROOM_FOR(need) || (p->mem.heap.fragments != NULL && heap_wants_collect(&p->mem)))
		COLLECT(need, F16(1, 0));
	SWAP_OUT();
	term value = put_map(p, pc, x, REG(W16(0)), exact);
	H = p->mem.heap.top;
	if (unlikely(value == TERM_NONE)) {
		if (F32(1, 1) == 0)
			goto raise_here;
		p->outcome = OUTCOME_NONE;
		JUMP(F32(1, 1));
	}
	REG(W16(1)) = value;
	pc += INSTR_WORDS_put_map_assoc + 2 * count;
	DISPATCH();
}

L_is_native_record:
	if (record_is(REG(W16(0)), pc[2], pc[3]))
		NEXT(is_native_record);
	JUMP(F32(1, 0));

L_is_record_accessible:
	if (record_is_accessible(REG(W16(0)), pc[2], pc[3]))
		NEXT(is_record_accessible);
	JUMP(F32(1, 0));

L_get_record_elements: {
	term record = REG(W16(0));
	size_t count = W16(1);
	const uint64_t *pair = pc + INSTR_WORDS_get_record_elements;
	if (unlikely(!term_is_kind(record, BOXED_RECORD)))
		JUMP(F32(1, 0));
	for (size_t i = 0; i < count; i++, pair += 2) {
		term value = record_element(record, pair[0]);
		if (value == TERM_NONE)
			JUMP(F32(1, 0));
		if ((pair[1] & 1) != 0)
			E[pair[1] >> 3] = value;
		else
			x[pair[1] >> 3] = value;
	}
	pc = pair;
	DISPATCH();
}

L_get_record_field: {
	SWAP_OUT();
	term value = record_field(p, REG(W16(0)), pc[2], pc[3]);
	H = p->mem.heap.top;
	if (unlikely(value == TERM_NONE)) {
		if (F32(1, 1) == 0)
			goto raise_here;
		p->outcome = OUTCOME_NONE;
		JUMP(F32(1, 1));
	}
	REG(W16(1)) = value;
	NEXT(get_record_field);
}

L_put_record: {
	size_t count = F16(1, 1);
	NEED_VALUE_ROOM(F16(1, 0));
	SWAP_OUT();
	term value = put_record(p, pc, x, REG(W16(0)));
	H = p->mem.heap.top;
	if (unlikely(value == TERM_NONE)) {
		if (F32(1, 1) == 0)
			goto raise_here;
		p->outcome = OUTCOME_NONE;
		JUMP(F32(1, 1));
	}
	REG(W16(1)) = value;
	pc += INSTR_WORDS_put_record + 2 * count;
	DISPATCH();
}
