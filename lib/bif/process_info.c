/* SPDX-License-Identifier: Apache-2.0 */
/* What a process tells about itself: process_info/1,2. The process that is asked builds the answer, in a builder of
 * its own memory, between two of its slices; its frames are in place then. */
#include "base/wordmap.h"
#include "bif/bif.h"
#include "bif/host.h"
#include "bif/process_options.h"
#include "binary/binary.h"
#include "data/big.h"
#include "data/map.h"
#include "exec/exec.h"
#include "heap/offheap.h"
#include "proc/dict.h"
#include "proc/mailbox.h"
#include "proc/registry.h"
#include "proc/relation.h"
#include "proc/suspend.h"
#include "term/print.h"

#include <unistd.h>

/* Where and for whom an answer is built. */
struct info {
	struct proc *p;     /* who is told about */
	struct heap *heap;  /* where the answer goes */
	bool self;          /* it asks itself */
	bool own_heap;      /* heap is p's own: values need no copy */
	uint32_t work;
};

static term pair(struct info *i, term key, term value)
{
	return heap_tuple_of(i->heap, key, value);
}

static term put_u64(struct info *i, uint64_t v)
{
	return integer_of_u64(i->heap, v);
}

/* ------------------------------------------------------------------------------------------------ frames */

#define FRAMES_MAX 200

static term mfa_of_header(struct info *i, const struct module_code *m, const struct function_header *f)
{
	return heap_tuple_of(i->heap, m->name, f->function, term_of_small((int64_t)(f->arity & 0xFF)));
}

static term export_mfa(struct info *i, const struct export *e)
{
	return e == NULL ? A(undefined) : heap_tuple_of(i->heap, e->module, e->function, term_of_small(e->arity));
}

/* {M, F, A, [{file, F}, {line, L}]} of an address, TERM_NONE when it is in no module. */
static term location(struct info *i, const uint64_t *address)
{
	const struct module_code *m = module_code_at(address - 1);
	const struct function_header *f = m != NULL ? module_function_at(m, address - 1) : NULL;
	if (f == NULL)
		return TERM_NONE;
	term file, place = TERM_NIL;
	uint32_t line;
	if (module_line_at(m, address - 1, &file, &line)) {
		place = heap_cons(i->heap, heap_tuple_of(i->heap, A(line), term_of_small(line)), TERM_NIL);
		place = heap_cons(i->heap, heap_tuple_of(i->heap, A(file), heap_copy(i->heap, file)), place);
	}
	return heap_tuple_of(i->heap, m->name, f->function, term_of_small((int64_t)(f->arity & 0xFF)), place);
}

/* Where it is when its frames do not say: it sleeps for good, or has not begun. */
static term place_without_frames(struct info *i)
{
	if (i->p->flags & PROC_HIBERNATED)
		return heap_tuple_of(i->heap, A(erlang), A(hibernate), term_of_small(3));
	return export_mfa(i, i->p->initial_call);
}

static term current_function(struct info *i)
{
	const uint64_t *address;
	if (exec_frames(i->p, &address, 1) == 0)
		return place_without_frames(i);
	const struct module_code *m = module_code_at(address - 1);
	const struct function_header *f = m != NULL ? module_function_at(m, address - 1) : NULL;
	return f != NULL ? mfa_of_header(i, m, f) : place_without_frames(i);
}

static term current_location(struct info *i)
{
	const uint64_t *address;
	term found = exec_frames(i->p, &address, 1) == 0 ? TERM_NONE : location(i, address);
	if (found != TERM_NONE)
		return found;
	term mfa = place_without_frames(i);
	if (!term_is_tuple(mfa))
		return mfa;
	return heap_tuple_of(i->heap, tuple_element(mfa, 0), tuple_element(mfa, 1), tuple_element(mfa, 2), TERM_NIL);
}

static term current_stacktrace(struct info *i)
{
	const uint64_t *addresses[FRAMES_MAX];
	size_t max = atomic_load_relaxed(&i->p->ns->backtrace_depth);
	if (max == 0)
		return TERM_NIL;
	size_t n = exec_frames(i->p, addresses, max < FRAMES_MAX ? max : FRAMES_MAX);
	term list = TERM_NIL;
	while (n > 0) {
		term at = location(i, addresses[--n]);
		if (at != TERM_NONE)
			list = heap_cons(i->heap, at, list);
	}
	if (list == TERM_NIL) {
		term at = current_location(i);
		if (term_is_tuple(at))
			list = heap_cons(i->heap, at, list);
	}
	return list;
}

