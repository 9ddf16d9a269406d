/* SPDX-License-Identifier: Apache-2.0 */
/* The one public door of the machine: make it, fill it with namespaces and modules, run things in it, look at it.
 *
 * Threads: every function may be called from any thread of the host that is not a scheduler, at any time between
 *   beamr_new() and beamr_free(); none waits for a process to run ("asynchronous" ones take a completion instead).
 * Completions: called exactly once, on a scheduler's or a helper's thread, or before the asynchronous call itself returns. They must not
 *   block and must not call back into the machine; the usual one queues what it was given and wakes the host's event loop.
 *   What a completion is handed is owned by the host from then on.
 * Strings: UTF-8, ended by NUL. Names of namespaces, modules, functions and processes that are asked about are looked up,
 *   never made into atoms; only spawn, call, load and the making of terms can add an atom.
 * Outcomes: 0, a positive BEAMR_E_..., or a negative errno when the host failed (-ENOMEM, -EIO ...). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/report.h"

#define BEAMR_API __attribute__((visibility("default")))
#define BEAMR_MODULE_MAX (64u << 20) /* bytes of one .beam, and of what it unpacks to */
#define BEAMR_NAME_MAX 63            /* bytes of a namespace's name: [A-Za-z0-9][A-Za-z0-9_.-]* */
#define BEAMR_PID_TEXT 48            /* room for a pid as text */
#define BEAMR_DEFAULT_NAMESPACE "default" /* there from the start, cannot be removed */

struct beamr;               /* a machine */
struct beamr_ns;            /* a namespace; counted, so that it outlives its removal while held */
struct beamr_term;          /* a term with memory of its own, of no process */
typedef uint64_t beamr_pid; /* a process for the life of the machine, never used again; 0: none */

enum beamr_outcome {
	BEAMR_OK = 0,
	BEAMR_E_EXISTS, /* that name is taken */
	BEAMR_E_NAME,   /* not a possible name */
	BEAMR_E_NO_NAMESPACE,
	BEAMR_E_NO_MODULE,
	BEAMR_E_NO_FUNCTION,
	BEAMR_E_NO_PROCESS,
	BEAMR_E_FORMAT,   /* a file or term is malformed; struct beamr_error says where */
	BEAMR_E_OLD_CODE, /* old code is in the way */
	BEAMR_E_IN_USE,   /* a namespace still has processes */
	BEAMR_E_LIMIT,    /* a bound was met */
	BEAMR_E_STOPPING, /* the machine is being stopped */
	BEAMR_E_NO_TABLE,
};

/* Where input is wrong. */
struct beamr_error {
	char chunk[64];   /* loading: four letters of the chunk, or "" ; elsewhere "" */
	uint64_t offset;  /* bytes from the start of the chunk, or of the text */
	uint32_t line;    /* of term text, from 1; 0 when it means nothing */
	uint32_t column;  /* in characters, from 1 */
	char reason[256]; /* one sentence without a full stop */
};

/* ------------------------------------------------------------------------------------------------ the machine */

struct beamr_options {
	unsigned schedulers;  /* 0: as many as cores the process may use */
	const char *otp_root; /* a folder like /usr/lib/erlang; NULL: only code that is handed in */
	uint64_t processes_max; /* 0: the machine's default, 2^27 */
	/* Reports and events. Called on the scheduler where it happens, so it must not block nor allocate much; report is
	 * borrowed for the call. */
	void (*report)(void *user, const struct beamr_report *report);
	/* What programs print where the host has given them no descriptor: in pieces as they come, not line by line. stream: 1 for standard
	 * output, 2 for standard error. pid: who printed it, or 0 when that is not known: a node's own group leaders do not say. */
	void (*output)(void *user, const char *namespace_name, beamr_pid pid, int stream,
		const char *bytes, size_t size);
	/* A helper program of a port was started; called on the thread that starts them, which may wait for the disk here. number: of the
	 * namespace, as beamr_ns_number(). NULL: nobody asks. */
	void (*child)(void *user, uint64_t number, const char *namespace_name, int pid);
	/* A program called erlang:halt/1,2: its namespace's processes are being killed. NULL: nothing more happens. */
	void (*halt)(void *user, const char *namespace_name, int status);
	void *user; /* for all of them */
};

/* Makes a machine with its default namespace; nothing runs yet, but modules can be loaded and processes spawned.
 * options is copied. Returns 0, or negative errno. */
BEAMR_API int beamr_new(const struct beamr_options *options, struct beamr **ret_machine);
/* Starts the scheduler threads. */
BEAMR_API int beamr_start(struct beamr *machine);
/* Stops them after their present slice and joins them; processes stay where they are. Completions that wait on
 * processes are called with BEAMR_E_STOPPING before it returns. May be called twice. Blocks up to a slice. */
BEAMR_API void beamr_stop(struct beamr *machine);
/* Stops if need be, and frees all. Takes NULL. */
BEAMR_API struct beamr *beamr_free(struct beamr *machine);
/* "27", "29" ...: the release of the OTP root, or "" when there is none. Borrowed. */
BEAMR_API const char *beamr_otp_release(const struct beamr *machine);

/* What a folder like /usr/lib/erlang holds. "" for what it does not tell. */
struct beamr_otp {
	char release[16]; /* "27" */
	char erts[32];    /* "15.2.7" */
};

