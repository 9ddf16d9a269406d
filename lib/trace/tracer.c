/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and ports as tracers. See tracer.h. */
#include "trace/tracer.h"

#include "data/etf.h"
#include "io/port.h"
#include "proc/table.h"

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
