/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a namespace: their names, their owners, who holds them fixed, and how they come and go.
 *
 * Locks: the space's mutex before a table's. A table found by name is locked after the space was unlocked, so whoever
 * locks one asks then whether it is still alive, and still has that name.
 * Invariant: a table is in its space's lists from ets_new until ets_delete or its owner's end. */
#include "ets/table.h"

#include "base/clock.h"
#include "base/pool.h"
#include "bif/bif.h"
#include "ets/space.h"
#include "heap/offheap.h"

struct owner {
	term pid;
	struct owner *next;
	struct table *tables;
	struct fix *fixes;
};

static size_t bucket_of(const struct buckets *b, term key)
{
	return (size_t)((key * 0x9E3779B97F4A7C15U) >> 32) & (b->size - 1);
}

static void space_init(struct ns *ns)
{
	ns->ets = mem_zalloc(MEM_ETS, sizeof(*ns->ets));
	mutex_init(&ns->ets->mutex, LOCK_ETS_TABLES);
}

/* Both kinds of buckets grow alike; link and key say how to read their items. */
static void buckets_grow(struct buckets *b, void **(*link)(void *item), term (*key)(const void *item))
{
	if (b->count < b->size)
		return;
	struct buckets larger = { .size = b->size > 0 ? b->size * 2 : 16, .count = b->count };
	larger.items = mem_zalloc(MEM_ETS, larger.size * sizeof(void *));
	for (size_t i = 0; i < b->size; i++) {
		for (void *item = b->items[i]; item != NULL;) {
			void *next = *link(item);
			size_t at = bucket_of(&larger, key(item));
			*link(item) = larger.items[at];
			larger.items[at] = item;
			item = next;
		}
	}
	mem_free(MEM_ETS, b->items, b->size * sizeof(void *));
	*b = larger;
}

static void **name_link(void *item)
{
	return (void **)&((struct table *)item)->name_next;
}

static term name_key(const void *item)
{
	return ((const struct table *)item)->name;
}

static void **owner_link(void *item)
{
	return (void **)&((struct owner *)item)->next;
}

static term owner_key(const void *item)
{
	return ((const struct owner *)item)->pid;
}

static struct table *name_find(struct ets_space *space, term name)
{
	if (space->names.size == 0)
		return NULL;
	struct table *t = space->names.items[bucket_of(&space->names, name)];
	while (t != NULL && t->name != name)
		t = t->name_next;
	return t;
}

static void name_add(struct ets_space *space, struct table *t)
{
	buckets_grow(&space->names, name_link, name_key);
	size_t at = bucket_of(&space->names, t->name);
	t->name_next = space->names.items[at];
	space->names.items[at] = t;
	space->names.count++;
}

static void name_remove(struct ets_space *space, struct table *t)
{
	if (space->names.size == 0)
		return;
	void **at = &space->names.items[bucket_of(&space->names, t->name)];
	while (*at != NULL && *at != t)
		at = name_link(*at);
	if (*at == NULL)
		return;
	*at = t->name_next;
	space->names.count--;
}

/* Two tables may share a key in theory; the one made last is found. */
static uint64_t id_key(struct ref_id id)
{
	return id.high << 40 ^ id.low;
}

static struct table *id_find(struct ets_space *space, struct ref_id id)
{
	const struct wordmap_entry *e = wordmap_find(&space->by_id, id_key(id));
	struct table *t = e != NULL ? (struct table *)(uintptr_t)e->value : NULL;
	return t != NULL && ref_id_equal(t->id, id) ? t : NULL;
}

static void id_remove(struct ets_space *space, const struct table *t)
{
	if (id_find(space, t->id) == t)
		(void)wordmap_remove(&space->by_id, MEM_ETS, id_key(t->id)); /* it is there */
}

static struct owner *owner_find(struct ets_space *space, term pid)
{
	if (space->owners.size == 0)
		return NULL;
	struct owner *o = space->owners.items[bucket_of(&space->owners, pid)];
	while (o != NULL && o->pid != pid)
		o = o->next;
	return o;
}

static struct owner *owner_get(struct ets_space *space, term pid)
{
	struct owner *o = owner_find(space, pid);
	if (o != NULL)
		return o;
	buckets_grow(&space->owners, owner_link, owner_key);
	o = mem_alloc(MEM_ETS, sizeof(*o));
	size_t at = bucket_of(&space->owners, pid);
	*o = (struct owner){ .pid = pid, .next = space->owners.items[at] };
	space->owners.items[at] = o;
	space->owners.count++;
	return o;
}

