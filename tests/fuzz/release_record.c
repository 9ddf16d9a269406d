/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: what a state folder keeps of a release, read back. What was read, written and read again is the same. */
#include "fuzz.h"
#include "release.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, 0, NULL);
	struct release *release = json != NULL ? release_from_json(json) : NULL;
	json_decref(json);
	if (release == NULL)
		return 0;
	json_t *written = release_to_json(release);
	assert(written != NULL);
	struct release *again = release_from_json(written);
	assert(again != NULL);
	json_t *rewritten = release_to_json(again);
	assert(rewritten != NULL && json_equal(written, rewritten));
	for (size_t i = 0; i < release->module_count; i++)
		(void)release_module(release, release->modules[i].name);
	json_decref(rewritten);
	json_decref(written);
	(void)release_free(again);
	(void)release_free(release);
	return 0;
}
