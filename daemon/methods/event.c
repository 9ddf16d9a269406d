/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Event.Subscribe and Trace: each subscriber walks the ring of events at its own pace. What waits for one is what it has not
 * yet taken out of the ring, so a reader that stops costs nothing but its place, and is told how many it lost. */
#include "../events.h"
#include "../service.h"
#include "../wording.h"
#include "methods.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define SUBSCRIBERS_MAX 256

struct subscriber {
	struct list node;
	struct call *call;
	struct control_arena arena; /* of the reply that is being made */
	uint64_t kinds;             /* bits of enum beamr_report_kind */
	uint64_t seq;               /* the last one looked at */
	uint64_t ready_seq; /* live from here on: said when what is before it has been sent */
	bool ready;
	uint64_t lost; /* not told of yet */
	uint64_t queue_max;
	int64_t priority_max;
	const char *service;
	const char *process;       /* text of the pid */
	struct beamr_trace *trace; /* of Trace: only its events; NULL */
	char number[24];           /* as they name it */
};

/* Kept with the ring, since that outlives all subscribers. */
static uint64_t wanted_kinds(const struct list *subscribers)
{
	uint64_t kinds = 0;
	list_foreach(node, subscribers) {
		kinds |= list_entry(node, struct subscriber, node)->kinds;
	}
	return kinds;
}

static void subscribers_changed(struct daemon *daemon)
{
	struct list *subscribers = events_list(daemon->events);
	size_t count = 0;
	list_foreach(node, subscribers) {
		count++;
	}
	events_subscribers(daemon->events, count);
	beamr_events(daemon->machine, wanted_kinds(subscribers));
}

static void on_close(struct call *call, void *user)
{
	struct subscriber *subscriber = user;
	subscriber->trace = beamr_trace_stop(subscriber->trace);
	list_remove(&subscriber->node);
	subscribers_changed(call->daemon);
	control_arena_done(&subscriber->arena);
	free(subscriber);
}

static bool wants(const struct subscriber *subscriber, const struct beamr_report *report)
{
	if (subscriber->trace != NULL)
		return report->kind == BEAMR_REPORT_TRACE &&
		       strcmp(subscriber->number, report_text(report, report->reference)) == 0;
	/* The end of a trace is told to whoever asked for it. */
	if (report->kind == BEAMR_REPORT_TRACE && report->process == 0)
		return false;
	if ((subscriber->kinds >> report->kind & 1) == 0 ||
		report->priority > subscriber->priority_max)
		return false;
	if (subscriber->service != NULL &&
		strcmp(subscriber->service, report_text(report, report->namespace_name)) != 0)
		return false;
	return subscriber->process == NULL ||
	       strcmp(subscriber->process, report_text(report, report->process)) == 0;
}

static const char *text_of(const struct beamr_report *report, uint16_t at)
{
	return at != 0 ? report_text(report, at) : NULL;
}

/* What has no name of its own in an event, as the journal entry calls it. */
static void fill_fields(
	struct control_arena *arena, const struct beamr_report *report, struct control_event *to)
{
	const struct {
		const char *name;
		uint16_t at;
	} texts[] = { { "BEAMR_ANCESTORS", report->ancestors }, { "BEAMR_CLIENT", report->client },
		{ "BEAMR_DETAIL", report->detail }, { "BEAMR_INITIAL_CALL", report->initial_call },
		{ "BEAMR_KIND", report->fault }, { "BEAMR_LAST_MESSAGE", report->last_message },
		{ "BEAMR_LINKS", report->links }, { "BEAMR_SERVER", report->server },
		{ "BEAMR_STATE", report->state } };
	struct control_pair *pairs =
		control_arena_alloc(arena, (ARRAY_SIZE(texts) + 2) * sizeof(*pairs));
	size_t count = 0;
	if (pairs == NULL)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].at != 0)
			pairs[count++] = (struct control_pair){ texts[i].name,
				report_text(report, texts[i].at) };
	}
	char *id = control_arena_alloc(arena, BEAMR_CRASH_ID_TEXT);
	if (!crash_id_is_none(report->cause) && id != NULL) {
		crash_id_text(report->cause, id);
		pairs[count++] = (struct control_pair){ "BEAMR_CAUSE", id };
	}
	const char *restart = report_text(report, report->restart);
	const char *often = report_text(report, report->often);
	size_t size = strlen(restart) + strlen(often) + 3;
	char *text = report->restart != 0 && report->kind != BEAMR_REPORT_TRACE
			     ? control_arena_alloc(arena, size)
			     : NULL;
	if (text != NULL) {
		(void)snprintf(text, size, "%s%s%s", restart, often[0] != '\0' ? ", " : "",
			often); /* fits */
		pairs[count++] = (struct control_pair){ "BEAMR_RESTART", text };
	}
	to->fields = (struct control_pairs){ pairs, count, count > 0 };
}

