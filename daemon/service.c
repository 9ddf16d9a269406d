/* SPDX-License-Identifier: Apache-2.0 */
/* One service. What is wanted stands in want_run and the record's "active"; service_settle() takes the next step towards it and is
 * called whenever something has changed. A request changes what is wanted and is finished by what then happens.
 *
 * Invariant: a run whose end was not asked for is followed by policy(); one whose end was, by what is wanted now. */
#include "service_impl.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"
#include "near.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t service_now_usec(void)
{
	return clock_monotonic_nsec() / 1000;
}

const char *service_name(const struct service *service)
{
	return service->name;
}

/* One that has failed not long ago is not well yet, though it runs. */
enum control_value_service_state service_state(const struct service *service)
{
	bool degraded =
		service->state == CONTROL_service_state_running && service->failures > 0 &&
		service_now_usec() - service->window_usec < service->declaration->restart_interval;
	return degraded ? CONTROL_service_state_degraded : service->state;
}

void service_status(const struct service *service, struct service_status *ret)
{
	const char *active = service_active(service);
	*ret = (struct service_status){ .state = service_state(service),
		.release = active[0] != '\0' ? active : NULL,
		.version = json_string_value(
			json_object_get(service_entry(service->record, active), "version")),
		.root = service->run != NULL ? node_root(service->run->node) : 0,
		.since_realtime_usec = service->since_realtime_usec,
		.result = service->result[0] != '\0' ? service->result : NULL,
		.restarts = service->restarts,
		.confirming = json_object_get(service->record, "confirm") != NULL };
}

struct beamr_ns *service_ns(const struct service *service)
{
	return service->run != NULL ? node_ns(service->run->node) : NULL;
}

/* What the file says, unless somebody has set it since. */
void service_quota(const struct service *service, struct beamr_quota *ret_quota)
{
	struct beamr_ns *ns = service_ns(service);
	if (ns != NULL) {
		beamr_ns_quota(ns, ret_quota);
		return;
	}
	json_t *kept = json_object_get(service->record, "quota");
	declare_quota(service->declaration, ret_quota);
	for (const struct declare_limit *limit = declare_limits; limit->key != NULL; limit++) {
		json_t *value = json_object_get(kept, limit->wire);
		if (value != NULL)
			*(uint64_t *)(void *)((char *)ret_quota + limit->offset) =
				(uint64_t)json_integer_value(value);
	}
}

void service_usage(const struct service *service, struct beamr_usage *ret_usage)
{
	const struct beamr_ns *ns = service_ns(service);
	*ret_usage = (struct beamr_usage){ 0 };
	if (ns != NULL)
		beamr_ns_usage(ns, ret_usage);
	ret_usage->crashes += service->crashes_before;
	ret_usage->restarts += service->restarts_before + (uint64_t)service->restarts;
}

/* ---- telling ---- */

void service_tell_release(struct service *service)
{
	const char *active = service_active(service);
	json_t *entry = service_entry(service->record, active);
	log_set_release(
		service->all->daemon->log, service->name, record_text(entry, "version"), active);
}

void service_set_state(struct service *service, enum control_value_service_state state)
{
	if (service->state == state)
		return;
	service->state = state;
	service->since_realtime_usec = clock_realtime_usec();
	daemon_changed(service->all->daemon);
}

void service_tell(struct service *service, enum beamr_report_kind kind, const char *format, ...)
{
	char text[700], process[BEAMR_PID_TEXT];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(
		text, sizeof(text), format, arguments); /* one line, cut when it is too long */
	va_end(arguments);
	beamr_pid root = service->run != NULL ? node_root(service->run->node) : 0;
	beamr_pid_text(root, process);
	daemon_report(
		service->all->daemon, kind, service->name, root != 0 ? process : NULL, NULL, text);
}

void service_say_result(struct service *service, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(service->result, sizeof(service->result), format,
		arguments); /* one line, cut when it is too long */
	va_end(arguments);
}

void service_phase(struct service *service, int activate_phase)
{
	if (service->request != NULL && service->request->phase != NULL)
		service->request->phase(service->request, activate_phase);
}

void service_finish(struct service *service, int r)
{
	struct service_request *request = TAKE_PTR(service->request);
	if (request != NULL) {
		request->r = r;
		request->done(request, r);
	}
	service_declare_maybe(service);
	service_release_maybe(service);
}

/* What the request came to was known before; now it is durable. */
void service_finish_committed(struct service *service, int r, void *user)
{
	struct service_request *request = service->request;
	if (request == NULL)
		return;
	if (r == 0 && request->action == SERVICE_REMOVE)
		services_sweep(service->all);
	service_finish(service, r != 0 ? r : request->r);
}

bool service_has_request(const struct service *service, enum service_action action)
{
	return service->request != NULL && service->request->action == action;
}

bool service_is_activating(const struct service *service)
{
	return service_has_request(service, SERVICE_ACTIVATE) ||
	       service_has_request(service, SERVICE_ROLLBACK);
}

/* ---- timers ---- */

