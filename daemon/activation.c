/* SPDX-License-Identifier: Apache-2.0 */
/* From one release to another: by hot loading, by a restart, or blue-green, watched for as long as was asked, and back when the new one
 * does not run well. What is active changes on disk when the new one is told to run (restart), has run for a while (blue-green), or has
 * been loaded (hot). */
#include "service_impl.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The record after the activation that is asked for. */
json_t *service_activation_record(struct service *service)
{
	struct service_request *request = service->request;
	json_t *record = service_with_active(service, request->digest);
	if (request->confirm_usec > 0 && request->back[0] != '\0')
		record_set(record, "confirm",
			json_pack("{s:s, s:I}", "back", request->back, "until",
				(json_int_t)(clock_realtime_usec() + request->confirm_usec)));
	else
		(void)json_object_del(record, "confirm"); /* it may not be there */
	if (request->declared)
		record_set(record, "declared", json_string(request->digest));
	return record;
}

/* The record in which a declared release is the active one, and does not run. */
static json_t *taken_record(struct service *service)
{
	json_t *record = service_with_active(service, service->request->digest);
	record_set(record, "desired", json_string(record_text(service->record, "desired")));
	record_set(record, "declared", json_string(service->request->digest));
	(void)json_object_del(record, "confirm"); /* it may not be there */
	return record;
}

/* by: who has confirmed it by hand; NULL: it has run well. */
static void confirmed(struct service *service, int r, void *by)
{
	struct service_request *request = by;
	struct service_request *waits = r == 0 || by == NULL ? TAKE_PTR(service->confirms) : NULL;
	if (r == 0)
		service_tell(service, BEAMR_REPORT_ACTIVATE, "%s",
			by != NULL ? "confirmed by hand"
				   : "confirmed: it has run well for as long as was asked");
	else if (by != NULL)
		(void)service_watch_confirmation(service);
	if (waits != NULL)
		waits->done(waits, r);
	if (request != NULL)
		request->done(request, r);
}

/* An operator may ask again; what has passed its time stays so, whether that can be written or not. */
static void confirm(struct service *service, struct service_request *by)
{
	json_t *record = json_deep_copy(service->record);
	service_disarm(service->confirm_timer);
	(void)json_object_del(record, "confirm"); /* it is there */
	(by != NULL ? service_commit : service_commit_fact)(service, record, confirmed, by);
}

void service_confirm_looked(struct service *service, enum node_health health, const char *text)
{
	if (json_object_get(service->record, "confirm") == NULL)
		return; /* by hand, meanwhile */
	if (health == NODE_WELL)
		confirm(service, NULL);
	else
		service_roll_back(service, health == NODE_ILL ? text : "it is not running well");
}

static void on_confirm_timer(evutil_socket_t fd, short what, void *user)
{
	struct service *service = user;
	struct run *run = service->run;
	if (run == NULL || run->stopping) {
		service_roll_back(service, "it is not running well");
		return;
	}
	run->looks_to_confirm = true;
	node_look(run->node, service->declaration->health);
}

bool service_watch_confirmation(struct service *service)
{
	json_t *confirm = json_object_get(service->record, "confirm");
	if (confirm == NULL)
		return false;
	int64_t left =
		json_integer_value(json_object_get(confirm, "until")) - clock_realtime_usec();
	service_arm(
		service, &service->confirm_timer, on_confirm_timer, service, left > 0 ? left : 0);
	return true;
}

void service_confirm(struct service *service, struct service_request *request)
{
	request->service = service;
	if (json_object_get(service->record, "confirm") == NULL) {
		(void)snprintf(request->reason, sizeof(request->reason),
			"no release of it waits for confirmation"); /* fits */
		request->done(request, SERVICE_E_STATE);
		return;
	}
	confirm(service, request);
}

/* Puts the release of before back, by itself. */
void service_roll_back(struct service *service, const char *why)
{
	char back[RELEASE_DIGEST], text[128];
	json_t *confirm = json_object_get(service->record, "confirm");
	struct service_request *waits = TAKE_PTR(service->confirms);
	(void)snprintf(back, sizeof(back), "%s", record_text(confirm, "back")); /* a digest */
	char failed[RELEASE_DIGEST];
	(void)snprintf(failed, sizeof(failed), "%s", service_active(service)); /* as above */
	service_disarm(service->confirm_timer);
	json_t *record = service_with_active(service, back);
	(void)json_object_del(record, "confirm"); /* it is there */
	json_t *entry = service_entry(record, failed);
	if (entry != NULL)
		record_set(entry, "failed", json_true());
	(void)json_object_del(record, "previous"); /* what failed is nothing to go back to */
	service_commit_fact(service, record, NULL, NULL);
	service_release_text(service, back, text, sizeof(text));
	service_tell(service, BEAMR_REPORT_ROLLBACK, "%s; back to %s", why, text);
	service->failures = 0;
	service->want_run = true;
	if (waits != NULL) {
		(void)snprintf(waits->reason, sizeof(waits->reason), "%s; %s runs again", why,
			text); /* short */
		waits->done(waits, SERVICE_E_START);
	}
	service_settle(service);
}

