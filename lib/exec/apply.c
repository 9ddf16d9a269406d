/* SPDX-License-Identifier: Apache-2.0 */
/* Calls whose target is found while running: by name, by fun, and exports that lead nowhere. */
#include "exec/exec_impl.h"

#include "code/module.h"

const struct export *apply_export_2, *apply_export_3;
static exec_undefined_fn undefined_hook; /* fixed before processes run */

void exec_set_undefined(exec_undefined_fn fn)
{
	undefined_hook = fn;
}

void apply_init(void)
{
	apply_export_2 = export_get(A(erlang), A(apply), 2);
	apply_export_3 = export_get(A(erlang), A(apply), 3);
}

/* Bound: what x registers hold with the fun behind them. */
#define APPLY_ARGS_MAX 1000U

/* The export leads nowhere in the namespace. */
_noinline_ static const uint64_t *undefined_target(
	struct proc *p, const struct export *export, term *x)
{
	if (export->bif != NULL ? ns_bif(p->ns, export) != NULL : export->stub != NULL)
		return export->stub;
	if (undefined_hook != NULL)
		return undefined_hook(p, export, x);
	raise_error(p, A(undef));
	return NULL;
}

const uint64_t *call_target(struct proc *p, const struct export *export, term *x)
{
	const uint64_t *target = ns_dispatch(p->ns, export->number);
	return likely(target != NULL) ? target : undefined_target(p, export, x);
}

const uint64_t *apply_target(struct proc *p, term module, term function, unsigned arity, term *x,
	const struct export **ret_export)
{
	*ret_export = NULL;
	if (!term_is_atom(module) || !term_is_atom(function)) {
		raise_error(p, A(badarg));
		return NULL;
	}
	const struct export *export = export_get(module, function, arity);
	if (export == NULL) {
		raise_error(p, A(system_limit));
		return NULL;
	}
	*ret_export = export;
	if (arity > 255) {
		/* No function has so many. */
		raise_error(p, A(undef));
		return NULL;
	}
	return call_target(p, export, x);
}

bool apply_only_raises(const struct export *export, const uint64_t *target)
{
	if (export == NULL || export->module != A(erlang) || export->bif == NULL || target != export->stub)
		return false;
	if (export->function == A(error))
		return export->arity >= 1 && export->arity <= 3;
	return export->arity == 1 && (export->function == A(exit) || export->function == A(throw));
}

bool apply_spread(term list, term *x, unsigned *ret_arity)
{
	unsigned n = 0;
	/* The list may stand in x: it is read before it is overwritten. */
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (n == APPLY_ARGS_MAX)
			return false;
		x[n++] = cons_head(list);
	}
	*ret_arity = n;
	return list == TERM_NIL;
}

const uint64_t *fun_target(
	struct proc *p, term fun, unsigned arity, term *x, const struct export **ret_export)
{
	*ret_export = NULL;
	if (term_is_kind(fun, BOXED_FUN)) {
		const struct fun_entry *entry = fun_entry(fun);
		if (entry->code == NULL) { /* purged */
			const struct module *m = ns_module(p->ns, entry->module->name);
			if (m != NULL && atomic_load_acquire(&m->current) !=
						 NULL) /* Pairs with ns_publish(). */
				raise_error_with(p, A(badfun), fun);
			else
				raise_error(p, A(undef));
			return NULL;
		}
		if (entry->arity == arity) {
			const term *free_values = fun_free(fun);
			for (uint32_t i = 0; i < entry->free_count; i++)
				x[arity + i] = free_values[i];
			return entry->code;
		}
	} else if (term_is_kind(fun, BOXED_EXPORT_FUN)) {
		const struct export *export = export_fun(fun);
		if (export->arity == arity) {
			*ret_export = export;
			return call_target(p, export, x);
		}
	} else {
		raise_error_with(p, A(badfun), fun);
		return NULL;
	}
	struct heap *heap = proc_heap(p);
	term args = TERM_NIL;
	for (unsigned i = arity; i > 0; i--)
		args = heap_cons(heap, x[i - 1], args);
	raise_error_with(p, A(badarity), heap_tuple_of(heap, fun, args));
	return NULL;
}
