/* SPDX-License-Identifier: Apache-2.0 */
/* An engine for tests: a process is a C function that is called again and again, each call being one slice. */
#pragma once
#include "exec/exec.h"
#include "proc/mailbox.h"
#include "proc/relation.h"
#include "sched/sched.h"
#include "term/atom.h"

/* What a slice of a process does. arg: the second element it was spawned with. */
typedef enum slice_end (*step_fn)(struct proc *p, term *state);

#define STEPS_MAX 64

/* Gives a step function a number, which spawning takes. */
term step_number(step_fn step);
/* Spawns a process that runs step with state. parent may be NULL. */
term spawn_step(struct ns *ns, struct proc *parent, step_fn step, term state, const struct spawn_options *options,
	term *ret_monitor);
enum slice_end step_slice(struct worker *worker, struct proc *p);
/* Ends with class exit and that reason. */
enum slice_end step_exit(struct proc *p, term reason);
struct ns *test_ns(void);
/* A machine of so many schedulers; done waits until all processes of the namespace have ended. */
void machine_start(unsigned schedulers);
void machine_stop(void);
