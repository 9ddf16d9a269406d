/* SPDX-License-Identifier: Apache-2.0 */
/* A growing array. */
#include "base/vec.h"

void vec_grow(void *vec, size_t item_bytes, size_t at_least)
{
	VEC(char) *v = vec; /* every VEC has this shape */
	size_t capacity = v->capacity < 8 ? 8 : v->capacity * 2;
	if (capacity < at_least)
		capacity = at_least;
	assert(capacity <= SIZE_MAX / item_bytes);
	v->items = mem_realloc(MEM_TEMP, v->items, v->capacity * item_bytes, capacity * item_bytes);
	v->capacity = capacity;
}
