/* SPDX-License-Identifier: Apache-2.0 */
/* The atom table: entries by index in segments, and a hash table in stripes that finds them by text.
 *
 * Invariant: an entry never changes or moves once its index can be seen; a stripe's slots only go from empty to full,
 * and a stripe's table is replaced only by a larger one that holds all of its entries. Old tables stay until atom_done,
 * since a reader may still walk one; together they are smaller than the newest. So readers take no lock: one that
 * misses an entry being added meanwhile looks again under the stripe's lock. */
#include "term/atom.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "base/utf8.h"

#include <string.h>

#define STRIPES 32
#define STRIPE_SLOTS_MIN 64
#define SEGMENT_BITS 10
#define SEGMENT_SIZE (1U << SEGMENT_BITS)

struct atom_entry {
	uint64_t prefix; /* the first eight bytes, as a big-endian number: decides most comparisons */
	uint32_t text_hash; /* finds it in the table */
	uint32_t otp_hash;
	uint32_t index;
	uint16_t size;
	uint16_t chars;
	uint8_t bytes[];
};

/* Open addressing, at most half full. */
struct stripe_table {
	struct stripe_table *older;
	uint32_t mask;
	_Atomic(struct atom_entry *) slots[];
};

struct stripe {
	struct mutex mu;
	_Atomic(struct stripe_table *) table; /* replaced under mu; pairs with find() */
	uint32_t used;                        /* guarded by mu */
};

typedef _Atomic(struct atom_entry *) entry_slot;

static struct {
	struct stripe stripes[STRIPES];
	_Atomic(entry_slot *) *segments; /* limit / SEGMENT_SIZE of them, made when first needed */
	uint32_t segment_count;
	uint32_t limit;
	_Atomic uint32_t count;
	_Atomic size_t bytes;
} table;

static uint32_t hash_text(const uint8_t *p, size_t size)
{
	uint64_t h = 0x9E3779B97F4A7C15U ^ size;
	while (size >= 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xD6E8FEB86659FD93U;
		h ^= h >> 32;
		p += 8;
		size -= 8;
	}
	uint64_t w = 0;
	memcpy(&w, p, size);
	h = (h ^ w) * 0xD6E8FEB86659FD93U;
	h ^= h >> 32;
	h *= 0xD6E8FEB86659FD93U;
	return (uint32_t)(h >> 32);
}

/* Source: OTP's hash for atoms: PJW's over the characters, where those over 255 stay the bytes of their UTF-8. */
static uint32_t hash_pjw(const uint8_t *p, size_t size)
{
	uint32_t h = 0;
	for (size_t i = 0; i < size; i++) {
		uint32_t c = p[i];
		if ((c == 0xC2 || c == 0xC3) && i + 1 < size) {
			i++;
			c = (c << 6 | (p[i] & 0x3FU)) & 0xFF;
		}
		h = (h << 4) + c;
		uint32_t top = h & 0xF0000000U;
		h ^= top >> 24 ^ top;
	}
	return h;
}

static struct stripe *stripe_of(uint32_t hash)
{
	return &table.stripes[hash % STRIPES];
}

static uint32_t first_slot(const struct stripe_table *t, uint32_t hash)
{
	return (hash / STRIPES) & t->mask;
}

/* Pairs with the release stores in add() and stripe_grow(). */
static struct atom_entry *find(struct stripe *s, const uint8_t *text, size_t size, uint32_t hash)
{
	struct stripe_table *t = atomic_load_acquire(&s->table);
	for (uint32_t i = first_slot(t, hash);; i = (i + 1) & t->mask) {
		struct atom_entry *e = atomic_load_acquire(&t->slots[i]);
		if (e == NULL)
			return NULL;
		if (e->text_hash == hash && e->size == size && memcmp(e->bytes, text, size) == 0)
			return e;
	}
}

static void stripe_put(struct stripe_table *t, struct atom_entry *e)
{
	uint32_t i = first_slot(t, e->text_hash);
	while (atomic_load_relaxed(&t->slots[i]) != NULL) /* only lock holders write */
		i = (i + 1) & t->mask;
	atomic_store_release(&t->slots[i], e);
}

