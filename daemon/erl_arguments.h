/* SPDX-License-Identifier: Apache-2.0 */
/* A command line as `erl` takes it, and what becomes of it: flags for the emulator (+X, and the few -x that OTP's erlexec keeps for
 * itself), variables for the environment, and the list that OTP's init reads. Source: erlexec(1), erl(1), and what OTP 27 and 29
 * print with -emu_args_exit. */
#pragma once
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct erl_words {
	VEC(char *) items; /* each malloc'ed */
};

/* text: copied. */
void erl_words_push(struct erl_words *words, const char *text);
void erl_words_done(struct erl_words *words);

/* What `escript` tells `erl` before the script's own "-extra SCRIPT ARGUMENT..."; flags that stand in it are among that. False when it does
 * not open. */
bool erl_words_push_escript(struct erl_words *words, const char *script);

struct erl_arguments {
	struct erl_words emulator;  /* "-S", "2:2" ...: as the emulator would get them */
	struct erl_words init;      /* for struct beamr_boot_options, without NULL */
	struct erl_words variables; /* "NAME=VALUE", of -env */
	unsigned schedulers;        /* +S; 0: not said */
	uint64_t processes_max;     /* +P; 0: not said */
	bool detached;
	enum { INTERRUPTS_END, INTERRUPTS_IGNORED, INTERRUPTS_AS_INHERITED } interrupts; /* without +B and +Bc; +Bi; +B and +Bd */
	bool version;    /* only tell which it is */
	bool print;      /* -emu_args_exit */
	bool print_name; /* -emu_name_exit */
	char error[512]; /* when parsing fails: the first line for stderr */
};

/* What stands around the user's words. */
struct erl_place {
	const char *root, *bindir, *progname, *home; /* home may be NULL */
	const char *const *environment; /* "NAME=VALUE", ends in NULL: where the variables with flags are looked for */
};

/* words: argv without the program's name; borrowed. Reads ERL_AFLAGS, ERL_FLAGS, ERL_ZFLAGS, ERL_OTPnn_FLAGS (release: "27"; may be "")
 * and -args_file. False: error says why, as erlexec or the emulator would. */
bool erl_arguments_parse(struct erl_arguments *arguments, int count, char **words,
	const char *release, const struct erl_place *place);
void erl_arguments_done(struct erl_arguments *arguments);
/* The usage text that follows an error. */
extern const char erl_usage[];
