/* SPDX-License-Identifier: Apache-2.0 */
/* What is told about a process that ends. */
#include "proc/life.h"

#include "proc/table.h"
#include "term/atom.h"

static struct {
	void (*fn)(void *user, const struct beamr_report *report);
	void *user;
} sink; /* fixed once schedulers run */

void proc_set_report(void (*fn)(void *user, const struct beamr_report *report), void *user)
{
	sink.fn = fn;
	sink.user = user;
}

static bool is_ordinary(term reason)
{
	return reason == A(normal) || reason == A(shutdown) ||
	       (term_is_tuple_of(reason, 2) && tuple_element(reason, 0) == A(shutdown));
}

struct beamr_crash_id obituary(struct proc *p, term reason)
{
	struct proc_extra *extra = p->extra;
	if (is_ordinary(reason) && extra->raise.class == CLASS_EXIT)
		return extra->cause;
	extra->crash_id = crash_id_new();
	atomic_add_relaxed(&p->ns->crashes, 1);
	table_count_crash();
	return crash_id_is_none(extra->cause) ? extra->crash_id : extra->cause;
}

void obituary_max_heap(struct proc *p, size_t words)
{
}
