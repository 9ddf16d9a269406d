/* SPDX-License-Identifier: Apache-2.0 */
/* Schedulers: run queues, slices, stealing, sleep.
 *
 * STATE_RUNNABLE is set while a process is in a run queue or is run: whoever sets it puts the process into a queue, whoever
 * takes it out owns the process until the bit is cleared.
 * One process that its own worker has made runnable while nobody else waited there stands in `next`, beside the queue: that
 * is its head, which only its worker takes, without the lock.
 * No wake-up is lost: who puts a process into a queue raises its length and then looks for a sleeper; a worker says that it
 * sleeps and then looks at the lengths once more. A process that stops running gives up STATE_RUNNABLE and then
 * looks at its inbox; who sends looks at the state after the push. All four are sequentially consistent.
 * Stealing has its price, mostly caches that must follow: what waits is stolen when it is some work, judged by the slices
 * of late, and what is less is left to its worker. Should that one hang in a long slice, a watcher comes: while somebody
 * works, one of the sleepers sleeps for short times only and steals what has not moved meanwhile. */
#include "sched/sched.h"

#include "base/clock.h"
#include "base/epoch.h"
#include "base/lock.h"
#include "heap/gradual.h"
#include "io/poll.h"
#include "ns/quota.h"
#include "proc/away.h"
#include "proc/collect.h"
#include "proc/full.h"
#include "proc/mailbox.h"
#include "proc/pressure.h"
#include "proc/signal.h"
#include "proc/still.h"
#include "proc/timer.h"
#include "proc/tracing.h"
#include "proc/watch.h"
#include "sched/fair.h"
#include "sched/rest.h"
#include "term/atom.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#define SLICE_REDUCTIONS 4000
#define STEAL_MAX 64
#define STEAL_WORTH 4000     /* reductions that are worth stealing */
#define SLICE_LOG_UNIT 16
#define COLLECT_NSEC 150000  /* a slice of a long collection */
#define WATCH_NSEC 10000000  /* how long one process may keep others waiting that nobody would steal */
#define SPINS 64
#define CLOCK_REDUCTIONS 1000 /* how much work may pass before the clock is read for timers */
#define POLL_TURNS 32      /* of so many looks at the clock one goes to the descriptors, too */
#define BALANCE_NSEC 500000 /* processor time by which whoever runs must be ahead of one that waits elsewhere, to fetch it */
#define STANDSTILL_NSEC 5000000 /* for so long nobody need be taken from where others wait */
#define SLICE_COST 50      /* what a slice costs besides, in reductions, for the same */
#define TURN_COST 250      /* the same of a turn in which signals were seen to and nothing was run */

struct sched {
	/* guarded by lock */
	struct mutex lock;
	struct fair fair;

	/* atomic; length and urgent are written under lock */
	_Atomic uint32_t length; /* of what waits in the queue, without next and what is parked */
	_Atomic uint32_t urgent; /* how many of them are of priority high or max */
	_Atomic uint32_t has_next;
	_Atomic(const struct account *) only; /* whose processes alone wait; NULL: nobody's, or several namespaces' */
	_Atomic uint64_t least;     /* virtual time of the first that waits; UINT64_MAX: nobody does */
	_Atomic uint64_t runs;      /* of whose processes it runs, as of late; the same */
	_Atomic int64_t unpark_at;  /* 0: nobody is parked */
	_Atomic uint32_t slice_log; /* a mean over the last slices of the bits that their reductions take, times SLICE_LOG_UNIT */
	_Atomic uint64_t switches, reductions, migrations, length_max;
	_Atomic int64_t busy_nsec, busy_since, began; /* busy_since 0: idle */
	_Atomic term current;

	/* its own thread's */
	struct proc *next;
	pthread_t thread;
	int32_t clock_left;
	uint32_t poll_turns;
};

static struct {
	struct worker **workers; /* fixed while threads run */
	unsigned count;
	run_slice_fn run_slice;
	_Atomic bool stopping;
	_Atomic bool started;
	_Atomic uint32_t idle;  /* workers that sleep or are about to */
	_Atomic uint32_t watching; /* those of them that look again soon: at most a few */
	_Atomic uint32_t turn;  /* of workers, for processes that nobody on a worker made runnable */

	/* guarded by early_lock: what was made runnable before there were workers */
	struct mutex early_lock;
	struct queue early;
} all = { .early_lock = { PTHREAD_MUTEX_INITIALIZER, LOCK_RUN_QUEUE } };

static _Thread_local struct worker *this_worker;

struct worker *worker_current(void)
{
	return this_worker;
}

unsigned sched_count(void)
{
	return all.count;
}

struct worker *sched_worker(unsigned index)
{
	return index < all.count ? all.workers[index] : NULL;
}

/* ------------------------------------------------------------------------------------------------ queues */

static void wake(struct worker *w)
{
	uint32_t sleeping = 1;
	if (!atomic_cas_acq_rel(&w->sleeping, &sleeping, 0))
		return;
	atomic_fetch_sub_explicit(&all.idle, 1, memory_order_seq_cst);
	poll_wake(w->poll);
}

/* A worker for what no worker has begun. */
static struct worker *worker_in_turn(void)
{
	return all.workers[atomic_add_relaxed(&all.turn, 1) % all.count];
}

