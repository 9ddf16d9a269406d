/* SPDX-License-Identifier: Apache-2.0 */
/* Generic instructions: a Code chunk decoded, before lowering. Number and arity are OTP's (ops.def).
 * Produced by code/decode.c and checked by code/verify.c; consumed by code/lower.c. */
#pragma once
#include "base/vec.h"
#include "code/module.h"
#include "term/term.h"

enum op {
#define OP(number, name, arity, since, text) OP_##name = number,
#include "code/ops.def"
#undef OP
	OP_LIMIT
};

enum operand_kind {
	OPERAND_U,       /* value: a small unsigned number or index */
	OPERAND_TERM,    /* term: an atom, nil, small integer, or a literal (boxed, in the literal area) */
	OPERAND_X,       /* value: register number; type: index into the Type chunk + 1, or 0 */
	OPERAND_Y,
	OPERAND_FR,      /* floating point register */
	OPERAND_LABEL,   /* value: label number, 0 = none ("fail by exception") */
	OPERAND_LIST,    /* value: number of operands that follow in the list; index: first of them in `operands` */
	OPERAND_ALLOC,   /* words, floats, funs as allocation list: value = heap words needed in our layout */
};

struct operand {
	uint8_t kind; /* enum operand_kind */
	uint8_t unused;
	uint16_t type;
	uint32_t index;
	union {
		uint64_t value;
		term term;
	};
};

struct generic_instr {
	uint16_t op;      /* enum op */
	uint16_t count;   /* operands */
	uint32_t first;   /* index of its first operand */
	uint32_t offset;  /* in the Code chunk, for errors */
};

/* What loading knows of a module before it is code. Owned by the loading thread; all memory is of class TEMP but what
 * `code` holds. */
struct staged {
	struct module_code *code;      /* name, literals, funs (code still NULL), strings, files, attributes set */
	VEC(struct generic_instr) instrs;
	VEC(struct operand) operands;  /* of all instructions; lists too */
	uint32_t label_count;          /* labels are 1 .. label_count - 1 */
	term *atoms;                   /* 1-based: atoms[0] is unused */
	size_t atom_count;
	uint32_t *imports;             /* export numbers */
	size_t import_count;
	struct staged_export {
		term function;
		uint32_t arity, label;
	} *exports;
	size_t export_count;
	uint32_t *fun_labels;          /* by fun index */
	struct staged_line {
		uint32_t file, line;
	} *lines;                      /* by index of a line instruction; lines[0] is "no line" */
	size_t line_count;
	/* Verifier's findings, for lowering: frame size before each instruction (NO_FRAME without one). */
	uint32_t *frame_before;
};

/* Where and why a file was refused. */
struct load_error {
	char chunk[5];      /* "Code", "AtU8"..., or "FOR1" for the file as a whole */
	size_t offset;      /* in the chunk, or in the file */
	char reason[160];
};

/* Turns checked generic instructions into code->code, code->functions, exports' and funs' entries, lines and frames.
 * Returns 0, or LOAD_E_FORMAT with the error told. (code/lower.c) */
enum { LOAD_E_FORMAT = 1, LOAD_E_LIMIT };
_must_check_ int lower_module(struct staged *staged, struct load_error *error);
