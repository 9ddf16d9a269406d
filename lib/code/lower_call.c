/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering of calls, frames, exceptions and messages. */
#include "code/lower_impl.h"

/* erlang:apply/2 and /3 are instructions: the engine makes the call itself. */
static bool is_apply(const struct export *e)
{
	return e->module == A(erlang) && e->function == A(apply) &&
	       (e->arity == 2 || e->arity == 3);
}

/* Whether it is C whoever calls it; where only some releases have it, the namespace's table knows. */
static bool is_bif(const struct export *e)
{
	return e->bif != NULL && !bif_is_of_some_releases(e->bif);
}

static void lower_call_ext(struct lowering *l, const struct operand *o)
{
	const struct export *e = lower_import(l, &o[1]);
	if (is_apply(e)) {
		if (e->arity == 3)
			EMIT(l, apply_list, arg_number(0));
		else
			EMIT(l, apply_fun_list, arg_number(0));
	} else if (is_bif(e)) {
		EMIT(l, call_bif, arg_number(e->arity), arg_number(INSTR_NOT_LAST), arg_pointer(e));
	} else {
		EMIT(l, call_ext, arg_number(e->number));
	}
	/* Should it return after all, nobody has checked what follows. */
	if ((l->staged->facts[l->at] & FACT_NEVER_RETURNS) != 0)
		emit_args(l, INSTR_never_returned, NULL, 0);
}

/* drop: words of the frame with its continuation slot; 0 without a frame. */
static void lower_call_ext_last(struct lowering *l, const struct operand *import, uint64_t drop)
{
	const struct export *e = lower_import(l, import);
	if (is_apply(e)) {
		if (e->arity == 3)
			EMIT(l, apply_list_last, arg_number(drop));
		else
			EMIT(l, apply_fun_list_last, arg_number(drop));
	} else if (is_bif(e)) {
		EMIT(l, call_bif_last, arg_number(e->arity), arg_number(drop), arg_pointer(e));
	} else if (drop == 0) {
		EMIT(l, call_ext_only, arg_number(e->number));
	} else {
		EMIT(l, call_ext_last, arg_number(e->number), arg_number(drop));
	}
}

/* Whether "deallocate; return" follows, so that a call here is a tail call. *ret_drop: words with the continuation slot. */
static bool returns_next(const struct lowering *l, uint64_t *ret_drop)
{
	const struct staged *s = l->staged;
	if (l->at + 2 >= s->instrs.count || s->instrs.items[l->at + 1].op != OP_deallocate ||
		s->instrs.items[l->at + 2].op != OP_return)
		return false;
	*ret_drop = s->operands.items[s->instrs.items[l->at + 1].first].value + 1;
	return true;
}

static void lower_call_fun(struct lowering *l, uint64_t arity, struct arg fun, size_t *ret_taken)
{
	uint64_t drop;
	if (returns_next(l, &drop)) {
		EMIT(l, call_fun_last, arg_number(arity), fun, arg_number(drop));
		*ret_taken = 3;
	} else {
		EMIT(l, call_fun, arg_number(arity), fun);
	}
}

static void lower_init_yregs(struct lowering *l, const struct operand *list)
{
	const struct operand *y = &l->staged->operands.items[list->index];
	uint64_t some[4];
	unsigned count = 0;
	for (uint64_t i = 0; i < list->value; i++) {
		if (y[i].value + 1 > 255) {
			EMIT(l, init_y_one, arg_reg(&y[i]));
			continue;
		}
		some[count++] = y[i].value + 1;
		if (count == 4) {
			EMIT(l, init_y, arg_number(some[0]), arg_number(some[1]),
				arg_number(some[2]), arg_number(some[3]));
			count = 0;
		}
	}
	if (count == 1) {
		EMIT(l, init_y_one, ((struct arg){ ARG_REG, instr_reg_y((unsigned)some[0] - 1) }));
	} else if (count > 0) {
		for (unsigned i = count; i < 4; i++)
			some[i] = some[0];
		EMIT(l, init_y, arg_number(some[0]), arg_number(some[1]), arg_number(some[2]),
			arg_number(some[3]));
	}
}