/* Everything is borrowed from the record but what is made in the arena. */
static void fill_event(struct control_arena *arena, const struct record *record,
	struct control_event *to, const char *line)
{
	const struct beamr_report *report = record_report(record);
	int class = report->class != 0 ? control_value_find(CONTROL_ENUM_class,
						 report_text(report, report->class))
				       : -1;
	const struct report_type *type = &report_types[report->kind];
	*to = (struct control_event){ .seq = (int64_t)record->seq,
		.realtime_usec = report->realtime_usec,
		.monotonic_usec = report->monotonic_usec,
		.kind = wording_event_kind(report->kind),
		.priority = report->priority,
		.service = text_of(report, report->namespace_name),
		.process = text_of(report, report->process),
		.serial = { report->process != 0, (int64_t)report->serial },
		.name = text_of(report, report->name),
		.label = text_of(report, report->label),
		.module = text_of(report, report->module),
		.function = text_of(report, report->function),
		.arity = { report->function != 0, report->arity },
		.other = text_of(report, report->other),
		.ref = text_of(report, report->reference),
		.class = { class >= 0, class },
		.reason = text_of(report, report->reason),
		.message_id = type->message_id[0] != '\0' ? type->message_id : NULL,
		.text = line };
	if (!crash_id_is_none(report->crash_id)) {
		char *id = control_arena_alloc(arena, BEAMR_CRASH_ID_TEXT);
		if (id != NULL)
			crash_id_text(report->crash_id, id);
		to->crash_id = id;
	}
	fill_fields(arena, report, to);
	if (report->frame_count == 0)
		return;
	struct control_event_frame *frames =
		control_arena_alloc(arena, report->frame_count * sizeof(*frames));
	for (uint32_t i = 0; frames != NULL && i < report->frame_count; i++) {
		const struct beamr_report_frame *frame = &report->frames[i];
		frames[i] =
			(struct control_event_frame){ .module = report_text(report, frame->module),
				.function = report_text(report, frame->function),
				.arity = frame->arity,
				.file = text_of(report, frame->file),
				.line = { frame->file != 0, frame->line } };
	}
	to->stack.items = frames;
	to->stack.count = frames != NULL ? report->frame_count : 0;
	to->stack.set = true;
}

/* False: that was the last one, and the subscriber is gone. */
static bool send_traced(struct subscriber *subscriber, const struct record *record)
{
	const struct beamr_report *report = record_report(record);
	struct control_out_event_trace out = { .lost = { subscriber->lost > 0,
						       (int64_t)subscriber->lost } };
	struct call *call = subscriber->call;
	subscriber->lost = 0;
	if (report->process == 0) {
		int end = control_value_find(
			CONTROL_ENUM_trace_end, report_text(report, report->restart));
		out.ended.set = end >= 0;
		out.ended.value = end;
		call->on_close = NULL;
		call->on_drained = NULL;
		on_close(call, subscriber);
		call_reply(call, &out);
		return false;
	}
	char line[WORDING_LINE_MAX];
	struct control_event event;
	(void)wording_message(report, line);
	fill_event(&subscriber->arena, record, &event, line);
	out.event = &event;
	call_continue(call, &out);
	control_arena_done(&subscriber->arena);
	return true;
}

static void send_event(struct subscriber *subscriber, const struct record *record)
{
	char line[WORDING_LINE_MAX];
	struct control_event event;
	(void)wording_message(record_report(record), line);
	fill_event(&subscriber->arena, record, &event, line);
	struct control_out_event_subscribe out = { .event = &event,
		.lost = { subscriber->lost > 0, (int64_t)subscriber->lost } };
	subscriber->lost = 0;
	call_continue(subscriber->call, &out);
	control_arena_done(&subscriber->arena);
}

static void send_ready(struct subscriber *subscriber)
{
	if (subscriber->trace != NULL) {
		struct control_out_event_trace ready = { .ready = { true, 1 } };
		subscriber->ready = true;
		call_continue(subscriber->call, &ready);
		return;
	}
	struct control_out_event_subscribe out = { .ready = { true, 1 },
		.seq = { true, (int64_t)subscriber->ready_seq },
		.lost = { subscriber->lost > 0, (int64_t)subscriber->lost } };
	subscriber->lost = 0;
	subscriber->ready = true;
	call_continue(subscriber->call, &out);
}

