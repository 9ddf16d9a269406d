/* SPDX-License-Identifier: Apache-2.0 */
/* Floats as the shortest text that reads back as the same value. */
#include "term/float_text.h"

#include <gmp.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct decimal {
	char digits[20]; /* significant, the first and the last not 0 */
	int count;
	int exponent; /* the value is 0.DIGITS * 10^exponent */
};

/* The shortest decimal inside a double's rounding interval, by Raffaello Giulietti's Schubfach: the interval's ends and the
 * double itself, scaled by a power of ten, are known to two bits below one digit; whatever was cut off further down is
 * kept as one sticky bit, which is enough to compare exactly.
 *
 * powers[k - POWER_MIN] is 10^k scaled to 128 bits, rounded up. Fixed once computed. */

#define POWER_MIN (-292)
#define POWER_MAX 324

struct power {
	uint64_t high, low;
};

static struct power powers[POWER_MAX - POWER_MIN + 1];
static pthread_once_t powers_once = PTHREAD_ONCE_INIT;

static int floor_log2_pow10(int e)
{
	return (e * 1741647) >> 19;
}

static void powers_fill(void)
{
	mpz_t power, unit, scaled;
	mpz_inits(power, unit, scaled, NULL);
	for (int k = POWER_MIN; k <= POWER_MAX; k++) {
		int shift = 127 - floor_log2_pow10(k);
		mpz_ui_pow_ui(power, 10, (unsigned long)abs(k));
		mpz_set_ui(unit, 1);
		mpz_mul_2exp(unit, unit, (mp_bitcnt_t)abs(shift));
		/* 10^k * 2^shift, where k and shift have different signs or one of them is 0, but for a few small k. */
		if (k < 0)
			mpz_cdiv_q(scaled, unit, power);
		else if (shift < 0)
			mpz_cdiv_q(scaled, power, unit);
		else
			mpz_mul(scaled, power, unit);
		powers[k - POWER_MIN].low = mpz_getlimbn(scaled, 0);
		powers[k - POWER_MIN].high = mpz_getlimbn(scaled, 1);
	}
	mpz_clears(power, unit, scaled, NULL);
}

/* The high 64 bits of 192, the lowest of them set also when anything below is. */
static uint64_t scale_to_odd(struct power power, uint64_t x)
{
	uint64_t carry = (uint64_t)((unsigned __int128)power.low * x >> 64);
	unsigned __int128 product = (unsigned __int128)power.high * x + carry;
	return (uint64_t)(product >> 64) | ((uint64_t)product > 1);
}

/* Writes n's digits, without zeros at the end; value is n * 10^exponent. */
static void decimal_of(uint64_t n, int exponent, struct decimal *ret)
{
	char text[20];
	int count = 0;
	for (; n > 0; n /= 10)
		text[count++] = (char)('0' + n % 10);
	ret->exponent = count + exponent;
	ret->count = 0;
	int zeros = 0;
	while (zeros < count && text[zeros] == '0')
		zeros++;
	while (count > zeros)
		ret->digits[ret->count++] = text[--count];
}

/* value: positive and finite. */
static void decimal_shortest(double value, struct decimal *ret)
{
	/* Integers below 2^53 carry their digits with them. */
	if (value < 0x1p53 && value == (double)(uint64_t)value) {
		decimal_of((uint64_t)value, 0, ret);
		return;
	}
	uint64_t word;
	memcpy(&word, &value, sizeof(word));
	int biased = (int)(word >> 52);
	uint64_t fraction = word & ((UINT64_C(1) << 52) - 1);
	uint64_t c = biased != 0 ? fraction | UINT64_C(1) << 52 : fraction;
	int q = (biased != 0 ? biased : 1) - 1075;
	/* Below a power of two doubles are twice as dense. */
	bool edge = fraction == 0 && biased > 1;
	bool odd = c % 2 != 0;
	int k = (q * 1262611 - (edge ? 524031 : 0)) >> 22;
	int h = q + floor_log2_pow10(-k) + 1;
	(void)pthread_once(&powers_once, powers_fill); /* fails only for a bad control word */
	struct power power = powers[-k - POWER_MIN];
	uint64_t lower = scale_to_odd(power, (4 * c - 2 + edge) << h) + odd;
	uint64_t middle = scale_to_odd(power, 4 * c << h);
	uint64_t upper = scale_to_odd(power, (4 * c + 2) << h) - odd;
	uint64_t s = middle / 4;
	if (s >= 10) {
		uint64_t tens = s / 10;
		bool down = lower <= 40 * tens;
		bool up = 40 * tens + 40 <= upper;
		if (down != up) {
			decimal_of(tens + up, k + 1, ret);
			return;
		}
	}
	bool down = lower <= 4 * s;
	bool up = 4 * s + 4 <= upper;
	if (down == up)
		up = middle > 4 * s + 2 || (middle == 4 * s + 2 && s % 2 != 0);
	decimal_of(s + up, k, ret);
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
	int e = d->exponent - 1;
	*p++ = 'e';
	if (e < 0) {
		*p++ = '-';
		e = -e;
	}
	if (e >= 100)
		*p++ = (char)('0' + e / 100);
	if (e >= 10)
		*p++ = (char)('0' + e / 10 % 10);
	*p++ = (char)('0' + e % 10);
	return p;
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
