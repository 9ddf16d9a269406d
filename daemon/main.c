/* SPDX-License-Identifier: Apache-2.0 */
/* beamrd: options, start, signals, stop. A life: 1 starting: the socket answers, services come up; 2 running; 3 stopping: roots of
 * all trees were asked to end; 4 the loop is left, everything is freed in the opposite order of its making. */
#include "admit.h"
#include "cgroup.h"
#include "daemon.h"
#include "erl.h"
#include "events.h"
#include "flood.h"
#include "levels.h"
#include "log.h"
#include "notify.h"
#include "otp.h"
#include "output.h"
#include "run.h"
#include "server.h"
#include "service.h"
#include "sockets.h"
#include "startup.h"
#include "version.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct options {
	const char *socket_path;
	const char *config_dir;
	const char *otp_root;
	const char *instance;
	const char *log_target;
	const char *state_dir;
};

static const char usage[] =
	"Usage: beamrd [OPTION]...\n"
	"       beamrd run [--otp ROOT] [-pa DIR]... MODULE FUNCTION [TERM]...\n"
	"       beamrd erl [--otp ROOT] ARGUMENT...      as OTP's erl; also when called by that "
	"name\n"
	"       beamrd escript [--otp ROOT] [OPTION]... FILE [ARGUMENT]...\n"
	"       beamrd admit PATH [CONFIG]      lets the admin group in at a socket\n"
	"Hosts BEAM services; beamrctl steers it. See beamrd(8).\n"
	"  --socket PATH    a private instance with a socket of its own\n"
	"  --config DIR     where beamrd.conf lies; /etc/beamrd without it\n"
	"  --otp ROOT       a folder like /usr/lib/erlang\n"
	"  --state DIR      where deployed releases are kept; /var/lib/beamrd without it,\n"
	"                   none with --socket\n"
	"  --instance NAME  name of the instance, as its unit has it\n"
	"  --log TARGET     auto, journal or stderr\n"
	"  -h, --help       this text\n"
	"  --version        which version this is\n"
	"Exit status: 0 stopped in order, 1 failed, 2 wrong use.\n";

