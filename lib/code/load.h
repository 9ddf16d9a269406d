/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of a .beam file to code: container, chunks, verification, lowering. Publishing is ns/ns.h. */
#pragma once
#include "code/generic.h"

/* Bounds of what one file may make the loader do; what passes them is refused with LOAD_E_LIMIT. */
#define LOAD_BYTES_MAX (64u << 20)        /* of the file unpacked, and of its literals unpacked, each */
#define LOAD_LITERAL_WORDS_MAX (8u << 20)  /* of all literals */
#define LOAD_TABLE_MAX (16u << 20)        /* entries of one table */
#define LOAD_NEW_ATOMS_MAX 65536u         /* atoms that did not exist before */
#define LOAD_INSTRS_MAX (4u << 20)
#define LOAD_OPERANDS_MAX (8u << 20)

/* Decodes all chunks that matter. code: borrowed, only needed during the call. *ret_staged is freed by staged_free().
 * Returns 0; LOAD_E_FORMAT or LOAD_E_LIMIT with *error filled. Threads: any. */
_must_check_ int load_stage(const void *file, size_t size, struct staged **ret_staged, struct load_error *error);
struct staged *staged_free(struct staged *staged);

/* Everything up to code that can be published; the caller gets a reference. Equal files share one module_code, by digest.
 * expected: the module's name, or TERM_NONE for any. */
_must_check_ int load_code(const void *file, size_t size, term expected, struct module_code **ret_code, struct load_error *error);

/* The same of a file whose SHA-256 is known. */
_must_check_ int load_code_of(const void *file, size_t size, const uint8_t digest[32], term expected,
	struct module_code **ret_code, struct load_error *error);

/* As load_code, but code of its own even when an equal file is loaded: what a namespace gets that loads the same file again, since
 * processes that run the earlier copy are then in old code. */
_must_check_ int load_code_again(const void *file, size_t size, term expected, struct module_code **ret_code,
	struct load_error *error);
/* SHA-256 of a file. */
void load_digest(const void *file, size_t size, uint8_t ret_digest[32]);

/* Checks a file as load_code does, keeps nothing but what it names (names), and calls import for each M:F/A it refers to, export for each it has. */
typedef void (*load_mfa_fn)(void *user, term module, term function, uint32_t arity);
_must_check_ int load_check(const void *file, size_t size, load_mfa_fn import, load_mfa_fn export, void *user,
	struct names *names, term *ret_module, struct load_error *error);