/* Frees an owner that owns nothing any more. */
static void owner_release(struct ets_space *space, struct owner *o)
{
	if (o == NULL || o->tables != NULL || o->fixes != NULL)
		return;
	void **at = &space->owners.items[bucket_of(&space->owners, o->pid)];
	while (*at != o)
		at = owner_link(*at);
	*at = o->next;
	space->owners.count--;
	mem_free(MEM_ETS, o, sizeof(*o));
}

static void owner_add_table(struct ets_space *space, struct table *t)
{
	struct owner *o = owner_get(space, t->owner);
	t->owner_next = o->tables;
	t->owner_link = &o->tables;
	if (o->tables != NULL)
		o->tables->owner_link = &t->owner_next;
	o->tables = t;
}

static void owner_remove_table(struct ets_space *space, struct table *t)
{
	*t->owner_link = t->owner_next;
	if (t->owner_next != NULL)
		t->owner_next->owner_link = t->owner_link;
	owner_release(space, owner_find(space, t->owner));
}

static void table_destroy(struct counted *counted)
{
	struct table *t = (struct table *)(void *)counted; /* first member */
	ets_charge_bytes(t, -(int64_t)t->bytes);
	account_charge(t->account, ACCOUNT_ETS, -(int64_t)sizeof(*t));
	t->account = NULL;
	(void)ets_empty_some(t, SIZE_MAX); /* its bytes were counted just now */
	owned_term_free(t->heir_data);
	mutex_done(&t->mutex);
	mem_free(MEM_ETS, t, sizeof(*t));
}

static struct table *ets_alloc(enum table_type type, size_t keypos, struct account *account)
{
	struct table *t = mem_zalloc(MEM_ETS, sizeof(*t));
	t->counted.refs = 1;
	t->counted.destroy = table_destroy;
	t->type = type;
	t->keypos = keypos;
	t->heir = TERM_NONE;
	t->account = account;
	account_charge(account, ACCOUNT_ETS, sizeof(*t));
	mutex_init(&t->mutex, LOCK_ETS_TABLE);
	return t;
}

static void contents_init(struct table *t)
{
	if (ets_is_tree(t))
		tree_init(t);
	else
		hash_init(t);
}

bool ets_empty_some(struct table *t, size_t objects)
{
	return ets_is_tree(t) ? tree_empty_some(t, objects) : hash_empty_some(t, objects);
}

struct table *ets_detach(struct table *t)
{
	struct table *husk = ets_alloc(t->type, t->keypos, t->account);
	if (ets_is_tree(t))
		husk->tree = t->tree;
	else
		husk->hash = t->hash;
	husk->bytes = t->bytes;
	husk->count = t->count;
	t->bytes = 0;
	t->count = 0;
	contents_init(t);
	return husk;
}

struct table *ets_new(struct proc *p, const struct table_options *options, term *ret_identifier)
{
	struct ets_space *space = p->ns->ets;
	struct table *t = ets_alloc(options->type, options->keypos, p->account);
	t->space = space;
	t->id = ref_new_id();
	t->is_named = options->named;
	t->compressed = options->compressed;
	t->read_concurrency = options->read_concurrency;
	t->write_concurrency = options->write_concurrency;
	t->decentralized_counters = options->decentralized_counters;
	t->name = options->name;
	t->owner = p->pid;
	t->access = options->access;
	t->heir = options->heir;
	if (options->heir_data != TERM_NONE)
		t->heir_data = owned_term_new_deep(MEM_ETS, options->heir_data);
	contents_init(t);
	atomic_store_relaxed(&t->alive, true);

	mutex_lock(&space->mutex);
	if (t->is_named) {
		struct table *other = name_find(space, t->name);
		/* One that was just deleted may still stand there. Pairs with ets_delete. */
		if (other != NULL && !atomic_load_acquire(&other->alive)) {
			name_remove(space, other);
			other = NULL;
		}
		if (other != NULL) {
			mutex_unlock(&space->mutex);
			ets_put(t);
			return NULL;
		}
		name_add(space, t);
	}
	owner_add_table(space, t);
	t->space_index = space->all.count;
	vec_push(&space->all, t);
	wordmap_put(&space->by_id, MEM_ETS, id_key(t->id), NULL)->value = (uint64_t)(uintptr_t)t;
	(void)atomic_add_relaxed(&space->count, 1);
	*ret_identifier = ets_identifier(bif_heap(p), t);
	mutex_unlock(&space->mutex);
	p->flags |= PROC_TABLES;
	return t;
}

