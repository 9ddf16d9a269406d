/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding and encoding by the tables of control.def.
 * Recursion goes as deep as types nest in control.def, never as deep as the input does: OBJECT is not looked into. */
#include "control/codec.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct control_block {
	struct control_block *next;
	max_align_t bytes[];
};

void *control_arena_alloc(struct control_arena *arena, size_t bytes)
{
	struct control_block *block;
	if (bytes > SIZE_MAX / 2)
		return NULL;
	block = calloc(1, sizeof(*block) + bytes);
	if (block == NULL)
		return NULL;
	block->next = arena->blocks;
	arena->blocks = block;
	return block->bytes;
}

char *control_arena_printf(struct control_arena *arena, const char *format, ...)
{
	char *text = NULL, *kept;
	va_list arguments;
	va_start(arguments, format);
	int n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0)
		return NULL;
	kept = control_arena_alloc(arena, (size_t)n + 1);
	if (kept != NULL)
		memcpy(kept, text, (size_t)n + 1);
	free(text);
	return kept;
}

void control_arena_done(struct control_arena *arena)
{
	while (arena->blocks != NULL) {
		struct control_block *block = arena->blocks;
		arena->blocks = block->next;
		free(block);
	}
}

/* The path to a field, written backwards as the recursion unwinds: what is there is prefixed with one more name. */
static int bad_field(char path[CONTROL_PATH_MAX], const char *wire)
{
	(void)snprintf(path, CONTROL_PATH_MAX, "%s", wire); /* cut when it is too long to name */
	return CONTROL_E_FIELD;
}

static void prefix_path(char path[CONTROL_PATH_MAX], const char *wire)
{
	char rest[CONTROL_PATH_MAX];
	memcpy(rest, path, sizeof(rest));
	(void)snprintf(path, CONTROL_PATH_MAX, "%.60s.%.66s", wire, rest); /* as above */
}

static const struct control_field *find_field(
	const struct control_field *fields, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].wire, key) == 0)
			return &fields[i];
	}
	return NULL;
}

/* One value, not a list. to: NULL when it is only checked. */
static int decode_value(const struct control_field *field, json_t *value, void *to,
	struct control_arena *arena, char path[CONTROL_PATH_MAX])
{
	int r, index;
	bool optional = field->cardinality == CONTROL_OPTIONAL;

	union {
		int64_t number;
		double real;
	} v = { .number = 0 };

	switch (field->type) {
	case CONTROL_BOOL:
		if (!json_is_boolean(value))
			return bad_field(path, field->wire);
		v.number = json_is_true(value);
		break;
	case CONTROL_INT:
		if (!json_is_integer(value))
			return bad_field(path, field->wire);
		v.number = json_integer_value(value);
		break;
	case CONTROL_FLOAT:
		if (!json_is_number(value))
			return bad_field(path, field->wire);
		v.real = json_number_value(value);
		if (to != NULL && optional)
			*(struct control_optional_float *)to =
				(struct control_optional_float){ true, v.real };
		else if (to != NULL)
			*(double *)to = v.real;
		return 0;
	case CONTROL_STRING:
		if (!json_is_string(value))
			return bad_field(path, field->wire);
		if (to != NULL)
			*(const char **)to = json_string_value(value);
		return 0;
	case CONTROL_OBJECT:
		if (to != NULL)
			*(json_t **)to = value;
		return 0;
	case CONTROL_ENUM:
		if (!json_is_string(value))
			return bad_field(path, field->wire);
		index = control_value_find(
			(enum control_enum_id)field->sub, json_string_value(value));
		if (index < 0)
			return bad_field(path, field->wire);
		v.number = index;
		break;
	case CONTROL_STRUCT: {
		const struct control_struct *type = &control_structs[field->sub];
		if (!json_is_object(value))
			return bad_field(path, field->wire);
		if (to != NULL && optional) {
			void *made = control_arena_alloc(arena, type->size);
			if (made == NULL)
				return -ENOMEM;
			*(void **)to = made;
			to = made;
		}
		r = to != NULL ? control_decode(type->fields, type->count, value, to, arena, path)
			       : control_validate(type->fields, type->count, value, path);
		if (r == CONTROL_E_FIELD)
			prefix_path(path, field->wire);
		return r;
	}
	}
	if (to == NULL)
		return 0;
	if (optional)
		*(struct control_optional_int *)to =
			(struct control_optional_int){ true, v.number };
	else if (field->type == CONTROL_BOOL)
		*(bool *)to = v.number != 0;
	else
		*(int64_t *)to = v.number;
	return 0;
}