void service_arm(struct service *service, struct event **timer, event_callback_fn fn, void *user,
	int64_t usec)
{
	struct timeval wait = { .tv_sec = usec / 1000000, .tv_usec = usec % 1000000 };
	if (*timer == NULL)
		*timer = event_new(service->all->daemon->base, -1, 0, fn, user);
	if (*timer == NULL || event_add(*timer, &wait) != 0)
		log_say(service->all->daemon->log, 3, "no memory for a timer of service \"%s\"",
			service->name);
}

void service_disarm(struct event *timer)
{
	if (timer != NULL)
		(void)event_del(timer); /* it may not be pending */
}

static void service_stopped(struct service *service)
{
	struct service_request *request = service->request;
	service->retry_wanted = false;
	if (service->state != CONTROL_service_state_failed ||
		(request != NULL && request->action == SERVICE_STOP))
		service_set_state(service, CONTROL_service_state_inactive);
	if (request == NULL)
		return;
	if (request->action == SERVICE_STOP || (request->declared && !service->want_run)) {
		service_finish(service, 0);
	} else if (request->action == SERVICE_REMOVE) {
		service->removed = true;
		service->purge = request->purge;
		log_set_release(service->all->daemon->log, service->name, NULL, NULL);
		service_commit(service, NULL, service_finish_committed, NULL);
	}
}

void service_settle(struct service *service)
{
	const char *active = service_active(service);
	struct run *run = service->run;
	if (run != NULL) {
		if (run->stopping || service->before != NULL)
			return;
		if (service->want_run && !service->restart_wanted && !service->all->stopping &&
			strcmp(run->digest, active) == 0)
			return;
		bool drains = service->want_run || (service->request != NULL && service->request->for_now);
		service_set_state(service,
			drains ? CONTROL_service_state_draining : CONTROL_service_state_stopping);
		service_phase(service, CONTROL_activate_phase_draining);
		if (service->request != NULL && service->request->force) {
			run->stopping = true;
			node_kill(run->node);
		} else {
			run_stop(run, run_stop_timeout(service));
		}
		return;
	}
	if (!service->want_run || active[0] == '\0' || service->all->stopping || service->removed) {
		service_disarm(service->retry_timer);
		if (!service->removed)
			service_stopped(service);
		return;
	}
	if (service->retry_timer != NULL && event_pending(service->retry_timer, EV_TIMEOUT, NULL))
		return;
	if (service->retry_wanted) {
		service->retry_wanted = false;
		service_back_off(service);
		return;
	}
	run_start(service, active);
}

/* ---- requests ---- */

void service_activated(struct service *service, int r, void *user)
{
	if (r != 0) {
		/* It could not be written, so nothing is wanted but what was. */
		if (service->request != NULL)
			service->want_run = service->request->was_running;
		service->restart_wanted = false;
		service_finish(service, r);
		return;
	}
	service_tell_release(service);
	service_settle(service);
}

void service_set_desired(struct service *service, const char *desired)
{
	if (strcmp(record_text(service->record, "desired"), desired) == 0 &&
		service->commits == 0 && service->kept) {
		service_activated(service, 0, NULL);
		return;
	}
	json_t *record = json_deep_copy(service->record);
	record_set(record, "desired", json_string(desired));
	service_commit(service, record, service_activated, NULL);
}

static void free_arguments(struct service *service)
{
	for (size_t i = 0; service->arguments != NULL && service->arguments[i] != NULL; i++)
		free(service->arguments[i]);
	free(service->arguments);
	service->arguments = NULL;
}

static void keep_arguments(struct service *service, const char *const *arguments)
{
	size_t count = 0;
	while (arguments[count] != NULL)
		count++;
	free_arguments(service);
	service->arguments = calloc(count + 1, sizeof(char *));
	for (size_t i = 0; service->arguments != NULL && i < count; i++)
		service->arguments[i] = strdup(arguments[i]);
}

static void begin_start(struct service *service, bool again)
{
	struct service_request *request = service->request;
	bool runs = service->run != NULL && !service->run->stopping;
	if (service_active(service)[0] == '\0') {
		(void)snprintf(request->reason, sizeof(request->reason),
			"no release of it is active"); /* fits */
		service_finish(service, SERVICE_E_STATE);
		return;
	}
	if (request->arguments != NULL && request->arguments[0] != NULL)
		keep_arguments(service, request->arguments);
	service->failures = 0;
	service->retry_wanted = false;
	service_disarm(service->retry_timer);
	service->want_run = true;
	service->restart_wanted = again && runs;
	if (runs && !again && node_has_started(service->run->node)) {
		service_finish(service, 0);
		return;
	}
	service_set_desired(service, "running");
}

/* On a full disk that could not be written; what makes room goes on all the same, and whoever is killed then comes back as before. */
static void on_leaving(struct service *service, int r, void *user)
{
	service_settle(service);
}

