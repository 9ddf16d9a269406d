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

term bif_constant_error_0(struct proc *p, const term *args)
{
	return A(error);
}

/* For what this machine does not have, where OTP has this answer as well when it was built or started without it. */
term bif_constant_badarg_1(struct proc *p, const term *args)
{
	return bif_badarg(p);
}

term bif_constant_badarg_2(struct proc *p, const term *args)
{
	return bif_badarg(p);
}

term bif_code_get_coverage_mode_1(struct proc *p, const term *args)
{
	const struct module *m = term_is_atom(args[0]) ? ns_module(p->ns, args[0]) : NULL;
	return m != NULL && atomic_load_acquire(&m->current) != NULL ? A(none) : bif_badarg(p);
}

term bif_code_set_coverage_mode_1(struct proc *p, const term *args)
{
	return args[0] == A(none) ? A(none) : bif_badarg(p);
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
