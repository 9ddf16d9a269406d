/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor over untrusted bytes that cannot overrun: a read past the end gives zero and sets `failed`, which stays set.
 * So a parser may read a whole header and ask once. */
#pragma once
#include "base/check.h"

#include <string.h>

struct bytes {
	const uint8_t *start; /* fixed; offsets are told against it */
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
	const uint8_t *p = data;
	/* Nothing may be added to NULL, which stands for no bytes. */
	return (struct bytes){ .start = p, .at = p, .end = size == 0 ? p : p + size };
}

static inline size_t bytes_left(const struct bytes *b)
{
	return (size_t)(b->end - b->at);
}

static inline size_t bytes_offset(const struct bytes *b)
{
	return (size_t)(b->at - b->start);
}

/* The next n bytes, borrowed from the input; NULL and failed when there are fewer. */
static inline const uint8_t *bytes_take(struct bytes *b, size_t n)
{
	if (unlikely(b->failed || bytes_left(b) < n)) {
		b->failed = true;
		return NULL;
	}
	const uint8_t *p = b->at;
	b->at += n;
	return p;
}

static inline uint64_t bytes_be(struct bytes *b, size_t n)
{
	const uint8_t *p = bytes_take(b, n);
	uint64_t v = 0;
	if (p == NULL)
		return 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t bytes_u8(struct bytes *b)
{
	return (uint8_t)bytes_be(b, 1);
}

static inline uint16_t bytes_u16(struct bytes *b)
{
	return (uint16_t)bytes_be(b, 2);
}

static inline uint32_t bytes_u32(struct bytes *b)
{
	return (uint32_t)bytes_be(b, 4);
}

static inline uint64_t bytes_u64(struct bytes *b)
{
	return bytes_be(b, 8);
}
