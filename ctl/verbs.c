/* SPDX-License-Identifier: Apache-2.0 */
/* What each verb does with its replies. */
#include "ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* In a column something has to stand. */
static const char *cell_of(json_t *object, const char *key)
{
	const char *text = text_of(object, key);
	return *text != '\0' ? text : "-";
}

/* ---- lists: a reply an element ---- */

struct rows {
	struct table *table;
	const char *key; /* of the element in the reply */
	const struct control_struct *type;
	size_t count;
	json_t *last; /* reply */
};

static int add_row(struct ctl *ctl, json_t *reply, void *user)
{
	struct rows *rows = user;
	json_t *element = json_object_get(reply, rows->key);
	json_decref(rows->last);
	rows->last = json_incref(reply);
	if (element == NULL)
		return 0;
	rows->count++;
	if (!show_plain(ctl, element))
		table_row_of(rows->table, rows->type->fields, rows->type->count, element);
	return 0;
}

static bool is_plain(const struct ctl *ctl)
{
	return ctl->json || ctl->field != NULL;
}

/* Follows a list and prints its table. rows->last is the caller's to release. */
static int list(struct ctl *ctl, enum control_method_id method, json_t *params, struct rows *rows)
{
	rows->table = table_new(ctl);
	table_columns_of(rows->table, rows->type->fields, rows->type->count);
	int r = ctl_follow(ctl, method, json_incref(params), add_row, rows);
	if (r != 0 || is_plain(ctl))
		ctl->legend = false;
	table_print(rows->table);
	return r;
}

int verb_ps(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct rows rows = { .key = "process", .type = &control_structs[CONTROL_STRUCT_process] };
	/* What is biggest is looked for, unless the order is by age. */
	const char *sort = json_string_value(json_object_get(params, "sort"));
	if (sort != NULL && strcmp(sort, "started") != 0 &&
		json_object_get(params, "descending") == NULL)
		(void)json_object_set_new(
			params, "descending", json_true()); /* fails only without memory */
	int r = list(ctl, CONTROL_METHOD_process_list, params, &rows);
	json_t *token = json_object_get(rows.last, "pageToken");
	if (r == 0 && ctl->tty && !is_plain(ctl)) {
		if (token != NULL)
			printf("%zu processes.  More: --limit 0, next page: --page %s\n",
				rows.count, json_string_value(token));
		else
			printf("%zu process%s.\n", rows.count, rows.count == 1 ? "" : "es");
	}
	json_decref(rows.last);
	return r;
}

int verb_modules(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct rows rows = { .key = "module", .type = &control_structs[CONTROL_STRUCT_module] };
	int r = list(ctl, CONTROL_METHOD_module_list, params, &rows);
	json_decref(rows.last);
	return r;
}

/* ---- one reply ---- */

int verb_ping(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply) && !ctl->quiet)
		puts("ok");
	json_decref(reply);
	return 0;
}

int verb_send(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	return verb_silent(ctl, verb, params);
}

int verb_delete(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	return verb_silent(ctl, verb, params);
}

int verb_shutdown(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	return verb_silent(ctl, verb, params);
}

static void print_names(const char *heading, json_t *names)
{
	json_t *name;
	size_t i;
	json_array_foreach(names, i, name) {
		printf("%s%s%s", i == 0 ? heading : ", ", json_string_value(name),
			i + 1 == json_array_size(names) ? "\n" : "");
	}
}

int verb_reload(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	bool dry_run = json_object_get(params, "dryRun") != NULL;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	json_t *changed = json_object_get(reply, "changed"),
	       *restart = json_object_get(reply, "requiresRestart");
	if (!show_plain(ctl, reply) && !ctl->quiet) {
		print_names(dry_run ? "Would change: " : "Changed: ", changed);
		print_names("Needs a restart: ", restart);
	}
	r = dry_run && json_array_size(changed) + json_array_size(restart) > 0 ? CTL_WOULD_CHANGE
									       : 0;
	json_decref(reply);
	return r;
}

struct spawned {
	bool told, in_order;
	char reason[420];
};

