/* SPDX-License-Identifier: Apache-2.0 */
/* exit, links, monitors, aliases. */
#include "bif/bif.h"
#include "bif/process_options.h"
#include "io/port.h"
#include "proc/mailbox.h"
#include "proc/registry.h"
#include "proc/relation.h"

/* ------------------------------------------------------------------------------------------------ exit */

term bif_erlang_exit_1(struct proc *p, const term *args)
{
	return bif_raise(p, CLASS_EXIT, args[0]);
}

/* first: when it becomes a message, that one goes before ordinary ones, if `to` is an alias for that. */
static term exit_signal(struct proc *p, term to, term reason, bool first)
{
	if (term_is_ref(to)) {
		/* An alias: only while it is active, which its process knows. OTP 28 and later. */
		const term pid = term_is_local_ref(to) ? alias_ref_pid(to) : TERM_NONE;
		if (pid == TERM_NONE)
			return A(true);
		signal_exit_by_alias(p, to, reason,
			(reason == A(kill) ? SIGNAL_KILL : 0) | (pid == p->pid ? SIGNAL_NORMAL_KILLS : 0) | (first ? SIGNAL_PRIORITY : 0));
		return pid == p->pid && !signals_fetch(p) ? TERM_NONE : A(true);
	}
	if (term_is_local_port(to)) {
		if (!port_is_here(to, p->ns))
			return A(true);
		signal_exit_to(SIGNAL_EXIT, p->pid, to, reason, reason == A(kill) ? SIGNAL_KILL : 0,
			(struct beamr_crash_id){ 0 });
		return A(true);
	}
	if (!term_is_local_pid(to))
		return term_is_pid(to) || bif_is_earlier(to) ? A(true) : bif_badarg(p);
	unsigned flags = (reason == A(kill) ? SIGNAL_KILL : 0) | (to == p->pid ? SIGNAL_NORMAL_KILLS : 0);
	signal_exit(SIGNAL_EXIT, p->pid, proc_reach(p->ns, to), reason, flags, (struct beamr_crash_id){ 0 });
	/* What a process sends itself has happened when exit/2 returns. */
	if (to == p->pid && !signals_fetch(p))
		return TERM_NONE;
	return A(true);
}

term bif_erlang_exit_2(struct proc *p, const term *args)
{
	return exit_signal(p, args[0], args[1], false);
}

static bool only_priority(term list)
{
	for (; term_is_cons(list); list = cons_tail(list))
		if (cons_head(list) != A(priority))
			return false;
	return list == TERM_NIL;
}

term bif_erlang_exit_3(struct proc *p, const term *args)
{
	if (!only_priority(args[2]))
		return bif_badarg_cause(p, A(badopt));
	return exit_signal(p, args[0], args[1], args[2] != TERM_NIL);
}

/* ------------------------------------------------------------------------------------------------ links */

/* To who answers no more, or is of another node: what the link would bring comes at once. */
static term link_to_nobody(struct proc *p, term to)
{
	const bool earlier = bif_is_earlier(to);
	if (!earlier && !term_is_pid(to))
		return bif_badarg(p);
	const term reason = earlier ? A(noproc) : A(noconnection);
	if (p->flags & PROC_TRAP_EXIT)
		return proc_send(p, p->pid, heap_tuple_of(bif_heap(p), A(EXIT), to, reason)) ? A(true) : TERM_NONE;
	if (earlier)
		return bif_error(p, reason);
	signal_exit(SIGNAL_EXIT, p->pid, p, reason, 0, (struct beamr_crash_id){ 0 });
	return signals_fetch(p) ? A(true) : TERM_NONE;
}

term bif_erlang_link_1(struct proc *p, const term *args)
{
	term to = args[0];
	bool port = term_is_local_port(to);
	if (!term_is_local_pid(to) && !port)
		return link_to_nobody(p, to);
	if (to == p->pid)
		return A(true);
	if ((port ? !port_is_here(to, p->ns) : proc_reach(p->ns, to) == NULL) && !(p->flags & PROC_TRAP_EXIT) && !link_exists(p, to))
		return bif_error(p, A(noproc));
	link_make(p, to);
	return A(true);
}

