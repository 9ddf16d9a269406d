/* SPDX-License-Identifier: Apache-2.0 */
/* What is told about a process that ends: one report, built by its owner in a fixed record, from its reason, its stack, and
 * what it was. Nothing of the mailbox, nothing of the state; bounded walks only.
 *
 * Three kinds of end: ordinary ones (normal, shutdown) are told to subscribers only; a fault of its own is a crash; a signal of
 * another process is an exit-signal, which names the first death of its chain. What OTP's proc_lib makes of a fault, an exit with
 * {Reason, Stack}, is told as the fault it was. */
#include "proc/life.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "exec/exec.h"
#include "proc/deaths.h"
#include "proc/dict.h"
#include "proc/relation.h"
#include "proc/table.h"
#include "term/atom.h"
#include "term/bits.h"
#include "term/ident.h"
#include "term/map.h"
#include "term/print.h"

#include <string.h>

#define OBITUARY_TEXT_MAX 255
#define OBITUARY_DETAIL_MAX 1000
#define OBITUARY_ANCESTORS_MAX 32
#define OBITUARY_DEPTH 30 /* levels and elements of a reason that are printed */

static struct {
	void (*fn)(void *user, const struct beamr_report *report);
	void *user;
} sink; /* fixed once schedulers run */

void proc_set_report(void (*fn)(void *user, const struct beamr_report *report), void *user)
{
	sink.fn = fn;
	sink.user = user;
}

static void emit(const struct beamr_report *report)
{
	if (sink.fn != NULL)
		sink.fn(sink.user, report);
	else
		report_emit(report);
}

static bool is_ordinary(term reason)
{
	return reason == A(normal) || reason == A(shutdown) ||
	       (term_is_tuple_of(reason, 2) && tuple_element(reason, 0) == A(shutdown));
}

/* ------------------------------------------------------------------------------------------------ texts */

static uint16_t put_term(struct beamr_report *r, term t, size_t max)
{
	char text[REPORT_REASON_MAX + 1];
	struct print_out out;
	print_init_fixed(&out, text, max + 1 < sizeof(text) ? max + 1 : sizeof(text));
	print_term(&out, t, PRINT_STRINGS | PRINT_UNICODE, OBITUARY_DEPTH);
	r->cut |= out.truncated;
	return report_put(r, text, out.size, max);
}

static uint16_t put_atom(struct beamr_report *r, term atom)
{
	struct atom_text text = atom_text(atom);
	return report_put(r, (const char *)text.bytes, text.size, OBITUARY_TEXT_MAX * 4);
}

/* A binary or a list of characters as it is; other terms printed. */
static uint16_t put_text(struct beamr_report *r, term t, size_t max)
{
	if (term_is_binary(t)) {
		struct bits bits = bits_of(t);
		if (bits.offset == 0)
			return report_put(r, (const char *)bits.data, bits.size / 8, max);
	}
	if (term_is_cons(t)) {
		char text[OBITUARY_DETAIL_MAX];
		size_t n = 0;
		term l = t;
		for (; term_is_cons(l) && n + 4 < sizeof(text); l = cons_tail(l)) {
			term c = cons_head(l);
			int size =
				term_is_small(c) && small_value(c) > 0 && small_value(c) <= 0x10FFFF
					? utf8_encode((uint32_t)small_value(c), (uint8_t *)text + n)
					: 0;
			if (size == 0)
				return put_term(r, t, max);
			n += (size_t)size;
		}
		return report_put(r, text, n, max);
	}
	return term_is_atom(t) ? put_atom(r, t) : put_term(r, t, max);
}

static const char *text_at(const struct beamr_report *r, uint16_t at)
{
	return report_text(r, at);
}

/* ------------------------------------------------------------------------------------------------ stack */

/* {M, F, ArityOrArgs, Location} */
static bool is_frame(term t)
{
	return term_is_tuple(t) && tuple_arity(t) >= 3 && tuple_arity(t) <= 4 &&
	       term_is_atom(tuple_element(t, 0)) && term_is_atom(tuple_element(t, 1));
}

