/* SPDX-License-Identifier: Apache-2.0 */
/* BIFs about processes and ports: which are traced, sessions, and knowing that everything has been told.
 *
 * The flags of a process or port are changed by a request to it; whoever asked is parked until it, or each of them, has answered. */
#include "bif/bif.h"
#include "io/port.h"
#include "proc/table.h"
#include "term/atom.h"
#include "trace/options.h"
#include "trace/portee.h"
#include "trace/tracee.h"

/* ------------------------------------------------------------------------------------------------ flags */

/* One change asked of many. Open: those that have not answered, plus one while they are being asked. */
struct flags_round {
	_Atomic size_t open;
	_Atomic uint64_t matched;
	bool one; /* of a process that was named: it must be there and may not have another tracer */
	term from;
	uint64_t question;
	struct trace_session *session;
	bool on;
	uint32_t mask;
	term tracer;
};

static void round_close(struct flags_round *r)
{
	if (atomic_sub_acq_rel(&r->open, 1) != 1)
		return;
	uint64_t matched = atomic_load_relaxed(&r->matched); /* ordered by the last close */
	if (r->one && matched == 0)
		proc_answer_raise(r->from, r->question, CLASS_ERROR, A(badarg));
	else
		proc_answer(r->from, r->question, term_of_small((int64_t)matched));
	(void)trace_session_unref(r->session); /* always NULL */
	mem_free(MEM_TRACE, r, sizeof(*r));
}

static void round_ask(struct proc *p, void *arg)
{
	struct flags_round *r = arg;
	if (p != NULL && p->ns == r->session->ns &&
		tracee_change(p, r->session, r->on, r->mask, r->tracer))
		atomic_add_relaxed(&r->matched, 1);
	round_close(r);
}

static void round_ask_port(struct port_traced *t, void *arg)
{
	struct flags_round *r = arg;
	if (t != NULL && portee_change(t, r->session, r->on, r->mask, r->tracer))
		atomic_add_relaxed(&r->matched, 1);
	round_close(r);
}

struct pids_of_ns {
	const struct ns *ns;
	VEC(term) pids, ports;
};

static void collect_port(term port, void *arg)
{
	struct pids_of_ns *c = arg;
	vec_push(&c->ports, port);
}

static bool collect_pid(struct proc *p, void *arg)
{
	struct pids_of_ns *c = arg;
	if (p->ns == c->ns)
		vec_push(&c->pids, p->pid);
	return true;
}

enum spec_parts { SPEC_PROCS = 1, SPEC_PORTS = 2, SPEC_EXISTING = 4, SPEC_NEW = 8 };

/* one: a pid or port; TERM_NONE: all those of `parts`. */
static term change_flags(struct proc *p, struct trace_session *s, term one, unsigned parts, bool on,
	uint32_t mask, term tracer)
{
	struct pids_of_ns c = { .ns = p->ns };
	if (one == p->pid)
		return tracee_change(p, s, on, mask, tracer) ? term_of_small(1) : bif_badarg(p);
	if (term_is_local_port(one))
		vec_push(&c.ports, one);
	else if (one != TERM_NONE)
		vec_push(&c.pids, one);
	if (parts & SPEC_PROCS)
		proc_each_of(p->ns, 0, collect_pid, &c);
	if (parts & SPEC_PORTS)
		port_each(p->ns, collect_port, &c);
	struct flags_round *r = mem_zalloc(MEM_TRACE, sizeof(*r));
	*r = (struct flags_round){ .open = c.pids.count + c.ports.count + 1,
		.one = one != TERM_NONE,
		.from = p->pid,
		.question = proc_question(p),
		.session = trace_session_ref(s),
		.on = on,
		.mask = mask,
		.tracer = tracer };
	term waits = bif_wait(p);
	vec_foreach(each, &c.pids)
		proc_request(*each, round_ask, r);
	vec_foreach(each, &c.ports)
		port_run(*each, round_ask_port, r);
	vec_done(&c.pids);
	vec_done(&c.ports);
	round_close(r);
	return waits;
}

static unsigned spec_parts(term spec)
{
	static const struct {
		term name;
		unsigned parts;
	} rows[] = {
		{ A(all), SPEC_PROCS | SPEC_PORTS | SPEC_EXISTING | SPEC_NEW },
		{ A(existing), SPEC_PROCS | SPEC_PORTS | SPEC_EXISTING },
		{ A(existing_ports), SPEC_PORTS | SPEC_EXISTING },
		{ A(existing_processes), SPEC_PROCS | SPEC_EXISTING },
		{ A(new), SPEC_PROCS | SPEC_PORTS | SPEC_NEW },
		{ A(new_ports), SPEC_PORTS | SPEC_NEW },
		{ A(new_processes), SPEC_PROCS | SPEC_NEW },
		{ A(ports), SPEC_PORTS | SPEC_EXISTING | SPEC_NEW },
		{ A(processes), SPEC_PROCS | SPEC_EXISTING | SPEC_NEW },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].name == spec)
			return rows[i].parts;
	return 0;
}

