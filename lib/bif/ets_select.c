/* SPDX-License-Identifier: Apache-2.0 */
/* Chapter ets: match specifications over tables: select and its kin, with limits and continuations.
 *
 * A selection walks its table in the table's own order, some objects a slice, the table locked for the slice. Where it stands
 * is a hash (or a key, for ordered_set), so that nothing need be frozen meanwhile. Between slices it is a tuple, the
 * argument of erts_internal:ets_select_go_on/1; the continuations that programs hold are like OTP's, so that
 * ets:repair_continuation/2 knows them. */
#include "bif/ets_impl.h"

#include "ets/matchspec.h"
#include "heap/offheap.h"
#include "ns/export.h"

#include <string.h>

#define SLICE_OBJECTS 1000

enum select_kind { SELECT_LIST, SELECT_COUNT, SELECT_DELETE, SELECT_REPLACE };

struct select {
	struct table *t;
	struct matchspec *ms;  /* counted by its reference, or by whoever began */
	term table;            /* a reference */
	term spec;             /* ms as a reference; TERM_NONE until it is needed */
	enum select_kind kind;
	bool back;             /* ordered_set: from the last key to the first */
	size_t limit;          /* results in one answer; 0: all */
	term position;         /* where to go on: a hash, or [Key]; TERM_NONE: the beginning */
	term results;          /* newest first */
	size_t count;          /* results, or objects counted, deleted, replaced */
	bool at_end;
	bool keyed;            /* all that was asked for by key has been looked at */
	bool failed;           /* a replacement would change a key */
};

struct change {
	struct object *old;
	term new;
};

/* What a slice has decided to do to the table; done after the walk. */
struct changes {
	VEC(struct change) all;
};

static bool one_object(struct proc *p, struct select *s, struct ms_run *run, struct object *o, struct changes *changes)
{
	term value = ms_run_match(run, o, object_tuple(o));
	if (value == TERM_NONE)
		return false;
	if (s->kind == SELECT_LIST) {
		s->results = heap_cons(bif_heap(p), value, s->results);
	} else if (s->kind != SELECT_REPLACE && value != A(true)) {
		return false;
	} else if (s->kind != SELECT_COUNT) {
		vec_push(&changes->all, ((struct change){ o, value }));
	}
	s->count++;
	return true;
}

static void one_chain(struct proc *p, struct select *s, struct ms_run *run, struct object *chain, struct changes *changes)
{
	for (struct object *o = chain; o != NULL; o = o->next)
		(void)one_object(p, s, run, o, changes); /* counted there */
}

static bool same_key(const struct table *t, const struct object *old, term new)
{
	return term_is_tuple(new) && tuple_arity(new) >= t->keypos &&
	       term_equal(tuple_element(new, t->keypos - 1), object_key(old, t->keypos));
}

static bool replace(struct table *t, struct object *old, term new)
{
	struct object *o = object_new(new);
	if (o == NULL || !ets_has_room(t, object_bytes(o))) {
		object_free(o);
		return false;
	}
	ets_replace(t, old, o);
	return true;
}

static void apply_changes(struct select *s, struct changes *changes)
{
	vec_foreach (change, &changes->all) {
		if (s->kind == SELECT_DELETE)
			ets_remove(s->t, change->old);
		else if (!same_key(s->t, change->old, change->new) || !replace(s->t, change->old, change->new))
			s->failed = true;
	}
	vec_done(&changes->all);
}

static bool enough(const struct select *s)
{
	return s->limit > 0 && s->count >= s->limit;
}

