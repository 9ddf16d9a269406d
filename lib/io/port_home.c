/* SPDX-License-Identifier: Apache-2.0 */
/* A port at its home, the worker that watches its descriptors: what is wanted of them, that they are ready, and its last phase.
 * See port.h.
 *
 * Invariant: only the home watches and closes descriptors; others say what is wanted and send it there. */
#include "io/port_impl.h"

#include "base/account.h"
#include "base/epoch.h"

#include <unistd.h>

/* ------------------------------------------------------------------------------------------------ at home */

void port_retire(struct epoch_item *item)
{
	struct port *p = (struct port *)(void *)((char *)item - offsetof(struct port, retired));
	port_spec_done(&p->spec);
	account_charge(p->account, ACCOUNT_OTHER, -(int64_t)sizeof(*p));
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
void port_free_at_end(struct port *p)
{
	struct ns *ns = p->ns;
	p->done = true;
	port_table_gone(p);
	port_io_done(p);
	port_flush_look(p);
	port_traced_end(p);
	epoch_retire(&p->retired, port_retire);
	ns_release(ns);
}

static void ready(struct port *p, struct pollee *e, unsigned events)
{
	if (events == POLL_CLOSED) {
		close_fd(p, e);
		if (p->closed && p->out.fd < 0 && !p->done)
			port_free_at_end(p);
		return;
	}
	enum port_pushed pushed = PUSH_LEFT;
	if (atomic_fetch_or_explicit(&p->ready, events, memory_order_acq_rel) == 0) {
		struct port_request *told = port_request_new(PORT_READY, TERM_NONE);
		pushed = port_push(p, &told->signal);
		if (pushed == PUSH_OWNED) {
			struct message *m = port_drain(p);
			assert(m == NULL);
		} else if (pushed == PUSH_REFUSED) {
			port_request_free(told);
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
