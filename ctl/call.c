/* SPDX-License-Identifier: Apache-2.0 */
/* One connection, calls on it, and telling errors: what went wrong, what may help, and the error's name. */
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define REPLY_MAX (256u << 20)
#define TIMEOUT_MSEC 45000

static int tell_connect(const struct ctl *ctl, int error)
{
	if (error == EACCES || error == EPERM) {
		fprintf(stderr, "beamrctl: you may not talk to the daemon at %s.\n", ctl->address);
		fprintf(stderr, "Members of group beamr may look, members of beamr-admin may "
				"change things as well:\n"
				"    usermod -aG beamr USER\n");
		return CTL_NOT_ALLOWED;
	}
	fprintf(stderr, "beamrctl: no daemon at %s (%s).\n", ctl->address, strerror(error));
	fprintf(stderr, "Is it running?  systemctl status beamrd%s%s\n",
		ctl->instance != NULL ? "@" : "", ctl->instance != NULL ? ctl->instance : "");
	return CTL_NO_DAEMON;
}

/* `beamrctl bridge` on the other machine, with a socket of ours as its standard input and output. */
static int open_ssh(struct ctl *ctl)
{
	/* What ssh hands on is read by a shell there. */
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@:-";
	const char *word = ctl->address, *program = getenv("BEAMR_SSH");
	int ends[2];
	if (ctl->host[0] == '-' || word[strspn(word, plain)] != '\0')
		return EINVAL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return errno;
	if (program == NULL || program[0] == '\0')
		program = "ssh";
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(ends[1], STDIN_FILENO); /* both are open */
		(void)dup2(ends[1], STDOUT_FILENO);
		execlp(program, program, "-e", "none", "-T", ctl->host, "beamrctl", "-S", word,
			"bridge", (char *)NULL);
		fprintf(stderr, "beamrctl: cannot run %s: %s\n", program, strerror(errno));
		_exit(CTL_NO_DAEMON);
	}
	(void)close(ends[1]); /* it is the child's */
	if (pid < 0) {
		int error = errno;
		(void)close(ends[0]); /* nothing was sent */
		return error;
	}
	ctl->fd = ends[0];
	frame_init(&ctl->reader, REPLY_MAX);
	return 0;
}

static int open_socket(struct ctl *ctl)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = ctl->address;
	if (ctl->host != NULL)
		return open_ssh(ctl);
	if (strncmp(path, "unix:", 5) == 0)
		path += 5;
	if (strlen(path) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	socklen_t length = sizeof(address);
	if (path[0] == '@') { /* the abstract namespace */
		address.sun_path[0] = '\0';
		length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	ctl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ctl->fd < 0)
		return errno;
	/* Bound: a connect to a Unix socket waits only for room in the daemon's backlog. */
	if (connect(ctl->fd, (struct sockaddr *)&address, length) != 0) {
		int error = errno;
		(void)close(ctl->fd); /* nothing was sent */
		ctl->fd = -1;
		return error;
	}
	frame_init(&ctl->reader, REPLY_MAX);
	return 0;
}

int ctl_connect(struct ctl *ctl)
{
	if (ctl->fd >= 0)
		return 0;
	int error = open_socket(ctl);
	return error != 0 ? tell_connect(ctl, error) : 0;
}

int ctl_connect_silently(struct ctl *ctl, int timeout_msec)
{
	struct timeval timeout = { .tv_sec = timeout_msec / 1000,
		.tv_usec = timeout_msec % 1000 * 1000 };
	if (ctl->fd < 0 && open_socket(ctl) != 0)
		return -1;
	ctl->quiet = true;
	ctl->timeout_usec = timeout_msec * 1000;
	return setsockopt(ctl->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

static int tell_lost(const struct ctl *ctl, const char *what)
{
	if (!ctl->quiet)
		fprintf(stderr, "beamrctl: %s\n", what);
	return CTL_FAILED;
}

/* A descriptor goes with the first byte of its message. */
static ssize_t send_some(struct ctl *ctl, char *text, size_t length)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = "" };

	struct iovec part = { .iov_base = text, .iov_len = length };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (ctl->pass_fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &ctl->pass_fd, sizeof(int));
	}
	ssize_t n = sendmsg(ctl->fd, &message, MSG_NOSIGNAL);
	if (n > 0)
		ctl->pass_fd = -1;
	return n;
}

int ctl_send(struct ctl *ctl, enum control_method_id id, json_t *params, bool more)
{
	const struct control_method *method = &control_methods[id];
	char name[128];
	(void)snprintf(name, sizeof(name), "%s.%s", control_interfaces[method->interface].wire,
		method->wire); /* names in the table are short */
	json_t *message = json_pack("{s:s, s:o}", "method", name, "parameters",
		params != NULL ? params : json_object());
	if (more)
		(void)json_object_set_new(message, "more",
			json_true()); /* fails only without memory, as the dump then does */
	char *text = json_dumps(message, JSON_COMPACT);
	json_decref(message);
	if (text == NULL)
		return tell_lost(ctl, "out of memory");
	size_t length = strlen(text) + 1, sent = 0;
	while (sent < length) {
		ssize_t n = send_some(ctl, text + sent, length - sent);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(text);
			return tell_lost(ctl, "the daemon closed the connection");
		}
		sent += (size_t)n;
	}
	free(text);
	return 0;
}