/* Up to SLICE_OBJECTS objects from s->position on. Returns how many were looked at. */
static size_t walk_hash(struct proc *p, struct select *s, struct ms_run *run, struct changes *changes)
{
	struct hash_place place;
	uint64_t from = s->position == TERM_NONE ? 0 : (uint64_t)small_value(s->position);
	struct object *chain = hash_seek(s->t, from, &place);
	size_t seen = 0;
	uint64_t hash = 0;
	while (chain != NULL) {
		/* Keys with the same hash go together: the position cannot tell them apart. */
		bool same = seen > 0 && hash_place_hash(&place) == hash;
		if (!same && (seen >= SLICE_OBJECTS || enough(s)))
			break;
		hash = hash_place_hash(&place);
		one_chain(p, s, run, chain, changes);
		seen++;
		chain = hash_step(s->t, &place);
	}
	s->at_end = chain == NULL;
	if (chain != NULL)
		s->position = term_of_small((int64_t)hash_place_hash(&place));
	return seen;
}

/* Keys of an ordered_set that begin like the pattern of a key. */
struct prefix {
	term pattern; /* TERM_NONE: all keys */
	size_t constants;
};

static int prefix_order(term key, const void *range)
{
	const struct prefix *prefix = range;
	if (!term_is_tuple(key) || tuple_arity(key) != tuple_arity(prefix->pattern))
		return term_compare(key, prefix->pattern); /* told by kind or arity: elements are not looked at */
	for (size_t i = 0; i < prefix->constants; i++) {
		int order = key_compare(tuple_element(key, i), tuple_element(prefix->pattern, i));
		if (order != 0)
			return order;
	}
	return 0;
}

static bool in_range(const struct select *s, const struct prefix *prefix, const struct object *o)
{
	return prefix->pattern == TERM_NONE || prefix_order(object_key(o, s->t->keypos), prefix) == 0;
}

static size_t walk_tree(struct proc *p, struct select *s, struct ms_run *run, struct changes *changes)
{
	struct tree_place place;
	struct prefix prefix;
	struct object *o;
	prefix.pattern = matchspec_key_prefix(s->ms, s->t->keypos, &prefix.constants);
	term from = s->position == TERM_NONE ? TERM_NONE : cons_head(s->position);
	if (from == TERM_NONE && prefix.pattern != TERM_NONE)
		o = tree_seek(s->t, prefix_order, &prefix, s->back, &place);
	else
		o = s->back ? tree_before(s->t, from, false, &place) : tree_after(s->t, from, false, &place);
	size_t seen = 0;
	const struct object *last = NULL;
	while (o != NULL && seen < SLICE_OBJECTS && !enough(s)) {
		if (!in_range(s, &prefix, o)) {
			o = NULL;
			break;
		}
		(void)one_object(p, s, run, o, changes); /* counted there */
		last = o;
		seen++;
		o = s->back ? tree_step_back(&place) : tree_step(&place);
	}
	/* With a limit, the end is told by the next answer, as OTP does. */
	s->at_end = o == NULL && !(s->limit > 0 && enough(s));
	if (last != NULL && !s->at_end)
		s->position = heap_cons(bif_heap(p), heap_copy(bif_heap(p), object_key(last, s->t->keypos)), TERM_NIL);
	return seen;
}

/* The patterns name their keys: only those are looked at. */
static bool walk_keys(struct proc *p, struct select *s, struct ms_run *run, struct changes *changes)
{
	struct ms_keys_vec keys = { 0 };
	bool some = s->position == TERM_NONE && matchspec_keys(s->ms, s->t->keypos, &keys) == MS_KEYS_SOME &&
		    (!ets_is_tree(s->t) || keys.keys.count <= 1);
	if (some) {
		vec_foreach (key, &keys.keys)
			one_chain(p, s, run, ets_find(s->t, *key), changes);
		s->at_end = s->keyed = true;
	}
	vec_done(&keys.keys);
	return some;
}

static term list_reversed(struct heap *heap, term list)
{
	term reversed = TERM_NIL;
	for (; term_is_cons(list); list = cons_tail(list))
		reversed = heap_cons(heap, cons_head(list), reversed);
	return reversed;
}

/* Walking backwards and building from the front gives ascending lists; with a limit the walk goes the way that was asked for
 * and its list is turned round. */
