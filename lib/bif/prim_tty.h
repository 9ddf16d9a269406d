/* SPDX-License-Identifier: Apache-2.0 */
/* Signals for terminals: until release 27 prim_tty asked for them itself, later ones by os:set_signal/2. */
#pragma once
#include <stdbool.h>

struct ns;

/* SIGWINCH or SIGCONT for whoever reads the terminal in that namespace. Returns whether somebody waits for it. Threads: any. */
bool prim_tty_signal(const struct ns *ns, int number);
