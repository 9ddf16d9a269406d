/* SPDX-License-Identifier: Apache-2.0 */
/* Integers as text and back: one word by hand, more by GMP, which is fast for any length. */
#include "data/integer_text.h"

#include "data/big.h"

#include <gmp.h>
#include <string.h>

size_t integer_text_max(term t, unsigned base)
{
	if (term_is_small(t))
		return 64;
	return mpn_sizeinbase(big_digits(t), (mp_size_t)big_limbs(t), (int)base) + 2;
}

static const char digit_chars[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* By a constant base the compiler divides without a division. */
static inline size_t reverse_digits(uint64_t v, unsigned base, char *reverse)
{
	size_t n = 0;
	do {
		reverse[n++] = digit_chars[v % base];
		v /= base;
	} while (v > 0);
	return n;
}

static size_t text_of_word(uint64_t v, unsigned base, bool negative, char *text)
{
	char reverse[65];
	size_t n = base == 10 ? reverse_digits(v, 10, reverse) : reverse_digits(v, base, reverse);
	if (negative)
		reverse[n++] = '-';
	for (size_t i = 0; i < n; i++)
		text[i] = reverse[n - 1 - i];
	return n;
}

size_t integer_text(term t, unsigned base, char *text)
{
	struct integer x;
	integer_read(&x, t);
	if (x.limbs <= 1)
		return text_of_word(x.limbs == 0 ? 0 : x.digits[0], base, x.negative, text);
	/* mpn_get_str destroys what it reads, and may begin with zeros. */
	mp_limb_t *digits = mem_alloc(MEM_TEMP, (x.limbs + 1) * sizeof(mp_limb_t));
	char *p = text;
	memcpy(digits, x.digits, x.limbs * sizeof(mp_limb_t));
	if (x.negative)
		*p++ = '-';
	size_t size = mpn_get_str((unsigned char *)p, (int)base, digits, (mp_size_t)x.limbs);
	mem_free(MEM_TEMP, digits, (x.limbs + 1) * sizeof(mp_limb_t));
	size_t zeros = 0;
	while (zeros + 1 < size && p[zeros] == 0)
		zeros++;
	for (size_t i = zeros; i < size; i++)
		p[i - zeros] = digit_chars[(unsigned char)p[i]];
	return (size_t)(p - text) + size - zeros;
}

/* 255 for what is no digit in any base. */
static unsigned digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 255;
}

static unsigned base_bits(unsigned base)
{
	return 32 - (unsigned)__builtin_clz(base - 1);
}

static enum integer_parse_result parse_long(struct heap *heap, const uint8_t *digits, size_t count, unsigned base,
	bool negative, term *ret_value)
{
	/* Each digit takes at most base_bits(base) bits, and more than one bit less than that. */
	if (count / 2 > BIG_BITS_MAX || count * (base_bits(base) - ((base & (base - 1)) != 0)) > BIG_BITS_MAX + 64)
		return INTEGER_TOO_LARGE;
	size_t limbs = count * base_bits(base) / 64 + 2;
	unsigned char *values = mem_alloc(MEM_TEMP, count);
	for (size_t i = 0; i < count; i++)
		values[i] = (unsigned char)digit_value(digits[i]);
	term *p = big_begin(heap, limbs);
	size_t used = (size_t)mpn_set_str(p + 1, values, count, (int)base);
	mem_free(MEM_TEMP, values, count);
	for (size_t i = used; i < limbs; i++)
		p[1 + i] = 0;
	*ret_value = big_end(heap, p, limbs, negative);
	return *ret_value == TERM_NONE ? INTEGER_TOO_LARGE : INTEGER_PARSED;
}

enum integer_parse_result integer_parse(struct heap *heap, const uint8_t *text, size_t size, unsigned base,
	term *ret_value, size_t *ret_used)
{
	size_t i = size > 0 && (text[0] == '-' || text[0] == '+');
	bool negative = i > 0 && text[0] == '-';
	size_t first = i;
	while (i < size && digit_value(text[i]) < base)
		i++;
	if (i == first)
		return INTEGER_NONE;
	size_t end = i;
	while (first + 1 < end && text[first] == '0')
		first++;
	*ret_used = end;
	/* 12 digits of base 36 and 18 of base 10 fit a word. */
	if ((end - first) * base_bits(base) <= 64 || (base == 10 && end - first <= 18)) {
		uint64_t v = 0;
		for (i = first; i < end; i++)
			v = v * base + digit_value(text[i]);
		*ret_value = integer_of_u128(heap, v, negative);
		return INTEGER_PARSED;
	}
	term value;
	enum integer_parse_result result = parse_long(heap, text + first, end - first, base, negative, &value);
	if (result == INTEGER_PARSED)
		*ret_value = value;
	return result;
}
