/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: what one tenant of the machine (a namespace) holds, in bytes by kind, and what it has used up.
 *
 * A scheduler works for one account at a time and collects what it charges to it in a batch of its own, written without a
 * lock; the batch is added to the account when it grows past ACCOUNT_BATCH_BYTES, when the thread turns to another account and
 * when it has nothing to do. Everybody else charges the account itself. So a sum is exact whenever it is read
 * with account_used(), and at most ACCOUNT_BATCH_BYTES a scheduler old where limits are looked at.
 *
 * An account lives as long as anything is charged to it: what one tenant has made may outlive it in the hands of another (a binary
 * that was sent). `life` counts both: bytes in its low 48 bits, holders above. It is 0 when nobody holds the account, so that
 * no batch is open, and all bytes have come back.
 *
 * Time is processor time: what a thread waits for, be it the kernel that gives its core to others or a file, is not charged. The thread's own
 * clock is a system call, so that short stretches are taken from the monotonic one, and only what is too long for them is asked about.
 * Invariant: a thread's batch holds its account.  Threads: any. */
#pragma once
#include "base/atomic.h"
#include "base/check.h"
#include "base/epoch.h"
#include "base/list.h"
#include "base/lock.h"

#include <time.h>

enum account_kind {
	ACCOUNT_PROCESSES, /* heaps, stacks, messages, process structs */
	ACCOUNT_BINARIES,  /* off heap, by who made them */
	ACCOUNT_ETS,
	ACCOUNT_CODE,  /* modules: each namespace that has one bears it in full */
	ACCOUNT_OTHER, /* persistent terms, timers, atoms, what the namespace itself is made of */
	ACCOUNT_KINDS
};

/* What is counted by the piece. */
enum account_count {
	COUNT_TABLES,
	COUNT_TIMERS,
	COUNT_MODULES,
	COUNT_PORTS,
	COUNT_FILES,
	COUNT_ATOMS,
	COUNT_EXPORTS,
	ACCOUNT_COUNTS
};

/* Bits of struct account's `met`: what was refused since somebody last looked, who then tells of it (ns_limits_met()). */
enum account_met { ACCOUNT_MET_ATOMS = 1, ACCOUNT_MET_ETS = 2, ACCOUNT_MET_MEMORY = 4 };

#define ACCOUNT_BATCH_BYTES (64 << 10)
#define ACCOUNT_HOLDER ((uint64_t)1 << 48)

struct numberset;
struct stillness;
struct wordmap;

struct account {
	_Atomic uint64_t life;
	struct epoch_item retired; /* term/names.c: once every thread has moved on that may have found it through something of its owner's */
	_Atomic int64_t used[ACCOUNT_KINDS];
	_Atomic int64_t counts[ACCOUNT_COUNTS];
	_Atomic int64_t peak;
	/* Limits of the sum; INT64_MAX: none. */
	_Atomic int64_t high;
	_Atomic int64_t max;
	_Atomic int64_t mark; /* the lower of both */
	_Atomic int64_t ets_max;
	_Atomic uint32_t met; /* enum account_met */
	_Atomic uint64_t atoms_max; /* 0: the usual one */
	struct wordmap *families; /* code/cache.c: funs that it may have */
	_Atomic(struct numberset *) atoms, exports; /* which of them it holds (term/names.h); NULL: none yet */
	/* While its names are collected, those of them that it held before and that were not found yet. */
	struct wordmap *families_before;
	_Atomic(struct numberset *) atoms_before, exports_before;
	_Atomic uint64_t atoms_kept, atoms_freed; /* how many the last collection left, and gave up */
	_Atomic uint64_t names_rounds; /* collections that have ended */
	struct mutex owned_lock;
	struct list owned;             /* terms that C keeps for it (heap/heap.h); guarded by owned_lock */
	_Atomic uint32_t still;        /* enum still (proc/still.h): whether its processes may run */
	_Atomic(struct stillness *) stillness;
	_Atomic int32_t unready;       /* those of them that can not be looked at, though no worker runs them: proc/still.h */
	_Atomic uint64_t reductions, messages;
	/* Processor time. */
	_Atomic int64_t cpu_nsec;
	_Atomic int64_t cpu_told; /* the most that account_spent() has said: what is not yet charged is estimated */
	_Atomic uint64_t virtual_nsec; /* the same by weight: sched/fair.h */
	_Atomic uint32_t weight;       /* 100: virtual time is time */
	_Atomic uint32_t quota_milli;  /* 0: none */
	_Atomic int64_t window_start, window_nsec; /* the window of the quota, and what was used in it, or is owed from the ones before */
	_Atomic int64_t parked_until;  /* the end of the windows whose quota is used up; 0: it is not */
	_Atomic uint32_t doomed;       /* processes that were killed and have not ended: for them it runs, parked or not */
};

#define ACCOUNT_WEIGHT 100
#define ACCOUNT_WINDOW_NSEC 100000000
#define ACCOUNT_WINDOWS_OWED 10 /* so many at most are waited for what was used at once, in a call that nothing interrupts */
#define ACCOUNT_SLOW_MILLI 100 /* quota of one whose memory is over its high mark */

struct account_batch {
	/* written by its thread, read by all */
	_Atomic(struct account *) account;
	_Atomic int64_t sum; /* of all kinds: what is not of another one is of ACCOUNT_PROCESSES, which comes and goes most */
	_Atomic int64_t others[ACCOUNT_KINDS]; /* without ACCOUNT_PROCESSES */
	_Atomic uint64_t reductions, messages;
	_Atomic int64_t since; /* when it began to run what is not yet charged; monotonic */
	_Atomic int64_t clock_nsec; /* what the thread's own clock said last */
	_Atomic int64_t charged_nsec; /* charged since then, by the monotonic clock */
	/* its thread's alone */
	int64_t clock_read_at;                 /* monotonic */
	bool grew;                             /* somebody made more of it while it was over its high mark: account_note_growth() */
	struct account_batch *next, *previous; /* guarded by account.c's lock */
	clockid_t clock;                       /* the thread's own; the same */
};

