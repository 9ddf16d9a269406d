/* SPDX-License-Identifier: Apache-2.0 */
/* Folders and tars as one sequence of entries. Source of the tar format: POSIX.1-2017 pax, and what GNU tar adds ('L', 'K', sizes
 * in base 256). */
#include "archive.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK 512
#define CHUNK 65536u

struct reading {
	const struct archive_sink *sink;
	struct archive_error *error;
	uint64_t bytes_left;
	uint64_t entries;
};

static int bad(struct archive_error *error, const char *path, const char *format, ...)
	_printf_(3, 4);

static int bad(struct archive_error *error, const char *path, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(error->reason, sizeof(error->reason), format,
		arguments); /* a sentence; cut when it is absurd */
	va_end(arguments);
	(void)snprintf(error->path, sizeof(error->path), "%s", path); /* as above */
	/* Somebody's terminal may get to see it. */
	for (unsigned char *c = (unsigned char *)error->path; *c != '\0'; c++) {
		if (*c < 32 || *c == 127)
			*c = '?';
	}
	return ARCHIVE_E_BAD;
}

const char *archive_path_check(const char *path)
{
	size_t length = strlen(path);
	if (length == 0)
		return "is empty";
	if (length >= ARCHIVE_PATH_MAX)
		return "is too long";
	if (path[0] == '/')
		return "is absolute";
	for (size_t i = 0; i < length;) {
		uint32_t c = 0;
		int n = utf8_decode((const uint8_t *)path + i, length - i, &c);
		if (n <= 0)
			return "is no UTF-8";
		if (c < 32 || c == 127)
			return "has control characters";
		i += (size_t)n;
	}
	for (const char *at = path; at != NULL;) {
		size_t part = strcspn(at, "/");
		if (part == 0 || (part == 1 && at[0] == '.') ||
			(part == 2 && at[0] == '.' && at[1] == '.'))
			return "leads out of its folder";
		if (part > 255)
			return "has a part that is too long";
		at = at[part] == '/' ? at + part + 1 : NULL;
	}
	return NULL;
}

/* A link must stay below the top: counted from the folder it lies in. */
static const char *target_check(const char *path, const char *target)
{
	long depth = 0;
	for (const char *at = path; *at != '\0'; at++)
		depth += *at == '/';
	if (target[0] == '/' || target[0] == '\0' || strlen(target) >= ARCHIVE_PATH_MAX)
		return "points out of the archive";
	for (const unsigned char *at = (const unsigned char *)target; *at != '\0'; at++) {
		if (*at < 32 || *at == 127)
			return "has control characters";
	}
	for (const char *at = target; at != NULL;) {
		size_t part = strcspn(at, "/");
		if (part == 2 && at[0] == '.' && at[1] == '.')
			depth--;
		else if (part > 0 && !(part == 1 && at[0] == '.'))
			depth++;
		if (depth < 0)
			return "points out of the archive";
		at = at[part] == '/' ? at + part + 1 : NULL;
	}
	return NULL;
}

static int count_entry(struct reading *reading, const char *path)
{
	if (++reading->entries > ARCHIVE_ENTRIES_MAX)
		return bad(reading->error, path, "there are more than %d entries",
			ARCHIVE_ENTRIES_MAX);
	return 0;
}

static int count_bytes(struct reading *reading, const char *path, uint64_t size)
{
	if (size > reading->bytes_left)
		return bad(reading->error, path, "it is larger than a release may be");
	reading->bytes_left -= size;
	return 0;
}

/* ---- folders ---- */

