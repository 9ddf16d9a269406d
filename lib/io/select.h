/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness for native resources, as enif_select(): a process asks once, and once gets {select, Object, Ref, ready_input} or
 * ready_output.
 *
 * A struct selectable is part of a counted resource. It is watched by the worker that first asked for it; while somebody waits, or its
 * home has something to do for it, it holds a count of the resource. Threads: any, unless told otherwise. */
#pragma once
#include "base/lock.h"
#include "heap/offheap.h"
#include "io/poll.h"

struct selectable {
	struct counted *resource; /* fixed */
	struct ref_id id;         /* of the magic reference that names the resource; fixed */
	void (*stopped)(struct selectable *s); /* fixed */

	/* guarded by lock */
	struct mutex lock;

	struct select_wait {
		term pid; /* TERM_NONE: nobody */
		struct owned_term *ref;
	} waits[2];

	bool posted;
	bool stop;

	/* its home's */
	struct pollee pollee;
	bool watched;
	bool holds; /* a count, since something is wanted */
	struct poll_task task;
};

/* resource: the magic reference's; not counted here. stopped (may be NULL): see select_stop(). */
void select_init(struct selectable *s, struct counted *resource, struct ref_id id,
	void (*stopped)(struct selectable *s));
/* Of one that nothing is watched of. */
void select_done(struct selectable *s);
/* Tells pid once when fd is ready for `which` (one of enum poll_events); the one who waited before is forgotten. ref: copied.
 * fd is the same each time. */
void select_start(struct selectable *s, int fd, unsigned which, term pid, term ref);
/* Nobody is told any more; stopped() is called when the descriptor is not watched, on its home's thread or here. */
void select_stop(struct selectable *s);
