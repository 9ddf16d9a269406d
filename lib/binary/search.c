/* SPDX-License-Identifier: Apache-2.0 */
/* Searching bytes for patterns.
 *
 * The machine for several patterns is a trie whose nodes are numbered breadth first, so that a node's children stand side by
 * side, sorted by their byte; each node knows the node of its longest proper suffix (fail) and the length of the longest
 * pattern that ends at it. While a match is known, the walk goes on only as long as the node's text begins no later
 * than it: what is found then is earlier or longer. */
#include "binary/search.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

struct node {
	uint32_t first_child;
	uint32_t fail;
	uint32_t depth;
	uint32_t found;  /* length of the longest pattern that ends here; 0: none */
	uint16_t children;
	uint8_t byte;    /* that leads here */
};

struct search {
	struct counted counted; /* first */
	size_t bytes;           /* of this allocation */
	struct node *nodes;     /* NULL for one pattern */
	size_t node_count;
	bool first[256];        /* bytes that a pattern begins with */
	size_t size;            /* of the longest pattern */
	uint8_t pattern[];
};

static void search_destroy(struct counted *counted)
{
	struct search *search = (struct search *)counted;
	mem_free(MEM_BINARY, search->nodes, search->node_count * sizeof(struct node));
	mem_free(MEM_BINARY, search, search->bytes);
}

bool search_is(const struct counted *counted)
{
	return counted->destroy == search_destroy;
}

struct search *search_of(struct counted *counted)
{
	assert(search_is(counted));
	return (struct search *)counted;
}

struct search *search_unref(struct search *search)
{
	/* Pairs with itself in other threads: the last one sees all they did. */
	if (search != NULL && atomic_sub_acq_rel(&search->counted.refs, 1) == 1)
		search_destroy(&search->counted);
	return NULL;
}

size_t search_longest(const struct search *search)
{
	return search->size;
}

bool search_is_multiple(const struct search *search)
{
	return search->nodes != NULL;
}

static struct search *search_alloc(size_t pattern_bytes)
{
	struct search *search = mem_zalloc(MEM_BINARY, sizeof(*search) + pattern_bytes);
	search->counted.destroy = search_destroy;
	atomic_init(&search->counted.refs, 1);
	search->bytes = sizeof(*search) + pattern_bytes;
	return search;
}

/* ------------------------------------------------------------------------------------------------ building */

static int compare_patterns(const void *a, const void *b)
{
	const struct pattern *x = a;
	const struct pattern *y = b;
	size_t size = x->size < y->size ? x->size : y->size;
	int c = memcmp(x->bytes, y->bytes, size);
	return c != 0 ? c : x->size < y->size ? -1 : x->size > y->size;
}

#define NO_CHILD UINT32_MAX

static inline uint32_t child_of(const struct node *nodes, uint32_t at, uint8_t byte)
{
	uint32_t low = nodes[at].first_child;
	uint32_t high = low + nodes[at].children;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (nodes[middle].byte == byte)
			return middle;
		if (nodes[middle].byte < byte)
			low = middle + 1;
		else
			high = middle;
	}
	return NO_CHILD;
}

/* Where a byte leads, falling back to shorter suffixes. */
static inline uint32_t step(const struct node *nodes, uint32_t at, uint8_t byte)
{
	for (;;) {
		uint32_t child = child_of(nodes, at, byte);
		if (child != NO_CHILD)
			return child;
		if (at == 0)
			return 0;
		at = nodes[at].fail;
	}
}

/* The sorted patterns that begin with a node's text. */
struct range {
	uint32_t low;
	uint32_t high;
};

