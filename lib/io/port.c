/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: their queue, and what each signal does. See port.h.
 *
 * The queue is a stack as that of a process; its bottom says whether somebody owns the port.
 * Invariant: whoever turns INBOX_IDLE into anything else owns the port until it turns the inbox back to INBOX_IDLE, hands it to the
 * home's drain_task, or turns it to INBOX_CLOSED, after which no one does. */
#include "io/port_impl.h"

#include "base/epoch.h"
#include "base/vec.h"
#include "binary/iolist.h"
#include "io/errors.h"
#include "io/ram_file.h"
#include "ns/quota.h"
#include "proc/registry.h"
#include "proc/watch.h"
#include "term/atom.h"

#include <errno.h>
#include <unistd.h>

#define DRAIN_MAX 64 /* turns of one owner before the home goes on */

/* ------------------------------------------------------------------------------------------------ requests, answers */

struct port_bytes *port_bytes_of(term data, size_t header)
{
	size_t bits, elements;
	if (iolist_size(data, IOLIST_BYTES, &bits, &elements) != IOLIST_OK)
		return NULL;
	struct port_bytes *b = mem_alloc(MEM_MESSAGE, sizeof(*b) + header + bits / 8);
	*b = (struct port_bytes){ .size = header + bits / 8 };
	iolist_copy(data, b->data + header, 0);
	return b;
}

void port_bytes_free(struct port_bytes *b)
{
	if (b != NULL)
		mem_free(MEM_MESSAGE, b, sizeof(*b) + b->size);
}

struct port_request *port_request_new(enum port_request_kind kind, term from)
{
	struct port_request *r = mem_zalloc(MEM_MESSAGE, sizeof(*r));
	r->signal.kind = SIGNAL_KINDS;
	r->kind = (uint8_t)kind;
	r->from = r->sender = from;
	return r;
}

static void request_free(struct port_request *r)
{
	if (r->kind == PORT_COMMAND || r->kind == PORT_SEND_COMMAND || r->kind == PORT_CONTROL ||
		r->kind == PORT_CALL)
		port_bytes_free(r->bytes);
	mem_free(MEM_MESSAGE, r, sizeof(*r));
}

/* m: REPLY_ROOM words free before its value. */
static void send_reply(term to, struct ref_id ref, struct message *m)
{
	term *w = m->fragment.data;
	w[0] = HEADER(BOXED_TUPLE, 2);
	w[1] = ref_put(w + 3, ref);
	w[2] = m->value;
	m->value = term_of_boxed(w);
	signal_send_or_refuse(proc_lookup(to), &m->signal);
}

static void reply(term to, struct ref_id ref, term value)
{
	send_reply(to, ref, message_copy(SIGNAL_MESSAGE, 0, REPLY_ROOM, value));
}

/* Takes r. */
static void answer(struct port *p, struct port_request *r, term value)
{
	if (r->answers) {
		struct message *m = message_copy(SIGNAL_MESSAGE, 0, REPLY_ROOM, value);
		if (p->mine == r)
			p->mine_answer = m;
		else
			send_reply(r->from, r->ref, m);
	}
	if (p->mine == r)
		p->mine = NULL;
	request_free(r);
}

void port_send(struct port *p, struct message *m)
{
	struct proc *to = proc_lookup(p->connected);
	signal_send_or_refuse(to, &m->signal);
}

static void send_tagged(struct port *p, term to, term tag, term value)
{
	struct message *m = message_new(SIGNAL_MESSAGE, 0, value == TERM_NONE ? 3 : 6);
	term *w = m->fragment.data;
	w[0] = HEADER(BOXED_TUPLE, 2);
	w[1] = p->id;
	w[2] = tag;
	if (value != TERM_NONE) {
		w[3] = HEADER(BOXED_TUPLE, 2);
		w[4] = tag;
		w[5] = value;
		w[2] = term_of_boxed(w + 3);
	}
	m->value = term_of_boxed(w);
	signal_send_or_refuse(proc_lookup(to), &m->signal);
}

