/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a release in a namespace, and following that to its end.
 * Invariant: a node is freed only when nothing of the machine can call back for it: `halted` comes once for a booted one, `gone` always. */
#include "node.h"

#include "base/cleanup.h"
#include "cgroup.h"
#include "env_script.h"
#include "launch.h"
#include "log.h"
#include "output.h"
#include "start_call.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
	struct bridge_item started_item, ended_item, gone_item;
	struct daemon *daemon;
	struct beamr_ns *ns; /* NULL once it has ended */
	uint64_t number;     /* of that */
	char name[BEAMR_NAME_MAX + 1];
	struct node_events events;
	struct release *release; /* until it boots, like the next */
	struct launch *launch;   /* NULL: it has not begun to start, or has booted */
	int *fds;                /* copies that it has until it is gone */
	size_t fd_count;
	struct env_script *script; /* runs before it boots; NULL */
	bool started, stopping, ended, forgotten;
	bool bare;
	beamr_pid
		root; /* the process that does what the service is for; 0: it is applications alone */
	bool root_over;           /* the machine has told of its end, and how it came */
	bool root_told, how_told; /* the two of them, in either order */
	bool called; /* a call of ours is under way: an application's start, or a look at how it is */

	enum { LOOKS_NOT, LOOKS_STATUS, LOOKS_HEALTH } looking; /* what the call asks */

	char *look;          /* the health check; NULL: there is none */
	bool gone;           /* its last process is */
	char **applications; /* to start when it has booted; ended by NULL */
	size_t application;  /* the next one */
	char *start;         /* "module:function(arguments)" to run then; NULL */
	struct bridge_item root_item, how_item, call_item;
	struct beamr_call_result *result;
	bool root_failed;      /* written before how_item is posted, like the next */
	char root_reason[300]; /* why it ended */
	int status;            /* what it ends with */
	char message[512];
	int halt_status; /* written before ended_item is posted, like the next */
	char halt_message[512];
};

#define NODE_OF(item, field) ((struct node *)(void *)((char *)(item)-offsetof(struct node, field)))

/* ---- what is told ---- */

/* What starting needs, and nothing after it. */
static void end_launch(struct node *node)
{
	node->script = env_script_free(node->script);
	if (node->launch != NULL)
		launch_done(node->launch);
	free(node->launch);
	node->launch = NULL;
	node->release = release_free(node->release);
}

static struct node *node_free(struct node *node)
{
	end_launch(node);
	for (size_t i = 0; i < node->fd_count; i++)
		(void)close(node->fds[i]); /* a copy */
	free(node->fds);
	for (size_t i = 0; node->applications != NULL && node->applications[i] != NULL; i++)
		free(node->applications[i]);
	free(node->applications);
	free(node->start);
	free(node->look);
	free(node);
	return NULL;
}

static void now_started(struct node *node)
{
	if (node->ended || node->started)
		return;
	node->started = true;
	if (!node->forgotten)
		node->events.started(node->events.user);
}

/* The last word, when nothing of the machine can come any more: its completions come in whichever order. */
static void maybe_gone(struct node *node)
{
	if (!node->gone || (node->root != 0 && !node->root_over) || node->called)
		return;
	if (!node->forgotten)
		node->events.gone(node->events.user);
	(void)node_free(node);
}

static void tell_gone(struct bridge_item *item)
{
	struct node *node = NODE_OF(item, gone_item);
	node->gone = true;
	cgroups_end(node->daemon->cgroups, node->number);
	output_end(node->daemon->output, node->name);
	maybe_gone(node);
}

static void on_gone(void *user)
{
	struct node *node = user;
	bridge_post(&node->daemon->bridge, &node->gone_item);
}

/* Takes the namespace away; `gone` follows when its last process is. */
static void remove_ns(struct node *node)
{
	struct beamr_ns *ns = TAKE_PTR(node->ns);
	if (ns == NULL)
		return;
	beamr_ns_watch(ns, on_gone, node);
	int r = beamr_ns_remove(node->daemon->machine, beamr_ns_name(ns), BEAMR_NS_KILL);
	if (r != 0)
		log_say(node->daemon->log, 3,
			"service \"%s\": its namespace cannot be removed (%d)", node->name, r);
	(void)beamr_ns_unref(ns);
}

static void end(struct node *node)
{
	if (node->ended)
		return;
	node->ended = true;
	node->script = env_script_free(node->script);
	if (!node->forgotten)
		node->events.ended(node->events.user, node->status, node->message);
	remove_ns(node);
}

