/* SPDX-License-Identifier: Apache-2.0 */
/* What the allocator's files share: a thread's accounts. */
#pragma once
#include "base/alloc.h"
#include "base/atomic.h"

struct mem_counts {
	_Atomic int64_t used[MEM_CLASSES]; /* written by the owner, read by all */
	struct mem_counts *next;
};

/* NULL until the thread first allocates. */
extern _Thread_local struct mem_counts *mem_counts __attribute__((tls_model("initial-exec")));

_noinline_ struct mem_counts *mem_counts_register(void);
_noinline_ _Noreturn void mem_exhausted(size_t bytes);

static inline void mem_account(enum mem_class class, int64_t bytes)
{
	struct mem_counts *c = mem_counts;
	if (unlikely(c == NULL))
		c = mem_counts_register();
	/* Only this thread writes, so a plain add is enough; the atomics are for readers. */
	atomic_store_relaxed(&c->used[class], atomic_load_relaxed(&c->used[class]) + bytes);
}
