/* SPDX-License-Identifier: Apache-2.0 */
/* The atom table: entries by index in segments, and a hash table in stripes that finds them by text.
 *
 * Invariant: an entry does not change (but for its owner) nor move once its index can be seen; a stripe's slots go from empty to
 * full, and from full to GONE; a stripe's table is replaced only by another that holds all of its living entries. So readers take no
 * lock: one that misses an entry being added meanwhile looks again under the stripe's lock.
 * An entry's owner goes from an account to NULL (shared), or to DEAD, once, by a compare-and-swap: whoever finds it DEAD has
 * not found it. Entries that are dead are freed, and their numbers given again, when every thread has moved on; threads that are no
 * schedulers look under the stripe's lock. */
#include "term/atom.h"

#include "base/account.h"
#include "base/alloc.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "base/utf8.h"
#include "base/vec.h"

#include <string.h>

#define STRIPES 32
#define STRIPE_SLOTS_MIN 64
#define SEGMENT_BITS 10
#define SEGMENT_SIZE (1U << SEGMENT_BITS)

struct atom_entry {
	_Atomic(struct account *) owner; /* NULL: shared; DEAD */
	uint64_t prefix; /* the first eight bytes, as a big-endian number: decides most comparisons */
	uint32_t text_hash; /* finds it in the table */
	uint32_t otp_hash;
	uint32_t index;
	uint16_t size;
	uint16_t chars;
	uint8_t bytes[];
};

#define DEAD ((struct account *)(uintptr_t)8)
#define GONE ((struct atom_entry *)(uintptr_t)8) /* in a slot: pass by */

/* What one namespace has made. Guarded by free_lock. */
struct atom_set {
	VEC(uint32_t) indexes;
};

/* Dead entries on their way. */
struct burial {
	struct epoch_item retired;
	VEC(struct atom_entry *) entries;
};

/* Open addressing, at most half full. */
struct stripe_table {
	struct epoch_item retired; /* first */
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
	_Atomic uint32_t used;   /* indexes below have been given */
	_Atomic uint32_t shared; /* entries that are */
	_Atomic size_t bytes;
} table;

static struct mutex free_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_ATOM_SET };
static VEC(uint32_t) free_indexes; /* guarded by free_lock */
static _Thread_local bool sharing;

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
		if (unlikely(e == GONE))
			continue;
		if (e->text_hash == hash && e->size == size && memcmp(e->bytes, text, size) == 0)
			return e;
	}
}

static void stripe_put(struct stripe_table *t, struct atom_entry *e)
{
	uint32_t i = first_slot(t, e->text_hash);
	/* Only lock holders write. A slot that is GONE stays so until the table grows: `used` counts it. */
	while (atomic_load_relaxed(&t->slots[i]) != NULL)
		i = (i + 1) & t->mask;
	atomic_store_release(&t->slots[i], e);
}

static size_t stripe_table_bytes(uint32_t slots)
{
	return sizeof(struct stripe_table) + slots * sizeof(entry_slot);
}

static struct stripe_table *stripe_table_new(uint32_t slots)
{
	struct stripe_table *t = mem_zalloc(MEM_ATOM, stripe_table_bytes(slots));
	t->mask = slots - 1;
	return t;
}

static void stripe_table_retired(struct epoch_item *item)
{
	struct stripe_table *t = (struct stripe_table *)(void *)item; /* first member */
	mem_free(MEM_ATOM, t, stripe_table_bytes(t->mask + 1));
}

