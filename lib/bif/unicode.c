/* SPDX-License-Identifier: Apache-2.0 */
/* Module unicode: character data to UTF-8 or a list of code points.
 *
 * Character data is a binary, or a list of code points, binaries and such lists. It is walked twice: first to see whether it
 * has that shape at all (badarg otherwise), then to convert it. A character may be parted between two binaries.
 * What could not be converted is handed back as character data of what is left; its shape is OTP's. */
#include "base/unwanted.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "bif/bif.h"
#include "binary/binary.h"
#include "data/big.h"
#include "term/atom.h"

#define BYTES_PER_REDUCTION 128

/* Where a walk is: in `at`, a list or a binary at its end; then in the tails above. */
struct place {
	term at;
	VEC(term) tails;
};

struct output {
	struct heap *heap;
	bool to_list;
	VEC(uint8_t) bytes; /* UTF-8 */
	term list;          /* code points */
	term *end;          /* where the next cell is linked */
};

static inline void put_char(struct output *out, uint32_t c)
{
	if (out->to_list) {
		term *cell = heap_alloc(out->heap, 2);
		cell[0] = term_of_small(c);
		cell[1] = TERM_NIL;
		*out->end = term_of_cons(cell);
		out->end = cell + 1;
		return;
	}
	vec_reserve(&out->bytes, out->bytes.count + 4);
	out->bytes.count += (size_t)utf8_encode(c, out->bytes.items + out->bytes.count);
}

/* So many of bytes that are below 128. */
static void put_ascii(struct output *out, const uint8_t *bytes, size_t count)
{
	if (out->to_list) {
		for (size_t i = 0; i < count; i++)
			put_char(out, bytes[i]);
		return;
	}
	if (count == 0)
		return;
	vec_reserve(&out->bytes, out->bytes.count + count);
	memcpy(out->bytes.items + out->bytes.count, bytes, count);
	out->bytes.count += count;
}

static size_t ascii_prefix(const uint8_t *p, size_t size)
{
	size_t n = 0;
	for (; size - n >= 8; n += 8) {
		uint64_t v;
		memcpy(&v, p + n, 8);
		if ((v & 0x8080808080808080) != 0)
			break;
	}
	while (n < size && p[n] < 0x80)
		n++;
	return n;
}

/* ------------------------------------------------------------------------------------------------ shape */

/* Parts that are walked at most; see IOLIST_ELEMENTS_MAX. */
#define PARTS_MAX ((size_t)1 << 28)

/* Whether it is character data of at most PARTS_MAX parts; *ret_work: how many. */
static bool is_char_data(term t, size_t *ret_work)
{
	struct place place = { .at = t };
	bool ok = true;
	size_t work = 0;
	for (; ok && work <= PARTS_MAX; work++) {
		if (term_is_cons(place.at)) {
			term head = cons_head(place.at);
			place.at = cons_tail(place.at);
			if (term_is_cons(head)) {
				vec_push(&place.tails, place.at);
				place.at = head;
			} else if (!term_is_small(head) && head != TERM_NIL) {
				ok = term_is_big(head) || term_is_binary(head);
			}
			continue;
		}
		ok = place.at == TERM_NIL || term_is_binary(place.at);
		if (place.tails.count == 0)
			break;
		place.at = vec_pop(&place.tails);
	}
	vec_done(&place.tails);
	*ret_work = work;
	return ok;
}

/* ------------------------------------------------------------------------------------------------ conversion */

enum result { RESULT_OK, RESULT_ERROR, RESULT_INCOMPLETE };

struct conversion {
	struct heap *heap;
	struct output out;
	struct place place;
	bool latin1;
	uint8_t pending[4]; /* the beginning of a character, at the end of a binary */
	unsigned pending_size;
	size_t bytes; /* of binaries looked at */
	term rest;
};

/* The list that is left when `inner` is left of the list in hand. */
static term rest_of(struct conversion *c, term inner)
{
	for (size_t i = c->place.tails.count; i-- > 0;)
		inner = heap_cons(c->heap, inner, c->place.tails.items[i]);
	return inner;
}

