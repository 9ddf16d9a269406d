/* SPDX-License-Identifier: Apache-2.0 */
/* See deaths.h. Invariant: told.count is at most DEATHS_TOLD_MAX; the newest of the ring stands before told.next. */
#include "proc/deaths.h"

#include "term/compare.h"

struct deaths {
	char *notes[DEATH_NOTES];

	struct {
		unsigned next, count;

		struct {
			term pid;
			uint64_t reason; /* its hash: the reason itself is not kept */
			struct beamr_crash_id id;
		} * of; /* DEATHS_TOLD_MAX; made when the first one comes */
	} told;
};

#define TOLD_BYTES (DEATHS_TOLD_MAX * sizeof(*((struct deaths *)NULL)->told.of))

static struct deaths *deaths_of(struct proc *p)
{
	struct proc_extra *extra = proc_extra(p);
	if (extra->deaths == NULL)
		extra->deaths = mem_zalloc(MEM_PROC, sizeof(*extra->deaths));
	return extra->deaths;
}

char *deaths_note(struct proc *p, enum death_note kind)
{
	struct deaths *d = deaths_of(p);
	if (d->notes[kind] == NULL)
		d->notes[kind] = mem_alloc(MEM_PROC, DEATH_NOTE_MAX + 1);
	d->notes[kind][0] = '\0';
	return d->notes[kind];
}

const char *deaths_noted(const struct proc *p, enum death_note kind)
{
	return p->extra != NULL && p->extra->deaths != NULL ? p->extra->deaths->notes[kind] : NULL;
}

/* The i-th latest, from 1. */
static unsigned told_at(const struct deaths *d, unsigned i)
{
	return (d->told.next + DEATHS_TOLD_MAX - i) % DEATHS_TOLD_MAX;
}

void deaths_told(struct proc *p, term from, term reason, struct beamr_crash_id id)
{
	struct deaths *d = deaths_of(p);
	if (d->told.count > 0 && d->told.of[told_at(d, 1)].pid == from)
		return; /* by its link and by a monitor */
	if (d->told.of == NULL)
		d->told.of = mem_zalloc(MEM_PROC, TOLD_BYTES);
	d->told.of[d->told.next].pid = from;
	d->told.of[d->told.next].reason = term_hash(reason, 0);
	d->told.of[d->told.next].id = id;
	d->told.next = (d->told.next + 1) % DEATHS_TOLD_MAX;
	if (d->told.count < DEATHS_TOLD_MAX)
		d->told.count++;
}

struct beamr_crash_id deaths_find(const struct proc *p, term pid)
{
	const struct deaths *d = p->extra != NULL ? p->extra->deaths : NULL;
	for (unsigned i = 1; d != NULL && i <= d->told.count; i++) {
		unsigned at = told_at(d, i);
		if (d->told.of[at].pid == pid)
			return d->told.of[at].id;
	}
	return (struct beamr_crash_id){ 0 };
}

struct beamr_crash_id deaths_find_reason(const struct proc *p, term reason)
{
	const struct deaths *d = p->extra != NULL ? p->extra->deaths : NULL;
	if (d == NULL || d->told.count == 0)
		return (struct beamr_crash_id){ 0 };
	const uint64_t hash = term_hash(reason, 0);
	for (unsigned i = 1; i <= d->told.count; i++) {
		unsigned at = told_at(d, i);
		if (d->told.of[at].reason == hash)
			return d->told.of[at].id;
	}
	return (struct beamr_crash_id){ 0 };
}

struct beamr_crash_id deaths_last(const struct proc *p, term *ret_from)
{
	const struct deaths *d = p->extra != NULL ? p->extra->deaths : NULL;
	*ret_from = TERM_NONE;
	if (d == NULL || d->told.count == 0)
		return (struct beamr_crash_id){ 0 };
	unsigned at = told_at(d, 1);
	*ret_from = d->told.of[at].pid;
	return d->told.of[at].id;
}

void deaths_free(struct proc *p)
{
	struct deaths *d = p->extra != NULL ? p->extra->deaths : NULL;
	if (d == NULL)
		return;
	for (unsigned i = 0; i < DEATH_NOTES; i++)
		mem_free(MEM_PROC, d->notes[i], d->notes[i] != NULL ? DEATH_NOTE_MAX + 1 : 0);
	mem_free(MEM_PROC, d->told.of, d->told.of != NULL ? TOLD_BYTES : 0);
	mem_free(MEM_PROC, d, sizeof(*d));
	p->extra->deaths = NULL;
}
