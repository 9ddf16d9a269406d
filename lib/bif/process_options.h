/* SPDX-License-Identifier: Apache-2.0 */
/* Options that spawn_opt, process_flag and system_flag share. */
#pragma once
#include "bif/bif.h"

struct max_heap {
	size_t words;
	bool kill, log, shared_binaries;
};

/* What the namespace has set for all. */
struct max_heap max_heap_of(const struct ns *ns);
/* max_heap_size: a size or a map; what is not named keeps its value in *io. False: not one. */
bool max_heap_parse(term t, struct max_heap *io);
term max_heap_map(struct heap *heap, const struct max_heap *max);
bool priority_parse(term t, enum proc_priority *ret);
term priority_atom(enum proc_priority priority);
/* The sizes that OTP's heaps have: the smallest that is not less. */
size_t heap_size_round(size_t words);
/* {alias, _}, {tag, _} and the like into how to monitor (relation.h flags). False: not such a list. */
bool monitor_options_parse(term list, unsigned *ret_flags, term *ret_tag);
