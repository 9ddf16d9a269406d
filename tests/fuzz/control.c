/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: what arrives at the control socket, taken into messages in pieces of varying size and decoded by the tables. */
#include "control/codec.h"
#include "control/frame.h"
#include "fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 4096

static void one_message(const char *message, size_t bytes)
{
	json_error_t error;
	json_t *json = json_loadb(message, bytes, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		return;
	const char *name = json_string_value(json_object_get(json, "method"));
	json_t *parameters = json_object_get(json, "parameters");
	const enum control_method_id id = name != NULL ? control_method_find(name) : CONTROL_METHOD_none;
	if (id != CONTROL_METHOD_none && (parameters == NULL || json_is_object(parameters))) {
		const struct control_method *method = &control_methods[id];
		struct control_arena arena = { 0 };
		char path[CONTROL_PATH_MAX];
		void *in = calloc(1, method->in_size);
		if (in != NULL && control_decode(method->in, method->in_count, parameters, in, &arena, path) == CONTROL_OK)
			json_decref(control_encode(method->in, method->in_count, in));
		if (parameters != NULL)
			(void)!control_validate(method->out, method->out_count, parameters, path);
		free(in);
		control_arena_done(&arena);
	}
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct frame_reader reader;
	frame_init(&reader, MESSAGE_MAX);
	size_t piece = (size_t)data[0] % 64 + 1; /* The first byte says how the rest comes in. */
	for (size_t at = 1; at < size;) {
		size_t room_bytes;
		char *room = frame_room(&reader, &room_bytes);
		if (room == NULL)
			break;
		size_t bytes = size - at < piece ? size - at : piece;
		if (bytes > room_bytes)
			bytes = room_bytes;
		memcpy(room, data + at, bytes);
		frame_added(&reader, bytes);
		at += bytes;
		char *message;
		size_t message_bytes;
		int outcome;
		while ((outcome = frame_next(&reader, &message, &message_bytes)) == FRAME_MESSAGE)
			one_message(message, message_bytes);
		if (outcome == FRAME_TOO_LONG)
			break;
		frame_trim(&reader);
	}
	frame_done(&reader);
	return 0;
}
