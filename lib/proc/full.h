/* SPDX-License-Identifier: Apache-2.0 */
/* What sending does when the receiver has as many messages as its namespace's mailboxMax allows, by mailboxPolicy: with `kill` the receiver
 * ends when it looks (proc/signal.c), with `drop` the message goes nowhere, with `block` it arrives and the sender waits after it.
 *
 * A sender waits until the receiver has room again or has ended, and for FULL_WAIT_NSEC at most: two that fill each other's mailboxes, or one
 * that waits for an answer in a full one, go on slowly, and none waits for ever. It is suspended meanwhile, so that it hears signals: kills,
 * questions, exits. Its message has been sent before it waits, so that an answer always arrives. Only processes of the receiver's own namespace wait:
 * who sends through a channel must not be held by another service, so what it sends is dropped.
 * Never dropped, and never waited for: what a process sends to itself, system messages, what goes to an alias (the answers of calls), and
 * what no process sends: timers, ports, the news of monitors and links. */
#pragma once
#include "proc/proc.h"
#include "ns/quota.h"

enum mailbox_policy { MAILBOX_KILL, MAILBOX_DROP, MAILBOX_BLOCK };

#define FULL_WAIT_NSEC 1000000000

static inline bool mailbox_is_full(const struct proc *to)
{
	const uint64_t max = ns_limit(to->ns, NS_QUOTA_mailbox_max);
	struct proc *q = (struct proc *)(uintptr_t)to; /* atomic_load takes no const object in C17 */
	return max != 0 &&
	       (uint64_t)atomic_load_relaxed(&q->mailbox_length) + atomic_load_relaxed(&q->inbox_length) >= max;
}

/* mailbox_takes() when the policy is not to kill; counts what is sent. */
bool full_takes(struct proc *p, struct proc *to, term message);

/* Whether p, which runs, may send that to `to`, which is another: false when it is dropped. p may have to wait at the end of its slice, which
 * then is now. */
static inline bool mailbox_takes(struct proc *p, struct proc *to, term message)
{
	return likely(ns_limit(to->ns, NS_QUOTA_mailbox_policy) == MAILBOX_KILL) || full_takes(p, to, message);
}

/* Owner: it has fetched its inbox. What is sent in this very moment may be forgotten: the count is there to be about right. */
static inline void full_fetched(struct proc *p)
{
	if (unlikely(atomic_load_relaxed(&p->inbox_length) != 0))
		atomic_store_relaxed(&p->inbox_length, 0);
}

/* Owner, after a slice with PROC_WANTS_ROOM or PROC_KEEPS_WAITING. */
void full_after_slice(struct proc *p);
/* The end of p: nobody waits for it any more. */
void full_end(struct proc *p);
