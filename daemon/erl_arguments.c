/* SPDX-License-Identifier: Apache-2.0 */
/* A command line as `erl` takes it.
 *
 * Two steps, as in OTP: merge puts the words of the environment, the command line and argument files into one list, with what follows
 * -extra last; sort then deals them out to the emulator and to init. */
#include "erl_arguments.h"

#include "base/check.h"
#include "base/cleanup.h"
#include "erl_flags.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENT_FILES_MAX 100 /* within each other: then one names itself */
#define ARGUMENT_FILE_BYTES_MAX                                                                    \
	(4 << 20) /* more words than any kernel would take on a command line */

const char erl_usage[] = "Usage: erl [-version] [-sname NAME | -name NAME] [-noshell] [-noinput] "
			 "[-env VAR VALUE] [-compile file ...] "
			 "[-make] [-emu_args_exit] [-args_file FILENAME] [+A THREADS] [+S "
			 "SCHEDULERS:ONLINE] [+P MAX_PROCS] [+...] "
			 "[args ...]\n";

void erl_words_push(struct erl_words *words, const char *text)
{
	char *copy = strdup(text);
	if (copy == NULL)
		abort(); /* as mem_alloc does */
	vec_push(&words->items, copy);
}

void erl_words_done(struct erl_words *words)
{
	vec_foreach(word, &words->items)
		free(*word);
	vec_done(&words->items);
}

static bool is(const char *word, const char *what)
{
	return strcmp(word, what) == 0;
}

/* ---------------------------------------------------------------------------------------------- words of a text */

/* Splits as a shell would: white space, '...', "...", \c; with `comments`, from # to the end of the line. text is overwritten. */
static void split(struct erl_words *words, char *text, bool comments)
{
	char *from = text;
	for (;;) {
		while (*from != '\0' && strchr("\n\f\r\t\v ", *from) != NULL)
			from++;
		if (comments && *from == '#') {
			from += strcspn(from, "\n");
			continue;
		}
		if (*from == '\0')
			return;
		char *word = from, *to = from;
		while (*from != '\0' && strchr("\n\f\r\t\v ", *from) == NULL &&
			!(comments && *from == '#')) {
			char quote = *from;
			if (quote == '"' || quote == '\'') {
				for (from++; *from != '\0' && *from != quote;)
					*to++ = *from++;
				from += *from != '\0';
			} else if (quote == '\\') {
				from++;
				if (*from != '\0')
					*to++ = *from++;
			} else {
				*to++ = *from++;
			}
		}
		bool more = *from != '\0' && *from != '#';
		char after = *from;
		*to = '\0'; /* may be where `from` is */
		erl_words_push(words, word);
		from += more;
		if (!more && after == '\0')
			return;
		if (after == '#')
			from += 1 + strcspn(from + 1, "\n");
	}
}

/* ---------------------------------------------------------------------------------------------- merging */

struct merge {
	struct erl_words words, extra;
	int files; /* open within each other */
	char *error;
	size_t error_size;
};

/* *ret_extra: there was an -extra among them. */
static bool merge_words(struct merge *m, char *const *words, size_t count, bool *ret_extra);

static char *read_text(const char *path, int *ret_errno)
{
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		*ret_errno = errno;
		return NULL;
	}
	char *text = malloc(ARGUMENT_FILE_BYTES_MAX + 1);
	size_t size = text != NULL ? fread(text, 1, ARGUMENT_FILE_BYTES_MAX, file) : 0;
	bool bad = text == NULL || ferror(file) ||
		   (size == ARGUMENT_FILE_BYTES_MAX && fgetc(file) != EOF);
	*ret_errno = text == NULL ? ENOMEM : ferror(file) ? errno : EFBIG;
	(void)fclose(file); /* read only */
	if (bad) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	return text;
}

