/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a process: what it publishes, and walks over what it holds. */
#include "proc/dict.h"
#include "proc/mailbox.h"
#include "proc/registry.h"
#include "proc/relation.h"
#include "proc/table.h"
#include "term/atom.h"
#include "term/ident.h"

void proc_published(const struct proc *p, struct proc_published *ret)
{
	struct proc *q = (struct proc *)(uintptr_t)p; /* atomic_load takes no const object in C17 */
	const uint64_t told = atomic_load_relaxed(&q->told);
	*ret = (struct proc_published){
		.flags = (uint32_t)told,
		.priority = (uint8_t)(told >> 32),
		.memory_bytes = atomic_load_relaxed(&q->memory_bytes),
		.reductions = atomic_load_relaxed(&q->reductions_done),
		.mailbox = atomic_load_relaxed(&q->mailbox_length),
		.initial_call = p->initial_call,
		/* A moment old or of the middle of a slice; only ever looked up, never followed. */
		.current = proc_pc(p),
		.started_usec = table_time_usec(p->started),
		.serial = (uint64_t)pid_serial(p->pid) << PID_SLOT_BITS | pid_slot(p->pid),
		.parent = p->parent,
	};
	dict_said_call(atomic_load_relaxed(&q->said_call), &ret->said_module, &ret->said_function, &ret->said_arity);
}

void proc_links_each(const struct proc *p, bool (*fn)(term other, void *arg), void *arg)
{
	if (p->first_link != TERM_NONE && !fn(p->first_link, arg))
		return;
	if (p->relations == NULL)
		return;
	wordmap_foreach (e, &p->relations->links)
		if (e->value == 0 && !fn(e->key, arg))
			return;
}

static term put_ref(const struct monitor *m, term w[static ALIAS_REF_WORDS])
{
	return m->was_alias ? alias_ref_put(w, m->ref, m->origin) : ref_put(w, m->ref);
}

void proc_monitors_each(
	const struct proc *p, bool (*fn)(term type, term target, term reference, void *arg), void *arg)
{
	if (p->relations == NULL)
		return;
	list_foreach (n, &p->relations->monitors) {
		struct monitor *m = list_entry(n, struct monitor, at_origin);
		if (!(m->flags & MONITOR_IS_SET))
			continue;
		term w[ALIAS_REF_WORDS], named[3] = { HEADER(BOXED_TUPLE, 2), m->name, m->node };
		term type = (m->flags & MONITOR_PORT) ? A(port) : A(process);
		if (!fn(type, m->name == TERM_NONE ? m->target : term_of_boxed(named), put_ref(m, w), arg))
			return;
	}
}

void proc_monitored_by_each(const struct proc *p, bool (*fn)(term watcher, term reference, void *arg), void *arg)
{
	if (p->relations == NULL)
		return;
	list_foreach (n, &p->relations->monitored_by) {
		struct monitor *m = list_entry(n, struct monitor, at_target);
		term w[ALIAS_REF_WORDS];
		if (!fn(m->origin, put_ref(m, w), arg))
			return;
	}
}

void proc_dict_each(const struct proc *p, bool (*fn)(term key, term value, void *arg), void *arg)
{
	for (uint32_t i = 0; i < dict_count(p); i++)
		if (!fn(p->dict->pairs[2 * (size_t)i], p->dict->pairs[2 * (size_t)i + 1], arg))
			return;
}

term proc_dict_get(const struct proc *p, term key)
{
	return dict_get(p, key);
}

void proc_messages_each(const struct proc *p, bool (*fn)(const struct message *m, void *arg), void *arg)
{
	for (struct signal *s = p->mailbox.first; s != NULL; s = s->next)
		if (!fn(signal_message(s), arg))
			return;
}

term registry_whereis(struct ns *ns, term name)
{
	return registry_find_own(ns, name);
}

void registry_each(struct ns *ns, bool (*fn)(term name, term pid, void *arg), void *arg)
{
	registry_entries entries = { 0 };
	registry_list(ns, &entries);
	vec_foreach (e, &entries)
		if (!fn(e->name, e->value, arg))
			break;
	vec_done(&entries);
}

term registry_name_of(const struct proc *p)
{
	return atomic_load_acquire(&((struct proc *)(uintptr_t)p)->name);
}