static int note_spawned(struct ctl *ctl, json_t *reply, void *user)
{
	struct spawned *spawned = user;
	const char *reason = json_string_value(json_object_get(reply, "reason"));
	if (!show_plain(ctl, reply) && !spawned->told)
		puts(cell_of(reply, "process"));
	(void)fflush(stdout); /* a reader may wait for it; a failure shows at the end */
	spawned->told = true;
	if (reason != NULL) {
		(void)snprintf(
			spawned->reason, sizeof(spawned->reason), "%s", reason); /* cut when long */
		spawned->in_order = json_is_true(json_object_get(reply, "inOrder"));
	}
	return 0;
}

int verb_spawn(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct spawned spawned = { .told = false };
	int64_t timeout = ctl->timeout_usec;
	bool monitors = json_is_true(json_object_get(params, "monitor"));
	if (!monitors) {
		json_t *reply;
		int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
		if (r != 0)
			return r;
		if (!show_plain(ctl, reply))
			puts(cell_of(reply, "process"));
		json_decref(reply);
		return 0;
	}
	/* However long it lives. */
	if (timeout == 0)
		ctl->timeout_usec =
			20 * 86400 * INT64_C(1000000); /* what milliseconds in an int can hold */
	int r = ctl_follow(ctl, verb->method, json_incref(params), note_spawned, &spawned);
	ctl->timeout_usec = timeout;
	if (r != 0)
		return r;
	if (!spawned.in_order)
		fprintf(stderr, "beamrctl: it ended with %s\n", spawned.reason);
	return spawned.in_order ? 0 : CTL_FAILED;
}

int verb_call(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	char reductions[32];
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply)) {
		const char *output = json_string_value(json_object_get(reply, "output"));
		if (output != NULL)
			fputs(output, stdout);
		puts(cell_of(json_object_get(reply, "result"), "text"));
		show_count(number_of(reply, "reductions"), reductions, sizeof(reductions));
		if (ctl->tty && !ctl->quiet)
			fprintf(stderr, "took %.3f ms, %s reductions\n",
				(double)number_of(reply, "durationUSec") / 1000.0, reductions);
	}
	json_decref(reply);
	return 0;
}

static int tell_dry_run(struct ctl *ctl, json_t *params, json_t *reply)
{
	json_t *also = json_object_get(reply, "alsoLinked"), *item;
	size_t i;
	if (show_plain(ctl, reply))
		return json_is_true(json_object_get(reply, "exited")) ? CTL_WOULD_CHANGE : 0;
	const char *process = cell_of(params, "process");
	if (!json_is_true(json_object_get(reply, "exited"))) {
		printf("%s would not die of it.  Nothing was done.\n", process);
		return 0;
	}
	printf("Would send %s to %s.", cell_of(params, "kind"), process);
	if (json_array_size(also) == 0) {
		puts("  No other process would die with it.");
	} else {
		puts("  Linked and not trapping exits, so these would die too:");
		json_array_foreach(also, i, item) {
			printf("  %s\n", json_string_value(item));
		}
	}
	puts("Nothing was done.");
	return CTL_WOULD_CHANGE;
}

int verb_kill(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	bool dry_run = json_object_get(params, "dryRun") != NULL;
	if (json_object_get(params, "kind") == NULL)
		(void)json_object_set_new(params, "kind",
			json_string(json_object_get(params, "reason") != NULL
					    ? "exit"
					    : "kill")); /* fails only without memory */
	if (!dry_run)
		(void)json_object_set_new(params, "waitUSec",
			json_integer(ctl->timeout_usec > 0 ? ctl->timeout_usec
							   : 5000000)); /* as above */
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (dry_run) {
		r = tell_dry_run(ctl, params, reply);
	} else if (!show_plain(ctl, reply) && !json_is_true(json_object_get(reply, "exited"))) {
		if (!ctl->quiet)
			fprintf(stderr, "beamrctl: the signal was sent, but the process still "
					"lives; it may trap exits\n");
		r = CTL_TIMED_OUT;
	}
	json_decref(reply);
	return r;
}

int verb_purge(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply) && !ctl->quiet) {
		if (!json_is_true(json_object_get(reply, "purged")))
			puts("There was no old code.");
		print_names("Killed: ", json_object_get(reply, "killed"));
	}
	json_decref(reply);
	return 0;
}

