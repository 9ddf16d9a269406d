/* SPDX-License-Identifier: Apache-2.0 */
/* Tracing: who listens, and to what. This header: sessions.
 *
 * All tracing belongs to a session. A namespace has one that is always there (erlang:trace/3's, `legacy`), and those that
 * trace:session_create/3 makes. What a session wants of a process is kept by the process (tracee.h) and changed by a signal to it
 * (law 1); what it wants of a function is a breakpoint's (breakpoint.h). What is told is a message to the tracer, from the traced
 * process itself, so it comes in order with whatever else that process sends there (event.h).
 *
 * Untraced, nothing of this room runs: proc and exec ask flags of the process that they have at hand, and calls ask nothing.
 *
 * Life of a session: alive; then dead (destroyed, or its last reference was collected): its breakpoints are gone, processes drop
 * theirs at the next signal; freed when nobody refers to it any more.
 * Locks: trace_lock guards every namespace's list of sessions and all breakpoints; it is taken after a code_lock. */
#pragma once
#include "base/list.h"
#include "base/lock.h"
#include "base/wordmap.h"
#include "ets/matchspec.h"
#include "ns/ns.h"
#include "proc/proc.h"
#include "trace/tracer.h"

enum trace_flag_bit {

#define FLAG(NAME, atom, kind) TRACE_BIT_##NAME,
#include "trace/flags.def"
#undef FLAG
	TRACE_BITS
};

enum trace_flag {

#define FLAG(NAME, atom, kind) TRACE_##NAME = 1 << TRACE_BIT_##NAME,
#include "trace/flags.def"
#undef FLAG
	TRACE_CPU_TIMESTAMP = 1 << TRACE_BITS,
};

#define TRACE_ALL ((1U << TRACE_BITS) - 1)
#define TRACE_TIMESTAMPS                                                                           \
	(TRACE_TIMESTAMP | TRACE_MONOTONIC_TIMESTAMP | TRACE_STRICT_MONOTONIC_TIMESTAMP)
/* Those that are no reason of their own to keep a process's entry busy. */
#define TRACE_HOW (TRACE_SILENT | TRACE_TIMESTAMPS | TRACE_SCHEDULER_ID)
#define TRACE_OF_PORTS (TRACE_PORTS | TRACE_RUNNING_PORTS | TRACE_SEND | TRACE_RECEIVE | TRACE_HOW)
#define TRACE_OF_PROCS (TRACE_ALL & ~(unsigned)(TRACE_PORTS | TRACE_RUNNING_PORTS))

extern const term trace_flag_atoms[TRACE_BITS];

/* What a pattern asks for. */
enum trace_what {
	WHAT_GLOBAL = 1,
	WHAT_LOCAL = 2,
	WHAT_META = 4,
	WHAT_COUNT = 8,
	WHAT_TIME = 16,
	WHAT_MEMORY = 32,
};

#define WHAT_BREAKPOINT (WHAT_LOCAL | WHAT_META | WHAT_COUNT | WHAT_TIME | WHAT_MEMORY)

/* What of sends or receives is told. Immutable; replaced as a whole. */
struct trace_filter {
	struct epoch_item retired;
	bool off;
	struct matchspec *ms; /* a count; NULL: everything */
};

enum trace_filtered { FILTER_SEND, FILTER_RECEIVE, FILTERS };

/* What takes long or much: monitor.h. 0: not asked for. */
struct trace_limits {
	term receiver; /* TERM_NONE: nobody */
	int64_t gc_msec, schedule_msec, heap_words;
	int64_t queue_on, queue_off;
	bool busy_port, busy_dist_port;
};

#define trace_no_limits ((struct trace_limits){ .receiver = TERM_NONE, .queue_off = -1 })

struct host_trace;

struct trace_session {
	_Atomic uint32_t refs;
	_Atomic bool alive;
	_Atomic uint64_t control_word; /* set_tcw */
	/* fixed once published */
	struct ns *ns;
	struct account *account; /* of ns, which is charged for it */
	struct host_trace *host; /* the host listens (host.h); NULL: a process */
	term name;
	uint64_t id; /* 0: legacy */
	term tracer; /* a pid; TERM_NONE: whoever asks */
	/* guarded by trace_lock */
	struct list link; /* in its namespace's; empty when dead */

