/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: the list of them, and each one's modules and dispatch table.
 *
 * Invariant: dispatch[n] leads into current code of the module that export n names, to a BIF's stub, or is NULL. A row that is
 * a BIF in the namespace's release never leads elsewhere: OTP's own modules carry Erlang stand-ins for their BIFs, which must not win.
 * The table of modules only grows; a replaced, smaller one stays readable until ns_free(). */
#include "ns/ns.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/pool.h"
#include "code/cache.h"
#include "heap/gen.h"
#include "heap/names_walk.h"
#include "ns/channel.h"
#include "ns/cwd.h"
#include "ns/paths.h"
#include "ns/quota.h"
#include "term/atom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct module_table {
	struct module_table *replaced;
	size_t capacity; /* a power of two */
	size_t count;    /* guarded by code_lock */
	_Atomic(struct module *) slots[];
};

#define MODULES_AT_FIRST 256
#define DISPATCH_BYTES (EXPORTS_MAX * sizeof(uint64_t *))

static struct mutex ns_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_NS };
static struct list all_ns = { &all_ns, &all_ns }; /* guarded by ns_lock */
static uint32_t next_id;                          /* guarded by ns_lock */
static struct ns_part *parts;                     /* fixed after start */
static void (*on_dispatch)(struct ns *ns, struct module_code *code, struct module_code *before); /* fixed after start */

void ns_on_dispatch(void (*fn)(struct ns *ns, struct module_code *code, struct module_code *before))
{
	on_dispatch = fn;
}

void ns_add_part(struct ns_part *part)
{
	struct ns_part **link = &parts;
	for (; *link != NULL; link = &(*link)->next)
		if (*link == part)
			return; /* an earlier machine of this process has added it */
	assert(part->names != NULL);
	part->next = NULL;
	*link = part;
}

void ns_part_without_names(struct ns *ns, struct names_walk *walk)
{
	(void)ns, (void)walk;
}

void ns_names_walk(struct ns *ns, struct names_walk *walk)
{
	names_walk_term(walk, atomic_load_relaxed(&ns->system_logger));
	for (struct ns_part *part = parts; part != NULL; part = part->next)
		part->names(ns, walk);
}

/* ------------------------------------------------------------------------------------------------ modules */

static size_t table_bytes(size_t capacity)
{
	return sizeof(struct module_table) + capacity * sizeof(_Atomic(struct module *));
}

static struct module_table *table_new(size_t capacity)
{
	struct module_table *table = mem_zalloc(MEM_NS, table_bytes(capacity));
	table->capacity = capacity;
	return table;
}

static struct module *table_find(struct module_table *table, term name, size_t *ret_slot)
{
	size_t mask = table->capacity - 1;
	uint64_t hash = (name >> 6) * 0x9E3779B97F4A7C15U;
	for (size_t slot = (hash >> 32) & mask;; slot = (slot + 1) & mask) {
		struct module *m = atomic_load_acquire(&table->slots[slot]); /* Pairs with module_make(). */
		if (m == NULL || m->name == name) {
			*ret_slot = slot;
			return m;
		}
	}
}

struct module *ns_module(const struct ns *ns, term name)
{
	size_t slot;
	return table_find(atomic_load_acquire(&ns->modules), name, &slot); /* Pairs with module_make(). */
}

static struct module *module_make(struct ns *ns, term name) REQUIRES(ns->code_lock)
{
	struct module_table *table = atomic_load_relaxed(&ns->modules);
	size_t slot;
	struct module *m = table_find(table, name, &slot);
	if (m != NULL)
		return m;
	if ((table->count + 1) * 2 > table->capacity) {
		struct module_table *larger = table_new(table->capacity * 2);
		for (size_t i = 0; i < table->capacity; i++) {
			struct module *old = atomic_load_relaxed(&table->slots[i]);
			if (old == NULL)
				continue;
			(void)table_find(larger, old->name, &slot); /* only for the slot */
			atomic_store_relaxed(&larger->slots[slot], old); /* published with the table */
		}
		larger->count = table->count;
		larger->replaced = table;
		account_charge(ns->account, ACCOUNT_OTHER, (int64_t)table_bytes(larger->capacity));
		atomic_store_release(&ns->modules, larger); /* Pairs with ns_module(). */
		table = larger;
		(void)table_find(table, name, &slot); /* only for the slot */
	}
	m = mem_zalloc(MEM_NS, sizeof(*m));
	account_charge(ns->account, ACCOUNT_OTHER, sizeof(*m));
	m->name = name;
	table->count++;
	atomic_store_release(&table->slots[slot], m); /* Pairs with table_find(). */
	return m;
}

