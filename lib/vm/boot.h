/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room call in each other when the machine starts, counts and ends. */
#pragma once
#include "vm/machine.h"

struct beamr *machine(void);
void calls_stop(struct beamr *m);
void purges_stop(void);
void changes_stop(void);
void namespaces_free(struct beamr *m);
void namespaces_count(struct beamr *m, struct beamr_counts *counts);
void namespace_kill_all(struct ns *ns);
/* Which release programs in the namespace are told of. */
void namespace_use_otp(struct ns *ns, const struct beamr_otp *otp);
/* Atoms, exports, instructions, BIFs: for every use of the library, also without a machine. */
void init_tables_once(void);