/* A text like that of a crash dump: the frames, without what they hold. */
static term backtrace(struct info *i)
{
	const uint64_t *addresses[FRAMES_MAX];
	size_t n = exec_frames(i->p, addresses, FRAMES_MAX);
	struct print_out out;
	print_init_growing(&out, SIZE_MAX);
	for (size_t k = 0; k < n; k++) {
		const struct module_code *m = module_code_at(addresses[k] - 1);
		const struct function_header *f = m != NULL ? module_function_at(m, addresses[k] - 1) : NULL;
		print_format(&out, k == 0 ? "Program counter: %p (" : "%p Return addr (", (const void *)addresses[k]);
		if (f != NULL) {
			print_term(&out, m->name, PRINT_UNICODE, 0);
			print_string(&out, ":");
			print_term(&out, f->function, PRINT_UNICODE, 0);
			print_format(&out, "/%u", (unsigned)(f->arity & 0xFF));
		}
		print_string(&out, ")\n");
	}
	term text = bits_of_bytes(i->heap, out.data, out.size);
	print_free(&out);
	return text;
}

/* ------------------------------------------------------------------------------------------------ lists */

struct listing {
	struct info *info;
	term list;
};

static bool add_pid(term pid, void *arg)
{
	struct listing *l = arg;
	l->list = heap_cons(l->info->heap, pid, l->list);
	l->info->work++;
	return true;
}

static bool add_monitor(term type, term target, term reference, void *arg)
{
	struct listing *l = arg;
	term what = heap_tuple_of(l->info->heap, type, heap_copy(l->info->heap, target));
	l->list = heap_cons(l->info->heap, what, l->list);
	l->info->work++;
	return true;
}

static bool add_watcher(term watcher, term reference, void *arg)
{
	return add_pid(watcher, arg);
}

static bool add_message(const struct message *m, void *arg)
{
	struct listing *l = arg;
	l->list = heap_cons(l->info->heap, heap_copy(l->info->heap, m->value), l->list);
	l->info->work++;
	return true;
}

static bool add_pair(term key, term value, void *arg)
{
	struct listing *l = arg;
	struct heap *heap = l->info->heap;
	term both = l->info->own_heap ? heap_tuple_of(heap, key, value) :
				    heap_tuple_of(heap, heap_copy(heap, key), heap_copy(heap, value));
	l->list = heap_cons(heap, both, l->list);
	l->info->work++;
	return true;
}

static term turned_round(struct info *i, term list)
{
	term out = TERM_NIL;
	for (; term_is_cons(list); list = cons_tail(list))
		out = heap_cons(i->heap, cons_head(list), out);
	return out;
}

static void add_binaries(struct info *i, const struct offheap *list, struct wordmap *seen, term *io)
{
	for (const term *b = list->first; b != NULL; b = (const term *)(uintptr_t)b[1]) {
		bool added;
		if (header_kind(b[0]) != BOXED_REF_BITS)
			continue;
		(void)wordmap_put(seen, MEM_TEMP, b[2], &added);
		if (!added)
			continue;
		struct binary *binary = (struct binary *)(uintptr_t)b[2];
		term what = heap_tuple_of(i->heap, put_u64(i, b[2]), put_u64(i, binary->size),
			put_u64(i, atomic_load_relaxed(&binary->counted.refs)));
		*io = heap_cons(i->heap, what, *io);
		i->work++;
	}
}

static term binaries(struct info *i)
{
	struct wordmap seen = { 0 };
	term list = TERM_NIL;
	add_binaries(i, &i->p->mem.heap.offheap, &seen, &list);
	add_binaries(i, &i->p->mem.old_offheap, &seen, &list);
	wordmap_done(&seen, MEM_TEMP);
	return list;
}

/* ------------------------------------------------------------------------------------------------ memory */

static size_t stack_words(const struct proc *p)
{
	return p->mem.start != NULL ? (size_t)(p->mem.end - p->mem.heap.limit) : p->mem.packed_stack_words;
}

