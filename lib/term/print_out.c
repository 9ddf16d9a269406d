/* SPDX-License-Identifier: Apache-2.0 */
/* Where printed text goes: a fixed buffer or growing memory, cut with "..." at its bound.
 * Invariant: data ends with a NUL at data[size] whenever there is any data. */
#include "term/print.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define GROWING_MIN 64

void print_init_fixed(struct print_out *out, char *buffer, size_t capacity)
{
	assert(capacity > 0);
	*out = (struct print_out){ .data = buffer, .capacity = capacity, .limit = capacity - 1 };
	buffer[0] = '\0';
}

void print_init_growing(struct print_out *out, size_t limit)
{
	*out = (struct print_out){ .limit = limit, .growing = true };
}

void print_free(struct print_out *out)
{
	if (out->growing)
		mem_free(MEM_TEMP, out->data, out->capacity);
	*out = (struct print_out){ 0 };
}

static void make_room(struct print_out *out, size_t size)
{
	if (!out->growing || out->capacity - out->size > size)
		return;
	size_t capacity = out->capacity < GROWING_MIN ? GROWING_MIN : out->capacity * 2;
	if (capacity <= out->size + size)
		capacity = out->size + size + 1;
	out->data = mem_realloc(MEM_TEMP, out->data, out->capacity, capacity);
	out->capacity = capacity;
}

static void append(struct print_out *out, const char *bytes, size_t size)
{
	make_room(out, size);
	if (size > 0)
		memcpy(out->data + out->size, bytes, size);
	out->size += size;
	out->data[out->size] = '\0';
}

/* Ends the text at its limit. */
static void cut(struct print_out *out, const char *bytes, size_t size)
{
	size_t dots = out->limit < 3 ? out->limit : 3;
	size_t keep = out->limit - dots;
	out->truncated = true;
	if (out->size < keep)
		append(out, bytes, keep - out->size < size ? keep - out->size : size);
	if (out->size > keep)
		out->size = keep;
	/* Not within a character: drop its first bytes if the rest would be missing. */
	size_t start = out->size;
	while (start > 0 && ((unsigned char)out->data[start - 1] & 0xC0) == 0x80)
		start--;
	if (start > 0 && ((unsigned char)out->data[start - 1] & 0xC0) == 0xC0) {
		unsigned char first = (unsigned char)out->data[start - 1];
		size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
		if (out->size - (start - 1) < length)
			out->size = start - 1;
	}
	append(out, "...", dots);
}

void print_bytes(struct print_out *out, const void *bytes, size_t size)
{
	if (out->truncated)
		return;
	if (size > out->limit - out->size)
		cut(out, bytes, size);
	else
		append(out, bytes, size);
}

void print_string(struct print_out *out, const char *text)
{
	print_bytes(out, text, strlen(text));
}

void print_format(struct print_out *out, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (size < 0)
		return;
	if ((size_t)size < sizeof(text)) {
		print_bytes(out, text, (size_t)size);
		return;
	}
	char *longer = mem_alloc(MEM_TEMP, (size_t)size + 1);
	va_start(arguments, format);
	(void)vsnprintf(longer, (size_t)size + 1, format, arguments); /* the same as above, now with room */
	va_end(arguments);
	print_bytes(out, longer, (size_t)size);
	mem_free(MEM_TEMP, longer, (size_t)size + 1);
}
