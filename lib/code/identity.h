/* SPDX-License-Identifier: Apache-2.0 */
/* By what a file is known again that has not changed: its device and inode, its size, and the times of its last changes. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* File systems count time in steps of up to this. */
#define IDENTITY_SETTLED_NSEC (2 * 1000000000LL)

struct identity {
	uint64_t device, inode, size;
	int64_t modified_sec, modified_nsec, changed_sec, changed_nsec;
};

static inline struct identity identity_of(const struct stat *st)
{
	return (struct identity){ st->st_dev, st->st_ino, (uint64_t)st->st_size, st->st_mtim.tv_sec,
		st->st_mtim.tv_nsec, st->st_ctim.tv_sec, st->st_ctim.tv_nsec };
}

static inline bool identity_is_same(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified_sec == b->modified_sec && a->modified_nsec == b->modified_nsec &&
	       a->changed_sec == b->changed_sec && a->changed_nsec == b->changed_nsec;
}

/* Whether whatever changes it from now on will show in its times: what changed so lately could change again within the same step. */
static inline bool identity_is_settled(const struct identity *identity)
{
	int64_t changed_nsec = identity->changed_sec * 1000000000LL + identity->changed_nsec;
	return clock_realtime_usec() * 1000 - changed_nsec >= IDENTITY_SETTLED_NSEC;
}

/* A number of `bits` bits for tables. */
static inline size_t identity_hash(const struct identity *identity, unsigned bits)
{
	return (size_t)((identity->inode * 0x9E3779B97F4A7C15ULL) >> (64 - bits));
}
