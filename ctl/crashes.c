/* SPDX-License-Identifier: Apache-2.0 */
/* What crashed, of the events that the daemon keeps: each crash with what its supervisor did about it and what it took along. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#define STREAM_OVER 1000 /* no exit status: the reader has seen enough */

/* A field of the entry that has no name of its own in an event. */
static const char *field_of(json_t *event, const char *name)
{
	return text_of(json_object_get(event, "fields"), name);
}

/* What is heard: crashes by id, and what others have to do with them. */
struct heard {
	json_t *crashes; /* list of events, oldest first */
	json_t *by_id;   /* the same, borrowed by their crash id */
	bool failed;
};

/* Joins what belongs to a crash: "restart" and "giveup", the event; "took", a list of events. */
static void join(struct heard *heard, json_t *event)
{
	const char *kind = text_of(event, "kind");
	json_t *crash = json_object_get(heard->by_id, field_of(event, "BEAMR_CAUSE"));
	bool is_crash = strcmp(kind, "crash") == 0, bad = false;
	if (is_crash) {
		bad = json_array_append(heard->crashes, event) != 0 ||
		      json_object_set(heard->by_id, text_of(event, "crashId"), event) != 0;
	} else if (crash == NULL) {
		return; /* its cause is no longer known */
	}
	if (crash != NULL && (is_crash || strcmp(kind, "exit") == 0)) {
		json_t *took = json_object_get(crash, "took");
		if (took == NULL)
			bad |= json_object_set_new(crash, "took", took = json_array()) != 0;
		bad |= json_array_append(took, event) != 0;
	} else if (crash != NULL) {
		bad |= json_object_set(crash, kind, event) != 0;
	}
	heard->failed |= bad;
}

static void show_line(struct ctl *ctl, json_t *event)
{
	char time_text[32];
	json_t *restart = json_object_get(event, "restart"),
	       *giveup = json_object_get(event, "giveup");
	size_t took = json_array_size(json_object_get(event, "took"));
	if (show_plain(ctl, event))
		return;
	show_time(json_integer_value(json_object_get(event, "realtimeUSec")), time_text,
		sizeof(time_text));
	printf("%s  %s  %s", time_text, text_of(event, "crashId"), text_of(event, "text"));
	if (giveup != NULL)
		printf("; given up by %s", text_of(giveup, "name"));
	else if (restart != NULL)
		printf("; started again as %s", text_of(restart, "other"));
	if (took > 0)
		printf("; took %zu along", took);
	putchar('\n');
}

static int hear(struct ctl *ctl, json_t *reply, void *user)
{
	struct heard *heard = user;
	json_t *event = json_object_get(reply, "event");
	if (json_is_true(json_object_get(reply, "ready"))) {
		for (size_t i = 0; i < json_array_size(heard->crashes) && ctl->follow; i++)
			show_line(ctl, json_array_get(heard->crashes, i));
		return ctl->follow ? fflush(stdout) : STREAM_OVER;
	}
	if (event == NULL)
		return 0;
	join(heard, event);
	return heard->failed ? CTL_FAILED : 0;
}

/* From here on they come as they happen: what others have to do with them is not known yet. */
static int follow(struct ctl *ctl, json_t *reply, void *user)
{
	struct heard *heard = user;
	json_t *event = json_object_get(reply, "event");
	if (heard->crashes != NULL && !json_is_true(json_object_get(reply, "ready")))
		return hear(ctl, reply, user);
	if (json_is_true(json_object_get(reply, "ready"))) {
		int r = hear(ctl, reply, user);
		json_decref(heard->crashes);
		heard->crashes = NULL;
		return r != 0 ? CTL_FAILED : 0;
	}
	if (event == NULL || strcmp(text_of(event, "kind"), "crash") != 0)
		return 0;
	show_line(ctl, event);
	return fflush(stdout) != 0 ? CTL_FAILED : 0;
}

/* Returns 0 or an exit status. */
static int listen_to(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, struct heard *heard)
{
	json_t *sent = json_deep_copy(params);
	json_t *kinds = json_pack("[s,s,s,s]", "crash", "exit", "restart", "giveup");
	*heard = (struct heard){ .crashes = json_array(), .by_id = json_object() };
	if (sent == NULL || heard->crashes == NULL || heard->by_id == NULL ||
		json_object_set_new(sent, "kinds", kinds) != 0 ||
		json_object_set_new(sent, "sinceSeq", json_integer(0)) != 0) {
		json_decref(sent);
		fputs("beamrctl: there is no memory\n", stderr);
		return CTL_FAILED;
	}
	int r = ctl_follow(ctl, verb->method, sent, ctl->follow ? follow : hear, heard);
	return r == STREAM_OVER ? 0 : r;
}

static void forget(struct heard *heard)
{
	/* What is joined holds each other only downwards: a cause is older than what it caused. */
	json_decref(heard->by_id);
	json_decref(heard->crashes);
}