static int read_file(struct reading *reading, int fd, const char *path, bool program)
{
	const struct archive_sink *sink = reading->sink;
	char *bytes = malloc(CHUNK);
	int r = bytes == NULL ? -ENOMEM : count_entry(reading, path);
	if (r == 0)
		r = sink->begin(sink->user, program ? ARCHIVE_PROGRAM : ARCHIVE_FILE, path, NULL,
			reading->error);
	while (r == 0) {
		ssize_t n = read(fd, bytes, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = -errno;
		if (n <= 0)
			break;
		r = count_bytes(reading, path, (uint64_t)n);
		if (r == 0)
			r = sink->data(sink->user, bytes, (size_t)n);
	}
	free(bytes);
	return r == 0 ? sink->end(sink->user) : r;
}

/* A folder that is being read; the deepest one is the last of an array. */
struct level {
	DIR *dir;
	size_t length; /* of the path up to here, with its slash */
};

static int open_level(struct level *levels, size_t *depth, int fd, size_t length)
{
	if (*depth == ARCHIVE_DEPTH_MAX) {
		(void)close(fd); /* it was only opened */
		return ARCHIVE_E_BAD;
	}
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		int r = -errno;
		(void)close(fd); /* as above */
		return r;
	}
	levels[(*depth)++] = (struct level){ .dir = dir, .length = length };
	return 0;
}

static int read_name(
	struct reading *reading, struct level *levels, size_t *depth, char *path, const char *name)
{
	struct level *level = &levels[*depth - 1];
	struct stat status;
	size_t length = level->length + strlen(name);
	if (length + 1 >= ARCHIVE_PATH_MAX) {
		path[level->length] = '\0';
		return bad(reading->error, path, "a path in it is too long");
	}
	memcpy(path + level->length, name, strlen(name) + 1);
	const char *wrong = archive_path_check(path);
	if (wrong != NULL)
		return bad(reading->error, path, "the name %s", wrong);
	/* O_NONBLOCK: a FIFO must not keep us. */
	int fd = openat(dirfd(level->dir), name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return bad(reading->error, path, "it cannot be read: %s", strerror(errno));
	if (fstat(fd, &status) != 0) {
		int r = -errno;
		(void)close(fd); /* it was only read */
		return r;
	}
	if (S_ISDIR(status.st_mode)) {
		path[length] = '/';
		path[length + 1] = '\0';
		int r = open_level(levels, depth, fd, length + 1);
		return r == ARCHIVE_E_BAD
			       ? bad(reading->error, path, "folders lie too deep in each other")
			       : r;
	}
	int r = S_ISREG(status.st_mode)
			? read_file(reading, fd, path, (status.st_mode & S_IXUSR) != 0)
			: bad(reading->error, path, "it is neither a file nor a folder");
	(void)close(fd); /* it was only read */
	return r;
}

int archive_read_folder(const char *top, uint64_t bytes_max, const struct archive_sink *sink,
	struct archive_error *ret_error)
{
	struct reading reading = { .sink = sink, .error = ret_error, .bytes_left = bytes_max };
	struct level levels[ARCHIVE_DEPTH_MAX];
	char path[ARCHIVE_PATH_MAX] = "";
	size_t depth = 0;
	*ret_error = (struct archive_error){ 0 };
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = open_level(levels, &depth, fd, 0);
	while (r == 0 && depth > 0) {
		errno = 0;
		const struct dirent *entry = readdir(levels[depth - 1].dir);
		if (entry == NULL) {
			r = -errno;
			(void)closedir(levels[--depth].dir); /* it was only read */
			continue;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = read_name(&reading, levels, &depth, path, entry->d_name);
	}
	while (depth > 0)
		(void)closedir(levels[--depth].dir); /* as above */
	return r;
}

/* ---- tars ---- */

struct stream {
	int fd;
	bool ended; /* of fd */
	bool packed;
	bool unpacked_all; /* zlib has seen the end */
	z_stream z;
	unsigned char in[CHUNK];
	size_t in_at, in_used;
	uint64_t offset; /* of what was handed out */
};

static int refill(struct stream *stream)
{
	if (stream->in_at < stream->in_used || stream->ended)
		return 0;
	for (;;) {
		ssize_t n = read(stream->fd, stream->in, sizeof(stream->in));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		stream->ended = n == 0;
		stream->in_at = 0;
		stream->in_used = (size_t)n;
		return 0;
	}
}

/* Fills as much of out as there is. Returns 0, ARCHIVE_E_BAD when the compression is broken, or negative errno. */
static int take(struct stream *stream, void *out, size_t size, size_t *ret_size)
{
	size_t got = 0;
	while (got < size) {
		int r = refill(stream);
		if (r < 0)
			return r;
		size_t have = stream->in_used - stream->in_at;
		if (!stream->packed) {
			size_t n = have < size - got ? have : size - got;
			if (n == 0)
				break;
			memcpy((char *)out + got, stream->in + stream->in_at, n);
			stream->in_at += n;
			got += n;
			continue;
		}
		if (stream->unpacked_all)
			break;
		if (have == 0)
			return ARCHIVE_E_BAD; /* cut short */
		stream->z.next_in = stream->in + stream->in_at;
		stream->z.avail_in = (uInt)have;
		stream->z.next_out = (unsigned char *)out + got;
		stream->z.avail_out = (uInt)(size - got);
		int z = inflate(&stream->z, Z_NO_FLUSH);
		if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR)
			return ARCHIVE_E_BAD;
		stream->in_at = stream->in_used - stream->z.avail_in;
		got = size - stream->z.avail_out;
		stream->unpacked_all = z == Z_STREAM_END;
	}
	stream->offset += got;
	*ret_size = got;
	return 0;
}

static int take_all(
	struct reading *reading, struct stream *stream, void *out, size_t size, const char *path)
{
	size_t got;
	int r = take(stream, out, size, &got);
	if (r < 0)
		return r;
	if (r == 0 && got == size)
		return 0;
	reading->error->offset = stream->offset;
	reading->error->has_offset = true;
	return bad(reading->error, path,
		r != 0 ? "its compression is broken or cut short" : "the archive is cut short");
}

static bool is_zero(const unsigned char *block)
{
	for (size_t i = 0; i < BLOCK; i++) {
		if (block[i] != 0)
			return false;
	}
	return true;
}

/* Octal with blanks around it, or base 256 with the top bit set. */
static bool number(const unsigned char *field, size_t size, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;
	if ((field[0] & 0x80) != 0) {
		value = field[0] & 0x7f;
		for (i = 1; i < size; i++) {
			if (value >> 55 != 0)
				return false;
			value = value << 8 | field[i];
		}
		*ret = value;
		return true;
	}
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
		if (value >> 60 != 0)
			return false;
		value = value << 3 | (uint64_t)(field[i] - '0');
	}
	*ret = value;
	return i == size || field[i] == ' ' || field[i] == '\0';
}

