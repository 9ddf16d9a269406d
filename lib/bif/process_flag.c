/* SPDX-License-Identifier: Apache-2.0 */
/* What a process is set to: flags, group leader, priority; being suspended, hibernating, being alive. */
#include "bif/bif.h"
#include "bif/process_options.h"
#include "proc/mailbox.h"
#include "proc/suspend.h"
#include "sched/sched.h"
#include "term/map.h"

/* ------------------------------------------------------------------------------------------------ process_flag */

static term flag_bool(struct proc *p, term value, enum proc_flag flag)
{
	if (value != A(true) && value != A(false))
		return bif_badarg(p);
	term old = term_of_bool((p->flags & flag) != 0);
	p->flags = value == A(true) ? p->flags | flag : p->flags & ~(unsigned)flag;
	return old;
}

static term flag_max_heap(struct proc *p, term value)
{
	struct max_heap max = { 0, true, true, false };
	struct proc_extra *extra = proc_extra(p);
	if (extra->max_heap_words != 0 || extra->max_heap_set)
		max = (struct max_heap){ extra->max_heap_words, extra->max_heap_kill, extra->max_heap_log,
			extra->max_heap_shared_binaries };
	term old = max_heap_map(bif_heap(p), &max);
	if (!max_heap_parse(value, &max) || (max.words != 0 && max.words < p->mem.min_words))
		return bif_badarg(p);
	extra->max_heap_words = max.words;
	extra->max_heap_kill = max.kill;
	extra->max_heap_log = max.log;
	extra->max_heap_shared_binaries = max.shared_binaries;
	extra->max_heap_set = true;
	return old;
}

static term flag_save_calls(struct proc *p, term value)
{
	size_t n;
	if (!bif_get_size(value, &n) || n > 10000)
		return bif_badarg_cause(p, A(none));
	uint32_t old = proc_extra(p)->save_calls;
	p->extra->save_calls = (uint32_t)n;
	return term_of_small(old);
}

/* A wish that is noted and not followed: who runs where is for sched to say. 0: any. */
static term flag_scheduler(struct proc *p, term value)
{
	size_t n;
	if (!bif_get_size(value, &n) || n > sched_count())
		return bif_badarg(p);
	uint32_t old = p->extra != NULL ? p->extra->scheduler : 0;
	if (n != old)
		proc_extra(p)->scheduler = (uint32_t)n;
	return term_of_small(old);
}

/* Which of NODE_WATCHES the options name; -1 for none. net_kernel makes a map with `list => true` of a list of options. */
static int node_watch_kind(term options)
{
	static const term types[] = { TERM_NONE, A(visible), A(hidden), A(all) };
	if (options == TERM_NIL)
		return 0;
	if (!term_is_map(options))
		return -1;
	term type = map_get(options, A(node_type)), reason = map_get(options, A(nodedown_reason)),
	     id = map_get(options, A(connection_id)), list = map_get(options, A(list));
	size_t known = (type != TERM_NONE) + (reason != TERM_NONE) + (id != TERM_NONE) + (list != TERM_NONE);
	bool with_reason = reason == A(true), with_id = id == A(true);
	if (map_size(options) != known || (reason != TERM_NONE && !with_reason && reason != A(false)) ||
		(id != TERM_NONE && !with_id && id != A(false)) || (list != TERM_NONE && list != A(true)))
		return -1;
	/* No options at all. */
	if (list == A(true) && type == TERM_NONE && !with_reason && !with_id)
		return 0;
	for (int i = 0; i < (int)ARRAY_SIZE(types); i++)
		if (type == types[i])
			return 1 + (list == A(true)) * 16 + i * 4 + with_reason * 2 + with_id;
	return -1;
}

/* Counts only: no node ever comes or goes. */
static term flag_monitor_nodes(struct proc *p, term options, term value)
{
	int kind = node_watch_kind(options);
	if (kind < 0 || (value != A(true) && value != A(false)))
		return bif_badarg(p);
	struct proc_extra *extra = proc_extra(p);
	if (extra->node_watches == NULL)
		extra->node_watches = mem_zalloc(MEM_PROC, NODE_WATCHES * sizeof(uint32_t));
	term old = term_of_small(extra->node_watches[kind]);
	extra->node_watches[kind] = value == A(true) ? extra->node_watches[kind] + 1 : 0;
	return old;
}

