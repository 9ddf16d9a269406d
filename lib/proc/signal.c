/* SPDX-License-Identifier: Apache-2.0 */
/* Signals on their way: the inbox, what each kind does to the process that gets it, and what the dead answer. */
#include "proc/signal.h"

#include "base/epoch.h"
#include "ns/quota.h"
#include "proc/deaths.h"
#include "proc/full.h"
#include "proc/mailbox.h"
#include "proc/pressure.h"
#include "proc/relation.h"
#include "proc/tracing.h"
#include "term/atom.h"

#include <stdio.h>

struct message *message_new(enum signal_kind kind, size_t prefix_bytes, size_t words)
{
	assert(words <= UINT32_MAX);
	char *block = mem_alloc(MEM_MESSAGE, prefix_bytes + sizeof(struct message) + words * sizeof(term));
	struct message *m = (struct message *)(void *)(block + prefix_bytes);
	m->signal = (struct signal){ .kind = (uint8_t)kind };
	m->offheap = (struct offheap){ 0 };
	m->fragment = (struct fragment){
		.size_words = (uint32_t)words,
		.used_words = (uint32_t)words,
		.prefix_bytes = (uint32_t)(prefix_bytes + offsetof(struct message, fragment)),
		.class = MEM_MESSAGE,
	};
	return m;
}

term signal_from(const struct signal *s, bool *ret_timer)
{
	*ret_timer = s->from_slot == SIGNAL_FROM_TIMER;
	if (*ret_timer || s->from_slot == 0)
		return TERM_NONE;
	struct proc *p = proc_in_slot(s->from_slot);
	return p != NULL && (uint16_t)pid_serial(p->pid) == s->from_serial ? p->pid : TERM_NONE;
}

#define FLAT_MAX 8 /* elements of a tuple that is looked at here */

/* Most messages are a small tuple of immediates: its words, 0 for anything else. */
static inline size_t flat_tuple_words(term value)
{
	if (!term_is_tuple(value))
		return 0;
	const term *p = boxed_ptr(value);
	size_t arity = header_size(p[0]);
	if (arity == 0 || arity > FLAT_MAX)
		return 0;
	for (size_t i = 1; i <= arity; i++)
		if (!term_is_immediate(p[i]))
			return 0;
	return arity + 1;
}

struct message *message_copy_bounded(enum signal_kind kind, size_t prefix_bytes, size_t room, term value)
{
	if (term_is_immediate(value)) {
		struct message *m = message_new(kind, prefix_bytes, room);
		m->value = value;
		return m;
	}
	size_t words = flat_tuple_words(value);
	if (words != 0) {
		struct message *m = message_new(kind, prefix_bytes, room + words);
		term *to = m->fragment.data + room;
		const term *from = boxed_ptr(value);
		for (size_t i = 0; i < words; i++)
			to[i] = from[i];
		m->value = term_of_boxed(to);
		return m;
	}
	words = heap_copy_words_small(value);
	if (likely(words <= HEAP_SMALL_WORDS)) {
		struct message *m = message_new(kind, prefix_bytes, room + words);
		term *hp = m->fragment.data + room;
		m->value = heap_copy_small_into(value, &hp);
		debug_assert(hp == m->fragment.data + room + words);
		return m;
	}
	words = heap_copy_words_bounded(value);
	if (unlikely(words == SIZE_MAX))
		return NULL;
	struct message *m = message_new(kind, prefix_bytes, room + words);
	term *hp = m->fragment.data + room;
	m->value = heap_copy_into(value, &hp, &m->offheap);
	return m;
}

struct message *message_copy(enum signal_kind kind, size_t prefix_bytes, size_t room, term value)
{
	struct message *m = message_copy_bounded(kind, prefix_bytes, room, value);
	return likely(m != NULL) ? m : message_copy_bounded(kind, prefix_bytes, room, A(system_limit));
}

struct message *message_copy_deep(enum signal_kind kind, size_t prefix_bytes, size_t room, term value)
{
	size_t words = term_is_immediate(value) ? 0 : heap_flat_words_bounded(value);
	if (unlikely(words == SIZE_MAX))
		return NULL;
	struct message *m = message_new(kind, prefix_bytes, room + words);
	term *hp = m->fragment.data + room;
	m->value = words == 0 ? value : heap_copy_deep_into(value, &hp, &m->offheap);
	return m;
}

