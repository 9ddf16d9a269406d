/* SPDX-License-Identifier: Apache-2.0 */
/* Connections. A connection's life: 1 reading, no call; 2 a call is out, at most one more message is read ahead; 3 the peer has
 * sent its end: the call out is answered, then it closes; 4 closed. Every limit is met by closing or refusing, never by waiting.
 * Bound: output of one connection stays under OUTPUT_MAX, or it is closed. */
#include "server.h"

#include "base/cleanup.h"
#include "base/list.h"
#include "call.h"
#include "control/frame.h"
#include "log.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define OUTPUT_MAX (64u << 20)
#define READ_ONCE (64u << 10)
#define READERS_MAX (128u << 20) /* bytes of unfinished messages of all connections together */
#define HALF_MESSAGE_SECONDS 30  /* how long an unfinished message may stand still */
#define USER_BUCKETS 256
#define FLUSH_AT (64u << 10) /* less than that is written when the loop comes around */
#define PASSED_MAX 8 /* descriptors that one read may bring; more are closed by the kernel */

struct user {
	struct user *next;
	uid_t uid;
	size_t connections;
};

struct server {
	struct daemon *daemon;
	struct evconnlistener *listener;
	char *unlink_path;
	struct list connections;
	size_t connection_count;
	size_t reader_bytes; /* capacity of all readers */
	struct user *users[USER_BUCKETS];
	bool freeing;
};

struct connection {
	struct list node;
	struct server *server;
	struct user *user;
	struct peer peer;
	int fd;
	struct event *read_event;
	struct event *write_event;
	struct frame_reader reader;
	struct evbuffer *output;
	int passed;        /* the one descriptor that came with what was read, or -1 */
	struct call *call; /* unanswered */
	bool ended;        /* the peer sends no more */
	bool broken;       /* closes as soon as nobody is inside */
	bool inside;       /* a message is being handled */
};

static struct user *user_get(struct server *server, uid_t uid)
{
	struct user **at = &server->users[uid % USER_BUCKETS];
	for (; *at != NULL; at = &(*at)->next) {
		if ((*at)->uid == uid)
			return *at;
	}
	*at = calloc(1, sizeof(**at));
	if (*at != NULL)
		(*at)->uid = uid;
	return *at;
}

static void user_release(struct server *server, struct user *user)
{
	if (--user->connections > 0)
		return;
	struct user **at = &server->users[user->uid % USER_BUCKETS];
	while (*at != user)
		at = &(*at)->next;
	*at = user->next;
	free(user);
}

static void connection_close(struct connection *connection)
{
	if (connection->call != NULL) {
		struct call *call = TAKE_PTR(connection->call);
		call_closed(call);
		(void)call_unref(call);
	}
	if (connection->read_event != NULL)
		event_free(connection->read_event);
	if (connection->write_event != NULL)
		event_free(connection->write_event);
	if (connection->output != NULL)
		evbuffer_free(connection->output);
	connection->server->reader_bytes -= connection->reader.capacity;
	frame_done(&connection->reader);
	peer_done(&connection->peer);
	close_fdp(&connection->fd);
	close_fdp(&connection->passed);
	list_remove(&connection->node);
	connection->server->connection_count--;
	user_release(connection->server, connection->user);
	free(connection);
}

static void flush(struct connection *connection)
{
	while (evbuffer_get_length(connection->output) > 0) {
		int n = evbuffer_write(connection->output, connection->fd);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			event_add(connection->write_event, NULL);
			return;
		}
		if (n < 0) {
			connection->broken = true;
			return;
		}
	}
	event_del(connection->write_event);
}

/* What comes of a change of state: closing, reading on, or not. Returns false when the connection is gone. */
static bool settle(struct connection *connection)
{
	if (connection->inside)
		return true;
	bool idle = connection->call == NULL && evbuffer_get_length(connection->output) == 0;
	if (connection->broken || (connection->ended && idle)) {
		connection_close(connection);
		return false;
	}
	bool read_on = !connection->ended &&
		       (connection->call == NULL ||
			       connection->reader.used - connection->reader.start < READ_ONCE);
	struct timeval patience = { .tv_sec = HALF_MESSAGE_SECONDS };
	if (read_on && connection->call == NULL &&
		connection->reader.used > connection->reader.start) {
		event_add(connection->read_event, &patience);
	} else if (read_on) {
		event_add(connection->read_event, NULL);
		event_remove_timer(connection->read_event);
	} else {
		event_del(connection->read_event);
	}
	return true;
}

