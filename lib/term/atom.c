/* SPDX-License-Identifier: Apache-2.0 */
/* The atom table: entries by index in segments, and a hash table in stripes that finds them by text.
 *
 * Invariant: an entry does not change (but for its holders) nor move once its index can be seen; a stripe's slots go from empty to
 * full, and from full to GONE; a stripe's table is replaced only by another that holds all of its living entries. So readers take no
 * lock: one that misses an entry being added meanwhile looks again under the stripe's lock.
 * An entry's holders come to 0 once, under its stripe's lock, under which its slot becomes GONE as well: so nobody who has the lock finds an
 * entry that is over, and a text has one living entry. Entries that are over are freed, and their numbers given again, when every
 * thread has moved on; threads that are not inside of an epoch look under the stripe's lock. */
#include "term/atom.h"

#include "base/account.h"
#include "base/alloc.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "base/numberset.h"
#include "base/utf8.h"
#include "base/vec.h"

#include <string.h>

#define STRIPES 32
#define STRIPE_SLOTS_MIN 64
#define SEGMENT_BITS 10
#define SEGMENT_SIZE (1U << SEGMENT_BITS)

struct atom_entry {
	_Atomic uint32_t holders; /* term/names.h */
	uint32_t text_hash;       /* finds it in the table */
	uint64_t prefix;          /* the first eight bytes, as a big-endian number: decides most comparisons */
	_Atomic(struct account *) charged; /* who bears its memory; never followed */
	uint32_t otp_hash;
	uint32_t index;
	uint16_t size;
	uint16_t chars;
	uint8_t bytes[];
};

#define NEAR_PART 64 /* of the limit: less room than that is not worth a collection before it is used up */

/* Builds where a namespace's atoms are collected after so many new ones, so that a place that no collection looks at is found out. */
#ifdef BEAMR_COLLECT_ATOMS
#define ATOMS_COLLECT_ALWAYS 50U
#else
#define ATOMS_COLLECT_ALWAYS 0U
#endif

#define GONE ((struct atom_entry *)(uintptr_t)8) /* in a slot: pass by */

/* Entries that are over, on their way. */
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
	_Atomic uint32_t living; /* entries */
	_Atomic uint32_t pinned; /* those of C */
	_Atomic size_t bytes;
} table;

static struct mutex free_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_ATOM_SET };
static VEC(uint32_t) free_indexes; /* guarded by free_lock */

/* Held while a number goes over from what an account held before a collection to what it holds now, so that who looks with it finds
 * the number in one of the two. */
static struct mutex over_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_ATOM_SET };

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
	struct stripe_table *t = stripe_table_new(living * 8 > old->mask * 3 ? (old->mask + 1) * 2 : old->mask + 1);
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

static struct atom_entry *entry_at(uint32_t index)
{
	return atomic_load_acquire(&atomic_load_acquire(&table.segments[index >> SEGMENT_BITS])[index % SEGMENT_SIZE]);
}

static const struct atom_entry *entry_of(term atom)
{
	debug_assert(atom_index(atom) < atomic_load_acquire(&table.used));
	return entry_at(atom_index(atom));
}

/* ------------------------------------------------------------------------------------------------ holders */

/* What the account holds; made when first needed. */
static struct numberset *set_of(struct account *a)
{
	struct numberset *set = atomic_load_acquire(&a->atoms); /* Pairs with the exchange below. */
	if (likely(set != NULL))
		return set;
	struct numberset *fresh = numberset_new(MEM_ATOM, table.limit);
	if (atomic_cas_acq_rel(&a->atoms, &set, fresh))
		return fresh;
	(void)numberset_free(fresh); /* always NULL; somebody was faster */
	return set;
}

static uint64_t limit_of(const struct account *a)
{
	uint64_t max = atomic_load_relaxed(&a->atoms_max);
	return max == 0 ? ATOMS_USUAL_MAX : max;
}

enum hold { HELD, OVER, FULL };

static bool is_among(const struct numberset *set, uint32_t index)
{
	return set != NULL && numberset_has(set, index);
}

static void hold_no_more(struct atom_entry *e, struct account *a)
{
	account_give(a, COUNT_ATOMS, 1);
	bool others = holders_drop(&e->holders);
	assert(others); /* the account's other hold */
}

/* While a collection looks for what the account refers to, what it held before goes over, hold and piece: who takes the number out of the
 * set of before has both. False: it is not there, or another thread of the account was faster. */
