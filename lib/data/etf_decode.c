/* SPDX-License-Identifier: Apache-2.0 */
/* External terms, decoded.
 *
 * Values are written into slots. A container takes its words at once, and a frame on a stack of our own says which of its
 * slots are still to be filled.
 * Bound: every open slot costs at least one byte of input, so `owed`, the number of open slots, may never exceed the
 * bytes that are left; memory is therefore linear in the input, however counts are nested.
 * On failure open slots are filled with [], so the heap stays well-formed. */
#include "data/etf.h"

#include "base/bytes.h"
#include "base/unwanted.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "binary/binary.h"
#include "data/big.h"
#include "data/etf_tags.h"
#include "data/map.h"
#include "term/atom.h"
#include "term/export.h"
#include "term/fun.h"
#include "term/ident.h"
#include "term/record.h"

#include <math.h>
#include <stdlib.h>
#include <zlib.h>

struct frame {
	term *next;  /* slot to fill */
	size_t left; /* slots */
	size_t stride;
	term *pairs; /* of a map: temporary room for 2 * count terms, else NULL */
	size_t count;
	term *result; /* of a map: where it goes */
};

struct decoder {
	const struct etf_context *context;
	struct heap *heap;
	struct bytes in;
	unsigned flags;
	size_t owed;
	VEC(struct frame) frames;
	const char *reason; /* set once: failed */
	size_t offset;
	bool system_limit;
};

static _noinline_ term fail(struct decoder *d, const char *reason)
{
	if (d->reason == NULL) {
		d->reason = reason;
		d->offset = bytes_offset(&d->in);
	}
	return TERM_NONE;
}

static term fail_cut(struct decoder *d)
{
	return fail(d, "the data ends within a term");
}

/* ------------------------------------------------------------------------------------------------ atoms */

static term make_atom(struct decoder *d, const uint8_t *text, size_t size)
{
	if ((d->flags & ETF_SAFE) != 0) {
		term t = atom_lookup(text, size);
		return t != TERM_NONE ? t : fail(d, "an atom that does not exist yet");
	}
	bool full = false;
	term t = atom_intern(text, size, &full);
	if (t != TERM_NONE)
		return t;
	d->system_limit = full;
	return fail(d, full ? "the atom table is full" : "an atom's text is too long or not UTF-8");
}

static term atom_of_latin1(struct decoder *d, const uint8_t *text, size_t size)
{
	uint8_t utf8[2 * ATOM_CHARS_MAX];
	size_t n = 0;
	if (size > ATOM_CHARS_MAX)
		return fail(d, "an atom's text is too long");
	for (size_t i = 0; i < size; i++) {
		if (text[i] < 0x80) {
			utf8[n++] = text[i];
		} else {
			utf8[n++] = (uint8_t)(0xC0 | text[i] >> 6);
			utf8[n++] = (uint8_t)(0x80 | (text[i] & 0x3F));
		}
	}
	return make_atom(d, utf8, n);
}

static bool is_atom_tag(uint8_t tag)
{
	return tag == ETF_SMALL_ATOM_UTF8 || tag == ETF_ATOM_UTF8 || tag == ETF_SMALL_ATOM ||
	       tag == ETF_ATOM;
}

/* Behind its tag. */
static term read_atom_text(struct decoder *d, uint8_t tag)
{
	size_t size = tag == ETF_SMALL_ATOM_UTF8 || tag == ETF_SMALL_ATOM ? bytes_u8(&d->in)
									  : bytes_u16(&d->in);
	const uint8_t *text = bytes_take(&d->in, size);
	if (text == NULL)
		return fail_cut(d);
	if (tag == ETF_ATOM || tag == ETF_SMALL_ATOM)
		return atom_of_latin1(d, text, size);
	return make_atom(d, text, size);
}

/* An atom where the format has nothing else. */
static term read_atom(struct decoder *d)
{
	uint8_t tag = bytes_u8(&d->in);
	if (d->in.failed)
		return fail_cut(d);
	if (!is_atom_tag(tag))
		return fail(d, "something else where an atom must be");
	return read_atom_text(d, tag);
}

