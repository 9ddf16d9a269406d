/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions for the commonest operands, and those that stand for several generic ones.
 *
 * A label ends a run, so what is fused is never jumped into. Lines between are noted before the first of the run. */
#include "code/lower_impl.h"

/* A generic instruction ahead of the one being lowered. */
struct ahead {
	size_t at;
	enum op op; /* 0: none in the same run */
	const struct operand *o;
};

static struct ahead ahead_from(const struct lowering *l, size_t at)
{
	const struct staged *s = l->staged;
	while (at < s->instrs.count && s->instrs.items[at].op == OP_line)
		at++;
	if (at >= s->instrs.count || (s->facts[at] & FACT_REACHED) == 0)
		return (struct ahead){ .at = at };
	const struct generic_instr *g = &s->instrs.items[at];
	return (struct ahead){ at, (enum op)g->op, &s->operands.items[g->first] };
}

/* Notes the lines up to `last`, and says how many instructions the run has taken. */
static void take_to(struct lowering *l, size_t last, size_t *ret_taken)
{
	const struct staged *s = l->staged;
	for (size_t i = l->at; i <= last; i++)
		if (s->instrs.items[i].op == OP_line)
			lower_line(l, &s->operands.items[s->instrs.items[i].first]);
	*ret_taken = last - l->at + 1;
}

/* Register moves that have a short form: 0 xx, 1 xy, 2 yx. */
static int move_shape(const struct operand *o)
{
	if (operand_is_x8(&o[0]))
		return operand_is_x8(&o[1]) ? 0 : operand_is_y8(&o[1]) ? 1 : -1;
	return operand_is_y8(&o[0]) && operand_is_x8(&o[1]) ? 2 : -1;
}

static const uint16_t move1[3] = { INSTR_move_xx, INSTR_move_xy, INSTR_move_yx };
static const uint16_t move2[3][3] = {
	{ INSTR_move2_xx_xx, INSTR_move2_xx_xy, INSTR_move2_xx_yx },
	{ INSTR_move2_xy_xx, INSTR_move2_xy_xy, INSTR_move2_xy_yx },
	{ INSTR_move2_yx_xx, INSTR_move2_yx_xy, INSTR_move2_yx_yx },
};

/* The last move before a call is part of it. */
static bool fuse_move_call(
	struct lowering *l, const struct operand *o, int shape, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, l->at + 1);
	if (next.op == OP_call_last && (shape == 0 || shape == 2)) {
		take_to(l, next.at, ret_taken);
		const struct arg args[] = { arg_label(&next.o[1]), arg_number(next.o[2].value + 1),
			arg_reg8(&o[0]), arg_reg8(&o[1]) };
		emit_args(l, shape == 0 ? INSTR_call_last_xx : INSTR_call_last_yx, args, 4);
		return true;
	}
	if (next.op == OP_call_only && shape == 0) {
		take_to(l, next.at, ret_taken);
		EMIT(l, call_only_xx, arg_label(&next.o[1]), arg_reg8(&o[0]), arg_reg8(&o[1]));
		return true;
	}
	if (next.op == OP_call && (shape == 0 || shape == 2)) {
		take_to(l, next.at, ret_taken);
		const struct arg args[] = { arg_label(&next.o[1]), arg_reg8(&o[0]),
			arg_reg8(&o[1]) };
		emit_args(l, shape == 0 ? INSTR_call_xx : INSTR_call_yx, args, 3);
		return true;
	}
	return false;
}

