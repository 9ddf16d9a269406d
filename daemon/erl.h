/* SPDX-License-Identifier: Apache-2.0 */
/* `beamrd erl`: one node in the foreground, as OTP's programs of these names make one. */
#pragma once

/* arguments: what stands after "erl". otp: a root that was asked for, or NULL. Returns the exit status, that of the node's halt. */
int erl_main(int count, char **arguments, const char *otp);
/* `escript [OPTION]... FILE [ARGUMENT]...`. */
int escript_main(int count, char **arguments, const char *otp);
