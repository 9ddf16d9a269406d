/* SPDX-License-Identifier: Apache-2.0 */
/* Module binary. */
#include "binary/binary.h"

#include "base/unwanted.h"
#include "base/vec.h"
#include "bif/bif.h"
#include "binary/build.h"
#include "binary/match.h"
#include "binary/search.h"
#include "data/big.h"
#include "term/atom.h"

#define BYTES_PER_REDUCTION 256

/* The byte at a position counted from 0; -1: out of range or no binary. */
static int byte_of(term binary, size_t position)
{
	if (!term_is_binary(binary))
		return -1;
	struct bits bits = bits_of(binary);
	if (position >= bits.size / 8)
		return -1;
	return (int)bits_load(bits.data, bits.offset + position * 8, 8);
}

term bif_binary_at_2(struct proc *p, const term *args)
{
	size_t position;
	int byte = bif_get_size(args[1], &position) ? byte_of(args[0], position) : -1;
	return byte >= 0 ? term_of_small(byte) : bif_badarg(p);
}

term bif_binary_first_1(struct proc *p, const term *args)
{
	int byte = byte_of(args[0], 0);
	return byte >= 0 ? term_of_small(byte) : bif_badarg(p);
}

term bif_binary_last_1(struct proc *p, const term *args)
{
	if (!term_is_binary(args[0]) || bits_size(args[0]) == 0)
		return bif_badarg(p);
	return term_of_small(byte_of(args[0], bits_size(args[0]) / 8 - 1));
}

#define COPY_LONG_BYTES (256 << 10)
#define COPY_PIECE_BYTES (1 << 20)
#define COPY_STEP_BYTES (COPY_PIECE_BYTES / UNWANTED_EVERY)

static term copy_times(struct proc *p, term binary, size_t times)
{
	if (!term_is_binary(binary))
		return bif_badarg(p);
	struct bits bits = bits_of(binary);
	size_t total;
	if (__builtin_mul_overflow(bits.size, times, &total) || !bits_size_ok(total))
		return bif_system_limit(p);
	if (unlikely(total / 8 > COPY_LONG_BYTES && (p->flags & PROC_AWAY) == 0))
		return bif_away(p);
	uint8_t *to;
	term t = bits_new(bif_heap(p), total, &to);
	size_t size = bits.size / 8, copied = 0;
	for (size_t i = 0; i < times && size != 0; i++) {
		for (size_t at = 0; at < size; at += COPY_PIECE_BYTES) {
			size_t n = size - at < COPY_PIECE_BYTES ? size - at : COPY_PIECE_BYTES;
			if (unwanted_after(&copied, n / COPY_STEP_BYTES + 1))
				return TERM_NIL;
			bits_copy_out(to + i * size + at, bits.data, bits.offset + at * 8, n * 8);
		}
	}
	bif_charge(p, total / 8 / (BYTES_PER_REDUCTION * 16));
	return t;
}

term bif_binary_copy_1(struct proc *p, const term *args)
{
	return copy_times(p, args[0], 1);
}

term bif_binary_copy_2(struct proc *p, const term *args)
{
	uint64_t times;
	if (!integer_to_u64(args[1], &times))
		return bif_badarg(p);
	return copy_times(p, args[0], times);
}

/* big or little; false for anything else. */
static bool get_endianness(term t, unsigned *ret_flags)
{
	*ret_flags = t == A(little) ? FIELD_LITTLE : 0;
	return t == A(little) || t == A(big);
}

static term decode_unsigned(struct proc *p, term binary, unsigned flags)
{
	if (!term_is_binary(binary))
		return bif_badarg(p);
	term words[MATCH_WORDS];
	term ctx = match_put(words, binary);
	bif_charge(p, match_left(ctx) / 8 / BYTES_PER_REDUCTION);
	term t = match_integer(bif_heap(p), ctx, match_left(ctx), flags);
	return t != TERM_NONE ? t : bif_system_limit(p);
}

term bif_binary_decode_unsigned_1(struct proc *p, const term *args)
{
	return decode_unsigned(p, args[0], 0);
}

