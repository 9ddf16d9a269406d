/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and the environment of a release, as its start script would have them. */
#include "launch.h"

#include "archive.h"

#include "base/cleanup.h"
#include "launch_files.h"
#include "variables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void push_environment(struct erl_words *variables, const struct node_options *options,
	const char *root, const char *bindir)
{
	/* What is systemd's business with the daemon is none of the program's, and what is for another OTP neither: flags, folders of
	 * libraries and the like are the service's own, or nobody's. */
	static const char *const kept_back[] = { "NOTIFY_SOCKET=", "WATCHDOG_PID=",
		"WATCHDOG_USEC=", "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "ERL_",
		"RELEASE_" };
	const struct release *release = options->release;
	for (char **variable = environ; *variable != NULL; variable++) {
		bool keep = true;
		for (size_t i = 0; i < ARRAY_SIZE(kept_back); i++)
			keep = keep && strncmp(*variable, kept_back[i], strlen(kept_back[i])) != 0;
		if (keep)
			erl_words_push(variables, *variable);
	}
	variables_set(variables, "ROOTDIR", "%s", root);
	variables_set(variables, "BINDIR", "%s", bindir);
	variables_set(variables, "PROGNAME", "erl");
	variables_set(variables, "EMU", "beam");
	variables_set(variables, "HOME", "%s", options->cwd);
	variables_set(variables, "BEAMR_SERVICE", "%s", options->name);
	if (options->socket_count > 0) {
		/* To it the daemon's process is its own: os:getpid/0. */
		variables_set(variables, "LISTEN_PID", "%d", (int)getpid());
		variables_set(variables, "LISTEN_FDS", "%zu", options->socket_count);
		variables_set(variables, "LISTEN_FDNAMES", "%s", options->sockets[0].name);
		for (size_t i = 1; i < options->socket_count; i++)
			variables_set(variables, "LISTEN_FDNAMES", "%s:%s",
				variables_value_of(variables, "LISTEN_FDNAMES", strlen("LISTEN_FDNAMES")),
				options->sockets[i].name);
	}
	if (release->kind == RELEASE_OTP) {
		const char *name = release->package != NULL ? release->package : options->name;
		/* What the start script of a mix release sets before it reads env.sh. */
		variables_set(variables, "RELEASE_ROOT", "%s", release->tree);
		variables_set(variables, "RELEASE_NAME", "%s", name);
		variables_set(variables, "RELEASE_VSN", "%s", release->version);
		variables_set(variables, "RELEASE_PROG", "%s", name);
		variables_set(variables, "RELEASE_COMMAND", "start");
	}
	for (size_t i = 0; options->environment != NULL && options->environment[i] != NULL; i++) {
		const char *equals = strchr(options->environment[i], '=');
		if (equals == NULL)
			continue;
		char *name = strndup(
			options->environment[i], (size_t)(equals - options->environment[i]));
		if (name == NULL)
			abort(); /* as mem_alloc does */
		variables_set(variables, name, "%s", equals + 1);
		free(name);
	}
}

/* What the start script of a mix release sets after it has read env.sh. */
static void push_defaults(struct launch *launch)
{
	struct erl_words *variables = &launch->variables;
	variables_default(variables, "RELEASE_MODE", "embedded");
	variables_default(variables, "RELEASE_NODE", "%s", variables_value(variables, "RELEASE_NAME"));
	variables_default(variables, "RELEASE_TMP", "%s/tmp", launch->cwd);
	variables_default(variables, "RELEASE_DISTRIBUTION", "none");
	variables_default(variables, "RELEASE_BOOT_SCRIPT", "start");
	variables_default(variables, "RELEASE_BOOT_SCRIPT_CLEAN", "start_clean");
}

/* ---- the command line ---- */

/* As mix's start script tells `erl` of an OTP release. */
static void push_release(struct erl_words *words, struct launch *launch,
	const struct release *release, const char *config, const char *args)
{
	struct erl_words *variables = &launch->variables;
	const char *mode = variables_value(variables, "RELEASE_MODE");
	const char *boot = variables_value(variables, "RELEASE_BOOT_SCRIPT");
	const char *distribution = variables_value(variables, "RELEASE_DISTRIBUTION");
	const char *slash = strrchr(release->boot, '/');
	if (strcmp(distribution, "name") == 0 || strcmp(distribution, "sname") == 0) {
		words_pushf(words, "-%s", distribution);
		erl_words_push(words, variables_value(variables, "RELEASE_NODE"));
	}
	erl_words_push(words, "-mode");
	erl_words_push(words, mode);
	erl_words_push(words, "-boot");
	/* That of relx is called as the release: only who asks for another gets another. */
	if (strcmp(boot, "start") != 0 && slash != NULL)
		words_pushf(words, "%s/%.*s/%s", release->tree, (int)(slash - release->boot),
			release->boot, boot);
	else
		words_pushf(words, "%s/%s", release->tree, release->boot);
	erl_words_push(words, "-boot_var");
	erl_words_push(words, "RELEASE_LIB");
	words_pushf(words, "%s/lib", release->tree);
	/* Where relx looks for OTP's own applications when the release has none. */
	erl_words_push(words, "-boot_var");
	erl_words_push(words, "ERTS_LIB_DIR");
	words_pushf(words, "%s/lib", launch->root);
	if (config[0] != '\0') {
		erl_words_push(words, "-config");
		erl_words_push(words, config);
	}
	if (args[0] != '\0') {
		erl_words_push(words, "-args_file");
		erl_words_push(words, args);
	}
}

