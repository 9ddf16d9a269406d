/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting until what a namespace's ports have accepted is written: those that are open, and those that linger after their end.
 * See port.h.
 *
 * Each port is asked by a request, which it keeps until it has nothing to write. */
#include "io/port_impl.h"

#include "base/epoch.h"
#include "base/vec.h"

struct port_flush {
	_Atomic size_t open; /* requests under way, plus one while ports are being asked */
	void (*done)(void *user);
	void *user;
};

void port_flush_close(struct port_flush *f)
{
	if (atomic_sub_acq_rel(&f->open, 1) != 1)
		return;
	void (*done)(void *) = f->done;
	void *user = f->user;
	mem_free(MEM_MESSAGE, f, sizeof(*f));
	done(user);
}

struct flushed {
	const struct ns *ns;
	VEC(struct port *) ports;
};

static void collect(struct port *p, void *arg)
{
	struct flushed *c = arg;
	if (p->ns == c->ns)
		vec_push(&c->ports, p);
}

void ports_flush(const struct ns *ns, void (*done)(void *user), void *user)
{
	struct flushed c = { .ns = ns };
	epoch_enter();
	port_table_each_writing(collect, &c);
	struct port_flush *f = mem_alloc(MEM_MESSAGE, sizeof(*f));
	*f = (struct port_flush){ .open = c.ports.count + 1, .done = done, .user = user };
	vec_foreach(at, &c.ports) {
		struct port_request *r = port_request_new(PORT_FLUSH, TERM_NONE);
		r->flush = f;
		port_signal(*at, &r->signal);
	}
	vec_done(&c.ports);
	epoch_leave();
	port_flush_close(f);
}

void port_flush_add(struct port *p, struct port_request *r)
{
	if (p->out_bytes > 0 && p->mine == r)
		p->mine = NULL; /* its answer comes by a message */
	r->signal.next = p->flushes;
	p->flushes = &r->signal;
	port_flush_look(p);
}

void port_flush_look(struct port *p)
{
	while (p->flushes != NULL && p->out_bytes == 0) {
		struct port_request *r = (struct port_request *)(void *)p->flushes;
		p->flushes = r->signal.next;
		if (r->kind != PORT_CONTROL) {
			port_request_free(r);
			continue;
		}
		term done[2] = { TERM_ZERO, TERM_NIL };
		port_answer(p, r, term_of_cons(done));
	}
}
