/* SPDX-License-Identifier: Apache-2.0 */
/* Modules at the host's hand: loading with on_load, deleting, purging, and what is loaded. */
#include "code/load.h"

#include "base/epoch.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "ns/quota.h"
#include "proc/purge.h"
#include "proc/proc.h"
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/machine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const no_function = "on_load did not return ok, so the module stays out";

/* One load on its way: staged, perhaps running on_load, published, told. */
struct loading {
	struct ns *ns;
	struct module_code *code;
	char *path;
	bool from_root;
	void (*done)(void *arg, int outcome, const char *reason);
	void *arg;
};

static void finish(struct loading *l, int outcome, const char *reason)
{
	l->done(l->arg, outcome, reason);
	(void)module_code_unref(l->code); /* always NULL */
	free(l->path);
	mem_free(MEM_MISC, l, sizeof(*l));
}

static void publish(struct loading *l)
{
	/* ns_publish takes a reference of its own. */
	int r = ns_publish(l->ns, module_code_ref(l->code), l->path, l->from_root);
	if (r != 0)
		(void)module_code_unref(l->code);
	finish(l, r == 0 ? 0 : BEAMR_E_OLD_CODE,
		r == 0 ? "" : "the version before the present one is still in use; purge it first");
}

/* On the owner of the process that ran on_load. */
static void on_load_ended(struct proc *p, void *user)
{
	struct loading *l = user;
	const struct raise *raise = &proc_extra(p)->raise;
	bool ok = raise->class == CLASS_EXIT && raise->reason == A(normal) && raise->args == A(ok);
	if (ok)
		publish(l);
	else
		finish(l, BEAMR_E_FORMAT, no_function);
}

static void purged(void *arg, bool done)
{
	struct loading *l = arg;
	if (!done) {
		finish(l, BEAMR_E_OLD_CODE,
			"the version before the present one is still in use; purge it first");
		return;
	}
	if (l->code->on_load == NULL) {
		publish(l);
		return;
	}
	struct spawn_options options;
	spawn_options_init(&options);
	options.entry = l->code->on_load;
	options.on_exit = on_load_ended;
	options.on_exit_user = l;
	options.quiet = true;
	options.group_leader = kernel_process(handle_of(l->ns));
	epoch_enter();
	ns_hold_names(l->ns, l->code);
	term pid = proc_spawn(l->ns, NULL, l->code->name, A(on_load), TERM_NIL, &options, NULL);
	epoch_leave();
	if (pid == TERM_NONE)
		finish(l, BEAMR_E_LIMIT, "there is no room for a process to run on_load");
}

/* Staged already; takes code. */
static void go_on(struct ns *ns, struct module_code *code, const char *path, bool from_root,
	void (*done)(void *arg, int outcome, const char *reason), void *arg)
{
	struct loading *l = mem_zalloc(MEM_MISC, sizeof(*l));
	*l = (struct loading){ ns, code, path ? strdup(path) : NULL, from_root, done, arg };
	struct module *m = ns_module(ns, code->name);
	if (!ns_has_code_room(ns, code)) {
		finish(l, BEAMR_E_LIMIT, "the namespace has as many modules, or as much code, as it may have");
		return;
	}
	if (m != NULL && atomic_load_acquire(&m->current) != NULL && module_has_old(ns, m))
		purge_soft(ns, l->code->name, purged, l);
	else
		purged(l, true);
}

/* ---------------------------------------------------------------------------------------------- for autoload */

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	int outcome;
	const char *reason;
};

