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

static int64_t now_usec(void)
{
	return clock_monotonic_nsec() / 1000;
}

/* ---- the record ---- */

const char *record_text(json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));
	return text != NULL ? text : "";
}

json_t *service_entry(json_t *record, const char *digest)
{
	json_t *entry;
	size_t i;
	json_array_foreach(json_object_get(record, "releases"), i, entry) {
		if (strcmp(record_text(entry, "digest"), digest) == 0)
			return entry;
	}
	return NULL;
}

/* These fail only without memory; the commit then does as well. */
static void set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

json_t *service_with_active(struct service *service, const char *digest)
{
	json_t *record = json_deep_copy(service->record);
	const char *active = record_text(record, "active");
	if (strcmp(active, digest) != 0) {
		if (active[0] != '\0')
			set(record, "previous", json_string(active));
		set(record, "active", json_string(digest));
	}
	set(record, "desired", json_string("running"));
	json_t *entry = service_entry(record, digest);
	if (entry != NULL) {
		set(entry, "activated", json_integer(clock_realtime_usec()));
		(void)json_object_del(entry, "failed"); /* it may not be there */
	}
	return record;
}

const char *service_name(const struct service *service)
{
	return service->name;
}

/* One that has failed not long ago is not well yet, though it runs. */
enum control_value_service_state service_state(const struct service *service)
{
	bool degraded = service->state == CONTROL_service_state_running && service->failures > 0 &&
			now_usec() - service->window_usec < service->declaration->restart_interval;
	return degraded ? CONTROL_service_state_degraded : service->state;
}

const char *service_active(const struct service *service)
{
	return record_text(service->record, "active");
}

void service_release_text(const struct service *service, const char *digest, char *out, size_t size)
{
	const char *version = record_text(service_entry(service->record, digest), "version");
	(void)snprintf(out, size, "%s%s%.4s%s", version, version[0] != '\0' ? " (" : "", digest,
		version[0] != '\0' ? "\xe2\x80\xa6)" : "\xe2\x80\xa6"); /* short versions */
}

bool service_release(const struct service *service, const char *text, bool previous,
	char ret_digest[RELEASE_DIGEST])
{
	json_t *entry;
	size_t i, matches = 0;
	const char *found = NULL;
	if (text[0] == '\0') {
		found = record_text(service->record, previous ? "previous" : "active");
		if (found[0] == '\0' || service_entry(service->record, found) == NULL)
			return false;
		memcpy(ret_digest, found, RELEASE_DIGEST);
		return true;
	}
	json_array_foreach(json_object_get(service->record, "releases"), i, entry) {
		const char *digest = record_text(entry, "digest");
		bool by_digest = strlen(text) >= 4 && strncmp(digest, text, strlen(text)) == 0;
		if (!by_digest && strcmp(record_text(entry, "version"), text) != 0)
			continue;
		matches++;
		found = digest;
	}
	if (matches != 1)
		return false;
	memcpy(ret_digest, found, RELEASE_DIGEST);
	return true;
}

void service_each_release(const struct service *service,
	bool (*fn)(void *user, const struct service_release *release), void *user)
{
	json_t *releases = json_object_get(service->record, "releases");
	const char *active = service_active(service);
	const char *previous = record_text(service->record, "previous");
	for (size_t i = json_array_size(releases); i > 0; i--) {
		json_t *entry = json_array_get(releases, i - 1);
		struct service_release release = { .digest = record_text(entry, "digest"),
			.version = json_string_value(json_object_get(entry, "version")),
			.note = json_string_value(json_object_get(entry, "note")),
			.deployed_realtime_usec =
				json_integer_value(json_object_get(entry, "deployed")),
			.activated_realtime_usec =
				json_integer_value(json_object_get(entry, "activated")),
			.uid = json_integer_value(json_object_get(entry, "uid")),
			.modules = json_integer_value(json_object_get(entry, "modules")),
			.bytes = json_integer_value(json_object_get(entry, "bytes")),
			.state = CONTROL_release_state_staged };
		if (json_is_true(json_object_get(entry, "failed")))
			release.state = CONTROL_release_state_failed;
		else if (strcmp(release.digest, active) == 0)
			release.state = CONTROL_release_state_active;
		else if (strcmp(release.digest, previous) == 0)
			release.state = CONTROL_release_state_previous;
		if (!fn(user, &release))
			return;
	}
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

static void tell(struct service *service, enum beamr_report_kind kind, const char *format, ...)
	_printf_(3, 4);

static void tell(struct service *service, enum beamr_report_kind kind, const char *format, ...)
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

static void say_result(struct service *service, const char *format, ...) _printf_(2, 3);

static void say_result(struct service *service, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(service->result, sizeof(service->result), format,
		arguments); /* one line, cut when it is too long */
	va_end(arguments);
}

static void phase(struct service *service, int activate_phase)
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
	service_release_maybe(service);
}

