/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's own hash of terms: one multiplication a word.
 * Invariant: what is =:= hashes alike, so only what an identity or a value is made of goes in, never how it is stored. */
#include "term/compare.h"
#include "term/fun.h"

#include "term/bits.h"
#include "term/ident.h"
#include "term/map.h"
#include "term/walk.h"

#include <string.h>

enum { OP_ARRAY, OP_VALUE, OP_FLATMAP };

/* Odd numbers with bits all over. */
#define SEED 0x9E3779B97F4A7C15U
#define FACTOR 0xA0761D6478BD642FU
#define MARK_CONS 0xE7037ED1A0B428DBU
#define MARK_BITS 0x8EBC6AF09C88C6E3U
#define MARK_REF 0x589965CC75374CC3U
#define MARK_FUN 0x1D8E4E27C47D124FU

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
	unsigned __int128 product = (unsigned __int128)(hash ^ word) * FACTOR;
	return (uint64_t)product ^ (uint64_t)(product >> 64) ^ SEED;
}

static uint64_t mix_words(uint64_t hash, const term *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = mix(hash, p[i]);
	return hash;
}

static uint64_t mix_bits(uint64_t hash, struct bits bits)
{
	size_t bytes = bits.size / 8;
	size_t i = 0;
	hash = mix(hash, MARK_BITS ^ bits.size);
	if (bits.offset == 0) {
		for (; i + 8 <= bytes; i += 8) {
			uint64_t word;
			memcpy(&word, bits.data + i, 8);
			hash = mix(hash, word);
		}
	}
	for (; i < bytes;) {
		uint64_t word = 0;
		unsigned n = bytes - i < 8 ? (unsigned)(bytes - i) : 8;
		for (unsigned j = 0; j < n; j++)
			word |= (uint64_t)bits_byte(bits, i++) << 8 * j;
		hash = mix(hash, word);
	}
	if (bits.size % 8 != 0)
		hash = mix(hash, bits_tail(bits, bytes, bits.size % 8));
	return hash;
}

/* Hashes a boxed value's own part; what it holds is pushed. */
static uint64_t mix_boxed(struct walk *walk, uint64_t hash, term t)
{
	const term *p = boxed_ptr(t);
	size_t size = header_size(p[0]);
	switch (header_kind(p[0])) {
	case BOXED_TUPLE:
	case BOXED_RECORD:
		if (size > 0)
			walk_push_array(walk, OP_ARRAY, p + 1, size);
		return mix(hash, p[0]);
	case BOXED_FUN: {
		const struct fun_entry *entry = fun_entry(t);
		hash = mix(hash, MARK_FUN ^ entry->module_name);
		hash = mix(hash, (uint64_t)entry->index << 32 | entry->old_uniq);
		if (entry->free_count > 0)
			walk_push_array(walk, OP_ARRAY, fun_free(t), entry->free_count);
		return hash;
	}
	case BOXED_FLATMAP:
		if (size > 1) {
			walk_push_array(walk, OP_FLATMAP, flatmap_keys(t), size - 1);
			walk_top(walk)->values = flatmap_values(t);
		}
		return mix(hash, p[0]);
	case BOXED_HASHMAP:
		walk_push_value(walk, OP_VALUE, p[2]);
		return mix(mix(hash, p[0]), p[1]);
	case BOXED_MAPNODE:
		/* The order in a collision node is not fixed, so what it holds stays out. */
		if (p[1] != 0)
			walk_push_array(walk, OP_ARRAY, p + 2, size - 1);
		return mix(mix(hash, p[0]), p[1]);
	case BOXED_HEAP_BITS:
	case BOXED_REF_BITS:
	case BOXED_SUB_BITS:
		return mix_bits(hash, bits_of(t));
	case BOXED_REF:
	case BOXED_MAGIC_REF: {
		struct ref_id id = ref_id_of(t);
		return mix(mix(hash, id.low ^ MARK_REF), id.high);
	}
	case BOXED_BIG_POS:
	case BOXED_BIG_NEG:
	case BOXED_FLOAT:
	case BOXED_EXPORT_FUN:
	case BOXED_EXT_PID:
	case BOXED_EXT_PORT:
	case BOXED_EXT_REF:
		return mix_words(hash, p, size + 1);
	case BOXED_MATCH:
	case BOXED_TRACE:
	case BOXED_KINDS:
		break;
	}
	return hash;
}

static uint64_t mix_shallow(struct walk *walk, uint64_t hash, term t)
{
	if (term_is_cons(t)) {
		hash = mix(hash, MARK_CONS);
		do {
			term head = cons_head(t);
			term tail = cons_tail(t);
			if (!term_is_immediate(head)) {
				walk_push_value(walk, OP_VALUE, tail);
				return term_is_boxed(head)
					       ? mix_boxed(walk, hash, head)
					       : (walk_push_value(walk, OP_VALUE, head), hash);
			}
			hash = mix(hash, head);
			t = tail;
		} while (term_is_cons(t));
	}
	return term_is_boxed(t) ? mix_boxed(walk, hash, t) : mix(hash, t);
}

/* The next term of the task on top; the task goes when it is used up. */
static term next_term(struct walk *walk)
{
	struct walk_task *task = walk_top(walk);
	term t;
	switch (task->op) {
	case OP_ARRAY:
		t = *task->at++;
		walk->count -= --task->count == 0;
		return t;
	case OP_FLATMAP: {
		term value = *task->values++;
		t = *task->at++;
		walk->count -= --task->count == 0;
		walk_push_value(walk, OP_VALUE, value);
		return t;
	}
	default:
		t = task->value;
		walk->count--;
		return t;
	}
}

static uint64_t hash_deep(uint64_t hash, term t)
{
	struct walk walk;
	walk_init(&walk);
	hash = mix_shallow(&walk, hash, t);
	while (walk.count > 0)
		hash = mix_shallow(&walk, hash, next_term(&walk));
	walk_done(&walk);
	return hash;
}

uint64_t term_hash(term t, uint64_t salt)
{
	uint64_t hash = salt ^ SEED;
	if (term_is_immediate(t))
		return mix(hash, t);
	if (term_is_bitstring(t))
		return mix_bits(hash, bits_of(t));
	return hash_deep(hash, t);
}