BEAMR_API void beamr_otp_describe(const char *root, struct beamr_otp *ret_otp);
/* Which events beside the always built ones reach the report sink: bit (1 << kind) each. Cheap; 0 when nobody looks. */
BEAMR_API void beamr_events(struct beamr *machine, uint64_t kinds);

/* From where on the events longgc, longschedule and largeheap tell of a collection, a slice, a process. More than 0. */
struct beamr_event_limits {
	uint64_t long_gc_usec;       /* 50000 at first */
	uint64_t long_schedule_usec; /* 50000 at first */
	uint64_t large_heap_bytes;   /* 64 MiB at first */
};

BEAMR_API void beamr_event_limits(struct beamr *machine, const struct beamr_event_limits *limits);

enum beamr_scheduler_state {
	BEAMR_SCHEDULER_BUSY,     /* in a slice */
	BEAMR_SCHEDULER_IDLE,     /* looks for work */
	BEAMR_SCHEDULER_SLEEPING, /* in the kernel until a timer or a wake-up */
	BEAMR_SCHEDULER_BLOCKED,  /* in one native call for longer than a slice */
};

struct beamr_scheduler {
	unsigned id; /* from 1 */
	enum beamr_scheduler_state state;
	uint64_t
		progress; /* rises with each slice begun and each sleep; one that is neither sleeping nor changes is stuck */
	uint64_t run_queue;     /* processes that wait for it */
	uint64_t run_queue_max; /* since the start */
	uint64_t reductions;
	uint64_t switches;   /* slices begun */
	uint64_t migrations; /* processes taken from other schedulers */
	uint64_t
		busy_usec; /* time in slices since the start; the difference of two looks over their distance is the load */
	beamr_pid current; /* 0: none */
};

/* Fills at most `max` and returns how many schedulers there are. Reads published numbers only. */
BEAMR_API size_t beamr_schedulers(
	const struct beamr *machine, struct beamr_scheduler *ret_schedulers, size_t max);

/* Bytes. */
struct beamr_memory {
	uint64_t total, processes, processes_used, atoms, atoms_used, binaries, code, ets, system;
};

BEAMR_API void beamr_memory(const struct beamr *machine, struct beamr_memory *ret_memory);

struct beamr_counts {
	uint64_t namespaces, processes, modules, atoms, crashes, spawns;
};

BEAMR_API void beamr_counts(const struct beamr *machine, struct beamr_counts *ret_counts);

/* ------------------------------------------------------------------------------------------------ namespaces */

/* Adds an empty namespace (BIFs and what the OTP root has are there as in every one).
 * ret_ns: a reference for the caller. BEAMR_E_NAME, BEAMR_E_EXISTS. */
BEAMR_API int beamr_ns_create(struct beamr *machine, const char *name, struct beamr_ns **ret_ns);
/* Looks one up; the caller gets a reference. BEAMR_E_NO_NAMESPACE. */
BEAMR_API int beamr_ns_get(struct beamr *machine, const char *name, struct beamr_ns **ret_ns);

/* Takes it out of the list so that nothing new starts there. BEAMR_NS_KILL kills what runs there, else BEAMR_E_IN_USE
 * while a process lives; the default one gives BEAMR_E_NAME. Memory goes when the last process and reference are gone. */
enum beamr_ns_remove_flags { BEAMR_NS_KILL = 1 };

BEAMR_API int beamr_ns_remove(struct beamr *machine, const char *name, unsigned flags);
/* Whether reports of deaths may hold last messages and states, which may be secret; they do not at first. */
BEAMR_API void beamr_ns_crash_detail(struct beamr_ns *ns, bool shown);
/* Asynchronous: done is called when it has been removed and its last process is gone (at once when they are). One at a time may wait
 * for a namespace. */
BEAMR_API void beamr_ns_watch(struct beamr_ns *ns, void (*done)(void *user), void *user);
/* Gives it another name; what runs in it goes on. BEAMR_E_NO_NAMESPACE, BEAMR_E_NAME, BEAMR_E_EXISTS. */
BEAMR_API int beamr_ns_rename(struct beamr *machine, const char *from, const char *to);
/* Takes NULL; returns NULL. */
BEAMR_API struct beamr_ns *beamr_ns_unref(struct beamr_ns *ns);

struct beamr_ns_info {
	const char *name;
	uint64_t processes, processes_peak, modules, names, ets_tables, reductions, crashes,
		restarts, memory_bytes;
	int64_t created_realtime_usec;
};

/* Calls fn for each, by name; info and its strings are borrowed for the call. A fn that returns false ends the walk. */
BEAMR_API void beamr_ns_each(struct beamr *machine,
	bool (*fn)(void *user, const struct beamr_ns_info *info), void *user);
BEAMR_API const char *beamr_ns_name(const struct beamr_ns *ns);
/* Stands for it whatever it is called; no other that is there has it. */
BEAMR_API uint64_t beamr_ns_number(const struct beamr_ns *ns);

/* Limits of a namespace. 0: none; for cpu_weight: 100. What happens at each is told in lib/ns/quotas.def. */
struct beamr_quota {
	uint64_t memory_high, memory_max; /* bytes */
	uint64_t processes_max, atoms_max, ets_tables_max, ets_memory_max, modules_max,
		code_memory_max, ports_max, file_descriptors_max, mailbox_max, mailbox_policy, process_heap_max,
		timers_max;
	uint64_t cpu_weight;      /* 1 to 10000 */
	uint64_t cpu_quota_milli; /* thousandths of one scheduler */
};