/* Takes messages out of what was read while no call is out. */
static void handle_messages(struct connection *connection)
{
	connection->inside = true;
	while (!connection->broken && connection->call == NULL &&
		evbuffer_get_length(connection->output) < SERVER_OUTPUT_HIGH) {
		char *message;
		size_t size;
		int r = frame_next(&connection->reader, &message, &size);
		if (r == FRAME_MORE)
			break;
		if (r == FRAME_TOO_LONG) {
			connection->broken = true;
			break;
		}
		bool close_it = false;
		connection->call = call_begin(
			connection->server->daemon, connection, message, size, &close_it);
		close_fdp(
			&connection
				 ->passed); /* a message that does not use it has no business with it */
		connection->passed = -1;
		if (close_it)
			connection->broken = true;
	}
	if (connection->call == NULL) {
		connection->server->reader_bytes -= connection->reader.capacity;
		frame_trim(&connection->reader);
		connection->server->reader_bytes += connection->reader.capacity;
	}
	connection->inside = false;
}

static bool peer_is_gone(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = 0 };
	return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLHUP | POLLERR)) != 0;
}

static void on_end(struct connection *connection)
{
	connection->ended = true;
	/* A stream ends when its reader does; an ordinary call is still answered to one who only stopped sending. */
	if (connection->call != NULL && (connection->call->more || peer_is_gone(connection->fd)))
		connection->broken = true;
}

/* Reads bytes, and a descriptor that may come with them: one, of those who may change things; any other is closed at once. */
static ssize_t receive(struct connection *connection, char *to, size_t room)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * PASSED_MAX)];
	} control;

	struct iovec part = { .iov_base = to, .iov_len = room };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(connection->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return n;
	bool may = peer_may(
		&connection->peer, CONTROL_MANAGE, connection->server->daemon->config.admin_group);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (may && connection->passed < 0)
				connection->passed = fd;
			else
				(void)close(fd); /* it was not asked for */
		}
	}
	return n;
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
	struct connection *connection = user;
	struct server *server = connection->server;
	size_t room, capacity = connection->reader.capacity;
	char *to = (what & EV_TIMEOUT) == 0 ? frame_room(&connection->reader, &room) : NULL;
	server->reader_bytes += connection->reader.capacity - capacity;
	if (to == NULL ||
		(server->reader_bytes > READERS_MAX && connection->reader.capacity > READ_ONCE)) {
		connection->broken = true;
		(void)settle(connection);
		return;
	}
	if (room > READ_ONCE)
		room = READ_ONCE;
	ssize_t n = receive(connection, to, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		connection->broken = true;
	else if (n == 0)
		on_end(connection);
	else
		frame_added(&connection->reader, (size_t)n);
	handle_messages(connection);
	(void)settle(connection);
}

static void on_writable(evutil_socket_t fd, short what, void *user)
{
	struct connection *connection = user;
	if (!connection->broken)
		flush(connection);
	if (!connection->broken &&
		evbuffer_get_length(connection->output) < SERVER_OUTPUT_HIGH / 2) {
		struct call *call = connection->call;
		if (call != NULL && call->on_drained != NULL) {
			connection->inside = true;
			call->on_drained(call, call->user);
			connection->inside = false;
		}
		handle_messages(connection);
	}
	(void)settle(connection);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd_in,
	struct sockaddr *address, int length, void *user)
{
	_cleanup_(close_fdp) int fd = fd_in;
	struct server *server = user;
	struct daemon *daemon = server->daemon;
	struct peer peer;
	if (peer_init(&peer, fd) < 0)
		return;
	struct user *owner = user_get(server, peer.uid);
	if (owner == NULL) {
		peer_done(&peer);
		return;
	}
	owner->connections++;
	bool may_more = peer.uid == 0 || peer.uid == geteuid();
	if (server->connection_count >= (size_t)daemon->config.connections_max ||
		(!may_more && owner->connections > (size_t)daemon->config.connections_per_user)) {
		user_release(server, owner);
		peer_done(&peer);
		return;
	}
	struct connection *connection = calloc(1, sizeof(*connection));
	if (connection == NULL) {
		user_release(server, owner);
		peer_done(&peer);
		return;
	}
	connection->server = server;
	connection->user = owner;
	connection->peer = peer;
	connection->fd = TAKE_FD(fd);
	connection->passed = -1;
	list_append(&server->connections, &connection->node);
	server->connection_count++;
	frame_init(&connection->reader, peer_may(&peer, CONTROL_MANAGE, daemon->config.admin_group)
						? SERVER_MESSAGE_MAX
						: SERVER_MESSAGE_USUAL_MAX);
	connection->output = evbuffer_new();
	connection->read_event = event_new(
		daemon->base, connection->fd, EV_READ | EV_PERSIST, on_readable, connection);
	connection->write_event = event_new(
		daemon->base, connection->fd, EV_WRITE | EV_PERSIST, on_writable, connection);
	if (connection->output == NULL || connection->read_event == NULL ||
		connection->write_event == NULL)
		connection->broken = true;
	(void)settle(connection);
}

