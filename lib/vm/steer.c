/* SPDX-License-Identifier: Apache-2.0 */
/* What the host has one process do: collect its heap, pause, go on. Each is a request to it, which it meets between its slices. */
#include "proc/life.h"
#include "proc/suspend.h"
#include "vm/machine.h"

/* ---------------------------------------------------------------------------------------------- collecting */

struct collecting_one {
	struct beamr_garbage public; /* first */
	bool major;
	beamr_garbage_fn done;
	void *user;
};

/* As others see it, which is how it was when it was last parked. */
static uint64_t held_by(struct proc *p)
{
	struct proc_published now;
	proc_published(p, &now);
	return now.memory_bytes + (uint64_t)atomic_load_relaxed(&p->binaries_kib) * 1024;
}

static void collected(struct proc *p, void *arg)
{
	struct collecting_one *c = arg;
	c->public.after = p != NULL ? held_by(p) : 0;
	c->done(c->user, &c->public);
}

static void collect(struct proc *p, void *arg)
{
	struct collecting_one *c = arg;
	if (p == NULL) {
		c->public.outcome = BEAMR_E_NO_PROCESS;
		c->done(c->user, &c->public);
		return;
	}
	c->public.before = held_by(p);
	proc_collect_parked(p, c->major);
	/* A long one is done in parts, during which it hears nothing: this is heard when it is over. */
	proc_request(p->pid, collected, c);
}

void beamr_collect_garbage(
	struct beamr *m, beamr_pid pid, bool major, beamr_garbage_fn done, void *user)
{
	struct collecting_one *c = mem_zalloc(MEM_MISC, sizeof(*c));
	c->major = major;
	c->done = done;
	c->user = user;
	proc_request(pid_from_host(pid), collect, c);
}

struct beamr_garbage *beamr_garbage_free(struct beamr_garbage *public)
{
	if (public != NULL)
		mem_free(MEM_MISC, public, sizeof(struct collecting_one));
	return NULL;
}

/* ---------------------------------------------------------------------------------------------- pausing */

struct pausing {
	bool pauses;
	void (*done)(void *user, int outcome);
	void *user;
};

static void pause_or_go_on(struct proc *p, void *arg)
{
	struct pausing *s = arg;
	if (p != NULL)
		suspend_by_host(p, s->pauses);
	s->done(s->user, p != NULL ? 0 : BEAMR_E_NO_PROCESS);
	mem_free(MEM_MISC, s, sizeof(*s));
}

void beamr_suspend(struct beamr *m, beamr_pid pid, bool suspended,
	void (*done)(void *user, int outcome), void *user)
{
	struct pausing *s = mem_alloc(MEM_MISC, sizeof(*s));
	*s = (struct pausing){ suspended, done, user };
	proc_request(pid_from_host(pid), pause_or_go_on, s);
}