static bool fuse_move(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, l->at + 1);
	if (!operand_is_reg(&o[0])) {
		if (next.op == OP_return && operand_is_x(&o[1], 0)) {
			take_to(l, next.at, ret_taken);
			EMIT(l, move_c_return, arg_word(o[0].term));
			return true;
		}
		if (!operand_is_x8(&o[1]))
			return false;
		if (next.op == OP_call_only) {
			take_to(l, next.at, ret_taken);
			EMIT(l, call_only_cx, arg_label(&next.o[1]), arg_reg8(&o[1]),
				arg_word(o[0].term));
			return true;
		}
		EMIT(l, move_c_x, arg_reg8(&o[1]), arg_word(o[0].term));
		return true;
	}
	/* A fun that is moved behind the arguments only to be called. */
	if (next.op == OP_call_fun2 && operands_same(&o[1], &next.o[2]) &&
		operand_is_x(&o[1], next.o[1].value)) {
		struct ahead drop = ahead_from(l, next.at + 1), leave = ahead_from(l, drop.at + 1);
		if (drop.op == OP_deallocate && leave.op == OP_return) {
			take_to(l, leave.at, ret_taken);
			EMIT(l, call_fun_last, arg_number(next.o[1].value), arg_reg(&o[0]),
				arg_number(drop.o[0].value + 1));
		} else {
			take_to(l, next.at, ret_taken);
			EMIT(l, call_fun, arg_number(next.o[1].value), arg_reg(&o[0]));
		}
		return true;
	}
	int shape = move_shape(o);
	if (operand_is_y8(&o[0]) && operand_is_y8(&o[1])) {
		if (next.op == OP_trim) {
			take_to(l, next.at, ret_taken);
			EMIT(l, move_yy_trim, arg_reg8(&o[0]), arg_reg8(&o[1]),
				arg_number(next.o[0].value));
		} else {
			EMIT(l, move_yy, arg_reg8(&o[0]), arg_reg8(&o[1]));
		}
		return true;
	}
	if (shape < 0)
		return false;
	if (shape == 0 && next.op == OP_move && !operand_is_reg(&next.o[0]) &&
		operand_is_x8(&next.o[1])) {
		struct ahead third = ahead_from(l, next.at + 1);
		if (third.op != OP_call_only && third.op != OP_return) {
			take_to(l, next.at, ret_taken);
			EMIT(l, move_xx_c_x, arg_reg8(&o[0]), arg_reg8(&o[1]), arg_reg8(&next.o[1]),
				arg_word(next.o[0].term));
			return true;
		}
	}
	if (next.op == OP_return && shape == 0 && operand_is_x(&o[1], 0)) {
		take_to(l, next.at, ret_taken);
		EMIT(l, move_x_return, arg_reg8(&o[0]));
		return true;
	}
	if (fuse_move_call(l, o, shape, ret_taken))
		return true;
	int second = next.op == OP_move ? move_shape(next.o) : -1;
	if (second >= 0) {
		struct ahead third = ahead_from(l, next.at + 1);
		const struct arg pair[] = { arg_reg8(&o[0]), arg_reg8(&o[1]), arg_reg8(&next.o[0]),
			arg_reg8(&next.o[1]) };
		if (third.op == OP_call_last && shape == 0 && second == 2) {
			take_to(l, third.at, ret_taken);
			EMIT(l, call_last_xx_yx, arg_label(&third.o[1]),
				arg_number(third.o[2].value + 1), pair[0], pair[1], pair[2],
				pair[3]);
			return true;
		}
		if (third.op == OP_call && second == 0) {
			take_to(l, third.at, ret_taken);
			const struct arg args[] = { arg_label(&third.o[1]), pair[0], pair[1],
				pair[2], pair[3] };
			static const uint16_t forms[3] = { INSTR_call_xx_xx, INSTR_call_xy_xx,
				INSTR_call_yx_xx };
			emit_args(l, (enum instr)forms[shape], args, 5);
			return true;
		}
		if (third.op == OP_call_last && shape == 2 && second == 2) {
			take_to(l, third.at, ret_taken);
			EMIT(l, call_last_yx_yx, arg_label(&third.o[1]),
				arg_number(third.o[2].value + 1), pair[0], pair[1], pair[2],
				pair[3]);
			return true;
		}
		/* Where the second belongs to a call, or to another move, pairs go better the other way round. */
		bool call = third.op == OP_call || third.op == OP_call_last ||
			    third.op == OP_call_only || third.op == OP_call_fun2 ||
			    third.op == OP_return;
		if (!call) {
			take_to(l, next.at, ret_taken);
			emit_args(l, (enum instr)move2[shape][second], pair, 4);
			return true;
		}
	}
	const struct arg one[] = { arg_reg8(&o[0]), arg_reg8(&o[1]) };
	emit_args(l, (enum instr)move1[shape], one, 2);
	return true;
}

