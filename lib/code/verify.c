/* SPDX-License-Identifier: Apache-2.0 */
/* Verification: an abstract interpretation of each function, to a fixed point.
 *
 * A label's state is what holds on every path that leads to it; it only ever loses knowledge, so walking from labels whose
 * state has changed ends. Functions are walked in order of their code, again while a label further up has changed (receive
 * loops; nearly all other jumps lead downwards).
 * Invariant: frame size and catches agree on all paths to a label; anything else is refused, except that a block which only
 * raises is copied for each frame it is reached with (compilers share them), and all is verified again.
 * Control never gets to try_case but by an exception: compilers leave code before a handler that falls into it after a call
 * that they know not to return. So that way is not followed; the engine raises when it is taken. */
#include "code/verify.h"

#include "base/alloc.h"
#include "code/beamfile.h"
#include "code/load.h"
#include "code/verify_impl.h"

#include <stdarg.h>
#include <stdio.h>

#define WORK_PER_INSTR 400U
#define SAVED_WORDS_MAX (16U << 20) /* Bound: states of one function; 64 MiB */
#define JOINS_EXACT 16              /* joins of one label after which numbers are no longer followed */

int verify_refuse(struct verifier *v, const char *format, ...)
{
	char text[sizeof(v->error->reason)];
	va_list args;
	if (v->failed != 0)
		return v->failed;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* a longer one is cut */
	va_end(args);
	size_t offset = v->at < v->staged->instrs.count ? verify_current(v)->offset : 0;
	return v->failed = load_error_at(v->error, "Code", offset, "%s", text);
}

static void spend(struct verifier *v, uint64_t work)
{
	if (v->work >= work) {
		v->work -= work;
		return;
	}
	if (v->failed == 0)
		v->failed = load_limit_at(v->error, "Code", verify_current(v)->offset, "too intricate to verify");
}

/* ------------------------------------------------------------------------------------------------ states at labels */

/* A saved state: frame, x_count, where y begins among the registers, catches, heap words, x..., y... */
enum { SAVED_FRAME, SAVED_X_COUNT, SAVED_Y, SAVED_CATCHES, SAVED_HEAP, SAVED_REGISTERS };

static uint32_t frame_size(uint32_t frame)
{
	return frame == NO_FRAME ? 0 : frame;
}

static void save(struct verifier *v, struct label *label, const struct state *s)
{
	uint32_t y_count = frame_size(s->frame);
	size_t at = v->saved.count, words = SAVED_REGISTERS + s->x_count + y_count;
	if (at + words > SAVED_WORDS_MAX) {
		v->failed = load_limit_at(v->error, "Code", verify_current(v)->offset, "a function too large to verify");
		return;
	}
	vec_reserve(&v->saved, at + words);
	v->saved.count = at + words;
	uint32_t *p = v->saved.items + at;
	p[SAVED_FRAME] = s->frame;
	p[SAVED_X_COUNT] = s->x_count;
	p[SAVED_CATCHES] = s->catches;
	p[SAVED_HEAP] = (uint32_t)s->heap_words;
	p[SAVED_Y] = s->x_count; /* which may fall */
	memcpy(p + SAVED_REGISTERS, s->x, s->x_count * sizeof(known));
	memcpy(p + SAVED_REGISTERS + s->x_count, s->y, y_count * sizeof(known));
	label->saved = (uint32_t)at + 1;
	label->pending = true;
}

static void restore(struct verifier *v, const struct label *label)
{
	const uint32_t *p = v->saved.items + label->saved - 1;
	struct state *s = &v->state;
	s->frame = p[SAVED_FRAME];
	s->x_count = p[SAVED_X_COUNT];
	s->catches = p[SAVED_CATCHES];
	s->heap_words = p[SAVED_HEAP];
	s->unseen = true;
	memcpy(s->x, p + SAVED_REGISTERS, s->x_count * sizeof(known));
	memcpy(s->y, p + SAVED_REGISTERS + p[SAVED_Y], frame_size(s->frame) * sizeof(known));
}

static known merge(known a, known b, bool exact)
{
	if (a == b)
		return a;
	if (known_kind(a) == KNOWN_NONE || known_kind(b) == KNOWN_NONE)
		return KNOWN(KNOWN_NONE, 0);
	if (known_kind(a) == KNOWN_TUPLE && known_kind(b) == KNOWN_TUPLE) {
		uint32_t fewer = known_more(a) < known_more(b) ? known_more(a) : known_more(b);
		return KNOWN(KNOWN_TUPLE, exact ? fewer : 0);
	}
	return KNOWN(KNOWN_ANY, 0);
}

/* Makes a saved register what holds for both; whether it changed. */
static bool merge_into(uint32_t *saved, known k, bool exact)
{
	known merged = merge(*saved, k, exact);
	bool changed = merged != *saved;
	*saved = merged;
	return changed;
}

/* A register that holds a catch on one way only is taken for one: it is not read, exceptions may lead to its handler, and ending
 * a catch that is none only writes the register. It must hold something on the other way, for the collector. */
