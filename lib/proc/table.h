/* SPDX-License-Identifier: Apache-2.0 */
/* The process table: slots of pids. See table.c. */
#pragma once
#include "proc/proc.h"

/* Takes a slot and counts the process; TERM_NONE when the limit is reached. Threads: any. */
term table_take(void);
/* Makes p visible under p->pid. */
void table_publish(struct proc *p);
/* Takes p out; its slot is free for another tenant, its memory is freed when nobody can be looking any more. */
void table_remove_proc(struct proc *p);
/* A slot that was taken and is not used after all. */
void table_give_back(term pid);
/* Tenths of a second since the table was made. */
uint32_t table_age(void);
int64_t table_time_usec(uint32_t age);
void table_count_crash(void);
/* Frees a process that nothing runs any more, telling nobody (the machine ends). */
void proc_discard(struct proc *p);
