/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that write traces into files. See trace_file.h. */
#include "io/trace_file.h"

#include "base/clock.h"
#include "base/pool.h"
#include "ns/cwd.h"
#include "term/atom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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
	char *path;
};

/* Its malloc'ed name: the file after so many turns. NULL without memory. */
static char *name_after(const struct port_spec *s, uint64_t turns)
{
	char *name = NULL;
	if (s->wrap.files == 0)
		return strdup(s->path);
	return asprintf(&name, "%.*s%llu%s", (int)s->wrap.at, s->path,
		       (unsigned long long)(turns % ((uint64_t)s->wrap.files + 1)),
		       s->path + s->wrap.at) < 0
		       ? NULL
		       : name;
}

static void opened(struct poll_task *task)
{
	struct opening *o =
		(struct opening *)(void *)((char *)task - offsetof(struct opening, task));
	struct ns *ns = o->ns;
	(void)port_tell(o->port, o->result); /* it may have been closed */
	free(o->path);
	mem_free(MEM_MISC, o, sizeof(*o));
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
	struct opening *o = mem_zalloc(MEM_MISC, sizeof(*o));
	o->path = name_after(&p->spec, 0);
	assert(o->path != NULL); /* as with all memory */
	p->file_until = clock_monotonic_nsec() + (int64_t)p->spec.wrap.msec * 1000000;
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
	free(o->path);
	mem_free(MEM_MISC, o, sizeof(*o));
	return ENOMEM;
}

/* ------------------------------------------------------------------------------------------------ files in turn */

struct trace_file_turn {
	enum turn_when when;
	struct cwd *cwd;
	char *next;
	char *gone; /* the one whose number is free then; NULL: none is yet */
};

struct trace_file_turn *trace_file_turn_free(struct trace_file_turn *t)
{
	if (t == NULL)
		return NULL;
	if (t->cwd != NULL)
		(void)cwd_unref(t->cwd);
	free(t->next);
	free(t->gone);
	mem_free(MEM_MISC, t, sizeof(*t));
	return NULL;
}

int trace_file_turn(int fd, const struct trace_file_turn *t, enum turn_when when)
{
	if (t == NULL || t->when != when)
		return 0;
	int dir = t->cwd->fd, next;
	if (t->gone != NULL)
		(void)unlinkat(dir, t->gone, 0); /* somebody may have taken it away */
	do
		next = openat(dir, t->next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	while (next < 0 && errno == EINTR);
	if (next < 0)
		return errno;
	/* The number stays, so that the port need not know. */
	int error = dup3(next, fd, O_CLOEXEC) < 0 ? errno : 0;
	(void)close(next); /* nothing was written by that number */
	return error;
}

static void turn(struct port *p, struct port_bytes *b, enum turn_when when)
{
	const struct port_spec *s = &p->spec;
	struct trace_file_turn *t = mem_zalloc(MEM_MISC, sizeof(*t));
	t->when = when;
	t->cwd = cwd_get(p->ns);
	t->next = name_after(s, ++p->turns);
	if (p->turns >= s->wrap.files)
		t->gone = name_after(s, p->turns - s->wrap.files);
	assert(t->next != NULL); /* as with all memory */
	b->turn = t;
	p->file_bytes = when == TURN_AFTER ? 0 : b->size;
	p->file_until = clock_monotonic_nsec() + (int64_t)s->wrap.msec * 1000000;
}

static void turn_if_due(struct port *p, struct port_bytes *b)
{
	const struct port_wrap *w = &p->spec.wrap;
	p->file_bytes += b->size;
	if (w->files == 0)
		return;
	if (w->msec == 0 && p->file_bytes >= w->size_max)
		turn(p, b, TURN_AFTER);
	else if (w->msec != 0 && clock_monotonic_nsec() >= p->file_until)
		turn(p, b, TURN_BEFORE);
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
	turn_if_due(p, b);
	port_io_queue(p, b);
}

void trace_file_control(struct port *p, struct port_request *r)
{
	if (r->operation == 'f')
		port_flush_add(p, r);
	else
		port_answer(p, r, A(badarg));
}
