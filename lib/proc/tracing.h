/* SPDX-License-Identifier: Apache-2.0 */
/* What tracing is told of what processes do. Its room stands above this one (trace/) and sets these functions at start.
 *
 * Each is called by the owner, only when the process's flags ask for it (PROC_TRACE_*), so that an untraced process pays
 * one test of a word it has at hand. They may build on its heap, and send. */
#pragma once
#include "proc/signal.h"

enum proc_event {
	EVENT_EXIT,     /* other: the reason */
	EVENT_REGISTER, /* the name */
	EVENT_UNREGISTER,
	EVENT_LINK, /* the other's pid */
	EVENT_UNLINK,
	EVENT_GETTING_LINKED,
	EVENT_GETTING_UNLINKED,
};

enum proc_schedule { SCHEDULE_IN, SCHEDULE_OUT, SCHEDULE_OUT_EXITED };

/* One collection; for both calls of collected. */
struct proc_collection {
	bool major;
	bool ended;
	bool over_max_heap;
	size_t need_words;
	size_t freed_words;
};

struct trace_heir;

struct proc_tracing {
	/* to: as the program named it. there: somebody gets it. */
	void (*send)(struct proc *p, term to, term message, bool there);
	/* m NULL: a receive's time has run out. */
	void (*receive)(struct proc *p, const struct message *m);
	void (*event)(struct proc *p, enum proc_event event, term other);
	/* Before child is published; parent may be NULL (the host). Called also for a parent that is not traced, when its namespace
	 * has tracing at all. */
	void (*spawned)(struct proc *parent, struct proc *child, term module, term function,
		term args, bool link);
	/* What the one that p links itself to inherits by set_on_link; NULL: nothing. It goes with the signal to the other, whose
	 * owner takes it over (p NULL: there is nobody, so it is dropped). */
	struct trace_heir *(*hand_on)(struct proc *p);
	void (*take_over)(struct proc *p, struct trace_heir *heir);
	void (*schedule)(struct proc *p, enum proc_schedule what);
	void (*collection)(struct proc *p, const struct proc_collection *c);
	/* seq_trace. A message that carries the token of p, which has one (PROC_SEQ_TOKEN); its signal has SIGNAL_TOKEN. */
	struct message *(*send_with_token)(struct proc *p, term to, term message);
	/* The label of the token that a message with SIGNAL_TOKEN carries. */
	term (*token_label)(struct message *m);
	/* A message with SIGNAL_TOKEN is freed. */
	void (*drop_token)(struct message *m);
	/* p has a token, or the message it takes out of its mailbox does. */
	void (*take_token)(struct proc *p, struct message *m);
	/* What process_info(sequential_trace_token) tells of p: a token, or []. */
	term (*token)(const struct proc *p, struct heap *heap);
	/* erlang:system_flag/2, or system_info/1 with value TERM_NONE, of what belongs to tracing; the value so far; TERM_NONE: bad. */
	term (*setting)(struct proc *p, term which, term value);
	/* See proc/watch.h. A collection, or a slice, that took so long; in: where the slice began. */
	void (*collected)(struct proc *p, int64_t nsec);
	void (*scheduled)(struct proc *p, int64_t nsec, const uint64_t *in);
	/* p's mailbox has grown, or, with PROC_LONG_QUEUE, shrunk. */
	void (*queue)(struct proc *p);
	/* p waits for a port that takes no more. */
	void (*busy_port)(struct proc *p, term port);
	/* p begins to have something to do, or has no more. */
	void (*profile)(struct proc *p, bool active);
	/* p ends: frees extra->trace. */
	void (*end)(struct proc *p);
};

extern struct proc_tracing proc_tracing;

static inline bool proc_traces(const struct proc *p, enum proc_flag flag)
{
	return unlikely((p->flags & (uint32_t)flag) != 0);
}

static inline void proc_event(struct proc *p, enum proc_event event, term other)
{
	if (proc_traces(p, PROC_TRACE_EVENTS))
		proc_tracing.event(p, event, other);
}
