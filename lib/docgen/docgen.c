/* SPDX-License-Identifier: Apache-2.0 */
/* Fills the holes of manual pages and makes the sample configuration, from the tables that the programs are made of.
 *   docgen fill FILE.in    FILE.in with @VERBS@, @ERRORS@, @EXITS@, @SETTINGS@, @SERVICE@, @REPORTS@, @VERSION@ replaced, as mdoc
 *   docgen conf            a beamrd.conf with every setting at its default, commented out
 *   docgen natives RELEASE the functions written in C that a program of that release sees, a line each: module:function/arity
 * Depends on nothing but the tables, so that it can be built for the machine that builds. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *word, *doc;
} verbs[] = {
#define VERB(id, word, method, doc) { word, doc },
#include "control/rows.h"
};

/* Rows of words and options, each with the word of its verb. */
static const struct {
	const char *verb, *placeholder, *cardinality;
} words[] = {
#define WORD(verb, method, field, placeholder, cardinality) { #verb, placeholder, #cardinality },
#include "control/rows.h"
};

static const struct {
	const char *verb, *method, *field, *name;
	char letter;
	const char *value;
} options[] = {
#define OPTION(verb, method, field, name, letter, value) { #verb, #method, #field, name, letter, value },
#include "control/rows.h"
};

static const struct {
	const char *method, *field, *doc;
} inputs[] = {
#define IN(method, field, wire, type, sub, cardinality, heading, doc) { #method, #field, doc },
#include "control/rows.h"
};

static const struct {
	const char *wire;
	int status;
	const char *doc;
} errors[] = {
#define ERROR(id, interface, wire, status, doc) { #interface "." wire, status, doc },
#include "control/rows.h"
};

static const struct {
	const char *key, *type, *initial, *effect, *doc;
} settings[] = {
#define SETTING(key, wire, type, initial, least, most, effect, doc) { wire, #type, initial, #effect, doc },
#include "../conf/settings.def"
#undef SETTING
};

static const struct {
	const char *key, *type, *initial, *doc;
} service_settings[] = {
#define SETTING(key, wire, type, initial, least, most, doc) { wire, #type, initial, doc },
#include "../conf/service.def"
#undef SETTING
};

static const struct {
	const char *name, *id;
	int priority;
	const char *doc;
} reports[] = {
#define REPORT(name, wire, id, priority, always, doc) { wire, id, priority, doc },
#include "report/reports.def"
#undef REPORT
};

static const struct {
	const char *module, *function;
	int arity;
} bifs[] = {
#define BIF(module, function, arity, fn, kind, doc) { module, function, arity },
#include "bif/bifs.def"
#undef BIF
};

static const struct {
	int first, last;
	const char *module, *function;
	int arity;
} since[] = {
#define SINCE(first, last, module, function, arity) { first, last, module, function, arity },
#include "bif/since.def"
#undef SINCE
};

/* Roff takes a leading dot or quote for a request, a backslash for an escape, and a short word for a macro. */
static void put(const char *text)
{
	char before = ' ';
	for (; *text != '\0'; text++) {
		int capital = *text >= 'A' && *text <= 'Z';
		if (before == ' ' && (capital || *text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
		before = *text;
	}
}

static const char *input_doc(const char *method, const char *field)
{
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		if (strcmp(inputs[i].method, method) == 0 && strcmp(inputs[i].field, field) == 0)
			return inputs[i].doc;
	}
	return "";
}

static void fill_verbs(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		printf(".It Cm %s", verbs[i].word);
		for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
			if (strcmp(words[k].verb, verbs[i].word) != 0)
				continue;
			printf(strcmp(words[k].cardinality, "ONE") == 0 ? " Ar %s" : " Op Ar %s", words[k].placeholder);
			if (strstr(words[k].cardinality, "LIST") != NULL)
				printf(" ...");
		}
		putchar('\n');
		put(verbs[i].doc);
		putchar('\n');
		for (size_t k = 0; k < ARRAY_SIZE(options); k++) {
			if (strcmp(options[k].verb, verbs[i].word) != 0)
				continue;
			printf(".br\n.Fl \\-%s", options[k].name);
			if (options[k].value[0] != '\0') {
				fputs(" Ar ", stdout);
				put(options[k].value);
			}
			if (options[k].letter != 0)
				printf(" (\\-%c)", options[k].letter);
			fputs(" : ", stdout);
			put(input_doc(options[k].method, options[k].field));
			putchar('\n');
		}
	}
}

