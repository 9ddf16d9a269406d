/* SPDX-License-Identifier: Apache-2.0 */
/* Work that one process has another do between its slices: collections, and looking whether it uses a module's old code. */
#include "bif/bif.h"
#include "proc/life.h"
#include "proc/mailbox.h"

enum task_kind { TASK_MAJOR, TASK_MINOR, TASK_CHECK_CODE, TASK_COPY_LITERALS };

struct task {
	enum task_kind kind;
	term from;
	uint64_t question;            /* not 0: for a BIF that waits */
	struct owned_term *id;        /* else {Name, Id, Result} is sent */
	term module;
};

static void tell(const struct task *t, term name, term result)
{
	if (t->question != 0) {
		proc_answer(t->from, t->question, result);
		return;
	}
	struct proc *to = proc_lookup(t->from);
	if (to == NULL)
		return;
	size_t words = heap_copy_words(t->id->value);
	struct message *m = message_new(SIGNAL_MESSAGE, 0, 4 + words);
	term *w = m->fragment.data, *rest = w + 4;
	w[0] = HEADER(BOXED_TUPLE, 3);
	w[1] = name;
	w[2] = heap_copy_into(t->id->value, &rest, &m->offheap);
	w[3] = result;
	m->value = term_of_boxed(w);
	signal_send_or_refuse(to, &m->signal);
}

static void run(struct proc *p, void *arg)
{
	struct task *t = arg;
	switch (t->kind) {
	case TASK_MAJOR:
	case TASK_MINOR:
		if (p != NULL)
			proc_collect_parked(p, t->kind == TASK_MAJOR);
		tell(t, A(garbage_collect), term_of_bool(p != NULL));
		break;
	case TASK_CHECK_CODE:
		tell(t, A(check_process_code), term_of_bool(p != NULL && proc_uses_old_code(p, t->module)));
		break;
	case TASK_COPY_LITERALS:
		tell(t, A(copy_literals), A(true));
		break;
	}
	(void)owned_term_free(t->id);
	mem_free(MEM_PROC, t, sizeof(*t));
}

static term ask_myself(struct proc *p, enum task_kind kind, term module)
{
	struct task *t = mem_alloc(MEM_PROC, sizeof(*t));
	*t = (struct task){ .kind = kind, .from = p->pid, .question = proc_question(p), .module = module };
	term waits = bif_wait(p);
	proc_request(p->pid, run, t);
	return waits;
}

term bif_erts_internal_garbage_collect_1(struct proc *p, const term *args)
{
	if (args[0] != A(major) && args[0] != A(minor))
		return bif_badarg(p);
	return ask_myself(p, args[0] == A(major) ? TASK_MAJOR : TASK_MINOR, TERM_NONE);
}

static term request(struct proc *p, term requester, term pid, term priority, term what)
{
	pid = bif_pid_here(pid);
	if (!term_is_local_pid(pid) || !term_is_atom(priority) || !term_is_tuple(what) || tuple_arity(what) < 2)
		return bif_badarg(p);
	struct task task = { .from = requester, .module = TERM_NONE };
	term name = tuple_element(what, 0), last = tuple_element(what, tuple_arity(what) - 1);
	if (name == A(garbage_collect) && tuple_arity(what) == 3 && (last == A(major) || last == A(minor))) {
		task.kind = last == A(major) ? TASK_MAJOR : TASK_MINOR;
	} else if (name == A(garbage_collect) && tuple_arity(what) == 2) {
		task.kind = TASK_MAJOR;
	} else if (name == A(check_process_code) && tuple_arity(what) == 3 && term_is_atom(last)) {
		task.kind = TASK_CHECK_CODE;
		task.module = last;
	} else if (name == A(copy_literals) && tuple_arity(what) == 3) {
		task.kind = TASK_COPY_LITERALS;
	} else {
		return bif_badarg(p);
	}
	struct task *t = mem_alloc(MEM_PROC, sizeof(*t));
	*t = task;
	t->id = owned_term_new(MEM_PROC, tuple_element(what, 1));
	proc_request_by(p, pid, run, t);
	return A(ok);
}

term bif_erts_internal_request_system_task_3(struct proc *p, const term *args)
{
	return request(p, p->pid, args[0], args[1], args[2]);
}

term bif_erts_internal_request_system_task_4(struct proc *p, const term *args)
{
	if (!term_is_local_pid(args[0]) || (args[0] != p->pid && proc_reach(p->ns, args[0]) == NULL))
		return bif_badarg(p);
	return request(p, args[0], args[1], args[2], args[3]);
}
