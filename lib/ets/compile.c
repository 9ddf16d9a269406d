/* SPDX-License-Identifier: Apache-2.0 */
/* From a match specification to its programs.
 * Invariant: the stack that a program needs is known here (stack_max), and every value it can reach has been put there. */
#include "ets/matchspec.h"

#include "base/account.h"
#include "heap/offheap.h"
#include "proc/proc.h"
#include "term/atom.h"
#include "term/map.h"
#include "term/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct variable {
	uint32_t number;
	uint32_t index;
};

enum work_kind {
	WORK_EXPRESSION, /* compile t; copying: its value lands in the result */
	WORK_EMIT,       /* code with a; t for constants */
	WORK_CALL,
	WORK_ACT,        /* code: which action */
	WORK_BRANCH,     /* the argument before was compiled: decide, remember to be patched */
	WORK_PATCH,      /* the last argument was compiled: every branch leads here */
};

struct work {
	uint32_t kind;
	uint32_t code;
	uint32_t a;
	bool copying;
	union {
		term t;
		const struct bif *bif;
	};
};

struct compiler {
	struct matchspec *ms;
	struct ms_errors *errors;
	enum ms_dialect dialect;
	bool failed;
	bool in_guard;
	/* variables of the clause: open addressing by number */
	struct variable *variables;
	uint32_t variable_slots;
	uint32_t variable_count;
	VEC(struct work) work;
	VEC(uint32_t) branches; /* instructions to be patched; those of inner forms lie above those of outer ones */
	VEC(uint32_t) branch_marks;
	uint32_t depth; /* of the stack, after what was emitted */
};

static void wrong(struct compiler *c, const char *format, ...) _printf_(2, 3);

static void wrong(struct compiler *c, const char *format, ...)
{
	c->failed = true;
	if (c->errors == NULL)
		return;
	va_list args;
	va_start(args, format);
	char buffer[512];
	(void)vsnprintf(buffer, sizeof(buffer), format, args); /* cut short when it does not fit */
	va_end(args);
	size_t size = strlen(buffer) + 1;
	char *sentence = mem_alloc(MEM_TEMP, size);
	memcpy(sentence, buffer, size);
	vec_push(&c->errors->sentences, sentence);
}

static void wrong_term(struct compiler *c, const char *before, term t, const char *after)
{
	if (c->errors == NULL) {
		c->failed = true;
		return;
	}
	char text[400];
	struct print_out out;
	print_init_fixed(&out, text, sizeof(text));
	print_display(&out, t);
	wrong(c, "%s%s%s", before, text, after);
}

void ms_errors_done(struct ms_errors *errors)
{
	vec_foreach (sentence, &errors->sentences)
		mem_free(MEM_TEMP, *sentence, strlen(*sentence) + 1);
	vec_done(&errors->sentences);
}

static uint32_t emit(struct compiler *c, enum ms_code code, uint32_t a, term t)
{
	vec_push(&c->ms->ops, ((struct ms_op){ .code = code, .a = a, .t = t }));
	return (uint32_t)c->ms->ops.count - 1;
}

static struct variable *variable_slot(struct compiler *c, uint32_t number)
{
	uint32_t i = number * 2654435761U & (c->variable_slots - 1);
	while (c->variables[i].index != 0 && c->variables[i].number != number)
		i = (i + 1) & (c->variable_slots - 1);
	return &c->variables[i];
}

static void variables_reset(struct compiler *c)
{
	memset(c->variables, 0, c->variable_slots * sizeof(struct variable));
	c->variable_count = 0;
}

/* Indices are kept with one added: 0 is free. */
static bool variable_find(struct compiler *c, uint32_t number, uint32_t *ret_index)
{
	struct variable *v = variable_slot(c, number);
	*ret_index = v->index - 1;
	return v->index != 0;
}

static uint32_t variable_add(struct compiler *c, uint32_t number)
{
	if (c->variable_count * 2 >= c->variable_slots) {
		struct variable *old = c->variables;
		uint32_t slots = c->variable_slots;
		c->variable_slots *= 2;
		c->variables = mem_zalloc(MEM_TEMP, c->variable_slots * sizeof(struct variable));
		for (uint32_t i = 0; i < slots; i++) {
			if (old[i].index != 0)
				*variable_slot(c, old[i].number) = old[i];
		}
		mem_free(MEM_TEMP, old, slots * sizeof(struct variable));
	}
	*variable_slot(c, number) = (struct variable){ number, ++c->variable_count };
	return c->variable_count - 1;
}