static bool walks_back(const struct table *t, bool reverse, size_t limit)
{
	return ets_is_tree(t) && (limit > 0 ? reverse : !reverse);
}

static term spec_reference(struct proc *p, struct select *s)
{
	if (s->spec == TERM_NONE) {
		counted_ref(&s->ms->counted);
		s->spec = matchspec_reference(bif_heap(p), s->ms);
	}
	return s->spec;
}

/* {Table, LastKey, [], Limit, Spec, Rest, Reverse, 0} of an ordered_set, {Table, Position, Limit, Spec, Rest, Count} of others. */
static term continuation(struct proc *p, struct select *s, bool is_tree, term rest, size_t rest_count)
{
	struct heap *heap = bif_heap(p);
	term limit = term_of_small((int64_t)s->limit);
	if (is_tree) {
		term elements[] = { s->table, cons_head(s->position), TERM_NIL, limit, spec_reference(p, s), rest,
			term_of_small(s->back), TERM_ZERO };
		return heap_tuple(heap, 8, elements);
	}
	term position = s->at_end ? term_of_small(-1) : s->position;
	return heap_tuple_of(heap, s->table, position, limit, spec_reference(p, s), rest,
		term_of_small((int64_t)rest_count));
}

/* With a limit: {Results, Continuation}, or '$end_of_table'. */
static term limited_answer(struct proc *p, struct select *s, bool is_tree)
{
	struct heap *heap = bif_heap(p);
	if (s->count == 0)
		return A(end_of_table);
	if (is_tree) {
		term list = list_reversed(heap, s->results);
		term next = s->at_end ? A(end_of_table) : continuation(p, s, true, TERM_NIL, 0);
		return heap_tuple_of(heap, list, next);
	}
	/* A key of a bag may have given more than was asked for: the rest waits in the continuation. */
	if (s->count <= s->limit) {
		term next = s->at_end && s->count < s->limit ? A(end_of_table) : continuation(p, s, false, TERM_NIL, 0);
		if (s->keyed)
			next = A(end_of_table);
		return heap_tuple_of(heap, s->results, next);
	}
	term answer = TERM_NIL;
	term rest = s->results;
	for (size_t i = 0; i < s->limit; i++, rest = cons_tail(rest))
		answer = heap_cons(heap, cons_head(rest), answer);
	return heap_tuple_of(heap, list_reversed(heap, answer), continuation(p, s, false, rest, s->count - s->limit));
}

static term go_on_later(struct proc *p, struct select *s)
{
	term elements[] = { s->table, spec_reference(p, s), term_of_small((int64_t)s->kind), term_of_small(s->back),
		term_of_small((int64_t)s->limit), s->position == TERM_NONE ? A(undefined) : s->position, s->results,
		term_of_small((int64_t)s->count) };
	term state = heap_tuple(bif_heap(p), ARRAY_SIZE(elements), elements);
	return bif_trap(p, export_get(A(erts_internal), A(ets_select_go_on), 1), 1, &state);
}

/* One slice of work on the locked table; unlocks it. */
static term run_slice(struct proc *p, struct select *s, bool by_key) NO_THREAD_SAFETY_ANALYSIS;

static term run_slice(struct proc *p, struct select *s, bool by_key)
{
	struct ms_run run;
	struct changes changes = { 0 };
	bool is_tree = ets_is_tree(s->t);
	bool keyed = false;
	size_t seen = 1;
	ms_run_init(&run, s->ms, p);
	if (by_key)
		keyed = walk_keys(p, s, &run, &changes);
	if (!keyed)
		seen = is_tree ? walk_tree(p, s, &run, &changes) : walk_hash(p, s, &run, &changes);
	ms_run_done(&run);
	apply_changes(s, &changes);
	ets_unlock(s->t);
	bif_charge(p, 1 + seen);
	if (s->failed)
		return bif_badarg(p);
	if (!s->at_end && !enough(s))
		return go_on_later(p, s);
	if (s->kind != SELECT_LIST)
		return term_of_small((int64_t)s->count);
	if (s->limit > 0)
		return limited_answer(p, s, is_tree);
	return s->results;
}

