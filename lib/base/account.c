/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and the batches of threads. See base/account.h. */
#include "base/account.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/lock.h"

#include <unistd.h>

_Thread_local struct account_batch *account_batch __attribute__((tls_model("initial-exec")));

static struct mutex batches_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };
static struct account_batch *batches; /* guarded by batches_lock */
static _Atomic uint64_t accounts, unbalanced;

struct account *account_new(void)
{
	struct account *a = mem_zalloc(MEM_NS, sizeof(*a));
	atomic_store_relaxed(&a->life, ACCOUNT_HOLDER);
	mutex_init(&a->owned_lock, LOCK_OWNED);
	list_init(&a->owned);
	atomic_store_relaxed(&a->weight, ACCOUNT_WEIGHT);
	atomic_store_relaxed(&a->high, INT64_MAX);
	atomic_store_relaxed(&a->max, INT64_MAX);
	atomic_store_relaxed(&a->mark, INT64_MAX);
	atomic_store_relaxed(&a->ets_max, INT64_MAX);
	atomic_add_relaxed(&accounts, 1);
	return a;
}

/* What was charged as one kind has come back as that kind, and every piece. */
static bool is_balanced(struct account *a)
{
	bool zero = true;
	for (unsigned i = 0; i < ACCOUNT_KINDS; i++)
		zero = zero && atomic_load_relaxed(&a->used[i]) == 0;
	for (unsigned i = 0; i < ACCOUNT_COUNTS; i++)
		zero = zero && atomic_load_relaxed(&a->counts[i]) == 0;
	return zero;
}

/* Whoever brings `life` to 0 frees: nobody holds the account, so nobody charges it any more. */
static void life_add(struct account *a, uint64_t by)
{
	if (atomic_add_acq_rel(&a->life, by) + by != 0)
		return;
	if (!is_balanced(a))
		atomic_add_relaxed(&unbalanced, 1);
	debug_assert(is_balanced(a));
	atomic_sub_relaxed(&accounts, 1);
	mutex_done(&a->owned_lock);
	mem_free(MEM_NS, a, sizeof(*a));
}

struct account *account_ref(struct account *a)
{
	atomic_add_relaxed(&a->life, ACCOUNT_HOLDER);
	return a;
}

struct account *account_unref(struct account *a)
{
	if (a != NULL)
		life_add(a, -ACCOUNT_HOLDER);
	return NULL;
}

static void note_peak(struct account *a)
{
	int64_t now = account_bytes(a), peak = atomic_load_relaxed(&a->peak);
	while (now > peak && !atomic_cas_acq_rel(&a->peak, &peak, now))
		;
}

void account_charge_shared(struct account *a, enum account_kind kind, int64_t bytes)
{
	if (a == NULL || bytes == 0)
		return;
	atomic_add_relaxed(&a->used[kind], bytes);
	if (bytes > 0) {
		/* The charger holds the account, by its namespace or by what is charged already. */
		atomic_add_relaxed(&a->life, (uint64_t)bytes);
		note_peak(a);
	} else {
		life_add(a, (uint64_t)bytes);
	}
}

/* The next window begins: what was used beyond the quotas of those that have passed is owed. */
static void window_turn(struct account *a, int64_t now, int64_t start, int64_t allowed)
{
	int64_t passed = (now - start) / ACCOUNT_WINDOW_NSEC, used = atomic_load_relaxed(&a->window_nsec);
	if (!atomic_cas_acq_rel(&a->window_start, &start, start + passed * ACCOUNT_WINDOW_NSEC))
		return; /* another thread is at it */
	int64_t owed = 0;
	if (allowed > 0 && passed < ACCOUNT_WINDOWS_OWED && used > passed * allowed)
		owed = used - passed * allowed;
	atomic_store_relaxed(&a->window_nsec, owed);
	atomic_store_relaxed(&a->parked_until, 0);
}

/* Whoever uses up the quota of a window is parked until its end, or until what it has used has been its due. */
static void window_add(struct account *a, int64_t now, int64_t nsec)
{
	uint32_t milli = atomic_load_relaxed(&a->quota_milli);
	if (account_bytes(a) > atomic_load_relaxed(&a->high) && (milli == 0 || milli > ACCOUNT_SLOW_MILLI))
		milli = ACCOUNT_SLOW_MILLI;
	const int64_t allowed = (int64_t)milli * (ACCOUNT_WINDOW_NSEC / 1000);
	int64_t start = atomic_load_relaxed(&a->window_start);
	if (now - start >= ACCOUNT_WINDOW_NSEC) {
		window_turn(a, now, start, allowed);
		start = atomic_load_relaxed(&a->window_start);
	}
	int64_t used = atomic_add_relaxed(&a->window_nsec, nsec) + nsec;
	if (milli != 0 && used >= allowed) {
		int64_t windows = used / allowed;
		if (windows > ACCOUNT_WINDOWS_OWED)
			windows = ACCOUNT_WINDOWS_OWED;
		atomic_store_relaxed(&a->parked_until, start + windows * ACCOUNT_WINDOW_NSEC);
	} else if (milli == 0)
		atomic_store_relaxed(&a->parked_until, 0);
}

