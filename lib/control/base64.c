/* SPDX-License-Identifier: Apache-2.0 */
/* Base64. */
#include "control/base64.h"

#include <stdlib.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	if (size > SIZE_MAX / 2)
		return NULL;
	char *text = malloc((size + 2) / 3 * 4 + 1), *out = text;
	if (text == NULL)
		return NULL;
	for (; size >= 3; p += 3, size -= 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*out++ = letters[v >> 18];
		*out++ = letters[v >> 12 & 63];
		*out++ = letters[v >> 6 & 63];
		*out++ = letters[v & 63];
	}
	if (size > 0) {
		uint32_t v = (uint32_t)p[0] << 16 | (size > 1 ? (uint32_t)p[1] << 8 : 0);
		*out++ = letters[v >> 18];
		*out++ = letters[v >> 12 & 63];
		*out++ = size > 1 ? letters[v >> 6 & 63] : '=';
		*out++ = '=';
	}
	*out = '\0';
	return text;
}

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

void *base64_decode(const char *text, size_t *ret_size)
{
	size_t length = strlen(text), used = 0;
	if (length % 4 != 0)
		return NULL;
	uint8_t *bytes = malloc(length / 4 * 3 + 1);
	if (bytes == NULL)
		return NULL;
	for (size_t i = 0; i < length; i += 4) {
		bool last = i + 4 == length;
		int pads = last ? (text[i + 3] == '=') + (text[i + 2] == '=' && text[i + 3] == '=')
				: 0;
		uint32_t v = 0;
		for (int k = 0; k < 4; k++) {
			int d = k < 4 - pads ? digit(text[i + (size_t)k]) : 0;
			if (d < 0) {
				free(bytes);
				return NULL;
			}
			v = v << 6 | (uint32_t)d;
		}
		for (int k = 0; k < 3 - pads; k++)
			bytes[used++] = (uint8_t)(v >> (16 - 8 * k));
	}
	*ret_size = used;
	return bytes;
}
