/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations that are read again while services run. Nothing is taken before all of it could be read: then it cannot go wrong any more.
 * Invariant: a request under way borrows from its service's declaration, so that a new one waits in next_declaration until it is done. */
#include "log.h"
#include "service_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct declarations {
	struct declaration **items; /* by name; NULL once taken */
	size_t count;
};

struct declarations *declarations_free(struct declarations *declarations)
{
	if (declarations == NULL)
		return NULL;
	for (size_t i = 0; i < declarations->count; i++)
		(void)declare_free(declarations->items[i]);
	free(declarations->items);
	free(declarations);
	return NULL;
}

int services_read(struct services *services, struct declarations **ret_declarations,
	struct config_error *ret_error)
{
	struct declarations *declarations = calloc(1, sizeof(*declarations));
	int r = declarations != NULL ? 0 : -ENOMEM;
	if (r == 0 && services->declared_dir != NULL)
		r = declare_load(services->declared_dir, services->daemon->instance,
			&declarations->items, &declarations->count, ret_error);
	if (r != 0) {
		(void)declarations_free(declarations);
		return r;
	}
	*ret_declarations = declarations;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct declaration *const *)a)->name, (*(struct declaration *const *)b)->name);
}

/* Place of what was read of a service; NULL: nothing was. */
static struct declaration **find(const struct declarations *declarations, const char *name)
{
	char copy[BEAMR_NAME_MAX + 1];
	(void)snprintf(copy, sizeof(copy), "%s", name); /* names are short */
	struct declaration key = { .name = copy }, *wanted = &key;
	return declarations->count == 0 ? NULL
					: bsearch(&wanted, declarations->items, declarations->count,
						  sizeof(wanted), compare_names);
}

static const struct declaration *latest(const struct service *service)
{
	return service->next_declaration != NULL ? service->next_declaration : service->declaration;
}

/* ---- what would change ---- */

struct difference {
	const char *service;
	void (*fn)(void *user, const char *text, bool live);
	void *user;
};

static void differs(void *user, const char *key)
{
	const struct difference *difference = user;
	char text[BEAMR_NAME_MAX + 64];
	(void)snprintf(text, sizeof(text), "%s: %s", difference->service, key); /* fits */
	difference->fn(difference->user, text, declare_is_live(key));
}

void services_differ(struct services *services, const struct declarations *declarations,
	void (*fn)(void *user, const char *text, bool live), void *user)
{
	for (size_t i = 0; i < declarations->count; i++) {
		const struct declaration *fresh = declarations->items[i];
		const struct service *service = service_find(services, fresh->name);
		struct difference difference = { fresh->name, fn, user };
		if (service == NULL || !latest(service)->declared)
			fn(user, fresh->name, true);
		else
			declare_compare(latest(service), fresh, differs, &difference);
	}
	for (size_t i = 0; i < services->count; i++) {
		const struct service *service = services->items[i];
		if (latest(service)->declared && find(declarations, service->name) == NULL)
			fn(user, service->name, true);
	}
}

/* ---- taking it ---- */

static void nothing_then(struct service *service, int r, void *user)
{
	if (r != 0)
		log_say(service->all->daemon->log, 3, "the limits of service \"%s\" cannot be kept",
			service->name);
	service_release_maybe(service);
}

/* A limit that has changed in the file holds from now on, whatever was set by hand before; the others stay as they are. */
static void take_limits(struct service *service, const struct declaration *before)
{
	struct beamr_quota old, fresh, now;
	struct beamr_ns *ns = service_ns(service);
	const char *field = NULL;
	json_t *record = NULL;
	bool changed = false;
	declare_quota(before, &old);
	declare_quota(service->declaration, &fresh);
	service_quota(service, &now);
	for (const struct declare_limit *limit = declare_limits; limit->key != NULL; limit++) {
		const uint64_t *from = (const uint64_t *)(const void *)((const char *)&old + limit->offset),
			       *to = (const uint64_t *)(const void *)((const char *)&fresh + limit->offset);
		if (*from == *to)
			continue;
		changed = true;
		*(uint64_t *)(void *)((char *)&now + limit->offset) = *to;
		if (json_object_get(json_object_get(service->record, "quota"), limit->wire) == NULL)
			continue;
		if (record == NULL)
			record = json_deep_copy(service->record);
		(void)json_object_del(json_object_get(record, "quota"), limit->wire); /* it is there */
	}
	if (changed && ns != NULL && beamr_ns_set_quota(ns, &now, &field) != 0)
		log_say(service->all->daemon->log, 3, "service \"%s\": %s is out of bounds",
			service->name, field != NULL ? field : "a limit");
	if (record != NULL)
		service_commit(service, record, nothing_then, NULL);
}

static void note_channel(void *user, const char *key)
{
	bool *changed = user;
	*changed = *changed || strcmp(key, "channel") == 0;
}

static void take(struct service *service, struct declaration *fresh)
{
	struct declaration *before = service->declaration;
	const char *wrong = NULL;
	bool channels = false, artifact = strcmp(before->artifact, fresh->artifact) != 0;
	bool is_new = fresh->declared && !before->declared;
	service->declaration = fresh;
	take_limits(service, before);
	declare_compare(before, fresh, note_channel, &channels);
	if (channels && service_ns(service) != NULL &&
		beamr_ns_set_channels(service_ns(service),
			(const char *const *)fresh->channel.items, &wrong) != 0)
		log_say(service->all->daemon->log, 3, "service \"%s\": this is no channel: \"%s\"",
			service->name, wrong != NULL ? wrong : "");
	(void)declare_free(before);
	if (fresh->declared && (artifact || (is_new && service->run == NULL)))
		service_bring_up(service);
	/* Of one that was only declared nothing is left. */
	if (!fresh->declared && !service->kept && service->run == NULL && service->request == NULL)
		service->removed = true;
}

void service_declare_maybe(struct service *service)
{
	struct declaration *fresh = service->next_declaration;
	if (fresh == NULL || service->request != NULL)
		return;
	service->next_declaration = NULL;
	if (service->removed || service->all->stopping)
		(void)declare_free(fresh);
	else
		take(service, fresh);
}

static void offer(struct service *service, struct declaration *fresh)
{
	(void)declare_free(service->next_declaration);
	service->next_declaration = fresh;
	service_declare_maybe(service);
}

void services_declare(struct services *services, struct declarations *declarations)
{
	/* Backwards: one that nobody declares any more may go, and its place with it. */
	for (size_t i = services->count; i-- > 0 && !services->stopping;) {
		struct service *service = services->items[i];
		if (!latest(service)->declared || find(declarations, service->name) != NULL)
			continue;
		struct declaration *none = declare_new(service->name);
		if (none != NULL)
			offer(service, none);
		service_release_maybe(service);
	}
	for (size_t i = 0; i < declarations->count && !services->stopping; i++) {
		struct declaration *fresh = declarations->items[i];
		struct service *service = service_get(services, fresh->name);
		if (service == NULL)
			continue;
		declarations->items[i] = NULL;
		offer(service, fresh);
	}
}
