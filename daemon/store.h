/* SPDX-License-Identifier: Apache-2.0 */
/* Releases on disk, by content. Below the state folder:
 *   files/AB/CDEF...[x]      one file's bytes by their SHA-256 (x: a program); linked into each release that has it
 *   releases/DIGEST/root     the files of a release under their names: hard links to the above
 *   releases/DIGEST/manifest what the digest is of: "f|x|l SHA-256|target SIZE PATH" lines, sorted by path
 *   releases/DIGEST/info     what was worked out of it (release.h)
 *   services/NAME.json       what is to be of a service, as service.c has it
 *   data/NAME                the folder a service works in
 *   tmp/                     work under way; emptied at the start
 * Invariant: a name below releases/ or services/ appears and changes by one rename after its contents were made durable, so whoever is
 * killed leaves the state before or after. A file whose only link is the one below files/ belongs to no release: it is removed at the start.
 * Threads: store_open() and store_load() any; the others one at a time. All of them block. */
#pragma once
#include "archive.h"
#include "release.h"

#define STORE_NAME_MAX 63 /* of a service */

struct store;

/* Makes the folders that are missing and removes what interrupted work has left. Until store_free() the folder is this daemon's alone.
 * Returns 0, -EBUSY when another daemon has it, or negative errno. */
int store_open(const char *dir, struct store **ret_store);
struct store *store_free(struct store *store);
const char *store_dir(const struct store *store);

/* What to stage: exactly one of path and fd. */
struct store_source {
	const char *path; /* a folder, or a file that is a tar; NULL: fd */
	int fd;           /* a tar */
	uint64_t bytes_max;
};

enum store_phase { STORE_RECEIVING, STORE_VERIFYING };

/* How far it is; called on the thread that stages. */
typedef void (*store_progress_fn)(
	void *user, enum store_phase phase, uint64_t done, uint64_t total);

/* Brings an artifact in. Dry: tells what it is and keeps nothing; else it is durable on return, and the same twice is no error.
 * Returns 0, RELEASE_E_BAD with ret_error, or negative errno. */
enum store_flags { STORE_DRY_RUN = 1 };

_must_check_ int store_stage(struct store *store, const struct store_source *source, unsigned flags,
	store_progress_fn progress, void *user, struct release **ret_release,
	struct release_error *ret_error);
/* -ENOENT when there is no such release. */
_must_check_ int store_load(
	const struct store *store, const char *digest, struct release **ret_release);
/* Every release but these goes, and files that nobody has any more. keep: sorted. */
void store_sweep(struct store *store, const char *const *keep, size_t count);

/* A service's record, replaced in one step; text NULL removes it. Returns 0 or negative errno. */
_must_check_ int store_write_record(struct store *store, const char *name, const char *text);
/* Each record there is; text is borrowed. */
int store_each_record(const struct store *store,
	void (*fn)(void *user, const char *name, const char *text), void *user);
/* The folder a service works in, made when it is missing. */
int store_data_dir(const struct store *store, const char *name, char **ret_path);
/* Removes it with all that is in it. */
int store_remove_data(struct store *store, const char *name);
