/* SPDX-License-Identifier: Apache-2.0 */
/* The verb top: who spends most, sampled by the daemon, which sends only what is shown. On a terminal again and again, on a screen of its
 * own, with keys; else once. What a process has of the processor is its share of the reductions spent, of the time that schedulers were busy. */
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define INTERVAL_USEC 1000000
#define ROWS 20
#define HEAD_LINES 5 /* the last is for the cursor */
#define BAR 10

static const char *const sorts[] = { "reductionsDelta", "memory", "mailbox", "reductions" };

struct load {
	int64_t at_usec; /* of the daemon's clock */
	double busy;     /* usec of all schedulers together, since the daemon started */
	int64_t reductions;
};

struct top {
	struct ctl *ctl;
	json_t *params;
	json_t *processes; /* of the last sample */
	json_t *schedulers;
	struct load before, now;
	double *before_each, *now_each; /* usec that each was busy */
	size_t scheduler_count;
	int64_t started_usec;
	size_t sort;
	char filter[64];
	bool typing, paused, screen;
};

static volatile sig_atomic_t interrupted;
static struct termios usual_terminal;

static void on_signal(int number)
{
	interrupted = 1;
}

/* ---- asking ---- */

static int look_at_load(struct top *top)
{
	json_t *reply, *scheduler;
	size_t i;
	int r = ctl_call(top->ctl, CONTROL_METHOD_daemon_schedulers, NULL, &reply);
	if (r != 0)
		return r;
	json_decref(top->schedulers);
	top->schedulers = reply;
	json_t *list = json_object_get(reply, "schedulers");
	if (top->scheduler_count == 0) {
		top->scheduler_count = json_array_size(list);
		top->before_each = calloc(top->scheduler_count + 1, sizeof(double));
		top->now_each = calloc(top->scheduler_count + 1, sizeof(double));
		if (top->before_each == NULL || top->now_each == NULL)
			abort(); /* as mem_alloc does */
	}
	top->before = top->now;
	memcpy(top->before_each, top->now_each, top->scheduler_count * sizeof(double));
	top->now = (struct load){ .at_usec = number_of(reply, "realtimeUSec") };
	json_array_foreach(list, i, scheduler) {
		/* A single look tells of the time since the daemon started. */
		double busy = json_real_value(json_object_get(scheduler, "utilization")) *
			      (double)(top->now.at_usec - top->started_usec);
		top->now.busy += busy;
		top->now.reductions += number_of(scheduler, "reductions");
		if (i < top->scheduler_count)
			top->now_each[i] = busy;
	}
	return 0;
}

static json_t *question(const struct top *top)
{
	json_t *params = json_deep_copy(top->params);
	struct winsize size;
	int64_t rows = ROWS;
	if (top->screen && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
		size.ws_row > HEAD_LINES + 1)
		rows = size.ws_row - HEAD_LINES;
	/* All fails only without memory. */
	(void)json_object_set_new(params, "sort", json_string(sorts[top->sort]));
	(void)json_object_set_new(params, "descending", json_true());
	if (json_object_get(params, "limit") == NULL)
		(void)json_object_set_new(params, "limit", json_integer(rows));
	if (json_object_get(params, "sampleUSec") == NULL)
		(void)json_object_set_new(params, "sampleUSec", json_integer(INTERVAL_USEC));
	if (top->filter[0] != '\0')
		(void)json_object_set_new(params, "match", json_pack("{s:s}", "name", top->filter));
	return params;
}

static int receive_all(struct top *top)
{
	bool more = true;
	json_decref(top->processes);
	top->processes = json_array();
	while (more) {
		json_t *reply;
		int r = ctl_receive(top->ctl, &reply, &more);
		if (r != 0)
			return r;
		json_t *process = json_object_get(reply, "process");
		if (process != NULL)
			(void)json_array_append(
				top->processes, process); /* fails only without memory */
		json_decref(reply);
	}
	return look_at_load(top);
}

/* ---- showing ---- */

static double percent(double part, double whole)
{
	double share = whole > 0 ? part / whole : 0;
	return share < 0 ? 0 : share * 100;
}

static void print_head(const struct top *top)
{
	char age[32];
	double time = (double)(top->now.at_usec - top->before.at_usec);
	show_age(top->now.at_usec - top->started_usec, age, sizeof(age));
	printf("beamrd %s   %zu schedulers", age, top->scheduler_count);
	size_t width = show_width(), used = 40;
	for (size_t i = 0; i < top->scheduler_count && used + BAR + 8 < width;
		i++, used += BAR + 8) {
		double load = percent(top->now_each[i] - top->before_each[i], time);
		int bars = load > 100 ? BAR : (int)(load * BAR / 100 + 0.5);
		printf(" [%.*s%.*s %3.0f%%]", bars, "||||||||||", BAR - bars, "..........",
			load > 100 ? 100.0 : load);
	}
	printf("\nby %s%s%s%s%s   q quits, s sorts, f filters, space pauses\n\n",
		top->sort == 0 ? "processor" : sorts[top->sort],
		top->filter[0] != '\0' || top->typing ? ", name: " : "", top->filter,
		top->typing ? "_" : "", top->paused ? ", paused" : "");
}

