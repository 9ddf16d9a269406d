/* SPDX-License-Identifier: Apache-2.0 */
/* What `erl` writes into erl_crash.dump when it ends by a slogan: who ran, what they did, what was loaded. In the daemon there is none:
 * what died and why stands in the journal there. */
#pragma once
#include "beamr.h"

/* Writes it where ERL_CRASH_DUMP says, else to erl_crash.dump, in at most ERL_CRASH_DUMP_SECONDS and ERL_CRASH_DUMP_BYTES, as erl(1) has
 * them; and says so on standard error. version: of the emulator, "15.2.7". Threads: any. */
void dump_write(struct beamr *machine, struct beamr_ns *ns, const char *slogan,
	const struct beamr_otp *otp);
