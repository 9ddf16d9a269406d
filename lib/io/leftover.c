/* SPDX-License-Identifier: Apache-2.0 */
/* What helper programs leave behind. See leftover.h.
 *
 * Invariant: a group is signalled while it was just seen to have members or has a pin, so the number is still its own. */
#include "io/leftover.h"

#include "base/alloc.h"
#include "base/list.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_LEAST 32 /* so many are there before they are looked through */

struct leftover {
	pid_t group, pin; /* pin 0: none yet */
	const struct ns *ns;
	struct list link;
};

static struct {
	pthread_mutex_t lock; /* guards all of it; nothing else is taken while it is held */
	struct list noted, pinned;
	struct leftover *at_work; /* the starter's just now; in neither list */
	bool at_work_killed;
	uint64_t count;
	uint64_t look_at; /* count at which they are looked through */
	uint64_t to_look; /* of the pinned, from the first on */
} all = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.noted = { &all.noted, &all.noted },
	.pinned = { &all.pinned, &all.pinned },
	.look_at = LOOK_LEAST };

/* The child's memory is the parent's: system calls only. */
static _noinline_ pid_t fork_pin(pid_t group)
{
	pid_t pid = vfork();
	if (pid == 0)
		_exit(setpgid(0, group) < 0);
	return pid;
}

/* A dead child of ours in the group; 0 when the group is gone, or no child is to be had. */
static pid_t pin(pid_t group)
{
	siginfo_t info = { .si_status = 1 };
	pid_t pid = fork_pin(group);
	if (pid < 0)
		return 0;
	int r = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	if (r == 0 && info.si_code == CLD_EXITED && info.si_status == 0)
		return pid;
	(void)waitpid(pid, NULL, 0); /* it is ours and has ended */
	return 0;
}

static void unpin(struct leftover *l)
{
	if (l->pin != 0)
		(void)waitpid(l->pin, NULL, 0); /* it is ours and has ended */
	l->pin = 0;
}

static bool has_members(pid_t group)
{
	return kill(-group, 0) == 0;
}

bool leftover_note(pid_t group, const struct ns *ns)
{
	if (!has_members(group))
		return false;
	struct leftover *l = mem_zalloc(MEM_MISC, sizeof(*l));
	l->group = group;
	l->ns = ns;
	pthread_mutex_lock(&all.lock);
	list_append(&all.noted, &l->link);
	all.count++;
	pthread_mutex_unlock(&all.lock);
	return true;
}

/* Under the lock. */
static struct leftover *take_one(void)
{
	struct list *from = &all.noted;
	if (list_is_empty(from)) {
		if (all.to_look == 0 && all.count >= all.look_at)
			all.to_look = all.count;
		from = all.to_look > 0 ? &all.pinned : from;
		if (all.to_look > 0 && --all.to_look == 0)
			all.look_at = all.count * 2 > LOOK_LEAST ? all.count * 2 : LOOK_LEAST;
	}
	if (list_is_empty(from)) {
		all.to_look = 0; /* some were killed meanwhile */
		return NULL;
	}
	struct leftover *l = list_entry(from->next, struct leftover, link);
	list_remove(&l->link);
	return l;
}

bool leftovers_work(void)
{
	pthread_mutex_lock(&all.lock);
	struct leftover *l = all.at_work = take_one();
	all.at_work_killed = false;
	pthread_mutex_unlock(&all.lock);
	if (l == NULL)
		return false;
	/* Between the old pin and the new one the number is the group's only if it has members, which is what is asked. */
	unpin(l);
	pid_t pinned_by = has_members(l->group) ? pin(l->group) : 0;
	pthread_mutex_lock(&all.lock);
	l->pin = pinned_by;
	all.at_work = NULL;
	bool keep = pinned_by != 0 && !all.at_work_killed;
	if (keep)
		list_append(&all.pinned, &l->link);
	else
		all.count--;
	pthread_mutex_unlock(&all.lock);
	if (!keep) {
		unpin(l);
		mem_free(MEM_MISC, l, sizeof(*l));
	}
	return true;
}

/* Under the lock. */
static void kill_list(struct list *list, const struct ns *ns)
{
	struct list keep;
	list_init(&keep);
	while (!list_is_empty(list)) {
		struct leftover *l = list_entry(list->next, struct leftover, link);
		list_remove(&l->link);
		if (ns != NULL && l->ns != ns) {
			list_append(&keep, &l->link);
			continue;
		}
		(void)kill(-l->group, SIGKILL); /* they may have ended */
		unpin(l);
		mem_free(MEM_MISC, l, sizeof(*l));
		all.count--;
	}
	while (!list_is_empty(&keep)) {
		struct list *n = keep.next;
		list_remove(n);
		list_append(list, n);
	}
}

void leftovers_kill(const struct ns *ns)
{
	pthread_mutex_lock(&all.lock);
	kill_list(&all.noted, ns);
	kill_list(&all.pinned, ns);
	if (all.at_work != NULL && (ns == NULL || all.at_work->ns == ns)) {
		(void)kill(-all.at_work->group, SIGKILL); /* as above */
		all.at_work_killed = true;
	}
	pthread_mutex_unlock(&all.lock);
}

uint64_t leftovers_count(void)
{
	pthread_mutex_lock(&all.lock);
	uint64_t n = all.count;
	pthread_mutex_unlock(&all.lock);
	return n;
}