/* spec: a specification as the program wrote it; or ms, when it is there already (its count is taken). */
static term select_begin(struct proc *p, term table, term spec, struct matchspec *ms, enum select_kind kind, bool reverse,
	size_t limit)
{
	struct select s = { .kind = kind, .limit = limit, .spec = TERM_NONE, .position = TERM_NONE, .results = TERM_NIL };
	if (ms == NULL) {
		ms = matchspec_of(spec);
		if (ms != NULL) {
			s.spec = spec;
			counted_ref(&ms->counted);
		} else {
			ms = matchspec_compile(spec, MS_TABLE, NULL);
		}
	}
	enum table_need need = kind == SELECT_LIST || kind == SELECT_COUNT ? NEED_READ : NEED_WRITE;
	int r = ets_lock(p, table, need, &s.t);
	if (r != 0 || ms == NULL) {
		if (r == 0)
			ets_unlock(s.t);
		if (ms != NULL)
			matchspec_put(ms);
		return r != 0 ? ets_raise(p, table, r) : bif_badarg(p);
	}
	s.ms = ms;
	if (kind == SELECT_REPLACE && (s.t->type == TABLE_BAG || !matchspec_keeps_key(ms, s.t->keypos))) {
		bool is_bag = s.t->type == TABLE_BAG;
		ets_unlock(s.t);
		matchspec_put(ms);
		return is_bag ? bif_badarg_cause(p, A(table_type)) : bif_badarg(p);
	}
	s.table = term_is_atom(table) ? ets_reference(bif_heap(p), s.t) : table;
	s.back = walks_back(s.t, reverse, limit);
	term result = run_slice(p, &s, true);
	matchspec_put(ms);
	return result;
}

term bif_ets_select_go_on_1(struct proc *p, const term *args)
{
	if (!term_is_tuple_of(args[0], 8))
		return bif_badarg(p);
	const term *e = tuple_elements(args[0]);
	struct select s = { .table = e[0], .spec = e[1], .ms = matchspec_of(e[1]), .results = e[6] };
	size_t kind, back, limit, count;
	if (s.ms == NULL || !bif_get_size(e[2], &kind) || kind > SELECT_REPLACE || !bif_get_size(e[3], &back) ||
		!bif_get_size(e[4], &limit) || !bif_get_size(e[7], &count) || !term_is_list(e[6]))
		return bif_badarg(p);
	s.kind = (enum select_kind)kind;
	s.back = back != 0;
	s.limit = limit;
	s.count = count;
	s.position = e[5] == A(undefined) ? TERM_NONE : e[5];
	enum table_need need = s.kind == SELECT_LIST || s.kind == SELECT_COUNT ? NEED_READ : NEED_WRITE;
	int r = ets_lock(p, s.table, need, &s.t);
	if (r != 0)
		return ets_raise(p, s.table, r);
	bool fits = s.position == TERM_NONE ||
		    (ets_is_tree(s.t) ? term_is_cons(s.position) : term_is_small(s.position) && small_value(s.position) >= 0);
	if (!fits) {
		ets_unlock(s.t);
		return bif_badarg(p);
	}
	return run_slice(p, &s, false);
}

/* ------------------------------------------------------------------------------------------------ continuations */

