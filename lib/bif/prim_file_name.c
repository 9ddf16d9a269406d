/* SPDX-License-Identifier: Apache-2.0 */
/* How names of files are written: programs have characters, the system bytes. Names are UTF-8, as with OTP's +fnu; a name that is
 * not stays a binary (`raw`), which prim_file's callers see as {error, warning}.
 * Bound: a name of more than NAME_BYTES_MAX bytes is badarg; the system takes 4096. */
#include "base/utf8.h"
#include "base/vec.h"
#include "bif/bif.h"
#include "binary/binary.h"

#include <string.h>

#define NAME_BYTES_MAX (1U << 20)
#define NAME_NESTING_MAX 4096
#define NAME_PLAIN_MAX 256

struct name {
	VEC(uint8_t) bytes;
	VEC(term) stack; /* tails of lists that are being walked */
};

static bool add_char(struct name *name, term t)
{
	uint8_t text[4];
	if (!term_is_small(t) || small_value(t) <= 0 || small_value(t) > 0x10FFFF ||
		(small_value(t) >= 0xD800 && small_value(t) <= 0xDFFF) ||
		name->bytes.count > NAME_BYTES_MAX)
		return false;
	int n = utf8_encode((uint32_t)small_value(t), text);
	for (int i = 0; i < n; i++)
		vec_push(&name->bytes, text[i]);
	return true;
}

/* What nearly every name is: a short list of ASCII. Returns how many characters there are; 0 when it is something else. */
static size_t plain_name(term t, uint8_t text[NAME_PLAIN_MAX])
{
	size_t count = 0;
	for (; term_is_cons(t) && count < NAME_PLAIN_MAX; t = cons_tail(t)) {
		term head = cons_head(t);
		if (!term_is_small(head) || small_value(head) <= 0 || small_value(head) > 0x7F)
			return 0;
		text[count++] = (uint8_t)small_value(head);
	}
	return t == TERM_NIL ? count : 0;
}

static bool add_list(struct name *name, term t)
{
	size_t cells = 0;
	for (;;) {
		while (term_is_cons(t)) {
			term head = cons_head(t);
			if (++cells > NAME_BYTES_MAX)
				return false;
			t = cons_tail(t);
			if (term_is_cons(head)) {
				if (name->stack.count >= NAME_NESTING_MAX)
					return false;
				vec_push(&name->stack, t);
				t = head;
			} else if (head != TERM_NIL && !add_char(name, head)) {
				return false;
			}
		}
		if (t != TERM_NIL)
			return false;
		if (name->stack.count == 0)
			return true;
		t = name->stack.items[--name->stack.count];
	}
}

/* The name's bytes and a NUL. */
term bif_prim_file_internal_name2native_1(struct proc *p, const term *args)
{
	struct heap *heap = bif_heap(p);
	if (term_is_binary(args[0])) {
		struct bits bits = bits_of(args[0]);
		uint8_t *data;
		if (bits.size / 8 > NAME_BYTES_MAX)
			return bif_badarg(p);
		term native = bits_new(heap, bits.size + 8, &data);
		bits_copy_out(data, bits.data, bits.offset, bits.size);
		data[bits.size / 8] = '\0';
		return memchr(data, '\0', bits.size / 8) == NULL ? native : bif_badarg(p);
	}
	uint8_t plain[NAME_PLAIN_MAX + 1];
	const size_t count = plain_name(args[0], plain);
	if (count > 0) {
		plain[count] = '\0';
		bif_charge(p, count / 64);
		return bits_of_bytes(heap, plain, count + 1);
	}
	struct name name = { 0 };
	bool good = (term_is_cons(args[0]) || args[0] == TERM_NIL) && add_list(&name, args[0]);
	term native = TERM_NONE;
	if (good) {
		vec_push(&name.bytes, (uint8_t)'\0');
		native = bits_of_bytes(heap, name.bytes.items, name.bytes.count);
	}
	bif_charge(p, name.bytes.count / 64);
	vec_done(&name.bytes);
	vec_done(&name.stack);
	return good ? native : bif_badarg(p);
}

term bif_prim_file_internal_native2name_1(struct proc *p, const term *args)
{
	struct heap *heap = bif_heap(p);
	if (!term_is_binary(args[0]))
		return bif_badarg(p);
	struct flat_bits flat;
	flat_bits_init(&flat, args[0]);
	size_t chars;
	term name = TERM_NIL;
	if (!utf8_valid(flat.data, flat.size, &chars)) {
		name = heap_tuple_of(heap, A(error), A(warning));
	} else if (chars > 0) {
		term *cells = heap_alloc(heap, 2 * chars);
		const uint8_t *at = flat.data;
		for (size_t i = 0; i < chars; i++) {
			uint32_t c = 0;
			at += utf8_decode(at, (size_t)(flat.data + flat.size - at), &c);
			cells[2 * i] = term_of_small(c);
			cells[2 * i + 1] =
				i + 1 < chars ? term_of_cons(cells + 2 * i + 2) : TERM_NIL;
		}
		name = term_of_cons(cells);
	}
	bif_charge(p, flat.size / 64);
	flat_bits_done(&flat);
	return name;
}

term bif_prim_file_is_translatable_1(struct proc *p, const term *args)
{
	if (!term_is_binary(args[0]))
		return bif_badarg(p);
	struct flat_bits flat;
	size_t chars;
	flat_bits_init(&flat, args[0]);
	bool valid = utf8_valid(flat.data, flat.size, &chars);
	flat_bits_done(&flat);
	return term_of_bool(valid);
}
