/* SPDX-License-Identifier: Apache-2.0 */
/* Helper threads and the shares they take jobs from.
 *
 * A share with jobs that may run stands in one of two rings: `fresh` when nothing of it runs, else `busy`; each is served in
 * turn, fresh ones first.
 * Invariant: while a share is fresh, a thread is idle or has been started for it, unless the system has no thread to give; a job of a
 * busy one waits only while as many threads as may be are taken. */
#include "base/pool.h"

#include "base/account.h"
#include "base/alloc.h"
#include "base/epoch.h"
#include "base/list.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define IDLE_SECONDS 10
#define STOP_GRACE_MSEC 1000
#define INTERRUPT_EVERY_MSEC 20
#define INTERRUPT_SIGNAL SIGURG

struct pool_share {
	struct list link; /* in a ring, or alone */
	struct pool_job *first, *last;
	uint64_t count; /* of jobs that wait */
	uint64_t ready; /* of those that may run; part of pool.ready */
	unsigned refs;  /* its maker's, and one a job */
	unsigned running;
	unsigned most; /* of them at a time */
	bool fresh; /* it stands in that ring */
	bool interrupted;
};

struct pool_thread {
	struct list link;
	pthread_t id;
	struct pool_share *share; /* whose job it runs; NULL: none */
	struct account_batch batch;
};

static struct pool_share own_share = { .link = { &own_share.link, &own_share.link }, .refs = 1, .most = POOL_SHARE_MAX };

static struct {
	pthread_mutex_t
		lock; /* guards all of it, and the shares; only memory may be asked for while it is held */
	pthread_cond_t changed;
	pthread_cond_t ended; /* a job or a thread has */
	struct list fresh, busy;
	uint64_t fresh_count; /* of shares */
	uint64_t ready;       /* jobs that may run */
	uint64_t waiting;     /* jobs that wait */
	unsigned threads;
	unsigned idle; /* threads that wait, or are about to look for a job for the first time */
	bool stop;
	bool interrupted; /* with stop: jobs are to give up */
	bool catching;    /* the signal's handler is there */
	struct list all;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
	.ended = PTHREAD_COND_INITIALIZER,
	.fresh = { &pool.fresh, &pool.fresh },
	.busy = { &pool.busy, &pool.busy },
	.all = { &pool.all, &pool.all } };

static _Thread_local struct pool_thread *this_thread;

/* ------------------------------------------------------------------------------------------------ shares */

/* Puts it where it belongs, at the end, after any change. */
static void place(struct pool_share *share)
{
	uint64_t room = share->most > share->running ? share->most - share->running : 0;
	uint64_t ready = share->count < room ? share->count : room;
	pool.ready += ready - share->ready;
	share->ready = ready;
	if (share->fresh)
		pool.fresh_count--;
	list_remove(&share->link);
	/* Jobs that give up at once need not wait for those that block. */
	share->fresh = ready > 0 && (share->running == 0 || share->interrupted);
	if (share->fresh)
		pool.fresh_count++;
	if (ready > 0)
		list_append(share->fresh ? &pool.fresh : &pool.busy, &share->link);
}

static void share_add(struct pool_share *share, struct pool_job *job)
{
	job->next = NULL;
	if (share->count++ == 0)
		share->first = job;
	else
		share->last->next = job;
	share->last = job;
	share->refs++;
	pool.waiting++;
	/* Its turn does not change by that. */
	if (share->ready == 0)
		place(share);
	else if (share->running + share->ready < share->most) {
		share->ready++;
		pool.ready++;
	}
}

static struct pool_job *take(struct pool_share **ret_share)
{
	struct list *ring = pool.fresh_count > 0 ? &pool.fresh : &pool.busy;
	struct pool_share *share = list_entry(ring->next, struct pool_share, link);
	struct pool_job *job = share->first;
	share->first = job->next;
	share->count--;
	share->running++;
	pool.waiting--;
	place(share);
	*ret_share = share;
	return job;
}

static void share_drop(struct pool_share *share)
{
	if (--share->refs == 0)
		mem_free(MEM_MISC, share, sizeof(*share));
}

/* ------------------------------------------------------------------------------------------------ threads */

static struct timespec msec_from_now(long msec)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	t.tv_sec += msec / 1000;
	t.tv_nsec += msec % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* False: it has been idle for long enough and is one too many. */
