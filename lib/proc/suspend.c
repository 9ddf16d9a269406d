/* SPDX-License-Identifier: Apache-2.0 */
/* Suspending: a count at the one that is suspended (proc->suspends), and a note at the one that has done it, so that what it
 * has suspended is resumed when it ends. */
#include "proc/suspend.h"

#include "base/wordmap.h"
#include "proc/life.h"
#include "term/atom.h"

struct suspension {
	struct wordmap counts; /* pid -> how often */
};

struct order {
	term from;
	uint64_t question; /* 0: nobody waits */
	bool suspend;
};

static void change(struct proc *p, bool suspend)
{
	if (suspend) {
		p->suspends++;
		atomic_or_acq_rel(&p->state, STATE_SUSPENDED);
	} else if (p->suspends > 0 && --p->suspends == 0) {
		atomic_and_acq_rel(&p->state, ~(uint32_t)STATE_SUSPENDED);
	}
}

void suspend_by_host(struct proc *p, bool suspended)
{
	if (((p->flags & PROC_HOST_SUSPENDED) != 0) == suspended)
		return;
	p->flags ^= PROC_HOST_SUSPENDED;
	change(p, suspended);
}

static void obey(struct proc *p, void *arg)
{
	struct order *o = arg;
	if (p != NULL)
		change(p, o->suspend);
	if (o->question != 0) {
		proc_answer(o->from, o->question, p != NULL ? A(true) : A(badarg));
	}
	mem_free(MEM_PROC, o, sizeof(*o));
}

static void order(term pid, term from, uint64_t question, bool suspend)
{
	struct order *o = mem_alloc(MEM_PROC, sizeof(*o));
	*o = (struct order){ from, question, suspend };
	proc_request(pid, obey, o);
}

uint32_t suspend_count(const struct proc *p, term pid)
{
	struct suspension *s = p->extra != NULL ? p->extra->suspended_by_me : NULL;
	struct wordmap_entry *e = s != NULL ? wordmap_find(&s->counts, pid) : NULL;
	return e != NULL ? (uint32_t)e->value : 0;
}

void suspend_other(struct proc *p, term pid, uint64_t question)
{
	struct proc_extra *extra = proc_extra(p);
	if (extra->suspended_by_me == NULL)
		extra->suspended_by_me = mem_zalloc(MEM_PROC, sizeof(struct suspension));
	wordmap_put(&extra->suspended_by_me->counts, MEM_PROC, pid, NULL)->value++;
	order(pid, p->pid, question, true);
}

bool resume_other(struct proc *p, term pid)
{
	struct suspension *s = p->extra != NULL ? p->extra->suspended_by_me : NULL;
	struct wordmap_entry *e = s != NULL ? wordmap_find(&s->counts, pid) : NULL;
	if (e == NULL)
		return false;
	if (--e->value == 0)
		(void)wordmap_remove(&s->counts, MEM_PROC, pid);
	order(pid, p->pid, 0, false);
	return true;
}

void suspend_end(struct proc *p)
{
	struct suspension *s = p->extra != NULL ? p->extra->suspended_by_me : NULL;
	if (s == NULL)
		return;
	wordmap_foreach (e, &s->counts)
		for (uint64_t n = e->value; n > 0; n--)
			order(e->key, p->pid, 0, false);
	wordmap_done(&s->counts, MEM_PROC);
	mem_free(MEM_PROC, s, sizeof(*s));
	p->extra->suspended_by_me = NULL;
}

void suspended_each(const struct proc *p, bool (*fn)(term pid, void *arg), void *arg)
{
	if (p->extra == NULL || p->extra->suspended_by_me == NULL)
		return;
	wordmap_foreach (e, &p->extra->suspended_by_me->counts)
		if (!fn(e->key, arg))
			return;
}
