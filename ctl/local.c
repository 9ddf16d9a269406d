/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that read .beam files here: load, which sends them, and imports, which needs no daemon. */
#include "ctl.h"

#include "base/cleanup.h"
#include "beamr.h"
#include "control/base64.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns 0 or negative errno. */
static int read_file(const char *path, char **ret_bytes, size_t *ret_size)
{
	_cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (status.st_size > (off_t)BEAMR_MODULE_MAX)
		return -EFBIG;
	char *bytes = malloc((size_t)status.st_size + 1);
	size_t used = 0;
	if (bytes == NULL)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, bytes + used, (size_t)status.st_size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(bytes);
			return -errno;
		}
		used += (size_t)n;
		if (n == 0 || used == (size_t)status.st_size)
			break;
	}
	*ret_bytes = bytes;
	*ret_size = used;
	return 0;
}

static int load_file(struct ctl *ctl, const char *path, bool dry_run)
{
	_cleanup_(free_stringp) char *bytes = NULL;
	size_t size;
	json_t *reply;
	int r = read_file(path, &bytes, &size);
	if (r < 0) {
		fprintf(stderr, "beamrctl: %s: %s\n", path, strerror(-r));
		return CTL_USAGE;
	}
	_cleanup_(free_stringp) char *code = base64_encode(bytes, size);
	json_t *params = json_pack("{s:s, s:s, s:b}", "service",
		ctl->service != NULL ? ctl->service : "default", "code", code != NULL ? code : "",
		"dryRun", (int)dry_run);
	r = ctl_call(ctl, CONTROL_METHOD_module_load, params, &reply);
	if (r != 0) {
		if (!ctl->quiet)
			fprintf(stderr, "(%s)\n", path);
		return r;
	}
	json_t *module = json_object_get(reply, "module");
	if (!show_plain(ctl, module) && !ctl->quiet)
		printf("%s %s\n", dry_run ? "would load" : "loaded",
			json_string_value(json_object_get(module, "module")));
	json_decref(reply);
	return 0;
}

static int is_beam(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 5 && strcmp(entry->d_name + length - 5, ".beam") == 0;
}

static int load_dir(struct ctl *ctl, const char *path, bool dry_run)
{
	struct dirent **entries;
	int status = 0, n = scandir(path, &entries, is_beam, alphasort);
	if (n < 0) {
		fprintf(stderr, "beamrctl: %s: %s\n", path, strerror(errno));
		return CTL_USAGE;
	}
	for (int i = 0; i < n; i++) {
		_cleanup_(free_stringp) char *file = NULL;
		if (status == 0 && asprintf(&file, "%s/%s", path, entries[i]->d_name) >= 0)
			status = load_file(ctl, file, dry_run);
		free(entries[i]);
	}
	free(entries);
	return status;
}

int verb_load(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	bool dry_run = false;
	int files = 0;
	for (int i = 0; i < count; i++) {
		bool is_flag = strcmp(words[i], "--dry-run") == 0 || strcmp(words[i], "-n") == 0;
		if (words[i][0] == '-' && !is_flag) {
			fprintf(stderr, "beamrctl: there is no such option: \"%s\"\n", words[i]);
			help_usage(verb);
			return CTL_USAGE;
		}
		dry_run = dry_run || is_flag;
		files += !is_flag;
	}
	if (files == 0) {
		help_usage(verb);
		return CTL_USAGE;
	}
	for (int i = 0; i < count; i++) {
		struct stat status;
		if (words[i][0] == '-')
			continue;
		bool is_dir = stat(words[i], &status) == 0 && S_ISDIR(status.st_mode);
		int r = is_dir ? load_dir(ctl, words[i], dry_run)
			       : load_file(ctl, words[i], dry_run);
		if (r != 0)
			return r;
	}
	return dry_run ? CTL_WOULD_CHANGE : 0;
}

static void on_missing(void *user, const char *module, const char *function, unsigned arity)
{
	const struct ctl *ctl = user;
	if (!ctl->json) {
		printf("%s:%s/%u\n", module, function, arity);
		return;
	}
	json_t *object = json_pack(
		"{s:s, s:s, s:i}", "module", module, "function", function, "arity", (int)arity);
	(void)show_plain(ctl, object);
	json_decref(object);
}

static void on_bad(void *user, const char *name, const struct beamr_error *error)
{
	fprintf(stderr, "beamrctl: %s does not load: ", name);
	if (error->chunk[0] != '\0')
		fprintf(stderr, "chunk %s, offset %llu: ", error->chunk,
			(unsigned long long)error->offset);
	fprintf(stderr, "%s\n", error->reason);
}

int verb_imports(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	size_t n = 0, bad = 0;
	int status = 0;
	struct beamr_source *sources = calloc((size_t)count + 1, sizeof(*sources));
	if (count == 0 || sources == NULL) {
		free(sources);
		help_usage(verb);
		return CTL_USAGE;
	}
	for (int i = 0; i < count; i++) {
		char *bytes = NULL;
		size_t size = 0;
		int r = read_file(words[i], &bytes, &size);
		if (r < 0) {
			fprintf(stderr, "beamrctl: %s: %s\n", words[i], strerror(-r));
			status = CTL_USAGE;
			continue;
		}
		sources[n++] =
			(struct beamr_source){ .name = words[i], .bytes = bytes, .size = size };
	}
	size_t missing = beamr_imports(sources, n, on_missing, on_bad, ctl, &bad);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)sources[i].bytes); /* read_file() made it */
	free(sources);
	if (bad > 0 || status != 0)
		return CTL_USAGE;
	return missing > 0 ? CTL_FAILED : 0;
}
