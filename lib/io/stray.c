/* SPDX-License-Identifier: Apache-2.0 */
/* A pipe for each such stream of a helper program. Its reading end lives until its last writer is gone, which may be later than the
 * namespace: then what comes is read and dropped, since who writes into a pipe that nobody reads is killed.
 * Invariant: a stray is in its stripe's list until its descriptor is closed; ns is NULL from the end of the namespace on. */
#include "io/stray.h"

#include "base/lock.h"
#include "io/port_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define STRIPES 64
#define PIECE 16384
#define PIECES 16 /* more than a pipe holds */

struct stray {
	struct poll_task task;
	struct pollee pollee;
	int stream;
	uint32_t ns_id;
	struct list link; /* guarded by its stripe */
	struct ns *ns;    /* guarded by its stripe */
};

static struct {
	struct mutex mutex;
	struct list strays;
} stripes[STRIPES]; /* by namespace */

static struct stray *stray_of(struct list *link)
{
	return list_entry(link, struct stray, link);
}

/* Some of what is there. What read() returned, with its errno. */
static ssize_t read_some(struct stray *s)
{
	uint8_t bytes[PIECE];
	ssize_t n = read(s->pollee.fd, bytes, sizeof(bytes));
	int error = errno;
	if (n > 0 && s->ns != NULL)
		port_output(s->ns, TERM_NONE, s->stream, bytes, (size_t)n);
	errno = error;
	return n;
}

static void stray_ready(struct pollee *pollee, unsigned events)
{
	struct stray *s = (struct stray *)(void *)((char *)pollee - offsetof(struct stray, pollee));
	struct mutex *mutex = &stripes[s->ns_id % STRIPES].mutex;
	bool last = events == POLL_CLOSED;
	mutex_lock(mutex);
	ssize_t n = read_some(s);
	for (int i = 1; last && n > 0 && i < PIECES; i++)
		n = read_some(s); /* all that is there */
	last = last || n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	if (last)
		list_remove(&s->link);
	mutex_unlock(mutex);
	if (!last)
		return;
	pollee_done(pollee);
	(void)close(pollee->fd); /* nobody writes any more */
	mem_free(MEM_MISC, s, sizeof(*s));
}

static void watch(struct poll_task *task)
{
	struct stray *s = (struct stray *)(void *)task; /* first member */
	if (pollee_want(&s->pollee, POLL_READ) < 0)
		stray_ready(&s->pollee, POLL_CLOSED); /* there is no means to watch it */
}

int stray_open(struct ns *ns, int stream, struct worker *home)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK); /* of our end only; a pipe takes it */
	struct stray *s = mem_zalloc(MEM_MISC, sizeof(*s));
	s->stream = stream;
	s->ns = ns;
	s->ns_id = ns->id;
	pollee_init(&s->pollee, ends[0], home, stray_ready);
	mutex_lock(&stripes[s->ns_id % STRIPES].mutex);
	list_append(&stripes[s->ns_id % STRIPES].strays, &s->link);
	mutex_unlock(&stripes[s->ns_id % STRIPES].mutex);
	poll_post(home, &s->task, watch);
	return ends[1];
}

/* The namespace ends: its programs have been killed, but perhaps not all that was written has been read. */
static void ns_done(struct ns *ns)
{
	struct mutex *mutex = &stripes[ns->id % STRIPES].mutex;
	mutex_lock(mutex);
	list_foreach(link, &stripes[ns->id % STRIPES].strays) {
		struct stray *s = stray_of(link);
		if (s->ns != ns)
			continue;
		for (int i = 0; i < PIECES && read_some(s) > 0; i++)
			;
		s->ns = NULL;
	}
	mutex_unlock(mutex);
}

void strays_init(void)
{
	static struct ns_part part = { .done = ns_done, .names = ns_part_without_names };
	for (size_t i = 0; i < STRIPES; i++) {
		mutex_init(&stripes[i].mutex, LOCK_STRAYS);
		list_init(&stripes[i].strays);
	}
	ns_add_part(&part);
}