void message_free(struct message *m)
{
	if (m == NULL)
		return;
	message_discharge(m);
	if (unlikely((m->signal.flags & SIGNAL_TOKEN) != 0))
		proc_tracing.drop_token(m);
	if (m->offheap.first != NULL)
		offheap_release(&m->offheap);
	mem_free(MEM_MESSAGE, (char *)&m->fragment - m->fragment.prefix_bytes,
		m->fragment.prefix_bytes + sizeof(struct fragment) + m->fragment.size_words * sizeof(term));
}

void message_join_heap(struct message *m, struct heap *heap)
{
	if (term_is_immediate(m->value)) {
		message_free(m);
		return;
	}
	message_discharge(m);
	if (m->offheap.first != NULL) {
		term *last = m->offheap.first;
		while (last[1] != 0)
			last = (term *)(uintptr_t)last[1];
		last[1] = (term)(uintptr_t)heap->offheap.first;
		heap->offheap.first = m->offheap.first;
		heap->offheap.bytes += m->offheap.bytes;
	}
	m->fragment.next = heap->fragments;
	heap->fragments = &m->fragment;
	heap->fragment_words += m->fragment.used_words;
}

/* Kinds that are a message, or carry one in the same allocation. */
#define CARRIES_MESSAGE                                                                            \
	(1U << SIGNAL_MESSAGE | 1U << SIGNAL_ALIAS_MESSAGE | 1U << SIGNAL_EXIT | 1U << SIGNAL_EXIT_LINK | 1U << SIGNAL_ANSWER)

term signal_term(struct signal *s)
{
	if (1U << s->kind & CARRIES_MESSAGE)
		return signal_message(s)->value;
	if (s->kind == SIGNAL_DOWN && monitor_of_there(s)->reason != NULL)
		return monitor_of_there(s)->reason->value;
	return TERM_NONE;
}

/* What goes to another namespace, or to one whose names are being collected: that one holds what it names from here on. */
static _noinline_ void hold_names(struct signal *s, struct account *account)
{
	const struct names_holder holder = { .account = account };
	heap_hold_names(signal_term(s), holder);
	if ((s->flags & SIGNAL_TOKEN) != 0)
		heap_hold_names(proc_tracing.token_label(signal_message(s)), holder);
}

/* Of a signal that carries no message: what its receiver is charged for while it waits there. Nodes of monitors are charged to who monitors. */
static int64_t bare_bytes(const struct signal *s)
{
	switch ((enum signal_kind)s->kind) {
	case SIGNAL_LINK:
	case SIGNAL_UNLINK:
	case SIGNAL_UNLINK_ACK:
		return sizeof(struct link_signal);
	case SIGNAL_REQUEST:
		return sizeof(struct request_signal);
	case SIGNAL_MESSAGE:
	case SIGNAL_ALIAS_MESSAGE:
	case SIGNAL_EXIT:
	case SIGNAL_EXIT_LINK:
	case SIGNAL_ANSWER:
	case SIGNAL_MONITOR:
	case SIGNAL_DEMONITOR:
	case SIGNAL_DOWN:
	case SIGNAL_KINDS:
		break;
	}
	return 0;
}

static _noinline_ void bare_charge(struct signal *s, struct account *account)
{
	if (s->kind == SIGNAL_DOWN) {
		message_charge(monitor_of_there(s)->reason, account);
		return;
	}
	s->flags |= SIGNAL_CHARGED;
	account_charge(account, ACCOUNT_PROCESSES, bare_bytes(s));
}

/* It was not taken after all. */
static _noinline_ void bare_uncharge(struct signal *s, struct account *account)
{
	if (s->kind == SIGNAL_DOWN) {
		struct message *m = monitor_of_there(s)->reason;
		m->signal.flags &= (uint8_t)~SIGNAL_CHARGED;
		account_charge(account, ACCOUNT_PROCESSES, -message_bytes(m));
		return;
	}
	s->flags &= (uint8_t)~SIGNAL_CHARGED;
	account_charge(account, ACCOUNT_PROCESSES, -bare_bytes(s));
}

/* Its owner, who the thread works for, takes it. */
static inline void bare_discharge(struct signal *s)
{
	if ((s->flags & SIGNAL_CHARGED) == 0 || (1U << s->kind & CARRIES_MESSAGE) != 0)
		return;
	s->flags &= (uint8_t)~SIGNAL_CHARGED;
	account_charge_current(ACCOUNT_PROCESSES, -bare_bytes(s));
}

