/* SPDX-License-Identifier: Apache-2.0 */
/* Collections of names. See names.h. */
#include "proc/names.h"

#include "base/clock.h"
#include "base/epoch.h"
#include "base/pool.h"
#include "code/cache.h"
#include "proc/dict.h"
#include "proc/registry.h"
#include "proc/relation.h"
#include "proc/still.h"
#include "proc/timer.h"
#include "proc/tracing.h"
#include "proc/worker.h"
#include "term/atom.h"

/* ------------------------------------------------------------------------------------------------ what processes keep */

struct walking {
	struct names_walk *walk;
	const struct module_code *last; /* whose code was come upon last */
	struct ns *ns;
};

/* Code that a process is in may be of nobody's module: it runs an on_load function, or a fun of another namespace. */
static void walk_code(struct walking *w, const uint64_t *address)
{
	const struct module_code *last = w->last;
	if (last != NULL && (uintptr_t)address - (uintptr_t)last->code < last->code_words * sizeof(uint64_t))
		return;
	struct module_code *code = module_code_at(address);
	if (code == NULL)
		return;
	w->last = code;
	if (names_walk_first(w->walk, code))
		vec_push(&w->walk->modules, code);
}

static void walk_stack(struct walking *w, const term *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (term_is_small(words[i]))
			walk_code(w, (const uint64_t *)(uintptr_t)words[i]);
}

/* Its signals' terms: those that it has fetched, or not. */
static void walk_signals(struct walking *w, struct signal *s)
{
	for (; s != NULL && s != SIGNAL_CLOSED; s = s->next) {
		term value = signal_term(s);
		if (value != TERM_NONE)
			names_walk_term(w->walk, value);
		if ((s->flags & SIGNAL_TOKEN) != 0)
			heap_hold_names(proc_tracing.token_label(signal_message(s)), w->walk->holder);
	}
}

static void walk_relations(struct walking *w, const struct relations *r)
{
	list_foreach(n, &r->monitors) {
		const struct monitor *m = list_entry(n, struct monitor, at_origin);
		names_walk_term(w->walk, m->name);
		names_walk_term(w->walk, m->node);
	}
}

static void walk_extra(struct walking *w, struct proc *p)
{
	struct proc_extra *extra = p->extra;
	const term terms[] = { extra->undefined_module, extra->error_handler, extra->raise.error_info };
	names_walk_terms(w->walk, terms, ARRAY_SIZE(terms));
	if (extra->trap.export != NULL)
		export_hold(w->walk->holder, extra->trap.export);
	walk_signals(w, extra->left);
	if (extra->trace != NULL) {
		struct heap heap;
		heap_init_builder(&heap);
		heap_hold_names(proc_tracing.token(p, &heap), w->walk->holder);
		heap_done(&heap);
	}
}

static bool walk_process(struct proc *p, void *arg)
{
	struct walking *w = arg;
	struct roots roots;
	roots_init(&roots);
	proc_roots(p, &roots, NULL, 0);
	names_walk_heap(w->walk, &p->mem, &roots);
	const struct gen_heap *g = &p->mem;
	if (g->start != NULL)
		walk_stack(w, g->heap.limit, (size_t)(g->end - g->heap.limit));
	else
		walk_stack(w, g->old_end - g->packed_stack_words, g->packed_stack_words);
	walk_code(w, proc_pc(p));
	term said_module, said_function;
	unsigned arity;
	(void)dict_said_call(atomic_load_relaxed(&p->said_call), &said_module, &said_function, &arity); /* TERM_NONE when it says nothing */
	const term terms[] = { p->group_leader, p->parent, atomic_load_relaxed(&p->name), said_module, said_function };
	names_walk_terms(w->walk, terms, ARRAY_SIZE(terms));
	if (p->initial_call != NULL)
		export_hold(w->walk->holder, p->initial_call);
	walk_signals(w, p->mailbox.first);
	walk_signals(w, atomic_load_acquire(&p->inbox));
	if (p->relations != NULL)
		walk_relations(w, p->relations);
	if (p->extra != NULL)
		walk_extra(w, p);
	timers_names_walk(p, w->walk);
	return true;
}

void proc_names_walk(struct ns *ns, struct names_walk *walk)
{
	struct walking w = { .walk = walk, .ns = ns };
	proc_each_of(ns, 0, walk_process, &w);
	timers_names_walk_ns(ns, walk);
	registry_entries names = { 0 };
	registry_list(ns, &names);
	vec_foreach (e, &names) {
		names_walk_term(walk, e->name);
		names_walk_term(walk, e->value);
	}
	vec_done(&names);
}

