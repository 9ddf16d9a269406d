/* SPDX-License-Identifier: Apache-2.0 */
/* An environment that is being put together: words of the form "NAME=VALUE", each name once. */
#pragma once
#include "base/check.h"
#include "erl_arguments.h"

/* A word, made by the format. */
void words_pushf(struct erl_words *words, const char *format, ...) _printf_(2, 3);
/* Instead of what the name had. */
void variables_set(struct erl_words *variables, const char *name, const char *format, ...)
	_printf_(3, 4);
/* Unless the name has a value, and one that is not empty. */
void variables_default(struct erl_words *variables, const char *name, const char *format, ...)
	_printf_(3, 4);
/* Lent; "" when it has none. */
const char *variables_value(struct erl_words *variables, const char *name);
/* length: of the name. */
const char *variables_value_of(struct erl_words *variables, const char *name, size_t length);
