/* SPDX-License-Identifier: Apache-2.0 */
/* Epochs: when memory that readers reach without a lock may be freed.
 *
 * Invariant: a record's `seen` is 0 while its thread is outside, else epoch << 1 | 1 with an epoch that was the
 * global one at some time since the thread last held nothing.
 * Each thread keeps what it retired in three bags, by epoch modulo 3: a bag that is wanted for epoch E holds things of E - 3
 * at the latest, which may be freed. A thread that ends or sleeps hands its bags to the orphans. */
#include "base/epoch.h"

#include "base/lock.h"

#include <stdlib.h>

struct bag {
	struct epoch_item *first;
	uint64_t epoch;
};

struct record {
	_Atomic uint64_t seen;
	_Atomic bool taken;
	struct record *next; /* fixed once published */
	/* owner only */
	unsigned depth;
	unsigned since_try;
	_Atomic uint64_t pending; /* written by the owner, read by epoch_pending() */
	struct bag bags[3];
	struct epoch_item *over; /* may be freed */
};

static _Atomic uint64_t global_epoch = 1;
static _Atomic(struct record *) records;
static _Thread_local struct record *self;

static struct mutex orphan_lock = { PTHREAD_MUTEX_INITIALIZER, LOCK_LEAF };
static struct bag orphans[3];            /* guarded by orphan_lock */
static _Atomic uint64_t orphan_count;    /* written under orphan_lock */

static _noinline_ struct record *record_take(void)
{
	for (struct record *r = atomic_load_acquire(&records); r != NULL; r = r->next) {
		bool free = false;
		if (!atomic_load_relaxed(&r->taken) && atomic_cas_acq_rel(&r->taken, &free, true))
			return self = r;
	}
	/* Never freed: others walk the chain without a lock. Bound: as many as there were threads at one time. */
	struct record *r = calloc(1, sizeof(*r));
	if (r == NULL)
		abort();
	atomic_store_relaxed(&r->taken, true);
	r->next = atomic_load_acquire(&records);
	while (!atomic_cas_acq_rel(&records, &r->next, r)) {
	}
	return self = r;
}

static inline struct record *record_self(void)
{
	return likely(self != NULL) ? self : record_take();
}

/* Takes what is in a bag: freeing an item may retire others, and enter and leave an epoch itself. */
static struct epoch_item *bag_take(struct bag *bag, uint64_t *ret_count)
{
	struct epoch_item *first = bag->first;
	*ret_count = 0;
	for (struct epoch_item *item = first; item != NULL; item = item->next)
		++*ret_count;
	bag->first = NULL;
	return first;
}

static void items_free(struct epoch_item *item)
{
	struct epoch_item *next;
	for (; item != NULL; item = next) {
		next = item->next;
		item->free(item);
	}
}

static void pending_add(struct record *r, int64_t n)
{
	atomic_store_relaxed(&r->pending, atomic_load_relaxed(&r->pending) + (uint64_t)n);
}

static void announce(struct record *r)
{
	uint64_t seen = atomic_load_acquire(&global_epoch) << 1 | 1;
	if (atomic_load_relaxed(&r->seen) == seen)
		return;
	/* Sequentially consistent: what this thread reads from now on is read after others can see that it is inside.
	 * Pairs with the fence in try_advance(). */
	atomic_exchange_explicit(&r->seen, seen, memory_order_seq_cst);
}

static void orphans_free(uint64_t epoch)
{
	struct bag ready[3] = { 0 };
	mutex_lock(&orphan_lock);
	for (unsigned i = 0; i < 3; i++)
		if (orphans[i].first != NULL && orphans[i].epoch + 2 <= epoch) {
			ready[i] = orphans[i];
			orphans[i].first = NULL;
		}
	mutex_unlock(&orphan_lock);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t n;
		struct epoch_item *first = bag_take(&ready[i], &n);
		atomic_fetch_sub_explicit(&orphan_count, n, memory_order_relaxed);
		items_free(first);
	}
}

static bool try_advance(void)
{
	uint64_t epoch = atomic_load_acquire(&global_epoch);
	/* Pairs with the exchange in announce(). */
	atomic_thread_fence(memory_order_seq_cst);
	for (struct record *r = atomic_load_acquire(&records); r != NULL; r = r->next) {
		uint64_t seen = atomic_load_explicit(&r->seen, memory_order_seq_cst);
		if (seen != 0 && seen != (epoch << 1 | 1))
			return false;
	}
	atomic_cas_acq_rel(&global_epoch, &epoch, epoch + 1);
	return true;
}

static struct epoch_item **last_link(struct epoch_item **link)
{
	while (*link != NULL)
		link = &(*link)->next;
	return link;
}

