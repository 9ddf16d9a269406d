/* SPDX-License-Identifier: Apache-2.0 */
/* Sending: what `!` does with each kind of destination. */
#include "proc/full.h"
#include "proc/mailbox.h"
#include "proc/registry.h"
#include "proc/signal.h"
#include "term/atom.h"
#include "term/ident.h"

static const struct port_functions *ports; /* fixed once schedulers run */

void proc_set_ports(const struct port_functions *functions)
{
	ports = functions;
}

void signal_deliver(term to, struct signal *s)
{
	if (likely(!term_is_local_port(to)))
		signal_send_or_refuse(proc_lookup(to), s);
	else if (ports != NULL)
		ports->signal(to, s);
	else
		signal_refuse(s);
}

void signal_deliver_by(const struct proc *p, term to, struct signal *s)
{
	if (likely(!term_is_local_port(to)))
		signal_send_or_refuse(proc_reach(p->ns, to), s);
	else if (ports != NULL && ports->reaches(p->ns, to))
		ports->signal(to, s);
	else
		signal_refuse(s);
}

void port_unnamed(term port)
{
	if (ports != NULL)
		ports->unnamed(port);
}

static bool raise_error(struct proc *p, term reason)
{
	proc_extra(p)->raise = (struct raise){
		.class = CLASS_ERROR,
		.reason = reason,
		.trace = TERM_NONE,
		.args = TERM_NONE,
		.cause = TERM_NONE,
	};
	p->outcome = OUTCOME_RAISE;
	return false;
}

/* As OTP says it when a term is too large to be sent. */
static bool raise_system_limit(struct proc *p)
{
	return raise_error(p, A(system_limit));
}

/* named: as the program wrote it, for tracing. */
static bool send_to_pid(struct proc *p, term pid, term message, term named)
{
	struct proc *to = pid == p->pid ? p : proc_reach(p->ns, pid);
	if (proc_traces(p, PROC_TRACE_SEND))
		proc_tracing.send(p, named, message, to != NULL);
	if (to == NULL || unlikely(to != p && !mailbox_takes(p, to, message)))
		return true;
	struct message *m = likely((p->flags & PROC_SEQ_TOKEN) == 0) ? message_copy_bounded(SIGNAL_MESSAGE, 0, 0, message) :
								       proc_tracing.send_with_token(p, pid, message);
	if (unlikely(m == NULL))
		return raise_system_limit(p);
	account_count_message();
	signal_set_from(&m->signal, p->pid);
	p->reductions -= (int32_t)(m->fragment.used_words / 32 > 4000 ? 4000 : m->fragment.used_words / 32);
	if (to == p && !signals_waiting(p)) {
		/* Nothing of ours is on its way, so nothing is overtaken. */
		mailbox_append(p, &m->signal);
		return true;
	}
	if (!signal_send(to, &m->signal))
		message_free(m);
	return true;
}

static bool send_to_alias(struct proc *p, term ref, term message, unsigned flags)
{
	term pid = term_is_local_ref(ref) ? alias_ref_pid(ref) : TERM_NONE;
	struct proc *to = pid != TERM_NONE ? proc_reach(p->ns, pid) : NULL;
	if (proc_traces(p, PROC_TRACE_SEND))
		proc_tracing.send(p, ref, message, true);
	if (to == NULL)
		return true;
	struct message *m = message_copy_bounded(SIGNAL_ALIAS_MESSAGE, offsetof(struct alias_signal, message), 0, message);
	if (unlikely(m == NULL))
		return raise_system_limit(p);
	account_count_message();
	signal_set_from(&m->signal, p->pid);
	message_owner(m, struct alias_signal)->alias = ref_id_of(ref);
	m->signal.flags |= (uint8_t)flags;
	signal_send_or_refuse(to, &m->signal);
	return true;
}

bool proc_send_first(struct proc *p, term to, term message)
{
	return term_is_ref(to) ? send_to_alias(p, to, message, SIGNAL_PRIORITY) : proc_send(p, to, message);
}

bool proc_send(struct proc *p, term to, term message)
{
	const term named = to;
	if (likely(term_is_local_pid(to)))
		return send_to_pid(p, to, message, named);
	if (term_is_atom(to)) {
		to = registry_find(p->ns, to);
		if (to == TERM_NONE) {
			if (proc_traces(p, PROC_TRACE_SEND))
				proc_tracing.send(p, named, message, true);
			return raise_error(p, A(badarg));
		}
		if (term_is_local_pid(to))
			return send_to_pid(p, to, message, named);
	}
	if (term_is_local_port(to)) {
		if (proc_traces(p, PROC_TRACE_SEND))
			proc_tracing.send(p, named, message, true);
		return ports == NULL || ports->send(p, to, message);
	}
	if (term_is_tuple_of(to, 2) && term_is_atom(tuple_element(to, 0)) && term_is_atom(tuple_element(to, 1))) {
		if (tuple_element(to, 1) != A(nonode_nohost))
			return true; /* another node, and we have no connection */
		to = registry_find(p->ns, tuple_element(to, 0));
		if (term_is_local_pid(to))
			return send_to_pid(p, to, message, named);
		return to == TERM_NONE || proc_send(p, to, message);
	}
	if (term_is_ref(to))
		return send_to_alias(p, to, message, 0);
	/* Of another node, or of an earlier start of this one. No port of another node is sent to while there is no distribution. */
	if (term_is_pid(to) || (term_is_port(to) && boxed_ptr(to)[1] == A(nonode_nohost)))
		return true;
	return raise_error(p, A(badarg));
}
