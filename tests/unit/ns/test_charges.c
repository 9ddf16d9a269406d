/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of thing is charged to its namespace when it is made, and is not any more when it is gone. */
#include "beamr.h"
#include "charges_target_beam.h"
#include "world.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct kind {
	const char *name;
	unsigned pieces;
	unsigned bytes; /* at least, of a piece */
} kinds[] = {
	{ "aliases", 1000, 100 },
	{ "atomics", 1000, 100 },
	{ "binaries", 1000, 100 },
	{ "buffers", 100, 32 },
	{ "dictionary", 1000, 16 },
	{ "downs", 1000, 64 },
	{ "environment", 1000, 32 },
	{ "fixes", 1000, 200 },
	{ "heap", 100000, 48 },
	{ "heirs", 1000, 200 },
	{ "links", 1000, 400 },
	{ "match_specs", 1000, 300 },
	{ "messages", 10000, 64 },
	{ "monitors", 10000, 100 },
	{ "objects", 10000, 32 },
	{ "ordered_objects", 10000, 32 },
	{ "own_messages", 10000, 48 },
	{ "patterns", 20, 100 },
	{ "persistent", 1000, 48 },
	{ "port_data", 10000, 32 },
	{ "port_queue", 1000, 1000 },
	{ "processes", 1000, 400 },
	{ "ram_files", 100, 1000 },
	{ "requests", 10000, 32 },
	{ "sessions", 100, 100 },
	{ "tables", 1000, 200 },
	{ "timers", 10000, 100 },
	{ "trace_patterns", 1000, 200 },
	{ "zlib", 5, 100000 },
	{ "zlib_input", 1000, 300 },
};

/* What stays for a while: caches of what was used last, rows of tables that have grown. */
#define SLACK 40000

static uint64_t memory_of(const struct beamr_ns *ns)
{
	return world_usage(ns).memory;
}

/* Until it has come to that; what was seen last. */
static uint64_t wait_while(const struct beamr_ns *ns, uint64_t least, uint64_t most)
{
	uint64_t now = memory_of(ns);
	for (unsigned i = 0; (now < least || now > most) && i < 5000; i++) {
		world_rest();
		now = memory_of(ns);
	}
	return now;
}

START_TEST(a_kind_is_charged_and_given_back)
{
	const struct kind *kind = &kinds[_i];
	struct world_answer answer;
	char arguments[64];
	world_start(2, "charges_target", charges_target_beam, sizeof(charges_target_beam));
	struct beamr_ns *ns = world_ns("a");
	/* Once for what it loads and keeps. */
	(void)snprintf(arguments, sizeof(arguments), "%s 3", kind->name);
	beamr_pid pid = world_begin(ns, &answer, "make", arguments, NULL);
	world_tell(pid, "stop");
	ck_assert_str_eq(world_wait(&answer), "ok");
	while (world_usage(ns).processes > 2)
		world_rest();
	const uint64_t before = memory_of(ns),
		       least = before + (uint64_t)kind->pieces * kind->bytes;
	(void)snprintf(arguments, sizeof(arguments), "%s %u", kind->name, kind->pieces);
	pid = world_begin(ns, &answer, "make", arguments, NULL);
	uint64_t now = wait_while(ns, least, UINT64_MAX);
	ck_assert_msg(now >= least, "%s: %" PRIu64 " of %" PRIu64 " bytes were charged", kind->name,
		now - before, least - before);
	world_tell(pid, "stop");
	ck_assert_str_eq(world_wait(&answer), "ok");
	while (world_usage(ns).processes > 2)
		world_rest();
	now = wait_while(ns, 0, before + SLACK);
	ck_assert_msg(
		now <= before + SLACK, "%s: %" PRIu64 " bytes are left", kind->name, now - before);
	world_remove(ns, "a");
	world_stop();
}

END_TEST

START_TEST(every_kind_is_looked_at)
{
	size_t listed = 1;
	world_start(1, "charges_target", charges_target_beam, sizeof(charges_target_beam));
	struct beamr_ns *ns = world_ns("a");
	for (const char *p = world_call(ns, "kinds", ""); *p != '\0'; p++)
		listed += *p == ',';
	ck_assert_uint_eq(listed, sizeof(kinds) / sizeof(*kinds));
	world_remove(ns, "a");
	world_stop();
}

END_TEST

int main(void)
{
	Suite *s = suite_create("ns");
	TCase *t = tcase_create("charges");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
		t, a_kind_is_charged_and_given_back, 0, (int)(sizeof(kinds) / sizeof(*kinds)));
	tcase_add_test(t, every_kind_is_looked_at);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
