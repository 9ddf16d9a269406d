/* SPDX-License-Identifier: Apache-2.0 */
/* The sleep of a scheduler. See poll.h.
 *
 * Invariant: whoever posts a task and then sees the worker asleep wakes it; a worker that is about to sleep says so and then
 * looks at its tasks once more (poll_has_work). Both are sequentially consistent. */
#include "io/poll.h"

#include "base/alloc.h"
#include "base/epoch.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct poll {
	/* its thread's */
	struct event_base *base; /* NULL until there is a descriptor */
	struct event *wake_event;
	struct event *timer;
	bool expired;
	uint32_t watched;   /* descriptors of which something is wanted */
	struct list noted;  /* pollees that are ready */
	struct list always; /* pollees that always are, and are wanted */
	struct list all;
	bool closing;

	/* fixed */
	int wake_fd;

	/* atomic */
	_Atomic(struct poll_task *) tasks; /* newest first */
};

static struct {
	void (*wake)(struct worker *worker);
	struct worker *(*choose)(void);
} workers; /* fixed once schedulers run */

void poll_set_workers(void (*wake)(struct worker *worker), struct worker *(*choose)(void))
{
	workers.wake = wake;
	workers.choose = choose;
}

struct worker *poll_choose_home(void)
{
	struct worker *w = worker_current();
	return w != NULL ? w : workers.choose();
}

struct poll *poll_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return NULL;
	struct poll *p = mem_zalloc(MEM_SCHED, sizeof(*p));
	p->wake_fd = fd;
	list_init(&p->noted);
	list_init(&p->always);
	list_init(&p->all);
	return p;
}

/* ------------------------------------------------------------------------------------------------ sleep */

static void woken(evutil_socket_t fd, short what, void *arg)
{
	/* The eventfd is read by poll_take_wake(). */
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct poll *p = arg;
	p->expired = true;
}

/* False: the host has no memory or descriptors for it. */
static bool base_make(struct poll *p)
{
	if (p->base != NULL)
		return true;
	struct event_config *config = event_config_new();
	if (config == NULL)
		return false;
	/* Without locks, since one thread uses it; timers by timerfd, as exact as the wheel asks for. */
	(void)event_config_set_flag(
		config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_PRECISE_TIMER |
				EVENT_BASE_FLAG_IGNORE_ENV); /* flags it knows */
	p->base = event_base_new_with_config(config);
	event_config_free(config);
	if (p->base == NULL)
		return false;
	p->wake_event = event_new(p->base, p->wake_fd, EV_READ | EV_PERSIST, woken, p);
	p->timer = evtimer_new(p->base, timer_fired, p);
	if (p->wake_event != NULL && p->timer != NULL && event_add(p->wake_event, NULL) == 0)
		return true;
	if (p->wake_event != NULL)
		event_free(p->wake_event);
	if (p->timer != NULL)
		event_free(p->timer);
	event_base_free(p->base);
	p->base = NULL;
	return false;
}

static bool sleep_plain(struct poll *p, int64_t nsec)
{
	struct pollfd fd = { .fd = p->wake_fd, .events = POLLIN };
	struct timespec wait = { .tv_sec = nsec / 1000000000, .tv_nsec = nsec % 1000000000 };
	int r = ppoll(&fd, 1, nsec == INT64_MAX ? NULL : &wait, NULL);
	assert(r >= 0 || errno == EINTR);
	return r != 0;
}

bool poll_sleep(struct poll *p, int64_t nsec)
{
	if (p->base == NULL || p->watched == 0)
		return sleep_plain(p, nsec);
	p->expired = false;
	if (nsec != INT64_MAX) {
		int64_t usec = (nsec + 999) / 1000;
		struct timeval wait = { .tv_sec = usec / 1000000, .tv_usec = usec % 1000000 };
		(void)event_add(
			p->timer, &wait); /* without it the sleep ends with the next event */
	}
	int r = event_base_loop(p->base, EVLOOP_ONCE);
	assert(r >= 0);
	if (nsec != INT64_MAX && !p->expired)
		(void)event_del(p->timer); /* it is there */
	return !p->expired || !list_is_empty(&p->noted);
}

void poll_wake(struct poll *p)
{
	uint64_t one = 1;
	ssize_t n = write(p->wake_fd, &one, sizeof(one));
	assert(n == sizeof(one)); /* an eventfd that is read at each wake-up cannot be full */
}

void poll_take_wake(struct poll *p)
{
	uint64_t n;
	while (read(p->wake_fd, &n, sizeof(n)) < 0 && errno == EAGAIN)
		sched_yield();
}

