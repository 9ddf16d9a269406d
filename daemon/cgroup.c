/* SPDX-License-Identifier: Apache-2.0 */
/* Folders below the unit's own control group. A group can be removed when its last process has been reaped, which is a moment after it
 * was killed: those wait in `dying`, and are tried again until they are gone.
 * Invariant: a number is in `groups` at most once; the folders of two groups differ. */
#include "cgroup.h"

#include "base/cleanup.h"
#include "base/vec.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TRY_AGAIN_USEC 100000

struct group {
	uint64_t number;
	char *folder; /* its last name */
};

struct cgroups {
	char *path; /* of the unit's, as /proc/PID/cgroup has it */
	int fd;     /* that folder */
	struct event *timer;
	pthread_mutex_t lock;
	/* guarded by lock */
	VEC(struct group) groups; /* by number */
	VEC(char *) dying;        /* killed, and to be removed */
};

/* "0::/system.slice/beamrd.service" is the line of the unified hierarchy. */
static char *own_path(void)
{
	char *line = NULL, *path = NULL;
	size_t size = 0;
	FILE *file = fopen("/proc/self/cgroup", "re");
	while (file != NULL && path == NULL && getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) == 0)
			path = strdup(line + 3);
	}
	free(line);
	if (file != NULL)
		(void)fclose(file); /* read only */
	return path;
}

/* The folder, if systemd says that it is ours to divide. */
static int open_delegated(const char *path)
{
	/* Wholly unified, or beside the older one. */
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		char full[4096], value[8] = "";
		(void)snprintf(full, sizeof(full), "%s%s", roots[i],
			path); /* a longer path does not open */
		int fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		bool unified = faccessat(fd, "cgroup.procs", W_OK, 0) == 0 &&
			       faccessat(fd, "cgroup.controllers", R_OK, 0) == 0;
		bool delegated = fgetxattr(fd, "user.delegate", value, sizeof(value) - 1) > 0 &&
				 strcmp(value, "1") == 0;
		if (unified && delegated)
			return fd;
		(void)close(fd); /* read only */
	}
	return -1;
}

static int write_file(int at, const char *folder, const char *name, const char *text)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name); /* names are short */
	_cleanup_(close_fdp) int fd = openat(at, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, strlen(text));
	return n < 0 ? -errno : 0;
}

/* Under lock: those that are empty by now go. */
static void remove_dying(struct cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->dying.count;) {
		char *folder = cgroups->dying.items[i];
		if (unlinkat(cgroups->fd, folder, AT_REMOVEDIR) != 0 && errno == EBUSY) {
			i++;
			continue;
		}
		free(folder);
		cgroups->dying.items[i] = vec_pop(&cgroups->dying);
	}
}

static void try_again(evutil_socket_t fd, short what, void *user)
{
	struct cgroups *cgroups = user;
	const struct timeval wait = { .tv_usec = TRY_AGAIN_USEC };
	pthread_mutex_lock(&cgroups->lock);
	remove_dying(cgroups);
	/* When it cannot be set, the next end of a service tries again. */
	if (cgroups->dying.count > 0)
		(void)event_add(cgroups->timer, &wait);
	pthread_mutex_unlock(&cgroups->lock);
}

struct cgroups *cgroups_new(struct event_base *base)
{
	_cleanup_(free_stringp) char *path = own_path();
	int fd = path != NULL ? open_delegated(path) : -1;
	struct cgroups *cgroups = fd >= 0 ? calloc(1, sizeof(*cgroups)) : NULL;
	if (cgroups == NULL) {
		close_fdp(&fd);
		return NULL;
	}
	cgroups->path = TAKE_PTR(path);
	cgroups->fd = fd;
	cgroups->timer = evtimer_new(base, try_again, cgroups);
	pthread_mutex_init(&cgroups->lock, NULL);
	return cgroups;
}

