/* SPDX-License-Identifier: Apache-2.0 */
/* Building maps.
 *
 * Flat maps are edited as sorted arrays. Trees are edited along one path: the nodes on it are copied, the rest is shared.
 * A tree is built from many pairs at once bottom up, by distributing them over the branches level by level.
 * Recursion here goes by levels of a tree, of which there are at most MAP_LEVELS + 1. */
#include "data/map.h"

#include "heap/literal.h"
#include "term/compare.h"

#include <string.h>

term map_empty_literal;

#define EMPTY_WORDS 3

void map_init(void)
{
	term *p = literal_alloc(EMPTY_WORDS);
	assert(p != NULL);
	p[0] = HEADER(BOXED_TUPLE, 0);
	p[1] = HEADER(BOXED_FLATMAP, 1);
	p[2] = term_of_boxed(p);
	map_empty_literal = term_of_boxed(p + 1);
	literal_keep_all();
}

void map_exit(void)
{
	literal_free(boxed_ptr(map_empty_literal) - 1, EMPTY_WORDS);
	map_empty_literal = 0;
}

/* ------------------------------------------------------------------------------------------------ flat maps */

/* Where key is, or would be inserted. */
static bool flat_find(const term *keys, size_t count, term key, size_t *ret_index)
{
	if (term_is_immediate(key)) {
		for (size_t i = 0; i < count; i++) {
			if (keys[i] == key) {
				*ret_index = i;
				return true;
			}
		}
	}
	size_t low = 0;
	size_t high = count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = term_compare_exact(key, keys[middle]);
		if (c == 0) {
			*ret_index = middle;
			return true;
		}
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*ret_index = low;
	return false;
}

/* A flat map over an existing keys tuple. */
static term flat_of_values(struct heap *heap, term keys, const term *values, size_t count)
{
	term *p = heap_alloc(heap, 2 + count);
	p[0] = HEADER(BOXED_FLATMAP, 1 + count);
	p[1] = keys;
	memcpy(p + 2, values, count * sizeof(term));
	return term_of_boxed(p);
}

/* Keys sorted, unique. */
static term flat_of_sorted(struct heap *heap, const term *keys, const term *values, size_t count)
{
	if (count == 0)
		return map_empty();
	term *p = heap_alloc(heap, 1 + count + 2 + count);
	p[0] = HEADER(BOXED_TUPLE, count);
	memcpy(p + 1, keys, count * sizeof(term));
	term *map = p + 1 + count;
	map[0] = HEADER(BOXED_FLATMAP, 1 + count);
	map[1] = term_of_boxed(p);
	memcpy(map + 2, values, count * sizeof(term));
	return term_of_boxed(map);
}

/* ------------------------------------------------------------------------------------------------ trees */

static inline unsigned child_index(uint16_t bitmap, unsigned branch)
{
	return map_count_bits(bitmap & ((1U << branch) - 1));
}

static term *node_alloc(struct heap *heap, uint16_t bitmap, size_t children)
{
	term *p = heap_alloc(heap, 2 + children);
	p[0] = HEADER(BOXED_MAPNODE, 1 + children);
	p[1] = (term)bitmap << 3;
	return p;
}

static term node_with_child(struct heap *heap, const term *node, unsigned index, term child)
{
	size_t count = map_node_children(node);
	term *p = heap_alloc(heap, 2 + count);
	memcpy(p, node, (2 + count) * sizeof(term));
	p[2 + index] = child;
	return term_of_boxed(p);
}

static term node_insert_child(struct heap *heap, const term *node, uint16_t bitmap, unsigned index, term child)
{
	size_t count = map_node_children(node);
	term *p = node_alloc(heap, bitmap, count + 1);
	memcpy(p + 2, node + 2, index * sizeof(term));
	p[2 + index] = child;
	memcpy(p + 3 + index, node + 2 + index, (count - index) * sizeof(term));
	return term_of_boxed(p);
}

static term node_remove_child(struct heap *heap, const term *node, uint16_t bitmap, unsigned index)
{
	size_t count = map_node_children(node);
	term *p = node_alloc(heap, bitmap, count - 1);
	memcpy(p + 2, node + 2, index * sizeof(term));
	memcpy(p + 2 + index, node + 3 + index, (count - 1 - index) * sizeof(term));
	return term_of_boxed(p);
}

