/* SPDX-License-Identifier: Apache-2.0 */
/* Open files: life and owners. See file.h.
 *
 * Invariant: a file with an open descriptor stands in the list of its owner, and the owner has not ended yet; so when a process
 * ends its list says all that is to be closed. A file may be made after its owner's end (the errand was under way): then it
 * closes at once. */
#include "bif/file.h"

#include "base/epoch.h"
#include "base/lock.h"
#include "base/wordmap.h"
#include "heap/heap.h"
#include "ns/quota.h"
#include "term/ident.h"

#include <errno.h>
#include <unistd.h>

#define FILE_BYTES                                                                                 \
	1024 /* what one counts for in the collector's pace, so that forgotten ones do not pile up */

static struct mutex files_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };
static struct wordmap
	files_by_owner; /* pid -> struct file *, the first of its list; guarded by files_lock */

/* ------------------------------------------------------------------------------------------------ lists of owners */

static void list_add(struct file *f)
{
	mutex_lock(&files_lock);
	struct wordmap_entry *entry = wordmap_put(&files_by_owner, MEM_MISC, f->owner, NULL);
	struct file *first = (struct file *)(uintptr_t)entry->value;
	f->next = first;
	f->previous = NULL;
	if (first != NULL)
		first->previous = f;
	entry->value = (uint64_t)(uintptr_t)f;
	f->listed = true;
	mutex_unlock(&files_lock);
}

/* Under the lock. */
static void list_take(struct file *f)
{
	if (!f->listed)
		return;
	if (f->next != NULL)
		f->next->previous = f->previous;
	if (f->previous != NULL)
		f->previous->next = f->next;
	else if (f->next != NULL)
		wordmap_find(&files_by_owner, f->owner)->value = (uint64_t)(uintptr_t)f->next;
	else
		(void)wordmap_remove(&files_by_owner, MEM_MISC, f->owner); /* it was there */
	f->listed = false;
}

static void list_remove_file(struct file *f)
{
	mutex_lock(&files_lock);
	list_take(f);
	mutex_unlock(&files_lock);
}

/* ------------------------------------------------------------------------------------------------ closing */

struct closing {
	struct pool_job job; /* first */
	int fd;
	struct account *account;
};

static void closing_run(struct pool_job *job)
{
	struct closing *c = (struct closing *)job;
	(void)close(c->fd); /* nobody is there who could be told */
	account_give(c->account, COUNT_FILES, 1);
	(void)account_unref(c->account); /* always NULL */
	mem_free(MEM_MISC, c, sizeof(*c));
}

/* The state has just become CLOSED by the caller, on a scheduler. */
static void close_elsewhere(struct file *f)
{
	struct closing *c = mem_alloc(MEM_MISC, sizeof(*c));
	*c = (struct closing){ .fd = f->fd, .account = account_ref(f->account) };
	f->fd = -1;
	if (pool_run_of(f->helpers, &c->job, closing_run) < 0)
		closing_run(&c->job); /* no thread to be had: then here, as the last resort */
}

/* The same on a helper. */
static int close_here(struct file *f)
{
	int fd = f->fd;
	f->fd = -1;
	/* Linux has closed it whatever close() says; so it is not repeated after EINTR. */
	int error = close(fd) < 0 ? errno : 0;
	account_give(f->account, COUNT_FILES, 1);
	return error;
}

static void file_destroy(struct counted *counted)
{
	struct file *f = (struct file *)counted; /* first member */
	list_remove_file(f);
	/* Nobody else has it any more. */
	if (f->fd >= 0)
		close_elsewhere(f);
	(void)account_unref(f->account); /* always NULL, as the next */
	(void)pool_share_unref(f->helpers);
	mem_free(MEM_MISC, f, sizeof(*f));
}

/* Its owner has ended. */
static void orphan(struct file *f)
{
	for (;;) {
		uint32_t state = FILE_IDLE;
		if (atomic_cas_acq_rel(&f->state, &state, FILE_CLOSED)) {
			close_elsewhere(f);
			return;
		}
		if (state != FILE_BUSY)
			return;
		/* Fails when the operation has just ended: then it is idle again. */
		if (atomic_cas_acq_rel(&f->state, &state, FILE_CLOSE_PENDING))
			return;
	}
}

