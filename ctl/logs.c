/* SPDX-License-Identifier: Apache-2.0 */
/* What a service has said and what was told of it: lines, log events, crashes, starts and stops. They are in the journal, which journalctl
 * reads best: it pages, follows, knows times and the caller's rights, and needs no daemon. A daemon that has no unit of its own writes
 * elsewhere; of it, what its ring of events has is shown. */
#include "ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wish {
	const char *service;
	const char *lines; /* -n */
	const char *since;
};

static int usage(const struct control_verb *verb, const char *what, const char *word)
{
	fprintf(stderr, "beamrctl: %s: \"%s\"\n", what, word);
	help_usage(verb);
	return CTL_USAGE;
}

static int read_words(const struct ctl *ctl, const struct control_verb *verb, int count, char **words, struct wish *wish)
{
	static const struct {
		const char *word, *letter; /* "": none */
		size_t offset;
	} values[] = { { "--lines", "-n", offsetof(struct wish, lines) },
		{ "--since", "", offsetof(struct wish, since) } };
	*wish = (struct wish){ .service = ctl->service != NULL ? ctl->service : ctl->instance };
	for (int i = 0; i < count; i++) {
		const char **value = NULL;
		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			const size_t length = strlen(values[k].word);
			const char **at = (const char **)(void *)((char *)wish + values[k].offset);
			if (strcmp(words[i], values[k].word) == 0 || strcmp(words[i], values[k].letter) == 0)
				value = at;
			if (strncmp(words[i], values[k].word, length) == 0 && words[i][length] == '=')
				*(value = at) = words[i] + length + 1;
		}
		if (value != NULL && *value == NULL) {
			if (++i >= count)
				return usage(verb, "this option needs a value", words[i - 1]);
			*value = words[i];
		} else if (value == NULL && words[i][0] == '-') {
			return usage(verb, "there is no such option", words[i]);
		} else if (value == NULL) {
			wish->service = words[i];
		}
	}
	if (wish->service == NULL)
		return usage(verb, "this is missing", "SERVICE");
	if (wish->lines != NULL && (wish->lines[0] == '\0' || wish->lines[strspn(wish->lines, "0123456789")] != '\0'))
		return usage(verb, "this is no number", wish->lines);
	return 0;
}

/* Does not return when it can be run. One match for each unit that may have had the service. */
static void run_journalctl(const struct ctl *ctl, const struct wish *wish)
{
	char service[300], unit[300], lines[32], since[128];
	const char *words[20] = { "journalctl", "--no-hostname" };
	size_t n = 2;
	(void)snprintf(service, sizeof(service), "BEAMR_SERVICE=%.250s", wish->service); /* names are short */
	(void)snprintf(unit, sizeof(unit), "_SYSTEMD_UNIT=beamrd@%.250s.service",
		ctl->instance != NULL ? ctl->instance : wish->service); /* as above */
	if (ctl->follow)
		words[n++] = "--follow";
	if (ctl->json)
		words[n++] = "--output=json";
	if (ctl->quiet)
		words[n++] = "--quiet";
	if (wish->lines != NULL) {
		(void)snprintf(lines, sizeof(lines), "--lines=%.20s", wish->lines); /* it is digits */
		words[n++] = lines;
	}
	if (wish->since != NULL) {
		(void)snprintf(since, sizeof(since), "--since=%.100s", wish->since); /* cut: no time */
		words[n++] = since;
	}
	if (ctl->instance == NULL) {
		words[n++] = service;
		words[n++] = "_SYSTEMD_UNIT=beamrd.service";
		words[n++] = "+";
	}
	words[n++] = service;
	words[n++] = unit;
	words[n] = NULL;
	(void)execvp("journalctl", (char **)(uintptr_t)words); /* which changes none of them */
}

/* Whether the daemon is one of systemd's units, by where its socket lies. */
static bool has_unit(const struct ctl *ctl)
{
	return ctl->instance != NULL || strncmp(ctl->address, "/run/beamr/", 11) == 0;
}

int verb_logs(struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct wish wish;
	int r = read_words(ctl, verb, count, words, &wish);
	if (r != 0)
		return r;
	if (has_unit(ctl) && access("/run/systemd/journal/socket", F_OK) == 0)
		run_journalctl(ctl, &wish);
	if (!ctl->quiet)
		fputs("beamrctl: no journal has this daemon's entries; of its events it keeps these\n", stderr);
	/* Fail only without memory. */
	(void)json_object_set_new(params, "service", json_string(wish.service));
	(void)json_object_set_new(params, "sinceSeq", json_integer(0));
	return verb_events(ctl, &control_verbs[CONTROL_VERB_events], params, 0, NULL);
}
