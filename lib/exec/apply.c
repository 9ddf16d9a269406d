/* SPDX-License-Identifier: Apache-2.0 */
/* Calls whose target is found while running: by name, by fun, and exports that lead nowhere. */
#include "exec/exec_impl.h"

#include "code/module.h"
#include "proc/proc.h"

#include <string.h>

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

/* Of a fun whose code was purged, or not loaded when it was read from bytes: the entry of the code that its module has now, if that
 * has the same funs. */
static const struct fun_entry *entry_now(const struct proc *p, const struct fun_entry *entry)
{
	const struct module *m = ns_module(p->ns, entry->module_name);
	/* Pairs with ns_publish(). */
	const struct module_code *code = m != NULL ? atomic_load_acquire(&m->current) : NULL;
	if (code == NULL || entry->index >= code->fun_count)
		return NULL;
	const struct fun_entry *now = &code->funs[entry->index];
	return memcmp(now->uniq, entry->uniq, sizeof(now->uniq)) == 0 && now->arity == entry->arity &&
			       now->free_count == entry->free_count
		       ? now
		       : NULL;
}

/* A fun without code: badfun when its module is there in another version; else the error handler loads it and calls again, as in OTP. */
static const uint64_t *lost_fun_target(struct proc *p, term fun, unsigned arity, term *x, const struct export **ret_export)
{
	const term name = fun_entry(fun)->module_name;
	const struct module *m = ns_module(p->ns, name);
	if (m != NULL && atomic_load_acquire(&m->current) != NULL) { /* Pairs with ns_publish(). */
		raise_error_with(p, A(badfun), fun);
		return NULL;
	}
	const term handler = p->extra != NULL && p->extra->error_handler != TERM_NONE ? p->extra->error_handler : A(error_handler);
	const struct export *export = export_get(handler, A(undefined_lambda), 3);
	if (export == NULL) {
		raise_error(p, A(undef));
		return NULL;
	}
	term args = TERM_NIL;
	for (unsigned i = arity; i > 0; i--)
		args = heap_cons(proc_heap(p), x[i - 1], args);
	x[0] = name;
	x[1] = fun;
	x[2] = args;
	*ret_export = export;
	return call_target(p, export, x);
}

const uint64_t *fun_target(
	struct proc *p, term fun, unsigned arity, term *x, const struct export **ret_export)
{
	*ret_export = NULL;
	if (term_is_kind(fun, BOXED_FUN)) {
		const struct fun_entry *entry = fun_entry(fun);
		if (entry->code == NULL && entry->arity == arity) {
			entry = entry_now(p, entry);
			if (entry == NULL)
				return lost_fun_target(p, fun, arity, x, ret_export);
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
