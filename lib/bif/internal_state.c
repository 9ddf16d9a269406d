/* SPDX-License-Identifier: Apache-2.0 */
/* erts_debug:get_internal_state/1 and set_internal_state/2: what OTP's own tests, and tools made like them, ask of a machine's inside.
 *
 * As in OTP these are `undef` until a namespace has set `available_internal_state`, and an item that is not here is `badarg`. Items that
 * speak of OTP's tables (node_tab_delayed_delete, processes_bif_info), stop schedulers (block, sleep) or break values (inconsistent_heap)
 * are not to be added: the first have no counterpart, the others harm neighbours. */
#include "base/epoch.h"
#include "bif/bif.h"
#include "ns/ns.h"
#include "proc/table.h"

static term not_available(struct proc *p)
{
	return bif_error(p, A(undef));
}

/* ------------------------------------------------------------------------------------------------ waiting */

struct wait {
	struct epoch_item item; /* first */
	term from;
	uint64_t question;
};

static void waited(struct epoch_item *item)
{
	struct wait *w = (struct wait *)item;
	proc_answer(w->from, w->question, A(ok));
	mem_free(MEM_PROC, w, sizeof(*w));
}

/* Until every thread has moved on once, and with that what was retired before is freed: all four that OTP tells apart are that here. */
static term wait_for(struct proc *p, term what)
{
	if (what != A(deallocations) && what != A(timer_cancellations) && what != A(aux_work) &&
		what != A(thread_progress))
		return bif_badarg(p);
	struct wait *w = mem_alloc(MEM_PROC, sizeof(*w));
	*w = (struct wait){ .from = p->pid, .question = proc_question(p) };
	term waits = bif_wait(p);
	epoch_retire(&w->item, waited);
	return waits;
}

/* ------------------------------------------------------------------------------------------------ set */

/* Only down: a slice is no longer than what its namespace was given. */
static term set_reductions_left(struct proc *p, term value)
{
	if (!term_is_small(value))
		return bif_badarg(p);
	int64_t n = small_value(value);
	if (n >= 0 && n < p->reductions)
		p->reductions = (int32_t)n;
	return A(true);
}

static term set_available(struct proc *p, term value)
{
	if (value != A(true) && value != A(false))
		return bif_badarg(p);
	return term_of_bool(atomic_exchange_explicit(
		&p->ns->internal_state, value == A(true), memory_order_relaxed));
}

term bif_erts_debug_set_internal_state_2(struct proc *p, const term *args)
{
	bool available = atomic_load_relaxed(&p->ns->internal_state);
	if (args[0] == A(available_internal_state) && (args[1] == A(true) || args[1] == A(false)))
		return set_available(p, args[1]);
	if (!available)
		return not_available(p);
	switch (term_is_atom(args[0]) ? atom_index(args[0]) : 0) {
	case ATOM_INDEX_reds_left:
		return set_reductions_left(p, args[1]);
	case ATOM_INDEX_wait:
		return wait_for(p, args[1]);
	default:
		return bif_badarg(p);
	}
}

/* ------------------------------------------------------------------------------------------------ get */

/* `undefined` once nothing of the process is left. */
static term process_status(struct proc *p, term pid)
{
	if (!term_is_local_pid(pid))
		return bif_badarg(p);
	struct proc *other = proc_reach(p->ns, pid);
	if (other == NULL)
		return A(undefined);
	unsigned state = atomic_load_relaxed(&other->state);
	return state & STATE_EXITING     ? A(exiting)
	       : other == p              ? A(running)
	       : state & STATE_SUSPENDED ? A(suspended)
	       : state & STATE_RUNNABLE  ? A(runnable)
					 : A(waiting);
}

term bif_erts_debug_get_internal_state_1(struct proc *p, const term *args)
{
	if (!atomic_load_relaxed(&p->ns->internal_state))
		return not_available(p);
	if (args[0] == A(available_internal_state))
		return A(true);
	if (args[0] == A(reds_left))
		return term_of_small(p->reductions > 0 ? p->reductions : 0);
	if (!term_is_tuple_of(args[0], 2))
		return bif_badarg(p);
	term value = tuple_element(args[0], 1);
	if (tuple_element(args[0], 0) == A(process_status))
		return process_status(p, value);
	return bif_badarg(p);
}