void ns_modules_each(const struct ns *ns, void (*fn)(struct module *m, void *arg), void *arg)
{
	struct module_table *table = atomic_load_acquire(&ns->modules); /* Pairs with module_make(). */
	for (size_t i = 0; i < table->capacity; i++) {
		struct module *m = atomic_load_acquire(&table->slots[i]); /* Pairs with module_make(). */
		if (m != NULL)
			fn(m, arg);
	}
}

/* Whether it is C code here, or the engine's own (erlang:apply/2,3): then no module's code stands in its place. */
static bool is_ours(const struct ns *ns, const struct export *e)
{
	return e->bif != NULL ? ns_bif(ns, e) != NULL : e->stub != NULL;
}

void ns_set_release(struct ns *ns, int release)
{
	ns->release = release;
	for (uint32_t n = 0; n < export_stub_count(); n++) {
		const struct export *e = export_of(n);
		if (e->bif != NULL && bif_is_of_some_releases(e->bif))
			atomic_store_relaxed(&ns->dispatch[n], /* nothing runs here yet */
				is_ours(ns, e) ? e->stub : NULL);
	}
}

/* Sends callers of code's exports to it; those that it does not export although `before` did, nowhere. */
static void dispatch_to(struct ns *ns, const struct module_code *code, const struct module_code *before)
	REQUIRES(ns->code_lock)
{
	for (size_t i = 0; code != NULL && i < code->export_count; i++) {
		const struct code_export *e = &code->exports[i];
		if (!is_ours(ns, export_of(e->number)))
			atomic_store_release(&ns->dispatch[e->number], e->entry); /* Pairs with ns_dispatch(). */
	}
	for (size_t i = 0; before != NULL && i < before->export_count; i++) {
		const struct code_export *e = &before->exports[i];
		bool kept = code != NULL && module_export(code, e->function, e->arity) != NULL;
		if (!kept && !is_ours(ns, export_of(e->number)))
			atomic_store_release(&ns->dispatch[e->number], NULL); /* Pairs with ns_dispatch(). */
	}
}

/* The namespace has a version more, or (sign -1) fewer. */
static void charge(struct ns *ns, const struct module_code *code, int sign)
{
	if (code != NULL)
		account_charge(ns->account, ACCOUNT_CODE, (int64_t)code->bytes * sign);
}

static void count_module(struct ns *ns, int by)
{
	atomic_add_relaxed(&ns->account->counts[COUNT_MODULES], by);
}

/* Remembers what is current from here on. */
static void note_origin(struct module *m, const char *path, bool from_root)
{
	char *copy = NULL;
	if (path != NULL) {
		copy = mem_alloc(MEM_NS, strlen(path) + 1);
		memcpy(copy, path, strlen(path) + 1);
	}
	if (m->path != NULL)
		mem_free(MEM_NS, m->path, strlen(m->path) + 1);
	m->path = copy;
	m->from_root = from_root;
	m->loaded_usec = clock_realtime_usec();
}

void ns_hold_names(struct ns *ns, struct module_code *code)
{
	names_hold(&code->names, ns->account);
	code_cache_hold_funs(code, ns->account);
}

static void hold_all(struct module *m, void *arg)
{
	struct ns *ns = arg;
	struct module_code *current = atomic_load_relaxed(&m->current); /* under code_lock */
	atom_hold((struct names_holder){ .account = ns->account }, m->name);
	if (current != NULL)
		ns_hold_names(ns, current);
	if (m->old != NULL)
		ns_hold_names(ns, m->old);
	if (m->pending != NULL)
		ns_hold_names(ns, m->pending);
}