bool signal_send(struct proc *to, struct signal *s)
{
	const bool charged = 1U << s->kind & CARRIES_MESSAGE;
	/* Read in the epoch in which it is sent: see proc/names.h. */
	if (unlikely(to->account != account_current() || atomic_load_relaxed(&to->account->atoms_before) != NULL))
		hold_names(s, to->account);
	if (charged)
		message_charge(signal_message(s), to->account);
	else
		bare_charge(s, to->account);
	struct signal *old = atomic_load_relaxed(&to->inbox);
	do {
		if (old == SIGNAL_CLOSED) {
			if (charged) {
				s->flags &= (uint8_t)~SIGNAL_CHARGED;
				account_charge(to->account, ACCOUNT_PROCESSES, -message_bytes(signal_message(s)));
			} else {
				bare_uncharge(s, to->account);
			}
			return false;
		}
		s->next = old;
		/* Pairs with the exchange in signals_fetch(). Sequentially consistent together with the state: either we
		 * see that the process waits, or it sees this signal when it has stopped (see proc/signal.h). */
	} while (!atomic_compare_exchange_weak_explicit(
		&to->inbox, &old, s, memory_order_seq_cst, memory_order_relaxed));
	if (old == NULL)
		proc_make_runnable(to);
	return true;
}

void signal_send_or_refuse(struct proc *to, struct signal *s)
{
	if (to == NULL || !signal_send(to, s))
		signal_refuse(s);
}

void signal_refuse(struct signal *s)
{
	bare_discharge(s);
	switch ((enum signal_kind)s->kind) {
	case SIGNAL_MESSAGE:
	case SIGNAL_ALIAS_MESSAGE:
	case SIGNAL_EXIT:
	case SIGNAL_EXIT_LINK:
	case SIGNAL_ANSWER:
		message_free(signal_message(s));
		break;
	case SIGNAL_LINK: {
		/* The one who linked hears of it as of an exit by the link. */
		struct link_signal *l = (struct link_signal *)(void *)s;
		signal_exit_to(SIGNAL_EXIT_LINK, l->to, l->from, A(noproc), 0, (struct beamr_crash_id){ 0 });
		if (l->heir != NULL)
			proc_tracing.take_over(NULL, l->heir);
		mem_free(MEM_MESSAGE, l, sizeof(*l));
		break;
	}
	case SIGNAL_UNLINK: {
		/* The other side waits with its entry for an answer, be it the dead one's. */
		struct link_signal *l = (struct link_signal *)(void *)s;
		signal_link(SIGNAL_UNLINK_ACK, l->to, l->from, l->id);
		mem_free(MEM_MESSAGE, l, sizeof(*l));
		break;
	}
	case SIGNAL_UNLINK_ACK:
		mem_free(MEM_MESSAGE, s, sizeof(struct link_signal));
		break;
	case SIGNAL_MONITOR:
		monitor_refuse(monitor_of_there(s), A(noproc));
		break;
	case SIGNAL_DEMONITOR:
		/* The target ended before; it has sent DOWN, which carries its count. */
		(void)monitor_unref(monitor_of_gone(s));
		break;
	case SIGNAL_DOWN:
		monitor_drop_down(monitor_of_there(s));
		break;
	case SIGNAL_REQUEST: {
		struct request_signal *r = (struct request_signal *)(void *)s;
		proc_request_fn fn = r->fn;
		void *arg = r->arg;
		mem_free(MEM_MESSAGE, r, sizeof(*r));
		fn(NULL, arg);
		break;
	}
	case SIGNAL_KINDS:
		assert(!"no such signal");
	}
}

static struct signal *exit_signal_new(
	enum signal_kind kind, term from, term reason, unsigned flags, struct beamr_crash_id cause)
{
	struct message *m = message_copy(kind, offsetof(struct exit_signal, message), EXIT_ROOM, reason);
	struct exit_signal *e = message_owner(m, struct exit_signal);
	e->from = from;
	e->cause = cause;
	m->signal.flags = (uint8_t)flags;
	return &m->signal;
}

/* A kill is on its way to it: its end does not wait for the window of a quota. One that is in a long BIF ends after that, and nobody runs
 * for free as long as that takes. */
