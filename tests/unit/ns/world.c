/* SPDX-License-Identifier: Apache-2.0 */
/* See world.h. */
#include "world.h"

#include "base/account.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct beamr *world;
static const char *target;
static const unsigned char *target_beam;
static size_t target_size;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char faults[256][32]; /* guarded by lock */
static unsigned fault_count; /* guarded by lock */

static void on_report(void *user, const struct beamr_report *report)
{
	if (report->kind != BEAMR_REPORT_QUOTA)
		return;
	pthread_mutex_lock(&lock);
	if (fault_count < 256)
		(void)snprintf(faults[fault_count++], sizeof(faults[0]), "%s",
			report->text + report->fault); /* they are short */
	pthread_mutex_unlock(&lock);
}

unsigned world_reports(const char *fault)
{
	unsigned n = 0;
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < fault_count; i++)
		n += strcmp(faults[i], fault) == 0;
	pthread_mutex_unlock(&lock);
	return n;
}

void world_start(unsigned schedulers, const char *module, const unsigned char *beam, size_t size)
{
	struct beamr_options options = {
		.schedulers = schedulers, .report = on_report, .otp_root = "/usr/lib/erlang"
	};
	target = module;
	target_beam = beam;
	target_size = size;
	fault_count = 0;
	ck_assert_int_eq(beamr_new(&options, &world), 0);
	ck_assert_int_eq(beamr_start(world), 0);
}

void world_stop(void)
{
	world = beamr_free(world);
	ck_assert_uint_eq(account_count(), 0);
	ck_assert_uint_eq(account_unbalanced(), 0);
}

void world_rest(void)
{
	struct timespec t = { .tv_nsec = 2000000 };
	(void)nanosleep(&t, NULL);
}

static void on_loaded(void *user, struct beamr_loaded *loaded)
{
	pthread_mutex_lock(&lock);
	*(int *)user = loaded->outcome;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	beamr_loaded_free(loaded);
}

struct beamr_ns *world_ns(const char *name)
{
	struct beamr_ns *ns;
	int r, outcome = -1;
	while ((r = beamr_ns_create(world, name, &ns)) == BEAMR_E_EXISTS)
		world_rest(); /* the last one's processes are still ending */
	ck_assert_int_eq(r, 0);
	beamr_load(ns, target_beam, target_size, 0, on_loaded, &outcome);
	pthread_mutex_lock(&lock);
	while (outcome < 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	ck_assert_int_eq(outcome, 0);
	return ns;
}

void world_remove(struct beamr_ns *ns, const char *name)
{
	ck_assert_int_eq(beamr_ns_remove(world, name, BEAMR_NS_KILL), 0);
	beamr_ns_unref(ns);
}

static void on_answer(void *user, struct beamr_call_result *result)
{
	struct world_answer *a = user;
	pthread_mutex_lock(&lock);
	char *text = result->term != NULL ? beamr_term_text(result->term, 900, NULL) : NULL;
	bool raised = result->end == BEAMR_CALL_RAISED;
	(void)snprintf(a->text, sizeof(a->text), "%s%s%s", raised ? result->class : "",
		raised ? ":" : "", text != NULL ? text : ""); /* cut when it is too long */
	free(text);
	a->end = result->end;
	a->term = result->term;
	result->term = NULL;
	a->done = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	beamr_call_result_free(result);
}

beamr_pid world_begin(struct beamr_ns *ns, struct world_answer *answer, const char *function,
	const char *arguments, struct beamr_term *extra)
{
	struct beamr_term *terms[8] = { NULL };
	size_t count = 0;
	char copy[256], *rest = copy;
	(void)snprintf(copy, sizeof(copy), "%s", arguments); /* they are short */
	for (char *one; (one = strsep(&rest, " ")) != NULL && *one != '\0';) {
		struct beamr_error error;
		ck_assert_int_eq(beamr_term_parse(one, strlen(one), &terms[count], &error), 0);
		count++;
	}
	const size_t own = count;
	if (extra != NULL)
		terms[count++] = extra;
	beamr_pid pid = 0;
	*answer = (struct world_answer){ 0 };
	ck_assert_int_eq(
		beamr_call(ns, target, function, terms, count, NULL, on_answer, answer, &pid), 0);
	for (size_t i = 0; i < own; i++)
		beamr_term_free(terms[i]);
	return pid;
}

static void wait_for(struct world_answer *answer)
{
	pthread_mutex_lock(&lock);
	while (!answer->done)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

const char *world_wait(struct world_answer *answer)
{
	wait_for(answer);
	beamr_term_free(answer->term);
	answer->term = NULL;
	return answer->text;
}

const char *world_call_with(
	struct beamr_ns *ns, const char *function, const char *arguments, struct beamr_term *extra)
{
	static struct world_answer answer;
	(void)world_begin(ns, &answer, function, arguments, extra);
	return world_wait(&answer);
}

const char *world_call(struct beamr_ns *ns, const char *function, const char *arguments)
{
	return world_call_with(ns, function, arguments, NULL);
}

struct beamr_term *world_term(struct beamr_ns *ns, const char *function, const char *arguments)
{
	struct world_answer answer;
	(void)world_begin(ns, &answer, function, arguments, NULL);
	wait_for(&answer);
	ck_assert_msg(answer.end == BEAMR_CALL_VALUE, "%s: %s", function, answer.text);
	return answer.term;
}

void world_tell(beamr_pid pid, const char *text)
{
	struct beamr_term *term;
	struct beamr_error error;
	ck_assert_int_eq(beamr_term_parse(text, strlen(text), &term, &error), 0);
	(void)beamr_send(world, pid, term); /* it may have ended */
	beamr_term_free(term);
}

struct beamr_usage world_usage(const struct beamr_ns *ns)
{
	struct beamr_usage u;
	beamr_ns_usage(ns, &u);
	return u;
}

void world_limit(struct beamr_ns *ns, struct beamr_quota quota)
{
	ck_assert_int_eq(beamr_ns_set_quota(ns, &quota, NULL), 0);
}