/* The calling thread's batch; NULL on threads that have none. */
extern _Thread_local struct account_batch *account_batch __attribute__((tls_model("initial-exec")));

/* Something was refused. */
static inline void account_refused(struct account *account, enum account_met what)
{
	if ((atomic_load_relaxed(&account->met) & what) == 0)
		atomic_or_acq_rel(&account->met, (uint32_t)what);
}

/* Bytes of the sum as limits see it. */
static inline int64_t account_bytes(const struct account *account)
{
	return (int64_t)(atomic_load_relaxed(&account->life) << 16) >> 16;
}

/* One holder: the caller. */
struct account *account_new(void);
struct account *account_ref(struct account *account);
/* Returns NULL. */
struct account *account_unref(struct account *account);

/* Gives the calling thread a batch, and takes it away; for schedulers. */
void account_thread_init(struct account_batch *batch);
void account_thread_done(void);
/* The calling thread works for that account from here on; NULL: for none. No batch: nothing happens. */
_noinline_ void account_switch(struct account *account);
/* Charges the thread's account for the processor until now. On a scheduler. */
void account_run(int64_t now_nsec);
/* Whether it must be asked often how long it runs. */
static inline bool account_is_metered(const struct account *a)
{
	return unlikely(atomic_load_relaxed(&a->quota_milli) != 0 || account_bytes(a) > atomic_load_relaxed(&a->high));
}

static inline int64_t account_weighed(const struct account *a, int64_t nsec)
{
	return nsec * ACCOUNT_WEIGHT / atomic_load_relaxed(&a->weight);
}

/* Adds the thread's batch to its account. */
_noinline_ void account_flush(void);
_noinline_ void account_charge_shared(
	struct account *account, enum account_kind kind, int64_t bytes);

static inline void account_enter(struct account *account)
{
	if (unlikely(atomic_load_relaxed(&account_batch->account) != account))
		account_switch(account);
}

/* Who the calling thread works for; NULL: nobody. */
static inline struct account *account_current(void)
{
	return account_batch == NULL ? NULL : atomic_load_relaxed(&account_batch->account);
}

static inline void account_charge_batch(struct account_batch *b, enum account_kind kind, int64_t bytes)
{
	atomic_store_relaxed(&b->sum, atomic_load_relaxed(&b->sum) + bytes);
	if (kind != ACCOUNT_PROCESSES)
		atomic_store_relaxed(&b->others[kind], atomic_load_relaxed(&b->others[kind]) + bytes);
}

/* bytes more, or fewer when negative. account may be NULL. */
static inline void account_charge(struct account *account, enum account_kind kind, int64_t bytes)
{
	struct account_batch *b = account_batch;
	if (likely(b != NULL && atomic_load_relaxed(&b->account) == account)) {
		account_charge_batch(b, kind, bytes);
		return;
	}
	account_charge_shared(account, kind, bytes);
}

/* The same for whom the thread works; for what comes and goes with each message. */
static inline void account_charge_current(enum account_kind kind, int64_t bytes)
{
	struct account_batch *b = account_batch;
	if (unlikely(b == NULL))
		return;
	account_charge_batch(b, kind, bytes);
}

/* Somebody is about to make what takes memory for long, and more of it: who does so over the high mark rests a while after its
 * slice (proc/pressure.c). Returns whether it is so. */
static inline bool account_note_growth(void)
{
	struct account_batch *b = account_batch;
	struct account *a = b != NULL ? atomic_load_relaxed(&b->account) : NULL;
	if (likely(a == NULL || account_bytes(a) <= atomic_load_relaxed(&a->high)))
		return false;
	b->grew = true;
	return true;
}

/* One more message sent. On a scheduler. */
static inline void account_count_message(void)
{
	struct account_batch *b = account_batch;
	if (likely(b != NULL))
		atomic_store_relaxed(&b->messages, atomic_load_relaxed(&b->messages) + 1);
}

/* Whether the thread's batch has become worth adding. */
static inline bool account_is_due(void)
{
	return (uint64_t)(atomic_load_relaxed(&account_batch->sum) + ACCOUNT_BATCH_BYTES) > 2 * ACCOUNT_BATCH_BYTES;
}

/* How many bytes more fit under the limit, what this thread has not yet added counted; INT64_MAX: there is none. Cheap enough to be asked
 * before anything large is made. Never negative. account may be NULL. */
int64_t account_room(const struct account *account);
/* How many bytes the thread may make at once for whom it works: what is left, and at most part of what the machine has. */
size_t account_room_bytes(void);
/* Whether the thread may make something of that size for whom it works: it fits under the account's limit, and into the machine. */
bool account_fits(size_t bytes);
/* One more piece under limit (0: none); false when there are that many. */
bool account_take(struct account *account, enum account_count what, uint64_t limit);
void account_give(struct account *account, enum account_count what, int64_t pieces);

/* Exact sums, over all batches. */
int64_t account_used(const struct account *account, enum account_kind kind);
int64_t account_used_total(const struct account *account);
struct account_spent {
	uint64_t reductions, messages;
	int64_t cpu_nsec;
};

/* Never less than what it has said before. */
void account_spent(struct account *account, struct account_spent *ret);
/* Accounts that ended although not all that was charged as one kind came back as that kind: mistakes of ours. For tests. */
uint64_t account_unbalanced(void);
/* Accounts there are, living and outlived. */
uint64_t account_count(void);