static bool is_stack(term t)
{
	return t == TERM_NIL || (term_is_cons(t) && is_frame(cons_head(t)));
}

static void add_frame(struct beamr_report *r, term item)
{
	if (!is_frame(item) || r->frame_count == REPORT_FRAMES_MAX)
		return;
	struct beamr_report_frame *frame = &r->frames[r->frame_count];
	const term *e = tuple_elements(item);
	*frame = (struct beamr_report_frame){ .module = put_atom(r, e[0]),
		.function = put_atom(r, e[1]) };
	if (term_is_small(e[2])) {
		frame->arity = (uint16_t)small_value(e[2]);
	} else {
		for (term l = e[2]; term_is_cons(l) && frame->arity < 255; l = cons_tail(l))
			frame->arity++;
	}
	for (term l = tuple_arity(item) > 3 ? e[3] : TERM_NIL; term_is_cons(l); l = cons_tail(l)) {
		term pair = cons_head(l);
		if (!term_is_tuple_of(pair, 2))
			continue;
		if (tuple_element(pair, 0) == A(line) && term_is_small(tuple_element(pair, 1)))
			frame->line = (uint32_t)small_value(tuple_element(pair, 1));
		if (tuple_element(pair, 0) == A(file))
			frame->file = put_text(r, tuple_element(pair, 1), 512);
	}
	if (frame->function != 0)
		r->frame_count++;
}

/* ------------------------------------------------------------------------------------------------ why */

static bool put_gleam_field(struct beamr_report *r, term map, term key, uint16_t *ret)
{
	term value = map_get(map, key);
	if (value == TERM_NONE)
		return false;
	*ret = put_text(r, value, OBITUARY_DETAIL_MAX);
	return true;
}

/* panic, todo, let assert and assert of Gleam: file and line are exact there. */
static bool put_gleam(struct beamr_report *r, term reason)
{
	if (!term_is_map(reason))
		return false;
	term kind = map_get(reason, A(gleam_error));
	if (kind == TERM_NONE || !term_is_atom(kind))
		return false;
	r->fault = put_atom(r, kind);
	(void)put_gleam_field(r, reason, A(file), &r->file);
	(void)put_gleam_field(r, reason, A(module), &r->module);
	(void)put_gleam_field(r, reason, A(function), &r->function);
	term line = map_get(reason, A(line));
	if (line != TERM_NONE && term_is_small(line))
		r->line = (uint32_t)small_value(line);
	(void)put_gleam_field(r, reason, A(message), &r->detail);
	return true;
}

/* A few values, made to be counted: the reason when it is an atom, or the atom it begins with. */
static void put_fault(struct beamr_report *r, term reason, bool by_signal)
{
	if (term_is_atom(reason))
		r->fault = put_atom(r, reason);
	else if (term_is_tuple(reason) && tuple_arity(reason) > 0 &&
		 term_is_atom(tuple_element(reason, 0)))
		r->fault = put_atom(r, tuple_element(reason, 0));
	else
		r->fault = report_putf(r, "%s", by_signal ? "signal" : "other");
}

/* Where the fault is, when the reason has not told it: the innermost frame with a file. */
static void put_place(struct beamr_report *r)
{
	for (uint32_t i = 0; i < r->frame_count && r->file == 0; i++) {
		const struct beamr_report_frame *frame = &r->frames[i];
		if (frame->file == 0)
			continue;
		r->file = frame->file;
		r->line = frame->line;
		r->module = frame->module;
		r->function = frame->function;
		r->arity = frame->arity;
	}
}

