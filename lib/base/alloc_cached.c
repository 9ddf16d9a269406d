/* SPDX-License-Identifier: Apache-2.0 */
/* Small blocks from per-thread magazines, levelled over a depot of full magazines (as in Bonwick's and Adams' vmem paper).
 *
 * Each thread has two magazines a size: it takes from and gives to `loaded`; when that is empty or full it is changed
 * with `spare`, and only when that does not help a whole magazine goes to or comes from the depot. So a thread
 * that only frees what another allocates takes the depot's lock once in a magazine.
 * Magazines are chains through the blocks themselves: word 0 is the next block; in the first block of a magazine in the
 * depot word 1 is the next magazine, with the number of blocks in the upper 16 bits.
 *
 * Invariant: a free block lies in exactly one magazine. Memory of slabs is never returned, only used again. */
#include "base/alloc_impl.h"

#include "base/lock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const bool mem_verifies = false;

#define SIZES 56
#define SLAB_BYTES ((size_t)1 << 18)
#define HUGE_BYTES ((size_t)1 << 21)  /* a slab of a thread that has taken HUGE_AFTER: one page of the processor's large kind, */
#define HUGE_AFTER ((size_t)8 << 20) /* since address translation is what random accesses to many small blocks wait for */

struct block {
	struct block *next;
	uintptr_t magazine;
};

struct magazine {
	struct block *first;
	uint32_t count;
};

struct cache {
	struct {
		struct magazine loaded;
		struct magazine spare;
	} sizes[SIZES];
	char *slab; /* fresh memory, up to slab_end */
	char *slab_end;
	size_t taken; /* bytes of all slabs so far */
};

static struct {
	struct mutex mutex;
	uintptr_t first; /* magazines, chained as above */
} depot[SIZES];

static pthread_once_t depot_once = PTHREAD_ONCE_INIT;
static _Thread_local struct cache *cache __attribute__((tls_model("initial-exec")));

/* 16 to 512 in steps of 16, to 1024 in steps of 64, then four steps for each power of two. */
static inline unsigned size_index(size_t bytes)
{
	if (bytes <= 512)
		return bytes == 0 ? 0 : (unsigned)(bytes - 1) / 16;
	if (bytes <= 1024)
		return 32 + (unsigned)(bytes - 513) / 64;
	unsigned log = 63 - (unsigned)__builtin_clzll(bytes - 1);
	return 40 + (log - 10) * 4 + (unsigned)((bytes - 1) >> (log - 2) & 3);
}

static inline size_t index_bytes(unsigned index)
{
	if (index < 32)
		return (index + 1) * 16;
	if (index < 40)
		return 512 + (index - 31) * 64;
	return (size_t)(5 + (index - 40) % 4) << (8 + (index - 40) / 4);
}

_Static_assert(MEM_SMALL_MAX == 1 << 14, "the last size is the largest small one");

static inline uint32_t magazine_max(unsigned index)
{
	return index < 8 ? 64 : index < 16 ? 32 : index < 40 ? 16 : 4;
}

static void depot_init(void)
{
	for (unsigned i = 0; i < SIZES; i++)
		mutex_init(&depot[i].mutex, LOCK_MEM_DEPOT);
}

static _noinline_ struct cache *cache_make(void)
{
	(void)pthread_once(&depot_once, depot_init); /* fails only for a bad argument */
	struct cache *c = calloc(1, sizeof(*c));
	if (c == NULL)
		mem_exhausted(sizeof(*c));
	return cache = c;
}

static void depot_give(unsigned index, struct magazine m)
{
	if (m.count == 0)
		return;
	mutex_lock(&depot[index].mutex);
	m.first->magazine = depot[index].first;
	depot[index].first = (uintptr_t)m.first | (uintptr_t)m.count << 48;
	mutex_unlock(&depot[index].mutex);
}

static struct magazine depot_take(unsigned index)
{
	struct magazine m = { 0 };
	mutex_lock(&depot[index].mutex);
	uintptr_t first = depot[index].first;
	if (first != 0) {
		m.first = (struct block *)(first & (((uintptr_t)1 << 48) - 1));
		m.count = (uint32_t)(first >> 48);
		depot[index].first = m.first->magazine;
	}
	mutex_unlock(&depot[index].mutex);
	return m;
}

/* The rest of a slab becomes blocks of the largest sizes that fit. */
static void slab_use_up(struct cache *c)
{
	while (c->slab_end - c->slab >= 16) {
		size_t left = (size_t)(c->slab_end - c->slab);
		unsigned index = size_index(left > MEM_SMALL_MAX ? MEM_SMALL_MAX : left);
		if (index_bytes(index) > left)
			index--;
		struct block *b = (struct block *)(void *)c->slab;
		b->next = NULL;
		depot_give(index, (struct magazine){ b, 1 });
		c->slab += index_bytes(index);
	}
}

