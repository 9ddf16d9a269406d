/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Service, the part about releases: deploy, activate, confirm, roll back, history. */
#include "../log.h"
#include "../server.h"
#include "../service.h"
#include "base/cleanup.h"
#include "control/base64.h"
#include "methods.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define PROGRESS_MSEC 100 /* between two looks at how far staging is */

/* ---- what handlers of services share ---- */

struct services *method_services(struct call *call)
{
	struct services *services = call->daemon->services;
	if (services != NULL && services_are_kept(services))
		return services;
	struct control_error_not_supported info = { .what = "deploy",
		.message = "This daemon has no state folder; start it with --state DIR." };
	call_fail(call, CONTROL_ERROR_not_supported, &info);
	return NULL;
}

struct service *method_service(struct call *call, const char *name)
{
	struct services *services = method_services(call);
	if (services == NULL)
		return NULL;
	struct service *service = service_find(services, name);
	if (service == NULL) {
		struct beamr_ns *ns = method_ns(call, name);
		if (ns == NULL)
			return NULL; /* told, with names that are near */
		(void)beamr_ns_unref(ns);
		struct control_error_no_such_service info = { .service = name,
			.message = call_printf(call,
				"\"%s\" is a namespace into which nothing was deployed.", name) };
		call_fail(call, CONTROL_ERROR_no_such_service, &info);
	}
	return service;
}

unsigned method_uid(const struct call *call)
{
	return call->connection != NULL ? (unsigned)connection_peer(call->connection)->uid
					: (unsigned)-1;
}

static void fail_bad(struct call *call, const struct service_request *request)
{
	const struct release_error *error = &request->error;
	const char *module = error->module[0] != '\0' ? method_copy(call, error->module) : NULL;
	struct control_error_bad_artifact info = { .module = module,
		.offset = { error->has_offset, (int64_t)error->offset },
		.reason = method_copy(call, error->reason) };
	char place[64] = "";
	if (error->has_offset)
		(void)snprintf(place, sizeof(place), ", offset %llu",
			(unsigned long long)error->offset); /* fits */
	info.message = call_printf(call, "%s%s%s%s.",
		error->path[0] != '\0' ? error->path : "The artifact", place, ": ", error->reason);
	call_fail(call, CONTROL_ERROR_bad_artifact, &info);
}

void method_service_failed(struct call *call, struct service_request *request, int r)
{
	const char *name = method_copy(call, service_name(request->service));
	switch (r) {
	case SERVICE_E_BUSY: {
		struct control_error_busy info = { .operation = method_copy(call, request->reason),
			.message = call_printf(
				call, "Service \"%s\" is busy: %s.", name, request->reason) };
		call_fail(call, CONTROL_ERROR_busy, &info);
		return;
	}
	case SERVICE_E_START: {
		struct control_error_start_failed info = { .service = name,
			.reason = method_copy(call, request->reason),
			.message = call_printf(call, "Service \"%s\" does not start: %s.", name,
				request->reason) };
		call_fail(call, CONTROL_ERROR_start_failed, &info);
		return;
	}
	case SERVICE_E_OLD_CODE: {
		struct control_error_service_old_code_in_use info = { .module = method_copy(call,
									      request->module),
			.processes = method_strings(call, request->pid_count),
			.message = call_printf(call,
				"Hot activation is refused: %s is in use by %zu process%s. Restart "
				"or "
				"blue-green would work.",
				request->module, request->pid_count,
				request->pid_count == 1 ? "" : "es") };
		for (size_t i = 0; i < info.processes.count; i++)
			info.processes.items[i] = method_pid(call, request->pids[i]);
		call_fail(call, CONTROL_ERROR_service_old_code_in_use, &info);
		return;
	}
	case SERVICE_E_RELEASE: {
		struct control_error_no_such_release info = { .service = name,
			.digest = method_copy(call, request->digest),
			.message = call_printf(call, "Service \"%s\" has no such release.", name) };
		call_fail(call, CONTROL_ERROR_no_such_release, &info);
		return;
	}
	case SERVICE_E_QUOTA:
		if (service_ns(request->service) != NULL)
			method_limit_reached(call, service_ns(request->service), "modules");
		else
			call_fail_errno(call, -ECANCELED);
		return;
	case SERVICE_E_BAD:
		fail_bad(call, request);
		return;
	case SERVICE_E_DIGEST: {
		struct control_error_digest_mismatch info = { .expected = request->expected,
			.actual = method_copy(call, request->release->digest),
			.message = "The artifact has another digest than the one that was given." };
		call_fail(call, CONTROL_ERROR_digest_mismatch, &info);
		return;
	}
	case SERVICE_E_STATE: {
		struct control_error_busy info = { .operation = "state",
			.message =
				call_printf(call, "Service \"%s\": %s.", name, request->reason) };
		call_fail(call, CONTROL_ERROR_busy, &info);
		return;
	}
	default: {
		struct control_error_busy info = { .operation = "system",
			.message = call_printf(
				call, "Service \"%s\": %s.", name, strerror(r < 0 ? -r : EINVAL)) };
		call_fail(call, CONTROL_ERROR_busy, &info);
	}
	}
}

