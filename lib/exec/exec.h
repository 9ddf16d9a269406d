/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: runs a process for a slice.
 *
 * Registers. x0... in worker->x; y0... and the continuation on the process's stack:
 *
 *     E[0]        continuation slot: where a function called from this frame returns to
 *     E[1 + i]    y(i) of the current frame, when it has one
 *
 * A call stores the address after itself in E[0] and jumps; "return" jumps to E[0]. allocate N: E -= N + 1, and E[0] = 0
 * until the first call; deallocate N: E += N + 1. So a leaf function finds its return address in its caller's E[0], there
 * is no continuation register, and to leave the engine H, E and the pc are stored, nothing else.
 * The stack of a new process holds one word, the address of the instruction that ends it normally.
 * A catch is an immediate in a y slot (term.h); the word before its handler's first instruction says which y (catch_word).
 *
 * Invariant: whenever the engine asks for words or leaves, every word in [E, stack end) is a value, 0, a
 * continuation or a catch, and x[0..live) are values. */
#pragma once
#include "proc/proc.h"
#include "proc/worker.h"

/* Runs p until one of the ends. Before: heap_enter, p->saved_x restored into worker->x by this call. After: H, E, pc and
 * the live x registers (saved_x) are in p; the caller handles signals and heap_leave. Threads: the worker's own. */
enum slice_end exec_run(struct worker *worker, struct proc *p);

/* A call of an export that leads nowhere in this namespace and is no BIF. x holds its arguments. vm sets the hook. It returns
 * code to jump to with these arguments; or NULL with p->outcome OUTCOME_RAISE (undef), OUTCOME_TRAP (another call in its
 * place), or OUTCOME_WAIT: park, and when the answer comes make the same call again (the answer itself is dropped). */
typedef const uint64_t *(*exec_undefined_fn)(struct proc *p, const struct export *export, const term *x);
void exec_set_undefined(exec_undefined_fn fn);

/* Once at start, after bif_register_all() and before anything is loaded: instruction addresses, stubs of BIFs. */
void exec_init(void);
/* Code that calls a BIF with x0..: for dispatch tables. Lives for ever. */
const uint64_t *exec_bif_stub(const struct bif *bif);
/* Where a fresh process starts: applies x0:x1 to the list x2 (M, F, Args), or calls the fun x0 with the list x1. */
const uint64_t *exec_entry_apply(void);
const uint64_t *exec_entry_apply_fun(void);
/* The word at the bottom of every stack. */
const uint64_t *exec_normal_exit(void);

/* Stack traces. raw is what raise.trace holds: a BOXED_TRACE, a cons over one (exec/raise.c), or a list already; builds the list of
 * {M, F, ArityOrArgs, Location}. */
term exec_build_stacktrace(struct heap *heap, term raw);
/* Entries in a trace: system_flag(backtrace_depth). */
extern _Atomic unsigned exec_backtrace_depth;
/* Frames of a process that does not run now (owner only), innermost first: where it goes on, if that is module code, then
 * continuations. Each address is one word after the place it tells: look up lines and functions at address - 1.
 * Writes up to max of them. */
size_t exec_frames(const struct proc *p, const uint64_t **addresses, size_t max);
/* The reason a process exits with for an uncaught exception: error -> {Reason, Stack}, throw -> {{nocatch, Reason}, Stack}. */
term exec_exit_reason(struct proc *p);