static term select_tree_again(struct proc *p, term t)
{
	const term *e = tuple_elements(t);
	struct select s = { .table = e[0], .kind = SELECT_LIST, .spec = e[4], .ms = matchspec_of(e[4]), .results = TERM_NIL };
	if (s.ms == NULL || !bif_get_size(e[3], &s.limit) || s.limit == 0)
		return bif_badarg(p);
	s.back = e[6] == term_of_small(1);
	s.position = heap_cons(bif_heap(p), e[1], TERM_NIL);
	int r = ets_lock(p, s.table, NEED_READ, &s.t);
	if (r != 0)
		return ets_raise(p, s.table, r);
	if (!ets_is_tree(s.t)) {
		ets_unlock(s.t);
		return bif_badarg(p);
	}
	return run_slice(p, &s, false);
}

static term select_hash_again(struct proc *p, term t)
{
	const term *e = tuple_elements(t);
	struct select s = { .table = e[0], .kind = SELECT_LIST, .spec = e[3], .ms = matchspec_of(e[3]) };
	size_t waiting;
	if (s.ms == NULL || !bif_get_size(e[2], &s.limit) || s.limit == 0 || !term_is_small(e[1]) ||
		!bif_get_size(e[5], &waiting) || !term_is_list(e[4]))
		return bif_badarg(p);
	s.position = e[1];
	s.results = e[4];
	s.count = waiting;
	s.at_end = small_value(e[1]) < 0;
	int r = ets_lock(p, s.table, NEED_READ, &s.t);
	if (r != 0)
		return ets_raise(p, s.table, r);
	if (ets_is_tree(s.t)) {
		ets_unlock(s.t);
		return bif_badarg(p);
	}
	if (s.at_end || enough(&s)) {
		ets_unlock(s.t);
		return limited_answer(p, &s, false);
	}
	return run_slice(p, &s, false);
}

term bif_ets_select_1(struct proc *p, const term *args)
{
	if (args[0] == A(end_of_table))
		return args[0];
	if (term_is_tuple_of(args[0], 8))
		return select_tree_again(p, args[0]);
	if (term_is_tuple_of(args[0], 6))
		return select_hash_again(p, args[0]);
	return bif_badarg(p);
}

/* ------------------------------------------------------------------------------------------------ the functions */

static term select_limited(struct proc *p, term table, term spec, struct matchspec *ms, term limit, bool reverse)
{
	size_t n;
	if (!bif_get_size(limit, &n) || n == 0) {
		if (ms != NULL)
			matchspec_put(ms);
		return ets_badarg(p, table, NEED_READ);
	}
	return select_begin(p, table, spec, ms, SELECT_LIST, reverse, n);
}

term bif_ets_select_2(struct proc *p, const term *args)
{
	return select_begin(p, args[0], args[1], NULL, SELECT_LIST, false, 0);
}

term bif_ets_select_3(struct proc *p, const term *args)
{
	return select_limited(p, args[0], args[1], NULL, args[2], false);
}

term bif_ets_select_reverse_2(struct proc *p, const term *args)
{
	return select_begin(p, args[0], args[1], NULL, SELECT_LIST, true, 0);
}

term bif_ets_select_reverse_3(struct proc *p, const term *args)
{
	return select_limited(p, args[0], args[1], NULL, args[2], true);
}

term bif_ets_select_count_2(struct proc *p, const term *args)
{
	return select_begin(p, args[0], args[1], NULL, SELECT_COUNT, false, 0);
}

term bif_ets_internal_select_delete_2(struct proc *p, const term *args)
{
	return select_begin(p, args[0], args[1], NULL, SELECT_DELETE, false, 0);
}

term bif_ets_select_replace_2(struct proc *p, const term *args)
{
	return select_begin(p, args[0], args[1], NULL, SELECT_REPLACE, false, 0);
}

static struct matchspec *match_spec(struct proc *p, term pattern, term result)
{
	return matchspec_of_pattern(bif_heap(p), pattern, result);
}

term bif_ets_match_2(struct proc *p, const term *args)
{
	struct matchspec *ms = match_spec(p, args[1], A(dollar_dollar));
	return ms != NULL ? select_begin(p, args[0], TERM_NONE, ms, SELECT_LIST, false, 0) : bif_badarg(p);
}