/* The highest element read by the get_tuple_element that follow on the same tuple, which are then known to fit; 0: none. */
static uint64_t check_run(struct lowering *l, const struct operand *o)
{
	uint64_t highest = 0;
	if (operands_same(&o[0], &o[2]))
		return 0;
	for (struct ahead next = ahead_from(l, l->at + 1);
		next.op == OP_get_tuple_element && operands_same(&o[0], &next.o[0]);
		next = ahead_from(l, next.at + 1)) {
		l->staged->facts[next.at] |= FACT_SOURCE_FITS;
		if (next.o[1].value + 1 > highest)
			highest = next.o[1].value + 1;
		if (operands_same(&o[0], &next.o[2]))
			break;
	}
	return highest;
}

static bool fuse_get_tuple_element(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	uint64_t element = o[1].value + 1;
	struct ahead next = ahead_from(l, l->at + 1);
	if (!lower_source_fits(l)) {
		/* One check for a run of elements of the same tuple; a lone one is checked by its instruction. */
		uint64_t highest = check_run(l, o);
		if (highest == 0 && operand_is_x8(&o[0]) && operand_is_x8(&o[2])) {
			EMIT(l, get_tuple_element_checked, arg_reg8(&o[0]), arg_reg8(&o[2]),
				arg_number(element));
			return true;
		}
		EMIT(l, check_tuple, arg_reg(&o[0]),
			arg_number(highest > element ? highest : element));
	}
	if (next.op == OP_get_tuple_element &&
		(l->staged->facts[next.at] & FACT_SOURCE_FITS) != 0 &&
		operands_same(&o[0], &next.o[0]) && next.o[1].value == element && element <= 255 &&
		operand_is_x8(&o[0]) && operand_is_x8(&o[2]) && operand_is_x8(&next.o[2]) &&
		!operands_same(&o[0], &o[2])) {
		take_to(l, next.at, ret_taken);
		EMIT(l, get_tuple_element2_x, arg_reg8(&o[0]), arg_reg8(&o[2]),
			arg_reg8(&next.o[2]), arg_number(element));
		return true;
	}
	const struct operand pair[2] = { o[0], o[2] };
	static const uint16_t forms[3] = { INSTR_get_tuple_element_xx, INSTR_get_tuple_element_xy,
		INSTR_get_tuple_element_yx };
	int shape = move_shape(pair);
	const struct arg args[] = { shape < 0 ? arg_reg(&o[0]) : arg_reg8(&o[0]),
		shape < 0 ? arg_reg(&o[2]) : arg_reg8(&o[2]), arg_number(element) };
	emit_args(l, shape < 0 ? INSTR_get_tuple_element : (enum instr)forms[shape], args, 3);
	return true;
}

static bool fuse_get_list(struct lowering *l, const struct operand *o)
{
	if (!operand_is_x8(&o[0]) || !lower_source_fits(l))
		return false;
	const struct arg args[] = { arg_reg8(&o[0]), arg_reg8(&o[1]), arg_reg8(&o[2]) };
	if (operand_is_x8(&o[1]) && operand_is_x8(&o[2]))
		emit_args(l, INSTR_get_list_xxx, args, 3);
	else if (operand_is_x8(&o[1]) && operand_is_y8(&o[2]))
		emit_args(l, INSTR_get_list_xxy, args, 3);
	else if (operand_is_y8(&o[1]) && operand_is_x8(&o[2]))
		emit_args(l, INSTR_get_list_xyx, args, 3);
	else
		return false;
	return true;
}

