/* SPDX-License-Identifier: Apache-2.0 */
/* The process: what it is made of, and its life.
 *
 * Life:  0 made by proc_spawn: slot taken, arguments copied, published last
 *        1 runnable   in a run queue, or running on one worker (its owner for the slice)
 *        2 waiting    for a message, a time, or an answer; no worker owns it; a signal makes it runnable
 *        3 exiting    the owner ends it once: timers, links, monitors, names, tables; its signal queue is closed, what
 *                     still arrives is answered as by a dead process
 *        4 free       its slot is open again when every worker has moved on (epoch)
 *
 * Invariant (law 1): everything above the line "any thread" is read and written by the owner alone: the worker that runs
 * it, or the thread that just took it from 'waiting' to handle its signals. Others send signals (proc/signal.h). */
#pragma once
#include "base/atomic.h"
#include "base/list.h"
#include "base/epoch.h"
#include "base/wheel.h"
#include "heap/gen.h"
#include "ns/ns.h"
#include "report/report.h"
#include "term/ident.h"

struct worker;
struct message;
struct signal;
struct timers;

enum exception_class { CLASS_ERROR, CLASS_EXIT, CLASS_THROW };

/* Why a BIF returned TERM_NONE, or what the engine shall do next. */
enum outcome {
	OUTCOME_NONE,
	OUTCOME_RAISE,     /* p->raise holds class, reason, perhaps trace and cause */
	OUTCOME_TRAP,      /* go on at p->trap: export with arguments, as a tail call in place of the BIF */
	OUTCOME_AGAIN,     /* call the same BIF with the same arguments in the next slice (it has charged its work) */
	OUTCOME_WAIT,      /* park until proc_answer(); the answer becomes the BIF's value (or it raises). The engine ends the
			    * slice with SLICE_WAIT and leaves this outcome standing; it is called again once the answer has
			    * changed it: to OUTCOME_NONE, the value being extra->answer, or to OUTCOME_RAISE */
	OUTCOME_AWAY,      /* run the same BIF with the same arguments on a helper thread: proc/away.h */
	OUTCOME_HIBERNATE, /* forget the stack, collect, wait for a message, then go on at p->trap */
	OUTCOME_EXIT,      /* the process has ended by a signal it handled: reason in p->raise.reason */
};

struct raise {
	enum exception_class class;
	term reason;
	term trace;  /* TERM_NONE: take one now. A BOXED_TRACE, or the list given to erlang:raise/3 */
	term args;   /* for a BIF's error: list of its arguments, or TERM_NONE */
	term cause;  /* error_info cause, or TERM_NONE */
	term error_info; /* of erlang:error/3: the map for the top frame; 0 or TERM_NONE: none */
	bool by_program; /* error/1,2,3, throw/1, exit/1: the trace begins at the caller, the BIF itself is no frame */
};

#define TRAP_ARGS_MAX 8

struct trap {
	const struct export *export;
	unsigned count;
	term args[TRAP_ARGS_MAX];
};

enum proc_flag {
	PROC_TRAP_EXIT = 1 << 0,
	PROC_SENSITIVE = 1 << 1,
	PROC_MATCHING = 1 << 2,       /* between loop_rec and remove_message/loop_rec_end: x may point into a message */
	PROC_OFF_HEAP_MESSAGES = 1 << 3,
	PROC_ASYNC_DIST = 1 << 4,
	PROC_HIBERNATED = 1 << 5,
	PROC_SYSTEM = 1 << 6,
	PROC_TIMEOUT_SET = 1 << 7,    /* a receive's after-timer runs */
	PROC_TIMED_OUT = 1 << 8,      /* it has fired */
	PROC_COLLECT_DUE = 1 << 10,   /* proc/collect.h */
	PROC_COLLECTING = 1 << 11,
	PROC_FLOATS = 1 << 13,
	PROC_AWAY = 1 << 14,          /* a helper thread runs the BIF that it is in */
	PROC_COUNTING = 1 << 15,      /* in the midst of length/1: extra->answer is the rest, trap.count the cells so far */
	PROC_TABLES = 1 << 9,         /* it has made or fixed an ETS table: its end has something to do there */
	PROC_FILES = 1 << 12,         /* it may own files: as PROC_TABLES */
	/* Tracing wants to hear of it: proc/tracing.h. */
	PROC_TRACE_SEND = 1 << 16,
	PROC_TRACE_RECEIVE = 1 << 17,
	PROC_TRACE_EVENTS = 1 << 18,  /* spawn, link, register, exit */
	PROC_TRACE_RUNNING = 1 << 19, /* when it goes in and out of a scheduler */
	PROC_TRACE_GC = 1 << 20,
	PROC_TRACE_UNWINDING = 1 << 21, /* an exception has passed by a frame of tracing, and the handler is to be told */
	PROC_SEQ_TOKEN = 1 << 22,     /* it has a token of seq_trace */
	PROC_LONG_QUEUE = 1 << 23,    /* its mailbox is longer than somebody wants: proc/watch.h */
	PROC_WANTS_ROOM = 1 << 24,    /* it has sent to a full mailbox, and is to wait after its slice: proc/full.h */
	PROC_KEEPS_WAITING = 1 << 25, /* others wait for room in its mailbox */
	PROC_HOST_SUSPENDED = 1 << 26, /* an operator has suspended it: one of p->suspends */
};

