/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering of bitstring construction and matching. */
#include "binary/build.h"
#include "binary/match.h"
#include "code/lower_impl.h"

/* Flags stand as a number, or as a list of atoms. */
static unsigned field_flags_of(const struct operand *o)
{
	if (o->kind == OPERAND_U)
		return (unsigned)o->value & (FIELD_LITTLE | FIELD_SIGNED | FIELD_NATIVE);
	unsigned flags = 0;
	for (term list = o->term; term_is_cons(list); list = cons_tail(list)) {
		term flag = cons_head(list);
		flags |= flag == A(little)   ? FIELD_LITTLE
			 : flag == A(signed) ? FIELD_SIGNED
			 : flag == A(native) ? FIELD_NATIVE
					     : 0U;
	}
	return flags;
}

static void lower_match_string(struct lowering *l, struct arg context, const struct operand *label,
	uint64_t bits, uint64_t offset)
{
	const struct module_code *m = l->staged->code;
	if (offset > m->strings_size || bits > (m->strings_size - offset) * 8) {
		lower_fail(l, "a string beyond the string chunk");
		return;
	}
	EMIT(l, bs_match_string, context, arg_label(label), arg_number(bits),
		arg_pointer(m->strings + offset));
}

/* Fields whose size is a source: size * unit bits. */
static void lower_get_field(struct lowering *l, enum op op, const struct operand *o)
{
	enum instr i = op == OP_bs_get_integer2 ? INSTR_bs_get_integer
		       : op == OP_bs_get_float2 ? INSTR_bs_get_float
						: INSTR_bs_get_binary;
	struct arg size = lower_reg(l, &o[3], 0);
	const struct arg args[] = { arg_reg(&o[1]), arg_reg(&o[6]), arg_number(o[2].value),
		arg_number(o[4].value), arg_number(field_flags_of(&o[5])), arg_number(0),
		arg_label(&o[0]), size };
	emit_args(l, i, args, ARRAY_SIZE(args));
}

static bool field_bits(
	struct lowering *l, const struct operand *size, const struct operand *unit, uint64_t *ret)
{
	uint64_t n = size->kind == OPERAND_TERM ? (uint64_t)small_value(size->term) : size->value;
	if (__builtin_mul_overflow(n, unit->value, ret)) {
		lower_fail(l, "bs_match: field too large");
		return false;
	}
	return true;
}

static bool is_number(const struct operand *o)
{
	return o->kind == OPERAND_U ||
	       (o->kind == OPERAND_TERM && term_is_small(o->term) && small_value(o->term) >= 0);
}

static uint64_t number_of(const struct operand *o)
{
	return o->kind == OPERAND_TERM ? (uint64_t)small_value(o->term) : o->value;
}

/* The low 64 bits of an integer. */
static uint64_t word_of_integer(term t)
{
	if (term_is_small(t))
		return (uint64_t)small_value(t);
	if (!term_is_big(t))
		return 0;
	uint64_t low = big_digits(t)[0];
	return big_is_negative(t) ? -low : low;
}

