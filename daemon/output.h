/* SPDX-License-Identifier: Apache-2.0 */
/* What services print, as lines: one journal entry each, by the stream it came on. A line begins and ends where the program says so, in
 * however many pieces it comes; one without an end is written when its service ends. Threads: any. */
#pragma once
#include "log.h"

struct output;

/* NULL when the host has no memory. log: borrowed. */
struct output *output_new(struct log *log);
struct output *output_free(struct output *output);
/* stream: 1 or 2. process: text of a pid; "" when it is not known. */
void output_bytes(struct output *output, const char *service, int stream, const char *process,
	const char *bytes, size_t size);
/* Nothing of that service is to come: writes what has no end. */
void output_end(struct output *output, const char *service);

/* One line as an entry has it, at most OUTPUT_LINE_MAX bytes: valid UTF-8 without control characters but tab, nor the sequences that
 * colour terminals. *priority is changed by a prefix <0> to <7>, as sd-daemon(3) has it. Returns its length; out has room for it and NUL. */
#define OUTPUT_LINE_MAX 4000
size_t output_line(const char *bytes, size_t size, int *priority, char *out);
