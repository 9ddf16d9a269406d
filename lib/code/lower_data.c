/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering of moves, lists, tuples, maps, funs, native records, tests and choices. */
#include "code/keys.h"
#include "code/lower_impl.h"
#include "data/map.h"

#include "term/record.h"

#include <stdlib.h>

static void lower_move(struct lowering *l, const struct operand *source, struct arg destination)
{
	if (operand_is_reg(source))
		EMIT(l, move, arg_reg(source), destination);
	else
		EMIT(l, move_c, destination, arg_word(source->term));
}

static void lower_put_list(struct lowering *l, const struct operand *o)
{
	if (!operand_is_reg(&o[1])) {
		struct arg head = lower_reg(l, &o[0], 0);
		EMIT(l, put_list_rc, head, arg_reg(&o[2]), arg_word(o[1].term));
	} else if (!operand_is_reg(&o[0])) {
		EMIT(l, put_list_cr, arg_reg(&o[1]), arg_reg(&o[2]), arg_word(o[0].term));
	} else {
		EMIT(l, put_list, arg_reg(&o[0]), arg_reg(&o[1]), arg_reg(&o[2]));
	}
}

static void emit_sources(struct lowering *l, const struct operand *list)
{
	const struct operand *o = &l->staged->operands.items[list->index];
	for (uint64_t i = 0; i < list->value; i++)
		emit_word(l, lower_source(&o[i]));
}

static void lower_update_record(struct lowering *l, const struct operand *o)
{
	const struct operand *list = &o[4];
	const struct operand *item = &l->staged->operands.items[list->index];
	struct arg source = lower_reg(l, &o[2], 0);
	EMIT(l, update_record, source, arg_reg(&o[3]), arg_number(o[1].value), arg_number(0));
	emit_word(l, list->value / 2);
	for (uint64_t i = 0; i + 1 < list->value; i += 2) {
		emit_word(l, item[i].value);
		emit_word(l, lower_source(&item[i + 1]));
	}
}

static void lower_make_fun(struct lowering *l, const struct operand *o)
{
	const struct fun_entry *fun = &l->staged->code->funs[o[0].value];
	if (o[2].value != fun->free_count) {
		lower_fail(l, "make_fun3 with %u free variables, not %u", (unsigned)o[2].value,
			fun->free_count);
		return;
	}
	EMIT(l, make_fun, arg_reg(&o[1]), arg_number(fun->free_count), arg_pointer(fun));
	emit_sources(l, &o[2]);
}

/* A local name becomes the row of the module's own record. */
static term record_identity(struct lowering *l, const struct operand *o)
{
	if (!term_is_atom(o->term) || o->term == A(underscore))
		return o->term;
	for (term rows = l->staged->code->records; term_is_cons(rows); rows = cons_tail(rows))
		if (record_name(tuple_element(cons_head(rows), 0)) == o->term)
			return cons_head(rows);
	struct atom_text name = atom_text(o->term);
	lower_fail(l, "the module has no record %.*s", (int)name.size, (const char *)name.bytes);
	return TERM_NIL;
}

static bool lower_record(struct lowering *l, enum op op, const struct operand *o)
{
	struct arg source;
	switch ((unsigned)op) {
	case OP_is_native_record:
		source = lower_reg(l, &o[1], 0);
		EMIT(l, is_native_record, source, arg_label(&o[0]), arg_word(o[2].term),
			arg_word(o[3].term));
		return true;
	case OP_is_record_accessible:
		source = lower_reg(l, &o[1], 0);
		EMIT(l, is_record_accessible, source, arg_label(&o[0]), arg_word(o[2].term),
			arg_word(l->staged->code->name));
		return true;
	case OP_get_record_elements:
		source = lower_reg(l, &o[1], 0);
		EMIT(l, get_record_elements, source, arg_number(o[2].value / 2), arg_label(&o[0]));
		emit_sources(l, &o[2]);
		return true;
	case OP_get_record_field:
		source = lower_reg(l, &o[1], 0);
		EMIT(l, get_record_field, source, arg_reg(&o[4]), arg_label(&o[0]),
			arg_word(record_identity(l, &o[2])), arg_word(o[3].term));
		return true;
	case OP_put_record:
		source = lower_reg(l, &o[2], 0);
		EMIT(l, put_record, source, arg_reg(&o[3]), arg_number(o[4].value),
			arg_number(o[5].value / 2), arg_label(&o[0]),
			arg_word(record_identity(l, &o[1])));
		emit_sources(l, &o[5]);
		return true;
	default:
		return false;
	}
}

