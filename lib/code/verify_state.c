/* SPDX-License-Identifier: Apache-2.0 */
/* The second pass of verification: the abstract state of registers, frame and reserved heap, as instructions read and change it.
 * Once an instruction is refused nothing here looks at the state any more. */
#include "code/verify_impl.h"
#include "term/atom.h"

static known known_of_term(term t)
{
	if (term_is_cons(t))
		return KNOWN(KNOWN_CONS, 0);
	if (term_is_tuple(t) && tuple_arity(t) <= KNOWN_MORE_MAX)
		return KNOWN(KNOWN_TUPLE, tuple_arity(t));
	if (term_is_map(t))
		return KNOWN(KNOWN_MAP, 0);
	if (term_is_float(t))
		return KNOWN(KNOWN_FLOAT, 0);
	if (t == A(error) || t == A(exit) || t == A(throw))
		return KNOWN(KNOWN_CLASS, 0);
	return t == TERM_NIL ? KNOWN(KNOWN_NIL, 0) : KNOWN_VALUE;
}

/* What is known of a y register's slot; NULL (refused) when there is none. */
static known *y_slot(struct verifier *v, uint64_t y)
{
	struct state *s = &v->state;
	if (s->frame == NO_FRAME || y >= s->frame) {
		(void)verify_refuse(v, "y%llu is not in the frame", (unsigned long long)y);
		return NULL;
	}
	return &s->y[y];
}

known verify_read(struct verifier *v, const struct operand *o)
{
	if (v->failed != 0)
		return KNOWN_VALUE;
	if (o->kind == OPERAND_TERM)
		return known_of_term(o->term);
	if (o->kind == OPERAND_X) {
		if (o->value >= v->state.x_count || known_kind(v->state.x[o->value]) == KNOWN_NONE) {
			(void)verify_refuse(v, "x%llu holds no value here", (unsigned long long)o->value);
			return KNOWN_VALUE;
		}
		return v->state.x[o->value];
	}
	if (o->kind == OPERAND_Y) {
		const known *y = y_slot(v, o->value);
		if (y != NULL && known_kind(*y) == KNOWN_NONE)
			(void)verify_refuse(v, "y%llu holds no value here", (unsigned long long)o->value);
		else if (y != NULL && known_kind(*y) == KNOWN_CATCH)
			(void)verify_refuse(v, "y%llu holds a catch here", (unsigned long long)o->value);
		return v->failed != 0 ? KNOWN_VALUE : *y;
	}
	if (o->kind != OPERAND_FR)
		(void)verify_refuse(v, "an operand that is no value");
	return KNOWN_VALUE;
}

void verify_write_y(struct verifier *v, uint64_t number, known k)
{
	known *y = y_slot(v, number);
	if (y == NULL)
		return;
	v->state.catches += (known_kind(k) == KNOWN_CATCH);
	v->state.catches -= (known_kind(*y) == KNOWN_CATCH);
	v->state.unseen = true;
	*y = k;
}

void verify_write(struct verifier *v, const struct operand *o, known k)
{
	struct state *s = &v->state;
	if (v->failed != 0)
		return;
	if (o->kind == OPERAND_X && o->value < VERIFY_X_MAX) {
		for (; s->x_count <= o->value; s->x_count++)
			s->x[s->x_count] = KNOWN(KNOWN_NONE, 0);
		s->x[o->value] = k;
	} else if (o->kind == OPERAND_Y) {
		verify_write_y(v, o->value, k);
	} else if (o->kind != OPERAND_FR) {
		(void)verify_refuse(v, "an operand that is no register");
	}
}

void verify_learn(struct verifier *v, const struct operand *o, known k)
{
	if (o->kind != OPERAND_TERM)
		verify_write(v, o, k);
}

void verify_need_live(struct verifier *v, uint64_t live)
{
	struct state *s = &v->state;
	for (uint64_t i = 0; i < live && v->failed == 0; i++) {
		if (i >= s->x_count || known_kind(s->x[i]) == KNOWN_NONE)
			(void)verify_refuse(v, "x%llu holds no value here", (unsigned long long)i);
	}
}

void verify_keep_live(struct verifier *v, uint64_t live)
{
	verify_need_live(v, live);
	if (v->failed == 0)
		v->state.x_count = (uint32_t)live;
}

void verify_may_collect(struct verifier *v)
{
	struct state *s = &v->state;
	s->heap_words = 0;
	if (s->frame == NO_FRAME)
		return;
	for (uint32_t i = 0; i < s->frame && v->failed == 0; i++) {
		if (known_kind(s->y[i]) == KNOWN_NONE)
			(void)verify_refuse(v, "y%u holds no value where a collection may come", i);
	}
}

void verify_take_heap(struct verifier *v, uint64_t words)
{
	if (v->state.heap_words < words) {
		(void)verify_refuse(v, "needs %llu words, but %llu are reserved", (unsigned long long)words,
			(unsigned long long)v->state.heap_words);
		return;
	}
	v->state.heap_words -= words;
}

void verify_need_fact(struct verifier *v, bool fits)
{
	if (fits)
		v->staged->facts[v->at] |= FACT_SOURCE_FITS;
}

void verify_need_unit(struct verifier *v, const struct operand *o)
{
	if (o->kind != OPERAND_U || o->value == 0 || o->value > 256)
		(void)verify_refuse(v, "a unit that is not 1 to 256");
}

void verify_need_context(struct verifier *v, const struct operand *o)
{
	if (known_kind(verify_read(v, o)) != KNOWN_CONTEXT)
		(void)verify_refuse(v, "no match context in that register");
	verify_need_fact(v, true);
}

void verify_fail_to(struct verifier *v, const struct operand *o)
{
	if (o->kind == OPERAND_LABEL && o->value != 0)
		verify_branch(v, o->value);
	else
		verify_raise(v);
}