static bool sum_is_right(const unsigned char *block)
{
	uint64_t told = 0, sum = 0;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : block[i];
	return number(block + 148, 8, &told) && told == sum;
}

/* What extension headers said of the next entry. */
struct extension {
	char path[ARCHIVE_PATH_MAX];
	char target[ARCHIVE_PATH_MAX];
	bool has_size;
	uint64_t size;
};

/* "LENGTH key=value\n" ... */
static const char *read_pax(char *text, size_t size, struct extension *extension)
{
	size_t at = 0;
	while (at < size) {
		char *end;
		errno = 0;
		unsigned long length = strtoul(text + at, &end, 10);
		size_t digits = (size_t)(end - (text + at));
		if (errno != 0 || digits == 0 || *end != ' ' || length < digits + 3 ||
			length > size - at || text[at + length - 1] != '\n')
			return "an extended header is malformed";
		text[at + length - 1] = '\0';
		char *key = end + 1;
		char *value = strchr(key, '=');
		if (value == NULL)
			return "an extended header is malformed";
		*value++ = '\0';
		char *to = strcmp(key, "path") == 0       ? extension->path
			   : strcmp(key, "linkpath") == 0 ? extension->target
							  : NULL;
		if (to != NULL) {
			if (strlen(value) >= ARCHIVE_PATH_MAX)
				return "a path is too long";
			memcpy(to, value, strlen(value) + 1);
		} else if (strcmp(key, "size") == 0) {
			extension->has_size = true;
			extension->size = strtoull(value, &end, 10);
			if (*end != '\0')
				return "an extended header is malformed";
		}
		at += length;
	}
	return NULL;
}

static int skip(struct reading *reading, struct stream *stream, uint64_t size, const char *path)
{
	char bytes[BLOCK];
	while (size > 0) {
		size_t n = size < sizeof(bytes) ? (size_t)size : sizeof(bytes);
		int r = take_all(reading, stream, bytes, n, path);
		if (r != 0)
			return r;
		size -= n;
	}
	return 0;
}

