/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the control protocol, made from control.def, and looking things up in them.
 * A row's place in its flat array is an enum constant, so that each owner knows where its rows begin and end: an opening
 * row takes the number of the next field without using it up, a closing row does the same. */
#include "control/control.h"

#include <string.h>

enum {

#define STRUCT(id, ...) FIELD_FIRST_##id, FIELD_FIRST_BACK_##id = FIELD_FIRST_##id - 1,
#define FIELD(owner, name, ...) FIELD_AT_##owner##_##name,
#define END_STRUCT(id) FIELD_END_##id, FIELD_END_BACK_##id = FIELD_END_##id - 1,
#include "control/rows.h"
	FIELD_COUNT
};

enum {

#define ERROR(id, ...) INFO_FIRST_##id, INFO_FIRST_BACK_##id = INFO_FIRST_##id - 1,
#define INFO(owner, name, ...) INFO_AT_##owner##_##name,
#define END_ERROR(id) INFO_END_##id, INFO_END_BACK_##id = INFO_END_##id - 1,
#include "control/rows.h"
	INFO_COUNT
};

enum {

#define METHOD(id, ...) IN_FIRST_##id, IN_FIRST_BACK_##id = IN_FIRST_##id - 1,
#define IN(owner, name, ...) IN_AT_##owner##_##name,
#define END_METHOD(id) IN_END_##id, IN_END_BACK_##id = IN_END_##id - 1,
#include "control/rows.h"
	IN_COUNT
};

enum {

#define METHOD(id, ...) OUT_FIRST_##id, OUT_FIRST_BACK_##id = OUT_FIRST_##id - 1,
#define OUT(owner, name, ...) OUT_AT_##owner##_##name,
#define END_METHOD(id) OUT_END_##id, OUT_END_BACK_##id = OUT_END_##id - 1,
#include "control/rows.h"
	OUT_COUNT
};

enum {

#define VERB(id, ...) WORD_FIRST_##id, WORD_FIRST_BACK_##id = WORD_FIRST_##id - 1,
#define WORD(owner, method, name, ...) WORD_AT_##owner##_##name,
#define END_VERB(id) WORD_END_##id, WORD_END_BACK_##id = WORD_END_##id - 1,
#include "control/rows.h"
	WORD_COUNT
};

enum {

#define VERB(id, ...) OPTION_FIRST_##id, OPTION_FIRST_BACK_##id = OPTION_FIRST_##id - 1,
#define OPTION(owner, method, name, ...) OPTION_AT_##owner##_##name,
#define PART(owner, container, name, ...) OPTION_AT_##owner##_##name,
#define END_VERB(id) OPTION_END_##id, OPTION_END_BACK_##id = OPTION_END_##id - 1,
#include "control/rows.h"
	OPTION_COUNT
};

/* What `sub` means depends on the type. */
#define SUB_BOOL(sub) -1
#define SUB_INT(sub) -1
#define SUB_FLOAT(sub) -1
#define SUB_STRING(sub) -1
#define SUB_OBJECT(sub) -1
#define SUB_ENUM(sub) CONTROL_ENUM_##sub
#define SUB_STRUCT(sub) CONTROL_STRUCT_##sub
#define FIELD_ROW(container, field, wire_name, type_name, sub_name, cardinality_name, head, text)  \
	{ .name = #field,                                                                          \
		.wire = (wire_name),                                                               \
		.type = CONTROL_##type_name,                                                       \
		.sub = SUB_##type_name(sub_name),                                                  \
		.cardinality = CONTROL_##cardinality_name,                                         \
		.offset = offsetof(struct container, field),                                       \
		.heading = (head),                                                                 \
		.doc = (text) },

static const struct control_field struct_fields[FIELD_COUNT] = {
#define FIELD(owner, ...) FIELD_ROW(control_##owner, __VA_ARGS__)
#include "control/rows.h"
};

static const struct control_field error_fields[INFO_COUNT] = {
#define INFO(owner, ...) FIELD_ROW(control_error_##owner, __VA_ARGS__)
#include "control/rows.h"
};

static const struct control_field in_fields[IN_COUNT] = {
#define IN(owner, ...) FIELD_ROW(control_in_##owner, __VA_ARGS__)
#include "control/rows.h"
};

static const struct control_field out_fields[OUT_COUNT] = {
#define OUT(owner, ...) FIELD_ROW(control_out_##owner, __VA_ARGS__)
#include "control/rows.h"
};