static size_t item_size(const struct control_field *field)
{
	return field->type == CONTROL_STRUCT ? control_structs[field->sub].size
					     : sizeof(const char *);
}

static int decode_list(const struct control_field *field, json_t *value, void *to,
	struct control_arena *arena, char path[CONTROL_PATH_MAX])
{
	struct control_field item = *field;
	item.cardinality = CONTROL_ONE;
	if (!json_is_array(value))
		return bad_field(path, field->wire);
	size_t count = json_array_size(value), size = item_size(field);
	char *items = NULL;
	if (to != NULL) {
		items = control_arena_alloc(arena, count * size);
		if (items == NULL)
			return -ENOMEM;
		*(struct control_list *)to = (struct control_list){ items, count, true };
	}
	for (size_t i = 0; i < count; i++) {
		int r = decode_value(&item, json_array_get(value, i),
			items != NULL ? items + i * size : NULL, arena, path);
		if (r != 0)
			return r;
	}
	return 0;
}

static int decode_map(const struct control_field *field, json_t *value, void *to,
	struct control_arena *arena, char path[CONTROL_PATH_MAX])
{
	const char *key;
	json_t *item;
	size_t n = 0;
	if (!json_is_object(value))
		return bad_field(path, field->wire);
	struct control_pair *pairs = NULL;
	if (to != NULL) {
		pairs = control_arena_alloc(arena, json_object_size(value) * sizeof(*pairs));
		if (pairs == NULL)
			return -ENOMEM;
	}
	json_object_foreach(value, key, item) {
		if (!json_is_string(item))
			return bad_field(path, field->wire);
		if (pairs != NULL)
			pairs[n++] = (struct control_pair){ key, json_string_value(item) };
	}
	if (to != NULL)
		*(struct control_pairs *)to = (struct control_pairs){ pairs, n, true };
	return 0;
}

static int decode(const struct control_field *fields, size_t count, json_t *json, char *to,
	struct control_arena *arena, char path[CONTROL_PATH_MAX])
{
	const char *key;
	json_t *value;
	if (json == NULL || json_is_null(json))
		json = NULL;
	else if (!json_is_object(json))
		return bad_field(path, "parameters");
	json_object_foreach(json, key, value) {
		if (find_field(fields, count, key) == NULL)
			return bad_field(path, key);
	}
	for (size_t i = 0; i < count; i++) {
		const struct control_field *field = &fields[i];
		int r = 0;
		value = json != NULL ? json_object_get(json, field->wire) : NULL;
		if (value == NULL || json_is_null(value)) {
			if (field->cardinality == CONTROL_ONE || field->cardinality == CONTROL_LIST)
				return bad_field(path, field->wire);
			continue;
		}
		char *at = to != NULL ? to + field->offset : NULL;
		switch (field->cardinality) {
		case CONTROL_ONE:
		case CONTROL_OPTIONAL:
			r = decode_value(field, value, at, arena, path);
			break;
		case CONTROL_LIST:
		case CONTROL_OPTIONAL_LIST:
			r = decode_list(field, value, at, arena, path);
			break;
		case CONTROL_OPTIONAL_MAP:
			r = decode_map(field, value, at, arena, path);
			break;
		}
		if (r != 0)
			return r;
	}
	return 0;
}

int control_decode(const struct control_field *fields, size_t count, json_t *json, void *to,
	struct control_arena *arena, char ret_path[CONTROL_PATH_MAX])
{
	return decode(fields, count, json, to, arena, ret_path);
}

int control_validate(const struct control_field *fields, size_t count, json_t *json,
	char ret_path[CONTROL_PATH_MAX])
{
	struct control_arena none = { 0 };
	return decode(fields, count, json, NULL, &none, ret_path);
}

