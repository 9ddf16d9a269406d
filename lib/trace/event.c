/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a traced process, but for calls. See trace/event.h.
 *
 * Telling may find out that a tracer is gone, and a specification may change flags: entries are only emptied meanwhile, and dropped
 * by tracee_settle() at the end of an event. */
#include "trace/event.h"

#include "base/clock.h"
#include "bif/bif.h"
#include "code/module.h"
#include "exec/exec.h"
#include "io/port_tracing.h"
#include "proc/table.h"
#include "term/atom.h"
#include "trace/call.h"
#include "trace/host.h"

/* ------------------------------------------------------------------------------------------------ messages */

static term put_tuple(term *at, unsigned arity, const term *elements)
{
	at[0] = HEADER(BOXED_TUPLE, arity);
	for (unsigned i = 0; i < arity; i++)
		at[1 + i] = elements[i];
	return term_of_boxed(at);
}

term event_time(uint32_t flags, term at[5])
{
	if (flags & TRACE_TIMESTAMP) {
		int64_t usec = flags & TRACE_CPU_TIMESTAMP
				       ? clock_cpu_nsec() / 1000
				       : bif_now_usec(); /* so that order can be seen */
		return put_tuple(at, 3,
			(term[]){ term_of_small(usec / 1000000000000),
				term_of_small(usec / 1000000 % 1000000),
				term_of_small(usec % 1000000) });
	}
	if (flags & TRACE_STRICT_MONOTONIC_TIMESTAMP) {
		term number = term_of_small(bif_unique_monotonic());
		return put_tuple(at, 2, (term[]){ term_of_small(clock_monotonic_nsec()), number });
	}
	if (flags & TRACE_MONOTONIC_TIMESTAMP)
		return term_of_small(clock_monotonic_nsec());
	return TERM_NONE;
}

/* about: a process or port of that namespace; its owner calls, on that worker, which may be NULL. */
static bool tell_to(struct ns *ns, term about, const struct worker *worker, term tracer,
	uint32_t flags, const term *parts, unsigned count)
{
	if (tracer == about)
		return true; /* nobody hears of itself */
	if (!tracer_lives(tracer))
		return false;
	term elements[EVENT_PARTS_MAX + 4], time[5], tuple[1 + ARRAY_SIZE(elements)];
	unsigned n = 0;
	debug_assert(count <= EVENT_PARTS_MAX);
	term now = event_time(flags, time);
	elements[n++] = now != TERM_NONE ? A(trace_ts) : A(trace);
	elements[n++] = about;
	for (unsigned i = 0; i < count; i++)
		if (parts[i] != TERM_NONE)
			elements[n++] = parts[i];
	if (flags & TRACE_SCHEDULER_ID)
		elements[n++] = term_of_small(worker == NULL ? 0 : (int64_t)worker->index + 1);
	if (now != TERM_NONE)
		elements[n++] = now;
	return tracer_tell(ns, about, tracer, put_tuple(tuple, n, elements));
}

bool event_tell_to(struct proc *p, term tracer, uint32_t flags, const term *parts, unsigned count)
{
	return tell_to(p->ns, p->pid, p->worker, tracer, flags, parts, count);
}

static uint32_t how_of(const struct ns *ns, const struct trace_ref *ref)
{
	uint32_t flags = ref->flags & TRACE_HOW;
	if ((flags & TRACE_TIMESTAMP) && trace_cpu_timestamps(ns))
		flags |= TRACE_CPU_TIMESTAMP;
	return flags;
}

void event_tell_of_port(
	struct port_traced *t, struct trace_ref *ref, const term *parts, unsigned count)
{
	if (!tell_to(t->ns, t->id, worker_current(), ref->tracer, how_of(t->ns, ref), parts, count))
		ref->flags = 0;
}

void event_tell(struct proc *p, struct trace_ref *ref, const term *parts, unsigned count)
{
	if (ref->session->host != NULL) {
		host_trace_tell(p, ref->session, parts, count);
		return;
	}
	if (!event_tell_to(p, ref->tracer, how_of(p->ns, ref), parts, count))
		ref->flags = 0;
}

