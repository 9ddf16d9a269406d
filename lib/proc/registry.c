/* SPDX-License-Identifier: Apache-2.0 */
/* Registered names: striped by name, so that look-ups of different names do not meet.
 *
 * Registering a process that is about to end: registry_add writes proc->name and then looks at the state; registry_end,
 * whose caller has set STATE_EXITING, looks at proc->name. One of the two sees the other. */
#include "proc/registry.h"

#include "base/wordmap.h"
#include "ns/channel.h"
#include "proc/proc.h"
#include "term/atom.h"

#define STRIPES 64

struct registry {
	struct stripe {
		struct mutex lock;
		struct wordmap names; /* guarded by lock */
	} stripes[STRIPES];
};

struct registry *registry_new(void)
{
	struct registry *r = mem_zalloc(MEM_NS, sizeof(*r));
	for (unsigned i = 0; i < STRIPES; i++)
		mutex_init(&r->stripes[i].lock, LOCK_REGISTRY);
	return r;
}

struct registry *registry_free(struct registry *r)
{
	if (r == NULL)
		return NULL;
	for (unsigned i = 0; i < STRIPES; i++) {
		wordmap_done(&r->stripes[i].names, MEM_NS);
		mutex_done(&r->stripes[i].lock);
	}
	mem_free(MEM_NS, r, sizeof(*r));
	return NULL;
}

static inline struct stripe *stripe_of(const struct ns *ns, term name)
{
	return &ns->registry->stripes[atom_index(name) % STRIPES];
}

term registry_find_own(const struct ns *ns, term name)
{
	struct stripe *s = stripe_of(ns, name);
	mutex_lock(&s->lock);
	struct wordmap_entry *e = wordmap_find(&s->names, name);
	term found = e != NULL ? e->value : TERM_NONE;
	mutex_unlock(&s->lock);
	return found;
}

term registry_find(const struct ns *ns, term name)
{
	term found = registry_find_own(ns, name), name_there;
	if (likely(found != TERM_NONE))
		return found;
	const struct ns *there = channel_find(ns, name, &name_there);
	found = there != NULL ? registry_find_own(there, name_there) : TERM_NONE;
	return found != TERM_NONE && term_is_local_port(found) ? TERM_NONE : found; /* ports are their namespace's alone */
}

int registry_add(struct ns *ns, term name, struct proc *p)
{
	struct stripe *s = stripe_of(ns, name);
	int r = 0;
	if (p->ns != ns)
		return REGISTRY_E_NO_PROCESS; /* names are a namespace's own, and so are those who bear them */
	if (channel_has(ns, name))
		return REGISTRY_E_TAKEN;
	mutex_lock(&s->lock);
	term none = TERM_NONE;
	bool added = false;
	struct wordmap_entry *e = wordmap_put(&s->names, MEM_NS, name, &added);
	if (!added) {
		r = REGISTRY_E_TAKEN;
	} else if (!atomic_compare_exchange_strong_explicit(
			   &p->name, &none, name, memory_order_seq_cst, memory_order_relaxed)) {
		r = REGISTRY_E_HAS_NAME;
	} else if (atomic_load_explicit(&p->state, memory_order_seq_cst) & STATE_EXITING) {
		atomic_store_relaxed(&p->name, TERM_NONE);
		r = REGISTRY_E_NO_PROCESS;
	} else {
		e->value = p->pid;
	}
	if (r != 0 && added)
		(void)wordmap_remove(&s->names, MEM_NS, name);
	mutex_unlock(&s->lock);
	return r;
}

int registry_add_port(struct ns *ns, term name, term port)
{
	struct stripe *s = stripe_of(ns, name);
	bool added;
	if (channel_has(ns, name))
		return REGISTRY_E_TAKEN;
	mutex_lock(&s->lock);
	struct wordmap_entry *e = wordmap_put(&s->names, MEM_NS, name, &added);
	if (added)
		e->value = port;
	mutex_unlock(&s->lock);
	return added ? 0 : REGISTRY_E_TAKEN;
}

bool registry_remove(struct ns *ns, term name)
{
	struct stripe *s = stripe_of(ns, name);
	mutex_lock(&s->lock);
	struct wordmap_entry *e = wordmap_find(&s->names, name);
	bool there = e != NULL;
	if (there) {
		/* The table holds the process still: registry_end, which comes before it leaves, waits for the lock. */
		struct proc *p = term_is_local_pid(e->value) ? proc_lookup_exiting(e->value) : NULL;
		if (p != NULL)
			atomic_store_relaxed(&p->name, TERM_NONE);
		if (term_is_local_port(e->value))
			port_unnamed(e->value);
		(void)wordmap_remove(&s->names, MEM_NS, name);
	}
	mutex_unlock(&s->lock);
	return there;
}

bool registry_remove_port(struct ns *ns, term name, term port)
{
	struct stripe *s = stripe_of(ns, name);
	mutex_lock(&s->lock);
	struct wordmap_entry *e = wordmap_find(&s->names, name);
	bool there = e != NULL && e->value == port;
	if (there)
		(void)wordmap_remove(&s->names, MEM_NS, name);
	mutex_unlock(&s->lock);
	return there;
}

void registry_end(struct proc *p)
{
	term name = atomic_load_explicit(&p->name, memory_order_seq_cst);
	if (name == TERM_NONE)
		return;
	struct stripe *s = stripe_of(p->ns, name);
	mutex_lock(&s->lock);
	struct wordmap_entry *e = wordmap_find(&s->names, name);
	if (e != NULL && e->value == p->pid)
		(void)wordmap_remove(&s->names, MEM_NS, name);
	mutex_unlock(&s->lock);
}

void registry_list(const struct ns *ns, registry_entries *ret_entries)
{
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe *s = &ns->registry->stripes[i];
		mutex_lock(&s->lock);
		wordmap_foreach (e, &s->names)
			vec_push(ret_entries, ((struct registry_entry){ e->key, e->value }));
		mutex_unlock(&s->lock);
	}
}

size_t registry_count(const struct ns *ns)
{
	size_t n = 0;
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe *s = &ns->registry->stripes[i];
		mutex_lock(&s->lock);
		n += s->names.count;
		mutex_unlock(&s->lock);
	}
	return n;
}
