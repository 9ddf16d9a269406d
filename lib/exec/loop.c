/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch: the one function that runs code. Handlers stand by family in instr_*.h, included below.
 *
 * An instruction's first word holds its handler's distance from the label `base` in its low half, operands in its high
 * half; each handler ends by loading the next word and jumping. H, E, pc, x and the reductions live in locals, which gcc
 * keeps in machine registers; they are stored (SWAP_OUT) before anything that reads or moves the heap, and H and E loaded
 * again (SWAP_IN) after it.
 *
 * Invariant: a handler that fails or leaves does so before it has changed a register, so an instruction is either done or not. */
#include "exec/exec_impl.h"

#include "binary/match.h"
#include "code/module.h"
#include "binary/build.h"
#include "data/map.h"
#include "data/number.h"
#include "heap/gradual.h"
#include "proc/collect.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "term/compare.h"
#include "term/map.h"

#include <math.h>
#include <string.h>

_Static_assert(X_REGISTERS >= INSTR_X_LIMIT, "scratch registers stand behind the program's");

#define SLICE_REDUCTIONS 4000

/* Bound: branches back between two calls. Compilers write none, or a few that lead on. */
#define GO_BACK_MAX 1000000

#define CELLS_PER_REDUCTION 64 /* that length/1 counts */

/* Words that must be free before a guard BIF or a slow operation builds its value; else the engine collects first. */
#define VALUE_ROOM_WORDS 32

/* Operands are loaded one by one: a load costs less than a shift and a mask of a word in a register. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "operands stand in words from their low end on");
#define W8(i) (((const uint8_t *)pc)[4 + (i)])
#define W16(i) (((const uint16_t *)pc)[2 + (i)])
#define W32 (((const int32_t *)pc)[1])
#define F8(word, i) (((const uint8_t *)pc)[8 * (word) + (i)])
#define F16(word, i) (((const uint16_t *)pc)[4 * (word) + (i)])
#define F32(word, i) (((const int32_t *)pc)[2 * (word) + (i)])
/* The handler's distance. Another thread may put a breakpoint on a function's entry, or take it away: one aligned store of that
 * half, and either is right. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CODE_HANDLER(pc) __atomic_load_n((const int32_t *)(pc), __ATOMIC_ACQUIRE)
#endif
#endif
#ifndef CODE_HANDLER
#define CODE_HANDLER(pc) (*(const int32_t *)(pc))
#endif
/* A register of 16 bits: an odd one counts from one byte before the stack's top. */
#define REG(field) (*(term *)((((field) & 1) != 0 ? (uintptr_t)E - 1 : (uintptr_t)x) + (field)))
/* A source of 16 bits: a register, or a constant that stands so many bytes from the instruction, + 2. */
#define SOURCE(field)                                                                              \
	(*(const term *)((((field) & 2) != 0 ? (uintptr_t)pc - 2 :                                 \
			  ((field) & 1) != 0 ? (uintptr_t)E - 1 :                                  \
						 (uintptr_t)x) +                                   \
			 (field)))
/* Registers of 8 bits, by letter. */
#define x8(i) x[W8(i)]
#define y8(i) E[W8(i)]
/* A short place: the highest 24 bits. */
#define W24 (W32 >> 8)
#define DISPATCH()                                                                                 \
	do {                                                                                       \
		goto *(void *)((uintptr_t)&&base + (uintptr_t)(int64_t)CODE_HANDLER(pc));       \
	} while (0)
#define NEXT(name)                                                                                 \
	do {                                                                                       \
		pc += INSTR_WORDS_##name;                                                          \
		DISPATCH();                                                                        \
	} while (0)
#define JUMP(distance)                                                                             \
	do {                                                                                       \
		pc += (distance);                                                                  \
		DISPATCH();                                                                        \
	} while (0)
/* The end of an instruction whose successor is known (code/pairs.def). */
#define PAIRED(name, next)                                                                         \
	do {                                                                                       \
		pc += INSTR_WORDS_##name;                                                          \
		goto L_##next;                                                                     \
	} while (0)
/* A charged jump to a function's entry. */
#define ENTER(target)                                                                              \
	do {                                                                                       \
		pc = (target);                                                                     \
		if (unlikely(--reductions <= 0))                                                   \
			goto yield_at_entry;                                                       \
		DISPATCH();                                                                        \
	} while (0)
#define SWAP_OUT()                                                                                 \
	do {                                                                                       \
		p->mem.heap.top = H;                                                               \
		p->mem.heap.limit = E;                                                             \
		p->reductions = reductions;                                                        \
	} while (0)
