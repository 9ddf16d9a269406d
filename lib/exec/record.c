/* SPDX-License-Identifier: Apache-2.0 */
/* Native records (OTP 29): made, updated and read by instructions; term/record.h has the layout.
 *
 * An identity in an instruction is a row of the module's own records ({Definition, Defaults}), {Module, Name} of another
 * module's, or the atom '_' for any record. Another module's record must be exported to be made, read or changed.
 * Fields are few: they are looked for one by one. */
#include "exec/exec_impl.h"

#include "code/module.h"
#include "term/record.h"

#include <string.h>

static bool is_own(term identity)
{
	return term_is_tuple(identity) && term_is_tuple(tuple_element(identity, 0));
}

static bool names(term definition, term module, term name)
{
	return record_module(definition) == module && record_name(definition) == name;
}

bool record_is(term t, term module, term name)
{
	return term_is_record(t) && names(record_definition(t), module, name);
}

bool record_is_accessible(term t, term scope, term module)
{
	if (!term_is_record(t))
		return false;
	term definition = record_definition(t);
	return record_exported(definition) == A(true) ||
	       (scope != A(external) && record_module(definition) == module);
}

/* Whether an instruction with that identity may work on t. */
static bool fits(term t, term identity)
{
	if (!term_is_record(t))
		return false;
	if (term_is_atom(identity))
		return true;
	term definition = record_definition(t);
	if (is_own(identity)) {
		term own = tuple_element(identity, 0);
		return names(definition, record_module(own), record_name(own));
	}
	return names(definition, tuple_element(identity, 0), tuple_element(identity, 1)) &&
	       record_exported(definition) == A(true);
}

/* SIZE_MAX when there is no such field. */
static size_t field_index(term definition, size_t count, term field)
{
	const term *fields = record_fields(definition);
	for (size_t i = 0; i < count; i++)
		if (fields[i] == field)
			return i;
	return SIZE_MAX;
}

/* {Reason, {{Module, Name}, Field}}. */
static void raise_field(struct proc *p, term reason, term definition, term field)
{
	struct heap *heap = proc_heap(p);
	term name = heap_tuple_of(heap, record_module(definition), record_name(definition));
	raise_error_with(p, reason, heap_tuple_of(heap, name, field));
}

term record_field(struct proc *p, term t, term identity, term field)
{
	if (!fits(t, identity)) {
		raise_error_with(p, A(badrecord), t);
		return TERM_NONE;
	}
	term definition = record_definition(t);
	size_t i = field_index(definition, record_size(t), field);
	if (i == SIZE_MAX) {
		raise_field(p, A(badfield), definition, field);
		return TERM_NONE;
	}
	return record_values(t)[i];
}

term record_element(term t, term field)
{
	size_t i = field_index(record_definition(t), record_size(t), field);
	return i == SIZE_MAX ? TERM_NONE : record_values(t)[i];
}

/* The row of a record that may be made under that identity; TERM_NONE when there is none. */
static term find_row(struct proc *p, term identity)
{
	if (is_own(identity))
		return identity;
	if (!term_is_tuple_of(identity, 2))
		return TERM_NONE;
	const struct module *module = ns_module(p->ns, tuple_element(identity, 0));
	/* Pairs with the release store of ns_publish(). */
	const struct module_code *code =
		module == NULL ? NULL : atomic_load_acquire(&module->current);
	if (code == NULL)
		return TERM_NONE;
	for (term rows = code->records; term_is_cons(rows); rows = cons_tail(rows)) {
		term definition = tuple_element(cons_head(rows), 0);
		if (record_name(definition) == tuple_element(identity, 1) &&
			record_exported(definition) == A(true))
			return cons_head(rows);
	}
	return TERM_NONE;
}

/* Defaults, TERM_NONE where a field has none. */
static void fill_defaults(term *values, term row)
{
	for (term list = tuple_element(row, 1); term_is_cons(list); list = cons_tail(list))
		*values++ = term_is_cons(cons_head(list)) ? cons_head(cons_head(list)) : TERM_NONE;
}

term put_record(struct proc *p, const uint64_t *pc, const term *x, term source)
{
	const term *stack = p->mem.heap.limit;
	size_t count = (uint16_t)(pc[1] >> 16);
	term identity = pc[2];
	const uint64_t *pair = pc + INSTR_WORDS_put_record;
	term definition, row = TERM_NONE;
	if (source == TERM_NIL) {
		row = find_row(p, identity);
		if (row == TERM_NONE) {
			raise_error_with(p, A(badrecord), identity);
			return TERM_NONE;
		}
		definition = tuple_element(row, 0);
	} else if (fits(source, identity)) {
		definition = record_definition(source);
	} else {
		raise_error_with(p, A(badrecord), source);
		return TERM_NONE;
	}
	size_t size = tuple_arity(definition) - 3;
	term *record = heap_alloc(proc_heap(p), 2 + size);
	record[0] = HEADER(BOXED_RECORD, 1 + size);
	record[1] = definition;
	if (source == TERM_NIL)
		fill_defaults(record + 2, row);
	else
		memcpy(record + 2, record_values(source), size * sizeof(term));
	for (size_t k = 0; k < count; k++) {
		size_t i = field_index(definition, size, pair[2 * k]);
		if (i == SIZE_MAX) {
			for (i = 0; i < size; i++)
				record[2 + i] = TERM_NIL;
			raise_field(p, A(badfield), definition, pair[2 * k]);
			return TERM_NONE;
		}
		record[2 + i] = source_value(pair[2 * k + 1], x, stack);
	}
	for (size_t i = 0; i < size; i++) {
		if (record[2 + i] != TERM_NONE)
			continue;
		for (size_t k = 0; k < size; k++)
			record[2 + k] = TERM_NIL;
		raise_field(p, A(novalue), definition, record_fields(definition)[i]);
		return TERM_NONE;
	}
	return term_of_boxed(record);
}
