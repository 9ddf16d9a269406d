/* SPDX-License-Identifier: Apache-2.0 */
/* Modules by content: a hash table with chains, under one lock.
 *
 * Invariant: a reference count falls to 0, and rises from 0, only under the lock. A module that code_cache_find() meets in the
 * table without references is dying, and lives on when it is found. */
#include "code/cache.h"

#include "base/account.h"
#include "base/alloc.h"
#include "base/lock.h"
#include "base/wordmap.h"
#include "code/digests.h"
#include "term/atom.h"

#include <sha2.h>
#include <string.h>

struct slot {
	struct module_code *code;
	struct slot *next;
};

/* The funs of a file, in code or in what is left of it, and who may have them: the code, accounts, terms in the host's hands. */
struct fun_family {
	size_t holders;           /* guarded by lock, like what follows */
	struct module_code *gone; /* they are left over; NULL: the code has them, or there are none */
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

/* One more reference; lock held. */
static struct module_code *refer(struct module_code *code)
{
	if (code->dying && atomic_load_relaxed(&code->refs) == 0) {
		code->revived = true;
		for (size_t i = 0; code->fun_codes != NULL && i < code->fun_count; i++)
			code->funs[i].code = code->fun_codes[i];
	}
	return module_code_ref(code);
}

struct module_code *code_cache_find(const uint8_t digest[32])
{
	mutex_lock(&lock);
	struct slot **s = find(digest);
	struct module_code *code = s == NULL || (*s)->code->gone ? NULL : refer((*s)->code);
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
	(void)refer(code); /* the same pointer */
	mutex_unlock(&lock);
	return code;
}

static void forget_fun_codes(struct module_code *code)
{
	if (code->fun_codes != NULL)
		mem_free(MEM_CODE, code->fun_codes, code->fun_count * sizeof(*code->fun_codes));
	code->fun_codes = NULL;
}

bool code_cache_begin(struct module_code *code)
{
	mutex_lock(&lock);
	bool dying = atomic_load_relaxed(&code->refs) == 0;
	code->revived = false;
	if (!dying) {
		code->dying = false;
		forget_fun_codes(code);
	} else {
		if (code->fun_codes == NULL && code->fun_count > 0) {
			code->fun_codes = mem_alloc(MEM_CODE, code->fun_count * sizeof(*code->fun_codes));
			for (size_t i = 0; i < code->fun_count; i++)
				code->fun_codes[i] = code->funs[i].code;
		}
		for (size_t i = 0; i < code->fun_count; i++)
			code->funs[i].code = NULL;
	}
	mutex_unlock(&lock);
	return dying;
}

/* ------------------------------------------------------------------------------------------------ funs */

static void free_gone(struct epoch_item *item)
{
	struct module_code *gone = (struct module_code *)(void *)((char *)item - offsetof(struct module_code, retired));
	mem_free(MEM_CODE, gone->funs, gone->fun_count * sizeof(*gone->funs));
	names_done(&gone->names);
	mem_free(MEM_CODE, gone, sizeof(*gone));
}

static struct fun_family *family_of(struct module_code *code)
{
	if (code->family == NULL) {
		code->family = mem_zalloc(MEM_CODE, sizeof(*code->family));
		code->family->holders = 1; /* the code */
	}
	return code->family;
}

/* One holder less; lock held. Returns what is left over when it was the last, to be retired. */
static struct module_code *family_drop(struct fun_family *family)
{
	if (--family->holders > 0)
		return NULL;
	struct module_code *gone = family->gone;
	mem_free(MEM_CODE, family, sizeof(*family));
	struct slot **s = gone != NULL ? find(gone->digest) : NULL;
	if (s != NULL && (*s)->code == gone)
		take_out(s);
	return gone;
}

/* lock held. False: the account has them already. */
static bool family_hold(struct fun_family *family, struct account *account)
{
	bool fresh;
	if (account->families == NULL)
		account->families = mem_zalloc(MEM_CODE, sizeof(*account->families));
	(void)wordmap_put(account->families, MEM_CODE, (uintptr_t)family, &fresh); /* its key is all */
	/* While a collection looks for what the account refers to, what it held before goes over. */
	if (fresh && (account->families_before == NULL || !wordmap_remove(account->families_before, MEM_CODE, (uintptr_t)family)))
		family->holders++;
	return fresh;
}

void code_cache_hold_funs(struct module_code *code, struct account *account)
{
	if (code->fun_count == 0)
		return;
	mutex_lock(&lock);
	(void)family_hold(family_of(code), account); /* as well if it does already */
	mutex_unlock(&lock);
}

static void hold_fun(struct names_holder holder, const struct fun_entry *entry)
{
	mutex_lock(&lock);
	struct module_code *module = entry->module;
	struct fun_family *family = family_of(module);
	if (holder.account != NULL) {
		if (family_hold(family, holder.account))
			names_hold(&module->names, holder.account);
	} else {
		/* Without a holder they stay. */
		family->holders++;
		if (holder.names != NULL)
			vec_push(&holder.names->families, family);
		atom_hold(holder, entry->module_name);
		atom_hold(holder, entry->function);
	}
	mutex_unlock(&lock);
}

static void drop_funs(struct fun_family *const *families, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mutex_lock(&lock);
		struct module_code *gone = family_drop(families[i]);
		mutex_unlock(&lock);
		if (gone != NULL)
			epoch_retire(&gone->retired, free_gone);
	}
}

