/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Daemon.GetMetrics: all that is counted, as OpenMetrics text. A family is one row of a table here, and its samples stand together,
 * so services are asked first, once each. Label values are names of services and limits, and what the build calls itself; those that could hold
 * a quote are escaped. */
#include "../log.h"
#include "../service.h"
#include "base/clock.h"
#include "methods.h"
#include "version.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

enum kind { GAUGE, COUNTER, STATES, INFO };

struct row {
	const char *name; /* of the service */
	int state;
	struct beamr_usage usage;
	struct beamr_quota quota;
	struct beamr_limit_met met[BEAMR_LIMITS_MAX];
	size_t met_count;
};

struct metrics {
	struct call *call;
	FILE *out;
	struct row *rows;
	size_t count, capacity;
};

static void family(struct metrics *metrics, const char *name, enum kind kind, const char *unit,
	const char *help)
{
	static const char *const kinds[] = {
		[GAUGE] = "gauge", [COUNTER] = "counter", [STATES] = "stateset", [INFO] = "info"
	};
	fprintf(metrics->out, "# TYPE %s %s\n", name, kinds[kind]);
	if (*unit != '\0')
		fprintf(metrics->out, "# UNIT %s %s\n", name, unit);
	fprintf(metrics->out, "# HELP %s %s\n", name, help);
}

/* What is counted in microseconds is told in seconds. */
static void put_usec(struct metrics *metrics, uint64_t usec)
{
	fprintf(metrics->out, "%" PRIu64 ".%06u\n", usec / 1000000, (unsigned)(usec % 1000000));
}

static void put_label(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
}

/* ---- the daemon ---- */

static void put_scheduler_family(struct metrics *metrics, const struct beamr_scheduler *all,
	size_t count, const char *name, enum kind kind, size_t offset, const char *help)
{
	family(metrics, name, kind, "", help);
	for (size_t i = 0; i < count; i++)
		fprintf(metrics->out, "%s%s{scheduler=\"%u\"} %" PRIu64 "\n", name,
			kind == COUNTER ? "_total" : "", all[i].id,
			*(const uint64_t *)(const void *)((const char *)&all[i] + offset));
}

static void put_schedulers(struct metrics *metrics)
{
	static const struct {
		const char *name;
		enum kind kind;
		size_t offset;
		const char *help;
	} families[] = {
		{ "beamr_scheduler_run_queue", GAUGE, offsetof(struct beamr_scheduler, run_queue),
			"Processes that wait for a scheduler." },
		{ "beamr_scheduler_reductions", COUNTER,
			offsetof(struct beamr_scheduler, reductions),
			"Reductions spent by a scheduler." },
		{ "beamr_scheduler_switches", COUNTER, offsetof(struct beamr_scheduler, switches),
			"Slices begun by a scheduler." },
		{ "beamr_scheduler_migrations", COUNTER,
			offsetof(struct beamr_scheduler, migrations),
			"Processes that a scheduler has taken from others." },
	};
	struct beamr *machine = metrics->call->daemon->machine;
	size_t count = beamr_schedulers(machine, NULL, 0);
	struct beamr_scheduler *all = calloc(count + 1, sizeof(*all));
	if (all == NULL)
		return;
	(void)beamr_schedulers(machine, all, count); /* their number is fixed */
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		put_scheduler_family(metrics, all, count, families[i].name, families[i].kind,
			families[i].offset, families[i].help);
	family(metrics, "beamr_scheduler_busy_seconds", COUNTER, "seconds",
		"Time that a scheduler was in slices.");
	for (size_t i = 0; i < count; i++) {
		fprintf(metrics->out, "beamr_scheduler_busy_seconds_total{scheduler=\"%u\"} ",
			all[i].id);
		put_usec(metrics, all[i].busy_usec);
	}
	free(all);
}