/* ---- releases ---- */

static void fill_release(
	struct call *call, const struct service_release *from, struct control_release *to)
{
	*to = (struct control_release){ .digest = method_copy(call, from->digest),
		.version = from->version != NULL ? method_copy(call, from->version) : NULL,
		.deployed_realtime_usec = from->deployed_realtime_usec,
		.deployed_by_uid = from->uid,
		.state = from->state,
		.modules = from->modules,
		.bytes = from->bytes,
		.note = from->note != NULL ? method_copy(call, from->note) : NULL };
}

struct finding {
	struct call *call;
	const char *digest;
	struct control_release *release;
	bool found;
};

static bool find_release(void *user, const struct service_release *release)
{
	struct finding *finding = user;
	if (strcmp(release->digest, finding->digest) != 0)
		return true;
	fill_release(finding->call, release, finding->release);
	finding->found = true;
	return false;
}

static struct control_release *release_of(
	struct call *call, const struct service *service, const char *digest)
{
	struct finding finding = { .call = call,
		.digest = digest,
		.release = control_arena_alloc(&call->arena, sizeof(struct control_release)) };
	if (finding.release != NULL)
		service_each_release(service, find_release, &finding);
	return finding.found ? finding.release : NULL;
}

struct listing {
	struct call *call;
	struct control_release *items;
	size_t count, max;
};

static bool list_release(void *user, const struct service_release *release)
{
	struct listing *listing = user;
	if (listing->count == listing->max)
		return false;
	fill_release(listing->call, release, &listing->items[listing->count++]);
	return true;
}

static bool count_release(void *user, const struct service_release *release)
{
	size_t *count = user;
	++*count;
	return true;
}

static struct listing list_releases(struct call *call, const struct service *service, size_t max)
{
	struct listing listing = { .call = call, .max = 0 };
	service_each_release(service, count_release, &listing.max);
	if (max > 0 && listing.max > max)
		listing.max = max;
	listing.items =
		control_arena_alloc(&call->arena, (listing.max + 1) * sizeof(*listing.items));
	if (listing.items == NULL)
		listing.max = 0;
	service_each_release(service, list_release, &listing);
	return listing;
}

void method_fill_releases(
	struct call *call, const struct service *service, struct control_out_service_describe *out)
{
	struct listing listing = list_releases(call, service, 0);
	out->releases.items = listing.items;
	out->releases.count = listing.count;
	out->releases.set = true;
}

void handle_service_history(struct call *call, const struct control_in_service_history *in)
{
	struct service *service = method_service(call, in->service);
	if (service == NULL)
		return;
	struct listing listing = list_releases(
		call, service, in->limit.set && in->limit.value > 0 ? (size_t)in->limit.value : 0);
	for (size_t i = 0; i + 1 < listing.count; i++) {
		struct control_out_service_history out = { .release = &listing.items[i] };
		call_continue(call, &out);
	}
	struct control_out_service_history out = {
		.release = listing.count > 0 ? &listing.items[listing.count - 1] : NULL
	};
	call_reply(call, &out);
}

/* ---- deploy ---- */

static void fail_no_release(struct call *call, const char *service, const char *digest)
{
	struct control_error_no_such_release info = { .service = service,
		.digest = digest,
		.message =
			digest[0] != '\0'
				? call_printf(call,
					  "Service \"%s\" has no release \"%s\", or more than one.",
					  service, digest)
				: call_printf(call, "Service \"%s\" has no release to go to.",
					  service) };
	call_fail(call, CONTROL_ERROR_no_such_release, &info);
}

struct deploying {
	struct service_request request;
	struct call *call; /* a reference */
	struct event *timer;
	bool activate;
	int fd;
	int64_t sent_done;
	int sent_phase;
	struct control_out_service_deploy out; /* the last reply */
	char name[BEAMR_NAME_MAX + 1];
};