static term hashmap_of_root(struct heap *heap, size_t size, term root)
{
	term *p = heap_alloc(heap, 3);
	p[0] = HEADER(BOXED_HASHMAP, 2);
	p[1] = (term)size << 3;
	p[2] = root;
	return term_of_boxed(p);
}

/* Where a key is in a collision node's sorted children. */
static bool collision_find(const term *node, term key, unsigned *ret_index)
{
	size_t low = 0;
	size_t high = map_node_children(node);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = term_compare_exact(key, cons_head(node[2 + middle]));
		if (c == 0) {
			*ret_index = (unsigned)middle;
			return true;
		}
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*ret_index = (unsigned)low;
	return false;
}

/* The node at `level` that holds two leaves of different keys. */
static term node_of_two(struct heap *heap, unsigned level, uint64_t hash_a, term a, uint64_t hash_b, term b)
{
	if (level == MAP_LEVELS) {
		term *p = node_alloc(heap, 0, 2);
		const bool first = term_compare_exact(cons_head(a), cons_head(b)) < 0;
		p[2] = first ? a : b;
		p[3] = first ? b : a;
		return term_of_boxed(p);
	}
	unsigned branch_a = map_branch(hash_a, level);
	unsigned branch_b = map_branch(hash_b, level);
	if (branch_a == branch_b) {
		term child = node_of_two(heap, level + 1, hash_a, a, hash_b, b);
		term *p = node_alloc(heap, (uint16_t)(1U << branch_a), 1);
		p[2] = child;
		return term_of_boxed(p);
	}
	term *p = node_alloc(heap, (uint16_t)(1U << branch_a | 1U << branch_b), 2);
	p[2] = branch_a < branch_b ? a : b;
	p[3] = branch_a < branch_b ? b : a;
	return term_of_boxed(p);
}

struct path {
	struct {
		const term *node;
		unsigned index;
	} steps[MAP_LEVELS + 1];
	unsigned depth;
};

static void path_push(struct path *path, const term *node, unsigned index)
{
	path->steps[path->depth].node = node;
	path->steps[path->depth++].index = index;
}

/* The new root when the node or leaf that the path leads to became child. */
static term path_rebuild(struct heap *heap, const struct path *path, term child)
{
	for (unsigned i = path->depth; i-- > 0;)
		child = node_with_child(heap, path->steps[i].node, path->steps[i].index, child);
	return child;
}

enum put_mode {
	PUT_ALWAYS,
	PUT_NEW,      /* leaves an existing entry as it is */
	PUT_EXISTING, /* TERM_NONE without one */
};

/* A subtree with one entry put in. leaf: the entry as a cons, or TERM_NONE: made here from key and value when it
 * is needed. Returns the same node when nothing changes. *ret_existed: whether the key was there. */
static term tree_put(struct heap *heap, term root, unsigned level, uint64_t hash, term key, term value, term leaf,
	enum put_mode mode, bool *ret_existed)
{
	struct path path = { .depth = 0 };
	term at = root;
	*ret_existed = false;
	for (;; level++) {
		const term *node = boxed_ptr(at);
		uint16_t bitmap = map_node_bitmap(node);
		unsigned index;
		bool found;
		if (level == MAP_LEVELS) {
			found = collision_find(node, key, &index);
		} else {
			unsigned branch = map_branch(hash, level);
			index = child_index(bitmap, branch);
			found = (bitmap >> branch & 1) != 0;
			bitmap |= (uint16_t)(1U << branch);
		}
		if (!found) {
			if (mode == PUT_EXISTING)
				return TERM_NONE;
			if (leaf == TERM_NONE)
				leaf = heap_cons(heap, key, value);
			return path_rebuild(heap, &path,
				node_insert_child(heap, node, level == MAP_LEVELS ? 0 : bitmap, index, leaf));
		}
		term child = node[2 + index];
		path_push(&path, node, index);
		if (!term_is_cons(child)) {
			at = child;
			continue;
		}
		if (level == MAP_LEVELS || term_equal(cons_head(child), key)) {
			*ret_existed = true;
			if (mode == PUT_NEW || cons_tail(child) == value)
				return root;
			if (leaf == TERM_NONE) /* the old key is kept, as in OTP */
				leaf = heap_cons(heap, cons_head(child), value);
			return path_rebuild(heap, &path, leaf);
		}
		if (mode == PUT_EXISTING)
			return TERM_NONE;
		if (leaf == TERM_NONE)
			leaf = heap_cons(heap, key, value);
		return path_rebuild(heap, &path,
			node_of_two(heap, level + 1, term_hash(cons_head(child), 0), child, hash, leaf));
	}
}

