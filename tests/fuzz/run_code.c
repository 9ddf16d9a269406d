/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: a .beam file, loaded into a namespace of its own and, when it loads, run: each of its exported functions
 * without parameters, with bounds on time, reductions and heap. What verification lets through may do what it likes, but not
 * break the machine. */
#include "beamr.h"
#include "fuzz.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS_MAX 64

static struct beamr *machine;
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

struct wait {
	bool done;
	struct beamr_loaded *loaded;
	struct beamr_call_result *result;
};

struct functions {
	size_t count;
	char names[FUNCTIONS_MAX][256];
};

static void end(void)
{
	machine = beamr_free(machine);
}

static void begin(void)
{
	const struct beamr_options options = { .schedulers = 1 };
	if (beamr_new(&options, &machine) != 0 || beamr_start(machine) != 0)
		abort();
	(void)atexit(end);
}

static void wait_for(struct wait *wait)
{
	(void)pthread_mutex_lock(&mu);
	while (!wait->done)
		(void)pthread_cond_wait(&changed, &mu);
	(void)pthread_mutex_unlock(&mu);
}

static void loaded(void *user, struct beamr_loaded *result)
{
	struct wait *wait = user;
	(void)pthread_mutex_lock(&mu);
	wait->loaded = result;
	wait->done = true;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&mu);
}

static void called(void *user, struct beamr_call_result *result)
{
	struct wait *wait = user;
	(void)pthread_mutex_lock(&mu);
	wait->result = result;
	wait->done = true;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&mu);
}

static bool take_function(void *user, const char *function, unsigned arity)
{
	struct functions *functions = user;
	if (arity == 0 && strlen(function) < sizeof(functions->names[0]) && strcmp(function, "module_info") != 0)
		(void)strcpy(functions->names[functions->count++], function);
	return functions->count < FUNCTIONS_MAX;
}

static void run_all(struct beamr_ns *ns, const char *module)
{
	static struct functions functions;
	functions.count = 0;
	if (beamr_export_each(ns, module, take_function, &functions) != 0)
		return;
	for (size_t i = 0; i < functions.count; i++) {
		const struct beamr_call_options options = { .timeout_usec = 2000000, .reductions_max = 200000, .heap_max_words = 500000 };
		struct wait wait = { 0 };
		if (beamr_call(ns, module, functions.names[i], NULL, 0, &options, called, &wait, NULL) != 0)
			continue;
		wait_for(&wait);
		if (wait.result->term != NULL) {
			bool truncated;
			free(beamr_term_text(wait.result->term, 1000, &truncated));
		}
		beamr_call_result_free(wait.result);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned serial;
	if (machine == NULL)
		begin();
	char name[32];
	(void)snprintf(name, sizeof(name), "n%u", ++serial);
	struct beamr_ns *ns = NULL;
	if (beamr_ns_create(machine, name, &ns) != 0)
		abort();
	struct wait wait = { 0 };
	beamr_load(ns, data, size, 0, loaded, &wait);
	wait_for(&wait);
	if (wait.loaded->outcome == 0)
		run_all(ns, wait.loaded->module);
	beamr_loaded_free(wait.loaded);
	if (beamr_ns_remove(machine, name, BEAMR_NS_KILL) != 0)
		abort();
	beamr_ns_unref(ns);
	return 0;
}
