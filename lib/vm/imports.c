/* SPDX-License-Identifier: Apache-2.0 */
/* What modules need that neither beamr nor they themselves have. Loads nothing for good; needs no machine. */
#include "base/epoch.h"
#include "bif/bif.h"
#include "code/beamfile.h"
#include "code/load.h"
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mfa {
	term module, function;
	uint32_t arity;
};

struct mfas {
	VEC(struct mfa) items;
};

struct gathering {
	struct mfas imports;
	struct mfas exports;
	struct names names; /* that stand in both */
};

static void add_import(void *user, term module, term function, uint32_t arity)
{
	struct gathering *g = user;
	vec_push(&g->imports.items, ((struct mfa){ module, function, arity }));
}

static void add_export(void *user, term module, term function, uint32_t arity)
{
	struct gathering *g = user;
	vec_push(&g->exports.items, ((struct mfa){ module, function, arity }));
}

/* By identity: for finding. */
static int compare_words(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct mfa, arity) + sizeof(uint32_t));
}

/* By text: for telling. */
static int compare_texts(const void *a, const void *b)
{
	const struct mfa *x = a, *y = b;
	int c = atom_compare(x->module, y->module);
	if (c == 0)
		c = atom_compare(x->function, y->function);
	if (c == 0)
		c = x->arity < y->arity ? -1 : x->arity > y->arity;
	return c;
}

static bool is_bif(const struct mfa *m)
{
	const struct export *export = export_find(m->module, m->function, m->arity);
	return export != NULL && export->bif != NULL;
}

static const char *text_of(term atom, char *buffer, size_t size)
{
	struct atom_text text = atom_text(atom);
	(void)snprintf(buffer, size, "%.*s", (int)text.size,
		(const char *)text.bytes); /* 255 characters fit */
	return buffer;
}

void load_error_to_host(const struct load_error *from, struct beamr_error *to)
{
	memset(to, 0, sizeof(*to));
	(void)snprintf(to->chunk, sizeof(to->chunk), "%s", from->chunk);
	to->offset = from->offset;
	(void)snprintf(to->reason, sizeof(to->reason), "%s", from->reason);
}

/* Where no scheduler runs, nobody else does it. */
static void free_retired(void)
{
	epoch_enter();
	epoch_leave();
}

size_t beamr_imports(const struct beamr_source *sources, size_t count,
	void (*missing)(void *user, const char *module, const char *function, unsigned arity),
	void (*bad)(void *user, const char *name, const struct beamr_error *error), void *user,
	size_t *ret_bad)
{
	struct gathering g = { 0 };
	size_t bad_count = 0, missing_count = 0;
	init_tables_once();
	for (size_t i = 0; i < count; i++) {
		struct load_error error;
		term module;
		int r = load_check(sources[i].bytes, sources[i].size, add_import, add_export, &g, &g.names,
			&module, &error);
		if (r != 0) {
			struct beamr_error told;
			load_error_to_host(&error, &told);
			bad(user, sources[i].name, &told);
			bad_count++;
		}
	}
	if (g.exports.items.count > 1)
		qsort(g.exports.items.items, g.exports.items.count, sizeof(struct mfa),
			compare_words);
	struct mfas left = { 0 };
	vec_foreach(m, &g.imports.items)
		if (!is_bif(m) && (g.exports.items.count == 0 ||
					  bsearch(m, g.exports.items.items, g.exports.items.count,
						  sizeof(struct mfa), compare_words) == NULL))
			vec_push(&left.items, *m);
	if (left.items.count > 1)
		qsort(left.items.items, left.items.count, sizeof(struct mfa), compare_texts);
	for (size_t i = 0; i < left.items.count; i++) {
		const struct mfa *m = &left.items.items[i];
		if (i > 0 && compare_texts(m, m - 1) == 0)
			continue;
		char module[1024], function[1024];
		missing(user, text_of(m->module, module, sizeof(module)),
			text_of(m->function, function, sizeof(function)), m->arity);
		missing_count++;
	}
	vec_done(&left.items);
	vec_done(&g.imports.items);
	vec_done(&g.exports.items);
	names_done(&g.names);
	free_retired();
	*ret_bad = bad_count;
	return missing_count;
}

static void ignore_import(void *user, term module, term function, uint32_t arity) {}

static void look_for_main(void *user, term module, term function, uint32_t arity)
{
	struct beamr_checked *checked = user;
	char name[8];
	if (arity == 0 && strcmp(text_of(function, name, sizeof(name)), "main") == 0)
		checked->runs = true;
}

int beamr_module_check(const void *code, size_t size, struct beamr_checked *ret_checked,
	struct beamr_error *ret_error)
{
	struct load_error error;
	struct beamfile file;
	uint8_t md5[16];
	term module;
	struct names names = { 0 };
	init_tables_once();
	memset(ret_checked, 0, sizeof(*ret_checked));
	int r = load_check(code, size, ignore_import, look_for_main, ret_checked, &names, &module,
		&error);
	if (r == 0)
		r = beamfile_open(&file, code, size, &error);
	if (r != 0) {
		load_error_to_host(&error, ret_error);
		names_done(&names);
		free_retired();
		return BEAMR_E_FORMAT;
	}
	beamfile_md5(&file, md5);
	beamfile_done(&file);
	(void)text_of(module, ret_checked->module, sizeof(ret_checked->module));
	names_done(&names);
	free_retired();
	for (size_t i = 0; i < sizeof(md5); i++)
		(void)snprintf(ret_checked->digest + 2 * i, 3, "%02x", md5[i]); /* fits */
	return 0;
}
