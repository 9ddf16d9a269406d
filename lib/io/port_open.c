/* SPDX-License-Identifier: Apache-2.0 */
/* How a port is opened: its descriptors, and the program behind them. See port.h.
 *
 * A port that is being opened is in the table already, since its owner may end meanwhile, but told to nobody. */
#include "io/port_impl.h"

#include "base/account.h"
#include "base/epoch.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "binary/iolist.h"
#include "io/errors.h"
#include "io/ram_file.h"
#include "io/stray.h"
#include "io/trace_file.h"
#include "ns/quota.h"
#include "proc/registry.h"
#include "proc/watch.h"
#include "term/atom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic uint64_t last_number;

/* ------------------------------------------------------------------------------------------------ opening */

static void child_started(term port, int error, pid_t pid)
{
	struct port_request *r = port_request_new(PORT_STARTED, TERM_NONE);
	r->status = error;
	r->pid = pid;
	(void)port_tell(port, r); /* it may have been closed */
}

static void child_ended(term port, int status)
{
	struct port_request *r = port_request_new(PORT_ENDED, TERM_NONE);
	r->status = status;
	(void)port_tell(port, r); /* it may have been closed */
}

/* Our ends and the child's. 0 or an errno. */
static int make_pipes(struct port *p, struct child_order *o)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int base = (p->spec.flags & PORT_NO_STDIO) ? 3 : 0;
	if ((p->spec.flags & PORT_IN) && pipe2(in, O_CLOEXEC) < 0)
		return errno;
	if ((p->spec.flags & PORT_OUT) && pipe2(out, O_CLOEXEC) < 0) {
		int error = errno;
		if (in[0] >= 0) {
			(void)close(in[0]);
			(void)close(in[1]);
		}
		return error;
	}
	if (in[0] >= 0) {
		(void)fcntl(in[0], F_SETFL, O_NONBLOCK); /* of our end only; a pipe takes it */
		p->in.fd = in[0];
		o->fds[base + 1] = in[1];
		o->keep[base + 1] = false;
	}
	if (out[0] >= 0) {
		(void)fcntl(out[1], F_SETFL, O_NONBLOCK);
		p->out.fd = out[1];
		o->fds[base] = out[0];
		o->keep[base] = false;
	}
	return 0;
}

/* Standard streams that are no pipes of the port are the namespace's own, and no input. */
static int lend_streams(struct port *p, struct child_order *o)
{
	for (int i = 0; i < CHILD_FDS; i++) {
		o->fds[i] = -1;
		o->keep[i] = true;
	}
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (nothing < 0)
		return errno;
	o->fds[0] = nothing;
	o->keep[0] = false;
	for (int i = 1; i < 3; i++)
		o->fds[i] = p->ns->streams[i] >= 0 ? p->ns->streams[i] : i;
	return 0;
}

/* Those that are still to be lent, and that the host keeps for itself. */
static int lend_hosted_streams(struct port *p, struct child_order *o)
{
	for (int i = 1; i < 3; i++) {
		if (p->ns->streams[i] >= 0 || !o->keep[i] || o->fds[i] != i)
			continue;
		int fd = stray_open(p->ns, i, p->home);
		if (fd < 0)
			return -fd;
		o->fds[i] = fd;
		o->keep[i] = false;
	}
	return 0;
}

static int start_helper(struct port *p)
{
	struct child_order *o = calloc(1, sizeof(*o));
	if (o == NULL)
		return ENOMEM;
	struct port_spec *s = &p->spec;
	int error = lend_streams(p, o), null_in = o->fds[0];
	if (error == 0)
		error = make_pipes(p, o);
	if (error != 0) {
		child_order_free(o);
		return error;
	}
	if (o->fds[0] != null_in)
		(void)close(null_in); /* it is not needed */
	if ((s->flags & PORT_STDERR) && (s->flags & PORT_IN)) {
		o->fds[2] = o->fds[(s->flags & PORT_NO_STDIO) ? 4 : 1];
		o->keep[2] = true;
	}
	error = lend_hosted_streams(p, o);
	if (error != 0) {
		child_order_free(o);
		return error;
	}
	o->path = s->path;
	o->argv = s->argv;
	o->envp = s->envp;
	o->cwd = cwd_get(p->ns);
	o->cd = s->cd;
	s->path = s->cd = NULL;
	s->argv = s->envp = NULL;
	o->check = s->kind == PORT_EXECUTABLE;
	o->ns = p->ns;
	o->home = p->home;
	o->port = p->id;
	o->started = child_started;
	o->ended = child_ended;
	child_start(o);
	return 0;
}

/* Descriptors 0 to 2 are the namespace's streams, from 3 on come those that it was given; others are a program's to use only where it has
 * the process for itself. */
static int fd_of(const struct ns *ns, int fd)
{
	if (fd >= 0 && fd < 3)
		return ns->streams[fd];
	if (fd >= 3 && (size_t)fd - 3 < ns->descriptor_count)
		return ns->descriptors[fd - 3];
	bool alone = ns->streams[0] == 0 || ns->streams[1] == 1 || ns->streams[2] == 2;
	return alone && fcntl(fd, F_GETFD) >= 0 ? fd : -2;
}

