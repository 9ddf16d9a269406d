/* SPDX-License-Identifier: Apache-2.0 */
/* Collections of processes: what is told and charged around them, the limits that are looked at after them, and those that are done
 * in parts.
 *
 * Life of the latter:  1 whoever finds that a long one is needed asks for it (PROC_COLLECT_DUE), which ends the slice; the engine is to
 *                        come back to the same instruction
 *                      2 when nothing else looks at the process any more in this slice it begins (PROC_COLLECTING)
 *                      3 the process is in a run queue as if it had yielded; its turns are parts of the collection, and signals wait
 * Invariant: the float registers of an instruction that is to be run again are kept beside (PROC_FLOATS), since others run meanwhile. */
#include "proc/collect.h"

#include "base/account.h"
#include "base/clock.h"
#include "heap/gradual.h"
#include "ns/quota.h"
#include "proc/life.h"
#include "proc/mailbox.h"
#include "proc/pressure.h"
#include "proc/still.h"
#include "proc/tracing.h"
#include "proc/watch.h"
#include "proc/worker.h"
#include "term/atom.h"

#include <stdio.h>
#include <string.h>

struct collecting {
	struct heap_collection *collection; /* NULL: it has not begun */
	size_t need;
	bool major;
	struct proc_collection told;
	size_t before, before_old;
	int64_t room;
	int64_t took_nsec;
};

/* A namespace's limit for those that have none of their own. */
static bool check_process_heap(struct proc *p)
{
	const uint64_t max = ns_limit(p->ns, NS_QUOTA_process_heap_max);
	const size_t bytes = proc_total_words(p) * sizeof(term);
	if (likely(max == 0 || bytes <= max))
		return true;
	char detail[96];
	(void)snprintf(detail, sizeof(detail), "processHeapMax of %llu bytes was passed with %zu",
		(unsigned long long)max, bytes); /* it is long enough */
	return pressure_end(p, "heap_max", detail);
}

bool collect_for_max_heap(const struct proc *p)
{
	const struct proc_extra *extra = p->extra;
	if (likely(extra == NULL || extra->max_heap_words == 0) || !extra->max_heap_kill)
		return false;
	size_t words = proc_total_words(p);
	if (extra->max_heap_shared_binaries)
		words += gen_bin_bytes(&p->mem) / sizeof(term);
	return words > extra->max_heap_words;
}

/* False: the process is over its limit and ends. */
static bool check_max_heap(struct proc *p)
{
	struct proc_extra *extra = p->extra;
	if (likely(extra == NULL || extra->max_heap_words == 0))
		return check_process_heap(p);
	size_t words = proc_total_words(p);
	if (extra->max_heap_shared_binaries)
		words += gen_bin_bytes(&p->mem) / sizeof(term);
	if (words <= extra->max_heap_words)
		return true;
	if (extra->max_heap_log) {
		obituary_max_heap(p, words);
		errorlog_max_heap(p, words);
	}
	if (!extra->max_heap_kill)
		return true;
	pressure_kill(p);
	return false;
}

static _Atomic uint64_t collections, words_freed;

void proc_collections(uint64_t *ret_count, uint64_t *ret_words)
{
	*ret_count = atomic_load_relaxed(&collections);
	*ret_words = atomic_load_relaxed(&words_freed);
}

/* The room that a collection copies to, as long as both are there: what lives is not known before. Where it is small it does not count:
 * a scheduler collects one at a time. By how much it passes memoryMax meanwhile is no ground to end anybody. */
static int64_t charge_room(struct proc *p, size_t words)
{
	const int64_t bytes = (int64_t)(words * sizeof(term));
	if (likely(bytes < ACCOUNT_BATCH_BYTES))
		return 0;
	account_charge(p->account, ACCOUNT_PROCESSES, bytes);
	account_flush();
	return bytes;
}

static void collect_begin(struct proc *p, bool major, size_t need, struct collecting *ret)
{
	if (p->flags & PROC_MATCHING)
		mailbox_adopt_current(p);
	*ret = (struct collecting){
		.need = need, .major = major, .told = { .major = major, .need_words = need }
	};
	if (proc_traces(p, PROC_TRACE_GC))
		proc_tracing.collection(p, &ret->told);
	ret->before = gen_used_words(&p->mem);
	ret->before_old = (size_t)(p->mem.old_top - p->mem.old_start);
	ret->room = charge_room(
		p, major ? ret->before
			 : (size_t)(p->mem.heap.top - p->mem.start) + p->mem.heap.fragment_words);
}

/* Returns whether it lives on. */
static bool collect_end(struct proc *p, struct collecting *c)
{
	size_t after = gen_used_words(&p->mem);
	if (unlikely(c->room != 0))
		account_charge(p->account, ACCOUNT_PROCESSES, -c->room);
	atomic_add_relaxed(&collections, 1);
	atomic_add_relaxed(&words_freed, c->before > after ? c->before - after : 0);
	if (watching(WATCH_GC | WATCH_HEAP))
		proc_tracing.collected(p, c->took_nsec);
	bool fits = check_max_heap(p);
	if (proc_traces(p, PROC_TRACE_GC)) {
		c->told.ended = true;
		c->told.over_max_heap = !fits;
		c->told.freed_words = c->before > after ? c->before - after : 0;
		proc_tracing.collection(p, &c->told);
	}
	if (!fits)
		return false;
	if (likely(atomic_load_relaxed(&p->account->max) == INT64_MAX))
		return true;
	/* What was taken lies there untouched for the most part. */
	proc_note_memory(p);
	if (account_is_due())
		account_flush();
	return account_bytes(p->account) <= atomic_load_relaxed(&p->account->max) ||
	       pressure_relieve(p, false);
}

