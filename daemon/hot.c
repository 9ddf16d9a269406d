/* SPDX-License-Identifier: Apache-2.0 */
/* Hot activation: the modules that differ are loaded under the processes that run. Phases: 1 look: nobody may be in code that is old
 * already, nor in a module that goes; nothing has been changed when this refuses; 2 old code that nobody uses is purged, what goes is
 * deleted, what differs is loaded, one after the other; 3 the code server looks in the new folders first. A module that does not load in
 * phase 2 ends it, and the run is started again with the release that it had. */
#include "base/cleanup.h"
#include "log.h"
#include "service_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct step {
	char *name;
	char *path;  /* of the new file; NULL: it goes */
	bool loaded; /* there is code of it */
	bool is_new; /* it was not in the release before */
};

struct hot {
	struct bridge_item item; /* first: the bridge hands it back */
	struct service *service;
	struct service_request *request;
	void (*then)(struct service *service, struct service_request *request, int r);
	struct beamr_ns *ns;
	struct release *old, *fresh;
	struct step *steps;
	size_t count, at;
	void (*next)(struct hot *hot);
	struct beamr_purged *purged;
	struct beamr_loaded *loaded;
	struct beamr_call_result *result;
	size_t calls; /* of phase 3, done */
};

static void finish(struct hot *hot, int r)
{
	struct service *service = hot->service;
	struct service_request *request = hot->request;
	void (*then)(struct service * service, struct service_request * request, int r) = hot->then;
	for (size_t i = 0; i < hot->count; i++) {
		free(hot->steps[i].name);
		free(hot->steps[i].path);
	}
	free(hot->steps);
	(void)release_free(hot->old);
	(void)release_free(hot->fresh);
	(void)beamr_ns_unref(hot->ns);
	free(hot);
	then(service, request, r);
}

static void run_next(struct bridge_item *item)
{
	struct hot *hot = (struct hot *)(void *)item;
	hot->next(hot);
}

static void on_purged(void *user, struct beamr_purged *purged)
{
	struct hot *hot = user;
	hot->purged = purged;
	bridge_post(&hot->service->all->daemon->bridge, &hot->item);
}

static void on_loaded(void *user, struct beamr_loaded *loaded)
{
	struct hot *hot = user;
	hot->loaded = loaded;
	bridge_post(&hot->service->all->daemon->bridge, &hot->item);
}

static void on_called(void *user, struct beamr_call_result *result)
{
	struct hot *hot = user;
	hot->result = result;
	bridge_post(&hot->service->all->daemon->bridge, &hot->item);
}

static void in_use(struct hot *hot, const char *module, const beamr_pid *pids, size_t count)
{
	struct service_request *request = hot->request;
	(void)snprintf(request->module, sizeof(request->module), "%s",
		module); /* a name is at most 255 bytes */
	free(request->pids);
	request->pids = calloc(count + 1, sizeof(*request->pids));
	request->pid_count = request->pids != NULL ? count : 0;
	if (request->pid_count > 0)
		memcpy(request->pids, pids, count * sizeof(*pids));
}

/* ---- phase 3 ---- */

static void finish_paths(struct hot *hot)
{
	if (hot->result->end != BEAMR_CALL_VALUE)
		log_say(hot->service->all->daemon->log, 4,
			"service \"%s\": its code server did not take the new folders",
			hot->service->name);
	(void)beamr_call_result_free(hot->result);
	hot->result = NULL;
	finish(hot, 0);
}

static void add_folders(struct hot *hot)
{
	char folder[8192];
	size_t count = 0;
	while (hot->fresh->code_paths != NULL && hot->fresh->code_paths[count] != NULL)
		count++;
	/* Each goes before all that are there. */
	for (; count > 0; count--) {
		(void)snprintf(folder, sizeof(folder), "%s/%s", hot->fresh->tree,
			hot->fresh->code_paths[count - 1]); /* cut: there is no such folder */
		if (beamr_code_add_dir(hot->ns, folder, BEAMR_CODE_FIRST) != 0)
			log_say(hot->service->all->daemon->log, 4,
				"service \"%s\": cannot look for code in \"%s\"",
				hot->service->name, folder);
	}
}

