/* SPDX-License-Identifier: Apache-2.0 */
/* A traced process's entries: changed, inherited, dropped. See trace/tracee.h. */
#include "trace/tracee.h"

#include "base/epoch.h"
#include "term/atom.h"
#include "trace/breakpoint.h"
#include "trace/event.h"
#include "trace/seq.h"

struct proc_trace *tracee_make(struct proc *p)
{
	struct proc_extra *extra = proc_extra(p);
	if (extra->trace == NULL)
		extra->trace = mem_zalloc(MEM_TRACE, sizeof(*extra->trace));
	return extra->trace;
}

struct trace_ref *trace_refs_find(struct trace_ref *refs, const struct trace_session *s)
{
	for (struct trace_ref *r = refs; r != NULL; r = r->next)
		if (r->session == s)
			return r;
	return NULL;
}

struct trace_ref *tracee_ref(const struct proc *p, const struct trace_session *s)
{
	return trace_refs_find(tracee_refs(p), s);
}

struct trace_ref *tracee_ref_by_id(const struct proc *p, uint64_t session)
{
	for (struct trace_ref *r = tracee_refs(p); r != NULL; r = r->next)
		if (r->session->id == session)
			return r;
	return NULL;
}

bool trace_ref_listens(const struct proc *p, const struct trace_ref *ref, bool *ret_gone)
{
	*ret_gone = !trace_session_alive(ref->session) || !trace_listens(ref->session, ref->tracer);
	return !*ret_gone && ref->tracer != p->pid;
}

static void ref_free(struct trace_ref *r)
{
	(void)trace_account_unref(r->time); /* always NULL, as the next ones */
	(void)trace_account_unref(r->memory);
	(void)trace_session_unref(r->session);
	mem_free(MEM_TRACE, r, sizeof(*r));
}

static uint32_t proc_flags_of(const struct trace_ref *r)
{
	uint32_t flags = 0;
	if (r->flags & TRACE_SEND)
		flags |= PROC_TRACE_SEND;
	if (r->flags & TRACE_RECEIVE)
		flags |= PROC_TRACE_RECEIVE;
	if (r->flags & (TRACE_PROCS | TRACE_SET_ON_SPAWN | TRACE_SET_ON_FIRST_SPAWN |
			       TRACE_SET_ON_LINK | TRACE_SET_ON_FIRST_LINK))
		flags |= PROC_TRACE_EVENTS;
	if ((r->flags & (TRACE_RUNNING | TRACE_RUNNING_PROCS | TRACE_EXITING)) || r->time != NULL ||
		r->memory != NULL)
		flags |= PROC_TRACE_RUNNING;
	if ((r->flags & TRACE_GC) || r->memory != NULL)
		flags |= PROC_TRACE_GC;
	return flags;
}

#define PROC_TRACE_ANY                                                                             \
	(PROC_TRACE_SEND | PROC_TRACE_RECEIVE | PROC_TRACE_EVENTS | PROC_TRACE_RUNNING |           \
		PROC_TRACE_GC)

void trace_refs_settle(struct trace_ref **refs)
{
	for (struct trace_ref **link = refs; *link != NULL;) {
		struct trace_ref *r = *link;
		if (r->flags != 0 && trace_session_alive(r->session)) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		ref_free(r);
	}
}

void trace_refs_drop(struct trace_ref **refs)
{
	while (*refs != NULL) {
		struct trace_ref *r = *refs;
		*refs = r->next;
		ref_free(r);
	}
}

void tracee_settle(struct proc *p)
{
	uint32_t flags = 0;
	struct proc_trace *trace = p->extra == NULL ? NULL : p->extra->trace;
	if (trace != NULL) {
		trace_refs_settle(&trace->refs);
		for (const struct trace_ref *r = trace->refs; r != NULL; r = r->next)
			flags |= proc_flags_of(r);
	}
	p->flags = (p->flags & ~(uint32_t)PROC_TRACE_ANY) | flags;
}

bool trace_refs_change(
	struct trace_ref **refs, struct trace_session *s, bool on, uint32_t flags, term tracer)
{
	struct trace_ref *r = trace_refs_find(*refs, s);
	if (r == NULL && (!on || (flags & TRACE_ALL) == 0))
		return true;
	if (r != NULL && on && tracer != TERM_NONE && r->tracer != tracer) {
		if (trace_session_alive(s) && trace_listens(s, r->tracer))
			return false;
		r->flags = 0; /* they were those of somebody who is gone */
	}
	if (r == NULL) {
		r = mem_zalloc(MEM_TRACE, sizeof(*r));
		r->session = trace_session_ref(s);
		r->tracer = tracer;
		r->next = *refs;
		*refs = r;
	}
	if (on) {
		r->flags |= flags & TRACE_ALL;
		if (tracer != TERM_NONE)
			r->tracer = tracer;
	} else {
		r->flags &= ~flags;
	}
	return true;
}

bool tracee_change(struct proc *p, struct trace_session *s, bool on, uint32_t flags, term tracer)
{
	if (tracee_ref(p, s) == NULL && (!on || (flags & TRACE_ALL) == 0))
		return true;
	bool done = trace_refs_change(&tracee_make(p)->refs, s, on, flags, tracer);
	tracee_settle(p);
	return done;
}

