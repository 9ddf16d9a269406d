/* SPDX-License-Identifier: Apache-2.0 */
/* `beamrd erl` and `escript`: a machine with one node, whose standard streams are the process's own. The main thread sleeps in
 * sigwait: a signal of the world is handed to the node, and the node's end arrives as a signal of our own. */
#include "erl.h"

#include "base/atomic.h"
#include "base/cleanup.h"
#include "beamr.h"
#include "config.h"
#include "dump.h"
#include "erl_arguments.h"
#include "otp.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

#define HALTED_SIGNAL (SIGRTMIN + 1) /* from the scheduler that saw the end, to the main thread */

struct node {
	pthread_t main;
	struct beamr *machine;
	struct beamr_ns *ns;
	struct beamr_otp otp;
	atomic_bool told; /* its slogan has been */
	atomic_bool halted; /* what follows is written before it, and it before the signal is sent */
	int status;
	char message[1024];
};

/* As OTP: first the slogan, then the dump. */
static void on_crashing(void *user, const char *slogan)
{
	struct node *node = user;
	fprintf(stderr, "%s\n", slogan);
	atomic_store_explicit(&node->told, true, memory_order_relaxed); /* before `halted`, which publishes it */
	dump_write(node->machine, node->ns, slogan, &node->otp);
}

static void on_halted(void *user, int status, const char *message)
{
	struct node *node = user;
	node->status = status;
	(void)snprintf(node->message, sizeof(node->message), "%s", message); /* cut when long */
	/* Pairs with wait_for_end. */
	atomic_store_explicit(&node->halted, true, memory_order_release);
	(void)pthread_kill(node->main, HALTED_SIGNAL); /* it waits for it */
}

/* OTP's own logger tells of what happens in a node. */
static void on_report(void *user, const struct beamr_report *report)
{
	(void)user;
	(void)report;
}

static void set_variables(struct erl_arguments *a, const struct erl_place *place)
{
	(void)setenv("ROOTDIR", place->root, 1); /* these fail for want of memory only */
	(void)setenv("BINDIR", place->bindir, 1);
	(void)setenv("PROGNAME", place->progname, 1);
	(void)setenv("EMU", "beam", 1);
	vec_foreach(variable, &a->variables.items) {
		char *equals = strchr(*variable, '=');
		*equals = '\0';
		(void)setenv(*variable, equals + 1, 1);
	}
	/* Last, not first as OTP has it: an `erl` that is called from here is to be this one. Helper programs are found there. */
	const char *path = getenv("PATH");
	char *longer;
	if (path != NULL && strstr(path, place->bindir) != NULL)
		return;
	if (asprintf(&longer, "%s%s%s", path != NULL ? path : "", path != NULL ? ":" : "",
		    place->bindir) < 0)
		abort(); /* as mem_alloc does */
	(void)setenv("PATH", longer, 1);
	free(longer);
}

/* Leaves the terminal and the parent. False: this is the parent, which goes. */
static bool detach(void)
{
	if (fork() != 0)
		return false;
	(void)setsid(); /* a fresh child leads no group, so it cannot fail */
	if (fork() != 0)
		return false;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		(void)dup2(null, fd); /* else it keeps what it had */
	return true;
}

/* What the signal does to a process that has no handler; comes back when that is nothing, or a stop that was continued. */
static void by_default(int number)
{
	sigset_t one;
	(void)sigemptyset(&one); /* none of these can fail with these */
	(void)sigaddset(&one, number);
	(void)raise(number);
	(void)pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	(void)pthread_sigmask(SIG_BLOCK, &one, NULL);
}

static int wait_for_end(struct beamr_ns *ns, struct node *node, const sigset_t *signals)
{
	for (;;) {
		int number;
		if (sigwait(signals, &number) != 0)
			continue;
		/* Pairs with on_halted. */
		if (number == HALTED_SIGNAL &&
			atomic_load_explicit(&node->halted, memory_order_acquire))
			break;
		if (beamr_ns_signal(ns, number) != 0)
			by_default(number);
	}
	if (node->message[0] != '\0' && !atomic_load_explicit(&node->told, memory_order_relaxed))
		fprintf(stderr, "%s\n", node->message);
	return node->status;
}

