/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of pids, ports and references, and how to read them.
 *
 *   local pid  immediate; slot names a place in the process table, serial tells its tenants apart.
 *              Prints as <0.SLOT.SERIAL>; never reused while a serial of 30 bits has not wrapped.
 *   REF        header (size 2), high, low                an ordinary reference
 *   REF        header (size 3), high, low, pid           a process alias, or a monitor that may be one
 *   MAGIC_REF  header (size 4), next (off-heap list), struct counted *, high, low
 *   EXT_PID    header (size 3), node atom, creation << 32 | id, serial
 *   EXT_PORT   header (size 3), node atom, creation, id
 *   EXT_REF    header (size 2 + n), node atom, creation << 32 | words, then the 32-bit words, each in a word, 1 <= n <= 5,
 *              most significant last as in the external format
 *
 * high:low is unique in this machine for its life: high is the number of the thread that made it, low its count.
 * Prints as #Ref<0.HIGH.LOW>>32.LOW&0xffffffff>. */
#pragma once
#include "term/term.h"

#define PID_SLOT_BITS 28
#define PID_SERIAL_BITS 30
#define PID_SLOT_MAX ((1U << PID_SLOT_BITS) - 1)
#define PID_SERIAL_MAX ((1U << PID_SERIAL_BITS) - 1)

static inline term term_of_pid(uint32_t slot, uint32_t serial)
{
	debug_assert(slot <= PID_SLOT_MAX && serial <= PID_SERIAL_MAX);
	return (term)serial << 34 | (term)slot << 6 | IMM_PID;
}

static inline uint32_t pid_slot(term pid)
{
	return (uint32_t)(pid >> 6) & PID_SLOT_MAX;
}

static inline uint32_t pid_serial(term pid)
{
	return (uint32_t)(pid >> 34);
}

#define REF_WORDS 3
#define ALIAS_REF_WORDS 4
#define MAGIC_REF_WORDS 5

struct ref_id {
	uint64_t high;
	uint64_t low;
};

/* A new identity, unlike any before. Threads: any. */
struct ref_id ref_new_id(void);

static inline term ref_put(term *p, struct ref_id id)
{
	p[0] = HEADER(BOXED_REF, 2);
	p[1] = id.high;
	p[2] = id.low;
	return term_of_boxed(p);
}

static inline term alias_ref_put(term *p, struct ref_id id, term pid)
{
	p[0] = HEADER(BOXED_REF, 3);
	p[1] = id.high;
	p[2] = id.low;
	p[3] = pid;
	return term_of_boxed(p);
}

/* Of a REF or MAGIC_REF. */
static inline struct ref_id ref_id_of(term ref)
{
	const term *p = boxed_ptr(ref);
	if (header_kind(p[0]) == BOXED_MAGIC_REF)
		return (struct ref_id){ p[3], p[4] };
	return (struct ref_id){ p[1], p[2] };
}

static inline bool ref_id_equal(struct ref_id a, struct ref_id b)
{
	return a.low == b.low && a.high == b.high;
}

static inline bool term_is_local_ref(term t)
{
	return term_is_kind(t, BOXED_REF) || term_is_kind(t, BOXED_MAGIC_REF);
}

/* The process that an alias reference names; TERM_NONE when the reference is none. */
static inline term alias_ref_pid(term ref)
{
	const term *p = boxed_ptr(ref);
	return p[0] == HEADER(BOXED_REF, 3) ? p[3] : TERM_NONE;
}
