/* SPDX-License-Identifier: Apache-2.0 */
/* Module erlang: exceptions, the node, what is linked into the emulator. */
#include "base/utf8.h"
#include "bif/bif.h"
#include "bif/host.h"
#include "bif/integer.h"
#include "bif/process_options.h"
#include "data/map.h"
#include "term/bits.h"

#include <stdlib.h>
#include <string.h>
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

#define RAISE_FRAMES_MAX 256 /* and no more than the backtrace depth of the namespace */

term bif_erlang_raise_3(struct proc *p, const term *args)
{
	enum exception_class class;
	term frames[RAISE_FRAMES_MAX];
	size_t n = 0, depth = atomic_load_relaxed(&p->ns->backtrace_depth);
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
		if (n < RAISE_FRAMES_MAX && (n < depth || n == 0)) /* as where an exception is raised */
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

/* ---------------------------------------------------------------------------------------------- what is linked in */

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
		heap_tuple_of(bif_heap(p), A(load_failed), bif_string(p, "native libraries are not supported")));
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
