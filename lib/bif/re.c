/* SPDX-License-Identifier: Apache-2.0 */
/* Module re, by PCRE2: compiling and running. What patterns are is told in re_pattern.c.
 *
 * Subjects and patterns that have to become UTF-8 first, and `global`, are the business of re's own Erlang code, to which
 * compile and run go over (ucompile/2, urun/3, grun/3).
 *
 * A match that takes more than RE_STEPS_INLINE steps is begun again on a helper thread.
 *
 * Bound: a match may backtrack as often as PCRE2 does by default (10 million steps) or the option match_limit says, and take
 * RE_HEAP_KIB of memory; beyond, nothing matches, as with OTP.
 * Source: module re of OTP 27 and 29. */
#include "base/vec.h"
#include "bif/re_pattern.h"

#include "base/account.h"
#include "base/alloc.h"
#include "base/pool.h"
#include "bif/host.h"
#include "binary/iolist.h"
#include "term/export.h"
#include "term/ident.h"

#include <stdlib.h>
#include <string.h>

#define RE_HEAP_KIB (64 * 1024)
#define RE_STEPS_MAX 10000000   /* PCRE2's own default */
#define RE_STEPS_INLINE 100000  /* a few milliseconds; more than that is a helper thread's work */
#define SUBJECT_BYTES_PER_REDUCTION 64

static term list_of_bytes(struct heap *heap, const uint8_t *bytes, size_t size)
{
	if (size == 0)
		return TERM_NIL;
	term *p = heap_alloc(heap, 2 * size);
	for (size_t i = 0; i < size; i++) {
		p[2 * i] = term_of_small(bytes[i]);
		p[2 * i + 1] = i + 1 < size ? term_of_cons(p + 2 * i + 2) : TERM_NIL;
	}
	return term_of_cons(p);
}

/* {Text, Offset} */
static term compile_error_term(const struct proc *p, struct heap *heap, const struct re_error *error)
{
	PCRE2_UCHAR buffer[256];
	const char *text = (const char *)buffer;
	if (pcre2_get_error_message(error->number, buffer, sizeof(buffer)) < 0)
		text = "unknown error";
	if (re_is_first_pcre(p)) {
		switch (error->number) {
#define RE_ERROR(number, words)                                                                    \
	case number:                                                                               \
		text = words;                                                                      \
		break;
#include "bif/re_errors.def"
#undef RE_ERROR
		default:
			break;
		}
	}
	return heap_tuple_of(heap, list_of_bytes(heap, (const uint8_t *)text, strlen(text)), term_of_small((int64_t)error->offset));
}

static term trap_to(struct proc *p, term function, unsigned count, const term *args)
{
	const struct export *export = export_get(A(re), function, count);
	return export == NULL ? bif_system_limit(p) : bif_trap(p, export, count, args);
}

/* {re_exported_pattern, Header, Pattern, Options, Encoded}: import/1 compiles it anew. */
static term exported(struct heap *heap, const struct iolist_bytes *text, term options)
{
	static const char header[] = "beamr re 1";
	return heap_tuple_of(heap, A(re_exported_pattern), bits_of_bytes(heap, header, sizeof(header) - 1),
		bits_of_bytes(heap, text->data, text->size), options, bits_of_bytes(heap, "", 0));
}

static term compile_pattern(struct proc *p, term text, term option_list)
{
	struct re_options options;
	struct iolist_bytes bytes;
	struct re_error error = { 0, 0 };
	struct heap *heap = bif_heap(p);
	if (!re_options_read(&options, option_list) || (options.flags & RE_RUN_ONLY) != 0)
		return bif_badarg_cause(p, A(badopt));
	bool unicode = (options.flags & RE_UNICODE) != 0;
	if (unicode && !term_is_bitstring(text)) {
		term args[2] = { text, option_list };
		return trap_to(p, A(ucompile), 2, args);
	}
	if (iolist_bytes_init(&bytes, text) != IOLIST_OK)
		return bif_badarg(p);
	bif_charge(p, 10 + bytes.size);
	pcre2_code *code = re_compile(p, bytes.data, bytes.size, &options, &error);
	term value;
	if (code == NULL) {
		value = heap_tuple_of(heap, A(error), compile_error_term(p, heap, &error));
	} else if ((options.flags & RE_EXPORT) != 0) {
		pcre2_code_free(code);
		value = heap_tuple_of(heap, A(ok), exported(heap, &bytes, option_list));
	} else {
		value = heap_tuple_of(heap, A(ok), re_pattern_term(p, code, &options, bytes.data, bytes.size));
	}
	iolist_bytes_done(&bytes);
	return value;
}