static void stack_reaches(struct compiler *c, size_t depth)
{
	if (depth > c->ms->stack_max)
		c->ms->stack_max = (uint32_t)depth;
}

static void compile_map_pattern(struct compiler *c, term map, void *todo_vec)
{
	struct {
		term *items;
		size_t count;
		size_t capacity;
	} *todo = todo_vec;
	struct map_iter iter;
	term key, value;
	size_t size = map_size(map);
	(void)emit(c, MS_MAP, (uint32_t)size, TERM_NONE);
	size_t at = todo->count;
	vec_reserve(todo, at + size);
	todo->count += size;
	map_iter_init(&iter, map);
	for (size_t i = 0; map_iter_next(&iter, &key, &value); i++) {
		if (matchspec_has_variable(key))
			wrong(c, "Variable found in map key.");
		(void)emit(c, MS_KEY, 0, key);
		todo->items[at + size - 1 - i] = value;
	}
}

static void compile_pattern(struct compiler *c, term head)
{
	VEC(term) todo = { 0 };
	vec_push(&todo, head);
	while (todo.count > 0) {
		stack_reaches(c, todo.count);
		term t = vec_pop(&todo);
		uint32_t number, index;
		if (t == A(underscore)) {
			(void)emit(c, MS_ANY, 0, TERM_NONE);
		} else if (matchspec_is_variable(t, &number)) {
			if (variable_find(c, number, &index))
				(void)emit(c, MS_SAME, index, TERM_NONE);
			else
				(void)emit(c, MS_BIND, variable_add(c, number), TERM_NONE);
		} else if (term_is_immediate(t)) {
			(void)emit(c, MS_WORD, 0, t);
		} else if (term_is_cons(t)) {
			(void)emit(c, MS_CONS, 0, TERM_NONE);
			vec_push(&todo, cons_tail(t));
			vec_push(&todo, cons_head(t));
		} else if (term_is_tuple(t)) {
			size_t arity = tuple_arity(t);
			(void)emit(c, MS_TUPLE, (uint32_t)arity, TERM_NONE);
			for (size_t i = arity; i > 0; i--)
				vec_push(&todo, tuple_element(t, i - 1));
		} else if (term_is_map(t)) {
			compile_map_pattern(c, t, &todo);
		} else {
			(void)emit(c, MS_EQUAL, 0, t);
		}
		stack_reaches(c, todo.count);
	}
	vec_done(&todo);
}

static const struct bif *guard_bif(term name, size_t arity)
{
	static const struct {
		term name;
		unsigned arity;
	} guards[] = {
#define GUARD(name, arity) { A(name), arity },
#include "ets/guards.def"
#undef GUARD
	};
	for (size_t i = 0; i < ARRAY_SIZE(guards); i++) {
		if (guards[i].name == name && guards[i].arity == arity) {
			const struct export *export = export_find(A(erlang), name, (uint32_t)arity);
			return export != NULL ? export->bif : NULL;
		}
	}
	return NULL;
}

struct action {
	term name;
	uint32_t least, most;
	bool guard;
	const char *text;
};

static const struct action actions[] = {
#define ACTION(name, least, most, guard, text) { A(name), least, most, guard, text },
#include "ets/actions.def"
#undef ACTION
};

static const struct action *action_of(term name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (actions[i].name == name)
			return &actions[i];
	return NULL;
}

static void push_work(struct compiler *c, struct work work)
{
	vec_push(&c->work, work);
}

static void push_expression(struct compiler *c, term t, bool copying)
{
	push_work(c, (struct work){ .kind = WORK_EXPRESSION, .t = t, .copying = copying });
}

static void push_emit(struct compiler *c, enum ms_code code, uint32_t a)
{
	push_work(c, (struct work){ .kind = WORK_EMIT, .code = code, .a = a, .t = TERM_NONE });
}

