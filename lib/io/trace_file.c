/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that write traces into files. See trace_file.h. */
#include "io/trace_file.h"

#include "base/pool.h"
#include "ns/cwd.h"
#include "term/atom.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_MAX (16U << 20) /* bytes that wait; beyond, what comes is dropped and counted */

/* ------------------------------------------------------------------------------------------------ opening */

struct opening {
	struct pool_job job;   /* first */
	struct poll_task task; /* on the way back */
	struct worker *home;
	struct ns *ns;
	struct cwd *cwd;
	term port;
	struct port_request *result;
	char path[];
};

static void opened(struct poll_task *task)
{
	struct opening *o =
		(struct opening *)(void *)((char *)task - offsetof(struct opening, task));
	struct ns *ns = o->ns;
	(void)port_tell(o->port, o->result); /* it may have been closed */
	mem_free(MEM_MISC, o, sizeof(*o) + strlen(o->path) + 1);
	ns_release(ns);
}

static void open_it(struct pool_job *job)
{
	struct opening *o = (struct opening *)job; /* first member */
	int fd;
	do
		fd = openat(o->cwd != NULL ? o->cwd->fd : AT_FDCWD, o->path,
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	while (fd < 0 && errno == EINTR && !pool_interrupted());
	o->result->fd = fd;
	o->result->status = fd < 0 ? errno : 0;
	if (o->cwd != NULL)
		(void)cwd_unref(o->cwd);
	poll_post(o->home, &o->task, opened);
}

int trace_file_open(struct port *p)
{
	size_t size = strlen(p->spec.path) + 1;
	struct opening *o = mem_zalloc(MEM_MISC, sizeof(*o) + size);
	memcpy(o->path, p->spec.path, size);
	o->home = p->home;
	o->ns = p->ns;
	o->cwd = cwd_get(p->ns);
	o->port = p->id;
	o->result = port_request_new(PORT_STARTED, TERM_NONE);
	ns_hold(p->ns);
	/* The opening of a pipe may block for ever: as what else this namespace does. */
	if (pool_run_of(p->ns->helpers, &o->job, open_it) == 0)
		return 0;
	ns_release(p->ns);
	if (o->cwd != NULL)
		(void)cwd_unref(o->cwd);
	port_request_free(o->result);
	mem_free(MEM_MISC, o, sizeof(*o) + size);
	return ENOMEM;
}

/* ------------------------------------------------------------------------------------------------ writing */

static void put_header(uint8_t *at, uint8_t kind, size_t n)
{
	at[0] = kind;
	for (unsigned i = 0; i < 4; i++)
		at[1 + i] = (uint8_t)(n >> (8 * (3 - i)));
}

void trace_file_write(struct port *p, struct port_bytes *b)
{
	if (p->out_bytes > QUEUE_MAX) {
		p->dropped++;
		port_bytes_free(b);
		return;
	}
	if (p->dropped > 0) {
		struct port_bytes *told = mem_alloc(MEM_MESSAGE, sizeof(*told) + TRACE_FILE_HEADER);
		*told = (struct port_bytes){ .size = TRACE_FILE_HEADER };
		put_header(told->data, 1, p->dropped < UINT32_MAX ? p->dropped : UINT32_MAX);
		p->dropped = 0;
		port_io_queue(p, told);
	}
	put_header(b->data, 0, b->size - TRACE_FILE_HEADER);
	port_io_queue(p, b);
}

void trace_file_control(struct port *p, struct port_request *r)
{
	if (r->operation == 'f')
		port_flush_add(p, r);
	else
		port_answer(p, r, A(badarg));
}