/* Class, reason, frames. proc_lib ends a process that failed with exit({Reason, Stack}). */
static void put_reason(struct beamr_report *r, struct proc *p, term reason, bool by_signal)
{
	static const char *const classes[] = { "error", "exit", "throw" };
	enum exception_class class = p->extra->raise.class;
	term stack = TERM_NIL;
	if (term_is_tuple_of(reason, 2) && is_stack(tuple_element(reason, 1)) &&
		tuple_element(reason, 1) != TERM_NIL) {
		stack = tuple_element(reason, 1);
		reason = tuple_element(reason, 0);
		if (class == CLASS_EXIT)
			class = CLASS_ERROR;
		if (term_is_tuple_of(reason, 2) && tuple_element(reason, 0) == A(nocatch)) {
			class = CLASS_THROW;
			reason = tuple_element(reason, 1);
		}

	} else if (class != CLASS_EXIT && term_is_tuple_of(reason, 2) &&
		   tuple_element(reason, 1) == TERM_NIL) {
		reason = tuple_element(reason, 0);
	} else if (!by_signal && p->extra->raise.trace != TERM_NONE) {

		stack = exec_build_stacktrace(proc_heap(p), p->extra->raise.trace);
	}
	r->class = report_putf(r, "%s", classes[by_signal ? CLASS_EXIT : class]);
	if (!by_signal) {
		for (term l = stack; term_is_cons(l); l = cons_tail(l))
			add_frame(r, cons_head(l));
	}
	r->reason = put_term(r, reason, REPORT_REASON_MAX);
	if (by_signal || !put_gleam(r, reason))
		put_fault(r, reason, by_signal);
	if (!by_signal)
		put_place(r);
}

/* ------------------------------------------------------------------------------------------------ who */

struct peers {
	struct beamr_report *report;
	char text[REPORT_PEERS_MAX * 32];
	size_t size;
	uint32_t total;
};

static void add_peer(struct peers *peers, term pid)
{
	struct print_out out;
	if (peers->total++ >= REPORT_PEERS_MAX || peers->size + 32 > sizeof(peers->text))
		return;
	if (peers->size > 0)
		peers->text[peers->size++] = '\n';
	print_init_fixed(&out, peers->text + peers->size, 31);
	print_term(&out, pid, PRINT_PLAIN, 0);
	peers->size += out.size;
}

static bool add_link(term other, void *arg)
{
	add_peer(arg, other);
	return true;
}

static bool add_watcher(term watcher, term reference, void *arg)
{
	add_peer(arg, watcher);
	return true;
}

static void put_peers(struct beamr_report *r, struct proc *p)
{
	struct peers links = { .report = r }, watchers = { .report = r };
	proc_links_each(p, add_link, &links);
	proc_monitored_by_each(p, add_watcher, &watchers);
	r->links = report_put(r, links.text, links.size, sizeof(links.text));
	r->links_total = links.total;
	r->monitored_by = report_put(r, watchers.text, watchers.size, sizeof(watchers.text));
	r->monitored_by_total = watchers.total;
}

static void put_initial_call(struct beamr_report *r, struct proc *p)
{
	term mfa = proc_dict_get(p, A(initial_call_key));
	if (mfa != TERM_NONE && term_is_tuple_of(mfa, 3) && term_is_small(tuple_element(mfa, 2))) {
		uint16_t module = put_text(r, tuple_element(mfa, 0), OBITUARY_TEXT_MAX);
		uint16_t function = put_text(r, tuple_element(mfa, 1), OBITUARY_TEXT_MAX);
		r->initial_call = report_putf(r, "%s:%s/%d", text_at(r, module),
			text_at(r, function), (int)small_value(tuple_element(mfa, 2)));
	} else if (p->initial_call != NULL) {
		struct atom_text module = atom_text(p->initial_call->module);
		struct atom_text function = atom_text(p->initial_call->function);
		r->initial_call = report_putf(r, "%.*s:%.*s/%u", (int)module.size,
			(const char *)module.bytes, (int)function.size,
			(const char *)function.bytes, (unsigned)p->initial_call->arity);
	}
}

