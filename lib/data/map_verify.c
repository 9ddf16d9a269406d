/* SPDX-License-Identifier: Apache-2.0 */
/* Checking maps: that one is laid out as term/map.h says. */
#include "data/map.h"

#include "term/compare.h"

static size_t tree_verify(term t, unsigned level, uint64_t prefix)
{
	uint64_t mask = level == MAP_LEVELS ? ~(uint64_t)0 : ((uint64_t)1 << level * 4) - 1;
	if (term_is_cons(t)) {
		assert((term_hash(cons_head(t), 0) & mask) == prefix);
		return 1;
	}
	assert(term_is_kind(t, BOXED_MAPNODE) && level <= MAP_LEVELS);
	const term *node = boxed_ptr(t);
	size_t count = map_node_children(node);
	if (level == MAP_LEVELS) {
		assert(map_node_bitmap(node) == 0 && count >= 2);
		for (size_t i = 0; i < count; i++) {
			assert(term_hash(cons_head(node[2 + i]), 0) == prefix);
			assert(i == 0 || term_compare_exact(cons_head(node[1 + i]), cons_head(node[2 + i])) < 0);
		}
		return count;
	}
	assert(count == map_count_bits(map_node_bitmap(node)) && count >= 1);
	assert(level == 0 || count > 1 || !term_is_cons(node[2]));
	size_t size = 0;
	size_t i = 0;
	for (unsigned left = map_node_bitmap(node); left != 0; left &= left - 1) {
		unsigned branch = (unsigned)__builtin_ctz(left);
		term child = node[2 + i++];
		if (term_is_cons(child)) /* stands one level up from where its own bits end */
			assert((term_hash(cons_head(child), 0) & mask) == prefix &&
				map_branch(term_hash(cons_head(child), 0), level) == branch);
		size += term_is_cons(child) ? 1 : tree_verify(child, level + 1, prefix | (uint64_t)branch << level * 4);
	}
	return size;
}

void map_verify(term map)
{
	assert(term_is_map(map));
	size_t size = map_size(map);
	if (map_is_flat(map)) {
		assert(size <= MAP_FLAT_MAX && term_is_tuple_of(boxed_ptr(map)[1], size));
		for (size_t i = 1; i < size; i++)
			assert(term_compare_exact(flatmap_keys(map)[i - 1], flatmap_keys(map)[i]) < 0);
		return;
	}
	assert(size > MAP_FLAT_MAX && tree_verify(boxed_ptr(map)[2], 0, 0) == size);
}
