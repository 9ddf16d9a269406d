/* SPDX-License-Identifier: Apache-2.0 */
/* A table: its options, its owner, and where its objects are.
 *
 * Life:  1 made by ets_new; alive, known to its namespace, and to programs by a magic reference (or by name)
 *        2 deleted: no longer known, its objects gone; references to it are only values
 *        3 freed when the last reference is dropped
 *
 * Whoever works on a table holds its mutex, and found it alive after taking it (ets_lock). */
#pragma once
#include "base/account.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "ets/ets.h"
#include "ets/object.h"
#include "term/bits.h"
#include "term/ident.h"

enum table_type { TABLE_SET, TABLE_ORDERED_SET, TABLE_BAG, TABLE_DUPLICATE_BAG };
enum table_access { TABLE_PUBLIC, TABLE_PROTECTED, TABLE_PRIVATE };

/* Objects by hash of their key, in order of the hash (ets/hash.c). */
struct segment;

struct hash {
	uint64_t *directory; /* 2^depth entries: a segment's address with its measures (ets/hash.c) */
	unsigned depth;
	size_t emptying; /* of a detached hash: the directory's entry that is freed next */
};

#define HASH_BITS 60

/* Where a walk stands: valid while the mutex is held and nothing was changed. */
struct hash_place {
	struct segment *segment;
	uint32_t index;
};

/* Objects in order of their key (ets/tree.c). */
struct node;

struct tree {
	struct node *root;
	unsigned levels;       /* of inner nodes */
	struct node *emptying; /* of a detached tree: the leaf that is freed next */
};

struct tree_place {
	struct node *leaf;
	unsigned index;
};

/* One process holds a table fixed. Guarded by the space's mutex. */
struct fix {
	struct table *table;
	term pid;
	uint64_t count;
	struct fix *table_next;
	struct fix *owner_next;
};

struct table {
	struct counted counted; /* one while it is alive, one for each magic reference, one for each lock attempt under way */

	/* fixed once published */
	struct account *account; /* that is charged for bytes, and for the struct */
	struct ets_space *space;
	struct ref_id id;
	enum table_type type;
	size_t keypos;
	bool is_named;
	bool compressed;
	bool read_concurrency;
	uint8_t write_concurrency; /* 0 false, 1 true, 2 auto */
	bool decentralized_counters;

	/* atomic */
	_Atomic bool alive; /* changes under the mutex */

	struct mutex mutex;
	/* guarded by mutex; name, owner and heir change under the space's mutex as well */
	term name;
	term owner;
	enum table_access access;
	term heir; /* TERM_NONE: none */
	struct owned_term *heir_data; /* NULL: an heir without data */
	size_t count;   /* objects */
	size_t bytes;   /* of objects and of what finds them */
	union {
		struct hash hash;
		struct tree tree;
	};

	/* guarded by the space's mutex */
	struct fix *fixes;
	int64_t fixed_since_nsec;          /* monotonic; of the first fix */
	int64_t fixed_since_realtime_nsec;
	struct table *name_next;
	struct table *owner_next;  /* tables of the same owner */
	struct table **owner_link; /* what points at this one in that list */
	size_t space_index;       /* in the space's array of all tables */
	_Atomic bool fixed;       /* read under either mutex */
};

/* Guarded by mutex. */
static inline void ets_charge_bytes(struct table *t, int64_t bytes)
{
	t->bytes += (size_t)bytes;
	account_charge(t->account, ACCOUNT_ETS, bytes);
}

/* Whether its namespace may put that many more bytes into tables. */
bool ets_has_room(const struct table *t, size_t bytes);

static inline bool ets_is_tree(const struct table *t)
{
	return t->type == TABLE_ORDERED_SET;
}

static inline bool ets_is_bag(const struct table *t)
{
	return t->type == TABLE_BAG || t->type == TABLE_DUPLICATE_BAG;
}

struct table_options {
	term name;
	enum table_type type;
	enum table_access access;
	size_t keypos;
	bool named;
	bool compressed;
	bool read_concurrency;
	uint8_t write_concurrency;
	bool decentralized_counters;
	term heir;
	term heir_data; /* TERM_NONE: without */
};

/* The table, alive, owned by p; its identifier (name or reference) built on p's heap. NULL when the name is taken. */
struct table *ets_new(struct proc *p, const struct table_options *options, term *ret_identifier);

enum table_need { NEED_READ, NEED_WRITE, NEED_INFO, NEED_OWNER };
enum { TABLE_E_ID = 1, TABLE_E_ACCESS };

/* The table an identifier means for p, locked. 0, TABLE_E_ID (there is none) or TABLE_E_ACCESS. */
_must_check_ int ets_lock(struct proc *p, term identifier, enum table_need need,
	struct table **ret) NO_THREAD_SAFETY_ANALYSIS;
/* Is the term a table's reference, of a living or a deleted one? */
bool ets_is_reference(term t);
void ets_unlock(struct table *t) NO_THREAD_SAFETY_ANALYSIS;
/* Whether it has the form of one: a name, or the reference of a table, be it deleted or of another namespace. */
bool ets_is_identifier(term t);
/* The table, not locked and perhaps deleted, with a count for the caller (counted_unref); NULL when the identifier is no
 * table's. For what needs the space's mutex. */
struct table *ets_get(struct proc *p, term identifier);
struct table *ets_get_of(struct ns *ns, term identifier);
void ets_put(struct table *t);
/* Its name if it is named, else its reference, built on heap. */
term ets_identifier(struct heap *heap, struct table *t);
term ets_reference(struct heap *heap, struct table *t);
/* A reference to t that takes over one count. */
term ets_reference_take(struct heap *heap, struct table *t);