static void set_paths(struct hot *hot)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct beamr_term *term = NULL;
	struct beamr_error error;
	const struct beamr_call_options options = { .timeout_usec = 10000000 };
	int r = out != NULL ? 0 : -ENOMEM;
	if (r == 0) {
		fputc('[', out);
		for (size_t i = 0;
			hot->fresh->code_paths != NULL && hot->fresh->code_paths[i] != NULL; i++) {
			fputs(i > 0 ? ",\"" : "\"", out);
			const char *parts[] = { hot->fresh->tree, "/", hot->fresh->code_paths[i] };
			for (size_t k = 0; k < ARRAY_SIZE(parts); k++) {
				for (const char *c = parts[k]; *c != '\0'; c++) {
					if (*c == '"' || *c == '\\')
						fputc('\\', out);
					fputc(*c, out);
				}
			}
			fputc('"', out);
		}
		fputc(']', out);
		r = fclose(out) == 0 ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = beamr_term_parse(text, size, &term, &error);
	free(text);
	/* One without a kernel looks for code by itself. */
	if (beamr_ns_node(hot->ns) == BEAMR_NODE_NONE) {
		(void)beamr_term_free(term);
		add_folders(hot);
		finish(hot, r);
		return;
	}
	hot->next = finish_paths;
	if (r == 0)
		r = beamr_call(hot->ns, "code", "add_pathsa", (struct beamr_term *const *)&term, 1,
			&options, on_called, hot, NULL);
	(void)beamr_term_free(term);
	if (r != 0)
		finish(hot, 0); /* no code server: then nothing looks for code by itself */
}

/* ---- phase 2 ---- */

static void load_step(struct hot *hot);

static void loading_failed(struct hot *hot, const char *reason)
{
	struct service *service = hot->service;
	(void)snprintf(hot->request->reason, sizeof(hot->request->reason),
		"%s does not load: %.300s; the service is started again with the release it had",
		hot->steps[hot->at].name, reason); /* fits */
	service->restart_wanted = true;
	finish(hot, SERVICE_E_START);
	service_settle(service);
}

static void after_load(struct hot *hot)
{
	struct beamr_loaded *loaded = TAKE_PTR(hot->loaded);
	int r = loaded->outcome;
	char reason[400];
	(void)snprintf(reason, sizeof(reason), "%s%s%s", loaded->error.chunk,
		loaded->error.chunk[0] != '\0' ? ": " : "",
		r < 0 ? strerror(-r) : loaded->error.reason); /* fits */
	(void)beamr_loaded_free(loaded);
	if (r != 0) {
		loading_failed(hot, reason);
		return;
	}
	hot->at++;
	load_step(hot);
}

static int read_module(const char *path, char **ret_bytes, size_t *ret_size)
{
	_cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0)
		return -errno;
	char *bytes = malloc((size_t)status.st_size + 1);
	ssize_t n = bytes != NULL ? read(fd, bytes, (size_t)status.st_size) : -1;
	if (n != status.st_size) {
		free(bytes);
		return bytes == NULL ? -ENOMEM : -EIO;
	}
	*ret_bytes = bytes;
	*ret_size = (size_t)n;
	return 0;
}

static void load_one(struct hot *hot)
{
	char *bytes = NULL;
	size_t size = 0;
	const struct step *step = &hot->steps[hot->at];
	int r = read_module(step->path, &bytes, &size);
	if (r != 0) {
		loading_failed(hot, strerror(-r));
		return;
	}
	hot->next = after_load;
	beamr_load(hot->ns, bytes, size, 0, on_loaded, hot);
	free(bytes);
}

static void after_purge(struct hot *hot)
{
	struct step *step = &hot->steps[hot->at];
	struct beamr_purged *purged = TAKE_PTR(hot->purged);
	int r = purged->outcome;
	(void)beamr_purged_free(purged);
	if (r == BEAMR_E_OLD_CODE) {
		/* Somebody went into it since phase 1. */
		loading_failed(hot, "its old code is in use");
		return;
	}
	if (step->path != NULL) {
		load_one(hot);
		return;
	}
	(void)beamr_module_delete(hot->ns, step->name); /* it may not be loaded */
	hot->at++;
	load_step(hot);
}

static void load_step(struct hot *hot)
{
	/* What is not loaded is found in the new folders when it is called. */
	while (hot->at < hot->count && !hot->steps[hot->at].loaded && !hot->steps[hot->at].is_new)
		hot->at++;
	if (hot->at == hot->count) {
		set_paths(hot);
		return;
	}
	if (!hot->steps[hot->at].loaded) {
		load_one(hot);
		return;
	}
	hot->next = after_purge;
	beamr_purge(hot->ns, hot->steps[hot->at].name, 0, on_purged, hot);
}

/* ---- phase 1 ---- */

static void look_step(struct hot *hot);

