/* SPDX-License-Identifier: Apache-2.0 */
/* Reading configuration files: sections [daemon] and [service NAME], lines key = value, comments from # or ;. */
#include "config.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 8192

const struct config_setting config_settings[CONFIG_KEYS] = {
#define SETTING(key_name, wire, type_name, initial_value, lowest, highest, effect_name, text)      \
	[CONFIG_KEY_##key_name] = { .key = (wire),                                                 \
		.type = CONFIG_##type_name,                                                        \
		.initial = (initial_value),                                                        \
		.least = (lowest),                                                                 \
		.most = (highest),                                                                 \
		.effect = CONFIG_##effect_name,                                                    \
		.doc = (text),                                                                     \
		.offset = offsetof(struct config, key_name) },
#include "../conf/settings.def"
#undef SETTING
};

static const char *const level_names[] = { "emergency", "alert", "critical", "error", "warning",
	"notice", "info", "debug" };

int config_level(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0)
			return (int)i;
	}
	return -1;
}

const char *config_level_name(int64_t level)
{
	return level_names[level >= 0 && level < 8 ? level : 7];
}

bool config_parse_int(const char *text, int64_t *ret)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return false;
	*ret = value;
	return true;
}

bool config_parse_usec(const char *text, int64_t *ret)
{
	static const struct {
		const char *unit;
		int64_t usec;
	} units[] = { { "", 1000000 }, { "us", 1 }, { "ms", 1000 }, { "s", 1000000 },
		{ "min", 60000000 }, { "h", 3600000000 } };

	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || value < 0)
		return false;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit) == 0)
			return !__builtin_mul_overflow((int64_t)value, units[i].usec, ret);
	}
	return false;
}

/* Returns NULL, or what is wrong. */
static const char *set_value(
	struct config *config, const struct config_setting *setting, const char *text)
{
	void *at = (char *)config + setting->offset;
	int64_t value = 0;
	switch (setting->type) {
	case CONFIG_TEXT: {
		if (strlen(text) > (size_t)setting->most)
			return "is too long";
		char *copy = strdup(text);
		if (copy == NULL)
			return "does not fit into memory";
		free(*(char **)at);
		*(char **)at = copy;
		return NULL;
	}
	case CONFIG_INT:
		if (!config_parse_int(text, &value))
			return "is not a whole number";
		break;
	case CONFIG_USEC:
		if (!config_parse_usec(text, &value))
			return "is not a time like 500ms, 30s or 5min";
		break;
	case CONFIG_LEVEL:
		value = config_level(text);
		if (value < 0)
			return "is none of emergency, alert, critical, error, warning, notice, "
			       "info, debug";
		break;
	}
	if (value < setting->least || value > setting->most)
		return "is out of bounds";
	*(int64_t *)at = value;
	return NULL;
}

static void service_done(struct config_service *service)
{
	for (size_t i = 0; i < service->code_path_count; i++)
		free(service->code_paths[i]);
	free(service->code_paths);
	free(service->name);
	free(service->start_module);
	free(service->start_function);
	free(service->start_arguments);
}

void config_done(struct config *config)
{
	for (int i = 0; i < CONFIG_KEYS; i++) {
		if (config_settings[i].type == CONFIG_TEXT)
			free(*(char **)((char *)config + config_settings[i].offset));
	}
	for (size_t i = 0; i < config->service_count; i++)
		service_done(&config->services[i]);
	free(config->services);
	*config = (struct config){ 0 };
}

