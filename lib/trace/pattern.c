/* SPDX-License-Identifier: Apache-2.0 */
/* erlang:trace_pattern/3 and trace:function/4: which functions have breakpoints, and what of messages is told. */
#include "trace/pattern.h"
#include "base/epoch.h"
#include "bif/bif.h"
#include "code/module.h"
#include "term/atom.h"
#include "trace/breakpoint.h"
#include "trace/options.h"

#include "heap/offheap.h"

struct pattern {
	struct change change;
	term module, function; /* TERM_NONE: all */
	int64_t arity;         /* -1: all */
	uint64_t matched;
	struct trace_space *space;
};

/* ------------------------------------------------------------------------------------------------ functions */

static bool fits(const struct pattern *pt, term function, uint32_t arity)
{
	return (pt->function == TERM_NONE || pt->function == function) &&
	       (pt->arity < 0 || pt->arity == arity);
}

/* What a function gets that has code of its own. */
static void apply_to_function(
	struct pattern *pt, const struct function_header *h, const struct export *e, bool exported)
{
	struct change c = pt->change;
	uint64_t *entry = (uint64_t *)(uintptr_t)h + FUNCTION_HEADER_WORDS;
	if (e != NULL && ns_bif(pt->space->ns, e) != NULL) {
		breakpoint_change_name(pt->space, e, &c);
		pt->matched++;
		return;
	}
	if (c.what & WHAT_BREAKPOINT) {
		breakpoint_change_code(entry, &c);
		pt->matched++;
		if (c.on && e != NULL) { /* the other sort of tracing ends */
			struct change off = {
				.session = c.session, .what = WHAT_GLOBAL, .meta_tracer = TERM_NONE
			};
			breakpoint_change_name(pt->space, e, &off);
		}
		return;
	}
	if (!exported)
		return;
	pt->matched++;
	breakpoint_change_name(pt->space, e, &c);
	if (c.on) {
		struct change off = {
			.session = c.session, .what = WHAT_BREAKPOINT, .meta_tracer = TERM_NONE
		};
		breakpoint_change_code(entry, &off);
	}
}

static void apply_to_code(struct pattern *pt, const struct module_code *code)
{
	for (size_t i = 0; i < code->function_count; i++) {
		const struct function_header *h =
			(const struct function_header *)(code->code + code->functions[i]);
		uint32_t arity = (uint32_t)(h->arity & 0xFF);
		if (!fits(pt, h->function, arity))
			continue;
		const struct export *e = export_find(code->name, h->function, arity);
		apply_to_function(pt, h, e, module_export(code, h->function, arity) != NULL);
	}
}

static void apply_to_module(struct module *m, void *arg)
{
	struct pattern *pt = arg;
	const struct module_code *code =
		atomic_load_acquire(&m->current); /* Pairs with ns_publish(). */
	if (code != NULL)
		apply_to_code(pt, code);
}

/* C functions of a module that is not loaded. */
static void apply_to_bifs(struct pattern *pt)
{
	for (uint32_t n = 0; n < export_stub_count(); n++) {
		const struct export *e = export_of(n);
		if (ns_bif(pt->space->ns, e) == NULL || e->module != pt->module ||
			!fits(pt, e->function, e->arity))
			continue;
		breakpoint_change_name(pt->space, e, &pt->change);
		pt->matched++;
	}
}

static void apply(struct pattern *pt)
{
	struct ns *ns = pt->space->ns;
	mutex_lock(&ns->code_lock);
	mutex_lock(&trace_lock);
	if (pt->module == TERM_NONE) {
		ns_modules_each(ns, apply_to_module, pt);
	} else {
		struct module *m = ns_module(ns, pt->module);
		if (m != NULL &&
			atomic_load_acquire(&m->current) != NULL) /* Pairs with ns_publish(). */
			apply_to_module(m, pt);
		else
			apply_to_bifs(pt);
	}
	mutex_unlock(&trace_lock);
	mutex_unlock(&ns->code_lock);
}

uint64_t pattern_set_local(
	struct trace_session *s, term module, term function, int64_t arity, struct matchspec *ms)
{
	struct pattern pt = {
		.change = { .session = s,
			.what = WHAT_LOCAL,
			.on = true,
			.ms = ms,
			.meta_tracer = TERM_NONE },
		.module = module,
		.function = function,
		.arity = arity,
		.space = trace_space(s->ns),
	};
	apply(&pt);
	return pt.matched;
}

