/* SPDX-License-Identifier: Apache-2.0 */
/* seq_trace: tokens, held by processes and carried by messages. See trace/seq.h.
 *
 * A token is never changed, only replaced: what a message carries is what its sender had then.
 * Source: erl_trace.c and erl_bif_trace.c of OTP 27. */
#include "trace/seq.h"

#include "bif/bif.h"
#include "heap/offheap.h"
#include "proc/mailbox.h"
#include "term/atom.h"
#include "term/compare.h"
#include "trace/event.h"

enum seq_flag {
	SEQ_SEND = 1,
	SEQ_RECEIVE = 2,
	SEQ_PRINT = 4,
	SEQ_NOW = 8,
	SEQ_STRICT = 16,
	SEQ_MONOTONIC = 32
};

struct seq_token {
	_Atomic uint32_t refs;
	unsigned flags;
	struct owned_term *label;
	int64_t serial, last;
	term from;
};

static struct seq_token *token_new(const struct seq_token *like, term label)
{
	struct seq_token *t = mem_zalloc(MEM_TRACE, sizeof(*t));
	*t = *like;
	atomic_store_relaxed(&t->refs, 1);
	t->label = owned_term_new(MEM_TRACE, label);
	return t;
}

static struct seq_token *token_unref(struct seq_token *t)
{
	if (t != NULL && atomic_sub_acq_rel(&t->refs, 1) == 1) {
		(void)owned_term_free(t->label); /* always NULL */
		mem_free(MEM_TRACE, t, sizeof(*t));
	}
	return NULL;
}

static struct seq_token *token_of(const struct proc *p)
{
	return p->extra == NULL || p->extra->trace == NULL ? NULL : p->extra->trace->token;
}

/* Takes t. */
static void token_give(struct proc *p, struct seq_token *t)
{
	struct proc_trace *trace = tracee_make(p);
	(void)token_unref(trace->token); /* always NULL */
	trace->token = t;
	if (t != NULL)
		p->flags |= PROC_SEQ_TOKEN;
	else
		p->flags &= ~(uint32_t)PROC_SEQ_TOKEN;
}

void seq_end(struct proc *p)
{
	p->extra->trace->token = token_unref(p->extra->trace->token);
}

/* The process's token, made if need be, as a struct to be changed. */
static struct seq_token token_now(struct proc *p, term *ret_label)
{
	const struct seq_token *t = token_of(p);
	if (t != NULL) {
		*ret_label = t->label->value;
		return *t;
	}
	*ret_label = TERM_ZERO;
	return (struct seq_token){ .from = p->pid, .last = tracee_make(p)->seq_last };
}

/* ------------------------------------------------------------------------------------------------ telling */

static bool has_tracer(struct proc *p)
{
	term tracer = trace_seq_tracer(p->ns);
	return tracer != TERM_NONE && tracer != p->pid;
}

static term put_tuple(term *at, unsigned arity, const term *elements)
{
	at[0] = HEADER(BOXED_TUPLE, arity);
	for (unsigned i = 0; i < arity; i++)
		at[1 + i] = elements[i];
	return term_of_boxed(at);
}

/* {seq_trace, Label, {What, {Last, Serial}, From, To, Message}} to the namespace's own tracer. */
static void tell(struct proc *p, const struct seq_token *t, unsigned flag, term what, term from,
	term to, term message)
{
	if ((t->flags & flag) == 0 || !has_tracer(p))
		return;
	term serial[3], info[6], whole[5], time[5];
	uint32_t how = (t->flags & SEQ_NOW ? TRACE_TIMESTAMP : 0) |
		       (t->flags & SEQ_STRICT ? TRACE_STRICT_MONOTONIC_TIMESTAMP : 0) |
		       (t->flags & SEQ_MONOTONIC ? TRACE_MONOTONIC_TIMESTAMP : 0);
	term now = event_time(how, time);
	term serials =
		put_tuple(serial, 2, (term[]){ term_of_small(t->last), term_of_small(t->serial) });
	term about = put_tuple(info, 5, (term[]){ what, serials, from, to, message });
	term all = put_tuple(whole, now == TERM_NONE ? 3 : 4,
		(term[]){ A(seq_trace), t->label->value, about, now });
	(void)tracer_tell(p->ns, p->pid, trace_seq_tracer(p->ns), all); /* it may be gone */
}

