/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of beamrctl share: the options that hold for every verb, the connection, and how things are shown. */
#pragma once
#include "control/control.h"
#include "control/frame.h"

enum ctl_status {
	CTL_DONE = 0,
	CTL_FAILED = 1, /* the daemon refused, or the call failed */
	CTL_USAGE = 2,
	CTL_NOT_RUNNING = 3,   /* the thing asked about */
	CTL_MISSING = 4,       /* no such service, process, module */
	CTL_PRECONDITION = 5,  /* nothing was changed */
	CTL_WOULD_CHANGE = 10, /* a dry run */
	CTL_NO_DAEMON = 69,
	CTL_TIMED_OUT = 75,
	CTL_NOT_ALLOWED = 77,
};

struct ctl {
	const char *address; /* -S, or made from -i */
	const char *instance;
	const char *host;     /* -H: reached by ssh; NULL: this machine */
	const char *service;  /* -s; NULL when it was not given */
	const char *field;    /* -P */
	int64_t timeout_usec; /* --timeout; 0 when it was not given */
	bool json;
	bool legend;
	bool quiet;
	bool tty; /* stdout is one */
	bool help;
	bool follow; /* -f */
	int fd;
	int pass_fd; /* goes with the next call; -1: none */
	struct frame_reader reader;
};

/* ---- call.c ---- */

/* Connects when that has not been done. Returns 0 or an exit status, having said why. */
int ctl_connect(struct ctl *ctl);
/* The same, but says nothing and waits at most so long for each answer: for completion. Returns 0 or -1. */
int ctl_connect_silently(struct ctl *ctl, int timeout_msec);
/* Sends a call. params: taken. Returns 0 or an exit status. */
int ctl_send(struct ctl *ctl, enum control_method_id method, json_t *params, bool more);
/* The next reply's parameters, the caller's to release; *ret_more: another one follows. An error reply is told and gives its
 * exit status. */
int ctl_receive(struct ctl *ctl, json_t **ret_params, bool *ret_more);
/* Both, for one reply. */
int ctl_call(struct ctl *ctl, enum control_method_id method, json_t *params, json_t **ret_reply);
/* Each reply is handed to fn, lent; until the last one, or fn returns a status other than 0. */
int ctl_follow(struct ctl *ctl, enum control_method_id method, json_t *params,
	int (*fn)(struct ctl *ctl, json_t *reply, void *user), void *user);

/* ---- main.c ---- */

/* "500ms", "10s", "2min" in microseconds; not 0. */
bool ctl_parse_time(const char *text, int64_t *ret_usec);

/* ---- pack.c ---- */

/* A descriptor of an artifact: of the file, or of a tar that a folder was packed into. -1, having said why. */
int ctl_pack(const char *path);
/* The bytes of a file as base64, malloc'ed: for a daemon to which no descriptor can be passed. NULL, having said why. */
char *ctl_read_base64(int fd);

/* ---- verb.c ---- */

/* words: what stands after the verb, options of the verb among them. Returns an exit status. */
int verb_main(struct ctl *ctl, const struct control_verb *verb, int count, char **words);
/* Fills params from the words by the verb's table. Says what is wrong. Returns 0 or CTL_USAGE. */
int verb_parse(
	struct ctl *ctl, const struct control_verb *verb, int count, char **words, json_t *params);
/* All of a verb whose reply says nothing to people. */
int verb_silent(struct ctl *ctl, const struct control_verb *verb, json_t *params);

/* ---- show.c: tables and values ---- */

struct table;
struct table *table_new(const struct ctl *ctl);
/* "NAME|format" as headings in control.def. */
void table_column(struct table *table, const char *heading);
/* A cell of the present row; text is copied. A row is full when each column has one. */
void table_cell(struct table *table, const char *text);
void table_value(struct table *table, json_t *value, const char *format);
/* Prints and frees. */
void table_print(struct table *table);
/* Columns out of fields with headings, and a row of an object. */
void table_columns_of(struct table *table, const struct control_field *fields, size_t count);
void table_row_of(
	struct table *table, const struct control_field *fields, size_t count, json_t *object);

/* A value as people read it. out is at least 32 bytes. */
void show_bytes(int64_t bytes, char *out, size_t size);
void show_count(int64_t count, char *out, size_t size);
/* The time of day. */
int64_t show_now_usec(void);
void show_age(int64_t usec, char *out, size_t size);
void show_time(int64_t realtime_usec, char *out, size_t size);
/* module:function/arity, or module.function for Gleam. */
void show_frame(json_t *frame, char *out, size_t size);
/* One object: a line of JSON, one field of it, or nothing when it is for people; true when it was printed. */
bool show_plain(const struct ctl *ctl, json_t *object);
/* Columns of the terminal. */
size_t show_width(void);
size_t text_columns(const char *text);

/* ---- verbs.c, tree.c, local.c: verbs that are more than a table of replies ---- */

typedef int (*verb_fn)(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words);
#define VERB(id, ...)                                                                              \
	int verb_##id(struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, \
		char **words);
#include "control/rows.h"

/* ---- service.c ---- */

/* All about one. Exit status: CTL_NOT_RUNNING when it does not run. */
int service_status(struct ctl *ctl, const char *name);

/* ---- help.c, complete.c ---- */

void help_all(void);
void help_verb(const struct control_verb *verb);
/* Usage line of a verb, to stderr. */
void help_usage(const struct control_verb *verb);
int help_completion(const char *shell);
/* words: those before the cursor, the last one unfinished. Never fails. */
void complete_words(struct ctl *ctl, int count, char **words);

/* A member of an object of a reply, which may lack it: its text, then ""; its number, then 0. */
static inline const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

static inline int64_t number_of(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}
