/* SPDX-License-Identifier: Apache-2.0 */
/* Maps as Erlang calls them. maps:next, to_list and fold are Erlang over erts_internal:map_next/3, whose path into a tree
 * is the place of an entry among all hashes: the hash with its first four bits highest, so that places rise as
 * the walk goes on. 0 is the beginning. */
#include "bif/bif.h"
#include "binary/binary.h"
#include "data/map.h"
#include "term/compare.h"

static term bad_map(struct proc *p, term t)
{
	return bif_error(p, heap_tuple_of(bif_heap(p), A(badmap), t));
}

static term bad_key(struct proc *p, term t)
{
	return bif_error(p, heap_tuple_of(bif_heap(p), A(badkey), t));
}

term bif_maps_find_2(struct proc *p, const term *args)
{
	if (!term_is_map(args[1]))
		return bad_map(p, args[1]);
	term value = map_get(args[1], args[0]);
	return value == TERM_NONE ? A(error) : heap_tuple_of(bif_heap(p), A(ok), value);
}

term bif_erlang_map_get_2(struct proc *p, const term *args)
{
	if (!term_is_map(args[1]))
		return bad_map(p, args[1]);
	term value = map_get(args[1], args[0]);
	return value == TERM_NONE ? bad_key(p, args[0]) : value;
}

term bif_erlang_is_map_key_2(struct proc *p, const term *args)
{
	if (!term_is_map(args[1]))
		return bad_map(p, args[1]);
	return term_of_bool(map_get(args[1], args[0]) != TERM_NONE);
}

term bif_erlang_map_size_1(struct proc *p, const term *args)
{
	return term_is_map(args[0]) ? term_of_small((int64_t)map_size(args[0])) : bad_map(p, args[0]);
}

term bif_maps_put_3(struct proc *p, const term *args)
{
	return term_is_map(args[2]) ? map_put(bif_heap(p), args[2], args[0], args[1]) : bad_map(p, args[2]);
}

term bif_maps_update_3(struct proc *p, const term *args)
{
	if (!term_is_map(args[2]))
		return bad_map(p, args[2]);
	term t = map_update(bif_heap(p), args[2], args[0], args[1]);
	return t == TERM_NONE ? bad_key(p, args[0]) : t;
}

term bif_maps_remove_2(struct proc *p, const term *args)
{
	return term_is_map(args[1]) ? map_remove(bif_heap(p), args[1], args[0], NULL) : bad_map(p, args[1]);
}

term bif_maps_take_2(struct proc *p, const term *args)
{
	if (!term_is_map(args[1]))
		return bad_map(p, args[1]);
	term value;
	term rest = map_remove(bif_heap(p), args[1], args[0], &value);
	return value == TERM_NONE ? A(error) : heap_tuple_of(bif_heap(p), value, rest);
}

term bif_maps_merge_2(struct proc *p, const term *args)
{
	if (!term_is_map(args[0]))
		return bad_map(p, args[0]);
	if (!term_is_map(args[1]))
		return bad_map(p, args[1]);
	bif_charge(p, (map_size(args[0]) + map_size(args[1])) / 8);
	return map_merge(bif_heap(p), args[0], args[1]);
}

/* A list of all keys (which: 0) or values (1), in the map's order. */
static term list_of(struct proc *p, term map, unsigned which)
{
	if (!term_is_map(map))
		return bad_map(p, map);
	size_t count = map_size(map);
	if (count == 0)
		return TERM_NIL;
	term *cells = heap_alloc(bif_heap(p), 2 * count);
	struct map_iter iter;
	term entry[2];
	size_t i = 0;
	map_iter_init(&iter, map);
	for (; i < count && map_iter_next(&iter, &entry[0], &entry[1]); i++) {
		cells[2 * i] = entry[which];
		cells[2 * i + 1] = i + 1 < count ? term_of_cons(cells + 2 * i + 2) : TERM_NIL;
	}
	assert(i == count);
	bif_charge(p, count / 16);
	return term_of_cons(cells);
}

term bif_maps_keys_1(struct proc *p, const term *args)
{
	return list_of(p, args[0], 0);
}

term bif_maps_values_1(struct proc *p, const term *args)
{
	return list_of(p, args[0], 1);
}

