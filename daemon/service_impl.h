/* SPDX-License-Identifier: Apache-2.0 */
/* What service.c, services.c and hot.c share. */
#pragma once
#include "node.h"
#include "service.h"

#include <event2/event.h>

/* One node of a service. */
struct run {
	struct service *service;
	struct node *node;
	char digest[RELEASE_DIGEST];
	bool stopping; /* was asked to end */
	bool timed_out;
	struct event *timer;  /* start or stop */
	int64_t started_usec; /* monotonic; 0 before */
	int status;
	char message[512];
};

struct service {
	struct services *all;
	char name[BEAMR_NAME_MAX + 1];
	struct declaration *declaration;
	json_t *record;  /* as the last commit wants it */
	json_t *written; /* as it is on disk */
	size_t commits;  /* under way */
	bool kept;       /* there is a file */
	bool removed;    /* freed when nothing needs it any more */
	bool want_run;
	bool restart_wanted;
	bool retry_wanted; /* after a failure: not before a while has passed */
	bool purge;        /* removed with its folder */
	enum control_value_service_state state;
	int64_t since_realtime_usec;
	char result[600];
	int64_t restarts;
	struct run *run;                  /* what runs, comes up or goes down */
	struct run *before;               /* blue-green: the one that is to go, or to come back */
	struct service_request *request;  /* under way */
	struct service_request *confirms; /* waits for confirmation */
	struct event *retry_timer;
	struct event *confirm_timer;
	unsigned failures;   /* in the window */
	int64_t window_usec; /* monotonic: when it began */
	char **arguments;    /* of the last Start; ended by NULL */
	bool coming_up;      /* counted by services_begin() */
};

struct services {
	struct daemon *daemon;
	struct store *store;
	struct worker *worker;
	struct service **items; /* by name */
	size_t count, capacity;
	size_t deploys; /* being staged */
	bool sweep_wanted;
	size_t coming_up, coming_up_total;
	void (*begun)(struct daemon *daemon);
	size_t runs;
	bool stopping;
	void (*stopped)(struct daemon *daemon);
};

/* ---- services.c ---- */

/* Writes a new record; then is called when it is durable. record: taken; NULL removes it. */
void service_commit(struct service *service, json_t *record,
	void (*then)(struct service *service, int r, void *user), void *user);
/* Releases that nobody has go, when nothing is being staged. */
void services_sweep(struct services *services);
/* It has come up or failed, for services_begin(). */
void service_settled(struct service *service);
/* Frees it when it was removed and nothing is under way. */
void service_release_maybe(struct service *service);
void services_run_gone(struct services *services);

/* ---- service.c ---- */

/* Goes on towards what is wanted. */
void service_settle(struct service *service);
void service_finish(struct service *service, int r);
void service_set_state(struct service *service, enum control_value_service_state state);
void service_free(struct service *service);
json_t *service_entry(json_t *record, const char *digest);
const char *record_text(json_t *record, const char *key);
void service_tell_release(struct service *service);
/* A copy of the record in which another release is active. */
json_t *service_with_active(struct service *service, const char *digest);

/* ---- hot.c ---- */

/* Loads what differs under the running processes; then is called with 0, SERVICE_E_..., or negative errno. request: for its results. */
void service_hot(struct service *service, struct service_request *request,
	void (*then)(struct service *service, struct service_request *request, int r));