static void slab_take(struct cache *c)
{
	bool huge = c->taken >= HUGE_AFTER;
	size_t bytes = huge ? HUGE_BYTES : SLAB_BYTES;
	size_t room = huge ? 2 * HUGE_BYTES : bytes; /* so that an aligned part can be cut out */
	char *p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		mem_exhausted(bytes);
	if (huge) {
		char *aligned = (char *)(((uintptr_t)p + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
		if (aligned > p)
			(void)munmap(p, (size_t)(aligned - p)); /* cannot fail: ours */
		(void)munmap(aligned + HUGE_BYTES, (size_t)(p + room - aligned) - HUGE_BYTES); /* as above */
		(void)madvise(aligned, HUGE_BYTES, MADV_HUGEPAGE); /* only saves time */
		p = aligned;
	}
	c->slab = p;
	c->slab_end = p + bytes;
	c->taken += bytes;
}

static struct magazine carve(struct cache *c, unsigned index)
{
	size_t bytes = index_bytes(index);
	/* Few at first: a size that is used once shall not take a page. */
	uint32_t count = magazine_max(index) / 4;
	if ((size_t)(c->slab_end - c->slab) < bytes * count) {
		slab_use_up(c);
		slab_take(c);
	}
	struct magazine m = { .count = count };
	for (uint32_t i = count; i > 0; i--) {
		struct block *b = (struct block *)(void *)(c->slab + (i - 1) * bytes);
		b->next = m.first;
		m.first = b;
	}
	c->slab += bytes * count;
	return m;
}

static _noinline_ void *small_alloc_slow(unsigned index)
{
	struct cache *c = cache != NULL ? cache : cache_make();
	struct magazine *loaded = &c->sizes[index].loaded;
	struct magazine *spare = &c->sizes[index].spare;
	if (spare->count > 0) {
		*loaded = *spare;
		*spare = (struct magazine){ 0 };
	} else {
		*loaded = depot_take(index);
		if (loaded->count == 0)
			*loaded = carve(c, index);
	}
	struct block *b = loaded->first;
	loaded->first = b->next;
	loaded->count--;
	return b;
}

static inline void *small_alloc(unsigned index)
{
	struct cache *c = cache;
	if (unlikely(c == NULL || c->sizes[index].loaded.count == 0))
		return small_alloc_slow(index);
	struct block *b = c->sizes[index].loaded.first;
	c->sizes[index].loaded.first = b->next;
	c->sizes[index].loaded.count--;
	return b;
}

static _noinline_ void small_free_slow(unsigned index, struct block *b)
{
	struct cache *c = cache != NULL ? cache : cache_make();
	struct magazine *loaded = &c->sizes[index].loaded;
	struct magazine *spare = &c->sizes[index].spare;
	if (loaded->count >= magazine_max(index)) {
		depot_give(index, *spare);
		*spare = *loaded;
		*loaded = (struct magazine){ 0 };
	}
	b->next = loaded->first;
	loaded->first = b;
	loaded->count++;
}

static inline void small_free(unsigned index, void *block)
{
	struct cache *c = cache;
	struct block *b = block;
	if (unlikely(c == NULL || c->sizes[index].loaded.count >= magazine_max(index))) {
		small_free_slow(index, b);
		return;
	}
	b->next = c->sizes[index].loaded.first;
	c->sizes[index].loaded.first = b;
	c->sizes[index].loaded.count++;
}

static inline void *block_alloc(size_t bytes)
{
	if (likely(bytes <= MEM_SMALL_MAX))
		return small_alloc(size_index(bytes));
	void *p = malloc(bytes);
	if (unlikely(p == NULL))
		mem_exhausted(bytes);
	return p;
}

static inline void block_free(void *block, size_t bytes)
{
	if (likely(bytes <= MEM_SMALL_MAX))
		small_free(size_index(bytes), block);
	else
		free(block);
}

void *mem_alloc(enum mem_class class, size_t bytes)
{
	mem_account(class, (int64_t)bytes);
	return block_alloc(bytes);
}

void *mem_zalloc(enum mem_class class, size_t bytes)
{
	mem_account(class, (int64_t)bytes);
	if (bytes <= MEM_SMALL_MAX)
		return memset(block_alloc(bytes), 0, bytes);
	void *p = calloc(1, bytes);
	if (unlikely(p == NULL))
		mem_exhausted(bytes);
	return p;
}

void *mem_realloc(enum mem_class class, void *block, size_t old_bytes, size_t new_bytes)
{
	if (block == NULL)
		return mem_alloc(class, new_bytes);
	mem_account(class, (int64_t)new_bytes - (int64_t)old_bytes);
	if (old_bytes > MEM_SMALL_MAX && new_bytes > MEM_SMALL_MAX) {
		void *p = realloc(block, new_bytes);
		if (unlikely(p == NULL))
			mem_exhausted(new_bytes);
		return p;
	}
	if (old_bytes <= MEM_SMALL_MAX && new_bytes <= MEM_SMALL_MAX &&
		size_index(old_bytes) == size_index(new_bytes))
		return block;
	void *p = block_alloc(new_bytes);
	memcpy(p, block, old_bytes < new_bytes ? old_bytes : new_bytes);
	block_free(block, old_bytes);
	return p;
}

void mem_free(enum mem_class class, void *block, size_t bytes)
{
	if (block == NULL)
		return;
	mem_account(class, -(int64_t)bytes);
	block_free(block, bytes);
}

void mem_thread_done(void)
{
	struct cache *c = cache;
	if (c == NULL)
		return;
	slab_use_up(c);
	for (unsigned i = 0; i < SIZES; i++) {
		depot_give(i, c->sizes[i].loaded);
		depot_give(i, c->sizes[i].spare);
	}
	free(c);
	cache = NULL;
}