static void doom(struct proc *p)
{
	uint32_t state = atomic_load_relaxed(&p->state);
	do {
		if (state & (STATE_DOOMED | STATE_EXITING | STATE_AWAY))
			return;
	} while (!atomic_cas_acq_rel(&p->state, &state, state | STATE_DOOMED));
	/* Counted before anybody looks whether the namespace is parked, here or in fair_take(). It may have ended meanwhile, and its
	 * namespace: accounts stay for those who are inside of the epoch. */
	struct account *account = p->account;
	atomic_fetch_add_explicit(&account->doomed, 1, memory_order_seq_cst);
	/* It may stand aside on a worker although the next window has begun on another one. */
	if ((account_is_metered(account) || atomic_load_relaxed(&account->parked_until) != 0) && proc_bring_back != NULL)
		proc_bring_back(account);
}

void signal_exit(enum signal_kind kind, term from, struct proc *to, term reason, unsigned flags,
	struct beamr_crash_id cause)
{
	if (to == NULL)
		return;
	signal_send_or_refuse(to, exit_signal_new(kind, from, reason, flags, cause));
	if (flags & SIGNAL_KILL)
		doom(to);
}

void signal_exit_by_alias(struct proc *p, term alias, term reason, unsigned flags)
{
	struct proc *to = proc_reach(p->ns, alias_ref_pid(alias));
	if (to == NULL)
		return;
	struct signal *s = exit_signal_new(SIGNAL_EXIT, p->pid, reason, flags | SIGNAL_BY_ALIAS, (struct beamr_crash_id){ 0 });
	message_owner(signal_message(s), struct exit_signal)->alias = ref_id_of(alias);
	signal_send_or_refuse(to, s); /* only its receiver knows whether a kill is one: it may wait for a window of its quota */
}

void signal_exit_to(
	enum signal_kind kind, term from, term to, term reason, unsigned flags, struct beamr_crash_id cause)
{
	if (term_is_local_port(to))
		signal_deliver(to, exit_signal_new(kind, from, reason, flags, cause));
	else
		signal_exit(kind, from, proc_lookup(to), reason, flags, cause);
}

void signal_link(enum signal_kind kind, term from, term to, uint64_t id)
{
	struct link_signal *l = mem_alloc(MEM_MESSAGE, sizeof(*l));
	*l = (struct link_signal){ .signal.kind = (uint8_t)kind, .from = from, .to = to, .id = id };
	signal_deliver(to, &l->signal);
}

/* ------------------------------------------------------------------------------------------------ what they do */

static bool die(struct proc *p, struct message *m, term reason, term from, struct beamr_crash_id cause)
{
	struct proc_extra *extra = proc_extra(p);
	m->value = reason;
	message_join_heap(m, &p->mem.heap);
	extra->raise = (struct raise){
		.class = CLASS_EXIT,
		.reason = reason,
		.trace = TERM_NIL,
		.args = TERM_NONE,
		.cause = TERM_NONE,
	};
	extra->cause = cause;
	extra->killer = from;
	extra->by_signal = true;
	p->outcome = OUTCOME_EXIT;
	return false;
}

/* False: p is to end. */
static bool handle_exit(struct proc *p, struct signal *s)
{
	struct message *m = signal_message(s);
	struct exit_signal *e = message_owner(m, struct exit_signal);
	term from = e->from;
	struct beamr_crash_id cause = e->cause;
	if (unlikely(s->flags & SIGNAL_BY_ALIAS)) {
		const struct monitor *alias = monitor_find(p, e->alias);
		if (alias == NULL || !(alias->flags & MONITOR_ALIAS)) {
			message_free(m);
			return true;
		}
		if (!monitor_is_priority_alias(alias))
			s->flags &= (uint8_t)~SIGNAL_PRIORITY;
	}
	if (term_is_local_pid(from))
		signal_set_from(s, from);
	if (s->flags & SIGNAL_KILL)
		return die(p, m, A(killed), from, cause);
	if (p->flags & PROC_TRAP_EXIT) {
		term *t = m->fragment.data;
		if (!crash_id_is_none(cause))
			deaths_told(p, from, m->value, cause);
		t[0] = HEADER(BOXED_TUPLE, 3);
		t[1] = A(EXIT);
		t[2] = from == TERM_NONE ? p->pid : from;
		t[3] = m->value;
		m->value = term_of_boxed(t);
		s->kind = SIGNAL_MESSAGE;
		s->flags &= (uint8_t)~SIGNAL_BY_ALIAS;
		mailbox_put(p, s);
		return true;
	}
	if (m->value == A(normal) && !(s->flags & SIGNAL_NORMAL_KILLS)) {
		message_free(m);
		return true;
	}
	return die(p, m, m->value, from, cause);
}

