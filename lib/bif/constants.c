/* SPDX-License-Identifier: Apache-2.0 */
/* Functions whose value never changes here. */
#include "bif/bif.h"

term bif_constant_false_0(struct proc *p, const term *args)
{
	return A(false);
}

term bif_constant_none_0(struct proc *p, const term *args)
{
	return A(none);
}

term bif_constant_warning_0(struct proc *p, const term *args)
{
	return A(warning);
}

term bif_constant_undefined_0(struct proc *p, const term *args)
{
	return A(undefined);
}

term bif_constant_utf8_0(struct proc *p, const term *args)
{
	return A(utf8);
}

term bif_constant_latin1_0(struct proc *p, const term *args)
{
	return A(latin1);
}

term bif_constant_true_1(struct proc *p, const term *args)
{
	return A(true);
}

/* Times are in nanoseconds throughout: so many in a second. */
term bif_constant_nanoseconds_0(struct proc *p, const term *args)
{
	return term_of_small(1000000000);
}
