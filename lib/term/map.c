/* SPDX-License-Identifier: Apache-2.0 */
/* Reading maps.
 * Invariant: the child of an entry at level n (the root is level 0) stands under branch (hash >> 4n) & 15 of
 * term_hash(key, 0); below level 15 stands a collision node. */
#include "term/map.h"

#include "term/compare.h"

static term flatmap_get(term map, term key)
{
	size_t n = map_size(map);
	const term *keys = flatmap_keys(map);
	if (term_is_immediate(key)) {
		for (size_t i = 0; i < n; i++)
			if (keys[i] == key)
				return flatmap_values(map)[i];
		return TERM_NONE;
	}
	for (size_t i = 0; i < n; i++)
		if (term_equal(keys[i], key))
			return flatmap_values(map)[i];
	return TERM_NONE;
}

static term hashmap_get(term map, term key)
{
	uint64_t hash = term_hash(key, 0);
	const term *node = boxed_ptr(boxed_ptr(map)[2]);
	for (;;) {
		unsigned bitmap = (unsigned)(node[1] >> 3);
		if (unlikely(bitmap == 0))
			break;
		unsigned bit = 1U << (hash & 15);
		if ((bitmap & bit) == 0)
			return TERM_NONE;
		term child = node[2 + map_count_bits(bitmap & (bit - 1))];
		if (term_is_cons(child))
			return term_equal(cons_head(child), key) ? cons_tail(child) : TERM_NONE;
		node = boxed_ptr(child);
		hash >>= 4;
	}
	size_t n = header_size(node[0]) - 1;
	for (size_t i = 0; i < n; i++)
		if (term_equal(cons_head(node[2 + i]), key))
			return cons_tail(node[2 + i]);
	return TERM_NONE;
}

term map_get(term map, term key)
{
	return map_is_flat(map) ? flatmap_get(map, key) : hashmap_get(map, key);
}

void map_iter_init(struct map_iter *iter, term map)
{
	iter->map = map;
	iter->index = 0;
	iter->depth = 0;
	if (!map_is_flat(map)) {
		iter->path[0].node = boxed_ptr(boxed_ptr(map)[2]);
		iter->path[0].child = 0;
		iter->depth = 1;
	}
}

bool map_iter_next(struct map_iter *iter, term *ret_key, term *ret_value)
{
	if (map_is_flat(iter->map)) {
		if (iter->index == map_size(iter->map))
			return false;
		*ret_key = flatmap_keys(iter->map)[iter->index];
		*ret_value = flatmap_values(iter->map)[iter->index];
		iter->index++;
		return true;
	}
	while (iter->depth > 0) {
		const term *node = iter->path[iter->depth - 1].node;
		unsigned child = iter->path[iter->depth - 1].child;
		if (child == header_size(node[0]) - 1) {
			iter->depth--;
			continue;
		}
		iter->path[iter->depth - 1].child = child + 1;
		term t = node[2 + child];
		if (term_is_cons(t)) {
			*ret_key = cons_head(t);
			*ret_value = cons_tail(t);
			return true;
		}
		assert(iter->depth < ARRAY_SIZE(iter->path));
		iter->path[iter->depth].node = boxed_ptr(t);
		iter->path[iter->depth].child = 0;
		iter->depth++;
	}
	return false;
}
