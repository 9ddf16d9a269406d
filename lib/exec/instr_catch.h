/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions. Included by loop.c inside its function. */

L_try:
	REG(W16(0)) = pc[1];
	NEXT(try);

L_try_end:
	REG(W16(0)) = TERM_NIL;
	NEXT(try_end);

L_try_case:
	if (unlikely(x[0] != TERM_NONE)) /* no exception: code that a call which never returns has returned to */
		goto raise_badarg;
	REG(W16(0)) = TERM_NIL;
	x[0] = x[1];
	x[1] = x[2];
	x[2] = x[3];
	NEXT(try_case);

L_catch_end:
	REG(W16(0)) = TERM_NIL;
	if (x[0] == TERM_NONE) {
		SWAP_OUT();
		x[0] = raise_catch_value(p, x);
		SWAP_IN();
		if (p->mem.heap.fragments != NULL && heap_wants_collect(&p->mem)) {
			SWAP_OUT();
			if (unlikely(!proc_collect(p, 0, x, 1))) /* the instruction has been */
				goto ended;
			SWAP_IN();
		}
	}
	NEXT(catch_end);

L_build_stacktrace:
	SWAP_OUT();
	x[0] = exec_build_stacktrace(proc_heap(p), x[0]);
	SWAP_IN();
	NEXT(build_stacktrace);

L_raise:
	SWAP_OUT();
	raise_again(p, REG(W16(0)), REG(W16(1)));
	goto raise_here;

L_never_returned:
	goto raise_badarg;

L_raw_raise:
	SWAP_OUT();
	if (raise_again_as(p, x[0], x[2], x[1]))
		goto raise_here;
	SWAP_IN();
	x[0] = A(badarg);
	NEXT(raw_raise);

L_badmatch:
	SWAP_OUT();
	raise_error_with(p, A(badmatch), REG(W16(0)));
	goto raise_here;

L_badrecord:
	SWAP_OUT();
	raise_error_with(p, A(badrecord), REG(W16(0)));
	goto raise_here;

L_case_end:
	SWAP_OUT();
	raise_error_with(p, A(case_clause), REG(W16(0)));
	goto raise_here;

L_try_case_end:
	SWAP_OUT();
	raise_error_with(p, A(try_clause), REG(W16(0)));
	goto raise_here;

L_if_end:
	SWAP_OUT();
	raise_error(p, A(if_clause));
	goto raise_here;