/* ------------------------------------------------------------------------------------------------ code that comes */

static void replace(struct matchspec **slot, struct matchspec *ms)
{
	if (*slot != NULL)
		matchspec_put(*slot);
	*slot = ms;
	if (ms != NULL)
		counted_ref(&ms->counted);
}

/* Source: change_on_load_trace_pattern() of OTP. */
static void change_on_load(struct trace_session *s, const struct change *c)
{
	mutex_lock(&trace_lock);
	unsigned what = c->what, had = s->on_load.what;
	bool breakpoint = (what & WHAT_BREAKPOINT) != 0,
	     had_breakpoint = (had & WHAT_BREAKPOINT) != 0;
	if ((what & WHAT_LOCAL) || !breakpoint)
		replace(&s->on_load.ms, c->ms);
	if (what & WHAT_META) {
		replace(&s->on_load.meta_ms, c->ms);
		s->on_load.meta_tracer = c->meta_tracer;
	} else if (!breakpoint) {
		replace(&s->on_load.meta_ms, NULL);
		s->on_load.meta_tracer = TERM_NONE;
	}
	if (c->pause || c->restart)
		what &= ~(unsigned)(WHAT_COUNT | WHAT_TIME | WHAT_MEMORY);
	bool on = c->on || c->pause || c->restart;
	if (had_breakpoint && breakpoint) {
		s->on_load.what = on ? had | what : had & ~what;
		s->on_load.on = s->on_load.what != 0;
	} else if (!had_breakpoint && !breakpoint) {
		s->on_load.on = on;
		s->on_load.what = on ? WHAT_GLOBAL : 0;
	} else if (on) {
		s->on_load.what = breakpoint ? what & WHAT_BREAKPOINT : WHAT_GLOBAL;
		s->on_load.on = s->on_load.what != 0;
	}
	mutex_unlock(&trace_lock);
}

struct arrival {
	struct trace_space *space;
	const struct module_code *code;
};

static void apply_on_load(struct arrival *a, struct trace_session *s)
{
	if (!s->on_load.on || !trace_session_alive(s))
		return;
	struct pattern pt = {
		.space = a->space, .module = TERM_NONE, .function = TERM_NONE, .arity = -1
	};
	unsigned meta = s->on_load.what & WHAT_META;
	if (meta != 0) {
		pt.change = (struct change){ .session = s,
			.what = meta,
			.on = true,
			.ms = s->on_load.meta_ms,
			.meta_tracer = s->on_load.meta_tracer };
		apply_to_code(&pt, a->code);
	}
	if (s->on_load.what & ~meta) {
		pt.change = (struct change){ .session = s,
			.what = s->on_load.what & ~meta,
			.on = true,
			.ms = s->on_load.ms,
			.meta_tracer = TERM_NONE };
		apply_to_code(&pt, a->code);
	}
}

void pattern_code_changed(struct ns *ns, struct module_code *code, struct module_code *before)
{
	struct trace_space *space = trace_space_of(ns);
	if (space == NULL)
		return;
	epoch_enter(); /* the loader's thread, or the host's */
	mutex_lock(&trace_lock);
	if (before != NULL)
		breakpoints_clear_code(space, before);
	if (code != NULL) {
		struct arrival a = { space, code };
		apply_on_load(&a, space->legacy);
		list_foreach(n, &space->sessions)
			apply_on_load(&a, list_entry(n, struct trace_session, link));
	}
	mutex_unlock(&trace_lock);
	epoch_leave();
}

/* ------------------------------------------------------------------------------------------------ reading */

/* False: badopt. */
static bool parse_options(struct proc *p, const struct trace_session *s, term list,
	struct change *c, bool *ret_global)
{
	bool global = false;
	c->meta_tracer = TERM_NONE;
	for (; term_is_cons(list); list = cons_tail(list)) {
		term o = cons_head(list);
		unsigned what;
		if (o == A(global)) {
			if (c->what != 0)
				return false;
			global = true;
			continue;
		}
		if (s->tracer == TERM_NONE && trace_tracer_option(o, A(meta), &c->meta_tracer)) {
			c->what |= WHAT_META;
			continue;
		}
		what = o == A(local)         ? WHAT_LOCAL
		       : o == A(meta)        ? WHAT_META
		       : o == A(call_count)  ? WHAT_COUNT
		       : o == A(call_time)   ? WHAT_TIME
		       : o == A(call_memory) ? WHAT_MEMORY
					     : 0;
		if (what == 0 || global)
			return false;
		if (what == WHAT_META && c->meta_tracer == TERM_NONE)
			c->meta_tracer = s->tracer != TERM_NONE ? s->tracer : p->pid;
		c->what |= what;
	}
	*ret_global = global;
	return list == TERM_NIL;
}

