/* SPDX-License-Identifier: Apache-2.0 */
/* Module erlang: exceptions, the node, what the system is. */
#include "base/utf8.h"
#include "bif/bif.h"
#include "io/port.h"
#include "proc/tracing.h"
#include "bif/host.h"
#include "bif/integer.h"
#include "bif/process_options.h"
#include "data/map.h"
#include "ets/ets.h"
#include "sched/sched.h"
#include "term/bits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---------------------------------------------------------------------------------------------- booleans */

static bool is_boolean(term t)
{
	return t == A(true) || t == A(false);
}

term bif_erlang_and_2(struct proc *p, const term *args)
{
	if (!is_boolean(args[0]) || !is_boolean(args[1]))
		return bif_badarg(p);
	return term_of_bool(args[0] == A(true) && args[1] == A(true));
}

term bif_erlang_or_2(struct proc *p, const term *args)
{
	if (!is_boolean(args[0]) || !is_boolean(args[1]))
		return bif_badarg(p);
	return term_of_bool(args[0] == A(true) || args[1] == A(true));
}

term bif_erlang_xor_2(struct proc *p, const term *args)
{
	if (!is_boolean(args[0]) || !is_boolean(args[1]))
		return bif_badarg(p);
	return term_of_bool(args[0] != args[1]);
}

term bif_erlang_not_1(struct proc *p, const term *args)
{
	if (!is_boolean(args[0]))
		return bif_badarg(p);
	return term_of_bool(args[0] == A(false));
}

/* ---------------------------------------------------------------------------------------------- exceptions */

term bif_erlang_error_1(struct proc *p, const term *args)
{
	term none = bif_raise(p, CLASS_ERROR, args[0]);
	proc_extra(p)->raise.by_program = true;
	return none;
}

term bif_erlang_error_2(struct proc *p, const term *args)
{
	(void)bif_erlang_error_1(p, args); /* TERM_NONE, as below */
	if (term_is_list(args[1]))
		proc_extra(p)->raise.args = args[1];
	return TERM_NONE;
}

/* Unlike error/1,2 it has an entry of its own in the stack. */
term bif_erlang_nif_error_1(struct proc *p, const term *args)
{
	return bif_error(p, args[0]);
}

term bif_erlang_nif_error_2(struct proc *p, const term *args)
{
	return bif_error(p, args[0]);
}

term bif_erlang_error_3(struct proc *p, const term *args)
{
	term info = TERM_NONE;
	term options = args[2];
	for (; term_is_cons(options); options = cons_tail(options)) {
		term option = cons_head(options);
		if (!term_is_tuple_of(option, 2) || tuple_element(option, 0) != A(error_info) ||
			!term_is_map(tuple_element(option, 1)))
			continue; /* nothing is refused here, as with OTP */
		info = tuple_element(option, 1);
	}
	(void)bif_erlang_error_2(p, args); /* TERM_NONE, as below */
	proc_extra(p)->raise.error_info = options == TERM_NIL ? info : TERM_NONE;
	return TERM_NONE;
}

term bif_erlang_throw_1(struct proc *p, const term *args)
{
	term none = bif_raise(p, CLASS_THROW, args[0]);
	proc_extra(p)->raise.by_program = true;
	return none;
}

/* One item of a stack trace as programs may give it. */
static bool is_frame(term item)
{
	if (!term_is_tuple(item))
		return false;
	const term *e = tuple_elements(item);
	switch (tuple_arity(item)) {
	case 2:
		return term_is_fun(e[0]) && (term_is_list(e[1]) || term_is_small(e[1]));
	case 3:
		return (term_is_atom(e[0]) && term_is_atom(e[1])) ||
		       (term_is_fun(e[0]) && term_is_list(e[1]) && term_is_list(e[2]));
	case 4:
		return term_is_atom(e[0]) && term_is_atom(e[1]) && term_is_list(e[3]);
	default:
		return false;
	}
}

/* An item with its location: programs may leave it out. */
static term complete_frame(struct heap *heap, term item)
{
	const term *e = tuple_elements(item);
	if (tuple_arity(item) == 3 && term_is_atom(e[0]))
		return heap_tuple_of(heap, e[0], e[1], e[2], TERM_NIL);
	if (tuple_arity(item) == 2)
		return heap_tuple_of(heap, e[0], e[1], TERM_NIL);
	return item;
}

