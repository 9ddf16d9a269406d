/* SPDX-License-Identifier: Apache-2.0 */
/* What the host starts and sends: spawns, calls, messages, exit signals, and waiting for an end.
 *
 * A call is a spawn with an on_exit hook. The hook runs on the process's owner when it ends, copies the outcome, and
 * completes. Invariant: a call's record is completed exactly once: by the hook, or by calls_stop() after the schedulers
 * have stopped; the list of open calls (calls.lock) decides which. */
#include "base/clock.h"
#include "base/epoch.h"
#include "base/list.h"
#include "exec/exec.h"
#include "heap/heap.h"
#include "proc/proc.h"
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/machine.h"
#include "vm/timeout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------- spawn */

static term arguments_list(struct heap *heap, struct beamr_term *const *arguments, size_t count)
{
	term list = TERM_NIL;
	/* Borrowed terms: spawning copies the whole list. */
	for (size_t i = count; i-- > 0;)
		list = heap_cons(heap, arguments[i]->owned->value, list);
	return list;
}

static int spawn_with(struct beamr_ns *h, const char *module, const char *function,
	struct beamr_term *const *arguments, size_t count,
	const struct beamr_spawn_options *options, struct spawn_options *spawn_options,
	struct names *names, term *ret_pid)
{
	if (atomic_load_acquire(&h->ns->closing))
		return BEAMR_E_NO_NAMESPACE;
	if (count > 255)
		return BEAMR_E_NO_FUNCTION;
	int r = beamr_export_check(h, module, function, (unsigned)count);
	if (r != 0)
		return r;
	bool full = false;
	/* They are known as atoms, but for a node's modules that are not loaded yet. */
	term module_atom = atom_made(h, module, names, &full);
	term function_atom = full ? TERM_NONE : atom_made(h, function, names, &full);
	if (module_atom == TERM_NONE || function_atom == TERM_NONE)
		return full ? BEAMR_E_LIMIT : BEAMR_E_NO_MODULE;
	if (options != NULL && options->name != NULL) {
		spawn_options->register_as =
			atom_made(h, options->name, names, &full);
		if (spawn_options->register_as == TERM_NONE)
			return full ? BEAMR_E_LIMIT : BEAMR_E_NAME;
		if (spawn_options->register_as == A(undefined))
			return BEAMR_E_NAME;
		if (registry_whereis(h->ns, spawn_options->register_as) != TERM_NONE)
			return BEAMR_E_EXISTS;
	}
	if (options != NULL && options->link != 0) {
		spawn_options->link_to = pid_from_host(options->link);
		epoch_enter();
		bool there = proc_reach(h->ns, spawn_options->link_to) != NULL;
		epoch_leave();
		if (!there)
			return BEAMR_E_NO_PROCESS;
	}
	if (options != NULL && options->heap_max_words != 0) {
		spawn_options->max_heap_words = options->heap_max_words;
		spawn_options->max_heap_kill = true;
		spawn_options->max_heap_log = true;
	}
	term leader = kernel_process(h);
	if (leader == TERM_NONE)
		return BEAMR_E_LIMIT;
	spawn_options->group_leader = leader;
	struct heap heap;
	heap_init_builder(&heap);
	term list = arguments_list(&heap, arguments, count);
	/* The namespace holds what the process is given, in the epoch in which that comes to be its. */
	epoch_enter();
	struct names_holder before = names_set_holder((struct names_holder){ .account = h->ns->account });
	names_hold(names, h->ns->account);
	heap_hold_names(list, names_holder());
	term pid = proc_spawn(h->ns, NULL, module_atom, function_atom, list, spawn_options, NULL);
	(void)names_set_holder(before); /* what it was meanwhile is known */
	epoch_leave();
	heap_done(&heap);
	if (pid == TERM_NONE) {
		if (atomic_load_acquire(&h->ns->closing))
			return BEAMR_E_NO_NAMESPACE;
		return spawn_options->register_as != TERM_NONE ? BEAMR_E_EXISTS : BEAMR_E_LIMIT;
	}
	*ret_pid = pid;
	return 0;
}

static int spawn(struct beamr_ns *h, const char *module, const char *function,
	struct beamr_term *const *arguments, size_t count,
	const struct beamr_spawn_options *options, struct spawn_options *spawn_options,
	term *ret_pid)
{
	struct names names = { 0 };
	int r = spawn_with(h, module, function, arguments, count, options, spawn_options, &names, ret_pid);
	names_done(&names);
	return r;
}

struct ending {
	void (*fn)(void *user, const struct beamr_end *end);
	void *user;
};

