/* SPDX-License-Identifier: Apache-2.0 */
/* The chunks that are tables: atoms, imports, exports, funs, lines, native records. Each count is checked against the bytes that
 * are there before memory is taken for it. */
#include "code/decode_impl.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "term/export.h"
#include "term/atom.h"
#include "term/fun.h"

#include <stdlib.h>

static struct bytes chunk_bytes(const struct decoder *d, enum chunk chunk)
{
	return bytes_of(d->file.chunks[chunk].data, d->file.chunks[chunk].size);
}

/* The count that begins a table of rows of row_bytes each. */
static int read_count(struct decoder *d, enum chunk chunk, struct bytes *b, size_t row_bytes, size_t *ret)
{
	size_t count = bytes_u32(b);
	if (b->failed)
		return load_error_at(d->error, chunk_id(chunk), 0, "the chunk is cut short");
	if (count > bytes_left(b) / row_bytes)
		return load_error_at(d->error, chunk_id(chunk), 0, "%zu rows in %zu bytes", count, bytes_left(b));
	if (count > LOAD_TABLE_MAX)
		return load_limit_at(d->error, chunk_id(chunk), 0, "more than %u rows", LOAD_TABLE_MAX);
	*ret = count;
	return 0;
}

/* An atom of the old chunk, in Latin-1. */
static term intern_latin1(const uint8_t *text, size_t size, bool *ret_full)
{
	uint8_t utf8[2 * 255];
	size_t used = 0;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < 0x80) {
			utf8[used++] = text[i];
		} else {
			utf8[used++] = (uint8_t)(0xC0 | text[i] >> 6);
			utf8[used++] = (uint8_t)(0x80 | (text[i] & 0x3F));
		}
	}
	return atom_intern(utf8, used, ret_full);
}

int decode_atoms(struct decoder *d)
{
	struct staged *staged = d->staged;
	bool latin1 = d->file.chunks[CHUNK_ATOMS].data == NULL;
	enum chunk chunk = latin1 ? CHUNK_LATIN1_ATOMS : CHUNK_ATOMS;
	if (d->file.chunks[chunk].data == NULL)
		return load_error_at(d->error, "AtU8", 0, "the chunk is missing");
	struct bytes b = chunk_bytes(d, chunk);
	int64_t signed_count = (int32_t)bytes_u32(&b);
	/* OTP 28 writes a negative count and then lengths as compact terms. */
	bool compact_lengths = signed_count < 0;
	size_t count = (size_t)(compact_lengths ? -signed_count : signed_count);
	if (b.failed || count == 0 || count > bytes_left(&b))
		return load_error_at(d->error, chunk_id(chunk), 0, "%zu atoms in %zu bytes", count, bytes_left(&b));
	if (count > LOAD_TABLE_MAX)
		return load_limit_at(d->error, chunk_id(chunk), 0, "more than %u atoms", LOAD_TABLE_MAX);
	staged->atoms = mem_alloc(MEM_TEMP, (count + 1) * sizeof(term));
	staged->atom_count = count;
	staged->atoms[0] = TERM_NIL;
	const struct names *names = names_holder().names; /* NULL: in tests */
	const uint32_t before = names != NULL ? names->fresh : 0;
	for (size_t i = 1; i <= count; i++) {
		uint32_t size;
		size_t at = bytes_offset(&b);
		if (!compact_lengths)
			size = bytes_u8(&b);
		else if (!compact_read_u32(&b, COMPACT_U, &size))
			return load_error_at(d->error, chunk_id(chunk), at, "a bad length of atom %zu", i);
		const uint8_t *text = bytes_take(&b, size);
		if (text == NULL)
			return load_error_at(d->error, chunk_id(chunk), at, "atom %zu is cut short", i);
		bool full = false;
		term atom = latin1 ? intern_latin1(text, size, &full) : atom_intern(text, size, &full);
		if (atom == TERM_NONE && full)
			return load_limit_at(d->error, chunk_id(chunk), at, "the atom table is full");
		if (atom == TERM_NONE)
			return load_error_at(d->error, chunk_id(chunk), at, "atom %zu is no valid UTF-8 or too long", i);
		if (names != NULL && names->fresh - before > LOAD_NEW_ATOMS_MAX)
			return load_limit_at(d->error, chunk_id(chunk), at, "more than %u new atoms", LOAD_NEW_ATOMS_MAX);
		staged->atoms[i] = atom;
	}
	staged->code->name = staged->atoms[1];
	return 0;
}