/* ------------------------------------------------------------------------------------------------ numbers */

static term read_float(struct decoder *d, uint8_t tag)
{
	double value = NAN;
	if (tag == ETF_NEW_FLOAT) {
		uint64_t v = bytes_u64(&d->in);
		memcpy(&value, &v, sizeof(v));
	} else {
		char text[32] = { 0 };
		const uint8_t *p = bytes_take(&d->in, 31);
		if (p != NULL) {
			memcpy(text, p, 31);
			char *end;
			value = strtod(text, &end);
			/* Only what "%.20e" writes, padded with zeros. */
			if (end == text || *end != 0 ||
				strspn(text, "+-.0123456789eE") != strlen(text))
				value = NAN;
		}
	}
	if (d->in.failed)
		return fail_cut(d);
	if (!isfinite(value))
		return fail(d, "not a finite float");
	return heap_float(d->heap, value);
}

static term read_big(struct decoder *d, size_t size)
{
	const unsigned sign = bytes_u8(&d->in) != 0; /* any but 0 is minus, as in OTP */
	const uint8_t *p = bytes_take(&d->in, size);
	if (p == NULL)
		return fail_cut(d);
	while (size > 0 && p[size - 1] == 0)
		size--;
	if (size <= 8) {
		uint64_t v = 0;
		for (size_t i = size; i-- > 0;)
			v = v << 8 | p[i];
		if (v <= (uint64_t)SMALL_MAX + sign)
			return term_of_small(sign != 0 ? -(int64_t)v : (int64_t)v);
	}
	size_t limbs = (size + 7) / 8;
	if (limbs > BIG_LIMBS_MAX) {
		d->system_limit = true;
		return fail(d, "an integer larger than any that can be computed with");
	}
	term *to = heap_alloc(d->heap, 1 + limbs);
	to[0] = HEADER(sign != 0 ? BOXED_BIG_NEG : BOXED_BIG_POS, limbs);
	to[limbs] = 0;
	memcpy(to + 1, p, size);
	return term_of_boxed(to);
}

/* ------------------------------------------------------------------------------------------------ identifiers */

static bool is_own_node(const struct decoder *d, term node, uint32_t creation)
{
	if (d->context == NULL || d->context->node == 0)
		return node == A(nonode_nohost) && creation == 0;
	return node == d->context->node && creation == d->context->creation;
}

static term read_pid(struct decoder *d, uint8_t tag)
{
	term node = read_atom(d);
	uint32_t id = bytes_u32(&d->in);
	uint32_t serial = bytes_u32(&d->in);
	uint32_t creation = tag == ETF_PID ? bytes_u8(&d->in) : bytes_u32(&d->in);
	if (node == TERM_NONE || d->in.failed)
		return fail_cut(d);
	if (is_own_node(d, node, creation)) {
		if (id > PID_SLOT_MAX || serial > PID_SERIAL_MAX)
			return fail(d, "a local pid whose numbers are too large");
		term pid = term_of_pid(id, serial);
		if (d->context != NULL && d->context->pid_may_be_made != NULL &&
			!d->context->pid_may_be_made(d->context->user, pid))
			return fail(d, "a pid of another namespace");
		return pid;
	}
	term *p = heap_alloc(d->heap, 4);
	p[0] = HEADER(BOXED_EXT_PID, 3);
	p[1] = node;
	p[2] = (term)creation << 32 | id;
	p[3] = serial;
	return term_of_boxed(p);
}

static term read_port(struct decoder *d, uint8_t tag)
{
	term node = read_atom(d);
	uint64_t id = tag == ETF_V4_PORT ? bytes_u64(&d->in) : bytes_u32(&d->in);
	uint32_t creation = tag == ETF_PORT ? bytes_u8(&d->in) : bytes_u32(&d->in);
	if (node == TERM_NONE || d->in.failed)
		return fail_cut(d);
	if (is_own_node(d, node, creation)) {
		if (id >> 58 != 0)
			return fail(d, "a local port whose number is too large");
		return id << 6 | IMM_PORT;
	}
	term *p = heap_alloc(d->heap, 4);
	p[0] = HEADER(BOXED_EXT_PORT, 3);
	p[1] = node;
	p[2] = creation;
	p[3] = id;
	return term_of_boxed(p);
}

