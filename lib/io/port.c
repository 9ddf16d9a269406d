/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: their queue, and how signals come into it. See port.h.
 *
 * The queue is a stack as that of a process; its bottom says whether somebody owns the port.
 * Invariant: whoever turns INBOX_IDLE into anything else owns the port until it turns the inbox back to INBOX_IDLE, hands it to the
 * home's drain_task, or turns it to INBOX_CLOSED, after which no one does. */
#include "io/port_impl.h"

#include "base/account.h"
#include "base/epoch.h"
#include "base/vec.h"
#include "binary/iolist.h"
#include "io/stray.h"
#include "io/trace_file.h"
#include "proc/watch.h"
#include "term/atom.h"

#include <unistd.h>

#define DRAIN_MAX 64 /* turns of one owner before the home goes on */

/* ------------------------------------------------------------------------------------------------ requests, answers */

struct port_bytes *port_bytes_of(term data, size_t header)
{
	size_t bits, elements;
	if (iolist_size(data, IOLIST_BYTES, &bits, &elements) != IOLIST_OK)
		return NULL;
	struct port_bytes *b = mem_alloc(MEM_MESSAGE, sizeof(*b) + header + bits / 8);
	*b = (struct port_bytes){ .size = header + bits / 8, .account = account_current() };
	account_charge(b->account, ACCOUNT_BINARIES, (int64_t)(sizeof(*b) + b->size));
	iolist_copy(data, b->data + header, 0);
	return b;
}

void port_bytes_free(struct port_bytes *b)
{
	if (b == NULL)
		return;
	account_charge(b->account, ACCOUNT_BINARIES, -(int64_t)(sizeof(*b) + b->size));
	b->turn = trace_file_turn_free(b->turn);
	mem_free(MEM_MESSAGE, b, sizeof(*b) + b->size);
}

struct port_request *port_request_new(enum port_request_kind kind, term from)
{
	struct port_request *r = mem_zalloc(MEM_MESSAGE, sizeof(*r));
	r->signal.kind = SIGNAL_KINDS;
	r->kind = (uint8_t)kind;
	r->from = r->sender = from;
	r->fd = -1;
	return r;
}

void port_request_free(struct port_request *r)
{
	if (r->kind == PORT_COMMAND || r->kind == PORT_SEND_COMMAND || r->kind == PORT_CONTROL ||
		r->kind == PORT_CALL || r->kind == PORT_FILE_READ || r->kind == PORT_TRACED)
		port_bytes_free(r->bytes);
	else if (r->kind == PORT_FLUSH)
		port_flush_close(r->flush);
	if (r->fd >= 0)
		(void)close(r->fd); /* nobody has used it */
	mem_free(MEM_MESSAGE, r, sizeof(*r));
}

/* ------------------------------------------------------------------------------------------------ the queue */

enum port_pushed port_push(struct port *p, struct signal *s)
{
	struct signal *old = atomic_load_relaxed(&p->inbox);
	do {
		if (old == INBOX_CLOSED)
			return PUSH_REFUSED;
		s->next = old == INBOX_IDLE ? INBOX_OWNED : old;
		/* Acquire: what the last owner did is seen; release: what the signal holds is. Pairs with port_drain(). */
	} while (!atomic_compare_exchange_weak_explicit(
		&p->inbox, &old, s, memory_order_acq_rel, memory_order_relaxed));
	return old == INBOX_IDLE ? PUSH_OWNED : PUSH_LEFT;
}

static struct signal *turn_round(struct signal *s)
{
	struct signal *first = NULL;
	while (s != INBOX_OWNED && s != INBOX_IDLE) {
		struct signal *next = s->next;
		s->next = first;
		first = s;
		s = next;
	}
	return first;
}

static void handle_all(struct port *p, struct signal *s)
{
	while (s != NULL) {
		struct signal *next = s->next;
		port_handle(p, s);
		s = next;
	}
}

static void drain_at_home(struct poll_task *task);

static void profile(struct port *p, bool active)
{
	if (watching(WATCH_PROFILE))
		port_tracing.profile(&p->traced, active);
}

