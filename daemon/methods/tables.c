/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Process.ListTables and PeekTable. Services are asked for their tables one after the other; what they said is kept until
 * the last of it has been sent, at the pace of the reader. */
#include "methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define ROWS_LIMIT 10
#define ROWS_LIMIT_MAX 1000
#define ROW_TEXT 4096
#define ROW_TEXT_MAX (1 << 20)

/* ---- list ---- */

enum sort_key { SORT_NAME, SORT_MEMORY, SORT_SIZE };

struct entry {
	const char *service;
	const struct beamr_table *table;
};

struct listing {
	struct call *call;
	enum sort_key sort;
	size_t limit; /* SIZE_MAX: none */
	struct control_strings services;
	size_t service;                /* the next one to be asked */
	struct beamr_ns *ns;           /* that is being asked */
	struct beamr_tables **answers; /* by service; NULL: it was gone */
	struct entry *entries;
	size_t count, at;
};

static void listing_free(struct call *call, void *user)
{
	struct listing *listing = user;
	for (size_t i = 0; listing->answers != NULL && i < listing->services.count; i++)
		(void)beamr_tables_free(listing->answers[i]); /* always NULL */
	free(listing->answers);
	free(listing->entries);
	(void)beamr_ns_unref(listing->ns); /* always NULL */
	free(listing);
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->service, y->service);
	if (order == 0)
		order = strcmp(x->table->name, y->table->name);
	if (order != 0)
		return order;
	return x->table->id < y->table->id ? -1 : x->table->id > y->table->id;
}

static int falling(uint64_t x, uint64_t y, const void *a, const void *b)
{
	return x > y ? -1 : x < y ? 1 : by_name(a, b);
}

static int by_memory(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return falling(x->table->bytes, y->table->bytes, a, b);
}

static int by_size(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return falling(x->table->objects, y->table->objects, a, b);
}

static int64_t enum_value(enum control_enum_id id, const char *wire)
{
	int value = control_value_find(id, wire);
	return value >= 0 ? value : 0;
}

static void go_on(struct call *call, void *user)
{
	struct listing *listing = user;
	while (!call_is_full(call)) {
		if (listing->at >= listing->count) {
			struct control_out_table_list none = { 0 };
			call->on_drained = NULL;
			call->on_close = NULL;
			call_reply(call, &none);
			listing_free(call, listing);
			return;
		}
		const struct entry *entry = &listing->entries[listing->at++];
		const struct beamr_table *from = entry->table;
		char owner[BEAMR_PID_TEXT], heir[BEAMR_PID_TEXT];
		beamr_pid_text(from->owner, owner);
		beamr_pid_text(from->heir, heir);
		struct control_table table = { .service = entry->service,
			.table = from->named ? from->name : from->reference,
			.name = from->name,
			.owner = owner,
			.heir = from->heir != 0 ? heir : NULL,
			.kind = enum_value(CONTROL_ENUM_table_kind, from->type),
			.protection = enum_value(CONTROL_ENUM_table_protection, from->protection),
			.key_pos = (int64_t)from->keypos,
			.size = (int64_t)from->objects,
			.memory = (int64_t)from->bytes,
			.compressed = from->compressed };
		struct control_out_table_list out = { .table = &table };
		if (listing->at < listing->count) {
			call_continue(call, &out);
			continue;
		}
		call->on_drained = NULL;
		call->on_close = NULL;
		call_reply(call, &out);
		listing_free(call, listing);
		return;
	}
}

static void send_all(struct listing *listing)
{
	struct call *call = listing->call;
	size_t count = 0;
	for (size_t i = 0; i < listing->services.count; i++)
		count += listing->answers[i] != NULL ? listing->answers[i]->count : 0;
	listing->entries = calloc(count + 1, sizeof(*listing->entries));
	if (listing->entries == NULL) {
		call_fail_errno(call, -ENOMEM);
		listing_free(call, listing);
		return;
	}
	for (size_t i = 0; i < listing->services.count; i++) {
		const struct beamr_tables *tables = listing->answers[i];
		for (size_t k = 0; tables != NULL && k < tables->count; k++)
			listing->entries[listing->count++] =
				(struct entry){ listing->services.items[i], &tables->tables[k] };
	}
	if (count > 0)
		qsort(listing->entries, count, sizeof(*listing->entries),
			listing->sort == SORT_MEMORY ? by_memory
			: listing->sort == SORT_SIZE ? by_size
						     : by_name);
	if (listing->count > listing->limit)
		listing->count = listing->limit;
	call->on_close = listing_free;
	call->on_drained = go_on;
	call->user = listing;
	go_on(call, listing);
}

static void ask_next(struct listing *listing);

static void answered(struct call *call, void *result, void *user)
{
	struct listing *listing = user;
	listing->answers[listing->service++] = result;
	listing->ns = beamr_ns_unref(listing->ns);
	if (call->connection == NULL)
		listing_free(call, listing); /* the peer left meanwhile */
	else
		ask_next(listing);
}

static void on_tables(void *user, struct beamr_tables *tables)
{
	method_wait_done(user, tables);
}

