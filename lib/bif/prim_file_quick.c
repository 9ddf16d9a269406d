/* SPDX-License-Identifier: Apache-2.0 */
/* What prim_file answers without a helper: reading a file that is not large, or a part of an open one, and looking at one, when the kernel says that it need not wait for
 * anything. A node asks some two hundred such things while it boots, and two changes of threads for each cost more than the answers.
 *
 * Nothing here may block (law 10), so each step is one that the kernel promises to refuse instead: a name is looked up in its cache of
 * names only (RESOLVE_CACHED), bytes come from its cache of pages only (RWF_NOWAIT), and nothing is opened but regular files of file
 * systems that need no server for it. Which those are is learned on helpers, by device, as they go about their own work.
 * Whatever is refused, or fails with anything but "there is no such file", is left to the helper, which does all of it again.
 * An open file is asked for bytes of the cache whatever it is: what knows no such cache refuses.
 * Bound: QUICK_DEVICES file systems; names of files of others always take a helper. */
#include "bif/prim_file_quick.h"

#include "binary/binary.h"
#include "code/contents.h"
#include "code/digests.h"
#include "heap/heap.h"
#include "ns/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#define QUICK_BYTES                                                                                \
	(1024U * 1024) /* a fraction of a slice to copy; OTP's largest module has 600 kB */
#define QUICK_PART (64U * 1024) /* of an open file */
#define QUICK_DEVICES 16

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

enum device { DEVICE_UNKNOWN, DEVICE_LOCAL, DEVICE_SLOW };

/* Device numbers, each << 2 with what is known of it; 0: free. */
static _Atomic uint64_t devices[QUICK_DEVICES];

static enum device device_find(dev_t dev, _Atomic uint64_t **ret_row)
{
	for (size_t i = 0; i < QUICK_DEVICES; i++) {
		uint64_t row = atomic_load_relaxed(&devices[i]); /* a word that says all */
		*ret_row = &devices[i];
		if (row == 0)
			return DEVICE_UNKNOWN;
		if (row >> 2 == dev)
			return (enum device)(row & 3);
	}
	*ret_row = NULL;
	return DEVICE_SLOW;
}

static bool is_local(const struct statfs *fs)
{
	switch ((uint32_t)fs->f_type) {
	case EXT4_SUPER_MAGIC: /* and its elders */
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case SQUASHFS_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
	case TMPFS_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

void quick_learn(const struct path *path, dev_t dev)
{
	struct statfs fs;
	_Atomic uint64_t *row;
	if (device_find(dev, &row) != DEVICE_UNKNOWN)
		return;
	int fd = openat(path->cwd->fd, path->text, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	struct stat st;
	bool known = fstatfs(fd, &fs) == 0 && fstat(fd, &st) == 0 && st.st_dev == dev;
	(void)close(fd); /* only a name */
	uint64_t none = 0;
	if (known && (uint64_t)dev << 2 >> 2 == dev)
		/* Whoever comes first; another device takes the next row the next time. */
		(void)atomic_cas_acq_rel(row, &none,
			(uint64_t)dev << 2 |
				(uint64_t)(is_local(&fs) ? DEVICE_LOCAL : DEVICE_SLOW));
}

/* Looks the name up in the kernel's cache alone. */
static int open_cached(const struct path *path, int flags)
{
	const struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_CACHED };
	return (int)syscall(SYS_openat2, path->cwd->fd, path->text, &how, sizeof(how));
}

static struct timespec timespec_of(struct statx_timestamp t)
{
	return (struct timespec){ t.tv_sec, t.tv_nsec };
}

/* What the kernel knows of it; asks no server. */
static bool stat_cached(int fd, struct stat *ret)
{
	struct statx x;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &x) < 0 ||
		(x.stx_mask & STATX_BASIC_STATS) != STATX_BASIC_STATS)
		return false;
	*ret = (struct stat){ .st_dev = makedev(x.stx_dev_major, x.stx_dev_minor),
		.st_ino = x.stx_ino,
		.st_mode = x.stx_mode,
		.st_nlink = x.stx_nlink,
		.st_uid = x.stx_uid,
		.st_gid = x.stx_gid,
		.st_rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor),
		.st_size = (off_t)x.stx_size,
		.st_atim = timespec_of(x.stx_atime),
		.st_mtim = timespec_of(x.stx_mtime),
		.st_ctim = timespec_of(x.stx_ctime) };
	return true;
}

