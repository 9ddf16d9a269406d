/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: how one is born, finds its handler, and is told.
 *
 * A raw trace is what handlers get as the third value until build_stacktrace makes a list of it:
 *
 *     TRACE                 header, class and kind, export or 0, addresses
 *     [Info | TRACE]        the same, with what its kind says Info is
 *
 * Addresses are one word after the place they tell, as continuations are, so that all are looked up alike.
 * Taking a trace is a walk over a few frames; names and lines are found only when somebody asks. */
#include "exec/exec_impl.h"

#include "code/module.h"
#include "code/region.h"
#include "term/map.h"

enum trace_kind {
	TRACE_PLAIN,
	TRACE_FIRST_ARGS, /* Info: arguments, in place of the arity of the first address */
	TRACE_ERROR_INFO, /* Info: {Args | none, Map}: the first address, with error_info */
	TRACE_CALL, /* Info: {Args, Cause | none}: the export, called with Args, comes first */
	TRACE_LIST, /* Info: the list itself (erlang:raise/3) */
};

#define TRACE_WORDS 2 /* before the addresses */
#define TRACE_DEPTH_MAX 256U

static bool is_trace(term t)
{
	return term_is_kind(t, BOXED_TRACE);
}

/* The TRACE of a raw trace; NULL for anything else. */
static const term *trace_of(term raw)
{
	if (term_is_cons(raw))
		raw = cons_tail(raw);
	return is_trace(raw) ? boxed_ptr(raw) : NULL;
}

static enum exception_class trace_class(const term *trace)
{
	return (enum exception_class)(trace[1] >> 3 & 3);
}

static enum trace_kind trace_kind(const term *trace)
{
	return (enum trace_kind)(trace[1] >> 5);
}

void raise_error(struct proc *p, term reason)
{
	struct raise *raise = &proc_extra(p)->raise;
	*raise = (struct raise){ .class = CLASS_ERROR,
		.reason = reason,
		.trace = TERM_NONE,
		.args = TERM_NONE,
		.cause = TERM_NONE };
	p->outcome = OUTCOME_RAISE;
}

void raise_error_with(struct proc *p, term reason, term value)
{
	raise_error(p, heap_tuple_of(proc_heap(p), reason, value));
}

/* These BIFs raise for their caller: they have no entry of their own. */
static bool raises_for_caller(const struct export *e)
{
	if (e->module != A(erlang))
		return false;
	return e->function == A(error) || e->function == A(raise) || e->function == A(throw) ||
	       (e->function == A(exit) && e->arity == 1);
}

/* These are code in OTP: the frame of who calls one last is gone when it raises. */
static bool is_code_in_otp(const struct export *e)
{
	if (e->module != A(erlang))
		return false;
	if (e->function == A(memory))
		return true;
	return e->arity == 1 &&
	       (e->function == A(atom_to_binary) || e->function == A(binary_to_atom) ||
		       e->function == A(binary_to_existing_atom) || e->function == A(spawn) ||
		       e->function == A(spawn_link) || e->function == A(spawn_monitor));
}

static term list_of(struct heap *heap, const term *values, size_t count)
{
	term list = TERM_NIL;
	while (count > 0)
		list = heap_cons(heap, values[--count], list);
	return list;
}

/* Continuations from the frame at stack on. frame_words: of the first frame, NO_FRAME without one. */
static size_t walk_stack(const term *stack, const term *end, uint32_t frame_words,
	const uint64_t **addresses, size_t max)
{
	size_t n = 0;
	const uint64_t *last = exec_normal_exit();
	if (stack == end) /* there is none, or it lies packed: whoever is parked is told by where it waits alone */
		return 0;
	if (frame_words != NO_FRAME)
		stack += frame_words + 1;
	while (n < max && stack < end) {
		const uint64_t *continuation = (const uint64_t *)(uintptr_t)*stack;
		if (continuation == NULL || continuation == last)
			break;
		/* Recursion is told once; frames of tracing are no code's. */
		if (code_region_holds(continuation) && (n == 0 || addresses[n - 1] != continuation))
			addresses[n++] = continuation;
		stack += continuation_frame_words(continuation) + 1;
	}
	return n;
}

