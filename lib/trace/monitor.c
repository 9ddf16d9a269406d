/* SPDX-License-Identifier: Apache-2.0 */
/* erlang:system_monitor/2, trace:system/3, erlang:system_profile/2, and what the host hears of the same kind.
 * Source: erl_bif_trace.c of OTP, for limits, defaults and the order of lists. */
#include "trace/monitor.h"

#include "base/epoch.h"
#include "bif/bif.h"
#include "proc/watch.h"
#include "report/report.h"
#include "term/atom.h"
#include "trace/event.h"

/* From where on the host hears of it, unless it sets other limits. Written under trace_lock. */
static _Atomic int64_t host_gc_nsec = 50000000, host_schedule_nsec = 50000000,
		       host_heap_words = 8L << 20;

#define LARGE_HEAP_LEAST 16384

/* The least of what anybody has set; 0 and INT64_MAX: nobody. Written under trace_lock. */
static _Atomic int64_t least_gc_nsec, least_schedule_nsec, least_heap_words, least_queue;
static _Atomic int64_t most_queue_off;
static uint64_t host_kinds; /* guarded by trace_lock */

static void lower(_Atomic int64_t *least, int64_t limit)
{
	if (limit > 0 && limit < atomic_load_relaxed(least))
		atomic_store_relaxed(least, limit);
}

/* ------------------------------------------------------------------------------------------------ all of them */

struct sum {
	uint32_t watched;
};

static void add_session(struct sum *sum, const struct trace_session *s)
{
	const struct trace_limits *m = &s->limits;
	if (m->receiver == TERM_NONE || !trace_session_alive(s))
		return;
	lower(&least_gc_nsec, m->gc_msec * 1000000);
	lower(&least_schedule_nsec, m->schedule_msec * 1000000);
	lower(&least_heap_words, m->heap_words);
	lower(&least_queue, m->queue_on);
	if (m->queue_on > 0 && m->queue_off > atomic_load_relaxed(&most_queue_off))
		atomic_store_relaxed(&most_queue_off, m->queue_off);
	sum->watched |= (m->gc_msec > 0 ? WATCH_GC : 0) |
			(m->schedule_msec > 0 ? WATCH_SCHEDULE : 0) |
			(m->heap_words > 0 ? WATCH_HEAP : 0) | (m->queue_on > 0 ? WATCH_QUEUE : 0) |
			(m->busy_port ? WATCH_PORT : 0);
}

static void add_ns(struct ns *ns, void *arg)
{
	struct trace_space *space = trace_space_of(ns);
	struct sum *sum = arg;
	if (space == NULL)
		return;
	add_session(sum, space->legacy);
	list_foreach(n, &space->sessions)
		add_session(sum, list_entry(n, struct trace_session, link));
	if (atomic_load_relaxed(&space->profiler) != TERM_NONE)
		sum->watched |= WATCH_PROFILE;
}

static bool host_wants(enum beamr_report_kind kind)
{
	return (host_kinds >> kind & 1) != 0;
}

void monitor_settle(void)
{
	struct sum sum = { 0 };
	atomic_store_relaxed(&least_gc_nsec, INT64_MAX);
	atomic_store_relaxed(&least_schedule_nsec, INT64_MAX);
	atomic_store_relaxed(&least_heap_words, INT64_MAX);
	atomic_store_relaxed(&least_queue, INT64_MAX);
	atomic_store_relaxed(&most_queue_off, -1);
	ns_each(add_ns, &sum);
	if (host_wants(BEAMR_REPORT_LONGGC)) {
		sum.watched |= WATCH_GC;
		lower(&least_gc_nsec, atomic_load_relaxed(&host_gc_nsec));
	}
	if (host_wants(BEAMR_REPORT_LONGSCHEDULE)) {
		sum.watched |= WATCH_SCHEDULE;
		lower(&least_schedule_nsec, atomic_load_relaxed(&host_schedule_nsec));
	}
	if (host_wants(BEAMR_REPORT_LARGEHEAP)) {
		sum.watched |= WATCH_HEAP;
		lower(&least_heap_words, atomic_load_relaxed(&host_heap_words));
	}
	if (host_wants(BEAMR_REPORT_BUSYPORT))
		sum.watched |= WATCH_PORT;
	atomic_store_relaxed(&proc_watched, sum.watched);
}

void monitor_host_wants(uint64_t kinds)
{
	mutex_lock(&trace_lock);
	host_kinds = kinds;
	monitor_settle();
	mutex_unlock(&trace_lock);
}