/* Tells everybody who has one of the flags; returns whether an entry may have to go. */
static void tell_all(struct proc *p, uint32_t flags, const term *parts, unsigned count)
{
	if (p->flags & PROC_SENSITIVE)
		return;
	bool settle = false;
	for (struct trace_ref *r = tracee_refs(p); r != NULL; r = r->next) {
		if ((r->flags & flags) == 0)
			continue;
		if (trace_session_alive(r->session))
			event_tell(p, r, parts, count);
		settle = settle || r->flags == 0 || !trace_session_alive(r->session);
	}
	if (unlikely(settle))
		tracee_settle(p);
}

/* ------------------------------------------------------------------------------------------------ places */

term event_mfa_of(const uint64_t *address, term at[4])
{
	const struct module_code *m = address == NULL ? NULL : module_code_at(address - 1);
	const struct function_header *f = m == NULL ? NULL : module_function_at(m, address - 1);
	if (f == NULL)
		return A(undefined);
	return put_tuple(
		at, 3, (term[]){ m->name, f->function, term_of_small((int64_t)(f->arity & 0xFF)) });
}

term event_current(const struct proc *p, term at[4])
{
	const uint64_t *address;
	if (exec_frames(p, &address, 1) == 1)
		return event_mfa_of(address, at);
	return event_initial(p, at);
}

term event_initial(const struct proc *p, term at[4])
{
	const struct export *e = p->initial_call;
	if (e == NULL)
		return put_tuple(at, 3, (term[]){ A(erlang), A(apply), term_of_small(2) });
	return put_tuple(at, 3, (term[]){ e->module, e->function, term_of_small(e->arity) });
}

/* ------------------------------------------------------------------------------------------------ spawn, links, names, the end */

void event_spawn(
	struct proc *parent, struct proc *child, term module, term function, term args, bool link)
{
	bool told = parent != NULL && proc_traces(parent, PROC_TRACE_EVENTS);
	if (!told && !proc_traces(child, PROC_TRACE_EVENTS))
		return;
	term list[4], tuple[4];
	if (module == TERM_NONE) {
		/* A fun is applied to the list. */
		list[2] = args;
		list[3] = TERM_NIL;
		list[0] = function;
		list[1] = term_of_cons(&list[2]);
		args = term_of_cons(list);
		module = A(erlang);
		function = A(apply);
	}
	term mfa = put_tuple(tuple, 3, (term[]){ module, function, args });
	if (told) {
		tell_all(parent, TRACE_PROCS, (term[]){ A(spawn), child->pid, mfa }, 3);
		if (link)
			tell_all(parent, TRACE_PROCS, (term[]){ A(link), child->pid }, 2);
	}
	term by = parent == NULL ? A(undefined) : parent->pid;
	tell_all(child, TRACE_PROCS, (term[]){ A(spawned), by, mfa }, 3);
	if (link)
		tell_all(child, TRACE_PROCS, (term[]){ A(getting_linked), by }, 2);
}

void event_happened(struct proc *p, enum proc_event event, term other)
{
	static const term tags[] = {
		[EVENT_EXIT] = A(exit),
		[EVENT_REGISTER] = A(register),
		[EVENT_UNREGISTER] = A(unregister),
		[EVENT_LINK] = A(link),
		[EVENT_UNLINK] = A(unlink),
		[EVENT_GETTING_LINKED] = A(getting_linked),
		[EVENT_GETTING_UNLINKED] = A(getting_unlinked),
	};
	tell_all(p, TRACE_PROCS, (term[]){ tags[event], other }, 2);
}

/* ------------------------------------------------------------------------------------------------ messages */

/* Those who want the message, as their filters say. args: for the filter; parts has room for one more. */
static void tell_filtered(struct proc *p, uint32_t flag, enum trace_filtered which, term args,
	term *parts, unsigned count)
{
	if (p->flags & PROC_SENSITIVE)
		return;
	for (struct trace_ref *r = tracee_refs(p); r != NULL; r = r->next) {
		if ((r->flags & flag) == 0 || !trace_session_alive(r->session))
			continue;
		const struct trace_filter *f = atomic_load_acquire(
			&r->session->filters[which]); /* Pairs with trace_filter_set(). */
		term message = TERM_NONE;
		if (f != NULL) {
			if (f->off || !event_matches(p, r->session, f->ms, args, NULL, &message))
				continue;
		}
		parts[count] = message;
		event_tell(p, r, parts, count + 1);
	}
	tracee_settle(p);
}

