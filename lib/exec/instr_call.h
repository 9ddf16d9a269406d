/* SPDX-License-Identifier: Apache-2.0 */
/* Calls, returns, frames. Included by loop.c inside its function. */

L_call:
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call);
	ENTER(pc + W32);

L_call_last:
	E += F16(1, 0);
	ENTER(pc + W32);

L_call_only:
	ENTER(pc + W32);

L_call_xx:
	x[F8(1, 1)] = x[F8(1, 0)];
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_xx);
	ENTER(pc + W32);

L_call_yx:
	x[F8(1, 1)] = E[F8(1, 0)];
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_yx);
	ENTER(pc + W32);

L_call_xx_xx:
	x[F8(1, 1)] = x[F8(1, 0)];
	x[F8(1, 3)] = x[F8(1, 2)];
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_xx_xx);
	ENTER(pc + W32);

L_call_xy_xx:
	E[F8(1, 1)] = x[F8(1, 0)];
	x[F8(1, 3)] = x[F8(1, 2)];
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_xy_xx);
	ENTER(pc + W32);

L_call_yx_xx:
	x[F8(1, 1)] = E[F8(1, 0)];
	x[F8(1, 3)] = x[F8(1, 2)];
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_yx_xx);
	ENTER(pc + W32);

L_call_only_xx:
	x[F8(1, 1)] = x[F8(1, 0)];
	ENTER(pc + W32);

L_call_only_cx:
	x[F8(1, 0)] = pc[2];
	ENTER(pc + W32);

L_call_trim:
	E += F16(1, 0);
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_trim);
	ENTER(pc + W32);

L_call_last_xx:
	x[F8(1, 3)] = x[F8(1, 2)];
	E += F16(1, 0);
	ENTER(pc + W32);

L_call_last_xx_yx:
	x[F8(1, 3)] = x[F8(1, 2)];
	x[F8(1, 5)] = E[F8(1, 4)];
	E += F16(1, 0);
	ENTER(pc + W32);

L_call_last_yx:
	x[F8(1, 3)] = E[F8(1, 2)];
	E += F16(1, 0);
	ENTER(pc + W32);

L_call_last_yx_yx:
	x[F8(1, 3)] = E[F8(1, 2)];
	x[F8(1, 5)] = E[F8(1, 4)];
	E += F16(1, 0);
	ENTER(pc + W32);

L_call_ext: {
	const uint64_t *target = atomic_load_acquire(&dispatch[W32]); /* pairs with ns_publish() */
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_ext);
	if (likely(target != NULL))
		ENTER(target);
	callee = export_of((uint32_t)W32);
	goto call_nowhere;
}

L_call_ext_last: {
	const uint64_t *target = atomic_load_acquire(&dispatch[W32]);
	E += F16(1, 0);
	if (likely(target != NULL))
		ENTER(target);
	callee = export_of((uint32_t)W32);
	goto call_nowhere;
}

L_call_ext_only: {
	const uint64_t *target = atomic_load_acquire(&dispatch[W32]);
	if (likely(target != NULL))
		ENTER(target);
	callee = export_of((uint32_t)W32);
	goto call_nowhere;
}

L_return:
	pc = (const uint64_t *)(uintptr_t)E[0];
	DISPATCH();

L_move_x_return:
	x[0] = x8(0);
	pc = (const uint64_t *)(uintptr_t)E[0];
	DISPATCH();

L_move_c_return:
	x[0] = pc[1];
	pc = (const uint64_t *)(uintptr_t)E[0];
	DISPATCH();

L_deallocate_return:
	E += W16(0);
	pc = (const uint64_t *)(uintptr_t)E[0];
	DISPATCH();

L_jump:
	JUMP(W32);

L_jump_back:
	/* What lives in x is not known here, so this cannot yield: code that goes back for ever is stopped. */
	if (likely(--reductions > -GO_BACK_MAX))
		JUMP(W32);
	SWAP_OUT();
	raise_error(p, A(system_limit));
	p->extra->raise.trace = TERM_NIL;
	goto raise_here;

L_call_bif: {
	callee = (const struct export *)(uintptr_t)pc[1];
	atomic_store_relaxed(&p->pc, pc);
	SWAP_OUT();
	p->reductions--;
	term value = atomic_load_relaxed(&callee->bif->fn)(p, x);
	H = p->mem.heap.top;
	reductions = p->reductions;
	if (unlikely(value == TERM_NONE))
		goto bif_outcome;
	x[0] = value;
	pc += INSTR_WORDS_call_bif;
	if (unlikely(p->mem.heap.fragments != NULL || HEAP_COLLECT_ALWAYS) && heap_wants_collect(&p->mem))
		COLLECT(0, 1);
	DISPATCH();
}