int verb_collect(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply) && !ctl->quiet) {
		const json_int_t before = json_integer_value(json_object_get(reply, "before")),
				 after = json_integer_value(json_object_get(reply, "after"));
		printf("%lld atoms of %lld are left; the service paused for %.1f ms.\n", (long long)after,
			(long long)before, (double)json_integer_value(json_object_get(reply, "pauseUSec")) / 1000);
	}
	json_decref(reply);
	return 0;
}

int verb_mem(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	const struct control_struct *type = &control_structs[CONTROL_STRUCT_memory];
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	json_t *memory = json_object_get(reply, "memory");
	if (!show_plain(ctl, memory)) {
		struct table *table = table_new(ctl);
		table_column(table, "WHAT");
		table_column(table, "BYTES|bytes");
		for (size_t i = 0; i < type->count; i++) {
			if (json_object_get(memory, type->fields[i].wire) == NULL ||
				type->fields[i].type != CONTROL_INT)
				continue;
			table_cell(table, type->fields[i].wire);
			table_value(table, json_object_get(memory, type->fields[i].wire), "bytes");
		}
		table_print(table);
	}
	json_decref(reply);
	return 0;
}

/* Elements of a list in one reply. */
static void print_elements(struct ctl *ctl, json_t *elements, const struct control_struct *type)
{
	struct table *table = table_new(ctl);
	json_t *element;
	size_t i;
	table_columns_of(table, type->fields, type->count);
	json_array_foreach(elements, i, element) {
		if (!show_plain(ctl, element))
			table_row_of(table, type->fields, type->count, element);
	}
	if (is_plain(ctl))
		ctl->legend = false;
	table_print(table);
}

static int call_elements(struct ctl *ctl, const struct control_verb *verb, json_t *params,
	const char *key, enum control_struct_id type)
{
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	print_elements(ctl, json_object_get(reply, key), &control_structs[type]);
	json_decref(reply);
	return 0;
}

int verb_schedulers(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	return call_elements(ctl, verb, params, "schedulers", CONTROL_STRUCT_scheduler);
}

int verb_names(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	return call_elements(ctl, verb, params, "names", CONTROL_STRUCT_name_entry);
}

int verb_peek(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	json_t *messages = json_object_get(reply, "messages");
	print_elements(ctl, messages, &control_structs[CONTROL_STRUCT_message]);
	int64_t total = number_of(reply, "total");
	if (!is_plain(ctl) && ctl->tty)
		printf("%zu of %lld messages.\n", json_array_size(messages), (long long)total);
	json_decref(reply);
	return 0;
}

int verb_stack(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	json_t *frame;
	size_t i;
	json_array_foreach(json_object_get(reply, "frames"), i, frame) {
		char text[1200];
		if (show_plain(ctl, frame))
			continue;
		show_frame(frame, text, sizeof(text));
		const char *file = json_string_value(json_object_get(frame, "file"));
		if (file != NULL)
			printf("%s  %s:%lld\n", text, file, (long long)number_of(frame, "line"));
		else
			puts(text);
	}
	json_decref(reply);
	return 0;
}

/* ---- one process ---- */

static void print_value(const struct control_field *field, json_t *value)
{
	const char *bar = strchr(field->heading, '|');
	char text[1200];
	json_t *item;
	const char *key;
	size_t i;
	if (json_is_array(value)) {
		json_array_foreach(value, i, item) {
			if (json_is_object(item)) {
				show_frame(item, text, sizeof(text));
				const char *file = json_string_value(json_object_get(item, "file"));
				printf("%s%s", i > 0 ? "\n                  " : "", text);
				if (file != NULL)
					printf("  %s:%lld", file,
						(long long)number_of(item, "line"));
			} else {
				printf("%s%s", i > 0 ? ", " : "", json_string_value(item));
			}
		}
	} else if (json_is_object(value) && field->cardinality == CONTROL_OPTIONAL_MAP) {
		i = 0;
		json_object_foreach(value, key, item) {
			printf("%s%s = %s", i++ > 0 ? "\n                  " : "", key,
				json_string_value(item));
		}
	} else if (json_is_object(value)) {
		show_frame(value, text, sizeof(text));
		fputs(text, stdout);
	} else if (json_is_string(value)) {
		fputs(json_string_value(value), stdout);
	} else if (json_is_boolean(value)) {
		fputs(json_is_true(value) ? "yes" : "no", stdout);
	} else if (bar != NULL && strcmp(bar, "|bytes") == 0) {
		show_bytes(json_integer_value(value), text, sizeof(text));
		fputs(text, stdout);
	} else if (strstr(field->wire, "RealtimeUSec") != NULL) {
		show_time(json_integer_value(value), text, sizeof(text));
		fputs(text, stdout);
	} else {
		printf("%lld", (long long)json_integer_value(value));
	}
	putchar('\n');
}

