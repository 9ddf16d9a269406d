/* SPDX-License-Identifier: Apache-2.0 */
/* Environments as lists of "NAME=VALUE". Bound: as many as a process may have; each name is looked for from the front. */
#include "variables.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text_of(const char *format, va_list arguments)
{
	char *text;
	if (vasprintf(&text, format, arguments) < 0)
		abort(); /* as mem_alloc does */
	return text;
}

void words_pushf(struct erl_words *words, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = text_of(format, arguments);
	va_end(arguments);
	erl_words_push(words, text);
	free(text);
}

void variables_set(struct erl_words *variables, const char *name, const char *format, ...)
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
	words_pushf(variables, "%s=%s", name, text);
	free(text);
}

const char *variables_value_of(struct erl_words *variables, const char *name, size_t length)
{
	vec_foreach(item, &variables->items) {
		if (strncmp(*item, name, length) == 0 && (*item)[length] == '=')
			return *item + length + 1;
	}
	return "";
}

const char *variables_value(struct erl_words *variables, const char *name)
{
	return variables_value_of(variables, name, strlen(name));
}

void variables_default(struct erl_words *variables, const char *name, const char *format, ...)
{
	va_list arguments;
	if (variables_value(variables, name)[0] != '\0')
		return;
	va_start(arguments, format);
	char *text = text_of(format, arguments);
	va_end(arguments);
	variables_set(variables, name, "%s", text);
	free(text);
}
