/* SPDX-License-Identifier: Apache-2.0 */
/* The ETS tables of a namespace, as the host sees them. Whoever works on a table holds its mutex, perhaps for long, so what waits for
 * it here is done by a helper thread. Rows are copied a page at a time; where a page ends is told by what the table is in the order of, so
 * that the next one finds its place whatever was inserted and deleted meanwhile. */
#include "ets/table.h"

#include "base/epoch.h"
#include "base/pool.h"
#include "base/vec.h"
#include "term/atom.h"
#include "vm/machine.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS_MAX 1000
#define PAGE_WORDS_MAX                                                                             \
	(1u << 20) /* Bound: of all rows of a page, but for its first; of a row that is handed out as a term */
#define PLACE_BYTES_MAX (256u << 10)

static char *text_of_reference(struct ref_id id)
{
	term words[REF_WORDS];
	return term_text(ref_put(words, id), 0, NULL);
}

/* ---------------------------------------------------------------------------------------------- listing */

static struct beamr_table row_of(const struct ets_row *row, const char *name, const char *reference)
{
	static const char *const types[] = { [TABLE_SET] = "set",
		[TABLE_ORDERED_SET] = "ordered_set",
		[TABLE_BAG] = "bag",
		[TABLE_DUPLICATE_BAG] = "duplicate_bag" };
	static const char *const protections[] = { [TABLE_PUBLIC] = "public",
		[TABLE_PROTECTED] = "protected",
		[TABLE_PRIVATE] = "private" };
	return (struct beamr_table){ .name = name,
		.reference = reference,
		.id = row->id.low,
		.named = row->is_named,
		.compressed = row->compressed,
		.type = types[row->type],
		.protection = protections[row->access],
		.owner = pid_to_host(row->owner),
		.heir = row->heir != TERM_NONE ? pid_to_host(row->heir) : 0,
		.keypos = row->keypos,
		.objects = row->objects,
		.bytes = row->bytes };
}

struct telling {
	void (*fn)(void *user, const struct beamr_table *table);
	void *user;
};

static void tell(void *user, const struct ets_row *row)
{
	const struct telling *telling = user;
	char *reference = text_of_reference(row->id);
	struct beamr_table table = row_of(row, row->name, reference);
	telling->fn(telling->user, &table);
	free(reference);
}

void beamr_table_each(
	struct beamr_ns *h, void (*fn)(void *user, const struct beamr_table *table), void *user)
{
	struct telling telling = { fn, user };
	ets_each(h->ns, tell, &telling);
}

struct tables {
	struct beamr_tables public; /* first */
	struct pool_job job;
	struct beamr_ns *ns;
	beamr_tables_fn done;
	void *user;
	VEC(struct beamr_table) items;
};

static char *copied(const char *text)
{
	char *copy = strdup(text);
	if (copy == NULL)
		abort(); /* as mem_alloc does */
	return copy;
}

static void add_table(void *user, const struct ets_row *row)
{
	struct tables *t = user;
	vec_push(&t->items, row_of(row, copied(row->name), text_of_reference(row->id)));
}

static void list_tables(struct pool_job *job)
{
	struct tables *t = (struct tables *)(void *)((char *)job - offsetof(struct tables, job));
	ets_each(t->ns->ns, add_table, t);
	t->public.count = t->items.count;
	t->public.tables = t->items.items;
	t->done(t->user, &t->public);
}

/* A share of its own: who waits for a table holds up nobody else. */
static void run_aside(struct pool_job *job, void (*fn)(struct pool_job *job))
{
	struct pool_share *share = pool_share_new();
	if (pool_run_of(share, job, fn) < 0)
		fn(job);
	(void)pool_share_unref(share); /* stays until the job has ended */
}

void beamr_tables(struct beamr_ns *h, beamr_tables_fn done, void *user)
{
	struct tables *t = mem_zalloc(MEM_MISC, sizeof(*t));
	t->ns = h;
	t->done = done;
	t->user = user;
	run_aside(&t->job, list_tables);
}

struct beamr_tables *beamr_tables_free(struct beamr_tables *public)
{
	struct tables *t = (struct tables *)public;
	if (t == NULL)
		return NULL;
	vec_foreach(table, &t->items) {
		free((char *)(uintptr_t)table->name);
		free((char *)(uintptr_t)table->reference);
	}
	vec_done(&t->items);
	mem_free(MEM_MISC, t, sizeof(*t));
	return NULL;
}

/* ---------------------------------------------------------------------------------------------- rows */

