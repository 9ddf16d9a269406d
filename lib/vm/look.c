/* SPDX-License-Identifier: Apache-2.0 */
/* What the host sees of processes: published numbers at once, everything else by asking the process (a request signal).
 * Answers are copied out of the process into one block of C memory each; nothing here keeps a term of another heap. */
#include "base/clock.h"
#include "base/epoch.h"
#include "base/vec.h"
#include "code/module.h"
#include "exec/exec.h"
#include "proc/proc.h"
#include "term/atom.h"
#include "term/ident.h"
#include "term/print.h"
#include "vm/boot.h"
#include "vm/machine.h"

#include <ctype.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_ITEMS_MAX 10000 /* Bound: of each list in an answer; totals are told beside */
#define LOOK_FRAMES_MAX 200
#define LOOK_TEXT_MAX 1000 /* bytes of one dictionary key or value, ancestor, label */

/* ---------------------------------------------------------------------------------------------- pids */

void beamr_pid_text(beamr_pid pid, char out[BEAMR_PID_TEXT])
{
	term t = pid_from_host(pid);
	(void)snprintf(out, BEAMR_PID_TEXT, "<0.%u.%u>", pid_slot(t), pid_serial(t)); /* fits */
}

int beamr_pid_parse(struct beamr *m, const char *text, beamr_pid *ret_pid)
{
	const char *p = text;
	bool angle = *p == '<';
	uint64_t parts[3];
	if (angle)
		p++;
	for (int i = 0; i < 3; i++) {
		if (!isdigit((unsigned char)*p))
			return BEAMR_E_FORMAT;
		char *end;
		parts[i] = strtoull(p, &end, 10);
		p = end;
		if (i < 2 && *p++ != '.')
			return BEAMR_E_FORMAT;
	}
	if (angle && *p++ != '>')
		return BEAMR_E_FORMAT;
	if (*p != '\0')
		return BEAMR_E_FORMAT;
	if (parts[0] != 0 || parts[1] > PID_SLOT_MAX || parts[2] > PID_SERIAL_MAX)
		return BEAMR_E_NO_PROCESS;
	term pid = term_of_pid((uint32_t)parts[1], (uint32_t)parts[2]);
	if (proc_lookup(pid) == NULL)
		return BEAMR_E_NO_PROCESS;
	*ret_pid = pid_to_host(pid);
	return 0;
}

/* Spawns are numbered by their place in time through slot and tenant: later tenants of a slot have higher serials. */
uint64_t beamr_pid_serial(beamr_pid pid)
{
	term t = pid_from_host(pid);
	return (uint64_t)pid_serial(t) << PID_SLOT_BITS | pid_slot(t);
}

int beamr_whereis(struct beamr_ns *h, const char *name, beamr_pid *ret_pid)
{
	struct names names = { 0 };
	term atom = atom_known(h, name, &names);
	term pid = atom == TERM_NONE ? TERM_NONE : registry_whereis(h->ns, atom);
	names_done(&names);
	if (pid == TERM_NONE)
		return BEAMR_E_NO_PROCESS;
	*ret_pid = pid_to_host(pid);
	return 0;
}

struct named {
	char *name;
	term pid;
};

struct name_list {
	VEC(struct named) items;
};

static char *atom_string(term atom)
{
	struct atom_text text = atom_text(atom);
	char *s = strndup((const char *)text.bytes, text.size);
	assert(s != NULL);
	return s;
}

