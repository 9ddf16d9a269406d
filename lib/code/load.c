/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to code: stages it, has it verified and lowered, shares it by content.
 *
 * Life of a staged module: 1 decoded, literals on a builder  2 literals sealed  3 verified  4 lowered, code complete
 *                          5 staged_free: what was only needed for loading goes, the code stays with who took a reference. */
#include "code/load.h"

#include "base/alloc.h"
#include "code/cache.h"
#include "code/decode_impl.h"
#include "code/verify.h"
#include "term/atom.h"
#include "term/export.h"

#include <sha2.h>
#include <string.h>

static int decode_chunks(struct decoder *d)
{
	struct staged *staged = d->staged;
	beamfile_md5(&d->file, staged->code->md5);
	if (d->file.chunks[CHUNK_CODE].data == NULL)
		return load_error_at(d->error, "Code", 0, "the chunk is missing");
	/* In an order in which each finds what it refers to. */
	static int (*const steps[])(struct decoder *) = {
		decode_atoms,
		decode_imports,
		decode_exports,
		decode_funs,
		decode_literals,
		decode_info,
		decode_lines,
		decode_records,
		decode_code,
		decode_older,
		seal_literals,
	};
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i](d);
		if (r != 0)
			return r;
	}
	return 0;
}

int load_stage(const void *file, size_t size, struct staged **ret_staged, struct load_error *error)
{
	struct decoder d = { .error = error };
	int r = beamfile_open(&d.file, file, size, error);
	if (r != 0)
		return r;
	struct staged *staged = mem_zalloc(MEM_TEMP, sizeof(*staged));
	d.staged = staged;
	staged->code = mem_zalloc(MEM_CODE, sizeof(*staged->code));
	atomic_store_relaxed(&staged->code->refs, 1);
	staged->code->attributes = staged->code->compile_info = staged->code->records = TERM_NIL;
	staged->code->file_bytes = size;
	staged->builder = mem_alloc(MEM_TEMP, sizeof(*staged->builder));
	heap_init_builder(staged->builder);
	r = decode_chunks(&d);
	vec_done(&d.literals);
	beamfile_done(&d.file);
	if (r != 0) {
		(void)staged_free(staged); /* always NULL */
		return r;
	}
	*ret_staged = staged;
	return 0;
}

struct staged *staged_free(struct staged *staged)
{
	if (staged == NULL)
		return NULL;
	heap_done(staged->builder);
	mem_free(MEM_TEMP, staged->builder, sizeof(*staged->builder));
	mem_free(MEM_TEMP, staged->atoms, (staged->atom_count + 1) * sizeof(term));
	mem_free(MEM_TEMP, staged->imports, staged->import_count * sizeof(*staged->imports));
	mem_free(MEM_TEMP, staged->exports, staged->export_count * sizeof(*staged->exports));
	mem_free(MEM_TEMP, staged->fun_labels,
		staged->code->fun_count * sizeof(*staged->fun_labels));
	mem_free(MEM_TEMP, staged->lines, staged->line_count * sizeof(*staged->lines));
	mem_free(MEM_TEMP, staged->frame_before,
		staged->instr_total * sizeof(*staged->frame_before));
	mem_free(MEM_TEMP, staged->facts, staged->instr_total * sizeof(*staged->facts));
	vec_done(&staged->instrs);
	vec_done(&staged->operands);
	(void)module_code_unref(staged->code); /* always NULL */
	mem_free(MEM_TEMP, staged, sizeof(*staged));
	return NULL;
}

static size_t code_bytes(const struct module_code *code)
{
	return sizeof(*code) + (code->code_words + code->literal_words) * sizeof(term) +
	       code->function_count * sizeof(*code->functions) +
	       code->export_count * sizeof(*code->exports) + code->fun_count * sizeof(*code->funs) +
	       code->literal_count * sizeof(*code->literals) + code->strings_size +
	       code->line_count * sizeof(*code->lines) + code->file_count * sizeof(*code->files) +
	       code->frame_count * sizeof(*code->frames);
}

static int check_name(const struct staged *staged, term expected, struct load_error *error)
{
	if (expected == TERM_NONE || staged->code->name == expected)
		return 0;
	struct atom_text is = atom_text(staged->code->name);
	return load_error_at(error, "AtU8", 4, "the module is %.*s, not the one that was asked for",
		(int)(is.size < 100 ? is.size : 100), (const char *)is.bytes);
}

/* Stages, verifies and lowers. digest: of the file, when it is to be kept; else NULL. */
/* What OTP's emulators carry in themselves has no lines there, so stack traces show none. */
static bool is_preloaded(term name)
{
	static const char *const names[] = {
#define PRELOADED(module) module,
#include "code/preloaded.def"
#undef PRELOADED
	};
	struct atom_text text = atom_text(name);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == text.size && memcmp(names[i], text.bytes, text.size) == 0)
			return true;
	return false;
}

