/* SPDX-License-Identifier: Apache-2.0 */
/* Monitors, both ends of them, and aliases. See proc/relation.h.
 *
 * Who holds a count of a node: the origin while the node stands in its table; the target while the node stands in its
 * list; a MONITOR or DOWN on its way (the target's), a DEMONITOR on its way (one of its own).
 * Invariant: relations->by_ref is either empty or holds every node of relations->monitors. */
#include "proc/relation.h"

#include "proc/deaths.h"
#include "proc/table.h"
#include "term/atom.h"
#include "term/ident.h"

#define HASH_FROM 9 /* nodes from which on references are hashed */

static inline uint64_t ref_key(struct ref_id ref)
{
	return ref.low ^ ref.high << 48;
}

struct monitor *monitor_unref(struct monitor *m)
{
	if (atomic_sub_acq_rel(&m->refs, 1) == 1) {
		(void)owned_term_free(m->tag);
		message_free(m->reason);
		account_charge(m->account, ACCOUNT_PROCESSES, -(int64_t)sizeof(*m));
		mem_free(MEM_PROC, m, sizeof(*m));
	}
	return NULL;
}

/* Whoever holds the node longest may work for another: the message goes now. */
static void drop_reason(struct monitor *m)
{
	message_free(m->reason);
	m->reason = NULL;
}

void monitor_drop_down(struct monitor *m)
{
	drop_reason(m);
	(void)monitor_unref(m);
}

struct monitor *monitor_find(const struct proc *p, struct ref_id ref)
{
	const struct relations *r = p->relations;
	if (r == NULL)
		return NULL;
	if (r->by_ref.count != 0) {
		struct wordmap_entry *e = wordmap_find(&r->by_ref, ref_key(ref));
		return e != NULL ? (struct monitor *)(uintptr_t)e->value : NULL;
	}
	list_foreach (n, &r->monitors) {
		struct monitor *m = list_entry(n, struct monitor, at_origin);
		if (ref_id_equal(m->ref, ref))
			return m;
	}
	return NULL;
}

static void table_add(struct proc *p, struct monitor *m)
{
	struct relations *r = relations(p);
	list_append(&r->monitors, &m->at_origin);
	if (++r->monitor_count < HASH_FROM)
		return;
	proc_memory_changed(p);
	if (r->by_ref.count != 0) {
		wordmap_put(&r->by_ref, MEM_PROC, ref_key(m->ref), NULL)->value = (uintptr_t)m;
		return;
	}
	list_foreach (n, &r->monitors) {
		struct monitor *each = list_entry(n, struct monitor, at_origin);
		wordmap_put(&r->by_ref, MEM_PROC, ref_key(each->ref), NULL)->value = (uintptr_t)each;
	}
}

static void table_remove(struct proc *p, struct monitor *m)
{
	struct relations *r = p->relations;
	list_remove(&m->at_origin);
	r->monitor_count--;
	if (r->by_ref.count != 0) {
		(void)wordmap_remove(&r->by_ref, MEM_PROC, ref_key(m->ref));
		proc_memory_changed(p);
	}
	(void)monitor_unref(m);
}

static struct monitor *node_new(struct proc *p, term target, unsigned flags, term *ret_ref)
{
	struct monitor *m = mem_alloc(MEM_PROC, sizeof(*m));
	bool alias = (flags & (MONITOR_ALIAS | MONITOR_SPAWN_REQUEST)) != 0;
	*m = (struct monitor){
		.there.kind = SIGNAL_MONITOR,
		.gone.kind = SIGNAL_DEMONITOR,
		.ref = ref_new_id(),
		.account = p->account,
		.origin = p->pid,
		.target = target,
		.name = TERM_NONE,
		.flags = (uint8_t)flags,
		.was_alias = alias,
	};
	account_charge(m->account, ACCOUNT_PROCESSES, sizeof(*m));
	atomic_store_relaxed(&m->refs, 1);
	term *w = heap_alloc(&p->mem.heap, alias ? ALIAS_REF_WORDS : REF_WORDS);
	*ret_ref = alias ? alias_ref_put(w, m->ref, p->pid) : ref_put(w, m->ref);
	return m;
}