/* A map made from nothing with known keys. */
static bool lower_new_map(struct lowering *l, const struct operand *o)
{
	uint8_t order[MAP_FLAT_MAX];
	term keys = keys_take(l->staged, o, order);
	if (keys == TERM_NONE)
		return false;
	EMIT(l, new_map, arg_reg(&o[2]), arg_number(o[3].value), arg_word(keys));
	for (size_t i = 0; i < tuple_arity(keys); i++)
		emit_word(l, lower_source(&l->staged->operands.items[o[4].index + 2 * order[i] + 1]));
	return true;
}

/* Whether all keys are known immediates. */
static bool keys_are_immediates(const struct lowering *l, const struct operand *list)
{
	const struct operand *item = &l->staged->operands.items[list->index];
	for (uint64_t i = 0; i < list->value; i += 2)
		if (item[i].kind != OPERAND_TERM || !term_is_immediate(item[i].term))
			return false;
	return true;
}

static bool lower_map(struct lowering *l, enum op op, const struct operand *o)
{
	struct arg source;
	switch ((unsigned)op) {
	case OP_put_map_assoc:
		if (lower_new_map(l, o))
			return true;
		source = lower_reg(l, &o[1], 0);
		if (keys_are_immediates(l, &o[4]))
			EMIT(l, put_map_assoc_known, source, arg_reg(&o[2]), arg_number(o[3].value),
				arg_number(o[4].value / 2), arg_label(&o[0]));
		else
			EMIT(l, put_map_assoc, source, arg_reg(&o[2]), arg_number(o[3].value),
				arg_number(o[4].value / 2), arg_label(&o[0]));
		emit_sources(l, &o[4]);
		return true;
	case OP_put_map_exact:
		source = lower_reg(l, &o[1], 0);
		if (keys_are_immediates(l, &o[4]))
			EMIT(l, put_map_exact_known, source, arg_reg(&o[2]), arg_number(o[3].value),
				arg_number(o[4].value / 2), arg_label(&o[0]));
		else
			EMIT(l, put_map_exact, source, arg_reg(&o[2]), arg_number(o[3].value),
				arg_number(o[4].value / 2), arg_label(&o[0]));
		emit_sources(l, &o[4]);
		return true;
	case OP_get_map_elements:
		source = lower_reg(l, &o[1], 0);
		if (keys_are_immediates(l, &o[2]))
			EMIT(l, get_map_elements_known, source, arg_number(o[2].value / 2), arg_label(&o[0]));
		else
			EMIT(l, get_map_elements, source, arg_number(o[2].value / 2), arg_label(&o[0]));
		emit_sources(l, &o[2]);
		return true;
	case OP_has_map_fields:
		source = lower_reg(l, &o[1], 0);
		EMIT(l, has_map_fields, source, arg_number(o[2].value), arg_label(&o[0]));
		emit_sources(l, &o[2]);
		return true;
	default:
		return false;
	}
}

static void check_cons(struct lowering *l, const struct operand *o)
{
	if (!lower_source_fits(l))
		EMIT(l, check_cons, arg_reg(o));
}

static void check_element(struct lowering *l, const struct operand *o, uint64_t element)
{
	if (!lower_source_fits(l))
		EMIT(l, check_tuple, arg_reg(o), arg_number(element));
}

