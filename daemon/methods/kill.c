/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Process.Exit: exit signals, and who would die of one. The dry run walks links outwards, asking each process by a
 * signal, one at a time; it changes nothing and stops nobody.
 * Bound: CLOSURE_MAX processes are named. */
#include "../log.h"
#include "methods.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define CLOSURE_MAX 10000
#define SEEN_SLOTS 32768 /* a power of two above twice CLOSURE_MAX */

struct closure {
	bool kill;   /* the first one cannot trap it */
	bool normal; /* reason normal: links do not pass it on */
	bool existed;
	bool exits;
	bool cut; /* there are more than can be named */
	size_t count,
		at; /* of queue: processes that were reached, and how many of them have been asked */
	size_t dying_count;
	beamr_pid queue[CLOSURE_MAX];
	beamr_pid dying[CLOSURE_MAX]; /* beside the first */
	beamr_pid seen[SEEN_SLOTS];   /* hashed; 0: free */
};

/* Whether it was new. */
static bool see(struct closure *closure, beamr_pid pid)
{
	size_t at = (pid * 0x9E3779B97F4A7C15u) >> 49 & (SEEN_SLOTS - 1);
	while (closure->seen[at] != 0) {
		if (closure->seen[at] == pid)
			return false;
		at = (at + 1) & (SEEN_SLOTS - 1);
	}
	closure->seen[at] = pid;
	return true;
}

static void reach(struct closure *closure, beamr_pid pid)
{
	if (closure->count == CLOSURE_MAX) {
		closure->cut = true;
		return;
	}
	if (see(closure, pid))
		closure->queue[closure->count++] = pid;
}

static void ask_next(struct call *call, struct closure *closure);

static void closure_done(struct call *call, struct closure *closure)
{
	struct control_out_process_exit out = { .existed = closure->existed,
		.exited = closure->exits,
		.also_linked = method_strings(call, closure->dying_count) };
	for (size_t i = 0; i < out.also_linked.count; i++)
		out.also_linked.items[i] = method_pid(call, closure->dying[i]);
	if (closure->cut) {
		struct control_error_limit_reached info = { .limit = "processes",
			.value = CLOSURE_MAX,
			.message = "More processes would die than can be named." };
		call_fail(call, CONTROL_ERROR_limit_reached, &info);
	} else {
		call_reply(call, &out);
	}
	free(closure);
}

static void after_ask(struct call *call, void *result, void *user)
{
	struct closure *closure = user;
	struct beamr_process_info *info = result;
	bool first = closure->at == 1;
	if (info->outcome == 0) {
		bool dies = !info->process.trap_exit || (first && closure->kill);
		if (first) {
			closure->existed = true;
			closure->exits = dies && !(closure->normal && !closure->kill);
		} else if (dies) {
			closure->dying[closure->dying_count++] = info->process.pid;
		}
		if (dies && (closure->kill || !closure->normal)) {
			for (size_t i = 0; i < info->link_count; i++)
				reach(closure, info->links[i]);
			if (info->links_total > info->link_count)
				closure->cut = true;
		}
	}
	(void)beamr_process_info_free(info);
	ask_next(call, closure);
}

static void on_info(void *user, struct beamr_process_info *info)
{
	method_wait_done(user, info);
}

static void ask_next(struct call *call, struct closure *closure)
{
	if (closure->at == closure->count || closure->cut || call->connection == NULL) {
		closure_done(call, closure);
		return;
	}
	struct method_wait *wait = method_wait_new(call, after_ask, closure);
	if (wait == NULL) {
		free(closure);
		return;
	}
	beamr_describe(call->daemon->machine, closure->queue[closure->at++],
		BEAMR_DESCRIBE_RELATIONS, on_info, wait);
}

/* Waiting for the end of a process, at most so long: the timer answers first, or the end does. The end always comes. */
struct ending {
	struct bridge_item item; /* first: the bridge hands it back */
	struct call *call;
	struct event *timer;
	bool answered;
};

static void answer_ending(struct ending *ending, bool exited)
{
	struct control_out_process_exit out = { .existed = true, .exited = exited };
	if (ending->answered)
		return;
	ending->answered = true;
	call_reply(ending->call, &out);
}

