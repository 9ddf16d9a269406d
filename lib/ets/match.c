/* SPDX-License-Identifier: Apache-2.0 */
/* Running compiled match specifications.
 * Invariant: values of guards may refer to the object itself (the table is locked meanwhile); what a body returns has been
 * copied to the process's heap. */
#include "ets/matchspec.h"

#include "data/map.h"
#include "proc/proc.h"
#include "term/atom.h"

term (*matchspec_trace_test)(struct proc *p, const struct matchspec *ms, term args); /* fixed once processes run */

void ms_run_init(struct ms_run *run, const struct matchspec *ms, struct proc *p)
{
	run->ms = ms;
	run->p = p;
	run->tracing = NULL;
	size_t words = (size_t)ms->stack_max + ms->variables_max;
	run->stack = words <= ARRAY_SIZE(run->inline_words) ? run->inline_words
							    : mem_alloc(MEM_TEMP, words * sizeof(term));
	run->variables = run->stack + ms->stack_max;
}

void ms_run_done(struct ms_run *run)
{
	if (run->stack != run->inline_words)
		mem_free(MEM_TEMP, run->stack, ((size_t)run->ms->stack_max + run->ms->variables_max) * sizeof(term));
}

static bool match_pattern(struct ms_run *run, const struct ms_clause *clause, term t)
{
	const struct ms_op *op = &run->ms->ops.items[clause->pattern];
	const struct ms_op *end = &run->ms->ops.items[clause->guards];
	term *top = run->stack; /* one past the last */
	*top++ = t;
	for (; op < end; op++) {
		t = *--top;
		switch ((enum ms_code)op->code) {
		case MS_ANY:
			break;
		case MS_BIND:
			run->variables[op->a] = t;
			break;
		case MS_SAME:
			if (!term_equal(run->variables[op->a], t))
				return false;
			break;
		case MS_WORD:
			if (t != op->t)
				return false;
			break;
		case MS_EQUAL:
			if (!term_equal(t, op->t))
				return false;
			break;
		case MS_TUPLE: {
			if (!term_is_tuple_of(t, op->a))
				return false;
			const term *elements = tuple_elements(t);
			for (uint32_t i = op->a; i > 0; i--)
				*top++ = elements[i - 1];
			break;
		}
		case MS_CONS:
			if (!term_is_cons(t))
				return false;
			*top++ = cons_tail(t);
			*top++ = cons_head(t);
			break;
		case MS_MAP: {
			if (!term_is_map(t))
				return false;
			uint32_t count = op->a;
			for (uint32_t i = 0; i < count; i++) {
				term value = map_get(t, op[1 + i].t);
				if (value == TERM_NONE)
					return false;
				top[count - 1 - i] = value;
			}
			top += count;
			op += count;
			break;
		}
		default:
			return false; /* MS_NEVER */
		}
	}
	return true;
}

static term all_variables(struct ms_run *run, const struct ms_clause *clause, bool copying)
{
	struct heap *heap = proc_heap(run->p);
	term list = TERM_NIL;
	for (uint32_t i = clause->variables; i > 0; i--) {
		term value = run->variables[run->ms->sorted.items[clause->first_sorted + i - 1]];
		list = heap_cons(heap, copying ? heap_copy(heap, value) : value, list);
	}
	return list;
}

/* A BIF's failure is a value here. Nothing of it may be kept: it may refer to the table's memory. */
static term call(struct ms_run *run, const struct ms_op *op, const term *args)
{
	term value = op->bif->direct(run->p, args);
	if (value == TERM_NONE) {
		run->p->outcome = OUTCOME_NONE;
		if (run->p->extra != NULL) {
			struct raise *raise = &run->p->extra->raise;
			raise->reason = raise->trace = raise->args = raise->cause = TERM_NONE;
		}
	}
	return value;
}

