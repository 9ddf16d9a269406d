/* SPDX-License-Identifier: Apache-2.0 */
/* A namespace: its modules, names, tables and settings. Processes belong to one for life (proc->ns).
 *
 * Module code is shared by content between namespaces (code/module.h); what is a namespace's own is the mapping from
 * names to it. dispatch[n] is where a call of export n goes in this namespace: 0 means "not resolved here", and
 * the engine takes the slow path (a BIF's stub, loading from the code path, error_handler, undef).
 *
 * Life: 1 ns_new  2 processes run in it  3 closing (no new processes, all are killed)  4 ns_free once the last is gone. */
#pragma once
#include "base/atomic.h"
#include "base/list.h"
#include "base/lock.h"
#include "code/module.h"
#include "term/export.h"

struct channels;         /* ns/channel.h */
struct account;          /* base/account.h: what it holds, against its limits (ns/quota.h) */
struct ets_space;        /* ets/ets.h: the tables of a namespace */
struct persistent_space; /* bif/persistent_term.c */
struct re_patterns;      /* bif/re_pattern.c */
struct environment;      /* bif/os.c: environment variables */
struct cwd;              /* ns/cwd.h: the working folder */
struct pool_share;       /* base/pool.h */
struct trace_space;      /* trace/session.h: who traces in it */
struct shares;           /* sched/fair.c: what of it waits on each worker */
struct names_collection; /* proc/names.h: how its atoms come back */
struct names_walk;       /* heap/names_walk.h */
struct registry;         /* proc/registry.c: registered names */

enum ns_quota {
#define QUOTA(name, field, most, text) NS_QUOTA_##name,
#include "ns/quotas.def"
#undef QUOTA
	NS_QUOTAS
};

enum ns_signal {
#define SIGNAL(name, number, since) NS_SIGNAL_##name,
#include "ns/signals.def"
#undef SIGNAL
	NS_SIGNALS
};

/* What is to become of a signal that the host receives for the namespace. */
enum ns_disposition { NS_SIGNAL_DEFAULT, NS_SIGNAL_HANDLE, NS_SIGNAL_IGNORE };

#define NS_BACKTRACE_DEPTH 8 /* as in OTP */

/* What comes of a process that passes the size that is set for all. */
enum ns_max_heap { NS_MAX_HEAP_KILL = 1, NS_MAX_HEAP_LOG = 2, NS_MAX_HEAP_SHARED = 4 };

struct ns {
	/* fixed once published */
	uint32_t id;
	char *_Atomic name;  /* changes when the host renames it; every name it had lives as long as it does */
	struct ns_old_name *old_names;
	_Atomic(const uint64_t *) *dispatch; /* EXPORTS_MAX entries of reserved address space, touched as used */
	struct account *account;
	struct registry *registry;
	struct ets_space *ets;
	_Atomic(struct trace_space *) trace; /* NULL until somebody traces */
	_Atomic(struct persistent_space *) persistent; /* made when first used */
	_Atomic(struct environment *) environment;     /* bif/os.c; made when first used */
	_Atomic(struct shares *) shares; /* made when first used */
	_Atomic(struct re_patterns *) re_patterns;     /* made when first used */
	_Atomic(struct channels *) channels;           /* NULL: none */
	_Atomic(struct names_collection *) names_collection; /* proc/names.h; made when first used */
	struct pool_share *helpers;      /* for what it does on helper threads and may block */
	struct pool_share *long_calls;   /* for what uses the processor: as many at a time as there are schedulers */

	_Atomic int64_t limits_met_at[NS_QUOTAS]; /* when each was last met, realtime microseconds; 0: never */
	_Atomic uint64_t limits_met[NS_QUOTAS];   /* how often */
	_Atomic uint64_t limits[NS_QUOTAS]; /* 0: none. Rarely written, often read: away from the counters */

	/* atomic */
	_Atomic int64_t processes; /* living ones, plus one while the namespace is open, plus held */
	_Atomic int64_t held;      /* by others than processes */
	_Atomic int64_t processes_peak;
	_Atomic uint8_t signals[NS_SIGNALS]; /* enum ns_disposition: os:set_signal/2 */
	_Atomic bool closing;
	_Atomic term victim; /* the process that is to end for memory; TERM_NONE or one that has ended: none (proc/pressure.c) */
	_Atomic bool ending; /* all its processes are being killed: that they die is no news */
	_Atomic uint64_t crashes;
	_Atomic uint64_t restarts; /* children started again by supervisors */
	_Atomic bool crash_detail; /* reports of deaths may hold last messages and states */
	_Atomic bool internal_state; /* erts_debug:set_internal_state(available_internal_state, true) */
	/* As programs set them by system_flag/2. */
	_Atomic uint32_t backtrace_depth;     /* frames of a stack trace */
	_Atomic uint32_t system_requests_max; /* outstanding_system_requests_limit; there is never more than one */
	_Atomic bool wall_times;              /* statistics(scheduler_wall_time) answers */
	/* Of new processes' memory, likewise. */
	_Atomic uint16_t fullsweep_after;
	_Atomic uint32_t min_heap_words;
	_Atomic uint32_t min_bin_kib;
	_Atomic uint64_t max_heap;     /* words << 3 | enum ns_max_heap */
	_Atomic term system_logger;    /* where the emulator's own log events go: `logger`, a pid, or `undefined` */
	void (*on_empty)(struct ns *ns); /* fixed before closing is set */
	void *host;                      /* vm's handle; fixed once published */
	/* Set by vm (vm/namespace.c, vm/node.c); fixed before the first process runs there. */
	char otp_release[16], erts_version[32]; /* "27", "15.2.7": of the OTP root it uses; "" without one */
	int release;    /* 27; 0 without one: ns_set_release() */
	bool booted;    /* OTP's own kernel runs here: its code server loads modules, nobody else */
	int streams[3]; /* descriptors that stand for its standard input, output and error; -1: at its end; to the host's output */
	int *descriptors; /* further ones: 3, 4, ...; malloc'ed */
	size_t descriptor_count;

