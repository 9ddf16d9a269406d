/* SPDX-License-Identifier: Apache-2.0 */
/* Completions of the machine, brought to the event loop in the order they were posted. */
#include "bridge.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_readable(evutil_socket_t fd, short what, void *user)
{
	uint64_t count;
	(void)!read(fd, &count, sizeof(count)); /* whatever it says, the queue is looked at */
	bridge_run(user);
}

int bridge_init(struct bridge *bridge, struct event_base *base)
{
	*bridge = (struct bridge){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (bridge->fd < 0)
		return -errno;
	mutex_init(&bridge->mutex, LOCK_LEAF);
	bridge->event = event_new(base, bridge->fd, EV_READ | EV_PERSIST, on_readable, bridge);
	if (bridge->event == NULL || event_add(bridge->event, NULL) != 0)
		return -ENOMEM;
	return 0;
}

void bridge_done(struct bridge *bridge)
{
	if (bridge->event == NULL)
		return;
	for (;;) {
		mutex_lock(&bridge->mutex);
		bool empty = bridge->first == NULL;
		mutex_unlock(&bridge->mutex);
		if (empty)
			break;
		bridge_run(bridge);
	}
	event_free(bridge->event);
	bridge->event = NULL;
	mutex_done(&bridge->mutex);
	(void)close(bridge->fd); /* an eventfd has nothing to lose */
}

void bridge_post(struct bridge *bridge, struct bridge_item *item)
{
	item->next = NULL;
	mutex_lock(&bridge->mutex);
	bool was_empty = bridge->first == NULL;
	if (was_empty)
		bridge->first = item;
	else
		bridge->last->next = item;
	bridge->last = item;
	mutex_unlock(&bridge->mutex);
	if (was_empty) {
		uint64_t one = 1;
		(void)!write(
			bridge->fd, &one, sizeof(one)); /* fails only when it is readable anyway */
	}
}

void bridge_run(struct bridge *bridge)
{
	mutex_lock(&bridge->mutex);
	struct bridge_item *item = bridge->first;
	bridge->first = bridge->last = NULL;
	mutex_unlock(&bridge->mutex);
	while (item != NULL) {
		struct bridge_item *next = item->next;
		item->run(item);
		item = next;
	}
}
