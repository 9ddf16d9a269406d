/* SPDX-License-Identifier: Apache-2.0 */
/* A namespace becomes a node: the preloaded modules of a release are loaded, then one process runs erl_init:start(init, Arguments) as
 * OTP's emulator has it, and everything else is OTP's own code.
 *
 * Life: 1 NONE  2 BOOTING: the first process runs  3 STARTED: init said so to the process that waits for it (wait_started)
 *       4 HALTED: by erlang:halt, or because the first process ended; whoever moves the state there calls the host's `halted`, once.
 * Invariant: ns->booted is set before the first process starts, so no module of a node is loaded by vm/autoload.c. */
#include "base/cleanup.h"
#include "bif/bif.h"
#include "bif/environment.h"
#include "bif/host.h"
#include "bif/prim_file_vain.h"
#include "bif/prim_tty.h"
#include "binary/binary.h"
#include "code/contents.h"
#include "code/load.h"
#include "io/port.h"
#include "ns/cwd.h"
#include "proc/proc.h"
#include "proc/registry.h"
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/machine.h"
#include "vm/timeout.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int refuse(struct beamr_error *error, int outcome, const char *format, const char *what)
{
	if (error != NULL) {
		memset(error, 0, sizeof(*error));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(
			error->reason, sizeof(error->reason), format, what); /* cut when long */
#pragma GCC diagnostic pop
	}
	return outcome;
}

/* ---------------------------------------------------------------------------------------------- preloaded modules */

/* Modules that start with the node and are of no use without their natives. */
static bool needs_natives(const char *name)
{
	return strcmp(name, "prim_socket") == 0 || strcmp(name, "prim_net") == 0 ||
	       strcmp(name, "socket_registry") == 0;
}

static int load_preloaded(struct beamr_ns *h, const char *dir, struct beamr_error *error)
{
	static const char *const names[] = {
#define PRELOADED(name) name,
#include "code/preloaded.def"
#undef PRELOADED
	};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(free_stringp) char *path = NULL;
		struct beamr_error why = { 0 };
		/* As an emulator that was built without sockets. */
		if (needs_natives(names[i]) && !bif_has_module(atom_of_string(names[i])))
			continue;
		if (asprintf(&path, "%s/%s.beam", dir, names[i]) < 0)
			abort(); /* as mem_alloc does */
		int r = load_file(h->ns, atom_of_string(names[i]), path, true, &why);
		if (r == -ENOENT)
			continue; /* not every release has each of them; what is missed is told as undef by name */
		if (r != 0) {
			if (error != NULL)
				*error = why;
			return r;
		}
	}
	return 0;
}

/* ---------------------------------------------------------------------------------------------- the first process */

static void ended(struct beamr_ns *h, int status, const char *message)
{
	int state = atomic_load_acquire(&h->node);
	do {
		if (state == BEAMR_NODE_HALTED || state == BEAMR_NODE_NONE)
			return;
	} while (!atomic_cas_acq_rel(&h->node, &state, BEAMR_NODE_HALTED));
	atomic_store_relaxed(&h->ns->ending, true); /* only read for what is told */
	if (h->boot.halted != NULL)
		h->boot.halted(h->boot.user, status, message);
}

/* A halt that waits until what was accepted for writing is written, or time is over: whatever comes first ends the node. Freed by
 * the end of the flush, which comes in any case, since the end of the node kills its ports. */
struct halting {
	struct beamr_ns *h;
	int status;
	uint64_t timeout;  /* 0: none */
	_Atomic bool late; /* time is over: nobody waits for the timeout's function any more */
	char message[];
};

/* Tells of what would be a crash dump elsewhere, once. */
static void crashing(struct beamr_ns *h, const char *slogan)
{
	int no = 0;
	if (h->boot.crashing != NULL && atomic_load_acquire(&h->node) != BEAMR_NODE_HALTED &&
		atomic_cas_acq_rel(&h->boot.crashed, &no, 1))
		h->boot.crashing(h->boot.user, slogan);
}

static void halting_flushed(void *user)
{
	struct halting *w = user;
	struct ns *ns = w->h->ns;
	if (!atomic_load_acquire(&w->late)) /* Pairs with halting_late(), which may be what calls this. */
		timeout_cancel(w->timeout);
	ended(w->h, w->status, w->message); /* the second one finds it ended */
	free(w);
	namespace_kill_all(ns);
	ns_release(ns);
}

