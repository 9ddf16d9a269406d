/* SPDX-License-Identifier: Apache-2.0 */
/* Edit distance with swaps of neighbours, bounded. */
#include "near.h"

#include <string.h>

#define NAME_MAX_BYTES 255

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;
	return m < c ? m : c;
}

static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned rows[3][NAME_MAX_BYTES + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			now[j] = least(
				last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}

void near_offer(struct near *near, const char *candidate)
{
	size_t n = strlen(near->wanted), m = strlen(candidate);
	if (n == 0 || n > NAME_MAX_BYTES || m == 0 || m > NAME_MAX_BYTES)
		return;
	unsigned d = distance(near->wanted, n, candidate, m);
	if (d > n / 3 + 1 && !(m > n && n >= 3 && strncmp(near->wanted, candidate, n) == 0))
		return;
	size_t at = near->count;
	while (at > 0 && near->best[at - 1].distance > d)
		at--;
	if (at >= NEAR_MAX)
		return;
	size_t last = near->count < NEAR_MAX ? near->count++ : NEAR_MAX - 1;
	memmove(&near->best[at + 1], &near->best[at], (last - at) * sizeof(near->best[0]));
	memcpy(near->best[at].name, candidate, m + 1);
	near->best[at].distance = d;
}