static void handle_answer(struct proc *p, struct message *m)
{
	struct answer_signal *a = message_owner(m, struct answer_signal);
	struct proc_extra *extra = proc_extra(p);
	if (p->outcome != OUTCOME_WAIT || extra->answer_id != a->question) {
		message_free(m);
		return;
	}
	if (m->signal.flags & SIGNAL_RAISE) {
		extra->raise = (struct raise){
			.class = a->class,
			.reason = m->value,
			.trace = TERM_NONE,
			.args = TERM_NONE,
			.cause = TERM_NONE,
		};
		p->outcome = OUTCOME_RAISE;
	} else {
		extra->answer = m->value;
		p->outcome = OUTCOME_NONE;
	}
	extra->answer_id = 0;
	message_join_heap(m, &p->mem.heap);
}

/* False: p is to end. */
static bool handle(struct proc *p, struct signal *s)
{
	bare_discharge(s);
	switch ((enum signal_kind)s->kind) {
	case SIGNAL_MESSAGE:
		mailbox_append(p, s);
		break;
	case SIGNAL_ALIAS_MESSAGE:
		if (unlikely(s->flags & SIGNAL_PRIORITY)) {
			const struct monitor *alias =
				monitor_find(p, message_owner(signal_message(s), struct alias_signal)->alias);
			if (alias == NULL || !monitor_is_priority_alias(alias))
				s->flags &= (uint8_t)~SIGNAL_PRIORITY;
		}
		if (alias_accepts(p, message_owner(signal_message(s), struct alias_signal)->alias)) {
			s->kind = SIGNAL_MESSAGE;
			mailbox_put(p, s);
		} else {
			message_free(signal_message(s));
		}
		break;
	case SIGNAL_LINK:
		link_signal_link(p, (struct link_signal *)(void *)s);
		break;
	case SIGNAL_UNLINK:
		link_signal_unlink(p, (struct link_signal *)(void *)s);
		break;
	case SIGNAL_UNLINK_ACK:
		link_signal_ack(p, (struct link_signal *)(void *)s);
		break;
	case SIGNAL_MONITOR:
		monitor_signal_monitor(p, monitor_of_there(s));
		break;
	case SIGNAL_DEMONITOR:
		monitor_signal_demonitor(p, monitor_of_gone(s));
		break;
	case SIGNAL_DOWN: {
		struct message *m = monitor_signal_down(p, monitor_of_there(s));
		if (m != NULL)
			mailbox_put(p, &m->signal);
		break;
	}
	case SIGNAL_EXIT_LINK:
		if (!link_ended(p, message_owner(signal_message(s), struct exit_signal)->from)) {
			message_free(signal_message(s));
			break;
		}
		if (proc_traces(p, PROC_TRACE_EVENTS) &&
			((p->flags & PROC_TRAP_EXIT) != 0 || signal_message(s)->value == A(normal)))
			proc_tracing.event(p, EVENT_GETTING_UNLINKED,
				message_owner(signal_message(s), struct exit_signal)->from);
		return handle_exit(p, s);
	case SIGNAL_EXIT:
		return handle_exit(p, s);
	case SIGNAL_REQUEST: {
		struct proc_extra *extra = proc_extra(p);
		s->next = NULL;
		*extra->requests_last = s;
		extra->requests_last = &s->next;
		break;
	}
	case SIGNAL_ANSWER:
		handle_answer(p, signal_message(s));
		break;
	case SIGNAL_KINDS:
		assert(!"no such signal");
	}
	return true;
}

/* The newest first become the oldest first. */
static struct signal *turn_round(struct signal *s)
{
	struct signal *first = NULL;
	while (s != NULL) {
		struct signal *next = s->next;
		s->next = first;
		first = s;
		s = next;
	}
	return first;
}

/* False: there are more messages than the namespace allows, and p is to end. */
static bool mailbox_fits(struct proc *p)
{
	const uint64_t max = ns_limit(p->ns, NS_QUOTA_mailbox_max);
	const uint32_t length = atomic_load_relaxed(&p->mailbox_length);
	if (likely(max == 0 || length <= max || ns_limit(p->ns, NS_QUOTA_mailbox_policy) != MAILBOX_KILL))
		return true;
	char detail[96];
	(void)snprintf(detail, sizeof(detail), "mailboxMax of %llu messages was passed with %u", (unsigned long long)max,
		length); /* it is long enough */
	return pressure_end(p, "mailbox_max", detail);
}

