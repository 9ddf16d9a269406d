/* SPDX-License-Identifier: Apache-2.0 */
/* Log levels as operators set them. What was said is a sorted array, by service and module; it changes when the service's logger has taken it.
 * A change is a chain of calls in the service: what its level was, which is asked once for each of its runs, then what it is to be. */
#include "levels.h"

#include "base/cleanup.h"
#include "log.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS_MAX 1000
#define LEVELS_CALL_USEC 5000000

struct level {
	struct levels *levels;
	char *service, *module; /* module "": of the service itself */
	int64_t level;
	char original[16];   /* of its logger, before; "" when that is not known */
	uint64_t number;     /* of the namespace that had it */
	struct event *timer; /* NULL: it has no end */
};

struct levels {
	struct daemon *daemon;
	int64_t own; /* LEVEL_INHERIT: the configuration's */
	struct event *own_timer;
	struct level **items;
	size_t count, capacity;
};

struct change {
	struct bridge_item item; /* first: the bridge hands it back */
	struct levels *levels;
	char *service, *module;
	uint64_t number;
	int64_t level, duration_usec;
	bool again; /* it was said before, and the service has started since */
	char original[16];
	struct beamr_call_result *result;
	void (*next)(struct change *change);
	void (*done)(void *user, int outcome, const char *text); /* NULL: nobody waits */
	void *user;
};

/* ---- what was said ---- */

static int compare(const struct level *item, const char *service, const char *module)
{
	int order = strcmp(item->service, service);
	return order != 0 ? order : strcmp(item->module, module);
}