#define RAISE_FRAMES_MAX 8 /* as the system's backtrace depth */

term bif_erlang_raise_3(struct proc *p, const term *args)
{
	enum exception_class class;
	term frames[RAISE_FRAMES_MAX];
	size_t n = 0;
	if (args[0] == A(error))
		class = CLASS_ERROR;
	else if (args[0] == A(exit))
		class = CLASS_EXIT;
	else if (args[0] == A(throw))
		class = CLASS_THROW;
	else
		return A(badarg); /* a value, as in OTP */
	term trace = args[2];
	for (; term_is_cons(trace); trace = cons_tail(trace)) {
		if (!is_frame(cons_head(trace)))
			return A(badarg); /* a value, as in OTP */
		if (n < RAISE_FRAMES_MAX)
			frames[n++] = complete_frame(bif_heap(p), cons_head(trace));
	}
	if (trace != TERM_NIL)
		return A(badarg); /* a value, as in OTP */
	term list = TERM_NIL;
	while (n-- > 0)
		list = heap_cons(bif_heap(p), frames[n], list);
	(void)bif_raise(p, class, args[1]); /* TERM_NONE, as below */
	proc_extra(p)->raise.trace = list;
	return TERM_NONE;
}

/* ---------------------------------------------------------------------------------------------- the node */

term bif_erlang_node_0(struct proc *p, const term *args)
{
	return A(nonode_nohost);
}

term bif_erlang_node_1(struct proc *p, const term *args)
{
	if (term_is_local_pid(args[0]) || term_is_local_port(args[0]) || term_is_local_ref(args[0]))
		return A(nonode_nohost);
	if (term_is_pid(args[0]) || term_is_port(args[0]) || term_is_ref(args[0]))
		return boxed_ptr(args[0])[1];
	return bif_badarg(p);
}

term bif_erlang_nodes_0(struct proc *p, const term *args)
{
	return TERM_NIL;
}

term bif_erlang_nodes_1(struct proc *p, const term *args)
{
	term list = term_is_atom(args[0]) ? heap_cons(bif_heap(p), args[0], TERM_NIL) : args[0];
	bool this = false;
	for (; term_is_cons(list); list = cons_tail(list)) {
		term kind = cons_head(list);
		if (kind == A(this) || kind == A(known))
			this = true;
		else if (kind != A(visible) && kind != A(hidden) && kind != A(connected))
			return bif_badarg(p);
	}
	if (list != TERM_NIL)
		return bif_badarg(p);
	return this ? heap_cons(bif_heap(p), A(nonode_nohost), TERM_NIL) : TERM_NIL;
}

term bif_erlang_nodes_2(struct proc *p, const term *args)
{
	term list = bif_erlang_nodes_1(p, args);
	if (list == TERM_NONE)
		return TERM_NONE;
	if (!term_is_map(args[1]))
		return bif_badarg(p);
	term type = map_get(args[1], A(node_type)), id = map_get(args[1], A(connection_id));
	if (map_size(args[1]) != (size_t)((type != TERM_NONE) + (id != TERM_NONE)) || (type != TERM_NONE && !is_boolean(type)) ||
		(id != TERM_NONE && !is_boolean(id)))
		return bif_badarg(p);
	if (list == TERM_NIL)
		return TERM_NIL;
	term pairs[4];
	size_t count = 0;
	if (id == A(true)) {
		pairs[2 * count] = A(connection_id);
		pairs[2 * count++ + 1] = A(undefined);
	}
	if (type == A(true)) {
		pairs[2 * count] = A(node_type);
		pairs[2 * count++ + 1] = A(this);
	}
	struct heap *heap = bif_heap(p);
	term info = map_put_many(heap, map_empty(), pairs, count);
	return heap_cons(heap, heap_tuple_of(heap, A(nonode_nohost), info), TERM_NIL);
}

/* ---------------------------------------------------------------------------------------------- probes of dynamic tracing, as built without it */

term bif_erlang_dt_get_tag_0(struct proc *p, const term *args)
{
	return A(undefined);
}

term bif_erlang_dt_get_tag_data_0(struct proc *p, const term *args)
{
	return A(undefined);
}

