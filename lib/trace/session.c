/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: made, found by what the program holds of them, ended. See trace/session.h. */
#include "trace/session.h"

#include "base/account.h"
#include "base/pool.h"
#include "heap/names_walk.h"
#include "heap/offheap.h"
#include "term/atom.h"
#include "term/ident.h"
#include "trace/breakpoint.h"
#include "trace/host.h"
#include "trace/monitor.h"
#include "trace/portee.h"
#include "trace/tracee.h"

struct mutex trace_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_TRACE };
static uint64_t last_id; /* guarded by trace_lock */

const term trace_flag_atoms[TRACE_BITS] = {
#define FLAG(NAME, atom, kind) A(atom),
#include "trace/flags.def"
#undef FLAG
};

/* ------------------------------------------------------------------------------------------------ life */

static struct trace_session *session_alloc(struct ns *ns, term name, term tracer)
{
	struct trace_session *s = mem_zalloc(MEM_TRACE, sizeof(*s));
	atomic_store_relaxed(&s->refs, 1);
	atomic_store_relaxed(&s->alive, true);
	s->ns = ns;
	s->account = ns->account;
	account_charge(s->account, ACCOUNT_OTHER, sizeof(*s));
	s->name = name;
	s->tracer = tracer;
	s->new_processes.tracer = s->new_ports.tracer = TERM_NONE;
	s->on_load.meta_tracer = TERM_NONE;
	s->limits = trace_no_limits;
	list_init(&s->link);
	return s;
}

static struct trace_session *session_enlist(struct trace_session *s, struct trace_space *space)
{
	mutex_lock(&trace_lock);
	s->id = ++last_id;
	list_insert_before(space->sessions.next, &s->link);
	(void)trace_session_ref(s); /* the list's */
	mutex_unlock(&trace_lock);
	return s;
}

struct trace_session *trace_session_new(struct ns *ns, term name, term tracer)
{
	return session_enlist(session_alloc(ns, name, tracer), trace_space(ns));
}

struct trace_session *trace_session_new_for_host(struct ns *ns, struct host_trace *host)
{
	struct trace_session *s = session_alloc(ns, A(trace), TERM_NONE);
	s->host = host;
	return session_enlist(s, trace_space(ns));
}

struct trace_session *trace_session_ref(struct trace_session *s)
{
	atomic_add_relaxed(&s->refs, 1);
	return s;
}

static void filter_free(struct epoch_item *item)
{
	struct trace_filter *f =
		(struct trace_filter *)(void *)((char *)item -
						offsetof(struct trace_filter, retired));
	if (f->ms != NULL)
		matchspec_put(f->ms);
	mem_free(MEM_TRACE, f, sizeof(*f));
}

static void on_load_clear(struct trace_session *s)
{
	if (s->on_load.ms != NULL)
		matchspec_put(s->on_load.ms);
	if (s->on_load.meta_ms != NULL)
		matchspec_put(s->on_load.meta_ms);
	s->on_load.ms = s->on_load.meta_ms = NULL;
	s->on_load.on = false;
	s->on_load.what = 0;
	s->on_load.meta_tracer = TERM_NONE;
}

struct trace_session *trace_session_unref(struct trace_session *s)
{
	if (s == NULL || atomic_sub_acq_rel(&s->refs, 1) != 1)
		return NULL;
	for (unsigned i = 0; i < FILTERS; i++) {
		struct trace_filter *f =
			atomic_load_relaxed(&s->filters[i]); /* nobody else is left */
		if (f != NULL)
			filter_free(&f->retired);
	}
	on_load_clear(s);
	host_trace_free(s->host);
	account_charge(s->account, ACCOUNT_OTHER, -(int64_t)sizeof(*s));
	mem_free(MEM_TRACE, s, sizeof(*s));
	return NULL;
}

void trace_filter_set(
	struct trace_session *s, enum trace_filtered which, bool off, struct matchspec *ms)
{
	struct trace_filter *f = NULL;
	if (off || ms != NULL) {
		f = mem_zalloc(MEM_TRACE, sizeof(*f));
		f->off = off;
		f->ms = ms;
	}
	/* Pairs with the readers in event.c. */
	struct trace_filter *old =
		atomic_exchange_explicit(&s->filters[which], f, memory_order_acq_rel);
	if (old != NULL)
		epoch_retire(&old->retired, filter_free);
}