term bif_re_compile_1(struct proc *p, const term *args)
{
	return compile_pattern(p, args[0], TERM_NIL);
}

term bif_re_compile_2(struct proc *p, const term *args)
{
	return compile_pattern(p, args[0], args[1]);
}

term bif_re_import_1(struct proc *p, const term *args)
{
	struct re_options options;
	struct re_error error;
	struct flat_bits flat;
	term t = args[0];
	if (!term_is_tuple_of(t, 5) || tuple_element(t, 0) != A(re_exported_pattern) || !term_is_binary(tuple_element(t, 2)) ||
		!re_options_read(&options, tuple_element(t, 3)) || (options.flags & RE_RUN_ONLY) != 0)
		return bif_badarg(p);
	flat_bits_init(&flat, tuple_element(t, 2));
	bif_charge(p, 10 + flat.size);
	pcre2_code *code = re_compile(p, flat.data, flat.size, &options, &error);
	term value = code == NULL ? bif_badarg(p) : re_pattern_term(p, code, &options, flat.data, flat.size);
	flat_bits_done(&flat);
	return value;
}

term bif_re_version_0(struct proc *p, const term *args)
{
	char version[64];
	int size = pcre2_config(PCRE2_CONFIG_VERSION, version);
	assert(size > 0 && (size_t)size <= sizeof(version));
	return bits_of_bytes(bif_heap(p), version, strlen(version));
}

term bif_re_inspect_2(struct proc *p, const term *args)
{
	struct heap *heap = bif_heap(p);
	struct re_pattern *pattern = re_pattern_of(p, args[0]);
	uint32_t count = 0;
	uint32_t size = 0;
	PCRE2_SPTR table = NULL;
	if (pattern == NULL || args[1] != A(namelist))
		return bif_badarg(p);
	const pcre2_code *code = pattern->code;
	(void)pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count); /* it is a pattern */
	(void)pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	(void)pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
	term list = TERM_NIL;
	for (uint32_t i = count; i-- > 0;) {
		const char *name = (const char *)table + (size_t)i * size + 2;
		/* Of a name that stands there several times, once. */
		if (i == 0 || strcmp(name, name - size) != 0)
			list = heap_cons(heap, bits_of_bytes(heap, name, strlen(name)), list);
	}
	return heap_tuple_of(heap, A(namelist), list);
}

/* Matching. */

struct run {
	struct proc *p;
	struct heap *heap; /* where the answer is built */
	const pcre2_code *code;
	struct re_pattern *pattern; /* whose code it is; NULL: own_code */
	pcre2_code *own_code;       /* compiled for this run only; NULL otherwise */
	struct re_options options;
	struct re_captures captures;
	struct iolist_bytes subject;
	term subject_term;
	pcre2_match_data *match;
	const size_t *offsets; /* of what matched: from, to */
	int groups;            /* of offsets */
};

/* Where group `number` matched; false when it did not. */
static bool group_at(const struct run *run, int number, size_t *ret_from, size_t *ret_size)
{
	if (number < 0 || number >= run->groups || run->offsets[2 * number] == PCRE2_UNSET)
		return false;
	*ret_from = run->offsets[2 * number];
	*ret_size = run->offsets[2 * number + 1] - *ret_from;
	return true;
}

