/* SPDX-License-Identifier: Apache-2.0 */
/* Tracing for the host: beamr_trace_start() and what belongs to it. */
#include "vm/machine.h"

#include "term/atom.h"
#include "trace/host.h"
#include "vm/timeout.h"

struct beamr_trace {
	struct trace_session *session;
	uint64_t timeout;
	struct names names; /* that its options have */
};

#define TEXT_USUAL 200

static void time_is_over(void *user)
{
	host_trace_end(user, "duration");
}

int beamr_trace_start(
	struct beamr_ns *ns, const struct beamr_trace_options *o, struct beamr_trace **ret_trace)
{
	bool full;
	struct names names = { 0 };
	struct host_trace_options options = {
		.what = o->what, /* the same numbers: asserted below */
		.module = o->module != NULL ? atom_made(ns, o->module, &names, &full) : TERM_NONE,
		.function = o->function != NULL ? atom_made(ns, o->function, &names, &full) : TERM_NONE,
		.arity = o->arity,
		.process = o->process != 0 ? pid_from_host(o->process) : TERM_NONE,
		.count_max = o->count_max,
		.rate_max = o->rate_max,
		.text_max = o->text_max != 0 ? o->text_max : TEXT_USUAL,
	};
	if ((o->module != NULL && options.module == TERM_NONE) || (o->function != NULL && options.function == TERM_NONE)) {
		names_done(&names);
		return BEAMR_E_LIMIT;
	}
	const unsigned calls = BEAMR_TRACE_CALL | BEAMR_TRACE_RETURN | BEAMR_TRACE_EXCEPTION;
	uint64_t matched;
	struct beamr_trace *trace = mem_zalloc(MEM_TRACE, sizeof(*trace));
	trace->names = names;
	trace->session = host_trace_start(ns->ns, &options, &matched);
	if ((o->what & calls) != 0 && matched == 0) {
		(void)beamr_trace_stop(trace); /* always NULL */
		return BEAMR_E_NO_FUNCTION;
	}
	trace->timeout = timeout_start(o->duration_usec, time_is_over, trace->session);
	*ret_trace = trace;
	return 0;
}

_Static_assert((int)BEAMR_TRACE_CALL == (int)HOST_CALL &&
		       (int)BEAMR_TRACE_RETURN == (int)HOST_RETURN &&
		       (int)BEAMR_TRACE_EXCEPTION == (int)HOST_EXCEPTION &&
		       (int)BEAMR_TRACE_SEND == (int)HOST_SEND &&
		       (int)BEAMR_TRACE_RECEIVE == (int)HOST_RECEIVE &&
		       (int)BEAMR_TRACE_GC == (int)HOST_GC &&
		       (int)BEAMR_TRACE_SCHEDULE == (int)HOST_SCHEDULE,
	"the door and the room name them alike");

uint64_t beamr_trace_number(const struct beamr_trace *trace)
{
	return trace->session->id;
}

struct beamr_trace *beamr_trace_stop(struct beamr_trace *trace)
{
	if (trace == NULL)
		return NULL;
	timeout_cancel(trace->timeout);
	(void)trace_session_destroy(trace->session); /* it may be dead already */
	(void)trace_session_unref(trace->session);   /* always NULL */
	names_done(&trace->names);
	mem_free(MEM_TRACE, trace, sizeof(*trace));
	return NULL;
}
