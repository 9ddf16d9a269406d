/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that only raise and that compilers share between ways with different frames: finding and copying them.
 * A copy is a label of its own, put behind its function's last instruction. */
#include "base/alloc.h"
#include "code/beamfile.h"
#include "code/load.h"
#include "code/verify_impl.h"
#include "ns/export.h"
#include "term/atom.h"

#define BLOCK_MAX 64 /* Bound: instructions of a block that is copied */

bool verify_never_returns(const struct staged *staged, const struct operand *import)
{
	const struct export *e = export_of(staged->imports[import->value]);
	if (e->module != A(erlang))
		return false;
	if (e->function == A(error))
		return e->arity >= 1 && e->arity <= 3;
	return (e->function == A(exit) || e->function == A(throw)) && e->arity == 1;
}

/* Whether it raises, for certain. */
static bool raises(const struct staged *staged, const struct generic_instr *instr)
{
	switch ((enum op)instr->op) {
	case OP_badmatch:
	case OP_case_end:
	case OP_if_end:
	case OP_badrecord:
	case OP_try_case_end:
	case OP_raise:
		return true;
	case OP_call_ext:
	case OP_call_ext_last:
	case OP_call_ext_only:
		return verify_never_returns(staged, &staged->operands.items[instr->first + 1]);
	default:
		return false;
	}
}

bool verify_ends(const struct staged *staged, uint32_t at)
{
	const struct generic_instr *instr = &staged->instrs.items[at];
	switch ((enum op)instr->op) {
	case OP_jump:
	case OP_select_val:
	case OP_select_tuple_arity:
	case OP_return:
	case OP_call_last:
	case OP_call_only:
	case OP_call_ext_last:
	case OP_call_ext_only:
	case OP_apply_last:
	case OP_loop_rec_end:
	case OP_wait:
	case OP_func_info:
	case OP_int_code_end:
		return true;
	default:
		return raises(staged, instr) || (staged->facts[at] & FACT_NEVER_RETURNS) != 0;
	}
}

/* Whether it is in a block that may be copied: no jumps, no frames, no catches. */
static bool is_plain(const struct staged *staged, const struct generic_instr *instr)
{
	switch ((enum op)instr->op) {
	case OP_line:
	case OP_move:
	case OP_swap:
	case OP_test_heap:
	case OP_put_list:
	case OP_put_tuple2:
	case OP_get_tuple_element:
	case OP_get_hd:
	case OP_get_tl:
	case OP_get_list:
	case OP_init_yregs:
	case OP_bs_get_tail:
		return true;
	case OP_bif1:
	case OP_bif2:
	case OP_gc_bif1:
	case OP_gc_bif2:
	case OP_put_map_assoc:
	case OP_bs_create_bin:
		return staged->operands.items[instr->first].value == 0;
	default:
		return false;
	}
}

bool verify_only_raises(const struct verifier *v, uint32_t label, uint32_t *ret_end)
{
	const struct staged *staged = v->staged;
	uint32_t first = v->labels[label].instr;
	for (uint32_t i = first; i < staged->instrs.count && i < first + BLOCK_MAX; i++) {
		const struct generic_instr *instr = &staged->instrs.items[i];
		if (raises(staged, instr)) {
			*ret_end = i + 1;
			return true;
		}
		if (!is_plain(staged, instr))
			return false;
	}
	return false;
}

void verify_insert_clones(struct verifier *v)
{
	struct staged *staged = v->staged;
	VEC(struct generic_instr) all = { 0 };
	size_t next = 0;
	for (uint32_t f = 0; f < v->functions.count; f++) {
		const struct function *function = &v->functions.items[f];
		bool last = f + 1 == v->functions.count;
		uint32_t end = function->end - (last ? 1 : 0); /* int_code_end stays last */
		for (uint32_t i = function->start; i < end; i++)
			vec_push(&all, staged->instrs.items[i]);
		for (; next < v->clones.count && v->clones.items[next].function == f; next++) {
			uint32_t block_end = 0;
			bool found = verify_only_raises(v, v->clones.items[next].label, &block_end);
			assert(found);
			uint32_t block = v->labels[v->clones.items[next].label].instr;
			struct generic_instr label = {
				.op = OP_label,
				.count = 1,
				.first = (uint32_t)staged->operands.count,
				.offset = staged->instrs.items[block].offset,
			};
			struct operand number = { .kind = OPERAND_U, .value = staged->label_count + next };
			vec_push(&staged->operands, number);
			vec_push(&all, label);
			for (uint32_t i = block; i < block_end; i++)
				vec_push(&all, staged->instrs.items[i]);
		}
		if (last)
			vec_push(&all, staged->instrs.items[end]);
		if (all.count > LOAD_INSTRS_MAX) {
			v->failed = load_limit_at(v->error, "Code", 0, "more than %u instructions with shared ones copied",
				LOAD_INSTRS_MAX);
			break;
		}
	}
	vec_done(&staged->instrs);
	staged->instrs.items = all.items;
	staged->instrs.count = all.count;
	staged->instrs.capacity = all.capacity;
	staged->label_count += (uint32_t)v->clones.count;
}
