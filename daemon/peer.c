/* SPDX-License-Identifier: Apache-2.0 */
/* Peer credentials: SO_PEERCRED and SO_PEERGROUPS. */
#include "peer.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int peer_init(struct peer *peer, int fd)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
		return -errno;
	*peer = (struct peer){
		.uid = credentials.uid, .gid = credentials.gid, .pid = credentials.pid
	};
	socklen_t room = 0;
	/* The first call tells how much room is needed, as ERANGE. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &room) == 0 || errno != ERANGE ||
		room == 0)
		return 0;
	peer->groups = malloc(room);
	if (peer->groups == NULL)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &room) != 0) {
		int r = -errno;
		peer_done(peer);
		return r;
	}
	peer->group_count = room / sizeof(gid_t);
	return 0;
}

void peer_done(struct peer *peer)
{
	free(peer->groups);
	peer->groups = NULL;
	peer->group_count = 0;
}

bool peer_may(const struct peer *peer, enum control_right right, const char *admin_group)
{
	if (right == CONTROL_READ || peer->uid == 0 || peer->uid == geteuid())
		return true;
	/* Looked up each time: groups change while the daemon runs, and changes are rare calls. */
	char buffer[16384];
	struct group entry, *group = NULL;
	if (admin_group[0] == '\0' ||
		getgrnam_r(admin_group, &entry, buffer, sizeof(buffer), &group) != 0 ||
		group == NULL)
		return false;
	if (peer->gid == group->gr_gid)
		return true;
	for (size_t i = 0; i < peer->group_count; i++) {
		if (peer->groups[i] == group->gr_gid)
			return true;
	}
	return false;
}
