/* SPDX-License-Identifier: Apache-2.0 */
/* Several modules of a namespace changed at once, or none of them. Phases: 1 who is in the way: old code of any of them that somebody
 * runs, or current code of one that goes  2 what is left of old code is purged  3 on_load functions run, one after the other  4 all is
 * published in one step. Up to 4 nothing that a process can call has changed.
 *
 * Invariant: a change on its way is on the list of open ones until whoever takes it off tells its end: its last phase, or changes_stop()
 * once the schedulers have stopped. */
#include "code/load.h"

#include "base/list.h"
#include "base/vec.h"
#include "ns/quota.h"
#include "proc/proc.h"
#include "proc/purge.h"
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/machine.h"

#include <stdio.h>
#include <string.h>

struct beamr_code {
	struct module_code *code;
};

struct change {
	struct list link;        /* guarded by open_lock */
	struct beamr_ns *handle; /* the host's */
	unsigned flags;
	struct ns_change *items; /* with references */
	struct names names;      /* theirs, of modules that go */
	size_t count, at;
	struct module_code **asked; /* with references: whose users are looked for */
	size_t *asked_item;         /* which item each is of */
	size_t asked_count;
	beamr_changed_fn done;
	void *user;
};

static struct mutex open_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };
static struct list open_changes = { &open_changes, &open_changes };

/* ------------------------------------------------------------------------------------------------ prepared code */

int beamr_code_prepare(
	const void *data, size_t size, struct beamr_code **ret_code, struct beamr_error *ret_error)
{
	struct load_error error = { 0 };
	struct module_code *code;
	memset(ret_error, 0, sizeof(*ret_error));
	if (size > BEAMR_MODULE_MAX) {
		(void)snprintf(ret_error->reason, sizeof(ret_error->reason),
			"the file has more than %u bytes", BEAMR_MODULE_MAX);
		return BEAMR_E_LIMIT;
	}
	int r = load_code(data, size, TERM_NONE, &code, &error);
	if (r != 0) {
		load_error_to_host(&error, ret_error);
		return r < 0 ? r : r == LOAD_E_LIMIT ? BEAMR_E_LIMIT : BEAMR_E_FORMAT;
	}
	*ret_code = mem_zalloc(MEM_MISC, sizeof(**ret_code));
	(*ret_code)->code = code;
	return 0;
}

struct beamr_code *beamr_code_free(struct beamr_code *code)
{
	if (code == NULL)
		return NULL;
	(void)module_code_unref(code->code); /* always NULL */
	mem_free(MEM_MISC, code, sizeof(*code));
	return NULL;
}

/* ------------------------------------------------------------------------------------------------ the end */

struct beamr_changed *beamr_changed_free(struct beamr_changed *public)
{
	if (public == NULL)
		return NULL;
	mem_free(MEM_MISC, public->users, public->user_count * sizeof(*public->users));
	mem_free(MEM_MISC, public, sizeof(*public));
	return NULL;
}

static bool take_off(struct change *change)
{
	mutex_lock(&open_lock);
	bool was_open = !list_is_empty(&change->link);
	list_remove(&change->link);
	mutex_unlock(&open_lock);
	return was_open;
}

/* Frees it, and tells how it came out, unless that was told. public: taken. */
static void finish(struct change *change, struct beamr_changed *public)
{
	if (take_off(change))
		change->done(change->user, public);
	else
		(void)beamr_changed_free(public);
	for (size_t i = 0; i < change->count; i++)
		(void)module_code_unref(change->items[i].code); /* always NULL */
	for (size_t i = 0; i < change->asked_count; i++)
		(void)module_code_unref(change->asked[i]); /* as above */
	names_done(&change->names);
	mem_free(MEM_MISC, change->items, change->count * sizeof(*change->items));
	mem_free(MEM_MISC, change->asked, 2 * change->count * sizeof(*change->asked));
	mem_free(MEM_MISC, change->asked_item, 2 * change->count * sizeof(*change->asked_item));
	mem_free(MEM_MISC, change, sizeof(*change));
}

static struct beamr_changed *outcome_of(int outcome, size_t item, const char *reason)
{
	struct beamr_changed *public = mem_zalloc(MEM_MISC, sizeof(*public));
	public->outcome = outcome;
	public->item = item;
	(void)snprintf(public->reason, sizeof(public->reason), "%s", reason); /* cut when long */
	return public;
}

/* ------------------------------------------------------------------------------------------------ publishing */

static void load_next(struct change *change);

static void publish_all(struct change *change)
{
	size_t bad = 0;
	if (ns_change_all(change->handle->ns, change->items, change->count, &bad) != 0) {
		finish(change,
			outcome_of(BEAMR_E_OLD_CODE, bad, "somebody has loaded it meanwhile"));
		return;
	}
	for (size_t i = 0; i < change->count; i++)
		change->items[i].code = NULL; /* the namespace's now */
	finish(change, outcome_of(0, 0, ""));
}

static void on_load_ended(struct proc *p, void *user)
{
	struct change *change = user;
	const struct raise *raise = &proc_extra(p)->raise;
	if (raise->class == CLASS_EXIT && raise->reason == A(normal) && raise->args == A(ok)) {
		change->at++;
		load_next(change);
	} else {
		finish(change, outcome_of(BEAMR_E_FORMAT, change->at,
				       "its on_load function did not return ok"));
	}
}