static void put_ancestors(struct beamr_report *r, struct proc *p)
{
	char text[OBITUARY_ANCESTORS_MAX * 64];
	struct print_out out;
	term list = proc_dict_get(p, A(ancestors));
	print_init_fixed(&out, text, sizeof(text));
	for (int i = 0; list != TERM_NONE && term_is_cons(list) && i < OBITUARY_ANCESTORS_MAX;
		i++) {
		if (i > 0)
			print_string(&out, " ");
		print_term(&out, cons_head(list), PRINT_UNICODE, 2);
		list = cons_tail(list);
	}
	r->ancestors = report_put(r, text, out.size, sizeof(text));
}

static void put_identity(struct beamr_report *r, struct proc *p)
{
	struct proc_published now;
	proc_published(p, &now);
	term name =
		atomic_load_relaxed(&p->name); /* the owner looks: nobody gives it one any more */
	term label = proc_dict_get(p, A(process_label_key));
	r->namespace_name = report_putf(r, "%s", p->ns->name);
	r->process = put_term(r, p->pid, OBITUARY_TEXT_MAX);
	r->serial = now.serial;
	if (name != TERM_NONE)
		r->name = put_atom(r, name);
	if (label != TERM_NONE)
		r->label = put_text(r, label, OBITUARY_TEXT_MAX);
	if (p->parent != TERM_NONE && term_is_pid(p->parent))
		r->parent = put_term(r, p->parent, OBITUARY_TEXT_MAX);
	put_initial_call(r, p);
	r->mailbox = now.mailbox;
	r->memory_bytes = proc_total_words(p) * sizeof(term);
	r->reductions = now.reductions;
	int64_t age = r->realtime_usec - now.started_usec;
	r->age_usec = age > 0 ? (uint64_t)age : 0;
}

/* ------------------------------------------------------------------------------------------------ the reports */

/* What its library has said before. */
static void put_notes(struct beamr_report *r, const struct proc *p)
{
	uint16_t *const to[DEATH_NOTES] = { [DEATH_LAST_MESSAGE] = &r->last_message,
		[DEATH_STATE] = &r->state,
		[DEATH_CLIENT] = &r->client,
		[DEATH_SERVER] = &r->server };
	for (enum death_note kind = 0; kind < DEATH_NOTES; kind++) {
		const char *text = deaths_noted(p, kind);
		if (text != NULL)
			*to[kind] = report_put(r, text, strlen(text), REPORT_FIELD_MAX);
	}
}

/* Started by another process that hears of its end: most of those are supervisors. */
static bool is_supervised(struct proc *p)
{
	if (p->parent == TERM_NONE || proc_dict_get(p, A(ancestors)) == TERM_NONE)
		return false;
	if (link_exists(p, p->parent))
		return true;
	/* It has said that it fails to start: then its parent unlinks it, and waits for its end by a monitor. */
	if (p->relations != NULL) {
		list_foreach (n, &p->relations->monitored_by) {
			if (list_entry(n, struct monitor, at_target)->origin == p->parent)
				return true;
		}
	}
	return false;
}

/* Out of line, since the record is big. */
static _noinline_ void tell(struct proc *p, term reason, enum beamr_report_kind kind)
{
	struct beamr_report report;
	struct proc_extra *extra = p->extra;
	report_begin(&report, kind);
	report.crash_id = extra->crash_id;
	report.cause = extra->cause;
	put_identity(&report, p);
	put_reason(&report, p, reason, kind == BEAMR_REPORT_EXIT_SIGNAL);
	if (kind != BEAMR_REPORT_EXIT) {
		put_ancestors(&report, p);
		put_peers(&report, p);
	}
	if (kind == BEAMR_REPORT_CRASH) {
		put_notes(&report, p);
		report.supervised = is_supervised(p);
	}
	if (kind == BEAMR_REPORT_EXIT_SIGNAL) {
		report.killed = reason == A(killed);
		if (report.killed)
			report.priority = 4;
		if (extra->killer != TERM_NONE && extra->killer != 0)
			report.other = put_term(&report, extra->killer, OBITUARY_TEXT_MAX);
	}
	report_fingerprint(&report);
	emit(&report);
}