static void ask_next(struct listing *listing)
{
	struct call *call = listing->call;
	while (listing->service < listing->services.count &&
		beamr_ns_get(call->daemon->machine, listing->services.items[listing->service],
			&listing->ns) != 0)
		listing->service++; /* removed meanwhile */
	if (listing->service == listing->services.count) {
		send_all(listing);
		return;
	}
	struct method_wait *wait = method_wait_new(call, answered, listing);
	if (wait == NULL)
		listing_free(call, listing);
	else
		beamr_tables(listing->ns, on_tables, wait);
}

void handle_table_list(struct call *call, const struct control_in_table_list *in)
{
	enum sort_key sort = SORT_NAME;
	const char *bad = NULL;
	if (in->sort != NULL && strcmp(in->sort, "memory") == 0)
		sort = SORT_MEMORY;
	else if (in->sort != NULL && strcmp(in->sort, "size") == 0)
		sort = SORT_SIZE;
	else if (in->sort != NULL && strcmp(in->sort, "name") != 0)
		bad = "sort";
	if (in->limit.set && in->limit.value < 0)
		bad = "limit";
	if (bad != NULL) {
		struct control_error_invalid_parameter info = { .parameter = bad };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	struct listing *listing = calloc(1, sizeof(*listing));
	if (listing == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	listing->call = call;
	listing->sort = sort;
	listing->limit = in->limit.set && in->limit.value > 0 ? (size_t)in->limit.value : SIZE_MAX;
	if (!method_namespaces(call, in->service, &listing->services)) {
		listing_free(call, listing);
		return;
	}
	listing->answers = calloc(listing->services.count + 1, sizeof(struct beamr_tables *));
	if (listing->answers == NULL) {
		call_fail_errno(call, -ENOMEM);
		listing_free(call, listing);
		return;
	}
	ask_next(listing);
}

/* ---- peek ---- */

struct peeking {
	struct beamr_ns *ns;
	struct beamr_term *key;
	const char *table;
	int64_t max_text;
};

static void peeking_free(struct peeking *peeking)
{
	(void)beamr_ns_unref(peeking->ns);   /* always NULL */
	(void)beamr_term_free(peeking->key); /* as above */
	free(peeking);
}

static void after_rows(struct call *call, void *result, void *user)
{
	struct beamr_rows *rows = result;
	struct peeking *peeking = user;
	if (rows->outcome != 0) {
		struct control_error_no_such_table info = { .table = peeking->table,
			.service = beamr_ns_name(peeking->ns),
			.message = call_printf(call, "Service \"%s\" has no table %s.",
				beamr_ns_name(peeking->ns), peeking->table) };
		call_fail(call, CONTROL_ERROR_no_such_table, &info);
	} else {
		struct control_term *items =
			control_arena_alloc(&call->arena, (rows->count + 1) * sizeof(*items));
		size_t count = items != NULL ? rows->count : 0;
		for (size_t i = 0; i < count; i++) {
			const struct beamr_row *row = &rows->rows[i];
			if (row->term != NULL)
				method_fill_term(
					call, row->term, (size_t)peeking->max_text, &items[i]);
			else
				items[i] =
					(struct control_term){ .text = row->text, .type = "tuple" };
			if (row->truncated)
				items[i].truncated = (struct control_optional_int){ true, 1 };
		}
		struct control_out_table_peek out = { .rows = { items, count, true },
			.page_token = rows->next };
		call_reply(call, &out);
	}
	(void)beamr_rows_free(rows); /* always NULL */
	peeking_free(peeking);
}

static void on_rows(void *user, struct beamr_rows *rows)
{
	method_wait_done(user, rows);
}

void handle_table_peek(struct call *call, const struct control_in_table_peek *in)
{
	int64_t limit = in->limit.set ? in->limit.value : ROWS_LIMIT;
	int64_t max_text = in->max_text.set ? in->max_text.value : ROW_TEXT;
	const char *bad = limit < 1 || limit > ROWS_LIMIT_MAX       ? "limit"
			  : max_text < 1 || max_text > ROW_TEXT_MAX ? "maxText"
								    : NULL;
	struct peeking *peeking = bad == NULL ? calloc(1, sizeof(*peeking)) : NULL;
	if (peeking == NULL) {
		struct control_error_invalid_parameter info = { .parameter = bad };
		if (bad != NULL)
			call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		else
			call_fail_errno(call, -ENOMEM);
		return;
	}
	peeking->table = in->table;
	peeking->max_text = max_text;
	peeking->ns = method_ns(call, in->service);
	if (peeking->ns == NULL ||
		(in->key != NULL && !method_term(call, 0, in->key, &peeking->key))) {
		peeking_free(peeking);
		return;
	}
	struct method_wait *wait = method_wait_new(call, after_rows, peeking);
	if (wait == NULL) {
		peeking_free(peeking);
		return;
	}
	const struct beamr_rows_options options = { .table = in->table,
		.key = peeking->key,
		.from = in->page_token,
		.limit = (size_t)limit,
		.max_text = (size_t)max_text };
	if (beamr_table_rows(peeking->ns, &options, on_rows, wait) != 0) {
		struct control_error_invalid_parameter info = { .parameter = "pageToken" };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		method_wait_cancel(wait);
		peeking_free(peeking);
	}
}