#define STRETCH_NSEC 200000    /* a longer one may have been spent waiting for the core, or asleep */
#define RECKONING_NSEC 10000000 /* for so long short stretches are believed */

/* How much of a stretch the thread has run, by its own clock: what that has gone on by, without what is charged already. */
static int64_t by_own_clock(const struct account_batch *b, int64_t clock_nsec, int64_t stretch)
{
	int64_t nsec = clock_nsec - atomic_load_relaxed(&b->clock_nsec) - atomic_load_relaxed(&b->charged_nsec);
	return nsec < 0 ? 0 : nsec > stretch ? stretch : nsec;
}

/* What the thread has run since it was last asked. */
static int64_t ran(struct account_batch *b, int64_t now, bool charged)
{
	int64_t nsec = now - atomic_load_relaxed(&b->since);
	atomic_store_relaxed(&b->since, now);
	if (likely(nsec < STRETCH_NSEC && now - b->clock_read_at < RECKONING_NSEC)) {
		if (charged && nsec > 0)
			atomic_store_relaxed(&b->charged_nsec, atomic_load_relaxed(&b->charged_nsec) + nsec);
		return nsec;
	}
	int64_t clock_nsec = clock_thread_nsec();
	nsec = by_own_clock(b, clock_nsec, nsec);
	atomic_store_relaxed(&b->clock_nsec, clock_nsec);
	atomic_store_relaxed(&b->charged_nsec, 0);
	b->clock_read_at = now;
	return nsec;
}

void account_run(int64_t now)
{
	struct account_batch *b = account_batch;
	struct account *a = atomic_load_relaxed(&b->account);
	int64_t nsec = ran(b, now, a != NULL);
	if (a == NULL || nsec <= 0)
		return;
	atomic_add_relaxed(&a->cpu_nsec, nsec);
	atomic_add_relaxed(&a->virtual_nsec, (uint64_t)account_weighed(a, nsec));
	if (account_is_metered(a) || unlikely(atomic_load_relaxed(&a->parked_until) != 0))
		window_add(a, now, nsec);
}

static int64_t batch_bytes(const struct account_batch *batch, enum account_kind kind)
{
	struct account_batch *b = (struct account_batch *)(uintptr_t)batch; /* atomic_load takes no const object in C17 */
	if (kind != ACCOUNT_PROCESSES)
		return atomic_load_relaxed(&b->others[kind]);
	int64_t bytes = atomic_load_relaxed(&b->sum);
	for (unsigned i = 0; i < ACCOUNT_KINDS; i++)
		bytes -= atomic_load_relaxed(&b->others[i]);
	return bytes;
}

void account_flush(void)
{
	struct account_batch *b = account_batch;
	struct account *a = atomic_load_relaxed(&b->account);
	if (a == NULL) {
		/* What nobody is charged for. */
		for (unsigned i = 0; i < ACCOUNT_KINDS; i++)
			atomic_store_relaxed(&b->others[i], 0);
		atomic_store_relaxed(&b->reductions, 0);
		atomic_store_relaxed(&b->messages, 0);
		atomic_store_relaxed(&b->sum, 0);
		return;
	}
	const int64_t sum = atomic_load_relaxed(&b->sum);
	for (unsigned i = 0; i < ACCOUNT_KINDS; i++) {
		int64_t bytes = batch_bytes(b, i);
		if (bytes != 0)
			atomic_add_relaxed(&a->used[i], bytes);
	}
	for (unsigned i = 0; i < ACCOUNT_KINDS; i++)
		atomic_store_relaxed(&b->others[i], 0);
	atomic_store_relaxed(&b->sum, 0);
	uint64_t n = atomic_load_relaxed(&b->reductions);
	if (n != 0) {
		atomic_add_relaxed(&a->reductions, n);
		atomic_store_relaxed(&b->reductions, 0);
	}
	n = atomic_load_relaxed(&b->messages);
	if (n != 0) {
		atomic_add_relaxed(&a->messages, n);
		atomic_store_relaxed(&b->messages, 0);
	}
	if (sum != 0) {
		atomic_add_relaxed(&a->life, (uint64_t)sum); /* the batch holds it */
		note_peak(a);
	}
}

void account_switch(struct account *to)
{
	struct account_batch *b = account_batch;
	if (b == NULL)
		return;
	struct account *from = atomic_load_relaxed(&b->account);
	account_run(clock_monotonic_nsec());
	account_flush();
	if (to != NULL)
		(void)account_ref(to); /* the same pointer */
	atomic_store_relaxed(&b->account, to);
	(void)account_unref(from); /* always NULL */
}