static bool is_power_of_two(uint64_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* One command of bs_match; returns how many operands it takes with its name, 0 when it is unknown. */
static uint64_t lower_match_command(struct lowering *l, const struct operand *fail,
	const struct operand *o_context, const struct operand *c, uint64_t left)
{
	struct arg context = arg_reg(o_context);
	uint64_t bits;
	term name = c[0].kind == OPERAND_TERM ? c[0].term : TERM_NONE;
	if ((name == A(ensure_at_least) || name == A(ensure_exactly)) && left >= 2 && number_of(&c[1]) > BITS_MAX) {
		EMIT(l, jump, arg_label(fail)); /* and what follows is never reached */
		return left;
	}
	if (name == A(ensure_at_least) && left >= 3 && number_of(&c[1]) > INT32_MAX) {
		EMIT(l, bs_match_huge_at_least, context, arg_number(number_of(&c[2])), arg_label(fail),
			arg_word(number_of(&c[1])));
		return 3;
	}
	if (name == A(ensure_at_least) && left >= 3) {
		uint64_t unit = number_of(&c[2]), need = number_of(&c[1]);
		if (operand_is_x8(o_context) && is_power_of_two(unit)) {
			/* Often the first field follows. */
			const struct operand *f = c + 3;
			uint64_t taken =
				left >= 9 && f[0].kind == OPERAND_TERM && f[0].term == A(integer)
					? 9
					: 3;
			if (taken == 9 && field_flags_of(&f[2]) == 0 && is_number(&f[3]) &&
				operand_is_x8(&f[5]) && number_of(&f[3]) * f[4].value <= 60 &&
				need <= UINT16_MAX) {
				uint64_t read = number_of(&f[3]) * f[4].value;
				const struct arg args[] = { arg_reg8(o_context), arg_label(fail),
					arg_number(unit - 1), arg_number(need), arg_reg8(&f[5]),
					arg_number(read) };
				emit_args(l,
					read == 8 && need >= 8 ? INSTR_bs_match_at_least_byte
							       : INSTR_bs_match_at_least_small,
					args, ARRAY_SIZE(args));
				return 9;
			}
			EMIT(l, bs_match_at_least_x, arg_reg8(o_context), arg_label(fail),
				arg_number(unit - 1), arg_number(need));
			return 3;
		}
		EMIT(l, bs_match_at_least, context, arg_number(number_of(&c[2])), arg_label(fail),
			arg_number(number_of(&c[1])));
		return 3;
	}
	if (name == A(ensure_exactly) && left >= 2) {
		if (number_of(&c[1]) > INT32_MAX)
			EMIT(l, bs_match_huge_exactly, context, arg_label(fail), arg_word(number_of(&c[1])));
		else
			EMIT(l, bs_match_exactly, context, arg_label(fail), arg_number(number_of(&c[1])));
		return 2;
	}
	if (name == A(skip) && left >= 2) {
		if (number_of(&c[1]) > INT32_MAX)
			EMIT(l, bs_match_huge_skip, context, arg_word(number_of(&c[1])));
		else
			EMIT(l, bs_match_skip, context, arg_number(number_of(&c[1])));
		return 2;
	}
	if (name == A(integer) && left >= 6) {
		unsigned flags = field_flags_of(&c[2]);
		if (!is_number(&c[3]) || !field_bits(l, &c[3], &c[4], &bits))
			return 0;
		if (bits <= 60 && flags == 0 && operand_is_x8(o_context) && operand_is_x8(&c[5]))
			EMIT(l, bs_match_small_x, arg_reg8(o_context), arg_reg8(&c[5]),
				arg_number(bits));
		else if (bits <= 60 && flags == 0)
			EMIT(l, bs_match_small, context, arg_reg(&c[5]), arg_number(bits));
		else
			EMIT(l, bs_match_integer, context, arg_reg(&c[5]),
				arg_number(number_of(&c[1])), arg_number(flags),
				arg_number(bits <= INT32_MAX ? bits : INT32_MAX)); /* no integer is that long */
		return 6;
	}
	if (name == A(binary) && left >= 6) {
		if (!is_number(&c[3]) || !field_bits(l, &c[3], &c[4], &bits))
			return 0;
		if (bits > INT32_MAX)
			EMIT(l, bs_match_huge_binary, context, arg_reg(&c[5]), arg_number(number_of(&c[1])),
				arg_number(0), arg_word(bits));
		else
			EMIT(l, bs_match_binary, context, arg_reg(&c[5]), arg_number(number_of(&c[1])),
				arg_number(0), arg_number(bits));
		return 6;
	}
	if (name == A(get_tail) && left >= 4) {
		EMIT(l, bs_match_tail, context, arg_reg(&c[3]), arg_number(number_of(&c[1])),
			arg_number(number_of(&c[2])));
		return 4;
	}
	if (name == A(eqeq) && left >= 4) {
		bits = number_of(&c[2]);
		if (bits > 64)
			return 0;
		uint64_t value = c[3].kind == OPERAND_U ? c[3].value : word_of_integer(c[3].term);
		if (bits < 64)
			value &= ((uint64_t)1 << bits) - 1;
		EMIT(l, bs_match_equal, context, arg_number(bits), arg_label(fail),
			arg_word(value));
		return 4;
	}
	return 0;
}

/* The place and unit of "what is left is whole units" when that is all the next bs_match does. */
bool lower_match_is_rest(const struct lowering *l, const struct operand *o,
	const struct operand *context, uint64_t *ret_unit)
{
	const struct operand *c = &l->staged->operands.items[o[2].index];
	if (!operands_same(&o[1], context) || o[2].value != 3 || c[0].kind != OPERAND_TERM ||
		c[0].term != A(ensure_at_least) || !is_number(&c[1]) || number_of(&c[1]) != 0 ||
		!is_number(&c[2]) || !is_power_of_two(number_of(&c[2])))
		return false;
	*ret_unit = number_of(&c[2]);
	return true;
}

/* One small field and then only a test of what is left: as in <<C, Rest/binary>>. */
bool lower_match_small_rest(struct lowering *l, const struct operand *o, const struct operand *rest)
{
	const struct operand *c = &l->staged->operands.items[o[2].index], *f = c + 3;
	uint64_t unit;
	if (o[2].value != 9 || !operand_is_x8(&o[1]) || c[0].kind != OPERAND_TERM ||
		c[0].term != A(ensure_at_least) || !is_power_of_two(number_of(&c[2])) ||
		number_of(&c[1]) > UINT16_MAX || f[0].kind != OPERAND_TERM ||
		f[0].term != A(integer) || field_flags_of(&f[2]) != 0 || !is_number(&f[3]) ||
		!operand_is_x8(&f[5]) || number_of(&f[3]) * f[4].value > 60 ||
		operands_same(&f[5], &o[1]) || !lower_match_is_rest(l, rest, &o[1], &unit))
		return false;
	EMIT(l, bs_match_small_rest, arg_reg8(&o[1]), arg_label(&o[0]),
		arg_number(number_of(&c[2]) - 1), arg_number(number_of(&c[1])), arg_reg8(&f[5]),
		arg_number(number_of(&f[3]) * f[4].value), arg_label(&rest[0]),
		arg_number(unit - 1));
	return true;
}

static void lower_match(struct lowering *l, const struct operand *o)
{
	const struct operand *list = &o[2];
	const struct operand *c = &l->staged->operands.items[list->index];
	for (uint64_t i = 0; i < list->value && !l->failed;) {
		uint64_t taken = lower_match_command(l, &o[0], &o[1], &c[i], list->value - i);
		if (taken == 0) {
			lower_fail(l, "bs_match: bad command");
			return;
		}
		i += taken;
	}
}

static bool segment_type_of(term name, uint8_t *ret)
{
	static const struct {
		term name;
		uint8_t type;
	} types[] = {
		{ A(append), SEGMENT_APPEND },
		{ A(private_append), SEGMENT_PRIVATE_APPEND },
		{ A(binary), SEGMENT_BINARY },
		{ A(float), SEGMENT_FLOAT },
		{ A(integer), SEGMENT_INTEGER },
		{ A(string), SEGMENT_STRING },
		{ A(utf8), SEGMENT_UTF8 },
		{ A(utf16), SEGMENT_UTF16 },
		{ A(utf32), SEGMENT_UTF32 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].name == name) {
			*ret = types[i].type;
			return true;
		}
	}
	return false;
}

