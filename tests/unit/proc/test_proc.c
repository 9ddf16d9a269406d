/* SPDX-License-Identifier: Apache-2.0 */
/* Processes on real schedulers with an engine of C functions: messages keep their order, links, monitors, names and
 * timers mean what they mean in OTP, and nothing is left behind. */
#include "engine.h"

#include "base/clock.h"
#include "proc/registry.h"
#include "proc/timer.h"

#include <check.h>
#include <unistd.h>

static _Atomic long counter, errors;
static _Atomic term noted[8];

static void wait_for(long n)
{
	int64_t until = clock_monotonic_nsec() + 60000000000;
	while (atomic_load(&counter) < n) {
		ck_assert_msg(clock_monotonic_nsec() < until, "waited for %ld, have %ld", n, atomic_load(&counter));
		usleep(200);
	}
}

static void wait_empty(void)
{
	int64_t until = clock_monotonic_nsec() + 60000000000;
	while (proc_count() > 0) {
		ck_assert_msg(clock_monotonic_nsec() < until, "%lu processes still live", (unsigned long)proc_count());
		usleep(200);
	}
}

static void setup(void)
{
	atomic_store(&counter, 0);
	atomic_store(&errors, 0);
	machine_start(4);
}

static void teardown(void)
{
	machine_stop();
}

static void note(void)
{
	atomic_fetch_add(&counter, 1);
}

static void expect(bool ok)
{
	if (!ok)
		atomic_fetch_add(&errors, 1);
}

/* Takes the next message; TERM_NONE when there is none. */
static term next_message(struct proc *p)
{
	struct message *m = mailbox_current(p);
	if (m == NULL)
		return TERM_NONE;
	term v = message_value(m);
	mailbox_remove(p);
	return v;
}

static enum slice_end wait_or_exit(struct proc *p)
{
	return p->outcome == OUTCOME_EXIT ? SLICE_EXIT : SLICE_WAIT;
}

static enum slice_end step_wait_forever(struct proc *p, term *state)
{
	if (mailbox_current(p) != NULL)
		mailbox_next(p);
	return wait_or_exit(p);
}

/* ---- messages */

#define RING 200
#define LAPS 300

static enum slice_end step_ring(struct proc *p, term *next)
{
	for (;;) {
		term v = next_message(p);
		if (v == TERM_NONE)
			return wait_or_exit(p);
		if (term_is_tuple_of(v, 2)) {
			*next = tuple_element(v, 1);
			continue;
		}
		expect(proc_send(p, *next, term_of_small(small_value(v) - 1)));
		if (small_value(v) <= RING) {
			note();
			return step_exit(p, A(normal));
		}
	}
}

START_TEST(a_token_goes_round_a_ring)
{
	term pids[RING];
	for (int i = 0; i < RING; i++)
		pids[i] = spawn_step(test_ns(), NULL, step_ring, TERM_NIL, NULL, NULL);
	for (int i = 0; i < RING; i++) {
		term w[3] = { HEADER(BOXED_TUPLE, 2), A(next), pids[(i + 1) % RING] };
		ck_assert(proc_send_from_host(pids[i], term_of_boxed(w)));
	}
	ck_assert(proc_send_from_host(pids[0], term_of_small(RING * LAPS)));
	wait_for(RING);
	wait_empty();
	ck_assert_int_eq(atomic_load(&errors), 0);
}
END_TEST

#define SENDERS 8
#define EACH 20000

static enum slice_end step_sender(struct proc *p, term *state)
{
	term *s = tuple_elements(*state);
	for (int i = 0; i < 50; i++) {
		if (small_value(s[2]) == EACH)
			return step_exit(p, A(normal));
		term w[4] = { HEADER(BOXED_TUPLE, 3), p->pid, s[1], s[2] };
		expect(proc_send(p, s[0], term_of_boxed(w)));
		s[2] += 8;
	}
	return SLICE_YIELD;
}

static long seen[SENDERS];

static enum slice_end step_in_order(struct proc *p, term *state)
{
	for (;;) {
		term v = next_message(p);
		if (v == TERM_NONE)
			return wait_or_exit(p);
		long who = small_value(tuple_element(v, 1)), n = small_value(tuple_element(v, 2));
		expect(seen[who] == n);
		seen[who]++;
		if (n == EACH - 1)
			note();
		if (atomic_load(&counter) == SENDERS)
			return step_exit(p, A(normal));
	}
}

