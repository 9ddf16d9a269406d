/* SPDX-License-Identifier: Apache-2.0 */
/* Limiting floods of entries. A fingerprint has a slot, and so has a service: what it counts is fingerprints.
 * Invariant: a slot with held > 0 is on the due list, and on it once; the list is in the order of due times, which is the order of
 * insertion, since each waits equally long. Slots that hold nothing and whose interval has passed are dropped as their bucket is met. */
#include "flood.h"

#include "base/list.h"
#include "base/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOOD_BUCKETS 1024
#define FLOOD_KEPT_BYTES_MAX (16u << 20) /* beyond, a summary has no sample */
#define FLOOD_SLOTS_MAX 16384            /* beyond, all share the slot of key 0 */
#define FLOOD_SERVICE_SEED 0xA0761D6478BD642Fu /* so that services and fingerprints hardly ever share a key */

struct slot {
	struct slot *next; /* in its bucket */
	uint64_t key;
	int64_t since_usec; /* when its interval began */
	int64_t count;      /* admitted in this interval */
	uint64_t held;      /* since the last summary */
	int64_t due_usec;   /* of the summary, when held > 0 */
	struct record *record;
	struct list due;
	char service[64]; /* of a service's slot; else "" */
};

struct flood {
	struct mutex mutex;
	/* guarded by mutex */
	struct flood_limits limits;
	size_t slot_count;
	size_t kept_bytes; /* of records kept */
	struct list due;
	struct slot *buckets[FLOOD_BUCKETS];
};

struct flood *flood_new(void)
{
	struct flood *flood = calloc(1, sizeof(*flood));
	if (flood == NULL)
		return NULL;
	mutex_init(&flood->mutex, LOCK_LEAF);
	list_init(&flood->due);
	flood->limits = (struct flood_limits){ 5, 50, 60000000, 10000000 };
	return flood;
}

struct flood *flood_free(struct flood *flood)
{
	if (flood == NULL)
		return NULL;
	for (size_t i = 0; i < FLOOD_BUCKETS; i++) {
		while (flood->buckets[i] != NULL) {
			struct slot *slot = flood->buckets[i];
			flood->buckets[i] = slot->next;
			(void)record_unref(slot->record);
			free(slot);
		}
	}
	mutex_done(&flood->mutex);
	free(flood);
	return NULL;
}

void flood_set(struct flood *flood, const struct flood_limits *limits)
{
	mutex_lock(&flood->mutex);
	flood->limits = *limits;
	mutex_unlock(&flood->mutex);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001B3u;
	return (hash ^ 0xFF) * 0x100000001B3u;
}

/* Deaths by link have no fault of their own: equal are those of equal processes with an equal reason. */
static uint64_t key_of(const struct beamr_report *report)
{
	uint64_t key = report->fingerprint;
	if (key == 0) {
		key = hash_text(0xCBF29CE484222325u, report_text(report, report->namespace_name));
		key = hash_text(key, report_text(report, report->initial_call));
		key = hash_text(key, report_text(report, report->fault));
		key = hash_text(key, report_text(report, report->name));
		if (report->fault == 0)
			key = hash_text(key, report_text(report, report->reason));
	}
	key = (key ^ report->kind) * 0x9E3779B97F4A7C15u;
	return key != 0 ? key : 1;
}

static uint64_t service_key_of(const struct beamr_report *report)
{
	uint64_t key = hash_text(FLOOD_SERVICE_SEED, report_text(report, report->namespace_name));
	key *= 0x9E3779B97F4A7C15u;
	return key != 0 ? key : 1;
}

/* Where that key's slot hangs, or where one would; slots that have become superfluous are dropped on the way. */
static struct slot **find_place(struct flood *flood, uint64_t key, int64_t now_usec)
{
	struct slot **at = &flood->buckets[key >> 32 & (FLOOD_BUCKETS - 1)];
	while (*at != NULL && (*at)->key != key) {
		struct slot *slot = *at;
		if (slot->held == 0 && now_usec - slot->since_usec > flood->limits.interval_usec) {
			*at = slot->next;
			flood->slot_count--;
			free(slot);
			continue;
		}
		at = &slot->next;
	}
	return at;
}

