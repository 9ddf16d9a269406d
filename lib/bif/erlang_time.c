/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, calendars, unique numbers. The native unit is the nanosecond. */
#include "base/clock.h"
#include "bif/integer.h"

#include <time.h>

/* ------------------------------------------------------------------------------------------------ clocks */

/* System time minus monotonic time, as of when the real-time clock was last seen to have been set: so that between two such
 * moments the offset is one number. */
static int64_t offset_nsec(void)
{
	static _Atomic int64_t known;
	int64_t now = clock_realtime_nsec() - clock_monotonic_nsec(), was = atomic_load_relaxed(&known);
	if (now - was < 1000000 && was - now < 1000000)
		return was;
	atomic_store_relaxed(&known, now);
	return now;
}

static int64_t system_nsec(void)
{
	int64_t offset = offset_nsec();
	return clock_monotonic_nsec() + offset;
}

static term nsec(struct proc *p, int64_t v)
{
	return integer_of_i64(bif_heap(p), v);
}

term bif_erlang_monotonic_time_0(struct proc *p, const term *args)
{
	return nsec(p, clock_monotonic_nsec());
}

term bif_erlang_monotonic_time_1(struct proc *p, const term *args)
{
	return time_in_unit(p, clock_monotonic_nsec(), args[0]);
}

term bif_erlang_system_time_0(struct proc *p, const term *args)
{
	return nsec(p, system_nsec());
}

term bif_erlang_system_time_1(struct proc *p, const term *args)
{
	return time_in_unit(p, system_nsec(), args[0]);
}

term bif_erlang_time_offset_0(struct proc *p, const term *args)
{
	return nsec(p, offset_nsec());
}

term bif_erlang_time_offset_1(struct proc *p, const term *args)
{
	return time_in_unit(p, offset_nsec(), args[0]);
}

static term timestamp(struct proc *p, int64_t usec)
{
	return heap_tuple_of(bif_heap(p), term_of_small(usec / 1000000 / 1000000), term_of_small(usec / 1000000 % 1000000),
		term_of_small(usec % 1000000));
}

term bif_erlang_timestamp_0(struct proc *p, const term *args)
{
	return timestamp(p, system_nsec() / 1000);
}

int64_t bif_now_usec(void)
{
	static _Atomic int64_t last;
	int64_t now = system_nsec() / 1000, before = atomic_load_relaxed(&last);
	do {
		if (now <= before)
			now = before + 1;
	} while (!atomic_cas_acq_rel(&last, &before, now));
	return now;
}

term bif_erlang_now_0(struct proc *p, const term *args)
{
	return timestamp(p, bif_now_usec());
}

/* ------------------------------------------------------------------------------------------------ unique numbers */

#define UNIQUE_BLOCK 4096
#define UNIQUE_FIRST (-((int64_t)1 << 59)) /* OTP's */

static _Atomic uint64_t monotonic_counted;

int64_t bif_unique_monotonic(void)
{
	return UNIQUE_FIRST + (int64_t)atomic_add_relaxed(&monotonic_counted, 1);
}

static term unique(struct proc *p, bool positive, bool monotonic)
{
	static _Atomic uint64_t blocks;
	uint64_t n;
	if (monotonic) {
		n = atomic_add_relaxed(&monotonic_counted, 1);
	} else {
		struct worker *w = p->worker;
		if (w->unique_next == w->unique_end) {
			w->unique_next = atomic_add_relaxed(&blocks, UNIQUE_BLOCK);
			w->unique_end = w->unique_next + UNIQUE_BLOCK;
		}
		n = w->unique_next++;
	}
	return integer_of_i64(bif_heap(p), positive ? (int64_t)n + 1 : UNIQUE_FIRST + (int64_t)n);
}

term bif_erlang_unique_integer_0(struct proc *p, const term *args)
{
	return unique(p, false, false);
}

term bif_erlang_unique_integer_1(struct proc *p, const term *args)
{
	bool positive = false, monotonic = false;
	term list = args[0];
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (cons_head(list) == A(positive))
			positive = true;
		else if (cons_head(list) == A(monotonic))
			monotonic = true;
		else
			return bif_badarg(p);
	}
	if (list != TERM_NIL)
		return bif_badarg(p);
	return unique(p, positive, monotonic);
}

/* ------------------------------------------------------------------------------------------------ calendars */

static term date_term(struct proc *p, int64_t year, int month, int day)
{
	return heap_tuple_of(bif_heap(p), term_of_small(year), term_of_small(month), term_of_small(day));
}

static term time_term(struct proc *p, int hour, int minute, int second)
{
	return heap_tuple_of(bif_heap(p), term_of_small(hour), term_of_small(minute), term_of_small(second));
}

static term tm_term(struct proc *p, const struct tm *tm)
{
	term date = date_term(p, (int64_t)tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);
	term time = time_term(p, tm->tm_hour, tm->tm_min, tm->tm_sec > 59 ? 59 : tm->tm_sec);
	return heap_tuple_of(bif_heap(p), date, time);
}

