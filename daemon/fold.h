/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that wait a moment for what belongs to them: a crash for what its supervisor does about it; what a process has said of its own
 * end for that end, which makes it superfluous. Whoever uses it guards it. */
#pragma once
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLD_BUCKETS 256
#define FOLD_MAX 2048 /* beyond, nothing waits */

/* First member of what waits. */
struct fold_item {
	struct fold_item *next; /* in its bucket */
	uint64_t key;
	int64_t due_usec;
	struct list
		order; /* by due time, which is the order in which they came: all wait equally long */
};

struct fold {
	size_t count;
	struct list order;
	struct fold_item *buckets[FOLD_BUCKETS];
};

void fold_init(struct fold *fold);
/* False: too many wait already. */
bool fold_hold(struct fold *fold, struct fold_item *item, uint64_t key, int64_t due_usec);
/* Takes out the one with that key; NULL when none waits. */
struct fold_item *fold_take(struct fold *fold, uint64_t key);
/* Takes out the oldest when it is due; NULL, with *ret_due_usec (INT64_MAX: never), when none is. */
struct fold_item *fold_due(struct fold *fold, int64_t now_usec, int64_t *ret_due_usec);
