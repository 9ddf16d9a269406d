/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and the environment of a release, as its start script would have them. */
#include "launch.h"

#include "archive.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void pushf(struct erl_words *words, const char *format, ...) _printf_(2, 3);

static char *text_of(const char *format, va_list arguments)
{
	char *text;
	if (vasprintf(&text, format, arguments) < 0)
		abort(); /* as mem_alloc does */
	return text;
}

static void pushf(struct erl_words *words, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = text_of(format, arguments);
	va_end(arguments);
	erl_words_push(words, text);
	free(text);
}

static void set_variable(struct erl_words *variables, const char *name, const char *format, ...)
	_printf_(3, 4);

/* The last one of a name counts: environment_set() takes them in order. */
static void set_variable(struct erl_words *variables, const char *name, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = text_of(format, arguments);
	va_end(arguments);
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

static const char *value_of(struct erl_words *variables, const char *name, size_t length)
{
	vec_foreach(item, &variables->items) {
		if (strncmp(*item, name, length) == 0 && (*item)[length] == '=')
			return *item + length + 1;
	}
	return "";
}

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
	set_variable(variables, "ROOTDIR", "%s", root);
	set_variable(variables, "BINDIR", "%s", bindir);
	set_variable(variables, "PROGNAME", "erl");
	set_variable(variables, "EMU", "beam");
	set_variable(variables, "HOME", "%s", options->cwd);
	set_variable(variables, "BEAMR_SERVICE", "%s", options->name);
	if (options->socket_count > 0) {
		/* To it the daemon's process is its own: os:getpid/0. */
		set_variable(variables, "LISTEN_PID", "%d", (int)getpid());
		set_variable(variables, "LISTEN_FDS", "%zu", options->socket_count);
		set_variable(variables, "LISTEN_FDNAMES", "%s", options->sockets[0].name);
		for (size_t i = 1; i < options->socket_count; i++)
			set_variable(variables, "LISTEN_FDNAMES", "%s:%s",
				value_of(variables, "LISTEN_FDNAMES", strlen("LISTEN_FDNAMES")),
				options->sockets[i].name);
	}
	if (release->kind == RELEASE_OTP) {
		const char *name = release->package != NULL ? release->package : options->name;
		/* What the start script of a mix release sets before it reads env.sh. */
		set_variable(variables, "RELEASE_ROOT", "%s", release->tree);
		set_variable(variables, "RELEASE_NAME", "%s", name);
		set_variable(variables, "RELEASE_VSN", "%s", release->version);
		set_variable(variables, "RELEASE_PROG", "%s", name);
		set_variable(variables, "RELEASE_COMMAND", "start");
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

static const char *value_named(struct erl_words *variables, const char *name)
{
	return value_of(variables, name, strlen(name));
}

/* When neither the environment nor env.sh has set it. */
static void set_default(struct erl_words *variables, const char *name, const char *format, ...)
	_printf_(3, 4);

static void set_default(struct erl_words *variables, const char *name, const char *format, ...)
{
	va_list arguments;
	if (value_named(variables, name)[0] != '\0')
		return;
	va_start(arguments, format);
	char *text = text_of(format, arguments);
	va_end(arguments);
	set_variable(variables, name, "%s", text);
	free(text);
}

/* What the start script of a mix release sets after it has read env.sh. */
static void push_defaults(struct launch *launch)
{
	struct erl_words *variables = &launch->variables;
	set_default(variables, "RELEASE_MODE", "embedded");
	set_default(variables, "RELEASE_NODE", "%s", value_named(variables, "RELEASE_NAME"));
	set_default(variables, "RELEASE_TMP", "%s/tmp", launch->cwd);
	set_default(variables, "RELEASE_DISTRIBUTION", "none");
	set_default(variables, "RELEASE_BOOT_SCRIPT", "start");
	set_default(variables, "RELEASE_BOOT_SCRIPT_CLEAN", "start_clean");
}

/* ---- files that start scripts write ---- */

static int read_text(const char *path, char **ret_text, size_t *ret_size)
{
	_cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0)
		return -errno;
	char *text = malloc((size_t)status.st_size + 1);
	ssize_t n = text != NULL ? read(fd, text, (size_t)status.st_size) : -1;
	if (n != status.st_size) {
		int r = text == NULL ? -ENOMEM : n < 0 ? -errno : -EIO;
		free(text);
		return r;
	}
	text[n] = '\0';
	*ret_text = text;
	*ret_size = (size_t)n;
	return 0;
}

/* ${NAME} and ${NAME:-DEFAULT}, as relx's script fills them in. */
static void substitute(FILE *out, const char *text, struct erl_words *variables)
{
	for (const char *at = text; *at != '\0';) {
		const char *end = at[0] == '$' && at[1] == '{' ? strchr(at, '}') : NULL;
		if (end == NULL) {
			fputc(*at++, out);
			continue;
		}
		const char *name = at + 2;
		const char *usual = memmem(name, (size_t)(end - name), ":-", 2);
		const char *value =
			value_of(variables, name, (size_t)((usual != NULL ? usual : end) - name));
		if (value[0] != '\0' || usual == NULL)
			fputs(value, out);
		else
			fwrite(usual + 2, 1, (size_t)(end - usual - 2), out);
		at = end + 1;
	}
}

/* A copy of a file of the release that may be changed, or whose variables are filled in. ret_path: without ".config". */
static int write_copy(const char *from, const char *to, bool fill, struct erl_words *variables,
	char *reason, size_t size)
{
	char *text = NULL;
	size_t length = 0;
	int r = read_text(from, &text, &length);
	(void)unlink(to); /* of the run before; it may not be there */
	FILE *out = r == 0 ? fopen(to, "wxe") : NULL;
	if (r == 0 && out == NULL)
		r = -errno;
	if (r == 0) {
		if (fill)
			substitute(out, text, variables);
		else
			fwrite(text, 1, length, out);
		r = ferror(out) ? -EIO : 0;
		if (fclose(out) != 0 && r == 0)
			r = -errno;
	}
	free(text);
	if (r != 0)
		(void)snprintf(reason, size, "\"%.250s\" cannot be made from \"%.250s\": %s", to,
			from, strerror(-r)); /* fits */
	return r;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

/* Whether the programs of the release change their configuration in place: mix says so in its second line. */
static bool is_changed_when_run(const char *path)
{
	char *text = NULL;
	size_t length;
	if (read_text(path, &text, &length) != 0)
		return false;
	bool changed = strstr(text, "RUNTIME_CONFIG=true") != NULL;
	free(text);
	return changed;
}

/* ret_config: without ".config"; "" when there is none. ret_args: "" likewise. */
static int runtime_files(struct launch *launch, const struct release *release,
	char ret_config[4096], char ret_args[4096], char *reason, size_t size)
{
	struct erl_words *variables = &launch->variables;
	const char *tmp = value_named(variables, "RELEASE_TMP");
	const char *own_config = value_named(variables, "RELEASE_SYS_CONFIG");
	const char *own_args = value_named(variables, "RELEASE_VM_ARGS");
	char from[4096], to[4096];
	/* What env.sh says is taken as it is, as mix's script does. */
	(void)snprintf(ret_config, 4096, "%s", own_config); /* a longer path does not open */
	(void)snprintf(ret_args, 4096, "%s", own_args);     /* as above */
	int r = 0;
	(void)mkdir(tmp, 0750); /* opening says why, when it is needed */
	/* By release: of two that run at once for a while, each has its own. */
	if (release->config != NULL && own_config[0] == '\0') {
		bool source = ends_with(release->config, ".src");
		(void)snprintf(from, sizeof(from), "%s/%s%s", release->tree, release->config,
			source ? "" : ".config"); /* as above */
		if (source || is_changed_when_run(from)) {
			(void)snprintf(ret_config, 4096, "%.4000s/%.12s", tmp,
				release->digest);                                     /* as above */
			(void)snprintf(to, sizeof(to), "%.4080s.config", ret_config); /* as above */
			r = write_copy(from, to, source, variables, reason, size);
		} else {
			(void)snprintf(ret_config, 4096, "%s/%s", release->tree,
				release->config); /* as above */
		}
	}
	if (r == 0 && release->arguments != NULL && own_args[0] == '\0') {
		bool source = ends_with(release->arguments, ".src");
		(void)snprintf(from, sizeof(from), "%s/%s", release->tree,
			release->arguments); /* as above */
		(void)snprintf(
			to, sizeof(to), "%.4000s/%.12s.args", tmp, release->digest); /* as above */
		if (source)
			r = write_copy(from, to, true, variables, reason, size);
		(void)snprintf(ret_args, 4096, "%s", source ? to : from); /* fits */
	}
	return r;
}

/* mix's script has it from there. */
static void take_cookie(struct erl_words *variables, const struct release *release)
{
	char path[4096], *text = NULL;
	size_t length;
	(void)snprintf(path, sizeof(path), "%s/releases/COOKIE",
		release->tree); /* a longer path does not open */
	if (value_named(variables, "RELEASE_COOKIE")[0] == '\0' &&
		read_text(path, &text, &length) == 0)
		set_variable(variables, "RELEASE_COOKIE", "%.*s", (int)strcspn(text, "\r\n"), text);
	free(text);
}

/* ---- the command line ---- */

/* As mix's start script tells `erl` of an OTP release. */
static void push_release(struct erl_words *words, struct launch *launch,
	const struct release *release, const char *config, const char *args)
{
	struct erl_words *variables = &launch->variables;
	const char *mode = value_named(variables, "RELEASE_MODE");
	const char *boot = value_named(variables, "RELEASE_BOOT_SCRIPT");
	const char *distribution = value_named(variables, "RELEASE_DISTRIBUTION");
	const char *slash = strrchr(release->boot, '/');
	if (strcmp(distribution, "name") == 0 || strcmp(distribution, "sname") == 0) {
		pushf(words, "-%s", distribution);
		erl_words_push(words, value_named(variables, "RELEASE_NODE"));
	}
	erl_words_push(words, "-mode");
	erl_words_push(words, mode);
	erl_words_push(words, "-boot");
	/* That of relx is called as the release: only who asks for another gets another. */
	if (strcmp(boot, "start") != 0 && slash != NULL)
		pushf(words, "%s/%.*s/%s", release->tree, (int)(slash - release->boot),
			release->boot, boot);
	else
		pushf(words, "%s/%s", release->tree, release->boot);
	erl_words_push(words, "-boot_var");
	erl_words_push(words, "RELEASE_LIB");
	pushf(words, "%s/lib", release->tree);
	/* Where relx looks for OTP's own applications when the release has none. */
	erl_words_push(words, "-boot_var");
	erl_words_push(words, "ERTS_LIB_DIR");
	pushf(words, "%s/lib", launch->root);
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
			pushf(words, "%s%s%s", release->tree,
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
		take_cookie(&launch->variables, release);
		push_defaults(launch);
		r = runtime_files(launch, release, config, args, reason, size);
	}
	if (config[0] != '\0')
		set_variable(&launch->variables, "RELEASE_SYS_CONFIG", "%s", config);
	if (args[0] != '\0')
		set_variable(&launch->variables, "RELEASE_VM_ARGS", "%s", args);
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
