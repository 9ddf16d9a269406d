/* SPDX-License-Identifier: Apache-2.0 */
/* What one scheduler thread works with: its registers, its nursery, its clock. The only thread-local state of the machine.
 * Owned by its thread; sched/ makes it, exec/ runs on it. */
#pragma once
#include "base/account.h"
#include "base/atomic.h"
#include "heap/gen.h"

#define X_REGISTERS 1024
#define X_SCRATCH 8
#define FLOAT_REGISTERS 1024

struct poll;
struct proc;
struct timers;

struct worker {
	term x[X_REGISTERS + X_SCRATCH]; /* behind the program's: the engine's own, dead between instructions */
	double fr[FLOAT_REGISTERS];
	struct nursery nursery;
	struct account_batch batch;
	struct proc *current;
	int64_t now_nsec;      /* monotonic; read once per slice and when a timer asks */
	unsigned index;
	unsigned tired_count;  /* sched/rest.c: large processes that have run here since it last slept long */
	term tired[128];
	struct sched *sched;   /* sched/sched.c's own part: run queue, sleep */
	struct timers *timers; /* proc/timer.h */
	struct poll *poll;     /* io/poll.h: its sleep, and the descriptors it watches */
	struct slot_cache {    /* proc/table.c: slots on their way from and to the free list */
		uint32_t fresh_count, used_count;
		uint32_t fresh[32], used[32];
	} slots;
	uint64_t unique_next, unique_end; /* block of numbers for erlang:unique_integer/1 */
	_Atomic uint64_t progress; /* slices and sleeps so far: the watchdog's proof of life */
	_Atomic uint32_t sleeping;
	_Atomic(const struct account *) works_for; /* whose process it runs; NULL: nobody's. proc/still.h */
};

/* How a slice ends (exec/exec.h runs it). */
enum slice_end {
	SLICE_YIELD,  /* reductions used up: back into the run queue */
	SLICE_WAIT,   /* waits for a message, a time or an answer */
	SLICE_AWAY,   /* a helper thread is to go on with it: proc/away.h */
	SLICE_COLLECT, /* a long collection is to come first: proc/collect.h */
	SLICE_EXIT,   /* ended; class, reason and trace in proc_extra(p)->raise. Returning from its first function is
		       * CLASS_EXIT normal with raise.args the value returned (TERM_NONE for every other end) */
};

/* NULL on threads that are no schedulers. */
struct worker *worker_current(void);