/* What a namespace holds now and has used up so far. Bytes, pieces, microseconds. */
struct beamr_usage {
	uint64_t memory,
		memory_peak; /* all it is charged for: the next four and what has no place there */
	uint64_t memory_processes, memory_binaries, ets_memory, code_memory;
	uint64_t processes, processes_peak, atoms, ets_tables, modules, ports, file_descriptors,
		timers;
	uint64_t reductions, cpu_usec, messages, crashes, restarts;
};

/* A limit that was met. */
struct beamr_limit_met {
	const char *limit; /* the interface's name of it */
	uint64_t times;
	int64_t last_realtime_usec;
};

/* Those that were met so far and are still what they were; at most max. Returns how many there are. */
BEAMR_API size_t beamr_ns_limits_met(
	const struct beamr_ns *ns, struct beamr_limit_met *ret_limits, size_t max);
/* More than there are kinds of limits. */
#define BEAMR_LIMITS_MAX 24

/* Replaces all limits at once; they hold for what is asked for from then on. Nothing is taken away from what is there, but memory_high
 * and memory_max hold at once. BEAMR_E_LIMIT, when one is out of its domain: *ret_field (may be NULL) is the interface's name of it. */
BEAMR_API int beamr_ns_set_quota(
	struct beamr_ns *ns, const struct beamr_quota *quota, const char **ret_field);
BEAMR_API void beamr_ns_quota(const struct beamr_ns *ns, struct beamr_quota *ret_quota);
BEAMR_API void beamr_ns_usage(const struct beamr_ns *ns, struct beamr_usage *ret_usage);

/* Declares channels: what of other namespaces this one's processes may reach, in place of what was declared before. Without any,
 * nobody in it reaches anybody elsewhere, nor is reached, even by who has come to a pid. "mail.inbox": the name 'mail.inbox' stands here for
 * whoever is registered as `inbox` in namespace `mail`, and pids of the two namespaces work in both, for who was given them, so that
 * what comes can be answered. The first dot parts the two. channels: ended by NULL, copied; NULL: none.
 * BEAMR_E_FORMAT, BEAMR_E_LIMIT (more than 1024): *ret_wrong (may be NULL) is the one that is wrong. */
BEAMR_API int beamr_ns_set_channels(
	struct beamr_ns *ns, const char *const *channels, const char **ret_wrong);

/* Adds a folder of .beam files: the first call of a module that is not loaded loads it from the first folder that has
 * it. Order: folders added here (BEAMR_CODE_FIRST before the others), then ROOT/lib/APP/ebin. -ENOENT, -ENOTDIR ... */
enum beamr_code_flags { BEAMR_CODE_FIRST = 1 };

BEAMR_API int beamr_code_add_dir(struct beamr_ns *ns, const char *dir, unsigned flags);

/* ------------------------------------------------------------------------------------------------ nodes
 * Booting makes a namespace a node: OTP's own init, erl_prim_loader, kernel and stdlib start in it, from the .beam files of
 * a release, as they do under `erl`. From then on code is loaded by its code server, output goes through its `user`, events
 * through its logger; beamr_code_add_dir() is of no use there (say -pa).
 * Life: 1 beamr_ns_create()  2 beamr_ns_boot()  3 started (init's boot script is through)  4 stopping (init:stop, beamr_ns_shutdown,
 *       halt)  5 halted: `halted` is called, its processes are being killed  6 beamr_ns_remove(). A node boots once. */
#define BEAMR_HALT_ABORT 256 /* status of erlang:halt(abort) */

struct beamr_boot_options {
	const char *
		otp_root; /* a folder like /usr/lib/erlang: the release of this node; NULL: the machine's */
	/* What erlexec hands to the emulator's Erlang part, in order, UTF-8: "-root" ROOT "-bindir" BINDIR "-progname" "erl" "-home"
	 * HOME ... Copied. NULL with a count of 0: those four, and -noinput. -root, -bindir, -progname and -home are added in front when missing. */
	const char *const *arguments;
	size_t argument_count;
	const char *const *environment; /* "NAME=VALUE", ended by NULL, copied; NULL: the host's */
	const char *cwd;                /* the working folder; copied; NULL: the host's */
	/* Descriptors of its standard input, output and error; lent until the namespace is gone. -1: input is at its end, output goes
	 * to beamr_options.output. */
	int streams[3];
	/* More descriptors, which are 3, 4, ... to its {fd, In, Out} ports; lent like those. NULL: none. */
	const int *descriptors;
	size_t descriptor_count;
	/* The boot script is through: applications that it starts are started. Called at most once, as a completion. May be NULL. */
	void (*started)(void *user);
	/* It ends as `erl` does when it writes a crash dump: by halt/1 with a slogan, because its boot failed, or because init
	 * died. Called before `halted`, at most once, on a scheduler, while its other processes are there and can be looked at. slogan:
	 * borrowed. May be NULL. */
	void (*crashing)(void *user, const char *slogan);
	/* The node has ended: halt/1, init:stop, a boot that failed, or a kernel process that died. Called exactly once, on a
	 * scheduler; its processes are being killed. status: 0 to 255, or BEAMR_HALT_ABORT. message: the slogan of a halt that has one,
	 * or ""; borrowed. May be NULL. */
	void (*halted)(void *user, int status, const char *message);
	void *user;
};

