/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, names, the dictionary, the list of processes. */
#include "bif/bif.h"
#include "io/port.h"
#include "io/port_tracing.h"
#include "proc/dict.h"
#include "proc/mailbox.h"
#include "proc/registry.h"
#include "term/compare.h"

term bif_erlang_self_0(struct proc *p, const term *args)
{
	return p->pid;
}

term bif_erlang_send_2(struct proc *p, const term *args)
{
	return proc_send(p, args[0], args[1]) ? args[1] : TERM_NONE;
}

static bool port_at_is_busy(struct proc *p, term to)
{
	if (term_is_atom(to))
		to = registry_find(p->ns, to);
	return term_is_local_port(to) && port_is_busy(to);
}

/* A process of another node, or a name there. */
static bool is_elsewhere(term to)
{
	if (term_is_tuple_of(to, 2) && term_is_atom(tuple_element(to, 0)) && term_is_atom(tuple_element(to, 1)))
		return tuple_element(to, 1) != A(nonode_nohost);
	return term_is_pid(to) && !term_is_local_pid(to) && !bif_is_earlier(to);
}

term bif_erlang_send_3(struct proc *p, const term *args)
{
	term list = args[2];
	bool nosuspend = false, noconnect = false, first = false;
	for (; term_is_cons(list); list = cons_tail(list)) {
		nosuspend = nosuspend || cons_head(list) == A(nosuspend);
		noconnect = noconnect || cons_head(list) == A(noconnect);
		first = first || cons_head(list) == A(priority);
		if (cons_head(list) != A(nosuspend) && cons_head(list) != A(noconnect) && cons_head(list) != A(priority))
			return bif_badarg_cause(p, A(badopt));
	}
	if (list != TERM_NIL)
		return bif_badarg_cause(p, A(badopt));
	if (noconnect && is_elsewhere(args[0]))
		return A(noconnect);
	if (nosuspend && port_at_is_busy(p, args[0]))
		return A(nosuspend);
	if (!first)
		return proc_send(p, args[0], args[1]) ? A(ok) : TERM_NONE;
	if (!proc_send_first(p, args[0], args[1]))
		return TERM_NONE;
	/* Before what is there already, even when that is received at once. */
	bool own = term_is_ref(args[0]) && term_is_local_ref(args[0]) && alias_ref_pid(args[0]) == p->pid;
	return own && !signals_fetch(p) ? TERM_NONE : A(ok);
}

/* ------------------------------------------------------------------------------------------------ names */

struct naming {
	enum proc_event event;
	struct owned_term *name;
};

static void own_name_changed(struct proc *p, enum proc_event event, term name)
{
	enum beamr_report_kind kind = event == EVENT_REGISTER ? BEAMR_REPORT_REGISTER : BEAMR_REPORT_UNREGISTER;
	proc_event(p, event, name);
	if (unlikely(report_asked(kind)))
		proc_report(p, kind, name, TERM_NONE, TERM_NONE);
}

static bool names_are_told(const struct ns *ns)
{
	return unlikely(atomic_load_acquire(&ns->trace) != NULL) || report_asked(BEAMR_REPORT_REGISTER) ||
	       report_asked(BEAMR_REPORT_UNREGISTER);
}

static void name_changed(struct proc *p, void *arg)
{
	struct naming *n = arg;
	if (p != NULL)
		own_name_changed(p, n->event, n->name->value);
	(void)owned_term_free(n->name); /* always NULL */
	mem_free(MEM_MISC, n, sizeof(*n));
}

/* Tracing hears of it from the process that is named; which may be another. */
static void tell_of_name(struct proc *p, term who, enum proc_event event, term name)
{
	if (who == p->pid) {
		own_name_changed(p, event, name);
	} else if (names_are_told(p->ns) && term_is_local_pid(who)) {
		struct naming *n = mem_alloc(MEM_MISC, sizeof(*n));
		*n = (struct naming){ event, owned_term_new(MEM_MISC, name) };
		proc_request(who, name_changed, n);
	}
}

static term register_port(struct proc *p, term name, term port)
{
	if (!port_register(p->ns, name, port))
		return bif_badarg_cause(p, A(none));
	port_named(port, PORT_EVENT_REGISTER, name);
	return A(true);
}

term bif_erlang_register_2(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]) || args[0] == A(undefined))
		return bif_badarg_cause(p, A(none));
	if (term_is_local_port(args[1]))
		return register_port(p, args[0], args[1]);
	if (!term_is_local_pid(args[1]))
		return bif_badarg_cause(p, A(none));
	struct proc *who = proc_reach(p->ns, args[1]);
	if (who == NULL)
		return bif_badarg_cause(p, A(notalive));
	switch (registry_add(p->ns, args[0], who)) {
	case 0:
		tell_of_name(p, who->pid, EVENT_REGISTER, args[0]);
		return A(true);
	case REGISTRY_E_HAS_NAME:
		return bif_badarg_cause(p, A(registered_name));
	case REGISTRY_E_NO_PROCESS:
		return bif_badarg_cause(p, A(notalive));
	default:
		return bif_badarg_cause(p, A(none));
	}
}

