/* SPDX-License-Identifier: Apache-2.0 */
/* Generic instructions: a Code chunk decoded, before lowering. Number and arity are OTP's (ops.def).
 * Produced by code/decode.c and checked by code/verify.c; consumed by code/lower.c. */
#pragma once
#include "base/vec.h"
#include "code/module.h"
#include "heap/heap.h"
#include "term/term.h"

enum op {
#define OP(number, name, arity, since, operands, text) OP_##name = number,
#include "code/ops.def"
#undef OP
	OP_LIMIT
};

struct op_info {
	const char *name;     /* NULL: no such instruction */
	uint8_t arity;
	uint8_t since;        /* OTP release */
	const char *operands; /* a letter each, see ops.def; "-": refused */
	const char *text;
};

/* By number, OP_LIMIT entries. (code/ops.c) */
extern const struct op_info op_infos[];

enum operand_kind {
	OPERAND_U,       /* value: a small unsigned number or index */
	OPERAND_TERM,    /* term: an atom, nil, small integer, or a literal (cons or boxed, in the literal area) */
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

/* For the number of live registers of a bs_create_bin: all are, and nothing may be collected. No file has it. */
#define LIVE_ALL UINT64_MAX

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
	/* Verifier's findings, for lowering, by instruction. frame_before: y registers of the frame, or NO_FRAME. */
	uint32_t *frame_before;
	uint8_t *facts; /* enum fact */
	/* For decode.c and load.c. */
	size_t instr_total;            /* entries of the two arrays above */
	struct heap *builder;          /* literals until they are sealed into the literal area */
	term *keys, *keys_end;         /* room in the literal area for keys.c */
};

/* What holds before an instruction on every path that leads to it. Where a fact is missing the engine must test. */
enum fact {
	FACT_SOURCE_FITS = 1, /* get_list, get_hd, get_tl: the source is a cons. get_tuple_element, set_tuple_element: a
			       * tuple with that element. test_arity, select_tuple_arity: a tuple. update_record: a tuple of
			       * that size. get_map_elements, has_map_fields, put_map_*: a map. fmove to a float register: a float.
			       * bs_*: a match context (always there: the verifier insists). */
	FACT_REACHED = 2,     /* some path leads here; what is not reached need not be lowered */
	FACT_NEVER_RETURNS = 4, /* call_ext of erlang:error/1 and the like, perhaps without a frame: what follows was not
			       * verified to be reached from here, so lowering puts something behind it that raises. */
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
