/* SPDX-License-Identifier: Apache-2.0 */
/* Floats as the shortest text that reads back as the same value. */
#include "term/float_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct decimal {
	char digits[20]; /* significant, the first and the last not 0 */
	int count;
	int exponent; /* the value is 0.DIGITS * 10^exponent */
};

/* value (positive) with `count` significant digits, correctly rounded. */
static void decimal_of(double value, int count, struct decimal *ret)
{
	char text[40];
	(void)snprintf(text, sizeof(text), "%.*e", count - 1, value); /* cannot be cut: at most 25 characters */
	ret->digits[0] = text[0];
	if (count > 1)
		memcpy(ret->digits + 1, text + 2, (size_t)count - 1);
	ret->count = count;
	ret->exponent = atoi(text + (count > 1 ? count + 2 : 2)) + 1;
}

static double decimal_value(const struct decimal *d)
{
	char text[40];
	(void)snprintf(text, sizeof(text), "0.%.*se%d", d->count, d->digits, d->exponent); /* fits */
	return strtod(text, NULL);
}

static void decimal_trim(struct decimal *d)
{
	while (d->count > 1 && d->digits[d->count - 1] == '0')
		d->count--;
}

/* The next decimal of that many digits away from zero. */
static void decimal_next(struct decimal *d)
{
	int i = d->count - 1;
	while (i >= 0 && d->digits[i] == '9')
		d->digits[i--] = '0';
	if (i >= 0) {
		d->digits[i]++;
		return;
	}
	d->digits[0] = '1';
	d->exponent++;
}

/* Integers below 2^53 carry their digits with them. */
static bool decimal_of_integer(double value, struct decimal *ret)
{
	if (value >= 0x1p53 || value != floor(value))
		return false;
	uint64_t n = (uint64_t)value;
	char text[20];
	int count = 0;
	for (; n > 0; n /= 10)
		text[count++] = (char)('0' + n % 10);
	for (int i = 0; i < count; i++)
		ret->digits[i] = text[count - 1 - i];
	ret->count = ret->exponent = count;
	decimal_trim(ret);
	return true;
}

static void decimal_shortest(double value, struct decimal *ret)
{
	if (decimal_of_integer(value, ret))
		return;
	/* Every decimal of 15 digits survives the way through a normal double, so a shorter one shows as trailing zeros. */
	bool normal = isnormal(value);
	/* Below a power of two doubles are twice as dense: there a decimal that reads back may not be the nearest one. */
	int exponent;
	bool edge = frexp(value, &exponent) == 0.5;
	for (int count = normal ? 15 : 1; count < 17; count++) {
		decimal_of(value, count, ret);
		if (decimal_value(ret) == value) {
			decimal_trim(ret);
			return;
		}
		if (edge) {
			decimal_next(ret);
			if (decimal_value(ret) == value) {
				decimal_trim(ret);
				return;
			}
		}
	}
	decimal_of(value, 17, ret);
	decimal_trim(ret);
}

static char *put_fixed(char *p, const struct decimal *d)
{
	if (d->exponent <= 0) {
		*p++ = '0';
		*p++ = '.';
		for (int i = d->exponent; i < 0; i++)
			*p++ = '0';
		memcpy(p, d->digits, (size_t)d->count);
		return p + d->count;
	}
	for (int i = 0; i < d->exponent; i++)
		*p++ = i < d->count ? d->digits[i] : '0';
	*p++ = '.';
	if (d->count <= d->exponent)
		*p++ = '0';
	for (int i = d->exponent; i < d->count; i++)
		*p++ = d->digits[i];
	return p;
}

static char *put_scientific(char *p, const struct decimal *d)
{
	*p++ = d->digits[0];
	*p++ = '.';
	if (d->count == 1)
		*p++ = '0';
	memcpy(p, d->digits + 1, (size_t)d->count - 1);
	p += d->count - 1;
	return p + sprintf(p, "e%d", d->exponent - 1);
}

static int digits_of(int n)
{
	return n < 0 ? 1 + digits_of(-n) : n < 10 ? 1 : n < 100 ? 2 : 3;
}

/* Source: float_to_list/2: fixed when it is not longer, and never beyond 2^53, where not all integers are floats. */
static bool fixed_is_shorter(double value, const struct decimal *d)
{
	if (value >= 0x1p53)
		return false;
	int fixed;
	if (d->exponent <= 0)
		fixed = 2 - d->exponent + d->count;
	else
		fixed = d->count > d->exponent ? d->count + 1 : d->exponent + 2;
	int scientific = (d->count == 1 ? 3 : d->count + 1) + 1 + digits_of(d->exponent - 1);
	return fixed <= scientific;
}

size_t float_text_short(double d, char text[FLOAT_TEXT_MAX])
{
	char *p = text;
	if (signbit(d)) {
		*p++ = '-';
		d = -d;
	}
	if (d == 0) {
		memcpy(p, "0.0", 3);
		return (size_t)(p + 3 - text);
	}
	struct decimal decimal = { 0 };
	decimal_shortest(d, &decimal);
	p = fixed_is_shorter(d, &decimal) ? put_fixed(p, &decimal) : put_scientific(p, &decimal);
	return (size_t)(p - text);
}