/* Somebody who sleeps shall come and steal. */
static void wake_another(void)
{
	for (unsigned i = 0; i < all.count; i++)
		if (atomic_load_relaxed(&all.workers[i]->sleeping)) {
			wake(all.workers[i]);
			return;
		}
}

/* How many processes wait. A moment old unless it is one's own. */
static inline uint32_t waiting(struct sched *s)
{
	return atomic_load_relaxed(&s->length) + atomic_load_relaxed(&s->has_next);
}

/* Whether what waits there is work enough for a thief. One process alone is left to its worker. */
static inline bool worth_stealing(struct sched *s)
{
	uint32_t n = waiting(s);
	return n >= 2 && atomic_load_relaxed(&s->length) > 0 &&
	       (uint64_t)n << (atomic_load_relaxed(&s->slice_log) / SLICE_LOG_UNIT) >= STEAL_WORTH;
}

static void count_urgent(struct sched *s, const struct proc *p, uint32_t by)
{
	if (unlikely(p->priority >= PRIORITY_HIGH))
		atomic_store_relaxed(&s->urgent, atomic_load_relaxed(&s->urgent) + by);
}

/* For next_is_next(). Under the lock. */
static inline void note_only(struct sched *s)
{
	const struct account *only = s->fair.count == 1 ? s->fair.heap[0]->account : NULL;
	if (atomic_load_relaxed(&s->only) != only)
		atomic_store_relaxed(&s->only, only);
	uint64_t least = s->fair.count > 0 ? s->fair.heap[0]->key : UINT64_MAX;
	if (atomic_load_relaxed(&s->least) != least)
		atomic_store_relaxed(&s->least, least);
}

static void enqueue(struct worker *w, struct proc *p)
{
	struct sched *s = w->sched;
	if (w == this_worker && s->next == NULL && p->priority == PRIORITY_NORMAL && (p->flags & PROC_COLLECTING) == 0 &&
		atomic_load_relaxed(&s->length) == 0) {
		s->next = p;
		atomic_store_relaxed(&s->has_next, 1);
		return;
	}
	struct share *share = fair_share(p->ns, w->index, all.count);
	mutex_lock(&s->lock);
	uint32_t length = atomic_load_relaxed(&s->length) + fair_put(&s->fair, share, p, false);
	count_urgent(s, p, 1);
	note_only(s);
	/* Sequentially consistent with the look at `idle` below; pairs with idle_sleep(). */
	atomic_exchange_explicit(&s->length, length, memory_order_seq_cst);
	if (length > atomic_load_relaxed(&s->length_max))
		atomic_store_relaxed(&s->length_max, length);
	mutex_unlock(&s->lock);
	if (likely(atomic_load_explicit(&all.idle, memory_order_seq_cst) == 0))
		return;
	if (w != this_worker && atomic_load_explicit(&w->sleeping, memory_order_seq_cst))
		wake(w);
	else if (worth_stealing(s) || (waiting(s) > 1 && atomic_load_relaxed(&all.watching) == 0))
		wake_another();
}

/* What stands beside the queue goes to its place in it. Under the lock. */
static void put_next_back(struct worker *w, struct sched *s)
{
	struct proc *p = s->next;
	if (p == NULL)
		return;
	s->next = NULL;
	atomic_store_relaxed(&s->has_next, 0);
	if (fair_put(&s->fair, fair_share(p->ns, w->index, all.count), p, true))
		atomic_store_relaxed(&s->length, atomic_load_relaxed(&s->length) + 1);
}

/* Whether the process that stands beside the queue is what the queue would give: nobody more urgent waits, nor another
 * namespace, and its own is not parked. */
static inline bool next_is_next(struct sched *s, const struct proc *p)
{
	if (unlikely(atomic_load_relaxed(&s->urgent) != 0 || atomic_load_relaxed(&p->account->parked_until) != 0))
		return false;
	return atomic_load_relaxed(&s->length) == 0 || atomic_load_relaxed(&s->only) == p->account;
}

static void lengthen(struct sched *s, uint32_t by)
{
	atomic_store_relaxed(&s->length, atomic_load_relaxed(&s->length) + by);
	note_only(s);
}

/* Windows that have ended. */
static void unpark(struct sched *s, int64_t now)
{
	mutex_lock(&s->lock);
	lengthen(s, fair_unpark(&s->fair, now));
	atomic_store_relaxed(&s->unpark_at, s->fair.unpark_at);
	mutex_unlock(&s->lock);
}

static void bring_back(const struct account *account)
{
	if (!atomic_load_acquire(&all.started))
		return; /* nobody is parked */
	for (unsigned i = 0; i < all.count; i++) {
		struct worker *w = all.workers[i];
		struct sched *s = w->sched;
		mutex_lock(&s->lock);
		const uint32_t count = fair_bring_back(&s->fair, account);
		if (count > 0) {
			lengthen(s, count);
			atomic_store_relaxed(&s->unpark_at, s->fair.unpark_at);
		}
		mutex_unlock(&s->lock);
		/* Pairs with idle_sleep(), which looks at the length after it has said that it sleeps. */
		if (count > 0 && w != this_worker && atomic_load_explicit(&w->sleeping, memory_order_seq_cst))
			wake(w);
	}
}

