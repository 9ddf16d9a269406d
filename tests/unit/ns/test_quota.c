/* SPDX-License-Identifier: Apache-2.0 */
/* What a namespace is charged, and what each of its limits does. Runs quota_target.erl in namespaces of a real machine. */
#include "base/account.h"
#include "base/alloc.h"
#include "base/epoch.h"
#include "beamr.h"
#include "quota_target_beam.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct beamr *machine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct beamr_report reports[64]; /* guarded by lock */
static unsigned report_count;           /* guarded by lock */

static void on_report(void *user, const struct beamr_report *report)
{
	if (report->kind != BEAMR_REPORT_QUOTA)
		return;
	pthread_mutex_lock(&lock);
	if (report_count < 64)
		memcpy(&reports[report_count++], report, report_bytes(report));
	pthread_mutex_unlock(&lock);
}

static bool was_reported(const char *fault)
{
	pthread_mutex_lock(&lock);
	bool found = false;
	for (unsigned i = 0; i < report_count; i++)
		found = found || strcmp(reports[i].text + reports[i].fault, fault) == 0;
	pthread_mutex_unlock(&lock);
	return found;
}

static void machine_new(unsigned schedulers)
{
	struct beamr_options options = { .schedulers = schedulers, .report = on_report };
	ck_assert_int_eq(beamr_new(&options, &machine), 0);
	ck_assert_int_eq(beamr_start(machine), 0);
}

static void machine_free(void)
{
	machine = beamr_free(machine);
	ck_assert_uint_eq(account_count(), 0); /* everything that was charged has come back */
	ck_assert_uint_eq(account_unbalanced(), 0);
}

static void on_loaded(void *user, struct beamr_loaded *loaded)
{
	pthread_mutex_lock(&lock);
	*(int *)user = loaded->outcome;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	beamr_loaded_free(loaded);
}

