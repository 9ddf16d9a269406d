/* SPDX-License-Identifier: Apache-2.0 */
/* Which events are kept, and in which order they are read. */
#include "base/check.h"
#include "events.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bridge_post(struct bridge *bridge, struct bridge_item *item)
{
	item->run(item);
}

static void no_wake(void *user) {}

static struct beamr_report report;

static void push(struct events *events, const char *service, unsigned number)
{
	report_begin(&report, BEAMR_REPORT_CRASH);
	report.namespace_name = report_putf(&report, "%s", service);
	report.detail = report_putf(&report, "%u", number);
	struct record *record = record_new(&report);
	ck_assert_ptr_nonnull(record);
	events_push(events, record);
	(void)record_unref(record);
}

struct found {
	unsigned count, of_loud, first_of_quiet;
	uint64_t lost, last;
};

/* Reads all that is there, in order. */
static struct found read_all(struct events *events)
{
	struct found found = { 0 };
	struct record *record;
	uint64_t lost;
	while ((record = events_next(events, found.last, &lost)) != NULL) {
		const struct beamr_report *is = record_report(record);
		ck_assert_uint_eq(record->seq, found.last + lost + 1);
		found.last = record->seq;
		found.lost += lost;
		found.count++;
		if (strcmp(report_text(is, is->namespace_name), "loud") == 0)
			found.of_loud++;
		else if (found.count - found.of_loud == 1)
			found.first_of_quiet = (unsigned)atoi(report_text(is, is->detail));
		(void)record_unref(record);
	}
	return found;
}

START_TEST(one_service_does_not_push_out_what_others_had)
{
	struct events *events = events_new(16, NULL, no_wake, NULL);
	for (unsigned i = 0; i < 4; i++)
		push(events, "quiet", i);
	push(events, "", 7);
	for (unsigned i = 0; i < 10000; i++)
		push(events, "loud", i);
	struct found found = read_all(events);
	ck_assert_uint_eq(found.count, 16);
	ck_assert_uint_eq(found.of_loud, 11);
	ck_assert_uint_eq(found.first_of_quiet, 0);
	ck_assert_uint_eq(found.last, 10005);
	ck_assert_uint_eq(found.count + found.lost, 10005);
	(void)events_free(events);
}

END_TEST

START_TEST(alone_a_service_has_all_the_room)
{
	struct events *events = events_new(16, NULL, no_wake, NULL);
	events_subscribers(events, 1);
	for (unsigned i = 0; i < 1000; i++) {
		push(events, "quiet", i);
		struct found found = read_all(events);
		ck_assert_uint_eq(found.count, i < 16 ? i + 1 : 16);
		ck_assert_uint_eq(found.first_of_quiet, i < 16 ? 0 : i - 15);
	}
	(void)events_free(events);
}

END_TEST

START_TEST(many_services_share_the_room)
{
	struct events *events = events_new(64, NULL, no_wake, NULL);
	char name[32];
	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "s%u", i * 7919 % 200);
		push(events, name, i);
		if (i % 3 == 0)
			push(events, "loud", i);
	}
	struct found found = read_all(events);
	ck_assert_uint_eq(found.count, 64);
	ck_assert_uint_le(found.of_loud, 2);
	ck_assert_uint_eq(found.last, events_last(events));
	(void)events_free(events);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("events");
	TCase *kept = tcase_create("kept");
	tcase_add_test(kept, one_service_does_not_push_out_what_others_had);
	tcase_add_test(kept, alone_a_service_has_all_the_room);
	tcase_add_test(kept, many_services_share_the_room);
	suite_add_tcase(suite, kept);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
