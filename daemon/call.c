/* SPDX-License-Identifier: Apache-2.0 */
/* From a message to its handler and back. The dispatch array and the prototypes of all handlers come from control.def: a
 * forgotten handler does not link. */
#include "call.h"

#include "base/cleanup.h"
#include "log.h"
#include "server.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 65536 /* JSON values in a message: each costs many times its text */

#define METHOD(id, ...)                                                                            \
	void handle_##id(struct call *call, const struct control_in_##id *in);                     \
	static void dispatch_##id(struct call *call, const void *in)                               \
	{                                                                                          \
		handle_##id(call, in);                                                             \
	}
#include "control/rows.h"

typedef void (*dispatch_fn)(struct call *call, const void *in);

static const dispatch_fn dispatch[CONTROL_METHODS] = {
#define METHOD(id, ...) [CONTROL_METHOD_##id] = dispatch_##id,
#include "control/rows.h"
};

struct call *call_ref(struct call *call)
{
	call->refs++;
	return call;
}

struct call *call_unref(struct call *call)
{
	if (call == NULL || --call->refs > 0)
		return NULL;
	json_decref(call->message);
	control_arena_done(&call->arena);
	free(call);
	return NULL;
}

void call_closed(struct call *call)
{
	call->connection = NULL;
	if (!call->answered && call->on_close != NULL)
		call->on_close(call, call->user);
}

static void answer(struct call *call, json_t *message)
{
	assert(!call->answered);
	call->answered = true;
	struct connection *connection = call->connection;
	if (connection == NULL) {
		json_decref(message);
		return;
	}
	if (call->oneway)
		json_decref(message);
	else
		connection_send(connection, message);
	connection_call_done(connection);
}

static json_t *encode_out(struct call *call, const void *out)
{
	const struct control_method *method = &control_methods[call->method];
	return out != NULL ? control_encode(method->out, method->out_count, out) : json_object();
}

void call_reply(struct call *call, const void *out)
{
	answer(call, json_pack("{s:o}", "parameters", encode_out(call, out)));
}

void call_continue(struct call *call, const void *out)
{
	assert(call->more && !call->answered);
	if (call->connection != NULL)
		connection_send(call->connection, json_pack("{s:o, s:b}", "parameters",
							  encode_out(call, out), "continues", 1));
}

static json_t *error_message(enum control_error_id id, const void *info)
{
	const struct control_error *error = &control_errors[id];
	char name[128];
	(void)snprintf(name, sizeof(name), "%s.%s", control_interfaces[error->interface].wire,
		error->wire); /* names in the table are short */
	json_t *parameters = error->count > 0 ? control_encode(error->fields, error->count, info)
					      : json_object();
	return json_pack("{s:s, s:o}", "error", name, "parameters", parameters);
}

void call_fail(struct call *call, enum control_error_id id, const void *info)
{
	answer(call, error_message(id, info));
}

void call_fail_errno(struct call *call, int r)
{
	struct control_error_busy info = { .operation = "system",
		.message = strerror(r < 0 ? -r : r) };
	call_fail(call, CONTROL_ERROR_busy, &info);
}

bool call_is_full(const struct call *call)
{
	return call->connection != NULL &&
	       connection_waiting(call->connection) >= SERVER_OUTPUT_HIGH;
}

char *call_printf(struct call *call, const char *format, ...)
{
	char text[4096];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(
		text, sizeof(text), format, arguments); /* sentences; cut when one is absurd */
	va_end(arguments);
	return control_arena_printf(&call->arena, "%s", text);
}

void call_audit(struct call *call, const char *service, const char *format, ...)
{
	const struct control_method *method = &control_methods[call->method];
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(
		text, sizeof(text), format, arguments); /* one line, cut when it is too long */
	va_end(arguments);
	if (call->connection == NULL)
		return;
	const struct peer *peer = connection_peer(call->connection);
	struct log_entry *entry = log_begin(call->daemon->log, 5, "control",
		"user %u (process %d): %s", (unsigned)peer->uid, (int)peer->pid, text);
	log_field(entry, "BEAMR_METHOD", "%s.%s", control_interfaces[method->interface].wire,
		method->wire);
	log_field(entry, "BEAMR_SERVICE", "%s", service != NULL ? service : "-");
	log_field(entry, "BEAMR_PEER_UID", "%u", (unsigned)peer->uid);
	log_field(entry, "BEAMR_PEER_PID", "%d", (int)peer->pid);
	log_field(entry, "BEAMR_OUTCOME", "%s", text);
	log_send(entry);
}

/* Whether the text has so few values that parsing it costs no more memory than it should. */
static bool is_modest(const char *bytes, size_t size)
{
	size_t values = 0;
	bool in_string = false;
	for (size_t i = 0; i < size; i++) {
		char c = bytes[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '"')
			in_string = true;
		values += c == ',' || c == '[' || c == '{';
	}
	return values <= VALUES_MAX;
}

static bool flag(json_t *message, const char *key, bool *ret_bad)
{
	json_t *value = json_object_get(message, key);
	if (value == NULL || json_is_null(value) || json_is_false(value))
		return false;
	if (!json_is_true(value))
		*ret_bad = true;
	return true;
}

static void fail_text(struct call *call, enum control_error_id id, const char *text)
{
	/* The errors of org.varlink.service have one text each, as their only field. */
	struct control_error_invalid_parameter info = { .parameter = text };
	call_fail(call, id, &info);
}

