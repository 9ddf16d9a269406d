/* SPDX-License-Identifier: Apache-2.0 */
/* Spawning, and the options of it. */
#include "bif/bif.h"
#include "bif/process_options.h"
#include "data/map.h"
#include "proc/mailbox.h"
#include "proc/relation.h"
#include "sched/sched.h"
#include "term/fun.h"
#include "term/map.h"

/* ------------------------------------------------------------------------------------------------ options */

bool priority_parse(term t, enum proc_priority *ret)
{
	if (t == A(low))
		*ret = PRIORITY_LOW;
	else if (t == A(normal))
		*ret = PRIORITY_NORMAL;
	else if (t == A(high))
		*ret = PRIORITY_HIGH;
	else if (t == A(max))
		*ret = PRIORITY_MAX;
	else
		return false;
	return true;
}

term priority_atom(enum proc_priority priority)
{
	switch (priority) {
	case PRIORITY_LOW:
		return A(low);
	case PRIORITY_NORMAL:
		return A(normal);
	case PRIORITY_HIGH:
		return A(high);
	case PRIORITY_MAX:
		return A(max);
	}
	return A(normal);
}

/* Source: OTP's heap sizes grow like Fibonacci's numbers, and by a fifth above a million words. */
size_t heap_size_round(size_t words)
{
	size_t a = 12, b = 38;
	if (words <= a)
		return a;
	while (b < words && b < 833026) {
		size_t next = a + b + 1;
		a = b;
		b = next;
	}
	while (b < words && b < SIZE_MAX / 2)
		b += b / 5;
	return b;
}

static bool get_bool(term t, bool *ret)
{
	if (t != A(true) && t != A(false))
		return false;
	*ret = t == A(true);
	return true;
}

struct max_heap max_heap_of(const struct ns *ns)
{
	struct ns *n = (struct ns *)(uintptr_t)ns; /* atomic_load takes no const object in C17 */
	const uint64_t all = atomic_load_relaxed(&n->max_heap);
	return (struct max_heap){ all >> 3, (all & NS_MAX_HEAP_KILL) != 0, (all & NS_MAX_HEAP_LOG) != 0,
		(all & NS_MAX_HEAP_SHARED) != 0 };
}

bool max_heap_parse(term t, struct max_heap *io)
{
	if (term_is_small(t))
		return bif_get_size(t, &io->words);
	if (!term_is_map(t))
		return false;
	struct max_heap out = *io;
	term size = map_get(t, A(size)), kill = map_get(t, A(kill)), log = map_get(t, A(error_logger)),
	     shared = map_get(t, A(include_shared_binaries));
	if (size == TERM_NONE || !bif_get_size(size, &out.words) || (kill != TERM_NONE && !get_bool(kill, &out.kill)) ||
		(log != TERM_NONE && !get_bool(log, &out.log)) ||
		(shared != TERM_NONE && !get_bool(shared, &out.shared_binaries)))
		return false;
	*io = out;
	return true;
}

term max_heap_map(struct heap *heap, const struct max_heap *max)
{
	term pairs[] = { A(error_logger), term_of_bool(max->log), A(include_shared_binaries),
		term_of_bool(max->shared_binaries), A(kill), term_of_bool(max->kill), A(size),
		term_of_small((int64_t)max->words) };
	return map_put_many(heap, map_empty(), pairs, ARRAY_SIZE(pairs) / 2);
}

bool monitor_options_parse(term list, unsigned *ret_flags, term *ret_tag)
{
	unsigned flags = 0, first = 0;
	term tag = TERM_NONE;
	for (; term_is_cons(list); list = cons_tail(list)) {
		term o = cons_head(list);
		if (o == A(priority)) { /* from release 28 on */
			first = MONITOR_PRIORITY;
			continue;
		}
		if (!term_is_tuple_of(o, 2))
			return false;
		term value = tuple_element(o, 1);
		if (tuple_element(o, 0) == A(tag)) {
			tag = value;
		} else if (tuple_element(o, 0) != A(alias)) {
			return false;
		} else if (value == A(explicit_unalias)) {
			flags = MONITOR_ALIAS;
		} else if (value == A(demonitor)) {
			flags = MONITOR_ALIAS | MONITOR_ALIAS_DEMONITOR;
		} else if (value == A(reply_demonitor)) {
			flags = MONITOR_ALIAS | MONITOR_ALIAS_REPLY;
		} else {
			return false;
		}
	}
	if (list != TERM_NIL)
		return false;
	*ret_flags = flags | first;
	*ret_tag = tag;
	return true;
}

/* What only spawn_request knows. */
struct request_options {
	term reply_tag;
	bool on_success, on_error;
};

