/* SPDX-License-Identifier: Apache-2.0 */
/* What the natives of prim_file share. On helpers, but for prim_file_quick.c. */
#pragma once
#include "bif/file.h"
#include "data/big.h"
#include "io/errors.h"
#include "ns/cwd.h"

#include <limits.h>
#include <sys/stat.h>

/* A name as the system takes it, and the folder that it is relative to. */
struct path {
	struct cwd *cwd;
	char text[PATH_MAX + 1];
};

/* A binary that ends in one or more NULs. Returns 0, or errno; to be released on success only. */
_must_check_ int path_init(struct path *path, struct errand *e, term t);
void path_done(struct path *path);
/* Whether it ends in .beam. */
bool path_is_module(const struct path *path);
/* openat() with the errand's patience, O_CLOEXEC and O_NOCTTY: a descriptor or negative errno. A descriptor is charged to the
 * namespace: descriptor_close() gives that back. */
int path_open(const struct path *path, struct errand *e, int flags, mode_t mode);
void descriptor_close(struct errand *e, int fd);

/* access: what the third element says, bits of file_access. */
enum file_access { ACCESS_READ = 1, ACCESS_WRITE = 2 };

term file_info(struct heap *heap, const struct stat *st, unsigned access);

static inline term file_error(struct errand *e, int error)
{
	return heap_tuple_of(errand_heap(e), A(error), errno_atom(error));
}

static inline bool get_int(term t, int *ret)
{
	if (!term_is_small(t) || small_value(t) < INT_MIN || small_value(t) > INT_MAX)
		return false;
	*ret = (int)small_value(t);
	return true;
}

static inline uint32_t load_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Reads up to `want` bytes, from `offset` or (-1) from where the file stands, until they are there or the file ends.
 * expected: how many there may be, 0 when that is not known. Returns 0 with a binary that the caller owns (NULL: the end of the file),
 * or errno. */
_must_check_ int read_bytes(struct errand *e, int fd, int64_t offset, uint64_t want,
	uint64_t expected, struct binary **ret);
/* That binary as a value; takes it. */
term bytes_value(struct heap *heap, struct binary *binary);
