/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers about the machine. */
#include "base/vec.h"
#include "bif/bif.h"
#include "proc/tracing.h"
#include "bif/process_options.h"
#include "data/big.h"
#include "exec/exec.h"
#include "sched/sched.h"

#include <sys/resource.h>

static term put_u64(struct proc *p, uint64_t v)
{
	return integer_of_u64(bif_heap(p), v);
}

/* {Total, SinceLast}; last is what the previous call saw. */
static term since_last(struct proc *p, uint64_t total, _Atomic uint64_t *last)
{
	uint64_t before = atomic_exchange_explicit(last, total, memory_order_relaxed);
	return heap_tuple_of(bif_heap(p), put_u64(p, total), put_u64(p, total >= before ? total - before : 0));
}

static uint64_t cpu_msec(void)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage); /* cannot fail for oneself */
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

struct totals {
	uint64_t reductions, switches, waiting, running;
};

static struct totals totals(void)
{
	struct totals t = { 0 };
	for (unsigned i = 0; i < sched_count(); i++) {
		struct sched_numbers n;
		sched_describe(i, &n);
		t.reductions += n.reductions;
		t.switches += n.switches;
		t.waiting += n.run_queue;
		t.running += n.busy;
	}
	return t;
}

static term per_scheduler(struct proc *p, bool tasks)
{
	term list = TERM_NIL;
	for (unsigned i = sched_count(); i > 0; i--) {
		struct sched_numbers n;
		sched_describe(i - 1, &n);
		list = heap_cons(bif_heap(p), put_u64(p, n.run_queue + (tasks && n.busy)), list);
	}
	return list;
}

static term wall_times(struct proc *p)
{
	if (!atomic_load_relaxed(&p->ns->wall_times))
		return A(undefined);
	term list = TERM_NIL;
	for (unsigned i = sched_count(); i > 0; i--) {
		struct sched_numbers n;
		sched_describe(i - 1, &n);
		list = heap_cons(bif_heap(p),
			heap_tuple_of(bif_heap(p), term_of_small(i), put_u64(p, n.busy_usec * 1000),
				put_u64(p, n.total_usec * 1000)),
			list);
	}
	return list;
}

static term garbage_collections(struct proc *p)
{
	uint64_t count, words;
	proc_collections(&count, &words);
	return heap_tuple_of(bif_heap(p), put_u64(p, count), put_u64(p, words), TERM_ZERO);
}

/* No ports, so nothing has gone through any. */
static term port_io(struct proc *p)
{
	struct heap *heap = bif_heap(p);
	return heap_tuple_of(heap, heap_tuple_of(heap, A(input), TERM_ZERO), heap_tuple_of(heap, A(output), TERM_ZERO));
}

term bif_erlang_statistics_1(struct proc *p, const term *args)
{
	static _Atomic uint64_t last_runtime, last_wall, last_reductions, last_exact;
	struct totals t = totals();
	switch (term_is_atom(args[0]) ? atom_index(args[0]) : 0) {
	case ATOM_INDEX_active_tasks:
	case ATOM_INDEX_active_tasks_all:
		return per_scheduler(p, true);
	case ATOM_INDEX_context_switches:
		return heap_tuple_of(bif_heap(p), put_u64(p, t.switches), TERM_ZERO);
	case ATOM_INDEX_exact_reductions:
		return since_last(p, t.reductions + (uint64_t)(4000 - p->reductions), &last_exact);
	case ATOM_INDEX_garbage_collection:
		return garbage_collections(p);
	case ATOM_INDEX_io:
		return port_io(p);
	case ATOM_INDEX_reductions:
		return since_last(p, t.reductions, &last_reductions);
	case ATOM_INDEX_run_queue:
	case ATOM_INDEX_total_run_queue_lengths:
	case ATOM_INDEX_total_run_queue_lengths_all:
		return put_u64(p, t.waiting);
	case ATOM_INDEX_run_queue_lengths:
	case ATOM_INDEX_run_queue_lengths_all:
		return per_scheduler(p, false);
	case ATOM_INDEX_runtime:
		return since_last(p, cpu_msec(), &last_runtime);
	case ATOM_INDEX_scheduler_wall_time:
	case ATOM_INDEX_scheduler_wall_time_all:
		return wall_times(p);
	case ATOM_INDEX_total_active_tasks:
	case ATOM_INDEX_total_active_tasks_all:
		return put_u64(p, t.waiting + t.running);
	case ATOM_INDEX_wall_clock:
		return since_last(p, proc_table_age_usec() / 1000, &last_wall);
	default:
		return bif_badarg(p);
	}
}