	/* guarded by code_lock (LOCK_CODE) for writers; readers go by dispatch or the lock-free module table */
	struct mutex code_lock;
	_Atomic(struct module_table *) modules;
	struct code_paths *paths; /* folders searched for MODULE.beam */
	struct cwd *cwd;   /* ns/cwd.c; NULL: the machine's */
	struct list link;  /* guarded by LOCK_NS */
};

/* One module of a namespace: what its name means there. */
struct module {
	term name;
	_Atomic(struct module_code *) current; /* NULL: deleted or not loaded */
	struct module_code *old;               /* guarded by code_lock */
	struct module_code *pending;           /* its on_load function runs or is to run; guarded by code_lock */
	int64_t loaded_usec;                   /* realtime, of current; guarded by code_lock like the rest */
	char *path;                            /* file it came from, or NULL */
	bool from_root;                        /* that file lies in the OTP root */
};

/* What another room keeps in a namespace: made and freed with it. Added at start, before the first ns_new(). */
struct ns_part {
	void (*init)(struct ns *ns); /* may be NULL */
	void (*done)(struct ns *ns); /* may be NULL */
	/* All terms that it keeps outside of processes and owned terms. None of the namespace's processes runs; other threads may be at work. Never
	 * NULL, so that it is not forgotten: ns_part_without_names. */
	void (*names)(struct ns *ns, struct names_walk *walk);
	struct ns_part *next;
};

void ns_add_part(struct ns_part *part);
void ns_part_without_names(struct ns *ns, struct names_walk *walk);
/* What all parts keep, and what the namespace itself does but for its code. */
void ns_names_walk(struct ns *ns, struct names_walk *walk);

/* Called whenever what a module's exports lead to changes in a namespace, under its code_lock: code (NULL: none) is current from
 * now on, before was (may be the same). Set at start. */
void ns_on_dispatch(void (*fn)(struct ns *ns, struct module_code *code, struct module_code *before));

/* name: copied. Returns NULL with *ret_exists when the name is taken. */
struct ns *ns_new(const char *name, bool *ret_exists);
struct ns *ns_find(const char *name);
/* Its name may be given to another from here on. */
void ns_unlist(struct ns *ns);
/* Gives it another name, which nobody may have. Returns false when somebody has. One thread at a time. */
bool ns_rename(struct ns *ns, const char *name);
void ns_free(struct ns *ns);
/* Calls fn for each; under LOCK_NS. */
void ns_each(void (*fn)(struct ns *ns, void *arg), void *arg);

/* NULL when the namespace never had a module of that name. Lock-free. */
struct module *ns_module(const struct ns *ns, term name);
void ns_modules_each(const struct ns *ns, void (*fn)(struct module *m, void *arg), void *arg);

static inline const uint64_t *ns_dispatch(const struct ns *ns, uint32_t export_number)
{
	/* Pairs with the release store when a module is published. */
	return atomic_load_acquire(&ns->dispatch[export_number]);
}

/* The BIF that an export is in this namespace; NULL when it is none, or none in the release of OTP that is used here. */
static inline const struct bif *ns_bif(const struct ns *ns, const struct export *e)
{
	return e->bif != NULL && bif_is_in_release(e->bif, ns->release) ? e->bif : NULL;
}

/* The namespace sees the BIFs of that release and no others; 0: all. Before its first module is loaded. */
void ns_set_release(struct ns *ns, int release);

enum { NS_E_OLD_CODE = 1, NS_E_ON_LOAD, NS_E_NO_MODULE, NS_E_FORMAT };

/* Its programs may come upon what the code names, and keep it longer than the code: before any of it runs there, and in the epoch in which it
 * comes to be found. */
void ns_hold_names(struct ns *ns, struct module_code *code);
/* The same of all its modules, of every version. */
void ns_hold_all_names(struct ns *ns);
/* Makes staged code the current version; what was current becomes old. Takes the reference to code on success.
 * path: copied; may be NULL. Returns 0, or NS_E_OLD_CODE when an old version is still there (purge first). */
