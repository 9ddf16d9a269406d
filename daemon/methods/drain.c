/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Daemon.Drain. Services end as they do when they are stopped, but what they are to be stays what it was; in namespaces of no service the
 * processes that nobody living has spawned get `shutdown`. Who asks waits; what was asked goes on when he leaves, but nobody kills what is
 * late in such a namespace then.
 * Every LOOK_USEC it is looked who is left, and who has come up meanwhile. */
#include "../service.h"
#include "base/clock.h"
#include "methods.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define LOOK_USEC 20000
#define TELL_USEC 1000000
#define GRACE_USEC 30000000 /* for the end of what was killed */
#define TIMEOUT_MAX_USEC (INT64_C(86400) * 1000000)

struct draining {
	struct call *call; /* NULL: nobody waits */
	struct event *timer;
	const char *service;  /* NULL: all */
	int64_t timeout_usec; /* 0: as each service has it */
	int64_t kill_usec;    /* when the rest of what is no service is killed; monotonic */
	int64_t told_usec;
	int64_t remaining; /* that was told; -1: nothing was */
	bool killed;
};

static int64_t now_usec(void)
{
	return clock_monotonic_nsec() / 1000;
}

static void draining_free(struct call *call, void *user)
{
	struct draining *draining = user;
	if (draining->timer != NULL)
		event_free(draining->timer);
	free(draining);
}

/* ---- services ---- */

static void drained(struct service_request *request, int r)
{
	free(request); /* one that was busy is asked again; one that has stopped is seen to have */
}

static bool is_up(const struct service *service)
{
	enum control_value_service_state state = service_state(service);
	return state != CONTROL_service_state_inactive && state != CONTROL_service_state_failed;
}

static void ask_service(const struct draining *draining, struct service *service)
{
	enum control_value_service_state state = service_state(service);
	if (!is_up(service) || state == CONTROL_service_state_draining ||
		state == CONTROL_service_state_stopping)
		return;
	struct service_request *request = calloc(1, sizeof(*request));
	if (request == NULL)
		return; /* it is asked again */
	*request = (struct service_request){ .action = SERVICE_STOP,
		.uid = method_uid(draining->call),
		.timeout_usec = draining->timeout_usec,
		.for_now = true,
		.done = drained };
	service_submit(service, request);
}

/* ---- what is no service ---- */

struct roots {
	struct draining *draining;
	bool kill;
	struct beamr *machine;
};

static void ignore(void *user, const struct beamr_process *process) {}

static bool is_meant(const struct draining *draining, const char *namespace_name)
{
	struct services *services = draining->call->daemon->services;
	if (draining->service != NULL && strcmp(draining->service, namespace_name) != 0)
		return false;
	return services == NULL || !services_own(services, namespace_name);
}

/* Not one of those that stand in for OTP's kernel, which stay as long as the namespace does. */
static bool is_programs(const struct beamr_process *process)
{
	return !process->system && strcmp(process->initial_call.module, "beamr_kernel") != 0;
}

static bool end_process(void *user, const struct beamr_process *process)
{
	const struct roots *roots = user;
	if (!is_programs(process) || !is_meant(roots->draining, process->namespace_name))
		return true;
	bool is_root = process->parent == 0 ||
		       beamr_process_get(roots->machine, process->parent, ignore, NULL) != 0;
	/* It may have ended meanwhile. */
	if (roots->kill)
		(void)beamr_exit(roots->machine, process->pid, BEAMR_EXIT_KILL, NULL);
	else if (is_root)
		(void)beamr_exit(roots->machine, process->pid, BEAMR_EXIT_SHUTDOWN, NULL);
	return true;
}

static void end_processes(struct draining *draining, bool kill)
{
	struct roots roots = { draining, kill, draining->call->daemon->machine };
	beamr_process_each(roots.machine, NULL, 0, end_process, &roots);
}

/* ---- who is left ---- */

struct left {
	const struct draining *draining;
	struct control_drained *items;
	size_t count, room;
	int64_t total;
	bool up; /* a service that has no processes yet, or none any more */
};

/* name: taken. */
static void add_left(struct left *left, char *name, int64_t processes)
{
	left->total += processes;
	if (name != NULL && left->count < left->room)
		left->items[left->count++] =
			(struct control_drained){ .name = name, .processes = processes };
	else
		free(name);
}

static void left_done(struct left *left)
{
	for (size_t i = 0; i < left->count; i++)
		free((char *)(uintptr_t)left->items[i].name); /* add_left() has taken it */
	free(left->items);
}

static bool count_process(void *user, const struct beamr_process *process)
{
	int64_t *count = user;
	*count += is_programs(process);
	return true;
}

