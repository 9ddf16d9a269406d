/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Process.List and ListNames. One walk over the process table tells who there is, or, when it is sorted, which of them
 * match and by what they are sorted; each is then looked at when its turn comes, at the pace of the reader. What only the process itself
 * can tell, its label, is asked of it then. */
#include "base/cleanup.h"
#include "methods.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

enum sort_key {
	SORT_NONE,
	SORT_MEMORY,
	SORT_MAILBOX,
	SORT_REDUCTIONS,
	SORT_DELTA,
	SORT_STARTED,
};

#define SAMPLE_MAX_USEC 60000000

struct entry {
	int64_t key;
	beamr_pid pid;
};

struct listing {
	struct call *call;
	const struct control_in_process_list *in;
	struct beamr_ns *ns; /* NULL: all */
	enum sort_key sort;
	uint64_t after; /* serial of the last one that was sent or passed over */
	uint64_t limit; /* UINT64_MAX: none */
	uint64_t sent;  /* and held */
	uint64_t total;
	bool more;             /* there are some beyond the limit */
	struct entry *entries; /* when sorted */
	beamr_pid *pids;       /* when not */
	size_t count, capacity, at;
	struct entry *sample; /* who had spent what when the sample began, by pid; NULL: nobody asks */
	size_t sample_count;
	bool samples; /* there is a sample */
	struct event *timer; /* of its end */
	beamr_pid *
		old; /* who runs old code of the module that is asked about, sorted; NULL: not asked */
	size_t old_count;
	bool asks; /* a process is being asked for its label */
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
	if (listing->timer != NULL)
		event_free(listing->timer);
	free(listing->entries);
	free(listing->sample);
	free(listing->pids);
	free(listing->old);
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

static int by_pid(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* What it has spent since the sample began; one that came later all that it has. */
static int64_t delta_of(const struct listing *listing, const struct beamr_process *process)
{
	const struct entry wanted = { 0, process->pid };
	const struct entry *before = listing->sample_count > 0 ? bsearch(&wanted, listing->sample,
									 listing->sample_count,
									 sizeof(wanted), by_pid)
							       : NULL;
	return (int64_t)process->reductions - (before != NULL ? before->key : 0);
}

static bool at_least(struct control_optional_int wanted, uint64_t value)
{
	return !wanted.set || wanted.value <= 0 || value >= (uint64_t)wanted.value;
}

static int compare_pids(const void *a, const void *b)
{
	const beamr_pid *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static bool matches(const struct listing *listing, const struct beamr_process *process)
{
	const struct control_process_match *match = listing->in->match;
	if (match == NULL)
		return true;
	if (listing->old != NULL &&
		(listing->old_count == 0 || bsearch(&process->pid, listing->old, listing->old_count,
						    sizeof(*listing->old), compare_pids) == NULL))
		return false;
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
	if (listing->samples)
		listing->held.reductions_delta =
			(struct control_optional_int){ true, delta_of(listing, process) };
	listing->arena = call->arena;
	call->arena = kept;
	listing->holds = true;
	listing->sent++;
}

static int64_t key_of(const struct listing *listing, const struct beamr_process *process)
{
	switch (listing->sort) {
	case SORT_MEMORY:
		return (int64_t)process->memory_bytes;
	case SORT_MAILBOX:
		return (int64_t)process->mailbox;
	case SORT_REDUCTIONS:
		return (int64_t)process->reductions;
	case SORT_DELTA:
		return delta_of(listing, process);
	case SORT_STARTED:
	case SORT_NONE:
		break;
	}
	return process->started_realtime_usec;
}

static bool add_entry(struct listing *listing, int64_t key, beamr_pid pid)
{
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity > 0 ? listing->capacity * 2 : 1024;
		struct entry *grown = reallocarray(listing->entries, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		listing->entries = grown;
		listing->capacity = capacity;
	}
	listing->entries[listing->count++] = (struct entry){ key, pid };
	return true;
}

static bool collect_one(void *user, const struct beamr_process *process)
{
	struct listing *listing = user;
	return !matches(listing, process) ||
	       add_entry(listing, key_of(listing, process), process->pid);
}

static bool sample_one(void *user, const struct beamr_process *process)
{
	return add_entry(user, (int64_t)process->reductions, process->pid);
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

static void finish(struct listing *listing)
{
	struct call *call = listing->call;
	bool whole =
		!listing->more && (listing->in->match == NULL || listing->in->match->label == NULL);
	struct control_out_process_list out = { .process = listing->holds ? &listing->held : NULL,
		.total = { whole || listing->sort != SORT_NONE,
			(int64_t)(listing->sort != SORT_NONE ? listing->total : listing->sent) } };
	if (listing->more && listing->sort == SORT_NONE)
		out.page_token = call_printf(call, "%llu", (unsigned long long)listing->after);
	call->on_drained = NULL;
	call->on_close = NULL;
	call_reply(call, &out);
	listing_free(call, listing);
}

static void take(struct listing *listing, const struct beamr_process *process)
{
	if (listing->sent == listing->limit) {
		listing->more = true;
		return;
	}
	hold(listing, process);
	listing->after = process->serial;
}

static void take_one(void *user, const struct beamr_process *process)
{
	struct listing *listing = user;
	if (listing->sort != SORT_NONE || matches(listing, process))
		take(listing, process);
	else if (!listing->more)
		listing->after = process->serial;
}

static void go_on(struct call *call, void *user);

/* The label that was asked for is there. */
static void labelled(struct call *call, void *result, void *user)
{
	struct beamr_process_info *info = result;
	struct listing *listing = user;
	listing->asks = false;
	if (call->connection == NULL) {
		(void)beamr_process_info_free(info);
		listing_free(call, listing); /* the peer left meanwhile */
		return;
	}
	if (info->outcome == 0 && part_of(listing->in->match->label, info->label) &&
		(listing->sort != SORT_NONE || matches(listing, &info->process)))
		take(listing, &info->process);
	(void)beamr_process_info_free(info);
	go_on(call, listing);
}

static void on_labelled(void *user, struct beamr_process_info *info)
{
	method_wait_done(user, info);
}

static void left(struct call *call, void *user)
{
	struct listing *listing = user;
	if (!listing->asks)
		listing_free(call, user); /* else labelled() does it */
}

static void go_on(struct call *call, void *user)
{
	struct listing *listing = user;
	bool labels = listing->in->match != NULL && listing->in->match->label != NULL;
	while (!listing->asks && !call_is_full(call)) {
		if (listing->at >= listing->count || listing->more ||
			(listing->sort != SORT_NONE && listing->sent >= listing->limit)) {
			finish(listing);
			return;
		}
		size_t i = listing->at++;
		beamr_pid pid =
			listing->sort != SORT_NONE ? listing->entries[i].pid : listing->pids[i];
		/* One that has ended meanwhile is left out. */
		if (!labels) {
			(void)beamr_process_get(call->daemon->machine, pid, take_one, listing);
			continue;
		}
		struct method_wait *wait = method_wait_new(call, labelled, listing);
		if (wait == NULL) {
			listing_free(call, listing);
			return;
		}
		listing->asks = true;
		beamr_describe(call->daemon->machine, pid, 0, on_labelled, wait);
	}
}

static bool parse_sort(const char *text, enum sort_key *ret_sort)
{
	static const struct {
		const char *word;
		enum sort_key key;
	} words[] = { { "memory", SORT_MEMORY }, { "mailbox", SORT_MAILBOX },
		{ "reductions", SORT_REDUCTIONS }, { "reductionsDelta", SORT_DELTA },
		{ "started", SORT_STARTED } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, text) == 0) {
			*ret_sort = words[i].key;
			return true;
		}
	}
	return false;
}

/* Who there is, and begins to send. */
static void begin(struct listing *listing)
{
	struct call *call = listing->call;
	int r = 0;
	if (listing->sort == SORT_NONE) {
		r = beamr_process_pids(call->daemon->machine, listing->ns, listing->after,
			&listing->pids, &listing->count);
	} else {
		beamr_process_each(call->daemon->machine, listing->ns, 0, collect_one, listing);
		listing->total = listing->count;
		if (listing->count > 0)
			qsort(listing->entries, listing->count, sizeof(listing->entries[0]),
				listing->in->descending.value ? falling : rising);
	}
	if (r < 0) {
		call_fail_errno(call, r);
		listing_free(call, listing);
		return;
	}
	call->on_close = left;
	call->on_drained = go_on;
	call->user = listing;
	go_on(call, listing);
}

static void on_sampled(evutil_socket_t fd, short what, void *user)
{
	begin(user);
}

/* Notes who has spent what, and begins when the time is over. */
static void begin_sample(struct listing *listing)
{
	struct call *call = listing->call;
	int64_t usec = listing->in->sample_usec.value;
	if (!listing->in->sample_usec.set) {
		begin(listing);
		return;
	}
	const struct timeval time = { .tv_sec = usec / 1000000, .tv_usec = usec % 1000000 };
	beamr_process_each(call->daemon->machine, listing->ns, 0, sample_one, listing);
	if (listing->count > 0)
		qsort(listing->entries, listing->count, sizeof(listing->entries[0]), by_pid);
	listing->sample = TAKE_PTR(listing->entries);
	listing->sample_count = listing->count;
	listing->count = listing->capacity = 0;
	listing->samples = true;
	listing->timer = event_new(call->daemon->base, -1, 0, on_sampled, listing);
	if (listing->timer == NULL || event_add(listing->timer, &time) != 0) {
		call_fail_errno(call, -ENOMEM);
		listing_free(call, listing);
		return;
	}
	call->on_close = listing_free;
	call->user = listing;
}

static void on_purged(void *user, struct beamr_purged *purged)
{
	method_wait_done(user, purged);
}

static void found_old(struct call *call, void *result, void *user)
{
	struct beamr_purged *purged = result;
	struct listing *listing = user;
	size_t count = purged->outcome == BEAMR_E_OLD_CODE ? purged->pid_count : 0;
	listing->old = calloc(count + 1, sizeof(*listing->old));
	if (listing->old != NULL && count > 0)
		memcpy(listing->old, purged->pids, count * sizeof(*listing->old));
	bool missing = purged->outcome == BEAMR_E_NO_MODULE;
	(void)beamr_purged_free(purged);
	if (listing->old == NULL || missing) {
		if (missing)
			method_no_module(call, listing->ns, listing->in->match->on_old_code);
		else
			call_fail_errno(call, -ENOMEM);
		listing_free(call, listing);
		return;
	}
	listing->old_count = count;
	qsort(listing->old, count, sizeof(*listing->old), compare_pids);
	begin_sample(listing);
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
	else if (in->sample_usec.set &&
		 (in->sample_usec.value < 1 || in->sample_usec.value > SAMPLE_MAX_USEC))
		bad = "sampleUSec";
	else if (sort == SORT_DELTA && !in->sample_usec.set)
		bad = "sort";
	if (bad != NULL) {
		struct control_error_invalid_parameter info = { .parameter = bad };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	/* Modules are those of a service. */
	const char *module = in->match != NULL ? in->match->on_old_code : NULL;
	bool one = in->service != NULL || module != NULL;
	struct beamr_ns *ns = one ? method_ns(call, in->service) : NULL;
	if (one && ns == NULL)
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
	if (module == NULL) {
		begin_sample(listing);
		return;
	}
	struct method_wait *wait = method_wait_new(call, found_old, listing);
	if (wait == NULL) {
		listing_free(call, listing);
		return;
	}
	beamr_purge(ns, method_module(call, module), BEAMR_PURGE_DRY_RUN, on_purged, wait);
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

struct service_names {
	struct call *call;
	const char **names;
	size_t count;
};

static bool add_service(void *user, const struct beamr_ns_info *info)
{
	struct service_names *services = user;
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
	struct service_names services = { .call = call };
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
