/* SPDX-License-Identifier: Apache-2.0 */
/* The region that instructions lie in.
 *
 * Invariant: every unit belongs to a module (owners[u] is it, for all units of its run), to a free run, or lies at or
 * above `top` and was never used. Of a free run the first and the last unit know its length (runs[u].length), so that
 * neighbours join when one is freed; the first is linked into the bin of its size. */
#include "code/region.h"

#include "base/atomic.h"
#include "base/lock.h"
#include "code/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define UNITS ((uint32_t)(CODE_REGION_BYTES / CODE_UNIT_BYTES))
#define NO_UNIT UINT32_MAX
#define BINS 26 /* by the binary logarithm of a run's length */

uintptr_t code_region_start;

struct run {
	uint32_t length; /* in units; 0: not an end of a free run */
	uint32_t next;
	uint32_t previous;
};

static struct {
	struct mutex lock;
	_Atomic(struct module_code *) *owners; /* by unit; written under lock, read by all */
	struct run *runs;                      /* guarded by lock, like what follows */
	uint32_t bins[BINS];
	uint32_t top;
	uint64_t used_units;
} region;

static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) {
		perror("beamr: no address space for code");
		abort();
	}
	return p;
}

void code_region_init(void)
{
	if (code_region_start != 0)
		return;
	mutex_init(&region.lock, LOCK_LEAF);
	code_region_start = (uintptr_t)reserve(CODE_REGION_BYTES);
	region.owners = reserve(UNITS * sizeof(*region.owners));
	region.runs = reserve(UNITS * sizeof(*region.runs));
	for (int i = 0; i < BINS; i++)
		region.bins[i] = NO_UNIT;
	region.top = 0;
	region.used_units = 0;
}

void code_region_done(void)
{
	if (code_region_start == 0)
		return;
	(void)munmap((void *)code_region_start, CODE_REGION_BYTES); /* our own mapping */
	(void)munmap((void *)(uintptr_t)region.owners, UNITS * sizeof(*region.owners)); /* as above */
	(void)munmap(region.runs, UNITS * sizeof(*region.runs)); /* as above */
	mutex_done(&region.lock);
	code_region_start = 0;
}

static unsigned bin_of(uint32_t length)
{
	unsigned bin = 31U - (unsigned)__builtin_clz(length);
	return bin < BINS ? bin : BINS - 1;
}

static void link_run(uint32_t first, uint32_t length)
{
	struct run *runs = region.runs;
	uint32_t *bin = &region.bins[bin_of(length)];
	runs[first].length = runs[first + length - 1].length = length;
	runs[first].previous = NO_UNIT;
	runs[first].next = *bin;
	if (*bin != NO_UNIT)
		runs[*bin].previous = first;
	*bin = first;
}

static void unlink_run(uint32_t first)
{
	struct run *runs = region.runs;
	uint32_t length = runs[first].length;
	if (runs[first].previous != NO_UNIT)
		runs[runs[first].previous].next = runs[first].next;
	else
		region.bins[bin_of(length)] = runs[first].next;
	if (runs[first].next != NO_UNIT)
		runs[runs[first].next].previous = runs[first].previous;
	runs[first].length = runs[first + length - 1].length = 0;
}

/* A free run of at least `units`. Bound: a few tries in the bin that may hold shorter ones, then one look at each larger bin. */
static uint32_t find_run(uint32_t units)
{
	unsigned bin = bin_of(units);
	unsigned tries = 8;
	for (uint32_t u = region.bins[bin]; u != NO_UNIT && tries > 0; u = region.runs[u].next, tries--) {
		if (region.runs[u].length >= units)
			return u;
	}
	for (bin++; bin < BINS; bin++) {
		if (region.bins[bin] != NO_UNIT)
			return region.bins[bin];
	}
	return NO_UNIT;
}

static uint32_t units_of(size_t words)
{
	return (uint32_t)((words * sizeof(uint64_t) + CODE_UNIT_BYTES - 1) / CODE_UNIT_BYTES);
}

static uint64_t *unit_address(uint32_t unit)
{
	return (uint64_t *)(code_region_start + (uintptr_t)unit * CODE_UNIT_BYTES);
}

uint64_t *code_region_alloc(size_t words, struct module_code *owner)
{
	assert(code_region_start != 0);
	if (words == 0 || words > CODE_REGION_BYTES / sizeof(uint64_t))
		return NULL;
	uint32_t units = units_of(words);
	mutex_lock(&region.lock);
	uint32_t first = find_run(units);
	if (first != NO_UNIT) {
		uint32_t length = region.runs[first].length;
		unlink_run(first);
		if (length > units)
			link_run(first + units, length - units);
	} else if (UNITS - region.top >= units) {
		first = region.top;
		region.top += units;
	} else {
		mutex_unlock(&region.lock);
		return NULL;
	}
	region.used_units += units;
	for (uint32_t u = first; u < first + units; u++)
		atomic_store_release(&region.owners[u], owner); /* Pairs with module_code_at(). */
	mutex_unlock(&region.lock);
	memset(unit_address(first), 0, (size_t)units * CODE_UNIT_BYTES);
	return unit_address(first);
}

void code_region_free(uint64_t *code, size_t words)
{
	if (code == NULL)
		return;
	uint32_t first = (uint32_t)(((uintptr_t)code - code_region_start) / CODE_UNIT_BYTES);
	uint32_t units = units_of(words);
	mutex_lock(&region.lock);
	region.used_units -= units;
	for (uint32_t u = first; u < first + units; u++)
		atomic_store_release(&region.owners[u], NULL); /* Pairs with module_code_at(). */
	/* The system gets whole pages back. */
	uintptr_t begin = ((uintptr_t)unit_address(first) + 4095) & ~(uintptr_t)4095;
	uintptr_t end = (uintptr_t)unit_address(first + units) & ~(uintptr_t)4095;
	if (end > begin)
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED); /* only saves memory */
	if (first > 0 && region.runs[first - 1].length > 0) {
		uint32_t before = region.runs[first - 1].length;
		unlink_run(first - before);
		first -= before;
		units += before;
	}
	if (first + units < region.top && region.runs[first + units].length > 0) {
		uint32_t after = region.runs[first + units].length;
		unlink_run(first + units);
		units += after;
	}
	if (first + units == region.top)
		region.top = first;
	else
		link_run(first, units);
	mutex_unlock(&region.lock);
}

size_t code_region_used_bytes(void)
{
	mutex_lock(&region.lock);
	uint64_t units = region.used_units;
	mutex_unlock(&region.lock);
	return units * CODE_UNIT_BYTES;
}

struct module_code *module_code_at(const uint64_t *address)
{
	uintptr_t offset = (uintptr_t)address - code_region_start;
	if (code_region_start == 0 || offset >= CODE_REGION_BYTES)
		return NULL;
	return atomic_load_acquire(&region.owners[offset / CODE_UNIT_BYTES]); /* Pairs with code_region_alloc(). */
}