static bool fuse_allocate(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, l->at + 1);
	uint64_t frame = o[0].value + 1;
	if (frame > 255 || o[1].value > 255)
		return false;
	if (next.op == OP_move && move_shape(next.o) == 1) {
		/* After the frame exists nothing of the pair can fail. */
		take_to(l, next.at, ret_taken);
		EMIT(l, allocate_move, arg_number(frame), arg_number(o[1].value),
			arg_reg8(&next.o[0]), arg_reg8(&next.o[1]));
		return true;
	}
	if (next.op == OP_init_yregs && (next.o[0].value == 1 || next.o[0].value == 2)) {
		const struct operand *y = &l->staged->operands.items[next.o[0].index];
		take_to(l, next.at, ret_taken);
		EMIT(l, allocate_init, arg_number(frame), arg_number(o[1].value), arg_reg8(&y[0]),
			arg_reg8(&y[next.o[0].value - 1]));
		return true;
	}
	return false;
}

static bool fuse_put_list(struct lowering *l, const struct operand *o)
{
	if (!operand_is_x8(&o[1]) || !operand_is_x8(&o[2]))
		return false;
	const struct arg args[] = { arg_reg8(&o[0]), arg_reg8(&o[1]), arg_reg8(&o[2]) };
	if (operand_is_x8(&o[0]))
		emit_args(l, INSTR_put_list_xxx, args, 3);
	else if (operand_is_y8(&o[0]))
		emit_args(l, INSTR_put_list_yxx, args, 3);
	else
		return false;
	return true;
}

/* A source of 16 bits: a register, or where a constant will stand. */
static uint16_t packed_source(const struct operand *o, size_t *constants, size_t first_constant)
{
	if (operand_is_reg(o))
		return (uint16_t)arg_reg(o).value;
	return (uint16_t)(8 * (first_constant + (*constants)++) + 2);
}

/* A pair that is the function's value; drop: words of frame. */
static void lower_put_pair(struct lowering *l, const struct operand *destination,
	const struct operand *list, uint64_t need, uint64_t live, uint64_t drop)
{
	const struct operand *o = &l->staged->operands.items[list->index];
	size_t constants = 0;
	uint16_t first = packed_source(&o[0], &constants, 2),
		 second = packed_source(&o[1], &constants, 2);
	EMIT(l, put_tuple_2_return, arg_reg(destination), arg_number(need), arg_number(first),
		arg_number(second), arg_number(drop), arg_number(live << 8 | (2 + constants)));
	for (size_t i = 0; i < 2; i++)
		if (!operand_is_reg(&o[i]))
			emit_word(l, o[i].term);
}

static bool fuse_test_heap(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, l->at + 1);
	if (next.op == OP_put_list && operand_is_x8(&next.o[1]) && operand_is_x8(&next.o[2]) &&
		o[1].value <= 255 && (operand_is_x8(&next.o[0]) || operand_is_y8(&next.o[0])) &&
		o[0].value <= INT32_MAX) {
		struct ahead drop = ahead_from(l, next.at + 1), leave = ahead_from(l, drop.at + 1);
		bool returns = drop.op == OP_deallocate && leave.op == OP_return &&
			       next.o[0].kind == OPERAND_Y;
		take_to(l, returns ? leave.at : next.at, ret_taken);
		const struct arg args[] = { arg_reg8(&next.o[0]), arg_reg8(&next.o[1]),
			arg_reg8(&next.o[2]), arg_number(o[1].value), arg_number(o[0].value),
			arg_number(returns ? drop.o[0].value + 1 : 0) };
		if (returns) {
			emit_args(l, INSTR_test_heap_put_list_return, args, 6);
			return true;
		}
		emit_args(l,
			next.o[0].kind == OPERAND_X ? INSTR_test_heap_put_list_xxx
						    : INSTR_test_heap_put_list_yxx,
			args, 5);
		return true;
	}
	if (next.op == OP_put_list && !operand_is_reg(&next.o[1]) && operand_is_x8(&next.o[0]) &&
		operand_is_x8(&next.o[2]) && o[1].value <= 255 && o[0].value <= 255) {
		take_to(l, next.at, ret_taken);
		EMIT(l, test_heap_put_list_xc, arg_reg8(&next.o[0]), arg_reg8(&next.o[2]),
			arg_number(o[1].value), arg_number(o[0].value), arg_word(next.o[1].term));
		return true;
	}
	if (next.op == OP_put_tuple2 && (next.o[1].value == 2 || next.o[1].value == 3) &&
		o[1].value <= 255 && o[0].value <= UINT16_MAX) {
		struct ahead drop = ahead_from(l, next.at + 1), leave = ahead_from(l, drop.at + 1);
		if (next.o[1].value == 2 && drop.op == OP_deallocate && leave.op == OP_return) {
			take_to(l, leave.at, ret_taken);
			lower_put_pair(l, &next.o[0], &next.o[1], o[0].value, o[1].value,
				drop.o[0].value + 1);
			return true;
		}
		take_to(l, next.at, ret_taken);
		lower_put_tuple(l, &next.o[0], &next.o[1], o[0].value, o[1].value);
		return true;
	}
	if (o[0].value > UINT16_MAX)
		return false;
	EMIT(l, test_heap_small, arg_number(o[1].value), arg_number(o[0].value));
	return true;
}