/* ------------------------------------------------------------------------------------------------ many at once */

struct entry {
	uint64_t hash;
	term key;
	term value;
};

struct builder {
	struct heap *heap;
	size_t unique; /* entries in the tree so far */
	bool duplicate;
};

/* All of the entries have one hash: usually they have one key, and the last one counts. */
static term build_same_hash(struct builder *b, struct entry *entries, size_t count, unsigned level)
{
	/* Sorted insertion by key, in place; entries come in the order in which they were given. */
	size_t unique = 0;
	for (size_t i = 0; i < count; i++) {
		struct entry e = entries[i];
		size_t low = 0;
		size_t high = unique;
		bool found = false;
		while (low < high && !found) {
			size_t middle = (low + high) / 2;
			int c = term_compare_exact(e.key, entries[middle].key);
			if (c < 0) {
				high = middle;
			} else {
				low = middle + (c > 0);
				found = c == 0;
			}
		}
		if (found) {
			entries[low].value = e.value;
			b->duplicate = true;
			continue;
		}
		memmove(&entries[low + 1], &entries[low], (unique - low) * sizeof(e));
		entries[low] = e;
		unique++;
	}
	b->unique += unique;
	if (unique == 1)
		return heap_cons(b->heap, entries[0].key, entries[0].value);
	term *p = node_alloc(b->heap, 0, unique);
	for (size_t i = 0; i < unique; i++)
		p[2 + i] = TERM_NIL;
	for (size_t i = 0; i < unique; i++)
		p[2 + i] = heap_cons(b->heap, entries[i].key, entries[i].value);
	term child = term_of_boxed(p);
	for (unsigned i = MAP_LEVELS; i-- > level;) {
		p = node_alloc(b->heap, (uint16_t)(1U << map_branch(entries[0].hash, i)), 1);
		p[2] = child;
		child = term_of_boxed(p);
	}
	return child;
}

static bool all_same_hash(const struct entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (entries[i].hash != entries[0].hash)
			return false;
	return true;
}

/* A leaf or node for entries that agree in all levels above. spare: room for count entries. */
static term build_tree(struct builder *b, struct entry *entries, struct entry *spare, size_t count, unsigned level)
{
	if (count == 1) {
		b->unique++;
		return heap_cons(b->heap, entries[0].key, entries[0].value);
	}
	if (all_same_hash(entries, count))
		return build_same_hash(b, entries, count, level);
	size_t ends[16] = { 0 };
	for (size_t i = 0; i < count; i++)
		ends[map_branch(entries[i].hash, level)]++;
	size_t starts[16];
	size_t sum = 0;
	for (unsigned i = 0; i < 16; i++) {
		starts[i] = sum;
		sum += ends[i];
		ends[i] = starts[i];
	}
	for (size_t i = 0; i < count; i++)
		spare[ends[map_branch(entries[i].hash, level)]++] = entries[i];
	term children[16];
	uint16_t bitmap = 0;
	unsigned n = 0;
	for (unsigned i = 0; i < 16; i++) {
		if (starts[i] == ends[i])
			continue;
		bitmap |= (uint16_t)(1U << i);
		children[n++] = build_tree(b, spare + starts[i], entries + starts[i], ends[i] - starts[i], level + 1);
	}
	/* The hashes differ, so one child cannot be a lone leaf. */
	term *p = node_alloc(b->heap, bitmap, n);
	memcpy(p + 2, children, n * sizeof(term));
	return term_of_boxed(p);
}

