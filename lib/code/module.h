/* SPDX-License-Identifier: Apache-2.0 */
/* The code of one module: what a .beam file becomes. Does not depend on a namespace, so namespaces share it by content.
 *
 * Life: 1 staged (being built by one thread)  2 published in one or more namespaces, counted by refs
 *       3 old in a namespace  4 purged there: nobody of that namespace runs it, holds its funs or its literals
 *       5 freed when the last reference is dropped.
 *
 * Instructions are 64-bit words. A function begins with a header of FUNCTION_HEADER_WORDS words; its entry follows.
 * Every word that can be a continuation (the word after a call) is preceded by a frame word:
 *     frame size in words (y registers, without the continuation slot) in the low 16 bits,
 *     distance back to the function's header in words in the high 32 bits.
 * So a stack is walked, and a continuation named, without any search. */
#pragma once
#include "base/atomic.h"
#include "base/bytes.h"
#include "base/epoch.h"
#include "heap/heap.h"
#include "term/fun.h"
#include "term/names.h"
#include "term/term.h"

struct function_header {
	uint64_t func_info;         /* the instruction that raises function_clause */
	struct module_code *module;
	term function;
	uint32_t arity;             /* low 8 bits; the rest is free */
	_Atomic uint32_t breakpoint; /* trace/breakpoint.h: its number, while the entry's handler is that of trace_break */
};

#define FUNCTION_HEADER_WORDS 4

static inline uint64_t frame_word(uint32_t frame_words, uint32_t back_to_header)
{
	return (uint64_t)back_to_header << 32 | frame_words;
}

static inline uint32_t continuation_frame_words(const uint64_t *continuation)
{
	return (uint32_t)continuation[-1] & 0xFFFF;
}

static inline const struct function_header *continuation_function(const uint64_t *continuation)
{
	return (const struct function_header *)(continuation - (continuation[-1] >> 32));
}

struct code_export {
	term function;
	uint32_t arity;
	uint32_t number;        /* ns/export.h */
	const uint64_t *entry;
};

/* A place in the code and the source line it came from; sorted by offset, valid until the next row. */
struct line_entry {
	uint32_t offset; /* in words from code */
	uint32_t line;
	uint32_t file; /* index into files */
};

/* Frame state from a code offset on, for stack traces taken inside a function (not at a continuation):
 * frame_words of y registers, or NO_FRAME. Sorted by offset. */
#define NO_FRAME UINT32_MAX
struct frame_entry {
	uint32_t offset;
	uint32_t frame_words;
};

struct module_code {
	_Atomic uint32_t refs;
	term name;
	uint8_t md5[16];        /* of the essential chunks: module_info(md5) */
	uint8_t digest[32];     /* SHA-256 of the file as given */

	uint64_t *code;         /* instructions; from code_region_alloc() (code/region.h) */
	size_t code_words;
	uint32_t *functions;    /* offsets of function headers, ascending */
	size_t function_count;

	struct code_export *exports; /* sorted by function, arity */
	size_t export_count;
	struct fun_entry *funs;
	size_t fun_count;
	struct fun_family *family; /* who may have them: code/cache.c; NULL: nobody yet */
	struct names names;     /* what it names, and holds */
	term *literals;         /* values; boxed ones lie in literal_area */
	size_t literal_count;
	term *literal_area;     /* literal_alloc() */
	size_t literal_words;
	struct offheap literal_offheap;
	uint8_t *strings;       /* StrT */
	size_t strings_size;

	struct line_entry *lines;
	size_t line_count;
	term *files;            /* file names, as literal lists of characters */
	size_t file_count;
	struct frame_entry *frames;
	size_t frame_count;

	term attributes;        /* module_info(attributes): a literal */
	term compile_info;
	term records;           /* native records (OTP 29), a literal: [{Definition, Defaults}], Definition as in term/record.h,
				 * Defaults a list of [] (none) or [Value] for each field */
	const uint64_t *on_load; /* entry of the on_load function or NULL */
	struct fun_entry on_load_fun; /* the same as a fun, for erlang:call_on_load_function/1 */
	_Atomic bool published; /* or its on_load function has run: processes may have come upon it */
	/* The end, guarded by the cache's lock: see code/cache.h. */
	bool dying;             /* without references, being disposed of; loading the same file revives it */
	bool revived;           /* since the disposal last looked */
	bool gone;              /* only its funs are left */
	const uint64_t **fun_codes; /* of the funs while their own are NULL; fun_count of them */
	struct epoch_item retired;
	size_t bytes;           /* all memory of it, for accounting */
	size_t file_bytes;
};

/* Which module's code an address lies in; NULL for none. Lock-free; a worker's slice keeps the answer valid. */
struct module_code *module_code_at(const uint64_t *address);
/* The function whose body holds the address. */
const struct function_header *module_function_at(const struct module_code *m, const uint64_t *address);
/* Source place of an address; false when there is none. ret_file is a list of characters (literal). */
bool module_line_at(const struct module_code *m, const uint64_t *address, term *ret_file, uint32_t *ret_line);
/* Frame size at an address that is no continuation; NO_FRAME without one. */
uint32_t module_frame_at(const struct module_code *m, const uint64_t *address);
const struct code_export *module_export(const struct module_code *m, term function, uint32_t arity);

struct module_code *module_code_ref(struct module_code *m);
struct module_code *module_code_unref(struct module_code *m);
