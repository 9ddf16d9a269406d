/* SPDX-License-Identifier: Apache-2.0 */
/* What off-heap values hold: one count of something, at the same place in each kind of value. */
#pragma once
#include "heap/heap.h"
#include "term/bits.h"
#include "term/ident.h"

#define MAGIC_REF_BYTES 64 /* what a resource counts for in the collector's pace */

/* Of a REF_BITS or MAGIC_REF, by its header word's address. */
static inline struct counted *offheap_counted(const term *object)
{
	return (struct counted *)(uintptr_t)object[2];
}

static inline bool offheap_is(term header)
{
	enum boxed_kind kind = header_kind(header);
	return kind == BOXED_REF_BITS || kind == BOXED_MAGIC_REF;
}

static inline size_t offheap_bytes(const term *object)
{
	if (header_kind(object[0]) == BOXED_MAGIC_REF)
		return MAGIC_REF_BYTES;
	return ((struct binary *)(uintptr_t)object[2])->size;
}

static inline void counted_ref(struct counted *counted)
{
	atomic_add_relaxed(&counted->refs, 1);
}

static inline void counted_unref(struct counted *counted)
{
	/* Acquire-release: whoever drops the last count sees what the others did to the object. */
	if (atomic_sub_acq_rel(&counted->refs, 1) == 1)
		counted->destroy(counted);
}