static uint64_t memory_bytes(const struct proc *p)
{
	uint64_t bytes = sizeof(*p) + proc_total_words(p) * sizeof(term);
	if (p->extra != NULL)
		bytes += sizeof(*p->extra);
	for (struct signal *s = p->mailbox.first; s != NULL; s = s->next)
		bytes += sizeof(struct message) + signal_message(s)->fragment.size_words * sizeof(term);
	return bytes;
}

static term max_heap_item(struct info *i)
{
	const struct proc_extra *extra = i->p->extra;
	struct max_heap max = { 0, true, true, false };
	if (extra != NULL && extra->max_heap_set)
		max = (struct max_heap){ extra->max_heap_words, extra->max_heap_kill, extra->max_heap_log,
			extra->max_heap_shared_binaries };
	return max_heap_map(i->heap, &max);
}

static term min_bin_vheap(struct info *i)
{
	return term_of_small((int64_t)heap_size_round((size_t)i->p->mem.min_bin_bytes_kib * 1024 / sizeof(term) - 127));
}

static term garbage_collection(struct info *i)
{
	const struct gen_heap *g = &i->p->mem;
	term items[] = {
		pair(i, A(max_heap_size), max_heap_item(i)),
		pair(i, A(min_bin_vheap_size), min_bin_vheap(i)),
		pair(i, A(min_heap_size), term_of_small(g->min_words)),
		pair(i, A(fullsweep_after), term_of_small(g->fullsweep_after)),
		pair(i, A(minor_gcs), term_of_small(g->minor_since_full)),
	};
	term list = TERM_NIL;
	for (size_t k = ARRAY_SIZE(items); k > 0; k--)
		list = heap_cons(i->heap, items[k - 1], list);
	return list;
}

/* It has that room whenever it runs, however little it keeps while it waits; but who hibernates wants to have none. */
static size_t at_least_min_heap(const struct proc *p, size_t words)
{
	return words > p->mem.min_words || (p->flags & PROC_HIBERNATED) ? words : p->mem.min_words;
}

static term garbage_collection_info(struct info *i)
{
	const struct gen_heap *g = &i->p->mem;
	size_t stack = stack_words(i->p);
	size_t young = g->start != NULL ? (size_t)(g->heap.top - g->start) : 0;
	size_t old = (size_t)(g->old_top - g->old_start);
	struct {
		term key;
		size_t words;
	} items[] = {
		{ A(old_heap_block_size), (size_t)(g->old_end - g->old_start) },
		{ A(heap_block_size), g->start == NULL ? 0 : g->borrowed ? young + stack : (size_t)(g->end - g->start) },
		{ A(mbuf_size), g->heap.fragment_words },
		{ A(recent_size), g->start != NULL ? (size_t)(g->heap.top - g->mature) : 0 },
		{ A(stack_size), stack },
		{ A(old_heap_size), old },
		{ A(heap_size), young },
		{ A(bin_vheap_size), g->heap.offheap.bytes / sizeof(term) },
		{ A(bin_vheap_block_size), (size_t)g->min_bin_bytes_kib * 1024 / sizeof(term) },
		{ A(bin_old_vheap_size), g->old_offheap.bytes / sizeof(term) },
		{ A(bin_old_vheap_block_size), (size_t)g->min_bin_bytes_kib * 1024 / sizeof(term) },
	};
	term list = TERM_NIL;
	for (size_t k = ARRAY_SIZE(items); k > 0; k--)
		list = heap_cons(i->heap, pair(i, items[k - 1].key, put_u64(i, items[k - 1].words)), list);
	return list;
}

/* ------------------------------------------------------------------------------------------------ items */

static term status(const struct info *i)
{
	const struct proc *p = i->p;
	if (i->self)
		return A(running);
	if (p->suspends > 0)
		return A(suspended);
	return p->waits || p->outcome == OUTCOME_WAIT ? A(waiting) : A(runnable);
}

static term suspending(struct info *i)
{
	/* [{Pid, Count, Count}] */
	struct listing l = { i, TERM_NIL };
	suspended_each(i->p, add_pid, &l);
	term out = TERM_NIL;
	for (term t = l.list; term_is_cons(t); t = cons_tail(t)) {
		term n = term_of_small(suspend_count(i->p, cons_head(t)));
		out = heap_cons(i->heap, heap_tuple_of(i->heap, cons_head(t), n, TERM_ZERO), out);
	}
	return out;
}