/* Starts the boot; how it goes is told by `started` and `halted`. The machine must have been started.
 * 0; BEAMR_E_EXISTS: it was booted before, or things run there; BEAMR_E_NO_MODULE: the root lacks a preloaded module;
 * BEAMR_E_FORMAT; BEAMR_E_LIMIT; negative errno (-ENOENT, -ENOTDIR: the root). error (may be NULL) says what was wrong.
 * Blocks for as long as it takes to read the preloaded modules when no other namespace has them. */
BEAMR_API int beamr_ns_boot(
	struct beamr_ns *ns, const struct beamr_boot_options *options, struct beamr_error *error);
/* Tells the node of a signal of the operating system, as os:set_signal/2 has it: erl_signal_server hears of it, or it is ignored.
 * 0, or BEAMR_E_NO_PROCESS when the signal is to do what it does by default, or nobody is there to be told. */
BEAMR_API int beamr_ns_signal(struct beamr_ns *ns, int number);
/* Asks for an orderly stop, as SIGTERM asks `erl`: erl_signal_server is told, and its handlers decide (the usual one calls
 * init:stop/0); init is told when SIGTERM has no handler. 0, or BEAMR_E_NO_PROCESS when nobody is there who could be told (not booted, booting, or halted). */
BEAMR_API int beamr_ns_shutdown(struct beamr_ns *ns);

enum beamr_node_state {
	BEAMR_NODE_NONE, /* never booted */
	BEAMR_NODE_BOOTING,
	BEAMR_NODE_STARTED,
	BEAMR_NODE_HALTED,
};

BEAMR_API enum beamr_node_state beamr_ns_node(const struct beamr_ns *ns);

/* ------------------------------------------------------------------------------------------------ modules */

struct beamr_module {
	const char *name;
	const char *digest; /* hex, of the code that runs: MD5 as module_info(md5) */
	const char *source; /* file it was compiled from, or "" */
	uint64_t bytes;     /* memory of its code and literals */
	uint64_t exports;   /* how many */
	int64_t loaded_realtime_usec;
	bool has_old; /* an older version is still there */
	bool has_current;
	bool sticky; /* came from the OTP root */
};

/* Loads one module; the version it replaces becomes old (BEAMR_E_OLD_CODE when there is one already).
 * code: bytes of a .beam (also gzipped), borrowed.  dry_run flag: checks everything, changes nothing.
 * error and module of the outcome say what was wrong, and with which module.
 * An on_load function makes it asynchronous, which is why the outcome comes by completion: */
enum beamr_load_flags { BEAMR_LOAD_DRY_RUN = 1 };

struct beamr_loaded {
	int outcome; /* as above; BEAMR_E_FORMAT also for a failing on_load */
	struct beamr_error error;
	char module[1024];
};

typedef void (*beamr_loaded_fn)(
	void *user, struct beamr_loaded *loaded); /* free with beamr_loaded_free() */
BEAMR_API void beamr_load(struct beamr_ns *ns, const void *code, size_t size, unsigned flags,
	beamr_loaded_fn done, void *user);
BEAMR_API struct beamr_loaded *beamr_loaded_free(struct beamr_loaded *loaded);

struct beamr_table {
	const char *name;      /* also of one that is not known by it */
	const char *reference; /* "#Ref<...>": the term that stands for one that is not named */
	uint64_t id;           /* a number of its own */
	bool named, compressed;
	const char *type;       /* "set", "ordered_set", "bag", "duplicate_bag" */
	const char *protection; /* "public", "protected", "private" */
	beamr_pid owner, heir;  /* heir: 0 when there is none */
	uint64_t keypos, objects, bytes;
};

/* Each ETS table; borrowed for the call. It waits for who works on one. */
BEAMR_API void beamr_table_each(
	struct beamr_ns *ns, void (*fn)(void *user, const struct beamr_table *table), void *user);

struct beamr_tables {
	size_t count;
	const struct beamr_table *tables;
};

typedef void (*beamr_tables_fn)(
	void *user, struct beamr_tables *tables); /* free with beamr_tables_free() */

/* Asynchronous: all of them. ns: held until done is called. */
BEAMR_API void beamr_tables(struct beamr_ns *ns, beamr_tables_fn done, void *user);
BEAMR_API struct beamr_tables *beamr_tables_free(struct beamr_tables *tables);

struct beamr_rows_options {
	const char *table; /* a name; or a reference as text, "#Ref<0.1.2.3>" or "0.1.2.3" */
	const struct beamr_term *key; /* only what has that key; held until done is called. NULL: all */
	const char *from; /* the last page's `next`; NULL: the first page */
	size_t limit;     /* rows of a page, at most 1000 */
	size_t max_text;
};

struct beamr_row {
	struct beamr_term *term; /* NULL when it is over a million words; then only text tells of it */
	uint64_t words;
	const char *text; /* at most max_text bytes */
	bool truncated;
};

struct beamr_rows {
	int outcome; /* 0, BEAMR_E_NO_TABLE */
	size_t count;
	const struct beamr_row *rows; /* in the table's own order */
	const char *next; /* there are more: from here on. NULL: there are none, or the page ends at a key of more than 256 KiB */
};

typedef void (*beamr_rows_fn)(void *user, struct beamr_rows *rows); /* free with beamr_rows_free() */

/* Asynchronous: a page of what is in a table, be it private, copied while nobody else works on it. ns: held until done is called.
 * BEAMR_E_FORMAT: `from` is none; then done is not called. */