#define SWAP_IN()                                                                                  \
	do {                                                                                       \
		H = p->mem.heap.top;                                                               \
		E = p->mem.heap.limit;                                                             \
		reductions = p->reductions;                                                        \
	} while (0)
#define ROOM_FOR(words) (!heap_collects_always(&p->mem, E) && likely((uintptr_t)E - (uintptr_t)H >= (words) * sizeof(term)))
/* What comes before it has had no effect, or pc is where to go on: after a long collection the instruction at pc is run again. */
#define COLLECT(need, live)                                                                        \
	do {                                                                                       \
		SWAP_OUT();                                                                        \
		if (unlikely(!collect_at(p, pc, (need), x, (live))))                               \
			goto ended;                                                                \
		SWAP_IN();                                                                         \
	} while (0)
#define NEED(words, live)                                                                          \
	do {                                                                                       \
		if (!ROOM_FOR(words))                                                              \
			COLLECT(words, live);                                                      \
	} while (0)
/* Before a value of unknown, mostly small size is built. */
#define NEED_VALUE_ROOM(live)                                                                      \
	do {                                                                                       \
		if ((live) != INSTR_NO_LIVE &&                                                     \
			(!ROOM_FOR(VALUE_ROOM_WORDS) ||                                            \
				(p->mem.heap.fragments != NULL && heap_wants_collect(&p->mem))))   \
			COLLECT(2 * VALUE_ROOM_WORDS, live);                                       \
	} while (0)
#define IS_SMALL2(a, b) ((((a) | (b)) & TAG_MASK) == 0)

/* Instructions of the engine itself, with a function header so that they can be yielded at. */
struct own_code {
	struct function_header header;
	uint64_t code[4];
};

static struct own_code trace_return_code, trace_unwind_code;
static struct own_code normal_exit_code, entry_apply_code, entry_apply_fun_code, bif_answer_code, call_again_code;

/* The value of an immediate key in a flat map is found by the word alone; NULL when it is not there. */
static inline const term *flat_find(term map, term key)
{
	const term *flat = boxed_ptr(map);
	size_t n = header_size(flat[0]) - 1;
	const term *keys = tuple_elements(flat[1]);
	for (size_t i = 0; i < n; i++)
		if (keys[i] == key)
			return flat + 2 + i;
	return NULL;
}

/* term_compare, floats and smalls first. */
static __attribute__((noinline)) int compare_values(term a, term b)
{
	if (term_is_float(a)) {
		if (term_is_float(b)) {
			double da = float_value(a), db = float_value(b);
			return (da > db) - (da < db);
		}
		/* A double holds integers of 53 bits exactly. */
		if (term_is_small(b) && small_value(b) >> 52 == small_value(b) >> 63) {
			double da = float_value(a), db = (double)small_value(b);
			return (da > db) - (da < db);
		}
	}
	return term_compare(a, b);
}

static void save_x(struct proc *p, const term *x, unsigned live)
{
	if (live > p->saved_capacity) {
		mem_free(MEM_PROC, p->saved_x, p->saved_capacity * sizeof(term));
		p->saved_x = mem_alloc(MEM_PROC, live * sizeof(term));
		p->saved_capacity = (uint8_t)live;
		proc_memory_changed(p);
	}
	if (live > 0)
		memcpy(p->saved_x, x, live * sizeof(term));
	p->saved_count = (uint8_t)live;
}

/* Here and now when it is short; else the slice is to end for it. False: so it is, or the process has ended. */
static __attribute__((noinline)) bool collect_at(struct proc *p, const uint64_t *pc, size_t need, term *x, unsigned live)
{
	if (likely(!heap_collection_is_long(&p->mem, false)) || live > UINT8_MAX)
		return proc_collect(p, need, x, live);
	save_x(p, x, live);
	atomic_store_relaxed(&p->pc, pc);
	collect_later(p, need, false);
	collect_keep_floats(p, p->worker);
	return false;
}

static inline bool is_trace_break(const uint64_t *pc)
{
	return (uint32_t)CODE_HANDLER(pc) == instr_handlers[INSTR_trace_break];
}

/* Whether the function at pc has no frame there. Slow: for what is rare. */
static bool is_frameless(const uint64_t *pc)
{
	const struct module_code *m = module_code_at(pc);
	return m != NULL && module_frame_at(m, pc) == NO_FRAME;
}

static uint32_t entry_breakpoint(const uint64_t *entry)
{
	const struct function_header *h = (const struct function_header *)(entry - FUNCTION_HEADER_WORDS);
	return atomic_load_acquire(&((struct function_header *)(uintptr_t)h)->breakpoint); /* Pairs with trace/breakpoint.c. */
}