term bif_erlang_dt_put_tag_1(struct proc *p, const term *args)
{
	return A(undefined);
}

term bif_erlang_dt_true_1(struct proc *p, const term *args)
{
	return A(true);
}

term bif_erlang_dt_same_1(struct proc *p, const term *args)
{
	return args[0];
}

/* ---------------------------------------------------------------------------------------------- the system */

static term string(struct proc *p, const char *text)
{
	size_t n = strlen(text);
	if (n == 0)
		return TERM_NIL;
	term *cells = heap_alloc(bif_heap(p), 2 * n);
	for (size_t i = 0; i < n; i++) {
		cells[2 * i] = term_of_small((unsigned char)text[i]);
		cells[2 * i + 1] = i + 1 < n ? term_of_cons(cells + 2 * i + 2) : TERM_NIL;
	}
	return term_of_cons(cells);
}

/* Modules whose natives OTP's emulators carry in themselves. A native that is not here yet is what its Erlang half says: undef. */
static bool is_linked_in(const uint8_t *name, size_t size)
{
	static const char *const names[] = { "erl_tracer", "prim_buffer", "prim_file", "prim_tty", "zlib", "zstd" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
			return true;
	term module = atom_lookup(name, size);
	return module != TERM_NONE && bif_has_module(module);
}

term bif_erlang_load_nif_2(struct proc *p, const term *args)
{
	if (list_length(args[0]) < 0)
		return bif_badarg(p);
	/* OTP's own modules name themselves, and find what is linked into the emulator. */
	uint8_t name[256];
	size_t size = 0;
	term l = args[0];
	for (; term_is_cons(l) && size < sizeof(name) && term_is_small(cons_head(l)) &&
		small_value(cons_head(l)) > 0 && small_value(cons_head(l)) < 128;
		l = cons_tail(l))
		name[size++] = (uint8_t)small_value(cons_head(l));
	if (term_is_nil(l) && is_linked_in(name, size))
		return A(ok);
	return heap_tuple_of(bif_heap(p), A(error),
		heap_tuple_of(bif_heap(p), A(load_failed), string(p, "native libraries are not supported")));
}

term bif_erlang_display_string_2(struct proc *p, const term *args)
{
	int fd = args[0] == A(stdout) ? STDOUT_FILENO : args[0] == A(stderr) ? STDERR_FILENO : -1;
	if (fd < 0)
		return bif_badarg(p);
	size_t room, size = 0;
	uint8_t *bytes;
	if (term_is_binary(args[1])) {
		struct bits bits = bits_of(args[1]);
		if (bits.offset != 0)
			return bif_badarg(p);
		room = bits.size / 8;
		bytes = mem_alloc(MEM_TEMP, room);
		memcpy(bytes, bits.data, size = room);
	} else {
		int64_t n = list_length(args[1]);
		if (n < 0)
			return bif_badarg(p);
		room = 4 * (size_t)n;
		bytes = mem_alloc(MEM_TEMP, room);
		for (term l = args[1]; term_is_cons(l); l = cons_tail(l)) {
			size_t c;
			int length = bif_get_size(cons_head(l), &c) && c <= 0x10FFFF ? utf8_encode((uint32_t)c, bytes + size) : 0;
			if (length == 0) {
				mem_free(MEM_TEMP, bytes, room);
				return bif_badarg(p);
			}
			size += (size_t)length;
		}
	}
	host_display(p, fd, bytes, size);
	mem_free(MEM_TEMP, bytes, room);
	return A(true);
}

static term size_of(struct proc *p, uint64_t v)
{
	return integer_of_u64(bif_heap(p), v);
}

static term pair(struct proc *p, term a, term b)
{
	return heap_tuple_of(bif_heap(p), a, b);
}

/* #{error_logger => true, include_shared_binaries => false, kill => true, size => 0}: no limit. */
static term max_heap_size(struct proc *p)
{
	term *keys = heap_alloc(bif_heap(p), 5 + 6);
	term *map = keys + 5;
	keys[0] = HEADER(BOXED_TUPLE, 4);
	keys[1] = A(error_logger);
	keys[2] = A(include_shared_binaries);
	keys[3] = A(kill);
	keys[4] = A(size);
	map[0] = HEADER(BOXED_FLATMAP, 5);
	map[1] = term_of_boxed(keys);
	map[2] = A(true);
	map[3] = A(false);
	map[4] = A(true);
	map[5] = TERM_ZERO;
	return term_of_boxed(map);
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
	return heap_cons(heap, pair(p, A(max_heap_size), TERM_ZERO), list);
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
	switch (atom_index(item)) {
	case ATOM_INDEX_allocated_areas:
		return TERM_NIL;
	case ATOM_INDEX_sequential_tracer:
	case ATOM_INDEX_trace_control_word:
		return proc_tracing.setting(p, item, TERM_NONE);
	case ATOM_INDEX_atom_count:
		return size_of(p, atom_count());
	case ATOM_INDEX_atom_limit:
		return size_of(p, atom_limit());
	case ATOM_INDEX_backtrace_depth:
		return term_of_small(RAISE_FRAMES_MAX);
	case ATOM_INDEX_build_type:
		return A(opt);
	case ATOM_INDEX_compat_rel:
		return term_of_small(p->ns->release);
	case ATOM_INDEX_cpu_topology:
	case ATOM_INDEX_modified_timing_level:
		return A(undefined);
	case ATOM_INDEX_creation:
		return TERM_ZERO;
	case ATOM_INDEX_debug_compiled:
	case ATOM_INDEX_kernel_poll:
		return item == A(kernel_poll) ? A(true) : A(false);
	case ATOM_INDEX_dirty_cpu_schedulers:
	case ATOM_INDEX_dirty_cpu_schedulers_online:
	case ATOM_INDEX_dirty_io_schedulers:
		return TERM_ZERO;
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
	case ATOM_INDEX_heap_type:
		return A(private);
	case ATOM_INDEX_logical_processors:
	case ATOM_INDEX_logical_processors_available:
	case ATOM_INDEX_logical_processors_online:
		return term_of_small(sysconf(_SC_NPROCESSORS_ONLN));
	case ATOM_INDEX_machine:
		return string(p, "BEAM");
	case ATOM_INDEX_max_heap_size:
		return pair(p, A(max_heap_size), max_heap_size(p));
	case ATOM_INDEX_min_bin_vheap_size:
		return min_bin_vheap_size(p);
	case ATOM_INDEX_min_heap_size:
		return min_heap_size(p);
	case ATOM_INDEX_multi_scheduling:
		return sched_count() > 1 ? A(enabled) : A(disabled);
	case ATOM_INDEX_nif_version:
		return string(p, "2.17");
	case ATOM_INDEX_os_type:
		return pair(p, A(unix), A(linux));
	case ATOM_INDEX_os_version:
		return os_version(p);
	case ATOM_INDEX_otp_release:
		return string(p, p->ns->otp_release);
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
	case ATOM_INDEX_smp_support:
	case ATOM_INDEX_threads:
		return A(true);
	case ATOM_INDEX_snifs:
		return snifs(p);
	case ATOM_INDEX_start_time:
		return integer_of_i64(bif_heap(p), host_start_nsec());
	case ATOM_INDEX_system_architecture:
		return string(p, "x86_64-pc-linux-gnu");
	case ATOM_INDEX_system_logger:
		return A(logger);
	case ATOM_INDEX_system_version:
		return string(p, "beamr\n");
	case ATOM_INDEX_thread_pool_size:
		return TERM_ZERO;
	case ATOM_INDEX_time_correction:
		return A(true);
	case ATOM_INDEX_time_offset:
		return A(volatile);
	case ATOM_INDEX_time_warp_mode:
		return A(no_time_warp);
	case ATOM_INDEX_tolerant_timeofday:
		return A(enabled);
	case ATOM_INDEX_version:
		return string(p, p->ns->erts_version);
	case ATOM_INDEX_wordsize:
		return term_of_small(8);
	default:
		return bif_badarg(p);
	}
}

term bif_erlang_system_info_1(struct proc *p, const term *args)
{
	if (term_is_atom(args[0]))
		return system_info_atom(p, args[0]);
	if (term_is_tuple_of(args[0], 2) && tuple_element(args[0], 0) == A(wordsize) &&
		(tuple_element(args[0], 1) == A(internal) || tuple_element(args[0], 1) == A(external)))
		return term_of_small(8);
	return bif_badarg(p);
}
