/* SPDX-License-Identifier: Apache-2.0 */
/* Reading flags. See trace/options.h. */
#include "trace/options.h"

#include "term/atom.h"
#include "trace/tracer.h"

bool trace_flag_parse(term flag, uint32_t *io_mask, bool *io_cpu_timestamp)
{
	if (flag == A(all)) {
		*io_mask |= TRACE_ALL;
		return true;
	}
	if (flag == A(cpu_timestamp)) {
		*io_cpu_timestamp = true;
		return true;
	}
	for (unsigned i = 0; i < TRACE_BITS; i++) {
		if (trace_flag_atoms[i] == flag) {
			*io_mask |= 1U << i;
			return true;
		}
	}
	return false;
}

bool trace_tracer_option(term item, term tag, term *ret)
{
	if (term_is_tuple_of(item, 2) && tuple_element(item, 0) == tag)
		return tracer_named(tuple_element(item, 1), ret);
	return term_is_tuple_of(item, 3) && tuple_element(item, 0) == tag &&
	       tracer_of_module(tuple_element(item, 1), tuple_element(item, 2), ret);
}

bool trace_flags_parse(struct proc *p, const struct trace_session *s, term list, uint32_t *ret_mask,
	term *ret_tracer, bool *ret_cpu_timestamp)
{
	(void)p; /* the same for all */
	uint32_t mask = 0;
	bool cpu = false;
	term tracer = TERM_NONE;
	for (; term_is_cons(list); list = cons_tail(list)) {
		term item = cons_head(list);
		if (term_is_atom(item) && trace_flag_parse(item, &mask, &cpu))
			continue;
		if (s->tracer != TERM_NONE || !trace_tracer_option(item, A(tracer), &tracer))
			return false;
	}
	if (list != TERM_NIL)
		return false;
	*ret_mask = mask;
	*ret_cpu_timestamp = cpu;
	*ret_tracer = tracer;
	return true;
}
