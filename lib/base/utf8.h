/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: decode, encode, validate. Surrogates and code points over 0x10FFFF are invalid, overlong forms too. */
#pragma once
#include "base/check.h"

/* Decodes one code point of at most size bytes. Returns its length 1-4, 0 when the bytes are no valid
 * character, -1 when they are a valid beginning cut short. */
int utf8_decode(const uint8_t *p, size_t size, uint32_t *ret_char);
/* Writes 1-4 bytes; 0 when c is no scalar value. */
int utf8_encode(uint32_t c, uint8_t out[4]);
/* Whether all of it is valid; ret_chars (may be NULL) is the number of code points. */
bool utf8_valid(const uint8_t *p, size_t size, size_t *ret_chars);
