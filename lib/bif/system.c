/* SPDX-License-Identifier: Apache-2.0 */
/* Module erlang: what the system is (system_info/1), and the few settings of it that a program may change (system_flag/2). What is set
 * holds for the namespace alone. */
#include "base/vec.h"
#include "bif/bif.h"
#include "bif/host.h"
#include "bif/integer.h"
#include "binary/binary.h"
#include "bif/process_options.h"
#include "ets/ets.h"
#include "io/port.h"
#include "proc/tracing.h"
#include "sched/sched.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static term size_of(struct proc *p, uint64_t v)
{
	return integer_of_u64(bif_heap(p), v);
}

static term pair(struct proc *p, term a, term b)
{
	return heap_tuple_of(bif_heap(p), a, b);
}

static term fullsweep_after(struct proc *p)
{
	return pair(p, A(fullsweep_after), term_of_small(atomic_load_relaxed(&p->ns->fullsweep_after)));
}

static term min_heap_size(struct proc *p)
{
	return pair(p, A(min_heap_size), term_of_small(atomic_load_relaxed(&p->ns->min_heap_words)));
}

static term min_bin_vheap_size(struct proc *p)
{
	size_t words = (size_t)atomic_load_relaxed(&p->ns->min_bin_kib) * 1024 / sizeof(term);
	return pair(p, A(min_bin_vheap_size), term_of_small((int64_t)heap_size_round(words - 127)));
}

static term garbage_collection(struct proc *p)
{
	struct heap *heap = bif_heap(p);
	term list = TERM_NIL;
	list = heap_cons(heap, fullsweep_after(p), list);
	list = heap_cons(heap, min_heap_size(p), list);
	list = heap_cons(heap, min_bin_vheap_size(p), list);
	return heap_cons(heap, pair(p, A(max_heap_size), size_of(p, max_heap_of(p->ns).words)), list);
}

/* The sizes that heaps have in OTP, as far as it lists them. */
static term heap_sizes(struct proc *p)
{
	term list = TERM_NIL;
	VEC(size_t) sizes = { 0 };
	for (size_t size = heap_size_round(1); size < 1000000000000000; size = heap_size_round(size + 1))
		vec_push(&sizes, size);
	for (size_t i = sizes.count; i > 0; i--)
		list = heap_cons(bif_heap(p), size_of(p, sizes.items[i - 1]), list);
	vec_done(&sizes);
	return list;
}

/* {Major, Minor, Release} of the kernel. */
static term os_version(struct proc *p)
{
	struct utsname names;
	int major = 0;
	int minor = 0;
	int release = 0;
	if (uname(&names) == 0)
		(void)sscanf(names.release, "%d.%d.%d", &major, &minor, &release); /* what is missing stays 0 */
	return heap_tuple_of(bif_heap(p), term_of_small(major), term_of_small(minor), term_of_small(release));
}

/* In the form of OTP's own, with the name of what runs it: "Erlang/OTP 27 [erts-15.2.7] [beamr] [64-bit] [smp:2:2]\n". */
static term system_version(struct proc *p)
{
	char text[128];
	(void)snprintf(text, sizeof(text), "Erlang/OTP %s [erts-%s] [beamr] [64-bit] [smp:%u:%u]\n", p->ns->otp_release,
		p->ns->erts_version, sched_count(), sched_count()); /* both are short: see struct ns */
	return bif_string(p, text);
}

