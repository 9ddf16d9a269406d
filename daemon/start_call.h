/* SPDX-License-Identifier: Apache-2.0 */
/* A function to be called, as people write it: "module:function(A, B)"; "module" alone is its main/0. */
#pragma once
#include "beamr.h"

#include <stddef.h>

struct start_call {
	char *module, *function;
	struct beamr_term **terms;
	size_t count;
};

/* Takes the text apart. Returns 0, or an outcome with *error. start_call_done() in either case. */
int start_call_parse(struct start_call *start, const char *text, struct beamr_error *error);
void start_call_done(struct start_call *start);
/* Says why it cannot be called. r: an outcome of parsing, of beamr_spawn() or of beamr_call(), not 0. Returns it, or a negative errno. */
int start_call_refuse(const struct start_call *start, int r, const struct beamr_error *error,
	char *ret_reason, size_t reason_size);