/* When a link takes thousands with it, so many a second are told; of the others their number. */
#define CASCADE_TOLD_A_SECOND 200

static bool cascade_is_told(struct proc *p)
{
	static _Atomic uint32_t second, told;
	static _Atomic uint64_t untold;
	uint32_t now = table_age() / 10, then = atomic_load_relaxed(&second);
	if (now != then && atomic_cas_acq_rel(&second, &then, now)) {
		atomic_store_relaxed(&told, 0);
		uint64_t n = atomic_exchange_explicit(&untold, 0, memory_order_relaxed);
		if (n > 0) {
			struct beamr_report report;
			report_begin(&report, BEAMR_REPORT_SUPPRESSED);
			report.namespace_name = report_putf(&report, "%s", p->ns->name);
			report.detail = report_putf(&report,
				"%llu more processes were ended by exit signals",
				(unsigned long long)n);
			emit(&report);
		}
	}
	if (atomic_add_relaxed(&told, 1) < CASCADE_TOLD_A_SECOND)
		return true;
	atomic_add_relaxed(&untold, 1);
	return false;
}

/* In a node, where OTP's own processes do so all the time (file:open of a file that is not there): a plain process, not one of
 * proc_lib, that calls exit. OTP tells of none. One whose end the host waits for, openly, is what the node is there for: that is news. */
static bool left_plainly(const struct proc *p)
{
	bool is_root = p->extra->on_exit != NULL && !p->extra->quiet;
	return p->ns->booted && !p->extra->by_signal && !is_root &&
	       proc_dict_get(p, A(ancestors)) == TERM_NONE;
}

/* Nor of one that somebody killed, as init kills what is left when a node stops. */
static bool killed_plainly(const struct proc *p, term reason)
{
	return p->ns->booted && p->extra->by_signal && reason == A(killed);
}

struct beamr_crash_id obituary(struct proc *p, term reason)
{
	if (p->extra == NULL && !report_is_wanted(BEAMR_REPORT_EXIT))
		return (struct beamr_crash_id){ 0 };
	if (p->extra == NULL)
		proc_extra(p)->raise = (struct raise){ .class = CLASS_EXIT,
			.reason = reason,
			.trace = TERM_NONE,
			.args = TERM_NONE,
			.cause = TERM_NONE };
	struct proc_extra *extra = p->extra;
	bool left = (extra->raise.class == CLASS_EXIT && (is_ordinary(reason) || left_plainly(p))) ||
		    killed_plainly(p, reason);
	if (left) {
		if (!extra->quiet && report_is_wanted(BEAMR_REPORT_EXIT))
			tell(p, reason, BEAMR_REPORT_EXIT);
		return extra->cause;
	}
	extra->crash_id = crash_id_new();
	if (!extra->by_signal && extra->raise.class == CLASS_EXIT && crash_id_is_none(extra->cause)) {
		/* One that traps exits and goes after whom it belongs to. */
		term from;
		struct beamr_crash_id last = deaths_last(p, &from);
		if (from != TERM_NONE && from == p->parent)
			extra->cause = last;
	}
	if (!extra->by_signal && !extra->quiet) {
		atomic_add_relaxed(&p->ns->crashes, 1);
		table_count_crash();
	}
	bool swept = extra->by_signal && atomic_load_relaxed(&p->ns->ending);
	if (!extra->quiet && !swept && (!extra->by_signal || cascade_is_told(p)))
		tell(p, reason, extra->by_signal ? BEAMR_REPORT_EXIT_SIGNAL : BEAMR_REPORT_CRASH);
	return crash_id_is_none(extra->cause) ? extra->crash_id : extra->cause;
}