int verb_show(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	const struct control_struct *type = &control_structs[CONTROL_STRUCT_process];
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	json_t *process = json_object_get(reply, "process");
	if (!show_plain(ctl, process)) {
		for (size_t i = 0; i < type->count; i++) {
			json_t *value = json_object_get(process, type->fields[i].wire);
			bool empty = value == NULL ||
				     (json_is_array(value) && json_array_size(value) == 0) ||
				     (json_is_object(value) && json_object_size(value) == 0);
			if (empty)
				continue;
			printf("%16s: ", type->fields[i].wire);
			print_value(&type->fields[i], value);
		}
	}
	json_decref(reply);
	return 0;
}

static int describe_lists(struct ctl *ctl, const struct control_verb *verb, json_t *params,
	const char *const *keys, const char *const *marks, size_t n)
{
	json_t *reply, *fields = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
			fields, json_string(keys[i]));       /* fails only without memory */
	(void)json_object_set_new(params, "fields", fields); /* as above */
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	json_t *process = json_object_get(reply, "process");
	struct table *table = table_new(ctl);
	table_column(table, "KIND");
	table_column(table, "PROCESS");
	for (size_t i = 0; i < n; i++) {
		json_t *item;
		size_t k;
		json_array_foreach(json_object_get(process, keys[i]), k, item) {
			if (is_plain(ctl)) {
				json_t *object =
					json_pack("{s:s, s:O}", "kind", marks[i], "process", item);
				(void)show_plain(ctl, object);
				json_decref(object);
				continue;
			}
			table_cell(table, marks[i]);
			table_cell(table, json_string_value(item));
		}
	}
	if (is_plain(ctl))
		ctl->legend = false;
	table_print(table);
	json_decref(reply);
	return 0;
}

int verb_links(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	static const char *const keys[] = { "links" };
	static const char *const marks[] = { "link" };
	return describe_lists(ctl, verb, params, keys, marks, 1);
}

int verb_monitors(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	static const char *const keys[] = { "monitors", "monitoredBy" };
	static const char *const marks[] = { "monitors", "monitored by" };
	return describe_lists(ctl, verb, params, keys, marks, 2);
}

/* ---- events ---- */

#define STREAM_OVER 1000 /* no exit status: the reader has seen enough */

static int show_event(struct ctl *ctl, json_t *reply, void *user)
{
	json_t *event = json_object_get(reply, "event");
	int64_t lost = number_of(reply, "lost");
	if (lost > 0 && !is_plain(ctl))
		printf("-- %lld events were lost here --\n", (long long)lost);
	if (json_is_true(json_object_get(reply, "ready")) && !ctl->follow)
		return STREAM_OVER;
	if (event == NULL)
		return 0;
	if (!show_plain(ctl, event)) {
		char time_text[32];
		show_time(number_of(event, "realtimeUSec"), time_text, sizeof(time_text));
		printf("%s  %-10s %s\n", time_text, cell_of(event, "kind"), cell_of(event, "text"));
	}
	if (fflush(stdout) != 0)
		return CTL_FAILED; /* nobody reads */
	return 0;
}

int verb_events(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	if (!ctl->follow && json_object_get(params, "sinceSeq") == NULL)
		(void)json_object_set_new(
			params, "sinceSeq", json_integer(0)); /* fails only without memory */
	int r = ctl_follow(ctl, verb->method, json_incref(params), show_event, NULL);
	return r == STREAM_OVER ? 0 : r;
}

/* ---- trace ---- */

#define TRACE_COUNT 100
#define TRACE_USEC 10000000

