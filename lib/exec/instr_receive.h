/* SPDX-License-Identifier: Apache-2.0 */
/* Messages. Included by loop.c inside its function. */

L_loop_rec: {
	SWAP_OUT();
	const struct message *m = mailbox_current(p);
	SWAP_IN();
	if (m == NULL) {
		if (unlikely(p->outcome == OUTCOME_EXIT))
			goto ended;
		JUMP(F32(1, 0));
	}
	REG(W16(0)) = message_value(m);
	NEXT(loop_rec);
}

L_loop_rec_tuple: {
	/* Fetched messages that cannot match are passed over here, charged as the instructions it stands for are. */
	struct signal **save = p->mailbox.save;
	const term header = HEADER(BOXED_TUPLE, W16(1)), tag = (term)(int64_t)F32(1, 1);
	for (;;) {
		const struct signal *s = *save;
		if (s == NULL) {
			p->mailbox.save = save;
			p->flags &= ~(uint32_t)PROC_MATCHING;
			SWAP_OUT();
			const struct message *m = mailbox_current(p);
			SWAP_IN();
			if (m == NULL) {
				if (unlikely(p->outcome == OUTCOME_EXIT))
					goto ended;
				JUMP(F32(1, 0));
			}
			save = p->mailbox.save;
			continue;
		}
		const term t = ((const struct message *)(const void *)s)->value;
		if (term_is_boxed(t) && boxed_ptr(t)[0] == header && boxed_ptr(t)[1] == tag) {
			p->mailbox.save = save;
			p->flags |= PROC_MATCHING;
			REG(W16(0)) = t;
			NEXT(loop_rec_tuple);
		}
		save = &((struct signal *)(uintptr_t)s)->next;
		if (unlikely(--reductions <= 0)) {
			p->mailbox.save = save;
			p->flags &= ~(uint32_t)PROC_MATCHING;
			SWAP_OUT();
			atomic_store_relaxed(&p->pc, pc);
			return SLICE_YIELD;
		}
	}
}

L_loop_rec_end:
	mailbox_next(p);
	/* The one place where code goes back without a call. */
	pc += W32;
	if (unlikely(--reductions <= 0)) {
		SWAP_OUT();
		atomic_store_relaxed(&p->pc, pc);
		return SLICE_YIELD;
	}
	DISPATCH();

L_remove_message:
	SWAP_OUT();
	mailbox_remove(p);
	SWAP_IN();
	NEXT(remove_message);

L_wait:
	SWAP_OUT();
	atomic_store_relaxed(&p->pc, pc + W32);
	return SLICE_WAIT;

L_wait_timeout: {
	bool expired;
	SWAP_OUT();
	if (unlikely(!mailbox_wait_timeout(p, REG(W16(0)), &expired))) {
		raise_error(p, A(timeout_value));
		goto raise_here;
	}
	SWAP_IN();
	if (expired)
		NEXT(wait_timeout);
	atomic_store_relaxed(&p->pc, pc + F32(1, 0));
	return SLICE_WAIT;
}

L_timeout:
	mailbox_timeout(p);
	NEXT(timeout);

L_recv_marker_reserve: {
	SWAP_OUT();
	term marker = recv_marker_reserve(p);
	SWAP_IN();
	REG(W16(0)) = marker;
	NEXT(recv_marker_reserve);
}

L_recv_marker_bind:
	recv_marker_bind(p, REG(W16(0)), REG(W16(1)));
	NEXT(recv_marker_bind);

L_recv_marker_clear:
	recv_marker_clear(p, REG(W16(0)));
	NEXT(recv_marker_clear);

L_recv_marker_use:
	recv_marker_use(p, REG(W16(0)));
	NEXT(recv_marker_use);

L_send: {
	atomic_store_relaxed(&p->pc, pc);
	SWAP_OUT();
	p->reductions--;
	bool sent = proc_send(p, x[0], x[1]);
	SWAP_IN();
	if (unlikely(!sent)) {
		operation = OPERATOR_SEND;
		operator_args = x;
		operator_arity = 2;
		goto operator_failed;
	}
	x[0] = x[1];
	NEXT(send);
}