static void collect_funs(struct account *account)
{
	mutex_lock(&lock);
	account->families_before = account->families;
	account->families = NULL;
	mutex_unlock(&lock);
}

static void release_map(struct wordmap **of_account)
{
	mutex_lock(&lock);
	struct wordmap *map = *of_account;
	*of_account = NULL;
	mutex_unlock(&lock);
	if (map == NULL)
		return;
	wordmap_foreach (e, map) {
		struct fun_family *family = (struct fun_family *)(uintptr_t)e->key;
		drop_funs(&family, 1);
	}
	wordmap_done(map, MEM_CODE);
	mem_free(MEM_CODE, map, sizeof(*map));
}

static void collected_funs(struct account *account)
{
	release_map(&account->families_before);
}

static void release_funs(struct account *account)
{
	release_map(&account->families_before);
	release_map(&account->families);
}

void code_cache_init(void)
{
	static const struct names_of_funs funs = {
		.hold = hold_fun,
		.drop = drop_funs,
		.release = release_funs,
		.collect = collect_funs,
		.collected = collected_funs,
	};
	names_set_funs(&funs);
}

/* Moves the funs to a module of their own, for who may have them; lock held. */
static void keep_funs(struct module_code *code)
{
	struct fun_family *family = code->family;
	code->family = NULL;
	if (family == NULL)
		return;
	if (family->holders == 1 || code->fun_count == 0) {
		(void)family_drop(family); /* nothing is left over */
		return;
	}
	family->holders--;
	struct module_code *gone = mem_zalloc(MEM_CODE, sizeof(*gone));
	gone->name = code->name;
	memcpy(gone->md5, code->md5, sizeof(gone->md5));
	memcpy(gone->digest, code->digest, sizeof(gone->digest));
	gone->attributes = gone->compile_info = gone->records = TERM_NIL;
	gone->gone = true;
	gone->funs = code->funs;
	gone->fun_count = code->fun_count;
	for (size_t i = 0; i < gone->fun_count; i++)
		gone->funs[i].module = gone;
	code->funs = NULL;
	code->fun_count = 0;
	gone->family = family;
	family->gone = gone;
	for (size_t i = 0; i < gone->fun_count; i++) {
		const struct names_holder holder = { .names = &gone->names };
		atom_hold(holder, gone->funs[i].module_name);
		atom_hold(holder, gone->funs[i].function);
	}
	names_settle(&gone->names);
	/* When an equal file is loaded beside it (a copy of its own), these funs stay lost. */
	if (find(gone->digest) == NULL)
		add(gone);
}

static void digest_of_fun(const struct fun_entry *named, uint8_t ret[32])
{
	SHA2_CTX ctx;
	SHA256Init(&ctx);
	SHA256Update(&ctx, named->uniq, sizeof(named->uniq));
	SHA256Update(&ctx, (const uint8_t *)&named->module_name, sizeof(named->module_name));
	SHA256Update(&ctx, (const uint8_t *)&named->arity, sizeof(named->arity));
	SHA256Update(&ctx, (const uint8_t *)&named->free_count, sizeof(named->free_count));
	SHA256Update(&ctx, (const uint8_t *)&named->index, sizeof(named->index));
	SHA256Update(&ctx, (const uint8_t *)&named->old_uniq, sizeof(named->old_uniq));
	SHA256Final(ret, &ctx);
}

