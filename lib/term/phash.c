/* SPDX-License-Identifier: Apache-2.0 */
/* The portable hashes of OTP: phash2/1,2 and phash/2, equal on every machine and release.
 * Source: erlang:phash2/1, erlang:phash/2 of OTP 27; tests/unit/term/test_phash.c holds values they gave. */
#include "term/compare.h"
#include "term/fun.h"

#include "base/alloc.h"
#include "base/unwanted.h"
#include "term/atom.h"
#include "term/bits.h"
#include "term/export.h"
#include "term/kinds.h"
#include "term/map.h"
#include "term/record.h"
#include "term/walk.h"

#include <string.h>

enum {
	OP_ARRAY,    /* hash the elements left, one after the other */
	OP_VALUE,    /* hash one term */
	OP_FLATMAP,  /* hash the entries left, each by itself */
	OP_NODE,     /* the same in a node of a hash map */
	OP_PAIR_END, /* an entry is done: fold it into the sum of entries */
	OP_MAP_END,  /* x, y: hash and sum before the map */
	OP_TUPLE_END,
	OP_LIST_TAIL,
	OP_LIST_END,
};

/* phash2: Bob Jenkins' mixing of 96 bits. */

#define GOLDEN 0x9E3779B9U
#define GOLDEN_TIMES(n) (GOLDEN * (n))

struct triple {
	uint32_t a, b, c;
};

static inline struct triple mix(struct triple t)
{
	uint32_t a = t.a, b = t.b, c = t.c;
	a = (a - b - c) ^ c >> 13;
	b = (b - c - a) ^ a << 8;
	c = (c - a - b) ^ b >> 13;
	a = (a - b - c) ^ c >> 12;
	b = (b - c - a) ^ a << 16;
	c = (c - a - b) ^ b >> 5;
	a = (a - b - c) ^ c >> 3;
	b = (b - c - a) ^ a << 10;
	c = (c - a - b) ^ b >> 15;
	return (struct triple){ a, b, c };
}

static inline uint32_t mix_two(uint32_t hash, uint32_t x, uint32_t y, uint32_t salt)
{
	return mix((struct triple){ salt + x, salt + y, hash }).c;
}

static inline uint32_t mix_one(uint32_t hash, uint32_t x, uint32_t salt)
{
	return mix_two(hash, x, 0, salt);
}

static uint32_t little_word(struct bits bits, size_t at, size_t count)
{
	uint32_t word = 0;
	for (size_t i = 0; i < count; i++)
		word |= (uint32_t)bits_byte(bits, at + i) << 8 * i;
	return word;
}

/* Whole bytes in blocks of twelve; of the last, shorter one c's lowest byte belongs to the size. */
static uint32_t mix_bytes(uint32_t start, struct bits bits, size_t size)
{
	struct triple t = { GOLDEN, GOLDEN, start };
	size_t i = 0;
	for (; i + 12 <= size; i += 12) {
		t.a += little_word(bits, i, 4);
		t.b += little_word(bits, i + 4, 4);
		t.c += little_word(bits, i + 8, 4);
		t = mix(t);
	}
	size_t left = size - i;
	t.c += (uint32_t)size;
	t.a += little_word(bits, i, left < 4 ? left : 4);
	if (left > 4)
		t.b += little_word(bits, i + 4, left < 8 ? left - 4 : 4);
	if (left > 8)
		t.c += little_word(bits, i + 8, left - 8) << 8;
	return mix(t).c;
}

static uint32_t mix_bits(uint32_t hash, struct bits bits)
{
	uint32_t start = GOLDEN_TIMES(13) + hash;
	/* Source: OTP hashes the size modulo 2^32 bytes only. */
	size_t bytes = bits.size / 8 & UINT32_MAX;
	unsigned rest = bits.size % 8;
	if (bytes == 0 && rest == 0)
		return start;
	hash = mix_bytes(start, bits, bytes);
	if (rest > 0)
		hash = mix_two(hash, rest, bits_tail(bits, bytes, rest), GOLDEN_TIMES(15));
	return hash;
}