bool ets_is_reference(term t)
{
	return term_is_kind(t, BOXED_MAGIC_REF) && offheap_counted(boxed_ptr(t))->destroy == table_destroy;
}

bool ets_is_identifier(term t)
{
	return term_is_atom(t) || ets_is_reference(t);
}

struct table *ets_get_of(struct ns *ns, term identifier)
{
	struct table *t = NULL;
	if (term_is_atom(identifier) || term_is_kind(identifier, BOXED_REF)) {
		struct ets_space *space = ns->ets;
		mutex_lock(&space->mutex);
		t = term_is_atom(identifier) ? name_find(space, identifier) : id_find(space, ref_id_of(identifier));
		if (t != NULL)
			counted_ref(&t->counted);
		mutex_unlock(&space->mutex);
	} else if (ets_is_reference(identifier)) {
		t = (struct table *)(void *)offheap_counted(boxed_ptr(identifier)); /* first member */
		counted_ref(&t->counted);
	}
	/* Another namespace's table is none here, even for who was given its reference. */
	if (t != NULL && t->account != ns->account) {
		counted_unref(&t->counted);
		return NULL;
	}
	return t;
}

struct table *ets_get(struct proc *p, term identifier)
{
	return ets_get_of(p->ns, identifier);
}

void ets_put(struct table *t)
{
	counted_unref(&t->counted);
}

static int check_access(const struct proc *p, const struct table *t, enum table_need need)
{
	/* Another namespace's table is none here, even for who was given its reference. */
	if (!atomic_load_relaxed(&t->alive) || t->account != p->account)
		return TABLE_E_ID;
	if (t->owner == p->pid || need == NEED_INFO)
		return 0;
	if (need == NEED_OWNER || t->access == TABLE_PRIVATE || (need == NEED_WRITE && t->access != TABLE_PUBLIC))
		return TABLE_E_ACCESS;
	return 0;
}

int ets_lock(struct proc *p, term identifier, enum table_need need, struct table **ret)
{
	struct table *t;
	bool kept = ets_is_reference(identifier); /* the reference itself keeps the struct */
	if (kept)
		t = (struct table *)(void *)offheap_counted(boxed_ptr(identifier)); /* first member */
	else
		t = ets_get(p, identifier);
	if (t == NULL)
		return TABLE_E_ID;
	mutex_lock(&t->mutex);
	int r = check_access(p, t, need);
	if (r == 0 && term_is_atom(identifier) && t->name != identifier)
		r = TABLE_E_ID;
	if (r != 0)
		mutex_unlock(&t->mutex);
	if (!kept)
		ets_put(t); /* alive and locked, it is not freed by this */
	if (r == 0)
		*ret = t;
	return r;
}

void ets_unlock(struct table *t)
{
	mutex_unlock(&t->mutex);
}

term ets_reference_take(struct heap *heap, struct table *t)
{
	term *p = heap_alloc(heap, MAGIC_REF_WORDS);
	p[0] = HEADER(BOXED_MAGIC_REF, MAGIC_REF_WORDS - 1);
	p[2] = (term)(uintptr_t)&t->counted;
	p[3] = t->id.high;
	p[4] = t->id.low;
	offheap_add(&heap->offheap, p, MAGIC_REF_BYTES);
	return term_of_boxed(p);
}

term ets_reference(struct heap *heap, struct table *t)
{
	counted_ref(&t->counted);
	return ets_reference_take(heap, t);
}

term ets_identifier(struct heap *heap, struct table *t)
{
	return t->is_named ? t->name : ets_reference(heap, t);
}

static void fix_free(struct fix *fix)
{
	account_charge(fix->table->account, ACCOUNT_ETS, -(int64_t)sizeof(*fix));
	mem_free(MEM_ETS, fix, sizeof(*fix));
}

static void fixes_drop(struct ets_space *space, struct table *t)
{
	for (struct fix *fix = t->fixes; fix != NULL;) {
		struct fix *next = fix->table_next;
		struct owner *o = owner_find(space, fix->pid);
		for (struct fix **at = &o->fixes; *at != NULL; at = &(*at)->owner_next) {
			if (*at == fix) {
				*at = fix->owner_next;
				break;
			}
		}
		owner_release(space, o);
		fix_free(fix);
		fix = next;
	}
	t->fixes = NULL;
}

