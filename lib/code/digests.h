/* SPDX-License-Identifier: Apache-2.0 */
/* What files of modules are, known without reading them through again: a service boots from dozens of files that another service
 * of the same daemon has booted from, and the SHA-256 of all of them costs more than everything else about loading them.
 *
 * A table from a file's identity (device, inode, size, times of its last changes) to the digest of what was read then. A file that
 * changed so lately that it could change again without its times telling is not entered.
 * Bound: DIGESTS_MAX files; then the table begins anew. Threads: any. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define DIGESTS_MAX 16384
#define DIGEST_BYTES 32

struct binary;

/* The digest of the file that st is of, when it is known. */
bool digests_find(const struct stat *st, uint8_t ret_digest[DIGEST_BYTES]);
/* Remembers it. st: from before the file was read, and equal to what fstat said after. */
void digests_enter(const struct stat *st, const uint8_t digest[DIGEST_BYTES]);
/* Whether two looks at a file show the same. */
bool digests_same(const struct stat *a, const struct stat *b);

/* A binary that holds a whole file can carry the digest along, out of sight behind its bytes. */
#define DIGEST_NOTE_BYTES (16 + DIGEST_BYTES)
/* Puts it there; the binary's capacity is at least its size and DIGEST_NOTE_BYTES more, and nobody else has it yet. */
void digest_note(struct binary *binary, const uint8_t digest[DIGEST_BYTES]);
bool digest_noted(const struct binary *binary, uint8_t ret_digest[DIGEST_BYTES]);

/* At the end. */
void digests_done(void);