/* called: E[0] holds the continuation of a call made at pc already. */
static size_t addresses_at(const struct proc *p, const uint64_t *pc, bool called,
	const uint64_t **addresses, size_t max)
{
	const struct module_code *m = pc == NULL ? NULL : module_code_at(pc);
	size_t n = 0;
	uint32_t frame_words = NO_FRAME;
	if (m != NULL && max > 0) {
		addresses[n++] = pc + 1;
		frame_words = called ? NO_FRAME : module_frame_at(m, pc);
	}
	return n + walk_stack(p->mem.heap.limit, p->mem.end, frame_words, addresses + n, max - n);
}

size_t exec_frames(const struct proc *p, const uint64_t **addresses, size_t max)
{
	return addresses_at(p, exec_waits_at(p), false, addresses, max);
}

static bool is_in(const uint64_t *pc, const struct export *e)
{
	const struct module_code *m = module_code_at(pc);
	const struct function_header *f = m == NULL || m->name != e->module ? NULL : module_function_at(m, pc);
	return f != NULL && f->function == e->function && (f->arity & 0xFF) == e->arity;
}

/* p->extra->raise has no trace yet, or the list that erlang:raise/3 was given. */
static term take_trace(struct proc *p, const struct raise_place *place)
{
	struct raise *raise = &p->extra->raise;
	struct heap *heap = proc_heap(p);
	const uint64_t *addresses[TRACE_DEPTH_MAX];
	enum trace_kind kind = TRACE_PLAIN;
	term info = TERM_NONE;
	const struct export *export = NULL;
	size_t depth = atomic_load_relaxed(&p->ns->backtrace_depth);
	depth = depth == 0 ? 1 : depth > TRACE_DEPTH_MAX ? TRACE_DEPTH_MAX : depth; /* the place itself is always told */

	if (raise->trace != TERM_NONE) {
		kind = TRACE_LIST;
		info = raise->trace;
		depth = 0;
	} else if (place->export != NULL && !raise->by_program &&
		   !raises_for_caller(place->export)) {
		kind = TRACE_CALL;
		export = place->export;
		info = heap_tuple_of(heap, list_of(heap, place->args, place->arity), raise->cause);
		if (depth > 0)
			depth--;
	} else if (place->function_clause) {
		kind = TRACE_FIRST_ARGS;
		info = list_of(heap, place->args, place->arity);
	} else if (raise->error_info != TERM_NONE && raise->error_info != 0) {
		kind = TRACE_ERROR_INFO;
		info = heap_tuple_of(heap, raise->args, raise->error_info);
	} else if (raise->args != TERM_NONE) {
		kind = TRACE_FIRST_ARGS;
		info = raise->args;
	}
	/* A native stands in its Erlang half's place: that is no caller of it. */
	bool skipped = export != NULL && place->pc != NULL &&
		       (is_in(place->pc, export) || (place->tail && is_code_in_otp(export)));
	if (skipped && depth > 0 && depth < TRACE_DEPTH_MAX)
		depth++;
	size_t n = depth == 0 ? 0 : addresses_at(p, place->pc, place->called, addresses, depth);
	if (n > 0 && skipped && addresses[0] == place->pc + 1)
		memmove(addresses, addresses + 1, --n * sizeof(*addresses));
	term *t = heap_alloc(heap, 1 + TRACE_WORDS + n);
	t[0] = HEADER(BOXED_TRACE, TRACE_WORDS + n);
	t[1] = ((term)kind << 2 | raise->class) << 3;
	t[2] = (term)(uintptr_t) export;
	for (size_t i = 0; i < n; i++)
		t[1 + TRACE_WORDS + i] = (term)(uintptr_t)addresses[i];
	term raw = term_of_boxed(t);
	return info == TERM_NONE ? raw : heap_cons(heap, info, raw);
}

static term class_atom(enum exception_class class)
{
	switch (class) {
	case CLASS_ERROR:
		return A(error);
	case CLASS_EXIT:
		return A(exit);
	case CLASS_THROW:
		return A(throw);
	}
	return A(error);
}

/* The innermost catch at or above the top of the stack. Its handler is preceded by which word of its frame holds it. */
static const uint64_t *find_catch(struct proc *p)
{
	for (term *s = p->mem.heap.limit; s < p->mem.end; s++) {
		if ((*s & IMM_MASK) != IMM_CATCH)
			continue;
		const uint64_t *handler = (const uint64_t *)(uintptr_t)(*s >> 6 << 3);
		p->mem.heap.limit = s - (handler[-1] >> 32);
		return handler;
	}
	return NULL;
}