/* What the request came to was known before; now it is durable. */
static void finish_committed(struct service *service, int r, void *user)
{
	struct service_request *request = service->request;
	if (request == NULL)
		return;
	if (r == 0 && request->action == SERVICE_REMOVE)
		services_sweep(service->all);
	service_finish(service, r != 0 ? r : request->r);
}

/* The record after the activation that is asked for. */
static json_t *activation_record(struct service *service)
{
	struct service_request *request = service->request;
	json_t *record = service_with_active(service, request->digest);
	if (request->confirm_usec > 0 && request->back[0] != '\0')
		set(record, "confirm",
			json_pack("{s:s, s:I}", "back", request->back, "until",
				(json_int_t)(clock_realtime_usec() + request->confirm_usec)));
	else
		(void)json_object_del(record, "confirm"); /* it may not be there */
	if (request->declared)
		set(record, "declared", json_string(request->digest));
	return record;
}

static bool has_request(const struct service *service, enum service_action action)
{
	return service->request != NULL && service->request->action == action;
}

static bool is_activating(const struct service *service)
{
	return has_request(service, SERVICE_ACTIVATE) || has_request(service, SERVICE_ROLLBACK);
}

/* ---- timers ---- */

static void arm(struct service *service, struct event **timer, event_callback_fn fn, void *user,
	int64_t usec)
{
	struct timeval wait = { .tv_sec = usec / 1000000, .tv_usec = usec % 1000000 };
	if (*timer == NULL)
		*timer = event_new(service->all->daemon->base, -1, 0, fn, user);
	if (*timer == NULL || event_add(*timer, &wait) != 0)
		log_say(service->all->daemon->log, 3, "no memory for a timer of service \"%s\"",
			service->name);
}

static void disarm(struct event *timer)
{
	if (timer != NULL)
		(void)event_del(timer); /* it may not be pending */
}

/* ---- confirmation ---- */

static void roll_back(struct service *service, const char *why);

static void confirmed(struct service *service, const char *how)
{
	json_t *record = json_deep_copy(service->record);
	struct service_request *waits = TAKE_PTR(service->confirms);
	disarm(service->confirm_timer);
	(void)json_object_del(record, "confirm"); /* it is there */
	service_commit(service, record, NULL, NULL);
	tell(service, BEAMR_REPORT_ACTIVATE, "%s", how);
	if (waits != NULL)
		waits->done(waits, 0);
}

static void on_confirm_timer(evutil_socket_t fd, short what, void *user)
{
	struct service *service = user;
	bool well = service->run != NULL && !service->run->stopping &&
		    node_has_started(service->run->node);
	if (well)
		confirmed(service, "confirmed: it has run well for as long as was asked");
	else
		roll_back(service, "it is not running well");
}

static bool watch_confirmation(struct service *service)
{
	json_t *confirm = json_object_get(service->record, "confirm");
	if (confirm == NULL)
		return false;
	int64_t left =
		json_integer_value(json_object_get(confirm, "until")) - clock_realtime_usec();
	arm(service, &service->confirm_timer, on_confirm_timer, service, left > 0 ? left : 0);
	return true;
}

int service_confirm(struct service *service)
{
	if (json_object_get(service->record, "confirm") == NULL)
		return SERVICE_E_STATE;
	confirmed(service, "confirmed by hand");
	return 0;
}

