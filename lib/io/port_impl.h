/* SPDX-License-Identifier: Apache-2.0 */
/* What a port is made of, for this room. */
#pragma once
#include "io/port.h"
#include "io/port_tracing.h"

#define REPLY_ROOM (3 + REF_WORDS) /* {Ref, Result} around an answer */

struct port {
	/* fixed */
	term id;
	struct ns *ns;
	struct account *account; /* of ns; outlives it */
	struct worker *home;
	struct port_spec spec;
	bool shared;            /* its descriptors are others' as well, so they may block */
	bool file_in, file_out; /* which of them are regular files: port_file.c */

	struct port_traced traced;

	/* atomic */
	_Atomic(struct signal *) inbox;
	_Atomic bool busy;
	_Atomic term name; /* registered; TERM_NONE */
	_Atomic unsigned
		wanted; /* of enum poll_events: what the home shall watch; PORT_DROP_IN and _OUT: close it */
	_Atomic bool settling;  /* the home has been asked to */
	_Atomic uint32_t ready; /* events, since PORT_READY was sent */

	/* guarded by table stripe */
	struct owned_term *data;

	/* owner */
	term connected;
	bool opening, closed, in_open, out_open;
	bool eof, ended, told; /* its input has, its helper has; both were told */
	int status;
	struct ref_id open_ref;
	pid_t pid;
	struct wordmap links;
	struct list monitored_by;
	uint32_t monitored_by_count;
	struct wordmap waiting;                   /* suspended senders: pid -> how often */
	struct signal *deferred, **deferred_last; /* commands that wait until it is not busy */
	struct port_request *mine;                /* of who drains it */
	struct message *mine_answer;
	struct port_bytes *out_first, **out_last;
	size_t out_bytes;
	size_t writing;         /* of them, with a helper thread */
	bool reading;           /* a helper thread is */
	uint64_t dropped;       /* by a PORT_TRACE_FILE, and not told in it yet */
	struct signal *flushes; /* requests that wait until nothing is left to write */
	bool lingers;           /* closed, and listed as still writing */
	uint64_t input, output;
	uint8_t *frame; /* bytes that make no whole packet or line yet */
	size_t frame_size, frame_capacity;
	struct ram_file *ram; /* of a PORT_RAM */
	uint64_t turns;       /* of a PORT_TRACE_FILE: files that have been left for the next one */
	size_t file_bytes;    /* in the one that is written */
	int64_t file_until;   /* when its time is over; monotonic nanoseconds */

	/* home */
	struct pollee in, out;
	bool done;
	struct poll_task settle_task, drain_task;
	struct epoch_item retired;
};

/* What stands in an inbox in place of a signal. */
#define INBOX_IDLE NULL
#define INBOX_OWNED ((struct signal *)(uintptr_t)8)
#define INBOX_CLOSED ((struct signal *)(uintptr_t)16)

enum { PORT_DROP_IN = 16, PORT_DROP_OUT = 32, PORT_FREE = 64 };

/* Owner. Closes it: links and monitors hear reason. */
void port_close(struct port *p, term reason);
/* Tells the home what is wanted now. */
void port_want(struct port *p, unsigned events);
/* The same again, after the home has stopped watching for a while. */
void port_settle(struct port *p);
/* Sends the connected process a message built by the caller: value is m->value. */
void port_send(struct port *p, struct message *m);
/* Sends {Port, Value} with an immediate, or {Port, {Tag, Immediate}}. */
void port_send_tagged(struct port *p, term tag, term value);

/* Its queue is short again: who waits goes on. */
void port_not_busy(struct port *p);
/* Puts a signal into its queue, and handles what is there if nobody else does. Takes s. */
void port_signal(struct port *p, struct signal *s);
/* UTF-8 as a list of characters; bytes that are no UTF-8 stand for themselves. */
term port_text(struct heap *heap, const char *text);

/* What comes into its queue. Whoever is told PUSH_OWNED owns the port from here on, and drains it. */
enum port_pushed { PUSH_REFUSED, PUSH_LEFT, PUSH_OWNED };
enum port_pushed port_push(struct port *p, struct signal *s);
void port_request_free(struct port_request *r);

