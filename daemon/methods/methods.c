/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the handlers. */
#include "methods.h"

#include "../near.h"
#include "../service.h"
#include "control/base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool offer_service(void *user, const struct beamr_ns_info *info)
{
	near_offer(user, info->name);
	return true;
}

static struct control_strings near_strings(struct call *call, const struct near *near)
{
	struct control_strings similar = method_strings(call, near->count);
	for (size_t i = 0; i < near->count; i++)
		similar.items[i] = method_copy(call, near->best[i].name);
	similar.set = near->count > 0;
	return similar;
}

void method_limit_reached(struct call *call, struct beamr_ns *ns, const char *what)
{
	struct beamr_quota quota;
	struct beamr_usage usage;
	beamr_ns_quota(ns, &quota);
	beamr_ns_usage(ns, &usage);

	/* What uses more than is left, like code and memory, is met before all is used up: the fullest is it. */
	const struct {
		const char *of, *quota;
		uint64_t limit, usage;
	} limits[] = { { "processes", "processesMax", quota.processes_max, usage.processes },
		{ "modules", "modulesMax", quota.modules_max, usage.modules },
		{ "modules", "codeMemoryMax", quota.code_memory_max, usage.code_memory },
		{ "", "memoryMax", quota.memory_max, usage.memory },
		{ "", "atomsMax", quota.atoms_max, usage.atoms } };

	size_t found = ARRAY_SIZE(limits);
	double fullest = 0;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (limits[i].limit == 0 ||
			(limits[i].of[0] != '\0' && strcmp(limits[i].of, what) != 0))
			continue;
		double full = (double)limits[i].usage / (double)limits[i].limit;
		if (full > fullest || found == ARRAY_SIZE(limits)) {
			fullest = full;
			found = i;
		}
	}
	/* One process more than all that may be is what was asked for: below that it is the machine that is full. */
	if (found < ARRAY_SIZE(limits) && strcmp(what, "processes") == 0 &&
		limits[found].usage < limits[found].limit)
		found = ARRAY_SIZE(limits);
	if (found == ARRAY_SIZE(limits)) {
		struct control_error_limit_reached info = { .limit = what,
			.message = call_printf(call, "There are too many %s.", what) };
		call_fail(call, CONTROL_ERROR_limit_reached, &info);
		return;
	}
	const char *service = method_copy(call, beamr_ns_name(ns));
	struct control_error_quota_exceeded info = { .service = service,
		.quota = limits[found].quota,
		.limit = (int64_t)limits[found].limit,
		.usage = (int64_t)limits[found].usage,
		.message = call_printf(call,
			"Service \"%s\" may have no more: %s is %llu, and %llu are used. Raise it: "
			"beamrctl quota %s %s=N",
			service, limits[found].quota, (unsigned long long)limits[found].limit,
			(unsigned long long)limits[found].usage, service, limits[found].quota) };
	call_fail(call, CONTROL_ERROR_quota_exceeded, &info);
}

struct beamr_ns *method_ns(struct call *call, const char *name)
{
	struct beamr_ns *ns;
	if (name == NULL)
		name = BEAMR_DEFAULT_NAMESPACE;
	int r = beamr_ns_get(call->daemon->machine, name, &ns);
	if (r == 0)
		return ns;
	if (r < 0) {
		call_fail_errno(call, r);
		return NULL;
	}
	struct service *service =
		call->daemon->services != NULL ? service_find(call->daemon->services, name) : NULL;
	struct near near = { .wanted = name };
	beamr_ns_each(call->daemon->machine, offer_service, &near);
	struct control_error_no_such_service info = { .service = name };
	if (service != NULL) {
		info.message = call_printf(call,
			"Service \"%s\" does not run, it is %s. Start it: beamrctl start %s", name,
			control_enums[CONTROL_ENUM_service_state].wires[service_state(service)],
			name);
	} else {
		info.similar = near_strings(call, &near);
		info.message = call_printf(call, "There is no service \"%s\".", name);
	}
	call_fail(call, CONTROL_ERROR_no_such_service, &info);
	return NULL;
}

struct name_list {
	struct call *call;
	struct control_strings *names;
	size_t room;
};

static bool count_namespace(void *user, const struct beamr_ns_info *info)
{
	size_t *count = user;
	++*count;
	return true;
}