#define MOVED_WORDS_PER_REDUCTION 8

/* A slice is so many reductions, and what was moved is work of it. */
static void charge_moved(struct proc *p, const struct collecting *c)
{
	size_t old = (size_t)(p->mem.old_top - p->mem.old_start);
	size_t moved = (size_t)(p->mem.heap.top - p->mem.start) +
		       (c->major || old < c->before_old ? old : old - c->before_old);
	p->reductions -=
		(int32_t)(moved / MOVED_WORDS_PER_REDUCTION); /* what takes long is done in parts */
}

static bool collect(struct proc *p, size_t need, term *x, unsigned live, bool major)
{
	struct collecting c;
	collect_begin(p, major, need, &c);
	struct roots roots;
	roots_init(&roots);
	proc_roots(p, &roots, x, live);
	int64_t began = watching(WATCH_GC) ? clock_monotonic_nsec() : 0;
	if (major)
		heap_collect_major(&p->mem, need, &roots);
	else
		heap_collect(&p->mem, need, &roots);
	if (began != 0)
		c.took_nsec = clock_monotonic_nsec() - began;
	charge_moved(p, &c);
	return collect_end(p, &c);
}

bool proc_collect(struct proc *p, size_t need, term *x, unsigned live)
{
	return collect(p, need, x, live, false);
}

bool proc_collect_major(struct proc *p, size_t need, term *x, unsigned live)
{
	return collect(p, need, x, live, true);
}

void proc_collect_parked(struct proc *p, bool major)
{
	if (heap_collection_is_long(&p->mem, major)) {
		collect_later(p, 0, major);
		return;
	}
	/* When it is over its limit the outcome says so, which is looked at after the requests. */
	(void)collect(p, 0, p->saved_x, p->saved_count, major);
}

/* ------------------------------------------------------------------------------------------------ in parts */

void collect_later(struct proc *p, size_t need, bool major)
{
	struct proc_extra *extra = proc_extra(p);
	if (extra->collecting == NULL)
		extra->collecting = mem_zalloc(MEM_PROC, sizeof(struct collecting));
	struct collecting *c = extra->collecting;
	c->need = need > c->need ? need : c->need;
	c->major = c->major || major;
	p->flags |= PROC_COLLECT_DUE;
}

void collect_keep_floats(struct proc *p, const struct worker *w)
{
	if (p->extra->floats == NULL)
		p->extra->floats = mem_alloc(MEM_PROC, sizeof(w->fr));
	memcpy(p->extra->floats, w->fr, sizeof(w->fr));
	p->flags |= PROC_FLOATS;
}

void collect_restore_floats(struct proc *p, struct worker *w)
{
	memcpy(w->fr, p->extra->floats, sizeof(w->fr));
	mem_free(MEM_PROC, p->extra->floats, sizeof(w->fr));
	p->extra->floats = NULL;
	p->flags &= ~(uint32_t)PROC_FLOATS;
}

void collect_in_parts(struct proc *p)
{
	struct collecting *c = p->extra->collecting;
	p->flags = (p->flags & ~(uint32_t)PROC_COLLECT_DUE) | PROC_COLLECTING;
	still_unready(p->account);
	collect_begin(p, c->major, c->need, c);
	struct roots roots;
	roots_init(&roots);
	proc_roots(p, &roots, NULL, 0);
	c->collection = heap_collection_begin(&p->mem, c->need, c->major, &roots);
}

bool collect_go_on(struct proc *p, int64_t for_nsec)
{
	struct collecting *c = p->extra->collecting;
	const int64_t began = clock_monotonic_nsec();
	const bool done = heap_collection_step(
		c->collection, &p->mem, for_nsec == INT64_MAX ? INT64_MAX : began + for_nsec);
	c->took_nsec += clock_monotonic_nsec() - began;
	if (!done)
		return false;
	p->extra->collecting = NULL;
	p->flags &= ~(uint32_t)PROC_COLLECTING;
	still_ready(p->account);
	if (collect_end(p, c) && pressure_is_on(p))
		pressure_collected(p);
	mem_free(MEM_PROC, c, sizeof(*c));
	return true;
}

void collect_forget(struct proc *p)
{
	struct proc_extra *extra = p->extra;
	if (extra == NULL)
		return;
	struct collecting *c = extra->collecting;
	if (c != NULL) {
		if (c->collection != NULL) {
			(void)heap_collection_step(
				c->collection, &p->mem, INT64_MAX); /* to the end */
			account_charge(p->account, ACCOUNT_PROCESSES, -c->room);
			still_ready(p->account);
		}
		mem_free(MEM_PROC, c, sizeof(*c));
		extra->collecting = NULL;
	}
	mem_free(MEM_PROC, extra->floats, FLOAT_REGISTERS * sizeof(double));
	extra->floats = NULL;
	p->flags &= ~(uint32_t)(PROC_COLLECT_DUE | PROC_COLLECTING | PROC_FLOATS);
}