bool lower_data(struct lowering *l, enum op op, const struct operand *o)
{
	switch ((unsigned)op) {
	case OP_move:
		lower_move(l, &o[0], arg_reg(&o[1]));
		return true;
	case OP_swap:
		EMIT(l, swap, arg_reg(&o[0]), arg_reg(&o[1]));
		return true;
	case OP_get_list:
		check_cons(l, &o[0]);
		EMIT(l, get_list, arg_reg(&o[0]), arg_reg(&o[1]), arg_reg(&o[2]));
		return true;
	case OP_get_hd:
		check_cons(l, &o[0]);
		EMIT(l, get_hd, arg_reg(&o[0]), arg_reg(&o[1]));
		return true;
	case OP_get_tl:
		check_cons(l, &o[0]);
		EMIT(l, get_tl, arg_reg(&o[0]), arg_reg(&o[1]));
		return true;
	case OP_get_tuple_element:
		check_element(l, &o[0], o[1].value + 1);
		EMIT(l, get_tuple_element, arg_reg(&o[0]), arg_reg(&o[2]),
			arg_number(o[1].value + 1));
		return true;
	case OP_set_tuple_element: {
		check_element(l, &o[1], o[2].value + 1);
		struct arg value = lower_reg(l, &o[0], 0);
		EMIT(l, set_tuple_element, value, arg_reg(&o[1]), arg_number(o[2].value + 1));
		return true;
	}
	case OP_put_list:
		lower_put_list(l, o);
		return true;
	case OP_put_tuple2:
		lower_put_tuple(l, &o[0], &o[1], 0, 0);
		return true;
	case OP_update_record:
		lower_update_record(l, o);
		return true;
	case OP_make_fun3:
		lower_make_fun(l, o);
		return true;
	default:
		return lower_map(l, op, o) || lower_record(l, op, o);
	}
}

/* Comparisons. The immediate form has the register first. */
static void lower_compare(struct lowering *l, enum op op, const struct operand *o)
{
	const struct operand *a = &o[1], *b = &o[2];
	bool exact = op == OP_is_eq_exact || op == OP_is_ne_exact;
	if (exact && !operand_is_reg(a) && operand_is_reg(b)) {
		a = &o[2];
		b = &o[1];
	}
	if (operand_is_x8(a) && operand_is_x8(b) && op != OP_is_eq && op != OP_is_ne) {
		enum instr i = op == OP_is_lt         ? INSTR_is_lt_xx
			       : op == OP_is_ge       ? INSTR_is_ge_xx
			       : op == OP_is_eq_exact ? INSTR_is_eq_exact_xx
						      : INSTR_is_ne_exact_xx;
		const struct arg args[] = { arg_reg8(a), arg_reg8(b), arg_label(&o[0]) };
		emit_args(l, i, args, 3);
		return;
	}
	if (exact && operand_is_reg(a) && operand_fits_32(b)) {
		enum instr i = operand_is_x8(a)       ? op == OP_is_eq_exact ? INSTR_is_eq_exact_xi
									     : INSTR_is_ne_exact_xi
			       : op == OP_is_eq_exact ? INSTR_is_eq_exact_ri
						      : INSTR_is_ne_exact_ri;
		const struct arg args[] = { operand_is_x8(a) ? arg_reg8(a) : arg_reg(a),
			arg_label(&o[0]), arg_number(b->term) };
		emit_args(l, i, args, 3);
		return;
	}
	if ((op == OP_is_lt || op == OP_is_ge) && operand_is_reg(a) && operand_is_small_32(b)) {
		enum instr i = operand_is_x8(a) ? op == OP_is_lt ? INSTR_is_lt_xi : INSTR_is_ge_xi
			       : op == OP_is_lt ? INSTR_is_lt_ri
						: INSTR_is_ge_ri;
		const struct arg args[] = { operand_is_x8(a) ? arg_reg8(a) : arg_reg(a),
			arg_label(&o[0]), arg_number(b->term) };
		emit_args(l, i, args, 3);
		return;
	}
	if ((op == OP_is_lt || op == OP_is_ge) && operand_is_small_32(a) && operand_is_reg(b)) {
		enum instr i = operand_is_x8(b) ? op == OP_is_lt ? INSTR_is_lt_ix : INSTR_is_ge_ix
			       : op == OP_is_lt ? INSTR_is_lt_ir
						: INSTR_is_ge_ir;
		const struct arg args[] = { operand_is_x8(b) ? arg_reg8(b) : arg_reg(b),
			arg_label(&o[0]), arg_number(a->term) };
		emit_args(l, i, args, 3);
		return;
	}
	static const uint16_t instr_of_op[] = {
		[OP_is_lt - OP_is_lt] = INSTR_is_lt,
		[OP_is_ge - OP_is_lt] = INSTR_is_ge,
		[OP_is_eq - OP_is_lt] = INSTR_is_eq,
		[OP_is_ne - OP_is_lt] = INSTR_is_ne,
		[OP_is_eq_exact - OP_is_lt] = INSTR_is_eq_exact,
		[OP_is_ne_exact - OP_is_lt] = INSTR_is_ne_exact,
	};
	struct arg ra = lower_reg(l, a, 0), rb = lower_reg(l, b, 1);
	const struct arg args[] = { ra, rb, arg_label(&o[0]) };
	emit_args(l, (enum instr)instr_of_op[op - OP_is_lt], args, 3);
}

