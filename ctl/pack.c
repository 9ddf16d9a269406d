/* SPDX-License-Identifier: Apache-2.0 */
/* A folder as a tar in memory, so that a daemon that may not look there gets its files by a descriptor. Format: POSIX ustar, with pax
 * headers for long names. Links are followed: what they lead to is packed. */
#include "ctl.h"

#include "control/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512
#define DATA_MAX (11 << 20) /* in base64 it has to fit into a message, 16 MiB */

static int put(int fd, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int pad(int fd, uint64_t size)
{
	static const char zeroes[BLOCK];
	return put(fd, zeroes, (BLOCK - size % BLOCK) % BLOCK);
}

static int put_header(
	int fd, const char *prefix, const char *name, char type, unsigned mode, uint64_t size)
{
	char block[BLOCK] = { 0 };
	unsigned sum = 0;
	memcpy(block, name, strnlen(name, 100));
	(void)snprintf(block + 100, 8, "%07o", mode); /* these fit */
	(void)snprintf(block + 108, 8, "%07o", 0u);
	(void)snprintf(block + 116, 8, "%07o", 0u);
	(void)snprintf(block + 124, 12, "%011llo", (unsigned long long)size);
	(void)snprintf(block + 136, 12, "%011o", 0u);
	memset(block + 148, ' ', 8);
	block[156] = type;
	memcpy(block + 257,
		"ustar\0"
		"00",
		8);
	memcpy(block + 345, prefix, strnlen(prefix, 155));
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	(void)snprintf(block + 148, 8, "%06o", sum); /* fits */
	return put(fd, block, BLOCK);
}

/* "LENGTH path=NAME\n", whose length counts itself. */
static int put_long_name(int fd, const char *name)
{
	char record[8300];
	size_t rest = strlen(name) + sizeof(" path=\n") - 1, length = rest + 1;
	while (length != rest + (size_t)snprintf(NULL, 0, "%zu", length))
		length = rest + (size_t)snprintf(NULL, 0, "%zu", length);
	if (length >= sizeof(record))
		return -ENAMETOOLONG;
	(void)snprintf(record, sizeof(record), "%zu path=%s\n", length, name); /* fits */
	int r = put_header(fd, "", "long", 'x', 0644, length);
	if (r == 0)
		r = put(fd, record, length);
	return r == 0 ? pad(fd, length) : r;
}

static int put_name(int fd, const char *name, unsigned mode, uint64_t size)
{
	size_t length = strlen(name);
	char prefix[156] = "";
	if (length <= 100)
		return put_header(fd, "", name, '0', mode, size);
	/* The first slash that leaves at most 100 behind it, if it has at most 155 before it. */
	const char *slash = strchr(name + length - 101, '/');
	if (slash != NULL && slash - name <= 155 && slash != name) {
		memcpy(prefix, name, (size_t)(slash - name));
		return put_header(fd, prefix, slash + 1, '0', mode, size);
	}
	int r = put_long_name(fd, name);
	return r == 0 ? put_header(fd, "", "long", '0', mode, size) : r;
}

static int put_file(int fd, const char *path, const char *name, const struct stat *status)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t size = (uint64_t)status->st_size, left = size;
	if (from < 0)
		return -errno;
	int r = put_name(fd, name, (status->st_mode & S_IXUSR) != 0 ? 0755 : 0644, size);
	while (r == 0 && left > 0) {
		ssize_t n = sendfile(fd, from, NULL, left < (1u << 30) ? (size_t)left : 1u << 30);
		if (n < 0 && errno != EINTR)
			r = -errno;
		else if (n == 0)
			r = -EIO; /* it became shorter meanwhile */
		left -= n > 0 ? (uint64_t)n : 0;
	}
	(void)close(from); /* it was only read */
	return r == 0 ? pad(fd, size) : r;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int pack(int fd, const char *folder, char **ret_what)
{
	static const char end[2 * BLOCK];
	char *roots[] = { strdup(folder), NULL };
	size_t top = strlen(folder);
	int r = 0;
	FTS *tree = roots[0] != NULL ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
	if (tree == NULL) {
		free(roots[0]);
		return -ENOMEM;
	}
	for (FTSENT *entry; r == 0 && (entry = fts_read(tree)) != NULL;) {
		const char *name = entry->fts_path + top;
		name += strspn(name, "/");
		switch (entry->fts_info) {
		case FTS_F:
			r = put_file(fd, entry->fts_accpath, name, entry->fts_statp);
			break;
		case FTS_D:
		case FTS_DP:
			break;
		case FTS_DC:
			r = -ELOOP;
			break;
		case FTS_DNR:
		case FTS_ERR:
		case FTS_NS:
			r = -entry->fts_errno;
			break;
		default:
			r = -ENOTSUP; /* a device, a socket, a link to nowhere */
		}
		if (r != 0)
			*ret_what = strdup(entry->fts_path);
	}
	(void)fts_close(tree); /* it was only read */
	free(roots[0]);
	if (r == 0)
		r = put(fd, end, sizeof(end));
	return r;
}

int ctl_pack(const char *path)
{
	struct stat status;
	char *what = NULL;
	int fd = -1;
	int r = stat(path, &status) == 0 ? 0 : -errno;
	if (r == 0 && !S_ISDIR(status.st_mode)) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	} else if (r == 0) {
		fd = memfd_create("artifact", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		r = fd < 0 ? -errno : pack(fd, path, &what);
		if (r == 0)
			(void)fcntl(fd, F_ADD_SEALS,
				F_SEAL_SHRINK | F_SEAL_GROW |
					F_SEAL_WRITE); /* the daemon reads once anyway */
	}
	if (r == 0)
		return fd;
	fprintf(stderr, "beamrctl: cannot read \"%s\": %s\n", what != NULL ? what : path,
		strerror(-r));
	free(what);
	if (fd >= 0)
		(void)close(fd); /* nobody needs it */
	return -1;
}

char *ctl_read_base64(int fd)
{
	struct stat status;
	char *bytes = NULL, *text = NULL;
	int r = fstat(fd, &status) == 0 ? 0 : -errno;
	if (r == 0 && status.st_size > DATA_MAX)
		r = -EFBIG;
	if (r == 0) {
		bytes = malloc((size_t)status.st_size + 1);
		r = bytes == NULL ? -ENOMEM : 0;
	}
	for (off_t done = 0; r == 0 && done < status.st_size;) {
		ssize_t n = pread(fd, bytes + done, (size_t)(status.st_size - done), done);
		if (n < 0 && errno != EINTR)
			r = -errno;
		else if (n == 0)
			r = -EIO; /* it became shorter meanwhile */
		done += n > 0 ? n : 0;
	}
	if (r == 0)
		text = base64_encode(bytes, (size_t)status.st_size);
	free(bytes);
	if (text == NULL)
		fprintf(stderr, "beamrctl: it cannot be sent to another machine: %s%s\n",
			strerror(r != 0 ? -r : ENOMEM),
			r == -EFBIG ? "; at most 11 MiB go that way" : "");
	return text;
}
