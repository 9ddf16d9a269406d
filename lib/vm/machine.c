/* SPDX-License-Identifier: Apache-2.0 */
/* Making, starting and stopping the machine, and its numbers.
 *
 * Order of birth: atoms, exports, the engine's stubs, the BIFs' rows, the process table, the default namespace, then threads.
 * Death goes the other way. Tables of atoms and exports stay for the life of the program: a second machine uses them again. */
#include "vm/machine.h"

#include "code/cache.h"
#include "code/contents.h"

#include "base/pool.h"

#include "base/clock.h"
#include "base/fence.h"
#include "bif/bif.h"
#include "bif/environment.h"
#include "bif/file.h"
#include "bif/host.h"
#include "bif/persistent_term.h"
#include "bif/re_patterns.h"
#include "code/region.h"
#include "data/map.h"
#include "ets/ets.h"
#include "exec/exec.h"
#include "io/port.h"
#include "proc/names.h"
#include "proc/proc.h"
#include "proc/purge.h"
#include "proc/registry.h"
#include "proc/timer.h"
#include "sched/sched.h"
#include "term/atom.h"
#include "trace/monitor.h"
#include "trace/session.h"
#include "vm/boot.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ATOMS_MAX (1U << 23) /* of all namespaces */

static struct beamr *the_machine;

struct beamr *machine(void)
{
	return the_machine;
}

/* What other rooms keep in each namespace. */
static void add_registry(struct ns *ns)
{
	ns->registry = registry_new();
}

static void drop_registry(struct ns *ns)
{
	names_collection_done(ns);
	timers_end_ns(ns);
	sched_ns_done(ns);
	ns->registry = registry_free(ns->registry);
	(void)persistent_space_free(
		atomic_load_acquire(&ns->persistent)); /* always NULL, as the next */
	(void)re_patterns_free(atomic_load_acquire(&ns->re_patterns));
	(void)environment_free(atomic_load_acquire(&ns->environment));
}

static void walk_registry(struct ns *ns, struct names_walk *walk)
{
	proc_names_walk(ns, walk);
	persistent_names_walk(ns, walk);
}

static struct ns_part registry_part = { .init = add_registry, .done = drop_registry, .names = walk_registry };

static void init_tables(void)
{
	atom_init(ATOMS_MAX);
	export_init();
	map_init();
	code_region_init();
	code_cache_init();
	bif_register_all();
	exec_init();
	ns_add_part(&registry_part);
	ets_init();
	file_init();
	trace_init();
}

void init_tables_once(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, init_tables);
}

int beamr_new(const struct beamr_options *options, struct beamr **ret_machine)
{
	assert(the_machine == NULL);
	if (options->otp_root != NULL) {
		struct stat st;
		if (stat(options->otp_root, &st) < 0)
			return -errno;
		if (!S_ISDIR(st.st_mode))
			return -ENOTDIR;
	}
	init_tables_once();
	fence_init();
	proc_names_init();
	purge_init();
	struct beamr *m = mem_zalloc(MEM_MISC, sizeof(*m));
	m->options = *options;
	m->options.otp_root = options->otp_root ? strdup(options->otp_root) : NULL;
	mutex_init(&m->lock, LOCK_VM);
	the_machine = m;
	if (m->options.otp_root != NULL)
		beamr_otp_describe(m->options.otp_root, &m->otp);
	sched_open();
	proc_table_init(options->processes_max);
	report_set_sink(options->report, options->user);
	kernel_init(m);
	struct beamr_ns *ns;
	int r = beamr_ns_create(m, BEAMR_DEFAULT_NAMESPACE, &ns);
	if (r != 0) {
		beamr_free(m);
		return r < 0 ? r : -EINVAL;
	}
	beamr_ns_unref(ns);
	*ret_machine = m;
	return 0;
}

static void child_started(struct ns *ns, pid_t pid)
{
	const struct beamr *m = machine();
	m->options.child(m->options.user, ns->id, ns->name, (int)pid);
}

