/* SPDX-License-Identifier: Apache-2.0 */
/* A process's life: it is made, its memory is kept, it ends. See proc/proc.h. */
#include "proc/proc.h"

#include "base/account.h"
#include "exec/exec.h"
#include "heap/block.h"
#include "ns/quota.h"
#include "proc/collect.h"
#include "proc/deaths.h"
#include "proc/dict.h"
#include "proc/full.h"
#include "proc/mailbox.h"
#include "proc/life.h"
#include "proc/pressure.h"
#include "proc/registry.h"
#include "proc/relation.h"
#include "proc/table.h"
#include "proc/timer.h"
#include "proc/tracing.h"
#include "proc/watch.h"
#include "term/atom.h"

#include <stdio.h>
#include <string.h>

void (*proc_make_runnable)(struct proc *p);
void (*proc_bring_back)(const struct account *account);
struct proc_tracing proc_tracing;
_Atomic uint32_t proc_watched;

struct proc_extra *proc_extra_make(struct proc *p)
{
	struct proc_extra *extra = mem_zalloc(MEM_PROC, sizeof(*extra));
	proc_memory_changed(p);
	extra->requests_last = &extra->requests;
	extra->killer = TERM_NONE;
	extra->undefined_module = TERM_NONE;
	extra->error_handler = TERM_NONE;
	extra->label = TERM_NONE;
	extra->answer = TERM_NONE;
	return p->extra = extra;
}

void spawn_options_init(struct spawn_options *options)
{
	*options = (struct spawn_options){
		.monitor_options = TERM_NIL,
		.monitor_tag = TERM_NONE,
		.priority = PRIORITY_NORMAL,
		.group_leader = TERM_NONE,
		.register_as = TERM_NONE,
		.link_to = TERM_NONE,
	};
}

/* ------------------------------------------------------------------------------------------------ spawn */

struct start {
	const uint64_t *pc;
	unsigned live;
	term x[3];
	const struct export *initial_call;
};

static void how_to_start(struct start *s, term module, term function, term args, const struct spawn_options *options)
{
	if (options->entry != NULL) {
		*s = (struct start){ .pc = options->entry };
		return;
	}
	if (module == TERM_NONE) {
		*s = (struct start){ .pc = exec_entry_apply_fun(), .live = 2, .x = { function, args } };
		return;
	}
	size_t arity = 0;
	for (term t = args; term_is_cons(t); t = cons_tail(t))
		arity++;
	if (module == A(erlang) && function == A(apply) && arity == 2)
		*s = (struct start){ .pc = exec_entry_apply_fun(),
			.live = 2,
			.x = { cons_head(args), cons_head(cons_tail(args)) } };
	else
		*s = (struct start){ .pc = exec_entry_apply(), .live = 3, .x = { module, function, args } };
	s->initial_call = arity <= 255 ? export_get(module, function, (uint32_t)arity) : NULL;
}

/* Words of each argument; false when they are larger than heap_copy_bound(). */
static bool arguments_count(const struct start *s, size_t ret_counts[3])
{
	for (unsigned i = 0; i < s->live; i++) {
		ret_counts[i] = term_is_immediate(s->x[i]) ? 0 : heap_copy_words_bounded(s->x[i]);
		if (unlikely(ret_counts[i] == SIZE_MAX))
			return false;
	}
	return true;
}

/* The first memory: the arguments, packed, and the word at the bottom of the stack. */
static void memory_make(struct proc *p, struct start *s, const size_t counts[3], term group_leader)
{
	size_t words = term_is_immediate(group_leader) ? 0 : heap_copy_words(group_leader);
	for (unsigned i = 0; i < s->live; i++)
		if (!term_is_immediate(s->x[i]))
			words += counts[i];
	size_t capacity = block_capacity(words + 1);
	struct gen_heap *g = &p->mem;
	g->old_start = g->old_top = block_alloc(NULL, capacity);
	g->old_end = g->old_start + capacity;
	p->group_leader = heap_copy_into(group_leader, &g->old_top, &g->old_offheap);
	if (s->live > 0) {
		p->saved_x = mem_alloc(MEM_PROC, s->live * sizeof(term));
		p->saved_count = p->saved_capacity = (uint8_t)s->live;
		for (unsigned i = 0; i < s->live; i++)
			p->saved_x[i] = counts[i] == 0 ? s->x[i] : heap_copy_into(s->x[i], &g->old_top, &g->old_offheap);
	}
	debug_assert(g->old_top == g->old_start + words);
	g->old_end[-1] = (term)(uintptr_t)exec_normal_exit();
	g->packed_stack_words = 1;
	g->packed_words = words < UINT16_MAX ? (uint16_t)words : UINT16_MAX;
}

