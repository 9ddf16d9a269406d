/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Process: seeing one process, spawning, calling, sending. */
#include "../log.h"
#include "methods.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define CALL_TIMEOUT_USEC 5000000
#define CALL_TEXT_MAX (1u << 20)
#define PEEK_LIMIT 10
#define PEEK_LIMIT_MAX 1000
#define PEEK_TEXT_MAX 4096

static const char *parameter(struct call *call, const char *key)
{
	return json_string_value(
		json_object_get(json_object_get(call->message, "parameters"), key));
}

/* ---- describe ---- */

enum {
	WANT_STACK = 1,
	WANT_LINKS = 2,
	WANT_MONITORS = 4,
	WANT_ANCESTORS = 8,
	WANT_MEMORY = 16,
	WANT_DICTIONARY = 32,
	WANT_ALL = 63
};

static const struct {
	const char *field;
	unsigned want;
} wants[] = {
	{ "stack", WANT_STACK },
	{ "links", WANT_LINKS },
	{ "monitors", WANT_MONITORS },
	{ "monitoredBy", WANT_MONITORS },
	{ "ancestors", WANT_ANCESTORS },
	{ "heap", WANT_MEMORY },
	{ "stackWords", WANT_MEMORY },
	{ "binaries", WANT_MEMORY },
	{ "minorCollections", WANT_MEMORY },
	{ "majorCollections", WANT_MEMORY },
	{ "dictionary", WANT_DICTIONARY },
};

static bool parse_fields(
	struct call *call, const struct control_strings *fields, unsigned *ret_want)
{
	unsigned want = fields->set ? 0 : WANT_ALL;
	const struct control_struct *type = &control_structs[CONTROL_STRUCT_process];
	for (size_t i = 0; i < fields->count; i++) {
		bool known = false;
		for (size_t k = 0; k < type->count; k++)
			known |= strcmp(type->fields[k].wire, fields->items[i]) == 0;
		if (!known) {
			struct control_error_invalid_parameter info = { .parameter = "fields" };
			call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
			return false;
		}
		for (size_t k = 0; k < ARRAY_SIZE(wants); k++)
			want |= strcmp(wants[k].field, fields->items[i]) == 0 ? wants[k].want : 0;
	}
	*ret_want = want;
	return true;
}

static unsigned describe_flags(unsigned want)
{
	return ((want & (WANT_LINKS | WANT_MONITORS | WANT_ANCESTORS)) != 0
			       ? BEAMR_DESCRIBE_RELATIONS
			       : 0) |
	       ((want & WANT_STACK) != 0 ? BEAMR_DESCRIBE_STACK : 0) |
	       ((want & WANT_MEMORY) != 0 ? BEAMR_DESCRIBE_MEMORY : 0) |
	       ((want & WANT_DICTIONARY) != 0 ? BEAMR_DESCRIBE_DICTIONARY : 0);
}

static struct control_strings monitor_strings(
	struct call *call, const struct beamr_monitor *monitors, size_t count)
{
	struct control_strings strings = method_strings(call, count);
	for (size_t i = 0; i < strings.count; i++)
		strings.items[i] = monitors[i].pid != 0 ? method_pid(call, monitors[i].pid)
							: method_copy(call, monitors[i].text);
	return strings;
}

static struct control_frame *frames_of(
	struct call *call, const struct beamr_frame *frames, size_t count)
{
	struct control_frame *items =
		control_arena_alloc(&call->arena, (count + 1) * sizeof(*items));
	for (size_t i = 0; items != NULL && i < count; i++)
		method_frame(call, &frames[i], &items[i]);
	return items;
}

