/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs next among namespaces: start-time fair queuing over the processor time that each has had, divided by its weight.
 *
 * What waits on one worker waits in shares, one a namespace: queues by priority, which rank inside of the share only. The worker
 * takes from the share whose namespace has had the least virtual time. Virtual time is one number a namespace, for all workers (struct account);
 * a share is sorted by what it was when it was last looked at, which is never more than it is now, so that the first one is looked at again.
 * `now` follows the least virtual time of all who run or wait, on whatever worker, while anybody waits, and the most while nobody does
 * (fair_advance()). A share that begins to wait gets a place near it: nobody saves up time by sleeping, nor owes for what it used while
 * nobody else wanted it.
 *
 * Workers keep queues of their own, so shares hold for the machine because processes move (sched.c): a worker that is about to run
 * somebody who has had more fetches somebody who waits elsewhere and has had less; and processes of the namespace that it runs, when where they
 * wait nobody has taken one for a while. What nobody can mend: a process uses one worker at a time, so a namespace with fewer
 * processes that want to run than its part of the workers gets as many workers as it has processes.
 * A namespace that has had its quota of a window is parked: its shares stand aside until the window ends.
 * Invariant: a share is in the heap, or parked, exactly while it is not empty. All of it is guarded by the worker's lock. */
#pragma once
#include "base/account.h"
#include "proc/proc.h"

struct queue {
	struct proc *first;
	struct proc *last;
};

struct share {
	struct account *account;
	struct queue queues[PRIORITY_MAX + 1];
	uint64_t key;            /* virtual time by which it is sorted */
	_Atomic uint32_t length; /* written under the lock; a moment old for others */
	_Atomic uint32_t
		turns;  /* the same: rises when it begins to wait and when one of it is taken */
	uint32_t place; /* in the heap */
	unsigned low_turn;
	uint64_t
		began; /* turns of the worker when it began to wait; UINT64_MAX: it has had one since */
	_Atomic uint64_t longest_wait; /* turns that others had meanwhile, at most so far */
	bool parked;
	struct share *parked_next;
	/* Of those who look at it from elsewhere, to see whether it stands still; a race between them does no harm. */
	_Atomic uint32_t seen_turns;
	_Atomic int64_t seen_at;
};

/* Of one worker. */
struct fair {
	struct share **heap;
	uint32_t count;
	uint32_t capacity;
	uint64_t turns; /* processes taken so far to be run */
	struct share *parked;
	int64_t unpark_at; /* monotonic nanoseconds; 0: nobody is parked */
};

/* A namespace's share on that worker, made when first asked for. Threads: any. */
struct share *fair_share(struct ns *ns, unsigned worker, unsigned workers);
/* For the end of a namespace, and of all. */
void fair_ns_done(struct ns *ns);
void fair_all_done(void);
void fair_done(struct fair *f);

/* floor: the least virtual time of all who run or wait. */
void fair_advance(uint64_t floor);

/* front: before those of its priority that wait. Returns whether it waits for the worker: false when the share is parked. */
bool fair_put(struct fair *f, struct share *s, struct proc *p, bool front);
/* The next to run, NULL without. *ret_parked: how many stand aside from now on. */
struct proc *fair_take(struct fair *f, int64_t now_nsec, uint32_t *ret_parked);
/* Takes up to `want` for another worker, from all shares alike; returns how many. */
uint32_t fair_steal(struct fair *f, uint32_t want, struct proc **ret_taken);
/* Takes one of the first share; NULL when that one's virtual time is not below `below`. */
struct proc *fair_steal_first(struct fair *f, uint64_t below);
/* Half of what waits in one share, at least one. */
uint32_t fair_steal_share(struct fair *f, struct share *s, uint32_t want, struct proc **ret_taken);
/* Brings that account's share back before its window has ended; returns how many processes wait again. */
uint32_t fair_bring_back(struct fair *f, const struct account *account);
/* Brings back those whose window has ended; returns how many processes wait again. */
uint32_t fair_unpark(struct fair *f, int64_t now_nsec);

void queue_put(struct queue *q, struct proc *p);
struct proc *queue_take(struct queue *q);
