/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about services: deploy, activate, confirm, diff, history, rollback, rm, start, stop, restart, quota, wait. */
#include "ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUIET_MSEC 500 /* what takes longer shows how far it is */

static int64_t now_msec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* "1.4.2 (9f2c…)", or "9f2c…" */
static void release_text(const char *version, const char *digest, char *out, size_t size)
{
	if (version[0] != '\0')
		(void)snprintf(
			out, size, "%s (%.4s\xe2\x80\xa6)", version, digest); /* cut when absurd */
	else
		(void)snprintf(out, size, "%.4s\xe2\x80\xa6", digest); /* fits */
}

/* ---- progress ---- */

struct progress {
	int64_t since_msec;
	bool drawn;
	char last[32];
	json_t *reply; /* the last one */
	int64_t confirm_usec;
};

static void clear_line(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}

static void draw(struct progress *progress, const char *word, int64_t done, int64_t total)
{
	char bytes[32];

	enum { WIDTH = 30 };

	char bar[WIDTH + 1];
	clear_line(progress);
	progress->drawn = true;
	if (total <= 0) {
		show_bytes(done, bytes, sizeof(bytes));
		fprintf(stderr, "%-10s %s", word, done > 0 ? bytes : "...");
		(void)fflush(stderr); /* nobody may be looking */
		return;
	}
	int filled = (int)(done * WIDTH / total);
	for (int i = 0; i < WIDTH; i++)
		bar[i] = i < filled ? '#' : '-';
	bar[WIDTH] = '\0';
	fprintf(stderr, "%-10s [%s] %3d%%", word, bar, (int)(done * 100 / total));
	(void)fflush(stderr); /* as above */
}

static const char *phase_word(const char *phase)
{
	static const char *const words[][2] = { { "receiving", "Receiving" },
		{ "verifying", "Verifying" }, { "loading", "Loading" },
		{ "activating", "Activating" }, { "migrating", "Migrating" },
		{ "starting", "Starting" }, { "draining", "Draining" }, { "stopping", "Stopping" },
		{ "confirming", "Watching" } };
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i][0], phase) == 0)
			return words[i][1];
	}
	return phase;
}

static int step(struct ctl *ctl, json_t *reply, void *user)
{
	struct progress *progress = user;
	const char *phase = text_of(reply, "phase");
	json_decref(progress->reply);
	progress->reply = json_incref(reply);
	if (strcmp(phase, "done") == 0) {
		clear_line(progress);
		return 0;
	}
	if (ctl->json) {
		(void)show_plain(ctl, reply);
		return 0;
	}
	if (ctl->quiet || !isatty(STDERR_FILENO))
		return 0;
	if (strcmp(phase, "confirming") == 0) {
		clear_line(progress);
		fprintf(stderr, "Watching   it for %lld s; beamrctl confirm keeps it at once\n",
			(long long)(progress->confirm_usec / 1000000));
		return 0;
	}
	if (now_msec() - progress->since_msec >= QUIET_MSEC)
		draw(progress, phase_word(phase), number_of(reply, "bytes"),
			number_of(reply, "bytesTotal"));
	return 0;
}

/* Follows a call of several steps. *ret_reply: the last one, the caller's. */
static int follow(struct ctl *ctl, enum control_method_id method, json_t *params,
	int64_t confirm_usec, json_t **ret_reply)
{
	struct progress progress = { .since_msec = now_msec(), .confirm_usec = confirm_usec };
	int64_t timeout = ctl->timeout_usec;
	/* Starting and watching may take as long as they are allowed to. */
	if (timeout == 0)
		ctl->timeout_usec = 600000000 + confirm_usec;
	int r = ctl_follow(ctl, method, json_incref(params), step, &progress);
	ctl->timeout_usec = timeout;
	clear_line(&progress);
	if (r != 0) {
		json_decref(progress.reply);
		return r;
	}
	*ret_reply = progress.reply;
	return 0;
}

/* ---- differences ---- */

