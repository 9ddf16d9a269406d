/* SPDX-License-Identifier: Apache-2.0 */
/* Module erts_debug: looking at how values lie in memory. */
#include "base/vec.h"
#include "base/wordmap.h"
#include "bif/bif.h"
#include "bif/integer.h"
#include "heap/literal.h"

term bif_erts_debug_flat_size_1(struct proc *p, const term *args)
{
	size_t words = heap_flat_words(args[0]);
	bif_charge(p, words / 16);
	return integer_of_u64(bif_heap(p), words);
}

term bif_erts_debug_same_2(struct proc *p, const term *args)
{
	return term_of_bool(args[0] == args[1]);
}

/* Sharing inside a term is not kept by copies, so the flat copy is the copy. */
term bif_erts_debug_copy_shared_2(struct proc *p, const term *args)
{
	bif_charge(p, heap_flat_words(args[0]) / 16);
	return heap_copy(bif_heap(p), args[0]);
}

/* Words of the term with parts that stand at the same place counted once, and literals not at all. */
static size_t shared_words(term root)
{
	struct wordmap seen = { 0 };
	VEC(term) todo = { 0 };
	size_t words = 0;
	vec_push(&todo, root);
	while (todo.count > 0) {
		term t = vec_pop(&todo);
		bool new = false;
		if ((!term_is_cons(t) && !term_is_boxed(t)) || term_is_literal(t))
			continue;
		(void)wordmap_put(&seen, MEM_TEMP, t, &new); /* only whether it is new */
		if (!new)
			continue;
		if (term_is_cons(t)) {
			words += 2;
			vec_push(&todo, cons_head(t));
			vec_push(&todo, cons_tail(t));
			continue;
		}
		const term *p = boxed_ptr(t);
		size_t size = header_size(p[0]);
		words += 1 + size;
		if (p[0] & HEADER_RAW)
			continue;
		for (size_t i = 1; i <= size; i++)
			vec_push(&todo, p[i]);
	}
	vec_done(&todo);
	wordmap_done(&seen, MEM_TEMP);
	return words;
}

term bif_erts_debug_size_shared_1(struct proc *p, const term *args)
{
	size_t words = shared_words(args[0]);
	bif_charge(p, words / 4);
	return integer_of_u64(bif_heap(p), words);
}

term bif_erts_internal_system_check_1(struct proc *p, const term *args)
{
	/* Who is here has been run by a scheduler. */
	return args[0] == A(schedulers) ? A(ok) : bif_badarg(p);
}

static const char *boxed_type(term t)
{
	switch ((enum boxed_kind)header_kind(boxed_header(t))) {
	case BOXED_TUPLE:
		return "tuple";
	case BOXED_FUN:
		return "fun";
	case BOXED_FLATMAP:
		return "flatmap";
	case BOXED_HASHMAP:
		return "hashmap";
	case BOXED_MAPNODE:
		return "hashmap_node";
	case BOXED_SUB_BITS:
		return "sub_binary";
	case BOXED_MATCH:
		return "matchstate";
	case BOXED_RECORD:
		return "record";
	case BOXED_BIG_POS:
	case BOXED_BIG_NEG:
		return "bignum";
	case BOXED_FLOAT:
		return "hfloat";
	case BOXED_EXPORT_FUN:
		return "export";
	case BOXED_HEAP_BITS:
		return "heap_binary";
	case BOXED_REF_BITS:
		return "refc_binary";
	case BOXED_REF:
	case BOXED_MAGIC_REF:
		return "reference";
	case BOXED_EXT_PID:
		return "external_pid";
	case BOXED_EXT_PORT:
		return "external_port";
	case BOXED_EXT_REF:
		return "external_reference";
	case BOXED_TRACE:
	case BOXED_KINDS:
		break;
	}
	return NULL;
}

term bif_erts_internal_term_type_1(struct proc *p, const term *args)
{
	term t = args[0];
	const char *type = term_is_small(t)        ? "fixnum"
			   : term_is_nil(t)        ? "nil"
			   : term_is_cons(t)       ? "list"
			   : term_is_atom(t)       ? "atom"
			   : term_is_local_pid(t)  ? "pid"
			   : term_is_local_port(t) ? "port"
			   : term_is_boxed(t)      ? boxed_type(t)
						   : NULL;
	return type != NULL ? atom_of_string(type) : bif_badarg(p);
}
