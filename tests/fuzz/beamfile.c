/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: a .beam file, checked as loading it would. */
#include "beamr.h"
#include "fuzz.h"

static void missing(void *user, const char *module, const char *function, unsigned arity)
{
	(void)user, (void)module, (void)function, (void)arity;
}

static void bad(void *user, const char *name, const struct beamr_error *error)
{
	(void)user, (void)name, (void)error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct beamr_source source = { .name = "input", .bytes = data, .size = size };
	size_t bads = 0;
	(void)beamr_imports(&source, 1, missing, bad, NULL, &bads);
	return 0;
}
