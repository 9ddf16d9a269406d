/* SPDX-License-Identifier: Apache-2.0 */
/* Timers as programs set, read and cancel them. */
#include "base/clock.h"
#include "bif/bif.h"
#include "proc/mailbox.h"
#include "proc/timer.h"

#define MSEC_MAX (INT64_MAX / 1000000 / 2) /* half of time: sums with the clock stay in range */

/* [{Name, Boolean}] with names from `one` and `two` (TERM_NONE: no such). */
static bool get_options(term list, term one, bool *ret_one, term two, bool *ret_two)
{
	for (; term_is_cons(list); list = cons_tail(list)) {
		term o = cons_head(list);
		if (!term_is_tuple_of(o, 2) || (tuple_element(o, 1) != A(true) && tuple_element(o, 1) != A(false)))
			return false;
		bool value = tuple_element(o, 1) == A(true);
		if (tuple_element(o, 0) == one)
			*ret_one = value;
		else if (two != TERM_NONE && tuple_element(o, 0) == two)
			*ret_two = value;
		else
			return false;
	}
	return list == TERM_NIL;
}

static term start(struct proc *p, const term *args, bool absolute, bool wrap)
{
	if (!term_is_small(args[0]) || (!absolute && small_value(args[0]) < 0))
		return bif_badarg_cause(p, A(time));
	if (small_value(args[0]) > MSEC_MAX || small_value(args[0]) < -MSEC_MAX)
		return bif_badarg_cause(p, A(time));
	if (!term_is_local_pid(args[1]) && (!term_is_atom(args[1]) || args[1] == A(undefined)))
		return bif_badarg(p);
	int64_t at = small_value(args[0]) * 1000000;
	if (!absolute)
		at += clock_monotonic_nsec();
	bif_charge(p, 2);
	term ref = timer_start(p, at, args[1], args[2], wrap);
	return ref != TERM_NONE ? ref : bif_system_limit(p);
}

static term start_with(struct proc *p, const term *args, bool wrap)
{
	bool absolute = false;
	if (!get_options(args[3], A(abs), &absolute, TERM_NONE, NULL))
		return bif_badarg_cause(p, A(badopt));
	return start(p, args, absolute, wrap);
}

term bif_erlang_send_after_3(struct proc *p, const term *args)
{
	return start(p, args, false, false);
}

term bif_erlang_send_after_4(struct proc *p, const term *args)
{
	return start_with(p, args, false);
}

term bif_erlang_start_timer_3(struct proc *p, const term *args)
{
	return start(p, args, false, true);
}

term bif_erlang_start_timer_4(struct proc *p, const term *args)
{
	return start_with(p, args, true);
}

static term look(struct proc *p, term ref, bool cancel)
{
	int64_t left = term_is_local_ref(ref) ? timer_left(ref_id_of(ref), cancel) : -1;
	return left < 0 ? A(false) : term_of_small(left);
}

/* {Name, Ref, Result} into p's own mailbox. */
static term tell(struct proc *p, term name, term ref, term result)
{
	term w[4] = { HEADER(BOXED_TUPLE, 3), name, ref, result };
	if (!proc_send(p, p->pid, term_of_boxed(w)))
		return TERM_NONE;
	return A(ok);
}

term bif_erlang_cancel_timer_1(struct proc *p, const term *args)
{
	return term_is_ref(args[0]) ? look(p, args[0], true) : bif_badarg(p);
}

term bif_erlang_cancel_timer_2(struct proc *p, const term *args)
{
	bool async = false, info = true;
	if (!term_is_ref(args[0]) || !get_options(args[1], A(async), &async, A(info), &info))
		return bif_badarg(p);
	term result = look(p, args[0], true);
	if (!info)
		return A(ok);
	return async ? tell(p, A(cancel_timer), args[0], result) : result;
}

term bif_erlang_read_timer_1(struct proc *p, const term *args)
{
	return term_is_ref(args[0]) ? look(p, args[0], false) : bif_badarg(p);
}

term bif_erlang_read_timer_2(struct proc *p, const term *args)
{
	bool async = false;
	if (!term_is_ref(args[0]) || !get_options(args[1], A(async), &async, TERM_NONE, NULL))
		return bif_badarg(p);
	term result = look(p, args[0], false);
	return async ? tell(p, A(read_timer), args[0], result) : result;
}
