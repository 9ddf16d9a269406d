/* SPDX-License-Identifier: Apache-2.0 */
/* Module erlang: tests of types.
 * Source: module erlang of OTP 27 and, for is_integer/3, 29. */
#include "bif/bif.h"
#include "bif/host.h"
#include "term/record.h"

#include <stdlib.h>
#include "code/module.h"
#include "ns/export.h"
#include "term/bits.h"
#include "term/compare.h"
#include "term/fun.h"

term bif_erlang_is_atom_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_atom(args[0]));
}

term bif_erlang_is_binary_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_binary(args[0]));
}

term bif_erlang_is_bitstring_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_bitstring(args[0]));
}

term bif_erlang_is_boolean_1(struct proc *p, const term *args)
{
	return term_of_bool(args[0] == A(true) || args[0] == A(false));
}

term bif_erlang_is_float_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_float(args[0]));
}

term bif_erlang_is_function_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_fun(args[0]));
}

static uint32_t fun_arity(term fun)
{
	return term_is_kind(fun, BOXED_FUN) ? fun_entry(fun)->arity : export_fun(fun)->arity;
}

term bif_erlang_is_function_2(struct proc *p, const term *args)
{
	size_t arity;
	if (term_is_big(args[1]) && !big_is_negative(args[1]))
		return A(false);
	if (!bif_get_size(args[1], &arity))
		return bif_badarg(p);
	return term_of_bool(term_is_fun(args[0]) && fun_arity(args[0]) == arity);
}

term bif_erlang_is_integer_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_integer(args[0]));
}

term bif_erlang_is_integer_3(struct proc *p, const term *args)
{
	if (!term_is_integer(args[1]) || !term_is_integer(args[2]))
		return bif_badarg(p);
	return term_of_bool(term_is_integer(args[0]) && number_compare(args[1], args[0]) <= 0 &&
		number_compare(args[0], args[2]) <= 0);
}

term bif_erlang_is_list_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_list(args[0]));
}

term bif_erlang_is_map_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_map(args[0]));
}

term bif_erlang_is_number_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_number(args[0]));
}

term bif_erlang_is_pid_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_pid(args[0]));
}

term bif_erlang_is_port_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_port(args[0]));
}

static bool is_record(term t, term tag)
{
	return term_is_tuple(t) && tuple_arity(t) > 0 && tuple_element(t, 0) == tag;
}

term bif_erlang_is_record_2(struct proc *p, const term *args)
{
	return term_is_atom(args[1]) ? term_of_bool(is_record(args[0], args[1])) : bif_badarg(p);
}

term bif_erlang_is_record_3(struct proc *p, const term *args)
{
	if (term_is_atom(args[1]) && term_is_atom(args[2]) && p->ns->release >= 29)
		return term_of_bool(term_is_record(args[0]) &&
				    record_module(record_definition(args[0])) == args[1] &&
				    record_name(record_definition(args[0])) == args[2]);
	if (!term_is_atom(args[1]) || !term_is_small(args[2]))
		return bif_badarg(p);
	return term_of_bool(is_record(args[0], args[1]) &&
		args[2] == term_of_small((int64_t)tuple_arity(args[0])));
}

term bif_erlang_is_reference_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_ref(args[0]));
}

term bif_erlang_is_tuple_1(struct proc *p, const term *args)
{
	return term_of_bool(term_is_tuple(args[0]));
}
