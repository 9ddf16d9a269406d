/* SPDX-License-Identifier: Apache-2.0 */
/* Purging and disposing of code: rounds of requests to processes. See code/purge.h for the phases.
 *
 * Invariant: a round's `open` counts the requests that have not been answered, plus one while it is being started, so
 * that its end is noticed once. At most one disposal runs at a time. */
#include "proc/purge.h"

#include "base/alloc.h"
#include "base/epoch.h"
#include "base/lock.h"
#include "base/vec.h"
#include "code/cache.h"
#include "code/dispose.h"
#include "exec/exec.h"
#include "heap/heap.h"
#include "proc/signal.h"
#include "term/atom.h"

#include <stdlib.h>

/* ------------------------------------------------------------------------------------------------ rounds */

#define ASKED_AT_ONCE 32

/* A question to each process of a namespace, or of the machine. Few of them are asked at a time, and each answer asks the next one: to
 * see to all of a machine's processes takes long, and who wants to run meanwhile stands behind those that were asked. */
struct round {
	_Atomic size_t open;
	const struct ns *ns;                                 /* NULL: all */
	void (*ask)(struct round *round, struct proc *p);    /* on the owner */
	void (*done)(struct round *round);                   /* once, on any thread */
	VEC(term) pids;                                      /* fixed while it runs */
	_Atomic size_t next;
};

static void round_close(struct round *round)
{
	if (atomic_sub_acq_rel(&round->open, 1) != 1)
		return;
	vec_done(&round->pids);
	round->done(round);
}

static void round_answer(struct proc *p, void *arg);

/* The caller holds an open one, so the round does not end here. */
static void round_ask_next(struct round *round)
{
	for (;;) {
		const size_t i = atomic_add_relaxed(&round->next, 1);
		if (i >= round->pids.count)
			return;
		epoch_enter();
		const bool lives = proc_lookup(round->pids.items[i]) != NULL;
		epoch_leave();
		/* One that ends just now is refused, and asks the next one from within: seldom, so that this is not deep. */
		if (lives) {
			proc_request(round->pids.items[i], round_answer, round);
			return;
		}
		round_close(round);
	}
}

static void round_answer(struct proc *p, void *arg)
{
	struct round *round = arg;
	if (p != NULL)
		round->ask(round, p);
	round_ask_next(round);
	round_close(round);
}

static bool round_collect(struct proc *p, void *arg)
{
	struct round *round = arg;
	vec_push(&round->pids, p->pid);
	return true;
}

static void round_start(struct round *round)
{
	proc_each_of(round->ns, 0, round_collect, round);
	atomic_store_relaxed(&round->next, 0); /* seen with the first request */
	atomic_store_release(&round->open, round->pids.count + 1); /* Pairs with round_close(). */
	for (unsigned i = 0; i < ASKED_AT_ONCE; i++)
		round_ask_next(round);
	round_close(round);
}

/* ------------------------------------------------------------------------------------------------ who uses it */

static bool lies_in(const struct module_code *code, const uint64_t *address)
{
	return (uintptr_t)address - (uintptr_t)code->code < code->code_words * sizeof(uint64_t);
}

/* Where a process is, and where it returns to. */
struct places {
	const uint64_t *few[64];
	const uint64_t **addresses;
	size_t capacity, count;
};

static void places_of(const struct proc *p, struct places *ret)
{
	ret->addresses = ret->few;
	ret->capacity = ARRAY_SIZE(ret->few);
	/* A deep stack is asked for again with more room. */
	while ((ret->count = exec_frames(p, ret->addresses, ret->capacity)) == ret->capacity) {
		if (ret->addresses != ret->few)
			mem_free(MEM_TEMP, ret->addresses, ret->capacity * sizeof(*ret->addresses));
		ret->capacity *= 8;
		ret->addresses = mem_alloc(MEM_TEMP, ret->capacity * sizeof(*ret->addresses));
	}
}

static void places_done(struct places *places)
{
	if (places->addresses != places->few)
		mem_free(MEM_TEMP, places->addresses, places->capacity * sizeof(*places->addresses));
}