L_call_bif_of_release:
	callee = (const struct export *)(uintptr_t)pc[1];
	if (ns_bif(p->ns, callee) == NULL)
		NEXT(call_bif_of_release);
	/* The same operands, the same ends. */
L_call_bif_last: {
	callee = (const struct export *)(uintptr_t)pc[1];
	atomic_store_relaxed(&p->pc, pc);
	SWAP_OUT();
	p->reductions--;
	term value = atomic_load_relaxed(&callee->bif->fn)(p, x);
	H = p->mem.heap.top;
	reductions = p->reductions;
	if (unlikely(value == TERM_NONE))
		goto bif_outcome;
	x[0] = value;
	E += W16(1);
	pc = (const uint64_t *)(uintptr_t)E[0];
	if (unlikely(p->mem.heap.fragments != NULL || HEAP_COLLECT_ALWAYS) && heap_wants_collect(&p->mem))
		COLLECT(0, 1);
	DISPATCH();
}

/* In the stub of a BIF: what calls of it by name lead to, traced or not. */
L_call_bif_direct: {
	callee = (const struct export *)(uintptr_t)pc[1];
	atomic_store_relaxed(&p->pc, pc);
	SWAP_OUT();
	p->reductions--;
	term value = callee->bif->direct(p, x);
	H = p->mem.heap.top;
	reductions = p->reductions;
	if (unlikely(value == TERM_NONE))
		goto bif_outcome;
	x[0] = value;
	pc = (const uint64_t *)(uintptr_t)E[0];
	if (unlikely(p->mem.heap.fragments != NULL || HEAP_COLLECT_ALWAYS) && heap_wants_collect(&p->mem))
		COLLECT(0, 1);
	DISPATCH();
}

/* A BIF returned TERM_NONE; pc is at its call. */
bif_outcome: {
	bool tail = W16(1) != INSTR_NOT_LAST;
	unsigned drop = tail ? W16(1) : 0;
	enum outcome outcome = (enum outcome)p->outcome;
	p->outcome = OUTCOME_NONE;
	switch (outcome) {
	case OUTCOME_RAISE:
		place = (struct raise_place){ .pc = pc, .export = callee, .args = x, .arity = W16(0), .tail = tail };
		goto raise_at_place;
	case OUTCOME_AGAIN:
		save_x(p, x, W16(0));
		atomic_store_relaxed(&p->pc, pc);
		if (unlikely(is_trace_break(pc)))
			exec_tracing.again(p, pc); /* the call that it stands on was told already */
		return SLICE_YIELD;
	case OUTCOME_TRAP:
		if (tail)
			E += drop;
		else if (p->extra->trap.export != callee || !is_frameless(pc))
			E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_bif);
		else if (E > H)
			/* A traced BIF, which goes by name, called where there is no frame: it never returns, as erlang:error/1, and E[0] is where
			 * its caller was to return to. The continuation, which has no words of a frame, is for stack traces. */
			*--E = (term)(uintptr_t)(pc + INSTR_WORDS_call_bif);
		callee = p->extra->trap.export;
		memcpy(x, p->extra->trap.args, p->extra->trap.count * sizeof(term));
		pc = NULL;
		goto call_callee;
	case OUTCOME_AWAY:
	case OUTCOME_WAIT: {
		/* Until the answer comes the process stands in this call, arguments and all. */
		struct trap *trap = &proc_extra(p)->trap;
		*trap = (struct trap){ .export = callee, .count = 0, .args = { (term)(uintptr_t)pc } };
		save_x(p, x, W16(0));
		atomic_store_relaxed(&p->pc, bif_answer_code.code);
		p->outcome = (uint8_t)outcome;
		return outcome == OUTCOME_AWAY ? SLICE_AWAY : SLICE_WAIT;
	}
	case OUTCOME_HIBERNATE:
		forget_stack(p);
		callee = p->extra->trap.export;
		memcpy(x, p->extra->trap.args, p->extra->trap.count * sizeof(term));
		if (!proc_collect_major(p, 0, x, p->extra->trap.count))
			goto ended;
		save_x(p, x, p->extra->trap.count);
		atomic_store_relaxed(&p->pc, call_again_code.code);
		if (p->mailbox.first != NULL)
			return SLICE_YIELD;
		p->flags |= PROC_HIBERNATED;
		return SLICE_WAIT;
	case OUTCOME_EXIT:
	case OUTCOME_NONE:
		p->outcome = (uint8_t)outcome;
		break;
	}
	goto ended;
}

