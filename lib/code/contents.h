/* SPDX-License-Identifier: Apache-2.0 */
/* What files held, while nodes boot: each of them reads the same files again, for code that the others have (code/cache.h).
 *
 * A table from a file's identity to the bytes that were read then, or to the names of a folder. Only what has settled is entered, so
 * that a file which has changed is another one (code/identity.h).
 * Life: 1 ASLEEP: empty, and nothing is entered. A machine's first node leaves it so: what the only one reads is read once
 *       2 AWAKE: another node boots; what is read from now on is entered  3 when no node has begun to boot for a while it is emptied, and 1
 * Bound: CONTENTS_MAX_BYTES, then nothing more is entered. Bytes are charged to nobody for being here, and in full to each
 * namespace that has a binary of them, as code is. Threads: any. */
#pragma once
#include "base/atomic.h"
#include "base/check.h"
#include "term/bits.h"

#include <sys/stat.h>

#define CONTENTS_MAX_BYTES ((size_t)16 << 20)
#define CONTENTS_KEEP_USEC (3 * 1000000)

struct content {
	struct counted counted; /* first */
	size_t size;            /* as the file's */
	size_t capacity;
	uint8_t *data; /* fixed once entered */
};

/* With a reference for the caller; NULL when it is not there. */
struct content *content_find(const struct stat *st);
/* Room for bytes that are to be entered, `size` and `more` that lie behind them; NULL when nothing of that size is wanted now. */
struct content *content_new(size_t size, size_t more);
/* Enters it. st: from before the file was read, and equal to what fstat said after. The content stays the caller's in any case. */
void content_enter(struct content *content, const struct stat *st);
struct content *content_ref(struct content *content);
struct content *content_unref(struct content *content);
/* Its bytes as a binary, for whose whole capacity the caller's account is charged; takes the reference. */
struct binary *content_binary(struct content *content);

/* A node begins to boot. true: contents_look() is to be called CONTENTS_KEEP_USEC later. */
bool contents_boot(void);
/* Empties the table when none has since it was last asked for; else true: it is to be called again after as long. */
bool contents_look(void);
/* What is in the table, in bytes. */
size_t contents_bytes(void);

/* The machine starts, and stops: from here on the table is empty, and contents_look() need not be called. */
void contents_start(void);
void contents_stop(void);