static bool merge_file(struct merge *m, const char *path)
{
	int why = ELOOP;
	_cleanup_(free_stringp) char *text =
		m->files < ARGUMENT_FILES_MAX ? read_text(path, &why) : NULL;
	if (text == NULL) {
		char cwd[PATH_MAX];
		(void)snprintf(m->error, m->error_size,
			"Failed to open arguments file \"%s\" at \"%s\": %s", path,
			getcwd(cwd, sizeof(cwd)) != NULL ? cwd : ".",
			strerror(why)); /* cut when long */
		return false;
	}
	struct erl_words words = { 0 };
	split(&words, text, true);
	m->files++;
	bool extra;
	bool fine = merge_words(m, words.items.items, words.items.count, &extra);
	m->files--;
	/* Flags of one place do not run on into the next. */
	if (words.items.count > 0 && !extra)
		erl_words_push(&m->words, "--");
	erl_words_done(&words);
	return fine;
}

static bool merge_words(struct merge *m, char *const *words, size_t count, bool *ret_extra)
{
	*ret_extra = false;
	for (size_t i = 0; i < count; i++) {
		if (is(words[i], "-args_file")) {
			if (++i == count) {
				(void)snprintf(m->error, m->error_size,
					"Missing argument(s) for '-args_file'.");
				return false;
			}
			if (!merge_file(m, words[i]))
				return false;
		} else if (is(words[i], "-extra")) {
			*ret_extra = true;
			while (++i < count)
				erl_words_push(&m->extra, words[i]);
		} else {
			erl_words_push(&m->words, words[i]);
		}
	}
	return true;
}

static const char *variable(const struct erl_place *place, const char *name)
{
	size_t length = strlen(name);
	for (const char *const *v = place->environment; *v != NULL; v++)
		if (strncmp(*v, name, length) == 0 && (*v)[length] == '=')
			return *v + length + 1;
	return NULL;
}

static bool merge_variable(struct merge *m, const struct erl_place *place, const char *name)
{
	const char *value = variable(place, name);
	if (value == NULL)
		return true;
	_cleanup_(free_stringp) char *text = strdup(value);
	if (text == NULL)
		abort(); /* as mem_alloc does */
	struct erl_words words = { 0 };
	split(&words, text, false);
	bool extra;
	bool fine = merge_words(m, words.items.items, words.items.count, &extra);
	if (words.items.count > 0)
		erl_words_push(&m->words, "--");
	erl_words_done(&words);
	return fine;
}

static bool merge_all(struct merge *m, int count, char **words, const char *release,
	const struct erl_place *place)
{
	char name[32];
	(void)snprintf(name, sizeof(name), "ERL_OTP%.8s_FLAGS", release); /* fits */
	if (!merge_variable(m, place, name) || !merge_variable(m, place, "ERL_AFLAGS"))
		return false;
	bool extra;
	if (!merge_words(m, words, (size_t)count, &extra))
		return false;
	for (int i = 0; i < (extra ? 2 : 1); i++)
		erl_words_push(&m->words, "--");
	if (!merge_variable(m, place, "ERL_FLAGS") || !merge_variable(m, place, "ERL_ZFLAGS"))
		return false;
	if (m->extra.items.count > 0) {
		erl_words_push(&m->words, "-extra");
		vec_foreach(word, &m->extra.items)
			erl_words_push(&m->words, *word);
	}
	return true;
}

/* ---------------------------------------------------------------------------------------------- dealing out */

struct sort {
	struct erl_arguments *to;
	char *const *words;
	size_t count, at;
	bool halt_after; /* -make */
};

static bool refuse(struct sort *s, const char *flag)
{
	(void)snprintf(s->to->error, sizeof(s->to->error), "Missing argument(s) for '%.400s'.",
		flag); /* cut when long */
	return false;
}

