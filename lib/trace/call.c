/* SPDX-License-Identifier: Apache-2.0 */
/* At a breakpoint: who wants to hear of the call, and of its end. See trace/call.h.
 * Source: erts/emulator/beam/beam_bp.c and erl_trace.c of OTP 27, for what is told and in which order. */
#include "trace/call.h"

#include "code/module.h"
#include "term/atom.h"

static term put_tuple3(term at[4], term a, term b, term c)
{
	at[0] = HEADER(BOXED_TUPLE, 3);
	at[1] = a;
	at[2] = b;
	at[3] = c;
	return term_of_boxed(at);
}

/* A call, as its probes see it. */
struct call {
	struct proc *p;
	const struct breakpoint *breakpoint;
	struct exec_entered *entered;
	term args; /* a list on the C stack */
};

static void push_frame(
	struct call *c, const struct trace_session *s, enum call_frame_kind kind, term other)
{
	struct exec_trace_frame frame = {
		.values = {
			[FRAME_MODULE] = c->breakpoint->module,
			[FRAME_FUNCTION] = c->breakpoint->function,
			[FRAME_ARITY] = term_of_small(c->breakpoint->arity),
			[FRAME_SESSION] = term_of_small((int64_t)s->id),
			[FRAME_KIND] = term_of_small(kind),
			[FRAME_OTHER] = other,
		},
		.catches = kind == FRAME_EXCEPTION || kind == FRAME_RETURN_TO,
	};
	vec_push(&c->entered->frames, frame);
}

/* Whether one of the frames of tracing on top of the stack tells this session where a call returns to. */
static bool returns_to_already(const struct proc *p, const struct trace_session *s)
{
	for (const term *E = p->mem.heap.limit; E + EXEC_TRACE_FRAME_WORDS <= p->mem.end &&
						E[0] == (term)(uintptr_t)exec_trace_return();
		E += EXEC_TRACE_FRAME_WORDS) {
		if (E[1 + FRAME_KIND] == term_of_small(FRAME_RETURN_TO) &&
			E[1 + FRAME_SESSION] == term_of_small((int64_t)s->id))
			return true;
	}
	return false;
}

static term mfa_of_call(const struct call *c, bool arity_only, term at[4])
{
	const struct breakpoint *b = c->breakpoint;
	return put_tuple3(
		at, b->module, b->function, arity_only ? term_of_small(b->arity) : c->args);
}

static void tell_call(struct call *c, struct trace_ref *ref, const struct probe *probe)
{
	unsigned returns = 0;
	term message = TERM_NONE, at[4];
	bool matches = event_matches(c->p, probe->session, probe->ms, c->args, &returns, &message);
	/* Its actions may have changed the flags. Silence keeps back everything. */
	if (ref->flags & TRACE_SILENT)
		return;
	if (matches) {
		event_tell(c->p, ref,
			(term[]){ A(call), mfa_of_call(c, (ref->flags & TRACE_ARITY) != 0, at),
				message },
			3);
		if ((probe->what & WHAT_LOCAL) && (ref->flags & TRACE_RETURN_TO) &&
			!returns_to_already(c->p, probe->session))
			push_frame(c, probe->session, FRAME_RETURN_TO, TERM_NIL);
	}
	if (returns != 0)
		push_frame(c, probe->session,
			returns & RETURNS_EXCEPTION ? FRAME_EXCEPTION : FRAME_RETURN, TERM_NIL);
}

static void tell_meta(struct call *c, const struct probe *probe)
{
	unsigned returns = 0;
	term message = TERM_NONE, at[4],
	     tracer = atomic_load_relaxed(&probe->meta->tracer); /* a word of its own */
	if (tracer == TERM_NONE)
		return;
	if (event_matches(c->p, probe->session, probe->meta_ms, c->args, &returns, &message) &&
		!event_tell_to(c->p, tracer, TRACE_TIMESTAMP,
			(term[]){ A(call), mfa_of_call(c, false, at), message }, 3))
		atomic_store_relaxed(&probe->meta->tracer, TERM_NONE); /* as above */
	if (returns != 0)
		push_frame(c, probe->session,
			returns & RETURNS_EXCEPTION ? FRAME_EXCEPTION : FRAME_RETURN, tracer);
}

static void one_probe(struct call *c, const struct probe *probe)
{
	struct trace_ref *ref = tracee_ref(c->p, probe->session);
	bool traced = ref != NULL && (ref->flags & TRACE_CALL) != 0;
	if (traced && (probe->what & (WHAT_GLOBAL | WHAT_LOCAL)))
		tell_call(c, ref, probe);
	if (probe->what & WHAT_META)
		tell_meta(c, probe);
	if ((probe->what & WHAT_COUNT) && !atomic_load_relaxed(&probe->count->paused))
		atomic_add_relaxed(&probe->count->calls, 1);
	if (traced && (probe->what & (WHAT_TIME | WHAT_MEMORY)))
		accounts_entered(c->p, ref, probe, c->entered);
}

