/* SPDX-License-Identifier: Apache-2.0 */
/* I/O lists, walked with a stack of the tails that are still to be done. */
#include "binary/iolist.h"

#include "base/unwanted.h"
#include "base/vec.h"

enum iolist_outcome iolist_size(term t, enum iolist_flags flags, size_t *ret_bits, size_t *ret_elements)
{
	VEC(term) tails = { 0 };
	size_t bits = 0;
	size_t elements = 0;
	const size_t bits_max = flags == IOLIST_COUNT ? SIZE_MAX / 2 : BITS_MAX;
	enum iolist_outcome outcome = IOLIST_OK;
	size_t steps = 0;
	while (outcome == IOLIST_OK) {
		term part = t; /* a bitstring */
		if (unwanted_now(&steps))
			outcome = IOLIST_E_BAD;
		if (term_is_cons(t)) {
			elements++;
			term head = cons_head(t);
			t = cons_tail(t);
			if (term_is_small(head)) {
				if (head > term_of_small(255)) /* negative ones are larger, too */
					outcome = IOLIST_E_BAD;
				bits += 8;
				continue;
			}
			if (head == TERM_NIL)
				continue;
			if (term_is_cons(head)) {
				if (t != TERM_NIL)
					vec_push(&tails, t);
				t = head;
				if (unlikely(elements > IOLIST_ELEMENTS_MAX))
					outcome = IOLIST_E_SIZE;
				continue;
			}
			part = head;
		} else {
			t = TERM_NIL;
		}
		if (part != TERM_NIL) {
			if (!term_is_bitstring(part) || (flags != IOLIST_BITS && bits_size(part) % 8 != 0))
				outcome = IOLIST_E_BAD;
			else
				bits += bits_size(part);
		} else if (tails.count > 0) {
			t = vec_pop(&tails);
		} else {
			break;
		}
		if (bits > bits_max || elements > IOLIST_ELEMENTS_MAX)
			outcome = IOLIST_E_SIZE;
	}
	vec_done(&tails);
	if (bits > bits_max && outcome == IOLIST_OK)
		outcome = IOLIST_E_SIZE;
	*ret_bits = bits;
	if (ret_elements != NULL)
		*ret_elements = elements;
	return outcome;
}

void iolist_copy(term t, uint8_t *data, size_t offset)
{
	VEC(term) tails = { 0 };
	size_t steps = 0;
	while (!unwanted_now(&steps)) {
		term part = t;
		if (term_is_cons(t)) {
			term head = cons_head(t);
			t = cons_tail(t);
			if (term_is_small(head)) {
				uint8_t byte = (uint8_t)small_value(head);
				if (likely(offset % 8 == 0))
					data[offset / 8] = byte;
				else
					bits_copy(data, offset, &byte, 0, 8);
				offset += 8;
				continue;
			}
			if (head == TERM_NIL)
				continue;
			if (term_is_cons(head)) {
				if (t != TERM_NIL)
					vec_push(&tails, t);
				t = head;
				continue;
			}
			part = head;
		} else {
			t = TERM_NIL;
		}
		if (part != TERM_NIL) {
			struct bits bits = bits_of(part);
			bits_copy(data, offset, bits.data, bits.offset, bits.size);
			offset += bits.size;
		} else if (tails.count > 0) {
			t = vec_pop(&tails);
		} else {
			break;
		}
	}
	vec_done(&tails);
}

term iolist_flatten(struct heap *heap, term t, enum iolist_flags flags, enum iolist_outcome *ret_outcome)
{
	size_t bits;
	*ret_outcome = iolist_size(t, flags, &bits, NULL);
	if (*ret_outcome != IOLIST_OK)
		return TERM_NONE;
	if (term_is_bitstring(t))
		return t;
	uint8_t *data;
	term result = bits_new(heap, bits, &data);
	iolist_copy(t, data, 0);
	return result;
}

enum iolist_outcome iolist_bytes_init(struct iolist_bytes *bytes, term t)
{
	size_t bits;
	*bytes = (struct iolist_bytes){ 0 };
	enum iolist_outcome outcome = iolist_size(t, IOLIST_BYTES, &bits, NULL);
	if (outcome != IOLIST_OK)
		return outcome;
	bytes->size = bits / 8;
	if (term_is_bitstring(t)) {
		flat_bits_init(&bytes->flat, t);
		bytes->data = bytes->flat.data;
	} else {
		bytes->copy = mem_alloc(MEM_TEMP, bytes->size);
		iolist_copy(t, bytes->copy, 0);
		bytes->data = bytes->copy;
	}
	return IOLIST_OK;
}

void iolist_bytes_done(struct iolist_bytes *bytes)
{
	flat_bits_done(&bytes->flat);
	mem_free(MEM_TEMP, bytes->copy, bytes->size);
	bytes->copy = NULL;
}
