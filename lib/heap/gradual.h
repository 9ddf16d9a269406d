/* SPDX-License-Identifier: Apache-2.0 */
/* Collections that would take long, done in parts, so that no scheduler is held by one.
 *
 * Life:  1 heap_collection_begin() makes the destination; the process is not to be run, nor looked at, from here on
 *        2 heap_collection_step() again and again: stack, roots, what they reach, off-heap objects, fragments; then the
 *          blocks change, at once
 *        3 the last step says so, and has freed the collection; the process goes on with room for what it needed
 *
 * Nothing that the roots stand in may change or move between steps. Steps may be made by different threads, one at a time, each
 * between heap_enter() and the end of its slice. What the borrowed young block of a small process holds becomes its own block. */
#pragma once
#include "heap/gen.h"

struct heap_collection;

/* Whether a collection of that kind may move so much that it is to be done in parts. */
bool heap_collection_is_long(const struct gen_heap *g, bool major);
/* Never in midst of another one. The roots are copied, what they say stays the caller's. */
struct heap_collection *heap_collection_begin(
	struct gen_heap *g, size_t need, bool major, const struct roots *roots);
/* until: monotonic nanoseconds; INT64_MAX: to the end. True: all is done. */
bool heap_collection_step(struct heap_collection *c, struct gen_heap *g, int64_t until);