/* Returns -1 to go on, else an exit status. */
static int parse_options(int count, char **arguments, struct options *options)
{
	static const struct option long_options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "config", required_argument, NULL, 'c' },
		{ "otp", required_argument, NULL, 'o' },
		{ "instance", required_argument, NULL, 'i' },
		{ "log", required_argument, NULL, 'l' },
		{ "state", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int c;
	while ((c = getopt_long(count, arguments, "+h", long_options, NULL)) != -1) {
		switch (c) {
		case 's':
			options->socket_path = optarg;
			break;
		case 'c':
			options->config_dir = optarg;
			break;
		case 'o':
			options->otp_root = optarg;
			break;
		case 'i':
			options->instance = optarg;
			break;
		case 'l':
			options->log_target = optarg;
			break;
		case 't':
			options->state_dir = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'v':
			puts("beamrd " BEAMR_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < count) {
		fprintf(stderr, "beamrd: \"%s\" is not expected here\n%s", arguments[optind],
			usage);
		return 2;
	}
	return -1;
}

/* Whether stderr is the journal, as systemd says it set it up. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;
	if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2 ||
		fstat(STDERR_FILENO, &status) != 0)
		return false;
	return status.st_dev == device && status.st_ino == inode;
}

/* ---- what the machine tells: on scheduler threads ---- */

static void on_report(void *user, const struct beamr_report *report)
{
	struct daemon *daemon = user;
	if (report->kind == BEAMR_REPORT_LOG) {
		log_event(daemon->log, report);
		return;
	}
	if (report->kind == BEAMR_REPORT_CRASH)
		log_ended(daemon->log, report);
	if (report->kind == BEAMR_REPORT_RESTART || report->kind == BEAMR_REPORT_GIVEUP ||
		report->kind == BEAMR_REPORT_CHILD)
		log_supervised(daemon->log, report);
	if (report->kind == BEAMR_REPORT_CHILD)
		return; /* that is all that it is for */
	struct record *record = record_new(report);
	if (record == NULL)
		return; /* the host has no memory: the counts of the machine still tell of it */
	if (log_wants(daemon->log, report))
		log_report(daemon->log, report, record);
	events_push(daemon->events, record);
	(void)record_unref(record);
}

static uint16_t put(struct beamr_report *report, const char *text)
{
	return text != NULL ? report_put(report, text, strlen(text), REPORT_FIELD_MAX) : 0;
}

void daemon_report(struct daemon *daemon, enum beamr_report_kind kind, const char *service,
	const char *process, const char *module, const char *detail)
{
	struct beamr_report report;
	report_begin(&report, kind);
	report.namespace_name = put(&report, service);
	report.process = put(&report, process);
	report.module = put(&report, module);
	report.detail = put(&report, detail);
	on_report(daemon, &report);
}

static void on_output(void *user, const char *namespace_name, beamr_pid pid, int stream,
	const char *bytes, size_t size)
{
	struct daemon *daemon = user;
	char text[BEAMR_PID_TEXT] = "";
	if (pid != 0)
		beamr_pid_text(pid, text);
	output_bytes(daemon->output, namespace_name, stream, text, bytes, size);
}

static void on_child(void *user, uint64_t number, const char *namespace_name, int pid)
{
	const struct daemon *daemon = user;
	cgroups_add(daemon->cgroups, number, namespace_name, pid);
}

static void on_halt(void *user, const char *namespace_name, int status)
{
	char text[64];
	(void)snprintf(text, sizeof(text), "halted itself with status %d", status); /* fits */
	daemon_report(user, BEAMR_REPORT_STOP, namespace_name, NULL, NULL, text);
}

/* ---- reload ---- */

static void apply_event_limits(struct daemon *daemon)
{
	const struct config *config = &daemon->config;
	beamr_event_limits(daemon->machine,
		&(struct beamr_event_limits){ .long_gc_usec = (uint64_t)config->long_gc,
			.long_schedule_usec = (uint64_t)config->long_schedule,
			.large_heap_bytes = (uint64_t)config->large_heap });
}

static void apply_log(struct daemon *daemon)
{
	const struct config *config = &daemon->config;
	const struct flood_limits flood = { config->flood_burst, config->flood_kinds,
		config->flood_interval, config->flood_summary };
	log_set(daemon->log, levels_of_daemon(daemon->levels), &flood);
	log_set_rate(daemon->log, config->log_burst, config->log_interval);
}

/* What a reload finds: names of settings, and texts about services, which the daemon keeps until the next one. */
struct found {
	const char **changed, **restart; /* ended by NULL */
	size_t changed_count, restart_count;
	char **texts;
	size_t text_count;
	bool failed;
};

static void found_add(struct found *found, const char *text, bool live)
{
	const char ***list = live ? &found->changed : &found->restart;
	size_t *count = live ? &found->changed_count : &found->restart_count;
	const char **grown = reallocarray(*list, *count + 2, sizeof(*grown));
	found->failed |= grown == NULL;
	if (grown == NULL)
		return;
	grown[(*count)++] = text;
	grown[*count] = NULL;
	*list = grown;
}

static void found_service(void *user, const char *text, bool live)
{
	struct found *found = user;
	char **grown = reallocarray(found->texts, found->text_count + 2, sizeof(*grown));
	if (grown != NULL)
		found->texts = grown;
	char *copy = grown != NULL ? strdup(text) : NULL;
	found->failed |= copy == NULL;
	if (copy == NULL)
		return;
	grown[found->text_count++] = copy;
	grown[found->text_count] = NULL;
	found_add(found, copy, live);
}

static void free_texts(char **texts)
{
	for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
		free(texts[i]);
	free(texts);
}

/* What differs; nothing is changed. */
static void compare(struct daemon *daemon, const struct config *fresh,
	const struct declarations *declarations, struct found *ret_found)
{
	*ret_found = (struct found){ .changed = calloc(1, sizeof(char *)),
		.restart = calloc(1, sizeof(char *)) };
	ret_found->failed = ret_found->changed == NULL || ret_found->restart == NULL;
	for (int i = 0; i < CONFIG_KEYS; i++) {
		enum config_key key = (enum config_key)i;
		if (!config_equal(&daemon->config, fresh, key))
			found_add(ret_found, config_settings[i].key,
				config_settings[i].effect != CONFIG_RESTART);
	}
	/* Services of this file are brought up at the start only. */
	if (!config_same_services(&daemon->config, fresh))
		found_add(ret_found, "service", false);
	if (declarations != NULL)
		services_differ(daemon->services, declarations, found_service, ret_found);
}

int daemon_reload(struct daemon *daemon, unsigned flags, const char ***ret_changed,
	const char ***ret_requires_restart, struct config_error *ret_error)
{
	struct config fresh = { 0 };
	struct declarations *declarations = NULL;
	struct found found = { 0 };
	bool dry_run = (flags & DAEMON_RELOAD_DRY_RUN) != 0;
	if (!dry_run)
		notify_reloading(daemon);
	int r = config_load(daemon->config_dir, &fresh, ret_error);
	if (r == 0 && daemon->services != NULL)
		r = services_read(daemon->services, &declarations, ret_error);
	if (r == 0)
		compare(daemon, &fresh, declarations, &found);
	if (found.failed) {
		free(found.changed);
		free(found.restart);
		free_texts(found.texts);
		r = -ENOMEM;
	}
	if (r == 0) {
		for (int i = 0; i < CONFIG_KEYS && !dry_run; i++) {
			if (config_settings[i].effect != CONFIG_RESTART)
				config_swap(&daemon->config, &fresh, (enum config_key)i);
		}
		*ret_changed = found.changed;
		*ret_requires_restart = found.restart;
		free_texts(daemon->reload_texts);
		daemon->reload_texts = found.texts;
		if (!dry_run) {
			apply_log(daemon);
			apply_event_limits(daemon);
		}
		if (!dry_run && declarations != NULL)
			services_declare(daemon->services, declarations);
	}
	(void)declarations_free(declarations);
	config_done(&fresh);
	if (!dry_run) {
		if (r > 0)
			log_say(daemon->log, 3, "the configuration was not taken: %s:%d:%d: %s",
				ret_error->file, ret_error->line, ret_error->column,
				ret_error->message);
		notify_ready(daemon);
	}
	return r;
}

static void on_hangup(evutil_socket_t number, short what, void *user)
{
	struct daemon *daemon = user;
	const char **changed = NULL, **restart = NULL;
	struct config_error error;
	if (daemon->state == CONTROL_daemon_state_draining) {
		log_say(daemon->log, 4, "it is being drained: the configuration is not read again");
		return;
	}
	int r = daemon_reload(daemon, 0, &changed, &restart, &error);
	if (r == 0)
		log_say(daemon->log, 5, "reloaded the configuration");
	else if (r < 0)
		log_say(daemon->log, 3, "cannot read the configuration: %s", strerror(-r));
	free(changed);
	free(restart);
}

void daemon_changed(struct daemon *daemon)
{
	notify_changed(daemon->notify);
}

/* ---- stop ---- */

struct stopping {
	struct daemon *daemon;
	size_t waits; /* roots that live */
	struct event *timer;
	beamr_pid *roots;
	size_t count, capacity;
};

struct root_wait {
	struct bridge_item item; /* first: the bridge hands it back */
	struct stopping *stopping;
};

static void leave(struct stopping *stopping)
{
	(void)event_base_loopexit(stopping->daemon->base,
		NULL); /* fails only without memory; then the timer ends it */
}

static void root_over(struct bridge_item *item)
{
	struct root_wait *wait = (struct root_wait *)(void *)item;
	struct stopping *stopping = wait->stopping;
	free(wait);
	stopping->waits--;
	if (stopping->daemon->notify == NULL)
		return; /* the loop was left already */
	notify_stopping(stopping->daemon, stopping->waits);
	if (stopping->waits == 0)
		leave(stopping);
}

static void on_root_dead(void *user)
{
	struct root_wait *wait = user;
	bridge_post(&wait->stopping->daemon->bridge, &wait->item);
}

static void ignore_process(void *user, const struct beamr_process *process) {}

/* A root is a process that nobody living has spawned. */
static bool add_root(void *user, const struct beamr_process *process)
{
	struct stopping *stopping = user;
	bool has_parent =
		process->parent != 0 && beamr_process_get(stopping->daemon->machine,
						process->parent, ignore_process, NULL) == 0;
	/* Services end in their own way. */
	if (has_parent || process->system ||
		(stopping->daemon->services != NULL &&
			services_own(stopping->daemon->services, process->namespace_name)))
		return true;
	if (stopping->count == stopping->capacity) {
		size_t capacity = stopping->capacity > 0 ? stopping->capacity * 2 : 64;
		beamr_pid *grown = reallocarray(stopping->roots, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		stopping->roots = grown;
		stopping->capacity = capacity;
	}
	stopping->roots[stopping->count++] = process->pid;
	return true;
}

static void services_over(struct daemon *daemon)
{
	struct stopping *stopping = daemon->stopping;
	stopping->waits--;
	if (stopping->waits == 0)
		leave(stopping);
}

static void on_stop_timeout(evutil_socket_t fd, short what, void *user)
{
	struct stopping *stopping = user;
	if (stopping->waits > 0)
		log_say(stopping->daemon->log, 4, "%zu processes did not end in time",
			stopping->waits);
	leave(stopping);
}

void daemon_stop(struct daemon *daemon, int64_t timeout_usec)
{
	struct timeval patience = { .tv_sec = timeout_usec / 1000000,
		.tv_usec = timeout_usec % 1000000 };
	if (daemon->state == CONTROL_daemon_state_stopping)
		return;
	struct stopping *stopping = daemon->stopping = calloc(1, sizeof(*stopping));
	daemon->state = CONTROL_daemon_state_stopping;
	if (stopping == NULL) {
		(void)event_base_loopexit(daemon->base, NULL); /* at once, then */
		return;
	}
	stopping->daemon = daemon;
	server_stop_listening(daemon->server);
	beamr_process_each(daemon->machine, NULL, 0, add_root, stopping);
	notify_stopping(daemon, stopping->count);
	log_say(daemon->log, 5, "stopping, %zu trees of processes have %lld ms to end",
		stopping->count, (long long)(timeout_usec / 1000));
	for (size_t i = 0; i < stopping->count && timeout_usec > 0; i++) {
		struct root_wait *wait = calloc(1, sizeof(*wait));
		if (wait == NULL || beamr_exit(daemon->machine, stopping->roots[i],
					    BEAMR_EXIT_SHUTDOWN, NULL) != 0) {
			free(wait);
			continue;
		}
		wait->item.run = root_over;
		wait->stopping = stopping;
		stopping->waits++;
		beamr_watch(daemon->machine, stopping->roots[i], on_root_dead, wait);
	}
	free(stopping->roots);
	stopping->roots = NULL;
	if (daemon->services != NULL && timeout_usec > 0) {
		stopping->waits++;
		services_stop(daemon->services, services_over);
	}
	stopping->timer = event_new(daemon->base, -1, 0, on_stop_timeout, stopping);
	if (stopping->waits == 0 || stopping->timer == NULL ||
		event_add(stopping->timer, &patience) != 0)
		leave(stopping);
}

static void on_terminate(evutil_socket_t number, short what, void *user)
{
	struct daemon *daemon = user;
	if (daemon->state == CONTROL_daemon_state_stopping) {
		(void)event_base_loopexit(daemon->base, NULL); /* asked twice: at once */
		return;
	}
	daemon_stop(daemon, daemon->config.stop_timeout);
}

/* ---- start ---- */

static void on_services_up(struct daemon *daemon)
{
	if (daemon->state == CONTROL_daemon_state_stopping)
		return;
	daemon->state = CONTROL_daemon_state_running;
	notify_ready(daemon);
	log_say(daemon->log, 6, "ready");
}

static void on_started(struct daemon *daemon, int r)
{
	if (daemon->state == CONTROL_daemon_state_stopping)
		return;
	if (r != 0) {
		daemon->exit_status = 1;
		daemon_stop(daemon, 0);
		return;
	}
	services_begin(daemon->services, on_services_up);
}

static int open_socket(
	struct daemon *daemon, const struct options *options, const char **ret_unlink)
{
	daemon->sockets = sockets_new();
	if (daemon->sockets == NULL)
		return -ENOMEM;
	int fd = sockets_take_passed(daemon->sockets, options->instance);
	*ret_unlink = NULL;
	if (fd >= 0)
		return fd;
	const char *path =
		options->socket_path != NULL ? options->socket_path : "/run/beamr/io.beamr.Daemon";
	fd = server_bind(path);
	if (fd < 0)
		fprintf(stderr, "beamrd: cannot listen on \"%s\": %s\n", path, strerror(-fd));
	*ret_unlink = path;
	return fd;
}

/* What one thread allocates another frees, and threads come and go with the services. Left to itself the C library makes an arena
 * for each, and learns from the first large buffer to keep all large buffers: thirty services were seen to keep 54 MiB so, and 26 MiB
 * with this. The machine has a cache of its own in front of it. */
static void tune_allocator(void)
{
	(void)mallopt(M_ARENA_MAX, 2); /* a wish; these go on without it, too */
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 256 << 10);
}

static int make_machine(struct daemon *daemon, const struct options *options)
{
	tune_allocator();
	const char *otp = options->otp_root != NULL ? options->otp_root : getenv("BEAMR_OTP_ROOT");
	if (otp == NULL || otp[0] == '\0')
		otp = daemon->config.otp_root;
	if (otp_root_check(otp) != 0) {
		log_say(daemon->log, 4,
			"there are no OTP libraries at \"%s\"; only code that is loaded by hand "
			"can run",
			otp);
		otp = NULL;
	}
	daemon->otp_root = otp != NULL ? realpath(otp, NULL) : NULL;
	struct beamr_options machine_options = { .schedulers = (unsigned)daemon->config.schedulers,
		.otp_root = otp,
		.processes_max = (uint64_t)daemon->config.processes_max,
		.report = on_report,
		.output = on_output,
		.halt = on_halt,
		.child = daemon->cgroups != NULL ? on_child : NULL,
		.user = daemon };
	int r = beamr_new(&machine_options, &daemon->machine);
	if (r == 0) {
		apply_event_limits(daemon);
		r = beamr_start(daemon->machine);
	}
	if (r != 0)
		log_say(daemon->log, 2, "cannot make a machine: %s", strerror(r < 0 ? -r : EINVAL));
	else
		daemon->schedulers = (unsigned)beamr_schedulers(daemon->machine, NULL, 0);
	return r > 0 ? -EINVAL : r;
}

static struct event *on_signal(struct daemon *daemon, int number, event_callback_fn fn)
{
	struct event *event = evsignal_new(daemon->base, number, fn, daemon);
	if (event != NULL)
		(void)event_add(event, NULL); /* without it the signal does what it did before */
	return event;
}

/* Where releases are kept, and what is declared. */
static int read_services(struct daemon *daemon, const struct options *options)
{
	char declared[4096];
	const char *state = getenv("STATE_DIRECTORY");
	if (options->state_dir != NULL)
		state = options->state_dir;
	else if (options->socket_path != NULL)
		state = NULL;
	else if (state == NULL)
		state = "/var/lib/beamrd";
	/* Services have working folders of their own. */
	char folder[PATH_MAX + 4096];
	if (state != NULL && state[0] != '/' && getcwd(folder, PATH_MAX) != NULL) {
		size_t length = strlen(folder);
		(void)snprintf(folder + length, sizeof(folder) - length, "/%s",
			state); /* cut: not there */
		state = folder;
	}
	(void)snprintf(declared, sizeof(declared), "%s/services.d",
		options->config_dir != NULL ? options->config_dir
					    : "/etc/beamr"); /* cut: not there */
	return services_new(daemon, state,
		options->config_dir != NULL || options->socket_path == NULL ? declared : NULL,
		&daemon->services);
}

static int serve(
	struct daemon *daemon, const struct options *options, int fd, const char *unlink_path)
{
	struct event *signals[] = { on_signal(daemon, SIGHUP, on_hangup),
		on_signal(daemon, SIGTERM, on_terminate), on_signal(daemon, SIGINT, on_terminate) };
	struct startup *startup = NULL;
	int r = server_new(daemon, fd, unlink_path, &daemon->server);
	daemon->notify = r == 0 ? notify_new(daemon) : NULL;
	if (r == 0)
		r = read_services(daemon, options);
	if (r == 0 && daemon->notify != NULL)
		startup = startup_begin(daemon, on_started);
	if (startup == NULL) {
		log_say(daemon->log, 2, "cannot start: %s", strerror(r < 0 ? -r : ENOMEM));
		daemon->exit_status = 1;
	} else {
		(void)event_base_dispatch(daemon->base); /* ends by loopexit */
	}
	(void)startup_free(startup);
	daemon->server = server_free(daemon->server);
	services_join(daemon->services);
	beamr_stop(daemon->machine);
	bridge_run(
		&daemon->bridge); /* what waited on processes has been told that there will be no answer */
	daemon->notify = notify_free(daemon->notify);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (signals[i] != NULL)
			event_free(signals[i]);
	}
	return daemon->exit_status;
}

static int run_daemon(const struct options *options)
{
	struct daemon daemon = { .state = CONTROL_daemon_state_starting,
		.instance = options->instance,
		.started_realtime_usec = clock_realtime_usec(),
		.started_monotonic_usec = clock_monotonic_nsec() / 1000 };
	struct config_error error;
	const char *unlink_path, *configured = getenv("CONFIGURATION_DIRECTORY");
	bool journal = stderr_is_journal();
	daemon.config_dir = options->config_dir != NULL    ? options->config_dir
			    : options->socket_path != NULL ? "/nonexistent"
			    : configured != NULL           ? configured
							   : "/etc/beamrd";
	int r = config_load(daemon.config_dir, &daemon.config, &error);
	if (r != 0) {
		if (r > 0)
			fprintf(stderr, "beamrd: %s:%d:%d: %s\n", error.file, error.line,
				error.column, error.message);
		else
			fprintf(stderr, "beamrd: cannot read the configuration in \"%s\": %s\n",
				daemon.config_dir, strerror(-r));
		return 1;
	}
	if (options->log_target != NULL && strcmp(options->log_target, "auto") != 0)
		journal = strcmp(options->log_target, "journal") == 0;
	int fd = open_socket(&daemon, options, &unlink_path);
	if (fd < 0) {
		daemon.sockets = sockets_free(daemon.sockets);
		config_done(&daemon.config);
		return 1;
	}
	daemon.base = event_base_new();
	r = daemon.base != NULL ? bridge_init(&daemon.bridge, daemon.base) : -ENOMEM;
	if (r == 0)
		r = log_new(journal ? LOG_TO_JOURNAL : LOG_TO_STDERR, "beamrd", &daemon.log);
	if (r == 0)
		r = (daemon.levels = levels_new(&daemon)) != NULL ? 0 : -ENOMEM;
	if (r == 0) {
		apply_log(&daemon);
		daemon.output = output_new(daemon.log);
		daemon.events = events_new(
			(size_t)daemon.config.events_kept, &daemon.bridge, event_wake, &daemon);
		daemon.cgroups = cgroups_new(daemon.base);
		r = daemon.events != NULL && daemon.output != NULL ? make_machine(&daemon, options)
								   : -ENOMEM;
	}
	int status = r == 0 ? serve(&daemon, options, fd, unlink_path) : 1;
	if (r != 0)
		fprintf(stderr, "beamrd: cannot start: %s\n", strerror(-r));
	daemon.machine = beamr_free(daemon.machine);
	bridge_done(&daemon.bridge);
	daemon.services = services_free(daemon.services);
	daemon.cgroups = cgroups_free(daemon.cgroups);
	daemon.sockets = sockets_free(daemon.sockets);
	free(daemon.otp_root);
	free_texts(daemon.reload_texts);
	daemon.events = events_free(daemon.events);
	if (daemon.stopping != NULL && daemon.stopping->timer != NULL)
		event_free(daemon.stopping->timer);
	daemon.levels = levels_free(daemon.levels);
	if (daemon.base != NULL)
		event_base_free(daemon.base);
	daemon.output = output_free(daemon.output);
	if (status == 0 && daemon.log != NULL)
		log_say(daemon.log, 6, "stopped");
	daemon.log = log_free(daemon.log);
	free(daemon.stopping);
	config_done(&daemon.config);
	libevent_global_shutdown();
	return status;
}

/* "erl" or "escript", whether the program was called by that name or got it as its first word; *ret_words: how many words that took. */
static const char *program_of(int count, char **arguments, int *ret_words)
{
	const char *slash = count > 0 ? strrchr(arguments[0], '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : count > 0 ? arguments[0] : "";
	*ret_words = 1;
	if (strcmp(name, "erl") == 0 || strcmp(name, "escript") == 0)
		return name;
	*ret_words = 2;
	return count > 1 ? arguments[1] : "";
}

int main(int count, char **arguments)
{
	struct options options = { 0 };
	(void)signal(SIGPIPE, SIG_IGN); /* a peer that went away is an error of write() */
	if (count > 1 && strcmp(arguments[1], "admit") == 0)
		return admit_main(count - 2, arguments + 2);
	if (count > 1 && strcmp(arguments[1], "run") == 0)
		return run_main(count - 2, arguments + 2);
	int words = 0;
	const char *program = program_of(count, arguments, &words);
	if (strcmp(program, "erl") == 0 || strcmp(program, "escript") == 0) {
		const char *otp = NULL;
		if (words > 1 && count > words + 1 && strcmp(arguments[words], "--otp") == 0) {
			otp = arguments[words + 1];
			words += 2;
		}
		return (program[1] == 'r' ? erl_main : escript_main)(
			count - words, arguments + words, otp);
	}
	int status = parse_options(count, arguments, &options);
	if (status >= 0)
		return status;
	if (options.log_target != NULL && strcmp(options.log_target, "auto") != 0 &&
		strcmp(options.log_target, "journal") != 0 &&
		strcmp(options.log_target, "stderr") != 0) {
		fprintf(stderr, "beamrd: --log is auto, journal or stderr\n");
		return 2;
	}
	return run_daemon(&options);
}
