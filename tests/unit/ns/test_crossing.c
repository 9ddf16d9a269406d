/* SPDX-License-Identifier: Apache-2.0 */
/* Two namespaces side by side: one has things of every kind, the other has been handed their terms and tries all ways to reach them. */
#include "beamr.h"
#include "crossing_target_beam.h"
#include "world.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct beamr_ns *a, *b;
static struct beamr_term *things;

static void setup(void)
{
	world_start(2, "crossing_target", crossing_target_beam, sizeof(crossing_target_beam));
	a = world_ns("a");
	b = world_ns("b");
	things = world_term(b, "things", "");
}

static void teardown(void)
{
	beamr_term_free(things);
	world_remove(a, "a");
	world_remove(b, "b");
	world_stop();
}

/* What each way meets: what it would with a thing that is gone, or was never there. */
static const struct way {
	const char *name, *outcome;
} ways[] = {
	{ "atomics", "{error,badarg}" },
	{ "binary_to_alias", "{error,badarg}" },
	{ "binary_to_pid", "{error,badarg}" },
	{ "check_code", "false" },
	{ "collect", "false" },
	{ "counters", "{error,badarg}" },
	{ "display", "{error,badarg}" },
	{ "environment", "false" },
	{ "exit", "true" },
	{ "exit_kill", "true" },
	{ "flag", "{error,badarg}" },
	{ "group_leader", "{error,badarg}" },
	{ "hibernate_task", "false" },
	{ "is_process_alive", "false" },
	{ "link", "{error,noproc}" },
	{ "link_trapping", "noproc" },
	{ "list_to_pid", "{error,badarg}" },
	{ "list_to_port", "{error,badarg}" },
	{ "monitor", "noproc" },
	{ "monitor_alias", "noproc" },
	{ "monitor_name", "noproc" },
	{ "own_port_connect", "{error,badarg}" },
	{ "persistent", "none" },
	{ "port_close", "{error,badarg}" },
	{ "port_command", "{error,badarg}" },
	{ "port_connect", "{error,badarg}" },
	{ "port_control", "{error,badarg}" },
	{ "port_data", "{error,badarg}" },
	{ "port_exit", "true" },
	{ "port_info", "undefined" },
	{ "port_link", "{error,noproc}" },
	{ "port_monitor", "noproc" },
	{ "port_name", "{error,badarg}" },
	{ "port_send", "sent" },
	{ "ports", "false" },
	{ "process_count", "true" },
	{ "process_info", "undefined" },
	{ "process_info_item", "undefined" },
	{ "processes", "false" },
	{ "register", "{error,badarg}" },
	{ "registered", "false" },
	{ "resume", "{error,badarg}" },
	{ "send", "sent" },
	{ "send_after", "sent" },
	{ "send_alias", "sent" },
	{ "send_name", "{error,badarg}" },
	{ "send_named_node", "sent" },
	{ "send_option", "ok" },
	{ "suspend", "{error,badarg}" },
	{ "system_monitor", "{error,badarg}" },
	{ "system_profile", "{error,badarg}" },
	{ "table_give", "{error,badarg}" },
	{ "table_heir", "left" },
	{ "table_info", "undefined" },
	{ "table_insert", "{error,badarg}" },
	{ "table_lookup", "{error,badarg}" },
	{ "table_named", "{undefined,undefined}" },
	{ "tables", "false" },
	{ "trace", "{error,badarg}" },
	{ "trace_all", "{true,false}" },
	{ "trace_tracer", "done" },
	{ "whereis", "{undefined,undefined}" },
};

START_TEST(nothing_of_another_namespace_can_be_reached)
{
	const struct way *way = &ways[_i];
	char before[1024];
	(void)snprintf(before, sizeof(before), "%s", world_call_with(b, "state", "", things));
	const char *outcome = world_call_with(a, "attack", way->name, things);
	ck_assert_msg(strcmp(outcome, way->outcome) == 0, "%s: %s instead of %s", way->name,
		outcome, way->outcome);
	/* The other side has met nothing. */
	ck_assert_str_eq(world_call_with(b, "state", "", things), before);
}

END_TEST

START_TEST(every_way_is_tried)
{
	char all[1024] = "";
	size_t listed = 1;
	(void)snprintf(all, sizeof(all), "%s", world_call(a, "attacks", ""));
	for (const char *p = all; *p != '\0'; p++)
		listed += *p == ',';
	ck_assert_uint_eq(listed, sizeof(ways) / sizeof(*ways));
}

END_TEST

START_TEST(a_channel_opens_what_it_names)
{
	static const char *const channels[] = { "b.inbox", "b.the_port", "b.nobody", NULL };
	ck_assert_int_eq(beamr_ns_set_channels(a, channels, NULL), 0);
	ck_assert_str_eq(world_call_with(a, "channel", "", things), "ok");
	ck_assert_str_eq(world_call_with(a, "attack", "send", things), "sent");
	while (strncmp(world_call_with(b, "state", "", things), "{[hello],", 9) != 0)
		world_rest();
	/* What it does not name stays shut, and so it is when there is none any more. */
	struct beamr_ns *c = world_ns("c");
	ck_assert_str_eq(world_call_with(c, "attack", "monitor", things), "noproc");
	world_remove(c, "c");
	ck_assert_int_eq(beamr_ns_set_channels(a, NULL, NULL), 0);
	ck_assert_str_eq(world_call_with(a, "closed", "", things), "ok");
	ck_assert_int_eq(strncmp(world_call_with(b, "state", "", things), "{[hello],", 9), 0);
}

END_TEST

START_TEST(a_channel_has_a_form)
{
	static const char *const wrong[] = { "b.inbox", "inbox", NULL };
	const char *told = NULL;
	ck_assert_int_eq(beamr_ns_set_channels(a, wrong, &told), BEAMR_E_FORMAT);
	ck_assert_str_eq(told, "inbox");
	ck_assert_str_eq(world_call_with(a, "closed", "", things), "ok");
}

END_TEST

START_TEST(a_channel_leads_to_who_has_the_name_now)
{
	static const char *const channels[] = { "b.inbox", NULL };
	ck_assert_int_eq(beamr_ns_set_channels(a, channels, NULL), 0);
	ck_assert_str_eq(world_call_with(a, "channel", "", things), "ok");
	ck_assert_int_eq(beamr_ns_rename(world, "b", "older"), 0);
	ck_assert_str_eq(world_call_with(a, "closed", "", things), "ok");
	struct beamr_ns *fresh = world_ns("b");
	struct beamr_term *others = world_term(fresh, "things", "");
	ck_assert_str_eq(world_call_with(a, "channel", "", others), "ok");
	ck_assert_str_eq(world_call_with(a, "attack", "monitor", things), "noproc");
	beamr_term_free(others);
	world_remove(fresh, "b");
	int r;
	while ((r = beamr_ns_rename(world, "older", "b")) == BEAMR_E_EXISTS)
		world_rest();
	ck_assert_int_eq(r, 0);
}

END_TEST

int main(void)
{
	Suite *s = suite_create("ns");
	TCase *t = tcase_create("crossing");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, nothing_of_another_namespace_can_be_reached, 0,
		(int)(sizeof(ways) / sizeof(*ways)));
	tcase_add_test(t, every_way_is_tried);
	tcase_add_test(t, a_channel_opens_what_it_names);
	tcase_add_test(t, a_channel_has_a_form);
	tcase_add_test(t, a_channel_leads_to_who_has_the_name_now);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
