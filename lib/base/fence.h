/* SPDX-License-Identifier: Apache-2.0 */
/* A pair of fences, of which one side costs nothing: for what happens in every slice and is looked at once in a while.
 * One thread: store A, fence_light(), load B. Another: store B, fence_heavy(), load A. One of the two sees what the other has stored, as if
 * both fences were sequentially consistent. Source: membarrier(2), PRIVATE_EXPEDITED; where the kernel refuses it both sides pay. */
#pragma once
#include "base/atomic.h"
#include "base/check.h"

extern bool fence_is_light; /* fixed before threads start */

/* Once at start. */
void fence_init(void);
void fence_heavy(void);

static inline void fence_light(void)
{
	if (likely(fence_is_light))
		atomic_signal_fence(memory_order_seq_cst);
	else
		atomic_thread_fence(memory_order_seq_cst);
}