static void push_words(struct erl_words *words, struct launch *launch,
	const struct release *release, const char *config, const char *args)
{
	char script[8192] = "";
	if (release->kind == RELEASE_ESCRIPT) {
		(void)snprintf(script, sizeof(script), "%s/" ARCHIVE_SCRIPT,
			release->tree);                      /* cut: it does not open */
		(void)erl_words_push_escript(words, script); /* else `escript` says so */
	} else {
		erl_words_push(words, "-noshell");
	}
	erl_words_push(words, "-noinput");
	if (release->kind == RELEASE_OTP) {
		push_release(words, launch, release, config, args);
	} else if (release->code_paths != NULL) {
		erl_words_push(words, "-pa");
		for (size_t i = 0; release->code_paths[i] != NULL; i++)
			words_pushf(words, "%s%s%s", release->tree,
				release->code_paths[i][0] != '\0' ? "/" : "",
				release->code_paths[i]);
	}
	if (launch->program.items.count > 0 || script[0] != '\0')
		erl_words_push(words, "-extra");
	if (script[0] != '\0')
		erl_words_push(words, script);
	vec_foreach(argument, &launch->program.items)
		erl_words_push(words, *argument);
}

/* Where the modules lie that are below OTP's libraries (erlang, init ...). A release that brings libraries is made for those of its own
 * version; most have none, since OTP's emulator carries them in itself. NULL: reason says why. */
static const char *find_root(
	const struct node_options *options, const char *machine_root, char *reason, size_t size)
{
	const char *const roots[] = { options->otp_root, machine_root };
	struct beamr_otp own = { 0 }, other;
	if (options->release->has_kernel) {
		beamr_otp_describe(options->release->tree, &own);
		if (own.erts[0] != '\0')
			return options->release->tree;
	}
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (roots[i] == NULL)
			continue;
		if (own.release[0] == '\0')
			return roots[i];
		beamr_otp_describe(roots[i], &other);
		if (strcmp(own.release, other.release) == 0)
			return roots[i];
	}
	if (own.release[0] != '\0')
		(void)snprintf(reason, size,
			"it brings the libraries of OTP %s, but not what is below them; say with "
			"otp-root where OTP %s lies",
			own.release, own.release); /* fits */
	else
		(void)snprintf(reason, size,
			"there are no OTP libraries to boot from; say with otp-root where they "
			"are"); /* fits */
	return NULL;
}

int launch_environment(struct launch *launch, const struct node_options *options,
	const char *machine_root, char *reason, size_t size)
{
	struct beamr_otp otp;
	memset(launch, 0, sizeof(*launch));
	const char *root = find_root(options, machine_root, reason, size);
	if (root == NULL)
		return -ENOENT;
	beamr_otp_describe(root, &otp);
	if (otp.erts[0] == '\0' && machine_root != NULL)
		beamr_otp_describe(machine_root, &otp);
	/* A longer path does not open. */
	(void)snprintf(launch->root, sizeof(launch->root), "%s", root);
	(void)snprintf(
		launch->bindir, sizeof(launch->bindir), "%.4000s/erts-%s/bin", root, otp.erts);
	(void)snprintf(launch->cwd, sizeof(launch->cwd), "%s", options->cwd);
	(void)snprintf(launch->release_of_otp, sizeof(launch->release_of_otp), "%s",
		otp.release); /* two digits */
	push_environment(&launch->variables, options, root, launch->bindir);
	for (size_t i = 0; options->arguments != NULL && options->arguments[i] != NULL; i++)
		erl_words_push(&launch->program, options->arguments[i]);
	return 0;
}

void launch_set_environment(struct launch *launch, char **variables, size_t count)
{
	erl_words_done(&launch->variables);
	launch->variables = (struct erl_words){ 0 };
	for (size_t i = 0; i < count; i++)
		erl_words_push(&launch->variables, variables[i]);
}

int launch_prepare(struct launch *launch, const struct release *release, char *reason, size_t size)
{
	struct erl_words words = { 0 };
	char config[4096] = "", args[4096] = "";
	int r = 0;
	if (release->kind == RELEASE_OTP) {
		launch_cookie(&launch->variables, release);
		push_defaults(launch);
		r = launch_files(launch, release, config, args, reason, size);
	}
	if (config[0] != '\0')
		variables_set(&launch->variables, "RELEASE_SYS_CONFIG", "%s", config);
	if (args[0] != '\0')
		variables_set(&launch->variables, "RELEASE_VM_ARGS", "%s", args);
	push_words(&words, launch, release, config, args);
	/* $ROOT of a release is the release, wherever OTP lies. */
	vec_push(&launch->variables.items, NULL); /* for as long as they are read */
	const struct erl_place place = {
		release->kind == RELEASE_OTP ? release->tree : launch->root, launch->bindir, "erl",
		launch->cwd, (const char *const *)launch->variables.items.items
	};
	bool parsed = erl_arguments_parse(&launch->arguments, (int)words.items.count,
		words.items.items, launch->release_of_otp, &place);
	(void)vec_pop(&launch->variables.items);
	if (!parsed && r == 0) {
		(void)snprintf(reason, size, "%s", launch->arguments.error); /* cut when long */
		r = -EINVAL;
	}
	vec_foreach(variable, &launch->arguments.variables.items)
		erl_words_push(&launch->variables, *variable);
	vec_push(&launch->variables.items, NULL);
	erl_words_done(&words);
	return r;
}

void launch_done(struct launch *launch)
{
	erl_words_done(&launch->variables);
	erl_words_done(&launch->program);
	erl_arguments_done(&launch->arguments);
}