bool signals_fetch(struct proc *p)
{
	/* Pairs with the push in signal_send(). */
	struct signal *s = atomic_exchange_explicit(&p->inbox, NULL, memory_order_seq_cst);
	debug_assert(s != SIGNAL_CLOSED);
	full_fetched(p);
	if (s != NULL && s->next != NULL)
		s = turn_round(s);
	while (s != NULL) {
		struct signal *next = s->next;
		if (likely(s->kind == SIGNAL_MESSAGE)) {
			mailbox_append(p, s);
		} else if (!handle(p, s)) {
			proc_extra(p)->left = next;
			return false;
		}
		s = next;
	}
	return mailbox_fits(p);
}

void signals_run_requests(struct proc *p)
{
	struct proc_extra *extra = p->extra;
	if (extra == NULL)
		return;
	while (extra->requests != NULL) {
		struct request_signal *r = (struct request_signal *)(void *)extra->requests;
		proc_request_fn fn = r->fn;
		void *arg = r->arg;
		extra->requests = r->signal.next;
		if (extra->requests == NULL)
			extra->requests_last = &extra->requests;
		mem_free(MEM_MESSAGE, r, sizeof(*r));
		fn(p, arg);
	}
}

static void refuse_all(struct signal *s)
{
	while (s != NULL) {
		struct signal *next = s->next;
		signal_refuse(s);
		s = next;
	}
}

void signals_close(struct proc *p)
{
	/* Pairs with the push in signal_send(): whoever pushed before is answered here, whoever comes later sees CLOSED. */
	struct signal *rest = atomic_exchange_explicit(&p->inbox, SIGNAL_CLOSED, memory_order_seq_cst);
	if (p->extra != NULL) {
		/* What was fetched before the end, oldest first, comes before what was not. */
		refuse_all(p->extra->requests);
		p->extra->requests = NULL;
		refuse_all(p->extra->left);
		p->extra->left = NULL;
	}
	refuse_all(turn_round(rest));
}

/* ------------------------------------------------------------------------------------------------ questions, requests */

uint64_t proc_question(struct proc *p)
{
	static _Atomic uint64_t last;
	return proc_extra(p)->answer_id = atomic_add_relaxed(&last, 1) + 1;
}

static void answer(term pid, uint64_t question, term value, unsigned flags, enum exception_class class)
{
	epoch_enter();
	struct proc *p = proc_lookup(pid);
	if (p != NULL) {
		struct message *m = message_copy(SIGNAL_ANSWER, offsetof(struct answer_signal, message), 0, value);
		struct answer_signal *a = message_owner(m, struct answer_signal);
		a->question = question;
		a->class = class;
		m->signal.flags = (uint8_t)flags;
		signal_send_or_refuse(p, &m->signal);
	}
	epoch_leave();
}

void proc_answer(term pid, uint64_t question, term value)
{
	answer(pid, question, value, 0, CLASS_ERROR);
}

void proc_answer_raise(term pid, uint64_t question, enum exception_class class, term reason)
{
	answer(pid, question, reason, SIGNAL_RAISE, class);
}

static struct signal *request_new(proc_request_fn fn, void *arg)
{
	struct request_signal *r = mem_alloc(MEM_MESSAGE, sizeof(*r));
	*r = (struct request_signal){ .signal.kind = SIGNAL_REQUEST, .fn = fn, .arg = arg };
	return &r->signal;
}

void proc_request(term pid, proc_request_fn fn, void *arg)
{
	epoch_enter();
	signal_send_or_refuse(proc_lookup(pid), request_new(fn, arg));
	epoch_leave();
}

void proc_request_by(const struct proc *asking, term pid, proc_request_fn fn, void *arg)
{
	epoch_enter();
	signal_send_or_refuse(proc_reach(asking->ns, pid), request_new(fn, arg));
	epoch_leave();
}

bool proc_send_from_host(term pid, term message)
{
	epoch_enter();
	struct proc *p = proc_lookup(pid);
	bool there = false;
	if (p != NULL) {
		struct message *m = message_copy(SIGNAL_MESSAGE, 0, 0, message);
		there = signal_send(p, &m->signal);
		if (!there)
			message_free(m);
	}
	epoch_leave();
	return there;
}

bool proc_exit_from_host(term pid, bool kill, term reason)
{
	epoch_enter();
	struct proc *p = proc_lookup(pid);
	if (p != NULL)
		signal_exit(SIGNAL_EXIT, TERM_NONE, p, reason, kill ? SIGNAL_KILL : 0, (struct beamr_crash_id){ 0 });
	epoch_leave();
	return p != NULL;
}