static unsigned entry_arity(const uint64_t *entry)
{
	const struct function_header *h = (const struct function_header *)(entry - FUNCTION_HEADER_WORDS);
	return (unsigned)(h->arity & 0xFF);
}

/* Drops the stack: what hibernation keeps is the call to go on with. */
static void forget_stack(struct proc *p)
{
	p->mem.heap.limit = p->mem.end - 1;
	p->mem.heap.limit[0] = (term)(uintptr_t)exec_normal_exit();
}

static const uint32_t *handler_table;
struct exec_tracing exec_tracing;


/* Left to itself gcc keeps in memory what every instruction changes: it sees one function with a thousand ways through. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__OPTIMIZE__)
#define PINNED(name) __asm__(name)
#else
#define PINNED(name)
#endif

#if defined(__clang__)
/* Of code that was verified, and checks that have a compiler work for minutes on this one function. */
#define OPTIMIZE_FOR_DISPATCH __attribute__((no_sanitize("alignment", "null", "pointer-overflow", "object-size")))
#else
#define OPTIMIZE_FOR_DISPATCH __attribute__((optimize("no-gcse", "no-crossjumping", "no-tree-slp-vectorize", "no-tree-tail-merge", "no-tree-pre", \
	"no-code-hoisting")))
#endif

/* p NULL: only tells where the handlers are (exec_init). */
OPTIMIZE_FOR_DISPATCH static enum slice_end run(struct worker *worker, struct proc *p)
{
	static const uint32_t handlers[INSTR_COUNT] = {
#define INSTR(name, operands, words, text) [INSTR_##name] = (uint32_t)((char *)&&L_##name - (char *)&&base),
#include "code/instrs.def"
#undef INSTR
	};
	if (p == NULL) {
		handler_table = handlers;
		return SLICE_EXIT;
	}
	term *x = worker->x;
	term *H = p->mem.heap.top;
	register term *E PINNED("r12") = p->mem.heap.limit;
	register const uint64_t *pc PINNED("rbx") = atomic_load_relaxed(&p->pc);
	int32_t reductions = SLICE_REDUCTIONS;
	_Atomic(const uint64_t *) *const dispatch = p->ns->dispatch;
	/* What the ways out of line need. */
	struct raise_place place;
	const struct export *callee;
	const term *operator_args;
	unsigned operator_arity, operator_live, operator_drop = 0;
	unsigned operator_words; /* 0: the instruction returns, after dropping operator_drop words of frame */
	uint16_t operator_a, operator_b, operator_destination;
	int32_t operator_fail;
	enum operation operation;
	bool exact;

	if (p->saved_count > 0)
		memcpy(x, p->saved_x, p->saved_count * sizeof(term));
	p->saved_count = 0;
	if (p->outcome != OUTCOME_RAISE && p->outcome != OUTCOME_TRAP && p->outcome != OUTCOME_AGAIN)
		p->outcome = OUTCOME_NONE; /* else an answer does: see bif_answer */
	DISPATCH();

base:
#include "exec/instr_call.h"
#include "exec/instr_data.h"
#include "exec/instr_test.h"
#include "exec/instr_arith.h"
#include "exec/instr_map.h"
#include "exec/instr_bits.h"
#include "exec/instr_float.h"
#include "exec/instr_catch.h"
#include "exec/instr_receive.h"

	/* Ways out. */

raise_here: /* an instruction's own error; the raise is set, H is stored or unchanged */
	place = (struct raise_place){ .pc = pc };
raise_at_place:
	p->mem.heap.limit = E;
	p->reductions = reductions;
	pc = raise_unwind(p, x, &place);
	if (pc == NULL)
		return SLICE_EXIT;
	if (unlikely((p->flags & PROC_TRACE_UNWINDING) != 0))
		exec_tracing.caught(p, pc);
	SWAP_IN();
	/* Exceptions are charged, so that no loop of them runs for ever. */
	if (unlikely(--reductions <= 0)) {
		SWAP_OUT();
		save_x(p, x, 4);
		atomic_store_relaxed(&p->pc, pc);
		return SLICE_YIELD;
	}
	DISPATCH();

ended: /* a signal or a limit ended the process; the outcome is OUTCOME_EXIT. Or there is something to do first. */
	return (p->flags & PROC_COLLECT_DUE) != 0 && p->outcome != OUTCOME_EXIT ? SLICE_COLLECT : SLICE_EXIT;

yield_at_entry:
	SWAP_OUT();
	save_x(p, x, entry_arity(pc));
	atomic_store_relaxed(&p->pc, pc);
	return SLICE_YIELD;
}

