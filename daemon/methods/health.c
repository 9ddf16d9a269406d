/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Daemon.CheckHealth. Each check looks at one thing and says ok, degraded or failed; that of the schedulers waits for each to
 * begin a slice or to sleep, which one that is stuck does not. The worst of them is how the daemon is. */
#include "../log.h"
#include "../service.h"
#include "base/clock.h"
#include "methods.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define STUCK_USEC                                                                                 \
	5000000 /* a slice is a millisecond; what this leaves room for is a busy computer */
#define LOOK_USEC 5000
#define MET_LATELY_USEC 60000000

enum check { CHECK_DAEMON, CHECK_SCHEDULERS, CHECK_SERVICES, CHECK_LIMITS, CHECK_JOURNAL, CHECKS };

static const char *const names[CHECKS] = { "daemon", "schedulers", "services", "limits",
	"journal" };

struct checking {
	struct call *call;
	struct event *timer;
	enum check order[CHECKS];
	struct control_health_check results[CHECKS];
	size_t count, at;
	int64_t began_usec; /* of the present check; monotonic */
	uint64_t *progress; /* of each scheduler, when its check began */
	size_t schedulers;
};

static int64_t now_usec(void)
{
	return clock_monotonic_nsec() / 1000;
}

static void checking_free(struct call *call, void *user)
{
	struct checking *checking = user;
	if (checking->timer != NULL)
		event_free(checking->timer);
	free(checking->progress);
	free(checking);
}

static void say(struct checking *checking, int64_t status, const char *message)
{
	struct control_health_check *result = &checking->results[checking->at];
	result->status = status;
	result->message = message;
}

/* "a, b and 3 more" */
struct list {
	struct call *call;
	char *text; /* in the call's arena; NULL: empty */
	size_t count;
};

#define LISTED_MAX 5

static void list_add(struct list *list, const char *format, ...) _printf_(2, 3);

static void list_add(struct list *list, const char *format, ...)
{
	char one[256];
	va_list arguments;
	if (list->count++ >= LISTED_MAX)
		return;
	va_start(arguments, format);
	(void)vsnprintf(one, sizeof(one), format, arguments); /* cut when it is long */
	va_end(arguments);
	list->text = list->text == NULL ? call_printf(list->call, "%s", one)
					: call_printf(list->call, "%s, %s", list->text, one);
}

static const char *list_text(struct list *list)
{
	if (list->count <= LISTED_MAX || list->text == NULL)
		return list->text;
	return call_printf(list->call, "%s and %zu more", list->text, list->count - LISTED_MAX);
}

/* ---- the checks ---- */

static void check_daemon(struct checking *checking)
{
	int64_t state = checking->call->daemon->state;
	const char *message = call_printf(
		checking->call, "It is %s.", control_enums[CONTROL_ENUM_daemon_state].wires[state]);
	if (state == CONTROL_daemon_state_running)
		say(checking, CONTROL_health_ok, NULL);
	else if (state == CONTROL_daemon_state_starting || state == CONTROL_daemon_state_stopping)
		say(checking, CONTROL_health_failed, message);
	else
		say(checking, CONTROL_health_degraded, message);
}

static void check_services(struct checking *checking)
{
	struct services *services = checking->call->daemon->services;
	const struct service *service;
	struct list ill = { .call = checking->call };
	size_t failed = 0, wanted = 0;
	for (size_t i = 0; services != NULL && (service = services_at(services, i)) != NULL; i++) {
		enum control_value_service_state state = service_state(service);
		wanted += state != CONTROL_service_state_inactive;
		failed += state == CONTROL_service_state_failed;
		if (state != CONTROL_service_state_running &&
			state != CONTROL_service_state_inactive)
			list_add(&ill, "%s is %s", service_name(service),
				control_enums[CONTROL_ENUM_service_state].wires[state]);
	}
	say(checking,
		ill.count == 0                   ? CONTROL_health_ok
		: failed > 0 && failed == wanted ? CONTROL_health_failed
						 : CONTROL_health_degraded,
		list_text(&ill));
}

struct met {
	struct call *call;
	struct list list;
};

static bool look_at_limits(void *user, const struct beamr_ns_info *info)
{
	struct met *met = user;
	struct beamr_limit_met limits[BEAMR_LIMITS_MAX];
	struct beamr_ns *ns;
	int64_t now = clock_realtime_usec();
	if (beamr_ns_get(met->call->daemon->machine, info->name, &ns) != 0)
		return true; /* removed meanwhile */
	size_t count = beamr_ns_limits_met(ns, limits, ARRAY_SIZE(limits));
	for (size_t i = 0; i < count && i < ARRAY_SIZE(limits); i++) {
		if (now - limits[i].last_realtime_usec < MET_LATELY_USEC)
			list_add(&met->list, "%s has met its %s", info->name, limits[i].limit);
	}
	(void)beamr_ns_unref(ns); /* always NULL */
	return true;
}

static void check_limits(struct checking *checking)
{
	struct met met = { .call = checking->call, .list = { .call = checking->call } };
	beamr_ns_each(checking->call->daemon->machine, look_at_limits, &met);
	say(checking, met.list.count > 0 ? CONTROL_health_degraded : CONTROL_health_ok,
		list_text(&met.list));
}

static void check_journal(struct checking *checking)
{
	uint64_t waiting = log_dropped_now(checking->call->daemon->log);
	say(checking, waiting > 0 ? CONTROL_health_degraded : CONTROL_health_ok,
		waiting > 0 ? call_printf(checking->call,
				      "It does not take entries as they come: %" PRIu64
				      " were dropped.",
				      waiting)
			    : NULL);
}

