/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a namespace whose account is over its marks.
 *
 * Over `high` each of its processes is collected as it runs, once it has grown by a quarter since the last time; the namespace has a
 * tenth of a scheduler (base/account.c), and who spawns or makes a large buffer rests after it. Over `max` one
 * process ends: the largest, by its own memory and the buffers it holds; the next one only when that one is gone and it was not
 * enough. When even the largest has less than a part of HOPELESS of the maximum, the memory is not in processes (tables, terms, buffers in
 * mailboxes of many): then all of them end, and the namespace's host decides what follows.
 * Invariant: at most one process of a namespace is on its way out for memory at a time (ns->victim). */
#include "proc/pressure.h"

#include "heap/gradual.h"
#include "proc/collect.h"
#include "ns/quota.h"
#include "proc/life.h"
#include "proc/timer.h"
#include "term/atom.h"

#include <stdio.h>

#define HOPELESS 16
#define COLLECT_MIN_BYTES (32 << 10)
#define REST_NSEC 100000000

struct candidate {
	term pid;
	uint64_t bytes;
};

static uint64_t held_bytes(const struct proc *p)
{
	struct proc *q = (struct proc *)(uintptr_t)p; /* atomic_load takes no const object in C17 */
	return atomic_load_relaxed(&q->memory_bytes) +
	       (uint64_t)atomic_load_relaxed(&q->binaries_kib) * 1024;
}

static bool look_for_larger(struct proc *p, void *arg)
{
	struct candidate *largest = arg;
	if (held_bytes(p) > largest->bytes) {
		largest->pid = p->pid;
		largest->bytes = held_bytes(p);
	}
	return true;
}

void pressure_kill(struct proc *p)
{
	proc_extra(p)->raise = (struct raise){
		.class = CLASS_EXIT,
		.reason = A(killed),
		.trace = TERM_NIL,
		.args = TERM_NONE,
		.cause = TERM_NONE,
	};
	p->outcome = OUTCOME_EXIT;
}

bool pressure_end(struct proc *p, const char *fault, const char *detail)
{
	(void)proc_extra(p); /* the report stands there */
	obituary_quota(p, fault, detail);
	pressure_kill(p);
	return false;
}

static bool end_for_memory(struct proc *p)
{
	char detail[160];
	(void)snprintf(detail, sizeof(detail),
		"memoryMax of %lld bytes was passed with %lld, of which this process held %llu",
		(long long)atomic_load_relaxed(&p->account->max),
		(long long)account_bytes(p->account),
		(unsigned long long)held_bytes(p)); /* it is long enough */
	return pressure_end(p, "heap_max", detail);
}

/* The chosen one's owner. */
static void victim_ends(struct proc *p, void *arg)
{
	(void)arg;
	/* Its memory may have gone meanwhile, by a collection of its own. */
	if (p != NULL && p->outcome != OUTCOME_EXIT &&
		account_bytes(p->account) > atomic_load_relaxed(&p->account->max))
		(void)end_for_memory(p); /* the outcome tells */
	else if (p != NULL)
		atomic_store_relaxed(&p->ns->victim, TERM_NONE);
}

static bool kill_one(struct proc *p, void *arg)
{
	(void)arg; /* nothing */
	(void)proc_exit_from_host(p->pid, true, A(kill)); /* it may have ended meanwhile */
	return true;
}

/* Over max. */
static bool somebody_ends(struct proc *p)
{
	struct ns *ns = p->ns;
	term victim = atomic_load_acquire(&ns->victim);
	/* What it held has come back once it is out of the table. */
	if (victim != TERM_NONE && proc_lookup_exiting(victim) != NULL) {
		/* Who takes as much again meanwhile does not wait for the other's end. */
		return held_bytes(p) * 2 < (uint64_t)atomic_load_relaxed(&p->account->max) ||
		       end_for_memory(p);
	}
	struct candidate largest = { .pid = TERM_NONE };
	proc_each_of(ns, 0, look_for_larger, &largest);
	bool hopeless = largest.bytes < (uint64_t)atomic_load_relaxed(&p->account->max) / HOPELESS;
	if (hopeless)
		largest.pid = p->pid;
	if (!atomic_cas_acq_rel(&ns->victim, &victim, largest.pid))
		return true; /* another scheduler has chosen */
	if (hopeless) {
		char detail[160];
		(void)snprintf(detail, sizeof(detail),
			"memoryMax of %lld bytes was passed with %lld, not held by any one "
			"process: all are killed",
			(long long)atomic_load_relaxed(&p->account->max),
			(long long)account_bytes(p->account)); /* it is long enough */
		proc_each_of(ns, 0, kill_one, NULL);
		return pressure_end(p, "memory_max", detail);
	}
	if (largest.pid == p->pid)
		return end_for_memory(p);
	proc_request(largest.pid, victim_ends, NULL);
	return true;
}

static bool is_worth_collecting(const struct proc *p)
{
	uint64_t bytes = held_bytes(p);
	return bytes > COLLECT_MIN_BYTES &&
	       (p->extra == NULL || bytes > p->extra->pressed_bytes + p->extra->pressed_bytes / 4);
}

void pressure_collected(struct proc *p)
{
	proc_note_memory(p);
	proc_extra(p)->pressed_bytes = held_bytes(p);
}

bool pressure_relieve(struct proc *p, bool collects)
{
	proc_note_memory(p);
	if (collects && account_bytes(p->account) > atomic_load_relaxed(&p->account->high))
		ns_limit_met(p->ns, NS_QUOTA_memory_high);
	if (collects && is_worth_collecting(p)) {
		if (heap_collection_is_long(&p->mem, true)) {
			collect_later(p, 0, true); /* the limit is looked at after it */
			return true;
		}
		if (!proc_collect_major(p, 0, p->saved_x, p->saved_count))
			return false;
		pressure_collected(p);
	}
	account_flush();
	if (collects && account_batch->grew) {
		account_batch->grew = false;
		if (account_bytes(p->account) > atomic_load_relaxed(&p->account->high))
			timer_rest(p, REST_NSEC);
	}
	return account_bytes(p->account) <= atomic_load_relaxed(&p->account->max) ||
	       somebody_ends(p);
}
