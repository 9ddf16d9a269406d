/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on a stream: bytes that end with a NUL, taken apart as they come in, in bounded memory.
 * Invariant: start <= scanned <= used <= capacity; no NUL lies in [start, scanned), so that each byte is looked at once. */
#pragma once
#include "base/check.h"

struct frame_reader {
	char *bytes;
	size_t start; /* of the message that is being collected */
	size_t scanned;
	size_t used;
	size_t capacity;
	size_t max; /* most bytes of one message, NUL not counted */
};

enum frame_outcome {
	FRAME_MESSAGE = 1, /* one is there */
	FRAME_MORE,        /* none yet */
	FRAME_TOO_LONG, /* what is coming in is over the bound; nothing more can be had from this stream */
};

void frame_init(struct frame_reader *reader, size_t max);
void frame_done(struct frame_reader *reader);
/* Room to read into: at least one byte, at most what a reader should take at once. NULL when the host has no memory.
 * Ends the life of the last message. */
char *frame_room(struct frame_reader *reader, size_t *ret_bytes);
/* So many bytes were put there. */
void frame_added(struct frame_reader *reader, size_t bytes);
/* The next message, NUL-ended, borrowed until frame_room(). Returns an outcome. */
_must_check_ int frame_next(struct frame_reader *reader, char **ret_message, size_t *ret_bytes);
/* Gives memory back when nothing is being collected. */
void frame_trim(struct frame_reader *reader);
