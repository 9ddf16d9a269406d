/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving: walking the fetched messages, taking one out, markers that let a receive for a fresh reference begin
 * behind older messages, and the after-timer.
 *
 * Invariant: `save`, `priority_end` and every marker's position are links in the chain: &first, or &next of a message that is in it.
 * So whoever takes a message out corrects what pointed at its `next`. Priority messages stand first, in the order in which they came; while
 * there are any, no marker counts, since what a reference is in may stand before it. */
#include "proc/mailbox.h"

#include "base/clock.h"
#include "proc/timer.h"
#include "proc/worker.h"
#include "term/atom.h"
#include "term/compare.h"
#include "term/ident.h"

/* Bound: a process has at most this many open markers; a further one is not made, and its receive walks everything, as
 * in OTP. */
#define MARKERS 8

struct recv_markers {
	unsigned next_id;
	unsigned count;
	struct signal **priority_end; /* the link behind the last priority message that waits; NULL: there never was one */
	struct marker {
		unsigned id; /* 0: free */
		bool bound;
		struct ref_id ref;
		struct signal **position;
	} markers[MARKERS];
};

static bool has_priority(const struct mailbox *mb)
{
	return mb->markers != NULL && mb->markers->priority_end != NULL && mb->markers->priority_end != &mb->first;
}

void mailbox_init(struct mailbox *mailbox)
{
	*mailbox = (struct mailbox){ 0 };
	mailbox->last = mailbox->save = &mailbox->first;
}

void mailbox_free(struct proc *p)
{
	struct mailbox *mailbox = &p->mailbox;
	struct signal *s = mailbox->first;
	while (s != NULL) {
		struct signal *next = s->next;
		message_free(signal_message(s));
		s = next;
	}
	mem_free(MEM_PROC, mailbox->markers, sizeof(*mailbox->markers));
	mailbox_init(mailbox);
	atomic_store_relaxed(&p->mailbox_length, 0);
}

void mailbox_put_first(struct proc *p, struct signal *s)
{
	struct mailbox *mb = &p->mailbox;
	if (unlikely(!(s->flags & SIGNAL_CHARGED)))
		message_charge(signal_message(s), p->account);
	if (proc_traces(p, PROC_TRACE_RECEIVE))
		proc_tracing.receive(p, signal_message(s));
	if (mb->markers == NULL)
		mb->markers = mem_zalloc(MEM_PROC, sizeof(*mb->markers));
	/* Signals are looked at between messages, in all code that a compiler makes. In other code the current one stays it. */
	bool matching = (p->flags & PROC_MATCHING) && *mb->save != NULL;
	struct signal **link = matching		    ? &(*mb->save)->next
			       : mb->markers->priority_end != NULL ? mb->markers->priority_end
								   : &mb->first;
	s->next = *link;
	*link = s;
	if (mb->last == link)
		mb->last = &s->next;
	if (!matching) {
		mb->markers->priority_end = &s->next;
		mb->save = &mb->first; /* a receive that is further on goes back */
	}
	atomic_store_relaxed(&p->mailbox_length, atomic_load_relaxed(&p->mailbox_length) + 1);
	if (watching(WATCH_QUEUE))
		proc_tracing.queue(p);
}

struct message *mailbox_current(struct proc *p)
{
	if (*p->mailbox.save == NULL) {
		/* A process that was told to end while this batch was fetched ends at its next step. */
		if (!signals_waiting(p) || !signals_fetch(p) || *p->mailbox.save == NULL)
			return NULL;
	}
	p->flags |= PROC_MATCHING;
	return signal_message(*p->mailbox.save);
}

term message_value(const struct message *m)
{
	return m->value;
}

/* The message behind link leaves the chain; what pointed at its `next` points at link. */
static struct message *take_out(struct proc *p, struct signal **link)
{
	struct mailbox *mb = &p->mailbox;
	struct signal *s = *link;
	*link = s->next;
	if (mb->last == &s->next)
		mb->last = link;
	if (mb->save == &s->next)
		mb->save = link;
	if (mb->markers != NULL) {
		if (mb->markers->priority_end == &s->next)
			mb->markers->priority_end = link;
		for (unsigned i = 0; i < MARKERS; i++)
			if (mb->markers->markers[i].position == &s->next)
				mb->markers->markers[i].position = link;
	}
	atomic_store_relaxed(&p->mailbox_length, atomic_load_relaxed(&p->mailbox_length) - 1);
	return signal_message(s);
}

void mailbox_remove(struct proc *p)
{
	if (unlikely(*p->mailbox.save == NULL))
		return; /* no compiler's code: there is no current message */
	struct message *m = take_out(p, p->mailbox.save);
	p->mailbox.save = &p->mailbox.first;
	p->flags &= ~(unsigned)PROC_MATCHING;
	if (p->flags & PROC_TIMEOUT_SET)
		timer_receive_stop(p);
	if (unlikely((m->signal.flags & SIGNAL_TOKEN) != 0 || (p->flags & (PROC_SEQ_TOKEN | PROC_LONG_QUEUE)) != 0)) {
		if ((m->signal.flags & SIGNAL_TOKEN) != 0 || (p->flags & PROC_SEQ_TOKEN) != 0)
			proc_tracing.take_token(p, m);
		if (p->flags & PROC_LONG_QUEUE)
			proc_tracing.queue(p);
	}
	message_join_heap(m, &p->mem.heap);
}

void mailbox_next(struct proc *p)
{
	if (unlikely(*p->mailbox.save == NULL))
		return; /* as above */
	p->mailbox.save = &(*p->mailbox.save)->next;
	p->flags &= ~(unsigned)PROC_MATCHING;
}

