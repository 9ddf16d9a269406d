/* SPDX-License-Identifier: Apache-2.0 */
/* Getting rid of old code: nobody runs it any more, calls its funs, or holds its literals.
 *
 * A module's old version leaves its namespace when no process of the namespace has an address of it on its stack (else
 * they are killed first, or it stays). Funs made in it may be left over, as in OTP: calling one raises badfun.
 * When the last namespace has dropped the code it is disposed of, over all processes of the machine, since terms cross:
 * (loading the same file again before 4 revives it)
 *   1 its funs lead nowhere (fun_entry.code is NULL)
 *   2 copies made from here on share no literal of it: each process is asked once, so that every scheduler has seen
 *     what is to go (heap_adopt_purge() at the beginning of each slice)
 *   3 each process is asked again: it copies the literals it holds into its own memory; one that runs the code, or has a message
 *     with such a literal, keeps the code for now: it waits until something is disposed of again
 *   4 freed, once every thread has moved on (base/epoch.h); what funs refer to stays, for the case that the same file is loaded again.
 * Threads: any, for everything here. Nothing blocks; `done` is called on any thread, perhaps before the call returns. */
#pragma once
#include "ns/ns.h"
#include "proc/proc.h"

enum purge_flags {
	PURGE_FORCE = 1,   /* kill who is in the way */
	PURGE_DRY_RUN = 2, /* only look */
};

struct purge_outcome {
	bool had_old;     /* there was an old version */
	bool purged;      /* it is gone from the namespace */
	size_t pid_count;
	const term *pids; /* who was in the way, or was killed; borrowed for the call of done */
};

typedef void (*purge_done_fn)(void *arg, const struct purge_outcome *outcome);
void purge_old(struct ns *ns, term name, unsigned flags, purge_done_fn done, void *arg);
/* Purges if nobody is in the way. done(true): there is no old version any more. */
void purge_soft(struct ns *ns, term name, void (*done)(void *arg, bool gone), void *arg);
bool module_has_old(struct ns *ns, struct module *m);

struct code_user {
	size_t code; /* which of those that were asked about */
	term pid;
};

/* Who of a namespace runs any of these codes, with an address of it anywhere on the stack: each pair once, in no order. Every process
 * is asked once, however many codes there are. codes: with references, lent until done. */
void purge_find_users(struct ns *ns, struct module_code *const *codes, size_t count,
	void (*done)(void *arg, const struct code_user *users, size_t count), void *arg);

/* Whether the process (owner only) has an address of the code on its stack or runs in it. */
bool purge_process_uses(const struct proc *p, const struct module_code *code);

/* Disposes of other literals the same way: nobody finds them any more, but processes may still refer to them. Takes the area and
 * what offheap counts. */
void purge_literals(term *area, size_t words, const struct offheap *offheap);

/* Once at start: the last reference to a module that was published leads here. */
void purge_init(void);
/* After the schedulers have stopped and the processes are gone: frees what is left. */
void purge_finish(void);
