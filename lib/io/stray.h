/* SPDX-License-Identifier: Apache-2.0 */
/* What helper programs write to a standard stream that is no pipe of their port, where the namespace has no descriptor for it: it is the
 * namespace's output, and goes where that goes, not to the stream of that number that the host happens to have. */
#pragma once
#include "io/poll.h"
#include "ns/ns.h"

/* At the start. */
void strays_init(void);
/* A descriptor for a helper program to have as its stream 1 or 2, the caller's to close; what is written there is read at home until nobody
 * has it any more. Negative errno. Threads: any. */
int stray_open(struct ns *ns, int stream, struct worker *home);
