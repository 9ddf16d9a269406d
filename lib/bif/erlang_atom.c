/* SPDX-License-Identifier: Apache-2.0 */
/* Module erlang: atoms and their text.
 * Source: module erlang of OTP 27. A full atom table, which ends OTP, is system_limit here. */
#include "base/alloc.h"
#include "base/utf8.h"
#include "bif/bif.h"
#include "binary/binary.h"
#include "proc/names.h"

#include <string.h>

#define ATOM_BYTES_MAX (4 * ATOM_CHARS_MAX)

enum atom_making { MAKE_ATOM, FIND_ATOM };

/* Text on its way to an atom. What is behind the last character that fits is not looked at. */
struct text {
	uint8_t bytes[ATOM_BYTES_MAX];
	size_t size;
	size_t chars;
	bool too_long;
};

/* Whether another character fits. */
static bool text_has_room(struct text *text)
{
	text->too_long = text->chars == ATOM_CHARS_MAX;
	return !text->too_long;
}

static bool text_add(struct text *text, uint32_t c)
{
	uint8_t utf8[4];
	int n = utf8_encode(c, utf8);
	if (n == 0)
		return false;
	memcpy(text->bytes + text->size, utf8, (size_t)n);
	text->size += (size_t)n;
	text->chars++;
	return true;
}

static term atom_of(struct proc *p, const struct text *text, enum atom_making making)
{
	if (text->too_long)
		return making == MAKE_ATOM ? bif_system_limit(p) : bif_badarg(p);
	if (making == FIND_ATOM) {
		term known = atom_lookup(text->bytes, text->size);
		return known != TERM_NONE ? known : bif_badarg(p);
	}
	bool full;
	term t = atom_intern(text->bytes, text->size, &full);
	if (t != TERM_NONE)
		names_had_room(p);
	else if (full && names_wait_for_room(p))
		return TERM_NONE;
	return t != TERM_NONE ? t : bif_system_limit(p);
}

static term atom_of_list(struct proc *p, term list, enum atom_making making)
{
	struct text text = { .size = 0, .chars = 0, .too_long = false };
	for (; term_is_cons(list) && text_has_room(&text); list = cons_tail(list)) {
		size_t c;
		if (!bif_get_size(cons_head(list), &c) || c > 0x10FFFF || !text_add(&text, (uint32_t)c))
			return bif_badarg(p);
	}
	return list == TERM_NIL || text.too_long ? atom_of(p, &text, making) : bif_badarg(p);
}

enum encoding { LATIN1, UTF8, NO_ENCODING };

static enum encoding encoding_of(term t)
{
	return t == A(latin1) ? LATIN1 : t == A(utf8) || t == A(unicode) ? UTF8 : NO_ENCODING;
}

static bool text_of_bytes(struct text *text, const uint8_t *bytes, size_t size, enum encoding encoding)
{
	for (size_t i = 0; i < size && text_has_room(text);) {
		uint32_t c = bytes[i];
		int n = encoding == LATIN1 ? 1 : utf8_decode(bytes + i, size - i, &c);
		if (n <= 0 || !text_add(text, c))
			return false;
		i += (size_t)n;
	}
	return true;
}

static term atom_of_binary(struct proc *p, term binary, enum encoding encoding, enum atom_making making)
{
	struct flat_bits flat;
	struct text text = { .size = 0, .chars = 0, .too_long = false };
	if (encoding == NO_ENCODING || !term_is_binary(binary))
		return bif_badarg(p);
	flat_bits_init(&flat, binary);
	bool ok = text_of_bytes(&text, flat.data, flat.size, encoding);
	flat_bits_done(&flat);
	return ok ? atom_of(p, &text, making) : bif_badarg(p);
}

static term binary_of_atom(struct proc *p, term atom, enum encoding encoding)
{
	if (!term_is_atom(atom) || encoding == NO_ENCODING)
		return bif_badarg(p);
	struct atom_text text = atom_text(atom);
	if (encoding == UTF8 || text.size == text.chars)
		return bits_of_bytes(bif_heap(p), text.bytes, text.size);
	uint8_t latin1[ATOM_CHARS_MAX];
	size_t size = 0;
	for (size_t i = 0; i < text.size;) {
		uint32_t c = 0;
		i += (size_t)utf8_decode(text.bytes + i, text.size - i, &c);
		if (c > 255)
			return bif_badarg(p);
		latin1[size++] = (uint8_t)c;
	}
	return bits_of_bytes(bif_heap(p), latin1, size);
}

term bif_erlang_atom_to_binary_1(struct proc *p, const term *args)
{
	return binary_of_atom(p, args[0], UTF8);
}

term bif_erlang_atom_to_binary_2(struct proc *p, const term *args)
{
	return binary_of_atom(p, args[0], encoding_of(args[1]));
}

term bif_erlang_atom_to_list_1(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]))
		return bif_badarg(p);
	struct atom_text text = atom_text(args[0]);
	if (text.chars == 0)
		return TERM_NIL;
	term *cell = heap_alloc(bif_heap(p), 2 * (size_t)text.chars);
	term list = term_of_cons(cell);
	for (size_t i = 0; i < text.size; cell += 2) {
		uint32_t c = 0;
		i += (size_t)utf8_decode(text.bytes + i, text.size - i, &c);
		cell[0] = term_of_small(c);
		cell[1] = i < text.size ? term_of_cons(cell + 2) : TERM_NIL;
	}
	return list;
}

term bif_erlang_binary_to_atom_1(struct proc *p, const term *args)
{
	return atom_of_binary(p, args[0], UTF8, MAKE_ATOM);
}

term bif_erlang_binary_to_atom_2(struct proc *p, const term *args)
{
	return atom_of_binary(p, args[0], encoding_of(args[1]), MAKE_ATOM);
}

term bif_erlang_binary_to_existing_atom_1(struct proc *p, const term *args)
{
	return atom_of_binary(p, args[0], UTF8, FIND_ATOM);
}

term bif_erlang_binary_to_existing_atom_2(struct proc *p, const term *args)
{
	return atom_of_binary(p, args[0], encoding_of(args[1]), FIND_ATOM);
}

term bif_erlang_list_to_atom_1(struct proc *p, const term *args)
{
	return atom_of_list(p, args[0], MAKE_ATOM);
}

term bif_erlang_list_to_existing_atom_1(struct proc *p, const term *args)
{
	return atom_of_list(p, args[0], FIND_ATOM);
}