void monitor_host_limits(int64_t gc_nsec, int64_t schedule_nsec, int64_t heap_words)
{
	mutex_lock(&trace_lock);
	atomic_store_relaxed(&host_gc_nsec, gc_nsec);
	atomic_store_relaxed(&host_schedule_nsec, schedule_nsec);
	atomic_store_relaxed(&host_heap_words, heap_words);
	monitor_settle();
	mutex_unlock(&trace_lock);
}

/* ------------------------------------------------------------------------------------------------ telling */

static void send_to(struct proc *p, term receiver, term message)
{
	struct proc *to = receiver == p->pid ? NULL : proc_lookup(receiver);
	if (to == NULL)
		return;
	struct message *m = message_copy(SIGNAL_MESSAGE, 0, 0, message);
	if (!signal_send(to, &m->signal))
		message_free(m);
}

static term put_tuple(term *at, unsigned arity, const term *elements)
{
	at[0] = HEADER(BOXED_TUPLE, arity);
	for (unsigned i = 0; i < arity; i++)
		at[1 + i] = elements[i];
	return term_of_boxed(at);
}

/* {monitor, Pid, What, Info} to those of p's namespace whose limits `passed` says were passed. */
static void tell(struct proc *p, term what, term info,
	bool (*passed)(const struct trace_limits *m, int64_t value), int64_t value)
{
	struct trace_space *space = trace_space_of(p->ns);
	if (space == NULL || (p->flags & PROC_SYSTEM))
		return;
	term at[5], message = put_tuple(at, 4, (term[]){ A(monitor), p->pid, what, info });
	mutex_lock(&trace_lock);
	if (space->legacy->limits.receiver != TERM_NONE && passed(&space->legacy->limits, value))
		send_to(p, space->legacy->limits.receiver, message);
	list_foreach(n, &space->sessions) {
		const struct trace_session *s = list_entry(n, struct trace_session, link);
		if (s->limits.receiver != TERM_NONE && trace_session_alive(s) &&
			passed(&s->limits, value))
			send_to(p, s->limits.receiver, message);
	}
	mutex_unlock(&trace_lock);
}

struct info_list {
	term cells[8][2], tuples[8][3];
	term list;
	unsigned count;
};

static void info_add(struct info_list *l, term key, term value)
{
	unsigned i = l->count++;
	l->cells[i][0] = put_tuple(l->tuples[i], 2, (term[]){ key, value });
	l->cells[i][1] = l->list;
	l->list = term_of_cons(l->cells[i]);
}

/* Last first. */
static void info_memory(struct info_list *l, const struct proc *p)
{
	const struct gen_heap *g = &p->mem;
	info_add(l, A(heap_size), term_of_small(g->heap.top - g->start));
	info_add(l, A(old_heap_size), term_of_small(g->old_top - g->old_start));
	info_add(l, A(stack_size), term_of_small(g->end - g->heap.limit));
	info_add(l, A(mbuf_size), term_of_small((int64_t)g->heap.fragment_words));
	info_add(l, A(heap_block_size), term_of_small(g->end - g->start));
	info_add(l, A(old_heap_block_size), term_of_small(g->old_end - g->old_start));
}

static bool passed_gc(const struct trace_limits *m, int64_t nsec)
{
	return m->gc_msec > 0 && nsec >= m->gc_msec * 1000000;
}

static bool passed_heap(const struct trace_limits *m, int64_t words)
{
	return m->heap_words > 0 && words >= m->heap_words;
}

static bool passed_schedule(const struct trace_limits *m, int64_t nsec)
{
	return m->schedule_msec > 0 && nsec >= m->schedule_msec * 1000000;
}

static bool passed_port(const struct trace_limits *m, int64_t value)
{
	(void)value; /* there is none */
	return m->busy_port;
}

void monitor_collected(struct proc *p, int64_t nsec)
{
	struct info_list info = { .list = TERM_NIL };
	int64_t words = (int64_t)proc_total_words(p);
	if (nsec >= atomic_load_relaxed(&least_gc_nsec)) {
		info_memory(&info, p);
		info_add(&info, A(timeout), term_of_small(nsec / 1000000));
		tell(p, A(long_gc), info.list, passed_gc, nsec);
		if (nsec >= atomic_load_relaxed(&host_gc_nsec) && report_asked(BEAMR_REPORT_LONGGC))
			proc_report(p, BEAMR_REPORT_LONGGC, TERM_NONE, TERM_NONE, info.list);
	}
	if (words >= atomic_load_relaxed(&least_heap_words)) {
		info = (struct info_list){ .list = TERM_NIL };
		info_memory(&info, p);
		tell(p, A(large_heap), info.list, passed_heap, words);
		if (words >= atomic_load_relaxed(&host_heap_words) &&
			report_asked(BEAMR_REPORT_LARGEHEAP))
			proc_report(p, BEAMR_REPORT_LARGEHEAP, TERM_NONE, TERM_NONE, info.list);
	}
}