BEAMR_API int beamr_table_rows(struct beamr_ns *ns, const struct beamr_rows_options *options,
	beamr_rows_fn done, void *user);
BEAMR_API struct beamr_rows *beamr_rows_free(struct beamr_rows *rows);
/* Each loaded module by name; borrowed for the call; false ends the walk. */
BEAMR_API void beamr_module_each(
	struct beamr_ns *ns, bool (*fn)(void *user, const struct beamr_module *module), void *user);
/* One of them. fn is called once with it. BEAMR_E_NO_MODULE. */
BEAMR_API int beamr_module_get(struct beamr_ns *ns, const char *module,
	void (*fn)(void *user, const struct beamr_module *module), void *user);
/* Its exported functions; also of one that can be found in the code folders (it is loaded then). BEAMR_E_NO_MODULE. */
BEAMR_API int beamr_export_each(struct beamr_ns *ns, const char *module,
	bool (*fn)(void *user, const char *function, unsigned arity), void *user);
/* Whether M:F/A can be called (loads M when it can be found; in a node, whose code server loads modules when they are called, an
 * M that is not loaded may be there): 0, BEAMR_E_NO_MODULE, BEAMR_E_NO_FUNCTION. */
BEAMR_API int beamr_export_check(
	struct beamr_ns *ns, const char *module, const char *function, unsigned arity);

/* Makes current code old, as code:delete/1. BEAMR_E_NO_MODULE, BEAMR_E_OLD_CODE. */
BEAMR_API int beamr_module_delete(struct beamr_ns *ns, const char *module);

struct beamr_purged {
	int outcome; /* 0, BEAMR_E_NO_MODULE, BEAMR_E_OLD_CODE (somebody runs it and there was no force), BEAMR_E_STOPPING */
	bool purged; /* there was old code, and it is gone */
	size_t pid_count;
	beamr_pid *pids; /* who was killed, or who is in the way */
};

enum beamr_purge_flags { BEAMR_PURGE_FORCE = 1, BEAMR_PURGE_DRY_RUN = 2 };

typedef void (*beamr_purged_fn)(
	void *user, struct beamr_purged *purged); /* free with beamr_purged_free() */
/* Asynchronous: every process is asked whether it still uses the old code. */
BEAMR_API void beamr_purge(
	struct beamr_ns *ns, const char *module, unsigned flags, beamr_purged_fn done, void *user);
BEAMR_API struct beamr_purged *beamr_purged_free(struct beamr_purged *purged);

struct beamr_atoms {
	uint64_t before, after; /* how many the namespace has */
	uint64_t pause_usec;    /* how long its processes did not run */
};

/* Asynchronous: brings back atoms that nothing in the namespace refers to any more. It does so by itself before it has as many as it may have.
 * done is called on any thread; atoms NULL: the machine stops. Returns 0 or BEAMR_E_NO_NAMESPACE: it is ending, and done is not called. */
typedef void (*beamr_collected_fn)(void *user, const struct beamr_atoms *atoms);
BEAMR_API int beamr_ns_collect_atoms(struct beamr_ns *ns, beamr_collected_fn done, void *user);

/* Several modules at once, or none of them. */
struct beamr_code; /* a module that was checked and made ready, of no namespace yet */

/* Threads: any; needs no namespace, takes long. Returns 0; BEAMR_E_FORMAT, BEAMR_E_LIMIT, negative errno, with error. */
BEAMR_API int beamr_code_prepare(
	const void *code, size_t size, struct beamr_code **ret_code, struct beamr_error *ret_error);
/* Takes NULL; returns NULL. */
BEAMR_API struct beamr_code *beamr_code_free(struct beamr_code *code);

struct beamr_change {
	const char *module;
	struct beamr_code *code; /* lent for the call; NULL: the module goes */
};

struct beamr_code_user {
	size_t item; /* of which change */
	beamr_pid pid;
	bool old; /* of the version before the current one */
};

struct beamr_changed {
	/* 0; BEAMR_E_OLD_CODE: somebody runs old code of an item, or the code of one that goes; BEAMR_E_FORMAT: an on_load function failed;
	 * BEAMR_E_LIMIT; BEAMR_E_STOPPING */
	int outcome;
	size_t item;      /* which one it is about; the first of them */
	char reason[200]; /* what is with it; a sentence without a full stop */
	/* Who runs what, found on the whole of their stacks: with a dry run, and with BEAMR_E_OLD_CODE. */
	size_t user_count;
	struct beamr_code_user *users;
};

enum beamr_change_flags { BEAMR_CHANGE_DRY_RUN = 1 };

typedef void (*beamr_changed_fn)(
	void *user, struct beamr_changed *changed); /* free with beamr_changed_free() */
/* Asynchronous: makes all of it current in one step, after every on_load function has returned ok. What is not all right leaves everything
 * as it was. A dry run only looks who is in the way. ns: held until done is called. */
BEAMR_API void beamr_change(struct beamr_ns *ns, const struct beamr_change *changes, size_t count,
	unsigned flags, beamr_changed_fn done, void *user);
BEAMR_API struct beamr_changed *beamr_changed_free(struct beamr_changed *changed);

/* What modules need that neither beamr nor they themselves have. No machine is needed; nothing is loaded for good. */
struct beamr_source {
	const char *name; /* for messages */
	const void *bytes;
	size_t size;
};

/* missing: called for each distinct M:F/A, sorted.  bad: called for each source that does not load.
 * Returns how many calls of `missing` there were; *ret_bad: calls of `bad`. */