static term flat_of_pairs(struct heap *heap, const term *pairs, size_t count, enum map_of_flags flags)
{
	term keys[MAP_FLAT_MAX];
	term values[MAP_FLAT_MAX];
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		term key = pairs[2 * i];
		size_t index = n;
		/* Keys often come sorted. */
		bool found = (n == 0 || term_compare_exact(keys[n - 1], key) >= 0) && flat_find(keys, n, key, &index);
		if (found) {
			if ((flags & MAP_OF_UNIQUE) != 0)
				return TERM_NONE;
			values[index] = pairs[2 * i + 1];
			continue;
		}
		memmove(&keys[index + 1], &keys[index], (n - index) * sizeof(term));
		memmove(&values[index + 1], &values[index], (n - index) * sizeof(term));
		keys[index] = key;
		values[index] = pairs[2 * i + 1];
		n++;
	}
	return flat_of_sorted(heap, keys, values, n);
}

/* A tree's at most MAP_FLAT_MAX entries, but for one key (TERM_NONE: all), as a flat map. */
static term flat_of_tree(struct heap *heap, term root, term without)
{
	term pairs[2 * MAP_FLAT_MAX];
	size_t n = 0;
	term fake[3] = { HEADER(BOXED_HASHMAP, 2), 0, root };
	struct map_iter iter;
	term key;
	term value;
	map_iter_init(&iter, term_of_boxed(fake));
	while (map_iter_next(&iter, &key, &value)) {
		if (without != TERM_NONE && term_equal(key, without))
			continue;
		assert(n < MAP_FLAT_MAX);
		pairs[2 * n] = key;
		pairs[2 * n++ + 1] = value;
	}
	return flat_of_pairs(heap, pairs, n, MAP_OF_LAST_WINS);
}

term map_of_pairs(struct heap *heap, term *pairs, size_t count, enum map_of_flags flags)
{
	if (count <= MAP_FLAT_MAX)
		return flat_of_pairs(heap, pairs, count, flags);
	size_t bytes = 2 * count * sizeof(struct entry);
	struct entry *entries = mem_alloc(MEM_TEMP, bytes);
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct entry){ term_hash(pairs[2 * i], 0), pairs[2 * i], pairs[2 * i + 1] };
	struct builder b = { .heap = heap };
	term root = build_tree(&b, entries, entries + count, count, 0);
	mem_free(MEM_TEMP, entries, bytes);
	if (b.duplicate && (flags & MAP_OF_UNIQUE) != 0)
		return TERM_NONE;
	if (b.unique > MAP_FLAT_MAX)
		return hashmap_of_root(heap, b.unique, root);
	if (term_is_cons(root)) /* one key, many times */
		return flat_of_pairs(heap, cons_ptr(root), 1, MAP_OF_LAST_WINS);
	return flat_of_tree(heap, root, TERM_NONE);
}

/* ------------------------------------------------------------------------------------------------ one at a time */

static term hashmap_put(struct heap *heap, term map, term key, term value, enum put_mode mode)
{
	const term *p = boxed_ptr(map);
	bool existed;
	term root = tree_put(heap, p[2], 0, term_hash(key, 0), key, value, TERM_NONE, mode, &existed);
	if (root == TERM_NONE)
		return TERM_NONE;
	if (root == p[2])
		return map;
	return hashmap_of_root(heap, map_size(map) + !existed, root);
}

term map_put(struct heap *heap, term map, term key, term value)
{
	if (!map_is_flat(map))
		return hashmap_put(heap, map, key, value, PUT_ALWAYS);
	size_t count = map_size(map);
	const term *keys = flatmap_keys(map);
	const term *values = flatmap_values(map);
	size_t index;
	if (flat_find(keys, count, key, &index)) {
		if (values[index] == value)
			return map;
		term t = flat_of_values(heap, boxed_ptr(map)[1], values, count);
		flatmap_values(t)[index] = value;
		return t;
	}
	if (count == MAP_FLAT_MAX) {
		term pairs[2 * (MAP_FLAT_MAX + 1)];
		for (size_t i = 0; i < count; i++) {
			pairs[2 * i] = keys[i];
			pairs[2 * i + 1] = values[i];
		}
		pairs[2 * count] = key;
		pairs[2 * count + 1] = value;
		return map_of_pairs(heap, pairs, count + 1, MAP_OF_LAST_WINS);
	}
	size_t n = count + 1;
	term *p = heap_alloc(heap, 1 + n + 2 + n);
	term *to = p + 1 + n;
	p[0] = HEADER(BOXED_TUPLE, n);
	memcpy(p + 1, keys, index * sizeof(term));
	p[1 + index] = key;
	memcpy(p + 2 + index, keys + index, (count - index) * sizeof(term));
	to[0] = HEADER(BOXED_FLATMAP, 1 + n);
	to[1] = term_of_boxed(p);
	memcpy(to + 2, values, index * sizeof(term));
	to[2 + index] = value;
	memcpy(to + 3 + index, values + index, (count - index) * sizeof(term));
	return term_of_boxed(to);
}

