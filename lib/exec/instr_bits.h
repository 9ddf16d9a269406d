/* SPDX-License-Identifier: Apache-2.0 */
/* Bitstrings. Included by loop.c inside its function. */

/* Before a part of a bitstring or an integer of any size is built; live x registers are kept. */
#define BITS_ROOM(live)                                                                            \
	do {                                                                                       \
		if (!ROOM_FOR(VALUE_ROOM_WORDS) || ((p->mem.heap.fragments != NULL) && heap_wants_collect(&p->mem))) \
			COLLECT(2 * VALUE_ROOM_WORDS, live);                                       \
	} while (0)

L_bs_start_match: {
	BITS_ROOM(F16(1, 0));
	term t = REG(W16(0));
	if (term_is_bitstring(t)) {
		REG(W16(1)) = match_put(H, t);
		H += MATCH_WORDS;
		NEXT(bs_start_match);
	}
	if (term_is_match(t)) {
		REG(W16(1)) = t;
		NEXT(bs_start_match);
	}
	if (F32(1, 1) != 0)
		JUMP(F32(1, 1));
	goto raise_badarg;
}

#define START_MATCH(name, position, then)                                                          \
	L_##name:                                                                                  \
	{                                                                                          \
		term t = x8(0);                                                                    \
		if (likely(term_is_boxed(t))) {                                                    \
			if (boxed_header(t) == HEADER(BOXED_MATCH, MATCH_WORDS - 1)) {             \
				x8(1) = t;                                                         \
				position;                                                          \
				then;                                                              \
			}                                                                          \
			if (likely(term_is_bitstring(t))) {                                        \
				NEED(MATCH_WORDS, W16(1));                                         \
				/* It may have moved. */                                           \
				t = match_put(H, x8(0));                                           \
				x8(1) = t;                                                         \
				H += MATCH_WORDS;                                                  \
				position;                                                          \
				then;                                                              \
			}                                                                          \
		}                                                                                  \
		if (F32(1, 0) != 0)                                                                \
			JUMP(F32(1, 0));                                                           \
		goto raise_badarg;                                                                 \
	}
#define POSITION (x[F8(1, 4)] = match_get_position(t))

START_MATCH(bs_start_match_x, (void)0, NEXT(bs_start_match_x))
START_MATCH(bs_start_match_position, POSITION, NEXT(bs_start_match_position))
START_MATCH(bs_start_match_position_byte, POSITION,
	PAIRED(bs_start_match_position, bs_match_at_least_byte))
#undef POSITION
#undef START_MATCH

L_bs_get_integer: {
	size_t bits;
	if (!match_field_bits(REG(F16(2, 2)), F16(1, 1), &bits))
		JUMP(F32(2, 0));
	/* The value's words: as many as the bits that are there. */
	if (match_left(REG(W16(0))) < bits)
		JUMP(F32(2, 0));
	BITS_ROOM(F16(1, 0));
	SWAP_OUT();
	term value = match_integer(proc_heap(p), REG(W16(0)), bits, F16(1, 2));
	H = p->mem.heap.top;
	if (value == TERM_NONE)
		JUMP(F32(2, 0));
	REG(W16(1)) = value;
	NEXT(bs_get_integer);
}

L_bs_get_float: {
	size_t bits;
	if (!match_field_bits(REG(F16(2, 2)), F16(1, 1), &bits))
		JUMP(F32(2, 0));
	BITS_ROOM(F16(1, 0));
	SWAP_OUT();
	term value = match_float(proc_heap(p), REG(W16(0)), bits, F16(1, 2));
	H = p->mem.heap.top;
	if (value == TERM_NONE)
		JUMP(F32(2, 0));
	REG(W16(1)) = value;
	NEXT(bs_get_float);
}

L_bs_get_binary: {
	size_t bits = 0;
	term size = REG(F16(2, 2)), value;
	if (size != A(all) && !match_field_bits(size, F16(1, 1), &bits))
		JUMP(F32(2, 0));
	BITS_ROOM(F16(1, 0));
	SWAP_OUT();
	if (size == A(all))
		value = match_rest(proc_heap(p), REG(W16(0)), F16(1, 1));
	else
		value = match_bits(proc_heap(p), REG(W16(0)), bits);
	H = p->mem.heap.top;
	if (value == TERM_NONE)
		JUMP(F32(2, 0));
	REG(W16(1)) = value;
	NEXT(bs_get_binary);
}

L_bs_skip_bits: {
	size_t bits;
	term size = REG(W16(1));
	if (size == A(all)) {
		term context = REG(W16(0));
		if (!match_test_unit(context, F16(1, 0)))
			JUMP(F32(1, 1));
		match_advance_unchecked(context, match_left(context));
		NEXT(bs_skip_bits);
	}
	if (match_field_bits(size, F16(1, 0), &bits) && match_skip(REG(W16(0)), bits))
		NEXT(bs_skip_bits);
	JUMP(F32(1, 1));
}