static bool lower_frame(struct lowering *l, enum op op, const struct operand *o)
{
	switch ((unsigned)op) {
	case OP_allocate:
		EMIT(l, allocate, arg_number(o[0].value + 1), arg_number(o[1].value));
		return true;
	case OP_allocate_heap:
		EMIT(l, allocate_heap, arg_number(o[0].value + 1), arg_number(o[2].value),
			arg_number(o[1].value));
		return true;
	case OP_deallocate:
		EMIT(l, deallocate, arg_number(o[0].value + 1));
		return true;
	case OP_test_heap:
		EMIT(l, test_heap, arg_number(o[1].value), arg_number(o[0].value));
		return true;
	case OP_trim:
		EMIT(l, trim, arg_number(o[0].value));
		return true;
	case OP_init_yregs:
		lower_init_yregs(l, &o[0]);
		return true;
	case OP_return:
		emit_args(l, INSTR_return, NULL, 0);
		return true;
	default:
		return false;
	}
}

static bool lower_exception(struct lowering *l, enum op op, const struct operand *o)
{
	struct arg first, second;
	switch ((unsigned)op) {
	case OP_catch:
	case OP_try:
		/* The label's number until its address is known. */
		EMIT(l, try, arg_reg(&o[0]), arg_word(o[1].value));
		return true;
	case OP_catch_end:
		EMIT(l, catch_end, arg_reg(&o[0]));
		return true;
	case OP_try_end:
		EMIT(l, try_end, arg_reg(&o[0]));
		return true;
	case OP_try_case:
		EMIT(l, try_case, arg_reg(&o[0]));
		return true;
	case OP_badmatch:
		first = lower_reg(l, &o[0], 0);
		EMIT(l, badmatch, first);
		return true;
	case OP_badrecord:
		first = lower_reg(l, &o[0], 0);
		EMIT(l, badrecord, first);
		return true;
	case OP_case_end:
		first = lower_reg(l, &o[0], 0);
		EMIT(l, case_end, first);
		return true;
	case OP_try_case_end:
		first = lower_reg(l, &o[0], 0);
		EMIT(l, try_case_end, first);
		return true;
	case OP_if_end:
		emit_args(l, INSTR_if_end, NULL, 0);
		return true;
	case OP_raise:
		first = lower_reg(l, &o[0], 0);
		second = lower_reg(l, &o[1], 1);
		EMIT(l, raise, first, second);
		return true;
	case OP_raw_raise:
		emit_args(l, INSTR_raw_raise, NULL, 0);
		return true;
	case OP_build_stacktrace:
		emit_args(l, INSTR_build_stacktrace, NULL, 0);
		return true;
	default:
		return false;
	}
}

#define SKIP_SEARCH_MAX                                                                            \
	2000 /* Bound: instructions looked through for the end of a receive's clause */

/* Whether label leads to a loop_rec_end that comes back to the loop_rec at l->at: what stands between has no effect. */
static bool leads_back(const struct lowering *l, uint64_t label)
{
	const struct staged *s = l->staged;
	if (l->at == 0 || s->instrs.items[l->at - 1].op != OP_label)
		return false;
	const uint64_t here = s->operands.items[s->instrs.items[l->at - 1].first].value;
	size_t at = l->at + 1, end = at + SKIP_SEARCH_MAX < s->instrs.count ? at + SKIP_SEARCH_MAX
									    : s->instrs.count;
	while (at < end && s->instrs.items[at].op != OP_func_info &&
		!(s->instrs.items[at].op == OP_label &&
			s->operands.items[s->instrs.items[at].first].value == label))
		at++;
	while (at < end &&
		(s->instrs.items[at].op == OP_label || s->instrs.items[at].op == OP_line))
		at++;
	return at < end && s->instrs.items[at].op == OP_loop_rec_end &&
	       s->operands.items[s->instrs.items[at].first].value == here;
}

/* A receive whose first test is for a tagged tuple passes over other messages without leaving the instruction. The test
 * itself still follows. */