/* lock held. */
static struct module_code *make_fun_apart(const struct fun_entry *named, const uint8_t digest[32])
{
	struct module_code *gone = mem_zalloc(MEM_CODE, sizeof(*gone));
	gone->name = named->module_name;
	memcpy(gone->digest, digest, 32);
	gone->attributes = gone->compile_info = gone->records = TERM_NIL;
	gone->gone = true;
	gone->funs = mem_alloc(MEM_CODE, sizeof(*gone->funs));
	gone->fun_count = 1;
	gone->funs[0] = *named;
	gone->funs[0].module = gone;
	gone->family = mem_zalloc(MEM_CODE, sizeof(*gone->family));
	gone->family->gone = gone;
	const struct names_holder holder = { .names = &gone->names };
	atom_hold(holder, named->module_name);
	names_settle(&gone->names);
	add(gone);
	return gone;
}

struct fun_entry *code_cache_fun_apart(const struct fun_entry *named, struct account *account)
{
	uint8_t digest[32];
	digest_of_fun(named, digest);
	mutex_lock(&lock);
	struct slot **s = find(digest);
	struct module_code *gone = s != NULL ? (*s)->code : NULL;
	if (gone == NULL && (account->families == NULL || account->families->count < CODE_FUNS_APART_MAX))
		gone = make_fun_apart(named, digest);
	if (gone != NULL && family_hold(gone->family, account))
		names_hold(&gone->names, account);
	mutex_unlock(&lock);
	return gone != NULL ? gone->funs : NULL;
}

enum code_fate code_cache_settle(struct module_code *code, bool needed)
{
	enum code_fate fate = FATE_OVER;
	mutex_lock(&lock);
	if (atomic_load_relaxed(&code->refs) > 0) {
		code->dying = false;
		forget_fun_codes(code);
		fate = FATE_ALIVE;
	} else if (code->revived) {
		fate = FATE_AGAIN;
	} else if (needed) {
		fate = FATE_KEPT;
	} else {
		struct slot **s = find(code->digest);
		if (s != NULL && (*s)->code == code)
			take_out(s);
		forget_fun_codes(code);
		keep_funs(code);
	}
	mutex_unlock(&lock);
	return fate;
}

bool code_cache_drop(struct module_code *code, bool dispose)
{
	uint32_t refs = atomic_load_relaxed(&code->refs);
	while (refs > 1) {
		if (atomic_cas_acq_rel(&code->refs, &refs, refs - 1))
			return false;
	}
	mutex_lock(&lock);
	bool last = atomic_sub_acq_rel(&code->refs, 1) == 1;
	if (last && dispose) {
		/* One that was revived and dropped again is still in the hands of its disposal. */
		last = !code->dying;
		code->dying = true;
	} else if (last) {
		struct slot **s = find(code->digest);
		if (s != NULL && (*s)->code == code)
			take_out(s);
		/* No term is left, or none was made: its funs go with it. */
		if (code->family != NULL)
			(void)family_drop(code->family); /* it has nothing that is left over */
		code->family = NULL;
	}
	mutex_unlock(&lock);
	return last;
}

void code_cache_take_funs(struct module_code *code)
{
	mutex_lock(&lock);
	struct slot **s = find(code->digest);
	struct module_code *gone = s != NULL && (*s)->code->gone ? (*s)->code : NULL;
	if (gone != NULL) {
		take_out(s);
		code->family = gone->family;
		code->family->holders++;
		code->family->gone = NULL;
	}
	mutex_unlock(&lock);
	if (gone == NULL)
		return;
	assert(gone->fun_count == code->fun_count); /* of equal files */
	mem_free(MEM_CODE, code->funs, code->fun_count * sizeof(*code->funs));
	code->funs = gone->funs;
	gone->funs = NULL;
	gone->fun_count = 0;
	for (size_t i = 0; i < code->fun_count; i++)
		code->funs[i].module = code;
	atomic_store_relaxed(&code->published, true); /* terms refer to it */
	epoch_retire(&gone->retired, free_gone);
}

void code_cache_done(void)
{
	digests_done();
	mutex_lock(&lock);
	for (size_t i = 0; i < cache.slot_count; i++) {
		for (struct slot *s = cache.slots[i], *next; s != NULL; s = next) {
			next = s->next;
			if (s->code->gone) {
				mem_free(MEM_CODE, s->code->family, sizeof(*s->code->family));
				free_gone(&s->code->retired);
			}
			mem_free(MEM_CODE, s, sizeof(*s));
		}
	}
	mem_free(MEM_CODE, cache.slots, cache.slot_count * sizeof(*cache.slots));
	cache.slots = NULL;
	cache.slot_count = cache.count = 0;
	mutex_unlock(&lock);
}
