/* SPDX-License-Identifier: Apache-2.0 */
/* The process table: from pid to process without a lock.
 *
 * A pid is a slot and the serial of its tenant. slots[] lies in reserved address space and is touched as used.
 * Free slots wait in one queue and are used again in the order they were left, so that a serial rises slowly; while fewer
 * than FREE_MIN wait, a slot that was never used is taken. Each worker takes and gives slots in batches.
 * A process that is found is alive or was a moment ago: its memory stays until every thread has passed its epoch.
 *
 * Invariant: slots[s] is NULL or a process whose pid names s. serials[s] is the serial of the next tenant of s while s is free. */
#include "proc/table.h"

#include "base/account.h"
#include "base/clock.h"
#include "base/lock.h"
#include "ns/channel.h"
#include "proc/timer.h"
#include "proc/worker.h"
#include "term/atom.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define FREE_MIN 1024

static struct {
	_Atomic(struct proc *) *slots;
	uint32_t *serials;
	_Atomic uint32_t *owners; /* of each slot in use: its namespace's id + 1 */
	uint64_t max;           /* processes at once */
	uint32_t slots_max;
	int64_t made_usec;      /* realtime */
	int64_t made_nsec;
	_Atomic uint32_t used;  /* slots from 1 to here have been used */
	_Atomic int64_t count;
	_Atomic uint64_t spawns, crashes;

	/* guarded by lock */
	struct mutex lock;
	uint32_t *queue;        /* ring of free slots; capacity a power of two */
	uint32_t capacity;
	uint32_t first, waiting;
} table;

static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) {
		(void)fprintf(stderr, "no address space for the process table\n");
		abort();
	}
	return p;
}

void proc_table_init(uint64_t max)
{
	if (max == 0)
		max = UINT64_C(1) << 27;
	if (max > PID_SLOT_MAX - 65536)
		max = PID_SLOT_MAX - 65536;
	table.max = max;
	/* Besides those in use, slots lie in the workers' batches and in the queue. */
	table.slots_max = (uint32_t)max + 65536;
	table.slots = reserve((table.slots_max + UINT64_C(1)) * sizeof(*table.slots));
	table.serials = reserve((table.slots_max + UINT64_C(1)) * sizeof(*table.serials));
	table.owners = reserve((table.slots_max + UINT64_C(1)) * sizeof(*table.owners));
	table.made_usec = clock_realtime_usec();
	table.made_nsec = clock_monotonic_nsec();
	atomic_store_relaxed(&table.used, 0);
	atomic_store_relaxed(&table.count, 0);
	mutex_init(&table.lock, LOCK_PROC_TABLE);
	table.capacity = 4096;
	table.queue = mem_alloc(MEM_PROC, table.capacity * sizeof(uint32_t));
	table.first = table.waiting = 0;
}

uint32_t table_age(void)
{
	/* The clock's last tick will do, and costs a read of memory. */
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t); /* cannot fail with a valid clock and pointer */
	int64_t nsec = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec - table.made_nsec;
	return nsec < 0 ? 0 : (uint32_t)(nsec / 100000000);
}

uint64_t proc_table_age_usec(void)
{
	return (uint64_t)(clock_monotonic_nsec() - table.made_nsec) / 1000;
}

int64_t table_time_usec(uint32_t age)
{
	return table.made_usec + (int64_t)age * 100000;
}

/* ------------------------------------------------------------------------------------------------ free slots */

static void queue_put(uint32_t slot) REQUIRES(table.lock)
{
	if (table.waiting == table.capacity) {
		uint32_t *wider = mem_alloc(MEM_PROC, (size_t)table.capacity * 2 * sizeof(uint32_t));
		for (uint32_t i = 0; i < table.waiting; i++)
			wider[i] = table.queue[(table.first + i) & (table.capacity - 1)];
		mem_free(MEM_PROC, table.queue, table.capacity * sizeof(uint32_t));
		table.queue = wider;
		table.capacity *= 2;
		table.first = 0;
	}
	table.queue[(table.first + table.waiting++) & (table.capacity - 1)] = slot;
}

