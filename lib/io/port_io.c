/* SPDX-License-Identifier: Apache-2.0 */
/* What goes through a port: framing, reading, writing. All of it is the owner's. See port.h.
 *
 * Reading: at most READ_MAX bytes at a time, each becoming one message, or as many as there are packets or lines in them.
 * Writing: what the descriptor does not take at once waits in a queue that makes the port busy while it is long.
 * Bound: a packet that is not complete takes as much memory as has come of it, whatever its header says. */
#include "io/port_impl.h"
#include "io/ram_file.h"
#include "io/trace_file.h"

#include "base/account.h"
#include "binary/binary.h"
#include "io/errors.h"
#include "term/atom.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_MAX 65536
#define WRITE_PIECES 16
#define FRAME_MAX ((size_t)1 << 31)

void (*port_output)(struct ns *ns, term from, int stream, const uint8_t *bytes, size_t size);

/* ------------------------------------------------------------------------------------------------ messages */

/* Words of room for bytes as a term, and the term. */
static size_t bytes_words(const struct port *p, size_t size)
{
	if (!(p->spec.flags & PORT_BINARY))
		return 2 * size;
	return size <= HEAP_BITS_MAX_BYTES ? 2 + (size + 7) / 8 : REF_BITS_WORDS;
}

static term put_bytes(
	const struct port *p, struct message *m, term *w, const uint8_t *data, size_t size)
{
	if (!(p->spec.flags & PORT_BINARY)) {
		for (size_t i = 0; i < size; i++) {
			w[2 * i] = term_of_small(data[i]);
			w[2 * i + 1] = i + 1 < size ? term_of_cons(w + 2 * i + 2) : TERM_NIL;
		}
		return size > 0 ? term_of_cons(w) : TERM_NIL;
	}
	/* A builder whose room is ours: what is made there stays there. */
	struct heap h = { .top = w, .limit = w + bytes_words(p, size) };
	term t = bits_of_bytes(&h, data, size);
	debug_assert(h.fragments == NULL);
	offheap_splice(&m->offheap, &h.offheap);
	return t;
}

/* {Port, {data, Data}}, or {Port, {data, {Kind, Data}}} */
static void deliver(struct port *p, term kind, const uint8_t *data, size_t size)
{
	size_t head = kind == TERM_NONE ? 6 : 9;
	struct message *m = message_new(SIGNAL_MESSAGE, 0, head + bytes_words(p, size));
	term *w = m->fragment.data;
	term t = put_bytes(p, m, w + head, data, size);
	if (kind != TERM_NONE) {
		w[6] = HEADER(BOXED_TUPLE, 2);
		w[7] = kind;
		w[8] = t;
		t = term_of_boxed(w + 6);
	}
	w[0] = HEADER(BOXED_TUPLE, 2);
	w[1] = p->id;
	w[2] = term_of_boxed(w + 3);
	w[3] = HEADER(BOXED_TUPLE, 2);
	w[4] = A(data);
	w[5] = t;
	m->value = term_of_boxed(w);
	p->input += size;
	port_send(p, m);
}

void port_io_deliver(
	struct port *p, const uint8_t *head, size_t head_size, const uint8_t *data, size_t size)
{
	size_t before = 6 + 2 * head_size;
	struct message *m =
		message_new(SIGNAL_MESSAGE, 0, before + (data != NULL ? bytes_words(p, size) : 0));
	term *w = m->fragment.data;
	term t = data != NULL ? put_bytes(p, m, w + before, data, size) : TERM_NIL;
	for (size_t i = head_size; i-- > 0;) {
		w[6 + 2 * i] = term_of_small(head[i]);
		w[7 + 2 * i] = t;
		t = term_of_cons(w + 6 + 2 * i);
	}
	w[0] = HEADER(BOXED_TUPLE, 2);
	w[1] = p->id;
	w[2] = term_of_boxed(w + 3);
	w[3] = HEADER(BOXED_TUPLE, 2);
	w[4] = A(data);
	w[5] = t;
	m->value = term_of_boxed(w);
	p->input += head_size + size;
	port_send(p, m);
}