/* Puts the release of before back, by itself. */
static void roll_back(struct service *service, const char *why)
{
	char back[RELEASE_DIGEST], text[128];
	json_t *confirm = json_object_get(service->record, "confirm");
	struct service_request *waits = TAKE_PTR(service->confirms);
	(void)snprintf(back, sizeof(back), "%s", record_text(confirm, "back")); /* a digest */
	char failed[RELEASE_DIGEST];
	(void)snprintf(failed, sizeof(failed), "%s", service_active(service)); /* as above */
	disarm(service->confirm_timer);
	json_t *record = service_with_active(service, back);
	(void)json_object_del(record, "confirm"); /* it is there */
	json_t *entry = service_entry(record, failed);
	if (entry != NULL)
		set(entry, "failed", json_true());
	(void)json_object_del(record, "previous"); /* what failed is nothing to go back to */
	service_commit(service, record, NULL, NULL);
	service_release_text(service, back, text, sizeof(text));
	tell(service, BEAMR_REPORT_ROLLBACK, "%s; back to %s", why, text);
	service->failures = 0;
	service->want_run = true;
	if (waits != NULL) {
		(void)snprintf(waits->reason, sizeof(waits->reason), "%s; %s runs again", why,
			text); /* short */
		waits->done(waits, SERVICE_E_START);
	}
	service_settle(service);
}

/* ---- runs ---- */

static void free_run(struct run *run)
{
	if (run->timer != NULL)
		event_free(run->timer);
	free(run);
}

static void on_run_timer(evutil_socket_t fd, short what, void *user)
{
	struct run *run = user;
	run->timed_out = true;
	log_say(run->service->all->daemon->log, 4, "service \"%s\" did not %s in time and is ended",
		run->service->name, run->stopping ? "stop" : "start");
	node_kill(run->node);
}

static void stop_run(struct run *run, int64_t timeout_usec)
{
	if (run->stopping)
		return;
	run->stopping = true;
	disarm(run->timer);
	arm(run->service, &run->timer, on_run_timer, run, timeout_usec);
	node_stop(run->node);
}

static int64_t stop_timeout(const struct service *service)
{
	return service->request != NULL && service->request->timeout_usec > 0
		       ? service->request->timeout_usec
		       : service->declaration->stop_timeout;
}

/* The activation went wrong: what was active before is so again. */
static void revert(struct service *service, const char *why)
{
	struct service_request *request = service->request;
	char failed[RELEASE_DIGEST];
	(void)snprintf(failed, sizeof(failed), "%s", service_active(service)); /* a digest */
	(void)snprintf(request->reason, sizeof(request->reason), "%s", why);   /* cut when long */
	request->reverting = true;
	json_t *record = request->back[0] != '\0' ? service_with_active(service, request->back)
						  : json_deep_copy(service->record);
	json_t *entry = service_entry(record, failed);
	if (entry != NULL)
		set(entry, "failed", json_true());
	if (request->back[0] == '\0')
		(void)json_object_del(record, "active"); /* it is there */
	(void)json_object_del(record, "previous"); /* it may be, and is what failed or older */
	if (request->previous[0] != '\0' && strcmp(request->previous, failed) != 0)
		set(record, "previous", json_string(request->previous));
	(void)json_object_del(record, "confirm"); /* as above */
	service->want_run = request->was_running && request->back[0] != '\0';
	if (!service->want_run)
		set(record, "desired", json_string(request->was_running ? "running" : "stopped"));
	service_commit(service, record, finish_committed, NULL);
	/* finish_committed() runs from the loop, when what is to run again has been told to. */
	request->r = SERVICE_E_START;
	service_set_state(service, CONTROL_service_state_failed);
	say_result(service, "%s", why);
	service_tell_release(service);
	service_settle(service);
}

