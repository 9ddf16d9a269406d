/* SPDX-License-Identifier: Apache-2.0 */
/* Tracing for the host: a session whose events are reports, and which ends by itself: after so many, when they come too fast, or when
 * the process it is about has ended. (Time is the host's own matter: host_trace_end().) */
#pragma once
#include "trace/session.h"

enum host_what {
	HOST_CALL = 1,
	HOST_RETURN = 2,
	HOST_EXCEPTION = 4,
	HOST_SEND = 8,
	HOST_RECEIVE = 16,
	HOST_GC = 32,
	HOST_SCHEDULE = 64,
};

struct host_trace_options {
	unsigned what;         /* enum host_what */
	term module, function; /* TERM_NONE: all; of calls */
	int64_t arity;         /* -1: all */
	term process;          /* TERM_NONE: all of the namespace */
	uint64_t count_max;    /* at least 1 */
	uint64_t rate_max;     /* a second; 0: none */
	size_t text_max;
};

/* The session, with a count for the caller; its reports have its id as their reference. *ret_matched: functions with a breakpoint.
 * Threads: any that is no scheduler. */
struct trace_session *host_trace_start(
	struct ns *ns, const struct host_trace_options *options, uint64_t *ret_matched);
/* Tells why it is over ("duration" ...), once; nothing is told afterwards. */
void host_trace_end(struct trace_session *s, const char *why);
/* An event of p, as event_tell() has it. */
void host_trace_tell(struct proc *p, struct trace_session *s, const term *parts, unsigned count);
void host_trace_free(struct host_trace *h);
