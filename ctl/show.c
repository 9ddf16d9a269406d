/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: as wide as their contents in a pipe, cut to the terminal on one. Values: bytes, counts, ages, places in code. */
#include "ctl.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#define COLUMNS_MAX 24

struct table {
	const struct ctl *ctl;
	size_t columns;
	char *names[COLUMNS_MAX];
	char formats[COLUMNS_MAX][16];
	char **cells;
	size_t count, capacity;
};

size_t show_width(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	if (columns != NULL && atoi(columns) > 0)
		return (size_t)atoi(columns);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

/* Columns a text takes on a terminal. */
size_t text_columns(const char *text)
{
	size_t length = strlen(text), columns = 0;
	for (size_t at = 0; at < length;) {
		uint32_t c = 0;
		int n = utf8_decode((const uint8_t *)text + at, length - at, &c);
		int width = n > 0 ? wcwidth((wchar_t)c) : 1;
		columns += width > 0 ? (size_t)width : 0;
		at += n > 0 ? (size_t)n : 1;
	}
	return columns;
}

struct table *table_new(const struct ctl *ctl)
{
	struct table *table = calloc(1, sizeof(*table));
	if (table != NULL)
		table->ctl = ctl;
	return table;
}

void table_column(struct table *table, const char *heading)
{
	const char *bar = strchr(heading, '|');
	size_t length = bar != NULL ? (size_t)(bar - heading) : strlen(heading);
	if (table == NULL || table->columns == COLUMNS_MAX)
		return;
	table->names[table->columns] = strndup(heading, length);
	(void)snprintf(table->formats[table->columns++], 16, "%s",
		bar != NULL ? bar + 1 : ""); /* short in the table */
}

/* Terminals obey control characters; nobody else's text may have them. */
static char *clean(const char *text)
{
	char *copy = strdup(text);
	for (char *at = copy; copy != NULL && *at != '\0'; at++) {
		if ((unsigned char)*at < 32 || *at == 127)
			*at = ' ';
	}
	return copy;
}

void table_cell(struct table *table, const char *text)
{
	if (table == NULL)
		return;
	if (table->count == table->capacity) {
		size_t capacity = table->capacity > 0 ? table->capacity * 2 : 64;
		char **grown = reallocarray(table->cells, capacity, sizeof(*grown));
		if (grown == NULL)
			return;
		table->cells = grown;
		table->capacity = capacity;
	}
	table->cells[table->count++] = clean(text);
}

void show_bytes(int64_t bytes, char *out, size_t size)
{
	static const char units[] = "BKMGTP";
	double value = (double)bytes;
	int unit = 0;
	while (value >= 1024.0 && units[unit + 1] != '\0') {
		value /= 1024.0;
		unit++;
	}
	(void)snprintf(
		out, size, unit == 0 ? "%.0f%c" : "%.1f%c", value, units[unit]); /* fits 32 */
}

void show_count(int64_t count, char *out, size_t size)
{
	static const char units[] = " kMGTP";
	double value = (double)count;
	int unit = 0;
	while (value >= 10000.0 && units[unit + 1] != '\0') {
		value /= 1000.0;
		unit++;
	}
	if (unit == 0)
		(void)snprintf(out, size, "%" PRId64, count); /* fits 32 */
	else
		(void)snprintf(out, size, "%.1f%c", value, units[unit]); /* fits 32 */
}

void show_age(int64_t usec, char *out, size_t size)
{
	int64_t seconds = usec / 1000000;
	if (seconds < 0)
		seconds = 0;
	if (seconds < 60)
		(void)snprintf(out, size, "%" PRId64 "s", seconds); /* these fit 32 */
	else if (seconds < 3600)
		(void)snprintf(out, size, "%" PRId64 "min", seconds / 60);
	else if (seconds < 86400)
		(void)snprintf(out, size, "%" PRId64 "h %" PRId64 "min", seconds / 3600,
			seconds / 60 % 60);
	else
		(void)snprintf(out, size, "%" PRId64 "d %" PRId64 "h", seconds / 86400,
			seconds / 3600 % 24);
}

void show_time(int64_t realtime_usec, char *out, size_t size)
{
	time_t seconds = (time_t)(realtime_usec / 1000000);
	struct tm parts;
	if (localtime_r(&seconds, &parts) == NULL || strftime(out, size, "%F %T", &parts) == 0)
		(void)snprintf(out, size, "%" PRId64, realtime_usec); /* fits 32 */
}

void show_frame(json_t *frame, char *out, size_t size)
{
	const char *module = json_string_value(json_object_get(frame, "module"));
	const char *function = json_string_value(json_object_get(frame, "function"));
	const char *file = json_string_value(json_object_get(frame, "file"));
	size_t length = file != NULL ? strlen(file) : 0;
	if (module == NULL || function == NULL) {
		(void)snprintf(out, size, "-"); /* fits */
		return;
	}
	if (length <= 6 || strcmp(file + length - 6, ".gleam") != 0) {
		(void)snprintf(out, size, "%s:%s/%" JSON_INTEGER_FORMAT, module, function,
			json_integer_value(
				json_object_get(frame, "arity"))); /* cut when it is absurd */
		return;
	}
	(void)snprintf(out, size, "%s.%s", module, function); /* as above */
	for (size_t i = 0; i < strlen(module) && out[i] != '\0'; i++) {
		if (out[i] == '@')
			out[i] = '/';
	}
}

int64_t show_now_usec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void table_value(struct table *table, json_t *value, const char *format)
{
	char text[1200] = "-";
	if (json_is_object(value)) {
		if (strcmp(format, "frame") == 0)
			show_frame(value, text, sizeof(text));
		else if (json_object_get(value, "text") != NULL) {
			table_cell(table, json_string_value(json_object_get(value, "text")));
			return;
		}
	} else if (json_is_string(value)) {
		const char *string = json_string_value(value);
		if (strcmp(format, "digest") == 0) {
			(void)snprintf(text, sizeof(text), "%.12s", string); /* fits */
			table_cell(table, text);
			return;
		}
		table_cell(table, string[0] != '\0' ? string : "-");
		return;
	} else if (json_is_boolean(value)) {
		(void)snprintf(
			text, sizeof(text), "%s", json_is_true(value) ? "yes" : "no"); /* fits */
	} else if (json_is_real(value)) {
		(void)snprintf(
			text, sizeof(text), "%.0f%%", json_real_value(value) * 100.0); /* fits */
	} else if (json_is_integer(value)) {
		int64_t number = json_integer_value(value);
		if (strcmp(format, "bytes") == 0)
			show_bytes(number, text, sizeof(text));
		else if (strcmp(format, "count") == 0)
			show_count(number, text, sizeof(text));
		else if (strcmp(format, "usec") == 0)
			show_age(number, text, sizeof(text));
		else if (strcmp(format, "time") == 0)
			show_age(show_now_usec() - number, text, sizeof(text));
		else
			(void)snprintf(text, sizeof(text), "%" PRId64, number); /* fits */
	}
	table_cell(table, text);
}

void table_columns_of(struct table *table, const struct control_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].heading[0] != '\0')
			table_column(table, fields[i].heading);
	}
}