/* As port_drain(), of one that somebody owned before. */
static struct message *drain_on(struct port *p)
{
	struct message *mine = NULL;
	for (unsigned turns = 0; turns < DRAIN_MAX; turns++) {
		handle_all(p, turn_round(atomic_exchange_explicit(
				      &p->inbox, INBOX_OWNED, memory_order_acq_rel)));
		if (p->mine_answer != NULL) {
			mine = p->mine_answer;
			p->mine_answer = NULL;
		}
		port_flush_look(p);
		if (p->closed && p->out_bytes == 0 && !p->reading) {
			port_table_gone(p);
			port_io_done(p);
			handle_all(p, turn_round(atomic_exchange_explicit(
					      &p->inbox, INBOX_CLOSED, memory_order_acq_rel)));
			profile(p, false);
			port_traced_end(p);
			/* The last that is done with it here: its home may free it, once this epoch is over. */
			port_want(p, PORT_FREE);
			return mine;
		}
		struct signal *owned = INBOX_OWNED;
		profile(p, false);
		if (atomic_cas_acq_rel(&p->inbox, &owned, INBOX_IDLE))
			return mine;
		profile(p, true);
	}
	poll_post(p->home, &p->drain_task, drain_at_home);
	return mine;
}

/* The caller owns it. Returns the answer to its own request, if there is one. */
struct message *port_drain(struct port *p)
{
	profile(p, true);
	return drain_on(p);
}

static void drain_at_home(struct poll_task *task)
{
	struct port *p = (struct port *)(void *)((char *)task - offsetof(struct port, drain_task));
	struct message *m = drain_on(p);
	assert(m == NULL);
}

static void refuse(struct signal *s)
{
	if (s->kind != SIGNAL_KINDS) {
		signal_refuse(s);
		return;
	}
	struct port_request *r = (struct port_request *)s; /* first member */
	if (r->answers)
		port_reply(r->from, r->ref, r->kind == PORT_INFO ? A(undefined) : A(badarg));
	else if (r->kind == PORT_RESUME)
		proc_request(r->from, port_let_go, NULL);
	else if (r->kind == PORT_RUN)
		r->run.fn(NULL, r->run.arg);
	port_request_free(r);
}

void port_signal(struct port *p, struct signal *s)
{
	switch (port_push(p, s)) {
	case PUSH_REFUSED:
		refuse(s);
		break;
	case PUSH_LEFT:
		break;
	case PUSH_OWNED: {
		struct message *m = port_drain(p);
		assert(m == NULL);
		break;
	}
	}
}

bool port_tell(term port, struct port_request *r)
{
	epoch_enter();
	struct port *p = port_lookup(port);
	if (p != NULL)
		port_signal(p, &r->signal);
	else
		port_request_free(r);
	epoch_leave();
	return p != NULL;
}

void port_run(term port, void (*fn)(struct port_traced *t, void *arg), void *arg)
{
	epoch_enter();
	struct port *p = port_lookup(port);
	if (p == NULL) {
		fn(NULL, arg);
	} else {
		struct port_request *r = port_request_new(PORT_RUN, TERM_NONE);
		r->run.fn = fn;
		r->run.arg = arg;
		port_signal(p, &r->signal);
	}
	epoch_leave();
}

void port_named(term port, enum port_event event, term name)
{
	epoch_enter();
	struct port *p = port_lookup(port);
	if (p != NULL && port_traces(&p->traced, PORT_TRACE_EVENTS)) {
		struct port_request *r = port_request_new(PORT_NAMED, TERM_NONE);
		r->operation = event;
		r->who = name;
		port_signal(p, &r->signal);
	}
	epoch_leave();
}

term port_ask(struct proc *asker, term port, struct port_request *r)
{
	struct port *p = port_lookup(port);
	if (p == NULL) {
		port_request_free(r);
		return TERM_NONE;
	}
	struct ref_id ref = r->ref = ref_new_id();
	r->answers = true;
	switch (port_push(p, &r->signal)) {
	case PUSH_REFUSED:
		port_request_free(r);
		return TERM_NONE;
	case PUSH_LEFT:
		break;
	case PUSH_OWNED: {
		p->mine = r;
		struct message *m = port_drain(p);
		if (m != NULL) {
			term value = m->value;
			message_join_heap(m, &asker->mem.heap);
			return value;
		}
		break;
	}
	}
	return ref_put(heap_alloc(&asker->mem.heap, REF_WORDS), ref);
}

