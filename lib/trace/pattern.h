/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns, as far as others need to know. */
#pragma once
#include "trace/session.h"

/* Local call tracing of every function that fits (TERM_NONE, -1: all); how many. Threads: any, within an epoch. */
uint64_t pattern_set_local(
	struct trace_session *s, term module, term function, int64_t arity, struct matchspec *ms);
/* ns_on_dispatch(): code that goes loses its breakpoints, code that comes gets those of on_load. */
void pattern_code_changed(struct ns *ns, struct module_code *code, struct module_code *before);