static void pump(struct call *call, void *user)
{
	struct subscriber *subscriber = user;
	struct events *events = call->daemon->events;
	while (!call_is_full(call)) {
		if (!subscriber->ready && subscriber->seq >= subscriber->ready_seq)
			send_ready(subscriber);
		uint64_t lost, last = events_last(events);
		if (subscriber->queue_max != 0 && last - subscriber->seq > subscriber->queue_max) {
			subscriber->lost += last - subscriber->seq - subscriber->queue_max;
			subscriber->seq = last - subscriber->queue_max;
		}
		struct record *record = events_next(events, subscriber->seq, &lost);
		if (record == NULL)
			return;
		subscriber->lost += lost;
		subscriber->seq = record->seq;
		bool goes_on = true;
		if (wants(subscriber, record_report(record))) {
			if (subscriber->trace != NULL)
				goes_on = send_traced(subscriber, record);
			else
				send_event(subscriber, record);
		}
		(void)record_unref(record);
		if (!goes_on)
			return;
	}
}

/* After new events. */
void event_wake(void *user)
{
	struct daemon *daemon = user;
	list_foreach_safe(node, events_list(daemon->events)) {
		struct subscriber *subscriber = list_entry(node, struct subscriber, node);
		pump(subscriber->call, subscriber);
	}
}

/* ret_missing: a kind that is known, but that nobody tells of. */
static bool parse_kinds(
	const struct control_strings *kinds, uint64_t *ret_kinds, const char **ret_missing)
{
	*ret_kinds = 0;
	*ret_missing = NULL;
	for (int kind = 0; kind < BEAMR_REPORT_KINDS; kind++) {
		int event = wording_event_kind((enum beamr_report_kind)kind);
		if (event >= 0 && !kinds->set && report_types[kind].always)
			*ret_kinds |= UINT64_C(1) << kind;
	}
	for (size_t i = 0; i < kinds->count; i++) {
		int wanted = control_value_find(CONTROL_ENUM_event_kind, kinds->items[i]);
		if (wanted < 0)
			return false;

		bool told = false;
		for (int kind = 0; kind < BEAMR_REPORT_KINDS; kind++) {
			if (wording_event_kind((enum beamr_report_kind)kind) == wanted) {
				*ret_kinds |= UINT64_C(1) << kind;
				told = true;
			}
		}
		if (!told)
			*ret_missing = kinds->items[i];
	}
	return true;
}