static void push_call(struct compiler *c, term t, const struct bif *bif, bool copying)
{
	size_t arity = tuple_arity(t) - 1;
	if (copying)
		push_emit(c, MS_COPY, 0);
	push_work(c, (struct work){ .kind = WORK_CALL, .a = (uint32_t)arity, .bif = bif });
	for (size_t i = arity; i > 0; i--)
		push_expression(c, tuple_element(t, i), false);
}

/* False: it was complained of. */
static bool check_action(struct compiler *c, const struct action *a, term t)
{
	uint32_t count = (uint32_t)tuple_arity(t) - 1;
	bool fits = count >= a->least && count <= a->most;
	struct atom_text name = atom_text(a->name);
	if (a->text == NULL) { /* to OTP these two are functions */
		if (!fits)
			wrong(c, "Function %.*s/%u does_not_exist.", (int)name.size, (const char *)name.bytes, count);
		else if (c->dialect == MS_TABLE || (c->in_guard && !a->guard))
			wrong(c, "Function %.*s/%u cannot be called in this context.", (int)name.size,
				(const char *)name.bytes, count);
		return !c->failed;
	}
	/* OTP's own name for this one is another when it complains of its place. */
	const char *placed = a->name == A(set_seq_token) ? "set_seq_trace" : a->text;
	if (c->dialect == MS_TABLE) {
		wrong(c, "Special form '%s' used in wrong dialect.", placed);
	} else if (c->in_guard && !a->guard) {
		wrong(c, "Special form '%s' called in guard context.", placed);
	} else if (!fits) {
		char before[100];
		(void)snprintf(before, sizeof(before), "Special form '%s' called with %s in ", a->text,
			a->most == 0 ? "arguments" : "wrong number of arguments"); /* names are short */
		wrong_term(c, before, t, a->name == A(current_stacktrace) ? "" : ".");
	} else if (a->name == A(current_stacktrace) && count == 1) {
		term depth = tuple_element(t, 1);
		if (!term_is_small(depth))
			wrong(c, "Special form 'current_stacktrace' called with non small argument.");
		else if (small_value(depth) < 0)
			wrong(c, "Special form 'current_stacktrace' called with negative integer argument.");
	}
	return !c->failed;
}

static void expression_action(struct compiler *c, const struct action *a, term t)
{
	if (!check_action(c, a, t))
		return;
	size_t count = tuple_arity(t) - 1;
	push_work(c, (struct work){ .kind = WORK_ACT, .a = (uint32_t)count, .code = (uint32_t)(a - actions) });
	/* What {message, _} is given outlives the run. */
	for (size_t i = count; i > 0; i--)
		push_expression(c, tuple_element(t, i), a->name == A(message));
}

/* {Op, Argument...} and {{Element...}}. */
static void expression_tuple(struct compiler *c, term t, bool copying)
{
	size_t arity = tuple_arity(t);
	term name = arity > 0 ? tuple_element(t, 0) : TERM_NONE;
	if (arity == 1 && term_is_tuple(name)) {
		size_t size = tuple_arity(name);
		push_emit(c, MS_PUT_TUPLE, (uint32_t)size);
		for (size_t i = size; i > 0; i--)
			push_expression(c, tuple_element(name, i - 1), copying);
		return;
	}
	if (arity == 0 || !term_is_atom(name)) {
		wrong_term(c, "", t, " is neither a function call, nor a tuple (tuples are written {{ ... }}).");
		return;
	}
	if (name == A(const)) {
		if (arity != 2) {
			wrong_term(c, "Special form 'const' called with more than one argument in ", t, ".");
			return;
		}
		if (copying)
			push_emit(c, MS_COPY, 0);
		push_work(c, (struct work){ .kind = WORK_EMIT, .code = MS_CONST, .t = tuple_element(t, 1) });
		return;
	}
	if (name == A(and) || name == A(or)) {
		if (arity < 2) {
			wrong_term(c, name == A(and) ? "Special form 'and' called without arguments in "
						     : "Special form 'or' called without arguments in ",
				t, ".");
			return;
		}
		push_emit(c, name == A(and) ? MS_AND : MS_OR, (uint32_t)arity - 1);
		for (size_t i = arity - 1; i > 0; i--)
			push_expression(c, tuple_element(t, i), false);
		return;
	}
	if (name == A(andalso) || name == A(orelse)) {
		if (arity < 2) {
			wrong_term(c, name == A(andalso) ? "Special form 'andalso' called without arguments in "
							 : "Special form 'orelse' called without arguments in ",
				t, ".");
			return;
		}
		push_work(c, (struct work){ .kind = WORK_PATCH });
		push_expression(c, tuple_element(t, arity - 1), copying);
		for (size_t i = arity - 2; i > 0; i--) {
			push_work(c, (struct work){ .kind = WORK_BRANCH,
					     .code = name == A(andalso) ? MS_ANDALSO : MS_ORELSE });
			push_expression(c, tuple_element(t, i), false);
		}
		vec_push(&c->branch_marks, (uint32_t)c->branches.count);
		return;
	}
	if (name == A(self) && arity == 1) {
		push_emit(c, MS_SELF, 0);
		return;
	}
	const struct action *action = action_of(name);
	if (action != NULL) {
		expression_action(c, action, t);
		return;
	}
	const struct bif *bif = guard_bif(name, arity - 1);
	if (bif != NULL) {
		push_call(c, t, bif, copying);
		return;
	}
	struct atom_text text = atom_text(name);
	wrong(c, "Function %.*s/%zu does_not_exist.", (int)text.size, (const char *)text.bytes, arity - 1);
}

