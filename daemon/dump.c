/* SPDX-License-Identifier: Apache-2.0 */
/* erl_crash.dump: sections and keys as crashdump_viewer reads them. Processes go on while it is written, so each row is of its own
 * moment, and nothing is told of their stacks, heaps and messages. */
#include "dump.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CUT "\n=abort:CRASH DUMP SIZE LIMIT REACHED\n"

struct dump {
	FILE *file;
	struct beamr *machine;
	uint64_t left;         /* bytes that may be written; UINT64_MAX: as many as there are */
	int64_t until;         /* monotonic; 0: as long as it takes */
	bool cut;              /* no more of it */
	uint64_t current, old; /* bytes of code */
};

static bool is_over(struct dump *d)
{
	if (!d->cut && d->until != 0 && clock_monotonic_nsec() > d->until) {
		fputs("\n=abort:TIMEOUT\n", d->file);
		d->cut = true;
	}
	return d->cut;
}

static void put(struct dump *d, const char *format, ...) _printf_(2, 3);

static void put(struct dump *d, const char *format, ...)
{
	va_list arguments;
	char *text;
	if (is_over(d))
		return;
	va_start(arguments, format);
	int size = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (size < 0)
		abort(); /* as mem_alloc does */
	if ((uint64_t)size <= d->left) {
		fputs(text, d->file);
		d->left -= d->left == UINT64_MAX ? 0 : (uint64_t)size;
	} else {
		fwrite(text, 1, (size_t)d->left, d->file);
		fputs(CUT, d->file);
		d->cut = true;
	}
	free(text);
}

static void put_pid(struct dump *d, const char *key, beamr_pid pid)
{
	char text[BEAMR_PID_TEXT] = "[]";
	if (pid != 0)
		beamr_pid_text(pid, text);
	put(d, "%s: %s\n", key, text);
}

/* ---- sections ---- */

static bool put_process(void *user, const struct beamr_process *p)
{
	static const char *const states[] = { [BEAMR_PROCESS_RUNNABLE] = "Scheduled",
		[BEAMR_PROCESS_RUNNING] = "Running",
		[BEAMR_PROCESS_WAITING] = "Waiting",
		[BEAMR_PROCESS_SUSPENDED] = "Suspended",
		[BEAMR_PROCESS_COLLECTING] = "Garbing",
		[BEAMR_PROCESS_EXITING] = "Exiting" };
	static const char *const priorities[] = { "LOW", "NORMAL", "HIGH", "MAX" };
	struct dump *d = user;
	char pid[BEAMR_PID_TEXT], started[32];
	time_t when = (time_t)(p->started_realtime_usec / 1000000);
	struct tm tm;
	if (p->system && p->name[0] == '\0' && p->parent == 0 && p->reductions < 10)
		return true; /* waits for the host */
	beamr_pid_text(p->pid, pid);
	put(d, "=proc:%s\nState: %s\n", pid, states[p->state]);
	if (p->name[0] != '\0')
		put(d, "Name: %s\n", p->name);
	put(d, "Spawned as: %s:%s/%u\n", p->initial_call.module, p->initial_call.function,
		p->initial_call.arity);
	put_pid(d, "Spawned by", p->parent);
	if (localtime_r(&when, &tm) != NULL &&
		strftime(started, sizeof(started), "%a %b %e %H:%M:%S %Y", &tm) > 0)
		put(d, "Started: %s\n", started);
	put(d, "Message queue length: %" PRIu64 "\n", p->mailbox);
	put(d, "Reductions: %" PRIu64 "\nMemory: %" PRIu64 "\n", p->reductions, p->memory_bytes);
	if (p->current.module[0] != '\0')
		put(d, "Program counter: 0x0 (%s:%s/%u)\n", p->current.module, p->current.function,
			p->current.arity);
	put(d, "Internal State: ACT_PRIO_%s | USR_PRIO_%s%s\n", priorities[p->priority & 3],
		priorities[p->priority & 3], p->trap_exit ? " | TRAP_EXIT" : "");
	return !d->cut;
}

