/* SPDX-License-Identifier: Apache-2.0 */
/* Module prim_tty: reading and writing a namespace's standard streams, and the terminal's mode.
 *
 * The streams are those the host has lent the namespace (ns->streams). Without an input there is its end; without an output the bytes
 * go to the host, which knows where a service's output belongs.
 * The streams are not ours alone, so they are not made non-blocking: what is written goes out in pieces that a stream which
 * says it is ready takes without blocking, and when it is not ready the process waits. A regular file is always ready and may
 * block all the same: a helper thread reads and writes it. */
#include "bif/prim_tty.h"

#include "base/epoch.h"
#include "bif/bif.h"
#include "bif/errand.h"
#include "bif/host.h"
#include "binary/iolist.h"
#include "io/errors.h"
#include "io/port.h"
#include "io/select.h"
#include "term/ident.h"
#include "term/map.h"

#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define READ_MAX 1024
#define WRITE_PIECE PIPE_BUF /* what a pipe that is ready takes without blocking */

struct tty {
	struct counted counted;
	struct ref_id id;
	struct selectable input;
	/* fixed */
	int in, out;
	int stream; /* 1 or 2: what out stands for */
	bool file_in, file_out; /* they are regular files */

	/* guarded by lock */
	struct mutex lock;
	bool is_terminal;
	bool enabled;
	struct termios now, first;
	term owner, reader; /* TERM_NONE */

	/* guarded by waiting.lock */
	const struct ns *ns;
	struct list link;              /* in waiting.list; empty: nobody waits for signals here */
	struct owned_term *ready;      /* what says that there is one */
	term signals_to;
	bool winch, cont;              /* came, and were not read yet */
};

/* Terminals whose readers wait for signals; each is referred to by its own `ready`. */
static struct {
	struct mutex lock;
	struct list list;
} waiting = { { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF }, { &waiting.list, &waiting.list } };

static void tty_destroy(struct counted *counted)
{
	struct tty *t = (struct tty *)counted; /* first member */
	select_done(&t->input);
	mutex_done(&t->lock);
	mem_free(MEM_MISC, t, sizeof(*t));
}

static struct tty *tty_of(term ref)
{
	if (!term_is_kind(ref, BOXED_MAGIC_REF))
		return NULL;
	struct counted *counted = offheap_counted(boxed_ptr(ref));
	return counted->destroy == tty_destroy ? (struct tty *)counted : NULL;
}

static term error_of(struct proc *p, term reason)
{
	return heap_tuple_of(bif_heap(p), A(error), reason);
}

static term errno_error(struct proc *p, const char *function, int error)
{
	return error_of(p, heap_tuple_of(bif_heap(p), atom_of_string(function), errno_atom(error)));
}

/* Index of a stream; -1 when it is none. */
static int stream_index(term name)
{
	return name == A(stdin) ? 0 : name == A(stdout) ? 1 : name == A(stderr) ? 2 : -1;
}

term bif_prim_tty_isatty_1(struct proc *p, const term *args)
{
	int i = stream_index(args[0]);
	if (i < 0)
		return bif_badarg(p);
	if (p->ns->streams[i] < 0)
		return A(false);
	if (isatty(p->ns->streams[i]))
		return A(true);
	return errno == EINVAL || errno == ENOTTY ? A(false) : A(ebadf);
}

/* ------------------------------------------------------------------------------------------------ life and mode */

static term create(struct proc *p, int out)
{
	struct tty *t = mem_zalloc(MEM_MISC, sizeof(*t));
	t->counted.refs = 1;
	t->counted.destroy = tty_destroy;
	t->id = ref_new_id();
	t->in = p->ns->streams[0];
	t->out = p->ns->streams[out];
	t->file_in = port_file_is(t->in);
	t->file_out = port_file_is(t->out);
	t->stream = out;
	t->owner = t->reader = TERM_NONE;
	mutex_init(&t->lock, LOCK_LEAF);
	select_init(&t->input, &t->counted, t->id, NULL);
	list_init(&t->link);
	t->is_terminal = t->out >= 0 && tcgetattr(t->out, &t->first) == 0;
	t->now = t->first;
	term *m = heap_alloc(bif_heap(p), MAGIC_REF_WORDS);
	m[0] = HEADER(BOXED_MAGIC_REF, MAGIC_REF_WORDS - 1);
	m[2] = (term)(uintptr_t)t;
	m[3] = t->id.high;
	m[4] = t->id.low;
	offheap_add(&bif_heap(p)->offheap, m, MAGIC_REF_BYTES);
	return heap_tuple_of(bif_heap(p), A(ok), term_of_boxed(m));
}

