/* SPDX-License-Identifier: Apache-2.0 */
/* What `erl` would be told to start a release, and following the namespace to its end.
 * Invariant: a node is freed only when nothing of the machine can call back for it: `halted` comes once for a booted one, `gone` always. */
#include "node.h"

#include "base/cleanup.h"
#include "erl_arguments.h"
#include "log.h"
#include "startup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

struct node {
	struct bridge_item started_item, ended_item, gone_item;
	struct daemon *daemon;
	struct beamr_ns *ns; /* NULL once it has ended */
	char name[BEAMR_NAME_MAX + 1];
	struct node_events events;
	bool started, stopping, ended, forgotten;
	beamr_pid root; /* of a bare one */
	bool root_over, gone;
	/* Written before ended_item is posted. */
	int status;
	char message[512];
};

#define NODE_OF(item, field) ((struct node *)(void *)((char *)(item)-offsetof(struct node, field)))

/* ---- what is told ---- */

static void tell_started(struct bridge_item *item)
{
	struct node *node = NODE_OF(item, started_item);
	if (node->ended || node->started)
		return;
	node->started = true;
	if (!node->forgotten)
		node->events.started(node->events.user);
}

static void tell_gone(struct bridge_item *item)
{
	struct node *node = NODE_OF(item, gone_item);
	/* A bare one is watched: that completion comes as well, in whichever order. */
	node->gone = true;
	if (node->root != 0 && !node->root_over)
		return;
	if (!node->forgotten)
		node->events.gone(node->events.user);
	free(node);
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
	if (!node->forgotten)
		node->events.ended(node->events.user, node->status, node->message);
	remove_ns(node);
}

static void tell_ended(struct bridge_item *item)
{
	struct node *node = NODE_OF(item, ended_item);
	struct beamr_usage usage;
	if (node->root != 0 && node->ns != NULL && !node->stopping) {
		/* How a process ended is not told, only that it did: a crash is counted. */
		beamr_ns_usage(node->ns, &usage);
		node->status = usage.crashes > 0;
	}
	node->root_over = true;
	if (node->gone)
		tell_gone(&node->gone_item);
	else
		end(node);
}

static void on_started(void *user)
{
	struct node *node = user;
	bridge_post(&node->daemon->bridge, &node->started_item);
}

static void on_halted(void *user, int status, const char *message)
{
	struct node *node = user;
	node->status = status;
	(void)snprintf(node->message, sizeof(node->message), "%s", message); /* cut when long */
	bridge_post(&node->daemon->bridge, &node->ended_item);
}

/* ---- what erl would be told ---- */

static void pushf(struct erl_words *words, const char *format, ...) _printf_(2, 3);

static void pushf(struct erl_words *words, const char *format, ...)
{
	char *text;
	va_list arguments;
	va_start(arguments, format);
	int n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0)
		abort(); /* as mem_alloc does */
	erl_words_push(words, text);
	free(text);
}

/* "module:function(A, B)" or "module:function" as an expression. */
static void push_start(struct erl_words *words, const char *start)
{
	size_t length = strlen(start);
	erl_words_push(words, "-eval");
	pushf(words, "%s%s", start, length > 0 && start[length - 1] == ')' ? "" : "()");
}

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

static void push_applications(struct erl_words *words, const struct release *release)
{
	char name[600];
	FILE *out;
	char *text = NULL;
	size_t size;
	out = open_memstream(&text, &size);
	if (out == NULL)
		abort(); /* as mem_alloc does */
	/* Permanent: when one of them ends, so does the node, and the service's policy decides. */
	fputs("{ok, _} = application:ensure_all_started([", out);
	for (size_t i = 0; release->applications[i] != NULL; i++) {
		quote(release->applications[i], name, sizeof(name));
		fprintf(out, "%s%s", i > 0 ? ", " : "", name);
	}
	fputs("], permanent)", out);
	if (fclose(out) != 0)
		abort(); /* as above */
	erl_words_push(words, "-eval");
	erl_words_push(words, text);
	free(text);
}

