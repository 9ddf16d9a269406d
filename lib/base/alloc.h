/* SPDX-License-Identifier: Apache-2.0 */
/* The only malloc of lib/: every block has a class, is accounted, and is freed with its size.
 *
 * Small blocks (up to MEM_SMALL_MAX bytes) come from caches of the calling thread, refilled from slabs and levelled
 * between threads in batches, so that a message allocated on one scheduler and freed on another costs no lock.
 * Large ones come from the C library. Blocks are 16-aligned (8 for sizes under 16). A size of 0 gives a valid block.
 * Threads: any.  Source of limits: callers check quotas before they ask; when the host itself has no memory left the
 * process ends with a message, since a machine that cannot allocate cannot report either. */
#pragma once
#include "base/check.h"

#define MEM_SMALL_MAX 16384

enum mem_class {
#define ALLOC(name, text) MEM_##name,
#include "base/allocs.def"
#undef ALLOC
	MEM_CLASSES
};

void *mem_alloc(enum mem_class class, size_t bytes) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(enum mem_class class, size_t bytes) __attribute__((malloc, returns_nonnull));
void *mem_realloc(enum mem_class class, void *block, size_t old_bytes, size_t new_bytes)
	__attribute__((returns_nonnull));
/* block may be NULL; bytes is what it was allocated with. */
void mem_free(enum mem_class class, void *block, size_t bytes);

/* Whole pages, fresh from the system and zeroed, without reserve: only what is touched costs memory. bytes is a multiple of
 * MEM_PAGE. mem_unmap may give back any page-aligned part. */
#define MEM_PAGE 4096
void *mem_map(enum mem_class class, size_t bytes) __attribute__((returns_nonnull));
void mem_unmap(enum mem_class class, void *pages, size_t bytes);

/* Bytes in use now; summed over threads, so it may be a moment old. */
int64_t mem_used(enum mem_class class);
int64_t mem_used_total(void);
const char *mem_class_name(enum mem_class class);

/* Whether this build looks for mistakes in the use of memory: then numbers of what was freed are not given again either. */
extern const bool mem_verifies;

/* For a thread that ends: hands its caches back. */
void mem_thread_done(void);
