/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what a release comes in: a folder, or a tar, gzipped or not. One entry after the other is handed to a sink; nothing is
 * written here. All of it is hostile input: names stay below the top, sizes and counts have bounds. Blocks; not for the main thread. */
#pragma once
#define ARCHIVE_SCRIPT "escript" /* what the only file is called then */

#include "base/check.h"

#include <stdio.h>

#define ARCHIVE_PATH_MAX 1024      /* bytes of a path in an archive */
#define ARCHIVE_ENTRIES_MAX 100000 /* files and links */
#define ARCHIVE_DEPTH_MAX 64       /* folders in folders */

enum archive_outcome {
	ARCHIVE_OK = 0,
	ARCHIVE_E_BAD, /* the archive is wrong; struct archive_error says where */
};

struct archive_error {
	char path[ARCHIVE_PATH_MAX]; /* the entry, or "" */
	uint64_t offset;             /* in the unpacked tar */
	bool has_offset;
	char reason[256]; /* one sentence without a full stop */
};

enum archive_kind {
	ARCHIVE_FILE,
	ARCHIVE_PROGRAM, /* a file with an x bit for its owner */
	ARCHIVE_LINK,
};

/* Each may return nonzero, which ends the reading and is returned. ARCHIVE_E_BAD: the sink has filled error->reason. */
struct archive_sink {
	/* path: relative, no "." or ".." in it, valid UTF-8 without control characters. target: of a link, else NULL. */
	int (*begin)(void *user, enum archive_kind kind, const char *path, const char *target,
		struct archive_error *error);
	int (*data)(void *user, const void *bytes, size_t size); /* of a file, in order */
	int (*end)(void *user);                                  /* of a file */
	void *user;
};

/* A folder as the daemon's user sees it. Links to files are read as files; those to folders are followed as far as depth allows.
 * bytes_max: of all files together. Returns 0, ARCHIVE_E_BAD, or negative errno. */
_must_check_ int archive_read_folder(const char *path, uint64_t bytes_max,
	const struct archive_sink *sink, struct archive_error *ret_error);
/* A tar by descriptor, read from its present position to its end. A script, which begins with "#!", is an archive of that one program. */
_must_check_ int archive_read_tar(int fd, uint64_t bytes_max, const struct archive_sink *sink,
	struct archive_error *ret_error);
/* What is wrong with a path of an archive; NULL when nothing is. */
const char *archive_path_check(const char *path);
