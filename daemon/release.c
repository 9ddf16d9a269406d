/* SPDX-License-Identifier: Apache-2.0 */
/* Telling what a folder of files is, what in it is code, and what there is to start. */
#include "release.h"

#include "archive.h"

#include "beamr.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX 4096 /* folders of code, applications: lists that are walked */

const char *const release_kind_names[RELEASE_KINDS] = { "ebin", "applications", "shipment",
	"otp-release", "escript" };

struct release *release_free(struct release *release)
{
	if (release == NULL)
		return NULL;
	char *texts[] = { release->tree, release->package, release->version, release->main_module,
		release->boot, release->config, release->arguments, release->script };
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
	char **lists[] = { release->code_paths, release->applications };
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (size_t k = 0; lists[i] != NULL && lists[i][k] != NULL; k++)
			free(lists[i][k]);
		free(lists[i]);
	}
	for (size_t i = 0; i < release->module_count; i++) {
		free(release->modules[i].name);
		free(release->modules[i].path);
	}
	free(release->modules);
	free(release);
	return NULL;
}

/* ---- recognising ---- */

struct examining {
	const struct release_file *files;
	size_t count;
	release_read_fn read;
	release_progress_fn progress;
	void *user;
	struct release *release;
	struct release_error *error;
	size_t mains; /* modules with main/0 */
};

static int bad(struct examining *e, const char *path, const char *format, ...) _printf_(3, 4);

