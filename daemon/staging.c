/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing an artifact in: the disk's work on the worker's thread, then the record of the service that has it. */
#include "service_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static void stage_progress(void *user, enum store_phase at, uint64_t done, uint64_t total)
{
	struct service_request *request = user;
	/* Numbers to be looked at; nothing hangs on their order. */
	atomic_store_explicit(&request->stage_phase, (int)at, memory_order_relaxed);
	atomic_store_explicit(&request->stage_done, done, memory_order_relaxed);
	atomic_store_explicit(&request->stage_total, total, memory_order_relaxed);
}

static void do_stage(struct worker_job *job)
{
	struct service_request *request =
		(struct service_request *)(void *)((char *)job -
						   offsetof(struct service_request, job));
	request->r = store_stage(request->service->all->store, &request->source,
		request->dry_run ? STORE_DRY_RUN : 0, stage_progress, request, &request->release,
		&request->error);
}

/* Releases beyond what is kept go, the oldest first; never the active one or the one before it. */
static void prune(struct service *service, json_t *record)
{
	json_t *releases = json_object_get(record, "releases");
	size_t keep = (size_t)service->all->daemon->config.releases_kept;
	for (size_t i = 0; i < json_array_size(releases) && json_array_size(releases) > keep;) {
		const char *digest = record_text(json_array_get(releases, i), "digest");
		if (strcmp(digest, record_text(record, "active")) == 0 ||
			strcmp(digest, record_text(record, "previous")) == 0 ||
			i + 1 == json_array_size(releases))
			i++;
		else
			(void)json_array_remove(releases, i); /* it is there */
	}
}

static void deployed(struct service *service, int r, void *user)
{
	struct service_request *request = service->request;
	char text[128];
	if (r == 0) {
		service_release_text(service, request->release->digest, text, sizeof(text));
		service_tell(service, BEAMR_REPORT_DEPLOY, "%s by user %u, %zu modules", text,
			request->uid, request->release->module_count);
		if (request->service_was_new)
			daemon_changed(service->all->daemon);
		services_sweep(service->all);
	}
	service_finish(service, r);
}

static void end_stage(struct worker_job *job)
{
	struct service_request *request =
		(struct service_request *)(void *)((char *)job -
						   offsetof(struct service_request, job));
	struct service *service = request->service;
	struct release *release = request->release;
	service->all->deploys--;
	int r = request->r == RELEASE_E_BAD ? SERVICE_E_BAD : request->r;
	if (r == 0 && request->expected != NULL && strcmp(request->expected, release->digest) != 0)
		r = SERVICE_E_DIGEST;
	if (service->all->sweep_wanted || r != 0)
		services_sweep(service->all);
	if (r != 0 || request->dry_run) {
		if (!service->kept && service->commits == 0 && !service->declaration->declared)
			service->removed = true; /* it was only asked about */
		service_finish(service, r);
		return;
	}
	json_t *record = json_deep_copy(service->record);
	json_t *entry = service_entry(record, release->digest);
	request->service_was_new = !service->kept;
	if (entry == NULL) {
		entry = json_pack("{s:s}", "digest", release->digest);
		(void)json_array_append_new(
			json_object_get(record, "releases"), entry); /* as record_set() */
	}
	const char *version = request->version != NULL ? request->version : release->version;
	record_set(entry, "deployed", json_integer(clock_realtime_usec()));
	record_set(entry, "uid", json_integer((json_int_t)request->uid));
	record_set(entry, "modules", json_integer((json_int_t)release->module_count));
	record_set(entry, "bytes", json_integer((json_int_t)release->bytes));
	record_set(entry, "kind", json_string(release_kind_names[release->kind]));
	if (version != NULL)
		record_set(entry, "version", json_string(version));
	if (request->note != NULL)
		record_set(entry, "note", json_string(request->note));
	prune(service, record);
	service_commit(service, record, deployed, NULL);
}

void service_begin_deploy(struct service *service)
{
	struct service_request *request = service->request;
	if (service->all->worker == NULL) {
		service_finish(service, -ECANCELED);
		return;
	}
	request->job.work = do_stage;
	request->job.done = end_stage;
	service->all->deploys++;
	worker_post(service->all->worker, &request->job);
}