/* A JSON string of any bytes: what is no UTF-8 becomes U+FFFD. */
static json_t *string_of(const char *text)
{
	size_t length = strlen(text);
	if (utf8_valid((const uint8_t *)text, length, NULL))
		return json_stringn_nocheck(text, length);
	char *fixed = malloc(length * 3 + 1);
	size_t used = 0;
	if (fixed == NULL)
		return NULL;
	for (size_t at = 0; at < length;) {
		uint32_t c;
		int n = utf8_decode((const uint8_t *)text + at, length - at, &c);
		if (n <= 0) {
			memcpy(fixed + used, "\xEF\xBF\xBD", 3);
			used += 3;
			at++;
			continue;
		}
		memcpy(fixed + used, text + at, (size_t)n);
		used += (size_t)n;
		at += (size_t)n;
	}
	json_t *json = json_stringn_nocheck(fixed, used);
	free(fixed);
	return json;
}

/* NULL from here with *absent unset is a lack of memory. */
static json_t *encode_value(const struct control_field *field, const void *from, bool *absent)
{
	bool optional = field->cardinality == CONTROL_OPTIONAL;
	int64_t number = 0;
	switch (field->type) {
	case CONTROL_STRING: {
		const char *text = *(const char *const *)from;
		*absent = text == NULL && optional;
		return *absent ? NULL : string_of(text != NULL ? text : "");
	}
	case CONTROL_OBJECT: {
		json_t *object = *(json_t *const *)from;
		*absent = object == NULL;
		return json_incref(object);
	}
	case CONTROL_FLOAT:
		if (optional) {
			const struct control_optional_float *real = from;
			*absent = !real->set;
			return *absent ? NULL : json_real(real->value);
		}
		return json_real(*(const double *)from);
	case CONTROL_STRUCT: {
		const struct control_struct *type = &control_structs[field->sub];
		if (optional) {
			from = *(const void *const *)from;
			*absent = from == NULL;
			if (*absent)
				return NULL;
		}
		return control_encode(type->fields, type->count, from);
	}
	case CONTROL_BOOL:
	case CONTROL_INT:
	case CONTROL_ENUM:
		break;
	}
	if (optional) {
		const struct control_optional_int *value = from;
		*absent = !value->set;
		if (*absent)
			return NULL;
		number = value->value;
	} else {
		number = field->type == CONTROL_BOOL ? *(const bool *)from : *(const int64_t *)from;
	}
	if (field->type == CONTROL_BOOL)
		return json_boolean(number != 0);
	if (field->type == CONTROL_INT)
		return json_integer(number);
	assert(number >= 0 && (size_t)number < control_enums[field->sub].count);
	return json_string(control_enums[field->sub].wires[number]);
}

static json_t *encode_list(const struct control_field *field, const struct control_list *list)
{
	struct control_field item = *field;
	item.cardinality = CONTROL_ONE;
	json_t *array = json_array();
	size_t size = item_size(field);
	for (size_t i = 0; i < list->count; i++) {
		bool absent = false;
		json_t *value = encode_value(&item, (const char *)list->items + i * size, &absent);
		if (value == NULL || json_array_append_new(array, value) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *encode_map(const struct control_pairs *pairs)
{
	json_t *object = json_object();
	for (size_t i = 0; i < pairs->count; i++) {
		json_t *value = string_of(pairs->items[i].value);
		/* A key that is no UTF-8 is refused by jansson; such a pair is left out. */
		if (value != NULL)
			(void)json_object_set_new(object, pairs->items[i].key, value);
	}
	return object;
}

json_t *control_encode(const struct control_field *fields, size_t count, const void *from)
{
	json_t *object = json_object();
	for (size_t i = 0; i < count; i++) {
		const struct control_field *field = &fields[i];
		const char *at = (const char *)from + field->offset;
		bool absent = false;
		json_t *value = NULL;
		switch (field->cardinality) {
		case CONTROL_ONE:
		case CONTROL_OPTIONAL:
			value = encode_value(field, at, &absent);
			break;
		case CONTROL_OPTIONAL_LIST:
			absent = !((const struct control_list *)(const void *)at)->set;
			if (!absent)
				value = encode_list(
					field, (const struct control_list *)(const void *)at);
			break;
		case CONTROL_LIST:
			value = encode_list(field, (const struct control_list *)(const void *)at);
			break;
		case CONTROL_OPTIONAL_MAP:
			absent = !((const struct control_pairs *)(const void *)at)->set;
			if (!absent)
				value = encode_map((const struct control_pairs *)(const void *)at);
			break;
		}
		if (absent)
			continue;
		if (value == NULL || json_object_set_new_nocheck(object, field->wire, value) != 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
