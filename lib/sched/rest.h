/* SPDX-License-Identifier: Apache-2.0 */
/* Large processes that have done their work give back the room they did it in (heap/gen.h, heap_rest): a worker keeps in mind which
 * of them it ran, and asks them to when it has slept for a while. What stays behind of a node that has booted is so a quarter of
 * what it took to boot it.
 * Bound: as many as a worker's list holds; others keep their room until they are run again. On the worker's thread. */
#pragma once
#include "proc/worker.h"

/* It has left the worker, and may rest. */
void rest_later(struct worker *w, struct proc *p);
/* Asks all of them; the list is empty then. */
void rest_all(struct worker *w);