term bif_prim_tty_create_0(struct proc *p, const term *args)
{
	return create(p, 1);
}

term bif_prim_tty_create_1(struct proc *p, const term *args)
{
	int out = stream_index(args[0]);
	return out < 1 ? bif_badarg(p) : create(p, out);
}

/* Its owner has ended: the terminal is as it was found. */
static void owner_ended(void *arg)
{
	struct tty *t = arg;
	mutex_lock(&t->lock);
	if (t->is_terminal && t->enabled)
		(void)tcsetattr(t->out, TCSANOW, &t->first); /* it may be gone */
	t->enabled = false;
	mutex_unlock(&t->lock);
	counted_unref(&t->counted);
}

static void raw_mode(struct termios *mode)
{
	mode->c_iflag &= ~(tcflag_t)(ISTRIP | ICRNL);
	mode->c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	mode->c_oflag &= ~(tcflag_t)OPOST;
	mode->c_cc[VMIN] = 1;
	mode->c_cc[VTIME] = 0;
}

static void watch_owner(struct proc *p, struct tty *t)
{
	if (t->owner == p->pid)
		return;
	t->owner = p->pid;
	counted_ref(&t->counted);
	proc_watch(p->pid, owner_ended, t);
}

static term set_mode(struct proc *p, struct tty *t)
{
	return tcsetattr(t->out, TCSANOW, &t->now) < 0 ? errno_error(p, "tcsetattr", errno) : A(ok);
}

/* 29: #{input := raw | cooked | disabled}. */
term bif_prim_tty_init_2(struct proc *p, const term *args)
{
	struct tty *t = tty_of(args[0]);
	term input = t != NULL && term_is_map(args[1]) ? map_get(args[1], A(input)) : TERM_NONE;
	if (input == TERM_NONE)
		return bif_badarg(p);
	if (!t->is_terminal)
		return input == A(raw) ? error_of(p, A(enotsup)) : A(ok);
	mutex_lock(&t->lock);
	bool before = t->enabled;
	t->enabled = input == A(raw);
	t->now = t->first;
	if (t->enabled)
		raw_mode(&t->now);
	term result = t->enabled || before ? set_mode(p, t) : A(ok);
	mutex_unlock(&t->lock);
	if (result == A(ok))
		watch_owner(p, t);
	return result;
}

/* Up to 27: options tty, canon, echo, sig; tty_set makes it so. */
term bif_prim_tty_init_3(struct proc *p, const term *args)
{
	struct tty *t = tty_of(args[0]);
	if (t == NULL || !term_is_map(args[2]))
		return bif_badarg(p);
	term canon = map_get(args[2], A(canon)), echo = map_get(args[2], A(echo)),
	     sig = map_get(args[2], A(sig));
	if (!t->is_terminal)
		return error_of(p, A(enotsup));
	mutex_lock(&t->lock);
	t->now = t->first;
	raw_mode(&t->now);
	if (canon == A(true)) {
		t->now.c_iflag |= ICRNL;
		t->now.c_lflag |= ICANON;
	}
	if (echo == A(true))
		t->now.c_lflag |= ECHO;
	if (sig == A(false))
		t->now.c_lflag &= ~(tcflag_t)ISIG;
	t->enabled = true;
	mutex_unlock(&t->lock);
	watch_owner(p, t);
	return A(ok);
}