static void wake(void *arg, int outcome, const char *reason)
{
	struct waiting *w = arg;
	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->outcome = outcome;
	w->reason = reason;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

int load_publish(struct ns *ns, const void *data, size_t size, const uint8_t *digest, term expected,
	const char *path, bool from_root, struct load_error *error)
{
	struct module_code *code;
	int r = digest == NULL ? load_code(data, size, expected, &code, error)
			       : load_code_of(data, size, digest, expected, &code, error);
	if (r != 0)
		return r < 0 ? r : r == LOAD_E_LIMIT ? BEAMR_E_LIMIT : BEAMR_E_FORMAT;
	return load_publish_code(ns, code, path, from_root, error);
}

int load_publish_code(struct ns *ns, struct module_code *code, const char *path, bool from_root,
	struct load_error *error)
{
	struct waiting w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, "" };
	go_on(ns, code, path, from_root, wake, &w);
	pthread_mutex_lock(&w.lock);
	while (!w.done)
		pthread_cond_wait(&w.changed, &w.lock);
	pthread_mutex_unlock(&w.lock);
	if (w.outcome != 0) {
		memset(error, 0, sizeof(*error));
		(void)snprintf(error->reason, sizeof(error->reason), "%s", w.reason);
	}
	return w.outcome;
}

void load_failed(struct ns *ns, term module, const struct beamr_error *error)
{
	struct beamr *m = machine();
	if (m->options.report == NULL)
		return;
	struct beamr_report *report = mem_alloc(MEM_REPORT, sizeof(*report));
	struct atom_text name = atom_text(module);
	report_begin(report, BEAMR_REPORT_LOAD);
	report->priority = 4; /* warning: code is there and cannot be used */
	report->namespace_name = report_put(report, ns->name, strlen(ns->name), REPORT_FIELD_MAX);
	report->module = report_put(report, (const char *)name.bytes, name.size, REPORT_FIELD_MAX);
	report->detail = report_putf(report, "%.*s does not load: %s%s%s", (int)name.size,
		(const char *)name.bytes, error->chunk, error->chunk[0] ? ": " : "", error->reason);
	m->options.report(m->options.user, report);
	mem_free(MEM_REPORT, report, sizeof(*report));
}

/* ---------------------------------------------------------------------------------------------- beamr_load */

struct host_load {
	struct beamr_loaded public; /* first */
	beamr_loaded_fn done;
	void *user;
};

struct beamr_loaded *beamr_loaded_free(struct beamr_loaded *public)
{
	if (public != NULL)
		mem_free(MEM_MISC, public, sizeof(struct host_load));
	return NULL;
}

static void host_load_done(void *arg, int outcome, const char *reason)
{
	struct host_load *l = arg;
	l->public.outcome = outcome;
	if (outcome != 0)
		(void)snprintf(
			l->public.error.reason, sizeof(l->public.error.reason), "%s", reason);
	l->done(l->user, &l->public);
}

void beamr_load(struct beamr_ns *h, const void *data, size_t size, unsigned flags,
	beamr_loaded_fn done, void *user)
{
	struct host_load *l = mem_zalloc(MEM_MISC, sizeof(*l));
	struct load_error error = { 0 };
	struct module_code *code;
	l->done = done;
	l->user = user;
	int r = size > BEAMR_MODULE_MAX ? LOAD_E_LIMIT
					: load_code(data, size, TERM_NONE, &code, &error);
	if (r != 0) {
		if (size > BEAMR_MODULE_MAX)
			(void)snprintf(error.reason, sizeof(error.reason),
				"the file has more than %u bytes", BEAMR_MODULE_MAX);
		load_error_to_host(&error, &l->public.error);
		l->public.outcome = r < 0 ? r : r == LOAD_E_LIMIT ? BEAMR_E_LIMIT : BEAMR_E_FORMAT;
		done(user, &l->public);
		return;
	}
	struct atom_text name = atom_text(code->name);
	(void)snprintf(l->public.module, sizeof(l->public.module), "%.*s", (int)name.size,
		(const char *)name.bytes); /* 255 characters fit */
	if (flags & BEAMR_LOAD_DRY_RUN) {
		(void)module_code_unref(code); /* always NULL */
		done(user, &l->public);
		return;
	}
	go_on(h->ns, code, NULL, false, host_load_done, l);
}

/* ---------------------------------------------------------------------------------------------- what is loaded */

