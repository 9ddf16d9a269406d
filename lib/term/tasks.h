/* SPDX-License-Identifier: Apache-2.0 */
/* The work still to be done by a walk over two terms at once (compare.c, equal.c): a stack that starts on the C stack
 * and moves to memory when a term is deep. For this room only. */
#pragma once
#include "base/alloc.h"
#include "term/term.h"

struct map_search;

/* How numbers of different types compare: by value, or exactly (inside map keys and for =:=). */
enum task_mode { TASK_VALUE, TASK_EXACT };

#define TASK_TERMS SIZE_MAX         /* two terms */
#define TASK_SEARCH (SIZE_MAX - 1)  /* a map search of compare.c */

struct task {
	union {
		const term *a; /* count elements */
		term term_a;
		struct map_search *search;
	};
	union {
		const term *b;
		term term_b;
	};
	size_t count;
	enum task_mode mode;
};

#define TASKS_INLINE 24

struct tasks {
	struct task *items;
	size_t count;
	size_t capacity;
	struct task inline_items[TASKS_INLINE];
};

static inline void tasks_init(struct tasks *tasks)
{
	tasks->items = tasks->inline_items;
	tasks->count = 0;
	tasks->capacity = TASKS_INLINE;
}

static inline void tasks_done(struct tasks *tasks)
{
	if (tasks->items != tasks->inline_items)
		mem_free(MEM_TEMP, tasks->items, tasks->capacity * sizeof(struct task));
}

void tasks_grow(struct tasks *tasks);

static inline struct task *tasks_push(struct tasks *tasks)
{
	if (unlikely(tasks->count == tasks->capacity))
		tasks_grow(tasks);
	return &tasks->items[tasks->count++];
}

static inline void tasks_push_terms(struct tasks *tasks, term a, term b, enum task_mode mode)
{
	*tasks_push(tasks) = (struct task){ .term_a = a, .term_b = b, .count = TASK_TERMS, .mode = mode };
}

static inline void tasks_push_arrays(struct tasks *tasks, const term *a, const term *b, size_t count, enum task_mode mode)
{
	if (count > 0)
		*tasks_push(tasks) = (struct task){ .a = a, .b = b, .count = count, .mode = mode };
}

static inline void tasks_push_search(struct tasks *tasks, struct map_search *search)
{
	*tasks_push(tasks) = (struct task){ .search = search, .count = TASK_SEARCH };
}

/* Takes the next pair of terms whose words differ from the task on top; the task goes when it is used up.
 * False when it held no such pair. */
static inline bool tasks_next(struct tasks *tasks, struct task *ret_pair)
{
	struct task *top = &tasks->items[tasks->count - 1];
	if (top->count == TASK_TERMS) {
		*ret_pair = *top;
		tasks->count--;
		return true;
	}
	while (top->count > 0) {
		term a = *top->a++;
		term b = *top->b++;
		top->count--;
		if (a != b) {
			*ret_pair = (struct task){ .term_a = a, .term_b = b, .count = TASK_TERMS, .mode = top->mode };
			tasks->count -= top->count == 0;
			return true;
		}
	}
	tasks->count--;
	return false;
}