term bif_erlang_link_2(struct proc *p, const term *args)
{
	if (!only_priority(args[1]))
		return bif_badarg_cause(p, A(badopt));
	return bif_erlang_link_1(p, args);
}

term bif_erlang_unlink_1(struct proc *p, const term *args)
{
	if (!term_is_pid(args[0]) && !term_is_local_port(args[0]) && !bif_is_earlier(args[0]))
		return bif_badarg(p);
	if ((term_is_local_pid(args[0]) || term_is_local_port(args[0])) && args[0] != p->pid)
		link_take_away(p, args[0]);
	return A(true);
}

/* ------------------------------------------------------------------------------------------------ monitors */

/* Of what answers no more, or is of another node: DOWN is there at once. */
static term monitor_nobody(struct proc *p, term type, term what, const struct monitor_how *how)
{
	term ref = (how->flags & ~(unsigned)MONITOR_PRIORITY) == MONITOR_ALIAS ? monitor_make_alone(p, MONITOR_ALIAS)
		   : how->flags & MONITOR_ALIAS ?
						 alias_ref_put(heap_alloc(bif_heap(p), ALIAS_REF_WORDS), ref_new_id(), p->pid) :
						 ref_put(heap_alloc(bif_heap(p), REF_WORDS), ref_new_id());
	term tag = how->tag == TERM_NONE ? A(DOWN) : how->tag, reason = bif_is_earlier(what) ? A(noproc) : A(noconnection);
	return proc_send(p, p->pid, heap_tuple_of(bif_heap(p), tag, ref, type, what, reason)) ? ref : TERM_NONE;
}

static term monitor_process(struct proc *p, term what, struct monitor_how *how)
{
	term target = what;
	if (term_is_pid(what) && !term_is_local_pid(what))
		return monitor_nobody(p, A(process), what, how);
	if (term_is_atom(what) || (term_is_tuple_of(what, 2) && term_is_atom(tuple_element(what, 0)) &&
					  term_is_atom(tuple_element(what, 1)))) {
		how->name = term_is_atom(what) ? what : tuple_element(what, 0);
		how->node = term_is_atom(what) ? A(nonode_nohost) : tuple_element(what, 1);
		if (how->node != A(nonode_nohost))
			return bif_badarg(p); /* as in OTP while there is no distribution */
		target = how->node == A(nonode_nohost) ? registry_find(p->ns, how->name) : TERM_NONE;
		if (!term_is_local_pid(target))
			target = term_of_pid(0, 0); /* nobody: the first slot is never given */
	}
	if (target == p->pid)
		return ref_put(heap_alloc(bif_heap(p), REF_WORDS), ref_new_id()); /* no alias either, as in OTP */
	if (!term_is_local_pid(target))
		return bif_badarg(p);
	bif_charge(p, 2);
	return monitor_make(p, target, how, NULL);
}

static term monitor_port(struct proc *p, term what, struct monitor_how *how)
{
	term target = what;
	if (term_is_port(what) && bif_is_earlier(what))
		return monitor_nobody(p, A(port), what, how);
	if (term_is_tuple_of(what, 2) && tuple_element(what, 1) != A(nonode_nohost))
		return bif_badarg(p);
	if (term_is_atom(what) || (term_is_tuple_of(what, 2) && term_is_atom(tuple_element(what, 0)))) {
		how->name = term_is_atom(what) ? what : tuple_element(what, 0);
		how->node = A(nonode_nohost);
		target = registry_find(p->ns, how->name);
		if (!term_is_local_port(target))
			target = IMM_PORT; /* nobody: number 0 is never given */
	}
	if (!term_is_local_port(target))
		return bif_badarg(p);
	bif_charge(p, 2);
	how->flags |= MONITOR_PORT;
	return monitor_make(p, target, how, NULL);
}

static term monitor(struct proc *p, term type, term what, struct monitor_how *how)
{
	if (type == A(process))
		return monitor_process(p, what, how);
	if (type == A(port))
		return monitor_port(p, what, how);
	if (type == A(time_offset))
		return what == A(clock_service) ? monitor_make_alone(p, (how->flags & ~(unsigned)MONITOR_PRIORITY) | MONITOR_CLOCK) : bif_badarg(p);
	return bif_badarg_cause(p, A(badtype));
}