static void fill_info(struct call *call, const struct beamr_process_info *info, unsigned want,
	struct control_process *to)
{
	method_fill_process(call, &info->process, to);
	if (info->label != NULL && info->label[0] != '\0')
		to->label = method_copy(call, info->label);
	to->idle_usec = (struct control_optional_int){ true, (int64_t)info->idle_usec };
	if ((want & WANT_LINKS) != 0) {
		to->links = method_strings(call, info->link_count);
		for (size_t i = 0; i < to->links.count; i++)
			to->links.items[i] = method_pid(call, info->links[i]);
	}
	if ((want & WANT_MONITORS) != 0) {
		to->monitors = monitor_strings(call, info->monitors, info->monitor_count);
		to->monitored_by =
			monitor_strings(call, info->monitored_by, info->monitored_by_count);
	}
	if ((want & WANT_ANCESTORS) != 0) {
		to->ancestors = method_strings(call, info->ancestor_count);
		for (size_t i = 0; i < to->ancestors.count; i++)
			to->ancestors.items[i] = method_copy(call, info->ancestors[i]);
	}
	if ((want & WANT_STACK) != 0) {
		to->stack.items = frames_of(call, info->frames, info->frame_count);
		to->stack.count = to->stack.items != NULL ? info->frame_count : 0;
		to->stack.set = true;
	}
	if ((want & WANT_MEMORY) != 0) {
		to->heap = (struct control_optional_int){ true, (int64_t)info->heap_words };
		to->stack_words = (struct control_optional_int){ true, (int64_t)info->stack_words };
		to->binaries = (struct control_optional_int){ true, (int64_t)info->binaries_bytes };
		to->minor_collections =
			(struct control_optional_int){ true, (int64_t)info->minor_collections };
		to->major_collections =
			(struct control_optional_int){ true, (int64_t)info->major_collections };
	}
	if ((want & WANT_DICTIONARY) != 0) {
		struct control_pair *pairs = control_arena_alloc(
			&call->arena, (info->dictionary_count + 1) * sizeof(*pairs));
		for (size_t i = 0; pairs != NULL && i < info->dictionary_count; i++)
			pairs[i] =
				(struct control_pair){ method_copy(call, info->dictionary[i].key),
					method_copy(call, info->dictionary[i].value) };
		to->dictionary = (struct control_pairs){ pairs,
			pairs != NULL ? info->dictionary_count : 0, true };
	}
}

static void fail_info(struct call *call, int outcome)
{
	if (outcome == BEAMR_E_NO_PROCESS)
		method_no_process(call, parameter(call, "process"), parameter(call, "service"));
	else
		call_fail_errno(call, outcome < 0 ? outcome : -ECANCELED);
}

static void after_describe(struct call *call, void *result, void *user)
{
	struct beamr_process_info *info = result;
	struct control_out_process_describe out = { 0 };
	if (info->outcome != 0) {
		fail_info(call, info->outcome);
	} else {
		fill_info(call, info, (unsigned)(uintptr_t)user, &out.process);
		call_reply(call, &out);
	}
	(void)beamr_process_info_free(info);
}

static void on_described(void *user, struct beamr_process_info *info)
{
	method_wait_done(user, info);
}

void handle_process_describe(struct call *call, const struct control_in_process_describe *in)
{
	beamr_pid pid;
	unsigned want;
	if (!parse_fields(call, &in->fields, &want) ||
		!method_process(call, in->process, in->service, &pid))
		return;
	struct method_wait *wait = method_wait_new(call, after_describe, (void *)(uintptr_t)want);
	if (wait != NULL)
		beamr_describe(
			call->daemon->machine, pid, describe_flags(want), on_described, wait);
}

static void after_backtrace(struct call *call, void *result, void *user)
{
	struct beamr_process_info *info = result;
	char *text = NULL;
	size_t size = 0;
	if (info->outcome != 0) {
		fail_info(call, info->outcome);
		(void)beamr_process_info_free(info);
		return;
	}
	FILE *stream = open_memstream(&text, &size);
	for (size_t i = 0; stream != NULL && i < info->frame_count; i++) {
		const struct beamr_frame *frame = &info->frames[i];
		fprintf(stream, "%s:%s/%u", frame->module, frame->function, frame->arity);
		if (frame->file != NULL && frame->file[0] != '\0')
			fprintf(stream, " %s:%u", frame->file, frame->line);
		fputc('\n', stream);
	}
	if (stream != NULL)
		(void)fclose(stream); /* memory; an error shows as a missing text */
	struct control_out_process_backtrace out = {
		.frames = { frames_of(call, info->frames, info->frame_count), info->frame_count,
			true },
		.text = text != NULL ? text : ""
	};
	call_reply(call, &out);
	free(text);
	(void)beamr_process_info_free(info);
}

void handle_process_backtrace(struct call *call, const struct control_in_process_backtrace *in)
{
	beamr_pid pid;
	if (!method_process(call, in->process, in->service, &pid))
		return;
	struct method_wait *wait = method_wait_new(call, after_backtrace, NULL);
	if (wait != NULL)
		beamr_describe(
			call->daemon->machine, pid, BEAMR_DESCRIBE_STACK, on_described, wait);
}

/* ---- peek ---- */

