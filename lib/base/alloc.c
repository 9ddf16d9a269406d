/* SPDX-License-Identifier: Apache-2.0 */
/* Accounted allocation. Each thread counts for itself; a reader sums the threads' counts. */
#include "base/alloc.h"

#include "base/atomic.h"
#include "base/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct thread_counts {
	_Atomic int64_t used[MEM_CLASSES]; /* written by the owner, read by all */
	struct thread_counts *next;
};

static _Atomic(struct thread_counts *) all_counts;
static _Thread_local struct thread_counts *counts;

static _noinline_ struct thread_counts *counts_register(void)
{
	/* Never freed: a thread's blocks may outlive it, and its counts with them. */
	struct thread_counts *c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	c->next = atomic_load_relaxed(&all_counts);
	while (!atomic_cas_acq_rel(&all_counts, &c->next, c))
		;
	return counts = c;
}

static inline void account(enum mem_class class, int64_t bytes)
{
	struct thread_counts *c = counts;
	if (unlikely(c == NULL))
		c = counts_register();
	/* Only this thread writes, so a plain add is enough; the atomics are for readers. */
	atomic_store_relaxed(&c->used[class], atomic_load_relaxed(&c->used[class]) + bytes);
}

static _noinline_ _Noreturn void out_of_memory(size_t bytes)
{
	fprintf(stderr, "beamr: the host has no memory left (%zu bytes asked)\n", bytes);
	abort();
}

void *mem_alloc(enum mem_class class, size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);
	if (unlikely(p == NULL))
		out_of_memory(bytes);
	account(class, (int64_t)bytes);
	return p;
}

void *mem_zalloc(enum mem_class class, size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);
	if (unlikely(p == NULL))
		out_of_memory(bytes);
	account(class, (int64_t)bytes);
	return p;
}

void *mem_realloc(enum mem_class class, void *block, size_t old_bytes, size_t new_bytes)
{
	void *p = realloc(block, new_bytes ? new_bytes : 1);
	if (unlikely(p == NULL))
		out_of_memory(new_bytes);
	account(class, (int64_t)new_bytes - (int64_t)old_bytes);
	return p;
}

void mem_free(enum mem_class class, void *block, size_t bytes)
{
	if (block == NULL)
		return;
	account(class, -(int64_t)bytes);
	free(block);
}

void *mem_map(enum mem_class class, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		out_of_memory(bytes);
	account(class, (int64_t)bytes);
	return p;
}

void mem_unmap(enum mem_class class, void *pages, size_t bytes)
{
	account(class, -(int64_t)bytes);
	(void)munmap(pages, bytes); /* fails only for addresses that were never mapped */
}

int64_t mem_used(enum mem_class class)
{
	int64_t sum = 0;
	for (struct thread_counts *c = atomic_load_acquire(&all_counts); c != NULL; c = c->next)
		sum += atomic_load_relaxed(&c->used[class]);
	return sum;
}

int64_t mem_used_total(void)
{
	int64_t sum = 0;
	for (int i = 0; i < MEM_CLASSES; i++)
		sum += mem_used((enum mem_class)i);
	return sum;
}

const char *mem_class_name(enum mem_class class)
{
	static const char *const names[] = {
#define ALLOC(name, text) #name,
#include "base/allocs.def"
#undef ALLOC
	};
	return names[class];
}

void mem_thread_done(void)
{
}
