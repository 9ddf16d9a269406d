/* SPDX-License-Identifier: Apache-2.0 */
/* org.varlink.service and io.beamr.Daemon. */
#include "../levels.h"
#include "../log.h"
#include "../notify.h"
#include "../server.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "control/describe.h"
#include "methods.h"
#include "version.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

void handle_get_info(struct call *call, const struct control_in_get_info *in)
{
	struct control_out_get_info out = { .vendor = "beamr",
		.product = "beamrd",
		.version = BEAMR_VERSION,
		.url = "man:beamrd(8)",
		.interfaces = method_strings(call, CONTROL_INTERFACES) };
	for (size_t i = 0; i < out.interfaces.count; i++)
		out.interfaces.items[i] = control_interfaces[i].wire;
	call_reply(call, &out);
}

void handle_get_interface_description(
	struct call *call, const struct control_in_get_interface_description *in)
{
	int id = control_interface_find(in->interface);
	if (id < 0) {
		struct control_error_interface_not_found info = { .interface = in->interface };
		call_fail(call, CONTROL_ERROR_interface_not_found, &info);
		return;
	}
	_cleanup_(free_stringp) char *text = describe_interface((enum control_interface_id)id);
	struct control_out_get_interface_description out = { .description = text };
	call_reply(call, &out);
}

void handle_daemon_ping(struct call *call, const struct control_in_daemon_ping *in)
{
	call_reply(call, NULL);
}

/* A line of a small file; NULL when there is none. */
static const char *read_line(struct call *call, const char *path)
{
	char line[256];
	_cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	ssize_t n = read(fd, line, sizeof(line) - 1);
	if (n <= 0)
		return NULL;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return method_copy(call, line);
}

void handle_daemon_describe(struct call *call, const struct control_in_daemon_describe *in)
{
	struct daemon *daemon = call->daemon;
	struct beamr_counts counts;
	struct control_capability capabilities[] = { { "namespaces", 1 }, { "events", 1 } };
	char status[256];
	const char *boot_id = read_line(call, "/proc/sys/kernel/random/boot_id");
	beamr_counts(daemon->machine, &counts);
	notify_status_text(daemon, status, sizeof(status));
	struct control_out_daemon_describe out = { .version = BEAMR_VERSION,
		.otp_release = beamr_otp_release(daemon->machine),
		.instance = daemon->instance,
		.main_pid = getpid(),
		.uid = geteuid(),
		.invocation_id = getenv("INVOCATION_ID"),
		.boot_id = boot_id != NULL ? boot_id : "",
		.started_realtime_usec = daemon->started_realtime_usec,
		.uptime_usec = clock_monotonic_nsec() / 1000 - daemon->started_monotonic_usec,
		.state = daemon->state,
		.status_text = status,
		.services = (int64_t)counts.namespaces,
		.processes = (int64_t)counts.processes,
		.modules = (int64_t)counts.modules,
		.schedulers = daemon->schedulers,
		.capabilities = { capabilities, ARRAY_SIZE(capabilities), true },
		.limits = { .message_max = SERVER_MESSAGE_MAX,
			.connections_max = daemon->config.connections_max,
			.connections_per_user_max = daemon->config.connections_per_user },
		.log_level = config_level_name(levels_of_daemon(daemon->levels)) };
	call_reply(call, &out);
}

void handle_daemon_memory(struct call *call, const struct control_in_daemon_memory *in)
{
	struct control_out_daemon_memory out = { 0 };
	if (in->service != NULL) {
		struct control_error_not_supported info = {
			.what = "service",
			.message =
				"Memory of one service is told by io.beamr.Service.List with usage."
		};
		call_fail(call, CONTROL_ERROR_not_supported, &info);
		return;
	}
	struct beamr_memory memory;
	beamr_memory(call->daemon->machine, &memory);
	out.memory = (struct control_memory){ .total = (int64_t)memory.total,
		.processes = (int64_t)memory.processes,
		.processes_used = (int64_t)memory.processes_used,
		.atoms = (int64_t)memory.atoms,
		.atoms_used = (int64_t)memory.atoms_used,
		.binaries = (int64_t)memory.binaries,
		.code = (int64_t)memory.code,
		.ets = (int64_t)memory.ets,
		.system = (int64_t)memory.system };
	call_reply(call, &out);
}

/* One look at the schedulers, and the one before, for the load between them. */
struct watch {
	size_t count;
	struct beamr_scheduler *last;
	int64_t last_usec;
	struct event *timer;
	struct call *call;
};

static void watch_free(struct call *call, void *user)
{
	struct watch *watch = user;
	if (watch->timer != NULL)
		event_free(watch->timer);
	free(watch->last);
	free(watch);
}