term bif_binary_decode_unsigned_2(struct proc *p, const term *args)
{
	unsigned flags;
	return get_endianness(args[1], &flags) ? decode_unsigned(p, args[0], flags) : bif_badarg(p);
}

static term encode_unsigned(struct proc *p, term t, unsigned flags)
{
	if (!term_is_integer(t) || (term_is_small(t) ? (int64_t)t < 0 : big_is_negative(t)))
		return bif_badarg(p);
	size_t limbs = term_is_small(t) ? 1 : big_limbs(t);
	uint64_t high = term_is_small(t) ? (uint64_t)small_value(t) : big_digits(t)[limbs - 1];
	size_t bytes = limbs * 8 - (high == 0 ? 7 : (size_t)__builtin_clzll(high) / 8);
	uint8_t *data;
	term result = bits_new(bif_heap(p), bytes * 8, &data);
	build_integer(data, 0, bytes * 8, t, flags);
	bif_charge(p, bytes / BYTES_PER_REDUCTION);
	return result;
}

term bif_binary_encode_unsigned_1(struct proc *p, const term *args)
{
	return encode_unsigned(p, args[0], 0);
}

term bif_binary_encode_unsigned_2(struct proc *p, const term *args)
{
	unsigned flags;
	return get_endianness(args[1], &flags) ? encode_unsigned(p, args[0], flags) : bif_badarg(p);
}

term bif_binary_referenced_byte_size_1(struct proc *p, const term *args)
{
	if (!term_is_bitstring(args[0]))
		return bif_badarg(p);
	term whole = args[0];
	if (header_kind(boxed_header(whole)) == BOXED_SUB_BITS)
		whole = boxed_ptr(whole)[1];
	if (header_kind(boxed_header(whole)) == BOXED_REF_BITS)
		return term_of_small((int64_t)ref_bits_binary(whole)->size);
	return term_of_small((int64_t)bits_to_bytes(bits_size(whole)));
}

/* ------------------------------------------------------------------------------------------------ common ends */

static term longest_common(struct proc *p, term list, bool prefix)
{
	if (list_length(list) <= 0)
		return bif_badarg(p);
	for (term t = list; term_is_cons(t); t = cons_tail(t))
		if (!term_is_binary(cons_head(t)))
			return bif_badarg(p);
	struct flat_bits first;
	flat_bits_init(&first, cons_head(list));
	size_t common = first.size;
	size_t work = 0;
	for (term t = cons_tail(list); term_is_cons(t) && common > 0; t = cons_tail(t)) {
		struct flat_bits other;
		flat_bits_init(&other, cons_head(t));
		size_t limit = other.size < common ? other.size : common;
		size_t n = 0;
		if (prefix)
			while (n < limit && first.data[n] == other.data[n])
				n++;
		else
			while (n < limit && first.data[first.size - 1 - n] == other.data[other.size - 1 - n])
				n++;
		common = n;
		work += n;
		flat_bits_done(&other);
		if (unwanted())
			break;
	}
	flat_bits_done(&first);
	bif_charge(p, work / BYTES_PER_REDUCTION);
	return term_of_small((int64_t)common);
}

term bif_binary_longest_common_prefix_1(struct proc *p, const term *args)
{
	return longest_common(p, args[0], true);
}

term bif_binary_longest_common_suffix_1(struct proc *p, const term *args)
{
	return longest_common(p, args[0], false);
}

/* ------------------------------------------------------------------------------------------------ patterns */

/* A searcher for a pattern that is a binary or a list of binaries, none of them empty. NULL with *ret_limit false: it is
 * neither; true: too large. */