/* What gleam run does: the package's applications, then its main function; the node ends with it. */
static void push_gleam(struct erl_words *words, const struct release *release)
{
	char package[600], main_module[600], runner[600];
	quote(release->package, package, sizeof(package));
	(void)snprintf(
		main_module, sizeof(main_module), "%.250s@@main", release->package); /* fits */
	erl_words_push(words, "-eval");
	if (release_module(release, main_module) != NULL) {
		quote(main_module, runner, sizeof(runner));
		pushf(words, "%s:run(%s)", runner, package);
	} else {
		pushf(words, "{ok, _} = application:ensure_all_started(%s), %s:main(), init:stop()",
			package, package);
	}
}

static bool push_words(struct erl_words *words, const struct node_options *options)
{
	const struct release *release = options->release;
	erl_words_push(words, "-noshell");
	erl_words_push(words, "-noinput");
	if (release->kind == RELEASE_OTP) {
		erl_words_push(words, "-mode");
		erl_words_push(words, "embedded");
		erl_words_push(words, "-boot");
		pushf(words, "%s/%s", release->tree, release->boot);
		erl_words_push(words, "-boot_var");
		erl_words_push(words, "RELEASE_LIB");
		pushf(words, "%s/lib", release->tree);
		erl_words_push(words, "-boot_var");
		erl_words_push(words, "ERTS_LIB_DIR");
		pushf(words, "%s/lib", release->tree);
		if (release->config != NULL) {
			erl_words_push(words, "-config");
			pushf(words, "%s/%s", release->tree, release->config);
		}
		if (release->arguments != NULL) {
			erl_words_push(words, "-args_file");
			pushf(words, "%s/%s", release->tree, release->arguments);
		}
	} else if (release->code_paths != NULL) {
		erl_words_push(words, "-pa");
		for (size_t i = 0; release->code_paths[i] != NULL; i++)
			pushf(words, "%s%s%s", release->tree,
				release->code_paths[i][0] != '\0' ? "/" : "",
				release->code_paths[i]);
	}
	if (options->start != NULL)
		push_start(words, options->start);
	else if (release->kind == RELEASE_SHIPMENT)
		push_gleam(words, release);
	else if (release->kind != RELEASE_OTP && release->applications != NULL)
		push_applications(words, release);
	else if (release->kind != RELEASE_OTP && release->main_module != NULL) {
		char name[600];
		quote(release->main_module, name, sizeof(name));
		erl_words_push(words, "-eval");
		pushf(words, "%s:main(), init:stop()", name);
	} else if (release->kind != RELEASE_OTP) {
		return false;
	}
	if (options->arguments != NULL && options->arguments[0] != NULL) {
		erl_words_push(words, "-extra");
		for (size_t i = 0; options->arguments[i] != NULL; i++)
			erl_words_push(words, options->arguments[i]);
	}
	return true;
}

static void set_variable(struct erl_words *variables, const char *name, const char *format, ...)
	_printf_(3, 4);

/* The last one of a name counts: environment_set() takes them in order. */
static void set_variable(struct erl_words *variables, const char *name, const char *format, ...)
{
	char *text;
	va_list arguments;
	va_start(arguments, format);
	int n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0)
		abort(); /* as mem_alloc does */
	size_t length = strlen(name);
	vec_foreach(item, &variables->items) {
		if (strncmp(*item, name, length) == 0 && (*item)[length] == '=') {
			free(*item);
			*item = vec_pop(&variables->items);
			break;
		}
	}
	pushf(variables, "%s=%s", name, text);
	free(text);
}