static term copied(struct info *i, term t)
{
	return i->own_heap ? t : heap_copy(i->heap, t);
}

/* process_flag(sensitive, true): what it holds is nobody's to see, itself included. */
static inline bool hides(const struct proc *p)
{
	return (p->flags & PROC_SENSITIVE) != 0;
}

/* The value of one item; TERM_NONE when there is no such item. */
static term item_value(struct info *i, term item)
{
	struct proc *p = i->p;
	struct listing l = { i, TERM_NIL };
	switch (term_is_atom(item) ? atom_index(item) : 0) {
	case ATOM_INDEX_async_dist:
		return term_of_bool((p->flags & PROC_ASYNC_DIST) != 0);
	case ATOM_INDEX_backtrace:
		return hides(p) ? bits_of_bytes(i->heap, "", 0) : backtrace(i);
	case ATOM_INDEX_binary:
		return binaries(i);
	case ATOM_INDEX_catchlevel:
		return TERM_ZERO;
	case ATOM_INDEX_current_function:
		return current_function(i);
	case ATOM_INDEX_current_location:
		return current_location(i);
	case ATOM_INDEX_current_stacktrace:
		return current_stacktrace(i);
	case ATOM_INDEX_dictionary:
		if (hides(p))
			return TERM_NIL;
		proc_dict_each(p, add_pair, &l);
		return l.list;
	case ATOM_INDEX_error_handler:
		return p->extra != NULL && p->extra->error_handler != TERM_NONE ? p->extra->error_handler : A(error_handler);
	case ATOM_INDEX_fullsweep_after:
		return term_of_small(p->mem.fullsweep_after);
	case ATOM_INDEX_garbage_collection:
		return garbage_collection(i);
	case ATOM_INDEX_garbage_collection_info:
		return garbage_collection_info(i);
	case ATOM_INDEX_group_leader:
		return copied(i, p->group_leader);
	case ATOM_INDEX_heap_size:
		return put_u64(i, at_least_min_heap(p, gen_used_words(&p->mem) - stack_words(p)));
	case ATOM_INDEX_initial_call:
		return export_mfa(i, p->initial_call);
	case ATOM_INDEX_label: {
		term label = proc_dict_get(p, A(process_label_key));
		return label == TERM_NONE ? A(undefined) : copied(i, label);
	}
	case ATOM_INDEX_last_calls:
		return A(false);
	case ATOM_INDEX_links:
		proc_links_each(p, add_pid, &l);
		return l.list;
	case ATOM_INDEX_max_heap_size:
		return max_heap_item(i);
	case ATOM_INDEX_memory:
		return put_u64(i, memory_bytes(p));
	case ATOM_INDEX_message_queue_data:
		return p->flags & PROC_OFF_HEAP_MESSAGES ? A(off_heap) : A(on_heap);
	case ATOM_INDEX_message_queue_len:
		return put_u64(i, atomic_load_relaxed(&p->mailbox_length));
	case ATOM_INDEX_messages:
		if (hides(p))
			return TERM_NIL;
		proc_messages_each(p, add_message, &l);
		return turned_round(i, l.list);
	case ATOM_INDEX_min_bin_vheap_size:
		return min_bin_vheap(i);
	case ATOM_INDEX_min_heap_size:
		return term_of_small(p->mem.min_words);
	case ATOM_INDEX_monitored_by:
		proc_monitored_by_each(p, add_watcher, &l);
		return l.list;
	case ATOM_INDEX_monitors:
		proc_monitors_each(p, add_monitor, &l);
		return l.list;
	case ATOM_INDEX_parent:
		return p->parent == TERM_NONE ? A(undefined) : p->parent;
	case ATOM_INDEX_priority:
		return priority_atom((enum proc_priority)p->priority);
	case ATOM_INDEX_reductions:
		return put_u64(i, atomic_load_relaxed(&p->reductions_done) + (i->own_heap ? (uint64_t)(4000 - p->reductions) : 0));
	case ATOM_INDEX_registered_name: {
		term name = registry_name_of(p);
		return name == TERM_NONE ? TERM_NIL : name;
	}
	case ATOM_INDEX_sequential_trace_token:
		return proc_tracing.token(i->p, i->heap);
	case ATOM_INDEX_stack_size:
		return put_u64(i, stack_words(p));
	case ATOM_INDEX_status:
		return status(i);
	case ATOM_INDEX_suspending:
		return suspending(i);
	case ATOM_INDEX_total_heap_size:
		return put_u64(i, at_least_min_heap(p, proc_total_words(p)));
	case ATOM_INDEX_trap_exit:
		return term_of_bool((p->flags & PROC_TRAP_EXIT) != 0);
	default:
		break;
	}
	if (term_is_tuple_of(item, 2) && tuple_element(item, 0) == A(dictionary)) {
		term value = hides(p) ? TERM_NONE : proc_dict_get(p, tuple_element(item, 1));
		return value == TERM_NONE ? A(undefined) : copied(i, value);
	}
	return TERM_NONE;
}