static void now_local(struct tm *ret)
{
	time_t now = time(NULL);
	(void)localtime_r(&now, ret); /* fails only for years beyond an int */
}

term bif_erlang_date_0(struct proc *p, const term *args)
{
	struct tm tm;
	now_local(&tm);
	return date_term(p, (int64_t)tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

term bif_erlang_time_0(struct proc *p, const term *args)
{
	struct tm tm;
	now_local(&tm);
	return time_term(p, tm.tm_hour, tm.tm_min, tm.tm_sec > 59 ? 59 : tm.tm_sec);
}

term bif_erlang_localtime_0(struct proc *p, const term *args)
{
	struct tm tm;
	now_local(&tm);
	return tm_term(p, &tm);
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar, and back. Years are counted from March. */
static int64_t days_of(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t m = (5 * of_year + 2) / 153;
	*ret_day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*ret_month = (int)(m < 10 ? m + 3 : m - 9);
	*ret_year = year + era * 400 + (*ret_month <= 2);
}

static term universal_term(struct proc *p, int64_t seconds)
{
	int64_t days = seconds / 86400, rest = seconds % 86400, year;
	int month, day;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	date_of(days, &year, &month, &day);
	term date = date_term(p, year, month, day);
	term time = time_term(p, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
	return heap_tuple_of(bif_heap(p), date, time);
}

static bool get_int(term t, int64_t low, int64_t high, int *ret)
{
	if (!term_is_small(t) || small_value(t) < low || small_value(t) > high)
		return false;
	*ret = (int)small_value(t);
	return true;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

struct moment {
	int year, month, day, hour, minute, second;
};

/* Earlier years are refused, as OTP does. */
enum { LOCAL_YEAR_MIN = 1902, POSIX_YEAR_MIN = 1600 };

static bool get_moment(term t, struct moment *ret)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (!term_is_tuple_of(t, 2) || !term_is_tuple_of(tuple_element(t, 0), 3) || !term_is_tuple_of(tuple_element(t, 1), 3))
		return false;
	const term *d = tuple_elements(tuple_element(t, 0)), *c = tuple_elements(tuple_element(t, 1));
	if (!get_int(d[0], -2000000000, 2000000000, &ret->year) || !get_int(d[1], 1, 12, &ret->month) ||
		!get_int(d[2], 1, 31, &ret->day) || !get_int(c[0], 0, 23, &ret->hour) || !get_int(c[1], 0, 59, &ret->minute) ||
		!get_int(c[2], 0, 59, &ret->second))
		return false;
	int last = days[ret->month - 1] + (ret->month == 2 && is_leap(ret->year) ? 1 : 0);
	return ret->day <= last;
}

static int64_t moment_seconds(const struct moment *m)
{
	return days_of(m->year, m->month, m->day) * 86400 + m->hour * 3600 + m->minute * 60 + m->second;
}

term bif_erlang_universaltime_0(struct proc *p, const term *args)
{
	return universal_term(p, time(NULL));
}

term bif_erlang_universaltime_to_localtime_1(struct proc *p, const term *args)
{
	struct moment m;
	struct tm tm;
	if (!get_moment(args[0], &m) || m.year < LOCAL_YEAR_MIN)
		return bif_badarg(p);
	time_t seconds = moment_seconds(&m);
	if (localtime_r(&seconds, &tm) == NULL)
		return bif_badarg(p);
	return tm_term(p, &tm);
}

term bif_erlang_localtime_to_universaltime_2(struct proc *p, const term *args)
{
	struct moment m;
	if (!get_moment(args[0], &m) || m.year < LOCAL_YEAR_MIN || (args[1] != A(true) && args[1] != A(false) && args[1] != A(undefined)))
		return bif_badarg(p);
	struct tm tm = {
		.tm_year = m.year - 1900,
		.tm_mon = m.month - 1,
		.tm_mday = m.day,
		.tm_hour = m.hour,
		.tm_min = m.minute,
		.tm_sec = m.second,
		.tm_isdst = args[1] == A(true) ? 1 : args[1] == A(false) ? 0 : -1,
		.tm_wday = -1,
	};
	time_t seconds = mktime(&tm);
	if (seconds == -1 && tm.tm_wday == -1)
		return bif_badarg(p);
	return universal_term(p, seconds);
}

term bif_erlang_posixtime_to_universaltime_1(struct proc *p, const term *args)
{
	/* Bound: years that fit an int, as in OTP. */
	if (!term_is_small(args[0]) || small_value(args[0]) > 67767976233532799 || small_value(args[0]) < -67768040609740800)
		return bif_badarg(p);
	return universal_term(p, small_value(args[0]));
}

term bif_erlang_universaltime_to_posixtime_1(struct proc *p, const term *args)
{
	struct moment m;
	if (!get_moment(args[0], &m) || m.year < POSIX_YEAR_MIN)
		return bif_badarg(p);
	return integer_of_i64(bif_heap(p), moment_seconds(&m));
}
