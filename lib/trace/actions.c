/* SPDX-License-Identifier: Apache-2.0 */
/* What match specifications for tracing do besides matching. Run by the traced process.
 *
 * Invariant: an action may empty an entry's flags or add an entry, never free one: whoever runs specifications is walking them, and
 * settles afterwards. */
#include "bif/bif.h"
#include "binary/binary.h"
#include "code/module.h"
#include "exec/exec.h"
#include "proc/registry.h"
#include "term/atom.h"
#include "term/print.h"
#include "trace/event.h"
#include "trace/options.h"
#include "trace/seq.h"

struct acting {
	struct ms_tracing tracing;     /* first */
	struct trace_session *session; /* NULL: match_spec_test, nothing is changed */
	unsigned returns;
};

/* ------------------------------------------------------------------------------------------------ flags */

static void change_flags(
	struct proc *p, struct trace_session *s, uint32_t off, uint32_t on, term tracer)
{
	struct trace_ref *r = tracee_ref(p, s);
	if (r == NULL) {
		if (on == 0 || tracer == TERM_NONE)
			return;
		r = mem_zalloc(MEM_TRACE, sizeof(*r));
		r->session = trace_session_ref(s);
		r->tracer = tracer;
		r->next = tracee_make(p)->refs;
		p->extra->trace->refs = r;
	}
	r->flags = (r->flags & ~off) | on;
	if (tracer != TERM_NONE)
		r->tracer = tracer;
}

struct change_request {
	struct trace_session *session;
	uint32_t off, on;
	term tracer;
};

static void change_other(struct proc *p, void *arg)
{
	struct change_request *c = arg;
	if (p != NULL && p->ns == c->session->ns && trace_session_alive(c->session)) {
		change_flags(p, c->session, c->off, c->on, c->tracer);
		tracee_settle(p);
	}
	(void)trace_session_unref(c->session); /* always NULL */
	mem_free(MEM_TRACE, c, sizeof(*c));
}

/* who: a pid or a registered name. False: neither. */
static bool change_of(
	struct proc *p, struct trace_session *s, term who, uint32_t off, uint32_t on, term tracer)
{
	term pid = term_is_atom(who) ? registry_find(p->ns, who) : who;
	if (!term_is_local_pid(pid))
		return false;
	if (pid == p->pid) {
		change_flags(p, s, off, on, tracer);
		return true;
	}
	struct change_request *c = mem_alloc(MEM_TRACE, sizeof(*c));
	*c = (struct change_request){ trace_session_ref(s), off, on, tracer };
	proc_request(pid, change_other, c);
	return true;
}

/* The tracer that a process gets which has none yet: that of the one who runs the action. */
static term own_tracer(struct proc *p, struct trace_session *s)
{
	const struct trace_ref *r = tracee_ref(p, s);
	return r == NULL ? s->tracer : r->tracer;
}

static bool flag_bit(term flag, uint32_t *ret)
{
	uint32_t mask = 0;
	bool cpu = false;
	if (flag == A(all) || !term_is_atom(flag) || !trace_flag_parse(flag, &mask, &cpu) || cpu)
		return false;
	*ret = mask;
	return true;
}

static term enable(struct acting *a, struct proc *p, const term *args, uint32_t count, bool on)
{
	uint32_t mask;
	term who = count == 2 ? args[0] : p->pid;
	if (!flag_bit(args[count - 1], &mask) || a->session == NULL)
		return TERM_NONE;
	if (!change_of(p, a->session, who, on ? 0 : mask, on ? mask : 0,
		    on ? own_tracer(p, a->session) : TERM_NONE))
		return TERM_NONE;
	return A(true);
}

static term change_lists(struct acting *a, struct proc *p, const term *args, uint32_t count)
{
	term who = count == 3 ? args[0] : p->pid;
	uint32_t off = 0, on = 0;
	bool cpu = false;
	term tracer = TERM_NONE, old_tracer = TERM_NONE;
	if (a->session == NULL)
		return A(true);
	if (!trace_flags_parse(p, a->session, args[count - 2], &off, &old_tracer, &cpu) ||
		!trace_flags_parse(p, a->session, args[count - 1], &on, &tracer, &cpu) || cpu)
		return TERM_NONE;
	if (tracer == TERM_NONE)
		tracer = own_tracer(p, a->session);
	return change_of(p, a->session, who, off, on, tracer) ? A(true) : TERM_NONE;
}

