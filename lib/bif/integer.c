/* SPDX-License-Identifier: Apache-2.0 */
/* C integers as terms and times in the units that programs name. */
#include "bif/integer.h"

term time_in_unit(struct proc *p, int64_t nsec, term unit)
{
	const int64_t second = 1000000000;
	int64_t parts; /* per second */
	if (unit == A(nanosecond) || unit == A(native) || unit == A(perf_counter) || unit == A(nano_seconds))
		parts = second;
	else if (unit == A(microsecond) || unit == A(micro_seconds))
		parts = 1000000;
	else if (unit == A(millisecond) || unit == A(milli_seconds))
		parts = 1000;
	else if (unit == A(second) || unit == A(seconds))
		parts = 1;
	else if (term_is_small(unit) && small_value(unit) > 0)
		parts = small_value(unit);
	else
		return bif_badarg(p);
	/* Floor, also before the epoch of the clock; the product of the rest may need more than 64 bits. */
	__int128 scaled = (__int128)nsec * parts;
	__int128 quotient = scaled / second;
	if (scaled % second < 0)
		quotient--;
	if (quotient > INT64_MAX || quotient < INT64_MIN)
		return bif_badarg(p);
	return integer_of_i64(bif_heap(p), (int64_t)quotient);
}
