/* SPDX-License-Identifier: Apache-2.0 */
/* Module math: C's functions on doubles; what is not finite is badarith.
 * Source: module math of OTP 27. */
#include "bif/bif.h"
#include "data/number.h"

#include <math.h>

/* False after raising: badarg for what is no number, badarith for integers beyond all floats. */
static bool get_double(struct proc *p, term t, double *ret)
{
	if (likely(number_to_double(t, ret)))
		return true;
	(void)(term_is_number(t) ? bif_badarith(p) : bif_badarg(p)); /* the caller returns TERM_NONE */
	return false;
}

static term result(struct proc *p, double d)
{
	return isfinite(d) ? heap_float(bif_heap(p), d) : bif_badarith(p);
}

static term of_one(struct proc *p, const term *args, double (*fn)(double))
{
	double x;
	return get_double(p, args[0], &x) ? result(p, fn(x)) : TERM_NONE;
}

static term of_two(struct proc *p, const term *args, double (*fn)(double, double))
{
	double x, y;
	return get_double(p, args[0], &x) && get_double(p, args[1], &y) ? result(p, fn(x, y)) : TERM_NONE;
}

term bif_math_acos_1(struct proc *p, const term *args)
{
	return of_one(p, args, acos);
}

term bif_math_acosh_1(struct proc *p, const term *args)
{
	return of_one(p, args, acosh);
}

term bif_math_asin_1(struct proc *p, const term *args)
{
	return of_one(p, args, asin);
}

term bif_math_asinh_1(struct proc *p, const term *args)
{
	return of_one(p, args, asinh);
}

term bif_math_atan_1(struct proc *p, const term *args)
{
	return of_one(p, args, atan);
}

term bif_math_atan2_2(struct proc *p, const term *args)
{
	return of_two(p, args, atan2);
}

term bif_math_atanh_1(struct proc *p, const term *args)
{
	return of_one(p, args, atanh);
}

term bif_math_ceil_1(struct proc *p, const term *args)
{
	return of_one(p, args, ceil);
}

term bif_math_cos_1(struct proc *p, const term *args)
{
	return of_one(p, args, cos);
}

term bif_math_cosh_1(struct proc *p, const term *args)
{
	return of_one(p, args, cosh);
}

term bif_math_erf_1(struct proc *p, const term *args)
{
	return of_one(p, args, erf);
}

term bif_math_erfc_1(struct proc *p, const term *args)
{
	return of_one(p, args, erfc);
}

term bif_math_exp_1(struct proc *p, const term *args)
{
	return of_one(p, args, exp);
}

term bif_math_floor_1(struct proc *p, const term *args)
{
	return of_one(p, args, floor);
}

term bif_math_fmod_2(struct proc *p, const term *args)
{
	return of_two(p, args, fmod);
}

term bif_math_log_1(struct proc *p, const term *args)
{
	return of_one(p, args, log);
}

term bif_math_log10_1(struct proc *p, const term *args)
{
	return of_one(p, args, log10);
}

term bif_math_log2_1(struct proc *p, const term *args)
{
	return of_one(p, args, log2);
}

term bif_math_pow_2(struct proc *p, const term *args)
{
	return of_two(p, args, pow);
}

term bif_math_sin_1(struct proc *p, const term *args)
{
	return of_one(p, args, sin);
}

term bif_math_sinh_1(struct proc *p, const term *args)
{
	return of_one(p, args, sinh);
}

term bif_math_sqrt_1(struct proc *p, const term *args)
{
	return of_one(p, args, sqrt);
}

term bif_math_tan_1(struct proc *p, const term *args)
{
	return of_one(p, args, tan);
}

term bif_math_tanh_1(struct proc *p, const term *args)
{
	return of_one(p, args, tanh);
}
