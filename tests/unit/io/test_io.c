/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors, readiness for natives and helper programs, on real schedulers: who is told, how often, on which thread, and that
 * programs end with their namespace, with what they have left behind. Nothing here waits for a time to pass. */
#include "engine.h"
#include "tests.h"

#include "base/clock.h"
#include "io/child.h"
#include "io/leftover.h"
#include "io/port.h"
#include "io/select.h"
#include "ns/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- help */

void wait_for(const _Atomic long *count, long n)
{
	int64_t until = clock_monotonic_nsec() + 60000000000;
	while (atomic_load(count) < n) {
		ck_assert_msg(clock_monotonic_nsec() < until, "waited for %ld, have %ld", n,
			atomic_load(count));
		usleep(200);
	}
}

struct visit {
	struct poll_task task; /* first */
	void (*fn)(void *arg);
	void *arg;
	_Atomic long done;
};

static void visited(struct poll_task *task)
{
	struct visit *v = (struct visit *)task; /* first member */
	v->fn(v->arg);
	atomic_fetch_add(&v->done, 1);
}

void on_home(struct worker *home, void (*fn)(void *arg), void *arg)
{
	struct visit v = { .fn = fn, .arg = arg };
	poll_post(home, &v.task, visited);
	wait_for(&v.done, 1);
}

static void no_output(struct ns *ns, term from, int stream, const uint8_t *bytes, size_t size)
{
	ck_abort_msg("nobody's output");
}

void io_setup(void)
{
	machine_start(2);
	port_init(no_output);
	for (int i = 0; i < 3; i++)
		test_ns()->streams[i] = -1;
}

void io_teardown(void)
{
	children_stop();
	port_files_stop();
	machine_stop();
}

/* ---- poll */

struct watcher {
	struct pollee pollee; /* first */
	struct worker *home;
	int fd;
	unsigned want;
	_Atomic long told, elsewhere;
	_Atomic unsigned events;
	unsigned after; /* what is wanted once it was told */
	int result;
};

static void watcher_ready(struct pollee *pollee, unsigned events)
{
	struct watcher *w = (struct watcher *)pollee; /* first member */
	if (worker_current() != w->home && events != POLL_CLOSED)
		atomic_fetch_add(&w->elsewhere, 1);
	atomic_store(&w->events, events);
	ck_assert_int_eq(pollee_want(pollee, events == POLL_CLOSED ? 0 : w->after), 0);
	atomic_fetch_add(&w->told, 1);
}

static void watch(void *arg)
{
	struct watcher *w = arg;
	pollee_init(&w->pollee, w->fd, w->home, watcher_ready);
	w->result = pollee_want(&w->pollee, w->want);
}

static void unwatch(void *arg)
{
	pollee_done(arg);
}

static void want_more(void *arg)
{
	struct watcher *w = arg;
	w->result = pollee_want(&w->pollee, w->want);
}

