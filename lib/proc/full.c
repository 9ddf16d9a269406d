/* SPDX-License-Identifier: Apache-2.0 */
/* Full mailboxes. A wait: 1 the sender notes whom it waits for, and its slice ends  2 it is suspended, a request takes a waiter to the receiver,
 * and a timer runs  3 whichever comes first, the receiver's request or the timer's, lets it go; the other finds another number and does nothing.
 * Invariant: a waiter belongs to a request that is under way, or to the receiver's list; whoever has it sends it back or frees it. */
#include "proc/full.h"

#include "base/epoch.h"
#include "proc/life.h"
#include "proc/timer.h"
#include "term/atom.h"

struct room_waiter {
	struct room_waiter *next;
	term sender;
	uint64_t number;
};

static bool is_system_message(term message)
{
	return term_is_tuple_of(message, 3) && tuple_element(message, 0) == A(system);
}

bool full_takes(struct proc *p, struct proc *to, term message)
{
	const bool waits = ns_limit(to->ns, NS_QUOTA_mailbox_policy) == MAILBOX_BLOCK && to->ns == p->ns;
	if (!mailbox_is_full(to) || is_system_message(message)) {
		atomic_add_relaxed(&to->inbox_length, 1);
		return true;
	}
	if (ns_limit_note(to->ns, NS_QUOTA_mailbox_max))
		ns_limit_tell(to->ns, NS_QUOTA_mailbox_max, to->pid, waits ? "who sends to it waits" : "what is sent to it is dropped");
	if (!waits)
		return false;
	atomic_add_relaxed(&to->inbox_length, 1);
	proc_extra(p)->room_of = to->pid;
	p->flags |= PROC_WANTS_ROOM;
	p->reductions = 0; /* so that the slice ends */
	return true;
}

static void go_on(struct proc *p, uint64_t number)
{
	if (p == NULL || p->extra == NULL || p->extra->room_wait != number)
		return;
	p->extra->room_wait = 0;
	if (p->suspends > 0 && --p->suspends == 0)
		atomic_and_acq_rel(&p->state, ~(uint32_t)STATE_SUSPENDED);
}

/* The sender's owner. */
static void there_is_room(struct proc *p, void *arg)
{
	struct room_waiter *w = arg;
	go_on(p, w->number);
	mem_free(MEM_PROC, w, sizeof(*w));
}

static void waited_enough(struct proc *p, void *arg)
{
	go_on(p, (uint64_t)(uintptr_t)arg);
}

/* The receiver's owner; p NULL: it has ended. */
static void keep(struct proc *p, void *arg)
{
	struct room_waiter *w = arg;
	if (p == NULL || !mailbox_is_full(p)) {
		proc_request(w->sender, there_is_room, w);
		return;
	}
	w->next = proc_extra(p)->room_waiters;
	p->extra->room_waiters = w;
	p->flags |= PROC_KEEPS_WAITING;
}

static void let_all_go(struct proc *p)
{
	while (p->extra->room_waiters != NULL) {
		struct room_waiter *w = p->extra->room_waiters;
		p->extra->room_waiters = w->next;
		proc_request(w->sender, there_is_room, w);
	}
	p->flags &= ~(uint32_t)PROC_KEEPS_WAITING;
}

static void wait_for_room(struct proc *p)
{
	const term pid = p->extra->room_of;
	p->flags &= ~(uint32_t)PROC_WANTS_ROOM;
	epoch_enter();
	const struct proc *to = proc_lookup(pid);
	bool is_full = to != NULL && mailbox_is_full(to);
	epoch_leave();
	if (!is_full)
		return;
	struct room_waiter *w = mem_alloc(MEM_PROC, sizeof(*w));
	*w = (struct room_waiter){ .sender = p->pid, .number = ++p->extra->room_waits };
	p->extra->room_wait = w->number;
	p->suspends++;
	atomic_or_acq_rel(&p->state, STATE_SUSPENDED);
	timer_request(p->pid, FULL_WAIT_NSEC, waited_enough, (void *)(uintptr_t)w->number);
	proc_request(pid, keep, w);
}

void full_after_slice(struct proc *p)
{
	if ((p->flags & PROC_KEEPS_WAITING) && !mailbox_is_full(p))
		let_all_go(p);
	if (p->flags & PROC_WANTS_ROOM)
		wait_for_room(p);
}

void full_end(struct proc *p)
{
	if (p->flags & PROC_KEEPS_WAITING)
		let_all_go(p);
}