static void drop_lines(struct module_code *code)
{
	mem_free(MEM_CODE, code->lines, code->line_count * sizeof(*code->lines));
	code->lines = NULL;
	code->line_count = 0;
}

static int build(const void *file, size_t size, term expected, const uint8_t *digest,
	struct staged **ret_staged, struct load_error *error)
{
	struct staged *staged;
	int r = load_stage(file, size, &staged, error);
	if (r != 0)
		return r;
	r = check_name(staged, expected, error);
	if (r == 0)
		r = verify_module(staged, error);
	if (r == 0 && digest != NULL) {
		memcpy(staged->code->digest, digest, sizeof(staged->code->digest));
		code_cache_take_funs(staged->code);
	}
	if (r == 0)
		r = lower_module(staged, error);
	if (r == 0 && is_preloaded(staged->code->name))
		drop_lines(staged->code);
	if (r != 0) {
		(void)staged_free(staged); /* always NULL */
		return r;
	}
	staged->code->bytes = code_bytes(staged->code);
	*ret_staged = staged;
	return 0;
}

void load_digest(const void *file, size_t size, uint8_t ret_digest[32])
{
	SHA2_CTX sha;
	SHA256Init(&sha);
	SHA256Update(&sha, file, size);
	SHA256Final(ret_digest, &sha);
}

static int build_code_shared(const void *file, size_t size, term expected, const uint8_t *digest,
	struct staged **ret_staged, struct load_error *error)
{
	int r = build(file, size, expected, digest, ret_staged, error);
	if (r != 0)
		return r;
	struct module_code *code = (*ret_staged)->code;
	/* on_load runs before anything is published. */
	if (code->on_load != NULL)
		atomic_store_relaxed(&code->published, true);
	return 0;
}

/* A module is shared by content between namespaces, so it holds what it names by itself. */
static int build_code(const void *file, size_t size, term expected, const uint8_t *digest, struct staged **ret_staged,
	struct load_error *error)
{
	struct names names = { 0 };
	struct names_holder before = names_set_holder((struct names_holder){ .names = &names });
	int r = build_code_shared(file, size, expected, digest, ret_staged, error);
	(void)names_set_holder(before); /* what it was meanwhile is known */
	if (r != 0) {
		names_done(&names);
		return r;
	}
	names_settle(&names);
	(*ret_staged)->code->names = names;
	return 0;
}

int load_code(const void *file, size_t size, term expected, struct module_code **ret_code,
	struct load_error *error)
{
	uint8_t digest[32];
	load_digest(file, size, digest);
	return load_code_of(file, size, digest, expected, ret_code, error);
}

int load_code_of(const void *file, size_t size, const uint8_t digest[32], term expected,
	struct module_code **ret_code, struct load_error *error)
{
	struct module_code *code = code_cache_find(digest);
	if (code != NULL && expected != TERM_NONE && code->name != expected)
		code = module_code_unref(code); /* say so as below */
	if (code == NULL) {
		struct staged *staged;
		int r = build_code(file, size, expected, digest, &staged, error);
		if (r != 0)
			return r;
		code = code_cache_enter(staged->code);
		(void)staged_free(staged); /* always NULL */
	}
	*ret_code = code;
	return 0;
}

int load_code_again(const void *file, size_t size, term expected, struct module_code **ret_code,
	struct load_error *error)
{
	struct staged *staged;
	int r = build_code(file, size, expected, NULL, &staged, error);
	if (r != 0)
		return r;
	load_digest(file, size, staged->code->digest);
	*ret_code = module_code_ref(staged->code);
	(void)staged_free(staged); /* always NULL */
	return 0;
}

int load_check(const void *file, size_t size, load_mfa_fn import, load_mfa_fn export, void *user,
	struct names *names, term *ret_module, struct load_error *error)
{
	struct staged *staged;
	struct names_holder before = names_set_holder((struct names_holder){ .names = names });
	int r = build(file, size, TERM_NONE, NULL, &staged, error);
	(void)names_set_holder(before); /* what it was meanwhile is known */
	if (r != 0)
		return r;
	for (size_t i = 0; i < staged->import_count; i++) {
		const struct export *e = export_of(staged->imports[i]);
		import(user, e->module, e->function, e->arity);
	}
	for (size_t i = 0; i < staged->export_count; i++)
		export(user, staged->code->name, staged->exports[i].function,
			staged->exports[i].arity);
	*ret_module = staged->code->name;
	(void)staged_free(staged); /* always NULL */
	return 0;
}