static bool parse_option(term o, struct spawn_options *options, struct request_options *request)
{
	size_t n;
	if (o == A(link)) {
		options->link = true;
		return true;
	}
	if (o == A(monitor)) {
		options->monitor = true;
		return true;
	}
	if (!term_is_tuple_of(o, 2))
		return false;
	term key = tuple_element(o, 0), value = tuple_element(o, 1);
	switch (term_is_atom(key) ? atom_index(key) : 0) {
	case ATOM_INDEX_link:
		options->link = true;
		return value == TERM_NIL || (term_is_cons(value) && cons_head(value) == A(priority));
	case ATOM_INDEX_monitor:
		options->monitor = true;
		options->monitor_options = value;
		unsigned flags;
		return monitor_options_parse(value, &flags, &options->monitor_tag);
	case ATOM_INDEX_priority:
		return priority_parse(value, &options->priority);
	case ATOM_INDEX_fullsweep_after:
		if (!bif_get_size(value, &n))
			return false;
		options->fullsweep_after = n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
		options->has_fullsweep_after = true;
		return true;
	case ATOM_INDEX_min_heap_size:
		if (!bif_get_size(value, &n) || n > UINT32_MAX / 2)
			return false;
		options->min_heap_words = (uint32_t)heap_size_round(n);
		return true;
	case ATOM_INDEX_min_bin_vheap_size:
		if (!bif_get_size(value, &n) || n > UINT32_MAX)
			return false;
		options->min_bin_bytes_kib = (uint32_t)((heap_size_round(n) * sizeof(term) + 1023) / 1024);
		return true;
	case ATOM_INDEX_max_heap_size: {
		struct max_heap max = { 0, options->max_heap_kill, options->max_heap_log, options->max_heap_shared_binaries };
		if (!max_heap_parse(value, &max))
			return false;
		options->max_heap_set = true;
		options->max_heap_words = max.words;
		options->max_heap_kill = max.kill;
		options->max_heap_log = max.log;
		options->max_heap_shared_binaries = max.shared_binaries;
		return true;
	}
	case ATOM_INDEX_message_queue_data:
		options->off_heap_messages = value == A(off_heap);
		return value == A(off_heap) || value == A(on_heap);
	case ATOM_INDEX_async_dist:
		return get_bool(value, &options->async_dist);
	case ATOM_INDEX_scheduler:
		/* A wish: 0, or one of them. */
		return bif_get_size(value, &n) && n <= sched_count();
	case ATOM_INDEX_reply_tag:
		if (request == NULL)
			return false;
		request->reply_tag = value;
		return true;
	case ATOM_INDEX_reply:
		if (request == NULL || (value != A(yes) && value != A(no) && value != A(error_only) && value != A(success_only)))
			return false;
		request->on_success = value == A(yes) || value == A(success_only);
		request->on_error = value == A(yes) || value == A(error_only);
		return true;
	default:
		return false;
	}
}

static bool parse_options(const struct ns *ns, term list, struct spawn_options *options, struct request_options *request)
{
	spawn_options_init(options);
	const struct max_heap max = max_heap_of(ns);
	options->max_heap_kill = max.kill;
	options->max_heap_log = max.log;
	options->max_heap_shared_binaries = max.shared_binaries;
	for (; term_is_cons(list); list = cons_tail(list))
		if (!parse_option(cons_head(list), options, request))
			return false;
	size_t min = options->min_heap_words > HEAP_MIN_WORDS ? options->min_heap_words : HEAP_MIN_WORDS;
	if (options->max_heap_words != 0 && options->max_heap_words < min)
		return false;
	return list == TERM_NIL;
}

/* ------------------------------------------------------------------------------------------------ spawn */

static term spawn(struct proc *p, term module, term function, term args, const struct spawn_options *options)
{
	if (!term_is_atom(module) || !term_is_atom(function) || list_length(args) < 0)
		return bif_badarg(p);
	term ref = TERM_NONE;
	term pid = proc_spawn(p->ns, p, module, function, args, options, &ref);
	if (pid == TERM_NONE)
		return bif_system_limit(p);
	bif_charge(p, 50);
	return options->monitor ? heap_tuple_of(bif_heap(p), pid, ref) : pid;
}

static term spawn_fun(struct proc *p, term fun, const struct spawn_options *options)
{
	if (!term_is_fun(fun))
		return bif_badarg(p);
	term ref = TERM_NONE;
	/* In place of apply(Fun, []), whose list would be made only to be copied. */
	term cells[4] = { fun, term_of_cons(cells + 2), TERM_NIL, TERM_NIL };
	term pid = proc_spawn(p->ns, p, A(erlang), A(apply), term_of_cons(cells), options, &ref);
	if (pid == TERM_NONE)
		return bif_system_limit(p);
	bif_charge(p, 50);
	return options->monitor ? heap_tuple_of(bif_heap(p), pid, ref) : pid;
}

term bif_erlang_spawn_1(struct proc *p, const term *args)
{
	struct spawn_options options;
	spawn_options_init(&options);
	return spawn_fun(p, args[0], &options);
}

