/* SPDX-License-Identifier: Apache-2.0 */
/* From generic instructions to internal ones: the pass over a module, labels, function headers, places of lines and frames.
 *
 * Invariant: only checked instructions get here (verify.h), so what is met that no compiler writes is a reason to refuse the
 * module, and never needs care for the machine's safety. */
#include "code/lower_impl.h"
#include "code/region.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void lower_fail(struct lowering *l, const char *format, ...)
{
	if (l->failed)
		return;
	l->failed = true;
	memcpy(l->error->chunk, "Code", 5);
	l->error->offset =
		l->at < l->staged->instrs.count ? l->staged->instrs.items[l->at].offset : 0;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(l->error->reason, sizeof(l->error->reason), format, args);
	va_end(args);
}

static uint32_t offset_now(const struct lowering *l)
{
	return (uint32_t)l->words.count;
}

static void add_fixup(struct lowering *l, size_t word, unsigned shift, uint64_t label)
{
	if (label == 0)
		return;
	vec_push(&l->fixups, ((struct fixup){ (uint32_t)word, l->start, (uint32_t)label, shift,
				     (uint32_t)l->at }));
}

static uint32_t frame_now(const struct lowering *l)
{
	return l->staged->frame_before[l->at];
}

static void put_bits(struct lowering *l, size_t bit, unsigned bits, uint64_t value)
{
	size_t word = l->start + bit / 64;
	while (l->words.count <= word)
		vec_push(&l->words, 0);
	if (bits < 64)
		value &= ((uint64_t)1 << bits) - 1;
	l->words.items[word] |= value << (bit % 64);
}

static void check_range(struct lowering *l, char letter, uint64_t value)
{
	bool fits = true;
	switch (letter) {
	case 'x':
	case 'y':
	case 'b':
		fits = value <= 0xFF;
		break;
	case 'i':
		fits = (int64_t)value == (int32_t)value;
		break;
	case 'h':
		fits = value <= 0xFFFF;
		break;
	default:
		break;
	}
	if (!fits)
		lower_fail(l, "%s: operand too large",
			op_infos[l->staged->instrs.items[l->at].op].name);
}

/* Makes a pair of the instruction written last and the one that follows. */
static void pair_with(struct lowering *l, enum instr next)
{
	enum instr both = INSTR_COUNT;
	switch ((unsigned)l->last * INSTR_COUNT + next) {
#define PAIR(one, two, name)                                                                       \
	case INSTR_##one * INSTR_COUNT + INSTR_##two:                                              \
		both = INSTR_##name;                                                               \
		break;
#include "code/pairs.def"
#undef PAIR
	default:
		return;
	}
	assert(offset_now(l) == l->start + instr_infos[l->last].words);
	uint64_t *word = &l->words.items[l->start];
	*word = (*word & ~(uint64_t)UINT32_MAX) | instr_handlers[both];
}

void emit_args(struct lowering *l, enum instr instr, const struct arg *args, size_t count)
{
	const struct instr_info *info = &instr_infos[instr];
	pair_with(l, instr);
	l->last = instr;
	l->start = offset_now(l);
	if (instr == INSTR_try)
		vec_push(&l->tries, l->start);
	vec_push(&l->words, instr_handlers[instr]);
	size_t bit = 32, used = 0;
	for (const char *letter = info->operands; *letter != '\0' && *letter != '*'; letter++) {
		unsigned bits = instr_letter_bits(*letter), align = instr_letter_align(*letter);
		bit = (bit + align - 1) / align * align;
		if (*letter == '.') {
			put_bits(l, bit, bits, 0);
		} else if (*letter == 'F') {
			uint32_t frame = frame_now(l);
			uint32_t back = (uint32_t)(l->start + bit / 64 + 1 - l->function);
			put_bits(l, bit, 64, frame_word(frame == NO_FRAME ? 0 : frame, back));
		} else {
			assert(used < count);
			const struct arg *a = &args[used++];
			if (a->kind == ARG_LABEL) {
				assert(*letter == 'l' || *letter == 'L');
				put_bits(l, bit, bits, 0);
				add_fixup(l, l->start + bit / 64, bit % 64, a->value);
			} else {
				check_range(l, *letter, a->value);
				put_bits(l, bit, bits, a->value);
			}
		}
		bit += bits;
	}
	assert(used == count);
	assert(l->words.count - l->start == info->words);
}