static term silent(struct acting *a, struct proc *p, term arg)
{
	if ((arg == A(true) || arg == A(false)) && a->session != NULL)
		change_flags(p, a->session, arg == A(false) ? TRACE_SILENT : 0,
			arg == A(true) ? TRACE_SILENT : 0, TERM_NONE);
	return A(true);
}

/* ------------------------------------------------------------------------------------------------ places */

static term caller_of(struct proc *p, bool line)
{
	term at[4];
	const uint64_t *place = exec_returns_to(p, p->mem.heap.limit);
	const struct module_code *m = place == NULL ? NULL : module_code_at(place - 1);
	if (m == NULL)
		return A(undefined);
	struct heap *heap = bif_heap(p);
	if (!line)
		return heap_copy(heap, event_mfa_of(place, at));
	term file, where = A(undefined), mfa = event_mfa_of(place, at);
	uint32_t number;
	if (module_line_at(m, place - 1, &file, &number))
		where = heap_tuple_of(heap, heap_copy(heap, file), term_of_small(number));
	return heap_tuple_of(
		heap, tuple_element(mfa, 0), tuple_element(mfa, 1), tuple_element(mfa, 2), where);
}

#define DEPTH_MAX 256

static term stacktrace(struct proc *p, const term *args, uint32_t count)
{
	const uint64_t *addresses[DEPTH_MAX + 1];
	size_t max = count == 1 && small_value(args[0]) < DEPTH_MAX
			     ? (size_t)small_value(args[0])
			     : atomic_load_relaxed(&p->ns->backtrace_depth);
	if (max > DEPTH_MAX)
		max = DEPTH_MAX;
	/* The first one is the traced function itself. */
	size_t n = exec_frames(p, addresses, max + 1),
	       first = n > 0 && addresses[0] == proc_pc(p) + 1;
	struct heap *heap = bif_heap(p);
	term list = TERM_NIL;
	for (size_t i = n < first + max ? n : first + max; i > first; i--) {
		term at[4], mfa = event_mfa_of(addresses[i - 1], at), file, place = TERM_NIL;
		const struct module_code *m = module_code_at(addresses[i - 1] - 1);
		uint32_t line;
		if (mfa == A(undefined))
			continue;
		if (module_line_at(m, addresses[i - 1] - 1, &file, &line)) {
			place = heap_cons(
				heap, heap_tuple_of(heap, A(line), term_of_small(line)), TERM_NIL);
			place = heap_cons(
				heap, heap_tuple_of(heap, A(file), heap_copy(heap, file)), place);
		}
		term entry = heap_tuple_of(heap, tuple_element(mfa, 0), tuple_element(mfa, 1),
			tuple_element(mfa, 2), place);
		list = heap_cons(heap, entry, list);
	}
	return list;
}

/* What process_info(backtrace) shows in short: frames without what they hold. */
static term dump(struct proc *p)
{
	const uint64_t *addresses[DEPTH_MAX];
	size_t n = exec_frames(p, addresses, DEPTH_MAX);
	VEC(char) text = { 0 };
	char line[600];
	for (size_t i = 0; i < n; i++) {
		term at[4], mfa = event_mfa_of(addresses[i], at);
		struct print_out out;
		if (mfa == A(undefined))
			continue;
		print_init_fixed(&out, line, sizeof(line));
		print_display(&out, mfa);
		for (const char *c = line; *c != '\0'; c++)
			vec_push(&text, *c);
		vec_push(&text, '\n');
	}
	term binary = bits_of_bytes(bif_heap(p), text.items, text.count);
	vec_done(&text);
	return binary;
}

/* ------------------------------------------------------------------------------------------------ all of them */

