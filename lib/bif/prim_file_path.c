/* SPDX-License-Identifier: Apache-2.0 */
/* The natives of prim_file that take names of files. Relative ones begin at the namespace's working folder (ns/cwd.h).
 * Source: prim_file.erl and its natives in OTP 27. Each runs on a helper. */
#include "bif/prim_file.h"
#include "bif/prim_file_quick.h"
#include "bif/prim_file_vain.h"
#include "code/contents.h"
#include "code/digests.h"
#include "code/load.h"

#include "binary/binary.h"
#include "heap/heap.h"
#include "ns/quota.h"
#include "term/atom.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEW_FILE_MODE 0666
#define NEW_DIR_MODE 0777
#define NAMES_KEPT_MAX_BYTES ((size_t)64 << 10) /* a fraction of a slice to list */

/* ------------------------------------------------------------------------------------------------ names */

int path_init(struct path *path, struct errand *e, term t)
{
	if (!term_is_binary(t))
		return EINVAL;
	struct flat_bits flat;
	flat_bits_init(&flat, t);
	const uint8_t *end = memchr(flat.data, '\0', flat.size);
	int error = end == NULL ? EINVAL : 0;
	size_t size = end == NULL ? 0 : (size_t)(end - flat.data);
	/* Nothing but more NULs may follow the first one. */
	for (const uint8_t *p = end; error == 0 && p < flat.data + flat.size; p++)
		error = *p == '\0' ? 0 : EINVAL;
	if (error == 0 && size >= sizeof(path->text))
		error = ENAMETOOLONG;
	if (error == 0) {
		memcpy(path->text, flat.data, size);
		path->text[size] = '\0';
		path->cwd = cwd_get(e->ns);
	}
	flat_bits_done(&flat);
	return error;
}

void path_done(struct path *path)
{
	path->cwd = cwd_unref(path->cwd);
}

int path_open(const struct path *path, struct errand *e, int flags, mode_t mode)
{
	if (!ns_take(e->ns, COUNT_FILES))
		return -EMFILE;
	for (;;) {
		int fd = openat(path->cwd->fd, path->text, flags | O_CLOEXEC | O_NOCTTY, mode);
		if (fd >= 0)
			return fd;
		if (errno != EINTR || errand_gives_up())
			break;
	}
	int r = -errno;
	ns_give(e->ns, COUNT_FILES);
	return r;
}

void descriptor_close(struct errand *e, int fd)
{
	(void)close(fd); /* it was for reading only */
	ns_give(e->ns, COUNT_FILES);
}

/* fn with one name: 0 or -1 with errno. */
static term with_path(
	struct errand *e, const term *args, int (*fn)(const struct path *path, const term *args))
{
	struct path path;
	int error = path_init(&path, e, args[0]);
	if (error != 0)
		return file_error(e, error);
	error = fn(&path, args) < 0 ? errno : 0;
	path_done(&path);
	return error == 0 ? A(ok) : file_error(e, error);
}

/* fn with two names. */
static term with_paths(struct errand *e, const term *args,
	int (*fn)(const struct path *old, const struct path *new))
{
	struct path old, new;
	int error = path_init(&old, e, args[0]);
	if (error != 0)
		return file_error(e, error);
	error = path_init(&new, e, args[1]);
	if (error == 0) {
		error = fn(&old, &new) < 0 ? errno : 0;
		path_done(&new);
	}
	path_done(&old);
	return error == 0 ? A(ok) : file_error(e, error);
}

/* ------------------------------------------------------------------------------------------------ opening */

enum mode {
	MODE_READ = 1,
	MODE_WRITE = 2,
	MODE_EXCLUSIVE = 4,
	MODE_APPEND = 8,
	MODE_SYNC = 16,
	MODE_ANY_TYPE = 32,
	MODE_DIRECTORY = 64
};

/* Others are for prim_file's callers. */
static unsigned modes_of(term list)
{
	const struct {
		term name;
		unsigned mode;
	} known[] = { { A(read), MODE_READ }, { A(write), MODE_WRITE },
		{ A(exclusive), MODE_EXCLUSIVE }, { A(append), MODE_APPEND },
		{ A(sync), MODE_SYNC }, { A(skip_type_check), MODE_ANY_TYPE },
		{ A(directory), MODE_DIRECTORY } };

	unsigned modes = 0;
	for (; term_is_cons(list); list = cons_tail(list))
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (cons_head(list) == known[i].name)
				modes |= known[i].mode;
	if (modes & (MODE_APPEND | MODE_EXCLUSIVE))
		modes |= MODE_WRITE;
	else if (!(modes & (MODE_READ | MODE_WRITE)))
		modes |= MODE_READ;
	return modes;
}