/* A descriptor of the name, good for asking about it; -ENOENT when there is none, -EAGAIN when that takes a helper. */
static int look(const struct path *path, int flags, struct stat *ret)
{
	_Atomic uint64_t *row;
	int fd = open_cached(path, O_PATH | flags);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : -EAGAIN;
	if (stat_cached(fd, ret) && device_find(ret->st_dev, &row) == DEVICE_LOCAL)
		return fd;
	(void)close(fd); /* only a name */
	return -EAGAIN;
}

bool quick_read_info(struct errand *e, const term *args, term *ret)
{
	struct path path;
	struct stat st;
	int follow;
	if (!get_int(args[1], &follow) || path_init(&path, e, args[0]) != 0)
		return false;
	int fd = look(&path, follow != 0 ? 0 : O_NOFOLLOW, &st);
	path_done(&path);
	if (fd == -ENOENT)
		*ret = file_error(e, ENOENT);
	if (fd < 0)
		return fd == -ENOENT;
	/* A symbolic link's own rights say nothing: the helper asks what it leads to. */
	bool known = !S_ISLNK(st.st_mode);
	unsigned access = 0;
	for (unsigned bit = ACCESS_READ; known && bit <= ACCESS_WRITE; bit <<= 1) {
		if (syscall(SYS_faccessat2, fd, "", bit == ACCESS_READ ? R_OK : W_OK,
			    AT_EMPTY_PATH) == 0)
			access |= bit;
		else
			known = errno == EACCES || errno == EROFS || errno == EPERM;
	}
	(void)close(fd); /* only a name */
	if (known)
		*ret = file_info(errand_heap(e), &st, access);
	return known;
}