static uint64_t padding(uint64_t size)
{
	return (BLOCK - size % BLOCK) % BLOCK;
}

static int read_extension(struct reading *reading, struct stream *stream, char type, uint64_t size,
	struct extension *extension)
{
	char text[4 * ARCHIVE_PATH_MAX + 1];
	if (type == 'g' || size >= sizeof(text)) {
		/* Global headers tell nothing that matters here; a long one of another kind has a path that is too long anyway. */
		if (type != 'g' && type != 'x')
			return bad(reading->error, "", "a path is too long");
		int r = count_bytes(reading, "", size);
		return r != 0 ? r : skip(reading, stream, size + padding(size), "");
	}
	int r = take_all(reading, stream, text, (size_t)size, "");
	if (r == 0)
		r = skip(reading, stream, padding(size), "");
	if (r != 0)
		return r;
	text[size] = '\0';
	if (type == 'x') {
		const char *wrong = read_pax(text, (size_t)size, extension);
		return wrong != NULL ? bad(reading->error, "", "%s", wrong) : 0;
	}
	if (strlen(text) >= ARCHIVE_PATH_MAX)
		return bad(reading->error, "", "a path is too long");
	memcpy(type == 'L' ? extension->path : extension->target, text, strlen(text) + 1);
	return 0;
}

/* Path of an entry: "./" in front and slashes at the end are dropped. Returns false when nothing is left. */
static bool tidy_path(char *path)
{
	char *from = path;
	while (from[0] == '.' && from[1] == '/') {
		from += 2;
		while (*from == '/')
			from++;
	}
	if (strcmp(from, ".") == 0)
		from++;
	size_t length = strlen(from);
	while (length > 0 && from[length - 1] == '/')
		length--;
	memmove(path, from, length);
	path[length] = '\0';
	return length > 0;
}

static int copy_data(
	struct reading *reading, struct stream *stream, uint64_t size, const char *path)
{
	const struct archive_sink *sink = reading->sink;
	uint64_t left = size;
	int r = count_bytes(reading, path, size);
	char *bytes = malloc(CHUNK);
	if (bytes == NULL)
		return -ENOMEM;
	while (r == 0 && left > 0) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		r = take_all(reading, stream, bytes, n, path);
		if (r == 0)
			r = sink->data(sink->user, bytes, n);
		left -= n;
	}
	free(bytes);
	if (r == 0)
		r = sink->end(sink->user);
	return r == 0 ? skip(reading, stream, padding(size), path) : r;
}

static void header_texts(const unsigned char *block, struct extension *extension)
{
	bool posix = memcmp(block + 257, "ustar\0", 6) == 0;
	char name[256 + 2] = "";
	if (extension->path[0] == '\0') {
		if (posix && block[345] != 0)
			(void)snprintf(name, sizeof(name), "%.155s/%.100s",
				(const char *)block + 345, (const char *)block); /* fits */
		else
			(void)snprintf(
				name, sizeof(name), "%.100s", (const char *)block); /* fits */
		memcpy(extension->path, name, strlen(name) + 1);
	}
	if (extension->target[0] == '\0')
		(void)snprintf(extension->target, sizeof(extension->target), "%.100s",
			(const char *)block + 157); /* fits */
}

