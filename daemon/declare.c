/* SPDX-License-Identifier: Apache-2.0 */
/* Reading services.d. */
#include "declare.h"

#include "base/cleanup.h"
#include "control/control.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 65536
#define LIST_MAX 1024 /* items of one list */

enum type { TYPE_INT, TYPE_USEC, TYPE_TEXT, TYPE_LIST, TYPE_YESNO, TYPE_POLICY, TYPE_DETAIL, TYPE_MAILBOX, TYPE_QUOTA };

static const struct setting {
	const char *key;
	enum type type;
	const char *initial;
	int64_t least, most;
	size_t offset;
} settings[] = {

#define SETTING(name, wire, type_name, initial_value, lowest, highest, text)                       \
	{ (wire), TYPE_##type_name, (initial_value), (lowest), (highest),                          \
		offsetof(struct declaration, name) },
#include "../conf/service.def"
#undef SETTING
};

#define LIMIT(field, key, wire)                                                                    \
	{                                                                                          \
		(key), (wire), offsetof(struct beamr_quota, field)                                 \
	}

const struct declare_limit declare_limits[] = {
	LIMIT(memory_high, "memory-high", "memoryHigh"),
	LIMIT(memory_max, "memory-max", "memoryMax"),
	LIMIT(processes_max, "processes-max", "processesMax"),
	LIMIT(atoms_max, "atoms-max", "atomsMax"),
	LIMIT(ets_tables_max, "ets-tables-max", "etsTablesMax"),
	LIMIT(ets_memory_max, "ets-memory-max", "etsMemoryMax"),
	LIMIT(modules_max, "modules-max", "modulesMax"),
	LIMIT(code_memory_max, "code-memory-max", "codeMemoryMax"),
	LIMIT(ports_max, "ports-max", "portsMax"),
	LIMIT(file_descriptors_max, "file-descriptors-max", "fileDescriptorsMax"),
	LIMIT(mailbox_max, "mailbox-max", "mailboxMax"),
	LIMIT(mailbox_policy, "mailbox-policy", "mailboxPolicy"),
	LIMIT(process_heap_max, "process-heap-max", "processHeapMax"),
	LIMIT(timers_max, "timers-max", "timersMax"),
	LIMIT(cpu_weight, "cpu-weight", "cpuWeight"),
	LIMIT(cpu_quota_milli, "cpu-quota-milli", "cpuQuotaMilli"),
	{ NULL, NULL, 0 },
};

bool declare_parse_size(const char *text, int64_t *ret)
{
	static const char units[] = "KMGT";
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || value < 0)
		return false;
	const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
	if (*end != '\0' && (unit == NULL || end[1] != '\0'))
		return false;
	for (int n = unit != NULL ? (int)(unit - units) + 1 : 0; n > 0; n--) {
		if (__builtin_mul_overflow(value, 1024, &value))
			return false;
	}
	*ret = value;
	return true;
}

static const char *add_item(struct declare_list *list, const char *text)
{
	if (list->count >= LIST_MAX)
		return "is one too many";
	char **grown = reallocarray(list->items, list->count + 2, sizeof(char *));
	if (grown == NULL)
		return "does not fit into memory";
	list->items = grown;
	grown[list->count] = strdup(text);
	if (grown[list->count] == NULL)
		return "does not fit into memory";
	grown[++list->count] = NULL;
	return NULL;
}

static bool is_channel(const char *text)
{
	const char *dot = strchr(text, '.');
	return text[0] == '\0' || (dot != NULL && dot != text && dot[1] != '\0');
}