static struct proc *dequeue(struct worker *w)
{
	struct sched *s = w->sched;
	struct proc *p = s->next;
	if (p != NULL && likely(next_is_next(s, p))) {
		s->next = NULL;
		atomic_store_relaxed(&s->has_next, 0);
		return p;
	}
	if (p == NULL && atomic_load_relaxed(&s->length) == 0)
		return NULL;
	mutex_lock(&s->lock);
	if (p != NULL) {
		put_next_back(w, s);
		count_urgent(s, p, 1);
	}
	int64_t now = 0;
	if (s->fair.count > 1 || (s->fair.count == 1 && atomic_load_relaxed(&s->fair.heap[0]->account->parked_until) != 0)) {
		/* There is a choice: what was used so far tells. */
		now = clock_monotonic_nsec();
		account_run(now);
	}
	uint32_t parked;
	p = fair_take(&s->fair, now, &parked);
	if (p != NULL) {
		count_urgent(s, p, -1U);
		atomic_store_relaxed(&s->runs, atomic_load_relaxed(&p->account->virtual_nsec));
	}
	lengthen(s, -(parked + (p != NULL ? 1 : 0)));
	atomic_store_relaxed(&s->unpark_at, s->fair.unpark_at);
	mutex_unlock(&s->lock);
	return p;
}

void sched_make_runnable(struct proc *p)
{
	uint32_t state = atomic_load_explicit(&p->state, memory_order_seq_cst);
	do {
		if (state & (STATE_RUNNABLE | STATE_EXITING))
			return;
	} while (!atomic_compare_exchange_weak_explicit(
		&p->state, &state, state | STATE_RUNNABLE, memory_order_seq_cst, memory_order_seq_cst));
	struct worker *w = this_worker;
	if (unlikely(w == NULL)) {
		if (atomic_load_acquire(&all.stopping))
			return;
		if (!atomic_load_acquire(&all.started)) {
			mutex_lock(&all.early_lock);
			bool early = !atomic_load_acquire(&all.started);
			if (early)
				queue_put(&all.early, p);
			mutex_unlock(&all.early_lock);
			if (early)
				return;
		}
		w = worker_in_turn();
	}
	enqueue(w, p);
}

/* Under the lock: they are no longer there. */
static void taken_from(struct sched *victim, struct proc **taken, uint32_t count)
{
	for (uint32_t k = 0; k < count; k++)
		count_urgent(victim, taken[k], -1U);
	lengthen(victim, -count);
}

/* Half of what waits in another's queue, the longest waiting first. hangs: one to be robbed of anything, or NULL. */
static struct proc *steal(struct worker *me, const struct sched *hangs)
{
	for (unsigned i = 1; i < all.count; i++) {
		struct sched *victim = all.workers[(me->index + i) % all.count]->sched;
		if (victim != hangs && !worth_stealing(victim))
			continue;
		struct proc *taken[STEAL_MAX];
		uint32_t count = 0;
		mutex_lock(&victim->lock);
		uint32_t n = atomic_load_relaxed(&victim->length);
		uint32_t want = (n + atomic_load_relaxed(&victim->has_next)) / 2;
		if (want > STEAL_MAX)
			want = STEAL_MAX;
		count = fair_steal(&victim->fair, want, taken);
		taken_from(victim, taken, count);
		mutex_unlock(&victim->lock);
		if (count == 0)
			continue;
		atomic_add_relaxed(&me->sched->migrations, count);
		for (uint32_t k = 1; k < count; k++)
			enqueue(me, taken[k]);
		return taken[0];
	}
	return NULL;
}

/* Another namespace waits there that has had less than the one that runs here: one of its processes comes over. */
static bool fetch_first(struct worker *me, const struct account *mine, struct sched *victim)
{
	uint64_t v = atomic_load_relaxed(&mine->virtual_nsec), ahead = (uint64_t)account_weighed(mine, BALANCE_NSEC);
	uint64_t least = atomic_load_relaxed(&victim->least);
	if (v < ahead || least >= v - ahead || atomic_load_relaxed(&me->sched->least) <= least)
		return false;
	mutex_lock(&victim->lock);
	struct proc *p = fair_steal_first(&victim->fair, v - ahead);
	if (p != NULL)
		taken_from(victim, &p, 1);
	else
		note_only(victim); /* it was not up to date */
	mutex_unlock(&victim->lock);
	if (p == NULL)
		return false;
	atomic_add_relaxed(&me->sched->migrations, 1);
	enqueue(me, p);
	return true;
}

/* Others of the namespace that runs here wait there, and nobody has taken one for long: half of them come over. Where they are those
 * run who have had less, for as long as that is so; or that worker hangs. */
