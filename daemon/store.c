/* SPDX-License-Identifier: Apache-2.0 */
/* Staging, in phases: 1 files of the archive come below tmp/N/new under their digests, unless the store has them; 2 they are examined;
 * 3 new ones move to files/, the tree of links, manifest and info are made below tmp/N; 4 one syncfs; 5 one rename to releases/DIGEST;
 * 6 that folder is synced. Killed before 5: nothing but files without a release, gone at the next start. */
#include "store.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME 72 /* "AB/REST" and "x" */

struct store {
	char *dir;
	int fd; /* of it */
	unsigned serial;
};

/* ---- folders ---- */

/* Removes what is below a name, files and folders, and the name. Bound: depth, by descriptors: folders are made by us, at most as deep
 * as archives go; a service's own folder may be deeper, and is then flattened by moving. */
static int remove_tree(int at, const char *name)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	/* One stack of folders, each emptied of files first; a folder in it is moved up to the top, so that no depth is too much. */
	_cleanup_(close_fdp) int top =
		openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return errno == ENOENT ? 0 : -errno;
	unsigned long serial = 0;
	for (bool found = true; found;) {
		found = false;
		DIR *dir = fdopendir(fcntl(top, F_DUPFD_CLOEXEC, 3));
		if (dir == NULL)
			return -errno;
		rewinddir(dir);
		for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
			if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
				continue;
			if (unlinkat(top, entry->d_name, 0) == 0 ||
				unlinkat(top, entry->d_name, AT_REMOVEDIR) == 0)
				continue;
			if (errno != ENOTEMPTY && errno != EEXIST) {
				int r = -errno;
				(void)closedir(dir); /* it was only read */
				return r;
			}
			found = true;
			int inner = openat(top, entry->d_name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			DIR *below = inner >= 0 ? fdopendir(inner) : NULL;
			if (below == NULL) {
				int r = -errno;
				close_fdp(&inner);
				(void)closedir(dir); /* as above */
				return r;
			}
			for (const struct dirent *e; (e = readdir(below)) != NULL;) {
				char moved[64];
				if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
					continue;
				if (unlinkat(inner, e->d_name, 0) == 0)
					continue;
				(void)snprintf(moved, sizeof(moved), ".beamr-removing-%d-%lu",
					(int)getpid(), serial++); /* fits */
				if (renameat(inner, e->d_name, top, moved) != 0) {
					int r = -errno;
					(void)closedir(below); /* as above */
					(void)closedir(dir);
					return r;
				}
			}
			(void)closedir(below); /* as above */
		}
		(void)closedir(dir); /* as above */
	}
	return unlinkat(at, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

static int make_dir(int at, const char *name)
{
	return mkdirat(at, name, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int sync_dir(int at, const char *name)
{
	_cleanup_(close_fdp) int fd = open_dir(at, name);
	if (fd < 0)
		return fd;
	return fsync(fd) == 0 ? 0 : -errno;
}

/* A file's place below files/. */
static void file_name(const char *digest, bool program, char out[FILE_NAME])
{
	(void)snprintf(
		out, FILE_NAME, "%.2s/%.62s%s", digest, digest + 2, program ? "x" : ""); /* fits */
}

/* Files that no release has: their only link is ours. */
static void sweep_files(struct store *store)
{
	_cleanup_(close_fdp) int files = open_dir(store->fd, "files");
	DIR *outer = files >= 0 ? fdopendir(fcntl(files, F_DUPFD_CLOEXEC, 3)) : NULL;
	if (outer == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(outer)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		int fd = open_dir(files, entry->d_name);
		DIR *inner = fd >= 0 ? fdopendir(fd) : NULL;
		if (inner == NULL) {
			close_fdp(&fd);
			continue;
		}
		for (const struct dirent *e; (e = readdir(inner)) != NULL;) {
			struct stat status;
			if (fstatat(fd, e->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
				S_ISREG(status.st_mode) && status.st_nlink == 1)
				(void)unlinkat(fd, e->d_name, 0); /* the next sweep tries again */
		}
		(void)closedir(inner); /* it was only read */
	}
	(void)closedir(outer); /* as above */
}

int store_open(const char *dir, struct store **ret_store)
{
	static const char *const folders[] = { "files", "releases", "services", "data", "tmp" };
	struct store *store = calloc(1, sizeof(*store));
	int r = store != NULL ? 0 : -ENOMEM;
	if (r == 0) {
		store->dir = strdup(dir);
		(void)mkdir(dir, 0755); /* when it cannot be made, opening says why */
		store->fd = open_dir(AT_FDCWD, dir);
		r = store->fd < 0 ? store->fd : store->dir == NULL ? -ENOMEM : 0;
	}
	/* What another daemon has under way looks as if it were left over. The lock goes with the process. */
	if (r == 0 && flock(store->fd, LOCK_EX | LOCK_NB) != 0)
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (r == 0)
		r = remove_tree(store->fd, "tmp");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++)
		r = make_dir(store->fd, folders[i]);
	if (r != 0) {
		(void)store_free(store);
		return r;
	}
	sweep_files(store);
	*ret_store = store;
	return 0;
}

struct store *store_free(struct store *store)
{
	if (store == NULL)
		return NULL;
	close_fdp(&store->fd);
	free(store->dir);
	free(store);
	return NULL;
}

const char *store_dir(const struct store *store)
{
	return store->dir;
}

/* ---- staging ---- */

struct staging {
	struct store *store;
	int tmp;   /* tmp/N */
	int files; /* files/ */
	int part;  /* the file that comes in */
	char name[32];
	SHA2_CTX sha;
	uint64_t size;
	uint64_t received;
	struct release_file *list;
	size_t count, capacity;
	enum archive_kind kind;
	store_progress_fn progress;
	void *user;
	size_t wrapping; /* bytes of each path that are left out */
};

static int stage_begin(void *user, enum archive_kind kind, const char *path, const char *target,
	struct archive_error *error)
{
	struct staging *s = user;
	if (s->count == s->capacity) {
		size_t capacity = s->capacity > 0 ? s->capacity * 2 : 256;
		struct release_file *grown = reallocarray(s->list, capacity, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		s->list = grown;
		s->capacity = capacity;
	}
	struct release_file *file = &s->list[s->count];
	*file = (struct release_file){ .path = strdup(path),
		.target = target != NULL ? strdup(target) : NULL,
		.program = kind == ARCHIVE_PROGRAM };
	s->count++;
	if (file->path == NULL || (target != NULL && file->target == NULL))
		return -ENOMEM;
	s->kind = kind;
	if (kind == ARCHIVE_LINK)
		return 0;
	s->size = 0;
	SHA256Init(&s->sha);
	s->part = openat(s->tmp, "part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return s->part >= 0 ? 0 : -errno;
}

static int write_all(int fd, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int stage_data(void *user, const void *bytes, size_t size)
{
	struct staging *s = user;
	SHA256Update(&s->sha, bytes, size);
	s->size += size;
	s->received += size;
	s->progress(s->user, STORE_RECEIVING, s->received, 0);
	return write_all(s->part, bytes, size);
}

static int stage_end(void *user)
{
	struct staging *s = user;
	struct release_file *file = &s->list[s->count - 1];
	char name[FILE_NAME], fresh[FILE_NAME + 4];
	struct stat status;
	int r = fchmod(s->part, file->program ? 0555 : 0444) == 0 ? 0 : -errno;
	close_fdp(&s->part);
	(void)SHA256End(&s->sha, file->digest); /* gives the digest back */
	file->size = s->size;
	file_name(file->digest, file->program, name);
	if (r < 0)
		return r;
	/* What the store has already goes: the next one is made anew, since nobody may write to this one. */
	if (fstatat(s->files, name, &status, 0) == 0)
		return unlinkat(s->tmp, "part", 0) == 0 ? 0 : -errno;
	(void)snprintf(fresh, sizeof(fresh), "new/%.2s%s", name, name + 3); /* fits */
	return renameat(s->tmp, "part", s->tmp, fresh) == 0 ? 0 : -errno;
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(
		((const struct release_file *)a)->path, ((const struct release_file *)b)->path);
}

/* In order, without the folder that wraps all, each path once. */
static int tidy(struct staging *s, struct release_error *error)
{
	if (s->count != 0) /* an archive may hold nothing */
		qsort(s->list, s->count, sizeof(*s->list), compare_files);
	size_t wrapping = release_wrapping(s->list, s->count);
	for (size_t i = 0; i < s->count; i++) {
		char *path = s->list[i].path;
		memmove(path, path + wrapping, strlen(path + wrapping) + 1);
		if (i == 0 || strcmp(path, s->list[i - 1].path) != 0)
			continue;
		(void)snprintf(error->path, sizeof(error->path), "%s", path); /* bounded paths */
		(void)snprintf(
			error->reason, sizeof(error->reason), "it is there twice"); /* fits */
		return RELEASE_E_BAD;
	}
	return 0;
}

/* Opens a staged file wherever it is. */
static int open_staged(const struct staging *s, const struct release_file *file)
{
	char name[FILE_NAME], fresh[FILE_NAME + 4];
	file_name(file->digest, file->program, name);
	int fd = openat(s->files, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	(void)snprintf(fresh, sizeof(fresh), "new/%.2s%s", name, name + 3); /* fits */
	fd = openat(s->tmp, fresh, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

static int read_whole(int fd, size_t size, char **ret_bytes)
{
	char *bytes = malloc(size + 1);
	size_t got = 0;
	if (bytes == NULL)
		return -ENOMEM;
	while (got < size) {
		ssize_t n = read(fd, bytes + got, size - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(bytes);
			return n < 0 ? -errno : -EIO;
		}
		got += (size_t)n;
	}
	bytes[size] = '\0';
	*ret_bytes = bytes;
	return 0;
}

static int read_staged(
	void *user, const struct release_file *file, char **ret_bytes, size_t *ret_size)
{
	const struct staging *s = user;
	if (file->target != NULL)
		return -EINVAL;
	_cleanup_(close_fdp) int fd = open_staged(s, file);
	if (fd < 0)
		return fd;
	*ret_size = (size_t)file->size;
	return read_whole(fd, (size_t)file->size, ret_bytes);
}

static void staged_progress(void *user, size_t done, size_t total)
{
	const struct staging *s = user;
	s->progress(s->user, STORE_VERIFYING, done, total);
}

/* The text that the digest is of. */
static int manifest(const struct staging *s, char **ret_text, size_t *ret_size)
{
	FILE *out = open_memstream(ret_text, ret_size);
	if (out == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++) {
		const struct release_file *file = &s->list[i];
		if (file->target != NULL)
			fprintf(out, "l %s\t%s\n", file->path, file->target);
		else
			fprintf(out, "%c %s %llu %s\n", file->program ? 'x' : 'f', file->digest,
				(unsigned long long)file->size, file->path);
	}
	return fclose(out) == 0 ? 0 : -ENOMEM;
}

/* The folders of a path, made when they are missing. Each is tried once in a row, since paths come sorted. */
static int make_parents(int root, const char *path, char *last)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash != NULL ? (size_t)(slash - path) : 0;
	if (length == 0 || (strlen(last) == length && memcmp(last, path, length) == 0))
		return 0;
	for (size_t i = 1; i <= length; i++) {
		if (i < length && path[i] != '/')
			continue;
		memcpy(last, path, i);
		last[i] = '\0';
		int r = make_dir(root, last);
		struct stat status;
		if (r != 0)
			return r;
		/* A link in its place could lead anywhere, also by way of other links that each stay inside. */
		if (fstatat(root, last, &status, AT_SYMLINK_NOFOLLOW) != 0)
			return -errno;
		if (!S_ISDIR(status.st_mode))
			return -ENOTDIR;
	}
	return 0;
}

static int copy_file(int from, int root, const char *path, bool program)
{
	_cleanup_(close_fdp) int fd = from;
	_cleanup_(close_fdp) int to =
		openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, program ? 0555 : 0444);
	if (fd < 0 || to < 0)
		return -errno;
	for (;;) {
		ssize_t n = sendfile(to, fd, NULL, 1u << 20);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
	}
}

static int link_file(const struct staging *s, int root, const struct release_file *file)
{
	char name[FILE_NAME], fresh[FILE_NAME + 4];
	struct stat status;
	if (file->target != NULL)
		return symlinkat(file->target, root, file->path) == 0 ? 0 : -errno;
	file_name(file->digest, file->program, name);
	if (fstatat(s->files, name, &status, 0) != 0) {
		char folder[3] = { name[0], name[1], '\0' };
		(void)snprintf(fresh, sizeof(fresh), "new/%.2s%s", name, name + 3); /* fits */
		int r = make_dir(s->files, folder);
		if (r == 0 && renameat(s->tmp, fresh, s->files, name) != 0)
			r = -errno;
		if (r != 0)
			return r;
	}
	if (linkat(s->files, name, root, file->path, 0) == 0)
		return 0;
	/* Some file systems have no hard links, others not that many. */
	if (errno != EMLINK && errno != EPERM && errno != ENOTSUP && errno != EXDEV)
		return -errno;
	return copy_file(
		openat(s->files, name, O_RDONLY | O_CLOEXEC), root, file->path, file->program);
}

static int write_file(int at, const char *name, const char *text, size_t size)
{
	_cleanup_(close_fdp) int fd =
		openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : write_all(fd, text, size);
}

static int make_tree(struct staging *s, struct release_error *error)
{
	char last[ARCHIVE_PATH_MAX] = "";
	int r = make_dir(s->tmp, "root");
	_cleanup_(close_fdp) int root = r == 0 ? open_dir(s->tmp, "root") : r;
	r = root < 0 ? root : 0;
	for (size_t i = 0; r == 0 && i < s->count; i++) {
		r = make_parents(root, s->list[i].path, last);
		if (r == 0)
			r = link_file(s, root, &s->list[i]);
		if (r == -ENOTDIR || r == -EEXIST || r == -ELOOP) {
			(void)snprintf(error->path, sizeof(error->path), "%s",
				s->list[i].path); /* bounded paths */
			(void)snprintf(error->reason, sizeof(error->reason),
				"a file lies where a folder is needed"); /* fits */
			return RELEASE_E_BAD;
		}
	}
	return r;
}

static int commit(struct staging *s, struct release *release, const char *text, size_t size,
	struct release_error *error)
{
	char to[sizeof("releases/") + RELEASE_DIGEST];
	struct stat status;
	(void)snprintf(to, sizeof(to), "releases/%s", release->digest); /* fits */
	if (fstatat(s->store->fd, to, &status, 0) == 0)
		return 0; /* it is there already */
	int r = make_tree(s, error);
	if (r == 0)
		r = write_file(s->tmp, "manifest", text, size);
	json_t *info = r == 0 ? release_to_json(release) : NULL;
	char *info_text = info != NULL ? json_dumps(info, JSON_COMPACT) : NULL;
	json_decref(info);
	if (r == 0)
		r = info_text != NULL ? write_file(s->tmp, "info", info_text, strlen(info_text))
				      : -ENOMEM;
	free(info_text);
	if (r == 0)
		r = remove_tree(s->tmp, "new");
	if (r == 0)
		r = remove_tree(s->tmp, "part");
	if (r == 0 && syncfs(s->tmp) != 0)
		r = -errno;
	char from[64];
	(void)snprintf(from, sizeof(from), "tmp/%s", s->name); /* fits */
	if (r == 0 && renameat(s->store->fd, from, s->store->fd, to) != 0)
		r = -errno;
	return r == 0 ? sync_dir(s->store->fd, "releases") : r;
}

static char *tree_path(const struct store *store, const char *digest)
{
	char *path;
	return asprintf(&path, "%s/releases/%s/root", store->dir, digest) >= 0 ? path : NULL;
}

static int read_source(
	struct staging *s, const struct store_source *source, struct archive_error *error)
{
	const struct archive_sink sink = {
		.begin = stage_begin, .data = stage_data, .end = stage_end, .user = s
	};
	struct stat status;
	if (source->path == NULL)
		return archive_read_tar(source->fd, source->bytes_max, &sink, error);
	_cleanup_(close_fdp) int fd =
		open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) != 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return archive_read_folder(source->path, source->bytes_max, &sink, error);
	return S_ISREG(status.st_mode) ? archive_read_tar(fd, source->bytes_max, &sink, error)
				       : -EINVAL;
}

static int stage(struct staging *s, const struct store_source *source, unsigned flags,
	struct release **ret_release, struct release_error *error)
{
	struct archive_error archive_error;
	struct release *release = NULL;
	_cleanup_(free_stringp) char *text = NULL;
	size_t size = 0;
	int r = read_source(s, source, &archive_error);
	if (r == ARCHIVE_E_BAD) {
		(void)snprintf(
			error->path, sizeof(error->path), "%s", archive_error.path); /* same size */
		(void)snprintf(error->reason, sizeof(error->reason), "%s",
			archive_error.reason); /* larger */
		error->has_offset = archive_error.has_offset;
		error->offset = archive_error.offset;
		return RELEASE_E_BAD;
	}
	if (r == 0)
		r = tidy(s, error);
	if (r == 0)
		r = release_examine(
			s->list, s->count, read_staged, staged_progress, s, &release, error);
	if (r == 0)
		r = manifest(s, &text, &size);
	if (r == 0) {
		(void)SHA256Data((const uint8_t *)text, size, release->digest); /* gives it back */
		release->tree = tree_path(s->store, release->digest);
		r = release->tree != NULL ? 0 : -ENOMEM;
	}
	if (r == 0 && (flags & STORE_DRY_RUN) == 0)
		r = commit(s, release, text, size, error);
	if (r != 0)
		sweep_files(s->store); /* what has moved there and belongs to nothing */
	if (r == 0)
		*ret_release = release;
	else
		(void)release_free(release);
	return r;
}

int store_stage(struct store *store, const struct store_source *source, unsigned flags,
	store_progress_fn progress, void *user, struct release **ret_release,
	struct release_error *ret_error)
{
	struct staging s = { .store = store,
		.tmp = -1,
		.files = open_dir(store->fd, "files"),
		.part = -1,
		.progress = progress,
		.user = user };
	_cleanup_(close_fdp) int tmp = open_dir(store->fd, "tmp");
	*ret_error = (struct release_error){ 0 };
	(void)snprintf(s.name, sizeof(s.name), "%u", store->serial++); /* fits */
	int r = s.files < 0 ? s.files : tmp < 0 ? tmp : make_dir(tmp, s.name);
	if (r == 0) {
		s.tmp = open_dir(tmp, s.name);
		r = s.tmp < 0 ? s.tmp : make_dir(s.tmp, "new");
	}
	if (r == 0)
		r = stage(&s, source, flags, ret_release, ret_error);
	close_fdp(&s.part);
	close_fdp(&s.tmp);
	close_fdp(&s.files);
	if (tmp >= 0)
		(void)remove_tree(tmp, s.name); /* what is left goes at the next start */
	for (size_t i = 0; i < s.count; i++) {
		free(s.list[i].path);
		free(s.list[i].target);
	}
	free(s.list);
	return r;
}

/* ---- what is there ---- */

static int read_named(int at, const char *name, char **ret_text)
{
	struct stat status;
	_cleanup_(close_fdp) int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0)
		return -errno;
	return read_whole(fd, (size_t)status.st_size, ret_text);
}

int store_load(const struct store *store, const char *digest, struct release **ret_release)
{
	char name[sizeof("releases//info") + RELEASE_DIGEST];
	_cleanup_(free_stringp) char *text = NULL;
	if (strlen(digest) != RELEASE_DIGEST - 1 ||
		strspn(digest, "0123456789abcdef") != RELEASE_DIGEST - 1)
		return -ENOENT;
	(void)snprintf(name, sizeof(name), "releases/%s/info", digest); /* fits */
	int r = read_named(store->fd, name, &text);
	if (r < 0)
		return r;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct release *release = release_from_json(json);
	json_decref(json);
	if (release == NULL)
		return -EBADMSG;
	release->tree = tree_path(store, digest);
	if (release->tree == NULL) {
		(void)release_free(release);
		return -ENOMEM;
	}
	*ret_release = release;
	return 0;
}

static int compare_texts(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

void store_sweep(struct store *store, const char *const *keep, size_t count)
{
	_cleanup_(close_fdp) int releases = open_dir(store->fd, "releases");
	DIR *dir = releases >= 0 ? fdopendir(fcntl(releases, F_DUPFD_CLOEXEC, 3)) : NULL;
	bool gone = false;
	if (dir == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char away[NAME_MAX + 16];
		if (entry->d_name[0] == '.' ||
			(count > 0 && bsearch(entry->d_name, keep, count, sizeof(*keep),
					      compare_texts) != NULL))
			continue;
		/* In one step out of sight, then piece by piece. */
		(void)snprintf(away, sizeof(away), "tmp/gone-%u", store->serial++); /* fits */
		if (renameat(releases, entry->d_name, store->fd, away) == 0)
			(void)remove_tree(
				store->fd, away); /* what is left goes at the next start */
		gone = true;
	}
	(void)closedir(dir); /* it was only read */
	if (gone)
		sweep_files(store);
}

/* ---- records ---- */

int store_write_record(struct store *store, const char *name, const char *text)
{
	char to[sizeof("services/.json") + STORE_NAME_MAX], from[64];
	if (strlen(name) > STORE_NAME_MAX)
		return -ENAMETOOLONG;
	(void)snprintf(to, sizeof(to), "services/%s.json", name); /* fits */
	if (text == NULL) {
		if (unlinkat(store->fd, to, 0) != 0 && errno != ENOENT)
			return -errno;
		return sync_dir(store->fd, "services");
	}
	(void)snprintf(from, sizeof(from), "tmp/record-%u", store->serial++); /* fits */
	_cleanup_(close_fdp) int fd =
		openat(store->fd, from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : write_all(fd, text, strlen(text));
	if (r == 0 && fsync(fd) != 0)
		r = -errno;
	if (r == 0 && renameat(store->fd, from, store->fd, to) != 0)
		r = -errno;
	if (r != 0)
		(void)unlinkat(store->fd, from, 0); /* tmp is emptied at the start */
	return r == 0 ? sync_dir(store->fd, "services") : r;
}

int store_each_record(const struct store *store,
	void (*fn)(void *user, const char *name, const char *text), void *user)
{
	_cleanup_(close_fdp) int services = open_dir(store->fd, "services");
	DIR *dir = services >= 0 ? fdopendir(fcntl(services, F_DUPFD_CLOEXEC, 3)) : NULL;
	if (dir == NULL)
		return services < 0 ? services : -errno;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		size_t length = strlen(entry->d_name);
		char *text = NULL;
		char name[STORE_NAME_MAX + 1];
		if (length <= 5 || length - 5 > STORE_NAME_MAX ||
			strcmp(entry->d_name + length - 5, ".json") != 0)
			continue;
		(void)snprintf(
			name, sizeof(name), "%.*s", (int)(length - 5), entry->d_name); /* fits */
		if (read_named(services, entry->d_name, &text) == 0)
			fn(user, name, text);
		free(text);
	}
	(void)closedir(dir); /* it was only read */
	return 0;
}

int store_data_dir(const struct store *store, const char *name, char **ret_path)
{
	char below[sizeof("data/") + STORE_NAME_MAX];
	if (strlen(name) > STORE_NAME_MAX)
		return -ENAMETOOLONG;
	(void)snprintf(below, sizeof(below), "data/%s", name); /* fits */
	int r = make_dir(store->fd, below);
	if (r < 0)
		return r;
	return asprintf(ret_path, "%s/%s", store->dir, below) >= 0 ? 0 : -ENOMEM;
}

int store_remove_data(struct store *store, const char *name)
{
	char below[sizeof("data/") + STORE_NAME_MAX], away[64];
	if (strlen(name) > STORE_NAME_MAX)
		return -ENAMETOOLONG;
	(void)snprintf(below, sizeof(below), "data/%s", name);              /* fits */
	(void)snprintf(away, sizeof(away), "tmp/gone-%u", store->serial++); /* fits */
	if (renameat(store->fd, below, store->fd, away) != 0)
		return errno == ENOENT ? 0 : -errno;
	return remove_tree(store->fd, away);
}