static void print_module(const char *module, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", module); /* cut when absurd */
	for (char *at = out; *at != '\0'; at++) {
		if (at[0] == '@' && at[1] == '@')
			at++; /* no Gleam module, but one that the compiler adds */
		else if (*at == '@')
			*at = '/';
	}
}

static size_t print_changes(json_t *changes)
{
	json_t *change;
	size_t i;
	json_array_foreach(changes, i, change) {
		char module[300];
		int64_t processes = number_of(change, "processesOnOldCode");
		print_module(text_of(change, "module"), module, sizeof(module));
		if (processes > 0)
			printf("  %-9s %-28s %lld process%s in it\n", text_of(change, "kind"),
				module, (long long)processes, processes == 1 ? " is" : "es are");
		else
			printf("  %-9s %s\n", text_of(change, "kind"), module);
	}
	json_array_foreach(changes, i, change) {
		json_t *processes = json_object_get(change, "inTheWay");
		char module[300];
		size_t count = json_array_size(processes);
		if (count == 0)
			continue;
		print_module(text_of(change, "module"), module, sizeof(module));
		printf("Hot activation would be refused: %s is in use by %s", module,
			json_string_value(json_array_get(processes, 0)));
		if (count > 1)
			printf(" and %zu more", count - 1);
		puts(". Restart or blue-green would work.");
		break;
	}
	return json_array_size(changes);
}

struct active {
	char text[128];
	bool there;
};

static int find_active(struct ctl *ctl, json_t *reply, void *user)
{
	struct active *active = user;
	json_t *release = json_object_get(reply, "release");
	if (strcmp(text_of(release, "state"), "active") != 0)
		return 0;
	release_text(text_of(release, "version"), text_of(release, "digest"), active->text,
		sizeof(active->text));
	active->there = true;
	return 0;
}

static int find_service(struct ctl *ctl, json_t *reply, void *user)
{
	json_t *service = json_object_get(reply, "service");
	bool *found = user;
	/* Without a release it may be a plain namespace, which has no history. */
	*found = *found || (strcmp(text_of(service, "name"), ctl->service) == 0 &&
				   json_object_get(service, "release") != NULL);
	return 0;
}

static struct active active_of(struct ctl *ctl, const char *service)
{
	struct active active = { .there = false };
	const char *kept = ctl->service;
	bool found = false;
	ctl->service = service;
	(void)ctl_follow(ctl, CONTROL_METHOD_service_list, json_pack("{s:s}", "match", service),
		find_service, &found); /* then nothing is active */
	ctl->service = kept;
	if (found)
		(void)ctl_follow(ctl, CONTROL_METHOD_service_history,
			json_pack("{s:s}", "service", service), find_active,
			&active); /* as above */
	return active;
}

int verb_diff(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	const char *service = text_of(params, "service");
	if (json_object_get(params, "digest") == NULL) {
		/* The newest one that was deployed. */
		struct progress newest = { 0 };
		int r = ctl_follow(ctl, CONTROL_METHOD_service_history,
			json_pack("{s:s, s:i}", "service", service, "limit", 1), step, &newest);
		const char *digest = text_of(json_object_get(newest.reply, "release"), "digest");
		(void)json_object_set_new(
			params, "digest", json_string(digest)); /* fails only without memory */
		json_decref(newest.reply);
		if (r != 0)
			return r;
	}
	(void)json_object_set_new(params, "dryRun", json_true()); /* as above */
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	json_t *changes = json_object_get(reply, "changes"), *change;
	size_t i;
	if (ctl->json || ctl->field != NULL) {
		json_array_foreach(changes, i, change) {
			(void)show_plain(ctl, change);
		}
	} else if (print_changes(changes) == 0 && !ctl->quiet) {
		puts("No module differs.");
	}
	r = json_array_size(changes) > 0 ? CTL_WOULD_CHANGE : 0;
	json_decref(reply);
	return r;
}

/* ---- deploy, activate ---- */

