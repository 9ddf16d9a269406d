/* SPDX-License-Identifier: Apache-2.0 */
/* What each request and each signal does to a port. All of it is the owner's. See port.h.
 *
 * Invariant: a request that answers is answered exactly once, by a message or, when it is the one of who drains the queue, at once. */
#include "io/port_impl.h"

#include "binary/binary.h"
#include "io/errors.h"
#include "io/ram_file.h"
#include "io/trace_file.h"
#include "ns/quota.h"
#include "proc/registry.h"
#include "term/atom.h"

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

void port_reply(term to, struct ref_id ref, term value)
{
	send_reply(to, ref, message_copy(SIGNAL_MESSAGE, 0, REPLY_ROOM, value));
}

/* Takes r. */
void port_answer(struct port *p, struct port_request *r, term value)
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
	port_request_free(r);
}

void port_send(struct port *p, struct message *m)
{
	port_trace_sent(p, p->connected, m->value);
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
	port_trace_sent(p, to, tag == A(closed) ? tag : m->value);
	signal_send_or_refuse(proc_lookup(to), &m->signal);
}

void port_send_tagged(struct port *p, term tag, term value)
{
	send_tagged(p, p->connected, tag, value);
}

/* ------------------------------------------------------------------------------------------------ told to tracing */

struct port_tracing port_tracing;

static void trace_received(struct port *p, term from, term what)
{
	if (port_traces(&p->traced, PORT_TRACE_RECEIVE))
		port_tracing.received(&p->traced, from, what);
}

/* {Tag, Value} */
static void trace_received_tagged(struct port *p, term from, term tag, term value)
{
	term tuple[3] = { HEADER(BOXED_TUPLE, 2), tag, value };
	trace_received(p, from, term_of_boxed(tuple));
}

/* {Tag, Bytes}, or {Tag, {Operation, Bytes}} */
static void trace_received_bytes(
	struct port *p, const struct port_request *r, term tag, size_t header, bool operation)
{
	if (!port_traces(&p->traced, PORT_TRACE_RECEIVE))
		return;
	struct heap h;
	heap_init_builder(&h);
	term data = bits_of_bytes(&h, r->bytes->data + header, r->bytes->size - header);
	if (!operation && p->spec.kind == PORT_FD)
		data = heap_cons(
			&h, data, TERM_NIL); /* as that driver takes it in OTP: in pieces */
	if (operation)
		data = heap_tuple_of(&h, term_of_small(r->operation), data);
	trace_received_tagged(p, r->from, tag, data);
	heap_done(&h);
}

/* What has been answered is told as if it were a message. */
static void trace_connected(struct port *p, term to)
{
	term tuple[3] = { HEADER(BOXED_TUPLE, 2), p->id, A(connected) };
	port_trace_sent(p, to, term_of_boxed(tuple));
}

/* ------------------------------------------------------------------------------------------------ busy */

void port_let_go(struct proc *p, void *arg)
{
	if (p != NULL && p->suspends > 0 && --p->suspends == 0)
		atomic_and_acq_rel(&p->state, ~(uint32_t)STATE_SUSPENDED);
}

static void resume_all(struct port *p)
{
	wordmap_foreach(e, &p->waiting)
		for (uint64_t n = e->value; n > 0; n--)
			proc_request(e->key, port_let_go, NULL);
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

/* traced: the reason that tracing hears of. */
static void close_for(struct port *p, term reason, term traced)
{
	if (p->closed)
		return;
	p->closed = true;
	port_table_remove(p);
	port_event(&p->traced, PORT_EVENT_CLOSED, traced);
	term name = atomic_exchange_explicit(&p->name, TERM_NONE, memory_order_acq_rel);
	if (name != TERM_NONE) {
		(void)registry_remove_port(p->ns, name, p->id);
		port_event(&p->traced, PORT_EVENT_UNREGISTER, name);
	}
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
		port_answer(p, r, A(badarg));
	}
	ns_give(p->ns, COUNT_PORTS);
	p->in_open = false;
	/* A file takes what was accepted, however the port ends. */
	if ((reason == A(killed) && !p->file_out) || !p->out_open)
		port_io_done(p);
	if (p->out_bytes > 0) {
		port_table_linger(p);
		port_want(p, port_io_wanted(p));
	}
}

void port_close(struct port *p, term reason)
{
	close_for(p, reason, reason);
}

/* ------------------------------------------------------------------------------------------------ what they do */

void port_link_to(struct port *p, term pid)
{
	wordmap_put(&p->links, MEM_PROC, pid, NULL)->value = 0;
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
	trace_received_bytes(p, r, A(command), port_header_of(p), false);
	struct port_bytes *bytes = r->bytes;
	r->bytes = NULL;
	port_io_write(p, bytes);
	port_answer(p, r, A(true));
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
	port_answer(p, r, result);
	heap_done(&h);
}