L_bs_test_tail:
	if (match_test_tail(REG(W16(0)), (size_t)F32(1, 1)))
		NEXT(bs_test_tail);
	JUMP(F32(1, 0));

L_bs_test_unit:
	if (match_test_unit(REG(W16(0)), W16(1)))
		NEXT(bs_test_unit);
	JUMP(F32(1, 0));

L_bs_match_string:
	if (match_string(REG(W16(0)), (const uint8_t *)(uintptr_t)pc[2], (size_t)F32(1, 1)))
		NEXT(bs_match_string);
	JUMP(F32(1, 0));

L_bs_get_position:
	REG(W16(1)) = match_get_position(REG(W16(0)));
	NEXT(bs_get_position);

L_bs_set_position: {
	/* Position and end are small integers: what is no position of this context is refused. */
	term context = REG(W16(0)), position = REG(W16(1));
	if (unlikely(!term_is_small(position) || position > boxed_ptr(context)[3]))
		goto raise_badarg;
	match_set_position(context, position);
	NEXT(bs_set_position);
}

L_bs_get_tail: {
	BITS_ROOM(F16(1, 0));
	SWAP_OUT();
	term value = match_tail(proc_heap(p), REG(W16(0)));
	H = p->mem.heap.top;
	REG(W16(1)) = value;
	NEXT(bs_get_tail);
}

L_bs_get_utf8: {
	term value = match_utf8(REG(W16(0)));
	if (value == TERM_NONE)
		JUMP(F32(1, 0));
	REG(W16(1)) = value;
	NEXT(bs_get_utf8);
}

L_bs_get_utf8_rest: {
	term context = x8(0);
	term value = match_utf8(context);
	if (value == TERM_NONE)
		JUMP(F32(1, 0));
	x8(1) = value;
	if ((match_left(context) & W16(1)) == 0)
		NEXT(bs_get_utf8_rest);
	JUMP(F32(1, 1));
}

L_bs_get_utf16: {
	term value = match_utf16(REG(W16(0)), F16(1, 0));
	if (value == TERM_NONE)
		JUMP(F32(1, 1));
	REG(W16(1)) = value;
	NEXT(bs_get_utf16);
}

L_bs_get_utf32: {
	term value = match_utf32(REG(W16(0)), F16(1, 0));
	if (value == TERM_NONE)
		JUMP(F32(1, 1));
	REG(W16(1)) = value;
	NEXT(bs_get_utf32);
}

L_bs_skip_utf8:
	if (match_utf8(REG(W16(0))) != TERM_NONE)
		NEXT(bs_skip_utf8);
	JUMP(F32(1, 0));

L_bs_skip_utf16:
	if (match_utf16(REG(W16(0)), W16(1)) != TERM_NONE)
		NEXT(bs_skip_utf16);
	JUMP(F32(1, 0));

L_bs_skip_utf32:
	if (match_utf32(REG(W16(0)), W16(1)) != TERM_NONE)
		NEXT(bs_skip_utf32);
	JUMP(F32(1, 0));

L_bs_init_writable: {
	BITS_ROOM(1);
	SWAP_OUT();
	x[0] = build_writable(proc_heap(p), x[0]);
	H = p->mem.heap.top;
	NEXT(bs_init_writable);
}

L_bs_create_integers: {
	const uint64_t *segment = pc + INSTR_WORDS_bs_create_integers, *end = segment + 3 * (size_t)F16(1, 0);
	uint64_t value;
	unsigned bits;
	if (unlikely(!ROOM_FOR(HEAP_BITS_WORDS(8) + F16(1, 1)) || !pack_integers(segment, end, x, E, &value, &bits)))
		goto L_bs_create_bin;
	H[0] = HEADER(BOXED_HEAP_BITS, HEAP_BITS_WORDS(8) - 1);
	H[1] = (term)bits << 3;
	H[2] = value;
	REG(W16(0)) = term_of_boxed(H);
	H += HEAP_BITS_WORDS(8);
	pc = end;
	DISPATCH();
}

