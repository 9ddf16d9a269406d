/* SPDX-License-Identifier: Apache-2.0 */
/* What is declared of a service: NAME.conf of services.d and its drop-ins NAME.conf.d/FILE.conf, lines key = value by conf/service.def.
 * A service that nobody declared has the defaults. */
#pragma once
#include "beamr.h"
#include "config.h"

enum declare_policy { DECLARE_ALWAYS, DECLARE_ON_FAILURE, DECLARE_NEVER };

struct declare_list {
	char **items; /* ended by NULL; NULL when there is none */
	size_t count;
};

#define DECLARE_C_INT int64_t
#define DECLARE_C_USEC int64_t
#define DECLARE_C_QUOTA int64_t
#define DECLARE_C_YESNO int64_t
#define DECLARE_C_POLICY int64_t
#define DECLARE_C_DETAIL int64_t
#define DECLARE_C_MAILBOX int64_t
#define DECLARE_C_TEXT char *
#define DECLARE_C_LIST struct declare_list

struct declaration {
	char *name;    /* of the service */
	bool declared; /* false: only the defaults */
#define SETTING(key, wire, type, ...) DECLARE_C_##type key;
#include "../conf/service.def"
#undef SETTING
};

/* The defaults. Returns NULL when the host has no memory. */
struct declaration *declare_new(const char *name);
struct declaration *declare_free(struct declaration *declaration);
/* dir: services.d; what is not there declares nothing. only: NULL for all but those with a unit of their own, else the one of that name.
 * ret_items: sorted by name. Returns 0, CONFIG_E_INVALID with ret_error, or negative errno. */
_must_check_ int declare_load(const char *dir, const char *only, struct declaration ***ret_items,
	size_t *ret_count, struct config_error *ret_error);
/* Calls fn for each setting in which two of them differ. */
void declare_compare(const struct declaration *a, const struct declaration *b,
	void (*fn)(void *user, const char *key), void *user);
/* Whether a change of that setting holds for what runs; else for what is started next. */
bool declare_is_live(const char *key);
/* The limits among them. */
void declare_quota(const struct declaration *declaration, struct beamr_quota *ret_quota);

/* "memoryMax" and so on, with where it lies; NULL at the end. */
struct declare_limit {
	const char *key;  /* in the file */
	const char *wire; /* in the protocol */
	size_t offset;    /* in struct beamr_quota */
};

extern const struct declare_limit declare_limits[];
/* A number with K, M, G or T behind it. */
bool declare_parse_size(const char *text, int64_t *ret);