static void apply_options(struct proc *p, const struct spawn_options *o)
{
	p->priority = (uint8_t)o->priority;
	/* Few namespaces have defaults other than the machine's. */
	p->mem.min_words = atomic_load_relaxed(&p->ns->min_heap_words);
	p->mem.min_bin_bytes_kib = atomic_load_relaxed(&p->ns->min_bin_kib);
	p->mem.fullsweep_after = atomic_load_relaxed(&p->ns->fullsweep_after);
	if (o->min_heap_words > p->mem.min_words)
		p->mem.min_words = o->min_heap_words;
	if (o->min_bin_bytes_kib > p->mem.min_bin_bytes_kib)
		p->mem.min_bin_bytes_kib = o->min_bin_bytes_kib;
	if (o->has_fullsweep_after)
		p->mem.fullsweep_after = o->fullsweep_after;
	if (o->off_heap_messages)
		p->flags |= PROC_OFF_HEAP_MESSAGES;
	if (o->async_dist)
		p->flags |= PROC_ASYNC_DIST;
	if (o->system)
		p->flags |= PROC_SYSTEM;
	/* Few namespaces set one for all. */
	const uint64_t all = atomic_load_relaxed(&p->ns->max_heap);
	if (unlikely(all != (NS_MAX_HEAP_KILL | NS_MAX_HEAP_LOG)) && o->max_heap_words == 0 && !o->max_heap_set) {
		struct proc_extra *extra = proc_extra(p);
		extra->max_heap_set = true;
		extra->max_heap_words = all >> 3;
		extra->max_heap_kill = (all & NS_MAX_HEAP_KILL) != 0;
		extra->max_heap_log = (all & NS_MAX_HEAP_LOG) != 0;
		extra->max_heap_shared_binaries = (all & NS_MAX_HEAP_SHARED) != 0;
	} else if (o->max_heap_words != 0 || o->max_heap_set) {
		struct proc_extra *extra = proc_extra(p);
		extra->max_heap_set = true;
		extra->max_heap_words = o->max_heap_words;
		extra->max_heap_kill = o->max_heap_kill;
		extra->max_heap_log = o->max_heap_log;
		extra->max_heap_shared_binaries = o->max_heap_shared_binaries;
	}
	if (o->on_exit != NULL || o->quiet || o->reductions_max != 0) {
		struct proc_extra *extra = proc_extra(p);
		extra->on_exit = o->on_exit;
		extra->on_exit_user = o->on_exit_user;
		extra->quiet = o->quiet;
		extra->reductions_max = o->reductions_max;
	}
}

static unsigned alias_flags(term options)
{
	unsigned flags = 0;
	for (; term_is_cons(options); options = cons_tail(options)) {
		term o = cons_head(options);
		if (o == A(priority))
			flags |= MONITOR_PRIORITY;
		if (!term_is_tuple_of(o, 2) || tuple_element(o, 0) != A(alias))
			continue;
		flags = (flags & MONITOR_PRIORITY) | MONITOR_ALIAS;
		if (tuple_element(o, 1) == A(demonitor))
			flags |= MONITOR_ALIAS_DEMONITOR;
		if (tuple_element(o, 1) == A(reply_demonitor))
			flags |= MONITOR_ALIAS_REPLY;
	}
	return flags;
}