void account_thread_init(struct account_batch *b)
{
	*b = (struct account_batch){ .clock = CLOCK_THREAD_CPUTIME_ID };
	(void)pthread_getcpuclockid(pthread_self(), &b->clock); /* cannot fail for a living thread */
	mutex_lock(&batches_lock);
	b->next = batches;
	if (batches != NULL)
		batches->previous = b;
	batches = b;
	mutex_unlock(&batches_lock);
	account_batch = b;
}

void account_thread_done(void)
{
	struct account_batch *b = account_batch;
	account_switch(NULL);
	mutex_lock(&batches_lock);
	if (b->previous != NULL)
		b->previous->next = b->next;
	else
		batches = b->next;
	if (b->next != NULL)
		b->next->previous = b->previous;
	mutex_unlock(&batches_lock);
	account_batch = NULL;
}

int64_t account_room(const struct account *a)
{
	if (a == NULL)
		return INT64_MAX;
	int64_t max = atomic_load_relaxed(&a->max);
	if (likely(max == INT64_MAX))
		return max;
	int64_t now = account_bytes(a);
	if (account_batch != NULL && atomic_load_relaxed(&account_batch->account) == a)
		now += atomic_load_relaxed(&account_batch->sum);
	return now >= max ? 0 : max - now;
}

/* Bound: as much as the machine has, at most; more could only end in the kernel's killing everybody. */
static int64_t machine_bytes(void)
{
	static _Atomic int64_t known;
	int64_t bytes = atomic_load_relaxed(&known);
	if (bytes == 0) {
		long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
		bytes = pages > 0 && size > 0 ? (int64_t)pages * size : INT64_MAX;
		atomic_store_relaxed(&known, bytes);
	}
	return bytes;
}

size_t account_room_bytes(void)
{
	int64_t room = account_room(account_current()), machine = machine_bytes() / 4;
	return (size_t)(room < machine ? room : machine);
}

bool account_fits(size_t bytes)
{
	return bytes < ACCOUNT_BATCH_BYTES ||
	       (bytes <= (size_t)machine_bytes() &&
		       (int64_t)bytes <= account_room(account_current()));
}

bool account_take(struct account *a, enum account_count what, uint64_t limit)
{
	int64_t before = atomic_add_relaxed(&a->counts[what], 1);
	if (likely(limit == 0 || before < (int64_t)limit))
		return true;
	atomic_sub_relaxed(&a->counts[what], 1);
	return false;
}

void account_give(struct account *a, enum account_count what, int64_t pieces)
{
	atomic_sub_relaxed(&a->counts[what], pieces);
}

int64_t account_used(const struct account *a, enum account_kind kind)
{
	mutex_lock(&batches_lock);
	int64_t sum = atomic_load_relaxed(&a->used[kind]);
	for (const struct account_batch *b = batches; b != NULL; b = b->next)
		if (atomic_load_relaxed(&b->account) == a)
			sum += batch_bytes(b, kind);
	mutex_unlock(&batches_lock);
	return sum;
}

int64_t account_used_total(const struct account *a)
{
	int64_t sum = 0;
	for (unsigned i = 0; i < ACCOUNT_KINDS; i++)
		sum += account_used(a, i);
	return sum;
}

/* What a thread has run that it has not charged yet. Under the lock, so that the thread is still there. */
static int64_t running(const struct account_batch *b, int64_t now)
{
	int64_t nsec = now - atomic_load_relaxed(&b->since);
	if (nsec < STRETCH_NSEC)
		return nsec > 0 ? nsec : 0;
	struct timespec t;
	if (clock_gettime(b->clock, &t) != 0)
		return 0; /* never, see above */
	return by_own_clock(b, (int64_t)t.tv_sec * 1000000000 + t.tv_nsec, nsec);
}

void account_spent(struct account *a, struct account_spent *ret)
{
	const int64_t now = clock_monotonic_nsec();
	mutex_lock(&batches_lock);
	*ret = (struct account_spent){ atomic_load_relaxed(&a->reductions), atomic_load_relaxed(&a->messages),
		atomic_load_relaxed(&a->cpu_nsec) };
	for (const struct account_batch *b = batches; b != NULL; b = b->next) {
		if (atomic_load_relaxed(&b->account) != a)
			continue;
		ret->reductions += atomic_load_relaxed(&b->reductions);
		ret->messages += atomic_load_relaxed(&b->messages);
		ret->cpu_nsec += running(b, now);
	}
	int64_t told = atomic_load_relaxed(&a->cpu_told);
	if (ret->cpu_nsec > told)
		atomic_store_relaxed(&a->cpu_told, ret->cpu_nsec);
	else
		ret->cpu_nsec = told;
	mutex_unlock(&batches_lock);
}

uint64_t account_unbalanced(void)
{
	return atomic_load_relaxed(&unbalanced);
}

uint64_t account_count(void)
{
	return atomic_load_relaxed(&accounts);
}