static bool ref_if_alive(struct file *f)
{
	uint64_t refs = atomic_load_relaxed(&f->counted.refs);
	do {
		if (refs == 0)
			return false; /* file_destroy() waits for the lock, and closes it */
	} while (!atomic_cas_acq_rel(&f->counted.refs, &refs, refs + 1));
	return true;
}

static void file_unref(struct file *f)
{
	if (atomic_sub_acq_rel(&f->counted.refs, 1) == 1)
		file_destroy(&f->counted);
}

static void owner_ends(struct proc *p)
{
	if ((p->flags & PROC_FILES) == 0)
		return;
	for (;;) {
		mutex_lock(&files_lock);
		struct wordmap_entry *entry = wordmap_find(&files_by_owner, p->pid);
		struct file *f = entry != NULL ? (struct file *)(uintptr_t)entry->value : NULL;
		bool alive = false;
		if (f != NULL) {
			list_take(f);
			alive = ref_if_alive(f);
		}
		mutex_unlock(&files_lock);
		if (f == NULL)
			return;
		if (alive) {
			orphan(f);
			file_unref(f);
		}
	}
}

/* ------------------------------------------------------------------------------------------------ for others */

void file_init(void)
{
	proc_on_end(owner_ends);
}

void file_owner(struct proc *p)
{
	p->flags |= PROC_FILES;
}

term file_new(struct errand *e, int fd)
{
	struct file *f = mem_zalloc(MEM_MISC, sizeof(*f));
	f->counted.refs = 2; /* the value's, and ours for now */
	f->counted.destroy = file_destroy;
	f->fd = fd;
	f->owner = e->pid;
	f->account = account_ref(e->ns->account);
	f->helpers = pool_share_ref(e->ns->helpers);
	list_add(f);
	/* The owner's end looks at the list after it can no more be looked up. */
	epoch_enter();
	bool alive = proc_lookup(e->pid) != NULL;
	epoch_leave();
	if (!alive) {
		list_remove_file(f);
		orphan(f);
	}
	file_unref(f);
	struct ref_id id = ref_new_id();
	term *m = heap_alloc(errand_heap(e), MAGIC_REF_WORDS);
	m[0] = HEADER(BOXED_MAGIC_REF, MAGIC_REF_WORDS - 1);
	m[2] = (term)(uintptr_t)f;
	m[3] = id.high;
	m[4] = id.low;
	offheap_add(&errand_heap(e)->offheap, m, FILE_BYTES);
	return term_of_boxed(m);
}

struct file *file_of(term t)
{
	if (!term_is_kind(t, BOXED_MAGIC_REF))
		return NULL;
	struct counted *counted = (struct counted *)(uintptr_t)boxed_ptr(t)[2];
	return counted->destroy == file_destroy ? (struct file *)counted : NULL; /* first member */
}

bool file_enter(struct file *f)
{
	uint32_t state = FILE_IDLE;
	return atomic_cas_acq_rel(&f->state, &state, FILE_BUSY);
}

void file_leave(struct file *f)
{
	uint32_t state = FILE_BUSY;
	if (atomic_cas_acq_rel(&f->state, &state, FILE_IDLE))
		return;
	/* Only orphan() changes it meanwhile, to CLOSE_PENDING. */
	atomic_store_release(&f->state, FILE_CLOSED);
	(void)close_here(f); /* nobody is there who could be told */
}

void file_leave_elsewhere(struct file *f)
{
	uint32_t state = FILE_BUSY;
	if (atomic_cas_acq_rel(&f->state, &state, FILE_IDLE))
		return;
	/* As above. */
	atomic_store_release(&f->state, FILE_CLOSED);
	close_elsewhere(f);
}

int file_close(struct file *f)
{
	uint32_t state = FILE_IDLE;
	if (!atomic_cas_acq_rel(&f->state, &state, FILE_CLOSED))
		return EINVAL;
	list_remove_file(f);
	return close_here(f);
}
