/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: beamrd.conf and beamrd.conf.d/NAME.conf of one folder, by settings.def, and the services to bring up. */
#pragma once
#include "base/check.h"

enum config_type {
	CONFIG_INT,
	CONFIG_USEC,
	CONFIG_TEXT,
	CONFIG_LEVEL,
};

enum config_effect {
	CONFIG_RELOAD,
	CONFIG_RESTART,
};

#define CONFIG_C_INT int64_t
#define CONFIG_C_USEC int64_t
#define CONFIG_C_LEVEL int64_t
#define CONFIG_C_TEXT char *

/* A [service NAME] section. */
struct config_service {
	char *name;
	char **code_paths;
	size_t code_path_count;
	char *start_module; /* NULL: nothing is started */
	char *start_function;
	char *start_arguments; /* term text of a list; NULL for none */
	bool preload;          /* load every module of the folders before READY */
};

struct config {
#define SETTING(key, wire, type, ...) CONFIG_C_##type key;
#include "../conf/settings.def"
#undef SETTING
	struct config_service *services;
	size_t service_count;
};

struct config_setting {
	const char *key; /* in the file */
	enum config_type type;
	const char *initial;
	int64_t least;
	int64_t most;
	enum config_effect effect;
	const char *doc;
	size_t offset; /* in struct config */
};

enum config_key {

#define SETTING(key, ...) CONFIG_KEY_##key,
#include "../conf/settings.def"
#undef SETTING
	CONFIG_KEYS
};

extern const struct config_setting config_settings[CONFIG_KEYS];

enum config_outcome {
	CONFIG_OK = 0,
	CONFIG_E_INVALID,
};

struct config_error {
	char file[256];
	int line; /* from 1 */
	int column;
	char message[256];
};

/* Text without blanks and line ends around it; its end is cut in place. */
char *config_trim(char *text);
/* Fills error for `what` at that place, cut to what its fields hold; CONFIG_E_INVALID. */
int config_invalid(struct config_error *error, const char *file, int line, int column,
	const char *what, const char *message);

/* Defaults, then dir/beamrd.conf, then dir/beamrd.conf.d/NAME.conf by name; what is not there is left out.
 * Returns 0, CONFIG_E_INVALID with ret_error, or negative errno. */
_must_check_ int config_load(
	const char *dir, struct config *ret_config, struct config_error *ret_error);
void config_done(struct config *config);
/* Whether a setting is the same in both. */
bool config_equal(const struct config *a, const struct config *b, enum config_key key);
/* Whether both ask for the same services. */
bool config_same_services(const struct config *a, const struct config *b);
/* Moves one setting over, leaving the old one in its place. */
void config_swap(struct config *a, struct config *b, enum config_key key);
/* A whole number; a time like 500ms, 30s, 5min, in microseconds. False when it is none. */
bool config_parse_int(const char *text, int64_t *ret);
bool config_parse_usec(const char *text, int64_t *ret);
/* "info" and so on; -1 when it is none. */
int config_level(const char *name);
const char *config_level_name(int64_t level);