static void connect(struct port *p, struct port_request *r)
{
	p->connected = r->who;
	if (wordmap_find(&p->links, r->who) == NULL) {
		port_link_to(p, r->who);
		signal_link(SIGNAL_LINK, p->id, r->who, 0);
		port_event(&p->traced, PORT_EVENT_GETTING_LINKED, r->who);
	}
	trace_received_tagged(p, r->from, A(connect), r->who);
	trace_connected(p, r->from);
	port_answer(p, r, A(true));
}

/* What its helper is told by, or why there is none. */
static void started(struct port *p, struct port_request *r)
{
	if (!p->opening) {
		term reason = errno_atom(r->status);
		port_answer(p, r, TERM_NONE);
		port_close(p, reason);
		return;
	}
	p->opening = false;
	p->pid = r->pid;
	if (r->fd >= 0) {
		p->out.fd = r->fd;
		p->file_out = true;
		r->fd = -1;
	}
	port_reply(p->connected, p->open_ref, r->status == 0 ? p->id : errno_atom(r->status));
	if (r->status != 0) {
		/* Nobody has known it: it goes without a trace. */
		wordmap_foreach(e, &p->links)
			signal_link(SIGNAL_UNLINK, p->id, e->key, 1);
		wordmap_done(&p->links, MEM_PROC);
		port_close(p, A(normal));
	} else {
		port_io_go_on(p);
	}
	port_request_free(r);
}

static void ready(struct port *p, struct port_request *r)
{
	unsigned events = atomic_exchange_explicit(&p->ready, 0, memory_order_acq_rel);
	port_request_free(r);
	port_io_ready(p, events);
	if (!p->closed || p->out_bytes > 0)
		port_settle(p);
}

/* A closed one has only its output left. */
static void ready_to_write(struct port *p, struct port_request *r)
{
	if (p->out_bytes > 0)
		ready(p, r);
	else
		port_request_free(r);
}

static void drop(struct port *p, struct port_request *r)
{
	(void)p; /* nothing happens to it */
	port_request_free(r);
}

static void refuse(struct port *p, struct port_request *r)
{
	port_answer(p, r, A(badarg));
}

static void info_of_none(struct port *p, struct port_request *r)
{
	port_answer(p, r, A(undefined));
}

static void close_it(struct port *p, struct port_request *r)
{
	trace_received(p, r->from, A(close));
	port_close(p, A(normal));
	port_answer(p, r, A(true));
}

/* One kind of port has an operation; a file in memory would have none to hear of it. */
static void control(struct port *p, struct port_request *r)
{
	if (p->ram == NULL)
		trace_received_bytes(p, r, A(control), 0, true);
	if (p->spec.kind == PORT_TRACE_FILE)
		trace_file_control(p, r);
	else
		refuse(p, r);
}

static void bad_signal(struct port *p, struct port_request *r)
{
	signal_exit_to(
		SIGNAL_EXIT, p->id, p->connected, A(badsig), 0, (struct beamr_crash_id){ 0 });
	port_request_free(r);
}

static void send_command(struct port *p, struct port_request *r)
{
	if (r->from == p->connected)
		command(p, r);
	else
		bad_signal(p, r);
}

static void send_close(struct port *p, struct port_request *r)
{
	if (r->from != p->connected) {
		bad_signal(p, r);
		return;
	}
	trace_received(p, r->from, A(close));
	port_close(p, A(normal));
	send_tagged(p, r->from, A(closed), TERM_NONE);
	port_request_free(r);
}

static void send_connect(struct port *p, struct port_request *r)
{
	if (r->from != p->connected) {
		bad_signal(p, r);
		return;
	}
	trace_received_tagged(p, r->from, A(connect), r->who);
	p->connected = r->who;
	send_tagged(p, r->from, A(connected), TERM_NONE);
	port_request_free(r);
}

static void traced(struct port *p, struct port_request *r)
{
	struct port_bytes *bytes = r->bytes;
	r->bytes = NULL;
	port_io_write(p, bytes);
	port_request_free(r);
}

static void let_go(struct port *p, struct port_request *r)
{
	proc_request(r->from, port_let_go, NULL);
	drop(p, r);
}

static void resume(struct port *p, struct port_request *r)
{
	if (!atomic_load_relaxed(&p->busy)) {
		let_go(p, r);
		return;
	}
	wordmap_put(&p->waiting, MEM_PROC, r->from, NULL)->value++;
	port_request_free(r);
}

static void ended(struct port *p, struct port_request *r)
{
	port_io_ended(p, r->status);
	port_request_free(r);
}

