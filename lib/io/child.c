/* SPDX-License-Identifier: Apache-2.0 */
/* Helper programs. See child.h.
 *
 * Invariant: a child is in `all.living` from before it can be seen to end until it is reaped; it is signalled only
 * there and under the lock, so its number is still its own. */
#include "io/child.h"

#include "base/alloc.h"
#include "io/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	struct pollee pollee; /* first: of its pidfd */
	pid_t pid;
	const struct ns *ns; /* compared only */
	term port;
	void (*ended)(term port, int status);
	/* guarded by all.lock */
	struct list link;
	bool killed; /* with its group, so it leaves nothing behind */
};

static struct {
	pthread_mutex_t lock; /* guards all of it; nothing else is taken while it is held */
	pthread_cond_t changed;
	struct child_order *first, **last; /* waiting to be started */
	struct list living;
	uint64_t count;
	bool running, stop;
	bool noted; /* leftovers, since the starter last looked */
	pthread_t thread;
	void (*started)(struct ns *ns, pid_t pid);
} all = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
	.living = { &all.living, &all.living } };

void children_set_started(void (*fn)(struct ns *ns, pid_t pid))
{
	all.started = fn;
}

static void free_texts(char **texts)
{
	for (char **t = texts; t != NULL && *t != NULL; t++)
		free(*t);
	free(texts);
}

static void close_fds(struct child_order *o)
{
	for (int i = 0; i < CHILD_FDS; i++) {
		if (o->fds[i] >= 0 && !o->keep[i])
			(void)close(o->fds[i]); /* a pipe's end */
		o->fds[i] = -1;
	}
}

struct child_order *child_order_free(struct child_order *o)
{
	if (o == NULL)
		return NULL;
	close_fds(o);
	free(o->path);
	if (o->cwd != NULL)
		(void)cwd_unref(o->cwd);
	free(o->cd);
	free_texts(o->argv);
	free_texts(o->envp);
	free(o);
	return NULL;
}

/* ------------------------------------------------------------------------------------------------ starting */

static void complain(const char *text)
{
	ssize_t n = write(STDERR_FILENO, text, strlen(text));
	(void)n; /* nobody is left to tell */
}

/* In the child, which shares the parent's memory: system calls only. Ends with errno as its status, as OTP's does. */
static _Noreturn void become(const struct child_order *o, pid_t parent)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;
	(void)setpgid(0, 0); /* of a new process it does not fail */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EAGAIN);
	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &plain, NULL); /* those that cannot be caught refuse */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; i < CHILD_FDS; i++)
		if (o->fds[i] >= 0 && dup2(o->fds[i], i) < 0)
			_exit(errno);
	int folder = o->cwd != NULL ? o->cwd->fd : AT_FDCWD;
	if ((folder != AT_FDCWD && fchdir(folder) < 0) || (o->cd != NULL && chdir(o->cd) < 0)) {
		int error = errno;
		complain("spawn: Could not cd to ");
		complain(o->cd != NULL ? o->cd : "the working folder");
		complain("\r\n");
		_exit(error);
	}
	unsigned used = o->fds[3] >= 0 || o->fds[4] >= 0 ? 5 : 3;
	(void)syscall(SYS_close_range, used, ~0U, 0); /* they are close-on-exec anyhow */
	(void)execve(o->path, o->argv, o->envp);      /* returns only when it fails */
	_exit(errno);
}

static _noinline_ pid_t fork_child(const struct child_order *o)
{
	pid_t parent = getpid();
	pid_t pid = vfork();
	if (pid == 0)
		become(o, parent);
	return pid;
}

/* 0, or why it cannot be executed. Relative to its first folder, as OTP looks before the program changes to another. */
static int check_executable(const struct child_order *o)
{
	int at = o->cwd != NULL ? o->cwd->fd : AT_FDCWD;
	struct stat st;
	if (fstatat(at, o->path, &st, 0) < 0)
		return ENOENT;
	return faccessat(at, o->path, X_OK, 0) < 0 ? EACCES : 0;
}

/* Descriptors 0 to 4 are given their places one after the other, so none may stand in another's place. */
static int lift_fds(struct child_order *o)
{
	for (int i = 0; i < CHILD_FDS; i++) {
		if (o->fds[i] < 0 || o->fds[i] >= CHILD_FDS || o->fds[i] == i)
			continue;
		int fd = fcntl(o->fds[i], F_DUPFD_CLOEXEC, CHILD_FDS);
		if (fd < 0)
			return errno;
		if (!o->keep[i])
			(void)close(o->fds[i]); /* it has another number now */
		o->fds[i] = fd;
		o->keep[i] = false;
	}
	return 0;
}

static void child_event(struct pollee *pollee, unsigned events);

static void start(struct child_order *o)
{
	o->pid = -1;
	o->pidfd = -1;
	o->error = o->check ? check_executable(o) : 0;
	if (o->error == 0)
		o->error = lift_fds(o);
	if (o->error != 0)
		return;
	o->pid = fork_child(o);
	if (o->pid < 0) {
		o->error = errno;
		return;
	}
	o->pidfd = (int)syscall(SYS_pidfd_open, o->pid, 0);
	if (o->pidfd < 0) {
		o->error = errno;
		(void)kill(-o->pid, SIGKILL);
		(void)waitpid(o->pid, NULL, 0); /* it is ours and not reaped */
		return;
	}
	if (all.started != NULL)
		all.started(o->ns, o->pid);
}

/* Under the lock. */
static void kill_group(struct child *c)
{
	(void)kill(-c->pid, SIGKILL); /* it may be dead and not reaped */
	c->killed = true;
}

