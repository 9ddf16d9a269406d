/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: a command line of erl, a word a line; the first line is what ERL_FLAGS holds. */
#include "erl_arguments.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char flags[] = "ERL_FLAGS=";
	char *text = malloc(sizeof(flags) + size);
	char **words = calloc(size + 2, sizeof(*words));
	if (text == NULL || words == NULL)
		abort();
	memcpy(text, flags, sizeof(flags) - 1);
	memcpy(text + sizeof(flags) - 1, data, size);
	text[sizeof(flags) - 1 + size] = '\0';
	int count = 0;
	char *rest = text + strcspn(text, "\n");
	while (*rest == '\n') {
		*rest++ = '\0';
		words[count++] = rest;
		rest += strcspn(rest, "\n");
	}
	const char *environment[] = { text, NULL };
	const struct erl_place place = { .root = "/otp",
		.bindir = "/otp/bin",
		.progname = "erl",
		.home = "/root",
		.environment = environment };
	struct erl_arguments arguments;
	memset(&arguments, 0, sizeof(arguments));
	(void)erl_arguments_parse(&arguments, count, words, "27", &place);
	erl_arguments_done(&arguments);
	free(words);
	free(text);
	return 0;
}