term bif_prim_tty_set_1(struct proc *p, const term *args)
{
	struct tty *t = tty_of(args[0]);
	if (t == NULL)
		return bif_badarg(p);
	if (!t->is_terminal)
		return error_of(p, A(enotsup));
	mutex_lock(&t->lock);
	term result = set_mode(p, t);
	mutex_unlock(&t->lock);
	return result;
}

term bif_prim_tty_setlocale_1(struct proc *p, const term *args)
{
	if (tty_of(args[0]) == NULL)
		return bif_badarg(p);
	locale_t locale = newlocale(LC_CTYPE_MASK, "", NULL);
	if (locale == NULL)
		return A(false);
	term result = term_of_bool(strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0);
	freelocale(locale);
	return result;
}

term bif_prim_tty_encoding_1(struct proc *p, const term *args)
{
	return tty_of(args[0]) == NULL ? bif_badarg(p) : A(utf8);
}

term bif_prim_tty_window_size_1(struct proc *p, const term *args)
{
	struct tty *t = tty_of(args[0]);
	struct winsize size = { 0 };
	if (t == NULL)
		return bif_badarg(p);
	if ((t->in < 0 || ioctl(t->in, TIOCGWINSZ, &size) < 0) &&
		(t->out < 0 || ioctl(t->out, TIOCGWINSZ, &size) < 0))
		return error_of(p, A(enotsup));
	if (size.ws_col == 0 && size.ws_row == 0)
		return error_of(p, A(enotsup));
	term columns = term_of_small(size.ws_col > 0 ? size.ws_col : -1);
	term rows = term_of_small(size.ws_row > 0 ? size.ws_row : -1);
	return heap_tuple_of(bif_heap(p), A(ok), heap_tuple_of(bif_heap(p), columns, rows));
}

term bif_prim_tty_is_open_2(struct proc *p, const term *args)
{
	int i = stream_index(args[1]);
	if (tty_of(args[0]) == NULL || i < 0)
		return bif_badarg(p);
	if (p->ns->streams[i] < 0)
		return term_of_bool(i != 0);
	struct pollfd fd = { .fd = p->ns->streams[i], .events = 0 };
	int r = poll(&fd, 1, 0);
	if (r < 0)
		return errno_error(p, "tty_is_open", errno);
	return term_of_bool(r == 0 || (fd.revents & POLLHUP) == 0);
}

/* ------------------------------------------------------------------------------------------------ input */

/* With waiting.lock: a copy of what says that there is a signal. A reader is told once of what it has not read yet: OTP's reader takes
 * a message that nothing stands behind for an error. */
static struct owned_term *announcement(const struct tty *t)
{
	return t->ready != NULL ? owned_term_new(MEM_MISC, t->ready->value) : NULL;
}

/* Takes the message, which may be NULL. */
static void announce(term to, struct owned_term *message)
{
	if (message == NULL)
		return;
	(void)proc_send_from_host(to, message->value); /* it may have ended */
	(void)owned_term_free(message);                /* always NULL */
}

/* ready: NULL when nobody waits any more. Takes it. What another reader has left unread is told to this one. */
static void wait_for_signals(struct tty *t, const struct ns *ns, term pid, struct owned_term *ready)
{
	mutex_lock(&waiting.lock);
	struct owned_term *before = t->ready;
	list_remove(&t->link);
	list_init(&t->link);
	t->ns = ns;
	t->signals_to = pid;
	t->ready = ready;
	if (ready != NULL)
		list_append(&waiting.list, &t->link);
	struct owned_term *message = t->winch || t->cont ? announcement(t) : NULL;
	mutex_unlock(&waiting.lock);
	announce(pid, message);
	(void)owned_term_free(before); /* always NULL */
}

