/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator has said of log levels, beside the configuration: of the daemon, of services and of modules in them. It holds for so long as
 * was said, or until the daemon ends; a service that starts again is told again. A service's level is that of its logger, where OTP's
 * runs, and of what the journal gets of it: lines, events, reports. Main thread only. */
#pragma once
#include "daemon.h"

struct levels;

#define LEVEL_INHERIT (-1) /* as if nobody had said anything */

struct levels *levels_new(struct daemon *daemon);
/* Once no call of the machine is under way. Takes NULL. */
struct levels *levels_free(struct levels *levels);

/* Of the daemon: the one that holds. Returns the one before. */
int64_t levels_of_daemon(const struct levels *levels);
int64_t levels_set_daemon(struct levels *levels, int64_t level, int64_t duration_usec);

/* What was said of a service, or of a module in it (module "": of the service); LEVEL_INHERIT: nothing. */
int64_t levels_get(const struct levels *levels, const char *service, const char *module);
/* What was said of services and their modules, sorted. false ends the walk. */
void levels_each(const struct levels *levels,
	bool (*fn)(void *user, const char *service, const char *module, int64_t level), void *user);

enum levels_outcome {
	LEVELS_OK = 0,
	LEVELS_E_LOGGER, /* the service's logger does not take it; text tells */
	LEVELS_E_FULL,   /* of too many things something was said */
};

/* Asynchronous: done is called on the main thread. text: borrowed. duration_usec 0: no end. ns: of the service, borrowed. */
void levels_set(struct levels *levels, struct beamr_ns *ns, const char *module, int64_t level,
	int64_t duration_usec, void (*done)(void *user, int outcome, const char *text), void *user);
/* A service runs: it is told what was said of it before. */
void levels_started(struct levels *levels, struct beamr_ns *ns);
/* There is no such service any more. */
void levels_forget(struct levels *levels, const char *service);