static bool is_in_order(term reason)
{
	if (term_is_tuple_of(reason, 2))
		reason = tuple_element(reason, 0);
	else if (reason == A(normal))
		return true;
	return reason == A(shutdown);
}

/* On the owner. */
static void tell_end(struct proc *p, void *user)
{
	struct ending *ending = user;
	const struct raise *raise = &proc_extra(p)->raise;
	term reason = raise->class == CLASS_EXIT ? raise->reason : exec_exit_reason(p);
	char *text = term_text(reason, 400, NULL);
	const struct beamr_end end = { is_in_order(reason), text };
	ending->fn(ending->user, &end);
	free(text);
	mem_free(MEM_MISC, ending, sizeof(*ending));
}

int beamr_spawn(struct beamr_ns *h, const char *module, const char *function,
	struct beamr_term *const *arguments, size_t count,
	const struct beamr_spawn_options *options, beamr_pid *ret_pid)
{
	struct spawn_options spawn_options;
	spawn_options_init(&spawn_options);
	struct ending *ending = NULL;
	if (options != NULL && options->ended != NULL) {
		ending = mem_alloc(MEM_MISC, sizeof(*ending));
		*ending = (struct ending){ options->ended, options->user };
		spawn_options.on_exit = tell_end;
		spawn_options.on_exit_user = ending;
	}
	term pid;
	int r = spawn(h, module, function, arguments, count, options, &spawn_options, &pid);
	if (r == 0)
		*ret_pid = pid_to_host(pid);
	else if (ending != NULL)
		mem_free(MEM_MISC, ending, sizeof(*ending));
	return r;
}

/* ---------------------------------------------------------------------------------------------- call */

struct call {
	_Atomic uint32_t
		refs;       /* the hook's (or the open list's), and the starter's while it starts */
	struct list link;   /* guarded by calls.lock */
	struct list by_pid; /* bucket of calls.buckets; guarded by calls.lock */
	term pid;
	beamr_call_fn done;
	void *user;
	bool keep_output;
	bool timed_out; /* guarded by calls.lock */
	uint64_t reductions_max;
	uint64_t heap_max_words;
	int64_t started_nsec;
	uint64_t timeout; /* vm/timeout.h; 0: none */
	char *output;     /* guarded by calls.lock */
	size_t output_size, output_capacity;
};

#define CALL_BUCKETS 256
#define CALL_OUTPUT_MAX (1u << 20) /* Bound: bytes of output a call keeps; what is over is cut */

static struct {
	struct mutex lock;
	struct list open;
	struct list buckets[CALL_BUCKETS];
	bool ready;
} calls;

static struct list *bucket_of(term pid)
{
	return &calls.buckets[(pid >> 6) % CALL_BUCKETS];
}

static void calls_ready(void)
{
	if (calls.ready)
		return;
	mutex_init(&calls.lock, LOCK_VM);
	list_init(&calls.open);
	for (size_t i = 0; i < CALL_BUCKETS; i++)
		list_init(&calls.buckets[i]);
	calls.ready = true;
}

static void add_output(struct call *call, const uint8_t *bytes, size_t size)
{
	if (size > CALL_OUTPUT_MAX - call->output_size)
		size = CALL_OUTPUT_MAX - call->output_size;
	if (call->output_size + size + 1 > call->output_capacity) {
		size_t capacity = (call->output_size + size + 1) * 2;
		char *p = realloc(call->output, capacity);
		if (p == NULL)
			return; /* the text is an extra; the call goes on */
		call->output = p;
		call->output_capacity = capacity;
	}
	memcpy(call->output + call->output_size, bytes, size);
	call->output_size += size;
	call->output[call->output_size] = '\0';
}

bool call_output(term from, const uint8_t *bytes, size_t size)
{
	bool found = false;
	if (!calls.ready)
		return false;
	mutex_lock(&calls.lock);
	list_foreach(n, bucket_of(from)) {
		struct call *call = list_entry(n, struct call, by_pid);
		if (call->pid == from && call->keep_output) {
			add_output(call, bytes, size);
			found = true;
			break;
		}
	}
	mutex_unlock(&calls.lock);
	return found;
}

struct result {
	struct beamr_call_result public; /* first */
	char *output;
	VEC(struct beamr_frame) frames;
	VEC(char *) texts;
};

struct beamr_call_result *beamr_call_result_free(struct beamr_call_result *public)
{
	struct result *r = (struct result *)public;
	if (r == NULL)
		return NULL;
	beamr_term_free(r->public.term);
	vec_foreach(text, &r->texts)
		free(*text);
	vec_done(&r->texts);
	vec_done(&r->frames);
	free(r->output);
	free(r);
	return NULL;
}