/* {M, F, A}, where '_' may stand for what comes last. */
static bool parse_mfa(term mfa, struct pattern *pt)
{
	if (!term_is_tuple_of(mfa, 3))
		return false;
	const term *t = tuple_elements(mfa);
	if (!term_is_atom(t[0]) || !term_is_atom(t[1]) ||
		(!term_is_small(t[2]) && t[2] != A(underscore)))
		return false;
	unsigned given = 0;
	while (given < 3 && t[given] != A(underscore))
		given++;
	for (unsigned i = given; i < 3; i++)
		if (t[i] != A(underscore))
			return false;
	pt->module = given > 0 ? t[0] : TERM_NONE;
	pt->function = given > 1 ? t[1] : TERM_NONE;
	pt->arity = given > 2 ? small_value(t[2]) : -1;
	/* No function has it, so none is meant. */
	if (given > 2 && (pt->arity < 0 || pt->arity > 255))
		pt->arity = 256;
	return true;
}

static term event_pattern(
	struct proc *p, struct trace_session *s, term event, const struct change *c, bool global)
{
	enum trace_filtered which = event == A(send) ? FILTER_SEND : FILTER_RECEIVE;
	if ((event != A(send) && event != A(receive)) || global || c->what != 0 || c->pause ||
		c->restart)
		return bif_badarg_cause(p, A(none));
	if (c->ms != NULL)
		counted_ref(&c->ms->counted);
	mutex_lock(&trace_lock);
	trace_filter_set(s, which, !c->on, c->ms);
	mutex_unlock(&trace_lock);
	return term_of_small(1);
}

static term set_pattern(
	struct proc *p, struct trace_session *s, term mfa, struct change *c, bool said_global)
{
	bool global = c->what == 0;
	if (mfa == A(on_load)) {
		if (global)
			c->what = WHAT_GLOBAL;
		change_on_load(s, c);
		return TERM_ZERO;
	}
	if (term_is_atom(mfa))
		return event_pattern(p, s, mfa, c, said_global);
	struct pattern pt = { .space = trace_space(p->ns) };
	if (!parse_mfa(mfa, &pt))
		return bif_badarg_cause(p, A(none));
	if (global)
		c->what = WHAT_GLOBAL;
	pt.change = *c;
	apply(&pt);
	bif_charge(p, pt.matched);
	return term_of_small((int64_t)pt.matched);
}

static term trace_pattern(
	struct proc *p, struct trace_session *s, term mfa, term spec, term options)
{
	struct change c = { .session = s };
	bool global;
	if (!parse_options(p, s, options, &c, &global))
		return bif_badarg_cause(p, A(badopt));
	c.pause = spec == A(pause);
	c.restart = spec == A(restart);
	c.on = spec != A(false) && !c.pause && !c.restart;
	if (c.on && spec != A(true) && spec != TERM_NIL) {
		c.ms = matchspec_compile(spec, MS_TRACE, NULL);
		if (c.ms == NULL)
			return bif_badarg_cause(p, A(match_spec));
	}
	term value;
	if (c.ms != NULL && (c.what & (WHAT_LOCAL | WHAT_META)) == 0 &&
		(c.what & WHAT_BREAKPOINT) != 0)
		value = bif_badarg_cause(p, A(call_count));
	else
		value = set_pattern(p, s, mfa, &c, global);
	if (c.ms != NULL)
		matchspec_put(c.ms);
	return value;
}

term bif_erts_internal_trace_pattern_3(struct proc *p, const term *args)
{
	return trace_pattern(p, trace_space(p->ns)->legacy, args[0], args[1], args[2]);
}

term bif_erts_internal_trace_pattern_4(struct proc *p, const term *args)
{
	struct trace_session *s = trace_session_of(p->ns, args[0], false);
	if (s == NULL)
		return bif_badarg_cause(p, A(session));
	term value = trace_pattern(p, s, args[1], args[2], args[3]);
	(void)trace_session_unref(s); /* always NULL */
	return value;
}