static term control_word(struct acting *a, const term *args, uint32_t count)
{
	if (count == 1 && (!term_is_small(args[0]) || small_value(args[0]) < 0 ||
				  small_value(args[0]) > UINT32_MAX))
		return TERM_NONE;
	if (a->session == NULL)
		return TERM_ZERO;
	uint64_t old = count == 1 ? atomic_exchange_explicit(&a->session->control_word,
					    (uint64_t)small_value(args[0]), memory_order_relaxed)
				  : atomic_load_relaxed(&a->session->control_word);
	return term_of_small((int64_t)old);
}

static term act(struct ms_tracing *tracing, struct proc *p, enum ms_action action, const term *args,
	uint32_t count)
{
	struct acting *a = (struct acting *)(void *)tracing; /* first member */
	switch (action) {
	case MS_ACTION_caller:
		return a->session == NULL ? A(undefined) : caller_of(p, false);
	case MS_ACTION_caller_line:
		return a->session == NULL ? A(undefined) : caller_of(p, true);
	case MS_ACTION_current_stacktrace:
		return stacktrace(p, args, count);
	case MS_ACTION_disable_trace:
		return enable(a, p, args, count, false);
	case MS_ACTION_display:
		return bif_erlang_display_1(p, args);
	case MS_ACTION_enable_trace:
		return enable(a, p, args, count, true);
	case MS_ACTION_exception_trace:
		a->returns |= RETURNS_EXCEPTION;
		return A(true);
	case MS_ACTION_get_seq_token:
		return seq_token(p);
	case MS_ACTION_get_tcw:
	case MS_ACTION_set_tcw:
		return control_word(a, args, count);
	case MS_ACTION_is_seq_trace:
		return term_of_bool(seq_token(p) != TERM_NIL);
	case MS_ACTION_message:
		a->tracing.message = args[0];
		return A(true);
	case MS_ACTION_process_dump:
		return dump(p);
	case MS_ACTION_return_trace:
		a->returns |= RETURNS_VALUE;
		return A(true);
	case MS_ACTION_set_seq_token:
		return a->session == NULL                          ? seq_token(p)
		       : seq_set(p, args[0], args[1]) == TERM_NONE ? A(EXIT)
								   : seq_token(p);
	case MS_ACTION_silent:
		return silent(a, p, args[0]);
	case MS_ACTION_trace:
		return change_lists(a, p, args, count);
	}
	return TERM_NONE;
}

bool event_matches(struct proc *p, struct trace_session *s, const struct matchspec *ms, term args,
	unsigned *ret_returns, term *ret_message)
{
	if (ms == NULL)
		return true;
	struct acting a = { .tracing = { .act = act, .message = A(true) }, .session = s };
	struct ms_run run;
	ms_run_init(&run, ms, p);
	bool matches = ms_run_trace(&run, &a.tracing, args);
	ms_run_done(&run);
	if (ret_returns != NULL)
		*ret_returns = matches ? a.returns : 0;
	if (!matches || a.tracing.message == A(false))
		return false;
	*ret_message = a.tracing.message == A(true) ? TERM_NONE : a.tracing.message;
	return true;
}

/* erlang:match_spec_test(List, Spec, trace): {ok, Message, Returns, []}. */
static term test(struct proc *p, const struct matchspec *ms, term args)
{
	struct heap *heap = bif_heap(p);
	struct acting a = { .tracing = { .act = act, .message = A(true) } };
	struct ms_run run;
	ms_run_init(&run, ms, p);
	bool matches = ms_run_trace(&run, &a.tracing, args);
	ms_run_done(&run);
	term flags = TERM_NIL;
	if (matches && (a.returns & RETURNS_EXCEPTION))
		flags = heap_cons(heap, A(exception_trace), flags);
	if (matches && (a.returns & RETURNS_VALUE))
		flags = heap_cons(heap, A(return_trace), flags);
	return heap_tuple_of(heap, A(ok), matches ? a.tracing.message : A(false), flags, TERM_NIL);
}

void event_init(void)
{
	matchspec_trace_test = test;
}
