/* SPDX-License-Identifier: Apache-2.0 */
/* Construction of bitstrings: bs_create_bin and bs_init_writable.
 *
 * build_bits() makes two passes over the segments: the first checks every value and sums the sizes, so that the second
 * cannot fail. Appending in place is described in build.c. Nothing collects. */
#pragma once
#include "binary/binary.h"
#include "binary/match.h"
#include "heap/literal.h"

/* What a segment is; the atoms of bytecode are binary, float, integer, ... */
enum segment_type {
	SEGMENT_APPEND,         /* first only: a bitstring that may be extended in place */
	SEGMENT_PRIVATE_APPEND, /* the same, where the compiler knows that the old value is not used again */
	SEGMENT_BINARY,
	SEGMENT_FLOAT,
	SEGMENT_INTEGER,
	SEGMENT_STRING,
	SEGMENT_UTF8,
	SEGMENT_UTF16,
	SEGMENT_UTF32,
};

/* One segment with its operands fetched. */
struct segment {
	uint8_t type;          /* enum segment_type */
	uint8_t flags;         /* enum field_flags */
	uint16_t unit;         /* 1 to 256; 0 for utf segments */
	uint32_t number;       /* segment number for error_info; as in bytecode, from 1 */
	term size;             /* integer; atom all: the whole of a bitstring; not looked at for utf */
	union {
		term value;
		const uint8_t *string; /* SEGMENT_STRING: size is small, in bytes when unit is 8 */
	};
	size_t bits;           /* build_bits' own; need not be set */
};

/* Why construction failed, enough for the error_info map that erl_erts_errors reads:
 * cause => {Segment, Type, Error, Value}. */
struct build_error {
	term reason;  /* badarg or system_limit */
	unsigned segment;
	term type;    /* atom: binary, float, integer, utf8, utf16, utf32 */
	term error;   /* atom: type, size, unit, short, invalid, no_float */
	term value;
};

/* The bitstring, or TERM_NONE with *ret_error filled. segments is scratch: sizes are noted in it. */
term build_bits(struct heap *heap, struct segment *segments, size_t count, struct build_error *ret_error);

/* bs_init_writable: an empty bitstring that private appends may extend in place; size: how many bytes it may become (any
 * term; what is no small integer counts as 0). */
term build_writable(struct heap *heap, term size);

/* One segment written at bit `offset` of data; the caller knows that the value is an integer and that there is room.
 * Bits beyond the value's are copies of its sign; what does not fit is cut off. */
void build_integer(uint8_t *data, size_t offset, size_t bits, term value, unsigned flags);
/* size: 16, 32 or 64. False when the value is no number or has no such float. */
bool build_float(uint8_t *data, size_t offset, size_t bits, term value, unsigned flags);

/* Whether a boxed value may grow in place; see the top of build.c. */
static inline bool build_is_appendable(term value)
{
	const term *sub = boxed_ptr(value);
	if (header_kind(sub[0]) != BOXED_SUB_BITS || (sub[4] >> 3 & BITS_WRITABLE) == 0 ||
		!term_is_kind(sub[1], BOXED_REF_BITS))
		return false;
	const term *ref = boxed_ptr(sub[1]);
	if ((ref[4] >> 3 & BITS_WRITABLE) == 0 || sub[2] + sub[3] != ref[3])
		return false;
	const struct binary *binary = (const struct binary *)(uintptr_t)ref[2];
	/* Pairs with binary_unref(): who dropped the last other count has read what it wanted. */
	return atomic_load_acquire(&binary->counted.refs) == 1;
}

#define BUILD_ROOMY_WORDS HEAP_BITS_WORDS(HEAP_BITS_MAX_BYTES)

/* Whether a boxed value is inline, and a private append may write into it. */
static inline bool build_is_roomy(term value)
{
	return boxed_header(value) == HEADER(BOXED_HEAP_BITS, BUILD_ROOMY_WORDS - 1) && !term_is_literal(value);
}
