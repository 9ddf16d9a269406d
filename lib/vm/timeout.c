/* SPDX-License-Identifier: Apache-2.0 */
/* Timeouts of the host's own calls: a heap by due time under one lock, and one thread that sleeps until the first. */
#include "vm/timeout.h"

#include "base/clock.h"
#include "base/vec.h"

#include <pthread.h>

struct timeout {
	int64_t due_nsec;
	uint64_t number;
	void (*fn)(void *user);
	void *user;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* on the monotonic clock */
	pthread_t thread;
	bool running, stop;
	uint64_t last_number;
	uint64_t in_flight;       /* number whose fn runs now; 0: none */
	VEC(struct timeout) heap; /* by due_nsec, first is least */
} timeouts = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void sift_up(size_t i)
{
	struct timeout *h = timeouts.heap.items;
	for (; i > 0 && h[i].due_nsec < h[(i - 1) / 2].due_nsec; i = (i - 1) / 2) {
		struct timeout t = h[i];
		h[i] = h[(i - 1) / 2];
		h[(i - 1) / 2] = t;
	}
}

static void sift_down(size_t i)
{
	struct timeout *h = timeouts.heap.items;
	for (;;) {
		size_t least = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < timeouts.heap.count;
			child++)
			if (h[child].due_nsec < h[least].due_nsec)
				least = child;
		if (least == i)
			return;
		struct timeout t = h[i];
		h[i] = h[least];
		h[least] = t;
		i = least;
	}
}

static void remove_at(size_t i)
{
	timeouts.heap.items[i] = timeouts.heap.items[--timeouts.heap.count];
	if (i < timeouts.heap.count) {
		sift_up(i);
		sift_down(i);
	}
}

static void *timeouts_thread(void *unused)
{
	pthread_mutex_lock(&timeouts.lock);
	while (!timeouts.stop) {
		if (timeouts.heap.count == 0) {
			pthread_cond_wait(&timeouts.changed, &timeouts.lock);
			continue;
		}
		struct timeout first = timeouts.heap.items[0];
		if (first.due_nsec > clock_monotonic_nsec()) {
			struct timespec due = { first.due_nsec / 1000000000,
				first.due_nsec % 1000000000 };
			pthread_cond_timedwait(&timeouts.changed, &timeouts.lock, &due);
			continue;
		}
		remove_at(0);
		timeouts.in_flight = first.number;
		pthread_mutex_unlock(&timeouts.lock);
		first.fn(first.user);
		pthread_mutex_lock(&timeouts.lock);
		timeouts.in_flight = 0;
		pthread_cond_broadcast(&timeouts.changed);
	}
	pthread_mutex_unlock(&timeouts.lock);
	mem_thread_done();
	return NULL;
}

uint64_t timeout_start(uint64_t usec, void (*fn)(void *user), void *user)
{
	pthread_mutex_lock(&timeouts.lock);
	if (!timeouts.running) {
		pthread_condattr_t attr;
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_cond_init(&timeouts.changed, &attr);
		pthread_condattr_destroy(&attr);
		timeouts.stop = false;
		int r = pthread_create(&timeouts.thread, NULL, timeouts_thread, NULL);
		assert(r == 0);
		timeouts.running = true;
	}
	int64_t now = clock_monotonic_nsec();
	int64_t wait = usec > (uint64_t)INT64_MAX / 4000 ? INT64_MAX / 4 : (int64_t)usec * 1000;
	struct timeout t = { now + wait, ++timeouts.last_number, fn, user };
	vec_push(&timeouts.heap, t);
	sift_up(timeouts.heap.count - 1);
	pthread_cond_broadcast(&timeouts.changed);
	pthread_mutex_unlock(&timeouts.lock);
	return t.number;
}

void timeout_cancel(uint64_t number)
{
	if (number == 0)
		return;
	pthread_mutex_lock(&timeouts.lock);
	/* The host has few calls with timeouts under way at once; their order is by time, so this looks through them. */
	for (size_t i = 0; i < timeouts.heap.count; i++)
		if (timeouts.heap.items[i].number == number) {
			remove_at(i);
			break;
		}
	while (timeouts.in_flight == number && !pthread_equal(pthread_self(), timeouts.thread))
		pthread_cond_wait(&timeouts.changed, &timeouts.lock);
	pthread_mutex_unlock(&timeouts.lock);
}

void timeout_stop(void)
{
	pthread_mutex_lock(&timeouts.lock);
	bool running = timeouts.running;
	timeouts.stop = true;
	if (running)
		pthread_cond_broadcast(&timeouts.changed);
	pthread_mutex_unlock(&timeouts.lock);
	if (running)
		(void)pthread_join(timeouts.thread, NULL); /* it is ours and joinable */
	/* Only now: what it runs last may set more, for which no other thread is to be started. */
	pthread_mutex_lock(&timeouts.lock);
	timeouts.running = false;
	vec_done(&timeouts.heap);
	pthread_mutex_unlock(&timeouts.lock);
}
