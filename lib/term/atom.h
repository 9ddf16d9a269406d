/* SPDX-License-Identifier: Apache-2.0 */
/* The atom table: text to index and back; one for all namespaces. Reading a known atom takes no lock. Threads: any.
 *
 * An atom lives as long as somebody holds it (term/names.h). For a program there are those that its namespace holds, and C's: what only
 * others have does not exist for it, until it makes it as well. */
#pragma once
#include "term/names.h"
#include "term/term.h"

enum atom_constant {
#define ATOM(name, text) ATOM_INDEX_##name,
#include "term/atoms.def"
#undef ATOM
	ATOM_CONSTANTS
};

/* A(ok) is the atom ok: a constant expression. */
#define A(name) ((term)ATOM_INDEX_##name << 6 | IMM_ATOM)

#define ATOM_CHARS_MAX 255

struct atom_text {
	const uint8_t *bytes; /* UTF-8, not terminated; lives as long as the atom */
	uint32_t size;        /* bytes */
	uint32_t chars;       /* code points */
};

/* Puts the rows of atoms.def in; once, before anything else. limit: most atoms there may be. */
void atom_init(uint32_t limit);
void atom_done(void);

/* What a namespace may hold for which nothing else is set: as many as a node of OTP. */
#define ATOMS_USUAL_MAX (1U << 20)

/* The atom with that text, made if need be, held by the thread's holder. TERM_NONE when the text is invalid UTF-8, longer than
 * ATOM_CHARS_MAX characters, or (ret_full true) when the table is full, or the holder has as many as it may have. ret_full may be NULL. */
term atom_intern(const uint8_t *text, size_t size, bool *ret_full);
/* The atom with that text if there is one for the thread's holder, else TERM_NONE. Makes nothing. */
term atom_lookup(const uint8_t *text, size_t size);
/* For C strings known to be good: it is there for ever. */
term atom_of_string(const char *text);

/* An atom that is there is held by that one, too. */
_noinline_ void atom_hold(struct names_holder holder, term atom);
/* By index. The account comes to hold them; how many it would come to hold; somebody who held each of them gives them up. */
void atoms_hold(struct account *account, const uint32_t *indexes, size_t count);
size_t atoms_missing(struct account *account, const uint32_t *indexes, size_t count);
void atoms_drop(const uint32_t *indexes, size_t count);
/* How many more the account may hold. */
size_t atoms_room(const struct account *account);
/* The account gives up all that it holds. Nobody makes any for it any more. */
void atoms_release(struct account *account);
/* A collection's steps: names_collect() and names_collected() take them. The latter says how many were given up. */
void atoms_collect(struct account *account);
size_t atoms_collected(struct account *account);
/* Whether it has made so few since they were last collected that it need not be done again. */
bool atoms_are_few(const struct account *account);

/* Whether somebody answers for it where the calling thread works: its account, or C. For checks. */
bool atom_is_held(term atom);

struct atom_text atom_text(term atom);
/* Order of atoms: by code points of their text. <0, 0, >0. */
int atom_compare(term a, term b);
/* OTP's hash of an atom's text (hashpjw over Latin-1), as phash2 uses it. */
uint32_t atom_hash(term atom);
/* Atoms there are for the calling thread: those of its namespace, and C's; without one, all. */
uint32_t atom_count(void);
uint32_t atom_limit(void);
/* Bytes of all texts. */
size_t atom_bytes(void);

static inline term term_of_bool(bool b)
{
	return b ? A(true) : A(false);
}