static int bad(struct examining *e, const char *path, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(e->error->reason, sizeof(e->error->reason), format,
		arguments); /* a sentence; cut when it is absurd */
	va_end(arguments);
	(void)snprintf(e->error->path, sizeof(e->error->path), "%s", path); /* bounded paths */
	return RELEASE_E_BAD;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

static int compare_path(const void *key, const void *file)
{
	return strcmp(key, ((const struct release_file *)file)->path);
}

static const struct release_file *find(const struct examining *e, const char *path)
{
	return e->count == 0 ? NULL
			     : bsearch(path, e->files, e->count, sizeof(*e->files), compare_path);
}

static const struct release_file *findf(const struct examining *e, const char *format, ...)
	_printf_(2, 3);

static const struct release_file *findf(const struct examining *e, const char *format, ...)
{
	char path[2048];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(path, sizeof(path), format, arguments); /* cut: then there is none */
	va_end(arguments);
	return find(e, path);
}

/* Adds to a list ended by NULL, unless it is the last one there already. */
static int add_text(char ***list, const char *text, size_t length)
{
	size_t count = 0;
	while (*list != NULL && (*list)[count] != NULL)
		count++;
	if (count > 0 && strlen((*list)[count - 1]) == length &&
		memcmp((*list)[count - 1], text, length) == 0)
		return 0;
	if (count >= TEXTS_MAX)
		return -E2BIG;
	char **grown = reallocarray(*list, count + 2, sizeof(char *));
	if (grown == NULL)
		return -ENOMEM;
	*list = grown;
	grown[count] = strndup(text, length);
	grown[count + 1] = NULL;
	return grown[count] != NULL ? 0 : -ENOMEM;
}

size_t release_wrapping(const struct release_file *files, size_t count)
{
	if (count == 0)
		return 0;
	size_t length = strcspn(files[0].path, "/");
	if (files[0].path[length] != '/' || (length == 4 && memcmp(files[0].path, "ebin", 4) == 0))
		return 0;
	length++;
	if (strncmp(files[0].path, files[count - 1].path, length) != 0)
		return 0;
	/* APP/ebin alone is not wrapped: APP is a name. */
	for (size_t i = 0; i < count; i++) {
		const char *rest = files[i].path + length;
		if (strncmp(rest, "ebin/", 5) == 0)
			return 0;
	}
	return length;
}

/* Whether a path is DEPTH folders, then ebin/MODULE.beam; gives the length of the folder. */
static bool is_module(const char *path, const char *prefix, int depth, size_t *ret_dir)
{
	size_t n = strlen(prefix);
	if (strncmp(path, prefix, n) != 0 || !ends_with(path, ".beam"))
		return false;
	const char *at = path + n;
	for (; depth > 0; depth--) {
		at = strchr(at, '/');
		if (at == NULL)
			return false;
		at++;
	}
	if (strncmp(at, "ebin/", 5) != 0 || strchr(at + 5, '/') != NULL)
		return false;
	*ret_dir = (size_t)(at - path) + 4;
	return true;
}

static bool is_flat_module(const char *path, size_t *ret_dir)
{
	*ret_dir = 0;
	return strchr(path, '/') == NULL && ends_with(path, ".beam");
}

static bool is_code(const struct release *release, const char *path, size_t *ret_dir)
{
	switch (release->kind) {
	case RELEASE_OTP:
		return is_module(path, "lib/", 1, ret_dir);
	case RELEASE_SHIPMENT:
		return is_module(path, "", 1, ret_dir);
	case RELEASE_APPS:
		return is_module(path, "", 1, ret_dir) || is_module(path, "lib/", 1, ret_dir);
	case RELEASE_EBIN:
		return is_module(path, "", 0, ret_dir) || is_flat_module(path, ret_dir);
	case RELEASE_ESCRIPT:
	case RELEASE_KINDS:
		break;
	}
	return false;
}

static bool has_code(struct examining *e, enum release_kind kind)
{
	size_t dir;
	e->release->kind = kind;
	for (size_t i = 0; i < e->count; i++) {
		if (is_code(e->release, e->files[i].path, &dir))
			return true;
	}
	return false;
}

static int read_file(const struct examining *e, const struct release_file *file, char **ret_text)
{
	size_t size;
	if (file->size > BEAMR_MODULE_MAX)
		return -EFBIG;
	return e->read(e->user, file, ret_text, &size);
}

/* Value of a shell assignment at the start of a line; false when there is none. */
static bool shell_value(const char *text, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);
	for (const char *line = text; line != NULL;) {
		if (strncmp(line, name, n) == 0 && line[n] == '=') {
			const char *value = line + n + 1;
			size_t length;
			if (*value == '"' || *value == '\'') {
				length = strcspn(value + 1, "\"'\n");
				value++;
			} else {
				length = strcspn(value, " \t\r\n;#");
			}
			(void)snprintf(
				out, size, "%.*s", (int)length, value); /* cut: no such package */
			return length > 0;
		}
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return false;
}

static int set_text(char **to, const char *text)
{
	free(*to);
	*to = strdup(text);
	return *to != NULL ? 0 : -ENOMEM;
}

/* What an .app file says: its version, whether there is something to start. Returns 0, or negative errno; a file that is no term
 * says nothing. */
static int read_app(const struct examining *e, const struct release_file *file, char **ret_version,
	bool *ret_starts)
{
	char *text = NULL;
	struct beamr_term *term = NULL;
	struct beamr_error error;
	*ret_starts = false;
	int r = read_file(e, file, &text);
	if (r < 0)
		return r;
	r = beamr_term_parse(text, strlen(text), &term, &error);
	free(text);
	if (r != 0)
		return r < 0 ? r : 0;
	char *version = beamr_term_property(term, 2, "vsn");
	char *callback = beamr_term_property(term, 2, "mod");
	(void)beamr_term_free(term);
	*ret_starts = callback != NULL && callback[0] == '{';
	free(callback);
	if (ret_version != NULL && *ret_version == NULL)
		*ret_version = version;
	else
		free(version);
	return 0;
}

/* releases/start_erl.data: "ERTS-VERSION RELEASE-VERSION"; the newest folder with a boot script when there is no such file. */
static int find_release_version(struct examining *e, char *out, size_t size)
{
	const struct release_file *data = find(e, "releases/start_erl.data");
	out[0] = '\0';
	if (data != NULL) {
		char *text = NULL;
		int r = read_file(e, data, &text);
		if (r < 0)
			return r;
		const char *space = strpbrk(text, " \t");
		if (space != NULL) {
			space += strspn(space, " \t");
			(void)snprintf(out, size, "%.*s", (int)strcspn(space, " \t\r\n"),
				space); /* cut: there is no such folder */
		}
		free(text);
		return 0;
	}
	for (size_t i = 0; i < e->count; i++) {
		const char *path = e->files[i].path;
		const char *rest =
			strncmp(path, "releases/", 9) == 0 ? strchr(path + 9, '/') : NULL;
		if (rest != NULL && ends_with(path, ".boot"))
			(void)snprintf(
				out, size, "%.*s", (int)(rest - path - 9), path + 9); /* as above */
	}
	return 0;
}

static int examine_otp(struct examining *e)
{
	struct release *release = e->release;
	char version[256], path[1024] = "";
	int r = find_release_version(e, version, sizeof(version));
	if (r < 0)
		return r;
	if (version[0] == '\0')
		return bad(e, "releases", "it names no version and holds no boot script");
	if (findf(e, "releases/%s/start.boot", version) != NULL) {
		(void)snprintf(path, sizeof(path), "releases/%s/start", version); /* fits */
	} else {
		for (size_t i = 0; i < e->count && path[0] == '\0'; i++) {
			const char *at = e->files[i].path;
			size_t n = strlen(version);
			if (strncmp(at, "releases/", 9) == 0 && strncmp(at + 9, version, n) == 0 &&
				at[9 + n] == '/' && ends_with(at, ".boot") &&
				!ends_with(at, "_clean.boot"))
				(void)snprintf(path, sizeof(path), "%.*s", (int)(strlen(at) - 5),
					at); /* bounded paths */
		}
	}
	if (path[0] == '\0')
		return bad(e, "releases", "release %s has no boot script", version);
	r = set_text(&release->boot, path);
	if (r == 0)
		r = set_text(&release->version, version);
	/* relx's start script makes the ones without .src of them. */
	const struct release_file *source = findf(e, "releases/%s/sys.config.src", version);
	if (r == 0 && source != NULL) {
		r = set_text(&release->config, source->path);
	} else if (r == 0 && findf(e, "releases/%s/sys.config", version) != NULL) {
		(void)snprintf(path, sizeof(path), "releases/%s/sys", version); /* fits */
		r = set_text(&release->config, path);
	}
	const struct release_file *arguments = findf(e, "releases/%s/vm.args.src", version);
	if (arguments == NULL)
		arguments = findf(e, "releases/%s/vm.args", version);
	if (r == 0 && arguments != NULL)
		r = set_text(&release->arguments, arguments->path);
	const struct release_file *script = findf(e, "releases/%s/env.sh", version);
	if (r == 0 && script != NULL)
		r = set_text(&release->script, script->path);
	for (size_t i = 0; r == 0 && i < e->count; i++) {
		const char *at = e->files[i].path;
		size_t length = strlen(at);
		if (strncmp(at, "lib/kernel-", 11) == 0)
			release->has_kernel = true;
		/* relx and mix both leave releases/VERSION/NAME.rel */
		if (release->package == NULL && ends_with(at, ".rel") &&
			strncmp(at, "releases/", 9) == 0) {
			const char *slash = strrchr(at, '/');
			release->package =
				strndup(slash + 1, length - 4 - (size_t)(slash + 1 - at));
			r = release->package != NULL ? 0 : -ENOMEM;
		}
	}
	return r;
}

/* The package of a shipment: what entrypoint.sh says, else the one PACKAGE@@main. */
static int examine_shipment(struct examining *e, const struct release_file *script)
{
	struct release *release = e->release;
	char *text = NULL, package[256] = "";
	int r = read_file(e, script, &text);
	if (r < 0)
		return r;
	bool told = shell_value(text, "PACKAGE", package, sizeof(package));
	free(text);
	for (size_t i = 0; !told && i < e->count; i++) {
		const char *slash = strrchr(e->files[i].path, '/');
		if (slash == NULL || !ends_with(slash, "@@main.beam"))
			continue;
		(void)snprintf(package, sizeof(package), "%.*s", (int)(strlen(slash + 1) - 11),
			slash + 1); /* a name is at most 255 bytes */
		told = true;
	}
	if (!told)
		return bad(e, script->path, "it does not say which package to run");
	if (findf(e, "%s/ebin/%s.beam", package, package) == NULL)
		return bad(e, script->path, "it runs the package \"%.100s\", which is not there",
			package);
	r = set_text(&release->package, package);
	if (r == 0)
		r = set_text(&release->main_module, package);
	const struct release_file *app = findf(e, "%s/ebin/%s.app", package, package);
	bool starts;
	if (r == 0 && app != NULL)
		r = read_app(e, app, &release->version, &starts);
	if (r == 0)
		r = add_text(&release->applications, package, strlen(package));
	return r;
}

/* Applications that can be started, and a module to run when there is just one with main/0. */
static int examine_apps(struct examining *e)
{
	struct release *release = e->release;
	int r = 0;
	for (size_t i = 0; r == 0 && i < e->count; i++) {
		const char *path = e->files[i].path;
		const char *slash = strrchr(path, '/');
		const char *name = slash != NULL ? slash + 1 : path;
		bool starts = false;
		char *version = NULL;
		if (!ends_with(name, ".app"))
			continue;
		r = read_app(e, &e->files[i], &version, &starts);
		if (r == 0 && starts)
			r = add_text(&release->applications, name, strlen(name) - 4);
		if (r == 0 && release->kind == RELEASE_EBIN && release->package == NULL) {
			release->package = strndup(name, strlen(name) - 4);
			release->version = version;
			version = NULL;
		}
		free(version);
	}
	return r;
}

static int recognise(struct examining *e)
{
	const struct release_file *script = find(e, "entrypoint.sh");
	if (e->count == 1 && find(e, ARCHIVE_SCRIPT) != NULL) {
		e->release->kind = RELEASE_ESCRIPT;
		return 0;
	}
	for (size_t i = 0; i < e->count; i++) {
		const char *path = e->files[i].path;
		if (strncmp(path, "releases/", 9) == 0 && ends_with(path, ".boot")) {
			e->release->kind = RELEASE_OTP;
			return examine_otp(e);
		}
	}
	if (script != NULL && has_code(e, RELEASE_SHIPMENT))
		return examine_shipment(e, script);
	if (has_code(e, RELEASE_APPS) || has_code(e, RELEASE_EBIN))
		return examine_apps(e);
	return bad(e, "",
		"it holds no compiled modules; expected is what gleam export erlang-shipment "
		"makes, "
		"an OTP release, an ebin, or an escript");
}

/* ---- modules ---- */

static int check_module(struct examining *e, const struct release_file *file, size_t dir)
{
	struct release *release = e->release;
	struct beamr_checked checked;
	struct beamr_error error;
	char *bytes = NULL;
	size_t size;
	if (file->target != NULL)
		return bad(e, file->path, "a module cannot be a link");
	if (file->size > BEAMR_MODULE_MAX)
		return bad(e, file->path, "it is larger than a module may be");
	int r = e->read(e->user, file, &bytes, &size);
	if (r < 0)
		return r;
	r = beamr_module_check(bytes, size, &checked, &error);
	free(bytes);
	const char *slash = strrchr(file->path, '/');
	const char *name = slash != NULL ? slash + 1 : file->path;
	(void)snprintf(e->error->module, sizeof(e->error->module), "%.*s", (int)(strlen(name) - 5),
		name); /* a name is at most 255 bytes */
	if (r < 0)
		return r;
	if (r > 0) {
		e->error->has_offset = error.chunk[0] != '\0';
		e->error->offset = error.offset;
		return bad(e, file->path, "%s%s%s", error.chunk, error.chunk[0] != '\0' ? ": " : "",
			error.reason);
	}
	if (strcmp(checked.module, e->error->module) != 0)
		return bad(e, file->path, "it holds the module %.100s", checked.module);
	e->error->module[0] = '\0';
	struct release_module *module = &release->modules[release->module_count];
	*module = (struct release_module){ .name = strdup(checked.module),
		.path = strdup(file->path) };
	memcpy(module->digest, checked.digest, sizeof(module->digest));
	release->module_count++;
	if (module->name == NULL || module->path == NULL)
		return -ENOMEM;
	bool candidate = checked.runs && release->kind == RELEASE_EBIN;
	e->mains += candidate;
	/* The module that is called as the package is the one, whichever others have a main/0. */
	if (candidate && (release->main_module == NULL ||
				 (release->package != NULL &&
					 strcmp(checked.module, release->package) == 0)))
		r = set_text(&release->main_module, checked.module);
	return r == 0 ? add_text(&release->code_paths, file->path, dir) : r;
}

static int compare_modules(const void *a, const void *b)
{
	return strcmp(
		((const struct release_module *)a)->name, ((const struct release_module *)b)->name);
}

/* How much of "lib/shop-1.0/ebin" is the same in all versions; 0: it is no such folder. */
static size_t unversioned(const char *path)
{
	const char *name = strncmp(path, "lib/", 4) == 0 ? path + 4 : path;
	const char *slash = strchr(name, '/');
	const char *dash = slash != NULL ? memrchr(name, '-', (size_t)(slash - name)) : NULL;
	return dash != NULL ? (size_t)(dash - path) : 0;
}

/* The folder of a release may still have applications of the versions before, as mix leaves them: of each the newest counts. */
static void keep_newest(struct release *release)
{
	size_t kept = 0;
	for (size_t i = 0; i < release->module_count; i++) {
		struct release_module *module = &release->modules[i];
		struct release_module *last = kept > 0 ? &release->modules[kept - 1] : NULL;
		if (last == NULL || strcmp(last->name, module->name) != 0) {
			release->modules[kept++] = *module;
			continue;
		}
		struct release_module older = *module;
		if (strverscmp(last->path, module->path) < 0) {
			older = *last;
			*last = *module;
		}
		free(older.name);
		free(older.path);
	}
	release->module_count = kept;
	char **paths = release->code_paths;
	for (size_t i = kept = 0; paths != NULL && paths[i] != NULL; i++) {
		size_t same = unversioned(paths[i]);
		/* Sorted by path, so versions of one application are neighbours. */
		bool again = kept > 0 && same > 0 && unversioned(paths[kept - 1]) == same &&
			     strncmp(paths[kept - 1], paths[i], same) == 0;
		if (!again) {
			paths[kept++] = paths[i];
			continue;
		}
		char *older = paths[i];
		if (strverscmp(paths[kept - 1], paths[i]) < 0) {
			older = paths[kept - 1];
			paths[kept - 1] = paths[i];
		}
		free(older);
	}
	if (paths != NULL)
		paths[kept] = NULL;
}

static int examine_modules(struct examining *e)
{
	struct release *release = e->release;
	size_t total = 0, dir;
	int r = 0;
	for (size_t i = 0; i < e->count; i++)
		total += is_code(release, e->files[i].path, &dir);
	release->modules = calloc(total + 1, sizeof(*release->modules));
	if (release->modules == NULL)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < e->count; i++) {
		release->bytes += e->files[i].size;
		release->file_count++;
		if (!is_code(release, e->files[i].path, &dir))
			continue;
		r = check_module(e, &e->files[i], dir);
		e->progress(e->user, release->module_count, total);
	}
	bool certain = e->mains < 2 || (release->package != NULL && release->main_module != NULL &&
					       strcmp(release->main_module, release->package) == 0);
	if (release->kind == RELEASE_EBIN && !certain) {
		free(release->main_module);
		release->main_module = NULL;
	}
	qsort(release->modules, release->module_count, sizeof(*release->modules), compare_modules);
	if (release->kind == RELEASE_OTP)
		keep_newest(release);
	for (size_t i = 1; r == 0 && i < release->module_count; i++) {
		const struct release_module *a = &release->modules[i - 1], *b = a + 1;
		if (strcmp(a->name, b->name) != 0)
			continue;
		(void)snprintf(e->error->module, sizeof(e->error->module), "%s",
			b->name); /* a name is at most 255 bytes */
		r = bad(e, b->path, "the module is also at %.200s", a->path);
	}
	return r;
}