static bool fetch_forgotten(struct worker *me, struct ns *ns, unsigned from, int64_t now)
{
	struct share *share = fair_share(ns, from, all.count);
	if (atomic_load_relaxed(&share->length) == 0)
		return false;
	uint32_t turns = atomic_load_relaxed(&share->turns);
	if (atomic_load_relaxed(&share->seen_turns) != turns) {
		atomic_store_relaxed(&share->seen_turns, turns);
		atomic_store_relaxed(&share->seen_at, now);
		return false;
	}
	if (now - atomic_load_relaxed(&share->seen_at) < STANDSTILL_NSEC)
		return false;
	struct sched *victim = all.workers[from]->sched;
	struct proc *taken[STEAL_MAX];
	mutex_lock(&victim->lock);
	uint32_t count = fair_steal_share(&victim->fair, share, STEAL_MAX, taken);
	taken_from(victim, taken, count);
	mutex_unlock(&victim->lock);
	atomic_add_relaxed(&me->sched->migrations, count);
	for (uint32_t k = 0; k < count; k++)
		enqueue(me, taken[k]);
	return count > 0;
}

/* Lets shares hold for the machine and not for each worker alone. p: who runs here. */
static void balance(struct worker *me, struct proc *p, int64_t now)
{
	uint64_t least = UINT64_MAX, most = 0;
	bool waits = false, fetched = false;
	atomic_store_relaxed(&me->sched->runs, atomic_load_relaxed(&p->account->virtual_nsec));
	for (unsigned i = 0; i < all.count; i++) {
		const unsigned index = (me->index + i) % all.count;
		struct sched *s = all.workers[index]->sched;
		if (s != me->sched && !fetched)
			fetched = fetch_first(me, p->account, s) || fetch_forgotten(me, p->ns, index, now);
		uint64_t runs = atomic_load_relaxed(&s->runs), first = atomic_load_relaxed(&s->least);
		waits = waits || waiting(s) > 0;
		least = runs < least ? runs : least;
		least = first < least ? first : least;
		most = runs != UINT64_MAX && runs > most ? runs : most;
	}
	fair_advance(waits ? least : most);
}

/* ------------------------------------------------------------------------------------------------ slices */

static void give_up(struct proc *p)
{
	/* Sequentially consistent; pairs with signal_send() and receive_fire(). From here on another may own p: only what any
	 * thread may read is read. */
	uint32_t state = atomic_fetch_and_explicit(
		&p->state, ~(uint32_t)(STATE_RUNNABLE | STATE_WOKEN), memory_order_seq_cst);
	if ((state & STATE_WOKEN) || atomic_load_explicit(&p->inbox, memory_order_seq_cst) != NULL)
		sched_make_runnable(p);
}

/* erlang:hibernate/0 waits for any message: with the first it has its answer. */
static bool wakes_up(struct proc *p)
{
	if (!(p->flags & PROC_HIBERNATED) || p->mailbox.first == NULL)
		return false;
	p->extra->answer = A(ok);
	p->extra->answer_id = 0;
	p->outcome = OUTCOME_NONE;
	return true;
}

/* Whether the engine has something to do with it. */
static bool wants_engine(struct proc *p, uint32_t state)
{
	if (state & STATE_SUSPENDED)
		return false;
	if (unlikely(p->outcome == OUTCOME_WAIT))
		return wakes_up(p);
	if (!p->waits || mailbox_has_next(p))
		return true;
	return (p->flags & PROC_TIMEOUT_SET) && timer_receive_expired(p);
}

/* Now and then, on a worker that does not rest. */
static void share_out(struct worker *w, struct proc *p)
{
	int64_t now = clock_monotonic_nsec();
	account_run(now);
	int64_t at = atomic_load_relaxed(&w->sched->unpark_at);
	if (at != 0 && now >= at)
		unpark(w->sched, now);
	if (account_count() > 1)
		balance(w, p, now);
}

static void look_at_clock(struct worker *w, struct proc *p, int32_t work)
{
	struct sched *s = w->sched;
	s->clock_left -= work;
	if (s->clock_left > 0)
		return;
	s->clock_left = CLOCK_REDUCTIONS;
	(void)nursery_give_back(&w->nursery); /* more of it the next time */
	if (++s->poll_turns >= POLL_TURNS) {
		s->poll_turns = 0;
		poll_look(w->poll);
		share_out(w, p);
	}
	if (poll_has_work(w->poll))
		poll_run(w->poll);
	if (timers_next(w->timers) == WHEEL_NEVER)
		return;
	w->now_nsec = clock_monotonic_nsec();
	timers_run(w->timers, w->now_nsec);
}

static void account(struct worker *w, struct proc *p, int32_t used)
{
	struct sched *s = w->sched;
	int32_t log = (int32_t)atomic_load_relaxed(&s->slice_log);
	int32_t bits = used > 0 ? 32 - __builtin_clz((uint32_t)used) : 0;
	atomic_store_relaxed(&s->slice_log, (uint32_t)(log + (bits * SLICE_LOG_UNIT - log) / 8));
	atomic_store_relaxed(&p->reductions_done, atomic_load_relaxed(&p->reductions_done) + (uint64_t)used);
	proc_publish_flags(p);
	atomic_store_relaxed(&s->reductions, atomic_load_relaxed(&s->reductions) + (uint64_t)used);
	atomic_store_relaxed(&w->batch.reductions, atomic_load_relaxed(&w->batch.reductions) + (uint64_t)used);
	atomic_store_relaxed(&s->switches, atomic_load_relaxed(&s->switches) + 1);
	atomic_store_relaxed(&w->progress, atomic_load_relaxed(&w->progress) + 1);
	if (unlikely(account_is_due()))
		account_flush();
	look_at_clock(w, p, used + SLICE_COST);
}