static void tie_to_parent(struct proc *p, struct proc *parent, const struct spawn_options *o, term *ret_monitor)
{
	if (o->link) {
		if (unlikely(report_asked(BEAMR_REPORT_LINK)))
			proc_report(parent, BEAMR_REPORT_LINK, p->pid, TERM_NONE, TERM_NONE);
		link_add(p, parent->pid);
		link_add(parent, p->pid);
	}
	if (o->monitor) {
		struct monitor_how how = {
			.name = TERM_NONE,
			.tag = o->monitor_tag,
			.flags = alias_flags(o->monitor_options),
		};
		struct monitor *m;
		term ref = monitor_make(parent, p->pid, &how, &m);
		monitor_signal_monitor(p, m);
		if (ret_monitor != NULL)
			*ret_monitor = ref;
	}
}

term proc_spawn(struct ns *ns, struct proc *parent, term module, term function, term args,
	const struct spawn_options *options, term *ret_monitor)
{
	struct start start;
	size_t counts[3] = { 0 };
	how_to_start(&start, module, function, args, options);
	if (!arguments_count(&start, counts))
		return TERM_NONE;
	if (unlikely(!ns_process_enter(ns))) {
		if (!atomic_load_acquire(&ns->closing))
			ns_limit_met(ns, NS_QUOTA_processes_max);
		return TERM_NONE;
	}
	term pid = table_take();
	if (pid == TERM_NONE) {
		ns_process_leave(ns);
		return TERM_NONE;
	}
	struct proc *p = mem_zalloc(MEM_PROC, sizeof(*p));
	gen_init(&p->mem);
	proc_memory_changed(p);
	p->pid = pid;
	p->ns = ns;
	p->account = ns->account;
	atomic_store_relaxed(&p->pc, start.pc);
	p->initial_call = start.initial_call;
	p->parent = parent != NULL ? parent->pid : TERM_NONE;
	p->first_link = TERM_NONE;
	p->started = table_age();
	atomic_store_relaxed(&p->name, TERM_NONE);
	mailbox_init(&p->mailbox);
	term leader = options->group_leader;
	if (leader == TERM_NONE)
		leader = parent != NULL ? parent->group_leader : pid;
	memory_make(p, &start, counts, leader);
	apply_options(p, options);
	if (options->register_as != TERM_NONE && registry_add(ns, options->register_as, p) != 0) {
		proc_memory_done(p);
		mem_free(MEM_PROC, p, sizeof(*p));
		table_give_back(pid); /* nothing was charged yet */
		ns_process_leave(ns);
		return TERM_NONE;
	}
	if (unlikely(atomic_load_acquire(&ns->trace) != NULL) || (parent != NULL && proc_traces(parent, PROC_TRACE_EVENTS)))
		proc_tracing.spawned(parent, p, module, function, args, options->link);
	if (parent != NULL) {
		tie_to_parent(p, parent, options, ret_monitor);
		if (unlikely(account_note_growth()))
			parent->reductions = 0; /* it rests as soon as it can */
	}
	proc_note_memory(p);
	proc_publish_flags(p);
	/* Published with an owner, so that nobody runs it before it is tied to others. */
	atomic_store_relaxed(&p->state, STATE_RUNNABLE);
	if (unlikely(report_is_wanted(BEAMR_REPORT_SPAWN)))
		obituary_birth(p);
	table_publish(p);
	if (options->link_to != TERM_NONE)
		link_make(p, options->link_to);
	atomic_fetch_and_explicit(&p->state, ~(uint32_t)STATE_RUNNABLE, memory_order_seq_cst);
	proc_make_runnable(p);
	return pid;
}

/* ------------------------------------------------------------------------------------------------ memory */

void proc_roots(struct proc *p, struct roots *roots, term *x, unsigned live)
{
	if (x != NULL)
		roots_add(roots, x, live);
	else if (p->saved_count > 0)
		roots_add(roots, p->saved_x, p->saved_count);
	if (p->dict != NULL)
		roots_add(roots, p->dict->pairs, 2 * (size_t)p->dict->count);
	if (unlikely(!term_is_immediate(p->group_leader)))
		roots_add(roots, &p->group_leader, 1);
	struct proc_extra *extra = p->extra;
	if (extra == NULL)
		return;
	roots_add(roots, &extra->raise.reason, 4);
	roots_add(roots, extra->trap.args, extra->trap.count);
	roots_add(roots, &extra->answer, 2);
}