/* Where the number is, or would be. */
static size_t place_of(const struct cgroups *cgroups, uint64_t number)
{
	size_t low = 0, high = cgroups->groups.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (cgroups->groups.items[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct group *find(struct cgroups *cgroups, uint64_t number)
{
	size_t i = place_of(cgroups, number);
	return i < cgroups->groups.count && cgroups->groups.items[i].number == number
		       ? &cgroups->groups.items[i]
		       : NULL;
}

/* Under lock. The plain name may still be that of a run before, or of the one that goes in a blue-green change. */
static struct group *make(struct cgroups *cgroups, uint64_t number, const char *name)
{
	char folder[160];
	(void)snprintf(folder, sizeof(folder), "service-%.100s", name); /* names are short */
	if (mkdirat(cgroups->fd, folder, 0755) != 0) {
		(void)snprintf(folder, sizeof(folder), "service-%.100s.%llu", name,
			(unsigned long long)number); /* as above */
		if (mkdirat(cgroups->fd, folder, 0755) != 0 && errno != EEXIST)
			return NULL;
	}
	char *kept = strdup(folder);
	if (kept == NULL)
		return NULL;
	size_t at = place_of(cgroups, number);
	vec_push(&cgroups->groups, ((struct group){ number, kept }));
	struct group *items = cgroups->groups.items;
	memmove(items + at + 1, items + at, (cgroups->groups.count - 1 - at) * sizeof(*items));
	items[at] = (struct group){ number, kept };
	return &items[at];
}

void cgroups_add(struct cgroups *cgroups, uint64_t number, const char *name, int pid)
{
	char text[16];
	if (cgroups == NULL)
		return;
	(void)snprintf(text, sizeof(text), "%d", pid); /* fits */
	pthread_mutex_lock(&cgroups->lock);
	const struct group *group = find(cgroups, number);
	if (group == NULL)
		group = make(cgroups, number, name);
	/* One that has ended already, or cannot be moved, stays in the daemon's group and is killed by its process group. */
	if (group != NULL)
		(void)write_file(cgroups->fd, group->folder, "cgroup.procs", text);
	pthread_mutex_unlock(&cgroups->lock);
}

void cgroups_end(struct cgroups *cgroups, uint64_t number)
{
	if (cgroups == NULL)
		return;
	pthread_mutex_lock(&cgroups->lock);
	struct group *group = find(cgroups, number);
	if (group != NULL) {
		/* Not before Linux 5.14; process groups have been killed by then. */
		(void)write_file(cgroups->fd, group->folder, "cgroup.kill", "1");
		vec_push(&cgroups->dying, group->folder);
		size_t at = (size_t)(group - cgroups->groups.items);
		memmove(group, group + 1, (cgroups->groups.count - 1 - at) * sizeof(*group));
		cgroups->groups.count--;
	}
	pthread_mutex_unlock(&cgroups->lock);
	if (group != NULL)
		try_again(-1, 0, cgroups);
}

char *cgroups_path(struct cgroups *cgroups, uint64_t number)
{
	char *path = NULL;
	if (cgroups == NULL)
		return NULL;
	pthread_mutex_lock(&cgroups->lock);
	const struct group *group = find(cgroups, number);
	if (group != NULL && asprintf(&path, "%s/%s", cgroups->path, group->folder) < 0)
		path = NULL;
	pthread_mutex_unlock(&cgroups->lock);
	return path;
}

struct cgroups *cgroups_free(struct cgroups *cgroups)
{
	if (cgroups == NULL)
		return NULL;
	while (cgroups->groups.count > 0)
		cgroups_end(cgroups, cgroups->groups.items[cgroups->groups.count - 1].number);
	remove_dying(cgroups); /* what is not empty yet goes with the unit's */
	vec_foreach(folder, &cgroups->dying)
		free(*folder);
	vec_done(&cgroups->dying);
	vec_done(&cgroups->groups);
	if (cgroups->timer != NULL)
		event_free(cgroups->timer);
	pthread_mutex_destroy(&cgroups->lock);
	close_fdp(&cgroups->fd);
	free(cgroups->path);
	free(cgroups);
	return NULL;
}
