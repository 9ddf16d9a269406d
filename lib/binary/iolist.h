/* SPDX-License-Identifier: Apache-2.0 */
/* I/O lists: a binary, or a list of bytes, binaries and such lists that may end in a binary. */
#pragma once
#include "binary/binary.h"

enum iolist_flags {
	IOLIST_BYTES = 0,
	IOLIST_BITS = 1, /* elements may be bitstrings of any size */
	IOLIST_COUNT = 2, /* bytes, and more of them than one binary may have: for who only wants to know how many */
};

/* Cells that are walked at most: a list whose parts are shared can be far longer than the memory it takes. */
#define IOLIST_ELEMENTS_MAX ((size_t)1 << 28)

enum iolist_outcome { IOLIST_OK, IOLIST_E_BAD /* no I/O list */, IOLIST_E_SIZE /* a bound is met */ };

/* Bits of all of it. ret_elements (may be NULL): how much there was to walk, for charging. */
_must_check_ enum iolist_outcome iolist_size(term t, enum iolist_flags flags, size_t *ret_bits, size_t *ret_elements);
/* Writes it at bit `offset` of data; iolist_size has said how much that is. */
void iolist_copy(term t, uint8_t *data, size_t offset);
/* As one bitstring; the same word when it is one. TERM_NONE: *ret_outcome says why. */
term iolist_flatten(struct heap *heap, term t, enum iolist_flags flags, enum iolist_outcome *ret_outcome);

/* All of its bytes one after the other: borrowed when it is a binary, else a copy of class TEMP. */
struct iolist_bytes {
	struct flat_bits flat;
	uint8_t *copy;
	const uint8_t *data;
	size_t size;
};

_must_check_ enum iolist_outcome iolist_bytes_init(struct iolist_bytes *bytes, term t);
void iolist_bytes_done(struct iolist_bytes *bytes);