/* ------------------------------------------------------------------------------------------------ framing of what is read */

static void frame_add(struct port *p, const uint8_t *data, size_t size)
{
	if (p->frame_size + size > p->frame_capacity) {
		size_t capacity = p->frame_capacity * 2 > p->frame_size + size
					  ? p->frame_capacity * 2
					  : p->frame_size + size;
		p->frame = mem_realloc(MEM_MESSAGE, p->frame, p->frame_capacity, capacity);
		account_charge(
			p->account, ACCOUNT_BINARIES, (int64_t)(capacity - p->frame_capacity));
		p->frame_capacity = capacity;
	}
	memcpy(p->frame + p->frame_size, data, size);
	p->frame_size += size;
}

static size_t header_value(const uint8_t *data, unsigned header)
{
	size_t n = 0;
	for (unsigned i = 0; i < header; i++)
		n = n << 8 | data[i];
	return n;
}

/* Whole packets of the bytes; returns how many bytes they were. */
static size_t packets(struct port *p, const uint8_t *data, size_t size)
{
	unsigned header = p->spec.header;
	size_t done = 0;
	while (size - done >= header) {
		size_t n = header_value(data + done, header);
		if (size - done - header < n)
			break;
		deliver(p, TERM_NONE, data + done + header, n);
		done += header + n;
	}
	return done;
}

static void read_packets(struct port *p, const uint8_t *data, size_t size)
{
	if (p->frame_size == 0) {
		size_t done = packets(p, data, size);
		data += done;
		size -= done;
	}
	if (size == 0)
		return;
	frame_add(p, data, size);
	size_t done = packets(p, p->frame, p->frame_size);
	if (done > 0) {
		p->frame_size -= done;
		memmove(p->frame, p->frame + done, p->frame_size);
	}
	if (p->frame_size > FRAME_MAX)
		port_close(p, A(enomem));
}

/* As much of a line as is told without its end; what is left of the frame begins the next piece. */
static void deliver_piece(struct port *p, size_t size)
{
	deliver(p, A(noeol), p->frame, size);
	p->frame_size -= size;
	memmove(p->frame, p->frame + size, p->frame_size);
}

/* A carriage return before the end of a line belongs to the end. */
static void deliver_line(struct port *p, const uint8_t *data, size_t size)
{
	deliver(p, A(eol), data, size > 0 && data[size - 1] == '\r' ? size - 1 : size);
}

/* A line is told when its end is seen, or when more bytes than fit have come that are not its end: a carriage return that is one too
 * many waits for what follows it. */
static void read_lines(struct port *p, const uint8_t *data, size_t size)
{
	size_t max = p->spec.line_max;
	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t n = end != NULL ? (size_t)(end - data) : size, total = p->frame_size + n;
		bool fits =
			total <= max ||
			(total == max + 1 && (n > 0 ? data[n - 1] : p->frame[total - 1]) == '\r');
		if (!fits && p->frame_size > max) {
			deliver_piece(p, max);
			continue;
		}
		if (!fits) {
			n = max - p->frame_size;
			frame_add(p, data, n);
			deliver_piece(p, max);
		} else if (end != NULL && p->frame_size == 0) {
			deliver_line(p, data, n++);
		} else if (end != NULL) {
			frame_add(p, data, n++);
			deliver_line(p, p->frame, p->frame_size);
			p->frame_size = 0;
		} else {
			frame_add(p, data, n);
		}
		data += n;
		size -= n;
	}
}

static void take_in(struct port *p, const uint8_t *data, size_t size)
{
	switch (p->spec.mode) {
	case PORT_STREAM:
		deliver(p, TERM_NONE, data, size);
		break;
	case PORT_PACKET:
		read_packets(p, data, size);
		break;
	case PORT_LINE:
		read_lines(p, data, size);
		break;
	}
}

/* ------------------------------------------------------------------------------------------------ the end of the input */

