/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all BIFs, and what they share: raising, trapping, reading arguments. */
#include "bif/bif.h"

#include "bif/errand.h"

#include <string.h>

/* What the engine calls for a row: the function itself, or for a BLOCKING one what sends the errand. */
#define START_GUARD(c_function, arity)
#define START_PLAIN(c_function, arity)
#define START_LONG(c_function, arity)                                                              \
	static term start_##c_function(struct proc *p, const term *args)                           \
	{                                                                                          \
		if (unlikely(bif_is_long(p, args, arity)))                                         \
			return bif_away(p);                                                        \
		return c_function(p, args);                                                        \
	}
#define START_WIDE(c_function, arity)                                                              \
	static term start_##c_function(struct proc *p, const term *args)                           \
	{                                                                                          \
		if (unlikely(bif_is_wide(p, args, arity)))                                         \
			return bif_away(p);                                                        \
		return c_function(p, args);                                                        \
	}
#define START_LONG_DEED(c_function, arity) START_LONG(c_function, arity)
#define START_LATE(c_function, arity)
#define START_BLOCKING(c_function, arity)                                                          \
	static term start_##c_function(struct proc *p, const term *args)                           \
	{                                                                                          \
		return errand_start(p, c_function, arity, args);                                   \
	}

#define BIF(module_, function_, arity_, c_function, kind_, spec) START_##kind_(c_function, arity_)
#include "bif/bifs.def"
#undef BIF

#define FN_GUARD(c_function) c_function
#define FN_PLAIN(c_function) c_function
#define FN_LONG(c_function) start_##c_function
#define FN_WIDE(c_function) start_##c_function
#define FN_LONG_DEED(c_function) start_##c_function
#define FN_LATE(c_function) c_function
#define FN_BLOCKING(c_function) start_##c_function

struct bif bif_table[] = {
#define BIF(module_, function_, arity_, c_function, kind_, spec)                                   \
	{ .module = module_,                                                                       \
		.function = function_,                                                             \
		.arity = arity_,                                                                   \
		.kind = BIF_##kind_,                                                                     \
		.fn = FN_##kind_(c_function),                                                        \
		.direct = FN_##kind_(c_function) },
#include "bif/bifs.def"
#undef BIF
};

const size_t bif_count = ARRAY_SIZE(bif_table);

/* BIFs that not every release has. */
static const struct {
	uint8_t first, last;
	const char *module, *function;
	uint8_t arity;
} since[] = {
#define SINCE(first, last, module, function, arity) { first, last, module, function, arity },
#include "bif/since.def"
#undef SINCE
};

void bif_register_all(void)
{
	for (size_t i = 0; i < bif_count; i++)
		export_register_bif(&bif_table[i]);
	for (size_t i = 0; i < ARRAY_SIZE(since); i++) {
		const struct export *e = export_find(atom_of_string(since[i].module),
			atom_of_string(since[i].function), since[i].arity);
		assert(e != NULL && e->bif != NULL); /* a row of one of the chapters */
		struct bif *bif = (struct bif *)(uintptr_t)e->bif; /* bif_table's */
		bif->first_release = since[i].first;
		bif->last_release = since[i].last;
	}
}

bool bif_has_module(term module)
{
	struct atom_text name = atom_text(module);
	for (size_t i = 0; i < bif_count; i++)
		if (strlen(bif_table[i].module) == name.size &&
			memcmp(bif_table[i].module, name.bytes, name.size) == 0)
			return true;
	return false;
}

term bif_raise(struct proc *p, enum exception_class class, term reason)
{
	struct raise *raise = &proc_extra(p)->raise;
	*raise = (struct raise){
		.class = class,
		.reason = reason,
		.trace = TERM_NONE,
		.args = TERM_NONE,
		.cause = TERM_NONE,
	};
	p->outcome = OUTCOME_RAISE;
	return TERM_NONE;
}

term bif_error(struct proc *p, term reason)
{
	return bif_raise(p, CLASS_ERROR, reason);
}

term bif_badarg(struct proc *p)
{
	return bif_raise(p, CLASS_ERROR, A(badarg));
}

term bif_badarg_cause(struct proc *p, term cause)
{
	(void)bif_badarg(p); /* always TERM_NONE */
	proc_extra(p)->raise.cause = cause;
	return TERM_NONE;
}

term bif_badarith(struct proc *p)
{
	return bif_raise(p, CLASS_ERROR, A(badarith));
}

term bif_system_limit(struct proc *p)
{
	return bif_raise(p, CLASS_ERROR, A(system_limit));
}

term bif_trap(struct proc *p, const struct export *export, unsigned count, const term *args)
{
	struct trap *trap = &proc_extra(p)->trap;
	assert(count <= TRAP_ARGS_MAX);
	trap->export = export;
	trap->count = count;
	for (unsigned i = 0; i < count; i++)
		trap->args[i] = args[i];
	p->outcome = OUTCOME_TRAP;
	return TERM_NONE;
}

term bif_again(struct proc *p)
{
	p->outcome = OUTCOME_AGAIN;
	return TERM_NONE;
}

term bif_away(struct proc *p)
{
	p->outcome = OUTCOME_AWAY;
	return TERM_NONE;
}

term bif_wait(struct proc *p)
{
	p->outcome = OUTCOME_WAIT;
	return TERM_NONE;
}

int64_t list_length(term list)
{
	int64_t n = 0;
	for (; term_is_cons(list); list = cons_tail(list))
		n++;
	return list == TERM_NIL ? n : -1;
}

term bif_string(struct proc *p, const char *text)
{
	size_t n = strlen(text);
	if (n == 0)
		return TERM_NIL;
	term *cells = heap_alloc(bif_heap(p), 2 * n);
	for (size_t i = 0; i < n; i++) {
		cells[2 * i] = term_of_small((unsigned char)text[i]);
		cells[2 * i + 1] = i + 1 < n ? term_of_cons(cells + 2 * i + 2) : TERM_NIL;
	}
	return term_of_cons(cells);
}
