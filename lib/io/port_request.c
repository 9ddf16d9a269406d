/* SPDX-License-Identifier: Apache-2.0 */
/* What each request and each signal does to a port. All of it is the owner's. See port.h.
 *
 * Invariant: a request that answers is answered exactly once, by a message or, when it is the one of who drains the queue, at once. */
#include "io/port_impl.h"

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
	}
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

static void handle_ready(struct port *p, struct port_request *r)
{
	unsigned events = atomic_exchange_explicit(&p->ready, 0, memory_order_acq_rel);
	port_request_free(r);
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
		port_answer(p, r, A(badarg));
		return;
	case PORT_INFO:
		port_answer(p, r, A(undefined));
		return;
	case PORT_RESUME:
		proc_request(r->from, port_let_go, NULL);
		break;
	case PORT_READY:
		if (p->out_bytes > 0) {
			handle_ready(p, r);
			return;
		}
		break;
	case PORT_FILE_READ:
		port_io_file_read(p, r);
		return;
	case PORT_FILE_WRITTEN:
		port_io_file_written(p, r);
		return;
	case PORT_FLUSH:
		port_flush_add(p, r);
		return;
	case PORT_STARTED:
	case PORT_ENDED:
	case PORT_SEND_COMMAND:
	case PORT_SEND_CLOSE:
	case PORT_SEND_CONNECT:
	case PORT_TRACED:
	case PORT_BAD_SIGNAL:
		break;
	}
	port_request_free(r);
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
		port_answer(p, r, A(true));
		return;
	case PORT_CONNECT:
		connect(p, r);
		return;
	case PORT_CONTROL:
		if (p->spec.kind == PORT_TRACE_FILE) {
			trace_file_control(p, r);
			return;
		}
		port_answer(p, r, A(badarg)); /* no other kind of port has any operation */
		return;
	case PORT_CALL:
		port_answer(p, r, A(badarg));
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
	case PORT_TRACED: {
		struct port_bytes *bytes = r->bytes;
		r->bytes = NULL;
		port_io_write(p, bytes);
		break;
	}
	case PORT_BAD_SIGNAL:
		bad_signal(p);
		break;
	case PORT_RESUME:
		if (atomic_load_relaxed(&p->busy))
			wordmap_put(&p->waiting, MEM_PROC, r->from, NULL)->value++;
		else
			proc_request(r->from, port_let_go, NULL);
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
	case PORT_FILE_READ:
		port_io_file_read(p, r);
		return;
	case PORT_FILE_WRITTEN:
		port_io_file_written(p, r);
		return;
	case PORT_FLUSH:
		port_flush_add(p, r);
		return;
	}
	port_request_free(r);
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

void port_handle(struct port *p, struct signal *s)
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
