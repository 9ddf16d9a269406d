/* SPDX-License-Identifier: Apache-2.0 */
/* The control protocol as C: ids, one struct for each type, request, reply and error, and the tables that describe them.
 * All of it is control.def. Structs are plain: strings are borrowed (from the request's JSON, or from whoever fills a
 * reply), lists are pointer and count. */
#pragma once
#include "base/check.h"

#include <jansson.h>

/* ---- ids ---- */

enum control_interface_id {
#define INTERFACE(id, wire, doc) CONTROL_INTERFACE_##id,
#include "control/rows.h"
	CONTROL_INTERFACES
};

enum control_enum_id {
	CONTROL_ENUM_none = -1,
#define ENUM(id) CONTROL_ENUM_##id,
#include "control/rows.h"
	CONTROL_ENUMS
};

enum control_struct_id {
	CONTROL_STRUCT_none = -1,
#define STRUCT(id, ...) CONTROL_STRUCT_##id,
#include "control/rows.h"
	CONTROL_STRUCTS
};

enum control_error_id {
#define ERROR(id, ...) CONTROL_ERROR_##id,
#include "control/rows.h"
	CONTROL_ERRORS
};

enum control_method_id {
	CONTROL_METHOD_none = -1,
#define METHOD(id, ...) CONTROL_METHOD_##id,
#include "control/rows.h"
	CONTROL_METHODS
};

enum control_verb_id {
#define VERB(id, ...) CONTROL_VERB_##id,
#include "control/rows.h"
	CONTROL_VERBS
};

/* CONTROL_exit_kind_kill and so on, from 0 in each. */
#define ENUM(id) enum control_value_##id {
#define VALUE(id, name, wire) CONTROL_##id##_##name,
#define END_ENUM(id) CONTROL_##id##_COUNT };
#include "control/rows.h"

/* ---- field types ---- */

struct control_optional_int {
	bool set;
	int64_t value;
};

struct control_optional_float {
	bool set;
	double value;
};

struct control_list {
	void *items;
	size_t count;
	bool set; /* false leaves an optional list out */
};

struct control_strings {
	const char **items;
	size_t count;
	bool set;
};

struct control_pair {
	const char *key;
	const char *value;
};

struct control_pairs {
	struct control_pair *items;
	size_t count;
	bool set;
};

#define CONTROL_C_BOOL_ONE(sub, name) bool name;
#define CONTROL_C_BOOL_OPTIONAL(sub, name) struct control_optional_int name;
#define CONTROL_C_INT_ONE(sub, name) int64_t name;
#define CONTROL_C_INT_OPTIONAL(sub, name) struct control_optional_int name;
#define CONTROL_C_FLOAT_ONE(sub, name) double name;
#define CONTROL_C_FLOAT_OPTIONAL(sub, name) struct control_optional_float name;
#define CONTROL_C_STRING_ONE(sub, name) const char *name;
#define CONTROL_C_STRING_OPTIONAL(sub, name) const char *name;
#define CONTROL_C_STRING_LIST(sub, name) struct control_strings name;
#define CONTROL_C_STRING_OPTIONAL_LIST(sub, name) struct control_strings name;
#define CONTROL_C_STRING_OPTIONAL_MAP(sub, name) struct control_pairs name;
#define CONTROL_C_OBJECT_OPTIONAL(sub, name) json_t *name;
#define CONTROL_C_ENUM_ONE(sub, name) int64_t name;
#define CONTROL_C_ENUM_OPTIONAL(sub, name) struct control_optional_int name;
#define CONTROL_C_STRUCT_ONE(sub, name) struct control_##sub name;
#define CONTROL_C_STRUCT_OPTIONAL(sub, name) struct control_##sub *name;
#define CONTROL_C_STRUCT_LIST(sub, name)                                                           \
	struct {                                                                                   \
		struct control_##sub *items;                                                       \
		size_t count;                                                                      \
		bool set;                                                                          \
	} name;
#define CONTROL_C_STRUCT_OPTIONAL_LIST(sub, name) CONTROL_C_STRUCT_LIST(sub, name)
#define CONTROL_C_FIELD(owner, name, wire, type, sub, cardinality, ...)                            \
	CONTROL_C_##type##_##cardinality(sub, name)