/* A map of the elements of a list: pairs, or keys of one value when that is not TERM_NONE. */
static term map_of_list(struct proc *p, term list, term value)
{
	int64_t count = list_length(list);
	if (count < 0)
		return bif_badarg(p);
	size_t n = (size_t)count;
	term few[2 * MAP_FLAT_MAX];
	term *pairs = n <= MAP_FLAT_MAX ? few : mem_alloc(MEM_TEMP, 2 * n * sizeof(term));
	bool ok = true;
	size_t i = 0;
	for (term t = list; ok && term_is_cons(t); t = cons_tail(t), i++) {
		term head = cons_head(t);
		if (value != TERM_NONE) {
			pairs[2 * i] = head;
			pairs[2 * i + 1] = value;
		} else {
			ok = term_is_tuple_of(head, 2);
			if (ok) {
				pairs[2 * i] = tuple_element(head, 0);
				pairs[2 * i + 1] = tuple_element(head, 1);
			}
		}
	}
	term t = ok ? map_of_pairs(bif_heap(p), pairs, n, MAP_OF_LAST_WINS) : TERM_NONE;
	if (pairs != few)
		mem_free(MEM_TEMP, pairs, 2 * n * sizeof(term));
	bif_charge(p, n / 8);
	return ok ? t : bif_badarg(p);
}

term bif_maps_from_list_1(struct proc *p, const term *args)
{
	return map_of_list(p, args[0], TERM_NONE);
}

term bif_maps_from_keys_2(struct proc *p, const term *args)
{
	return map_of_list(p, args[0], args[1]);
}

term bif_erts_internal_map_to_tuple_keys_1(struct proc *p, const term *args)
{
	if (!term_is_map(args[0]) || !map_is_flat(args[0]))
		return bif_badarg(p);
	return boxed_ptr(args[0])[1];
}

/* For erts_debug's statistics: the branches of the root as maps, the leaves as conses. */
term bif_erts_internal_map_hashmap_children_1(struct proc *p, const term *args)
{
	if (!term_is_map(args[0]) || map_is_flat(args[0]))
		return bif_badarg(p);
	term list = TERM_NIL;
	const term *node = boxed_ptr(boxed_ptr(args[0])[2]);
	for (size_t i = header_size(node[0]) - 1; i-- > 0;) {
		term child = node[2 + i];
		if (!term_is_cons(child)) {
			/* What stands below a branch is a tree of fewer entries; a map of them is made anew. */
			term fake[3] = { HEADER(BOXED_HASHMAP, 2), 0, child };
			struct map_iter iter;
			term key;
			term value;
			term map = map_empty();
			map_iter_init(&iter, term_of_boxed(fake));
			while (map_iter_next(&iter, &key, &value))
				map = map_put(bif_heap(p), map, key, value);
			child = map;
		}
		list = heap_cons(bif_heap(p), child, list);
	}
	return list;
}

/* ------------------------------------------------------------------------------------------------ map_next */

/* Entries a call hands out: few to an iterator, which may stop early, more to a list. */
#define NEXT_ITERATOR 64
#define NEXT_LIST 1024

struct next_walk {
	uint64_t from;  /* the first place wanted */
	term *entries;  /* key, value ... */
	size_t count;
	size_t max;
	uint64_t next;  /* the place to go on at */
	bool more;
};

/* A hash as a place. */
static uint64_t place_of(uint64_t hash)
{
	hash = __builtin_bswap64(hash);
	return (hash >> 4 & 0x0F0F0F0F0F0F0F0F) | (hash & 0x0F0F0F0F0F0F0F0F) << 4;
}

/* False when it is full. Entries of one place (a collision node) are never parted. level is at most MAP_LEVELS. */
static bool next_in_node(struct next_walk *w, const term *node, unsigned level, bool bounded)
{
	size_t count = header_size(node[0]) - 1;
	unsigned left = (unsigned)(node[1] >> 3);
	unsigned want = level < MAP_LEVELS ? (unsigned)(w->from >> (60 - 4 * level)) & 15 : 0;
	for (size_t i = 0; i < count; i++) {
		unsigned branch = left != 0 ? (unsigned)__builtin_ctz(left) : 0;
		left &= left - 1;
		term child = node[2 + i];
		if (level < MAP_LEVELS && bounded && branch < want)
			continue;
		bool child_bounded = bounded && branch == want;
		if (!term_is_cons(child)) {
			if (!next_in_node(w, boxed_ptr(child), level + 1, child_bounded))
				return false;
			continue;
		}
		const bool in_collision = level == MAP_LEVELS;
		if (child_bounded && !in_collision && place_of(term_hash(cons_head(child), 0)) < w->from)
			continue;
		if (w->count >= w->max && (!in_collision || i == 0)) {
			w->next = place_of(term_hash(cons_head(child), 0));
			w->more = true;
			return false;
		}
		if (w->count >= w->max) { /* the rest of a collision node: rare, so the room just grows */
			w->entries = mem_realloc(MEM_TEMP, w->entries, 2 * w->max * sizeof(term),
				2 * (w->max + count) * sizeof(term));
			w->max += count;
		}
		w->entries[2 * w->count] = cons_head(child);
		w->entries[2 * w->count++ + 1] = cons_tail(child);
	}
	return true;
}