void table_row_of(
	struct table *table, const struct control_field *fields, size_t count, json_t *object)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].heading[0] == '\0')
			continue;
		const char *bar = strchr(fields[i].heading, '|');
		table_value(
			table, json_object_get(object, fields[i].wire), bar != NULL ? bar + 1 : "");
	}
}

static bool is_number(const char *text)
{
	return *text >= '0' && *text <= '9' && text[strspn(text, "0123456789.%kKMGTPB")] == '\0';
}

/* Prints a cell of so many columns; cut with an ellipsis when it is longer. */
static size_t print_cell(const char *text, size_t width, bool right, bool last)
{
	size_t columns = text_columns(text);
	if (columns > width) {
		size_t length = strlen(text), at = 0, used = 0;
		while (at < length) {
			uint32_t c = 0;
			int n = utf8_decode((const uint8_t *)text + at, length - at, &c);
			int w = n > 0 ? wcwidth((wchar_t)c) : 1;
			if (used + (size_t)(w > 0 ? w : 0) + 1 > width)
				break;
			used += (size_t)(w > 0 ? w : 0);
			at += n > 0 ? (size_t)n : 1;
		}
		printf("%.*s\xE2\x80\xA6", (int)at, text);
		return used + 1;
	}
	if (right)
		printf("%*s", (int)(width - columns), "");
	fputs(text, stdout);
	if (!right && !last)
		printf("%*s", (int)(width - columns), "");
	return width;
}

/* What the terminal lacks is taken from the widest columns. */
static void fit(size_t *widths, size_t columns, size_t room)
{
	for (;;) {
		size_t total = columns > 0 ? 2 * (columns - 1) : 0, widest = 0;
		for (size_t i = 0; i < columns; i++) {
			total += widths[i];
			widest = widths[i] > widths[widest] ? i : widest;
		}
		if (total <= room || widths[widest] <= 8)
			return;
		size_t over = total - room;
		widths[widest] -= over < widths[widest] - 8 ? over : widths[widest] - 8;
	}
}

void table_print(struct table *table)
{
	if (table == NULL)
		return;
	size_t widths[COLUMNS_MAX] = { 0 },
	       rows = table->columns > 0 ? table->count / table->columns : 0;
	bool right[COLUMNS_MAX];
	for (size_t c = 0; c < table->columns; c++) {
		widths[c] = table->ctl->legend ? text_columns(table->names[c]) : 0;
		bool numbers = false, others = false;
		for (size_t r = 0; r < rows; r++) {
			const char *cell = table->cells[r * table->columns + c];
			size_t width = text_columns(cell);
			widths[c] = width > widths[c] ? width : widths[c];
			numbers = numbers || is_number(cell);
			others = others || !(is_number(cell) || strcmp(cell, "-") == 0);
		}
		right[c] = numbers && !others;
	}
	if (table->ctl->tty)
		fit(widths, table->columns, show_width());
	for (size_t c = 0; table->ctl->legend && c < table->columns; c++) {
		(void)print_cell(table->names[c], widths[c], right[c], c + 1 == table->columns);
		fputs(c + 1 < table->columns ? "  " : "\n", stdout);
	}
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < table->columns; c++) {
			(void)print_cell(table->cells[r * table->columns + c], widths[c], right[c],
				c + 1 == table->columns);
			fputs(c + 1 < table->columns ? "  " : "\n", stdout);
		}
	}
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	for (size_t c = 0; c < table->columns; c++)
		free(table->names[c]);
	free(table->cells);
	free(table);
}

bool show_plain(const struct ctl *ctl, json_t *object)
{
	if (ctl->field != NULL) {
		json_t *value = json_object_get(object, ctl->field);
		if (json_is_string(value))
			puts(json_string_value(value));
		else if (value != NULL &&
			 json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
			putchar('\n');
		return true;
	}
	if (!ctl->json)
		return false;
	if (json_dumpf(object, stdout, JSON_COMPACT) == 0)
		putchar('\n');
	return true;
}