struct module_row {
	char *name;
	term atom;
};

struct module_rows {
	VEC(struct module_row) items;
};

static void collect_module(struct module *m, void *arg)
{
	struct module_rows *rows = arg;
	struct atom_text text = atom_text(m->name);
	vec_push(&rows->items,
		((struct module_row){ strndup((const char *)text.bytes, text.size), m->name }));
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct module_row *)a)->name, ((const struct module_row *)b)->name);
}

/* The string under `source` in the compile info, as UTF-8. */
static void find_source(const struct module_code *code, char *buffer, size_t size)
{
	size_t n = 0;
	buffer[0] = '\0';
	for (term l = code->compile_info; term_is_cons(l); l = cons_tail(l)) {
		term pair = cons_head(l);
		if (!term_is_tuple_of(pair, 2) || tuple_element(pair, 0) != A(source))
			continue;
		for (term c = tuple_element(pair, 1); term_is_cons(c) && n + 5 < size;
			c = cons_tail(c))
			if (term_is_small(cons_head(c)) && small_value(cons_head(c)) > 0)
				n += (size_t)utf8_encode(
					(uint32_t)small_value(cons_head(c)), (uint8_t *)buffer + n);
		buffer[n] = '\0';
	}
}

/* Tells of one module; false when it has no code at all. */
static bool tell_module(struct ns *ns, struct module *m, const char *name,
	bool (*fn)(void *user, const struct beamr_module *module), void *user, bool *ret_more)
{
	char source[4096], digest[33];
	mutex_lock(&ns->code_lock);
	struct module_code *code = atomic_load_acquire(&m->current);
	bool has_current = code != NULL, has_old = m->old != NULL;
	if (code == NULL)
		code = m->old;
	if (code != NULL)
		code = module_code_ref(code);
	struct beamr_module row = { .name = name,
		.has_old = has_old,
		.has_current = has_current,
		.loaded_realtime_usec = m->loaded_usec,
		.sticky = m->from_root };
	mutex_unlock(&ns->code_lock);
	if (code == NULL)
		return false;
	for (size_t i = 0; i < sizeof(code->md5); i++)
		(void)snprintf(digest + 2 * i, 3, "%02x", code->md5[i]); /* fits */
	find_source(code, source, sizeof(source));
	row.digest = digest;
	row.source = source;
	row.bytes = code->bytes;
	row.exports = code->export_count;
	*ret_more = fn(user, &row);
	(void)module_code_unref(code); /* always NULL */
	return true;
}

void beamr_module_each(
	struct beamr_ns *h, bool (*fn)(void *user, const struct beamr_module *module), void *user)
{
	struct module_rows rows = { 0 };
	ns_modules_each(h->ns, collect_module, &rows);
	if (rows.items.count > 1)
		qsort(rows.items.items, rows.items.count, sizeof(struct module_row), compare_rows);
	bool more = true;
	vec_foreach(row, &rows.items) {
		struct module *m = ns_module(h->ns, row->atom);
		if (more && m != NULL)
			(void)tell_module(h->ns, m, row->name, fn, user,
				&more); /* gone meanwhile: nothing to tell */
		free(row->name);
	}
	vec_done(&rows.items);
}

struct one_module {
	void (*fn)(void *user, const struct beamr_module *module);
	void *user;
};

static bool tell_one(void *user, const struct beamr_module *module)
{
	struct one_module *one = user;
	one->fn(one->user, module);
	return false;
}

static struct module *module_named(struct beamr_ns *h, const char *name)
{
	struct names names = { 0 };
	term atom = atom_known(h, name, &names);
	struct module *m = atom == TERM_NONE ? NULL : ns_module(h->ns, atom);
	names_done(&names);
	return m;
}

int beamr_module_get(struct beamr_ns *h, const char *name,
	void (*fn)(void *user, const struct beamr_module *module), void *user)
{
	struct one_module one = { fn, user };
	struct module *m = module_named(h, name);
	bool more;
	return m != NULL && tell_module(h->ns, m, name, tell_one, &one, &more) ? 0
									       : BEAMR_E_NO_MODULE;
}

