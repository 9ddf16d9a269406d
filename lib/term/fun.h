/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of funs.
 *
 *   FUN         header (size 2 + free variables), struct fun_entry *, creator pid, free variables
 *   EXPORT_FUN  header (size 1), struct export *                                      (fun M:F/A)
 *
 * A fun knows its code by content: the entry lies in the module's code, so a fun made in old code runs old code. */
#pragma once
#include "term/export.h"

struct module_code;

/* One row of a module's FunT chunk, resolved. Lives as long as its code. */
struct fun_entry {
	const uint64_t *code;        /* first instruction; takes the arguments, then the free variables, in x0... */
	struct module_code *module;
	term module_name;
	term function;               /* atom of the local function that holds the body */
	uint32_t arity;              /* of the fun, without free variables */
	uint32_t free_count;
	uint32_t index;
	uint32_t old_uniq;           /* as in the FunT chunk; the hash that printing and phash2 show */
	uint8_t uniq[16];            /* MD5 of the code chunks, as in the external format */
};

static inline struct fun_entry *fun_entry(term t)
{
	debug_assert(term_is_kind(t, BOXED_FUN));
	return (struct fun_entry *)(uintptr_t)boxed_ptr(t)[1];
}

static inline term fun_creator(term t)
{
	return boxed_ptr(t)[2];
}

static inline term *fun_free(term t)
{
	return boxed_ptr(t) + 3;
}

#define FUN_WORDS(free_count) (3 + (free_count))
#define EXPORT_FUN_WORDS 2

static inline const struct export *export_fun(term t)
{
	debug_assert(term_is_kind(t, BOXED_EXPORT_FUN));
	return (const struct export *)(uintptr_t)boxed_ptr(t)[1];
}

/* Writes fun M:F/A at p (EXPORT_FUN_WORDS words the caller owns). */
static inline term export_fun_put(term *p, const struct export *export)
{
	p[0] = HEADER(BOXED_EXPORT_FUN, 1);
	p[1] = (term)(uintptr_t)export;
	return term_of_boxed(p);
}
