/* SPDX-License-Identifier: Apache-2.0 */
/* Intrusive doubly linked ring: a head or a node is one struct list; an empty head points at itself. */
#pragma once
#include "base/check.h"

struct list {
	struct list *next;
	struct list *prev;
};

#define list_entry(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* Links node before at; with at the head, at the end. */
static inline void list_insert_before(struct list *at, struct list *node)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}

static inline void list_append(struct list *head, struct list *node)
{
	list_insert_before(head, node);
}

/* Unlinks; the node is a ring of its own afterwards, so a second call does no harm. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define list_foreach(n, head) for (struct list *n = (head)->next; n != (head); n = n->next)
#define list_foreach_safe(n, head)                                                                 \
	for (struct list *n = (head)->next, *_next_##n = n->next; n != (head);                     \
		n = _next_##n, _next_##n = n->next)
