/* SPDX-License-Identifier: Apache-2.0 */
/* A shell that sources a script and writes its environment, NUL after each variable, to a pipe. It is over when the shell has ended, not
 * when the pipe is closed: what the script left in the background may keep that open. */
#include "env_script.h"

#include "base/cleanup.h"
#include "cgroup.h"
#include "output.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENVIRONMENT_MAX (1u << 20) /* the kernel takes no more for a program */
#define TOLD_FD 3                  /* where the shell writes the environment */

struct env_script {
	struct daemon *daemon;
	struct env_script_options options;
	pid_t pid;
	int told, printed, pidfd; /* -1: closed */
	struct event *told_event, *printed_event, *over_event;
	char *text;
	size_t size;
	bool too_long;
	char service[BEAMR_NAME_MAX + 1];
};

static void on_told(evutil_socket_t fd, short what, void *user)
{
	struct env_script *script = user;
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		(void)event_del(script->told_event); /* it is pending */
		return;
	}
	char *grown = script->size + (size_t)n <= ENVIRONMENT_MAX
			      ? realloc(script->text, script->size + (size_t)n)
			      : NULL;
	if (grown == NULL) {
		script->too_long = true; /* what comes is read and dropped, so that it can end */
		return;
	}
	memcpy(grown + script->size, bytes, (size_t)n);
	script->text = grown;
	script->size += (size_t)n;
}

static void on_printed(evutil_socket_t fd, short what, void *user)
{
	struct env_script *script = user;
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n > 0)
		output_bytes(script->daemon->output, script->service, 1, "", bytes, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		(void)event_del(script->printed_event); /* it is pending */
}

/* Everything that stands in the pipes of a shell that has ended. */
static void read_rest(struct env_script *script)
{
	while (event_pending(script->told_event, EV_READ, NULL)) {
		size_t before = script->size;
		on_told(script->told, EV_READ, script);
		if (script->size == before)
			break;
	}
	on_printed(script->printed, EV_READ, script);
}

static void tell(struct env_script *script)
{
	char **variables = NULL;
	size_t count = 0;
	for (size_t i = 0; i < script->size; i++)
		count += script->text[i] == '\0';
	variables = calloc(count + 1, sizeof(*variables));
	for (size_t i = 0, n = 0; variables != NULL && n < count; n++) {
		variables[n] = script->text + i;
		i += strlen(script->text + i) + 1;
	}
	script->options.done(
		script->options.user, variables, count, variables != NULL ? "" : strerror(ENOMEM));
	free(variables);
}

static void on_over(evutil_socket_t fd, short what, void *user)
{
	struct env_script *script = user;
	siginfo_t how = { 0 };
	char why[128];
	if (waitid(P_PID, (id_t)script->pid, &how, WEXITED | WNOHANG) != 0 || how.si_pid == 0)
		return;
	script->pid = 0;
	(void)event_del(script->over_event); /* it is pending */
	read_rest(script);
	if (script->too_long)
		(void)snprintf(why, sizeof(why), "it leaves too large an environment"); /* fits */
	else if (how.si_code != CLD_EXITED)
		(void)snprintf(why, sizeof(why), "it ended by signal %d", how.si_status); /* fits */
	else
		(void)snprintf(
			why, sizeof(why), "it ended with status %d", how.si_status); /* fits */
	if (script->too_long || how.si_code != CLD_EXITED || how.si_status != 0)
		script->options.done(script->options.user, NULL, 0, why);
	else
		tell(script);
}