static void put_table(void *user, const struct beamr_table *t)
{
	struct dump *d = user;
	char pid[BEAMR_PID_TEXT];
	beamr_pid_text(t->owner, pid);
	put(d, "=ets:%s\nSlot: %" PRIu64 "\nTable: %s\n", pid, t->id, t->name);
	if (t->named)
		put(d, "Name: %s\n", t->name);
	put(d, "Objects: %" PRIu64 "\nWords: %" PRIu64 "\nType: %s\nKeypos: %" PRIu64 "\n",
		t->objects, t->bytes / 8, t->type, t->keypos);
}

static bool sum_module(void *user, const struct beamr_module *m)
{
	struct dump *d = user;
	d->current += m->bytes;
	return true;
}

static bool put_module(void *user, const struct beamr_module *m)
{
	struct dump *d = user;
	put(d, "=mod:%s\nCurrent size: %" PRIu64 "\n", m->name, m->bytes);
	return !d->cut;
}

static void put_memory(struct dump *d)
{
	struct beamr_memory m;
	beamr_memory(d->machine, &m);
	put(d,
		"=memory\ntotal: %" PRIu64 "\nprocesses: %" PRIu64 "\nprocesses_used: %" PRIu64
		"\nsystem: %" PRIu64 "\natom: %" PRIu64 "\natom_used: %" PRIu64 "\nbinary: %" PRIu64
		"\ncode: %" PRIu64 "\nets: %" PRIu64 "\n",
		m.total, m.processes, m.processes_used, m.system, m.atoms, m.atoms_used, m.binaries,
		m.code, m.ets);
}

static void put_all(
	struct dump *d, struct beamr_ns *ns, const char *slogan, const struct beamr_otp *otp)
{
	struct beamr_counts counts;
	char now[32] = "";
	time_t when = time(NULL);
	struct tm tm;
	if (localtime_r(&when, &tm) != NULL)
		(void)strftime(now, sizeof(now), "%a %b %e %H:%M:%S %Y", &tm); /* fits */
	beamr_counts(d->machine, &counts);
	put(d,
		"=erl_crash_dump:0.5\n%s\nSlogan: %s\nSystem version: Erlang/OTP %s [erts-%s] "
		"[beamr]\nTaints: \nAtoms: %" PRIu64 "\n",
		now, slogan, otp->release, otp->erts, counts.atoms);
	put_memory(d);
	beamr_process_each(d->machine, ns, 0, put_process, d);
	if (!d->cut)
		beamr_table_each(ns, put_table, d);
	put(d, "=node:'nonode@nohost'\n=no_distribution\n");
	beamr_module_each(ns, sum_module, d);
	put(d, "=loaded_modules\nCurrent code: %" PRIu64 "\nOld code: 0\n", d->current);
	if (!d->cut)
		beamr_module_each(ns, put_module, d);
	put(d, "=end\n");
}

/* ---- where to, and how much ---- */

/* The number that a variable holds; false when it has none. */
static bool number_of(const char *name, int64_t *ret)
{
	const char *text = getenv(name);
	char *end;
	if (text == NULL || text[0] == '\0')
		return false;
	*ret = strtoll(text, &end, 10);
	return true;
}

void dump_write(
	struct beamr *machine, struct beamr_ns *ns, const char *slogan, const struct beamr_otp *otp)
{
	int64_t seconds = -1, bytes = -1;
	const char *path = getenv("ERL_CRASH_DUMP");
	if (number_of("ERL_CRASH_DUMP_SECONDS", &seconds) && seconds == 0)
		return;
	if (number_of("ERL_CRASH_DUMP_BYTES", &bytes) && bytes == 0)
		return;
	if (path == NULL || path[0] == '\0')
		path = "erl_crash.dump";
	fprintf(stderr, "\nCrash dump is being written to: %s...", path);
	_cleanup_(close_fdp) int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	struct dump d = { .file = fd >= 0 ? fdopen(fd, "w") : NULL,
		.machine = machine,
		.left = bytes < 0 ? UINT64_MAX : (uint64_t)bytes,
		.until = seconds < 0 ? 0 : clock_monotonic_nsec() + seconds * 1000000000 };
	if (d.file == NULL)
		return; /* as OTP: who reads that it is being written does not read that it was */
	(void)TAKE_FD(fd); /* the file has it */
	put_all(&d, ns, slogan, otp);
	if (fclose(d.file) == 0 && !d.cut)
		fputs("done\n", stderr);
}