term map_update(struct heap *heap, term map, term key, term value)
{
	if (!map_is_flat(map))
		return hashmap_put(heap, map, key, value, PUT_EXISTING);
	size_t index;
	size_t count = map_size(map);
	if (!flat_find(flatmap_keys(map), count, key, &index))
		return TERM_NONE;
	const term *values = flatmap_values(map);
	if (values[index] == value)
		return map;
	term t = flat_of_values(heap, boxed_ptr(map)[1], values, count);
	flatmap_values(t)[index] = value;
	return t;
}

static term flat_remove(struct heap *heap, term map, term key, term *ret_value)
{
	size_t count = map_size(map);
	const term *keys = flatmap_keys(map);
	const term *values = flatmap_values(map);
	size_t index;
	*ret_value = TERM_NONE;
	if (!flat_find(keys, count, key, &index))
		return map;
	*ret_value = values[index];
	size_t n = count - 1;
	if (n == 0)
		return map_empty();
	term *p = heap_alloc(heap, 1 + n + 2 + n);
	term *to = p + 1 + n;
	p[0] = HEADER(BOXED_TUPLE, n);
	memcpy(p + 1, keys, index * sizeof(term));
	memcpy(p + 1 + index, keys + index + 1, (n - index) * sizeof(term));
	to[0] = HEADER(BOXED_FLATMAP, 1 + n);
	to[1] = term_of_boxed(p);
	memcpy(to + 2, values, index * sizeof(term));
	memcpy(to + 2 + index, values + index + 1, (n - index) * sizeof(term));
	return term_of_boxed(to);
}

term map_remove(struct heap *heap, term map, term key, term *ret_value)
{
	term ignored;
	if (ret_value == NULL)
		ret_value = &ignored;
	if (map_is_flat(map))
		return flat_remove(heap, map, key, ret_value);
	*ret_value = map_get(map, key);
	if (*ret_value == TERM_NONE)
		return map;
	term root = boxed_ptr(map)[2];
	size_t size = map_size(map) - 1;
	if (size <= MAP_FLAT_MAX)
		return flat_of_tree(heap, root, key);
	/* The key is there: down to its leaf ... */
	struct path path = { .depth = 0 };
	uint64_t hash = term_hash(key, 0);
	for (term at = root; !term_is_cons(at);) {
		const term *node = boxed_ptr(at);
		unsigned index;
		if (path.depth == MAP_LEVELS)
			(void)collision_find(node, key, &index); /* it is there */
		else
			index = child_index(map_node_bitmap(node), map_branch(hash, path.depth));
		path_push(&path, node, index);
		at = node[2 + index];
	}
	/* ... and up: nodes that would hold a lone leaf give way to it. */
	unsigned level = --path.depth;
	const term *node = path.steps[level].node;
	unsigned index = path.steps[level].index;
	if (level > 0 && map_node_children(node) == 2 && term_is_cons(node[2 + !index])) {
		term leaf = node[2 + !index];
		while (path.depth > 1 && map_node_children(path.steps[path.depth - 1].node) == 1)
			path.depth--;
		return hashmap_of_root(heap, size, path_rebuild(heap, &path, leaf));
	}
	uint16_t bitmap = map_node_bitmap(node);
	if (bitmap != 0)
		bitmap &= (uint16_t)~(1U << map_branch(hash, level));
	return hashmap_of_root(heap, size, path_rebuild(heap, &path, node_remove_child(heap, node, bitmap, index)));
}

/* ------------------------------------------------------------------------------------------------ several keys */