bool prim_tty_signal(const struct ns *ns, int number)
{
	struct owned_term *message = NULL;
	term to = TERM_NONE;
	bool waited_for = false;
	if (number != SIGWINCH && number != SIGCONT)
		return false;
	mutex_lock(&waiting.lock);
	/* A namespace has one terminal. */
	list_foreach(n, &waiting.list) {
		struct tty *t = list_entry(n, struct tty, link);
		if (t->ns != ns || waited_for)
			continue;
		waited_for = true;
		to = t->signals_to;
		if (!t->winch && !t->cont)
			message = announcement(t);
		t->winch |= number == SIGWINCH;
		t->cont |= number == SIGCONT;
	}
	mutex_unlock(&waiting.lock);
	announce(to, message);
	return waited_for;
}

static void reader_ended(void *arg)
{
	struct tty *t = arg;
	wait_for_signals(t, NULL, TERM_NONE, NULL);
	select_stop(&t->input);
	counted_unref(&t->counted);
}

static void wait_for_input(struct heap *heap, term pid, struct tty *t, term tty, term ref)
{
	if (t->in >= 0 && !t->file_in) {
		select_start(&t->input, t->in, POLL_READ, pid, ref);
		return;
	}
	/* No input is an input at its end, which is ready to be read; so is a file. */
	(void)proc_send_from_host(
		pid, heap_tuple_of(heap, A(select), tty, ref, A(ready_input))); /* it may have ended */
}

static term select_input(struct proc *p, term tty, term ref)
{
	struct tty *t = tty_of(tty);
	if (t == NULL || !term_is_ref(ref))
		return bif_badarg(p);
	mutex_lock(&t->lock);
	bool other = t->reader != p->pid;
	t->reader = p->pid;
	mutex_unlock(&t->lock);
	if (other) {
		counted_ref(&t->counted);
		proc_watch(p->pid, reader_ended, t);
	}
	wait_for_input(bif_heap(p), p->pid, t, tty, ref);
	return A(ok);
}

term bif_prim_tty_select_2(struct proc *p, const term *args)
{
	return select_input(p, args[0], args[1]);
}

static struct owned_term *ready_message(term tty, term ref)
{
	term message[] = { HEADER(BOXED_TUPLE, 4), A(select), tty, ref, A(ready_input) };
	return owned_term_new(MEM_MISC, term_of_boxed(message));
}

/* Up to 27; the second argument is for signals. */
term bif_prim_tty_select_3(struct proc *p, const term *args)
{
	struct tty *t = tty_of(args[0]);
	if (t == NULL || !term_is_ref(args[1]) || !term_is_ref(args[2]))
		return bif_badarg(p);
	term selected = select_input(p, args[0], args[2]);
	wait_for_signals(t, p->ns, p->pid, ready_message(args[0], args[1]));
	return selected;
}

static term read_file(struct errand *e, const term *args)
{
	struct tty *t = tty_of(args[0]);
	struct heap *heap = errand_heap(e);
	uint8_t bytes[READ_MAX];
	ssize_t n;
	do
		n = read(t->in, bytes, (size_t)small_value(args[2]));
	while (n < 0 && errno == EINTR && !errand_gives_up());
	if (n == 0)
		return heap_tuple_of(heap, A(error), A(closed));
	if (n < 0)
		return heap_tuple_of(heap, A(error),
			heap_tuple_of(heap, atom_of_string("read"), errno_atom(errno)));
	wait_for_input(heap, e->pid, t, args[0], args[1]);
	return heap_tuple_of(heap, A(ok), bits_of_bytes(heap, bytes, (size_t)n));
}

static term read_input(struct proc *p, const term *args, size_t max)
{
	struct tty *t = tty_of(args[0]);
	uint8_t bytes[READ_MAX];
	if (t == NULL || !term_is_ref(args[1]))
		return bif_badarg(p);
	if (t->file_in) {
		term with_size[] = { args[0], args[1], term_of_small((int64_t)max) };
		return errand_start(p, read_file, 3, with_size);
	}
	ssize_t n = 0;
	if (t->in >= 0) {
		struct pollfd fd = { .fd = t->in, .events = POLLIN };
		n = poll(&fd, 1, 0) == 0 ? (errno = EAGAIN, -1) : read(t->in, bytes, max);
	}
	if (n == 0)
		return error_of(p, A(closed));
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return errno_error(p, "read", errno);
	wait_for_input(bif_heap(p), p->pid, t, args[0], args[1]);
	return heap_tuple_of(
		bif_heap(p), A(ok), bits_of_bytes(bif_heap(p), bytes, n < 0 ? 0 : (size_t)n));
}