void handle_event_subscribe(struct call *call, const struct control_in_event_subscribe *in)
{
	struct events *events = call->daemon->events;
	uint64_t kinds, last = events_last(events);
	const char *missing;
	const char *bad =
		!parse_kinds(&in->kinds, &kinds, &missing) ? "kinds"
		: in->priority_max.set && (in->priority_max.value < 0 || in->priority_max.value > 7)
			? "priorityMax"
		: in->since_seq.set && in->since_seq.value < 0 ? "sinceSeq"
		: in->queue_max.set && in->queue_max.value < 1 ? "queueMax"
							       : NULL;
	if (bad != NULL) {
		struct control_error_invalid_parameter info = { .parameter = bad };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	if (missing != NULL) {
		struct control_error_not_supported info = { .what = missing,
			.message = "Nothing tells of such events yet." };
		call_fail(call, CONTROL_ERROR_not_supported, &info);
		return;
	}
	struct services *services = call->daemon->services;
	/* One that does not run has no namespace. */
	if (in->service != NULL &&
		(services == NULL || service_find(services, in->service) == NULL)) {
		struct beamr_ns *ns;
		int r = beamr_ns_get(call->daemon->machine, in->service, &ns);
		if (r != 0) {
			struct control_error_event_no_such_service info = { .service = in->service,
				.message = call_printf(
					call, "There is no service \"%s\".", in->service) };
			call_fail(call, CONTROL_ERROR_event_no_such_service, &info);
			return;
		}
		(void)beamr_ns_unref(ns);
	}
	beamr_pid pid = 0;
	if (in->process != NULL && !method_process(call, in->process, in->service, &pid))
		return;
	size_t count = 0;
	list_foreach(node, events_list(events)) {
		count++;
	}
	struct subscriber *subscriber =
		count < SUBSCRIBERS_MAX ? calloc(1, sizeof(*subscriber)) : NULL;
	if (subscriber == NULL) {
		struct control_error_too_many_subscribers info = { .limit = SUBSCRIBERS_MAX,
			.message = "There are too many streams of events." };
		call_fail(call, CONTROL_ERROR_too_many_subscribers, &info);
		return;
	}
	subscriber->call = call;
	subscriber->kinds = kinds;
	subscriber->priority_max = in->priority_max.set ? in->priority_max.value : 7;
	subscriber->queue_max = in->queue_max.set ? (uint64_t)in->queue_max.value : 0;
	subscriber->service = in->service;
	subscriber->process = pid != 0 ? method_pid(call, pid) : NULL;
	subscriber->seq = in->since_seq.set && (uint64_t)in->since_seq.value < last
				  ? (uint64_t)in->since_seq.value
				  : last;
	subscriber->ready_seq = last;
	list_append(events_list(events), &subscriber->node);
	call->on_close = on_close;
	call->on_drained = pump;
	call->user = subscriber;
	subscribers_changed(call->daemon);
	pump(call, subscriber);
}

/* ------------------------------------------------------------------------------------------------ Trace */

static bool parse_what(const struct control_strings *what, unsigned *ret_what)
{
	static const unsigned bits[] = {
		[CONTROL_trace_what_call] = BEAMR_TRACE_CALL,
		[CONTROL_trace_what_return] = BEAMR_TRACE_RETURN,
		[CONTROL_trace_what_exception] = BEAMR_TRACE_EXCEPTION,
		[CONTROL_trace_what_send] = BEAMR_TRACE_SEND,
		[CONTROL_trace_what_receive] = BEAMR_TRACE_RECEIVE,
		[CONTROL_trace_what_gc] = BEAMR_TRACE_GC,
		[CONTROL_trace_what_schedule] = BEAMR_TRACE_SCHEDULE,
	};
	*ret_what = 0;
	for (size_t i = 0; i < what->count; i++) {
		int value = control_value_find(CONTROL_ENUM_trace_what, what->items[i]);
		if (value < 0)
			return false;
		*ret_what |= bits[value];
	}
	return *ret_what != 0;
}

/* The name of the parameter that is out of its domain; NULL. */
static const char *trace_options(
	const struct control_in_event_trace *in, struct beamr_trace_options *ret_options)
{
	const unsigned calls = BEAMR_TRACE_CALL | BEAMR_TRACE_RETURN | BEAMR_TRACE_EXCEPTION;
	*ret_options = (struct beamr_trace_options){ .module = in->module,
		.function = in->function,
		.arity = in->arity.set ? (int)in->arity.value : -1,
		.count_max = (uint64_t)in->count_max,
		.rate_max = in->rate_max.set ? (uint64_t)in->rate_max.value : 0,
		.duration_usec = (uint64_t)in->duration_usec,
		.text_max = in->max_text.set ? (size_t)in->max_text.value : 0 };
	if (!parse_what(&in->what, &ret_options->what))
		return "what";
	/* Each call of everything would stop a service. */
	if ((ret_options->what & calls) != 0 && in->module == NULL)
		return "module";
	if (in->arity.set && (in->arity.value < 0 || in->arity.value > 255 || in->function == NULL))
		return "arity";
	if (in->count_max < 1)
		return "countMax";
	if (in->duration_usec < 1)
		return "durationUSecMax";
	if (in->rate_max.set && in->rate_max.value < 1)
		return "ratePerSecondMax";
	return in->max_text.set && in->max_text.value < 1 ? "maxText" : NULL;
}

void handle_event_trace(struct call *call, const struct control_in_event_trace *in)
{
	struct events *events = call->daemon->events;
	struct beamr_trace_options options;
	const char *bad = trace_options(in, &options);
	if (bad != NULL) {
		struct control_error_invalid_parameter info = { .parameter = bad };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	struct beamr_ns *ns;
	if (beamr_ns_get(call->daemon->machine, in->service, &ns) != 0) {
		struct control_error_event_no_such_service info = { .service = in->service,
			.message = call_printf(
				call, "There is no service \"%s\" that runs.", in->service) };
		call_fail(call, CONTROL_ERROR_event_no_such_service, &info);
		return;
	}
	if (in->process != NULL &&
		!method_process(call, in->process, in->service, &options.process)) {
		(void)beamr_ns_unref(ns); /* always NULL */
		return;
	}
	struct subscriber *subscriber = calloc(1, sizeof(*subscriber));
	uint64_t last = events_last(events);
	int r = subscriber == NULL ? -ENOMEM : beamr_trace_start(ns, &options, &subscriber->trace);
	(void)beamr_ns_unref(ns); /* always NULL */
	if (r != 0) {
		free(subscriber);
		struct control_error_invalid_parameter info = { .parameter = "function" };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	(void)snprintf(subscriber->number, sizeof(subscriber->number), "%llu",
		(unsigned long long)beamr_trace_number(subscriber->trace)); /* has room */
	subscriber->call = call;
	subscriber->seq = subscriber->ready_seq = last;
	list_append(events_list(events), &subscriber->node);
	call->on_close = on_close;
	call->on_drained = pump;
	call->user = subscriber;
	subscribers_changed(call->daemon);
	pump(call, subscriber);
}
