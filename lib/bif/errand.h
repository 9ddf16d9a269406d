/* SPDX-License-Identifier: Apache-2.0 */
/* How a BIF does what may block or take long: it sends a helper thread (base/pool.h) and waits for its answer.
 *
 * The process stays where it is, in OUTCOME_WAIT, owned by whoever handles its signals: it answers process_info, is suspended, is
 * looked at when code is purged, and is killed at once, whatever the helper is stuck in. So the helper works with copies of the
 * arguments (binaries off heap are shared, magic references counted) and builds what it returns on a heap of its own.
 * When nobody waits any more the answer is dropped, and with it what it held.
 *
 * A row of kind BLOCKING is such a function: term f(struct errand *e, const term *args), which may do all that a PLAIN one may:
 * heap_alloc(errand_heap(e), ...) and the functions below in place of bif_error(). It may not touch the process. A PLAIN BIF
 * that must do something first as the process's owner calls errand_start() itself.
 *
 * Bound: a namespace has at most POOL_SHARE_MAX errands under way at a time; more of them wait for their turn. When the namespace is
 * closed system calls are interrupted: errand_gives_up() then says so, and whatever loops over EINTR asks it.
 * Invariant: a namespace is not freed while an errand of it is under way. */
#pragma once
#include "base/pool.h"
#include "bif/bif.h"

struct errand {
	struct pool_job job; /* first */
	struct heap heap;
	struct ns *ns;
	term pid; /* who waits; it may have ended */
	uint64_t question;
	errand_fn fn;
	struct owned_term *args;
	enum exception_class class;
	term reason; /* TERM_NONE: it has not raised */
};

/* Sends a helper to run fn with copies of args, and parks the process until it answers. Returns TERM_NONE. */
term errand_start(struct proc *p, errand_fn fn, unsigned arity, const term *args);

/* What can be answered without waiting for anything is answered by whoever asks: quick says whether it has, and what; never an
 * exception. When it has not, and left nothing behind, a helper runs fn. */
typedef bool (*errand_quick_fn)(struct errand *e, const term *args, term *ret_value);
term errand_start_unless(
	struct proc *p, errand_quick_fn quick, errand_fn fn, unsigned arity, const term *args);

static inline struct heap *errand_heap(struct errand *e)
{
	return &e->heap;
}

/* Raising. All return TERM_NONE. */
term errand_raise(struct errand *e, enum exception_class class, term reason);
term errand_error(struct errand *e, term reason);
term errand_badarg(struct errand *e);

/* After EINTR: nobody wants the answer any more. */
static inline bool errand_gives_up(void)
{
	return pool_interrupted();
}