BEAMR_API size_t beamr_imports(const struct beamr_source *sources, size_t count,
	void (*missing)(void *user, const char *module, const char *function, unsigned arity),
	void (*bad)(void *user, const char *name, const struct beamr_error *error), void *user,
	size_t *ret_bad);

/* What a .beam file holds, checked as loading would, without loading it. */
struct beamr_checked {
	char module[1024];
	char digest[33]; /* MD5 as module_info(md5), in hex */
	bool runs;       /* exports main/0 */
};

/* Needs no machine. Returns 0; BEAMR_E_FORMAT with error and, as far as it is known, the module's name; negative errno. */
BEAMR_API int beamr_module_check(const void *code, size_t size, struct beamr_checked *ret_checked,
	struct beamr_error *ret_error);

/* ------------------------------------------------------------------------------------------------ terms */

/* Reads Erlang term text ("{ok, [1, <<\"a\">>]}", with or without a full stop; pids, refs and funs M:F/A too).
 * Bound: depth and size are limited by `size`, no recursion. BEAMR_E_FORMAT with line, column and reason. */
BEAMR_API int beamr_term_parse(
	const char *text, size_t size, struct beamr_term **ret_term, struct beamr_error *ret_error);
/* From external term format, as binary_to_term/1 takes it. BEAMR_E_FORMAT. */
BEAMR_API int beamr_term_decode(
	const void *etf, size_t size, struct beamr_term **ret_term, struct beamr_error *ret_error);
/* As ~0tp prints it (text in lists and binaries as text, never broken into lines), at most max bytes (0: all), cut on a character. A malloc'ed string. */
BEAMR_API char *beamr_term_text(const struct beamr_term *term, size_t max, bool *ret_truncated);
/* What stands beside `key` in the property list that is an element of a tuple (from 0), as an .app file has one: its text as
 * above, or its characters without quotes if it is a list of them. A malloc'ed string; NULL: there is none, or no such list. */
BEAMR_API char *beamr_term_property(
	const struct beamr_term *tuple, unsigned element, const char *key);
/* As term_to_binary/1. A malloc'ed block. */
BEAMR_API void *beamr_term_encode(const struct beamr_term *term, size_t *ret_size);
/* "integer", "float", "atom", "tuple", "list", "map", "binary", "bitstring", "function", "pid", "port", "reference", "record". */
BEAMR_API const char *beamr_term_type(const struct beamr_term *term);
BEAMR_API uint64_t beamr_term_words(const struct beamr_term *term);
BEAMR_API struct beamr_term *beamr_term_free(struct beamr_term *term);

/* ------------------------------------------------------------------------------------------------ doing */

struct beamr_frame {
	const char *module;
	const char *function;
	unsigned arity;
	const char *file; /* "" when unknown */
	unsigned line;    /* 0 when unknown */
};

/* How a process ended. */
struct beamr_end {
	bool in_order;      /* normal, shutdown or {shutdown, _} */
	const char *reason; /* as ~tw prints it, cut when it is long; borrowed */
};

struct beamr_spawn_options {
	const char *name; /* registered before it runs; NULL: none. BEAMR_E_EXISTS when taken */
	uint64_t heap_max_words; /* 0: none; else max_heap_size with kill and report */
	beamr_pid link;          /* 0: none */
	/* Called once, as a completion, when it ends; beamr_watch() may tell before. Not when the machine stops first. NULL: nobody asks. */
	void (*ended)(void *user, const struct beamr_end *end);
	void *user; /* for `ended` */
};

/* Spawns M:F(Arguments...). arguments are borrowed and copied. options may be NULL.
 * 0, BEAMR_E_NO_MODULE and BEAMR_E_NO_FUNCTION as beamr_export_check(), BEAMR_E_NAME, BEAMR_E_EXISTS, BEAMR_E_LIMIT,
 * BEAMR_E_NO_PROCESS (link), BEAMR_E_NO_NAMESPACE (removed). */
BEAMR_API int beamr_spawn(struct beamr_ns *ns, const char *module, const char *function,
	struct beamr_term *const *arguments, size_t count,
	const struct beamr_spawn_options *options, beamr_pid *ret_pid);

enum beamr_call_end {
	BEAMR_CALL_VALUE,      /* returned */
	BEAMR_CALL_RAISED,     /* ended by an exception, or by an exit signal (class exit) */
	BEAMR_CALL_TIMED_OUT,  /* timeout_usec passed; the process was killed */
	BEAMR_CALL_REDUCTIONS, /* reductions_max were spent; the process was killed */
	BEAMR_CALL_HEAP,       /* heap_max_words were passed; the process was killed */
	BEAMR_CALL_STOPPING,   /* the machine stops */
};

struct beamr_call_options {
	uint64_t timeout_usec;   /* 0: none */
	uint64_t reductions_max; /* 0: none */
	uint64_t heap_max_words; /* 0: none */
	bool keep_output; /* collect what it prints in the result rather than hand it to the output sink */
};

struct beamr_call_result {
	enum beamr_call_end end;
	struct beamr_term *term; /* the value, or the reason; NULL unless VALUE or RAISED */
	const char *class;       /* "error", "exit", "throw" with RAISED */
	size_t frame_count;
	const struct beamr_frame *frames; /* with RAISED, innermost first */
	uint64_t reductions;
	uint64_t duration_usec;
	const char *output; /* with keep_output; never NULL */
};

