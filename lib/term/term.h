/* SPDX-License-Identifier: Apache-2.0 */
/* The word: how a value looks in 64 bits, and how to read it. Nothing here builds anything.
 *
 *   low bits   what                      payload
 *   000        small integer             61 bits, signed: value << 3 (so +, -, compare need no untagging).
 *                                        Code addresses are 8-aligned, so continuations on the stack and pointers
 *                                        inside boxed values look like smalls, and the collector passes over them.
 *   001        cons                      address of two words: head, tail
 *   010        boxed                     address of a header word
 *   011        other immediates          next three bits say which; see below
 *   110        header                    never a value: first word of what a boxed word points at
 *   111        forwarding                never a value: only while a collection runs; address it moved to
 *   100, 101   free
 *
 *   immediates (low six bits):  000 011 atom: index << 6       (fits a sign-extended 32-bit operand)
 *                               001 011 local pid: serial << 34 | slot << 6   (28 bits of slot, 30 of serial)
 *                               010 011 local port: number << 6
 *                               011 011 []  (nil)
 *                               100 011 catch: handler's address >> 3 << 6, only on stacks
 *                               101 011 TERM_NONE: no value; what a BIF returns when it raises, traps or waits
 *
 *   header: size << 8 | kind << 3 | 110; size is the number of words that follow.
 *   kinds from 16 (bit 7 of the header) are raw: the collector copies the words after the header but never looks
 *   at them. In the others each word after the header is a value or a word with low bits 000.
 *
 * Invariant: no header equals any value, since low bits 110 belong to headers alone; asserted below. */
#pragma once
#include "base/check.h"

typedef uint64_t term;

enum term_tag { TAG_SMALL = 0, TAG_CONS = 1, TAG_BOXED = 2, TAG_IMM = 3, TAG_HEADER = 6, TAG_FORWARD = 7 };
#define TAG_MASK 7U
enum imm_tag { IMM_ATOM = 003, IMM_PID = 013, IMM_PORT = 023, IMM_NIL = 033, IMM_CATCH = 043, IMM_NONE = 053 };
#define IMM_MASK 077U

#define TERM_NIL ((term)IMM_NIL)
#define TERM_NONE ((term)IMM_NONE)
#define TERM_ZERO ((term)0)

/* Kinds of boxed values. "raw": see above. Layouts stand beside the accessors or in the room that builds them. */
enum boxed_kind {
	BOXED_TUPLE,       /* elements                                                      scanned */
	BOXED_FUN,         /* struct fun_value in term/fun.h: entry, creator, environment   scanned */
	BOXED_FLATMAP,     /* term/map.h                                                    scanned */
	BOXED_HASHMAP,     /* term/map.h: root, with the size                               scanned */
	BOXED_MAPNODE,     /* term/map.h: inner node or collision node, never a value       scanned */
	BOXED_SUB_BITS,    /* term/bits.h: part of a HEAP_BITS or REF_BITS                  scanned */
	BOXED_MATCH,       /* term/bits.h: match context, only in registers                 scanned */
	BOXED_RECORD,      /* native record (OTP 29): definition, fields                    scanned */
	BOXED_BIG_POS = 16, /* limbs, least significant first, highest not 0                 raw */
	BOXED_BIG_NEG,     /* the same; the value is minus the limbs                        raw */
	BOXED_FLOAT,       /* one IEEE double, always finite                                raw */
	BOXED_EXPORT_FUN,  /* fun M:F/A: term/fun.h                                         raw */
	BOXED_HEAP_BITS,   /* term/bits.h: up to 64 bytes inline                            raw */
	BOXED_REF_BITS,    /* term/bits.h: counted buffer; on its heap's off-heap list      raw */
	BOXED_REF,         /* term/ident.h: local reference, perhaps an alias               raw */
	BOXED_MAGIC_REF,   /* term/ident.h: local reference holding a counted resource;
			    * on its heap's off-heap list                                   raw */
	BOXED_EXT_PID,     /* term/ident.h: identifiers of other nodes                      raw */
	BOXED_EXT_PORT,
	BOXED_EXT_REF,
	BOXED_TRACE,       /* a stack trace as taken: code addresses; made into a list only when asked. Its words are
			    * raw; never seen by programs                                   raw */
	BOXED_KINDS
};