static void put_memory(struct metrics *metrics)
{
	struct beamr_memory memory;
	beamr_memory(metrics->call->daemon->machine, &memory);

	const struct {
		const char *of;
		uint64_t bytes;
	} parts[] = { { "processes", memory.processes }, { "atoms", memory.atoms },
		{ "binaries", memory.binaries }, { "code", memory.code }, { "ets", memory.ets } };

	family(metrics, "beamr_memory_bytes", GAUGE, "bytes",
		"Memory of all services together, by what it is for.");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		fprintf(metrics->out, "beamr_memory_bytes{of=\"%s\"} %" PRIu64 "\n", parts[i].of,
			parts[i].bytes);
	family(metrics, "beamr_memory_total_bytes", GAUGE, "bytes", "All memory of the machine.");
	fprintf(metrics->out, "beamr_memory_total_bytes %" PRIu64 "\n", memory.total);
}

static void put_number(
	struct metrics *metrics, const char *name, enum kind kind, uint64_t value, const char *help)
{
	family(metrics, name, kind, "", help);
	fprintf(metrics->out, "%s%s %" PRIu64 "\n", name, kind == COUNTER ? "_total" : "", value);
}

static void put_daemon(struct metrics *metrics)
{
	struct daemon *daemon = metrics->call->daemon;
	struct beamr_counts counts;
	beamr_counts(daemon->machine, &counts);
	family(metrics, "beamr", INFO, "", "What this daemon is.");
	fputs("beamr_info{version=\"" BEAMR_VERSION "\",otp_release=\"", metrics->out);
	put_label(metrics->out, beamr_otp_release(daemon->machine));
	fputs("\"} 1\n", metrics->out);
	family(metrics, "beamr_uptime_seconds", GAUGE, "seconds",
		"How long the daemon has been running.");
	fputs("beamr_uptime_seconds ", metrics->out);
	put_usec(metrics,
		(uint64_t)(clock_monotonic_nsec() / 1000 - daemon->started_monotonic_usec));
	put_number(metrics, "beamr_processes", GAUGE, counts.processes,
		"Living processes of all services.");
	put_number(
		metrics, "beamr_modules", GAUGE, counts.modules, "Loaded modules of all services.");
	put_number(metrics, "beamr_atoms", GAUGE, counts.atoms, "Atoms of the machine.");
	put_number(metrics, "beamr_spawns", COUNTER, counts.spawns, "Processes that were spawned.");
	put_number(metrics, "beamr_crashes", COUNTER, counts.crashes, "Processes that crashed.");
	put_number(metrics, "beamr_log_dropped", COUNTER, log_dropped(daemon->log),
		"Entries that the journal did not take in time.");
	put_memory(metrics);
	put_schedulers(metrics);
}

/* ---- services ---- */

static const struct {
	const char *name;
	enum kind kind;
	const char *unit;
	size_t offset; /* in struct beamr_usage */
	const char *help;
} families[] = {

#define USED(field) offsetof(struct beamr_usage, field)
	{ "beamr_service_memory_bytes", GAUGE, "bytes", USED(memory),
		"Memory that a service is charged for." },
	{ "beamr_service_memory_peak_bytes", GAUGE, "bytes", USED(memory_peak),
		"Most memory that it was charged for." },
	{ "beamr_service_process_memory_bytes", GAUGE, "bytes", USED(memory_processes),
		"Memory of its processes." },
	{ "beamr_service_binary_memory_bytes", GAUGE, "bytes", USED(memory_binaries),
		"Memory of its binaries off heap." },
	{ "beamr_service_ets_memory_bytes", GAUGE, "bytes", USED(ets_memory),
		"Memory of its tables." },
	{ "beamr_service_code_memory_bytes", GAUGE, "bytes", USED(code_memory),
		"Memory of its code." },
	{ "beamr_service_processes", GAUGE, "", USED(processes), "Its living processes." },
	{ "beamr_service_atoms", GAUGE, "", USED(atoms), "Its atoms." },
	{ "beamr_service_ets_tables", GAUGE, "", USED(ets_tables), "Its tables." },
	{ "beamr_service_modules", GAUGE, "", USED(modules), "Its loaded modules." },
	{ "beamr_service_ports", GAUGE, "", USED(ports), "Its ports." },
	{ "beamr_service_file_descriptors", GAUGE, "", USED(file_descriptors), "Its open files." },
	{ "beamr_service_timers", GAUGE, "", USED(timers), "Its timers." },
	{ "beamr_service_messages", GAUGE, "", USED(messages),
		"Messages that wait in its mailboxes." },
	{ "beamr_service_reductions", COUNTER, "", USED(reductions),
		"Reductions that it has spent." },
	{ "beamr_service_cpu_seconds", COUNTER, "seconds", USED(cpu_usec),
		"Processor time that it has used." },
	{ "beamr_service_crashes", COUNTER, "", USED(crashes), "Its processes that crashed." },
	{ "beamr_service_restarts", COUNTER, "", USED(restarts),
		"Children that its supervisors started again, and its own starts after a "
		"failure." },
#undef USED
};