static const char *member(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void tell_hints(const char *name, json_t *params)
{
	json_t *similar = json_object_get(params, "similar"), *item;
	size_t i;
	const char *hint = member(params, "hint");
	if (json_array_size(similar) > 0) {
		fputs("Near: ", stderr);
		json_array_foreach(similar, i, item) {
			fprintf(stderr, "%s%s", i > 0 ? ", " : "", json_string_value(item));
		}
		fputc('\n', stderr);
	}
	if (hint != NULL)
		fprintf(stderr, "Near: %s\n", hint);
	json_array_foreach(json_object_get(params, "processes"), i, item) {
		fprintf(stderr, "  %s\n", json_string_value(item));
	}
	if (strcmp(name, "io.beamr.Process.OldCodeInUse") == 0)
		fputs("Wait for them, restart them (beamrctl kill PROCESS), or use --force, which "
		      "kills them.\n",
			stderr);
	if (strcmp(name, "org.varlink.service.PermissionDenied") == 0)
		fputs("Only root, the daemon's user and members of group beamr-admin may change "
		      "things.\n",
			stderr);
}

/* Tells an error reply. Returns its exit status. */
static int tell_error(const struct ctl *ctl, const char *name, json_t *params)
{
	int id = control_error_find(name);
	int status = id >= 0 ? control_errors[id].exit_status : CTL_FAILED;
	const char *message = member(params, "message"), *text = member(params, "text");
	if (ctl->json) {
		json_t *object = json_pack("{s:s, s:O}", "error", name, "parameters", params);
		(void)json_dumpf(
			object, stdout, JSON_COMPACT); /* a broken stdout shows at the end */
		putchar('\n');
		json_decref(object);
	}
	if (ctl->quiet)
		return status;
	const char *parameter = member(params, "parameter");
	const char *file = member(params, "file");
	int64_t line = json_integer_value(json_object_get(params, "line"));
	fprintf(stderr, "beamrctl: ");
	if (parameter != NULL)
		fprintf(stderr, "the daemon does not take the parameter \"%s\"\n", parameter);
	else if (line > 0)
		fprintf(stderr, "%s%sline %lld, column %lld: %s\n", file != NULL ? file : "",
			file != NULL ? ", " : "", (long long)line,
			(long long)json_integer_value(json_object_get(params, "column")), message);
	else if (text != NULL)
		fprintf(stderr, "%s\n", text);
	else
		fprintf(stderr, "%s\n",
			message != NULL ? message
			: id >= 0       ? control_errors[id].doc
					: "the daemon refused");
	tell_hints(name, params);
	fprintf(stderr, "%s\n", name);
	return status;
}

static int64_t now_msec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads until a message is there. Returns 0 or an exit status. */
static int read_message(struct ctl *ctl, char **ret_message, size_t *ret_size, bool patient)
{
	int64_t msec = ctl->timeout_usec > 0 ? ctl->timeout_usec / 1000 + (ctl->quiet ? 0 : 5000)
					     : TIMEOUT_MSEC;
	int64_t until = now_msec() + msec;
	for (;;) {
		int r = frame_next(&ctl->reader, ret_message, ret_size);
		if (r == FRAME_MESSAGE)
			return 0;
		if (r == FRAME_TOO_LONG)
			return tell_lost(ctl, "the daemon sent a reply that is too long");
		struct pollfd poll_fd = { .fd = ctl->fd, .events = POLLIN };
		int64_t left = until - now_msec();
		int n = poll(&poll_fd, 1, patient ? -1 : left > 0 ? (int)left : 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0) {
			(void)tell_lost(ctl, "the daemon did not answer in time; what was asked "
					     "for may or may not have happened");
			return CTL_TIMED_OUT;
		}
		size_t room;
		char *to = frame_room(&ctl->reader, &room);
		ssize_t got = to != NULL ? recv(ctl->fd, to, room, 0) : -1;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return tell_lost(ctl, "the daemon closed the connection without an answer");
		frame_added(&ctl->reader, (size_t)got);
	}
}

static int receive(struct ctl *ctl, json_t **ret_params, bool *ret_more, bool patient)
{
	char *message;
	size_t size;
	json_error_t error;
	int r = read_message(ctl, &message, &size, patient);
	if (r != 0)
		return r;
	json_t *reply = json_loadb(message, size, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(reply)) {
		json_decref(reply);
		return tell_lost(ctl, "the daemon sent what is no reply");
	}
	json_t *params = json_incref(json_object_get(reply, "parameters"));
	if (!json_is_object(params)) {
		json_decref(params);
		params = json_object();
	}
	const char *name = member(reply, "error");
	*ret_more = json_is_true(json_object_get(reply, "continues"));
	int status = name != NULL ? tell_error(ctl, name, params) : 0;
	json_decref(reply);
	if (status != 0)
		json_decref(params);
	else
		*ret_params = params;
	return status;
}

int ctl_receive(struct ctl *ctl, json_t **ret_params, bool *ret_more)
{
	return receive(ctl, ret_params, ret_more, false);
}

int ctl_call(struct ctl *ctl, enum control_method_id method, json_t *params, json_t **ret_reply)
{
	bool more;
	int r = ctl_connect(ctl);
	if (r != 0) {
		json_decref(params);
		return r;
	}
	r = ctl_send(ctl, method, params, false);
	return r != 0 ? r : ctl_receive(ctl, ret_reply, &more);
}

int ctl_follow(struct ctl *ctl, enum control_method_id method, json_t *params,
	int (*fn)(struct ctl *ctl, json_t *reply, void *user), void *user)
{
	/* A stream that has begun may be silent for as long as nothing happens. */
	bool more = true, patient = false;
	int r = ctl_connect(ctl);
	if (r != 0) {
		json_decref(params);
		return r;
	}
	r = ctl_send(ctl, method, params, true);
	while (r == 0 && more) {
		json_t *reply;
		r = receive(ctl, &reply, &more, patient);
		if (r != 0)
			break;
		patient = method == CONTROL_METHOD_event_subscribe;
		r = fn(ctl, reply, user);
		json_decref(reply);
	}
	return r;
}
