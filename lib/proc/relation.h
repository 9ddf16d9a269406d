/* SPDX-License-Identifier: Apache-2.0 */
/* Who is tied to whom: links, monitors (both ends), aliases.
 *
 * Links. Each side keeps its own entry. Unlinking leaves an entry with the number of the UNLINK until its UNLINK_ACK
 * comes back; meanwhile exit signals by that link mean nothing. (OTP's protocol.)
 * Monitors. One node serves both ends, counted by both: `there` goes to the monitored process as MONITOR and comes back as DOWN,
 * `gone` goes to it as DEMONITOR. A node without target is an alias, or a monitor of the clock.
 * Invariant: fields under "origin" belong to the process that monitors, those under "target" to the other one. */
#pragma once
#include "base/list.h"
#include "base/wordmap.h"
#include "proc/signal.h"

enum monitor_flags {
	MONITOR_IS_SET = 1,          /* DOWN will come */
	MONITOR_ALIAS = 2,           /* messages to the reference arrive */
	MONITOR_ALIAS_DEMONITOR = 4, /* the alias ends with the monitor */
	MONITOR_ALIAS_REPLY = 8,     /* and with the first message through it, which also ends the monitor */
	MONITOR_CLOCK = 16,          /* time_offset */
	MONITOR_SPAWN_REQUEST = 32,
	MONITOR_PORT = 64,           /* a port, or the name of one: DOWN says so */
	MONITOR_PRIORITY = 128,      /* DOWN goes before ordinary messages; of an alias alone: what is sent so does */
};

struct monitor {
	struct signal there;
	struct signal gone;
	_Atomic uint32_t refs;
	/* fixed once published */
	struct ref_id ref;
	struct account *account; /* of the origin, which is charged for it */
	term origin;
	term target;             /* TERM_NONE: see above */
	term name;               /* TERM_NONE, or the registered name that was monitored */
	term node;               /* with a name: where */
	struct owned_term *tag;  /* NULL: 'DOWN' */
	/* origin */
	struct list at_origin;
	uint8_t flags;
	bool was_alias;          /* the reference has the form of an alias; fixed */
	/* target */
	struct list at_target;
	bool is_there;
	/* target, then origin with DOWN */
	struct message *reason;  /* DOWN_ROOM words free before it, the first of which hold the crash id meanwhile */
};

struct relations {
	struct wordmap links;        /* pid -> number of its UNLINK, 0 while linked */
	struct list monitors;    /* at_origin; aliases too; in order of making */
	struct list monitored_by;
	struct wordmap by_ref;       /* when there are more than a few monitors: ref_key() -> struct monitor * */
	uint32_t monitor_count;
	uint32_t monitored_by_count;
};

struct relations *relations_make(struct proc *p);

static inline struct relations *relations(struct proc *p)
{
	return likely(p->relations != NULL) ? p->relations : relations_make(p);
}

/* What a name or a list walks. fn may not change the relations. */
void links_each(struct proc *p, void (*fn)(term pid, void *arg), void *arg);
uint32_t links_count(const struct proc *p);
bool link_exists(const struct proc *p, term pid);
/* Only this side; the caller knows that the other has its own (spawn). */
void link_add(struct proc *p, term pid);
/* erlang:link/1 to a local pid that is not p's. */
void link_make(struct proc *p, term pid);
void link_take_away(struct proc *p, term pid);
/* Signals. link_ended: whether the link was there. */
void link_signal_link(struct proc *p, struct link_signal *s);
void link_signal_unlink(struct proc *p, struct link_signal *s);
void link_signal_ack(struct proc *p, struct link_signal *s);
bool link_ended(struct proc *p, term pid);
/* The end of p: tells every linked process. */
void links_end(struct proc *p, term reason, struct beamr_crash_id cause);

struct monitor_how {
	term name;       /* TERM_NONE, or how the target was named */
	term node;       /* with a name: where */
	term tag;        /* TERM_NONE: 'DOWN' */
	unsigned flags;  /* enum monitor_flags */
};

/* The reference is built on p's heap. target: a local pid. */
term monitor_make(struct proc *p, term target, const struct monitor_how *how, struct monitor **ret_monitor);
/* An alias, or a monitor of the clock. */
term monitor_make_alone(struct proc *p, unsigned flags);
struct monitor *monitor_find(const struct proc *p, struct ref_id ref);
/* Ends the monitor at this end and tells the other; the alias by its own rule. */
void monitor_take_away(struct proc *p, struct monitor *m);
/* unalias/1: false when it was none. */
bool alias_take_away(struct proc *p, struct ref_id ref);
/* Whether what comes through it may go before ordinary messages. A monitor that is an alias as well only has its DOWN do so. */
static inline bool monitor_is_priority_alias(const struct monitor *m)
{
	return (m->flags & MONITOR_PRIORITY) && m->target == TERM_NONE;
}
/* Whether a message through it may come in; by its rule this may end alias and monitor. */
bool alias_accepts(struct proc *p, struct ref_id ref);
void monitor_signal_monitor(struct proc *p, struct monitor *m);
void monitor_signal_demonitor(struct proc *p, struct monitor *m);
/* The DOWN message, or NULL when nobody waits for it any more. Takes m. */
struct message *monitor_signal_down(struct proc *p, struct monitor *m);
/* Nobody takes the DOWN, which is charged to who the thread works for or to nobody. Takes m. */
void monitor_drop_down(struct monitor *m);
/* The monitored one is not there: sends DOWN with reason. Takes the target's count. */
void monitor_refuse(struct monitor *m, term reason);
struct monitor *monitor_unref(struct monitor *m);
/* The end of p: tells everyone who monitors it, and everyone it monitors. */
void monitors_end(struct proc *p, term reason, struct beamr_crash_id cause);
void relations_free(struct proc *p);
/* What they take but the nodes of monitors, which are charged one by one. */
size_t relations_bytes(const struct relations *r);

#define monitor_of_there(s) ((struct monitor *)(void *)((char *)(s) - offsetof(struct monitor, there)))
#define monitor_of_gone(s) ((struct monitor *)(void *)((char *)(s) - offsetof(struct monitor, gone)))
