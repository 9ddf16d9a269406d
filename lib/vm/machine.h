/* SPDX-License-Identifier: Apache-2.0 */
/* The machine as its own room sees it. There is one a process: atoms, exports and the process table are global. */
#pragma once
#include "base/epoch.h"
#include "base/lock.h"
#include "base/pool.h"
#include "base/vec.h"
#include "beamr.h"
#include "heap/heap.h"
#include "ns/ns.h"

struct beamr {
	struct beamr_options options; /* otp_root is our copy */
	struct beamr_otp otp; /* of its root */
	bool started;
	bool stopped;
	bool alone; /* set once no thread but the caller's runs anything of the machine */
	struct beamr_ns *late; /* ended since then, to be freed last; by late_next */
	struct mutex lock;                 /* LOCK_LEAF: the list of namespaces' handles */
	VEC(struct beamr_ns *) namespaces; /* sorted by name */
};

enum logger_state { LOGGER_OFF, LOGGER_STARTING, LOGGER_RUNNING };

struct node_boot {
	void (*started)(void *user);
	void (*crashing)(void *user, const char *slogan);
	void (*halted)(void *user, int status, const char *message);
	void *user;
	_Atomic int crashed; /* `crashing` has been called */
};

/* Who waits for a namespace to be gone. */
struct namespace_watch {
	void (*done)(void *user);
	void *user;
};

/* A namespace as the host holds it. */
struct beamr_ns {
	struct beamr *machine;
	struct ns *ns;
	struct epoch_item retired;
	struct pool_job job; /* its end */
	struct beamr_ns *late_next;
	_Atomic uint32_t refs;
	bool removed; /* guarded by machine->lock */
	int64_t created_realtime_usec;
	_Atomic(struct namespace_watch *) watch; /* NULL, who waits for the end, or &namespace_gone */
	struct mutex
		kernel_lock; /* LOCK_LEAF: one thread at a time looks whether the kernel process is there */
	bool kernel_ready;        /* guarded by the lock of vm/kernel.c: it has its names, or has ended */
	_Atomic int logger; /* enum logger_state */
	_Atomic int node;   /* enum beamr_node_state */
	struct node_boot boot; /* fixed once node is BOOTING */
	_Atomic term
		kernel; /* pid of its kernel process (vm/kernel.c); TERM_NONE before the first spawn */
};

struct beamr_term {
	struct owned_term *owned;
	struct names names; /* that are in it */
};

/* An atom as the namespace has it; TERM_NONE when it has none of that text, or (atom_made) may have no more. */
/* Held by names from here on, since the namespace may find that nothing of it refers to it. */
term atom_known(const struct beamr_ns *h, const char *text, struct names *names);
term atom_made(const struct beamr_ns *h, const char *text, struct names *names, bool *ret_full);

/* Wraps; takes owned. */
struct beamr_term *term_wrap(struct owned_term *owned);
/* A malloc'ed copy of a term's text, as ~tw; max 0: no limit. */
char *term_text(term t, size_t max, bool *ret_truncated);

static inline beamr_pid pid_to_host(term pid)
{
	return pid;
}

static inline term pid_from_host(beamr_pid pid)
{
	return pid;
}

/* vm/autoload.c: modules that are called before they are loaded. */
void autoload_start(struct beamr *machine);
void autoload_stop(void);
/* Loads the module into the namespace when its code folders have it, on this thread. 0, BEAMR_E_NO_MODULE,
 * BEAMR_E_FORMAT (ret_error filled) ... */
int autoload_now(struct ns *ns, term module, struct beamr_error *ret_error);

/* Loads that file, which holds that module, into the namespace, on this thread. -ENOENT ..., BEAMR_E_FORMAT, with ret_error filled. */
int load_file(struct ns *ns, term module, const char *path, bool from_root,
	struct beamr_error *ret_error);

void autoload_logger_started(struct ns *ns);

/* vm/load.c */
struct load_error;
void load_error_to_host(const struct load_error *from, struct beamr_error *to);
/* Loads bytes and makes them current in the namespace, running on_load first if there is one (then it waits for it: not on a
 * scheduler's thread). digest: its SHA-256 when that is known, else NULL. expected: the module's name, or TERM_NONE. path: for module_info and messages; may be NULL. Old code that
 * nobody uses is purged on the way. Returns 0 or a BEAMR_E_..., with the error told. */
int load_publish(struct ns *ns, const void *data, size_t size, const uint8_t *digest, term expected,
	const char *path, bool from_root, struct load_error *error);
/* The same of code that is there already; takes the reference. */
int load_publish_code(struct ns *ns, struct module_code *code, const char *path, bool from_root,
	struct load_error *error);
/* A module in the code folders that does not load is an entry in the log, whatever the caller makes of undef. */
void load_failed(struct ns *ns, term module, const struct beamr_error *error);

/* vm/run.c: text of a process that runs for a call which keeps its output. False: it is no such process. */
bool call_output(term from, const uint8_t *bytes, size_t size);

/* vm/kernel.c: the process that stands in for `user` and starts what OTP's kernel would have. */
void kernel_init(struct beamr *machine);
/* Its pid, started if need be; TERM_NONE when it cannot be. */
term kernel_process(struct beamr_ns *handle);
/* The handler that gives a logger's events to the host; as load_publish. */
int kernel_load_logger(struct ns *ns, struct load_error *error);
/* Starts the logger service; autoload_logger_started() is called when it runs, or has failed to. */
void kernel_start_logger(struct beamr_ns *handle);
struct beamr_ns *handle_of(struct ns *ns);

/* vm/otp.c: the newest erts-VERSION/ebin of a root that holds the preloaded modules; malloc'ed, NULL when there is none. */
char *otp_preloaded_dir(const char *root);
/* The same folder's sibling bin, which need not exist; malloc'ed. */
char *otp_bin_dir(const char *root, const char *preloaded_dir);

/* vm/node.c: erlang:halt in a node; its processes are killed. False: the namespace is no node. */
struct halt;
bool node_halt(struct beamr_ns *handle, const struct halt *halt);
/* Init is nearly through with its boot script, for the first time or because of init:restart/0. */
void node_boots(struct beamr_ns *handle);