static size_t stripe_table_bytes(uint32_t slots)
{
	return sizeof(struct stripe_table) + slots * sizeof(entry_slot);
}

static struct stripe_table *stripe_table_new(uint32_t slots, struct stripe_table *older)
{
	struct stripe_table *t = mem_zalloc(MEM_ATOM, stripe_table_bytes(slots));
	t->mask = slots - 1;
	t->older = older;
	return t;
}

static void stripe_grow(struct stripe *s)
{
	struct stripe_table *old = atomic_load_relaxed(&s->table); /* the lock is held */
	struct stripe_table *t = stripe_table_new((old->mask + 1) * 2, old);
	for (uint32_t i = 0; i <= old->mask; i++) {
		struct atom_entry *e = atomic_load_relaxed(&old->slots[i]);
		if (e != NULL)
			stripe_put(t, e);
	}
	atomic_store_release(&s->table, t);
}

static struct atom_entry *entry_new(const uint8_t *text, size_t size, size_t chars, uint32_t hash)
{
	struct atom_entry *e = mem_alloc(MEM_ATOM, sizeof(*e) + size);
	e->text_hash = hash;
	e->otp_hash = hash_pjw(text, size);
	e->size = (uint16_t)size;
	e->chars = (uint16_t)chars;
	e->prefix = 0;
	for (size_t i = 0; i < 8; i++)
		e->prefix = e->prefix << 8 | (i < size ? text[i] : 0);
	memcpy(e->bytes, text, size);
	return e;
}

static entry_slot *segment_get(uint32_t number)
{
	entry_slot *segment = atomic_load_acquire(&table.segments[number]);
	if (segment != NULL)
		return segment;
	/* Whoever comes first installs it; the others throw theirs away. */
	entry_slot *fresh = mem_zalloc(MEM_ATOM, SEGMENT_SIZE * sizeof(entry_slot));
	if (atomic_cas_acq_rel(&table.segments[number], &segment, fresh))
		return fresh;
	mem_free(MEM_ATOM, fresh, SEGMENT_SIZE * sizeof(entry_slot));
	return segment;
}

/* Takes the next index; false when the table is full. */
static bool take_index(uint32_t *ret_index)
{
	uint32_t index = atomic_load_relaxed(&table.count);
	do {
		if (index >= table.limit)
			return false;
	} while (!atomic_cas_acq_rel(&table.count, &index, index + 1));
	*ret_index = index;
	return true;
}

/* Under the stripe's lock. Invariant: the index is readable before the text is. */
static struct atom_entry *add(struct stripe *s, const uint8_t *text, size_t size, size_t chars, uint32_t hash)
{
	uint32_t index;
	if (!take_index(&index))
		return NULL;
	if ((s->used + 1) * 2 > atomic_load_relaxed(&s->table)->mask)
		stripe_grow(s);
	struct atom_entry *e = entry_new(text, size, chars, hash);
	e->index = index;
	atomic_store_release(&segment_get(index >> SEGMENT_BITS)[index % SEGMENT_SIZE], e);
	stripe_put(atomic_load_relaxed(&s->table), e);
	s->used++;
	atomic_add_relaxed(&table.bytes, size);
	return e;
}

static const struct atom_entry *entry_of(term atom)
{
	uint32_t index = atom_index(atom);
	debug_assert(index < atom_count());
	return atomic_load_acquire(&atomic_load_acquire(&table.segments[index >> SEGMENT_BITS])[index % SEGMENT_SIZE]);
}

