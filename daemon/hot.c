/* SPDX-License-Identifier: Apache-2.0 */
/* Hot activation: the modules that differ are replaced under the processes that run, all of them or none. Phases: 1 the worker reads and
 * checks what is new  2 the machine looks who is in the way, runs on_load functions, and makes everything current in one step; until then
 * nothing has changed, and what refuses leaves it so  3 the code server looks in the new folders instead of the old ones  4 the
 * applications' environment becomes that of the new release (hot_config.c).
 * Processes in code that is replaced stay in it until they call their module by its name, as ever. */
#include "base/cleanup.h"
#include "log.h"
#include "service_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct step {
	char *name;
	char *path;              /* of the new file; NULL: it goes */
	struct beamr_code *code; /* made by the worker */
};

struct hot {
	struct bridge_item item; /* first: the bridge hands it back */
	struct worker_job job;
	struct service *service;
	struct service_request *request;
	void (*then)(struct service *service, struct service_request *request, int r);
	struct beamr_ns *ns;
	struct release *old, *fresh;
	struct step *steps;
	size_t count;
	int r; /* of the worker; the reason stands in the request */
	void (*next)(struct hot *hot);
	struct beamr_changed *changed;
	struct beamr_call_result *result;
	bool taken_away; /* phase 3: the old folders are on their way out */
	char *data;      /* the service's folder; NULL: it has no applications */
	char *config;    /* phase 4: path of the script; NULL: there is none */
};

