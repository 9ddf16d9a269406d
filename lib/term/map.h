/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of maps, and how to read them; data/map.h builds them.
 *
 *   FLATMAP  header (size 1 + n), keys tuple (boxed TUPLE of n keys), n values            n <= MAP_FLAT_MAX
 *            Keys are unique and sorted in term order (integers before floats, by exact order). Versions of one map share
 *            the keys tuple. The empty map is a FLATMAP whose keys word is the empty tuple.
 *   HASHMAP  header (size 2), size << 3, root node                                        more than MAP_FLAT_MAX
 *   MAPNODE  header (size 1 + n), bitmap << 3, n children: the children of the 16 branches whose bit is set, in order.
 *            A child is a cons [Key | Value] or a boxed MAPNODE one level (4 bits of hash) further down.
 *   MAPNODE  with bitmap 0: collision node, below the last bits of hash: its children are two or more conses, sorted by key.
 * A MAPNODE other than the root that has one child has a MAPNODE as that child.
 *
 * A map has at most MAP_FLAT_MAX entries if and only if it is a FLATMAP, so equal maps have one form. */
#pragma once
#include "term/term.h"

#define MAP_FLAT_MAX 32

/* In a HASHMAP the entries are placed by term_hash(key, 0), four bits a level, least significant first; two keys with
 * the same 64 bits meet in a collision node, the child of a node at level MAP_LEVELS - 1. */
#define MAP_LEVELS 16

/* The branch (0-15) that a hash takes in a node `level` levels below the root. */
static inline unsigned map_branch(uint64_t hash, unsigned level)
{
	return (unsigned)(hash >> (level * 4)) & 15;
}

/* Bits that are set among the low 16; the plain instruction set has no instruction for it. */
static inline unsigned map_count_bits(unsigned v)
{
	v -= v >> 1 & 0x5555;
	v = (v & 0x3333) + (v >> 2 & 0x3333);
	v = (v + (v >> 4)) & 0x0F0F;
	return (v + (v >> 8)) & 0x1F;
}

/* Of a MAPNODE. */
static inline size_t map_node_children(const term *node)
{
	return header_size(node[0]) - 1;
}

static inline uint16_t map_node_bitmap(const term *node)
{
	return (uint16_t)(node[1] >> 3);
}

static inline size_t map_size(term t)
{
	const term *p = boxed_ptr(t);
	debug_assert(term_is_map(t));
	return header_kind(p[0]) == BOXED_FLATMAP ? header_size(p[0]) - 1 : (size_t)(p[1] >> 3);
}

static inline bool map_is_flat(term t)
{
	return header_kind(boxed_header(t)) == BOXED_FLATMAP;
}

static inline term *flatmap_keys(term t)
{
	return tuple_elements(boxed_ptr(t)[1]);
}

static inline term *flatmap_values(term t)
{
	return boxed_ptr(t) + 2;
}

/* The value of key (compared exactly), TERM_NONE when there is none. Reads only. */
term map_get(term map, term key);

/* Walks the entries in the map's own order: flat ones by key, hashed ones by hash.
 * Invariant: no collection between map_iter_init and the last map_iter_next. */
struct map_iter {
	term map;
	size_t index; /* flat: next entry */
	unsigned depth;
	struct {
		const term *node; /* header of a MAPNODE */
		unsigned child;
	} path[20]; /* 64 bits of hash in steps of 4, a collision node, and the root */
};

void map_iter_init(struct map_iter *iter, term map);
bool map_iter_next(struct map_iter *iter, term *ret_key, term *ret_value);
