/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: of receives, and those of send_after and start_timer. Each scheduler has a wheel; a timer is set on the wheel of
 * the scheduler whose process asks, and may be stopped from any.
 *
 * A BIF timer is found by its reference, whose high half says on which thread it was made, hence which wheel to ask. It
 * ends with the process that it is for: a process keeps a list per wheel of the timers it has set for itself; those that
 * others have set for it are listed by pid in the wheel, and STATE_FOREIGN_TIMERS tells it to have them looked up.
 * A receive's timer is stopped lazily: only its deadline is taken away; the node stays in the wheel and serves the next
 * receive, or is found empty when its time comes.
 * Invariant: nodes, lists and maps of a wheel are read and written under its lock; deadlines are atomic. */
#pragma once
#include "base/lock.h"
#include "base/wordmap.h"
#include "base/wheel.h"
#include "proc/signal.h"

struct names_walk;

struct timers {
	struct mutex lock;
	struct wheel wheel;
	struct wordmap by_ref;  /* low half of the reference -> struct timer * */
	struct wordmap foreign; /* pid -> struct timer_list * */
	struct list rests;      /* processes that rest: timer_rest() */
	uint64_t ref_high;  /* fixed once its thread runs */
	_Atomic int64_t next_nsec; /* not after the next timer's time; WHEEL_NEVER: none */
	struct timers *next; /* of all, fixed once published */
};

#define RECEIVE_FIRED (-1)
#define RECEIVE_NONE 0

/* On the scheduler's own thread. */
struct timers *timers_new(void);
/* Frees what is left, after all schedulers have stopped. */
void timers_free_all(void);
/* Fires what is due. Own thread. */
void timers_run(struct timers *timers, int64_t now_nsec);

static inline int64_t timers_next(struct timers *timers)
{
	return atomic_load_relaxed(&timers->next_nsec);
}

void timer_receive_start(struct proc *p, int64_t at_nsec);
void timer_receive_stop(struct proc *p);
bool timer_receive_expired(struct proc *p);

/* Sets a timer for `to`, a local pid or a name, and returns its reference on p's heap. wrap: the message becomes
 * {timeout, Ref, Message}. TERM_NONE: the namespace has as many timers, or as much memory, as it may have. */
term timer_start(struct proc *p, int64_t at_nsec, term to, term message, bool wrap);
/* Milliseconds that are left, -1 when there is no such timer. */
int64_t timer_left(struct ref_id ref, bool cancel);
/* p, which runs, does nothing for that long: it is suspended, and hears signals. On a worker. */
void timer_rest(struct proc *p, int64_t nsec);
/* proc_request() after that long. arg owns nothing: at the end of the machine nobody calls fn. On a worker. */
void timer_request(term pid, int64_t nsec, proc_request_fn fn, void *arg);
/* What timers that p has set for itself, or others for it, keep; and those for names in a namespace. p does not run. */
void timers_names_walk(struct proc *p, struct names_walk *walk);
void timers_names_walk_ns(const struct ns *ns, struct names_walk *walk);
/* The end of p. */
void timers_end(struct proc *p);
/* The end of a namespace: timers for names in it. */
void timers_end_ns(const struct ns *ns);
