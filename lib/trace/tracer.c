/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and ports as tracers. See tracer.h. */
#include "trace/tracer.h"

#include "bif/bif.h"
#include "data/etf.h"
#include "io/port.h"
#include "proc/table.h"
#include "term/atom.h"
#include "term/map.h"

#include <string.h>

bool tracer_is(term t)
{
	return term_is_local_pid(t) || (term_is_local_port(t) && port_exists(t));
}

bool tracer_lives(term tracer)
{
	if (term_is_local_port(tracer))
		return port_exists(tracer);
	return term_is_local_pid(tracer) && proc_lookup(tracer) != NULL;
}

bool tracer_of_module(term module, term state, term *ret)
{
	if (module != A(erl_tracer))
		return false;
	*ret = term_is_local_pid(state) || term_is_local_port(state) ? state : A(undefined);
	return true;
}

bool tracer_named(term t, term *ret)
{
	if (term_is_tuple_of(t, 2))
		return tracer_of_module(tuple_element(t, 0), tuple_element(t, 1), ret);
	if (!tracer_is(t))
		return false;
	*ret = t;
	return true;
}

/* ------------------------------------------------------------------------------------------------ the module */

/* Source: erl_tracer.c of OTP 27. */
term bif_erl_tracer_enabled_3(struct proc *p, const term *args)
{
	(void)p; /* the same for all */
	if (!tracer_lives(args[1]))
		return args[0] == A(trace_status) ? A(remove) : A(discard);
	return args[1] == args[2] ? A(discard) : A(trace);
}

/* {trace, Tracee, Tag, Message, More...}, or {seq_trace, Label, Info}; with a time behind it when there is one. */
term bif_erl_tracer_trace_5(struct proc *p, const term *args)
{
	if (!term_is_map(args[4]))
		return bif_badarg(p);
	term time = map_get(args[4], A(timestamp)), scheduler = map_get(args[4], A(scheduler_id)),
	     extra = map_get(args[4], A(extra)), result = map_get(args[4], A(match_spec_result)),
	     elements[9], tuple[1 + ARRAY_SIZE(elements)];
	unsigned n = 0;
	bool seq = args[0] == A(seq_trace);
	elements[n++] = seq ? A(seq_trace) : time != TERM_NONE ? A(trace_ts) : A(trace);
	elements[n++] = args[2];
	if (!seq)
		elements[n++] = args[0];
	elements[n++] = args[3];
	if (extra != TERM_NONE)
		elements[n++] = extra;
	if (result != TERM_NONE && result != A(true))
		elements[n++] = result;
	if (scheduler != TERM_NONE)
		elements[n++] = scheduler;
	if (time != TERM_NONE)
		elements[n++] = time;
	tuple[0] = HEADER(BOXED_TUPLE, n);
	memcpy(tuple + 1, elements, n * sizeof(*elements));
	if (term_is_local_pid(args[1]) || term_is_local_port(args[1]))
		(void)tracer_tell(
			p->ns, p->pid, args[1], term_of_boxed(tuple)); /* it may be gone */
	return A(ok);
}

/* ------------------------------------------------------------------------------------------------ telling */

static bool tell_port(struct ns *ns, term about, term port, term message)
{
	struct etf_out out = { 0 };
	unsigned header = port_header(port);
	if (!port_exists(port) || !port_is_of(port, ns))
		return false;
	if (etf_encode(NULL, &out, message, 0, 0) != 0) {
		etf_out_done(&out);
		return true; /* too large for it: this one is not told */
	}
	struct port_bytes *bytes = mem_alloc(MEM_MESSAGE, sizeof(*bytes) + header + out.size);
	*bytes = (struct port_bytes){ .size = header + out.size };
	memcpy(bytes->data + header, out.data, out.size);
	etf_out_done(&out);
	struct port_request *r = port_request_new(PORT_TRACED, about);
	r->bytes = bytes;
	return port_tell(port, r);
}

bool tracer_tell(struct ns *ns, term about, term tracer, term message)
{
	if (term_is_local_port(tracer))
		return tell_port(ns, about, tracer, message);
	struct proc *to = proc_reach(ns, tracer);
	if (to == NULL)
		return false;
	struct message *m = message_copy(SIGNAL_MESSAGE, 0, 0, message);
	if (signal_send(to, &m->signal))
		return true;
	message_free(m);
	return false;
}
