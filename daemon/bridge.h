/* SPDX-License-Identifier: Apache-2.0 */
/* From scheduler threads to the event loop: a queue and an eventfd. Items are embedded in what is posted, so that posting
 * allocates nothing and cannot fail. */
#pragma once
#include "base/lock.h"

struct event;
struct event_base;

struct bridge_item {
	struct bridge_item *next;
	void (*run)(struct bridge_item
			*item); /* on the main thread; may free what the item is part of */
};

struct bridge {
	struct mutex mutex;
	/* guarded by mutex */
	struct bridge_item *first;
	struct bridge_item *last;
	/* fixed once made */
	int fd;
	struct event *event;
};

/* Returns 0 or negative errno. */
int bridge_init(struct bridge *bridge, struct event_base *base);
/* Runs what was posted; afterwards nothing may post any more. */
void bridge_done(struct bridge *bridge);
/* Threads: any. The item is the bridge's until it is run. */
void bridge_post(struct bridge *bridge, struct bridge_item *item);
/* Runs what is queued now. Main thread. */
void bridge_run(struct bridge *bridge);
