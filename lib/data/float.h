/* SPDX-License-Identifier: Apache-2.0 */
/* Floats as text in the forms of float_to_list/2, and back. */
#pragma once
#include "base/check.h"

enum float_form {
	FLOAT_SHORT,      /* the fewest digits that read back as the same float */
	FLOAT_SCIENTIFIC, /* d.ddde+dd with that many decimals */
	FLOAT_DECIMALS,   /* ddd.ddd with that many decimals */
	FLOAT_COMPACT,    /* the same without trailing zeros, but for the first decimal */
};

#define FLOAT_DECIMALS_MAX 253   /* of FLOAT_DECIMALS and FLOAT_COMPACT */
#define FLOAT_SCIENTIFIC_MAX 249 /* decimals of FLOAT_SCIENTIFIC */
#define FLOAT_FORM_MAX 600       /* bytes of any of them */

/* Returns the size; no NUL. decimals is not looked at for FLOAT_SHORT. */
size_t float_text(double d, enum float_form form, unsigned decimals, char text[FLOAT_FORM_MAX]);

/* Reads [+-]DIGITS.DIGITS[(e|E)[+-]DIGITS], all of it. False when it is anything else, or too large for a float. */
bool float_parse(const uint8_t *text, size_t size, double *ret);
