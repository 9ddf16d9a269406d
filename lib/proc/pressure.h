/* SPDX-License-Identifier: Apache-2.0 */
/* A namespace that passes memoryHigh or memoryMax: its processes are collected, and when that does not help the largest ends, then
 * all. Owner only. */
#pragma once
#include "base/account.h"
#include "proc/proc.h"

/* Whether p's namespace is over one of its marks, as far as is known without adding up. */
static inline bool pressure_is_on(const struct proc *p)
{
	return unlikely(account_bytes(p->account) > atomic_load_relaxed(&p->account->mark));
}

/* Between slices, or after a collection: collects p if that is worth it, and sees to it that somebody ends when it is not enough.
 * False: p itself is to end, OUTCOME_EXIT and raise say so. collects: whether p may be collected here. */
_must_check_ bool pressure_relieve(struct proc *p, bool collects);
/* p was collected for its namespace's sake, and is not worth it again until it has grown. */
void pressure_collected(struct proc *p);
/* It ends as one that is killed, and says nothing; the engine sees it by its outcome. */
void pressure_kill(struct proc *p);
/* p ends as by a kill, and a report with that fault and sentence says why. Returns false. */
bool pressure_end(struct proc *p, const char *fault, const char *detail) __attribute__((nonnull));