/* Flags of the emulator that take a value as a word of its own, after the +. Groups as in erl(1). */
static bool takes_value(const char *flag)
{
	static const char *const values[] = {
		"a",
		"A",
		"C",
		"e",
		"i",
		"n",
		"P",
		"Q",
		"t",
		"T",
		"R",
		"W",
		"K",
		"S",
		"SP",
		"SDcpu",
		"SDPcpu",
		"SDio",
		"pc",
		"rg",
		"IOt",
		"IOp",
		"IOPt",
		"IOPp",
		/* +s */
		"sbt",
		"sbwtdcpu",
		"sbwtdio",
		"sbwt",
		"scl",
		"sct",
		"secio",
		"sfwi",
		"stbt",
		"swct",
		"swtdcpu",
		"swtdio",
		"swt",
		"sws",
		"sss",
		"sssdcpu",
		"sssdio",
		"spp",
		"sub",
		/* +h */
		"hms",
		"hmbs",
		"hpds",
		"hmax",
		"hmaxk",
		"hmaxel",
		"hmaxib",
		"hmqd",
		"h",
		/* +z */
		"zdbbl",
		"zdntgc",
		"zebwt",
		"zhft",
		"zosrl",
		/* +J and +M without an allocator */
		"Mea",
		"Mummc",
		"Muycs",
		"Musac",
		"Mim",
		"Mis",
		"Mit",
		"Mlpm",
		"MMamcbf",
		"MMrmcbf",
		"MMmcs",
		"MMscs",
		"MMscrfsd",
		"MMsco",
		"MMscrpm",
		"MYe",
		"MYm",
		"MYtp",
		"MYtt",
		"MIscs",
		"MXscs",
	};
	static const char *const of_allocators[] = { "as", "asbcst", "atags", "acul", "acnl",
		"acfml", "cp", "e", "t", "lmbcs", "mbcgs", "mbsd", "mmbcs", "mmmbc", "mmsbc",
		"msbclt", "ramv", "rmbcmt", "rsbcmt", "rsbcst", "sbct", "smbcs" };
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (is(flag, values[i]))
			return true;
	if (flag[0] == 'M' && flag[1] != '\0' && strchr("uBIDEFHLRSTXZ", flag[1]) != NULL)
		for (size_t i = 0; i < ARRAY_SIZE(of_allocators); i++)
			if (is(flag + 2, of_allocators[i]))
				return true;
	return false;
}

static void push_flag(struct sort *s, const char *flag)
{
	_cleanup_(free_stringp) char *text = strdup(flag);
	if (text == NULL)
		abort(); /* as mem_alloc does */
	text[0] = '-';
	erl_words_push(&s->to->emulator, text);
}

static bool sort_plus(struct sort *s)
{
	const char *flag = s->words[s->at];
	bool more = s->at + 1 < s->count && !is(s->words[s->at + 1], "--");
	const char *next = more ? s->words[s->at + 1] : "";
	/* These two take a value only when it looks like one. */
	if (is(flag, "+B") || is(flag, "+c")) {
		push_flag(s, flag);
		if (flag[1] == 'B' ? next[0] == 'i' : is(next, "true") || is(next, "false"))
			erl_words_push(&s->to->emulator, s->words[++s->at]);
		return true;
	}
	push_flag(s, flag);
	if (!takes_value(flag + 1))
		return true;
	bool single = strchr("aACeinPQtTRWKSpI", flag[1]) != NULL;
	if (!more || (!single && (next[0] == '-' || next[0] == '+')))
		return refuse(s, flag);
	erl_words_push(&s->to->emulator, s->words[++s->at]);
	return true;
}

