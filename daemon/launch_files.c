/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the start scripts of releases write, and one that they read. */
#include "launch_files.h"

#include "base/cleanup.h"
#include "variables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
		const char *value = variables_value_of(
			variables, name, (size_t)((usual != NULL ? usual : end) - name));
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

int launch_files(struct launch *launch, const struct release *release, char ret_config[4096],
	char ret_args[4096], char *reason, size_t size)
{
	struct erl_words *variables = &launch->variables;
	const char *tmp = variables_value(variables, "RELEASE_TMP");
	const char *own_config = variables_value(variables, "RELEASE_SYS_CONFIG");
	const char *own_args = variables_value(variables, "RELEASE_VM_ARGS");
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

void launch_cookie(struct erl_words *variables, const struct release *release)
{
	char path[4096], *text = NULL;
	size_t length;
	(void)snprintf(path, sizeof(path), "%s/releases/COOKIE",
		release->tree); /* a longer path does not open */
	if (variables_value(variables, "RELEASE_COOKIE")[0] == '\0' &&
		read_text(path, &text, &length) == 0)
		variables_set(
			variables, "RELEASE_COOKIE", "%.*s", (int)strcspn(text, "\r\n"), text);
	free(text);
}
