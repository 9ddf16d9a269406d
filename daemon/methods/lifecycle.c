/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Service: start, stop, restart, remove, limits, and all about one. */
#include "../cgroup.h"
#include "../levels.h"
#include "../log.h"
#include "../server.h"
#include "../service.h"
#include "../sockets.h"
#include "base/cleanup.h"
#include "methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

struct changing {
	struct service_request request;
	struct call *call; /* a reference */
	struct control_out_service_remove removed;
};

static struct changing *new_changing(struct call *call, enum service_action action,
	void (*done)(struct service_request *request, int r))
{
	struct changing *changing = calloc(1, sizeof(*changing));
	if (changing == NULL) {
		call_fail_errno(call, -ENOMEM);
		return NULL;
	}
	changing->call = call_ref(call);
	changing->request.action = action;
	changing->request.uid = method_uid(call);
	changing->request.done = done;
	return changing;
}

static void free_changing(struct changing *changing)
{
	(void)call_unref(changing->call);
	free(changing);
}

static const char *root_of(struct call *call, const struct service *service)
{
	struct service_status status;
	service_status(service, &status);
	return status.root != 0 ? method_pid(call, status.root) : "";
}

static void started(struct service_request *request, int r)
{
	struct changing *changing = (struct changing *)(void *)request;
	struct call *call = changing->call;
	const char *name = service_name(request->service);
	if (r != 0) {
		method_service_failed(call, request, r);
	} else {
		struct control_out_service_start out = { .root_process =
								 root_of(call, request->service) };
		call_audit(call, name, "%s %s",
			request->action == SERVICE_START ? "started" : "restarted", name);
		if (request->action == SERVICE_START) {
			call_reply(call, &out);
		} else {
			struct control_out_service_restart again = { .root_process =
									     out.root_process };
			call_reply(call, &again);
		}
	}
	free_changing(changing);
}

void handle_service_start(struct call *call, const struct control_in_service_start *in)
{
	struct service *service = method_service(call, in->service);
	struct changing *changing =
		service != NULL ? new_changing(call, SERVICE_START, started) : NULL;
	if (changing == NULL)
		return;
	/* The list is in the call's arena, with one place more than it has items. */
	struct control_strings copy = method_strings(call, in->arguments.count);
	for (size_t i = 0; i < copy.count; i++)
		copy.items[i] = in->arguments.items[i];
	if (copy.items != NULL)
		copy.items[copy.count] = NULL;
	changing->request.arguments = copy.items;
	service_submit(service, &changing->request);
}

void handle_service_restart(struct call *call, const struct control_in_service_restart *in)
{
	struct service *service = method_service(call, in->service);
	struct changing *changing =
		service != NULL ? new_changing(call, SERVICE_RESTART, started) : NULL;
	if (changing == NULL)
		return;
	changing->request.timeout_usec = in->timeout_usec.value;
	service_submit(service, &changing->request);
}

static int64_t processes_left(const struct service *service)
{
	struct beamr_ns *ns = service_ns(service);
	struct beamr_usage usage = { 0 };
	if (ns != NULL)
		beamr_ns_usage(ns, &usage);
	return (int64_t)usage.processes;
}

static void tell_stopping(struct service_request *request, int phase)
{
	struct changing *changing = (struct changing *)(void *)request;
	struct control_out_service_stop out = { .phase = CONTROL_stop_phase_draining,
		.processes = processes_left(request->service) };
	if (changing->call->more)
		call_continue(changing->call, &out);
}

static void stopped(struct service_request *request, int r)
{
	struct changing *changing = (struct changing *)(void *)request;
	struct call *call = changing->call;
	const char *name = service_name(request->service);
	if (r != 0) {
		method_service_failed(call, request, r);
	} else {
		struct control_out_service_stop out = { .phase = CONTROL_stop_phase_done };
		call_audit(call, name, "stopped %s", name);
		call_reply(call, &out);
	}
	free_changing(changing);
}

void handle_service_stop(struct call *call, const struct control_in_service_stop *in)
{
	struct service *service = method_service(call, in->service);
	struct changing *changing =
		service != NULL ? new_changing(call, SERVICE_STOP, stopped) : NULL;
	if (changing == NULL)
		return;
	changing->request.timeout_usec = in->timeout_usec.value;
	changing->request.force = in->force.value != 0;
	changing->request.phase = tell_stopping;
	service_submit(service, &changing->request);
}

