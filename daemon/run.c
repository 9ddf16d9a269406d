/* SPDX-License-Identifier: Apache-2.0 */
/* Runs MODULE:FUNCTION(TERM...) and prints its value. */
#include "run.h"

#include "base/atomic.h"
#include "base/cleanup.h"
#include "beamr.h"
#include "config.h"
#include "otp.h"
#include "wording.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRS_MAX 1024 /* a command line holds no more in earnest */

/* What a program said with erlang:halt/1; written on a scheduler, read once the call has ended. */
struct halted {
	_Atomic int status; /* -1: it did not */
};

static void on_halt(void *user, const char *namespace_name, int status)
{
	struct halted *halted = user;
	atomic_store_release(&halted->status, status); /* Pairs with run_main() */
}

struct run {
	sem_t done;
	struct beamr_call_result *result;
};

static const char usage[] =
	"Usage: beamrd run [--otp ROOT] [-pa DIR]... MODULE FUNCTION [TERM]...\n"
	"Runs one function and prints its value. TERM is Erlang term text.\n"
	"  --otp ROOT   a folder like /usr/lib/erlang; without it $BEAMR_OTP_ROOT,\n"
	"               then the configured one\n"
	"  -pa DIR      a folder of .beam files, before those of OTP; may be repeated\n"
	"  --schedulers N   scheduler threads; without it as many as cores\n"
	"Exit status: 0 the value was printed, 1 an exception, 2 wrong use or files.\n";

static void on_report(void *user, const struct beamr_report *report)
{
	char line[WORDING_LINE_MAX], stack[REPORT_FIELD_MAX];
	if (report->kind == BEAMR_REPORT_LOG) {
		fprintf(stderr, "%s\n", report_text(report, report->detail));
		return;
	}
	if (report->kind != BEAMR_REPORT_CRASH && report->kind != BEAMR_REPORT_GIVEUP)
		return;
	(void)wording_message(report, line);
	wording_stack(report, stack, sizeof(stack));
	fprintf(stderr, "%s\n", line);
	if (report->frame_count > 0)
		fprintf(stderr, "%s\n", stack);
}

static void on_output(
	void *user, const char *namespace_name, beamr_pid pid, int stream, const char *bytes,
	size_t size)
{
	while (size > 0) {
		ssize_t n = write(stream, bytes, size);
		if (n < 0 && errno != EINTR)
			return; /* nobody reads; the program goes on */
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static void on_done(void *user, struct beamr_call_result *result)
{
	struct run *run = user;
	run->result = result;
	(void)sem_post(&run->done); /* it is counted once */
}

struct load {
	sem_t done;
	struct beamr_loaded *loaded;
};

static void on_loaded(void *user, struct beamr_loaded *loaded)
{
	struct load *load = user;
	load->loaded = loaded;
	(void)sem_post(&load->done); /* it is counted once */
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0) {
	}
}

/* When the named module lies in one of the folders and does not load, that is told as what it is. Returns an exit status. */
static int load_named(struct beamr_ns *ns, char **dirs, size_t count, const char *module)
{
	for (size_t i = 0; i < count; i++) {
		char path[4096];
		if ((size_t)snprintf(path, sizeof(path), "%s/%s.beam", dirs[i], module) >=
			sizeof(path))
			continue;
		_cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
		struct stat status;
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || fstat(fd, &status) != 0) {
			fprintf(stderr, "beamrd: %s: %s\n", path, strerror(errno));
			return 2;
		}
		_cleanup_(free_stringp) char *bytes = malloc((size_t)status.st_size + 1);
		ssize_t n = bytes != NULL ? read(fd, bytes, (size_t)status.st_size) : -1;
		if (n < 0) {
			fprintf(stderr, "beamrd: %s: %s\n", path, strerror(errno));
			return 2;
		}
		struct load load = { .loaded = NULL };
		(void)sem_init(&load.done, 0, 0); /* cannot fail with these */
		beamr_load(ns, bytes, (size_t)n, 0, on_loaded, &load);
		wait_for(&load.done);
		int outcome = load.loaded->outcome;
		if (outcome != 0)
			fprintf(stderr, "beamrd: %s: %s%s%s\n", path, load.loaded->error.chunk,
				load.loaded->error.chunk[0] != '\0' ? ": " : "",
				load.loaded->error.reason);
		if (outcome == BEAMR_E_FORMAT && load.loaded->error.chunk[0] != '\0')
			fprintf(stderr, "  at offset %llu of the chunk\n",
				(unsigned long long)load.loaded->error.offset);
		(void)beamr_loaded_free(load.loaded);
		(void)sem_destroy(&load.done); /* nobody waits */
		return outcome != 0 ? 2 : 0;
	}
	return 0;
}

static void print_raised(const struct beamr_call_result *result)
{
	_cleanup_(free_stringp) char *reason =
		result->term != NULL ? beamr_term_text(result->term, 0, NULL) : NULL;
	fprintf(stderr, "%s: %s\n", result->class, reason != NULL ? reason : "");
	for (size_t i = 0; i < result->frame_count; i++) {
		const struct beamr_frame *frame = &result->frames[i];
		fprintf(stderr, "  in %s:%s/%u", frame->module, frame->function, frame->arity);
		if (frame->file != NULL && frame->file[0] != '\0')
			fprintf(stderr, " (%s, line %u)", frame->file, frame->line);
		fputc('\n', stderr);
	}
}