/* The words of a local reference: low, high (32 bits), and for an alias the pid; see etf_encode.c. */
static term local_reference(struct decoder *d, const uint32_t *words, unsigned count)
{
	struct ref_id id = { .low = words[0] };
	if (count > 1)
		id.low |= (uint64_t)words[1] << 32;
	if (count > 2)
		id.high = words[2];
	if (count == 4)
		id.high |= (uint64_t)words[3] << 32;
	if (count < 5)
		return ref_put(heap_alloc(d->heap, REF_WORDS), id);
	term pid = ((uint64_t)words[4] << 32 | words[3]) << 6 | IMM_PID;
	if (words[4] >> 26 != 0)
		return fail(d, "a local alias whose numbers are too large");
	if (d->context != NULL && d->context->pid_may_be_made != NULL &&
		!d->context->pid_may_be_made(d->context->user, pid))
		return fail(d, "an alias of another namespace");
	return alias_ref_put(heap_alloc(d->heap, ALIAS_REF_WORDS), id, pid);
}

static term read_reference(struct decoder *d, uint8_t tag)
{
	unsigned count = tag == ETF_REFERENCE ? 1 : bytes_u16(&d->in);
	term node = read_atom(d);
	if (node == TERM_NONE)
		return TERM_NONE;
	if (count == 0 || count > ETF_REFERENCE_WORDS_MAX)
		return fail(d, "a reference of no or too many words");
	uint32_t words[ETF_REFERENCE_WORDS_MAX];
	uint32_t creation = 0;
	if (tag != ETF_REFERENCE)
		creation = tag == ETF_NEWER_REFERENCE ? bytes_u32(&d->in) : bytes_u8(&d->in);
	for (unsigned i = 0; i < count; i++)
		words[i] = bytes_u32(&d->in);
	if (tag == ETF_REFERENCE)
		creation = bytes_u8(&d->in);
	if (d->in.failed)
		return fail_cut(d);
	if (is_own_node(d, node, creation))
		return local_reference(d, words, count);
	term *p = heap_alloc(d->heap, 3 + count);
	p[0] = HEADER(BOXED_EXT_REF, 2 + count);
	p[1] = node;
	p[2] = (term)creation << 32 | count;
	for (unsigned i = 0; i < count; i++)
		p[3 + i] = words[i];
	return term_of_boxed(p);
}

/* ------------------------------------------------------------------------------------------------ containers */

#define SLOTS_MAX ((size_t)1 << 30) /* a fragment counts its words in 32 bits */

/* Opens `count` slots; false when the input cannot hold that many terms. */
static bool owe(struct decoder *d, uint64_t count)
{
	if (count > bytes_left(&d->in) || d->owed + count > bytes_left(&d->in)) {
		(void)fail(d, "a count is larger than what is left of the data");
		return false;
	}
	if (count > SLOTS_MAX) {
		d->system_limit = true;
		(void)fail(d, "a count is larger than any heap can take");
		return false;
	}
	d->owed += count;
	return true;
}

static void open_slots(struct decoder *d, term *first, size_t count, size_t stride)
{
	if (count > 0)
		vec_push(&d->frames,
			((struct frame){ .next = first, .left = count, .stride = stride }));
}

static term open_tuple(struct decoder *d, size_t arity)
{
	if (d->in.failed)
		return fail_cut(d);
	if (!owe(d, arity))
		return TERM_NONE;
	term *p = heap_alloc(d->heap, 1 + arity);
	p[0] = HEADER(BOXED_TUPLE, arity);
	open_slots(d, p + 1, arity, 1);
	return term_of_boxed(p);
}

