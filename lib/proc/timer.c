/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of receives and BIFs on the schedulers' wheels. */
#include "proc/timer.h"

#include "base/clock.h"
#include "base/epoch.h"
#include "heap/names_walk.h"
#include "ns/quota.h"
#include "proc/registry.h"
#include "proc/worker.h"
#include "term/atom.h"
#include "term/ident.h"

enum timer_kind { TIMER_RECEIVE, TIMER_BIF, TIMER_REST };

/* The end of a process's rest. */
struct rest {
	struct wheel_timer wheel;
	struct list link; /* in its wheel's */
	term pid;
	proc_request_fn fn;
	void *arg;
};

struct timer {
	struct wheel_timer wheel;
	struct list of_process; /* in a struct timer_list, or alone */
	struct timer_list *foreign; /* the list is this one, in the wheel's map; else NULL */
	uint64_t foreign_key;       /* its key there: to, or for a name the namespace's address */
	struct ns *ns;          /* that names are looked up in */
	struct account *account; /* of who set it */
	int64_t bytes;           /* that it is charged */
	uint64_t ref_low;
	term to;
	struct message message; /* what will be sent, with the timer as its prefix */
};

static _Atomic(struct timers *) all_timers;

struct timers *timers_new(void)
{
	struct timers *t = mem_zalloc(MEM_TIMER, sizeof(*t));
	mutex_init(&t->lock, LOCK_TIMER);
	list_init(&t->rests);
	wheel_init(&t->wheel, clock_monotonic_nsec());
	t->ref_high = ref_new_id().high;
	atomic_store_relaxed(&t->next_nsec, WHEEL_NEVER);
	t->next = atomic_load_acquire(&all_timers);
	while (!atomic_cas_acq_rel(&all_timers, &t->next, t)) {
	}
	return t;
}

static void timer_discharge(const struct timer *t)
{
	account_charge(t->account, ACCOUNT_OTHER, -t->bytes);
	account_give(t->account, COUNT_TIMERS, 1);
}

static void timer_free(struct timer *t)
{
	timer_discharge(t);
	message_free(&t->message);
}

void timers_free_all(void)
{
	struct timers *next;
	for (struct timers *t = atomic_swap_acq_rel(&all_timers, NULL); t != NULL; t = next) {
		next = t->next;
		wordmap_foreach (e, &t->by_ref)
			timer_free((struct timer *)(uintptr_t)e->value);
		wordmap_foreach (f, &t->foreign)
			mem_free(MEM_TIMER, (void *)(uintptr_t)f->value, sizeof(struct timer_list));
		list_foreach_safe (n, &t->rests)
			mem_free(MEM_TIMER, list_entry(n, struct rest, link), sizeof(struct rest));
		wordmap_done(&t->by_ref, MEM_TIMER);
		wordmap_done(&t->foreign, MEM_TIMER);
		mutex_done(&t->lock);
		mem_free(MEM_TIMER, t, sizeof(*t));
	}
}

static struct timers *timers_here(void)
{
	struct worker *worker = worker_current();
	/* Only processes set timers, and they run on workers. */
	assert(worker != NULL && worker->timers != NULL);
	return worker->timers;
}

static void set(struct timers *timers, struct wheel_timer *node, int64_t at_nsec) REQUIRES(timers->lock)
{
	wheel_set(&timers->wheel, node, at_nsec);
	if (at_nsec < atomic_load_relaxed(&timers->next_nsec))
		atomic_store_relaxed(&timers->next_nsec, at_nsec);
}

/* ------------------------------------------------------------------------------------------------ receive ... after */

static void receive_arm(struct timers *timers, struct receive_timer *r, int64_t at_nsec) REQUIRES(timers->lock)
{
	set(timers, &r->wheel, at_nsec);
	atomic_store_relaxed(&r->armed_at, at_nsec);
}