void mailbox_timeout(struct proc *p)
{
	p->mailbox.save = &p->mailbox.first;
	p->flags &= ~(unsigned)PROC_MATCHING;
	if (p->flags & PROC_TIMEOUT_SET)
		timer_receive_stop(p);
	if (proc_traces(p, PROC_TRACE_RECEIVE))
		proc_tracing.receive(p, NULL);
}

bool mailbox_wait_timeout(struct proc *p, term time, bool *ret_expired)
{
	if (p->flags & PROC_TIMEOUT_SET) {
		*ret_expired = timer_receive_expired(p);
		return true;
	}
	*ret_expired = false;
	if (time == A(infinity))
		return true;
	if (!term_is_small(time) || small_value(time) < 0 || small_value(time) > UINT32_MAX) {
		/* The receive ends by an exception, and the next one begins at the first message. */
		p->mailbox.save = &p->mailbox.first;
		return false;
	}
	if (time == TERM_ZERO) {
		*ret_expired = true;
		return true;
	}
	int64_t msec = small_value(time);
	timer_receive_start(p, (msec < 1000 ? clock_monotonic_nsec() : clock_monotonic_late_nsec()) + msec * 1000000);
	return true;
}

void mailbox_adopt_current(struct proc *p)
{
	struct signal **link = p->mailbox.save;
	struct message *old = signal_message(*link);
	if (!(p->flags & PROC_MATCHING) || old == NULL || term_is_immediate(old->value))
		return;
	bool token = (old->signal.flags & SIGNAL_TOKEN) != 0;
	struct message *copy =
		message_copy(SIGNAL_MESSAGE, token ? offsetof(struct token_signal, message) : 0, 0, old->value);
	copy->signal = old->signal;
	if (token) {
		message_owner(copy, struct token_signal)->token = message_owner(old, struct token_signal)->token;
		old->signal.flags &= (uint8_t)~SIGNAL_TOKEN;
	}
	struct mailbox *mb = &p->mailbox;
	message_charge(copy, p->account);
	copy->signal.next = old->signal.next;
	*link = &copy->signal;
	if (mb->last == &old->signal.next)
		mb->last = &copy->signal.next;
	if (mb->markers != NULL) {
		if (mb->markers->priority_end == &old->signal.next)
			mb->markers->priority_end = &copy->signal.next;
		for (unsigned i = 0; i < MARKERS; i++)
			if (mb->markers->markers[i].position == &old->signal.next)
				mb->markers->markers[i].position = &copy->signal.next;
	}
	message_join_heap(old, &p->mem.heap);
}

/* ------------------------------------------------------------------------------------------------ markers */

static struct marker *marker_of_ref(const struct proc *p, term reference)
{
	struct recv_markers *ms = p->mailbox.markers;
	if (ms == NULL || ms->count == 0 || !term_is_local_ref(reference))
		return NULL;
	struct ref_id ref = ref_id_of(reference);
	for (unsigned i = 0; i < MARKERS; i++)
		if (ms->markers[i].id != 0 && ms->markers[i].bound && ref_id_equal(ms->markers[i].ref, ref))
			return &ms->markers[i];
	return NULL;
}

static void marker_free(struct recv_markers *ms, struct marker *m)
{
	*m = (struct marker){ 0 };
	ms->count--;
}

term recv_marker_reserve(struct proc *p)
{
	struct recv_markers *ms = p->mailbox.markers;
	if (ms == NULL)
		ms = p->mailbox.markers = mem_zalloc(MEM_PROC, sizeof(*ms));
	struct marker *m = NULL;
	if (ms->count == MARKERS) {
		/* The oldest goes: its receive merely walks more. */
		m = &ms->markers[0];
		for (unsigned i = 1; i < MARKERS; i++)
			if (ms->markers[i].id - ms->next_id < m->id - ms->next_id)
				m = &ms->markers[i];
		marker_free(ms, m);
	} else {
		for (m = ms->markers; m->id != 0; m++) {
		}
	}
	ms->next_id = (ms->next_id + 1) & 0x3FFFFFFF;
	if (ms->next_id == 0)
		ms->next_id = 1;
	*m = (struct marker){ .id = ms->next_id, .position = p->mailbox.last };
	ms->count++;
	return term_of_small(m->id);
}

void recv_marker_bind(struct proc *p, term marker, term reference)
{
	struct recv_markers *ms = p->mailbox.markers;
	if (ms == NULL || !term_is_small(marker) || !term_is_local_ref(reference))
		return;
	for (unsigned i = 0; i < MARKERS; i++) {
		struct marker *m = &ms->markers[i];
		if (m->id == 0 || (int64_t)m->id != small_value(marker))
			continue;
		m->bound = true;
		m->ref = ref_id_of(reference);
		return;
	}
}

void recv_marker_clear(struct proc *p, term reference)
{
	struct marker *m = marker_of_ref(p, reference);
	if (m != NULL)
		marker_free(p->mailbox.markers, m);
}

void recv_marker_use(struct proc *p, term reference)
{
	struct marker *m = marker_of_ref(p, reference);
	if (m != NULL && !has_priority(&p->mailbox))
		p->mailbox.save = m->position;
}

bool mailbox_flush_down(struct proc *p, term reference)
{
	/* Nothing older than the reference names it. */
	struct marker *marker = has_priority(&p->mailbox) ? NULL : marker_of_ref(p, reference);
	struct signal **link = marker != NULL ? marker->position : &p->mailbox.first;
	for (; *link != NULL; link = &(*link)->next) {
		term v = signal_message(*link)->value;
		p->reductions--;
		if (!term_is_tuple_of(v, 5) || !term_equal(tuple_element(v, 1), reference))
			continue;
		message_free(take_out(p, link));
		return true;
	}
	return false;
}