#define STRING_AS_INTEGER_BYTES 7 /* fit a small integer */

/* Bits of an integer segment whose size is known, or of a short string; 0: it is neither. */
static uint64_t plain_bits(const struct module_code *m, const struct operand *c, uint8_t type)
{
	uint64_t bits;
	if (type == SEGMENT_STRING)
		return is_number(&c[5]) && number_of(&c[5]) <= STRING_AS_INTEGER_BYTES &&
				       number_of(&c[4]) < m->strings_size &&
				       number_of(&c[5]) <= m->strings_size - number_of(&c[4])
			       ? number_of(&c[5]) * 8
			       : 0;
	if (type != SEGMENT_INTEGER || !is_number(&c[5]) || c[2].kind != OPERAND_U ||
		(field_flags_of(&c[3]) & (FIELD_LITTLE | FIELD_NATIVE)) != 0 ||
		(c[4].kind == OPERAND_TERM && !term_is_small(c[4].term)) ||
		__builtin_mul_overflow(number_of(&c[5]), c[2].value, &bits))
		return 0;
	return bits;
}

/* bs_create_bin, or one of its forms for integers alone. */
static enum instr create_form(const struct module_code *m, const struct operand *c, uint64_t count)
{
	uint64_t total = 0;
	enum instr form = INSTR_bs_create_integers;
	for (uint64_t i = 0; i < count; i++, c += 6) {
		uint8_t type;
		if (c[0].kind != OPERAND_TERM || !segment_type_of(c[0].term, &type))
			return INSTR_bs_create_bin;
		if (i == 0 && (type == SEGMENT_APPEND || type == SEGMENT_PRIVATE_APPEND) &&
			c[5].kind == OPERAND_TERM && c[5].term == A(all) && c[2].kind == OPERAND_U &&
			(c[2].value == 1 || c[2].value == 8)) {
			form = INSTR_bs_append_integers;
			continue;
		}
		uint64_t bits = plain_bits(m, c, type);
		if (bits == 0 || bits > 64 || total + bits > 64)
			return INSTR_bs_create_bin;
		total += bits;
	}
	return total == 0 ? INSTR_bs_create_bin : form;
}