/* ------------------------------------------------------------------------------------------------ signals of processes */

static void signal_by_term(term port, struct signal *s)
{
	epoch_enter();
	struct port *p = port_lookup(port);
	if (p != NULL)
		port_signal(p, s);
	else
		refuse(s);
	epoch_leave();
}

/* Port ! {From, What}, as a request. */
static struct port_request *request_of(const struct proc *p, term message, unsigned header)
{
	if (!term_is_tuple_of(message, 2) || !term_is_local_pid(tuple_element(message, 0)))
		return port_request_new(PORT_BAD_SIGNAL, TERM_NONE);
	term from = tuple_element(message, 0), what = tuple_element(message, 1);
	if (what == A(close))
		return port_request_new(PORT_SEND_CLOSE, from);
	if (term_is_tuple_of(what, 2) && tuple_element(what, 0) == A(command)) {
		struct port_bytes *bytes = port_bytes_of(tuple_element(what, 1), header);
		if (bytes != NULL) {
			struct port_request *r = port_request_new(PORT_SEND_COMMAND, from);
			r->bytes = bytes;
			return r;
		}
	}
	if (term_is_tuple_of(what, 2) && tuple_element(what, 0) == A(connect) &&
		term_is_local_pid(tuple_element(what, 1)) &&
		proc_reach(p->ns, tuple_element(what, 1)) != NULL) {
		struct port_request *r = port_request_new(PORT_SEND_CONNECT, from);
		r->who = tuple_element(what, 1);
		return r;
	}
	return port_request_new(PORT_BAD_SIGNAL, TERM_NONE);
}

static bool send(struct proc *p, term port, term message)
{
	if (!port_is_here(port, p->ns))
		return true;
	struct port_request *r = request_of(p, message, port_header(port));
	bool commands = r->kind == PORT_SEND_COMMAND;
	if (commands)
		p->reductions -= (int32_t)(r->bytes->size / 64 > 4000 ? 4000 : r->bytes->size / 64);
	r->sender = p->pid;
	if (!port_tell(port, r) || !commands || !port_is_busy(port))
		return true;
	/* The sender stops here until the port has got rid of some. */
	if (watching(WATCH_PORT))
		proc_tracing.busy_port(p, port);
	p->suspends++;
	atomic_or_acq_rel(&p->state, STATE_SUSPENDED);
	p->reductions = 0;
	if (!port_tell(port, port_request_new(PORT_RESUME, p->pid)))
		port_let_go(p, NULL);
	return true;
}

/* ------------------------------------------------------------------------------------------------ start and end */

static void end_one(term port, void *arg)
{
	VEC(term) *ports = arg;
	vec_push(ports, port);
}

void ports_end(struct ns *ns)
{
	VEC(term) ports = { 0 };
	port_each(ns, end_one, &ports);
	vec_foreach(port, &ports)
		signal_exit_to(
			SIGNAL_EXIT, TERM_NONE, *port, A(kill), 0, (struct beamr_crash_id){ 0 });
	vec_done(&ports);
	children_kill(ns);
}

static bool reaches(const struct ns *from, term port)
{
	return port_is_here(port, from);
}

void port_init(
	void (*output)(struct ns *ns, term from, int stream, const uint8_t *bytes, size_t size))
{
	static const struct port_functions functions = {
		.reaches = reaches,
		.send = send,
		.signal = signal_by_term,
		.unnamed = port_name_gone,
	};
	port_output = output;
	port_files_init();
	strays_init();
	port_table_init();
	proc_set_ports(&functions);
}

static void add_any(struct port *p, void *arg)
{
	VEC(struct port *) *ports = arg;
	vec_push(ports, p);
}

void ports_stop(void)
{
	VEC(struct port *) ports = { 0 };
	port_table_each(add_any, &ports);
	vec_foreach(at, &ports) {
		struct port *p = *at;
		port_close(p, A(killed));
		if (p->in.fd >= 0 && !p->shared)
			(void)close(p->in.fd); /* nothing more comes */
		if (p->out.fd >= 0 && !p->shared)
			(void)close(p->out.fd);
		handle_all(p, turn_round(atomic_exchange_explicit(
				      &p->inbox, INBOX_OWNED, memory_order_acq_rel)));
		port_free_at_end(p);
	}
	vec_done(&ports);
}