void poll_look(struct poll *p)
{
	if (p->watched == 0)
		return;
	/* Once: else it goes on for as long as anything is ready, and nothing is read here. */
	int r = event_base_loop(p->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert(r >= 0);
}

/* ------------------------------------------------------------------------------------------------ work */

bool poll_has_work(struct poll *p)
{
	return atomic_load_explicit(&p->tasks, memory_order_seq_cst) != NULL ||
	       !list_is_empty(&p->noted) || !list_is_empty(&p->always);
}

void poll_post(struct worker *w, struct poll_task *task, void (*fn)(struct poll_task *task))
{
	struct poll *p = w->poll;
	task->fn = fn;
	task->next = atomic_load_relaxed(&p->tasks);
	while (!atomic_compare_exchange_weak_explicit(
		&p->tasks, &task->next, task, memory_order_seq_cst, memory_order_relaxed))
		;
	if (w != worker_current() && atomic_load_explicit(&w->sleeping, memory_order_seq_cst))
		workers.wake(w);
}

static void run_tasks(struct poll *p)
{
	/* Acquire: pairs with the push in poll_post(). The oldest comes first. */
	struct poll_task *task = atomic_exchange_explicit(&p->tasks, NULL, memory_order_seq_cst),
			 *first = NULL;
	while (task != NULL) {
		struct poll_task *next = task->next;
		task->next = first;
		first = task;
		task = next;
	}
	while (first != NULL) {
		task = first;
		first = task->next;
		task->fn(task);
	}
}

/* Each that is on the list now; one that comes back onto it waits for the next turn. */
static void tell(struct list *from)
{
	struct list now;
	list_init(&now);
	while (!list_is_empty(from)) {
		struct list *l = from->next;
		list_remove(l);
		list_append(&now, l);
	}
	while (!list_is_empty(&now)) {
		struct pollee *e = list_entry(now.next, struct pollee, link);
		list_remove(&e->link);
		unsigned events = e->always ? e->wanted : e->noted & e->wanted;
		e->noted = 0;
		if (e->always && e->wanted != 0)
			list_append(&e->home->poll->always, &e->link);
		if (events != 0)
			e->ready(e, events); /* it may free e */
	}
}

void poll_run(struct poll *p)
{
	run_tasks(p);
	tell(&p->noted);
	tell(&p->always);
}

/* ------------------------------------------------------------------------------------------------ descriptors */

static void note(struct pollee *e, unsigned events)
{
	e->noted |= events;
	if (list_is_empty(&e->link))
		list_append(&e->home->poll->noted, &e->link);
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	note(arg, POLL_READ);
}

static void writable(evutil_socket_t fd, short what, void *arg)
{
	note(arg, POLL_WRITE);
}

void pollee_init(
	struct pollee *e, int fd, struct worker *home, void (*ready)(struct pollee *, unsigned))
{
	*e = (struct pollee){ .fd = fd, .home = home, .ready = ready };
	list_init(&e->link);
	list_init(&e->all);
}

/* Of a terminal the system tells; of /dev/null and the like it says that it cannot. Asked aside, since libevent would print it. */
static bool device_can_be_polled(int fd)
{
	int asked = epoll_create1(EPOLL_CLOEXEC);
	if (asked < 0)
		return true;
	struct epoll_event none = { 0 };
	bool can = epoll_ctl(asked, EPOLL_CTL_ADD, fd, &none) == 0 || errno != EPERM;
	(void)close(asked); /* it holds nothing */
	return can;
}

static bool can_be_polled(int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		return true;
	return !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISBLK(st.st_mode) &&
	       device_can_be_polled(fd);
}

static bool event_want(struct pollee *e, unsigned which)
{
	struct poll *p = e->home->poll;
	struct event **at = &e->events[which == POLL_WRITE];
	if (*at == NULL)
		*at = which == POLL_READ
			      ? event_new(p->base, e->fd, EV_READ | EV_PERSIST, readable, e)
			      : event_new(p->base, e->fd, EV_WRITE | EV_PERSIST, writable, e);
	return *at != NULL && event_add(*at, NULL) == 0;
}

int pollee_want(struct pollee *e, unsigned events)
{
	struct poll *p = e->home->poll;
	debug_assert(e->home == worker_current() || p->closing);
	if (events != 0 && p->closing)
		return -ECANCELED;
	if (events != 0 && e->asked == 0) {
		e->always = !can_be_polled(e->fd);
		list_append(&p->all, &e->all);
	}
	e->asked |= events;
	if (e->always) {
		e->wanted = events;
		list_remove(&e->link);
		if (events != 0)
			list_append(&p->always, &e->link);
		return 0;
	}
	if (events != 0 && !base_make(p))
		return -ENOMEM;
	for (unsigned which = POLL_READ; which <= POLL_WRITE; which <<= 1) {
		if ((events & which) != 0 && (e->wanted & which) == 0) {
			if (!event_want(e, which))
				return -ENOMEM;
			p->watched++;
			e->wanted |= which;
		} else if ((events & which) == 0 && (e->wanted & which) != 0) {
			(void)event_del(e->events[which == POLL_WRITE]); /* it is there */
			p->watched--;
			e->wanted &= ~which;
		}
	}
	e->noted &= events;
	if (e->noted == 0)
		list_remove(&e->link);
	return 0;
}

void pollee_done(struct pollee *e)
{
	int r = pollee_want(e, 0);
	assert(r == 0); /* nothing is wanted, so nothing fails */
	list_remove(&e->all);
	list_remove(&e->link);
	for (unsigned i = 0; i < 2; i++)
		if (e->events[i] != NULL) {
			event_free(e->events[i]);
			e->events[i] = NULL;
		}
}

struct poll *poll_free(struct poll *p)
{
	if (p == NULL)
		return NULL;
	p->closing = true;
	epoch_enter();
	run_tasks(p);
	while (!list_is_empty(&p->all)) {
		struct pollee *e = list_entry(p->all.next, struct pollee, all);
		list_remove(&e->all);
		e->ready(e, POLL_CLOSED);
	}
	run_tasks(p);
	epoch_leave();
	if (p->base != NULL) {
		event_free(p->wake_event);
		event_free(p->timer);
		event_base_free(p->base);
	}
	(void)close(p->wake_fd); /* an eventfd has nothing to lose */
	mem_free(MEM_SCHED, p, sizeof(*p));
	return NULL;
}
