/* SPDX-License-Identifier: Apache-2.0 */
/* Schedulers: one thread a core, each with its run queue, its timers and its sleep.
 *
 * A process made runnable goes to the queue of the worker that makes it so; an idle worker steals. A worker with nothing
 * to do looks round briefly, then sleeps in its poll (io/poll.h) until its next timer, a wake-up or a descriptor (law 8). */
#pragma once
#include "proc/worker.h"

struct ns;

/* The knot: what a slice is, told by vm. */
typedef enum slice_end (*run_slice_fn)(struct worker *worker, struct proc *p);

/* count: threads, 0 for one per core this process may use. */
int sched_start(unsigned count, run_slice_fn run_slice);
/* Asks every worker to finish its slice and end; waits for them. */
void sched_stop(void);
/* From here on nothing is made runnable: for a machine that is about to be freed. sched_stop does it, too. */
void sched_close(void);
/* Before the first process: what becomes runnable from here on waits for sched_start(). */
void sched_open(void);
unsigned sched_count(void);
struct worker *sched_worker(unsigned index);

/* For the end of a namespace: none of its processes is left. */
void sched_ns_done(struct ns *ns);

/* Makes p runnable if it is not; called by whoever put a signal into its inbox and found it waiting. Threads: any. */
void sched_make_runnable(struct proc *p);

/* Published numbers of one scheduler. */
struct sched_numbers {
	bool busy;       /* in a slice */
	bool sleeping;   /* in the kernel */
	uint64_t progress, run_queue, run_queue_max, reductions, switches, migrations, busy_usec;
	uint64_t total_usec; /* since its thread began */
	term current;    /* pid, TERM_NONE */
};

void sched_describe(unsigned index, struct sched_numbers *ret);