static bool wait_for_work(void)
{
	int r = 0;
	pool.idle++;
	if (pool.threads <= POOL_THREADS_KEEP) {
		r = pthread_cond_wait(&pool.changed, &pool.lock);
	} else {
		struct timespec until = msec_from_now(IDLE_SECONDS * 1000);
		r = pthread_cond_clockwait(&pool.changed, &pool.lock, CLOCK_MONOTONIC, &until);
	}
	pool.idle--;
	return r != ETIMEDOUT || pool.ready > 0 || pool.threads <= POOL_THREADS_KEEP;
}

static void run_job(struct pool_thread *self)
{
	struct pool_share *share;
	struct pool_job *job = take(&share);
	self->share = share;
	pthread_mutex_unlock(&pool.lock);
	job->fn(job);
	pthread_mutex_lock(&pool.lock);
	self->share = NULL;
	share->running--;
	place(share);
	share_drop(share);
	pthread_cond_broadcast(&pool.ended);
}

static void *pool_thread(void *arg)
{
	struct pool_thread *self = arg;
	this_thread = self;
	account_thread_init(&self->batch);
	pthread_mutex_lock(&pool.lock);
	pool.idle--;
	for (;;) {
		/* A thread beyond POOL_THREADS_MAX is there for fresh shares only, else one party could raise the number. */
		if (pool.threads > POOL_THREADS_MAX && pool.fresh_count == 0) {
			pthread_cond_signal(
				&pool.changed); /* it may have been woken for what it does not take */
			break;
		}
		if (pool.ready > 0)
			run_job(self);
		else if (pool.stop || !wait_for_work())
			break;
	}
	list_remove(&self->link);
	pthread_mutex_unlock(&pool.lock);
	account_thread_done();
	mem_free(MEM_MISC, self, sizeof(*self));
	epoch_thread_done();
	mem_thread_done();
	pthread_mutex_lock(&pool.lock);
	pool.threads--; /* from here on pool_stop() may return */
	pthread_cond_broadcast(&pool.ended);
	pthread_mutex_unlock(&pool.lock);
	return NULL;
}

static void on_interrupt(int signal_number)
{
	(void)signal_number; /* that it was caught has ended the system call: that is all */
}

static void catch_interrupts(void)
{
	struct sigaction action = { .sa_handler = on_interrupt }; /* without SA_RESTART */
	if (!pool.catching)
		(void)sigaction(INTERRUPT_SIGNAL, &action, NULL); /* cannot fail for this signal */
	pool.catching = true;
}

static int start_thread(void)
{
	catch_interrupts();
	struct pool_thread *thread = mem_zalloc(MEM_MISC, sizeof(*thread));
	pthread_attr_t attr;
	sigset_t mask, before;
	(void)pthread_attr_init(&attr); /* these cannot fail with such arguments */
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)sigfillset(&mask);
	(void)sigdelset(&mask, INTERRUPT_SIGNAL);
	(void)pthread_sigmask(SIG_SETMASK, &mask,
		&before); /* the thread inherits it: other signals are the host's */
	int r = pthread_create(&thread->id, &attr, pool_thread, thread);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	if (r != 0) {
		mem_free(MEM_MISC, thread, sizeof(*thread));
		return -r;
	}
	list_append(&pool.all, &thread->link); /* the thread waits for the lock */
	pool.threads++;
	pool.idle++;
	return 0;
}

/* Sees to it that somebody comes for what is ready, but for the signal, for which the lock is given up: who is woken while it is held
 * waits for it at once. */
static bool call_thread(void)
{
	if (pool.fresh_count > pool.idle ||
		(pool.ready > pool.idle && pool.threads < POOL_THREADS_MAX))
		(void)start_thread(); /* one thread there is: it may come late, but it comes */
	return pool.idle > 0;
}

/* ------------------------------------------------------------------------------------------------ jobs */

int pool_run_of(struct pool_share *share, struct pool_job *job, void (*fn)(struct pool_job *job))
{
	int r = 0;
	bool signal = false;
	job->fn = fn;
	pthread_mutex_lock(&pool.lock);
	if (pool.threads == 0)
		r = start_thread();
	if (r == 0) {
		share_add(share, job);
		signal = call_thread();
	}
	pthread_mutex_unlock(&pool.lock);
	if (signal)
		pthread_cond_signal(&pool.changed);
	return r;
}

int pool_run(struct pool_job *job, void (*fn)(struct pool_job *job))
{
	return pool_run_of(&own_share, job, fn);
}

struct pool_share *pool_share_new(void)
{
	struct pool_share *share = mem_zalloc(MEM_MISC, sizeof(*share));
	list_init(&share->link);
	share->refs = 1;
	share->most = POOL_SHARE_MAX;
	return share;
}