static void tell_ended(struct bridge_item *item)
{
	struct node *node = NODE_OF(item, ended_item);
	/* It went down in order, but because its root had failed: that is what it came to. */
	if (node->halt_status != 0 || node->status == 0) {
		node->status = node->halt_status;
		memcpy(node->message, node->halt_message, sizeof(node->message));
	}
	end(node);
}

/* ---- what is done in a node that has booted ---- */

/* A name as Erlang text has it. */
static void quote(const char *name, char *out, size_t size)
{
	size_t at = 0;
	out[at++] = '\'';
	for (; *name != '\0' && at + 4 < size; name++) {
		if (*name == '\'' || *name == '\\')
			out[at++] = '\\';
		out[at++] = *name;
	}
	out[at++] = '\'';
	out[at] = '\0';
}

static int refuse(char *reason, size_t size, int r, const char *format, ...) _printf_(4, 5);

static int refuse(char *reason, size_t size, int r, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(reason, size, format, arguments); /* a sentence; cut when it is absurd */
	va_end(arguments);
	return r != 0 ? r : -EINVAL;
}

static void fail(struct node *node, const char *what, const char *why)
{
	node->status = 1;
	(void)snprintf(node->message, sizeof(node->message), "%s: %.400s", what, why); /* fits */
	end(node);
}

/* The process that does what the service is for has ended. */
static void root_is_over(struct node *node)
{
	if (!node->root_told || !node->how_told)
		return;
	node->root_over = true;
	/* Whoever halts, or asks init to stop, says what it ended with. */
	if (node->root_failed && !node->stopping && !node->ended && node->status == 0) {
		node->status = 1;
		(void)snprintf(node->message, sizeof(node->message), "%s ended: %s", node->start,
			node->root_reason); /* cut when long */
	}
	/* A node goes down in order, a namespace without one at once. */
	if (!node->ended && (node->bare || node->ns == NULL || beamr_ns_shutdown(node->ns) != 0))
		end(node);
	maybe_gone(node);
}

static void tell_root_over(struct bridge_item *item)
{
	struct node *node = NODE_OF(item, root_item);
	node->root_told = true;
	root_is_over(node);
}

static void tell_how(struct bridge_item *item)
{
	struct node *node = NODE_OF(item, how_item);
	node->how_told = true;
	root_is_over(node);
}

static void on_root_over(void *user)
{
	struct node *node = user;
	bridge_post(&node->daemon->bridge, &node->root_item);
}

static void on_root_ended(void *user, const struct beamr_end *how)
{
	struct node *node = user;
	node->root_failed = !how->in_order;
	(void)snprintf(node->root_reason, sizeof(node->root_reason), "%s",
		how->reason); /* cut when long */
	bridge_post(&node->daemon->bridge, &node->how_item);
}

/* Runs it as the process that the service is. */
static int run_root(struct node *node, const char *text, char *reason, size_t size)
{
	const struct beamr_spawn_options options = { .ended = on_root_ended, .user = node };
	struct start_call start;
	struct beamr_error error;
	int r = start_call_parse(&start, text, &error);
	if (r == 0)
		r = beamr_spawn(node->ns, start.module, start.function, start.terms, start.count,
			&options, &node->root);
	if (r != 0)
		r = start_call_refuse(&start, r, &error, reason, size);
	else
		beamr_watch(node->daemon->machine, node->root, on_root_over, node);
	start_call_done(&start);
	return r;
}

static void on_called(void *user, struct beamr_call_result *result)
{
	struct node *node = user;
	node->result = result;
	bridge_post(&node->daemon->bridge, &node->call_item);
}

/* The next application, then the root, then it has started. */
static void go_on(struct node *node)
{
	char reason[512], text[600];
	struct beamr_error error;
	struct beamr_term *name = NULL;
	const char *application =
		node->applications != NULL ? node->applications[node->application] : NULL;
	if (node->ended)
		return;
	if (application == NULL) {
		int r = node->start != NULL ? run_root(node, node->start, reason, sizeof(reason))
					    : 0;
		if (r != 0)
			fail(node, "the start function", reason);
		else
			now_started(node);
		return;
	}
	quote(application, text, sizeof(text));
	int r = beamr_term_parse(text, strlen(text), &name, &error);
	struct beamr_term *type = NULL;
	if (r == 0)
		r = beamr_term_parse(
			node->start != NULL ? "temporary" : "permanent", 9, &type, &error);
	struct beamr_term *arguments[] = { name, type };
	/* Bound: start-timeout of the service. */
	if (r == 0)
		r = beamr_call(node->ns, "application", "ensure_all_started", arguments, 2, NULL,
			on_called, node, NULL);
	(void)beamr_term_free(name);
	(void)beamr_term_free(type);
	if (r == 0)
		node->called = true;
	else
		fail(node, application, "its start cannot be asked for");
}

