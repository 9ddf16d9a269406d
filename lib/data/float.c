/* SPDX-License-Identifier: Apache-2.0 */
/* Floats as text and back.
 * Source: float_to_list/2 and list_to_float/1 of OTP 27, whose way of rounding decimals is followed digit for digit. */
#include "data/float.h"

#include "base/alloc.h"
#include "term/float_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECIMALS_FAST 18 /* up to there a float below 2^53 is rounded in two parts, whole and fraction */

static size_t drop_zeros(char *text, size_t size)
{
	if (memchr(text, '.', size) == NULL)
		return size;
	while (text[size - 1] == '0' && text[size - 2] != '.')
		size--;
	return size;
}

/* Half a unit of the last decimal is added to the fraction, which then is cut. */
static size_t text_of_parts(double d, unsigned decimals, char *text)
{
	double magnitude = fabs(d);
	const char *sign = signbit(d) ? "-" : "";
	if (decimals == 0)
		return (size_t)snprintf(text, FLOAT_FORM_MAX, "%s%" PRIu64, sign, (uint64_t)llround(magnitude));
	uint64_t scale = 1;
	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	uint64_t integral = (uint64_t)magnitude;
	uint64_t fraction = (uint64_t)llround((magnitude - (double)integral) * (double)scale);
	if (fraction >= scale) {
		fraction -= scale;
		integral++;
	}
	return (size_t)snprintf(text, FLOAT_FORM_MAX, "%s%" PRIu64 ".%0*" PRIu64, sign, integral, (int)decimals, fraction);
}

size_t float_text(double d, enum float_form form, unsigned decimals, char text[FLOAT_FORM_MAX])
{
	size_t size;
	switch (form) {
	case FLOAT_SHORT:
		return float_text_short(d, text);
	case FLOAT_SCIENTIFIC:
		return (size_t)snprintf(text, FLOAT_FORM_MAX, "%.*e", (int)decimals, d);
	case FLOAT_DECIMALS:
	case FLOAT_COMPACT:
		break;
	}
	if (fabs(d) > 0x1p53 || decimals > DECIMALS_FAST)
		size = (size_t)snprintf(text, FLOAT_FORM_MAX, "%.*f", (int)decimals, d);
	else
		size = text_of_parts(d, decimals, text);
	return form == FLOAT_COMPACT ? drop_zeros(text, size) : size;
}

static size_t skip_digits(const uint8_t *text, size_t size, size_t at)
{
	while (at < size && text[at] >= '0' && text[at] <= '9')
		at++;
	return at;
}

static bool is_float_syntax(const uint8_t *text, size_t size)
{
	size_t at = size > 0 && (text[0] == '-' || text[0] == '+');
	size_t end = skip_digits(text, size, at);
	if (end == at || end == size || text[end] != '.')
		return false;
	at = end + 1;
	end = skip_digits(text, size, at);
	if (end == at)
		return false;
	if (end == size)
		return true;
	if (text[end] != 'e' && text[end] != 'E')
		return false;
	at = end + 1;
	if (at < size && (text[at] == '-' || text[at] == '+'))
		at++;
	end = skip_digits(text, size, at);
	return end > at && end == size;
}

bool float_parse(const uint8_t *text, size_t size, double *ret)
{
	char inline_copy[64];
	if (!is_float_syntax(text, size))
		return false;
	char *copy = size < sizeof(inline_copy) ? inline_copy : mem_alloc(MEM_TEMP, size + 1);
	memcpy(copy, text, size);
	copy[size] = '\0';
	double d = strtod(copy, NULL);
	if (copy != inline_copy)
		mem_free(MEM_TEMP, copy, size + 1);
	if (!isfinite(d))
		return false;
	*ret = d;
	return true;
}
