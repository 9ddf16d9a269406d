/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Process.List and ListNames. Unsorted lists are streamed by pages of the process table, at the pace of the reader;
 * sorted ones keep a number and a pid for each process that matches. */
#include "methods.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define PAGE 8192 /* each page costs a walk over the table; what it makes of output is some megabytes at most */

enum sort_key {
	SORT_NONE,
	SORT_MEMORY,
	SORT_MAILBOX,
	SORT_REDUCTIONS,
	SORT_STARTED,
};

struct entry {
	int64_t key;
	beamr_pid pid;
};

struct listing {
	struct call *call;
	const struct control_in_process_list *in;
	struct beamr_ns *ns; /* NULL: all */
	enum sort_key sort;
	uint64_t after; /* serial of the last one looked at */
	uint64_t limit; /* UINT64_MAX: none */
	uint64_t sent;  /* and held */
	uint64_t total;
	size_t page;           /* looked at since the last pause */
	bool more;             /* there are some beyond the limit */
	struct entry *entries; /* when sorted */
	size_t count, capacity, at;
	/* The last reply is told from the others, so one is held back, in an arena of its own. */
	struct control_arena arena;
	struct control_process held;
	bool holds;
};

static void listing_free(struct call *call, void *user)
{
	struct listing *listing = user;
	(void)beamr_ns_unref(listing->ns);
	control_arena_done(&listing->arena);
	free(listing->entries);
	free(listing);
}

static bool part_of(const char *part, const char *text)
{
	return part == NULL || (text != NULL && strstr(text, part) != NULL);
}

static bool frame_matches(const char *part, const struct beamr_frame *frame)
{
	char text[1024];
	if (part == NULL)
		return true;
	if (frame->module == NULL)
		return false;
	(void)snprintf(text, sizeof(text), "%s:%s/%u", frame->module, frame->function,
		frame->arity); /* only searched */
	return strstr(text, part) != NULL;
}

static bool at_least(struct control_optional_int wanted, uint64_t value)
{
	return !wanted.set || wanted.value <= 0 || value >= (uint64_t)wanted.value;
}

static bool matches(const struct control_process_match *match, const struct beamr_process *process)
{
	if (match == NULL)
		return true;
	return part_of(match->name, process->name) &&
	       frame_matches(match->initial_call, &process->initial_call) &&
	       frame_matches(match->current, &process->current) &&
	       (match->state == NULL ||
		       strcmp(match->state,
			       control_enums[CONTROL_ENUM_process_state].wires[process->state]) ==
			       0) &&
	       at_least(match->mailbox_min, process->mailbox) &&
	       at_least(match->memory_min, process->memory_bytes) &&
	       at_least(match->reductions_min, process->reductions);
}

static void send_held(struct listing *listing)
{
	struct control_out_process_list out = { .process = &listing->held };
	if (listing->holds)
		call_continue(listing->call, &out);
	listing->holds = false;
}

/* Puts one into the place of the held one, which is sent. */
static void hold(struct listing *listing, const struct beamr_process *process)
{
	struct call *call = listing->call;
	send_held(listing);
	struct control_arena kept = call->arena;
	control_arena_done(&listing->arena);
	call->arena = (struct control_arena){ 0 };
	method_fill_process(call, process, &listing->held);
	listing->arena = call->arena;
	call->arena = kept;
	listing->holds = true;
	listing->sent++;
}

static bool stream_one(void *user, const struct beamr_process *process)
{
	struct listing *listing = user;
	if (matches(listing->in->match, process)) {
		listing->total++;
		if (listing->sent < listing->limit) {
			hold(listing, process);
			listing->after = process->serial;
		} else {
			listing->more = true;
		}
	} else if (!listing->more) {
		listing->after = process->serial;
	}
	return ++listing->page < PAGE;
}

static int64_t key_of(enum sort_key sort, const struct beamr_process *process)
{
	switch (sort) {
	case SORT_MEMORY:
		return (int64_t)process->memory_bytes;
	case SORT_MAILBOX:
		return (int64_t)process->mailbox;
	case SORT_REDUCTIONS:
		return (int64_t)process->reductions;
	case SORT_STARTED:
	case SORT_NONE:
		break;
	}
	return process->started_realtime_usec;
}

static bool collect_one(void *user, const struct beamr_process *process)
{
	struct listing *listing = user;
	if (!matches(listing->in->match, process))
		return true;
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity > 0 ? listing->capacity * 2 : 1024;
		struct entry *grown = reallocarray(listing->entries, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		listing->entries = grown;
		listing->capacity = capacity;
	}
	listing->entries[listing->count++] =
		(struct entry){ key_of(listing->sort, process), process->pid };
	return true;
}

