/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a connection, and what they may do. */
#pragma once
#include "control/control.h"

#include <sys/types.h>

struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	gid_t *groups;
	size_t group_count;
};

/* From the kernel, as of when the peer connected. Returns 0 or negative errno. */
_must_check_ int peer_init(struct peer *peer, int fd);
void peer_done(struct peer *peer);
/* Root, the daemon's own user and members of admin_group (a name; it may not exist) may change things; everyone who could
 * connect may look. */
bool peer_may(const struct peer *peer, enum control_right right, const char *admin_group);
