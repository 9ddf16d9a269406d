/* SPDX-License-Identifier: Apache-2.0 */
/* Terms sorted into the classes of the standard order, and identifiers with their local and foreign forms made alike.
 * For this room only. */
#pragma once
#include "term/atom.h"
#include "term/ident.h"
#include "term/term.h"

/* In the standard order. */
enum term_rank {
	RANK_NUMBER,
	RANK_ATOM,
	RANK_REF,
	RANK_FUN,
	RANK_PORT,
	RANK_PID,
	RANK_TUPLE,
	RANK_RECORD,
	RANK_MAP,
	RANK_NIL,
	RANK_LIST,
	RANK_BITS,
	RANK_OTHER, /* what programs never see */
};

enum term_rank term_rank(term t);

struct node_name {
	term name;
	uint32_t creation;
};

#define REF_PARTS_MAX 5

/* The node of a pid, port or reference. */
struct node_name node_of(term t);
/* serial << 32 | number */
uint64_t pid_data(term pid);
uint64_t port_data(term port);
/* The 32-bit words of a reference, least significant first; 0 for those it does not have. */
uint32_t ref_part(term ref, unsigned part);
unsigned ref_parts(term ref);