#define STRUCT(id, ...) struct control_##id {
#define FIELD(...) CONTROL_C_FIELD(__VA_ARGS__)
#define END_STRUCT(id) }; /* every type has a field */
#include "control/rows.h"

/* `nothing` is there because C has no empty struct. */
#define ERROR(id, ...) struct control_error_##id { char nothing;
#define INFO(...) CONTROL_C_FIELD(__VA_ARGS__)
#define END_ERROR(id) };
#include "control/rows.h"

#define METHOD(id, ...) struct control_in_##id { char nothing;
#define IN(...) CONTROL_C_FIELD(__VA_ARGS__)
#define END_METHOD(id) };
#include "control/rows.h"

#define METHOD(id, ...) struct control_out_##id { char nothing;
#define OUT(...) CONTROL_C_FIELD(__VA_ARGS__)
#define END_METHOD(id) };
#include "control/rows.h"

/* ---- tables ---- */

enum control_type {
	CONTROL_BOOL,
	CONTROL_INT,
	CONTROL_FLOAT,
	CONTROL_STRING,
	CONTROL_OBJECT,
	CONTROL_ENUM,
	CONTROL_STRUCT,
};

enum control_cardinality {
	CONTROL_ONE,
	CONTROL_OPTIONAL,
	CONTROL_LIST,
	CONTROL_OPTIONAL_LIST,
	CONTROL_OPTIONAL_MAP,
};

enum control_right {
	CONTROL_READ,
	CONTROL_MANAGE,
};

enum control_stream {
	CONTROL_SINGLE,
	CONTROL_MORE, /* several replies when the caller asked for them */
	CONTROL_MORE_ONLY,
};

enum control_form {
	CONTROL_NAMED,
	CONTROL_INLINE,
};

struct control_field {
	const char *name; /* in C */
	const char *wire;
	enum control_type type;
	int sub; /* control_enum_id or control_struct_id, by type */
	enum control_cardinality cardinality;
	size_t offset; /* in its struct */
	const char *heading; /* "NAME|format"; "" when it makes no column */
	const char *doc;
};

struct control_interface {
	const char *wire;
	const char *doc;
};

struct control_values {
	const char *const *wires;
	size_t count;
};

struct control_struct {
	enum control_interface_id interface;
	const char *wire;
	enum control_form form;
	size_t size;
	const struct control_field *fields;
	size_t count;
	const char *doc;
};

struct control_error {
	enum control_interface_id interface;
	const char *wire; /* without the interface */
	int exit_status;
	const struct control_field *fields;
	size_t count;
	const char *doc;
};

struct control_method {
	enum control_interface_id interface;
	const char *wire;
	enum control_right right;
	enum control_stream stream;
	size_t in_size;
	const struct control_field *in;
	size_t in_count;
	const struct control_field *out;
	size_t out_count;
	const char *doc;
};

struct control_word {
	const struct control_field *field;
	const char *placeholder;
	enum control_cardinality cardinality;
};

struct control_option {
	const struct control_field *field;
	const char *name; /* without -- */
	char letter; /* 0: none */
	const char *value; /* placeholder; "" for a flag */
	const char *inside; /* the parameter that the field is part of; NULL: it is one itself */
};

struct control_verb {
	const char *word;
	enum control_method_id method;
	const struct control_word *words;
	size_t word_count;
	const struct control_option *options;
	size_t option_count;
	const char *doc;
};

extern const struct control_interface control_interfaces[CONTROL_INTERFACES];
extern const struct control_values control_enums[CONTROL_ENUMS];
extern const struct control_struct control_structs[CONTROL_STRUCTS];
extern const struct control_error control_errors[CONTROL_ERRORS];
extern const struct control_method control_methods[CONTROL_METHODS];
extern const struct control_verb control_verbs[CONTROL_VERBS];

/* By full wire name ("io.beamr.Process.List"); CONTROL_METHOD_none when there is no such. */
enum control_method_id control_method_find(const char *name);
/* By full wire name; -1 when there is none. */
int control_error_find(const char *name);
int control_interface_find(const char *name);
/* By word; -1 when there is none. */
int control_verb_find(const char *word);
/* Index of a wire value; dashes are taken for underscores; -1 when it is none of them. */
int control_value_find(enum control_enum_id id, const char *wire);
