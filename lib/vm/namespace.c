/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces as the host sees them: handles, counted, that outlive a removal while somebody holds one. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "ns/channel.h"
#include "ns/quota.h"
#include "io/port.h"
#include "proc/proc.h"
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/machine.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Stands for "its last process is gone" in beamr_ns.watch. */
static struct namespace_watch gone;

static bool name_is_valid(const char *name)
{
	size_t n = strlen(name);
	if (n == 0 || n > BEAMR_NAME_MAX || !isalnum((unsigned char)name[0]))
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("_.-", *p) == NULL)
			return false;
	return true;
}

/* Position of the first handle whose name is not below; under machine->lock. */
static size_t position_of(const struct beamr *m, const char *name)
{
	size_t low = 0, high = m->namespaces.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(m->namespaces.items[middle]->ns->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct beamr_ns *find_locked(const struct beamr *m, const char *name)
{
	size_t i = position_of(m, name);
	if (i < m->namespaces.count && strcmp(m->namespaces.items[i]->ns->name, name) == 0)
		return m->namespaces.items[i];
	return NULL;
}

static void handle_free(struct pool_job *job)
{
	struct beamr_ns *h = (struct beamr_ns *)(void *)((char *)job - offsetof(struct beamr_ns, job));
	ns_free(h->ns);
	mutex_done(&h->kernel_lock);
	mem_free(MEM_NS, h, sizeof(*h));
}

void namespace_use_otp(struct ns *ns, const struct beamr_otp *otp)
{
	memcpy(ns->otp_release, otp->release, sizeof(ns->otp_release));
	memcpy(ns->erts_version, otp->erts, sizeof(ns->erts_version));
	ns_set_release(ns, (int)strtol(otp->release, NULL, 10)); /* 0 when there is none */
}

/* Everybody has moved on. What ends an epoch may hold locks, and a large namespace takes its time: a helper thread frees it. When
 * the machine itself ends, that waits until code is freed without asking processes, which are gone by then. */
static void handle_retired(struct epoch_item *item)
{
	struct beamr_ns *h = (struct beamr_ns *)(void *)((char *)item - offsetof(struct beamr_ns, retired));
	if (h->machine->alone) {
		h->late_next = h->machine->late;
		h->machine->late = h;
		return;
	}
	if (pool_run(&h->job, handle_free) < 0)
		handle_free(&h->job); /* no thread is to be had */
}

int beamr_ns_create(struct beamr *m, const char *name, struct beamr_ns **ret_ns)
{
	if (!name_is_valid(name))
		return BEAMR_E_NAME;
	mutex_lock(&m->lock);
	if (find_locked(m, name) != NULL) {
		mutex_unlock(&m->lock);
		return BEAMR_E_EXISTS;
	}
	bool exists = false;
	struct ns *ns = ns_new(name, &exists);
	if (ns == NULL) {
		mutex_unlock(&m->lock);
		/* A removed namespace of that name still has processes that end. */
		return exists ? BEAMR_E_EXISTS : -ENOMEM;
	}
	struct beamr_ns *h = mem_zalloc(MEM_NS, sizeof(*h));
	h->machine = m;
	h->ns = ns;
	h->refs = 2; /* the list's and the caller's */
	h->created_realtime_usec = clock_realtime_usec();
	h->kernel = TERM_NONE;
	mutex_init(&h->kernel_lock, LOCK_VM_KERNEL);
	ns->host = h;
	namespace_use_otp(ns, &m->otp);
	size_t i = position_of(m, name);
	vec_push(&m->namespaces, h);
	memmove(m->namespaces.items + i + 1, m->namespaces.items + i,
		(m->namespaces.count - 1 - i) * sizeof(h));
	m->namespaces.items[i] = h;
	mutex_unlock(&m->lock);
	if (m->options.otp_root != NULL)
		(void)ns_add_otp_root(
			ns, m->options.otp_root); /* a root without lib/ has no code to offer */
	*ret_ns = h;
	return 0;
}

int beamr_ns_get(struct beamr *m, const char *name, struct beamr_ns **ret_ns)
{
	mutex_lock(&m->lock);
	struct beamr_ns *h = find_locked(m, name);
	if (h != NULL)
		atomic_add_relaxed(&h->refs, 1);
	mutex_unlock(&m->lock);
	*ret_ns = h;
	return h != NULL ? 0 : BEAMR_E_NO_NAMESPACE;
}

uint64_t beamr_ns_number(const struct beamr_ns *h)
{
	return h->ns->id;
}

struct beamr_ns *beamr_ns_unref(struct beamr_ns *h)
{
	if (h == NULL || atomic_sub_acq_rel(&h->refs, 1) != 1)
		return NULL;
	/* Its name is free at once; who came to it through a process or a timer may look at the rest until it has moved on. */
	ns_unlist(h->ns);
	epoch_retire(&h->retired, handle_retired);
	return NULL;
}

static bool kill_one(struct proc *p, void *arg)
{
	(void)arg; /* nothing */
	(void)proc_exit_from_host(p->pid, true, A(kill)); /* it may have ended meanwhile */
	return true;
}

void namespace_kill_all(struct ns *ns)
{
	proc_each_of(ns, 0, kill_one, NULL);
	ports_end(ns);
}

/* Called by proc when the last process of a closing namespace is gone; drops the list's reference, which the
 * processes held in its place. */
static void last_process_gone(struct ns *ns)
{
	struct beamr_ns *h = ns->host;
	/* Pairs with beamr_ns_watch(): one of the two sees the other. */
	struct namespace_watch *watch = atomic_swap_acq_rel(&h->watch, &gone);
	(void)beamr_ns_unref(h);
	if (watch != NULL) {
		watch->done(watch->user);
		free(watch);
	}
}

void beamr_ns_watch(struct beamr_ns *h, void (*done)(void *user), void *user)
{
	struct namespace_watch *watch = malloc(sizeof(*watch)), *none = NULL;
	if (watch == NULL)
		abort(); /* as mem_alloc does */
	*watch = (struct namespace_watch){ done, user };
	if (atomic_cas_acq_rel(&h->watch, &none, watch))
		return;
	assert(none == &gone); /* one at a time may wait */
	free(watch);
	done(user);
}

void beamr_ns_crash_detail(struct beamr_ns *h, bool shown)
{
	atomic_store_relaxed(&h->ns->crash_detail, shown); /* a setting */
}

int beamr_ns_rename(struct beamr *m, const char *from, const char *to)
{
	int r = 0;
	if (!name_is_valid(to) || strcmp(from, BEAMR_DEFAULT_NAMESPACE) == 0)
		return BEAMR_E_NAME;
	mutex_lock(&m->lock);
	struct beamr_ns *h = find_locked(m, from);
	size_t i = position_of(m, from);
	if (h == NULL)
		r = BEAMR_E_NO_NAMESPACE;
	else if (find_locked(m, to) != NULL || !ns_rename(h->ns, to))
		r = BEAMR_E_EXISTS;
	if (r == 0) {
		m->namespaces.count--;
		memmove(m->namespaces.items + i, m->namespaces.items + i + 1,
			(m->namespaces.count - i) * sizeof(h));
		i = position_of(m, to);
		memmove(m->namespaces.items + i + 1, m->namespaces.items + i,
			(m->namespaces.count - i) * sizeof(h));
		m->namespaces.items[i] = h;
		m->namespaces.count++;
	}
	mutex_unlock(&m->lock);
	return r;
}

int beamr_ns_remove(struct beamr *m, const char *name, unsigned flags)
{
	if (strcmp(name, BEAMR_DEFAULT_NAMESPACE) == 0)
		return BEAMR_E_NAME;
	mutex_lock(&m->lock);
	struct beamr_ns *h = find_locked(m, name);
	if (h == NULL) {
		mutex_unlock(&m->lock);
		return BEAMR_E_NO_NAMESPACE;
	}
	/* The kernel process alone does not count as use. */
	term kernel = atomic_load_acquire(&h->kernel);
	int64_t own = kernel != TERM_NONE && proc_lookup(kernel) != NULL ? 1 : 0;
	if ((flags & BEAMR_NS_KILL) == 0 && ns_process_count(h->ns) > own) {
		mutex_unlock(&m->lock);
		return BEAMR_E_IN_USE;
	}
	size_t i = position_of(m, name);
	m->namespaces.count--;
	memmove(m->namespaces.items + i, m->namespaces.items + i + 1,
		(m->namespaces.count - i) * sizeof(h));
	mutex_unlock(&m->lock);
	/* No process starts from here on; then the living are counted down to none. */
	ns_close(h->ns, last_process_gone);
	namespace_kill_all(h->ns);
	return 0;
}

const char *beamr_ns_name(const struct beamr_ns *h)
{
	return h->ns->name;
}

int beamr_code_add_dir(struct beamr_ns *h, const char *dir, unsigned flags)
{
	struct stat st;
	if (stat(dir, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	ns_add_code_path(h->ns, dir, (flags & BEAMR_CODE_FIRST) != 0);
	return 0;
}

int beamr_ns_set_quota(
	struct beamr_ns *h, const struct beamr_quota *quota, const char **ret_field)
{
	const uint64_t limits[NS_QUOTAS] = {
#define QUOTA(name, field, most, text) quota->name,
#include "ns/quotas.def"
#undef QUOTA
	};
	int r = ns_set_limits(h->ns, limits);
	if (r == 0)
		return 0;
	if (ret_field != NULL)
		*ret_field = ns_quota_name(r - 1);
	return BEAMR_E_LIMIT;
}

void beamr_ns_quota(const struct beamr_ns *h, struct beamr_quota *ret_quota)
{
	*ret_quota = (struct beamr_quota){
#define QUOTA(name, field, most, text) .name = ns_limit(h->ns, NS_QUOTA_##name),
#include "ns/quotas.def"
#undef QUOTA
	};
}

int beamr_ns_set_channels(
	struct beamr_ns *h, const char *const *channels, const char **ret_wrong)
{
	size_t count = 0, wrong = 0;
	while (channels != NULL && channels[count] != NULL)
		count++;
	int r = channels_set(h->ns, channels, count, &wrong);
	if (r != 0 && ret_wrong != NULL)
		*ret_wrong = channels[r == CHANNEL_E_MANY ? CHANNELS_MAX : wrong];
	return r == 0 ? 0 : r == CHANNEL_E_MANY ? BEAMR_E_LIMIT : BEAMR_E_FORMAT;
}

/* Sums of what many threads add to may be a moment below nothing. */
static uint64_t not_negative(int64_t n)
{
	return n < 0 ? 0 : (uint64_t)n;
}

static uint64_t pieces(const struct account *a, enum account_count what)
{
	return not_negative(atomic_load_relaxed(&a->counts[what]));
}

void beamr_ns_usage(const struct beamr_ns *h, struct beamr_usage *ret)
{
	const struct ns *ns = h->ns;
	struct account *a = ns->account;
	int64_t peak = atomic_load_relaxed(&a->peak), now = account_used_total(a);
	*ret = (struct beamr_usage){
		.memory = not_negative(now),
		.memory_peak = not_negative(peak > now ? peak : now),
		.memory_processes = not_negative(account_used(a, ACCOUNT_PROCESSES)),
		.memory_binaries = not_negative(account_used(a, ACCOUNT_BINARIES)),
		.ets_memory = not_negative(account_used(a, ACCOUNT_ETS)),
		.code_memory = not_negative(account_used(a, ACCOUNT_CODE)),
		.processes = not_negative(ns_process_count(ns)),
		.processes_peak = not_negative(atomic_load_relaxed(&ns->processes_peak)),
		.atoms = pieces(a, COUNT_ATOMS),
		.ets_tables = pieces(a, COUNT_TABLES),
		.modules = pieces(a, COUNT_MODULES),
		.ports = pieces(a, COUNT_PORTS),
		.file_descriptors = pieces(a, COUNT_FILES),
		.timers = pieces(a, COUNT_TIMERS),
		.crashes = atomic_load_relaxed(&ns->crashes),
		.restarts = atomic_load_relaxed(&ns->restarts),
	};
	struct account_spent spent;
	account_spent(a, &spent);
	ret->reductions = spent.reductions;
	ret->messages = spent.messages;
	ret->cpu_usec = not_negative(spent.cpu_nsec) / 1000;
}

size_t beamr_ns_limits_met(const struct beamr_ns *h, struct beamr_limit_met *ret_limits, size_t max)
{
	struct ns *ns = h->ns;
	size_t n = 0;
	for (unsigned i = 0; i < NS_QUOTAS; i++) {
		const int64_t at = atomic_load_relaxed(&ns->limits_met_at[i]);
		if (at == 0)
			continue;
		if (n < max)
			ret_limits[n] = (struct beamr_limit_met){ .limit = ns_quota_name(i),
				.times = atomic_load_relaxed(&ns->limits_met[i]),
				.last_realtime_usec = at };
		n++;
	}
	return n;
}

struct usage {
	const struct ns *ns;
	uint64_t memory, reductions;
};

static bool add_usage(struct proc *p, void *arg)
{
	struct usage *u = arg;
	if (p->ns == u->ns) {
		struct proc_published now;
		proc_published(p, &now);
		u->memory += now.memory_bytes;
		u->reductions += now.reductions;
	}
	return true;
}

static void count_module(struct module *m, void *arg)
{
	uint64_t *n = arg;
	if (atomic_load_acquire(&m->current) != NULL)
		++*n;
}

static bool count_name(term name, term pid, void *arg)
{
	uint64_t *n = arg;
	++*n;
	return true;
}

void beamr_ns_each(
	struct beamr *m, bool (*fn)(void *user, const struct beamr_ns_info *info), void *user)
{
	/* The handles are held so that fn runs without the lock. */
	VEC(struct beamr_ns *) held = { 0 };
	mutex_lock(&m->lock);
	vec_foreach(h, &m->namespaces) {
		atomic_add_relaxed(&(*h)->refs, 1);
		vec_push(&held, *h);
	}
	mutex_unlock(&m->lock);
	bool more = true;
	vec_foreach(h, &held) {
		struct ns *ns = (*h)->ns;
		struct usage usage = { .ns = ns };
		struct beamr_ns_info info = {
			.name = ns->name,
			.created_realtime_usec = (*h)->created_realtime_usec,
			.crashes = atomic_load_relaxed(&ns->crashes),
			.restarts = atomic_load_relaxed(&ns->restarts),
		};
		int64_t processes = ns_process_count(ns);
		info.processes = processes > 0 ? (uint64_t)processes : 0;
		if (more) {
			ns_modules_each(ns, count_module, &info.modules);
			registry_each(ns, count_name, &info.names);
			proc_each_of(ns, 0, add_usage, &usage);
			info.memory_bytes = usage.memory;
			info.reductions = usage.reductions;
			more = fn(user, &info);
		}
		beamr_ns_unref(*h);
	}
	vec_done(&held);
}

void namespaces_count(struct beamr *m, struct beamr_counts *counts)
{
	mutex_lock(&m->lock);
	counts->namespaces = m->namespaces.count;
	vec_foreach(h, &m->namespaces)
		ns_modules_each((*h)->ns, count_module, &counts->modules);
	mutex_unlock(&m->lock);
}

void namespaces_free(struct beamr *m)
{
	for (size_t i = m->namespaces.count; i-- > 0;)
		beamr_ns_unref(m->namespaces.items[i]);
	m->namespaces.count = 0;
	epoch_drain();
	while (m->late != NULL) {
		struct beamr_ns *h = m->late;
		m->late = h->late_next;
		handle_free(&h->job);
	}
}