void emit_word(struct lowering *l, uint64_t word)
{
	vec_push(&l->words, word);
}

void emit_label_table(struct lowering *l, const uint32_t *labels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i % 2 == 0)
			emit_word(l, 0);
		add_fixup(l, l->words.count - 1, i % 2 * 32, labels[i]);
	}
}

struct arg lower_reg(struct lowering *l, const struct operand *o, unsigned scratch)
{
	if (operand_is_reg(o))
		return arg_reg(o);
	assert(scratch < INSTR_X_SCRATCH);
	if (o->kind != OPERAND_TERM) {
		lower_fail(l, "operand is no value");
		return arg_x(0);
	}
	EMIT(l, move_c, arg_x(INSTR_X_LIMIT + scratch), arg_word(o->term));
	return arg_x(INSTR_X_LIMIT + scratch);
}

uint64_t lower_source(const struct operand *o)
{
	switch ((enum operand_kind)o->kind) {
	case OPERAND_X:
		return instr_source_x((unsigned)o->value);
	case OPERAND_Y:
		return instr_source_y((unsigned)o->value);
	case OPERAND_TERM:
	case OPERAND_U:
	case OPERAND_FR:
	case OPERAND_LABEL:
	case OPERAND_LIST:
	case OPERAND_ALLOC:
		break;
	}
	return o->term;
}

/* Handlers of catches: a word that says which y goes before them. */
static void find_landings(struct lowering *l)
{
	const struct staged *s = l->staged;
	for (size_t i = 0; i < s->instrs.count; i++) {
		const struct generic_instr *g = &s->instrs.items[i];
		if (g->op != OP_catch && g->op != OP_try)
			continue;
		const struct operand *o = &s->operands.items[g->first];
		uint32_t *landing = &l->landing[o[1].value];
		l->at = i;
		if (*landing != 0 && *landing != o[0].value + 1)
			lower_fail(l, "a handler serves catches in different registers");
		*landing = (uint32_t)o[0].value + 1;
	}
}

static void lower_label(struct lowering *l, uint64_t label)
{
	if (l->landing[label] != 0)
		/* y as the engine counts: from the continuation slot. */
		EMIT(l, landing, arg_number(l->landing[label]));
	l->label_at[label] = offset_now(l) + 1;
	l->last = INSTR_COUNT;
}

static void lower_function(struct lowering *l, const struct operand *o)
{
	l->function = offset_now(l);
	l->last = INSTR_COUNT;
	vec_push(&l->functions, l->function);
	emit_args(l, INSTR_func_info, NULL, 0);
	emit_word(l, (uint64_t)(uintptr_t)l->staged->code);
	emit_word(l, o[1].term);
	emit_word(l, o[2].value);
	const struct export *e =
		export_find(l->staged->code->name, o[1].term, (uint32_t)o[2].value);
	l->replaced_by = e != NULL && e->bif != NULL ? e : NULL;
}

void lower_line(struct lowering *l, const struct operand *o)
{
	const struct staged_line *line = &l->staged->lines[o->value];
	struct line_entry row = { .offset = offset_now(l), .line = line->line, .file = line->file };
	if (l->lines.count > 0) {
		struct line_entry *last = &l->lines.items[l->lines.count - 1];
		/* A row of an earlier function says nothing about this one, nor one before func_info about its function. */
		const size_t count = l->functions.count;
		const bool this_function =
			count > 0 && last->offset >= l->functions.items[count - 1] &&
			!(l->at + 1 < l->staged->instrs.count &&
				l->staged->instrs.items[l->at + 1].op == OP_func_info);
		if (this_function && last->line == row.line && last->file == row.file)
			return;
		if (last->offset == row.offset) {
			*last = row;
			return;
		}
	}
	vec_push(&l->lines, row);
}

static void note_frame(struct lowering *l)
{
	uint32_t frame = frame_now(l);
	if (l->frames.count > 0) {
		struct frame_entry *last = &l->frames.items[l->frames.count - 1];
		if (last->frame_words == frame)
			return;
		if (last->offset == offset_now(l)) {
			last->frame_words = frame;
			return;
		}
	}
	vec_push(&l->frames, ((struct frame_entry){ offset_now(l), frame }));
}

/* Whether the entry of a function is also where its receive begins again. A breakpoint on the entry must fire for calls
 * alone, so such a function gets an instruction of its own for them. */