static term open_list(struct decoder *d)
{
	uint64_t count = bytes_u32(&d->in);
	if (d->in.failed ||
		count == 0) /* read_value has looked at 0 already: it is the end of the data */
		return fail_cut(d);
	if (!owe(d, count + 1))
		return TERM_NONE;
	term *p = heap_alloc(d->heap, 2 * count);
	for (size_t i = 0; i + 1 < count; i++)
		p[2 * i + 1] = term_of_cons(p + 2 * i + 2);
	open_slots(d, p + 2 * count - 1, 1, 1);
	open_slots(d, p, count, 2);
	return term_of_cons(p);
}

static term open_map(struct decoder *d, term *slot)
{
	uint64_t count = bytes_u32(&d->in);
	if (d->in.failed)
		return fail_cut(d);
	if (count == 0)
		return map_empty();
	if (!owe(d, 2 * count))
		return TERM_NONE;
	term *pairs = mem_alloc(MEM_TEMP, 2 * count * sizeof(term));
	vec_push(&d->frames, ((struct frame){ .next = pairs,
				     .left = 2 * count,
				     .stride = 1,
				     .pairs = pairs,
				     .count = count,
				     .result = slot }));
	return TERM_NIL; /* until close_map */
}

static void close_map(struct decoder *d, struct frame *frame)
{
	term t = map_of_pairs(d->heap, frame->pairs, frame->count, MAP_OF_UNIQUE);
	mem_free(MEM_TEMP, frame->pairs, 2 * frame->count * sizeof(term));
	if (t == TERM_NONE)
		(void)fail(d, "a map with a key twice");
	else
		*frame->result = t;
}

static term open_record(struct decoder *d)
{
	uint64_t count = bytes_u32(&d->in);
	uint8_t exported = bytes_u8(&d->in);
	if (d->in.failed)
		return fail_cut(d);
	if (exported > 1)
		return fail(d, "a record's flag is neither 0 nor 1");
	if (!owe(d, 2 * count + 2)) /* names are read here, before any slot is open */
		return TERM_NONE;
	d->owed -= count + 2;
	term *definition = heap_alloc(d->heap, 1 + 3 + count);
	definition[0] = HEADER(BOXED_TUPLE, 3 + count);
	for (size_t i = 0; i < 3 + count; i++)
		definition[1 + i] = i == 2 ? term_of_bool(exported) : TERM_NIL;
	for (size_t i = 0; i < 3 + count; i++) {
		if (i == 2)
			continue;
		term name = read_atom(d);
		if (name == TERM_NONE)
			return TERM_NONE;
		definition[1 + i] = name;
	}
	term *p = heap_alloc(d->heap, 2 + count);
	p[0] = HEADER(BOXED_RECORD, 1 + count);
	p[1] = term_of_boxed(definition);
	open_slots(d, p + 2, count, 1);
	return term_of_boxed(p);
}

/* A number of a fun, encoded as an integer. */
static uint32_t read_fun_number(struct decoder *d)
{
	uint8_t tag = bytes_u8(&d->in);
	if (tag == ETF_SMALL_INTEGER)
		return bytes_u8(&d->in);
	if (tag == ETF_INTEGER)
		return bytes_u32(&d->in);
	if (tag == ETF_SMALL_BIG) {
		size_t size = bytes_u8(&d->in);
		(void)bytes_u8(&d->in); /* sign: a uniq is a 32-bit pattern */
		const uint8_t *p = bytes_take(&d->in, size);
		uint32_t v = 0;
		for (size_t i = 0; p != NULL && i < size && i < 4; i++)
			v |= (uint32_t)p[i] << (8 * i);
		return v;
	}
	(void)fail(d, "something else where a fun's number must be");
	return 0;
}