/* Out of the space's lists; the count for being alive goes. */
static void ets_unlist(struct ets_space *space, struct table *t)
{
	if (t->is_named)
		name_remove(space, t);
	id_remove(space, t);
	owner_remove_table(space, t);
	fixes_drop(space, t);
	struct table *last = space->all.items[--space->all.count];
	space->all.items[t->space_index] = last;
	last->space_index = t->space_index;
	(void)atomic_add_relaxed(&space->count, -1);
	account_give(t->account, COUNT_TABLES, 1);
}

struct table *ets_delete(struct table *t)
{
	struct ets_space *space = t->space;
	struct table *husk = ets_detach(t);
	/* Pairs with ets_new, which may take the name at once. */
	atomic_store_release(&t->alive, false);
	mutex_unlock(&t->mutex);
	mutex_lock(&space->mutex);
	ets_unlist(space, t);
	mutex_unlock(&space->mutex);
	ets_put(t);
	return husk;
}

/* The space and the table locked, p having the access. */
static int lock_both(struct proc *p, term identifier, enum table_need need,
	struct table **ret) NO_THREAD_SAFETY_ANALYSIS;

static int lock_both(struct proc *p, term identifier, enum table_need need, struct table **ret)
{
	struct table *t = ets_get(p, identifier);
	if (t == NULL)
		return TABLE_E_ID;
	if (t->space == NULL) { /* detached contents */
		ets_put(t);
		return TABLE_E_ID;
	}
	mutex_lock(&t->space->mutex);
	mutex_lock(&t->mutex);
	int r = check_access(p, t, need);
	if (r == 0 && term_is_atom(identifier) && t->name != identifier)
		r = TABLE_E_ID;
	if (r != 0) {
		mutex_unlock(&t->mutex);
		mutex_unlock(&t->space->mutex);
		ets_put(t);
		return r;
	}
	*ret = t;
	return 0;
}

static void unlock_both(struct table *t) NO_THREAD_SAFETY_ANALYSIS;

static void unlock_both(struct table *t)
{
	mutex_unlock(&t->mutex);
	mutex_unlock(&t->space->mutex);
	ets_put(t);
}

int ets_rename(struct proc *p, term identifier, term name)
{
	struct table *t;
	int r = lock_both(p, identifier, NEED_WRITE, &t);
	if (r != 0)
		return r;
	if (t->is_named && name != t->name) {
		struct table *other = name_find(t->space, name);
		if (other != NULL && atomic_load_acquire(&other->alive)) {
			r = TABLE_E_NAME;
		} else {
			if (other != NULL)
				name_remove(t->space, other);
			name_remove(t->space, t);
			t->name = name;
			name_add(t->space, t);
		}
	} else {
		t->name = name;
	}
	unlock_both(t);
	return r;
}

static bool is_live(const struct proc *p, term pid)
{
	struct proc *other = term_is_local_pid(pid) ? proc_lookup(pid) : NULL;
	/* Pairs with the end of a process, which marks itself before it comes to owner_ends. */
	return other != NULL && other->account == p->account && (atomic_load_acquire(&other->state) & (STATE_EXITING | STATE_FREE)) == 0;
}

/* Both locked. */
static void change_owner(struct table *t, term to)
{
	owner_remove_table(t->space, t);
	t->owner = to;
	owner_add_table(t->space, t);
	atomic_store_release(&t->space->transfers, true);
}

int ets_give(struct proc *p, term identifier, term to, term data)
{
	struct table *t;
	int r = lock_both(p, identifier, NEED_OWNER, &t);
	if (r != 0)
		return r;
	if (to == p->pid || !is_live(p, to)) {
		unlock_both(t);
		return TABLE_E_PROCESS;
	}
	change_owner(t, to);
	term table = ets_identifier(bif_heap(p), t);
	unlock_both(t);
	term message = heap_tuple_of(bif_heap(p), A(ETS_TRANSFER), table, p->pid, data);
	if (!proc_send(p, to, message))
		p->outcome = OUTCOME_NONE; /* it has just ended: its end finds the table */
	return 0;
}

int ets_set_heir(struct proc *p, term identifier, term heir, term data)
{
	struct table *t;
	int r = lock_both(p, identifier, NEED_OWNER, &t);
	if (r != 0)
		return r;
	struct owned_term *old = t->heir_data;
	t->heir = heir;
	t->heir_data = data != TERM_NONE ? owned_term_new_deep(MEM_ETS, data) : NULL;
	unlock_both(t);
	owned_term_free(old);
	return 0;
}