static bool take_over(struct atom_entry *e, struct account *a)
{
	struct numberset *before = atomic_load_acquire(&a->atoms_before); /* Pairs with atoms_collect(). */
	if (likely(!is_among(before, e->index)))
		return false;
	mutex_lock(&over_lock);
	bool taken = numberset_remove(before, e->index);
	bool twice = taken && !numberset_add(set_of(a), e->index);
	mutex_unlock(&over_lock);
	if (twice)
		hold_no_more(e, a);
	return taken;
}

/* limited: when the account has as many as it may have, it gets no more. */
static _noinline_ enum hold hold_slowly(struct atom_entry *e, struct names_holder holder, bool limited)
{
	if (holder.account != NULL) {
		if (take_over(e, holder.account))
			return HELD;
		if (!account_take(holder.account, COUNT_ATOMS, limited ? limit_of(holder.account) : 0))
			return FULL;
		if (!holders_take(&e->holders)) {
			account_give(holder.account, COUNT_ATOMS, 1);
			return OVER;
		}
		if (!numberset_add(set_of(holder.account), e->index))
			hold_no_more(e, holder.account); /* another thread of the account was faster */
		return HELD;
	}
	if (holder.names != NULL) {
		if (!holders_take(&e->holders))
			return OVER;
		vec_push(&holder.names->atoms, e->index);
		return HELD;
	}
	bool was = (atomic_load_relaxed(&e->holders) & HOLDERS_PINNED) != 0;
	if (!holders_pin(&e->holders))
		return OVER;
	atomic_add_relaxed(&table.pinned, was ? 0 : 1);
	return HELD;
}

/* Whether it holds it, perhaps since before a collection that is under way. */
static bool is_held(struct account *a, uint32_t index)
{
	const struct numberset *was = atomic_load_acquire(&a->atoms_before);
	if (is_among(atomic_load_acquire(&a->atoms), index) || is_among(was, index))
		return true;
	/* An epoch passes within a collection, and the caller is inside of one: none has come and gone meanwhile. */
	if (was == NULL && atomic_load_acquire(&a->atoms_before) == NULL)
		return false;
	mutex_lock(&over_lock); /* it may have gone over between the two */
	bool held = is_among(atomic_load_acquire(&a->atoms), index) || is_among(atomic_load_acquire(&a->atoms_before), index);
	mutex_unlock(&over_lock);
	return held;
}

static inline enum hold hold(struct atom_entry *e, struct names_holder holder, bool limited)
{
	/* Else a collection would not know when what was held is where it finds it. */
	debug_assert(holder.account == NULL || epoch_is_inside());
	if ((atomic_load_acquire(&e->holders) & HOLDERS_PINNED) != 0)
		return HELD;
	/* Whoever found e is inside of an epoch, or has the lock: the number is not another's by now. */
	if (likely(holder.account != NULL)) {
		const struct numberset *set = atomic_load_acquire(&holder.account->atoms); /* Pairs with set_of(). */
		if (likely(set != NULL && numberset_has(set, e->index)))
			return HELD;
	}
	return hold_slowly(e, holder, limited);
}

/* Under the stripe's lock. Invariant: the index is readable before the text is. */
static struct atom_entry *add(
	struct stripe *s, const uint8_t *text, size_t size, size_t chars, uint32_t hash, struct names_holder holder,
	struct stripe_table **ret_old)
{
	uint32_t index;
	struct account *owner = holder.account;
	if (owner != NULL && !account_take(owner, COUNT_ATOMS, limit_of(owner)))
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
	/* Published with the entry, as the next ones. */
	atomic_store_relaxed(&e->charged, owner);
	atomic_store_relaxed(&e->holders, owner == NULL && holder.names == NULL ? HOLDERS_PINNED : 1);
	if (owner != NULL) {
		bool fresh = numberset_add(set_of(owner), index);
		assert(fresh);
		account_charge(owner, ACCOUNT_OTHER, (int64_t)(sizeof(*e) + size));
	} else if (holder.names != NULL) {
		vec_push(&holder.names->atoms, index);
		holder.names->fresh++;
	} else {
		atomic_add_relaxed(&table.pinned, 1);
	}
	atomic_store_release(&segment_get(index >> SEGMENT_BITS)[index % SEGMENT_SIZE], e);
	stripe_put(atomic_load_relaxed(&s->table), e);
	s->used++;
	atomic_add_relaxed(&table.living, 1);
	atomic_add_relaxed(&table.bytes, size);
	return e;
}

