/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of what happened: filled by any thread, read by subscribers at their own pace. A reader that is too slow finds
 * that its next event is gone, and is told how many. No event waits for a reader, and no reader makes one wait.
 * When as many are kept as may be, whichever service has most of them loses its oldest: one that never stops crashing takes nothing from
 * the others. */
#pragma once
#include "base/list.h"
#include "bridge.h"
#include "record.h"

struct events;

/* kept: how many are remembered. wake is run on the main thread after new events while there are subscribers. */
struct events *events_new(size_t kept, struct bridge *bridge, void (*wake)(void *user), void *user);
struct events *events_free(struct events *events);

/* Threads: any. Takes a reference of its own. */
void events_push(struct events *events, struct record *record);
/* Threads: any. The last seq given out; 0 when there was none. */
uint64_t events_last(struct events *events);
/* The first event with a seq above `after`, with a reference for the caller; NULL when there is none.
 * ret_lost: how many between are not kept any more. */
struct record *events_next(struct events *events, uint64_t after, uint64_t *ret_lost);
/* How many want to be woken. Main thread. */
void events_subscribers(struct events *events, size_t count);
/* Those who read, as methods/event.c keeps them. Main thread. */
struct list *events_list(struct events *events);
/* Lets subscribers have what is new; in methods/event.c. user: the daemon. Main thread. */
void event_wake(void *user);
