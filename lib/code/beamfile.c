/* SPDX-License-Identifier: Apache-2.0 */
/* The container of a .beam file: unpacking, finding chunks, the checksum. Knows nothing of what is in them. */
#include "code/beamfile.h"

#include "base/alloc.h"
#include "code/load.h"

#include <md5.h>
#include <stdarg.h>
#include <stdio.h>
#include <zlib.h>

static const char chunk_ids[CHUNKS][5] = {
#define CHUNK(id, name) [CHUNK_##name] = id,
#include "code/chunks.def"
#undef CHUNK
};

const char *chunk_id(enum chunk chunk)
{
	return chunk_ids[chunk];
}

static void fill_error(struct load_error *error, const char *chunk, size_t offset, const char *format, va_list args)
{
	(void)snprintf(error->chunk, sizeof(error->chunk), "%s", chunk); /* a longer name is cut */
	error->offset = offset;
	(void)vsnprintf(error->reason, sizeof(error->reason), format, args); /* likewise */
}

int load_error_at(struct load_error *error, const char *chunk, size_t offset, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fill_error(error, chunk, offset, format, args);
	va_end(args);
	return LOAD_E_FORMAT;
}

int load_limit_at(struct load_error *error, const char *chunk, size_t offset, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fill_error(error, chunk, offset, format, args);
	va_end(args);
	return LOAD_E_LIMIT;
}

/* Bound: LOAD_BYTES_MAX of output, whatever the input claims. */
static int unpack(struct beamfile *f, const uint8_t *file, size_t size, struct load_error *error)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)file, .avail_in = (uInt)size };
	int r = inflateInit2(&stream, 15 + 16); /* 16: gzip only */
	if (r != Z_OK)
		return load_error_at(error, "FOR1", 0, "cannot unpack the file");
	size_t capacity = 64 * 1024;
	uint8_t *out = mem_alloc(MEM_TEMP, capacity);
	size_t used = 0;
	for (;;) {
		stream.next_out = out + used;
		stream.avail_out = (uInt)(capacity - used);
		r = inflate(&stream, Z_NO_FLUSH);
		used = capacity - stream.avail_out;
		if (r == Z_STREAM_END)
			break;
		if (r != Z_OK || (stream.avail_out != 0 && stream.avail_in == 0)) {
			size_t at = size - stream.avail_in;
			(void)inflateEnd(&stream); /* only fails for a bad stream struct */
			mem_free(MEM_TEMP, out, capacity);
			return load_error_at(error, "FOR1", at, "the compressed data is damaged or cut short");
		}
		if (stream.avail_out != 0)
			continue;
		if (capacity >= LOAD_BYTES_MAX) {
			(void)inflateEnd(&stream); /* as above */
			mem_free(MEM_TEMP, out, capacity);
			return load_limit_at(error, "FOR1", 0, "the file unpacks to more than %u bytes", LOAD_BYTES_MAX);
		}
		out = mem_realloc(MEM_TEMP, out, capacity, capacity * 2);
		capacity *= 2;
	}
	(void)inflateEnd(&stream); /* as above */
	f->unpacked = out;
	f->unpacked_capacity = capacity;
	f->data = out;
	f->size = used;
	return 0;
}

/* The next chunk; false at the end, or (b->failed) when it is cut short. */
static bool next_chunk(struct bytes *b, const uint8_t **ret_id, const uint8_t **ret_data, size_t *ret_size)
{
	if (b->failed || bytes_left(b) == 0)
		return false;
	const uint8_t *id = bytes_take(b, 4);
	size_t size = bytes_u32(b);
	const uint8_t *data = bytes_take(b, size);
	if (data == NULL)
		return false;
	size_t padding = -size & 3;
	/* The last chunk may come without its padding. */
	(void)bytes_take(b, padding < bytes_left(b) ? padding : bytes_left(b));
	*ret_id = id;
	*ret_data = data;
	*ret_size = size;
	return true;
}

static struct bytes chunks_of(const struct beamfile *f)
{
	struct bytes b = bytes_of(f->data, f->size);
	(void)bytes_take(&b, 12); /* beamfile_open has checked the header */
	return b;
}