static int flags_of(unsigned modes)
{
	int flags = 0;
	if ((modes & (MODE_READ | MODE_WRITE)) == MODE_READ)
		flags = O_RDONLY;
	else if ((modes & (MODE_READ | MODE_WRITE)) == MODE_WRITE)
		flags = O_WRONLY | O_CREAT | O_TRUNC;
	else
		flags = O_RDWR | O_CREAT;
	if (modes & MODE_APPEND)
		flags = (flags & ~O_TRUNC) | O_APPEND;
	return flags | (modes & MODE_EXCLUSIVE ? O_EXCL : 0) | (modes & MODE_SYNC ? O_SYNC : 0) |
	       (modes & MODE_DIRECTORY ? O_DIRECTORY : 0);
}

static term do_open(struct errand *e, const term *args)
{
	struct path path;
	unsigned modes = modes_of(args[1]);
	int error = path_init(&path, e, args[0]);
	if (error != 0)
		return file_error(e, error);
	int fd = path_open(
		&path, e, flags_of(modes), modes & MODE_DIRECTORY ? NEW_DIR_MODE : NEW_FILE_MODE);
	path_done(&path);
	if (fd < 0)
		return file_error(e, -fd);
	struct stat st;
	if (!(modes & (MODE_ANY_TYPE | MODE_DIRECTORY)) && fstat(fd, &st) == 0 &&
		S_ISDIR(st.st_mode)) {
		descriptor_close(e, fd);
		return file_error(e, EISDIR);
	}
	return heap_tuple_of(errand_heap(e), A(ok), file_new(e, fd));
}

term bif_prim_file_open_2(struct proc *p, const term *args)
{
	if (!term_is_cons(args[1]) && args[1] != TERM_NIL)
		return bif_badarg(p);
	file_owner(p);
	return errand_start(p, do_open, 2, args);
}

static term do_from_descriptor(struct errand *e, const term *args)
{
	if (!ns_take(e->ns, COUNT_FILES))
		return file_error(e, EMFILE);
	int fd = fcntl((int)small_value(args[0]), F_DUPFD_CLOEXEC, 3);
	if (fd < 0) {
		int error = errno;
		ns_give(e->ns, COUNT_FILES);
		return file_error(e, error);
	}
	return heap_tuple_of(errand_heap(e), A(ok), file_new(e, fd));
}

/* Other descriptors are the host's or other namespaces': a number gives no right to them. The standard ones are copied, so that closing
 * the file leaves the machine its own. */
term bif_prim_file_file_desc_to_ref_1(struct proc *p, const term *args)
{
	int fd;
	if (!get_int(args[0], &fd))
		return bif_badarg(p);
	if (fd < 0 || fd > 2)
		return heap_tuple_of(bif_heap(p), A(error), errno_atom(EBADF));
	file_owner(p);
	return errand_start(p, do_from_descriptor, 1, args);
}

/* The file of a module: the digest that loading it asks for goes with its bytes, so that nobody reads them through again. st: of the
 * file, from before it was read. Takes b. */
static struct binary *note_module(struct binary *b, int fd, const struct stat *before)
{
	uint8_t digest[DIGEST_BYTES];
	struct stat after;
	bool steady = fstat(fd, &after) == 0 && digests_same(before, &after) && (uint64_t)after.st_size == b->size;
	if (!steady || !digests_find(&after, digest)) {
		load_digest(b->data, b->size, digest);
		if (steady)
			digests_enter(&after, digest);
	}
	struct binary *noted = binary_new(b->size + DIGEST_NOTE_BYTES);
	memcpy(noted->data, b->data, b->size);
	noted->size = b->size;
	digest_note(noted, digest);
	(void)binary_unref(b); /* always NULL */
	return noted;
}

bool path_is_module(const struct path *path)
{
	size_t length = strlen(path->text);
	return length > 5 && memcmp(path->text + length - 5, ".beam", 5) == 0;
}

