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

L_get_map_elements_known: {
	term map = REG(W16(0));
	const uint64_t *pair = pc + INSTR_WORDS_get_map_elements, *end = pair + 2 * (size_t)W16(1);
	if (unlikely(!term_is_kind(map, BOXED_FLATMAP)))
		goto L_get_map_elements;
	const term *flat = boxed_ptr(map), *keys = tuple_elements(flat[1]);
	const term *keys_end = keys + header_size(flat[0]) - 1;
	for (; pair < end; pair += 2) {
		const term key = pair[0];
		const uint64_t to = pair[1];
		const term *k = keys;
		while (k < keys_end && *k != key)
			k++;
		if (k == keys_end)
			JUMP(F32(1, 0));
		term value = flat[2 + (k - keys)];
		if ((to & 1) != 0)
			E[to >> 3] = value;
		else
			x[to >> 3] = value;
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

L_new_map: {
	const term keys = pc[1];
	const size_t n = tuple_arity(keys);
	const uint64_t *source = pc + INSTR_WORDS_new_map;
	NEED(2 + n, W16(1));
	H[0] = HEADER(BOXED_FLATMAP, 1 + n);
	H[1] = keys;
	for (size_t i = 0; i < n; i++)
		H[2 + i] = source_value(source[i], x, E);
	REG(W16(0)) = term_of_boxed(H);
	H += 2 + n;
	pc = source + n;
	DISPATCH();
}

L_put_map_assoc_known:
	exact = false;
	goto put_map_known;

L_put_map_exact_known:
	exact = true;
put_map_known: {
	/* A flat map that has all of the keys: the new one shares them. */
	term map = REG(W16(0));
	if (unlikely(!term_is_kind(map, BOXED_FLATMAP)))
		goto put_map;
	const term *flat = boxed_ptr(map), *keys = tuple_elements(flat[1]);
	const size_t n = header_size(flat[0]) - 1;
	if (unlikely(!ROOM_FOR(2 + n)))
		goto put_map;
	for (size_t i = 0; i < 2 + n; i++)
		H[i] = flat[i];
	const uint64_t *pair = pc + INSTR_WORDS_put_map_assoc, *end = pair + 2 * (size_t)F16(1, 1);
	for (; pair < end; pair += 2) {
		size_t k = 0;
		while (k < n && keys[k] != pair[0])
			k++;
		if (k == n)
			goto put_map;
		H[2 + k] = source_value(pair[1], x, E);
	}
	REG(W16(1)) = term_of_boxed(H);
	H += 2 + n;
	pc = end;
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