static bool fuse_is_tuple(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, l->at + 1);
	if (next.op != OP_test_arity || !operand_is_x8(&o[1]) ||
		!operands_same(&o[1], &next.o[1]) || o[0].value != next.o[0].value)
		return false;
	take_to(l, next.at, ret_taken);
	EMIT(l, is_tuple_of_x, arg_reg8(&o[1]), arg_label(&o[0]),
		arg_word(HEADER(BOXED_TUPLE, next.o[2].value)));
	return true;
}

/* is_nonempty_list, allocate, and perhaps what fills the frame first. */
static bool fuse_is_nonempty_allocate(
	struct lowering *l, const struct operand *o, struct ahead allocate, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, allocate.at + 1);
	struct arg args[6] = { arg_reg8(&o[1]), arg_label(&o[0]),
		arg_number(allocate.o[0].value + 1), arg_number(allocate.o[1].value) };
	if (allocate.o[0].value + 1 > 255 || allocate.o[1].value > 255)
		return false;
	if (next.op == OP_get_list && operands_same(&o[1], &next.o[0])) {
		const struct operand *h = &next.o[1], *t = &next.o[2];
		enum instr i =
			operand_is_x8(h) && operand_is_x8(t)   ? INSTR_is_nonempty_allocate_xx
			: operand_is_x8(h) && operand_is_y8(t) ? INSTR_is_nonempty_allocate_xy
			: operand_is_y8(h) && operand_is_x8(t) ? INSTR_is_nonempty_allocate_yx
							       : INSTR_COUNT;
		if (i != INSTR_COUNT) {
			take_to(l, next.at, ret_taken);
			args[4] = arg_reg8(h);
			args[5] = arg_reg8(t);
			emit_args(l, i, args, 6);
			return true;
		}
	}
	if (next.op == OP_move && move_shape(next.o) == 1) {
		take_to(l, next.at, ret_taken);
		args[4] = arg_reg8(&next.o[0]);
		args[5] = arg_reg8(&next.o[1]);
		emit_args(l, INSTR_is_nonempty_allocate_move, args, 6);
		return true;
	}
	take_to(l, allocate.at, ret_taken);
	emit_args(l, INSTR_is_nonempty_allocate, args, 4);
	return true;
}