static int run(struct erl_arguments *a, const char *root, const struct beamr_otp *otp)
{
	struct beamr_options options = { .schedulers = a->schedulers,
		.otp_root = root,
		.processes_max = a->processes_max,
		.report = on_report };
	struct node node = { .main = pthread_self(), .otp = *otp };
	struct beamr_boot_options boot = { .arguments = (const char *const *)a->init.items.items,
		.argument_count = a->init.items.count,
		.environment = (const char *const *)environ,
		.streams = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
		.crashing = on_crashing,
		.halted = on_halted,
		.user = &node };
	struct beamr *machine = NULL;
	struct beamr_ns *ns = NULL;
	struct beamr_error error = { .reason = "" };
	sigset_t signals;
	/* Those of os:set_signal/2 that a process may take at all, without SIGCHLD, which ports need, and SIGABRT, which is ours. */
	static const int handled[] = { SIGALRM, SIGCONT, SIGHUP, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1,
		SIGUSR2, SIGWINCH };
	/* Blocked before the first thread, so that only sigwait takes them. */
	(void)sigemptyset(&signals); /* these cannot fail with these */
	(void)sigaddset(&signals, HALTED_SIGNAL);
	for (size_t i = 0; i < ARRAY_SIZE(handled); i++)
		(void)sigaddset(&signals, handled[i]);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	/* Whatever a shell has left of it, unless asked: one that runs jobs beside it has them ignore interrupts. As above. */
	if (a->interrupts != INTERRUPTS_AS_INHERITED)
		(void)signal(SIGINT, a->interrupts == INTERRUPTS_IGNORED ? SIG_IGN : SIG_DFL);
	int r = beamr_new(&options, &machine);
	if (r == 0)
		r = beamr_start(machine);
	if (r == 0)
		r = beamr_ns_get(machine, BEAMR_DEFAULT_NAMESPACE, &ns);
	node.machine = machine;
	node.ns = ns;
	if (r == 0)
		r = beamr_ns_boot(ns, &boot, &error);
	if (r != 0) {
		fprintf(stderr, "beamrd: cannot boot: %s%s%s\n",
			error.chunk[0] != '\0' ? error.chunk : "",
			error.chunk[0] != '\0' ? ": " : "",
			error.reason[0] != '\0' ? error.reason : strerror(r < 0 ? -r : EAGAIN));
		return 1;
	}
	int status = wait_for_end(ns, &node, &signals);
	if (status == BEAMR_HALT_ABORT)
		abort(); /* as was asked for */
	(void)fflush(stdout); /* nobody is there to be told */
	/* As OTP: what still runs ends with the process, whatever it does just now. */
	_exit(status);
}

static const char *find_root(const char *asked, const struct config *config)
{
	const char *from[] = { asked, getenv("BEAMR_OTP_ROOT"), getenv("ROOTDIR"),
		config != NULL ? config->otp_root : NULL, "/usr/lib/erlang" };
	for (size_t i = 0; i < ARRAY_SIZE(from); i++)
		if (from[i] != NULL && from[i][0] != '\0' &&
			(i < 2 || otp_root_check(from[i]) == 0))
			return from[i];
	return from[ARRAY_SIZE(from) - 1];
}

static int run_words(int count, char **words, const char *root)
{
	struct erl_arguments a;
	char bindir[4096];
	struct beamr_otp otp;
	const char *progname = getenv("PROGNAME");
	int status = 1;
	beamr_otp_describe(root, &otp);
	(void)snprintf(bindir, sizeof(bindir), "%s/erts-%s/bin", root,
		otp.erts); /* a longer path does not open */
	struct erl_place place = { root, bindir, progname != NULL ? progname : "erl",
		getenv("HOME"), (const char *const *)environ };
	if (!erl_arguments_parse(&a, count, words, otp.release, &place)) {
		fprintf(stderr, "%s\n%s", a.error, erl_usage);
	} else if (a.print_name) {
		puts("beamrd");
		status = 0;
	} else if (a.print) {
		vec_foreach(word, &a.emulator.items)
			puts(*word);
		puts("--");
		vec_foreach(word, &a.init.items)
			puts(*word);
		status = 0;
	} else if (a.version) {
		fprintf(stderr, "Erlang (SMP,ASYNC_THREADS) (BEAM) emulator version %s\n",
			otp.erts);
		status = 0;
	} else if (a.detached && !detach()) {
		status = 0;
	} else {
		set_variables(&a, &place);
		status = run(&a, root, &otp);
	}
	erl_arguments_done(&a);
	return status;
}

/* A standard stream that is closed is as /dev/null, and no other file takes its number. */
static void open_streams(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY); /* takes the lowest number, which is fd */
}

int erl_main(int count, char **words, const char *otp)
{
	open_streams();
	struct config config;
	struct config_error error;
	bool configured = config_load("/etc/beamrd", &config, &error) == 0;
	_cleanup_(free_stringp) char *root =
		realpath(find_root(otp, configured ? &config : NULL), NULL);
	int r = root != NULL ? otp_root_check(root) : -errno;
	int status = 1;
	if (r != 0)
		fprintf(stderr, "beamrd: no OTP libraries at \"%s\" (lib/stdlib-*/ebin): %s\n",
			find_root(otp, configured ? &config : NULL), strerror(-r));
	else
		status = run_words(count, words, root);
	if (configured)
		config_done(&config);
	return status;
}

/* ---------------------------------------------------------------------------------------------- escript */

int escript_main(int count, char **arguments, const char *otp)
{
	struct erl_words words = { 0 };
	int options = 0;
	while (options < count && arguments[options][0] == '-')
		options++;
	if (options == count) {
		fputs("escript: Missing filename\n\n", stderr);
		return 1;
	}
	const char *script = arguments[options];
	if (!erl_words_push_escript(&words, script)) {
		fprintf(stderr, "escript: Failed to open file: %s\n", script);
		erl_words_done(&words);
		return 1;
	}
	for (int i = 0; i < options; i++)
		erl_words_push(&words, arguments[i] + 1);
	erl_words_push(&words, "-extra");
	for (int i = options; i < count; i++)
		erl_words_push(&words, arguments[i]);
	int status = erl_main((int)words.items.count, words.items.items, otp);
	erl_words_done(&words);
	return status;
}