/* The continuation is in place, x holds the arguments of callee. */
call_callee: {
	const uint64_t *target = atomic_load_acquire(&dispatch[callee->number]);
	if (likely(target != NULL))
		ENTER(target);
}
call_nowhere: {
	SWAP_OUT();
	const uint64_t *target = call_target(p, callee, x);
	H = p->mem.heap.top;
	if (target != NULL)
		ENTER(target);
}
/* A call found no code, and the outcome says what to do. */
call_outcome: {
	enum outcome outcome = (enum outcome)p->outcome;
	p->outcome = OUTCOME_NONE;
	switch (outcome) {
	case OUTCOME_RAISE:
		/* The caller is told by its continuation. */
		place = (struct raise_place){ .export = callee, .args = x, .arity = callee->arity };
		goto raise_at_place;
	case OUTCOME_TRAP:
		callee = p->extra->trap.export;
		memcpy(x, p->extra->trap.args, p->extra->trap.count * sizeof(term));
		goto call_callee;
	case OUTCOME_WAIT:
		proc_extra(p)->trap.export = callee;
		save_x(p, x, callee->arity);
		p->mem.heap.limit = E;
		atomic_store_relaxed(&p->pc, call_again_code.code);
		p->outcome = OUTCOME_WAIT;
		return SLICE_WAIT;
	case OUTCOME_AGAIN:
		proc_extra(p)->trap.export = callee;
		save_x(p, x, callee->arity);
		p->mem.heap.limit = E;
		atomic_store_relaxed(&p->pc, call_again_code.code);
		return SLICE_YIELD;
	case OUTCOME_AWAY:
	case OUTCOME_HIBERNATE:
	case OUTCOME_EXIT:
	case OUTCOME_NONE:
		p->outcome = (uint8_t)outcome;
		break;
	}
	goto ended;
}

L_call_again:
	callee = p->extra->trap.export;
	if (unlikely(p->outcome == OUTCOME_WAIT)) {
		/* Woken by something else than the answer. */
		save_x(p, x, callee->arity);
		return SLICE_WAIT;
	}
	p->outcome = OUTCOME_NONE;
	p->extra->answer = TERM_NONE;
	goto call_callee;

L_bif_answer:
	pc = (const uint64_t *)(uintptr_t)p->extra->trap.args[0];
	callee = p->extra->trap.export;
	if (unlikely(p->outcome == OUTCOME_WAIT)) {
		save_x(p, x, W16(0));
		return SLICE_WAIT;
	}
	if (p->outcome != OUTCOME_NONE)
		goto bif_outcome;
	x[0] = p->extra->answer;
	p->extra->answer = TERM_NONE;
	if (W16(1) != INSTR_NOT_LAST) {
		E += W16(1);
		pc = (const uint64_t *)(uintptr_t)E[0];
	} else {
		pc += INSTR_WORDS_call_bif;
	}
	DISPATCH();

L_apply: {
	unsigned arity = W16(0);
	SWAP_OUT();
	const uint64_t *target = apply_target(p, x[arity], x[arity + 1], arity, x, &callee);
	H = p->mem.heap.top;
	if (unlikely(target == NULL)) {
		if (callee == NULL)
			goto raise_apply;
		E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_apply);
		goto call_outcome;
	}
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_apply);
	ENTER(target);
}

L_apply_last: {
	unsigned arity = W16(0);
	SWAP_OUT();
	const uint64_t *target = apply_target(p, x[arity], x[arity + 1], arity, x, &callee);
	H = p->mem.heap.top;
	if (unlikely(apply_only_raises(callee, target)))
		goto raise_by_bif;
	if (unlikely(target == NULL)) {
		if (callee == NULL)
			goto raise_apply;
		E += W16(1);
		goto call_outcome;
	}
	E += W16(1);
	ENTER(target);
}

/* Module or function is no atom: as erlang:apply/3 with the arguments as a list. */
raise_apply: {
	unsigned arity = W16(0);
	struct heap *heap = proc_heap(p);
	term list = TERM_NIL;
	for (unsigned i = arity; i > 0; i--)
		list = heap_cons(heap, x[i - 1], list);
	H = heap->top;
	x[0] = x[arity];
	x[1] = x[arity + 1];
	x[2] = list;
	place = (struct raise_place){ .pc = pc, .export = apply_export_3, .args = x, .arity = 3 };
	goto raise_at_place;
}