L_bs_append_integers: {
	/* Eight bytes are written whatever is appended: behind a value's end nobody looks, and inline it is zeros. */
	const uint64_t *segment = pc + INSTR_WORDS_bs_append_integers, *end = segment + 3 * (size_t)F16(1, 0);
	term old = source_value(segment[2], x, E);
	uint64_t value;
	unsigned bits;
	if (unlikely(!term_is_boxed(old) || !ROOM_FOR(SUB_BITS_WORDS + F16(1, 1)) ||
		    !pack_integers(segment + 3, end, x, E, &value, &bits)))
		goto L_bs_create_bin;
	term *sub = boxed_ptr(old);
	if (build_is_appendable(old)) {
		term *ref = boxed_ptr(sub[1]);
		struct binary *binary = (struct binary *)(uintptr_t)ref[2];
		size_t at = (size_t)(ref[3] >> 6);
		if (unlikely(((sub[3] | ref[3]) & 7 << 3) != 0 || at + 8 > binary->capacity))
			goto L_bs_create_bin;
		memcpy(binary->data + at, &value, 8);
		ref[3] += (term)bits << 3;
		binary->size = at + (bits + 7) / 8;
		if ((uint8_t)segment[0] == SEGMENT_PRIVATE_APPEND) {
			sub[3] += (term)bits << 3;
		} else {
			H[0] = HEADER(BOXED_SUB_BITS, SUB_BITS_WORDS - 1);
			H[1] = sub[1];
			H[2] = sub[2];
			H[3] = sub[3] + ((term)bits << 3);
			H[4] = BITS_WRITABLE << 3;
			old = term_of_boxed(H);
			H += SUB_BITS_WORDS;
		}
	} else {
		if ((uint8_t)segment[0] != SEGMENT_PRIVATE_APPEND || !build_is_roomy(old) || (sub[1] & 7 << 3) != 0 ||
			(size_t)(sub[1] >> 6) + 8 > HEAP_BITS_MAX_BYTES)
			goto L_bs_create_bin;
		memcpy((uint8_t *)(sub + 2) + (sub[1] >> 6), &value, 8);
		sub[1] += (term)bits << 3;
	}
	REG(W16(0)) = old;
	pc = end;
	DISPATCH();
}

L_bs_add: {
	const uint64_t *source = pc + INSTR_WORDS_bs_add;
	SWAP_OUT();
	term sum = add_sizes(p, source_value(source[0], x, E), source_value(source[1], x, E), W16(1));
	if (unlikely(sum == TERM_NONE)) {
		H = p->mem.heap.top;
		if (F32(1, 0) == 0)
			goto raise_here;
		p->outcome = OUTCOME_NONE;
		JUMP(F32(1, 0));
	}
	REG(W16(0)) = sum;
	pc = source + 2;
	DISPATCH();
}

L_bs_utf_size: {
	const uint64_t *source = pc + INSTR_WORDS_bs_utf_size;
	REG(W16(0)) = term_of_small(character_bytes(source_value(source[0], x, E), W16(1)));
	pc = source + 1;
	DISPATCH();
}

L_bs_create_bin: {
	BITS_ROOM(W16(1));
L_bs_create_bin_kept:
	SWAP_OUT();
	term value = create_bits(p, pc, x);
	H = p->mem.heap.top;
	if (unlikely(value == TERM_NONE)) {
		if (F32(1, 1) == 0)
			goto raise_here;
		p->outcome = OUTCOME_NONE;
		JUMP(F32(1, 1));
	}
	/* What follows builds in words that this instruction reserves. */
	if (F16(1, 1) != 0 && !ROOM_FOR(F16(1, 1))) {
		unsigned live = W16(1) < X_REGISTERS ? W16(1) : X_REGISTERS - 1;
		x[live] = value;
		SWAP_OUT();
		if (unlikely(!proc_collect(p, F16(1, 1), x, live + 1))) /* what was made is not to be made twice */
			goto ended;
		SWAP_IN();
		value = x[live];
	}
	REG(W16(0)) = value;
	pc += INSTR_WORDS_bs_create_bin + 3 * (size_t)F16(1, 0);
	DISPATCH();
}

/* Commands of bs_match. */
L_bs_match_at_least:
	if (match_test_at_least(REG(W16(0)), (size_t)F32(1, 1), W16(1)))
		NEXT(bs_match_at_least);
	JUMP(F32(1, 0));

L_bs_match_huge_at_least:
	if (match_test_at_least(REG(W16(0)), (size_t)pc[2], W16(1)))
		NEXT(bs_match_huge_at_least);
	JUMP(F32(1, 0));

L_bs_match_at_least_x:
	if (match_test_at_least_masked(x8(0), F32(1, 1), F16(1, 0)))
		NEXT(bs_match_at_least_x);
	JUMP(W24);

L_bs_match_at_least_byte: {
	term *context = boxed_ptr(x8(0));
	term position = context[2];
	if (!match_test_at_least_masked(x8(0), F16(1, 1), F16(1, 0)))
		JUMP(W24);
	if (unlikely((position & 7 << 3) != 0))
		goto match_at_least_small;
	/* Eight bits were to be there. */
	const uint8_t *data = whole_bits_data(context[1]);
	context[2] = position + (8 << 3);
	x[F8(1, 4)] = term_of_small(data[position >> 6]);
	NEXT(bs_match_at_least_byte);
}