term bif_erlang_process_flag_2(struct proc *p, const term *args)
{
	term value = args[1];
	size_t n;
	if (term_is_tuple_of(args[0], 2) && tuple_element(args[0], 0) == A(monitor_nodes))
		return flag_monitor_nodes(p, tuple_element(args[0], 1), value);
	switch (term_is_atom(args[0]) ? atom_index(args[0]) : 0) {
	case ATOM_INDEX_monitor_nodes:
		return flag_monitor_nodes(p, TERM_NIL, value);
	case ATOM_INDEX_trap_exit:
		/* A signal that came before is handled by what was in force before. */
		if (signals_waiting(p) && !signals_fetch(p))
			return TERM_NONE;
		return flag_bool(p, value, PROC_TRAP_EXIT);
	case ATOM_INDEX_sensitive:
		return flag_bool(p, value, PROC_SENSITIVE);
	case ATOM_INDEX_async_dist:
		return flag_bool(p, value, PROC_ASYNC_DIST);
	case ATOM_INDEX_message_queue_data: {
		if (value != A(on_heap) && value != A(off_heap))
			return bif_badarg(p);
		term old = p->flags & PROC_OFF_HEAP_MESSAGES ? A(off_heap) : A(on_heap);
		p->flags = value == A(off_heap) ? p->flags | PROC_OFF_HEAP_MESSAGES :
						  p->flags & ~(unsigned)PROC_OFF_HEAP_MESSAGES;
		return old;
	}
	case ATOM_INDEX_priority: {
		enum proc_priority priority;
		if (!priority_parse(value, &priority))
			return bif_badarg(p);
		term old = priority_atom((enum proc_priority)p->priority);
		p->priority = (uint8_t)priority;
		return old;
	}
	case ATOM_INDEX_error_handler: {
		if (!term_is_atom(value))
			return bif_badarg(p);
		term old = p->extra != NULL && p->extra->error_handler != TERM_NONE ? p->extra->error_handler : A(error_handler);
		proc_extra(p)->error_handler = value;
		return old;
	}
	case ATOM_INDEX_min_heap_size: {
		if (!bif_get_size(value, &n) || n > UINT32_MAX / 2)
			return bif_badarg(p);
		term old = term_of_small(p->mem.min_words);
		p->mem.min_words = (uint32_t)heap_size_round(n);
		return old;
	}
	case ATOM_INDEX_min_bin_vheap_size: {
		if (!bif_get_size(value, &n) || n > UINT32_MAX)
			return bif_badarg(p);
		term old = term_of_small((int64_t)heap_size_round((size_t)p->mem.min_bin_bytes_kib * 1024 / sizeof(term) - 127));
		p->mem.min_bin_bytes_kib = (uint32_t)((heap_size_round(n) * sizeof(term) + 1023) / 1024);
		return old;
	}
	case ATOM_INDEX_fullsweep_after: {
		if (!bif_get_size(value, &n))
			return bif_badarg(p);
		term old = term_of_small(p->mem.fullsweep_after);
		p->mem.fullsweep_after = n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
		return old;
	}
	case ATOM_INDEX_max_heap_size:
		return flag_max_heap(p, value);
	case ATOM_INDEX_save_calls:
		return flag_save_calls(p, value);
	case ATOM_INDEX_scheduler:
		return flag_scheduler(p, value);
	default:
		return bif_badarg_cause(p, A(badopt));
	}
}

term bif_erts_internal_process_flag_3(struct proc *p, const term *args)
{
	size_t n;
	if (!term_is_local_pid(args[0]))
		return A(badtype);
	if (args[1] != A(save_calls))
		return A(badarg);
	if (!bif_get_size(args[2], &n) || n > 10000)
		return A(badarg);
	if (args[0] != p->pid)
		return A(badarg); /* calls of others are not traced yet */
	return flag_save_calls(p, args[2]);
}