static void receive_disarm(struct receive_timer *r)
{
	mutex_lock(&r->home->lock);
	wheel_stop(&r->home->wheel, &r->wheel);
	atomic_store_relaxed(&r->armed_at, 0);
	mutex_unlock(&r->home->lock);
}

void timer_receive_start(struct proc *p, int64_t at_nsec)
{
	struct proc_extra *extra = proc_extra(p);
	struct receive_timer *r = &extra->receive_timer;
	p->flags |= PROC_TIMEOUT_SET;
	/* Sequentially consistent: either we see that the node has left the wheel, or whoever takes it out sees the new
	 * deadline. Pairs with receive_fire(). */
	atomic_store_explicit(&r->deadline, at_nsec, memory_order_seq_cst);
	int64_t armed_at = atomic_load_explicit(&r->armed_at, memory_order_seq_cst);
	/* The node's time was the deadline of an earlier receive; if that is not later, it will do. */
	if (armed_at != 0 && armed_at <= at_nsec)
		return;
	struct timers *home = timers_here();
	if (r->home != NULL && r->home != home)
		receive_disarm(r);
	mutex_lock(&home->lock);
	wheel_stop(&home->wheel, &r->wheel);
	r->proc = p;
	r->home = home;
	r->wheel.kind = TIMER_RECEIVE;
	receive_arm(home, r, at_nsec);
	mutex_unlock(&home->lock);
}

void timer_receive_stop(struct proc *p)
{
	p->flags &= ~(unsigned)PROC_TIMEOUT_SET;
	atomic_store_explicit(&p->extra->receive_timer.deadline, RECEIVE_NONE, memory_order_seq_cst);
}

bool timer_receive_expired(struct proc *p)
{
	return atomic_load_acquire(&p->extra->receive_timer.deadline) == RECEIVE_FIRED;
}

/* The node is out of the wheel; its time has come, but is it still the receive's? Under the lock. */
static void receive_fire(struct timers *timers, struct receive_timer *r, int64_t now_nsec) REQUIRES(timers->lock)
{
	atomic_store_explicit(&r->armed_at, 0, memory_order_seq_cst);
	int64_t deadline = atomic_load_explicit(&r->deadline, memory_order_seq_cst);
	while (deadline > 0) {
		if (deadline > now_nsec) {
			receive_arm(timers, r, deadline);
			return;
		}
		/* When this fails the owner has stopped it, or begun another receive, since; then it has seen that the node is
		 * not armed and is about to set it under the lock, or we look at what it wants here. */
		if (atomic_cas_acq_rel(&r->deadline, &deadline, RECEIVE_FIRED)) {
			/* It may be about to stop running: it looks at this bit as it does. */
			atomic_fetch_or_explicit(&r->proc->state, STATE_WOKEN, memory_order_seq_cst);
			proc_make_runnable(r->proc);
			return;
		}
	}
}

static void receive_end(struct proc *p)
{
	struct receive_timer *r = &p->extra->receive_timer;
	if (r->home == NULL)
		return;
	atomic_store_explicit(&r->deadline, RECEIVE_NONE, memory_order_seq_cst);
	receive_disarm(r);
}

/* ------------------------------------------------------------------------------------------------ BIF timers */

static struct timer_list *own_list(struct proc *p, struct timers *home)
{
	struct proc_extra *extra = proc_extra(p);
	struct timer_list *l = &extra->timers;
	for (; l->home != home; l = l->next) {
		if (l->home == NULL) {
			l->home = home;
			list_init(&l->list);
			break;
		}
		if (l->next == NULL)
			l->next = mem_zalloc(MEM_TIMER, sizeof(*l));
	}
	return l;
}