_must_check_ int ns_publish(struct ns *ns, struct module_code *code, const char *path, bool from_root);
/* Current becomes old; its exports lead nowhere. NS_E_NO_MODULE, NS_E_OLD_CODE. */
_must_check_ int ns_delete_module(struct ns *ns, term name);
/* What becomes of one module when several change at once. */
struct ns_change {
	term name;
	struct module_code *code; /* with a reference; NULL: the module is deleted */
};

/* All of them, or none: a process that calls finds the modules of before, or those of after (calls that happen meanwhile, each). Takes the references on
 * success. What is to be deleted and is not there is no error. NS_E_OLD_CODE, with which one in *ret_bad. */
_must_check_ int ns_change_all(struct ns *ns, const struct ns_change *changes, size_t count, size_t *ret_bad);
/* Takes the old version out of the namespace; the caller gets its reference and sees to it that nobody uses the code
 * (proc/purge.h). NULL when there is none. */
struct module_code *ns_take_old(struct ns *ns, term name);
/* The current, or the old version, with a reference for the caller; NULL when there is none. */
struct module_code *ns_current_code(struct ns *ns, term name);
struct module_code *ns_old_code(struct ns *ns, term name);
/* Keeps code aside until its on_load function has run; takes the reference on success. NS_E_ON_LOAD when one is kept already,
 * NS_E_OLD_CODE as ns_publish. */
_must_check_ int ns_keep_pending(struct ns *ns, struct module_code *code);
/* Lends what is kept aside, or takes it out. NULL when there is nothing. */
struct module_code *ns_pending_code(struct ns *ns, term name);
struct module_code *ns_take_pending(struct ns *ns, term name);
/* Whether that module's functions in C are natives of its own (ns/native_modules.def), no BIFs. */
bool ns_is_native_module(term module);
/* Whether an export is one of those natives. */
bool ns_is_native(const struct export *e);
/* Whether M:F/A is there without loading anything: a BIF, or an export of a current module. */
bool ns_exports(const struct ns *ns, term module, term function, uint32_t arity);

/* One more process; false when the namespace is closing, so that nothing may start there any more, or has as many as it
 * may have. Pairs with ns_process_leave. */
static inline bool ns_process_enter(struct ns *ns)
{
	int64_t now = atomic_load_relaxed(&ns->processes);
	const uint64_t max = atomic_load_relaxed(&ns->limits[NS_QUOTA_processes_max]);
	do {
		/* `now` is one more than the living, for being open, and what is held. */
		if (atomic_load_acquire(&ns->closing) ||
			(max != 0 && now - atomic_load_relaxed(&ns->held) > (int64_t)max))
			return false;
	} while (!atomic_cas_acq_rel(&ns->processes, &now, now + 1));
	now -= atomic_load_relaxed(&ns->held);
	int64_t peak = atomic_load_relaxed(&ns->processes_peak);
	while (unlikely(now > peak) && !atomic_cas_acq_rel(&ns->processes_peak, &peak, now))
		;
	return true;
}

/* One less, or the end of being open; whoever brings the count to 0 calls on_empty, which may free the namespace. */
static inline void ns_process_leave(struct ns *ns)
{
	if (atomic_sub_acq_rel(&ns->processes, 1) == 1 && ns->on_empty != NULL)
		ns->on_empty(ns);
}

/* Keeps the namespace for a while longer, beyond its last process. By whom it is kept already: a process of its own. */
static inline void ns_hold(struct ns *ns)
{
	atomic_add_relaxed(&ns->held, 1);
	atomic_add_relaxed(&ns->processes, 1);
}

static inline void ns_release(struct ns *ns)
{
	atomic_sub_relaxed(&ns->held, 1);
	ns_process_leave(ns);
}

/* Living processes. */
static inline int64_t ns_process_count(const struct ns *ns)
{
	int64_t count = atomic_load_relaxed(&ns->processes) - atomic_load_relaxed(&ns->held) -
			(atomic_load_relaxed(&ns->closing) ? 0 : 1);
	return count > 0 ? count : 0; /* between two of these it may be one off */
}

/* No process starts from here on; on_empty is called once when the last is gone (at once when there is none). */
void ns_close(struct ns *ns, void (*on_empty)(struct ns *ns));

/* Code folders. A folder's files are looked for by name when a module is first called; first: before the others. The OTP
 * root's lib/APP/ebin folders come last, newest version of each APP; 0 or negative errno. dir is copied. */
void ns_add_code_path(struct ns *ns, const char *dir, bool first);
int ns_add_otp_root(struct ns *ns, const char *root);
/* The path of NAME.beam in the code folders, malloc'ed; NULL when none has it. ret_from_root (may be NULL): found in the OTP
 * root. By text, so that asking makes no atom. */
char *ns_find_code(struct ns *ns, const uint8_t *name, size_t size, bool *ret_from_root);
