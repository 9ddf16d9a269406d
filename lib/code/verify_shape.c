/* SPDX-License-Identifier: Apache-2.0 */
/* The first pass of verification, instruction by instruction: kinds and ranges of operands, places of labels, bounds of
 * functions. What depends on the way that control takes is the second pass. */
#include "base/alloc.h"
#include "code/beamfile.h"
#include "code/verify_impl.h"
#include "ns/export.h"
#include "term/atom.h"

/* label, [line], func_info, label: position of the first label; false when it is not so. */
static bool find_start(const struct staged *staged, uint32_t func_info, uint32_t *ret)
{
	uint32_t i = func_info;
	while (i > 0 && staged->instrs.items[i - 1].op == OP_line)
		i--;
	if (i == 0 || staged->instrs.items[i - 1].op != OP_label)
		return false;
	*ret = i - 1;
	return true;
}

static void check_function(struct verifier *v)
{
	struct staged *staged = v->staged;
	uint64_t arity = verify_operand(v, 2)->value;
	uint32_t start;
	if (!find_start(staged, v->at, &start)) {
		(void)verify_refuse(v, "func_info without a label before it");
		return;
	}
	if (v->at + 1 >= staged->instrs.count || staged->instrs.items[v->at + 1].op != OP_label) {
		(void)verify_refuse(v, "func_info without a label after it");
		return;
	}
	if (arity > 255) {
		(void)verify_refuse(v, "a function of %llu arguments", (unsigned long long)arity);
		return;
	}
	uint64_t entry = staged->operands.items[staged->instrs.items[v->at + 1].first].value;
	if (v->functions.count > 0)
		v->functions.items[v->functions.count - 1].end = start;
	else if (start != 0)
		(void)verify_refuse(v, "code before the first function");
	struct function f = { .start = start, .entry = v->at + 1, .arity = (uint32_t)arity };
	vec_push(&v->functions, f);
	if (entry < staged->label_count)
		v->labels[entry].entry = (uint16_t)(arity + 1);
}

static void define_label(struct verifier *v, uint64_t number)
{
	if (number == 0 || number >= v->staged->label_count) {
		(void)verify_refuse(v, "label %llu of %u", (unsigned long long)number, v->staged->label_count);
		return;
	}
	if (v->labels[number].instr != 0) {
		(void)verify_refuse(v, "label %llu stands twice", (unsigned long long)number);
		return;
	}
	v->labels[number].instr = v->at + 1;
}

static bool is_register(const struct operand *o)
{
	return o->kind == OPERAND_Y ? o->value < VERIFY_Y_MAX : o->kind == OPERAND_X && o->value < VERIFY_X_MAX;
}

static bool is_atom(const struct operand *o)
{
	return o->kind == OPERAND_TERM && term_is_atom(o->term);
}

static bool is_float_register(const struct operand *o)
{
	return o->kind == OPERAND_FR && o->value < VERIFY_FR_MAX;
}

static bool is_label(const struct verifier *v, const struct operand *o, uint64_t least)
{
	return o->kind == OPERAND_LABEL && o->value >= least && o->value < v->staged->label_count;
}