void event_send(struct proc *p, term to, term message, bool there)
{
	term cells[4] = { to, term_of_cons(cells + 2), message, TERM_NIL };
	term parts[EVENT_PARTS_MAX] = { there ? A(send) : A(send_to_non_existing_process), message,
		to };
	tell_filtered(p, TRACE_SEND, FILTER_SEND, term_of_cons(cells), parts, 3);
}

void event_receive(struct proc *p, const struct message *m)
{
	bool timer = m == NULL; /* a receive's own: it has run out */
	term from = timer ? TERM_NONE : signal_from(&m->signal, &timer),
	     value = m == NULL ? A(timeout) : m->value;
	term cells[6] = { timer               ? A(clock_service)
			  : from == TERM_NONE ? A(undefined)
					      : A(nonode_nohost),
		term_of_cons(cells + 2), from == TERM_NONE ? A(undefined) : from,
		term_of_cons(cells + 4), value, TERM_NIL };
	term parts[EVENT_PARTS_MAX] = { A(receive), value };
	tell_filtered(p, TRACE_RECEIVE, FILTER_RECEIVE, term_of_cons(cells), parts, 2);
}

/* ------------------------------------------------------------------------------------------------ scheduling */

void event_schedule(struct proc *p, enum proc_schedule what)
{
	if (p->extra->trace != NULL && p->extra->trace->accounts)
		accounts_schedule(p, what);
	if (what == SCHEDULE_OUT_EXITED) {
		tell_all(p, TRACE_EXITING, (term[]){ A(out_exited), TERM_ZERO }, 2);
		return;
	}
	term at[4], mfa = event_current(p, at);
	tell_all(p, TRACE_RUNNING | TRACE_RUNNING_PROCS,
		(term[]){ what == SCHEDULE_IN ? A(in) : A(out), mfa }, 2);
}

/* ------------------------------------------------------------------------------------------------ collections */

#define GC_ITEMS 12

void event_collection(struct proc *p, const struct proc_collection *c)
{
	if (p->extra->trace != NULL && p->extra->trace->accounts)
		accounts_collection(p, c->ended);
	const struct gen_heap *g = &p->mem;

	const struct {
		term key;
		uint64_t value;
	} items[GC_ITEMS] = {
		{ A(wordsize), c->ended ? c->freed_words : c->need_words },
		{ A(old_heap_block_size), (size_t)(g->old_end - g->old_start) },
		{ A(heap_block_size), (size_t)(g->end - g->start) },
		{ A(mbuf_size), g->heap.fragment_words },
		{ A(recent_size), (size_t)(g->mature - g->start) },
		{ A(stack_size), (size_t)(g->end - g->heap.limit) },
		{ A(old_heap_size), (size_t)(g->old_top - g->old_start) },
		{ A(heap_size), (size_t)(g->heap.top - g->start) },
		{ A(bin_vheap_size), g->heap.offheap.bytes / sizeof(term) },
		{ A(bin_vheap_block_size), (uint64_t)g->min_bin_bytes_kib * 1024 / sizeof(term) },
		{ A(bin_old_vheap_size), g->old_offheap.bytes / sizeof(term) },
		{ A(bin_old_vheap_block_size),
			(uint64_t)g->min_bin_bytes_kib * 1024 / sizeof(term) },
	};

	term cells[GC_ITEMS][2], tuples[GC_ITEMS][3], list = TERM_NIL;
	for (unsigned i = GC_ITEMS; i > 0; i--) {
		tuples[i - 1][0] = HEADER(BOXED_TUPLE, 2);
		tuples[i - 1][1] = items[i - 1].key;
		tuples[i - 1][2] = term_of_small((int64_t)items[i - 1].value);
		cells[i - 1][0] = term_of_boxed(tuples[i - 1]);
		cells[i - 1][1] = list;
		list = term_of_cons(cells[i - 1]);
	}
	if (c->over_max_heap)
		tell_all(p, TRACE_GC, (term[]){ A(gc_max_heap_size), list }, 2);
	term tag = c->major ? (c->ended ? A(gc_major_end) : A(gc_major_start))
			    : (c->ended ? A(gc_minor_end) : A(gc_minor_start));
	tell_all(p, TRACE_GC, (term[]){ tag, list }, 2);
}