static bool is_item(term item)
{
	switch (term_is_atom(item) ? atom_index(item) : 0) {
	case ATOM_INDEX_async_dist:
	case ATOM_INDEX_backtrace:
	case ATOM_INDEX_binary:
	case ATOM_INDEX_catchlevel:
	case ATOM_INDEX_current_function:
	case ATOM_INDEX_current_location:
	case ATOM_INDEX_current_stacktrace:
	case ATOM_INDEX_dictionary:
	case ATOM_INDEX_error_handler:
	case ATOM_INDEX_fullsweep_after:
	case ATOM_INDEX_garbage_collection:
	case ATOM_INDEX_garbage_collection_info:
	case ATOM_INDEX_group_leader:
	case ATOM_INDEX_heap_size:
	case ATOM_INDEX_initial_call:
	case ATOM_INDEX_label:
	case ATOM_INDEX_last_calls:
	case ATOM_INDEX_links:
	case ATOM_INDEX_max_heap_size:
	case ATOM_INDEX_memory:
	case ATOM_INDEX_message_queue_data:
	case ATOM_INDEX_message_queue_len:
	case ATOM_INDEX_messages:
	case ATOM_INDEX_min_bin_vheap_size:
	case ATOM_INDEX_min_heap_size:
	case ATOM_INDEX_monitored_by:
	case ATOM_INDEX_monitors:
	case ATOM_INDEX_parent:
	case ATOM_INDEX_priority:
	case ATOM_INDEX_reductions:
	case ATOM_INDEX_registered_name:
	case ATOM_INDEX_sequential_trace_token:
	case ATOM_INDEX_stack_size:
	case ATOM_INDEX_status:
	case ATOM_INDEX_suspending:
	case ATOM_INDEX_total_heap_size:
	case ATOM_INDEX_trap_exit:
		return true;
	default:
		return term_is_tuple_of(item, 2) && tuple_element(item, 0) == A(dictionary);
	}
}

/* Whether the answer needs the frames, which are in place between slices only. */
static bool needs_frames(term item)
{
	return item == A(current_function) || item == A(current_location) || item == A(current_stacktrace) ||
	       item == A(backtrace);
}

static const uint32_t usual_items[] = {
	ATOM_INDEX_registered_name, ATOM_INDEX_current_function, ATOM_INDEX_initial_call, ATOM_INDEX_status,
	ATOM_INDEX_message_queue_len, ATOM_INDEX_links, ATOM_INDEX_dictionary, ATOM_INDEX_trap_exit,
	ATOM_INDEX_error_handler, ATOM_INDEX_priority, ATOM_INDEX_group_leader, ATOM_INDEX_total_heap_size,
	ATOM_INDEX_heap_size, ATOM_INDEX_stack_size, ATOM_INDEX_reductions, ATOM_INDEX_garbage_collection,
	ATOM_INDEX_suspending,
};

/* items: one, a list of them, or TERM_NONE for process_info/1. */
static term build(struct info *i, term items)
{
	term list = TERM_NIL;
	if (items == TERM_NONE) {
		for (size_t k = ARRAY_SIZE(usual_items); k > 0; k--) {
			term item = term_of_atom_index(usual_items[k - 1]), value = item_value(i, item);
			if (item != A(registered_name) || value != TERM_NIL)
				list = heap_cons(i->heap, pair(i, item, value), list);
		}
		return list;
	}
	if (!term_is_list(items)) {
		term value = item_value(i, items);
		if (items == A(registered_name) && value == TERM_NIL)
			return TERM_NIL;
		return pair(i, copied(i, items), value);
	}
	for (; term_is_cons(items); items = cons_tail(items))
		list = heap_cons(i->heap, pair(i, copied(i, cons_head(items)), item_value(i, cons_head(items))), list);
	return turned_round(i, list);
}

