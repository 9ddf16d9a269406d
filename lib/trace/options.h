/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what programs write: flags of processes. */
#pragma once
#include "trace/session.h"

/* One flag; false: it is none. */
bool trace_flag_parse(term flag, uint32_t *io_mask, bool *io_cpu_timestamp);
/* A list of them, and {tracer, _} where the session has none of its own. */
bool trace_flags_parse(struct proc *p, const struct trace_session *s, term list, uint32_t *ret_mask,
	term *ret_tracer, bool *ret_cpu_timestamp);
/* {Tag, Tracer} or {Tag, Module, State}. */
bool trace_tracer_option(term item, term tag, term *ret);