/* What a dry run found. */
static int tell_dry_run(struct ctl *ctl, const char *service, json_t *reply)
{
	json_t *release = json_object_get(reply, "release");
	char text[128], bytes[32];
	if (show_plain(ctl, reply))
		return CTL_WOULD_CHANGE;
	struct active active = active_of(ctl, service);
	release_text(text_of(release, "version"), text_of(release, "digest"), text, sizeof(text));
	show_bytes(number_of(release, "bytes"), bytes, sizeof(bytes));
	printf("%s %s%s%s, %lld modules, %s\n", service, active.text,
		active.there ? " \xe2\x86\x92 " : "", text,
		(long long)number_of(release, "modules"), bytes);
	if (print_changes(json_object_get(reply, "changes")) == 0)
		puts("  no module differs from the active release");
	puts("Nothing was changed.");
	return CTL_WOULD_CHANGE;
}

static void tell_active(struct ctl *ctl, const char *service, bool back)
{
	struct active active = active_of(ctl, service);
	if (!ctl->quiet)
		printf("%s %s is active.%s%s\n", service, active.text,
			back ? "  Back: beamrctl rollback " : "", back ? service : "");
}

static int activate(struct ctl *ctl, json_t *params)
{
	json_t *reply;
	int64_t confirm = number_of(params, "confirmUSec");
	int r = follow(ctl, CONTROL_METHOD_service_activate, params, confirm, &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply))
		tell_active(ctl, text_of(params, "service"),
			json_object_get(reply, "previous") != NULL);
	json_decref(reply);
	return 0;
}

int verb_activate(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	if (json_object_get(params, "dryRun") == NULL)
		return activate(ctl, params);
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply)) {
		if (print_changes(json_object_get(reply, "changes")) == 0)
			puts("No module differs.");
		puts("Nothing was changed.");
	}
	json_decref(reply);
	return CTL_WOULD_CHANGE;
}

/* Takes a member out of an object; NULL when it is not there. */
static json_t *take(json_t *object, const char *key)
{
	json_t *value = json_incref(json_object_get(object, key));
	(void)json_object_del(object, key); /* it may not be there */
	return value;
}

int verb_deploy(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	json_t *path = take(params, "path"), *strategy = take(params, "strategy"),
	       *confirm = take(params, "confirmUSec"), *activates = take(params, "activate");
	const char *service = text_of(params, "service");
	bool dry_run = json_object_get(params, "dryRun") != NULL;
	int r = 0;
	/* -s was taken for it by verb_main(), where "default" stands for none. */
	if (strcmp(service, "default") == 0 && ctl->instance != NULL)
		(void)json_object_set_new(params, "service",
			json_string(ctl->instance)); /* fails only without memory */
	service = text_of(params, "service");
	if (strcmp(service, "default") == 0) {
		fputs("beamrctl: say which service it is: --name NAME\n", stderr);
		help_usage(verb);
		r = CTL_USAGE;
	}
	int fd = r == 0 ? ctl_pack(json_string_value(path)) : -1;
	if (r == 0 && fd < 0)
		r = CTL_FAILED;
	char *data = r == 0 && ctl->host != NULL ? ctl_read_base64(fd) : NULL;
	if (r == 0 && ctl->host != NULL && data == NULL)
		r = CTL_FAILED;
	if (r == 0 && data != NULL)
		(void)json_object_set_new(params, "data", json_string(data)); /* as above */
	else if (r == 0)
		(void)json_object_set_new(
			params, "artifactFileDescriptor", json_integer(0)); /* as above */
	free(data);
	if (r == 0) {
		ctl->pass_fd = ctl->host == NULL ? fd : -1;
		r = follow(ctl, verb->method, params, 0, &reply);
		ctl->pass_fd = -1;
	}
	if (fd >= 0)
		(void)close(fd); /* it has been sent, or nobody needs it */
	if (r == 0 && dry_run) {
		r = tell_dry_run(ctl, service, reply);
		json_decref(reply);
	} else if (r == 0) {
		json_t *release = json_object_get(reply, "release");
		char text[128], bytes[32];
		const char *digest = text_of(release, "digest");
		release_text(text_of(release, "version"), digest, text, sizeof(text));
		show_bytes(number_of(release, "bytes"), bytes, sizeof(bytes));
		if (!show_plain(ctl, reply) && !ctl->quiet && activates == NULL)
			printf("%s %s is there, %lld modules, %s.  Activate: beamrctl activate %s "
			       "%.12s\n",
				service, text, (long long)number_of(release, "modules"), bytes,
				service, digest);
		json_t *next = activates == NULL ? NULL
						 : json_pack("{s:s, s:s, s:O*, s:O*}", "service",
							   service, "digest", digest, "strategy",
							   strategy, "confirmUSec", confirm);
		if (next != NULL)
			r = activate(ctl, next);
		json_decref(next);
		json_decref(reply);
	}
	json_decref(path);
	json_decref(strategy);
	json_decref(confirm);
	json_decref(activates);
	return r;
}