static bool look(struct call *call, struct watch *watch, struct control_out_daemon_schedulers *out)
{
	struct beamr_scheduler *now = calloc(watch->count, sizeof(*now));
	struct control_scheduler *items =
		control_arena_alloc(&call->arena, watch->count * sizeof(*items));
	if (now == NULL || items == NULL) {
		free(now);
		return false;
	}
	int64_t now_usec = clock_monotonic_nsec() / 1000;
	(void)beamr_schedulers(
		call->daemon->machine, now, watch->count); /* their number is fixed */
	for (size_t i = 0; i < watch->count; i++) {
		const struct beamr_scheduler *last = watch->last != NULL ? &watch->last[i] : NULL;
		int64_t since = watch->last != NULL ? watch->last_usec
						    : call->daemon->started_monotonic_usec;
		double busy = (double)(now[i].busy_usec - (last != NULL ? last->busy_usec : 0));
		double load = now_usec > since ? busy / (double)(now_usec - since) : 0.0;
		items[i] = (struct control_scheduler){ .id = now[i].id,
			.state = now[i].state,
			.run_queue = (int64_t)now[i].run_queue,
			.run_queue_max = (int64_t)now[i].run_queue_max,
			.utilization = load < 0.0   ? 0.0
				       : load > 1.0 ? 1.0
						    : load,
			.reductions = (int64_t)now[i].reductions,
			.context_switches = (int64_t)now[i].switches,
			.migrations = (int64_t)now[i].migrations,
			.current_process =
				now[i].current != 0 ? method_pid(call, now[i].current) : NULL };
	}
	free(watch->last);
	watch->last = now;
	watch->last_usec = now_usec;
	*out = (struct control_out_daemon_schedulers){ .realtime_usec = clock_realtime_usec(),
		.schedulers = { items, watch->count, true } };
	return true;
}

static void on_tick(evutil_socket_t fd, short what, void *user)
{
	struct watch *watch = user;
	struct control_out_daemon_schedulers out;
	if (!call_is_full(watch->call) && look(watch->call, watch, &out))
		call_continue(watch->call, &out);
}

void handle_daemon_schedulers(struct call *call, const struct control_in_daemon_schedulers *in)
{
	struct control_out_daemon_schedulers out;
	struct watch *watch = calloc(1, sizeof(*watch));
	if (watch == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	watch->count = beamr_schedulers(call->daemon->machine, NULL, 0);
	watch->call = call;
	if (!look(call, watch, &out)) {
		watch_free(call, watch);
		call_fail_errno(call, -ENOMEM);
		return;
	}
	if (!call->more) {
		watch_free(call, watch);
		call_reply(call, &out);
		return;
	}
	int64_t usec = in->interval_usec.set ? in->interval_usec.value : 1000000;
	if (usec < 10000 || usec > 3600000000) {
		struct control_error_invalid_parameter info = { .parameter = "intervalUSec" };
		watch_free(call, watch);
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	struct timeval interval = { .tv_sec = usec / 1000000, .tv_usec = usec % 1000000 };
	watch->timer = event_new(call->daemon->base, -1, EV_PERSIST, on_tick, watch);
	if (watch->timer == NULL || event_add(watch->timer, &interval) != 0) {
		watch_free(call, watch);
		call_fail_errno(call, -ENOMEM);
		return;
	}
	call->on_close = watch_free;
	call->user = watch;
	call_continue(call, &out);
}

static struct control_strings strings_of(struct call *call, const char **list)
{
	size_t n = 0;
	while (list[n] != NULL)
		n++;
	struct control_strings strings = method_strings(call, n);
	memcpy(strings.items, list, strings.count * sizeof(char *));
	return strings;
}

void handle_daemon_reload(struct call *call, const struct control_in_daemon_reload *in)
{
	const char **changed = NULL, **requires_restart = NULL;
	struct config_error error;
	unsigned flags = in->dry_run.value ? DAEMON_RELOAD_DRY_RUN : 0;
	int r = daemon_reload(call->daemon, flags, &changed, &requires_restart, &error);
	if (r < 0) {
		call_fail_errno(call, r);
		return;
	}
	if (r > 0) {
		struct control_error_config_invalid info = { .file = error.file,
			.line = { true, error.line },
			.column = { true, error.column },
			.message = error.message };
		call_audit(call, NULL, "reload failed: %s:%d: %s", error.file, error.line,
			error.message);
		call_fail(call, CONTROL_ERROR_config_invalid, &info);
		return;
	}
	struct control_out_daemon_reload out = { .changed = strings_of(call, changed),
		.requires_restart = strings_of(call, requires_restart) };
	free(changed);
	free(requires_restart);
	if (flags == 0)
		call_audit(call, NULL, "reloaded the configuration");
	call_reply(call, &out);
}

void handle_daemon_shutdown(struct call *call, const struct control_in_daemon_shutdown *in)
{
	struct daemon *daemon = call->daemon;
	int64_t timeout =
		in->timeout_usec.set ? in->timeout_usec.value : daemon->config.stop_timeout;
	if (in->force.value)
		timeout = 0;
	call_audit(call, NULL, "asked the daemon to stop");
	call_reply(call, NULL);
	daemon_stop(daemon, timeout);
}