static uint32_t mix_small(uint32_t hash, int64_t value)
{
	if (value >= -(1 << 27) && value < 1 << 27) {
		if (value < 0)
			hash = mix_one(hash, (uint32_t)-value, GOLDEN);
		return mix_one(hash, (uint32_t)value, GOLDEN);
	}
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
	return mix_two(hash, (uint32_t)magnitude, (uint32_t)(magnitude >> 32),
		GOLDEN_TIMES(value < 0 ? 10 : 11));
}

static uint32_t mix_big(uint32_t hash, term t)
{
	const uint64_t *digits = big_digits(t);
	uint32_t salt = GOLDEN_TIMES(big_is_negative(t) ? 10U : 11U);
	for (size_t i = 0; i < big_limbs(t); i++)
		hash = mix_two(hash, (uint32_t)digits[i], (uint32_t)(digits[i] >> 32), salt);
	return hash;
}

static uint64_t float_bits(term t)
{
	/* Both zeros hash alike. */
	double d = float_value(t);
	uint64_t bits = 0;
	if (d != 0)
		memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static uint32_t mix_immediate(uint32_t hash, term t)
{
	if (term_is_small(t))
		return mix_small(hash, small_value(t));
	if (term_is_atom(t))
		return hash == 0 ? atom_hash(t) : mix_one(hash, atom_hash(t), GOLDEN_TIMES(3));
	if (t == TERM_NIL)
		return hash == 0 ? 3468870702U : mix_one(hash, 2, GOLDEN_TIMES(2));
	if (term_is_local_pid(t))
		return mix_one(hash, (uint32_t)pid_data(t), GOLDEN_TIMES(5));
	uint64_t port = port_data(t);
	return mix_two(hash, (uint32_t)port, (uint32_t)(port >> 32), GOLDEN_TIMES(6));
}

/* What the sum of entries and the hash are while a map's entries are hashed, each from nothing. */
struct portable {
	struct walk walk;
	uint32_t hash;
	uint32_t pairs;
};

static void begin_map(struct portable *s, size_t size)
{
	s->hash = mix_one(s->hash, (uint32_t)size, GOLDEN_TIMES(16));
	if (size == 0)
		return;
	struct walk_task *task = walk_push(&s->walk, OP_MAP_END);
	task->x = s->hash;
	task->y = s->pairs;
	s->hash = 0;
	s->pairs = 0;
}

static void mix_fun(struct portable *s, term t)
{
	const struct fun_entry *entry = fun_entry(t);
	s->hash = mix_two(s->hash, entry->free_count, atom_hash(entry->module_name), GOLDEN);
	s->hash = mix_two(s->hash, entry->index, entry->old_uniq, GOLDEN);
	if (entry->free_count > 0)
		walk_push_array(&s->walk, OP_ARRAY, fun_free(t), entry->free_count);
}

static void mix_boxed(struct portable *s, term t)
{
	const term *p = boxed_ptr(t);
	size_t size = header_size(p[0]);
	switch (header_kind(p[0])) {
	case BOXED_RECORD:
		/* The definition by its own hash, for which its tuple is hashed by itself. OTP takes the values in the
		 * order in which the atoms of their fields were made, so there the hash differs between machines; here
		 * it is the order of definition, which that most often is. */
		s->hash = mix_two(
			s->hash, (uint32_t)record_size(t), term_phash2(record_definition(t)), GOLDEN_TIMES(23));
		if (record_size(t) > 0)
			walk_push_array(&s->walk, OP_ARRAY, record_values(t), record_size(t));
		break;
	case BOXED_TUPLE:
		s->hash = mix_one(s->hash, (uint32_t)size, GOLDEN_TIMES(9));
		if (size > 0)
			walk_push_array(&s->walk, OP_ARRAY, p + 1, size);
		break;
	case BOXED_FUN:
		mix_fun(s, t);
		break;
	case BOXED_EXPORT_FUN: {
		const struct export *export = export_fun(t);
		s->hash = mix_two(s->hash, export->arity, atom_hash(export->module), GOLDEN);
		s->hash = mix_one(s->hash, atom_hash(export->function), GOLDEN_TIMES(14));
		break;
	}
	case BOXED_FLATMAP:
		begin_map(s, size - 1);
		if (size > 1) {
			walk_push_array(&s->walk, OP_FLATMAP, flatmap_keys(t), size - 1);
			walk_top(&s->walk)->values = flatmap_values(t);
		}
		break;
	case BOXED_HASHMAP: {
		const term *root = boxed_ptr(p[2]);
		begin_map(s, map_size(t));
		walk_push_array(&s->walk, OP_NODE, root + 2, header_size(root[0]) - 1);
		break;
	}
	case BOXED_HEAP_BITS:
	case BOXED_REF_BITS:
	case BOXED_SUB_BITS:
		s->hash = mix_bits(s->hash, bits_of(t));
		break;
	case BOXED_BIG_POS:
	case BOXED_BIG_NEG:
		s->hash = mix_big(s->hash, t);
		break;
	case BOXED_FLOAT: {
		uint64_t bits = float_bits(t);
		s->hash =
			mix_two(s->hash, (uint32_t)(bits >> 32), (uint32_t)bits, GOLDEN_TIMES(12));
		break;
	}
	case BOXED_REF:
	case BOXED_MAGIC_REF:
	case BOXED_EXT_REF:
		s->hash = mix_one(s->hash, ref_part(t, 0), GOLDEN_TIMES(7));
		break;
	case BOXED_EXT_PID:
		s->hash = mix_one(s->hash, (uint32_t)pid_data(t), GOLDEN_TIMES(5));
		break;
	case BOXED_EXT_PORT: {
		uint64_t port = port_data(t);
		s->hash = mix_two(s->hash, (uint32_t)port, (uint32_t)(port >> 32), GOLDEN_TIMES(6));
		break;
	}
	case BOXED_MAPNODE:
	case BOXED_MATCH:
	case BOXED_TRACE:
	case BOXED_KINDS:
		break;
	}
}

static bool is_byte(term t)
{
	return t <= term_of_small(255) && term_is_small(t);
}

/* Bytes in a list are mixed four at a time. Returns what follows them, when that is no list; else pushes it. */
static term mix_list(struct portable *s, term t)
{
	uint32_t four = 0;
	unsigned count = 0;
	while (term_is_cons(t) && is_byte(cons_head(t))) {
		four = four << 8 | (uint32_t)small_value(cons_head(t));
		if (++count == 4) {
			s->hash = mix_one(s->hash, four, GOLDEN_TIMES(4));
			four = count = 0;
		}
		t = cons_tail(t);
	}
	if (count > 0)
		s->hash = mix_one(s->hash, four, GOLDEN_TIMES(4));
	if (!term_is_cons(t))
		return t;
	walk_push_value(&s->walk, OP_VALUE, cons_tail(t));
	return cons_head(t);
}

static void portable_add(struct portable *s, term t)
{
	while (term_is_cons(t))
		t = mix_list(s, t);
	if (term_is_boxed(t))
		mix_boxed(s, t);
	else
		s->hash = mix_immediate(s->hash, t);
}

static void add_entry(struct portable *s, term key, term value)
{
	walk_push(&s->walk, OP_PAIR_END);
	walk_push_value(&s->walk, OP_VALUE, value);
	portable_add(s, key);
}

static void portable_step(struct portable *s)
{
	struct walk_task *task = walk_top(&s->walk);
	struct walk_task now = *task;
	/* Arrays stay until their last element is taken, everything else is done once. */
	bool array = now.op == OP_ARRAY || now.op == OP_FLATMAP || now.op == OP_NODE;
	if (array && now.count > 1) {
		task->at++;
		task->count--;
		if (now.op == OP_FLATMAP)
			task->values++;
	} else {
		s->walk.count--;
	}
	switch (now.op) {
	case OP_ARRAY:
		portable_add(s, *now.at);
		break;
	case OP_VALUE:
		portable_add(s, now.value);
		break;
	case OP_FLATMAP:
		add_entry(s, *now.at, *now.values);
		break;
	case OP_NODE:
		if (term_is_cons(*now.at)) {
			add_entry(s, cons_head(*now.at), cons_tail(*now.at));
		} else {
			const term *node = boxed_ptr(*now.at);
			walk_push_array(&s->walk, OP_NODE, node + 2, header_size(node[0]) - 1);
		}
		break;
	case OP_PAIR_END:
		s->pairs ^= s->hash;
		s->hash = 0;
		break;
	case OP_MAP_END:
		s->hash = mix_one(now.x, s->pairs, GOLDEN_TIMES(19));
		s->pairs = now.y;
		break;
	}
}

uint32_t term_phash2(term t)
{
	if (term_is_immediate(t))
		return mix_immediate(0, t);
	struct portable s;
	walk_init(&s.walk);
	s.hash = 0;
	s.pairs = 0;
	portable_add(&s, t);
	size_t steps = 0;
	while (s.walk.count > 0 && !unwanted_now(&steps))
		portable_step(&s);
	walk_done(&s.walk);
	return s.hash;
}

/* phash: hash = hash * prime + byte, with a prime for each kind of thing. */

#define PRIME1 268440163U
#define PRIME2 268439161U
#define PRIME3 268435459U
#define PRIME4 268436141U
#define PRIME5 268438633U
#define PRIME6 268437017U
#define PRIME8 268437511U
#define PRIME9 268439627U
#define PRIME10 268440479U
#define PRIME11 268440577U
#define PRIME12 268440581U
#define PRIME13 268440593U
#define PRIME14 268440611U

static uint32_t step_bytes(uint32_t hash, uint64_t word, unsigned bytes, uint32_t prime)
{
	for (unsigned i = 0; i < bytes; i++)
		hash = hash * prime + (uint32_t)(word >> 8 * i & 0xFF);
	return hash;
}

static uint32_t step_integer(uint32_t hash, const uint64_t *digits, size_t limbs, bool negative)
{
	for (size_t i = 0; i + 1 < limbs; i++)
		hash = step_bytes(hash, digits[i], 8, PRIME2);
	uint64_t top = digits[limbs - 1];
	hash = step_bytes(hash, top, top >> 32 != 0 ? 8 : 4, PRIME2);
	return hash * (negative ? PRIME4 : PRIME3);
}

static uint32_t step_bits(uint32_t hash, struct bits bits)
{
	size_t bytes = bits.size / 8;
	unsigned rest = bits.size % 8;
	for (size_t i = 0; i < bytes; i++)
		hash = hash * PRIME1 + bits_byte(bits, i);
	if (rest > 0)
		hash = (hash * PRIME1 + bits_tail(bits, bytes, rest)) * PRIME12 + rest;
	return hash * PRIME4 + (uint32_t)bytes;
}

static uint32_t step_port(uint32_t hash, term t)
{
	uint64_t port = port_data(t);
	if (port >> 32 != 0)
		hash = step_bytes(hash, port >> 32, 4, PRIME11);
	return step_bytes(hash, port, 4, PRIME9) * PRIME10;
}

static uint32_t old_immediate(uint32_t hash, term t)
{
	if (term_is_small(t)) {
		int64_t value = small_value(t);
		uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
		return step_integer(hash, &magnitude, 1, value < 0);
	}
	if (term_is_atom(t))
		return hash * PRIME1 + atom_hash(t);
	if (t == TERM_NIL)
		return hash * PRIME3 + 1;
	if (term_is_local_pid(t))
		return step_bytes(hash, (uint32_t)pid_data(t), 4, PRIME5) * PRIME6;
	return step_port(hash, t);
}

static uint32_t old_boxed(struct walk *walk, uint32_t hash, term t)
{
	const term *p = boxed_ptr(t);
	size_t size = header_size(p[0]);
	switch (header_kind(p[0])) {
	case BOXED_TUPLE:
	case BOXED_RECORD:
		walk_push(walk, OP_TUPLE_END)->x = (uint32_t)size;
		if (size > 0)
			walk_push_array(walk, OP_ARRAY, p + 1, size);
		return hash;
	case BOXED_FUN: {
		const struct fun_entry *entry = fun_entry(t);
		hash = hash * PRIME10 + entry->free_count;
		hash = hash * PRIME1 + atom_hash(entry->module_name);
		hash = hash * PRIME2 + entry->index;
		hash = hash * PRIME2 + entry->old_uniq;
		if (entry->free_count > 0)
			walk_push_array(walk, OP_ARRAY, fun_free(t), entry->free_count);
		return hash;
	}
	case BOXED_EXPORT_FUN: {
		const struct export *export = export_fun(t);
		hash = hash * PRIME11 + export->arity;
		hash = hash * PRIME1 + atom_hash(export->module);
		return hash * PRIME1 + atom_hash(export->function);
	}
	case BOXED_FLATMAP:
	case BOXED_HASHMAP:
		return hash * PRIME13 + PRIME14 + term_phash2(t);
	case BOXED_HEAP_BITS:
	case BOXED_REF_BITS:
	case BOXED_SUB_BITS:
		return step_bits(hash, bits_of(t));
	case BOXED_BIG_POS:
	case BOXED_BIG_NEG:
		return step_integer(hash, big_digits(t), big_limbs(t), big_is_negative(t));
	case BOXED_FLOAT: {
		uint64_t bits = float_bits(t);
		return hash * PRIME6 + ((uint32_t)bits ^ (uint32_t)(bits >> 32));
	}
	case BOXED_REF:
	case BOXED_MAGIC_REF:
	case BOXED_EXT_REF:
		return step_bytes(hash, ref_part(t, 0), 4, PRIME9) * PRIME10;
	case BOXED_EXT_PID:
		return step_bytes(hash, (uint32_t)pid_data(t), 4, PRIME5) * PRIME6;
	case BOXED_EXT_PORT:
		return step_port(hash, t);
	case BOXED_MAPNODE:
	case BOXED_MATCH:
	case BOXED_TRACE:
	case BOXED_KINDS:
		break;
	}
	return hash;
}

/* Bytes count by themselves; after any other element the rest of the list waits. */
static uint32_t old_add(struct walk *walk, uint32_t hash, term t)
{
	while (term_is_cons(t)) {
		term head = cons_head(t);
		term tail = cons_tail(t);
		if (is_byte(head)) {
			hash = hash * PRIME2 + (uint32_t)small_value(head);
			if (!term_is_cons(tail))
				walk_push(walk, OP_LIST_END);
			t = tail;
			continue;
		}
		walk_push_value(walk, OP_LIST_TAIL, tail);
		t = head;
	}
	return term_is_boxed(t) ? old_boxed(walk, hash, t) : old_immediate(hash, t);
}

static uint32_t old_step(struct walk *walk, uint32_t hash)
{
	struct walk_task *task = walk_top(walk);
	struct walk_task now = *task;
	if (now.op == OP_ARRAY && now.count > 1) {
		task->at++;
		task->count--;
	} else {
		walk->count--;
	}
	switch (now.op) {
	case OP_ARRAY:
		return old_add(walk, hash, *now.at);
	case OP_LIST_TAIL:
		if (!term_is_cons(now.value))
			walk_push(walk, OP_LIST_END);
		return old_add(walk, hash, now.value);
	case OP_LIST_END:
		return hash * PRIME8;
	case OP_TUPLE_END:
		return hash * PRIME9 + now.x;
	default:
		return hash;
	}
}

uint32_t term_phash(term t)
{
	struct walk walk;
	walk_init(&walk);
	uint32_t hash = old_add(&walk, 0, t);
	size_t steps = 0;
	while (walk.count > 0 && !unwanted_now(&steps))
		hash = old_step(&walk, hash);
	walk_done(&walk);
	return hash;
}