static void expression_map(struct compiler *c, term t, bool copying)
{
	struct map_iter iter;
	term key, value;
	push_emit(c, MS_PUT_MAP, (uint32_t)map_size(t));
	map_iter_init(&iter, t);
	while (map_iter_next(&iter, &key, &value)) {
		push_expression(c, value, copying);
		push_expression(c, key, copying);
	}
}

static void pushed(struct compiler *c)
{
	stack_reaches(c, ++c->depth);
}

static void expression(struct compiler *c, term t, bool copying)
{
	uint32_t number, index;
	if (t == A(dollar_underscore)) {
		(void)emit(c, copying ? MS_OBJECT_COPY : MS_OBJECT, 0, TERM_NONE);
		pushed(c);
	} else if (t == A(dollar_dollar)) {
		(void)emit(c, copying ? MS_ALL_COPY : MS_ALL, 0, TERM_NONE);
		pushed(c);
	} else if (matchspec_is_variable(t, &number)) {
		if (!variable_find(c, number, &index)) {
			wrong(c, "Variable $%u is unbound.", number);
			index = 0;
		}
		(void)emit(c, MS_VAR, index, TERM_NONE);
		pushed(c);
		if (copying)
			(void)emit(c, MS_COPY, 0, TERM_NONE);
	} else if (term_is_cons(t)) {
		push_emit(c, MS_PUT_CONS, 0);
		push_expression(c, cons_tail(t), copying);
		push_expression(c, cons_head(t), copying);
	} else if (term_is_tuple(t)) {
		expression_tuple(c, t, copying);
	} else if (term_is_map(t) && map_size(t) > 0) {
		expression_map(c, t, copying);
	} else {
		(void)emit(c, MS_CONST, 0, t);
		pushed(c);
		if (copying && !term_is_immediate(t))
			(void)emit(c, MS_COPY, 0, TERM_NONE);
	}
}

/* What an instruction does to the depth of the stack besides pushing one value. */
static uint32_t taken_by(enum ms_code code, uint32_t a)
{
	switch (code) {
	case MS_PUT_TUPLE:
	case MS_CALL:
	case MS_ACT:
	case MS_AND:
	case MS_OR:
		return a;
	case MS_PUT_MAP:
		return 2 * a;
	case MS_PUT_CONS:
		return 2;
	case MS_COPY:
		return 1;
	default:
		return 0;
	}
}

