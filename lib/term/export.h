/* SPDX-License-Identifier: Apache-2.0 */
/* Exported functions have numbers, alike in every namespace: M:F/A to number, and what a number means. A number stands for its function as
 * long as somebody holds it (term/names.h); those of C functions, for ever. A namespace's dispatch table (ns/ns.h) goes from number to
 * code. Lookups take no lock inside of an epoch. Threads: any. */
#pragma once
#include "term/names.h"
#include "term/term.h"

struct proc;

/* How C is called from Erlang; see bif/bif.h. args: arity terms, valid until the function returns. */
typedef term (*bif_fn)(struct proc *p, const term *args);

enum bif_kind {
	BIF_PLAIN,
	BIF_BLOCKING, /* fn sends a helper thread and waits: bif/errand.h */
	BIF_LONG,      /* run by a helper thread when its arguments are large: proc/away.h */
	BIF_WIDE,      /* the same when they have many elements, however deep those are */
	BIF_LONG_DEED, /* as a LONG one, but not given up: it does something */
	BIF_LATE,      /* asks for a helper thread itself once it knows that it takes long; as a LONG one it has no effect but its result */
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

/* What a name M:F/A is, while it is held. */
struct export {
	term module;
	term function;
	uint32_t arity;
	uint32_t number;
	const struct bif *bif; /* NULL: code only */
	const uint64_t *stub;  /* internal code that calls the BIF; made by exec; NULL without bif */
	_Atomic uint32_t holders;
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
#define EXPORTS_ACCOUNT_MAX (EXPORTS_MAX / 8) /* of one namespace */

void export_init(void);
void export_done(void);
/* The export, made if need be, held by the thread's holder. NULL when EXPORTS_MAX is reached, or EXPORTS_ACCOUNT_MAX by that holder. */
struct export *export_get(term module, term function, uint32_t arity);
/* NULL when nothing has that name. Good until the slice ends, unless it is held. */
struct export *export_find(term module, term function, uint32_t arity);
/* One that is there is held by that one, too. */
void export_hold(struct names_holder holder, const struct export *export);
/* By number, as atoms_hold() and so on. */
void exports_hold(struct account *account, const uint32_t *numbers, size_t count);
void exports_drop(const uint32_t *numbers, size_t count);
void exports_release(struct account *account);
void exports_collect(struct account *account);
void exports_collected(struct account *account);
/* number: one that is held. */
struct export *export_of(uint32_t number);
uint32_t export_count(void);
/* How many lead to C code in some release or are the engine's own (a stub): those made before export_stubs_made() was called, once. */
uint32_t export_stub_count(void);
void export_stubs_made(void);
/* Called once at start, for every row of bif/bifs.def. */
void export_register_bif(struct bif *bif);