L_apply_list: {
	term module = x[0], function = x[1], list = x[2];
	unsigned arity;
	SWAP_OUT();
	if (unlikely(!term_is_atom(module) || !term_is_atom(function) || !apply_spread(list, x, &arity)))
		goto raise_apply_list;
	const uint64_t *target = apply_target(p, module, function, arity, x, &callee);
	H = p->mem.heap.top;
	if (unlikely(target == NULL && callee == NULL))
		goto raise_here;
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_apply_list);
	if (unlikely(target == NULL))
		goto call_outcome;
	ENTER(target);

raise_apply_list:
	x[0] = module;
	x[1] = function;
	x[2] = list;
	raise_error(p, A(badarg));
	place = (struct raise_place){ .pc = pc, .export = apply_export_3, .args = x, .arity = 3 };
	goto raise_at_place;
}

L_apply_list_last: {
	term module = x[0], function = x[1], list = x[2];
	unsigned arity;
	SWAP_OUT();
	if (unlikely(!term_is_atom(module) || !term_is_atom(function) || !apply_spread(list, x, &arity))) {
		x[0] = module;
		x[1] = function;
		x[2] = list;
		raise_error(p, A(badarg));
		place = (struct raise_place){ .pc = pc, .export = apply_export_3, .args = x, .arity = 3 };
		goto raise_at_place;
	}
	const uint64_t *target = apply_target(p, module, function, arity, x, &callee);
	H = p->mem.heap.top;
	if (unlikely(target == NULL && callee == NULL))
		goto raise_here;
	if (unlikely(apply_only_raises(callee, target)) && pc != entry_apply_code.code)
		goto raise_by_bif;
	E += W16(0);
	if (unlikely(target == NULL))
		goto call_outcome;
	ENTER(target);
}

/* A tail call of what only raises is made in place: the trace begins with the function that calls, whose frame is there still, as in
 * OTP. */
raise_by_bif:
	atomic_store_relaxed(&p->pc, pc);
	(void)atomic_load_relaxed(&callee->bif->fn)(p, x); /* TERM_NONE, always */
	H = p->mem.heap.top;
	reductions = p->reductions;
	p->outcome = OUTCOME_NONE;
	place = (struct raise_place){ .pc = pc, .export = callee, .args = x, .arity = callee->arity };
	goto raise_at_place;

L_apply_fun_list: {
	term fun = x[0], list = x[1];
	unsigned arity;
	SWAP_OUT();
	if (unlikely(!apply_spread(list, x, &arity))) {
		x[0] = fun;
		x[1] = list;
		raise_error(p, A(badarg));
		place = (struct raise_place){ .pc = pc, .export = apply_export_2, .args = x, .arity = 2 };
		goto raise_at_place;
	}
	const uint64_t *target = fun_target(p, fun, arity, x, &callee);
	H = p->mem.heap.top;
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_apply_fun_list);
	if (unlikely(target == NULL && callee == NULL)) {
		place = (struct raise_place){ .pc = pc, .called = true };
		goto raise_at_place;
	}
	if (unlikely(target == NULL))
		goto call_outcome;
	ENTER(target);
}

L_apply_fun_list_last: {
	term fun = x[0], list = x[1];
	unsigned arity;
	SWAP_OUT();
	if (unlikely(!apply_spread(list, x, &arity))) {
		x[0] = fun;
		x[1] = list;
		raise_error(p, A(badarg));
		place = (struct raise_place){ .pc = pc, .export = apply_export_2, .args = x, .arity = 2 };
		goto raise_at_place;
	}
	const uint64_t *target = fun_target(p, fun, arity, x, &callee);
	H = p->mem.heap.top;
	if (unlikely(target == NULL && callee == NULL))
		goto raise_here;
	E += W16(0);
	if (unlikely(target == NULL))
		goto call_outcome;
	ENTER(target);
}

L_call_fun: {
	term fun = REG(W16(1));
	unsigned arity = W16(0);
	if (likely(term_is_kind(fun, BOXED_FUN))) {
		const struct fun_entry *entry = fun_entry(fun);
		if (likely(entry->arity == arity && entry->code != NULL)) {
			const term *free_values = fun_free(fun);
			for (uint32_t i = 0; i < entry->free_count; i++)
				x[arity + i] = free_values[i];
			E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_fun);
			ENTER(entry->code);
		}
	}
	SWAP_OUT();
	const uint64_t *target = fun_target(p, fun, arity, x, &callee);
	H = p->mem.heap.top;
	if (unlikely(target == NULL && callee == NULL)) {
		E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_fun);
		place = (struct raise_place){ .pc = pc, .called = true };
		goto raise_at_place;
	}
	E[0] = (term)(uintptr_t)(pc + INSTR_WORDS_call_fun);
	if (unlikely(target == NULL))
		goto call_outcome;
	ENTER(target);
}

