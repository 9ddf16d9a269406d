/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and bitstrings built by instructions with many sources. Nothing here collects: the engine has made room before, or
 * values go to fragments. */
#include "exec/exec_impl.h"

#include "binary/build.h"
#include "data/map.h"

#define LOCAL_PAIRS 16
#define LOCAL_SEGMENTS 16

/* Changes values of keys that are immediates and are all there: a copy of the flat map with the same keys.
 * TERM_NONE when it is not that simple. */
static term update_flat(struct proc *p, const uint64_t *source, size_t count, const term *x,
	const term *stack, term map)
{
	const term *flat = boxed_ptr(map);
	size_t n = header_size(flat[0]) - 1;
	const term *keys = tuple_elements(flat[1]);
	size_t found[LOCAL_PAIRS];
	for (size_t i = 0; i < count; i++) {
		term key = source_value(source[2 * i], x, stack);
		if (!term_is_immediate(key))
			return TERM_NONE;
		size_t k = 0;
		while (k < n && keys[k] != key)
			k++;
		if (k == n)
			return TERM_NONE;
		found[i] = k;
	}
	term *copy = heap_alloc(proc_heap(p), 2 + n);
	for (size_t i = 0; i < 2 + n; i++)
		copy[i] = flat[i];
	for (size_t i = 0; i < count; i++)
		copy[2 + found[i]] = source_value(source[2 * i + 1], x, stack);
	return term_of_boxed(copy);
}

term put_map(struct proc *p, const uint64_t *pc, const term *x, term map, bool exact)
{
	const term *stack = p->mem.heap.limit;
	size_t count = (uint16_t)(pc[1] >> 16);
	const uint64_t *source = pc + INSTR_WORDS_put_map_assoc;
	term local[2 * LOCAL_PAIRS];
	size_t bytes = 2 * count * sizeof(term);
	if (!term_is_map(map)) {
		raise_error_with(p, A(badmap), map);
		return TERM_NONE;
	}
	if (map_is_flat(map) && count <= LOCAL_PAIRS) {
		term value = update_flat(p, source, count, x, stack, map);
		if (value != TERM_NONE)
			return value;
	}
	term *pairs = count <= LOCAL_PAIRS ? local : mem_alloc(MEM_TEMP, bytes);
	for (size_t i = 0; i < 2 * count; i++)
		pairs[i] = source_value(source[i], x, stack);
	term missing = TERM_NONE, result;
	if (exact)
		result = map_update_many(proc_heap(p), map, pairs, count, &missing);
	else
		result = map_put_many(proc_heap(p), map, pairs, count);
	if (pairs != local)
		mem_free(MEM_TEMP, pairs, bytes);
	if (result == TERM_NONE)
		raise_error_with(p, A(badkey), missing);
	return result;
}

/* #{cause => {Segment, Type, Error, Value}, override_segment_position ...} is what erl_erts_errors reads. */
static void raise_build_error(struct proc *p, const struct build_error *e)
{
	struct heap *heap = proc_heap(p);
	raise_error(p, e->reason);
	if (e->type == TERM_NONE || e->type == 0 ||
		e->segment == 0) /* OTP 24's code numbers no segments */
		return;
	term cause = heap_tuple_of(heap, term_of_small(e->segment), e->type, e->error, e->value);
	term keys[3] = { A(cause), A(function), A(module) };
	term values[3] = { cause, A(format_bs_fail), A(erl_erts_errors) };
	term keys_tuple = heap_tuple(heap, 3, keys);
	term *map = heap_alloc(heap, 5);
	map[0] = HEADER(BOXED_FLATMAP, 4);
	map[1] = keys_tuple;
	for (unsigned i = 0; i < 3; i++)
		map[2 + i] = values[i];
	p->extra->raise.error_info = term_of_boxed(map);
}

term create_bits(struct proc *p, const uint64_t *pc, const term *x)
{
	const term *stack = p->mem.heap.limit;
	size_t count = (uint16_t)pc[1];
	const uint64_t *word = pc + INSTR_WORDS_bs_create_bin;
	struct segment local[LOCAL_SEGMENTS];
	local[0] = (struct segment){ 0 }; /* there may be no segment at all */
	size_t bytes = count * sizeof(struct segment);
	struct segment *segments = count <= LOCAL_SEGMENTS ? local : mem_alloc(MEM_TEMP, bytes);
	for (size_t i = 0; i < count; i++, word += 3) {
		struct segment *s = &segments[i];
		s->type = (uint8_t)word[0];
		s->flags = (uint8_t)(word[0] >> 8);
		s->unit = (uint16_t)(word[0] >> 16);
		s->number = (uint16_t)(word[0] >> 32);
		s->size = source_value(word[1], x, stack);
		if (s->type == SEGMENT_STRING)
			s->string = (const uint8_t *)(uintptr_t)word[2];
		else
			s->value = source_value(word[2], x, stack);
	}
	struct build_error error = { .type = TERM_NONE };
	term result = build_bits(proc_heap(p), segments, count, &error);
	if (segments != local)
		mem_free(MEM_TEMP, segments, bytes);
	if (result == TERM_NONE)
		raise_build_error(p, &error);
	return result;
}

static bool is_size(term t)
{
	return term_is_small(t) ? small_value(t) >= 0 : term_is_big(t) && !big_is_negative(t);
}

term add_sizes(struct proc *p, term a, term b, unsigned unit)
{
	int64_t sum;
	bool sizes = is_size(a) && is_size(b);
	if (sizes && term_is_small(a) && term_is_small(b) &&
		!__builtin_mul_overflow(small_value(b), (int64_t)unit, &sum) &&
		!__builtin_add_overflow(sum, small_value(a), &sum) && small_fits(sum))
		return term_of_small(sum);
	raise_error(p, sizes ? A(system_limit) : A(badarg));
	return TERM_NONE;
}

unsigned character_bytes(term character, unsigned bits)
{
	/* What is no character is refused by who writes it. */
	int64_t c = term_is_small(character) ? small_value(character) : INT64_MAX;
	if (bits == 16)
		return c < 0x10000 ? 2 : 4;
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

bool is_fresh(const struct proc *p, const term *object)
{
	if (heap_may_mutate(&p->mem, object))
		return true;
	/* The newest is the first, and where it mostly is. */
	for (const struct fragment *f = p->mem.heap.fragments; f != NULL; f = f->next) {
		if (object >= f->data && object < f->data + f->used_words)
			return true;
	}
	return false;
}
