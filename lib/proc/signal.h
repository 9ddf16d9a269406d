/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: everything that reaches a process, in one queue that its owner drains (law 1).
 *
 * The queue is a stack of signals, newest first, that anyone pushes on with one compare-and-swap; the owner takes all of
 * it with one exchange and turns it round, so signals from one sender keep their order. When a process ends the owner
 * exchanges SIGNAL_CLOSED in: what was there and what still comes is answered as by a process that is not there.
 * Invariant: whoever pushes on an empty inbox makes the process runnable; a process that stops running looks at its
 * inbox once more after it has given up STATE_RUNNABLE. So no signal is left lying. */
#pragma once
#include "base/account.h"
#include "heap/heap.h"
#include "proc/proc.h"
#include "report/report.h"

enum signal_kind {
#define SIGNAL(name, text) SIGNAL_##name,
#include "proc/signals.def"
#undef SIGNAL
	SIGNAL_KINDS
};

enum signal_flags {
	SIGNAL_KILL = 1,         /* EXIT: cannot be trapped */
	SIGNAL_NORMAL_KILLS = 2, /* EXIT: from the process itself, so normal ends it, too */
	SIGNAL_RAISE = 4,        /* ANSWER: an exception */
	SIGNAL_CHARGED = 8,      /* a message: the receiver's account is charged for it */
	SIGNAL_TOKEN = 16,       /* a message: it carries a token of seq_trace: proc/tracing.h */
	SIGNAL_PRIORITY = 32,    /* a message, or what becomes one: before the ordinary ones, when its receiver has agreed to that */
	SIGNAL_BY_ALIAS = 64,    /* EXIT: of whom the alias belongs to, while that is one */
};

struct signal {
	struct signal *next;
	uint8_t kind;  /* enum signal_kind */
	uint8_t flags; /* enum signal_flags */
	/* Of a message, for tracing alone: the slot of its sender's pid and as much of the serial as there is room for; slot 0:
	 * unknown, SIGNAL_FROM_TIMER: nobody. */
	uint16_t from_serial;
	uint32_t from_slot;
};

#define SIGNAL_FROM_TIMER UINT32_MAX

static inline void signal_set_from(struct signal *s, term pid)
{
	s->from_slot = pid_slot(pid);
	s->from_serial = (uint16_t)pid_serial(pid);
}

/* The sender's pid as long as that lives; TERM_NONE otherwise. */
term signal_from(const struct signal *s, bool *ret_timer);

#define SIGNAL_CLOSED ((struct signal *)(uintptr_t)8)

/* A message, and the part of other signals that carries a term. One allocation: what stands before it (fragment.prefix_bytes
 * says how much), the message, and the words that value refers to. */
struct message {
	struct signal signal;
	term value;
	struct offheap offheap;
	struct fragment fragment;
};

/* Signals that carry a term. The room for what the receiver builds around it comes first in the fragment's data. */
#define EXIT_ROOM 4  /* {'EXIT', From, Reason} */
#define DOWN_ROOM 13 /* {Tag, Ref, Type, Item, Reason}, an alias reference, {Name, Node} */

struct exit_signal {
	term from; /* a pid, or TERM_NONE: the host */
	struct ref_id alias; /* with SIGNAL_BY_ALIAS */
	struct beamr_crash_id cause;
	struct message message; /* value: the reason */
};

struct token_signal {
	struct seq_token *token; /* trace/seq.c's, counted */
	struct message message;
};

struct alias_signal {
	struct ref_id alias;
	struct message message;
};

struct answer_signal {
	uint64_t question;
	enum exception_class class;
	struct message message;
};

struct link_signal {
	struct signal signal;
	term from;
	term to;
	uint64_t id;               /* of an unlink */
	struct trace_heir *heir; /* of a link: what tracing hands on; NULL: nothing */
};

struct request_signal {
	struct signal signal;
	proc_request_fn fn;
	void *arg;
};

#define signal_message(s) ((struct message *)(void *)(s))
#define message_owner(m, type) ((type *)(void *)((char *)(m) - offsetof(type, message)))

/* A message of `words` words with prefix bytes before the struct; kind is that of its signal, value not set. */
struct message *message_new(enum signal_kind kind, size_t prefix_bytes, size_t words);
/* The same with a copy of value behind `room` free words; NULL when value is larger than heap_copy_bound(). */
struct message *message_copy_bounded(enum signal_kind kind, size_t prefix_bytes, size_t room, term value);
/* The same; a value that is too large is replaced by the atom system_limit. For reasons and answers, which must arrive. */
struct message *message_copy(enum signal_kind kind, size_t prefix_bytes, size_t room, term value);
/* As message_copy_bounded() with literals copied as well: for what is not looked at when a module's literals go (timers). */
struct message *message_copy_deep(enum signal_kind kind, size_t prefix_bytes, size_t room, term value);
/* Drops what it holds, too. */
void message_free(struct message *m);
/* Gives the message's memory to the heap: value stays valid until the next collection. */
void message_join_heap(struct message *m, struct heap *heap);

static inline int64_t message_bytes(const struct message *m)
{
	return (int64_t)(m->fragment.prefix_bytes + sizeof(m->fragment) + m->fragment.size_words * sizeof(term));
}

/* Charges the receiver of a message that is about to become its. */
static inline void message_charge(struct message *m, struct account *account)
{
	m->signal.flags |= SIGNAL_CHARGED;
	account_charge(account, ACCOUNT_PROCESSES, message_bytes(m));
}

/* Its owner, who the thread works for, has it no more. */
static inline void message_discharge(const struct message *m)
{
	if (likely(m->signal.flags & SIGNAL_CHARGED))
		account_charge_current(ACCOUNT_PROCESSES, -message_bytes(m));
}

/* The term that a signal carries; TERM_NONE: none. */
term signal_term(struct signal *s);
/* Puts s into the inbox and wakes the process. False: it has ended, s is still the caller's. The caller is inside an epoch. */
_must_check_ bool signal_send(struct proc *to, struct signal *s);
/* Sends, or answers as the dead would. to may be NULL. Takes s. from: for the answer. */
void signal_send_or_refuse(struct proc *to, struct signal *s);
/* The same to a local pid or port. */
void signal_deliver(term to, struct signal *s);
/* The same for what begins something between p and the other: refused when p cannot reach it. */
void signal_deliver_by(const struct proc *p, term to, struct signal *s);
/* What a process that is not there answers. Takes s. */
void signal_refuse(struct signal *s);

/* Owner: fetches the inbox and handles what is no message. False: the process is to end: p->outcome is
 * OUTCOME_EXIT and raise says why; what was not handled yet waits for proc_end(). */
_must_check_ bool signals_fetch(struct proc *p);
/* Owner, between slices: runs the requests that came. */
void signals_run_requests(struct proc *p);
/* Owner: closes the inbox and refuses what is left. */
void signals_close(struct proc *p);

static inline bool signals_waiting(struct proc *p)
{
	return atomic_load_acquire(&p->inbox) != NULL;
}

/* Sends EXIT or EXIT_LINK with a copy of reason. to may be NULL. */
void signal_exit(enum signal_kind kind, term from, struct proc *to, term reason, unsigned flags,
	struct beamr_crash_id cause);
/* An EXIT of p through an alias of another process. */
void signal_exit_by_alias(struct proc *p, term alias, term reason, unsigned flags);
/* The same to a local pid or port. */
void signal_exit_to(enum signal_kind kind, term from, term to, term reason, unsigned flags, struct beamr_crash_id cause);
/* UNLINK and the like; to: a local pid or port. */
void signal_link(enum signal_kind kind, term from, term to, uint64_t id);
