/* SPDX-License-Identifier: Apache-2.0 */
/* erlang:trace_info/2, trace:info/3, trace:session_info/1: who traces what. */
#include "base/epoch.h"
#include "bif/bif.h"
#include "bif/integer.h"
#include "code/module.h"
#include "io/port.h"
#include "term/atom.h"
#include "trace/breakpoint.h"
#include "trace/monitor.h"
#include "trace/portee.h"
#include "trace/tracee.h"

static term pair(struct heap *heap, term key, term value)
{
	return heap_tuple_of(heap, key, value);
}

static term flags_list(struct heap *heap, uint32_t flags)
{
	term list = TERM_NIL;
	for (unsigned i = TRACE_BITS; i > 0; i--)
		if (flags & 1U << (i - 1))
			list = heap_cons(heap, trace_flag_atoms[i - 1], list);
	return list;
}

/* ------------------------------------------------------------------------------------------------ processes */

struct inquiry {
	term from;
	uint64_t question;
	term key;
	struct trace_session *session; /* NULL: any */
};

/* {Key, Value} about whoever has these entries. */
static term about(struct trace_ref *refs, const struct inquiry *q, struct heap *heap)
{
	if (q->session == NULL) {
		term list = TERM_NIL;
		for (struct trace_ref *r = refs; r != NULL; r = r->next)
			if (trace_session_alive(r->session) && r->session->host == NULL)
				list = heap_cons(heap, trace_session_weak(heap, r->session), list);
		return pair(heap, q->key, list);
	}
	struct trace_ref *r = trace_refs_find(refs, q->session);
	bool gone = r == NULL || !trace_session_alive(r->session) ||
		    !trace_listens(r->session, r->tracer);
	if (q->key == A(tracer))
		return pair(heap, q->key, gone ? TERM_NIL : r->tracer);
	return pair(heap, q->key, flags_list(heap, gone ? 0 : r->flags));
}

static void inquiry_end(struct inquiry *q)
{
	(void)trace_session_unref(q->session); /* always NULL */
	mem_free(MEM_TRACE, q, sizeof(*q));
}

static void inquiry_answer(struct trace_ref *refs, const struct inquiry *q)
{
	struct heap heap;
	heap_init_builder(&heap);
	proc_answer(q->from, q->question, about(refs, q, &heap));
	heap_done(&heap);
}

static void inquiry_asked(struct proc *p, void *arg)
{
	struct inquiry *q = arg;
	if (p == NULL)
		proc_answer(q->from, q->question, A(undefined));
	else
		inquiry_answer(tracee_refs(p), q);
	inquiry_end(q);
}

static void inquiry_asked_port(struct port_traced *t, void *arg)
{
	struct inquiry *q = arg;
	if (t == NULL)
		proc_answer(q->from, q->question, A(undefined));
	else
		inquiry_answer(t->refs, q);
	inquiry_end(q);
}

/* Of a process or port. */
static term info_one(struct proc *p, struct trace_session *s, term who, term key)
{
	if (s != NULL ? key != A(flags) && key != A(tracer) : key != A(session))
		return bif_badarg(p);
	bool port = term_is_local_port(who);
	const struct proc *to = port ? NULL : proc_lookup(who);
	if (port ? !port_is_here(who, p->ns) : to == NULL || to->ns != p->ns)
		return A(undefined);
	struct inquiry q = { .from = p->pid, .key = key, .session = s };
	if (who == p->pid)
		return about(tracee_refs(p), &q, bif_heap(p));
	struct inquiry *asked = mem_alloc(MEM_TRACE, sizeof(*asked));
	*asked = q;
	asked->question = proc_question(p);
	if (s != NULL)
		(void)trace_session_ref(s); /* the same pointer */
	term waits = bif_wait(p);
	if (port)
		port_run(who, inquiry_asked_port, asked);
	else
		proc_request(who, inquiry_asked, asked);
	return waits;
}

static term info_new(struct proc *p, struct trace_session *s, bool ports, term key)
{
	mutex_lock(&trace_lock);
	uint32_t flags = ports ? s->new_ports.flags : s->new_processes.flags;
	term tracer = ports ? s->new_ports.tracer : s->new_processes.tracer;
	mutex_unlock(&trace_lock);
	if (tracer == TERM_NONE || !tracer_lives(tracer)) {
		flags = 0;
		tracer = TERM_NIL;
	}
	if (key == A(flags))
		return pair(bif_heap(p), key, flags_list(bif_heap(p), flags));
	return key == A(tracer) ? pair(bif_heap(p), key, tracer) : bif_badarg(p);
}