static bool sort_minus(struct sort *s)
{
	struct erl_arguments *to = s->to;
	const char *flag = s->words[s->at];
	size_t left = 0;
	while (left < 2 && s->at + 1 + left < s->count && !is(s->words[s->at + 1 + left], "--"))
		left++;
	if (is(flag, "-compile")) {
		static const char *const words[] = { "-noshell", "-noinput", "-s", "c",
			"lc_batch" };
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			erl_words_push(&to->init, words[i]);
		erl_words_push(&to->emulator, "-B");
	} else if (is(flag, "-make")) {
		static const char *const words[] = { "-noshell", "-noinput", "-s", "make",
			"all_or_nothing" };
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			erl_words_push(&to->init, words[i]);
		erl_words_push(&to->emulator, "-B");
		s->halt_after = true;
		s->at = s->count; /* the rest is for make, which reads no words */
	} else if (is(flag, "-detached")) {
		to->detached = true;
		erl_words_push(&to->init, flag);
		erl_words_push(&to->init, "-noshell");
		erl_words_push(&to->init, "-noinput");
	} else if (is(flag, "-noinput")) {
		erl_words_push(&to->init, "-noshell");
		erl_words_push(&to->init, "-noinput");
	} else if (is(flag, "-emu_args_exit")) {
		to->print = true;
	} else if (is(flag, "-emu_name_exit")) {
		to->print_name = true;
	} else if (is(flag, "-emu_args")) {
		/* only talks */
	} else if (is(flag, "-version")) {
		erl_words_push(&to->emulator, "-V");
		to->version = true;
	} else if (is(flag, "-env")) {
		if (left < 2)
			return refuse(s, flag);
		char *text;
		if (asprintf(&text, "%s=%s", s->words[s->at + 1], s->words[s->at + 2]) < 0)
			abort(); /* as mem_alloc does */
		vec_push(&to->variables.items, text);
		s->at += 2;
	} else if (is(flag, "-epmd")) {
		if (left < 1)
			return refuse(s, flag);
		s->at++;
	} else if (is(flag, "-name") || is(flag, "-sname") || is(flag, "-start_epmd")) {
		if (left < 1)
			return refuse(s, flag);
		erl_words_push(&to->init, flag);
		erl_words_push(&to->init, s->words[++s->at]);
	} else if (is(flag, "-smp") && left > 0 && is(s->words[s->at + 1], "disable")) {
		(void)snprintf(to->error, sizeof(to->error),
			"Argument '-smp disable' not supported. Use \"+S 1\" instead.");
		return false;
	} else {
		erl_words_push(&to->init, flag);
	}
	return true;
}

static bool sort(struct sort *s)
{
	for (; s->at < s->count; s->at++) {
		const char *word = s->words[s->at];
		if (is(word, "-extra")) {
			for (; s->at < s->count; s->at++)
				erl_words_push(&s->to->init, s->words[s->at]);
			break;
		}
		if (word[0] == '-'                          ? !sort_minus(s)
			: word[0] == '+' && word[1] != '\0' ? !sort_plus(s)
							    : false)
			return false;
		if (word[0] != '-' && (word[0] != '+' || word[1] == '\0'))
			erl_words_push(&s->to->init, word);
	}
	if (s->halt_after) {
		erl_words_push(&s->to->init, "-s");
		erl_words_push(&s->to->init, "erlang");
		erl_words_push(&s->to->init, "halt");
	}
	return true;
}

/* ---------------------------------------------------------------------------------------------- flags that mean something here */