void atom_init(uint32_t limit)
{
	static const char *const constants[] = {
#define ATOM(name, text) text,
#include "term/atoms.def"
#undef ATOM
	};
	assert(limit >= ATOM_CONSTANTS && limit <= 1U << 25);
	table.limit = limit;
	table.segment_count = (limit + SEGMENT_SIZE - 1) / SEGMENT_SIZE;
	table.segments = mem_zalloc(MEM_ATOM, table.segment_count * sizeof(*table.segments));
	atomic_store_relaxed(&table.count, 0);
	atomic_store_relaxed(&table.bytes, 0);
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe *s = &table.stripes[i];
		mutex_init(&s->mu, LOCK_ATOM);
		s->used = 0;
		atomic_store_relaxed(&s->table, stripe_table_new(STRIPE_SLOTS_MIN, NULL));
	}
	for (uint32_t i = 0; i < ATOM_CONSTANTS; i++) {
		term t = atom_intern((const uint8_t *)constants[i], strlen(constants[i]), NULL);
		assert(t == term_of_atom_index(i)); /* else a text stands twice in atoms.def */
	}
}

void atom_done(void)
{
	uint32_t count = atom_count();
	for (uint32_t i = 0; i < count; i++) {
		struct atom_entry *e = atomic_load_relaxed(&table.segments[i >> SEGMENT_BITS][i % SEGMENT_SIZE]);
		mem_free(MEM_ATOM, e, sizeof(*e) + e->size);
	}
	for (uint32_t i = 0; i < table.segment_count; i++)
		mem_free(MEM_ATOM, atomic_load_relaxed(&table.segments[i]), SEGMENT_SIZE * sizeof(entry_slot));
	mem_free(MEM_ATOM, table.segments, table.segment_count * sizeof(*table.segments));
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe_table *t = atomic_load_relaxed(&table.stripes[i].table);
		while (t != NULL) {
			struct stripe_table *older = t->older;
			mem_free(MEM_ATOM, t, stripe_table_bytes(t->mask + 1));
			t = older;
		}
		mutex_done(&table.stripes[i].mu);
	}
	table.segments = NULL;
	table.segment_count = 0;
	atomic_store_relaxed(&table.count, 0);
}

term atom_lookup(const uint8_t *text, size_t size)
{
	if (size > 4 * ATOM_CHARS_MAX)
		return TERM_NONE;
	uint32_t hash = hash_text(text, size);
	const struct atom_entry *e = find(stripe_of(hash), text, size, hash);
	return e == NULL ? TERM_NONE : term_of_atom_index(e->index);
}

term atom_intern(const uint8_t *text, size_t size, bool *ret_full)
{
	if (ret_full != NULL)
		*ret_full = false;
	if (size > 4 * ATOM_CHARS_MAX)
		return TERM_NONE;
	uint32_t hash = hash_text(text, size);
	struct stripe *s = stripe_of(hash);
	struct atom_entry *e = find(s, text, size, hash);
	if (e != NULL)
		return term_of_atom_index(e->index);
	size_t chars;
	if (!utf8_valid(text, size, &chars) || chars > ATOM_CHARS_MAX)
		return TERM_NONE;
	mutex_lock(&s->mu);
	e = find(s, text, size, hash); /* another thread may have been faster */
	if (e == NULL)
		e = add(s, text, size, chars, hash);
	mutex_unlock(&s->mu);
	if (e != NULL)
		return term_of_atom_index(e->index);
	if (ret_full != NULL)
		*ret_full = true;
	return TERM_NONE;
}

term atom_of_string(const char *text)
{
	return atom_intern((const uint8_t *)text, strlen(text), NULL);
}

struct atom_text atom_text(term atom)
{
	const struct atom_entry *e = entry_of(atom);
	return (struct atom_text){ e->bytes, e->size, e->chars };
}

int atom_compare(term a, term b)
{
	if (a == b)
		return 0;
	/* UTF-8 orders as its code points do. */
	const struct atom_entry *x = entry_of(a);
	const struct atom_entry *y = entry_of(b);
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	int order = memcmp(x->bytes, y->bytes, x->size < y->size ? x->size : y->size);
	return order != 0 ? order : (int)x->size - (int)y->size;
}

uint32_t atom_hash(term atom)
{
	return entry_of(atom)->otp_hash;
}

uint32_t atom_count(void)
{
	return atomic_load_acquire(&table.count);
}

uint32_t atom_limit(void)
{
	return table.limit;
}

size_t atom_bytes(void)
{
	return atomic_load_relaxed(&table.bytes);
}