static term open_fun(struct decoder *d)
{
	struct fun_entry named = { .code = NULL };
	(void)bytes_u32(&d->in); /* size, which the rest tells as well */
	uint32_t arity = bytes_u8(&d->in);
	const uint8_t *p = bytes_take(&d->in, 16);
	if (p != NULL)
		memcpy(named.uniq, p, 16);
	uint32_t index = bytes_u32(&d->in);
	uint32_t free_count = bytes_u32(&d->in);
	term module = read_atom(d);
	(void)read_fun_number(d); /* old index */
	uint32_t old_uniq = read_fun_number(d);
	uint8_t tag = bytes_u8(&d->in);
	if (d->in.failed)
		return fail_cut(d);
	if (d->reason != NULL)
		return TERM_NONE;
	if (tag != ETF_NEW_PID && tag != ETF_PID)
		return fail(d, "something else where a fun's creator must be");
	term creator = read_pid(d, tag);
	if (creator == TERM_NONE)
		return TERM_NONE;
	if (free_count > bytes_left(&d->in))
		return fail_cut(d);
	named.module_name = module;
	named.function = A(empty);
	named.arity = arity;
	named.free_count = free_count;
	named.index = index;
	named.old_uniq = old_uniq;
	struct fun_entry *entry = NULL;
	if (d->context != NULL && d->context->find_fun != NULL)
		entry = d->context->find_fun(d->context->user, &named);
	if (entry == NULL)
		return fail(d, "a fun of code that is not loaded");
	if (entry->arity != arity || entry->free_count != free_count)
		return fail(d, "a fun that differs from the code it names");
	if (!owe(d, free_count))
		return TERM_NONE;
	term *fun = heap_alloc(d->heap, FUN_WORDS(free_count));
	fun[0] = HEADER(BOXED_FUN, 2 + free_count);
	fun[1] = (term)(uintptr_t)entry;
	fun[2] = creator;
	open_slots(d, fun + 3, free_count, 1);
	return term_of_boxed(fun);
}

static term read_export(struct decoder *d)
{
	term module = read_atom(d);
	term function = module == TERM_NONE ? TERM_NONE : read_atom(d);
	if (function == TERM_NONE)
		return TERM_NONE;
	uint8_t tag = bytes_u8(&d->in);
	uint8_t arity = bytes_u8(&d->in);
	if (d->in.failed)
		return fail_cut(d);
	if (tag != ETF_SMALL_INTEGER)
		return fail(d, "something else where a fun's arity must be");
	const struct export *export = (d->flags & ETF_SAFE) != 0
					      ? export_find(module, function, arity)
					      : export_get(module, function, arity);
	if (export == NULL) {
		d->system_limit = (d->flags & ETF_SAFE) == 0;
		return fail(d, d->system_limit ? "too many functions have names"
					       : "a function that does not exist yet");
	}
	term *p = heap_alloc(d->heap, EXPORT_FUN_WORDS);
	return export_fun_put(p, export);
}

static term read_string(struct decoder *d)
{
	size_t size = bytes_u16(&d->in);
	const uint8_t *text = bytes_take(&d->in, size);
	if (text == NULL)
		return fail_cut(d);
	if (size == 0)
		return TERM_NIL;
	term *p = heap_alloc(d->heap, 2 * size);
	for (size_t i = 0; i < size; i++) {
		p[2 * i] = term_of_small(text[i]);
		p[2 * i + 1] = i + 1 < size ? term_of_cons(p + 2 * i + 2) : TERM_NIL;
	}
	return term_of_cons(p);
}

static term read_bits(struct decoder *d, uint8_t tag)
{
	size_t size = bytes_u32(&d->in);
	unsigned last = tag == ETF_BIT_BINARY ? bytes_u8(&d->in) : 8;
	const uint8_t *data = bytes_take(&d->in, size);
	if (data == NULL)
		return fail_cut(d);
	if (tag == ETF_BIT_BINARY && (last == 0 || last > 8 || size == 0))
		return fail(d, "a bitstring's last byte has no such number of bits");
	if (size == 0)
		return bits_of_bytes(d->heap, NULL, 0);
	return bits_of_bits(d->heap, data, 0, size * 8 - (8 - last));
}

/* ------------------------------------------------------------------------------------------------ the walk */