static void begin_remove(struct service *service)
{
	struct service_request *request = service->request;
	json_t *entry;
	size_t i;
	if (request->digest[0] == '\0') {
		service->want_run = false;
		request->force = true;
		/* From here on it is on its way out, whenever we are killed: the next start goes on with it. */
		json_t *leaving = json_deep_copy(service->record);
		record_set(leaving, "desired", json_string("stopped"));
		record_set(leaving, "removing", json_string(request->purge ? "all" : "record"));
		service_commit(service, leaving, on_leaving, NULL);
		return;
	}
	if (strcmp(request->digest, service_active(service)) == 0) {
		(void)snprintf(request->reason, sizeof(request->reason),
			"the release is active"); /* fits */
		service_finish(service, SERVICE_E_STATE);
		return;
	}
	json_t *record = json_deep_copy(service->record);
	json_array_foreach(json_object_get(record, "releases"), i, entry) {
		if (strcmp(record_text(entry, "digest"), request->digest) == 0) {
			(void)json_array_remove(
				json_object_get(record, "releases"), i); /* it is there */
			break;
		}
	}
	if (strcmp(record_text(record, "previous"), request->digest) == 0)
		(void)json_object_del(record, "previous"); /* as above */
	service_commit(service, record, service_finish_committed, NULL);
}

static void begin_quota(struct service *service)
{
	struct service_request *request = service->request;
	struct beamr_ns *ns = service_ns(service);
	const char *field = NULL;
	int r = ns != NULL ? beamr_ns_set_quota(ns, &request->quota, &field) : 0;
	if (r != 0) {
		(void)snprintf(request->reason, sizeof(request->reason), "%s",
			field != NULL ? field : "quota"); /* short */
		service_finish(service, SERVICE_E_STATE);
		return;
	}
	if (!request->keep_quota) {
		service_finish(service, 0);
		return;
	}
	json_t *record = json_deep_copy(service->record), *quota = json_object();
	for (const struct declare_limit *limit = declare_limits; limit->key != NULL; limit++)
		record_set(quota, limit->wire,
			json_integer(
				(json_int_t) *
				(const uint64_t *)(const void *)((const char *)&request->quota +
								 limit->offset)));
	record_set(record, "quota", quota);
	service_commit(service, record, service_finish_committed, NULL);
}

static const char *const action_names[] = { [SERVICE_DEPLOY] = "deploy",
	[SERVICE_ACTIVATE] = "activate",
	[SERVICE_ROLLBACK] = "rollback",
	[SERVICE_START] = "start",
	[SERVICE_STOP] = "stop",
	[SERVICE_RESTART] = "restart",
	[SERVICE_REMOVE] = "remove",
	[SERVICE_QUOTA] = "quota" };

void service_submit(struct service *service, struct service_request *request)
{
	request->service = service;
	if (service->request != NULL || service->removed) {
		(void)snprintf(request->reason, sizeof(request->reason), "%s",
			service->request != NULL ? action_names[service->request->action]
						 : "remove"); /* short */
		request->done(request, SERVICE_E_BUSY);
		return;
	}
	service->request = request;
	request->was_running = service->want_run;
	/* Whoever changes a service that waits for confirmation has made up their mind. */
	if (service->confirms != NULL && request->action != SERVICE_DEPLOY &&
		request->action != SERVICE_QUOTA) {
		struct service_request *waits = TAKE_PTR(service->confirms);
		service_disarm(service->confirm_timer);
		(void)snprintf(waits->reason, sizeof(waits->reason), "overtaken by %s",
			action_names[request->action]); /* short */
		waits->done(waits, SERVICE_E_STATE);
	}
	switch (request->action) {
	case SERVICE_DEPLOY:
		service_begin_deploy(service);
		return;
	case SERVICE_ACTIVATE:
	case SERVICE_ROLLBACK:
		service_begin_activate(service);
		return;
	case SERVICE_START:
		begin_start(service, false);
		return;
	case SERVICE_RESTART:
		begin_start(service, true);
		return;
	case SERVICE_STOP:
		service->want_run = false;
		service->failures = 0;
		service->retry_wanted = false;
		if (request->for_now)
			service_activated(service, 0, NULL);
		else
			service_set_desired(service, "stopped");
		return;
	case SERVICE_REMOVE:
		begin_remove(service);
		return;
	case SERVICE_QUOTA:
		begin_quota(service);
		return;
	}
}

void service_free(struct service *service)
{
	if (service == NULL)
		return;
	/* Only at the end of the daemon is anybody left waiting. */
	struct service_request *requests[] = { TAKE_PTR(service->request),
		TAKE_PTR(service->confirms) };
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		if (requests[i] != NULL)
			requests[i]->done(requests[i], -ECANCELED);
	}
	struct event *timers[] = { service->retry_timer, service->confirm_timer,
		service->write_timer };
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		if (timers[i] != NULL)
			event_free(timers[i]);
	}
	struct run *runs[] = { service->run, service->before };
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		if (runs[i] == NULL)
			continue;
		node_forget(runs[i]->node);
		run_free(runs[i]);
	}
	free_arguments(service);
	(void)declare_free(service->declaration);
	(void)declare_free(service->next_declaration);
	json_decref(service->record);
	json_decref(service->written);
	free(service);
}