static bool fuse_is_nonempty_list(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, l->at + 1);
	if (!operand_is_x8(&o[1]))
		return false;
	if (next.op == OP_allocate)
		return fuse_is_nonempty_allocate(l, o, next, ret_taken);
	if ((next.op == OP_get_hd || next.op == OP_get_tl) && operands_same(&o[1], &next.o[0]) &&
		operand_is_x8(&next.o[1])) {
		take_to(l, next.at, ret_taken);
		const struct arg args[] = { arg_reg8(&o[1]), arg_label(&o[0]),
			arg_reg8(&next.o[1]) };
		emit_args(l,
			next.op == OP_get_hd ? INSTR_is_nonempty_get_hd : INSTR_is_nonempty_get_tl,
			args, 3);
		return true;
	}
	if (next.op != OP_get_list || !operands_same(&o[1], &next.o[0]) ||
		!operand_is_x8(&next.o[1]) || !operand_is_x8(&next.o[2]))
		return false;
	take_to(l, next.at, ret_taken);
	EMIT(l, is_nonempty_get_list, arg_reg8(&o[1]), arg_label(&o[0]), arg_reg8(&next.o[1]),
		arg_reg8(&next.o[2]));
	return true;
}

static bool fuse_is_tagged_tuple(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, l->at + 1);
	if (next.op != OP_get_tuple_element || !operand_is_x8(&o[1]) ||
		!operands_same(&o[1], &next.o[0]) || !operand_is_x8(&next.o[2]) ||
		next.o[1].value + 1 > 255 || next.o[1].value >= o[2].value)
		return false;
	/* Two elements in a row have an instruction of their own. */
	struct ahead third = ahead_from(l, next.at + 1);
	if (third.op == OP_get_tuple_element && operands_same(&next.o[0], &third.o[0]) &&
		third.o[1].value == next.o[1].value + 1 && operand_is_x8(&third.o[2]))
		return false;
	take_to(l, next.at, ret_taken);
	EMIT(l, is_tagged_tuple_get, arg_reg8(&o[1]), arg_label(&o[0]), arg_number(o[2].value),
		arg_reg8(&next.o[2]), arg_number(next.o[1].value + 1), arg_number(o[3].term));
	return true;
}

static bool fuse_start_match(struct lowering *l, const struct operand *fail, uint64_t live,
	const struct operand *source, const struct operand *destination, size_t *ret_taken)
{
	static const struct operand none = { .kind = OPERAND_LABEL };
	struct ahead next = ahead_from(l, l->at + 1);
	if (next.op != OP_bs_get_position || !operand_is_x8(source) ||
		!operand_is_x8(destination) || !operands_same(destination, &next.o[0]) ||
		!operand_is_x8(&next.o[1]))
		return false;
	if (source->value >= live)
		return false; /* lower_start() has more to do */
	take_to(l, next.at, ret_taken);
	EMIT(l, bs_start_match_position, arg_reg8(source), arg_reg8(destination), arg_number(live),
		arg_label(fail->kind == OPERAND_LABEL ? fail : &none), arg_reg8(&next.o[1]));
	return true;
}

/* A character, and whole units behind it. */
static bool fuse_get_utf8(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, l->at + 1);
	const struct operand *fail;
	uint64_t unit;
	if (next.op == OP_bs_test_unit && operands_same(&o[1], &next.o[1])) {
		fail = &next.o[0];
		unit = next.o[2].value;
	} else if (next.op == OP_bs_match && lower_match_is_rest(l, next.o, &o[1], &unit)) {
		fail = &next.o[0];
	} else {
		return false;
	}
	if (unit == 0 || (unit & (unit - 1)) != 0 || !operand_is_x8(&o[1]) || !operand_is_x8(&o[4]))
		return false;
	take_to(l, next.at, ret_taken);
	EMIT(l, bs_get_utf8_rest, arg_reg8(&o[1]), arg_reg8(&o[4]), arg_number(unit - 1),
		arg_label(&o[0]), arg_label(fail));
	return true;
}

/* X >= Low, High >= X. */
static bool fuse_range(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	struct ahead next = ahead_from(l, l->at + 1);
	if (next.op != OP_is_ge || !operand_is_x8(&o[1]) || !operands_same(&o[1], &next.o[2]) ||
		!operand_is_small_32(&o[2]) || !operand_is_small_32(&next.o[1]))
		return false;
	take_to(l, next.at, ret_taken);
	EMIT(l, is_in_range, arg_reg8(&o[1]), arg_label(&o[0]), arg_number(o[2].term),
		arg_number(next.o[1].term), arg_label(&next.o[0]));
	return true;
}

