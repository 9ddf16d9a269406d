/* SPDX-License-Identifier: Apache-2.0 */
/* beamrctl: options that hold for every verb, which may stand anywhere before "--"; then the verb. */
#include "ctl.h"
#include "version.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_ADDRESS "/run/beamr/io.beamr.Daemon"

bool ctl_parse_time(const char *text, int64_t *ret_usec)
{
	static const struct {
		const char *unit;
		int64_t usec;
	} units[] = { { "", 1000000 }, { "us", 1 }, { "ms", 1000 }, { "s", 1000000 },
		{ "min", 60000000 }, { "h", 3600000000 } };

	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || value < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit) == 0)
			return !__builtin_mul_overflow((int64_t)value, units[i].usec, ret_usec) &&
			       *ret_usec > 0;
	}
	return false;
}

/* Whether words[*at] is an option of ours; *at is moved over its value. Returns 0 when it is not, 1 when it was, -1 when its
 * value is missing or wrong. */
static int common_option(struct ctl *ctl, int count, char **words, int *at)
{
	static const struct {
		const char *word;
		size_t offset;
	} values[] = {
		{ "-S", offsetof(struct ctl, address) },
		{ "--socket", offsetof(struct ctl, address) },
		{ "-H", offsetof(struct ctl, host) },
		{ "--host", offsetof(struct ctl, host) },
		{ "-i", offsetof(struct ctl, instance) },
		{ "--instance", offsetof(struct ctl, instance) },
		{ "-s", offsetof(struct ctl, service) },
		{ "--service", offsetof(struct ctl, service) },
		{ "-P", offsetof(struct ctl, field) },
	};

	static const struct {
		const char *word;
		size_t offset;
	} flags[] = { { "--json", offsetof(struct ctl, json) },
		{ "-q", offsetof(struct ctl, quiet) }, { "--quiet", offsetof(struct ctl, quiet) },
		{ "-h", offsetof(struct ctl, help) }, { "--help", offsetof(struct ctl, help) },
		{ "-f", offsetof(struct ctl, follow) },
		{ "--follow", offsetof(struct ctl, follow) } };

	const char *word = words[*at];
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strcmp(word, flags[i].word) == 0) {
			*(bool *)((char *)ctl + flags[i].offset) = true;
			return 1;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (strcmp(word, values[i].word) != 0)
			continue;
		if (*at + 1 >= count)
			return -1;
		*(const char **)((char *)ctl + values[i].offset) = words[++*at];
		return 1;
	}
	if (strcmp(word, "--no-legend") == 0)
		ctl->legend = false;
	else if (strcmp(word, "--no-pager") == 0)
		return 1; /* there is none; taken for those who are used to it */
	else if (strcmp(word, "--timeout") == 0)
		return *at + 1 < count && ctl_parse_time(words[++*at], &ctl->timeout_usec) ? 1 : -1;
	else if (strncmp(word, "--timeout=", 10) == 0)
		return ctl_parse_time(word + 10, &ctl->timeout_usec) ? 1 : -1;
	else
		return 0;
	return 1;
}

static int usage(const char *what, const char *word)
{
	fprintf(stderr,
		"beamrctl: %s: \"%s\"\nUsage: beamrctl [OPTION]... VERB [WORD]...  See beamrctl "
		"--help.\n",
		what, word);
	return CTL_USAGE;
}

