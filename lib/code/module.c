/* SPDX-License-Identifier: Apache-2.0 */
/* What a module's code can be asked, and its life by reference count. */
#include "code/module.h"

#include "base/alloc.h"
#include "code/cache.h"
#include "code/dispose.h"
#include "code/region.h"
#include "heap/literal.h"

/* The last of `count` ascending rows of row_bytes, each beginning with a uint32_t, whose number is at most `offset`;
 * NULL when there is none. */
static const void *last_not_above(const void *rows, size_t count, size_t row_bytes, size_t offset)
{
	const char *base = rows;
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const uint32_t *number = (const void *)(base + middle * row_bytes);
		if (*number <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : base + (low - 1) * row_bytes;
}

_Static_assert(offsetof(struct line_entry, offset) == 0, "last_not_above() reads the first word");
_Static_assert(offsetof(struct frame_entry, offset) == 0, "last_not_above() reads the first word");

static bool offset_of(const struct module_code *m, const uint64_t *address, size_t *ret)
{
	uintptr_t bytes = (uintptr_t)address - (uintptr_t)m->code;
	*ret = bytes / sizeof(uint64_t);
	return m->code != NULL && *ret < m->code_words;
}

const struct function_header *module_function_at(const struct module_code *m, const uint64_t *address)
{
	size_t offset;
	if (!offset_of(m, address, &offset))
		return NULL;
	const uint32_t *function = last_not_above(m->functions, m->function_count, sizeof(*m->functions), offset);
	return function == NULL ? NULL : (const struct function_header *)(m->code + *function);
}

bool module_line_at(const struct module_code *m, const uint64_t *address, term *ret_file, uint32_t *ret_line)
{
	size_t offset;
	if (!offset_of(m, address, &offset))
		return false;
	const struct line_entry *line = last_not_above(m->lines, m->line_count, sizeof(*m->lines), offset);
	const uint32_t *function = last_not_above(m->functions, m->function_count, sizeof(*m->functions), offset);
	/* A line says nothing about later functions. */
	if (line == NULL || function == NULL || line->offset < *function || line->line == 0 || line->file >= m->file_count)
		return false;
	*ret_file = m->files[line->file];
	*ret_line = line->line;
	return true;
}

uint32_t module_frame_at(const struct module_code *m, const uint64_t *address)
{
	size_t offset;
	if (!offset_of(m, address, &offset))
		return NO_FRAME;
	const struct frame_entry *frame = last_not_above(m->frames, m->frame_count, sizeof(*m->frames), offset);
	return frame == NULL ? NO_FRAME : frame->frame_words;
}

const struct code_export *module_export(const struct module_code *m, term function, uint32_t arity)
{
	size_t low = 0, high = m->export_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct code_export *e = &m->exports[middle];
		if (e->function == function && e->arity == arity)
			return e;
		if (e->function < function || (e->function == function && e->arity < arity))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct module_code *module_code_ref(struct module_code *m)
{
	atomic_add_relaxed(&m->refs, 1);
	return m;
}

static void module_code_free(struct module_code *m)
{
	offheap_release(&m->literal_offheap);
	code_region_free(m->code, m->code_words);
	literal_free(m->literal_area, m->literal_words);
	mem_free(MEM_CODE, m->functions, m->function_count * sizeof(*m->functions));
	mem_free(MEM_CODE, m->exports, m->export_count * sizeof(*m->exports));
	mem_free(MEM_CODE, m->literals, m->literal_count * sizeof(*m->literals));
	mem_free(MEM_CODE, m->strings, m->strings_size);
	mem_free(MEM_CODE, m->lines, m->line_count * sizeof(*m->lines));
	mem_free(MEM_CODE, m->files, m->file_count * sizeof(*m->files));
	mem_free(MEM_CODE, m->frames, m->frame_count * sizeof(*m->frames));
	mem_free(MEM_CODE, m->funs, m->fun_count * sizeof(*m->funs));
	names_done(&m->names);
	mem_free(MEM_CODE, m, sizeof(*m));
}

static _Atomic(void (*)(struct module_code *)) dispose_fn;

void dispose_set(void (*fn)(struct module_code *code))
{
	atomic_store_release(&dispose_fn, fn); /* Pairs with module_code_unref(). */
}

static void free_retired(struct epoch_item *item)
{
	module_code_free((struct module_code *)(void *)((char *)item - offsetof(struct module_code, retired)));
}

void dispose_retire(struct module_code *code)
{
	epoch_retire(&code->retired, free_retired);
}

struct module_code *module_code_unref(struct module_code *m)
{
	if (m == NULL)
		return NULL;
	void (*dispose)(struct module_code *) = atomic_load_acquire(&dispose_fn); /* Pairs with dispose_set(). */
	bool with_care = atomic_load_relaxed(&m->published) && dispose != NULL;
	if (!code_cache_drop(m, with_care))
		return NULL;
	if (with_care)
		dispose(m);
	else
		module_code_free(m);
	return NULL;
}