/* Returns NULL, or what is wrong. */
static const char *set_value(
	struct declaration *declaration, const struct setting *setting, const char *text)
{
	static const char *const policies[] = { "always", "on-failure", "never" };
	void *at = (char *)declaration + setting->offset;
	int64_t value = 0;
	switch (setting->type) {
	case TYPE_LIST:
	case TYPE_TEXT:
		if (strlen(text) > (size_t)setting->most)
			return "is too long";
		if (strcmp(setting->key, "channel") == 0 && !is_channel(text))
			return "is not SERVICE.NAME";
		if (setting->type == TYPE_LIST)
			return text[0] != '\0' ? add_item(at, text) : NULL;
		free(*(char **)at);
		*(char **)at = strdup(text);
		return *(char **)at != NULL ? NULL : "does not fit into memory";
	case TYPE_INT:
		if (!config_parse_int(text, &value))
			return "is not a whole number";
		break;
	case TYPE_QUOTA:
		if (!declare_parse_size(text, &value))
			return "is no number like 1000, 64K or 2G";
		break;
	case TYPE_USEC:
		if (!config_parse_usec(text, &value))
			return "is not a time like 500ms, 30s or 5min";
		break;
	case TYPE_YESNO:
		value = strcmp(text, "yes") == 0;
		if (value == 0 && strcmp(text, "no") != 0)
			return "is neither yes nor no";
		break;
	case TYPE_DETAIL:
		value = strcmp(text, "full") == 0;
		if (value == 0 && strcmp(text, "short") != 0)
			return "is neither short nor full";
		break;
	case TYPE_MAILBOX:
		value = control_value_find(CONTROL_ENUM_mailbox_policy, text);
		if (value < 0)
			return "is none of kill, drop, block";
		break;
	case TYPE_POLICY:
		while (value < 3 && strcmp(policies[value], text) != 0)
			value++;
		if (value == 3)
			return "is none of always, on-failure, never";
		break;
	}
	if (value < setting->least || value > setting->most)
		return "is out of bounds";
	*(int64_t *)at = value;
	return NULL;
}

struct declaration *declare_new(const char *name)
{
	struct declaration *declaration = calloc(1, sizeof(*declaration));
	bool whole = declaration != NULL;
	if (whole)
		declaration->name = strdup(name);
	whole = whole && declaration->name != NULL;
	for (size_t i = 0; whole && i < ARRAY_SIZE(settings); i++)
		whole = set_value(declaration, &settings[i], settings[i].initial) == NULL;
	return whole ? declaration : declare_free(declaration);
}

struct declaration *declare_free(struct declaration *declaration)
{
	if (declaration == NULL)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		void *at = (char *)declaration + settings[i].offset;
		if (settings[i].type == TYPE_TEXT)
			free(*(char **)at);
		if (settings[i].type != TYPE_LIST)
			continue;
		struct declare_list *list = at;
		for (size_t k = 0; k < list->count; k++)
			free(list->items[k]);
		free(list->items);
	}
	free(declaration->name);
	free(declaration);
	return NULL;
}

static bool same(const struct setting *setting, const struct declaration *a, const struct declaration *b)
{
	const void *x = (const char *)a + setting->offset, *y = (const char *)b + setting->offset;
	if (setting->type == TYPE_TEXT)
		return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	if (setting->type != TYPE_LIST)
		return *(const int64_t *)x == *(const int64_t *)y;
	const struct declare_list *p = x, *q = y;
	bool equal = p->count == q->count;
	for (size_t i = 0; equal && i < p->count; i++)
		equal = strcmp(p->items[i], q->items[i]) == 0;
	return equal;
}

void declare_compare(const struct declaration *a, const struct declaration *b,
	void (*fn)(void *user, const char *key), void *user)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (!same(&settings[i], a, b))
			fn(user, settings[i].key);
	}
}

bool declare_is_live(const char *key)
{
	static const char *const later[] = { "argument", "boot", "crash-detail", "environment", "otp-root", "own-unit", "start" };
	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		if (strcmp(key, later[i]) == 0)
			return false;
	}
	return true;
}

void declare_quota(const struct declaration *declaration, struct beamr_quota *ret_quota)
{
	*ret_quota = (struct beamr_quota){ 0 };
	for (const struct declare_limit *limit = declare_limits; limit->key != NULL; limit++) {
		for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
			if (strcmp(settings[i].key, limit->key) == 0)
				*(uint64_t *)(void *)((char *)ret_quota + limit->offset) =
					(uint64_t) *
					(const int64_t *)(const void *)((const char *)declaration +
									settings[i].offset);
		}
	}
}