enum proc_priority { PRIORITY_LOW, PRIORITY_NORMAL, PRIORITY_HIGH, PRIORITY_MAX };

/* Atomic bits of proc->state. */
enum proc_state {
	STATE_RUNNABLE = 1 << 0,   /* in a run queue, or owned by a worker that runs it */
	STATE_SUSPENDED = 1 << 2,
	STATE_EXITING = 1 << 3,
	STATE_FREE = 1 << 4,
	STATE_FOREIGN_TIMERS = 1 << 6, /* others have set timers for it */
	STATE_DOOMED = 1 << 8,         /* killed, and counted as that by its account */
	STATE_AWAY = 1 << 9,           /* a helper thread runs a BIF of it, which may take its time */
	STATE_WOKEN = 1 << 7,          /* its after-timer has fired; told before the owner gives it up */
};

struct mailbox {
	struct signal *first;   /* fetched messages, oldest first */
	struct signal **last;   /* where the next one is linked */
	struct signal **save;   /* the receive's position: the link to the message to look at next */
	/* Receive markers (recv_marker_*): see proc/mailbox.c */
	struct recv_markers *markers;
};

struct proc {
	struct gen_heap mem;         /* first: mem.heap.top is H, mem.heap.limit is E between slices and in BIFs */
	_Atomic(const uint64_t *) pc; /* where to go on; relaxed: proc_published() tells it to any thread */
	int32_t reductions;          /* left in this slice; BIFs charge it; <= 0: yield at the next chance */
	uint32_t flags;              /* enum proc_flag */
	struct worker *worker;       /* that runs it, or ran it last */
	struct ns *ns;
	struct account *account;     /* of ns; stays readable until the epoch has passed, as the process itself */
	term pid;
	term group_leader;
	struct mailbox mailbox;
	uint8_t outcome;             /* enum outcome */
	uint8_t priority;
	uint8_t saved_count;         /* live x registers in saved_x */
	uint8_t saved_capacity;
	bool waits;                  /* its last slice ended with SLICE_WAIT and nothing has come since */
	_Atomic bool running;        /* on a worker right now; read by any thread */
	uint16_t suspends;           /* how often it is suspended; see suspend.c */
	term *saved_x;               /* while it is not running; NULL when none are live */
	struct dict *dict;           /* proc/dict.c; NULL when empty */
	struct relations *relations; /* proc/relation.h: what does not fit inline; NULL when empty */
	term first_link;             /* the first link inline; TERM_NONE without */
	struct proc_extra *extra;    /* rare things: raise, trap, timers, labels, suspends, limits; made on first use or NULL */
	term parent;
	const struct export *initial_call; /* or the function of a fun's module: see info.c */

	/* written by the owner, read by any thread: what proc_published() tells */
	_Atomic uint64_t reductions_done; /* of earlier slices */
	_Atomic uint64_t told;            /* flags, and from bit 32 on priority, at the end of its last slice: proc_publish_flags() */
	_Atomic uint64_t said_call;       /* what proc_lib says it was started with: see dict.c; 0: nothing */
	_Atomic uint64_t memory_bytes;    /* struct, heap and stack, at the end of its last slice: what its account is charged */
	_Atomic uint32_t mailbox_length;  /* fetched messages */
	_Atomic uint32_t binaries_kib;    /* off-heap buffers that it holds, alone or with others */
	size_t noted_words;               /* owner's: its heap when memory_bytes was written; SIZE_MAX: something else has changed */
	uint32_t started;                 /* tenths of a second since the table was made; fixed once published */