static bool takes_nothing(term fun)
{
	if (term_is_kind(fun, BOXED_FUN))
		return fun_entry(fun)->arity == 0;
	return term_is_kind(fun, BOXED_EXPORT_FUN) && export_fun(fun)->arity == 0;
}

term bif_erlang_spawn_link_1(struct proc *p, const term *args)
{
	struct spawn_options options;
	if (!takes_nothing(args[0]))
		return bif_badarg(p);
	spawn_options_init(&options);
	options.link = true;
	return spawn_fun(p, args[0], &options);
}

term bif_erlang_spawn_monitor_1(struct proc *p, const term *args)
{
	struct spawn_options options;
	if (!takes_nothing(args[0]))
		return bif_badarg(p);
	spawn_options_init(&options);
	options.monitor = true;
	return spawn_fun(p, args[0], &options);
}

term bif_erlang_spawn_3(struct proc *p, const term *args)
{
	struct spawn_options options;
	spawn_options_init(&options);
	return spawn(p, args[0], args[1], args[2], &options);
}

term bif_erlang_spawn_link_3(struct proc *p, const term *args)
{
	struct spawn_options options;
	spawn_options_init(&options);
	options.link = true;
	return spawn(p, args[0], args[1], args[2], &options);
}

term bif_erlang_spawn_opt_4(struct proc *p, const term *args)
{
	struct spawn_options options;
	if (!parse_options(p->ns, args[3], &options, NULL))
		return bif_badarg_cause(p, A(badopt));
	return spawn(p, args[0], args[1], args[2], &options);
}

term bif_erts_internal_spawn_system_process_3(struct proc *p, const term *args)
{
	struct spawn_options options;
	spawn_options_init(&options);
	options.system = true;
	return spawn(p, args[0], args[1], args[2], &options);
}

/* ------------------------------------------------------------------------------------------------ spawn_request */

/* {Tag, Ref, ok | error, Result} into p's own mailbox. */
static void reply(struct proc *p, term tag, term ref, term how, term result)
{
	term w[5] = { HEADER(BOXED_TUPLE, 4), tag, ref, how, result };
	if (!proc_send(p, p->pid, term_of_boxed(w)))
		assert(!"a pid is a destination");
}

term bif_erts_internal_spawn_request_4(struct proc *p, const term *args)
{
	struct spawn_options options;
	struct request_options request = { A(spawn_reply), true, true };
	if (!term_is_atom(args[0]) || !term_is_atom(args[1]) || list_length(args[2]) < 0)
		return A(badarg);
	if (list_length(args[3]) < 0)
		return A(badarg);
	term ref = TERM_NONE;
	if (!parse_options(p->ns, args[3], &options, &request)) {
		ref = ref_put(heap_alloc(bif_heap(p), REF_WORDS), ref_new_id());
		if (request.on_error)
			reply(p, request.reply_tag, ref, A(error), A(badopt));
		return ref;
	}
	term pid = proc_spawn(p->ns, p, args[0], args[1], args[2], &options, &ref);
	if (ref == TERM_NONE)
		ref = ref_put(heap_alloc(bif_heap(p), REF_WORDS), ref_new_id());
	bif_charge(p, 50);
	if (pid == TERM_NONE) {
		if (request.on_error)
			reply(p, request.reply_tag, ref, A(error), A(system_limit));
	} else if (request.on_success) {
		reply(p, request.reply_tag, ref, A(ok), pid);
	}
	return ref;
}

/* No other node can be reached: whatever is asked of one is answered so, once the request is known to be one. */
term bif_erts_internal_dist_spawn_request_4(struct proc *p, const term *args)
{
	struct spawn_options options;
	struct request_options request = { A(spawn_reply), true, true };
	bool waits = args[3] == A(spawn_opt); /* spawn/4 and its like, which wait for the answer */
	if (!term_is_atom(args[0]) || !term_is_tuple_of(args[1], 3) || !term_is_atom(tuple_element(args[1], 0)) ||
		!term_is_atom(tuple_element(args[1], 1)) || list_length(tuple_element(args[1], 2)) < 0 || list_length(args[2]) < 0 ||
		(!waits && args[3] != A(spawn_request)))
		return A(badarg);
	spawn_options_init(&options);
	for (term list = args[2]; term_is_cons(list); list = cons_tail(list))
		(void)parse_option(cons_head(list), &options, waits ? NULL : &request); /* a bad one would be found there */
	term ref = ref_put(heap_alloc(bif_heap(p), REF_WORDS), ref_new_id());
	if (request.on_error)
		reply(p, request.reply_tag, ref, A(error), A(noconnection));
	return waits ? heap_tuple_of(bif_heap(p), ref, term_of_bool(options.monitor)) : ref;
}

/* A request here is answered before its caller could abandon it. */
term bif_erlang_spawn_request_abandon_1(struct proc *p, const term *args)
{
	if (!term_is_ref(args[0]))
		return bif_badarg(p);
	return A(false);
}