static const struct {
	const char *limit; /* as the interface calls it */
	size_t offset;     /* in struct beamr_quota */
} limits[] = {

#define LIMIT(field) offsetof(struct beamr_quota, field)
	{ "memoryHigh", LIMIT(memory_high) },
	{ "memoryMax", LIMIT(memory_max) },
	{ "processesMax", LIMIT(processes_max) },
	{ "atomsMax", LIMIT(atoms_max) },
	{ "etsTablesMax", LIMIT(ets_tables_max) },
	{ "etsMemoryMax", LIMIT(ets_memory_max) },
	{ "modulesMax", LIMIT(modules_max) },
	{ "codeMemoryMax", LIMIT(code_memory_max) },
	{ "portsMax", LIMIT(ports_max) },
	{ "fileDescriptorsMax", LIMIT(file_descriptors_max) },
	{ "mailboxMax", LIMIT(mailbox_max) },
	{ "processHeapMax", LIMIT(process_heap_max) },
	{ "timersMax", LIMIT(timers_max) },
#undef LIMIT
};

static uint64_t field_of(const void *base, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)base + offset);
}

static void put_services(struct metrics *metrics)
{
	const struct control_values *states = &control_enums[CONTROL_ENUM_service_state];
	FILE *out = metrics->out;
	family(metrics, "beamr_service_state", STATES, "", "How a service is.");
	for (size_t i = 0; i < metrics->count; i++) {
		for (size_t state = 0; state < states->count; state++)
			fprintf(out,
				"beamr_service_state{service=\"%s\",beamr_service_state=\"%s\"} "
				"%d\n",
				metrics->rows[i].name, states->wires[state],
				(int)state == metrics->rows[i].state);
	}
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		family(metrics, families[f].name, families[f].kind, families[f].unit,
			families[f].help);
		for (size_t i = 0; i < metrics->count; i++) {
			uint64_t value = field_of(&metrics->rows[i].usage, families[f].offset);
			fprintf(out, "%s%s{service=\"%s\"} ", families[f].name,
				families[f].kind == COUNTER ? "_total" : "", metrics->rows[i].name);
			if (strcmp(families[f].unit, "seconds") == 0)
				put_usec(metrics, value);
			else
				fprintf(out, "%" PRIu64 "\n", value);
		}
	}
	family(metrics, "beamr_service_limit", GAUGE, "",
		"Limits of a service, those that it has; bytes or pieces.");
	for (size_t i = 0; i < metrics->count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(limits); k++) {
			uint64_t value = field_of(&metrics->rows[i].quota, limits[k].offset);
			if (value > 0)
				fprintf(out,
					"beamr_service_limit{service=\"%s\",limit=\"%s\"} %" PRIu64
					"\n",
					metrics->rows[i].name, limits[k].limit, value);
		}
	}
	family(metrics, "beamr_service_limit_met", COUNTER, "",
		"How often a service has met a limit.");
	for (size_t i = 0; i < metrics->count; i++) {
		for (size_t k = 0; k < metrics->rows[i].met_count; k++)
			fprintf(out,
				"beamr_service_limit_met_total{service=\"%s\",limit=\"%s\"} "
				"%" PRIu64 "\n",
				metrics->rows[i].name, metrics->rows[i].met[k].limit,
				metrics->rows[i].met[k].times);
	}
}

