/* SPDX-License-Identifier: Apache-2.0 */
/* Standing still. See still.h. */
#include "proc/still.h"

#include "base/epoch.h"
#include "base/pool.h"
#include "proc/away.h"

/* Whoever sees that the account is not moving finds it, inside of an epoch. */
struct stillness {
	struct pool_job job; /* first */
	struct ns *ns;
	struct account *account;
	void (*done)(struct ns *ns);
	_Atomic bool told; /* done was, or is about to be, called */
	struct mutex lock;
	/* guarded by lock */
	bool over;
	struct proc *aside, **aside_last; /* linked by run_next, in order */
	struct proc *stay, **stay_last;   /* the same of those that want to go away */
	struct epoch_item retired;
};

static struct {
	bool (*works)(const struct account *account);
	void (*again)(struct proc *p);
} workers; /* fixed after start */

void still_set_workers(bool (*works)(const struct account *account), void (*again)(struct proc *p))
{
	workers.works = works;
	workers.again = again;
}

static void run_done(struct pool_job *job)
{
	struct stillness *s = (struct stillness *)(void *)job; /* first member */
	s->done(s->ns);
}

bool still_begin(struct ns *ns, void (*done)(struct ns *ns))
{
	struct stillness *s = mem_zalloc(MEM_PROC, sizeof(*s)), *none = NULL;
	s->ns = ns;
	s->account = ns->account;
	s->done = done;
	s->aside_last = &s->aside;
	s->stay_last = &s->stay;
	mutex_init(&s->lock, LOCK_LEAF);
	if (!atomic_cas_acq_rel(&ns->account->stillness, &none, s)) {
		mutex_done(&s->lock);
		mem_free(MEM_PROC, s, sizeof(*s));
		return false;
	}
	ns_hold(ns);
	epoch_enter();
	atomic_store_explicit(&ns->account->still, STILL_SOON, memory_order_seq_cst);
	still_look(ns->account);
	epoch_leave();
	return true;
}

void still_look(struct account *account)
{
	struct stillness *s = atomic_load_acquire(&account->stillness);
	if (s == NULL || atomic_load_relaxed(&s->told))
		return;
	/* Sequentially consistent, as in still_ready() and proc_send_away(): one of the two sees the other. */
	if (atomic_load_explicit(&account->unready, memory_order_seq_cst) > 0)
		return;
	uint32_t soon = STILL_SOON;
	(void)atomic_compare_exchange_strong_explicit(
		&account->still, &soon, STILL_STILL, memory_order_seq_cst, memory_order_seq_cst);
	if (soon == STILL_MOVING)
		return;
	fence_heavy(); /* pairs with still_enter() and still_leave() */
	bool told = false;
	if (workers.works(account) || !atomic_cas_acq_rel(&s->told, &told, true))
		return;
	if (pool_run(&s->job, run_done) < 0)
		run_done(&s->job); /* no thread to be had: a pause of its caller's, too */
}

static bool put(struct stillness *s, struct proc *p, struct proc ***last)
{
	mutex_lock(&s->lock);
	const bool waits = !s->over;
	if (waits) {
		p->run_next = NULL;
		**last = p;
		*last = &p->run_next;
	}
	mutex_unlock(&s->lock);
	return waits;
}

bool still_stands_aside(struct proc *p)
{
	struct stillness *s = atomic_load_acquire(&p->account->stillness);
	if ((p->flags & PROC_COLLECTING) != 0)
		return false; /* it is waited for */
	return s != NULL && put(s, p, &s->aside_last);
}

bool still_stays(struct proc *p)
{
	struct stillness *s = atomic_load_acquire(&p->account->stillness);
	return s != NULL && put(s, p, &s->stay_last);
}

static void stillness_free(struct epoch_item *item)
{
	struct stillness *s = (struct stillness *)(void *)((char *)item - offsetof(struct stillness, retired));
	mutex_done(&s->lock);
	mem_free(MEM_PROC, s, sizeof(*s));
}

void still_end(struct ns *ns)
{
	struct account *account = ns->account;
	struct stillness *s = atomic_load_acquire(&account->stillness);
	atomic_store_explicit(&account->still, STILL_MOVING, memory_order_seq_cst);
	mutex_lock(&s->lock);
	s->over = true;
	struct proc *aside = s->aside, *stay = s->stay;
	mutex_unlock(&s->lock);
	atomic_store_release(&account->stillness, NULL);
	epoch_enter();
	for (struct proc *p = aside, *next; p != NULL; p = next) {
		next = p->run_next;
		workers.again(p);
	}
	for (struct proc *p = stay, *next; p != NULL; p = next) {
		next = p->run_next;
		proc_send_away(p);
	}
	epoch_leave();
	epoch_retire(&s->retired, stillness_free);
	ns_release(ns);
}