static term group_value(const struct run *run, int number)
{
	struct heap *heap = run->heap;
	size_t from = 0;
	size_t size = 0;
	bool set = group_at(run, number, &from, &size);
	switch (run->captures.type) {
	case RE_INDEX:
		return heap_tuple_of(heap, term_of_small(set ? (int64_t)from : -1), term_of_small((int64_t)size));
	case RE_LIST:
		return list_of_bytes(heap, run->subject.data + from, size);
	case RE_BINARY:
		if (set && term_is_bitstring(run->subject_term))
			return bits_part(heap, run->subject_term, from * 8, size * 8);
		return bits_of_bytes(heap, run->subject.data + from, size);
	case RE_NOTHING:
		break;
	}
	return TERM_NIL;
}

/* The listed group at *at, which moves on past it: the first of its numbers that matched. */
static int listed_group(const struct run *run, size_t *at)
{
	int number = run->captures.numbers.items[(*at)++];
	if (number >= RE_NO_GROUP)
		return number;
	int found = RE_NO_GROUP;
	for (int left = -number - 1; left > 0; left--) {
		size_t from, size;
		int candidate = run->captures.numbers.items[(*at)++];
		if (found == RE_NO_GROUP && group_at(run, candidate, &from, &size))
			found = candidate;
	}
	return found;
}

static term matched(const struct run *run)
{
	struct heap *heap = run->heap;
	if (run->captures.type == RE_NOTHING)
		return A(match);
	/* Values are made in order and the list from its end: its cells come first. */
	size_t most = run->captures.all ? (size_t)run->groups : run->captures.numbers.count;
	term *cells = heap_alloc(heap, 2 * most);
	size_t count = 0;
	if (run->captures.all) {
		for (int i = (int)run->captures.all_from; i < run->groups; i++)
			cells[2 * count++] = group_value(run, i);
	} else {
		for (size_t at = 0; at < run->captures.numbers.count;)
			cells[2 * count++] = group_value(run, listed_group(run, &at));
	}
	for (size_t i = 0; i < count; i++)
		cells[2 * i + 1] = i + 1 < count ? term_of_cons(cells + 2 * i + 2) : TERM_NIL;
	/* What is left over of the cells has to be values, too. */
	for (size_t i = 2 * count; i < 2 * most; i++)
		cells[i] = TERM_NIL;
	return heap_tuple_of(heap, A(match), count > 0 ? term_of_cons(cells) : TERM_NIL);
}

/* TERM_NONE: badarg. */
static term not_matched(const struct run *run, int outcome)
{
	bool report = (run->options.flags & RE_REPORT_ERRORS) != 0;
	switch (outcome) {
	case PCRE2_ERROR_NOMATCH:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_RECURSELOOP:
		return A(nomatch);
	case PCRE2_ERROR_MATCHLIMIT:
		return report ? heap_tuple_of(run->heap, A(error), A(match_limit)) : A(nomatch);
	case PCRE2_ERROR_DEPTHLIMIT:
		return report ? heap_tuple_of(run->heap, A(error), A(match_limit_recursion)) : A(nomatch);
	default:
		/* Bad UTF-8 in the subject, an offset beyond its end. */
		return TERM_NONE;
	}
}

static uint32_t match_limit(const struct run *run)
{
	return (run->options.flags & RE_MATCH_LIMIT) != 0 ? run->options.match_limit : RE_STEPS_MAX;
}

/* Matches with at most `steps` steps. Returns the answer (TERM_NONE: badarg); *ret_more when the steps did not do. */
static term match_within(struct run *run, uint32_t steps, bool *ret_more)
{
	pcre2_general_context *general = re_general_context();
	pcre2_match_context *context = pcre2_match_context_create(general);
	(void)pcre2_set_heap_limit(context, RE_HEAP_KIB); /* these cannot fail */
	(void)pcre2_set_match_limit(context, steps);
	if ((run->options.flags & RE_DEPTH_LIMIT) != 0)
		(void)pcre2_set_depth_limit(context, run->options.depth_limit);
	run->match = pcre2_match_data_create_from_pattern(run->code, general);
	int outcome = pcre2_match(run->code, run->subject.data, run->subject.size, run->options.offset,
		run->options.match, run->match, context);
	run->groups = outcome;
	run->offsets = pcre2_get_ovector_pointer(run->match);
	*ret_more = outcome == PCRE2_ERROR_MATCHLIMIT && steps < match_limit(run);
	term value = outcome > 0 ? matched(run) : not_matched(run, outcome);
	pcre2_match_data_free(run->match);
	pcre2_match_context_free(context);
	pcre2_general_context_free(general);
	return value;
}

