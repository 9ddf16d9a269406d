/* SPDX-License-Identifier: Apache-2.0 */
/* Growth of the task stack. */
#include "term/tasks.h"

#include <string.h>

void tasks_grow(struct tasks *tasks)
{
	size_t bytes = tasks->capacity * sizeof(struct task);
	if (tasks->items == tasks->inline_items) {
		tasks->items = mem_alloc(MEM_TEMP, bytes * 2);
		memcpy(tasks->items, tasks->inline_items, bytes);
	} else {
		tasks->items = mem_realloc(MEM_TEMP, tasks->items, bytes, bytes * 2);
	}
	tasks->capacity *= 2;
}