term ets_all(struct proc *p)
{
	struct ets_space *space = p->ns->ets;
	term list = TERM_NIL;
	mutex_lock(&space->mutex);
	vec_foreach (t, &space->all) {
		term ref = (*t)->is_named ? (*t)->name : ets_reference(bif_heap(p), *t);
		list = heap_cons(bif_heap(p), ref, list);
	}
	mutex_unlock(&space->mutex);
	return list;
}

int ets_fix(struct proc *p, term identifier, bool fix)
{
	struct table *t;
	int r = lock_both(p, identifier, NEED_READ, &t);
	if (r != 0)
		return r;
	struct ets_space *space = t->space;
	struct owner *o = fix ? owner_get(space, p->pid) : owner_find(space, p->pid);
	struct fix **at = o != NULL ? &o->fixes : NULL;
	while (at != NULL && *at != NULL && (*at)->table != t)
		at = &(*at)->owner_next;
	if (fix && *at == NULL) {
		if (t->fixes == NULL) {
			t->fixed_since_nsec = clock_monotonic_nsec();
			t->fixed_since_realtime_nsec = clock_realtime_nsec();
		}
		struct fix *new = mem_alloc(MEM_ETS, sizeof(*new));
		account_charge(t->account, ACCOUNT_ETS, sizeof(*new));
		*new = (struct fix){ .table = t, .pid = p->pid, .count = 1, .table_next = t->fixes };
		t->fixes = new;
		*at = new;
		p->flags |= PROC_TABLES;
		atomic_store_relaxed(&t->fixed, true);
	} else if (fix) {
		(*at)->count++;
	} else if (at != NULL && *at != NULL && --(*at)->count == 0) {
		struct fix *old = *at;
		*at = old->owner_next;
		for (struct fix **link = &t->fixes; *link != NULL; link = &(*link)->table_next) {
			if (*link == old) {
				*link = old->table_next;
				break;
			}
		}
		atomic_store_relaxed(&t->fixed, t->fixes != NULL);
		fix_free(old);
		owner_release(space, o);
	}
	unlock_both(t);
	return 0;
}

term ets_fixes(struct proc *p, struct table *t, bool monotonic)
{
	struct heap *heap = bif_heap(p);
	mutex_lock(&t->space->mutex);
	if (t->fixes == NULL) {
		mutex_unlock(&t->space->mutex);
		return A(false);
	}
	term list = TERM_NIL;
	for (struct fix *fix = t->fixes; fix != NULL; fix = fix->table_next)
		list = heap_cons(heap, heap_tuple_of(heap, fix->pid, term_of_small((int64_t)fix->count)), list);
	int64_t nsec = monotonic ? t->fixed_since_nsec : t->fixed_since_realtime_nsec;
	mutex_unlock(&t->space->mutex);
	term since;
	if (monotonic) {
		since = term_of_small(nsec);
	} else {
		int64_t usec = nsec / 1000;
		since = heap_tuple_of(heap, term_of_small(usec / 1000000000000), term_of_small(usec / 1000000 % 1000000),
			term_of_small(usec % 1000000));
	}
	return heap_tuple_of(heap, since, list);
}

/* Transfers to send once no lock is held. */
struct transfer {
	struct table *table; /* counted */
	term heir;
};

static void fixes_release(struct ets_space *space, struct owner *o)
{
	while (o->fixes != NULL) {
		struct fix *fix = o->fixes;
		o->fixes = fix->owner_next;
		struct table *t = fix->table;
		for (struct fix **link = &t->fixes; *link != NULL; link = &(*link)->table_next) {
			if (*link == fix) {
				*link = fix->table_next;
				break;
			}
		}
		atomic_store_relaxed(&t->fixed, t->fixes != NULL);
		fix_free(fix);
	}
}

/* Contents that take long to free are freed by a helper thread: the end of a process is no place to yield. */
#define HELPED_OBJECTS 20000

struct release_job {
	struct pool_job job; /* first */
	struct table *husk;
};

static void release_run(struct pool_job *job)
{
	struct release_job *release = (struct release_job *)(void *)job;
	ets_put(release->husk);
	mem_free(MEM_ETS, release, sizeof(*release));
}

