/* SPDX-License-Identifier: Apache-2.0 */
/* What takes unusually long or much: who wants to hear of it. See proc/watch.h.
 *
 * Each session has limits of its own; whether one is passed at all is asked of the least of them first, kept in one place for the
 * machine. Passing one is rare, so who is to be told is found under trace_lock. */
#pragma once
#include "io/port_tracing.h"
#include "trace/session.h"

/* The host wants to hear of these kinds of reports (bits). */
void monitor_host_wants(uint64_t kinds);

/* From where on: nanoseconds of a collection and of a slice, words of a process; more than 0. */
void monitor_host_limits(int64_t gc_nsec, int64_t schedule_nsec, int64_t heap_words);

/* Under trace_lock, when a session has ended. */
void monitor_settle(void);

/* {Limit...} as trace:info(S, system, all) tells them. */
term monitor_list(struct heap *heap, const struct trace_session *s);

/* proc/tracing.h. */
void monitor_collected(struct proc *p, int64_t nsec);
void monitor_scheduled(struct proc *p, int64_t nsec, const uint64_t *in);
void monitor_queue(struct proc *p);
void monitor_busy_port(struct proc *p, term port);
void monitor_profile(struct proc *p, bool active);
/* io/port_tracing.h. */
void monitor_profile_port(struct port_traced *t, bool active);