term bif_ets_match_3(struct proc *p, const term *args)
{
	struct matchspec *ms = match_spec(p, args[1], A(dollar_dollar));
	return ms != NULL ? select_limited(p, args[0], TERM_NONE, ms, args[2], false) : bif_badarg(p);
}

term bif_ets_match_object_2(struct proc *p, const term *args)
{
	struct matchspec *ms = match_spec(p, args[1], A(dollar_underscore));
	return ms != NULL ? select_begin(p, args[0], TERM_NONE, ms, SELECT_LIST, false, 0) : bif_badarg(p);
}

term bif_ets_match_object_3(struct proc *p, const term *args)
{
	struct matchspec *ms = match_spec(p, args[1], A(dollar_underscore));
	return ms != NULL ? select_limited(p, args[0], TERM_NONE, ms, args[2], false) : bif_badarg(p);
}

term bif_ets_match_spec_compile_1(struct proc *p, const term *args)
{
	struct matchspec *ms = args[0] != TERM_NIL ? matchspec_compile(args[0], MS_TABLE, NULL) : NULL;
	bif_charge(p, 10);
	return ms != NULL ? matchspec_reference(bif_heap(p), ms) : bif_badarg(p);
}

term bif_ets_is_compiled_ms_1(struct proc *p, const term *args)
{
	(void)p;
	return term_of_bool(matchspec_of(args[0]) != NULL);
}

term bif_ets_match_spec_run_r_3(struct proc *p, const term *args)
{
	struct matchspec *ms = matchspec_of(args[1]);
	if (ms == NULL)
		return bif_badarg(p);
	struct ms_run run;
	term list = args[0];
	term results = args[2];
	size_t seen = 0;
	ms_run_init(&run, ms, p);
	for (; term_is_cons(list) && seen < SLICE_OBJECTS; list = cons_tail(list), seen++) {
		term value = ms_run_match(&run, NULL, cons_head(list));
		if (value != TERM_NONE)
			results = heap_cons(bif_heap(p), value, results);
	}
	ms_run_done(&run);
	bif_charge(p, 1 + seen);
	if (term_is_cons(list)) {
		term rest[] = { list, args[1], results };
		return bif_trap(p, export_get(A(ets), A(match_spec_run_r), 3), 3, rest);
	}
	return list == TERM_NIL ? results : bif_badarg(p);
}

static term string_of(struct heap *heap, const char *text)
{
	term list = TERM_NIL;
	for (size_t i = strlen(text); i > 0; i--)
		list = heap_cons(heap, term_of_small((uint8_t)text[i - 1]), list);
	return list;
}

term bif_match_spec_test_3(struct proc *p, const term *args)
{
	struct heap *heap = bif_heap(p);
	bool trace = args[2] == A(trace);
	if ((!trace && args[2] != A(table)) || (trace && !term_is_list(args[0])))
		return bif_badarg(p);
	struct ms_errors errors = { 0 };
	struct matchspec *ms = matchspec_compile(args[1], trace ? MS_TRACE : MS_TABLE, &errors);
	if (ms == NULL) {
		term list = TERM_NIL;
		for (size_t i = errors.sentences.count; i > 0; i--) {
			term sentence = string_of(heap, errors.sentences.items[i - 1]);
			list = heap_cons(heap, heap_tuple_of(heap, A(error), sentence), list);
		}
		ms_errors_done(&errors);
		return heap_tuple_of(heap, A(error), list);
	}
	if (trace) {
		term tested = matchspec_trace_test(p, ms, args[0]);
		matchspec_put(ms);
		return tested;
	}
	struct ms_run run;
	ms_run_init(&run, ms, p);
	term value = ms_run_match(&run, NULL, args[0]);
	ms_run_done(&run);
	matchspec_put(ms);
	return heap_tuple_of(heap, A(ok), value != TERM_NONE ? value : A(false), TERM_NIL, TERM_NIL);
}
