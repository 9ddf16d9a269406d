/* SPDX-License-Identifier: Apache-2.0 */
/* Long collections, done in parts between which the scheduler runs others (heap/gradual.h). Collections as the engine and others ask for
 * them are proc_collect() and its like (proc/proc.h). All of it is for the process's owner. */
#pragma once
#include "proc/proc.h"

struct worker;

/* Whether it is to be collected before it is parked, since that does not look at max_heap_size. */
bool collect_for_max_heap(const struct proc *p);

/* A long collection is to come before the process is run again: for `need` words, of all generations if major. It has saved its x
 * registers, and the slice is to end. */
void collect_later(struct proc *p, size_t need, bool major);
/* The float registers, which an instruction that is run again finds as they were. */
void collect_keep_floats(struct proc *p, const struct worker *w);
void collect_restore_floats(struct proc *p, struct worker *w);
/* What was asked for begins: the process is entered, and nobody looks at it until the collection is done. */
void collect_in_parts(struct proc *p);
/* The next part. True: it is done, or a limit has been passed (OUTCOME_EXIT). */
bool collect_go_on(struct proc *p, int64_t for_nsec);
/* The process ends. */
void collect_forget(struct proc *p);
