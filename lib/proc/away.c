/* SPDX-License-Identifier: Apache-2.0 */
/* Processes in long BIFs, run by helper threads. See away.h. */
#include "proc/away.h"

#include "base/account.h"
#include "base/epoch.h"
#include "base/pool.h"
#include "exec/exec.h"
#include "proc/proc.h"
#include "proc/still.h"

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

static void run_away(struct pool_job *job)
{
	struct away *away = (struct away *)(void *)job; /* first member */
	struct proc *p = away->proc;
	mem_free(MEM_TEMP, away, sizeof(*away));
	epoch_enter();
	heap_adopt_purge();
	account_switch(p->account);
	exec_run_away(p);
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