term bif_erlang_unregister_1(struct proc *p, const term *args)
{
	term who = term_is_atom(args[0]) ? registry_find(p->ns, args[0]) : TERM_NONE;
	if (!term_is_atom(args[0]) || !registry_remove(p->ns, args[0]))
		return bif_badarg(p);
	tell_of_name(p, who, EVENT_UNREGISTER, args[0]);
	if (term_is_local_port(who))
		port_named(who, PORT_EVENT_UNREGISTER, args[0]);
	return A(true);
}

term bif_erlang_whereis_1(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]))
		return bif_badarg(p);
	term found = registry_find(p->ns, args[0]);
	return found == TERM_NONE ? A(undefined) : found;
}

term bif_erlang_registered_0(struct proc *p, const term *args)
{
	registry_entries entries = { 0 };
	term list = TERM_NIL;
	registry_list(p->ns, &entries);
	vec_foreach (e, &entries)
		list = heap_cons(bif_heap(p), e->name, list);
	bif_charge(p, entries.count);
	vec_done(&entries);
	return list;
}

/* ------------------------------------------------------------------------------------------------ processes/0 */

struct pids {
	size_t limit;
	VEC(term) items;
};

static bool collect_pid(struct proc *p, void *arg)
{
	struct pids *pids = arg;
	vec_push(&pids->items, p->pid);
	return pids->items.count < pids->limit;
}

static term pids_list(struct proc *p, struct pids *pids)
{
	term list = TERM_NIL;
	for (size_t i = pids->items.count; i > 0; i--)
		list = heap_cons(bif_heap(p), pids->items.items[i - 1], list);
	bif_charge(p, pids->items.count / 4 + 1);
	vec_done(&pids->items);
	return list;
}

term bif_erlang_processes_0(struct proc *p, const term *args)
{
	struct pids pids = { .limit = SIZE_MAX };
	proc_each_of(p->ns, 0, collect_pid, &pids);
	return pids_list(p, &pids);
}

/* The iterator is the slot of the last one that was given. */
term bif_erts_internal_processes_next_1(struct proc *p, const term *args)
{
	size_t after;
	if (!bif_get_size(args[0], &after) || after > PID_SLOT_MAX)
		return bif_badarg(p);
	struct pids pids = { .limit = 1000 };
	proc_each_of(p->ns, (uint32_t)after, collect_pid, &pids);
	if (pids.items.count == 0) {
		vec_done(&pids.items);
		return A(none);
	}
	uint32_t last = pid_slot(pids.items.items[pids.items.count - 1]);
	return heap_tuple_of(bif_heap(p), term_of_small(last), pids_list(p, &pids));
}

/* ------------------------------------------------------------------------------------------------ the dictionary */

static term or_undefined(term t)
{
	return t == TERM_NONE ? A(undefined) : t;
}

term bif_erlang_get_1(struct proc *p, const term *args)
{
	return or_undefined(dict_get(p, args[0]));
}

term bif_erlang_put_2(struct proc *p, const term *args)
{
	return or_undefined(dict_put(p, args[0], args[1]));
}

term bif_erlang_erase_1(struct proc *p, const term *args)
{
	return or_undefined(dict_erase(p, args[0]));
}

static term all_pairs(struct proc *p)
{
	term list = TERM_NIL;
	for (uint32_t i = dict_count(p); i > 0; i--) {
		const term *pair = &p->dict->pairs[2 * (size_t)(i - 1)];
		list = heap_cons(bif_heap(p), heap_tuple_of(bif_heap(p), pair[0], pair[1]), list);
	}
	bif_charge(p, dict_count(p) / 8);
	return list;
}

term bif_erlang_get_0(struct proc *p, const term *args)
{
	return all_pairs(p);
}

term bif_erlang_erase_0(struct proc *p, const term *args)
{
	term all = all_pairs(p);
	dict_erase_all(p);
	return all;
}

term bif_erlang_get_keys_0(struct proc *p, const term *args)
{
	term list = TERM_NIL;
	for (uint32_t i = dict_count(p); i > 0; i--)
		list = heap_cons(bif_heap(p), p->dict->pairs[2 * (size_t)(i - 1)], list);
	bif_charge(p, dict_count(p) / 8);
	return list;
}

term bif_erlang_get_keys_1(struct proc *p, const term *args)
{
	term list = TERM_NIL;
	for (uint32_t i = dict_count(p); i > 0; i--) {
		const term *pair = &p->dict->pairs[2 * (size_t)(i - 1)];
		if (term_equal(pair[1], args[0]))
			list = heap_cons(bif_heap(p), pair[0], list);
	}
	bif_charge(p, dict_count(p) / 8);
	return list;
}