void ns_hold_all_names(struct ns *ns)
{
	mutex_lock(&ns->code_lock);
	ns_modules_each(ns, hold_all, ns);
	mutex_unlock(&ns->code_lock);
}

/* Whether a version would have to be kept beside the current one and the old one. */
static bool is_in_the_way(const struct module *m, const struct module_code *code)
{
	const struct module_code *current = atomic_load_relaxed(&((struct module *)(uintptr_t)m)->current);
	return current != NULL && current != code && m->old != NULL;
}

/* Under code_lock, when nothing is in the way. *ret_surplus: a reference that is over. */
static void publish(struct ns *ns, struct module *m, struct module_code *code, const char *path, bool from_root,
	struct module_code **ret_surplus)
{
	ns_hold_names(ns, code);
	struct module_code *current = atomic_load_relaxed(&m->current);
	*ret_surplus = NULL;
	if (current == code) {
		/* The same content again: what runs is what was asked for. */
		note_origin(m, path, from_root);
		if (on_dispatch != NULL)
			on_dispatch(ns, code, code);
		*ret_surplus = code; /* the module has one */
		return;
	}
	struct module_code *deleted = NULL;
	if (current != NULL)
		m->old = current;
	if (current == NULL && m->old == code) {
		/* What was deleted comes back before it was purged. */
		deleted = m->old;
		m->old = NULL;
	}
	charge(ns, code, 1);
	charge(ns, deleted, -1);
	count_module(ns, current == NULL ? 1 : 0);
	note_origin(m, path, from_root);
	atomic_store_relaxed(&code->published, true);
	dispatch_to(ns, code, current);
	if (on_dispatch != NULL)
		on_dispatch(ns, code, current);
	atomic_store_release(&m->current, code); /* Pairs with readers of ns_module(). */
	*ret_surplus = deleted;
}

/* Likewise; there is a current version. */
static void unpublish(struct ns *ns, struct module *m)
{
	struct module_code *current = atomic_load_relaxed(&m->current);
	atomic_store_release(&m->current, NULL); /* Pairs with readers of ns_module(). */
	m->old = current;
	count_module(ns, -1);
	dispatch_to(ns, NULL, current);
	if (on_dispatch != NULL)
		on_dispatch(ns, NULL, current);
}

int ns_publish(struct ns *ns, struct module_code *code, const char *path, bool from_root)
{
	struct module_code *surplus = NULL;
	epoch_enter();
	mutex_lock(&ns->code_lock);
	struct module *m = module_make(ns, code->name);
	int r = is_in_the_way(m, code) ? NS_E_OLD_CODE : 0;
	if (r == 0)
		publish(ns, m, code, path, from_root, &surplus);
	mutex_unlock(&ns->code_lock);
	epoch_leave();
	(void)module_code_unref(surplus); /* always NULL */
	return r;
}

int ns_delete_module(struct ns *ns, term name)
{
	struct module *m = ns_module(ns, name);
	if (m == NULL)
		return NS_E_NO_MODULE;
	mutex_lock(&ns->code_lock);
	int r = atomic_load_relaxed(&m->current) == NULL ? NS_E_NO_MODULE : m->old != NULL ? NS_E_OLD_CODE : 0;
	if (r == 0)
		unpublish(ns, m);
	mutex_unlock(&ns->code_lock);
	return r;
}

int ns_change_all(struct ns *ns, const struct ns_change *changes, size_t count, size_t *ret_bad)
{
	struct module_code **surplus = mem_zalloc(MEM_TEMP, count * sizeof(struct module_code *));
	int r = 0;
	epoch_enter();
	mutex_lock(&ns->code_lock);
	for (size_t i = 0; i < count && r == 0; i++) {
		const struct module *m = ns_module(ns, changes[i].name);
		if (m != NULL && is_in_the_way(m, changes[i].code)) {
			*ret_bad = i;
			r = NS_E_OLD_CODE;
		}
	}
	for (size_t i = 0; i < count && r == 0; i++) {
		struct module *m = changes[i].code != NULL ? module_make(ns, changes[i].name) : ns_module(ns, changes[i].name);
		if (changes[i].code != NULL)
			publish(ns, m, changes[i].code, NULL, false, &surplus[i]);
		else if (m != NULL && atomic_load_relaxed(&m->current) != NULL)
			unpublish(ns, m);
	}
	mutex_unlock(&ns->code_lock);
	epoch_leave();
	for (size_t i = 0; i < count; i++)
		(void)module_code_unref(surplus[i]); /* always NULL */
	mem_free(MEM_TEMP, surplus, count * sizeof(struct module_code *));
	return r;
}