term bif_prim_tty_read_2(struct proc *p, const term *args)
{
	return read_input(p, args, READ_MAX);
}

term bif_prim_tty_read_3(struct proc *p, const term *args)
{
	size_t max;
	if (!bif_get_size(args[2], &max))
		return bif_badarg(p);
	return read_input(p, args, max < READ_MAX ? max : READ_MAX);
}

/* Up to 27. What is left is told of again. */
term bif_prim_tty_read_signal_2(struct proc *p, const term *args)
{
	struct tty *t = tty_of(args[0]);
	if (t == NULL || !term_is_ref(args[1]))
		return bif_badarg(p);
	struct owned_term *ready = ready_message(args[0], args[1]);
	mutex_lock(&waiting.lock);
	bool winch = t->winch, cont = !winch && t->cont;
	t->winch = false;
	t->cont = t->cont && winch;
	struct owned_term *message = NULL, *before = NULL;
	if (t->ready != NULL) { /* its reference may be another than before */
		before = t->ready;
		t->ready = ready;
		t->signals_to = p->pid;
		message = t->cont ? announcement(t) : NULL;
		ready = NULL;
	}
	mutex_unlock(&waiting.lock);
	announce(p->pid, message);
	(void)owned_term_free(before); /* always NULL */
	(void)owned_term_free(ready);  /* as above; there when nobody waits */
	if (!winch && !cont)
		return error_of(p, atom_of_string("empty"));
	return heap_tuple_of(bif_heap(p), A(ok), atom_of_string(winch ? "winch" : "cont"));
}

/* ------------------------------------------------------------------------------------------------ output */

struct output {
	struct pollee pollee;
	term pid;
	uint64_t question;
	uint8_t *data;
	size_t size, done;
};

/* Writes what goes without blocking. 0: all of it is out; 1: some is left; negative errno. */
static int write_ready(int fd, const uint8_t *data, size_t size, size_t *done)
{
	while (*done < size) {
		struct pollfd ready = { .fd = fd, .events = POLLOUT };
		if (poll(&ready, 1, 0) == 0)
			return 1;
		size_t piece = size - *done < WRITE_PIECE ? size - *done : WRITE_PIECE;
		ssize_t n = write(fd, data + *done, piece);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 1;
		if (n < 0)
			return -errno;
		*done += (size_t)n;
	}
	return 0;
}

static void output_ended(struct output *o, int r)
{
	term error[3] = { HEADER(BOXED_TUPLE, 2), A(error), r < 0 ? errno_atom(-r) : A(ok) };
	proc_answer(o->pid, o->question, r < 0 ? term_of_boxed(error) : A(ok));
	pollee_done(&o->pollee);
	mem_free(MEM_MISC, o->data, o->size);
	mem_free(MEM_MISC, o, sizeof(*o));
}

static void output_ready(struct pollee *pollee, unsigned events)
{
	struct output *o = (struct output *)pollee; /* first member */
	int r = events == POLL_CLOSED ? -ECANCELED
				      : write_ready(pollee->fd, o->data, o->size, &o->done);
	if (r != 1)
		output_ended(o, r);
}

/* The rest goes out when the stream takes it; the process waits. */
static term write_later(struct proc *p, int fd, const uint8_t *data, size_t size)
{
	struct output *o = mem_alloc(MEM_MISC, sizeof(*o));
	*o = (struct output){ .pid = p->pid, .size = size };
	o->data = mem_alloc(MEM_MISC, size);
	memcpy(o->data, data, size);
	o->question = proc_question(p);
	pollee_init(&o->pollee, fd, p->worker, output_ready);
	int r = pollee_want(&o->pollee, POLL_WRITE);
	if (r < 0)
		output_ended(o, r);
	return bif_wait(p);
}