/* As OTP: with a status of its own. */
static void halting_late(void *user)
{
	struct halting *w = user;
	struct ns *ns = w->h->ns;
	ns_hold(ns);
	ended(w->h, 255, w->message);
	atomic_store_release(&w->late, true); /* Pairs with halting_flushed(). From here on w may be gone. */
	namespace_kill_all(ns);
	ns_release(ns);
}

bool node_halt(struct beamr_ns *h, const struct halt *how)
{
	const int64_t flush_msec = how->flush_msec;
	if (!h->ns->booted)
		return false;
	if (how->kind == HALT_SLOGAN)
		crashing(h, how->slogan);
	if (flush_msec == 0 || how->kind == HALT_ABORT) {
		ended(h, how->kind == HALT_ABORT ? BEAMR_HALT_ABORT : how->status, how->slogan);
		namespace_kill_all(h->ns);
		return true;
	}
	size_t size = strlen(how->slogan) + 1;
	struct halting *w = malloc(sizeof(*w) + size);
	if (w == NULL)
		abort(); /* as mem_alloc does */
	*w = (struct halting){ .h = h, .status = how->status };
	memcpy(w->message, how->slogan, size);
	ns_hold(h->ns);
	if (flush_msec < INT64_MAX / 1000)
		w->timeout = timeout_start((uint64_t)flush_msec * 1000, halting_late, w);
	ports_flush(h->ns, halting_flushed, w);
	return true;
}

static void first_process_ended(struct proc *p, void *user)
{
	struct beamr_ns *h = user;
	_cleanup_(free_stringp) char *reason = NULL, *message = NULL;
	reason = term_text(proc_extra(p)->raise.reason, 800, NULL);
	if (asprintf(&message, "init terminated: %s", reason) < 0)
		abort(); /* as mem_alloc does */
	crashing(h, message);
	ended(h, 1, message);
	namespace_kill_all(h->ns);
}

/* init:wait_until_started/0 has returned. */
static void waited(struct proc *p, void *user)
{
	struct beamr_ns *h = user;
	const struct raise *raise = &proc_extra(p)->raise;
	int state = BEAMR_NODE_BOOTING;
	if (raise->class == CLASS_EXIT && raise->reason == A(normal) &&
		atomic_cas_acq_rel(&h->node, &state, BEAMR_NODE_STARTED) && h->boot.started != NULL)
		h->boot.started(h->boot.user);
}

static term binary_of_text(struct heap *heap, const char *text)
{
	return bits_of_bytes(heap, (const uint8_t *)text, strlen(text));
}

static bool has_flag(const struct beamr_boot_options *o, const char *flag)
{
	for (size_t i = 0; i < o->argument_count; i++)
		if (strcmp(o->arguments[i], flag) == 0)
			return true;
	return false;
}

/* There is no distribution yet, so a node keeps the name nonode@nohost: -name and -sname would make kernel try, and fail to boot. They
 * are kept under names that kernel does not look for. */
static const char *argument_for_init(const char *argument)
{
	if (strcmp(argument, "-name") == 0)
		return "-recorded_name";
	return strcmp(argument, "-sname") == 0 ? "-recorded_sname" : argument;
}

/* Where -extra stands, or the end: what follows are the program's own words. */
static size_t flags_end(const struct beamr_boot_options *o)
{
	size_t i = 0;
	while (i < o->argument_count && strcmp(o->arguments[i], "-extra") != 0)
		i++;
	return i;
}

static bool has_hosted_output(const struct beamr_boot_options *o)
{
	return o->streams[1] < 0;
}

/* [init, [Argument]] */
static term first_arguments(
	struct heap *heap, const struct beamr_boot_options *o, const char *root, const char *bindir)
{
	const char *home = getenv("HOME");
	const char *usual[] = { "-root", root, "-bindir", bindir, "-progname", "erl", "-home", home,
		"-noshell", "-noinput" };
	/* The last two only when nothing was said at all. */
	size_t usual_count = o->arguments == NULL ? ARRAY_SIZE(usual) : 8;
	term list = TERM_NIL;
	size_t end = flags_end(o);
	for (size_t i = o->argument_count; i-- > 0;) {
		const char *text = i < end ? argument_for_init(o->arguments[i]) : o->arguments[i];
		list = heap_cons(heap, binary_of_text(heap, text), list);
	}
	/* Before the program's own: its events are the host's from the start. */
	static const char *const attach[] = { "-s", "beamr_logger", "started", "--" };
	for (size_t i = ARRAY_SIZE(attach); has_hosted_output(o) && i-- > 0;)
		list = heap_cons(heap, binary_of_text(heap, attach[i]), list);
	for (size_t i = usual_count; i > 0; i -= 2) {
		if (usual[i - 1] == NULL || (i <= 8 && has_flag(o, usual[i - 2])))
			continue; /* who has no home has none, as in OTP */
		list = heap_cons(heap, binary_of_text(heap, usual[i - 1]), list);
		list = heap_cons(heap, binary_of_text(heap, usual[i - 2]), list);
	}
	return heap_cons(heap, A(init), heap_cons(heap, list, TERM_NIL));
}