/* ---- remove ---- */

static void removed(struct service_request *request, int r)
{
	struct changing *changing = (struct changing *)(void *)request;
	struct call *call = changing->call;
	const char *name = service_name(request->service);
	if (r != 0) {
		method_service_failed(call, request, r);
	} else {
		if (request->digest[0] == '\0') {
			sockets_drop(call->daemon->sockets, name);
			levels_forget(call->daemon->levels, name);
		}
		if (request->digest[0] == '\0')
			daemon_report(call->daemon, BEAMR_REPORT_STOP, name, NULL, NULL, "removed");
		call_audit(call, name, "removed %s %s%s",
			request->digest[0] == '\0' ? "service" : "a release of", name,
			request->purge ? " and its folder" : "");
		daemon_changed(call->daemon);
		call_reply(call, &changing->removed);
	}
	free_changing(changing);
}

struct gathering {
	struct call *call;
	struct control_strings *to;
	size_t max;
};

static bool gather_release(void *user, const struct service_release *release)
{
	struct gathering *gathering = user;
	if (gathering->to->count == gathering->max)
		return false;
	gathering->to->items[gathering->to->count++] =
		method_copy(gathering->call, release->digest);
	return true;
}

static bool count_release(void *user, const struct service_release *release)
{
	size_t *count = user;
	++*count;
	return true;
}

void method_service_remove(
	struct call *call, struct service *service, const struct control_in_service_remove *in)
{
	struct changing *changing = new_changing(call, SERVICE_REMOVE, removed);
	if (changing == NULL)
		return;
	size_t count = 1;
	service_each_release(service, count_release, &count);
	changing->removed.removed = method_strings(call, count);
	struct control_strings *list = &changing->removed.removed;
	struct gathering gathering = { .call = call, .to = list, .max = list->count };
	list->count = 0;
	if (in->digest != NULL) {
		if (!service_release(service, in->digest, false, changing->request.digest)) {
			struct control_error_no_such_release info = { .service = in->service,
				.digest = in->digest,
				.message = call_printf(call,
					"Service \"%s\" has no release \"%s\", or more than one.",
					in->service, in->digest) };
			call_fail(call, CONTROL_ERROR_no_such_release, &info);
			free_changing(changing);
			return;
		}
		if (gathering.max > 0)
			list->items[list->count++] = method_copy(call, changing->request.digest);
	} else if (gathering.max > 0) {
		list->items[list->count++] = in->service;
		service_each_release(service, gather_release, &gathering);
	}
	if (in->dry_run.value) {
		call_reply(call, &changing->removed);
		free_changing(changing);
		return;
	}
	changing->request.purge = in->purge_state.value != 0;
	service_submit(service, &changing->request);
}

/* ---- sockets ---- */

