/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that others may still be reading: it is retired here and freed once every thread has moved on.
 *
 * A thread is inside while it may hold pointers got without a lock. A scheduler is inside for a whole slice and says
 * between slices that it holds none (epoch_quiescent); it is outside while it sleeps. Other threads bracket their
 * reads with epoch_enter and epoch_leave, which nest.
 * What was retired while the epoch was E is freed once the epoch is E + 2: the epoch moves from E to E + 1 only
 * when every thread that is inside has seen E, so by then nobody inside began before the thing was unlinked. */
#pragma once
#include "base/atomic.h"
#include "base/check.h"

struct epoch_item {
	struct epoch_item *next;
	void (*free)(struct epoch_item *);
};

/* For readers that are no schedulers, and for schedulers around a sleep the other way round: a scheduler enters once
 * when it starts and leaves while it sleeps. */
void epoch_enter(void);
void epoch_leave(void);
/* Whether the calling thread is inside. */
bool epoch_is_inside(void);
/* The calling thread holds no protected pointer now; it stays inside. Frees what may be freed. */
void epoch_quiescent(void);
/* item is unlinked already: no new reader can find it. Calls item->free(item) later, on some thread. Threads: any. */
void epoch_retire(struct epoch_item *item, void (*free)(struct epoch_item *));
/* For a thread that ends: hands on what it has retired. It must be outside. */
void epoch_thread_done(void);
/* Frees everything that was retired; nobody may be inside. Once at the end, and in tests. */
void epoch_drain(void);
/* How many items wait. A moment old. */
uint64_t epoch_pending(void);
