/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are kept sorted by name. */
#pragma once
#include <stddef.h>
#include <string.h>

/* Where the first row stands whose name is not below that one. rows: of so many bytes each, which begin with the name's characters. */
static inline size_t by_name(const void *rows, size_t count, size_t row_bytes, const char *name)
{
	size_t low = 0, high = count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (strcmp((const char *)rows + middle * row_bytes, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