void pool_share_limit(struct pool_share *share, unsigned most)
{
	pthread_mutex_lock(&pool.lock);
	share->most = most < 1 ? 1 : most < POOL_SHARE_MAX ? most : POOL_SHARE_MAX;
	place(share);
	pthread_mutex_unlock(&pool.lock);
}

struct pool_share *pool_share_ref(struct pool_share *share)
{
	pthread_mutex_lock(&pool.lock);
	share->refs++;
	pthread_mutex_unlock(&pool.lock);
	return share;
}

struct pool_share *pool_share_unref(struct pool_share *share)
{
	if (share == NULL)
		return NULL;
	pthread_mutex_lock(&pool.lock);
	share_drop(share);
	pthread_mutex_unlock(&pool.lock);
	return NULL;
}

/* ------------------------------------------------------------------------------------------------ interrupts */

/* One signal may come just before the call that it is to end, so they are repeated until nothing of the share runs.
 * NULL: of any share. Returns whether something runs; under the lock. */
static bool signal_threads(const struct pool_share *share)
{
	bool any = false;
	list_foreach(n, &pool.all) {
		struct pool_thread *t = list_entry(n, struct pool_thread, link);
		if (t->share == NULL || t == this_thread || (share != NULL && t->share != share))
			continue;
		(void)pthread_kill(
			t->id, INTERRUPT_SIGNAL); /* it lives: it leaves the list before it ends */
		any = true;
	}
	return any;
}

struct interruption {
	struct pool_job job;
	struct pool_share *share;
};

static void interrupt_run(struct pool_job *job)
{
	struct interruption *i = (struct interruption *)job; /* first member */
	pthread_mutex_lock(&pool.lock);
	while (i->share->running + i->share->count > 0) {
		struct timespec until = msec_from_now(INTERRUPT_EVERY_MSEC);
		(void)signal_threads(
			i->share); /* what does not run yet sees that it is to give up */
		(void)pthread_cond_clockwait(
			&pool.ended, &pool.lock, CLOCK_MONOTONIC, &until); /* the loop looks */
	}
	share_drop(i->share);
	pthread_mutex_unlock(&pool.lock);
	mem_free(MEM_MISC, i, sizeof(*i));
}

void pool_share_interrupt(struct pool_share *share)
{
	pthread_mutex_lock(&pool.lock);
	bool idle = share->running + share->count == 0 || share->interrupted;
	share->interrupted = true;
	if (!idle) {
		share->refs++;
		place(share);
		if (call_thread()) /* else those that are to give up get to it when a thread is free */
			pthread_cond_signal(&pool.changed);
	}
	pthread_mutex_unlock(&pool.lock);
	if (idle)
		return;
	struct interruption *i = mem_zalloc(MEM_MISC, sizeof(*i));
	i->share = share;
	struct pool_share *alone = pool_share_new(); /* so that it has a thread for sure */
	if (pool_run_of(alone, &i->job, interrupt_run) < 0) {
		(void)pool_share_unref(share); /* there is no thread, hence nothing to interrupt */
		mem_free(MEM_MISC, i, sizeof(*i));
	}
	(void)pool_share_unref(alone); /* its job keeps it */
}

bool pool_interrupted(void)
{
	pthread_mutex_lock(&pool.lock);
	const struct pool_share *share = this_thread != NULL ? this_thread->share : NULL;
	bool interrupted = pool.interrupted || (share != NULL && share->interrupted);
	pthread_mutex_unlock(&pool.lock);
	return interrupted;
}

void pool_stop(void)
{
	struct timespec until = msec_from_now(STOP_GRACE_MSEC);
	pthread_mutex_lock(&pool.lock);
	pool.stop = true;
	pthread_cond_broadcast(&pool.changed);
	while (pool.threads > 0) {
		if (pthread_cond_clockwait(&pool.ended, &pool.lock, CLOCK_MONOTONIC, &until) !=
			ETIMEDOUT)
			continue;
		pool.interrupted = true;
		(void)signal_threads(NULL); /* the loop looks */
		until = msec_from_now(INTERRUPT_EVERY_MSEC);
	}
	pool.stop = false;
	pool.interrupted = false;
	pthread_mutex_unlock(&pool.lock);
}

unsigned pool_threads(void)
{
	pthread_mutex_lock(&pool.lock);
	unsigned n = pool.threads;
	pthread_mutex_unlock(&pool.lock);
	return n;
}

uint64_t pool_waiting(void)
{
	pthread_mutex_lock(&pool.lock);
	uint64_t n = pool.waiting;
	pthread_mutex_unlock(&pool.lock);
	return n;
}