static term trace(struct proc *p, struct trace_session *s, term spec, term how, term list)
{
	uint32_t mask;
	term tracer;
	bool cpu;
	if (!trace_flags_parse(p, s, list, &mask, &tracer, &cpu))
		return bif_badarg_cause(p, A(badopt));
	if (how != A(true) && how != A(false))
		return bif_badarg(p);
	bool on = how == A(true);
	if (!on)
		tracer = TERM_NONE;
	else if (tracer == TERM_NONE)
		tracer = s->tracer != TERM_NONE ? s->tracer : p->pid;
	if (term_is_local_pid(spec)) {
		/* Of another namespace: as if it were dead. */
		const struct proc *to = proc_lookup(spec);
		return cpu || to == NULL || to->ns != p->ns
			       ? bif_badarg(p)
			       : change_flags(p, s, spec, 0, on, mask, tracer);
	}
	if (term_is_local_port(spec))
		return cpu || !port_is_here(spec, p->ns)
			       ? bif_badarg(p)
			       : change_flags(p, s, spec, 0, on, mask, tracer);
	unsigned parts = spec_parts(spec);
	if (parts == 0 || (cpu && spec != A(all)))
		return bif_badarg(p);
	if (cpu)
		atomic_store_relaxed(&trace_space(p->ns)->cpu_timestamps, on);
	if ((parts & SPEC_NEW) && (parts & SPEC_PROCS) && (mask & TRACE_OF_PROCS) != 0)
		trace_new_processes(s, on, mask & TRACE_OF_PROCS, tracer);
	if ((parts & SPEC_NEW) && (parts & SPEC_PORTS) && (mask & TRACE_OF_PORTS) != 0)
		trace_new_ports(s, on, mask & TRACE_OF_PORTS, tracer);
	if ((mask & TRACE_OF_PROCS) == 0)
		parts &= ~(unsigned)SPEC_PROCS;
	if ((mask & TRACE_OF_PORTS) == 0)
		parts &= ~(unsigned)SPEC_PORTS;
	if ((parts & SPEC_EXISTING) == 0 || (parts & (SPEC_PROCS | SPEC_PORTS)) == 0)
		return TERM_ZERO;
	return change_flags(p, s, TERM_NONE, parts, on, mask, tracer);
}

term bif_erts_internal_trace_3(struct proc *p, const term *args)
{
	return trace(p, trace_space(p->ns)->legacy, args[0], args[1], args[2]);
}

term bif_erts_internal_trace_4(struct proc *p, const term *args)
{
	struct trace_session *s = trace_session_of(p->ns, args[0], false);
	if (s == NULL)
		return bif_badarg_cause(p, A(session));
	term value = trace(p, s, args[1], args[2], args[3]);
	(void)trace_session_unref(s); /* always NULL */
	return value;
}

/* ------------------------------------------------------------------------------------------------ sessions */

term bif_erts_internal_trace_session_create_3(struct proc *p, const term *args)
{
	term tracer = TERM_NONE;
	if (!term_is_atom(args[0]) || args[2] != TERM_NIL ||
		(args[1] != A(undefined) && !tracer_named(args[1], &tracer)))
		return bif_badarg(p);
	struct trace_session *s = trace_session_new(p->ns, args[0], tracer);
	term handle = trace_session_handle(bif_heap(p), s);
	(void)trace_session_unref(s); /* always NULL */
	return handle;
}

term bif_erts_internal_trace_session_destroy_1(struct proc *p, const term *args)
{
	struct trace_session *s = trace_session_of(p->ns, args[0], true);
	if (s == NULL)
		return bif_badarg_cause(p, A(badopt));
	bool alive = trace_session_destroy(s);
	(void)trace_session_unref(s); /* always NULL */
	return term_of_bool(alive);
}

/* ------------------------------------------------------------------------------------------------ delivered */

/* {trace_delivered, Tracee, Ref} to whoever asked, once every process asked has come by: what it had told before came first. */
struct delivery {
	_Atomic size_t open;
	term to;
	struct owned_term *message;
};

static void delivery_close(struct delivery *d)
{
	if (atomic_sub_acq_rel(&d->open, 1) != 1)
		return;
	(void)proc_send_from_host(d->to, d->message->value); /* it may be gone */
	(void)owned_term_free(d->message);
	mem_free(MEM_TRACE, d, sizeof(*d));
}

static void delivery_asked(struct proc *p, void *arg)
{
	(void)p; /* that it has come to this is enough */
	delivery_close(arg);
}

term bif_erlang_trace_delivered_1(struct proc *p, const term *args)
{
	struct pids_of_ns c = { .ns = p->ns };
	if (args[0] == A(all))
		proc_each_of(p->ns, 0, collect_pid, &c);
	else if (term_is_local_pid(args[0]))
		vec_push(&c.pids, args[0]);
	else
		return bif_badarg(p);
	term ref = ref_put(heap_alloc(bif_heap(p), REF_WORDS), ref_new_id());
	struct delivery *d = mem_zalloc(MEM_TRACE, sizeof(*d));
	atomic_store_relaxed(&d->open, c.pids.count + 1);
	d->to = p->pid;
	d->message = owned_term_new(
		MEM_TRACE, heap_tuple_of(bif_heap(p), A(trace_delivered), args[0], ref));
	vec_foreach(each, &c.pids)
		proc_request_by(p, *each, delivery_asked, d);
	vec_done(&c.pids);
	delivery_close(d);
	return ref;
}