static void fill_errors(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		const char *dot = strchr(errors[i].wire, '.');
		printf(".It %s Ta %d Ta ", dot + 1, errors[i].status);
		put(errors[i].doc);
		putchar('\n');
	}
}

static void fill_settings(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		printf(".It Va %s\n", settings[i].key);
		put(settings[i].doc);
		fputs("\nDefault: ", stdout);
		put(settings[i].initial);
		printf(".\n%s\n", strcmp(settings[i].effect, "RESTART") == 0 ? "Takes effect at the next start."
									   : "Takes effect when the configuration is read again.");
	}
}

static void fill_service(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(service_settings); i++) {
		fputs(".It Va ", stdout);
		put(service_settings[i].key);
		putchar('\n');
		put(service_settings[i].doc);
		putchar('\n');
		if (service_settings[i].initial[0] == '\0' ||
			strcmp(service_settings[i].type, "QUOTA") == 0)
			continue;
		fputs("Default: ", stdout);
		put(service_settings[i].initial);
		puts(".");
	}
}

static void fill_reports(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		if (reports[i].id[0] == '\0')
			continue;
		printf(".It Ql %s\n", reports[i].name);
		put(reports[i].doc);
		printf("\nPriority %d, MESSAGE_ID\n.Ql %s .\n", reports[i].priority, reports[i].id);
	}
}

static void fill_version(void)
{
	fputs(DOCGEN_VERSION "\n", stdout);
}

static const struct {
	const char *hole;
	void (*fill)(void);
} holes[] = {
	{ "@VERBS@", fill_verbs },
	{ "@ERRORS@", fill_errors },
	{ "@SETTINGS@", fill_settings },
	{ "@SERVICE@", fill_service },
	{ "@REPORTS@", fill_reports },
	{ "@VERSION@", fill_version },
};

static int fill(const char *path)
{
	char line[4096];
	FILE *in = fopen(path, "r");
	if (in == NULL) {
		perror(path);
		return 1;
	}
	while (fgets(line, sizeof(line), in) != NULL) {
		size_t i = 0;
		while (i < ARRAY_SIZE(holes) && strncmp(line, holes[i].hole, strlen(holes[i].hole)) != 0)
			i++;
		if (i < ARRAY_SIZE(holes))
			holes[i].fill();
		else
			fputs(line, stdout);
	}
	return fclose(in) != 0;
}

static int conf(void)
{
	puts("# Settings of beamrd, see beamrd.conf(5). What is commented out is the default.\n"
	     "# Files in beamrd.conf.d/ are read after this one, by name.\n\n[daemon]");
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		printf("# %s\n#%s = %s\n", settings[i].doc, settings[i].key, settings[i].initial);
	puts("\n# A service to bring up at the start:\n"
	     "#[service shop]\n#code-path = /srv/shop/ebin\n#preload = yes\n#start = shop_app:start([])");
	return 0;
}

static int natives(int release)
{
	for (size_t i = 0; i < ARRAY_SIZE(bifs); i++) {
		bool there = true;
		for (size_t j = 0; j < ARRAY_SIZE(since); j++)
			if (strcmp(since[j].module, bifs[i].module) == 0 &&
				strcmp(since[j].function, bifs[i].function) == 0 &&
				since[j].arity == bifs[i].arity)
				there = release >= since[j].first &&
					(since[j].last == 0 || release <= since[j].last);
		if (there)
			printf("%s:%s/%d\n", bifs[i].module, bifs[i].function, bifs[i].arity);
	}
	return 0;
}

int main(int count, char **arguments)
{
	if (count == 3 && strcmp(arguments[1], "fill") == 0)
		return fill(arguments[2]);
	if (count == 2 && strcmp(arguments[1], "conf") == 0)
		return conf();
	if (count == 3 && strcmp(arguments[1], "natives") == 0)
		return natives(atoi(arguments[2]));
	fputs("usage: docgen fill FILE | docgen conf | docgen natives RELEASE\n", stderr);
	return 2;
}