/* What clock_gettime() says of a clock, and its time just now. */
static term time_source(struct proc *p, clockid_t clock, term name)
{
	struct timespec now, step;
	(void)clock_gettime(clock, &now); /* cannot fail for these clocks */
	(void)clock_getres(clock, &step);
	struct heap *heap = bif_heap(p);
	int64_t hertz = step.tv_nsec > 0 ? 1000000000 / step.tv_nsec : 1;
	term time = integer_of_i64(heap, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	term list = heap_cons(heap, pair(p, A(time), time), TERM_NIL);
	list = heap_cons(heap, pair(p, A(parallel), A(yes)), list);
	list = heap_cons(heap, pair(p, A(resolution), term_of_small(hertz)), list);
	list = heap_cons(heap, pair(p, A(clock_id), name), list);
	return heap_cons(heap, pair(p, A(function), A(clock_gettime)), list);
}

/* {unbound, unbound, ...}: one a scheduler. */
static term scheduler_bindings(struct proc *p)
{
	unsigned n = sched_count();
	term *tuple = heap_alloc(bif_heap(p), 1 + (size_t)n);
	tuple[0] = HEADER(BOXED_TUPLE, n);
	for (unsigned i = 1; i <= n; i++)
		tuple[i] = A(unbound);
	return term_of_boxed(tuple);
}

/* [{Module, Function, Arity}]: the functions in C that this release of OTP has; not those of beamr's own kernel. */
static term snifs(struct proc *p)
{
	term list = TERM_NIL;
	for (size_t i = bif_count; i-- > 0;) {
		const struct export *e = bif_table[i].export;
		if (!bif_is_in_release(&bif_table[i], p->ns->release) || e->module == A(beamr_kernel))
			continue;
		term mfa = heap_tuple_of(bif_heap(p), e->module, e->function, term_of_small(e->arity));
		list = heap_cons(bif_heap(p), mfa, list);
	}
	return list;
}

static term system_info_atom(struct proc *p, term item)
{
	static const char dist[] = "=node:'nonode@nohost'\n=no_distribution\n";
	switch (atom_index(item)) {
	case ATOM_INDEX_alloc_util_allocators:
	case ATOM_INDEX_allocated_areas:
	case ATOM_INDEX_dist_ctrl:
	case ATOM_INDEX_multi_scheduling_blockers:
	case ATOM_INDEX_normal_multi_scheduling_blockers:
	case ATOM_INDEX_taints:
		return TERM_NIL; /* none */
	case ATOM_INDEX_allocator:
		return heap_tuple_of(bif_heap(p), A(undefined), TERM_NIL, TERM_NIL, TERM_NIL); /* none of OTP's */
	case ATOM_INDEX_async_dist:
	case ATOM_INDEX_port_parallelism:
		return A(false);
	case ATOM_INDEX_sequential_tracer:
	case ATOM_INDEX_trace_control_word:
		return proc_tracing.setting(p, item, TERM_NONE);
	case ATOM_INDEX_atom_count:
		return size_of(p, atom_count());
	case ATOM_INDEX_atom_limit:
		return size_of(p, atom_limit());
	case ATOM_INDEX_break_ignored:
		return A(false); /* what interrupts is the host's to take */
	case ATOM_INDEX_build_type:
		return A(opt);
	case ATOM_INDEX_c_compiler_used:
		return pair(p, A(gnuc),
			heap_tuple_of(bif_heap(p), term_of_small(__GNUC__), term_of_small(__GNUC_MINOR__),
				term_of_small(__GNUC_PATCHLEVEL__)));
	case ATOM_INDEX_compat_rel:
		return term_of_small(p->ns->release);
	case ATOM_INDEX_context_reductions:
		return term_of_small(4000); /* of a slice */
	case ATOM_INDEX_cpu_topology:
	case ATOM_INDEX_modified_timing_level:
		return A(undefined);
	case ATOM_INDEX_creation:
		return TERM_ZERO;
	case ATOM_INDEX_debug_compiled:
	case ATOM_INDEX_kernel_poll:
		return item == A(kernel_poll) ? A(true) : A(false);
	case ATOM_INDEX_delayed_node_table_gc:
		return A(immediate);
	case ATOM_INDEX_dirty_cpu_schedulers:
	case ATOM_INDEX_dirty_cpu_schedulers_online:
	case ATOM_INDEX_dirty_io_schedulers:
		return TERM_ZERO;
	case ATOM_INDEX_dist:
		return bits_of_bytes(bif_heap(p), dist, sizeof(dist) - 1);
	case ATOM_INDEX_dist_buf_busy_limit:
		return term_of_small(1 << 20);
	case ATOM_INDEX_driver_version:
		return bif_string(p, "3.3");
	case ATOM_INDEX_dynamic_trace:
		return A(none);
	case ATOM_INDEX_dynamic_trace_probes:
		return A(false);
	case ATOM_INDEX_emu_flavor:
		return A(emu);
	case ATOM_INDEX_emu_type:
		return A(opt);
	case ATOM_INDEX_end_time:
		return integer_of_i64(bif_heap(p), INT64_MAX);
	case ATOM_INDEX_endian:
		return A(little);
	case ATOM_INDEX_ets_count:
		return size_of(p, ets_table_count(p->ns));
	case ATOM_INDEX_ets_limit:
		return term_of_small(8192); /* what OTP says; there as here memory alone is the bound */
	case ATOM_INDEX_fullsweep_after:
		return fullsweep_after(p);
	case ATOM_INDEX_garbage_collection:
		return garbage_collection(p);
	case ATOM_INDEX_halt_flush_timeout:
		return A(infinity);
	case ATOM_INDEX_heap_sizes:
		return heap_sizes(p);
	case ATOM_INDEX_heap_type:
		return A(private);
	case ATOM_INDEX_logical_processors:
	case ATOM_INDEX_logical_processors_available:
	case ATOM_INDEX_logical_processors_online:
		return term_of_small(sysconf(_SC_NPROCESSORS_ONLN));
	case ATOM_INDEX_machine:
		return bif_string(p, "BEAM");
	case ATOM_INDEX_max_heap_size: {
		struct max_heap max = max_heap_of(p->ns);
		return max_heap_map(bif_heap(p), &max);
	}
	case ATOM_INDEX_max_integer:
		return integer_max(bif_heap(p));
	case ATOM_INDEX_message_queue_data:
		return A(on_heap);
	case ATOM_INDEX_min_bin_vheap_size:
		return min_bin_vheap_size(p);
	case ATOM_INDEX_min_heap_size:
		return min_heap_size(p);
	case ATOM_INDEX_multi_scheduling:
		return sched_count() > 1 ? A(enabled) : A(disabled);
	case ATOM_INDEX_nif_version:
		return bif_string(p, "2.17");
	case ATOM_INDEX_os_monotonic_time_source:
		return time_source(p, CLOCK_MONOTONIC, A(CLOCK_MONOTONIC));
	case ATOM_INDEX_os_system_time_source:
		return time_source(p, CLOCK_REALTIME, A(CLOCK_REALTIME));
	case ATOM_INDEX_os_type:
		return pair(p, A(unix), A(linux));
	case ATOM_INDEX_os_version:
		return os_version(p);
	case ATOM_INDEX_otp_release:
		return bif_string(p, p->ns->otp_release);
	case ATOM_INDEX_outstanding_system_requests_limit:
		return term_of_small(atomic_load_relaxed(&p->ns->system_requests_max));
	case ATOM_INDEX_port_count:
		return size_of(p, port_count(p->ns));
	case ATOM_INDEX_port_limit:
		return size_of(p, PORTS_MAX);
	case ATOM_INDEX_process_count:
		return size_of(p, (uint64_t)ns_process_count(p->ns));
	case ATOM_INDEX_process_limit:
		return size_of(p, proc_limit());
	case ATOM_INDEX_schedulers:
	case ATOM_INDEX_schedulers_online:
		return term_of_small(sched_count());
	case ATOM_INDEX_scheduler_id:
		return term_of_small(p->worker->index + 1);
	case ATOM_INDEX_scheduler_bind_type:
		return A(unbound);
	case ATOM_INDEX_scheduler_bindings:
		return scheduler_bindings(p);
	case ATOM_INDEX_schedulers_state: {
		term n = term_of_small(sched_count());
		return heap_tuple_of(bif_heap(p), n, n, n);
	}
	case ATOM_INDEX_smp_support:
	case ATOM_INDEX_threads:
		return A(true);
	case ATOM_INDEX_snifs:
		return snifs(p);
	case ATOM_INDEX_start_time:
		return integer_of_i64(bif_heap(p), host_start_nsec());
	case ATOM_INDEX_system_architecture:
		return bif_string(p, "x86_64-pc-linux-gnu");
	case ATOM_INDEX_system_logger: {
		term logger = atomic_load_acquire(&p->ns->system_logger);
		return logger == 0 ? A(logger) : logger;
	}
	case ATOM_INDEX_system_version:
		return system_version(p);
	case ATOM_INDEX_thread_pool_size:
		return TERM_ZERO;
	case ATOM_INDEX_time_correction:
		return A(true);
	case ATOM_INDEX_time_offset:
		return A(volatile);
	case ATOM_INDEX_time_warp_mode:
		return A(multi_time_warp); /* system time follows the clock, monotonic time does not */
	case ATOM_INDEX_tolerant_timeofday:
		return A(disabled);
	case ATOM_INDEX_update_cpu_info:
		return A(unchanged);
	case ATOM_INDEX_version:
		return bif_string(p, p->ns->erts_version);
	case ATOM_INDEX_wordsize:
		return term_of_small(8);
	default:
		return bif_badarg(p);
	}
}

/* OTP's, of which none is here: it says `false` of one that is switched off. */
static bool is_allocator(term t)
{
	static const uint32_t allocators[] = { ATOM_INDEX_binary_alloc, ATOM_INDEX_driver_alloc, ATOM_INDEX_eheap_alloc,
		ATOM_INDEX_ets_alloc, ATOM_INDEX_fix_alloc, ATOM_INDEX_literal_alloc, ATOM_INDEX_ll_alloc, ATOM_INDEX_mseg_alloc,
		ATOM_INDEX_sl_alloc, ATOM_INDEX_std_alloc, ATOM_INDEX_sys_alloc, ATOM_INDEX_temp_alloc, ATOM_INDEX_test_alloc };
	for (size_t i = 0; i < ARRAY_SIZE(allocators); i++)
		if (t == term_of_atom_index(allocators[i]))
			return true;
	return false;
}

term bif_erlang_system_info_1(struct proc *p, const term *args)
{
	if (term_is_atom(args[0]))
		return system_info_atom(p, args[0]);
	if (!term_is_tuple_of(args[0], 2))
		return bif_badarg(p);
	term item = tuple_element(args[0], 0), of = tuple_element(args[0], 1);
	if (item == A(wordsize) && (of == A(internal) || of == A(external)))
		return term_of_small(8);
	if (item == A(cpu_topology) && (of == A(defined) || of == A(detected) || of == A(used)))
		return A(undefined);
	if ((item == A(allocator) || item == A(allocator_sizes)) && is_allocator(of))
		return A(false);
	return bif_badarg(p);
}

/* ------------------------------------------------------------------------------------------------ system_flag */

term bif_erlang_system_flag_2(struct proc *p, const term *args)
{
	size_t n;
	switch (term_is_atom(args[0]) ? atom_index(args[0]) : 0) {
	case ATOM_INDEX_backtrace_depth: {
		if (!bif_get_size(args[1], &n))
			return bif_badarg(p);
		unsigned depth = n > 1000 ? 1000 : (unsigned)n;
		return term_of_small(atomic_exchange_explicit(&p->ns->backtrace_depth, depth, memory_order_relaxed));
	}
	case ATOM_INDEX_fullsweep_after: {
		if (!bif_get_size(args[1], &n))
			return bif_badarg(p);
		uint16_t now = n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
		return term_of_small(atomic_exchange_explicit(&p->ns->fullsweep_after, now, memory_order_relaxed));
	}
	case ATOM_INDEX_max_heap_size: {
		struct max_heap max = max_heap_of(p->ns), old = max;
		if (!max_heap_parse(args[1], &max) || (max.words != 0 && max.words < atomic_load_relaxed(&p->ns->min_heap_words)))
			return bif_badarg(p);
		uint64_t how = (max.kill ? NS_MAX_HEAP_KILL : 0) | (max.log ? NS_MAX_HEAP_LOG : 0) |
			       (max.shared_binaries ? NS_MAX_HEAP_SHARED : 0);
		atomic_store_relaxed(&p->ns->max_heap, (uint64_t)max.words << 3 | how);
		return max_heap_map(bif_heap(p), &old);
	}
	case ATOM_INDEX_min_bin_vheap_size: {
		if (!bif_get_size(args[1], &n) || n > UINT32_MAX)
			return bif_badarg(p);
		uint32_t now = (uint32_t)((heap_size_round(n) * sizeof(term) + 1023) / 1024);
		uint32_t was = atomic_exchange_explicit(&p->ns->min_bin_kib, now, memory_order_relaxed);
		return term_of_small((int64_t)heap_size_round((size_t)was * 1024 / sizeof(term) - 127));
	}
	case ATOM_INDEX_min_heap_size: {
		if (!bif_get_size(args[1], &n) || n > UINT32_MAX / 2)
			return bif_badarg(p);
		return term_of_small(atomic_exchange_explicit(&p->ns->min_heap_words, (uint32_t)heap_size_round(n),
			memory_order_relaxed));
	}
	case ATOM_INDEX_multi_scheduling:
		if (args[1] != A(block) && args[1] != A(unblock) && args[1] != A(block_normal) && args[1] != A(unblock_normal))
			return bif_badarg(p);
		/* Schedulers are not one namespace's to block: it stays as it was, and that is said. */
		return sched_count() > 1 ? A(enabled) : A(disabled);
	case ATOM_INDEX_outstanding_system_requests_limit: {
		if (!bif_get_size(args[1], &n) || n == 0 || n > 1 << 27)
			return bif_badarg(p);
		uint32_t now = (uint32_t)n;
		return term_of_small(atomic_exchange_explicit(&p->ns->system_requests_max, now, memory_order_relaxed));
	}
	case ATOM_INDEX_scheduler_wall_time: {
		const struct export *e = export_get(A(erts_internal), A(system_flag_scheduler_wall_time), 1);
		return e == NULL ? bif_system_limit(p) : bif_trap(p, e, 1, args + 1);
	}
	case ATOM_INDEX_schedulers_online:
		/* All that there are, always. */
		return term_is_small(args[1]) && small_value(args[1]) >= 1 && small_value(args[1]) <= (int64_t)sched_count() ?
			       term_of_small(sched_count()) :
			       bif_badarg(p);
	case ATOM_INDEX_system_logger: {
		if (!term_is_local_pid(args[1]) && args[1] != A(undefined) && args[1] != A(logger))
			return bif_badarg(p);
		term was = atomic_swap_acq_rel(&p->ns->system_logger, args[1]);
		return was == 0 ? A(logger) : was;
	}
	case ATOM_INDEX_reset_seq_trace:
	case ATOM_INDEX_sequential_tracer:
	case ATOM_INDEX_trace_control_word: {
		term was = proc_tracing.setting(p, args[0], args[1]);
		return was == TERM_NONE ? bif_badarg(p) : was;
	}
	case ATOM_INDEX_time_offset:
		return args[1] == A(finalize) ? A(final) : bif_badarg(p);
	default:
		return bif_badarg_cause(p, A(badopt));
	}
}