static bool fits(const struct verifier *v, const struct operand *o, char letter)
{
	const struct staged *staged = v->staged;
	switch (letter) {
	case 'a':
		return is_atom(o);
	case 'c':
	case 'f':
		return is_label(v, o, 1);
	case 'L':
		return is_label(v, o, 0);
	case 'd':
	case 'r':
		return is_register(o);
	case 's':
		return is_register(o) || o->kind == OPERAND_TERM;
	case 'g':
		return is_register(o) || o->kind == OPERAND_TERM || is_float_register(o);
	case 'G':
		return is_register(o) || is_float_register(o);
	case 'F':
		return is_float_register(o);
	case 'h':
		return (o->kind == OPERAND_U || o->kind == OPERAND_ALLOC) && o->value <= UINT32_MAX;
	case 'i':
		return o->kind == OPERAND_U && o->value < staged->import_count;
	case 'k':
		return o->kind == OPERAND_U && o->value < staged->code->fun_count;
	case 'n':
		return o->kind == OPERAND_U && (o->value < staged->line_count || staged->line_count <= 1);
	case 'q':
		return is_label(v, o, 1) || (is_atom(o) && (o->term == A(no_fail) || o->term == A(resume)));
	case 'u':
		return o->kind == OPERAND_U;
	case 'v':
		return o->kind == OPERAND_U && (o->value <= VERIFY_X_MAX || o->value == LIVE_ALL);
	case 'w':
		return is_atom(o) || (o->kind == OPERAND_U && o->value < staged->code->fun_count);
	case 'x':
		return o->kind == OPERAND_X && o->value < VERIFY_X_MAX;
	case 'y':
		return o->kind == OPERAND_Y && o->value < VERIFY_Y_MAX;
	case 'z':
		return o->kind == OPERAND_LIST;
	default:
		return false;
	}
}

static const char *letter_text(char letter)
{
	switch (letter) {
	case 'a':
		return "an atom";
	case 'c':
	case 'f':
	case 'L':
		return "a label of this module";
	case 'd':
	case 'r':
		return "an x or y register";
	case 's':
		return "a value";
	case 'F':
		return "a float register";
	case 'h':
		return "a number of heap words";
	case 'i':
		return "an import of this module";
	case 'k':
		return "a fun of this module";
	case 'n':
		return "a line of this module";
	case 'u':
		return "a number";
	case 'v':
		return "a number of live registers";
	case 'y':
		return "a y register";
	case 'z':
		return "a list";
	default:
		return "what it should be";
	}
}

static void check_operands(struct verifier *v)
{
	const struct generic_instr *instr = verify_current(v);
	const struct op_info *info = &op_infos[instr->op];
	for (unsigned n = 0; n < instr->count; n++) {
		if (!fits(v, verify_operand(v, n), info->operands[n])) {
			(void)verify_refuse(v, "operand %u of %s is not %s", n + 1, info->name, letter_text(info->operands[n]));
			return;
		}
	}
}

/* Rows of FunT and ExpT lead to entries of their arity. */
static void check_entry(struct verifier *v, const char *chunk, size_t row, uint32_t label, uint32_t arity)
{
	if (v->failed != 0)
		return;
	if (label >= v->staged->label_count || v->labels[label].entry != arity + 1)
		v->failed = load_error_at(v->error, chunk, 4 + row, "label %u is no function of %u arguments", label, arity);
}

void verify_shape(struct verifier *v)
{
	struct staged *staged = v->staged;
	for (v->at = 0; v->at < staged->instrs.count && v->failed == 0; v->at++) {
		check_operands(v);
		if (v->failed != 0)
			return;
		const struct generic_instr *instr = verify_current(v);
		if (instr->op == OP_label)
			define_label(v, verify_operand(v, 0)->value);
		else if (instr->op == OP_func_info)
			check_function(v);
		else if (op_infos[instr->op].operands[0] == 'n' && staged->line_count <= 1)
			staged->operands.items[instr->first].value = 0; /* there is no Line chunk */
	}
	if (v->failed != 0)
		return;
	if (v->functions.count == 0) {
		v->at = 0;
		(void)verify_refuse(v, "there is no function");
		return;
	}
	v->functions.items[v->functions.count - 1].end = (uint32_t)staged->instrs.count;
	for (size_t i = 0; i < staged->code->fun_count; i++) {
		const struct fun_entry *fun = &staged->code->funs[i];
		check_entry(v, "FunT", i * 24, staged->fun_labels[i], fun->arity + fun->free_count);
	}
	for (size_t i = 0; i < staged->export_count; i++)
		check_entry(v, "ExpT", 0, staged->exports[i].label, staged->exports[i].arity);
}
