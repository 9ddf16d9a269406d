/* SPDX-License-Identifier: Apache-2.0 */
/* Exported functions have numbers, for the life of the machine and alike in every namespace: M:F/A to number, and what a
 * number means. A namespace's dispatch table (ns/ns.h) goes from number to code. Lookups take no lock. Threads: any. */
#pragma once
#include "term/term.h"

struct proc;

/* How C is called from Erlang; see bif/bif.h. args: arity terms, valid until the function returns. */
typedef term (*bif_fn)(struct proc *p, const term *args);

enum bif_kind {
	BIF_PLAIN,
	BIF_BLOCKING, /* fn sends a helper thread and waits: bif/errand.h */
	BIF_LONG,     /* run by a helper thread when its arguments are large: proc/away.h */
	BIF_GUARD, /* may stand in guards; never traps, waits or has side effects */
};

/* One C function that stands for M:F/A in every namespace, or in those whose release of OTP has it as a BIF (bif/since.def). */
struct bif {
	const char *module;
	const char *function;
	uint8_t arity;
	enum bif_kind kind;
	uint8_t first_release, last_release; /* 0: without end on that side. Set when registered */
	_Atomic(bif_fn) fn;    /* what an instruction that calls it runs: direct, or what trace/breakpoint.c puts in its place */
	bif_fn direct;         /* the function itself */
	_Atomic uint32_t traces; /* breakpoints on its name, in all namespaces; under trace_lock */
	struct export *export; /* set when registered */
};

/* What a name M:F/A is, for the life of the machine. */
struct export {
	term module;
	term function;
	uint32_t arity;
	uint32_t number;
	const struct bif *bif; /* NULL: code only */
	const uint64_t *stub;  /* internal code that calls the BIF; made by exec; NULL without bif */
};

/* Whether only some releases have it: then calls of it go by name, through a namespace's own table. */
static inline bool bif_is_of_some_releases(const struct bif *bif)
{
	return (bif->first_release | bif->last_release) != 0;
}

/* release: 0 for a namespace without OTP, which has all. */
static inline bool bif_is_in_release(const struct bif *bif, int release)
{
	return release == 0 || (release >= bif->first_release &&
				       (bif->last_release == 0 || release <= bif->last_release));
}

#define EXPORTS_MAX (1U << 22) /* system_limit beyond */

void export_init(void);
void export_done(void);
/* The export, made if need be; NULL when EXPORTS_MAX is reached. */
struct export *export_get(term module, term function, uint32_t arity);
/* NULL when nothing has that name yet. */
struct export *export_find(term module, term function, uint32_t arity);
struct export *export_of(uint32_t number);
uint32_t export_count(void);
/* How many lead to C code in some release or are the engine's own (a stub): those made before export_stubs_made() was called, once. */
uint32_t export_stub_count(void);
void export_stubs_made(void);
/* Called once at start, for every row of bif/bifs.def. */
void export_register_bif(struct bif *bif);