struct choice {
	term value;
	uint32_t label;
};

static int compare_choices(const void *a, const void *b)
{
	term va = ((const struct choice *)a)->value, vb = ((const struct choice *)b)->value;
	return (va > vb) - (va < vb);
}

/* A table of labels for small integers lying close together. The order by word puts negative ones last. */
static bool lower_dense(struct lowering *l, struct arg source, const struct operand *fail,
	const struct choice *choices, size_t count)
{
	int64_t low = INT64_MAX, high = INT64_MIN;
	for (size_t i = 0; i < count; i++) {
		if (!term_is_small(choices[i].value))
			return false;
		int64_t v = small_value(choices[i].value);
		low = v < low ? v : low;
		high = v > high ? v : high;
	}
	if (low < INT32_MIN || high > INT32_MAX || (uint64_t)(high - low) >= count * 4 + 4)
		return false;
	size_t span = (size_t)(high - low) + 1;
	uint32_t *labels = mem_alloc(MEM_TEMP, span * sizeof(uint32_t));
	for (size_t i = 0; i < span; i++)
		labels[i] = (uint32_t)fail->value;
	for (size_t i = count; i > 0; i--)
		labels[small_value(choices[i - 1].value) - low] = choices[i - 1].label;
	EMIT(l, select_val_dense, source, arg_label(fail), arg_number((uint64_t)low));
	emit_word(l, span);
	emit_label_table(l, labels, span);
	mem_free(MEM_TEMP, labels, span * sizeof(uint32_t));
	return true;
}

#define LINEAR_MAX 4

static void lower_table(struct lowering *l, struct arg source, const struct operand *fail,
	const struct choice *choices, size_t count, bool arity)
{
	enum instr i = count <= LINEAR_MAX
			       ? arity ? INSTR_select_arity_linear : INSTR_select_val_linear
		       : arity ? INSTR_select_arity
			       : INSTR_select_val;
	const struct arg args[] = { source, arg_number(count), arg_label(fail) };
	emit_args(l, i, args, 3);
	uint32_t *labels = mem_alloc(MEM_TEMP, count * sizeof(uint32_t));
	for (size_t k = 0; k < count; k++) {
		emit_word(l, choices[k].value);
		labels[k] = choices[k].label;
	}
	emit_label_table(l, labels, count);
	mem_free(MEM_TEMP, labels, count * sizeof(uint32_t));
}

static void lower_select(struct lowering *l, const struct operand *o, bool arity)
{
	const struct operand *list = &o[2];
	const struct operand *item = &l->staged->operands.items[list->index];
	size_t count = list->value / 2;
	struct arg source = lower_reg(l, &o[0], 0);
	if (arity && !lower_source_fits(l))
		EMIT(l, is_tuple, source, arg_label(&o[1]));
	struct choice *choices = mem_alloc(MEM_TEMP, count * sizeof(*choices));
	bool immediate = true;
	for (size_t i = 0; i < count; i++) {
		choices[i].value =
			arity ? HEADER(BOXED_TUPLE, item[2 * i].value) : item[2 * i].term;
		choices[i].label = (uint32_t)item[2 * i + 1].value;
		immediate = immediate && (arity || term_is_immediate(choices[i].value));
	}
	if (!immediate) {
		for (size_t i = 0; i < count; i++) {
			struct arg value = lower_reg(l, &item[2 * i], 1);
			EMIT(l, is_ne_exact, source, value, arg_label(&item[2 * i + 1]));
		}
		EMIT(l, jump, arg_label(&o[1]));
	} else if (count == 0) {
		EMIT(l, jump, arg_label(&o[1]));
	} else {
		/* Of equal values the first counts. */
		qsort(choices, count, sizeof(*choices), compare_choices);
		if (arity || !lower_dense(l, source, &o[1], choices, count))
			lower_table(l, source, &o[1], choices, count, arity);
	}
	mem_free(MEM_TEMP, choices, count * sizeof(*choices));
}