void port_send_tagged(struct port *p, term tag, term value)
{
	send_tagged(p, p->connected, tag, value);
}

/* ------------------------------------------------------------------------------------------------ at home */

void port_retire(struct epoch_item *item)
{
	struct port *p = (struct port *)(void *)((char *)item - offsetof(struct port, retired));
	port_spec_done(&p->spec);
	mem_free(MEM_PROC, p, sizeof(*p));
}

static void close_fd(struct port *p, struct pollee *e)
{
	if (e->fd < 0)
		return;
	pollee_done(e);
	if (!p->shared)
		(void)close(e->fd); /* what could not be written was told when it was tried */
	e->fd = -1;
}

static void watch(struct port *p, struct pollee *e, unsigned events)
{
	if (e->fd < 0)
		return;
	int r = pollee_want(e, events);
	if (r == 0)
		return;
	struct port_request *failed = port_request_new(PORT_STARTED, TERM_NONE);
	failed->status = -r;
	(void)port_tell(p->id, failed); /* it may have been closed */
}

enum pushed { PUSH_REFUSED, PUSH_LEFT, PUSH_OWNED };
static enum pushed push(struct port *p, struct signal *s);

static void settle(struct port *p)
{
	unsigned wanted = atomic_load_acquire(&p->wanted);
	if (p->done)
		return;
	if (wanted & (PORT_DROP_IN | PORT_FREE))
		close_fd(p, &p->in);
	if (wanted & (PORT_DROP_OUT | PORT_FREE))
		close_fd(p, &p->out);
	if (wanted & PORT_FREE) {
		/* A task that is on its way comes here again. */
		if (atomic_load_acquire(&p->settling))
			return;
		struct ns *ns = p->ns;
		p->done = true;
		epoch_retire(&p->retired, port_retire);
		ns_release(ns);
		return;
	}
	watch(p, &p->in, wanted & POLL_READ);
	watch(p, &p->out, wanted & POLL_WRITE);
}

static void settle_at_home(struct poll_task *task)
{
	struct port *p = (struct port *)(void *)((char *)task - offsetof(struct port, settle_task));
	/* Before it looks: who changes something afterwards sends a task of its own. */
	atomic_store_release(&p->settling, false);
	settle(p);
}

void port_settle(struct port *p)
{
	if (worker_current() == p->home) {
		settle(p);
		return;
	}
	if (!atomic_exchange_explicit(&p->settling, true, memory_order_acq_rel))
		poll_post(p->home, &p->settle_task, settle_at_home);
}

void port_want(struct port *p, unsigned events)
{
	if (atomic_load_relaxed(&p->wanted) == events)
		return;
	atomic_store_release(&p->wanted, events);
	port_settle(p);
}

/* What still had something to write when its scheduler ended. */
static void free_at_end(struct port *p)
{
	struct ns *ns = p->ns;
	p->done = true;
	port_io_done(p);
	epoch_retire(&p->retired, port_retire);
	ns_release(ns);
}

static void ready(struct port *p, struct pollee *e, unsigned events)
{
	if (events == POLL_CLOSED) {
		close_fd(p, e);
		if (p->closed && p->out.fd < 0 && !p->done)
			free_at_end(p);
		return;
	}
	enum pushed pushed = PUSH_LEFT;
	if (atomic_fetch_or_explicit(&p->ready, events, memory_order_acq_rel) == 0) {
		struct port_request *told = port_request_new(PORT_READY, TERM_NONE);
		pushed = push(p, &told->signal);
		if (pushed == PUSH_OWNED) {
			struct message *m = port_drain(p);
			assert(m == NULL);
		} else if (pushed == PUSH_REFUSED) {
			request_free(told);
		}
	}
	if (pushed != PUSH_OWNED) {
		/* Until its owner has looked it is not watched; what that does then is settled again. */
		int r = pollee_want(e, 0);
		assert(r == 0);
	}
}

