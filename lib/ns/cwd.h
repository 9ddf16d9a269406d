/* SPDX-License-Identifier: Apache-2.0 */
/* The working folder of a namespace: what relative paths of its programs begin at, in place of the machine's own.
 *
 * It is a descriptor that calls like openat() take, so it follows the folder when that is renamed, and the machine's own is
 * never changed. A namespace that has not chosen one has the machine's (CWD_OF_MACHINE).
 * Counted: whoever uses it keeps it while another thread sets a new one. Threads: any. */
#pragma once
#include "ns/ns.h"

struct cwd {
	_Atomic uint32_t refs;
	int fd; /* for openat() and the like; AT_FDCWD: the machine's */
};

/* The namespace's, with a reference for the caller. Never NULL. */
struct cwd *cwd_get(struct ns *ns);
/* Returns NULL. */
struct cwd *cwd_unref(struct cwd *cwd);
/* path: relative to what it is now. 0 or negative errno. May block. */
_must_check_ int cwd_set(struct ns *ns, const char *path);
/* Its path, malloc'ed; NULL with *ret_error a negative errno: -ENOENT when it is gone. Does not block. */
char *cwd_path(struct ns *ns, int *ret_error);
/* For the end of a namespace. */
void cwd_done(struct ns *ns);