static bool entry_is_loop(const struct lowering *l)
{
	const struct staged *s = l->staged;
	size_t at = l->at + 1;
	if (l->at == 0 || s->instrs.items[l->at - 1].op != OP_func_info)
		return false;
	while (at < s->instrs.count && (s->instrs.items[at].op == OP_line || s->instrs.items[at].op == OP_executable_line ||
					       s->instrs.items[at].op == OP_debug_line))
		at++;
	return at < s->instrs.count && s->instrs.items[at].op == OP_label;
}

/* Lowers the instruction at l->at, and sets l->at to the next one to lower. */
static void lower_one(struct lowering *l)
{
	const struct staged *s = l->staged;
	const struct generic_instr *g = &s->instrs.items[l->at];
	const struct operand *o = &s->operands.items[g->first];
	size_t taken = 1;
	switch (g->op) {
	case OP_label:
		lower_label(l, o[0].value);
		if (l->replaced_by == NULL && entry_is_loop(l))
			emit_args(l, INSTR_enter, NULL, 0);
		l->at++;
		/* A function that beamr has in C is that C function for calls inside its module too. */
		if (l->replaced_by != NULL) {
			const struct arg args[] = { arg_number(l->replaced_by->arity),
				arg_number(0), arg_pointer(l->replaced_by) };
			emit_args(l,
				bif_is_of_some_releases(l->replaced_by->bif)
					? INSTR_call_bif_of_release
					: INSTR_call_bif_last,
				args, ARRAY_SIZE(args));
			l->replaced_by = NULL;
		}
		return;
	case OP_line:
		lower_line(l, &o[0]);
		l->at++;
		return;
	case OP_executable_line:
		lower_line(l, &o[0]);
		l->at++;
		return;
	case OP_debug_line:
		lower_line(l, &o[1]);
		l->at++;
		return;
	case OP_func_info:
		note_frame(l);
		lower_function(l, o);
		l->at++;
		return;
	case OP_on_load: /* stands behind the entry label of its function */
		l->on_load_entry = offset_now(l);
		l->at++;
		return;
	case OP_int_code_end:
	case OP_nif_start:
		l->at++;
		return;
	default:
		break;
	}
	if ((s->facts[l->at] & FACT_REACHED) == 0) {
		l->at++;
		return;
	}
	note_frame(l);
	if (!lower_fused(l, g->op, o, &taken) && !lower_call(l, g->op, o, &taken) &&
		!lower_data(l, g->op, o) && !lower_test(l, g->op, o) && !lower_bif(l, g->op, o) &&
		!lower_bits(l, g->op, o))
		lower_fail(l, "no support for instruction %s", op_infos[g->op].name);
	l->at += taken;
}

/* Back go calls, which are charged, the loop of a receive, and failures to func_info, which raises. What else goes back (optimised
 * code has none of it) goes by an instruction that charges it: so no code can run for ever. */
static bool may_go_back(const struct lowering *l, const struct fixup *f)
{
	switch ((unsigned)l->staged->instrs.items[f->at].op) {
	case OP_call:
	case OP_call_last:
	case OP_call_only:
	case OP_loop_rec_end:
	case OP_wait:
	case OP_wait_timeout:
		return true;
	default:
		break;
	}
	const uint64_t *target = &l->words.items[l->label_at[f->label] - 1];
	enum instr instr = instr_of(l->words.items[f->base]);
	return instr_of(*target) == INSTR_func_info ||
	       strncmp(instr_infos[instr].name, "call", 4) == 0; /* a call that a move is part of */
}

/* Where the charged jump to a label stands, behind all functions. */
static uint32_t way_back(struct lowering *l, uint32_t label)
{
	if (l->ways_back == NULL)
		l->ways_back = mem_zalloc(MEM_TEMP, l->staged->label_count * sizeof(uint32_t));
	if (l->ways_back[label] == 0) {
		l->ways_back[label] = offset_now(l);
		emit_args(l, INSTR_jump_back,
			&(struct arg){ ARG_NUMBER,
				(uint64_t)((int64_t)l->label_at[label] - 1 - offset_now(l)) },
			1);
	}
	return l->ways_back[label];
}