/* All of a file that may say it is empty though it is not (/proc). */
static term read_file(struct errand *e, const term *args)
{
	struct path path;
	struct stat st;
	int error = path_init(&path, e, args[0]);
	if (error != 0)
		return file_error(e, error);
	int fd = path_open(&path, e, O_RDONLY, 0);
	bool module = path_is_module(&path);
	int looked = fd < 0 ? -fd : fstat(fd, &st) < 0 ? errno : 0;
	if (looked == 0)
		quick_learn(&path, st.st_dev);
	if (looked == ENOENT && module)
		vain_note(&path);
	path_done(&path);
	if (fd < 0)
		return file_error(e, looked);
	struct binary *b = NULL;
	if (looked != 0)
		error = looked;
	else if (S_ISDIR(st.st_mode))
		error = EISDIR;
	else if (st.st_size > 0)
		error = read_bytes(e, fd, -1, (uint64_t)st.st_size, (uint64_t)st.st_size, &b);
	else
		error = read_bytes(e, fd, -1, INT64_MAX, 0, &b);
	if (error == 0 && module && b != NULL && b->size > HEAP_BITS_MAX_BYTES)
		b = note_module(b, fd, &st);
	descriptor_close(e, fd);
	if (error != 0)
		return file_error(e, error);
	struct heap *heap = errand_heap(e);
	return heap_tuple_of(
		heap, A(ok), b == NULL ? bits_of_bytes(heap, "", 0) : bytes_value(heap, b));
}

term bif_prim_file_read_file_1(struct proc *p, const term *args)
{
	return errand_start_unless(p, quick_read_file, read_file, 1, args);
}

/* ------------------------------------------------------------------------------------------------ what a file is */

static term type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFCHR:
	case S_IFBLK:
		return A(device);
	case S_IFDIR:
		return A(directory);
	case S_IFREG:
		return A(regular);
	case S_IFLNK:
		return A(symlink);
	default:
		return A(other);
	}
}

/* Years 0 to 9999: what calendar can say. */
static term time_of(struct heap *heap, int64_t seconds)
{
	const int64_t first = -62167219200, last = 253402300799;
	return integer_of_i64(heap, seconds < first ? first : seconds > last ? last : seconds);
}

/* #file_info{} of file.hrl; numbers of 32 bits where OTP has such. */
term file_info(struct heap *heap, const struct stat *st, unsigned access)
{
	static const char *const accesses[] = { "none", "read", "write", "read_write" };
	const term fields[] = {
		A(file_info),
		integer_of_i64(heap, st->st_size),
		type_of(st->st_mode),
		atom_of_string(accesses[access]),
		time_of(heap, st->st_atime),
		time_of(heap, st->st_mtime),
		time_of(heap, st->st_ctime),
		term_of_small(st->st_mode),
		term_of_small((uint32_t)st->st_nlink),
		term_of_small((uint32_t)st->st_dev),
		term_of_small((uint32_t)st->st_rdev),
		term_of_small((uint32_t)st->st_ino),
		term_of_small(st->st_uid),
		term_of_small(st->st_gid),
	};
	return heap_tuple(heap, ARRAY_SIZE(fields), fields);
}