/* ------------------------------------------------------------------------------------------------ group leader */

term bif_erlang_group_leader_0(struct proc *p, const term *args)
{
	return p->group_leader;
}

term bif_erts_internal_group_leader_2(struct proc *p, const term *args)
{
	if (term_is_pid(args[0]) && term_is_pid(args[1]) && !term_is_local_pid(args[1]) && !bif_is_earlier(args[1]))
		return A(true); /* of another node: sent into the void */
	if (!term_is_local_pid(args[0]) || !term_is_local_pid(args[1]))
		return A(badarg);
	if (args[1] != p->pid)
		return proc_reach(p->ns, args[1]) == NULL ? A(badarg) : A(false);
	p->group_leader = args[0];
	return A(true);
}

struct answer {
	term to;
	term leader; /* or TERM_NONE */
	struct ref_id ref;
};

/* {Ref, Answer} to whoever asked. */
static void answer(const struct answer *a, term value)
{
	struct proc *to = proc_lookup(a->to);
	if (to == NULL)
		return;
	struct message *m = message_new(SIGNAL_MESSAGE, 0, 3 + REF_WORDS);
	term *w = m->fragment.data;
	w[0] = HEADER(BOXED_TUPLE, 2);
	w[1] = ref_put(w + 3, a->ref);
	w[2] = value;
	m->value = term_of_boxed(w);
	signal_send_or_refuse(to, &m->signal);
}

static struct answer *answer_new(struct proc *p, term ref, term leader)
{
	struct answer *a = mem_alloc(MEM_PROC, sizeof(*a));
	*a = (struct answer){ p->pid, leader, ref_id_of(ref) };
	return a;
}

static void set_group_leader(struct proc *p, void *arg)
{
	struct answer *a = arg;
	if (p != NULL)
		p->group_leader = a->leader;
	answer(a, p != NULL ? A(true) : A(badarg));
	mem_free(MEM_PROC, a, sizeof(*a));
}

term bif_erts_internal_group_leader_3(struct proc *p, const term *args)
{
	if (!term_is_local_pid(args[0]) || !term_is_local_pid(args[1]) || !term_is_local_ref(args[2]))
		return bif_badarg(p);
	proc_request_by(p, args[1], set_group_leader, answer_new(p, args[2], args[0]));
	return A(ok);
}

/* ------------------------------------------------------------------------------------------------ alive */

static void tell_alive(struct proc *p, void *arg)
{
	struct answer *a = arg;
	answer(a, term_of_bool(p != NULL));
	mem_free(MEM_PROC, a, sizeof(*a));
}

term bif_erts_internal_is_process_alive_2(struct proc *p, const term *args)
{
	term pid = bif_pid_here(args[0]);
	if (!term_is_local_pid(pid) || !term_is_local_ref(args[1]))
		return bif_badarg(p);
	proc_request_by(p, pid, tell_alive, answer_new(p, args[1], TERM_NONE));
	return A(ok);
}

struct question {
	term from;
	uint64_t number;
};

static void answer_alive(struct proc *p, void *arg)
{
	struct question *q = arg;
	proc_answer(q->from, q->number, term_of_bool(p != NULL));
	mem_free(MEM_PROC, q, sizeof(*q));
}

/* Asked of the process itself when a signal may still be on its way to it, so that what was sent before has been seen. */
term bif_erlang_is_process_alive_1(struct proc *p, const term *args)
{
	term pid = bif_pid_here(args[0]);
	if (!term_is_local_pid(pid))
		return bif_badarg(p);
	if (pid == p->pid)
		return A(true);
	struct proc *other = proc_reach(p->ns, pid);
	if (other == NULL)
		return A(false);
	if (!signals_waiting(other) && !(atomic_load_acquire(&other->state) & STATE_RUNNABLE))
		return A(true);
	struct question *q = mem_alloc(MEM_PROC, sizeof(*q));
	*q = (struct question){ p->pid, proc_question(p) };
	term waits = bif_wait(p);
	proc_request(args[0], answer_alive, q);
	return waits;
}