/* A namespace's address is no pid: those are immediates. */
static struct timer_list *foreign_list(struct timers *home, uint64_t key) REQUIRES(home->lock)
{
	bool added;
	struct wordmap_entry *e = wordmap_put(&home->foreign, MEM_TIMER, key, &added);
	if (added) {
		struct timer_list *l = mem_zalloc(MEM_TIMER, sizeof(*l));
		l->home = home;
		list_init(&l->list);
		e->value = (uintptr_t)l;
	}
	return (struct timer_list *)(uintptr_t)e->value;
}

/* Takes the timer out of everything but the wheel. */
static void forget(struct timers *home, struct timer *t) REQUIRES(home->lock)
{
	(void)wordmap_remove(&home->by_ref, MEM_TIMER, t->ref_low);
	list_remove(&t->of_process);
	if (t->foreign != NULL && list_is_empty(&t->foreign->list)) {
		mem_free(MEM_TIMER, t->foreign, sizeof(*t->foreign));
		(void)wordmap_remove(&home->foreign, MEM_TIMER, t->foreign_key);
	}
}

term timer_start(struct proc *p, int64_t at_nsec, term to, term message, bool wrap)
{
	if (!ns_take(p->ns, COUNT_TIMERS))
		return TERM_NONE;
	struct timers *home = timers_here();
	struct ref_id id = ref_new_id();
	struct message *m = message_copy_deep(SIGNAL_MESSAGE, offsetof(struct timer, message), wrap ? 4 + REF_WORDS : 0, message);
	if (m == NULL) {
		ns_give(p->ns, COUNT_TIMERS);
		return TERM_NONE;
	}
	term ref = ref_put(heap_alloc(&p->mem.heap, REF_WORDS), id);
	struct timer *t = message_owner(m, struct timer);
	t->account = p->account;
	t->bytes = message_bytes(m) + 2 * (int64_t)sizeof(struct wordmap_entry); /* with its place in the map */
	account_charge(t->account, ACCOUNT_OTHER, t->bytes);
	if (wrap) {
		term *w = m->fragment.data;
		w[0] = HEADER(BOXED_TUPLE, 3);
		w[1] = A(timeout);
		w[2] = ref_put(w + 4, id);
		w[3] = m->value;
		m->value = term_of_boxed(w);
	}
	t->wheel = (struct wheel_timer){ .kind = TIMER_BIF };
	t->ref_low = id.low;
	t->ns = p->ns;
	t->to = to;
	t->foreign = NULL;
	list_init(&t->of_process);
	debug_assert(id.high == home->ref_high);
	struct proc *other = NULL;
	if (term_is_local_pid(to) && to != p->pid) {
		other = proc_reach(p->ns, to);
		if (other == NULL) {
			timer_free(t); /* it would end with its process, which is not there */
			return ref;
		}
		atomic_or_acq_rel(&other->state, STATE_FOREIGN_TIMERS);
		if (unlikely(other->account != p->account))
			heap_hold_names(m->value, (struct names_holder){ .account = other->account });
	}
	struct timer_list *own = to == p->pid ? own_list(p, home) : NULL;
	mutex_lock(&home->lock);
	wordmap_put(&home->by_ref, MEM_TIMER, id.low, NULL)->value = (uintptr_t)t;
	if (own != NULL) {
		list_append(&own->list, &t->of_process);
	} else {
		t->foreign_key = other != NULL ? to : (uint64_t)(uintptr_t)p->ns;
		t->foreign = foreign_list(home, t->foreign_key);
		list_append(&t->foreign->list, &t->of_process);
	}
	set(home, &t->wheel, at_nsec);
	/* It may have looked for foreign timers before this one was there. */
	if (other != NULL && (atomic_load_acquire(&other->state) & STATE_EXITING)) {
		wheel_stop(&home->wheel, &t->wheel);
		forget(home, t);
		mutex_unlock(&home->lock);
		timer_free(t);
		return ref;
	}
	mutex_unlock(&home->lock);
	return ref;
}

static struct timers *timers_of_ref(struct ref_id ref)
{
	for (struct timers *t = atomic_load_acquire(&all_timers); t != NULL; t = t->next)
		if (t->ref_high == ref.high)
			return t;
	return NULL;
}

