/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of traced functions: what happens at a breakpoint, and at the frames it has put on the stack. */
#pragma once
#include "exec/exec.h"
#include "trace/breakpoint.h"
#include "trace/event.h"

/* exec/exec.h, struct exec_tracing. */
void call_entered(struct proc *p, const term *x, uint32_t number, struct exec_entered *entered);
void call_left(struct proc *p, const term *frame, term value);
void call_unwound(struct proc *p, const term *frame, const term *x);
void call_caught(struct proc *p, const uint64_t *handler);
void call_again(struct proc *p, const uint64_t *pc);

/* accounts.c: time and words of functions. */
void accounts_entered(struct proc *p, struct trace_ref *ref, const struct probe *probe,
	struct exec_entered *entered);
void accounts_left(struct proc *p, const term *frame);
void accounts_schedule(struct proc *p, enum proc_schedule what);
void accounts_collection(struct proc *p, bool ended);

/* What frames on the stack hold, after their continuation. */
enum call_frame {
	FRAME_MODULE = 0,
	FRAME_FUNCTION,
	FRAME_ARITY,
	FRAME_SESSION, /* its id */
	FRAME_KIND,    /* enum call_frame_kind */
	FRAME_OTHER, /* RETURN: the meta tracer, or []; TIME: the accounts before, of time and of memory, as id << 1 | which */
};

enum call_frame_kind { FRAME_RETURN, FRAME_EXCEPTION, FRAME_RETURN_TO, FRAME_ACCOUNTS };
