/* SPDX-License-Identifier: Apache-2.0 */
/* Objects by hash: extendible hashing over segments, each sorted by hash.
 *
 * The topmost `depth` bits of a hash choose an entry of the directory, which names a segment; a segment of depth d stands
 * at 2^(depth - d) neighbouring entries. In a segment the next bits choose a slot; a slot that is taken pushes the later
 * ones on (linear probing that keeps the order of hashes). A full segment doubles, and splits in two when it has its
 * final size, so that no insertion ever moves more than a segment.
 *
 * An entry of the directory is a segment's address, its `bits` in the low four bits and its depth in the upper eight, so that
 * finding a slot does not read the segment's own head. The last slot of a segment is always free: loops end there.
 *
 * Invariant: walking the directory and each segment's slots from the first meets hashes in ascending order. So a walk may
 * stop at any hash, and go on from it after any changes: what was there throughout is met exactly once. */
#include "ets/table.h"

#include <string.h>

#define SEGMENT_MIN_BITS 3
#define SEGMENT_MAX_BITS 9
#define DEPTH_MAX 40
#define BITS_LIMIT 15

struct slot {
	uint64_t hash;
	struct object *object; /* NULL: free */
};

struct segment {
	uint32_t count;
	uint32_t total; /* slots: 2^bits, some more for the last ones that are pushed on, and a free one */
	uint32_t place; /* index of its first entry in the directory */
	uint8_t bits;
	uint8_t depth;
	struct slot slots[];
};

uint64_t ets_hash(term key)
{
	if (term_is_immediate(key)) {
		unsigned __int128 product = (unsigned __int128)(key ^ 0x9E3779B97F4A7C15U) * 0xA0761D6478BD642FU;
		return ((uint64_t)product ^ (uint64_t)(product >> 64)) >> (64 - HASH_BITS);
	}
	return term_hash(key, 0) >> (64 - HASH_BITS);
}

_Static_assert(SEGMENT_MAX_BITS <= BITS_LIMIT && BITS_LIMIT <= 15 && DEPTH_MAX + BITS_LIMIT < HASH_BITS,
	"bits and depth fit a directory entry, and a hash has enough bits for both");

static inline uint64_t entry_of(const struct segment *s)
{
	return (uint64_t)(uintptr_t)s | s->bits | (uint64_t)s->depth << 56;
}

static inline struct segment *entry_segment(uint64_t entry)
{
	return (struct segment *)(uintptr_t)(entry & (((uint64_t)1 << 56) - 16));
}

static inline size_t segment_bytes(const struct segment *s)
{
	return sizeof(*s) + s->total * sizeof(struct slot);
}

static struct segment *segment_new(struct table *t, unsigned bits, unsigned depth, uint32_t extra)
{
	uint32_t total = (1U << bits) + (1U << bits) / 8 + 2 + extra;
	size_t bytes = sizeof(struct segment) + total * sizeof(struct slot);
	struct segment *s = mem_zalloc(MEM_ETS, bytes);
	s->total = total;
	s->bits = (uint8_t)bits;
	s->depth = (uint8_t)depth;
	ets_charge_bytes(t, (int64_t)bytes);
	return s;
}

static void segment_free(struct table *t, struct segment *s)
{
	ets_charge_bytes(t, -(int64_t)segment_bytes(s));
	mem_free(MEM_ETS, s, segment_bytes(s));
}

static inline uint32_t home(const struct segment *s, uint64_t hash)
{
	return (uint32_t)(hash << (64 - HASH_BITS + s->depth) >> (64 - s->bits));
}

static inline struct segment *segment_of(const struct table *t, uint64_t hash)
{
	return entry_segment(t->hash.directory[hash >> (HASH_BITS - t->hash.depth)]);
}

/* The slot of the first hash that is not smaller, or the free slot where such a hash belongs. */
static inline uint32_t slot_of(const struct segment *s, uint64_t hash)
{
	uint32_t i = home(s, hash);
	while (s->slots[i].object != NULL && s->slots[i].hash < hash)
		i++;
	return i;
}