static struct search *compile(term pattern, bool *ret_limit)
{
	int64_t count = term_is_cons(pattern) ? list_length(pattern) : 1;
	*ret_limit = false;
	if (count < 1)
		return NULL;
	for (term t = pattern; term_is_cons(t); t = cons_tail(t))
		if (!term_is_binary(cons_head(t)) || bits_size(cons_head(t)) == 0)
			return NULL;
	if (!term_is_cons(pattern) && (!term_is_binary(pattern) || bits_size(pattern) == 0))
		return NULL;
	size_t n = (size_t)count;
	struct flat_bits *flat = mem_alloc(MEM_TEMP, n * sizeof(*flat));
	struct pattern *patterns = mem_alloc(MEM_TEMP, n * sizeof(*patterns));
	term t = pattern;
	for (size_t i = 0; i < n; i++) {
		flat_bits_init(&flat[i], term_is_cons(t) ? cons_head(t) : t);
		patterns[i] = (struct pattern){ flat[i].data, flat[i].size };
		if (term_is_cons(t))
			t = cons_tail(t);
	}
	struct search *search = search_new(patterns, n);
	*ret_limit = search == NULL;
	for (size_t i = 0; i < n; i++)
		flat_bits_done(&flat[i]);
	mem_free(MEM_TEMP, patterns, n * sizeof(*patterns));
	mem_free(MEM_TEMP, flat, n * sizeof(*flat));
	return search;
}

/* The searcher of a compiled or a plain pattern, counted for the caller. NULL: raised. */
static struct search *get_search(struct proc *p, term pattern)
{
	if (term_is_tuple_of(pattern, 2) && (tuple_element(pattern, 0) == A(bm) || tuple_element(pattern, 0) == A(ac))) {
		term ref = tuple_element(pattern, 1);
		struct counted *counted = NULL;
		if (term_is_kind(ref, BOXED_MAGIC_REF))
			counted = (struct counted *)(uintptr_t)boxed_ptr(ref)[2];
		if (counted != NULL && search_is(counted) &&
			search_is_multiple(search_of(counted)) == (tuple_element(pattern, 0) == A(ac))) {
			/* Relaxed: the reference holds a count meanwhile. */
			atomic_add_relaxed(&counted->refs, 1);
			return search_of(counted);
		}
		(void)bif_badarg(p); /* NULL says that it is raised */
		return NULL;
	}
	bool limit;
	struct search *search = compile(pattern, &limit);
	if (search == NULL)
		(void)(limit ? bif_system_limit(p) : bif_badarg(p)); /* as above */
	return search;
}

term bif_binary_compile_pattern_1(struct proc *p, const term *args)
{
	bool limit;
	struct search *search = compile(args[0], &limit);
	if (search == NULL)
		return limit ? bif_system_limit(p) : bif_badarg(p);
	struct ref_id id = ref_new_id();
	term *m = heap_alloc(bif_heap(p), MAGIC_REF_WORDS);
	m[0] = HEADER(BOXED_MAGIC_REF, MAGIC_REF_WORDS - 1);
	m[2] = (term)(uintptr_t)search;
	m[3] = id.high;
	m[4] = id.low;
	offheap_add(&bif_heap(p)->offheap, m, 256);
	return heap_tuple_of(bif_heap(p), search_is_multiple(search) ? A(ac) : A(bm), term_of_boxed(m));
}

/* ------------------------------------------------------------------------------------------------ options */

enum search_flags { SEARCH_GLOBAL = 1, SEARCH_TRIM = 2, SEARCH_TRIM_ALL = 4 };

struct scope {
	size_t start; /* bytes */
	size_t end;
	unsigned flags;
};

/* {Pos, Length} within size bytes; a negative length counts back from Pos. */
static bool get_part(term position, term length, size_t size, size_t *ret_start, size_t *ret_end)
{
	size_t start;
	if (!bif_get_size(position, &start) || start > size || !term_is_small(length))
		return false;
	int64_t n = small_value(length);
	if (n < 0) {
		if ((uint64_t)-n > start)
			return false;
		*ret_start = start - (size_t)-n;
		*ret_end = start;
		return true;
	}
	if ((uint64_t)n > size - start)
		return false;
	*ret_start = start;
	*ret_end = start + (size_t)n;
	return true;
}

