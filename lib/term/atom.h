/* SPDX-License-Identifier: Apache-2.0 */
/* The atom table: text to index and back; one for all namespaces. Reading a known atom takes no lock. Threads: any.
 *
 * An atom that a program makes at run time is the private one of its namespace (the account that the thread works for) until
 * somebody else comes to it: another namespace makes the same one, or is sent it; the host, a module, an export, a persistent term holds it.
 * From then on it is shared, for ever. When a namespace ends, its private atoms go: nobody else can have them (atoms_release).
 * So whatever leaves a namespace goes through atom_share(): terms that are sent elsewhere or handed to the host
 * (heap_share_atoms), names of exports and modules. A private atom of another does not exist for atom_lookup(). */
#pragma once
#include "term/term.h"

struct account;

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

/* The atom with that text, made if need be. TERM_NONE when the text is invalid UTF-8, longer than
 * ATOM_CHARS_MAX characters, or (ret_full true) when the table is full. ret_full may be NULL. */
term atom_intern(const uint8_t *text, size_t size, bool *ret_full);
/* The same, and shared from the start: for what outlives the namespace that it is made for (modules). */
term atom_intern_shared(const uint8_t *text, size_t size, bool *ret_full);
/* From here on the calling thread makes shared atoms only, or not; returns what was. For loading. */
bool atom_set_sharing(bool shared);
_noinline_ void atom_share(term atom);
/* The end of a namespace: nothing of it is left but what others hold. */
void atoms_release(struct account *account);
/* The atom with that text if there is one, else TERM_NONE. Makes nothing. */
term atom_lookup(const uint8_t *text, size_t size);
/* For C strings known to be good; shared. */
term atom_of_string(const char *text);
struct atom_text atom_text(term atom);
/* Order of atoms: by code points of their text. <0, 0, >0. */
int atom_compare(term a, term b);
/* OTP's hash of an atom's text (hashpjw over Latin-1), as phash2 uses it. */
uint32_t atom_hash(term atom);
/* Atoms there are for the calling thread: shared ones, and its namespace's own. */
uint32_t atom_count(void);
uint32_t atom_limit(void);
/* Bytes of all texts. */
size_t atom_bytes(void);

static inline term term_of_bool(bool b)
{
	return b ? A(true) : A(false);
}