/* ------------------------------------------------------------------------------------------------ collections */

#define ROOM_TRIES 100 /* collections that one call waits for */
#define ROOM_TRIES_IN_VAIN 3 /* in a row that have brought nothing */

struct waiter {
	struct waiter *next;
	void (*done)(void *arg, const struct names_outcome *outcome);
	void *arg;
};

/* Of one namespace; from its first collection until it ends. */
struct names_collection {
	struct ns *ns;
	struct mutex lock;
	/* guarded by lock */
	bool under_way, again;
	struct waiter *now, *next; /* who waits for the one under way; for one that begins later */
	/* of the one under way */
	struct names_outcome outcome;
	int64_t still_since;
	struct pool_job job;
	struct epoch_item passed;
	void (*step)(struct names_collection *c);
};

static void begin(struct names_collection *c);

static void run_step(struct pool_job *job)
{
	struct names_collection *c = (struct names_collection *)(void *)((char *)job - offsetof(struct names_collection, job));
	c->step(c);
}

/* On a helper thread: whoever has brought the epoch on may hold locks, and has other things to do. */
static void run(struct names_collection *c, void (*step)(struct names_collection *c))
{
	c->step = step;
	if (pool_run(&c->job, run_step) < 0)
		step(c); /* no thread to be had: at the expense of the caller */
}

static bool stopped; /* there are no threads any more */

static void epoch_passed(struct epoch_item *item)
{
	if (stopped)
		return;
	struct names_collection *c = (struct names_collection *)(void *)((char *)item - offsetof(struct names_collection, passed));
	run(c, c->step);
}

/* When every thread has moved on. */
static void run_later(struct names_collection *c, void (*step)(struct names_collection *c))
{
	c->step = step;
	epoch_retire(&c->passed, epoch_passed);
	/* Nobody else might come by. */
	epoch_enter();
	epoch_leave();
}

static uint64_t atoms_now(const struct ns *ns)
{
	int64_t n = atomic_load_relaxed(&ns->account->counts[COUNT_ATOMS]);
	return n > 0 ? (uint64_t)n : 0;
}

/* 5 */
static void give_up(struct names_collection *c)
{
	struct ns *ns = c->ns;
	(void)names_collected(ns->account); /* the sums tell */
	c->outcome.after = atoms_now(ns);
	mutex_lock(&c->lock);
	struct waiter *told = c->now;
	const struct names_outcome outcome = c->outcome;
	c->now = NULL;
	c->under_way = c->again;
	bool again = c->again;
	c->again = false;
	mutex_unlock(&c->lock);
	for (struct waiter *w = told, *next; w != NULL; w = next) {
		next = w->next;
		w->done(w->arg, &outcome);
		mem_free(MEM_PROC, w, sizeof(*w));
	}
	if (again)
		begin(c);
	else
		ns_release(ns);
}

/* 3, on a helper thread */
static void look(struct ns *ns)
{
	struct names_collection *c = ns->names_collection;
	const int64_t began = clock_monotonic_nsec();
	struct names_walk walk;
	names_walk_init(&walk, ns->account);
	account_switch(ns->account);
	epoch_enter();
	ns_names_walk(ns, &walk);
	names_walk_owned(&walk, ns->account);
	vec_foreach (code, &walk.modules)
		ns_hold_names(ns, *code);
	c->outcome.words = walk.words;
	names_walk_done(&walk);
	epoch_leave();
	account_switch(NULL);
	const int64_t now = clock_monotonic_nsec();
	c->outcome.walk_usec = (now - began) / 1000;
	c->outcome.pause_usec = (now - c->still_since) / 1000;
	still_end(ns);
	run_later(c, give_up);
}

/* 2 */
static void stand_still(struct names_collection *c)
{
	epoch_enter();
	ns_hold_all_names(c->ns);
	epoch_leave();
	c->still_since = clock_monotonic_nsec();
	const bool stands = still_begin(c->ns, look);
	assert(stands); /* one collection at a time */
}

/* 1 */
static void begin(struct names_collection *c)
{
	mutex_lock(&c->lock);
	c->now = c->next;
	c->next = NULL;
	mutex_unlock(&c->lock);
	c->outcome = (struct names_outcome){ .before = atoms_now(c->ns) };
	names_collect(c->ns->account);
	run_later(c, stand_still);
}

