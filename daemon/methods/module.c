/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Process, the part about modules: list, load, purge, delete. */
#include "../log.h"
#include "base/cleanup.h"
#include "control/base64.h"
#include "methods.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

static void fill_module(struct call *call, const char *service, const struct beamr_module *from,
	struct control_module *to)
{
	*to = (struct control_module){ .service = method_copy(call, service),
		.module = method_copy(call, from->name),
		.digest = method_copy(call, from->digest),
		.bytes = (int64_t)from->bytes,
		.loaded_realtime_usec = from->loaded_realtime_usec,
		.has_old = from->has_old,
		.source = from->source[0] != '\0' ? method_copy(call, from->source) : NULL };
}

struct listing {
	struct call *call;
	const struct control_in_module_list *in;
	const char *service;
	struct control_module held; /* the last reply is told from the others */
	bool holds;
};

static bool list_module(void *user, const struct beamr_module *module)
{
	struct listing *listing = user;
	if (listing->in->match != NULL && strstr(module->name, listing->in->match) == NULL)
		return true;
	if (listing->in->only_old.value && !module->has_old)
		return true;
	if (listing->holds) {
		struct control_out_module_list out = { .module = &listing->held };
		call_continue(listing->call, &out);
	}
	fill_module(listing->call, listing->service, module, &listing->held);
	listing->holds = true;
	return true;
}

static bool list_service(void *user, const struct beamr_ns_info *info)
{
	struct control_strings *names = user;
	const char **grown = reallocarray(names->items, names->count + 1, sizeof(char *));
	if (grown == NULL)
		return false;
	names->items = grown;
	grown[names->count] = strdup(info->name);
	if (grown[names->count] != NULL)
		names->count++;
	return true;
}

void handle_module_list(struct call *call, const struct control_in_module_list *in)
{
	struct listing listing = { .call = call, .in = in };
	struct control_strings names = { 0 };
	if (in->service != NULL) {
		struct beamr_ns *ns = method_ns(call, in->service);
		if (ns == NULL)
			return;
		listing.service = in->service;
		beamr_module_each(ns, list_module, &listing);
		(void)beamr_ns_unref(ns);
	} else {
		beamr_ns_each(call->daemon->machine, list_service, &names);
	}
	for (size_t i = 0; i < names.count; i++) {
		struct beamr_ns *ns;
		listing.service = names.items[i];
		if (beamr_ns_get(call->daemon->machine, names.items[i], &ns) == 0) {
			beamr_module_each(ns, list_module, &listing);
			(void)beamr_ns_unref(ns);
		}
	}
	struct control_out_module_list out = { .module = listing.holds ? &listing.held : NULL };
	call_reply(call, &out);
	for (size_t i = 0; i < names.count; i++)
		free((char *)(uintptr_t)names.items[i]); /* strdup()ed by list_service() */
	free(names.items);
}

