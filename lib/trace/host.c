/* SPDX-License-Identifier: Apache-2.0 */
/* Tracing for the host. See trace/host.h. */
#include "trace/host.h"

#include "base/clock.h"
#include "base/epoch.h"
#include "report/report.h"
#include "term/atom.h"
#include "term/print.h"
#include "trace/pattern.h"
#include "trace/tracee.h"

#define TEXT_MAX 4000 /* bytes, however many are asked for */

struct host_trace {
	struct host_trace_options options; /* fixed */
	_Atomic int64_t left;
	_Atomic int64_t second; /* that is being counted */
	_Atomic uint64_t this_second;
	_Atomic bool over;
};

void host_trace_free(struct host_trace *h)
{
	if (h != NULL)
		mem_free(MEM_TRACE, h, sizeof(*h));
}

void host_trace_end(struct trace_session *s, const char *why)
{
	struct host_trace *h = s->host;
	bool over = false;
	if (!atomic_compare_exchange_strong_explicit(
		    &h->over, &over, true, memory_order_acq_rel, memory_order_relaxed))
		return;
	struct beamr_report report;
	report_begin(&report, BEAMR_REPORT_TRACE);
	report.reference = report_putf(&report, "%llu", (unsigned long long)s->id);
	report.restart = report_putf(&report, "%s", why);
	report_emit(&report);
}

/* ------------------------------------------------------------------------------------------------ events */

/* m:f(a, b), or m:f/n. */
static void print_mfa(struct print_out *out, term mfa)
{
	print_term(out, tuple_element(mfa, 0), PRINT_UNICODE, 0);
	print_string(out, ":");
	print_term(out, tuple_element(mfa, 1), PRINT_UNICODE, 0);
	term args = tuple_element(mfa, 2);
	if (term_is_small(args)) {
		print_format(out, "/%lld", (long long)small_value(args));
		return;
	}
	print_string(out, "(");
	for (; term_is_cons(args); args = cons_tail(args)) {
		print_term(out, cons_head(args), PRINT_STRINGS | PRINT_UNICODE, 0);
		if (term_is_cons(cons_tail(args)))
			print_string(out, ", ");
	}
	print_string(out, ")");
}

static bool is_mfa(term t)
{
	return term_is_tuple_of(t, 3) && term_is_atom(tuple_element(t, 0)) &&
	       term_is_atom(tuple_element(t, 1)) &&
	       (term_is_list(tuple_element(t, 2)) || term_is_small(tuple_element(t, 2)));
}

static bool takes_one_more(struct trace_session *s, struct host_trace *h, bool *ret_last)
{
	if (atomic_load_relaxed(&h->over))
		return false;
	int64_t now = clock_monotonic_nsec() / 1000000000, second = atomic_load_relaxed(&h->second);
	if (now != second && atomic_cas_acq_rel(&h->second, &second, now))
		atomic_store_relaxed(&h->this_second, 0);
	if (h->options.rate_max != 0 &&
		atomic_add_relaxed(&h->this_second, 1) >= h->options.rate_max) {
		host_trace_end(s, "rate");
		return false;
	}
	int64_t left = atomic_sub_acq_rel(&h->left, 1);
	*ret_last = left == 1;
	return left >= 1;
}

void host_trace_tell(struct proc *p, struct trace_session *s, const term *parts, unsigned count)
{
	struct host_trace *h = s->host;
	bool last = false;
	if (!takes_one_more(s, h, &last))
		return;
	char text[TEXT_MAX + 1];
	struct print_out out;
	size_t max = h->options.text_max < TEXT_MAX ? h->options.text_max : TEXT_MAX;
	print_init_fixed(&out, text, max + 1);
	term mfa = TERM_NONE;
	for (unsigned i = 0; i < count; i++) {
		if (parts[i] == TERM_NONE)
			continue;
		if (i > 0)
			print_string(&out, " ");
		if (i == 0) {
			struct atom_text tag = atom_text(parts[0]);
			print_bytes(&out, tag.bytes, tag.size);
		} else if (is_mfa(parts[i]) && parts[0] != A(send) && parts[0] != A(receive)) {
			mfa = parts[i];
			print_mfa(&out, mfa);
		} else {
			print_term(&out, parts[i], PRINT_STRINGS | PRINT_UNICODE, 0);
		}
	}
	proc_report_trace(p, s->id, text, mfa);
	if (last)
		host_trace_end(s, "count");
}