/* Whether all that would see an exception are tracers of calls: nobody catches it. */
static bool is_only_traced(const struct proc *p)
{
	bool traced = false;
	for (const term *s = p->mem.heap.limit; s < p->mem.end; s++) {
		if ((*s & IMM_MASK) != IMM_CATCH)
			continue;
		if ((const uint64_t *)(uintptr_t)(*s >> 6 << 3) != exec_trace_unwind())
			return false;
		traced = true;
	}
	return traced;
}

/* A throw that nobody catches is an error, for tracers as well. The class is part of the trace: one from before is put into words. */
static _noinline_ void throw_to_nobody(struct proc *p, struct raise *raise)
{
	struct heap *heap = proc_heap(p);
	raise->class = CLASS_ERROR;
	raise->reason = heap_tuple_of(heap, A(nocatch), raise->reason);
	if (raise->trace != TERM_NONE && trace_of(raise->trace) != NULL)
		raise->trace = exec_build_stacktrace(heap, raise->trace);
}

const uint64_t *raise_unwind(struct proc *p, term *x, const struct raise_place *place)
{
	struct raise *raise = &p->extra->raise;
	if (unlikely(raise->class == CLASS_THROW) && p->extra->trace != NULL && is_only_traced(p))
		throw_to_nobody(p, raise);
	if (raise->trace == TERM_NONE || trace_of(raise->trace) == NULL)
		raise->trace = take_trace(p, place);
	raise->args = TERM_NONE;
	raise->cause = TERM_NONE;
	raise->error_info = TERM_NONE;
	p->outcome = OUTCOME_NONE;
	const uint64_t *handler = find_catch(p);
	if (handler == NULL)
		return NULL;
	x[0] = TERM_NONE;
	x[1] = class_atom(raise->class);
	x[2] = raise->reason;
	x[3] = raise->trace;
	raise->reason = TERM_NONE;
	raise->trace = TERM_NONE;
	return handler;
}

static void set_again(struct proc *p, enum exception_class class, term raw, term reason)
{
	struct raise *raise = &proc_extra(p)->raise;
	*raise = (struct raise){ .class = class,
		.reason = reason,
		.trace = raw,
		.args = TERM_NONE,
		.cause = TERM_NONE };
	p->outcome = OUTCOME_RAISE;
}

void raise_again(struct proc *p, term raw, term reason)
{
	const term *trace = trace_of(raw);
	set_again(p, trace == NULL ? CLASS_ERROR : trace_class(trace), raw, reason);
}

bool raise_again_as(struct proc *p, term class, term raw, term reason)
{
	enum exception_class c = class == A(error)  ? CLASS_ERROR
				 : class == A(exit) ? CLASS_EXIT
						    : CLASS_THROW;
	if (class != class_atom(c))
		return false;
	/* The class is part of the trace: what is raised under another one gets a trace of its own. */
	const term *trace = trace_of(raw);
	if (trace != NULL && trace_class(trace) != c)
		raw = exec_build_stacktrace(proc_heap(p), raw);
	set_again(p, c, raw, reason);
	return true;
}

static term place_of(struct heap *heap, const struct module_code *m, const uint64_t *address)
{
	term file;
	uint32_t line;
	if (m == NULL || !module_line_at(m, address, &file, &line))
		return TERM_NIL;
	term place = heap_cons(heap, heap_tuple_of(heap, A(line), term_of_small(line)), TERM_NIL);
	return heap_cons(heap, heap_tuple_of(heap, A(file), file), place);
}

/* #{module => Module} or #{cause => Cause, module => Module}. */
static term error_info_map(struct heap *heap, term cause, term module)
{
	term keys[2] = { A(cause), A(module) };
	size_t n = cause == TERM_NONE ? 1 : 2;
	term keys_tuple = heap_tuple(heap, n, keys + (2 - n));
	term *map = heap_alloc(heap, 2 + n);
	map[0] = HEADER(BOXED_FLATMAP, 1 + n);
	map[1] = keys_tuple;
	if (n == 2)
		map[2] = cause;
	map[1 + n] = module;
	return term_of_boxed(map);
}

/* Which module of OTP explains errors of a module's BIFs; TERM_NONE: natives, which nobody explains.
 * Source: erts/emulator, the error_info of BIFs. */
