/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of namespaces, and the choice between them. See sched/fair.h. */
#include "sched/fair.h"

#include "base/alloc.h"
#include "base/lock.h"

#include <string.h>

#define LOW_EVERY 8 /* of so many turns of normal processes one goes to the low ones */
/* Processor time by which one that begins to wait may have had less than its due, and more: of the latter as much as one long
 * collection takes. */
#define CREDIT_NSEC INT64_C(5000000)
#define DEBT_NSEC INT64_C(100000000)

/* A namespace's shares, one a worker. */
struct shares {
	struct ns *ns;
	struct shares *next, *previous; /* guarded by shares_lock */
	unsigned count;
	struct share of[];
};

static struct mutex shares_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };
static struct shares *all_shares; /* guarded by shares_lock */
static _Atomic uint64_t virtual_now;

void queue_put(struct queue *q, struct proc *p)
{
	p->run_next = NULL;
	if (q->first == NULL)
		q->first = p;
	else
		q->last->run_next = p;
	q->last = p;
}

static void queue_put_front(struct queue *q, struct proc *p)
{
	p->run_next = q->first;
	if (q->first == NULL)
		q->last = p;
	q->first = p;
}

struct proc *queue_take(struct queue *q)
{
	struct proc *p = q->first;
	if (p != NULL)
		q->first = p->run_next;
	return p;
}

/* ------------------------------------------------------------------------------------------------ shares */

static _noinline_ struct shares *shares_make(struct ns *ns, unsigned workers)
{
	size_t bytes = sizeof(struct shares) + workers * sizeof(struct share);
	struct shares *made = mem_zalloc(MEM_SCHED, bytes), *old = NULL;
	made->ns = ns;
	made->count = workers;
	for (unsigned i = 0; i < workers; i++)
		made->of[i].account = ns->account;
	mutex_lock(&shares_lock);
	/* Another thread may have been faster. */
	if (atomic_cas_acq_rel(&ns->shares, &old, made)) {
		made->next = all_shares;
		if (all_shares != NULL)
			all_shares->previous = made;
		all_shares = made;
		old = made;
		made = NULL;
	}
	mutex_unlock(&shares_lock);
	mem_free(MEM_SCHED, made, bytes);
	return old;
}

struct share *fair_share(struct ns *ns, unsigned worker, unsigned workers)
{
	struct shares *s = atomic_load_acquire(&ns->shares); /* Pairs with shares_make(). */
	if (unlikely(s == NULL))
		s = shares_make(ns, workers);
	return &s->of[worker];
}

static void shares_free(struct shares *s) REQUIRES(shares_lock)
{
	if (s->previous != NULL)
		s->previous->next = s->next;
	else
		all_shares = s->next;
	if (s->next != NULL)
		s->next->previous = s->previous;
	atomic_store_relaxed(&s->ns->shares, NULL); /* nobody runs there */
	mem_free(MEM_SCHED, s, sizeof(*s) + s->count * sizeof(struct share));
}

void fair_ns_done(struct ns *ns)
{
	mutex_lock(&shares_lock);
	struct shares *s = atomic_load_acquire(&ns->shares); /* Pairs with shares_make(). */
	if (s != NULL)
		shares_free(s);
	mutex_unlock(&shares_lock);
}

void fair_all_done(void)
{
	mutex_lock(&shares_lock);
	while (all_shares != NULL)
		shares_free(all_shares);
	mutex_unlock(&shares_lock);
}

void fair_done(struct fair *f)
{
	mem_free(MEM_SCHED, f->heap, f->capacity * sizeof(*f->heap));
	*f = (struct fair){ 0 };
}

/* ------------------------------------------------------------------------------------------------ the heap */

static void put_at(struct fair *f, uint32_t place, struct share *s)
{
	f->heap[place] = s;
	s->place = place;
}