L_call_fun_last: {
	term fun = REG(W16(1));
	unsigned arity = W16(0);
	if (likely(term_is_kind(fun, BOXED_FUN))) {
		const struct fun_entry *entry = fun_entry(fun);
		if (likely(entry->arity == arity && entry->code != NULL)) {
			const term *free_values = fun_free(fun);
			for (uint32_t i = 0; i < entry->free_count; i++)
				x[arity + i] = free_values[i];
			E += F16(1, 0);
			ENTER(entry->code);
		}
	}
	SWAP_OUT();
	const uint64_t *target = fun_target(p, fun, arity, x, &callee);
	H = p->mem.heap.top;
	if (unlikely(target == NULL && callee == NULL))
		goto raise_here;
	E += F16(1, 0);
	if (unlikely(target == NULL))
		goto call_outcome;
	ENTER(target);
}

L_enter:
	NEXT(enter);

L_func_info: {
	const struct function_header *h = (const struct function_header *)pc;
	SWAP_OUT();
	raise_error(p, A(function_clause));
	place = (struct raise_place){
		.pc = pc, .args = x, .arity = (unsigned)(h->arity & 0xFF), .function_clause = true
	};
	goto raise_at_place;
}

L_allocate: {
	unsigned words = W16(0);
	NEED(words, W16(1));
	E -= words;
	E[0] = 0;
	NEXT(allocate);
}

L_allocate_heap: {
	unsigned words = W16(0);
	NEED(words + (uint32_t)F32(1, 0), W16(1));
	E -= words;
	E[0] = 0;
	NEXT(allocate_heap);
}

L_allocate_move: {
	unsigned words = W8(0);
	NEED(words, W8(1));
	E -= words;
	E[0] = 0;
	y8(3) = x8(2);
	NEXT(allocate_move);
}

L_allocate_init: {
	unsigned words = W8(0);
	NEED(words, W8(1));
	E -= words;
	E[0] = 0;
	y8(2) = TERM_NIL;
	y8(3) = TERM_NIL;
	NEXT(allocate_init);
}

L_test_heap_small:
	NEED(W16(1), W16(0));
	NEXT(test_heap_small);

L_deallocate:
	E += W16(0);
	NEXT(deallocate);

L_trim:
	E += W16(0);
	NEXT(trim);

L_test_heap:
	NEED((uint32_t)F32(1, 0), W16(0));
	NEXT(test_heap);

L_init_y:
	E[W8(0)] = TERM_NIL;
	E[W8(1)] = TERM_NIL;
	E[W8(2)] = TERM_NIL;
	E[W8(3)] = TERM_NIL;
	NEXT(init_y);

L_init_y_one:
	REG(W16(0)) = TERM_NIL;
	NEXT(init_y_one);

/* A function is traced: its first instruction's handler was put aside (lib/trace/breakpoint.h). */
L_trace_break: {
	SWAP_OUT();
	atomic_store_relaxed(&p->pc, pc);
	struct exec_entered entered = { .pc = pc };
	exec_tracing.entered(p, x, entry_breakpoint(pc), &entered);
	if (unlikely(!exec_trace_push(p, x, entry_arity(pc), &entered)))
		goto ended;
	SWAP_IN();
	if (entered.pc != pc) {
		pc = entered.pc;
		if (likely(pc != NULL))
			DISPATCH();
		callee = entered.export;
		goto call_nowhere;
	}
	goto *(void *)((uintptr_t)&&base + (uintptr_t)(int64_t)entered.handler);
}

/* A continuation: a traced function has returned into a frame that exec_trace_push() put there. */
L_trace_return:
	SWAP_OUT();
	exec_tracing.left(p, E, x[0]);
	H = p->mem.heap.top;
	E += EXEC_TRACE_FRAME_WORDS;
	pc = (const uint64_t *)(uintptr_t)E[0];
	DISPATCH();

/* An exception passes by such a frame. */
L_trace_unwind:
	SWAP_OUT();
	exec_tracing.unwound(p, E, x);
	H = p->mem.heap.top;
	E += EXEC_TRACE_FRAME_WORDS;
	(void)raise_again_as(p, x[1], x[3], x[2]); /* it is a class */
	place = (struct raise_place){ 0 };
	goto raise_at_place;

L_normal_exit: {
	/* Without an extra nobody asks for the value. */
	if (p->extra != NULL)
		p->extra->raise = (struct raise){
			.class = CLASS_EXIT, .reason = A(normal), .trace = TERM_NONE, .args = x[0], .cause = TERM_NONE
		};
	SWAP_OUT();
	return SLICE_EXIT;
}