static void lower_loop_rec(struct lowering *l, const struct operand *o)
{
	const struct staged *s = l->staged;
	size_t next = l->at + 1;
	while (next < s->instrs.count && s->instrs.items[next].op == OP_line)
		next++;
	if (next < s->instrs.count && s->instrs.items[next].op == OP_is_tagged_tuple) {
		const struct operand *t = &s->operands.items[s->instrs.items[next].first];
		if (t[1].kind == o[1].kind && t[1].value == o[1].value &&
			t[2].value <= UINT16_MAX && leads_back(l, t[0].value)) {
			EMIT(l, loop_rec_tuple, arg_reg(&o[1]), arg_number(t[2].value),
				arg_label(&o[0]), arg_number(t[3].term));
			return;
		}
	}
	EMIT(l, loop_rec, arg_reg(&o[1]), arg_label(&o[0]));
}

static bool lower_message(struct lowering *l, enum op op, const struct operand *o)
{
	struct arg first, second;
	switch ((unsigned)op) {
	case OP_send:
		emit_args(l, INSTR_send, NULL, 0);
		return true;
	case OP_remove_message:
		emit_args(l, INSTR_remove_message, NULL, 0);
		return true;
	case OP_timeout:
		emit_args(l, INSTR_timeout, NULL, 0);
		return true;
	case OP_loop_rec:
		lower_loop_rec(l, o);
		return true;
	case OP_loop_rec_end:
		EMIT(l, loop_rec_end, arg_label(&o[0]));
		return true;
	case OP_wait:
		EMIT(l, wait, arg_label(&o[0]));
		return true;
	case OP_wait_timeout:
		first = lower_reg(l, &o[1], 0);
		EMIT(l, wait_timeout, first, arg_label(&o[0]));
		return true;
	case OP_recv_marker_bind:
		first = lower_reg(l, &o[0], 0);
		second = lower_reg(l, &o[1], 1);
		EMIT(l, recv_marker_bind, first, second);
		return true;
	case OP_recv_marker_clear:
		first = lower_reg(l, &o[0], 0);
		EMIT(l, recv_marker_clear, first);
		return true;
	case OP_recv_marker_reserve:
		EMIT(l, recv_marker_reserve, arg_reg(&o[0]));
		return true;
	case OP_recv_marker_use:
		first = lower_reg(l, &o[0], 0);
		EMIT(l, recv_marker_use, first);
		return true;
	default:
		return false;
	}
}

bool lower_call(struct lowering *l, enum op op, const struct operand *o, size_t *ret_taken)
{
	switch ((unsigned)op) {
	case OP_call:
		EMIT(l, call, arg_label(&o[1]));
		return true;
	case OP_call_last:
		EMIT(l, call_last, arg_label(&o[1]), arg_number(o[2].value + 1));
		return true;
	case OP_call_only:
		EMIT(l, call_only, arg_label(&o[1]));
		return true;
	case OP_call_ext:
		lower_call_ext(l, o);
		return true;
	case OP_call_ext_last:
		lower_call_ext_last(l, &o[1], o[2].value + 1);
		return true;
	case OP_call_ext_only:
		lower_call_ext_last(l, &o[1], 0);
		return true;
	case OP_call_fun:
		lower_call_fun(l, o[0].value, arg_x((unsigned)o[0].value), ret_taken);
		return true;
	case OP_call_fun2: {
		struct arg fun = lower_reg(l, &o[2], 0);
		lower_call_fun(l, o[1].value, fun, ret_taken);
		return true;
	}
	case OP_apply:
		EMIT(l, apply, arg_number(o[0].value), arg_number(0));
		return true;
	case OP_apply_last:
		EMIT(l, apply_last, arg_number(o[0].value), arg_number(o[1].value + 1));
		return true;
	case OP_jump:
		EMIT(l, jump, arg_label(&o[0]));
		return true;
	default:
		return lower_frame(l, op, o) || lower_exception(l, op, o) ||
		       lower_message(l, op, o);
	}
}
