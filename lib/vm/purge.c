/* SPDX-License-Identifier: Apache-2.0 */
/* Purging at the host's hand. Invariant: a purge on its way is on the list of open ones until whoever takes it off tells its
 * end: the last process asked, or purges_stop() once the schedulers have stopped. */
#include "proc/names.h"
#include "proc/purge.h"

#include "base/list.h"
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/machine.h"

#include <string.h>

struct host_purge {
	struct list link; /* guarded by open_lock */
	beamr_purged_fn done;
	void *user;
	bool dry_run;
};

static struct mutex open_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };
static struct list open_purges = { &open_purges, &open_purges };

struct beamr_purged *beamr_purged_free(struct beamr_purged *public)
{
	if (public == NULL)
		return NULL;
	mem_free(MEM_MISC, public->pids, public->pid_count * sizeof(*public->pids));
	mem_free(MEM_MISC, public, sizeof(*public));
	return NULL;
}

/* Takes it off the list; false when it was told already. */
static bool take_off(struct host_purge *purge)
{
	mutex_lock(&open_lock);
	bool was_open = !list_is_empty(&purge->link);
	list_remove(&purge->link);
	mutex_unlock(&open_lock);
	return was_open;
}

static void purged(void *arg, const struct purge_outcome *outcome)
{
	struct host_purge *purge = arg;
	bool untold = take_off(purge);
	struct host_purge p = *purge;
	mem_free(MEM_MISC, purge, sizeof(*purge));
	if (!untold)
		return;
	struct beamr_purged *public = mem_zalloc(MEM_MISC, sizeof(*public));
	public->purged = outcome->purged;
	if (outcome->had_old && !outcome->purged && (!p.dry_run || outcome->pid_count > 0))
	public->outcome = BEAMR_E_OLD_CODE;
	public->pid_count = outcome->pid_count;
	public->pids = mem_alloc(MEM_MISC, outcome->pid_count * sizeof(*public->pids));
	for (size_t i = 0; i < outcome->pid_count; i++)
	public->pids[i] = pid_to_host(outcome->pids[i]);
	p.done(p.user, public);
}

static void tell(beamr_purged_fn done, void *user, int outcome)
{
	struct beamr_purged *public = mem_zalloc(MEM_MISC, sizeof(*public));
	public->outcome = outcome;
	done(user, public);
}

void beamr_purge(
	struct beamr_ns *h, const char *name, unsigned flags, beamr_purged_fn done, void *user)
{
	struct names names = { 0 };
	term atom = atom_known(h, name, &names);
	const struct module *m = atom != TERM_NONE ? ns_module(h->ns, atom) : NULL;
	names_done(&names); /* a module's name is the namespace's */
	if (m == NULL) {
		tell(done, user, BEAMR_E_NO_MODULE);
		return;
	}
	struct host_purge *purge = mem_zalloc(MEM_MISC, sizeof(*purge));
	list_init(&purge->link);
	purge->done = done;
	purge->user = user;
	purge->dry_run = (flags & BEAMR_PURGE_DRY_RUN) != 0;
	mutex_lock(&open_lock);
	list_append(&open_purges, &purge->link);
	mutex_unlock(&open_lock);
	purge_old(h->ns, m->name,
		(flags & BEAMR_PURGE_FORCE ? PURGE_FORCE : 0) |
			(purge->dry_run ? PURGE_DRY_RUN : 0),
		purged, purge);
}

struct host_collection {
	beamr_collected_fn done;
	void *user;
};

static void collected(void *arg, const struct names_outcome *outcome)
{
	struct host_collection *c = arg;
	const struct beamr_atoms atoms = {
		.before = outcome != NULL ? outcome->before : 0,
		.after = outcome != NULL ? outcome->after : 0,
		.pause_usec = outcome != NULL ? (uint64_t)outcome->pause_usec : 0,
	};
	c->done(c->user, outcome != NULL ? &atoms : NULL);
	mem_free(MEM_MISC, c, sizeof(*c));
}

int beamr_ns_collect_atoms(struct beamr_ns *h, beamr_collected_fn done, void *user)
{
	struct host_collection *c = mem_alloc(MEM_MISC, sizeof(*c));
	*c = (struct host_collection){ done, user };
	if (names_collect_of(h->ns, collected, c))
		return 0;
	mem_free(MEM_MISC, c, sizeof(*c));
	return BEAMR_E_NO_NAMESPACE;
}

void purges_stop(void)
{
	for (;;) {
		mutex_lock(&open_lock);
		struct host_purge *purge =
			list_is_empty(&open_purges)
				? NULL
				: list_entry(open_purges.next, struct host_purge, link);
		mutex_unlock(&open_lock);
		if (purge == NULL)
			return;
		/* Its record is freed when the question that is on its way comes back. */
		if (take_off(purge))
			tell(purge->done, purge->user, BEAMR_E_STOPPING);
	}
}