START_TEST(messages_of_one_sender_stay_in_order)
{
	for (int i = 0; i < SENDERS; i++)
		seen[i] = 0;
	term to = spawn_step(test_ns(), NULL, step_in_order, TERM_NIL, NULL, NULL);
	for (int i = 0; i < SENDERS; i++) {
		term w[4] = { HEADER(BOXED_TUPLE, 3), to, term_of_small(i), TERM_ZERO };
		(void)spawn_step(test_ns(), NULL, step_sender, term_of_boxed(w), NULL, NULL);
	}
	wait_for(SENDERS);
	wait_empty();
	ck_assert_int_eq(atomic_load(&errors), 0);
}
END_TEST

/* ---- spawn, links */

static enum slice_end step_tree(struct proc *p, term *depth)
{
	long n = small_value(*depth);
	if (n > 0) {
		struct spawn_options o;
		spawn_options_init(&o);
		o.link = true;
		for (int i = 0; i < 2; i++)
			expect(spawn_step(p->ns, p, step_tree, term_of_small(n - 1), &o, NULL) != TERM_NONE);
		*depth = TERM_ZERO;
	}
	if (n >= 0) {
		*depth = term_of_small(-1);
		note();
	}
	return step_wait_forever(p, depth);
}

START_TEST(a_kill_takes_a_linked_tree_with_it)
{
	for (int round = 0; round < 20; round++) {
		atomic_store(&counter, 0);
		term root = spawn_step(test_ns(), NULL, step_tree, term_of_small(9), NULL, NULL);
		if (round % 2 == 0)
			wait_for((1 << 10) - 1);
		ck_assert(proc_exit_from_host(root, true, A(kill)) || round % 2 != 0);
		wait_empty();
	}
	ck_assert_int_eq(atomic_load(&errors), 0);
}
END_TEST

static enum slice_end step_trapper(struct proc *p, term *state)
{
	/* state: number of {'EXIT', _, killed} and {'DOWN', ...} still to come */
	if (term_is_tuple(*state)) {
		term *s = tuple_elements(*state);
		long children = small_value(s[0]);
		p->flags |= PROC_TRAP_EXIT;
		struct spawn_options o;
		spawn_options_init(&o);
		o.link = o.monitor = true;
		for (long i = 0; i < children; i++) {
			term ref, pid = spawn_step(p->ns, p, step_wait_forever, TERM_NIL, &o, &ref);
			expect(term_is_ref(ref));
			signal_exit(SIGNAL_EXIT, p->pid, proc_lookup(pid), i % 2 == 0 ? A(kill) : A(shutdown),
				i % 2 == 0 ? SIGNAL_KILL : 0, (struct beamr_crash_id){ 0 });
		}
		*state = term_of_small(children * 2);
	}
	for (;;) {
		term v = next_message(p);
		if (v == TERM_NONE)
			return wait_or_exit(p);
		term reason = tuple_element(v, term_is_tuple_of(v, 3) ? 2 : 4);
		expect(tuple_element(v, 0) == (term_is_tuple_of(v, 3) ? A(EXIT) : A(DOWN)));
		expect(reason == A(killed) || reason == A(shutdown));
		*state -= 8;
		if (*state == TERM_ZERO) {
			expect(links_count(p) == 0);
			expect(p->relations->monitor_count == 0);
			note();
			return step_exit(p, A(normal));
		}
	}
}

START_TEST(a_trapper_hears_of_each_end_once_by_link_and_once_by_monitor)
{
	term w[2] = { HEADER(BOXED_TUPLE, 1), term_of_small(500) };
	for (int i = 0; i < 8; i++)
		(void)spawn_step(test_ns(), NULL, step_trapper, term_of_boxed(w), NULL, NULL);
	wait_for(8);
	wait_empty();
	ck_assert_int_eq(atomic_load(&errors), 0);
}
END_TEST