static void push_environment(struct erl_words *variables, const struct node_options *options,
	const char *root, const char *bindir)
{
	/* What is systemd's business with the daemon is none of the program's. */
	static const char *const kept_back[] = { "NOTIFY_SOCKET=", "WATCHDOG_PID=",
		"WATCHDOG_USEC=", "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "ERL_FLAGS=",
		"ERL_AFLAGS=", "ERL_ZFLAGS=" };
	const struct release *release = options->release;
	for (char **variable = environ; *variable != NULL; variable++) {
		bool keep = true;
		for (size_t i = 0; i < ARRAY_SIZE(kept_back); i++)
			keep = keep && strncmp(*variable, kept_back[i], strlen(kept_back[i])) != 0;
		if (keep)
			erl_words_push(variables, *variable);
	}
	set_variable(variables, "ROOTDIR", "%s", root);
	set_variable(variables, "BINDIR", "%s", bindir);
	set_variable(variables, "PROGNAME", "erl");
	set_variable(variables, "EMU", "beam");
	set_variable(variables, "HOME", "%s", options->cwd);
	set_variable(variables, "BEAMR_SERVICE", "%s", options->name);
	if (release->kind == RELEASE_OTP) {
		/* What the start script of a mix release would set. */
		set_variable(variables, "RELEASE_ROOT", "%s", release->tree);
		set_variable(variables, "RELEASE_NAME", "%s",
			release->package != NULL ? release->package : options->name);
		set_variable(variables, "RELEASE_VSN", "%s", release->version);
		set_variable(variables, "RELEASE_MODE", "embedded");
		set_variable(variables, "RELEASE_PROG", "%s",
			release->package != NULL ? release->package : options->name);
		set_variable(variables, "RELEASE_COMMAND", "start");
		set_variable(variables, "RELEASE_DISTRIBUTION", "none");
		set_variable(variables, "RELEASE_TMP", "%s/tmp", options->cwd);
		if (release->config != NULL)
			set_variable(variables, "RELEASE_SYS_CONFIG", "%s/%s", release->tree,
				release->config);
	}
	for (size_t i = 0; options->environment != NULL && options->environment[i] != NULL; i++) {
		const char *equals = strchr(options->environment[i], '=');
		if (equals == NULL)
			continue;
		char *name = strndup(
			options->environment[i], (size_t)(equals - options->environment[i]));
		if (name == NULL)
			abort(); /* as mem_alloc does */
		set_variable(variables, name, "%s", equals + 1);
		free(name);
	}
}

/* ---- starting ---- */

static int refuse(char *reason, size_t size, int r, const char *format, ...) _printf_(4, 5);

static int refuse(char *reason, size_t size, int r, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(reason, size, format, arguments); /* a sentence; cut when it is absurd */
	va_end(arguments);
	return r != 0 ? r : -EINVAL;
}

/* The one place where a service is started. */
static int boot(struct node *node, const struct node_options *options, char *reason, size_t size)
{
	struct erl_words words = { 0 }, variables = { 0 };
	struct erl_arguments parsed;
	struct beamr_otp otp;
	struct beamr_error error = { .reason = "" };
	char bindir[4096];
	const char *root = options->release->has_kernel ? options->release->tree
			   : options->otp_root != NULL  ? options->otp_root
							: node->daemon->otp_root;
	if (root == NULL)
		return refuse(reason, size, -ENOENT, "there are no OTP libraries to boot from");
	beamr_otp_describe(root, &otp);
	if (otp.erts[0] == '\0' && node->daemon->otp_root != NULL)
		beamr_otp_describe(node->daemon->otp_root, &otp);
	(void)snprintf(bindir, sizeof(bindir), "%s/erts-%s/bin", root,
		otp.erts); /* a longer path does not open */
	if (!push_words(&words, options)) {
		erl_words_done(&words);
		return refuse(reason, size, -ENOEXEC,
			"the release has neither an application nor a main/0 to start; say what "
			"with start = module:function");
	}
	struct erl_place place = { root, bindir, "erl", options->cwd };
	int r = 0;
	bool right =
		erl_arguments_parse(&parsed, (int)words.items.count, words.items.items, "", &place);
	if (!right)
		r = refuse(reason, size, -EINVAL, "%s", parsed.error);
	push_environment(&variables, options, root, bindir);
	if (right)
		vec_foreach(variable, &parsed.variables.items)
			erl_words_push(&variables, *variable);
	vec_push(&variables.items, NULL);
	struct beamr_boot_options boot_options = { .otp_root = root,
		.arguments = (const char *const *)parsed.init.items.items,
		.argument_count = parsed.init.items.count,
		.environment = (const char *const *)variables.items.items,
		.cwd = options->cwd,
		.streams = { -1, -1, -1 },
		.started = on_started,
		.halted = on_halted,
		.user = node };
	if (r == 0)
		r = beamr_ns_boot(node->ns, &boot_options, &error);
	if (r != 0 && right)
		r = refuse(reason, size, r, "%s%s%s", error.chunk,
			error.chunk[0] != '\0' ? ": " : "",
			error.reason[0] != '\0' ? error.reason : strerror(r < 0 ? -r : EAGAIN));
	erl_words_done(&words);
	erl_words_done(&variables);
	erl_arguments_done(&parsed);
	return r;
}