static struct config_service *find_service(struct config *config, const char *name)
{
	for (size_t i = 0; i < config->service_count; i++) {
		if (strcmp(config->services[i].name, name) == 0)
			return &config->services[i];
	}
	struct config_service *grown =
		reallocarray(config->services, config->service_count + 1, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	config->services = grown;
	struct config_service *service = &grown[config->service_count];
	*service = (struct config_service){ .name = strdup(name) };
	if (service->name == NULL)
		return NULL;
	config->service_count++;
	return service;
}

/* module:function, or module:function([Term, ...]) */
static const char *set_start(struct config_service *service, char *text)
{
	char *colon = strchr(text, ':');
	if (colon == NULL || colon == text || colon[1] == '\0')
		return "is not MODULE:FUNCTION or MODULE:FUNCTION([TERM, ...])";
	*colon = '\0';
	char *arguments = strchr(colon + 1, '(');
	if (arguments != NULL) {
		size_t length = strlen(arguments);
		if (arguments[length - 1] != ')')
			return "has no closing parenthesis";
		arguments[length - 1] = '\0';
		*arguments++ = '\0';
	}
	free(service->start_module);
	free(service->start_function);
	free(service->start_arguments);
	service->start_module = strdup(text);
	service->start_function = strdup(colon + 1);
	service->start_arguments =
		arguments != NULL && *arguments != '\0' ? strdup(arguments) : NULL;
	return service->start_module == NULL || service->start_function == NULL
		       ? "does not fit into memory"
		       : NULL;
}

static const char *set_service(struct config_service *service, const char *key, char *value)
{
	if (strcmp(key, "code-path") == 0) {
		char **grown = reallocarray(
			service->code_paths, service->code_path_count + 1, sizeof(char *));
		if (grown == NULL)
			return "does not fit into memory";
		service->code_paths = grown;
		grown[service->code_path_count] = strdup(value);
		if (grown[service->code_path_count] == NULL)
			return "does not fit into memory";
		service->code_path_count++;
		return NULL;
	}
	if (strcmp(key, "preload") == 0) {
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return "is neither yes nor no";
		service->preload = strcmp(value, "yes") == 0;
		return NULL;
	}
	if (strcmp(key, "start") == 0)
		return set_start(service, value);
	return "is no setting of a service: code-path, preload, start";
}

char *config_trim(char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	size_t length = strlen(text);
	while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
		text[--length] = '\0';
	return text;
}

int config_invalid(struct config_error *error, const char *file, int line, int column,
	const char *what, const char *message)
{
	error->line = line;
	error->column = column;
	(void)snprintf(
		error->file, sizeof(error->file), "%s", file); /* cut when it is too long to tell */
	(void)snprintf(error->message, sizeof(error->message), "\"%.80s\" %s", what, message);
	return CONFIG_E_INVALID;
}

/* One line; section is NULL before the first, "daemon", or a service. */
static int read_line(struct config *config, char *line, bool *in_daemon,
	struct config_service **service, const char *file, int number, struct config_error *error)
{
	char *start = line;
	char *text = config_trim(line);
	if (*text == '\0' || *text == '#' || *text == ';')
		return 0;
	int column = (int)(text - start) + 1;
	if (*text == '[') {
		size_t length = strlen(text);
		*in_daemon = strcmp(text, "[daemon]") == 0;
		*service = NULL;
		if (*in_daemon)
			return 0;
		if (strncmp(text, "[service ", 9) != 0 || text[length - 1] != ']')
			return config_invalid(error, file, number, column, text,
				"is neither [daemon] nor [service NAME]");
		text[length - 1] = '\0';
		*service = find_service(config, config_trim(text + 9));
		return *service != NULL ? 0 : -ENOMEM;
	}
	char *equals = strchr(text, '=');
	if (equals == NULL)
		return config_invalid(
			error, file, number, column, text, "is no line of the form key = value");
	*equals = '\0';
	char *value = config_trim(equals + 1);
	int value_column = (int)(value - start) + 1;
	text = config_trim(text);
	if (*service != NULL) {
		char shown[81];
		(void)snprintf(shown, sizeof(shown), "%s", value); /* only to be shown */
		const char *wrong = set_service(*service, text, value);
		return wrong != NULL ? config_invalid(error, file, number, value_column,
					       strstr(wrong, "no setting") ? text : shown, wrong)
				     : 0;
	}
	if (!*in_daemon)
		return config_invalid(error, file, number, column, text, "stands before any section");
	for (int i = 0; i < CONFIG_KEYS; i++) {
		if (strcmp(config_settings[i].key, text) != 0)
			continue;
		const char *wrong = set_value(config, &config_settings[i], value);
		return wrong != NULL ? config_invalid(error, file, number, value_column, value, wrong) : 0;
	}
	return config_invalid(error, file, number, column, text, "is no setting");
}

static void close_filep(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file); /* it was only read */
}