static bool collect_name(term name, term pid, void *arg)
{
	struct name_list *names = arg;
	vec_push(&names->items, ((struct named){ atom_string(name), pid }));
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

void beamr_name_each(
	struct beamr_ns *h, bool (*fn)(void *user, const char *name, beamr_pid pid), void *user)
{
	struct name_list names = { 0 };
	registry_each(h->ns, collect_name, &names);
	if (names.items.count > 1)
		qsort(names.items.items, names.items.count, sizeof(struct named), compare_names);
	bool more = true;
	vec_foreach(n, &names.items) {
		if (more)
			more = fn(user, n->name, pid_to_host(n->pid));
		free(n->name);
	}
	vec_done(&names.items);
}

/* ---------------------------------------------------------------------------------------------- texts of one answer */

/* Everything an answer points at. */
struct texts {
	VEC(char *) items;
};

static const char *texts_take(struct texts *texts, char *text)
{
	vec_push(&texts->items, text);
	return text;
}

static const char *texts_atom(struct texts *texts, term atom)
{
	return texts_take(texts, atom_string(atom));
}

static const char *texts_term(struct texts *texts, term t, size_t max)
{
	return texts_take(texts, term_text(t, max, NULL));
}

static void texts_done(struct texts *texts)
{
	vec_foreach(t, &texts->items)
		free(*t);
	vec_done(&texts->items);
}

static void frame_of_export(
	struct texts *texts, const struct export *export, struct beamr_frame *ret)
{
	*ret = (struct beamr_frame){ "", "", 0, "", 0 };
	if (export == NULL)
		return;
	ret->module = texts_atom(texts, export->module);
	ret->function = texts_atom(texts, export->function);
	ret->arity = export->arity;
}

static void frame_of_address(struct texts *texts, const uint64_t *address, struct beamr_frame *ret)
{
	*ret = (struct beamr_frame){ "", "", 0, "", 0 };
	struct module_code *code = address ? module_code_at(address) : NULL;
	const struct function_header *function = code ? module_function_at(code, address) : NULL;
	if (function == NULL)
		return;
	ret->module = texts_atom(texts, code->name);
	ret->function = texts_atom(texts, function->function);
	ret->arity = (unsigned)(function->arity & 0xFF);
	term file;
	uint32_t line;
	if (module_line_at(code, address, &file, &line)) {
		char name[1024];
		size_t n = 0;
		for (; term_is_cons(file) && n + 1 < sizeof(name); file = cons_tail(file))
			name[n++] = (char)small_value(cons_head(file));
		ret->file = texts_take(texts, strndup(name, n));
		ret->line = line;
	}
}

static enum beamr_process_state state_of(const struct proc *p)
{
	uint32_t state = atomic_load_acquire(&((struct proc *)(uintptr_t)p)->state);
	if (state & STATE_EXITING)
		return BEAMR_PROCESS_EXITING;
	if (state & STATE_SUSPENDED)
		return BEAMR_PROCESS_SUSPENDED;
	if (atomic_load_relaxed(&((struct proc *)(uintptr_t)p)->running))
		return BEAMR_PROCESS_RUNNING;
	if (state & STATE_RUNNABLE)
		return BEAMR_PROCESS_RUNNABLE;
	return BEAMR_PROCESS_WAITING;
}

static void fill_process(const struct proc *p, struct texts *texts, struct beamr_process *ret)
{
	struct proc_published now;
	proc_published(p, &now);
	term name = registry_name_of(p);
	*ret = (struct beamr_process){
		.pid = pid_to_host(p->pid),
		.serial = now.serial,
		.namespace_name = p->ns->name,
		.name = name != TERM_NONE ? texts_atom(texts, name) : "",
		.state = state_of(p),
		.priority = now.priority,
		.trap_exit = (now.flags & PROC_TRAP_EXIT) != 0,
		.system = (now.flags & PROC_SYSTEM) != 0,
		.parent = now.parent != TERM_NONE ? pid_to_host(now.parent) : 0,
		.mailbox = now.mailbox,
		.memory_bytes = now.memory_bytes,
		.reductions = now.reductions,
		.started_realtime_usec = now.started_usec,
	};
	frame_of_export(texts, now.initial_call, &ret->initial_call);
	if (now.said_module != TERM_NONE)
		ret->initial_call = (struct beamr_frame){ texts_atom(texts, now.said_module),
			texts_atom(texts, now.said_function), now.said_arity, "", 0 };
	frame_of_address(texts, now.current, &ret->current);
}

/* ---------------------------------------------------------------------------------------------- listing */

struct listed {
	uint64_t serial;
	term pid;
};

struct listing {
	const struct ns *ns;
	uint64_t after;
	VEC(struct listed) items;
};

static bool collect_process(struct proc *p, void *arg)
{
	struct listing *l = arg;
	struct proc_published now;
	proc_published(p, &now);
	if (now.serial > l->after)
		vec_push(&l->items, ((struct listed){ now.serial, p->pid }));
	return true;
}

static int compare_listed(const void *a, const void *b)
{
	uint64_t x = ((const struct listed *)a)->serial, y = ((const struct listed *)b)->serial;
	return x < y ? -1 : x > y;
}

int beamr_process_pids(struct beamr *m, struct beamr_ns *h, uint64_t after_serial,
	beamr_pid **ret_pids, size_t *ret_count)
{
	struct listing listing = { .ns = h ? h->ns : NULL, .after = after_serial };
	proc_each_of(listing.ns, 0, collect_process, &listing);
	if (listing.items.count > 1)
		qsort(listing.items.items, listing.items.count, sizeof(struct listed),
			compare_listed);
	beamr_pid *pids = malloc((listing.items.count + 1) * sizeof(*pids));
	for (size_t i = 0; pids != NULL && i < listing.items.count; i++)
		pids[i] = pid_to_host(listing.items.items[i].pid);
	*ret_count = listing.items.count;
	vec_done(&listing.items);
	if (pids == NULL)
		return -ENOMEM;
	*ret_pids = pids;
	return 0;
}

void beamr_process_each(struct beamr *m, struct beamr_ns *h, uint64_t after_serial,
	bool (*fn)(void *user, const struct beamr_process *process), void *user)
{
	struct listing listing = { .ns = h ? h->ns : NULL, .after = after_serial };
	proc_each_of(listing.ns, 0, collect_process, &listing);
	if (listing.items.count > 1)
		qsort(listing.items.items, listing.items.count, sizeof(struct listed),
			compare_listed);
	vec_foreach(item, &listing.items) {
		struct texts texts = { 0 };
		struct beamr_process process;
		epoch_enter();
		const struct proc *p = proc_lookup(item->pid);
		if (p != NULL)
			fill_process(p, &texts, &process);
		epoch_leave();
		bool more = p == NULL || fn(user, &process);
		texts_done(&texts);
		if (!more)
			break;
	}
	vec_done(&listing.items);
}

int beamr_process_get(struct beamr *m, beamr_pid pid,
	void (*fn)(void *user, const struct beamr_process *process), void *user)
{
	struct texts texts = { 0 };
	struct beamr_process process;
	epoch_enter();
	const struct proc *p = proc_lookup(pid_from_host(pid));
	if (p != NULL)
		fill_process(p, &texts, &process);
	epoch_leave();
	if (p != NULL)
		fn(user, &process);
	texts_done(&texts);
	return p != NULL ? 0 : BEAMR_E_NO_PROCESS;
}

/* ---------------------------------------------------------------------------------------------- describe */

struct info {
	struct beamr_process_info public; /* first */
	unsigned flags;
	beamr_process_fn done;
	void *user;
	struct texts texts;
	VEC(beamr_pid) links;
	VEC(struct beamr_monitor) monitors;
	VEC(struct beamr_monitor) monitored_by;
	VEC(const char *) ancestors;
	VEC(struct beamr_frame) frames;
	VEC(struct beamr_pair) dictionary;
};

struct beamr_process_info *beamr_process_info_free(struct beamr_process_info *public)
{
	struct info *i = (struct info *)public;
	if (i == NULL)
		return NULL;
	texts_done(&i->texts);
	vec_done(&i->links);
	vec_done(&i->monitors);
	vec_done(&i->monitored_by);
	vec_done(&i->ancestors);
	vec_done(&i->frames);
	vec_done(&i->dictionary);
	mem_free(MEM_MISC, i, sizeof(*i));
	return NULL;
}

static bool add_link(term other, void *arg)
{
	struct info *i = arg;
	i->public.links_total++;
	if (i->links.count < LOOK_ITEMS_MAX && term_is_local_pid(other))
		vec_push(&i->links, pid_to_host(other));
	return true;
}

static struct beamr_monitor monitor_of(struct info *i, term other, term reference)
{
	return (struct beamr_monitor){
		.pid = term_is_local_pid(other) ? pid_to_host(other) : 0,
		.text = texts_term(&i->texts, other, LOOK_TEXT_MAX),
		.reference = texts_term(&i->texts, reference, LOOK_TEXT_MAX),
	};
}

static bool add_monitor(term type, term target, term reference, void *arg)
{
	struct info *i = arg;
	i->public.monitors_total++;
	if (i->monitors.count < LOOK_ITEMS_MAX)
		vec_push(&i->monitors, monitor_of(i, target, reference));
	return true;
}

static bool add_monitored_by(term watcher, term reference, void *arg)
{
	struct info *i = arg;
	i->public.monitored_by_total++;
	if (i->monitored_by.count < LOOK_ITEMS_MAX)
		vec_push(&i->monitored_by, monitor_of(i, watcher, reference));
	return true;
}

static bool add_pair(term key, term value, void *arg)
{
	struct info *i = arg;
	i->public.dictionary_total++;
	if (i->dictionary.count < LOOK_ITEMS_MAX)
		vec_push(&i->dictionary,
			((struct beamr_pair){ texts_term(&i->texts, key, LOOK_TEXT_MAX),
				texts_term(&i->texts, value, LOOK_TEXT_MAX) }));
	return true;
}

static void add_frames(struct info *i, const struct proc *p)
{
	const uint64_t *addresses[LOOK_FRAMES_MAX];
	size_t n = exec_frames(p, addresses, LOOK_FRAMES_MAX);
	for (size_t k = 0; k < n; k++) {
		struct beamr_frame frame;
		frame_of_address(&i->texts, addresses[k], &frame);
		if (frame.module[0] != '\0')
			vec_push(&i->frames, frame);
	}
}

/* On the process's owner. */
static void describe(struct proc *p, void *arg)
{
	struct info *i = arg;
	struct beamr_process_info *public = &i->public;
	if (p == NULL) {
		public->outcome = BEAMR_E_NO_PROCESS;
		i->done(i->user, public);
		return;
	}
	fill_process(p, &i->texts, &public->process);
	/* It runs only to answer; what is asked is what it does otherwise. */
	if (public->process.state == BEAMR_PROCESS_RUNNING)
		public->process.state = p->waits ? BEAMR_PROCESS_WAITING : BEAMR_PROCESS_RUNNABLE;
	public->label = "";
	term label = proc_dict_get(p, A(process_label_key));
	if (label != TERM_NONE)
	public->label = texts_term(&i->texts, label, LOOK_TEXT_MAX);
	public->group_leader = texts_term(&i->texts, p->group_leader, LOOK_TEXT_MAX);
	if (i->flags & BEAMR_DESCRIBE_RELATIONS) {
		proc_links_each(p, add_link, i);
		proc_monitors_each(p, add_monitor, i);
		proc_monitored_by_each(p, add_monitored_by, i);
		term ancestors = proc_dict_get(p, A(ancestors));
		if (ancestors == TERM_NONE)
			ancestors = TERM_NIL;
		for (; term_is_cons(ancestors) && i->ancestors.count < LOOK_ITEMS_MAX;
			ancestors = cons_tail(ancestors))
			vec_push(&i->ancestors,
				texts_term(&i->texts, cons_head(ancestors), LOOK_TEXT_MAX));
	}
	if (i->flags & BEAMR_DESCRIBE_STACK)
		add_frames(i, p);
	if (i->flags & BEAMR_DESCRIBE_MEMORY) {
		public->heap_words = proc_total_words(p);
		public->stack_words = p->mem.start != NULL
					      ? (size_t)(p->mem.end - p->mem.heap.limit)
					      : p->mem.packed_stack_words;
		public->binaries_bytes = p->mem.heap.offheap.bytes + p->mem.old_offheap.bytes;
		public->minor_collections = p->mem.minor_count;
		public->major_collections = p->mem.major_count;
	}
	if (i->flags & BEAMR_DESCRIBE_DICTIONARY)
		proc_dict_each(p, add_pair, i);
	public->link_count = i->links.count;
	public->links = i->links.items;
	public->monitor_count = i->monitors.count;
	public->monitors = i->monitors.items;
	public->monitored_by_count = i->monitored_by.count;
	public->monitored_by = i->monitored_by.items;
	public->ancestor_count = i->ancestors.count;
	public->ancestors = i->ancestors.items;
	public->frame_count = i->frames.count;
	public->frames = i->frames.items;
	public->dictionary_count = i->dictionary.count;
	public->dictionary = i->dictionary.items;
	i->done(i->user, public);
}

void beamr_describe(
	struct beamr *m, beamr_pid pid, unsigned flags, beamr_process_fn done, void *user)
{
	struct info *i = mem_zalloc(MEM_MISC, sizeof(*i));
	i->flags = flags;
	i->done = done;
	i->user = user;
	proc_request(pid_from_host(pid), describe, i);
}

/* ---------------------------------------------------------------------------------------------- mailbox */

struct peek {
	struct beamr_mailbox public; /* first */
	uint64_t offset;
	size_t limit, max_text;
	beamr_mailbox_fn done;
	void *user;
	struct texts texts;
	VEC(struct beamr_message) messages;
};

#define PEEK_MESSAGES_MAX 1000
#define PEEK_WORDS_MAX (1u << 20) /* Bound: of one message handed out as a term */

struct beamr_mailbox *beamr_mailbox_free(struct beamr_mailbox *public)
{
	struct peek *k = (struct peek *)public;
	if (k == NULL)
		return NULL;
	vec_foreach(message, &k->messages)
		beamr_term_free(message->term);
	vec_done(&k->messages);
	texts_done(&k->texts);
	mem_free(MEM_MISC, k, sizeof(*k));
	return NULL;
}

static bool peek_message(const struct message *m, void *arg)
{
	struct peek *k = arg;
	uint64_t index = k->public.total++;
	if (index < k->offset || k->messages.count >= k->limit)
		return true;
	term value = message_value(m);
	struct beamr_message message = { .index = index, .words = heap_flat_words(value) };
	bool truncated = false;
	message.text = texts_take(&k->texts, term_text(value, k->max_text, &truncated));
	message.truncated = truncated;
	if (message.words <= PEEK_WORDS_MAX)
		message.term = term_wrap(owned_term_new(MEM_MISC, value));
	vec_push(&k->messages, message);
	return true;
}

static void peek(struct proc *p, void *arg)
{
	struct peek *k = arg;
	if (p == NULL)
		k->public.outcome = BEAMR_E_NO_PROCESS;
	else
		proc_messages_each(p, peek_message, k);
	k->public.count = k->messages.count;
	k->public.messages = k->messages.items;
	k->done(k->user, &k->public);
}

void beamr_peek(struct beamr *m, beamr_pid pid, uint64_t offset, size_t limit, size_t max_text,
	beamr_mailbox_fn done, void *user)
{
	struct peek *k = mem_zalloc(MEM_MISC, sizeof(*k));
	k->offset = offset;
	k->limit = limit > PEEK_MESSAGES_MAX ? PEEK_MESSAGES_MAX : limit;
	k->max_text = max_text;
	k->done = done;
	k->user = user;
	proc_request(pid_from_host(pid), peek, k);
}
