/* SPDX-License-Identifier: Apache-2.0 */
/* Suspending: a count at the one that is suspended (proc->suspends), and a note at the one that has done it, so that what it
 * has suspended is resumed when it ends. */
#include "proc/suspend.h"

#include "base/wordmap.h"
#include "proc/life.h"
#include "proc/signal.h"
#include "term/atom.h"

struct suspension {
	struct wordmap counts; /* pid -> how often */
};

struct order {
	term from;
	uint64_t question;     /* 0: nobody waits */
	struct message *reply; /* room for {Tag, State} before the tag; NULL: none is wanted */
	enum order_kind { RESUME, SUSPEND, ASK } kind;
};

#define REPLY_ROOM 3

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
	if (p != NULL && o->kind != ASK)
		change(p, o->kind == SUSPEND);
	if (o->question != 0)
		proc_answer(o->from, o->question, p != NULL ? A(true) : A(badarg));
	if (o->reply != NULL) {
		term *t = o->reply->fragment.data;
		t[0] = HEADER(BOXED_TUPLE, 2);
		t[1] = o->reply->value;
		t[2] = p == NULL ? A(badarg) : p->suspends > 0 ? A(suspended) : A(not_suspended);
		o->reply->value = term_of_boxed(t);
		signal_deliver(o->from, &o->reply->signal);
	}
	mem_free(MEM_PROC, o, sizeof(*o));
}

static void order(term pid, struct order what)
{
	struct order *o = mem_alloc(MEM_PROC, sizeof(*o));
	*o = what;
	proc_request(pid, obey, o);
}

static struct message *reply_with(term tag)
{
	return tag == TERM_NONE ? NULL : message_copy(SIGNAL_MESSAGE, 0, REPLY_ROOM, tag);
}

uint32_t suspend_count(const struct proc *p, term pid)
{
	struct suspension *s = p->extra != NULL ? p->extra->suspended_by_me : NULL;
	struct wordmap_entry *e = s != NULL ? wordmap_find(&s->counts, pid) : NULL;
	return e != NULL ? (uint32_t)e->value : 0;
}

void suspend_ask(struct proc *p, term pid, term tag)
{
	const struct order what = { .from = p->pid, .reply = reply_with(tag), .kind = ASK };
	if (pid != TERM_NONE) {
		order(pid, what);
		return;
	}
	struct order *o = mem_alloc(MEM_PROC, sizeof(*o));
	*o = what;
	obey(NULL, o);
}

void suspend_other(struct proc *p, term pid, uint64_t question, term tag)
{
	struct proc_extra *extra = proc_extra(p);
	if (extra->suspended_by_me == NULL)
		extra->suspended_by_me = mem_zalloc(MEM_PROC, sizeof(struct suspension));
	wordmap_put(&extra->suspended_by_me->counts, MEM_PROC, pid, NULL)->value++;
	order(pid, (struct order){ .from = p->pid, .question = question, .reply = reply_with(tag), .kind = SUSPEND });
}

bool resume_other(struct proc *p, term pid)
{
	struct suspension *s = p->extra != NULL ? p->extra->suspended_by_me : NULL;
	struct wordmap_entry *e = s != NULL ? wordmap_find(&s->counts, pid) : NULL;
	if (e == NULL)
		return false;
	if (--e->value == 0)
		(void)wordmap_remove(&s->counts, MEM_PROC, pid);
	order(pid, (struct order){ .from = p->pid, .kind = RESUME });
	return true;
}

void suspend_end(struct proc *p)
{
	struct suspension *s = p->extra != NULL ? p->extra->suspended_by_me : NULL;
	if (s == NULL)
		return;
	wordmap_foreach (e, &s->counts)
		for (uint64_t n = e->value; n > 0; n--)
			order(e->key, (struct order){ .from = p->pid, .kind = RESUME });
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