/* ------------------------------------------------------------------------------------------------ start */

struct host_change {
	struct trace_session *session;
	uint32_t mask;
};

static void change_asked(struct proc *p, void *arg)
{
	struct host_change *c = arg;
	if (p != NULL && trace_session_alive(c->session))
		(void)tracee_change(
			p, c->session, true, c->mask, A(true)); /* nobody else is its tracer */
	(void)trace_session_unref(c->session);                  /* always NULL */
	mem_free(MEM_TRACE, c, sizeof(*c));
}

static void ask_process(struct trace_session *s, term pid, uint32_t mask)
{
	struct host_change *c = mem_alloc(MEM_TRACE, sizeof(*c));
	*c = (struct host_change){ trace_session_ref(s), mask };
	proc_request(pid, change_asked, c);
}

static bool ask_each(struct proc *p, void *arg)
{
	const struct host_change *c = arg;
	if (p->ns == c->session->ns)
		ask_process(c->session, p->pid, c->mask);
	return true;
}

static void target_gone(void *arg)
{
	struct trace_session *s = arg;
	host_trace_end(s, "target");
	(void)trace_session_unref(s); /* always NULL */
}

static uint32_t mask_of(unsigned what)
{
	return (what & (HOST_CALL | HOST_RETURN | HOST_EXCEPTION) ? TRACE_CALL : 0) |
	       (what & HOST_SEND ? TRACE_SEND : 0) | (what & HOST_RECEIVE ? TRACE_RECEIVE : 0) |
	       (what & HOST_GC ? TRACE_GC : 0) | (what & HOST_SCHEDULE ? TRACE_RUNNING : 0);
}

/* [{'_', [], Actions}] */
static struct matchspec *spec_of(unsigned what)
{
	struct heap heap;
	heap_init_builder(&heap);
	term actions = TERM_NIL;
	if ((what & HOST_CALL) == 0)
		actions = heap_cons(&heap, heap_tuple_of(&heap, A(message), A(false)), actions);
	if (what & (HOST_RETURN | HOST_EXCEPTION))
		actions = heap_cons(&heap,
			heap_tuple_of(&heap,
				what & HOST_EXCEPTION ? A(exception_trace) : A(return_trace)),
			actions);
	term clause = heap_tuple_of(&heap, A(underscore), TERM_NIL, actions);
	struct matchspec *ms =
		matchspec_compile(heap_cons(&heap, clause, TERM_NIL), MS_TRACE, NULL);
	heap_done(&heap);
	return ms;
}

struct trace_session *host_trace_start(
	struct ns *ns, const struct host_trace_options *o, uint64_t *ret_matched)
{
	struct host_trace *h = mem_zalloc(MEM_TRACE, sizeof(*h));
	h->options = *o;
	atomic_store_relaxed(
		&h->left, (int64_t)(o->count_max > INT64_MAX ? INT64_MAX : o->count_max));
	struct trace_session *s = trace_session_new_for_host(ns, h);
	uint32_t mask = mask_of(o->what);
	*ret_matched = 0;
	epoch_enter();
	if (mask & TRACE_CALL) {
		struct matchspec *ms = spec_of(o->what);
		*ret_matched = pattern_set_local(s, o->module, o->function, o->arity, ms);
		matchspec_put(ms);
	}
	if (o->process != TERM_NONE) {
		ask_process(s, o->process, mask);
		proc_watch(o->process, target_gone, trace_session_ref(s));
	} else {
		struct host_change c = { s, mask };
		trace_new_processes(s, true, mask, A(true));
		proc_each(0, ask_each, &c);
	}
	epoch_leave();
	return s;
}