	struct {
		uint32_t flags;
		term tracer;
	} new_processes, new_ports;

	struct {
		bool on;
		unsigned what;
		struct matchspec *ms, *meta_ms;
		term meta_tracer;
	} on_load;

	struct trace_limits limits;
	/* written under trace_lock, read within an epoch */
	_Atomic(struct trace_filter *) filters[FILTERS]; /* NULL: everything is told */
};

struct trace_space {
	struct ns *ns;
	struct trace_session *legacy;
	/* guarded by trace_lock */
	struct list sessions; /* without legacy; newest first */
	struct wordmap calls; /* export number -> struct breakpoint * */
	/* written under trace_lock */
	_Atomic bool new_processes, new_ports; /* some session wants them */
	_Atomic bool cpu_timestamps;
	_Atomic term profiler; /* erlang:system_profile/2; TERM_NONE */
	_Atomic unsigned profile_flags;
	_Atomic term seq_tracer; /* seq_trace:set_system_tracer/1; TERM_NONE */
};

extern struct mutex trace_lock;

static inline bool trace_cpu_timestamps(const struct ns *ns)
{
	const struct trace_space *space = atomic_load_acquire(&((struct ns *)(uintptr_t)ns)->trace);
	return space != NULL &&
	       atomic_load_relaxed(&((struct trace_space *)(uintptr_t)space)->cpu_timestamps);
}

static inline term trace_seq_tracer(struct ns *ns)
{
	struct trace_space *space = atomic_load_acquire(&ns->trace);
	return space == NULL ? TERM_NONE : atomic_load_relaxed(&space->seq_tracer);
}

/* A namespace's, made if need be; trace_space_of: NULL without. */
struct trace_space *trace_space(struct ns *ns);
struct trace_space *trace_space_of(struct ns *ns);

struct trace_session *trace_session_new(struct ns *ns, term name, term tracer);
/* Takes host. */
struct trace_session *trace_session_new_for_host(struct ns *ns, struct host_trace *host);
struct trace_session *trace_session_ref(struct trace_session *s);
struct trace_session *trace_session_unref(struct trace_session *s);
/* Everything that it wants ends. False: it was dead. Threads: any, holding no lock. */
bool trace_session_destroy(struct trace_session *s);

/* The handle that erts_internal:trace_session_create/3 gives, {Reference, {Name, Id}}; when it is collected the session ends. */
term trace_session_handle(struct heap *heap, struct trace_session *s);
/* Its {Name, Id}; {legacy, default}. */
term trace_session_weak(struct heap *heap, const struct trace_session *s);
/* A handle or what trace_session_weak() gave, as a session with a reference for the caller; NULL for anything else. dead: give a dead
 * one, too. */
struct trace_session *trace_session_of(struct ns *ns, term t, bool dead);
/* Calls fn for the sessions of a namespace, legacy first, then the newest first, under trace_lock. */
void trace_sessions_each(struct ns *ns, void (*fn)(struct trace_session *s, void *arg), void *arg);

static inline bool trace_session_alive(const struct trace_session *s)
{
	return atomic_load_acquire(&((struct trace_session *)(uintptr_t)s)->alive);
}

/* Whether whoever a session's events go to is there. */
static inline bool trace_listens(const struct trace_session *s, term tracer)
{
	return s->host != NULL || (tracer != TERM_NONE && tracer_lives(tracer));
}

/* Replaces a filter; takes the count of ms. */
void trace_filter_set(
	struct trace_session *s, enum trace_filtered which, bool off, struct matchspec *ms);

/* What processes that are made from now on are traced for. */
void trace_new_processes(struct trace_session *s, bool on, uint32_t mask, term tracer);
void trace_new_ports(struct trace_session *s, bool on, uint32_t mask, term tracer);

/* Once at start, before any namespace. */
void trace_init(void);
/* Of a namespace whose processes are gone. */
void trace_space_done(struct ns *ns);
/* What it names (ns/ns.h). */
void trace_space_names(struct ns *ns, struct names_walk *walk);