/* A DOWN that is on its way to its origin. Takes the target's count. cause: the crash id of the first death of its chain. */
static void send_down(struct monitor *m, term reason, struct beamr_crash_id cause)
{
	if (m->name != TERM_NONE && m->node != A(nonode_nohost))
		reason = A(noconnection);
	m->reason = message_copy(SIGNAL_MESSAGE, 0, DOWN_ROOM, reason);
	_Static_assert(sizeof(cause) <= DOWN_ROOM * sizeof(term), "it fits before the reason");
	memcpy(m->reason->fragment.data, &cause, sizeof(cause));
	m->there.kind = SIGNAL_DOWN;
	signal_send_or_refuse(proc_lookup(m->origin), &m->there);
}

void monitor_refuse(struct monitor *m, term reason)
{
	send_down(m, reason, (struct beamr_crash_id){ 0 });
}

term monitor_make(struct proc *p, term target, const struct monitor_how *how, struct monitor **ret_monitor)
{
	term ref;
	struct monitor *m = node_new(p, target, how->flags | MONITOR_IS_SET, &ref);
	m->name = how->name;
	m->node = how->node;
	if (how->tag != TERM_NONE && how->tag != A(DOWN))
		m->tag = owned_term_new(MEM_PROC, how->tag);
	atomic_store_relaxed(&m->refs, 2);
	table_add(p, m);
	if (unlikely(report_asked(BEAMR_REPORT_MONITOR)))
		proc_report(p, BEAMR_REPORT_MONITOR, target, ref, TERM_NONE);
	if (ret_monitor != NULL)
		*ret_monitor = m;
	else
		signal_deliver_by(p, target, &m->there);
	return ref;
}

term monitor_make_alone(struct proc *p, unsigned flags)
{
	term ref;
	struct monitor *m = node_new(p, TERM_NONE, flags, &ref);
	table_add(p, m);
	return ref;
}

static bool node_has_use(const struct monitor *m)
{
	return (m->flags & (MONITOR_IS_SET | MONITOR_ALIAS | MONITOR_CLOCK | MONITOR_SPAWN_REQUEST)) != 0;
}

/* The monitor ends at this end: tells the target. The node leaves the table unless its alias goes on. */
static void stop_monitoring(struct proc *p, struct monitor *m)
{
	m->flags &= (uint8_t)~MONITOR_IS_SET;
	atomic_add_relaxed(&m->refs, 1); /* DEMONITOR's own */
	if (!node_has_use(m))
		table_remove(p, m);
	signal_deliver(m->target, &m->gone);
}

static void end_alias(struct monitor *m)
{
	m->flags &= (uint8_t)~(MONITOR_ALIAS | MONITOR_ALIAS_DEMONITOR | MONITOR_ALIAS_REPLY);
}

static _noinline_ void report_monitor(struct proc *p, enum beamr_report_kind kind, const struct monitor *m, term reason)
{
	term at[ALIAS_REF_WORDS];
	proc_report(p, kind, m->target, m->was_alias ? alias_ref_put(at, m->ref, p->pid) : ref_put(at, m->ref), reason);
}

void monitor_take_away(struct proc *p, struct monitor *m)
{
	if (m->flags & (MONITOR_ALIAS_DEMONITOR | MONITOR_ALIAS_REPLY))
		end_alias(m);
	if (m->flags & MONITOR_CLOCK) {
		table_remove(p, m);
		return;
	}
	if (unlikely(report_asked(BEAMR_REPORT_DEMONITOR)))
		report_monitor(p, BEAMR_REPORT_DEMONITOR, m, TERM_NONE);
	stop_monitoring(p, m);
}

bool alias_take_away(struct proc *p, struct ref_id ref)
{
	struct monitor *m = monitor_find(p, ref);
	if (m == NULL || !(m->flags & MONITOR_ALIAS))
		return false;
	end_alias(m);
	if (!node_has_use(m))
		table_remove(p, m);
	return true;
}