/* The whole of a regular file. Returns 0 or negative errno. */
static int read_file(const char *path, void **ret_bytes, size_t *ret_size)
{
	_cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	if (status.st_size > (off_t)BEAMR_MODULE_MAX)
		return -EFBIG;
	size_t size = (size_t)status.st_size, used = 0;
	char *bytes = malloc(size + 1);
	if (bytes == NULL)
		return -ENOMEM;
	while (used < size) {
		ssize_t n = read(fd, bytes + used, size - used);
		if (n < 0 && errno != EINTR) {
			free(bytes);
			return -errno;
		}
		if (n == 0)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	*ret_bytes = bytes;
	*ret_size = used;
	return 0;
}

struct loading {
	struct beamr_ns *ns;
	bool dry_run;
	const char *path; /* lives as long as the call */
};

struct found {
	struct call *call;
	const char *service;
	struct control_module *module;
};

static void found_module(void *user, const struct beamr_module *module)
{
	struct found *found = user;
	fill_module(found->call, found->service, module, found->module);
}

static void after_load(struct call *call, void *result, void *user)
{
	struct beamr_loaded *loaded = result;
	struct loading *loading = user;
	const char *service = method_copy(call, beamr_ns_name(loading->ns));
	const char *name = method_copy(call, loaded->module);
	struct control_out_module_load out = {
		.module = { .service = service, .module = name, .digest = "" }
	};
	if (loaded->outcome == 0) {
		struct found found = { call, service, &out.module };
		if (!loading->dry_run) {
			(void)beamr_module_get(loading->ns, loaded->module, found_module,
				&found); /* it was just loaded */
			call_audit(call, service, "loaded module %s into %s", name, service);
			daemon_changed(call->daemon);
		}
		call_reply(call, &out);
	} else if (loaded->outcome == BEAMR_E_OLD_CODE) {
		struct control_error_old_code_in_use info = { .module = name,
			.message = call_printf(
				call, "%s has old code already; purge it first.", name) };
		call_fail(call, CONTROL_ERROR_old_code_in_use, &info);
	} else if (loaded->outcome == BEAMR_E_LIMIT && loaded->module[0] != '\0') {
		method_limit_reached(call, loading->ns, "modules");
	} else if (loaded->outcome > 0) {
		const struct beamr_error *error = &loaded->error;
		const char *what = name[0] != '\0'         ? name
				   : loading->path != NULL ? loading->path
							   : "The file";
		struct control_error_bad_artifact info = { .module = name[0] != '\0' ? name : NULL,
			.offset = { true, (int64_t)error->offset },
			.reason = call_printf(call, "%s%s%s", error->chunk,
				error->chunk[0] != '\0' ? ": " : "", error->reason),
			.message =
				error->chunk[0] != '\0'
					? call_printf(call,
						  "%s does not load: chunk %s, offset %llu: %s.",
						  what, error->chunk,
						  (unsigned long long)error->offset, error->reason)
					: call_printf(call, "%s does not load: %s.", what,
						  error->reason) };
		call_fail(call, CONTROL_ERROR_bad_artifact, &info);
	} else {
		call_fail_errno(call, loaded->outcome);
	}
	(void)beamr_loaded_free(loaded);
	(void)beamr_ns_unref(loading->ns);
	free(loading);
}

static void on_loaded(void *user, struct beamr_loaded *loaded)
{
	method_wait_done(user, loaded);
}

void handle_module_load(struct call *call, const struct control_in_module_load *in)
{
	_cleanup_(free_stringp) char *owned = NULL;
	void *bytes = NULL;
	size_t size = 0;
	if ((in->path != NULL) + (in->code != NULL) != 1) {
		struct control_error_invalid_parameter info = {
			.parameter = in->path != NULL ? "code" : "path"
		};
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	if (in->digest != NULL) {
		struct control_error_not_supported info = { .what = "digest",
			.message = "Digests are for releases." };
		call_fail(call, CONTROL_ERROR_not_supported, &info);
		return;
	}
	if (in->path != NULL) {
		int r = read_file(in->path, &bytes, &size);
		if (r < 0) {
			struct control_error_bad_artifact info = { .reason = strerror(-r),
				.message = call_printf(call, "The daemon cannot read \"%s\": %s.",
					in->path, strerror(-r)) };
			call_fail(call, CONTROL_ERROR_bad_artifact, &info);
			return;
		}
	} else {
		bytes = base64_decode(in->code, &size);
		if (bytes == NULL) {
			struct control_error_invalid_parameter info = { .parameter = "code" };
			call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
			return;
		}
	}
	owned = bytes;
	struct beamr_ns *ns = method_ns(call, in->service);
	if (ns == NULL)
		return;
	struct loading *loading = malloc(sizeof(*loading));
	struct method_wait *wait =
		loading != NULL ? method_wait_new(call, after_load, loading) : NULL;
	if (wait == NULL) {
		if (loading == NULL)
			call_fail_errno(call, -ENOMEM);
		free(loading);
		(void)beamr_ns_unref(ns);
		return;
	}
	*loading =
		(struct loading){ .ns = ns, .dry_run = in->dry_run.value != 0, .path = in->path };
	beamr_load(ns, bytes, size, in->dry_run.value ? BEAMR_LOAD_DRY_RUN : 0, on_loaded, wait);
}

static void after_purge(struct call *call, void *result, void *user)
{
	struct beamr_purged *purged = result;
	struct beamr_ns *ns = user;
	const char *module = json_string_value(
		json_object_get(json_object_get(call->message, "parameters"), "module"));
	struct control_strings pids = method_strings(call, purged->pid_count);
	for (size_t i = 0; i < pids.count; i++)
		pids.items[i] = method_pid(call, purged->pids[i]);
	if (purged->outcome == 0) {
		struct control_out_module_purge out = { .purged = purged->purged, .killed = pids };
		call_audit(call, beamr_ns_name(ns), "purged module %s of %s, killed %zu", module,
			beamr_ns_name(ns), purged->pid_count);
		if (purged->purged)
			daemon_report(call->daemon, BEAMR_REPORT_PURGE, beamr_ns_name(ns), NULL,
				module, NULL);
		call_reply(call, &out);
	} else if (purged->outcome == BEAMR_E_OLD_CODE) {
		struct control_error_old_code_in_use info = { .module = module,
			.processes = pids,
			.message = call_printf(call,
				"%s: old code is still in use by %zu process%s.", module,
				purged->pid_count, purged->pid_count == 1 ? "" : "es") };
		call_fail(call, CONTROL_ERROR_old_code_in_use, &info);
	} else if (purged->outcome == BEAMR_E_NO_MODULE) {
		method_no_module(call, ns, module);
	} else {
		call_fail_errno(call, purged->outcome < 0 ? purged->outcome : -ECANCELED);
	}
	(void)beamr_purged_free(purged);
	(void)beamr_ns_unref(ns);
}

static void on_purged(void *user, struct beamr_purged *purged)
{
	method_wait_done(user, purged);
}

void handle_module_purge(struct call *call, const struct control_in_module_purge *in)
{
	struct beamr_ns *ns = method_ns(call, in->service);
	if (ns == NULL)
		return;
	struct method_wait *wait = method_wait_new(call, after_purge, ns);
	if (wait == NULL) {
		(void)beamr_ns_unref(ns);
		return;
	}
	beamr_purge(ns, method_module(call, in->module), in->force.value ? BEAMR_PURGE_FORCE : 0,
		on_purged, wait);
}

void handle_module_delete(struct call *call, const struct control_in_module_delete *in)
{
	struct beamr_ns *ns = method_ns(call, in->service);
	if (ns == NULL)
		return;
	const char *module = method_module(call, in->module);
	int r = beamr_module_delete(ns, module);
	if (r == 0) {
		call_audit(call, in->service, "deleted module %s of %s", module, in->service);
		call_reply(call, NULL);
	} else if (r == BEAMR_E_NO_MODULE) {
		method_no_module(call, ns, module);
	} else if (r == BEAMR_E_OLD_CODE) {
		struct control_error_old_code_in_use info = { .module = module,
			.message = call_printf(
				call, "%s has old code already; purge it first.", module) };
		call_fail(call, CONTROL_ERROR_old_code_in_use, &info);
	} else {
		call_fail_errno(call, r);
	}
	(void)beamr_ns_unref(ns);
}
