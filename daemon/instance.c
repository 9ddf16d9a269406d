/* SPDX-License-Identifier: Apache-2.0 */
/* What runs of a service: starting a node, telling whether it came up and stayed up, its end, and what becomes of the service then.
 *
 * Invariant: a run whose end was not asked for is followed by policy(); one whose end was, by what is wanted now. */
#include "service_impl.h"

#include "base/cleanup.h"
#include "levels.h"
#include "log.h"
#include "sockets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_free(struct run *run)
{
	struct event *timers[] = { run->timer, run->settle_timer };
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		if (timers[i] != NULL)
			event_free(timers[i]);
	}
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

void run_stop(struct run *run, int64_t timeout_usec)
{
	if (run->stopping)
		return;
	run->stopping = true;
	service_disarm(run->timer);
	service_disarm(run->settle_timer);
	service_arm(run->service, &run->timer, on_run_timer, run, timeout_usec);
	node_stop(run->node);
}

int64_t run_stop_timeout(const struct service *service)
{
	return service->request != NULL && service->request->timeout_usec > 0
		       ? service->request->timeout_usec
		       : service->declaration->stop_timeout;
}

/* A run that ended though nobody asked it to, or that could not be started. */
static void policy(
	struct service *service, int status, bool had_started, bool had_settled, const char *why)
{
	const struct declaration *declaration = service->declaration;
	int64_t now = service_now_usec();
	service_say_result(service, "%s", why);
	bool confirming = json_object_get(service->record, "confirm") != NULL;
	/* What ends in order, and was not asked to stay, has done what it is there for. */
	if (service_is_activating(service) && !service->request->reverting &&
		(!had_started || (!had_settled && (status != 0 || confirming)))) {
		service_revert(service, why);
		return;
	}
	if (confirming) {
		service_roll_back(service, why);
		return;
	}
	bool again = declaration->restart == DECLARE_ALWAYS ||
		     (declaration->restart == DECLARE_ON_FAILURE && (status != 0 || !had_started));
	if (!again || service->all->stopping) {
		service->want_run = false;
		service_set_state(service, status == 0 ? CONTROL_service_state_inactive
						       : CONTROL_service_state_failed);
		service_tell(service, BEAMR_REPORT_STOP, "%s", why);
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
			service_say_result(service,
				"%.400s; %u times in %" PRId64 " s, so it stays down", why,
				service->failures, declaration->restart_interval / 1000000);
			service_tell(service, BEAMR_REPORT_STOP, "%s", service->result);
		} else {
			service_tell(service, BEAMR_REPORT_STOP, "%.400s; it is started again", why);
		}
	}
	/* Whoever waits for its start hears of the first try. */
	if (service_has_request(service, SERVICE_START) ||
		service_has_request(service, SERVICE_RESTART)) {
		(void)snprintf(service->request->reason, sizeof(service->request->reason), "%s",
			why); /* cut */
		service_finish(service, SERVICE_E_START);
	} else if (service_is_activating(service) && !service->request->reverting && !had_settled) {
		service_finish(service, 0);
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
void service_back_off(struct service *service)
{
	const struct declaration *declaration = service->declaration;
	int64_t delay = declaration->restart_delay;
	for (unsigned i = 1; i < service->failures && delay < declaration->restart_delay_max; i++)
		delay *= 2;
	if (delay > declaration->restart_delay_max)
		delay = declaration->restart_delay_max;
	service_set_state(service, CONTROL_service_state_starting);
	service_arm(service, &service->retry_timer, on_retry, service, delay);
}

/* It is up. */
static void settled(struct run *run)
{
	struct service *service = run->service;
	run->settled = true;
	if (service->before != NULL && service_is_activating(service)) {
		service_commit(
			service, service_activation_record(service), service_drain_before, NULL);
		return; /* the request ends when the old one is gone */
	}
	bool confirming = service_watch_confirmation(service);
	if (confirming && service_is_activating(service) && !service->request->reverting) {
		service_phase(service, CONTROL_activate_phase_confirming);
		service->confirms = TAKE_PTR(service->request);
	} else if (service_is_activating(service) || service_has_request(service, SERVICE_START) ||
		   service_has_request(service, SERVICE_RESTART)) {
		if (service_is_activating(service) && service->request->reverting) {
			/* The commit of the reverted record finishes it. */
		} else {
			service_finish(service, 0);
		}
	}
	service_settled(service);
}

static void on_settled(evutil_socket_t fd, short what, void *user)
{
	struct run *run = user;
	run->looks_to_confirm = false;
	node_look(run->node, run->service->declaration->health);
}

static void run_looked(void *user, enum node_health health, const char *text)
{
	struct run *run = user;
	struct service *service = run->service;
	if (run->stopping)
		return;
	if (run->looks_to_confirm) {
		service_confirm_looked(service, health, text);
	} else if (health == NODE_WELL) {
		settled(run);
	} else if (health == NODE_GOING) {
		service_arm(service, &run->timer, on_run_timer, run,
			service->declaration->stop_timeout);
	} else {
		(void)snprintf(run->ill, sizeof(run->ill), "%s", text); /* cut when long */
		run_stop(run, service->declaration->stop_timeout);
	}
}

static void run_started(void *user)
{
	struct run *run = user;
	struct service *service = run->service;
	char text[128];
	run->started_usec = service_now_usec();
	if (run->stopping)
		return;
	service_disarm(run->timer);
	service->result[0] = '\0';
	service_set_state(service, CONTROL_service_state_running);
	service_release_text(service, run->digest, text, sizeof(text));
	service_tell(service, BEAMR_REPORT_START, "started %s", text);
	service_tell_release(service);
	if (node_ns(run->node) != NULL)
		levels_started(service->all->daemon->levels, node_ns(run->node));
	/* Who waits for an activation wants to know whether it stays up. */
	if (service_is_activating(service) && !service->request->reverting &&
		service->declaration->settle > 0)
		service_arm(
			service, &run->settle_timer, on_settled, run, service->declaration->settle);
	else
		settled(run);
}

static void run_ended(void *user, int status, const char *message)
{
	struct run *run = user;
	const struct beamr_ns *ns = node_ns(run->node);
	struct beamr_usage usage = { 0 };
	if (ns != NULL)
		beamr_ns_usage(ns, &usage);
	run->service->crashes_before += usage.crashes;
	run->service->restarts_before += usage.restarts;
	run->status = status;
	(void)snprintf(run->message, sizeof(run->message), "%s", message); /* cut when long */
	if (!run->stopping && run == run->service->run)
		service_set_state(run->service, CONTROL_service_state_stopping);
}

static void run_gone(void *user)
{
	struct run *run = user;
	struct service *service = run->service;
	struct services *services = service->all;
	bool is_ill = run->ill[0] != '\0';
	bool asked = run->stopping && !is_ill && !(run->timed_out && run->started_usec == 0);
	bool had_started = run->started_usec != 0, had_settled = run->settled;
	bool blameless = run->blameless;
	int status = run->status;
	char why[600];
	if (is_ill)
		(void)snprintf(why, sizeof(why), "%s", run->ill); /* fits */
	else if (run->timed_out && !had_started)
		(void)snprintf(why, sizeof(why), "did not start in time"); /* fits */
	else if (status == 0 && !run->timed_out)
		(void)snprintf(why, sizeof(why), "ended by itself"); /* fits */
	else
		(void)snprintf(why, sizeof(why), "ended with status %d%s%s", status,
			run->message[0] != '\0' ? ": " : "", run->message); /* fits */
	if ((run->timed_out || is_ill) && status == 0)
		status = 1;
	if (run == service->before) {
		service->before = NULL;
		run_free(run);
		services_run_gone(services);
		service_change_over(service);
		service_settle(service);
		service_release_maybe(service);
		return;
	}
	service->run = NULL;
	run_free(run);
	if (service->before != NULL && !service->before->stopping) {
		/* The new one of a blue-green change: the old one is the service again. */
		service->run = TAKE_PTR(service->before);
		int r = node_rename(service->run->node, service->name);
		if (r != 0)
			log_say(services->daemon->log, 3,
				"service \"%s\" cannot have its name back (%d)", service->name, r);
		service_set_state(service, CONTROL_service_state_running);
		if (service_is_activating(service)) {
			(void)snprintf(service->request->reason, sizeof(service->request->reason),
				"%s", why); /* cut when long */
			json_t *record = json_deep_copy(service->record);
			json_t *entry = service_entry(record, service->request->digest);
			if (entry != NULL && !blameless)
				record_set(entry, "failed", json_true());
			service->request->r = SERVICE_E_START;
			service_commit_fact(service, record, service_finish_committed, NULL);
		}
		services_run_gone(services);
		return;
	}
	if (!asked)
		policy(service, status, had_started, had_settled, why);
	else if (!service->want_run || services->stopping)
		service_tell(service, BEAMR_REPORT_STOP, "stopped");
	service_settle(service);
	services_run_gone(services);
	service_release_maybe(service);
}

struct gathering {
	struct node_socket *items;
	size_t count, capacity;
};

static bool gather(void *user, const struct socket_info *info)
{
	struct gathering *gathering = user;
	if (gathering->count == gathering->capacity) {
		size_t capacity = gathering->capacity > 0 ? gathering->capacity * 2 : 4;
		struct node_socket *grown =
			reallocarray(gathering->items, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		gathering->items = grown;
		gathering->capacity = capacity;
	}
	gathering->items[gathering->count++] = (struct node_socket){ info->name, info->fd };
	return true;
}

void run_start(struct service *service, const char *digest)
{
	const struct node_events events = {
		.started = run_started, .ended = run_ended, .gone = run_gone, .looked = run_looked
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
	struct gathering sockets = { .items = NULL };
	sockets_each(services->daemon->sockets, service->name, gather, &sockets);
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
		.channels = (const char *const *)declaration->channel.items,
		.sockets = sockets.items,
		.socket_count = sockets.count,
		.crash_detail = declaration->crash_detail != 0 };
	if (r == 0) {
		struct node_events mine = events;
		mine.user = run;
		run->service = service;
		memcpy(run->digest, digest, sizeof(run->digest));
		service->run = run;
		service->restart_wanted = false;
		service_set_state(service, CONTROL_service_state_starting);
		service_phase(service, CONTROL_activate_phase_starting);
		r = node_start(
			services->daemon, &options, &mine, &run->node, reason, sizeof(reason));
	} else {
		(void)release_free(release);
	}
	free(sockets.items);
	if (r == 0) {
		services->runs++;
		service_arm(service, &run->timer, on_run_timer, run, declaration->start_timeout);
		return;
	}
	service->run = NULL;
	if (run != NULL)
		run_free(run);
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
	policy(service, 1, false, false, reason);
	service_settle(service);
}