_noinline_ void proc_report(
	struct proc *p, enum beamr_report_kind kind, term other, term reference, term reason)
{
	struct beamr_report report;
	report_begin(&report, kind);
	put_identity(&report, p);
	if (other != TERM_NONE)
		report.other = put_term(&report, other, OBITUARY_TEXT_MAX);
	if (reference != TERM_NONE)
		report.reference = put_term(&report, reference, OBITUARY_TEXT_MAX);
	if (reason != TERM_NONE)
		report.reason = put_term(&report, reason, REPORT_REASON_MAX);
	emit(&report);
}

_noinline_ void proc_report_trace(struct proc *p, uint64_t id, const char *text, term mfa)
{
	struct beamr_report report;
	report_begin(&report, BEAMR_REPORT_TRACE);
	put_identity(&report, p);
	report.reference = report_putf(&report, "%llu", (unsigned long long)id);
	if (mfa != TERM_NONE) {
		report.module = put_atom(&report, tuple_element(mfa, 0));
		report.function = put_atom(&report, tuple_element(mfa, 1));
		term args = tuple_element(mfa, 2);
		for (; term_is_cons(args); args = cons_tail(args))
			report.arity++;
		if (term_is_small(args))
			report.arity = (uint32_t)small_value(args);
	}
	report.detail = report_put(&report, text, strlen(text), REPORT_REASON_MAX);
	emit(&report);
}

static bool is_said(term t)
{
	return t != TERM_NONE && t != A(undefined);
}