static int spawn(struct env_script *script, int told, int printed)
{
	/* As the start script of mix: what env.sh sets of these need not be exported by it. */
	static const char text[] =
		"set -e\n. \"$0\"\n"
		"for name in COOKIE MODE NODE TMP VM_ARGS SYS_CONFIG DISTRIBUTION BOOT_SCRIPT "
		"BOOT_SCRIPT_CLEAN; do\n"
		"  eval \"[ -z \\\"\\${RELEASE_$name+set}\\\" ] || export RELEASE_$name\"\n"
		"done\n"
		"exec env -0 >&3\n";
	const struct env_script_options *options = &script->options;
	/* posix_spawn() leaves them as they are, whatever its type says. */
	const char *words[] = { "sh", "-c", text, options->path, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	(void)sigemptyset(&none); /* cannot fail with these */
	(void)sigfillset(&all);
	(void)posix_spawnattr_init(&attributes); /* nor can these */
	(void)posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	int r = posix_spawn_file_actions_init(&actions);
	/* The order matters: what is to be copied may itself stand at a low number. */
	if (r == 0)
		r = posix_spawn_file_actions_addopen(
			&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, printed, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, printed, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, told, TOLD_FD);
	if (r == 0)
		r = posix_spawn_file_actions_addchdir_np(&actions, options->cwd);
	if (r == 0)
		r = posix_spawn(&script->pid, "/bin/sh", &actions, &attributes,
			(char *const *)(uintptr_t)words, options->environment);
	(void)posix_spawn_file_actions_destroy(&actions); /* as above */
	(void)posix_spawnattr_destroy(&attributes);
	return -r;
}

/* A pipe whose ends are no standard stream and not TOLD_FD, so that none is overwritten before it is copied. */
static int make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		if (ends[i] > TOLD_FD)
			continue;
		int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, TOLD_FD + 1);
		if (moved < 0)
			return -errno;
		(void)close(ends[i]); /* it was copied */
		ends[i] = moved;
	}
	/* The shell's end blocks, as programs expect of their output. */
	return fcntl(ends[1], F_SETFL, 0) == 0 ? 0 : -errno;
}

static struct event *watch(struct env_script *script, int fd, event_callback_fn fn)
{
	struct event *event = event_new(script->daemon->base, fd, EV_READ | EV_PERSIST, fn, script);
	if (event != NULL && event_add(event, NULL) == 0)
		return event;
	if (event != NULL)
		event_free(event);
	return NULL;
}

int env_script_start(struct daemon *daemon, const struct env_script_options *options,
	struct env_script **ret_script)
{
	struct env_script *script = calloc(1, sizeof(*script));
	int told[2] = { -1, -1 }, printed[2] = { -1, -1 };
	if (script == NULL)
		return -ENOMEM;
	script->daemon = daemon;
	script->options = *options;
	script->told = script->printed = script->pidfd = -1;
	(void)snprintf(script->service, sizeof(script->service), "%s",
		options->service); /* names are short */
	int r = make_pipe(told);
	if (r == 0)
		r = make_pipe(printed);
	if (r == 0)
		r = spawn(script, told[1], printed[1]);
	close_fdp(&told[1]);
	close_fdp(&printed[1]);
	script->told = told[0];
	script->printed = printed[0];
	if (r == 0) {
		cgroups_add(daemon->cgroups, options->number, script->service, script->pid);
		script->pidfd = (int)syscall(SYS_pidfd_open, script->pid, 0);
		r = script->pidfd < 0 ? -errno : 0;
	}
	if (r == 0) {
		script->told_event = watch(script, script->told, on_told);
		script->printed_event = watch(script, script->printed, on_printed);
		script->over_event = watch(script, script->pidfd, on_over);
		r = script->told_event != NULL && script->printed_event != NULL &&
				    script->over_event != NULL
			    ? 0
			    : -ENOMEM;
	}
	if (r != 0) {
		(void)env_script_free(script);
		return r;
	}
	*ret_script = script;
	return 0;
}

struct env_script *env_script_free(struct env_script *script)
{
	if (script == NULL)
		return NULL;
	struct event *events[] = { script->told_event, script->printed_event, script->over_event };
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	if (script->pid > 0) {
		(void)kill(-script->pid, SIGKILL); /* its group is there until it is reaped */
		/* Bound: what was killed ends at once, unless the kernel holds it in a device. */
		(void)waitpid(script->pid, NULL, 0);
	}
	close_fdp(&script->told);
	close_fdp(&script->printed);
	close_fdp(&script->pidfd);
	free(script->text);
	free(script);
	return NULL;
}