static bool list_namespace(void *user, const struct beamr_ns_info *info)
{
	struct name_list *list = user;
	if (list->names->count == list->room)
		return false; /* one that came meanwhile */
	list->names->items[list->names->count++] = method_copy(list->call, info->name);
	return true;
}

bool method_namespaces(struct call *call, const char *service, struct control_strings *ret_names)
{
	size_t count = 1;
	if (service == NULL)
		beamr_ns_each(call->daemon->machine, count_namespace, &count);
	struct control_strings names = method_strings(call, count);
	struct name_list list = { .call = call, .names = &names, .room = names.count };
	if (names.count == 0) {
		call_fail_errno(call, -ENOMEM);
		return false;
	}
	names.count = 0;
	if (service == NULL) {
		beamr_ns_each(call->daemon->machine, list_namespace, &list);
	} else {
		struct beamr_ns *ns = method_ns(call, service);
		if (ns == NULL)
			return false;
		names.items[names.count++] = method_copy(call, service);
		(void)beamr_ns_unref(ns); /* always NULL */
	}
	*ret_names = names;
	return true;
}

struct offer {
	struct near near;
	const char *service;
};

static bool offer_name(void *user, const char *name, beamr_pid pid)
{
	struct offer *offer = user;
	near_offer(&offer->near, name);
	return true;
}

void method_no_process(struct call *call, const char *text, const char *service)
{
	struct control_error_no_such_process info = { .process = text,
		.service = service,
		.message = call_printf(call, "There is no process %s.", text) };
	call_fail(call, CONTROL_ERROR_no_such_process, &info);
}

static bool is_pid_text(const char *text)
{
	if (*text == '<')
		return true;
	return *text != '\0' && text[strspn(text, "0123456789.")] == '\0' &&
	       strchr(text, '.') != NULL;
}

bool method_process(struct call *call, const char *text, const char *service, beamr_pid *ret_pid)
{
	struct beamr *machine = call->daemon->machine;
	if (is_pid_text(text)) {
		int r = beamr_pid_parse(machine, text, ret_pid);
		if (r == 0)
			return true;
		method_no_process(call, text, service);
		return false;
	}
	const char *slash = strchr(text, '/');
	const char *name = text;
	if (slash != NULL && service == NULL) {
		service = call_printf(call, "%.*s", (int)(slash - text), text);
		name = slash + 1;
	}
	struct beamr_ns *ns = method_ns(call, service);
	if (ns == NULL)
		return false;
	if (beamr_whereis(ns, name, ret_pid) == 0) {
		(void)beamr_ns_unref(ns);
		return true;
	}
	struct offer offer = { .near = { .wanted = name } };
	beamr_name_each(ns, offer_name, &offer);
	struct control_error_no_such_process info = { .process = text,
		.service = method_copy(call, beamr_ns_name(ns)),
		.hint = offer.near.count > 0 ? method_copy(call, offer.near.best[0].name) : NULL,
		.message =
			call_printf(call, "No process of service \"%s\" is registered as \"%s\".",
				beamr_ns_name(ns), name) };
	(void)beamr_ns_unref(ns);
	call_fail(call, CONTROL_ERROR_no_such_process, &info);
	return false;
}

static bool bad_term(
	struct call *call, size_t index, const struct beamr_error *error, const char *message)
{
	struct control_error_bad_term info = { .index = (int64_t)index,
		.message = message != NULL ? message : call_printf(call, "%s", error->reason) };
	if (error != NULL && error->line > 0) {
		info.line = (struct control_optional_int){ true, error->line };
		info.column = (struct control_optional_int){ true, error->column };
	}
	call_fail(call, CONTROL_ERROR_bad_term, &info);
	return false;
}