term bif_erlang_monitor_2(struct proc *p, const term *args)
{
	struct monitor_how how = { .name = TERM_NONE, .tag = TERM_NONE };
	return monitor(p, args[0], args[1], &how);
}

term bif_erlang_monitor_3(struct proc *p, const term *args)
{
	struct monitor_how how = { .name = TERM_NONE, .tag = TERM_NONE };
	if (!monitor_options_parse(args[2], &how.flags, &how.tag))
		return bif_badarg_cause(p, A(badopt));
	return monitor(p, args[0], args[1], &how);
}

/* There are no other nodes as long as a namespace is not distributed, and one's own never goes down. */
static term monitor_node(struct proc *p, term node, term flag)
{
	if (!term_is_atom(node))
		return bif_badarg(p);
	if (node != A(nonode_nohost))
		return bif_error(p, A(notalive));
	return flag == A(true) || flag == A(false) ? A(true) : bif_badarg(p);
}

term bif_erlang_monitor_node_2(struct proc *p, const term *args)
{
	return monitor_node(p, args[0], args[1]);
}

term bif_erlang_monitor_node_3(struct proc *p, const term *args)
{
	term list = args[2];
	while (term_is_cons(list) && cons_head(list) == A(allow_passive_connect))
		list = cons_tail(list);
	return list != TERM_NIL ? bif_badarg_cause(p, A(badopt)) : monitor_node(p, args[0], args[1]);
}

/* Not of another node. */
static bool is_ref_here(term t)
{
	return term_is_ref(t) && (term_is_local_ref(t) || boxed_ptr(t)[1] == A(nonode_nohost));
}

term bif_erlang_demonitor_1(struct proc *p, const term *args)
{
	if (!is_ref_here(args[0]))
		return bif_badarg(p);
	struct monitor *m = term_is_local_ref(args[0]) ? monitor_find(p, ref_id_of(args[0])) : NULL;
	if (m != NULL && (m->flags & (MONITOR_IS_SET | MONITOR_CLOCK)))
		monitor_take_away(p, m);
	return A(true);
}

term bif_erlang_demonitor_2(struct proc *p, const term *args)
{
	bool flush = false, info = false;
	term list = args[1];
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (cons_head(list) == A(flush))
			flush = true;
		else if (cons_head(list) == A(info))
			info = true;
		else
			return bif_badarg(p);
	}
	if (list != TERM_NIL || !is_ref_here(args[0]))
		return bif_badarg(p);
	bool found = false;
	if (term_is_local_ref(args[0])) {
		/* Has DOWN come, though it was not looked at yet, then there is no monitor any more. */
		if (signals_waiting(p) && !signals_fetch(p))
			return TERM_NONE;
		struct monitor *m = monitor_find(p, ref_id_of(args[0]));
		found = m != NULL && (m->flags & (MONITOR_IS_SET | MONITOR_CLOCK));
		if (found)
			monitor_take_away(p, m);
		else if (flush)
			(void)mailbox_flush_down(p, args[0]);
	}
	return info ? term_of_bool(found) : A(true);
}

/* ------------------------------------------------------------------------------------------------ aliases */

term bif_erlang_alias_1(struct proc *p, const term *args)
{
	unsigned flags = MONITOR_ALIAS;
	term list = args[0];
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (cons_head(list) == A(reply))
			flags |= MONITOR_ALIAS_REPLY;
		else if (cons_head(list) == A(explicit_unalias))
			flags &= ~(unsigned)MONITOR_ALIAS_REPLY;
		else if (cons_head(list) == A(priority))
			flags |= MONITOR_PRIORITY;
		else
			return bif_badarg(p);
	}
	if (list != TERM_NIL)
		return bif_badarg(p);
	return monitor_make_alone(p, flags);
}

term bif_erlang_unalias_1(struct proc *p, const term *args)
{
	if (!term_is_ref(args[0]))
		return bif_badarg(p);
	return term_of_bool(term_is_local_ref(args[0]) && alias_take_away(p, ref_id_of(args[0])));
}