static const char *keep_text(struct result *r, char *text)
{
	vec_push(&r->texts, text);
	return text;
}

static const char *keep_atom(struct result *r, term atom)
{
	if (!term_is_atom(atom))
		return "";
	struct atom_text text = atom_text(atom);
	return keep_text(r, strndup((const char *)text.bytes, text.size));
}

/* One {M, F, ArityOrArgs, Location} of a stack trace. */
static void add_frame(struct result *r, term item)
{
	if (!term_is_tuple(item) || tuple_arity(item) < 3)
		return;
	const term *e = tuple_elements(item);
	struct beamr_frame frame = { keep_atom(r, e[0]), keep_atom(r, e[1]), 0, "", 0 };
	if (term_is_small(e[2])) {
		frame.arity = (unsigned)small_value(e[2]);
	} else {
		for (term l = e[2]; term_is_cons(l); l = cons_tail(l))
			frame.arity++;
	}
	for (term l = tuple_arity(item) > 3 ? e[3] : TERM_NIL; term_is_cons(l); l = cons_tail(l)) {
		term pair = cons_head(l);
		if (!term_is_tuple_of(pair, 2))
			continue;
		if (tuple_element(pair, 0) == A(line) && term_is_small(tuple_element(pair, 1)))
			frame.line = (unsigned)small_value(tuple_element(pair, 1));
		if (tuple_element(pair, 0) == A(file)) {
			char file[1024];
			size_t n = 0;
			for (term c = tuple_element(pair, 1);
				term_is_cons(c) && n + 1 < sizeof(file); c = cons_tail(c))
				file[n++] = term_is_small(cons_head(c))
						    ? (char)small_value(cons_head(c))
						    : '?';
			frame.file = keep_text(r, strndup(file, n));
		}
	}
	vec_push(&r->frames, frame);
}

static void call_unref(struct call *call)
{
	if (atomic_sub_acq_rel(&call->refs, 1) == 1)
		mem_free(MEM_MISC, call, sizeof(*call));
}

/* The call's outcome is told; drops a reference of call. p: NULL when the machine stops. */
static void complete(struct call *call, struct proc *p)
{
	struct result *r = calloc(1, sizeof(*r));
	assert(r != NULL);
	r->public.duration_usec = (uint64_t)(clock_monotonic_nsec() - call->started_nsec) / 1000;
	if (p == NULL) {
		r->public.end = BEAMR_CALL_STOPPING;
	} else {
		const struct raise *raise = &proc_extra(p)->raise;
		struct heap heap;
		heap_init_builder(&heap);
		r->public.reductions = p->reductions_done;
		if (raise->args != TERM_NONE && raise->class == CLASS_EXIT &&
			raise->reason == A(normal)) {
			r->public.end = BEAMR_CALL_VALUE;
			struct owned_term *value = owned_term_new_bounded(MEM_MISC, raise->args);
			if (value == NULL) {
				r->public.end = BEAMR_CALL_RAISED;
				r->public.class = "error";
				value = owned_term_new(MEM_MISC, A(system_limit));
			}
			r->public.term = term_wrap(value);
		} else if (call->timed_out) {
			r->public.end = BEAMR_CALL_TIMED_OUT;
		} else if (call->reductions_max != 0 && p->reductions_done > call->reductions_max) {
			r->public.end = BEAMR_CALL_REDUCTIONS;
		} else if (call->heap_max_words != 0 && raise->reason == A(killed) &&
			   proc_total_words(p) >= call->heap_max_words) {
			r->public.end = BEAMR_CALL_HEAP;
		} else {
			static const char *const classes[] = { "error", "exit", "throw" };
			r->public.end = BEAMR_CALL_RAISED;
			r->public.class = classes[raise->class];
			struct owned_term *reason = owned_term_new_bounded(MEM_MISC, raise->reason);
			r->public.term = term_wrap(
				reason != NULL ? reason : owned_term_new(MEM_MISC, A(system_limit)));
			term trace = raise->trace;
			if (trace != TERM_NONE)
				trace = exec_build_stacktrace(&heap, trace);
			for (; term_is_cons(trace); trace = cons_tail(trace))
				add_frame(r, cons_head(trace));
		}
		heap_done(&heap);
	}
	r->public.frames = r->frames.items;
	r->public.frame_count = r->frames.count;
	r->output = call->output;
	r->public.output = r->output != NULL ? r->output : "";
	call->done(call->user, &r->public);
	call_unref(call);
}

/* Takes it off the list of open calls; false when it was completed already. */
static bool call_close(struct call *call)
{
	mutex_lock(&calls.lock);
	bool open = !list_is_empty(&call->link);
	list_remove(&call->link);
	list_remove(&call->by_pid);
	mutex_unlock(&calls.lock);
	return open;
}

