/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: what other rooms need of them. The BIFs of module ets are in bif/ets*.c, the tables in ets/table.h.
 *
 * A namespace's tables come and go with it (an ns_part); a process's when it ends (a hook of proc): they go to their heirs or
 * die, and its fixes are undone. */
#pragma once
#include "ns/ns.h"

/* Makes ets a part of namespaces and of the ends of processes; once at start, before the first ns_new. */
void ets_init(void);
/* Tables there are now. Threads: any. */
uint64_t ets_table_count(const struct ns *ns);