/* ---- who is asked ---- */

static struct row *add_row(struct metrics *metrics, const char *name)
{
	if (metrics->count == metrics->capacity) {
		size_t capacity = metrics->capacity > 0 ? metrics->capacity * 2 : 16;
		struct row *grown = reallocarray(metrics->rows, capacity, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		metrics->rows = grown;
		metrics->capacity = capacity;
	}
	struct row *row = &metrics->rows[metrics->count++];
	*row = (struct row){ .name = name };
	return row;
}

static void ask_namespace(struct row *row, const struct beamr_ns *ns)
{
	row->met_count = beamr_ns_limits_met(ns, row->met, ARRAY_SIZE(row->met));
	if (row->met_count > ARRAY_SIZE(row->met))
		row->met_count = ARRAY_SIZE(row->met);
}

static bool add_service(struct metrics *metrics, struct service *service)
{
	struct row *row = add_row(metrics, service_name(service));
	if (row == NULL)
		return false;
	row->state = (int)service_state(service);
	service_usage(service, &row->usage);
	service_quota(service, &row->quota);
	if (service_ns(service) != NULL)
		ask_namespace(row, service_ns(service));
	return true;
}

/* One that is no service: it has been made, and is there. */
static bool add_namespace(struct metrics *metrics, const char *name)
{
	struct beamr_ns *ns;
	if (beamr_ns_get(metrics->call->daemon->machine, name, &ns) != 0)
		return true; /* removed meanwhile */
	struct row *row = add_row(metrics, name);
	if (row != NULL) {
		beamr_ns_usage(ns, &row->usage);
		beamr_ns_quota(ns, &row->quota);
		ask_namespace(row, ns);
		row->state = row->usage.processes > 0 ? CONTROL_service_state_running
						      : CONTROL_service_state_inactive;
	}
	(void)beamr_ns_unref(ns); /* always NULL */
	return row != NULL;
}

static bool ask(struct metrics *metrics, const char *wanted)
{
	struct call *call = metrics->call;
	struct services *services = call->daemon->services;
	struct service *service =
		services != NULL && wanted != NULL ? service_find(services, wanted) : NULL;
	struct control_strings names;
	bool fits = true;
	if (service != NULL)
		fits = add_service(metrics, service);
	else if (!method_namespaces(call, wanted, &names))
		return false;
	for (size_t i = 0; service == NULL && i < names.count && fits; i++) {
		if (services == NULL || (!services_own(services, names.items[i]) &&
						service_find(services, names.items[i]) == NULL))
			fits = add_namespace(metrics, names.items[i]);
	}
	for (size_t i = 0; wanted == NULL && services != NULL && fits; i++) {
		service = services_at(services, i);
		if (service == NULL)
			break;
		fits = add_service(metrics, service);
	}
	if (!fits)
		call_fail_errno(call, -ENOMEM);
	return fits;
}

void handle_daemon_metrics(struct call *call, const struct control_in_daemon_metrics *in)
{
	struct metrics metrics = { .call = call };
	char *text = NULL;
	size_t size = 0;
	if (!ask(&metrics, in->service)) {
		free(metrics.rows);
		return;
	}
	metrics.out = open_memstream(&text, &size);
	if (metrics.out != NULL) {
		if (in->service == NULL)
			put_daemon(&metrics);
		put_services(&metrics);
		fputs("# EOF\n", metrics.out);
	}
	if (metrics.out == NULL || fclose(metrics.out) != 0) {
		call_fail_errno(call, -ENOMEM);
	} else {
		struct control_out_daemon_metrics out = { .content_type = CONTENT_TYPE,
			.text = text };
		call_reply(call, &out);
	}
	free(text);
	free(metrics.rows);
}
