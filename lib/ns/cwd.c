/* SPDX-License-Identifier: Apache-2.0 */
/* Working folders of namespaces: see cwd.h. */
#include "ns/cwd.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct mutex cwd_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER,
	.rank = LOCK_LEAF }; /* guards ns->cwd, briefly */
static struct cwd of_machine = { .refs = 1, .fd = AT_FDCWD };

struct cwd *cwd_get(struct ns *ns)
{
	mutex_lock(&cwd_lock);
	struct cwd *cwd = ns->cwd != NULL ? ns->cwd : &of_machine;
	atomic_add_relaxed(&cwd->refs, 1);
	mutex_unlock(&cwd_lock);
	return cwd;
}

struct cwd *cwd_unref(struct cwd *cwd)
{
	if (cwd != NULL && atomic_sub_acq_rel(&cwd->refs, 1) == 1) {
		(void)close(cwd->fd); /* opened for its place only: nothing is lost */
		mem_free(MEM_NS, cwd, sizeof(*cwd));
	}
	return NULL;
}

static void put(struct ns *ns, struct cwd *cwd)
{
	mutex_lock(&cwd_lock);
	struct cwd *before = ns->cwd;
	ns->cwd = cwd;
	mutex_unlock(&cwd_lock);
	(void)cwd_unref(before); /* always NULL */
}

int cwd_set(struct ns *ns, const char *path)
{
	struct cwd *now = cwd_get(ns);
	int fd = openat(now->fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;
	(void)cwd_unref(now); /* always NULL */
	if (r < 0)
		return r;
	/* As chdir(), which asks for the right to search the folder. */
	if (faccessat(fd, ".", X_OK, AT_EACCESS) < 0) {
		r = -errno;
		(void)close(fd); /* as above */
		return r;
	}
	struct cwd *cwd = mem_alloc(MEM_NS, sizeof(*cwd));
	*cwd = (struct cwd){ .refs = 1, .fd = fd };
	put(ns, cwd);
	return 0;
}

/* What a descriptor's link in /proc says; a folder that is gone has no path. */
static char *path_of_fd(int fd, int *ret_error)
{
	char link[32], path[PATH_MAX + 1];
	struct statx st;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	/* What the kernel knows of it; asks no server. */
	if (n < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_NLINK, &st) < 0) {
		*ret_error = -errno;
		return NULL;
	}
	if (n == (ssize_t)sizeof(path) - 1 || st.stx_nlink == 0 || path[0] != '/') {
		*ret_error = n == (ssize_t)sizeof(path) - 1 ? -ENAMETOOLONG : -ENOENT;
		return NULL;
	}
	path[n] = '\0';
	return strdup(path);
}

char *cwd_path(struct ns *ns, int *ret_error)
{
	struct cwd *cwd = cwd_get(ns);
	char *path = cwd->fd == AT_FDCWD ? getcwd(NULL, 0) : path_of_fd(cwd->fd, ret_error);
	if (path == NULL && cwd->fd == AT_FDCWD)
		*ret_error = -errno;
	(void)cwd_unref(cwd); /* always NULL */
	return path;
}

void cwd_done(struct ns *ns)
{
	put(ns, NULL);
}