bool purge_process_uses(const struct proc *p, const struct module_code *code)
{
	if (lies_in(code, proc_pc(p)))
		return true;
	struct places places;
	places_of(p, &places);
	bool uses = false;
	for (size_t i = 0; i < places.count && !uses; i++)
		uses = lies_in(code, places.addresses[i]) || lies_in(code, places.addresses[i] - 1);
	places_done(&places);
	return uses;
}

/* ------------------------------------------------------------------------------------------------ who uses any of many */

struct extent {
	uintptr_t start, end;
	size_t code;
};

struct users {
	struct round round; /* first */
	struct extent *extents; /* by start */
	size_t count;
	struct mutex lock;
	VEC(struct code_user) found; /* guarded by lock */
	void (*done)(void *arg, const struct code_user *users, size_t count);
	void *arg;
};

static const struct extent *extent_at(const struct users *users, const uint64_t *address)
{
	size_t low = 0, high = users->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if ((uintptr_t)address >= users->extents[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < users->count && (uintptr_t)address >= users->extents[low].start ? &users->extents[low] : NULL;
}

static void users_ask(struct round *round, struct proc *p)
{
	struct users *users = (struct users *)round;
	struct places places;
	uint8_t *seen = NULL; /* by code, once there is one */
	places_of(p, &places);
	/* The place where it is, then twice each to return to: the last call of a function may end its module. */
	for (size_t i = 0; i <= 2 * places.count; i++) {
		const struct extent *extent =
			extent_at(users, i == 0 ? proc_pc(p) : places.addresses[(i - 1) / 2] - (i - 1) % 2);
		if (extent == NULL)
			continue;
		if (seen == NULL)
			seen = mem_zalloc(MEM_TEMP, users->count);
		if (seen[extent->code]++ != 0) {
			seen[extent->code] = 1;
			continue;
		}
		mutex_lock(&users->lock);
		vec_push(&users->found, ((struct code_user){ extent->code, p->pid }));
		mutex_unlock(&users->lock);
	}
	if (seen != NULL)
		mem_free(MEM_TEMP, seen, users->count);
	places_done(&places);
}

static void users_asked(struct round *round)
{
	struct users *users = (struct users *)round;
	users->done(users->arg, users->found.items, users->found.count);
	vec_done(&users->found);
	mutex_done(&users->lock);
	mem_free(MEM_MISC, users->extents, users->count * sizeof(*users->extents));
	mem_free(MEM_MISC, users, sizeof(*users));
}

static int compare_extents(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

void purge_find_users(struct ns *ns, struct module_code *const *codes, size_t count,
	void (*done)(void *arg, const struct code_user *users, size_t count), void *arg)
{
	struct users *users = mem_zalloc(MEM_MISC, sizeof(*users));
	users->round = (struct round){ .ns = ns, .ask = users_ask, .done = users_asked };
	users->extents = mem_alloc(MEM_MISC, count * sizeof(*users->extents));
	users->count = count;
	for (size_t i = 0; i < count; i++) {
		uintptr_t start = (uintptr_t)codes[i]->code;
		users->extents[i] = (struct extent){ start, start + codes[i]->code_words * sizeof(uint64_t), i };
	}
	if (count > 1)
		qsort(users->extents, count, sizeof(*users->extents), compare_extents);
	users->done = done;
	users->arg = arg;
	mutex_init(&users->lock, LOCK_LEAF);
	round_start(&users->round);
}

bool module_has_old(struct ns *ns, struct module *m)
{
	mutex_lock(&ns->code_lock);
	bool has = m->old != NULL;
	mutex_unlock(&ns->code_lock);
	return has;
}

/* ------------------------------------------------------------------------------------------------ purging */

struct purge {
	struct round round; /* first */
	struct ns *ns;
	struct module_code *code; /* a reference */
	unsigned flags;
	struct mutex lock;
	VEC(term) users;   /* found in this round; guarded by lock */
	VEC(term) killed;
	_Atomic size_t alive; /* of those killed, plus one while they are being killed */
	purge_done_fn done;
	void *arg;
};

static void purge_ask(struct round *round, struct proc *p)
{
	struct purge *purge = (struct purge *)round;
	if (!purge_process_uses(p, purge->code))
		return;
	mutex_lock(&purge->lock);
	vec_push(&purge->users, p->pid);
	mutex_unlock(&purge->lock);
}

static void purge_end(struct purge *purge, const struct purge_outcome *outcome)
{
	purge->done(purge->arg, outcome);
	(void)module_code_unref(purge->code); /* always NULL */
	vec_done(&purge->users);
	vec_done(&purge->killed);
	mutex_done(&purge->lock);
	mem_free(MEM_MISC, purge, sizeof(*purge));
}

static void purge_look(struct purge *purge)
{
	purge->users.count = 0;
	round_start(&purge->round);
}

static void purge_one_gone(void *arg)
{
	struct purge *purge = arg;
	if (atomic_sub_acq_rel(&purge->alive, 1) == 1)
		purge_look(purge);
}

static void purge_kill(struct purge *purge)
{
	atomic_store_release(&purge->alive, purge->users.count + 1); /* Pairs with purge_one_gone(). */
	vec_foreach(pid, &purge->users) {
		vec_push(&purge->killed, *pid);
		(void)proc_exit_from_host(*pid, true, A(kill)); /* it may have ended meanwhile */
		proc_watch(*pid, purge_one_gone, purge);
	}
	purge_one_gone(purge);
}

static void purge_looked(struct round *round)
{
	struct purge *purge = (struct purge *)round;
	if (purge->users.count > 0 && (purge->flags & PURGE_FORCE) != 0 && (purge->flags & PURGE_DRY_RUN) == 0) {
		purge_kill(purge);
		return;
	}
	struct purge_outcome outcome = { .had_old = true };
	if (purge->users.count == 0 && (purge->flags & PURGE_DRY_RUN) == 0) {
		struct module_code *old = ns_take_old(purge->ns, purge->code->name);
		(void)module_code_unref(old); /* always NULL */
		outcome.purged = true;
		outcome.pids = purge->killed.items;
		outcome.pid_count = purge->killed.count;
	} else {
		outcome.pids = purge->users.items;
		outcome.pid_count = purge->users.count;
	}
	purge_end(purge, &outcome);
}

void purge_old(struct ns *ns, term name, unsigned flags, purge_done_fn done, void *arg)
{
	struct module_code *code = ns_old_code(ns, name);
	if (code == NULL) {
		const struct purge_outcome none = { .had_old = false };
		done(arg, &none);
		return;
	}
	struct purge *purge = mem_zalloc(MEM_MISC, sizeof(*purge));
	purge->round = (struct round){ .ns = ns, .ask = purge_ask, .done = purge_looked };
	purge->ns = ns;
	purge->code = code;
	purge->flags = flags;
	purge->done = done;
	purge->arg = arg;
	mutex_init(&purge->lock, LOCK_LEAF);
	purge_look(purge);
}

struct soft {
	void (*done)(void *arg, bool gone);
	void *arg;
};

static void soft_done(void *arg, const struct purge_outcome *outcome)
{
	struct soft *soft = arg;
	soft->done(soft->arg, outcome->purged || !outcome->had_old);
	mem_free(MEM_MISC, soft, sizeof(*soft));
}

void purge_soft(struct ns *ns, term name, void (*done)(void *arg, bool gone), void *arg)
{
	struct soft *soft = mem_alloc(MEM_MISC, sizeof(*soft));
	*soft = (struct soft){ done, arg };
	purge_old(ns, name, 0, soft_done, soft);
}

/* ------------------------------------------------------------------------------------------------ disposal */

struct disposal {
	struct round round; /* first */
	VEC(struct module_code *) codes;
	_Atomic bool *busy; /* by code: somebody still needs it */
	const term *start;  /* all their literals lie in [start, start + words) */
	size_t words;
};

static struct mutex lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };
static struct {
	VEC(struct module_code *) waiting; /* guarded by lock, like what follows */
	VEC(struct module_code *) kept;    /* somebody needed them when they were last looked at */
	bool running;
} disposals;

static void dispose_next(void);

static bool refers(term t, const term *start, size_t words)
{
	unsigned tag = t & TAG_MASK;
	return (tag == TAG_CONS || tag == TAG_BOXED) && (uintptr_t)t - (uintptr_t)start < words * sizeof(term);
}

struct message_search {
	const term *start;
	size_t words;
	bool found;
};

static bool search_message(const struct message *m, void *arg)
{
	struct message_search *s = arg;
	s->found = refers(m->value, s->start, s->words);
	for (uint32_t i = 0; i < m->fragment.used_words && !s->found; i++) {
		term w = m->fragment.data[i];
		if (header_is(w) && (w & HEADER_RAW) != 0)
			i += (uint32_t)header_size(w);
		else
			s->found = refers(w, s->start, s->words);
	}
	return !s->found;
}

/* Has the process copy out the literals that are to go, so that it needs none of them. Its memory is in place: requests run as
 * after a slice. */
static void copy_out(struct disposal *d, struct proc *p)
{
	struct roots roots = { 0 };
	proc_roots(p, &roots, NULL, 0);
	if (!heap_refers_to(&p->mem, d->start, d->words, &roots))
		return;
	vec_foreach(code, &d->codes) {
		size_t words = (*code)->literal_words;
		if (words > 0 && heap_refers_to(&p->mem, (*code)->literal_area, words, &roots))
			heap_copy_out_literals(&p->mem, (*code)->literal_area, words, &roots);
	}
}

static void dispose_ask(struct round *round, struct proc *p)
{
	struct disposal *d = (struct disposal *)round;
	bool needed = false;
	for (size_t i = 0; i < d->codes.count; i++) {
		if (purge_process_uses(p, d->codes.items[i])) {
			atomic_store_relaxed(&d->busy[i], true); /* read after the round's end, which orders it */
			needed = true;
		}
	}
	if (d->words == 0)
		return;
	if (!needed)
		copy_out(d, p);
	for (size_t i = 0; i < d->codes.count; i++) {
		const struct module_code *code = d->codes.items[i];
		struct message_search search = { .start = code->literal_area, .words = code->literal_words };
		if (code->literal_words > 0)
			proc_messages_each(p, search_message, &search);
		if (search.found)
			atomic_store_relaxed(&d->busy[i], true); /* as above */
	}
}

static void dispose_done(struct round *round)
{
	struct disposal *d = (struct disposal *)round;
	heap_set_purge(NULL, 0);
	for (size_t i = 0; i < d->codes.count; i++) {
		struct module_code *code = d->codes.items[i];
		enum code_fate fate = code_cache_settle(code, atomic_load_relaxed(&d->busy[i]));
		if (fate == FATE_OVER)
			dispose_retire(code);
		mutex_lock(&lock);
		if (fate == FATE_AGAIN)
			vec_push(&disposals.waiting, code);
		else if (fate == FATE_KEPT)
			vec_push(&disposals.kept, code);
		mutex_unlock(&lock);
	}
	mem_free(MEM_TEMP, d->busy, d->codes.count * sizeof(*d->busy));
	vec_done(&d->codes);
	mem_free(MEM_MISC, d, sizeof(*d));
	mutex_lock(&lock);
	disposals.running = false;
	mutex_unlock(&lock);
	dispose_next();
}

static void dispose_barrier(struct round *round, struct proc *p)
{
	/* That it is between slices, and its next one sees what is to go, is all that is wanted. */
	(void)round;
	(void)p;
	heap_adopt_purge();
}

static void dispose_look(struct round *round)
{
	round->ask = dispose_ask;
	round->done = dispose_done;
	round_start(round);
}

static void hull(struct disposal *d)
{
	uintptr_t low = UINTPTR_MAX, high = 0;
	vec_foreach(code, &d->codes) {
		uintptr_t start = (uintptr_t)(*code)->literal_area, end = start + (*code)->literal_words * sizeof(term);
		if ((*code)->literal_words == 0)
			continue;
		low = start < low ? start : low;
		high = end > high ? end : high;
	}
	d->start = high == 0 ? NULL : (const term *)low;
	d->words = high == 0 ? 0 : (high - low) / sizeof(term);
}

static void dispose_next(void)
{
	mutex_lock(&lock);
	if (disposals.running || disposals.waiting.count == 0) {
		mutex_unlock(&lock);
		return;
	}
	disposals.running = true;
	struct disposal *d = mem_zalloc(MEM_MISC, sizeof(*d));
	VEC(struct module_code *) all = { 0 };
	vec_foreach (code, &disposals.waiting)
		vec_push(&all, *code);
	vec_foreach (code, &disposals.kept)
		vec_push(&all, *code);
	disposals.waiting.count = disposals.kept.count = 0;
	mutex_unlock(&lock);
	vec_foreach (code, &all) {
		if (code_cache_begin(*code))
			vec_push(&d->codes, *code);
	}
	vec_done(&all);
	d->busy = mem_zalloc(MEM_TEMP, d->codes.count * sizeof(*d->busy));
	hull(d);
	heap_set_purge(d->start, d->words);
	d->round = (struct round){ .ask = dispose_barrier, .done = dispose_look };
	round_start(&d->round);
}

static void dispose(struct module_code *code)
{
	mutex_lock(&lock);
	vec_push(&disposals.waiting, code);
	mutex_unlock(&lock);
	dispose_next();
}

/* So many words of literals without anything off heap wait for a round that others need, before they get one of their own: each round
 * asks every process of the machine, and booting a node alone replaces a few persistent terms. Bound of what lies idle. */
#define LITERALS_WAIT_WORDS 4096

static _Atomic size_t literals_waiting;

static void dispose_with_the_next(struct module_code *code, size_t words)
{
	if (atomic_add_relaxed(&literals_waiting, words) + words >= LITERALS_WAIT_WORDS) {
		atomic_store_relaxed(&literals_waiting, 0);
		dispose(code);
		return;
	}
	mutex_lock(&lock);
	vec_push(&disposals.waiting, code);
	mutex_unlock(&lock);
}

static _Atomic bool finished; /* no process is left to be asked */

void purge_literals(term *area, size_t words, const struct offheap *offheap)
{
	if (atomic_load_acquire(&finished)) { /* Pairs with purge_finish(). */
		struct offheap held = *offheap;
		offheap_release(&held);
		literal_free(area, words);
		return;
	}
	/* A module with nothing but literals. */
	struct module_code *holder = mem_zalloc(MEM_CODE, sizeof(*holder));
	holder->name = TERM_NONE;
	holder->literal_area = area;
	holder->literal_words = words;
	holder->literal_offheap = *offheap;
	holder->attributes = holder->compile_info = holder->records = TERM_NIL;
	if (offheap->first == NULL)
		dispose_with_the_next(holder, words);
	else
		dispose(holder);
}

void purge_init(void)
{
	atomic_store_release(&finished, false); /* Pairs with purge_literals(). */
	dispose_set(dispose);
}

static struct module_code *take_one(void)
{
	struct module_code *code = NULL;
	mutex_lock(&lock);
	if (disposals.waiting.count > 0)
		code = vec_pop(&disposals.waiting);
	else if (disposals.kept.count > 0)
		code = vec_pop(&disposals.kept);
	mutex_unlock(&lock);
	return code;
}

void purge_finish(void)
{
	atomic_store_release(&finished, true); /* Pairs with purge_literals(). */
	dispose_set(NULL);
	for (struct module_code *code; (code = take_one()) != NULL;) {
		if (code_cache_settle(code, false) == FATE_OVER)
			dispose_retire(code);
	}
	mutex_lock(&lock);
	vec_done(&disposals.waiting);
	vec_done(&disposals.kept);
	mutex_unlock(&lock);
}