static void free_deploying(struct deploying *deploying)
{
	if (deploying->timer != NULL)
		event_free(deploying->timer);
	close_fdp(&deploying->fd);
	(void)release_free(deploying->request.release);
	free(deploying->request.pids);
	(void)call_unref(deploying->call);
	free(deploying);
}

static void send_progress(evutil_socket_t fd, short what, void *user)
{
	struct deploying *deploying = user;
	struct service_request *request = &deploying->request;
	/* Numbers to be looked at. */
	int phase =
		atomic_load_explicit(&request->stage_phase, memory_order_relaxed) == STORE_VERIFYING
			? CONTROL_deploy_phase_verifying
			: CONTROL_deploy_phase_receiving;
	struct control_out_service_deploy out = { .phase = phase,
		.bytes = (int64_t)atomic_load_explicit(&request->stage_done, memory_order_relaxed),
		.bytes_total = (int64_t)atomic_load_explicit(
			&request->stage_total, memory_order_relaxed) };
	if (out.bytes == deploying->sent_done && phase == deploying->sent_phase)
		return;
	deploying->sent_done = out.bytes;
	deploying->sent_phase = phase;
	if (!call_is_full(deploying->call))
		call_continue(deploying->call, &out);
}

static void activated_deployed(struct service_request *request, int r)
{
	struct deploying *deploying = (struct deploying *)(void *)request;
	struct call *call = deploying->call;
	if (r != 0) {
		method_service_failed(call, request, r);
	} else {
		deploying->out.release = release_of(call, request->service, request->digest);
		call_audit(call, service_name(request->service), "activated %s of %s",
			request->digest, service_name(request->service));
		call_reply(call, &deploying->out);
	}
	free_deploying(deploying);
}

static void tell_activating(struct service_request *request, int phase)
{
	struct deploying *deploying = (struct deploying *)(void *)request;
	struct control_out_service_deploy out = { .phase = CONTROL_deploy_phase_activating };
	if (deploying->call->more)
		call_continue(deploying->call, &out);
}

static void compared_deployed(
	struct call *call, struct control_change *items, size_t count, void *user)
{
	struct deploying *deploying = user;
	struct service_request *request = &deploying->request;
	struct control_out_service_deploy *out = &deploying->out;
	/* Nobody held it meanwhile. */
	struct service *service = service_find(call->daemon->services, deploying->name);
	out->changes.items = items;
	out->changes.count = count;
	out->changes.set = true;
	if (!deploying->activate || request->dry_run) {
		call_reply(call, out);
		free_deploying(deploying);
		return;
	}
	if (service == NULL) {
		fail_no_release(call, deploying->name, request->release->digest);
		free_deploying(deploying);
		return;
	}
	struct service_request next = { .action = SERVICE_ACTIVATE,
		.uid = request->uid,
		.strategy = CONTROL_strategy_restart,
		.phase = tell_activating,
		.done = activated_deployed,
		.release = request->release };
	memcpy(next.digest, request->release->digest, sizeof(next.digest));
	*request = next;
	service_submit(service, request);
}

static void deployed(struct service_request *request, int r)
{
	struct deploying *deploying = (struct deploying *)(void *)request;
	struct call *call = deploying->call;
	struct service *service = request->service;
	if (deploying->timer != NULL)
		(void)event_del(deploying->timer); /* it may not be pending */
	if (r != 0) {
		method_service_failed(call, request, r);
		free_deploying(deploying);
		return;
	}
	const struct release *release = request->release;
	struct control_out_service_deploy *out = &deploying->out;
	*out = (struct control_out_service_deploy){ .phase = CONTROL_deploy_phase_done,
		.bytes = (int64_t)release->bytes,
		.bytes_total = (int64_t)release->bytes };
	(void)snprintf(deploying->name, sizeof(deploying->name), "%s",
		service_name(service)); /* names are short */
	if (request->dry_run) {
		out->release = control_arena_alloc(&call->arena, sizeof(*out->release));
		if (out->release != NULL)
			*out->release = (struct control_release){ .digest = method_copy(
									  call, release->digest),
				.version = request->version != NULL ? request->version
					   : release->version != NULL
						   ? method_copy(call, release->version)
						   : NULL,
				.deployed_by_uid = request->uid,
				.state = CONTROL_release_state_staged,
				.modules = (int64_t)release->module_count,
				.bytes = (int64_t)release->bytes };
	} else {
		out->release = release_of(call, service, release->digest);
		call_audit(call, deploying->name, "deployed %s to %s", release->digest,
			deploying->name);
	}
	method_compare(call, service, release, compared_deployed, deploying);
}