static bool join_y(struct verifier *v, uint32_t *saved, uint32_t *y, known k, bool exact)
{
	bool was = known_kind(*y) == KNOWN_CATCH, is = known_kind(k) == KNOWN_CATCH;
	if (*y == k || (!was && !is))
		return merge_into(y, k, exact);
	if ((was && is) || known_kind(*y) == KNOWN_NONE || known_kind(k) == KNOWN_NONE) {
		(void)verify_refuse(v, "two ways lead here with different catches");
		return false;
	}
	if (was)
		return false;
	*y = k;
	saved[SAVED_CATCHES]++;
	return true;
}

static void join(struct verifier *v, struct label *label, const struct state *s)
{
	spend(v, 1 + s->x_count + frame_size(s->frame));
	if (v->failed != 0)
		return;
	if (label->saved == 0) {
		save(v, label, s);
		return;
	}
	uint32_t *p = v->saved.items + label->saved - 1;
	bool exact = label->joins < JOINS_EXACT;
	bool changed = false;
	if (p[SAVED_FRAME] != s->frame) {
		(void)verify_refuse(v, "two ways lead here with different frames");
		return;
	}
	if (s->x_count < p[SAVED_X_COUNT]) {
		p[SAVED_X_COUNT] = s->x_count;
		changed = true;
	}
	for (uint32_t i = 0; i < p[SAVED_X_COUNT]; i++)
		changed |= merge_into(&p[SAVED_REGISTERS + i], s->x[i], exact);
	uint32_t *y = p + SAVED_REGISTERS + p[SAVED_Y];
	for (uint32_t i = 0; i < frame_size(s->frame); i++) {
		changed |= join_y(v, p, &y[i], s->y[i], exact);
		if (v->failed != 0)
			return;
	}
	if (s->heap_words < p[SAVED_HEAP]) {
		p[SAVED_HEAP] = (uint32_t)s->heap_words;
		changed = true;
	}
	if (changed) {
		label->pending = true;
		label->joins += label->joins < UINT16_MAX;
	}
}

/* The label of the copy of this label's block for the present frame, entered into the list of copies if need be; the present
 * instruction leads there from now on. */
static void lead_to_clone(struct verifier *v, uint32_t number)
{
	struct staged *staged = v->staged;
	uint32_t function = (uint32_t)(v->function - v->functions.items);
	size_t i = v->clones.count;
	while (i > 0 && v->clones.items[i - 1].function == function &&
		(v->clones.items[i - 1].label != number || v->clones.items[i - 1].frame != v->state.frame))
		i--;
	spend(v, v->clones.count - i + 1);
	if (i == 0 || v->clones.items[i - 1].function != function) {
		struct clone clone = { .label = number, .frame = v->state.frame, .function = function };
		vec_push(&v->clones, clone);
		i = v->clones.count;
	}
	const struct generic_instr *instr = verify_current(v);
	for (unsigned n = 0; n < instr->count; n++) {
		struct operand *o = &staged->operands.items[instr->first + n];
		bool list = o->kind == OPERAND_LIST;
		struct operand *first = list ? &staged->operands.items[o->index] : o;
		for (struct operand *e = first; e < first + (list ? o->value : 1); e++) {
			if (e->kind == OPERAND_LABEL && e->value == number)
				e->value = staged->label_count + i - 1;
		}
	}
}

static bool starts_with(const struct verifier *v, const struct label *label, enum op op)
{
	return label->instr < v->staged->instrs.count && v->staged->instrs.items[label->instr].op == op;
}

/* by_raise: an exception, not a jump. */
static void branch_with(struct verifier *v, uint64_t number, const struct state *s, bool by_raise)
{
	if (v->failed != 0 || number >= v->staged->label_count) /* a copy: in the next round */
		return;
	struct label *label = &v->labels[number];
	uint32_t instr = label->instr - 1;
	if (label->instr == 0 || instr < v->function->start || instr >= v->function->end) {
		(void)verify_refuse(v, "label %llu is not in this function", (unsigned long long)number);
		return;
	}
	if (!by_raise && starts_with(v, label, OP_try_case))
		return;
	uint32_t end;
	if (label->saved != 0 && v->saved.items[label->saved - 1 + SAVED_FRAME] != s->frame &&
		verify_only_raises(v, (uint32_t)number, &end)) {
		lead_to_clone(v, (uint32_t)number);
		return;
	}
	join(v, label, s);
	if (label->pending && instr <= v->at)
		v->again = true;
}

void verify_branch(struct verifier *v, uint64_t label)
{
	branch_with(v, label, &v->state, false);
}

