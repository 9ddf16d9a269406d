/* SPDX-License-Identifier: Apache-2.0 */
/* Growth of the walk's stack. */
#include "term/walk.h"

#include <string.h>

void walk_grow(struct walk *walk)
{
	size_t bytes = walk->capacity * sizeof(struct walk_task);
	if (walk->items == walk->inline_items) {
		walk->items = mem_alloc(MEM_TEMP, bytes * 2);
		memcpy(walk->items, walk->inline_items, bytes);
	} else {
		walk->items = mem_realloc(MEM_TEMP, walk->items, bytes, bytes * 2);
	}
	walk->capacity *= 2;
}