/* A sum that is the function's value. */
static bool fuse_add_return(struct lowering *l, const struct operand *o, size_t *ret_taken)
{
	const struct export *e = lower_import(l, &o[2]);
	const struct operand *a = &o[3], *b = &o[4];
	if (e->module != A(erlang) || e->function != A(plus) || o[0].value != 0 ||
		o[1].value > 255 || !operand_is_x(&o[5], 0))
		return false;
	struct ahead next = ahead_from(l, l->at + 1), leave = ahead_from(l, next.at + 1);
	if (operand_is_x8(a) && operand_is_x8(b) && next.op == OP_return) {
		take_to(l, next.at, ret_taken);
		EMIT(l, add_return_xx, arg_reg8(a), arg_reg8(b), arg_number(0),
			arg_number(o[1].value), arg_number(0));
		return true;
	}
	if (operand_is_y8(a) && operand_is_x8(b) && next.op == OP_deallocate &&
		leave.op == OP_return) {
		take_to(l, leave.at, ret_taken);
		EMIT(l, add_return_yx, arg_reg8(a), arg_reg8(b), arg_number(0),
			arg_number(o[1].value), arg_number(0), arg_number(next.o[0].value + 1));
		return true;
	}
	return false;
}

bool lower_fused(struct lowering *l, enum op op, const struct operand *o, size_t *ret_taken)
{
	struct ahead next;
	switch ((unsigned)op) {
	case OP_move:
		return fuse_move(l, o, ret_taken);
	case OP_get_tuple_element:
		return fuse_get_tuple_element(l, o, ret_taken);
	case OP_get_list:
		return fuse_get_list(l, o);
	case OP_allocate:
		return fuse_allocate(l, o, ret_taken);
	case OP_put_list:
		return fuse_put_list(l, o);
	case OP_test_heap:
		return fuse_test_heap(l, o, ret_taken);
	case OP_is_tuple:
		return fuse_is_tuple(l, o, ret_taken);
	case OP_is_nonempty_list:
		return fuse_is_nonempty_list(l, o, ret_taken);
	case OP_gc_bif2:
		return fuse_add_return(l, o, ret_taken);
	case OP_bs_match:
		next = ahead_from(l, l->at + 1);
		if (next.op != OP_bs_match || !lower_match_small_rest(l, o, next.o))
			return false;
		take_to(l, next.at, ret_taken);
		return true;
	case OP_is_ge:
		return fuse_range(l, o, ret_taken);
	case OP_is_tagged_tuple:
		return fuse_is_tagged_tuple(l, o, ret_taken);
	case OP_trim:
		next = ahead_from(l, l->at + 1);
		if (next.op != OP_call)
			return false;
		/* The continuation belongs to the frame as it is then. */
		take_to(l, next.at, ret_taken);
		l->at = next.at;
		EMIT(l, call_trim, arg_label(&next.o[1]), arg_number(o[0].value));
		l->at -= *ret_taken - 1;
		return true;
	case OP_bs_start_match3:
		return fuse_start_match(l, &o[0], o[2].value, &o[1], &o[3], ret_taken);
	case OP_bs_start_match4:
		return fuse_start_match(l, &o[0], o[1].value, &o[2], &o[3], ret_taken);
	case OP_bs_get_utf8:
		return fuse_get_utf8(l, o, ret_taken);
	case OP_deallocate:
		next = ahead_from(l, l->at + 1);
		if (next.op != OP_return)
			return false;
		take_to(l, next.at, ret_taken);
		EMIT(l, deallocate_return, arg_number(o[0].value + 1));
		return true;
	default:
		return false;
	}
}