int verb_rollback(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	bool dry_run = json_object_get(params, "dryRun") != NULL;
	int r = follow(ctl, verb->method, params, 0, &reply);
	if (r != 0)
		return r;
	json_t *release = json_object_get(reply, "release");
	char text[128];
	release_text(text_of(release, "version"), text_of(release, "digest"), text, sizeof(text));
	if (!show_plain(ctl, reply) && !ctl->quiet)
		printf(dry_run ? "%s would go back to %s.  Nothing was changed.\n"
			       : "%s %s is active.\n",
			text_of(params, "service"), text);
	json_decref(reply);
	return dry_run ? CTL_WOULD_CHANGE : 0;
}

int verb_confirm(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	(void)show_plain(ctl, reply);
	json_decref(reply);
	return 0;
}

/* ---- history ---- */

struct rows {
	struct table *table;
	const struct control_struct *type;
};

static int add_release(struct ctl *ctl, json_t *reply, void *user)
{
	struct rows *rows = user;
	json_t *release = json_object_get(reply, "release");
	if (release != NULL && !show_plain(ctl, release))
		table_row_of(rows->table, rows->type->fields, rows->type->count, release);
	return 0;
}

int verb_history(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct rows rows = { .table = table_new(ctl),
		.type = &control_structs[CONTROL_STRUCT_release] };
	table_columns_of(rows.table, rows.type->fields, rows.type->count);
	int r = ctl_follow(ctl, verb->method, json_incref(params), add_release, &rows);
	if (r != 0 || ctl->json || ctl->field != NULL)
		ctl->legend = false;
	table_print(rows.table);
	return r;
}

/* ---- start, stop, remove ---- */

static int start(struct ctl *ctl, const struct control_verb *verb, json_t *params)
{
	json_t *reply;
	int64_t timeout = ctl->timeout_usec;
	if (timeout == 0)
		ctl->timeout_usec = 600000000; /* as long as the service may take */
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	ctl->timeout_usec = timeout;
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply) && !ctl->quiet)
		puts(text_of(reply, "rootProcess"));
	json_decref(reply);
	return 0;
}

int verb_start(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	return start(ctl, verb, params);
}

int verb_restart(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	return start(ctl, verb, params);
}

int verb_stop(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	int r = follow(ctl, verb->method, params, 0, &reply);
	if (r != 0)
		return r;
	(void)show_plain(ctl, reply);
	json_decref(reply);
	return 0;
}

int verb_rm(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply, *item;
	size_t i;
	bool dry_run = json_object_get(params, "dryRun") != NULL;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply) && dry_run) {
		puts("Would remove:");
		json_array_foreach(json_object_get(reply, "removed"), i, item) {
			printf("  %s\n", json_string_value(item));
		}
		puts("Nothing was changed.");
	}
	json_decref(reply);
	return dry_run ? CTL_WOULD_CHANGE : 0;
}

/* ---- quota ---- */