/* Under trace_lock. */
static void note_new(struct trace_space *space)
{
	bool processes = space->legacy->new_processes.flags != 0,
	     ports = space->legacy->new_ports.flags != 0;
	list_foreach(n, &space->sessions) {
		const struct trace_session *s = list_entry(n, struct trace_session, link);
		processes = processes || s->new_processes.flags != 0;
		ports = ports || s->new_ports.flags != 0;
	}
	atomic_store_release(&space->new_processes, processes); /* Pairs with tracee_spawned(). */
	atomic_store_release(&space->new_ports, ports);         /* Pairs with portee_opened(). */
}

void trace_new_processes(struct trace_session *s, bool on, uint32_t mask, term tracer)
{
	mutex_lock(&trace_lock);
	if (on) {
		s->new_processes.flags |= mask;
		s->new_processes.tracer = tracer;
	} else {
		s->new_processes.flags &= ~mask;
	}
	if (s->new_processes.flags == 0)
		s->new_processes.tracer = TERM_NONE;
	note_new(trace_space_of(s->ns));
	mutex_unlock(&trace_lock);
}

void trace_new_ports(struct trace_session *s, bool on, uint32_t mask, term tracer)
{
	mutex_lock(&trace_lock);
	if (on)
		s->new_ports.flags |= mask;
	else
		s->new_ports.flags &= ~mask;
	s->new_ports.tracer = s->new_ports.flags == 0 ? TERM_NONE
			      : on                    ? tracer
						      : s->new_ports.tracer;
	note_new(trace_space_of(s->ns));
	mutex_unlock(&trace_lock);
}

bool trace_session_destroy(struct trace_session *s)
{
	bool alive = true;
	if (!atomic_compare_exchange_strong_explicit(
		    &s->alive, &alive, false, memory_order_acq_rel, memory_order_acquire))
		return false;
	breakpoints_clear_session(s);
	mutex_lock(&trace_lock);
	bool listed = !list_is_empty(&s->link);
	list_remove(&s->link);
	s->new_processes.flags = s->new_ports.flags = 0;
	note_new(trace_space_of(s->ns));
	on_load_clear(s);
	s->limits = trace_no_limits;
	monitor_settle();
	mutex_unlock(&trace_lock);
	tracees_sweep(s->ns);
	portees_sweep(s->ns);
	if (listed)
		(void)trace_session_unref(s); /* the list's */
	return true;
}

/* ------------------------------------------------------------------------------------------------ handles */

/* What a magic reference counts. */
struct handle {
	struct counted counted;
	struct trace_session *session;
	struct pool_job job;
};

static void destroy_job(struct pool_job *job)
{
	struct handle *h = (struct handle *)(void *)((char *)job - offsetof(struct handle, job));
	struct ns *ns = h->session->ns;
	(void)trace_session_destroy(h->session); /* it may be dead already */
	(void)trace_session_unref(h->session);   /* always NULL */
	mem_free(MEM_TRACE, h, sizeof(*h));
	ns_process_leave(ns);
}

/* Runs wherever the last reference is dropped, perhaps with locks held: what takes locks is done elsewhere. */
static void handle_destroy(struct counted *counted)
{
	struct handle *h = (struct handle *)(void *)counted; /* first member */
	struct ns *ns = h->session->ns;
	/* The namespace stays until that is done; one that is closing ends its sessions itself. */
	if (trace_session_alive(h->session) && ns_process_enter(ns)) {
		if (pool_run(&h->job, destroy_job) >= 0)
			return;
		ns_process_leave(ns);
	}
	(void)trace_session_unref(h->session); /* always NULL */
	mem_free(MEM_TRACE, h, sizeof(*h));
}

term trace_session_weak(struct heap *heap, const struct trace_session *s)
{
	return heap_tuple_of(
		heap, s->name, s->id == 0 ? A(default) : term_of_small((int64_t)s->id - 1));
}

term trace_session_handle(struct heap *heap, struct trace_session *s)
{
	struct handle *h = mem_zalloc(MEM_TRACE, sizeof(*h));
	h->counted.refs = 1;
	h->counted.destroy = handle_destroy;
	h->session = trace_session_ref(s);
	struct ref_id id = ref_new_id();
	term *w = heap_alloc(heap, MAGIC_REF_WORDS);
	w[0] = HEADER(BOXED_MAGIC_REF, MAGIC_REF_WORDS - 1);
	w[2] = (term)(uintptr_t)&h->counted;
	w[3] = id.high;
	w[4] = id.low;
	offheap_add(&heap->offheap, w, MAGIC_REF_BYTES);
	return heap_tuple_of(heap, term_of_boxed(w), trace_session_weak(heap, s));
}

