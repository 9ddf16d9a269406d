/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and the environment of a release, as its start script would have them. */
#include "launch.h"

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

static void push_environment(struct erl_words *variables, const struct node_options *options,
	const char *root, const char *bindir)
{
	/* What is systemd's business with the daemon is none of the program's, and what is for another OTP neither: flags, folders of
	 * libraries and the like are the service's own, or nobody's. */
	static const char *const kept_back[] = { "NOTIFY_SOCKET=", "WATCHDOG_PID=",
		"WATCHDOG_USEC=", "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "ERL_" };
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
		set_variable(variables, "RELEASE_NODE", "%s", options->name);
		set_variable(variables, "RELEASE_BOOT_SCRIPT", "start");
		set_variable(variables, "RELEASE_BOOT_SCRIPT_CLEAN", "start_clean");
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

static const char *value_of(struct erl_words *variables, const char *name, size_t length)
{
	vec_foreach(item, &variables->items) {
		if (strncmp(*item, name, length) == 0 && (*item)[length] == '=')
			return *item + length + 1;
	}
	return "";
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
static int runtime_files(const struct node_options *options, struct erl_words *variables,
	char ret_config[4096], char ret_args[4096], char *reason, size_t size)
{
	const struct release *release = options->release;
	char from[4096], to[4096];
	ret_config[0] = ret_args[0] = '\0';
	int r = 0;
	/* By release: of two that run at once for a while, each has its own. */
	(void)snprintf(to, sizeof(to), "%s/tmp", options->cwd); /* a longer path does not open */
	(void)mkdir(to, 0750); /* opening says why, when it is needed */
	if (release->config != NULL) {
		bool source = ends_with(release->config, ".src");
		(void)snprintf(from, sizeof(from), "%s/%s%s", release->tree, release->config,
			source ? "" : ".config"); /* as above */
		if (source || is_changed_when_run(from)) {
			(void)snprintf(ret_config, 4096, "%s/tmp/%.12s", options->cwd,
				release->digest);                                     /* as above */
			(void)snprintf(to, sizeof(to), "%.4080s.config", ret_config); /* as above */
			r = write_copy(from, to, source, variables, reason, size);
		} else {
			(void)snprintf(ret_config, 4096, "%s/%s", release->tree,
				release->config); /* as above */
		}
	}
	if (r == 0 && release->arguments != NULL) {
		bool source = ends_with(release->arguments, ".src");
		(void)snprintf(from, sizeof(from), "%s/%s", release->tree,
			release->arguments); /* as above */
		(void)snprintf(to, sizeof(to), "%s/tmp/%.12s.args", options->cwd,
			release->digest); /* as above */
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
	if (value_of(variables, "RELEASE_COOKIE", strlen("RELEASE_COOKIE"))[0] == '\0' &&
		read_text(path, &text, &length) == 0)
		set_variable(variables, "RELEASE_COOKIE", "%.*s", (int)strcspn(text, "\r\n"), text);
	free(text);
}

/* ---- the command line ---- */

static void push_words(struct erl_words *words, const struct node_options *options,
	const char *otp_root, const char *config, const char *args)
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
		/* Where relx looks for OTP's own applications when the release has none. */
		erl_words_push(words, "-boot_var");
		erl_words_push(words, "ERTS_LIB_DIR");
		pushf(words, "%s/lib", otp_root);
		if (config[0] != '\0') {
			erl_words_push(words, "-config");
			erl_words_push(words, config);
		}
		if (args[0] != '\0') {
			erl_words_push(words, "-args_file");
			erl_words_push(words, args);
		}
	} else if (release->code_paths != NULL) {
		erl_words_push(words, "-pa");
		for (size_t i = 0; release->code_paths[i] != NULL; i++)
			pushf(words, "%s%s%s", release->tree,
				release->code_paths[i][0] != '\0' ? "/" : "",
				release->code_paths[i]);
	}
	if (options->arguments != NULL && options->arguments[0] != NULL) {
		erl_words_push(words, "-extra");
		for (size_t i = 0; options->arguments[i] != NULL; i++)
			erl_words_push(words, options->arguments[i]);
	}
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

int launch_prepare(struct launch *launch, const struct node_options *options,
	const char *machine_root, char *reason, size_t size)
{
	const struct release *release = options->release;
	struct erl_words words = { 0 };
	struct beamr_otp otp;
	char config[4096] = "", args[4096] = "";
	memset(launch, 0, sizeof(*launch));
	const char *root = find_root(options, machine_root, reason, size);
	if (root == NULL)
		return -ENOENT;
	beamr_otp_describe(root, &otp);
	if (otp.erts[0] == '\0' && machine_root != NULL)
		beamr_otp_describe(machine_root, &otp);
	(void)snprintf(
		launch->root, sizeof(launch->root), "%s", root); /* a longer path does not open */
	(void)snprintf(launch->bindir, sizeof(launch->bindir), "%.4000s/erts-%s/bin", root,
		otp.erts); /* as above */
	push_environment(&launch->variables, options, root, launch->bindir);
	if (release->kind == RELEASE_OTP)
		take_cookie(&launch->variables, release);
	int r = release->kind == RELEASE_OTP
			? runtime_files(options, &launch->variables, config, args, reason, size)
			: 0;
	if (config[0] != '\0')
		set_variable(&launch->variables, "RELEASE_SYS_CONFIG", "%s", config);
	if (args[0] != '\0')
		set_variable(&launch->variables, "RELEASE_VM_ARGS", "%s", args);
	push_words(&words, options, root, config, args);
	/* $ROOT of a release is the release, wherever OTP lies. */
	const struct erl_place place = { release->kind == RELEASE_OTP ? release->tree : root,
		launch->bindir, "erl", options->cwd,
		(const char *const *)launch->variables.items.items };
	vec_push(&launch->variables.items, NULL); /* for as long as they are read */
	bool parsed = erl_arguments_parse(&launch->arguments, (int)words.items.count,
		words.items.items, otp.release, &place);
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
	erl_arguments_done(&launch->arguments);
}
