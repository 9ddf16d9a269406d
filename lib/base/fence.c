/* SPDX-License-Identifier: Apache-2.0 */
/* Fences by the kernel. See base/fence.h. */
#include "base/fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

bool fence_is_light;

void fence_init(void)
{
	fence_is_light = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void fence_heavy(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (fence_is_light) {
		long r = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
		assert(r == 0); /* it was registered */
	}
}