/* A run that ended though nobody asked it to, or that could not be started. */
static void policy(struct service *service, int status, bool had_started, const char *why)
{
	const struct declaration *declaration = service->declaration;
	int64_t now = now_usec();
	say_result(service, "%s", why);
	if (is_activating(service) && !service->request->reverting && !had_started) {
		revert(service, why);
		return;
	}
	if (json_object_get(service->record, "confirm") != NULL) {
		roll_back(service, why);
		return;
	}
	bool again = declaration->restart == DECLARE_ALWAYS ||
		     (declaration->restart == DECLARE_ON_FAILURE && (status != 0 || !had_started));
	if (!again || service->all->stopping) {
		service->want_run = false;
		service_set_state(service, status == 0 ? CONTROL_service_state_inactive
						       : CONTROL_service_state_failed);
		tell(service, BEAMR_REPORT_STOP, "%s", why);
	} else {
		if (service->failures == 0 ||
			now - service->window_usec > declaration->restart_interval) {
			service->failures = 0;
			service->window_usec = now;
		}
		service->failures++;
		service->retry_wanted = true;
		if (service->failures > (unsigned)declaration->restart_burst) {
			service->want_run = false;
			service_set_state(service, CONTROL_service_state_failed);
			say_result(service, "%.400s; %u times in %" PRId64 " s, so it stays down",
				why, service->failures, declaration->restart_interval / 1000000);
			tell(service, BEAMR_REPORT_STOP, "%s", service->result);
		}
	}
	/* Whoever waits for its start hears of the first try. */
	if (has_request(service, SERVICE_START) || has_request(service, SERVICE_RESTART)) {
		(void)snprintf(service->request->reason, sizeof(service->request->reason), "%s",
			why); /* cut */
		service_finish(service, SERVICE_E_START);
	}
	service_settled(service);
}

static void on_retry(evutil_socket_t fd, short what, void *user)
{
	struct service *service = user;
	service->restarts++;
	service_settle(service);
}

/* The next try comes later. */
static void back_off(struct service *service)
{
	const struct declaration *declaration = service->declaration;
	int64_t delay = declaration->restart_delay;
	for (unsigned i = 1; i < service->failures && delay < declaration->restart_delay_max; i++)
		delay *= 2;
	if (delay > declaration->restart_delay_max)
		delay = declaration->restart_delay_max;
	service_set_state(service, CONTROL_service_state_starting);
	arm(service, &service->retry_timer, on_retry, service, delay);
}

/* The new one of a blue-green change runs, and is what is active. */
static void drain_before(struct service *service, int r, void *user)
{
	if (service->before == NULL)
		return;
	phase(service, CONTROL_activate_phase_draining);
	stop_run(service->before, stop_timeout(service));
}

static void run_started(void *user)
{
	struct run *run = user;
	struct service *service = run->service;
	char text[128];
	run->started_usec = now_usec();
	if (run->stopping)
		return;
	disarm(run->timer);
	service->result[0] = '\0';
	service_set_state(service, CONTROL_service_state_running);
	service_release_text(service, run->digest, text, sizeof(text));
	tell(service, BEAMR_REPORT_START, "started %s", text);
	service_tell_release(service);
	if (service->before != NULL && is_activating(service)) {
		service_commit(service, activation_record(service), drain_before, NULL);
		return; /* the request ends when the old one is gone */
	}
	bool confirming = watch_confirmation(service);
	if (confirming && is_activating(service) && !service->request->reverting) {
		phase(service, CONTROL_activate_phase_confirming);
		service->confirms = TAKE_PTR(service->request);
	} else if (is_activating(service) || has_request(service, SERVICE_START) ||
		   has_request(service, SERVICE_RESTART)) {
		if (is_activating(service) && service->request->reverting) {
			/* The commit of the reverted record finishes it. */
		} else {
			service_finish(service, 0);
		}
	}
	service_settled(service);
}

static void run_ended(void *user, int status, const char *message)
{
	struct run *run = user;
	run->status = status;
	(void)snprintf(run->message, sizeof(run->message), "%s", message); /* cut when long */
	if (!run->stopping && run == run->service->run)
		service_set_state(run->service, CONTROL_service_state_stopping);
}

/* The change is done: the request ends, or waits for confirmation. */
static void change_over(struct service *service)
{
	bool confirming = watch_confirmation(service);
	if (!is_activating(service))
		return;
	if (confirming) {
		phase(service, CONTROL_activate_phase_confirming);
		service->confirms = TAKE_PTR(service->request);
		return;
	}
	service_finish(service, 0);
}