void monitor_scheduled(struct proc *p, int64_t nsec, const uint64_t *in)
{
	struct info_list info = { .list = TERM_NIL };
	term at_in[4], at_out[4];
	if (nsec < atomic_load_relaxed(&least_schedule_nsec))
		return;
	info_add(&info, A(out), event_current(p, at_out));
	term began = event_mfa_of(in + 1, at_in);
	if (began == A(undefined)) /* it had not begun, or stood in a C function */
		began = event_initial(p, at_in);
	info_add(&info, A(in), began);
	info_add(&info, A(timeout), term_of_small(nsec / 1000000));
	tell(p, A(long_schedule), info.list, passed_schedule, nsec);
	if (nsec >= atomic_load_relaxed(&host_schedule_nsec) &&
		report_asked(BEAMR_REPORT_LONGSCHEDULE))
		proc_report(p, BEAMR_REPORT_LONGSCHEDULE, TERM_NONE, TERM_NONE, info.list);
}

void monitor_busy_port(struct proc *p, term port)
{
	tell(p, A(busy_port), port, passed_port, 0);
	if (report_asked(BEAMR_REPORT_BUSYPORT))
		proc_report(p, BEAMR_REPORT_BUSYPORT, port, TERM_NONE, TERM_NONE);
}

/* A queue is long from the least limit on until it is down at the greatest lower one, for everybody alike. */
static bool passed_queue(const struct trace_limits *m, int64_t value)
{
	(void)value; /* as said */
	return m->queue_on > 0;
}

void monitor_queue(struct proc *p)
{
	int64_t length = atomic_load_relaxed(&p->mailbox_length);
	if ((p->flags & PROC_LONG_QUEUE) == 0 && length >= atomic_load_relaxed(&least_queue)) {
		p->flags |= PROC_LONG_QUEUE;
		tell(p, A(long_message_queue), A(true), passed_queue, length);
	} else if ((p->flags & PROC_LONG_QUEUE) && length <= atomic_load_relaxed(&most_queue_off)) {
		p->flags &= ~(uint32_t)PROC_LONG_QUEUE;
		tell(p, A(long_message_queue), A(false), passed_queue, length);
	}
}

/* ------------------------------------------------------------------------------------------------ limits */

term monitor_list(struct heap *heap, const struct trace_session *s)
{
	const struct trace_limits *m = &s->limits;
	term list = TERM_NIL;
	if (m->queue_on > 0) {
		term range = heap_tuple_of(
			heap, term_of_small(m->queue_off), term_of_small(m->queue_on));
		list = heap_cons(heap, heap_tuple_of(heap, A(long_message_queue), range), list);
	}
	if (m->gc_msec > 0)
		list = heap_cons(
			heap, heap_tuple_of(heap, A(long_gc), term_of_small(m->gc_msec)), list);
	if (m->schedule_msec > 0)
		list = heap_cons(heap,
			heap_tuple_of(heap, A(long_schedule), term_of_small(m->schedule_msec)),
			list);
	if (m->heap_words > 0)
		list = heap_cons(heap,
			heap_tuple_of(heap, A(large_heap), term_of_small(m->heap_words)), list);
	if (m->busy_port)
		list = heap_cons(heap, A(busy_port), list);
	if (m->busy_dist_port)
		list = heap_cons(heap, A(busy_dist_port), list);
	return list;
}

/* {Receiver, Limits}, or undefined. Under trace_lock. */
static term setting(struct heap *heap, const struct trace_session *s)
{
	if (s->limits.receiver == TERM_NONE || proc_lookup(s->limits.receiver) == NULL)
		return A(undefined);
	return heap_tuple_of(heap, s->limits.receiver, monitor_list(heap, s));
}

static bool read_limit(term t, int64_t least, int64_t *ret)
{
	if (t == A(false)) {
		*ret = 0;
		return true;
	}
	if (!term_is_small(t) || small_value(t) < 0)
		return false;
	*ret = small_value(t) < least ? least : small_value(t);
	return true;
}

static bool read_bool(term t, bool *ret)
{
	*ret = t == A(true);
	return t == A(true) || t == A(false);
}

static bool read_queue(term t, struct trace_limits *m)
{
	if (t == A(false)) {
		m->queue_on = 0;
		m->queue_off = -1;
		return true;
	}
	if (!term_is_tuple_of(t, 2) || !term_is_small(tuple_element(t, 0)) ||
		!term_is_small(tuple_element(t, 1)))
		return false;
	m->queue_off = small_value(tuple_element(t, 0));
	m->queue_on = small_value(tuple_element(t, 1));
	return m->queue_off >= 0 && m->queue_on > m->queue_off;
}

