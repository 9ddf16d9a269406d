/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator should hear: one record a happening, built where it happens, handed to the sink, copied there.
 *
 * A record is one flat block: numbers, frames, and texts held in an arena at its end and named by their offset. So it
 * is built without allocation, is copied with one memcpy of report_bytes(), and means the same wherever it lies.
 * Invariant: text[0] is NUL, so that offset 0 is the empty text and "absent" at once; every text is NUL-ended, valid
 * UTF-8, cut on a character when it met its limit. A writer that runs out of arena sets `cut` and goes on. */
#pragma once
#include "base/atomic.h"
#include "base/check.h"

#define REPORT_ARENA_BYTES 61440
#define REPORT_FRAMES_MAX 64
#define REPORT_REASON_MAX 4000 /* bytes; a journal field over 4096 is printed as null */
#define REPORT_PEERS_MAX 16    /* links, monitors that are named; the total is told beside */
#define REPORT_FIELD_MAX 4000
#define REPORT_FIELDS_MAX 48   /* of a log event's own */

enum beamr_report_kind {

#define REPORT(name, wire, message_id, priority, always, subject) BEAMR_REPORT_##name,
#include "report/reports.def"
#undef REPORT
	BEAMR_REPORT_KINDS
};

/* A row of reports.def. */
struct report_type {
	const char *name; /* on the wire, as Event.kind and BEAMR_EVENT */
	const char
		*message_id; /* 32 hex digits; "" when it is an event only, never a journal entry */
	int priority;        /* syslog's 0..7, before the meaning of a single report changes it */
	bool always;         /* is built whether or not anyone asked for it with beamr_events() */
	const char *subject; /* one sentence */
};

extern const struct report_type report_types[BEAMR_REPORT_KINDS];

/* A crash id: 48 bits of milliseconds, 80 of chance; sortable. All zero: none. */
struct beamr_crash_id {
	uint64_t high;
	uint64_t low;
};

#define BEAMR_CRASH_ID_TEXT 27 /* 26 letters and digits of Crockford's base 32, and NUL */

struct beamr_report_frame {
	uint16_t module; /* texts, by offset */
	uint16_t function;
	uint16_t file; /* 0 when unknown */
	uint16_t arity;
	uint32_t line; /* 0 when unknown */
};

struct beamr_report {
	enum beamr_report_kind kind;
	bool cut;         /* something did not fit */
	bool killed;      /* exit-signal: by an untrappable kill, or reason killed */
	bool supervised;  /* crash: its parent, which may tell how it goes on, hears of its end by a link or a monitor */
	bool dying;       /* log: about the end of its process, which is told of by itself when it comes */
	uint8_t priority; /* syslog's */
	int64_t realtime_usec;
	int64_t monotonic_usec;
	struct beamr_crash_id crash_id; /* this death */
	struct beamr_crash_id
		cause; /* the first death that brought this one down; zero when it is the first */
	uint64_t fingerprint; /* same fault, same value; 0 when no fault */
	uint64_t serial;      /* of the process; 0 when the report is about no process */
	/* texts by offset into text[]; 0 when absent */
	uint16_t namespace_name;
	uint16_t process; /* "<0.1042.0>" */
	uint16_t name;    /* registered name */
	uint16_t label;   /* proc_lib:set_label/1 */
	uint16_t class;   /* "error", "exit", "throw" */
	uint16_t fault; /* "badmatch", "let_assert", "killed" ...: few values, made to be counted */
	uint16_t reason; /* as ~0tp prints it, at most REPORT_REASON_MAX bytes */
	uint16_t
		detail; /* one line for people: Gleam's message and value, or the reason's short form */
	uint16_t initial_call; /* "m:f/a" */
	uint16_t parent;       /* pid text */
	uint16_t ancestors;    /* space between, as $ancestors has them */
	uint16_t links;        /* pid texts, newline between, at most REPORT_PEERS_MAX */
	uint16_t monitored_by;
	uint16_t other; /* the other side: who sent the signal, who was linked, the child started */
	uint16_t reference;
	uint16_t module; /* of the event: module loaded, or where the fault is */
	uint16_t function;
	uint16_t file;         /* where the fault is, exact: Gleam's own when the reason has it */
	uint16_t last_message; /* policy decides whether they are ever filled */
	uint16_t state;
	uint16_t client;       /* whose request the process was handling */
	uint16_t server;       /* what its behaviour calls it, when that is no registered name */
	uint16_t restart; /* restart, child: "permanent worker" */
	uint16_t often;   /* restart, child: "2/3 in 5s" */
	uint16_t fields;  /* what a program's log event has of its own: field_count texts "NAME=value", one behind the other */
	uint16_t field_count;
	uint32_t line;
	uint32_t arity;
	uint32_t links_total;
	uint32_t monitored_by_total;
	uint64_t mailbox; /* messages */
	uint64_t memory_bytes;
	uint64_t reductions;
	uint64_t age_usec;
	uint32_t frame_count; /* at most REPORT_FRAMES_MAX; innermost first */
	uint32_t text_used;   /* bytes of text[] in use, at least 1 */
	struct beamr_report_frame frames[REPORT_FRAMES_MAX];
	char text[REPORT_ARENA_BYTES];
};