	/* any thread */
	_Atomic uint32_t state;
	_Atomic uint32_t inbox_length;  /* messages that were sent since it last fetched, about; counted by proc/full.c's senders only */
	_Atomic(struct signal *) inbox; /* newest first; SIGNAL_CLOSED once it has ended */
	_Atomic term name;              /* registered; TERM_NONE. Written under the lock of the name's stripe */
	union {
		struct proc *run_next;      /* in a run queue: guarded by its lock */
		struct epoch_item retired;  /* once it has ended; see table.c */
	};
};

/* Timers that one process has set for itself on one wheel, or that others have set for it: see proc/timer.h. */
struct timer_list {
	struct timers *home; /* NULL: not in use */
	struct list list;
	struct timer_list *next;
};

/* The after-timer of a receive: see proc/timer.h. */
struct receive_timer {
	struct wheel_timer wheel;
	struct proc *proc;
	struct timers *home; /* of the node while it is set */
	_Atomic int64_t deadline; /* monotonic nanoseconds, RECEIVE_FIRED or RECEIVE_NONE */
	_Atomic int64_t armed_at; /* the node's time while it is in the wheel, else 0; written under the wheel's lock */
};

/* Allocated lazily; the engine gets it by proc_extra(). */
struct proc_extra {
	struct raise raise;
	struct trap trap;
	term answer;                 /* OUTCOME_WAIT: what came */
	term label;                  /* proc_lib:set_label is in the dictionary; this is for the host's spawns */
	uint64_t names_round;        /* which collection of names it waits for; 0: none (proc/names.h) */
	uint16_t names_tries, names_vain; /* for how many it has waited in this call; how many in a row have brought nothing */
	uint64_t answer_id;          /* which question is open; others' answers are dropped */
	struct signal *requests;     /* REQUEST signals to be run between slices, oldest first */
	struct signal **requests_last;
	struct signal *left;         /* signals fetched behind the one that ends the process */
	struct receive_timer receive_timer;
	struct timer_list timers;    /* first of the lists of BIF timers */
	struct suspension *suspended_by_me; /* proc/suspend.c */
	struct watch *watches;       /* proc_watch() */
	struct proc_trace *trace;    /* trace/tracee.h; NULL: nobody traces it */
	size_t max_heap_words;       /* 0: none */
	struct collecting *collecting; /* proc/collect.h */
	double *floats;              /* the same */
	uint64_t pressed_bytes;      /* what was left after it was last collected for its namespace's sake */
	bool max_heap_kill;
	bool max_heap_log;
	bool max_heap_shared_binaries;
	bool max_heap_set;           /* the four above were set by the program */
	bool quiet;                  /* no crash report: the host hears of the end by on_exit */
	bool by_signal;              /* it ends by an exit signal, from `killer` */
	uint32_t save_calls;
	uint32_t scheduler;          /* process_flag(scheduler) */
	uint32_t *node_watches;      /* how often process_flag(monitor_nodes) asked, by kind: NODE_WATCHES of them; NULL: never */
	term killer;                 /* TERM_NONE: the host */
	term undefined_module;       /* whose loading it waits for, or has just waited for; TERM_NONE */
	term error_handler;          /* process_flag(error_handler); TERM_NONE: error_handler */
	/* Called once by the owner when the process ends, while its memory is still there: raise says why, and when it
	 * simply returned (CLASS_EXIT, normal) raise.args is the value that its function returned, else TERM_NONE. */
	void (*on_exit)(struct proc *p, void *user);
	void *on_exit_user;
	uint64_t reductions_max;     /* 0: none; passing it ends the process as a kill does (host calls) */
	struct beamr_crash_id crash_id; /* set when it ends with a fault of its own */
	struct beamr_crash_id cause;    /* came with the signal that ends it: the first death of the chain */
	struct deaths *deaths;          /* proc/deaths.h; NULL: it knows of none */
	term room_of;                   /* PROC_WANTS_ROOM: in whose mailbox. This and the next: proc/full.c */
	uint64_t room_wait, room_waits; /* the number of the wait that goes on, 0: none; of the last one */
	struct room_waiter *room_waiters;
};

/* Where it goes on, or did a moment ago. Threads: any. */
static inline const uint64_t *proc_pc(const struct proc *p)
{
	struct proc *q = (struct proc *)(uintptr_t)p; /* atomic_load takes no const object in C17 */
	return atomic_load_relaxed(&q->pc);
}