/* Links and unlinks, monitors and demonitors processes that come and go; whatever happens, its books are balanced. */
static enum slice_end step_churn(struct proc *p, term *state)
{
	p->flags |= PROC_TRAP_EXIT;
	long n = small_value(*state);
	for (int i = 0; i < 20 && n > 0; i++, n--) {
		struct spawn_options o;
		spawn_options_init(&o);
		o.link = n % 3 == 0;
		o.monitor = n % 2 == 0;
		term ref = TERM_NONE;
		term pid = spawn_step(p->ns, p, step_wait_forever, TERM_NIL, &o, &ref);
		term other = atomic_load(&noted[n % 8]);
		atomic_store(&noted[n % 8], pid);
		if (other != TERM_ZERO && proc_lookup(other) != NULL) {
			link_make(p, other);
			struct monitor_how how = { .name = TERM_NONE, .tag = TERM_NONE };
			term r = monitor_make(p, other, &how, NULL);
			if (n % 5 == 0)
				link_take_away(p, other);
			struct monitor *m = monitor_find(p, ref_id_of(r));
			if (n % 7 == 0 && m != NULL)
				monitor_take_away(p, m);
			signal_exit(SIGNAL_EXIT, p->pid, proc_lookup(other), A(kill), SIGNAL_KILL, (struct beamr_crash_id){ 0 });
		}
		if (o.link && n % 4 == 0)
			link_take_away(p, pid);
		if (!(n % 8 < 3))
			signal_exit(SIGNAL_EXIT, p->pid, proc_lookup(pid), A(badarith), 0, (struct beamr_crash_id){ 0 });
	}
	*state = term_of_small(n);
	while (next_message(p) != TERM_NONE) {
	}
	if (p->outcome == OUTCOME_EXIT)
		return SLICE_EXIT;
	if (n > 0)
		return SLICE_YIELD;
	note();
	return step_exit(p, A(badmatch));
}

static bool kill_each(struct proc *p, void *arg)
{
	signal_exit(SIGNAL_EXIT, TERM_NONE, p, A(kill), SIGNAL_KILL, (struct beamr_crash_id){ 0 });
	return true;
}

START_TEST(links_and_monitors_survive_a_storm)
{
	for (int i = 0; i < 8; i++)
		atomic_store(&noted[i], TERM_ZERO);
	for (int i = 0; i < 8; i++)
		(void)spawn_step(test_ns(), NULL, step_churn, term_of_small(3000), NULL, NULL);
	wait_for(8);
	proc_each(0, kill_each, NULL);
	wait_empty();
	ck_assert_int_eq(atomic_load(&errors), 0);
}
END_TEST

/* ---- links and monitors to the dead */

static enum slice_end step_noproc(struct proc *p, term *state)
{
	long phase = small_value(*state);
	if (phase == 0) {
		p->flags |= PROC_TRAP_EXIT;
		term dead = term_of_pid(4000, 7);
		link_make(p, dead);
		struct monitor_how how = { .name = A(logger), .node = A(nonode_nohost), .tag = TERM_NONE };
		(void)monitor_make(p, dead, &how, NULL);
		*state = term_of_small(1);
	}
	for (;;) {
		term v = next_message(p);
		if (v == TERM_NONE)
			return wait_or_exit(p);
		if (phase <= 1) {
			expect(term_is_tuple_of(v, 3) && tuple_element(v, 2) == A(noproc));
			phase = 2;
			*state = term_of_small(2);
		} else {
			expect(term_is_tuple_of(v, 5) && tuple_element(v, 4) == A(noproc));
			expect(tuple_element(tuple_element(v, 3), 0) == A(logger));
			note();
			return step_exit(p, A(normal));
		}
	}
}

START_TEST(the_dead_answer_noproc)
{
	(void)spawn_step(test_ns(), NULL, step_noproc, TERM_ZERO, NULL, NULL);
	wait_for(1);
	wait_empty();
	ck_assert_int_eq(atomic_load(&errors), 0);
}
END_TEST

/* ---- names */

START_TEST(a_name_goes_with_its_process)
{
	struct spawn_options o;
	spawn_options_init(&o);
	o.register_as = A(logger);
	term pid = spawn_step(test_ns(), NULL, step_wait_forever, TERM_NIL, &o, NULL);
	ck_assert(pid != TERM_NONE);
	ck_assert(registry_find(test_ns(), A(logger)) == pid);
	ck_assert(spawn_step(test_ns(), NULL, step_wait_forever, TERM_NIL, &o, NULL) == TERM_NONE);
	ck_assert_uint_eq(proc_count(), 1);
	ck_assert(proc_exit_from_host(pid, true, A(kill)));
	wait_empty();
	ck_assert(registry_find(test_ns(), A(logger)) == TERM_NONE);
}
END_TEST

/* ---- timers */

