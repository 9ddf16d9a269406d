/* SPDX-License-Identifier: Apache-2.0 */
/* Loops: the engine counts calls, and parks at wait; a jump costs nothing. So a way that comes back to where it was without a call,
 * a return or a wait would never end a slice. Only receives jump back in what compilers make, by loop_rec_end (which is bounded
 * by the mailbox) and wait.
 *
 * A depth-first search over the blocks of a function, made only where something jumps back at all. */
#include "base/alloc.h"
#include "code/verify_impl.h"

/* Jumps of these end in a look at the mailbox or a sleep. Calls of functions are no jumps within one. */
static bool is_counted(enum op op)
{
	return op == OP_loop_rec_end || op == OP_wait || op == OP_wait_timeout || op == OP_call || op == OP_call_last ||
		op == OP_call_only;
}

/* Calls fn for each label that an instruction may jump to, handlers included. */
static void each_target(struct verifier *v, uint32_t at, void (*fn)(struct verifier *v, uint32_t target, void *arg), void *arg)
{
	const struct staged *staged = v->staged;
	const struct generic_instr *instr = &staged->instrs.items[at];
	if (is_counted((enum op)instr->op))
		return;
	for (unsigned n = 0; n < instr->count; n++) {
		const struct operand *o = &staged->operands.items[instr->first + n];
		bool list = o->kind == OPERAND_LIST;
		const struct operand *first = list ? &staged->operands.items[o->index] : o;
		for (uint64_t k = 0; k < (list ? o->value : 1); k++) {
			if (first[k].kind == OPERAND_LABEL && first[k].value != 0 && first[k].value < staged->label_count &&
				v->labels[first[k].value].instr != 0)
				fn(v, v->labels[first[k].value].instr - 1, arg);
		}
	}
}

static void note_backward(struct verifier *v, uint32_t target, void *arg)
{
	bool *found = arg;
	*found = *found || target <= v->at;
}

enum { WHITE, GREY, BLACK };

struct search {
	const struct function *f;
	uint8_t *colours; /* by instruction of the function that is a label */
	VEC(uint32_t) path; /* blocks that are being looked into, and, above each, those to be looked into */
	bool loop;
};

static void visit(struct verifier *v, uint32_t target, void *arg)
{
	struct search *s = arg;
	(void)v; /* each_target() hands it on */
	if (target < s->f->start || target >= s->f->end)
		return;
	uint8_t colour = s->colours[target - s->f->start];
	s->loop = s->loop || colour == GREY;
	if (colour == WHITE)
		vec_push(&s->path, target);
}

/* Pushes what follows the block that begins at `at`. */
static void expand(struct verifier *v, struct search *s, uint32_t at)
{
	for (uint32_t i = at; i < s->f->end; i++) {
		if (i != at && v->staged->instrs.items[i].op == OP_label) {
			/* Control may run on into the next block, but not out of what ends one: there it was not reached from here. */
			if ((v->staged->facts[i] & FACT_REACHED) != 0 && !verify_ends(v->staged, i - 1))
				visit(v, i, s);
			return;
		}
		if ((v->staged->facts[i] & FACT_REACHED) != 0)
			each_target(v, i, visit, s);
	}
}

void verify_loops(struct verifier *v, const struct function *f)
{
	bool backward = false;
	for (v->at = f->start; v->at < f->end && v->failed == 0; v->at++) {
		if ((v->staged->facts[v->at] & FACT_REACHED) != 0)
			each_target(v, v->at, note_backward, &backward);
	}
	if (!backward || v->failed != 0)
		return;
	struct search s = { .f = f };
	size_t bytes = f->end - f->start;
	s.colours = mem_zalloc(MEM_TEMP, bytes);
	vec_push(&s.path, f->entry);
	while (s.path.count > 0 && !s.loop) {
		uint32_t at = s.path.items[s.path.count - 1];
		uint8_t *colour = &s.colours[at - f->start];
		if (*colour == WHITE) {
			*colour = GREY;
			expand(v, &s, at);
		} else {
			*colour = BLACK; /* grey: all behind it has been seen; black: it stood twice */
			s.path.count--;
		}
	}
	if (s.loop) {
		v->at = f->entry;
		(void)verify_refuse(v, "a loop without a call");
	}
	vec_done(&s.path);
	mem_free(MEM_TEMP, s.colours, bytes);
}
