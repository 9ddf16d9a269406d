/* SPDX-License-Identifier: Apache-2.0 */
/* Modules that are looked for in vain in a working folder, and looking for them ahead of time.
 *
 * A node's code path begins at its working folder, so OTP's code server asks for some forty modules there, one after another, before it
 * finds each where it is. That there is none is answered at once where the kernel has it in its cache of names (prim_file_quick.c); in
 * a folder that nobody has asked about it does not, as in each service's at its first start, and every one of them took two changes of
 * threads. So what was looked for in vain elsewhere is looked for by one helper while the node begins to boot: whatever it finds
 * is forgotten, but not by the kernel.
 *
 * Invariant: nothing is believed that is noted here: it is only asked about.
 * Bound: VAIN_NAMES, the latest; of up to VAIN_BYTES. */
#include "bif/prim_file_vain.h"

#include "base/lock.h"
#include "base/pool.h"

#include <fcntl.h>
#include <string.h>

#define VAIN_NAMES 128
#define VAIN_BYTES 64

typedef char vain_name[VAIN_BYTES];

static struct mutex lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };

static struct {
	vain_name names[VAIN_NAMES]; /* guarded by lock, like what follows; a ring */
	size_t count, next;
} vain;

void vain_note(const struct path *path)
{
	const size_t size = strlen(path->text) + 1;
	if (size > VAIN_BYTES || strncmp(path->text, "./", 2) != 0 ||
		strchr(path->text + 2, '/') != NULL)
		return;
	mutex_lock(&lock);
	bool known = false;
	for (size_t i = 0; i < vain.count && !known; i++)
		known = strcmp(vain.names[i], path->text) == 0;
	if (!known) {
		memcpy(vain.names[vain.next], path->text, size);
		vain.next = (vain.next + 1) % VAIN_NAMES;
		if (vain.count < VAIN_NAMES)
			vain.count++;
	}
	mutex_unlock(&lock);
}

struct look_ahead {
	struct pool_job job; /* first */
	struct ns *ns;
	struct cwd *cwd;
	size_t count;
	vain_name names[];
};

static void look_ahead_free(struct look_ahead *look)
{
	struct ns *ns = look->ns;
	(void)cwd_unref(look->cwd); /* always NULL */
	mem_free(MEM_TEMP, look, sizeof(*look) + look->count * sizeof(vain_name));
	ns_release(ns);
}

static void look_ahead_run(struct pool_job *job)
{
	struct look_ahead *look = (struct look_ahead *)job; /* first member */
	struct stat st;
	for (size_t i = 0; i < look->count && !pool_interrupted(); i++)
		(void)fstatat(look->cwd->fd, look->names[i], &st,
			AT_SYMLINK_NOFOLLOW); /* the kernel knows now: that is all */
	look_ahead_free(look);
}

void vain_look_ahead(struct ns *ns)
{
	mutex_lock(&lock);
	const size_t count = vain.count;
	mutex_unlock(&lock);
	if (count == 0)
		return;
	struct look_ahead *look = mem_alloc(MEM_TEMP, sizeof(*look) + count * sizeof(vain_name));
	ns_hold(ns);
	look->ns = ns;
	look->cwd = cwd_get(ns);
	look->count = count;
	mutex_lock(&lock);
	/* Never fewer than there were. */
	memcpy(look->names, vain.names, count * sizeof(vain_name));
	mutex_unlock(&lock);
	if (pool_run_of(ns->helpers, &look->job, look_ahead_run) < 0)
		look_ahead_free(look); /* the boot goes on without */
}
