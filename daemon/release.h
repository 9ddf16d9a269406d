/* SPDX-License-Identifier: Apache-2.0 */
/* A release: what somebody deployed, kept by content. What is told of it here was worked out once, when it came, and never changes. */
#pragma once
#include "base/check.h"

#include <jansson.h>

#define RELEASE_DIGEST 65 /* a SHA-256 in hex, with its NUL */
#define RELEASE_MD5 33

enum release_kind {
	RELEASE_EBIN,     /* .beam files in one folder */
	RELEASE_APPS,     /* APP/ebin, as build tools leave them */
	RELEASE_SHIPMENT, /* APP/ebin and entrypoint.sh: gleam export erlang-shipment */
	RELEASE_OTP, /* releases/VERSION/start.boot and lib/APP-VERSION/ebin: relx, mix release */
	RELEASE_ESCRIPT, /* one file, which holds its code in a way of its own */
	RELEASE_KINDS
};

struct release_module {
	char *name;
	char *path;               /* in the tree */
	char digest[RELEASE_MD5]; /* as module_info(md5) */
};

struct release {
	char digest[RELEASE_DIGEST];
	enum release_kind kind;
	char *tree;          /* the folder it lies in */
	char *package;       /* NULL when it has no name of its own */
	char *version;       /* NULL when it says none */
	char **code_paths;   /* in the tree, in the order of looking; ended by NULL */
	char **applications; /* to start; ended by NULL */
	char *main_module;   /* whose main/0 is what it does; NULL when there is none */
	char *boot;          /* RELEASE_OTP: of the boot script in the tree, without .boot */
	char *config;    /* RELEASE_OTP: in the tree, without .config, or with .config.src; NULL when there is none */
	char *arguments; /* RELEASE_OTP: vm.args or vm.args.src in the tree; NULL when there is none */
	char *script;    /* RELEASE_OTP: env.sh in the tree, that sets its environment; NULL when there is none */
	bool has_kernel; /* RELEASE_OTP: brings OTP's own libraries */
	struct release_module *modules; /* by name */
	size_t module_count;
	size_t file_count;
	uint64_t bytes;
};

/* What release.c is told to work on: the sorted list of files. */
struct release_file {
	char *path;
	char *target; /* of a link, else NULL */
	char digest[RELEASE_DIGEST];
	uint64_t size;
	bool program;
};

struct release_error {
	char path[1024];  /* file it is about, or "" */
	char module[256]; /* module it is about, or "" */
	bool has_offset;
	uint64_t offset;
	char reason[400]; /* one sentence without a full stop */
};

enum release_outcome {
	RELEASE_OK = 0,
	RELEASE_E_BAD, /* not an artifact that can run; struct release_error says why */
};

/* Where to read a file's bytes from: malloc'ed, with a NUL behind. Returns 0 or negative errno. */
typedef int (*release_read_fn)(
	void *user, const struct release_file *file, char **ret_bytes, size_t *ret_size);
/* How far it is. */
typedef void (*release_progress_fn)(void *user, size_t done, size_t total);

/* The folder that all files lie in and that is only a wrapping; its length with the slash, else 0. files: sorted by path. */
size_t release_wrapping(const struct release_file *files, size_t count);
/* Recognises the kind and works everything out but digest and tree; each module is checked as loading would.
 * files: sorted by path. Returns 0, RELEASE_E_BAD, negative errno. Threads: any; takes long. */
_must_check_ int release_examine(const struct release_file *files, size_t count,
	release_read_fn read, release_progress_fn progress, void *user,
	struct release **ret_release, struct release_error *ret_error);
struct release *release_free(struct release *release);

/* To and from what is kept on disk. NULL without memory; release_from_json() also when it is not of ours. */
json_t *release_to_json(const struct release *release);
struct release *release_from_json(json_t *json);
extern const char *const release_kind_names[RELEASE_KINDS];

/* NULL when it has no such module. */
const struct release_module *release_module(const struct release *release, const char *name);

/* What changes between two releases, by module name: each module of either. old may be NULL. */
enum release_change { RELEASE_ADDED, RELEASE_REMOVED, RELEASE_CHANGED, RELEASE_UNCHANGED };

void release_compare(const struct release *old, const struct release *fresh,
	void (*fn)(void *user, enum release_change change, const struct release_module *before,
		const struct release_module *after),
	void *user);