static int print_result(const struct beamr_call_result *result)
{
	if (result->end != BEAMR_CALL_VALUE) {
		if (result->end == BEAMR_CALL_RAISED)
			print_raised(result);
		else
			fprintf(stderr, "beamrd: the function was ended\n");
		return 1;
	}
	_cleanup_(free_stringp) char *text = beamr_term_text(result->term, 0, NULL);
	if (text == NULL || printf("%s\n", text) < 0 || fflush(stdout) != 0) {
		fprintf(stderr, "beamrd: cannot print the value\n");
		return 2;
	}
	return 0;
}

static int call(struct beamr_ns *ns, struct halted *halted, const char *module,
	const char *function, struct beamr_term **terms, size_t count)
{
	struct run run = { .result = NULL };
	(void)sem_init(&run.done, 0, 0); /* cannot fail with these */
	int r = beamr_call(ns, module, function, terms, count, NULL, on_done, &run, NULL);
	if (r == BEAMR_E_NO_MODULE || r == BEAMR_E_NO_FUNCTION) {
		fprintf(stderr, "error: undef\n  in %s:%s/%zu\n", module, function, count);
		return 1;
	}
	if (r != 0) {
		fprintf(stderr, "beamrd: cannot start: %s\n", strerror(r < 0 ? -r : EAGAIN));
		return 2;
	}
	wait_for(&run.done);
	int status = atomic_load_acquire(&halted->status);
	r = status >= 0 ? status : print_result(run.result);
	(void)beamr_call_result_free(run.result);
	(void)sem_destroy(&run.done); /* nobody waits */
	return r;
}

static int run_in(struct beamr *machine, struct halted *halted, char **dirs, size_t dir_count,
	int count, char **words)
{
	struct beamr_ns *ns;
	struct beamr_term *terms[256];
	size_t arity = (size_t)count - 2;
	int status = 2;
	if (arity > 255) {
		fprintf(stderr, "beamrd: a function has at most 255 arguments\n");
		return 2;
	}
	if (beamr_ns_get(machine, BEAMR_DEFAULT_NAMESPACE, &ns) != 0)
		return 2;
	for (size_t i = dir_count; i-- > 0;) {
		int r = beamr_code_add_dir(ns, dirs[i], BEAMR_CODE_FIRST);
		if (r != 0) {
			fprintf(stderr, "beamrd: %s: %s\n", dirs[i], strerror(r < 0 ? -r : EINVAL));
			(void)beamr_ns_unref(ns);
			return 2;
		}
	}
	size_t parsed = 0;
	for (; parsed < arity; parsed++) {
		struct beamr_error error;
		const char *text = words[parsed + 2];
		int r = beamr_term_parse(text, strlen(text), &terms[parsed], &error);
		if (r != 0) {
			fprintf(stderr, "beamrd: argument %zu, line %u, column %u: %s\n",
				parsed + 1, r > 0 ? error.line : 0, r > 0 ? error.column : 0,
				r > 0 ? error.reason : strerror(-r));
			break;
		}
	}
	if (parsed == arity && beamr_start(machine) == 0) {
		status = load_named(ns, dirs, dir_count, words[0]);
		if (status == 0)
			status = call(ns, halted, words[0], words[1], terms, arity);
	}
	while (parsed > 0)
		(void)beamr_term_free(terms[--parsed]);
	(void)beamr_ns_unref(ns);
	return status;
}

int run_main(int count, char **arguments)
{
	char *dirs[DIRS_MAX];
	size_t dir_count = 0;
	struct config config;
	struct config_error error;
	const char *otp = getenv("BEAMR_OTP_ROOT");
	unsigned schedulers = 0;
	int i = 0;
	for (; i < count && arguments[i][0] == '-'; i++) {
		bool more = i + 1 < count;
		if (strcmp(arguments[i], "--otp") == 0 && more) {
			otp = arguments[++i];
		} else if (strcmp(arguments[i], "-pa") == 0 && more && dir_count < DIRS_MAX) {
			dirs[dir_count++] = arguments[++i];
		} else if (strcmp(arguments[i], "--schedulers") == 0 && more) {
			schedulers = (unsigned)strtoul(arguments[++i], NULL, 10);
		} else if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) {
			fputs(usage, stdout);
			return 0;
		} else {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (count - i < 2) {
		fputs(usage, stderr);
		return 2;
	}
	bool configured = config_load("/etc/beamrd", &config, &error) == 0;
	if (otp == NULL || otp[0] == '\0')
		otp = configured ? config.otp_root : "/usr/lib/erlang";
	struct halted halted = { .status = -1 };
	struct beamr_options options = { .schedulers = schedulers,
		.otp_root = otp,
		.report = on_report,
		.output = on_output,
		.halt = on_halt,
		.user = &halted };
	struct beamr *machine = NULL;
	int r = otp_root_check(otp);
	if (r != 0)
		fprintf(stderr, "beamrd: no OTP libraries at \"%s\" (lib/stdlib-*/ebin): %s\n", otp, strerror(-r));
	else if ((r = beamr_new(&options, &machine)) != 0)
		fprintf(stderr, "beamrd: cannot make a machine: %s\n",
			strerror(r < 0 ? -r : EINVAL));
	int status =
		r == 0 ? run_in(machine, &halted, dirs, dir_count, count - i, arguments + i) : 2;
	(void)beamr_free(machine);
	if (configured)
		config_done(&config);
	return status;
}