static const struct control_word verb_words[WORD_COUNT] = {
#define WORD(owner, method, name, place, card)                                                     \
	{ &in_fields[IN_AT_##method##_##name], (place), CONTROL_##card },
#include "control/rows.h"
};

static const struct control_option verb_options[OPTION_COUNT] = {
#define OPTION(owner, method, name, long_name, letter, value)                                      \
	{ &in_fields[IN_AT_##method##_##name], (long_name), (letter), (value), NULL },
#define PART(owner, container, name, inside, long_name, letter, value)                             \
	{ &struct_fields[FIELD_AT_##container##_##name], (long_name), (letter), (value), (inside) },
#include "control/rows.h"
};

#define ENUM(id) static const char *const values_##id[] = {
#define VALUE(id, name, wire) wire,
#define END_ENUM(id)                                                                               \
	}                                                                                          \
	;
#include "control/rows.h"

const struct control_interface control_interfaces[CONTROL_INTERFACES] = {
#define INTERFACE(id, wire, doc) [CONTROL_INTERFACE_##id] = { wire, doc },
#include "control/rows.h"
};

const struct control_values control_enums[CONTROL_ENUMS] = {
#define ENUM(id) [CONTROL_ENUM_##id] = { values_##id, ARRAY_SIZE(values_##id) },
#include "control/rows.h"
};

const struct control_struct control_structs[CONTROL_STRUCTS] = {
#define STRUCT(id, interface_id, wire_name, form_name, text)                                       \
	[CONTROL_STRUCT_##id] = { .interface = CONTROL_INTERFACE_##interface_id,                   \
		.wire = (wire_name),                                                               \
		.form = CONTROL_##form_name,                                                       \
		.size = sizeof(struct control_##id),                                               \
		.fields = struct_fields + FIELD_FIRST_##id,                                        \
		.count = FIELD_END_##id - FIELD_FIRST_##id,                                        \
		.doc = (text) },
#include "control/rows.h"
};

const struct control_error control_errors[CONTROL_ERRORS] = {
#define ERROR(id, interface_id, wire_name, status, text)                                           \
	[CONTROL_ERROR_##id] = { .interface = CONTROL_INTERFACE_##interface_id,                    \
		.wire = (wire_name),                                                               \
		.exit_status = (status),                                                           \
		.fields = error_fields + INFO_FIRST_##id,                                          \
		.count = INFO_END_##id - INFO_FIRST_##id,                                          \
		.doc = (text) },
#include "control/rows.h"
};

const struct control_method control_methods[CONTROL_METHODS] = {
#define METHOD(id, interface_id, wire_name, right_name, stream_name, text)                         \
	[CONTROL_METHOD_##id] = { .interface = CONTROL_INTERFACE_##interface_id,                   \
		.wire = (wire_name),                                                               \
		.right = CONTROL_##right_name,                                                     \
		.stream = CONTROL_##stream_name,                                                   \
		.in_size = sizeof(struct control_in_##id),                                         \
		.in = in_fields + IN_FIRST_##id,                                                   \
		.in_count = IN_END_##id - IN_FIRST_##id,                                           \
		.out = out_fields + OUT_FIRST_##id,                                                \
		.out_count = OUT_END_##id - OUT_FIRST_##id,                                        \
		.doc = (text) },
#include "control/rows.h"
};

const struct control_verb control_verbs[CONTROL_VERBS] = {
#define VERB(id, verb_word, method_id, text)                                                       \
	[CONTROL_VERB_##id] = { .word = (verb_word),                                               \
		.method = CONTROL_METHOD_##method_id,                                              \
		.words = verb_words + WORD_FIRST_##id,                                             \
		.word_count = WORD_END_##id - WORD_FIRST_##id,                                     \
		.options = verb_options + OPTION_FIRST_##id,                                       \
		.option_count = OPTION_END_##id - OPTION_FIRST_##id,                               \
		.doc = (text) },
#include "control/rows.h"
};

/* Bound: a walk over a table that no client can grow. */
static bool is_member(const char *name, enum control_interface_id interface, const char *wire)
{
	size_t length = strlen(control_interfaces[interface].wire);
	return strncmp(name, control_interfaces[interface].wire, length) == 0 &&
	       name[length] == '.' && strcmp(name + length + 1, wire) == 0;
}

enum control_method_id control_method_find(const char *name)
{
	for (int i = 0; i < CONTROL_METHODS; i++) {
		if (is_member(name, control_methods[i].interface, control_methods[i].wire))
			return (enum control_method_id)i;
	}
	return CONTROL_METHOD_none;
}

int control_error_find(const char *name)
{
	for (int i = 0; i < CONTROL_ERRORS; i++) {
		if (is_member(name, control_errors[i].interface, control_errors[i].wire))
			return i;
	}
	return -1;
}

int control_interface_find(const char *name)
{
	for (int i = 0; i < CONTROL_INTERFACES; i++) {
		if (strcmp(name, control_interfaces[i].wire) == 0)
			return i;
	}
	return -1;
}

int control_verb_find(const char *word)
{
	for (int i = 0; i < CONTROL_VERBS; i++) {
		if (strcmp(word, control_verbs[i].word) == 0)
			return i;
	}
	return -1;
}

static bool same_value(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		if (*a != *b && !(*a == '_' && *b == '-'))
			return false;
	}
	return *a == *b;
}

int control_value_find(enum control_enum_id id, const char *wire)
{
	for (size_t i = 0; i < control_enums[id].count; i++) {
		if (same_value(control_enums[id].wires[i], wire))
			return (int)i;
	}
	return -1;
}
