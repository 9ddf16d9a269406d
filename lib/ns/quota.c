/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of namespaces. See ns/quota.h. */
#include "ns/quota.h"

#include "base/clock.h"
#include "report/report.h"

#include "term/atom.h"
#include "term/print.h"

static const struct {
	const char *name, *fault;
	uint64_t most;
} quotas[] = {

#define QUOTA(name, field, most, text) { field, #name, most },
#include "ns/quotas.def"
#undef QUOTA
};

const char *ns_quota_name(enum ns_quota which)
{
	return quotas[which].name;
}

static int64_t limit_of_bytes(uint64_t limit)
{
	return limit == 0 ? INT64_MAX : (int64_t)limit;
}

int ns_set_limits(struct ns *ns, const uint64_t limits[NS_QUOTAS])
{
	for (unsigned i = 0; i < NS_QUOTAS; i++)
		if (limits[i] > quotas[i].most)
			return (int)i + 1;
	for (unsigned i = 0; i < NS_QUOTAS; i++) {
		if (ns_limit(ns, i) != limits[i])
			atomic_store_relaxed(&ns->limits_met_at[i], 0); /* another limit: what was said of it is old */
		atomic_store_relaxed(&ns->limits[i], limits[i]);
	}
	if (limits[NS_QUOTA_cpu_weight] == 0)
		atomic_store_relaxed(&ns->limits[NS_QUOTA_cpu_weight], ACCOUNT_WEIGHT);
	atomic_store_relaxed(&ns->account->weight, (uint32_t)ns_limit(ns, NS_QUOTA_cpu_weight));
	atomic_store_relaxed(&ns->account->quota_milli, (uint32_t)limits[NS_QUOTA_cpu_quota_milli]);
	int64_t high = limit_of_bytes(limits[NS_QUOTA_memory_high]),
		max = limit_of_bytes(limits[NS_QUOTA_memory_max]);
	atomic_store_relaxed(&ns->account->high, high);
	atomic_store_relaxed(&ns->account->max, max);
	atomic_store_relaxed(&ns->account->mark, high < max ? high : max);
	atomic_store_relaxed(&ns->account->atoms_max, limits[NS_QUOTA_atoms_max]);
	atomic_store_relaxed(
		&ns->account->ets_max, limit_of_bytes(limits[NS_QUOTA_ets_memory_max]));
	return 0;
}

bool ns_limit_note(struct ns *ns, enum ns_quota which)
{
	const int64_t now = clock_realtime_usec();
	atomic_add_relaxed(&ns->limits_met[which], 1);
	/* Whoever takes the old time away decides by it. */
	const int64_t before = atomic_exchange_explicit(&ns->limits_met_at[which], now, memory_order_relaxed);
	return before == 0 || now - before >= NS_EPISODE_USEC || now < before;
}

static uint16_t put_pid(struct beamr_report *report, term pid)
{
	char text[64];
	struct print_out out;
	if (pid == TERM_NONE)
		return 0;
	print_init_fixed(&out, text, sizeof(text));
	print_term(&out, pid, PRINT_PLAIN, 0);
	return report_put(report, text, out.size, sizeof(text));
}

void ns_limit_tell(struct ns *ns, enum ns_quota which, term pid, const char *more)
{
	struct beamr_report report;
	report_begin(&report, BEAMR_REPORT_QUOTA);
	report.namespace_name = report_putf(&report, "%s", ns->name);
	report.process = put_pid(&report, pid);
	report.fault = report_putf(&report, "%s", quotas[which].fault);
	report.detail = report_putf(&report, "%s of %llu was met%s%s", quotas[which].name,
		(unsigned long long)ns_limit(ns, which), more != NULL ? ": " : "", more != NULL ? more : "");
	report_emit(&report);
}

void ns_limit_met(struct ns *ns, enum ns_quota which)
{
	if (ns_limit_note(ns, which))
		ns_limit_tell(ns, which, TERM_NONE, NULL);
}

void ns_limits_met(struct ns *ns)
{
	const uint32_t met = atomic_exchange_explicit(&ns->account->met, 0, memory_order_relaxed);
	if (met & ACCOUNT_MET_ATOMS)
		ns_limit_met(ns, NS_QUOTA_atoms_max);
	if (met & ACCOUNT_MET_ETS)
		ns_limit_met(ns, NS_QUOTA_ets_memory_max);
	if (met & ACCOUNT_MET_MEMORY)
		ns_limit_met(ns, NS_QUOTA_memory_max);
}

bool ns_take(struct ns *ns, enum account_count what)
{
	static const enum ns_quota limit_of[ACCOUNT_COUNTS] = {
		[COUNT_TABLES] = NS_QUOTA_ets_tables_max,
		[COUNT_TIMERS] = NS_QUOTA_timers_max,
		[COUNT_MODULES] = NS_QUOTA_modules_max,
		[COUNT_PORTS] = NS_QUOTA_ports_max,
		[COUNT_FILES] = NS_QUOTA_file_descriptors_max,
		[COUNT_ATOMS] = NS_QUOTA_atoms_max,
	};

	if (likely(account_take(ns->account, what, ns_limit(ns, limit_of[what]))))
		return true;
	ns_limit_met(ns, limit_of[what]);
	return false;
}

bool ns_has_code_room(struct ns *ns, const struct module_code *code)
{
	const struct account *a = ns->account;
	const uint64_t modules_max = ns_limit(ns, NS_QUOTA_modules_max);
	const struct module *m = ns_module(ns, code->name);
	bool more = m == NULL ||
		    atomic_load_acquire(&m->current) == NULL; /* Pairs with ns_publish(). */
	if (more && modules_max != 0 &&
		(uint64_t)atomic_load_relaxed(&a->counts[COUNT_MODULES]) >= modules_max) {
		ns_limit_met(ns, NS_QUOTA_modules_max);
		return false;
	}
	/* Looked through only where not even all of them would fit: a node that boots loads some hundred modules. */
	if (code->names.atoms.count > atoms_room(a) &&
		names_atoms_missing(&code->names, ns->account) > atoms_room(a)) {
		ns_limit_met(ns, NS_QUOTA_atoms_max);
		return false;
	}
	return ns_has_code_bytes(ns, code->bytes);
}

bool ns_has_code_bytes(struct ns *ns, uint64_t bytes)
{
	const struct account *a = ns->account;
	const uint64_t bytes_max = ns_limit(ns, NS_QUOTA_code_memory_max);
	if (bytes_max != 0 && (uint64_t)account_used(a, ACCOUNT_CODE) + bytes > bytes_max) {
		ns_limit_met(ns, NS_QUOTA_code_memory_max);
		return false;
	}
	return (int64_t)bytes <= account_room(a);
}
