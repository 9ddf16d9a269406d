/* SPDX-License-Identifier: Apache-2.0 */
/* The container of a .beam file: "FOR1" size "BEAM", then chunks, each four letters, a size and bytes padded to four. */
#pragma once
#include "base/bytes.h"
#include "code/generic.h"

/* The chunks that loading reads. */
enum chunk {
#define CHUNK(id, name) CHUNK_##name,
#include "code/chunks.def"
#undef CHUNK
	CHUNKS
};

struct beamfile {
	const uint8_t *data; /* of the whole file, unpacked */
	size_t size;
	uint8_t *unpacked;   /* owned, when the file was compressed; NULL else */
	size_t unpacked_capacity;
	struct {
		const uint8_t *data; /* NULL: not there */
		size_t size;
	} chunks[CHUNKS];
};

/* Opens a file, unpacking it when it is gzip. file: borrowed while the beamfile lives. Of two chunks of one name the first counts.
 * Returns 0; LOAD_E_FORMAT, LOAD_E_LIMIT. */
_must_check_ int beamfile_open(struct beamfile *f, const void *file, size_t size, struct load_error *error);
void beamfile_done(struct beamfile *f);

/* Any chunk by its four letters. False when there is none. */
bool beamfile_chunk(const struct beamfile *f, const char id[4], const uint8_t **ret_data, size_t *ret_size);
const char *chunk_id(enum chunk chunk);

/* MD5 of what makes the code what it is, as module_info(md5) and beam_lib:md5/1 tell it. */
void beamfile_md5(const struct beamfile *f, uint8_t ret_md5[16]);

/* Fills *error; returns LOAD_E_FORMAT, or LOAD_E_LIMIT. */
int load_error_at(struct load_error *error, const char *chunk, size_t offset, const char *format, ...) _printf_(4, 5);
int load_limit_at(struct load_error *error, const char *chunk, size_t offset, const char *format, ...) _printf_(4, 5);
