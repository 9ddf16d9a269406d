/* SPDX-License-Identifier: Apache-2.0 */
/* JSON to the structs of control.h and back, by the tables; whatever is wrong is named by its field. */
#pragma once
#include "control/control.h"

/* Where a decoded request keeps its lists. Freed as a whole; an all-zero one is empty. */
struct control_arena {
	struct control_block *blocks;
};

/* Zeroed memory until control_arena_done(); NULL when the host has none. */
void *control_arena_alloc(struct control_arena *arena, size_t bytes);
char *control_arena_printf(struct control_arena *arena, const char *format, ...) _printf_(2, 3);
void control_arena_done(struct control_arena *arena);

#define CONTROL_PATH_MAX 128

enum control_outcome {
	CONTROL_OK = 0,
	CONTROL_E_FIELD, /* a field is unknown, missing, or of the wrong type */
};

/* Fills a zeroed struct from a JSON object (NULL and null are an empty one). Strings point into json, which has to live as long;
 * lists are in the arena. ret_path: "match.mailboxMin" and the like, set with CONTROL_E_FIELD.
 * Returns 0, CONTROL_E_FIELD, or -ENOMEM. */
_must_check_ int control_decode(const struct control_field *fields, size_t count, json_t *json,
	void *to, struct control_arena *arena, char ret_path[CONTROL_PATH_MAX]);
/* Makes the JSON object of a struct; optional fields that are not set are left out. Strings that are not valid UTF-8 are
 * repaired. NULL when the host has no memory. */
json_t *control_encode(const struct control_field *fields, size_t count, const void *from);
/* Checks an object against the fields as a decoder would, without making anything: for replies. ret_path as above. */
_must_check_ int control_validate(const struct control_field *fields, size_t count, json_t *json,
	char ret_path[CONTROL_PATH_MAX]);
