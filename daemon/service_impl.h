/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about services share: services.c (all of them), service.c (one, and what is asked of it), service_record.c, instance.c
 * (what runs), activation.c and hot.c (from one release to another), staging.c (what comes in). */
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
	bool settled;        /* has run for long enough to be believed */
	struct event *timer; /* start or stop */
	struct event *settle_timer;
	bool looks_to_confirm; /* what is being looked for; else to settle */
	char ill[600];         /* why it was told to end, when it was; "" */
	bool blameless;        /* that is not its release's fault */
	int64_t started_usec; /* monotonic; 0 before */
	int status;
	char message[512];
};

struct service {
	struct services *all;
	char name[BEAMR_NAME_MAX + 1];
	struct declaration *declaration;
	struct declaration *next_declaration; /* read while a request was under way, which borrows from the one above; NULL */
	json_t *record;  /* as the last commit wants it */
	json_t *written; /* as it is on disk, or has to be */
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
	uint64_t crashes_before, restarts_before; /* of the runs that have ended: processes, and children of supervisors */
	struct run *run;                  /* what runs, comes up or goes down */
	struct run *before;               /* blue-green: the one that is to go, or to come back */
	struct service_request *request;  /* under way */
	struct service_request *confirms; /* waits for confirmation */
	struct event *retry_timer;
	struct event *confirm_timer;
	struct event *write_timer;
	bool unwritten; /* `written` is on no disk yet: write_timer tries again */
	unsigned failures;   /* in the window */
	int64_t window_usec; /* monotonic: when it began */
	char **arguments;    /* of the last Start; ended by NULL */
	bool coming_up;      /* counted by services_begin() */
};

struct services {
	struct daemon *daemon;
	char *declared_dir; /* services.d; NULL: there is none */
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
/* The same for what has happened and is not taken back: when it cannot be written it is so all the same, and is written again later. */
void service_commit_fact(struct service *service, json_t *record,
	void (*then)(struct service *service, int r, void *user), void *user);
/* Releases that nobody has go, when nothing is being staged. */
void services_sweep(struct services *services);
/* It has come up or failed, for services_begin(). */
void service_settled(struct service *service);
/* Deploys the declared artifact when it has changed, and starts it as its file and record say. */
void service_bring_up(struct service *service);
/* redeclare.c. Takes what was read of it while it was busy. */
void service_declare_maybe(struct service *service);
/* Frees it when it was removed and nothing is under way. */
void service_release_maybe(struct service *service);
void services_run_gone(struct services *services);

/* ---- service.c ---- */

/* Goes on towards what is wanted. */
void service_settle(struct service *service);
void service_finish(struct service *service, int r);
/* What the request came to (its r) was known before; now it is durable. A continuation of service_commit(). */
void service_finish_committed(struct service *service, int r, void *user);
/* Likewise: what is wanted is durable, and is gone towards. */
void service_activated(struct service *service, int r, void *user);
void service_set_desired(struct service *service, const char *desired);
void service_set_state(struct service *service, enum control_value_service_state state);
void service_free(struct service *service);
void service_tell_release(struct service *service);
void service_tell(struct service *service, enum beamr_report_kind kind, const char *format, ...)
	_printf_(3, 4);
/* Why it is in the state it is in. */
void service_say_result(struct service *service, const char *format, ...) _printf_(2, 3);
/* Tells whoever waits how far it is. */
void service_phase(struct service *service, int activate_phase);
bool service_has_request(const struct service *service, enum service_action action);
/* Activates, or rolls back. */
bool service_is_activating(const struct service *service);
int64_t service_now_usec(void);
/* *timer: made when it is NULL; the function and user of the first call stay. */
void service_arm(struct service *service, struct event **timer, event_callback_fn fn, void *user,
	int64_t usec);
void service_disarm(struct event *timer);

/* ---- service_record.c ---- */

/* These fail only without memory; the commit then does as well. */
void record_set(json_t *object, const char *key, json_t *value);
/* "" when it is not there. */
const char *record_text(json_t *record, const char *key);
json_t *service_entry(json_t *record, const char *digest);
/* A copy of the record in which another release is active. */
json_t *service_with_active(struct service *service, const char *digest);

/* ---- instance.c ---- */

void run_start(struct service *service, const char *digest);
void run_stop(struct run *run, int64_t timeout_usec);
int64_t run_stop_timeout(const struct service *service);
void run_free(struct run *run);
/* The next try comes later. */
void service_back_off(struct service *service);

/* ---- activation.c ---- */

void service_begin_activate(struct service *service);
/* The record after the activation that is asked for. */
json_t *service_activation_record(struct service *service);
/* True: the active release is to run well for a while before it counts. */
bool service_watch_confirmation(struct service *service);
/* How it is when its time of confirmation is over. */
void service_confirm_looked(struct service *service, enum node_health health, const char *text);
/* The change is done: the request ends, or waits for confirmation. */
void service_change_over(struct service *service);
/* A continuation of service_commit(): the new one of a blue-green change is the service. */
void service_drain_before(struct service *service, int r, void *user);
/* The activation went wrong: what was active before is so again. */
void service_revert(struct service *service, const char *why);
/* Puts the release of before back, by itself. */
void service_roll_back(struct service *service, const char *why);

/* ---- staging.c ---- */

void service_begin_deploy(struct service *service);

/* ---- hot_config.c ---- */

/* Writes the script for file:script/1 below a service's folder data; it gives {ok, ok}. Returns 0, -ENOTSUP when the new configuration is
 * only known when the release is started, or negative errno. Blocks. */
int hot_config_write(const struct release *old, const struct release *fresh, const char *data,
	char **ret_path);

/* ---- hot.c ---- */

/* Loads what differs under the running processes; then is called with 0, SERVICE_E_..., or negative errno. request: for its results. */
void service_hot(struct service *service, struct service_request *request,
	void (*then)(struct service *service, struct service_request *request, int r));