static bool interface_is_known(const char *method)
{
	const char *dot = strrchr(method, '.');
	if (dot == NULL)
		return false;
	char name[128];
	(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - method),
		method); /* longer ones are unknown */
	return control_interface_find(name) >= 0;
}

static bool is_new_work(enum control_method_id method)
{
	switch (method) {
	case CONTROL_METHOD_daemon_reload:
	case CONTROL_METHOD_process_call:
	case CONTROL_METHOD_process_spawn:
	case CONTROL_METHOD_service_activate:
	case CONTROL_METHOD_service_create:
	case CONTROL_METHOD_service_deploy:
	case CONTROL_METHOD_service_restart:
	case CONTROL_METHOD_service_rollback:
	case CONTROL_METHOD_service_start:
		return true;
	default:
		return false;
	}
}

static void run(struct call *call, const char *name, size_t size)
{
	struct daemon *daemon = call->daemon;
	char path[CONTROL_PATH_MAX] = "";
	call->method = control_method_find(name);
	if (call->method == CONTROL_METHOD_none) {
		const char *dot = strrchr(name, '.');
		if (!interface_is_known(name))
			fail_text(call, CONTROL_ERROR_interface_not_found,
				call_printf(call, "%.*s",
					(int)(dot != NULL ? dot - name : (long)strlen(name)),
					name));
		else
			fail_text(call, CONTROL_ERROR_method_not_found, name);
		return;
	}
	const struct control_method *method = &control_methods[call->method];
	if (size > SERVER_MESSAGE_USUAL_MAX && call->method != CONTROL_METHOD_module_load &&
		call->method != CONTROL_METHOD_service_deploy) {
		struct control_error_limit_reached info = { .limit = "messageMax",
			.value = SERVER_MESSAGE_USUAL_MAX,
			.message = "Only LoadModule and Deploy take messages of that size." };
		call_fail(call, CONTROL_ERROR_limit_reached, &info);
		return;
	}
	if (!peer_may(
		    connection_peer(call->connection), method->right, daemon->config.admin_group)) {
		call_audit(call, NULL, "%s was refused", method->wire);
		call_fail(call, CONTROL_ERROR_permission_denied, NULL);
		return;
	}
	if (method->stream == CONTROL_MORE_ONLY && !call->more) {
		call_fail(call, CONTROL_ERROR_expected_more, NULL);
		return;
	}
	if (method->stream == CONTROL_SINGLE)
		call->more = false; /* an ordinary reply is allowed then */
	void *in = control_arena_alloc(&call->arena, method->in_size);
	int r = in != NULL ? control_decode(method->in, method->in_count,
				     json_object_get(call->message, "parameters"), in, &call->arena,
				     path)
			   : -1;
	if (r == CONTROL_E_FIELD) {
		fail_text(call, CONTROL_ERROR_invalid_parameter, path);
		return;
	}
	if (r != 0) {
		call_fail_errno(call, r);
		return;
	}
	bool stopping = daemon->state == CONTROL_daemon_state_stopping ||
			daemon->state == CONTROL_daemon_state_starting;
	if (stopping && method->right == CONTROL_MANAGE &&
		call->method != CONTROL_METHOD_daemon_shutdown) {
		struct control_error_not_ready info = {
			.state = control_enums[CONTROL_ENUM_daemon_state].wires[daemon->state],
			.message = "The daemon is starting or stopping."
		};
		call_fail(call, CONTROL_ERROR_not_ready, &info);
		return;
	}
	if (daemon->state == CONTROL_daemon_state_draining && is_new_work(call->method)) {
		struct control_error_not_ready info = { .state = "draining",
			.message = "The daemon is being drained and takes no new work. It does again when it "
				   "has been started again." };
		call_fail(call, CONTROL_ERROR_not_ready, &info);
		return;
	}
	dispatch[call->method](call, in);
}

struct call *call_begin(struct daemon *daemon, struct connection *connection, const char *bytes,
	size_t size, bool *ret_close)
{
	json_error_t error;
	*ret_close = true;
	if (!is_modest(bytes, size))
		return NULL;
	json_t *message = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
	const char *key;
	json_t *value;
	bool bad = message == NULL || !json_is_object(message);
	if (!bad) {
		json_object_foreach(message, key, value) {
			if (strcmp(key, "method") != 0 && strcmp(key, "parameters") != 0 &&
				strcmp(key, "more") != 0 && strcmp(key, "oneway") != 0 &&
				strcmp(key, "upgrade") != 0)
				bad = true;
		}
	}
	const char *name = bad ? NULL : json_string_value(json_object_get(message, "method"));
	bool more = !bad && flag(message, "more", &bad),
	     oneway = !bad && flag(message, "oneway", &bad);
	bool upgrade = !bad && flag(message, "upgrade", &bad);
	struct call *call = NULL;
	if (!bad && name != NULL && !(more && oneway) && !upgrade)
		call = calloc(1, sizeof(*call));
	if (call == NULL) {
		json_decref(
			message); /* no method call: whoever sent it does not speak this protocol */
		return NULL;
	}
	*ret_close = false;
	*call = (struct call){ .refs = 1,
		.daemon = daemon,
		.connection = connection,
		.method = CONTROL_METHOD_none,
		.message = message,
		.more = more,
		.oneway = oneway };
	/* The connection's reference is this one; answer() gives it back through connection_call_done(), which must not find a call
	 * that is not there yet: so a call that is answered at once is released here. */
	(void)call_ref(call);
	run(call, name, size);
	bool answered = call->answered;
	(void)call_unref(call);
	if (answered) {
		(void)call_unref(call);
		return NULL;
	}
	return call;
}