static term write_file(struct errand *e, const term *args)
{
	const struct tty *t = tty_of(args[0]);
	struct iolist_bytes bytes;
	int error = 0;
	if (iolist_bytes_init(&bytes, args[1]) != IOLIST_OK)
		return errand_badarg(e);
	for (size_t done = 0; done < bytes.size && error == 0;) {
		ssize_t n = write(t->out, bytes.data + done, bytes.size - done);
		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && (errno != EINTR || errand_gives_up()))
			error = errno;
	}
	iolist_bytes_done(&bytes);
	return error == 0 ? A(ok) : heap_tuple_of(errand_heap(e), A(error), errno_atom(error));
}

term bif_prim_tty_write_2(struct proc *p, const term *args)
{
	struct tty *t = tty_of(args[0]);
	struct iolist_bytes bytes;
	if (t == NULL || iolist_bytes_init(&bytes, args[1]) != IOLIST_OK)
		return bif_badarg(p);
	term result = A(ok);
	size_t done = 0;
	int r = 0;
	bif_charge(p, bytes.size / 64);
	if (t->file_out) {
		iolist_bytes_done(&bytes);
		return errand_start(p, write_file, 2, args);
	}
	if (t->out < 0)
		host_output(p, TERM_NONE, t->stream, bytes.data, bytes.size); /* for whom, its process knows */
	else
		r = write_ready(t->out, bytes.data, bytes.size, &done);
	if (r == 1)
		result = write_later(p, t->out, bytes.data + done, bytes.size - done);
	else if (r < 0)
		result = error_of(p, errno_atom(-r));
	iolist_bytes_done(&bytes);
	return result;
}

/* ------------------------------------------------------------------------------------------------ characters */

term bif_prim_tty_isprint_1(struct proc *p, const term *args)
{
	size_t c;
	if (!bif_get_size(args[0], &c) || c > 255)
		return bif_badarg(p);
	return term_of_bool(isprint((int)c) != 0);
}

/* Widths are those of UTF-8's locale, whatever the host's own is. */
static locale_t wide_locale(void)
{
	static _Atomic(locale_t) wide;
	locale_t known = atomic_load_acquire(&wide);
	if (known != NULL)
		return known;
	locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if (made == NULL)
		return NULL;
	if (atomic_cas_acq_rel(&wide, &known, made))
		return made;
	freelocale(made);
	return known;
}

static int width_of(const wchar_t *text, size_t count)
{
	locale_t locale = wide_locale();
	locale_t before = locale != NULL ? uselocale(locale) : NULL;
	int width = wcswidth(text, count);
	if (locale != NULL)
		(void)uselocale(before); /* it was in use before */
	return width;
}

term bif_prim_tty_wcwidth_1(struct proc *p, const term *args)
{
	size_t c;
	if (!bif_get_size(args[0], &c) || c > 0x10FFFF)
		return bif_badarg(p);
	wchar_t text = (wchar_t)c;
	int width = width_of(&text, 1);
	return width < 0 ? error_of(p, A(not_printable)) : term_of_small(width);
}

term bif_prim_tty_wcswidth_1(struct proc *p, const term *args)
{
	struct iolist_bytes bytes;
	if (iolist_bytes_init(&bytes, args[0]) != IOLIST_OK)
		return bif_badarg(p);
	size_t count = bytes.size / sizeof(wchar_t);
	wchar_t *text = mem_alloc(MEM_TEMP, (count + 1) * sizeof(wchar_t));
	memcpy(text, bytes.data, count * sizeof(wchar_t));
	int width = width_of(text, count);
	mem_free(MEM_TEMP, text, (count + 1) * sizeof(wchar_t));
	iolist_bytes_done(&bytes);
	return width < 0 ? error_of(p, A(not_printable))
			 : heap_tuple_of(bif_heap(p), A(ok), term_of_small(width));
}

term bif_prim_tty_sizeof_wchar_0(struct proc *p, const term *args)
{
	return term_of_small(sizeof(wchar_t));
}

/* ------------------------------------------------------------------------------------------------ terminfo */
