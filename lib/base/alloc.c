/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of memory, and whole pages. Each thread counts for itself; a reader sums the threads' counts.
 * Blocks come from alloc_cached.c, or from alloc_malloc.c in builds with sanitizers. */
#include "base/alloc_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static _Atomic(struct mem_counts *) all_counts;
_Thread_local struct mem_counts *mem_counts;

struct mem_counts *mem_counts_register(void)
{
	/* Never freed: a thread's blocks may outlive it, and its counts with them. */
	struct mem_counts *c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	c->next = atomic_load_relaxed(&all_counts);
	while (!atomic_cas_acq_rel(&all_counts, &c->next, c))
		;
	return mem_counts = c;
}

void mem_exhausted(size_t bytes)
{
	fprintf(stderr, "beamr: the host has no memory left (%zu bytes asked)\n", bytes);
	abort();
}

void *mem_map(enum mem_class class, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		mem_exhausted(bytes);
	mem_account(class, (int64_t)bytes);
	return p;
}

void mem_unmap(enum mem_class class, void *pages, size_t bytes)
{
	mem_account(class, -(int64_t)bytes);
	(void)munmap(pages, bytes); /* fails only for addresses that were never mapped */
}

int64_t mem_used(enum mem_class class)
{
	int64_t sum = 0;
	for (struct mem_counts *c = atomic_load_acquire(&all_counts); c != NULL; c = c->next)
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