#define OWN_HEADER(arity_) { .arity = (arity_) }

static void make_own(struct own_code *own, enum instr instr, unsigned arity, uint64_t high)
{
	own->header = (struct function_header){ .func_info = instr_handlers[INSTR_func_info], .arity = arity };
	/* A frame word, so that the instruction can be a continuation. */
	own->code[0] = frame_word(0, FUNCTION_HEADER_WORDS + 1);
	own->code[1] = instr_handlers[instr] | high << 32;
}

/* Entries need the header right before them, continuations the frame word: two forms. */
static void make_own_entry(struct own_code *own, enum instr instr, unsigned arity, uint64_t high)
{
	own->header = (struct function_header){ .func_info = instr_handlers[INSTR_func_info], .arity = arity };
	own->code[0] = instr_handlers[instr] | high << 32;
}

void exec_init(void)
{
	(void)run(NULL, NULL); /* only hands its table out */
	instr_set_handlers(handler_table);
	make_own(&normal_exit_code, INSTR_normal_exit, 0, 0);
	make_own_entry(&entry_apply_code, INSTR_apply_list_last, 3, 0);
	make_own_entry(&entry_apply_fun_code, INSTR_apply_fun_list_last, 2, 0);
	make_own_entry(&bif_answer_code, INSTR_bif_answer, 0, 0);
	make_own_entry(&call_again_code, INSTR_call_again, 0, 0);
	make_own(&trace_return_code, INSTR_trace_return, 0, 0);
	trace_return_code.code[0] = frame_word(EXEC_TRACE_FRAME_WORDS - 1, FUNCTION_HEADER_WORDS + 1);
	/* A handler is preceded by the place of its catch in the frame. */
	trace_unwind_code.code[0] = (uint64_t)EXEC_TRACE_CATCH << 32;
	trace_unwind_code.code[1] = instr_handlers[INSTR_trace_unwind];
	apply_init();
	arith_init();
	/* apply is no BIF: the engine makes the call. */
	export_get(A(erlang), A(apply), 3)->stub = entry_apply_code.code;
	export_get(A(erlang), A(apply), 2)->stub = entry_apply_fun_code.code;
	for (uint32_t n = 0; n < export_count(); n++) {
		struct export *e = export_of(n);
		if (e->bif != NULL && e->stub == NULL)
			e->stub = exec_bif_stub(e->bif);
	}
	export_stubs_made();
}

const uint64_t *exec_bif_stub(const struct bif *bif)
{
	struct own_code *own = mem_zalloc(MEM_CODE, sizeof(*own));
	make_own_entry(own, INSTR_call_bif_direct, bif->arity, bif->arity);
	own->code[1] = (uint64_t)(uintptr_t)bif->export;
	return own->code;
}

const uint64_t *exec_entry_apply(void)
{
	return entry_apply_code.code;
}

const uint64_t *exec_entry_apply_fun(void)
{
	return entry_apply_fun_code.code;
}

const uint64_t *exec_normal_exit(void)
{
	return normal_exit_code.code + 1;
}

const uint64_t *exec_trace_stub(uint32_t arity, uint32_t number)
{
	struct own_code *own = mem_zalloc(MEM_CODE, sizeof(*own));
	make_own_entry(own, INSTR_trace_break, arity, 0);
	atomic_store_relaxed(&own->header.breakpoint, number); /* published with the address */
	return own->code;
}

void exec_trace_stub_free(const uint64_t *stub)
{
	struct own_code *own = (struct own_code *)(uintptr_t)((const char *)stub - offsetof(struct own_code, code));
	mem_free(MEM_CODE, own, sizeof(*own));
}

const uint64_t *exec_trace_return(void)
{
	return trace_return_code.code + 1;
}

const uint64_t *exec_trace_unwind(void)
{
	return trace_unwind_code.code + 1;
}

const uint64_t *exec_waits_at(const struct proc *p)
{
	const uint64_t *pc = proc_pc(p);
	if (pc != bif_answer_code.code)
		return pc;
	return (const uint64_t *)(uintptr_t)p->extra->trap.args[0];
}

enum slice_end exec_run(struct worker *worker, struct proc *p)
{
	return run(worker, p);
}

void exec_run_away(struct proc *p)
{
	p->flags |= PROC_AWAY;
	p->outcome = OUTCOME_NONE;
	/* The call was told where it was made: of a traced one the function itself goes on. */
	term value = p->extra->trap.export->bif->direct(p, p->saved_x);
	p->flags &= ~(uint32_t)PROC_AWAY;
	p->extra->answer = value;
}
