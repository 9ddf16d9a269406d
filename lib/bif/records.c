/* SPDX-License-Identifier: Apache-2.0 */
/* Native records (OTP 29) as functions. Fields are few: they are looked for one by one. */
#include "term/record.h"

#include "bif/bif.h"
#include "code/module.h"
#include "data/map.h"
#include "term/atom.h"

static term bad(struct proc *p, term reason, term value)
{
	return bif_error(p, heap_tuple_of(bif_heap(p), reason, value));
}

static term bad_field(struct proc *p, term module, term name, term field)
{
	struct heap *heap = bif_heap(p);
	return bad(p, A(badfield), heap_tuple_of(heap, heap_tuple_of(heap, module, name), field));
}

static size_t field_index(term record, term field)
{
	const term *fields = record_fields(record_definition(record));
	size_t i = 0;
	while (i < record_size(record) && fields[i] != field)
		i++;
	return i;
}

term bif_erlang_is_record_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_record(args[0]));
}

term bif_records_get_2(struct proc *p, const term *args)
{
	if (!term_is_record(args[1]))
		return bif_badarg(p);
	size_t i = field_index(args[1], args[0]);
	return i < record_size(args[1]) ? record_values(args[1])[i] : bif_badarg(p);
}

term bif_records_get_module_1(struct proc *p, const term *args)
{
	return term_is_record(args[0]) ? record_module(record_definition(args[0])) : bif_badarg(p);
}

term bif_records_get_name_1(struct proc *p, const term *args)
{
	return term_is_record(args[0]) ? record_name(record_definition(args[0])) : bif_badarg(p);
}

term bif_records_is_exported_1(struct proc *p, const term *args)
{
	return term_is_record(args[0]) ? record_exported(record_definition(args[0])) : bad(p, A(badrecord), args[0]);
}

term bif_records_get_field_names_1(struct proc *p, const term *args)
{
	if (!term_is_record(args[0]))
		return bad(p, A(badrecord), args[0]);
	const term *fields = record_fields(record_definition(args[0]));
	term list = TERM_NIL;
	for (size_t i = record_size(args[0]); i-- > 0;)
		list = heap_cons(bif_heap(p), fields[i], list);
	return list;
}

/* {Definition, Defaults} of a loaded module's record; TERM_NONE without one. */
static term find_row(const struct proc *p, term module_name, term name)
{
	const struct module *module = term_is_atom(module_name) ? ns_module(p->ns, module_name) : NULL;
	/* Pairs with the release store of ns_publish(). */
	const struct module_code *code = module == NULL ? NULL : atomic_load_acquire(&module->current);
	if (code == NULL)
		return TERM_NONE;
	for (term rows = code->records; term_is_cons(rows); rows = cons_tail(rows))
		if (record_name(tuple_element(cons_head(rows), 0)) == name)
			return cons_head(rows);
	return TERM_NONE;
}

term bif_records_get_definition_2(struct proc *p, const term *args)
{
	term row = find_row(p, args[0], args[1]);
	if (row == TERM_NONE)
		return bif_badarg(p);
	struct heap *heap = bif_heap(p);
	term definition = tuple_element(row, 0);
	const term *fields = record_fields(definition);
	term list = TERM_NIL;
	term *end = &list;
	/* A default is a list of one; a field without one stands for itself. */
	for (term defaults = tuple_element(row, 1); term_is_cons(defaults); defaults = cons_tail(defaults), fields++) {
		term field = *fields;
		if (term_is_cons(cons_head(defaults)))
			field = heap_tuple_of(heap, field, cons_head(cons_head(defaults)));
		term *cell = heap_alloc(heap, 2);
		cell[0] = field;
		cell[1] = TERM_NIL;
		*end = term_of_cons(cell);
		end = cell + 1;
	}
	term options = map_put(heap, map_empty(), A(is_exported), record_exported(definition));
	return heap_tuple_of(heap, options, list);
}

/* is_exported of a map that has that key alone; TERM_NONE: something else. */
static term get_exported(term options)
{
	if (map_size(options) != 1)
		return TERM_NONE;
	term t = map_get(options, A(is_exported));
	return t == A(true) || t == A(false) ? t : TERM_NONE;
}

static bool has_field(const term *fields, size_t count, term field)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i] == field)
			return true;
	return false;
}

#define RECORD_FIELDS_MAX 255

term bif_records_create_4(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]) || !term_is_atom(args[1]))
		return bad(p, A(badrecord), args[1]);
	if (!term_is_map(args[3]))
		return bad(p, A(badmap), args[3]);
	term exported = get_exported(args[3]);
	int64_t count = list_length(args[2]);
	if (exported == TERM_NONE || count < 0)
		return bif_badarg(p);
	if (count > RECORD_FIELDS_MAX)
		return bif_system_limit(p);
	term definition[3 + RECORD_FIELDS_MAX] = { args[0], args[1], exported };
	term values[RECORD_FIELDS_MAX];
	term *fields = definition + 3;
	size_t n = 0;
	for (term t = args[2]; term_is_cons(t); t = cons_tail(t), n++) {
		term pair = cons_head(t);
		if (!term_is_tuple_of(pair, 2))
			return bif_badarg(p);
		term field = tuple_element(pair, 0);
		if (!term_is_atom(field))
			return bad_field(p, args[0], args[1], field);
		if (has_field(fields, n, field))
			return bif_badarg(p);
		fields[n] = field;
		values[n] = tuple_element(pair, 1);
	}
	struct heap *heap = bif_heap(p);
	term tuple = heap_tuple(heap, 3 + n, definition);
	term *record = heap_alloc(heap, 2 + n);
	record[0] = HEADER(BOXED_RECORD, 1 + n);
	record[1] = tuple;
	for (size_t i = 0; i < n; i++)
		record[2 + i] = values[i];
	return term_of_boxed(record);
}

term bif_records_update_4(struct proc *p, const term *args)
{
	term old = args[0];
	if (!term_is_record(old))
		return bad(p, A(badrecord), old);
	term definition = record_definition(old);
	if (record_module(definition) != args[1] || record_name(definition) != args[2])
		return bad(p, A(badrecord), args[2]);
	if (!term_is_map(args[3]))
		return bad(p, A(badmap), args[3]);
	struct map_iter iter;
	term field;
	term value;
	map_iter_init(&iter, args[3]);
	while (map_iter_next(&iter, &field, &value))
		if (field_index(old, field) == record_size(old))
			return bad_field(p, args[1], args[2], field);
	size_t size = record_size(old);
	term *record = heap_alloc(bif_heap(p), 2 + size);
	for (size_t i = 0; i < 2 + size; i++)
		record[i] = boxed_ptr(old)[i];
	map_iter_init(&iter, args[3]);
	while (map_iter_next(&iter, &field, &value))
		record[2 + field_index(old, field)] = value;
	return term_of_boxed(record);
}