static void load_next(struct change *change)
{
	struct ns *ns = change->handle->ns;
	for (; change->at < change->count; change->at++) {
		struct module_code *code = change->items[change->at].code;
		const struct module *m = ns_module(ns, change->items[change->at].name);
		/* What is current has run its own. */
		if (code == NULL || code->on_load == NULL ||
			(m != NULL && atomic_load_acquire(
					      &((struct module *)(uintptr_t)m)->current) == code))
			continue;
		struct spawn_options options;
		spawn_options_init(&options);
		options.entry = code->on_load;
		options.on_exit = on_load_ended;
		options.on_exit_user = change;
		options.quiet = true;
		options.group_leader = kernel_process(change->handle);
		if (proc_spawn(ns, NULL, code->name, A(on_load), TERM_NIL, &options, NULL) ==
			TERM_NONE)
			finish(change, outcome_of(BEAMR_E_LIMIT, change->at,
					       "there is no room for a process to run its on_load "
					       "function"));
		return;
	}
	publish_all(change);
}

/* ------------------------------------------------------------------------------------------------ who is in the way */

static bool is_old(struct ns *ns, const struct module_code *code)
{
	struct module_code *old = ns_old_code(ns, code->name);
	bool same = old == code;
	(void)module_code_unref(old); /* always NULL */
	return same;
}

static void found_users(void *arg, const struct code_user *users, size_t count)
{
	struct change *change = arg;
	struct ns *ns = change->handle->ns;
	struct beamr_changed *public = outcome_of(0, 0, "");
	public->users = mem_zalloc(MEM_MISC, count * sizeof(*public->users));
	public->user_count = count;
	bool first = true;
	for (size_t i = 0; i < count; i++) {
		size_t item = change->asked_item[users[i].code];
		bool old = is_old(ns, change->asked[users[i].code]);
		bool in_the_way = old || change->items[item].code == NULL;
		public->users[i] = (struct beamr_code_user){ item, pid_to_host(users[i].pid), old };
		if (!in_the_way || (!first && item >= public->item))
			continue;
		first = false;
		public->outcome = BEAMR_E_OLD_CODE;
		public->item = item;
		(void)snprintf(public->reason, sizeof(public->reason),
			old ? "its old code is in use" : "it is in use");
	}
	if (public->outcome != 0 || (change->flags & BEAMR_CHANGE_DRY_RUN) != 0) {
		finish(change, public);
		return;
	}
	(void)beamr_changed_free(public);
	for (size_t i = 0; i < change->asked_count; i++) {
		if (is_old(ns, change->asked[i]))
			(void)module_code_unref(
				ns_take_old(ns, change->asked[i]->name)); /* always NULL */
	}
	load_next(change);
}

static void ask_for(struct change *change, size_t item, struct module_code *code)
{
	if (code == NULL)
		return;
	change->asked_item[change->asked_count] = item;
	change->asked[change->asked_count++] = code;
}

static void fill(struct beamr_ns *h, struct change *change, const struct beamr_change *changes)
{
	for (size_t i = 0; i < change->count; i++) {
		const char *name = changes[i].module;
		struct module_code *code =
			changes[i].code != NULL ? module_code_ref(changes[i].code->code) : NULL;
		/* Nothing is known under a name that is no atom. */
		term atom = code != NULL ? code->name : atom_known(h, name, &change->names);
		change->items[i] = (struct ns_change){ .name = atom, .code = code };
	}
}

/* Whether the atoms of all that is to be loaded fit together. */
static bool atoms_fit(struct ns *ns, const struct change *change)
{
	struct names all = { 0 };
	for (size_t i = 0; i < change->count; i++)
		if (change->items[i].code != NULL)
			vec_foreach (atom, &change->items[i].code->names.atoms)
				vec_push(&all.atoms, *atom);
	const size_t missing = names_missing_once(&all, ns->account);
	vec_done(&all.atoms); /* they are the modules' */
	return missing <= atoms_room(ns->account);
}

void beamr_change(struct beamr_ns *h, const struct beamr_change *changes, size_t count,
	unsigned flags, beamr_changed_fn done, void *user)
{
	struct change *change = mem_zalloc(MEM_MISC, sizeof(*change));
	uint64_t bytes = 0;
	*change = (struct change){ .flags = flags, .count = count, .done = done, .user = user };
	change->items = mem_zalloc(MEM_MISC, count * sizeof(*change->items));
	change->asked = mem_zalloc(MEM_MISC, 2 * count * sizeof(*change->asked));
	change->asked_item = mem_zalloc(MEM_MISC, 2 * count * sizeof(*change->asked_item));
	change->handle = h;
	list_init(&change->link);
	mutex_lock(&open_lock);
	list_append(&open_changes, &change->link);
	mutex_unlock(&open_lock);
	fill(h, change, changes);
	if (!atoms_fit(h->ns, change)) {
		finish(change, outcome_of(BEAMR_E_LIMIT, 0, "what is to be loaded has more atoms than the service may have"));
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct ns_change *item = &change->items[i];
		if (item->code != NULL) {
			bytes += item->code->bytes;
			if (!ns_has_code_room(h->ns, item->code) ||
				!ns_has_code_bytes(h->ns, bytes)) {
				finish(change, outcome_of(BEAMR_E_LIMIT, i,
						       "the service has as many modules, or as "
						       "much code, as it may have"));
				return;
			}
		}
		if (item->name == TERM_NONE)
			continue;
		ask_for(change, i, ns_old_code(h->ns, item->name));
		ask_for(change, i, ns_current_code(h->ns, item->name));
	}
	purge_find_users(h->ns, change->asked, change->asked_count, found_users, change);
}

void changes_stop(void)
{
	for (;;) {
		mutex_lock(&open_lock);
		struct change *change = list_is_empty(&open_changes) ? NULL
								     : list_entry(open_changes.next,
									       struct change, link);
		mutex_unlock(&open_lock);
		if (change == NULL)
			return;
		/* Its record stays for the question, or the process, that refers to it. */
		if (take_off(change))
			change->done(
				change->user, outcome_of(BEAMR_E_STOPPING, 0, "the machine stops"));
	}
}
