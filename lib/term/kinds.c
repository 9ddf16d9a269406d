/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of terms in the standard order; what identifiers of this and of other nodes have in common. */
#include "term/kinds.h"

enum term_rank term_rank(term t)
{
	static const uint8_t of_kind[BOXED_KINDS] = {
		[BOXED_TUPLE] = RANK_TUPLE,
		[BOXED_FUN] = RANK_FUN,
		[BOXED_FLATMAP] = RANK_MAP,
		[BOXED_HASHMAP] = RANK_MAP,
		[BOXED_MAPNODE] = RANK_OTHER,
		[BOXED_SUB_BITS] = RANK_BITS,
		[BOXED_MATCH] = RANK_OTHER,
		[BOXED_RECORD] = RANK_RECORD,
		[BOXED_BIG_POS] = RANK_NUMBER,
		[BOXED_BIG_NEG] = RANK_NUMBER,
		[BOXED_FLOAT] = RANK_NUMBER,
		[BOXED_EXPORT_FUN] = RANK_FUN,
		[BOXED_HEAP_BITS] = RANK_BITS,
		[BOXED_REF_BITS] = RANK_BITS,
		[BOXED_REF] = RANK_REF,
		[BOXED_MAGIC_REF] = RANK_REF,
		[BOXED_EXT_PID] = RANK_PID,
		[BOXED_EXT_PORT] = RANK_PORT,
		[BOXED_EXT_REF] = RANK_REF,
		[BOXED_TRACE] = RANK_OTHER,
	};
	switch (t & TAG_MASK) {
	case TAG_SMALL:
		return RANK_NUMBER;
	case TAG_CONS:
		return RANK_LIST;
	case TAG_BOXED:
		return (enum term_rank)of_kind[header_kind(boxed_header(t))];
	default:
		break;
	}
	switch (t & IMM_MASK) {
	case IMM_ATOM:
		return RANK_ATOM;
	case IMM_PID:
		return RANK_PID;
	case IMM_PORT:
		return RANK_PORT;
	case IMM_NIL:
		return RANK_NIL;
	default:
		return RANK_OTHER;
	}
}

struct node_name node_of(term t)
{
	if (term_is_boxed(t)) {
		const term *p = boxed_ptr(t);
		enum boxed_kind kind = header_kind(p[0]);
		if (kind == BOXED_EXT_PID || kind == BOXED_EXT_REF)
			return (struct node_name){ p[1], (uint32_t)(p[2] >> 32) };
		if (kind == BOXED_EXT_PORT)
			return (struct node_name){ p[1], (uint32_t)p[2] };
	}
	return (struct node_name){ A(nonode_nohost), 0 };
}

uint64_t pid_data(term pid)
{
	if (term_is_local_pid(pid))
		return (uint64_t)pid_serial(pid) << 32 | pid_slot(pid);
	const term *p = boxed_ptr(pid);
	return p[3] << 32 | (uint32_t)p[2];
}

uint64_t port_data(term port)
{
	return term_is_local_port(port) ? port >> 6 : boxed_ptr(port)[3];
}

unsigned ref_parts(term ref)
{
	return term_is_local_ref(ref) ? 4 : (unsigned)header_size(boxed_header(ref)) - 2;
}

uint32_t ref_part(term ref, unsigned part)
{
	if (term_is_local_ref(ref)) {
		struct ref_id id = ref_id_of(ref);
		uint64_t half = part < 2 ? id.low : part < 4 ? id.high : 0;
		return (uint32_t)(half >> part % 2 * 32);
	}
	return part < ref_parts(ref) ? (uint32_t)boxed_ptr(ref)[3 + part] : 0;
}
