/* SPDX-License-Identifier: Apache-2.0 */
/* The table of flags, read. */
#include "erl_flags.h"

#include "base/check.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct flag {
	const char *name;
	const char *words; /* NULL: a number */
	uint64_t least, most;
	const char *message;
};

static const struct flag flags[] = {
#define NUMBER(name, least, most, message) { name, NULL, least, most, message },
#define WORDS(name, words, message) { name, words, 0, 0, message },
#include "erl_flags.def"
#undef NUMBER
#undef WORDS
};

static bool is_one_of(const char *words, const char *value)
{
	const size_t size = strlen(value);
	for (const char *word = words; size > 0 && *word != '\0';) {
		size_t length = strcspn(word, " ");
		if (length == size && memcmp(word, value, size) == 0)
			return true;
		word += length + strspn(word + length, " ");
	}
	return false;
}

static bool fits(const struct flag *flag, const char *value)
{
	char *end;
	if (flag->words != NULL)
		return is_one_of(flag->words, value);
	if (!isdigit((unsigned char)value[0]))
		return strcmp(value, "legacy") == 0 && strcmp(flag->name, "Q") == 0;
	uint64_t number = strtoull(value, &end, 10);
	return *end == '\0' && number >= flag->least && number <= flag->most;
}

bool erl_flag_check(const char *name, const char *value, char *error, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strcmp(flags[i].name, name) != 0 || fits(&flags[i], value))
			continue;
		const char *at = strstr(flags[i].message, "%s");
		(void)snprintf(error, size, "%.*s%.400s%s", (int)(at - flags[i].message),
			flags[i].message, value, at + 2); /* cut when long */
		return false;
	}
	return true;
}