#define HEADER_RAW 0x80U
#define HEADER_KIND_MASK 0xFFU /* kind and tag: what a type test compares */
#define HEADER(kind, size) ((term)(size) << 8 | (unsigned)(kind) << 3 | TAG_HEADER)
#define HEADER_OF_KIND(kind) ((unsigned)(kind) << 3 | TAG_HEADER) /* header & HEADER_KIND_MASK */

_Static_assert(BOXED_RECORD < 16, "scanned kinds lie below the raw bit");
_Static_assert(BOXED_KINDS <= 32, "a kind has five bits");

static inline bool term_is_small(term t)
{
	return (t & TAG_MASK) == TAG_SMALL;
}

static inline bool term_is_cons(term t)
{
	return (t & TAG_MASK) == TAG_CONS;
}

static inline bool term_is_boxed(term t)
{
	return (t & TAG_MASK) == TAG_BOXED;
}

static inline bool term_is_nil(term t)
{
	return t == TERM_NIL;
}

static inline bool term_is_list(term t)
{
	return term_is_cons(t) || t == TERM_NIL;
}

static inline bool term_is_atom(term t)
{
	return (t & IMM_MASK) == IMM_ATOM;
}

static inline bool term_is_local_pid(term t)
{
	return (t & IMM_MASK) == IMM_PID;
}

static inline bool term_is_local_port(term t)
{
	return (t & IMM_MASK) == IMM_PORT;
}

/* An immediate: the word is the whole value, valid without any heap. */
static inline bool term_is_immediate(term t)
{
	return (t & TAG_MASK) == TAG_SMALL || (t & TAG_MASK) == TAG_IMM;
}

/* Smalls. */
#define SMALL_BITS 61
#define SMALL_MAX (((int64_t)1 << 60) - 1)
#define SMALL_MIN (-((int64_t)1 << 60))

static inline bool small_fits(int64_t v)
{
	return v >= SMALL_MIN && v <= SMALL_MAX;
}

static inline term term_of_small(int64_t v)
{
	debug_assert(small_fits(v));
	return (term)((uint64_t)v << 3);
}

static inline int64_t small_value(term t)
{
	debug_assert(term_is_small(t));
	return (int64_t)t >> 3;
}

/* Atoms. Constants are in term/atom.h. */
static inline term term_of_atom_index(uint32_t index)
{
	return (term)index << 6 | IMM_ATOM;
}

static inline uint32_t atom_index(term t)
{
	debug_assert(term_is_atom(t));
	return (uint32_t)(t >> 6);
}

/* Lists. */
static inline term *cons_ptr(term t)
{
	debug_assert(term_is_cons(t));
	return (term *)(uintptr_t)(t - TAG_CONS);
}

static inline term cons_head(term t)
{
	return cons_ptr(t)[0];
}

static inline term cons_tail(term t)
{
	return cons_ptr(t)[1];
}

static inline term term_of_cons(const term *p)
{
	return (term)(uintptr_t)p + TAG_CONS;
}

/* Boxed values. */
static inline term *boxed_ptr(term t)
{
	debug_assert(term_is_boxed(t));
	return (term *)(uintptr_t)(t - TAG_BOXED);
}

static inline term term_of_boxed(const term *p)
{
	return (term)(uintptr_t)p + TAG_BOXED;
}

static inline term boxed_header(term t)
{
	return boxed_ptr(t)[0];
}

static inline bool header_is(term w)
{
	return (w & TAG_MASK) == TAG_HEADER;
}