static int show_traced(struct ctl *ctl, json_t *reply, void *user)
{
	const char *ended = json_string_value(json_object_get(reply, "ended"));
	int r = show_event(ctl, reply, user);
	if (ended != NULL && !is_plain(ctl))
		printf("-- ended: %s --\n", ended);
	return r == STREAM_OVER ? 0 : r; /* live at once */
}

static void usual(json_t *params, const char *key, json_t *value)
{
	if (json_object_get(params, key) == NULL)
		(void)json_object_set_new(params, key, value); /* fails only without memory */
	else
		json_decref(value);
}

int verb_trace(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	/* Nobody can forget the bounds. */
	usual(params, "countMax", json_integer(TRACE_COUNT));
	usual(params, "durationUSecMax", json_integer(TRACE_USEC));
	if (json_array_size(json_object_get(params, "what")) == 0)
		(void)json_object_set_new(params, "what", json_pack("[s]", "call")); /* as above */
	return ctl_follow(ctl, verb->method, json_incref(params), show_traced, NULL);
}

/* ---- status ---- */

static int add_service(struct ctl *ctl, json_t *reply, void *user)
{
	json_t *service = json_object_get(reply, "service");
	return service == NULL || json_array_append(user, service) == 0 ? 0 : CTL_FAILED;
}

#define MET_LATELY_USEC 60000000

/* What somebody who looks after a service should know. */
static void print_limits_met(json_t *service)
{
	json_t *met;
	size_t i;
	json_array_foreach(json_object_get(json_object_get(service, "usage"), "limitsMet"), i, met) {
		int64_t ago = show_now_usec() - number_of(met, "lastRealtimeUSec");
		char age[32];
		if (ago >= MET_LATELY_USEC)
			continue;
		show_age(ago, age, sizeof(age));
		printf("%s has met its %s: %lld times, last %s ago\n", cell_of(service, "name"),
			cell_of(met, "limit"), (long long)number_of(met, "times"), age);
	}
}

static void print_services(struct ctl *ctl, json_t *services)
{
	static const enum control_struct_id types[] = { CONTROL_STRUCT_instance,
		CONTROL_STRUCT_usage };
	struct table *table = table_new(ctl);
	json_t *service;
	size_t i;
	for (size_t k = 0; k < 2; k++)
		table_columns_of(
			table, control_structs[types[k]].fields, control_structs[types[k]].count);
	json_array_foreach(services, i, service) {
		if (show_plain(ctl, service))
			continue;
		table_row_of(table, control_structs[types[0]].fields,
			control_structs[types[0]].count, service);
		table_row_of(table, control_structs[types[1]].fields,
			control_structs[types[1]].count, json_object_get(service, "usage"));
	}
	bool plain = is_plain(ctl);
	if (plain)
		ctl->legend = false;
	table_print(table);
	json_array_foreach(services, i, service) {
		if (!plain)
			print_limits_met(service);
	}
}

int verb_status(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply, *memory = NULL, *services;
	if (json_object_get(params, "service") != NULL)
		return service_status(ctl, cell_of(params, "service"));
	services = json_array();
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r == 0)
		r = ctl_follow(ctl, CONTROL_METHOD_service_list, json_pack("{s:b}", "withUsage", 1),
			add_service, services);
	if (r != 0) {
		json_decref(services);
		return r;
	}
	(void)json_object_set(reply, "services",
		ctl->json ? services : json_object_get(reply, "services")); /* for --json */
	if (show_plain(ctl, reply)) {
		json_decref(services);
		json_decref(reply);
		return 0;
	}
	char since[32], age[32], bytes[32];
	show_time(number_of(reply, "startedRealtimeUSec"), since, sizeof(since));
	show_age(number_of(reply, "uptimeUSec"), age, sizeof(age));
	printf("beamrd %s, %s since %s; %s ago\n", cell_of(reply, "version"),
		cell_of(reply, "state"), since, age);
	printf("    Socket: %s\n", ctl->address);
	printf("   Process: %lld\n", (long long)number_of(reply, "mainPid"));
	printf("       OTP: %s\n", cell_of(reply, "otpRelease"));
	if (ctl_call(ctl, CONTROL_METHOD_daemon_memory, NULL, &memory) == 0) {
		show_bytes(number_of(json_object_get(memory, "memory"), "total"), bytes,
			sizeof(bytes));
		printf("    Memory: %s\n", bytes);
		json_decref(memory);
	}
	printf("Schedulers: %lld\n", (long long)number_of(reply, "schedulers"));
	printf("  Services: %lld, %lld processes, %lld modules\n\n",
		(long long)number_of(reply, "services"), (long long)number_of(reply, "processes"),
		(long long)number_of(reply, "modules"));
	print_services(ctl, services);
	json_decref(services);
	json_decref(reply);
	return 0;
}

