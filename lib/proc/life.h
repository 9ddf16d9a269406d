/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of this room tell each other about a process's end. Owner only. */
#pragma once
#include "proc/proc.h"

/* obituary.c: reports the end if it is worth it, counts it, and gives it a crash id. What is returned goes with the exit
 * signals: the first death of the chain. */
struct beamr_crash_id obituary(struct proc *p, term reason);
/* Tells of a process that is about to be published. Only when report_is_wanted(BEAMR_REPORT_SPAWN). */
void obituary_birth(struct proc *p);
/* max_heap_size was passed. */
void obituary_max_heap(struct proc *p, size_t words);
/* A limit of its namespace was met, and p ends of it. */
void obituary_quota(struct proc *p, const char *fault, const char *detail);
/* suspend.c: resumes whom p has suspended. */
void suspend_end(struct proc *p);
/* proc.c: calls the host's watches. */
void watches_end(struct proc *p);
/* proc.c: all memory but the struct. */
void proc_memory_done(struct proc *p);
/* For requests: collects between slices. */
void proc_collect_parked(struct proc *p, bool major);
/* For requests: whether an address of the old version of the module is on its stack. */
bool proc_uses_old_code(struct proc *p, term module);
/* errorlog.c: what a namespace's own logger hears. */
void errorlog_fault(struct proc *p, term reason);
void errorlog_max_heap(struct proc *p, size_t words);
