/* SPDX-License-Identifier: Apache-2.0 */
/* What tracing is told of what ports do. Its room stands above this one (trace/) and sets these functions at start.
 *
 * Each is called by the port's owner, and (but for opened) only when the port's flags ask for it, so that an untraced port pays one
 * test of a word. They send, and touch the port in no other way. */
#pragma once
#include "base/atomic.h"
#include "proc/proc.h"

enum port_trace_flag {
	PORT_TRACE_EVENTS = 1,
	PORT_TRACE_RUNNING = 2,
	PORT_TRACE_SEND = 4,
	PORT_TRACE_RECEIVE = 8,
};

enum port_event {
	PORT_EVENT_CLOSED,   /* other: the reason */
	PORT_EVENT_REGISTER, /* the name */
	PORT_EVENT_UNREGISTER,
	PORT_EVENT_GETTING_LINKED, /* the other's pid */
	PORT_EVENT_GETTING_UNLINKED,
};

struct trace_ref;

/* What tracing has of a port. */
struct port_traced {
	/* fixed */
	term id;
	struct ns *ns;
	/* owner */
	struct trace_ref *refs;
	/* atomic, written by the owner */
	_Atomic uint32_t flags; /* enum port_trace_flag */
};

struct port_tracing {
	/* Of every port, in a namespace that has tracing. */
	void (*opened)(struct port_traced *t, term by, const char *name);
	void (*event)(struct port_traced *t, enum port_event event, term other);
	/* It begins to do something, or has done it; what: an atom, or 0. */
	void (*scheduled)(struct port_traced *t, bool in, term what);
	void (*sent)(struct port_traced *t, term to, term message);
	void (*received)(struct port_traced *t, term from, term what);
	/* While proc_watched has WATCH_PROFILE: it begins to have something to do, or has no more. */
	void (*profile)(struct port_traced *t, bool active);
	/* Nothing is told of it any more. */
	void (*end)(struct port_traced *t);
};

extern struct port_tracing port_tracing;

static inline bool port_traces(const struct port_traced *t, enum port_trace_flag flag)
{
	return unlikely((atomic_load_relaxed(&t->flags) & (uint32_t)flag) != 0);
}

static inline void port_event(struct port_traced *t, enum port_event event, term other)
{
	if (port_traces(t, PORT_TRACE_EVENTS))
		port_tracing.event(t, event, other);
}

/* Has the owner of the port call fn, or the caller, with NULL, when there is no such port. Threads: any. */
void port_run(term port, void (*fn)(struct port_traced *t, void *arg), void *arg);
/* A process has given it that name, or taken it away. */
void port_named(term port, enum port_event event, term name);
