/* SPDX-License-Identifier: Apache-2.0 */
/* Where instructions lie: one region of reserved address space, so that "is this an address of code, and of which module"
 * is one comparison and one load. Memory is handed out in units of CODE_UNIT_BYTES. Threads: any. */
#pragma once
#include "base/check.h"

struct module_code;

#define CODE_REGION_BYTES (16ULL << 30) /* of address space; system_limit beyond */
#define CODE_UNIT_BYTES 512U

/* Fixed by code_region_init. */
extern uintptr_t code_region_start;

/* Once at start, before any module. */
void code_region_init(void);
void code_region_done(void);

/* words of memory for instructions of owner, 8-aligned, zeroed; NULL when the region is full. module_code_at() finds the owner
 * from then on. Accounted as MEM_CODE by the caller of module_code_unref only through module_code->bytes. */
uint64_t *code_region_alloc(size_t words, struct module_code *owner);
/* code may be NULL; words as allocated. */
void code_region_free(uint64_t *code, size_t words);
/* Bytes handed out now. */
size_t code_region_used_bytes(void);

static inline bool code_region_holds(const void *address)
{
	return (uintptr_t)address - code_region_start < CODE_REGION_BYTES;
}