int verb_crashes(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct heard heard;
	int r = listen_to(ctl, verb, params, &heard);
	for (size_t i = 0; r == 0 && i < json_array_size(heard.crashes); i++)
		show_line(ctl, json_array_get(heard.crashes, i));
	forget(&heard);
	return r;
}

/* ---- one of them ---- */

static void show_labelled(const char *label, const char *text)
{
	while (*text != '\0') { /* more than one line stays in its column */
		size_t length = strcspn(text, "\n");
		printf("  %-12s %.*s\n", label, (int)length, text);
		label = "";
		text += length + (text[length] == '\n');
	}
}

static void show_stack(json_t *event)
{
	json_t *frames = json_object_get(event, "stack");
	for (size_t i = 0; i < json_array_size(frames); i++) {
		char function[600], line[1200];
		json_t *frame = json_array_get(frames, i);
		json_int_t at = json_integer_value(json_object_get(frame, "line"));
		show_frame(frame, function, sizeof(function));
		if (text_of(frame, "file")[0] != '\0')
			(void)snprintf(line, sizeof(line), "%s   %s:%lld", function,
				text_of(frame, "file"), (long long)at); /* cut when it is absurd */
		else
			(void)snprintf(line, sizeof(line), "%s", function); /* as above */
		show_labelled(i == 0 ? "at" : i == 1 ? "from" : "", line);
	}
}

static void show_supervisor(json_t *event)
{
	json_t *restart = json_object_get(event, "restart"),
	       *giveup = json_object_get(event, "giveup");
	json_t *by = giveup != NULL ? giveup : restart;
	if (by == NULL)
		return;
	printf("Supervisor %s%s%s ", text_of(by, "name"), text_of(by, "name")[0] != '\0' ? " " : "",
		text_of(by, "process"));
	if (giveup != NULL)
		printf("gave it up: %s.\n", field_of(giveup, "BEAMR_DETAIL"));
	else
		printf("started it again as %s (%s).\n", text_of(restart, "other"),
			field_of(restart, "BEAMR_RESTART"));
}

static void show_took(json_t *event)
{
	json_t *took = json_object_get(event, "took");
	size_t count = json_array_size(took);
	if (count > 0)
		puts("What it took along:");
	for (size_t i = 0; i < count; i++) {
		json_t *other = json_array_get(took, i);
		const char *name = text_of(other, "name");
		printf("  %s%s%s%s  %s\n", i + 1 < count ? "├─" : "└─", text_of(other, "process"),
			name[0] != '\0' ? " " : "", name,
			strcmp(text_of(other, "kind"), "crash") == 0
				? "went after it"
				: "by link, did not trap exits");
	}
}

static void show_crash(struct ctl *ctl, json_t *event)
{
	static const struct {
		const char *label, *field;
	} more[] = { { "last message", "BEAMR_LAST_MESSAGE" }, { "state", "BEAMR_STATE" },
		{ "asked by", "BEAMR_CLIENT" }, { "behaviour's name", "BEAMR_SERVER" },
		{ "initial call", "BEAMR_INITIAL_CALL" }, { "ancestors", "BEAMR_ANCESTORS" },
		{ "links", "BEAMR_LINKS" }, { "caused by", "BEAMR_CAUSE" } };

	char time_text[32];
	const char *id = text_of(event, "crashId");
	if (show_plain(ctl, event))
		return;
	show_time(json_integer_value(json_object_get(event, "realtimeUSec")), time_text,
		sizeof(time_text));
	printf("%s\n%s  %s\n", text_of(event, "text"), time_text, id);
	show_labelled("reason", text_of(event, "reason"));
	show_stack(event);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		show_labelled(more[i].label, field_of(event, more[i].field));
	show_supervisor(event);
	show_took(event);
	printf("journalctl BEAMR_CRASH_ID=%s + BEAMR_CAUSE=%s\n", id, id);
}

int verb_crash(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct heard heard;
	json_t *found = NULL;
	size_t length;
	if (count > 0 && strcmp(words[0], "show") == 0) /* also in more words */
		words++, count--;
	if (count != 1) {
		help_usage(verb);
		return CTL_USAGE;
	}
	ctl->follow = false;
	if (ctl->service != NULL)
		(void)json_object_set_new(
			params, "service", json_string(ctl->service)); /* without it: of all */
	int r = listen_to(ctl, verb, params, &heard);
	length = strlen(words[0]);
	for (size_t i = json_array_size(heard.crashes); r == 0 && found == NULL && i-- > 0;) {
		json_t *event = json_array_get(heard.crashes, i);
		if (strcmp(words[0], "last") == 0 ||
			strncasecmp(text_of(event, "crashId"), words[0], length) == 0)
			found = event;
	}
	if (found != NULL)
		show_crash(ctl, found);
	else if (r == 0)
		fprintf(stderr,
			"beamrctl: no crash \"%s\" is among the events that are kept; older ones "
			"are in the journal\n",
			words[0]);
	forget(&heard);
	return r != 0 ? r : found != NULL ? 0 : CTL_MISSING;
}