int release_examine(const struct release_file *files, size_t count, release_read_fn read,
	release_progress_fn progress, void *user, struct release **ret_release,
	struct release_error *ret_error)
{
	struct examining e = { .files = files,
		.count = count,
		.read = read,
		.progress = progress,
		.user = user,
		.release = calloc(1, sizeof(*e.release)),
		.error = ret_error };
	*ret_error = (struct release_error){ 0 };
	if (e.release == NULL)
		return -ENOMEM;
	int r = recognise(&e);
	if (r == 0)
		r = examine_modules(&e);
	if (r != 0) {
		(void)release_free(e.release);
		return r;
	}
	*ret_release = e.release;
	return 0;
}

/* ---- on disk ---- */

static json_t *texts_to_json(char *const *texts)
{
	json_t *array = json_array();
	for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
		(void)json_array_append_new(
			array, json_string(texts[i])); /* fails only without memory */
	return array;
}

json_t *release_to_json(const struct release *release)
{
	json_t *modules = json_array();
	for (size_t i = 0; i < release->module_count; i++) {
		const struct release_module *module = &release->modules[i];
		(void)json_array_append_new(
			modules, json_pack("[sss]", module->name, module->digest,
					 module->path)); /* fails only without memory */
	}
	return json_pack("{s:i, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:o, s:o, "
			 "s:o, s:I, s:I}",
		"format", 1, "digest", release->digest, "kind", release_kind_names[release->kind],
		"package", release->package, "version", release->version, "main",
		release->main_module, "boot", release->boot, "config", release->config, "arguments",
		release->arguments, "script", release->script, "hasKernel",
		(int)release->has_kernel, "codePaths", texts_to_json(release->code_paths),
		"applications",
		texts_to_json(release->applications), "modules", modules, "files",
		(json_int_t)release->file_count, "bytes", (json_int_t)release->bytes);
}