/* A match that takes longer than a scheduler may be held up goes to a helper thread; the process waits for the answer. */

struct long_match {
	struct pool_job job;
	term pid;
	uint64_t question;
	struct account *account; /* of who waits, which is charged for the copy */
	struct run run;
	uint8_t subject[];
};

static void long_match_free(struct long_match *l)
{
	if (l->run.pattern != NULL)
		re_pattern_unref(l->run.pattern);
	pcre2_code_free(l->run.own_code);
	re_captures_done(&l->run.captures);
	account_charge(l->account, ACCOUNT_OTHER, -(int64_t)(sizeof(*l) + l->run.subject.size));
	mem_free(MEM_MISC, l, sizeof(*l) + l->run.subject.size);
}

static void long_match_run(struct pool_job *job)
{
	struct long_match *l = (struct long_match *)job; /* first member */
	struct heap heap;
	bool more;
	heap_init_builder(&heap);
	l->run.heap = &heap;
	term value = match_within(&l->run, match_limit(&l->run), &more);
	if (value == TERM_NONE)
		proc_answer_raise(l->pid, l->question, CLASS_ERROR, A(badarg));
	else
		proc_answer(l->pid, l->question, value);
	heap_done(&heap);
	long_match_free(l);
}

/* Takes the run's own code and captures, and a copy of the subject. */
static term match_elsewhere(struct run *run)
{
	struct proc *p = run->p;
	struct long_match *l = mem_alloc(MEM_MISC, sizeof(*l) + run->subject.size);
	l->account = p->account;
	account_charge(l->account, ACCOUNT_OTHER, (int64_t)(sizeof(*l) + run->subject.size));
	l->run = *run;
	memcpy(l->subject, run->subject.data, run->subject.size);
	l->run.subject.data = l->subject;
	l->run.subject_term = TERM_NIL; /* not to be read there */
	l->run.p = NULL;
	if (l->run.pattern != NULL)
		re_pattern_ref(l->run.pattern);
	run->own_code = NULL;
	run->captures = (struct re_captures){ .type = RE_NOTHING };
	l->pid = p->pid;
	l->question = proc_question(p);
	term waits = bif_wait(p);
	if (pool_run(&l->job, long_match_run) < 0)
		long_match_run(&l->job); /* no thread to be had: then here, as the last resort */
	return waits;
}

static term run_match(struct run *run)
{
	bool more;
	uint32_t limit = match_limit(run);
	term value = match_within(run, limit < RE_STEPS_INLINE ? limit : RE_STEPS_INLINE, &more);
	bif_charge(run->p, 5 + run->subject.size / SUBJECT_BYTES_PER_REDUCTION);
	if (more)
		return match_elsewhere(run);
	return value != TERM_NONE ? value : bif_badarg(run->p);
}

/* newline and bsr belong to compiling: with a pattern they may only repeat what it was compiled with. */
static bool fits_pattern(const struct run *run)
{
	uint32_t newline = 0;
	uint32_t bsr = 0;
	(void)pcre2_pattern_info(run->code, PCRE2_INFO_NEWLINE, &newline); /* it is a pattern */
	(void)pcre2_pattern_info(run->code, PCRE2_INFO_BSR, &bsr);
	return (run->options.newline == 0 || run->options.newline == newline) &&
		(run->options.bsr == 0 || run->options.bsr == bsr);
}

/* How a run begins: TERM_NIL to go on with run->code, else what to return (TERM_NONE: raised or trapped). */
static term begin_compiled(struct run *run, const term *args)
{
	struct proc *p = run->p;
	run->pattern = re_pattern_of(p, args[1]);
	if (run->pattern == NULL || (run->options.flags & RE_COMPILE_ONLY) != 0)
		return bif_badarg(p);
	run->code = run->pattern->code;
	bool global = (run->options.flags & RE_GLOBAL) != 0;
	bool as_lists = (run->options.flags & RE_CAPTURE) != 0 && run->options.capture_type == A(list);
	if (tuple_element(args[1], 2) != TERM_ZERO && (!term_is_bitstring(args[0]) || (as_lists && !global)))
		return trap_to(p, A(urun), 3, args);
	if (global) {
		term trap[3] = { args[0], args[1], heap_tuple_of(bif_heap(p), args[2], A(false)) };
		return trap_to(p, A(grun), 3, trap);
	}
	return fits_pattern(run) ? TERM_NIL : bif_badarg(p);
}