/* ------------------------------------------------------------------------------------------------ asking */

struct inquiry {
	term from;
	uint64_t question;
	struct owned_term *items; /* NULL: process_info/1 */
};

static void tell(struct proc *p, void *arg)
{
	struct inquiry *q = arg;
	if (p == NULL) {
		proc_answer(q->from, q->question, A(undefined));
	} else {
		struct heap heap;
		heap_init_builder(&heap);
		struct info i = { .p = p, .heap = &heap, .self = p->pid == q->from };
		term answer = build(&i, q->items != NULL ? q->items->value : TERM_NONE);
		p->reductions -= (int32_t)(i.work / 4);
		proc_answer(q->from, q->question, answer);
		heap_done(&heap);
	}
	(void)owned_term_free(q->items);
	mem_free(MEM_PROC, q, sizeof(*q));
}

static term ask(struct proc *p, term pid, term items)
{
	struct inquiry *q = mem_alloc(MEM_PROC, sizeof(*q));
	*q = (struct inquiry){ .from = p->pid, .question = proc_question(p) };
	if (items != TERM_NONE)
		q->items = owned_term_new(MEM_PROC, items);
	term waits = bif_wait(p);
	proc_request(pid, tell, q);
	return waits;
}

static void display(struct proc *p, void *arg)
{
	struct inquiry *q = arg;
	if (p != NULL && !hides(p)) {
		struct heap heap;
		heap_init_builder(&heap);
		struct info i = { .p = p, .heap = &heap, .self = p->pid == q->from };
		struct bits text = bits_of(backtrace(&i));
		host_display(p, STDERR_FILENO, text.data, text.size / 8);
		heap_done(&heap);
	}
	proc_answer(q->from, q->question, p != NULL ? A(true) : A(badarg));
	mem_free(MEM_PROC, q, sizeof(*q));
}

/* Prints the stack where errors go, on the side of the one that is asked, so that it stands still. */
term bif_erts_internal_process_display_2(struct proc *p, const term *args)
{
	if (args[1] != A(backtrace))
		return A(badopt);
	if (!term_is_local_pid(args[0]) || proc_reach(p->ns, args[0]) == NULL)
		return A(badarg);
	struct inquiry *q = mem_alloc(MEM_PROC, sizeof(*q));
	*q = (struct inquiry){ .from = p->pid, .question = proc_question(p) };
	term waits = bif_wait(p);
	proc_request(args[0], display, q);
	return waits;
}

static bool items_good(term items, bool *ret_frames)
{
	if (!term_is_list(items)) {
		*ret_frames = needs_frames(items);
		return is_item(items);
	}
	for (; term_is_cons(items); items = cons_tail(items)) {
		if (!is_item(cons_head(items)))
			return false;
		if (needs_frames(cons_head(items)))
			*ret_frames = true;
	}
	return items == TERM_NIL;
}

static term process_info(struct proc *p, term pid, term items, bool frames)
{
	if (pid != p->pid)
		return proc_reach(p->ns, pid) == NULL ? A(undefined) : ask(p, pid, items);
	if (frames)
		return ask(p, pid, items);
	if (signals_waiting(p) && !signals_fetch(p))
		return TERM_NONE;
	struct info i = { .p = p, .heap = bif_heap(p), .self = true, .own_heap = true };
	term answer = build(&i, items);
	bif_charge(p, i.work / 4);
	return answer;
}

term bif_erlang_process_info_1(struct proc *p, const term *args)
{
	term pid = bif_pid_here(args[0]);
	if (!term_is_local_pid(pid))
		return bif_badarg(p);
	return process_info(p, pid, TERM_NONE, true);
}

term bif_erlang_process_info_2(struct proc *p, const term *args)
{
	bool frames = false;
	term pid = bif_pid_here(args[0]);
	if (!term_is_local_pid(pid) || !items_good(args[1], &frames))
		return bif_badarg(p);
	return process_info(p, pid, args[1], frames);
}