static void resolve_labels(struct lowering *l)
{
	vec_foreach(f, &l->fixups) {
		if (f->label >= l->staged->label_count || l->label_at[f->label] == 0) {
			lower_fail(l, "label %u has no place", f->label);
			return;
		}
		uint32_t relative = l->label_at[f->label] - 1 - f->base;
		if ((int32_t)relative <= 0 && !may_go_back(l, f))
			relative = way_back(l, f->label) - f->base;
		/* A short place (L) is the highest 24 bits of its word. */
		if (f->shift == 40 && (int32_t)relative != (int32_t)(relative << 8) >> 8)
			lower_fail(l, "a branch too far");
		l->words.items[f->word] |= (uint64_t)relative << f->shift;
	}
}

static const uint64_t *entry_of(struct lowering *l, uint32_t label)
{
	return l->staged->code->code + (l->label_at[label] - 1);
}

/* Catches hold their handler's address, known only now: the instruction has the label until then. They are remembered as they are
 * made: an instruction's handler does not tell it from another that does the same, if the compiler has merged the two. */
static void resolve_catches(struct lowering *l)
{
	uint64_t *code = l->staged->code->code;
	vec_foreach(at, &l->tries)
		code[*at + 1] = (term)(uintptr_t)entry_of(l, (uint32_t)code[*at + 1]) >> 3 << 6 | IMM_CATCH;
}

static void *copy_out(const void *items, size_t bytes)
{
	void *copy = mem_alloc(MEM_CODE, bytes);
	if (bytes != 0)
		memcpy(copy, items, bytes);
	return copy;
}

static int finish(struct lowering *l)
{
	struct staged *s = l->staged;
	struct module_code *m = s->code;
	m->code = code_region_alloc(l->words.count, m);
	if (m->code == NULL) {
		lower_fail(l, "no room for code");
		return LOAD_E_LIMIT;
	}
	m->code_words = l->words.count;
	memcpy(m->code, l->words.items, l->words.count * sizeof(uint64_t));
	resolve_catches(l);
	m->functions = copy_out(l->functions.items, l->functions.count * sizeof(uint32_t));
	m->function_count = l->functions.count;
	m->lines = copy_out(l->lines.items, l->lines.count * sizeof(struct line_entry));
	m->line_count = l->lines.count;
	m->frames = copy_out(l->frames.items, l->frames.count * sizeof(struct frame_entry));
	m->frame_count = l->frames.count;
	for (size_t i = 0; i < m->fun_count; i++)
		m->funs[i].code = entry_of(l, s->fun_labels[i]);
	m->exports = mem_zalloc(MEM_CODE, s->export_count * sizeof(struct code_export));
	m->export_count = s->export_count;
	for (size_t i = 0; i < s->export_count; i++) {
		const struct staged_export *e = &s->exports[i];
		const struct export *number = export_get(m->name, e->function, e->arity);
		if (number == NULL) {
			lower_fail(l, "the export table is full");
			return LOAD_E_LIMIT;
		}
		m->exports[i] = (struct code_export){ e->function, e->arity, number->number,
			entry_of(l, e->label) };
	}
	if (l->on_load_entry != 0)
		m->on_load = m->code + l->on_load_entry;
	return 0;
}

int lower_module(struct staged *staged, struct load_error *error)
{
	struct lowering l = { .staged = staged, .error = error };
	size_t label_bytes = staged->label_count * sizeof(uint32_t);
	l.label_at = mem_zalloc(MEM_TEMP, label_bytes);
	l.landing = mem_zalloc(MEM_TEMP, label_bytes);
	/* Word 0 is nobody's, so that offset 0 means nothing. */
	vec_push(&l.words, 0);
	find_landings(&l);
	for (l.at = 0; l.at < staged->instrs.count && !l.failed;)
		lower_one(&l);
	if (l.words.count > INT32_MAX)
		lower_fail(&l, "too much code");
	if (!l.failed)
		resolve_labels(&l);
	int r = l.failed ? LOAD_E_FORMAT : finish(&l);
	mem_free(MEM_TEMP, l.label_at, label_bytes);
	mem_free(MEM_TEMP, l.landing, label_bytes);
	mem_free(MEM_TEMP, l.ways_back, l.ways_back == NULL ? 0 : label_bytes);
	vec_done(&l.words);
	vec_done(&l.fixups);
	vec_done(&l.functions);
	vec_done(&l.tries);
	vec_done(&l.lines);
	vec_done(&l.frames);
	return r;
}
