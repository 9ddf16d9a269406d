/* SPDX-License-Identifier: Apache-2.0 */
/* Bitstrings as the compiler of OTP 24 builds them: an instruction that makes room, then one for each segment, all of them
 * without another between. Such a run becomes one bs_create_bin, which sums the sizes by itself; what the code computed
 * for the size of the room (bs_add, bs_utf8_size, bs_utf16_size) stays and can fail, but nobody relies on it.
 * Invariant: afterwards no instruction that fills a part is left. */
#include "code/decode_impl.h"
#include "term/atom.h"

/* How OTP 24's segments stand in a list of bs_create_bin. */
struct fill {
	term type;
	uint8_t unit, flags, value, size; /* places of the operands; NO_OPERAND: none */
};

#define NO_OPERAND UINT8_MAX

static bool fill_of(unsigned op, struct fill *ret)
{
	switch (op) {
	case OP_bs_put_integer:
		*ret = (struct fill){ A(integer), 2, 3, 4, 1 };
		return true;
	case OP_bs_put_binary:
		*ret = (struct fill){ A(binary), 2, 3, 4, 1 };
		return true;
	case OP_bs_put_float:
		*ret = (struct fill){ A(float), 2, 3, 4, 1 };
		return true;
	case OP_bs_put_string:
		*ret = (struct fill){ A(string), NO_OPERAND, NO_OPERAND, 1, 0 };
		return true;
	case OP_bs_put_utf8:
		*ret = (struct fill){ A(utf8), NO_OPERAND, 1, 2, NO_OPERAND };
		return true;
	case OP_bs_put_utf16:
		*ret = (struct fill){ A(utf16), NO_OPERAND, 1, 2, NO_OPERAND };
		return true;
	case OP_bs_put_utf32:
		*ret = (struct fill){ A(utf32), NO_OPERAND, 1, 2, NO_OPERAND };
		return true;
	default:
		return false;
	}
}

static struct operand number(uint64_t value)
{
	return (struct operand){ .kind = OPERAND_U, .value = value };
}

static struct operand constant(term value)
{
	return (struct operand){ .kind = OPERAND_TERM, .term = value };
}

/* Type, number, unit, flags, value, size. The number 0 says that errors do not tell of the segment, as they do not in OTP for such code. */
static void push_segment(struct staged *staged, term type, struct operand unit,
	struct operand flags, struct operand value, struct operand size)
{
	const struct operand segment[6] = { constant(type), number(0), unit, flags, value, size };
	for (unsigned i = 0; i < 6; i++)
		vec_push(&staged->operands, segment[i]);
}

/* The operands of an instruction that fills a part. False: they are of no use. */
static bool push_fill(
	struct staged *staged, const struct generic_instr *instr, const struct fill *fill)
{
	struct operand o[5];
	for (unsigned i = 0; i < instr->count; i++)
		o[i] = staged->operands.items[instr->first + i];
	struct operand size = fill->size == NO_OPERAND ? constant(A(undefined)) : o[fill->size];
	struct operand unit = fill->unit == NO_OPERAND ? number(0) : o[fill->unit];
	if (instr->op == OP_bs_put_string) {
		if (size.kind != OPERAND_U || !small_fits((int64_t)size.value) ||
			size.value > INT64_MAX)
			return false;
		size = constant(term_of_small((int64_t)size.value));
		unit = number(8);
	}
	push_segment(staged, fill->type, unit,
		fill->flags == NO_OPERAND ? number(0) : o[fill->flags], o[fill->value], size);
	return true;
}

/* What makes room: where its operands stand, and whether it begins with what is there already. */
struct room {
	uint8_t words, live, destination; /* places of operands */
	uint8_t unit, source;             /* NO_OPERAND: it begins empty */
	term type;
};

static bool room_of(unsigned op, struct room *ret)
{
	switch (op) {
	case OP_bs_init2:
	case OP_bs_init_bits:
		*ret = (struct room){ 2, 3, 5, NO_OPERAND, NO_OPERAND, TERM_NONE };
		return true;
	case OP_bs_append:
		*ret = (struct room){ 2, 3, 7, 4, 5, A(append) };
		return true;
	case OP_bs_private_append:
		*ret = (struct room){ NO_OPERAND, NO_OPERAND, 5, 2, 3, A(private_append) };
		return true;
	default:
		return false;
	}
}

/* Makes instruction `at` the bs_create_bin of itself and those that follow it; how many those are. */
static int join(struct decoder *d, size_t at, const struct room *room, size_t *ret_count)
{
	struct staged *staged = d->staged;
	struct generic_instr *instr = &staged->instrs.items[at];
	struct operand o[8];
	struct fill fill;
	for (unsigned i = 0; i < instr->count; i++)
		o[i] = staged->operands.items[instr->first + i];
	uint32_t first = (uint32_t)staged->operands.count;
	struct operand head[6] = { o[0], room->words == NO_OPERAND ? number(0) : o[room->words],
		room->live == NO_OPERAND ? number(LIVE_ALL) : o[room->live],
		number(instr->op == OP_bs_init2 ? 8 : 1), o[room->destination],
		{ .kind = OPERAND_LIST, .index = first + 6 } };
	for (unsigned i = 0; i < 6; i++)
		vec_push(&staged->operands, head[i]);
	if (room->source != NO_OPERAND)
		push_segment(staged, room->type, o[room->unit], number(0), o[room->source],
			constant(A(all)));
	size_t next = at + 1;
	for (; next < staged->instrs.count && fill_of(staged->instrs.items[next].op, &fill);
		next++) {
		const struct generic_instr *part = &staged->instrs.items[next];
		if (!push_fill(staged, part, &fill))
			return load_error_at(d->error, "Code", part->offset, "a bad operand of %s",
				op_infos[part->op].name);
	}
	if (staged->operands.count > LOAD_OPERANDS_MAX)
		return load_limit_at(d->error, "Code", instr->offset, "more than %u operands",
			LOAD_OPERANDS_MAX);
	staged->operands.items[first + 5].value = staged->operands.count - first - 6;
	instr->op = OP_bs_create_bin;
	instr->count = 6;
	instr->first = first;
	*ret_count = next - at - 1;
	return 0;
}

int decode_older(struct decoder *d)
{
	struct staged *staged = d->staged;
	size_t kept = 0;
	for (size_t i = 0; i < staged->instrs.count; i++) {
		struct generic_instr *instr = &staged->instrs.items[i];
		struct room room;
		struct fill fill;
		size_t joined = 0;
		if (fill_of(instr->op, &fill))
			return load_error_at(d->error, "Code", instr->offset,
				"%s/%u without a bitstring to fill", op_infos[instr->op].name,
				instr->count);
		if (room_of(instr->op, &room)) {
			int r = join(d, i, &room, &joined);
			if (r != 0)
				return r;
		}
		staged->instrs.items[kept++] = staged->instrs.items[i];
		i += joined;
	}
	staged->instrs.count = kept;
	return 0;
}
