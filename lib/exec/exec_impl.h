/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the engine share. */
#pragma once
#include "exec/exec.h"

#include "code/instr.h"
#include "heap/gen.h"
#include "term/atom.h"

/* p->pc, or the call that a parked BIF stands for. */
const uint64_t *exec_waits_at(const struct proc *p);

/* raise.c. All set p->extra->raise and p->outcome. */
void raise_error(struct proc *p, term reason);
/* {reason, value}. */
void raise_error_with(struct proc *p, term reason, term value);

/* Where an exception was born. */
struct raise_place {
	/* The instruction. */
	const uint64_t *pc;
	/* The BIF, or the function that is not there, that was called; NULL: neither. */
	const struct export *export;
	/* Its arguments, or the function's for function_clause. */
	const term *args;
	unsigned arity;
	bool function_clause;
	/* A call of a fun that is none: OTP tells the caller twice. */
	bool called;
	/* The call of the BIF is the last thing that its caller does. */
	bool tail;
};

/* Completes p->extra->raise with its trace, cuts the stack down to the innermost catch, and sets x0-x3 as its handler wants
 * them. Returns the handler; NULL when nobody catches: then the raise stays as it is for the process's end. H and E are in p. */
const uint64_t *raise_unwind(struct proc *p, term *x, const struct raise_place *place);
/* raise/2 and raw_raise: reason again, with the trace that a handler got. */
void raise_again(struct proc *p, term raw, term reason);
/* As raise_again with a class (an atom). False when it is none. */
bool raise_again_as(struct proc *p, term class, term raw, term reason);
/* catch_end: what a catch makes of class, reason and trace in x1 to x3. */
term raise_catch_value(struct proc *p, const term *x);

/* apply.c. Where a call leads: code; or NULL with an outcome, RAISE included. x holds the arguments. */
const uint64_t *call_target(struct proc *p, const struct export *export, term *x);
/* The target of a call M:F with n arguments already in x. badarg when M and F are no atoms. ret_export: for the trace. */
const uint64_t *apply_target(struct proc *p, term module, term function, unsigned arity, term *x,
	const struct export **ret_export);
/* What apply_target() has found is erlang:error, exit/1 or throw/1, and nobody traces it. */
bool apply_only_raises(const struct export *export, const uint64_t *target);
/* Spreads a list of arguments into x. False: no proper list or more than 255. */
bool apply_spread(term list, term *x, unsigned *ret_arity);
/* A fun's code, with its free variables behind the arguments in x; NULL with badfun or badarity raised, or another outcome.
 * ret_export: set when it is fun M:F/A. */
const uint64_t *fun_target(
	struct proc *p, term fun, unsigned arity, term *x, const struct export **ret_export);
/* erlang:apply/3 or /2's badarg and such: the export to name. */
extern const struct export *apply_export_2, *apply_export_3;
void apply_init(void);

/* arith.c: operators off the fast path. */
enum operation {
	OPERATOR_ADD,
	OPERATOR_SUB,
	OPERATOR_MUL,
	OPERATOR_INT_DIV,
	OPERATOR_INT_REM,
	OPERATOR_BAND,
	OPERATOR_BOR,
	OPERATOR_BXOR,
	OPERATOR_BSL,
	OPERATOR_BSR,
	OPERATOR_BNOT,
	OPERATOR_NEG,
	OPERATOR_HD,
	OPERATOR_TL,
	OPERATOR_TUPLE_SIZE,
	OPERATOR_BYTE_SIZE,
	OPERATOR_LENGTH,
	OPERATOR_ELEMENT,
	OPERATOR_MAP_GET,
	OPERATOR_SEND,
	OPERATORS
};

void arith_init(void);
extern const struct export *operator_exports[OPERATORS];
/* The value, or TERM_NONE with the error raised. H and E are in p. */
term operator_value(struct proc *p, enum operation op, const term *args);

/* data.c: what builds much, out of line. Sources are read with source_value. */
static inline term source_value(uint64_t source, const term *x, const term *stack)
{
	if ((source & 6) != 4)
		return source;
	return (source & 1) != 0 ? stack[source >> 3] : x[source >> 3];
}

/* trace.c: puts the frames on the stack and frees them; false: no room, the process ends. H and E are in p. */
bool exec_trace_push(struct proc *p, term *x, unsigned live, struct exec_entered *entered);

/* record.c. */
bool record_is(term t, term module, term name);
bool record_is_accessible(term t, term scope, term module);
/* A field, or TERM_NONE with badrecord or badfield raised. */
term record_field(struct proc *p, term t, term identity, term field);
/* The same of what is known to be a record; TERM_NONE without raising. */
term record_element(term t, term field);
term put_record(struct proc *p, const uint64_t *pc, const term *x, term source);

term put_map(struct proc *p, const uint64_t *pc, const term *x, term map, bool exact);
term create_bits(struct proc *p, const uint64_t *pc, const term *x);
/* a + b * unit, sizes of what OTP 24's code builds; TERM_NONE: p raises. */
term add_sizes(struct proc *p, term a, term b, unsigned unit);
/* How many bytes a character takes as UTF-8 or UTF-16; of what is none, any number. */
unsigned character_bytes(term character, unsigned bits);
/* The integer segments [segment, end) of bs_create_integers and bs_append_integers, from the highest bit on; the bits of each
 * are in its first word's highest 16. False when one is no small integer. */
static inline bool pack_integers(const uint64_t *segment, const uint64_t *end, const term *x, const term *stack,
	uint64_t *ret_value, unsigned *ret_bits)
{
	uint64_t all = 0;
	unsigned total = 0;
	for (; segment < end; segment += 3) {
		term value = source_value(segment[2], x, stack);
		unsigned bits = (unsigned)(segment[0] >> 48);
		if (unlikely(!term_is_small(value)))
			return false;
		uint64_t v = (uint64_t)small_value(value);
		all = bits == 64 ? v : all << bits | (v & (((uint64_t)1 << bits) - 1));
		total += bits;
	}
	*ret_value = __builtin_bswap64(all << (64 - total));
	*ret_bits = total;
	return true;
}

/* Whether a boxed value was made since the last collection: in the young block, or in a fragment. */
bool is_fresh(const struct proc *p, const term *object);
