/* SPDX-License-Identifier: Apache-2.0 */
/* Standard streams that are regular files. Such a descriptor is always ready and may block all the same, so helper threads read and
 * write it (law 10). See port.h.
 *
 * A job has its own bytes and a copy of the descriptor's number; it comes back to the port as a request, from the port's home. A port
 * has at most one that reads and one that writes, so that order is kept, and is not freed before they are back.
 * The helpers of these jobs are a share of their own: neither what else a namespace does there nor another one holds them up.
 * Invariant: no job is under way when the schedulers end; what is left to write then is written where it is (port_files_stop()). */
#include "io/port_impl.h"

#include "base/pool.h"
#include "io/trace_file.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 65536

struct file_job {
	struct pool_job job;   /* first */
	struct poll_task task; /* on the way back */
	struct port *port;
	int fd;
	bool writes;
	struct port_request *result; /* allocated before: coming back needs nothing */
	struct port_bytes *bytes;    /* what is to be written, a list; or room for what is read */
};

static struct {
	pthread_mutex_t lock; /* guards what follows; nothing else is taken while it is held */
	pthread_cond_t changed;
	uint64_t under_way;
	bool stopped;
	struct pool_share *share; /* fixed */
} files = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

bool port_file_is(int fd)
{
	struct stat st;
	return fd >= 0 && fstat(fd, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode));
}

/* ------------------------------------------------------------------------------------------------ on a helper thread */

/* 0 or an errno. */
static int write_all(int fd, const struct port_bytes *bytes)
{
	for (const struct port_bytes *b = bytes; b != NULL; b = b->next) {
		int error = trace_file_turn(fd, b->turn, TURN_BEFORE);
		if (error != 0)
			return error;
		size_t done = b->done;
		while (done < b->size) {
			ssize_t n = write(fd, b->data + done, b->size - done);
			if (n < 0 && errno != EINTR)
				return errno;
			done += n > 0 ? (size_t)n : 0;
		}
		error = trace_file_turn(fd, b->turn, TURN_AFTER);
		if (error != 0)
			return error;
	}
	return 0;
}

static void read_piece(int fd, struct port_request *result, struct port_bytes *bytes)
{
	ssize_t n;
	do
		n = read(fd, bytes->data, PIECE_BYTES);
	while (n < 0 && errno == EINTR);
	result->error = n < 0 ? errno : 0;
	bytes->done = n > 0 ? (size_t)n : 0;
}

static void list_free(struct port_bytes *b)
{
	while (b != NULL) {
		struct port_bytes *next = b->next;
		port_bytes_free(b);
		b = next;
	}
}

static void run(struct file_job *j)
{
	if (j->writes) {
		j->result->error = write_all(j->fd, j->bytes);
		list_free(j->bytes);
	} else {
		read_piece(j->fd, j->result, j->bytes);
		j->result->bytes = j->bytes;
	}
}

static void came_back(struct poll_task *task)
{
	struct file_job *j =
		(struct file_job *)(void *)((char *)task - offsetof(struct file_job, task));
	struct port *p = j->port;
	struct port_request *result = j->result;
	mem_free(MEM_MESSAGE, j, sizeof(*j));
	port_signal(p, &result->signal);
}

static void run_on_helper(struct pool_job *job)
{
	struct file_job *j = (struct file_job *)job; /* first member */
	run(j);
	poll_post(j->port->home, &j->task, came_back);
	pthread_mutex_lock(&files.lock);
	if (--files.under_way == 0)
		pthread_cond_broadcast(&files.changed);
	pthread_mutex_unlock(&files.lock);
}

/* ------------------------------------------------------------------------------------------------ the owner's */

/* Takes j. 0, or a negative errno when there is no helper to be had; -ECANCELED when there are to be none any more. */
static int send_helper(struct file_job *j)
{
	pthread_mutex_lock(&files.lock);
	bool stopped = files.stopped;
	files.under_way += !stopped;
	pthread_mutex_unlock(&files.lock);
	if (stopped)
		return -ECANCELED;
	int r = pool_run_of(files.share, &j->job, run_on_helper);
	if (r < 0) {
		pthread_mutex_lock(&files.lock);
		files.under_way--;
		pthread_mutex_unlock(&files.lock);
	}
	return r < 0 ? -ENOMEM : 0; /* -EAGAIN would mean something else here */
}

static struct file_job *job_new(struct port *p, int fd, bool writes, struct port_bytes *bytes)
{
	struct file_job *j = mem_zalloc(MEM_MESSAGE, sizeof(*j));
	j->port = p;
	j->fd = fd;
	j->writes = writes;
	j->bytes = bytes;
	j->result = port_request_new(writes ? PORT_FILE_WRITTEN : PORT_FILE_READ, TERM_NONE);
	return j;
}

static int job_drop(struct file_job *j, int r)
{
	port_request_free(j->result);
	mem_free(MEM_MESSAGE, j, sizeof(*j));
	return r;
}

int port_file_read(struct port *p)
{
	if (p->reading)
		return 0;
	struct port_bytes *room = mem_alloc(MEM_MESSAGE, sizeof(*room) + PIECE_BYTES);
	*room = (struct port_bytes){ .size = PIECE_BYTES };
	struct file_job *j = job_new(p, p->in.fd, false, room);
	int r = send_helper(j);
	p->reading = r == 0;
	if (r == 0)
		return 0;
	port_bytes_free(room);
	return job_drop(j, r == -ECANCELED ? 0 : r);
}

int port_file_write(struct port *p, struct port_bytes *bytes)
{
	struct file_job *j = job_new(p, p->out.fd, true, bytes);
	int r = send_helper(j);
	if (r == 0)
		return 0;
	int error = r == -ECANCELED ? write_all(p->out.fd, bytes) : -r;
	list_free(bytes);
	return job_drop(j, error == 0 ? 1 : -error);
}

/* ------------------------------------------------------------------------------------------------ start and end */

void port_files_init(void)
{
	pthread_mutex_lock(&files.lock);
	files.stopped = false;
	if (files.share == NULL)
		files.share = pool_share_new();
	pthread_mutex_unlock(&files.lock);
}

void port_files_stop(void)
{
	pthread_mutex_lock(&files.lock);
	files.stopped = true;
	while (files.under_way > 0)
		pthread_cond_wait(&files.changed, &files.lock);
	if (files.share != NULL)
		files.share = pool_share_unref(files.share);
	pthread_mutex_unlock(&files.lock);
}
