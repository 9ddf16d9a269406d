/* SPDX-License-Identifier: Apache-2.0 */
/* Telling tracers: the messages {trace, PidOrPort, Tag, ...}, built on the C stack and copied once, to the tracer.
 * Owner of the traced process or port only; from it they go as its own signals do. */
#pragma once
#include "trace/tracee.h"

#define EVENT_PARTS_MAX 4

struct port_traced;

/* Sends {trace, Pid, parts...} to the entry's tracer, with a time if its flags want one. An entry whose tracer is gone has no flags
 * afterwards (tracee_settle() drops it). */
void event_tell(struct proc *p, struct trace_ref *ref, const term *parts, unsigned count);
/* The same of a port. */
void event_tell_of_port(
	struct port_traced *t, struct trace_ref *ref, const term *parts, unsigned count);
/* The same to any tracer, with those flags (of TRACE_HOW). False: it is gone. */
bool event_tell_to(struct proc *p, term tracer, uint32_t flags, const term *parts, unsigned count);

void event_spawn(
	struct proc *parent, struct proc *child, term module, term function, term args, bool link);
void event_send(struct proc *p, term to, term message, bool there);
void event_receive(struct proc *p, const struct message *m);
void event_happened(struct proc *p, enum proc_event event, term other);
void event_schedule(struct proc *p, enum proc_schedule what);
void event_collection(struct proc *p, const struct proc_collection *c);

/* Runs a specification (NULL: everything) over a list of arguments that lives as long as what it gives is used. False: it does not
 * match, or said {message, false}. *ret_message: what is to be added; TERM_NONE: nothing. ref: the entry that actions change. */
bool event_matches(struct proc *p, struct trace_session *s, const struct matchspec *ms, term args,
	unsigned *ret_returns, term *ret_message);

/* Joins match_spec_test/3 to it; once at start. */
void event_init(void);

/* What event_matches' actions ask for. */
enum trace_returns { RETURNS_VALUE = 1, RETURNS_EXCEPTION = 2 };

/* {Module, Function, Arity} of the function that an address (a continuation, or one word behind the place) lies in, in at[0..4);
 * `undefined` without one. */
term event_mfa_of(const uint64_t *address, term at[4]);
/* What the process began with. */
term event_initial(const struct proc *p, term at[4]);
/* Where the process goes on. */
term event_current(const struct proc *p, term at[4]);

/* The time of a message as its flags ask, built in at[0..5); TERM_NONE: none. */
term event_time(uint32_t flags, term at[5]);