static int read_entry(struct reading *reading, struct stream *stream, const unsigned char *block,
	struct extension *extension)
{
	const struct archive_sink *sink = reading->sink;
	uint64_t size = 0, mode = 0;
	char type = (char)block[156];
	if (!sum_is_right(block))
		return bad(reading->error, "", "this is no header of a tar");
	if (!number(block + 124, 12, &size) || !number(block + 100, 8, &mode) || size >> 50 != 0)
		return bad(reading->error, "", "a number in a header is malformed");
	if (type == 'L' || type == 'K' || type == 'x' || type == 'g')
		return read_extension(reading, stream, type, size, extension);
	header_texts(block, extension);
	if (extension->has_size)
		size = extension->size;
	char *path = extension->path;
	bool named = tidy_path(path);
	const char *wrong = named ? archive_path_check(path) : NULL;
	if (wrong != NULL)
		return bad(reading->error, path, "the name %s", wrong);
	int r = 0;
	switch (type) {
	case '5':
		r = count_bytes(reading, path, size);
		if (r == 0)
			r = skip(reading, stream, size + padding(size), path);
		break;
	case '2':
		wrong = target_check(path, extension->target);
		r = wrong != NULL ? bad(reading->error, path, "a link %s", wrong)
				  : count_entry(reading, path);
		if (r == 0)
			r = sink->begin(
				sink->user, ARCHIVE_LINK, path, extension->target, reading->error);
		break;
	case '\0':
	case '0':
	case '7':
		if (!named)
			return bad(reading->error, path, "a file has no name");
		r = count_entry(reading, path);
		if (r == 0)
			r = sink->begin(sink->user,
				(mode & 0100) != 0 ? ARCHIVE_PROGRAM : ARCHIVE_FILE, path, NULL,
				reading->error);
		if (r == 0)
			r = copy_data(reading, stream, size, path);
		break;
	default:
		r = bad(reading->error, path,
			"entries of type '%c' cannot be part of a release (for hard links: tar "
			"--hard-dereference)",
			type >= 32 && type < 127 ? type : '?');
	}
	*extension = (struct extension){ 0 };
	return r;
}

static int open_stream(struct stream *stream)
{
	int r = refill(stream);
	if (r < 0 || stream->in_used < 2 || stream->in[0] != 0x1f || stream->in[1] != 0x8b)
		return r;
	stream->packed = true;
	return inflateInit2(&stream->z, 15 + 16) == Z_OK ? 0 : -ENOMEM;
}

static bool is_script(const struct stream *stream)
{
	return !stream->packed && stream->in_used - stream->in_at >= 2 &&
	       memcmp(stream->in + stream->in_at, "#!", 2) == 0;
}

static int read_script(struct reading *reading, struct stream *stream)
{
	const struct archive_sink *sink = reading->sink;
	char *bytes = malloc(CHUNK);
	size_t got = 1;
	int r = bytes == NULL ? -ENOMEM
			      : sink->begin(sink->user, ARCHIVE_PROGRAM, ARCHIVE_SCRIPT, NULL,
					reading->error);
	while (r == 0 && got > 0) {
		r = take(stream, bytes, CHUNK, &got);
		if (r == 0)
			r = count_bytes(reading, ARCHIVE_SCRIPT, got);
		if (r == 0 && got > 0)
			r = sink->data(sink->user, bytes, got);
	}
	free(bytes);
	return r == 0 ? sink->end(sink->user) : r;
}

int archive_read_tar(int fd, uint64_t bytes_max, const struct archive_sink *sink,
	struct archive_error *ret_error)
{
	struct reading reading = { .sink = sink, .error = ret_error, .bytes_left = bytes_max };
	struct stream *stream = calloc(1, sizeof(*stream));
	struct extension *extension = calloc(1, sizeof(*extension));
	unsigned char block[BLOCK];
	*ret_error = (struct archive_error){ 0 };
	int r = stream != NULL && extension != NULL ? 0 : -ENOMEM;
	if (r == 0) {
		stream->fd = fd;
		r = open_stream(stream);
	}
	bool script = r == 0 && is_script(stream);
	if (script)
		r = read_script(&reading, stream);
	for (bool ended = script; r == 0 && !ended;) {
		uint64_t begin = stream->offset;
		r = take_all(&reading, stream, block, BLOCK, "");
		ended = r == 0 && is_zero(block); /* a second block of zeroes follows */
		if (r == 0 && !ended)
			r = read_entry(&reading, stream, block, extension);
		if (r == ARCHIVE_E_BAD && !ret_error->has_offset) {
			ret_error->offset = begin;
			ret_error->has_offset = true;
		}
	}
	if (stream != NULL && stream->packed)
		(void)inflateEnd(&stream->z); /* there is nothing to lose */
	free(stream);
	free(extension);
	return r;
}