void tracee_end(struct proc *p)
{
	struct proc_trace *trace = p->extra->trace;
	trace_refs_drop(&trace->refs);
	seq_end(p);
	mem_free(MEM_TRACE, trace, sizeof(*trace));
	p->extra->trace = NULL;
}

/* ------------------------------------------------------------------------------------------------ children */

#define SPAWN_FLAGS (TRACE_SET_ON_SPAWN | TRACE_SET_ON_FIRST_SPAWN)
#define LINK_FLAGS (TRACE_SET_ON_LINK | TRACE_SET_ON_FIRST_LINK)

struct newcomers {
	struct proc *child;
};

static void trace_newcomer(struct trace_session *s, void *arg)
{
	struct newcomers *n = arg;
	if (s->new_processes.flags == 0 || !trace_listens(s, s->new_processes.tracer))
		return;
	(void)tracee_change(n->child, s, true, s->new_processes.flags,
		s->new_processes.tracer); /* the first one */
}

/* A child that is linked from the start takes what either kind of flags hands on. */
static void inherit_by_spawn(struct proc *parent, struct proc *child, bool link)
{
	bool first = false, gone;
	for (struct trace_ref *r = tracee_refs(parent); r != NULL; r = r->next) {
		uint32_t once = 0, by = r->flags & (SPAWN_FLAGS | (link ? LINK_FLAGS : 0U));
		if (by == 0)
			continue;
		(void)trace_ref_listens(parent, r, &gone); /* only whether it is gone */
		if (gone)
			continue;
		if (by & TRACE_SET_ON_FIRST_SPAWN)
			once |= SPAWN_FLAGS;
		if (by & TRACE_SET_ON_FIRST_LINK)
			once |= LINK_FLAGS;
		first = first || once != 0;
		r->flags &= ~once;
		struct trace_ref *own = tracee_ref(child, r->session);
		if (own != NULL)
			own->tracer = r->tracer;
		(void)tracee_change(
			child, r->session, true, r->flags, r->tracer); /* by now its tracer */
	}
	if (first)
		tracee_settle(parent);
}

void tracee_spawned(
	struct proc *parent, struct proc *child, term module, term function, term args, bool link)
{
	struct trace_space *space = trace_space_of(child->ns);
	epoch_enter(); /* the host may spawn, too */
	if (space != NULL &&
		atomic_load_acquire(&space->new_processes)) { /* Pairs with note_new_processes(). */
		struct newcomers n = { child };
		trace_sessions_each(child->ns, trace_newcomer, &n);
	}
	/* A process of another namespace takes no flags along. */
	if (parent != NULL && parent->ns == child->ns)
		inherit_by_spawn(parent, child, link);
	if (parent != NULL && parent->ns == child->ns && (parent->flags & PROC_SEQ_TOKEN))
		seq_spawned(parent, child);
	event_spawn(parent, child, module, function, args, link);
	epoch_leave();
}

/* ------------------------------------------------------------------------------------------------ links */

struct trace_heir {
	struct ns *ns;
	size_t count;

	struct {
		struct trace_session *session;
		uint32_t flags;
		term tracer;
	} items[];
};

static size_t heir_bytes(size_t count)
{
	return sizeof(struct trace_heir) + count * sizeof(((struct trace_heir *)NULL)->items[0]);
}

struct trace_heir *tracee_hand_on(struct proc *p)
{
	size_t count = 0;
	bool first = false;
	for (struct trace_ref *r = tracee_refs(p); r != NULL; r = r->next)
		count += (r->flags & LINK_FLAGS) != 0;
	if (count == 0)
		return NULL;
	struct trace_heir *heir = mem_zalloc(MEM_TRACE, heir_bytes(count));
	heir->ns = p->ns;
	for (struct trace_ref *r = tracee_refs(p); r != NULL; r = r->next) {
		if ((r->flags & LINK_FLAGS) == 0)
			continue;
		if (r->flags & TRACE_SET_ON_FIRST_LINK) {
			r->flags &= ~(uint32_t)LINK_FLAGS;
			first = true;
		}
		heir->items[heir->count].session = trace_session_ref(r->session);
		heir->items[heir->count].flags = r->flags;
		heir->items[heir->count++].tracer = r->tracer;
	}
	if (first)
		tracee_settle(p);
	return heir;
}

void tracee_take_over(struct proc *p, struct trace_heir *heir)
{
	for (size_t i = 0; i < heir->count; i++) {
		struct trace_session *s = heir->items[i].session;
		if (p != NULL && p->ns == heir->ns && trace_session_alive(s))
			(void)tracee_change(p, s, true, heir->items[i].flags,
				heir->items[i].tracer); /* or it has another */
		(void)trace_session_unref(s);           /* always NULL */
	}
	mem_free(MEM_TRACE, heir, heir_bytes(heir->count));
}

/* ------------------------------------------------------------------------------------------------ sweeping */

static void sweep(struct proc *p, void *arg)
{
	(void)arg; /* there is none */
	if (p != NULL)
		tracee_settle(p);
}

static bool sweep_one(struct proc *p, void *arg)
{
	if (p->ns == arg)
		proc_request(p->pid, sweep, NULL);
	return true;
}

void tracees_sweep(struct ns *ns)
{
	proc_each_of(ns, 0, sweep_one, ns);
}