static void husk_release(struct table *husk)
{
	if (husk->count > HELPED_OBJECTS) {
		struct release_job *release = mem_alloc(MEM_ETS, sizeof(*release));
		release->husk = husk;
		int r = pool_run(&release->job, release_run);
		if (r == 0)
			return;
		mem_free(MEM_ETS, release, sizeof(*release)); /* no thread is to be had: it takes as long as it takes */
	}
	ets_put(husk);
}

/* A process ends. It was marked as exiting, so nobody gives it a table any more. */
static void owner_ends(struct proc *p)
{
	struct ets_space *space = p->ns->ets;
	if (space == NULL || ((p->flags & PROC_TABLES) == 0 && !atomic_load_acquire(&space->transfers)))
		return;
	VEC(struct transfer) transfers = { 0 };
	VEC(struct table *) husks = { 0 };
	mutex_lock(&space->mutex);
	struct owner *o = owner_find(space, p->pid);
	if (o != NULL)
		fixes_release(space, o);
	while (o != NULL && o->tables != NULL) {
		struct table *t = o->tables;
		bool last = t->owner_next == NULL;
		mutex_lock(&t->mutex);
		if (t->heir != TERM_NONE && t->heir != p->pid && is_live(p, t->heir)) {
			term heir = t->heir;
			change_owner(t, heir);
			counted_ref(&t->counted);
			mutex_unlock(&t->mutex);
			vec_push(&transfers, ((struct transfer){ t, heir }));
		} else {
			vec_push(&husks, ets_detach(t));
			atomic_store_release(&t->alive, false);
			mutex_unlock(&t->mutex);
			ets_unlist(space, t);
			vec_push(&husks, t);
		}
		if (last)
			o = NULL; /* it was freed with its last table */
	}
	owner_release(space, o);
	mutex_unlock(&space->mutex);

	vec_foreach (transfer, &transfers) {
		struct table *t = transfer->table;
		mutex_lock(&t->mutex);
		bool with_data = t->heir_data != NULL;
		term data = with_data ? heap_copy(bif_heap(p), t->heir_data->value) : TERM_NONE;
		mutex_unlock(&t->mutex);
		if (with_data) {
			term message = heap_tuple_of(bif_heap(p), A(ETS_TRANSFER), ets_identifier(bif_heap(p), t),
				p->pid, data);
			if (!proc_send(p, transfer->heir, message))
				p->outcome = OUTCOME_NONE; /* it has just ended */
		}
		ets_put(t);
	}
	vec_foreach (husk, &husks)
		husk_release(*husk);
	vec_done(&transfers);
	vec_done(&husks);
}

/* No process of the namespace is left; whoever still has a reference to one of its tables finds it deleted. */
static void space_done(struct ns *ns)
{
	struct ets_space *space = ns->ets;
	if (space == NULL)
		return;
	ns->ets = NULL;
	while (space->all.count > 0) {
		struct table *t = space->all.items[space->all.count - 1];
		mutex_lock(&t->mutex);
		struct table *husk = ets_detach(t);
		atomic_store_release(&t->alive, false);
		mutex_unlock(&t->mutex);
		mutex_lock(&space->mutex);
		ets_unlist(space, t);
		mutex_unlock(&space->mutex);
		ets_put(husk);
		ets_put(t);
	}
	vec_done(&space->all);
	wordmap_done(&space->by_id, MEM_ETS);
	mem_free(MEM_ETS, space->names.items, space->names.size * sizeof(void *));
	mem_free(MEM_ETS, space->owners.items, space->owners.size * sizeof(void *));
	mutex_done(&space->mutex);
	mem_free(MEM_ETS, space, sizeof(*space));
}

/* Tables that are deleted hold nothing that anybody finds. */
static void space_names(struct ns *ns, struct names_walk *walk)
{
	VEC(struct table *) tables = { 0 };
	mutex_lock(&ns->ets->mutex);
	vec_foreach (t, &ns->ets->all) {
		counted_ref(&(*t)->counted);
		vec_push(&tables, *t);
	}
	mutex_unlock(&ns->ets->mutex);
	vec_foreach (t, &tables) {
		ets_names_walk(*t, walk);
		ets_put(*t);
	}
	vec_done(&tables);
}

void ets_init(void)
{
	static struct ns_part part = { .init = space_init, .done = space_done, .names = space_names };
	ns_add_part(&part);
	proc_on_end(owner_ends);
}

uint64_t ets_table_count(const struct ns *ns)
{
	return atomic_load_relaxed(&ns->ets->count);
}
