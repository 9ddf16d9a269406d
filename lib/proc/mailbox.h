/* SPDX-License-Identifier: Apache-2.0 */
/* The mailbox: messages fetched from the inbox, oldest first, and where a receive has come to. Owner only.
 * The engine's side is in proc/proc.h. */
#pragma once
#include "proc/signal.h"
#include "proc/tracing.h"
#include "proc/watch.h"

static inline void mailbox_append(struct proc *p, struct signal *s)
{
	if (unlikely(!(s->flags & SIGNAL_CHARGED)))
		message_charge(signal_message(s), p->account);
	if (proc_traces(p, PROC_TRACE_RECEIVE))
		proc_tracing.receive(p, signal_message(s));
	s->next = NULL;
	*p->mailbox.last = s;
	p->mailbox.last = &s->next;
	atomic_store_relaxed(&p->mailbox_length, atomic_load_relaxed(&p->mailbox_length) + 1);
	if (watching(WATCH_QUEUE))
		proc_tracing.queue(p);
}

/* Behind the priority messages that wait already, before all others. */
void mailbox_put_first(struct proc *p, struct signal *s);

static inline void mailbox_put(struct proc *p, struct signal *s)
{
	if (unlikely(s->flags & SIGNAL_PRIORITY))
		mailbox_put_first(p, s);
	else
		mailbox_append(p, s);
}

void mailbox_init(struct mailbox *mailbox);
void mailbox_free(struct proc *p);
/* While a receive matches, x registers may point into the current message: its memory becomes the heap's before a
 * collection, and a copy stays in the mailbox. */
void mailbox_adopt_current(struct proc *p);
/* Takes out the first {_, Ref, _, _, _}; false when there is none. */
bool mailbox_flush_down(struct proc *p, term reference);
/* Whether a waiting process has something to look at. */
static inline bool mailbox_has_next(const struct proc *p)
{
	return *p->mailbox.save != NULL;
}
