/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Process: Suspend, Resume and CollectGarbage. Of many processes only a few at a time are asked to collect, so that they go
 * on with what else they do. */
#include "base/clock.h"
#include "methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

/* ---- suspend, resume ---- */

struct pausing {
	struct method_wait *wait;
	const char *process, *service;
	bool suspends;
	int outcome;
};

static void after_pause(struct call *call, void *result, void *user)
{
	struct pausing *pausing = user;
	if (pausing->outcome == BEAMR_E_NO_PROCESS) {
		method_no_process(call, pausing->process, pausing->service);
	} else if (pausing->outcome != 0) {
		call_fail_errno(call, -ECANCELED);
	} else {
		call_audit(call, pausing->service, "%s %s",
			pausing->suspends ? "suspended" : "resumed", pausing->process);
		call_reply(call, NULL);
	}
	free(pausing);
}

static void on_pause(void *user, int outcome)
{
	struct pausing *pausing = user;
	pausing->outcome = outcome;
	method_wait_done(pausing->wait, NULL);
}

static void pause_process(
	struct call *call, const char *process, const char *service, bool suspends)
{
	beamr_pid pid;
	if (!method_process(call, process, service, &pid))
		return;
	struct pausing *pausing = calloc(1, sizeof(*pausing));
	if (pausing == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	*pausing = (struct pausing){ .process = process, .service = service, .suspends = suspends };
	pausing->wait = method_wait_new(call, after_pause, pausing);
	if (pausing->wait == NULL)
		free(pausing);
	else
		beamr_suspend(call->daemon->machine, pid, suspends, on_pause, pausing);
}

void handle_process_suspend(struct call *call, const struct control_in_process_suspend *in)
{
	pause_process(call, in->process, in->service, true);
}

void handle_process_resume(struct call *call, const struct control_in_process_resume *in)
{
	pause_process(call, in->process, in->service, false);
}

/* ---- collecting ---- */

struct collecting {
	struct call *call;
	const char *process; /* NULL: all of them */
	const char *service;
	bool major;
	beamr_pid *pids; /* malloc'ed */
	size_t count, at, under_way;
	int64_t began_nsec;
	struct control_out_process_collect out;
};

static void finish(struct collecting *collecting)
{
	struct call *call = collecting->call;
	struct control_out_process_collect *out = &collecting->out;
	out->duration_usec = (clock_monotonic_nsec() - collecting->began_nsec) / 1000;
	if (call->answered) {
		/* There was no memory to ask on. */
	} else if (collecting->process != NULL && out->processes == 0) {
		method_no_process(call, collecting->process, collecting->service);
	} else {
		call_audit(call, collecting->service, "had %lld process%s collect garbage",
			(long long)out->processes, out->processes == 1 ? "" : "es");
		call_reply(call, out);
	}
	free(collecting->pids);
	free(collecting);
}

static void ask_some(struct collecting *collecting);

static void after_one(struct call *call, void *result, void *user)
{
	struct beamr_garbage *garbage = result;
	struct collecting *collecting = user;
	collecting->under_way--;
	if (garbage->outcome == 0) {
		collecting->out.processes++;
		collecting->out.before += (int64_t)garbage->before;
		collecting->out.after += (int64_t)garbage->after;
	}
	(void)beamr_garbage_free(garbage); /* always NULL */
	ask_some(collecting);
}

static void on_one(void *user, struct beamr_garbage *garbage)
{
	method_wait_done(user, garbage);
}

static void ask_some(struct collecting *collecting)
{
	struct call *call = collecting->call;
	if (call->connection == NULL)
		collecting->at = collecting->count; /* nobody waits for it any more */
	while (collecting->at < collecting->count &&
		collecting->under_way < 2 * call->daemon->schedulers) {
		struct method_wait *wait = method_wait_new(call, after_one, collecting);
		if (wait == NULL) {
			collecting->at = collecting->count; /* it has been answered */
			break;
		}
		collecting->under_way++;
		beamr_collect_garbage(call->daemon->machine, collecting->pids[collecting->at++],
			collecting->major, on_one, wait);
	}
	if (collecting->under_way == 0)
		finish(collecting);
}

static int who(struct call *call, const struct control_in_process_collect *in,
	struct collecting *collecting)
{
	struct beamr_ns *ns = NULL;
	if (in->process != NULL) {
		collecting->pids = malloc(sizeof(*collecting->pids));
		collecting->count = 1;
		if (collecting->pids == NULL)
			return -ENOMEM;
		return method_process(call, in->process, in->service, collecting->pids) ? 0 : 1;
	}
	if (in->service != NULL && (ns = method_ns(call, in->service)) == NULL)
		return 1;
	int r = beamr_process_pids(
		call->daemon->machine, ns, 0, &collecting->pids, &collecting->count);
	(void)beamr_ns_unref(ns); /* always NULL */
	return r;
}

void handle_process_collect(struct call *call, const struct control_in_process_collect *in)
{
	struct collecting *collecting = calloc(1, sizeof(*collecting));
	int r = collecting != NULL ? who(call, in, collecting) : -ENOMEM;
	if (r != 0) {
		if (r < 0)
			call_fail_errno(call, r);
		if (collecting != NULL)
			free(collecting->pids);
		free(collecting);
		return;
	}
	collecting->call = call;
	collecting->process = in->process;
	collecting->service = in->service;
	collecting->major = !in->major.set || in->major.value != 0;
	collecting->began_nsec = clock_monotonic_nsec();
	ask_some(collecting);
}
