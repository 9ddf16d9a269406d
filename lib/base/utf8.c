/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: decode, encode, validate. */
#include "base/utf8.h"

int utf8_decode(const uint8_t *p, size_t size, uint32_t *ret_char)
{
	if (size == 0)
		return -1;
	uint8_t a = p[0];
	if (a < 0x80) {
		*ret_char = a;
		return 1;
	}
	int n = a < 0xC2 ? 0 : a < 0xE0 ? 2 : a < 0xF0 ? 3 : a < 0xF5 ? 4 : 0;
	if (n == 0)
		return 0;
	uint32_t c = a & (0xFFU >> (n + 1));
	for (int i = 1; i < n; i++) {
		if ((size_t)i >= size)
			return -1;
		uint8_t b = p[i];
		if ((b & 0xC0) != 0x80)
			return 0;
		/* The second byte alone tells overlong forms, surrogates and the top of the range. */
		if (i == 1 && ((a == 0xE0 && b < 0xA0) || (a == 0xED && b > 0x9F) ||
				(a == 0xF0 && b < 0x90) || (a == 0xF4 && b > 0x8F)))
			return 0;
		c = c << 6 | (b & 0x3F);
	}
	*ret_char = c;
	return n;
}

int utf8_encode(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xC0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		if (c >= 0xD800 && c <= 0xDFFF)
			return 0;
		out[0] = (uint8_t)(0xE0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
		out[2] = (uint8_t)(0x80 | (c & 0x3F));
		return 3;
	}
	if (c > 0x10FFFF)
		return 0;
	out[0] = (uint8_t)(0xF0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
	out[3] = (uint8_t)(0x80 | (c & 0x3F));
	return 4;
}

bool utf8_valid(const uint8_t *p, size_t size, size_t *ret_chars)
{
	size_t chars = 0;
	for (size_t i = 0; i < size; chars++) {
		uint32_t c;
		int n = utf8_decode(p + i, size - i, &c);
		if (n <= 0)
			return false;
		i += (size_t)n;
	}
	if (ret_chars != NULL)
		*ret_chars = chars;
	return true;
}
