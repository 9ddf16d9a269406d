/* SPDX-License-Identifier: Apache-2.0 */
/* Searching bytes for one of several patterns: binary:match, matches, split, and what else looks for bytes.
 *
 * One pattern is found with memmem (linear time in glibc); several with an Aho-Corasick machine. As in OTP the earliest
 * match wins and, of those that begin at the same place, the longest. A compiled searcher is counted and read only, so
 * processes may share it. */
#pragma once
#include "base/check.h"
#include "term/bits.h"

struct search; /* its first member is a struct counted (term/bits.h), so a MAGIC_REF can hold it */

struct pattern {
	const uint8_t *bytes; /* borrowed for search_new */
	size_t size;          /* at least 1 */
};

struct match {
	size_t offset;
	size_t size;
};

/* count: at least 1. NULL when the patterns together are too large (SEARCH_BYTES_MAX). */
struct search *search_new(const struct pattern *patterns, size_t count);
struct search *search_unref(struct search *search);

static inline struct counted *search_counted(struct search *search)
{
	return (struct counted *)search;
}

/* Whether a resource that a reference holds is a searcher. */
bool search_is(const struct counted *counted);
struct search *search_of(struct counted *counted);

#define SEARCH_BYTES_MAX ((size_t)1 << 26)

/* The first match in data at or after `from`. */
bool search_find(const struct search *search, const uint8_t *data, size_t size, size_t from, struct match *ret_match);
/* Bytes of its longest pattern. */
size_t search_longest(const struct search *search);
/* Whether it has more than one pattern (the program sees {ac, Ref} or {bm, Ref}). */
bool search_is_multiple(const struct search *search);