static void sift_up(struct fair *f, uint32_t place)
{
	struct share *s = f->heap[place];
	while (place > 0 && f->heap[(place - 1) / 2]->key > s->key) {
		put_at(f, place, f->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put_at(f, place, s);
}

static void sift_down(struct fair *f, uint32_t place)
{
	struct share *s = f->heap[place];
	for (;;) {
		uint32_t child = 2 * place + 1;
		if (child >= f->count)
			break;
		if (child + 1 < f->count && f->heap[child + 1]->key < f->heap[child]->key)
			child++;
		if (f->heap[child]->key >= s->key)
			break;
		put_at(f, place, f->heap[child]);
		place = child;
	}
	put_at(f, place, s);
}

static void heap_add(struct fair *f, struct share *s)
{
	if (f->count == f->capacity) {
		uint32_t capacity = f->capacity > 0 ? f->capacity * 2 : 8;
		f->heap = mem_realloc(MEM_SCHED, f->heap, f->capacity * sizeof(*f->heap),
			capacity * sizeof(*f->heap));
		f->capacity = capacity;
	}
	f->heap[f->count] = s;
	sift_up(f, f->count++);
}

static void heap_remove(struct fair *f, struct share *s)
{
	uint32_t place = s->place;
	struct share *last = f->heap[--f->count];
	if (last == s)
		return;
	put_at(f, place, last);
	sift_up(f, place);
	sift_down(f, last->place);
}

/* ------------------------------------------------------------------------------------------------ waiting */

/* A place for one that begins to wait. */
static uint64_t begin(struct account *a)
{
	uint64_t now = atomic_load_relaxed(&virtual_now), v = atomic_load_relaxed(&a->virtual_nsec);
	uint64_t credit = (uint64_t)account_weighed(a, CREDIT_NSEC),
		 least = now > credit ? now - credit : 0;
	uint64_t most = now + (uint64_t)account_weighed(a, DEBT_NSEC);
	uint64_t place = v < least ? least : v > most ? most : v;
	/* When this fails the namespace runs elsewhere, and has just been charged for that. */
	if (place != v)
		(void)atomic_cas_acq_rel(&a->virtual_nsec, &v, place);
	return place;
}

/* One in midst of a long collection takes long turns, so those behind it that take short ones come first, as often as low ones may wait. */
static unsigned rank(const struct proc *p)
{
	return p->priority == PRIORITY_NORMAL && (p->flags & PROC_COLLECTING) != 0 ? PRIORITY_LOW : p->priority;
}

bool fair_put(struct fair *f, struct share *s, struct proc *p, bool front)
{
	if (front)
		queue_put_front(&s->queues[rank(p)], p);
	else
		queue_put(&s->queues[rank(p)], p);
	uint32_t length = atomic_load_relaxed(&s->length);
	atomic_store_relaxed(&s->length, length + 1);
	if (length == 0) {
		atomic_store_relaxed(&s->turns, atomic_load_relaxed(&s->turns) + 1);
		s->key = begin(s->account);
		s->began = f->turns;
		heap_add(f, s);
	}
	return !s->parked;
}

static struct proc *share_take(struct fair *f, struct share *s)
{
	struct proc *p = queue_take(&s->queues[PRIORITY_MAX]);
	if (p == NULL)
		p = queue_take(&s->queues[PRIORITY_HIGH]);
	if (p == NULL && s->queues[PRIORITY_LOW].first != NULL && ++s->low_turn >= LOW_EVERY) {
		s->low_turn = 0;
		p = queue_take(&s->queues[PRIORITY_LOW]);
	}
	if (p == NULL)
		p = queue_take(&s->queues[PRIORITY_NORMAL]);
	if (p == NULL)
		p = queue_take(&s->queues[PRIORITY_LOW]);
	const uint32_t length = atomic_load_relaxed(&s->length) - 1;
	atomic_store_relaxed(&s->length, length);
	atomic_store_relaxed(&s->turns, atomic_load_relaxed(&s->turns) + 1);
	if (length == 0)
		heap_remove(f, s);
	return p;
}

static void park(struct fair *f, struct share *s, int64_t until)
{
	heap_remove(f, s);
	s->parked = true;
	s->parked_next = f->parked;
	f->parked = s;
	if (f->unpark_at == 0 || until < f->unpark_at)
		f->unpark_at = until;
}

/* Brings the first one to the place that it has by now; false: another one is first. */
static bool first_is_first(struct fair *f)
{
	struct share *s = f->heap[0];
	uint64_t v = atomic_load_relaxed(&s->account->virtual_nsec);
	if (v <= s->key)
		return true;
	s->key = v;
	sift_down(f, 0);
	return f->heap[0] == s;
}

void fair_advance(uint64_t floor)
{
	uint64_t now = atomic_load_relaxed(&virtual_now);
	while (floor > now && !atomic_cas_acq_rel(&virtual_now, &now, floor))
		;
}

/* Somebody of it is to end, for whom it runs although its quota is used up. */
static bool has_doomed(const struct share *s)
{
	return atomic_load_explicit(&s->account->doomed, memory_order_seq_cst) != 0; /* Pairs with doom(). */
}

struct proc *fair_take(struct fair *f, int64_t now_nsec, uint32_t *ret_parked)
{
	*ret_parked = 0;
	while (f->count > 0) {
		if (!first_is_first(f))
			continue;
		struct share *s = f->heap[0];
		int64_t until = atomic_load_relaxed(&s->account->parked_until);
		if (unlikely(until != 0) && now_nsec < until &&
			!has_doomed(s)) {
			*ret_parked += atomic_load_relaxed(&s->length);
			park(f, s, until);
			continue;
		}
		if (s->began != UINT64_MAX) {
			if (f->turns - s->began > atomic_load_relaxed(&s->longest_wait))
				atomic_store_relaxed(&s->longest_wait, f->turns - s->began);
			s->began = UINT64_MAX;
		}
		f->turns++;
		return share_take(f, s);
	}
	return NULL;
}

/* It is no longer on the list. */
static uint32_t put_back(struct fair *f, struct share *s)
{
	s->parked = false;
	s->began = UINT64_MAX;
	s->key = begin(s->account);
	heap_add(f, s);
	return atomic_load_relaxed(&s->length);
}

static uint32_t unpark(struct fair *f, int64_t now_nsec, const struct account *one)
{
	uint32_t count = 0;
	struct share *all = f->parked;
	f->parked = NULL;
	f->unpark_at = 0;
	while (all != NULL) {
		struct share *s = all;
		all = s->parked_next;
		int64_t until = atomic_load_relaxed(&s->account->parked_until);
		if (s->account == one || now_nsec >= until || has_doomed(s)) {
			count += put_back(f, s);
			continue;
		}
		s->parked_next = f->parked;
		f->parked = s;
		if (f->unpark_at == 0 || until < f->unpark_at)
			f->unpark_at = until;
	}
	return count;
}

uint32_t fair_unpark(struct fair *f, int64_t now_nsec)
{
	return unpark(f, now_nsec, NULL);
}

uint32_t fair_bring_back(struct fair *f, const struct account *account)
{
	return unpark(f, INT64_MIN, account);
}

uint32_t fair_steal_share(struct fair *f, struct share *s, uint32_t want, struct proc **ret_taken)
{
	uint32_t count = 0;
	if (s->parked)
		return 0;
	for (uint32_t n = (atomic_load_relaxed(&s->length) + 1) / 2; n > 0 && count < want; n--)
		ret_taken[count++] = share_take(f, s);
	return count;
}

uint32_t fair_steal(struct fair *f, uint32_t want, struct proc **ret_taken)
{
	uint32_t count = 0;
	/* From the last on: a share that is emptied changes places with those behind it. */
	for (uint32_t i = f->count; i > 0 && count < want; i--) {
		struct share *s = f->heap[i - 1];
		count += fair_steal_share(f, s, want - count, ret_taken + count);
		if (i > f->count + 1)
			i = f->count + 1;
	}
	return count;
}

struct proc *fair_steal_first(struct fair *f, uint64_t below)
{
	while (f->count > 0)
		if (first_is_first(f))
			return f->heap[0]->key < below ? share_take(f, f->heap[0]) : NULL;
	return NULL;
}
