/* SPDX-License-Identifier: Apache-2.0 */
/* Building maps; term/map.h has the layout and how to read them.
 *
 * Every function makes a new map and leaves the old one as it is; what did not change is shared (a flat map's keys tuple, a
 * tree's nodes). When nothing changes the very same word is returned. Nothing collects: words come from heap_alloc(). */
#pragma once
#include "heap/heap.h"
#include "term/map.h"

/* Makes the empty map; once, before anything else here. */
void map_init(void);
void map_exit(void);

/* Fixed by map_init. */
extern term map_empty_literal;

/* #{}: a literal, the same word always. */
static inline term map_empty(void)
{
	return map_empty_literal;
}

/* map#{key => value}. */
term map_put(struct heap *heap, term map, term key, term value);
/* map#{key := value}; TERM_NONE when there is no such key. */
term map_update(struct heap *heap, term map, term key, term value);
/* Without key; the same map when there is none. ret_value (may be NULL): its value, or TERM_NONE. */
term map_remove(struct heap *heap, term map, term key, term *ret_value);
/* All of both; where both have a key, b's value. */
term map_merge(struct heap *heap, term a, term b);

/* put_map_assoc: pairs holds count times key, value, later ones win. One new keys tuple at most. */
term map_put_many(struct heap *heap, term map, const term *pairs, size_t count);
/* put_map_exact: as above; TERM_NONE and the missing key that is first in order when one is not there. */
term map_update_many(struct heap *heap, term map, const term *pairs, size_t count, term *ret_missing);

enum map_of_flags {
	MAP_OF_LAST_WINS = 0,
	MAP_OF_UNIQUE = 1, /* TERM_NONE when a key stands twice (external terms, hostile) */
};

/* A map of count pairs, key, value, in any order. pairs is scratch: it is reordered. */
term map_of_pairs(struct heap *heap, term *pairs, size_t count, enum map_of_flags flags);

/* Aborts on a broken layout (tests, debug builds). */
void map_verify(term map);
