/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of files by identity, and notes of them in binaries.
 *
 * Invariant: a note is believed by its seal, 16 random bytes of this process that no program ever sees: they stand where a
 * binary's bytes do not reach, and nothing that programs may read is copied from there. */
#include "code/digests.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/lock.h"
#include "code/identity.h"
#include "term/bits.h"

#include <string.h>
#include <sys/random.h>

struct row {
	struct identity identity;
	uint8_t digest[DIGEST_BYTES];
	struct row *next;
};

#define BUCKET_BITS 10
#define BUCKETS (1U << BUCKET_BITS)

static struct mutex lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };

static struct {
	struct row *buckets[BUCKETS]; /* guarded by lock, like what follows */
	size_t count;
	bool has_seal;
	uint8_t seal[16];
} table;

bool digests_same(const struct stat *a, const struct stat *b)
{
	struct identity x = identity_of(a), y = identity_of(b);
	return identity_is_same(&x, &y);
}

static struct row **bucket_of(const struct identity *identity)
{
	return &table.buckets[identity_hash(identity, BUCKET_BITS)];
}

static struct row *find(const struct identity *identity)
{
	for (struct row *row = *bucket_of(identity); row != NULL; row = row->next)
		if (identity_is_same(&row->identity, identity))
			return row;
	return NULL;
}

bool digests_find(const struct stat *st, uint8_t ret_digest[DIGEST_BYTES])
{
	struct identity identity = identity_of(st);
	mutex_lock(&lock);
	const struct row *row = find(&identity);
	if (row != NULL)
		memcpy(ret_digest, row->digest, DIGEST_BYTES);
	mutex_unlock(&lock);
	return row != NULL;
}

static void forget_all(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct row *row = table.buckets[i], *next; row != NULL; row = next) {
			next = row->next;
			mem_free(MEM_CODE, row, sizeof(*row));
		}
		table.buckets[i] = NULL;
	}
	table.count = 0;
}

void digests_enter(const struct stat *st, const uint8_t digest[DIGEST_BYTES])
{
	struct identity identity = identity_of(st);
	if (!identity_is_settled(&identity))
		return;
	mutex_lock(&lock);
	if (find(&identity) == NULL) {
		if (table.count >= DIGESTS_MAX)
			forget_all();
		struct row *row = mem_alloc(MEM_CODE, sizeof(*row));
		struct row **bucket = bucket_of(&identity);
		row->identity = identity;
		memcpy(row->digest, digest, DIGEST_BYTES);
		row->next = *bucket;
		*bucket = row;
		table.count++;
	}
	mutex_unlock(&lock);
}

/* The seal; false when the system has no random bytes to give, and then there are no notes. */
static bool get_seal(uint8_t ret[16])
{
	mutex_lock(&lock);
	if (!table.has_seal)
		table.has_seal = getrandom(table.seal, sizeof(table.seal), GRND_NONBLOCK) ==
				 sizeof(table.seal);
	bool has = table.has_seal;
	memcpy(ret, table.seal, sizeof(table.seal));
	mutex_unlock(&lock);
	return has;
}

void digest_note(struct binary *binary, const uint8_t digest[DIGEST_BYTES])
{
	uint8_t seal[16];
	assert(binary->capacity >= binary->size + DIGEST_NOTE_BYTES);
	if (!get_seal(seal))
		return;
	memcpy(binary->data + binary->size, seal, sizeof(seal));
	memcpy(binary->data + binary->size + sizeof(seal), digest, DIGEST_BYTES);
}

bool digest_noted(const struct binary *binary, uint8_t ret_digest[DIGEST_BYTES])
{
	uint8_t seal[16];
	if (binary->capacity < binary->size + DIGEST_NOTE_BYTES || !get_seal(seal) ||
		memcmp(binary->data + binary->size, seal, sizeof(seal)) != 0)
		return false;
	memcpy(ret_digest, binary->data + binary->size + sizeof(seal), DIGEST_BYTES);
	return true;
}

void digests_done(void)
{
	mutex_lock(&lock);
	forget_all();
	mutex_unlock(&lock);
}