/* Fail Heap Live Unit Dst {list, [Type, Segment, Unit, Flags, Value, Size, ...]}. */
static void lower_create(struct lowering *l, const struct operand *o)
{
	const struct module_code *m = l->staged->code;
	const struct operand *list = &o[5];
	const struct operand *c = &l->staged->operands.items[list->index];
	uint64_t count = list->value / 6;
	if (count > UINT16_MAX || o[1].value > UINT16_MAX) {
		lower_fail(l, "bs_create_bin: too many segments or words");
		return;
	}
	const bool kept = o[2].value == LIVE_ALL;
	const enum instr form = kept ? INSTR_bs_create_bin_kept : create_form(m, c, count);
	const struct arg args[] = { arg_reg(&o[4]), arg_number(kept ? 0 : o[2].value), arg_number(count),
		arg_number(o[1].value), arg_label(&o[0]) };
	emit_args(l, form, args, ARRAY_SIZE(args));
	for (uint64_t i = 0; i < count; i++, c += 6) {
		uint8_t type;
		if (c[0].kind != OPERAND_TERM || !segment_type_of(c[0].term, &type)) {
			lower_fail(l, "bs_create_bin: unknown segment");
			return;
		}
		uint64_t unit = c[2].kind == OPERAND_U ? c[2].value : 0;
		if (unit > 256) {
			lower_fail(l, "bs_create_bin: unit %u", (unsigned)unit);
			return;
		}
		uint64_t number = c[1].kind == OPERAND_U ? c[1].value & UINT16_MAX : 0;
		uint64_t bits = kept || form == INSTR_bs_create_bin ? 0 : plain_bits(m, c, type);
		if (bits != 0 && type == SEGMENT_STRING) {
			uint64_t value = 0;
			for (uint64_t k = 0; k < bits / 8; k++)
				value = value << 8 | m->strings[number_of(&c[4]) + k];
			emit_word(l, SEGMENT_INTEGER | 1U << 16 | bits << 48);
			emit_word(l, term_of_small((int64_t)bits));
			emit_word(l, term_of_small((int64_t)value));
			continue;
		}
		emit_word(l, type | (uint64_t)field_flags_of(&c[3]) << 8 | unit << 16 | number << 32 |
				     bits << 48);
		emit_word(l, c[5].kind == OPERAND_U ? term_of_small((int64_t)c[5].value)
						    : lower_source(&c[5]));
		if (type == SEGMENT_STRING) {
			uint64_t offset = number_of(&c[4]), size = number_of(&c[5]);
			if (offset > m->strings_size || size > m->strings_size - offset) {
				lower_fail(l, "a string beyond the string chunk");
				return;
			}
			emit_word(l, (uint64_t)(uintptr_t)(m->strings + offset));
		} else {
			emit_word(l, c[4].kind == OPERAND_U ? term_of_small((int64_t)c[4].value)
							    : lower_source(&c[4]));
		}
	}
}

/* The source and the live registers of a bs_start_match. The source may lie beyond the live: then this is its last use, and it goes to
 * the first register that is not live, so that it is kept should memory be collected. */
static uint64_t lower_start_live(struct lowering *l, struct operand *source, uint64_t live)
{
	if (source->kind != OPERAND_X || source->value < live)
		return live;
	if (source->value != live) {
		EMIT(l, move, arg_reg(source), arg_x((unsigned)live));
		source->value = live;
	}
	return live + 1;
}

/* fail: a label, or the atom no_fail or resume. */
static void lower_start(struct lowering *l, const struct operand *fail, struct operand source, uint64_t live,
	const struct operand *into)
{
	static const struct operand none = { .kind = OPERAND_LABEL };
	if (fail->kind != OPERAND_LABEL)
		fail = &none;
	live = lower_start_live(l, &source, live);
	if (operand_is_x8(&source) && operand_is_x8(into)) {
		EMIT(l, bs_start_match_x, arg_reg8(&source), arg_reg8(into), arg_number(live), arg_label(fail));
		return;
	}
	struct arg from = lower_reg(l, &source, 0);
	EMIT(l, bs_start_match, from, arg_reg(into), arg_number(live), arg_label(fail));
}