void handle_service_adopt(struct call *call, const struct control_in_service_adopt *in)
{
	struct daemon *daemon = call->daemon;
	_cleanup_(close_fdp) int fd = connection_take_fd(call->connection, in->file_descriptor);
	int r = fd < 0 ? -EBADF
		: method_service_name_is_possible(in->service)
			? sockets_adopt(daemon->sockets, in->service, in->name, fd)
			: -EDESTADDRREQ;
	if (r == -EBADF || r == -ENOTSOCK || r == -EINVAL || r == -EDESTADDRREQ) {
		struct control_error_invalid_parameter info = {
			.parameter = r == -EINVAL         ? "name"
				     : r == -EDESTADDRREQ ? "service"
							  : "fileDescriptor"
		};
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	if (r != 0) {
		call_fail_errno(call, r);
		return;
	}
	(void)TAKE_FD(fd);
	const struct service *service =
		daemon->services != NULL ? service_find(daemon->services, in->service) : NULL;
	struct control_out_service_adopt out = { .waits = service != NULL &&
							  service_ns(service) != NULL };
	call_audit(call, in->service, "gave %s the socket %s", in->service, in->name);
	call_reply(call, &out);
}

/* ---- limits ---- */

#define LIMITS(X)                                                                                  \
	X(memory_high)                                                                             \
	X(memory_max)                                                                              \
	X(processes_max)                                                                           \
	X(atoms_max)                                                                               \
	X(ets_tables_max) X(ets_memory_max) X(modules_max) X(code_memory_max) X(ports_max)         \
		X(file_descriptors_max) X(mailbox_max) X(mailbox_policy) X(process_heap_max) X(timers_max)           \
			X(cpu_weight) X(cpu_quota_milli)

static void fill_quota(const struct beamr_quota *from, struct control_quota *to)
{
#define FILL(field) to->field = (struct control_optional_int){ true, (int64_t)from->field };
	LIMITS(FILL)
#undef FILL
}

void method_fill_usage(struct call *call, const struct beamr_usage *from, const struct beamr_ns *ns,
	struct control_usage *to)
{
	*to = (struct control_usage){ .memory = (int64_t)from->memory,
		.memory_peak = { true, (int64_t)from->memory_peak },
		.processes = (int64_t)from->processes,
		.processes_peak = (int64_t)from->processes_peak,
		.atoms = { true, (int64_t)from->atoms },
		.ets_tables = (int64_t)from->ets_tables,
		.ets_memory = { true, (int64_t)from->ets_memory },
		.modules = (int64_t)from->modules,
		.ports = { true, (int64_t)from->ports },
		.timers = { true, (int64_t)from->timers },
		.reductions = (int64_t)from->reductions,
		.cpu_usec = { true, (int64_t)from->cpu_usec },
		.messages = { true, (int64_t)from->messages },
		.crashes = (int64_t)from->crashes,
		.restarts = (int64_t)from->restarts };
	struct beamr_limit_met met[BEAMR_LIMITS_MAX];
	const size_t count = ns != NULL ? beamr_ns_limits_met(ns, met, ARRAY_SIZE(met)) : 0;
	to->limits_met.items = count > 0 ? control_arena_alloc(&call->arena, count * sizeof(*to->limits_met.items)) : NULL;
	to->limits_met.count = to->limits_met.items != NULL ? count : 0;
	to->limits_met.set = to->limits_met.count > 0;
	for (size_t i = 0; i < to->limits_met.count; i++)
		to->limits_met.items[i] = (struct control_limit_met){ .limit = met[i].limit,
			.times = (int64_t)met[i].times,
			.last_realtime_usec = met[i].last_realtime_usec };
}

/* A service, or a plain namespace: its limits and what it uses. */
void handle_service_get_quota(struct call *call, const struct control_in_service_get_quota *in)
{
	struct services *services = call->daemon->services;
	struct service *service = services != NULL ? service_find(services, in->service) : NULL;
	struct beamr_quota quota = { 0 };
	struct beamr_usage usage = { 0 };
	struct control_out_service_get_quota out = { 0 };
	struct beamr_ns *ns = NULL;
	if (service != NULL) {
		service_quota(service, &quota);
		service_usage(service, &usage);
	} else {
		ns = method_ns(call, in->service);
		if (ns == NULL)
			return;
		beamr_ns_quota(ns, &quota);
		beamr_ns_usage(ns, &usage);
	}
	fill_quota(&quota, &out.quota);
	method_fill_usage(call, &usage, service != NULL ? service_ns(service) : ns, &out.usage);
	(void)beamr_ns_unref(ns);
	call_reply(call, &out);
}

static void limited(struct service_request *request, int r)
{
	struct changing *changing = (struct changing *)(void *)request;
	struct call *call = changing->call;
	if (r == SERVICE_E_STATE) {
		struct control_error_invalid_parameter info = { .parameter = method_copy(
									call, request->reason) };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
	} else if (r != 0) {
		method_service_failed(call, request, r);
	} else {
		struct control_out_service_set_quota out = { 0 };
		fill_quota(&request->quota, &out.quota);
		call_audit(call, service_name(request->service), "changed limits of %s",
			service_name(request->service));
		call_reply(call, &out);
	}
	free_changing(changing);
}

static bool change_quota(const struct control_quota *from, struct beamr_quota *to)
{
#define CHANGE(field)                                                                              \
	if (from->field.set && from->field.value < 0)                                              \
		return false;                                                                      \
	if (from->field.set)                                                                       \
		to->field = (uint64_t)from->field.value;
	LIMITS(CHANGE)
#undef CHANGE
	return to->cpu_weight <= 10000;
}

void handle_service_set_quota(struct call *call, const struct control_in_service_set_quota *in)
{
	struct services *services = call->daemon->services;
	struct service *service = services != NULL ? service_find(services, in->service) : NULL;
	struct beamr_quota quota;
	struct beamr_ns *ns = NULL;
	const char *field = NULL;
	if (service != NULL) {
		service_quota(service, &quota);
	} else {
		ns = method_ns(call, in->service);
		if (ns == NULL)
			return;
		beamr_ns_quota(ns, &quota);
	}
	bool right = change_quota(&in->quota, &quota);
	if (right && service != NULL) {
		struct changing *changing = new_changing(call, SERVICE_QUOTA, limited);
		if (changing == NULL)
			return;
		changing->request.quota = quota;
		changing->request.keep_quota = in->runtime.value == 0;
		service_submit(service, &changing->request);
		return;
	}
	int r = right ? beamr_ns_set_quota(ns, &quota, &field) : BEAMR_E_LIMIT;
	(void)beamr_ns_unref(ns);
	if (r != 0) {
		struct control_error_invalid_parameter info = {
			.parameter = field != NULL ? field : "quota"
		};
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	struct control_out_service_set_quota out = { 0 };
	fill_quota(&quota, &out.quota);
	call_audit(call, in->service, "changed limits of %s", in->service);
	call_reply(call, &out);
}

/* ---- describe ---- */

struct told_sockets {
	struct call *call;
	struct control_socket *items;
	size_t count, max;
};

static bool count_socket(void *user, const struct socket_info *info)
{
	struct told_sockets *told = user;
	told->max++;
	return true;
}

static bool tell_socket(void *user, const struct socket_info *info)
{
	struct told_sockets *told = user;
	if (told->count == told->max)
		return false;
	told->items[told->count++] =
		(struct control_socket){ .name = method_copy(told->call, info->name),
			.address = method_copy(told->call, info->address) };
	return true;
}

static void fill_sockets(
	struct call *call, const struct service *service, struct control_instance *to)
{
	const struct sockets *sockets = call->daemon->sockets;
	struct told_sockets told = { .call = call };
	sockets_each(sockets, service_name(service), count_socket, &told);
	if (told.max == 0)
		return;
	told.items = control_arena_alloc(&call->arena, told.max * sizeof(*told.items));
	if (told.items == NULL)
		told.max = 0;
	sockets_each(sockets, service_name(service), tell_socket, &told);
	to->sockets.items = told.items;
	to->sockets.count = told.count;
	to->sockets.set = true;
}

void method_fill_instance(
	struct call *call, const struct service *service, struct control_instance *to)
{
	struct service_status status;
	service_status(service, &status);
	*to = (struct control_instance){ .name = method_copy(call, service_name(service)),
		.state = status.state,
		.release = status.release != NULL ? method_copy(call, status.release) : NULL,
		.root_process = status.root != 0 ? method_pid(call, status.root) : NULL,
		.since_realtime_usec = { true, status.since_realtime_usec },
		.result = status.result != NULL ? method_copy(call, status.result) : NULL,
		.restarts = status.restarts };
	char *cgroup = service_ns(service) != NULL ? cgroups_path(call->daemon->cgroups,
							     beamr_ns_number(service_ns(service)))
						   : NULL;
	to->cgroup = cgroup != NULL ? method_copy(call, cgroup) : NULL;
	free(cgroup);
	fill_sockets(call, service, to);
}

void handle_service_describe(struct call *call, const struct control_in_service_describe *in)
{
	struct service *service = method_service(call, in->service);
	struct beamr_quota quota;
	struct beamr_usage usage = { 0 };
	struct control_quota told_quota;
	struct control_usage told_usage;
	struct control_out_service_describe out = { 0 };
	if (service == NULL)
		return;
	method_fill_instance(call, service, &out.instance);
	service_quota(service, &quota);
	fill_quota(&quota, &told_quota);
	service_usage(service, &usage);
	method_fill_usage(call, &usage, service_ns(service), &told_usage);
	out.instance.quota = &told_quota;
	out.instance.usage = &told_usage;
	method_fill_releases(call, service, &out);
	call_reply(call, &out);
}