static int use_fds(struct port *p)
{
	int in = (p->spec.flags & PORT_IN) ? fd_of(p->ns, p->spec.fd_in) : -1;
	int out = (p->spec.flags & PORT_OUT) ? fd_of(p->ns, p->spec.fd_out) : -1;
	if (in < -1 || out < -1)
		return EBADF;
	p->in.fd = in;
	p->out.fd = out;
	p->shared = true;
	p->file_in = port_file_is(in);
	p->file_out = port_file_is(out);
	return 0;
}

static void free_unborn(struct port *p)
{
	if (!p->shared && p->in.fd >= 0)
		(void)close(p->in.fd); /* nobody has used it */
	if (!p->shared && p->out.fd >= 0)
		(void)close(p->out.fd);
	ns_give(p->ns, COUNT_PORTS);
	port_traced_end(p);
	wordmap_done(&p->links, MEM_PROC);
	epoch_retire(&p->retired, port_retire);
}

static struct port *port_new(struct proc *owner, struct port_spec *spec, struct ref_id ref)
{
	struct port *p = mem_zalloc(MEM_PROC, sizeof(*p));
	p->id = (atomic_add_relaxed(&last_number, 1) + 1) << 6 | IMM_PORT;
	p->ns = owner->ns;
	p->traced = (struct port_traced){ .id = p->id, .ns = p->ns };
	p->account = owner->account;
	account_charge(p->account, ACCOUNT_OTHER, sizeof(*p));
	p->home = poll_choose_home();
	p->spec = *spec;
	*spec = (struct port_spec){ 0 };
	atomic_store_relaxed(&p->name, TERM_NONE);
	p->connected = owner->pid;
	p->opening = true;
	p->open_ref = ref;
	p->in_open = (p->spec.flags & PORT_IN) != 0;
	p->out_open = (p->spec.flags & PORT_OUT) != 0;
	list_init(&p->monitored_by);
	p->deferred_last = &p->deferred;
	p->out_last = &p->out_first;
	pollee_init(&p->in, -1, p->home, port_in_ready);
	pollee_init(&p->out, -1, p->home, port_out_ready);
	return p;
}

/* Opening counts as something that it does. */
static void trace_opened(struct port *p)
{
	if (likely(atomic_load_acquire(&p->ns->trace) == NULL)) /* Pairs with trace_space(). */
		return;
	port_tracing.opened(&p->traced, p->connected, p->spec.name);
	if (port_traces(&p->traced, PORT_TRACE_RUNNING)) {
		port_tracing.scheduled(&p->traced, true, A(open));
		port_tracing.scheduled(&p->traced, false, A(open));
	}
}

term port_open(struct proc *owner, struct port_spec *spec, struct ref_id ref, int *ret_error)
{
	*ret_error = -1;
	if (port_count(owner->ns) >= PORTS_MAX || !ns_take(owner->ns, COUNT_PORTS))
		return TERM_NONE;
	struct port *p = port_new(owner, spec, ref);
	term id = p->id;
	port_link_to(p, owner->pid);
	bool helper = p->spec.kind == PORT_SPAWN || p->spec.kind == PORT_EXECUTABLE ||
		      p->spec.kind == PORT_TRACE_FILE;
	if (p->spec.kind == PORT_TRACE_FILE)
		p->in_open = false;
	if (p->spec.kind == PORT_RAM) {
		p->in_open = p->out_open = false;
		p->ram = ram_file_new(p->ns->account);
	} else if (p->spec.kind == PORT_FD) {
		*ret_error = use_fds(p);
		if (*ret_error != 0) {
			free_unborn(p);
			return TERM_NONE;
		}
	}
	trace_opened(p);
	ns_hold(p->ns);
	/* Owned until it is ready to be found: signals wait. */
	atomic_store_relaxed(&p->inbox, INBOX_OWNED);
	port_table_add(p);
	link_add(owner, id);
	if (helper) {
		*ret_error = p->spec.kind == PORT_TRACE_FILE ? trace_file_open(p) : start_helper(p);
		if (*ret_error != 0) {
			(void)link_ended(owner, id);
			port_table_remove(p);
			ns_release(p->ns);
			free_unborn(p);
			return TERM_NONE;
		}
	} else {
		p->opening = false;
		port_event(&p->traced, PORT_EVENT_GETTING_LINKED, owner->pid);
		if (p->in_open && p->in.fd < 0)
			port_io_eof(p);
		else
			port_io_go_on(p);
	}
	*ret_error = 0;
	struct message *m = port_drain(p);
	assert(m == NULL);
	return id;
}

void port_spec_done(struct port_spec *s)
{
	free(s->name);
	free(s->path);
	free(s->cd);
	for (char **t = s->argv; t != NULL && *t != NULL; t++)
		free(*t);
	for (char **t = s->envp; t != NULL && *t != NULL; t++)
		free(*t);
	free(s->argv);
	free(s->envp);
	*s = (struct port_spec){ 0 };
}

/* ------------------------------------------------------------------------------------------------ texts */

term port_text(struct heap *h, const char *text)
{
	size_t size = strlen(text), chars = 0;
	const uint8_t *bytes = (const uint8_t *)text;
	bool wide = utf8_valid(bytes, size, &chars);
	term list = TERM_NIL;
	/* From the end: a code point's first byte is no continuation. */
	for (size_t end = size; end > 0;) {
		size_t at = end - 1;
		uint32_t c = bytes[at];
		while (wide && (bytes[at] & 0xC0) == 0x80)
			at--;
		if (wide)
			(void)utf8_decode(bytes + at, end - at, &c);
		list = heap_cons(h, term_of_small((int64_t)c), list);
		end = at;
	}
	return list;
}