static term junction(const struct ms_op *op, const term *args)
{
	bool is_and = op->code == MS_AND;
	bool result = is_and;
	for (uint32_t i = 0; i < op->a; i++) {
		if (args[i] != A(true) && args[i] != A(false))
			return TERM_NONE;
		if ((args[i] == A(true)) != is_and)
			result = !is_and;
	}
	return term_of_bool(result);
}

/* Runs expressions from op on until a test fails (TERM_NONE), or MS_RETURN. in_body: failures become 'EXIT'. */
static term evaluate(struct ms_run *run, const struct ms_clause *clause, const struct ms_op *op, const struct ms_op *body,
	const struct object *o, term object)
{
	struct heap *heap = proc_heap(run->p);
	const struct ms_op *ops = run->ms->ops.items;
	term *top = run->stack;
	for (;; op++) {
		term value;
		switch ((enum ms_code)op->code) {
		case MS_CONST:
			*top++ = op->t;
			continue;
		case MS_VAR:
			*top++ = run->variables[op->a];
			continue;
		case MS_OBJECT:
			*top++ = object;
			continue;
		case MS_OBJECT_COPY:
			*top++ = o != NULL ? object_copy(heap, o) : heap_copy(heap, object);
			continue;
		case MS_ALL:
		case MS_ALL_COPY:
			*top++ = all_variables(run, clause, op->code == MS_ALL_COPY);
			continue;
		case MS_SELF:
			*top++ = run->p->pid;
			continue;
		case MS_COPY:
			if (!term_is_immediate(top[-1]))
				top[-1] = heap_copy(heap, top[-1]);
			continue;
		case MS_PUT_CONS:
			top--;
			top[-1] = heap_cons(heap, top[-1], top[0]);
			continue;
		case MS_PUT_TUPLE:
			top -= op->a;
			*top = heap_tuple(heap, op->a, top);
			top++;
			continue;
		case MS_PUT_MAP:
			top -= 2 * op->a;
			*top = map_of_pairs(heap, top, op->a, MAP_OF_LAST_WINS);
			top++;
			continue;
		case MS_CALL:
			top -= op->a;
			value = call(run, op, top);
			break;
		case MS_ACT:
			top -= op->a;
			value = run->tracing->act(run->tracing, run->p, (enum ms_action)op->action, top, op->a);
			break;
		case MS_POP:
			top--;
			continue;
		case MS_AND:
		case MS_OR:
			top -= op->a;
			value = junction(op, top);
			break;
		case MS_ANDALSO:
		case MS_ORELSE: {
			term stops = op->code == MS_ANDALSO ? A(false) : A(true);
			if (top[-1] == stops) {
				op = ops + op->a - 1;
				continue;
			}
			if (top[-1] == (stops == A(true) ? A(false) : A(true))) {
				top--;
				continue;
			}
			if (op < body)
				return TERM_NONE;
			top[-1] = A(EXIT);
			op = ops + op->a - 1;
			continue;
		}
		case MS_TEST:
			if (*--top != A(true))
				return TERM_NONE;
			continue;
		default:
			return top[-1]; /* MS_RETURN */
		}
		if (value == TERM_NONE) {
			if (op < body)
				return TERM_NONE;
			value = A(EXIT);
		}
		*top++ = value;
	}
}

term ms_run_match(struct ms_run *run, const struct object *o, term t)
{
	const struct ms_op *ops = run->ms->ops.items;
	for (size_t i = 0; i < run->ms->clauses.count; i++) {
		const struct ms_clause *clause = &run->ms->clauses.items[i];
		if (!match_pattern(run, clause, t))
			continue;
		term value = evaluate(run, clause, ops + clause->guards, ops + clause->body, o, t);
		if (value != TERM_NONE)
			return value;
	}
	return TERM_NONE;
}

bool ms_run_trace(struct ms_run *run, struct ms_tracing *tracing, term args)
{
	run->tracing = tracing;
	return ms_run_match(run, NULL, args) != TERM_NONE;
}

bool ms_run_true(struct ms_run *run, const struct object *o, term t)
{
	return ms_run_match(run, o, t) == A(true);
}
