/* SPDX-License-Identifier: Apache-2.0 */
/* `beamrd run`: one function in the foreground, without socket or service. */
#pragma once

/* arguments: what stands after "run". Returns the exit status: 0, 1 after an exception, 2 for wrong use or unreadable files. */
int run_main(int count, char **arguments);
