/* SPDX-License-Identifier: Apache-2.0 */
/* The events that are kept, in the order of their seq, with places between where some were dropped.
 * Invariant: each entry of the line that has a record is in the list of its service, oldest first; a service is in the bucket of as many
 * events as it has, `most` is the highest bucket in use, and a service without events is not there. So the one that has most loses its
 * oldest in a few steps, however many there are. The line has twice the places that it needs, and is made dense when it is full. */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#define SERVICE_BUCKETS 256

struct keeper; /* a service that events are kept of */

struct entry {
	struct record *record; /* NULL: dropped */
	uint64_t seq;
	struct keeper *keeper;
	size_t next; /* of the same service; place in the line; only when it is not its newest */
};

struct keeper {
	struct keeper *next; /* in its bucket by name */
	struct list link;    /* among those that have as many */
	size_t count;
	size_t oldest, newest; /* places in the line */
	char name[];
};

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
	struct keeper *keepers[SERVICE_BUCKETS];
	struct list *by_count; /* kept + 1 */
	size_t most;
	size_t count, used; /* records; places of the line */
	struct entry line[];
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
	struct events *events = calloc(1, sizeof(*events) + 2 * kept * sizeof(events->line[0]));
	if (events == NULL)
		return NULL;
	events->by_count = calloc(kept + 1, sizeof(*events->by_count));
	if (events->by_count == NULL) {
		free(events);
		return NULL;
	}
	for (size_t i = 0; i <= kept; i++)
		list_init(&events->by_count[i]);
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
	for (size_t i = 0; i < events->used; i++)
		(void)record_unref(events->line[i].record);
	for (size_t i = 0; i < SERVICE_BUCKETS; i++) {
		while (events->keepers[i] != NULL) {
			struct keeper *keeper = events->keepers[i];
			events->keepers[i] = keeper->next;
			free(keeper);
		}
	}
	mutex_done(&events->mutex);
	free(events->by_count);
	free(events);
	return NULL;
}

/* ---- services ---- */

static struct keeper **keeper_place(struct events *events, const char *name)
{
	uint32_t hash = 2166136261u;
	for (const char *c = name; *c != '\0'; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	struct keeper **at = &events->keepers[hash % SERVICE_BUCKETS];
	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

/* NULL: the host has no memory. */
static struct keeper *keeper_get(struct events *events, const char *name)
{
	struct keeper **at = keeper_place(events, name);
	const size_t size = strlen(name) + 1;
	if (*at != NULL)
		return *at;
	struct keeper *keeper = malloc(sizeof(*keeper) + size);
	if (keeper == NULL)
		return NULL;
	keeper->next = NULL;
	keeper->count = 0;
	list_init(&keeper->link);
	memcpy(keeper->name, name, size);
	*at = keeper;
	return keeper;
}

static void set_count(struct events *events, struct keeper *keeper, size_t count)
{
	if (keeper->count > 0)
		list_remove(&keeper->link);
	keeper->count = count;
	if (count > 0)
		list_append(&events->by_count[count], &keeper->link);
	if (count > events->most)
		events->most = count;
	while (events->most > 0 && list_is_empty(&events->by_count[events->most]))
		events->most--;
}

/* ---- the line ---- */

/* Drops the oldest event of whoever has most; the caller's to release. */
static struct record *drop_one(struct events *events)
{
	struct keeper *keeper =
		list_entry(events->by_count[events->most].next, struct keeper, link);
	struct entry *entry = &events->line[keeper->oldest];
	struct record *record = entry->record;
	keeper->oldest = entry->next;
	entry->record = NULL;
	events->count--;
	set_count(events, keeper, keeper->count - 1);
	if (keeper->count == 0) {
		*keeper_place(events, keeper->name) = keeper->next;
		free(keeper);
	}
	return record;
}

static void append(struct events *events, struct keeper *keeper, struct record *record)
{
	const size_t at = events->used++;
	events->line[at] = (struct entry){ record, record->seq, keeper, 0 };
	if (keeper->count == 0)
		keeper->oldest = at;
	else
		events->line[keeper->newest].next = at;
	keeper->newest = at;
	events->count++;
	set_count(events, keeper, keeper->count + 1);
}

/* Makes the line dense. Once in as many events as are kept. */
static void pack(struct events *events)
{
	size_t used = 0;
	for (size_t i = 0; i < events->used; i++) {
		struct entry entry = events->line[i];
		if (entry.record == NULL)
			continue;
		struct keeper *keeper = entry.keeper;
		if (keeper->oldest == i)
			keeper->oldest = used;
		else /* the one before it has been moved, and newest is where it is now */
			events->line[keeper->newest].next = used;
		events->line[used] = entry;
		keeper->newest = used++;
	}
	events->used = used;
}

void events_push(struct events *events, struct record *record)
{
	const struct beamr_report *report = record_report(record);
	struct record *old = NULL;
	mutex_lock(&events->mutex);
	record->seq = ++events->last;
	if (events->count == events->kept)
		old = drop_one(events);
	if (events->used == 2 * events->kept)
		pack(events);
	struct keeper *keeper = keeper_get(events, report_text(report, report->namespace_name));
	if (keeper != NULL)
		append(events, keeper, record_ref(record));
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
	size_t low = 0, high = events->used;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (events->line[middle].seq <= after)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < events->used && events->line[low].record == NULL)
		low++;
	if (low < events->used) {
		*ret_lost = events->line[low].seq - after - 1;
		record = record_ref(events->line[low].record);
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
