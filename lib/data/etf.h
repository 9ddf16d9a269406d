/* SPDX-License-Identifier: Apache-2.0 */
/* The external term format, both ways: binary_to_term, term_to_binary, and the literals of modules.
 *
 * Decoding trusts nothing: every count is checked against the bytes that are left before memory is taken for it, depth costs
 * no C stack, compressed data must unpack to exactly the size it claims. Encoding is one pass into a growing buffer.
 * Both stop when their result is unwanted (base/unwanted.h).
 * What needs knowledge of a namespace (funs, pids) is asked of a struct etf_context. */
#pragma once
#include "heap/heap.h"
#include "term/fun.h"

/* Who we are, and where funs live. All of it is borrowed; NULL or an all-zero context means nonode@nohost, pids of any
 * namespace, and no funs. */
struct etf_context {
	void *user;        /* for the functions */
	term node;         /* atom of our node; 0: nonode@nohost */
	uint32_t creation;
	/* The entry of the fun that named tells of (module_name, index, uniq, old_uniq, arity, free_count); NULL when there is none. */
	struct fun_entry *(*find_fun)(void *user, const struct fun_entry *named);
	/* Whether a local pid may be made from bytes (law 12: not one of another namespace). NULL: any. */
	bool (*pid_may_be_made)(void *user, term pid);
};

enum etf_decode_flags {
	ETF_SAFE = 1,       /* makes no atoms, no export funs of unknown functions: option safe */
	ETF_NO_VERSION = 2, /* data begins at a tag, not at 131 */
	ETF_MAY_REST = 4,   /* bytes after the term are no error (option used, streams) */
};

struct etf_error {
	size_t offset;      /* of the byte at fault, in what was given (or unpacked) */
	const char *reason; /* one sentence without a full stop; static */
	bool system_limit;  /* a bound was met (atoms), rather than bad data */
};

/* Decodes one term into heap. data: borrowed; parts of it are not referred to.
 * ret_used: bytes of data that were used; may be NULL. context may be NULL.
 * Returns the term, or TERM_NONE with *ret_error filled; what was built until then is garbage on the heap.
 * Threads: any.  Collects: no. */
term etf_decode(const struct etf_context *context, struct heap *heap, const void *data, size_t size,
	unsigned flags, size_t *ret_used, struct etf_error *ret_error);

enum etf_encode_flags {
	ETF_DETERMINISTIC = 1, /* maps in the order of their keys */
	ETF_LATIN1_ATOMS = 2,  /* minor_version 1 and 0 */
	ETF_TEXT_FLOATS = 4,   /* minor_version 0 */
	ETF_BARE = 8,          /* no leading 131 */
};

/* A growing buffer of bytes, class TEMP. */
struct etf_out {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

void etf_out_done(struct etf_out *out);

/* Bytes besides those of bitstrings; encoding ends with ETF_E_SIZE beyond: a term whose parts are shared can be far larger
 * written than in memory. */
#define ETF_BYTES_MAX ((size_t)1 << 29)

/* Appends t to out (which may start all zero). compress: 0 none, 1-9 zlib levels; what does not shrink stays as it is.
 * Returns 0, or ETF_E_ where the term cannot be encoded. */
enum { ETF_E_SIZE = 1 /* too large */ };
_must_check_ int etf_encode(const struct etf_context *context, struct etf_out *out, term t, unsigned flags, int compress);