void port_in_ready(struct pollee *e, unsigned events)
{
	ready((struct port *)(void *)((char *)e - offsetof(struct port, in)), e, events);
}

void port_out_ready(struct pollee *e, unsigned events)
{
	ready((struct port *)(void *)((char *)e - offsetof(struct port, out)), e, events);
}

/* ------------------------------------------------------------------------------------------------ busy */

static void let_go(struct proc *p, void *arg)
{
	if (p != NULL && p->suspends > 0 && --p->suspends == 0)
		atomic_and_acq_rel(&p->state, ~(uint32_t)STATE_SUSPENDED);
}

static void resume_all(struct port *p)
{
	wordmap_foreach(e, &p->waiting)
		for (uint64_t n = e->value; n > 0; n--)
			proc_request(e->key, let_go, NULL);
	wordmap_done(&p->waiting, MEM_PROC);
}

static void command(struct port *p, struct port_request *r);

void port_not_busy(struct port *p)
{
	atomic_store_release(&p->busy, false);
	resume_all(p);
	while (p->deferred != NULL && !atomic_load_relaxed(&p->busy) && !p->closed) {
		struct port_request *r = (struct port_request *)(void *)p->deferred;
		p->deferred = r->signal.next;
		if (p->deferred == NULL)
			p->deferred_last = &p->deferred;
		command(p, r);
	}
}

/* ------------------------------------------------------------------------------------------------ closing */

void port_close(struct port *p, term reason)
{
	if (p->closed)
		return;
	p->closed = true;
	port_table_remove(p);
	term name = atomic_exchange_explicit(&p->name, TERM_NONE, memory_order_acq_rel);
	if (name != TERM_NONE)
		(void)registry_remove_port(p->ns, name, p->id);
	wordmap_foreach(e, &p->links)
		signal_exit_to(
			SIGNAL_EXIT_LINK, p->id, e->key, reason, 0, (struct beamr_crash_id){ 0 });
	wordmap_done(&p->links, MEM_PROC);
	while (!list_is_empty(&p->monitored_by)) {
		struct monitor *m = list_entry(p->monitored_by.next, struct monitor, at_target);
		list_remove(&m->at_target);
		m->is_there = false;
		monitor_refuse(m, reason);
	}
	p->monitored_by_count = 0;
	atomic_store_release(&p->busy, false);
	resume_all(p);
	while (p->deferred != NULL) {
		struct port_request *r = (struct port_request *)(void *)p->deferred;
		p->deferred = r->signal.next;
		answer(p, r, A(badarg));
	}
	ns_give(p->ns, COUNT_PORTS);
	p->in_open = false;
	if (reason == A(killed) || !p->out_open)
		port_io_done(p);
	if (p->out_bytes > 0)
		port_want(p, PORT_DROP_IN | POLL_WRITE);
}

/* ------------------------------------------------------------------------------------------------ what they do */

void port_link_to(struct port *p, term pid)
{
	wordmap_put(&p->links, MEM_PROC, pid, NULL)->value = 0;
}

static void bad_signal(struct port *p)
{
	signal_exit_to(
		SIGNAL_EXIT, p->id, p->connected, A(badsig), 0, (struct beamr_crash_id){ 0 });
}

/* Takes r. */
static void command(struct port *p, struct port_request *r)
{
	if (atomic_load_relaxed(&p->busy) && r->kind == PORT_COMMAND) {
		if (p->mine == r)
			p->mine = NULL; /* its answer comes by a message */
		r->signal.next = NULL;
		*p->deferred_last = &r->signal;
		p->deferred_last = &r->signal.next;
		return;
	}
	struct port_bytes *bytes = r->bytes;
	r->bytes = NULL;
	port_io_write(p, bytes);
	answer(p, r, A(true));
}

