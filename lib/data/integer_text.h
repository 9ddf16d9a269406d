/* SPDX-License-Identifier: Apache-2.0 */
/* Integers as text in bases 2 to 36, and back. */
#pragma once
#include "heap/heap.h"

/* Upper bound of the characters of t (an integer) in base, with its sign. */
size_t integer_text_max(term t, unsigned base);
/* Writes t with digits 0-9A-Z; text has integer_text_max(t, base) bytes. Returns the size used; no NUL. */
size_t integer_text(term t, unsigned base, char *text);

enum integer_parse_result { INTEGER_PARSED, INTEGER_NONE, INTEGER_TOO_LARGE };

/* Reads [+-]DIGITS, as far as digits go. ret_used: bytes read, set unless INTEGER_NONE; the caller decides whether more may
 * follow. INTEGER_NONE: there is not one digit. INTEGER_TOO_LARGE: beyond what integers may be. */
enum integer_parse_result integer_parse(struct heap *heap, const uint8_t *text, size_t size, unsigned base,
	term *ret_value, size_t *ret_used);