static bool has_requests(const struct proc *p)
{
	return p->extra != NULL && p->extra->requests != NULL;
}

/* Whether it may just go on: nobody else wants the worker, and nobody wants anything of it. */
static bool may_go_on(struct worker *w, struct proc *p)
{
	return waiting(w->sched) == 0 && atomic_load_relaxed(&p->account->parked_until) == 0 && !still_wants(p->account) && !signals_waiting(p) && !has_requests(p) &&
	       !(atomic_load_relaxed(&p->state) & STATE_SUSPENDED) && !atomic_load_relaxed(&all.stopping);
}

static bool over_reductions(const struct proc *p)
{
	return unlikely(p->extra != NULL && p->extra->reductions_max != 0) &&
	       atomic_load_relaxed(&((struct proc *)(uintptr_t)p)->reductions_done) > p->extra->reductions_max;
}

static void kill_for_reductions(struct proc *p)
{
	p->extra->raise = (struct raise){ .class = CLASS_EXIT,
		.reason = A(killed),
		.trace = TERM_NIL,
		.args = TERM_NONE,
		.cause = TERM_NONE };
	p->outcome = OUTCOME_EXIT;
}

static void leave(struct worker *w, struct proc *p)
{
	struct roots roots;
	roots_init(&roots);
	proc_roots(p, &roots, NULL, 0);
	heap_leave(&p->mem, &w->nursery, &roots);
	proc_note_memory(p);
	if (heap_may_rest(&p->mem))
		rest_later(w, p);
}

/* A slice of a long collection. False: there is more to do, or it ends. What has woken it is seen to by run_one(). */
static bool collect_on(struct worker *w, struct proc *p)
{
	heap_adopt_purge();
	heap_enter(&p->mem, &w->nursery);
	const bool done = collect_go_on(p, COLLECT_NSEC);
	account(w, p, SLICE_REDUCTIONS);
	if (!done) {
		p->mem.nursery = NULL;
		return false;
	}
	if (p->outcome == OUTCOME_EXIT)
		return false;
	leave(w, p);
	return true;
}

/* Parks it. False: first comes a long collection, or it ends. */
static bool leave_or_collect(struct worker *w, struct proc *p)
{
	if (unlikely((p->flags & PROC_COLLECT_DUE) == 0 &&
		     ((heap_wants_collect(&p->mem) && heap_collection_is_long(&p->mem, false)) || collect_for_max_heap(p))))
		collect_later(p, 0, false);
	if (likely((p->flags & PROC_COLLECT_DUE) == 0)) {
		leave(w, p);
		return true;
	}
	collect_in_parts(p);
	return collect_on(w, p);
}

static _noinline_ enum slice_end timed_slice(struct worker *w, struct proc *p)
{
	const uint64_t *in = proc_pc(p);
	/* By the thread's clock: what the kernel gives to others meanwhile is not the process's doing. */
	int64_t began = clock_thread_nsec();
	enum slice_end end = all.run_slice(w, p);
	proc_tracing.scheduled(p, clock_thread_nsec() - began, in);
	return end;
}

/* Entered, runs and leaves its memory. */
static enum slice_end slices(struct worker *w, struct proc *p)
{
	enum slice_end end;
	p->waits = false;
	p->flags &= ~(uint32_t)PROC_HIBERNATED; /* what it waits for from now on is something else */
	heap_adopt_purge();
	heap_enter(&p->mem, &w->nursery);
	if (unlikely((p->flags & PROC_FLOATS) != 0))
		collect_restore_floats(p, w);
	if (proc_traces(p, PROC_TRACE_RUNNING))
		proc_tracing.schedule(p, SCHEDULE_IN);
	for (;;) {
		p->reductions = SLICE_REDUCTIONS;
		end = likely(!watching(WATCH_SCHEDULE)) ? all.run_slice(w, p) : timed_slice(w, p);
		account(w, p, SLICE_REDUCTIONS - p->reductions);
		if (unlikely(atomic_load_relaxed(&p->account->met) != 0))
			ns_limits_met(p->ns);
		if (end == SLICE_EXIT || p->outcome == OUTCOME_EXIT)
			return SLICE_EXIT;
		if (over_reductions(p)) {
			kill_for_reductions(p);
			return SLICE_EXIT;
		}
		if (!p->mem.borrowed)
			proc_note_memory(p); /* a long one is charged as it grows */
		if (pressure_is_on(p) && !pressure_relieve(p, true))
			return SLICE_EXIT;
		if (unlikely(p->flags & (PROC_WANTS_ROOM | PROC_KEEPS_WAITING)))
			full_after_slice(p);
		if (account_is_metered(p->account))
			account_run(clock_monotonic_nsec());
		if (end != SLICE_YIELD || !may_go_on(w, p) || (p->flags & PROC_COLLECT_DUE) != 0)
			break;
		/* What it has received lies in fragments, which leaving would have emptied. */
		if (heap_wants_collect(&p->mem)) {
			if (heap_collection_is_long(&p->mem, false))
				break; /* see leave_or_collect() */
			if (!proc_collect(p, 0, p->saved_x, p->saved_count))
				return SLICE_EXIT;
		}
		epoch_quiescent();
	}
	if (proc_traces(p, PROC_TRACE_RUNNING))
		proc_tracing.schedule(p, SCHEDULE_OUT);
	if (end == SLICE_WAIT)
		p->waits = p->outcome != OUTCOME_WAIT;
	if (has_requests(p)) {
		signals_run_requests(p);
		if (p->outcome == OUTCOME_EXIT)
			return SLICE_EXIT;
	}
	return leave_or_collect(w, p) ? end : p->outcome == OUTCOME_EXIT ? SLICE_EXIT : SLICE_COLLECT;
}