/* Into a table of twice the size, or of the same when it was full of what is gone. Returns the old one, to be retired without the lock. */
static struct stripe_table *stripe_grow(struct stripe *s)
{
	struct stripe_table *old = atomic_load_relaxed(&s->table); /* the lock is held */
	uint32_t living = 0;
	for (uint32_t i = 0; i <= old->mask; i++) {
		struct atom_entry *e = atomic_load_relaxed(&old->slots[i]);
		living += e != NULL && e != GONE;
	}
	struct stripe_table *t = stripe_table_new(living * 4 > old->mask ? (old->mask + 1) * 2 : old->mask + 1);
	for (uint32_t i = 0; i <= old->mask; i++) {
		struct atom_entry *e = atomic_load_relaxed(&old->slots[i]);
		if (e != NULL && e != GONE)
			stripe_put(t, e);
	}
	s->used = living;
	atomic_store_release(&s->table, t);
	return old;
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

/* Takes an index that is free again, or the next one; false when the table is full. */
static bool take_index(uint32_t *ret_index)
{
	mutex_lock(&free_lock);
	uint32_t index = atomic_load_relaxed(&table.used);
	bool there = true;
	if (free_indexes.count > 0)
		index = vec_pop(&free_indexes);
	else if (index < table.limit)
		atomic_store_release(&table.used, index + 1);
	else
		there = false;
	mutex_unlock(&free_lock);
	*ret_index = index;
	return there;
}

/* It is the account's to give back. */
static void note_private(struct account *a, uint32_t index)
{
	mutex_lock(&free_lock);
	struct atom_set *set = atomic_load_relaxed(&a->atoms);
	if (set == NULL) {
		set = mem_zalloc(MEM_ATOM, sizeof(*set));
		atomic_store_relaxed(&a->atoms, set);
	}
	vec_push(&set->indexes, index);
	mutex_unlock(&free_lock);
}

/* Under the stripe's lock. Invariant: the index is readable before the text is. owner: NULL for a shared one. */
static struct atom_entry *add(
	struct stripe *s, const uint8_t *text, size_t size, size_t chars, uint32_t hash, struct account *owner,
	struct stripe_table **ret_old)
{
	uint32_t index;
	if (owner != NULL && !account_take(owner, COUNT_ATOMS, atomic_load_relaxed(&owner->atoms_max)))
		return NULL;
	if (!take_index(&index)) {
		if (owner != NULL)
			account_give(owner, COUNT_ATOMS, 1);
		return NULL;
	}
	if ((s->used + 1) * 2 > atomic_load_relaxed(&s->table)->mask)
		*ret_old = stripe_grow(s);
	struct atom_entry *e = entry_new(text, size, chars, hash);
	e->index = index;
	atomic_store_relaxed(&e->owner, owner); /* published with the entry */
	if (owner != NULL)
		note_private(owner, index);
	else
		atomic_add_relaxed(&table.shared, 1);
	atomic_store_release(&segment_get(index >> SEGMENT_BITS)[index % SEGMENT_SIZE], e);
	stripe_put(atomic_load_relaxed(&s->table), e);
	s->used++;
	atomic_add_relaxed(&table.bytes, size);
	return e;
}

static const struct atom_entry *entry_of(term atom)
{
	uint32_t index = atom_index(atom);
	debug_assert(index < atomic_load_acquire(&table.used));
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
	atomic_store_relaxed(&table.used, 0);
	atomic_store_relaxed(&table.shared, 0);
	atomic_store_relaxed(&table.bytes, 0);
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe *s = &table.stripes[i];
		mutex_init(&s->mu, LOCK_ATOM);
		s->used = 0;
		atomic_store_relaxed(&s->table, stripe_table_new(STRIPE_SLOTS_MIN));
	}
	for (uint32_t i = 0; i < ATOM_CONSTANTS; i++) {
		term t = atom_intern((const uint8_t *)constants[i], strlen(constants[i]), NULL);
		assert(t == term_of_atom_index(i)); /* else a text stands twice in atoms.def */
	}
}

void atom_done(void)
{
	epoch_drain();
	uint32_t count = atomic_load_acquire(&table.used);
	for (uint32_t i = 0; i < count; i++) {
		struct atom_entry *e = atomic_load_relaxed(&table.segments[i >> SEGMENT_BITS][i % SEGMENT_SIZE]);
		if (e != NULL)
			mem_free(MEM_ATOM, e, sizeof(*e) + e->size);
	}
	vec_done(&free_indexes);
	for (uint32_t i = 0; i < table.segment_count; i++)
		mem_free(MEM_ATOM, atomic_load_relaxed(&table.segments[i]), SEGMENT_SIZE * sizeof(entry_slot));
	mem_free(MEM_ATOM, table.segments, table.segment_count * sizeof(*table.segments));
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe_table *t = atomic_load_relaxed(&table.stripes[i].table);
		mem_free(MEM_ATOM, t, stripe_table_bytes(t->mask + 1));
		mutex_done(&table.stripes[i].mu);
	}
	table.segments = NULL;
	table.segment_count = 0;
	atomic_store_relaxed(&table.used, 0);
}

bool atom_set_sharing(bool shared)
{
	bool before = sharing;
	sharing = shared;
	return before;
}

/* Who is to own what the thread makes. */
static inline struct account *maker(void)
{
	return unlikely(sharing) ? NULL : account_current();
}

/* Makes it everybody's. False: it is dead. */
static _noinline_ bool share(struct atom_entry *e)
{
	struct account *owner = atomic_load_acquire(&e->owner);
	while (owner != NULL && owner != DEAD) {
		if (atomic_cas_acq_rel(&e->owner, &owner, NULL)) {
			atomic_add_relaxed(&table.shared, 1);
			return true;
		}
	}
	return owner == NULL;
}

/* Whether the thread may have an entry that it has found. looks: it only asks whether there is one. */
static inline bool accept(struct atom_entry *e, bool looks)
{
	struct account *owner = atomic_load_acquire(&e->owner), *me = maker();
	if (likely(owner == NULL || owner == me))
		return true;
	if (looks && me != NULL)
		return false; /* another namespace's */
	return share(e);
}

/* Schedulers are inside of an epoch while they work; who is not looks under the stripe's lock, without which nothing leaves a
 * table. */
static inline bool looks_freely(void)
{
	return epoch_is_inside();
}

term atom_lookup(const uint8_t *text, size_t size)
{
	if (size > 4 * ATOM_CHARS_MAX)
		return TERM_NONE;
	uint32_t hash = hash_text(text, size);
	struct stripe *s = stripe_of(hash);
	const bool locks = !looks_freely();
	if (locks)
		mutex_lock(&s->mu);
	struct atom_entry *e = find(s, text, size, hash);
	term t = e == NULL || !accept(e, true) ? TERM_NONE : term_of_atom_index(e->index);
	if (locks)
		mutex_unlock(&s->mu);
	return t;
}

