/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that look after a running daemon: tables, collections, pauses. */
#include "ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(const struct ctl *ctl)
{
	return ctl->json || ctl->field != NULL;
}

static void set(json_t *params, const char *key, json_t *value)
{
	(void)json_object_set_new(params, key, value); /* fails only without memory */
}

/* ---- ets ---- */

static int add_table(struct ctl *ctl, json_t *reply, void *user)
{
	json_t *element = json_object_get(reply, "table");
	if (element != NULL && !show_plain(ctl, element))
		table_row_of(user, control_structs[CONTROL_STRUCT_table].fields,
			control_structs[CONTROL_STRUCT_table].count, element);
	return 0;
}

static int list_tables(struct ctl *ctl, json_t *params)
{
	/* The word is the service here. */
	const char *service =
		json_object_get(params, "table") != NULL ? text_of(params, "table") : ctl->service;
	if (service != NULL)
		set(params, "service", json_string(service));
	(void)json_object_del(params, "table"); /* it need not be there */
	struct table *table = table_new(ctl);
	table_columns_of(table, control_structs[CONTROL_STRUCT_table].fields,
		control_structs[CONTROL_STRUCT_table].count);
	int r = ctl_follow(ctl, CONTROL_METHOD_table_list, json_incref(params), add_table, table);
	if (r != 0 || is_plain(ctl))
		ctl->legend = false;
	table_print(table);
	return r;
}

static int show_rows(struct ctl *ctl, const struct control_verb *verb, json_t *params)
{
	const char *table = text_of(params, "table"), *slash = strchr(table, '/');
	json_t *reply, *row;
	size_t i;
	if (*table == '\0') {
		fputs("beamrctl: TABLE is missing\n", stderr);
		help_usage(verb);
		return CTL_USAGE;
	}
	if (ctl->service == NULL && slash != NULL) {
		set(params, "service", json_stringn(table, (size_t)(slash - table)));
		set(params, "table", json_string(slash + 1));
	} else {
		set(params, "service",
			json_string(ctl->service != NULL ? ctl->service : "default"));
	}
	int r = ctl_call(ctl, CONTROL_METHOD_table_peek, json_incref(params), &reply);
	if (r != 0)
		return r;
	json_array_foreach(json_object_get(reply, "rows"), i, row) {
		if (!show_plain(ctl, row))
			puts(text_of(row, "text"));
	}
	if (json_object_get(reply, "pageToken") != NULL && !ctl->quiet)
		fprintf(stderr, "There are more.  Next page: --page %s\n",
			text_of(reply, "pageToken"));
	json_decref(reply);
	return 0;
}

int verb_ets(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	bool shows = count > 0 && strcmp(words[0], "show") == 0;
	int r = verb_parse(ctl, verb, count - shows, words + shows, params);
	if (r != 0)
		return r;
	return shows ? show_rows(ctl, verb, params) : list_tables(ctl, params);
}

/* ---- gc, suspend, resume ---- */

int verb_gc(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	char before[32], after[32];
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	show_bytes(number_of(reply, "before"), before, sizeof(before));
	show_bytes(number_of(reply, "after"), after, sizeof(after));
	if (!show_plain(ctl, reply) && !ctl->quiet)
		printf("%s before, %s after; %lld process%s, %.3f ms\n", before, after,
			(long long)number_of(reply, "processes"),
			number_of(reply, "processes") == 1 ? "" : "es",
			(double)number_of(reply, "durationUSec") / 1000.0);
	json_decref(reply);
	return 0;
}

int verb_suspend(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	return verb_silent(ctl, verb, params);
}

int verb_resume(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	return verb_silent(ctl, verb, params);
}

/* ---- check, metrics ---- */

int verb_check(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	const struct control_struct *type = &control_structs[CONTROL_STRUCT_health_check];
	json_t *reply, *check;
	size_t i;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (strcmp(text_of(reply, "status"), "failed") == 0)
		r = CTL_FAILED;
	if (!show_plain(ctl, reply) && !ctl->quiet) {
		struct table *table = table_new(ctl);
		table_columns_of(table, type->fields, type->count);
		json_array_foreach(json_object_get(reply, "checks"), i, check)
			table_row_of(table, type->fields, type->count, check);
		table_print(table);
	}
	json_decref(reply);
	return r;
}

int verb_metrics(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply))
		fputs(text_of(reply, "text"), stdout);
	json_decref(reply);
	return 0;
}

/* ---- log-level ---- */

static int show_level(struct ctl *ctl)
{
	json_t *params = json_object(), *reply, *level;
	const char *key;
	if (ctl->service != NULL)
		set(params, "service", json_string(ctl->service));
	int r = ctl_call(ctl, CONTROL_METHOD_log_level_get, params, &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply)) {
		puts(text_of(reply, "level"));
		json_object_foreach(json_object_get(reply, "overrides"), key, level)
			printf("%s %s\n", key, json_string_value(level));
	}
	json_decref(reply);
	return 0;
}

int verb_log_level(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	int r = verb_parse(ctl, verb, count, words, params);
	if (r != 0)
		return r;
	/* One word is the level. */
	if (json_object_get(params, "level") == NULL && json_object_get(params, "module") != NULL) {
		set(params, "level", json_string(text_of(params, "module")));
		(void)json_object_del(params, "module"); /* it is there */
	}
	if (json_object_get(params, "level") == NULL)
		return show_level(ctl);
	if (ctl->service != NULL || json_object_get(params, "module") != NULL)
		set(params, "service",
			json_string(ctl->service != NULL ? ctl->service : "default"));
	r = ctl_call(ctl, CONTROL_METHOD_log_level_set, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply) && !ctl->quiet)
		printf("It was %s.\n", text_of(reply, "previous"));
	json_decref(reply);
	return 0;
}

/* ---- drain ---- */

struct drain {
	bool done;
	int64_t remaining;
};

static int tell_drain(struct ctl *ctl, json_t *reply, void *user)
{
	struct drain *drain = user;
	json_t *service;
	size_t i;
	bool changed = drain->remaining != number_of(reply, "remaining");
	drain->done = json_is_true(json_object_get(reply, "done"));
	drain->remaining = number_of(reply, "remaining");
	if (show_plain(ctl, reply) || ctl->quiet || drain->done || !changed)
		return 0;
	printf("Draining:");
	json_array_foreach(json_object_get(reply, "services"), i, service)
		printf("%s %s %lld", i == 0 ? "" : ",", text_of(service, "name"),
			(long long)number_of(service, "processes"));
	putchar('\n');
	(void)fflush(stdout); /* somebody may wait for it; a failure shows at the end */
	return 0;
}

int verb_drain(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct drain drain = { .remaining = -1 };
	int r = ctl_follow(ctl, verb->method, json_incref(params), tell_drain, &drain);
	if (r == 0 && !drain.done) {
		fprintf(stderr, "beamrctl: %lld processes are left\n", (long long)drain.remaining);
		r = CTL_TIMED_OUT;
	} else if (r == 0 && !is_plain(ctl) && !ctl->quiet) {
		puts("Drained.");
	}
	return r;
}