static int load(struct beamr_ns *ns)
{
	int outcome = -1;
	beamr_load(ns, quota_target_beam, sizeof(quota_target_beam), 0, on_loaded, &outcome);
	pthread_mutex_lock(&lock);
	while (outcome < 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return outcome;
}

static void rest(void)
{
	struct timespec t = { .tv_nsec = 2000000 };
	(void)nanosleep(&t, NULL);
}

static struct beamr_ns *ns_new(const char *name)
{
	struct beamr_ns *ns;
	int r;
	while ((r = beamr_ns_create(machine, name, &ns)) == BEAMR_E_EXISTS)
		rest(); /* the last one's processes are still ending */
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(load(ns), 0);
	return ns;
}

static void set(struct beamr_ns *ns, struct beamr_quota quota)
{
	ck_assert_int_eq(beamr_ns_set_quota(ns, &quota, NULL), 0);
}

static void wait_for_accounts(uint64_t count)
{
	while (account_count() > count) {
		/* Who is outside of all epochs helps them along. */
		epoch_enter();
		epoch_leave();
		rest();
	}
}

struct answer {
	bool done;
	char text[256];
};

static void on_answer(void *user, struct beamr_call_result *result)
{
	struct answer *a = user;
	pthread_mutex_lock(&lock);
	char *text = result->term != NULL ? beamr_term_text(result->term, 200, NULL) : NULL;
	(void)snprintf(a->text, sizeof(a->text), "%s%s%s",
		result->end == BEAMR_CALL_RAISED ? result->class : "",
		result->end == BEAMR_CALL_RAISED ? ":" : "", text != NULL ? text : "");
	free(text);
	a->done = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	beamr_call_result_free(result);
}

static beamr_pid start(
	struct beamr_ns *ns, struct answer *answer, const char *function, const char *arguments)
{
	struct beamr_term *terms[4] = { NULL };
	size_t count = 0;
	char copy[256], *rest = copy;
	(void)snprintf(copy, sizeof(copy), "%s", arguments);
	for (char *one; (one = strsep(&rest, " ")) != NULL && *one != '\0';) {
		struct beamr_error error;
		ck_assert_int_eq(beamr_term_parse(one, strlen(one), &terms[count], &error), 0);
		count++;
	}
	beamr_pid pid = 0;
	answer->done = false;
	ck_assert_int_eq(beamr_call(ns, "quota_target", function, terms, count, NULL, on_answer,
				 answer, &pid),
		0);
	while (count > 0)
		beamr_term_free(terms[--count]);
	return pid;
}

static const char *wait_for(struct answer *answer)
{
	pthread_mutex_lock(&lock);
	while (!answer->done)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return answer->text;
}

static const char *call(struct beamr_ns *ns, const char *function, const char *arguments)
{
	static struct answer answer;
	(void)start(ns, &answer, function, arguments);
	return wait_for(&answer);
}

static void tell(beamr_pid pid, const char *text)
{
	struct beamr_term *term;
	struct beamr_error error;
	ck_assert_int_eq(beamr_term_parse(text, strlen(text), &term, &error), 0);
	(void)beamr_send(machine, pid, term); /* it may have ended */
	beamr_term_free(term);
}

static struct beamr_usage usage(const struct beamr_ns *ns)
{
	struct beamr_usage u;
	beamr_ns_usage(ns, &u);
	return u;
}

static void remove_ns(struct beamr_ns *ns, const char *name)
{
	ck_assert_int_eq(beamr_ns_remove(machine, name, BEAMR_NS_KILL), 0);
	beamr_ns_unref(ns);
}

/* A process is counted until it is gone, which is a moment after its answer has come. */
enum { PROCESSES_AT_REST = 2 }; /* the kernel process and `init` */

static void wait_for_rest(const struct beamr_ns *ns)
{
	while (usage(ns).processes != PROCESSES_AT_REST)
		rest();
}

START_TEST(processes_are_as_many_as_allowed)
{
	machine_new(2);
	struct beamr_ns *ns = ns_new("a");
	(void)call(ns, "nothing", "");
	set(ns, (struct beamr_quota){ .processes_max = PROCESSES_AT_REST + 11 });
	wait_for_rest(ns);
	ck_assert_str_eq(call(ns, "spawn_until", "1000"), "{10,system_limit}");
	wait_for_rest(ns);
	ck_assert_str_eq(call(ns, "spawn_until", "10"), "{10,none}");
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(tables_and_timers_are_as_many_as_allowed)
{
	machine_new(2);
	struct beamr_ns *ns = ns_new("a");
	(void)call(ns, "nothing", "");
	set(ns, (struct beamr_quota){
			.ets_tables_max = usage(ns).ets_tables + 5, .timers_max = 7 });
	ck_assert_str_eq(call(ns, "tables", "1000"), "{5,system_limit,true}");
	ck_assert_str_eq(call(ns, "timers", "1000"), "{7,system_limit,true}");
	ck_assert_uint_eq(usage(ns).timers, 1); /* that for a name outlives who set it */
	remove_ns(ns, "a");
	machine_free();
}

END_TEST

START_TEST(modules_are_as_many_as_allowed)
{
	machine_new(1);
	struct beamr_ns *ns;
	ck_assert_int_eq(beamr_ns_create(machine, "a", &ns), 0);
	set(ns, (struct beamr_quota){ .code_memory_max = 1000 });
	ck_assert_int_eq(load(ns), BEAMR_E_LIMIT);
	set(ns, (struct beamr_quota){ 0 });
	ck_assert_int_eq(load(ns), 0);
	ck_assert_uint_gt(usage(ns).code_memory, 1000);
	uint64_t modules = usage(ns).modules;
	ck_assert_uint_ge(modules, 1);
	set(ns, (struct beamr_quota){ .modules_max = modules });
	ck_assert_int_eq(load(ns), 0); /* the same again is none more */
	ck_assert_uint_eq(usage(ns).modules, modules);
	ck_assert_int_eq(beamr_module_delete(ns, "quota_target"), 0);
	ck_assert_uint_eq(usage(ns).modules, modules - 1);
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(memory_is_counted_and_comes_back)
{
	machine_new(2);
	struct beamr_ns *ns = ns_new("a");
	(void)call(ns, "nothing", "");
	rest();
	struct beamr_usage before = usage(ns);
	struct answer held, binaries;
	beamr_pid a = start(ns, &held, "hold", "1000000"),
		  b = start(ns, &binaries, "binaries", "100 []");
	while (usage(ns).memory_binaries < 100 * 65536 || usage(ns).memory_processes < 16000000)
		rest();
	ck_assert_uint_ge(usage(ns).memory, 16000000 + 100 * 65536);
	ck_assert_uint_ge(usage(ns).memory_peak, 16000000 + 100 * 65536);
	tell(a, "stop");
	tell(b, "stop");
	(void)wait_for(&held);
	(void)wait_for(&binaries);
	while (usage(ns).processes > before.processes ||
		usage(ns).memory_binaries > before.memory_binaries)
		rest();
	/* Exactly: whoever ends gives everything back. */
	while (usage(ns).memory_processes != before.memory_processes)
		rest();
	ck_assert_uint_gt(usage(ns).reductions, before.reductions);
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(the_largest_process_ends_when_memory_does)
{
	machine_new(2);
	report_count = 0;
	struct beamr_ns *ns = ns_new("a"), *other = ns_new("b");
	set(ns, (struct beamr_quota){ .memory_max = 50 << 20 });
	struct answer held, grown, elsewhere;
	beamr_pid small = start(ns, &held, "hold", "10000");
	beamr_pid there = start(other, &elsewhere, "hold", "1000000");
	(void)start(ns, &grown, "grow", "[]");
	ck_assert_str_eq(wait_for(&grown), "exit:killed");
	ck_assert(was_reported("heap_max"));
	tell(small, "stop");
	ck_assert_str_eq(wait_for(&held), "10000");
	tell(there, "stop");
	ck_assert_str_eq(wait_for(&elsewhere), "1000000");
	/* The namespace lives on. */
	ck_assert_str_eq(call(ns, "nothing", ""), "ok");
	remove_ns(ns, "a");
	remove_ns(other, "b");
	machine_free();
}

END_TEST

START_TEST(buffers_off_the_heap_count_as_memory)
{
	machine_new(2);
	report_count = 0;
	struct beamr_ns *ns = ns_new("a");
	set(ns, (struct beamr_quota){ .memory_max = 20 << 20 });
	ck_assert_str_eq(call(ns, "binaries", "1000000 []"), "exit:killed");
	ck_assert(was_reported("heap_max"));
	ck_assert_str_eq(call(ns, "nothing", ""), "ok");
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(tables_hold_as_much_as_allowed)
{
	machine_new(1);
	struct beamr_ns *ns = ns_new("a");
	set(ns, (struct beamr_quota){ .ets_memory_max = 1 << 20 });
	ck_assert_str_eq(call(ns, "fill", "t 1000000"), "system_limit");
	while (strcmp(call(ns, "fill", "t 10"), "none") != 0)
		rest(); /* a helper thread frees the large one */
	/* Without a limit of their own they are memory as any other. */
	set(ns, (struct beamr_quota){ .memory_max = 10 << 20 });
	ck_assert_str_eq(call(ns, "fill", "t 1000000"), "system_limit");
	while (strcmp(call(ns, "fill", "t 10"), "none") != 0)
		rest(); /* a helper thread frees the large one */
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(a_full_mailbox_ends_its_process)
{
	machine_new(2);
	report_count = 0;
	struct beamr_ns *ns = ns_new("a");
	set(ns, (struct beamr_quota){ .mailbox_max = 1000 });
	struct answer waits;
	beamr_pid pid = start(ns, &waits, "wait", "");
	char arguments[BEAMR_PID_TEXT + 16], text[BEAMR_PID_TEXT];
	beamr_pid_text(pid, text);
	(void)snprintf(arguments, sizeof(arguments), "%s 3000", text);
	ck_assert_str_eq(call(ns, "flood", arguments), "killed");
	ck_assert(was_reported("mailbox_max"));
	(void)wait_for(&waits);
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(what_is_sent_to_a_full_mailbox_may_be_dropped)
{
	machine_new(1);
	report_count = 0;
	struct beamr_ns *ns = ns_new("a");
	set(ns, (struct beamr_quota){ .mailbox_max = 10, .mailbox_policy = 1 });
	ck_assert_str_eq(call(ns, "overflow", "100000"), "10");
	ck_assert(was_reported("mailbox_max"));
	ck_assert_str_eq(call(ns, "let_through", "100000"), "20");
	/* Once in an episode. */
	unsigned told = 0;
	for (unsigned i = 0; i < report_count; i++)
		told += strcmp(report_text(&reports[i], reports[i].fault), "mailbox_max") == 0;
	ck_assert_uint_eq(told, 1);
	struct beamr_limit_met met[BEAMR_LIMITS_MAX];
	ck_assert_uint_eq(beamr_ns_limits_met(ns, met, BEAMR_LIMITS_MAX), 1);
	ck_assert_str_eq(met[0].limit, "mailboxMax");
	ck_assert_uint_gt(met[0].times, 100);
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(who_sends_to_a_full_mailbox_may_have_to_wait)
{
	machine_new(1);
	report_count = 0;
	struct beamr_ns *ns = ns_new("a");
	set(ns, (struct beamr_quota){ .mailbox_max = 10, .mailbox_policy = 2 });
	ck_assert_str_eq(call(ns, "backed_up", "5 200"), "true");
	ck_assert(was_reported("mailbox_max"));
	ck_assert_str_eq(call(ns, "entangled", "12"), "done");
	ck_assert_str_eq(call(ns, "kept_in_a_call", "30"), "answered");
	ck_assert_str_eq(call(ns, "blocked_ends", "1000000"), "killed");
	ck_assert_str_eq(call(ns, "receiver_ends", "1000"), "all_sent");
	ck_assert_str_eq(call(ns, "of_itself", "100"), "100");
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(one_process_is_as_large_as_allowed)
{
	machine_new(1);
	report_count = 0;
	struct beamr_ns *ns = ns_new("a");
	set(ns, (struct beamr_quota){ .process_heap_max = 8 << 20 });
	ck_assert_str_eq(call(ns, "grow", "[]"), "exit:killed");
	ck_assert(was_reported("heap_max"));
	ck_assert_str_eq(call(ns, "nothing", ""), "ok");
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(terms_whose_parts_are_shared_without_end_are_not_copied)
{
	machine_new(2);
	struct beamr_ns *ns = ns_new("a");
	set(ns, (struct beamr_quota){ .memory_max = 100 << 20 });
	ck_assert_str_eq(call(ns, "send_shared", "100"), "{error,system_limit}");
	ck_assert_str_eq(call(ns, "insert_shared", "100"), "{error,system_limit}");
	ck_assert_str_eq(call(ns, "spawn_shared", "100"), "{error,system_limit}");
	ck_assert_str_eq(call(ns, "return_shared", "100"), "error:system_limit");
	ck_assert_str_eq(call(ns, "exit_shared", "100"), "true");
	ck_assert_str_eq(call(ns, "send_shared", "5"), "fits");
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

START_TEST(limits_are_checked_and_told)
{
	machine_new(1);
	struct beamr_ns *ns = ns_new("a");
	const char *field = NULL;
	ck_assert_int_eq(
		beamr_ns_set_quota(ns, &(struct beamr_quota){ .cpu_weight = 10001 }, &field),
		BEAMR_E_LIMIT);
	ck_assert_str_eq(field, "cpuWeight");
	set(ns, (struct beamr_quota){ .processes_max = 77 });
	struct beamr_quota quota;
	beamr_ns_quota(ns, &quota);
	ck_assert_uint_eq(quota.processes_max, 77);
	ck_assert_uint_eq(quota.cpu_weight, 100);
	beamr_ns_unref(ns);
	machine_free();
}

END_TEST

static uint64_t now_usec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

START_TEST(one_with_a_quota_uses_no_more_even_alone)
{
	machine_new(2);
	struct beamr_ns *ns = ns_new("a");
	set(ns, (struct beamr_quota){ .cpu_quota_milli = 200 });
	struct answer end;
	(void)start(ns, &end, "spin", "0");
	uint64_t began = now_usec(), before = usage(ns).cpu_usec;
	while (now_usec() - began < 1000000)
		rest();
	uint64_t used = usage(ns).cpu_usec - before;
	/* 200 ms a second, of the processor and not of the clock: at most one window's part and a slice more than the windows that have begun. */
	uint64_t windows = (now_usec() - began) / 100000 + 2;
	ck_assert_msg(used > 50000 && used < windows * 20000 + 10000, "%lu", (unsigned long)used);
	/* It can still be reached. */
	ck_assert_str_eq(call(ns, "nothing", ""), "ok");
	remove_ns(ns, "a");
	(void)wait_for(&end);
	machine_free();
}

END_TEST

START_TEST(atoms_are_as_many_as_allowed)
{
	machine_new(2);
	struct beamr_ns *ns = ns_new("a");
	ck_assert_str_eq(call(ns, "nothing", ""), "ok"); /* its modules' atoms count as well */
	uint64_t before = usage(ns).atoms;
	set(ns, (struct beamr_quota){ .atoms_max = before + 100 });
	ck_assert_str_eq(call(ns, "atoms", "1000"), "{101,system_limit,one_more_atom_1}");
	ck_assert_uint_eq(usage(ns).atoms, before + 100); /* the compiler has made one of them */
	remove_ns(ns, "a");
	machine_free();
}

END_TEST

START_TEST(an_atom_that_was_sent_elsewhere_outlives_its_namespace)
{
	machine_new(2);
	for (unsigned i = 0; i < 20; i++) {
		struct beamr_ns *a = ns_new("a"), *b = ns_new("b");
		struct answer kept;
		char arguments[BEAMR_PID_TEXT + 16], text[BEAMR_PID_TEXT], expected[64];
		beamr_pid pid = start(b, &kept, "keep", "");
		static const char *const channels[] = { "b.any", NULL };
		ck_assert_int_eq(beamr_ns_set_channels(a, channels, NULL), 0);
		beamr_pid_text(pid, text);
		(void)snprintf(arguments, sizeof(arguments), "%s %u", text, i);
		ck_assert_str_eq(call(a, "give", arguments), "ok");
		remove_ns(a, "a");
		/* Others take the numbers that have become free. */
		wait_for_accounts(2);
		ck_assert_str_eq(call(b, "exists", "<<\"unit_atom_0\">>"), "false");
		for (unsigned k = 0; k < 5; k++)
			(void)call(b, "mint", "1000000");
		tell(pid, "stop");
		(void)snprintf(
			expected, sizeof(expected), "[given_atom_%u,#{given_key => 1.5}]", i);
		ck_assert_str_eq(wait_for(&kept), expected);
		remove_ns(b, "b");
		wait_for_accounts(1);
	}
	machine_free();
}

END_TEST

START_TEST(one_namespace_does_not_see_the_atoms_of_another)
{
	machine_new(2);
	struct beamr_ns *a = ns_new("a"), *b = ns_new("b");
	ck_assert_str_eq(call(a, "mint", "77"), "true");
	ck_assert_str_eq(call(b, "exists", "<<\"minted_atom_77\">>"), "false");
	ck_assert_str_eq(call(a, "exists", "<<\"minted_atom_77\">>"), "true");
	remove_ns(a, "a");
	wait_for_accounts(2);
	ck_assert_str_eq(call(b, "mint", "77"), "true");
	remove_ns(b, "b");
	machine_free();
}

END_TEST

/* Bytes of what namespaces are made of. */
static int64_t bytes_of_namespaces(void)
{
	static const enum mem_class classes[] = { MEM_ATOM, MEM_NS, MEM_PROC, MEM_HEAP, MEM_MESSAGE,
		MEM_TIMER, MEM_ETS, MEM_PERSISTENT, MEM_BINARY, MEM_MISC };

	int64_t sum = 0;
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		sum += mem_used(classes[i]);
	return sum;
}

/* What has been given up goes when every thread has left the epoch of its end: a moment later. */
static int64_t bytes_in_the_end(int64_t most)
{
	for (unsigned i = 0; bytes_of_namespaces() >= most && i < 5000; i++) {
		epoch_enter();
		epoch_leave();
		rest();
	}
	return bytes_of_namespaces();
}

START_TEST(a_namespace_that_is_removed_leaves_nothing)
{
	machine_new(2);
	int64_t first = 0;
	unsigned rounds = getenv("BEAMR_LONG") != NULL ? 10000 : 160;
	for (unsigned i = 0; i < rounds; i++) {
		struct beamr_ns *ns = ns_new("a");
		char number[16];
		(void)snprintf(number, sizeof(number), "%u", i);
		const char *text = call(ns, "everything", number);
		ck_assert_str_eq(text, "true");
		remove_ns(ns, "a");
		if (i == 80) { /* by then the table of atoms has the size that it needs */
			wait_for_accounts(1);
			first = bytes_of_namespaces();
		}
	}
	wait_for_accounts(1);
	/* What rounds leave adds up; what comes and goes does not, and stripes of the table of atoms double at times of their own. */
	const int64_t most = first + (rounds - 80) * 8 + 16384;
	ck_assert_int_lt(bytes_in_the_end(most), most);
	machine_free();
}

END_TEST

int main(void)
{
	Suite *s = suite_create("ns");
	TCase *t = tcase_create("quota");
	tcase_set_timeout(t, getenv("BEAMR_LONG") != NULL ? 1000 : 60);
	tcase_add_test(t, processes_are_as_many_as_allowed);
	tcase_add_test(t, tables_and_timers_are_as_many_as_allowed);
	tcase_add_test(t, modules_are_as_many_as_allowed);
	tcase_add_test(t, memory_is_counted_and_comes_back);
	tcase_add_test(t, the_largest_process_ends_when_memory_does);
	tcase_add_test(t, buffers_off_the_heap_count_as_memory);
	tcase_add_test(t, tables_hold_as_much_as_allowed);
	tcase_add_test(t, a_full_mailbox_ends_its_process);
	tcase_add_test(t, what_is_sent_to_a_full_mailbox_may_be_dropped);
	tcase_add_test(t, who_sends_to_a_full_mailbox_may_have_to_wait);
	tcase_add_test(t, one_process_is_as_large_as_allowed);
	tcase_add_test(t, terms_whose_parts_are_shared_without_end_are_not_copied);
	tcase_add_test(t, one_with_a_quota_uses_no_more_even_alone);
	tcase_add_test(t, atoms_are_as_many_as_allowed);
	tcase_add_test(t, an_atom_that_was_sent_elsewhere_outlives_its_namespace);
	tcase_add_test(t, one_namespace_does_not_see_the_atoms_of_another);
	tcase_add_test(t, limits_are_checked_and_told);
	tcase_add_test(t, a_namespace_that_is_removed_leaves_nothing);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