static void run_gone(void *user)
{
	struct run *run = user;
	struct service *service = run->service;
	struct services *services = service->all;
	bool asked = run->stopping && !(run->timed_out && run->started_usec == 0);
	bool had_started = run->started_usec != 0;
	int status = run->status;
	char why[600];
	if (run->timed_out && !had_started)
		(void)snprintf(why, sizeof(why), "did not start in time"); /* fits */
	else if (status == 0 && !run->timed_out)
		(void)snprintf(why, sizeof(why), "ended by itself"); /* fits */
	else
		(void)snprintf(why, sizeof(why), "ended with status %d%s%s", status,
			run->message[0] != '\0' ? ": " : "", run->message); /* fits */
	if (run->timed_out && status == 0)
		status = 1;
	if (run == service->before) {
		service->before = NULL;
		free_run(run);
		services_run_gone(services);
		change_over(service);
		service_settle(service);
		service_release_maybe(service);
		return;
	}
	service->run = NULL;
	free_run(run);
	if (service->before != NULL && !service->before->stopping) {
		/* The new one of a blue-green change: the old one is the service again. */
		service->run = TAKE_PTR(service->before);
		int r = node_rename(service->run->node, service->name);
		if (r != 0)
			log_say(services->daemon->log, 3,
				"service \"%s\" cannot have its name back (%d)", service->name, r);
		service_set_state(service, CONTROL_service_state_running);
		if (is_activating(service)) {
			(void)snprintf(service->request->reason, sizeof(service->request->reason),
				"%s", why); /* cut when long */
			json_t *record = json_deep_copy(service->record);
			json_t *entry = service_entry(record, service->request->digest);
			if (entry != NULL)
				set(entry, "failed", json_true());
			service->request->r = SERVICE_E_START;
			service_commit(service, record, finish_committed, NULL);
		}
		services_run_gone(services);
		return;
	}
	if (!asked)
		policy(service, status, had_started, why);
	else if (!service->want_run || services->stopping)
		tell(service, BEAMR_REPORT_STOP, "stopped");
	service_settle(service);
	services_run_gone(services);
	service_release_maybe(service);
}