static void compile_expression(struct compiler *c, term root, bool copying)
{
	push_expression(c, root, copying);
	while (c->work.count > 0) {
		struct work w = vec_pop(&c->work);
		switch ((enum work_kind)w.kind) {
		case WORK_EXPRESSION:
			expression(c, w.t, w.copying);
			break;
		case WORK_EMIT:
		case WORK_CALL: {
			enum ms_code code = w.kind == WORK_CALL ? MS_CALL : (enum ms_code)w.code;
			uint32_t at = emit(c, code, w.a, w.kind == WORK_CALL ? TERM_NONE : w.t);
			if (w.kind == WORK_CALL)
				c->ms->ops.items[at].bif = w.bif;
			uint32_t taken = taken_by(code, w.a);
			c->depth = c->depth > taken ? c->depth - taken : 0;
			pushed(c);
			break;
		}
		case WORK_ACT: {
			uint32_t at = emit(c, MS_ACT, w.a, TERM_NONE);
			c->ms->ops.items[at].action = w.code;
			c->depth = c->depth > w.a ? c->depth - w.a : 0;
			pushed(c);
			break;
		}
		case WORK_BRANCH:
			vec_push(&c->branches, emit(c, (enum ms_code)w.code, 0, TERM_NONE));
			if (c->depth > 0)
				c->depth--;
			break;
		case WORK_PATCH: {
			uint32_t mark = vec_pop(&c->branch_marks);
			while (c->branches.count > mark)
				c->ms->ops.items[vec_pop(&c->branches)].a = (uint32_t)c->ms->ops.count;
			break;
		}
		}
	}
}

/* A proper list of expressions, or a complaint. */
static bool check_list(struct compiler *c, term list)
{
	if (!term_is_list(list)) {
		wrong(c, "Match expression is not a list.");
		return false;
	}
	while (term_is_cons(list))
		list = cons_tail(list);
	if (list != TERM_NIL)
		wrong(c, "Match expression is not a proper list.");
	return list == TERM_NIL;
}