/* Asks the first process, in the name of a process that waits for the answer, to say when it is through with its script. */
static void ask_for_start(struct beamr_ns *h, term first)
{
	struct spawn_options options;
	struct heap heap;
	spawn_options_init(&options);
	options.system = true;
	options.quiet = true;
	options.on_exit = waited;
	options.on_exit_user = h;
	options.group_leader = first;
	term pid =
		proc_spawn(h->ns, NULL, A(init), A(wait_until_started), TERM_NIL, &options, NULL);
	if (pid == TERM_NONE)
		return; /* nobody hears of the start, but the node runs */
	heap_init_builder(&heap);
	term request = heap_tuple_of(&heap, pid, heap_tuple_of(&heap, A(notify_when_started), pid));
	(void)proc_send_from_host(
		first, request); /* it may have ended already: then `halted` tells */
	heap_done(&heap);
}

void node_boots(struct beamr_ns *h)
{
	if (atomic_load_acquire(&h->node) != BEAMR_NODE_BOOTING)
		return;
	/* Pairs with start_first(), which may not have come further than that the process runs. */
	mutex_lock(&h->kernel_lock);
	const term first = atomic_load_acquire(&h->kernel);
	mutex_unlock(&h->kernel_lock);
	ask_for_start(h, first);
}

static int start_first(struct beamr_ns *h, const struct beamr_boot_options *o, const char *root,
	const char *bindir)
{
	struct spawn_options options;
	struct heap heap;
	spawn_options_init(&options);
	options.system = true;
	options.on_exit = first_process_ended;
	options.on_exit_user = h;
	heap_init_builder(&heap);
	/* It runs at once: with the lock nobody finds it missing who is called from there, however long this thread is kept from going on. */
	mutex_lock(&h->kernel_lock);
	term pid = proc_spawn(h->ns, NULL, A(erl_init), A(start),
		first_arguments(&heap, o, root, bindir), &options, NULL);
	if (pid != TERM_NONE)
		atomic_store_release(&h->kernel, pid);
	mutex_unlock(&h->kernel_lock);
	heap_done(&heap);
	if (pid == TERM_NONE)
		return BEAMR_E_LIMIT;
	/* Else beamr_logger asks, near the end of each boot: init:restart/0, also one during the boot, forgets who has asked. */
	if (!has_hosted_output(o))
		ask_for_start(h, pid);
	return 0;
}

static void look_at_contents(void *unused)
{
	if (contents_look())
		(void)timeout_start(CONTENTS_KEEP_USEC, look_at_contents, unused); /* as before */
}

