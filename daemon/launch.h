/* SPDX-License-Identifier: Apache-2.0 */
/* What `erl` would be told to start a release, and in which environment: what the release's own start script (entrypoint.sh, relx's and
 * mix's bin/NAME) works out before it runs `erl`. That script itself is not run; the one that it sources, env.sh, is (env_script.h), by
 * whoever calls launch_environment() and then launch_prepare(). */
#pragma once
#include "erl_arguments.h"
#include "node.h"

struct launch {
	char root[4096];            /* OTP's libraries */
	char release_of_otp[16];    /* "27" */
	char bindir[4096];          /* for BINDIR */
	char cwd[4096];             /* of the service */
	struct erl_words variables; /* the environment, ended by NULL */
	struct erl_words program;   /* arguments of the program */
	struct erl_arguments arguments;
};

/* The environment with which the start script begins, and what else options say. machine_root: where OTP lies when nobody says
 * otherwise; may be NULL. Returns 0, or negative errno with a sentence in ret_reason. launch_done() in either case. */
_must_check_ int launch_environment(struct launch *launch, const struct node_options *options,
	const char *machine_root, char *ret_reason, size_t reason_size);
/* Instead of the environment: what a script made of it. */
void launch_set_environment(struct launch *launch, char **variables, size_t count);
/* The rest of it. Writes what a start script writes below the service's folder. Returns as launch_environment(). */
_must_check_ int launch_prepare(
	struct launch *launch, const struct release *release, char *ret_reason, size_t reason_size);
void launch_done(struct launch *launch);