/* Its helper's status is told when both its output and itself have ended. */
static void finish(struct port *p)
{
	if ((p->spec.flags & PORT_EXIT_STATUS) && p->spec.kind != PORT_FD) {
		if (!p->ended)
			return;
		port_send_tagged(p, A(exit_status), term_of_small(p->status));
	}
	p->told = true;
	if (p->spec.mode == PORT_LINE && p->frame_size > p->spec.line_max)
		deliver_piece(p, p->spec.line_max);
	if (p->spec.mode == PORT_LINE && p->frame_size > 0)
		deliver_piece(p, p->frame_size);
	if (p->spec.flags & PORT_EOF)
		port_send_tagged(p, A(eof), TERM_NONE);
	else
		port_close(p, A(normal));
}

unsigned port_io_wanted(const struct port *p)
{
	return (!p->in_open         ? PORT_DROP_IN
		       : p->file_in ? 0U
				    : POLL_READ) |
	       (p->out_bytes > 0 && !p->file_out ? POLL_WRITE : 0U);
}

void port_io_go_on(struct port *p)
{
	port_want(p, port_io_wanted(p));
	if (!p->in_open || !p->file_in)
		return;
	int r = port_file_read(p);
	if (r < 0)
		port_close(p, errno_atom(-r));
}

void port_io_eof(struct port *p)
{
	p->in_open = false;
	p->eof = true;
	port_want(p, port_io_wanted(p));
	finish(p);
}

void port_io_ended(struct port *p, int status)
{
	p->ended = true;
	p->status = status;
	if (p->eof && !p->told)
		finish(p);
}

static void read_some(struct port *p)
{
	uint8_t bytes[READ_MAX];
	if (!p->in_open)
		return;
	struct pollfd ready = { .fd = p->in.fd, .events = POLLIN };
	if (p->shared && poll(&ready, 1, 0) == 0)
		return;
	ssize_t n = read(p->in.fd, bytes, sizeof(bytes));
	if (n > 0) {
		take_in(p, bytes, (size_t)n);
	} else if (n == 0) {
		port_io_eof(p);
	} else if (errno != EAGAIN && errno != EINTR) {
		port_close(p, errno_atom(errno));
	}
}

void port_io_file_read(struct port *p, struct port_request *r)
{
	int error = r->error;
	size_t n = r->bytes->done;
	p->reading = false;
	if (p->closed) {
		port_request_free(r);
		return;
	}
	if (n > 0)
		take_in(p, r->bytes->data, n);
	port_request_free(r);
	if (error != 0)
		port_close(p, errno_atom(error));
	else if (n == 0)
		port_io_eof(p);
	else if (!p->closed)
		port_io_go_on(p);
}

/* ------------------------------------------------------------------------------------------------ writing */

/* What has gone out of the queue. */
static void written(struct port *p, size_t n)
{
	p->out_bytes -= n;
	while (n > 0) {
		struct port_bytes *b = p->out_first;
		size_t here = b->size - b->done < n ? b->size - b->done : n;
		b->done += here;
		n -= here;
		if (b->done < b->size)
			break;
		p->out_first = b->next;
		if (p->out_first == NULL)
			p->out_last = &p->out_first;
		port_bytes_free(b);
	}
}

/* Once. As write(); -EAGAIN when it would block. */
static ssize_t write_once(struct port *p)
{
	struct iovec pieces[WRITE_PIECES];
	int count = 0;
	for (struct port_bytes *b = p->out_first; b != NULL && count < WRITE_PIECES; b = b->next)
		pieces[count++] = (struct iovec){ b->data + b->done, b->size - b->done };
	if (p->shared) {
		/* It may block: it is asked first, and given what it then takes. */
		struct pollfd ready = { .fd = p->out.fd, .events = POLLOUT };
		if (poll(&ready, 1, 0) == 0)
			return -EAGAIN;
		count = 1;
		if (pieces[0].iov_len > PIPE_BUF)
			pieces[0].iov_len = PIPE_BUF;
	}
	ssize_t n = writev(p->out.fd, pieces, count);
	return n < 0 ? -errno : n;
}

static void drop_output(struct port *p)
{
	while (p->out_first != NULL) {
		struct port_bytes *b = p->out_first;
		p->out_first = b->next;
		port_bytes_free(b);
	}
	p->out_last = &p->out_first;
	p->out_bytes = p->writing;
}

