/* SPDX-License-Identifier: Apache-2.0 */
/* Internal instructions as text, and their lengths, read off the rows of instrs.def. */
#include "code/instr.h"
#include "code/module.h"

#include "term/print.h"

#include <stdarg.h>
#include <stdio.h>

size_t instr_length(const uint64_t *code)
{
	enum instr i = instr_of(code[0]);
	if (i == INSTR_COUNT)
		return 1;
	size_t words = instr_infos[i].words;
	uint16_t second = (uint16_t)(code[0] >> 48);
	switch ((unsigned)i) {
	case INSTR_put_tuple:
		return (uint32_t)code[1];
	case INSTR_put_tuple_wide:
		return words + (uint32_t)code[1];
	case INSTR_put_tuple_2:
	case INSTR_put_tuple_2_return:
	case INSTR_put_tuple_3:
		return code[1] >> 48 & 0xFF;
	case INSTR_update_record:
		return words + 1 + 2 * code[2];
	case INSTR_has_map_fields:
		return words + second;
	case INSTR_get_map_elements:
	case INSTR_get_map_elements_known:
	case INSTR_get_record_elements:
		return words + 2 * (size_t)second;
	case INSTR_put_map_assoc:
	case INSTR_put_map_assoc_known:
	case INSTR_put_map_exact:
	case INSTR_put_map_exact_known:
	case INSTR_put_record:
		return words + 2 * (size_t)(uint16_t)(code[1] >> 16);
	case INSTR_select_val:
	case INSTR_select_val_linear:
	case INSTR_select_arity:
	case INSTR_select_arity_linear:
		return words + second + (second + 1U) / 2;
	case INSTR_select_val_dense:
		return words + 1 + (code[2] + 1) / 2;
	case INSTR_new_map:
		return words + header_size(boxed_header(code[1]));
	case INSTR_bs_append_integers:
	case INSTR_bs_create_bin:
	case INSTR_bs_create_bin_kept:
	case INSTR_bs_create_integers:
		return words + 3 * (size_t)(uint16_t)code[1];
	case INSTR_bs_add:
		return words + 2;
	case INSTR_bs_utf_size:
		return words + 1;
	case INSTR_make_fun:
		return words + second;
	default:
		return words;
	}
}

struct text {
	char *data;
	size_t size, used;
};

static void add(struct text *t, const char *format, ...) _printf_(2, 3);

static void add(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(t->data + t->used, t->size - t->used, format, args);
	va_end(args);
	if (n > 0)
		t->used = t->used + (size_t)n < t->size ? t->used + (size_t)n : t->size - 1;
}

static void add_term(struct text *t, term value)
{
	char buffer[200];
	struct print_out out;
	print_init_fixed(&out, buffer, sizeof(buffer));
	print_term(&out, value, PRINT_STRINGS, 8);
	add(t, " %s", buffer);
}

static void add_operand(struct text *t, char letter, uint64_t v, const uint64_t *code)
{
	switch (letter) {
	case 'x':
		add(t, " x%u", (unsigned)v);
		break;
	case 'y':
		add(t, " y%d", (int)v - 1);
		break;
	case 'r':
	case 'd':
		if ((v & 1) != 0)
			add(t, " y%d", (int)(v / 8) - 1);
		else
			add(t, " x%u", (unsigned)v / 8);
		break;
	case 'i':
		add(t, " %d", (int32_t)v);
		break;
	case 'l':
		if (v == 0)
			add(t, " raise");
		else
			add(t, " %p", (const void *)(code + (int32_t)v));
		break;
	case 'L':
		add(t, " %p", (const void *)(code + ((int32_t)(v << 8) >> 8)));
		break;
	case 'c':
		add_term(t, v);
		break;
	case 'p':
		add(t, " %#llx", (unsigned long long)v);
		break;
	case 'F':
		add(t, " frame %u", (unsigned)v & 0xFFFF);
		break;
	case '.':
		break;
	default:
		add(t, " %u", (unsigned)v);
		break;
	}
}

size_t disasm_instr(const uint64_t *code, char *text, size_t size)
{
	struct text t = { text, size, 0 };
	enum instr i = instr_of(code[0]);
	text[0] = '\0';
	if (i == INSTR_COUNT) {
		add(&t, "%#llx", (unsigned long long)code[0]);
		return 1;
	}
	const struct instr_info *info = &instr_infos[i];
	add(&t, "%s", info->name);
	size_t bit = 32;
	for (const char *letter = info->operands; *letter != '\0' && *letter != '*'; letter++) {
		unsigned bits = instr_letter_bits(*letter), align = instr_letter_align(*letter);
		bit = (bit + align - 1) / align * align;
		uint64_t v = code[bit / 64] >> (bit % 64);
		if (bits < 64)
			v &= ((uint64_t)1 << bits) - 1;
		add_operand(&t, *letter, v, code);
		bit += bits;
	}
	size_t length = instr_length(code);
	for (size_t k = info->words; k < length && k < info->words + 8U; k++) {
		if ((code[k] & 7) == 4)
			add(&t, " x%u", (unsigned)(code[k] >> 3));
		else if ((code[k] & 7) == 5)
			add(&t, " y%d", (int)(code[k] >> 3) - 1);
		else
			add(&t, " %#llx", (unsigned long long)code[k]);
	}
	return length;
}