int verb_ls(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *services = json_array();
	(void)json_object_set_new(params, "withUsage", json_true()); /* fails only without memory */
	int r = ctl_follow(ctl, verb->method, json_incref(params), add_service, services);
	if (r == 0)
		print_services(ctl, services);
	json_decref(services);
	return r;
}

/* ---- namespaces ---- */

static int list_namespaces(struct ctl *ctl)
{
	json_t *services = json_array();
	int r = ctl_follow(ctl, CONTROL_METHOD_service_list, json_pack("{s:b}", "withUsage", 1),
		add_service, services);
	if (r == 0)
		print_services(ctl, services);
	json_decref(services);
	return r;
}

static int namespaces_usage(const struct control_verb *verb)
{
	help_usage(verb);
	return CTL_USAGE;
}

static int create_namespace(
	struct ctl *ctl, const struct control_verb *verb, int count, char **words)
{
	json_t *reply, *paths = json_array();
	const char *name = NULL;
	for (int i = 0; i < count; i++) {
		if (strcmp(words[i], "--path") == 0 && i + 1 < count) {
			char *real = realpath(
				words[++i], NULL); /* the daemon stands in another folder */
			(void)json_array_append_new(paths,
				json_string(real != NULL
						    ? real
						    : words[i])); /* fails only without memory */
			free(real);
		} else if (name == NULL && words[i][0] != '-') {
			name = words[i];
		} else {
			json_decref(paths);
			return namespaces_usage(verb);
		}
	}
	if (name == NULL) {
		json_decref(paths);
		return namespaces_usage(verb);
	}
	json_t *params = json_pack("{s:s, s:o}", "service", name, "codePaths", paths);
	int r = ctl_call(ctl, CONTROL_METHOD_service_create, params, &reply);
	if (r == 0)
		json_decref(reply);
	return r;
}

static int remove_namespace(
	struct ctl *ctl, const struct control_verb *verb, int count, char **words)
{
	json_t *reply;
	bool dry_run =
		count == 2 && (strcmp(words[1], "--dry-run") == 0 || strcmp(words[1], "-n") == 0);
	if (count < 1 || words[0][0] == '-' || (count > 1 && !dry_run))
		return namespaces_usage(verb);
	int r = ctl_call(ctl, CONTROL_METHOD_service_remove,
		json_pack("{s:s, s:b}", "service", words[0], "dryRun", (int)dry_run), &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply) && dry_run)
		printf("Would remove %s and end its processes.  Nothing was done.\n", words[0]);
	json_decref(reply);
	return dry_run ? CTL_WOULD_CHANGE : 0;
}

static int add_path(struct ctl *ctl, const struct control_verb *verb, int count, char **words)
{
	json_t *reply;
	if (count != 2)
		return namespaces_usage(verb);
	char *real = realpath(words[1], NULL);
	int r = ctl_call(ctl, CONTROL_METHOD_service_add_code_path,
		json_pack(
			"{s:s, s:s}", "service", words[0], "path", real != NULL ? real : words[1]),
		&reply);
	free(real);
	if (r == 0)
		json_decref(reply);
	return r;
}

int verb_namespaces(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	if (count == 0 || (count == 1 && strcmp(words[0], "list") == 0))
		return list_namespaces(ctl);
	if (strcmp(words[0], "create") == 0)
		return create_namespace(ctl, verb, count - 1, words + 1);
	if (strcmp(words[0], "remove") == 0)
		return remove_namespace(ctl, verb, count - 1, words + 1);
	if (strcmp(words[0], "add-path") == 0)
		return add_path(ctl, verb, count - 1, words + 1);
	return namespaces_usage(verb);
}