/* One more step of the process, which the token counts; unless nobody listens. */
static void step(struct proc *p)
{
	struct proc_trace *trace = p->extra->trace;
	if (!has_tracer(p))
		return;
	struct seq_token next = *trace->token;
	next.serial = ++trace->seq_clock;
	next.last = trace->seq_last;
	next.from = p->pid;
	token_give(p, token_new(&next, trace->token->label->value));
}

struct message *seq_send(struct proc *p, term to, term message)
{
	step(p);
	struct seq_token *t = token_of(p);
	tell(p, t, SEQ_SEND, A(send), p->pid, to, message);
	struct message *m =
		message_copy(SIGNAL_MESSAGE, offsetof(struct token_signal, message), 0, message);
	m->signal.flags |= SIGNAL_TOKEN;
	atomic_add_relaxed(&t->refs, 1);
	message_owner(m, struct token_signal)->token = t;
	return m;
}

term seq_label(struct message *m)
{
	return message_owner(m, struct token_signal)->token->label->value;
}

void seq_drop(struct message *m)
{
	m->signal.flags &= (uint8_t)~SIGNAL_TOKEN;
	(void)token_unref(message_owner(m, struct token_signal)->token); /* always NULL */
}

void seq_receive(struct proc *p, struct message *m)
{
	if (!(m->signal.flags & SIGNAL_TOKEN)) {
		token_give(p, NULL);
		return;
	}
	struct seq_token *t = message_owner(m, struct token_signal)->token;
	m->signal.flags &= (uint8_t)~SIGNAL_TOKEN;
	token_give(p, t);
	struct proc_trace *trace = p->extra->trace;
	trace->seq_last = t->serial;
	if (trace->seq_clock < t->serial)
		trace->seq_clock = t->serial;
	tell(p, t, SEQ_RECEIVE, A(receive), t->from, p->pid, m->value);
}

void seq_spawned(struct proc *parent, struct proc *child)
{
	step(parent);
	struct seq_token *t = token_of(parent);
	atomic_add_relaxed(&t->refs, 1);
	token_give(child, t);
	child->extra->trace->seq_last = child->extra->trace->seq_clock = t->serial;
	tell(parent, t, SEQ_SEND, A(spawn), parent->pid, child->pid, TERM_NIL);
}

/* ------------------------------------------------------------------------------------------------ what programs see */

term seq_token(struct proc *p)
{
	return seq_token_on(p, bif_heap(p));
}

term seq_token_on(const struct proc *p, struct heap *heap)
{
	const struct seq_token *t = token_of(p);
	if (t == NULL)
		return TERM_NIL;
	return heap_tuple_of(heap, term_of_small(t->flags), heap_copy(heap, t->label->value),
		term_of_small(t->serial), t->from, term_of_small(t->last));
}

static unsigned flag_of(term t)
{
	return t == A(send)                         ? SEQ_SEND
	       : t == A(receive)                    ? SEQ_RECEIVE
	       : t == A(print)                      ? SEQ_PRINT
	       : t == A(timestamp)                  ? SEQ_NOW
	       : t == A(strict_monotonic_timestamp) ? SEQ_STRICT
	       : t == A(monotonic_timestamp)        ? SEQ_MONOTONIC
						    : 0;
}

static bool small_pair(term t, int64_t *ret_first, int64_t *ret_second)
{
	if (!term_is_tuple_of(t, 2) || !term_is_small(tuple_element(t, 0)) ||
		!term_is_small(tuple_element(t, 1)))
		return false;
	*ret_first = small_value(tuple_element(t, 0));
	*ret_second = small_value(tuple_element(t, 1));
	return true;
}