static void burial_end(struct epoch_item *item)
{
	struct burial *b = (struct burial *)item; /* first member */
	mutex_lock(&free_lock);
	vec_foreach (e, &b->entries) {
		uint32_t index = (*e)->index;
		atomic_store_relaxed(&atomic_load_acquire(&table.segments[index >> SEGMENT_BITS])[index % SEGMENT_SIZE], NULL);
		/* Where mistakes are looked for, no number stands for two texts. */
		if (!mem_verifies)
			vec_push(&free_indexes, index);
	}
	mutex_unlock(&free_lock);
	vec_foreach (e, &b->entries)
		mem_free(MEM_ATOM, *e, sizeof(**e) + (*e)->size);
	vec_done(&b->entries);
	mem_free(MEM_ATOM, b, sizeof(*b));
}

/* The last holder gives it up. */
static void end(struct atom_entry *e, struct burial **burial)
{
	struct stripe *s = stripe_of(e->text_hash);
	mutex_lock(&s->mu);
	bool over = holders_end(&e->holders);
	if (over) {
		struct stripe_table *t = atomic_load_relaxed(&s->table); /* the lock is held */
		uint32_t i = first_slot(t, e->text_hash);
		while (atomic_load_relaxed(&t->slots[i]) != e)
			i = (i + 1) & t->mask;
		atomic_store_release(&t->slots[i], GONE);
	}
	mutex_unlock(&s->mu);
	if (!over)
		return;
	atomic_sub_relaxed(&table.living, 1);
	atomic_sub_relaxed(&table.bytes, e->size);
	if (*burial == NULL)
		*burial = mem_zalloc(MEM_ATOM, sizeof(**burial));
	vec_push(&(*burial)->entries, e);
}

static void bury(struct burial *b)
{
	if (b != NULL)
		epoch_retire(&b->retired, burial_end);
}

void atoms_drop(const uint32_t *indexes, size_t count)
{
	struct burial *burial = NULL;
	for (size_t i = 0; i < count; i++) {
		struct atom_entry *e = entry_at(indexes[i]);
		if (!holders_drop(&e->holders))
			end(e, &burial);
	}
	bury(burial);
}

void atoms_hold(struct account *account, const uint32_t *indexes, size_t count)
{
	const struct names_holder holder = { .account = account };
	for (size_t i = 0; i < count; i++) {
		enum hold got = hold(entry_at(indexes[i]), holder, false);
		assert(got == HELD); /* who asks holds it */
	}
}

void atom_hold(struct names_holder holder, term atom)
{
	enum hold got = hold(entry_at(atom_index(atom)), holder, false);
	assert(got == HELD); /* a term that is there holds it */
}

size_t atoms_missing(struct account *account, const uint32_t *indexes, size_t count)
{
	size_t missing = 0;
	for (size_t i = 0; i < count; i++)
		missing += !is_held(account, indexes[i]) &&
			   (atomic_load_relaxed(&entry_at(indexes[i])->holders) & HOLDERS_PINNED) == 0;
	return missing;
}

size_t atoms_room(const struct account *account)
{
	uint64_t limit = limit_of(account);
	int64_t now = atomic_load_relaxed(&account->counts[COUNT_ATOMS]);
	return now >= (int64_t)limit ? 0 : (size_t)(limit - (uint64_t)now);
}

struct release {
	struct account *account;
	struct numberset *set;
	struct burial *burial;
	size_t count;
};

static void release_one(uint32_t index, void *arg)
{
	struct release *r = arg;
	struct atom_entry *e = entry_at(index);
	if (!numberset_remove(r->set, index))
		return; /* another thread has found it */
	r->count++;
	account_give(r->account, COUNT_ATOMS, 1);
	struct account *charged = r->account;
	if (atomic_cas_acq_rel(&e->charged, &charged, NULL))
		account_charge_shared(r->account, ACCOUNT_OTHER, -(int64_t)(sizeof(*e) + e->size));
	if (!holders_drop(&e->holders))
		end(e, &r->burial);
}

static size_t release(struct account *account, struct numberset *set)
{
	struct release r = { .account = account, .set = set };
	numberset_each(set, release_one, &r);
	bury(r.burial);
	return r.count;
}

void atoms_release(struct account *account)
{
	struct numberset *set = atomic_load_acquire(&account->atoms); /* Pairs with set_of(). */
	(void)atoms_collected(account);
	if (set == NULL)
		return;
	(void)release(account, set);
	atomic_store_relaxed(&account->atoms, NULL); /* nobody makes any more */
	(void)numberset_free(set);                   /* always NULL */
}

void atoms_collect(struct account *account)
{
	struct numberset *set = set_of(account);
	assert(atomic_load_relaxed(&account->atoms_before) == NULL);
	/* In this order: who does not find an atom in the first finds it in the second. */
	atomic_store_release(&account->atoms_before, set);
	atomic_store_release(&account->atoms, numberset_new(MEM_ATOM, table.limit));
}