static term error_module(term module)
{
	static const struct {
		term module, explainer;
	} rows[] = {
		{ A(binary), A(erl_stdlib_errors) },
		{ A(ets), A(erl_stdlib_errors) },
		{ A(lists), A(erl_stdlib_errors) },
		{ A(maps), A(erl_stdlib_errors) },
		{ A(math), A(erl_stdlib_errors) },
		{ A(re), A(erl_stdlib_errors) },
		{ A(unicode), A(erl_stdlib_errors) },
		{ A(os), A(erl_kernel_errors) },
		{ A(erl_ddll), A(erl_kernel_errors) },
		{ A(code), A(erl_kernel_errors) },
	};

	if (ns_is_native_module(module))
		return TERM_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].module == module)
			return rows[i].explainer;
	return A(erl_erts_errors);
}

/* A place of the items of `place` and {error_info, Map}. */
static term with_error_info(struct heap *heap, term map, term place)
{
	term last = heap_cons(heap, heap_tuple_of(heap, A(error_info), map), TERM_NIL);
	if (place == TERM_NIL)
		return last;
	/* [{file, F}, {line, L}] */
	return heap_cons(
		heap, cons_head(place), heap_cons(heap, cons_head(cons_tail(place)), last));
}

static term entry_of_call(struct heap *heap, const struct export *e, term info)
{
	term args = tuple_element(info, 0), cause = tuple_element(info, 1);
	term place = TERM_NIL;
	term explainer = error_module(e->module);
	if (explainer != TERM_NONE && (e->bif != NULL || e == apply_export_2 || e == apply_export_3))
		place = with_error_info(heap, error_info_map(heap, cause, explainer), place);
	return heap_tuple_of(heap, e->module, e->function, args, place);
}

/* One entry for an address; TERM_NONE when its code is gone. args: in place of the arity; error_info: a map; or TERM_NONE. */
static term entry_of_address(struct heap *heap, const uint64_t *address, term args, term error_info)
{
	const struct module_code *m = module_code_at(address - 1);
	if (m == NULL)
		return TERM_NONE;
	const struct function_header *f = module_function_at(m, address - 1);
	if (f == NULL)
		return TERM_NONE;
	if (args == TERM_NONE)
		args = term_of_small((int64_t)(f->arity & 0xFF));
	term place = place_of(heap, m, address - 1);
	if (error_info != TERM_NONE)
		place = with_error_info(heap, error_info, place);
	return heap_tuple_of(heap, m->name, f->function, args, place);
}

term exec_build_stacktrace(struct heap *heap, term raw)
{
	const term *trace = trace_of(raw);
	if (trace == NULL)
		return raw;
	enum trace_kind kind = trace_kind(trace);
	term info = term_is_cons(raw) ? cons_head(raw) : TERM_NONE;
	if (kind == TRACE_LIST)
		return info;
	term args = TERM_NONE, error_info = TERM_NONE;
	if (kind == TRACE_FIRST_ARGS) {
		args = info;
	} else if (kind == TRACE_ERROR_INFO) {
		args = tuple_element(info, 0);
		error_info = tuple_element(info, 1);
	}
	size_t n = header_size(trace[0]) - TRACE_WORDS;
	term list = TERM_NIL;
	for (size_t i = n; i > 0; i--) {
		const uint64_t *address = (const uint64_t *)(uintptr_t)trace[TRACE_WORDS + i];
		term entry = entry_of_address(
			heap, address, i == 1 ? args : TERM_NONE, i == 1 ? error_info : TERM_NONE);
		if (entry != TERM_NONE)
			list = heap_cons(heap, entry, list);
	}
	if (kind == TRACE_CALL)
		list = heap_cons(heap,
			entry_of_call(heap, (const struct export *)(uintptr_t)trace[2], info),
			list);
	return list;
}

term raise_catch_value(struct proc *p, const term *x)
{
	struct heap *heap = proc_heap(p);
	if (x[1] == A(throw))
		return x[2];
	if (x[1] == A(exit))
		return heap_tuple_of(heap, A(EXIT), x[2]);
	return heap_tuple_of(
		heap, A(EXIT), heap_tuple_of(heap, x[2], exec_build_stacktrace(heap, x[3])));
}

term exec_exit_reason(struct proc *p)
{
	const struct raise *raise = &proc_extra(p)->raise;
	struct heap *heap = proc_heap(p);
	term trace =
		raise->trace == TERM_NONE ? TERM_NIL : exec_build_stacktrace(heap, raise->trace);
	switch (raise->class) {
	case CLASS_EXIT:
		break;
	case CLASS_ERROR:
		return heap_tuple_of(heap, raise->reason, trace);
	case CLASS_THROW:
		return heap_tuple_of(heap, heap_tuple_of(heap, A(nocatch), raise->reason), trace);
	}
	return raise->reason;
}
