/* SPDX-License-Identifier: Apache-2.0 */
/* The region of literals: reserved once, made readable as it fills, handed out in runs of a few sizes.
 * Invariant: everything ever handed out lies below `fresh`; freed runs wait on the list of their size. */
#include "heap/literal.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/lock.h"

#include <string.h>
#include <sys/mman.h>

#define REGION_BYTES ((size_t)32 << 30)
#define GUARD_BYTES ((size_t)1 << 30) /* so that no address near a process's block is taken for a literal */
#define STEP_BYTES ((size_t)1 << 20)
#define CLASSES 248 /* REGION_BYTES / 8 words and all below */

struct literal_region literal_region;

static struct {
	pthread_once_t once;
	struct mutex mutex;
	char *fresh;
	char *usable; /* [fresh, usable) may be written */
	char *end;
	term *free[CLASSES]; /* linked through their first word */
	_Atomic size_t used_words;
} space = { .once = PTHREAD_ONCE_INIT };

static void region_reserve(void)
{
	mutex_init(&space.mutex, LOCK_LEAF);
	char *p = mmap(NULL, REGION_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return;
	space.fresh = space.usable = p + GUARD_BYTES;
	space.end = p + REGION_BYTES - GUARD_BYTES;
	literal_region.start = (uintptr_t)space.fresh;
	literal_region.bytes = (size_t)(space.end - space.fresh);
}

/* Sizes step by an eighth of a power of two, so that a run wastes little and a freed one fits the next of its kind. */
static unsigned class_of(size_t words, size_t *ret_rounded)
{
	if (words < 16) {
		*ret_rounded = words < 2 ? 2 : (words + 1) & ~(size_t)1;
		return (unsigned)(*ret_rounded / 2);
	}
	unsigned log = 63 - (unsigned)__builtin_clzll(words);
	size_t step = (size_t)1 << (log - 3);
	size_t rounded = (words + step - 1) & ~(step - 1);
	log = 63 - (unsigned)__builtin_clzll(rounded);
	*ret_rounded = rounded;
	unsigned class = 8 + (log - 4) * 8 + (unsigned)(rounded >> (log - 3) & 7);
	assert(class < CLASSES);
	return class;
}

static term *take_fresh(size_t bytes)
{
	if ((size_t)(space.end - space.fresh) < bytes)
		return NULL;
	char *p = space.fresh;
	if ((size_t)(space.usable - p) < bytes) {
		size_t more = (bytes - (size_t)(space.usable - p) + STEP_BYTES - 1) & ~(STEP_BYTES - 1);
		if ((size_t)(space.end - space.usable) < more ||
			mprotect(space.usable, more, PROT_READ | PROT_WRITE) < 0)
			return NULL;
		space.usable += more;
	}
	space.fresh = p + bytes;
	return (term *)p;
}

term *literal_alloc(size_t words)
{
	size_t rounded;
	if (words > REGION_BYTES / sizeof(term))
		return NULL;
	unsigned class = class_of(words, &rounded);
	(void)pthread_once(&space.once, region_reserve); /* fails only for a bad argument */
	mutex_lock(&space.mutex);
	term *p = space.free[class];
	if (p != NULL)
		memcpy(&space.free[class], p, sizeof(p));
	else
		p = take_fresh(rounded * sizeof(term));
	if (p != NULL)
		(void)atomic_add_relaxed(&space.used_words, rounded);
	mutex_unlock(&space.mutex);
	return p;
}

void literal_free(term *area, size_t words)
{
	if (area == NULL)
		return;
	size_t rounded;
	unsigned class = class_of(words, &rounded);
	size_t bytes = rounded * sizeof(term);
	if (bytes >= 64 * MEM_PAGE) {
		uintptr_t from = ((uintptr_t)area + MEM_PAGE) & ~(uintptr_t)(MEM_PAGE - 1);
		uintptr_t to = ((uintptr_t)area + bytes) & ~(uintptr_t)(MEM_PAGE - 1);
		(void)madvise((void *)from, to - from, MADV_DONTNEED); /* only saves memory */
	}
	mutex_lock(&space.mutex);
	memcpy(area, &space.free[class], sizeof(term *));
	space.free[class] = area;
	(void)atomic_add_relaxed(&space.used_words, -rounded);
	mutex_unlock(&space.mutex);
}

void literal_keep_all(void)
{
	mutex_lock(&space.mutex);
	literal_region.lasting_bytes = (size_t)((uintptr_t)space.fresh - literal_region.start);
	mutex_unlock(&space.mutex);
}

size_t literal_used_words(void)
{
	return atomic_load_relaxed(&space.used_words);
}
