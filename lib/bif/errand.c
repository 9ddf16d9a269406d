/* SPDX-License-Identifier: Apache-2.0 */
/* Errands: BIFs that helper threads run while the process waits. See errand.h. */
#include "bif/errand.h"

#include "base/account.h"
#include "heap/heap.h"
#include "term/atom.h"

#include <string.h>

#define ERRAND_ARGS_MAX 8
#define ERRAND_QUICK_REDUCTIONS 100 /* some system calls */

term errand_raise(struct errand *e, enum exception_class class, term reason)
{
	e->class = class;
	e->reason = reason;
	return TERM_NONE;
}

term errand_error(struct errand *e, term reason)
{
	return errand_raise(e, CLASS_ERROR, reason);
}

term errand_badarg(struct errand *e)
{
	return errand_raise(e, CLASS_ERROR, A(badarg));
}

static void errand_run(struct pool_job *job)
{
	struct errand *e = (struct errand *)job; /* first member */
	struct ns *ns = e->ns;
	account_switch(ns->account);
	heap_init_builder(&e->heap);
	term value = e->fn(e, tuple_elements(e->args->value));
	if (value != TERM_NONE)
		proc_answer(e->pid, e->question, value);
	else
		proc_answer_raise(e->pid, e->question, e->class, e->reason);
	heap_done(&e->heap);
	(void)owned_term_free(e->args); /* always NULL */
	mem_free(MEM_MISC, e, sizeof(*e));
	account_switch(NULL);
	ns_release(ns);
}

term errand_start(struct proc *p, errand_fn fn, unsigned arity, const term *args)
{
	assert(arity <= ERRAND_ARGS_MAX);
	struct errand *e = mem_zalloc(MEM_MISC, sizeof(*e));
	term tuple[1 + ERRAND_ARGS_MAX] = { HEADER(BOXED_TUPLE, arity) };
	memcpy(tuple + 1, args, arity * sizeof(term));
	e->args = owned_term_new(MEM_MISC, term_of_boxed(tuple));
	e->fn = fn;
	e->ns = p->ns;
	e->pid = p->pid;
	e->question = proc_question(p);
	e->reason = A(badarg);
	ns_hold(p->ns);
	term waits = bif_wait(p);
	if (pool_run_of(p->ns->helpers, &e->job, errand_run) < 0) {
		/* No thread to be had, not even the first one. What may block is not done here. */
		ns_release(p->ns);
		(void)owned_term_free(e->args); /* always NULL */
		mem_free(MEM_MISC, e, sizeof(*e));
		p->outcome = OUTCOME_NONE;
		return bif_system_limit(p);
	}
	return waits;
}

term errand_start_unless(
	struct proc *p, errand_quick_fn quick, errand_fn fn, unsigned arity, const term *args)
{
	struct errand e = { .ns = p->ns, .pid = p->pid, .reason = TERM_NONE };
	term value;
	heap_init_builder(&e.heap);
	bool answered = quick(&e, args, &value);
	if (answered)
		value = heap_copy(bif_heap(p), value);
	heap_done(&e.heap);
	bif_charge(p, ERRAND_QUICK_REDUCTIONS);
	return answered ? value : errand_start(p, fn, arity, args);
}