/* Where a page begins. */
struct place {
	uint64_t
		hash; /* of an unordered table: the first object with that hash or a greater one ... */
	uint64_t skip; /* ... but for so many of that hash */
	struct beamr_term
		*after; /* of an ordered one: what comes after that key; NULL: the first */
};

struct rows {
	struct beamr_rows public; /* first */
	struct pool_job job;
	struct beamr_ns *ns;
	char *table;
	const struct beamr_term *key; /* NULL: all */
	struct place from;
	size_t limit, max_text, words;
	char *next;
	beamr_rows_fn done;
	void *user;
	VEC(struct beamr_row) items;
};

/* "h" hash "." skip, in hexadecimal, or "k" and a key in the external format, in hexadecimal. */
static bool parse_place(const char *text, struct place *ret)
{
	char *end;
	*ret = (struct place){ 0 };
	if (*text == 'h' && isxdigit((unsigned char)text[1])) {
		errno = 0;
		ret->hash = strtoull(text + 1, &end, 16);
		if (errno != 0 || *end != '.' || !isxdigit((unsigned char)end[1]))
			return false;
		ret->skip = strtoull(end + 1, &end, 16);
		return errno == 0 && *end == '\0';
	}
	size_t size = strlen(text) / 2;
	if (*text != 'k' || strlen(text) % 2 == 0 || size > PLACE_BYTES_MAX)
		return false;
	uint8_t *bytes = mem_alloc(MEM_TEMP, size + 1);
	bool good = true;
	for (size_t i = 0; i < size && good; i++) {
		unsigned byte;
		good = isxdigit((unsigned char)text[1 + 2 * i]) &&
		       isxdigit((unsigned char)text[2 + 2 * i]) &&
		       sscanf(text + 1 + 2 * i, "%2x", &byte) == 1;
		bytes[i] = good ? (uint8_t)byte : 0;
	}
	struct beamr_error error;
	good = good && beamr_term_decode(bytes, size, &ret->after, &error) == 0;
	mem_free(MEM_TEMP, bytes, size + 1);
	return good;
}

static void end_at_hash(struct rows *r, uint64_t hash, uint64_t skip)
{
	if (asprintf(&r->next, "h%" PRIx64 ".%" PRIx64, hash, skip) < 0)
		abort(); /* as mem_alloc does */
}

static void end_after_key(struct rows *r, struct beamr_term *key)
{
	static const char digits[] = "0123456789abcdef";
	size_t size;
	uint8_t *bytes = beamr_term_encode(key, &size);
	if (bytes != NULL && size <= PLACE_BYTES_MAX && (r->next = malloc(2 * size + 2)) != NULL) {
		r->next[0] = 'k';
		for (size_t i = 0; i < size; i++) {
			r->next[1 + 2 * i] = digits[bytes[i] >> 4];
			r->next[2 + 2 * i] = digits[bytes[i] & 15];
		}
		r->next[1 + 2 * size] = '\0';
	}
	free(bytes);
	(void)beamr_term_free(key); /* always NULL */
}

static bool is_full(const struct rows *r)
{
	return r->items.count >= r->limit || r->words > PAGE_WORDS_MAX;
}

/* The table is locked, so that what is in it keeps its names until they are held for the copy. */
static void add_row(struct rows *r, const struct object *o)
{
	struct beamr_row row = { .words = o->words };
	epoch_enter();
	if (o->words <= PAGE_WORDS_MAX) {
		row.term = term_wrap(owned_term_new(MEM_MISC, object_tuple(o)));
		r->words += o->words;
	} else {
		row.text = term_text(object_tuple(o), r->max_text, &row.truncated);
		r->words = PAGE_WORDS_MAX + 1;
	}
	epoch_leave();
	vec_push(&r->items, row);
}

static void walk_hash(struct rows *r, const struct table *t)
{
	struct hash_place place;
	uint64_t hash = 0, n = 0;
	for (struct object *chain = hash_seek(t, r->from.hash, &place); chain != NULL;
		chain = hash_step(t, &place)) {
		if (hash_place_hash(&place) != hash) {
			hash = hash_place_hash(&place);
			n = 0;
		}
		for (const struct object *o = chain; o != NULL; o = o->next, n++) {
			if (hash == r->from.hash && n < r->from.skip)
				continue;
			if (is_full(r)) {
				end_at_hash(r, hash, n);
				return;
			}
			add_row(r, o);
		}
	}
}

