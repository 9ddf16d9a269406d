/* SPDX-License-Identifier: Apache-2.0 */
/* Helper threads and the queue they take jobs from.
 * Invariant: a job waits only while all threads that may be are busy or have been woken for it. */
#include "base/pool.h"

#include "base/alloc.h"

#include <errno.h>
#include <pthread.h>

static struct {
	pthread_mutex_t lock; /* guards all of it; nothing else is taken while it is held */
	pthread_cond_t changed;
	struct pool_job *first;
	struct pool_job *last;
	uint64_t waiting;
	unsigned threads;
	unsigned asleep; /* threads in pthread_cond_wait */
	bool stop;
	pthread_t ids[POOL_THREADS_MAX];
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static struct pool_job *take(void)
{
	struct pool_job *job = pool.first;
	pool.first = job->next;
	pool.waiting--;
	return job;
}

static void *pool_thread(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&pool.lock);
	for (;;) {
		if (pool.waiting > 0) {
			struct pool_job *job = take();
			pthread_mutex_unlock(&pool.lock);
			job->fn(job);
			pthread_mutex_lock(&pool.lock);
		} else if (pool.stop) {
			break;
		} else {
			pool.asleep++;
			pthread_cond_wait(&pool.changed, &pool.lock);
			pool.asleep--;
		}
	}
	pthread_mutex_unlock(&pool.lock);
	mem_thread_done();
	return NULL;
}

/* Under the lock. */
static int start_thread(void)
{
	int r = pthread_create(&pool.ids[pool.threads], NULL, pool_thread, NULL);
	if (r != 0)
		return -r;
	pool.threads++;
	return 0;
}

int pool_run(struct pool_job *job, void (*fn)(struct pool_job *job))
{
	int r = 0;
	job->fn = fn;
	job->next = NULL;
	pthread_mutex_lock(&pool.lock);
	if (pool.waiting + 1 > pool.asleep && pool.threads < POOL_THREADS_MAX)
		r = start_thread();
	if (r < 0 && pool.threads == 0) {
		pthread_mutex_unlock(&pool.lock);
		return r;
	}
	if (pool.waiting++ == 0)
		pool.first = job;
	else
		pool.last->next = job;
	pool.last = job;
	pthread_cond_signal(&pool.changed);
	pthread_mutex_unlock(&pool.lock);
	return 0;
}

void pool_stop(void)
{
	pthread_mutex_lock(&pool.lock);
	unsigned threads = pool.threads;
	pool.stop = true;
	pthread_cond_broadcast(&pool.changed);
	pthread_mutex_unlock(&pool.lock);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(pool.ids[i], NULL);
	pthread_mutex_lock(&pool.lock);
	pool.threads = 0;
	pool.stop = false;
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