/* One value, or a container whose slots are open now. slot: where it will be put. */
static term read_value(struct decoder *d, term *slot)
{
	uint8_t tag = bytes_u8(&d->in);
	/* A list of no elements is its tail, as in OTP. */
	while (tag == ETF_LIST && bytes_left(&d->in) > 4 && memcmp(d->in.at, "\0\0\0\0", 4) == 0) {
		(void)bytes_u32(&d->in);
		tag = bytes_u8(&d->in);
	}
	if (d->in.failed)
		return fail_cut(d);
	switch (tag) {
	case ETF_SMALL_ATOM_UTF8:
	case ETF_ATOM_UTF8:
	case ETF_SMALL_ATOM:
	case ETF_ATOM:
		return read_atom_text(d, tag);
	case ETF_SMALL_INTEGER: {
		uint8_t v = bytes_u8(&d->in);
		return d->in.failed ? fail_cut(d) : term_of_small(v);
	}
	case ETF_INTEGER: {
		int32_t v = (int32_t)bytes_u32(&d->in);
		return d->in.failed ? fail_cut(d) : term_of_small(v);
	}
	case ETF_SMALL_BIG:
		return read_big(d, bytes_u8(&d->in));
	case ETF_LARGE_BIG:
		return read_big(d, bytes_u32(&d->in));
	case ETF_FLOAT:
	case ETF_NEW_FLOAT:
		return read_float(d, tag);
	case ETF_NIL:
		return TERM_NIL;
	case ETF_STRING:
		return read_string(d);
	case ETF_LIST:
		return open_list(d);
	case ETF_SMALL_TUPLE:
		return open_tuple(d, bytes_u8(&d->in));
	case ETF_LARGE_TUPLE:
		return open_tuple(d, bytes_u32(&d->in));
	case ETF_MAP:
		return open_map(d, slot);
	case ETF_RECORD:
		return open_record(d);
	case ETF_BINARY:
	case ETF_BIT_BINARY:
		return read_bits(d, tag);
	case ETF_PID:
	case ETF_NEW_PID:
		return read_pid(d, tag);
	case ETF_PORT:
	case ETF_NEW_PORT:
	case ETF_V4_PORT:
		return read_port(d, tag);
	case ETF_REFERENCE:
	case ETF_NEW_REFERENCE:
	case ETF_NEWER_REFERENCE:
		return read_reference(d, tag);
	case ETF_EXPORT:
		return read_export(d);
	case ETF_NEW_FUN:
		return open_fun(d);
	case ETF_FUN:
		return fail(d, "a fun in the form of before OTP 23");
	case ETF_LOCAL:
		return fail(d, "a term in another machine's local form");
	case ETF_ATOM_CACHE_REF:
		return fail(d, "an atom cache reference outside of a distribution message");
	default:
		return fail(d, "an unknown tag");
	}
}

static void run(struct decoder *d)
{
	size_t steps = 0;
	while (d->frames.count > 0 && d->reason == NULL) {
		struct frame *frame = &d->frames.items[d->frames.count - 1];
		if (unwanted_now(&steps)) {
			(void)fail(d, "unwanted"); /* nobody reads it */
			break;
		}
		if (frame->left == 0) { /* only a map's is kept that long */
			struct frame map = vec_pop(&d->frames);
			close_map(d, &map);
			continue;
		}
		term *slot = frame->next;
		frame->next += frame->stride;
		frame->left--;
		d->owed--;
		if (frame->left == 0 && frame->pairs == NULL)
			d->frames.count--;
		term t = read_value(d, slot);
		*slot = t != TERM_NONE ? t : TERM_NIL;
	}
}

/* Leaves nothing unset behind. */
static void abandon(struct decoder *d)
{
	vec_foreach(frame, &d->frames) {
		if (frame->pairs != NULL) {
			mem_free(MEM_TEMP, frame->pairs, 2 * frame->count * sizeof(term));
			continue; /* its result is [] already */
		}
		for (; frame->left > 0; frame->left--, frame->next += frame->stride)
			*frame->next = TERM_NIL;
	}
}

