/* SPDX-License-Identifier: Apache-2.0 */
/* Links: one end's entry, and the protocol that takes a link away. See proc/relation.h.
 *
 * A process's first link stands in the struct (p->first_link), the others in relations->links. An entry whose value is not 0
 * is no link any more: it waits for the UNLINK_ACK of that number.
 * Invariant: a pid stands in at most one of the two places. */
#include "proc/relation.h"
#include "proc/tracing.h"

#include "term/atom.h"

struct relations *relations_make(struct proc *p)
{
	struct relations *r = mem_zalloc(MEM_PROC, sizeof(*r));
	proc_memory_changed(p);
	list_init(&r->monitors);
	list_init(&r->monitored_by);
	return p->relations = r;
}

size_t relations_bytes(const struct relations *r)
{
	return sizeof(*r) + ((size_t)r->links.capacity + r->by_ref.capacity) * sizeof(struct wordmap_entry);
}

void relations_free(struct proc *p)
{
	struct relations *r = p->relations;
	if (r == NULL)
		return;
	wordmap_done(&r->links, MEM_PROC);
	wordmap_done(&r->by_ref, MEM_PROC);
	mem_free(MEM_PROC, r, sizeof(*r));
	p->relations = NULL;
}

static struct wordmap_entry *find(const struct proc *p, term pid)
{
	return p->relations != NULL ? wordmap_find(&p->relations->links, pid) : NULL;
}

static void links_forget(struct proc *p, term pid)
{
	(void)wordmap_remove(&p->relations->links, MEM_PROC, pid);
	proc_memory_changed(p);
}

bool link_exists(const struct proc *p, term pid)
{
	if (p->first_link == pid)
		return true;
	struct wordmap_entry *e = find(p, pid);
	return e != NULL && e->value == 0;
}

void link_add(struct proc *p, term pid)
{
	if (p->first_link == pid)
		return;
	struct wordmap_entry *e = find(p, pid);
	if (e != NULL) {
		e->value = 0;
		return;
	}
	if (p->first_link == TERM_NONE) {
		p->first_link = pid;
		return;
	}
	wordmap_put(&relations(p)->links, MEM_PROC, pid, NULL);
	proc_memory_changed(p);
}

void link_make(struct proc *p, term pid)
{
	if (link_exists(p, pid))
		return;
	link_add(p, pid);
	if (unlikely(report_asked(BEAMR_REPORT_LINK)))
		proc_report(p, BEAMR_REPORT_LINK, pid, TERM_NONE, TERM_NONE);
	struct link_signal *l = mem_alloc(MEM_MESSAGE, sizeof(*l));
	*l = (struct link_signal){ .signal.kind = SIGNAL_LINK, .from = p->pid, .to = pid };
	if (proc_traces(p, PROC_TRACE_EVENTS)) {
		proc_tracing.event(p, EVENT_LINK, pid);
		l->heir = term_is_local_pid(pid) ? proc_tracing.hand_on(p) : NULL;
	}
	signal_deliver_by(p, pid, &l->signal);
}

void link_take_away(struct proc *p, term pid)
{
	static _Atomic uint64_t last_id;
	proc_event(p, EVENT_UNLINK, pid);
	if (!link_exists(p, pid))
		return;
	if (unlikely(report_asked(BEAMR_REPORT_UNLINK)))
		proc_report(p, BEAMR_REPORT_UNLINK, pid, TERM_NONE, TERM_NONE);
	uint64_t id = atomic_add_relaxed(&last_id, 1) + 1;
	if (p->first_link == pid)
		p->first_link = TERM_NONE;
	wordmap_put(&relations(p)->links, MEM_PROC, pid, NULL)->value = id;
	proc_memory_changed(p);
	signal_link(SIGNAL_UNLINK, p->pid, pid, id);
}

void link_signal_link(struct proc *p, struct link_signal *s)
{
	/* While our own UNLINK to it is on its way the entry stays as it is: the link it makes is the one we take away. */
	if (find(p, s->from) == NULL)
		link_add(p, s->from);
	if (unlikely(s->heir != NULL))
		proc_tracing.take_over(p, s->heir);
	proc_event(p, EVENT_GETTING_LINKED, s->from);
	mem_free(MEM_MESSAGE, s, sizeof(*s));
}

void link_signal_unlink(struct proc *p, struct link_signal *s)
{
	if (p->first_link == s->from) {
		p->first_link = TERM_NONE;
	} else {
		struct wordmap_entry *e = find(p, s->from);
		if (e != NULL && e->value == 0)
			links_forget(p, s->from);
	}
	proc_event(p, EVENT_GETTING_UNLINKED, s->from);
	signal_link(SIGNAL_UNLINK_ACK, p->pid, s->from, s->id);
	mem_free(MEM_MESSAGE, s, sizeof(*s));
}

void link_signal_ack(struct proc *p, struct link_signal *s)
{
	struct wordmap_entry *e = find(p, s->from);
	if (e != NULL && e->value == s->id)
		links_forget(p, s->from);
	mem_free(MEM_MESSAGE, s, sizeof(*s));
}

bool link_ended(struct proc *p, term pid)
{
	if (p->first_link == pid) {
		p->first_link = TERM_NONE;
		return true;
	}
	struct wordmap_entry *e = find(p, pid);
	if (e == NULL || e->value != 0)
		return false;
	links_forget(p, pid);
	return true;
}

void links_each(struct proc *p, void (*fn)(term pid, void *arg), void *arg)
{
	if (p->first_link != TERM_NONE)
		fn(p->first_link, arg);
	if (p->relations != NULL)
		wordmap_foreach (e, &p->relations->links)
			if (e->value == 0)
				fn(e->key, arg);
}

static void count_one(term pid, void *arg)
{
	++*(uint32_t *)arg;
}

uint32_t links_count(const struct proc *p)
{
	uint32_t n = 0;
	links_each((struct proc *)(uintptr_t)p, count_one, &n);
	return n;
}

struct ending {
	term pid;
	term reason;
	struct beamr_crash_id cause;
};

static void tell(term pid, void *arg)
{
	struct ending *e = arg;
	signal_exit_to(SIGNAL_EXIT_LINK, e->pid, pid, e->reason, 0, e->cause);
}

void links_end(struct proc *p, term reason, struct beamr_crash_id cause)
{
	struct ending e = { p->pid, reason, cause };
	links_each(p, tell, &e);
	p->first_link = TERM_NONE;
}