/* Whether each has moved on since the check began, or sleeps with nothing to do; else which one has not. */
static bool all_move(struct checking *checking, unsigned *ret_stuck, beamr_pid *ret_process)
{
	struct beamr_scheduler *now = calloc(checking->schedulers + 1, sizeof(*now));
	bool move = now != NULL;
	*ret_stuck = 0;
	*ret_process = 0;
	if (now != NULL)
		(void)beamr_schedulers(checking->call->daemon->machine, now,
			checking->schedulers); /* their number is fixed */
	for (size_t i = 0; now != NULL && i < checking->schedulers && move; i++) {
		move = now[i].progress != checking->progress[i] ||
		       (now[i].state == BEAMR_SCHEDULER_SLEEPING && now[i].run_queue == 0);
		if (!move) {
			*ret_stuck = now[i].id;
			*ret_process = now[i].current;
		}
	}
	free(now);
	return move;
}

static bool begin_schedulers(struct checking *checking)
{
	struct beamr *machine = checking->call->daemon->machine;
	checking->schedulers = beamr_schedulers(machine, NULL, 0);
	struct beamr_scheduler *now = calloc(checking->schedulers + 1, sizeof(*now));
	checking->progress = calloc(checking->schedulers + 1, sizeof(*checking->progress));
	bool good = now != NULL && checking->progress != NULL;
	if (good)
		(void)beamr_schedulers(machine, now, checking->schedulers); /* as above */
	for (size_t i = 0; good && i < checking->schedulers; i++)
		checking->progress[i] = now[i].progress;
	free(now);
	return good;
}

/* ---- one after the other ---- */

static void go_on(struct checking *checking);

/* False: it is not over yet. */
static bool check_schedulers(struct checking *checking)
{
	unsigned stuck;
	beamr_pid process;
	if (all_move(checking, &stuck, &process)) {
		say(checking, CONTROL_health_ok, NULL);
		return true;
	}
	if (now_usec() - checking->began_usec < STUCK_USEC)
		return false;
	say(checking, CONTROL_health_failed,
		process != 0 ? call_printf(checking->call, "Scheduler %u is stuck in process %s.",
				       stuck, method_pid(checking->call, process))
			     : call_printf(checking->call, "Scheduler %u is stuck.", stuck));
	return true;
}

static void finish(struct checking *checking)
{
	struct call *call = checking->call;
	struct control_out_daemon_health out = { .status = CONTROL_health_ok };
	for (size_t i = 0; i < checking->count; i++) {
		/* They rise with how bad it is. */
		if (checking->results[i].status > out.status)
			out.status = checking->results[i].status;
	}
	out.checks.items = checking->results;
	out.checks.count = checking->count;
	out.checks.set = true;
	call->on_close = NULL;
	call_reply(call, &out);
	checking_free(call, checking);
}

static bool is_over(struct checking *checking)
{
	switch (checking->order[checking->at]) {
	case CHECK_DAEMON:
		check_daemon(checking);
		break;
	case CHECK_SCHEDULERS:
		return check_schedulers(checking);
	case CHECK_SERVICES:
		check_services(checking);
		break;
	case CHECK_LIMITS:
		check_limits(checking);
		break;
	case CHECK_JOURNAL:
	case CHECKS:
		check_journal(checking);
		break;
	}
	return true;
}

static void on_look(evutil_socket_t fd, short what, void *user)
{
	go_on(user);
}

static void go_on(struct checking *checking)
{
	static const struct timeval pause = { .tv_usec = LOOK_USEC };
	for (; checking->at < checking->count; checking->at++, checking->began_usec = now_usec()) {
		if (!is_over(checking)) {
			(void)event_add(checking->timer,
				&pause); /* fails only without memory; the client waits then */
			return;
		}
		struct control_health_check *result = &checking->results[checking->at];
		result->name = names[checking->order[checking->at]];
		result->duration_usec = now_usec() - checking->began_usec;
	}
	finish(checking);
}

/* Which, each once, in the order of the table. */
static bool choose(struct checking *checking, const struct control_strings *wanted)
{
	bool asked[CHECKS] = { false };
	for (size_t i = 0; i < wanted->count; i++) {
		bool known = false;
		for (size_t k = 0; k < CHECKS; k++) {
			bool is = strcmp(wanted->items[i], names[k]) == 0;
			asked[k] |= is;
			known |= is;
		}
		if (!known)
			return false;
	}
	for (size_t k = 0; k < CHECKS; k++) {
		if (!wanted->set || wanted->count == 0 || asked[k])
			checking->order[checking->count++] = (enum check)k;
	}
	return true;
}

void handle_daemon_health(struct call *call, const struct control_in_daemon_health *in)
{
	struct checking *checking = calloc(1, sizeof(*checking));
	if (checking == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	checking->call = call;
	if (!choose(checking, &in->checks)) {
		struct control_error_invalid_parameter info = { .parameter = "checks" };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		checking_free(call, checking);
		return;
	}
	checking->timer = event_new(call->daemon->base, -1, 0, on_look, checking);
	if (checking->timer == NULL || !begin_schedulers(checking)) {
		call_fail_errno(call, -ENOMEM);
		checking_free(call, checking);
		return;
	}
	call->on_close = checking_free;
	call->user = checking;
	checking->began_usec = now_usec();
	go_on(checking);
}