/* ------------------------------------------------------------------------------------------------ functions */

struct mfa {
	term module, function;
	int64_t arity;
};

static bool read_mfa(term t, struct mfa *ret)
{
	if (!term_is_tuple_of(t, 3) || !term_is_atom(tuple_element(t, 0)) ||
		!term_is_atom(tuple_element(t, 1)) || !term_is_small(tuple_element(t, 2)))
		return false;
	*ret = (struct mfa){ tuple_element(t, 0), tuple_element(t, 1),
		small_value(tuple_element(t, 2)) };
	return true;
}

/* Where a function's breakpoints would be. False: there is no such function. */
struct place {
	const struct export *export; /* or NULL */
	const uint64_t *entry;       /* or NULL */
};

static bool find_function(struct ns *ns, const struct mfa *f, struct place *ret)
{
	*ret = (struct place){ 0 };
	if (f->arity < 0 || f->arity > 255)
		return false;
	ret->export = export_find(f->module, f->function, (uint32_t)f->arity);
	if (ret->export != NULL && ns_bif(ns, ret->export) != NULL)
		return true;
	const struct module *m = ns_module(ns, f->module);
	const struct module_code *code =
		m == NULL ? NULL : atomic_load_acquire(&m->current); /* Pairs with ns_publish(). */
	for (size_t i = 0; code != NULL && i < code->function_count; i++) {
		const struct function_header *h =
			(const struct function_header *)(code->code + code->functions[i]);
		if (h->function == f->function && (int64_t)(h->arity & 0xFF) == f->arity) {
			ret->entry = (const uint64_t *)h + FUNCTION_HEADER_WORDS;
			return true;
		}
	}
	return false;
}

/* Under trace_lock. What a session has there, of either kind; *ret_name may be NULL. */
static void probes_at(struct trace_space *space, const struct trace_session *s,
	const struct place *at, const struct probe **ret_name, const struct probe **ret_code)
{
	*ret_name =
		at->export == NULL ? NULL : breakpoint_probe(breakpoint_on(space, at->export), s);
	*ret_code = at->entry == NULL ? NULL : breakpoint_probe(breakpoint_at(at->entry), s);
}

static term spec_of(struct heap *heap, const struct matchspec *ms)
{
	return ms == NULL ? TERM_NIL : heap_copy(heap, ms->source->value);
}

static term tallies(struct heap *heap, struct trace_account *a, bool time)
{
	term list = TERM_NIL;
	mutex_lock(&a->lock);
	wordmap_foreach(e, &a->by_pid) {
		const struct trace_tally *t = (const struct trace_tally *)(uintptr_t)e->value;
		term calls = integer_of_u64(heap, t->calls), pid = e->key, item;
		if (time)
			item = heap_tuple_of(heap, pid, calls, term_of_small(t->sum / 1000000000),
				term_of_small(t->sum / 1000 % 1000000));
		else
			item = heap_tuple_of(heap, pid, calls, integer_of_i64(heap, t->sum));
		list = heap_cons(heap, item, list);
	}
	mutex_unlock(&a->lock);
	return list;
}

/* One item of a traced function; TERM_NONE: there is no such item. */
static term function_item(
	struct heap *heap, const struct probe *name, const struct probe *code, term key)
{
	unsigned what = (name == NULL ? 0 : name->what) | (code == NULL ? 0 : code->what);
	const struct probe *call = name != NULL && (name->what & (WHAT_GLOBAL | WHAT_LOCAL)) ? name
				   : code != NULL && (code->what & WHAT_LOCAL)               ? code
											     : NULL;
	const struct probe *rest = code != NULL ? code : name;
	if (key == A(traced))
		return what & WHAT_GLOBAL ? A(global) : what & WHAT_LOCAL ? A(local) : A(false);
	if (key == A(match_spec))
		return call == NULL ? A(false) : spec_of(heap, call->ms);
	if (key == A(meta)) {
		if ((what & WHAT_META) == 0)
			return A(false);
		term tracer = atomic_load_relaxed(&rest->meta->tracer); /* a word of its own */
		return tracer == TERM_NONE || !tracer_lives(tracer) ? TERM_NIL : tracer;
	}
	if (key == A(meta_match_spec))
		return what & WHAT_META ? spec_of(heap, rest->meta_ms) : A(false);
	if (key == A(call_count))
		return what & WHAT_COUNT
			       ? integer_of_u64(heap, atomic_load_relaxed(&rest->count->calls))
			       : A(false);
	if (key == A(call_time))
		return what & WHAT_TIME ? tallies(heap, rest->time, true) : A(false);
	if (key == A(call_memory))
		return what & WHAT_MEMORY ? tallies(heap, rest->memory, false) : A(false);
	return TERM_NONE;
}

