/* SPDX-License-Identifier: Apache-2.0 */
/* What could stand at the cursor: verbs, options, and live names asked of the daemon, in 200 ms at most. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_MSEC 200

static void offer(const char *prefix, const char *candidate)
{
	if (candidate != NULL && strncmp(prefix, candidate, strlen(prefix)) == 0)
		puts(candidate);
}

struct live {
	const char *prefix;
	const char *outer; /* key of the object in the reply */
	const char *inner; /* key of the name in it */
};

static int offer_live(struct ctl *ctl, json_t *reply, void *user)
{
	const struct live *live = user;
	offer(live->prefix, json_string_value(json_object_get(
				    json_object_get(reply, live->outer), live->inner)));
	return 0;
}

static json_t *with_service(const struct ctl *ctl)
{
	return ctl->service != NULL ? json_pack("{s:s}", "service", ctl->service) : json_object();
}

static void offer_names(struct ctl *ctl, const char *prefix)
{
	json_t *reply, *name;
	size_t i;
	if (ctl_call(ctl, CONTROL_METHOD_process_names, with_service(ctl), &reply) != 0)
		return;
	json_array_foreach(json_object_get(reply, "names"), i, name) {
		offer(prefix, json_string_value(json_object_get(name, "name")));
	}
	json_decref(reply);
}

static void offer_placeholder(struct ctl *ctl, const char *placeholder, const char *prefix)
{
	struct live live = { .prefix = prefix };
	if (ctl_connect_silently(ctl, PATIENCE_MSEC) != 0)
		return;
	if (strcmp(placeholder, "PROCESS") == 0) {
		offer_names(ctl, prefix);
	} else if (strcmp(placeholder, "MODULE") == 0) {
		live.outer = "module";
		live.inner = "module";
		(void)ctl_follow(ctl, CONTROL_METHOD_module_list, with_service(ctl), offer_live,
			&live); /* silent when it fails */
	} else if (strcmp(placeholder, "TABLE") == 0) {
		live.outer = "table";
		live.inner = "table";
		(void)ctl_follow(ctl, CONTROL_METHOD_table_list, with_service(ctl), offer_live,
			&live); /* as above */
	} else if (strcmp(placeholder, "RELEASE") == 0) {
		live.outer = "release";
		live.inner = "digest";
		(void)ctl_follow(ctl, CONTROL_METHOD_service_history, with_service(ctl), offer_live,
			&live); /* as above */
	} else if (strcmp(placeholder, "SERVICE") == 0) {
		live.outer = "service";
		live.inner = "name";
		(void)ctl_follow(ctl, CONTROL_METHOD_service_list, json_object(), offer_live,
			&live); /* as above */
	}
}

static void offer_options(const struct control_verb *verb, const char *prefix)
{
	static const char *const common[] = { "--json", "--no-legend", "--timeout", "--help" };
	char text[64];
	for (size_t i = 0; verb != NULL && i < verb->option_count; i++) {
		(void)snprintf(
			text, sizeof(text), "--%s", verb->options[i].name); /* short in the table */
		offer(prefix, text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		offer(prefix, common[i]);
}

void complete_words(struct ctl *ctl, int count, char **words)
{
	const struct control_verb *verb = NULL;
	const char *prefix = count > 0 ? words[count - 1] : "";
	size_t place = 0;
	for (int i = 0; i + 1 < count; i++) {
		bool takes = strcmp(words[i], "-S") == 0 || strcmp(words[i], "-i") == 0 ||
			     strcmp(words[i], "-s") == 0;
		if (takes) {
			if (i + 2 == count) {
				if (strcmp(words[i], "-s") == 0)
					offer_placeholder(ctl, "SERVICE", prefix);
				return;
			}
			if (strcmp(words[i], "-S") == 0)
				ctl->address = words[i + 1];
			if (strcmp(words[i], "-s") == 0)
				ctl->service = words[i + 1];
			i++;
		} else if (words[i][0] != '-') {
			int id = verb == NULL ? control_verb_find(words[i]) : -1;
			if (verb == NULL && id < 0)
				return;
			if (verb == NULL)
				verb = &control_verbs[id];
			else {
				/* The first word of most of these is the service that the next is of. */
				if (place == 0 && verb->word_count > 0 &&
					strcmp(verb->words[0].placeholder, "SERVICE") == 0)
					ctl->service = words[i];
				place++;
			}
		}
	}
	if (prefix[0] == '-') {
		offer_options(verb, prefix);
		return;
	}
	if (verb == NULL) {
		for (int i = 0; i < CONTROL_VERBS; i++)
			offer(prefix, control_verbs[i].word);
		return;
	}
	if (verb == &control_verbs[CONTROL_VERB_namespaces]) {
		static const char *const words_of[] = { "list", "create", "remove", "add-path" };
		for (size_t i = 0; place == 0 && i < ARRAY_SIZE(words_of); i++)
			offer(prefix, words_of[i]);
		if (place == 1)
			offer_placeholder(ctl, "SERVICE", prefix);
		return;
	}
	/* Of a table, or of which service they are listed. */
	if (verb == &control_verbs[CONTROL_VERB_ets] && place == 0) {
		offer(prefix, "show");
		offer_placeholder(ctl, "SERVICE", prefix);
		return;
	}
	if (verb == &control_verbs[CONTROL_VERB_ets])
		place--;
	if (place < verb->word_count)
		offer_placeholder(ctl, verb->words[place].placeholder, prefix);
}