static void after_peek(struct call *call, void *result, void *user)
{
	struct beamr_mailbox *mailbox = result;
	if (mailbox->outcome != 0) {
		fail_info(call, mailbox->outcome);
		(void)beamr_mailbox_free(mailbox);
		return;
	}
	struct control_message *items =
		control_arena_alloc(&call->arena, (mailbox->count + 1) * sizeof(*items));
	size_t count = items != NULL ? mailbox->count : 0;
	for (size_t i = 0; i < count; i++) {
		const struct beamr_message *message = &mailbox->messages[i];
		items[i].index = (int64_t)message->index;
		items[i].size_words = (int64_t)message->words;
		if (message->term != NULL)
			method_fill_term(call, message->term, PEEK_TEXT_MAX, &items[i].message);
		else
			items[i].message.type = "term";
		if (message->text != NULL)
			items[i].message.text = method_copy(call, message->text);
		if (message->truncated)
			items[i].message.truncated = (struct control_optional_int){ true, 1 };
	}
	struct control_out_process_peek out = { .total = (int64_t)mailbox->total,
		.messages = { items, count, true } };
	call_reply(call, &out);
	(void)beamr_mailbox_free(mailbox);
}

static void on_peeked(void *user, struct beamr_mailbox *mailbox)
{
	method_wait_done(user, mailbox);
}

