/* SPDX-License-Identifier: Apache-2.0 */
/* What `erl` would be told to start a release, and in which environment: what the release's own start script (entrypoint.sh, relx's and
 * mix's bin/NAME) works out before it runs `erl`. Scripts themselves are not run. */
#pragma once
#include "erl_arguments.h"
#include "node.h"

struct launch {
	char root[4096];            /* OTP's libraries */
	char bindir[4096];          /* for BINDIR */
	struct erl_words variables; /* the environment, ended by NULL */
	struct erl_arguments arguments;
};

/* machine_root: where OTP lies when nobody says otherwise; may be NULL. Writes what a start script writes below the service's folder.
 * Returns 0, or negative errno with a sentence in ret_reason. launch_done() in either case. */
_must_check_ int launch_prepare(struct launch *launch, const struct node_options *options,
	const char *machine_root, char *ret_reason, size_t reason_size);
void launch_done(struct launch *launch);