term seq_set(struct proc *p, term component, term value)
{
	struct heap *heap = bif_heap(p);
	term label, old;
	unsigned flag = term_is_atom(component) ? flag_of(component) : 0;
	struct seq_token next = token_now(p, &label);
	if (flag != 0 && (value == A(true) || value == A(false))) {
		old = term_of_bool((next.flags & flag) != 0);
		next.flags = value == A(true) ? next.flags | flag : next.flags & ~flag;
	} else if (component == A(label)) {
		old = heap_copy(heap, label);
		label = value;
	} else if (component == A(serial)) {
		old = heap_tuple_of(heap, term_of_small(next.last), term_of_small(next.serial));
		if (!small_pair(value, &next.last, &next.serial))
			return TERM_NONE;
		tracee_make(p)->seq_clock = next.serial;
		p->extra->trace->seq_last = next.last;
	} else if (component == A(sequential_trace_token) && value == TERM_NIL) {
		old = seq_token(p);
		token_give(p, NULL);
		return old;
	} else {
		return TERM_NONE;
	}
	token_give(p, token_new(&next, label));
	return old;
}

static void reset_one(struct proc *p, void *arg)
{
	(void)arg; /* there is none */
	if (p != NULL && token_of(p) != NULL)
		token_give(p, NULL);
}

static bool reset_each(struct proc *p, void *arg)
{
	if (p->ns == arg)
		proc_request(p->pid, reset_one, NULL);
	return true;
}

/* Tokens that are on their way stay. */
static term reset(struct proc *p, term value)
{
	if (value != A(true))
		return TERM_NONE;
	reset_one(p, NULL);
	proc_each_of(p->ns, 0, reset_each, p->ns);
	return A(true);
}

static term set_tracer(struct proc *p, term value)
{
	if (value != A(false) && !tracer_named(value, &value))
		return TERM_NONE;
	term was = atomic_exchange_explicit(&trace_space(p->ns)->seq_tracer,
		value == A(false) ? TERM_NONE : value, memory_order_acq_rel);
	return was == TERM_NONE ? A(false) : was;
}

static term set_control_word(struct proc *p, term value)
{
	if (!term_is_small(value) || small_value(value) < 0 || small_value(value) > UINT32_MAX)
		return TERM_NONE;
	return term_of_small(
		(int64_t)atomic_exchange_explicit(&trace_space(p->ns)->legacy->control_word,
			(uint64_t)small_value(value), memory_order_relaxed));
}

term seq_setting(struct proc *p, term which, term value)
{
	struct trace_space *space = trace_space_of(p->ns);
	if (value != TERM_NONE)
		return which == A(sequential_tracer) ? set_tracer(p, value)
		       : which == A(reset_seq_trace) ? reset(p, value)
						     : set_control_word(p, value);
	if (which == A(sequential_tracer)) {
		term tracer = trace_seq_tracer(p->ns);
		return heap_tuple_of(bif_heap(p), which,
			tracer == TERM_NONE || !tracer_lives(tracer) ? A(false) : tracer);
	}
	return space == NULL
		       ? TERM_ZERO
		       : term_of_small((int64_t)atomic_load_relaxed(&space->legacy->control_word));
}

term bif_erlang_seq_trace_2(struct proc *p, const term *args)
{
	term old = seq_set(p, args[0], args[1]);
	return old == TERM_NONE ? bif_badarg(p) : old;
}

term bif_erlang_seq_trace_info_1(struct proc *p, const term *args)
{
	struct heap *heap = bif_heap(p);
	const struct seq_token *t = token_of(p);
	unsigned flag = term_is_atom(args[0]) ? flag_of(args[0]) : 0;
	if (flag == 0 && args[0] != A(label) && args[0] != A(serial))
		return bif_badarg(p);
	if (t == NULL)
		return flag != 0 ? heap_tuple_of(heap, args[0], A(false)) : TERM_NIL;
	term value = flag != 0             ? term_of_bool((t->flags & flag) != 0)
		     : args[0] == A(label) ? heap_copy(heap, t->label->value)
					   : heap_tuple_of(heap, term_of_small(t->last),
						     term_of_small(t->serial));
	return heap_tuple_of(heap, args[0], value);
}

static term print(struct proc *p, term message)
{
	step(p);
	tell(p, token_of(p), SEQ_PRINT, A(print), p->pid, TERM_NIL, message);
	return A(true);
}

term bif_erlang_seq_trace_print_1(struct proc *p, const term *args)
{
	return token_of(p) == NULL ? A(false) : print(p, args[0]);
}

term bif_erlang_seq_trace_print_2(struct proc *p, const term *args)
{
	const struct seq_token *t = token_of(p);
	return t == NULL || !term_equal(t->label->value, args[0]) ? A(false) : print(p, args[1]);
}