bool method_term(struct call *call, size_t index, const struct control_term_input *input,
	struct beamr_term **ret_term)
{
	struct beamr_error error = { 0 };
	if ((input->text != NULL) + (input->etf != NULL) + (input->value != NULL) != 1)
		return bad_term(
			call, index, NULL, "A term comes as exactly one of text, etf and value.");
	if (input->text != NULL) {
		int r = beamr_term_parse(input->text, strlen(input->text), ret_term, &error);
		if (r > 0)
			return bad_term(call, index, &error, NULL);
		if (r < 0)
			call_fail_errno(call, r);
		return r == 0;
	}
	if (input->etf != NULL) {
		size_t size;
		void *etf = base64_decode(input->etf, &size);
		if (etf == NULL)
			return bad_term(call, index, NULL, "etf is no base64.");
		int r = beamr_term_decode(etf, size, ret_term, &error);
		free(etf);
		if (r > 0)
			return bad_term(call, index, &error, NULL);
		if (r < 0)
			call_fail_errno(call, r);
		return r == 0;
	}
	struct control_error_not_supported info = { .what = "value",
		.message = "Terms as JSON values are not supported; use text or etf." };
	call_fail(call, CONTROL_ERROR_not_supported, &info);
	return false;
}

bool method_terms(struct call *call, const struct control_term_input *inputs, size_t count,
	struct beamr_term ***ret_terms)
{
	*ret_terms = calloc(count + 1, sizeof(**ret_terms));
	if (*ret_terms == NULL) {
		call_fail_errno(call, -ENOMEM);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!method_term(call, i, &inputs[i], &(*ret_terms)[i])) {
			method_terms_free(*ret_terms, i);
			*ret_terms = NULL;
			return false;
		}
	}
	return true;
}

