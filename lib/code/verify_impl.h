/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of verification share: the abstract state of a place in the code, and how instructions change it. */
#pragma once
#include "code/verify.h"

#define VERIFY_X_MAX 1024U
#define VERIFY_Y_MAX 1024U
#define VERIFY_FR_MAX 1024U

/* What is known of a register: kind in the low four bits; the rest is the label of a CATCH's handler, or how many
 * elements a TUPLE has at least. */
enum known_kind {
	KNOWN_NONE,
	KNOWN_ANY,
	KNOWN_CATCH,
	KNOWN_CONTEXT,
	KNOWN_CONS,
	KNOWN_TUPLE,
	KNOWN_MAP,
	KNOWN_FLOAT,
	KNOWN_CLASS, /* the atom error, exit or throw */
	KNOWN_NIL,
};
typedef uint32_t known;

#define KNOWN(kind, more) ((known)(kind) | (known)(more) << 4)
#define KNOWN_VALUE KNOWN(KNOWN_ANY, 0)
#define KNOWN_MORE_MAX ((1U << 28) - 1)

static inline enum known_kind known_kind(known k)
{
	return (enum known_kind)(k & 15);
}

static inline uint32_t known_more(known k)
{
	return k >> 4;
}

/* Invariant: x[i] means something for i < x_count only; y[i] for i < frame. */
struct state {
	uint32_t frame;      /* y registers, or NO_FRAME */
	uint32_t x_count;
	uint32_t catches;    /* y registers that hold a CATCH */
	bool unseen;         /* y registers have changed since handlers were last told */
	uint64_t heap_words; /* reserved and not used yet */
	known x[VERIFY_X_MAX];
	known y[VERIFY_Y_MAX];
};

struct label {
	uint32_t instr;      /* its instruction + 1; 0: not defined */
	uint32_t saved;      /* place of its state in `saved` + 1; 0: not reached */
	uint16_t entry;      /* arity + 1 of the function that it is the entry of; 0: none */
	uint16_t joins;      /* saturating */
	bool pending;        /* its state has changed since it was last walked from */
};

struct function {
	uint32_t start;      /* instruction of its first label */
	uint32_t entry;      /* instruction of its entry label */
	uint32_t end;        /* instruction after its last */
	uint32_t arity;
};

/* A block that only raises, which ways with different frames lead to: each frame gets a copy of its own. */
struct clone {
	uint32_t label;    /* whose block it is */
	uint32_t frame;
	uint32_t function; /* index */
};

struct verifier {
	struct staged *staged;
	struct load_error *error;
	struct label *labels;          /* label_count */
	VEC(struct function) functions;
	VEC(uint32_t) saved;           /* states at labels of the current function, packed */
	VEC(struct clone) clones;      /* found in this round; number i is label label_count + i */
	const struct function *function;
	struct state state;
	uint32_t at;                   /* instruction */
	bool flowing;                  /* state is what holds before `at`; false after an end */
	bool again;                    /* a label at or before `at` is pending */
	int failed;                    /* LOAD_E_...; *error is told */
	uint64_t work;                 /* left; Bound: a multiple of the module's size */
};

/* All of these do nothing once v->failed is set. */
int verify_refuse(struct verifier *v, const char *format, ...) _printf_(2, 3);
/* Control may go to that label with the present state. */
void verify_branch(struct verifier *v, uint64_t label);
/* The instruction may raise: handlers of this frame see the y registers as they are. */
void verify_raise(struct verifier *v);
/* Whether the label's block runs straight to an instruction that raises; ret_end: the instruction after that. */
bool verify_only_raises(const struct verifier *v, uint32_t label, uint32_t *ret_end);
/* Whether a call of that import never returns, whatever its arguments. */
bool verify_never_returns(const struct staged *staged, const struct operand *import);
/* Whether control never goes on behind that instruction. */
bool verify_ends(const struct staged *staged, uint32_t instr);
/* Puts the copies that were found into the code. (code/verify_clone.c) */
void verify_insert_clones(struct verifier *v);
/* Checks the operands of every instruction against ops.def, finds labels and functions. (code/verify_shape.c) */
void verify_shape(struct verifier *v);
/* Refuses a function that could run for ever without being counted. (code/verify_loop.c) */
void verify_loops(struct verifier *v, const struct function *f);
/* Runs the instruction at v->at on v->state. (code/verify_ops.c) */
void verify_instr(struct verifier *v);
/* The same if it is one of bitstrings that needs more than its operand letters say; false if not. (code/verify_bits.c) */
bool verify_bits(struct verifier *v);

/* code/verify_state.c */
/* Reads an operand as a value. */
known verify_read(struct verifier *v, const struct operand *o);
void verify_write(struct verifier *v, const struct operand *o, known k);
void verify_write_y(struct verifier *v, uint64_t number, known k);
/* A test has told more of a register; of a constant nothing is to be learnt. */
void verify_learn(struct verifier *v, const struct operand *o, known k);
/* The first `live` x registers hold values. */
void verify_need_live(struct verifier *v, uint64_t live);
/* The same, and others are lost. */
void verify_keep_live(struct verifier *v, uint64_t live);
/* The engine may collect: every y register holds a value; nothing is reserved any more. */
void verify_may_collect(struct verifier *v);
/* Uses up words that are reserved. */
void verify_take_heap(struct verifier *v, uint64_t words);
/* Tells the engine whether it need not look at the kind of the source itself. */
void verify_need_fact(struct verifier *v, bool fits);
void verify_need_unit(struct verifier *v, const struct operand *o);
void verify_need_context(struct verifier *v, const struct operand *o);
/* A label, or 0: raise. */
void verify_fail_to(struct verifier *v, const struct operand *o);

/* Whether an operand can be a destination. */
static inline bool verify_may_write(const struct operand *o)
{
	return (o->kind == OPERAND_X && o->value < VERIFY_X_MAX) || o->kind == OPERAND_Y;
}

static inline const struct generic_instr *verify_current(const struct verifier *v)
{
	return &v->staged->instrs.items[v->at];
}

static inline const struct operand *verify_operand(const struct verifier *v, unsigned n)
{
	return &v->staged->operands.items[verify_current(v)->first + n];
}

static inline const struct operand *verify_elements(const struct verifier *v, const struct operand *list)
{
	return &v->staged->operands.items[list->index];
}