static int by_number(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* '$$' gives the variables in order of their numbers. */
static void sort_variables(struct compiler *c, struct ms_clause *clause)
{
	VEC(struct variable) all = { 0 };
	for (uint32_t i = 0; i < c->variable_slots; i++) {
		if (c->variables[i].index != 0)
			vec_push(&all, c->variables[i]);
	}
	if (all.count > 1)
		qsort(all.items, all.count, sizeof(all.items[0]), by_number);
	clause->variables = (uint32_t)all.count;
	clause->first_sorted = (uint32_t)c->ms->sorted.count;
	vec_foreach (v, &all)
		vec_push(&c->ms->sorted, v->index - 1);
	if (all.count > c->ms->variables_max)
		c->ms->variables_max = (uint32_t)all.count;
	vec_done(&all);
}

/* The body of a clause for tracing: everything is done, for what it does. */
static void compile_actions(struct compiler *c, term body)
{
	if (check_list(c, body)) {
		for (; term_is_cons(body); body = cons_tail(body)) {
			c->depth = 0;
			compile_expression(c, cons_head(body), false);
			(void)emit(c, MS_POP, 0, TERM_NONE);
		}
	}
	c->depth = 0;
	(void)emit(c, MS_CONST, 0, A(true));
	pushed(c);
	(void)emit(c, MS_RETURN, 0, TERM_NONE);
}

static void compile_clause(struct compiler *c, term t)
{
	struct ms_clause clause = { .head = tuple_element(t, 0), .body_last = TERM_NONE };
	term guards = tuple_element(t, 1);
	term body = tuple_element(t, 2);
	variables_reset(c);
	clause.pattern = (uint32_t)c->ms->ops.count;
	uint32_t number;
	if (c->dialect == MS_TRACE && !term_is_list(clause.head) && clause.head != A(underscore) &&
		!matchspec_is_variable(clause.head, &number)) {
		wrong(c, "Match head is invalid in this context."); /* of the rest nothing is said */
		return;
	}
	compile_pattern(c, clause.head);
	sort_variables(c, &clause);
	clause.guards = (uint32_t)c->ms->ops.count;
	c->in_guard = true;
	if (check_list(c, guards)) {
		for (; term_is_cons(guards); guards = cons_tail(guards)) {
			c->depth = 0;
			compile_expression(c, cons_head(guards), false);
			(void)emit(c, MS_TEST, 0, TERM_NONE);
		}
	}
	c->in_guard = false;
	clause.body = (uint32_t)c->ms->ops.count;
	if (c->dialect == MS_TRACE) {
		compile_actions(c, body);
		vec_push(&c->ms->clauses, clause);
		return;
	}
	if (!term_is_cons(body)) {
		wrong(c, "Body clause does not return anything.");
		return;
	}
	if (check_list(c, body)) {
		for (; term_is_cons(body); body = cons_tail(body)) {
			bool last = cons_tail(body) == TERM_NIL;
			c->depth = 0;
			uint32_t start = (uint32_t)c->ms->ops.count;
			compile_expression(c, cons_head(body), true);
			clause.body_count++;
			clause.body_last = cons_head(body);
			if (!last)
				c->ms->ops.count = start; /* only the last one's value counts, and none does anything else */
		}
	}
	(void)emit(c, MS_RETURN, 0, TERM_NONE);
	vec_push(&c->ms->clauses, clause);
}

static int64_t matchspec_bytes(const struct matchspec *ms)
{
	return (int64_t)(sizeof(*ms) + ms->ops.capacity * sizeof(*ms->ops.items) +
			 ms->clauses.capacity * sizeof(*ms->clauses.items) + ms->sorted.capacity * sizeof(*ms->sorted.items));
}

static void matchspec_destroy(struct counted *counted)
{
	struct matchspec *ms = (struct matchspec *)(void *)counted; /* first member */
	owned_term_free(ms->source);
	account_charge(ms->account, ACCOUNT_OTHER, -matchspec_bytes(ms));
	vec_done(&ms->ops);
	vec_done(&ms->clauses);
	vec_done(&ms->sorted);
	mem_free(MEM_ETS, ms, sizeof(*ms));
}

void matchspec_put(struct matchspec *ms)
{
	counted_unref(&ms->counted);
}

struct matchspec *matchspec_compile(term source, enum ms_dialect dialect, struct ms_errors *errors)
{
	struct matchspec *ms = mem_zalloc(MEM_ETS, sizeof(*ms));
	ms->counted.refs = 1;
	ms->counted.destroy = matchspec_destroy;
	ms->source = owned_term_new_deep(MEM_ETS, source);
	struct compiler c = { .ms = ms, .errors = errors, .dialect = dialect, .variable_slots = 16 };
	c.variables = mem_zalloc(MEM_TEMP, c.variable_slots * sizeof(struct variable));

	term list = ms->source->value;
	term end = list;
	while (term_is_cons(end))
		end = cons_tail(end);
	if (end != TERM_NIL) {
		wrong(&c, "Match programs are not in a list.");
		list = TERM_NIL;
	}
	for (term rest = list; term_is_cons(rest); rest = cons_tail(rest)) {
		if (!term_is_tuple_of(cons_head(rest), 3)) {
			wrong(&c, "Match program part is not a tuple of arity 3.");
			list = TERM_NIL;
		}
	}
	for (; term_is_cons(list); list = cons_tail(list))
		compile_clause(&c, cons_head(list));

	mem_free(MEM_TEMP, c.variables, c.variable_slots * sizeof(struct variable));
	vec_done(&c.work);
	vec_done(&c.branches);
	vec_done(&c.branch_marks);
	ms->account = account_current();
	account_charge(ms->account, ACCOUNT_OTHER, matchspec_bytes(ms));
	if (c.failed) {
		matchspec_put(ms);
		return NULL;
	}
	return ms;
}

struct matchspec *matchspec_of_pattern(struct heap *heap, term pattern, term result)
{
	term clause = heap_tuple_of(heap, pattern, TERM_NIL, heap_cons(heap, result, TERM_NIL));
	return matchspec_compile(heap_cons(heap, clause, TERM_NIL), MS_TABLE, NULL);
}

term matchspec_reference(struct heap *heap, struct matchspec *ms)
{
	struct ref_id id = ref_new_id();
	term *p = heap_alloc(heap, MAGIC_REF_WORDS);
	p[0] = HEADER(BOXED_MAGIC_REF, MAGIC_REF_WORDS - 1);
	p[2] = (term)(uintptr_t)&ms->counted;
	p[3] = id.high;
	p[4] = id.low;
	offheap_add(&heap->offheap, p, MAGIC_REF_BYTES);
	return term_of_boxed(p);
}

struct matchspec *matchspec_of(term t)
{
	if (!term_is_kind(t, BOXED_MAGIC_REF))
		return NULL;
	struct counted *counted = offheap_counted(boxed_ptr(t));
	return counted->destroy == matchspec_destroy ? (struct matchspec *)(void *)counted : NULL;
}