static void finish(struct hot *hot, int r)
{
	struct service *service = hot->service;
	struct service_request *request = hot->request;
	void (*then)(struct service * service, struct service_request * request, int r) = hot->then;
	for (size_t i = 0; i < hot->count; i++) {
		free(hot->steps[i].name);
		free(hot->steps[i].path);
		(void)beamr_code_free(hot->steps[i].code); /* always NULL */
	}
	free(hot->steps);
	if (hot->config != NULL)
		(void)unlink(hot->config); /* the next one of that name takes its place, if not */
	free(hot->config);
	free(hot->data);
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

static void on_changed(void *user, struct beamr_changed *changed)
{
	struct hot *hot = user;
	hot->changed = changed;
	bridge_post(&hot->service->all->daemon->bridge, &hot->item);
}

static void on_called(void *user, struct beamr_call_result *result)
{
	struct hot *hot = user;
	hot->result = result;
	bridge_post(&hot->service->all->daemon->bridge, &hot->item);
}

/* ---- phase 4 ---- */

static void finish_config(struct hot *hot)
{
	bool truncated, value = hot->result->end == BEAMR_CALL_VALUE;
	_cleanup_(free_stringp) char *text =
		hot->result->term != NULL ? beamr_term_text(hot->result->term, 400, &truncated)
					  : NULL;
	if (!value || text == NULL || strcmp(text, "{ok,ok}") != 0)
		log_say(hot->service->all->daemon->log, 4,
			"service \"%s\": the environment of its applications did not change as a "
			"whole: %s",
			hot->service->name, text != NULL ? text : "no answer");
	hot->result = beamr_call_result_free(hot->result);
	finish(hot, 0);
}

static void set_config(struct hot *hot)
{
	const struct beamr_call_options options = { .timeout_usec = 10000000 };
	struct beamr_term *path = NULL;
	struct beamr_error error;
	char *text = NULL;
	hot->next = finish_config;
	int r = hot->config != NULL && asprintf(&text, "\"%s\"", hot->config) >= 0 ? 0 : -ENOENT;
	if (r == 0)
		r = beamr_term_parse(text, strlen(text), &path, &error);
	if (r == 0)
		r = beamr_call(hot->ns, "file", "script", (struct beamr_term *const *)&path, 1,
			&options, on_called, hot, NULL);
	(void)beamr_term_free(path);
	free(text);
	if (r != 0)
		finish(hot, 0); /* there is nothing to change */
}

/* ---- phase 3 ---- */

static void set_paths(struct hot *hot);

static void finish_paths(struct hot *hot)
{
	/* Before release 26 old folders cannot be taken away at once: they stay, behind the new ones. */
	if (hot->result->end != BEAMR_CALL_VALUE && !hot->taken_away)
		log_say(hot->service->all->daemon->log, 4,
			"service \"%s\": its code server did not take the new folders",
			hot->service->name);
	(void)beamr_call_result_free(hot->result);
	hot->result = NULL;
	if (hot->taken_away) {
		set_config(hot);
		return;
	}
	hot->taken_away = true;
	set_paths(hot);
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

/* Its folders as a list of texts. */
static int folders_of(const struct release *release, struct beamr_term **ret_term)
{
	char *text = NULL;
	size_t size = 0;
	struct beamr_error error;
	FILE *out = open_memstream(&text, &size);
	if (out == NULL)
		return -ENOMEM;
	fputc('[', out);
	for (size_t i = 0; release->code_paths != NULL && release->code_paths[i] != NULL; i++) {
		fputs(i > 0 ? ",\"" : "\"", out);
		const char *parts[] = { release->tree, "/", release->code_paths[i] };
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
	int r = fclose(out) == 0 ? beamr_term_parse(text, size, ret_term, &error) : -ENOMEM;
	free(text);
	return r;
}

static void set_paths(struct hot *hot)
{
	struct beamr_term *term = NULL;
	const struct beamr_call_options options = { .timeout_usec = 10000000 };
	/* One without a kernel looks for code by itself. */
	if (beamr_ns_node(hot->ns) == BEAMR_NODE_NONE) {
		add_folders(hot);
		finish(hot, 0);
		return;
	}
	hot->next = finish_paths;
	int r = folders_of(hot->taken_away ? hot->old : hot->fresh, &term);
	if (r == 0)
		r = beamr_call(hot->ns, "code", hot->taken_away ? "del_paths" : "add_pathsa",
			(struct beamr_term *const *)&term, 1, &options, on_called, hot, NULL);
	(void)beamr_term_free(term);
	if (r != 0)
		finish(hot, 0); /* no code server: then nothing looks for code by itself */
}

/* ---- phase 2 ---- */

static void in_use(struct hot *hot)
{
	struct service_request *request = hot->request;
	const struct beamr_changed *changed = hot->changed;
	const struct step *step = &hot->steps[changed->item];
	(void)snprintf(request->module, sizeof(request->module), "%s",
		step->name); /* a name is at most 255 bytes */
	free(request->pids);
	request->pids = calloc(changed->user_count + 1, sizeof(*request->pids));
	request->pid_count = 0;
	for (size_t i = 0; request->pids != NULL && i < changed->user_count; i++) {
		if (changed->users[i].item == changed->item &&
			(changed->users[i].old || step->path == NULL))
			request->pids[request->pid_count++] = changed->users[i].pid;
	}
}

static void after_change(struct hot *hot)
{
	struct service_request *request = hot->request;
	int r = hot->changed->outcome;
	if (r == BEAMR_E_OLD_CODE && hot->changed->user_count > 0) {
		in_use(hot);
		r = SERVICE_E_OLD_CODE;
	} else if (r != 0) {
		(void)snprintf(request->reason, sizeof(request->reason),
			"%s cannot be loaded: %s; nothing was changed",
			hot->steps[hot->changed->item].name, hot->changed->reason); /* fits */
		r = r == BEAMR_E_LIMIT ? SERVICE_E_QUOTA : SERVICE_E_STATE;
	}
	hot->changed = beamr_changed_free(hot->changed);
	if (r != 0)
		finish(hot, r);
	else
		set_paths(hot);
}

static void change(struct hot *hot)
{
	struct beamr_change *changes = calloc(hot->count + 1, sizeof(*changes));
	if (changes == NULL) {
		finish(hot, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < hot->count; i++)
		changes[i] = (struct beamr_change){ hot->steps[i].name, hot->steps[i].code };
	hot->next = after_change;
	beamr_change(hot->ns, changes, hot->count, 0, on_changed, hot);
	free(changes);
}

/* ---- phase 1 ---- */

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

#define HOT_OF(at) ((struct hot *)(void *)((char *)(at)-offsetof(struct hot, job)))

static void prepare_config(struct hot *hot)
{
	int r = hot->data != NULL ? hot_config_write(hot->old, hot->fresh, hot->data, &hot->config)
				  : 0;
	if (r == -ENOTSUP) {
		log_say(hot->service->all->daemon->log, 5,
			"service \"%s\": its configuration is worked out when it is started, so "
			"the "
			"environment of its applications stays as it is",
			hot->service->name);
	} else if (r != 0) {
		hot->r = SERVICE_E_STATE;
		(void)snprintf(hot->request->reason, sizeof(hot->request->reason),
			"its folder cannot be written to: %s; nothing was changed",
			strerror(-r)); /* fits */
	}
}

/* On the worker's thread. */
static void prepare(struct worker_job *job)
{
	struct hot *hot = HOT_OF(job);
	prepare_config(hot);
	for (size_t i = 0; i < hot->count && hot->r == 0; i++) {
		struct step *step = &hot->steps[i];
		struct beamr_error error = { .reason = "" };
		char *bytes = NULL;
		size_t size = 0;
		if (step->path == NULL)
			continue;
		int r = read_module(step->path, &bytes, &size);
		if (r == 0)
			r = beamr_code_prepare(bytes, size, &step->code, &error);
		free(bytes);
		if (r == 0)
			continue;
		hot->r = SERVICE_E_STATE;
		(void)snprintf(hot->request->reason, sizeof(hot->request->reason),
			"%s cannot be loaded: %s%s%s; nothing was changed", step->name, error.chunk,
			error.chunk[0] != '\0' ? ": " : "",
			error.reason[0] != '\0' ? error.reason
						: strerror(r < 0 ? -r : EINVAL)); /* fits */
	}
}

static void prepared(struct worker_job *job)
{
	struct hot *hot = HOT_OF(job);
	if (hot->r != 0)
		finish(hot, hot->r);
	else
		change(hot);
}

/* Part of OTP's core, which cannot be changed under a node that runs. */
static bool is_core(const char *path)
{
	return path != NULL &&
	       (strncmp(path, "lib/kernel-", 11) == 0 || strncmp(path, "lib/stdlib-", 11) == 0 ||
		       strncmp(path, "lib/erts-", 9) == 0 || strncmp(path, "erts-", 5) == 0);
}

static void ignore_module(void *user, const struct beamr_module *module) {}

static void add_step(void *user, enum release_change change, const struct release_module *before,
	const struct release_module *after)
{
	struct hot *hot = user;
	if (change == RELEASE_UNCHANGED || hot->r != 0)
		return;
	const struct release_module *module = after != NULL ? after : before;
	if (is_core(module->path)) {
		(void)snprintf(hot->request->reason, sizeof(hot->request->reason),
			"it changes %s, a part of OTP that cannot be changed under running "
			"processes; restart or "
			"bluegreen would work",
			module->name); /* fits */
		hot->r = SERVICE_E_STATE;
		return;
	}
	/* What is not loaded is found in the new folders when it is called; what is new may be asked for at once. */
	if (before != NULL && beamr_module_get(hot->ns, module->name, ignore_module, NULL) != 0)
		return;
	struct step *step = &hot->steps[hot->count++];
	*step = (struct step){ .name = strdup(module->name) };
	if (step->name == NULL || (after != NULL && asprintf(&step->path, "%s/%s", hot->fresh->tree,
							    after->path) < 0)) {
		step->path = NULL;
		hot->r = -ENOMEM;
	}
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
	*hot = (struct hot){ .item = { .run = run_next },
		.job = { .work = prepare, .done = prepared },
		.service = service,
		.request = request,
		.then = then };
	int r = services->worker == NULL
			? -ECANCELED
			: store_load(services->store, service->run->digest, &hot->old);
	if (r == 0)
		r = store_load(services->store, request->digest, &hot->fresh);
	if (r == 0 && (hot->old->kind == RELEASE_ESCRIPT || hot->fresh->kind == RELEASE_ESCRIPT)) {
		(void)snprintf(request->reason, sizeof(request->reason),
			"an escript holds its code in a way of its own, which cannot be changed "
			"under "
			"running processes; restart or bluegreen would work"); /* fits */
		r = SERVICE_E_STATE;
	}
	if (r == 0 && beamr_ns_get(services->daemon->machine, service->name, &hot->ns) != 0)
		r = -ESRCH;
	if (r == 0 && beamr_ns_node(hot->ns) != BEAMR_NODE_NONE)
		r = store_data_dir(services->store, service->name, &hot->data);
	if (r == 0)
		release_compare(hot->old, hot->fresh, count_change, &wanted);
	hot->steps = r == 0 ? calloc(wanted + 1, sizeof(*hot->steps)) : NULL;
	if (r == 0 && hot->steps == NULL)
		r = -ENOMEM;
	if (r == 0) {
		release_compare(hot->old, hot->fresh, add_step, hot);
		r = hot->r;
	}
	if (r != 0)
		finish(hot, r);
	else
		worker_post(services->worker, &hot->job);
}