static bool lower_utf(struct lowering *l, enum op op, const struct operand *o)
{
	switch ((unsigned)op) {
	case OP_bs_get_utf8:
		EMIT(l, bs_get_utf8, arg_reg(&o[1]), arg_reg(&o[4]), arg_label(&o[0]));
		return true;
	case OP_bs_get_utf16:
		EMIT(l, bs_get_utf16, arg_reg(&o[1]), arg_reg(&o[4]),
			arg_number(field_flags_of(&o[3])), arg_number(0), arg_label(&o[0]));
		return true;
	case OP_bs_get_utf32:
		EMIT(l, bs_get_utf32, arg_reg(&o[1]), arg_reg(&o[4]),
			arg_number(field_flags_of(&o[3])), arg_number(0), arg_label(&o[0]));
		return true;
	case OP_bs_skip_utf8:
		EMIT(l, bs_skip_utf8, arg_reg(&o[1]), arg_label(&o[0]));
		return true;
	case OP_bs_skip_utf16:
		EMIT(l, bs_skip_utf16, arg_reg(&o[1]), arg_number(field_flags_of(&o[3])),
			arg_label(&o[0]));
		return true;
	case OP_bs_skip_utf32:
		EMIT(l, bs_skip_utf32, arg_reg(&o[1]), arg_number(field_flags_of(&o[3])),
			arg_label(&o[0]));
		return true;
	default:
		return false;
	}
}

bool lower_bits(struct lowering *l, enum op op, const struct operand *o)
{
	struct arg source;
	switch ((unsigned)op) {
	case OP_bs_start_match3:
		lower_start(l, &o[0], o[1], o[2].value, &o[3]);
		return true;
	case OP_bs_start_match4:
		lower_start(l, &o[0], o[2], o[1].value, &o[3]);
		return true;
	case OP_bs_match:
		lower_match(l, o);
		return true;
	case OP_bs_create_bin:
		lower_create(l, o);
		return true;
	case OP_bs_add:
		if (o[3].value > UINT16_MAX) {
			lower_fail(l, "bs_add: unit %llu", (unsigned long long)o[3].value);
			return true;
		}
		EMIT(l, bs_add, arg_reg(&o[4]), arg_number(o[3].value), arg_label(&o[0]));
		emit_word(l, lower_source(&o[1]));
		emit_word(l, lower_source(&o[2]));
		return true;
	case OP_bs_utf8_size:
	case OP_bs_utf16_size:
		EMIT(l, bs_utf_size, arg_reg(&o[2]), arg_number(op == OP_bs_utf8_size ? 8 : 16));
		emit_word(l, lower_source(&o[1]));
		return true;
	case OP_bs_get_integer2:
	case OP_bs_get_float2:
	case OP_bs_get_binary2:
		lower_get_field(l, op, o);
		return true;
	case OP_bs_skip_bits2:
		source = lower_reg(l, &o[2], 0);
		EMIT(l, bs_skip_bits, arg_reg(&o[1]), source, arg_number(o[3].value),
			arg_label(&o[0]));
		return true;
	case OP_bs_test_tail2:
		EMIT(l, bs_test_tail, arg_reg(&o[1]), arg_label(&o[0]), arg_number(o[2].value));
		return true;
	case OP_bs_test_unit:
		if (operand_is_x8(&o[1]) && is_power_of_two(o[2].value)) {
			EMIT(l, bs_test_unit_x, arg_reg8(&o[1]), arg_label(&o[0]),
				arg_number(o[2].value - 1));
			return true;
		}
		EMIT(l, bs_test_unit, arg_reg(&o[1]), arg_number(o[2].value), arg_label(&o[0]));
		return true;
	case OP_bs_match_string:
		lower_match_string(l, arg_reg(&o[1]), &o[0], o[2].value, o[3].value);
		return true;
	case OP_bs_init_writable:
		emit_args(l, INSTR_bs_init_writable, NULL, 0);
		return true;
	case OP_bs_get_tail:
		EMIT(l, bs_get_tail, arg_reg(&o[0]), arg_reg(&o[1]), arg_number(o[2].value));
		return true;
	case OP_bs_get_position:
		EMIT(l, bs_get_position, arg_reg(&o[0]), arg_reg(&o[1]));
		return true;
	case OP_bs_set_position:
		source = lower_reg(l, &o[1], 0);
		EMIT(l, bs_set_position, arg_reg(&o[0]), source);
		return true;
	default:
		return lower_utf(l, op, o);
	}
}
