/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and bitstrings built by instructions with many sources. Nothing here collects: the engine has made room before, or
 * values go to fragments. */
#include "exec/exec_impl.h"

#include "binary/build.h"
#include "data/map.h"

#define LOCAL_PAIRS 16
#define LOCAL_SEGMENTS 16

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
	if (e->type == TERM_NONE || e->type == 0)
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
	p->extra->raise.cause = term_of_boxed(map);
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
		s->number = (uint32_t)(word[0] >> 32);
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