static term info_item(struct port *p, struct heap *h, term item)
{
	term value = TERM_NIL;
	switch (atom_index(item)) {
	case ATOM_INDEX_registered_name:
		value = atomic_load_acquire(&p->name);
		if (value == TERM_NONE)
			return TERM_NIL;
		break;
	case ATOM_INDEX_name:
		value = port_text(h, p->spec.name);
		break;
	case ATOM_INDEX_links:
		wordmap_foreach(e, &p->links)
			value = heap_cons(h, e->key, value);
		break;
	case ATOM_INDEX_id:
		value = term_of_small((int64_t)(p->id >> 6));
		break;
	case ATOM_INDEX_connected:
		value = p->connected;
		break;
	case ATOM_INDEX_input:
		value = term_of_small((int64_t)p->input);
		break;
	case ATOM_INDEX_output:
		value = term_of_small((int64_t)p->output);
		break;
	case ATOM_INDEX_os_pid:
		value = p->pid > 0 ? term_of_small(p->pid) : A(undefined);
		break;
	case ATOM_INDEX_parallelism:
		value = term_of_bool((p->spec.flags & PORT_PARALLEL) != 0);
		break;
	case ATOM_INDEX_memory:
		value = term_of_small((int64_t)(sizeof(*p) + p->frame_capacity + p->out_bytes));
		break;
	case ATOM_INDEX_monitors:
		break;
	case ATOM_INDEX_monitored_by:
		list_foreach(n, &p->monitored_by)
			value = heap_cons(
				h, list_entry(n, struct monitor, at_target)->origin, value);
		break;
	case ATOM_INDEX_queue_size:
		value = term_of_small((int64_t)p->out_bytes);
		break;
	case ATOM_INDEX_locking:
		value = A(port_level);
		break;
	default:
		return A(badarg);
	}
	return heap_tuple_of(h, item, value);
}

static void info(struct port *p, struct port_request *r)
{
	static const uint32_t all[] = { ATOM_INDEX_os_pid, ATOM_INDEX_output, ATOM_INDEX_input,
		ATOM_INDEX_connected, ATOM_INDEX_id, ATOM_INDEX_links, ATOM_INDEX_name };
	struct heap h;
	heap_init_builder(&h);
	term result = TERM_NIL;
	if (r->item != TERM_NONE) {
		result = info_item(p, &h, r->item);
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(all); i++)
			result =
				heap_cons(&h, info_item(p, &h, term_of_atom_index(all[i])), result);
		term name = info_item(p, &h, A(registered_name));
		if (name != TERM_NIL)
			result = heap_cons(&h, name, result);
	}
	answer(p, r, result);
	heap_done(&h);
}

static void connect(struct port *p, struct port_request *r)
{
	p->connected = r->who;
	if (wordmap_find(&p->links, r->who) == NULL) {
		port_link_to(p, r->who);
		signal_link(SIGNAL_LINK, p->id, r->who, 0);
	}
	answer(p, r, A(true));
}

/* What its helper is told by, or why there is none. */
static void started(struct port *p, struct port_request *r)
{
	if (!p->opening) {
		term reason = errno_atom(r->status);
		answer(p, r, TERM_NONE);
		port_close(p, reason);
		return;
	}
	p->opening = false;
	p->pid = r->pid;
	reply(p->connected, p->open_ref, r->status == 0 ? p->id : errno_atom(r->status));
	if (r->status != 0) {
		/* Nobody has known it: it goes without a trace. */
		wordmap_foreach(e, &p->links)
			signal_link(SIGNAL_UNLINK, p->id, e->key, 1);
		wordmap_done(&p->links, MEM_PROC);
		port_close(p, A(normal));
	} else {
		port_want(p, p->in_open ? POLL_READ : 0);
	}
	request_free(r);
}

static void handle_ready(struct port *p, struct port_request *r)
{
	unsigned events = atomic_exchange_explicit(&p->ready, 0, memory_order_acq_rel);
	request_free(r);
	port_io_ready(p, events);
	if (!p->closed || p->out_bytes > 0)
		port_settle(p);
}

