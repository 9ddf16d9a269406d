/* SPDX-License-Identifier: Apache-2.0 */
/* Open files as programs hold them: magic references (module prim_file's handles).
 *
 * A file belongs to the process that opened it. It is closed by close_nif, when its owner ends, or when the last reference to it has
 * been collected, whichever comes first; the descriptor is always closed by a helper thread, since close() may block.
 * States, as in OTP: IDLE; BUSY while an operation runs on a helper; CLOSE_PENDING: the owner has ended meanwhile, and whoever ends the
 * operation closes; CLOSED. An operation that finds it BUSY or CLOSED answers einval.
 * Bound: an open file is charged to the namespace of its owner (COUNT_FILES); opening one more than fileDescriptorsMax is
 * emfile. The descriptor and the charge go together. */
#pragma once
#include "base/account.h"
#include "bif/errand.h"
#include "term/bits.h"

enum file_state { FILE_IDLE, FILE_BUSY, FILE_CLOSE_PENDING, FILE_CLOSED };

struct file {
	struct counted counted; /* first */
	_Atomic uint32_t state; /* enum file_state */
	int fd;                 /* of whoever made it BUSY or CLOSED */
	term owner;
	struct account *account;
	struct pool_share *helpers;
	/* guarded by file.c's lock: the list of the owner's files */
	struct file *next, *previous;
	bool listed;
};

/* Once at start. */
void file_init(void);
/* Says that p may own files from here on; before it sends an errand that makes one. Owner of p. */
void file_owner(struct proc *p);
/* A descriptor that was opened for the errand's process, and one piece of COUNT_FILES, become a file: its reference is
 * returned. Takes both. */
term file_new(struct errand *e, int fd);
/* NULL when t is no file. */
struct file *file_of(term t);
/* An operation begins: false when it may not. Pairs with file_leave(). On a helper. */
_must_check_ bool file_enter(struct file *file);
void file_leave(struct file *file);
/* The same on a scheduler, of an operation that did not wait for anything. */
void file_leave_elsewhere(struct file *file);
/* 0, or errno: EINVAL when it is closed already. On a helper. */
int file_close(struct file *file);