static void start_run(struct service *service, const char *digest)
{
	const struct node_events events = {
		.started = run_started, .ended = run_ended, .gone = run_gone
	};
	struct services *services = service->all;
	const struct declaration *declaration = service->declaration;
	struct run *run = calloc(1, sizeof(*run));
	struct release *release = NULL;
	_cleanup_(free_stringp) char *data = NULL;
	char reason[600] = "";
	struct beamr_quota quota;
	int r = run != NULL ? 0 : -ENOMEM;
	if (r == 0)
		r = store_load(services->store, digest, &release);
	if (r == -ENOENT)
		(void)snprintf(reason, sizeof(reason), "its release %.12s is not in the store",
			digest); /* fits */
	if (r == 0)
		r = store_data_dir(services->store, service->name, &data);
	service_quota(service, &quota);
	const char *start = record_text(service_entry(service->record, digest), "start");
	struct node_options options = { .name = service->name,
		.release = release,
		.bare = declaration->boot == 0,
		.otp_root = declaration->otp_root[0] != '\0' ? declaration->otp_root : NULL,
		.start = declaration->start[0] != '\0' ? declaration->start
			 : start[0] != '\0'            ? start
						       : NULL,
		.arguments = (const char *const *)(service->arguments != NULL
							   ? service->arguments
							   : declaration->argument.items),
		.environment = (const char *const *)declaration->environment.items,
		.cwd = data,
		.quota = &quota,
		.channels = (const char *const *)declaration->channel.items };
	if (r == 0) {
		struct node_events mine = events;
		mine.user = run;
		run->service = service;
		memcpy(run->digest, digest, sizeof(run->digest));
		service->run = run;
		service->restart_wanted = false;
		service_set_state(service, CONTROL_service_state_starting);
		phase(service, CONTROL_activate_phase_starting);
		r = node_start(
			services->daemon, &options, &mine, &run->node, reason, sizeof(reason));
	}
	(void)release_free(release);
	if (r == 0) {
		services->runs++;
		arm(service, &run->timer, on_run_timer, run, declaration->start_timeout);
		return;
	}
	service->run = NULL;
	if (run != NULL)
		free_run(run);
	if (reason[0] == '\0')
		(void)snprintf(
			reason, sizeof(reason), "%s", strerror(r < 0 ? -r : EINVAL)); /* fits */
	if (service->before != NULL) {
		/* Nothing of the new one is there: the old one has never stopped. */
		service->run = TAKE_PTR(service->before);
		(void)node_rename(
			service->run->node, service->name); /* it had that name a moment ago */
		service_set_state(service, CONTROL_service_state_running);
		(void)snprintf(service->request->reason, sizeof(service->request->reason), "%s",
			reason); /* fits */
		service_finish(service, SERVICE_E_START);
		return;
	}
	policy(service, 1, false, reason);
	service_settle(service);
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
	if (request->action == SERVICE_STOP) {
		service_finish(service, 0);
	} else if (request->action == SERVICE_REMOVE) {
		service->removed = true;
		service->purge = request->purge;
		log_set_release(service->all->daemon->log, service->name, NULL, NULL);
		service_commit(service, NULL, finish_committed, NULL);
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
		service_set_state(service, service->want_run ? CONTROL_service_state_draining
							     : CONTROL_service_state_stopping);
		phase(service, CONTROL_activate_phase_draining);
		if (service->request != NULL && service->request->force) {
			run->stopping = true;
			node_kill(run->node);
		} else {
			stop_run(run, stop_timeout(service));
		}
		return;
	}
	if (!service->want_run || active[0] == '\0' || service->all->stopping || service->removed) {
		disarm(service->retry_timer);
		if (!service->removed)
			service_stopped(service);
		return;
	}
	if (service->retry_timer != NULL && event_pending(service->retry_timer, EV_TIMEOUT, NULL))
		return;
	if (service->retry_wanted) {
		service->retry_wanted = false;
		back_off(service);
		return;
	}
	start_run(service, active);
}

/* ---- requests ---- */

static void activated(struct service *service, int r, void *user)
{
	if (r != 0) {
		service_finish(service, r);
		return;
	}
	service_tell_release(service);
	service_settle(service);
}

static void hot_committed(struct service *service, int r, void *user)
{
	service_tell_release(service);
	if (r != 0)
		service_finish(service, r);
	else
		change_over(service);
}

static void after_hot(struct service *service, struct service_request *request, int r)
{
	if (r != 0) {
		service_finish(service, r);
		return;
	}
	if (service->run != NULL)
		memcpy(service->run->digest, request->digest, sizeof(service->run->digest));
	service_commit(service, activation_record(service), hot_committed, NULL);
}

/* The old one goes aside under another name, the new one comes up under the service's. */
static void blue_green(struct service *service)
{
	struct service_request *request = service->request;
	char aside[BEAMR_NAME_MAX + 1];
	int n = snprintf(
		aside, sizeof(aside), "%.*s.before", BEAMR_NAME_MAX - 7, service->name); /* fits */
	int r = n > 0 ? node_rename(service->run->node, aside) : -EINVAL;
	if (r != 0) {
		(void)snprintf(request->reason, sizeof(request->reason),
			"the running one cannot be called \"%s\" meanwhile", aside); /* fits */
		service_finish(service, SERVICE_E_STATE);
		return;
	}
	service->before = TAKE_PTR(service->run);
	start_run(service, request->digest);
}

static void set_desired(struct service *service, const char *desired)
{
	if (strcmp(record_text(service->record, "desired"), desired) == 0 &&
		service->commits == 0 && service->kept) {
		activated(service, 0, NULL);
		return;
	}
	json_t *record = json_deep_copy(service->record);
	set(record, "desired", json_string(desired));
	service_commit(service, record, activated, NULL);
}