/* allowed: which flags may stand in the list. */
static bool get_options(term list, size_t size, unsigned allowed, struct scope *ret)
{
	*ret = (struct scope){ .end = size };
	for (; term_is_cons(list); list = cons_tail(list)) {
		term option = cons_head(list);
		unsigned flag = option == A(global) ? SEARCH_GLOBAL
			: option == A(trim)	    ? SEARCH_TRIM
			: option == A(trim_all)	    ? SEARCH_TRIM_ALL
						    : 0;
		if (flag != 0) {
			if ((flag & allowed) == 0)
				return false;
			ret->flags |= flag;
			continue;
		}
		if (!term_is_tuple_of(option, 2) || tuple_element(option, 0) != A(scope))
			return false;
		term part = tuple_element(option, 1);
		if (!term_is_tuple_of(part, 2) ||
			!get_part(tuple_element(part, 0), tuple_element(part, 1), size, &ret->start, &ret->end))
			return false;
	}
	return list == TERM_NIL;
}

/* Bytes that are looked at where the call is made, for one pattern and for several; a match counts as some. What needs more goes away. */
#define HERE_ONE ((size_t)256 << 10)
#define HERE_MANY ((size_t)32 << 10)
#define MATCH_WORTH 64
#define STEP_BYTES 4 /* of several patterns' in the time of a step (base/unwanted.h) */

/* What match, matches and split have in common. */
struct job {
	struct flat_bits subject;
	struct scope scope;
	struct search *search;
	size_t left; /* bytes that may still be looked at; 0: it is late, and to be done elsewhere or not at all */
	size_t steps;
	bool away;
};

/* False: raised. */
static bool job_begin(struct proc *p, struct job *job, term subject, term pattern, term options, unsigned allowed)
{
	if (!term_is_binary(subject) || !get_options(options, bits_size(subject) / 8, allowed, &job->scope)) {
		(void)bif_badarg(p); /* false says that it is raised */
		return false;
	}
	job->search = get_search(p, pattern);
	if (job->search == NULL)
		return false;
	job->away = (p->flags & PROC_AWAY) != 0;
	job->left = search_is_multiple(job->search) ? HERE_MANY : HERE_ONE;
	job->steps = 0;
	flat_bits_init(&job->subject, subject);
	return true;
}

static void job_end(struct proc *p, struct job *job, size_t looked_at)
{
	flat_bits_done(&job->subject);
	bif_charge(p, looked_at / (search_is_multiple(job->search) ? 64 : 1024));
	job->search = search_unref(job->search);
}

static void job_spend(struct job *job, size_t bytes)
{
	if (!job->away)
		job->left -= bytes < job->left ? bytes : job->left;
	else if (unwanted_after(&job->steps, bytes / STEP_BYTES + 1))
		job->left = 0;
}

/* False: there is none, or it is late. The subject is searched in pieces, each looked at as far as a pattern that begins in it may reach. */
static bool job_next(struct job *job, size_t from, struct match *ret)
{
	const size_t longest = search_longest(job->search), end = job->scope.end;
	for (size_t at = from; at < end && job->left > 0;) {
		/* Those of a long pattern are long as well, so that no byte is looked at more than twice. */
		const size_t piece = job->left > longest ? job->left : longest;
		const size_t size = end - at > piece && end - at - piece >= longest ? at + piece + longest - 1 : end;
		if (size != end && longest > job->left && !job->away) {
			job->left = 0;
			break;
		}
		const bool found = search_find(job->search, job->subject.data, size, at, ret);
		if (found && (size == end || ret->offset < at + piece)) {
			job_spend(job, ret->offset - at + MATCH_WORTH);
			return job->left > 0;
		}
		if (size == end)
			break;
		job_spend(job, piece);
		at += piece;
	}
	return false;
}

/* What to return when job->left is 0: another thread does all of it, or nobody wants it. */
static term job_late(struct proc *p, const struct job *job)
{
	return job->away ? TERM_NIL : bif_away(p);
}

static term match_term(struct proc *p, struct match match)
{
	return heap_tuple_of(
		bif_heap(p), term_of_small((int64_t)match.offset), term_of_small((int64_t)match.size));
}