/* N, or N:M of which N counts. */
static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end;
	if (!isdigit((unsigned char)text[0]))
		return false;
	unsigned long long value = strtoull(text, &end, 10);
	if ((*end != '\0' && *end != ':') || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

static bool read_flags(struct erl_arguments *a)
{
	static const char letters[] = "aABcCdDeFfhHiIJKlLMnNpPQrRsStTuUvVWxz"; /* erl(1) */
	for (size_t i = 0; i < a->emulator.items.count; i++) {
		const char *flag = a->emulator.items.items[i];
		const char *value =
			i + 1 < a->emulator.items.count ? a->emulator.items.items[i + 1] : "";
		uint64_t number = 0;
		if (flag[0] != '-' || flag[1] == '\0' || strchr(letters, flag[1]) == NULL) {
			(void)snprintf(a->error, sizeof(a->error), "beamrd unknown flag %.400s",
				flag); /* cut when long */
			return false;
		}
		if (strncmp(flag, "-S", 2) == 0 && flag[2] != 'P' && flag[2] != 'D') {
			const char *text = flag[2] != '\0' ? flag + 2 : value;
			if (text[0] == ':')
				; /* only how many are online */
			else if (!read_number(text, 0, 1024, &number)) {
				(void)snprintf(a->error, sizeof(a->error),
					"bad amount of schedulers %.400s", text);
				return false;
			}
			a->schedulers = (unsigned)number;
		} else if (strncmp(flag, "-P", 2) == 0) {
			const char *text = flag[2] != '\0' ? flag + 2 : value;
			if (!is(text, "legacy") &&
				!read_number(text, 1024, (1ULL << 27) - 1, &number)) {
				(void)snprintf(a->error, sizeof(a->error),
					"bad number of processes %.400s", text);
				return false;
			}
			a->processes_max = number;
		} else if (flag[1] == 'B') {
			const char *text = flag[2] != '\0' ? flag + 2 : value;
			a->interrupts = is(text, "i")   ? INTERRUPTS_IGNORED
					: is(text, "c") ? INTERRUPTS_END
							: INTERRUPTS_AS_INHERITED;
		} else if (is(flag, "-V")) {
			a->version = true;
		}
		if (takes_value(flag + 1) &&
			!erl_flag_check(flag + 1, value, a->error, sizeof(a->error)))
			return false;
		if (takes_value(flag + 1) ||
			((is(flag, "-B") || is(flag, "-c")) && value[0] != '-'))
			i++;
	}
	return true;
}

bool erl_arguments_parse(struct erl_arguments *a, int count, char **words, const char *release,
	const struct erl_place *place)
{
	*a = (struct erl_arguments){ 0 };
	struct merge merge = { .error = a->error, .error_size = sizeof(a->error) };
	bool fine = merge_all(&merge, count, words, release, place);
	const char *front[] = { "-root", place->root, "-bindir", place->bindir, "-progname",
		place->progname, "--", "-home", place->home, "--" };
	for (size_t i = 0; i < ARRAY_SIZE(front); i++) {
		if (place->home == NULL && is(front[i], "-home"))
			i += 2;
		erl_words_push(&a->init, front[i]);
	}
	if (fine) {
		struct sort s = {
			.to = a, .words = merge.words.items.items, .count = merge.words.items.count
		};
		fine = sort(&s);
	}
	fine = fine && (a->print || a->print_name || read_flags(a));
	erl_words_done(&merge.words);
	erl_words_done(&merge.extra);
	return fine;
}

void erl_arguments_done(struct erl_arguments *a)
{
	erl_words_done(&a->emulator);
	erl_words_done(&a->init);
	erl_words_done(&a->variables);
}

/* ---- escripts ---- */

#define LINE_MAX_BYTES 4096 /* of the line with flags; OTP's bound */

/* The words of the line "%%! ..." that stands second or third in a script, whatever the first is. */
static void push_script_flags(struct erl_words *words, FILE *file)
{
	char line[LINE_MAX_BYTES];
	for (int i = 0; i < 3 && fgets(line, sizeof(line), file) != NULL; i++) {
		if (i == 0 || strncmp(line, "%%!", 3) != 0)
			continue;
		char *save;
		line[strcspn(line, "\n")] = '\0';
		for (char *word = strtok_r(line + 3, " ", &save); word != NULL;
			word = strtok_r(NULL, " ", &save))
			erl_words_push(words, word);
		return;
	}
}

bool erl_words_push_escript(struct erl_words *words, const char *script)
{
	static const char *const first[] = { "+B", "-noshell", "-boot", "no_dot_erlang" };
	static const char *const then[] = { "-run", "escript", "start" };
	FILE *file = fopen(script, "re");
	if (file == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		erl_words_push(words, first[i]);
	push_script_flags(words, file);
	(void)fclose(file); /* read only */
	for (size_t i = 0; i < ARRAY_SIZE(then); i++)
		erl_words_push(words, then[i]);
	return true;
}