static void begin_activate(struct service *service)
{
	struct service_request *request = service->request;
	const char *active = service_active(service);
	char text[128];
	json_t *entry = service_entry(service->record, request->digest);
	bool runs = service->run != NULL && !service->run->stopping &&
		    node_has_started(service->run->node);
	if (entry == NULL) {
		service_finish(service, SERVICE_E_RELEASE);
		return;
	}
	(void)snprintf(request->back, sizeof(request->back), "%s", active); /* a digest */
	(void)snprintf(request->previous, sizeof(request->previous), "%s",
		record_text(service->record, "previous")); /* as above */
	request->was_running = service->want_run;
	service->failures = 0;
	service->retry_wanted = false;
	disarm(service->retry_timer);
	if (request->strategy != CONTROL_strategy_restart && !runs)
		request->strategy = CONTROL_strategy_restart; /* nothing is there to be kept */
	if (strcmp(active, request->digest) == 0) {
		/* It is what is active: then it only has to run. */
		bool declared = request->declared &&
				strcmp(record_text(service->record, "declared"), active) != 0;
		service->want_run = true;
		if (declared) {
			json_t *record = json_deep_copy(service->record);
			set(record, "declared", json_string(active));
			service_commit(service, record, NULL, NULL);
		}
		if (runs)
			service_finish(service, 0);
		else
			set_desired(service, "running");
		return;
	}
	service_release_text(service, request->digest, text, sizeof(text));
	tell(service,
		request->action == SERVICE_ROLLBACK ? BEAMR_REPORT_ROLLBACK : BEAMR_REPORT_ACTIVATE,
		"%s by user %u, strategy %s", text, request->uid,
		control_enums[CONTROL_ENUM_strategy].wires[request->strategy]);
	phase(service, CONTROL_activate_phase_loading);
	if (request->strategy == CONTROL_strategy_hot) {
		service_hot(service, request, after_hot);
		return;
	}
	service->want_run = true;
	/* What is active changes when the new one runs: until then the old one is the service. */
	if (request->strategy == CONTROL_strategy_bluegreen)
		blue_green(service);
	else
		service_commit(service, activation_record(service), activated, NULL);
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
	disarm(service->retry_timer);
	service->want_run = true;
	service->restart_wanted = again && runs;
	if (runs && !again && node_has_started(service->run->node)) {
		service_finish(service, 0);
		return;
	}
	set_desired(service, "running");
}

