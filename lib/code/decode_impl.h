/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that decode chunks share: the state of one decoding, and compact terms. */
#pragma once
#include "code/beamfile.h"
#include "code/load.h"

struct decoder {
	struct beamfile file;
	struct staged *staged;
	struct load_error *error;
	VEC(term) literals;      /* of LitT, then big integers of the code; all on staged->builder */
	size_t table_literals;   /* how many are of LitT */
};

/* The tags of compact terms. */
enum compact_tag { COMPACT_U, COMPACT_I, COMPACT_ATOM, COMPACT_X, COMPACT_Y, COMPACT_LABEL, COMPACT_CHAR, COMPACT_EXTENDED };
/* What follows an extended tag. */
enum extended_tag { EXTENDED_FLOAT, EXTENDED_LIST, EXTENDED_FR, EXTENDED_ALLOC, EXTENDED_LITERAL, EXTENDED_TYPED };

/* A number with a tag. size is 0 when it fits value (for COMPACT_I a signed small integer); else data has size bytes of it,
 * most significant first, two's complement. */
struct compact {
	enum compact_tag tag;
	uint64_t value;
	const uint8_t *data;
	size_t size;
};

/* False when it is cut short or is no compact term. */
_must_check_ bool compact_read(struct bytes *b, struct compact *ret);
/* An unsigned number that fits 32 bits. */
_must_check_ bool compact_read_u32(struct bytes *b, enum compact_tag tag, uint32_t *ret);

/* Each decodes one chunk into d->staged; 0 or LOAD_E_... with d->error filled. */
int decode_atoms(struct decoder *d);
int decode_imports(struct decoder *d);
int decode_exports(struct decoder *d);
int decode_funs(struct decoder *d);
int decode_lines(struct decoder *d);
int decode_literals(struct decoder *d);
int decode_info(struct decoder *d); /* Attr, CInf, StrT */
int decode_records(struct decoder *d);
int decode_code(struct decoder *d);

/* Bitstrings as OTP 24 builds them become bs_create_bin. Returns as above. (code/older.c) */
int decode_older(struct decoder *d);

/* One operand; of a list only its head, whose elements the caller reads next. */
int decode_operand(struct decoder *d, struct bytes *b, const char *chunk, struct operand *ret);
/* Moves all literals into the literal area and puts them into the operands that name them. */
int seal_literals(struct decoder *d);