/* Numbers the nodes level by level. nodes and ranges have room for all. Returns how many there are. */
static size_t build_nodes(struct node *nodes, struct range *ranges, const struct pattern *patterns, size_t count)
{
	size_t used = 1;
	nodes[0] = (struct node){ .first_child = 1 };
	ranges[0] = (struct range){ 0, (uint32_t)count };
	for (size_t at = 0; at < used; at++) {
		struct range range = ranges[at];
		uint32_t depth = nodes[at].depth;
		/* Shorter patterns sort first: those that end here. */
		while (range.low < range.high && patterns[range.low].size == depth) {
			nodes[at].found = depth;
			range.low++;
		}
		nodes[at].first_child = (uint32_t)used;
		while (range.low < range.high) {
			uint8_t byte = patterns[range.low].bytes[depth];
			uint32_t end = range.low + 1;
			while (end < range.high && patterns[end].bytes[depth] == byte)
				end++;
			nodes[used] = (struct node){ .depth = depth + 1, .byte = byte };
			ranges[used] = (struct range){ range.low, end };
			nodes[at].children++;
			range.low = end;
			/* The suffix is shorter, so its node and that one's children were numbered before. */
			nodes[used].fail = at == 0 ? 0 : step(nodes, nodes[at].fail, byte);
			used++;
		}
	}
	for (size_t at = 1; at < used; at++) /* what ends at the suffix ends here too, if nothing longer does */
		if (nodes[at].found == 0)
			nodes[at].found = nodes[nodes[at].fail].found;
	return used;
}

struct search *search_new(const struct pattern *patterns, size_t count)
{
	if (count == 1) {
		if (patterns[0].size > SEARCH_BYTES_MAX)
			return NULL;
		struct search *search = search_alloc(patterns[0].size);
		search->size = patterns[0].size;
		memcpy(search->pattern, patterns[0].bytes, patterns[0].size);
		return search;
	}
	size_t total = 1;
	for (size_t i = 0; i < count; i++) {
		total += patterns[i].size;
		if (patterns[i].size > SEARCH_BYTES_MAX || total > SEARCH_BYTES_MAX)
			return NULL;
	}
	struct search *search = search_alloc(0);
	struct pattern *sorted = mem_alloc(MEM_TEMP, count * sizeof(*sorted));
	struct range *ranges = mem_alloc(MEM_TEMP, total * sizeof(*ranges));
	struct node *nodes = mem_alloc(MEM_BINARY, total * sizeof(*nodes));
	memcpy(sorted, patterns, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_patterns);
	for (size_t i = 0; i < count; i++) {
		search->first[sorted[i].bytes[0]] = true;
		if (sorted[i].size > search->size)
			search->size = sorted[i].size;
	}
	search->node_count = build_nodes(nodes, ranges, sorted, count);
	search->nodes = mem_realloc(
		MEM_BINARY, nodes, total * sizeof(*nodes), search->node_count * sizeof(*nodes));
	mem_free(MEM_TEMP, sorted, count * sizeof(*sorted));
	mem_free(MEM_TEMP, ranges, total * sizeof(*ranges));
	return search;
}

/* ------------------------------------------------------------------------------------------------ finding */

static bool find_one(const struct search *search, const uint8_t *data, size_t size, size_t from, struct match *ret)
{
	if (size - from < search->size)
		return false;
	const uint8_t *p = search->size == 1 ? memchr(data + from, search->pattern[0], size - from)
					     : memmem(data + from, size - from, search->pattern, search->size);
	if (p == NULL)
		return false;
	*ret = (struct match){ (size_t)(p - data), search->size };
	return true;
}

static bool find_many(const struct search *search, const uint8_t *data, size_t size, size_t from, struct match *ret)
{
	const struct node *nodes = search->nodes;
	struct match best = { .size = 0 };
	uint32_t at = 0;
	for (size_t i = from; i < size; i++) {
		if (at == 0) {
			if (best.size != 0)
				break;
			while (i < size && !search->first[data[i]])
				i++;
			if (i == size)
				break;
		}
		at = step(nodes, at, data[i]);
		size_t end = i + 1;
		if (best.size != 0 && end - nodes[at].depth > best.offset)
			break;
		if (nodes[at].found == 0)
			continue;
		size_t start = end - nodes[at].found;
		if (best.size == 0 || start < best.offset || (start == best.offset && nodes[at].found > best.size))
			best = (struct match){ start, nodes[at].found };
	}
	if (best.size == 0)
		return false;
	*ret = best;
	return true;
}

bool search_find(const struct search *search, const uint8_t *data, size_t size, size_t from, struct match *ret_match)
{
	if (from >= size)
		return false;
	return search->nodes == NULL ? find_one(search, data, size, from, ret_match)
				     : find_many(search, data, size, from, ret_match);
}
