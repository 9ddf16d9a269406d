/* SPDX-License-Identifier: Apache-2.0 */
/* Help from the table: no line over 79 columns, synopsis and options computed. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 79

/* Prints words from column `at` on, broken at spaces, later lines indented to `indent`. */
static void print_wrapped(const char *text, int at, int indent)
{
	int column = at;
	while (*text != '\0') {
		int length = (int)strcspn(text, " ");
		if (column > indent && column + 1 + length > WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (column > at || (column > indent && column != at)) {
			putchar(' ');
			column++;
		}
		printf("%.*s", length, text);
		column += length;
		at = -1;
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}

void help_all(void)
{
	puts("Usage: beamrctl [OPTION]... VERB [WORD]...\n"
	     "Looks at and steers a BEAM host. See beamrctl(1).\n\n"
	     "Verbs:");
	for (int i = 0; i < CONTROL_VERBS; i++) {
		printf("  %-12s ", control_verbs[i].word);
		print_wrapped(control_verbs[i].doc, 15, 15);
	}
	puts("  help         Show this text, or that of a verb.\n"
	     "  completion   Print completion for a shell: bash, zsh or fish.\n"
	     "  bridge       Connect standard input and output to the daemon.\n\n"
	     "Options for every verb:\n"
	     "  -S, --socket ADDRESS\n"
	     "                   the daemon's socket: a path, or unix:PATH\n"
	     "  -i INSTANCE      the socket of beamrd@INSTANCE\n"
	     "  -H [USER@]HOST   a daemon of another machine, by ssh and its beamrctl\n"
	     "  -s SERVICE       the service; \"default\" where one is needed\n"
	     "      --json       one JSON object a line\n"
	     "  -P FIELD         only that field, one value a line\n"
	     "      --no-legend  no headings\n"
	     "      --timeout T  how long it may take: 500ms, 10s, 2min\n"
	     "  -q               no remarks, only the exit status\n"
	     "  -h, --help       this text, or that of a verb\n"
	     "      --version    which version this is\n\n"
	     "Processes: 0.81.0, \"<0.81.0>\", NAME or SERVICE/NAME.  Terms: Erlang term text.\n\n"
	     "Exit status: 0 done; 1 refused or failed; 2 wrong usage; 3 not running;\n"
	     "4 no such thing; 5 a precondition; 10 a dry run that would change something;\n"
	     "69 no daemon; 75 timed out; 77 not allowed.");
}

/* What the table has no words for. */
static const char *own_words(const struct control_verb *verb)
{
	switch ((enum control_verb_id)(verb - control_verbs)) {
	case CONTROL_VERB_crash:
		return " [show] CRASH|last";
	case CONTROL_VERB_crashes:
		return " [-f] [SERVICE]";
	case CONTROL_VERB_ets:
		return " [--sort memory|size] [-l N] [SERVICE]\n"
		       "       beamrctl ets show [-k TERM] [-l N] [--page TOKEN] [SERVICE/]TABLE";
	case CONTROL_VERB_imports:
		return " FILE.beam...";
	case CONTROL_VERB_load:
		return " [-n] FILE.beam|DIR...";
	case CONTROL_VERB_log_level:
		return " [[MODULE] LEVEL|inherit] [--for TIME]";
	case CONTROL_VERB_logs:
		return " SERVICE [-f] [-n N] [--since TIME]";
	case CONTROL_VERB_namespaces:
		return " [list]\n"
		       "       beamrctl namespaces create NAME [--path DIR]...\n"
		       "       beamrctl namespaces remove NAME [-n]\n"
		       "       beamrctl namespaces add-path NAME DIR";
	case CONTROL_VERB_quota:
		return " SERVICE [--runtime] [LIMIT=VALUE]...";
	case CONTROL_VERB_events:
		return " [-f]";
	default:
		return "";
	}
}

static void print_synopsis(FILE *out, const struct control_verb *verb)
{
	bool own = own_words(verb)[0] != '\0' && verb != &control_verbs[CONTROL_VERB_events];
	fprintf(out, "Usage: beamrctl %s%s", verb->word, own_words(verb));
	if (!own && verb->option_count > 0)
		fputs(" [OPTION]...", out);
	for (size_t i = 0; !own && i < verb->word_count; i++) {
		const struct control_word *word = &verb->words[i];
		bool list = word->cardinality == CONTROL_LIST ||
			    word->cardinality == CONTROL_OPTIONAL_LIST;
		bool optional =
			word->cardinality != CONTROL_ONE && word->cardinality != CONTROL_LIST;
		fprintf(out, " %s%s%s%s", optional ? "[" : "", word->placeholder,
			optional ? "]" : "", list ? "..." : "");
	}
	fputc('\n', out);
}

void help_usage(const struct control_verb *verb)
{
	print_synopsis(stderr, verb);
}

void help_verb(const struct control_verb *verb)
{
	print_synopsis(stdout, verb);
	puts(verb->doc);
	if (verb->word_count > 0)
		putchar('\n');
	for (size_t i = 0; i < verb->word_count; i++) {
		printf("  %-22s ", verb->words[i].placeholder);
		print_wrapped(verb->words[i].field->doc, 25, 25);
	}
	if (verb->option_count > 0)
		puts("\nOptions:");
	for (size_t i = 0; i < verb->option_count; i++) {
		const struct control_option *option = &verb->options[i];
		char left[64];
		int n = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s",
			option->letter != '\0' ? '-' : ' ',
			option->letter != '\0' ? option->letter : ' ',
			option->letter != '\0' ? ',' : ' ', option->name,
			option->value[0] != '\0' ? " " : "",
			option->value); /* short in the table */
		if (n > 24) {
			printf("%s\n%*s", left, 25, "");
		} else {
			printf("%-24s ", left);
		}
		print_wrapped(option->field->doc, 25, 25);
	}
	if (verb->method != CONTROL_METHOD_none) {
		const struct control_method *method = &control_methods[verb->method];
		printf("\nMethod: %s.%s\n", control_interfaces[method->interface].wire,
			method->wire);
	}
}

int help_completion(const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		puts("_beamrctl() {\n"
		     "  local IFS=$'\\n'\n"
		     "  COMPREPLY=($(beamrctl --complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
		     "2>/dev/null))\n"
		     "}\n"
		     "complete -o default -F _beamrctl beamrctl");
	else if (strcmp(shell, "zsh") == 0)
		puts("#compdef beamrctl\n"
		     "_beamrctl() {\n"
		     "  local -a found\n"
		     "  found=(\"${(@f)$(beamrctl --complete \"${(@)words[2,CURRENT]}\" "
		     "2>/dev/null)}\")\n"
		     "  compadd -- $found || _files\n"
		     "}\n"
		     "_beamrctl \"$@\"");
	else if (strcmp(shell, "fish") == 0)
		puts("complete -c beamrctl -a '(beamrctl --complete (commandline -opc)[2..] "
		     "(commandline -ct) 2>/dev/null)'");
	else
		return CTL_USAGE;
	return 0;
}