typedef void (*beamr_call_fn)(
	void *user, struct beamr_call_result *result); /* free with beamr_call_result_free() */

/* Asynchronous: runs M:F(Arguments...) in a fresh process. Returns as beamr_spawn() does; done is called only after a 0.
 * ret_pid (may be NULL) is there to kill it: beamr_exit(). Such a process makes no crash report: the caller hears of it. */
BEAMR_API int beamr_call(struct beamr_ns *ns, const char *module, const char *function,
	struct beamr_term *const *arguments, size_t count, const struct beamr_call_options *options,
	beamr_call_fn done, void *user, beamr_pid *ret_pid);
BEAMR_API struct beamr_call_result *beamr_call_result_free(struct beamr_call_result *result);

/* ------------------------------------------------------------------------------------------------ tracing */

enum beamr_trace_what {
	BEAMR_TRACE_CALL = 1,
	BEAMR_TRACE_RETURN = 2,
	BEAMR_TRACE_EXCEPTION = 4,
	BEAMR_TRACE_SEND = 8,
	BEAMR_TRACE_RECEIVE = 16,
	BEAMR_TRACE_GC = 32,
	BEAMR_TRACE_SCHEDULE = 64,
};

struct beamr_trace_options {
	unsigned what;                 /* enum beamr_trace_what */
	const char *module, *function; /* of calls; NULL: all */
	int arity;                     /* -1: all */
	beamr_pid process;             /* 0: all of the namespace */
	uint64_t count_max;            /* at least 1 */
	uint64_t rate_max;             /* a second; 0: none */
	uint64_t duration_usec;        /* at least 1 */
	size_t text_max;               /* bytes of an event's text; 0: 200 */
};

struct beamr_trace;

/* Traces until a bound is met. Each event comes as a report of kind TRACE whose reference is the trace's number in digits; the last
 * one has no process, and why it ended as its `restart`: "count", "rate", "duration" or "target" (the process has ended).
 * 0, or BEAMR_E_NO_FUNCTION when calls were asked for and no function fits. */
BEAMR_API int beamr_trace_start(struct beamr_ns *ns, const struct beamr_trace_options *options,
	struct beamr_trace **ret_trace);
BEAMR_API uint64_t beamr_trace_number(const struct beamr_trace *trace);
/* Ends it if it has not ended yet, without telling, and frees it. NULL is allowed. Returns NULL. */
BEAMR_API struct beamr_trace *beamr_trace_stop(struct beamr_trace *trace);

/* Sends a copy of message. 0, or BEAMR_E_NO_PROCESS. */
BEAMR_API int beamr_send(struct beamr *machine, beamr_pid to, const struct beamr_term *message);

enum beamr_exit_kind {
	BEAMR_EXIT_REASON,   /* exit(Pid, Reason) */
	BEAMR_EXIT_KILL,     /* cannot be trapped; others see `killed` */
	BEAMR_EXIT_SHUTDOWN, /* exit(Pid, shutdown) */
};

/* Sends an exit signal from nobody. reason: borrowed; only with REASON, NULL else. 0, or BEAMR_E_NO_PROCESS. */
BEAMR_API int beamr_exit(struct beamr *machine, beamr_pid pid, enum beamr_exit_kind kind,
	const struct beamr_term *reason);
/* Asynchronous: done is called when the process is dead (at once when it is; also when the machine stops). */
BEAMR_API void beamr_watch(
	struct beamr *machine, beamr_pid pid, void (*done)(void *user), void *user);

struct beamr_garbage {
	int outcome;            /* 0, BEAMR_E_NO_PROCESS, BEAMR_E_STOPPING */
	uint64_t before, after; /* bytes, with the buffers that it holds; after: 0 when it has ended meanwhile */
};

typedef void (*beamr_garbage_fn)(
	void *user, struct beamr_garbage *garbage); /* free with beamr_garbage_free() */

/* Asynchronous: has a process collect its heap, all generations of it if major. */
BEAMR_API void beamr_collect_garbage(
	struct beamr *machine, beamr_pid pid, bool major, beamr_garbage_fn done, void *user);
BEAMR_API struct beamr_garbage *beamr_garbage_free(struct beamr_garbage *garbage);

/* Asynchronous: has a process pause, or go on. Asking twice is as asking once, and it is nothing to those whom other processes have
 * suspended. It hears signals meanwhile, kills among them, and messages wait. 0, BEAMR_E_NO_PROCESS. */
BEAMR_API void beamr_suspend(struct beamr *machine, beamr_pid pid, bool suspended,
	void (*done)(void *user, int outcome), void *user);

/* ------------------------------------------------------------------------------------------------ seeing */

/* Text as pid_to_list/1 gives it to a process of the machine. */
BEAMR_API void beamr_pid_text(beamr_pid pid, char out[BEAMR_PID_TEXT]);
/* From "<0.81.0>" or "0.81.0". BEAMR_E_FORMAT; BEAMR_E_NO_PROCESS when no living process prints so. */
BEAMR_API int beamr_pid_parse(struct beamr *machine, const char *text, beamr_pid *ret_pid);
/* A number that no two processes of this machine share, rising with age. */
BEAMR_API uint64_t beamr_pid_serial(beamr_pid pid);
/* By registered name. BEAMR_E_NO_PROCESS. */
BEAMR_API int beamr_whereis(struct beamr_ns *ns, const char *name, beamr_pid *ret_pid);
/* Each registered name, sorted; borrowed; false ends the walk. */
BEAMR_API void beamr_name_each(
	struct beamr_ns *ns, bool (*fn)(void *user, const char *name, beamr_pid pid), void *user);

