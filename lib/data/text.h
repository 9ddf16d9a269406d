/* SPDX-License-Identifier: Apache-2.0 */
/* Erlang term text, as people type it and as printing writes it, made into a term:
 *     [{a, 1}, <<"x", 1:4>>, #{k => 1.5}, "str", 'quoted atom', <0.1.2>, #Ref<0.1.2.3>, #Port<0.1>, 16#ff, $c, fun m:f/1]
 * White space and % comments may stand between tokens, one full stop at the end. Depth costs no C stack. */
#pragma once
#include "heap/heap.h"

enum text_flags {
	TEXT_KNOWN_ATOMS = 1, /* atoms and functions are looked up, never made */
	TEXT_MAY_REST = 2,    /* what follows the term and its full stop, if any, is not looked at */
};

struct text_error {
	size_t offset;      /* bytes */
	uint32_t line;      /* from 1 */
	uint32_t column;    /* in characters, from 1 */
	const char *reason; /* one sentence without a full stop; static */
	bool system_limit;  /* a bound was met (atoms, integers, bits) */
};

/* Parses one term into heap. text: UTF-8, borrowed, size bytes. ret_used: bytes up to the end of the term and its full stop; may be
 * NULL. Returns TERM_NONE with *ret_error filled. Threads: any.  Collects: no. */
term text_parse(struct heap *heap, const char *text, size_t size, unsigned flags, size_t *ret_used,
	struct text_error *ret_error);