#define SHORT_FORMS(name)                                                                          \
	_Static_assert(INSTR_is_##name##_x == INSTR_is_##name + 1 &&                               \
			       INSTR_is_##name##_y == INSTR_is_##name + 2,                         \
		"the short forms stand behind the long one")
SHORT_FORMS(atom);
SHORT_FORMS(binary);
SHORT_FORMS(float);
SHORT_FORMS(integer);
SHORT_FORMS(list);
SHORT_FORMS(map);
SHORT_FORMS(nil);
SHORT_FORMS(nonempty_list);
SHORT_FORMS(tuple);

static bool lower_type_test(struct lowering *l, enum op op, const struct operand *o)
{
	static const uint16_t instr_of_op[OP_LIMIT] = {
		[OP_is_integer] = INSTR_is_integer,
		[OP_is_float] = INSTR_is_float,
		[OP_is_number] = INSTR_is_number,
		[OP_is_atom] = INSTR_is_atom,
		[OP_is_pid] = INSTR_is_pid,
		[OP_is_reference] = INSTR_is_reference,
		[OP_is_port] = INSTR_is_port,
		[OP_is_nil] = INSTR_is_nil,
		[OP_is_binary] = INSTR_is_binary,
		[OP_is_bitstr] = INSTR_is_bitstr,
		[OP_is_list] = INSTR_is_list,
		[OP_is_nonempty_list] = INSTR_is_nonempty_list,
		[OP_is_tuple] = INSTR_is_tuple,
		[OP_is_boolean] = INSTR_is_boolean,
		[OP_is_function] = INSTR_is_function,
		[OP_is_map] = INSTR_is_map,
		[OP_is_any_native_record] = INSTR_is_any_native_record,
	};
	static const bool short_form[OP_LIMIT] = {
		[OP_is_atom] = true,
		[OP_is_binary] = true,
		[OP_is_float] = true,
		[OP_is_integer] = true,
		[OP_is_list] = true,
		[OP_is_map] = true,
		[OP_is_nil] = true,
		[OP_is_nonempty_list] = true,
		[OP_is_tuple] = true,
	};
	if (instr_of_op[op] == 0)
		return false;
	/* The short forms stand behind the long one. */
	if (short_form[op] && (operand_is_x8(&o[1]) || operand_is_y8(&o[1]))) {
		const struct arg args[] = { arg_reg8(&o[1]), arg_label(&o[0]) };
		emit_args(l, (enum instr)(instr_of_op[op] + (o[1].kind == OPERAND_X ? 1 : 2)), args,
			2);
		return true;
	}
	struct arg source = lower_reg(l, &o[1], 0);
	const struct arg args[] = { source, arg_label(&o[0]) };
	emit_args(l, (enum instr)instr_of_op[op], args, 2);
	return true;
}

bool lower_test(struct lowering *l, enum op op, const struct operand *o)
{
	struct arg source, second;
	switch ((unsigned)op) {
	case OP_is_lt:
	case OP_is_ge:
	case OP_is_eq:
	case OP_is_ne:
	case OP_is_eq_exact:
	case OP_is_ne_exact:
		lower_compare(l, op, o);
		return true;
	case OP_is_function2:
		source = lower_reg(l, &o[1], 0);
		second = lower_reg(l, &o[2], 1);
		EMIT(l, is_function2, source, second, arg_label(&o[0]));
		return true;
	case OP_test_arity:
		source = lower_reg(l, &o[1], 0);
		if (!lower_source_fits(l))
			EMIT(l, is_tuple, source, arg_label(&o[0]));
		EMIT(l, test_arity, source, arg_number(o[2].value), arg_label(&o[0]));
		return true;
	case OP_is_tagged_tuple:
		if (operand_is_x8(&o[1])) {
			EMIT(l, is_tagged_tuple_x, arg_reg8(&o[1]), arg_label(&o[0]),
				arg_number(o[2].value), arg_number(o[3].term));
			return true;
		}
		source = lower_reg(l, &o[1], 0);
		EMIT(l, is_tagged_tuple, source, arg_number(o[2].value), arg_label(&o[0]),
			arg_number(o[3].term));
		return true;
	case OP_select_val:
		lower_select(l, o, false);
		return true;
	case OP_select_tuple_arity:
		lower_select(l, o, true);
		return true;
	default:
		return lower_type_test(l, op, o);
	}
}