bool alias_accepts(struct proc *p, struct ref_id ref)
{
	struct monitor *m = monitor_find(p, ref);
	if (m == NULL || !(m->flags & MONITOR_ALIAS))
		return false;
	if (m->flags & MONITOR_ALIAS_REPLY) {
		end_alias(m);
		if (m->flags & MONITOR_IS_SET)
			stop_monitoring(p, m);
		else
			table_remove(p, m);
	}
	return true;
}

void monitor_signal_monitor(struct proc *p, struct monitor *m)
{
	struct relations *r = relations(p);
	m->is_there = true;
	list_append(&r->monitored_by, &m->at_target);
	r->monitored_by_count++;
}

void monitor_signal_demonitor(struct proc *p, struct monitor *m)
{
	if (m->is_there) {
		m->is_there = false;
		list_remove(&m->at_target);
		p->relations->monitored_by_count--;
		(void)monitor_unref(m); /* the target's; there is still the signal's */
	}
	(void)monitor_unref(m);
}

struct message *monitor_signal_down(struct proc *p, struct monitor *m)
{
	struct message *down = NULL;
	if (m->flags & MONITOR_IS_SET) {
		down = m->reason;
		m->reason = NULL;
		struct beamr_crash_id cause;
		memcpy(&cause, down->fragment.data, sizeof(cause));
		if (!crash_id_is_none(cause) && (p->flags & PROC_TRAP_EXIT))
			deaths_told(p, m->target, down->value, cause);
		if (unlikely(report_asked(BEAMR_REPORT_DOWN)))
			report_monitor(p, BEAMR_REPORT_DOWN, m, down->value);
		if (m->tag != NULL && !term_is_immediate(m->tag->value)) {
			/* Rare: a tag with memory of its own. Both go into one new message. */
			struct message *old = down;
			size_t tag_words = heap_copy_words(m->tag->value);
			down = message_copy(SIGNAL_MESSAGE, 0, DOWN_ROOM + tag_words, old->value);
			message_free(old);
		}
		term *w = down->fragment.data, *tag_at = w + DOWN_ROOM;
		w[0] = HEADER(BOXED_TUPLE, 5);
		w[1] = m->tag == NULL ? A(DOWN) : heap_copy_into(m->tag->value, &tag_at, &down->offheap);
		w[2] = m->was_alias ? alias_ref_put(w + 6, m->ref, p->pid) : ref_put(w + 6, m->ref);
		w[3] = (m->flags & MONITOR_PORT) ? A(port) : A(process);
		w[4] = m->target;
		w[5] = down->value;
		if (m->flags & MONITOR_PRIORITY)
			down->signal.flags |= SIGNAL_PRIORITY;
		if (m->name != TERM_NONE) {
			term *n = w + 6 + ALIAS_REF_WORDS;
			n[0] = HEADER(BOXED_TUPLE, 2);
			n[1] = m->name;
			n[2] = m->node;
			w[4] = term_of_boxed(n);
		}
		down->value = term_of_boxed(w);
		m->flags &= (uint8_t)~MONITOR_IS_SET;
		if (m->flags & (MONITOR_ALIAS_DEMONITOR | MONITOR_ALIAS_REPLY))
			end_alias(m);
		if (!node_has_use(m))
			table_remove(p, m);
	} else {
		drop_reason(m);
	}
	(void)monitor_unref(m);
	return down;
}

void monitors_end(struct proc *p, term reason, struct beamr_crash_id cause)
{
	struct relations *r = p->relations;
	if (r == NULL)
		return;
	while (!list_is_empty(&r->monitored_by)) {
		struct monitor *m = list_entry(r->monitored_by.next, struct monitor, at_target);
		list_remove(&m->at_target);
		m->is_there = false;
		send_down(m, reason, cause);
	}
	wordmap_done(&r->by_ref, MEM_PROC);
	while (!list_is_empty(&r->monitors)) {
		struct monitor *m = list_entry(r->monitors.next, struct monitor, at_origin);
		list_remove(&m->at_origin);
		if (m->flags & MONITOR_IS_SET) {
			m->flags = 0;
			signal_deliver(m->target, &m->gone);
		} else {
			(void)monitor_unref(m);
		}
	}
}