struct proc_extra *proc_extra_make(struct proc *p);

/* Puts a process into a run queue if it is in none; sched's, handed down once at the start. Threads: any. */
extern void (*proc_make_runnable)(struct proc *p);
/* Brings a namespace back that stands aside for its quota, since somebody in it is to end; the same. */
extern void (*proc_bring_back)(const struct account *account);

static inline struct proc_extra *proc_extra(struct proc *p)
{
	return likely(p->extra != NULL) ? p->extra : proc_extra_make(p);
}

static inline struct heap *proc_heap(struct proc *p)
{
	return &p->mem.heap;
}

/* Process table. A pointer got from proc_lookup may be used for sending signals and reading published fields until the
 * calling worker's slice ends (other threads: between epoch_enter and epoch_leave). NULL: no such live process. */
struct proc *proc_lookup(term pid);
/* The same for one of whom a process of that namespace has come to know: NULL as well when there is no way to its namespace
 * (ns/channel.h). Whatever a program does to others goes by this. */
struct proc *proc_reach(const struct ns *from, term pid);
/* Whoever has that slot now; NULL. For tracing. */
struct proc *proc_in_slot(uint32_t slot);
/* The same, also of one that is ending just now. */
struct proc *proc_lookup_exiting(term pid);

/* What spawn takes. mfa or fun; arguments are copied to the child's memory. */
#define NODE_WATCHES 33 /* plain; and by map: three types of nodes or none said, with and without reason, connection id, list */

struct spawn_options {
	bool link;
	bool monitor;
	term monitor_options;   /* list, or TERM_NIL */
	term monitor_tag;       /* TERM_NONE: 'DOWN' */
	enum proc_priority priority;
	uint32_t min_heap_words, min_bin_bytes_kib;
	uint16_t fullsweep_after;
	bool has_fullsweep_after;
	size_t max_heap_words;
	bool max_heap_kill, max_heap_log, max_heap_shared_binaries, max_heap_set;
	bool off_heap_messages;
	bool async_dist;
	bool system;            /* PROC_SYSTEM */
	term group_leader;      /* TERM_NONE: the parent's */
	/* Only for spawns of the host (parent NULL). */
	const uint64_t *entry;  /* NULL, or code to begin at without arguments instead of module:function(args) */
	term register_as;       /* TERM_NONE, or a name that it holds before it runs: TERM_NONE is returned when it is taken */
	term link_to;           /* TERM_NONE, or a local pid */
	void (*on_exit)(struct proc *p, void *user); /* see struct proc_extra */
	void *on_exit_user;
	uint64_t reductions_max;
	bool quiet;
};

void spawn_options_init(struct spawn_options *options);
/* parent NULL: spawned by the host. function is a fun (then module is TERM_NONE and args is a list for a host spawn) or an atom;
 * args a proper list of arguments. Returns the pid, TERM_NONE when the table is full; *ret_monitor (may be NULL) the
 * monitor's reference, built on the parent's heap. Threads: owner of parent, or any with parent NULL. */
term proc_spawn(struct ns *ns, struct proc *parent, term module, term function, term args,
	const struct spawn_options *options, term *ret_monitor);

/* Memory. proc_collect is for the engine: the x registers that live are x[0..live). Makes `need` words of room; on reaching
 * max_heap_size the process is to end: returns false, with OUTCOME_EXIT set. */
_must_check_ bool proc_collect(struct proc *p, size_t need, term *x, unsigned live);
_must_check_ bool proc_collect_major(struct proc *p, size_t need, term *x, unsigned live);

/* Words of its heap and stack that are its own: not the nursery it borrows while it runs, but what it has put there. */
size_t proc_total_words(const struct proc *p);

/* Something of it beside the heap has grown or gone: the next proc_note_memory() adds up. Owner. */
static inline void proc_memory_changed(struct proc *p)
{
	p->noted_words = SIZE_MAX;
}

/* Charges its account for what it has grown since it was last asked. Owner. */
_noinline_ void proc_add_memory(struct proc *p);

static inline void proc_note_memory(struct proc *p)
{
	const struct gen_heap *g = &p->mem;
	/* Most slices leave a heap of the size that it had. */
	if (likely(g->start == NULL && (size_t)(g->old_end - g->old_start) + g->heap.fragment_words == p->noted_words &&
		    (g->heap.offheap.bytes | g->old_offheap.bytes | atomic_load_relaxed(&p->binaries_kib)) == 0))
		return;
	proc_add_memory(p);
}


