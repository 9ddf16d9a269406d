/* SPDX-License-Identifier: Apache-2.0 */
/* What a process knows of deaths, so that its reports can be put together: what a library has said about the end that is near (its
 * last message, its state), and which deaths it was told of because it traps exits: by links, and by monitors, since who starts
 * another and hears that it failed may have unlinked it before the end. All of it is the owner's.
 *
 * Notes are text from the start: no term is kept. A later note of a kind takes the place of an earlier one, so a process that has said so
 * and lives on keeps at most one of each.
 * Bound: DEATH_NOTE_MAX bytes a note, DEATHS_TOLD_MAX deaths; the oldest is forgotten first, and then a report names no cause. */
#pragma once
#include "proc/proc.h"

#define DEATH_NOTE_MAX REPORT_REASON_MAX
#define DEATHS_TOLD_MAX 64

enum death_note {
	DEATH_LAST_MESSAGE,
	DEATH_STATE,
	DEATH_CLIENT, /* whose request it was handling */
	DEATH_SERVER, /* how its behaviour calls it, when that is no registered name */
	DEATH_NOTES
};

/* Room for a note: DEATH_NOTE_MAX + 1 bytes, for the caller to fill and to end with NUL. */
char *deaths_note(struct proc *p, enum death_note kind);
/* NULL when there is none. */
const char *deaths_noted(const struct proc *p, enum death_note kind);
/* The death of `from`, of that reason, brought the crash id of the first death of its chain. */
void deaths_told(struct proc *p, term from, term reason, struct beamr_crash_id id);
/* The id that came with the death of pid; none when it is not known. */
struct beamr_crash_id deaths_find(const struct proc *p, term pid);
/* The id of the latest death of that reason; none when there is none. */
struct beamr_crash_id deaths_find_reason(const struct proc *p, term reason);
/* Of the last one it was told of: ret_from is TERM_NONE when there is none. */
struct beamr_crash_id deaths_last(const struct proc *p, term *ret_from);
void deaths_free(struct proc *p);