static bool read_item(term item, struct trace_limits *m)
{
	term key = item, value = A(true);
	if (term_is_tuple_of(item, 2)) {
		key = tuple_element(item, 0);
		value = tuple_element(item, 1);
	}
	switch (term_is_atom(key) ? atom_index(key) : 0) {
	case ATOM_INDEX_long_gc:
		return read_limit(value, 1, &m->gc_msec);
	case ATOM_INDEX_long_schedule:
		return read_limit(value, 1, &m->schedule_msec);
	case ATOM_INDEX_large_heap:
		return read_limit(value, LARGE_HEAP_LEAST, &m->heap_words);
	case ATOM_INDEX_long_message_queue:
		return read_queue(value, m);
	case ATOM_INDEX_busy_port:
		return read_bool(value, &m->busy_port);
	case ATOM_INDEX_busy_dist_port:
		return read_bool(value, &m->busy_dist_port);
	default:
		return false;
	}
}

static bool read_items(term list, struct trace_limits *m)
{
	for (; term_is_cons(list); list = cons_tail(list))
		if (!read_item(cons_head(list), m))
			return false;
	return list == TERM_NIL;
}

static void settle(struct trace_session *s, const struct trace_limits *limits)
{
	s->limits = *limits;
	epoch_enter(); /* ns_each() may meet any namespace */
	monitor_settle();
	epoch_leave();
}

/* As a whole, for a receiver that is named; the setting so far. */
static term set_all(struct proc *p, struct trace_session *s, term receiver, term list)
{
	struct trace_limits limits = trace_no_limits;
	if (!term_is_list(list))
		return bif_badarg(p);
	if (receiver != A(undefined) && list != TERM_NIL) {
		const struct proc *to = term_is_local_pid(receiver) ? proc_lookup(receiver) : NULL;
		if (to == NULL || to->ns != p->ns || !read_items(list, &limits))
			return bif_badarg(p);
		limits.receiver = receiver;
	}
	mutex_lock(&trace_lock);
	term before = setting(bif_heap(p), s);
	settle(s, &limits);
	mutex_unlock(&trace_lock);
	return before;
}

/* What the list names is changed; for the session's own tracer. */
static term set_some(struct proc *p, struct trace_session *s, term receiver, term list)
{
	if (receiver != A(session))
		return bif_badarg(p);
	mutex_lock(&trace_lock);
	struct trace_limits limits = s->limits;
	bool good = read_items(list, &limits);
	limits.receiver = s->tracer;
	if (good)
		settle(s, &limits);
	mutex_unlock(&trace_lock);
	return good ? A(ok) : bif_badarg(p);
}

static term get(struct proc *p, struct trace_session *s)
{
	mutex_lock(&trace_lock);
	term now = setting(bif_heap(p), s);
	mutex_unlock(&trace_lock);
	return now;
}

term bif_erlang_system_monitor_0(struct proc *p, const term *args)
{
	(void)args; /* there are none */
	return get(p, trace_space(p->ns)->legacy);
}

term bif_erlang_system_monitor_1(struct proc *p, const term *args)
{
	struct trace_session *s = trace_space(p->ns)->legacy;
	if (args[0] == A(undefined))
		return set_all(p, s, A(undefined), TERM_NIL);
	return term_is_tuple_of(args[0], 2)
		       ? set_all(p, s, tuple_element(args[0], 0), tuple_element(args[0], 1))
		       : bif_badarg(p);
}

term bif_erlang_system_monitor_2(struct proc *p, const term *args)
{
	return set_all(p, trace_space(p->ns)->legacy, args[0], args[1]);
}

/* The session that erts_internal:system_monitor/1,3 name, with a count; NULL. */
static struct trace_session *named(struct proc *p, term t)
{
	return t == A(legacy) ? trace_session_ref(trace_space(p->ns)->legacy)
			      : trace_session_of(p->ns, t, false);
}

term bif_erts_internal_system_monitor_1(struct proc *p, const term *args)
{
	struct trace_session *s = named(p, args[0]);
	if (s == NULL)
		return bif_badarg(p);
	term now = get(p, s);
	(void)trace_session_unref(s); /* always NULL */
	return now;
}

term bif_erts_internal_system_monitor_3(struct proc *p, const term *args)
{
	struct trace_session *s = named(p, args[0]);
	if (s == NULL)
		return bif_badarg(p);
	term value = s->tracer == TERM_NONE ? set_all(p, s, args[1], args[2])
					    : set_some(p, s, args[1], args[2]);
	(void)trace_session_unref(s); /* always NULL */
	return value;
}

