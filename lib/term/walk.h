/* SPDX-License-Identifier: Apache-2.0 */
/* The work still to be done by a walk over one term (hash.c, phash.c, print.c): a stack that starts on the C stack and
 * moves to memory when a term is deep. What an op means is the walker's own. For this room only. */
#pragma once
#include "base/alloc.h"
#include "term/term.h"

struct walk_task {
	const term *at; /* elements left: at[0 .. count) */
	union {
		const term *values; /* of a flat map: beside at */
		term value;
	};
	size_t count;
	uint32_t op;
	uint32_t x; /* saved by the walker */
	uint32_t y;
};

#define WALK_INLINE 20

struct walk {
	struct walk_task *items;
	size_t count;
	size_t capacity;
	struct walk_task inline_items[WALK_INLINE];
};

static inline void walk_init(struct walk *walk)
{
	walk->items = walk->inline_items;
	walk->count = 0;
	walk->capacity = WALK_INLINE;
}

static inline void walk_done(struct walk *walk)
{
	if (walk->items != walk->inline_items)
		mem_free(MEM_TEMP, walk->items, walk->capacity * sizeof(struct walk_task));
}

void walk_grow(struct walk *walk);

/* The pointer is valid until the next push. */
static inline struct walk_task *walk_push(struct walk *walk, uint32_t op)
{
	if (unlikely(walk->count == walk->capacity))
		walk_grow(walk);
	struct walk_task *task = &walk->items[walk->count++];
	task->op = op;
	return task;
}

static inline void walk_push_array(struct walk *walk, uint32_t op, const term *at, size_t count)
{
	struct walk_task *task = walk_push(walk, op);
	task->at = at;
	task->count = count;
}

static inline void walk_push_value(struct walk *walk, uint32_t op, term value)
{
	walk_push(walk, op)->value = value;
}

static inline struct walk_task *walk_top(struct walk *walk)
{
	return &walk->items[walk->count - 1];
}
