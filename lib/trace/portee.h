/* SPDX-License-Identifier: Apache-2.0 */
/* Traced ports: entries as those of processes (tracee.h), kept by the port; what is told of it. Owner only, but for the sweep.
 * Source: erl_trace.c and io.c of OTP 27, for what is told and in which order. */
#pragma once
#include "io/port_tracing.h"
#include "trace/tracee.h"

/* As tracee_change(). */
bool portee_change(
	struct port_traced *t, struct trace_session *s, bool on, uint32_t flags, term tracer);
/* Makes every port of the namespace drop entries of dead sessions. */
void portees_sweep(struct ns *ns);

/* io/port_tracing.h. */
void portee_opened(struct port_traced *t, term by, const char *name);
void portee_event(struct port_traced *t, enum port_event event, term other);
void portee_scheduled(struct port_traced *t, bool in, term what);
void portee_sent(struct port_traced *t, term to, term message);
void portee_received(struct port_traced *t, term from, term what);
void portee_end(struct port_traced *t);
