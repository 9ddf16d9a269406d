/* SPDX-License-Identifier: Apache-2.0 */
/* What the start script of an OTP release writes before it runs `erl`: its configuration and its arguments, with variables filled in. */
#pragma once
#include "launch.h"

/* ret_config: without ".config"; "" when there is none. ret_args: "" likewise. Returns 0, or negative errno with a sentence in
 * ret_reason. */
_must_check_ int launch_files(struct launch *launch, const struct release *release,
	char ret_config[4096], char ret_args[4096], char *ret_reason, size_t reason_size);
/* RELEASE_COOKIE, from where mix's script has it, unless it is set. */
void launch_cookie(struct erl_words *variables, const struct release *release);