/* Receive, for the engine. */
/* The message at the save position, fetching signals when the fetched ones are used up; NULL when there is none: then
 * wait. Sets PROC_MATCHING. A non-message signal may end the process: NULL with p->outcome OUTCOME_EXIT. */
struct message *mailbox_current(struct proc *p);
term message_value(const struct message *m);
/* Takes the current message out; its memory joins the heap as a fragment. Resets the save position, stops the after-timer. */
void mailbox_remove(struct proc *p);
/* loop_rec_end: on to the next. */
void mailbox_next(struct proc *p);
/* timeout instruction: save position back to the first. */
void mailbox_timeout(struct proc *p);
/* wait_timeout: starts the after-timer when it does not run yet. False: time is a bad value (timeout_value).
 * *ret_expired: it has run out (or time is 0), do not wait. */
bool mailbox_wait_timeout(struct proc *p, term time, bool *ret_expired);
term recv_marker_reserve(struct proc *p);
void recv_marker_bind(struct proc *p, term marker, term reference);
void recv_marker_clear(struct proc *p, term reference);
void recv_marker_use(struct proc *p, term reference);

/* Sends a copy of message. to: pid, registered name, {Name, Node}, alias reference. Returns false, with
 * badarg as the raise, when `to` is no destination or names nobody. */
_must_check_ bool proc_send(struct proc *p, term to, term message);
/* The same, and when `to` is an alias for it, before the ordinary messages that wait there. */
_must_check_ bool proc_send_first(struct proc *p, term to, term message);
/* A run of the engine has ended for good (SLICE_EXIT, or p->outcome is OUTCOME_EXIT): ends the process. For sched. */
void proc_end(struct proc *p);
/* What lives besides the stack; x registers when they are not in saved_x. */
void proc_roots(struct proc *p, struct roots *roots, term *x, unsigned live);
/* A report of what p has done to another, or what was done to it: only when report_asked(kind). other, reference, reason: TERM_NONE
 * for none. Threads: owner. */
void proc_report(struct proc *p, enum beamr_report_kind kind, term other, term reference, term reason);
/* A report of a traced event of p: id of the trace, what happened as text, and the function it is about or TERM_NONE. */
void proc_report_trace(struct proc *p, uint64_t id, const char *text, term mfa);
/* What a process says, for a report of it. Terms, TERM_NONE or `undefined` for none. */
struct proc_saying {
	unsigned priority; /* over 7: the kind's own */
	bool dying;        /* a log event about its own end, which is told of when that comes */
	term other;        /* a child, a process ... */
	term text;         /* RESTART, CHILD: what was done with which child; else the sentence: a binary or characters */
	term detail;       /* RESTART, CHILD: how often that was done: a binary */
	term reason;
	term cause;        /* the pid of a dead process that it was told of, or a crash id as text */
	term pid;          /* whom it is about, when that is another process */
	term mfa, file, line;
	term fields;       /* [{Name :: binary(), term()}] */
};
/* Threads: owner. */
void proc_tell(struct proc *p, enum beamr_report_kind kind, const struct proc_saying *saying);
/* Called for each process that ends, by the owner, before links and monitors hear of it and while its memory is still
 * there. Registered before the schedulers start. */
void proc_on_end(void (*fn)(struct proc *p));
/* Where reports go; NULL: nowhere. Set before the schedulers start. fn: see struct beamr_options. */
/* Text for the standard error of p's namespace: what its logger would hear if there were one. Set before the schedulers start. */
typedef void (*proc_text_fn)(struct proc *p, const uint8_t *text, size_t size);
void proc_set_unheard(proc_text_fn fn);
/* What ports do with what processes send them; io's, handed down before the schedulers start. */
struct port_functions {
	/* Port ! Message: returns false with the raise set. */
	bool (*send)(struct proc *p, term port, term message);
	/* Whether a process of that namespace may reach the port. */
	bool (*reaches)(const struct ns *from, term port);
	/* A signal. Takes s. */
	void (*signal)(term port, struct signal *s);
	/* Its registered name is taken away. */
	void (*unnamed)(term port);
};
void proc_set_ports(const struct port_functions *functions);
void proc_set_report(void (*fn)(void *user, const struct beamr_report *report), void *user);