/* NULL: the host has no memory. */
static struct slot *find_slot(struct flood *flood, uint64_t key, int64_t now_usec)
{
	struct slot **at = find_place(flood, key, now_usec);
	if (*at != NULL)
		return *at;
	if (flood->slot_count >= FLOOD_SLOTS_MAX && key != 0)
		return find_slot(flood, 0, now_usec);
	struct slot *slot = calloc(1, sizeof(*slot));
	if (slot == NULL)
		return NULL;
	slot->key = key;
	slot->since_usec = now_usec;
	list_init(&slot->due);
	*at = slot;
	flood->slot_count++;
	return slot;
}

static void begin_interval(const struct flood *flood, struct slot *slot, int64_t now_usec)
{
	if (now_usec - slot->since_usec <= flood->limits.interval_usec)
		return;
	slot->since_usec = now_usec;
	slot->count = 0;
}

/* One more in that slot, of which `most` go out. */
static enum flood_answer count_in(
	struct flood *flood, struct slot *slot, int64_t most, int64_t now_usec)
{
	begin_interval(flood, slot, now_usec);
	if (slot->count < most) {
		slot->count++;
		return FLOOD_ADMIT;
	}
	if (slot->held++ > 0)
		return FLOOD_HELD;
	slot->due_usec = now_usec + flood->limits.summary_usec;
	list_append(&flood->due, &slot->due);
	return FLOOD_HELD_FIRST;
}

/* Whether its fingerprint has gone out in this interval, or is counted. */
static bool is_known(struct flood *flood, uint64_t key, int64_t now_usec)
{
	const struct slot *slot = *find_place(flood, key, now_usec);
	return slot != NULL && (slot->held > 0 || (slot->count > 0 &&
			       now_usec - slot->since_usec <= flood->limits.interval_usec));
}

enum flood_answer flood_ask(
	struct flood *flood, const struct beamr_report *report, int64_t now_usec)
{
	if (report->kind != BEAMR_REPORT_CRASH && report->kind != BEAMR_REPORT_EXIT_SIGNAL &&
		report->kind != BEAMR_REPORT_RESTART && report->kind != BEAMR_REPORT_QUOTA)
		return FLOOD_ADMIT;
	const uint64_t key = key_of(report);
	enum flood_answer answer = FLOOD_ADMIT;
	mutex_lock(&flood->mutex);
	if (!is_known(flood, key, now_usec)) {
		struct slot *service = find_slot(flood, service_key_of(report), now_usec);
		if (service != NULL && service->key != 0) {
			if (service->service[0] == '\0')
				(void)snprintf(service->service, sizeof(service->service), "%s",
					report_text(report, report->namespace_name)); /* names are short */
			answer = count_in(flood, service, flood->limits.kinds, now_usec);
		}
	}
	struct slot *slot = answer == FLOOD_ADMIT ? find_slot(flood, key, now_usec) : NULL;
	if (slot != NULL)
		answer = count_in(flood, slot, flood->limits.burst, now_usec);
	mutex_unlock(&flood->mutex);
	return answer;
}

void flood_keep(struct flood *flood, struct record *record)
{
	const struct beamr_report *report = record_report(record);
	const int64_t now_usec = report->monotonic_usec;
	uint64_t key = key_of(report);
	mutex_lock(&flood->mutex);
	struct slot *slot = *find_place(
		flood, is_known(flood, key, now_usec) ? key : service_key_of(report), now_usec);
	if (slot != NULL && slot->held > 0 && slot->record == NULL &&
		flood->kept_bytes + record->bytes <= FLOOD_KEPT_BYTES_MAX) {
		slot->record = record_ref(record);
		flood->kept_bytes += record->bytes;
	}
	mutex_unlock(&flood->mutex);
}

bool flood_next(struct flood *flood, int64_t now_usec, struct flood_summary *ret_summary,
	int64_t *ret_due_usec)
{
	bool found = false;
	mutex_lock(&flood->mutex);
	if (list_is_empty(&flood->due)) {
		*ret_due_usec = INT64_MAX;
	} else {
		struct slot *slot = list_entry(flood->due.next, struct slot, due);
		*ret_due_usec = slot->due_usec;
		found = slot->due_usec <= now_usec;
		if (found) {
			list_remove(&slot->due);
			*ret_summary = (struct flood_summary){ slot->record, slot->held,
				slot->service[0] != '\0', "" };
			memcpy(ret_summary->service, slot->service, sizeof(slot->service));
			if (slot->record != NULL)
				flood->kept_bytes -= slot->record->bytes;
			slot->record = NULL;
			slot->held = 0;
		}
	}
	mutex_unlock(&flood->mutex);
	return found;
}