void verify_raise(struct verifier *v)
{
	struct state *s = &v->state;
	if (s->catches == 0 || !s->unseen || v->failed != 0)
		return;
	s->unseen = false;
	/* A handler finds class, reason and trace in x0, x1, x2; the frame is as it was. */
	uint32_t x_count = s->x_count;
	known x[3] = { s->x[0], s->x[1], s->x[2] };
	uint64_t heap_words = s->heap_words;
	s->x[0] = s->x[1] = s->x[2] = KNOWN(KNOWN_ANY, 0);
	s->x_count = 3;
	s->heap_words = 0;
	for (uint32_t i = 0; i < frame_size(s->frame); i++) {
		if (known_kind(s->y[i]) != KNOWN_CATCH)
			continue;
		uint32_t label = known_more(s->y[i]);
		/* The catch instruction saw to it that the handler begins with an operand y: the place that it was made for. */
		const struct generic_instr *handler = &v->staged->instrs.items[v->labels[label].instr];
		if (v->staged->operands.items[handler->first].value != i)
			(void)verify_refuse(v, "a catch was moved");
		branch_with(v, label, s, true);
		break; /* the engine looks from y0 on; this is the innermost */
	}
	s->x_count = x_count;
	s->x[0] = x[0], s->x[1] = x[1], s->x[2] = x[2];
	s->heap_words = heap_words;
}

/* ------------------------------------------------------------------------------------------------ functions */

/* One walk through a function, from every label whose state has changed. */
static void walk(struct verifier *v)
{
	const struct staged *staged = v->staged;
	v->flowing = false;
	v->again = false;
	for (v->at = v->function->start; v->at < v->function->end && v->failed == 0; v->at++) {
		const struct generic_instr *instr = verify_current(v);
		spend(v, 1);
		if (instr->op == OP_label) {
			struct label *label = &v->labels[verify_operand(v, 0)->value];
			if (v->flowing && !starts_with(v, label, OP_try_case))
				join(v, label, &v->state);
			v->flowing = label->pending && v->failed == 0;
			if (!v->flowing)
				continue;
			label->pending = false;
			restore(v, label);
		}
		if (!v->flowing)
			continue;
		staged->frame_before[v->at] = v->state.frame;
		staged->facts[v->at] = FACT_REACHED;
		verify_instr(v);
	}
	if (v->flowing && v->failed == 0) {
		v->at = v->function->end - 1;
		(void)verify_refuse(v, "the code runs past the end of its function");
	}
}

static void verify_function(struct verifier *v, const struct function *f)
{
	const struct staged *staged = v->staged;
	v->function = f;
	v->saved.count = 0;
	v->state.frame = NO_FRAME;
	v->state.x_count = f->arity;
	v->state.catches = 0;
	v->state.heap_words = 0;
	for (uint32_t i = 0; i < f->arity; i++)
		v->state.x[i] = KNOWN(KNOWN_ANY, 0);
	v->at = f->entry;
	/* A function is entered at its entry; what makes function_clause known is the label before func_info. */
	verify_branch(v, staged->operands.items[staged->instrs.items[f->entry].first].value);
	verify_branch(v, staged->operands.items[staged->instrs.items[f->start].first].value);
	do
		walk(v);
	while (v->again && v->failed == 0);
	verify_loops(v, f);
}

static void verify_round(struct verifier *v)
{
	struct staged *staged = v->staged;
	size_t count = staged->instrs.count;
	mem_free(MEM_TEMP, staged->frame_before, staged->instr_total * sizeof(*staged->frame_before));
	mem_free(MEM_TEMP, staged->facts, staged->instr_total * sizeof(*staged->facts));
	staged->instr_total = count;
	staged->frame_before = mem_alloc(MEM_TEMP, count * sizeof(*staged->frame_before));
	memset(staged->frame_before, 0xFF, count * sizeof(*staged->frame_before)); /* NO_FRAME */
	staged->facts = mem_zalloc(MEM_TEMP, count * sizeof(*staged->facts));
	size_t label_bytes = staged->label_count * sizeof(*v->labels);
	v->labels = mem_zalloc(MEM_TEMP, label_bytes);
	v->functions.count = 0;
	verify_shape(v);
	vec_foreach(f, &v->functions) {
		if (v->failed == 0)
			verify_function(v, f);
	}
	if (v->failed == 0 && v->clones.count > 0)
		verify_insert_clones(v);
	mem_free(MEM_TEMP, v->labels, label_bytes);
	v->labels = NULL;
}

int verify_module(struct staged *staged, struct load_error *error)
{
	size_t count = staged->instrs.count;
	if (staged->label_count > count + 1)
		return load_error_at(error, "Code", 12, "%u labels but %zu instructions", staged->label_count, count);
	struct verifier *v = mem_zalloc(MEM_TEMP, sizeof(*v));
	v->staged = staged;
	v->error = error;
	v->work = count * (uint64_t)WORK_PER_INSTR + 1000000;
	do {
		v->clones.count = 0;
		verify_round(v);
	} while (v->failed == 0 && v->clones.count > 0);
	int failed = v->failed;
	vec_done(&v->functions);
	vec_done(&v->saved);
	vec_done(&v->clones);
	mem_free(MEM_TEMP, v, sizeof(*v));
	return failed;
}