/* The key that the page ends after; NULL: there is no more. */
static struct beamr_term *walk_tree(struct rows *r, const struct table *t)
{
	struct tree_place place;
	const struct object *last = NULL;
	const struct object *o = tree_after(
		t, r->from.after != NULL ? r->from.after->owned->value : TERM_NONE, false, &place);
	for (; o != NULL && !is_full(r); o = tree_step(&place)) {
		add_row(r, o);
		last = o;
	}
	if (o == NULL || last == NULL)
		return NULL;
	epoch_enter();
	struct beamr_term *key = term_wrap(owned_term_new(MEM_MISC, object_key(last, t->keypos)));
	epoch_leave();
	return key;
}

static void find_key(struct rows *r, const struct table *t)
{
	uint64_t n = 0;
	for (const struct object *o = ets_find(t, r->key->owned->value); o != NULL;
		o = o->next, n++) {
		if (n < r->from.skip)
			continue;
		if (is_full(r)) {
			end_at_hash(r, 0, n);
			return;
		}
		add_row(r, o);
	}
}

/* A reference as text, with or without what is around the numbers. */
static struct beamr_term *parse_reference(const char *text)
{
	char whole[80];
	struct beamr_term *t;
	struct beamr_error error;
	int n = snprintf(whole, sizeof(whole), *text == '#' ? "%s" : "#Ref<%s>", text);
	if (n < 0 || (size_t)n >= sizeof(whole) ||
		text[strspn(text, "#Ref<>.0123456789")] != '\0' ||
		beamr_term_parse(whole, (size_t)n, &t, &error) != 0)
		return NULL;
	if (term_is_kind(t->owned->value, BOXED_REF))
		return t;
	return beamr_term_free(t);
}

static struct table *find_table(struct rows *r)
{
	struct names names = { 0 };
	term name = atom_known(r->ns, r->table, &names);
	struct table *t = name != TERM_NONE ? ets_lock_from_outside(r->ns->ns, name) : NULL;
	names_done(&names);
	if (t != NULL)
		return t;
	struct beamr_term *reference = parse_reference(r->table);
	if (reference != NULL)
		t = ets_lock_from_outside(r->ns->ns, reference->owned->value);
	(void)beamr_term_free(reference); /* always NULL */
	return t;
}

static void take_rows(struct pool_job *job) NO_THREAD_SAFETY_ANALYSIS;

static void take_rows(struct pool_job *job)
{
	struct rows *r = (struct rows *)(void *)((char *)job - offsetof(struct rows, job));
	struct beamr_term *last = NULL;
	struct table *t = find_table(r);
	if (t == NULL) {
		r->public.outcome = BEAMR_E_NO_TABLE;
	} else {
		if (r->key != NULL)
			find_key(r, t);
		else if (ets_is_tree(t))
			last = walk_tree(r, t);
		else
			walk_hash(r, t);
		ets_unlock(t);
		ets_put(t);
	}
	if (last != NULL)
		end_after_key(r, last);
	vec_foreach(row, &r->items) {
		if (row->term != NULL)
			row->text = beamr_term_text(row->term, r->max_text, &row->truncated);
	}
	r->public.count = r->items.count;
	r->public.rows = r->items.items;
	r->public.next = r->next;
	r->done(r->user, &r->public);
}

int beamr_table_rows(struct beamr_ns *h, const struct beamr_rows_options *options,
	beamr_rows_fn done, void *user)
{
	struct place from = { 0 };
	if (options->from != NULL && !parse_place(options->from, &from))
		return BEAMR_E_FORMAT;
	struct rows *r = mem_zalloc(MEM_MISC, sizeof(*r));
	r->ns = h;
	r->table = copied(options->table);
	r->key = options->key;
	r->from = from;
	r->limit = options->limit > PAGE_ROWS_MAX ? PAGE_ROWS_MAX : options->limit;
	r->max_text = options->max_text;
	r->done = done;
	r->user = user;
	run_aside(&r->job, take_rows);
	return 0;
}

struct beamr_rows *beamr_rows_free(struct beamr_rows *public)
{
	struct rows *r = (struct rows *)public;
	if (r == NULL)
		return NULL;
	vec_foreach(row, &r->items) {
		(void)beamr_term_free(row->term); /* always NULL */
		free((char *)(uintptr_t)row->text);
	}
	vec_done(&r->items);
	(void)beamr_term_free(r->from.after); /* always NULL */
	free(r->table);
	free(r->next);
	mem_free(MEM_MISC, r, sizeof(*r));
	return NULL;
}