struct module_code *ns_take_old(struct ns *ns, term name)
{
	struct module *m = ns_module(ns, name);
	if (m == NULL)
		return NULL;
	mutex_lock(&ns->code_lock);
	struct module_code *old = m->old;
	m->old = NULL;
	charge(ns, old, -1);
	mutex_unlock(&ns->code_lock);
	return old;
}

struct module_code *ns_current_code(struct ns *ns, term name)
{
	struct module *m = ns_module(ns, name);
	if (m == NULL)
		return NULL;
	mutex_lock(&ns->code_lock);
	struct module_code *code = atomic_load_relaxed(&m->current);
	if (code != NULL)
		(void)module_code_ref(code); /* the same pointer */
	mutex_unlock(&ns->code_lock);
	return code;
}

struct module_code *ns_old_code(struct ns *ns, term name)
{
	struct module *m = ns_module(ns, name);
	if (m == NULL)
		return NULL;
	mutex_lock(&ns->code_lock);
	struct module_code *code = m->old == NULL ? NULL : module_code_ref(m->old);
	mutex_unlock(&ns->code_lock);
	return code;
}

int ns_keep_pending(struct ns *ns, struct module_code *code)
{
	epoch_enter();
	mutex_lock(&ns->code_lock);
	ns_hold_names(ns, code);
	struct module *m = module_make(ns, code->name);
	int r = m->pending != NULL                                              ? NS_E_ON_LOAD
		: m->old != NULL && atomic_load_relaxed(&m->current) != NULL ? NS_E_OLD_CODE
									     : 0;
	if (r == 0) {
		m->pending = code;
		atomic_store_relaxed(&code->published, true);
		charge(ns, code, 1);
	}
	mutex_unlock(&ns->code_lock);
	epoch_leave();
	return r;
}

struct module_code *ns_pending_code(struct ns *ns, term name)
{
	struct module *m = ns_module(ns, name);
	if (m == NULL)
		return NULL;
	mutex_lock(&ns->code_lock);
	struct module_code *code = m->pending;
	mutex_unlock(&ns->code_lock);
	return code;
}

struct module_code *ns_take_pending(struct ns *ns, term name)
{
	struct module *m = ns_module(ns, name);
	if (m == NULL)
		return NULL;
	mutex_lock(&ns->code_lock);
	struct module_code *code = m->pending;
	m->pending = NULL;
	charge(ns, code, -1);
	mutex_unlock(&ns->code_lock);
	return code;
}

#define NATIVE_MODULE(name)
#define BIF_BESIDE_NATIVES(function, name)

bool ns_is_native_module(term module)
{
	static const term modules[] = {
#undef NATIVE_MODULE
#define NATIVE_MODULE(name) A(name),
#include "ns/native_modules.def"
#undef NATIVE_MODULE
#define NATIVE_MODULE(name)
	};
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		if (modules[i] == module)
			return true;
	}
	return false;
}

bool ns_is_native(const struct export *e)
{
	static const struct {
		term module;
		const char *function;
	} bifs[] = {
#undef BIF_BESIDE_NATIVES
#define BIF_BESIDE_NATIVES(function, name) { A(name), function },
#include "ns/native_modules.def"
#undef BIF_BESIDE_NATIVES
	};
	if (e->bif == NULL || !ns_is_native_module(e->module))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(bifs); i++) {
		if (bifs[i].module == e->module && strcmp(bifs[i].function, e->bif->function) == 0)
			return false;
	}
	return true;
}