static void where_to(struct proc *p, const struct breakpoint *b, struct exec_entered *entered)
{
	if (b->entry != NULL) {
		entered->handler = (int32_t)b->original;
		return;
	}
	const uint64_t *leads_to = ns_dispatch(p->ns, b->export->number);
	/* Anything else: the name means something else by now. */
	if (leads_to == b->stub)
		leads_to = atomic_load_acquire(&((struct breakpoint *)(uintptr_t)b)
							->target); /* Pairs with breakpoint.c. */
	entered->pc = leads_to;
	entered->export = b->export;
}

void call_entered(struct proc *p, const term *x, uint32_t number, struct exec_entered *entered)
{
	struct breakpoint *b = breakpoint_of(number);
	const uint64_t *pc = entered->pc;
	where_to(p, b, entered);
	struct proc_trace *trace = p->extra == NULL ? NULL : p->extra->trace;
	if (trace != NULL && trace->again == pc) {
		trace->again = NULL;
		return;
	}
	const struct probes *set =
		atomic_load_acquire(&b->probes); /* Pairs with breakpoint_change(). */
	if (set == NULL || (p->flags & PROC_SENSITIVE))
		return;
	term cells[2 * 256];
	struct call c = { .p = p, .breakpoint = b, .entered = entered, .args = TERM_NIL };
	for (uint32_t i = b->arity; i > 0; i--) {
		cells[2 * i - 2] = x[i - 1];
		cells[2 * i - 1] = c.args;
		c.args = term_of_cons(cells + 2 * i - 2);
	}
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].session->ns == p->ns &&
			trace_session_alive(set->items[i].session))
			one_probe(&c, &set->items[i]);
	if (p->extra != NULL &&
		p->extra->trace != NULL) /* a specification may have begun to trace it */
		tracee_settle(p);
}

/* ------------------------------------------------------------------------------------------------ ends of calls */

/* The session's entry, if the process still hears of calls. */
static struct trace_ref *listening(struct proc *p, const term *values)
{
	struct trace_ref *ref = tracee_ref_by_id(p, (uint64_t)small_value(values[FRAME_SESSION]));
	return ref != NULL && trace_session_alive(ref->session) && (ref->flags & TRACE_CALL) != 0 &&
			       (ref->flags & TRACE_SILENT) == 0
		       ? ref
		       : NULL;
}

static void tell_return(struct proc *p, const term *values, term tag, term value)
{
	term at[4], mfa = put_tuple3(
			    at, values[FRAME_MODULE], values[FRAME_FUNCTION], values[FRAME_ARITY]);
	if (values[FRAME_OTHER] != TERM_NIL) {
		(void)event_tell_to(p, values[FRAME_OTHER], TRACE_TIMESTAMP,
			(term[]){ tag, mfa, value }, 3); /* it may be gone */
		return;
	}
	struct trace_ref *ref = listening(p, values);
	if (ref != NULL)
		event_tell(p, ref, (term[]){ tag, mfa, value }, 3);
}

static void tell_return_to(struct proc *p, const term *values, const uint64_t *place)
{
	struct trace_ref *ref = listening(p, values);
	term at[4];
	if (ref != NULL && (ref->flags & TRACE_RETURN_TO))
		event_tell(p, ref, (term[]){ A(return_to), event_mfa_of(place, at) }, 2);
}

void call_left(struct proc *p, const term *frame, term value)
{
	const term *values = frame + 1;
	if (p->flags & PROC_SENSITIVE)
		return;
	switch ((enum call_frame_kind)small_value(values[FRAME_KIND])) {
	case FRAME_RETURN:
	case FRAME_EXCEPTION:
		tell_return(p, values, A(return_from), value);
		break;
	case FRAME_RETURN_TO:
		tell_return_to(p, values, exec_returns_to(p, frame + EXEC_TRACE_FRAME_WORDS));
		break;
	case FRAME_ACCOUNTS:
		accounts_left(p, frame);
		break;
	}
	tracee_settle(p);
}

void call_unwound(struct proc *p, const term *frame, const term *x)
{
	const term *values = frame + 1;
	if (values[FRAME_KIND] == term_of_small(FRAME_RETURN_TO)) {
		struct trace_ref *ref = listening(p, values);
		if (ref != NULL) {
			p->flags |= PROC_TRACE_UNWINDING;
			ref->unwinding = true;
		}
		return;
	}
	term class_value[3] = { HEADER(BOXED_TUPLE, 2), x[1], x[2] };
	tell_return(p, values, A(exception_from), term_of_boxed(class_value));
	tracee_settle(p);
}

void call_caught(struct proc *p, const uint64_t *handler)
{
	if (handler == exec_trace_unwind())
		return;
	p->flags &= ~(uint32_t)PROC_TRACE_UNWINDING;
	for (struct trace_ref *r = tracee_refs(p); r != NULL; r = r->next) {
		term at[4];
		if (!r->unwinding)
			continue;
		r->unwinding = false;
		if ((r->flags & TRACE_RETURN_TO) && trace_session_alive(r->session))
			event_tell(
				p, r, (term[]){ A(return_to), event_mfa_of(handler + 1, at) }, 2);
	}
	tracee_settle(p);
}

void call_again(struct proc *p, const uint64_t *pc)
{
	tracee_make(p)->again = pc;
}
