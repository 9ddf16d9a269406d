/* SPDX-License-Identifier: Apache-2.0 */
/* Over memoryHigh, over memoryMax to its last step, and at limits whose outcome is chosen: what is met, where, and who hears of it. */
#include "beamr.h"
#include "pressure_target_beam.h"
#include "world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void setup(void)
{
	world_start(2, "pressure_target", pressure_target_beam, sizeof(pressure_target_beam));
}

static void teardown(void)
{
	world_stop();
}

START_TEST(over_memory_high_processes_are_collected)
{
	struct beamr_ns *ns = world_ns("a");
	struct world_answer answer;
	beamr_pid pid = world_begin(ns, &answer, "litter", "", NULL);
	while (world_usage(ns).memory_peak < 12000000)
		world_rest();
	world_limit(ns, (struct beamr_quota){ .memory_high = 4 << 20 });
	while (world_usage(ns).memory > 4 << 20)
		world_rest();
	world_tell(pid, "stop");
	ck_assert_str_eq(world_wait(&answer), "ok");
	world_remove(ns, "a");
}

END_TEST

START_TEST(over_memory_high_who_spawns_or_makes_buffers_waits)
{
	struct beamr_ns *ns = world_ns("a"), *other = world_ns("b");
	struct world_answer held;
	beamr_pid pid = world_begin(ns, &held, "hold", "500000", NULL);
	ck_assert_str_eq(world_call(ns, "holds", ""), "true"); /* what it holds is no garbage */
	world_limit(ns, (struct beamr_quota){ .memory_high = 8 << 20 });
	/* They cost rests of a tenth of a second: one each, unless another process of the scheduler takes it. */
	ck_assert_int_ge(atoi(world_call(ns, "spawn_slowly", "20")), 400);
	ck_assert_int_ge(atoi(world_call(ns, "binaries_slowly", "20")), 400);
	ck_assert_str_eq(world_call(other, "nothing", ""), "ok");
	world_tell(pid, "stop");
	ck_assert_str_eq(world_wait(&held), "500000");
	world_remove(ns, "a");
	world_remove(other, "b");
}

END_TEST

START_TEST(who_rests_can_be_killed)
{
	struct beamr_ns *ns = world_ns("a");
	struct world_answer held, slow;
	beamr_pid pid = world_begin(ns, &held, "hold", "500000", NULL);
	ck_assert_str_eq(world_call(ns, "holds", ""), "true"); /* what it holds is no garbage */
	world_limit(ns, (struct beamr_quota){ .memory_high = 8 << 20 });
	beamr_pid spawner = world_begin(ns, &slow, "spawn_slowly", "1000000", NULL);
	ck_assert_int_eq(beamr_exit(world, spawner, BEAMR_EXIT_KILL, NULL), 0);
	ck_assert_str_eq(world_wait(&slow), "exit:killed");
	world_tell(pid, "stop");
	ck_assert_str_eq(world_wait(&held), "500000");
	world_remove(ns, "a");
}

END_TEST

/* Memory that no one process has: all of the namespace ends, and nobody else meets anything. */
START_TEST(at_last_all_of_the_namespace_ends)
{
	struct beamr_ns *ns = world_ns("a"), *other = world_ns("b");
	struct world_answer held, spread;
	beamr_pid pid = world_begin(other, &held, "hold", "100000", NULL);
	world_limit(ns, (struct beamr_quota){ .memory_max = 32 << 20 });
	(void)world_begin(ns, &spread, "spread", "200000", NULL);
	ck_assert_str_eq(world_wait(&spread), "exit:killed");
	while (world_reports("memory_max") == 0)
		world_rest();
	while (world_usage(ns).memory > 16 << 20)
		world_rest();
	ck_assert_int_ge(atoi(world_call(other, "binaries_slowly", "20")), 0);
	world_tell(pid, "stop");
	ck_assert_str_eq(world_wait(&held), "100000");
	world_remove(ns, "a");
	world_remove(other, "b");
}

END_TEST

START_TEST(ports_and_files_are_as_many_as_allowed)
{
	struct beamr_ns *ns = world_ns("a");
	(void)world_call(ns, "ports", "1");
	world_limit(ns, (struct beamr_quota){ .ports_max = 3, .file_descriptors_max = 4 });
	ck_assert_str_eq(world_call(ns, "ports", "10"), "{3,system_limit}");
	ck_assert_str_eq(world_call(ns, "files", "10"), "{4,emfile}");
	/* The operator hears of it once, however often it is met. */
	(void)world_call(ns, "files", "10");
	ck_assert_uint_eq(world_reports("ports_max"), 1);
	ck_assert_uint_eq(world_reports("file_descriptors_max"), 1);
	while (world_usage(ns).ports > 0)
		world_rest();
	ck_assert_str_eq(world_call(ns, "ports", "3"), "{3,none}");
	ck_assert_str_eq(world_call(ns, "files", "4"), "{4,none}");
	world_remove(ns, "a");
}

END_TEST

START_TEST(modules_are_as_many_as_allowed)
{
	struct beamr_ns *ns = world_ns("a");
	ck_assert_str_eq(world_call(ns, "modules", "2"), "{2,none}");
	world_limit(ns, (struct beamr_quota){ .modules_max = world_usage(ns).modules + 3 });
	ck_assert_str_eq(world_call(ns, "modules", "10"), "{3,system_limit}");
	ck_assert_uint_eq(world_reports("modules_max"), 1);
	ck_assert_str_eq(world_call(ns, "nothing", ""), "ok");
	world_remove(ns, "a");
}

END_TEST

int main(void)
{
	Suite *s = suite_create("ns");
	TCase *t = tcase_create("pressure");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, over_memory_high_processes_are_collected);
	tcase_add_test(t, over_memory_high_who_spawns_or_makes_buffers_waits);
	tcase_add_test(t, who_rests_can_be_killed);
	tcase_add_test(t, at_last_all_of_the_namespace_ends);
	tcase_add_test(t, ports_and_files_are_as_many_as_allowed);
	tcase_add_test(t, modules_are_as_many_as_allowed);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