void handle_process_peek(struct call *call, const struct control_in_process_peek *in)
{
	beamr_pid pid;
	int64_t limit = in->limit.set ? in->limit.value : PEEK_LIMIT, offset = in->offset.value;
	int64_t max_text = in->max_text.set ? in->max_text.value : PEEK_TEXT_MAX;
	const char *bad = limit < 0 || limit > PEEK_LIMIT_MAX        ? "limit"
			  : offset < 0                               ? "offset"
			  : max_text < 0 || max_text > CALL_TEXT_MAX ? "maxText"
								     : NULL;
	if (bad != NULL) {
		struct control_error_invalid_parameter info = { .parameter = bad };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	if (!method_process(call, in->process, in->service, &pid))
		return;
	struct method_wait *wait = method_wait_new(call, after_peek, NULL);
	if (wait != NULL)
		beamr_peek(call->daemon->machine, pid, (uint64_t)offset, (size_t)limit,
			(size_t)max_text, on_peeked, wait);
}

/* ---- spawn, call, send ---- */

static void fail_start(struct call *call, struct beamr_ns *ns, int r, const char *module,
	const char *function, size_t arity, const char *name)
{
	if (r == BEAMR_E_NO_MODULE) {
		method_no_module(call, ns, module);
	} else if (r == BEAMR_E_NO_FUNCTION) {
		method_no_function(call, ns, module, function, (unsigned)arity);
	} else if (r == BEAMR_E_EXISTS) {
		beamr_pid pid = 0;
		struct control_error_name_taken info = { .name = name, .process = "" };
		if (beamr_whereis(ns, name, &pid) == 0)
			info.process = method_pid(call, pid);
		info.message = call_printf(call, "The name %s belongs to %s.", name, info.process);
		call_fail(call, CONTROL_ERROR_name_taken, &info);
	} else if (r == BEAMR_E_NAME) {
		struct control_error_invalid_parameter info = { .parameter = "name" };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
	} else if (r == BEAMR_E_NO_PROCESS) {
		method_no_process(call, parameter(call, "link"), beamr_ns_name(ns));
	} else if (r == BEAMR_E_LIMIT) {
		method_limit_reached(call, ns, "processes");
	} else {
		call_fail_errno(call, r < 0 ? r : -ECANCELED);
	}
}

/* How a process that is monitored ended. */
struct how {
	bool in_order;
	char reason[401];
};

static void tell_end(struct call *call, void *result, void *user)
{
	struct how *how = result;
	struct control_out_process_spawn *out = user;
	out->reason = how->reason;
	out->in_order.set = true;
	out->in_order.value = how->in_order;
	call_reply(call, out);
	free(how);
}

static void on_ended(void *user, const struct beamr_end *end)
{
	struct how *how = calloc(1, sizeof(*how));
	if (how == NULL)
		abort(); /* as mem_alloc does */
	how->in_order = end->in_order;
	(void)snprintf(how->reason, sizeof(how->reason), "%s", end->reason); /* cut when long */
	method_wait_done(user, how);
}

void handle_process_spawn(struct call *call, const struct control_in_process_spawn *in)
{
	struct beamr_spawn_options options = { .name = in->name,
		.heap_max_words = in->heap_max.set && in->heap_max.value > 0
					  ? (uint64_t)in->heap_max.value
					  : 0 };
	struct beamr_term **terms;
	beamr_pid pid;
	bool monitors = in->monitor.set && in->monitor.value != 0;
	if (monitors && !call->more) {
		call_fail(call, CONTROL_ERROR_expected_more, NULL);
		return;
	}
	if (in->link != NULL && !method_process(call, in->link, in->service, &options.link))
		return;
	struct beamr_ns *ns = method_ns(call, in->service);
	if (ns == NULL)
		return;
	if (!method_terms(call, in->arguments.items, in->arguments.count, &terms)) {
		(void)beamr_ns_unref(ns);
		return;
	}
	const char *module = method_module(call, in->module);
	/* What is told last is told once more with how it ended. */
	struct control_out_process_spawn *last =
		monitors ? control_arena_alloc(&call->arena, sizeof(*last)) : NULL;
	struct method_wait *wait = last != NULL ? method_wait_new(call, tell_end, last) : NULL;
	if (monitors && wait == NULL) {
		method_terms_free(terms, in->arguments.count);
		(void)beamr_ns_unref(ns);
		return;
	}
	if (monitors) {
		options.ended = on_ended;
		options.user = wait;
	}
	int r = beamr_spawn(ns, module, in->function, terms, in->arguments.count, &options, &pid);
	method_terms_free(terms, in->arguments.count);
	if (r != 0 && monitors)
		method_wait_cancel(wait);
	if (r != 0) {
		fail_start(call, ns, r, module, in->function, in->arguments.count, in->name);
	} else {
		struct control_out_process_spawn out = { .process = method_pid(call, pid),
			.serial = (int64_t)beamr_pid_serial(pid) };
		call_audit(call, in->service, "spawned %s:%s/%zu in %s as %s", module, in->function,
			in->arguments.count, in->service, out.process);
		daemon_changed(call->daemon);
		if (monitors) {
			*last = out;
			call_continue(call, &out);
		} else {
			call_reply(call, &out);
		}
	}
	(void)beamr_ns_unref(ns);
}

static void fail_raised(struct call *call, const struct beamr_call_result *result, size_t max_text)
{
	char *text = NULL;
	size_t size = 0;
	int class =
		result->class != NULL ? control_value_find(CONTROL_ENUM_class, result->class) : -1;
	struct control_error_call_failed info = { .class =
							  class >= 0 ? class : CONTROL_class_exit };
	method_fill_term(call, result->term, max_text, &info.reason);
	info.stack.items = frames_of(call, result->frames, result->frame_count);
	info.stack.count = info.stack.items != NULL ? result->frame_count : 0;
	FILE *stream = open_memstream(&text, &size);
	if (stream != NULL) {
		fprintf(stream, "%s: %s", control_enums[CONTROL_ENUM_class].wires[info.class],
			info.reason.text);
		for (size_t i = 0; i < result->frame_count; i++) {
			const struct beamr_frame *frame = &result->frames[i];
			fprintf(stream, "\n  in %s:%s/%u", frame->module, frame->function,
				frame->arity);
			if (frame->file != NULL && frame->file[0] != '\0')
				fprintf(stream, " (%s, line %u)", frame->file, frame->line);
		}
		(void)fclose(stream); /* memory; an error shows as a missing text */
	}
	info.text = text != NULL ? text : info.reason.text;
	call_fail(call, CONTROL_ERROR_call_failed, &info);
	free(text);
}

/* What a running call needs when its caller goes. */
struct calling {
	beamr_pid pid;
	size_t max_text;
	uint64_t timeout_usec;
};

static void after_call(struct call *call, void *result_in, void *user)
{
	struct beamr_call_result *result = result_in;
	struct calling *calling = user;
	call->on_close = NULL;
	switch (result->end) {
	case BEAMR_CALL_VALUE: {
		struct control_out_process_call out = { .reductions = (int64_t)result->reductions,
			.duration_usec = (int64_t)result->duration_usec,
			.output = result->output != NULL && result->output[0] != '\0'
					  ? result->output
					  : NULL };
		method_fill_term(call, result->term, calling->max_text, &out.result);
		call_reply(call, &out);
		break;
	}
	case BEAMR_CALL_RAISED:
		fail_raised(call, result, calling->max_text);
		break;
	case BEAMR_CALL_TIMED_OUT: {
		struct control_error_timed_out info = { .after_usec =
								(int64_t)calling->timeout_usec,
			.message = "The function took too long; its process was killed." };
		call_fail(call, CONTROL_ERROR_timed_out, &info);
		break;
	}
	case BEAMR_CALL_REDUCTIONS: {
		struct control_error_limit_reached info = { .limit = "reductionsMax",
			.value = (int64_t)result->reductions,
			.message =
				"The function spent too many reductions; its process was killed." };
		call_fail(call, CONTROL_ERROR_limit_reached, &info);
		break;
	}
	case BEAMR_CALL_HEAP: {
		struct control_error_limit_reached info = { .limit = "heapMax",
			.message = "The function took too much memory; its process was killed." };
		call_fail(call, CONTROL_ERROR_limit_reached, &info);
		break;
	}
	case BEAMR_CALL_STOPPING: {
		struct control_error_not_ready info = { .state = "stopping",
			.message = "The daemon stops." };
		call_fail(call, CONTROL_ERROR_not_ready, &info);
		break;
	}
	}
	(void)beamr_call_result_free(result);
	free(calling);
}

static void on_called(void *user, struct beamr_call_result *result)
{
	method_wait_done(user, result);
}

/* Nobody waits for the value any more. */
static void end_call(struct call *call, void *user)
{
	const struct calling *calling = user;
	(void)beamr_exit(
		call->daemon->machine, calling->pid, BEAMR_EXIT_KILL, NULL); /* it may have ended */
}

void handle_process_call(struct call *call, const struct control_in_process_call *in)
{
	struct beamr_term **terms;
	int64_t timeout = in->timeout_usec.set ? in->timeout_usec.value : CALL_TIMEOUT_USEC;
	int64_t max_text = in->max_text.set ? in->max_text.value : CALL_TEXT_MAX;
	const char *bad = timeout < 0                                               ? "timeoutUSec"
			  : max_text < 0 || max_text > (int64_t)(8 * CALL_TEXT_MAX) ? "maxText"
			  : in->reductions_max.set && in->reductions_max.value < 0 ? "reductionsMax"
			  : in->heap_max.set && in->heap_max.value < 0             ? "heapMax"
										   : NULL;
	if (bad != NULL) {
		struct control_error_invalid_parameter info = { .parameter = bad };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	struct beamr_ns *ns = method_ns(call, in->service);
	if (ns == NULL)
		return;
	if (!method_terms(call, in->arguments.items, in->arguments.count, &terms)) {
		(void)beamr_ns_unref(ns);
		return;
	}
	struct calling *calling = calloc(1, sizeof(*calling));
	struct method_wait *wait =
		calling != NULL ? method_wait_new(call, after_call, calling) : NULL;
	if (wait == NULL) {
		if (calling == NULL)
			call_fail_errno(call, -ENOMEM);
		free(calling);
		method_terms_free(terms, in->arguments.count);
		(void)beamr_ns_unref(ns);
		return;
	}
	struct beamr_call_options options = { .timeout_usec = (uint64_t)timeout,
		.reductions_max = (uint64_t)in->reductions_max.value,
		.heap_max_words = (uint64_t)in->heap_max.value,
		.keep_output = true };
	calling->max_text = (size_t)max_text;
	calling->timeout_usec = (uint64_t)timeout;
	const char *module = method_module(call, in->module);
	call_audit(call, in->service, "calls %s:%s/%zu in %s", module, in->function,
		in->arguments.count, in->service);
	call->on_close = end_call;
	call->user = calling;
	int r = beamr_call(ns, module, in->function, terms, in->arguments.count, &options,
		on_called, wait, &calling->pid);
	method_terms_free(terms, in->arguments.count);
	if (r != 0) {
		call->on_close = NULL;
		method_wait_cancel(wait);
		free(calling);
		fail_start(call, ns, r, module, in->function, in->arguments.count, NULL);
	}
	(void)beamr_ns_unref(ns);
}

void handle_process_send(struct call *call, const struct control_in_process_send *in)
{
	beamr_pid pid;
	struct beamr_term *message;
	if (!method_process(call, in->to, strchr(in->to, '/') != NULL ? NULL : in->service, &pid) ||
		!method_term(call, 0, &in->message, &message))
		return;
	int r = beamr_send(call->daemon->machine, pid, message);
	(void)beamr_term_free(message);
	if (r == 0) {
		call_audit(call, in->service, "sent a message to %s", in->to);
		call_reply(call, NULL);
	} else if (r == BEAMR_E_NO_PROCESS) {
		method_no_process(call, in->to, in->service);
	} else {
		call_fail_errno(call, r < 0 ? r : -ECANCELED);
	}
}
