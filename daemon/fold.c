/* SPDX-License-Identifier: Apache-2.0 */
/* See fold.h. Invariant: each item is in one bucket and in the order, or in neither. */
#include "fold.h"

void fold_init(struct fold *fold)
{
	*fold = (struct fold){ 0 };
	list_init(&fold->order);
}

static struct fold_item **bucket_of(struct fold *fold, uint64_t key)
{
	return &fold->buckets[(key * 0x9E3779B97F4A7C15u) >> 56];
}

_Static_assert(FOLD_BUCKETS == 256, "a bucket is chosen by eight bits");

bool fold_hold(struct fold *fold, struct fold_item *item, uint64_t key, int64_t due_usec)
{
	if (fold->count >= FOLD_MAX)
		return false;
	struct fold_item **at = bucket_of(fold, key);
	item->key = key;
	item->due_usec = due_usec;
	item->next = *at;
	*at = item;
	list_append(&fold->order, &item->order);
	fold->count++;
	return true;
}

static struct fold_item *take_at(struct fold *fold, struct fold_item **at)
{
	struct fold_item *item = *at;
	*at = item->next;
	list_remove(&item->order);
	fold->count--;
	return item;
}

struct fold_item *fold_take(struct fold *fold, uint64_t key)
{
	for (struct fold_item **at = bucket_of(fold, key); *at != NULL; at = &(*at)->next) {
		if ((*at)->key == key)
			return take_at(fold, at);
	}
	return NULL;
}

struct fold_item *fold_due(struct fold *fold, int64_t now_usec, int64_t *ret_due_usec)
{
	*ret_due_usec = INT64_MAX;
	if (list_is_empty(&fold->order))
		return NULL;
	struct fold_item *item = list_entry(fold->order.next, struct fold_item, order);
	*ret_due_usec = item->due_usec;
	if (item->due_usec > now_usec)
		return NULL;
	struct fold_item **at = bucket_of(fold, item->key);
	while (*at != item)
		at = &(*at)->next;
	return take_at(fold, at);
}
