/* SPDX-License-Identifier: Apache-2.0 */
/* A namespace's kernel process: the group leader of what the host starts, registered as `user`, and the logger service.
 * Its code is lib/vm/beamr_kernel.erl, compiled at build time and carried in the library. */
#include "base/clock.h"
#include "bif/host.h"
#include "code/load.h"
#include "io/port.h"
#include "proc/proc.h"
#include "proc/registry.h"
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/kernel_beam.h"
#include "vm/logger_beam.h"
#include "vm/machine.h"

#include <pthread.h>
#include <string.h>

static void output(struct ns *ns, term from, int stream, const uint8_t *bytes, size_t size)
{
	struct beamr *m = machine();
	if (from != TERM_NONE && call_output(from, bytes, size))
		return;
	if (m->options.output != NULL)
		m->options.output(m->options.user, ns->name, from != TERM_NONE ? pid_to_host(from) : 0,
			stream, (const char *)bytes, size);
}

static void halt(struct ns *ns, const struct halt *how)
{
	struct beamr *m = machine();
	if (node_halt(handle_of(ns), how))
		return;
	if (m->options.halt != NULL)
		m->options.halt(m->options.user, ns->name, how->status);
	namespace_kill_all(ns);
}

/* Nothing of a namespace runs before its kernel process has registered what library code calls by name; so whoever starts
 * something waits for that, the moment it takes. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
} ready = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };

static void kernel_started(struct ns *ns)
{
	if (ns->booted) {
		node_boots(handle_of(ns));
		return;
	}
	pthread_mutex_lock(&ready.lock);
	handle_of(ns)->kernel_ready = true;
	pthread_cond_broadcast(&ready.changed);
	pthread_mutex_unlock(&ready.lock);
}

static void kernel_ended(struct proc *p, void *user)
{
	struct beamr_ns *h = user;
	kernel_started(h->ns); /* nobody waits for ever */
}

/* Not before the schedulers run: then it is the first in their queue. */
static void wait_until_ready(struct beamr_ns *h)
{
	if (!h->machine->started || h->machine->stopped)
		return;
	pthread_mutex_lock(&ready.lock);
	while (!h->kernel_ready)
		pthread_cond_wait(&ready.changed, &ready.lock);
	pthread_mutex_unlock(&ready.lock);
}

void kernel_init(struct beamr *m)
{
	static const struct host_functions functions = {
		.output = output,
		.started = kernel_started,
		.logger_started = autoload_logger_started,
		.halt = halt,
	};
	port_init(output);
	host_set_functions(&functions);
}

static bool alive(term pid)
{
	return pid != TERM_NONE && proc_lookup(pid) != NULL;
}

int kernel_load_logger(struct ns *ns, struct load_error *error)
{
	return load_publish(ns, logger_beam, sizeof(logger_beam), NULL, A(beamr_logger), NULL, false, error);
}

term kernel_process(struct beamr_ns *h)
{
	term pid = atomic_load_acquire(&h->kernel);
	if (h->ns->booted) {
		/* OTP's own user; until that is there, the first process, which leads itself. */
		term user = registry_whereis(h->ns, A(user));
		return user != TERM_NONE ? user : alive(pid) ? pid : TERM_NONE;
	}
	if (alive(pid))
		return pid;
	mutex_lock(&h->kernel_lock);
	pid = atomic_load_acquire(&h->kernel);
	if (!alive(pid)) {
		struct load_error error;
		term name = A(beamr_kernel);
		struct module *module = ns_module(h->ns, name);
		pid = TERM_NONE;
		int r = 0;
		if (module == NULL || atomic_load_acquire(&module->current) == NULL)
			r = load_publish(
				h->ns, kernel_beam, sizeof(kernel_beam), NULL, name, NULL, false, &error);
		if (r != 0) {
			struct beamr_error told;
			load_error_to_host(&error, &told);
			load_failed(h->ns, name, &told);
		} else {
			struct spawn_options options;
			spawn_options_init(&options);
			options.quiet = false;
			options.system = true;
			options.on_exit = kernel_ended;
			options.on_exit_user = h;
			h->kernel_ready = false;
			pid = proc_spawn(h->ns, NULL, name, atom_of_string("start"), TERM_NIL,
				&options, NULL);
			if (pid != TERM_NONE)
				wait_until_ready(h);
		}
		atomic_store_release(&h->kernel, pid);
	}
	mutex_unlock(&h->kernel_lock);
	return pid;
}

static void logger_ended(struct proc *p, void *user)
{
	struct beamr_ns *h = user;
	autoload_logger_started(h->ns); /* nobody waits for ever; a second telling does no harm */
	atomic_store_release(&h->logger, LOGGER_OFF);
}

void kernel_start_logger(struct beamr_ns *h)
{
	struct spawn_options options;
	spawn_options_init(&options);
	options.quiet = false;
	options.system = true;
	options.on_exit = logger_ended;
	options.on_exit_user = h;
	options.group_leader = kernel_process(h);
	struct load_error error;
	if (options.group_leader == TERM_NONE || kernel_load_logger(h->ns, &error) != 0 ||
		proc_spawn(h->ns, NULL, A(beamr_kernel), A(start_logger), TERM_NIL, &options,
			NULL) == TERM_NONE)
		autoload_logger_started(h->ns);
}

struct beamr_ns *handle_of(struct ns *ns)
{
	return ns->host;
}
