/* SPDX-License-Identifier: Apache-2.0 */
/* The table of internal instructions as data. */
#include "code/instr.h"

#include <stdlib.h>

const struct instr_info instr_infos[INSTR_COUNT] = {
#define INSTR(instr_name, letters, length, sentence)                                               \
	[INSTR_##instr_name] = {                                                                   \
		.name = #instr_name, .operands = letters, .text = sentence, .words = (length)      \
	},
#include "code/instrs.def"
#undef INSTR
};

uint32_t instr_handlers[INSTR_COUNT];

/* Sorted by handler, for instr_of. Fixed once published. */
static struct handler_row {
	uint32_t handler;
	enum instr instr;
} handler_rows[INSTR_COUNT];

static int compare_rows(const void *a, const void *b)
{
	uint32_t ha = ((const struct handler_row *)a)->handler;
	uint32_t hb = ((const struct handler_row *)b)->handler;
	return (ha > hb) - (ha < hb);
}

void instr_set_handlers(const uint32_t handlers[INSTR_COUNT])
{
	for (unsigned i = 0; i < INSTR_COUNT; i++) {
		instr_handlers[i] = handlers[i];
		handler_rows[i] = (struct handler_row){ handlers[i], (enum instr)i };
	}
	qsort(handler_rows, INSTR_COUNT, sizeof(handler_rows[0]), compare_rows);
}

enum instr instr_of(uint64_t word)
{
	const struct handler_row key = { .handler = (uint32_t)word };
	const struct handler_row *row =
		bsearch(&key, handler_rows, INSTR_COUNT, sizeof(handler_rows[0]), compare_rows);
	return row == NULL ? INSTR_COUNT : row->instr;
}