term bif_erts_internal_is_system_process_1(struct proc *p, const term *args)
{
	term pid = bif_pid_here(args[0]);
	if (!term_is_local_pid(pid))
		return bif_badarg(p);
	struct proc *other = proc_reach(p->ns, pid);
	struct proc_published now = { 0 };
	if (other != NULL)
		proc_published(other, &now);
	return term_of_bool((now.flags & PROC_SYSTEM) != 0);
}

term bif_erts_internal_is_process_executing_dirty_1(struct proc *p, const term *args)
{
	return term_is_local_pid(args[0]) ? A(false) : bif_badarg(p);
}

/* ------------------------------------------------------------------------------------------------ suspend, hibernate, yield */

term bif_erts_internal_suspend_process_2(struct proc *p, const term *args)
{
	bool unless = false, asynchronous = false;
	term list = args[1], tag = TERM_NONE;
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (cons_head(list) == A(unless_suspending))
			unless = true;
		else if (cons_head(list) == A(asynchronous))
			asynchronous = true;
		else if (term_is_tuple_of(cons_head(list), 2) && tuple_element(cons_head(list), 0) == A(asynchronous)) {
			asynchronous = true;
			tag = tuple_element(cons_head(list), 1);
		} else
			break;
	}
	if (!term_is_local_pid(args[0]) || args[0] == p->pid)
		return A(badarg);
	bool gone = proc_reach(p->ns, args[0]) == NULL;
	if (gone && !asynchronous)
		return A(badarg);
	if (list != TERM_NIL)
		return A(badopt);
	bool again = unless && suspend_count(p, args[0]) > 0;
	if (gone || again) {
		if (tag != TERM_NONE)
			suspend_ask(p, gone ? TERM_NONE : args[0], tag);
		return term_of_bool(!again);
	}
	if (asynchronous) {
		suspend_other(p, args[0], 0, tag);
		return A(true);
	}
	uint64_t question = proc_question(p);
	term waits = bif_wait(p);
	suspend_other(p, args[0], question, TERM_NONE);
	return waits;
}

term bif_erlang_resume_process_1(struct proc *p, const term *args)
{
	if (!term_is_local_pid(args[0]) || !resume_other(p, args[0]))
		return bif_badarg(p);
	return A(true);
}

/* Keeps the stack, and returns once there is a message: sched gives the answer. */
term bif_erlang_hibernate_0(struct proc *p, const term *args)
{
	if (signals_waiting(p) && !signals_fetch(p))
		return TERM_NONE;
	if (p->mailbox.first != NULL)
		return A(ok);
	(void)proc_question(p); /* nobody knows it */
	p->flags |= PROC_HIBERNATED;
	return bif_wait(p);
}

term bif_erlang_hibernate_3(struct proc *p, const term *args)
{
	int64_t n = list_length(args[2]);
	if (!term_is_atom(args[0]) || !term_is_atom(args[1]) || n < 0)
		return bif_badarg(p);
	if (n > 255)
		return bif_system_limit(p);
	struct trap *trap = &proc_extra(p)->trap;
	if (n <= TRAP_ARGS_MAX) {
		trap->export = export_get(args[0], args[1], (uint32_t)n);
		trap->count = (unsigned)n;
		term list = args[2];
		for (unsigned i = 0; i < trap->count; i++, list = cons_tail(list))
			trap->args[i] = cons_head(list);
	} else {
		trap->export = export_get(A(erlang), A(apply), 3);
		trap->count = 3;
		for (unsigned i = 0; i < 3; i++)
			trap->args[i] = args[i];
	}
	if (trap->export == NULL)
		return bif_system_limit(p);
	p->outcome = OUTCOME_HIBERNATE;
	return TERM_NONE;
}

term bif_erlang_yield_0(struct proc *p, const term *args)
{
	p->reductions = 0;
	return A(true);
}

term bif_erlang_bump_reductions_1(struct proc *p, const term *args)
{
	size_t n;
	if (!bif_get_size(args[0], &n) || n == 0)
		return bif_badarg(p);
	bif_charge(p, n);
	return A(true);
}