/* Bytes of a message as a file. Returns a descriptor, or negative errno. */
static int make_file(const char *base64)
{
	size_t size, done = 0;
	_cleanup_(free_stringp) char *bytes = base64_decode(base64, &size);
	if (bytes == NULL)
		return -EBADMSG;
	_cleanup_(close_fdp) int fd = memfd_create("artifact", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (done < size) {
		ssize_t n = write(fd, bytes + done, size - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return TAKE_FD(fd);
}

bool method_service_name_is_possible(const char *name)
{
	static const char *const letters =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t length = strlen(name);
	return length > 0 && length <= BEAMR_NAME_MAX && strchr(letters, name[0]) != NULL &&
	       strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-") ==
		       length &&
	       strcmp(name, BEAMR_DEFAULT_NAMESPACE) != 0;
}

static void fail_parameter(struct call *call, const char *parameter)
{
	struct control_error_invalid_parameter info = { .parameter = parameter };
	call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
}

void handle_service_deploy(struct call *call, const struct control_in_service_deploy *in)
{
	struct services *services = method_services(call);
	if (services == NULL)
		return;
	int sources = (in->path != NULL) + (in->data != NULL) + in->artifact_file_descriptor.set;
	if (!method_service_name_is_possible(in->service) || sources != 1) {
		fail_parameter(call, sources == 1 ? "service" : "path");
		return;
	}
	_cleanup_(close_fdp) int fd = -1;
	if (in->artifact_file_descriptor.set) {
		fd = connection_take_fd(call->connection, in->artifact_file_descriptor.value);
		if (fd < 0) {
			fail_parameter(call, "artifactFileDescriptor");
			return;
		}
		(void)lseek(fd, 0, SEEK_SET); /* a pipe has no start to go to */
	} else if (in->data != NULL) {
		fd = make_file(in->data);
		if (fd < 0) {
			if (fd == -EBADMSG)
				fail_parameter(call, "data");
			else
				call_fail_errno(call, fd);
			return;
		}
	} else if (in->path[0] != '/') {
		fail_parameter(call, "path");
		return;
	}
	struct service *service = service_get(services, in->service);
	struct deploying *deploying = service != NULL ? calloc(1, sizeof(*deploying)) : NULL;
	if (deploying == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	deploying->call = call_ref(call);
	deploying->activate = in->activate.value != 0;
	deploying->fd = TAKE_FD(fd);
	deploying->request = (struct service_request){ .action = SERVICE_DEPLOY,
		.uid = method_uid(call),
		.source = { .path = in->path,
			.fd = deploying->fd,
			.bytes_max = (uint64_t)call->daemon->config.deploy_max },
		.expected = in->digest,
		.version = in->version,
		.note = in->note,
		.dry_run = in->dry_run.value != 0,
		.done = deployed };
	if (call->more) {
		const struct timeval interval = { .tv_usec = PROGRESS_MSEC * 1000 };
		deploying->timer =
			event_new(call->daemon->base, -1, EV_PERSIST, send_progress, deploying);
		if (deploying->timer != NULL)
			(void)event_add(
				deploying->timer, &interval); /* else nothing is told meanwhile */
	}
	service_submit(service, &deploying->request);
}

/* ---- activate, roll back ---- */

struct activating {
	struct service_request request;
	struct call *call; /* a reference */
	struct control_out_service_activate out;
	bool rollback, dry_run;
	char name[BEAMR_NAME_MAX + 1];
};

static void free_activating(struct activating *activating)
{
	free(activating->request.pids);
	(void)call_unref(activating->call);
	free(activating);
}

static void tell_phase(struct service_request *request, int phase)
{
	struct activating *activating = (struct activating *)(void *)request;
	struct call *call = activating->call;
	if (!call->more)
		return;
	if (activating->rollback) {
		struct control_out_service_rollback out = { .phase = phase };
		call_continue(call, &out);
	} else {
		struct control_out_service_activate out = { .phase = phase };
		call_continue(call, &out);
	}
}

static void activated(struct service_request *request, int r)
{
	struct activating *activating = (struct activating *)(void *)request;
	struct call *call = activating->call;
	const char *name = service_name(request->service);
	if (r != 0) {
		method_service_failed(call, request, r);
	} else if (activating->rollback) {
		struct control_out_service_rollback out = { .phase = CONTROL_activate_phase_done,
			.release = release_of(call, request->service, request->digest) };
		call_audit(call, name, "rolled %s back to %s", name, request->digest);
		call_reply(call, &out);
	} else {
		activating->out.phase = CONTROL_activate_phase_done;
		call_audit(call, name, "activated %s of %s", request->digest, name);
		call_reply(call, &activating->out);
	}
	free_activating(activating);
}

static void compared_activating(
	struct call *call, struct control_change *items, size_t count, void *user)
{
	struct activating *activating = user;
	/* Nobody held it meanwhile. */
	struct service *service = service_find(call->daemon->services, activating->name);
	activating->out.changes.items = items;
	activating->out.changes.count = count;
	activating->out.changes.set = true;
	if (activating->dry_run) {
		call_reply(call, &activating->out);
		free_activating(activating);
	} else if (service == NULL) {
		fail_no_release(call, activating->name, activating->request.digest);
		free_activating(activating);
	} else {
		service_submit(service, &activating->request);
	}
}

void handle_service_activate(struct call *call, const struct control_in_service_activate *in)
{
	char digest[RELEASE_DIGEST];
	struct release *release = NULL;
	struct service *service = method_service(call, in->service);
	if (service == NULL)
		return;
	if (!service_release(service, in->digest, false, digest)) {
		fail_no_release(call, in->service, in->digest);
		return;
	}
	struct activating *activating = calloc(1, sizeof(*activating));
	if (activating == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	const char *active = service_active(service);
	activating->call = call_ref(call);
	activating->dry_run = in->dry_run.value != 0;
	activating->out.previous = active[0] != '\0' ? method_copy(call, active) : NULL;
	activating->out.phase = CONTROL_activate_phase_done;
	activating->request = (struct service_request){ .action = SERVICE_ACTIVATE,
		.uid = method_uid(call),
		.strategy = in->strategy.set ? (enum control_value_strategy)in->strategy.value
					     : CONTROL_strategy_restart,
		.confirm_usec = in->confirm_usec.value,
		.phase = tell_phase,
		.done = activated };
	memcpy(activating->request.digest, digest, sizeof(digest));
	(void)snprintf(activating->name, sizeof(activating->name), "%s",
		in->service); /* it is one of ours */
	int r = store_load(services_store(call->daemon->services), digest, &release);
	if (r == 0) {
		method_compare(call, service, release, compared_activating, activating);
	} else {
		fail_no_release(call, in->service, in->digest);
		free_activating(activating);
	}
	(void)release_free(release);
}

void handle_service_rollback(struct call *call, const struct control_in_service_rollback *in)
{
	char digest[RELEASE_DIGEST];
	struct service *service = method_service(call, in->service);
	const char *wanted = in->digest != NULL ? in->digest : "";
	if (service == NULL)
		return;
	if (!service_release(service, wanted, true, digest)) {
		fail_no_release(call, in->service, wanted);
		return;
	}
	if (in->dry_run.value) {
		struct control_out_service_rollback out = { .phase = CONTROL_activate_phase_done,
			.release = release_of(call, service, digest) };
		call_reply(call, &out);
		return;
	}
	struct activating *activating = calloc(1, sizeof(*activating));
	if (activating == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	activating->call = call_ref(call);
	activating->rollback = true;
	activating->request = (struct service_request){ .action = SERVICE_ROLLBACK,
		.uid = method_uid(call),
		.strategy = in->strategy.set ? (enum control_value_strategy)in->strategy.value
					     : CONTROL_strategy_restart,
		.phase = tell_phase,
		.done = activated };
	memcpy(activating->request.digest, digest, sizeof(digest));
	service_submit(service, &activating->request);
}

static void confirmed(struct service_request *request, int r)
{
	struct activating *activating = (struct activating *)(void *)request;
	struct call *call = activating->call;
	const char *name = service_name(request->service);
	if (r != 0) {
		method_service_failed(call, request, r);
	} else {
		call_audit(call, name, "confirmed the release of %s", name);
		call_reply(call, NULL);
	}
	free_activating(activating);
}

void handle_service_confirm(struct call *call, const struct control_in_service_confirm *in)
{
	struct service *service = method_service(call, in->service);
	struct activating *activating = service != NULL ? calloc(1, sizeof(*activating)) : NULL;
	if (service == NULL)
		return;
	if (activating == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	activating->call = call_ref(call);
	activating->request = (struct service_request){ .done = confirmed };
	service_confirm(service, &activating->request);
}