/* The atom of a 32-bit index; TERM_NONE when there is none. */
static term atom_at(const struct staged *staged, uint32_t index)
{
	return index >= 1 && index <= staged->atom_count ? staged->atoms[index] : TERM_NONE;
}

int decode_imports(struct decoder *d)
{
	struct staged *staged = d->staged;
	if (d->file.chunks[CHUNK_IMPORTS].data == NULL)
		return load_error_at(d->error, "ImpT", 0, "the chunk is missing");
	struct bytes b = chunk_bytes(d, CHUNK_IMPORTS);
	size_t count;
	int r = read_count(d, CHUNK_IMPORTS, &b, 12, &count);
	if (r != 0)
		return r;
	staged->imports = mem_alloc(MEM_TEMP, count * sizeof(*staged->imports));
	staged->import_count = count;
	for (size_t i = 0; i < count; i++) {
		size_t at = bytes_offset(&b);
		term module = atom_at(staged, bytes_u32(&b));
		term function = atom_at(staged, bytes_u32(&b));
		uint32_t arity = bytes_u32(&b);
		if (module == TERM_NONE || function == TERM_NONE)
			return load_error_at(d->error, "ImpT", at, "import %zu names an atom that is not there", i);
		if (arity > 255)
			return load_error_at(d->error, "ImpT", at, "import %zu has arity %u", i, arity);
		struct export *export = export_get(module, function, arity);
		if (export == NULL)
			return load_limit_at(d->error, "ImpT", at, "the export table is full");
		staged->imports[i] = export->number;
	}
	return 0;
}

static int compare_exports(const void *a, const void *b)
{
	const struct staged_export *x = a, *y = b;
	if (x->function != y->function)
		return x->function < y->function ? -1 : 1;
	return x->arity < y->arity ? -1 : x->arity > y->arity;
}

int decode_exports(struct decoder *d)
{
	struct staged *staged = d->staged;
	if (d->file.chunks[CHUNK_EXPORTS].data == NULL)
		return load_error_at(d->error, "ExpT", 0, "the chunk is missing");
	struct bytes b = chunk_bytes(d, CHUNK_EXPORTS);
	size_t count;
	int r = read_count(d, CHUNK_EXPORTS, &b, 12, &count);
	if (r != 0)
		return r;
	staged->exports = mem_alloc(MEM_TEMP, count * sizeof(*staged->exports));
	staged->export_count = count;
	for (size_t i = 0; i < count; i++) {
		size_t at = bytes_offset(&b);
		struct staged_export *export = &staged->exports[i];
		export->function = atom_at(staged, bytes_u32(&b));
		export->arity = bytes_u32(&b);
		export->label = bytes_u32(&b);
		if (export->function == TERM_NONE)
			return load_error_at(d->error, "ExpT", at, "export %zu names an atom that is not there", i);
		if (export->arity > 255)
			return load_error_at(d->error, "ExpT", at, "export %zu has arity %u", i, export->arity);
	}
	if (count > 1)
		qsort(staged->exports, count, sizeof(*staged->exports), compare_exports);
	for (size_t i = 1; i < count; i++) {
		if (compare_exports(&staged->exports[i - 1], &staged->exports[i]) == 0)
			return load_error_at(d->error, "ExpT", 4, "a function is exported twice");
	}
	return 0;
}

