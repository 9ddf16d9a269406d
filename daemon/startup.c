/* SPDX-License-Identifier: Apache-2.0 */
/* One module at a time, through the event loop, so that the control socket answers and systemd hears of each step: a module that
 * was loaded is progress and extends the time limit; one that never ends loading does not. */
#include "startup.h"

#include "base/cleanup.h"
#include "log.h"
#include "notify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct startup {
	struct bridge_item item; /* first: the bridge hands it back */
	struct daemon *daemon;
	void (*done)(struct daemon *daemon, int r);
	char **files; /* to load; the service each belongs to beside it */
	size_t *owners;
	size_t count, capacity, at;
	struct beamr_loaded *loaded;
	struct beamr_ns *ns; /* where the present one goes */
	bool abandoned;      /* freed while a load was out */
	bool out;            /* a load is out */
};

static void next(struct startup *startup);

static void fail(struct startup *startup, int r)
{
	startup->done(startup->daemon, r);
}

static int add_file(struct startup *startup, const char *dir, const char *name, size_t owner)
{
	if (startup->count == startup->capacity) {
		size_t capacity = startup->capacity > 0 ? startup->capacity * 2 : 64;
		char **files = reallocarray(startup->files, capacity, sizeof(*files));
		if (files == NULL)
			return -ENOMEM;
		startup->files = files;
		size_t *owners = reallocarray(startup->owners, capacity, sizeof(*owners));
		if (owners == NULL)
			return -ENOMEM;
		startup->owners = owners;
		startup->capacity = capacity;
	}
	if (asprintf(&startup->files[startup->count], "%s/%s", dir, name) < 0)
		return -ENOMEM;
	startup->owners[startup->count++] = owner;
	return 0;
}

static int is_beam(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 5 && strcmp(entry->d_name + length - 5, ".beam") == 0;
}

static int add_dir(struct startup *startup, const char *dir, size_t owner)
{
	struct dirent **entries;
	int r = 0, n = scandir(dir, &entries, is_beam, alphasort);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = add_file(startup, dir, entries[i]->d_name, owner);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* A namespace of the configuration, made when it is not there. */
static int open_ns(struct startup *startup, const char *name, struct beamr_ns **ret_ns)
{
	int r = beamr_ns_get(startup->daemon->machine, name, ret_ns);
	if (r == BEAMR_E_NO_NAMESPACE)
		r = beamr_ns_create(startup->daemon->machine, name, ret_ns);
	if (r != 0)
		log_say(startup->daemon->log, 3, "service \"%s\" cannot be made: %s", name,
			r < 0 ? strerror(-r) : "that is no possible name");
	return r > 0 ? -EINVAL : r;
}

static int prepare(struct startup *startup, size_t i)
{
	const struct config_service *service = &startup->daemon->config.services[i];
	struct beamr_ns *ns = NULL;
	int r = open_ns(startup, service->name, &ns);
	for (size_t k = 0; r == 0 && k < service->code_path_count; k++) {
		r = beamr_code_add_dir(ns, service->code_paths[k], 0);
		if (r == 0 && service->preload)
			r = add_dir(startup, service->code_paths[k], i);
		if (r != 0) {
			log_say(startup->daemon->log, 3,
				"service \"%s\": cannot use the folder \"%s\": %s", service->name,
				service->code_paths[k], strerror(r < 0 ? -r : EINVAL));
			r = r < 0 ? r : -EINVAL;
		}
	}
	(void)beamr_ns_unref(ns);
	return r;
}

/* Each item is parsed by itself, found by brackets outside of quotes. */
int startup_arguments(const char *text, struct beamr_term ***ret_terms, size_t *ret_count,
	struct beamr_error *error)
{
	size_t length = strlen(text), depth = 0, count = 0, begin = 1;
	char quote = 0;
	struct beamr_term **terms = NULL;
	if (length < 2 || text[0] != '[' || text[length - 1] != ']') {
		(void)snprintf(
			error->reason, sizeof(error->reason), "arguments are no list"); /* fits */
		return BEAMR_E_FORMAT;
	}
	for (size_t i = 1; i < length; i++) {
		char c = text[i];
		if (quote != 0) {
			if (c == '\\')
				i++;
			else if (c == quote)
				quote = 0;
			continue;
		}
		if (c == '"' || c == '\'')
			quote = c;
		else if (c == '[' || c == '{' || c == '(' || (c == '<' && text[i + 1] == '<'))
			depth++;
		else if (i + 1 < length &&
			 (c == ']' || c == '}' || c == ')' || (c == '>' && text[i + 1] == '>')))
			depth -= depth > 0;
		bool end = i + 1 == length;
		if ((c != ',' || depth > 0) && !end)
			continue;
		if (end && count == 0 && strspn(text + begin, " \t") == i - begin)
			break; /* an empty list */
		struct beamr_term **grown = reallocarray(terms, count + 1, sizeof(*terms));
		int r = grown == NULL ? -ENOMEM : 0;
		if (grown != NULL) {
			terms = grown;
			r = beamr_term_parse(text + begin, i - begin, &terms[count], error);
		}
		if (r != 0) {
			while (count > 0)
				(void)beamr_term_free(terms[--count]);
			free(terms);
			return r;
		}
		count++;
		begin = i + 1;
	}
	*ret_terms = terms;
	*ret_count = count;
	return 0;
}

static int start_service(struct startup *startup, size_t i)
{
	const struct config_service *service = &startup->daemon->config.services[i];
	struct beamr_term **terms = NULL;
	size_t count = 0;
	struct beamr_error error = { 0 };
	struct beamr_ns *ns;
	beamr_pid pid;
	if (service->start_module == NULL)
		return 0;
	int r = open_ns(startup, service->name, &ns);
	if (r != 0)
		return r;
	if (service->start_arguments != NULL)
		r = startup_arguments(service->start_arguments, &terms, &count, &error);
	if (r == 0)
		r = beamr_spawn(ns, service->start_module, service->start_function, terms, count,
			NULL, &pid);
	for (size_t k = 0; k < count; k++)
		(void)beamr_term_free(terms[k]);
	free(terms);
	(void)beamr_ns_unref(ns);
	if (r == 0) {
		char text[BEAMR_PID_TEXT];
		beamr_pid_text(pid, text);
		daemon_report(
			startup->daemon, BEAMR_REPORT_START, service->name, text, NULL, "started");
	}
	if (r != 0)
		log_say(startup->daemon->log, 3,
			"service \"%s\" cannot be started with %s:%s/%zu: %s", service->name,
			service->start_module, service->start_function, count,
			r == BEAMR_E_NO_MODULE     ? "there is no such module"
			: r == BEAMR_E_NO_FUNCTION ? "the module has no such function"
			: r == BEAMR_E_FORMAT      ? error.reason
						   : strerror(r < 0 ? -r : EINVAL));
	return r > 0 ? -EINVAL : r;
}

static int read_whole(const char *path, char **ret_bytes, size_t *ret_size)
{
	_cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_size > (off_t)BEAMR_MODULE_MAX)
		return -EFBIG;
	char *bytes = malloc((size_t)status.st_size + 1);
	if (bytes == NULL)
		return -ENOMEM;
	ssize_t n = read(fd, bytes, (size_t)status.st_size);
	if (n != status.st_size) {
		free(bytes);
		return n < 0 ? -errno : -EIO;
	}
	*ret_bytes = bytes;
	*ret_size = (size_t)n;
	return 0;
}

