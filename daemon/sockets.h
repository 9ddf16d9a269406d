/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets and FIFOs that services are given: passed by systemd when the daemon starts (socket units, and its store of descriptors), or
 * brought later over the control socket. Each has the name SERVICE.NAME; each run of the service gets copies of its own, so that the old and
 * the new one of a blue-green change have the same. What was brought later is put into systemd's store, and is there again after the
 * daemon's next start, however that came. Main thread only. */
#pragma once
#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>

struct sockets;

struct socket_info {
	const char *name; /* without its service's */
	const char *address;
	int fd; /* lent */
};

/* NULL when the host has no memory. */
struct sockets *sockets_new(void);
struct sockets *sockets_free(struct sockets *sockets);
/* What systemd has passed. instance: whose are those without a service in their name; NULL: nobody's. Returns the control socket, or -ENOENT.
 * What is nobody's is closed, and taken out of the store. */
int sockets_take_passed(struct sockets *sockets, const char *instance);
/* Takes the descriptor when it returns 0. One of the same name is replaced; runs that have it keep it. Returns 0, -EINVAL (name), -ENOTSOCK,
 * or negative errno. */
int sockets_adopt(struct sockets *sockets, const char *service, const char *name, int fd);
/* Those that were brought later go with their service, those of them that were passed again at a start when the daemon starts next. */
void sockets_drop(struct sockets *sockets, const char *service);
/* By name; false ends it. Borrowed for the call. */
void sockets_each(const struct sockets *sockets, const char *service,
	bool (*fn)(void *user, const struct socket_info *info), void *user);
