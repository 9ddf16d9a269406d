/* SPDX-License-Identifier: Apache-2.0 */
/* Objects: tuples that a table owns, each in one allocation, with everything they hold in it (law 4). */
#pragma once
#include "heap/heap.h"
#include "term/compare.h"

struct object {
	struct object *next; /* the next older object with the same key (bags) */
	term *offheap;       /* first off-heap value in data, or NULL */
	uint32_t words;      /* of data */
	uint32_t unused;
	term data[];         /* the tuple, then all its parts */
};

/* tuple is copied, literals as well. NULL when it is larger than heap_copy_bound(). */
struct object *object_new(term tuple);
/* The same with some elements (positions from 1, each at most the arity) replaced. */
struct object *object_new_with(const struct object *o, size_t count, const size_t *positions, const term *values);
struct object *object_free(struct object *o);

static inline term object_tuple(const struct object *o)
{
	return term_of_boxed(o->data);
}

static inline term object_key(const struct object *o, size_t keypos)
{
	return o->data[keypos];
}

static inline size_t object_arity(const struct object *o)
{
	return header_size(o->data[0]);
}

static inline size_t object_bytes(const struct object *o)
{
	return sizeof(*o) + o->words * sizeof(term);
}

/* The tuple, copied. */
term object_copy(struct heap *heap, const struct object *o);
/* [Tuple | tail]. */
term object_copy_cons(struct heap *heap, const struct object *o, term tail);
/* Whether they are =:=. */
bool object_equals(const struct object *a, term tuple);
