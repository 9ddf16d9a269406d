/* SPDX-License-Identifier: Apache-2.0 */
/* A hash from 64-bit keys to 64-bit values. Open addressing, linear probing, no tombstones; empty it owns no memory.
 * Owned by one thread at a time; the order of a walk is any. Keys may be any number but WORDMAP_NO_KEY. */
#pragma once
#include "base/alloc.h"

#define WORDMAP_NO_KEY UINT64_MAX

struct wordmap_entry {
	uint64_t key;
	uint64_t value;
};

struct wordmap {
	struct wordmap_entry *entries; /* capacity of them, a power of two; NULL when capacity is 0 */
	uint32_t capacity;
	uint32_t count;
};

/* An empty map is all zero. */
void wordmap_done(struct wordmap *map, enum mem_class class);
/* The entry of key, NULL when there is none. Valid until the map changes. */
struct wordmap_entry *wordmap_find(const struct wordmap *map, uint64_t key);
/* The entry of key, made with value 0 if need be (*ret_new, may be NULL, says so). */
struct wordmap_entry *wordmap_put(struct wordmap *map, enum mem_class class, uint64_t key, bool *ret_new);
/* False when there was none. */
bool wordmap_remove(struct wordmap *map, enum mem_class class, uint64_t key);

#define wordmap_foreach(e, map)                                                                        \
	for (struct wordmap_entry *e = (map)->entries;                                                 \
		(map)->capacity > 0 && e < (map)->entries + (map)->capacity; e++)                       \
		if (e->key != WORDMAP_NO_KEY)
