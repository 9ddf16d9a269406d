/* SPDX-License-Identifier: Apache-2.0 */
/* erlang:suspend_process and resume_process. Owner of p. */
#pragma once
#include "proc/proc.h"

/* How often p has suspended pid. */
uint32_t suspend_count(const struct proc *p, term pid);
/* Suspends pid once more; the answer to question (true, or badarg when it is gone) comes when it stands still. 0: no answer. tag: of a message
 * {Tag, suspended | badarg} that comes then; TERM_NONE: none. */
void suspend_other(struct proc *p, term pid, uint64_t question, term tag);
/* Only that message, which may say not_suspended as well. pid: TERM_NONE when p reaches nobody by it. */
void suspend_ask(struct proc *p, term pid, term tag);
/* False when p has not suspended it. */
bool resume_other(struct proc *p, term pid);
/* Whom p has suspended. */
void suspended_each(const struct proc *p, bool (*fn)(term pid, void *arg), void *arg);
/* An operator's: once, however often it is asked for, and beside what processes do. */
void suspend_by_host(struct proc *p, bool suspended);
