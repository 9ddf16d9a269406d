/* SPDX-License-Identifier: Apache-2.0 */
/* One service: all about it, and giving it sockets. */
#include "ctl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTEN_FIRST 3 /* sd_listen_fds(3) */

static void print_usage(json_t *usage)
{
	char memory[32], peak[32];
	show_bytes(number_of(usage, "memory"), memory, sizeof(memory));
	show_bytes(number_of(usage, "memoryPeak"), peak, sizeof(peak));
	printf("    Memory: %s, at most %s\n", memory, peak);
	printf(" Processes: %lld, %lld crashed, %lld started again by supervisors\n",
		(long long)number_of(usage, "processes"), (long long)number_of(usage, "crashes"),
		(long long)number_of(usage, "restarts"));
}

int service_status(struct ctl *ctl, const char *name)
{
	json_t *reply, *item;
	size_t i;
	int r = ctl_call(
		ctl, CONTROL_METHOD_service_describe, json_pack("{s:s}", "service", name), &reply);
	if (r != 0)
		return r;
	json_t *service = json_object_get(reply, "service");
	json_t *releases = json_object_get(reply, "releases");
	const char *state = text_of(service, "state");
	bool runs = strcmp(state, "running") == 0 || strcmp(state, "degraded") == 0;
	if (show_plain(ctl, ctl->field != NULL ? service : reply)) {
		json_decref(reply);
		return runs ? 0 : CTL_NOT_RUNNING;
	}
	char since[32];
	show_time(number_of(service, "sinceRealtimeUSec"), since, sizeof(since));
	printf("%s, %s since %s\n", name, state, since);
	if (text_of(service, "result")[0] != '\0')
		printf("    Result: %s\n", text_of(service, "result"));
	json_array_foreach(releases, i, item) {
		if (strcmp(text_of(item, "state"), "active") == 0)
			printf("   Release: %s%s%.12s, %lld modules\n", text_of(item, "version"),
				text_of(item, "version")[0] != '\0' ? ", " : "",
				text_of(item, "digest"), (long long)number_of(item, "modules"));
	}
	if (runs)
		printf("      Root: %s, %lld times started again\n",
			text_of(service, "rootProcess"), (long long)number_of(service, "restarts"));
	json_array_foreach(json_object_get(service, "sockets"), i, item) {
		printf("%s %s at %s\n", i == 0 ? "   Sockets:" : "           ",
			text_of(item, "name"), text_of(item, "address"));
	}
	if (text_of(service, "cgroup")[0] != '\0')
		printf("    CGroup: %s\n", text_of(service, "cgroup"));
	if (runs)
		print_usage(json_object_get(service, "usage"));
	json_decref(reply);
	return runs ? 0 : CTL_NOT_RUNNING;
}

/* ---- adopt ---- */

/* How many descriptors were passed to this process; 0 when that was another one. */
static int passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	if (pid == NULL || count == NULL || atol(pid) != (long)getpid())
		return 0;
	int n = atoi(count);
	/* Before anything of ours is opened and takes the number of one that is not there. */
	for (int i = 0; i < n; i++) {
		if (fcntl(LISTEN_FIRST + i, F_SETFD, FD_CLOEXEC) != 0)
			return 0;
	}
	return n > 0 ? n : 0;
}

static int adopt_one(struct ctl *ctl, const char *service, const char *name, int fd)
{
	json_t *reply;
	ctl->pass_fd = fd;
	int r = ctl_call(ctl, CONTROL_METHOD_service_adopt,
		json_pack("{s:s, s:s, s:i}", "service", service, "name", name, "fileDescriptor", 0),
		&reply);
	ctl->pass_fd = -1;
	if (r != 0)
		return r;
	if (!show_plain(ctl, reply) && !ctl->quiet && json_is_true(json_object_get(reply, "waits")))
		printf("%s gets %s when it is started again: beamrctl restart %s\n", service, name,
			service);
	json_decref(reply);
	return 0;
}

int verb_adopt(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	const char *service = text_of(params, "service");
	const char *given = getenv("LISTEN_FDNAMES");
	int n = passed(), r = 0;
	if (ctl->host != NULL) {
		fputs("beamrctl: sockets cannot be given to another machine\n", stderr);
		return CTL_USAGE;
	}
	if (n == 0) {
		fputs("beamrctl: no sockets were passed to this program; it is meant for "
		      "ExecStart= "
		      "of a service with a socket unit\n",
			stderr);
		return CTL_USAGE;
	}
	char *names = strdup(given != NULL ? given : ""), *rest = names;
	if (names == NULL)
		return CTL_FAILED;
	for (int i = 0; i < n && r == 0; i++) {
		const char *name = strsep(&rest, ":");
		const char *dot = name != NULL ? strrchr(name, '.') : NULL;
		/* As FileDescriptorName= of a socket unit has it: shop.http, or http alone. */
		if (dot != NULL && (size_t)(dot - name) == strlen(service) &&
			strncmp(name, service, strlen(service)) == 0)
			name = dot + 1;
		r = adopt_one(ctl, service, name != NULL ? name : "", LISTEN_FIRST + i);
	}
	free(names);
	return r;
}