void method_terms_free(struct beamr_term **terms, size_t count)
{
	if (terms == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		(void)beamr_term_free(terms[i]);
	free(terms);
}

const char *method_module(struct call *call, const char *module)
{
	char *text = call_printf(call, "%s", module);
	if (text == NULL)
		return module;
	for (char *at = text; *at != '\0'; at++) {
		if (*at == '/')
			*at = '@';
	}
	return text;
}

static bool offer_module(void *user, const struct beamr_module *module)
{
	near_offer(user, module->name);
	return true;
}

void method_no_module(struct call *call, struct beamr_ns *ns, const char *module)
{
	struct near near = { .wanted = module };
	beamr_module_each(ns, offer_module, &near);
	struct control_error_no_such_module info = { .module = module,
		.service = method_copy(call, beamr_ns_name(ns)),
		.similar = near_strings(call, &near),
		.message = call_printf(
			call, "Service \"%s\" has no module %s.", beamr_ns_name(ns), module) };
	call_fail(call, CONTROL_ERROR_no_such_module, &info);
}

struct functions {
	struct near near;
	const char *wanted;
	struct call *call;
	const char *same[8]; /* the same name, another arity */
	size_t same_count;
};

static bool offer_function(void *user, const char *function, unsigned arity)
{
	struct functions *functions = user;
	char text[256];
	if (strcmp(function, functions->wanted) == 0) {
		if (functions->same_count < ARRAY_SIZE(functions->same))
			functions->same[functions->same_count++] =
				call_printf(functions->call, "%s/%u", function, arity);
		return true;
	}
	if (strlen(function) > 240)
		return true;
	(void)snprintf(text, sizeof(text), "%s/%u", function, arity); /* length was checked */
	near_offer(&functions->near, text);
	return true;
}

void method_no_function(struct call *call, struct beamr_ns *ns, const char *module,
	const char *function, unsigned arity)
{
	const char *wanted = call_printf(call, "%s/%u", function, arity);
	struct functions functions = {
		.near = { .wanted = wanted }, .wanted = function, .call = call
	};
	(void)beamr_export_each(
		ns, module, offer_function, &functions); /* the module was there a moment ago */
	struct control_strings similar =
		method_strings(call, functions.near.count + functions.same_count);
	size_t n = 0;
	for (size_t i = 0; i < functions.same_count; i++)
		similar.items[n++] = functions.same[i];
	for (size_t i = 0; i < functions.near.count; i++)
		similar.items[n++] = method_copy(call, functions.near.best[i].name);
	similar.set = n > 0;
	struct control_error_no_such_function info = { .module = module,
		.function = function,
		.arity = arity,
		.similar = similar,
		.message = call_printf(call, "%s has no function %s.", module, wanted) };
	call_fail(call, CONTROL_ERROR_no_such_function, &info);
}

const char *method_copy(struct call *call, const char *text)
{
	size_t length = strlen(text);
	char *copy = control_arena_alloc(&call->arena, length + 1);
	if (copy == NULL)
		return "";
	return memcpy(copy, text, length + 1);
}

const char *method_pid(struct call *call, beamr_pid pid)
{
	char text[BEAMR_PID_TEXT];
	beamr_pid_text(pid, text);
	return method_copy(call, text);
}

void method_frame(struct call *call, const struct beamr_frame *frame, struct control_frame *to)
{
	*to = (struct control_frame){ .module = method_copy(call, frame->module),
		.function = method_copy(call, frame->function),
		.arity = frame->arity };
	if (frame->file != NULL && frame->file[0] != '\0') {
		to->file = method_copy(call, frame->file);
		to->line = (struct control_optional_int){ true, frame->line };
	}
}

static struct control_frame *optional_frame(struct call *call, const struct beamr_frame *frame)
{
	if (frame->module == NULL || frame->module[0] == '\0')
		return NULL;
	struct control_frame *to = control_arena_alloc(&call->arena, sizeof(*to));
	if (to != NULL)
		method_frame(call, frame, to);
	return to;
}

void method_fill_process(
	struct call *call, const struct beamr_process *from, struct control_process *to)
{
	*to = (struct control_process){ .process = method_pid(call, from->pid),
		.serial = (int64_t)from->serial,
		.service = method_copy(call, from->namespace_name),
		.name = from->name != NULL && from->name[0] != '\0' ? method_copy(call, from->name)
								    : NULL,
		.initial_call = optional_frame(call, &from->initial_call),
		.current = optional_frame(call, &from->current),
		.state = (int64_t)from->state,
		.parent = from->parent != 0 ? method_pid(call, from->parent) : NULL,
		.trap_exit = { true, from->trap_exit },
		.priority = { true, from->priority <= 3 ? from->priority : 1 },
		.mailbox = { true, (int64_t)from->mailbox },
		.memory = { true, (int64_t)from->memory_bytes },
		.reductions = { true, (int64_t)from->reductions },
		.started_realtime_usec = { true, from->started_realtime_usec } };
}

void method_fill_term(
	struct call *call, const struct beamr_term *term, size_t max_text, struct control_term *to)
{
	bool truncated = false;
	char *text = beamr_term_text(term, max_text, &truncated);
	size_t size;
	void *etf = beamr_term_encode(term, &size);
	*to = (struct control_term){ .text = method_copy(call, text != NULL ? text : ""),
		.type = beamr_term_type(term) };
	if (truncated)
		to->truncated = (struct control_optional_int){ true, 1 };
	if (etf != NULL && (max_text == 0 || size <= max_text)) {
		char *base64 = base64_encode(etf, size);
		to->etf = base64 != NULL ? method_copy(call, base64) : NULL;
		free(base64);
	}
	free(etf);
	free(text);
}

struct control_strings method_strings(struct call *call, size_t count)
{
	struct control_strings strings = { .items = control_arena_alloc(
						   &call->arena, (count + 1) * sizeof(char *)),
		.count = count,
		.set = true };
	if (strings.items == NULL)
		strings.count = 0;
	return strings;
}

struct method_wait {
	struct bridge_item item; /* first: the bridge hands it back */
	struct call *call;
	void (*then)(struct call *call, void *result, void *user);
	void *user;
	void *result;
};

static void run_wait(struct bridge_item *item)
{
	struct method_wait *wait = (struct method_wait *)(void *)item;
	wait->then(wait->call, wait->result, wait->user);
	(void)call_unref(wait->call);
	free(wait);
}

struct method_wait *method_wait_new(
	struct call *call, void (*then)(struct call *call, void *result, void *user), void *user)
{
	struct method_wait *wait = calloc(1, sizeof(*wait));
	if (wait == NULL) {
		call_fail_errno(call, -ENOMEM);
		return NULL;
	}
	*wait = (struct method_wait){
		.item = { .run = run_wait }, .call = call_ref(call), .then = then, .user = user
	};
	return wait;
}

void method_wait_done(struct method_wait *wait, void *result)
{
	wait->result = result;
	bridge_post(&wait->call->daemon->bridge, &wait->item);
}

void method_wait_cancel(struct method_wait *wait)
{
	(void)call_unref(wait->call);
	free(wait);
}