static struct trace_session *session_by_id(struct ns *ns, term name, uint64_t id)
{
	struct trace_space *space = trace_space_of(ns);
	struct trace_session *found = NULL;
	if (space == NULL)
		return NULL;
	mutex_lock(&trace_lock);
	list_foreach(n, &space->sessions) {
		struct trace_session *s = list_entry(n, struct trace_session, link);
		if (s->name == name && s->id - 1 == id && s->host == NULL &&
			trace_session_alive(s)) {
			found = trace_session_ref(s);
			break;
		}
	}
	mutex_unlock(&trace_lock);
	return found;
}

struct trace_session *trace_session_of(struct ns *ns, term t, bool dead)
{
	if (!term_is_tuple_of(t, 2))
		return NULL;
	term first = tuple_element(t, 0), second = tuple_element(t, 1);
	if (term_is_atom(first) && term_is_small(second))
		return session_by_id(ns, first, (uint64_t)small_value(second));
	if (!term_is_kind(first, BOXED_MAGIC_REF) || !term_is_tuple_of(second, 2))
		return NULL;
	struct counted *counted = offheap_counted(boxed_ptr(first));
	if (counted->destroy != handle_destroy)
		return NULL;
	struct trace_session *s = ((struct handle *)(void *)counted)->session;
	if (s->ns != ns || (!dead && !trace_session_alive(s)))
		return NULL;
	return trace_session_ref(s);
}

void trace_sessions_each(struct ns *ns, void (*fn)(struct trace_session *s, void *arg), void *arg)
{
	struct trace_space *space = trace_space(ns);
	mutex_lock(&trace_lock);
	fn(space->legacy, arg);
	list_foreach(n, &space->sessions) {
		struct trace_session *s = list_entry(n, struct trace_session, link);
		if (trace_session_alive(s))
			fn(s, arg);
	}
	mutex_unlock(&trace_lock);
}

/* ------------------------------------------------------------------------------------------------ namespaces */

struct trace_space *trace_space_of(struct ns *ns)
{
	return atomic_load_acquire(&ns->trace); /* Pairs with trace_space(). */
}

struct trace_space *trace_space(struct ns *ns)
{
	struct trace_space *space = trace_space_of(ns);
	if (space != NULL)
		return space;
	mutex_lock(&trace_lock);
	space = trace_space_of(ns);
	if (space == NULL) {
		space = mem_zalloc(MEM_TRACE, sizeof(*space));
		space->ns = ns;
		space->legacy = session_alloc(ns, A(legacy), TERM_NONE);
		list_init(&space->sessions);
		atomic_store_relaxed(&space->seq_tracer, TERM_NONE);
		atomic_store_relaxed(&space->profiler, TERM_NONE);
		atomic_store_release(&ns->trace, space); /* Pairs with trace_space_of(). */
	}
	mutex_unlock(&trace_lock);
	return space;
}

void trace_space_names(struct ns *ns, struct names_walk *walk)
{
	struct trace_space *space = trace_space_of(ns);
	if (space == NULL)
		return;
	mutex_lock(&trace_lock);
	list_foreach(n, &space->sessions)
		names_walk_term(walk, list_entry(n, struct trace_session, link)->name);
	wordmap_foreach (e, &space->calls)
		export_hold(walk->holder, export_of((uint32_t)e->key));
	mutex_unlock(&trace_lock);
}

/* No process of it is left. */
void trace_space_done(struct ns *ns)
{
	struct trace_space *space = trace_space_of(ns);
	if (space == NULL)
		return;
	for (;;) {
		mutex_lock(&trace_lock);
		struct trace_session *s =
			list_is_empty(&space->sessions)
				? NULL
				: trace_session_ref(list_entry(
					  space->sessions.next, struct trace_session, link));
		mutex_unlock(&trace_lock);
		if (s == NULL)
			break;
		if (!trace_session_destroy(s)) {
			/* Another thread is about to take it out. */
			mutex_lock(&trace_lock);
			list_remove(&s->link);
			mutex_unlock(&trace_lock);
			(void)trace_session_unref(s); /* the list's */
		}
		(void)trace_session_unref(s);
	}
	atomic_store_release(&space->legacy->alive, false); /* Pairs with trace_session_alive(). */
	breakpoints_clear_session(space->legacy);
	breakpoints_done(space);
	(void)trace_session_unref(space->legacy);
	atomic_store_release(&ns->trace, NULL); /* as above */
	mem_free(MEM_TRACE, space, sizeof(*space));
}
