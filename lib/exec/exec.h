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
#include "base/vec.h"
#include "proc/proc.h"
#include "proc/worker.h"

/* Runs p until one of the ends. Before: heap_enter, p->saved_x restored into worker->x by this call. After: H, E, pc and
 * the live x registers (saved_x) are in p; the caller handles signals and heap_leave. Threads: the worker's own. */
enum slice_end exec_run(struct worker *worker, struct proc *p);
/* Runs the BIF of a process whose slice ended with SLICE_AWAY: on any thread, as its owner, its memory being parked. */
void exec_run_away(struct proc *p);

/* A call of an export that leads nowhere in this namespace and is no BIF. x holds its arguments. vm sets the hook. It returns
 * code to jump to with these arguments; or NULL with p->outcome OUTCOME_RAISE (undef), OUTCOME_TRAP (another call in its
 * place), or OUTCOME_WAIT: park, and when the answer comes make the same call again (the answer itself is dropped). */
typedef const uint64_t *(*exec_undefined_fn)(struct proc *p, const struct export *export, const term *x);
void exec_set_undefined(exec_undefined_fn fn);

/* Tracing. Its room (trace/) stands above this one: it sets exec_tracing, and puts breakpoints on functions.
 *
 * A breakpoint is the handler of trace_break in the first word of a function, whose header tells its number. The engine then asks `entered`, which
 * tells what to go on with, and which frames to put on the stack first, so that the function's end is seen:
 *
 *     E[0]      exec_trace_return(), where the function returns to
 *     E[1..6]   immediates, of whoever put it there
 *     E[7]      a catch, when exceptions are to be seen as well, else []
 *
 * No frame of a traced program is changed, and a breakpoint that is gone leaves nothing behind. */
#define EXEC_TRACE_FRAME_WORDS 8
#define EXEC_TRACE_VALUES 6
#define EXEC_TRACE_CATCH 7

struct exec_trace_frame {
	term values[EXEC_TRACE_VALUES];
	bool catches;
};

struct exec_entered {
	const uint64_t *pc;          /* as given: go on here with `handler`; else go on there; NULL: where export leads */
	int32_t handler;
	const struct export *export;
	VEC(struct exec_trace_frame) frames; /* the outermost first */
};

struct exec_tracing {
	/* x: its arguments. The process's heap may be built on. */
	void (*entered)(struct proc *p, const term *x, uint32_t number, struct exec_entered *entered);
	/* frame: E of the frame; its values begin with frame[1]. */
	void (*left)(struct proc *p, const term *frame, term value);
	/* x: x1 class, x2 reason, x3 the raw trace. */
	void (*unwound)(struct proc *p, const term *frame, const term *x);
	/* With PROC_TRACE_UNWINDING: an exception has found its handler. */
	void (*caught)(struct proc *p, const uint64_t *handler);
	/* The first instruction of a traced function, a call of a BIF, runs again without being called again. */
	void (*again)(struct proc *p, const uint64_t *pc);
};

extern struct exec_tracing exec_tracing;
const uint64_t *exec_trace_return(void);
const uint64_t *exec_trace_unwind(void);
/* A place that is called by name: the code of a breakpoint, with that number. For dispatch tables. */
const uint64_t *exec_trace_stub(uint32_t arity, uint32_t number);
void exec_trace_stub_free(const uint64_t *stub);
/* Where the function that is just being entered, or has just returned, goes back to: NULL for the process's end. */
const uint64_t *exec_returns_to(const struct proc *p, const term *stack);

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
/* Frames of a process that does not run now (owner only), innermost first: where it goes on, if that is module code, then
 * continuations. Each address is one word after the place it tells: look up lines and functions at address - 1.
 * Writes up to max of them. */
size_t exec_frames(const struct proc *p, const uint64_t **addresses, size_t max);
/* The reason a process exits with for an uncaught exception: error -> {Reason, Stack}, throw -> {{nocatch, Reason}, Stack}. */
term exec_exit_reason(struct proc *p);