/* The table becomes deleted: its contents are returned as a table of their own that nobody knows (ets_empty_some,
 * ets_put). Called locked; unlocks. */
struct table *ets_delete(struct table *t) NO_THREAD_SAFETY_ANALYSIS;
/* Takes the contents out; t is empty then. Locked. */
struct table *ets_detach(struct table *t);
/* Frees up to about `objects` of a detached table's contents; true when nothing is left. */
bool ets_empty_some(struct table *t, size_t objects);

/* 0, TABLE_E_ID, TABLE_E_ACCESS, or TABLE_E_NAME when the name is taken. */
enum { TABLE_E_NAME = 3, TABLE_E_PROCESS };
int ets_rename(struct proc *p, term identifier, term name);
/* Gives the table to a live process, which gets {'ETS-TRANSFER', Table, from, data}. TABLE_E_PROCESS: there is none. */
int ets_give(struct proc *p, term identifier, term to, term data);
int ets_set_heir(struct proc *p, term identifier, term heir, term data);
/* References to all tables of the namespace: a list. */
term ets_all(struct proc *p);
/* Each table of the namespace, for whoever looks from outside; borrowed for the call. Waits for who works on one. Threads: any. */
struct ets_row {
	char *name; /* text: the atom may be gone when the table is */
	term owner, heir; /* heir: TERM_NONE */
	struct ref_id id; /* of its reference */
	bool is_named, compressed;
	enum table_type type;
	enum table_access access;
	size_t keypos, objects, bytes;
};
void ets_each(struct ns *ns, void (*fn)(void *user, const struct ets_row *row), void *user);
/* The same as ets_lock() for whoever looks from outside: every table of the namespace can be read. identifier: a name or a reference.
 * The table, locked, with a count for the caller; NULL when there is none. Threads: any but schedulers. */
struct table *ets_lock_from_outside(struct ns *ns, term identifier) NO_THREAD_SAFETY_ANALYSIS;
/* Fixes or releases for p. TABLE_E_ID, TABLE_E_ACCESS. */
int ets_fix(struct proc *p, term identifier, bool fix);
/* {Since, [{Pid, Count}]} for info, or false. Not locked. */
term ets_fixes(struct proc *p, struct table *t, bool monotonic);

/* Objects. The table is locked throughout. */
uint64_t ets_hash(term key); /* HASH_BITS bits */
/* The newest object with that key, or NULL. For an ordered_set keys are compared by value. */
struct object *ets_find(const struct table *t, term key);
/* Takes o. What has its key goes away (set, ordered_set); an equal object is there already: o goes away (bag). */
void ets_insert(struct table *t, struct object *o);
/* Removes all objects with that key; the chain of them, newest first, for the caller to free. */
struct object *ets_take(struct table *t, term key);
/* Removes an object that is there, and frees it. */
void ets_remove(struct table *t, struct object *o);
/* Puts o, which has the same key, where old is, and frees old. Not in a bag, where objects are unique. */
void ets_replace(struct table *t, struct object *old, struct object *o);
/* What its objects and itself name (heap/names_walk.h). Not locked. */
void ets_names_walk(struct table *t, struct names_walk *walk);
/* Frees a chain. */
void objects_free(struct object *chain);
/* The neighbours of a key, as chains; NULL at the end. TERM_NONE: the first, the last. *ret_found: the key is there. */
struct object *ets_next(const struct table *t, term key, bool *ret_found);
struct object *ets_prev(const struct table *t, term key, bool *ret_found);
/* The chain at that position of the table's own order; NULL when there are not so many. *ret_keys: how many keys there are. */
struct object *ets_slot(const struct table *t, size_t position, size_t *ret_keys);

/* ets/hash.c */
void hash_init(struct table *t);
bool hash_empty_some(struct table *t, size_t objects);
/* Where the chain of a key hangs, NULL without. */
struct object **hash_find(const struct table *t, uint64_t hash, term key);
void hash_insert(struct table *t, uint64_t hash, struct object *o); /* a key that is not there */
struct object *hash_take(struct table *t, uint64_t hash, term key);
struct object *hash_slot(const struct table *t, size_t position, size_t *ret_keys);
bool hash_place_of(const struct table *t, uint64_t hash, term key, struct hash_place *ret);
/* Walks. seek finds the first chain at or after a hash; step the next; both return NULL at the end. */
struct object *hash_seek(const struct table *t, uint64_t hash, struct hash_place *ret);
struct object *hash_step(const struct table *t, struct hash_place *place);
uint64_t hash_place_hash(const struct hash_place *place);

/* ets/tree.c */
void tree_init(struct table *t);
bool tree_empty_some(struct table *t, size_t objects);
struct object *tree_find(const struct table *t, term key);
/* Returns what had that key, for the caller to free, or NULL. */
struct object *tree_insert(struct table *t, struct object *o);
struct object *tree_take(struct table *t, term key);
/* The first object after (or at, when inclusive) a key, the last before it; TERM_NONE as key: the first, the last. */
struct object *tree_after(const struct table *t, term key, bool inclusive, struct tree_place *ret);
struct object *tree_before(const struct table *t, term key, bool inclusive, struct tree_place *ret);
/* Where a key stands: <0 before a range of neighbouring keys, 0 in it, >0 after it. */
typedef int (*tree_range_fn)(term key, const void *range);
/* The first object in the range or after it; with back, the last in it or before it. */
struct object *tree_seek(const struct table *t, tree_range_fn order, const void *range, bool back, struct tree_place *ret);
struct object *tree_step(struct tree_place *place);
struct object *tree_step_back(struct tree_place *place);
/* By value; the order of an ordered_set. */
int key_compare(term a, term b);
