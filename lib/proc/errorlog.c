/* SPDX-License-Identifier: Apache-2.0 */
/* What the emulator itself tells a namespace's logger: faults that nobody caught, heaps over their limit. As in OTP it is a
 * message {log, Level, Format, Args, Metadata} to the process that system_flag(system_logger) has named, or to the one
 * registered as `logger`; when there is none, a node's standard error has it, and elsewhere nothing is told here (the report of the
 * end is there anyway). */
#include "base/clock.h"
#include "data/big.h"
#include "data/map.h"
#include "proc/life.h"
#include "proc/registry.h"
#include "proc/signal.h"
#include "term/atom.h"
#include "term/print.h"

#include <string.h>

static proc_text_fn unheard;

void proc_set_unheard(proc_text_fn fn)
{
	unheard = fn;
}

static struct proc *logger_of(struct ns *ns)
{
	term to = atomic_load_acquire(&ns->system_logger);
	if (to == 0)
		to = A(logger);
	if (to == A(undefined))
		return NULL;
	if (term_is_atom(to))
		to = registry_find(ns, to);
	return term_is_local_pid(to) ? proc_reach(ns, to) : NULL;
}

static term chars(struct heap *heap, const char *text)
{
	term list = TERM_NIL;
	for (size_t i = strlen(text); i > 0; i--)
		list = heap_cons(heap, term_of_small((uint8_t)text[i - 1]), list);
	return list;
}

/* Whether somebody is to be told; *ret_logger NULL: only the standard error. */
static bool find_logger(struct proc *p, struct proc **ret_logger)
{
	*ret_logger = logger_of(p->ns);
	if (*ret_logger == p)
		return false;
	/* In one that is ending the logger is only gone before it. */
	return *ret_logger != NULL || (p->ns->booted && unheard != NULL && !atomic_load_relaxed(&p->ns->ending));
}

static void tell(struct proc *p, struct proc *logger, struct heap *heap, const char *format, const term *values,
	size_t count)
{
	term args = TERM_NIL;
	for (size_t i = count; i > 0; i--)
		args = heap_cons(heap, values[i - 1], args);
	term tags[] = { A(emulator), A(true), A(tag), A(error) };
	term meta[] = { A(error_logger), map_put_many(heap, map_empty(), tags, 2), A(gl), p->group_leader, A(pid), p->pid,
		A(time), integer_of_i64(heap, clock_realtime_usec()) };
	term event = heap_tuple_of(heap, A(log), A(error), chars(heap, format), args, map_put_many(heap, map_empty(), meta, 4));
	if (logger == NULL) {
		struct print_out out;
		print_init_growing(&out, SIZE_MAX);
		print_string(&out, "(no logger present) unexpected logger message: ");
		print_display(&out, event);
		print_string(&out, "\n");
		unheard(p, (const uint8_t *)out.data, out.size);
		print_free(&out);
		return;
	}
	struct message *m = message_copy(SIGNAL_MESSAGE, 0, 0, event);
	signal_send_or_refuse(logger, &m->signal);
}

void errorlog_fault(struct proc *p, term reason)
{
	struct proc *logger;
	if (!find_logger(p, &logger))
		return;
	struct heap heap;
	term values[] = { p->pid, reason };
	heap_init_builder(&heap);
	tell(p, logger, &heap, "Error in process ~p with exit value:~n~p~n", values, 2);
	heap_done(&heap);
}

void errorlog_max_heap(struct proc *p, size_t words)
{
	struct proc *logger;
	if (!find_logger(p, &logger))
		return;
	struct heap heap;
	heap_init_builder(&heap);
	const struct proc_extra *extra = p->extra;
	term values[] = { p->pid, integer_of_u64(&heap, extra->max_heap_words), integer_of_u64(&heap, words),
		term_of_bool(extra->max_heap_kill), term_of_bool(extra->max_heap_log),
		term_of_small(atomic_load_relaxed(&p->mailbox_length)) };
	tell(p, logger, &heap,
		"     Process:            ~p ~n"
		"     Context:            maximum heap size reached~n"
		"     Max Heap Size:      ~p~n"
		"     Total Heap Size:    ~p~n"
		"     Kill:               ~p~n"
		"     Error Logger:       ~p~n"
		"     Message Queue Len:  ~p~n",
		values, ARRAY_SIZE(values));
	heap_done(&heap);
}