static inline enum boxed_kind header_kind(term h)
{
	return (enum boxed_kind)(h >> 3 & 0x1F);
}

static inline size_t header_size(term h)
{
	return (size_t)(h >> 8);
}

static inline bool term_is_kind(term t, enum boxed_kind kind)
{
	return term_is_boxed(t) && (boxed_header(t) & HEADER_KIND_MASK) == HEADER_OF_KIND(kind);
}

/* Tuples. element is counted from 0. */
static inline bool term_is_tuple(term t)
{
	return term_is_kind(t, BOXED_TUPLE);
}

static inline bool term_is_tuple_of(term t, size_t arity)
{
	return term_is_boxed(t) && boxed_header(t) == HEADER(BOXED_TUPLE, arity);
}

static inline size_t tuple_arity(term t)
{
	debug_assert(term_is_tuple(t));
	return header_size(boxed_header(t));
}

static inline term *tuple_elements(term t)
{
	return boxed_ptr(t) + 1;
}

static inline term tuple_element(term t, size_t element)
{
	debug_assert(element < tuple_arity(t));
	return tuple_elements(t)[element];
}

/* Numbers. */
static inline bool term_is_float(term t)
{
	return term_is_kind(t, BOXED_FLOAT);
}

static inline bool term_is_big(term t)
{
	/* The two kinds differ in one bit. */
	return term_is_boxed(t) && (boxed_header(t) & (HEADER_KIND_MASK & ~010U)) == HEADER_OF_KIND(BOXED_BIG_POS);
}

_Static_assert((BOXED_BIG_POS ^ BOXED_BIG_NEG) == 1, "big kinds differ in the lowest bit of the kind");

static inline bool term_is_integer(term t)
{
	return term_is_small(t) || term_is_big(t);
}

static inline bool term_is_number(term t)
{
	return term_is_integer(t) || term_is_float(t);
}

static inline bool big_is_negative(term t)
{
	return header_kind(boxed_header(t)) == BOXED_BIG_NEG;
}

static inline size_t big_limbs(term t)
{
	return header_size(boxed_header(t));
}

static inline const uint64_t *big_digits(term t)
{
	return boxed_ptr(t) + 1;
}

static inline double float_value(term t)
{
	double d;
	debug_assert(term_is_float(t));
	__builtin_memcpy(&d, boxed_ptr(t) + 1, sizeof(d));
	return d;
}

#define FLOAT_WORDS 2

/* Writes a float at p (FLOAT_WORDS words the caller owns). */
static inline term float_put(term *p, double d)
{
	p[0] = HEADER(BOXED_FLOAT, 1);
	__builtin_memcpy(p + 1, &d, sizeof(d));
	return term_of_boxed(p);
}

/* Other kinds with more than one form. */
static inline bool term_is_map(term t)
{
	return term_is_kind(t, BOXED_FLATMAP) || term_is_kind(t, BOXED_HASHMAP);
}

static inline bool term_is_fun(term t)
{
	return term_is_kind(t, BOXED_FUN) || term_is_kind(t, BOXED_EXPORT_FUN);
}

static inline bool term_is_pid(term t)
{
	return term_is_local_pid(t) || term_is_kind(t, BOXED_EXT_PID);
}

static inline bool term_is_port(term t)
{
	return term_is_local_port(t) || term_is_kind(t, BOXED_EXT_PORT);
}

static inline bool term_is_ref(term t)
{
	if (!term_is_boxed(t))
		return false;
	enum boxed_kind kind = header_kind(boxed_header(t));
	return kind == BOXED_REF || kind == BOXED_MAGIC_REF || kind == BOXED_EXT_REF;
}

static inline bool term_is_bitstring(term t)
{
	if (!term_is_boxed(t))
		return false;
	enum boxed_kind kind = header_kind(boxed_header(t));
	return kind == BOXED_HEAP_BITS || kind == BOXED_REF_BITS || kind == BOXED_SUB_BITS;
}
