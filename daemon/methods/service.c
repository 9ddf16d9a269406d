/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Service: namespaces. */
#include "../service.h"
#include "../cgroup.h"
#include "../levels.h"
#include "../log.h"
#include "methods.h"

#include <errno.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

/* One reply is held back, since the last one is told from the others. */
struct listing {
	struct call *call;
	const struct control_in_service_list *in;
	struct control_instance held;
	struct control_usage held_usage;
	bool holds;
	size_t at; /* the kept service that comes next */
};

static void send_held(struct listing *listing)
{
	struct control_out_service_list out = { .service = &listing->held };
	if (listing->holds)
		call_continue(listing->call, &out);
}

/* Whether it is asked for; then what was held is sent, and the new one is held. */
static bool hold(struct listing *listing, const char *name, int64_t state)
{
	if (listing->in->match != NULL && strstr(name, listing->in->match) == NULL)
		return false;
	if (listing->in->state != NULL &&
		strcmp(listing->in->state,
			control_enums[CONTROL_ENUM_service_state].wires[state]) != 0)
		return false;
	send_held(listing);
	listing->holds = true;
	return true;
}

static void fill_held(
	struct listing *listing, const struct beamr_usage *usage, const struct beamr_ns *ns)
{
	if (!listing->in->with_usage.value)
		return;
	method_fill_usage(listing->call, usage, ns, &listing->held_usage);
	listing->held.usage = &listing->held_usage;
}

static void list_kept(struct listing *listing, struct service *service)
{
	if (!hold(listing, service_name(service), service_state(service)))
		return;
	method_fill_instance(listing->call, service, &listing->held);
	struct beamr_usage usage;
	service_usage(service, &usage);
	fill_held(listing, &usage, service_ns(service));
}

static bool list_one(void *user, const struct beamr_ns_info *info)
{
	struct listing *listing = user;
	struct call *call = listing->call;
	struct services *services = call->daemon->services;
	struct service *service = services != NULL ? service_find(services, info->name) : NULL;
	/* Both come by name: what does not run stands between what does. */
	for (struct service *next;
		services != NULL && (next = services_at(services, listing->at)) != NULL &&
		strcmp(service_name(next), info->name) <= 0;
		listing->at++)
		list_kept(listing, next);
	if (service != NULL)
		return true;
	int state = info->processes > 0 ? CONTROL_service_state_running
					: CONTROL_service_state_inactive;
	if (!hold(listing, info->name, state))
		return true;
	struct beamr_ns *ns = NULL;
	(void)beamr_ns_get(call->daemon->machine, info->name, &ns); /* NULL: it has just gone */
	listing->held = (struct control_instance){ .name = method_copy(call, info->name),
		.state = state,
		.since_realtime_usec = { true, info->created_realtime_usec } };
	struct beamr_usage usage = { 0 };
	if (ns != NULL)
		beamr_ns_usage(ns, &usage);
	fill_held(listing, &usage, ns);
	(void)beamr_ns_unref(ns);
	return true;
}

void handle_service_list(struct call *call, const struct control_in_service_list *in)
{
	struct listing listing = { .call = call, .in = in };
	beamr_ns_each(call->daemon->machine, list_one, &listing);
	for (struct service *next; call->daemon->services != NULL &&
				   (next = services_at(call->daemon->services, listing.at)) != NULL;
		listing.at++)
		list_kept(&listing, next);
	struct control_out_service_list out = { .service = listing.holds ? &listing.held : NULL };
	call_reply(call, &out);
}

static void fail_outcome(struct call *call, int r, const char *service)
{
	if (r == BEAMR_E_EXISTS) {
		struct control_error_already_exists info = { .service = service,
			.message =
				call_printf(call, "There is a service \"%s\" already.", service) };
		call_fail(call, CONTROL_ERROR_already_exists, &info);
	} else if (r == BEAMR_E_NAME) {
		struct control_error_invalid_parameter info = { .parameter = "service" };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
	} else if (r == BEAMR_E_LIMIT) {
		struct control_error_limit_reached info = { .limit = "services",
			.message = "There are too many services." };
		call_fail(call, CONTROL_ERROR_limit_reached, &info);
	} else if (r == BEAMR_E_IN_USE) {
		struct control_error_busy info = { .operation = "remove",
			.message = "Processes of the service still run." };
		call_fail(call, CONTROL_ERROR_busy, &info);
	} else {
		call_fail_errno(call, r);
	}
}