static term info_function(struct proc *p, struct trace_session *s, term what, term key)
{
	static const term all[] = { A(traced), A(match_spec), A(meta), A(meta_match_spec),
		A(call_memory), A(call_time), A(call_count) };
	struct heap *heap = bif_heap(p);
	struct mfa mfa;
	struct place at;
	if (!read_mfa(what, &mfa))
		return bif_badarg(p);
	if (!find_function(p->ns, &mfa, &at))
		return pair(heap, key, A(undefined));
	const struct probe *name, *code;
	mutex_lock(&trace_lock);
	probes_at(trace_space(p->ns), s, &at, &name, &code);
	term value = key == A(all) ? A(false) : function_item(heap, name, code, key);
	if (key == A(all) && (name != NULL || code != NULL)) {
		value = TERM_NIL;
		for (size_t i = ARRAY_SIZE(all); i > 0; i--)
			value = heap_cons(heap,
				pair(heap, all[i - 1], function_item(heap, name, code, all[i - 1])),
				value);
	}
	mutex_unlock(&trace_lock);
	return value == TERM_NONE ? bif_badarg(p) : pair(heap, key, value);
}

struct sessions {
	struct heap *heap;
	struct trace_space *space;
	term what;
	bool bad;
	term list;
};

/* Those that have a probe at a function, as they came. */
static void sessions_of_breakpoint(struct sessions *all, const struct breakpoint *b)
{
	const struct probes *set =
		b == NULL ? NULL
			  : atomic_load_acquire(&((struct breakpoint *)(uintptr_t)b)->probes);
	for (size_t i = 0; set != NULL && i < set->count; i++)
		if (set->items[i].session->ns == all->space->ns &&
			set->items[i].session->host == NULL)
			all->list = heap_cons(all->heap,
				trace_session_weak(all->heap, set->items[i].session), all->list);
}

static bool session_counts(struct sessions *all, struct trace_session *s)
{
	const struct trace_filter *f;
	switch (term_is_atom(all->what) ? atom_index(all->what) : 0) {
	case ATOM_INDEX_any:
		return true;
	case ATOM_INDEX_on_load:
		return s->on_load.on;
	case ATOM_INDEX_send:
	case ATOM_INDEX_receive:
		f = atomic_load_acquire(
			&s->filters[all->what == A(send) ? FILTER_SEND : FILTER_RECEIVE]);
		return f == NULL || !f->off; /* Pairs with trace_filter_set(). */
	case ATOM_INDEX_new:
	case ATOM_INDEX_new_processes:
		return s->new_processes.flags != 0;
	case ATOM_INDEX_new_ports:
		return s->new_ports.flags != 0;
	default:
		all->bad = true;
		return false;
	}
}

static void session_count(struct trace_session *s, void *arg)
{
	struct sessions *all = arg;
	if (s->host == NULL && session_counts(all, s))
		all->list = heap_cons(all->heap, trace_session_weak(all->heap, s), all->list);
}

static term info_sessions(struct proc *p, term what, term key)
{
	struct sessions all = {
		.heap = bif_heap(p), .space = trace_space(p->ns), .what = what, .list = TERM_NIL
	};
	struct mfa mfa;
	struct place at;
	if (term_is_local_pid(what) || term_is_local_port(what))
		return info_one(p, NULL, what, key);
	if (term_is_tuple(what)) {
		if (!read_mfa(what, &mfa) || key != A(session))
			return bif_badarg(p);
		if (!find_function(p->ns, &mfa, &at))
			return pair(bif_heap(p), key, A(undefined));
		mutex_lock(&trace_lock);
		if (at.export != NULL)
			sessions_of_breakpoint(&all, breakpoint_on(all.space, at.export));
		if (at.entry != NULL)
			sessions_of_breakpoint(&all, breakpoint_at(at.entry));
		mutex_unlock(&trace_lock);
		return pair(bif_heap(p), key, all.list);
	} else if (!term_is_atom(what)) {
		return bif_badarg_cause(p, A(badopt));
	}
	if (key != A(session))
		return bif_badarg(p);
	trace_sessions_each(p->ns, session_count, &all);
	return all.bad ? bif_badarg_cause(p, A(badopt)) : pair(bif_heap(p), key, all.list);
}