/* All that waits, by a helper thread. Negative errno when it cannot be. */
static ssize_t write_by_helper(struct port *p)
{
	if (p->writing > 0)
		return -EAGAIN;
	struct port_bytes *bytes = p->out_first;
	p->out_first = NULL;
	p->out_last = &p->out_first;
	p->writing = p->out_bytes;
	int r = port_file_write(p, bytes);
	if (r != 0)
		p->writing = 0;
	if (r == 1)
		p->out_bytes = 0;
	return r == 0 ? -EAGAIN : r < 0 ? r : 0;
}

static void write_some(struct port *p)
{
	ssize_t r = 0;
	while (p->out_bytes > 0) {
		r = p->file_out ? write_by_helper(p) : write_once(p);
		if (r < 0)
			break;
		if (!p->file_out)
			written(p, (size_t)r);
	}
	if (r < 0 && r != -EAGAIN && r != -EINTR) {
		p->out_open = false;
		drop_output(p);
		port_close(p, errno_atom((int)-r));
		return;
	}
	if (p->closed)
		return;
	if (atomic_load_relaxed(&p->busy) && p->out_bytes < p->spec.busy_low)
		port_not_busy(p);
	else if (p->out_bytes >= p->spec.busy_high)
		atomic_store_release(&p->busy, true);
	if (!p->closed)
		port_want(p, port_io_wanted(p));
}

static bool put_header(struct port *p, struct port_bytes *b)
{
	size_t size = b->size - p->spec.header;
	if (p->spec.header < 4 && size >> (8 * p->spec.header) != 0)
		return false;
	for (unsigned i = 0; i < p->spec.header; i++)
		b->data[i] = (uint8_t)(size >> (8 * (p->spec.header - 1 - i)));
	return true;
}

void port_io_write(struct port *p, struct port_bytes *b)
{
	size_t header = p->spec.mode == PORT_PACKET ? p->spec.header : 0;
	term fault = TERM_NONE;
	p->output += b->size - header;
	if (p->spec.kind == PORT_TRACE_FILE) {
		trace_file_write(p, b);
		return;
	}
	if (p->ram != NULL) {
		ram_file_command(p, p->ram, b->data, b->size);
		port_bytes_free(b);
		return;
	}
	if (!p->out_open || (p->out.fd < 0 && !p->shared))
		fault = A(ebadf);
	else if (header != 0 && !put_header(p, b))
		fault = A(einval);
	if (fault != TERM_NONE) {
		port_bytes_free(b);
		port_close(p, fault);
		return;
	}
	if (p->out.fd < 0)
		port_output(p->ns, p->connected, p->spec.fd_out, b->data, b->size);
	if (p->out.fd < 0 || b->size == 0) {
		port_bytes_free(b);
		return;
	}
	port_io_queue(p, b);
}

void port_io_queue(struct port *p, struct port_bytes *b)
{
	b->next = NULL;
	*p->out_last = b;
	p->out_last = &b->next;
	bool waits = p->out_bytes > 0;
	p->out_bytes += b->size;
	if (!waits)
		write_some(p);
	else if (p->out_bytes >= p->spec.busy_high)
		atomic_store_release(&p->busy, true);
}

void port_io_file_written(struct port *p, struct port_request *r)
{
	int error = r->error;
	port_request_free(r);
	p->out_bytes -= p->writing;
	p->writing = 0;
	if (error != 0) {
		p->out_open = false;
		drop_output(p);
		port_close(p, errno_atom(error));
		return;
	}
	write_some(p);
}

void port_io_ready(struct port *p, unsigned events)
{
	if ((events & POLL_WRITE) && p->out_bytes > 0)
		write_some(p);
	if ((events & POLL_READ) && !p->closed)
		read_some(p);
}

void port_io_done(struct port *p)
{
	drop_output(p);
	p->ram = ram_file_free(p->ram);
	mem_free(MEM_MESSAGE, p->frame, p->frame_capacity);
	account_charge(p->account, ACCOUNT_BINARIES, -(int64_t)p->frame_capacity);
	p->frame = NULL;
	p->frame_size = p->frame_capacity = 0;
}