int decode_funs(struct decoder *d)
{
	struct staged *staged = d->staged;
	struct module_code *code = staged->code;
	if (d->file.chunks[CHUNK_FUNS].data == NULL)
		return 0;
	struct bytes b = chunk_bytes(d, CHUNK_FUNS);
	size_t count;
	int r = read_count(d, CHUNK_FUNS, &b, 24, &count);
	if (r != 0)
		return r;
	if (count == 0)
		return 0;
	code->funs = mem_zalloc(MEM_CODE, count * sizeof(*code->funs));
	code->fun_count = count;
	staged->fun_labels = mem_alloc(MEM_TEMP, count * sizeof(*staged->fun_labels));
	for (size_t i = 0; i < count; i++) {
		size_t at = bytes_offset(&b);
		struct fun_entry *fun = &code->funs[i];
		fun->function = atom_at(staged, bytes_u32(&b));
		uint32_t arity = bytes_u32(&b);
		staged->fun_labels[i] = bytes_u32(&b);
		fun->index = bytes_u32(&b);
		fun->free_count = bytes_u32(&b);
		fun->old_uniq = bytes_u32(&b);
		fun->module = code;
		fun->module_name = code->name;
		if (fun->function == TERM_NONE)
			return load_error_at(d->error, "FunT", at, "fun %zu names an atom that is not there", i);
		if (arity > 255 || fun->free_count > arity)
			return load_error_at(d->error, "FunT", at, "fun %zu has %u arguments, %u of them free", i, arity,
				fun->free_count);
		fun->arity = arity - fun->free_count;
		memcpy(fun->uniq, code->md5, sizeof(fun->uniq));
	}
	return 0;
}

/* A list of the characters of UTF-8 text, on the builder; invalid bytes count as Latin-1. */
static term list_of_text(struct heap *heap, const uint8_t *text, size_t size, term tail)
{
	VEC(uint32_t) chars = { 0 };
	for (size_t at = 0; at < size;) {
		uint32_t c;
		int length = utf8_decode(text + at, size - at, &c);
		if (length <= 0) {
			c = text[at];
			length = 1;
		}
		vec_push(&chars, c);
		at += (size_t)length;
	}
	term list = tail;
	while (chars.count > 0)
		list = heap_cons(heap, term_of_small((int64_t)vec_pop(&chars)), list);
	vec_done(&chars);
	return list;
}

static int decode_line_items(struct decoder *d, struct bytes *b, size_t items, size_t names)
{
	struct staged *staged = d->staged;
	staged->lines = mem_zalloc(MEM_TEMP, (items + 1) * sizeof(*staged->lines));
	staged->line_count = items + 1;
	uint32_t file = 0;
	for (size_t i = 1; i <= items;) {
		size_t at = bytes_offset(b);
		struct compact c;
		if (!compact_read(b, &c))
			return load_error_at(d->error, "Line", at, "line %zu is cut short", i);
		if (c.tag == COMPACT_ATOM && c.value <= names) {
			file = (uint32_t)c.value;
		} else if (c.tag == COMPACT_I && c.size == 0 && c.value <= UINT32_MAX) {
			staged->lines[i].file = file;
			staged->lines[i].line = (uint32_t)c.value;
			i++;
		} else {
			return load_error_at(d->error, "Line", at, "line %zu is no number", i);
		}
	}
	return 0;
}

int decode_lines(struct decoder *d)
{
	struct staged *staged = d->staged;
	struct module_code *code = staged->code;
	struct bytes b = chunk_bytes(d, CHUNK_LINES);
	uint32_t version = bytes_u32(&b);
	(void)bytes_u32(&b); /* flags: they concern coverage */
	(void)bytes_u32(&b); /* how many line instructions; they are counted anyhow */
	size_t items = bytes_u32(&b), names = bytes_u32(&b);
	if (d->file.chunks[CHUNK_LINES].data == NULL || version != 0) {
		items = names = 0;
	} else if (b.failed || items > bytes_left(&b) || names > bytes_left(&b) / 2) {
		return load_error_at(d->error, "Line", 0, "%zu lines and %zu files in %zu bytes", items, names, bytes_left(&b));
	}
	if (items > LOAD_TABLE_MAX || names > LOAD_TABLE_MAX)
		return load_limit_at(d->error, "Line", 0, "more than %u lines or files", LOAD_TABLE_MAX);
	int r = decode_line_items(d, &b, items, names);
	if (r != 0)
		return r;
	code->files = mem_zalloc(MEM_CODE, (names + 1) * sizeof(term));
	code->file_count = names + 1;
	for (size_t i = 0; i <= names; i++)
		code->files[i] = TERM_NIL;
	struct atom_text name = atom_text(code->name);
	term suffix = list_of_text(staged->builder, (const uint8_t *)".erl", 4, TERM_NIL);
	code->files[0] = list_of_text(staged->builder, name.bytes, name.size, suffix);
	for (size_t i = 1; i <= names; i++) {
		size_t at = bytes_offset(&b);
		size_t size = bytes_u16(&b);
		const uint8_t *text = bytes_take(&b, size);
		if (text == NULL)
			return load_error_at(d->error, "Line", at, "the name of file %zu is cut short", i);
		/* What was compiled from no file has a name without letters. */
		code->files[i] = size == 0 ? code->files[0] : list_of_text(staged->builder, text, size, TERM_NIL);
	}
	return 0;
}

