/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: natives that take apart what others wrote (zlib, zstd, re, unicode, external terms, match specifications, names of
 * files, packets, numbers, bitstrings, buffers). bifs_target.erl gives them the bytes, the first of which chooses; it runs with bounds
 * on time, reductions and heap. */
#include "beamr.h"
#include "bifs_target_beam.h"
#include "fuzz.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536

static struct beamr *machine;
static struct beamr_ns *ns;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

struct wait {
	bool done;
	bool good;
	struct beamr_call_result *result;
};

static void end(void)
{
	beamr_ns_unref(ns);
	machine = beamr_free(machine);
}

static void finish(struct wait *wait, bool good)
{
	(void)pthread_mutex_lock(&lock);
	wait->good = good;
	wait->done = true;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
}

static void wait_for(struct wait *wait)
{
	(void)pthread_mutex_lock(&lock);
	while (!wait->done)
		(void)pthread_cond_wait(&changed, &lock);
	(void)pthread_mutex_unlock(&lock);
}

static void loaded(void *user, struct beamr_loaded *result)
{
	finish(user, result->outcome == 0);
	beamr_loaded_free(result);
}

/* Whether nothing was lost on the way. */
static void called(void *user, struct beamr_call_result *result)
{
	char *text = result->end == BEAMR_CALL_VALUE ? beamr_term_text(result->term, 0, NULL) : NULL;
	bool good = text == NULL || strcmp(text, "lost") != 0;
	free(text);
	beamr_call_result_free(result);
	finish(user, good);
}

static void begin(void)
{
	const struct beamr_options options = { .schedulers = 1 };
	if (beamr_new(&options, &machine) != 0 || beamr_start(machine) != 0 || beamr_ns_create(machine, "fuzz", &ns) != 0)
		abort();
	(void)atexit(end);
	struct wait wait = { 0 };
	beamr_load(ns, bifs_target_beam, sizeof(bifs_target_beam), 0, loaded, &wait);
	wait_for(&wait);
	if (!wait.good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > INPUT_MAX)
		return 0;
	if (machine == NULL)
		begin();
	uint8_t *binary = malloc(size + 6); /* external form: version, BINARY_EXT, size */
	if (binary == NULL)
		abort();
	memcpy(binary, (uint8_t[]){ 131, 109, 0, (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size }, 6);
	memcpy(binary + 6, data, size);
	struct beamr_term *argument;
	struct beamr_error error;
	if (beamr_term_decode(binary, size + 6, &argument, &error) != 0)
		abort();
	free(binary);
	const struct beamr_call_options options = { .timeout_usec = 5000000, .reductions_max = 2000000, .heap_max_words = 4000000 };
	struct wait wait = { 0 };
	if (beamr_call(ns, "bifs_target", "run", &argument, 1, &options, called, &wait, NULL) != 0)
		abort();
	beamr_term_free(argument);
	wait_for(&wait);
	if (!wait.good)
		abort();
	return 0;
}
