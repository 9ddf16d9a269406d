/* SPDX-License-Identifier: Apache-2.0 */
/* A namespace that stands still for a moment: none of its processes runs, so that one thread may read all that they have.
 *
 * Life: 1 MOVING
 *       2 SOON    what of it is away (proc/away.h), or in the midst of a long collection (proc/collect.h), is waited for; what asks to
 *                 go away from now on stands aside; the others run
 *       3 STILL   whoever comes up to be run stands aside, but for long collections; when the last has left its worker `done` is called, on a helper thread
 *       4 still_end(): who stood aside waits for a worker again, or goes away
 * Others send signals as ever, which wait. Nothing else of the machine waits for it, and it for nothing but its own slices.
 * Invariant: a worker says for whom it works before it looks whether that one is still, and that it no longer does before it looks again
 * (base/fence.h); so either it sees that it is, or whoever makes it still sees the worker. */
#pragma once
#include "base/fence.h"
#include "proc/proc.h"
#include "proc/worker.h"

enum still { STILL_MOVING, STILL_SOON, STILL_STILL };

/* False: it is to be still for somebody already. The namespace is held until still_end(). */
bool still_begin(struct ns *ns, void (*done)(struct ns *ns));
/* By whom done was called. */
void still_end(struct ns *ns);

/* The knot: whether any worker works for it; makes one that has STATE_RUNNABLE already wait for a worker. By sched, once at start. */
void still_set_workers(bool (*works)(const struct account *account), void (*again)(struct proc *p));

/* The slow paths of what follows. */
bool still_stands_aside(struct proc *p);
bool still_stays(struct proc *p);
void still_look(struct account *account);

/* Owner, before p is run. False: it stands aside, and is no longer the worker's. */
static inline bool still_enter(struct worker *w, struct proc *p)
{
	atomic_store_relaxed(&w->works_for, p->account); /* the fence orders it */
	fence_light();
	return likely(atomic_load_acquire(&p->account->still) != STILL_STILL) || !still_stands_aside(p);
}

/* The worker has given it up. account stays until the epoch ends. */
static inline void still_leave(struct worker *w, struct account *account)
{
	atomic_store_release(&w->works_for, NULL);
	fence_light();
	if (unlikely(atomic_load_relaxed(&account->still) == STILL_STILL))
		still_look(account);
}

/* From here on one of its processes can not be looked at by others, whoever runs it or nobody; and from here on it can. Inside of an epoch. */
static inline void still_unready(struct account *account)
{
	/* Pairs with still_look(). */
	atomic_fetch_add_explicit(&account->unready, 1, memory_order_seq_cst);
}

static inline void still_ready(struct account *account)
{
	/* Pairs with still_look(). */
	atomic_fetch_sub_explicit(&account->unready, 1, memory_order_seq_cst);
	if (unlikely(atomic_load_explicit(&account->still, memory_order_seq_cst) != STILL_MOVING))
		still_look(account);
}

/* Whether a process must end its slice. */
static inline bool still_wants(const struct account *account)
{
	return unlikely(atomic_load_relaxed(&account->still) == STILL_STILL);
}