/* The same, told to who profiles. */
static _noinline_ enum slice_end profiled_slices(struct worker *w, struct proc *p)
{
	if (p->waits || atomic_load_relaxed(&p->reductions_done) == 0)
		proc_tracing.profile(p, true);
	enum slice_end end = slices(w, p);
	if (end != SLICE_YIELD)
		proc_tracing.profile(p, false);
	return end;
}

static bool works(const struct account *account)
{
	for (unsigned i = 0; i < all.count; i++)
		if (atomic_load_acquire(&all.workers[i]->works_for) == account) /* Pairs with still_leave(). */
			return true;
	return false;
}

/* It has STATE_RUNNABLE, and is in no queue. Threads: any. */
static void run_again(struct proc *p)
{
	if (atomic_load_acquire(&all.stopping))
		return;
	enqueue(this_worker != NULL ? this_worker : worker_in_turn(), p);
}

static void run_one(struct worker *w, struct proc *p)
{
	struct account *account = p->account;
	if (unlikely(!still_enter(w, p))) {
		still_leave(w, account);
		return;
	}
	/* Acquire: what its last owner did is seen here. */
	uint32_t state = atomic_load_acquire(&p->state);
	if (unlikely(state & STATE_WOKEN)) /* seen: its after-timer is looked at below */
		atomic_and_acq_rel(&p->state, ~(uint32_t)STATE_WOKEN);
	enum slice_end end = SLICE_WAIT;
	p->worker = w;
	account_enter(p->account);
	atomic_store_relaxed(&p->running, true);
	w->current = p;
	atomic_store_relaxed(&w->sched->current, p->pid);
	if (unlikely((p->flags & PROC_COLLECTING) != 0) && !collect_on(w, p)) {
		end = SLICE_COLLECT;
	} else if (unlikely(p->outcome == OUTCOME_AWAY)) {
		end = SLICE_AWAY; /* its memory was to be left first */
	} else if (signals_waiting(p) && !signals_fetch(p)) {
		if (proc_traces(p, PROC_TRACE_RUNNING))
			proc_tracing.schedule(p, SCHEDULE_IN);
		end = SLICE_EXIT;
	} else {
		if (unlikely(has_requests(p))) {
			/* They find the stack in its place, as after a slice. */
			heap_enter(&p->mem, &w->nursery);
			signals_run_requests(p);
			if (p->outcome != OUTCOME_EXIT && !leave_or_collect(w, p))
				end = SLICE_COLLECT;
		}
		state = atomic_load_acquire(&p->state);
		if (p->outcome == OUTCOME_EXIT) {
			end = SLICE_EXIT;
		} else if (unlikely(end == SLICE_COLLECT)) {
			/* It goes on with what its state says. */
		} else if (wants_engine(p, state)) {
			end = watching(WATCH_PROFILE) ? profiled_slices(w, p) : slices(w, p);
		} else {
			/* Many of these may come in a row: when all processes of the machine are asked something. */
			look_at_clock(w, p, TURN_COST);
		}
	}
	w->current = NULL;
	atomic_store_relaxed(&p->running, false);
	if (end == SLICE_EXIT || p->outcome == OUTCOME_EXIT)
		proc_end(p);
	else if (end == SLICE_YIELD || end == SLICE_COLLECT)
		enqueue(w, p);
	else if (end == SLICE_AWAY)
		proc_send_away(p);
	else
		give_up(p);
	still_leave(w, account);
}

/* ------------------------------------------------------------------------------------------------ sleep */

static bool work_in_sight(struct worker *me)
{
	/* Leaving the epoch frees what was retired, which may have made something runnable right here. */
	if (atomic_load_explicit(&me->sched->length, memory_order_seq_cst) > 0 || me->sched->next != NULL ||
		poll_has_work(me->poll))
		return true;
	for (unsigned i = 0; i < all.count; i++)
		if (atomic_load_explicit(&all.workers[i]->sched->length, memory_order_seq_cst) > 0 &&
			worth_stealing(all.workers[i]->sched))
			return true;
	return atomic_load_acquire(&all.stopping);
}

#define REST_NSEC 100000000 /* a sleep that lasts longer gives the spare blocks back; once, so that idle costs nothing */

