/* SPDX-License-Identifier: Apache-2.0 */
/* The engine for tests. State is x0 = number of the step, x1 = its state; both are saved between slices. */
#include "engine.h"

#include "proc/registry.h"

#include <check.h>

#include <string.h>

static struct mutex step_lock = { PTHREAD_MUTEX_INITIALIZER, LOCK_LEAF };
static _Atomic(step_fn) steps[STEPS_MAX];
static unsigned step_count; /* guarded by step_lock */
static struct ns ns;
static const uint64_t code[8];

term step_number(step_fn step)
{
	mutex_lock(&step_lock);
	unsigned i = 0;
	while (i < step_count && steps[i] != step)
		i++;
	assert(i < STEPS_MAX);
	if (i == step_count)
		steps[step_count++] = step;
	mutex_unlock(&step_lock);
	return term_of_small(i);
}

term spawn_step(struct ns *in, struct proc *parent, step_fn step, term state, const struct spawn_options *options,
	term *ret_monitor)
{
	struct spawn_options none;
	term cell[2] = { state, TERM_NIL };
	spawn_options_init(&none);
	return proc_spawn(in, parent, TERM_NONE, step_number(step), term_of_cons(cell), options ? options : &none,
		ret_monitor);
}

enum slice_end step_slice(struct worker *worker, struct proc *p)
{
	term state = p->saved_x[1];
	if (term_is_cons(state) && term_is_nil(cons_tail(state)) && p->saved_count == 2) {
		state = cons_head(state);
		p->saved_x[1] = state;
	}
	enum slice_end end = atomic_load(&steps[small_value(p->saved_x[0])])(p, &p->saved_x[1]);
	p->reductions -= 20;
	return end;
}

enum slice_end step_exit(struct proc *p, term reason)
{
	proc_extra(p)->raise = (struct raise){
		.class = CLASS_EXIT, .reason = reason, .trace = TERM_NIL, .args = TERM_NONE, .cause = TERM_NONE
	};
	return SLICE_EXIT;
}

const uint64_t *exec_entry_apply(void)
{
	return code;
}

const uint64_t *exec_entry_apply_fun(void)
{
	return code;
}

const uint64_t *exec_normal_exit(void)
{
	return code;
}

term exec_exit_reason(struct proc *p)
{
	return p->extra->raise.reason;
}

term exec_build_stacktrace(struct heap *heap, term raw)
{
	return TERM_NIL;
}

struct ns *test_ns(void)
{
	return &ns;
}

void machine_start(unsigned schedulers)
{
	static bool atoms;
	if (!atoms)
		atom_init(1 << 20);
	atoms = true;
	memset(&ns, 0, sizeof(ns));
	ns.account = account_new();
	atomic_store(&ns.processes, 1);
	ns.registry = registry_new();
	sched_open();
	proc_table_init(0);
	if (schedulers > 0)
		ck_assert_int_eq(sched_start(schedulers, step_slice), 0);
}

void machine_stop(void)
{
	sched_stop();
	sched_close();
	proc_table_done();
	ns.registry = registry_free(ns.registry);
	account_unref(ns.account); /* always NULL */
	ck_assert_uint_eq(account_count(), 0); /* what was charged has come back */
	ck_assert_int_eq(atomic_load(&ns.processes), 1);
	for (int class = 0; class < MEM_CLASSES; class ++)
		if (class == MEM_MESSAGE || class == MEM_PROC || class == MEM_HEAP || class == MEM_TIMER || class == MEM_SCHED)
			ck_assert_msg(mem_used((enum mem_class)class) == 0, "%s: %ld bytes left",
				mem_class_name((enum mem_class)class), (long)mem_used((enum mem_class)class));
}

void exec_run_away(struct proc *p)
{
	ck_abort_msg("no process of these tests goes away");
}

size_t exec_frames(const struct proc *p, const uint64_t **addresses, size_t max)
{
	return 0;
}
