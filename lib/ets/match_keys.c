/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told of a match specification's patterns without running them: which keys they ask for, whether a body keeps the
 * key. It reads the source, of any depth, with stacks of its own. */
#include "ets/matchspec.h"

#include "term/atom.h"
#include "term/map.h"

bool matchspec_is_variable(term t, uint32_t *ret_number)
{
	if (!term_is_atom(t))
		return false;
	struct atom_text text = atom_text(t);
	if (text.size < 2 || text.size > 10 || text.bytes[0] != '$' || (text.bytes[1] == '0' && text.size > 2))
		return false;
	uint32_t number = 0;
	for (uint32_t i = 1; i < text.size; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		number = number * 10 + (text.bytes[i] - '0');
	}
	*ret_number = number;
	return true;
}

bool matchspec_has_variable(term root)
{
	VEC(term) todo = { 0 };
	bool found = false;
	uint32_t number;
	vec_push(&todo, root);
	while (!found && todo.count > 0) {
		term t = vec_pop(&todo);
		if (t == A(underscore) || matchspec_is_variable(t, &number)) {
			found = true;
		} else if (term_is_cons(t)) {
			vec_push(&todo, cons_tail(t));
			vec_push(&todo, cons_head(t));
		} else if (term_is_tuple(t)) {
			for (size_t i = 0; i < tuple_arity(t); i++)
				vec_push(&todo, tuple_element(t, i));
		} else if (term_is_map(t)) {
			struct map_iter iter;
			term key, value;
			map_iter_init(&iter, t);
			while (map_iter_next(&iter, &key, &value)) {
				vec_push(&todo, key);
				vec_push(&todo, value);
			}
		}
	}
	vec_done(&todo);
	return found;
}

enum ms_keys matchspec_keys(const struct matchspec *ms, size_t keypos, void *ret_keys_vec)
{
	struct ms_keys_vec *vec = ret_keys_vec;
	for (size_t i = 0; i < ms->clauses.count; i++) {
		const struct ms_clause *clause = &ms->clauses.items[i];
		uint32_t number;
		if (clause->head == A(underscore) || matchspec_is_variable(clause->head, &number))
			return MS_KEYS_ALL;
		if (!term_is_tuple(clause->head) || tuple_arity(clause->head) < keypos)
			continue; /* never matches */
		term key = tuple_element(clause->head, keypos - 1);
		if (matchspec_has_variable(key) || term_is_map(key))
			return MS_KEYS_ALL; /* a map pattern matches larger maps */
		bool known = false;
		vec_foreach (other, &vec->keys)
			known = known || term_equal(*other, key);
		if (!known && vec->keys.count >= 8)
			return MS_KEYS_ALL; /* many clauses: walking the table is not dearer */
		if (!known)
			vec_push(&vec->keys, key);
	}
	return MS_KEYS_SOME;
}

term matchspec_key_prefix(const struct matchspec *ms, size_t keypos, size_t *ret_constants)
{
	if (ms->clauses.count != 1)
		return TERM_NONE;
	term head = ms->clauses.items[0].head;
	if (!term_is_tuple(head) || tuple_arity(head) < keypos)
		return TERM_NONE;
	term key = tuple_element(head, keypos - 1);
	if (!term_is_tuple(key))
		return TERM_NONE;
	size_t constants = 0;
	while (constants < tuple_arity(key) && !matchspec_has_variable(tuple_element(key, constants)) &&
		!term_is_map(tuple_element(key, constants)))
		constants++;
	*ret_constants = constants;
	return constants > 0 ? key : TERM_NONE;
}

static bool body_keeps_key(const struct ms_clause *clause, size_t keypos)
{
	term head = clause->head;
	term body = clause->body_last;
	if (clause->body_count != 1)
		return false;
	if (body == A(dollar_underscore))
		return true;
	if (!term_is_tuple(body))
		return false;
	bool constant = term_is_tuple_of(body, 2) && tuple_element(body, 0) == A(const);
	term made = constant ? tuple_element(body, 1) : tuple_arity(body) == 1 ? tuple_element(body, 0) : TERM_NONE;
	if (!term_is_tuple(made) || tuple_arity(made) < keypos)
		return false;
	term key = tuple_element(made, keypos - 1);
	/* {element, KeyPos, '$_'} */
	if (!constant && term_is_tuple_of(key, 3) && tuple_element(key, 0) == A(element) &&
		tuple_element(key, 1) == term_of_small((int64_t)keypos) && tuple_element(key, 2) == A(dollar_underscore))
		return true;
	if (!term_is_tuple(head) || tuple_arity(head) < keypos)
		return false;
	term pattern = tuple_element(head, keypos - 1);
	if (constant)
		return !matchspec_has_variable(pattern) && !term_is_map(pattern) && term_equal(pattern, key);
	return true;
}

/* Whether an expression builds what a pattern matched: equal but for {{...}} around tuples, and without '_'. */
static bool rebuilds(term pattern, term built)
{
	VEC(term) todo = { 0 };
	bool same = true;
	vec_push(&todo, pattern);
	vec_push(&todo, built);
	while (same && todo.count > 0) {
		term b = vec_pop(&todo);
		term p = vec_pop(&todo);
		if (p == A(underscore)) {
			same = false;
		} else if (term_is_tuple(p)) {
			same = term_is_tuple_of(b, 1) && term_is_tuple(tuple_element(b, 0)) &&
			       tuple_arity(tuple_element(b, 0)) == tuple_arity(p);
			for (size_t i = 0; same && i < tuple_arity(p); i++) {
				vec_push(&todo, tuple_element(p, i));
				vec_push(&todo, tuple_element(tuple_element(b, 0), i));
			}
		} else if (term_is_cons(p)) {
			same = term_is_cons(b);
			if (same) {
				vec_push(&todo, cons_tail(p));
				vec_push(&todo, cons_tail(b));
				vec_push(&todo, cons_head(p));
				vec_push(&todo, cons_head(b));
			}
		} else {
			same = !term_is_map(p) && term_equal(p, b);
		}
	}
	vec_done(&todo);
	return same;
}

bool matchspec_keeps_key(const struct matchspec *ms, size_t keypos)
{
	for (size_t i = 0; i < ms->clauses.count; i++) {
		const struct ms_clause *clause = &ms->clauses.items[i];
		if (!body_keeps_key(clause, keypos))
			return false;
		term body = clause->body_last;
		if (!term_is_tuple_of(body, 1))
			continue; /* '$_', or a constant */
		term key = tuple_element(tuple_element(body, 0), keypos - 1);
		if (term_is_tuple_of(key, 3) && tuple_element(key, 0) == A(element))
			continue;
		if (!rebuilds(tuple_element(clause->head, keypos - 1), key))
			return false;
	}
	return true;
}