int beamfile_open(struct beamfile *f, const void *file, size_t size, struct load_error *error)
{
	const uint8_t *bytes = file;
	memset(f, 0, sizeof(*f));
	if (size > LOAD_BYTES_MAX)
		return load_limit_at(error, "FOR1", 0, "the file has more than %u bytes", LOAD_BYTES_MAX);
	f->data = bytes;
	f->size = size;
	if (size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) {
		int r = unpack(f, bytes, size, error);
		if (r != 0)
			return r;
	}
	struct bytes header = bytes_of(f->data, f->size);
	const uint8_t *form = bytes_take(&header, 4);
	size_t form_size = bytes_u32(&header);
	const uint8_t *kind = bytes_take(&header, 4);
	int r = 0;
	if (header.failed || memcmp(form, "FOR1", 4) != 0 || memcmp(kind, "BEAM", 4) != 0)
		r = load_error_at(error, "FOR1", 0, "no .beam file");
	else if (form_size < 4 || form_size - 4 > bytes_left(&header))
		r = load_error_at(error, "FOR1", 4, "the file is cut short: %zu bytes of %zu", f->size, form_size + 8);
	if (r != 0) {
		beamfile_done(f);
		return r;
	}
	f->size = form_size + 8;

	struct bytes b = chunks_of(f);
	const uint8_t *id, *data;
	size_t chunk_size;
	while (next_chunk(&b, &id, &data, &chunk_size)) {
		for (int i = 0; i < CHUNKS; i++) {
			if (memcmp(id, chunk_ids[i], 4) == 0 && f->chunks[i].data == NULL) {
				f->chunks[i].data = data;
				f->chunks[i].size = chunk_size;
			}
		}
	}
	if (b.failed) {
		r = load_error_at(error, "FOR1", bytes_offset(&b), "a chunk reaches past the end of the file");
		beamfile_done(f);
		return r;
	}
	return 0;
}

void beamfile_done(struct beamfile *f)
{
	mem_free(MEM_TEMP, f->unpacked, f->unpacked_capacity);
	memset(f, 0, sizeof(*f));
}

bool beamfile_chunk(const struct beamfile *f, const char id[4], const uint8_t **ret_data, size_t *ret_size)
{
	struct bytes b = chunks_of(f);
	const uint8_t *at;
	while (next_chunk(&b, &at, ret_data, ret_size)) {
		if (memcmp(at, id, 4) == 0)
			return true;
	}
	return false;
}

static void md5_chunk(MD5_CTX *md5, const struct beamfile *f, enum chunk chunk)
{
	if (f->chunks[chunk].data != NULL)
		MD5Update(md5, f->chunks[chunk].data, f->chunks[chunk].size);
}

/* Source: beam_lib:md5/1. The fourth field of a fun's row ("old uniq") does not count. */
static void md5_funs(MD5_CTX *md5, const struct beamfile *f)
{
	struct bytes b = bytes_of(f->chunks[CHUNK_FUNS].data, f->chunks[CHUNK_FUNS].size);
	const uint8_t *count = bytes_take(&b, 4);
	static const uint8_t zeros[4];
	if (count == NULL)
		return;
	MD5Update(md5, count, 4);
	while (bytes_left(&b) >= 24) {
		MD5Update(md5, bytes_take(&b, 20), 20);
		MD5Update(md5, zeros, 4);
		(void)bytes_take(&b, 4); /* known to be there */
	}
}

void beamfile_md5(const struct beamfile *f, uint8_t ret_md5[16])
{
	MD5_CTX md5;
	MD5Init(&md5);
	md5_chunk(&md5, f, f->chunks[CHUNK_ATOMS].data != NULL ? CHUNK_ATOMS : CHUNK_LATIN1_ATOMS);
	md5_chunk(&md5, f, CHUNK_CODE);
	md5_chunk(&md5, f, CHUNK_STRINGS);
	md5_chunk(&md5, f, CHUNK_IMPORTS);
	md5_chunk(&md5, f, CHUNK_EXPORTS);
	if (f->chunks[CHUNK_FUNS].data != NULL)
		md5_funs(&md5, f);
	md5_chunk(&md5, f, CHUNK_LITERALS);
	md5_chunk(&md5, f, CHUNK_META);
	MD5Final(ret_md5, &md5);
}