static inline bool key_equals(const struct table *t, const struct object *o, term key)
{
	return term_equal(object_key(o, t->keypos), key);
}

/* The slot of a key; NULL when it is not there. *ret_segment: where it is or would be. */
static inline struct slot *slot_of_key(const struct table *t, uint64_t hash, term key, struct segment **ret_segment)
{
	uint64_t entry = t->hash.directory[hash >> (HASH_BITS - t->hash.depth)];
	struct segment *s = entry_segment(entry);
	*ret_segment = s;
	struct slot *slot = &s->slots[hash << (64 - HASH_BITS + (entry >> 56)) >> (64 - (entry & 15))];
	while (slot->object != NULL && slot->hash < hash)
		slot++;
	for (; slot->object != NULL && slot->hash == hash; slot++) {
		if (key_equals(t, slot->object, key))
			return slot;
	}
	return NULL;
}

void hash_init(struct table *t)
{
	t->hash.depth = 0;
	t->hash.emptying = 0;
	t->hash.directory = mem_alloc(MEM_ETS, sizeof(uint64_t));
	ets_charge_bytes(t, sizeof(uint64_t));
	t->hash.directory[0] = entry_of(segment_new(t, SEGMENT_MIN_BITS, 0, 0));
}

static uint32_t segment_width(const struct table *t, const struct segment *s)
{
	return 1U << (t->hash.depth - s->depth);
}

bool hash_empty_some(struct table *t, size_t objects)
{
	size_t entries = (size_t)1 << t->hash.depth;
	if (t->hash.directory == NULL)
		return true;
	for (size_t done = 0; t->hash.emptying < entries;) {
		if (done >= objects)
			return false;
		struct segment *s = entry_segment(t->hash.directory[t->hash.emptying]);
		t->hash.emptying += segment_width(t, s);
		for (uint32_t j = 0; j < s->total; j++) {
			if (j + 6 < s->total)
				__builtin_prefetch(s->slots[j + 6].object);
			objects_free(s->slots[j].object);
		}
		done += s->total;
		segment_free(t, s);
	}
	mem_free(MEM_ETS, t->hash.directory, entries * sizeof(uint64_t));
	t->hash.directory = NULL;
	return true;
}

struct object **hash_find(const struct table *t, uint64_t hash, term key)
{
	struct segment *s;
	struct slot *slot = slot_of_key(t, hash, key, &s);
	return slot != NULL ? &slot->object : NULL;
}

/* Puts an object into a segment that has room behind the slot; false when it has none. */
static bool segment_put(struct segment *s, uint64_t hash, struct object *o)
{
	uint32_t i = slot_of(s, hash);
	uint32_t free = i;
	while (s->slots[free].object != NULL)
		free++;
	if (free >= s->total - 1)
		return false;
	memmove(&s->slots[i + 1], &s->slots[i], (free - i) * sizeof(struct slot));
	s->slots[i] = (struct slot){ hash, o };
	s->count++;
	return true;
}

/* Moves [from, to) of a segment's slots, which are in order, to an empty one. */
static bool segment_fill(struct segment *s, const struct segment *from, uint64_t first_hash, uint64_t end_hash)
{
	uint32_t next = 0;
	for (uint32_t i = 0; i < from->total; i++) {
		if (from->slots[i].object == NULL || from->slots[i].hash < first_hash || from->slots[i].hash >= end_hash)
			continue;
		uint32_t at = home(s, from->slots[i].hash);
		if (at < next)
			at = next;
		if (at >= s->total - 1)
			return false;
		s->slots[at] = from->slots[i];
		s->count++;
		next = at + 1;
	}
	return true;
}

/* Filled from `from`, with as many extra slots at the end as it takes, at least `extra`. */
static struct segment *segment_made(struct table *t, const struct segment *from, unsigned bits, unsigned depth,
	uint64_t first_hash, uint64_t end_hash, uint32_t extra)
{
	for (;; extra = extra * 2 + 16) {
		struct segment *s = segment_new(t, bits, depth, extra);
		if (segment_fill(s, from, first_hash, end_hash))
			return s;
		segment_free(t, s);
	}
}