/* The text at an offset of the record; "" for 0. Borrowed from it. */
static inline const char *report_text(const struct beamr_report *report, uint16_t offset)
{
	return report->text + offset;
}

/* What to copy: the record up to the last used byte of its arena. */
static inline size_t report_bytes(const struct beamr_report *report)
{
	return offsetof(struct beamr_report, text) + report->text_used;
}

/* Starts a record: everything zero but kind, its usual priority, the times, and an empty arena. */
void report_begin(struct beamr_report *report, enum beamr_report_kind kind);
/* Adds a text of at most max bytes (cut on a character; invalid UTF-8 becomes U+FFFD); returns its offset, 0 when it is empty
 * or nothing fits any more. Control characters other than newline and tab become spaces. */
uint16_t report_put(struct beamr_report *report, const char *text, size_t bytes, size_t max);
/* Adds "NAME=value" to the report's own fields: all of them must be added without another text between. The value is cut to what is left
 * of REPORT_FIELD_MAX. */
void report_field(struct beamr_report *report, const char *name, const char *value, size_t bytes);
uint16_t report_putf(struct beamr_report *report, const char *format, ...) _printf_(2, 3);
/* For printers that write by pieces: begin gives the room left (NUL kept back), commit says how many bytes were written. */
char *report_room(struct beamr_report *report, size_t max, size_t *ret_bytes);
uint16_t report_commit(struct beamr_report *report, size_t bytes);
/* Adds a frame; false when there is no room for more. file may be NULL. */
bool report_frame(struct beamr_report *report, const char *module, const char *function,
	unsigned arity, const char *file, uint32_t line);
/* Sets the fingerprint from the fault and the first three frames, without lines. */
void report_fingerprint(struct beamr_report *report);

/* A new id. Threads: any. */
struct beamr_crash_id crash_id_new(void);
void crash_id_text(struct beamr_crash_id id, char out[BEAMR_CRASH_ID_TEXT]);
/* Whether it is one; ret_id is set then. */
bool crash_id_parse(const char *text, struct beamr_crash_id *ret_id);

static inline bool crash_id_is_none(struct beamr_crash_id id)
{
	return id.high == 0 && id.low == 0;
}

/* Where records go: the host's function, called on the scheduler where it happens. Set once, before anything runs. */
void report_set_sink(void (*sink)(void *user, const struct beamr_report *report), void *user);
/* Which kinds beside the always built ones somebody wants: bit (1 << kind) each. */
void report_set_wanted(uint64_t kinds);
/* The same as bits, for report_asked(). */
extern _Atomic uint64_t report_wanted;

/* Whether somebody wants records of a kind that is not always built. */
static inline bool report_asked(enum beamr_report_kind kind)
{
	return (atomic_load_relaxed(&report_wanted) >> kind & 1) != 0;
}

/* Whether a record of that kind is worth building. */
bool report_is_wanted(enum beamr_report_kind kind);
/* Hands a finished record to the sink. */
void report_emit(const struct beamr_report *report);