term bif_erts_internal_scheduler_wall_time_1(struct proc *p, const term *args)
{
	if (args[0] != A(true) && args[0] != A(false))
		return bif_badarg(p);
	/* Time is measured always; who of the namespace wants to see it is counted by kernel_refc. */
	return term_of_bool(atomic_exchange_explicit(
		&p->ns->wall_times, args[0] == A(true), memory_order_relaxed));
}

/* Whom erts_internal has to hear from when it asks every thread that helps: nobody but the asked one. */
term bif_erts_internal_no_aux_work_threads_0(struct proc *p, const term *args)
{
	return term_of_small(sched_count());
}

/* ------------------------------------------------------------------------------------------------ memory */

static uint64_t memory_of(term type)
{
	uint64_t processes = (uint64_t)(mem_used(MEM_HEAP) + mem_used(MEM_PROC) + mem_used(MEM_MESSAGE) + mem_used(MEM_TIMER));
	uint64_t total = (uint64_t)mem_used_total();
	switch (term_is_atom(type) ? atom_index(type) : 0) {
	case ATOM_INDEX_total:
		return total;
	case ATOM_INDEX_processes:
	case ATOM_INDEX_processes_used:
		return processes;
	case ATOM_INDEX_system:
		return total > processes ? total - processes : 0;
	case ATOM_INDEX_atom:
	case ATOM_INDEX_atom_used:
		return (uint64_t)mem_used(MEM_ATOM);
	case ATOM_INDEX_binary:
		return (uint64_t)mem_used(MEM_BINARY);
	case ATOM_INDEX_code:
		return (uint64_t)mem_used(MEM_CODE);
	case ATOM_INDEX_ets:
		return (uint64_t)mem_used(MEM_ETS);
	default:
		return UINT64_MAX;
	}
}

static term memory_pair(struct proc *p, term type)
{
	return heap_tuple_of(bif_heap(p), type, put_u64(p, memory_of(type)));
}

term bif_erlang_memory_0(struct proc *p, const term *args)
{
	static const uint32_t types[] = { ATOM_INDEX_total, ATOM_INDEX_processes, ATOM_INDEX_processes_used, ATOM_INDEX_system,
		ATOM_INDEX_atom, ATOM_INDEX_atom_used, ATOM_INDEX_binary, ATOM_INDEX_code, ATOM_INDEX_ets };
	term list = TERM_NIL;
	for (size_t i = ARRAY_SIZE(types); i > 0; i--)
		list = heap_cons(bif_heap(p), memory_pair(p, term_of_atom_index(types[i - 1])), list);
	return list;
}

term bif_erlang_memory_1(struct proc *p, const term *args)
{
	if (!term_is_list(args[0])) {
		uint64_t bytes = memory_of(args[0]);
		return bytes == UINT64_MAX ? bif_badarg(p) : put_u64(p, bytes);
	}
	VEC(term) types = { 0 };
	term list = args[0], out = TERM_NIL;
	bool good = true;
	for (; term_is_cons(list); list = cons_tail(list)) {
		vec_push(&types, cons_head(list));
		good = good && memory_of(cons_head(list)) != UINT64_MAX;
	}
	for (size_t i = types.count; good && i > 0; i--)
		out = heap_cons(bif_heap(p), memory_pair(p, types.items[i - 1]), out);
	vec_done(&types);
	return good && list == TERM_NIL ? out : bif_badarg(p);
}