L_bs_match_at_least_small:
match_at_least_small:
	if (!match_test_at_least_masked(x8(0), F16(1, 1), F16(1, 0)))
		JUMP(W24);
	if (unlikely(match_left(x8(0)) < F8(1, 5)))
		goto raise_badarg;
	x[F8(1, 4)] = match_small_unchecked(x8(0), F8(1, 5));
	NEXT(bs_match_at_least_small);

L_bs_match_small_rest: {
	term ctx = x8(0);
	if (!match_test_at_least_masked(ctx, F16(1, 1), F16(1, 0)))
		JUMP(W24);
	if (unlikely(match_left(ctx) < F8(1, 5)))
		goto raise_badarg;
	x[F8(1, 4)] = match_small_unchecked(ctx, F8(1, 5));
	if (likely(match_test_at_least_masked(ctx, 0, F16(2, 2))))
		NEXT(bs_match_small_rest);
	JUMP(F32(2, 0));
}

L_bs_match_small_x: {
	term ctx = x8(0);
	if (unlikely(match_left(ctx) < W8(2)))
		goto raise_badarg;
	x8(1) = match_small_unchecked(ctx, W8(2));
	NEXT(bs_match_small_x);
}

L_bs_test_unit_x: {
	const term *context = boxed_ptr(x8(0));
	if (((context[3] - context[2]) >> 3 & F16(1, 0)) == 0)
		NEXT(bs_test_unit_x);
	JUMP(W24);
}

L_bs_match_exactly:
	if (match_test_tail(REG(W16(0)), (size_t)F32(1, 1)))
		NEXT(bs_match_exactly);
	JUMP(F32(1, 0));

L_bs_match_huge_exactly:
	if (match_test_tail(REG(W16(0)), (size_t)pc[2]))
		NEXT(bs_match_huge_exactly);
	JUMP(F32(1, 0));

L_bs_match_small:
	/* Checked all the same: an ensure command before it is the compiler's promise. */
	if (unlikely(match_left(REG(W16(0))) < F16(1, 0)))
		goto raise_badarg;
	REG(W16(1)) = match_small_unchecked(REG(W16(0)), F16(1, 0));
	NEXT(bs_match_small);

L_bs_match_integer: {
	BITS_ROOM(F16(1, 0));
	SWAP_OUT();
	term value = match_integer(proc_heap(p), REG(W16(0)), (size_t)F32(1, 1), F16(1, 1));
	H = p->mem.heap.top;
	if (unlikely(value == TERM_NONE))
		goto raise_badarg;
	REG(W16(1)) = value;
	NEXT(bs_match_integer);
}

L_bs_match_binary: {
	BITS_ROOM(F16(1, 0));
	SWAP_OUT();
	term value = match_bits(proc_heap(p), REG(W16(0)), (size_t)F32(1, 1));
	H = p->mem.heap.top;
	if (unlikely(value == TERM_NONE))
		goto raise_badarg;
	REG(W16(1)) = value;
	NEXT(bs_match_binary);
}

L_bs_match_huge_binary: {
	BITS_ROOM(F16(1, 0));
	SWAP_OUT();
	term value = match_bits(proc_heap(p), REG(W16(0)), (size_t)pc[2]);
	H = p->mem.heap.top;
	if (unlikely(value == TERM_NONE))
		goto raise_badarg;
	REG(W16(1)) = value;
	NEXT(bs_match_huge_binary);
}

L_bs_match_huge_skip:
	if (unlikely(!match_skip(REG(W16(0)), (size_t)pc[1])))
		goto raise_badarg;
	NEXT(bs_match_huge_skip);

L_bs_match_skip:
	if (unlikely(!match_skip(REG(W16(0)), (size_t)F32(1, 0))))
		goto raise_badarg;
	NEXT(bs_match_skip);

L_bs_match_tail: {
	BITS_ROOM(F16(1, 0));
	SWAP_OUT();
	term value = match_tail(proc_heap(p), REG(W16(0)));
	H = p->mem.heap.top;
	REG(W16(1)) = value;
	NEXT(bs_match_tail);
}

L_bs_match_equal: {
	term context = REG(W16(0));
	if (unlikely(match_left(context) < W16(1)))
		JUMP(F32(1, 0));
	if (match_equal_unchecked(context, W16(1), pc[2]))
		NEXT(bs_match_equal);
	JUMP(F32(1, 0));
}
#undef BITS_ROOM
