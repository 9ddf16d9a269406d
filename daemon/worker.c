/* SPDX-License-Identifier: Apache-2.0 */
/* A queue, a condition, a thread. */
#include "worker.h"

#include "base/alloc.h"

#include <stdlib.h>

struct worker {
	struct bridge *bridge;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	/* guarded by mutex */
	struct worker_job *first, *last;
	bool ending;
};

static void finish(struct bridge_item *item)
{
	struct worker_job *job = (struct worker_job *)(void *)item;
	job->done(job);
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	(void)pthread_mutex_lock(&worker->mutex); /* these fail for misuse only */
	for (;;) {
		struct worker_job *job = worker->first;
		if (job == NULL && worker->ending)
			break;
		if (job == NULL) {
			/* Bound: none; it waits for work. */
			(void)pthread_cond_wait(&worker->cond, &worker->mutex);
			continue;
		}
		worker->first = job->next;
		(void)pthread_mutex_unlock(&worker->mutex);
		job->work(job);
		bridge_post(worker->bridge, &job->item);
		(void)pthread_mutex_lock(&worker->mutex);
	}
	(void)pthread_mutex_unlock(&worker->mutex);
	mem_thread_done(); /* checking modules takes memory as the machine does */
	return NULL;
}

struct worker *worker_new(struct bridge *bridge)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		return NULL;
	worker->bridge = bridge;
	(void)pthread_mutex_init(&worker->mutex, NULL); /* cannot fail with these attributes */
	(void)pthread_cond_init(&worker->cond, NULL);
	if (pthread_create(&worker->thread, NULL, run, worker) == 0)
		return worker;
	free(worker);
	return NULL;
}

struct worker *worker_free(struct worker *worker)
{
	if (worker == NULL)
		return NULL;
	(void)pthread_mutex_lock(&worker->mutex);
	worker->ending = true;
	(void)pthread_cond_signal(&worker->cond);
	(void)pthread_mutex_unlock(&worker->mutex);
	(void)pthread_join(worker->thread, NULL); /* it is joinable */
	(void)pthread_cond_destroy(&worker->cond);
	(void)pthread_mutex_destroy(&worker->mutex);
	free(worker);
	return NULL;
}

void worker_post(struct worker *worker, struct worker_job *job)
{
	job->item.run = finish;
	job->next = NULL;
	(void)pthread_mutex_lock(&worker->mutex);
	if (worker->first == NULL)
		worker->first = job;
	else
		worker->last->next = job;
	worker->last = job;
	(void)pthread_cond_signal(&worker->cond);
	(void)pthread_mutex_unlock(&worker->mutex);
}
