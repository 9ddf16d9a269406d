/* SPDX-License-Identifier: Apache-2.0 */
/* Internal instructions: what lowering writes, exec runs and disassembly reads. instrs.def has the rows. */
#pragma once
#include "base/check.h"
#include "term/term.h"

struct module_code;

enum instr {

#define INSTR(name, operands, words, text) INSTR_##name,
#include "code/instrs.def"
#undef INSTR
	INSTR_COUNT
};

/* Words of each, as INSTR_WORDS_name. */
enum instr_words {

#define INSTR(name, operands, words, text) INSTR_WORDS_##name = (words),
#include "code/instrs.def"
#undef INSTR
};

struct instr_info {
	const char *name;
	const char *operands;
	const char *text;
	uint8_t words;
};

extern const struct instr_info instr_infos[INSTR_COUNT];

/* Low half of an instruction's first word, by instruction: exec hands it down at start, before anything is lowered. */
extern uint32_t instr_handlers[INSTR_COUNT];
void instr_set_handlers(const uint32_t handlers[INSTR_COUNT]);
/* The instruction of a first word; INSTR_COUNT for a word that is none. */
enum instr instr_of(uint64_t word);

/* Registers as instructions hold them. Lowering keeps constants that an instruction has no form for in X_SCRATCH
 * registers behind the program's own; they never live across an instruction. */
#define INSTR_X_LIMIT 1024U
#define INSTR_X_SCRATCH 8U
#define INSTR_NOT_LAST 0xFFFFU /* call_bif has it where call_bif_last has the words of its frame */
#define INSTR_NO_LIVE 0xFFFFU /* instead of a count of live x registers: may not collect */

/* 16 bits: byte offset from x0, or from one byte before the continuation slot (odd). */
static inline uint16_t instr_reg_x(unsigned x)
{
	return (uint16_t)(x * 8);
}

static inline uint16_t instr_reg_y(unsigned y)
{
	return (uint16_t)((y + 1) * 8 + 1);
}

/* 64 bits: a value, or a register. Low bits 100 and 101 are no value's. */
static inline uint64_t instr_source_x(unsigned x)
{
	return (uint64_t)x << 3 | 4;
}

static inline uint64_t instr_source_y(unsigned y)
{
	return (uint64_t)(y + 1) << 3 | 5;
}

/* Bits of an operand by its letter, and what its place is a multiple of. */
static inline unsigned instr_letter_bits(char letter)
{
	switch (letter) {
	case 'x':
	case 'y':
	case 'b':
		return 8;
	case 'L':
		return 24;
	case 'i':
	case 'l':
		return 32;
	case 'c':
	case 'p':
	case 'F':
		return 64;
	default:
		return 16;
	}
}

static inline unsigned instr_letter_align(char letter)
{
	return letter == 'L' ? 8 : instr_letter_bits(letter);
}

/* Words that an instruction takes with what * stands for. code: at its first word. */
size_t instr_length(const uint64_t *code);

/* One line of text for the instruction at `code`, without a line break; at most `size` bytes with the NUL.
 * Returns its length in words. (code/disasm.c) */
size_t disasm_instr(const uint64_t *code, char *text, size_t size);
