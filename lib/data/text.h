/* SPDX-License-Identifier: Apache-2.0 */
/* Erlang terms written as text, read into a heap: what operators type. Atoms, integers in any base, characters, floats, strings,
 * lists, tuples, maps, binaries <<1, 2:4, "text", "text"/utf8>>, pids <0.1.0>, references #Ref<0.1.2.3>, fun m:f/1; comments;
 * a full stop at the end or not. Depth costs no C stack. */
#pragma once
#include "heap/heap.h"

enum text_flags {
	TEXT_PLAIN = 0,
	TEXT_KNOWN_ATOMS = 1, /* an atom that does not exist yet is an error, so that asking makes none */
};

/* Where and why text was refused. */
struct text_error {
	size_t offset;   /* bytes */
	unsigned line;   /* from 1 */
	unsigned column; /* characters, from 1 */
	char reason[128];
};

/* text: UTF-8, borrowed, without NUL. The term, or TERM_NONE with the error told; what was built until then is garbage on
 * the heap. Threads: any.  Collects: no. */
term text_parse(struct heap *heap, const char *text, size_t size, enum text_flags flags, struct text_error *ret_error);