static bool add_path(struct call *call, struct beamr_ns *ns, const char *path, unsigned flags)
{
	int r = beamr_code_add_dir(ns, path, flags);
	if (r == 0)
		return true;
	struct control_error_bad_artifact info = { .reason = strerror(r < 0 ? -r : EINVAL),
		.message = call_printf(call, "The daemon cannot use the folder \"%s\": %s.", path,
			strerror(r < 0 ? -r : EINVAL)) };
	call_fail(call, CONTROL_ERROR_bad_artifact, &info);
	return false;
}

void handle_service_create(struct call *call, const struct control_in_service_create *in)
{
	struct beamr_ns *ns = NULL;
	int r = beamr_ns_create(call->daemon->machine, in->service, &ns);
	if (r != 0) {
		fail_outcome(call, r, in->service);
		return;
	}
	for (size_t i = 0; i < in->code_paths.count; i++) {
		if (!add_path(call, ns, in->code_paths.items[i], 0)) {
			(void)beamr_ns_remove(call->daemon->machine, in->service,
				BEAMR_NS_KILL); /* it is empty */
			(void)beamr_ns_unref(ns);
			return;
		}
	}
	(void)beamr_ns_unref(ns);
	call_audit(call, in->service, "created service %s", in->service);
	daemon_changed(call->daemon);
	call_reply(call, NULL);
}

void handle_service_add_code_path(
	struct call *call, const struct control_in_service_add_code_path *in)
{
	struct beamr_ns *ns = method_ns(call, in->service);
	if (ns == NULL)
		return;
	bool done = add_path(call, ns, in->path, in->first.value ? BEAMR_CODE_FIRST : 0);
	(void)beamr_ns_unref(ns);
	if (!done)
		return;
	call_audit(call, in->service, "added code path %s to %s", in->path, in->service);
	call_reply(call, NULL);
}

static void after_collect(struct call *call, void *result, void *user)
{
	struct beamr_atoms *atoms = result; /* NULL: the machine stops */
	if (atoms != NULL) {
		const struct control_out_service_collect out = {
			.before = (int64_t)atoms->before,
			.after = (int64_t)atoms->after,
			.pause = (int64_t)atoms->pause_usec,
		};
		call_audit(call, beamr_ns_name(user), "collected the atoms of %s", beamr_ns_name(user));
		call_reply(call, &out);
	} else {
		call_fail_errno(call, -ECANCELED);
	}
	free(atoms);
	(void)beamr_ns_unref(user); /* always NULL */
}

static void on_collected(void *user, const struct beamr_atoms *atoms)
{
	struct method_wait *wait = user;
	struct beamr_atoms *copy = atoms != NULL ? malloc(sizeof(*copy)) : NULL;
	if (copy != NULL)
		*copy = *atoms;
	method_wait_done(wait, copy);
}

void handle_service_collect(struct call *call, const struct control_in_service_collect *in)
{
	struct beamr_ns *ns = method_ns(call, in->service);
	if (ns == NULL)
		return;
	struct method_wait *wait = method_wait_new(call, after_collect, ns);
	if (wait == NULL) {
		(void)beamr_ns_unref(ns); /* always NULL */
		return;
	}
	if (beamr_ns_collect_atoms(ns, on_collected, wait) != 0) {
		method_wait_cancel(wait);
		call_fail_errno(call, -ESHUTDOWN);
		(void)beamr_ns_unref(ns); /* always NULL */
	}
}

void handle_service_remove(struct call *call, const struct control_in_service_remove *in)
{
	struct service *service = call->daemon->services != NULL
					  ? service_find(call->daemon->services, in->service)
					  : NULL;
	if (service != NULL) {
		method_service_remove(call, service, in);
		return;
	}
	if (in->digest != NULL || in->purge_state.value) {
		struct control_error_not_supported info = {
			.what = in->digest != NULL ? "digest" : "purgeState",
			.message = "Nothing was deployed there."
		};
		call_fail(call, CONTROL_ERROR_not_supported, &info);
		return;
	}
	struct beamr_ns *ns = method_ns(call, in->service);
	if (ns == NULL)
		return;
	uint64_t number = beamr_ns_number(ns);
	(void)beamr_ns_unref(ns);
	struct control_out_service_remove out = { .removed = method_strings(call, 1) };
	if (out.removed.count == 1)
		out.removed.items[0] = in->service;
	if (!in->dry_run.value) {
		int r = beamr_ns_remove(call->daemon->machine, in->service, BEAMR_NS_KILL);
		if (r != 0) {
			fail_outcome(call, r, in->service);
			return;
		}
		cgroups_end(call->daemon->cgroups, number);
		levels_forget(call->daemon->levels, in->service);
		daemon_report(call->daemon, BEAMR_REPORT_STOP, in->service, NULL, NULL, "removed");
		call_audit(call, in->service, "removed service %s", in->service);
		daemon_changed(call->daemon);
	}
	call_reply(call, &out);
}