/* OUTCOME_WAIT. A question has a number; its answer carries it. value is copied. Threads: any. */
uint64_t proc_question(struct proc *p);
void proc_answer(term pid, uint64_t question, term value);
void proc_answer_raise(term pid, uint64_t question, enum exception_class class, term reason);

/* Requests. fn runs once: by the owner of that process, between its slices, p being the process; or, when there is no such
 * process or it ends first, with p == NULL on the thread that notices. It may read the process and send signals; it may not
 * build on its heap nor block. Order: as any signal from the same sender. Threads: any. */
typedef void (*proc_request_fn)(struct proc *p, void *arg);
void proc_request(term pid, proc_request_fn fn, void *arg);
/* The same for what a program asks of another: as if that were dead when it cannot be reached. */
void proc_request_by(const struct proc *asking, term pid, proc_request_fn fn, void *arg);

/* For threads of the host: a signal from nobody. message and reason are copied. False when there is no such process. */
bool proc_send_from_host(term pid, term message);
bool proc_exit_from_host(term pid, bool kill, term reason);

/* The table's life. max: most processes at once (0: 2^27). proc_table_done frees what processes are left, after the schedulers
 * have stopped. */
void proc_table_init(uint64_t max);
void proc_table_done(void);
/* Live processes; spawns and crashes since the start. */
uint64_t proc_limit(void);
uint64_t proc_count(void);
uint64_t proc_spawn_count(void);
uint64_t proc_crash_count(void);
/* Time since the table was made. */
uint64_t proc_table_age_usec(void);
/* Collections so far, and the words they have freed. */
void proc_collections(uint64_t *ret_count, uint64_t *ret_words);
/* Calls fn for each live process in order of slots, under an epoch; fn may read published fields and send signals.
 * false ends the walk. after: begin with the slot after it; 0 from the start. Threads: any. */
void proc_each(uint32_t after_slot, bool (*fn)(struct proc *p, void *arg), void *arg);
/* The same for those of one namespace (NULL: of all): others cost a look at four bytes each. */
void proc_each_of(const struct ns *ns, uint32_t after_slot, bool (*fn)(struct proc *p, void *arg), void *arg);
/* A name's holder; TERM_NONE without. And each name of a namespace, in no order. Threads: any. */
term registry_whereis(struct ns *ns, term name);
void registry_each(struct ns *ns, bool (*fn)(term name, term pid, void *arg), void *arg);
/* The name a process is registered under; TERM_NONE. Threads: any, within an epoch. */
term registry_name_of(const struct proc *p);

/* What a process publishes at the end of each slice; reading it disturbs nobody. Within an epoch. */
struct proc_published {
	uint64_t memory_bytes, reductions, mailbox;
	uint32_t flags;                    /* enum proc_flag */
	uint8_t priority;
	const struct export *initial_call; /* or NULL */
	term said_module;                  /* what proc_lib says in '$initial_call' that it was started with; TERM_NONE */
	term said_function;
	unsigned said_arity;
	const uint64_t *current;           /* an address in the code it runs or waits in; NULL: unknown */
	int64_t started_usec;              /* realtime */
	uint64_t serial;                   /* rises with each spawn of the machine */
	term parent;                       /* TERM_NONE: the host */
};

void proc_published(const struct proc *p, struct proc_published *ret);
/* By the owner: its flags and priority are what others are told. */
static inline void proc_publish_flags(struct proc *p)
{
	atomic_store_relaxed(&p->told, p->flags | (uint64_t)p->priority << 32);
}

/* For requests (owner only): walks over relations; false ends a walk. */
void proc_links_each(const struct proc *p, bool (*fn)(term other, void *arg), void *arg);
/* type: process or port; target: pid or port, or {Name, Node} when monitored by name; reference: its ref. */
void proc_monitors_each(
	const struct proc *p, bool (*fn)(term type, term target, term reference, void *arg), void *arg);
void proc_monitored_by_each(const struct proc *p, bool (*fn)(term watcher, term reference, void *arg), void *arg);
void proc_dict_each(const struct proc *p, bool (*fn)(term key, term value, void *arg), void *arg);
/* TERM_NONE when the dictionary has no such key. */
term proc_dict_get(const struct proc *p, term key);
/* Fetched messages, oldest first. */
void proc_messages_each(const struct proc *p, bool (*fn)(const struct message *m, void *arg), void *arg);

/* Host's monitor: fn runs once, on any thread, when the process is dead (at once when it is). Threads: any. */
void proc_watch(term pid, void (*fn)(void *arg), void *arg);
