/* SPDX-License-Identifier: Apache-2.0 */
/* What OTP says of some terms; see otp27_values.def. */
#pragma once
#include "heap/heap.h"

struct otp_value {
	const char *hex;
	uint32_t phash2;
	uint32_t phash;
	const char *text; /* "": not to be compared */
};

extern const struct otp_value otp_values[];
extern const size_t otp_value_count;

/* Atoms, exports, the empty map and a heap for each test. */
extern struct heap test_heap;
void values_setup(void);
void values_teardown(void);
/* The term of a row, built on test_heap. */
term value_term(const struct otp_value *value);