size_t atoms_collected(struct account *account)
{
	struct numberset *before = atomic_load_acquire(&account->atoms_before);
	if (before == NULL)
		return 0;
	size_t count = release(account, before);
	atomic_store_release(&account->atoms_before, NULL);
	numberset_retire(before);
	int64_t now = atomic_load_relaxed(&account->counts[COUNT_ATOMS]);
	atomic_store_relaxed(&account->atoms_kept, now > 0 ? (uint64_t)now : 0);
	return count;
}

bool atoms_are_few(const struct account *account)
{
	uint64_t limit = limit_of(account), kept = atomic_load_relaxed(&account->atoms_kept);
	uint64_t room = limit > kept ? limit - kept : 0;
	uint64_t now = (uint64_t)atomic_load_relaxed(&account->counts[COUNT_ATOMS]);
	if (ATOMS_COLLECT_ALWAYS != 0)
		return now < kept + ATOMS_COLLECT_ALWAYS;
	/* Where a collection has left next to no room it is asked for by who meets the limit, and not before. */
	return now < kept + room / 4 * 3 || room < limit / NEAR_PART;
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
	atomic_store_relaxed(&table.living, 0);
	atomic_store_relaxed(&table.pinned, 0);
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
	const struct names_holder holder = names_holder();
	/* What only others have is not there. */
	if (e != NULL && holder.account != NULL && (atomic_load_acquire(&e->holders) & HOLDERS_PINNED) == 0 &&
		!is_held(holder.account, e->index))
		e = NULL;
	term t = e == NULL || hold(e, holder, false) != HELD ? TERM_NONE : term_of_atom_index(e->index);
	if (locks)
		mutex_unlock(&s->mu);
	return t;
}

static term intern_for(struct names_holder holder, const uint8_t *text, size_t size, bool *ret_full)
{
	uint32_t hash = hash_text(text, size);
	struct stripe *s = stripe_of(hash);
	struct atom_entry *e = looks_freely() ? find(s, text, size, hash) : NULL;
	if (e != NULL && hold(e, holder, true) == HELD)
		return term_of_atom_index(e->index);
	size_t chars;
	if (!utf8_valid(text, size, &chars) || chars > ATOM_CHARS_MAX)
		return TERM_NONE;
	struct stripe_table *old = NULL;
	mutex_lock(&s->mu);
	e = find(s, text, size, hash); /* another thread may have been faster */
	if (e == NULL)
		e = add(s, text, size, chars, hash, holder, &old);
	else if (hold(e, holder, true) != HELD)
		e = NULL;
	term t = e != NULL ? term_of_atom_index(e->index) : TERM_NONE;
	mutex_unlock(&s->mu);
	if (old != NULL)
		epoch_retire(&old->retired, stripe_table_retired);
	if (e == NULL && ret_full != NULL)
		*ret_full = true;
	if (holder.account != NULL && (e == NULL || unlikely(!atoms_are_few(holder.account))))
		names_want_collection(holder.account);
	return t;
}

term atom_intern(const uint8_t *text, size_t size, bool *ret_full)
{
	if (ret_full != NULL)
		*ret_full = false;
	if (size > 4 * ATOM_CHARS_MAX)
		return TERM_NONE;
	return intern_for(names_holder(), text, size, ret_full);
}

term atom_of_string(const char *text)
{
	return intern_for((struct names_holder){ 0 }, (const uint8_t *)text, strlen(text), NULL);
}

bool atom_is_held(term atom)
{
	const uint32_t index = atom_index(atom);
	struct account *a = names_holder().account;
	if (ATOMS_COLLECT_ALWAYS == 0 || table.segments == NULL)
		return true; /* nobody asks; tests of what is below */
	if (index >= atomic_load_acquire(&table.used) || entry_at(index) == NULL)
		return false;
	return a == NULL || (atomic_load_acquire(&entry_at(index)->holders) & HOLDERS_PINNED) != 0 || is_held(a, index);
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
	const struct account *a = names_holder().account;
	if (a == NULL)
		return atomic_load_relaxed(&table.living);
	return atomic_load_relaxed(&table.pinned) + (uint32_t)atomic_load_relaxed(&a->counts[COUNT_ATOMS]);
}

uint32_t atom_limit(void)
{
	const struct account *a = names_holder().account;
	uint32_t pinned = atomic_load_relaxed(&table.pinned);
	uint64_t max = a == NULL ? table.limit : limit_of(a);
	return a == NULL || max > table.limit - pinned ? table.limit : pinned + (uint32_t)max;
}

size_t atom_bytes(void)
{
	return atomic_load_relaxed(&table.bytes);
}