int beamr_ns_boot(struct beamr_ns *h, const struct beamr_boot_options *o, struct beamr_error *error)
{
	const char *root = o->otp_root != NULL ? o->otp_root : h->machine->options.otp_root;
	int none = BEAMR_NODE_NONE;
	struct stat st;
	if (root == NULL)
		return refuse(error, -ENOENT, "%s", "there is no OTP root to boot from");
	if (stat(root, &st) < 0 || !S_ISDIR(st.st_mode)) {
		int r = errno != 0 && !S_ISDIR(st.st_mode) ? -ENOTDIR : -errno;
		return refuse(error, r, "\"%s\" is no folder", root);
	}
	_cleanup_(free_stringp) char *dir = otp_preloaded_dir(root);
	if (dir == NULL && h->machine->options.otp_root != NULL)
		dir = otp_preloaded_dir(h->machine->options.otp_root);
	if (dir == NULL)
		return refuse(
			error, BEAMR_E_NO_MODULE, "\"%s\" has no erts-*/ebin/erlang.beam", root);
	if (ns_process_count(h->ns) > 0 || !atomic_cas_acq_rel(&h->node, &none, BEAMR_NODE_BOOTING))
		return refuse(error, BEAMR_E_EXISTS, "%s runs something already", h->ns->name);
	h->boot = (struct node_boot){
		.started = o->started, .crashing = o->crashing, .halted = o->halted, .user = o->user
	};
	h->ns->booted = true;
	struct beamr_otp otp;
	beamr_otp_describe(root, &otp);
	namespace_use_otp(h->ns, &otp);
	/* As the emulator: these have handlers of erl_signal_server from the start. */
	atomic_store_relaxed(&h->ns->signals[NS_SIGNAL_sigterm], NS_SIGNAL_HANDLE);
	atomic_store_relaxed(&h->ns->signals[NS_SIGNAL_sigusr1], NS_SIGNAL_HANDLE);
	atomic_store_relaxed(&h->ns->signals[NS_SIGNAL_sigquit], NS_SIGNAL_HANDLE);
	memcpy(h->ns->streams, o->streams, sizeof(h->ns->streams));
	if (o->descriptor_count > 0) {
		h->ns->descriptors = calloc(o->descriptor_count, sizeof(int));
		if (h->ns->descriptors == NULL) {
			atomic_store_release(&h->node, BEAMR_NODE_HALTED);
			return refuse(error, -ENOMEM, "no memory for %s", "its descriptors");
		}
		memcpy(h->ns->descriptors, o->descriptors, o->descriptor_count * sizeof(int));
		h->ns->descriptor_count = o->descriptor_count;
	}
	if (o->environment != NULL)
		environment_set(h->ns, o->environment);
	if (o->cwd != NULL) {
		int r = cwd_set(h->ns, o->cwd);
		if (r != 0) {
			atomic_store_release(&h->node, BEAMR_NODE_HALTED);
			return refuse(error, r, "\"%s\" cannot be the working folder", o->cwd);
		}
	}
	vain_look_ahead(h->ns);
	if (contents_boot())
		(void)timeout_start(CONTENTS_KEEP_USEC, look_at_contents, NULL); /* for good */
	int r = load_preloaded(h, dir, error);
	if (r == 0 && has_hosted_output(o)) {
		struct load_error why;
		r = kernel_load_logger(h->ns, &why);
		if (r != 0 && error != NULL)
			load_error_to_host(&why, error);
	}
	if (r == 0) {
		_cleanup_(free_stringp) char *bindir = otp_bin_dir(root, dir);
		r = start_first(h, o, root, bindir);
		if (r != 0)
			(void)refuse(
				error, r, "%s", "there is no room for a process"); /* r as it is */
	}
	if (r != 0)
		atomic_store_release(&h->node, BEAMR_NODE_HALTED);
	return r;
}

enum beamr_node_state beamr_ns_node(const struct beamr_ns *h)
{
	return (enum beamr_node_state)atomic_load_acquire(&h->node);
}

static int send(term to, struct heap *heap, term message)
{
	bool sent = to != TERM_NONE && proc_send_from_host(to, message);
	heap_done(heap);
	return sent ? 0 : BEAMR_E_NO_PROCESS;
}

/* {notify, Signal}: erl_signal_server is a gen_event, whose handlers decide. */
static int notify(struct beamr_ns *h, term signal)
{
	struct heap heap;
	heap_init_builder(&heap);
	return send(registry_whereis(h->ns, A(erl_signal_server)), &heap,
		heap_tuple_of(&heap, A(notify), signal));
}

int beamr_ns_signal(struct beamr_ns *h, int number)
{
	static const struct {
		int number;
		term name;
	} signals[] = {

#define SIGNAL(name, number, since) { number, A(name) },
#include "ns/signals.def"
#undef SIGNAL
	};
	for (size_t i = 0; h->ns->booted && i < ARRAY_SIZE(signals); i++) {
		if (signals[i].number != number)
			continue;
		/* Pairs with bif_os_set_signal_2(). */
		uint8_t disposition = atomic_load_acquire(&h->ns->signals[i]);
		if (disposition == NS_SIGNAL_IGNORE)
			return 0;
		if (disposition == NS_SIGNAL_HANDLE)
			return notify(h, signals[i].name);
	}
	if (prim_tty_signal(h->ns, number))
		return 0;
	return BEAMR_E_NO_PROCESS;
}

int beamr_ns_shutdown(struct beamr_ns *h)
{
	if (!h->ns->booted)
		return BEAMR_E_NO_PROCESS;
	/* Pairs with bif_os_set_signal_2(). */
	if (atomic_load_acquire(&h->ns->signals[NS_SIGNAL_sigterm]) == NS_SIGNAL_HANDLE &&
		notify(h, A(sigterm)) == 0)
		return 0;
	/* What the usual handler would do. */
	struct heap heap;
	heap_init_builder(&heap);
	return send(
		registry_whereis(h->ns, A(init)), &heap, heap_tuple_of(&heap, A(stop), A(stop)));
}
