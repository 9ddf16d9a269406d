/* SPDX-License-Identifier: Apache-2.0 */
/* Services: what is to run, what does run, and getting from one to the other. A service is a name with a record on disk (its releases,
 * which of them is active, whether it is to run) and at most one run: a node, and while a blue-green change lasts the node before it.
 * One request at a time changes a service; the next one is refused as busy. What is reported as done is durable.
 * Main thread only. */
#pragma once
#include "daemon.h"
#include "declare.h"
#include "release.h"
#include "store.h"
#include "worker.h"

struct services;
struct service;

enum service_outcome {
	SERVICE_OK = 0,
	SERVICE_E_BUSY,     /* another request is under way; reason tells which */
	SERVICE_E_START,    /* it does not start; what ran before runs again, if anything did */
	SERVICE_E_OLD_CODE, /* hot: module is in use by pids */
	SERVICE_E_RELEASE,  /* there is no such release */
	SERVICE_E_STATE,    /* not possible as it is now; reason tells */
	SERVICE_E_QUOTA,    /* hot: there is no room for the code; reason tells */
	SERVICE_E_BAD,      /* the artifact; error tells */
	SERVICE_E_DIGEST,   /* the artifact is not the one that was meant */
};

enum service_action {
	SERVICE_DEPLOY,
	SERVICE_ACTIVATE,
	SERVICE_ROLLBACK, /* an activation of what was active before */
	SERVICE_START,
	SERVICE_STOP,
	SERVICE_RESTART,
	SERVICE_REMOVE,
	SERVICE_QUOTA,
};

struct service_request {
	enum service_action action;
	unsigned uid; /* who asks */
	/* SERVICE_DEPLOY */
	struct store_source source;
	const char *expected; /* digest; NULL: any */
	const char *version;  /* NULL: what the artifact says */
	const char *note;     /* NULL */
	bool dry_run;
	/* SERVICE_ACTIVATE, SERVICE_ROLLBACK; SERVICE_REMOVE: of a release, "" for all */
	char digest[RELEASE_DIGEST];
	enum control_value_strategy strategy;
	int64_t confirm_usec;
	bool declared; /* by a file: its digest is noted */
	/* SERVICE_START */
	const char *const *arguments; /* ended by NULL */
	/* SERVICE_STOP, SERVICE_RESTART */
	int64_t timeout_usec; /* 0: as declared */
	bool force;
	bool for_now; /* SERVICE_STOP: it runs again when the daemon starts again */
	/* SERVICE_REMOVE */
	bool purge;
	/* SERVICE_QUOTA */
	struct beamr_quota quota;
	bool keep_quota; /* over restarts */

	/* How far it is; may be NULL. */
	void (*phase)(struct service_request *request, int activate_phase);
	/* Once; afterwards the request is the caller's to free. */
	void (*done)(struct service_request *request, int r);
	void *user;

	/* What came of it. */
	char reason[600];
	struct release_error error;
	char module[256];
	beamr_pid *pids; /* malloc'ed */
	size_t pid_count;
	struct release *release; /* SERVICE_DEPLOY */
	char previous[RELEASE_DIGEST];
	bool service_was_new;
	/* Progress of staging, written by the worker. */
	_Atomic int stage_phase; /* enum store_phase */
	_Atomic uint64_t stage_done, stage_total;

	/* service.c's own */
	struct service *service;
	struct worker_job job;
	char back[RELEASE_DIGEST];
	bool reverting, was_running;
	int r;
};

/* state_dir: NULL: nothing is kept, and requests are refused. services_dir: of the declarations. Returns 0, or an error that was told. */
int services_new(struct daemon *daemon, const char *state_dir, const char *services_dir,
	struct services **ret_services);
/* Ends the thread of the disk's work, whose ends still come by the bridge; before services_free(). Takes NULL. */
void services_join(struct services *services);
struct services *services_free(struct services *services);
/* Brings up what is to run; done is called once, on the main thread, when each has started or failed. */
void services_begin(struct services *services, void (*done)(struct daemon *daemon));
/* The declarations, read again but not yet taken. Returns 0, CONFIG_E_INVALID with ret_error, or negative errno. */
struct declarations;
_must_check_ int services_read(struct services *services, struct declarations **ret_declarations, struct config_error *ret_error);
struct declarations *declarations_free(struct declarations *declarations);
/* What taking them would change, "NAME: key" each: what holds at once, and what for the next start. */
void services_differ(struct services *services, const struct declarations *declarations, void (*fn)(void *user, const char *text, bool live), void *user);
/* Takes them: new services come up, limits, channels and what else holds at once does, and a changed artifact is deployed. One that is declared
 * no more goes on as one that nobody declared: with the defaults. */
void services_declare(struct services *services, struct declarations *declarations);
/* Ends all runs in order; done is called when there is none left. They stay what they were to be. */
void services_stop(struct services *services, void (*done)(struct daemon *daemon));
/* Runs that are there. */
size_t services_running(const struct services *services);
bool services_are_kept(const struct services *services);
struct store *services_store(struct services *services);

/* NULL when there is none of that name. */
struct service *service_find(struct services *services, const char *name);
/* The same; makes it when there is none (nothing is kept of it before something is deployed). NULL without memory. */
struct service *service_get(struct services *services, const char *name);
/* By name, from 0; NULL behind the last. */
struct service *services_at(const struct services *services, size_t i);
/* Whether a namespace is run by a service. */
bool services_own(struct services *services, const char *namespace_name);

/* Takes the request: done will be called, maybe before this returns. */
void service_submit(struct service *service, struct service_request *request);
/* The waiting confirmation is given, whatever else is under way; request->done is called, with SERVICE_E_STATE when none is waited for. */
void service_confirm(struct service *service, struct service_request *request);

const char *service_name(const struct service *service);
enum control_value_service_state service_state(const struct service *service);
/* Digest of the active release; "" when there is none. */
const char *service_active(const struct service *service);
/* What "" or the beginning of a digest, or a version, stands for; for rollback "" is the previous one. False when it is none, or more
 * than one. */
bool service_release(const struct service *service, const char *text, bool previous,
	char ret_digest[RELEASE_DIGEST]);

struct service_release {
	const char *digest, *version, *note;
	int64_t deployed_realtime_usec, activated_realtime_usec;
	int64_t uid;
	int64_t modules, bytes;
	enum control_value_release_state state;
};

/* Newest first; borrowed until the next change. */
void service_each_release(const struct service *service,
	bool (*fn)(void *user, const struct service_release *release), void *user);

struct service_status {
	enum control_value_service_state state;
	const char *release; /* digest; NULL */
	const char *version; /* NULL */
	beamr_pid root;      /* 0 */
	int64_t since_realtime_usec;
	const char *result; /* NULL */
	int64_t restarts;
	bool confirming;
};

void service_status(const struct service *service, struct service_status *ret_status);
void service_quota(const struct service *service, struct beamr_quota *ret_quota);
/* What it uses now; crashes and restarts are those of all its runs since the daemon started, its own restarts among them. */
void service_usage(const struct service *service, struct beamr_usage *ret_usage);
/* What runs, lent; NULL when nothing does. */
struct beamr_ns *service_ns(const struct service *service);
/* "1.4.2 (9f2c…)", or "9f2c…". */
void service_release_text(
	const struct service *service, const char *digest, char *out, size_t size);
