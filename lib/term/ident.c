/* SPDX-License-Identifier: Apache-2.0 */
/* Identities of references: each thread counts for itself under a number of its own.
 * Invariant: no two threads have one number, so high:low never repeats while the machine runs. */
#include "term/ident.h"

#include "base/atomic.h"

static _Atomic uint64_t threads;
static _Thread_local struct ref_id last; /* high 0: this thread has no number yet */

struct ref_id ref_new_id(void)
{
	if (unlikely(last.high == 0))
		last.high = atomic_add_relaxed(&threads, 1) + 1;
	last.low++;
	return last;
}
