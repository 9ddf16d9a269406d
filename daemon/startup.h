/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up what the configuration asks for: namespaces, their folders, preloaded modules, first processes. */
#pragma once
#include "daemon.h"

struct startup;

/* Begins; done is called once on the main thread: 0, or negative errno after the failure was logged. Returns NULL when the host has no
 * memory. */
struct startup *startup_begin(struct daemon *daemon, void (*done)(struct daemon *daemon, int r));
/* "[A, B]" as terms, each the caller's to free, and the list. Returns 0, BEAMR_E_FORMAT with error filled, negative errno. */
int startup_arguments(const char *text, struct beamr_term ***ret_terms, size_t *ret_count,
	struct beamr_error *error);
/* Takes NULL; also while it is going on. */
struct startup *startup_free(struct startup *startup);
