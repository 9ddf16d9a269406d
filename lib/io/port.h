/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: what a program reads from and writes to the world by, one descriptor in, one out, and often a helper program behind them.
 *
 * A port is like a process that runs no Erlang: everything that reaches it (commands, close, links, monitors, exits, what
 * its helper ended with, that a descriptor is ready) is a signal in one ordered queue, and one thread at a time owns it and drains that
 * queue. Whoever puts a signal into an idle port's queue becomes its owner and handles it there and then; whoever finds it owned leaves
 * the signal to the owner. An owner that has handled many leaves the rest to the port's home, the worker that watches its descriptors.
 *
 * Life:  1 opening   port_open() has made it; a helper is being started; nobody but its owner knows it
 *        2 open
 *        3 closed    its number names nobody any more; links and monitors have been told; what was accepted is still written
 *        4 free      when its home is done with its descriptors
 *
 * Reached from processes by term (law 12): who has the term may use it; ports/0 and list_to_port/1 give those of a namespace only. */
#pragma once
#include "base/wordmap.h"
#include "io/child.h"
#include "proc/relation.h"

#define RAM_FILE_NAME "ram_file_drv" /* the driver that PORT_RAM is in OTP */
#define PORTS_MAX 65536 /* at once in one namespace, unless it has a limit of its own */

#define TRACE_FILE_NAME "trace_file_drv" /* that of PORT_TRACE_FILE */

/* PORT_RAM: bytes in memory, no descriptors (ram_file.h). PORT_TRACE_FILE: into a file, `path` (trace_file.h). */
enum port_kind { PORT_SPAWN, PORT_EXECUTABLE, PORT_FD, PORT_RAM, PORT_TRACE_FILE };

enum port_flags {
	PORT_IN = 1,
	PORT_OUT = 2,
	PORT_BINARY = 4,
	PORT_EOF = 8,
	PORT_EXIT_STATUS = 16,
	PORT_STDERR = 32,   /* with standard output */
	PORT_NO_STDIO = 64, /* descriptors 3 and 4 */
	PORT_PARALLEL = 128,
};

enum port_mode { PORT_STREAM, PORT_PACKET, PORT_LINE };

/* PORT_TRACE_FILE: files in turn. A file's name is `path` with a number at `at`. */
struct port_wrap {
	unsigned files;  /* most of them at once; 0: one file, of that name */
	size_t size_max; /* bytes of one, about; the next begins then */
	unsigned msec;   /* not 0: it begins so long after the one before instead */
	size_t at;
};

/* How to open one. Texts are malloc'ed; port_spec_done() frees what is left. */
struct port_spec {
	enum port_kind kind;
	unsigned flags;
	enum port_mode mode;
	unsigned header;            /* PORT_PACKET: 1, 2 or 4 */
	size_t line_max;            /* PORT_LINE */
	size_t busy_low, busy_high; /* bytes; high SIZE_MAX: never busy */
	char *name;                 /* what port_info(name) tells, UTF-8 */
	char *path, **argv, **envp, *cd;
	int fd_in, fd_out; /* PORT_FD */
	struct port_wrap wrap;
};

void port_spec_done(struct port_spec *spec);

struct port;

/* Opens one for p, which is linked to it. Returns the port, of whose being open p is told by {Ref, Port} or {Ref, Reason};
 * TERM_NONE with *ret_error an errno, -1 for a limit. Takes what is in spec. */
term port_open(struct proc *p, struct port_spec *spec, struct ref_id ref, int *ret_error);

/* Requests. What a BIF asks of a port: it is answered at once, or by a message {Ref, Result} when another thread owns the port. */
enum port_request_kind {

#define REQUEST(KIND, open, closed, task, text) PORT_##KIND,
#include "io/port_requests.def"
#undef REQUEST
	PORT_REQUESTS
};

struct port_flush;
struct port_traced;
struct trace_file_turn;

/* Bytes on their way out. */
struct port_bytes {
	struct port_bytes *next;
	struct account *account; /* of who made them, which is charged; NULL: nobody */
	struct trace_file_turn
		*turn; /* what is to be done before or after they are written; NULL */
	size_t size, done;
	uint8_t data[];
};

/* header: room for that many bytes before the data. NULL: no I/O list, or too big. */
struct port_bytes *port_bytes_of(term data, size_t header);
void port_bytes_free(struct port_bytes *bytes);

struct port_request {
	struct signal signal; /* first */
	uint8_t kind;         /* enum port_request_kind */
	bool answers;         /* somebody waits */
	struct ref_id ref;
	term from;   /* a pid; in PORT_SEND_...: who the message says it is from */
	term sender; /* PORT_SEND_...: who sent it */

	int64_t operation;

	union {
		struct port_bytes *bytes;
		term who;
		term item;
		struct port_flush *flush;
		int status;

		struct {
			void (*fn)(struct port_traced *t, void *arg);
			void *arg;
		} run;
	};

	pid_t pid;
	int fd;    /* PORT_STARTED: what was opened for it, closed with the request; -1 */
	int error; /* PORT_FILE_READ, _WRITTEN: an errno */
};

struct port_request *port_request_new(enum port_request_kind kind, term from);

/* Has the port do it. Returns the result, on p's heap; or the reference by whose message {Ref, Result} it comes, or TERM_NONE when
 * there is no such port. Takes r. */
term port_ask(struct proc *p, term port, struct port_request *r);
/* The same without an answer. False: there is no such port. */
bool port_tell(term port, struct port_request *r);

/* Threads: any. */
bool port_exists(term port);
/* False: it is a port of another namespace. */
bool port_is_of(term port, const struct ns *ns);
/* Whether there is such a port in that namespace. */
bool port_is_here(term port, const struct ns *ns);
/* What port_command() would meet. */
bool port_is_busy(term port);
/* The bytes of header that its commands need; 0 when there is no such port. */
unsigned port_header(term port);
/* Gives it a name in that namespace. False: the name is taken, or it has one, or is none of that namespace's. */
bool port_register(struct ns *ns, term name, term port);
/* Ports of a namespace, in no order. */
void port_each(const struct ns *ns, void (*fn)(term port, void *arg), void *arg);
uint64_t port_count(const struct ns *ns);
/* Any process may read and write what is kept with a port. TERM_NONE: there is no such port. */
term port_kept(term port, struct heap *heap);
bool port_keep(term port, term data);

/* Whether a descriptor is always ready and may block all the same, so that only helper threads may read and write it: a file. */
bool port_file_is(int fd);

/* Hands down: what to do with the output of a namespace that has no stream for it; borrowed bytes. At the start, and with it what else
 * ports need of others. */
void port_init(
	void (*output)(struct ns *ns, term from, int stream, const uint8_t *bytes, size_t size));
/* Calls done once all that the namespace's ports have accepted is written, or cannot be. On any thread, perhaps at once. */
void ports_flush(const struct ns *ns, void (*done)(void *user), void *user);
/* The end of the machine is near: helper threads that read or write standard streams are waited for. Before its schedulers end. */
void port_files_stop(void);
/* The end of the machine, when its schedulers have ended. */
void ports_stop(void);
/* Closes every port of a namespace and kills its helpers. */
void ports_end(struct ns *ns);