static uint32_t queue_get(void) REQUIRES(table.lock)
{
	uint32_t used = atomic_load_relaxed(&table.used);
	if ((table.waiting < FREE_MIN || table.waiting == 0) && used < table.slots_max) {
		atomic_store_release(&table.used, used + 1);
		return used + 1;
	}
	if (table.waiting == 0)
		return 0;
	uint32_t slot = table.queue[table.first];
	table.first = (table.first + 1) & (table.capacity - 1);
	table.waiting--;
	return slot;
}

static uint32_t slot_take(void)
{
	struct worker *worker = worker_current();
	uint32_t slot;
	if (worker == NULL) {
		mutex_lock(&table.lock);
		slot = queue_get();
		mutex_unlock(&table.lock);
		return slot;
	}
	struct slot_cache *c = &worker->slots;
	if (c->fresh_count == 0) {
		/* Last in, first out of the batch: turned round, so that slots are given in order. */
		uint32_t n = 0, batch[ARRAY_SIZE(c->fresh)];
		mutex_lock(&table.lock);
		while (n < ARRAY_SIZE(batch) && (slot = queue_get()) != 0)
			batch[n++] = slot;
		mutex_unlock(&table.lock);
		for (uint32_t i = 0; i < n; i++)
			c->fresh[i] = batch[n - 1 - i];
		c->fresh_count = n;
	}
	if (c->fresh_count == 0)
		return c->used_count > 0 ? c->used[--c->used_count] : 0;
	return c->fresh[--c->fresh_count];
}

static void slot_leave(uint32_t slot)
{
	struct worker *worker = worker_current();
	table.serials[slot] = (table.serials[slot] + 1) & PID_SERIAL_MAX;
	if (worker == NULL) {
		mutex_lock(&table.lock);
		queue_put(slot);
		mutex_unlock(&table.lock);
		return;
	}
	struct slot_cache *c = &worker->slots;
	if (c->used_count == ARRAY_SIZE(c->used)) {
		mutex_lock(&table.lock);
		for (uint32_t i = 0; i < c->used_count; i++)
			queue_put(c->used[i]);
		mutex_unlock(&table.lock);
		c->used_count = 0;
	}
	c->used[c->used_count++] = slot;
}

term table_take(void)
{
	if (atomic_add_relaxed(&table.count, 1) >= (int64_t)table.max) {
		atomic_fetch_sub_explicit(&table.count, 1, memory_order_relaxed);
		return TERM_NONE;
	}
	uint32_t slot = slot_take();
	if (slot == 0) {
		atomic_fetch_sub_explicit(&table.count, 1, memory_order_relaxed);
		return TERM_NONE;
	}
	atomic_add_relaxed(&table.spawns, 1);
	return term_of_pid(slot, table.serials[slot]);
}

void table_give_back(term pid)
{
	slot_leave(pid_slot(pid));
	atomic_fetch_sub_explicit(&table.count, 1, memory_order_relaxed);
}

/* ------------------------------------------------------------------------------------------------ look-ups */

void table_publish(struct proc *p)
{
	atomic_store_relaxed(&table.owners[pid_slot(p->pid)], p->ns->id + 1); /* published with the slot */
	/* Pairs with the load in proc_lookup_exiting(). */
	atomic_store_release(&table.slots[pid_slot(p->pid)], p);
}

static void proc_memory_free(struct epoch_item *item)
{
	mem_free(MEM_PROC, (char *)item - offsetof(struct proc, retired), sizeof(struct proc));
}

void table_remove_proc(struct proc *p)
{
	atomic_store_release(&table.slots[pid_slot(p->pid)], NULL);
	atomic_store_relaxed(&table.owners[pid_slot(p->pid)], 0);
	slot_leave(pid_slot(p->pid));
	atomic_fetch_sub_explicit(&table.count, 1, memory_order_relaxed);
	epoch_retire(&p->retired, proc_memory_free);
}

