/* SPDX-License-Identifier: Apache-2.0 */
/* What files held, while nodes boot. See contents.h.
 *
 * Invariant: bytes are the sum of what the rows' contents take; a row has a reference to its content. */
#include "code/contents.h"

#include "base/alloc.h"
#include "base/lock.h"
#include "binary/binary.h"
#include "code/identity.h"
#include "heap/offheap.h"

#define BUCKET_BITS 8
#define BUCKETS (1U << BUCKET_BITS)

struct row {
	struct identity identity;
	struct content *content;
	struct row *next;
};

static struct mutex lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };

static struct {
	struct row *buckets[BUCKETS]; /* guarded by lock, like what follows */
	size_t bytes;
	uint64_t boots; /* nodes that have begun to boot */
	uint64_t seen;  /* of them, when somebody last looked */
	bool awake;     /* somebody is to look */
	bool started;
} table;

static size_t bytes_of(const struct content *content)
{
	return sizeof(struct row) + sizeof(*content) + content->capacity;
}

static void content_destroy(struct counted *counted)
{
	struct content *content = (struct content *)counted; /* first member */
	mem_free(MEM_BINARY, content, sizeof(*content) + content->capacity);
}

struct content *content_ref(struct content *content)
{
	atomic_add_relaxed(&content->counted.refs, 1); /* who gives one away has one */
	return content;
}

struct content *content_unref(struct content *content)
{
	if (content != NULL)
		counted_unref(&content->counted);
	return NULL;
}

/* Where the row of that identity stands, or would. */
static struct row **place_of(const struct identity *identity)
{
	struct row **p = &table.buckets[identity_hash(identity, BUCKET_BITS)];
	while (*p != NULL && !identity_is_same(&(*p)->identity, identity))
		p = &(*p)->next;
	return p;
}

struct content *content_find(const struct stat *st)
{
	const struct identity identity = identity_of(st);
	mutex_lock(&lock);
	const struct row *row = *place_of(&identity);
	struct content *content = row != NULL ? content_ref(row->content) : NULL;
	mutex_unlock(&lock);
	return content;
}

/* Under the lock. */
static bool is_wanted(size_t bytes)
{
	return table.awake && bytes <= CONTENTS_MAX_BYTES - table.bytes;
}

struct content *content_new(size_t size, size_t more)
{
	if (size > CONTENTS_MAX_BYTES || more > CONTENTS_MAX_BYTES)
		return NULL;
	mutex_lock(&lock);
	bool wanted = is_wanted(sizeof(struct row) + sizeof(struct content) + size + more);
	mutex_unlock(&lock);
	if (!wanted)
		return NULL;
	struct content *content = mem_alloc(MEM_BINARY, sizeof(*content) + size + more);
	atomic_init(&content->counted.refs, 1);
	content->counted.destroy = content_destroy;
	content->size = size;
	content->capacity = size + more;
	content->data = (uint8_t *)(content + 1);
	return content;
}

void content_enter(struct content *content, const struct stat *st)
{
	const struct identity identity = identity_of(st);
	if (!identity_is_settled(&identity))
		return;
	mutex_lock(&lock);
	struct row **place = place_of(&identity);
	if (*place == NULL && is_wanted(bytes_of(content))) {
		struct row *row = mem_alloc(MEM_CODE, sizeof(*row));
		*row = (struct row){ .identity = identity, .content = content_ref(content) };
		*place = row;
		table.bytes += bytes_of(content);
	}
	mutex_unlock(&lock);
}

struct binary *content_binary(struct content *content)
{
	return binary_new_shared(
		&content->counted, content->data, content->size, content->capacity);
}

bool contents_boot(void)
{
	mutex_lock(&lock);
	bool wake = table.started && !table.awake && table.boots > 0;
	table.boots++;
	if (wake) {
		table.awake = true;
		table.seen = table.boots;
	}
	mutex_unlock(&lock);
	return wake;
}

static void empty(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct row *row = table.buckets[i], *next; row != NULL; row = next) {
			next = row->next;
			(void)content_unref(row->content); /* always NULL */
			mem_free(MEM_CODE, row, sizeof(*row));
		}
		table.buckets[i] = NULL;
	}
	table.bytes = 0;
}

bool contents_look(void)
{
	mutex_lock(&lock);
	if (table.seen == table.boots) {
		table.awake = false;
		empty();
	}
	table.seen = table.boots;
	bool again = table.awake;
	mutex_unlock(&lock);
	return again;
}

size_t contents_bytes(void)
{
	mutex_lock(&lock);
	size_t bytes = table.bytes;
	mutex_unlock(&lock);
	return bytes;
}

void contents_start(void)
{
	mutex_lock(&lock);
	table.started = true;
	table.boots = 0;
	mutex_unlock(&lock);
}

void contents_stop(void)
{
	mutex_lock(&lock);
	table.started = false;
	table.awake = false;
	empty();
	mutex_unlock(&lock);
}