/* The activation went wrong: what was active before is so again. */
void service_revert(struct service *service, const char *why)
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
		record_set(entry, "failed", json_true());
	if (request->back[0] == '\0')
		(void)json_object_del(record, "active"); /* it is there */
	(void)json_object_del(record, "previous"); /* it may be, and is what failed or older */
	if (request->previous[0] != '\0' && strcmp(request->previous, failed) != 0)
		record_set(record, "previous", json_string(request->previous));
	(void)json_object_del(record, "confirm"); /* as above */
	service->want_run = request->was_running && request->back[0] != '\0';
	if (!service->want_run)
		record_set(record, "desired",
			json_string(request->was_running ? "running" : "stopped"));
	service_commit_fact(service, record, service_finish_committed, NULL);
	/* service_finish_committed() runs from the loop, when what is to run again has been told to. */
	request->r = SERVICE_E_START;
	service_set_state(service, CONTROL_service_state_failed);
	service_say_result(service, "%s", why);
	service_tell_release(service);
	service_settle(service);
}

/* The change is done: the request ends, or waits for confirmation. */
void service_change_over(struct service *service)
{
	bool confirming = service_watch_confirmation(service);
	if (!service_is_activating(service))
		return;
	if (confirming) {
		service_phase(service, CONTROL_activate_phase_confirming);
		service->confirms = TAKE_PTR(service->request);
		return;
	}
	service_finish(service, 0);
}

/* The new one of a blue-green change runs, and is what is active; or that could not be written, and the old one stays. */
void service_drain_before(struct service *service, int r, void *user)
{
	if (service->before == NULL)
		return;
	if (r != 0) {
		if (service->run == NULL || service->run->stopping)
			return; /* it goes already */
		(void)snprintf(service->run->ill, sizeof(service->run->ill),
			"its activation cannot be written: %s", strerror(-r)); /* fits */
		service->run->blameless = true;
		run_stop(service->run, run_stop_timeout(service));
		return;
	}
	service_phase(service, CONTROL_activate_phase_draining);
	run_stop(service->before, run_stop_timeout(service));
}

static void hot_committed(struct service *service, int r, void *user)
{
	service_tell_release(service);
	if (r != 0)
		(void)snprintf(service->request->reason, sizeof(service->request->reason),
			"it has been loaded, but that cannot be written: %s; it is tried again",
			strerror(-r)); /* fits */
	r = r != 0 ? SERVICE_E_STATE : 0;
	if (r != 0)
		service_finish(service, r);
	else
		service_change_over(service);
}

static void after_hot(struct service *service, struct service_request *request, int r)
{
	if (r != 0) {
		service_finish(service, r);
		return;
	}
	if (service->run != NULL)
		memcpy(service->run->digest, request->digest, sizeof(service->run->digest));
	service_commit_fact(service, service_activation_record(service), hot_committed, NULL);
}

/* What is loaded cannot be taken back: so that it can be written is seen before, by writing what there is. */
static void begin_hot(struct service *service, int r, void *user)
{
	bool runs = service->run != NULL && !service->run->stopping &&
		    node_has_started(service->run->node);
	if (r == 0 && !runs) {
		(void)snprintf(service->request->reason, sizeof(service->request->reason),
			"it has just ended"); /* fits */
		r = SERVICE_E_STATE;
	}
	if (r != 0)
		service_finish(service, r);
	else
		service_hot(service, service->request, after_hot);
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
	run_start(service, request->digest);
}

void service_begin_activate(struct service *service)
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
	service_disarm(service->retry_timer);
	if (request->strategy != CONTROL_strategy_restart && !runs)
		request->strategy = CONTROL_strategy_restart; /* nothing is there to be kept */
	if (strcmp(active, request->digest) == 0) {
		/* It is what is active: then it only has to run. */
		bool declared = request->declared &&
				strcmp(record_text(service->record, "declared"), active) != 0;
		service->want_run = service->want_run || !request->declared;
		if (declared) {
			json_t *record = json_deep_copy(service->record);
			record_set(record, "declared", json_string(active));
			service_commit(service, record, NULL, NULL);
		}
		if (runs || !service->want_run)
			service_finish(service, 0);
		else
			service_set_desired(service, "running");
		return;
	}
	service_release_text(service, request->digest, text, sizeof(text));
	service_tell(service,
		request->action == SERVICE_ROLLBACK ? BEAMR_REPORT_ROLLBACK : BEAMR_REPORT_ACTIVATE,
		"%s by user %u, strategy %s", text, request->uid,
		control_enums[CONTROL_ENUM_strategy].wires[request->strategy]);
	if (request->declared && !service->want_run) {
		/* It is not to run (autostart = no, or an operator has stopped it): a file that has changed does not start it. */
		service_commit(service, taken_record(service), service_activated, NULL);
		return;
	}
	service_phase(service, CONTROL_activate_phase_loading);
	if (request->strategy == CONTROL_strategy_hot) {
		service_commit(service, json_deep_copy(service->record), begin_hot, NULL);
		return;
	}
	service->want_run = true;
	/* What is active changes when the new one runs: until then the old one is the service. */
	if (request->strategy == CONTROL_strategy_bluegreen)
		blue_green(service);
	else
		service_commit(
			service, service_activation_record(service), service_activated, NULL);
}