bool ns_exports(const struct ns *ns, term module, term function, uint32_t arity)
{
	const struct export *e = export_find(module, function, arity);
	if (e != NULL && ns_is_native(e)) {
		const struct module *m = ns_module(ns, module);
		/* Pairs with ns_publish(). */
		const struct module_code *code = m == NULL ? NULL : atomic_load_acquire(&m->current);
		return code != NULL && module_export(code, function, arity) != NULL;
	}
	return e != NULL && (is_ours(ns, e) || ns_dispatch(ns, e->number) != NULL);
}

/* ------------------------------------------------------------------------------------------------ namespaces */

static struct ns *find_locked(const char *name) REQUIRES(ns_lock)
{
	list_foreach(n, &all_ns) {
		struct ns *ns = list_entry(n, struct ns, link);
		/* The name of one that is closing is free already. */
		if (!atomic_load_acquire(&ns->closing) && strcmp(ns->name, name) == 0)
			return ns;
	}
	return NULL;
}

/* A name that a namespace had: readers of ns->name may still hold it. */
struct ns_old_name {
	struct ns_old_name *next;
	char *name;
};

bool ns_rename(struct ns *ns, const char *name)
{
	char *fresh = mem_alloc(MEM_NS, strlen(name) + 1);
	struct ns_old_name *old = mem_alloc(MEM_NS, sizeof(*old));
	memcpy(fresh, name, strlen(name) + 1);
	mutex_lock(&ns_lock);
	bool taken = find_locked(name) != NULL;
	if (!taken) {
		*old = (struct ns_old_name){ ns->old_names, ns->name };
		ns->old_names = old;
		ns->name = fresh;
	}
	mutex_unlock(&ns_lock);
	if (taken) {
		mem_free(MEM_NS, fresh, strlen(fresh) + 1);
		mem_free(MEM_NS, old, sizeof(*old));
	}
	return !taken;
}

struct ns *ns_find(const char *name)
{
	mutex_lock(&ns_lock);
	struct ns *ns = find_locked(name);
	mutex_unlock(&ns_lock);
	return ns;
}

