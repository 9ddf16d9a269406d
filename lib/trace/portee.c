/* SPDX-License-Identifier: Apache-2.0 */
/* Traced ports. See trace/portee.h.
 *
 * Invariant: t->flags is what the flags of all its entries ask for together. */
#include "trace/portee.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "io/port.h"
#include "proc/table.h"
#include "term/atom.h"
#include "trace/event.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------ entries */

static uint32_t port_flags_of(const struct trace_ref *r)
{
	return (r->flags & TRACE_PORTS ? (uint32_t)PORT_TRACE_EVENTS : 0) |
	       (r->flags & TRACE_RUNNING_PORTS ? (uint32_t)PORT_TRACE_RUNNING : 0) |
	       (r->flags & TRACE_SEND ? (uint32_t)PORT_TRACE_SEND : 0) |
	       (r->flags & TRACE_RECEIVE ? (uint32_t)PORT_TRACE_RECEIVE : 0);
}

static void settle(struct port_traced *t)
{
	uint32_t flags = 0;
	trace_refs_settle(&t->refs);
	for (const struct trace_ref *r = t->refs; r != NULL; r = r->next)
		flags |= port_flags_of(r);
	atomic_store_relaxed(&t->flags, flags); /* others only save themselves a request by it */
}

bool portee_change(
	struct port_traced *t, struct trace_session *s, bool on, uint32_t flags, term tracer)
{
	bool done = t->ns == s->ns && trace_refs_change(&t->refs, s, on, flags, tracer);
	settle(t);
	return done;
}

void portee_end(struct port_traced *t)
{
	trace_refs_drop(&t->refs);
	atomic_store_relaxed(&t->flags, 0);
}

static void sweep(struct port_traced *t, void *arg)
{
	(void)arg; /* there is none */
	if (t != NULL)
		settle(t);
}

static void collect(term port, void *arg)
{
	VEC(term) *ports = arg;
	vec_push(ports, port);
}

void portees_sweep(struct ns *ns)
{
	VEC(term) ports = { 0 };
	port_each(ns, collect, &ports);
	vec_foreach(port, &ports)
		port_run(*port, sweep, NULL);
	vec_done(&ports);
}

/* ------------------------------------------------------------------------------------------------ events */

static void tell_all(struct port_traced *t, uint32_t flags, const term *parts, unsigned count)
{
	bool stale = false;
	for (struct trace_ref *r = t->refs; r != NULL; r = r->next) {
		if (trace_session_alive(r->session) && (r->flags & flags) != 0)
			event_tell_of_port(t, r, parts, count);
		stale = stale || r->flags == 0 || !trace_session_alive(r->session);
	}
	if (unlikely(stale))
		settle(t);
}

static void trace_newcomer(struct trace_session *s, void *arg)
{
	struct port_traced *t = arg;
	if (s->new_ports.flags != 0 && trace_listens(s, s->new_ports.tracer))
		(void)portee_change(
			t, s, true, s->new_ports.flags, s->new_ports.tracer); /* the first one */
}

/* What a port was opened with, as the atom that it is told as: its first characters. */
static term name_atom(const char *name)
{
	const uint8_t *bytes = (const uint8_t *)name;
	size_t size = strlen(name), at = 0;
	uint32_t c;
	for (unsigned chars = 0; chars < ATOM_CHARS_MAX && at < size; chars++) {
		int n = utf8_decode(bytes + at, size - at, &c);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	term atom = atom_intern(bytes, at, NULL);
	return atom == TERM_NONE ? A(undefined)
				 : atom; /* its namespace has as many as it may have */
}

void portee_opened(struct port_traced *t, term by, const char *name)
{
	const struct trace_space *space = trace_space_of(t->ns);
	/* Pairs with note_new(). */
	if (space == NULL ||
		!atomic_load_acquire(&((struct trace_space *)(uintptr_t)space)->new_ports))
		return;
	trace_sessions_each(t->ns, trace_newcomer, t);
	if (port_traces(t, PORT_TRACE_EVENTS))
		tell_all(t, TRACE_PORTS, (term[]){ A(open), by, name_atom(name) }, 3);
}

void portee_event(struct port_traced *t, enum port_event event, term other)
{
	static const term tags[] = {
		[PORT_EVENT_CLOSED] = A(closed),
		[PORT_EVENT_REGISTER] = A(register),
		[PORT_EVENT_UNREGISTER] = A(unregister),
		[PORT_EVENT_GETTING_LINKED] = A(getting_linked),
		[PORT_EVENT_GETTING_UNLINKED] = A(getting_unlinked),
	};
	tell_all(t, TRACE_PORTS, (term[]){ tags[event], other }, 2);
}

void portee_scheduled(struct port_traced *t, bool in, term what)
{
	tell_all(t, TRACE_RUNNING_PORTS, (term[]){ in ? A(in) : A(out), what }, 2);
}

/* Whether its session tells of no sends at all. Specifications are for processes alone, as in OTP. */
static bool sends_off(const struct trace_session *s)
{
	/* Pairs with trace_filter_set(). */
	const struct trace_filter *f =
		atomic_load_acquire(&((struct trace_session *)(uintptr_t)s)->filters[FILTER_SEND]);
	return f != NULL && f->off;
}

void portee_sent(struct port_traced *t, term to, term message)
{
	bool there = term_is_local_pid(to) && proc_lookup(to) != NULL;
	const term parts[] = { there ? A(send) : A(send_to_non_existing_process), message, to };
	for (struct trace_ref *r = t->refs; r != NULL; r = r->next)
		if (trace_session_alive(r->session) && (r->flags & TRACE_SEND) != 0 &&
			!sends_off(r->session))
			event_tell_of_port(t, r, parts, ARRAY_SIZE(parts));
	settle(t);
}

void portee_received(struct port_traced *t, term from, term what)
{
	term tuple[3] = { HEADER(BOXED_TUPLE, 2), from, what };
	tell_all(t, TRACE_RECEIVE, (term[]){ A(receive), term_of_boxed(tuple) }, 2);
}