static void print_processes(const struct top *top)
{
	static const char *const columns[] = { "SERVICE", "PROCESS", "NAME", "FUNCTION",
		"%CPU|number", "MEMORY|bytes", "MAILBOX|number", "REDS/s|count" };
	struct table *table = table_new(top->ctl);
	double time = (double)(top->now.at_usec - top->before.at_usec);
	double busy = top->now.busy - top->before.busy;
	double spent = (double)(top->now.reductions - top->before.reductions);
	json_t *process;
	size_t i;
	for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
		table_column(table, columns[c]);
	json_array_foreach(top->processes, i, process) {
		char text[1100];
		double delta = (double)number_of(process, "reductionsDelta");
		table_cell(table, text_of(process, "service"));
		table_cell(table, text_of(process, "process"));
		table_cell(table,
			json_object_get(process, "name") != NULL ? text_of(process, "name") : "-");
		table_value(table, json_object_get(process, "current"), "frame");
		/* The sample of the schedulers is not quite that of the processes. */
		double share = percent(delta, spent > delta ? spent : delta);
		(void)snprintf(text, sizeof(text), "%.1f",
			time > 0 ? share * busy / time : 0.0); /* fits */
		table_cell(table, text);
		table_value(table, json_object_get(process, "memory"), "bytes");
		table_value(table, json_object_get(process, "mailbox"), "");
		show_count(time > 0 ? (int64_t)(delta * 1000000 / time) : 0, text, sizeof(text));
		table_cell(table, text);
	}
	table_print(table);
}

static void draw(const struct top *top)
{
	fputs("\033[H\033[2J", stdout);
	print_head(top);
	print_processes(top);
	(void)fflush(stdout); /* a terminal that has gone shows when keys are read */
}

/* ---- keys ---- */

/* False: it is over. */
static bool on_key(struct top *top, char key)
{
	size_t length = strlen(top->filter);
	if (top->typing) {
		if (key == '\n' || key == '\r' || key == '\033')
			top->typing = false;
		else if ((key == '\b' || key == 127) && length > 0)
			top->filter[length - 1] = '\0';
		else if (key >= ' ' && key < 127 && length + 1 < sizeof(top->filter))
			top->filter[length] = key; /* what follows it is zero */
		return true;
	}
	switch (key) {
	case 'q':
		return false;
	case 's':
		top->sort = (top->sort + 1) % ARRAY_SIZE(sorts);
		break;
	case 'f':
		memset(top->filter, 0, sizeof(top->filter));
		top->typing = true;
		break;
	case ' ':
		top->paused = !top->paused;
		break;
	default:
		break;
	}
	return true;
}

static bool read_keys(struct top *top)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));
	bool goes_on = n > 0 || (n < 0 && errno == EINTR);
	for (ssize_t i = 0; i < n && goes_on; i++)
		goes_on = on_key(top, keys[i]);
	if (goes_on && top->processes != NULL)
		draw(top);
	return goes_on;
}

/* Until the answer is there, when one is waited for. False: it is over. */
static bool wait_for_answer(struct top *top, bool asked)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = top->ctl->fd, .events = POLLIN } };
		int n = poll(fds, asked ? 2 : 1, -1);
		if (interrupted || (n < 0 && errno != EINTR))
			return false;
		if (n > 0 && fds[0].revents != 0 && !read_keys(top))
			return false;
		if (n > 0 && asked && fds[1].revents != 0)
			return true;
		if (!asked && !top->paused)
			return true;
	}
}

static void leave_screen(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	(void)fflush(stdout);                                    /* there is nobody to tell */
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &usual_terminal); /* as above */
}

static int watch(struct top *top)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct termios terminal = usual_terminal;
	int r = 0;
	terminal.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	terminal.c_cc[VMIN] = 1;
	terminal.c_cc[VTIME] = 0;
	(void)sigaction(SIGINT, &action, NULL);            /* cannot fail */
	(void)sigaction(SIGTERM, &action, NULL);           /* as above */
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal); /* then keys need Return */
	fputs("\033[?1049h\033[?25l", stdout);
	while (r == 0) {
		if (top->paused) {
			if (!wait_for_answer(top, false))
				break;
			continue;
		}
		r = ctl_send(top->ctl, CONTROL_METHOD_process_list, question(top), true);
		if (r != 0 || !wait_for_answer(top, true))
			break;
		r = receive_all(top);
		if (r == 0 && !top->paused)
			draw(top);
	}
	leave_screen();
	return r;
}

static int once(struct top *top)
{
	json_t *process;
	size_t i;
	int r = ctl_send(top->ctl, CONTROL_METHOD_process_list, question(top), true);
	if (r == 0)
		r = receive_all(top);
	if (r != 0)
		return r;
	if (!top->ctl->json && top->ctl->field == NULL) {
		print_processes(top);
		return 0;
	}
	json_array_foreach(top->processes, i, process)
		(void)show_plain(top->ctl, process); /* it does */
	return 0;
}

int verb_top(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	struct top top = { .ctl = ctl, .params = params };
	json_t *reply;
	const char *sort = json_string_value(json_object_get(params, "sort"));
	for (size_t i = 0;
		sort != NULL && i < ARRAY_SIZE(sorts) && strcmp(sorts[top.sort], sort) != 0; i++)
		top.sort = i;
	if (sort != NULL && strcmp(sorts[top.sort], sort) != 0) {
		fprintf(stderr, "beamrctl: top does not sort by \"%s\"\n", sort);
		help_usage(verb);
		return CTL_USAGE;
	}
	int r = ctl_call(ctl, CONTROL_METHOD_daemon_describe, NULL, &reply);
	if (r != 0)
		return r;
	top.started_usec = number_of(reply, "startedRealtimeUSec");
	json_decref(reply);
	top.screen = ctl->tty && !ctl->json && ctl->field == NULL &&
		     tcgetattr(STDIN_FILENO, &usual_terminal) == 0;
	r = look_at_load(&top);
	if (r == 0)
		r = top.screen ? watch(&top) : once(&top);
	json_decref(top.processes);
	json_decref(top.schedulers);
	free(top.before_each);
	free(top.now_each);
	return r;
}