struct proc *proc_lookup_exiting(term pid)
{
	uint32_t slot = pid_slot(pid);
	debug_assert(term_is_local_pid(pid));
	if (unlikely(slot > table.slots_max))
		return NULL;
	struct proc *p = atomic_load_acquire(&table.slots[slot]);
	return p != NULL && p->pid == pid ? p : NULL;
}

struct proc *proc_in_slot(uint32_t slot)
{
	return slot <= table.slots_max ? atomic_load_acquire(&table.slots[slot]) : NULL;
}

struct proc *proc_lookup(term pid)
{
	struct proc *p = proc_lookup_exiting(pid);
	return p != NULL && !(atomic_load_acquire(&p->state) & STATE_EXITING) ? p : NULL;
}

struct proc *proc_reach(const struct ns *from, term pid)
{
	struct proc *p = proc_lookup(pid);
	return p != NULL && likely(ns_reaches(from, p->ns)) ? p : NULL;
}

void proc_each(uint32_t after_slot, bool (*fn)(struct proc *p, void *arg), void *arg)
{
	uint32_t used = atomic_load_acquire(&table.used);
	epoch_enter();
	for (uint32_t slot = after_slot + 1; slot <= used; slot++) {
		struct proc *p = atomic_load_acquire(&table.slots[slot]);
		if (p != NULL && !(atomic_load_acquire(&p->state) & STATE_EXITING) && !fn(p, arg))
			break;
	}
	epoch_leave();
}

void proc_each_of(const struct ns *ns, uint32_t after_slot, bool (*fn)(struct proc *p, void *arg), void *arg)
{
	if (ns == NULL) {
		proc_each(after_slot, fn, arg);
		return;
	}
	const uint32_t owner = ns->id + 1;
	uint32_t used = atomic_load_acquire(&table.used);
	epoch_enter();
	for (uint32_t slot = after_slot + 1; slot <= used; slot++) {
		if (likely(atomic_load_relaxed(&table.owners[slot]) != owner))
			continue;
		struct proc *p = atomic_load_acquire(&table.slots[slot]);
		if (p != NULL && p->ns == ns && !(atomic_load_acquire(&p->state) & STATE_EXITING) && !fn(p, arg))
			break;
	}
	epoch_leave();
}

uint64_t proc_limit(void)
{
	return table.max;
}

uint64_t proc_count(void)
{
	int64_t n = atomic_load_relaxed(&table.count);
	return n < 0 ? 0 : (uint64_t)n;
}

uint64_t proc_spawn_count(void)
{
	return atomic_load_relaxed(&table.spawns);
}

uint64_t proc_crash_count(void)
{
	return atomic_load_relaxed(&table.crashes);
}

void table_count_crash(void)
{
	atomic_add_relaxed(&table.crashes, 1);
}

void proc_table_done(void)
{
	uint32_t used = atomic_load_acquire(&table.used);
	/* What ends here is ended by this thread, as by a scheduler. */
	struct account_batch batch;
	account_thread_init(&batch);
	for (uint32_t slot = 1; slot <= used; slot++) {
		struct proc *p = atomic_load_acquire(&table.slots[slot]);
		if (p != NULL) {
			account_enter(p->account);
			proc_discard(p);
		}
	}
	account_thread_done();
	timers_free_all();
	epoch_drain();
	mem_free(MEM_PROC, table.queue, table.capacity * sizeof(uint32_t));
	mutex_done(&table.lock);
	(void)munmap(table.slots, (table.slots_max + UINT64_C(1)) * sizeof(*table.slots)); /* at the end of all */
	(void)munmap((void *)(uintptr_t)table.owners, (table.slots_max + UINT64_C(1)) * sizeof(*table.owners));
	(void)munmap(table.serials, (table.slots_max + UINT64_C(1)) * sizeof(*table.serials));
}
