/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of lowering share: the state, and writing one internal instruction. */
#pragma once
#include "code/generic.h"
#include "code/instr.h"
#include "ns/export.h"
#include "term/atom.h"

/* A label to be filled in once all labels have places: half `shift` of `word`, relative to `base`. */
struct fixup {
	uint32_t word;
	uint32_t base;
	uint32_t label;
	uint32_t shift;
	uint32_t at; /* generic instruction */
};

struct lowering {
	struct staged *staged;
	struct load_error *error;
	bool failed;
	size_t at; /* generic instruction being lowered */
	VEC(uint64_t) words;
	VEC(struct fixup) fixups;
	uint32_t *label_at; /* offset of a label + 1; 0: not met */
	uint32_t *
		ways_back; /* by label: offset of the charged jump to it; 0: none. NULL until one is needed */
	uint32_t *landing; /* by label: y + 1 of the catch whose handler it is; 0: none */
	VEC(uint32_t) functions;
	VEC(uint32_t) tries; /* offsets of try instructions, whose handlers are put in last */
	VEC(struct line_entry) lines;
	VEC(struct frame_entry) frames;
	size_t handlers;                  /* labels with a landing */
	uint32_t function;                /* offset of the current function's header */
	const struct export *replaced_by; /* the function just begun is this BIF; NULL: it is not */
	uint32_t on_load_entry;
	uint32_t start; /* offset of the instruction being written */
	enum instr last; /* which was written last, at start; INSTR_COUNT when something leads behind it */
};

/* One operand to write. */
enum arg_kind { ARG_REG, ARG_NUMBER, ARG_LABEL, ARG_WORD };

struct arg {
	enum arg_kind kind;
	uint64_t value;
};

static inline struct arg arg_number(uint64_t n)
{
	return (struct arg){ ARG_NUMBER, n };
}

static inline struct arg arg_word(uint64_t w)
{
	return (struct arg){ ARG_WORD, w };
}

static inline struct arg arg_pointer(const void *p)
{
	return (struct arg){ ARG_WORD, (uint64_t)(uintptr_t)p };
}

static inline struct arg arg_label(const struct operand *o)
{
	return (struct arg){ ARG_LABEL, o->value };
}

static inline struct arg arg_x(unsigned x)
{
	return (struct arg){ ARG_REG, instr_reg_x(x) };
}

static inline bool operand_is_reg(const struct operand *o)
{
	return o->kind == OPERAND_X || o->kind == OPERAND_Y;
}

static inline bool operand_is_x(const struct operand *o, uint64_t x)
{
	return o->kind == OPERAND_X && o->value == x;
}

/* A register operand. */
static inline struct arg arg_reg(const struct operand *o)
{
	return (struct arg){ ARG_REG, o->kind == OPERAND_Y ? instr_reg_y((unsigned)o->value)
							   : instr_reg_x((unsigned)o->value) };
}

/* Registers that fit eight bits. */
static inline bool operand_is_x8(const struct operand *o)
{
	return o->kind == OPERAND_X && o->value <= 255;
}

static inline bool operand_is_y8(const struct operand *o)
{
	return o->kind == OPERAND_Y && o->value < 255;
}

/* An operand of letter x or y. */
static inline struct arg arg_reg8(const struct operand *o)
{
	return arg_number(o->kind == OPERAND_Y ? o->value + 1 : o->value);
}

static inline bool operands_same(const struct operand *a, const struct operand *b)
{
	return a->kind == b->kind && a->value == b->value;
}

void lower_fail(struct lowering *l, const char *format, ...) _printf_(2, 3);

/* Writes an instruction: one arg per letter of its row ('.' and 'F' take none). */
void emit_args(struct lowering *l, enum instr instr, const struct arg *args, size_t count);
#define EMIT(l, name, ...)                                                                         \
	emit_args((l), INSTR_##name, (const struct arg[]){ __VA_ARGS__ },                          \
		sizeof((const struct arg[]){ __VA_ARGS__ }) / sizeof(struct arg))
/* Appends to the instruction just written. */
void emit_word(struct lowering *l, uint64_t word);
/* Labels, two a word. */
void emit_label_table(struct lowering *l, const uint32_t *labels, size_t count);

/* The source as a register: a constant goes into scratch register `scratch` first. */
struct arg lower_reg(struct lowering *l, const struct operand *o, unsigned scratch);
/* As a 64-bit source. */
uint64_t lower_source(const struct operand *o);

/* Whether a constant fits a 32-bit operand when sign-extended. */
static inline bool term_fits_32(term t)
{
	return term_is_immediate(t) && (int64_t)t == (int32_t)t;
}

static inline bool operand_fits_32(const struct operand *o)
{
	return o->kind == OPERAND_TERM && term_fits_32(o->term);
}

static inline bool operand_is_small_32(const struct operand *o)
{
	return operand_fits_32(o) && term_is_small(o->term);
}

static inline bool lower_source_fits(const struct lowering *l)
{
	return (l->staged->facts[l->at] & FACT_SOURCE_FITS) != 0;
}

static inline struct export *lower_import(const struct lowering *l, const struct operand *o)
{
	return export_of(l->staged->imports[o->value]);
}

void lower_line(struct lowering *l, const struct operand *o);
/* Instructions that stand for several, and forms for the commonest operands. */
bool lower_fused(struct lowering *l, enum op op, const struct operand *o, size_t *ret_taken);
/* A tuple; need: words to test for first, or 0. */
void lower_put_tuple(struct lowering *l, const struct operand *destination,
	const struct operand *list, uint64_t need, uint64_t live);
bool lower_arith_special(struct lowering *l, const struct export *e, const struct operand *label,
	uint64_t live, const struct operand *a, const struct operand *b,
	const struct operand *destination);

/* Two bs_match in a row. False, and nothing written, when they are not of that kind. (lower_bits.c) */
bool lower_match_small_rest(
	struct lowering *l, const struct operand *o, const struct operand *rest);
bool lower_match_is_rest(const struct lowering *l, const struct operand *o,
	const struct operand *context, uint64_t *ret_unit);

/* Families; `o` are the instruction's operands. Each returns whether it knew the instruction. */
bool lower_data(struct lowering *l, enum op op, const struct operand *o);
bool lower_test(struct lowering *l, enum op op, const struct operand *o);
bool lower_bif(struct lowering *l, enum op op, const struct operand *o);
bool lower_bits(struct lowering *l, enum op op, const struct operand *o);
bool lower_call(struct lowering *l, enum op op, const struct operand *o, size_t *ret_taken);