static enum slice_end step_after(struct proc *p, term *state)
{
	/* state: {Milliseconds, StartedAtNsec, Rounds} */
	term *s = tuple_elements(*state);
	for (;;) {
		if (next_message(p) != TERM_NONE) {
			expect(false);
			continue;
		}
		if (p->outcome == OUTCOME_EXIT)
			return SLICE_EXIT;
		if (!(p->flags & PROC_TIMEOUT_SET))
			s[1] = term_of_small(clock_monotonic_nsec());
		bool expired;
		expect(mailbox_wait_timeout(p, s[0], &expired));
		if (!expired)
			return SLICE_WAIT;
		mailbox_timeout(p);
		int64_t took = clock_monotonic_nsec() - small_value(s[1]);
		expect(took >= small_value(s[0]) * 1000000);
		s[2] -= 8;
		if (s[2] == TERM_ZERO) {
			note();
			return step_exit(p, A(normal));
		}
	}
}

START_TEST(a_receive_never_times_out_early)
{
	for (int i = 0; i < 200; i++) {
		term w[4] = { HEADER(BOXED_TUPLE, 3), term_of_small(1 + i % 17), TERM_ZERO, term_of_small(5) };
		(void)spawn_step(test_ns(), NULL, step_after, term_of_boxed(w), NULL, NULL);
	}
	wait_for(200);
	wait_empty();
	ck_assert_int_eq(atomic_load(&errors), 0);
}
END_TEST

static enum slice_end step_timers(struct proc *p, term *state)
{
	/* state: rounds; each round sets ten timers, stops half, waits for the others */
	long n = small_value(*state);
	if (n >= 0) {
		for (int i = 0; i < 10; i++) {
			term ref = timer_start(p, clock_monotonic_nsec() + 1000000 * (i % 4), p->pid, term_of_small(i), i % 2 == 0);
			if (i % 2 != 0) {
				int64_t left = timer_left(ref_id_of(ref), true);
				expect(left >= 0 && left <= 5);
				expect(timer_left(ref_id_of(ref), true) == -1);
			}
		}
		(void)timer_start(p, clock_monotonic_nsec() + 100000000000, p->pid, A(infinity), true);
		*state = term_of_small(-5);
		p->suspends = 0;
		proc_extra(p)->save_calls = (uint32_t)n;
	}
	for (;;) {
		term v = next_message(p);
		if (v == TERM_NONE)
			return wait_or_exit(p);
		expect(term_is_tuple_of(v, 3) && tuple_element(v, 0) == A(timeout) && term_is_ref(tuple_element(v, 1)));
		*state += 8;
		if (*state != TERM_ZERO)
			continue;
		uint32_t left = p->extra->save_calls;
		if (left == 0) {
			note();
			return step_exit(p, A(normal));
		}
		*state = term_of_small(left - 1);
		return SLICE_YIELD;
	}
}

START_TEST(timers_fire_once_or_are_stopped)
{
	for (int i = 0; i < 50; i++)
		(void)spawn_step(test_ns(), NULL, step_timers, term_of_small(10), NULL, NULL);
	wait_for(50);
	wait_empty();
	ck_assert_int_eq(atomic_load(&errors), 0);
}
END_TEST

/* ---- requests */

static void count_request(struct proc *p, void *arg)
{
	if (p == NULL)
		atomic_fetch_add(&errors, 1);
	note();
}

START_TEST(a_request_is_run_once_by_the_owner_or_by_the_one_who_finds_nobody)
{
	term pids[16];
	for (int i = 0; i < 16; i++)
		pids[i] = spawn_step(test_ns(), NULL, step_wait_forever, TERM_NIL, NULL, NULL);
	for (int i = 0; i < 16000; i++) {
		proc_request(pids[i % 16], count_request, NULL);
		if (i >= 12000 && i % 1000 < 16)
			(void)proc_exit_from_host(pids[i % 16], false, A(badmatch)); /* it may be gone already */
	}
	wait_for(16000);
	wait_empty();
	ck_assert_int_gt(atomic_load(&errors), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proc");
	TCase *c = tcase_create("life");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_token_goes_round_a_ring);
	tcase_add_test(c, messages_of_one_sender_stay_in_order);
	tcase_add_test(c, a_kill_takes_a_linked_tree_with_it);
	tcase_add_test(c, a_trapper_hears_of_each_end_once_by_link_and_once_by_monitor);
	tcase_add_test(c, links_and_monitors_survive_a_storm);
	tcase_add_test(c, the_dead_answer_noproc);
	tcase_add_test(c, a_name_goes_with_its_process);
	tcase_add_test(c, a_receive_never_times_out_early);
	tcase_add_test(c, timers_fire_once_or_are_stopped);
	tcase_add_test(c, a_request_is_run_once_by_the_owner_or_by_the_one_who_finds_nobody);
	suite_add_tcase(suite, c);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