/* ------------------------------------------------------------------------------------------------ the rest */

static term on_load_item(struct heap *heap, const struct trace_session *s, term key)
{
	unsigned what = s->on_load.what;
	bool call = (what & (WHAT_GLOBAL | WHAT_LOCAL)) != 0;
	if (key == A(traced))
		return what & WHAT_GLOBAL ? A(global) : what & WHAT_LOCAL ? A(local) : A(false);
	if (key == A(match_spec))
		return call ? spec_of(heap, s->on_load.ms) : A(false);
	if (key == A(meta))
		return what & WHAT_META ? s->on_load.meta_tracer : A(false);
	if (key == A(meta_match_spec))
		return what & WHAT_META ? spec_of(heap, s->on_load.meta_ms) : A(false);
	if (key == A(call_count))
		return term_of_bool((what & WHAT_COUNT) != 0);
	if (key == A(call_time))
		return term_of_bool((what & WHAT_TIME) != 0);
	if (key == A(call_memory))
		return term_of_bool((what & WHAT_MEMORY) != 0);
	return TERM_NONE;
}

static term info_on_load(struct proc *p, struct trace_session *s, term key)
{
	static const term all[] = { A(traced), A(match_spec), A(meta), A(meta_match_spec),
		A(call_count) };
	struct heap *heap = bif_heap(p);
	term value = A(false);
	mutex_lock(&trace_lock);
	if (s->on_load.on && key == A(all)) {
		value = TERM_NIL;
		for (size_t i = ARRAY_SIZE(all); i > 0; i--)
			value = heap_cons(heap,
				pair(heap, all[i - 1], on_load_item(heap, s, all[i - 1])), value);
	} else if (s->on_load.on) {
		value = on_load_item(heap, s, key);
	}
	mutex_unlock(&trace_lock);
	return value == TERM_NONE ? bif_badarg(p) : pair(heap, key, value);
}

static term info_event(struct proc *p, struct trace_session *s, term event, term key)
{
	if (key != A(match_spec))
		return bif_badarg(p);
	/* Pairs with trace_filter_set(). */
	const struct trace_filter *f =
		atomic_load_acquire(&s->filters[event == A(send) ? FILTER_SEND : FILTER_RECEIVE]);
	struct heap *heap = bif_heap(p);
	return pair(heap, key, f == NULL ? A(true) : f->off ? A(false) : spec_of(heap, f->ms));
}

static term info_system(struct proc *p, struct trace_session *s)
{
	mutex_lock(&trace_lock);
	term list = monitor_list(bif_heap(p), s);
	mutex_unlock(&trace_lock);
	return pair(bif_heap(p), A(system), list);
}

static term info(struct proc *p, struct trace_session *s, term what, term key)
{
	if (what == A(on_load))
		return info_on_load(p, s, key);
	if (what == A(system) && key == A(all))
		return info_system(p, s);
	if (what == A(send) || what == A(receive))
		return info_event(p, s, what, key);
	if (what == A(new) || what == A(new_processes) || what == A(new_ports))
		return info_new(p, s, what == A(new_ports), key);
	if (term_is_local_pid(what) || term_is_local_port(what))
		return info_one(p, s, what, key);
	if (term_is_tuple(what))
		return info_function(p, s, what, key);
	if (term_is_pid(what) && bif_is_earlier(what))
		return A(undefined);
	return bif_badarg_cause(p, A(badopt));
}

term bif_erlang_trace_info_2(struct proc *p, const term *args)
{
	return info(p, trace_space(p->ns)->legacy, args[0], args[1]);
}

term bif_erts_internal_trace_info_3(struct proc *p, const term *args)
{
	if (args[0] == A(any))
		return info_sessions(p, args[1], args[2]);
	struct trace_session *s = trace_session_of(p->ns, args[0], false);
	if (s == NULL)
		return bif_badarg_cause(p, A(session));
	term value = info(p, s, args[1], args[2]);
	(void)trace_session_unref(s); /* always NULL */
	return value;
}
