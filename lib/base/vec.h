/* SPDX-License-Identifier: Apache-2.0 */
/* A growing array: VEC(T) is a struct {T *items; size_t count, capacity;}, zero-initialised. */
#pragma once
#include "base/alloc.h"

#define VEC(T)                                                                                     \
	struct {                                                                                   \
		T *items;                                                                          \
		size_t count;                                                                      \
		size_t capacity;                                                                   \
	}

/* Grows so that one more item fits. */
void vec_grow(void *vec, size_t item_bytes, size_t at_least);

#define vec_reserve(v, n)                                                                          \
	((v)->capacity < (n) ? vec_grow((v), sizeof(*(v)->items), (n)) : (void)0)
#define vec_push(v, item)                                                                          \
	(vec_reserve((v), (v)->count + 1), (v)->items[(v)->count++] = (item), (void)0)
#define vec_pop(v) ((v)->items[--(v)->count])
#define vec_done(v)                                                                                \
	(mem_free(MEM_TEMP, (v)->items, (v)->capacity * sizeof(*(v)->items)), (v)->items = NULL,   \
		(v)->count = (v)->capacity = 0, (void)0)
#define vec_foreach(p, v)                                                                          \
	for (__typeof__((v)->items) p = (v)->items; (v)->count > 0 && p < (v)->items + (v)->count; p++)