term map_put_many(struct heap *heap, term map, const term *pairs, size_t count)
{
	if (count == 1)
		return map_put(heap, map, pairs[0], pairs[1]);
	if (!map_is_flat(map)) {
		for (size_t i = 0; i < count; i++)
			map = map_put(heap, map, pairs[2 * i], pairs[2 * i + 1]);
		return map;
	}
	size_t old = map_size(map);
	if (old + count > MAP_FLAT_MAX) {
		size_t bytes = (old + count) * 2 * sizeof(term);
		term *all = mem_alloc(MEM_TEMP, bytes);
		for (size_t i = 0; i < old; i++) {
			all[2 * i] = flatmap_keys(map)[i];
			all[2 * i + 1] = flatmap_values(map)[i];
		}
		memcpy(all + 2 * old, pairs, count * 2 * sizeof(term));
		term t = map_of_pairs(heap, all, old + count, MAP_OF_LAST_WINS);
		mem_free(MEM_TEMP, all, bytes);
		return t;
	}
	term keys[MAP_FLAT_MAX];
	term values[MAP_FLAT_MAX];
	size_t n = old;
	memcpy(keys, flatmap_keys(map), n * sizeof(term));
	memcpy(values, flatmap_values(map), n * sizeof(term));
	for (size_t i = 0; i < count; i++) {
		size_t index = n;
		/* The compiler hands over literal keys in order. */
		bool found = n != 0 && term_compare_exact(keys[n - 1], pairs[2 * i]) >= 0 &&
			flat_find(keys, n, pairs[2 * i], &index);
		if (!found) {
			memmove(&keys[index + 1], &keys[index], (n - index) * sizeof(term));
			memmove(&values[index + 1], &values[index], (n - index) * sizeof(term));
			keys[index] = pairs[2 * i];
			n++;
		}
		values[index] = pairs[2 * i + 1];
	}
	if (n == old)
		return n == 0 ? map : flat_of_values(heap, boxed_ptr(map)[1], values, n);
	return flat_of_sorted(heap, keys, values, n);
}

/* The first in order of the keys that map lacks; at least one does. */
static term first_missing(term map, const term *pairs, size_t count)
{
	term first = TERM_NONE;
	for (size_t i = 0; i < count; i++)
		if (map_get(map, pairs[2 * i]) == TERM_NONE && (first == TERM_NONE || term_compare_exact(pairs[2 * i], first) < 0))
			first = pairs[2 * i];
	return first;
}

term map_update_many(struct heap *heap, term map, const term *pairs, size_t count, term *ret_missing)
{
	if (!map_is_flat(map) || count == 1) {
		for (size_t i = 0; i < count; i++) {
			term t = map_update(heap, map, pairs[2 * i], pairs[2 * i + 1]);
			if (t == TERM_NONE) {
				*ret_missing = first_missing(map, pairs, count);
				return TERM_NONE;
			}
			map = t;
		}
		return map;
	}
	size_t n = map_size(map);
	term values[MAP_FLAT_MAX];
	memcpy(values, flatmap_values(map), n * sizeof(term));
	for (size_t i = 0; i < count; i++) {
		size_t index;
		if (!flat_find(flatmap_keys(map), n, pairs[2 * i], &index)) {
			*ret_missing = first_missing(map, pairs, count);
			return TERM_NONE;
		}
		values[index] = pairs[2 * i + 1];
	}
	return n == 0 ? map : flat_of_values(heap, boxed_ptr(map)[1], values, n);
}

/* ------------------------------------------------------------------------------------------------ merging */

static size_t tree_size(term t)
{
	if (term_is_cons(t))
		return 1;
	size_t n = 0;
	const term *node = boxed_ptr(t);
	for (size_t i = 0; i < map_node_children(node); i++)
		n += tree_size(node[2 + i]);
	return n;
}