static term decode(struct decoder *d)
{
	term result = TERM_NIL;
	d->owed = 1;
	vec_push(&d->frames, ((struct frame){ .next = &result, .left = 1, .stride = 1 }));
	run(d);
	if (d->reason != NULL)
		abandon(d);
	vec_done(&d->frames);
	return d->reason == NULL ? result : TERM_NONE;
}

/* ------------------------------------------------------------------------------------------------ compression */

/* zlib cannot shrink by more: a claim above that is false. */
#define DEFLATE_RATIO_MAX 1032

/* The unpacked bytes (class TEMP, size as claimed), or NULL. Bound: memory is taken only for a claim the data can make good. */
static uint8_t *unpack(struct decoder *d, size_t *ret_size)
{
	size_t size = bytes_u32(&d->in);
	if (d->in.failed) {
		(void)fail_cut(d);
		return NULL;
	}
	size_t left = bytes_left(&d->in);
	if (size / DEFLATE_RATIO_MAX > left) {
		(void)fail(d, "compressed data claims more than it can hold");
		return NULL;
	}
	uint8_t *out = mem_alloc(MEM_TEMP, size);
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)d->in.at }; /* zlib does not write there */
	bool ok = inflateInit(&z) == Z_OK;
	if (ok) {
		size_t in_left = left;
		size_t out_left = size;
		int r = Z_OK;
		z.next_out = out;
		while (r == Z_OK) { /* zlib counts in 32 bits */
			z.avail_in = in_left > UINT32_MAX ? UINT32_MAX : (uInt)in_left;
			/* size has 32 bits */
			z.avail_out = (uInt)(out_left < UNWANTED_BYTES ? out_left : UNWANTED_BYTES);
			uInt before_in = z.avail_in;
			uInt before_out = z.avail_out;
			r = inflate(&z, Z_NO_FLUSH);
			in_left -= before_in - z.avail_in;
			out_left -= before_out - z.avail_out;
			if (unwanted() || (r == Z_OK && before_in == z.avail_in && before_out == z.avail_out))
				r = Z_BUF_ERROR;
		}
		ok = r == Z_STREAM_END && out_left == 0;
		d->in.at += left - in_left;
		(void)inflateEnd(&z); /* what it says about leftovers does not matter */
	}
	if (!ok) {
		(void)fail(d, "compressed data is damaged or of another size than it claims");
		mem_free(MEM_TEMP, out, size);
		return NULL;
	}
	*ret_size = size;
	return out;
}

term etf_decode(const struct etf_context *context, struct heap *heap, const void *data, size_t size,
	unsigned flags, size_t *ret_used, struct etf_error *ret_error)
{
	struct decoder d = {
		.context = context, .heap = heap, .in = bytes_of(data, size), .flags = flags
	};
	uint8_t *unpacked = NULL;
	size_t unpacked_size = 0;
	term t = TERM_NONE;
	size_t used = 0;
	if ((flags & ETF_NO_VERSION) == 0 && bytes_u8(&d.in) != ETF_VERSION)
		(void)fail(&d, "it does not begin with 131");
	if (d.reason == NULL && bytes_left(&d.in) > 0 && *d.in.at == ETF_COMPRESSED) {
		d.in.at++;
		unpacked = unpack(&d, &unpacked_size);
		used = bytes_offset(&d.in);
		if (unpacked != NULL)
			d.in = bytes_of(unpacked, unpacked_size);
	}
	if (d.reason == NULL)
		t = decode(&d);
	if (t != TERM_NONE && unpacked == NULL)
		used = bytes_offset(&d.in);
	if (t != TERM_NONE && (flags & ETF_MAY_REST) == 0 &&
		(used != size || (unpacked != NULL && bytes_left(&d.in) != 0)))
		t = fail(&d, "the data goes on after the term");
	mem_free(MEM_TEMP, unpacked, unpacked_size);
	if (t == TERM_NONE) {
		*ret_error = (struct etf_error){
			.offset = d.offset,
			.reason = d.reason,
			.system_limit = d.system_limit,
		};
		return TERM_NONE;
	}
	if (ret_used != NULL)
		*ret_used = used;
	return t;
}