static void sleep_until(struct worker *w, int64_t at_nsec)
{
	bool rested = !nursery_has_spares(&w->nursery) && w->tired_count == 0;
	for (;;) {
		int64_t left = INT64_MAX;
		if (at_nsec != WHEEL_NEVER)
			left = at_nsec - clock_monotonic_nsec();
		if (left <= 0)
			return;
		bool rests = !rested && left > REST_NSEC;
		if (rests)
			left = REST_NSEC;
		if (poll_sleep(w->poll, left) || !rests)
			return;
		nursery_trim(&w->nursery);
		rested = true;
		if (w->tired_count > 0)
			return; /* for rest_all() */
	}
}

/* One whose processes wait for a slice to end, and how many it has ended. */
struct watched {
	struct sched *sched; /* NULL: nobody */
	uint64_t switches;
};

static void look_at_others(struct worker *me, struct watched *ret)
{
	*ret = (struct watched){ 0 };
	for (unsigned i = 0; i < all.count && ret->sched == NULL; i++) {
		struct sched *s = all.workers[i]->sched;
		if (s == me->sched || atomic_load_relaxed(&s->length) == 0 || waiting(s) < 2)
			continue;
		*ret = (struct watched){ s, atomic_load_relaxed(&s->switches) };
	}
}

/* Somebody works, and nobody watches. */
static bool watcher_wanted(void)
{
	return atomic_load_relaxed(&all.idle) < all.count && atomic_load_relaxed(&all.watching) == 0;
}

/* Sleeps; returns somebody who hung all the while. */
static struct sched *idle_sleep(struct worker *w)
{
	struct watched watched = { 0 };
	struct sched *s = w->sched;
	atomic_store_relaxed(&s->current, TERM_NONE);
	atomic_store_relaxed(&s->runs, UINT64_MAX);
	account_switch(NULL);
	epoch_leave();
	int64_t now = clock_monotonic_nsec();
	const int64_t slept = now;
	atomic_add_relaxed(&s->busy_nsec, now - atomic_load_relaxed(&s->busy_since));
	atomic_store_relaxed(&s->busy_since, 0);
	/* Pairs with enqueue(). */
	atomic_fetch_add_explicit(&all.idle, 1, memory_order_seq_cst);
	atomic_store_explicit(&w->sleeping, 1, memory_order_seq_cst);
	if (!work_in_sight(w)) {
		int64_t at = timers_next(w->timers), unpark_at = atomic_load_relaxed(&s->unpark_at);
		if (unpark_at != 0 && unpark_at < at)
			at = unpark_at;
		bool watches = watcher_wanted();
		if (watches) {
			atomic_add_relaxed(&all.watching, 1);
			look_at_others(w, &watched);
			if (at == WHEEL_NEVER || at > now + WATCH_NSEC)
				at = now + WATCH_NSEC;
		}
		sleep_until(w, at);
		if (watches)
			atomic_fetch_sub_explicit(&all.watching, 1, memory_order_relaxed);
	}
	uint32_t sleeping = 1;
	if (atomic_cas_acq_rel(&w->sleeping, &sleeping, 0)) {
		atomic_fetch_sub_explicit(&all.idle, 1, memory_order_seq_cst);
	} else {
		/* Somebody has woken us: what it wrote is there, or comes at once. */
		poll_take_wake(w->poll);
	}
	now = clock_monotonic_nsec();
	int64_t unpark_at = atomic_load_relaxed(&s->unpark_at);
	if (unpark_at != 0 && now >= unpark_at)
		unpark(s, now);
	atomic_store_relaxed(&s->busy_since, now);
	atomic_store_relaxed(&w->progress, atomic_load_relaxed(&w->progress) + 1);
	epoch_enter();
	bool hangs = watched.sched != NULL && atomic_load_relaxed(&watched.sched->switches) == watched.switches &&
		     waiting(watched.sched) > 1 && now - slept >= WATCH_NSEC;
	return hangs ? watched.sched : NULL;
}

static struct proc *idle(struct worker *w)
{
	for (unsigned i = 0; i < SPINS; i++) {
		if (work_in_sight(w))
			return steal(w, NULL);
		if (nursery_give_back(&w->nursery))
			i = 0;
		__builtin_ia32_pause();
	}
	w->now_nsec = clock_monotonic_nsec();
	timers_run(w->timers, w->now_nsec);
	const struct sched *hangs = NULL;
	const int64_t slept = w->now_nsec;
	if (waiting(w->sched) == 0)
		hangs = idle_sleep(w);
	w->now_nsec = clock_monotonic_nsec();
	if (unlikely(w->tired_count > 0) && w->now_nsec - slept >= REST_NSEC)
		rest_all(w);
	timers_run(w->timers, w->now_nsec);
	return hangs != NULL && waiting(w->sched) == 0 ? steal(w, hangs) : NULL;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	this_worker = w;
	nursery_init(&w->nursery);
	account_thread_init(&w->batch);
	w->timers = timers_new();
	w->now_nsec = clock_monotonic_nsec();
	atomic_store_relaxed(&w->sched->busy_since, w->now_nsec);
	atomic_store_relaxed(&w->sched->began, w->now_nsec);
	epoch_enter();
	while (!atomic_load_acquire(&all.stopping)) {
		epoch_quiescent();
		if (unlikely(poll_has_work(w->poll)))
			poll_run(w->poll);
		struct proc *p = dequeue(w);
		if (p == NULL)
			p = steal(w, NULL);
		if (p == NULL)
			p = idle(w);
		if (p != NULL)
			run_one(w, p);
	}
	account_thread_done();
	epoch_leave();
	epoch_thread_done();
	nursery_done(&w->nursery);
	mem_thread_done();
	return NULL;
}