static bool get_place(term t, uint64_t *ret)
{
	if (term_is_small(t) && (int64_t)t >= 0) {
		*ret = (uint64_t)small_value(t);
		return true;
	}
	if (term_is_big(t) && !big_is_negative(t) && big_limbs(t) == 1) {
		*ret = big_digits(t)[0];
		return true;
	}
	return false;
}

static term term_of_place(struct heap *heap, uint64_t place)
{
	if (place <= (uint64_t)SMALL_MAX)
		return term_of_small((int64_t)place);
	term *p = heap_alloc(heap, 2);
	p[0] = HEADER(BOXED_BIG_POS, 1);
	p[1] = place;
	return term_of_boxed(p);
}

/* {K1, V1, {K2, V2, ... last}}, or [{K1, V1}, {K2, V2} ... | last]. */
static term chain(struct heap *heap, const term *keys, const term *values, size_t stride, size_t count, bool tuples,
	term last)
{
	for (size_t i = count; i-- > 0;) {
		if (tuples)
			last = heap_tuple_of(heap, keys[i * stride], values[i * stride], last);
		else
			last = heap_cons(heap, heap_tuple_of(heap, keys[i * stride], values[i * stride]), last);
	}
	return last;
}

/* An iterator in the order of a list of keys. */
static term next_of_keys(struct proc *p, term keys, term map)
{
	int64_t count = list_length(keys);
	if (count < 0)
		return bif_badarg(p);
	if (count == 0)
		return A(none);
	size_t n = (size_t)count < NEXT_ITERATOR ? (size_t)count : NEXT_ITERATOR;
	term entries[2 * NEXT_ITERATOR];
	for (size_t i = 0; i < n; i++, keys = cons_tail(keys)) {
		term value = map_get(map, cons_head(keys));
		if (value == TERM_NONE)
			return bif_badarg(p);
		entries[2 * i] = cons_head(keys);
		entries[2 * i + 1] = value;
	}
	term last = keys == TERM_NIL ? A(none) : heap_cons(bif_heap(p), keys, map);
	bif_charge(p, n);
	return chain(bif_heap(p), entries, entries + 1, 2, n, true, last);
}

term bif_erts_internal_map_next_3(struct proc *p, const term *args)
{
	term map = args[1];
	const bool iterator = args[2] == A(iterator);
	struct heap *heap = bif_heap(p);
	if (!term_is_map(map) || (!iterator && !term_is_list(args[2])))
		return bif_badarg(p);
	if (term_is_list(args[0]))
		return iterator ? next_of_keys(p, args[0], map) : bif_badarg(p);
	struct next_walk w = { .max = iterator ? NEXT_ITERATOR : NEXT_LIST };
	if (!get_place(args[0], &w.from))
		return bif_badarg(p);
	if (map_is_flat(map)) {
		if (w.from != 0)
			return bif_badarg(p);
		bif_charge(p, map_size(map) / 4);
		return chain(heap, flatmap_keys(map), flatmap_values(map), 1, map_size(map), iterator,
			iterator ? A(none) : args[2]);
	}
	w.entries = mem_alloc(MEM_TEMP, 2 * w.max * sizeof(term));
	(void)next_in_node(&w, boxed_ptr(boxed_ptr(map)[2]), 0, true); /* w.more says the same */
	term last = iterator ? A(none) : args[2];
	if (w.more && iterator)
		last = heap_cons(heap, term_of_place(heap, w.next), map);
	term t = chain(heap, w.entries, w.entries + 1, 2, w.count, iterator, last);
	if (w.more && !iterator)
		t = heap_cons(heap, term_of_place(heap, w.next), heap_cons(heap, map, t));
	mem_free(MEM_TEMP, w.entries, 2 * w.max * sizeof(term));
	bif_charge(p, w.count / 4);
	return t;
}