enum beamr_process_state {
	BEAMR_PROCESS_RUNNABLE,
	BEAMR_PROCESS_RUNNING,
	BEAMR_PROCESS_WAITING,
	BEAMR_PROCESS_SUSPENDED,
	BEAMR_PROCESS_COLLECTING,
	BEAMR_PROCESS_EXITING,
};

/* What a process publishes; reading it disturbs nobody and may be a slice old. */
struct beamr_process {
	beamr_pid pid;
	uint64_t serial;
	const char *namespace_name;
	const char *name; /* "" when none */
	struct beamr_frame
		initial_call; /* of what proc_lib started: the function that it says, not proc_lib's own */
	struct beamr_frame current; /* module "" when unknown */
	enum beamr_process_state state;
	unsigned priority; /* 0 low .. 3 max */
	bool trap_exit;
	bool system;      /* belongs to the namespace itself, not to a program in it */
	beamr_pid parent; /* 0: the host */
	uint64_t mailbox; /* messages, read and unread */
	uint64_t memory_bytes;
	uint64_t reductions;
	int64_t started_realtime_usec;
};

/* Processes of a namespace (NULL: of all), oldest first, beginning after the one with that serial (0: from the start).
 * Borrowed for the call; false ends the walk. A process that ends meanwhile may or may not be seen. */
BEAMR_API void beamr_process_each(struct beamr *machine, struct beamr_ns *ns, uint64_t after_serial,
	bool (*fn)(void *user, const struct beamr_process *process), void *user);

/* Only who they are, in the same order: one walk, whatever is then asked about each. *ret_pids: malloc'ed. Returns 0 or -ENOMEM. */
BEAMR_API int beamr_process_pids(struct beamr *machine, struct beamr_ns *ns, uint64_t after_serial,
	beamr_pid **ret_pids, size_t *ret_count);

/* The same of one process. fn is called once with it. BEAMR_E_NO_PROCESS. */
BEAMR_API int beamr_process_get(struct beamr *machine, beamr_pid pid,
	void (*fn)(void *user, const struct beamr_process *process), void *user);

enum beamr_describe_flags {
	BEAMR_DESCRIBE_RELATIONS = 1,  /* links, monitors, monitored-by, ancestors */
	BEAMR_DESCRIBE_STACK = 2,      /* frames */
	BEAMR_DESCRIBE_MEMORY = 4,     /* heap, stack, binaries, collections */
	BEAMR_DESCRIBE_DICTIONARY = 8, /* keys and values, as text */
	BEAMR_DESCRIBE_ALL = 15,
};

struct beamr_monitor {
	beamr_pid pid;    /* 0: by name, then text is it */
	const char *text; /* of what is monitored, or who monitors */
	const char *reference;
};

struct beamr_pair {
	const char *key;
	const char *value;
};

/* What the process itself answers. Bound: lists beyond 10 000 items are cut and their totals told. */
struct beamr_process_info {
	int outcome; /* 0, BEAMR_E_NO_PROCESS (nothing else is set), BEAMR_E_STOPPING */
	struct beamr_process process;
	const char *label; /* "" when none */
	size_t link_count, links_total;
	const beamr_pid *links;
	size_t monitor_count, monitors_total;
	const struct beamr_monitor *monitors;
	size_t monitored_by_count, monitored_by_total;
	const struct beamr_monitor *monitored_by;
	size_t ancestor_count;
	const char *const *ancestors; /* pids or names as text, nearest first */
	size_t frame_count;
	const struct beamr_frame *frames; /* innermost first */
	size_t dictionary_count, dictionary_total;
	const struct beamr_pair *dictionary;
	const char *group_leader; /* pid text */
	uint64_t heap_words, stack_words, binaries_bytes, minor_collections, major_collections;
	uint64_t idle_usec; /* since it last ran */
};

typedef void (*beamr_process_fn)(
	void *user, struct beamr_process_info *info); /* free with beamr_process_info_free() */

/* Asynchronous: asks the process by a signal. */
BEAMR_API void beamr_describe(
	struct beamr *machine, beamr_pid pid, unsigned flags, beamr_process_fn done, void *user);
BEAMR_API struct beamr_process_info *beamr_process_info_free(struct beamr_process_info *info);

struct beamr_message {
	uint64_t index; /* from 0, oldest first */
	uint64_t words;
	struct beamr_term *term; /* NULL when it is over max_words; then only text tells of it */
	const char *text;        /* at most max_text bytes */
	bool truncated;
};

struct beamr_mailbox {
	int outcome; /* 0, BEAMR_E_NO_PROCESS, BEAMR_E_STOPPING */
	uint64_t total;
	size_t count;
	const struct beamr_message *messages;
};

typedef void (*beamr_mailbox_fn)(
	void *user, struct beamr_mailbox *mailbox); /* free with beamr_mailbox_free() */

/* Asynchronous: copies at most `limit` (up to 1000) messages from `offset` on; takes none out. */
BEAMR_API void beamr_peek(struct beamr *machine, beamr_pid pid, uint64_t offset, size_t limit,
	size_t max_text, beamr_mailbox_fn done, void *user);
BEAMR_API struct beamr_mailbox *beamr_mailbox_free(struct beamr_mailbox *mailbox);