/* Reads it, if it still is what st tells of. */
static bool read_now(const struct path *path, const struct stat *st, uint8_t *data)
{
	struct stat now;
	const size_t size = (size_t)st->st_size;
	/* What was looked at may be something else by now: a pipe, which is not to be waited for. */
	int fd = open_cached(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	const struct iovec bytes = { data, size };
	bool read = stat_cached(fd, &now) && digests_same(st, &now) &&
		    preadv2(fd, &bytes, 1, 0, RWF_NOWAIT) == (ssize_t)size &&
		    stat_cached(fd, &now) && digests_same(st, &now);
	(void)close(fd); /* it was for reading only */
	return read;
}

/* All bytes of a regular file whose digest, when it is a module's, is known. NULL: that takes a helper. */
static struct binary *read_cached(const struct path *path, const struct stat *st, bool module)
{
	uint8_t digest[DIGEST_BYTES];
	const size_t size = (size_t)st->st_size, more = module ? DIGEST_NOTE_BYTES : 0;
	struct content *content = content_find(st);
	if (content != NULL)
		return content_binary(content);
	if (module && !digests_find(st, digest))
		return NULL;
	content = content_new(size, more);
	struct binary *b =
		content != NULL ? content_binary(content_ref(content)) : binary_new(size + more);
	b->size = size;
	if (!read_now(path, st, b->data))
		b = binary_unref(b);
	else if (module)
		digest_note(b, digest);
	if (b != NULL && content != NULL)
		content_enter(content, st);
	(void)content_unref(content); /* always NULL */
	return b;
}

bool quick_read_file(struct errand *e, const term *args, term *ret)
{
	struct path path;
	struct stat st;
	if (path_init(&path, e, args[0]) != 0)
		return false;
	int fd = look(&path, 0, &st);
	struct binary *b = NULL;
	if (fd >= 0) {
		(void)close(fd); /* only a name */
		if (S_ISREG(st.st_mode) && st.st_size > HEAP_BITS_MAX_BYTES &&
			st.st_size <= QUICK_BYTES && st.st_size < account_room(e->ns->account) &&
			ns_take(e->ns, COUNT_FILES)) {
			b = read_cached(&path, &st, path_is_module(&path));
			ns_give(e->ns, COUNT_FILES);
		}
	}
	path_done(&path);
	if (fd == -ENOENT)
		*ret = file_error(e, ENOENT);
	else if (b != NULL)
		*ret = heap_tuple_of(errand_heap(e), A(ok), bytes_value(errand_heap(e), b));
	return fd == -ENOENT || b != NULL;
}

/* Only from what was read of a folder that has not changed since: nothing promises to list one without waiting. */
bool quick_list_dir(struct errand *e, const term *args, term *ret)
{
	struct path path;
	struct stat st;
	if (path_init(&path, e, args[0]) != 0)
		return false;
	int fd = look(&path, 0, &st);
	path_done(&path);
	if (fd < 0)
		return false;
	(void)close(fd); /* only a name */
	struct content *content = S_ISDIR(st.st_mode) ? content_find(&st) : NULL;
	if (content == NULL)
		return false;
	struct heap *heap = errand_heap(e);
	term list = TERM_NIL;
	for (size_t at = 0; at < content->size;) {
		const char *name = (const char *)content->data + at;
		size_t length = strlen(name);
		list = heap_cons(heap, bits_of_bytes(heap, name, length), list);
		at += length + 1;
	}
	(void)content_unref(content); /* always NULL */
	*ret = heap_tuple_of(heap, A(ok), list);
	return true;
}

/* ------------------------------------------------------------------------------------------------ open files */

/* Up to `want` bytes from there; *ret NULL: the file ends there. False: that takes a helper. */
static bool read_cached_at(struct errand *e, int fd, int64_t offset, size_t want, struct binary **ret)
{
	if (want == 0 || want > QUICK_PART || (int64_t)want > account_room(e->ns->account))
		return false;
	struct binary *b = binary_new(want);
	size_t size = 0;
	while (size < want) {
		const struct iovec bytes = { b->data + size, want - size };
		const ssize_t n = preadv2(fd, &bytes, 1, offset + (int64_t)size, RWF_NOWAIT);
		if (n < 0) {
			(void)binary_unref(b); /* always NULL */
			return false;
		}
		if (n == 0)
			break;
		size += (size_t)n;
	}
	b->size = size;
	*ret = size != 0 ? b : binary_unref(b);
	return true;
}

static term read_value(struct errand *e, struct binary *b)
{
	return b == NULL ? A(eof) : heap_tuple_of(errand_heap(e), A(ok), bytes_value(errand_heap(e), b));
}

/* A place in a file: what is no such number is left to the helper. */
static bool get_offset(term t, int64_t *ret)
{
	if (!term_is_small(t) || small_value(t) < 0)
		return false;
	*ret = small_value(t);
	return true;
}

static bool read_here(struct errand *e, int fd, const term *args, term *ret)
{
	struct binary *b;
	int64_t want;
	if (!get_offset(args[1], &want))
		return false;
	/* What has no place is not read in two attempts: a pipe would give some to the first. */
	const off_t at = lseek(fd, 0, SEEK_CUR);
	if (at < 0 || !read_cached_at(e, fd, at, (size_t)want, &b))
		return false;
	if (b != NULL && lseek(fd, at + (off_t)b->size, SEEK_SET) < 0) {
		(void)binary_unref(b); /* always NULL */
		return false;
	}
	*ret = read_value(e, b);
	return true;
}

static bool pread_here(struct errand *e, int fd, const term *args, term *ret)
{
	struct binary *b;
	int64_t at, want;
	if (!get_offset(args[1], &at) || !get_offset(args[2], &want) || at > INT64_MAX - want ||
		!read_cached_at(e, fd, at, (size_t)want, &b))
		return false;
	*ret = read_value(e, b);
	return true;
}

static bool ipread_here(struct errand *e, int fd, const term *args, term *ret)
{
	struct binary *b;
	int64_t at, most;
	if (!get_offset(args[1], &at) || !get_offset(args[2], &most) || at > INT64_MAX - 8 || most >= (int64_t)1 << 31 ||
		!read_cached_at(e, fd, at, 8, &b))
		return false;
	const bool header = b != NULL && b->size == 8;
	const uint32_t size = header ? load_u32(b->data) : 0, start = header ? load_u32(b->data + 4) : 0;
	if (b != NULL)
		(void)binary_unref(b); /* always NULL */
	if (!header || (int64_t)size > most) {
		*ret = A(eof);
		return true;
	}
	if (!read_cached_at(e, fd, start, size, &b))
		return false;
	const term bytes = b == NULL ? A(eof) : bytes_value(errand_heap(e), b);
	*ret = heap_tuple_of(errand_heap(e), A(ok),
		heap_tuple_of(errand_heap(e), term_of_small(size), term_of_small(start), bytes));
	return true;
}

/* Whatever is wrong is told by the helper. */
static bool with_file(struct errand *e, bool (*fn)(struct errand *, int, const term *, term *), const term *args, term *ret)
{
	struct file *f = file_of(args[0]);
	if (f == NULL || !file_enter(f))
		return false;
	const bool answered = fn(e, f->fd, args, ret);
	file_leave_elsewhere(f);
	return answered;
}

bool quick_read(struct errand *e, const term *args, term *ret)
{
	return with_file(e, read_here, args, ret);
}

bool quick_pread(struct errand *e, const term *args, term *ret)
{
	return with_file(e, pread_here, args, ret);
}

bool quick_ipread(struct errand *e, const term *args, term *ret)
{
	return with_file(e, ipread_here, args, ret);
}
