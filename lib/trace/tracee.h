/* SPDX-License-Identifier: Apache-2.0 */
/* What a traced process keeps: for each session that traces it, with which flags and for whom. Owner only; others ask by a request.
 *
 * Invariant: p->flags' PROC_TRACE_* bits are what the flags of all its entries ask for together. */
#pragma once
#include "proc/tracing.h"
#include "trace/session.h"

struct trace_ref {
	struct trace_ref *next;
	struct trace_session *session; /* a count */
	uint32_t flags;
	term tracer;    /* a local pid */
	bool unwinding; /* an exception has passed by a frame that tells where calls return to */
	/* call_time and call_memory: whose time passes now; NULL: nobody's */
	struct trace_account *time, *memory;
	int64_t time_since;   /* nanoseconds */
	int64_t memory_since; /* words allocated by then */
};

struct proc_trace {
	struct trace_ref *refs;
	const uint64_t *again;   /* a breakpoint that is come upon again without a call */
	int64_t allocated_words; /* until the last look */
	int64_t seen_words;      /* in use then */
	bool accounts;           /* some entry has time or memory */
	struct seq_token *token; /* seq.h; NULL: none */
	int64_t seq_clock, seq_last;
};

static inline struct trace_ref *tracee_refs(const struct proc *p)
{
	return p->extra == NULL || p->extra->trace == NULL ? NULL : p->extra->trace->refs;
}

struct proc_trace *tracee_make(struct proc *p);
/* The entry of a session; NULL. */
struct trace_ref *tracee_ref(const struct proc *p, const struct trace_session *s);
struct trace_ref *tracee_ref_by_id(const struct proc *p, uint64_t session);
/* In a list of entries: the one of a session, NULL; and adding or removing flags there, as tracee_change() does. */
struct trace_ref *trace_refs_find(struct trace_ref *refs, const struct trace_session *s);
bool trace_refs_change(
	struct trace_ref **refs, struct trace_session *s, bool on, uint32_t flags, term tracer);
/* Drops entries whose session is dead or that have no flags. */
void trace_refs_settle(struct trace_ref **refs);
/* Drops all. */
void trace_refs_drop(struct trace_ref **refs);
/* Adds or removes flags. False: it is traced by another, living tracer of that session. tracer: TERM_NONE keeps the old. */
bool tracee_change(struct proc *p, struct trace_session *s, bool on, uint32_t flags, term tracer);
/* Sets p->flags anew, and drops entries whose session is dead or that have no flags. */
void tracee_settle(struct proc *p);
/* Whether an entry's session and tracer live, and the tracer is not the process itself. An entry without a tracer is as good as gone:
 * *ret_gone says so. */
bool trace_ref_listens(const struct proc *p, const struct trace_ref *ref, bool *ret_gone);

/* Makes every process of the namespace drop entries of dead sessions. */
void tracees_sweep(struct ns *ns);

/* proc/tracing.h. */
void tracee_spawned(
	struct proc *parent, struct proc *child, term module, term function, term args, bool link);
struct trace_heir *tracee_hand_on(struct proc *p);
void tracee_take_over(struct proc *p, struct trace_heir *heir);
void tracee_end(struct proc *p);
