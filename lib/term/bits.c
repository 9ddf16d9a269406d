/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing bitstrings wherever their first bits lie. */
#include "term/bits.h"

#include <string.h>

int bits_order(struct bits a, struct bits b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	size_t bytes = size / 8;
	if (a.offset == 0 && b.offset == 0) {
		int order = memcmp(a.data, b.data, bytes);
		if (order != 0)
			return order;
	} else {
		for (size_t i = 0; i < bytes; i++) {
			uint8_t x = bits_byte(a, i);
			uint8_t y = bits_byte(b, i);
			if (x != y)
				return x < y ? -1 : 1;
		}
	}
	if (size % 8 != 0) {
		unsigned x = bits_tail(a, bytes, size % 8);
		unsigned y = bits_tail(b, bytes, size % 8);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.size > b.size) - (a.size < b.size);
}

bool bits_same(struct bits a, struct bits b)
{
	return a.size == b.size && bits_order(a, b) == 0;
}
