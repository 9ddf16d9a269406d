/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of a collection, between which values are moved: at once (collect.c) or in parts (gradual.c). */
#pragma once
#include "heap/evacuate.h"
#include "heap/gen.h"

/* A destination. Between begin and end the heap is as it was, but for forwarding words. */
struct destination {
	struct evacuation e;
	term *to;
	size_t capacity;
	size_t need;
};

/* False: the old generation has no room for what is mature, so it is to be a major one. */
bool minor_begin(struct gen_heap *g, size_t need, struct destination *ret);
/* Off-heap lists and fragments have been seen to. */
void minor_end(struct gen_heap *g, struct destination *d);
void major_begin(struct gen_heap *g, size_t need, size_t dying_words, struct destination *ret);
void major_end(struct gen_heap *g, struct destination *d);
/* Whether the next collection is to be of all generations. */
bool collects_major(const struct gen_heap *g);
/* What was in the nursery is the process's own block from here on, and the worker has another one. */
void young_adopt(struct gen_heap *g);
void poison_fragment(struct fragment *f);