int beamr_start(struct beamr *m)
{
	if (m->options.child != NULL)
		children_set_started(child_started);
	int r = sched_start(m->options.schedulers, exec_run);
	if (r < 0)
		return r;
	autoload_start(m);
	contents_start();
	m->started = true;
	return 0;
}

void beamr_stop(struct beamr *m)
{
	if (!m->started || m->stopped)
		return;
	m->stopped = true;
	contents_stop(); /* before timeouts end */
	autoload_stop();
	children_stop();
	port_files_stop();
	sched_stop();
	ports_stop();
	pool_stop();
	m->alone = true;
	calls_stop(m);
	purges_stop();
	changes_stop();
	names_collections_stop();
}

struct beamr *beamr_free(struct beamr *m)
{
	if (m == NULL)
		return NULL;
	beamr_stop(m);
	/* Processes end in their namespaces, whose code is then freed without asking anybody. */
	sched_close();
	proc_table_done();
	purge_finish();
	namespaces_free(m);
	epoch_drain();
	pool_stop(); /* of a machine that never started */
	mutex_done(&m->lock);
	free((char *)(uintptr_t)m->options.otp_root);
	vec_done(&m->namespaces);
	mem_free(MEM_MISC, m, sizeof(*m));
	the_machine = NULL;
	return NULL;
}

const char *beamr_otp_release(const struct beamr *m)
{
	return m->otp.release;
}

void beamr_events(struct beamr *m, uint64_t kinds)
{
	report_set_wanted(kinds);
	monitor_host_wants(kinds);
}

void beamr_event_limits(struct beamr *m, const struct beamr_event_limits *limits)
{
	(void)m; /* there is one */
	monitor_host_limits((int64_t)limits->long_gc_usec * 1000,
		(int64_t)limits->long_schedule_usec * 1000,
		(int64_t)(limits->large_heap_bytes / sizeof(term)));
}

static void describe_scheduler(unsigned index, struct beamr_scheduler *ret)
{
	struct sched_numbers n;
	sched_describe(index, &n);
	*ret = (struct beamr_scheduler){
		.id = index + 1,
		.state = n.sleeping ? BEAMR_SCHEDULER_SLEEPING
			 : n.busy   ? BEAMR_SCHEDULER_BUSY
				    : BEAMR_SCHEDULER_IDLE,
		.progress = n.progress,
		.run_queue = n.run_queue,
		.run_queue_max = n.run_queue_max,
		.reductions = n.reductions,
		.switches = n.switches,
		.migrations = n.migrations,
		.busy_usec = n.busy_usec,
		.current = n.current != TERM_NONE ? pid_to_host(n.current) : 0,
	};
}

size_t beamr_schedulers(const struct beamr *m, struct beamr_scheduler *ret, size_t max)
{
	size_t count = m->started ? sched_count() : 0;
	for (size_t i = 0; i < count && i < max; i++)
		describe_scheduler((unsigned)i, &ret[i]);
	return count;
}

static uint64_t used(enum mem_class class)
{
	int64_t bytes = mem_used(class);
	return bytes > 0 ? (uint64_t)bytes : 0;
}

void beamr_memory(const struct beamr *m, struct beamr_memory *ret)
{
	*ret = (struct beamr_memory){
		.processes = used(MEM_HEAP) + used(MEM_PROC) + used(MEM_MESSAGE),
		.atoms = used(MEM_ATOM),
		.atoms_used = atom_bytes(),
		.binaries = used(MEM_BINARY),
		.code = used(MEM_CODE),
		.ets = used(MEM_ETS),
	};
	int64_t total = mem_used_total();
	ret->total = total > 0 ? (uint64_t)total : 0;
	ret->processes_used = ret->processes;
	uint64_t known = ret->processes + ret->atoms + ret->binaries + ret->code + ret->ets;
	ret->system = ret->total > known ? ret->total - known : 0;
}

void beamr_counts(const struct beamr *m, struct beamr_counts *ret)
{
	*ret = (struct beamr_counts){ .atoms = atom_count() };
	namespaces_count((struct beamr *)(uintptr_t)m, ret); /* takes its lock */
	ret->processes = proc_count();
	ret->spawns = proc_spawn_count();
	ret->crashes = proc_crash_count();
}