/* [bytes, rest]. */
static term rest_with_bytes(struct conversion *c, const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
	term rest)
{
	uint8_t *data;
	term bytes = bits_new(c->heap, (a_size + b_size) * 8, &data);
	memcpy(data, a, a_size);
	if (b_size != 0)
		memcpy(data + a_size, b, b_size);
	return heap_cons(c->heap, bytes, heap_cons(c->heap, rest, TERM_NIL));
}

/* As much of it as is gone through before somebody asks whether it is still wanted. */
static size_t piece_of(size_t size)
{
	return size < UNWANTED_EVERY ? size : UNWANTED_EVERY;
}

static enum result convert_latin1(struct conversion *c, const uint8_t *p, size_t size)
{
	size_t steps = 0;
	for (size_t i = 0; i < size;) {
		size_t ascii = ascii_prefix(p + i, piece_of(size - i));
		if (unwanted_after(&steps, ascii + 1))
			break;
		put_ascii(&c->out, p + i, ascii);
		i += ascii;
		if (i < size)
			put_char(&c->out, p[i++]);
	}
	return RESULT_OK;
}

/* Bytes of one binary. binary: for what is left of it; tail: what follows it in its list, or TERM_NONE when it is no
 * element but ends a list or stands alone. */
static enum result convert_utf8(struct conversion *c, const uint8_t *p, size_t size, term binary, term tail)
{
	size_t i = 0;
	if (c->pending_size != 0) {
		uint8_t joined[8];
		uint32_t ch;
		size_t more = size < 4 ? size : 4;
		memcpy(joined, c->pending, c->pending_size);
		memcpy(joined + c->pending_size, p, more);
		size_t total = c->pending_size + more;
		int n = utf8_decode(joined, total < 4 ? total : 4, &ch);
		if (n < 0) {
			memcpy(c->pending, joined, total);
			c->pending_size = (unsigned)total;
			return RESULT_OK;
		}
		if (n == 0) {
			if (tail == TERM_NONE)
				c->rest = rest_with_bytes(c, c->pending, c->pending_size, NULL, 0, rest_of(c, binary));
			else
				c->rest = rest_with_bytes(c, c->pending, c->pending_size, p, size, rest_of(c, tail));
			return RESULT_ERROR;
		}
		put_char(&c->out, ch);
		i = (size_t)n - c->pending_size;
		c->pending_size = 0;
	}
	size_t steps = 0;
	while (i < size) {
		size_t ascii = ascii_prefix(p + i, piece_of(size - i));
		if (unwanted_after(&steps, ascii + 1))
			break;
		put_ascii(&c->out, p + i, ascii);
		i += ascii;
		if (i == size)
			break;
		uint32_t ch;
		int n = utf8_decode(p + i, size - i, &ch);
		if (n < 0) {
			c->pending_size = (unsigned)(size - i);
			memcpy(c->pending, p + i, size - i);
			return RESULT_OK;
		}
		if (n == 0) {
			term left = bits_part(c->heap, binary, i * 8, (size - i) * 8);
			c->rest = rest_of(c, tail == TERM_NONE ? left : heap_cons(c->heap, left, tail));
			return RESULT_ERROR;
		}
		put_char(&c->out, ch);
		i += (size_t)n;
	}
	return RESULT_OK;
}

static enum result convert_binary(struct conversion *c, term binary, term tail)
{
	struct flat_bits flat;
	flat_bits_init(&flat, binary);
	enum result result = RESULT_OK;
	c->bytes += flat.size;
	if (flat.size != 0)
		result = c->latin1 ? convert_latin1(c, flat.data, flat.size)
				   : convert_utf8(c, flat.data, flat.size, binary, tail);
	flat_bits_done(&flat);
	return result;
}

static bool convert_integer(struct conversion *c, term t)
{
	if (!term_is_small(t) || c->pending_size != 0)
		return false;
	int64_t v = small_value(t);
	if (v < 0 || v > (c->latin1 ? 255 : 0x10FFFF) || (v >= 0xD800 && v <= 0xDFFF))
		return false;
	put_char(&c->out, (uint32_t)v);
	return true;
}