static int rising(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return x->key < y->key ? -1 : x->key > y->key ? 1 : x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int falling(const void *a, const void *b)
{
	return rising(b, a);
}

static void hold_one(void *user, const struct beamr_process *process)
{
	hold(user, process);
}

static void finish(struct listing *listing)
{
	struct call *call = listing->call;
	struct control_out_process_list out = { .process = listing->holds ? &listing->held : NULL,
		.total = { listing->limit == UINT64_MAX || listing->sort != SORT_NONE,
			(int64_t)listing->total } };
	if (listing->more)
		out.page_token = call_printf(call, "%llu", (unsigned long long)listing->after);
	call->on_drained = NULL;
	call->on_close = NULL;
	call_reply(call, &out);
	listing_free(call, listing);
}

static void go_on(struct call *call, void *user)
{
	struct listing *listing = user;
	while (!call_is_full(call)) {
		if (listing->sort != SORT_NONE) {
			if (listing->at >= listing->count || listing->sent >= listing->limit) {
				finish(listing);
				return;
			}
			/* One that has ended meanwhile is left out. */
			(void)beamr_process_get(call->daemon->machine,
				listing->entries[listing->at++].pid, hold_one, listing);
			continue;
		}
		listing->page = 0;
		beamr_process_each(
			call->daemon->machine, listing->ns, listing->after, stream_one, listing);
		if (listing->page < PAGE || listing->more) {
			finish(listing);
			return;
		}
	}
}

static bool parse_sort(const char *text, enum sort_key *ret_sort)
{
	static const struct {
		const char *word;
		enum sort_key key;
	} words[] = { { "memory", SORT_MEMORY }, { "mailbox", SORT_MAILBOX },
		{ "reductions", SORT_REDUCTIONS }, { "started", SORT_STARTED } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, text) == 0) {
			*ret_sort = words[i].key;
			return true;
		}
	}
	return false;
}

static bool is_supported(struct call *call, const struct control_in_process_list *in)
{
	const char *what = in->sample_usec.set                                   ? "sampleUSec"
			   : in->match != NULL && in->match->label != NULL       ? "match.label"
			   : in->match != NULL && in->match->on_old_code != NULL ? "match.onOldCode"
										 : NULL;
	if (what == NULL)
		return true;
	struct control_error_not_supported info = { .what = what,
		.message = "Not in this version." };
	call_fail(call, CONTROL_ERROR_not_supported, &info);
	return false;
}

void handle_process_list(struct call *call, const struct control_in_process_list *in)
{
	enum sort_key sort = SORT_NONE;
	const char *bad = NULL;
	char *end = NULL;
	uint64_t after = in->page_token != NULL ? strtoull(in->page_token, &end, 10) : 0;
	if (in->sort != NULL && !parse_sort(in->sort, &sort))
		bad = "sort";
	else if (end != NULL && (*end != '\0' || end == in->page_token))
		bad = "pageToken";
	else if (in->limit.set && in->limit.value < 0)
		bad = "limit";
	if (bad != NULL) {
		struct control_error_invalid_parameter info = { .parameter = bad };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	if (!is_supported(call, in))
		return;
	struct beamr_ns *ns = in->service != NULL ? method_ns(call, in->service) : NULL;
	if (in->service != NULL && ns == NULL)
		return;
	struct listing *listing = calloc(1, sizeof(*listing));
	if (listing == NULL) {
		(void)beamr_ns_unref(ns);
		call_fail_errno(call, -ENOMEM);
		return;
	}
	listing->call = call;
	listing->in = in;
	listing->ns = ns;
	listing->sort = sort;
	listing->after = after;
	listing->limit =
		in->limit.set && in->limit.value > 0 ? (uint64_t)in->limit.value : UINT64_MAX;
	if (sort != SORT_NONE) {
		beamr_process_each(call->daemon->machine, ns, 0, collect_one, listing);
		listing->total = listing->count;
		if (listing->count > 0)
			qsort(listing->entries, listing->count, sizeof(listing->entries[0]),
				in->descending.value ? falling : rising);
	}
	call->on_close = listing_free;
	call->on_drained = go_on;
	call->user = listing;
	go_on(call, listing);
}

struct names {
	struct call *call;
	const char *match;
	const char *service;
	struct control_name_entry *items;
	size_t count, capacity;
};

static bool add_name(void *user, const char *name, beamr_pid pid)
{
	struct names *names = user;
	if (!part_of(names->match, name))
		return true;
	if (names->count == names->capacity) {
		size_t capacity = names->capacity > 0 ? names->capacity * 2 : 64;
		struct control_name_entry *grown =
			reallocarray(names->items, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		names->items = grown;
		names->capacity = capacity;
	}
	names->items[names->count++] = (struct control_name_entry){ .service = names->service,
		.name = method_copy(names->call, name),
		.process = method_pid(names->call, pid) };
	return true;
}

struct services {
	struct call *call;
	const char **names;
	size_t count;
};

static bool add_service(void *user, const struct beamr_ns_info *info)
{
	struct services *services = user;
	const char **grown = reallocarray(services->names, services->count + 1, sizeof(char *));
	if (grown == NULL)
		return false;
	services->names = grown;
	grown[services->count++] = method_copy(services->call, info->name);
	return true;
}

void handle_process_names(struct call *call, const struct control_in_process_names *in)
{
	struct names names = { .call = call, .match = in->match };
	struct services services = { .call = call };
	if (in->service != NULL) {
		struct beamr_ns *ns = method_ns(call, in->service);
		if (ns == NULL)
			return;
		names.service = in->service;
		beamr_name_each(ns, add_name, &names);
		(void)beamr_ns_unref(ns);
	} else {
		beamr_ns_each(call->daemon->machine, add_service, &services);
	}
	for (size_t i = 0; i < services.count; i++) {
		struct beamr_ns *ns;
		if (beamr_ns_get(call->daemon->machine, services.names[i], &ns) != 0)
			continue; /* removed meanwhile */
		names.service = services.names[i];
		beamr_name_each(ns, add_name, &names);
		(void)beamr_ns_unref(ns);
	}
	struct control_out_process_names out = { .names = { names.items, names.count, true } };
	call_reply(call, &out);
	free(names.items);
	free(services.names);
}