/* The crash id of a death, or that text. */
static void put_cause(struct beamr_report *r, const struct proc *p, term cause)
{
	char text[BEAMR_CRASH_ID_TEXT];
	if (term_is_pid(cause)) {
		r->cause = deaths_find(p, cause);
	} else if (term_is_binary(cause)) {
		struct bits bits = bits_of(cause);
		if (bits.offset != 0 || bits.size != 8 * (sizeof(text) - 1))
			return;
		memcpy(text, bits.data, sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		(void)crash_id_parse(text, &r->cause); /* none, when it is no id */
	}
}

static void put_fields(struct beamr_report *r, term list, bool detail)
{
	char name[65], value[REPORT_FIELD_MAX + 1];
	for (; term_is_cons(list); list = cons_tail(list)) {
		term pair = cons_head(list);
		if (!term_is_tuple_of(pair, 2) || !term_is_binary(tuple_element(pair, 0)))
			continue;
		struct bits bits = bits_of(tuple_element(pair, 0));
		if (bits.offset != 0 || bits.size / 8 > sizeof(name) - 1)
			continue;
		memcpy(name, bits.data, bits.size / 8);
		name[bits.size / 8] = '\0';
		if (!detail && (strcmp(name, "BEAMR_LAST_MESSAGE") == 0 || strcmp(name, "BEAMR_STATE") == 0))
			continue;
		term t = tuple_element(pair, 1);
		if (term_is_binary(t) && bits_of(t).offset == 0) {
			bits = bits_of(t);
			report_field(r, name, (const char *)bits.data, bits.size / 8);
		} else if (term_is_atom(t)) {
			struct atom_text text = atom_text(t);
			report_field(r, name, (const char *)text.bytes, text.size);
		} else {
			struct print_out out;
			print_init_fixed(&out, value, sizeof(value));
			print_term(&out, t, PRINT_STRINGS | PRINT_UNICODE, OBITUARY_DEPTH);
			r->cut |= out.truncated;
			report_field(r, name, value, out.size);
		}
	}
}

/* Where it was said. */
static void put_code_place(struct beamr_report *r, const struct proc_saying *s)
{
	if (is_said(s->mfa) && term_is_tuple_of(s->mfa, 3) && term_is_atom(tuple_element(s->mfa, 0)) &&
		term_is_atom(tuple_element(s->mfa, 1)) && term_is_small(tuple_element(s->mfa, 2))) {
		r->module = put_atom(r, tuple_element(s->mfa, 0));
		r->function = put_atom(r, tuple_element(s->mfa, 1));
		r->arity = (uint32_t)small_value(tuple_element(s->mfa, 2));
	}
	if (is_said(s->file))
		r->file = put_text(r, s->file, 512);
	if (is_said(s->line) && term_is_small(s->line))
		r->line = (uint32_t)small_value(s->line);
}

/* What a program says of itself, through the namespace's own log handler. */
_noinline_ void proc_tell(
	struct proc *p, enum beamr_report_kind kind, const struct proc_saying *s)
{
	struct beamr_report report;
	report_begin(&report, kind);
	if (s->priority <= 7)
		report.priority = (uint8_t)s->priority;
	report.dying = s->dying;
	if (is_said(s->pid) && s->pid != p->pid) {
		report.namespace_name = report_putf(&report, "%s", p->ns->name);
		report.process = put_term(&report, s->pid, OBITUARY_TEXT_MAX);
		if (term_is_local_pid(s->pid))
			report.serial = (uint64_t)pid_serial(s->pid) << PID_SLOT_BITS | pid_slot(s->pid);
	} else {
		put_identity(&report, p);
		put_ancestors(&report, p);
	}
	if (is_said(s->other))
		report.other = put_term(&report, s->other, OBITUARY_TEXT_MAX);
	if (kind == BEAMR_REPORT_RESTART)
		atomic_add_relaxed(&p->ns->restarts, 1);
	if (kind == BEAMR_REPORT_RESTART || kind == BEAMR_REPORT_CHILD || kind == BEAMR_REPORT_GIVEUP) {
		report.restart = put_text(&report, s->text, OBITUARY_DETAIL_MAX);
		if (is_said(s->detail))
			*(kind == BEAMR_REPORT_GIVEUP ? &report.detail : &report.often) = put_text(&report, s->detail, OBITUARY_TEXT_MAX);
	} else {
		report.detail = put_text(&report, s->text, REPORT_REASON_MAX);
	}
	if (is_said(s->reason))
		report.reason = put_term(&report, s->reason, REPORT_REASON_MAX);
	put_cause(&report, p, s->cause);
	put_code_place(&report, s);
	put_fields(&report, s->fields, atomic_load_relaxed(&p->ns->crash_detail)); /* a setting */
	emit(&report);
}

/* To subscribers who asked for it; rare enough that the record may be built here. */
_noinline_ void obituary_birth(struct proc *p)
{
	struct beamr_report report;
	report_begin(&report, BEAMR_REPORT_SPAWN);
	report.namespace_name = report_putf(&report, "%s", p->ns->name);
	report.process = put_term(&report, p->pid, OBITUARY_TEXT_MAX);
	report.serial = (uint64_t)pid_serial(p->pid) << PID_SLOT_BITS | pid_slot(p->pid);
	if (p->parent != TERM_NONE)
		report.other = report.parent = put_term(&report, p->parent, OBITUARY_TEXT_MAX);
	put_initial_call(&report, p);
	report.detail = report.initial_call;
	emit(&report);
}

/* max_heap_size was passed and its owner wants to hear of it. */
_noinline_ void obituary_max_heap(struct proc *p, size_t words)
{
	struct beamr_report report;
	report_begin(&report, BEAMR_REPORT_QUOTA);
	put_identity(&report, p);
	report.detail = report_putf(&report, "max_heap_size of %zu words was passed with %zu",
		p->extra->max_heap_words, words);
	report.fault = report_putf(&report, "heap_max");
	emit(&report);
}

_noinline_ void obituary_quota(struct proc *p, const char *fault, const char *detail)
{
	struct beamr_report report;
	report_begin(&report, BEAMR_REPORT_QUOTA);
	put_identity(&report, p);
	report.detail = report_putf(&report, "%s", detail);
	report.fault = report_putf(&report, "%s", fault);
	emit(&report);
}