/* Out of descriptors, most likely: stop listening for a moment, so that the loop does not spin. */
static void listen_again(evutil_socket_t fd, short what, void *user)
{
	struct server *server = user;
	if (server->listener != NULL)
		evconnlistener_enable(server->listener);
}

static void on_accept_error(struct evconnlistener *listener, void *user)
{
	struct server *server = user;
	struct timeval pause = { .tv_usec = 200000 };
	log_say(server->daemon->log, 4, "cannot accept a control connection: %s", strerror(errno));
	evconnlistener_disable(listener);
	(void)event_base_once(server->daemon->base, -1, EV_TIMEOUT, listen_again, server, &pause);
}

int server_bind(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	_cleanup_(close_fdp) int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* A socket that nobody answers on is left over from a daemon that was killed. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return -EADDRINUSE;
	if (errno == ECONNREFUSED)
		(void)unlink(path);
	close_fdp(&fd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mode_t mask = umask(0177);
	int r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	int kept = errno;
	(void)umask(mask);
	if (r != 0)
		return -kept;
	if (listen(fd, 1024) != 0)
		return -errno;
	return TAKE_FD(fd);
}

int server_new(struct daemon *daemon, int fd, const char *unlink_path, struct server **ret_server)
{
	struct server *server = calloc(1, sizeof(*server));
	if (server == NULL)
		return -ENOMEM;
	server->daemon = daemon;
	list_init(&server->connections);
	if (unlink_path != NULL)
		server->unlink_path = strdup(unlink_path);
	if (evutil_make_socket_nonblocking(fd) != 0) {
		(void)server_free(server);
		return -errno;
	}
	server->listener = evconnlistener_new(daemon->base, on_accept, server,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (server->listener == NULL) {
		(void)server_free(server);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	*ret_server = server;
	return 0;
}

void server_stop_listening(struct server *server)
{
	/* The name goes first: once nobody listens, another daemon may take it. */
	if (server->listener != NULL && server->unlink_path != NULL)
		(void)unlink(server->unlink_path); /* it may be gone already */
	if (server->listener != NULL)
		evconnlistener_free(server->listener);
	server->listener = NULL;
}

struct server *server_free(struct server *server)
{
	if (server == NULL)
		return NULL;
	server->freeing = true;
	server_stop_listening(server);
	list_foreach_safe(node, &server->connections) {
		struct connection *connection = list_entry(node, struct connection, node);
		flush(connection);
		connection_close(connection);
	}
	free(server->unlink_path);
	free(server);
	return NULL;
}

static int add_bytes(const char *bytes, size_t size, void *user)
{
	return evbuffer_add(user, bytes, size);
}

void connection_send(struct connection *connection, json_t *message)
{
	if (!connection->broken) {
		if (message == NULL ||
			json_dump_callback(message, add_bytes, connection->output, JSON_COMPACT) !=
				0 ||
			evbuffer_add(connection->output, "", 1) != 0 ||
			evbuffer_get_length(connection->output) > OUTPUT_MAX)
			connection->broken = true;
		else if (evbuffer_get_length(connection->output) >= FLUSH_AT)
			flush(connection);
		else
			event_active(connection->write_event, EV_WRITE,
				1); /* many little ones at once */
		if (connection->broken && !connection->inside)
			event_active(connection->write_event, EV_WRITE, 1);
	}
	json_decref(message);
}

void connection_call_done(struct connection *connection)
{
	/* NULL when it was answered before call_begin() returned, which then gives the reference back. */
	struct call *call = TAKE_PTR(connection->call);
	(void)call_unref(call);
	if (connection->inside)
		return; /* handle_messages() goes on by itself */
	/* From the loop, so that whoever answered need not expect the connection to go under it. */
	event_active(connection->write_event, EV_WRITE, 1);
}

int connection_take_fd(struct connection *connection, int64_t index)
{
	return index == 0 && connection != NULL ? TAKE_FD(connection->passed) : -1;
}

size_t connection_waiting(const struct connection *connection)
{
	return evbuffer_get_length(connection->output);
}

const struct peer *connection_peer(const struct connection *connection)
{
	return &connection->peer;
}