static void after_look(struct hot *hot)
{
	struct beamr_purged *purged = TAKE_PTR(hot->purged);
	bool used = purged->outcome == BEAMR_E_OLD_CODE;
	if (used)
		in_use(hot, hot->steps[hot->at].name, purged->pids, purged->pid_count);
	(void)beamr_purged_free(purged);
	if (used) {
		finish(hot, SERVICE_E_OLD_CODE);
		return;
	}
	hot->at++;
	look_step(hot);
}

static void look_step(struct hot *hot)
{
	while (hot->at < hot->count && !hot->steps[hot->at].loaded)
		hot->at++;
	if (hot->at == hot->count) {
		hot->at = 0;
		load_step(hot);
		return;
	}
	hot->next = after_look;
	beamr_purge(hot->ns, hot->steps[hot->at].name, BEAMR_PURGE_DRY_RUN, on_purged, hot);
}

struct running {
	struct hot *hot;
	const char *module;
	beamr_pid *pids;
	size_t count, capacity;
};

static bool note_running(void *user, const struct beamr_process *process)
{
	struct running *running = user;
	struct hot *hot = running->hot;
	for (size_t i = 0; i < hot->count; i++) {
		if (hot->steps[i].path != NULL ||
			strcmp(hot->steps[i].name, process->current.module) != 0)
			continue;
		running->module = hot->steps[i].name;
		if (running->count == running->capacity) {
			size_t capacity = running->capacity > 0 ? running->capacity * 2 : 16;
			beamr_pid *grown = reallocarray(running->pids, capacity, sizeof(*grown));
			if (grown == NULL)
				return false;
			running->pids = grown;
			running->capacity = capacity;
		}
		running->pids[running->count++] = process->pid;
	}
	return true;
}

static void ignore_module(void *user, const struct beamr_module *module) {}

static void add_step(void *user, enum release_change change, const struct release_module *before,
	const struct release_module *after)
{
	struct hot *hot = user;
	struct step *step = &hot->steps[hot->count];
	if (change == RELEASE_UNCHANGED)
		return;
	const struct release_module *module = after != NULL ? after : before;
	*step = (struct step){ .name = strdup(module->name), .is_new = before == NULL };
	if (step->name == NULL || (after != NULL && asprintf(&step->path, "%s/%s", hot->fresh->tree,
							    after->path) < 0)) {
		free(step->name);
		step->name = NULL;
		return; /* counted below: too few steps */
	}
	step->loaded = beamr_module_get(hot->ns, module->name, ignore_module, NULL) == 0;
	hot->count++;
}

static void count_change(void *user, enum release_change change,
	const struct release_module *before, const struct release_module *after)
{
	size_t *count = user;
	*count += change != RELEASE_UNCHANGED;
}

void service_hot(struct service *service, struct service_request *request,
	void (*then)(struct service *service, struct service_request *request, int r))
{
	struct hot *hot = calloc(1, sizeof(*hot));
	struct services *services = service->all;
	size_t wanted = 0;
	if (hot == NULL) {
		then(service, request, -ENOMEM);
		return;
	}
	*hot = (struct hot){
		.item = { .run = run_next }, .service = service, .request = request, .then = then
	};
	int r = store_load(services->store, service->run->digest, &hot->old);
	if (r == 0)
		r = store_load(services->store, request->digest, &hot->fresh);
	if (r == 0 && beamr_ns_get(services->daemon->machine, service->name, &hot->ns) != 0)
		r = -ESRCH;
	if (r == 0 && hot->fresh->kind == RELEASE_OTP && hot->fresh->has_kernel) {
		(void)snprintf(request->reason, sizeof(request->reason),
			"a release that brings OTP itself cannot be loaded under running "
			"processes"); /* fits */
		finish(hot, SERVICE_E_STATE);
		return;
	}
	if (r == 0)
		release_compare(hot->old, hot->fresh, count_change, &wanted);
	hot->steps = r == 0 ? calloc(wanted + 1, sizeof(*hot->steps)) : NULL;
	if (r == 0 && hot->steps == NULL)
		r = -ENOMEM;
	if (r == 0) {
		release_compare(hot->old, hot->fresh, add_step, hot);
		r = hot->count == wanted ? 0 : -ENOMEM;
	}
	if (r != 0) {
		finish(hot, r);
		return;
	}
	struct running running = { .hot = hot };
	beamr_process_each(services->daemon->machine, hot->ns, 0, note_running, &running);
	if (running.count > 0)
		in_use(hot, running.module, running.pids, running.count);
	free(running.pids);
	if (running.count > 0)
		finish(hot, SERVICE_E_OLD_CODE);
	else
		look_step(hot);
}