static enum result convert(struct conversion *c)
{
	size_t steps = 0;
	while (!unwanted_now(&steps)) {
		if (term_is_cons(c->place.at)) {
			term list = c->place.at;
			term head = cons_head(list);
			c->place.at = cons_tail(list);
			if (term_is_list(head)) {
				vec_push(&c->place.tails, c->place.at);
				c->place.at = head;
			} else if (term_is_integer(head)) {
				if (!convert_integer(c, head)) {
					c->rest = rest_of(c, list);
					if (c->pending_size != 0)
						c->rest = rest_with_bytes(
							c, c->pending, c->pending_size, NULL, 0, c->rest);
					return RESULT_ERROR;
				}
			} else {
				enum result result = convert_binary(c, head, c->place.at);
				if (result != RESULT_OK)
					return result;
			}
			continue;
		}
		if (c->place.at != TERM_NIL) {
			enum result result = convert_binary(c, c->place.at, TERM_NONE);
			if (result != RESULT_OK)
				return result;
		}
		if (c->place.tails.count == 0)
			break;
		c->place.at = vec_pop(&c->place.tails);
	}
	if (c->pending_size == 0)
		return RESULT_OK;
	c->rest = bits_of_bytes(c->heap, c->pending, c->pending_size);
	return RESULT_INCOMPLETE;
}

static term characters_to(struct proc *p, term data, bool latin1, bool to_list)
{
	size_t work;
	if (!is_char_data(data, &work))
		return bif_badarg(p);
	if (work > PARTS_MAX)
		return bif_system_limit(p);
	struct heap *heap = bif_heap(p);
	if (!to_list && !latin1 && term_is_bitstring(data)) { /* most often it is right already */
		struct flat_bits flat;
		flat_bits_init(&flat, data);
		bool valid = utf8_valid(flat.data, flat.size, NULL);
		work = flat.size / BYTES_PER_REDUCTION;
		flat_bits_done(&flat);
		if (valid) {
			bif_charge(p, work);
			return data;
		}
	}
	struct conversion c = { .heap = heap, .latin1 = latin1, .place = { .at = data } };
	c.out = (struct output){ .heap = heap, .to_list = to_list, .list = TERM_NIL };
	c.out.end = &c.out.list;
	enum result result = convert(&c);
	term t = to_list ? c.out.list : bits_of_bytes(heap, c.out.bytes.items, c.out.bytes.count);
	bif_charge(p, (work + c.bytes) / BYTES_PER_REDUCTION);
	vec_done(&c.out.bytes);
	vec_done(&c.place.tails);
	if (result == RESULT_OK)
		return t;
	return heap_tuple_of(heap, result == RESULT_ERROR ? A(error) : A(incomplete), t, c.rest);
}

/* Other encodings are handled by Erlang code beside the function. */
static term convert_from(struct proc *p, const term *args, term others, bool to_list)
{
	if (args[1] == A(latin1))
		return characters_to(p, args[0], true, to_list);
	if (args[1] == A(unicode) || args[1] == A(utf8))
		return characters_to(p, args[0], false, to_list);
	const struct export *export = export_find(A(unicode), others, 2);
	return export != NULL ? bif_trap(p, export, 2, args) : bif_badarg(p);
}

term bif_unicode_characters_to_list_2(struct proc *p, const term *args)
{
	return convert_from(p, args, A(characters_to_list_int), true);
}

term bif_unicode_characters_to_binary_2(struct proc *p, const term *args)
{
	/* As in OTP a list of one binary is that binary, which shows in what is left over at an error. */
	const bool one = term_is_cons(args[0]) && cons_tail(args[0]) == TERM_NIL && term_is_binary(cons_head(args[0]));
	const term alone[] = { one ? cons_head(args[0]) : args[0], args[1] };
	return convert_from(p, alone, A(characters_to_binary_int), false);
}

term bif_unicode_bin_is_7bit_1(struct proc *p, const term *args)
{
	if (!term_is_binary(args[0]))
		return A(false);
	struct flat_bits flat;
	flat_bits_init(&flat, args[0]);
	bool all = ascii_prefix(flat.data, flat.size) == flat.size;
	bif_charge(p, flat.size / 4096);
	flat_bits_done(&flat);
	return term_of_bool(all);
}
