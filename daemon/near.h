/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are near another one: what may have been meant. */
#pragma once
#include "base/check.h"

#define NEAR_MAX 3

struct near {
	const char *wanted;
	size_t count;

	struct {
		char name[256];
		unsigned distance;
	} best[NEAR_MAX];
};

/* Offers a candidate; the nearest few are kept. Names over 255 bytes are passed over. */
void near_offer(struct near *near, const char *candidate);