static void named(struct port *p, struct port_request *r)
{
	port_event(&p->traced, (enum port_event)r->operation, r->who);
	port_request_free(r);
}

static void run(struct port *p, struct port_request *r)
{
	r->run.fn(&p->traced, r->run.arg);
	port_request_free(r);
}

static void run_without(struct port *p, struct port_request *r)
{
	r->run.fn(NULL, r->run.arg);
	drop(p, r);
}

/* Each takes the request. */
typedef void (*request_fn)(struct port *p, struct port_request *r);

static const struct {
	request_fn open, closed;
	term task;
} requests[PORT_REQUESTS] = {

#define REQUEST(KIND, open, closed, task, text) [PORT_##KIND] = { open, closed, task },
#include "io/port_requests.def"
#undef REQUEST
};

static void handle_request(struct port *p, struct port_request *r)
{
	(p->closed ? requests[r->kind].closed : requests[r->kind].open)(p, r);
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
	if (means) {
		trace_received(p, from, A(close));
		close_for(p, m->value == A(kill) ? A(killed) : m->value, m->value);
	}
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

static void handle_link(struct port *p, struct signal *s)
{
	struct link_signal *l = (struct link_signal *)(void *)s;
	if (p->closed) {
		signal_refuse(s);
		return;
	}
	port_link_to(p, l->from);
	port_event(&p->traced, PORT_EVENT_GETTING_LINKED, l->from);
	mem_free(MEM_MESSAGE, l, sizeof(*l));
}

static void handle_unlink(struct port *p, struct signal *s)
{
	struct link_signal *l = (struct link_signal *)(void *)s;
	if (wordmap_remove(&p->links, MEM_PROC, l->from))
		port_event(&p->traced, PORT_EVENT_GETTING_UNLINKED, l->from);
	signal_link(SIGNAL_UNLINK_ACK, p->id, l->from, l->id);
	mem_free(MEM_MESSAGE, l, sizeof(*l));
}

static void handle_monitor(struct port *p, struct signal *s)
{
	if (p->closed) {
		signal_refuse(s);
		return;
	}
	monitor_of_there(s)->is_there = true;
	list_append(&p->monitored_by, &monitor_of_there(s)->at_target);
	p->monitored_by_count++;
}

static void handle(struct port *p, struct signal *s)
{
	if (s->kind == SIGNAL_KINDS) {
		handle_request(p, (struct port_request *)s); /* first member */
		return;
	}
	switch ((enum signal_kind)s->kind) {
	case SIGNAL_LINK:
		handle_link(p, s);
		break;
	case SIGNAL_UNLINK:
		handle_unlink(p, s);
		break;
	case SIGNAL_MONITOR:
		handle_monitor(p, s);
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

/* What tracing calls it; TERM_NONE: it is not told. */
static term task_of(const struct signal *s)
{
	switch ((enum signal_kind)s->kind) {
	case SIGNAL_LINK:
		return A(link);
	case SIGNAL_UNLINK:
		return A(unlink);
	case SIGNAL_MONITOR:
		return A(monitor);
	case SIGNAL_DEMONITOR:
		return A(demonitor);
	case SIGNAL_EXIT:
		return A(close);
	case SIGNAL_EXIT_LINK:
		return TERM_ZERO;
	case SIGNAL_MESSAGE:
	case SIGNAL_ALIAS_MESSAGE:
	case SIGNAL_UNLINK_ACK:
	case SIGNAL_DOWN:
	case SIGNAL_REQUEST:
	case SIGNAL_ANSWER:
	case SIGNAL_KINDS:
		break;
	}
	return TERM_NONE;
}

static void trace_task(struct port *p, bool in, term task)
{
	if (task != TERM_NONE && !p->closed && port_traces(&p->traced, PORT_TRACE_RUNNING))
		port_tracing.scheduled(&p->traced, in, task);
}

/* Its opening is over. What comes to nothing is not told of any more. */
static void trace_started(struct port *p, const struct port_request *r)
{
	if (p->opening && r->status == 0)
		port_event(&p->traced, PORT_EVENT_GETTING_LINKED, p->connected);
	else if (p->opening)
		port_traced_end(p);
}

static _noinline_ void handle_traced(struct port *p, struct signal *s)
{
	const struct port_request *r =
		s->kind == SIGNAL_KINDS ? (const struct port_request *)(const void *)s : NULL;
	term task = r != NULL ? requests[r->kind].task : task_of(s);
	if (r != NULL && r->kind == PORT_STARTED)
		trace_started(p, r);
	trace_task(p, true, task);
	handle(p, s);
	trace_task(p, false, task);
}

void port_handle(struct port *p, struct signal *s)
{
	if (unlikely(atomic_load_relaxed(&p->traced.flags) != 0))
		handle_traced(p, s);
	else
		handle(p, s);
}