/* One that is no service. */
static bool count_namespace(void *user, const struct beamr_ns_info *info)
{
	struct left *left = user;
	struct beamr *machine = left->draining->call->daemon->machine;
	struct beamr_ns *ns;
	int64_t count = 0;
	if (!is_meant(left->draining, info->name) || beamr_ns_get(machine, info->name, &ns) != 0)
		return true;
	beamr_process_each(machine, ns, 0, count_process, &count);
	(void)beamr_ns_unref(ns); /* always NULL */
	if (count > 0)
		add_left(left, strdup(info->name), count);
	return true;
}

static bool count_names(void *user, const struct beamr_ns_info *info)
{
	size_t *count = user;
	++*count;
	return true;
}

static void look(struct draining *draining, struct left *left)
{
	struct daemon *daemon = draining->call->daemon;
	struct service *service;
	left->room = 1;
	beamr_ns_each(daemon->machine, count_names, &left->room);
	left->items = calloc(left->room, sizeof(*left->items));
	if (left->items == NULL)
		left->room = 0;
	for (size_t i = 0;
		daemon->services != NULL && (service = services_at(daemon->services, i)) != NULL;
		i++) {
		struct beamr_usage usage = { 0 };
		if (draining->service != NULL &&
			strcmp(draining->service, service_name(service)) != 0)
			continue;
		ask_service(draining, service);
		if (!is_up(service))
			continue;
		left->up = true;
		if (service_ns(service) != NULL)
			beamr_ns_usage(service_ns(service), &usage);
		add_left(left, strdup(service_name(service)), (int64_t)usage.processes);
	}
	beamr_ns_each(daemon->machine, count_namespace, left);
}

static void on_look(evutil_socket_t fd, short what, void *user)
{
	static const struct timeval pause = { .tv_usec = LOOK_USEC };
	struct draining *draining = user;
	struct call *call = draining->call;
	struct left left = { .draining = draining };
	int64_t now = now_usec();
	look(draining, &left);
	bool done = left.total == 0 && !left.up;
	struct control_out_daemon_drain out = {
		.remaining = left.total, .done = done, .services = { left.items, left.count, true }
	};
	if (done || (draining->timeout_usec > 0 && now > draining->kill_usec + GRACE_USEC)) {
		call->on_close = NULL;
		call_audit(call, draining->service, "drained %s, %lld processes are left",
			draining->service != NULL ? draining->service : "all services",
			(long long)left.total);
		call_reply(call, &out);
		draining_free(call, draining);
		left_done(&left);
		return;
	}
	if (!draining->killed && now > draining->kill_usec) {
		draining->killed = true;
		end_processes(draining, true);
	}
	bool tells = call->more && !call_is_full(call) &&
		     (draining->remaining != left.total || now - draining->told_usec > TELL_USEC);
	if (tells) {
		draining->told_usec = now;
		draining->remaining = left.total;
	}
	(void)event_add(
		draining->timer, &pause); /* fails only without memory; the client waits then */
	if (tells)
		call_continue(call, &out); /* the peer may be seen to have left */
	left_done(&left);
}

void handle_daemon_drain(struct call *call, const struct control_in_daemon_drain *in)
{
	struct daemon *daemon = call->daemon;
	if (in->timeout_usec.set &&
		(in->timeout_usec.value < 1 || in->timeout_usec.value > TIMEOUT_MAX_USEC)) {
		struct control_error_invalid_parameter info = { .parameter = "timeoutUSec" };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	if (in->service != NULL &&
		(daemon->services == NULL || service_find(daemon->services, in->service) == NULL)) {
		struct beamr_ns *ns = method_ns(call, in->service);
		if (ns == NULL)
			return;
		(void)beamr_ns_unref(ns); /* always NULL */
	}
	struct draining *draining = calloc(1, sizeof(*draining));
	if (draining == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	*draining = (struct draining){ .call = call,
		.service = in->service,
		.timeout_usec = in->timeout_usec.value,
		.kill_usec = now_usec() + (in->timeout_usec.set ? in->timeout_usec.value
								: daemon->config.stop_timeout),
		.remaining = -1 };
	draining->timer = event_new(daemon->base, -1, 0, on_look, draining);
	if (draining->timer == NULL) {
		free(draining);
		call_fail_errno(call, -ENOMEM);
		return;
	}
	if (in->service == NULL)
		daemon->state = CONTROL_daemon_state_draining;
	call->on_close = draining_free;
	call->user = draining;
	end_processes(draining, false);
	on_look(-1, 0, draining);
}