static int read_file(struct config *config, const char *path, struct config_error *error)
{
	_cleanup_(close_filep) FILE *file = fopen(path, "re");
	if (file == NULL)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	char line[LINE_MAX_BYTES];
	bool in_daemon = false;
	struct config_service *service = NULL;
	for (int number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
		if (strlen(line) == sizeof(line) - 1)
			return config_invalid(error, path, number, 1, "line", "is too long");
		int r = read_line(config, line, &in_daemon, &service, path, number, error);
		if (r != 0)
			return r;
	}
	return ferror(file) ? -EIO : 0;
}

static int is_conf(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static int read_drop_ins(struct config *config, const char *dir, struct config_error *error)
{
	struct dirent **entries;
	char path[4096 + 300];
	(void)snprintf(
		path, sizeof(path), "%s/beamrd.conf.d", dir); /* config_load() checked the length */
	int n = scandir(path, &entries, is_conf, alphasort), r = 0;
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/beamrd.conf.d/%s", dir, entries[i]->d_name);
		if (r == 0)
			r = read_file(config, path, error);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int config_load(const char *dir, struct config *ret_config, struct config_error *ret_error)
{
	struct config config = { 0 };
	char path[4096 + 32];
	int r = 0;
	*ret_error = (struct config_error){ 0 };
	if (strlen(dir) > 4000)
		return -ENAMETOOLONG;
	for (int i = 0; i < CONFIG_KEYS; i++) {
		const char *wrong =
			set_value(&config, &config_settings[i], config_settings[i].initial);
		assert(wrong == NULL || strstr(wrong, "memory") != NULL);
		if (wrong != NULL)
			r = -ENOMEM;
	}
	(void)snprintf(path, sizeof(path), "%s/beamrd.conf", dir);
	if (r == 0)
		r = read_file(&config, path, ret_error);
	if (r == 0)
		r = read_drop_ins(&config, dir, ret_error);
	if (r != 0) {
		config_done(&config);
		return r;
	}
	*ret_config = config;
	return 0;
}

bool config_equal(const struct config *a, const struct config *b, enum config_key key)
{
	const struct config_setting *setting = &config_settings[key];
	const char *at_a = (const char *)a + setting->offset,
		   *at_b = (const char *)b + setting->offset;
	if (setting->type == CONFIG_TEXT)
		return strcmp(*(char *const *)at_a, *(char *const *)at_b) == 0;
	return *(const int64_t *)at_a == *(const int64_t *)at_b;
}

void config_swap(struct config *a, struct config *b, enum config_key key)
{
	char *at_a = (char *)a + config_settings[key].offset,
	     *at_b = (char *)b + config_settings[key].offset;
	char kept[sizeof(int64_t)];
	memcpy(kept, at_a, sizeof(kept));
	memcpy(at_a, at_b, sizeof(kept));
	memcpy(at_b, kept, sizeof(kept));
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool config_same_services(const struct config *a, const struct config *b)
{
	if (a->service_count != b->service_count)
		return false;
	for (size_t i = 0; i < a->service_count; i++) {
		const struct config_service *x = &a->services[i], *y = &b->services[i];
		if (!same_text(x->name, y->name) || x->code_path_count != y->code_path_count ||
			x->preload != y->preload || !same_text(x->start_module, y->start_module) ||
			!same_text(x->start_function, y->start_function) ||
			!same_text(x->start_arguments, y->start_arguments))
			return false;
		for (size_t k = 0; k < x->code_path_count; k++) {
			if (strcmp(x->code_paths[k], y->code_paths[k]) != 0)
				return false;
		}
	}
	return true;
}
