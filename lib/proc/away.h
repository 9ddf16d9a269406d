/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are away: a helper thread (base/pool.h) runs the BIF that they are in, since it takes long.
 *
 * Life:  1 a BIF asks for it before it has done anything (OUTCOME_AWAY); the engine saves the call and ends the slice
 *        2 the process keeps STATE_RUNNABLE, so that no worker takes it: the helper owns it as a worker would
 *        3 the helper calls the BIF again, PROC_AWAY being set; what it builds goes to fragments or to the process's own heap
 *        4 the helper gives the process up; the next slice goes on with what the BIF said
 * Nothing is copied, and the scheduler is free meanwhile. Signals wait until the BIF is done, as they do for a slice, but for those that end
 * the process: a BIF that has no effect but its result (BIF_LONG, BIF_WIDE, BIF_LATE) asks now and then (base/unwanted.h) whether one has come, and
 * is given up then. Should the process live on nevertheless, the BIF is called again.
 * Bound: a namespace has as many of them at a time as there are schedulers; more wait for their turn. Without any helper the BIF runs
 * where it was called. */
#pragma once

struct proc;

/* How many of a namespace's processes may be away at a time. Before schedulers run. */
void proc_away_limit(unsigned most);
/* Owner, when a slice has ended with SLICE_AWAY and its memory was left. The process is the helper's from here on. */
void proc_send_away(struct proc *p);
