/* SPDX-License-Identifier: Apache-2.0 */
/* What services may say. A service has a slot from its first entry until one looks for a slot beside it an interval later.
 * Invariant: a slot is in `due` while it has held something back. The list is in the order in which that began, so that a summary may
 * come up to one interval late. */
#include "rate.h"

#include "base/alloc.h"
#include "base/list.h"
#include "base/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE_BUCKETS 256

struct slot {
	struct slot *next;
	struct list due;
	int64_t since_usec;
	int64_t count;
	uint64_t held;
	char service[64];
};

struct rate {
	struct mutex mutex;
	/* guarded by mutex */
	int64_t burst, interval_usec;
	struct list due;
	struct slot *buckets[RATE_BUCKETS];
};

struct rate *rate_new(void)
{
	struct rate *rate = calloc(1, sizeof(*rate));
	if (rate == NULL)
		return NULL;
	mutex_init(&rate->mutex, LOCK_LEAF);
	list_init(&rate->due);
	rate->interval_usec = 10000000;
	return rate;
}

struct rate *rate_free(struct rate *rate)
{
	if (rate == NULL)
		return NULL;
	for (size_t i = 0; i < RATE_BUCKETS; i++) {
		while (rate->buckets[i] != NULL) {
			struct slot *slot = rate->buckets[i];
			rate->buckets[i] = slot->next;
			free(slot);
		}
	}
	mutex_done(&rate->mutex);
	free(rate);
	return NULL;
}

void rate_set(struct rate *rate, int64_t burst, int64_t interval_usec)
{
	mutex_lock(&rate->mutex);
	rate->burst = burst;
	rate->interval_usec = interval_usec;
	mutex_unlock(&rate->mutex);
}

static struct slot *find_slot(struct rate *rate, const char *service, int64_t now_usec)
{
	uint32_t hash = 2166136261u;
	for (const char *c = service; *c != '\0'; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	struct slot **at = &rate->buckets[hash % RATE_BUCKETS];
	while (*at != NULL) {
		struct slot *slot = *at;
		if (strcmp(slot->service, service) == 0)
			return slot;
		if (slot->held == 0 && now_usec - slot->since_usec > rate->interval_usec) {
			*at = slot->next;
			free(slot);
			continue;
		}
		at = &slot->next;
	}
	struct slot *slot = calloc(1, sizeof(*slot));
	if (slot == NULL)
		return NULL;
	(void)snprintf(slot->service, sizeof(slot->service), "%s", service); /* names are short */
	slot->since_usec = now_usec;
	list_init(&slot->due);
	*at = slot;
	return slot;
}

enum rate_answer rate_ask(struct rate *rate, const char *service, int64_t now_usec)
{
	enum rate_answer answer = RATE_ADMIT;
	mutex_lock(&rate->mutex);
	struct slot *slot = rate->burst > 0 && strlen(service) < sizeof(slot->service)
				    ? find_slot(rate, service, now_usec)
				    : NULL;
	if (slot != NULL && slot->held == 0 && now_usec - slot->since_usec >= rate->interval_usec) {
		slot->since_usec = now_usec;
		slot->count = 0;
	}
	if (slot != NULL && slot->count < rate->burst) {
		slot->count++;
	} else if (slot != NULL) {
		answer = slot->held == 0 ? RATE_HELD_FIRST : RATE_HELD;
		if (slot->held++ == 0)
			list_append(&rate->due, &slot->due);
	}
	mutex_unlock(&rate->mutex);
	return answer;
}

bool rate_next(struct rate *rate, int64_t now_usec, struct rate_summary *ret_summary,
	int64_t *ret_due_usec)
{
	bool found = false;
	mutex_lock(&rate->mutex);
	*ret_due_usec = INT64_MAX;
	if (!list_is_empty(&rate->due)) {
		struct slot *slot = list_entry(rate->due.next, struct slot, due);
		*ret_due_usec = slot->since_usec + rate->interval_usec;
		found = *ret_due_usec <= now_usec;
		if (found) {
			list_remove(&slot->due);
			ret_summary->held = slot->held;
			memcpy(ret_summary->service, slot->service, sizeof(slot->service));
			slot->held = 0;
			slot->count = 0;
			slot->since_usec = now_usec;
		}
	}
	mutex_unlock(&rate->mutex);
	return found;
}