static void on_root_over(void *user)
{
	struct node *node = user;
	bridge_post(&node->daemon->bridge, &node->ended_item);
}

/* A namespace with the release's code and one process, and nothing of OTP around it. */
static int run_bare(
	struct node *node, const struct node_options *options, char *reason, size_t size)
{
	const struct release *release = options->release;
	char module[600], folder[8192];
	struct beamr_term **terms = NULL;
	struct beamr_error error = { .reason = "" };
	size_t count = 0;
	int r = 0;
	if (options->start == NULL && release->main_module == NULL)
		return refuse(reason, size, -ENOEXEC,
			"without boot it needs a main/0 or a start function");
	for (size_t i = 0; r == 0 && release->code_paths != NULL && release->code_paths[i] != NULL;
		i++) {
		(void)snprintf(folder, sizeof(folder), "%s/%s", release->tree,
			release->code_paths[i]); /* cut: there is no such folder */
		r = beamr_code_add_dir(node->ns, folder, 0);
	}
	(void)snprintf(module, sizeof(module), "%s",
		options->start != NULL ? options->start
				       : release->main_module); /* cut: no such module */
	char *function = strchr(module, ':');
	char *arguments = function != NULL ? strchr(function, '(') : NULL;
	if (function != NULL)
		*function++ = '\0';
	if (arguments != NULL) {
		size_t length = strlen(arguments);
		arguments[length - 1] = ']'; /* "(A, B)" as "[A, B]" */
		arguments[0] = '[';
		char *copy = strdup(arguments);
		arguments[0] = '\0';
		r = copy == NULL ? -ENOMEM : startup_arguments(copy, &terms, &count, &error);
		free(copy);
	}
	if (r == 0)
		r = beamr_spawn(node->ns, module, function != NULL ? function : "main", terms,
			count, NULL, &node->root);
	for (size_t i = 0; i < count; i++)
		(void)beamr_term_free(terms[i]);
	free(terms);
	if (r != 0)
		return refuse(reason, size, r, "%s:%s/%zu cannot be started: %s", module,
			function != NULL ? function : "main", count,
			r == BEAMR_E_NO_MODULE     ? "there is no such module"
			: r == BEAMR_E_NO_FUNCTION ? "there is no such function"
			: r == BEAMR_E_FORMAT      ? error.reason
						   : strerror(r < 0 ? -r : EAGAIN));
	bridge_post(&node->daemon->bridge, &node->started_item);
	beamr_watch(node->daemon->machine, node->root, on_root_over, node);
	return 0;
}

int node_start(struct daemon *daemon, const struct node_options *options,
	const struct node_events *events, struct node **ret_node, char *reason, size_t size)
{
	struct node *node = calloc(1, sizeof(*node));
	if (node == NULL)
		return refuse(reason, size, -ENOMEM, "%s", strerror(ENOMEM));
	node->daemon = daemon;
	node->events = *events;
	node->started_item.run = tell_started;
	node->ended_item.run = tell_ended;
	node->gone_item.run = tell_gone;
	(void)snprintf(node->name, sizeof(node->name), "%s", options->name); /* names are short */
	int r = beamr_ns_create(daemon->machine, options->name, &node->ns);
	if (r != 0) {
		free(node);
		return refuse(reason, size, r,
			r == BEAMR_E_EXISTS ? "there is a namespace of that name already"
					    : "its namespace cannot be made");
	}
	if (options->quota != NULL)
		(void)beamr_ns_set_quota(
			node->ns, options->quota, NULL); /* checked when it was taken */
	r = options->bare ? run_bare(node, options, reason, size)
			  : boot(node, options, reason, size);
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
	if (node->root != 0 && !node->ended &&
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