/* Two subtrees at one place; b's entries win. *both grows by the keys that both have. */
static term tree_merge(struct heap *heap, term a, term b, unsigned level, size_t *both)
{
	bool existed = false;
	if (a == b) {
		*both += tree_size(a);
		return b;
	}
	if (term_is_cons(a) && term_is_cons(b)) {
		if (term_equal(cons_head(a), cons_head(b))) {
			++*both;
			return b;
		}
		return node_of_two(heap, level, term_hash(cons_head(a), 0), a, term_hash(cons_head(b), 0), b);
	}
	if (term_is_cons(a) || term_is_cons(b)) {
		term leaf = term_is_cons(a) ? a : b;
		term node = term_is_cons(a) ? b : a;
		enum put_mode mode = term_is_cons(a) ? PUT_NEW : PUT_ALWAYS;
		term t = tree_put(heap, node, level, term_hash(cons_head(leaf), 0), cons_head(leaf),
			cons_tail(leaf), leaf, mode, &existed);
		*both += existed;
		return t;
	}
	const term *node_a = boxed_ptr(a);
	const term *node_b = boxed_ptr(b);
	if (level == MAP_LEVELS) {
		term t = b;
		for (size_t i = 0; i < map_node_children(node_a); i++) {
			term leaf = node_a[2 + i];
			t = tree_put(heap, t, level, 0, cons_head(leaf), cons_tail(leaf), leaf, PUT_NEW, &existed);
			*both += existed;
		}
		return t;
	}
	term children[16];
	unsigned n = 0;
	bool same = map_node_bitmap(node_a) == map_node_bitmap(node_b);
	uint16_t bitmap = map_node_bitmap(node_a) | map_node_bitmap(node_b);
	for (unsigned left = bitmap; left != 0; left &= left - 1) {
		unsigned branch = (unsigned)__builtin_ctz(left);
		term child_a = (map_node_bitmap(node_a) >> branch & 1) != 0
			? node_a[2 + child_index(map_node_bitmap(node_a), branch)]
			: TERM_NONE;
		term child_b = (map_node_bitmap(node_b) >> branch & 1) != 0
			? node_b[2 + child_index(map_node_bitmap(node_b), branch)]
			: TERM_NONE;
		term child = child_a == TERM_NONE ? child_b
			: child_b == TERM_NONE ? child_a
					       : tree_merge(heap, child_a, child_b, level + 1, both);
		same = same && child == child_b;
		children[n++] = child;
	}
	if (same)
		return b;
	term *p = node_alloc(heap, bitmap, n);
	memcpy(p + 2, children, n * sizeof(term));
	return term_of_boxed(p);
}

static term flat_merge(struct heap *heap, term a, term b)
{
	size_t count_a = map_size(a);
	size_t count_b = map_size(b);
	const term *keys_a = flatmap_keys(a);
	const term *keys_b = flatmap_keys(b);
	if (keys_a == keys_b || count_a == 0)
		return b;
	if (count_b == 0)
		return a;
	term keys[2 * MAP_FLAT_MAX];
	term values[2 * MAP_FLAT_MAX];
	size_t n = 0;
	size_t i = 0;
	size_t j = 0;
	while (i < count_a || j < count_b) {
		int c = i == count_a ? 1 : j == count_b ? -1 : term_compare_exact(keys_a[i], keys_b[j]);
		keys[n] = c < 0 ? keys_a[i] : keys_b[j];
		values[n++] = c < 0 ? flatmap_values(a)[i] : flatmap_values(b)[j];
		i += c <= 0;
		j += c >= 0;
	}
	if (n == count_b)
		return b; /* a has no key that b has not */
	if (n == count_a)
		return flat_of_values(heap, boxed_ptr(a)[1], values, n);
	if (n <= MAP_FLAT_MAX)
		return flat_of_sorted(heap, keys, values, n);
	term pairs[4 * MAP_FLAT_MAX];
	for (size_t k = 0; k < n; k++) {
		pairs[2 * k] = keys[k];
		pairs[2 * k + 1] = values[k];
	}
	return map_of_pairs(heap, pairs, n, MAP_OF_LAST_WINS);
}

term map_merge(struct heap *heap, term a, term b)
{
	if (map_is_flat(a) && map_is_flat(b))
		return flat_merge(heap, a, b);
	if (map_is_flat(b)) {
		for (size_t i = 0; i < map_size(b); i++)
			a = map_put(heap, a, flatmap_keys(b)[i], flatmap_values(b)[i]);
		return a;
	}
	if (map_is_flat(a)) {
		for (size_t i = 0; i < map_size(a); i++)
			b = hashmap_put(heap, b, flatmap_keys(a)[i], flatmap_values(a)[i], PUT_NEW);
		return b;
	}
	size_t both = 0;
	term root = tree_merge(heap, boxed_ptr(a)[2], boxed_ptr(b)[2], 0, &both);
	if (root == boxed_ptr(b)[2])
		return b;
	return hashmap_of_root(heap, map_size(a) + map_size(b) - both, root);
}
