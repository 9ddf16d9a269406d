/* SPDX-License-Identifier: Apache-2.0 */
/* Running the script that a release sets its environment with (releases/VERSION/env.sh of mix), and reading what it left. It is sourced by
 * /bin/sh in a process group of its own, as the release's start script sources it; what it prints is the service's output. Main thread only. */
#pragma once
#include "daemon.h"

struct env_script;

struct env_script_options {
	const char *path; /* of the script */
	const char *cwd;
	char *const *environment; /* it starts with, ended by NULL */
	const char *service;      /* whose output it is */
	uint64_t number;          /* of the namespace, for its control group */
	/* Once, but not after env_script_free(). variables: "NAME=VALUE", `count` of them, lent; NULL when it failed, and why says how. */
	void (*done)(void *user, char **variables, size_t count, const char *why);
	void *user;
};

/* Returns 0 or negative errno. Bound: the caller's; env_script_free() ends it. */
int env_script_start(struct daemon *daemon, const struct env_script_options *options,
	struct env_script **ret_script);
/* Kills what still runs of it. Takes NULL; returns NULL. Allowed in `done`. */
struct env_script *env_script_free(struct env_script *script);
