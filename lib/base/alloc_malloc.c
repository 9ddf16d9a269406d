/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks straight from malloc, for builds with sanitizers: they see every block, and a block that is freed with
 * another size than it was made with is found. */
#include "base/alloc_impl.h"

#include <malloc.h>
#include <stdlib.h>

const bool mem_verifies = true;

static size_t bytes_asked(size_t bytes)
{
	return bytes > 0 ? bytes : 1;
}

void *mem_alloc(enum mem_class class, size_t bytes)
{
	void *p = malloc(bytes_asked(bytes));
	if (p == NULL)
		mem_exhausted(bytes);
	mem_account(class, (int64_t)bytes);
	return p;
}

void *mem_zalloc(enum mem_class class, size_t bytes)
{
	void *p = calloc(1, bytes_asked(bytes));
	if (p == NULL)
		mem_exhausted(bytes);
	mem_account(class, (int64_t)bytes);
	return p;
}

void *mem_realloc(enum mem_class class, void *block, size_t old_bytes, size_t new_bytes)
{
	assert(block == NULL || malloc_usable_size(block) == bytes_asked(old_bytes));
	void *p = realloc(block, bytes_asked(new_bytes));
	if (p == NULL)
		mem_exhausted(new_bytes);
	mem_account(class, (int64_t)new_bytes - (int64_t)(block != NULL ? old_bytes : 0));
	return p;
}

void mem_free(enum mem_class class, void *block, size_t bytes)
{
	if (block == NULL)
		return;
	assert(malloc_usable_size(block) == bytes_asked(bytes));
	mem_account(class, -(int64_t)bytes);
	free(block);
}

void mem_thread_done(void)
{
}
