/* SPDX-License-Identifier: Apache-2.0 */
/* NUL-ended messages out of a stream. */
#include "control/frame.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 4096

void frame_init(struct frame_reader *reader, size_t max)
{
	*reader = (struct frame_reader){ .max = max };
}

void frame_done(struct frame_reader *reader)
{
	free(reader->bytes);
	*reader = (struct frame_reader){ 0 };
}

char *frame_room(struct frame_reader *reader, size_t *ret_bytes)
{
	if (reader->start > 0) {
		memmove(reader->bytes, reader->bytes + reader->start, reader->used - reader->start);
		reader->used -= reader->start;
		reader->scanned -= reader->start;
		reader->start = 0;
	}
	if (reader->capacity - reader->used < ROOM_MIN) {
		size_t capacity = reader->capacity * 2 > ROOM_MIN ? reader->capacity * 2 : ROOM_MIN;
		char *bytes = realloc(reader->bytes, capacity);
		if (bytes == NULL)
			return NULL;
		reader->bytes = bytes;
		reader->capacity = capacity;
	}
	*ret_bytes = reader->capacity - reader->used;
	return reader->bytes + reader->used;
}

void frame_added(struct frame_reader *reader, size_t bytes)
{
	assert(bytes <= reader->capacity - reader->used);
	reader->used += bytes;
}

int frame_next(struct frame_reader *reader, char **ret_message, size_t *ret_bytes)
{
	if (reader->used == reader->scanned)
		return reader->used - reader->start > reader->max ? FRAME_TOO_LONG : FRAME_MORE;
	char *end = memchr(reader->bytes + reader->scanned, 0, reader->used - reader->scanned);
	if (end == NULL) {
		reader->scanned = reader->used;
		return reader->used - reader->start > reader->max ? FRAME_TOO_LONG : FRAME_MORE;
	}
	size_t size = (size_t)(end - reader->bytes) - reader->start;
	if (size > reader->max)
		return FRAME_TOO_LONG;
	*ret_message = reader->bytes + reader->start;
	*ret_bytes = size;
	reader->start += size + 1;
	reader->scanned = reader->start;
	return FRAME_MESSAGE;
}

void frame_trim(struct frame_reader *reader)
{
	if (reader->start != reader->used)
		return;
	free(reader->bytes);
	reader->bytes = NULL;
	reader->start = reader->scanned = reader->used = reader->capacity = 0;
}
