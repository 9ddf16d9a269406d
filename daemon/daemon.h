/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the daemon know of each other: one struct, made and freed by main.c, touched by the main thread
 * only unless a part says otherwise. */
#pragma once
#include "beamr.h"
#include "control/control.h"

#include "bridge.h"
#include "config.h"

struct event_base;
struct server;
struct log;
struct events;
struct notify;
struct stopping;
struct services;
struct cgroups;
struct sockets;
struct levels;

struct daemon {
	struct event_base *base;
	struct beamr *machine;
	struct bridge bridge;
	struct config config;
	struct log *log;
	struct output *output; /* what services print */
	struct events *events;
	struct server *server;
	struct notify *notify;
	struct services *services; /* NULL until they are read */
	struct cgroups *cgroups;   /* of their helper programs; NULL where systemd delegates none */
	struct sockets *sockets;   /* of services */
	struct levels *levels;     /* what operators have said of log levels */
	char *otp_root;            /* of the machine; NULL when there is none */
	const char *config_dir; /* where beamrd.conf lies */
	const char *instance;   /* of the unit; NULL when there is none */
	enum control_value_daemon_state state;
	int64_t started_realtime_usec;
	int64_t started_monotonic_usec;
	unsigned schedulers;
	int exit_status;
	char **reload_texts; /* what the last reload said of services, ended by NULL */
	struct stopping *stopping; /* main.c, from the first daemon_stop() on */
};

/* Reads the configuration and the declared services again, and takes both or neither; changed and requires_restart are malloc'ed, NULL-ended
 * lists of keys (strings borrowed until the next time).
 * Returns 0, CONFIG_E_INVALID with ret_error set, or negative errno. */
enum daemon_reload_flags { DAEMON_RELOAD_DRY_RUN = 1 };

int daemon_reload(struct daemon *daemon, unsigned flags, const char ***ret_changed,
	const char ***ret_requires_restart, struct config_error *ret_error);
/* Begins to stop: processes without a parent get `shutdown` and so much time; then the loop ends. */
void daemon_stop(struct daemon *daemon, int64_t timeout_usec);
/* A report of the daemon's own, to journal and subscribers as those of the machine. Texts may be NULL. */
void daemon_report(struct daemon *daemon, enum beamr_report_kind kind, const char *service,
	const char *process, const char *module, const char *detail);
/* What systemctl shall show soon may have changed. */
void daemon_changed(struct daemon *daemon);