static void handle_closed(struct port *p, struct port_request *r)
{
	switch ((enum port_request_kind)r->kind) {
	case PORT_COMMAND:
	case PORT_CLOSE:
	case PORT_CONNECT:
	case PORT_CONTROL:
	case PORT_CALL:
		answer(p, r, A(badarg));
		return;
	case PORT_INFO:
		answer(p, r, A(undefined));
		return;
	case PORT_RESUME:
		proc_request(r->from, let_go, NULL);
		break;
	case PORT_READY:
		if (p->out_bytes > 0) {
			handle_ready(p, r);
			return;
		}
		break;
	case PORT_STARTED:
	case PORT_ENDED:
	case PORT_SEND_COMMAND:
	case PORT_SEND_CLOSE:
	case PORT_SEND_CONNECT:
	case PORT_BAD_SIGNAL:
		break;
	}
	request_free(r);
}

static void handle_request(struct port *p, struct port_request *r)
{
	if (p->closed) {
		handle_closed(p, r);
		return;
	}
	switch ((enum port_request_kind)r->kind) {
	case PORT_COMMAND:
		command(p, r);
		return;
	case PORT_CLOSE:
		port_close(p, A(normal));
		answer(p, r, A(true));
		return;
	case PORT_CONNECT:
		connect(p, r);
		return;
	case PORT_CONTROL:
	case PORT_CALL:
		answer(p, r, A(badarg)); /* neither kind of port has any operation */
		return;
	case PORT_INFO:
		info(p, r);
		return;
	case PORT_SEND_COMMAND:
		if (r->from == p->connected) {
			command(p, r);
			return;
		}
		bad_signal(p);
		break;
	case PORT_SEND_CLOSE:
		if (r->from == p->connected) {
			port_close(p, A(normal));
			send_tagged(p, r->from, A(closed), TERM_NONE);
		} else {
			bad_signal(p);
		}
		break;
	case PORT_SEND_CONNECT:
		if (r->from == p->connected) {
			p->connected = r->who;
			send_tagged(p, r->from, A(connected), TERM_NONE);
		} else {
			bad_signal(p);
		}
		break;
	case PORT_BAD_SIGNAL:
		bad_signal(p);
		break;
	case PORT_RESUME:
		if (atomic_load_relaxed(&p->busy))
			wordmap_put(&p->waiting, MEM_PROC, r->from, NULL)->value++;
		else
			proc_request(r->from, let_go, NULL);
		break;
	case PORT_STARTED:
		started(p, r);
		return;
	case PORT_ENDED:
		port_io_ended(p, r->status);
		break;
	case PORT_READY:
		handle_ready(p, r);
		return;
	}
	request_free(r);
}

static void handle_exit(struct port *p, struct signal *s)
{
	struct message *m = signal_message(s);
	term from = message_owner(m, struct exit_signal)->from;
	bool means = !p->closed;
	/* `kill` is as much as `killed` here, by a link, too. */
	if (s->kind == SIGNAL_EXIT_LINK)
		means = means && wordmap_remove(&p->links, MEM_PROC, from) &&
			(m->value != A(normal) || from == p->connected);
	if (means)
		port_close(p, m->value == A(kill) ? A(killed) : m->value);
	message_free(m);
}

static void handle_demonitor(struct port *p, struct monitor *m)
{
	if (m->is_there) {
		m->is_there = false;
		list_remove(&m->at_target);
		p->monitored_by_count--;
		(void)monitor_unref(m); /* the target's; there is still the signal's */
	}
	(void)monitor_unref(m);
}