static struct ns *ns_make(const char *name)
{
	void *dispatch = mmap(NULL, DISPATCH_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (dispatch == MAP_FAILED)
		return NULL;
	struct ns *ns = mem_zalloc(MEM_NS, sizeof(*ns));
	atomic_store_relaxed(&ns->backtrace_depth, NS_BACKTRACE_DEPTH);
	atomic_store_relaxed(&ns->system_requests_max, 4);
	atomic_store_relaxed(&ns->fullsweep_after, HEAP_FULLSWEEP_AFTER);
	atomic_store_relaxed(&ns->min_heap_words, HEAP_MIN_WORDS);
	atomic_store_relaxed(&ns->max_heap, NS_MAX_HEAP_KILL | NS_MAX_HEAP_LOG);
	atomic_store_relaxed(&ns->min_bin_kib, HEAP_MIN_BIN_KIB);
	ns->name = mem_alloc(MEM_NS, strlen(name) + 1);
	memcpy(ns->name, name, strlen(name) + 1);
	ns->dispatch = dispatch;
	ns->account = account_new();
	account_charge(ns->account, ACCOUNT_OTHER, (int64_t)(sizeof(*ns) + table_bytes(MODULES_AT_FIRST)));
	atomic_store_relaxed(&ns->victim, TERM_NONE);
	atomic_store_relaxed(&ns->limits[NS_QUOTA_cpu_weight], ACCOUNT_WEIGHT);
	atomic_store_relaxed(&ns->processes, 1); /* for being open */
	mutex_init(&ns->code_lock, LOCK_CODE);
	atomic_store_relaxed(&ns->modules, table_new(MODULES_AT_FIRST));
	ns->paths = paths_new();
	ns->helpers = pool_share_new();
	ns->long_calls = pool_share_new();
	list_init(&ns->link);
	for (size_t i = 0; i < ARRAY_SIZE(ns->streams); i++)
		ns->streams[i] = -1;
	/* They were registered first, so they lie together in a few pages. */
	for (uint32_t n = 0; n < export_stub_count(); n++) {
		const struct export *e = export_of(n);
		if (e->stub != NULL)
			atomic_store_relaxed(&ns->dispatch[n], e->stub); /* published with the namespace */
	}
	for (struct ns_part *part = parts; part != NULL; part = part->next) {
		if (part->init != NULL)
			part->init(ns);
	}
	return ns;
}

struct ns *ns_new(const char *name, bool *ret_exists)
{
	if (ret_exists != NULL)
		*ret_exists = false;
	struct ns *ns = ns_make(name);
	if (ns == NULL)
		return NULL;
	mutex_lock(&ns_lock);
	bool exists = find_locked(name) != NULL;
	if (!exists) {
		ns->id = next_id++;
		list_append(&all_ns, &ns->link);
	}
	mutex_unlock(&ns_lock);
	if (exists) {
		ns_free(ns);
		if (ret_exists != NULL)
			*ret_exists = true;
		return NULL;
	}
	return ns;
}

static void module_free(struct module *m, void *arg)
{
	charge(arg, atomic_load_relaxed(&m->current), -1);
	charge(arg, m->old, -1);
	charge(arg, m->pending, -1);
	count_module(arg, atomic_load_relaxed(&m->current) != NULL ? -1 : 0);
	(void)module_code_unref(atomic_load_relaxed(&m->current)); /* always NULL, as the next ones */
	(void)module_code_unref(m->old);
	(void)module_code_unref(m->pending);
	if (m->path != NULL)
		mem_free(MEM_NS, m->path, strlen(m->path) + 1);
	account_charge(((struct ns *)arg)->account, ACCOUNT_OTHER, -(int64_t)sizeof(*m));
	mem_free(MEM_NS, m, sizeof(*m));
}

void ns_unlist(struct ns *ns)
{
	mutex_lock(&ns_lock);
	list_remove(&ns->link);
	list_init(&ns->link);
	mutex_unlock(&ns_lock);
}

void ns_free(struct ns *ns)
{
	if (ns == NULL)
		return;
	ns_unlist(ns);
	for (struct ns_part *part = parts; part != NULL; part = part->next) {
		if (part->done != NULL)
			part->done(ns);
	}
	ns_modules_each(ns, module_free, ns);
	for (struct module_table *t = atomic_load_relaxed(&ns->modules), *next; t != NULL; t = next) {
		next = t->replaced;
		account_charge(ns->account, ACCOUNT_OTHER, -(int64_t)table_bytes(t->capacity));
		mem_free(MEM_NS, t, table_bytes(t->capacity));
	}
	(void)pool_share_unref(ns->helpers); /* always NULL */
	(void)pool_share_unref(ns->long_calls); /* the same */
	channels_done(ns);
	free(ns->descriptors);
	cwd_done(ns);
	paths_free(ns->paths);
	(void)munmap((void *)(uintptr_t)ns->dispatch, DISPATCH_BYTES); /* our own mapping */
	mutex_done(&ns->code_lock);
	account_charge(ns->account, ACCOUNT_OTHER, -(int64_t)sizeof(*ns));
	names_retire(ns->account);
	while (ns->old_names != NULL) {
		struct ns_old_name *old = ns->old_names;
		ns->old_names = old->next;
		mem_free(MEM_NS, old->name, strlen(old->name) + 1);
		mem_free(MEM_NS, old, sizeof(*old));
	}
	mem_free(MEM_NS, ns->name, strlen(ns->name) + 1);
	mem_free(MEM_NS, ns, sizeof(*ns));
}

void ns_each(void (*fn)(struct ns *ns, void *arg), void *arg)
{
	mutex_lock(&ns_lock);
	list_foreach(n, &all_ns)
		fn(list_entry(n, struct ns, link), arg);
	mutex_unlock(&ns_lock);
}

void ns_close(struct ns *ns, void (*on_empty)(struct ns *ns))
{
	ns->on_empty = on_empty;
	/* Invariant: processes is lowered once for being open, after closing is set, so that it cannot come to 0 before. */
	atomic_store_relaxed(&ns->ending, true);  /* only read for what is told */
	atomic_store_release(&ns->closing, true); /* Pairs with ns_process_enter(). */
	pool_share_interrupt(ns->helpers); /* who waits for them is about to be killed */
	ns_process_leave(ns);
}
