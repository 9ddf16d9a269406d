/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of words. Invariant: no empty entry lies between an entry and the place its key hashes to. */
#include "base/wordmap.h"

#define WORDMAP_MIN 8U

static inline uint32_t place(const struct wordmap *map, uint64_t key)
{
	key *= 0x9E3779B97F4A7C15U;
	return (uint32_t)(key >> 32) & (map->capacity - 1);
}

static void resize(struct wordmap *map, enum mem_class class, uint32_t capacity)
{
	struct wordmap old = *map;
	map->capacity = capacity;
	map->entries = mem_alloc(class, capacity * sizeof(*map->entries));
	for (uint32_t i = 0; i < capacity; i++)
		map->entries[i].key = WORDMAP_NO_KEY;
	wordmap_foreach (e, &old) {
		uint32_t i = place(map, e->key);
		while (map->entries[i].key != WORDMAP_NO_KEY)
			i = (i + 1) & (capacity - 1);
		map->entries[i] = *e;
	}
	mem_free(class, old.entries, old.capacity * sizeof(*old.entries));
}

void wordmap_done(struct wordmap *map, enum mem_class class)
{
	mem_free(class, map->entries, map->capacity * sizeof(*map->entries));
	*map = (struct wordmap){ 0 };
}

struct wordmap_entry *wordmap_find(const struct wordmap *map, uint64_t key)
{
	if (map->count == 0)
		return NULL;
	for (uint32_t i = place(map, key);; i = (i + 1) & (map->capacity - 1)) {
		if (map->entries[i].key == key)
			return &map->entries[i];
		if (map->entries[i].key == WORDMAP_NO_KEY)
			return NULL;
	}
}

struct wordmap_entry *wordmap_put(struct wordmap *map, enum mem_class class, uint64_t key, bool *ret_new)
{
	debug_assert(key != WORDMAP_NO_KEY);
	if (map->count + 1 > map->capacity / 4 * 3)
		resize(map, class, map->capacity == 0 ? WORDMAP_MIN : map->capacity * 2);
	uint32_t i = place(map, key);
	while (map->entries[i].key != WORDMAP_NO_KEY && map->entries[i].key != key)
		i = (i + 1) & (map->capacity - 1);
	bool added = map->entries[i].key == WORDMAP_NO_KEY;
	if (added) {
		map->entries[i] = (struct wordmap_entry){ key, 0 };
		map->count++;
	}
	if (ret_new != NULL)
		*ret_new = added;
	return &map->entries[i];
}

bool wordmap_remove(struct wordmap *map, enum mem_class class, uint64_t key)
{
	struct wordmap_entry *e = wordmap_find(map, key);
	if (e == NULL)
		return false;
	uint32_t mask = map->capacity - 1, hole = (uint32_t)(e - map->entries);
	for (uint32_t i = (hole + 1) & mask; map->entries[i].key != WORDMAP_NO_KEY; i = (i + 1) & mask) {
		/* The entry at i may fill the hole when its own place does not lie cyclically in (hole, i]. */
		uint32_t home = place(map, map->entries[i].key);
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->entries[hole] = map->entries[i];
			hole = i;
		}
	}
	map->entries[hole].key = WORDMAP_NO_KEY;
	if (--map->count == 0)
		wordmap_done(map, class);
	else if (map->capacity > WORDMAP_MIN && map->count < map->capacity / 8)
		resize(map, class, map->capacity / 2);
	return true;
}