static void over_add(struct record *r, struct epoch_item *first)
{
	if (first == NULL)
		return;
	*last_link(&first) = r->over;
	r->over = first;
}

static void bags_free(struct record *r)
{
	uint64_t epoch = atomic_load_acquire(&global_epoch);
	struct bag over = { .first = r->over };
	if (over.first != NULL) {
		uint64_t n;
		r->over = NULL;
		struct epoch_item *first = bag_take(&over, &n);
		pending_add(r, -(int64_t)n);
		items_free(first);
	}
	for (unsigned i = 0; i < 3; i++)
		if (r->bags[i].first != NULL && r->bags[i].epoch + 2 <= epoch) {
			uint64_t n;
			struct epoch_item *first = bag_take(&r->bags[i], &n);
			pending_add(r, -(int64_t)n);
			items_free(first);
		}
	if (atomic_load_relaxed(&orphan_count) != 0)
		orphans_free(epoch);
}

bool epoch_is_inside(void)
{
	return self != NULL && self->depth > 0;
}

void epoch_enter(void)
{
	struct record *r = record_self();
	if (r->depth++ == 0)
		announce(r);
}

static void orphan_bags(struct record *r)
{
	/* What may be freed at once waits with the rest. */
	*last_link(&r->bags[0].first) = r->over;
	r->over = NULL;
	mutex_lock(&orphan_lock);
	for (unsigned i = 0; i < 3; i++) {
		struct bag *from = &r->bags[i];
		if (from->first == NULL)
			continue;
		/* All orphans of one bag wait for the latest of them. */
		struct bag *to = &orphans[i];
		struct epoch_item *last = from->first;
		uint64_t n = 1;
		for (; last->next != NULL; last = last->next)
			n++;
		last->next = to->first;
		to->epoch = to->first == NULL || from->epoch > to->epoch ? from->epoch : to->epoch;
		to->first = from->first;
		from->first = NULL;
		atomic_add_relaxed(&orphan_count, n);
	}
	mutex_unlock(&orphan_lock);
	atomic_store_relaxed(&r->pending, 0);
}

void epoch_leave(void)
{
	struct record *r = record_self();
	debug_assert(r->depth > 0);
	if (--r->depth != 0)
		return;
	/* Release: reads made inside are done. */
	atomic_store_release(&r->seen, 0);
	if (atomic_load_relaxed(&r->pending) == 0 && atomic_load_relaxed(&orphan_count) == 0)
		return;
	for (unsigned i = 0; i < 3 && try_advance(); i++) {
	}
	bags_free(r);
	if (atomic_load_relaxed(&r->pending) != 0)
		orphan_bags(r);
}

void epoch_quiescent(void)
{
	struct record *r = record_self();
	announce(r);
	if (likely(atomic_load_relaxed(&r->pending) == 0 && atomic_load_relaxed(&orphan_count) == 0))
		return;
	if (++r->since_try < 16)
		return;
	r->since_try = 0;
	if (try_advance())
		announce(r);
	bags_free(r);
}

void epoch_retire(struct epoch_item *item, void (*free)(struct epoch_item *))
{
	struct record *r = record_self();
	item->free = free;
	/* The unlinking is done before the epoch is read. */
	atomic_thread_fence(memory_order_seq_cst);
	uint64_t epoch = atomic_load_acquire(&global_epoch);
	struct bag *bag = &r->bags[epoch % 3];
	if (bag->epoch != epoch) {
		/* Whoever retires may hold locks that those who free want: not here. */
		over_add(r, bag->first);
		bag->first = NULL;
		bag->epoch = epoch;
	}
	item->next = bag->first;
	bag->first = item;
	pending_add(r, 1);
	if (r->depth == 0)
		orphan_bags(r);
}

void epoch_thread_done(void)
{
	struct record *r = self;
	if (r == NULL)
		return;
	assert(r->depth == 0);
	orphan_bags(r);
	self = NULL;
	/* Pairs with the CAS in record_take(). */
	atomic_store_release(&r->taken, false);
}

void epoch_drain(void)
{
	struct record *mine = record_self();
	assert(mine->depth == 0);
	for (struct record *r = atomic_load_acquire(&records); r != NULL; r = r->next)
		assert(atomic_load_acquire(&r->seen) == 0);
	/* Freeing may retire again. */
	while (epoch_pending() != 0) {
		for (unsigned i = 0; i < 3; i++)
			(void)try_advance(); /* nobody is inside */
		bags_free(mine);
		if (atomic_load_relaxed(&mine->pending) != 0)
			orphan_bags(mine);
	}
}

uint64_t epoch_pending(void)
{
	uint64_t n = atomic_load_relaxed(&orphan_count);
	for (struct record *r = atomic_load_acquire(&records); r != NULL; r = r->next)
		n += atomic_load_relaxed(&r->pending);
	return n;
}
