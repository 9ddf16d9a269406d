/* SPDX-License-Identifier: Apache-2.0 */
/* Modules by content: a hash table with chains, under one lock.
 *
 * Invariant: a reference count falls to 0 only under the lock, and whoever brings it there takes the module out. So a
 * module that code_cache_find() meets in the table can still be referred to. */
#include "code/cache.h"

#include "base/alloc.h"
#include "base/lock.h"

#include <string.h>

struct slot {
	struct module_code *code;
	struct slot *next;
};

static struct mutex lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_CODE_CACHE };
static struct {
	struct slot **slots; /* guarded by lock, like what follows */
	size_t slot_count;   /* a power of two, or 0 */
	size_t count;
} cache;

static size_t slot_of(const uint8_t digest[32])
{
	uint64_t hash;
	memcpy(&hash, digest, sizeof(hash)); /* any 64 bits of a digest are a hash */
	return hash & (cache.slot_count - 1);
}

static struct slot **find(const uint8_t digest[32])
{
	if (cache.slot_count == 0)
		return NULL;
	for (struct slot **s = &cache.slots[slot_of(digest)]; *s != NULL; s = &(*s)->next) {
		if (memcmp((*s)->code->digest, digest, 32) == 0)
			return s;
	}
	return NULL;
}

struct module_code *code_cache_find(const uint8_t digest[32])
{
	mutex_lock(&lock);
	struct slot **s = find(digest);
	struct module_code *code = s == NULL || (*s)->code->gone ? NULL : module_code_ref((*s)->code);
	mutex_unlock(&lock);
	return code;
}

static void grow(void)
{
	size_t old_count = cache.slot_count;
	struct slot **old = cache.slots;
	cache.slot_count = old_count == 0 ? 64 : old_count * 2;
	cache.slots = mem_zalloc(MEM_CODE, cache.slot_count * sizeof(*cache.slots));
	for (size_t i = 0; i < old_count; i++) {
		for (struct slot *s = old[i], *next; s != NULL; s = next) {
			next = s->next;
			struct slot **into = &cache.slots[slot_of(s->code->digest)];
			s->next = *into;
			*into = s;
		}
	}
	mem_free(MEM_CODE, old, old_count * sizeof(*old));
}

static void add(struct module_code *code)
{
	if (cache.count >= cache.slot_count)
		grow();
	struct slot *fresh = mem_alloc(MEM_CODE, sizeof(*fresh));
	struct slot **into = &cache.slots[slot_of(code->digest)];
	*fresh = (struct slot){ .code = code, .next = *into };
	*into = fresh;
	cache.count++;
}

static void take_out(struct slot **s)
{
	struct slot *gone = *s;
	*s = gone->next;
	mem_free(MEM_CODE, gone, sizeof(*gone));
	cache.count--;
	if (cache.count == 0) {
		mem_free(MEM_CODE, cache.slots, cache.slot_count * sizeof(*cache.slots));
		cache.slots = NULL;
		cache.slot_count = 0;
	}
}

struct module_code *code_cache_enter(struct module_code *code)
{
	mutex_lock(&lock);
	struct slot **s = find(code->digest);
	if (s != NULL && !(*s)->code->gone)
		code = (*s)->code;
	else if (s != NULL)
		(*s)->code = code; /* whose funs nobody took over; they stay lost */
	else
		add(code);
	(void)module_code_ref(code); /* the same pointer */
	mutex_unlock(&lock);
	return code;
}

bool code_cache_drop(struct module_code *code)
{
	uint32_t refs = atomic_load_relaxed(&code->refs);
	while (refs > 1) {
		if (atomic_cas_acq_rel(&code->refs, &refs, refs - 1))
			return false;
	}
	mutex_lock(&lock);
	bool last = atomic_sub_acq_rel(&code->refs, 1) == 1;
	struct slot **s = last ? find(code->digest) : NULL;
	if (s != NULL && (*s)->code == code)
		take_out(s);
	mutex_unlock(&lock);
	return last;
}

void code_cache_keep(struct module_code *gone)
{
	gone->gone = true;
	mutex_lock(&lock);
	/* When the file has been loaded again meanwhile, these funs stay lost. */
	if (find(gone->digest) == NULL)
		add(gone);
	mutex_unlock(&lock);
}

struct module_code *code_cache_take_gone(const uint8_t digest[32])
{
	mutex_lock(&lock);
	struct slot **s = find(digest);
	struct module_code *gone = NULL;
	if (s != NULL && (*s)->code->gone) {
		gone = (*s)->code;
		take_out(s);
	}
	mutex_unlock(&lock);
	return gone;
}

void code_cache_done(void)
{
	mutex_lock(&lock);
	for (size_t i = 0; i < cache.slot_count; i++) {
		for (struct slot *s = cache.slots[i], *next; s != NULL; s = next) {
			next = s->next;
			if (s->code->gone) {
				mem_free(MEM_CODE, s->code->funs, s->code->fun_count * sizeof(*s->code->funs));
				mem_free(MEM_CODE, s->code, sizeof(*s->code));
			}
			mem_free(MEM_CODE, s, sizeof(*s));
		}
	}
	mem_free(MEM_CODE, cache.slots, cache.slot_count * sizeof(*cache.slots));
	cache.slots = NULL;
	cache.slot_count = cache.count = 0;
	mutex_unlock(&lock);
}