static void ending_over(struct bridge_item *item)
{
	struct ending *ending = (struct ending *)(void *)item;
	answer_ending(ending, true);
	if (ending->timer != NULL)
		event_free(ending->timer);
	(void)call_unref(ending->call);
	free(ending);
}

static void on_dead(void *user)
{
	struct ending *ending = user;
	bridge_post(&ending->call->daemon->bridge, &ending->item);
}

static void on_patience_over(evutil_socket_t fd, short what, void *user)
{
	answer_ending(user, false);
}

static void wait_for_end(struct call *call, beamr_pid pid, int64_t usec)
{
	struct timeval patience = { .tv_sec = usec / 1000000, .tv_usec = usec % 1000000 };
	struct ending *ending = calloc(1, sizeof(*ending));
	if (ending == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	ending->item.run = ending_over;
	ending->call = call_ref(call);
	ending->timer = event_new(call->daemon->base, -1, 0, on_patience_over, ending);
	if (ending->timer != NULL)
		(void)event_add(
			ending->timer, &patience); /* without it the wait ends with the process */
	beamr_watch(call->daemon->machine, pid, on_dead, ending);
}

static bool is_normal(const struct beamr_term *reason)
{
	char *text = reason != NULL ? beamr_term_text(reason, 16, NULL) : NULL;
	bool normal = text != NULL && strcmp(text, "normal") == 0;
	free(text);
	return normal;
}

static void dry_run(struct call *call, beamr_pid pid, bool kill, bool normal)
{
	struct closure *closure = calloc(1, sizeof(*closure));
	if (closure == NULL) {
		call_fail_errno(call, -ENOMEM);
		return;
	}
	closure->kill = kill;
	closure->normal = normal;
	reach(closure, pid);
	ask_next(call, closure);
}

void handle_process_exit(struct call *call, const struct control_in_process_exit *in)
{
	static const enum beamr_exit_kind kinds[] = {
		[CONTROL_exit_kind_exit] = BEAMR_EXIT_REASON,
		[CONTROL_exit_kind_kill] = BEAMR_EXIT_KILL,
		[CONTROL_exit_kind_shutdown] = BEAMR_EXIT_SHUTDOWN,
	};
	enum beamr_exit_kind kind = kinds[in->kind];
	struct beamr_term *reason = NULL;
	beamr_pid pid;
	if ((in->reason != NULL) != (kind == BEAMR_EXIT_REASON)) {
		struct control_error_invalid_parameter info = { .parameter = "reason" };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	if (!method_process(call, in->process, in->service, &pid))
		return;
	if (in->serial.set && (uint64_t)in->serial.value != beamr_pid_serial(pid)) {
		struct control_error_stale_process info = { .process = in->process,
			.serial = (int64_t)beamr_pid_serial(pid),
			.message =
				call_printf(call, "%s is another process by now.", in->process) };
		call_fail(call, CONTROL_ERROR_stale_process, &info);
		return;
	}
	if (in->reason != NULL && !method_term(call, 0, in->reason, &reason))
		return;
	if (in->dry_run.value) {
		dry_run(call, pid, kind == BEAMR_EXIT_KILL, is_normal(reason));
		(void)beamr_term_free(reason);
		return;
	}
	int r = beamr_exit(call->daemon->machine, pid, kind, reason);
	(void)beamr_term_free(reason);
	if (r == BEAMR_E_NO_PROCESS) {
		method_no_process(call, in->process, in->service);
		return;
	}
	if (r != 0) {
		call_fail_errno(call, r < 0 ? r : -ECANCELED);
		return;
	}
	daemon_report(call->daemon, BEAMR_REPORT_KILL, in->service, method_pid(call, pid), NULL,
		control_enums[CONTROL_ENUM_exit_kind].wires[in->kind]);
	call_audit(call, in->service, "sent %s to %s",
		control_enums[CONTROL_ENUM_exit_kind].wires[in->kind], method_pid(call, pid));
	daemon_changed(call->daemon);
	if (in->wait_usec.set && in->wait_usec.value > 0) {
		wait_for_end(call, pid, in->wait_usec.value);
		return;
	}
	struct control_out_process_exit out = { .existed = true };
	call_reply(call, &out);
}
