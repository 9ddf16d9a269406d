/* SPDX-License-Identifier: Apache-2.0 */
/* Named descriptors. What the name of one means is in its last dot: shop.http is `http` of the service `shop`. */
#include "sockets.h"

#include "base/cleanup.h"
#include "by_name.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define NAME_BYTES 256 /* systemd's own bound of FDNAME= */

struct item {
	char name[NAME_BYTES]; /* SERVICE.NAME; first: by_name() */
	char address[160];
	int fd;
	bool stored; /* by us, in systemd's store */
};

struct sockets {
	struct item *items; /* sorted by name */
	size_t count, capacity;
};

struct sockets *sockets_new(void)
{
	return calloc(1, sizeof(struct sockets));
}

struct sockets *sockets_free(struct sockets *sockets)
{
	for (size_t i = 0; sockets != NULL && i < sockets->count; i++)
		(void)close(sockets->items[i].fd); /* systemd has its own */
	if (sockets != NULL)
		free(sockets->items);
	free(sockets);
	return NULL;
}

static void describe(int fd, char *out, size_t size)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_storage room;
	} address = { .any = { .sa_family = AF_UNSPEC } };

	socklen_t length = sizeof(address);
	char host[96], port[16];
	if (getsockname(fd, &address.any, &length) != 0) {
		(void)snprintf(out, size, "fifo"); /* fits */
	} else if (address.any.sa_family == AF_UNIX) {
		size_t n = (size_t)length - offsetof(struct sockaddr_un, sun_path);
		bool abstract = n > 0 && address.un.sun_path[0] == '\0';
		(void)snprintf(out, size, "unix:%s%.*s", abstract ? "@" : "",
			(int)(abstract ? n - 1 : n), address.un.sun_path + abstract); /* fits */
	} else if (getnameinfo(&address.any, length, host, sizeof(host), port, sizeof(port),
			   NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
		(void)snprintf(out, size, address.any.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
			host, port); /* fits */
	} else {
		(void)snprintf(out, size, "family %d", (int)address.any.sa_family); /* fits */
	}
}

static size_t position_of(const struct sockets *sockets, const char *name)
{
	return by_name(sockets->items, sockets->count, sizeof(sockets->items[0]), name);
}

static bool is_at(const struct sockets *sockets, size_t i, const char *name)
{
	return i < sockets->count && strcmp(sockets->items[i].name, name) == 0;
}

static void forget_stored(const char *name)
{
	(void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name); /* nobody may be listening */
}

/* Takes fd when it returns 0. */
static int add(struct sockets *sockets, const char *name, int fd, bool stored)
{
	size_t i = position_of(sockets, name);
	if (is_at(sockets, i, name)) {
		(void)close(sockets->items[i].fd); /* the new one is what counts */
	} else {
		if (sockets->count == sockets->capacity) {
			size_t capacity = sockets->capacity > 0 ? sockets->capacity * 2 : 8;
			struct item *grown = reallocarray(sockets->items, capacity, sizeof(*grown));
			if (grown == NULL)
				return -ENOMEM;
			sockets->items = grown;
			sockets->capacity = capacity;
		}
		memmove(sockets->items + i + 1, sockets->items + i,
			(sockets->count - i) * sizeof(struct item));
		sockets->count++;
	}
	struct item *item = &sockets->items[i];
	*item = (struct item){ .fd = fd, .stored = stored };
	(void)snprintf(item->name, sizeof(item->name), "%s", name); /* checked by the callers */
	describe(fd, item->address, sizeof(item->address));
	return 0;
}