/* ---- files ---- */

static int read_line(struct declaration *declaration, char *line, const char *file, int number,
	struct config_error *error)
{
	char *text = config_trim(line);
	if (*text == '\0' || *text == '#' || *text == ';' || strcmp(text, "[service]") == 0)
		return 0;
	int column = (int)(text - line) + 1;
	char *equals = strchr(text, '=');
	if (equals == NULL)
		return config_invalid(
			error, file, number, column, text, "is no line of the form key = value");
	*equals = '\0';
	char *value = config_trim(equals + 1);
	text = config_trim(text);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(settings[i].key, text) != 0)
			continue;
		const char *wrong = set_value(declaration, &settings[i], value);
		return wrong != NULL
			       ? config_invalid(error, file, number, (int)(value - line) + 1, value, wrong)
			       : 0;
	}
	return config_invalid(error, file, number, column, text, "is no setting of a service");
}

static void close_filep(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file); /* it was only read */
}

static int read_file(struct declaration *declaration, const char *path, struct config_error *error)
{
	_cleanup_(close_filep) FILE *file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	char *line = malloc(LINE_MAX_BYTES);
	int r = line != NULL ? 0 : -ENOMEM;
	for (int number = 1; r == 0 && fgets(line, LINE_MAX_BYTES, file) != NULL; number++)
		r = strlen(line) == LINE_MAX_BYTES - 1
			    ? config_invalid(error, path, number, 1, "line", "is too long")
			    : read_line(declaration, line, path, number, error);
	free(line);
	return r == 0 && ferror(file) ? -EIO : r;
}

static int is_conf(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static int read_service(struct declaration *declaration, const char *dir, const char *file,
	struct config_error *error)
{
	char path[8192];
	struct dirent **entries;
	(void)snprintf(path, sizeof(path), "%s/%s", dir, file); /* cut: it does not open */
	declaration->declared = true;
	int r = read_file(declaration, path, error);
	(void)snprintf(path, sizeof(path), "%s/%s.d", dir, file); /* as above */
	int n = r == 0 ? scandir(path, &entries, is_conf, alphasort) : 0;
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s.d/%s", dir, file,
			entries[i]->d_name); /* as above */
		if (r == 0)
			r = read_file(declaration, path, error);
		free(entries[i]);
	}
	if (n > 0)
		free(entries);
	return r;
}

int declare_load(const char *dir, const char *only, struct declaration ***ret_items,
	size_t *ret_count, struct config_error *ret_error)
{
	struct dirent **entries;
	*ret_error = (struct config_error){ 0 };
	*ret_items = NULL;
	*ret_count = 0;
	int n = scandir(dir, &entries, is_conf, alphasort), r = 0;
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	struct declaration **items = calloc((size_t)n + 1, sizeof(*items));
	size_t count = 0;
	if (items == NULL)
		r = -ENOMEM;
	for (int i = 0; i < n; i++) {
		size_t length = strlen(entries[i]->d_name) - 5;
		char name[NAME_MAX + 1];
		(void)snprintf(
			name, sizeof(name), "%.*s", (int)length, entries[i]->d_name); /* fits */
		struct declaration *declaration =
			r == 0 && (only == NULL || strcmp(only, name) == 0) ? declare_new(name)
									    : NULL;
		if (declaration != NULL)
			r = read_service(declaration, dir, entries[i]->d_name, ret_error);
		if (declaration != NULL && r == 0 && (only != NULL || declaration->own_unit == 0))
			items[count++] = declaration;
		else
			(void)declare_free(declaration);
		free(entries[i]);
	}
	free(entries);
	for (size_t i = 0; r != 0 && i < count; i++)
		(void)declare_free(items[i]);
	if (r != 0) {
		free(items);
		return r;
	}
	*ret_items = items;
	*ret_count = count;
	return 0;
}