static term intern(const uint8_t *text, size_t size, bool *ret_full)
{
	uint32_t hash = hash_text(text, size);
	struct stripe *s = stripe_of(hash);
	struct atom_entry *e = looks_freely() ? find(s, text, size, hash) : NULL;
	if (e != NULL && accept(e, false))
		return term_of_atom_index(e->index);
	size_t chars;
	if (!utf8_valid(text, size, &chars) || chars > ATOM_CHARS_MAX)
		return TERM_NONE;
	struct stripe_table *old = NULL;
	mutex_lock(&s->mu);
	e = find(s, text, size, hash); /* another thread may have been faster */
	if (e == NULL || !accept(e, false))
		e = add(s, text, size, chars, hash, maker(), &old);
	term t = e != NULL ? term_of_atom_index(e->index) : TERM_NONE;
	mutex_unlock(&s->mu);
	if (old != NULL)
		epoch_retire(&old->retired, stripe_table_retired);
	if (e == NULL && ret_full != NULL)
		*ret_full = true;
	return t;
}

term atom_intern(const uint8_t *text, size_t size, bool *ret_full)
{
	if (ret_full != NULL)
		*ret_full = false;
	if (size > 4 * ATOM_CHARS_MAX)
		return TERM_NONE;
	return intern(text, size, ret_full);
}

term atom_intern_shared(const uint8_t *text, size_t size, bool *ret_full)
{
	bool before = atom_set_sharing(true);
	term t = atom_intern(text, size, ret_full);
	(void)atom_set_sharing(before); /* what it was meanwhile is known */
	return t;
}

static void burial_end(struct epoch_item *item)
{
	struct burial *b = (struct burial *)item; /* first member */
	mutex_lock(&free_lock);
	vec_foreach (e, &b->entries) {
		uint32_t index = (*e)->index;
		atomic_store_relaxed(&atomic_load_acquire(&table.segments[index >> SEGMENT_BITS])[index % SEGMENT_SIZE], NULL);
		vec_push(&free_indexes, index);
	}
	mutex_unlock(&free_lock);
	vec_foreach (e, &b->entries)
		mem_free(MEM_ATOM, *e, sizeof(**e) + (*e)->size);
	vec_done(&b->entries);
	mem_free(MEM_ATOM, b, sizeof(*b));
}

static struct atom_entry *entry_at(uint32_t index)
{
	return atomic_load_acquire(&atomic_load_acquire(&table.segments[index >> SEGMENT_BITS])[index % SEGMENT_SIZE]);
}

void atoms_release(struct account *account)
{
	struct atom_set *set = atomic_load_acquire(&account->atoms);
	if (set == NULL)
		return;
	atomic_store_relaxed(&account->atoms, NULL);
	struct burial *b = mem_zalloc(MEM_ATOM, sizeof(*b));
	vec_foreach (index, &set->indexes) {
		struct atom_entry *e = entry_at(*index);
		struct account *owner = account;
		account_give(account, COUNT_ATOMS, 1);
		if (!atomic_cas_acq_rel(&e->owner, &owner, DEAD))
			continue; /* shared */
		struct stripe *s = stripe_of(e->text_hash);
		mutex_lock(&s->mu);
		struct stripe_table *t = atomic_load_relaxed(&s->table); /* the lock is held */
		uint32_t i = first_slot(t, e->text_hash);
		while (atomic_load_relaxed(&t->slots[i]) != e)
			i = (i + 1) & t->mask;
		atomic_store_release(&t->slots[i], GONE);
		mutex_unlock(&s->mu);
		(void)atomic_fetch_sub_explicit(&table.bytes, e->size, memory_order_relaxed);
		vec_push(&b->entries, e);
	}
	vec_done(&set->indexes);
	mem_free(MEM_ATOM, set, sizeof(*set));
	epoch_retire(&b->retired, burial_end);
}

void atom_share(term atom)
{
	bool alive = share(entry_at(atom_index(atom)));
	debug_assert(alive);
	(void)alive; /* a term that is there holds it */
}

term atom_of_string(const char *text)
{
	return atom_intern_shared((const uint8_t *)text, strlen(text), NULL);
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
	struct account *a = account_current();
	int64_t own = a == NULL ? 0 : atomic_load_relaxed(&a->counts[COUNT_ATOMS]);
	return atomic_load_relaxed(&table.shared) + (uint32_t)own;
}

uint32_t atom_limit(void)
{
	struct account *a = account_current();
	uint64_t max = a == NULL ? 0 : atomic_load_relaxed(&a->atoms_max);
	if (max == 0 || max > table.limit - atomic_load_relaxed(&table.shared))
		return table.limit;
	return atomic_load_relaxed(&table.shared) + (uint32_t)max;
}

size_t atom_bytes(void)
{
	return atomic_load_relaxed(&table.bytes);
}