/* Copies between the daemon and our standard input and output until either side ends. */
static int bridge(struct ctl *ctl)
{
	int r = ctl_connect(ctl);
	if (r != 0)
		return r;
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = ctl->fd, .events = POLLIN } };
	for (;;) {
		char bytes[65536];
		/* Bound: none; it lasts as long as both sides want. */
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return CTL_FAILED;
		for (int i = 0; i < 2; i++) {
			if (fds[i].fd < 0 || (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0)
				continue;
			ssize_t n = read(fds[i].fd, bytes, sizeof(bytes)), sent = 0;
			if (n <= 0 && i == 1)
				return 0;
			if (n <= 0) {
				(void)shutdown(ctl->fd, SHUT_WR); /* answers may still come */
				fds[0].fd = -1;
				continue;
			}
			while (sent < n) {
				ssize_t w = write(i == 0 ? ctl->fd : STDOUT_FILENO, bytes + sent,
					(size_t)(n - sent));
				if (w < 0 && errno != EINTR)
					return CTL_FAILED;
				sent += w > 0 ? w : 0;
			}
		}
	}
}

static int run(struct ctl *ctl, int count, char **words)
{
	const char *word = words[0];
	if (strcmp(word, "help") == 0 && count > 1) {
		ctl->help = true;
		words++;
		count--;
		word = words[0];
	} else if (strcmp(word, "help") == 0) {
		help_all();
		return 0;
	}
	if (strcmp(word, "completion") == 0) {
		int r = count == 2 ? help_completion(words[1]) : CTL_USAGE;
		if (r != 0)
			fputs("Usage: beamrctl completion bash|zsh|fish\n", stderr);
		return r;
	}
	if (strcmp(word, "bridge") == 0)
		return bridge(ctl);
	if (strcmp(word, "version") == 0) {
		puts("beamrctl " BEAMR_VERSION);
		return 0;
	}
	/* "beamrctl daemon reload" is what units call. */
	if (strcmp(word, "daemon") == 0 && count > 1) {
		words++;
		count--;
		word = words[0];
	}
	int id = control_verb_find(word);
	if (id < 0)
		return usage("there is no such verb", word);
	return verb_main(ctl, &control_verbs[id], count - 1, words + 1);
}

int main(int count, char **arguments)
{
	struct ctl ctl = { .legend = true, .fd = -1, .pass_fd = -1, .tty = isatty(STDOUT_FILENO) };
	char **words = calloc((size_t)count + 1, sizeof(*words));
	char path[128];
	int n = 0;
	bool complete = count > 1 && strcmp(arguments[1], "--complete") == 0;
	(void)setlocale(LC_CTYPE, "");  /* without one, ASCII */
	(void)signal(SIGPIPE, SIG_DFL); /* whoever reads us may leave */
	ctl.address = getenv("BEAMR_SOCKET");
	if (ctl.address == NULL || ctl.address[0] == '\0')
		ctl.address = DEFAULT_ADDRESS;
	if (words == NULL)
		return CTL_FAILED;
	if (complete) {
		complete_words(&ctl, count - 2, arguments + 2);
		return 0;
	}
	for (int i = 1; i < count; i++) {
		if (strcmp(arguments[i], "--") == 0) {
			while (i < count)
				words[n++] = arguments[i++];
			break;
		}
		if (strcmp(arguments[i], "--version") == 0) {
			puts("beamrctl " BEAMR_VERSION);
			return 0;
		}
		int r = common_option(&ctl, count, arguments, &i);
		if (r < 0)
			return usage("the value is missing or wrong", arguments[i]);
		if (r == 0 && n == 0 && arguments[i][0] == '-')
			return usage("there is no such option", arguments[i]);
		if (r == 0)
			words[n++] = arguments[i];
	}
	if (ctl.instance != NULL) {
		(void)snprintf(path, sizeof(path), "/run/beamr/%.90s/io.beamr.Daemon",
			ctl.instance); /* cut: then there is none */
		ctl.address = path;
	}
	if (n == 0) {
		if (ctl.help) {
			help_all();
			return 0;
		}
		fputs("Usage: beamrctl [OPTION]... VERB [WORD]...  See beamrctl --help.\n", stderr);
		return CTL_USAGE;
	}
	int status = run(&ctl, n, words);
	if (fflush(stdout) != 0 && status == 0)
		status = CTL_FAILED;
	free(words);
	return status;
}