static term match_first(struct proc *p, term subject, term pattern, term options)
{
	struct job job;
	struct match match;
	if (!job_begin(p, &job, subject, pattern, options, 0))
		return TERM_NONE;
	bool found = job_next(&job, job.scope.start, &match);
	job_end(p, &job, (found ? match.offset : job.scope.end) - job.scope.start);
	if (unlikely(job.left == 0))
		return job_late(p, &job);
	return found ? match_term(p, match) : A(nomatch);
}

static term match_all(struct proc *p, term subject, term pattern, term options)
{
	struct job job;
	struct match match;
	if (!job_begin(p, &job, subject, pattern, options, 0))
		return TERM_NONE;
	term list = TERM_NIL;
	term *end = &list;
	for (size_t at = job.scope.start; job_next(&job, at, &match); at = match.offset + match.size) {
		term *cell = heap_alloc(bif_heap(p), 2);
		cell[0] = match_term(p, match);
		cell[1] = TERM_NIL;
		*end = term_of_cons(cell);
		end = cell + 1;
	}
	job_end(p, &job, job.scope.end - job.scope.start);
	return likely(job.left > 0) ? list : job_late(p, &job);
}

term bif_binary_match_2(struct proc *p, const term *args)
{
	return match_first(p, args[0], args[1], TERM_NIL);
}

term bif_binary_match_3(struct proc *p, const term *args)
{
	return match_first(p, args[0], args[1], args[2]);
}

term bif_binary_matches_2(struct proc *p, const term *args)
{
	return match_all(p, args[0], args[1], TERM_NIL);
}

term bif_binary_matches_3(struct proc *p, const term *args)
{
	return match_all(p, args[0], args[1], args[2]);
}

static term split(struct proc *p, term subject, term pattern, term options)
{
	struct job job;
	struct match match;
	if (!job_begin(p, &job, subject, pattern, options, SEARCH_GLOBAL | SEARCH_TRIM | SEARCH_TRIM_ALL))
		return TERM_NONE;
	VEC(struct match) parts = { 0 };
	size_t begin = 0;
	size_t at = job.scope.start;
	while (job_next(&job, at, &match)) {
		struct match part = { begin, match.offset - begin };
		at = begin = match.offset + match.size;
		if (part.size != 0 || (job.scope.flags & SEARCH_TRIM_ALL) == 0)
			vec_push(&parts, part);
		if ((job.scope.flags & SEARCH_GLOBAL) == 0)
			break;
	}
	if (unlikely(job.left == 0)) {
		vec_done(&parts);
		job_end(p, &job, 0);
		return job_late(p, &job);
	}
	vec_push(&parts, ((struct match){ begin, job.subject.size - begin }));
	if ((job.scope.flags & (SEARCH_TRIM | SEARCH_TRIM_ALL)) != 0)
		while (parts.count > 0 && parts.items[parts.count - 1].size == 0)
			parts.count--;
	term list = TERM_NIL;
	for (size_t i = parts.count; i-- > 0;) {
		struct match part = parts.items[i];
		list = heap_cons(bif_heap(p), bits_part(bif_heap(p), subject, part.offset * 8, part.size * 8), list);
	}
	vec_done(&parts);
	job_end(p, &job, job.subject.size);
	return list;
}

term bif_binary_split_2(struct proc *p, const term *args)
{
	return split(p, args[0], args[1], TERM_NIL);
}

term bif_binary_split_3(struct proc *p, const term *args)
{
	return split(p, args[0], args[1], args[2]);
}

term bif_erlang_binary_part_3(struct proc *p, const term *args)
{
	size_t start;
	size_t end;
	if (!term_is_binary(args[0]) || !get_part(args[1], args[2], bits_size(args[0]) / 8, &start, &end))
		return bif_badarg(p);
	return bits_part(bif_heap(p), args[0], start * 8, (end - start) * 8);
}

term bif_erlang_binary_part_2(struct proc *p, const term *args)
{
	if (!term_is_tuple_of(args[1], 2))
		return bif_badarg(p);
	term three[] = { args[0], tuple_element(args[1], 0), tuple_element(args[1], 1) };
	return bif_erlang_binary_part_3(p, three);
}
