/* SPDX-License-Identifier: Apache-2.0 */
/* The options of module re, and what a pattern's matches are to be returned as. For re.c only. */
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/vec.h"
#include "bif/bif.h"

#include <pcre2.h>

enum re_flags {
	RE_COMPILE_ONLY = 1,    /* an option that only compiling takes was given */
	RE_RUN_ONLY = 2,        /* one that only running takes */
	RE_UNICODE = 4,
	RE_GLOBAL = 8,
	RE_REPORT_ERRORS = 16,
	RE_CAPTURE = 32,
	RE_MATCH_LIMIT = 64,
	RE_DEPTH_LIMIT = 128,
	RE_EXPORT = 256,
};

struct re_options {
	uint32_t compile; /* PCRE2's option bits */
	uint32_t match;
	uint32_t newline; /* PCRE2_NEWLINE_..., 0: not given */
	uint32_t bsr;
	unsigned flags;
	size_t offset;
	uint32_t match_limit;
	uint32_t depth_limit;
	term capture_values;
	term capture_type;
};

/* The option bits that compiling may have. */
uint32_t re_compile_bits(void);
/* False when the list has anything else in it. */
bool re_options_read(struct re_options *ret, term list);

enum re_capture_type { RE_INDEX, RE_LIST, RE_BINARY, RE_NOTHING };

/* Which groups, in the order of the answer. all_from: from that group up to the last one that matched; else the
 * groups are listed. A group may have several numbers (dupnames): then the first of them that matched counts. */
struct re_captures {
	enum re_capture_type type;
	bool all;
	unsigned all_from;
	VEC(int) numbers; /* RE_NO_GROUP: none has that name; -(n + 1), n > 1: the next n are one group's */
};

#define RE_NO_GROUP (-1)

/* False (nothing to free) when the specification is none. */
bool re_captures_init(struct re_captures *captures, const pcre2_code *code, term values, term type);
void re_captures_done(struct re_captures *captures);
