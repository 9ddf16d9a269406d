/* SPDX-License-Identifier: Apache-2.0 */
/* Processes in long BIFs, run by helper threads. See away.h. */
#include "proc/away.h"

#include "base/account.h"
#include "base/epoch.h"
#include "base/pool.h"
#include "base/unwanted.h"
#include "exec/exec.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/still.h"
#include "term/atom.h"

struct away {
	struct pool_job job; /* first */
	struct proc *proc;
};

static unsigned away_most = 1; /* fixed once schedulers run */

void proc_away_limit(unsigned most)
{
	away_most = most;
}

static void come_back(struct proc *p)
{
	/* Sequentially consistent, as where a worker gives a process up; from here on another may own it. */
	atomic_fetch_and_explicit(&p->state, ~(uint32_t)(STATE_RUNNABLE | STATE_AWAY), memory_order_seq_cst);
	proc_make_runnable(p);
}

/* The owner looks at what has come without taking it: whoever sends puts it in front, and changes nothing that is there. */
struct watched {
	struct unwanted unwanted; /* first */
	struct proc *proc;
	const struct signal *seen; /* the newest that was looked at */
};

/* An exit by a link that is gone by now counts as well: the BIF is called again after it. Those by aliases wait: whoever has one that is no
 * more could send many, and have the BIF begin anew each time. */
static bool ends(const struct proc *p, struct signal *s)
{
	if ((s->kind != SIGNAL_EXIT && s->kind != SIGNAL_EXIT_LINK) || (s->flags & SIGNAL_BY_ALIAS) != 0)
		return false;
	if (s->flags & SIGNAL_KILL)
		return true;
	return (p->flags & PROC_TRAP_EXIT) == 0 && (signal_message(s)->value != A(normal) || (s->flags & SIGNAL_NORMAL_KILLS) != 0);
}

static bool is_to_end(struct unwanted *u)
{
	struct watched *w = (struct watched *)(void *)u; /* first member */
	/* Pairs with the push in signal_send(). */
	struct signal *newest = atomic_load_acquire(&w->proc->inbox);
	bool is = false;
	for (struct signal *s = newest; s != w->seen && !is; s = s->next)
		is = ends(w->proc, s);
	w->seen = newest;
	return is;
}

static void run_bif(struct proc *p)
{
	const enum bif_kind kind = p->extra->trap.export->bif->kind;
	if (kind != BIF_LONG && kind != BIF_WIDE && kind != BIF_LATE) {
		exec_run_away(p);
		return;
	}
	struct watched w = { .unwanted = { .ask = is_to_end }, .proc = p };
	unwanted_begin(&w.unwanted);
	exec_run_away(p);
	if (unwanted_end()) {
		p->outcome = OUTCOME_AGAIN;
		p->extra->answer = TERM_NONE;
	}
}

static void run_away(struct pool_job *job)
{
	struct away *away = (struct away *)(void *)job; /* first member */
	struct proc *p = away->proc;
	mem_free(MEM_TEMP, away, sizeof(*away));
	epoch_enter();
	heap_adopt_purge();
	account_switch(p->account);
	run_bif(p);
	account_switch(NULL);
	struct account *account = p->account;
	come_back(p);
	still_ready(account);
	epoch_leave();
}

void proc_send_away(struct proc *p)
{
	struct account *account = p->account;
	still_unready(account);
	if (unlikely(atomic_load_explicit(&account->still, memory_order_seq_cst) != STILL_MOVING) && still_stays(p)) {
		still_ready(account);
		return;
	}
	struct away *away = mem_alloc(MEM_TEMP, sizeof(*away));
	away->proc = p;
	uint32_t before = atomic_or_acq_rel(&p->state, STATE_AWAY);
	if (before & STATE_DOOMED) {
		/* See doom(). */
		atomic_and_acq_rel(&p->state, ~(uint32_t)STATE_DOOMED);
		atomic_sub_relaxed(&p->account->doomed, 1);
	}
	pool_share_limit(p->ns->long_calls, away_most);
	if (pool_run_of(p->ns->long_calls, &away->job, run_away) == 0)
		return;
	mem_free(MEM_TEMP, away, sizeof(*away));
	exec_run_away(p);
	come_back(p);
	still_ready(account);
}