/* The current code of a module, loaded from the code folders if need be, with a reference. */
static int find_code(struct beamr_ns *h, const char *name, struct module_code **ret_code)
{
	struct module *m = module_named(h, name);
	if (m == NULL || atomic_load_acquire(&m->current) == NULL) {
		struct beamr_error error;
		/* Only a name that a file has becomes an atom. */
		_cleanup_(free_stringp) char *path =
			ns_find_code(h->ns, (const uint8_t *)name, strlen(name), NULL);
		if (path == NULL)
			return BEAMR_E_NO_MODULE;
		bool full;
		struct names names = { 0 };
		term atom = atom_made(h, name, &names, &full);
		if (atom == TERM_NONE)
			return BEAMR_E_NO_MODULE;
		int r = autoload_now(h->ns, atom, &error);
		if (r != 0)
			load_failed(h->ns, atom, &error);
		else
			m = ns_module(h->ns, atom);
		names_done(&names);
		if (r != 0)
			return BEAMR_E_NO_MODULE;
	}
	mutex_lock(&h->ns->code_lock);
	struct module_code *code = m != NULL ? atomic_load_acquire(&m->current) : NULL;
	if (code != NULL)
		code = module_code_ref(code);
	mutex_unlock(&h->ns->code_lock);
	*ret_code = code;
	return code != NULL ? 0 : BEAMR_E_NO_MODULE;
}

int beamr_export_each(struct beamr_ns *h, const char *module,
	bool (*fn)(void *user, const char *function, unsigned arity), void *user)
{
	struct module_code *code;
	int r = find_code(h, module, &code);
	if (r != 0)
		return r;
	for (size_t i = 0; i < code->export_count; i++) {
		struct atom_text text = atom_text(code->exports[i].function);
		char name[1024];
		(void)snprintf(
			name, sizeof(name), "%.*s", (int)text.size, (const char *)text.bytes);
		if (!fn(user, name, code->exports[i].arity))
			break;
	}
	(void)module_code_unref(code); /* always NULL */
	return 0;
}

/* Whether it can be called as things are. */
static bool leads_somewhere(struct beamr_ns *h, const char *module, const char *function, unsigned arity)
{
	struct names names = { 0 };
	term m = atom_known(h, module, &names);
	term f = atom_known(h, function, &names);
	epoch_enter();
	const struct export *export = m != TERM_NONE && f != TERM_NONE ? export_find(m, f, arity) : NULL;
	const bool leads = export != NULL && ns_dispatch(h->ns, export->number) != NULL;
	epoch_leave();
	names_done(&names);
	return leads;
}

int beamr_export_check(struct beamr_ns *h, const char *module, const char *function, unsigned arity)
{
	if (leads_somewhere(h, module, function, arity))
		return 0;
	struct module *loaded = module_named(h, module);
	/* In a node the call itself asks the code server. */
	if (h->ns->booted && (loaded == NULL || atomic_load_acquire(&loaded->current) == NULL))
		return 0;
	struct module_code *code;
	int r = find_code(h, module, &code);
	if (r != 0)
		return r;
	struct names names = { 0 };
	term f = atom_known(h, function, &names);
	bool found = f != TERM_NONE && module_export(code, f, arity) != NULL;
	names_done(&names);
	(void)module_code_unref(code); /* always NULL */
	return found ? 0 : BEAMR_E_NO_FUNCTION;
}

int beamr_module_delete(struct beamr_ns *h, const char *name)
{
	struct module *m = module_named(h, name);
	int r = m == NULL ? NS_E_NO_MODULE : ns_delete_module(h->ns, m->name);
	return r == 0 ? 0 : r == NS_E_OLD_CODE ? BEAMR_E_OLD_CODE : BEAMR_E_NO_MODULE;
}
