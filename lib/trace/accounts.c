/* SPDX-License-Identifier: Apache-2.0 */
/* call_time and call_memory: whose function it is that time passes in, and words are taken in.
 *
 * A process has, for each session, the account whose time passes now. A call of a function with an account closes the one before
 * and puts a frame on the stack that takes it up again. Words are counted from what is in use, looked at before and after each
 * collection and slice. */
#include "base/clock.h"
#include "trace/call.h"

#include "term/atom.h"

/* Words of values; the stack is not what functions take. */
static int64_t in_use(const struct proc *p)
{
	const struct gen_heap *g = &p->mem;
	return (g->heap.top - g->start) + (g->old_top - g->old_start) +
	       (int64_t)g->heap.fragment_words;
}

static int64_t allocated(struct proc *p)
{
	struct proc_trace *t = p->extra->trace;
	int64_t used = in_use(p);
	t->allocated_words += used - t->seen_words;
	t->seen_words = used;
	return t->allocated_words;
}

static void close_time(struct proc *p, struct trace_ref *ref, int64_t now)
{
	if (ref->time != NULL && !atomic_load_relaxed(&ref->time->paused))
		trace_account_add(ref->time, p->pid, 0, now - ref->time_since);
	ref->time_since = now;
}

static void close_memory(struct proc *p, struct trace_ref *ref, int64_t now)
{
	if (ref->memory != NULL && !atomic_load_relaxed(&ref->memory->paused))
		trace_account_add(ref->memory, p->pid, 0, now - ref->memory_since);
	ref->memory_since = now;
}

static struct trace_account *taken(struct trace_account *a)
{
	atomic_add_relaxed(&a->refs, 1);
	return a;
}

static uint64_t id_of(const struct trace_account *a)
{
	return a == NULL ? 0 : a->id;
}

/* Whether the call returns into a frame of tracing anyhow: then it is the end of a chain that is timed as one. */
static bool framed(const struct proc *p)
{
	return p->mem.heap.limit[0] == (term)(uintptr_t)exec_trace_return();
}

void accounts_entered(struct proc *p, struct trace_ref *ref, const struct probe *probe,
	struct exec_entered *entered)
{
	struct trace_account *time =
		probe->time != NULL && !atomic_load_relaxed(&probe->time->paused) ? probe->time
										  : NULL;
	struct trace_account *memory =
		probe->memory != NULL && !atomic_load_relaxed(&probe->memory->paused)
			? probe->memory
			: NULL;
	if (time == NULL && memory == NULL)
		return;
	struct proc_trace *trace = p->extra->trace;
	if (!trace->accounts) {
		trace->accounts = true;
		trace->seen_words = in_use(p);
	}
	uint64_t before_time = id_of(ref->time), before_memory = id_of(ref->memory);
	if (time != NULL) {
		close_time(p, ref, clock_monotonic_nsec());
		trace_account_add(time, p->pid, 1, 0);
		(void)trace_account_unref(ref->time); /* always NULL */
		ref->time = taken(time);
	}
	if (memory != NULL) {
		close_memory(p, ref, allocated(p));
		trace_account_add(memory, p->pid, 1, 0);
		(void)trace_account_unref(ref->memory); /* always NULL */
		ref->memory = taken(memory);
	}
	if (framed(p) || entered->frames.count > 0)
		return;
	struct exec_trace_frame frame = {
		.values = {
			/* No names: the accounts that go on afterwards. */
			[FRAME_MODULE] = term_of_small((int64_t)before_time),
			[FRAME_FUNCTION] = term_of_small((int64_t)before_memory),
			[FRAME_ARITY] = term_of_small((time != NULL ? 1 : 0) | (memory != NULL ? 2 : 0)),
			[FRAME_SESSION] = term_of_small((int64_t)ref->session->id),
			[FRAME_KIND] = term_of_small(FRAME_ACCOUNTS),
			[FRAME_OTHER] = TERM_NIL,
		},
	};
	vec_push(&entered->frames, frame);
}

void accounts_left(struct proc *p, const term *frame)
{
	const term *values = frame + 1;
	struct trace_ref *ref = tracee_ref_by_id(p, (uint64_t)small_value(values[FRAME_SESSION]));
	if (ref == NULL)
		return;
	int64_t which = small_value(values[FRAME_ARITY]);
	if (which & 1) {
		close_time(p, ref, clock_monotonic_nsec());
		(void)trace_account_unref(ref->time); /* always NULL */
		ref->time = trace_account_of((uint64_t)small_value(values[FRAME_MODULE]));
	}
	if (which & 2) {
		close_memory(p, ref, allocated(p));
		(void)trace_account_unref(ref->memory); /* always NULL */
		ref->memory = trace_account_of((uint64_t)small_value(values[FRAME_FUNCTION]));
	}
}

void accounts_schedule(struct proc *p, enum proc_schedule what)
{
	struct proc_trace *trace = p->extra->trace;
	int64_t now = clock_monotonic_nsec();
	if (what == SCHEDULE_IN)
		trace->seen_words = in_use(p); /* parked, it was packed */
	else
		(void)allocated(p); /* only so that it is seen */
	for (struct trace_ref *r = trace->refs; r != NULL; r = r->next) {
		if (what == SCHEDULE_IN)
			r->time_since = now;
		else
			close_time(p, r, now);
	}
}

void accounts_collection(struct proc *p, bool ended)
{
	if (!ended)
		(void)allocated(p); /* as above */
	else
		p->extra->trace->seen_words = in_use(p);
}