/* ---- how it is ---- */

#define LOOK_USEC 5000000 /* in which a node that runs well answers */

static void looked(struct node *node, enum node_health health, const char *text)
{
	free(node->look);
	node->look = NULL;
	node->looking = LOOKS_NOT;
	if (!node->forgotten)
		node->events.looked(node->events.user, health, text);
}

static void ask(struct node *node, const char *what, unsigned looking)
{
	const struct beamr_call_options options = { .timeout_usec = LOOK_USEC };
	struct start_call start;
	struct beamr_error error;
	char reason[512];
	int r = start_call_parse(&start, what, &error);
	node->looking = looking;
	if (r == 0)
		r = beamr_call(node->ns, start.module, start.function, start.terms, start.count,
			&options, on_called, node, NULL);
	node->called = r == 0;
	if (r != 0)
		(void)start_call_refuse(&start, r, &error, reason, sizeof(reason));
	start_call_done(&start);
	if (r != 0)
		looked(node, NODE_ILL, reason);
}

/* Init answers even while it takes everything down, which may last a second; and calls itself starting for a moment after it has told
 * that it is started. */
static void tell_status(struct node *node, const char *text)
{
	if (node->root_over ||
		(strncmp(text, "{started,", 9) != 0 && strncmp(text, "{starting,", 10) != 0))
		looked(node, NODE_GOING, "");
	else if (node->look != NULL)
		ask(node, node->look, LOOKS_HEALTH);
	else
		looked(node, NODE_WELL, "");
}

static void tell_health(struct node *node, bool value, const char *text)
{
	char reason[700];
	bool well = value && (strcmp(text, "ok") == 0 || strcmp(text, "true") == 0 ||
				     strncmp(text, "{ok,", 4) == 0);
	(void)snprintf(reason, sizeof(reason), "its health check %.200s %s %.400s", node->look,
		value ? "says" : "fails:", text); /* fits */
	looked(node, well ? NODE_WELL : NODE_ILL, reason);
}

void node_look(struct node *node, const char *health)
{
	if (node->ended || !node->started || node->called || node->root_over) {
		looked(node, NODE_GOING, "");
		return;
	}
	node->look = health[0] != '\0' ? strdup(health) : NULL;
	if (!node->bare)
		ask(node, "init:get_status", LOOKS_STATUS);
	else if (node->look != NULL)
		ask(node, node->look, LOOKS_HEALTH);
	else
		looked(node, NODE_WELL, "");
}

static void tell_called(struct bridge_item *item)
{
	struct node *node = NODE_OF(item, call_item);
	struct beamr_call_result *result = TAKE_PTR(node->result);
	bool truncated, value = result->end == BEAMR_CALL_VALUE;
	_cleanup_(free_stringp) char *known =
		result->term != NULL ? beamr_term_text(result->term, 400, &truncated) : NULL;
	const char *text = known != NULL                         ? known
			   : result->end == BEAMR_CALL_TIMED_OUT ? "no answer"
								 : "it was cut short";
	(void)beamr_call_result_free(result);
	node->called = false;
	if (node->ended) {
		maybe_gone(node);
		return;
	}
	if (node->looking == LOOKS_STATUS) {
		tell_status(node, value ? text : "");
		return;
	}
	if (node->looking == LOOKS_HEALTH) {
		tell_health(node, value, text);
		return;
	}
	const char *application = node->applications[node->application++];
	if (!value || strncmp(text, "{ok,", 4) != 0)
		fail(node, application, text);
	else
		go_on(node);
}

static void tell_started(struct bridge_item *item)
{
	struct node *node = NODE_OF(item, started_item);
	if (node->bare)
		now_started(node);
	else
		go_on(node);
}

static void on_started(void *user)
{
	struct node *node = user;
	bridge_post(&node->daemon->bridge, &node->started_item);
}

static void on_halted(void *user, int status, const char *message)
{
	struct node *node = user;
	const bool aborted = status == BEAMR_HALT_ABORT;
	node->halt_status = aborted ? 128 + SIGABRT : status; /* as a shell would see it */
	(void)snprintf(node->halt_message, sizeof(node->halt_message), "%s",
		aborted ? "aborted by itself" : message); /* cut when long */
	bridge_post(&node->daemon->bridge, &node->ended_item);
}

/* ---- starting ---- */