static void after_load(struct bridge_item *item)
{
	struct startup *startup = (struct startup *)(void *)item;
	struct beamr_loaded *loaded = TAKE_PTR(startup->loaded);
	int r = loaded->outcome;
	startup->ns = beamr_ns_unref(startup->ns);
	startup->out = false;
	if (startup->abandoned) {
		(void)beamr_loaded_free(loaded);
		(void)startup_free(startup);
		return;
	}
	if (r != 0)
		log_say(startup->daemon->log, 3, "\"%s\" does not load: %s%s%s",
			startup->files[startup->at], loaded->error.chunk,
			loaded->error.chunk[0] != '\0' ? ": " : "",
			r == BEAMR_E_FORMAT ? loaded->error.reason
					    : strerror(r < 0 ? -r : ECANCELED));
	(void)beamr_loaded_free(loaded);
	if (r != 0) {
		fail(startup, r < 0 ? r : -EINVAL);
		return;
	}
	startup->at++;
	next(startup);
}

static void on_loaded(void *user, struct beamr_loaded *loaded)
{
	struct startup *startup = user;
	startup->loaded = loaded;
	bridge_post(&startup->daemon->bridge, &startup->item);
}

static void next(struct startup *startup)
{
	struct daemon *daemon = startup->daemon;
	int r = 0;
	if (startup->at < startup->count) {
		const char *path = startup->files[startup->at];
		const char *name = daemon->config.services[startup->owners[startup->at]].name;
		char *bytes = NULL;
		size_t size = 0;
		notify_starting(daemon, "Loading %s: %zu of %zu modules", name, startup->at,
			startup->count);
		r = read_whole(path, &bytes, &size);
		if (r == 0)
			r = open_ns(startup, name, &startup->ns);
		if (r == 0) {
			startup->out = true;
			beamr_load(startup->ns, bytes, size, 0, on_loaded, startup);
		} else {
			log_say(daemon->log, 3, "cannot read \"%s\": %s", path, strerror(-r));
			fail(startup, r);
		}
		free(bytes);
		return;
	}
	for (size_t i = 0; r == 0 && i < daemon->config.service_count; i++)
		r = start_service(startup, i);
	startup->done(daemon, r);
}

static void first_step(struct bridge_item *item)
{
	struct startup *startup = (struct startup *)(void *)item;
	int r = 0;
	startup->out = false;
	if (startup->abandoned) {
		(void)startup_free(startup);
		return;
	}
	startup->item.run = after_load;
	for (size_t i = 0; r == 0 && i < startup->daemon->config.service_count; i++)
		r = prepare(startup, i);
	if (r != 0)
		fail(startup, r);
	else
		next(startup);
}

struct startup *startup_begin(struct daemon *daemon, void (*done)(struct daemon *daemon, int r))
{
	struct startup *startup = calloc(1, sizeof(*startup));
	if (startup == NULL)
		return NULL;
	startup->daemon = daemon;
	startup->done = done;
	startup->item.run = first_step;
	startup->out = true;
	bridge_post(&daemon->bridge, &startup->item);
	return startup;
}

struct startup *startup_free(struct startup *startup)
{
	if (startup == NULL)
		return NULL;
	if (startup->out) {
		startup->abandoned =
			true; /* freed when the load comes back, which it does at the latest when the machine stops */
		return NULL;
	}
	for (size_t i = 0; i < startup->count; i++)
		free(startup->files[i]);
	free(startup->files);
	free(startup->owners);
	free(startup);
	return NULL;
}
