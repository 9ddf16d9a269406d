/* SPDX-License-Identifier: Apache-2.0 */
/* Terms as text. */
#pragma once
#include "term/term.h"

enum print_flags {
	PRINT_PLAIN = 0,
	PRINT_STRINGS = 1,     /* ~p: lists of printable characters as "...", binaries as <<"...">> */
	PRINT_UNICODE = 2,     /* ~t: printable means Unicode, and characters over 255 stand as themselves */
};

/* Where text goes; a limit makes the walk stop, so that a huge term costs no more than what is shown. */
struct print_out {
	char *data;      /* NULL when growing: memory of class TEMP, freed by print_free */
	size_t size;     /* bytes written, without the final NUL */
	size_t capacity;
	size_t limit;    /* bytes; SIZE_MAX: none. When it is reached, "..." ends the text on a character boundary */
	bool growing;
	bool truncated;
};

/* Into a fixed buffer of capacity bytes, always NUL-terminated. */
void print_init_fixed(struct print_out *out, char *buffer, size_t capacity);
void print_init_growing(struct print_out *out, size_t limit);
void print_free(struct print_out *out);
void print_bytes(struct print_out *out, const void *bytes, size_t size);
void print_string(struct print_out *out, const char *text);
void print_format(struct print_out *out, const char *format, ...) _printf_(2, 3);
/* One line, as ~w or ~p without line breaks prints. depth: levels and list elements after which "..." stands; 0: no bound. */
void print_term(struct print_out *out, term t, enum print_flags flags, unsigned depth);
/* erlang:display/1's form is print_term(PRINT_STRINGS...) as OTP's emulator prints it. */
void print_display(struct print_out *out, term t);