/* "memory-max=512M" as a member of a Quota. */
static int set_limit(const struct control_verb *verb, json_t *quota, const char *word)
{
	const struct control_struct *type = &control_structs[CONTROL_STRUCT_quota];
	const char *equals = strchr(word, '=');
	static const char units[] = "KMGT";
	const bool is_word = equals != NULL && equals[1] >= 'a' && equals[1] <= 'z';
	char *end;
	long long value = equals != NULL ? strtoll(equals + 1, &end, 10) : -1;
	const char *unit = equals != NULL && *end != '\0' ? strchr(units, *end) : NULL;
	bool right = is_word || (equals != NULL && end != equals + 1 && value >= 0 &&
					 (*end == '\0' || (unit != NULL && end[1] == '\0')));
	const bool counts = right && !is_word;
	for (int n = counts && unit != NULL ? (int)(unit - units) + 1 : 0; n > 0; n--)
		right = right && !__builtin_mul_overflow(value, 1024, &value);
	for (size_t i = 0; right && i < type->count; i++) {
		/* memoryMax, memory-max and memory_max are the same. */
		const char *a = type->fields[i].wire, *b = word;
		while (b < equals) {
			if (*b == '-' || *b == '_') {
				b++;
				if (*a != *b - 'a' + 'A')
					break;
			} else if (*a != *b) {
				break;
			}
			a++;
			b++;
		}
		if (b != equals || *a != '\0')
			continue;
		if (is_word != (type->fields[i].type == CONTROL_ENUM))
			break;
		return json_object_set_new(quota, type->fields[i].wire,
			       is_word ? json_string(equals + 1) : json_integer(value)) == 0
			       ? 0
			       : CTL_FAILED;
	}
	fprintf(stderr, "beamrctl: this is no limit like memory-max=512M or mailbox-policy=drop: \"%s\"\n", word);
	help_usage(verb);
	return CTL_USAGE;
}

/* How often and when it was met; NULL: never. */
static json_t *limit_met(json_t *usage, const char *wire)
{
	json_t *met;
	size_t i;
	json_array_foreach(json_object_get(usage, "limitsMet"), i, met) {
		if (strcmp(text_of(met, "limit"), wire) == 0)
			return met;
	}
	return NULL;
}

static void print_quota(struct ctl *ctl, json_t *quota, json_t *usage)
{
	const struct control_struct *type = &control_structs[CONTROL_STRUCT_quota];
	static const char *const used[][2] = { { "memoryHigh", "memory" },
		{ "memoryMax", "memory" }, { "processesMax", "processes" }, { "atomsMax", "atoms" },
		{ "etsTablesMax", "etsTables" }, { "etsMemoryMax", "etsMemory" },
		{ "modulesMax", "modules" }, { "portsMax", "ports" }, { "timersMax", "timers" } };
	struct table *table = table_new(ctl);
	table_column(table, "LIMIT");
	table_column(table, "VALUE");
	table_column(table, "USED");
	table_column(table, "MET");
	table_column(table, "LAST");
	for (size_t i = 0; i < type->count; i++) {
		const char *wire = type->fields[i].wire, *key = NULL;
		bool bytes = strstr(wire, "emory") != NULL || strstr(wire, "Heap") != NULL;
		int64_t limit = number_of(quota, wire);
		table_cell(table, wire);
		if (type->fields[i].type == CONTROL_ENUM)
			table_value(table, json_object_get(quota, wire), "");
		else if (limit == 0)
			table_cell(table, "-");
		else
			table_value(table, json_object_get(quota, wire), bytes ? "bytes" : "");
		for (size_t k = 0; k < ARRAY_SIZE(used); k++) {
			if (strcmp(used[k][0], wire) == 0)
				key = used[k][1];
		}
		if (key == NULL || usage == NULL)
			table_cell(table, "-");
		else
			table_value(table, json_object_get(usage, key), bytes ? "bytes" : "");
		json_t *met = limit_met(usage, wire);
		table_value(table, json_object_get(met, "times"), "");
		table_value(table, json_object_get(met, "lastRealtimeUSec"), "time");
	}
	table_print(table);
}