int64_t timer_left(struct ref_id ref, bool cancel)
{
	struct timers *home = timers_of_ref(ref);
	if (home == NULL)
		return -1;
	mutex_lock(&home->lock);
	struct wordmap_entry *e = wordmap_find(&home->by_ref, ref.low);
	if (e == NULL) {
		mutex_unlock(&home->lock);
		return -1;
	}
	struct timer *t = (struct timer *)(uintptr_t)e->value;
	int64_t left = t->wheel.at_nsec - clock_monotonic_nsec();
	if (cancel) {
		wheel_stop(&home->wheel, &t->wheel);
		forget(home, t);
	}
	mutex_unlock(&home->lock);
	if (cancel)
		timer_free(t);
	return left <= 0 ? 0 : (left + 999999) / 1000000;
}

static void deliver(struct timer *t)
{
	struct proc *to = NULL;
	if (term_is_atom(t->to)) {
		term pid = registry_find(t->ns, t->to);
		to = term_is_local_pid(pid) ? proc_lookup(pid) : NULL;
	} else {
		to = proc_lookup(t->to);
	}
	timer_discharge(t);
	t->message.signal.from_slot = SIGNAL_FROM_TIMER;
	signal_send_or_refuse(to, &t->message.signal);
}

/* ------------------------------------------------------------------------------------------------ rests */

static void go_on(struct proc *p, void *arg)
{
	(void)arg; /* nothing */
	if (p != NULL && p->suspends > 0 && --p->suspends == 0)
		atomic_and_acq_rel(&p->state, ~(uint32_t)STATE_SUSPENDED);
}

void timer_rest(struct proc *p, int64_t nsec)
{
	p->suspends++;
	atomic_or_acq_rel(&p->state, STATE_SUSPENDED);
	timer_request(p->pid, nsec, go_on, NULL);
}

void timer_request(term pid, int64_t nsec, proc_request_fn fn, void *arg)
{
	struct timers *home = timers_here();
	struct rest *r = mem_alloc(MEM_TIMER, sizeof(*r));
	*r = (struct rest){ .wheel = { .kind = TIMER_REST }, .pid = pid, .fn = fn, .arg = arg };
	mutex_lock(&home->lock);
	list_append(&home->rests, &r->link);
	set(home, &r->wheel, clock_monotonic_nsec() + nsec);
	mutex_unlock(&home->lock);
}

void timers_run(struct timers *timers, int64_t now_nsec)
{
	if (now_nsec < atomic_load_relaxed(&timers->next_nsec))
		return;
	struct list due, rested;
	list_init(&due);
	list_init(&rested);
	mutex_lock(&timers->lock);
	wheel_advance(&timers->wheel, now_nsec);
	for (struct wheel_timer *w; (w = wheel_take(&timers->wheel)) != NULL;) {
		if (w->kind == TIMER_RECEIVE) {
			receive_fire(timers, list_entry(w, struct receive_timer, wheel), now_nsec);
			continue;
		}
		if (w->kind == TIMER_REST) {
			struct rest *r = list_entry(w, struct rest, wheel);
			list_remove(&r->link);
			list_append(&rested, &r->link);
			continue;
		}
		struct timer *t = list_entry(w, struct timer, wheel);
		forget(timers, t);
		list_append(&due, &t->wheel.link);
	}
	atomic_store_relaxed(&timers->next_nsec, wheel_next(&timers->wheel));
	mutex_unlock(&timers->lock);
	list_foreach_safe (n, &rested) {
		struct rest *r = list_entry(n, struct rest, link);
		proc_request(r->pid, r->fn, r->arg);
		mem_free(MEM_TIMER, r, sizeof(*r));
	}
	if (list_is_empty(&due))
		return;
	/* Each is sent as by whose it is. */
	struct account *before = account_current();
	if (before != NULL)
		(void)account_ref(before); /* the same pointer */
	list_foreach_safe (n, &due) {
		struct timer *t = list_entry(n, struct timer, wheel.link);
		if (account_current() != t->account)
			account_switch(t->account);
		deliver(t);
	}
	if (account_current() != before)
		account_switch(before);
	(void)account_unref(before); /* always NULL */
}