/* The one place where a service is started. */
static int boot(struct node *node, char *reason, size_t size)
{
	struct launch *launch = node->launch;
	struct beamr_error error = { .reason = "" };
	int r = launch_prepare(launch, node->release, reason, size);
	if (r == 0) {
		const struct beamr_boot_options boot_options = { .otp_root = launch->root,
			.arguments = (const char *const *)launch->arguments.init.items.items,
			.argument_count = launch->arguments.init.items.count,
			.environment = (const char *const *)launch->variables.items.items,
			.cwd = launch->cwd,
			.streams = { -1, -1, -1 },
			.descriptors = node->fds,
			.descriptor_count = node->fd_count,
			.started = on_started,
			.halted = on_halted,
			.user = node };
		r = beamr_ns_boot(node->ns, &boot_options, &error);
		if (r != 0)
			r = refuse(reason, size, r, "%s%s%s", error.chunk,
				error.chunk[0] != '\0' ? ": " : "",
				error.reason[0] != '\0' ? error.reason
							: strerror(r < 0 ? -r : EAGAIN));
	}
	end_launch(node);
	return r;
}

static void script_over(void *user, char **variables, size_t count, const char *why)
{
	struct node *node = user;
	char reason[512];
	if (variables != NULL)
		launch_set_environment(node->launch, variables, count); /* a copy: they are the script's */
	node->script = env_script_free(node->script);
	if (variables == NULL) {
		fail(node, node->release->script, why);
		end_launch(node);
		return;
	}
	if (boot(node, reason, sizeof(reason)) != 0)
		fail(node, "after env.sh", reason);
}