static bool is_same(int a, int b)
{
	struct stat one, other;
	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* One that is neither the control socket nor of use is not taken. */
static bool take(struct sockets *sockets, const char *instance, const char *passed, int fd)
{
	char name[NAME_BYTES];
	const char *dot = strrchr(passed, '.');
	int n = dot != NULL        ? snprintf(name, sizeof(name), "%s", passed)
		: instance != NULL ? snprintf(name, sizeof(name), "%s.%s", instance, passed)
				   : -1;
	if (n <= 0 || (size_t)n >= sizeof(name) || dot == passed || (dot != NULL && dot[1] == '\0'))
		return false;
	size_t i = position_of(sockets, name);
	/* A socket unit's and the store's are one and the same; of two that are not, the socket unit's comes first and stays. */
	if (is_at(sockets, i, name)) {
		if (!is_same(sockets->items[i].fd, fd))
			return false;
		(void)close(fd); /* it is there */
		return true;
	}
	return add(sockets, name, fd, false) == 0;
}

int sockets_take_passed(struct sockets *sockets, const char *instance)
{
	char **names = NULL;
	int found = -ENOENT, n = sd_listen_fds_with_names(1, &names);
	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		bool named = strcmp(names[i], "varlink") == 0 ||
			     (n == 1 && strchr(names[i], '.') == NULL);
		if (found < 0 && named && sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0) {
			found = fd;
		} else if (strcmp(names[i], "varlink") == 0 ||
			   !take(sockets, instance, names[i], fd)) {
			(void)close(fd); /* not ours to keep */
			forget_stored(names[i]);
		}
		free(names[i]);
	}
	free(names);
	return found;
}

/* What systemd takes for FDNAME=, and what stands in a list with colons. */
static bool is_name(const char *name)
{
	return name[0] != '\0' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		       strlen(name);
}

int sockets_adopt(struct sockets *sockets, const char *service, const char *name, int fd)
{
	char whole[NAME_BYTES];
	struct stat status;
	int n = snprintf(whole, sizeof(whole), "%s.%s", service, name);
	if (!is_name(name) || n < 0 || (size_t)n >= sizeof(whole))
		return -EINVAL;
	if (fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISSOCK(status.st_mode) && !S_ISFIFO(status.st_mode))
		return -ENOTSOCK;
	int r = add(sockets, whole, fd, true);
	if (r != 0)
		return r;
	/* The store keeps several of one name. */
	forget_stored(whole);
	char text[NAME_BYTES + 32];
	(void)snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", whole); /* fits */
	(void)sd_pid_notify_with_fds(0, 0, text, &fd, 1); /* nobody may be listening */
	return 0;
}

/* The items of a service: from *ret on, as many as it returns. */
static size_t range_of(const struct sockets *sockets, const char *service, size_t *ret)
{
	char first[NAME_BYTES];
	size_t n = strlen(service), count = 0;
	(void)snprintf(first, sizeof(first), "%s.", service); /* names of services are short */
	*ret = position_of(sockets, first);
	/* A longer name of a service may stand between: its dot is another. */
	for (size_t i = *ret;
		i < sockets->count && strncmp(sockets->items[i].name, first, n + 1) == 0; i++)
		count++;
	return count;
}

static const char *short_name(const struct item *item)
{
	return strrchr(item->name, '.') + 1;
}

static bool is_of(const struct item *item, const char *service)
{
	return (size_t)(short_name(item) - 1 - item->name) == strlen(service);
}

void sockets_drop(struct sockets *sockets, const char *service)
{
	size_t first, count = range_of(sockets, service, &first), kept = first;
	if (count == 0)
		return;
	for (size_t i = first; i < first + count; i++) {
		struct item *item = &sockets->items[i];
		/* Of one that was passed nobody says whether the store had it: then it goes from there, and is not there at the next start. */
		if (is_of(item, service))
			forget_stored(item->name);
		if (!is_of(item, service) || !item->stored)
			sockets->items[kept++] = *item;
		else
			(void)close(item->fd); /* runs have their own */
	}
	memmove(sockets->items + kept, sockets->items + first + count,
		(sockets->count - first - count) * sizeof(struct item));
	sockets->count -= first + count - kept;
}

void sockets_each(const struct sockets *sockets, const char *service,
	bool (*fn)(void *user, const struct socket_info *info), void *user)
{
	size_t first, count = range_of(sockets, service, &first);
	for (size_t i = first; i < first + count; i++) {
		const struct item *item = &sockets->items[i];
		const struct socket_info info = { short_name(item), item->address, item->fd };
		if (is_of(item, service) && !fn(user, &info))
			return;
	}
}
