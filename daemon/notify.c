/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify, and the watchdog. */
#include "notify.h"

#include "base/clock.h"
#include "log.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define START_EXTENSION_USEC 10000000

struct notify {
	struct daemon *daemon;
	struct event *status_timer;
	struct event *watchdog_timer;
	bool told; /* of a stuck scheduler */
	char last_status[256];
	/* of each scheduler, at the last look */
	size_t count;
	uint64_t *progress;
};

void notify_status_text(struct daemon *daemon, char *out, size_t bytes)
{
	struct beamr_counts counts;
	beamr_counts(daemon->machine, &counts);
	(void)snprintf(out, bytes, "%" PRIu64 " service%s, %" PRIu64 " process%s",
		counts.namespaces, counts.namespaces == 1 ? "" : "s", counts.processes,
		counts.processes == 1 ? "" : "es");
}

static void send_status(struct notify *notify)
{
	char text[256];
	notify_status_text(notify->daemon, text, sizeof(text));
	if (strcmp(text, notify->last_status) == 0)
		return;
	memcpy(notify->last_status, text, sizeof(text));
	(void)sd_notifyf(0, "STATUS=%s", text); /* nobody may be listening */
}

static void on_status(evutil_socket_t fd, short what, void *user)
{
	struct notify *notify = user;
	if (notify->daemon->state == CONTROL_daemon_state_running)
		send_status(notify);
}

void notify_changed(struct notify *notify)
{
	struct timeval second = { .tv_sec = 1 };
	if (notify->status_timer != NULL && !event_pending(notify->status_timer, EV_TIMEOUT, NULL))
		(void)event_add(
			notify->status_timer, &second); /* else the status is a little old */
}

/* A scheduler is stuck when it has work and has not begun a slice since the last look: in one slice, or asleep with a queue. */
static bool is_stuck(const struct notify *notify, const struct beamr_scheduler *scheduler, size_t i)
{
	if (scheduler->progress != notify->progress[i])
		return false;
	return scheduler->state != BEAMR_SCHEDULER_SLEEPING || scheduler->run_queue > 0;
}

static void tell_stuck(struct notify *notify, const struct beamr_scheduler *scheduler)
{
	char pid[BEAMR_PID_TEXT] = "-";
	if (scheduler->current != 0)
		beamr_pid_text(scheduler->current, pid);
	struct log_entry *entry = log_begin(notify->daemon->log,
		report_types[BEAMR_REPORT_STUCK].priority, report_types[BEAMR_REPORT_STUCK].name,
		"scheduler %u is stuck in process %s, %" PRIu64 " processes wait for it",
		scheduler->id, pid, scheduler->run_queue);
	log_field(entry, "MESSAGE_ID", "%s", report_types[BEAMR_REPORT_STUCK].message_id);
	log_field(entry, "BEAMR_SCHEDULER", "%u", scheduler->id);
	log_field(entry, "BEAMR_PROCESS", "%s", pid);
	log_field(entry, "BEAMR_RUN_QUEUE", "%" PRIu64, scheduler->run_queue);
	log_field(entry, "BEAMR_SERVICE", "-");
	log_send(entry);
}

static void on_watchdog(evutil_socket_t fd, short what, void *user)
{
	struct notify *notify = user;
	struct beamr_scheduler *now = calloc(notify->count + 1, sizeof(*now));
	bool stuck = false;
	if (now == NULL)
		return; /* then the watchdog bites, which is right */
	size_t count = beamr_schedulers(notify->daemon->machine, now, notify->count);
	for (size_t i = 0; i < count && i < notify->count; i++) {
		if (is_stuck(notify, &now[i], i)) {
			stuck = true;
			if (!notify->told)
				tell_stuck(notify, &now[i]);
		}
		notify->progress[i] = now[i].progress;
	}
	free(now);
	if (stuck && notify->told) {
		(void)sd_notify(0, "WATCHDOG=trigger"); /* nobody may be listening */
		return;
	}
	notify->told = stuck;
	/* One look without progress is told, the second one in a row ends it. */
	(void)sd_notify(0, "WATCHDOG=1"); /* nobody may be listening */
	if (notify->daemon->state == CONTROL_daemon_state_running)
		send_status(notify);
}

struct notify *notify_new(struct daemon *daemon)
{
	uint64_t usec = 0;
	struct notify *notify = calloc(1, sizeof(*notify));
	if (notify == NULL)
		return NULL;
	notify->daemon = daemon;
	notify->status_timer = event_new(daemon->base, -1, 0, on_status, notify);
	if (sd_watchdog_enabled(0, &usec) <= 0 || usec == 0)
		return notify;
	notify->count = beamr_schedulers(daemon->machine, NULL, 0);
	notify->progress = calloc(notify->count + 1, sizeof(*notify->progress));
	/* Two looks in half the time that systemd gives. */
	struct timeval interval = { .tv_sec = (time_t)(usec / 4 / 1000000),
		.tv_usec = (suseconds_t)(usec / 4 % 1000000) };
	notify->watchdog_timer = event_new(daemon->base, -1, EV_PERSIST, on_watchdog, notify);
	if (notify->progress == NULL || notify->watchdog_timer == NULL ||
		event_add(notify->watchdog_timer, &interval) != 0)
		return notify_free(notify);
	return notify;
}

struct notify *notify_free(struct notify *notify)
{
	if (notify == NULL)
		return NULL;
	if (notify->status_timer != NULL)
		event_free(notify->status_timer);
	if (notify->watchdog_timer != NULL)
		event_free(notify->watchdog_timer);
	free(notify->progress);
	free(notify);
	return NULL;
}

void notify_starting(struct daemon *daemon, const char *format, ...)
{
	char text[200];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(
		text, sizeof(text), format, arguments); /* one line, cut when it is too long */
	va_end(arguments);
	(void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%d\nSTATUS=%s", START_EXTENSION_USEC,
		text); /* nobody may be listening */
}

void notify_ready(struct daemon *daemon)
{
	char text[256];
	notify_status_text(daemon, text, sizeof(text));
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", text); /* nobody may be listening */
}

void notify_reloading(struct daemon *daemon)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		clock_monotonic_nsec() / 1000); /* as above */
}

void notify_stopping(struct daemon *daemon, uint64_t processes)
{
	(void)sd_notifyf(0,
		"STOPPING=1\nEXTEND_TIMEOUT_USEC=5000000\nSTATUS=Stopping: %" PRIu64
		" processes left",
		processes);
}