/* One record's row: its number of call_last, name, exported, list of fields and defaults, as an instruction is written. */
static int decode_record(struct decoder *d, struct bytes *b, term *ret)
{
	struct staged *staged = d->staged;
	struct heap *heap = staged->builder;
	size_t at = bytes_offset(b);
	struct operand name, exported, fields;
	int r = bytes_u8(b) == OP_call_last ? 0 : load_error_at(d->error, "Recs", at, "a bad row");
	if (r == 0)
		r = decode_operand(d, b, "Recs", &name);
	if (r == 0)
		r = decode_operand(d, b, "Recs", &exported);
	if (r == 0)
		r = decode_operand(d, b, "Recs", &fields);
	if (r != 0)
		return r;
	if (name.kind != OPERAND_TERM || !term_is_atom(name.term) || exported.kind != OPERAND_TERM ||
		!term_is_atom(exported.term) || fields.kind != OPERAND_LIST || fields.value % 2 != 0)
		return load_error_at(d->error, "Recs", at, "a bad row");
	VEC(term) definition = { 0 };
	VEC(term) defaults = { 0 };
	vec_push(&definition, staged->code->name);
	vec_push(&definition, name.term);
	vec_push(&definition, exported.term);
	for (uint64_t k = 0; r == 0 && k < fields.value / 2; k++) {
		struct operand field, value;
		at = bytes_offset(b);
		r = decode_operand(d, b, "Recs", &field);
		if (r == 0)
			r = decode_operand(d, b, "Recs", &value);
		if (r != 0)
			break;
		bool none = value.kind == OPERAND_U && value.value == 0;
		if (field.kind != OPERAND_TERM || !term_is_atom(field.term) || (!none && value.kind != OPERAND_TERM)) {
			r = load_error_at(d->error, "Recs", at, "a bad field");
			break;
		}
		term fallback = value.index != 0 ? d->literals.items[value.index - 1] : value.term;
		vec_push(&definition, field.term);
		vec_push(&defaults, none ? TERM_NIL : heap_cons(heap, fallback, TERM_NIL));
	}
	if (r == 0) {
		term list = TERM_NIL;
		while (defaults.count > 0)
			list = heap_cons(heap, vec_pop(&defaults), list);
		*ret = heap_tuple_of(heap, heap_tuple(heap, definition.count, definition.items), list);
	}
	vec_done(&definition);
	vec_done(&defaults);
	return r;
}

int decode_records(struct decoder *d)
{
	struct staged *staged = d->staged;
	staged->code->records = TERM_NIL;
	if (d->file.chunks[CHUNK_RECORDS].data == NULL)
		return 0;
	struct bytes b = chunk_bytes(d, CHUNK_RECORDS);
	uint32_t version = bytes_u32(&b);
	size_t count = bytes_u32(&b);
	(void)bytes_u32(&b); /* fields of all of them */
	if (b.failed || version > 1 || count > bytes_left(&b) / 4)
		return load_error_at(d->error, "Recs", 0, "%zu records of version %u in %zu bytes", count, version, bytes_left(&b));
	term records = TERM_NIL;
	for (size_t i = 0; i < count; i++) {
		term record = TERM_NIL;
		int r = decode_record(d, &b, &record);
		if (r != 0)
			return r;
		records = heap_cons(staged->builder, record, records);
	}
	staged->code->records = records;
	return 0;
}