_Static_assert(offsetof(struct raise, cause) - offsetof(struct raise, reason) == 3 * sizeof(term) &&
		       offsetof(struct proc_extra, label) - offsetof(struct proc_extra, answer) == sizeof(term),
	"proc_roots takes neighbours as one range");

size_t proc_total_words(const struct proc *p)
{
	const struct gen_heap *g = &p->mem;
	if (!g->borrowed)
		return gen_total_words(g);
	return (size_t)(g->old_end - g->old_start) + (size_t)(g->heap.top - g->start) + (size_t)(g->end - g->heap.limit) +
	       g->heap.fragment_words;
}

void proc_add_memory(struct proc *p)
{
	const struct gen_heap *g = &p->mem;
	size_t words = (size_t)(g->old_end - g->old_start) + g->heap.fragment_words;
	if (unlikely(g->start != NULL))
		words = proc_total_words(p);
	if (g->heap.offheap.bytes + g->old_offheap.bytes != 0 || atomic_load_relaxed(&p->binaries_kib) != 0)
		atomic_store_relaxed(&p->binaries_kib, (uint32_t)(gen_bin_bytes(g) / 1024));
	if (words == p->noted_words)
		return;
	p->noted_words = words;
	uint64_t now = sizeof(*p) + words * sizeof(term), before = atomic_load_relaxed(&p->memory_bytes);
	now += p->saved_capacity * sizeof(term);
	if (p->extra != NULL)
		now += sizeof(*p->extra);
	if (p->relations != NULL)
		now += relations_bytes(p->relations);
	if (p->dict != NULL)
		now += sizeof(*p->dict) + p->dict->capacity * 2 * sizeof(term) + p->dict->index_capacity * sizeof(uint32_t);
	if (now == before)
		return;
	atomic_store_relaxed(&p->memory_bytes, now);
	account_charge(p->account, ACCOUNT_PROCESSES, (int64_t)(now - before));
}

bool proc_uses_old_code(struct proc *p, term module)
{
	struct module *m = ns_module(p->ns, module);
	if (m == NULL)
		return false;
	mutex_lock(&p->ns->code_lock);
	const struct module_code *old = m->old;
	const uint64_t *start = old != NULL ? old->code : NULL, *end = old != NULL ? old->code + old->code_words : NULL;
	mutex_unlock(&p->ns->code_lock);
	if (old == NULL)
		return false;
	size_t max = (size_t)(p->mem.end - p->mem.heap.limit) + 1;
	const uint64_t **frames = mem_alloc(MEM_TEMP, max * sizeof(*frames));
	size_t n = exec_frames(p, frames, max);
	bool uses = false;
	for (size_t i = 0; i < n && !uses; i++)
		uses = frames[i] - 1 >= start && frames[i] - 1 < end;
	mem_free(MEM_TEMP, frames, max * sizeof(*frames));
	return uses;
}

/* ------------------------------------------------------------------------------------------------ the end */

#define END_HOOKS_MAX 8

static void (*end_hooks[END_HOOKS_MAX])(struct proc *p); /* fixed once schedulers run */
static unsigned end_hook_count;

void proc_on_end(void (*fn)(struct proc *p))
{
	assert(end_hook_count < END_HOOKS_MAX);
	end_hooks[end_hook_count++] = fn;
}

void proc_memory_done(struct proc *p)
{
	collect_forget(p);
	mailbox_free(p);
	dict_erase_all(p);
	relations_free(p);
	gen_done(&p->mem);
	mem_free(MEM_PROC, p->saved_x, p->saved_capacity * sizeof(term));
	p->saved_x = NULL;
	deaths_free(p);
	if (p->extra != NULL)
		mem_free(MEM_PROC, p->extra->node_watches, NODE_WATCHES * sizeof(uint32_t));
	mem_free(MEM_PROC, p->extra, sizeof(*p->extra));
	p->extra = NULL;
}