static term begin_text(struct run *run, const term *args)
{
	struct proc *p = run->p;
	struct heap *heap = bif_heap(p);
	struct iolist_bytes bytes;
	struct re_error error = { 0, 0 };
	bool global = (run->options.flags & RE_GLOBAL) != 0;
	bool unicode = (run->options.flags & RE_UNICODE) != 0;
	bool as_lists = (run->options.flags & RE_CAPTURE) != 0 && run->options.capture_type == A(list);
	if (!term_is_bitstring(args[1]) && !term_is_list(args[1]))
		return bif_badarg(p);
	if (unicode && (!term_is_bitstring(args[1]) || !term_is_bitstring(args[0]) || (as_lists && !global)))
		return trap_to(p, A(urun), 3, args);
	if (iolist_bytes_init(&bytes, args[1]) != IOLIST_OK)
		return bif_badarg(p);
	bif_charge(p, 10 + bytes.size);
	run->own_code = re_compile(p, bytes.data, bytes.size, &run->options, &error);
	run->code = run->own_code;
	if (run->code == NULL) {
		iolist_bytes_done(&bytes);
		if ((run->options.flags & RE_REPORT_ERRORS) == 0)
			return bif_badarg(p);
		term what = heap_tuple_of(heap, A(compile), compile_error_term(p, heap, &error));
		return heap_tuple_of(heap, A(error), what);
	}
	if (global) {
		/* The text goes along so that exceptions can show it. */
		term clean = term_of_bool((run->options.flags & RE_COMPILE_ONLY) != 0);
		term pattern = re_pattern_term(p, run->own_code, &run->options, bytes.data, bytes.size);
		term trap[3] = { args[0], pattern, heap_tuple_of(heap, args[2], clean, args[1]) };
		run->own_code = NULL;
		iolist_bytes_done(&bytes);
		return trap_to(p, A(grun), 3, trap);
	}
	iolist_bytes_done(&bytes);
	return TERM_NIL;
}

static term run_pattern(struct proc *p, const term *args, bool checked)
{
	struct run run = { .p = p, .heap = bif_heap(p), .subject_term = args[0] };
	if (!re_options_read(&run.options, args[2]))
		return bif_badarg_cause(p, A(badopt));
	if (checked)
		run.options.match |= PCRE2_NO_UTF_CHECK;
	term value = term_is_tuple(args[1]) ? begin_compiled(&run, args) : begin_text(&run, args);
	if (value != TERM_NIL)
		return value;
	term values = (run.options.flags & RE_CAPTURE) != 0 ? run.options.capture_values : A(all);
	term type = (run.options.flags & RE_CAPTURE) != 0 ? run.options.capture_type : A(index);
	if (!re_captures_init(&run.captures, run.code, values, type)) {
		value = bif_badarg(p);
	} else {
		if (iolist_bytes_init(&run.subject, args[0]) != IOLIST_OK) {
			value = bif_badarg(p);
		} else {
			value = run_match(&run);
			iolist_bytes_done(&run.subject);
		}
		re_captures_done(&run.captures);
	}
	pcre2_code_free(run.own_code);
	return value;
}

term bif_re_run_2(struct proc *p, const term *args)
{
	term all[3] = { args[0], args[1], TERM_NIL };
	return run_pattern(p, all, false);
}

term bif_re_run_3(struct proc *p, const term *args)
{
	return run_pattern(p, args, false);
}

/* With false, the subject's UTF-8 has been checked by an earlier call. */
term bif_re_internal_run_4(struct proc *p, const term *args)
{
	if (args[3] != A(true) && args[3] != A(false))
		return bif_badarg(p);
	return run_pattern(p, args, args[3] == A(false));
}