/* ------------------------------------------------------------------------------------------------ profiling */

enum profile_flag {
	PROFILE_PROCS = 1,
	PROFILE_EXCLUSIVE = 2,
	PROFILE_STRICT = 4,
	PROFILE_MONOTONIC = 8,
	PROFILE_PORTS = 16
};

/* {profile, Who, active | inactive, Where, Time} to the namespace's profiler. */
static void profile(struct ns *ns, term who, enum profile_flag kind, bool active, term where)
{
	struct trace_space *space = trace_space_of(ns);
	term profiler = space == NULL ? TERM_NONE : atomic_load_relaxed(&space->profiler);
	unsigned flags = space == NULL ? 0 : atomic_load_relaxed(&space->profile_flags);
	if (profiler == TERM_NONE || profiler == who || !(flags & kind))
		return;
	term time[5], whole[6];
	uint32_t how = flags & PROFILE_STRICT      ? TRACE_STRICT_MONOTONIC_TIMESTAMP
		       : flags & PROFILE_MONOTONIC ? TRACE_MONOTONIC_TIMESTAMP
						   : TRACE_TIMESTAMP;
	term now = event_time(how, time);
	struct proc *to = proc_lookup(profiler);
	if (to == NULL)
		return;
	struct message *m = message_copy(SIGNAL_MESSAGE, 0, 0,
		put_tuple(whole, 5,
			(term[]){ A(profile), who, active ? A(active) : A(inactive), where, now }));
	if (!signal_send(to, &m->signal))
		message_free(m);
}

void monitor_profile_port(struct port_traced *t, bool active)
{
	profile(t->ns, t->id, PROFILE_PORTS, active, TERM_ZERO);
}

void monitor_profile(struct proc *p, bool active)
{
	term at[4];
	profile(p->ns, p->pid, PROFILE_PROCS, active, event_current(p, at));
}

static term profile_now(struct proc *p)
{
	struct trace_space *space = trace_space(p->ns);
	struct heap *heap = bif_heap(p);
	term profiler = atomic_load_relaxed(&space->profiler), list = TERM_NIL;
	unsigned flags = atomic_load_relaxed(&space->profile_flags);
	if (profiler == TERM_NONE || proc_lookup(profiler) == NULL)
		return A(undefined);
	if (flags & PROFILE_PORTS)
		list = heap_cons(heap, A(runnable_ports), list);
	if (flags & PROFILE_PROCS)
		list = heap_cons(heap, A(runnable_procs), list);
	if (flags & PROFILE_EXCLUSIVE)
		list = heap_cons(heap, A(exclusive), list);
	return heap_tuple_of(heap, profiler, list);
}

static void profile_set(struct proc *p, term profiler, unsigned flags)
{
	struct trace_space *space = trace_space(p->ns);
	mutex_lock(&trace_lock);
	atomic_store_relaxed(&space->profile_flags, flags);
	atomic_store_relaxed(&space->profiler, profiler);
	monitor_settle();
	mutex_unlock(&trace_lock);
}

term bif_erlang_system_profile_0(struct proc *p, const term *args)
{
	(void)args; /* there are none */
	return profile_now(p);
}

term bif_erlang_system_profile_2(struct proc *p, const term *args)
{
	term before = profile_now(p), list = args[1];
	unsigned flags = 0;
	if (args[0] == A(undefined) || list == TERM_NIL) {
		profile_set(p, TERM_NONE, 0);
		return before;
	}
	for (; term_is_cons(list); list = cons_tail(list)) {
		term item = cons_head(list);
		if (item == A(scheduler)) /* they are not the namespace's: all share them */
			return bif_error(p, A(not_supported));
		if (item == A(runnable_procs))
			flags |= PROFILE_PROCS;
		else if (item == A(runnable_ports))
			flags |= PROFILE_PORTS;
		else if (item == A(exclusive))
			flags |= PROFILE_EXCLUSIVE;
		else if (item == A(strict_monotonic_timestamp))
			flags |= PROFILE_STRICT;
		else if (item == A(monotonic_timestamp))
			flags |= PROFILE_MONOTONIC;
		else if (item != A(timestamp))
			return bif_badarg(p);
	}
	const struct proc *to = term_is_local_pid(args[0]) ? proc_lookup(args[0]) : NULL;
	if (list != TERM_NIL || to == NULL || to->ns != p->ns)
		return bif_badarg(p);
	profile_set(p, args[0], flags);
	return before;
}