START_TEST(a_descriptor_is_told_at_its_home_when_it_is_ready)
{
	int fds[2];
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	struct watcher w = { .home = poll_choose_home(), .fd = fds[0], .want = POLL_READ };
	on_home(w.home, watch, &w);
	ck_assert_int_eq(w.result, 0);
	ck_assert_int_eq(atomic_load(&w.told), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	wait_for(&w.told, 1);
	ck_assert_uint_eq(atomic_load(&w.events), POLL_READ);
	/* Nothing is wanted any more, though it still is ready: asked again it is told again, once. */
	on_home(w.home, want_more, &w);
	wait_for(&w.told, 2);
	on_home(w.home, unwatch, &w);
	ck_assert_int_eq(atomic_load(&w.told), 2);
	ck_assert_int_eq(atomic_load(&w.elsewhere), 0);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

END_TEST

START_TEST(one_that_cannot_be_polled_is_always_ready)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct watcher w = { .home = poll_choose_home(),
		.fd = fd,
		.want = POLL_READ | POLL_WRITE,
		.after = POLL_WRITE };
	on_home(w.home, watch, &w);
	wait_for(&w.told, 5);
	ck_assert_uint_eq(atomic_load(&w.events), POLL_WRITE);
	on_home(w.home, unwatch, &w);
	(void)close(fd);
}

END_TEST

START_TEST(the_end_of_a_writer_wakes_its_reader)
{
	int fds[2];
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	struct watcher w = { .home = poll_choose_home(), .fd = fds[0], .want = POLL_READ };
	on_home(w.home, watch, &w);
	(void)close(fds[1]);
	wait_for(&w.told, 1);
	on_home(w.home, unwatch, &w);
	(void)close(fds[0]);
}

END_TEST

static void count_one(struct poll_task *task)
{
	struct visit *v = (struct visit *)task; /* first member */
	atomic_fetch_add((_Atomic long *)v->arg, 1);
}

START_TEST(every_task_runs_once)
{
	enum { TASKS = 5000 };
	static struct visit tasks[TASKS];
	_Atomic long ran = 0;
	for (int i = 0; i < TASKS; i++) {
		tasks[i].arg = &ran;
		poll_post(poll_choose_home(), &tasks[i].task, count_one);
	}
	wait_for(&ran, TASKS);
	ck_assert_int_eq(atomic_load(&ran), TASKS);
}

END_TEST

START_TEST(what_is_still_watched_is_told_of_the_end)
{
	int fds[2];
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	struct watcher w = { .home = poll_choose_home(), .fd = fds[0], .want = POLL_READ };
	on_home(w.home, watch, &w);
	io_teardown();
	ck_assert_int_eq(atomic_load(&w.told), 1);
	ck_assert_uint_eq(atomic_load(&w.events), POLL_CLOSED);
	io_setup();
	(void)close(fds[0]);
	(void)close(fds[1]);
}

END_TEST

/* ---- select */

struct thing {
	struct counted counted; /* first */
	struct selectable s;
	_Atomic long stopped, destroyed;
};

static void thing_destroy(struct counted *counted)
{
	struct thing *t = (struct thing *)counted; /* first member */
	select_done(&t->s);
	atomic_fetch_add(&t->destroyed, 1);
}

static void thing_stopped(struct selectable *s)
{
	struct thing *t = (struct thing *)(void *)((char *)s - offsetof(struct thing, s));
	atomic_fetch_add(&t->stopped, 1);
}

static _Atomic long selected_input, selected_output, selected_other;

static enum slice_end step_selecting(struct proc *p, term *state)
{
	(void)state;
	struct message *m;
	while ((m = mailbox_current(p)) != NULL) {
		term v = message_value(m);
		if (v == A(stop)) {
			mailbox_remove(p);
			return step_exit(p, A(normal));
		}
		bool told = term_is_tuple_of(v, 4) && tuple_element(v, 0) == A(select);
		atomic_fetch_add(!told                                   ? &selected_other
				 : tuple_element(v, 3) == A(ready_input) ? &selected_input
									 : &selected_output,
			1);
		mailbox_remove(p);
	}
	return p->outcome == OUTCOME_EXIT ? SLICE_EXIT : SLICE_WAIT;
}

START_TEST(who_selects_is_told_once)
{
	int fds[2];
	term room[REF_WORDS];
	struct thing t = { .counted = { .refs = 1, .destroy = thing_destroy } };
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	select_init(&t.s, &t.counted, ref_new_id(), thing_stopped);
	term pid = spawn_step(test_ns(), NULL, step_selecting, TERM_NIL, NULL, NULL),
	     ref = ref_put(room, ref_new_id());
	ck_assert_int_eq(write(fds[1], "xy", 2), 2);
	for (int i = 1; i <= 3; i++) {
		select_start(&t.s, fds[0], POLL_READ, pid, ref);
		wait_for(&selected_input, i);
	}
	ck_assert_int_eq(atomic_load(&selected_input), 3);
	ck_assert_int_eq(atomic_load(&selected_output) + atomic_load(&selected_other), 0);
	select_stop(&t.s);
	wait_for(&t.stopped, 1);
	ck_assert(proc_send_from_host(pid, A(stop)));
	/* The messages held the resource; the process and they are gone. */
	counted_unref(&t.counted);
	wait_for(&t.destroyed, 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

END_TEST

START_TEST(after_a_stop_nobody_is_told)
{
	int fds[2];
	term room[REF_WORDS];
	long before = atomic_load(&selected_input);
	struct thing t = { .counted = { .refs = 1, .destroy = thing_destroy } };
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	select_init(&t.s, &t.counted, ref_new_id(), thing_stopped);
	term pid = spawn_step(test_ns(), NULL, step_selecting, TERM_NIL, NULL, NULL),
	     ref = ref_put(room, ref_new_id());
	select_start(&t.s, fds[0], POLL_READ, pid, ref);
	select_stop(&t.s);
	wait_for(&t.stopped, 1);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert(proc_send_from_host(pid, A(stop)));
	counted_unref(&t.counted);
	wait_for(&t.destroyed, 1);
	ck_assert_int_eq(atomic_load(&selected_input), before);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

END_TEST

/* ---- helper programs */

static _Atomic long begun, over;
static _Atomic int begun_error, over_status;
static _Atomic pid_t begun_pid;

static void began(term port, int error, pid_t pid)
{
	(void)port;
	atomic_store(&begun_error, error);
	atomic_store(&begun_pid, pid);
	atomic_fetch_add(&begun, 1);
}

static void ended(term port, int status)
{
	(void)port;
	atomic_store(&over_status, status);
	atomic_fetch_add(&over, 1);
}

static char **texts(const char *a, const char *b, const char *c)
{
	char **t = calloc(4, sizeof(*t));
	t[0] = strdup(a);
	t[1] = b != NULL ? strdup(b) : NULL;
	t[2] = c != NULL ? strdup(c) : NULL;
	return t;
}

/* Starts a program, or sh with a script, whose standard output is out (lent; -1: none), and waits until it is there. */
static int start_program(const char *path, const char *script, int out)
{
	struct child_order *o = calloc(1, sizeof(*o));
	o->path = strdup(path);
	o->argv = texts(path, script != NULL ? "-c" : NULL, script);
	o->envp = texts("PATH=/usr/bin:/bin", NULL, NULL);
	o->check = true;
	for (int i = 0; i < CHILD_FDS; i++) {
		o->fds[i] = -1;
		o->keep[i] = 1;
	}
	o->fds[1] = out;
	o->ns = test_ns();
	o->home = poll_choose_home();
	o->port = TERM_NONE;
	o->started = began;
	o->ended = ended;
	long n = atomic_load(&begun);
	child_start(o);
	wait_for(&begun, n + 1);
	return atomic_load(&begun_error);
}

static int status_of(const char *script)
{
	long n = atomic_load(&over);
	ck_assert_int_eq(start_program("/bin/sh", script, -1), 0);
	wait_for(&over, n + 1);
	return atomic_load(&over_status);
}

START_TEST(a_programs_status_is_told_as_a_shell_tells_it)
{
	ck_assert_int_eq(status_of("exit 0"), 0);
	ck_assert_int_eq(status_of("exit 7"), 7);
	ck_assert_int_eq(status_of("kill -TERM $$"), 128 + SIGTERM);
	ck_assert_uint_eq(children_count(), 0);
}

END_TEST

START_TEST(what_cannot_be_executed_says_why)
{
	ck_assert_int_eq(start_program("/nonexistent/program", NULL, -1), ENOENT);
	ck_assert_int_eq(start_program("/etc/passwd", NULL, -1), EACCES);
	ck_assert_uint_eq(children_count(), 0);
}

END_TEST

/* Reads until every writer has ended; fails when what came is not so long. */
static void read_until_end(int fd, size_t expected)
{
	char bytes[256];
	size_t size = 0;
	ssize_t n;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		size += (size_t)n;
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(size, expected);
}

START_TEST(a_namespace_takes_its_programs_and_their_children_along)
{
	int fds[2];
	char c;
	long n = atomic_load(&over);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	/* Neither of them hears of anything but SIGKILL. */
	ck_assert_int_eq(start_program("/bin/sh",
				 "trap '' TERM HUP INT; (trap '' TERM HUP INT; echo; while :; do "
				 "sleep 1000; done) & while :; do sleep 1000; done",
				 fds[1]),
		0);
	(void)close(fds[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	children_kill(test_ns());
	read_until_end(fds[0], 0);
	wait_for(&over, n + 1);
	ck_assert_int_eq(atomic_load(&over_status), 128 + SIGKILL);
	ck_assert_uint_eq(leftovers_count(), 0);
	(void)close(fds[0]);
}

END_TEST

/* One that the starter is busy with is forgotten when it is through. */
static void nothing_left(void)
{
	int64_t until = clock_monotonic_nsec() + 60000000000;
	while (leftovers_count() > 0) {
		ck_assert(clock_monotonic_nsec() < until);
		usleep(200);
	}
}

START_TEST(what_a_program_left_behind_ends_with_the_namespace)
{
	int fds[2];
	long n = atomic_load(&over);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(
		start_program("/bin/sh", "trap '' TERM HUP; sleep 1000 & exit 3", fds[1]), 0);
	(void)close(fds[1]);
	wait_for(&over, n + 1);
	ck_assert_int_eq(atomic_load(&over_status), 3);
	ck_assert_uint_eq(leftovers_count(), 1);
	ck_assert_uint_eq(children_count(), 0);
	children_kill((const struct ns *)(const void *)fds); /* another one */
	ck_assert_uint_eq(leftovers_count(), 1);
	children_kill(test_ns());
	read_until_end(fds[0], 0);
	nothing_left();
	(void)close(fds[0]);
}

END_TEST

START_TEST(the_end_of_the_machine_takes_what_was_left_behind)
{
	int fds[2];
	long n = atomic_load(&over);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(start_program("/bin/sh", "sleep 1000 & exit 0", fds[1]), 0);
	(void)close(fds[1]);
	wait_for(&over, n + 1);
	io_teardown();
	read_until_end(fds[0], 0);
	io_setup();
	(void)close(fds[0]);
}

END_TEST

/* What is left behind and ends by itself is forgotten as others come; only a bounded number of them is ever known. */
START_TEST(groups_that_are_empty_again_are_forgotten)
{
	uint64_t most = 0;
	for (int i = 0; i < 100; i++) {
		int fds[2];
		long n = atomic_load(&over);
		ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
		/* It lives until its standard input, which is that of nobody else, ends. */
		ck_assert_int_eq(
			start_program("/bin/sh", "(trap '' HUP; read x <&1) & exit 0", fds[0]), 0);
		wait_for(&over, n + 1);
		(void)close(fds[0]);
		(void)close(fds[1]);
		uint64_t now = leftovers_count();
		most = now > most ? now : most;
	}
	ck_assert_uint_ge(most, 1);
	children_kill(NULL);
	nothing_left();
}

END_TEST

static _Atomic long hook_calls;
static _Atomic pid_t hook_pid;

static void hook(struct ns *ns, pid_t pid)
{
	if (ns == test_ns())
		atomic_fetch_add(&hook_calls, 1);
	atomic_store(&hook_pid, pid);
}

START_TEST(the_host_hears_of_each_program_before_its_port_does)
{
	children_set_started(hook);
	ck_assert_int_eq(start_program("/bin/sh", "exit 0", -1), 0);
	ck_assert_int_eq(atomic_load(&hook_calls), 1);
	ck_assert_int_eq(atomic_load(&hook_pid), atomic_load(&begun_pid));
	wait_for(&over, 1);
	children_set_started(NULL);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("io");
	TCase *c = tcase_create("descriptors");
	tcase_add_checked_fixture(c, io_setup, io_teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_descriptor_is_told_at_its_home_when_it_is_ready);
	tcase_add_test(c, one_that_cannot_be_polled_is_always_ready);
	tcase_add_test(c, the_end_of_a_writer_wakes_its_reader);
	tcase_add_test(c, every_task_runs_once);
	tcase_add_test(c, what_is_still_watched_is_told_of_the_end);
	tcase_add_test(c, who_selects_is_told_once);
	tcase_add_test(c, after_a_stop_nobody_is_told);
	suite_add_tcase(suite, c);
	c = tcase_create("programs");
	tcase_add_checked_fixture(c, io_setup, io_teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_programs_status_is_told_as_a_shell_tells_it);
	tcase_add_test(c, what_cannot_be_executed_says_why);
	tcase_add_test(c, a_namespace_takes_its_programs_and_their_children_along);
	tcase_add_test(c, what_a_program_left_behind_ends_with_the_namespace);
	tcase_add_test(c, the_end_of_the_machine_takes_what_was_left_behind);
	tcase_add_test(c, groups_that_are_empty_again_are_forgotten);
	tcase_add_test(c, the_host_hears_of_each_program_before_its_port_does);
	suite_add_tcase(suite, c);
	suite_add_tcase(suite, port_tests());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