static size_t position(const struct levels *levels, const char *service, const char *module)
{
	size_t low = 0, high = levels->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(levels->items[middle], service, module) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct level *find(const struct levels *levels, const char *service, const char *module)
{
	size_t i = position(levels, service, module);
	return i < levels->count && compare(levels->items[i], service, module) == 0
		       ? levels->items[i]
		       : NULL;
}

static void level_free(struct level *item)
{
	if (item->timer != NULL)
		event_free(item->timer);
	free(item->service);
	free(item->module);
	free(item);
}

static struct level *add(struct levels *levels, const char *service, const char *module)
{
	size_t i = position(levels, service, module);
	if (levels->count >= LEVELS_MAX)
		return NULL;
	if (levels->count == levels->capacity) {
		size_t capacity = levels->capacity > 0 ? 2 * levels->capacity : 16;
		struct level **grown =
			reallocarray(levels->items, capacity, sizeof(struct level *));
		if (grown == NULL)
			return NULL;
		levels->items = grown;
		levels->capacity = capacity;
	}
	struct level *item = calloc(1, sizeof(*item));
	if (item == NULL)
		return NULL;
	item->levels = levels;
	item->service = strdup(service);
	item->module = strdup(module);
	if (item->service == NULL || item->module == NULL) {
		level_free(item);
		return NULL;
	}
	memmove(levels->items + i + 1, levels->items + i,
		(levels->count - i) * sizeof(*levels->items));
	levels->items[i] = item;
	levels->count++;
	return item;
}

static void drop(struct levels *levels, const char *service, const char *module)
{
	size_t i = position(levels, service, module);
	level_free(levels->items[i]);
	levels->count--;
	memmove(levels->items + i, levels->items + i + 1,
		(levels->count - i) * sizeof(*levels->items));
}

/* What the journal gets of a service: what its level lets through, and what that of a module of it does. */
static void tell_log(struct levels *levels, const char *service)
{
	const struct level *whole = find(levels, service, "");
	int64_t most = LEVEL_INHERIT;
	for (size_t i = position(levels, service, "");
		i < levels->count && strcmp(levels->items[i]->service, service) == 0; i++)
		most = levels->items[i]->level > most ? levels->items[i]->level : most;
	log_set_service_level(levels->daemon->log, service, most, whole == NULL);
}

int64_t levels_get(const struct levels *levels, const char *service, const char *module)
{
	const struct level *item = find(levels, service, module);
	return item != NULL ? item->level : LEVEL_INHERIT;
}

void levels_each(const struct levels *levels,
	bool (*fn)(void *user, const char *service, const char *module, int64_t level), void *user)
{
	for (size_t i = 0; i < levels->count; i++) {
		const struct level *item = levels->items[i];
		if (!fn(user, item->service, item->module, item->level))
			return;
	}
}

void levels_forget(struct levels *levels, const char *service)
{
	for (size_t i = position(levels, service, "");
		i < levels->count && strcmp(levels->items[i]->service, service) == 0;)
		drop(levels, service, levels->items[i]->module);
	tell_log(levels, service);
}

static struct event *timer_new(
	struct levels *levels, int64_t usec, event_callback_fn fn, void *user)
{
	const struct timeval time = { .tv_sec = usec / 1000000, .tv_usec = usec % 1000000 };
	struct event *timer = usec > 0 ? event_new(levels->daemon->base, -1, 0, fn, user) : NULL;
	if (timer != NULL)
		(void)event_add(timer, &time); /* fails only without memory: then it has no end */
	return timer;
}

/* ---- changes ---- */

static void change_free(struct change *change)
{
	(void)beamr_call_result_free(change->result); /* always NULL */
	free(change->service);
	free(change->module);
	free(change);
}

static void finish(struct change *change, int outcome, const char *text)
{
	if (change->done != NULL)
		change->done(change->user, outcome, text);
	change_free(change);
}

static void start_change(struct levels *levels, struct beamr_ns *ns, const char *service,
	const char *module, int64_t level, int64_t duration_usec, bool again,
	void (*done)(void *user, int outcome, const char *text), void *user);

static void on_expired(evutil_socket_t fd, short what, void *user)
{
	const struct level *item = user;
	struct beamr_ns *ns = NULL;
	if (beamr_ns_get(item->levels->daemon->machine, item->service, &ns) != 0)
		ns = NULL; /* it does not run: there is nobody to tell */
	start_change(
		item->levels, ns, item->service, item->module, LEVEL_INHERIT, 0, false, NULL, NULL);
	(void)beamr_ns_unref(ns); /* always NULL */
}

/* The service has it: note it. */
static void note(struct change *change)
{
	struct levels *levels = change->levels;
	struct level *item = find(levels, change->service, change->module);
	if (change->again) {
		if (item != NULL) {
			memcpy(item->original, change->original, sizeof(item->original));
			item->number = change->number;
		}
		finish(change, LEVELS_OK, NULL);
		return;
	}
	if (change->level == LEVEL_INHERIT) {
		if (item != NULL)
			drop(levels, change->service, change->module);
		tell_log(levels, change->service);
		finish(change, LEVELS_OK, NULL);
		return;
	}
	if (item == NULL)
		item = add(levels, change->service, change->module);
	if (item == NULL) {
		finish(change, LEVELS_E_FULL, NULL);
		return;
	}
	item->level = change->level;
	item->number = change->number;
	memcpy(item->original, change->original, sizeof(item->original));
	if (item->timer != NULL)
		event_free(item->timer);
	item->timer = timer_new(levels, change->duration_usec, on_expired, item);
	tell_log(levels, change->service);
	finish(change, LEVELS_OK, NULL);
}

static void run_change(struct bridge_item *item)
{
	struct change *change = (struct change *)(void *)item;
	change->next(change);
}

static void on_called(void *user, struct beamr_call_result *result)
{
	struct change *change = user;
	change->result = result;
	bridge_post(&change->levels->daemon->bridge, &change->item);
}

/* Calls logger:F or maps:get in the service, then goes on with `next`. False: it cannot be called. arguments: freed. */
static bool call(struct change *change, const char *module, const char *function,
	struct beamr_term **arguments, size_t count, void (*next)(struct change *change))
{
	const struct beamr_call_options options = { .timeout_usec = LEVELS_CALL_USEC };
	struct beamr_ns *ns;
	struct beamr *machine = change->levels->daemon->machine;
	bool good = machine != NULL &&
		    beamr_ns_get(machine, change->service, &ns) == 0; /* NULL: all ends */
	change->item.run = run_change;
	change->next = next;
	if (good) {
		good = beamr_ns_number(ns) == change->number &&
		       beamr_call(ns, module, function, arguments, count, &options, on_called,
			       change, NULL) == 0;
		(void)beamr_ns_unref(ns); /* always NULL */
	}
	for (size_t i = 0; i < count; i++)
		(void)beamr_term_free(arguments[i]); /* always NULL */
	return good;
}

/* An atom of that text. */
static struct beamr_term *atom_of(const char *text)
{
	char *quoted = malloc(2 * strlen(text) + 3), *to = quoted;
	struct beamr_term *term = NULL;
	struct beamr_error error;
	if (quoted == NULL)
		return NULL;
	*to++ = '\'';
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	*to++ = '\'';
	if (beamr_term_parse(quoted, (size_t)(to - quoted), &term, &error) != 0)
		term = NULL;
	free(quoted);
	return term;
}

static bool is_value(const struct change *change)
{
	return change->result != NULL && change->result->end == BEAMR_CALL_VALUE;
}

static void after_set(struct change *change)
{
	bool truncated;
	_cleanup_(free_stringp) char *text =
		change->result->term != NULL
			? beamr_term_text(change->result->term, 200, &truncated)
			: NULL;
	/* Without a logger the level is that of what the journal gets. */
	if (change->module[0] == '\0' ||
		(is_value(change) && text != NULL && strcmp(text, "ok") == 0))
		note(change);
	else
		finish(change, LEVELS_E_LOGGER, text != NULL ? text : "no answer in time");
}

static void set_level(struct change *change)
{
	const char *name = change->level != LEVEL_INHERIT ? config_level_name(change->level)
							  : change->original;
	bool whole = change->module[0] == '\0', unset = !whole && change->level == LEVEL_INHERIT;
	struct beamr_term *arguments[2];
	size_t count = 0;
	if (whole && name[0] == '\0') {
		note(change); /* it has no logger, or has had none */
		return;
	}
	arguments[count++] = atom_of(whole ? "level" : change->module);
	if (!unset)
		arguments[count++] = atom_of(name);
	bool good = arguments[0] != NULL && arguments[count - 1] != NULL;
	if (!good) {
		for (size_t i = 0; i < count; i++)
			(void)beamr_term_free(arguments[i]); /* always NULL */
	}
	good = good && call(change, "logger",
			       whole   ? "set_primary_config"
			       : unset ? "unset_module_level"
				       : "set_module_level",
			       arguments, count, after_set);
	if (good)
		return;
	if (whole || unset)
		note(change);
	else
		finish(change, LEVELS_E_LOGGER, "it has none");
}

static void got_original(struct change *change)
{
	bool truncated = true;
	_cleanup_(free_stringp) char *text =
		is_value(change) ? beamr_term_text(change->result->term,
					   sizeof(change->original) - 1, &truncated)
				 : NULL;
	/* "all" and "none" are levels of loggers as well. */
	if (text != NULL && !truncated)
		(void)snprintf(change->original, sizeof(change->original), "%s", text); /* fits */
	change->result = beamr_call_result_free(change->result);
	if (change->original[0] == '\0')
		note(change);
	else
		set_level(change);
}

static void got_config(struct change *change)
{
	struct beamr_call_result *config = change->result;
	struct beamr_term *arguments[] = { atom_of("level"), NULL };
	change->result = NULL;
	if (config->end == BEAMR_CALL_VALUE) {
		arguments[1] = config->term;
		config->term = NULL; /* call() frees it */
	}
	(void)beamr_call_result_free(config); /* always NULL */
	if (arguments[0] == NULL || arguments[1] == NULL) {
		(void)beamr_term_free(arguments[0]); /* always NULL */
		(void)beamr_term_free(arguments[1]); /* as above */
		note(change);
	} else if (!call(change, "maps", "get", arguments, 2, got_original)) {
		note(change);
	}
}

/* ns NULL: it does not run, and what was said is taken back. */
static void start_change(struct levels *levels, struct beamr_ns *ns, const char *service,
	const char *module, int64_t level, int64_t duration_usec, bool again,
	void (*done)(void *user, int outcome, const char *text), void *user)
{
	struct change *change = calloc(1, sizeof(*change));
	char *own_service = strdup(service), *own_module = strdup(module);
	if (change == NULL || own_service == NULL || own_module == NULL)
		abort(); /* as mem_alloc does */
	*change = (struct change){ .levels = levels,
		.service = own_service,
		.module = own_module,
		.number = ns != NULL ? beamr_ns_number(ns) : 0,
		.level = level,
		.duration_usec = duration_usec,
		.again = again,
		.done = done,
		.user = user };
	const struct level *item = find(levels, service, module);
	if (item != NULL && item->number == change->number)
		memcpy(change->original, item->original, sizeof(change->original));
	bool asks = *module == '\0' && level != LEVEL_INHERIT && change->original[0] == '\0';
	if (ns == NULL ||
		(asks && !call(change, "logger", "get_primary_config", NULL, 0, got_config)))
		note(change);
	else if (!asks)
		set_level(change);
}

void levels_set(struct levels *levels, struct beamr_ns *ns, const char *module, int64_t level,
	int64_t duration_usec, void (*done)(void *user, int outcome, const char *text), void *user)
{
	if (level != LEVEL_INHERIT && levels->count >= LEVELS_MAX &&
		find(levels, beamr_ns_name(ns), module) == NULL) {
		done(user, LEVELS_E_FULL, NULL);
		return;
	}
	start_change(
		levels, ns, beamr_ns_name(ns), module, level, duration_usec, false, done, user);
}

void levels_started(struct levels *levels, struct beamr_ns *ns)
{
	const char *service = beamr_ns_name(ns);
	/* None of these comes or goes before its call has been answered. */
	for (size_t i = position(levels, service, "");
		i < levels->count && strcmp(levels->items[i]->service, service) == 0; i++) {
		const struct level *item = levels->items[i];
		if (item->number != beamr_ns_number(ns))
			start_change(levels, ns, service, item->module, item->level, 0, true, NULL,
				NULL);
	}
}

/* ---- the daemon's own ---- */

int64_t levels_of_daemon(const struct levels *levels)
{
	return levels->own != LEVEL_INHERIT ? levels->own : levels->daemon->config.log_level;
}

static void on_own_expired(evutil_socket_t fd, short what, void *user)
{
	(void)levels_set_daemon(user, LEVEL_INHERIT, 0); /* what it was is not asked */
}

int64_t levels_set_daemon(struct levels *levels, int64_t level, int64_t duration_usec)
{
	int64_t before = levels_of_daemon(levels);
	if (levels->own_timer != NULL)
		event_free(levels->own_timer);
	levels->own = level;
	levels->own_timer = timer_new(levels, duration_usec, on_own_expired, levels);
	log_set_level(levels->daemon->log, levels_of_daemon(levels));
	return before;
}

struct levels *levels_new(struct daemon *daemon)
{
	struct levels *levels = calloc(1, sizeof(*levels));
	if (levels != NULL)
		*levels = (struct levels){ .daemon = daemon, .own = LEVEL_INHERIT };
	return levels;
}

struct levels *levels_free(struct levels *levels)
{
	if (levels == NULL)
		return NULL;
	for (size_t i = 0; i < levels->count; i++)
		level_free(levels->items[i]);
	if (levels->own_timer != NULL)
		event_free(levels->own_timer);
	free(levels->items);
	free(levels);
	return NULL;
}