static void begin_remove(struct service *service)
{
	struct service_request *request = service->request;
	json_t *entry;
	size_t i;
	if (request->digest[0] == '\0') {
		service->want_run = false;
		request->force = true;
		/* From here on it does not come back, whenever we are killed. */
		set_desired(service, "stopped");
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
	service_commit(service, record, finish_committed, NULL);
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
		set(quota, limit->wire,
			json_integer(
				(json_int_t) *
				(const uint64_t *)(const void *)((const char *)&request->quota +
								 limit->offset)));
	set(record, "quota", quota);
	service_commit(service, record, finish_committed, NULL);
}

/* ---- deploying ---- */

static void stage_progress(void *user, enum store_phase at, uint64_t done, uint64_t total)
{
	struct service_request *request = user;
	/* Numbers to be looked at; nothing hangs on their order. */
	atomic_store_explicit(&request->stage_phase, (int)at, memory_order_relaxed);
	atomic_store_explicit(&request->stage_done, done, memory_order_relaxed);
	atomic_store_explicit(&request->stage_total, total, memory_order_relaxed);
}

static void do_stage(struct worker_job *job)
{
	struct service_request *request =
		(struct service_request *)(void *)((char *)job -
						   offsetof(struct service_request, job));
	request->r = store_stage(request->service->all->store, &request->source,
		request->dry_run ? STORE_DRY_RUN : 0, stage_progress, request, &request->release,
		&request->error);
}

/* Releases beyond what is kept go, the oldest first; never the active one or the one before it. */
static void prune(struct service *service, json_t *record)
{
	json_t *releases = json_object_get(record, "releases");
	size_t keep = (size_t)service->all->daemon->config.releases_kept;
	for (size_t i = 0; i < json_array_size(releases) && json_array_size(releases) > keep;) {
		const char *digest = record_text(json_array_get(releases, i), "digest");
		if (strcmp(digest, record_text(record, "active")) == 0 ||
			strcmp(digest, record_text(record, "previous")) == 0 ||
			i + 1 == json_array_size(releases))
			i++;
		else
			(void)json_array_remove(releases, i); /* it is there */
	}
}

static void deployed(struct service *service, int r, void *user)
{
	struct service_request *request = service->request;
	char text[128];
	if (r == 0) {
		service_release_text(service, request->release->digest, text, sizeof(text));
		tell(service, BEAMR_REPORT_DEPLOY, "%s by user %u, %zu modules", text, request->uid,
			request->release->module_count);
		if (request->service_was_new)
			daemon_changed(service->all->daemon);
		services_sweep(service->all);
	}
	service_finish(service, r);
}

static void end_stage(struct worker_job *job)
{
	struct service_request *request =
		(struct service_request *)(void *)((char *)job -
						   offsetof(struct service_request, job));
	struct service *service = request->service;
	struct release *release = request->release;
	service->all->deploys--;
	int r = request->r == RELEASE_E_BAD ? SERVICE_E_BAD : request->r;
	if (r == 0 && request->expected != NULL && strcmp(request->expected, release->digest) != 0)
		r = SERVICE_E_DIGEST;
	if (service->all->sweep_wanted || (r != 0 && r != SERVICE_E_BAD))
		services_sweep(service->all);
	if (r != 0 || request->dry_run) {
		if (!service->kept && service->commits == 0 && !service->declaration->declared)
			service->removed = true; /* it was only asked about */
		service_finish(service, r);
		return;
	}
	json_t *record = json_deep_copy(service->record);
	json_t *entry = service_entry(record, release->digest);
	request->service_was_new = !service->kept;
	if (entry == NULL) {
		entry = json_pack("{s:s}", "digest", release->digest);
		(void)json_array_append_new(
			json_object_get(record, "releases"), entry); /* as set() */
	}
	const char *version = request->version != NULL ? request->version : release->version;
	set(entry, "deployed", json_integer(clock_realtime_usec()));
	set(entry, "uid", json_integer((json_int_t)request->uid));
	set(entry, "modules", json_integer((json_int_t)release->module_count));
	set(entry, "bytes", json_integer((json_int_t)release->bytes));
	set(entry, "kind", json_string(release_kind_names[release->kind]));
	if (version != NULL)
		set(entry, "version", json_string(version));
	if (request->note != NULL)
		set(entry, "note", json_string(request->note));
	prune(service, record);
	service_commit(service, record, deployed, NULL);
}

static void begin_deploy(struct service *service)
{
	struct service_request *request = service->request;
	if (service->all->worker == NULL) {
		service_finish(service, -ECANCELED);
		return;
	}
	request->job.work = do_stage;
	request->job.done = end_stage;
	service->all->deploys++;
	worker_post(service->all->worker, &request->job);
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
	/* Whoever changes a service that waits for confirmation has made up their mind. */
	if (service->confirms != NULL && request->action != SERVICE_DEPLOY &&
		request->action != SERVICE_QUOTA) {
		struct service_request *waits = TAKE_PTR(service->confirms);
		disarm(service->confirm_timer);
		(void)snprintf(waits->reason, sizeof(waits->reason), "overtaken by %s",
			action_names[request->action]); /* short */
		waits->done(waits, SERVICE_E_STATE);
	}
	switch (request->action) {
	case SERVICE_DEPLOY:
		begin_deploy(service);
		return;
	case SERVICE_ACTIVATE:
	case SERVICE_ROLLBACK:
		begin_activate(service);
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
		set_desired(service, "stopped");
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
	struct event *timers[] = { service->retry_timer, service->confirm_timer };
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		if (timers[i] != NULL)
			event_free(timers[i]);
	}
	struct run *runs[] = { service->run, service->before };
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		if (runs[i] == NULL)
			continue;
		node_forget(runs[i]->node);
		free_run(runs[i]);
	}
	free_arguments(service);
	(void)declare_free(service->declaration);
	json_decref(service->record);
	json_decref(service->written);
	free(service);
}