static void handle(struct port *p, struct signal *s)
{
	if (s->kind == SIGNAL_KINDS) {
		handle_request(p, (struct port_request *)s); /* first member */
		return;
	}
	struct link_signal *l = (struct link_signal *)(void *)s;
	switch ((enum signal_kind)s->kind) {
	case SIGNAL_LINK:
		if (p->closed) {
			signal_refuse(s);
			break;
		}
		port_link_to(p, l->from);
		mem_free(MEM_MESSAGE, l, sizeof(*l));
		break;
	case SIGNAL_UNLINK:
		(void)wordmap_remove(&p->links, MEM_PROC, l->from);
		signal_link(SIGNAL_UNLINK_ACK, p->id, l->from, l->id);
		mem_free(MEM_MESSAGE, l, sizeof(*l));
		break;
	case SIGNAL_MONITOR:
		if (p->closed) {
			signal_refuse(s);
			break;
		}
		monitor_of_there(s)->is_there = true;
		list_append(&p->monitored_by, &monitor_of_there(s)->at_target);
		p->monitored_by_count++;
		break;
	case SIGNAL_DEMONITOR:
		handle_demonitor(p, monitor_of_gone(s));
		break;
	case SIGNAL_EXIT:
	case SIGNAL_EXIT_LINK:
		handle_exit(p, s);
		break;
	case SIGNAL_MESSAGE:
	case SIGNAL_ALIAS_MESSAGE:
	case SIGNAL_UNLINK_ACK:
	case SIGNAL_DOWN:
	case SIGNAL_REQUEST:
	case SIGNAL_ANSWER:
	case SIGNAL_KINDS:
		signal_refuse(s);
		break;
	}
}

/* ------------------------------------------------------------------------------------------------ the queue */

static enum pushed push(struct port *p, struct signal *s)
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
		handle(p, s);
		s = next;
	}
}

static void drain_at_home(struct poll_task *task);

/* The caller owns it. Returns the answer to its own request, if there is one. */
struct message *port_drain(struct port *p)
{
	struct message *mine = NULL;
	for (unsigned turns = 0; turns < DRAIN_MAX; turns++) {
		handle_all(p, turn_round(atomic_exchange_explicit(
				      &p->inbox, INBOX_OWNED, memory_order_acq_rel)));
		if (p->mine_answer != NULL) {
			mine = p->mine_answer;
			p->mine_answer = NULL;
		}
		if (p->closed && p->out_bytes == 0) {
			port_io_done(p);
			handle_all(p, turn_round(atomic_exchange_explicit(
					      &p->inbox, INBOX_CLOSED, memory_order_acq_rel)));
			/* The last that is done with it here: its home may free it, once this epoch is over. */
			port_want(p, PORT_FREE);
			return mine;
		}
		struct signal *owned = INBOX_OWNED;
		if (atomic_cas_acq_rel(&p->inbox, &owned, INBOX_IDLE))
			return mine;
	}
	poll_post(p->home, &p->drain_task, drain_at_home);
	return mine;
}

static void drain_at_home(struct poll_task *task)
{
	struct port *p = (struct port *)(void *)((char *)task - offsetof(struct port, drain_task));
	struct message *m = port_drain(p);
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
		reply(r->from, r->ref, r->kind == PORT_INFO ? A(undefined) : A(badarg));
	else if (r->kind == PORT_RESUME)
		proc_request(r->from, let_go, NULL);
	request_free(r);
}

void port_signal(struct port *p, struct signal *s)
{
	switch (push(p, s)) {
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
		request_free(r);
	epoch_leave();
	return p != NULL;
}

term port_ask(struct proc *asker, term port, struct port_request *r)
{
	struct port *p = port_lookup(port);
	if (p == NULL) {
		request_free(r);
		return TERM_NONE;
	}
	struct ref_id ref = r->ref = ref_new_id();
	r->answers = true;
	switch (push(p, &r->signal)) {
	case PUSH_REFUSED:
		request_free(r);
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
		let_go(p, NULL);
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

void port_init(void (*output)(struct ns *ns, term from, const uint8_t *bytes, size_t size))
{
	static const struct port_functions functions = {
		.reaches = reaches,
		.send = send,
		.signal = signal_by_term,
		.unnamed = port_name_gone,
	};
	port_output = output;
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
		free_at_end(p);
	}
	vec_done(&ports);
}
