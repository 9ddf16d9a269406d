/* SPDX-License-Identifier: Apache-2.0 */
/* Who is to rest. Invariant: a living process on a worker's list is `tired`, so it stands there once, and on no other list. */
#include "sched/rest.h"

#include "base/cleanup.h"
#include "heap/gen.h"
#include "proc/proc.h"

void rest_later(struct worker *w, struct proc *p)
{
	if (p->mem.tired || w->tired_count == ARRAY_SIZE(w->tired))
		return;
	p->mem.tired = true;
	w->tired[w->tired_count++] = p->pid;
}

/* Its owner, who leaves it next. */
static void rest(struct proc *p, void *arg)
{
	(void)arg;
	if (p == NULL)
		return; /* it has ended */
	p->mem.tired = false;
	heap_rest(&p->mem);
}

void rest_all(struct worker *w)
{
	while (w->tired_count > 0)
		proc_request(w->tired[--w->tired_count], rest, NULL);
}
