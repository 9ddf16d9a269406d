/* SPDX-License-Identifier: Apache-2.0 */
/* Breakpoints: what stands in the way of a call while somebody traces the function. Two kinds:
 *
 *   code   the handler of a function's first instruction, in code that namespaces share: it is put aside, and that of trace_break
 *          stands there; the function's header has the number. Every call meets it, local or not.
 *   name   what an export leads to in one namespace: a stub of trace_break. Calls by name meet it. For a C function both sorts of
 *          tracing use this kind; while there is one, calls that the loader had bound to the function go by name, too
 *          (struct bif, fn).
 *
 * A breakpoint has a probe for each session that wants something; a change makes a new set of probes and retires the old one
 * (epoch), so that the engine reads without a lock. Without probes the function's own handler is put back.
 * Invariant: breakpoints, and what leads to them, change only under trace_lock and, for names, under the namespace's code_lock. */
#pragma once
#include "trace/session.h"

/* Counts that outlive a change of the pattern: of calls, or of time or words by process. */
struct trace_account {
	_Atomic uint32_t refs;
	_Atomic bool paused;
	_Atomic uint64_t calls;
	uint64_t id; /* fixed */
	struct mutex lock;
	struct wordmap by_pid; /* pid -> struct trace_tally *; guarded by lock */
};

struct trace_tally {
	uint64_t calls;
	int64_t sum; /* nanoseconds, or words */
};

struct trace_meta {
	_Atomic uint32_t refs;
	_Atomic term tracer; /* TERM_NONE once it was found dead */
};

struct probe {
	struct trace_session *session;
	unsigned what;        /* enum trace_what */
	struct matchspec *ms; /* of GLOBAL or LOCAL; NULL: none */
	struct matchspec *meta_ms;
	struct trace_meta *meta;
	struct trace_account *count, *time, *memory;
};

struct probes {
	struct epoch_item retired;
	size_t count;
	struct probe items[];
};

struct breakpoint {
	struct epoch_item retired;
	uint32_t number;
	/* fixed */
	uint64_t *entry;             /* code; NULL: name */
	uint32_t original;           /* its handler */
	size_t place;                /* code: among all of them; guarded by trace_lock */
	struct trace_space *space;   /* name */
	const struct export *export; /* name */
	const uint64_t *stub;        /* name */
	term module, function;
	uint32_t arity;
	/* written under the locks */
	_Atomic(const uint64_t *) target; /* name: where the stub leads */
	_Atomic(struct probes *) probes;  /* NULL: none */
};

/* Within an epoch. */
struct breakpoint *breakpoint_of(uint32_t number);

/* Under trace_lock. The breakpoint of a function's code, or of a name in a namespace; NULL when there is none. */
struct breakpoint *breakpoint_at(const uint64_t *entry);
struct breakpoint *breakpoint_on(struct trace_space *space, const struct export *e);
const struct probe *breakpoint_probe(const struct breakpoint *b, const struct trace_session *s);

struct change {
	struct trace_session *session;
	unsigned what; /* which parts */
	bool on;
	bool pause, restart;  /* of COUNT, TIME, MEMORY; only where they are on */
	struct matchspec *ms; /* lent */
	term meta_tracer;
};

/* Under trace_lock (and the code_lock of the session's namespace). Makes or removes the breakpoint as need be. */
void breakpoint_change_code(uint64_t *entry, const struct change *change);
void breakpoint_change_name(
	struct trace_space *space, const struct export *e, const struct change *change);

/* Takes everything of a session away. Holding no lock. */
void breakpoints_clear_session(struct trace_session *s);
/* Under code_lock and trace_lock: what sessions of the namespace want of the code's functions. */
void breakpoints_clear_code(struct trace_space *space, const struct module_code *code);
/* Frees what the namespace's names have had; none has probes. */
void breakpoints_done(struct trace_space *space);

struct trace_account *trace_account_unref(struct trace_account *a);
/* By its id, with a count; NULL when it is gone. Threads: any. */
struct trace_account *trace_account_of(uint64_t id);
void trace_account_add(struct trace_account *a, term pid, uint64_t calls, int64_t sum);
