/* SPDX-License-Identifier: Apache-2.0 */
/* Helper programs: started, watched, reaped, and ended with their namespace.
 *
 * One thread starts them all (vfork, so that it costs the same however big the daemon is) and lives as long as the machine: programs
 * are told to die with the thread that started them (PR_SET_PDEATHSIG), and so die with the daemon, however it ends.
 * Each runs in a process group of its own, with default signals, nothing blocked and no descriptors but those it is given. It
 * is watched through a pidfd by the worker that asked for it and reaped there, by that pidfd: nobody else's children are touched, and no
 * number is signalled that could have become another's. What a program leaves behind in its group is ended with the namespace, too
 * (leftover.h). */
#pragma once
#include "io/poll.h"
#include "ns/cwd.h"

#include <sys/types.h>

#define CHILD_FDS 5

/* What is started. All memory is malloc'ed and the callee's. */
struct child_order {
	char *path;
	char **argv, **envp; /* ended by NULL */
	struct cwd *cwd;     /* where relative names begin; counted; NULL: the daemon's */
	char *cd;            /* then there; NULL: stay */
	bool check;          /* path must be a file that may be executed */
	int fds[CHILD_FDS];  /* what its descriptors 0 to 4 are; -1: closed. Taken over */
	int keep[CHILD_FDS]; /* which of them are only borrowed: not closed here */
	struct ns *ns;
	struct worker *home;
	term port; /* who is told; TERM_NONE: nobody */
	/* On the home's thread: error (an errno), or its pid. */
	void (*started)(term port, int error, pid_t pid);
	/* On the home's thread: what it ended with, as the shell tells it. */
	void (*ended)(term port, int status);
	/* the room's own */
	struct child_order *next;
	struct poll_task task;
	int error;
	pid_t pid;
	int pidfd;
};

struct child_order *child_order_free(struct child_order *order);
/* Takes order. */
void child_start(struct child_order *order);
/* Programs of that namespace (NULL: all) are killed, and what is left of those that have ended. Threads: any. */
void children_kill(const struct ns *ns);
/* How many there are, started and not reaped. */
uint64_t children_count(void);
/* The end of the machine, when its schedulers have ended: kills what is left and ends the thread. */
void children_stop(void);
/* Told of each program that was started, on the starting thread: the host may put it into a control group of its service, whose end
 * (cgroup.kill) then reaches what has left its process group as well. The program runs already: what it has started until fn
 * returns is where the host itself is, in the process group all the same. fn may open and write files; meanwhile other programs
 * wait. Once, at the start. */
void children_set_started(void (*fn)(struct ns *ns, pid_t pid));