int verb_quota(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply, *quota = json_object();
	const char *service = ctl->service != NULL ? ctl->service : ctl->instance;
	bool runtime = false;
	int r = 0;
	for (int i = 0; r == 0 && i < count; i++) {
		if (strcmp(words[i], "--runtime") == 0)
			runtime = true;
		else if (strchr(words[i], '=') == NULL && words[i][0] != '-')
			service = words[i];
		else
			r = set_limit(verb, quota, words[i]);
	}
	if (r == 0 && service == NULL) {
		fputs("beamrctl: SERVICE is missing\n", stderr);
		help_usage(verb);
		r = CTL_USAGE;
	}
	if (r != 0) {
		json_decref(quota);
		return r;
	}
	bool changes = json_object_size(quota) > 0;
	json_t *sent = changes ? json_pack("{s:s, s:o, s:b}", "service", service, "quota", quota,
					 "runtime", (int)runtime)
			       : json_pack("{s:s}", "service", service);
	if (!changes)
		json_decref(quota);
	r = ctl_call(ctl,
		changes ? CONTROL_METHOD_service_set_quota : CONTROL_METHOD_service_get_quota, sent,
		&reply);
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply))
		print_quota(ctl, json_object_get(reply, "quota"), json_object_get(reply, "usage"));
	json_decref(reply);
	return 0;
}

/* ---- wait ---- */

struct waiting {
	const char *service;
	char state[32];
	char result[256];
};

static int note_state(struct ctl *ctl, json_t *reply, void *user)
{
	struct waiting *waiting = user;
	json_t *service = json_object_get(reply, "service");
	if (strcmp(text_of(service, "name"), waiting->service) != 0)
		return 0;
	(void)snprintf(waiting->state, sizeof(waiting->state), "%s",
		text_of(service, "state")); /* short */
	(void)snprintf(waiting->result, sizeof(waiting->result), "%s",
		text_of(service, "result")); /* cut when long */
	return 0;
}

int verb_wait(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct ctl stream = *ctl; /* a connection of its own: one call at a time each */
	struct waiting waiting = { .service = text_of(params, "match") };
	const char *wanted =
		json_object_get(params, "state") != NULL ? text_of(params, "state") : "running";
	int64_t until = ctl->timeout_usec > 0 ? now_msec() + ctl->timeout_usec / 1000 : INT64_MAX;
	json_t *reply;
	bool more = true;
	stream.quiet = true;
	int r = ctl_connect(&stream);
	if (r == 0)
		r = ctl_send(&stream, CONTROL_METHOD_event_subscribe,
			json_pack("{s:s}", "service", waiting.service), true);
	/* The first reply tells that what happens from here on is told. */
	if (r == 0)
		r = ctl_receive(&stream, &reply, &more);
	while (r == 0) {
		json_decref(reply);
		waiting.state[0] = '\0';
		r = ctl_follow(ctl, CONTROL_METHOD_service_list,
			json_pack("{s:s}", "match", waiting.service), note_state, &waiting);
		/* One that has failed not long ago runs as well. */
		const char *state = strcmp(waiting.state, "degraded") == 0 && strcmp(wanted, "running") == 0
					    ? "running"
					    : waiting.state;
		if (r != 0 || strcmp(state, wanted) == 0)
			return r;
		if (strcmp(waiting.state, "failed") == 0 && strcmp(wanted, "running") == 0) {
			fprintf(stderr, "beamrctl: %s has failed: %s\n", waiting.service,
				waiting.result);
			return CTL_NOT_RUNNING;
		}
		int64_t left = until - now_msec();
		stream.timeout_usec = left < 30000 ? (left > 0 ? left * 1000 : 1) : 30000000;
		r = ctl_receive(&stream, &reply, &more);
		if (r == CTL_TIMED_OUT && now_msec() < until) {
			reply = NULL;
			r = 0; /* a look now and then does no harm */
		}
	}
	if (r == CTL_TIMED_OUT && !ctl->quiet)
		fprintf(stderr, "beamrctl: %s is %s, not %s\n", waiting.service,
			waiting.state[0] != '\0' ? waiting.state : "not there", wanted);
	return r;
}
