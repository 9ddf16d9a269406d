/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness for native resources. See select.h. */
#include "io/select.h"

#include "base/epoch.h"
#include "proc/signal.h"
#include "term/atom.h"

void select_init(struct selectable *s, struct counted *resource, struct ref_id id,
	void (*stopped)(struct selectable *s))
{
	*s = (struct selectable){ .resource = resource,
		.id = id,
		.stopped = stopped,
		.waits = { { .pid = TERM_NONE }, { .pid = TERM_NONE } } };
	mutex_init(&s->lock, LOCK_SELECT);
}

static void forget(struct select_wait *wait)
{
	wait->ref = owned_term_free(wait->ref);
	wait->pid = TERM_NONE;
}

void select_done(struct selectable *s)
{
	debug_assert(!s->watched);
	forget(&s->waits[0]);
	forget(&s->waits[1]);
	mutex_done(&s->lock);
}

/* {select, Object, Ref, Ready}, with a count of the resource of its own. */
static struct message *message_of(struct selectable *s, const struct select_wait *wait, term ready)
{
	size_t ref_words = heap_copy_words(wait->ref->value);
	struct message *m = message_new(SIGNAL_MESSAGE, 0, 5 + MAGIC_REF_WORDS + ref_words);
	term *tuple = m->fragment.data, *object = tuple + 5, *hp = object + MAGIC_REF_WORDS;
	object[0] = HEADER(BOXED_MAGIC_REF, MAGIC_REF_WORDS - 1);
	object[2] = (term)(uintptr_t)s->resource;
	object[3] = s->id.high;
	object[4] = s->id.low;
	counted_ref(s->resource);
	offheap_add(&m->offheap, object, MAGIC_REF_BYTES);
	tuple[0] = HEADER(BOXED_TUPLE, 4);
	tuple[1] = A(select);
	tuple[2] = term_of_boxed(object);
	tuple[3] = heap_copy_into(wait->ref->value, &hp, &m->offheap);
	tuple[4] = ready;
	m->value = term_of_boxed(tuple);
	return m;
}

static void tell(struct selectable *s, unsigned events)
{
	for (unsigned i = 0; i < 2; i++) {
		struct select_wait *wait = &s->waits[i];
		if ((events & (1U << i)) == 0 || wait->pid == TERM_NONE)
			continue;
		struct message *m = message_of(s, wait, i == 0 ? A(ready_input) : A(ready_output));
		signal_send_or_refuse(proc_lookup(wait->pid), &m->signal);
		forget(wait);
	}
}

/* Under the lock, at home: watches what is waited for. True: the count that was held is the caller's to drop. */
static bool settle(struct selectable *s)
{
	unsigned wanted = (s->waits[0].pid != TERM_NONE ? POLL_READ : 0) |
			  (s->waits[1].pid != TERM_NONE ? POLL_WRITE : 0);
	if (s->stop && s->watched) {
		pollee_done(&s->pollee);
		s->watched = false;
		wanted = 0;
	} else if (s->watched && pollee_want(&s->pollee, wanted) < 0) {
		tell(s, wanted); /* whoever tries then hears of it */
		wanted = 0;
	}
	bool held = s->holds;
	s->holds = wanted != 0;
	if (s->holds && !held)
		counted_ref(s->resource);
	return held && !s->holds;
}

static void ready(struct pollee *pollee, unsigned events)
{
	struct selectable *s =
		(struct selectable *)(void *)((char *)pollee - offsetof(struct selectable, pollee));
	mutex_lock(&s->lock);
	if (events == POLL_CLOSED) {
		forget(&s->waits[0]);
		forget(&s->waits[1]);
		s->stop = true;
	}
	tell(s, events);
	bool drop = settle(s);
	mutex_unlock(&s->lock);
	if (drop)
		counted_unref(s->resource);
}

static void at_home(struct poll_task *task)
{
	struct selectable *s =
		(struct selectable *)(void *)((char *)task - offsetof(struct selectable, task));
	mutex_lock(&s->lock);
	s->posted = false;
	bool drop = settle(s), stopped = s->stop;
	s->stop = false;
	mutex_unlock(&s->lock);
	if (stopped && s->stopped != NULL)
		s->stopped(s);
	if (drop)
		counted_unref(s->resource);
	counted_unref(s->resource);
}

/* Under the lock. */
static void post(struct selectable *s)
{
	if (s->posted)
		return;
	s->posted = true;
	counted_ref(s->resource);
	poll_post(s->pollee.home, &s->task, at_home);
}

void select_start(struct selectable *s, int fd, unsigned which, term pid, term ref)
{
	mutex_lock(&s->lock);
	struct select_wait *wait = &s->waits[which == POLL_WRITE];
	forget(wait);
	wait->pid = pid;
	wait->ref = owned_term_new_deep(MEM_MISC, ref);
	if (!s->watched) {
		pollee_init(&s->pollee, fd, poll_choose_home(), ready);
		s->watched = true;
	}
	post(s);
	mutex_unlock(&s->lock);
}

void select_stop(struct selectable *s)
{
	mutex_lock(&s->lock);
	forget(&s->waits[0]);
	forget(&s->waits[1]);
	bool watched = s->watched;
	if (watched) {
		s->stop = true;
		post(s);
	}
	mutex_unlock(&s->lock);
	if (!watched && s->stopped != NULL)
		s->stopped(s);
}