static void forget(struct child *c)
{
	pollee_done(&c->pollee);
	(void)close(c->pollee.fd); /* a pidfd */
	pthread_mutex_lock(&all.lock);
	list_remove(&c->link);
	all.count--;
	pthread_mutex_unlock(&all.lock);
	mem_free(MEM_MISC, c, sizeof(*c));
}

/* Its leader is reaped: what is left of its group is remembered. */
static void note_leftover(const struct child *c)
{
	if (c->killed || !leftover_note(c->pid, c->ns))
		return;
	pthread_mutex_lock(&all.lock);
	bool stopped = all.stop || !all.running;
	if (!stopped)
		pthread_cond_signal(&all.changed);
	all.noted = true;
	pthread_mutex_unlock(&all.lock);
	if (stopped)
		leftovers_kill(c->ns);
}

static void child_event(struct pollee *pollee, unsigned events)
{
	struct child *c = (struct child *)pollee; /* first member */
	siginfo_t info = { .si_pid = 0 };
	if (events == POLL_CLOSED) {
		pthread_mutex_lock(&all.lock);
		kill_group(c);
		pthread_mutex_unlock(&all.lock);
	}
	/* Under the lock: from here on its number may become another's. */
	pthread_mutex_lock(&all.lock);
	int r = waitid(
		P_PIDFD, (id_t)pollee->fd, &info, WEXITED | (events == POLL_CLOSED ? 0 : WNOHANG));
	if (r == 0 && info.si_pid != 0)
		list_remove(&c->link);
	pthread_mutex_unlock(&all.lock);
	if (r == 0 && info.si_pid == 0)
		return; /* not yet */
	int status = r < 0 ? 0 : info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	term port = c->port;
	void (*ended)(term, int) = c->ended;
	note_leftover(c);
	forget(c);
	if (events != POLL_CLOSED && ended != NULL)
		ended(port, status);
}

static void at_home(struct poll_task *task)
{
	struct child_order *o =
		(struct child_order *)(void *)((char *)task - offsetof(struct child_order, task));
	int error = o->error;
	if (error == 0) {
		struct child *c = mem_zalloc(MEM_MISC, sizeof(*c));
		c->pid = o->pid;
		c->ns = o->ns;
		c->port = o->port;
		c->ended = o->ended;
		pollee_init(&c->pollee, o->pidfd, o->home, child_event);
		pthread_mutex_lock(&all.lock);
		list_append(&all.living, &c->link);
		all.count++;
		pthread_mutex_unlock(&all.lock);
		int r = pollee_want(&c->pollee, POLL_READ);
		if (r < 0) {
			error = r == -ECANCELED ? ECANCELED : -r;
			child_event(&c->pollee, POLL_CLOSED);
		}
	}
	void (*started)(term, int, pid_t) = o->started;
	term port = o->port;
	pid_t pid = o->pid;
	struct ns *ns = o->ns;
	child_order_free(o);
	started(port, error, pid);
	if (atomic_load_acquire(&ns->closing))
		children_kill(ns);
	ns_release(ns);
}

static void *starter(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&all.lock);
	for (;;) {
		struct child_order *o = all.first;
		if (o != NULL) {
			all.first = o->next;
			if (all.first == NULL)
				all.last = &all.first;
			pthread_mutex_unlock(&all.lock);
			start(o);
			close_fds(o);
			poll_post(o->home, &o->task, at_home);
			pthread_mutex_lock(&all.lock);
			continue;
		}
		all.noted = false;
		pthread_mutex_unlock(&all.lock);
		bool worked = leftovers_work();
		pthread_mutex_lock(&all.lock);
		if (!worked && all.first == NULL && all.stop)
			break;
		if (!worked && all.first == NULL && !all.noted)
			pthread_cond_wait(&all.changed, &all.lock);
	}
	pthread_mutex_unlock(&all.lock);
	mem_thread_done();
	return NULL;
}

void child_start(struct child_order *o)
{
	int r = 0;
	o->next = NULL;
	ns_hold(o->ns);
	pthread_mutex_lock(&all.lock);
	if (!all.running) {
		sigset_t everything, before;
		(void)sigfillset(&everything);
		(void)pthread_sigmask(SIG_SETMASK, &everything,
			&before); /* the thread inherits it: signals are the host's */
		r = pthread_create(&all.thread, NULL, starter, NULL);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
		all.running = r == 0;
		all.last = &all.first;
	}
	if (r == 0) {
		*all.last = o;
		all.last = &o->next;
		pthread_cond_signal(&all.changed);
	}
	pthread_mutex_unlock(&all.lock);
	if (r != 0) {
		o->error = r;
		poll_post(o->home, &o->task, at_home);
	}
}

void children_kill(const struct ns *ns)
{
	pthread_mutex_lock(&all.lock);
	list_foreach(n, &all.living) {
		struct child *c = list_entry(n, struct child, link);
		if (ns == NULL || c->ns == ns)
			kill_group(c);
	}
	pthread_mutex_unlock(&all.lock);
	leftovers_kill(ns);
}

uint64_t children_count(void)
{
	pthread_mutex_lock(&all.lock);
	uint64_t n = all.count;
	pthread_mutex_unlock(&all.lock);
	return n;
}

void children_stop(void)
{
	pthread_mutex_lock(&all.lock);
	bool running = all.running;
	all.stop = true;
	pthread_cond_signal(&all.changed);
	pthread_mutex_unlock(&all.lock);
	if (running)
		(void)pthread_join(all.thread, NULL); /* it was created, and is joined once */
	leftovers_kill(NULL);
	all.running = false;
	all.stop = false;
}