static term read_info(struct errand *e, const term *args)
{
	struct path path;
	struct stat st;
	int follow;
	if (!get_int(args[1], &follow))
		return errand_badarg(e);
	int error = path_init(&path, e, args[0]);
	if (error != 0)
		return file_error(e, error);
	unsigned access = 0;
	if (fstatat(path.cwd->fd, path.text, &st, follow != 0 ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		error = errno;
	else
		access = (faccessat(path.cwd->fd, path.text, R_OK, 0) == 0 ? ACCESS_READ : 0U) |
			 (faccessat(path.cwd->fd, path.text, W_OK, 0) == 0 ? ACCESS_WRITE : 0U);
	if (error == 0)
		quick_learn(&path, st.st_dev);
	path_done(&path);
	return error == 0 ? file_info(errand_heap(e), &st, access) : file_error(e, error);
}

term bif_prim_file_read_info_2(struct proc *p, const term *args)
{
	return errand_start_unless(p, quick_read_info, read_info, 2, args);
}

/* ------------------------------------------------------------------------------------------------ changing it */

static int set_permissions(const struct path *path, const term *args)
{
	const mode_t settable = S_ISUID | S_ISGID | S_IRWXU | S_IRWXG | S_IRWXO;
	mode_t mode = (mode_t)small_value(args[1]) & settable;
	if (fchmodat(path->cwd->fd, path->text, mode, 0) == 0)
		return 0;
	return fchmodat(path->cwd->fd, path->text, mode & ~(mode_t)(S_ISUID | S_ISGID), 0);
}

term bif_prim_file_set_permissions_2(struct errand *e, const term *args)
{
	if (!term_is_small(args[1]) || small_value(args[1]) < 0 ||
		small_value(args[1]) > UINT32_MAX)
		return errand_badarg(e);
	return with_path(e, args, set_permissions);
}

static int set_owner(const struct path *path, const term *args)
{
	return fchownat(path->cwd->fd, path->text, (uid_t)small_value(args[1]),
		(gid_t)small_value(args[2]), 0);
}

term bif_prim_file_set_owner_3(struct errand *e, const term *args)
{
	int uid, gid;
	if (!get_int(args[1], &uid) || !get_int(args[2], &gid))
		return errand_badarg(e);
	return with_path(e, args, set_owner);
}

static int set_time(const struct path *path, const term *args)
{
	int64_t accessed = 0, modified = 0;
	(void)integer_to_i64(args[1], &accessed); /* looked at already, both */
	(void)integer_to_i64(args[2], &modified);
	const struct timespec times[2] = { { .tv_sec = accessed }, { .tv_sec = modified } };
	return utimensat(path->cwd->fd, path->text, times, 0);
}

term bif_prim_file_set_time_4(struct errand *e, const term *args)
{
	int64_t seconds;
	for (int i = 1; i < 4; i++) {
		if (!integer_to_i64(args[i], &seconds))
			return errand_badarg(e);
	}
	return with_path(e, args, set_time);
}

/* ------------------------------------------------------------------------------------------------ folders and links */

term bif_prim_file_read_link_1(struct errand *e, const term *args)
{
	struct path path;
	char target[PATH_MAX + 1];
	int error = path_init(&path, e, args[0]);
	if (error != 0)
		return file_error(e, error);
	ssize_t n = readlinkat(path.cwd->fd, path.text, target, sizeof(target));
	error = n < 0 ? errno : 0;
	path_done(&path);
	if (error != 0)
		return file_error(e, error);
	return heap_tuple_of(
		errand_heap(e), A(ok), bits_of_bytes(errand_heap(e), target, (size_t)n));
}

/* Keeps what was read of a folder, for quick_list_dir(): names, each with a NUL behind it, the first of the list behind the others. */
static void keep_names(int fd, const struct stat *before, term list)
{
	struct stat after;
	size_t size = 0;
	for (term l = list; l != TERM_NIL; l = cons_tail(l))
		size += bits_size(cons_head(l)) / 8 + 1;
	if (size > NAMES_KEPT_MAX_BYTES || fstat(fd, &after) < 0 || !digests_same(before, &after))
		return;
	struct content *content = content_new(size, 0);
	if (content == NULL)
		return;
	for (size_t at = size; list != TERM_NIL; list = cons_tail(list)) {
		struct flat_bits name;
		flat_bits_init(&name, cons_head(list));
		at -= name.size + 1;
		memcpy(content->data + at, name.data, name.size);
		content->data[at + name.size] = '\0';
		flat_bits_done(&name);
	}
	content_enter(content, &after);
	(void)content_unref(content); /* always NULL */
}

/* Bound: the list is charged to its process like every value; what has come so far is not held twice. */
static term list_dir(struct errand *e, const term *args)
{
	struct path path;
	struct stat st;
	int error = path_init(&path, e, args[0]);
	if (error != 0)
		return file_error(e, error);
	int fd = path_open(&path, e, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
	bool known = fd >= 0 && fstat(fd, &st) == 0;
	if (known)
		quick_learn(&path, st.st_dev);
	path_done(&path);
	if (fd < 0)
		return file_error(e, -fd);
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		error = errno;
		descriptor_close(e, fd);
		return file_error(e, error);
	}
	struct heap *heap = errand_heap(e);
	term list = TERM_NIL;
	errno = 0;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			list = heap_cons(heap, bits_of_bytes(heap, name, strlen(name)), list);
	}
	if (known && errno == 0)
		keep_names(fd, &st, list);
	(void)closedir(dir); /* it was for reading only */
	ns_give(e->ns, COUNT_FILES);
	return heap_tuple_of(heap, A(ok), list);
}

term bif_prim_file_list_dir_1(struct proc *p, const term *args)
{
	return errand_start_unless(p, quick_list_dir, list_dir, 1, args);
}

static int make_dir(const struct path *path, const term *args)
{
	(void)args; /* the name is all there is */
	return mkdirat(path->cwd->fd, path->text, NEW_DIR_MODE);
}

term bif_prim_file_make_dir_1(struct errand *e, const term *args)
{
	return with_path(e, args, make_dir);
}

static int del_file(const struct path *path, const term *args)
{
	(void)args; /* the name is all there is */
	int r = unlinkat(path->cwd->fd, path->text, 0);
	if (r < 0 && errno == EISDIR)
		errno = EPERM; /* what POSIX says */
	return r;
}

term bif_prim_file_del_file_1(struct errand *e, const term *args)
{
	return with_path(e, args, del_file);
}

static int del_dir(const struct path *path, const term *args)
{
	(void)args; /* the name is all there is */
	struct stat that, here;
	int r = unlinkat(path->cwd->fd, path->text, AT_REMOVEDIR);
	if (r == 0 || (errno != ENOTEMPTY && errno != EEXIST))
		return r;
	bool known = fstatat(path->cwd->fd, path->text, &that, 0) == 0 &&
		     fstatat(path->cwd->fd, ".", &here, 0) == 0;
	errno = known && that.st_ino == here.st_ino && that.st_dev == here.st_dev ? EINVAL : EEXIST;
	return r;
}

term bif_prim_file_del_dir_1(struct errand *e, const term *args)
{
	return with_path(e, args, del_dir);
}

static int make_hard_link(const struct path *old, const struct path *new)
{
	return linkat(old->cwd->fd, old->text, new->cwd->fd, new->text, 0);
}

term bif_prim_file_make_hard_link_2(struct errand *e, const term *args)
{
	return with_paths(e, args, make_hard_link);
}

static int make_soft_link(const struct path *old, const struct path *new)
{
	return symlinkat(old->text, new->cwd->fd, new->text);
}

term bif_prim_file_make_soft_link_2(struct errand *e, const term *args)
{
	return with_paths(e, args, make_soft_link);
}

static int rename_path(const struct path *old, const struct path *new)
{
	int r = renameat(old->cwd->fd, old->text, new->cwd->fd, new->text);
	if (r < 0 && errno == ENOTEMPTY)
		errno = EEXIST;
	else if (r < 0 && strcmp(old->text, "/") == 0)
		errno = EINVAL; /* systems differ in what they say */
	return r;
}

term bif_prim_file_rename_2(struct errand *e, const term *args)
{
	return with_paths(e, args, rename_path);
}

term bif_prim_file_altname_1(struct errand *e, const term *args)
{
	struct path path;
	int error = path_init(&path, e, args[0]);
	if (error != 0)
		return file_error(e, error);
	path_done(&path);
	return file_error(e, ENOTSUP);
}

/* ------------------------------------------------------------------------------------------------ where we are */

term bif_prim_file_get_cwd_0(struct proc *p, const term *args)
{
	(void)args; /* there are none */
	int r = 0;
	struct heap *heap = bif_heap(p);
	char *path = cwd_path(p->ns, &r);
	if (path == NULL)
		return heap_tuple_of(heap, A(error), errno_atom(-r));
	term value = bits_of_bytes(heap, path, strlen(path));
	free(path);
	return heap_tuple_of(heap, A(ok), value);
}

term bif_prim_file_set_cwd_1(struct errand *e, const term *args)
{
	struct path path;
	int error = path_init(&path, e, args[0]);
	if (error != 0)
		return file_error(e, error);
	error = -cwd_set(e->ns, path.text);
	path_done(&path);
	return error == 0 ? A(ok) : file_error(e, error);
}

term bif_prim_file_get_device_cwd_1(struct errand *e, const term *args)
{
	int device;
	if (!get_int(args[0], &device))
		return errand_badarg(e);
	return file_error(e, ENOTSUP);
}
