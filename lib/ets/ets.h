/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: what other rooms need of them. The BIFs of module ets are in bif/ets*.c, the tables in ets/table.h. */
#pragma once
#include "ns/ns.h"

struct proc;
struct ets_space;

/* The tables of a namespace. The namespace may be freed only after ets_space_free; whoever still has a reference to one of its
 * tables finds it deleted. Takes NULL; returns NULL. */
struct ets_space *ets_space_new(void);
struct ets_space *ets_space_free(struct ets_space *space);
/* Tables there are now. Threads: any. */
uint64_t ets_table_count(const struct ns *ns);

/* A process ends: its tables go to their heirs or die, its fixes are undone. By the owner, once, after it was marked as
 * exiting (so that nobody gives it a table any more), while its memory and pid are still there. Cheap for a process that never
 * had anything to do with tables. */
void ets_owner_exited(struct proc *p);
