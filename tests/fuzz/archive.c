/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: what a release may come in, a tar or a gzipped one, read from a descriptor. */
#include "archive.h"
#include "fuzz.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES_MAX (4 << 20)

struct seen {
	uint64_t bytes;
	bool in_file;
};

static int begin(void *user, enum archive_kind kind, const char *path, const char *target,
	struct archive_error *error)
{
	struct seen *seen = user;
	(void)error;
	assert(!seen->in_file && archive_path_check(path) == NULL &&
		(target != NULL) == (kind == ARCHIVE_LINK));
	seen->in_file = kind != ARCHIVE_LINK;
	return 0;
}

static int data(void *user, const void *bytes, size_t size)
{
	struct seen *seen = user;
	(void)bytes;
	assert(seen->in_file);
	seen->bytes += size;
	assert(seen->bytes <= BYTES_MAX);
	return 0;
}

static int end(void *user)
{
	struct seen *seen = user;
	assert(seen->in_file);
	seen->in_file = false;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	assert(fd >= 0);
	if (write(fd, bytes, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0) {
		struct seen seen = { 0 };
		struct archive_sink sink = {
			.begin = begin, .data = data, .end = end, .user = &seen
		};
		struct archive_error error;
		int r = archive_read_tar(fd, BYTES_MAX, &sink, &error);
		assert(r != ARCHIVE_E_BAD || error.reason[0] != '\0');
	}
	(void)close(fd);
	return 0;
}