static void directory_set(struct table *t, struct segment *s, uint32_t place)
{
	s->place = place;
	uint32_t width = segment_width(t, s);
	for (uint32_t i = 0; i < width; i++)
		t->hash.directory[place + i] = entry_of(s);
}

static void directory_double(struct table *t)
{
	size_t entries = (size_t)1 << t->hash.depth;
	uint64_t *directory = mem_alloc(MEM_ETS, 2 * entries * sizeof(uint64_t));
	for (size_t i = 0; i < entries; i++)
		directory[2 * i] = directory[2 * i + 1] = t->hash.directory[i];
	for (size_t i = 0; i < 2 * entries; i += (size_t)1 << (t->hash.depth + 1 - (directory[i] >> 56)))
		entry_segment(directory[i])->place = (uint32_t)i;
	mem_free(MEM_ETS, t->hash.directory, entries * sizeof(uint64_t));
	ets_charge_bytes(t, (int64_t)(entries * sizeof(uint64_t)));
	t->hash.directory = directory;
	t->hash.depth++;
}

/* Whether the directory may double: it has at most an entry for eight keys. So keys with equal hashes, which no split
 * tells apart, make their segment longer and slower, but nothing else larger. */
static bool may_double(const struct table *t)
{
	return t->hash.depth < DEPTH_MAX && (size_t)1 << t->hash.depth < t->count / 16 + 64;
}

/* Room for more: a larger segment, or two. */
static void segment_grow(struct table *t, struct segment *s)
{
	bool splits = s->bits >= SEGMENT_MAX_BITS && (s->depth < t->hash.depth || may_double(t));
	if (!splits) {
		unsigned bits = s->bits < BITS_LIMIT ? s->bits + 1U : s->bits;
		struct segment *larger = segment_made(t, s, bits, s->depth, 0, UINT64_MAX, s->bits < bits ? 0 : s->total);
		directory_set(t, larger, s->place);
		segment_free(t, s);
		return;
	}
	if (s->depth == t->hash.depth)
		directory_double(t);
	uint32_t place = s->place;
	uint64_t shift = HASH_BITS - t->hash.depth;
	uint32_t half = segment_width(t, s) / 2;
	uint64_t middle = (uint64_t)(place + half) << shift;
	struct segment *low = segment_made(t, s, SEGMENT_MAX_BITS, s->depth + 1U, 0, middle, 0);
	struct segment *high = segment_made(t, s, SEGMENT_MAX_BITS, s->depth + 1U, middle, UINT64_MAX, 0);
	directory_set(t, low, place);
	directory_set(t, high, place + half);
	segment_free(t, s);
}

void hash_insert(struct table *t, uint64_t hash, struct object *o)
{
	for (;;) {
		struct segment *s = segment_of(t, hash);
		/* One of the last size is filled as far as its slots go. */
		bool has_room = s->count < (1U << s->bits) - (1U << s->bits) / 4 || s->bits >= BITS_LIMIT;
		if (has_room && segment_put(s, hash, o))
			return;
		segment_grow(t, s);
	}
}

/* Sparse segments shrink, and two halves of one that was split come together again. */
static void segment_shrink(struct table *t, struct segment *s)
{
	if (s->bits > SEGMENT_MIN_BITS && s->count < (1U << s->bits) / 8) {
		struct segment *smaller = segment_made(t, s, s->bits - 1U, s->depth, 0, UINT64_MAX, 0);
		directory_set(t, smaller, s->place);
		segment_free(t, s);
		s = smaller;
	}
	if (s->depth == 0)
		return;
	uint32_t width = segment_width(t, s);
	struct segment *other = entry_segment(t->hash.directory[s->place ^ width]);
	if (other->depth != s->depth || s->count + other->count >= (1U << SEGMENT_MAX_BITS) / 8)
		return;
	struct segment *low = s->place < other->place ? s : other;
	struct segment *high = low == s ? other : s;
	uint32_t place = low->place;
	for (uint32_t extra = 0;; extra = extra * 2 + 16) {
		struct segment *both = segment_new(t, SEGMENT_MAX_BITS - 2, s->depth - 1U, extra);
		bool fits = segment_fill(both, low, 0, UINT64_MAX);
		for (uint32_t i = 0; fits && i < high->total; i++) {
			if (high->slots[i].object != NULL)
				fits = segment_put(both, high->slots[i].hash, high->slots[i].object);
		}
		if (fits) {
			directory_set(t, both, place);
			break;
		}
		segment_free(t, both);
	}
	segment_free(t, low);
	segment_free(t, high);
}