static void call_ended(struct proc *p, void *user)
{
	struct call *call = user;
	/* Output goes by way of the kernel process, which answers before this process can go on: it is all here. */
	if (!call_close(call))
		return;
	timeout_cancel(call->timeout);
	complete(call, p);
}

static void call_timed_out(void *user)
{
	struct call *call = user;
	mutex_lock(&calls.lock);
	bool open = !list_is_empty(&call->link);
	term pid = call->pid;
	if (open)
		call->timed_out = true;
	mutex_unlock(&calls.lock);
	if (open)
		(void)proc_exit_from_host(pid, true, A(kill)); /* it may have ended meanwhile */
}

int beamr_call(struct beamr_ns *h, const char *module, const char *function,
	struct beamr_term *const *arguments, size_t count, const struct beamr_call_options *options,
	beamr_call_fn done, void *user, beamr_pid *ret_pid)
{
	static const struct beamr_call_options none;
	if (options == NULL)
		options = &none;
	mutex_lock(&h->machine->lock);
	calls_ready();
	mutex_unlock(&h->machine->lock);
	struct call *call = mem_zalloc(MEM_MISC, sizeof(*call));
	call->refs = 2;
	call->done = done;
	call->user = user;
	call->keep_output = options->keep_output;
	call->reductions_max = options->reductions_max;
	call->heap_max_words = options->heap_max_words;
	call->started_nsec = clock_monotonic_nsec();
	list_init(&call->by_pid);
	struct spawn_options spawn_options;
	spawn_options_init(&spawn_options);
	spawn_options.quiet = true;
	spawn_options.on_exit = call_ended;
	spawn_options.on_exit_user = call;
	spawn_options.reductions_max = options->reductions_max;
	if (options->heap_max_words != 0) {
		spawn_options.max_heap_words = options->heap_max_words;
		spawn_options.max_heap_kill = true;
	}
	term pid = TERM_NONE;
	mutex_lock(&calls.lock);
	list_append(&calls.open, &call->link);
	mutex_unlock(&calls.lock);
	int r = spawn(h, module, function, arguments, count, NULL, &spawn_options, &pid);
	if (r != 0) {
		(void)call_close(call); /* nobody else knows it */
		mem_free(MEM_MISC, call, sizeof(*call));
		return r;
	}
	mutex_lock(&calls.lock);
	/* It may have ended already; then it is off the list. */
	if (!list_is_empty(&call->link)) {
		call->pid = pid;
		list_append(bucket_of(pid), &call->by_pid);
		if (options->timeout_usec != 0)
			call->timeout = timeout_start(options->timeout_usec, call_timed_out, call);
	}
	mutex_unlock(&calls.lock);
	call_unref(call);
	if (ret_pid != NULL)
		*ret_pid = pid_to_host(pid);
	return 0;
}

void calls_stop(struct beamr *m)
{
	if (!calls.ready)
		return;
	for (;;) {
		mutex_lock(&calls.lock);
		struct call *call = list_is_empty(&calls.open)
					    ? NULL
					    : list_entry(calls.open.next, struct call, link);
		mutex_unlock(&calls.lock);
		if (call == NULL)
			break;
		if (call_close(call)) {
			timeout_cancel(call->timeout);
			complete(call, NULL);
		}
	}
	timeout_stop();
}

/* ---------------------------------------------------------------------------------------------- signals */

int beamr_send(struct beamr *m, beamr_pid to, const struct beamr_term *message)
{
	return proc_send_from_host(pid_from_host(to), message->owned->value) ? 0
									     : BEAMR_E_NO_PROCESS;
}

int beamr_exit(
	struct beamr *m, beamr_pid pid, enum beamr_exit_kind kind, const struct beamr_term *reason)
{
	term r = kind == BEAMR_EXIT_REASON ? reason->owned->value
		 : kind == BEAMR_EXIT_KILL ? A(kill)
					   : A(shutdown);
	return proc_exit_from_host(pid_from_host(pid), kind == BEAMR_EXIT_KILL, r)
		       ? 0
		       : BEAMR_E_NO_PROCESS;
}

struct watch {
	void (*done)(void *user);
	void *user;
};

static void watch_done(void *arg)
{
	struct watch *w = arg;
	w->done(w->user);
	mem_free(MEM_MISC, w, sizeof(*w));
}

void beamr_watch(struct beamr *m, beamr_pid pid, void (*done)(void *user), void *user)
{
	struct watch *w = mem_alloc(MEM_MISC, sizeof(*w));
	*w = (struct watch){ done, user };
	proc_watch(pid_from_host(pid), watch_done, w);
}