static void cancel_list(struct timers *home, struct list *list)
{
	struct list gone;
	list_init(&gone);
	mutex_lock(&home->lock);
	while (!list_is_empty(list)) {
		struct timer *t = list_entry(list->next, struct timer, of_process);
		wheel_stop(&home->wheel, &t->wheel);
		forget(home, t);
		list_append(&gone, &t->wheel.link);
	}
	mutex_unlock(&home->lock);
	list_foreach_safe (n, &gone)
		timer_free(list_entry(n, struct timer, wheel.link));
}

/* Ends the timers of one list in each wheel. */
static void foreign_end(uint64_t key)
{
	for (struct timers *t = atomic_load_acquire(&all_timers); t != NULL; t = t->next) {
		for (;;) {
			mutex_lock(&t->lock);
			struct wordmap_entry *e = wordmap_find(&t->foreign, key);
			struct timer *first = NULL;
			if (e != NULL) {
				struct timer_list *l = (struct timer_list *)(uintptr_t)e->value;
				first = list_entry(l->list.next, struct timer, of_process);
				wheel_stop(&t->wheel, &first->wheel);
				forget(t, first);
			}
			mutex_unlock(&t->lock);
			if (first == NULL)
				break;
			timer_free(first);
		}
	}
}

static void walk_list(struct list *list, struct names_walk *walk)
{
	list_foreach(n, list) {
		const struct timer *t = list_entry(n, struct timer, of_process);
		names_walk_term(walk, t->to);
		names_walk_term(walk, t->message.value);
	}
}

static void walk_foreign(uint64_t key, struct names_walk *walk)
{
	for (struct timers *t = atomic_load_acquire(&all_timers); t != NULL; t = t->next) {
		mutex_lock(&t->lock);
		struct wordmap_entry *e = wordmap_find(&t->foreign, key);
		if (e != NULL)
			walk_list(&((struct timer_list *)(uintptr_t)e->value)->list, walk);
		mutex_unlock(&t->lock);
	}
}

void timers_names_walk(struct proc *p, struct names_walk *walk)
{
	for (struct timer_list *l = p->extra != NULL ? &p->extra->timers : NULL; l != NULL; l = l->next) {
		if (l->home == NULL)
			continue;
		mutex_lock(&l->home->lock);
		walk_list(&l->list, walk);
		mutex_unlock(&l->home->lock);
	}
	if (atomic_load_acquire(&p->state) & STATE_FOREIGN_TIMERS)
		walk_foreign(p->pid, walk);
}

void timers_names_walk_ns(const struct ns *ns, struct names_walk *walk)
{
	walk_foreign((uint64_t)(uintptr_t)ns, walk);
}

void timers_end(struct proc *p)
{
	if (p->extra != NULL) {
		receive_end(p);
		struct timer_list *next;
		for (struct timer_list *l = &p->extra->timers; l != NULL; l = next) {
			next = l->next;
			if (l->home != NULL)
				cancel_list(l->home, &l->list);
			if (l != &p->extra->timers)
				mem_free(MEM_TIMER, l, sizeof(*l));
		}
		p->extra->timers = (struct timer_list){ 0 };
	}
	/* STATE_EXITING is set: who sets a timer for us from now on sees it. */
	if (atomic_load_acquire(&p->state) & STATE_FOREIGN_TIMERS)
		foreign_end(p->pid);
}

void timers_end_ns(const struct ns *ns)
{
	foreign_end((uint64_t)(uintptr_t)ns);
}