static struct names_collection *collection_of(struct ns *ns)
{
	struct names_collection *c = atomic_load_acquire(&ns->names_collection);
	if (c != NULL)
		return c;
	struct names_collection *fresh = mem_zalloc(MEM_PROC, sizeof(*fresh));
	fresh->ns = ns;
	mutex_init(&fresh->lock, LOCK_LEAF);
	if (atomic_cas_acq_rel(&ns->names_collection, &c, fresh))
		return fresh;
	mutex_done(&fresh->lock);
	mem_free(MEM_PROC, fresh, sizeof(*fresh));
	return c;
}

/* The namespace does not end while the caller is at work. */
static void want(struct ns *ns, struct waiter *w, bool anew)
{
	struct names_collection *c = collection_of(ns);
	mutex_lock(&c->lock);
	const bool begins = !c->under_way;
	if (begins) {
		c->under_way = true;
		ns_hold(ns);
	} else if (anew) {
		c->again = true;
	}
	if (w != NULL) {
		w->next = c->next;
		c->next = w;
	}
	mutex_unlock(&c->lock);
	if (begins)
		run(c, begin);
}

bool names_collect_of(struct ns *ns, void (*done)(void *arg, const struct names_outcome *outcome), void *arg)
{
	if (atomic_load_acquire(&ns->closing))
		return false;
	struct waiter *w = NULL;
	if (done != NULL) {
		w = mem_alloc(MEM_PROC, sizeof(*w));
		*w = (struct waiter){ .done = done, .arg = arg };
	}
	want(ns, w, true);
	return true;
}

/* Somebody works for the account who has made an atom for it, or wanted to. */
static void wanted(struct account *account)
{
	const struct worker *w = worker_current();
	if (w == NULL || w->current == NULL || w->current->account != account)
		return;
	/* One that is under way will find what it can, and whoever comes late asks again. */
	if (atomic_load_relaxed(&account->atoms_before) == NULL && !atoms_are_few(account))
		want(w->current->ns, NULL, false);
}

bool names_wait_for_room(struct proc *p)
{
	struct account *account = p->account;
	const uint64_t round = atomic_load_acquire(&account->names_rounds);
	struct proc_extra *extra = proc_extra(p);
	if (extra->names_round != 0 && round >= extra->names_round) {
		/* The collection that it has waited for, and that began after it was refused, is over. Others may have been faster in taking what came
		 * back; what wants more than there ever is must end some time. */
		extra->names_round = 0;
		const bool nothing_came = atomic_load_relaxed(&account->atoms_freed) == 0 && atoms_room(account) == 0;
		extra->names_vain = nothing_came ? extra->names_vain + 1 : 0;
		if (++extra->names_tries >= ROOM_TRIES || extra->names_vain >= ROOM_TRIES_IN_VAIN) {
			extra->names_vain = 0;
			extra->names_tries = 0;
			account_refused(account, ACCOUNT_MET_ATOMS);
			return false;
		}
	}
	if (extra->names_round == 0) {
		struct names_collection *c = collection_of(p->ns);
		mutex_lock(&c->lock);
		/* One that is under way may have passed by what this one has just dropped. */
		extra->names_round = round + (c->under_way ? 2 : 1);
		mutex_unlock(&c->lock);
		want(p->ns, NULL, true);
	}
	p->outcome = OUTCOME_AGAIN;
	p->reductions = 0;
	return true;
}

static void stop_one(struct ns *ns, void *arg)
{
	VEC(struct ns *) *all = arg;
	const struct names_collection *c = atomic_load_acquire(&ns->names_collection);
	if (c != NULL && c->under_way)
		vec_push(all, ns);
}

void names_collections_stop(void)
{
	VEC(struct ns *) all = { 0 };
	stopped = true;
	ns_each(stop_one, &all);
	vec_foreach (ns, &all) {
		struct names_collection *c = atomic_load_acquire(&(*ns)->names_collection);
		c->under_way = c->again = false;
		struct waiter *lists[] = { c->now, c->next };
		c->now = c->next = NULL;
		for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
			for (struct waiter *w = lists[i], *next; w != NULL; w = next) {
				next = w->next;
				w->done(w->arg, NULL);
				mem_free(MEM_PROC, w, sizeof(*w));
			}
		if (atomic_load_acquire(&(*ns)->account->stillness) != NULL)
			still_end(*ns);
		ns_release(*ns);
	}
	vec_done(&all);
}

void names_collection_done(struct ns *ns)
{
	struct names_collection *c = atomic_load_acquire(&ns->names_collection);
	if (c == NULL)
		return;
	mutex_done(&c->lock);
	mem_free(MEM_PROC, c, sizeof(*c));
	atomic_store_relaxed(&ns->names_collection, NULL); /* nobody looks any more */
}

void proc_names_init(void)
{
	stopped = false;
	names_on_want(wanted);
}