static int copy_sockets(struct node *node, const struct node_options *options)
{
	node->fds = calloc(options->socket_count + 1, sizeof(int));
	if (node->fds == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < options->socket_count; i++) {
		int fd = fcntl(options->sockets[i].fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return -errno;
		node->fds[node->fd_count++] = fd;
	}
	return 0;
}

static int begin_boot(
	struct node *node, const struct node_options *options, char *reason, size_t size)
{
	struct launch *launch = node->launch = calloc(1, sizeof(*launch));
	char path[8192];
	if (launch == NULL)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	int r = copy_sockets(node, options);
	if (r != 0) {
		end_launch(node);
		return refuse(reason, size, r, "its sockets cannot be copied: %s", strerror(-r));
	}
	r = launch_environment(launch, options, node->daemon->otp_root, reason, size);
	if (r != 0 || node->release->script == NULL) {
		if (r == 0)
			return boot(node, reason, size);
		end_launch(node);
		return r;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", node->release->tree,
		node->release->script); /* cut: it does not open */
	vec_push(&launch->variables.items, NULL);
	const struct env_script_options script = { .path = path,
		.cwd = launch->cwd,
		.environment = launch->variables.items.items,
		.service = node->name,
		.number = node->number,
		.done = script_over,
		.user = node };
	r = env_script_start(node->daemon, &script, &node->script);
	(void)vec_pop(&launch->variables.items);
	if (r != 0) {
		(void)refuse(reason, size, r, "%s cannot be run: %s", node->release->script,
			strerror(-r));
		end_launch(node);
	}
	return r;
}

/* A namespace with the release's code and one process, and nothing of OTP around it. */
static int run_bare(
	struct node *node, const struct node_options *options, char *reason, size_t size)
{
	const struct release *release = options->release;
	char folder[8192];
	int r = 0;
	if (node->start == NULL)
		return refuse(reason, size, -ENOEXEC,
			"without boot it needs a main/0 or a start function");
	for (size_t i = 0; r == 0 && release->code_paths != NULL && release->code_paths[i] != NULL;
		i++) {
		(void)snprintf(folder, sizeof(folder), "%s/%s", release->tree,
			release->code_paths[i]); /* cut: there is no such folder */
		r = beamr_code_add_dir(node->ns, folder, 0);
	}
	if (r != 0)
		return refuse(reason, size, r, "its code cannot be looked at: %s",
			strerror(r < 0 ? -r : EINVAL));
	r = run_root(node, node->start, reason, size);
	if (r == 0)
		bridge_post(&node->daemon->bridge, &node->started_item);
	return r;
}

/* What there is to do once it has booted. */
static int plan(struct node *node, const struct node_options *options, char *reason, size_t size)
{
	const struct release *release = options->release;
	size_t count = 0;
	char runner[600];
	bool gleam = false;
	if (release->kind == RELEASE_OTP || release->kind == RELEASE_ESCRIPT)
		return 0; /* its boot script does everything, or its main/1 */
	if (release->kind == RELEASE_SHIPMENT) {
		(void)snprintf(runner, sizeof(runner), "%.250s@@main", release->package); /* fits */
		gleam = !options->bare && release_module(release, runner) != NULL;
	}
	int r = 0;
	if (options->start != NULL)
		node->start = strdup(options->start);
	else if (gleam)
		/* What gleam run does. */
		r = asprintf(&node->start, "%s:run('%s')", runner, release->package) < 0 ? -ENOMEM
											 : 0;
	else if (release->main_module != NULL &&
		 (options->bare || release->kind == RELEASE_SHIPMENT ||
			 release->applications == NULL))
		r = asprintf(&node->start, "%s:main()", release->main_module) < 0 ? -ENOMEM : 0;
	while (release->applications != NULL && release->applications[count] != NULL)
		count++;
	node->applications = calloc(count + 1, sizeof(char *));
	for (size_t i = 0; node->applications != NULL && i < count; i++)
		node->applications[i] = strdup(release->applications[i]);
	if (r != 0 || node->applications == NULL)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	if (node->start == NULL && count == 0)
		return refuse(reason, size, -ENOEXEC,
			"the release has neither an application nor a main/0 to start; say what "
			"with "
			"start = module:function");
	return 0;
}

int node_start(struct daemon *daemon, const struct node_options *options,
	const struct node_events *events, struct node **ret_node, char *reason, size_t size)
{
	struct node *node = calloc(1, sizeof(*node));
	if (node == NULL) {
		(void)release_free(options->release);
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	}
	node->daemon = daemon;
	node->release = options->release;
	node->events = *events;
	node->started_item.run = tell_started;
	node->ended_item.run = tell_ended;
	node->gone_item.run = tell_gone;
	node->root_item.run = tell_root_over;
	node->how_item.run = tell_how;
	node->call_item.run = tell_called;
	node->bare = options->bare;
	(void)snprintf(node->name, sizeof(node->name), "%s", options->name); /* names are short */
	int r = beamr_ns_create(daemon->machine, options->name, &node->ns);
	if (r != 0) {
		(void)node_free(node);
		return refuse(reason, size, r,
			r == BEAMR_E_EXISTS ? "there is a namespace of that name already"
					    : "its namespace cannot be made");
	}
	beamr_ns_crash_detail(node->ns, options->crash_detail);
	node->number = beamr_ns_number(node->ns);
	if (options->quota != NULL)
		(void)beamr_ns_set_quota(
			node->ns, options->quota, NULL); /* checked when it was taken */
	const char *wrong = NULL;
	r = beamr_ns_set_channels(node->ns, options->channels, &wrong);
	if (r != 0)
		(void)refuse(reason, size, r, "channel \"%.100s\" is not of the form SERVICE.NAME",
			wrong);
	if (r == 0)
		r = plan(node, options, reason, size);
	if (r == 0)
		r = options->bare ? run_bare(node, options, reason, size)
				  : begin_boot(node, options, reason, size);
	if (r != 0) {
		node->forgotten = true;
		node->ended = true;
		remove_ns(node); /* frees the node when it is gone */
		return r;
	}
	*ret_node = node;
	return 0;
}

void node_stop(struct node *node)
{
	node->stopping = true;
	if (node->bare && node->root != 0 && !node->ended &&
		beamr_exit(node->daemon->machine, node->root, BEAMR_EXIT_SHUTDOWN, NULL) == 0)
		return;
	/* Booting, or without a signal server: there is nobody to ask. */
	if (!node->ended && (node->ns == NULL || beamr_ns_shutdown(node->ns) != 0))
		node_kill(node);
}

void node_kill(struct node *node)
{
	end(node);
}

void node_forget(struct node *node)
{
	node->forgotten = true;
}

bool node_has_started(const struct node *node)
{
	return node->started && !node->ended;
}

struct beamr_ns *node_ns(const struct node *node)
{
	return node->ns;
}

beamr_pid node_root(const struct node *node)
{
	beamr_pid pid = node->root;
	if (pid != 0)
		return pid;
	if (node->ns == NULL || beamr_whereis(node->ns, "init", &pid) != 0)
		return 0;
	return pid;
}

int node_rename(struct node *node, const char *name)
{
	if (node->ns == NULL)
		return BEAMR_E_NO_NAMESPACE;
	int r = beamr_ns_rename(node->daemon->machine, beamr_ns_name(node->ns), name);
	if (r == 0)
		(void)snprintf(node->name, sizeof(node->name), "%s", name); /* names are short */
	return r;
}
