/* SPDX-License-Identifier: Apache-2.0 */
/* What a scheduler sleeps in, and how it hears that a file descriptor is ready.
 *
 * Each scheduler owns one struct poll: an eventfd that wakes it, and, from the first descriptor on, a libevent base. A
 * descriptor belongs to the scheduler that watches it (its home) for life; only that thread touches the base. Others leave a
 * task, which the home runs at its next chance, woken for it if it sleeps.
 * Waiting only notes what is ready; poll_run() tells, on the scheduler's own time, when it may send signals.
 * A descriptor that the system cannot poll (a file, /dev/null) is always ready. */
#pragma once
#include "base/atomic.h"
#include "base/list.h"
#include "proc/worker.h"

struct poll;
struct event;

enum poll_events {
	POLL_READ = 1,
	POLL_WRITE = 2,
	POLL_CLOSED =
		4, /* the scheduler has ended: to be done with it, here and now. Comes alone */
};

/* A descriptor being watched; part of what its user allocated. Home only, but for fd, home and ready, which are fixed. */
struct pollee {
	int fd;
	struct worker *home;
	/* On the home's thread, between slices. Called again and again as long as it is ready and wanted. */
	void (*ready)(struct pollee *pollee, unsigned events);
	unsigned wanted;
	unsigned asked;   /* has ever been wanted */
	unsigned noted;   /* ready, and not told yet */
	bool always;      /* cannot be polled */
	struct list link; /* among what is noted */
	struct list all;  /* of what has ever been wanted of that home */
	struct event *events[2];
};

struct poll_task {
	struct poll_task *next;
	void (*fn)(struct poll_task *task);
};

/* NULL: no eventfd is to be had (errno says why). */
struct poll *poll_new(void);
/* When its thread has ended: runs the tasks that are left, and tells what is watched that it is over. */
struct poll *poll_free(struct poll *poll);

/* Sleeps until it is woken, a descriptor is ready, or nsec have passed (INT64_MAX: for ever). False: the time has passed.
 * The thread is outside of any epoch. */
bool poll_sleep(struct poll *poll, int64_t nsec);
/* Wakes whoever sleeps in it, or will. Threads: any. */
void poll_wake(struct poll *poll);
/* Takes the wake-up that has been sent. */
void poll_take_wake(struct poll *poll);
/* Now and then while there is work: looks what is ready. */
void poll_look(struct poll *poll);
/* Runs tasks and tells what is ready. */
void poll_run(struct poll *poll);
/* Whether poll_run() has something to do. Sequentially consistent. */
bool poll_has_work(struct poll *poll);

/* Has the worker run the task, as soon as it can. The task is the callee's until fn is called. Threads: any. */
void poll_post(struct worker *worker, struct poll_task *task, void (*fn)(struct poll_task *task));
/* A worker that a new descriptor may call its home: the caller's own, or one in turn. */
struct worker *poll_choose_home(void);

/* Home only. */
void pollee_init(struct pollee *pollee, int fd, struct worker *home,
	void (*ready)(struct pollee *, unsigned));
/* What is wanted from now on: any of enum poll_events, 0 for nothing. 0, or a negative errno when the host has no means to watch it. */
_must_check_ int pollee_want(struct pollee *pollee, unsigned events);
/* Nothing any more; then the descriptor may be closed. */
void pollee_done(struct pollee *pollee);

/* sched's, handed down at the start: wakes a worker that sleeps; a worker in turn. */
void poll_set_workers(void (*wake)(struct worker *worker), struct worker *(*choose)(void));