struct object *hash_take(struct table *t, uint64_t hash, term key)
{
	struct segment *s;
	struct slot *slot = slot_of_key(t, hash, key, &s);
	if (slot == NULL)
		return NULL;
	struct object *o = slot->object;
	uint32_t i = (uint32_t)(slot - s->slots);
	/* What was pushed on by this slot moves back. */
	uint32_t j = i + 1;
	while (s->slots[j].object != NULL && home(s, s->slots[j].hash) < j)
		j++;
	memmove(&s->slots[i], &s->slots[i + 1], (j - i - 1) * sizeof(struct slot));
	s->slots[j - 1] = (struct slot){ 0 };
	s->count--;
	if (s->count < (1U << s->bits) / 8 && (s->bits > SEGMENT_MIN_BITS || s->depth > 0))
		segment_shrink(t, s);
	return o;
}

struct object *hash_seek(const struct table *t, uint64_t hash, struct hash_place *ret)
{
	if (hash >> HASH_BITS != 0)
		return NULL;
	struct segment *s = segment_of(t, hash);
	uint32_t i = slot_of(s, hash);
	*ret = (struct hash_place){ s, i };
	if (s->slots[i].object != NULL)
		return s->slots[i].object;
	return hash_step(t, ret);
}

/* Objects of neighbouring slots lie anywhere: the next ones are asked for while the caller works on this one. */
static inline void prefetch(const struct object *o)
{
	if (o == NULL)
		return;
	__builtin_prefetch(o);
	__builtin_prefetch((const char *)o + 64);
}

struct object *hash_step(const struct table *t, struct hash_place *place)
{
	size_t entries = (size_t)1 << t->hash.depth;
	struct segment *s = place->segment;
	uint32_t i = place->index + 1;
	for (;;) {
		for (; i < s->total; i++) {
			if (s->slots[i].object != NULL) {
				*place = (struct hash_place){ s, i };
				if (i + 3 < s->total) {
					prefetch(s->slots[i + 1].object);
					prefetch(s->slots[i + 3].object);
				}
				return s->slots[i].object;
			}
		}
		size_t next = s->place + segment_width(t, s);
		if (next >= entries)
			return NULL;
		s = entry_segment(t->hash.directory[next]);
		i = 0;
	}
}

uint64_t hash_place_hash(const struct hash_place *place)
{
	return place->segment->slots[place->index].hash;
}

bool hash_place_of(const struct table *t, uint64_t hash, term key, struct hash_place *ret)
{
	struct segment *s;
	struct slot *slot = slot_of_key(t, hash, key, &s);
	if (slot == NULL)
		return false;
	*ret = (struct hash_place){ s, (uint32_t)(slot - s->slots) };
	return true;
}

struct object *hash_slot(const struct table *t, size_t position, size_t *ret_keys)
{
	size_t entries = (size_t)1 << t->hash.depth;
	size_t keys = 0;
	struct object *found = NULL;
	for (size_t i = 0; i < entries;) {
		struct segment *s = entry_segment(t->hash.directory[i]);
		if (found == NULL && position - keys < s->count) {
			size_t left = position - keys;
			for (uint32_t j = 0; found == NULL; j++) {
				if (s->slots[j].object != NULL && left-- == 0)
					found = s->slots[j].object;
			}
		}
		keys += s->count;
		i += segment_width(t, s);
	}
	*ret_keys = keys;
	return found;
}
