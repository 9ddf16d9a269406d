/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket and its connections: accepting, limits, reading one call at a time, writing replies.
 * Main thread only. */
#pragma once
#include "peer.h"

struct call;
struct daemon;
struct server;
struct connection;

#define SERVER_MESSAGE_MAX (16u << 20)      /* of LoadModule, for those who may */
#define SERVER_MESSAGE_USUAL_MAX (1u << 20) /* of everything else */
#define SERVER_OUTPUT_HIGH (256u << 10)     /* who streams waits above this */

/* fd: a listening socket, the server's from then on. unlink_path: removed at the end; NULL for a socket of systemd's. */
int server_new(struct daemon *daemon, int fd, const char *unlink_path, struct server **ret_server);
/* Closes everything. Takes NULL. */
struct server *server_free(struct server *server);
/* No new connections from here on. */
void server_stop_listening(struct server *server);
/* Makes and binds a socket of our own, mode 0600. Returns a descriptor or negative errno. */
int server_bind(const char *path);

/* One message out; takes the reference. A peer that does not read is cut off when too much waits for it. */
void connection_send(struct connection *connection, json_t *message);
/* The call on it has been answered for good; the next one may be read. */
void connection_call_done(struct connection *connection);
/* Bytes that wait to be sent. */
size_t connection_waiting(const struct connection *connection);
/* A descriptor that came with the message that is being handled, by its index; the caller's from then on. -1 when there is none. */
int connection_take_fd(struct connection *connection, int64_t index);
const struct peer *connection_peer(const struct connection *connection);