/* port_request.c. Owner. Takes r: it is answered, if it wants that. */
void port_answer(struct port *p, struct port_request *r, term value);
/* Owner. Takes s. */
void port_handle(struct port *p, struct signal *s);
/* {Ref, Value} to whoever asked. Threads: any. */
void port_reply(term to, struct ref_id ref, term value);
/* A request to a process that waits for the port: it goes on. */
void port_let_go(struct proc *p, void *arg);

/* port_home.c: of one whose home is gone. */
void port_free_at_end(struct port *p);

/* port_io.c. Owner. */
void port_io_ready(struct port *p, unsigned events);
/* Accepts bytes for writing; frames them. */
void port_io_write(struct port *p, struct port_bytes *bytes);
/* Sends the connected process {Port, {data, Bytes}}: head as a list, before data in the form that the port has; no data when it is NULL. */
void port_io_deliver(
	struct port *p, const uint8_t *head, size_t head_size, const uint8_t *data, size_t size);
/* Its helper ended. */
void port_io_ended(struct port *p, int status);
/* Takes whole bytes as they are to be written. */
void port_io_queue(struct port *p, struct port_bytes *bytes);
/* Frees what is buffered. */
void port_io_done(struct port *p);
/* At the end of its input. */
void port_io_eof(struct port *p);
extern void (*port_output)(struct ns *ns, term from, int stream, const uint8_t *bytes, size_t size);

/* port_io.c: what of its descriptors the home shall watch now, and having it do so. */
unsigned port_io_wanted(const struct port *p);
void port_io_go_on(struct port *p);
/* A helper thread is back. Takes r. */
void port_io_file_read(struct port *p, struct port_request *r);
void port_io_file_written(struct port *p, struct port_request *r);

/* port_file.c. Owner. Has a helper read some, unless one does. 0, or a negative errno. */
_must_check_ int port_file_read(struct port *p);
/* Owner, while none writes. Has a helper write the list, which is taken; p->writing of its bytes is the caller's. 0: it comes back as
 * PORT_FILE_WRITTEN; 1: it is written already; or a negative errno. */
_must_check_ int port_file_write(struct port *p, struct port_bytes *bytes);
void port_files_init(void);

/* port_flush.c. Owner. Takes r: it is freed, and its round told, when nothing is left to write. */
void port_flush_add(struct port *p, struct port_request *r);
void port_flush_look(struct port *p);
void port_flush_close(struct port_flush *f);

/* port_table.c. Good until the epoch ends; NULL: no such port. */
struct port *port_lookup(term id);
void port_table_add(struct port *p);
void port_table_remove(struct port *p);
/* Closed ones that have something to write left; until they are told not to. */
void port_table_linger(struct port *p);
void port_table_gone(struct port *p);
/* Those, and those that are open. Under locks: fn takes none. */
void port_table_each_writing(void (*fn)(struct port *p, void *arg), void *arg);
/* Its registered name was taken away. */
void port_name_gone(term port);
/* When nobody else is there. */
void port_table_each(void (*fn)(struct port *p, void *arg), void *arg);
void port_table_init(void);

/* port.c, for whoever opens one. Handles what is in its queue; the caller owns it. Returns the answer to its own request. */
struct message *port_drain(struct port *p);
void port_link_to(struct port *p, term pid);
/* The bytes of header that its commands have room for. */
unsigned port_header_of(const struct port *p);

/* Tracing lets go of it. */
static inline void port_traced_end(struct port *p)
{
	if (p->traced.refs != NULL)
		port_tracing.end(&p->traced);
}

/* Tells tracing that its message goes to the connected process. */
static inline void port_trace_sent(struct port *p, term to, term message)
{
	if (port_traces(&p->traced, PORT_TRACE_SEND))
		port_tracing.sent(&p->traced, to, message);
}

void port_in_ready(struct pollee *e, unsigned events);
void port_out_ready(struct pollee *e, unsigned events);
void port_retire(struct epoch_item *item);
