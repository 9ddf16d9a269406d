/* SPDX-License-Identifier: Apache-2.0 */
/* One method call: decoding, rights, dispatch, replies. Counted, since answers may come long after, when the connection
 * may be gone; replies then go nowhere. Main thread only. */
#pragma once
#include "control/codec.h"
#include "daemon.h"
#include "peer.h"

struct connection;

struct call {
	unsigned refs;
	struct daemon *daemon;
	struct connection *connection; /* NULL once it is closed */
	enum control_method_id method;
	json_t *message; /* what was asked; strings of the request point into it */
	struct control_arena
		arena; /* lists of the request, and what handlers make for their reply */
	bool more;
	bool oneway;
	bool answered;
	/* When the connection closes before the answer; may be NULL. */
	void (*on_close)(struct call *call, void *user);
	/* When what waits to be sent has become little again; for those who stream. May be NULL. */
	void (*on_drained)(struct call *call, void *user);
	void *user;
};

/* Handles one message of a connection. Returns the call while it is unanswered, with a reference for the connection; NULL when it
 * has been answered; *ret_close is set when the connection cannot go on. */
struct call *call_begin(struct daemon *daemon, struct connection *connection, const char *bytes,
	size_t size, bool *ret_close);
struct call *call_ref(struct call *call);
struct call *call_unref(struct call *call);
/* The connection is closing. */
void call_closed(struct call *call);

/* The last reply; out is a struct control_out_<method>, or NULL when the method gives nothing. */
void call_reply(struct call *call, const void *out);
/* One of several; only with call->more. */
void call_continue(struct call *call, const void *out);
/* An error; info is a struct control_error_<id>, or NULL when it has no fields. Always the last reply. */
void call_fail(struct call *call, enum control_error_id id, const void *info);
/* The host failed: io.beamr.Daemon.Busy with the system's words. */
void call_fail_errno(struct call *call, int r);
/* Whether a streaming handler had better wait for on_drained. */
bool call_is_full(const struct call *call);
/* For audit: what a changing method was about. Written when the call is answered. */
void call_audit(struct call *call, const char *service, const char *format, ...) _printf_(3, 4);
char *call_printf(struct call *call, const char *format, ...) _printf_(2, 3);