static char *copy_of(json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));
	return text != NULL ? strdup(text) : NULL;
}

static bool texts_from_json(json_t *array, char ***ret)
{
	json_t *item;
	size_t i;
	json_array_foreach(array, i, item) {
		const char *text = json_string_value(item);
		if (text == NULL || add_text(ret, text, strlen(text)) != 0)
			return false;
	}
	return true;
}

struct release *release_from_json(json_t *json)
{
	const char *digest = json_string_value(json_object_get(json, "digest"));
	const char *kind = json_string_value(json_object_get(json, "kind"));
	json_t *modules = json_object_get(json, "modules"), *item;
	size_t i;
	if (json_integer_value(json_object_get(json, "format")) != 1 || digest == NULL ||
		strlen(digest) != RELEASE_DIGEST - 1 || kind == NULL)
		return NULL;
	struct release *release = calloc(1, sizeof(*release));
	if (release == NULL)
		return NULL;
	memcpy(release->digest, digest, RELEASE_DIGEST);
	while (release->kind < RELEASE_KINDS &&
		strcmp(release_kind_names[release->kind], kind) != 0)
		release->kind++;
	release->package = copy_of(json, "package");
	release->version = copy_of(json, "version");
	release->main_module = copy_of(json, "main");
	release->boot = copy_of(json, "boot");
	release->config = copy_of(json, "config");
	release->arguments = copy_of(json, "arguments");
	release->script = copy_of(json, "script");
	release->has_kernel = json_is_true(json_object_get(json, "hasKernel"));
	release->file_count = (size_t)json_integer_value(json_object_get(json, "files"));
	release->bytes = (uint64_t)json_integer_value(json_object_get(json, "bytes"));
	release->modules = calloc(json_array_size(modules) + 1, sizeof(*release->modules));
	bool right = release->kind < RELEASE_KINDS && release->modules != NULL &&
		     texts_from_json(json_object_get(json, "codePaths"), &release->code_paths) &&
		     texts_from_json(json_object_get(json, "applications"), &release->applications);
	json_array_foreach(modules, i, item) {
		const char *name = json_string_value(json_array_get(item, 0));
		const char *md5 = json_string_value(json_array_get(item, 1));
		const char *path = json_string_value(json_array_get(item, 2));
		if (!right || name == NULL || md5 == NULL || path == NULL ||
			strlen(md5) != RELEASE_MD5 - 1) {
			right = false;
			break;
		}
		struct release_module *module = &release->modules[release->module_count++];
		*module = (struct release_module){ .name = strdup(name), .path = strdup(path) };
		memcpy(module->digest, md5, RELEASE_MD5);
		right = module->name != NULL && module->path != NULL;
	}
	return right ? release : release_free(release);
}