bool lower_arith_special(struct lowering *l, const struct export *e, const struct operand *label,
	uint64_t live, const struct operand *a, const struct operand *b,
	const struct operand *destination)
{
	if (!operand_is_x8(destination) || live > 255)
		return false;
	bool add = e->function == A(plus), sub = e->function == A(minus);
	bool ax = operand_is_x8(a), ay = operand_is_y8(a), bx = operand_is_x8(b),
	     by = operand_is_y8(b);
	enum instr i;
	/* 3 + X is X + 3, but its exception names them in order. */
	bool swapped = (add || e->function == A(band) || e->function == A(times)) && (bx || by) &&
		       operand_is_small_32(a);
	if (swapped) {
		const struct operand *constant = a;
		a = b;
		b = constant;
		ax = bx;
		ay = by;
	}
	if ((ax || ay) && operand_is_small_32(b)) {
		if (add)
			i = ax ? INSTR_add_xi : INSTR_add_yi;
		else if (sub)
			i = ax ? INSTR_sub_xi : INSTR_sub_yi;
		else if (e->function == A(band) && ax)
			i = INSTR_band_xi;
		else if (e->function == A(times) && ax)
			i = INSTR_mul_xi;
		else
			return false;
		const struct arg args[] = { arg_reg8(a), arg_reg8(destination), arg_number(live),
			arg_number(swapped), arg_number(b->term), arg_label(label) };
		emit_args(l, i, args, 6);
		return true;
	}
	if (add)
		i = ax && bx   ? INSTR_add_xx
		    : ax && by ? INSTR_add_xy
		    : ay && bx ? INSTR_add_yx
			       : INSTR_COUNT;
	else if (sub)
		i = ax && bx   ? INSTR_sub_xx
		    : ax && by ? INSTR_sub_xy
		    : ay && bx ? INSTR_sub_yx
			       : INSTR_COUNT;
	else
		i = e->function == A(times) && ax && bx ? INSTR_mul_xx : INSTR_COUNT;
	if (i == INSTR_COUNT)
		return false;
	const struct arg args[] = { arg_reg8(a), arg_reg8(b), arg_reg8(destination),
		arg_number(live), arg_label(label) };
	emit_args(l, i, args, 5);
	return true;
}

/* Bound: the last constant's distance fits 16 bits in bytes. */
#define PACKED_TUPLE_MAX 6000U

void lower_put_tuple(struct lowering *l, const struct operand *destination,
	const struct operand *list, uint64_t need, uint64_t live)
{
	const struct operand *o = &l->staged->operands.items[list->index];
	size_t arity = list->value, constants = 0;
	if (arity == 2 || arity == 3) {
		uint64_t source[3] = { 0 };
		for (size_t i = 0; i < arity; i++)
			source[i] = packed_source(&o[i], &constants, 2);
		const struct arg args[] = { arg_reg(destination), arg_number(need),
			arg_number(source[0]), arg_number(source[1]), arg_number(source[2]),
			arg_number(live << 8 | (2 + constants)) };
		emit_args(l, arity == 2 ? INSTR_put_tuple_2 : INSTR_put_tuple_3, args, 6);
	} else if (arity > PACKED_TUPLE_MAX) {
		EMIT(l, put_tuple_wide, arg_reg(destination), arg_number(arity));
		for (size_t i = 0; i < arity; i++)
			emit_word(l, lower_source(&o[i]));
		return;
	} else {
		size_t packed = (arity + 3) / 4, count = 0;
		for (size_t i = 0; i < arity; i++)
			count += !operand_is_reg(&o[i]);
		EMIT(l, put_tuple, arg_reg(destination), arg_number(arity),
			arg_number(2 + packed + count));
		uint64_t word = 0;
		for (size_t i = 0; i < arity; i++) {
			word |= (uint64_t)packed_source(&o[i], &constants, 2 + packed)
				<< (i % 4 * 16);
			if (i % 4 == 3 || i + 1 == arity) {
				emit_word(l, word);
				word = 0;
			}
		}
	}
	for (size_t i = 0; i < arity; i++)
		if (!operand_is_reg(&o[i]))
			emit_word(l, o[i].term);
}
