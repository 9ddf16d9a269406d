/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting the names of a living namespace: atoms, exports and left-over funs that nothing in it refers to any more come back.
 *
 * Life of a collection:
 *   1 names_collect(): what the namespace holds is set aside, still held; one epoch passes, after which nobody is in the midst of putting
 *     somewhere what he held before. From here on whatever is sent to it is held anew (signal_send()), as is what its modules name
 *   2 it stands still (proc/still.h)
 *   3 everything that its processes and its parts (struct ns_part) keep is looked at, and held anew. It goes on
 *   4 one more epoch passes: what was under way between places that were looked at has been sent
 *   5 names_collected(): what nobody has found is given up
 * Only 2 and 3 are a pause, of this namespace alone, and as long as what lives in it is large.
 * Where roots are: a process's are those of the collector of heaps (proc_roots()) and what names.c adds; owned terms are listed by their
 * account; every part of a namespace says what it keeps. In builds that look for mistakes an atom that was given up is no more, and its number
 * is never another's, so that whoever still has it is found out at the next look at its text.
 * By itself a collection begins when a namespace has made three quarters of the atoms that it has room for since the last one, and when somebody
 * wants one too many; only what does not fit after that raises system_limit. Threads: any. */
#pragma once
#include "heap/names_walk.h"
#include "proc/proc.h"

struct names_outcome {
	uint64_t before, after; /* atoms that the namespace holds */
	int64_t pause_usec;     /* how long it stood still */
	int64_t walk_usec;      /* of that, looking */
	size_t words;           /* looked at */
};

/* done (may be NULL) is called on any thread, once a collection that began after the call is over; outcome NULL: the machine stops first.
 * False: the namespace ends, done is not called. */
bool names_collect_of(struct ns *ns, void (*done)(void *arg, const struct names_outcome *outcome), void *arg);

/* For BIFs that make atoms and were refused one. True: the call is to be made again (OUTCOME_AGAIN) when a collection is over, which it
 * has asked for. False: there is no room, which collections have not changed. */
bool names_wait_for_room(struct proc *p);
/* The BIF has made what it wanted. */
static inline void names_had_room(struct proc *p)
{
	if (unlikely(p->extra != NULL && p->extra->names_round != 0)) {
		p->extra->names_round = 0;
		p->extra->names_tries = p->extra->names_vain = 0;
	}
}

/* What all processes and timers of a namespace keep, for the part of it that they are. */
void proc_names_walk(struct ns *ns, struct names_walk *walk);
/* For the end of a namespace: no collection is under way. */
void names_collection_done(struct ns *ns);
/* When the machine's threads have ended: those that are under way are never over. */
void names_collections_stop(void);
/* Once at start. */
void proc_names_init(void);
