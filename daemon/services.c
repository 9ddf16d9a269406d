/* SPDX-License-Identifier: Apache-2.0 */
/* All services: by name, on disk, at the start and at the end of the daemon. */
#include "service_impl.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"
#include "notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ---- */

static size_t position_of(const struct services *services, const char *name)
{
	size_t low = 0, high = services->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(services->items[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct service *service_find(struct services *services, const char *name)
{
	size_t i = position_of(services, name);
	return i < services->count && strcmp(services->items[i]->name, name) == 0
		       ? services->items[i]
		       : NULL;
}

/* Of a service into which nothing was deployed. */
static json_t *new_record(const char *name)
{
	return json_pack("{s:i, s:s, s:s, s:[]}", "format", 1, "service", name, "desired",
		"running", "releases");
}

struct service *service_get(struct services *services, const char *name)
{
	struct service *service = service_find(services, name);
	if (service != NULL || strlen(name) > BEAMR_NAME_MAX)
		return service;
	if (services->count == services->capacity) {
		size_t capacity = services->capacity > 0 ? services->capacity * 2 : 64;
		struct service **grown =
			reallocarray(services->items, capacity, sizeof(struct service *));
		if (grown == NULL)
			return NULL;
		services->items = grown;
		services->capacity = capacity;
	}
	service = calloc(1, sizeof(*service));
	if (service == NULL)
		return NULL;
	service->all = services;
	service->since_realtime_usec = clock_realtime_usec();
	(void)snprintf(service->name, sizeof(service->name), "%s", name); /* checked above */
	service->declaration = declare_new(name);
	service->record = json_pack("{s:i, s:s, s:s, s:[]}", "format", 1, "service", name,
		"desired", "running", "releases");
	service->written = json_deep_copy(service->record);
	if (service->declaration == NULL || service->written == NULL) {
		service_free(service);
		return NULL;
	}
	size_t i = position_of(services, name);
	memmove(services->items + i + 1, services->items + i,
		(services->count - i) * sizeof(struct service *));
	services->items[i] = service;
	services->count++;
	return service;
}

struct service *services_at(const struct services *services, size_t i)
{
	return i < services->count ? services->items[i] : NULL;
}

bool services_own(struct services *services, const char *namespace_name)
{
	char name[BEAMR_NAME_MAX + 8];
	(void)snprintf(name, sizeof(name), "%s", namespace_name); /* names are short */
	size_t length = strlen(name);
	const struct service *service = service_find(services, name);
	if (service != NULL && service->run != NULL)
		return true;
	if (length <= 7 || strcmp(name + length - 7, ".before") != 0)
		return false;
	name[length - 7] = '\0';
	service = service_find(services, name);
	return service != NULL && service->before != NULL;
}

void service_release_maybe(struct service *service)
{
	struct services *services = service->all;
	if (!service->removed || service->request != NULL || service->commits > 0 ||
		service->run != NULL || service->before != NULL)
		return;
	json_t *record = service->declaration->declared ? new_record(service->name) : NULL;
	if (record != NULL) {
		/* What a file declares stays declared. */
		json_decref(service->record);
		json_decref(service->written);
		service->record = record;
		service->written = json_deep_copy(record);
		service->removed = service->purge = false;
		service->result[0] = '\0';
		service->restarts = 0;
		service->crashes_before = service->restarts_before = 0;
		service_set_state(service, CONTROL_service_state_inactive);
		return;
	}
	size_t i = position_of(services, service->name);
	services->count--;
	memmove(services->items + i, services->items + i + 1,
		(services->count - i) * sizeof(struct service *));
	service_free(service);
}

bool services_are_kept(const struct services *services)
{
	return services->store != NULL;
}

struct store *services_store(struct services *services)
{
	return services->store;
}

/* ---- on disk ---- */

struct commit {
	struct worker_job job; /* first */
	struct service *service;
	json_t *record; /* NULL: removed */
	char *text;
	bool purge, fact;
	int r;
	void (*then)(struct service *service, int r, void *user);
	void *user;
};

static void write_commit(struct worker_job *job)
{
	struct commit *commit = (struct commit *)(void *)job;
	commit->r = commit->record != NULL && commit->text == NULL
			    ? -ENOMEM
			    : store_write_record(commit->service->all->store, commit->service->name,
				      commit->text);
	if (commit->r == 0 && commit->purge)
		commit->r = store_remove_data(commit->service->all->store, commit->service->name);
}

#define WRITE_AGAIN_USEC 5000000 /* a disk that was full may have room by then */

static void write_again(evutil_socket_t fd, short what, void *user)
{
	struct service *service = user;
	if (service->commits > 0)
		service_arm(service, &service->write_timer, write_again, service, WRITE_AGAIN_USEC);
	else if (service->unwritten && !service->removed)
		service_commit_fact(service, json_incref(service->record), NULL, NULL);
}

static void end_commit(struct worker_job *job)
{
	struct commit *commit = (struct commit *)(void *)job;
	struct service *service = commit->service;
	int r = commit->r;
	if (r == 0) {
		service->kept = commit->record != NULL;
		service->unwritten = false;
	} else {
		if (!service->unwritten)
			log_say(service->all->daemon->log, 2,
				"cannot write the record of service \"%s\": %s", service->name,
				strerror(-r));
		if (commit->fact) {
			service->unwritten = true;
			service_arm(service, &service->write_timer, write_again, service,
				WRITE_AGAIN_USEC);
		} else if (service->commits == 1) {
			json_decref(service->record);
			service->record = json_deep_copy(service->written);
		}
	}
	if ((r == 0 || commit->fact) && commit->record != NULL) {
		json_decref(service->written);
		service->written = json_deep_copy(commit->record);
	}
	json_decref(commit->record);
	free(commit->text);
	if (commit->then != NULL)
		commit->then(service, r, commit->user);
	free(commit);
	service->commits--; /* it was held until here */
	service_release_maybe(service);
}

static void commit_record(struct service *service, json_t *record, bool fact,
	void (*then)(struct service *service, int r, void *user), void *user)
{
	struct commit *commit = service->all->worker != NULL ? calloc(1, sizeof(*commit)) : NULL;
	if (commit == NULL) {
		json_decref(record);
		if (then != NULL)
			then(service, service->all->worker != NULL ? -ENOMEM : -ECANCELED, user);
		return;
	}
	commit->job.work = write_commit;
	commit->job.done = end_commit;
	commit->service = service;
	commit->record = record;
	commit->text = record != NULL ? json_dumps(record, JSON_INDENT(1)) : NULL;
	commit->purge = record == NULL && service->purge;
	commit->fact = fact;
	commit->then = then;
	commit->user = user;
	if (record != NULL) {
		json_decref(service->record);
		service->record = json_incref(record);
	}
	service->commits++;
	worker_post(service->all->worker, &commit->job);
}

void service_commit(struct service *service, json_t *record,
	void (*then)(struct service *service, int r, void *user), void *user)
{
	commit_record(service, record, false, then, user);
}

void service_commit_fact(struct service *service, json_t *record,
	void (*then)(struct service *service, int r, void *user), void *user)
{
	commit_record(service, record, true, then, user);
}

struct sweep {
	struct worker_job job; /* first */
	struct store *store;
	char **keep;
	size_t count;
};

static void do_sweep(struct worker_job *job)
{
	struct sweep *sweep = (struct sweep *)(void *)job;
	store_sweep(sweep->store, (const char *const *)sweep->keep, sweep->count);
}

static void end_sweep(struct worker_job *job)
{
	struct sweep *sweep = (struct sweep *)(void *)job;
	for (size_t i = 0; i < sweep->count; i++)
		free(sweep->keep[i]);
	free(sweep->keep);
	free(sweep);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* False when there is no memory for it. */
static bool keep(struct sweep *sweep, const char *digest)
{
	sweep->keep[sweep->count] = strdup(digest);
	if (sweep->keep[sweep->count] == NULL)
		return false;
	sweep->count++;
	return true;
}

void services_sweep(struct services *services)
{
	if (services->worker == NULL)
		return;
	services->sweep_wanted = services->deploys > 0;
	if (services->sweep_wanted)
		return;
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	size_t total = 0;
	bool whole = true;
	for (size_t i = 0; i < services->count; i++)
		total += json_array_size(json_object_get(services->items[i]->record, "releases")) +
			 json_array_size(json_object_get(services->items[i]->written, "releases")) +
			 2;
	if (sweep != NULL)
		sweep->keep = calloc(total + 1, sizeof(char *));
	if (sweep == NULL || sweep->keep == NULL) {
		free(sweep);
		return; /* the next one does it */
	}
	for (size_t i = 0; i < services->count; i++) {
		struct service *service = services->items[i];
		if (service->removed)
			continue;
		json_t *lists[] = { json_object_get(service->record, "releases"),
			json_object_get(service->written, "releases") };
		struct run *runs[] = { service->run, service->before };
		for (size_t k = 0; k < 2; k++) {
			json_t *entry;
			size_t n;
			json_array_foreach(lists[k], n, entry)
				whole &= keep(sweep, record_text(entry, "digest"));
			if (runs[k] != NULL)
				whole &= keep(sweep, runs[k]->digest);
		}
	}
	if (!whole) {
		end_sweep(&sweep->job);
		return; /* what is not on the list would be lost */
	}
	qsort(sweep->keep, sweep->count, sizeof(char *), compare_texts);
	sweep->store = services->store;
	sweep->job.work = do_sweep;
	sweep->job.done = end_sweep;
	worker_post(services->worker, &sweep->job);
}

static void read_record(void *user, const char *name, const char *text)
{
	struct services *services = user;
	json_t *record = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct service *service = NULL;
	if (json_integer_value(json_object_get(record, "format")) == 1)
		service = service_get(services, name);
	if (service == NULL) {
		log_say(services->daemon->log, 3, "the record of service \"%s\" cannot be read",
			name);
		json_decref(record);
		return;
	}
	json_decref(service->record);
	json_decref(service->written);
	service->record = record;
	service->written = json_deep_copy(record);
	service->kept = true;
}

/* ---- start ---- */

static int declare(struct services *services, const char *dir)
{
	struct declaration **items;
	size_t count;
	struct config_error error;
	int r = declare_load(dir, services->daemon->instance, &items, &count, &error);
	if (r > 0)
		log_say(services->daemon->log, 3, "%s:%d:%d: %s", error.file, error.line,
			error.column, error.message);
	else if (r < 0)
		log_say(services->daemon->log, 3, "cannot read \"%s\": %s", dir, strerror(-r));
	if (r != 0)
		return r > 0 ? -EINVAL : r;
	for (size_t i = 0; i < count; i++) {
		struct service *service = service_get(services, items[i]->name);
		if (service == NULL) {
			(void)declare_free(items[i]);
			continue;
		}
		(void)declare_free(service->declaration);
		service->declaration = items[i];
	}
	free(items);
	return 0;
}

int services_new(struct daemon *daemon, const char *state_dir, const char *services_dir,
	struct services **ret_services)
{
	struct services *services = calloc(1, sizeof(*services));
	if (services == NULL)
		return -ENOMEM;
	services->daemon = daemon;
	int r = state_dir != NULL ? store_open(state_dir, &services->store) : 0;
	if (r == -EBUSY) {
		log_say(daemon->log, 2, "another daemon uses the state folder \"%s\"", state_dir);
		(void)services_free(services);
		return r;
	}
	if (r < 0)
		log_say(daemon->log, 3,
			"cannot use the state folder \"%s\": %s; nothing can be deployed",
			state_dir, strerror(-r));
	services->worker = services->store != NULL ? worker_new(&daemon->bridge) : NULL;
	if (services->store != NULL && services->worker == NULL)
		services->store = store_free(services->store);
	r = services->store != NULL ? store_each_record(services->store, read_record, services) : 0;
	if (r == 0 && services->store != NULL && services_dir != NULL) {
		services->declared_dir = strdup(services_dir);
		r = services->declared_dir != NULL ? 0 : -ENOMEM;
	}
	if (r == 0 && services->declared_dir != NULL)
		r = declare(services, services_dir);
	if (r < 0) {
		(void)services_free(services);
		return r;
	}
	*ret_services = services;
	return 0;
}

void services_join(struct services *services)
{
	if (services == NULL)
		return;
	services->stopping = true;
	services->worker = worker_free(services->worker);
}

struct services *services_free(struct services *services)
{
	if (services == NULL)
		return NULL;
	services_join(services);
	for (size_t i = 0; i < services->count; i++)
		service_free(services->items[i]);
	free(services->items);
	(void)store_free(services->store);
	free(services->declared_dir);
	free(services);
	return NULL;
}

void service_settled(struct service *service)
{
	struct services *services = service->all;
	if (!service->coming_up)
		return;
	service->coming_up = false;
	services->coming_up--;
	notify_starting(services->daemon, "Starting services: %zu of %zu, %s is %s",
		services->coming_up_total - services->coming_up, services->coming_up_total,
		service->name, control_enums[CONTROL_ENUM_service_state].wires[service->state]);
	if (services->coming_up == 0 && services->begun != NULL) {
		void (*begun)(struct daemon * daemon) = services->begun;
		services->begun = NULL;
		begun(services->daemon);
	}
}

/* A declared artifact: deployed when it is not the one that was declared last time. */
static void activated_declared(struct service_request *request, int r)
{
	struct service *service = request->service;
	if (r != 0)
		log_say(service->all->daemon->log, 3,
			"the artifact of service \"%s\" does not run: %s", service->name,
			request->reason);
	free(request);
	service_settled(service);
}

static void deployed_declared(struct service_request *request, int r)
{
	struct service *service = request->service;
	struct daemon *daemon = service->all->daemon;
	struct release *release = request->release;
	bool changed = false;
	if (r != 0)
		log_say(daemon->log, 3,
			"the artifact \"%s\" of service \"%s\" cannot be deployed: %s%s%s",
			request->source.path, service->name, request->error.path,
			request->error.path[0] != '\0' ? ": " : "",
			r < 0 ? strerror(-r) : request->error.reason);
	else
		changed = strcmp(record_text(service->record, "declared"), release->digest) != 0;
	struct service_request *next = changed ? calloc(1, sizeof(*next)) : NULL;
	if (next != NULL) {
		next->action = SERVICE_ACTIVATE;
		next->strategy = CONTROL_strategy_restart;
		next->confirm_usec =
			service_active(service)[0] != '\0' ? service->declaration->confirm : 0;
		next->declared = true;
		next->done = activated_declared;
		memcpy(next->digest, release->digest, sizeof(next->digest));
	}
	(void)release_free(release);
	free(request);
	if (next != NULL) {
		service_submit(service, next);
		return;
	}
	service_settle(service);
	if (!service->want_run || service_active(service)[0] == '\0')
		service_settled(service);
}

static void removed_at_start(struct service *service, int r, void *user)
{
	if (r == 0)
		services_sweep(service->all);
}

/* Goes on with a removal that was cut off. True when there is one. */
static bool go_on_removing(struct service *service)
{
	const char *removing = record_text(service->record, "removing");
	if (removing[0] == '\0')
		return false;
	service->want_run = false;
	service->removed = true;
	service->purge = strcmp(removing, "all") == 0;
	service_settled(service);
	service_commit(service, NULL, removed_at_start, NULL);
	return true;
}

void service_bring_up(struct service *service)
{
	if (go_on_removing(service))
		return;
	const char *artifact = service->declaration->artifact;
	struct service_request *request = artifact[0] != '\0' ? calloc(1, sizeof(*request)) : NULL;
	if (service->run == NULL)
		service->want_run = service->declaration->autostart != 0 &&
				    strcmp(record_text(service->record, "desired"), "running") == 0;
	if (request == NULL) {
		service_settle(service);
		if (!service->want_run || service_active(service)[0] == '\0')
			service_settled(service);
		return;
	}
	request->action = SERVICE_DEPLOY;
	request->source = (struct store_source){ .path = artifact,
		.fd = -1,
		.bytes_max = (uint64_t)service->all->daemon->config.deploy_max };
	request->done = deployed_declared;
	service_submit(service, request);
}

void services_begin(struct services *services, void (*done)(struct daemon *daemon))
{
	services->coming_up = services->coming_up_total = services->count;
	services->begun = done;
	for (size_t i = 0; i < services->count; i++)
		services->items[i]->coming_up = true;
	services_sweep(services);
	if (services->count == 0) {
		services->begun = NULL;
		done(services->daemon);
		return;
	}
	/* All at once: each waits for its own node. */
	for (size_t i = 0; i < services->count; i++)
		service_bring_up(services->items[i]);
}

/* ---- stop ---- */

size_t services_running(const struct services *services)
{
	return services->runs;
}

void services_run_gone(struct services *services)
{
	services->runs--;
	if (services->runs > 0 || services->stopped == NULL)
		return;
	void (*stopped)(struct daemon * daemon) = services->stopped;
	services->stopped = NULL;
	stopped(services->daemon);
}

void services_stop(struct services *services, void (*done)(struct daemon *daemon))
{
	services->stopping = true;
	if (services->runs == 0) {
		done(services->daemon);
		return;
	}
	services->stopped = done;
	for (size_t i = 0; i < services->count; i++) {
		services->items[i]->want_run = false;
		service_settle(services->items[i]);
	}
}
