/* SPDX-License-Identifier: Apache-2.0 */
/* What helper programs leave behind: programs that they started and that outlive them, in their process groups.
 *
 * A group whose leader has been reaped keeps its number only while it has members; then the number may become another's. So that it may
 * be signalled later, the group gets a member of ours: a child that joins it, ends at once and is not reaped (a pin). Pins are made, and
 * from time to time taken back where they are the last members, by the starter's thread (child.h).
 * What has left its group (setsid, setpgid) is out of reach here: a control group of the host's holds that.
 *
 * Life:  1 noted    its leader was reaped and the group has members   2 pinned   3 gone: killed, or found empty
 * Bound: one pin a group that has other members, and as many again between two looks. */
#pragma once
#include "base/check.h"

#include <sys/types.h>

struct ns;

/* A leader has just been reaped. ns: compared only. True: the starter has to come by leftovers_work(). Threads: any. */
bool leftover_note(pid_t group, const struct ns *ns);
/* The starter's: does one piece of what is to be done; false: there is nothing. */
bool leftovers_work(void);
/* Groups of that namespace (NULL: all) are killed and forgotten. Threads: any. */
void leftovers_kill(const struct ns *ns);
/* How many groups are known. */
uint64_t leftovers_count(void);