/* Everything but the telling of why. */
static void end(struct proc *p, term reason, struct beamr_crash_id cause)
{
	term name = atomic_load_relaxed(&p->name);
	if (proc_traces(p, PROC_TRACE_EVENTS)) {
		proc_tracing.event(p, EVENT_EXIT, reason);
		if (name != TERM_NONE)
			proc_tracing.event(p, EVENT_UNREGISTER, name);
	}
	if (name != TERM_NONE && unlikely(report_asked(BEAMR_REPORT_UNREGISTER)))
		proc_report(p, BEAMR_REPORT_UNREGISTER, name, TERM_NONE, TERM_NONE);
	registry_end(p);
	signals_close(p);
	suspend_end(p);
	links_end(p, reason, cause);
	monitors_end(p, reason, cause);
	watches_end(p);
	full_end(p);
	if (proc_traces(p, PROC_TRACE_RUNNING))
		proc_tracing.schedule(p, SCHEDULE_OUT_EXITED);
	if (p->extra != NULL && p->extra->trace != NULL)
		proc_tracing.end(p);
	struct ns *ns = p->ns;
	proc_memory_done(p);
	account_charge(p->account, ACCOUNT_PROCESSES, -(int64_t)atomic_load_relaxed(&p->memory_bytes));
	if (account_is_due())
		account_flush(); /* before it is seen to be gone */
	table_remove_proc(p);
	ns_process_leave(ns);
}

static void begin_end(struct proc *p)
{
	/* Sequentially consistent: pairs with registry_add() and timer_start(). */
	uint32_t before = atomic_fetch_or_explicit(&p->state, STATE_EXITING, memory_order_seq_cst);
	if (before & STATE_DOOMED)
		atomic_sub_relaxed(&p->account->doomed, 1);
	timers_end(p);
	for (unsigned i = 0; i < end_hook_count; i++)
		end_hooks[i](p);
}

void proc_end(struct proc *p)
{
	struct proc_extra *extra = p->extra;
	term reason = A(normal); /* the end of one that never had an extra */
	if (extra != NULL)
		reason = extra->raise.class == CLASS_EXIT ? extra->raise.reason : exec_exit_reason(p);
	p->outcome = OUTCOME_EXIT;
	begin_end(p);
	struct beamr_crash_id cause = obituary(p, reason);
	if (extra != NULL && extra->raise.class != CLASS_EXIT && !extra->quiet)
		errorlog_fault(p, reason);
	if (extra != NULL && extra->on_exit != NULL)
		extra->on_exit(p, extra->on_exit_user);
	end(p, reason, cause);
}

void proc_discard(struct proc *p)
{
	collect_forget(p);
	begin_end(p);
	end(p, A(killed), (struct beamr_crash_id){ 0 });
}

/* ------------------------------------------------------------------------------------------------ watches */

struct watch {
	struct watch *next;
	term pid;
	void (*fn)(void *arg);
	void *arg;
};

static void watch_add(struct proc *p, void *arg)
{
	struct watch *w = arg;
	if (p == NULL) {
		w->fn(w->arg);
		mem_free(MEM_PROC, w, sizeof(*w));
		return;
	}
	w->next = proc_extra(p)->watches;
	p->extra->watches = w;
}

void proc_watch(term pid, void (*fn)(void *arg), void *arg)
{
	struct watch *w = mem_alloc(MEM_PROC, sizeof(*w));
	*w = (struct watch){ .pid = pid, .fn = fn, .arg = arg };
	proc_request(pid, watch_add, w);
}

void watches_end(struct proc *p)
{
	struct watch *next;
	for (struct watch *w = p->extra != NULL ? p->extra->watches : NULL; w != NULL; w = next) {
		next = w->next;
		w->fn(w->arg);
		mem_free(MEM_PROC, w, sizeof(*w));
	}
	if (p->extra != NULL)
		p->extra->watches = NULL;
}
