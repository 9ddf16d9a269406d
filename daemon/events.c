/* SPDX-License-Identifier: Apache-2.0 */
/* Ring of counted records. Invariant: slot seq % kept holds the record of that seq, for the last `kept` of them. */
#include "events.h"

#include <stdlib.h>

struct events {
	struct bridge_item item; /* first: the bridge hands it back */
	struct bridge *bridge;
	void (*wake)(void *user);
	void *user;
	size_t kept;
	struct list readers; /* main thread only */
	struct mutex mutex;
	/* guarded by mutex */
	uint64_t last;
	size_t subscribers;
	bool posted;
	struct record *ring[];
};

static void run_wake(struct bridge_item *item)
{
	struct events *events = (struct events *)(void *)item;
	mutex_lock(&events->mutex);
	events->posted = false;
	mutex_unlock(&events->mutex);
	events->wake(events->user);
}

struct events *events_new(size_t kept, struct bridge *bridge, void (*wake)(void *user), void *user)
{
	struct events *events = calloc(1, sizeof(*events) + kept * sizeof(events->ring[0]));
	if (events == NULL)
		return NULL;
	events->item.run = run_wake;
	events->bridge = bridge;
	events->wake = wake;
	events->user = user;
	events->kept = kept;
	list_init(&events->readers);
	mutex_init(&events->mutex, LOCK_REPORT);
	return events;
}

struct events *events_free(struct events *events)
{
	if (events == NULL)
		return NULL;
	for (size_t i = 0; i < events->kept; i++)
		(void)record_unref(events->ring[i]);
	mutex_done(&events->mutex);
	free(events);
	return NULL;
}

void events_push(struct events *events, struct record *record)
{
	mutex_lock(&events->mutex);
	record->seq = ++events->last;
	struct record **slot = &events->ring[events->last % events->kept];
	struct record *old = *slot;
	*slot = record_ref(record);
	bool post = events->subscribers > 0 && !events->posted;
	if (post)
		events->posted = true;
	mutex_unlock(&events->mutex);
	(void)record_unref(old);
	if (post)
		bridge_post(events->bridge, &events->item);
}

uint64_t events_last(struct events *events)
{
	mutex_lock(&events->mutex);
	uint64_t last = events->last;
	mutex_unlock(&events->mutex);
	return last;
}

struct record *events_next(struct events *events, uint64_t after, uint64_t *ret_lost)
{
	struct record *record = NULL;
	*ret_lost = 0;
	mutex_lock(&events->mutex);
	if (after < events->last) {
		uint64_t oldest =
			events->last >= events->kept ? events->last - events->kept + 1 : 1;
		uint64_t seq = after + 1;
		if (seq < oldest) {
			*ret_lost = oldest - seq;
			seq = oldest;
		}
		record = record_ref(events->ring[seq % events->kept]);
	}
	mutex_unlock(&events->mutex);
	return record;
}

void events_subscribers(struct events *events, size_t count)
{
	mutex_lock(&events->mutex);
	events->subscribers = count;
	mutex_unlock(&events->mutex);
}

struct list *events_list(struct events *events)
{
	return &events->readers;
}
