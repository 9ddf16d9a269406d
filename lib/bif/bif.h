/* SPDX-License-Identifier: Apache-2.0 */
/* How C is called from Erlang.
 *
 * A BIF is term f(struct proc *p, const term *args): it reads its arguments, builds its result with heap_alloc(proc_heap(p), ...)
 * (which never moves anything), and returns the value; or it returns TERM_NONE after one of the functions below has said why.
 * It never collects, never blocks, and charges work that grows with its input (bif_charge), so that it can be stopped
 * between slices: either by bif_again (same arguments) or by bif_trap to itself with what is left.
 *
 * A chapter is NAME.def + NAME.c; bifs.def includes the chapters. Rows:
 *   BIF("module", "function", arity, c_function, GUARD | PLAIN | LONG | WIDE | LONG_DEED | LATE | BLOCKING, "(Type) -> Type")   sorted by function, arity
 * LONG: when its arguments are large a helper thread runs it (proc/away.h), the process being its own. It touches nothing
 * that belongs to a scheduler, and has no effect but its result: it may be given up in the midst, and is called again if the process lives on.
 * WIDE: the same for many elements, however deep those are. LATE: the same for one that asks for it itself (bif_away()). LONG_DEED: a LONG one that has effects, and so is not given up.
 * BLOCKING: a helper thread runs it, it has another type: bif/errand.h.
 * Prototypes come from the rows. */
#pragma once
#include "proc/proc.h"
#include "proc/worker.h"
#include "term/atom.h"
#include "term/ident.h"

struct errand;
typedef term (*errand_fn)(struct errand *e, const term *args);

#define BIF_DECLARE_GUARD(c_function) term c_function(struct proc *p, const term *args);
#define BIF_DECLARE_PLAIN(c_function) term c_function(struct proc *p, const term *args);
#define BIF_DECLARE_LONG(c_function) term c_function(struct proc *p, const term *args);
#define BIF_DECLARE_WIDE(c_function) term c_function(struct proc *p, const term *args);
#define BIF_DECLARE_LONG_DEED(c_function) BIF_DECLARE_LONG(c_function)
#define BIF_DECLARE_LATE(c_function) BIF_DECLARE_LONG(c_function)
#define BIF_DECLARE_BLOCKING(c_function) term c_function(struct errand *e, const term *args);
#define BIF(module, function, arity, c_function, kind, spec) BIF_DECLARE_##kind(c_function)
#include "bif/bifs.def"
#undef BIF

/* Every row; for registration. */
extern struct bif bif_table[];
extern const size_t bif_count;
/* erlang:now/0 in microseconds: never the same twice, and always later than before. Threads: any. */
int64_t bif_now_usec(void);
/* What unique_integer([monotonic]) gives. */
int64_t bif_unique_monotonic(void);

/* A text as a list of bytes. */
term bif_string(struct proc *p, const char *text);

/* Enters all rows into the export table, with the releases that have them (since.def); once at start. */
void bif_register_all(void);

static inline struct heap *bif_heap(struct proc *p)
{
	return &p->mem.heap;
}

static inline void bif_charge(struct proc *p, size_t reductions)
{
	p->reductions -= reductions > 100000 ? 100000 : (int32_t)reductions;
}

/* Whether rows of that module are there: what erlang:load_nif/2 finds "statically linked". */
bool bif_has_module(term module);

/* Raising. All return TERM_NONE. */
term bif_raise(struct proc *p, enum exception_class class, term reason);
term bif_error(struct proc *p, term reason); /* class error; the trace names the BIF with its arguments */
term bif_badarg(struct proc *p);
/* badarg with an error_info cause (an atom that OTP's erl_erts_errors and friends know). */
term bif_badarg_cause(struct proc *p, term cause);
term bif_badarith(struct proc *p);
term bif_system_limit(struct proc *p);

/* Going on elsewhere: calls export with count arguments in place of this BIF. */
term bif_trap(struct proc *p, const struct export *export, unsigned count, const term *args);
/* Yield, then the same BIF with the same arguments. */
term bif_again(struct proc *p);
/* Then the same BIF with the same arguments on a helper thread. */
term bif_away(struct proc *p);
/* Whether it should be, for arguments that are large; not when that has happened. */
bool bif_is_long(const struct proc *p, const term *args, unsigned arity);
/* The same for what does not look into the elements. */
bool bif_is_wide(const struct proc *p, const term *args, unsigned arity);
/* Park until proc_answer(p->pid, question, ...). */
term bif_wait(struct proc *p);

/* Small readers. */
/* A non-negative small integer; false otherwise. */
static inline bool bif_get_size(term t, size_t *ret)
{
	if (!term_is_small(t) || small_value(t) < 0)
		return false;
	*ret = (size_t)small_value(t);
	return true;
}

/* A pid or port of an earlier start of this node: nobody answers to it any more. What is neither that nor local is another node's. */
static inline bool bif_is_earlier(term t)
{
	return (term_is_kind(t, BOXED_EXT_PID) || term_is_kind(t, BOXED_EXT_PORT)) && boxed_ptr(t)[1] == A(nonode_nohost);
}

/* What to ask the process table for: the pid, one that nobody has for an earlier one, what is no local pid for all else. */
static inline term bif_pid_here(term t)
{
	return term_is_pid(t) && bif_is_earlier(t) ? term_of_pid(0, 0) : t; /* the first slot is never given */
}

/* The length of a proper list; -1 for anything else. */
int64_t list_length(term list);