/* ------------------------------------------------------------------------------------------------ start and stop */

static unsigned cores(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

static struct worker *worker_new(unsigned index)
{
	struct worker *w = mem_zalloc(MEM_SCHED, sizeof(*w));
	struct sched *s = mem_zalloc(MEM_SCHED, sizeof(*s));
	w->index = index;
	w->sched = s;
	mutex_init(&s->lock, LOCK_RUN_QUEUE);
	atomic_store_relaxed(&s->least, UINT64_MAX);
	atomic_store_relaxed(&s->runs, UINT64_MAX);
	atomic_store_relaxed(&s->current, TERM_NONE);
	w->poll = poll_new();
	return w;
}

static void worker_free(struct worker *w)
{
	w->poll = poll_free(w->poll);
	mutex_done(&w->sched->lock);
	fair_done(&w->sched->fair);
	mem_free(MEM_SCHED, w->sched, sizeof(*w->sched));
	mem_free(MEM_SCHED, w, sizeof(*w));
}

int sched_start(unsigned count, run_slice_fn run_slice)
{
	if (count == 0)
		count = cores();
	atomic_store_relaxed(&all.stopping, false);
	all.run_slice = run_slice;
	all.count = count;
	proc_away_limit(count);
	all.workers = mem_zalloc(MEM_SCHED, count * sizeof(*all.workers));
	for (unsigned i = 0; i < count; i++) {
		all.workers[i] = worker_new(i);
		if (all.workers[i]->poll == NULL)
			return -errno;
	}
	mutex_lock(&all.early_lock);
	/* Nobody runs yet, so the order is kept. */
	for (struct proc *p; (p = queue_take(&all.early)) != NULL;) {
		const unsigned i = atomic_add_relaxed(&all.turn, 1) % count;
		struct sched *s = all.workers[i]->sched;
		(void)fair_put(&s->fair, fair_share(p->ns, i, count), p, false); /* nobody is parked yet */
		count_urgent(s, p, 1);
		note_only(s);
		atomic_store_relaxed(&s->length, atomic_load_relaxed(&s->length) + 1);
	}
	atomic_store_release(&all.started, true);
	mutex_unlock(&all.early_lock);
	sigset_t everything, before;
	(void)sigfillset(&everything);
	(void)pthread_sigmask(SIG_SETMASK, &everything, &before); /* threads inherit it: signals are the host's */
	int r = 0;
	for (unsigned i = 0; i < count && r == 0; i++)
		r = pthread_create(&all.workers[i]->sched->thread, NULL, worker_main, all.workers[i]);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

void sched_ns_done(struct ns *ns)
{
	fair_ns_done(ns);
}

void sched_open(void)
{
	proc_make_runnable = sched_make_runnable;
	proc_bring_back = bring_back;
	still_set_workers(works, run_again);
	poll_set_workers(wake, worker_in_turn);
}

void sched_close(void)
{
	atomic_store_release(&all.stopping, true);
	mutex_lock(&all.early_lock);
	all.early = (struct queue){ 0 };
	mutex_unlock(&all.early_lock);
}

void sched_stop(void)
{
	sched_close();
	if (!atomic_load_acquire(&all.started))
		return;
	for (unsigned i = 0; i < all.count; i++)
		poll_wake(all.workers[i]->poll);
	for (unsigned i = 0; i < all.count; i++)
		(void)pthread_join(all.workers[i]->sched->thread, NULL); /* it was created, and is joined once */
	atomic_store_release(&all.started, false);
	for (unsigned i = 0; i < all.count; i++)
		worker_free(all.workers[i]);
	fair_all_done();
	mem_free(MEM_SCHED, all.workers, all.count * sizeof(*all.workers));
	all.workers = NULL;
	all.count = 0;
}

void sched_describe(unsigned index, struct sched_numbers *ret)
{
	struct worker *w = sched_worker(index);
	if (w == NULL) {
		*ret = (struct sched_numbers){ .current = TERM_NONE };
		return;
	}
	struct sched *s = w->sched;
	int64_t busy = atomic_load_relaxed(&s->busy_nsec), since = atomic_load_relaxed(&s->busy_since);
	if (since != 0)
		busy += clock_monotonic_nsec() - since;
	*ret = (struct sched_numbers){
		.current = atomic_load_relaxed(&s->current),
		.sleeping = atomic_load_relaxed(&w->sleeping) != 0,
		.progress = atomic_load_relaxed(&w->progress),
		.run_queue = waiting(s),
		.run_queue_max = atomic_load_relaxed(&s->length_max),
		.reductions = atomic_load_relaxed(&s->reductions),
		.switches = atomic_load_relaxed(&s->switches),
		.migrations = atomic_load_relaxed(&s->migrations),
		.busy_usec = (uint64_t)busy / 1000,
		.total_usec = (uint64_t)(clock_monotonic_nsec() - atomic_load_relaxed(&s->began)) / 1000,
	};
	ret->busy = ret->current != TERM_NONE && !ret->sleeping;
}
