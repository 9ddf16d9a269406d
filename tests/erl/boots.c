/* SPDX-License-Identifier: Apache-2.0 */
/* Boots nodes in one machine, one after the other, and tells what each cost: milliseconds from beamr_ns_boot() until the boot script
 * was through, and bytes of the whole process that an idle one keeps.
 *   boots ROOT COUNT [ARGUMENT...] */
#include "base/alloc.h"
#include "base/clock.h"
#include "beamr.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static sem_t changed;
static int halted_status = -1;

static void on_started(void *user)
{
	(void)sem_post(&changed);
}

static void on_halted(void *user, int status, const char *message)
{
	fprintf(stderr, "halted: %d %s\n", status, message);
	halted_status = status;
	(void)sem_post(&changed);
}

static void on_output(void *user, const char *namespace_name, beamr_pid pid, int stream,
	const char *bytes, size_t size)
{
	(void)fwrite(bytes, 1, size, stderr);
}

/* Of all threads. */
static int64_t cpu_nsec(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* The largest processes of a node. */
static bool tell_process(void *user, const struct beamr_process *p)
{
	uint64_t *sum = user;
	*sum += p->memory_bytes;
	if (p->memory_bytes >= 8192)
		printf("  %s%s%s:%s/%u %lu KiB\n", p->name, p->name[0] != '\0' ? " " : "",
			p->initial_call.module, p->initial_call.function, p->initial_call.arity,
			p->memory_bytes / 1024);
	return true;
}

static void on_report(void *user, const struct beamr_report *report)
{
	if (report->kind == BEAMR_REPORT_CRASH || report->kind == BEAMR_REPORT_LOG ||
		report->kind == BEAMR_REPORT_RESTART || report->kind == BEAMR_REPORT_GIVEUP)
		fprintf(stderr, "report %u: %s\n", report->kind,
			report_text(report, report->detail));
}

/* Bytes that are this process's own (private, of all mappings). */
static long private_bytes(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	long kib, sum = 0;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Private_Dirty: %ld", &kib) == 1 ||
			sscanf(line, "Private_Clean: %ld", &kib) == 1)
			sum += kib * 1024;
	if (file != NULL)
		(void)fclose(file);
	return sum;
}

static const char *const classes[] = {
#define ALLOC(name, ...) #name,
#include "base/allocs.def"
#undef ALLOC
};

int main(int count, char **words)
{
	if (count < 3) {
		fprintf(stderr, "usage: boots ROOT COUNT [ARGUMENT...]\n");
		return 2;
	}
	struct beamr_options options = {
		.otp_root = words[1], .output = on_output, .report = on_report
	};
	struct beamr *machine;
	int nodes = atoi(words[2]);
	const char *arguments[64] = { "-noshell", "-noinput" };
	size_t argument_count = 2;
	for (int i = 3; i < count && argument_count < 64; i++)
		arguments[argument_count++] = words[i];
	(void)sem_init(&changed, 0, 0);
	if (beamr_new(&options, &machine) != 0 || beamr_start(machine) != 0)
		return 1;
	long first = 0, before = private_bytes();
	int64_t used[sizeof(classes) / sizeof(classes[0])] = { 0 };
	int64_t sum = 0, cpu_sum = 0;
	for (int i = 0; i < nodes && halted_status < 0; i++) {
		char name[32];
		struct beamr_ns *ns;
		struct beamr_error error;
		struct beamr_boot_options boot = { .arguments = arguments,
			.argument_count = argument_count,
			.streams = { -1, -1, -1 },
			.started = on_started,
			.halted = on_halted };
		(void)snprintf(name, sizeof(name), "node%d", i);
		int64_t start = clock_monotonic_nsec(), cpu = cpu_nsec();
		if (beamr_ns_create(machine, name, &ns) != 0)
			return 1;
		int r = beamr_ns_boot(ns, &boot, &error);
		if (r != 0) {
			fprintf(stderr, "boot: %d %s\n", r, error.reason);
			return 1;
		}
		while (sem_wait(&changed) != 0) {
		}
		int64_t took = clock_monotonic_nsec() - start;
		cpu = cpu_nsec() - cpu;
		if (i > 0)
			sum += took, cpu_sum += cpu;
		if (i < 5 || i == nodes - 1)
			printf("node %d: %.2f ms, %.2f ms CPU\n", i, (double)took / 1e6,
				(double)cpu / 1e6);
		if (i == 0) {
			(void)usleep(200000);
			first = private_bytes();
			for (size_t k = 0; k < sizeof(classes) / sizeof(classes[0]); k++)
				used[k] = mem_used((enum mem_class)k);
			printf("first: %ld KiB\n", (first - before) / 1024);
		}
		(void)beamr_ns_unref(ns);
	}
	(void)usleep(500000);
	struct beamr_ns *last;
	char name[32];
	(void)snprintf(name, sizeof(name), "node%d", nodes - 1);
	uint64_t sum_bytes = 0;
	if (beamr_ns_get(machine, name, &last) == 0)
		beamr_process_each(machine, last, 0, tell_process, &sum_bytes);
	printf("processes of the last: %lu KiB\n", sum_bytes / 1024);
	for (size_t k = 0; k < sizeof(classes) / sizeof(classes[0]) && nodes > 1; k++)
		if (mem_used((enum mem_class)k) > used[k])
			printf("  %s %ld KiB each\n", classes[k],
				(mem_used((enum mem_class)k) - used[k]) / 1024 / (nodes - 1));
	struct beamr_memory memory;
	beamr_memory(machine, &memory);
	if (nodes > 1)
		printf("others: %.2f ms, %.2f ms CPU and %ld KiB each\n",
			(double)sum / 1e6 / (nodes - 1), (double)cpu_sum / 1e6 / (nodes - 1),
			(private_bytes() - first) / 1024 / (nodes - 1));
	printf("memory: total %lu processes %lu binaries %lu code %lu ets %lu atoms %lu system %lu "
	       "KiB\n",
		memory.total / 1024, memory.processes / 1024, memory.binaries / 1024,
		memory.code / 1024, memory.ets / 1024, memory.atoms / 1024, memory.system / 1024);
	(void)fflush(stdout);
	_exit(halted_status >= 0);
}