/* ---- comparing ---- */

static int compare_name(const void *key, const void *module)
{
	return strcmp(key, ((const struct release_module *)module)->name);
}

const struct release_module *release_module(const struct release *release, const char *name)
{
	return release->module_count == 0 ? NULL
					  : bsearch(name, release->modules, release->module_count,
						    sizeof(*release->modules), compare_name);
}

void release_compare(const struct release *old, const struct release *fresh,
	void (*fn)(void *user, enum release_change change, const struct release_module *before,
		const struct release_module *after),
	void *user)
{
	size_t i = 0, k = 0, n = old != NULL ? old->module_count : 0;
	while (i < n || k < fresh->module_count) {
		const struct release_module *before = i < n ? &old->modules[i] : NULL;
		const struct release_module *after =
			k < fresh->module_count ? &fresh->modules[k] : NULL;
		int order = before == NULL  ? 1
			    : after == NULL ? -1
					    : strcmp(before->name, after->name);
		if (order < 0) {
			fn(user, RELEASE_REMOVED, before, NULL);
			i++;
		} else if (order > 0) {
			fn(user, RELEASE_ADDED, NULL, after);
			k++;
		} else {
			fn(user,
				strcmp(before->digest, after->digest) == 0 ? RELEASE_UNCHANGED
									   : RELEASE_CHANGED,
				before, after);
			i++;
			k++;
		}
	}
}
